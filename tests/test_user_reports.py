"""Reports that add up: the closed forms against integrals, convolutions and a plain loop over all cells."""

import math

import numpy as np
import pytest
from scipy import stats

import simkit as sk
from simkit import spec
from simkit.spec import ReportRates, Reports, ReportStream, expect_reports


def made(hits=20.0, noise=100.0, *, doubt=1.0, noise_doubt=0.1, answers=1000.0):
    """Reports with these expectations."""
    return Reports([ReportStream("made", "kindness", answers, 1.0, hits, noise)], doubt=doubt, noise_doubt=noise_doubt)


def distribution(mean, doubt):
    """The count of reports with this mean, from SciPy: Poisson, or negative binomial if the mean is in doubt."""
    shape = 1 / doubt**2 if doubt else 0
    return stats.nbinom(shape, shape / (shape + mean)) if doubt else stats.poisson(mean)


# --- streams ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site():
    case = sk.load("medication-threshold").in_context("malicious-operator")
    return case, spec.compile(spec.load("general-assistant"), case)


def test_a_stream_is_a_sum_over_senders_signals_and_responses(site):
    """Second route: a plain loop, with the probability of a report worked out for each cell."""
    case, _ = site
    policy = sk.policy.blend(sk.policy.constant(case, "full-bare"), sk.policy.constant(case, "refuse"), 0.3)
    rates, total = ReportRates(bad=0.4, good=0.002, brigade=0.05), {1.0: 0.0, 2.5: 0.0}
    for times in total:
        for s in range(len(case.segments)):
            for k in range(len(case.population.signal_names)):
                for r in range(len(case.responses)):
                    weight = case.population.shares[s] * case.population.signals[s, k] * policy.answer[k, r]
                    bad = case.harm_events.chance[s, r]
                    hostile = case.population.harmful[s] and case.kinds[r] in ("refuse", "refuse-with-reason")
                    good = rates.brigade if hostile else rates.good
                    total[times] += weight * (times * bad * rates.bad + (1 - times * bad) * good)
    found = expect_reports(case, policy, "safe-messaging", answers=1000, rates=rates)
    assert found.spoken == pytest.approx(1)
    for times, flags in total.items():
        assert times * found.hits + found.noise == pytest.approx(1000 * flags, rel=1e-12)


def test_only_answers_that_show_the_behaviour_count(site):
    """In this scenario only refusals show whether it says what it cannot do."""
    case, _ = site
    policy = sk.policy.blend(sk.policy.constant(case, "full-bare"), sk.policy.constant(case, "refuse"), 0.3)
    found = expect_reports(case, policy, "says-what-it-cannot-do", answers=1000)
    assert found.spoken == pytest.approx(0.3)
    assert found.noise == pytest.approx(0.3 * 1000 * 0.001)
    assert found.hits == 0


def test_reports_add_up_over_cases(site):
    case, policy = site
    other = sk.load("medication-threshold").in_context("icu-team")
    rules = spec.load("general-assistant")
    streams = [
        expect_reports(case, policy, "safe-messaging", answers=1e5),
        expect_reports(other, spec.compile(rules, other), "safe-messaging", answers=3e5),
    ]
    found = Reports(streams)
    assert found.answers == 4e5
    assert found.hits == pytest.approx(sum(s.hits for s in streams))
    assert found.expected == pytest.approx(found.hits + found.noise)
    assert found.after(0.5).expected == pytest.approx(found.expected / 2)
    assert "medication-threshold, context icu-team" in repr(found)


# --- how often a review is called -------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise_doubt", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("times", [0.0, 1.0, 4.0])
def test_reached_is_the_tail_of_the_convolution(noise_doubt, times):
    found, counts = made(noise_doubt=noise_doubt), np.arange(4000)
    hit = stats.poisson(times * found.hits).pmf(counts) if times else (counts == 0).astype(float)
    whole = np.convolve(hit, distribution(found.noise, noise_doubt).pmf(counts))
    at = np.array([0, 1, 5, 100, 150, 300])
    exact = np.array([whole[k:].sum() for k in at])
    assert found.reached(at, times=times) == pytest.approx(exact, rel=1e-9, abs=1e-13)
    assert float(found.reached(120, times=times)) == pytest.approx(whole[120:].sum(), rel=1e-9)


