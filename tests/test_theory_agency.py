"""Ask or act: anchors F1 to F7 and laws M21, M22; each formula a second time by integral, search, iteration, graph or draws."""

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm
from theory import close

from simkit.theory import agency

ROWS = json.loads((Path(__file__).parent / "reference" / "agency.json").read_text(encoding="utf-8"))["anchors"]
ANCHORS = {key: row["value"] if len(row["value"]) > 1 else row["value"][0] for key, row in ROWS.items()}
share, rate = st.floats(0, 1), st.floats(1e-3, 0.999)
size = st.floats(0.01, 100)


# --- ask or act -------------------------------------------------------------------------------------------------------


def test_f1_1_ask_or_act():
    thresholds = agency.ask_or_act(0.05, gain=10, loss=[100, 20, 100], cost=[1, 1, 5]).threshold
    found = agency.ask_or_act(0.05, gain=10, loss=100, cost=1)
    assert close([*thresholds, found.act, found.ask, found.leave], ANCHORS["F1.1"])


@given(share, size, size, size)
def test_asking_is_better_exactly_above_its_threshold(error, gain, loss, cost):
    """Also as Raiffa and Schlaifer have it: the answer is worth what is expected with it, less what is expected without."""
    found = agency.ask_or_act(error, gain=gain, loss=loss, cost=cost)
    with_it = (1 - error) * gain + error * 0.0
    assert close(found.ask - found.act, with_it - cost - ((1 - error) * gain - error * loss), rel=1e-9) or abs(cost) < 1e-9
    assume(abs(error * loss - cost) > 1e-9)
    assert (found.ask > found.act) == (error > found.threshold or cost < error * loss)


def test_f1_2_value_of_a_check():
    assert close(agency.check_value(1, 2, [0, 2, 10]), ANCHORS["F1.2"])


@given(st.floats(-3, 3), st.floats(0.1, 3), st.floats(0, 5))
def test_m21_a_check_is_worth_something_and_no_more_than_a_perfect_one(mean, sd, noise):
    found, perfect = agency.check_value(mean, sd, noise), agency.check_value(mean, sd)
    assert -1e-15 <= found <= perfect + 1e-12
    assert close(found, agency.check_value(-mean, sd, noise))
    assert agency.check_value(mean, sd, np.inf) == 0


def test_value_of_a_check_by_integral():
    """What is expected once the posterior mean is known, less the better of acting and leaving it."""
    for mean, sd, noise in [(1, 2, 0), (1, 2, 2), (-0.4, 1, 0.5), (0, 3, 4)]:
        spread = sd**2 / np.hypot(sd, noise)
        known = quad(lambda m, a=mean, b=spread: max(m, 0) * norm.pdf(m, a, b), -40, 40, points=[0, mean], limit=200)[0]
        assert close(agency.check_value(mean, sd, noise), known - max(mean, 0), rel=1e-7)


def test_f2_1_dialog_band():
    found = agency.dialog_band((1, -2), (0.7, -0.1), (0, 0))
    assert close([found.ask_from, found.act_from, found.without_dialog], ANCHORS["F2.1"])


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=3), st.lists(st.floats(0.01, 2), min_size=3, max_size=3))
def test_the_band_is_where_the_dialog_is_best(wrong, steps):
    """On a grid of probabilities, by comparing three utilities."""
    slopes = np.cumsum(steps)[::-1]
    act, ask, leave = ((u + slope, u) for u, slope in zip(wrong, slopes, strict=True))
    p = np.linspace(0, 1, 1001)[1:-1]
    lines = np.array([b + p * (a - b) for a, b in (leave, ask, act)])
    found = agency.dialog_band(act, ask, leave)
    said = np.where(p < found.ask_from, 0, np.where(p < found.act_from, 1, 2))
    assert np.allclose(lines[said, np.arange(len(p))], lines.max(0), atol=1e-9)


# --- waiting ----------------------------------------------------------------------------------------------------------


