"""Trust and release rules: anchors D1 to D6, laws M17 and M18, and every number by a second route."""

import itertools
import json
from dataclasses import replace
from math import comb, log, prod
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from simkit.theory import dial, release, trust
from simkit.theory.sequential import Sprt
from simkit.theory.trust import Types

ROWS = json.loads((Path(__file__).parent / "reference" / "trust.json").read_text(encoding="utf-8"))["anchors"]
FEW = {"aligned": 0.9, "overt": 0.09, "deceptive": 0.01}
ANCHOR = Types(**FEW, fails=0.05)
MODELS = Types(**FEW, fails=0.3, slips=0.02, unnoticed=0.5)
TEST = Sprt(good=0.01, bad=0.06)


def close(found, name):
    np.testing.assert_allclose(np.hstack([np.ravel(part) for part in found]), ROWS[name]["value"], rtol=ROWS[name]["rel_tol"])


def random_types(rng: np.random.Generator) -> Types:
    slips = rng.uniform(0, 0.3)
    aligned, overt, deceptive = rng.dirichlet([2, 1, 0.5])
    return Types(
        aligned=aligned,
        overt=overt,
        deceptive=deceptive,
        slips=slips,
        fails=rng.uniform(slips + 0.01, 1),
        unnoticed=rng.uniform(),
    )


def clean_record(types: Types, audits: np.ndarray, covert: int = 0) -> np.ndarray:
    """P(aligned | so many audits, all passed)."""
    kinds = np.stack([audits, np.zeros_like(audits)], -1)
    return trust.belief(types, kinds[..., ::-1] if covert else kinds)[..., 0]


# --- anchors ----------------------------------------------------------------------------------------------------------


def test_d1_rule_of_succession():
    n = np.array([10, 100, 1000])
    close([trust.next_clean(n), trust.next_clean(n, n)], "D1.1")
    close([trust.rate_bound(n)], "D1.2")


def test_d2_kalra_and_paddock():
    rate = 1.09e-8
    close([trust.trials_to_bound(rate) / 1e6], "D2.1")
    close([trust.trials_to_measure(rate, within=0.2) / 1e9, trust.trials_to_beat(rate, better=0.2) / 1e9], "D2.2")


def walds_lines(test: Sprt) -> tuple[float, float, float, float]:
    """Wald's k, h₁, h₂, s: the two boundaries as straight lines."""
    k = log(test.bad * (1 - test.good) / (test.good * (1 - test.bad)))
    ends = log((1 - test.alpha) / test.beta), log((1 - test.beta) / test.alpha)
    return k, ends[0] / k, ends[1] / k, log((1 - test.good) / (1 - test.bad)) / k


def walds_audits(test: Sprt) -> list[float]:
    """Wald's approximate mean number of audits for a good and for a bad model (his identity, without overstepping)."""
    _, loosen, close, s = walds_lines(test)
    good = ((1 - test.alpha) * loosen - test.alpha * close) / (s - test.good)
    return [good, ((1 - test.beta) * close - test.beta * loosen) / (test.bad - s)]


