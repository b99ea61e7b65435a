"""The impact of an amendment: its numbers by hand and by another route, its words, its pictures and its errors."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot

import simkit as sk
from simkit import spec

mpl.use("agg")
CONTEXTS = ("icu-team", "general-assistant", "malicious-operator")


@pytest.fixture(scope="module")
def rules():
    return spec.load("general-assistant")


@pytest.fixture(scope="module")
def amended(rules):
    return spec.amend(rules, spec.load_amendment("keep-safe-messaging"))


@pytest.fixture(scope="module")
def cases():
    case = sk.load("medication-threshold")
    return [case.in_context(name) for name in CONTEXTS]


@pytest.fixture(scope="module")
def impact(rules, amended, cases):
    return spec.assess_impact(rules, amended, cases, rng=np.random.default_rng(0))


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_the_gain_by_hand(impact):
    """Under the switch plain signals get full-bare, under the protection full-with-care: one cell at a time."""
    for name in ("icu-team", "malicious-operator"):
        found, total = impact.of(name), 0.0
        case = found.case
        plain = [k for k, signal in enumerate(case.population.signal_names) if signal.endswith("+plain")]
        bare, care = case.response("full-bare"), case.response("full-with-care")
        for s in range(len(case.segments)):
            sends = case.population.shares[s] * sum(case.population.signals[s, k] for k in plain)
            harm = case.harm[s, care] + case.neglect[s, care] - case.harm[s, bare] - case.neglect[s, bare]
            change = sends * (case.help[s, care] - case.help[s, bare] - case.harm_weight * harm)
            assert found.gains[s] == pytest.approx(change, abs=1e-12)
            total += change
        assert found.gain == pytest.approx(total, rel=1e-9)
        assert sum(found.moved.values()) == pytest.approx(case.population.joint[:, plain].sum())
        assert set(found.moved) == {("full-bare", "full-with-care")}


def test_nets_add_up_to_the_outcomes(impact):
    for found in impact.cases:
        assert found.nets.sum(1) == pytest.approx(found.outcome.net)
        assert found.gains.sum() == pytest.approx(found.gain)


def test_where_nothing_changes_nothing_is_claimed(impact):
    still = impact.of("general-assistant")
    assert not still.moved
    assert still.gain == 0
    assert np.isnan(still.better_in)
    assert repr(still) == "general-assistant: no answer changes."


def test_plausible_worlds_are_those_of_compare(rules, amended, cases, impact):
    """Second route: the two policies compared directly, with other random numbers."""
    for case, name in ((cases[0], "icu-team"), (cases[2], "malicious-operator")):
        now, then = (replace(spec.compile(r, case), name=n) for r, n in ((amended, "now"), (rules, "then")))
        found = sk.compare(case, now, then, rng=np.random.default_rng(1), worlds=4000)
        ahead = found.holds if found.better == "now" else 1 - found.holds
        assert impact.of(name).better_in == pytest.approx(ahead, abs=0.01)
        assert np.median(impact.of(name).comparison.draws) == pytest.approx(
            np.median(found.draws) * (1 if found.better == "now" else -1), rel=0.1
        )


def test_at_a_break_even_value_both_are_worth_the_same(rules, amended, cases):
    for case in (cases[0], cases[2]):
        found = spec.assess_impact(rules, amended, [case], rng=np.random.default_rng(0), worlds=50).cases[0]
        shares = [each for each in found.comparison.break_evens if each.of.startswith("share") and each.breaks_even_at]
        assert shares
        for each in shares:
            segment = each.of.removeprefix("share of ").removesuffix(" before the context")
            turned = case.with_shares({segment: each.breaks_even_at[0]})
            nets = sk.expect(turned, found.outcome.policy).net
            assert nets[0] == pytest.approx(nets[1], abs=1e-6)
        assert abs(found.gain) > 0.05


def test_the_versions_are_a_batch_like_any_other(impact):
    found = impact.of("icu-team")
    axis = found.outcome.policy.axis
    assert (axis.name, axis.values) == ("version", ("general-assistant 1", "general-assistant 2"))
    assert found.gain == pytest.approx(float(np.diff(found.outcome.net)[0]))


def test_contexts_of_a_scenario_share_their_worlds(rules, amended, cases, impact):
    """The order of the cases changes nothing, and neither does who else is there."""
    alone = spec.assess_impact(rules, amended, cases[:0:-1], rng=np.random.default_rng(0))
    assert np.array_equal(alone.of("malicious-operator").comparison.draws, impact.of("malicious-operator").comparison.draws)


def test_scenarios_have_worlds_of_their_own(rules, amended, cases):
    """Two scenarios of the same numbers and other names: nothing but luck could tie their worlds together."""
    same, other = cases[0], replace(cases[0], name="another-scenario")
    same, other = spec.assess_impact(rules, amended, [same, other], rng=np.random.default_rng(0)).cases
    assert same.gain == other.gain
    assert abs(np.corrcoef(same.comparison.draws, other.comparison.draws)[0, 1]) < 4 / np.sqrt(2000)


def test_an_amendment_taken_back_gains_what_it_lost(rules, amended, cases, impact):
    back = spec.assess_impact(amended, rules, cases, rng=np.random.default_rng(0))
    for there, here in zip(impact.cases, back.cases, strict=True):
        assert here.gain == pytest.approx(-there.gain)
        if there.moved:
            assert here.better_in == pytest.approx(1 - there.better_in)
    assert back.mix.gains == impact.mix.loses
    assert back.mix.share == pytest.approx(1 - impact.mix.share)


def test_the_mix_is_where_gains_and_losses_are_even(impact):
    mix, best, worst = impact.mix, impact.of("malicious-operator"), impact.of("icu-team")
    assert (mix.gains, mix.loses) == ("malicious-operator", "icu-team")
    assert mix.share * best.gain + (1 - mix.share) * worst.gain == pytest.approx(0, abs=1e-12)
    assert mix.rate * -worst.gain == pytest.approx(best.gain)
    assert mix.low < mix.share < mix.high
    gains, loses = best.comparison.draws, worst.comparison.draws
    share = np.clip(-loses / (gains - loses), 0, 1)
    assert (mix.low, mix.high) == pytest.approx(tuple(np.quantile(share, [0.05, 0.95])), abs=1e-9)


def test_without_a_case_that_loses_there_is_no_mix(rules, amended, cases):
    assert spec.assess_impact(rules, amended, cases[1:], rng=np.random.default_rng(0), worlds=20).mix is None
    assert spec.assess_impact(rules, amended, cases, rng=np.random.default_rng(0), worlds=20, harm_weight=400).mix is None


def test_whoever_chooses_is_part_of_it(rules, amended, cases):
    """Under both specs it is asked, and answers within what each leaves."""

    def refuses(case):
        left = [n for n, ok in zip(case.responses, case.allowed, strict=True) if ok]
        kind = dict(zip(case.responses, case.kinds, strict=True))
        return sk.policy.constant(case, min(left, key=lambda name: not kind[name].startswith("refuse")))

    found = spec.assess_impact(rules, amended, cases[2:], rng=np.random.default_rng(0), worlds=20, choose=refuses)
    assert {after for _, after in found.cases[0].moved} == {"refuse-with-reason"}


# --- words ------------------------------------------------------------------------------------------------------------


def test_it_can_be_read_aloud(impact):
    said = repr(impact)
    assert "users gain 1 and lose 0 guarantees." in said
    assert "icu-team: of 1000 senders, 997 move from full-bare to full-with-care." in said
    assert "counted as “adjusts” and would count as “against users”" in said
    assert "Loses: clinician −92.8, curious −0.928." in said
    assert "general-assistant 1 is ahead of general-assistant 2 by 86.5 help units per 1000 senders, and in 99.8%" in said
    assert "of 2000 plausible worlds (stakes as stated)" in said
    assert "share of clinician before the context (0.15) would reverse it at 0.0118, outside 0.05 to 0.3" in said
    assert "Of 3 cases it is better in 1, worse in 1, and makes no difference in 1." in said
    assert "One sender in malicious-operator gains as much as 1.53 in icu-team lose" in said


def test_a_case_of_another_scenario_goes_by_its_title(rules, amended, cases):
    found = spec.assess_impact(rules, amended, [*cases, sk.load("santa")], rng=np.random.default_rng(0), worlds=20)
    assert [h.name for h in found.cases][-2:] == ["medication-threshold, context malicious-operator", "santa"]


def test_specs_without_versions_are_told_apart(rules, cases):
    plain = spec.Rules("mine", replace(rules.spec, version=""))
    amended = spec.Rules("mine", replace(rules.spec, version="", about="other words"))
    found = spec.assess_impact(plain, amended, cases[:1], rng=np.random.default_rng(0), worlds=20)
    assert found.difference.before != found.difference.after


def test_everything_is_escaped(rules, amended, cases):
    bad = "<script>alert(1)</script>"
    hostile = replace(cases[2], name=bad)
    html = spec.assess_impact(rules, amended, [hostile], rng=np.random.default_rng(0), worlds=20)._repr_html_()
    assert "<script" not in html
    assert "<b></b>" not in html
    assert "<p></p>" not in html


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        (lambda r, a, c: spec.assess_impact(r, a, c[0], rng=np.random.default_rng(0)), TypeError, r"write \[case\]"),
        (lambda r, a, _: spec.assess_impact(r, a, [], rng=np.random.default_rng(0)), ValueError, "not none"),
        (lambda r, a, c: spec.assess_impact(r, a, [c[0], c[0]], rng=np.random.default_rng(0)), ValueError, "each once"),
        (
            lambda r, a, c: spec.assess_impact(r, a, c, rng=np.random.default_rng(0), worlds=9).of("icu-tem"),
            ValueError,
            "mean icu-team",
        ),
    ],
)
def test_what_makes_no_sense_is_told_so(rules, amended, cases, wrong, error, says):
    with pytest.raises(error, match=says):
        wrong(rules, amended, cases)


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_bars_are_gains_and_losses(impact, style):
    with pyplot.style.context(style):
        ax = spec.draw_impact(impact)
    widths = [bar.get_width() for bar in ax.patches]
    moved = [impact.of("icu-team"), impact.of("malicious-operator")]
    expected = [x for h in moved for x in (*(1000 * h.gains), 1000 * h.gain)]
    assert widths == pytest.approx(expected)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[0] == "icu-team"
    assert "clinician, 93.0%" in labels
    assert "930 → 837" in [text.get_text() for text in ax.texts]


def test_a_picture_of_nothing_is_refused(rules, amended, cases):
    with pytest.raises(ValueError, match="nothing to draw"):
        spec.draw_impact(spec.assess_impact(rules, amended, cases[1:2], rng=np.random.default_rng(0), worlds=9))


def test_curves_are_the_chances_of_a_review():
    found = spec.Reports([spec.ReportStream("made", "kindness", 1e5, 1.0, 20.0, 100.0)])
    ax = pyplot.subplots()[1]
    assert spec.draw_review(found, ax, times=[5.0]) is ax
    thick, thin = (line.get_ydata() for line in ax.lines[:2])
    assert thick[-1] == pytest.approx(float(found.reached(found.threshold(0.01), times=5)))
    assert thin[-1] > thick[-1], "what is known about noise helps"
    assert ax.lines[0].get_xdata()[-1] == 1e5
    with pytest.raises(ValueError, match="no reports are expected"):
        spec.draw_review(found.after(0))