def widget(cost):
    return agency.waiting(2200 - cost, [[3300 - cost, 1100 - cost], [0, 0]], [0.5, 0.5], discount=1 / 1.1)


def test_f3_1_and_2_the_widget():
    found = widget(1600)
    assert close([found.now, found.informed, found.option_value], ANCHORS["F3.1"])
    assert [round(float(x)) for x in (found.now, found.informed, found.option_value)] == [600, 773, 173], "as published"
    assert close(brentq(lambda cost: float(widget(cost).option_value), 1100.5, 3000), ANCHORS["F3.2"])


def test_f4_1_quasi_option_value():
    found = agency.waiting(1 + 5, [[10, 0], [5, 5]], [0.4, 0.6])
    assert close([found.now, found.blind, found.informed, found.quasi_option_value], ANCHORS["F4.1"])


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.01, 1)), min_size=1, max_size=6), share)
def test_news_is_never_worth_less_than_nothing(rows, kept):
    *later, weight = (np.array(column) for column in zip(*rows, strict=True))
    found = agency.waiting(0, later, weight / weight.sum(), discount=kept)
    by_hand = kept * sum(p * max(a, b) for a, b, p in zip(*later, weight / weight.sum(), strict=True))
    assert found.informed == pytest.approx(by_hand, abs=1e-12)
    assert found.quasi_option_value >= -1e-12


def test_f3_3_hurdle():
    assert close(agency.hurdle(0.04, 0.04, np.array([0.2, 0.4, 0.1])), ANCHORS["F3.3"])


@given(st.floats(0.01, 0.2), st.floats(0.01, 0.2), st.floats(0.05, 0.6))
def test_the_hurdle_solves_its_quadratic(interest, payout, sd):
    """β/(β − 1) is the hurdle; β is the positive root of ½σ²β(β − 1) + (r − δ)β − r."""
    h = float(agency.hurdle(interest, payout, sd))
    beta = h / (h - 1)
    assert h > 1
    assert 0.5 * sd**2 * beta * (beta - 1) + (interest - payout) * beta - interest == pytest.approx(0, abs=1e-9 * beta**2)


# --- irreversible failure ---------------------------------------------------------------------------------------------


def test_f5_1_irreversible_failure():
    found = agency.irreversible(reward=1, hazard=0.01, loss=50, discount=0.95, cost=0.5)
    assert close([found.act, found.ask, found.break_even, found.myopic], ANCHORS["F5.1"])


def decision_process(reward, hazard, loss, cost):
    """Working and failed; act or ask."""
    rewards = [[reward - hazard * loss, 0], [reward - cost, 0]]
    return rewards, [[[1 - hazard, hazard], [0, 1]], [[1, 0], [0, 1]]]


@given(size, rate, size, st.floats(0.0, 0.99), st.floats(0, 20))
def test_the_closed_form_is_the_solution_of_the_decision_process(reward, hazard, loss, discount, cost):
    found = agency.irreversible(reward=reward, hazard=hazard, loss=loss, discount=discount, cost=cost)
    solved = agency.solve(*decision_process(reward, hazard, loss, cost), discount)
    assert solved.worth[0] == pytest.approx(max(found.act, found.ask), rel=1e-9, abs=1e-9)
    assume(abs(cost - found.break_even) > 1e-9 * (1 + found.break_even))
    assert solved.action[0] == (cost < found.break_even)


@given(size, rate, size, st.floats(0.01, 0.98))
def test_m22_the_future_is_part_of_the_loss(reward, hazard, loss, discount):
    """c* > hL exactly if r > hL, and then c* rises with the discount factor."""
    assume(abs(reward - hazard * loss) > 1e-6)
    found, later = (
        agency.irreversible(reward=reward, hazard=hazard, loss=loss, discount=g) for g in (discount, discount + 0.01)
    )
    dear = reward > hazard * loss
    assert (found.break_even > found.myopic) == dear
    assert (later.break_even > found.break_even) == dear


