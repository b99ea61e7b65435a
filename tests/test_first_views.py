"""What every instrument shows before it unfolds: one picture, one caveat that is short, marks that mean one thing."""

import re

import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import simkit as sk
from simkit import spec
from simkit.files import library
from simkit.widgets import argument, chain, crowd, explore, opinions, pressure, probes, references, releases, tidy, trust
from simkit.widgets.panels import SURE, response_marks

LIBRARY = sorted(path.stem for path in library("scenarios").glob("*.yaml"))
WORDS, NUMBERS = 25, 3


def numbers(text: str) -> list[str]:
    return re.findall(r"\d[\d.,]*(?:e[−+-]?\d+)?", text)


def check_caveats(made) -> None:
    for caveat in set(made.table.notes):
        assert caveat
        assert len(caveat.split()) <= WORDS, caveat
        assert len(numbers(caveat)) <= NUMBERS, caveat
        assert "turns where" not in caveat


@pytest.mark.parametrize("name", LIBRARY)
def test_caveats_are_short_everywhere(name):
    case = sk.load(name)
    for context in ("", *case.contexts):
        check_caveats(explore(case, context=context))
    check_caveats(crowd(case))
    check_caveats(chain(case, "general-assistant"))
    check_caveats(trust(case))
    check_caveats(pressure(case))
    check_caveats(argument(case))
    if name == "contested-question":
        check_caveats(opinions(case))
    if name == "clean-up-my-desktop":
        check_caveats(tidy(case))
        check_caveats(tidy(case, backup=True))


def test_caveats_of_the_written_spec_are_short():
    check_caveats(releases())
    check_caveats(references())
    check_caveats(probes("xstest"))


def test_the_check_of_caveats_can_fail():
    made = explore("medication-threshold")
    object.__setattr__(made.table, "notes", ["a word " * 13])
    with pytest.raises(AssertionError):
        check_caveats(made)
    object.__setattr__(made.table, "notes", ["1 of 2, 3 of 4"])
    with pytest.raises(AssertionError):
        check_caveats(made)


#: Where an instrument opens that does not open on any scenario.
OWN = {opinions: "contested-question", tidy: "clean-up-my-desktop", probes: "xstest"}
OWN |= {references: "2025-12-18", releases: "2025-12-18"}


@pytest.mark.parametrize("opened", [explore, crowd, chain, trust, pressure, argument, *OWN], ids=lambda opened: opened.__name__)
def test_one_picture_and_one_row(opened):
    """One picture in front, at most one row of buttons beside the slider, the rest behind a fold or beside."""
    made = opened(OWN.get(opened, "medication-threshold"))
    panels = made.table.panels
    assert [panel["kind"] for panel in panels if panel.get("first")][1:] == []
    assert sum(bool(panel.get("fold")) for panel in panels) == 1
    assert sum(toggle.first for toggle in made.table.toggles) <= 1
    assert made.how_sure
    assert next(panel for panel in panels if panel.get("fold"))["title"] == SURE


@pytest.mark.parametrize("name", LIBRARY)
def test_no_two_responses_share_a_mark(name):
    marks = response_marks(sk.load(name))
    assert len(set(marks)) == len(marks), marks


def test_labels_in_words_and_names_in_code():
    case = sk.load("medication-threshold")
    made = explore(case, compare="refuse")
    said = [entry["label"] for entry in made.stage.table["panels"][0]["legend"]]
    assert "at risk of self-harm" in said
    assert "full answer, with care" in said
    assert "less than “refusal”" in made.sentences or "more than “refusal”" in made.sentences
    assert "compare='refuse'" in made.as_code()
    assert ("refusal", "refuse") in made.controls["compare"].options
    asked = chain("persona", spec.load("general-assistant"))
    assert "get “stay in the role”" in asked.sentences or "get “step out of the role”" in asked.sentences


def test_controls_have_tooltips():
    for made in (explore("medication-threshold"), crowd("medication-threshold"), trust(), pressure("medication-threshold")):
        assert all(control.tooltip for control in made.controls.values())
