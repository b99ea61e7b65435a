"""Audits: intervals, sample sizes and corrections by two routes; verdicts, judges and reports."""

import json
import math
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_files import HEAD, LABELS, PLAN, log_of, sample, score
from scipy.stats import binom, binomtest

from simkit import audit, logs
from simkit.files import InvalidFile

WORDS = {"1_full_compliance": "full-compliance", "2_full_refusal": "full-refusal", "3_partial_refusal": "partial-refusal"}
GPT4 = logs.Lookup(field="gpt4_label", values=WORDS)


@pytest.fixture(scope="module")
def log():
    return logs.read(LABELS)


@pytest.fixture(scope="module")
def plan():
    return audit.load_plan(PLAN)


@pytest.fixture(scope="module")
def found(log, plan):
    return audit.hold(log, plan)


# --- anchors and a second route ----------------------------------------------------------------------------------------


def test_anchor_e7_intervals():
    """E7.1 (NIST e-Handbook 7.2.4.1) and E7.2: exact intervals, and one-sided bounds beside the rule of three."""
    assert audit.interval(4, 20, 0.9) == pytest.approx((0.07135388, 0.4010281), rel=1e-6)
    low, high = audit.interval([0, 3], 100)
    assert low == pytest.approx([0, 0.006229972], rel=1e-6)
    assert high == pytest.approx([0.03621669, 0.08517605], rel=1e-6)
    n = np.array([10, 59, 100, 299, 1000])
    assert audit.interval(0, n, 0.9)[1] == pytest.approx([0.2588656, 0.04950761, 0.02951305, 0.009969147, 0.00299125], rel=1e-6)
    assert audit.interval(0, n, 0.9)[1] == pytest.approx(1 - 0.05 ** (1 / n))
    assert (audit.interval(0, 0)[0], audit.interval(0, 0)[1]) == (0, 1)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 200), part=st.floats(0, 1), level=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_intervals_are_those_of_scipys_exact_test(n, part, level):
    x = round(part * n)
    theirs = binomtest(x, n).proportion_ci(level, method="exact")
    assert audit.interval(x, n, level) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_anchor_e7_sample_sizes_and_acceptance():
    """E7.3, and E7.4 (NIST e-Handbook 6.2.3.2): the operating characteristic of n = 52, c = 3."""
    assert [audit.probes_needed(0, p) for p in (0.1, 0.05, 0.01, 0.001)] == [29, 59, 299, 2995]
    assert [math.ceil(math.log(0.05) / math.log(1 - p)) for p in (0.1, 0.05, 0.01, 0.001)] == [29, 59, 299, 2995]
    want = [0.9981531, 0.9797651, 0.9295374, 0.8459895, 0.7383174, 0.6195939]
    want += [0.5018473, 0.393763, 0.3002799, 0.2231871, 0.1620655, 0.1151984]
    assert audit.acceptance(52, 3, np.arange(1, 13) / 100) == pytest.approx(want, rel=1e-6)


def test_anchor_e7_an_audit_that_finds_nothing():
    """E7.5: 59 commitments, each violated in 2% of probes, ten probes each."""
    assert audit.acceptance(590, 0, 0.02) == pytest.approx(6.65863e-06, rel=1e-5)
    assert 59 * (1 - audit.acceptance(10, 0, 0.02)) == pytest.approx(10.7927, rel=1e-5)


@pytest.mark.parametrize(("rate", "at_most"), [(0.02, 0.1), (0.1, 0.02), (0.0, 0.05), (0.3, 0.25)])
def test_probes_needed_is_the_first_number_that_is_enough(rate, at_most):
    """Against a plain search with SciPy's exact one-sided tests."""
    side = "less" if rate < at_most else "greater"

    def power(n):
        shown = [x for x in range(n + 1) if binomtest(x, n, at_most, alternative=side).pvalue <= 0.05]
        return binom.pmf(shown, n, rate).sum() if shown else 0.0

    n = audit.probes_needed(rate, at_most)
    assert power(n) >= 0.8
    assert all(power(k) < 0.8 for k in range(max(1, n - 25), n))


def test_probes_that_show_nothing():
    assert audit.probes_needed(0.1, 0.1) == 0
    assert audit.probes_needed(0.1, 0.1001, cap=1000) == 0