def test_policy_iteration_against_value_iteration(rng):
    for _ in range(30):
        moves, rewards, kept = rng.dirichlet(np.ones(5), (3, 5)), rng.normal(size=(3, 5)), rng.uniform(0.1, 0.95)
        worth = np.zeros(5)
        for _ in range(600):
            worth = (rewards + kept * moves @ worth).max(0)
        assert agency.solve(rewards, moves, kept).worth == pytest.approx(worth, abs=1e-9)


# --- checking in, side effects ----------------------------------------------------------------------------------------


def test_f6_1_check_in():
    found = agency.check_in(5, 0.01)
    assert close([found.rule, found.interval, found.cost], ANCHORS["F6.1"])


@given(st.floats(0.01, 200), st.floats(1e-3, 0.9))
def test_the_best_interval_by_search(cost, hazard):
    found = agency.check_in(cost, hazard)
    steps = np.arange(1, 20_001)
    lost = agency.lost_per_step(steps, cost, hazard)
    assert found.cost <= lost.min() + 1e-12
    assert found.cost == pytest.approx(min(lost.min(), 1.0), rel=1e-9)


def test_lost_steps_by_draws(rng):
    """A slip wastes its step and all until the next check."""
    cost, hazard, steps, runs = 5, 0.03, 20, 40_000
    slip = np.minimum(rng.geometric(hazard, runs) - 1, steps)  # good steps before the first slip
    lost = (cost + steps - slip) / steps
    assert abs(lost.mean() - agency.lost_per_step(steps, cost, hazard)) < 4 * lost.std() / np.sqrt(runs)


VASE = nx.DiGraph([("s0", "x1"), ("x1", "s0"), ("x1", "s1"), ("s1", "x1"), ("s0", "b1"), ("b1", "b0"), ("b0", "b1")])


def test_f7_1_side_effects():
    found = [agency.side_effect(VASE, "s0", now, discount=d) for d in (1.0, 0.9) for now in ("b1", "s1")]
    assert close(found, ANCHORS["F7.1"])


@given(st.integers(0, 10**6), st.floats(0.1, 1))
def test_side_effects_by_powers_of_the_matrix(seed, discount):
    rng = np.random.default_rng(seed)
    edges = rng.random((5, 5)) < 0.3
    graph = nx.from_numpy_array(edges, create_using=nx.DiGraph)
    reach, step = np.zeros((5, 5)), np.eye(5, dtype=bool)
    seen = np.zeros((5, 5), dtype=bool)
    for distance in range(5):
        reach[step & ~seen] = discount**distance
        seen |= step
        step = (step.astype(int) @ edges) > 0
    expected = np.maximum(reach[0] - reach[1], 0).mean()
    assert agency.side_effect(graph, 0, 1, discount=discount) == pytest.approx(expected, abs=1e-12)
    assert agency.side_effect(graph, 0, 0, discount=discount) == 0


# --- overseers --------------------------------------------------------------------------------------------------------


def test_asking_more_often_can_protect_less():
    risks = [0.5] * 3 + [0.02] * 20
    found = agency.caught(risks, 6)
    assert found.argmax() == 3
    assert found[-1] < 0.6 * found[3]
    assert (np.diff(agency.caught(risks, np.inf)) > 0).all(), "nobody tires: asking more protects more"


def test_caught_by_draws(rng):
    risks, half_life, floor, runs = np.array([0.9, 0.4, 0.3, 0.1]), 2.0, 0.1, 40_000
    for asked in (1, 3, 4):
        bad = rng.random((runs, asked)) < risks[:asked]
        order = np.argsort(rng.random((runs, asked)), axis=1)
        read = rng.random((runs, asked)) < agency.reading(np.arange(1, asked + 1), half_life, floor)
        stopped = (np.take_along_axis(bad, order, 1) & read).sum(1)
        expected = agency.caught(risks, half_life, floor)[asked]
        assert abs(stopped.mean() - expected) < 4 * stopped.std() / np.sqrt(runs)


