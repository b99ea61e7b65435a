"""Anchors A1, A2, A5, A6, A7: each number of `reference/populations.json` from the library and nothing else."""

import numpy as np
import pytest
from oracles import value_of_shares, worst_case_near
from scipy.stats import beta, norm
from worlds import choice

import simkit as sk
from simkit.case import from_arrays
from simkit.population import worlds_from
from simkit.severity import Point


def close(value, expected):
    return value == pytest.approx(expected, rel=1e-6)


def turning_point(case, first, second):
    """The harmful share at which two policies are worth the same."""
    (flip,) = [f for f in sk.uncertainty.break_evens(case, first, second, harm_weight=1.0) if f.of == "share of segment-1"]
    (turn,) = flip.breaks_even_at
    return turn


def test_a1_1_threshold(anchors):
    pairs = [(1, 9), (1, 19), (1, 20), (1, 99), (1, 999)]
    found = []
    for benefit, harm in pairs:
        case = choice(0.001, benefit, harm)
        found.append(turning_point(case, *(sk.policy.constant(case, r) for r in case.responses)))
    assert close(found, anchors["A1.1"])


def three_responses(q):
    return from_arrays(
        [1 - q, q],
        [[1.0], [1.0]],
        [[0, 0.7, 1], [0, 0, 0]],
        harmful=[False, True],
        harm_chance=[[0, 0, 0], [0, 0.1, 1]],
        severity=Point(kind="point", value=20.0),
    )


def test_a1_2_envelope(anchors):
    low, high = anchors["A1.2"]
    refuse, safe, full = (sk.policy.constant(three_responses(0.1), f"response-{r}") for r in range(3))
    assert close(turning_point(three_responses(0.02), full, safe), low)
    assert close(turning_point(three_responses(0.2), safe, refuse), high)
    for q, best in [(low * 0.999, 2), (low * 1.001, 1), (high * 0.999, 1), (high * 1.001, 0)]:
        assert sk.policy.bayes(three_responses(q)).answer[0].argmax() == best


def four_segments():
    rates = [[0, q] for q in (0.0002, 0.0001, 0.001, 0.04)]
    shares = [0.40, 0.25, 0.30, 0.05]
    case = from_arrays(shares, np.ones((4, 1)), np.zeros((4, 2)), harmful=[0, 0, 0, 1], harm_chance=rates)
    return case, sk.policy.constant(case, "response-1")


def test_a2_counts(anchors):
    case, answer = four_segments()
    drawn, fixed = (sk.event_counts.count_events(case, answer, 1000, mix=mix) for mix in ("drawn", "fixed"))
    assert close([float(sk.expect(case, answer).harm)], anchors["A2.1"])
    assert close([drawn.chance_of_any, fixed.chance_of_any], anchors["A2.2"][:2])
    assert close([drawn.variance, fixed.variance], anchors["A2.3"])
    assert close(drawn.mean, fixed.mean)


@pytest.mark.parametrize(("q", "users", "index"), [(1e-3, 1000, 0), (1e-6, 10**6, 1)])
def test_a2_4_near_one_minus_one_over_e(anchors, q, users, index):
    case = choice(q, 1, 1)
    found = sk.event_counts.count_events(case, sk.policy.constant(case, "response-1"), users)
    assert close(found.chance_of_any, anchors["A2.4"][index])


def test_a2_5_users_until_an_even_chance(anchors):
    cases = [choice(q, 1, 1) for q in (1e-3, 1e-4)]
    assert [sk.event_counts.users_until(c, sk.policy.constant(c, "response-1"), 0.5) for c in cases] == anchors["A2.5"]


def test_a5_1_value_of_knowing_the_base_rate(anchors):
    """q ~ Beta(2, 98): the prior is a quadrature over worlds, split where the best response turns."""
    case = choice(0.02, 1, 19)
    points, weights = np.polynomial.legendre.leggauss(200)
    pieces = [(a + (b - a) * (points + 1) / 2, weights * (b - a) / 2) for a, b in ((0, 0.05), (0.05, 0.3), (0.3, 1))]
    q, mass = np.concatenate([x for x, _ in pieces]), np.concatenate([w for _, w in pieces])
    mass = mass * beta.pdf(q, 2, 98)
    worlds = worlds_from(case.population, np.stack([1 - q, q], 1))
    value = value_of_shares(case, worlds, weights=mass)
    answer = mass @ (worlds.joint[:, :, 0] @ case.value(1.0)[:, 1])
    assert close([mass[q > 0.05].sum(), answer, value], anchors["A5.1"])


