"""The instrument of training pressure: two curves, 1000 senders, a sentence that says which way each goes."""

import re

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import simkit as sk
from simkit import learning
from simkit.widgets import pressure
from simkit.widgets.training_pressure import NOISE, OVERRATE, PRESSURES, UNSEEN


def test_the_score_rises_and_what_people_get_rises_then_falls():
    made = pressure("medication-threshold")
    view = made.view
    assert (np.diff(view.score) >= -1e-12).all()
    assert 0 < view.best < len(PRESSURES) - 1
    assert view.gain[0] == 0
    assert view.gain[view.best] > 0 > view.gain[-1]
    at = made.table.sentences
    assert at[0] == "Before training, 920 of 1000 get what is written."
    assert "and people get" in at[view.best]
    assert "but people get 125 less than at pressure 5.4: 988 of 1000 get “full answer, figures only”" in at[-1]
    assert made.table.notes[0] == "This does the same to everybody as before training."
    assert re.fullmatch(
        r"Per thousand, worth .* less than before training in 8\d% of plausible worlds; .*reverse it\.", made.table.notes[-1]
    )


def test_what_is_shown_is_what_the_library_says():
    made = pressure("companion", pressure=100)
    case = sk.load("companion")
    view = made.view
    reward = learning.rated(case.in_context("rating-now"))
    np.testing.assert_allclose(view.reward, reward)
    policies = learning.trained(case, view.start, reward, pressure=PRESSURES)
    np.testing.assert_array_equal(policies.answer, view.policies.answer)
    net = 1000 * sk.expect(case, policies).net
    np.testing.assert_allclose(view.gain, net - net[0], atol=1e-9)
    assert made.row == PRESSURES.index(100)
    assert "get “agreement”" in made.sentences


def test_raters_of_every_kind():
    judged = pressure("companion")
    assert judged.controls["raters"].options[0] == "rating-now"
    assert [pressure("xstest").controls["raters"].options[0]] == [OVERRATE]
    unseen = pressure("xstest", raters=UNSEEN).view
    assert unseen.gain[-1] < 0 < unseen.gain[unseen.best]
    quiet, noisy = (pressure("medication-threshold", raters=NOISE, error=error).view for error in (0.0, 1.0))
    assert quiet.gain[-1] == pytest.approx(quiet.gain.max()), "raters who see what counts train what counts"
    assert noisy.gain[-1] < quiet.gain[-1]
    assert np.ptp([pressure("persona", raters=NOISE, seed=seed).view.gain[-1] for seed in (1, 2)]) > 0
    assert UNSEEN not in pressure("santa").controls["raters"].options, "nobody there is harmful"


def test_elsewhere_the_same_model_meets_others():
    here, there = pressure("medication-threshold"), pressure("medication-threshold", deployed="vulnerable-platform")
    np.testing.assert_array_equal(here.view.policies.answer, there.view.policies.answer)
    np.testing.assert_array_equal(here.view.score, there.view.score)
    assert there.view.case.context == "vulnerable-platform"
    assert there.view.gain[-1] < here.view.gain[-1]


def test_controls_choose_and_what_has_no_effect_is_idle():
    made = pressure("medication-threshold")
    assert made.controls["error"].disabled
    assert not made.controls["bonus"].disabled
    assert (made.controls["overrated"].value, made.controls["bonus"].value) == ("full-bare", 0.27)
    made.controls["raters"].value = NOISE
    assert made.settings.raters == NOISE
    assert not made.controls["error"].disabled
    assert made.controls["bonus"].disabled
    made.undo()
    made.controls["overrated"].value = "refuse"
    assert "get “refusal”" in made.table.sentences[-1] or "more" in made.table.sentences[-1]
    assert "overrated='refuse'" in made.as_code()
    again = pressure("medication-threshold")
    again.load(made.as_code())
    assert again.settings == made.settings
    assert all(control.tooltip for control in made.controls.values())


def test_a_policy_of_ones_own_and_what_makes_no_sense():
    case = sk.load("medication-threshold")
    told = sk.policy.constant(case, "general-safety")
    made = pressure(case, told, slips=0.2)
    np.testing.assert_array_equal(made.view.written.answer, told.answer)
    assert made.as_code() == "simkit.widgets.pressure(case, policy, slips=0.2)"
    with pytest.raises(ValueError, match="no kind of raters is called 'rating-nwo'; did you mean rating-now"):
        pressure("companion", raters="rating-nwo")
    with pytest.raises(ValueError, match=r"slips goes from 0\.01 to 0\.5, not 0"):
        pressure(case, slips=0.0)


def test_as_a_page_it_needs_no_kernel(tmp_path):
    made = pressure("medication-threshold", pressure=30)
    path = made.save(tmp_path / "pressure.html")
    assert path.stat().st_size < 400_000
    assert "What raters measure" in str(made.table.panels[0]["title"])
    assert len(made.rows()) == len(PRESSURES)