def test_small_tails_keep_their_digits():
    found = made(0.0, 100.0, noise_doubt=0.0)
    assert float(found.reached(250)) == pytest.approx(stats.poisson(100).sf(249), rel=1e-9)
    assert float(found.reached(250)) < 1e-30


@pytest.mark.parametrize("false_alarms", [0.5, 0.05, 1e-6])
def test_the_threshold_is_the_smallest_that_keeps_false_alarms(false_alarms):
    found = made()
    threshold = found.threshold(false_alarms)
    assert found.reached(threshold) <= false_alarms < found.reached(threshold - 1)


def test_what_is_not_known_about_noise_does_not_average_out():
    """With known noise a doubled rate is seen in the end; with noise in doubt the chance of a review levels off."""
    small, large = 1.0, 1e4
    power = {
        doubt: [
            float((d := made(noise_doubt=doubt).after(part)).reached(d.threshold(0.01), times=2)) for part in (small, large)
        ]
        for doubt in (0.0, 0.2)
    }
    assert power[0.0][1] > 0.999
    assert power[0.2][1] < 0.2
    # In the limit: the factor on noise, a gamma variable, has to exceed its 99% point less hits/noise.
    shape = 1 / 0.2**2
    gamma = stats.gamma(shape, scale=1 / shape)
    assert power[0.2][1] == pytest.approx(gamma.sf(gamma.ppf(0.99) - 0.2), rel=0.02)


# --- what reports say ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [0, 90, 140, 200])
@pytest.mark.parametrize(("doubt", "noise_doubt"), [(1.0, 0.0), (0.5, 0.1), (2.0, 0.3)])
def test_the_posterior_is_the_integral(flags, doubt, noise_doubt):
    """Second route: prior times likelihood over log times, the likelihood a sum over how many flags were bad outcomes."""
    reports = made(doubt=doubt, noise_doubt=noise_doubt)
    found, prior, bad = reports.weigh(flags, times=1.5), stats.gamma(1 / doubt**2, scale=doubt**2), np.arange(flags + 1)
    anyway = distribution(reports.noise, noise_doubt).pmf(flags - bad)
    nodes, weights = np.polynomial.legendre.leggauss(20)

    def area(low, high, power=0):
        """The integral of times^power · prior · likelihood: Gauss–Legendre on panels of log times."""
        ends = np.linspace(np.log(low), np.log(high), 121)
        half = np.diff(ends)[:, None] / 2
        x = np.exp(ends[:-1, None] + half * (1 + nodes)).ravel()
        values = x ** (power + 1) * prior.pdf(x) * (stats.poisson(x[:, None] * reports.hits).pmf(bad) @ anyway)
        return (half * weights).ravel() @ values

    start, end = 1e-60, 80
    whole = area(start, end)
    assert found.probability == pytest.approx(area(1.5, end) / whole, rel=1e-9)
    assert found.mean == pytest.approx(area(start, end, 1) / whole, rel=1e-9)
    assert area(*found.interval) / whole == pytest.approx(0.9, rel=1e-9)


def test_without_noise_it_is_plain_conjugacy():
    found = made(20.0, 0.0, doubt=0.5).weigh(33, times=1.2)
    posterior = stats.gamma(4 + 33, scale=1 / (4 + 20))
    assert found.probability == pytest.approx(posterior.sf(1.2), rel=1e-12)
    assert found.mean == pytest.approx(posterior.mean(), rel=1e-12)
    assert found.interval == pytest.approx((posterior.ppf(0.05), posterior.ppf(0.95)), rel=1e-9)
    assert found.break_even is None, "there is nothing that could come anyway"
    assert "no report comes anyway" in repr(found)
    assert "No rate" not in repr(found), "some rate would, but not a multiple of none"


def test_reports_that_say_nothing_leave_the_prior():
    found = made(0.0, 100.0, doubt=0.5).weigh(120, times=1.2)
    assert found.probability == pytest.approx(found.before, rel=1e-12)
    assert found.before == pytest.approx(stats.gamma(4, scale=1 / 4).sf(1.2), rel=1e-12)