def test_a5_2_minimax_regret(anchors):
    found = sk.uncertainty.minimax_regret(choice(0.05, 1, 19, (0.01, 0.10)))
    assert close([found.policy.answer[0, 1], found.regret], anchors["A5.2"])


def test_a5_3_worst_case_in_a_ball(anchors):
    case = choice(0.01, 1, 1)
    answer = sk.policy.constant(case, "response-1")
    found = [worst_case_near(case, answer, radius=radius, of="harm").value for radius in (0.01, 0.05, 0.10)]
    assert close(found, anchors["A5.3"])


def asking_case(q, cost=0.02):
    """Reply 1 is a flag: raised by 80% of malicious senders and by 10% of benign ones."""
    return from_arrays(
        [1 - q, q],
        [[1.0], [1.0]],
        [[0, 1], [0, 0]],
        harmful=[False, True],
        harm_chance=[[0, 0], [0, 1]],
        severity=Point(kind="point", value=20.0),
        reply=[[0.9, 0.1], [0.2, 0.8]],
        cost=cost,
    )


def test_a6_1_when_to_ask(anchors):
    low, high, value = anchors["A6.1"]
    asks = [bool(sk.policy.bayes(asking_case(q)).asks[0]) for q in (low * 0.999, low * 1.001, high * 0.999, high * 1.001)]
    assert asks == [False, True, True, False]
    at_threshold = sk.pareto.information(asking_case(1 / 21))
    assert close(at_threshold.value_of_question, value)


def test_a6_a_question_that_everybody_answers_alike_is_worthless():
    for q in (0.01, 1 / 21, 0.2):
        case = asking_case(q)
        learned = from_arrays(
            [1 - q, q],
            [[1.0], [1.0]],
            case.help,
            harmful=[False, True],
            harm_chance=[[0, 0], [0, 1]],
            severity=Point(kind="point", value=20.0),
            reply=[[0.9, 0.1], [0.9, 0.1]],
            cost=0.02,
        )
        assert sk.pareto.information(learned).value_of_question == pytest.approx(0, abs=1e-12)
        assert not sk.policy.bayes(learned).asks.any()


def monitor(edges, separation=2.0, q=0.02):
    """A score seen in bins: N(0, 1) for benign and N(separation, 1) for malicious senders."""
    bins = np.concatenate([[-np.inf], edges, [np.inf]])
    rows = [np.diff(norm.cdf(bins - shift)) for shift in (0.0, separation)]
    return from_arrays(
        [1 - q, q],
        rows,
        [[0, 1], [0, 0]],
        harmful=[False, True],
        harm_chance=[[0, 0], [0, 1]],
        severity=Point(kind="point", value=20.0),
    )


def test_a7_1_monitor(anchors):
    """The best policy on a finely binned score refuses exactly above the criterion of signal detection theory."""
    criterion, caught, alarms, value = anchors["A7.1"]
    case = monitor([criterion - 1e-7, criterion, criterion + 1e-7])
    best = sk.policy.bayes(case)
    assert best.answer[:, 0].tolist() == [0, 0, 1, 1]
    outcome = sk.expect(case, best)
    assert close([1 - outcome.under_refusal, outcome.over_refusal, outcome.net], [caught, alarms, value])


@pytest.mark.parametrize(("separation", "index"), [(0.5, 0), (1, 1), (2, 2), (3, 3)])
def test_a7_2_area_under_the_curve(anchors, separation, index):
    """Each cut of the score is a threshold policy; the area is under the curve of its two rates."""
    case = monitor(np.linspace(-9, 12, 4001), separation, 0.5)
    cuts = np.append(case.population.risk, 1.1)
    curve = sk.expect(case, sk.policy.threshold(case, risk=cuts, below="response-1", above="response-0"))
    order = np.lexsort((1 - curve.under_refusal, curve.over_refusal))
    x, y = curve.over_refusal[order], (1 - curve.under_refusal)[order]
    area = (np.diff(x) * (y[1:] + y[:-1])).sum() / 2
    assert area == pytest.approx(anchors["A7.2"][index], rel=1e-5)


@pytest.mark.parametrize(("copied", "index"), [(0.05, 0), (0.3, 1), (1.0, 2)])
def test_a7_4_unverified_claim(anchors, copied, index):
    case = from_arrays(
        [0.99, 0.01],
        [[0.7, 0.3], [1 - copied, copied]],
        np.zeros((2, 2)),
        harmful=[False, True],
        harm_chance=np.zeros((2, 2)),
    )
    assert close(case.population.risk[1], anchors["A7.4"][index])


def test_a_wrong_number_is_seen(anchors):
    """Negative control of the comparator."""
    assert not close(np.array(anchors["A1.1"]) * (1 + 1e-5), anchors["A1.1"])
