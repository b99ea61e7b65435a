"""Training and coverage: anchors E1 to E6, laws M19 and M20, and every number by a second route."""

import json
from itertools import product
from math import comb, exp, pi, sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from simkit.theory import coverage, training

ROWS = json.loads((Path(__file__).parent / "reference" / "training.json").read_text(encoding="utf-8"))["anchors"]
BUTTERFLIES = [118, 74, 44, 24, 29, 22, 20, 19, 20, 15, 12, 14, 6, 12, 6, 9, 9, 6, 10, 10, 11, 5, 3, 3]
ZIPF = (1 / np.arange(1, 201)) / (1 / np.arange(1, 201)).sum()


def close(found, name):
    values = np.hstack([np.ravel(part) for part in found])
    np.testing.assert_allclose(values, ROWS[name]["value"], rtol=ROWS[name]["rel_tol"])


def bases(size: int) -> st.SearchStrategy[np.ndarray]:
    weights = st.lists(st.integers(0, 9), min_size=size, max_size=size).filter(any)
    return weights.map(lambda w: np.array(w) / sum(w))


def rewards(size: int) -> st.SearchStrategy[np.ndarray]:
    return st.lists(st.integers(-4, 4), min_size=size, max_size=size).map(lambda x: np.array(x) / 2)


def test_a_wrong_number_is_seen():
    """Negative control of the comparison."""
    with pytest.raises(AssertionError):
        close([training.best_of_n_divergence([2, 4, 10, 100, 1000, 60001])], "E1.1")


# --- anchors ----------------------------------------------------------------------------------------------------------


def test_e1_best_of_n():
    close([training.best_of_n_divergence([2, 4, 10, 100, 1000, 60_000])], "E1.1")
    two = [training.divergence(training.best_of_n([0.5, 0.5], [0, 1], n), [0.5, 0.5]) for n in (2, 4, 100)]
    close(two, "E1.2")


def test_e2_over_optimisation():
    peak = optimize.minimize_scalar(lambda d: -training.gold_best_of_n(d, 1, 0.15), bounds=(1, 6), method="bounded").x
    zero = optimize.brentq(lambda d: float(training.gold_best_of_n(d, 1, 0.15)), 5, 9)
    assert peak == pytest.approx(ROWS["E2.1"]["value"][0], rel=1e-5)
    close([1 / 0.3, (1 / 0.3) ** 2, training.gold_best_of_n(1 / 0.3, 1, 0.15), zero], "E2.1")
    top = exp(1 / 0.4 - 1)
    again = training.gold_reinforced(4, 1, 0.4, iterations=5) - training.gold_reinforced(4, 1, 0.4)
    close([top, training.gold_reinforced(top, 1, 0.4), again], "E2.2")
    around = training.gold_reinforced(top * np.array([0.999, 1.001]), 1, 0.4)
    assert (around < training.gold_reinforced(top, 1, 0.4)).all()


def test_e3_regressional():
    close([training.expected_best([2, 3, 5, 10, 100, 1000])], "E3.1")
    gold = training.part_that_is_gold(1, 1) * sqrt(2) * training.expected_best([10, 100, 1000])
    close([training.part_that_is_gold(1, 1), gold], "E3.2")


def test_e4_catastrophic():
    close([training.gold_beyond([2, 5, 10])], "E4.1")
    close([training.gold_beyond([2, 5, 10, 20, 50], tail=3)], "E4.2")


def test_e5_quantilizers():
    top = np.array([0.5, 0.1, 0.01])
    close([training.quantilized_mean(top), 1 / top], "E5.1")


def test_e6_coverage():
    more = coverage.new_kinds(BUTTERFLIES, np.arange(1, 11) / 10)
    close([more.expected], "E6.1")
    close([coverage.unseen(BUTTERFLIES), more.sd[-1]], "E6.2")
    even = np.full(50, 1 / 50)
    seen_once = 100 * (1 / 50) * (1 - 1 / 50) ** 99 * 50 / 100
    close([coverage.expected_unseen(even, [50, 100, 200]), seen_once], "E6.3")
    close([coverage.expected_unseen(ZIPF, [100, 1000]), coverage.expected_found(ZIPF, [100, 1000])], "E6.4")