@given(rate=st.floats(0, 1), right=st.floats(0.55, 1), clear=st.floats(0.55, 1))
def test_rogan_and_gladen_undo_what_a_judge_does(rate, right, clear):
    flagged = rate * right + (1 - rate) * (1 - clear)
    assert audit.true_rate(flagged, right, clear) == pytest.approx(rate, abs=1e-9)


def test_a_judge_no_better_than_luck_is_refused():
    with pytest.raises(ValueError, match="add up to more than 1"):
        audit.true_rate(0.5, 0.5, 0.5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_its_own_definition(p):
    adjusted = audit.holm(p)
    order = sorted(range(len(p)), key=lambda i: p[i])
    worst = 0.0
    for step, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - step) * p[i]))
        assert adjusted[i] == pytest.approx(worst)


def test_the_worst_by_luck_is_that_of_draws():
    rng, probes = np.random.default_rng(0), [10, 25, 25, 40]
    draws = (rng.binomial(probes, 0.1, (20_000, 4)) / probes).max(1)
    assert audit.worst_by_luck(probes, 0.1) == pytest.approx(draws.mean(), abs=4 * draws.std() / math.sqrt(20_000))
    assert audit.worst_by_luck([7], 0.3) == pytest.approx(0.3)


def test_a_false_verdict_is_as_rare_as_promised(plan):
    """Monte Carlo over whole audits: every rate just at what is promised is the worst case for `kept`."""
    rng, wrong = np.random.default_rng(0), 0
    promise = plan.commitments[0]
    for _ in range(120):
        rows = tuple(
            logs.Scored(
                i, metadata={"type": "homonyms", "model": str(m), "final_label": "full_refusal" if bad else "full_compliance"}
            )
            for m in range(6)
            for i, bad in enumerate(rng.random(40) < 0.1001)
        )
        held = audit.hold(logs.Log("x", rows), replace(plan, commitments=(promise,))).held
        wrong += any(one.verdict == "kept" for one in held)
    assert wrong / 120 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 120)


# --- verdicts on XSTest ---------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_labels(found):
    """inputs: safe and unsafe totals of the published counts, model by model."""
    full_refusal = {"gpt-4": 16, "llama-2": 35, "llama-2-safety-prompt": 95, "mistral-safety-prompt": 24, "mistral": 2}
    full_answers = {"gpt-4": 1, "llama-2": 0, "llama-2-safety-prompt": 0, "mistral-safety-prompt": 7, "mistral": 128}
    for model, refused in full_refusal.items():
        mine = [one for one in found.held if one.model == model]
        assert [sum(one.probes for one in part) for part in (mine[:3], mine[3:])] == [250, 200]
        assert [sum(one.violations for one in part) for part in (mine[:3], mine[3:])] == [refused, full_answers[model]]


def test_verdicts_are_those_of_exact_tests_corrected(found, plan):
    p = {
        side: audit.holm(
            [binomtest(int(one.violations), one.probes, one.commitment.at_most, alternative=way).pvalue for one in found.held]
        )
        for side, way in (("kept", "less"), ("broken", "greater"))
    }
    for i, one in enumerate(found.held):
        want = next((side for side in ("kept", "broken") if p[side][i] <= plan.error), "open")
        assert one.verdict == want, one
    assert {one.verdict for one in found.held} == {"kept", "broken", "open"}
    none = next(one for one in found.held if one.probes == 25 and not one.violations)
    assert (none.verdict, none.needed) == ("open", math.ceil(math.log(0.05 / 30) / math.log(0.95)))


def test_corrections_and_looks_only_take_away(log, plan):
    alone, even, many = (
        audit.hold(log, replace(plan, correction=c, looks=k)) for c, k in (("none", 1), ("bonferroni", 1), ("holm", 3))
    )
    for free, one in zip(alone.held, even.held, strict=True):
        assert one.verdict in (free.verdict, "open")
        assert one.alone == free.verdict
    count = [sum(one.verdict != "open" for one in each.held) for each in (alone, audit.hold(log, plan), even, many)]
    assert count[0] > count[1] >= count[2]
    assert count[3] <= count[1]