@given(st.floats(0.5, 50), share, st.integers(1, 60))
def test_attention_falls_and_halves(half_life, floor, k):
    now, then = agency.reading([k, k + half_life], half_life, floor)
    assert 0 <= then <= now <= 1
    assert then - floor == pytest.approx((now - floor) / 2, abs=1e-12)


def test_approval_does_not_tell_attention():
    """93% approved (published) fits an overseer who reads all of 7% bad requests, and one who reads half of 14%."""
    assert agency.approved([0.07] * 40, np.inf) == pytest.approx(0.93)
    half = brentq(lambda m: agency.approved([0.14] * 40, m) - 0.93, 1, 100)
    assert agency.reading(40, half) < 0.25


def test_a_guard_is_published_for_its_population():
    """End to end, 205 of 253 are missed: 93 never reach it, and 112 (70.3%) of the 160 that do pass."""
    real, ambiguous = agency.GUARDS
    assert real.high < ambiguous.low
    assert agency.missed_in_all(0.368, 0.703) == pytest.approx(205 / 253, abs=0.003)
    assert ambiguous.missed == pytest.approx(205 / 253, abs=0.001)
    n, p, z = 52, real.missed, norm.isf(0.025)  # Wilson (1927)
    ends = [(p + z**2 / 2 / n + s * z * np.sqrt(p * (1 - p) / n + z**2 / 4 / n**2)) / (1 + z**2 / n) for s in (-1, 1)]
    assert ends == pytest.approx([real.low, real.high], abs=5e-4)


def test_functions_broadcast():
    q = np.linspace(0, 1, 5)
    assert agency.ask_or_act(q[:, None], gain=1, loss=[1, 2, 3], cost=0.1).act.shape == (5, 3)
    assert agency.check_in(np.array([1, 5])[:, None], [0.01, 0.1]).interval.shape == (2, 2)
    assert agency.irreversible(reward=1, hazard=q, loss=2, discount=0.9).act.shape == (5,)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: agency.ask_or_act(5, gain=1, loss=1, cost=1), "error must be a number from 0 to 1 .a percentage"),
        (lambda: agency.check_value(0, -1), "sd must be positive, not -1"),
        (lambda: agency.dialog_band((1, 0), (0, 0), (0, 0)), "least for leave"),
        (lambda: agency.waiting(1, [[1, 2]], [0.5, 0.6]), "chance must add up to 1"),
        (lambda: agency.irreversible(reward=1, hazard=0.1, loss=1, discount=1), "discount must be below 1"),
        (lambda: agency.solve([1, 2], [[1]], 0.9), r"rewards .A, S., moves"),
        (lambda: agency.side_effect(VASE, "s0", "s9"), "no state 's9'"),
        (lambda: agency.reading(0, 3), "request must be at least 1, not 0"),
        (lambda: agency.lost_per_step(0, 1, 0.1), "interval must be at least 1, not 0"),
    ],
)
def test_what_cannot_be_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()


@pytest.mark.parametrize("hazard", [1e-6, 1e-8, 1e-10, 1e-12, 1e-15])
@pytest.mark.parametrize("cost", [0.1, 5.0])
def test_the_best_interval_where_slips_are_very_rare(hazard, cost):
    """The square-root rule is exact in the limit: √(2c/h) + 2c/3 + …"""
    found = agency.check_in(cost, hazard)
    assert found.interval == pytest.approx(np.sqrt(2 * cost / hazard) + cost / 1.5, rel=1e-6, abs=1.1)


def test_the_hurdle_of_a_value_that_hardly_moves():
    """Without noise one waits until the value grows no faster than interest: r / (r − (r − δ)) = r/δ."""
    assert agency.hurdle(0.08, 0.04, np.array([1e-3, 1e-5, 1e-8])) == pytest.approx([2.0, 2.0, 2.0], rel=1e-4)