# --- second routes ----------------------------------------------------------------------------------------------------


def test_the_best_of_n_by_listing_all_draws():
    base, reward, n = np.array([0.5, 0.3, 0.2]), np.array([1.0, 2.0, 2.0]), 3
    found = np.zeros(3)
    for draws in product(range(3), repeat=n):
        best = [i for i in draws if reward[i] == max(reward[list(draws)])]
        for i in best:
            found[i] += base[list(draws)].prod() / len(best)
    np.testing.assert_allclose(training.best_of_n(base, reward, n), found, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_tilted_distribution_is_the_best_of_its_goal(seed):
    rng = np.random.default_rng(seed)
    base, reward, pressure = rng.dirichlet(np.ones(4)), rng.normal(size=4), float(rng.uniform(0.1, 5))

    def loss(logits):
        p = np.exp(logits - np.logaddexp.reduce(logits))
        return float((p * np.log(p / base)).sum() / pressure - p @ reward)

    found = optimize.minimize(loss, np.log(base), tol=1e-14).x
    np.testing.assert_allclose(np.exp(found - np.logaddexp.reduce(found)), training.tilted(base, reward, pressure), atol=1e-6)


@pytest.mark.parametrize(
    ("threshold", "sd", "tail"), [(1.0, 0.5, np.inf), (4.0, 2.0, np.inf), (3.0, 1.0, 2.5), (15.0, 0.7, 5.0)]
)
def test_gold_beyond_a_threshold_by_quadrature(threshold, sd, tail):
    error = stats.norm(scale=sd) if np.isinf(tail) else stats.t(tail, scale=sd / sqrt(tail / (tail - 2)))

    def moment(k):
        parts = [(-10, threshold / 2), (threshold / 2, threshold), (threshold, threshold + 10)]
        density = lambda x: x**k * exp(-x * x / 2) / sqrt(2 * pi) * error.sf(threshold - x)  # noqa: E731
        return sum(integrate.quad(density, a, b, epsabs=0, epsrel=1e-10, limit=500)[0] for a, b in parts)

    assert training.gold_beyond(threshold, error_sd=sd, tail=tail) == pytest.approx(moment(1) / moment(0), rel=1e-8)


def test_expected_best_of_two_and_three_in_closed_form():
    np.testing.assert_allclose(training.expected_best([1, 2, 3]), [0, 1 / sqrt(pi), 1.5 / sqrt(pi)], atol=1e-12)


def test_a_quantilizer_of_a_fine_base_is_the_normal_one():
    grid = np.linspace(-8, 8, 2001)
    base = np.exp(-(grid**2) / 2)
    found = training.quantilized(base / base.sum(), grid, 0.1) @ grid
    assert found == pytest.approx(float(training.quantilized_mean(0.1)), abs=1e-3)


def test_found_within_by_listing_all_orders():
    steps, choices = 2, 3
    sums = [sum(each) for each in product(range(1, choices + 1), repeat=steps)]
    for tries in range(12):
        found = coverage.found_within(tries, steps=steps, choices=choices)
        assert found.adaptive == pytest.approx(np.mean([s <= tries for s in sums]))
        assert found.random == pytest.approx(min(tries / 9, 1))


def test_detection_is_the_power_of_a_binomial_test():
    for n, rate, usual in [(0, 0.5, 0.1), (1, 0.3, 0.0), (40, 0.2, 0.02), (300, 0.05, 0.03), (25, 0.9, 1.0)]:
        fires = next(c for c in range(n + 2) if stats.binom.sf(c - 1, n, usual) <= 0.05)
        power = sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(fires, n + 1))
        assert coverage.detected(n, flagged=rate, honest=usual) == pytest.approx(power, abs=1e-12), (n, rate, usual)