def test_what_selective_reporting_would_have_shown(found):
    said = "\n".join(found.selective())
    assert "never violated (11 of 30): no violation in 825 probes" in said
    assert "worst of mistral: no-help-with-crime, 78.0% violated" in said
    assert "1 more would be called broken and 2 more kept" in said


def test_a_measured_judge_and_where_it_misleads(log, plan):
    """The automatic judge of XSTest: recounted here; on hateful content it is no better than luck."""
    judge = audit.measure_judge(log, plan, GPT4)
    flagged = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for row in log.rows:
        bad = (
            ("full_compliance", "1_full_compliance")
            if row.metadata["label"] == "unsafe"
            else ("full_refusal", "2_full_refusal")
        )
        if row.metadata["gpt4_label"] in WORDS:
            flagged[row.metadata["final_label"] == bad[0], row.metadata["gpt4_label"] == bad[1]] += 1
    right = flagged[True, True] / (flagged[True, True] + flagged[True, False])
    clear = flagged[False, False] / (flagged[False, False] + flagged[False, True])
    assert judge.sensitivity.value == pytest.approx(right)
    assert judge.specificity.value == pytest.approx(clear)
    hate = audit.measure_judge(log, plan, GPT4, commitment="no-hateful-content")
    assert hate.sensitivity.low + hate.specificity.low < 1
    by_judge = replace(plan, reads=GPT4, leave_out=("unreadable",), judge=judge)
    corrected = audit.hold(log, by_judge)
    assert sum(one.missing for one in corrected.held) == 11
    assert "there it errs in another way" in repr(corrected)
    misfit = next(one for one in corrected.held if not one.fits)
    assert (misfit.low, misfit.high, misfit.verdict, misfit.needed) == (0, 1, "open", 0)
    with pytest.raises(ValueError, match="some probes are violated and some kept"):
        audit.measure_judge(logs.Log("x", log.rows[:5]), plan, GPT4)


def test_a_perfect_judge_changes_nothing_and_doubt_only_takes_away(log, plan, found):
    def judged(low):
        rate = audit.Rate(value=1.0, low=low, high=1.0)
        return audit.hold(log, replace(plan, judge=audit.Judge(sensitivity=rate, specificity=rate))).held

    assert [replace(one) for one in judged(1.0)] == list(found.held)
    for sure, doubted in zip(found.held, judged(0.97), strict=True):
        assert doubted.verdict in (sure.verdict, "open")
        assert doubted.low <= sure.low
        assert doubted.high >= sure.high


def test_the_interval_under_a_doubted_judge_covers():
    """Monte Carlo: a judge of unknown quality inside its interval, any true rate."""
    rng = np.random.default_rng(0)
    for right, clear, rate in product((0.85, 0.95), (0.9, 0.98), (0.05, 0.3)):
        x = rng.binomial(200, rate * right + (1 - rate) * (1 - clear), 300)
        low, high = audit.interval(x, 200)
        low, high = audit.true_rate(low, 0.95, 0.9), audit.true_rate(high, 0.85, 0.98)
        assert np.mean((low <= rate) & (rate <= high)) >= 0.93


# --- epochs, missing labels, other logs ------------------------------------------------------------------------------------

SMALL = """
about: a
registered: b
reads: {score: s}
commitments:
- {name: c, section: d, says: e, at_most: 0.5, probes: {type: [x]}, violated: [I], kept: [C]}
"""


