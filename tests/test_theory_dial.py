"""The dial: anchors C9 and C11, the theorem about its ends, and second routes."""

from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from theory import close, reference

from simkit.theory.dial import SignalTypes, TwoEstimates, TwoSignals, discounted_trust, index_correlation, worth

ANCHORS = reference()


def types(*pairs):
    """Types from pairs (correlation, probability), of which the second may be an array."""
    correlation, chance = (np.stack(np.broadcast_arrays(*column), -1) for column in zip(*pairs, strict=True))
    return SignalTypes(correlation=correlation, chance=chance)


PRINCIPALS = types((0.6, 0.97), (-0.6, 0.03))


def signals(trust, **changes):
    return TwoSignals(principals=PRINCIPALS, agents=types((0.9, trust), (-0.5, 1 - np.asarray(trust))), **changes)


# --- two estimates ---


def test_c9_two_estimates():
    two = TwoEstimates(human_noise=1.5, agent_noise=1.0, misalignment=2.0)
    assert close([two.best, two.loss(two.best), two.loss(0.0), two.loss(1.0)], ANCHORS["C9.1"])
    kappas = TwoEstimates(human_noise=1.5, agent_noise=1.0, misalignment=2.0, irreversibility=[1, 4, 20])
    assert close(kappas.best, ANCHORS["C9.2"])


def test_two_estimates_by_search_and_by_draws(rng):
    for _ in range(50):
        human, agent, tau, kappa = *rng.exponential(1, 3), 1 + rng.exponential(3)
        two = TwoEstimates(human_noise=human, agent_noise=agent, misalignment=tau, irreversibility=kappa)
        found = minimize_scalar(lambda w: float(two.loss(w)), bounds=(0, 1), method="bounded", options={"xatol": 1e-9})  # noqa: B023
        assert two.best == pytest.approx(found.x, abs=1e-4)
        assert two.loss(two.best) == pytest.approx(1 / (1 / two.agent_error**2 + 1 / human**2), rel=1e-12)
    errors = rng.normal(0, 1.5, 10**5), rng.normal(0, 1, 10**5) + rng.normal(0, 2, 10**5)
    drawn = (0.3 * errors[1] + 0.7 * errors[0]) ** 2
    two = TwoEstimates(human_noise=1.5, agent_noise=1.0, misalignment=2.0)
    assert abs(drawn.mean() - two.loss(0.3)) < 4 * drawn.std() / np.sqrt(drawn.size)


def test_two_estimates_signs_and_extremes(rng):
    human, agent, tau = rng.exponential(1, (3, 2000)) + 1e-3
    base = {"human_noise": human, "agent_noise": agent, "misalignment": tau, "irreversibility": 2.0}

    def best(**changes):
        return TwoEstimates(**(base | changes)).best

    assert (best(misalignment=tau * 1.01) < best()).all()
    assert (best(irreversibility=2.02) < best()).all()
    assert (best(human_noise=human * 1.01) > best()).all()
    scale = np.array([0, 1e-300, 1e-150, 1.0, 1e150, 1e300])
    grid = TwoEstimates(human_noise=scale[:, None], agent_noise=scale)
    assert np.isfinite(grid.best).all()
    assert np.diag(grid.best)[1:] == pytest.approx(0.5)
    assert grid.best[0].tolist() == [0] * 6  # a human without error
    assert grid.best[1:, 0].tolist() == [1] * 5  # an agent without error


# --- two signals ---


def test_c11_1_one_pair_of_types():
    principal, agent, dial, weight = np.array([(0.6, 0.9, 0.3, 1), (0.6, -0.3, 0.5, 3), (0.2, 0.8, 0.8, 5)]).T
    both = np.stack([index_correlation(dial, principal, agent), worth(dial, principal, agent, weight)], -1)
    assert close(both.ravel(), ANCHORS["C11.1"])


def test_c11_2_the_best_dial():
    best = signals(np.array([0.5, 0.7, 0.9, 0.99, 1.0])).best()
    assert close(np.stack([best.dial, best.worth], -1).ravel(), ANCHORS["C11.2"])


def test_c11_3_ends_and_spread():
    two = signals(0.9)
    assert close(np.concatenate([two.worth([0, 1]), two.spread([0, 0.3, 0.7, 1])]), ANCHORS["C11.3"])


def test_worth_by_quadrature(rng):
    """Given U the index is normal: integrate U · P(act | U) with harm weighted."""
    for _ in range(100):
        h, a, d, w = *rng.uniform(-0.99, 0.99, 2), rng.random(), rng.exponential(2)
        slope = (1 - d) * h + d * a
        noise = np.hypot((1 - d) * np.sqrt(1 - h**2), d * np.sqrt(1 - a**2))

        def acts(u, slope=slope, noise=noise):
            from scipy.special import ndtr

            return u * ndtr(slope * u / noise) * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)

        expected = quad(acts, 0, 12)[0] + w * quad(acts, -12, 0)[0]
        assert worth(d, h, a, w) == pytest.approx(expected, rel=1e-7, abs=1e-9)