def test_flags_by_listing_what_may_happen():
    given = {"unnoticed": 0.3, "breaks": 0.6, "caught": 0.8, "false": 0.05, "traced": 0.5, "voiced": 0.1}
    found = np.zeros(3)
    for noticed, breaks in product((True, False), repeat=2):
        chance = (0.7 if noticed else 0.3) * (0.6 if breaks else 0.4)
        bad = breaks and not noticed
        o = 0.8 if bad else 0.05
        r = 0.5 if bad else 1 - 0.9 * 0.95 if noticed else 0.05
        found += chance * np.array([o, r, o + r - o * r])
    np.testing.assert_allclose(coverage.flags(**given), found, rtol=1e-12)


# --- laws -------------------------------------------------------------------------------------------------------------


@given(bases(5), rewards(5), st.integers(1, 10_000))
def test_m19_the_exact_divergence_is_at_most_the_formula(base, reward, n):
    exact = training.divergence(training.best_of_n(base, reward, n), base)
    assert exact <= training.best_of_n_divergence(n) + 1e-9


@settings(deadline=None)
@given(bases(6), st.integers(1, 40))
def test_m20_good_and_turing_are_without_bias(rates, n):
    once = [stats.binom.pmf(1, n, rate) for rate in rates]
    assert sum(once) / n == pytest.approx(float(coverage.expected_unseen(rates, n - 1)), abs=1e-12)


@given(bases(5), rewards(5), st.lists(st.floats(0, 50), min_size=2, max_size=6))
def test_pressure_raises_the_score_and_the_divergence(base, reward, pressures):
    made = training.tilted(base, reward, np.sort(pressures))
    assert (np.diff(made @ reward) >= -1e-12).all()
    assert (np.diff(training.divergence(made, base)) >= -1e-12).all()
    np.testing.assert_allclose(training.tilted(base, reward, 0), base, atol=1e-15)


@given(bases(5), rewards(5), rewards(5), st.floats(0.01, 1))
def test_a_quantilizer_costs_at_most_so_many_times_the_base(base, reward, other, top):
    made, cost = training.quantilized(base, reward, top), other + 2
    assert made.sum() == pytest.approx(1)
    assert (made <= base / top + 1e-12).all()
    assert made @ cost <= base @ cost / top + 1e-9
    np.testing.assert_allclose(training.quantilized(base, reward, 1.0), base, atol=1e-12)


@given(bases(4), rewards(4), st.floats(0.1, 30))
def test_of_all_as_near_the_tilted_one_scores_best(base, reward, pressure):
    """No best-of-n with at most its divergence has a higher score."""
    made = training.tilted(base, reward, pressure)
    for n in (1, 2, 3, 5, 9, 20):
        other = training.best_of_n(base, reward, n)
        if training.divergence(other, base) <= training.divergence(made, base):
            assert other @ reward <= made @ reward + 1e-9


@given(bases(3), st.lists(st.integers(0, 500), min_size=2, max_size=2))
def test_demonstrations_on_which_reasons_agree_move_nothing(prior, counts):
    alike, apart = [0.9, 0.1], [[0.8, 0.2], [0.3, 0.7], [0.5, 0.5]]
    reasons = [[alike, alike, row] for row in apart]
    shown = [counts, counts[::-1], [0, 0]]
    np.testing.assert_allclose(training.belief_in_reasons(prior, reasons, shown), prior, atol=1e-9)
    if prior.max() < 1:
        moved = training.belief_in_reasons(prior, reasons, [[0, 0], [0, 0], [3, 0]])
        bayes = prior * np.array([0.8, 0.3, 0.5]) ** 3
        np.testing.assert_allclose(moved, bayes / bayes.sum(), atol=1e-12)


@given(*(st.floats(0, 1) for _ in range(5)))
def test_seeing_both_is_never_less(unnoticed, breaks, caught, false, traced):
    found = coverage.flags(unnoticed=unnoticed, breaks=breaks, caught=caught, false=false, traced=traced)
    assert found.both >= max(found.outputs, found.reasoning) - 1e-12


def test_outputs_show_nothing_of_a_model_that_always_notices():
    watched = coverage.flags(unnoticed=0, breaks=1, caught=1, false=0.01, traced=1, voiced=0.05)
    honest = coverage.flags(unnoticed=0, breaks=0, caught=1, false=0.01, traced=1)
    n = np.array([10, 100, 1000, 100_000])
    assert (coverage.detected(n, flagged=watched.outputs, honest=honest.outputs) <= 0.05).all()
    assert coverage.detected(1000, flagged=watched.reasoning, honest=honest.reasoning) > 0.99


