"""A short soak of every instrument (the long one: `verification/soak.py`), and values from code that make no sense."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

from simkit.widgets import crowd, dial, explore, predict

sys.path.insert(0, str(Path(__file__).parents[1] / "verification"))
from soak import OPEN, soak


@pytest.mark.parametrize("name", OPEN)
def test_random_events_end_where_a_fresh_instrument_starts(name):
    assert soak(name, 200)[2] == 0


def test_a_number_that_is_too_large_is_an_error_of_ours():
    with pytest.raises(ValueError, match="harm_weight is a number below 1e300"):
        explore("medication-threshold", harm_weight=10**400)
    made = explore("medication-threshold")
    before = made.as_code()
    made._code.value = f"explore('medication-threshold', harm_weight=1{'0' * 400})"
    assert "below 1e300" in made._message.value
    assert made._code.value == made.as_code() == before, "the box shows the good line again"


@pytest.mark.parametrize(("opened", "at"), [(explore, 1001), (crowd, -1), (dial, 10**6)])
def test_a_place_that_there_is_not_raises_and_does_not_stay(opened, at):
    made = opened("medication-threshold")
    before, settings = made.stage.at, made.settings
    with pytest.raises(ValueError, match="at cannot be"):
        made.stage.at = at
    assert (made.stage.at, made.settings) == (before, settings)
    with pytest.raises(ValueError, match="pressed cannot be"):
        made.stage.pressed = [99]
    assert made.settings == settings


def test_what_comes_after_a_prediction_waits_for_it():
    made, calls = predict("How many?", answer=3, high=9), []
    box = made.after(lambda: calls.append(1) or "so <many>")
    assert "when the prediction above is committed" in box.children[0].value
    assert not calls
    made.commit(4)
    assert box.children[0].value == "<pre>so &lt;many&gt;</pre>"
    assert made.after("later").children[0].value == "<pre>later</pre>"