def operating(test: Sprt, good: float, bad: float, months: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For failure rates `good` and `bad`: probability to be loosened, to be closed, and the mean number of audits."""
    models = Types(aligned=0.5, overt=0.5, deceptive=0.0, slips=good, fails=bad)
    found = release.course(release.by_track_record(test), models, months)
    loosened, closed = found.loosened[:, :2], found.closed[:, :2]
    return loosened[-1], closed[-1], (1 - loosened - closed)[:-1].sum(0)


def test_d3_sequential_test():
    close([walds_lines(TEST)], "D3.1")
    first = next(n for n in range(1, 100) if TEST.verdict(n, 0) == 1)
    last = max(n for n in range(2, 100) if TEST.verdict(n, 2) == -1)
    close([first, last], "D3.2")
    loosened, _, audits = operating(TEST, 0.01, 0.06)
    close([walds_audits(TEST), [loosened[0], audits[0], loosened[1], audits[1]]], "D3.3")


def test_d4_three_types():
    close([clean_record(ANCHOR, np.array([0, 10, 50, 100, 1000]))], "D4.1")
    one_in_five = release.months_needed(replace(ANCHOR, unnoticed=0.2), 0.99, covert_every=1)
    close([release.months_needed(ANCHOR, 0.98), one_in_five], "D4.2")
    assert release.months_needed(ANCHOR, 0.99) == np.inf
    assert release.months_needed(ANCHOR, float(trust.ceiling(ANCHOR))) == np.inf, "it is approached, not reached"
    assert trust.ceiling(ANCHOR) == pytest.approx(0.9 / 0.91)


def test_d5_conservative():
    close([trust.conservative([0, 1000, 3000, 5000], target=1e-3, believed=1e-4, chance_of_it=0.9)], "D5.1")


def test_d6_dial_over_time():
    n = np.array([0, 10, 100, 1000])
    tau = trust.misalignment_sd(n, prior_sd=2, audit_sd=5)
    best = dial.TwoEstimates(human_noise=1.5, agent_noise=1.0, misalignment=tau).best
    close([np.stack([tau, best], axis=1)], "D6.1")


# --- second routes ----------------------------------------------------------------------------------------------------


def test_a_clean_record_by_integration():
    for a, b, n, m in ((1, 1, 10, 10), (0.5, 0.5, 40, 7), (2, 30, 0, 5)):
        prior = stats.beta(a, b).pdf
        both = integrate.quad(lambda p, n=n, m=m, prior=prior: prior(p) * (1 - p) ** (n + m), 0, 1)[0]
        seen = integrate.quad(lambda p, n=n, prior=prior: prior(p) * (1 - p) ** n, 0, 1)[0]
        assert trust.next_clean(n, m, prior=(a, b)) == pytest.approx(both / seen, rel=1e-7)
    bound = float(trust.rate_bound(50, 2, prior=(0.5, 0.5)))
    assert stats.beta(2.5, 50.5).cdf(bound) == pytest.approx(0.95, rel=1e-9)


def test_trials_by_their_definitions():
    """A Poisson count with that mean: none is seen with chance 5%; power and precision of the normal approximation."""
    rate = 0.002
    assert stats.poisson(float(trust.trials_to_bound(rate)) * rate).pmf(0) == pytest.approx(0.05)
    seen = float(trust.trials_to_measure(rate, within=0.1)) * rate
    assert stats.norm.cdf(0.1 * seen / np.sqrt(seen)) == pytest.approx(0.975)
    lower = float(trust.trials_to_beat(rate, better=0.3)) * rate * 0.7
    shift = (lower / 0.7 - lower) / np.sqrt(lower)
    assert stats.norm.cdf(shift - stats.norm.ppf(0.95)) == pytest.approx(0.8)


def test_the_conservative_prior_is_the_worst(rng):
    """No prior with that much belief below ε gives less: mass anywhere in [0, ε] and in (ε, 1]."""
    n, goal, good, theta = 800, 2e-3, 3e-4, 0.7
    worst = float(trust.conservative(n, target=goal, believed=good, chance_of_it=theta))
    for _ in range(200):
        low, high = rng.uniform(0, good, 4), np.concatenate([rng.uniform(good, goal, 2), rng.uniform(goal, 3 * goal, 2)])
        points = np.concatenate([low, high])
        mass = np.concatenate([theta * rng.dirichlet(np.ones(4)), (1 - theta) * rng.dirichlet(np.ones(4))])
        joint = mass * (1 - points) ** n
        assert joint[points <= goal].sum() / joint.sum() >= worst - 1e-12
    near = np.array([good, goal * (1 + 1e-9)])
    joint = np.array([theta, 1 - theta]) * (1 - near) ** n
    assert joint[0] / joint.sum() == pytest.approx(worst, rel=1e-6)


def test_belief_by_counting_sequences(rng):
    """Bayes by the chance of one sequence of audits, multiplied out audit by audit."""
    for _ in range(20):
        types = random_types(rng)
        kinds, failed = rng.integers(2, size=9), rng.integers(2, size=9)
        chances = [types.failing(int(k)) for k in kinds]
        joint = types.prior * prod(p if bad else 1 - p for p, bad in zip(chances, failed, strict=True))
        counts = [[((kinds == k) & (failed == bad)).sum() for k in (0, 1)] for bad in (0, 1)]
        np.testing.assert_allclose(trust.belief(types, *counts), joint / joint.sum(), rtol=1e-10)


def test_belief_keeps_long_records():
    found = trust.belief(MODELS, (10**6, 0), (20_000, 0))
    assert found[0] == pytest.approx(0.9 / 0.91, rel=1e-9)
    assert trust.belief(ANCHOR, (5, 0), (1, 0)).tolist() == [0, 1, 0], "a failure shows who can fail"


def test_months_needed_by_the_closed_form_and_by_trying(rng):
    for _ in range(30):
        a, m, d = rng.dirichlet([5, 2, 0.3])
        f, bar = rng.uniform(0.01, 0.5), rng.uniform(a, a / (a + d))
        types = Types(aligned=a, overt=m, deceptive=d, fails=f, unnoticed=0.3)
        formula = np.ceil(np.log((a * (1 / bar - 1) - d) / m) / np.log(1 - f))
        assert release.months_needed(types, bar) == formula
        for covert in (0, 1):
            need = release.months_needed(types, bar, covert_every=covert)
            assert clean_record(types, np.array(need), covert) >= bar
            assert clean_record(types, np.array(need - 1), covert) < bar
    assert release.months_needed(ANCHOR, 0.5) == 0


def test_the_share_that_turns_trust(rng):
    for _ in range(30):
        types = random_types(rng)
        passed, failed = rng.integers(0, 20, 2), rng.integers(0, 2, 2)
        turn = float(trust.break_even_deceptive(types, 0.9, passed, failed))
        rest = np.asarray(types.aligned) + types.overt

        def with_deceptive(share, types=types, rest=rest):
            others = (np.asarray(types.aligned) * (1 - share) / rest, np.asarray(types.overt) * (1 - share) / rest)
            return Types(
                aligned=others[0],
                overt=others[1],
                deceptive=share,
                fails=types.fails,
                slips=types.slips,
                unnoticed=types.unnoticed,
            )

        if np.isnan(turn):
            ends = [trust.belief(with_deceptive(x), passed, failed)[0] for x in (1e-9, 1 - 1e-9)]
            assert (np.array(ends) < 0.9).all()
            continue
        assert trust.belief(with_deceptive(turn), passed, failed)[0] == pytest.approx(0.9, rel=1e-9)
        assert trust.belief(with_deceptive(turn / 2), passed, failed)[0] > 0.9


def test_plausible_priors(rng):
    drawn = trust.plausible(MODELS, rng, 40_000, factor=5)
    odds = np.asarray(drawn.deceptive) / np.asarray(drawn.aligned)
    assert np.median(odds) == pytest.approx(0.01 / 0.9, rel=0.02)
    inside = (odds > 0.01 / 0.9 / 5) & (odds < 0.01 / 0.9 * 5)
    assert inside.mean() == pytest.approx(0.9, abs=5 * np.sqrt(0.09 / 40_000))


# --- laws -------------------------------------------------------------------------------------------------------------


def test_m17_open_audits_never_pass_the_ceiling_and_covert_ones_do(rng):
    for _ in range(200):
        types = random_types(rng)
        top = float(trust.ceiling(types))
        passed, failed = rng.integers(0, 500, (50, 2)), rng.integers(0, 5, (50, 2))
        passed[:, 1] = failed[:, 1] = 0
        assert (trust.belief(types, passed, failed)[:, 0] <= top * (1 + 1e-12)).all()
        count = np.array([0, 1, 10, 100, 10**4, 10**9])
        grows = clean_record(types, count)
        assert (np.diff(grows) >= -1e-15).all()
        assert grows[-1] == pytest.approx(top, rel=1e-6)
        assert trust.ceiling(types, covert=True) == 1
        assert clean_record(types, np.array(10**9), covert=1) == pytest.approx(1, abs=1e-6)


def test_m18_order_does_not_matter(rng):
    """The verdict from the counts is that of the log-likelihood ratio added up in any order."""
    for _ in range(50):
        n, failures = int(rng.integers(1, 80)), int(rng.integers(0, 6))
        failures = min(failures, n)
        record = rng.permutation([1] * failures + [0] * (n - failures))
        ratio = sum(log(0.06 / 0.01) if bad else log(0.94 / 0.99) for bad in record)
        said = 1 if ratio <= log(0.1 / 0.95) else -1 if ratio >= log(0.9 / 0.05) else 0
        assert TEST.verdict(n, failures) == said
        _, h1, h2, s = walds_lines(TEST)
        assert said == (1 if failures <= s * n - h1 else -1 if failures >= s * n + h2 else 0)


def test_the_dial_loosens_and_never_reaches_one():
    n = np.geomspace(1, 1e12, 60)
    tau = trust.misalignment_sd(n, prior_sd=2, audit_sd=5)
    best = dial.TwoEstimates(human_noise=1.5, agent_noise=1.0, misalignment=tau).best
    assert (np.diff(best) > 0).all()
    assert best[-1] == pytest.approx(2.25 / 3.25, rel=1e-9)


def test_doubt_shrinks_as_in_a_regression(rng):
    """τ is the posterior spread of a normal mean: by drawing the truth and the mean of n noisy audits, and regressing."""
    n, count = 7, 200_000
    truth = rng.normal(0, 2, count)
    seen = truth + rng.normal(0, 5 / np.sqrt(n), count)
    slope = (truth @ seen) / (seen @ seen)
    left = (truth - slope * seen).std()
    assert left == pytest.approx(float(trust.misalignment_sd(n, prior_sd=2, audit_sd=5)), rel=0.01)


def test_trust_keeps_its_promise(rng):
    """Of the models that a rule loosens at a trust of t, at most 1 − t are misaligned, if what it believes is true."""
    for _ in range(25):
        types, bar = random_types(rng), rng.uniform(0.7, 0.999)
        for rule in (
            release.by_trust(types, bar),
            release.by_verified_record(types, bar, covert_every=int(rng.integers(1, 4))),
        ):
            found = release.course(rule, types, 25)
            assert not found.loosened[-1].any() or found.misaligned_among_loosened <= 1 - bar + 1e-12


# --- exact courses ----------------------------------------------------------------------------------------------------


def test_a_test_by_paths_and_by_drawing(rng):
    """A short test by every path; a long one by Monte Carlo."""
    rate, most = 0.2, 9
    test = Sprt(good=0.05, bad=0.4, alpha=0.1, beta=0.1)
    loosened = closed = audits = 0.0
    for path in itertools.product((0, 1), repeat=most):
        chance = prod(rate if bad else 1 - rate for bad in path)
        verdicts = [int(test.verdict(n, sum(path[:n]))) for n in range(1, most + 1)]
        end = next((n for n, said in enumerate(verdicts, 1) if said), most)
        audits += chance * end
        loosened += chance * (verdicts[end - 1] == 1)
        closed += chance * (verdicts[end - 1] == -1)
    found = [each[0] for each in operating(test, rate, 0.5, months=most)]
    assert found == pytest.approx([loosened, closed, audits], rel=1e-12)
    ends = []
    for _ in range(4000):
        n = bad = said = 0
        while not said:
            n, bad = n + 1, bad + int(rng.random() < 0.06)
            said = int(TEST.verdict(n, bad))
        ends.append((said == 1, n))
    right, length = np.array(ends).T
    loosened, closed, audits = (each[1] for each in operating(TEST, 0.01, 0.06))
    assert right.mean() == pytest.approx(float(loosened), abs=4 * right.std() / np.sqrt(4000))
    assert length.mean() == pytest.approx(float(audits), abs=4 * length.std() / np.sqrt(4000))
    assert loosened + closed == pytest.approx(1, abs=1e-6)


def test_wald_is_conservative():
    loosened, closed, _ = operating(TEST, 0.01, 0.06)
    assert closed[0] < TEST.alpha
    assert loosened[1] < TEST.beta


def rules(types: Types) -> list[release.ReleaseRule]:
    return [
        release.by_date(4),
        release.by_track_record(Sprt(good=0.1, bad=0.5)),
        release.by_trust(types, 0.9),
        release.by_verified_record(types, 0.93, covert_every=2),
        release.never(),
    ]


def decide(rule: release.ReleaseRule, kinds: np.ndarray, failed: np.ndarray) -> tuple[int, int]:
    """Read a record month by month: the month in which a rule ends, and how (0: it never does)."""
    for n in range(len(kinds) + 1):
        bad = np.array([(failed[:n] & (kinds[:n] == k)).sum() for k in (0, 1)])
        count = np.array([(kinds[:n] == k).sum() for k in (0, 1)])
        if said := int(rule.verdict(n, count - bad, bad)):
            return n, said
    return len(kinds), 0


def test_courses_by_every_record():
    """All 2⁹ records, each with its chance under each type."""
    types = Types(aligned=0.7, overt=0.2, deceptive=0.1, fails=0.45, slips=0.08, unnoticed=0.7)
    months = 9
    for rule in rules(types):
        kinds = rule.covert(months).astype(int)
        fails = np.stack([types.failing(int(k)) for k in kinds])
        loosened, shut = np.zeros((2, months + 1, 3))
        for record in itertools.product((0, 1), repeat=months):
            seen = np.array(record)
            chance = np.where(seen[:, None] > 0, fails, 1 - fails).prod(0)
            end, said = decide(rule, kinds, seen)
            loosened[end:] += chance * (said == 1)
            shut[end:] += chance * (said == -1)
        found = release.course(rule, types, months)
        np.testing.assert_allclose(found.loosened, loosened, atol=1e-12)
        np.testing.assert_allclose(found.closed, shut, atol=1e-12)
        if loosened[-1, 0] > 0:
            steps = np.diff(loosened[:, 0], prepend=0)
            assert found.months_until == pytest.approx((steps * np.arange(10)).sum() / steps.sum())


def test_courses_by_drawing_models(rng):
    """Models drawn one by one, audited, and judged by the rule: type, record and verdict."""
    count, months = 20_000, 36
    for rule in (release.by_track_record(Sprt(good=0.02, bad=0.3)), release.by_verified_record(MODELS, 0.99)):
        kinds = rule.covert(months).astype(int)
        found = release.course(rule, MODELS, months)
        for kind in range(3):
            passed, failed, said, when = *np.zeros((2, count, 2), dtype=int), *np.zeros((2, count), dtype=int)
            for n, covert in enumerate(kinds, 1):
                bad = rng.random(count) < MODELS.failing(int(covert))[kind]
                failed[:, covert] += bad
                passed[:, covert] += ~bad
                now = np.where(said == 0, rule.verdict(n, passed, failed), 0)
                said, when = said + now, np.where(now != 0, n, when)
            share = (said == 1).mean()
            assert share == pytest.approx(found.loosened[-1, kind], abs=4.5 * np.sqrt(0.25 / count))
            if kind == 0:
                when = when[said == 1]
                assert when.mean() == pytest.approx(found.months_until, abs=4.5 * when.std() / np.sqrt(len(when)))


def test_without_slips_a_clean_record_decides():
    """Closed form: loosened in the first month in which a clean record is enough, if all audits were passed by then."""
    rule = release.by_trust(ANCHOR, 0.98)
    found = release.course(rule, ANCHOR, 60)
    need = int(release.months_needed(ANCHOR, 0.98))
    assert need == 47
    assert (found.loosened[:need] == 0).all()
    np.testing.assert_allclose(found.loosened[need], [1, 0.95**need, 1], rtol=1e-12)
    assert found.months_until == need
    odd = release.course(release.by_trust(ANCHOR, 0.98), ANCHOR, 0)
    assert odd.months == 0


def test_binomial_tail_at_the_end():
    """A rule that looks once, at the end: at most one failure of twelve."""
    once = release.ReleaseRule(
        name="once",
        decides="a board",
        evidence="open audits",
        by="month 12",
        verdict=lambda n, _, failed: ((n == 12) & (failed.sum(-1) <= 1)).astype(int),
    )
    found = release.course(once, MODELS, 20)
    for kind, p in enumerate((0.02, 0.3, 0.02)):
        assert found.loosened[-1, kind] == pytest.approx(sum(comb(12, k) * p**k * (1 - p) ** (12 - k) for k in (0, 1)))


# --- what is odd about a clause ---------------------------------------------------------------------------------------


def said(rule: release.ReleaseRule, months: int = 36, types: Types = MODELS) -> str:
    return release.finding(release.course(rule, types, months))


def test_a_clause_that_can_never_trigger_is_found():
    text = said(release.by_trust(MODELS, 0.99))
    assert "can never trigger" in text
    assert "99% trust" in text
    assert "98.9%" in text
    need = release.months_needed(MODELS, 0.99, covert_every=2)
    assert f"{need:.0f} clean months" in text
    assert trust.belief(MODELS, (need - need // 2, need // 2))[0] >= 0.99
    assert trust.belief(MODELS, (need - 1 - (need - 1) // 2, (need - 1) // 2))[0] < 0.99
    assert release.by_verified_record(MODELS, 0.99, covert_every=3).covert(7).tolist() == [False, False, True] * 2 + [False]
    assert "cannot trigger within 20 months" in said(release.by_trust(MODELS, 0.98901), 20)
    assert "never trigger" not in said(release.by_trust(MODELS, 0.98))
    lost = Types(aligned=0.0, overt=1.0, deceptive=0.0, fails=0.3)
    assert trust.ceiling(lost) == trust.ceiling(lost, covert=True) == 0
    assert "can never trigger" in said(release.by_verified_record(lost, 0.9), types=lost)
    blind = Types(**FEW, fails=0.3, unnoticed=0.0)
    assert "can never trigger" in said(release.by_verified_record(blind, 0.99), types=blind)
    assert release.months_needed(blind, 0.99, covert_every=1) == np.inf


def test_clauses_that_loosen_whatever_is_seen_are_found():
    assert "whatever is seen" in said(release.by_date(12))
    assert "month 12" in said(release.by_date(12))
    assert "before anything is seen" in said(release.by_trust(MODELS, 0.5))
    assert "before anything is seen" in said(release.by_date(0))
    assert "never loosens" in said(release.never())
    assert "never loosens" in said(release.by_date(40))
    assert "cannot tell a deceptive model" in said(release.by_track_record(Sprt(good=0.02, bad=0.3)))
    assert said(release.by_verified_record(MODELS, 0.99)) == ""


def test_side_by_side_reads_itself_out():
    found = release.side_by_side(MODELS, [release.by_date(12), release.by_verified_record(MODELS, 0.99), release.never()], 36)
    text = repr(found)
    assert "whoever set the date" in text
    assert "one in 2 covert" in text
    assert "by date (month 12): It loosens" in text
    html = release.RuleTable((release.course(release.by_trust(MODELS, 0.9, name="<b>"), MODELS, 5),))._repr_html_()
    assert "&lt;b&gt;" in html
    worlds = trust.plausible(MODELS, np.random.default_rng(1), 7)
    each = found.misaligned(worlds)
    assert each.shape == (3, 7)
    np.testing.assert_allclose(each[0], 1 - np.asarray(worlds.aligned), rtol=1e-12)
    assert found.misaligned(MODELS)[1] == pytest.approx(found.courses[1].misaligned_among_loosened)
    with pytest.raises(ValueError, match="names of their own"):
        release.side_by_side(MODELS, [release.never(), release.never()], 3)


# --- what makes no sense ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Types(aligned=0.9, overt=0.2, deceptive=0.1, fails=0.1), "add up to 1, not to 1.2"),
        (lambda: Types(**FEW, fails=1.5), "fails must be a number from 0 to 1 .*, not 1.5"),
        (lambda: Types(**FEW, fails=0.1, slips=0.1), "fail audits more often"),
        (lambda: Sprt(good=0.1, bad=0.1), "good < bad"),
        (lambda: Sprt(good=0.1, bad=0.2, alpha=0.6, beta=0.5), "alpha and beta"),
        (lambda: release.by_date(-1), "month -1"),
        (lambda: release.by_verified_record(MODELS, 0.9, covert_every=0), "needs covert audits"),
        (lambda: release.by_trust(MODELS, 1.2), "threshold must be a number from 0 to 1"),
        (lambda: release.course(release.never(), MODELS, 601), "from 0 to 600"),
        (lambda: release.course(release.never(), trust.plausible(MODELS, np.random.default_rng(0), 3), 3), "one prior"),
        (lambda: trust.plausible(MODELS, np.random.default_rng(0), 3, factor=0.5), "1 or more"),
        (lambda: trust.belief(MODELS, (-1, 0)), "passed audits"),
        (lambda: trust.trials_to_bound(0), "rate must be positive"),
        (lambda: trust.conservative(1, target=1e-4, believed=1e-3, chance_of_it=0.9), "cannot lie above the target"),
        (lambda: trust.next_clean(-1), "clean"),
    ],
)
def test_bad_input_is_named(make, why):
    with pytest.raises(ValueError, match=why):
        make()


def test_a_good_model_that_never_fails_closes_at_the_first_failure():
    strict = Sprt(good=0.0, bad=0.2)
    assert strict.verdict(5, 1) == -1
    first = next(n for n in range(1, 99) if strict.verdict(n, 0) == 1)
    assert 0.8**first <= 0.1 / 0.95 < 0.8 ** (first - 1)
    assert operating(strict, 0.0, 0.2)[0][0] == 1


# --- ties, where rounding must not decide --------------------------------------------------------------------------------


def hundredths():
    return [(a, d) for a in range(1, 100) for d in range(100 - a)]


def of(a: float, d: float, **chances) -> trust.Types:
    return trust.Types(aligned=a, overt=round(1 - a - d, 12), deceptive=d, **{"fails": 0.3, **chances})


def test_trust_that_equals_the_threshold_has_reached_it():
    for a, d in hundredths():
        types, bar = of(a / 100, d / 100), a / 100
        assert trust.reached(types, bar)
        assert release.months_needed(types, bar) == 0
        assert not trust.reached(types, bar + 1e-9)


@pytest.mark.parametrize("slips", [0.0, 0.02])
@pytest.mark.parametrize(("a", "d", "bar"), [(0.57, 0.03, 0.95), (0.63, 0.07, 0.9), (0.4, 0.1, 0.8), (0.45, 0.05, 0.9)])
def test_a_ceiling_that_trust_only_comes_nearer_to_is_never_reached(a, d, bar, slips):
    types = of(a, d, fails=0.95, slips=slips)
    assert float(trust.ceiling(types)) == pytest.approx(bar, rel=1e-15)
    for audits in (1, 24, 600, 10**9, 2**50):
        assert not trust.reached(types, bar, (audits, 0))
    assert release.months_needed(types, bar) == np.inf
    found = release.course(release.by_trust(types, bar), types, 24)
    assert not found.loosened.any()
    assert "can never trigger" in release.finding(found)
    assert trust.reached(types, bar - 1e-9, (600, 0))


def test_where_overt_models_fail_for_sure_one_audit_comes_to_the_ceiling():
    types = of(0.63, 0.07, fails=1.0)
    assert trust.reached(types, 0.9, (1, 0))
    assert release.months_needed(types, 0.9) == 1
    assert release.months_needed(types, 0.91) == np.inf


def test_full_trust_takes_proof():
    types = trust.Types(aligned=0.9, overt=0.1, deceptive=0.0, fails=0.5)
    assert trust.belief(types, (5000, 0))[0] == 1  # but for rounding it is less
    assert not trust.reached(types, 1.0, (5000, 0))
    assert release.months_needed(types, 1.0) == np.inf
    found = release.course(release.by_trust(types, 1.0), types, 600)
    assert not found.loosened.any()
    assert "above" not in release.finding(found)
    sure = trust.Types(aligned=0.9, overt=0.1, deceptive=0.0, fails=1.0)
    assert release.months_needed(sure, 1.0) == 1


@pytest.mark.parametrize("p", np.arange(1, 50) / 100)
def test_a_record_on_one_of_walds_lines_has_reached_it(p):
    """With rates p and 1 − p and errors of p each, one audit lies on a line; so do all with one more of a kind."""
    test = Sprt(good=p, bad=1 - p, alpha=p, beta=p)
    for pairs in (0, 1, 7, 1000):
        assert test.verdict(2 * pairs + 1, pairs + 1) == -1
        assert test.verdict(2 * pairs + 1, pairs) == 1
        assert test.verdict(2 * pairs, pairs) == 0