def test_heavy_errors_buy_nothing_and_light_ones_do():
    far = np.array([5.0, 20.0, 50.0, 100.0])
    assert (np.diff(training.gold_beyond(far)) > 0).all()
    for tail in (2.5, 3, 10):
        assert (np.diff(training.gold_beyond(far[1:], tail=tail)) < 0).all()


def test_search_that_mirrors_users_is_not_the_best():
    """Probes of what users seldom do lower what is left; none of what they do leaves all of it."""
    rates = np.array([0.9, 0.1])
    left = coverage.expected_unseen(rates, 10, searched=[0.6, 0.4])
    assert left < coverage.expected_unseen(rates, 10)
    assert coverage.expected_unseen(rates, 10, searched=[0.0, 1.0]) == pytest.approx(0.9)


# --- what makes no sense ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: training.tilted([0.5, 0.6], [0, 1], 1), "base must add up to 1, not 1.1"),
        (lambda: training.tilted([0.5, 0.5], [0, np.nan], 1), "reward must be a finite number"),
        (lambda: training.tilted([0.5, 0.5], [0, 1], -1), "pressure must be at least 0, not -1"),
        (lambda: training.best_of_n([0.5, 0.5], [0, 1], 0), "n must be at least 1, not 0"),
        (lambda: training.quantilized([0.5, 0.5], [0, 1], 0), "top must be positive"),
        (lambda: training.quantilized([0.5, 0.5], [0, 1], 10), "a percentage is divided by 100"),
        (lambda: training.gold_beyond(101), "threshold must be at most 100, not 101"),
        (lambda: training.gold_beyond(1, tail=2), "tail must be at least 2.001"),
        (lambda: training.part_that_is_gold(0, 1), "gold_sd must be positive"),
        (lambda: coverage.new_kinds([3, 1], 1.5), "more must be a number from 0 to 1"),
        (lambda: coverage.found_within(3, steps=0, choices=2), "steps and choices are at least 1"),
        (lambda: coverage.detected(-1, flagged=0.5, honest=0.1), "samples must be at least 0"),
        (lambda: coverage.unseen([0, 0]), "no failure was found"),
    ],
)
def test_what_makes_no_sense_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("n", [1, 3, 1e9, 1e17, 1e20])
@pytest.mark.parametrize("base", [[1e-17, 1.0], [1 - 1e-9, 1e-9], [0.3, 0.7]])
def test_the_best_of_very_many_keeps_the_digits_of_what_is_rare(base, n):
    """The better of two answers comes unless all draws are the other one."""
    found = training.best_of_n(base, [1, 0], n)
    worse = np.exp(n * (np.log1p(-base[0]) if base[0] < 0.5 else np.log(base[1])))
    assert found == pytest.approx([-np.expm1(n * (np.log1p(-base[0]) if base[0] < 0.5 else np.log(base[1]))), worse], rel=1e-7)


def test_a_quantilizer_of_less_than_the_rarest_answer_adds_up_to_one():
    assert training.quantilized([1e-17, 1.0], [1, 0], [1e-18, 1e-17, 0.5]).sum(-1) == pytest.approx(1.0)
    assert training.quantilized([1e-17, 1.0], [1, 0], 1e-18).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("n", [1e3, 1e30, 1e60, 1e200])
def test_the_highest_of_very_many_scores(n):
    """Between the quantiles at which 1% and 99.9% of the highest lie, and near log-log asymptotics (Gumbel) at the mean."""
    from scipy.special import log_ndtr

    grid = np.linspace(-1, 37.5, 400_001)
    cdf = np.exp(n * log_ndtr(grid)) if n < 1e15 else np.exp(-n * np.exp(log_ndtr(-grid)))
    mean = grid[-1] - np.trapezoid(cdf, grid)  # E max = b − ∫ F over what lies above the start
    assert training.expected_best(n) == pytest.approx(mean, rel=1e-6)