def test_worth_and_spread_by_draws(rng):
    """Monte Carlo: decisions of copies of one agent; the average over many, and how it varies over agents."""
    two, dial, copies, decisions = signals(0.7, harm_weight=2.0), 0.6, 20_000, 40
    agent = np.where(rng.random(copies) < 0.7, 0.9, -0.5)[:, None]
    principal = np.where(rng.random((copies, decisions)) < 0.97, 0.6, -0.6)
    u, *noise = rng.normal(size=(3, copies, decisions))
    seen = [rho * u + np.sqrt(1 - rho**2) * part for rho, part in zip((principal, agent), noise, strict=True)]
    got = np.where((1 - dial) * seen[0] + dial * seen[1] > 0, np.where(u > 0, u, 2 * u), 0.0)
    averages = got.mean(1)
    assert abs(averages.mean() - two.worth(dial)) < 4 * averages.std() / np.sqrt(copies)
    error = averages.std() * np.sqrt((np.mean((averages - averages.mean()) ** 4) / averages.var() ** 2 - 1) / (4 * copies))
    assert abs(averages.std() - two.spread_of_average(dial, decisions)) < 4 * error
    assert abs(averages.std() - two.spread(dial)) > 4 * error, "40 decisions are not many"
    assert two.spread_of_average(dial, 1e15) == pytest.approx(two.spread(dial), rel=1e-6)


def random_types(rng, count, kinds):
    return SignalTypes(correlation=rng.uniform(-1, 1, (count, kinds)), chance=rng.dirichlet(np.ones(kinds), count))


def test_neither_end_is_best(rng):
    """Both conditions of the theorem, for thousands of random casts: an end is left iff its condition says so."""
    two = TwoSignals(
        principals=random_types(rng, 3000, 3), agents=random_types(rng, 3000, 2), harm_weight=rng.exponential(2, 3000)
    )
    h, p, a, q = two.principals.correlation, two.principals.chance, two.agents.correlation, two.agents.chance
    leave_low = ((p * (1 - h**2)).sum(-1) * (q * a).sum(-1)) > 0
    leave_high = ((p * h).sum(-1) * (q * (1 - a**2)).sum(-1)) > 0
    inside = (two.slope(0.0) > 0) & (two.slope(1.0) < 0)
    assert (inside == (leave_low & leave_high)).all()
    step = 1e-6
    assert ((two.worth(step) > two.worth(0.0)) == leave_low).mean() > 0.999
    assert ((two.worth(1 - step) > two.worth(1.0)) == leave_high).mean() > 0.999
    best = two.best().dial
    assert ((best > 0) & (best < 1))[inside].all()


def test_slopes_are_differences(rng):
    two, dial, step = (
        TwoSignals(principals=random_types(rng, 500, 2), agents=random_types(rng, 500, 3)),
        rng.uniform(0.1, 0.9, 500),
        1e-5,
    )
    assert two.slope(dial) == pytest.approx((two.worth(dial + step) - two.worth(dial - step)) / (2 * step), rel=1e-4, abs=1e-5)


def test_one_optimum_whatever_the_unit_of_harm():
    best = signals(0.9, harm_weight=np.array([1.0, 1e3, 1e9])).best()
    assert best.dial == pytest.approx(best.dial[0], abs=1e-9)  # W is linear in R


@pytest.mark.parametrize("aversion", [0.0, 0.3, 1.0])
def test_the_best_dial_by_brute_force(rng, aversion):
    two = TwoSignals(principals=random_types(rng, 100, 2), agents=random_types(rng, 100, 3), harm_weight=1.5)
    grid = np.linspace(0, 1, 4001)[:, None]
    score = two.worth(grid) - aversion * two.spread(grid)
    best = two.best(aversion)
    mine = best.worth - aversion * best.spread
    assert (mine >= score.max(0) - 1e-12).all()
    assert np.abs(best.dial - grid[score.argmax(0), 0])[np.ptp(score, 0) > 1e-3].max() < 2e-3


def test_one_pair_has_a_closed_optimum(rng):
    h, a = rng.uniform(0.05, 0.95, (2, 500))
    two = TwoSignals(
        principals=SignalTypes(correlation=h[:, None], chance=[1.0]), agents=SignalTypes(correlation=a[:, None], chance=[1.0])
    )
    autonomy, obedient = a * (1 - h**2), h * (1 - a**2)
    assert two.best().dial == pytest.approx(autonomy / (autonomy + obedient), abs=1e-9)


def test_spread_and_scale(rng):
    """0 at dial 0, the formula of two types, growth to the end iff |ρ aligned| ≥ |ρ misaligned|."""
    q, dial = rng.random(300), np.linspace(0, 1, 201)[:, None]
    for aligned, misaligned in [(0.9, -0.5), (0.5, -0.9), (0.7, 0.2), (0.6, -0.6)]:
        agents = types((aligned, q), (misaligned, 1 - q))
        two = TwoSignals(principals=types((0.6, 1.0)), agents=agents)
        apart = np.abs(worth(dial, 0.6, aligned) - worth(dial, 0.6, misaligned))
        assert two.spread(dial) == pytest.approx(np.sqrt(q * (1 - q)) * apart, abs=1e-12)
        assert (two.spread(0.0) == 0).all()
        rises = np.diff(two.spread(dial), axis=0).min() >= -1e-12
        assert rises == (abs(aligned) >= abs(misaligned)), (aligned, misaligned)