def test_more_reports_are_more_evidence_and_more_noise_is_less():
    chances = [made().weigh(flags).probability for flags in range(60, 240, 20)]
    assert chances == sorted(chances)
    noisier = [made(noise=noise).weigh(140).probability for noise in (50.0, 90.0, 120.0, 200.0)]
    assert noisier == sorted(noisier, reverse=True)


def test_at_the_value_that_turns_it_the_question_is_even():
    found = made().weigh(170, times=2)
    assert found.probability > 0.5
    assert made(noise=100 * found.break_even).weigh(170, times=2).probability == pytest.approx(0.5, abs=1e-6)
    assert f"{found.break_even:.3g} times" in repr(found)


def test_senders_drawn_one_by_one_report_as_often(site, rng):
    """Monte Carlo: requests and reports drawn at random, no sum."""
    case, _ = site
    policy = sk.policy.blend(sk.policy.constant(case, "full-bare"), sk.policy.constant(case, "full-with-care"), 0.5)
    rates, count = ReportRates(bad=0.9, good=0.01), 200_000
    people = rng.choice(len(case.segments), count, p=case.population.shares)
    given = rng.choice(len(case.responses), count, p=policy.answer[0])
    bad = rng.random(count) < 20 * case.harm_events.chance[people, given]
    flags = (rng.random(count) < np.where(bad, rates.bad, rates.good)).sum()
    found = expect_reports(case, policy, "safe-messaging", answers=count, rates=rates)
    expected = 20 * found.hits + found.noise
    assert 20 * found.hits > 10 * math.sqrt(expected), "bad outcomes are seen"
    assert abs(flags - expected) < 4 * math.sqrt(expected)


# --- words and errors -------------------------------------------------------------------------------------------------


def test_evidence_reads_well():
    said = repr(made().weigh(170, times=2))
    assert "170 reports came about kindness, where 120 were expected" in said
    assert "more than 2 times as often as assumed" in said
    assert "before any report" in said
    assert "reports came anyway" in said
    hostile = Reports([ReportStream("<script>", "<b>x</b>", 10, 1, 1, 1)])
    for thing in (hostile, hostile.weigh(3)):
        assert "<script>" not in thing._repr_html_()
        assert "<b>x" not in thing._repr_html_()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Reports([]), "give streams about one, not about none"),
        (lambda: Reports([ReportStream("a", "x", 1, 1, 1, 1), ReportStream("a", "y", 1, 1, 1, 1)]), "not about x, y"),
        (lambda: made(doubt=0), "doubt is positive"),
        (lambda: made(noise_doubt=-1), "noise_doubt is not negative"),
        (lambda: made().weigh(1.5), "whole number from 0"),
        (lambda: made().weigh(-1), "whole number from 0"),
        (lambda: made().weigh(10**7), "whole number from 0 to 100 000"),
        (lambda: made().weigh(3, times=0), "times is a positive number"),
        (lambda: made(5.0, 0.0).after(0).weigh(3).probability, "3 reports cannot come"),
        (lambda: made().reached(3, times=-1), "never negative"),
        (lambda: made().threshold(1.0), "between 0 and 1"),
        (lambda: made().after(-1), "never negative, not -1"),
        (lambda: ReportRates(bad=2), "bad is 2: a probability is from 0 to 1"),
        (lambda: ReportRates(bad=0.1, good=0.2), "at least as often"),
        (lambda: ReportRates(bad=0.1, brigade=0.2), "at least as often"),
    ],
)
def test_what_makes_no_sense_is_told_so(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()


def test_streams_that_make_no_sense_are_told_so(site):
    case, policy = site
    with pytest.raises(ValueError, match="did you mean safe-messaging"):
        expect_reports(case, policy, "safe-mesaging", answers=1)
    for answers in (-1, math.inf, math.nan):
        with pytest.raises(ValueError, match="finite number of answers"):
            expect_reports(case, policy, "safe-messaging", answers=answers)
    with pytest.raises(ValueError, match="one policy"):
        expect_reports(case, sk.policy.stack([policy, policy]), "safe-messaging", answers=1)
    assert Reports([expect_reports(case, policy, "safe-messaging", answers=0)]).expected == 0