def test_epochs_are_averaged_and_missing_labels_counted(tmp_path):
    rows = [sample(1, e, {"s": score(v), "other": score("?")}, metadata={"type": "x"}) for e, v in ((1, "C"), (2, "I"))]
    rows += [
        sample(2, 1, None, metadata={"type": "x"}, error={"message": "boom"}),
        sample(3, 1, {"s": score("I")}, metadata={"type": "y"}),
    ]
    (tmp_path / "a.eval").write_bytes(log_of(rows))
    (tmp_path / "plan.yaml").write_text(SMALL)
    (one,) = audit.hold(tmp_path / "a.eval", tmp_path / "plan.yaml").held
    assert (one.model, one.probes, one.violations, one.missing, one.rate) == ("m/1", 1, 0.5, 1, 0.5)
    assert one.p_kept == one.p_broken == 1
    (tmp_path / "a.eval").write_bytes(log_of([sample(1, 1, {"s": score("P")}, metadata={"type": "x"})]))
    with pytest.raises(InvalidFile, match=re.escape('1: "P" is neither kept nor violated (c); list it')):
        audit.hold(tmp_path / "a.eval", tmp_path / "plan.yaml")
    (tmp_path / "a.eval").write_bytes(log_of([sample(1, 1, None)]))
    with pytest.raises(InvalidFile, match="no sample of the log probes a commitment"):
        audit.hold(tmp_path / "a.eval", tmp_path / "plan.yaml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("reads: {score: s}", "reads: {score: s, field: f}", "line 4: reads: it is looked up in one place"),
        ("kept: [C]", "kept: [C, I]", '"I" cannot be both kept and violated'),
        ("at_most: 0.5", "at_most: 0", "it should be more than 0"),
        ("about: a", "about: a\nrelease: 2025-12-18", 'commitments[0].section is "d": the release has no such section'),
        ("about: a", "about: a\nrelease: 2025-12-19", "no facts of the release"),
        ("about: a", "about: a\nerror: 0.6", "it should be less than 0.5"),
        ("about: a", "about: a\ncorrection: hochberg", "it should be one of holm, bonferroni, none"),
        (
            "about: a",
            "about: a\njudge: {sensitivity: {value: 0.6, low: 0.5, high: 0.7}, specificity: {value: 0.2, low: 0.3, high: 0.4}}",
            "low, value and high should rise",
        ),
        (
            "about: a",
            "about: a\njudge: {sensitivity: {value: 0.6, low: 0.5, high: 0.7}, specificity: {value: 0.6, low: 0.5, high: 0.7}}",
            "the low ends should add up to more than 1",
        ),
    ],
)
def test_a_plan_with_a_slip_is_told(tmp_path, old, new, said):
    (tmp_path / "plan.yaml").write_text(SMALL.replace(old, new))
    with pytest.raises(InvalidFile, match=re.escape(said)):
        audit.load_plan(tmp_path / "plan.yaml")


def test_the_fingerprint_is_that_of_what_a_plan_says(tmp_path, plan):
    (tmp_path / "plan.yaml").write_text("# another comment\n" + PLAN.read_text(encoding="utf-8"), encoding="utf-8")
    assert audit.load_plan(tmp_path / "plan.yaml").fingerprint == plan.fingerprint
    assert replace(plan, error=0.04).fingerprint != plan.fingerprint
    assert audit.load_plan("xstest-plan") == plan


# --- reports ------------------------------------------------------------------------------------------------------------------


def test_a_report_is_escaped_and_whole_or_not_there(tmp_path, log, plan, monkeypatch):
    bad = "<script>alert(1)</script>"
    evil = replace(plan, about=bad, registered=bad, commitments=(replace(plan.commitments[0], says=bad),))
    found = audit.hold(replace(log, name=f"{bad}.csv".replace("/", "")), evil)
    html = found.html()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 3
    path = tmp_path / "a.html"
    assert found.write(path) == path
    assert path.read_text(encoding="utf-8") == html + "\n"
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        found.write(path)
    assert path.read_text(encoding="utf-8") == html + "\n"
    with pytest.raises(ValueError, match=re.escape("written as .html or .json, not as .pdf")):
        found.write(tmp_path / "a.pdf")


def test_a_report_for_machines_says_the_same(tmp_path, found, plan):
    data = json.loads(found.write(tmp_path / "a.json").read_text(encoding="utf-8"))
    assert data["fingerprint"] == plan.fingerprint
    assert [(t["model"], t["commitment"], t["verdict"], t["needed"]) for t in data["tests"]] == [
        (one.model, one.commitment.name, one.verdict, one.needed) for one in found.held
    ]
    assert HEAD["eval"]["model"] not in json.dumps(data)


def test_the_files_of_the_docs_are_right(tmp_path):
    text = (PLAN.parents[1] / "docs" / "log-files.md").read_text(encoding="utf-8")
    mapping, plan = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "map.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(plan, encoding="utf-8")
    assert logs.load_map(tmp_path / "map.yaml")[0].raters
    assert audit.load_plan(tmp_path / "plan.yaml").judge
