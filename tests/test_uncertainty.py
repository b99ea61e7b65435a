"""What holds when the shares are wrong: worst cases, minimax regret, plausible worlds, flips."""

import dataclasses

import numpy as np
import pytest
from oracles import worst_case_near
from scipy.optimize import linprog, minimize
from worlds import choice, random_case, random_policy

import simkit as sk
from simkit.arrays import frozen
from simkit.case import from_arrays
from simkit.population import NORMAL_95, draw_interval, draw_worlds, worlds_from

SEEDS = range(15)
seeds = pytest.mark.parametrize("seed", SEEDS)


def boxed(case, shares):
    """Whether base shares lie in the file's intervals and add up to 1."""
    p = case.population
    return np.all(shares >= p.low - 1e-9) and np.all(shares <= p.high + 1e-9) and shares.sum() == pytest.approx(1)


@seeds
def test_worst_case_equals_a_linear_program(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    policy = random_policy(case, rng)
    outcome, p = sk.expect(case, policy).by_segment, case.population
    for of, means in (("harm", outcome.harm), ("neglect", outcome.neglect), ("loss", outcome.harm + outcome.neglect)):
        found = sk.uncertainty.worst_case(case, policy, of=of)
        program = linprog(-means, A_eq=np.ones((1, len(means))), b_eq=[1], bounds=list(zip(p.low, p.high, strict=True)))
        assert found.value == pytest.approx(-program.fun, rel=1e-9)
        assert found.shares @ means == pytest.approx(found.value)
        assert boxed(case, found.shares)


@seeds
def test_worst_case_in_a_context_is_the_worst_of_all_corners(seed):
    """A context makes the objective a ratio, whose maximum is still at a corner of the intervals."""
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    weights = rng.uniform(0.1, 5, len(case.population.segments))
    case = dataclasses.replace(case, population=dataclasses.replace(case.population, multiply=frozen([weights])))
    policy = random_policy(case, rng)
    means = sk.expect(case, policy).by_segment.harm
    corners = sk.uncertainty.share_corners(case) * weights
    expected = (corners @ means / corners.sum(1)).max()
    assert sk.uncertainty.worst_case(case, policy, of="harm").value == pytest.approx(expected, rel=1e-9)


@seeds
def test_worst_case_in_a_ball_rises_with_its_radius(seed):
    """Law M13, and the primal found by a general optimiser."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, segments=3)
    policy = random_policy(case, rng)
    means, shares = sk.expect(case, policy).by_segment.harm, case.population.shares
    radii = [0, 1e-6, 0.01, 0.1, 0.5, 2, 50]
    found = [worst_case_near(case, policy, radius=radius, of="harm") for radius in radii]
    values = [worst.value for worst in found]
    assert values[0] == pytest.approx(shares @ means)
    assert np.all(np.diff(values) >= -1e-12)
    assert values[-1] == pytest.approx(means.max())
    for worst, radius in zip(found, radii, strict=True):
        q = worst.shares
        assert (q[q > 0] * np.log(q[q > 0] / shares[q > 0])).sum() <= radius + 1e-9

    def ball(q):
        return 0.1 - (q * np.log(np.maximum(q, 1e-300) / shares)).sum()

    constraints = [{"type": "eq", "fun": lambda q: q.sum() - 1}, {"type": "ineq", "fun": ball}]
    primal = minimize(lambda q: -q @ means, shares, bounds=[(1e-12, 1)] * 3, constraints=constraints, method="SLSQP")
    assert values[3] == pytest.approx(-primal.fun, rel=1e-4)


@seeds
def test_minimax_regret_is_at_most_the_worst_regret_of_any_policy(seed):
    """Law M12, over the pure policies, the best one and random ones."""
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    found = sk.uncertainty.minimax_regret(case)
    assert worst_regret(case, found.policy) == pytest.approx(found.regret, abs=1e-9)
    rivals = list(sk.policy.candidates(case))
    filtered = random_policy(case, rng).answer * case.allowed
    rivals.append(sk.policy.Policy(name="random", answer=filtered / filtered.sum(1, keepdims=True)))
    assert all(found.regret <= worst_regret(case, rival) + 1e-9 for rival in rivals)


def worst_regret(case, policy):
    """The largest regret over the corners of the shares, world by world."""
    regrets = []
    for shares in sk.uncertainty.share_corners(case):
        there = dataclasses.replace(case, population=dataclasses.replace(case.population, base_share=frozen(shares)))
        regrets.append(float(sk.regret(there, policy)))
    return max(regrets)


def test_corners_of_the_shares():
    corners = sk.uncertainty.share_corners(choice(0.05, 1, 19, (0.01, 0.10)))
    assert sorted(corners[:, 1]) == pytest.approx([0.01, 0.10])
    low = dataclasses.replace(choice(0.05, 1, 19).population, low=frozen([0.94, 0.04]), high=frozen([0.94, 0.04]))
    with pytest.raises(ValueError, match="widen"):
        sk.uncertainty.share_corners(dataclasses.replace(choice(0.05, 1, 19), population=low))


def test_drawn_intervals_have_the_stated_median_and_ends():
    draws = draw_interval([0.05, 1e-6, 0.0], [0.003, 1e-8, 0.0], [0.18, 1e-5, 0.0], rng=np.random.default_rng(0), size=200_000)
    quantiles = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
    assert quantiles[:, 0] == pytest.approx([0.003, 0.05, 0.18], rel=0.03)
    assert quantiles[:, 1] == pytest.approx([1e-8, 1e-6, 1e-5], rel=0.05)
    assert not draws[:, 2].any()
    assert pytest.approx(1.6448536, rel=1e-7) == NORMAL_95


@seeds
def test_plausible_worlds_are_populations(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    for concentration in (None, 30.0):
        worlds = draw_worlds(case.population, rng, 50, concentration=concentration)
        assert worlds.joint.sum((1, 2)) == pytest.approx(1)
        assert worlds.joint.min() >= 0
        assert worlds.shares.sum(1) == pytest.approx(1)
    same = worlds_from(case.population, case.population.base_share[None])
    assert same.joint[0] == pytest.approx(case.population.joint)


@seeds
def test_at_a_flip_two_policies_are_worth_the_same(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=True)
    a, b = random_policy(case, rng), random_policy(case, rng)
    for flip in sk.uncertainty.break_evens(case, a, b, harm_weight=case.harm_weight):
        for value in flip.breaks_even_at:
            there, weight, times = case, case.harm_weight, {"harm": 1.0, "neglect": 1.0}
            if flip.of.startswith("share of "):
                there = case.with_shares({flip.of.removeprefix("share of "): value})
            elif flip.of == "overlap":
                there = case.with_overlap(value)
            elif flip.of == "harm weight":
                weight = value
            else:
                times[flip.of.removeprefix("factor on all ")] = value
            found = [sk.expect(there, policy, weight) for policy in (a, b)]
            nets = [float(x.help - weight * (times["harm"] * x.harm + times["neglect"] * x.neglect)) for x in found]
            assert nets[0] == pytest.approx(nets[1], abs=1e-8), str(flip)


@seeds
def test_a_flip_is_where_the_closed_form_puts_it(seed):
    """Without a context the gap is linear in a share: d(t) = t·d_s + (1 − t)·(the others' mean gap)."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, segments=3)
    a, b = random_policy(case, rng), random_policy(case, rng)
    value, p = case.value(case.harm_weight), case.population
    gap = [((p.signals[s] @ (a.answer - b.answer)) * value[s]).sum() for s in range(3)]
    for s, flip in enumerate(sk.uncertainty.break_evens(case, a, b, harm_weight=case.harm_weight)[:3]):
        others = np.delete(p.base_share, s) @ np.delete(gap, s) / np.delete(p.base_share, s).sum()
        turn = others / (others - gap[s])
        assert flip.breaks_even_at == (pytest.approx((turn,)) if 0 < turn < 1 else ())


def test_flips_near_the_end_of_a_share_are_found():
    """Two states, and two turns close to a share of 1: the roots of a quadratic."""
    case = from_arrays([0.5, 0.25, 0.25], [[1.0]] * 3, [[0, 0.8], [0, -1.0], [0, 1.2]], harmful=[0, 1, 1], harm_chance=0.0)
    odds = frozen([[1e-5, 1, 1e-3], [1e-3, 1e-3, 1]])
    states = dataclasses.replace(case.population, states=("a", "b"), state_chance=frozen([0.5, 0.5]), multiply=odds)
    case = dataclasses.replace(case, population=states)
    a, b = (sk.policy.constant(case, name) for name in ("response-1", "response-0"))
    flip = sk.uncertainty.break_evens(case, a, b)[0]
    gap, roots = [0.8, -1.0, 1.2], []
    halves = [np.poly1d([m[0] - (m[1] + m[2]) / 2, (m[1] + m[2]) / 2]) for m in odds]
    tops = [np.poly1d([m[0] * gap[0] - (m[1] * gap[1] + m[2] * gap[2]) / 2, (m[1] * gap[1] + m[2] * gap[2]) / 2]) for m in odds]
    roots = sorted(x.real for x in (tops[0] * halves[1] + tops[1] * halves[0]).roots if 0 < x.real < 1)
    assert len(roots) == 2
    assert list(flip.breaks_even_at) == pytest.approx(roots)


def test_a_conclusion_carries_how_often_it_holds():
    """One uncertain share: the fraction of worlds is the chance that the share is on the right side of its flip."""
    case = choice(0.05, 1, 9, (0.01, 0.25))
    refuse, answer = (sk.policy.constant(case, name) for name in case.responses)
    found = sk.compare(case, refuse, answer, rng=np.random.default_rng(0), worlds=20_000)
    assert found.better == "response-1"
    assert found.gain == pytest.approx(0.95 - 0.05 * 9)
    worlds = draw_worlds(case.population, np.random.default_rng(1), 20_000)
    assert found.holds == pytest.approx((worlds.shares[:, 1] < 0.1).mean(), abs=5 * found.standard_error)
    (share, *_) = found.break_evens
    assert share.breaks_even_at == (pytest.approx(0.1),)
    assert "plausible worlds" in str(found)
    assert "inside 0.01 to 0.25" in str(found)


def test_the_same_evidence_is_drawn_once():
    """Two names for one model, or the same model twice, make no difference in any world."""
    case = sk.load("xstest")
    seen = sk.policy.observed(case, "gpt-4")
    again = sk.policy.observed(case, case.observed["gpt-4"], name="gpt-4 again")
    assert not sk.compare(case, seen, again, rng=np.random.default_rng(0)).draws.any()
    assert "no difference" in str(sk.compare(case, seen, again, rng=np.random.default_rng(0)))


def test_a_flip_says_whether_it_is_plausible():
    flip = sk.uncertainty.BreakEven("share of x", 0.1, (0.3,), 0.05, 0.2)
    assert str(flip) == "share of x (0.1) would reverse it at 0.3, outside 0.05 to 0.2"
    assert str(dataclasses.replace(flip, breaks_even_at=(0.15, 0.3))).endswith("0.15 and 0.3, inside 0.05 to 0.2")


def test_a_comparison_with_itself_never_holds():
    case = choice(0.05, 1, 9, (0.01, 0.25))
    answer = sk.policy.constant(case, "response-1")
    found = sk.compare(case, answer, answer, rng=np.random.default_rng(0))
    assert found.holds == 0
    assert all(not flip.breaks_even_at for flip in found.break_evens)


def test_what_is_not_defined_says_so():
    case = choice(0.05, 1, 9, (0.01, 0.25))
    both = sk.policy.stack([sk.policy.constant(case, name) for name in case.responses])
    with pytest.raises(ValueError, match="one policy"):
        sk.uncertainty.worst_case(case, both)
    with pytest.raises(ValueError, match="of must be harm, neglect or loss"):
        sk.uncertainty.worst_case(case, both[0], of="help")


def test_turning_shares_are_where_the_means_are_equal():
    """A second route: at the share that is found, two exact evaluations agree; `flips` finds the same one."""
    case = sk.load("medication-threshold").in_context("coding-bot")
    dial = sk.policy.declining(case, [0.012, 0.3, 0.9], below="full-with-care", above="refuse-with-reason")
    everybody = sk.policy.constant(case, "full-with-care")
    turns = sk.uncertainty.break_even_shares(case, dial, everybody)
    assert np.isfinite(turns).all()
    for i, turn in enumerate(turns):
        moved = case.with_shares({"at-risk": float(turn)})
        gap = sk.expect(moved, dial[i]).net - sk.expect(moved, everybody).net
        assert abs(gap) < 1e-9
        (flip,) = (flip for flip in sk.uncertainty.break_evens(case, dial[i], everybody) if "at-risk" in flip.of)
        assert min(abs(x - turn) for x in flip.breaks_even_at) < 1e-9


def test_what_nothing_turns_has_no_turning_share():
    case = sk.load("santa")
    first, second = (sk.policy.constant(case, name) for name in ("truthful-gentle", "deflect-to-parent"))
    assert np.isnan(sk.uncertainty.break_even_shares(case, first, second)).all(), "nobody is harmful"
    case = sk.load("xstest")
    refuse = sk.policy.constant(case, "full-refusal")
    assert np.isnan(sk.uncertainty.break_even_shares(case, refuse, refuse)).all()