def test_aversion_is_discounted_trust():
    """mean − λ·sd with trust q picks the dial that the mean picks with q − λ√(q(1 − q)), if the aligned type does better."""
    q, aversion = 0.9, np.array([0.1, 0.3, 0.5])
    assert signals(q).best(aversion).dial == pytest.approx(signals(discounted_trust(q, aversion)).best().dial, abs=1e-7)
    assert discounted_trust(0.5, 2.0) == -0.5
    assert signals(0.5).best(5.0).dial == 0.0


def test_perfect_and_contrary_signals():
    dial = np.linspace(0, 1, 101)
    assert index_correlation(dial, 1, 1) == pytest.approx(np.ones(101), abs=1e-15)
    contrary = index_correlation(dial, 1, -1)
    assert contrary == pytest.approx(np.sign(0.5 - dial), abs=1e-15)
    assert worth(0.5, 1, -1, 7.0) == 0  # the index is always 0: nothing is done
    silent = TwoSignals(principals=types((1, 1.0)), agents=types((-1, 1.0)), harm_weight=3.0)
    assert silent.spread_of_average([0.5, 0.4], 1).tolist() == [0, pytest.approx(np.sqrt(0.5 - 1 / (2 * np.pi)))]
    assert index_correlation(0.5 - 1e-9, 1, -1) == pytest.approx(1, rel=1e-15)
    for h, a in product((-1, 0, 1), repeat=2):
        two = TwoSignals(principals=types((h, 1.0)), agents=types((a, 1.0)))
        best, grid = two.best(), two.worth(dial)
        assert np.isfinite(grid).all()
        assert best.worth >= grid.max() - 1e-15, (h, a)
        assert np.isfinite(two.spread_of_average(dial, 10)).all()
    near = index_correlation(dial, 1 - 1e-15, -1 + 1e-15)
    assert (np.abs(near) <= 1).all()


def test_q_0_and_1_are_one_type():
    dial = np.linspace(0, 1, 11)
    assert signals(1.0).worth(dial) == pytest.approx(0.97 * worth(dial, 0.6, 0.9) + 0.03 * worth(dial, -0.6, 0.9))
    assert signals(0.0).worth(dial) == pytest.approx(0.97 * worth(dial, 0.6, -0.5) + 0.03 * worth(dial, -0.6, -0.5))
    assert signals(np.array([0.0, 1.0])).spread(0.7).tolist() == [0, 0]


def test_shapes_broadcast():
    trust = np.linspace(0, 1, 7)
    assert signals(trust).worth(np.linspace(0, 1, 5)[:, None]).shape == (5, 7)
    assert signals(trust, harm_weight=np.ones((3, 1))).best().dial.shape == (3, 7)
    assert signals(0.9).best(np.zeros(4)).dial.shape == (4,)
    assert "dial 0.722" in repr(signals(0.9).best())
    assert repr(signals(trust).best()).startswith("<Best (7,): dial from 0 to 0.849")


# --- the room ---


def test_theories_are_imported_when_first_used():
    import simkit as sk

    assert sk.theory.dial.worth is worth
    assert set(dir(sk.theory)) >= {"control", "delegation", "dial", "insurance", "obedience", "off_switch"}
    for name in dir(sk.theory):
        room = getattr(sk.theory, name)
        assert all(getattr(room, public) is not None for public in dir(room))
    with pytest.raises(AttributeError, match="attribute nothing"):
        _ = sk.theory.nothing


# --- errors ---


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: TwoEstimates(human_noise=-1, agent_noise=1), "human_noise must be at least 0"),
        (
            lambda: TwoEstimates(human_noise=1, agent_noise=1, irreversibility=0.5),
            "irreversibility must be at least 1 .1 is reversible., not 0.5",
        ),
        (lambda: worth(1.2, 0.5, 0.5), "dial must be a number from 0 to 1 .*not 1.2"),
        (lambda: worth(0.2, 1.5, 0.5), "principal must be a correlation, from −1 to 1, not 1.5"),
        (lambda: types((0.9, 0.5), (0.1, 0.4)), "chance of the types must add up to 1, not 0.9"),
        (lambda: SignalTypes(correlation=[0.1, 0.2], chance=[1.0]), "each type needs a chance: 2 types, 1 chances"),
        (lambda: signals(0.9, harm_weight=-1), "harm_weight must be at least 0, not -1"),
        (lambda: signals(0.9).best(-1), "aversion must be at least 0, not -1"),
        (lambda: signals(0.9).spread_of_average(0.5, 0), "decisions must be at least 1, not 0"),
    ],
)
def test_what_cannot_be_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
