"""The page on writing an instrument: its code runs, is short, needs public names only, and gives an instrument that works."""

import re
import sys
import types
from pathlib import Path

import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

from simkit.widgets import Instrument

PAGE = Path(__file__).parents[1] / "docs" / "write-an-instrument.md"


@pytest.fixture
def code():
    return re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[1]


@pytest.fixture
def made(code, monkeypatch):
    room = types.ModuleType("readers")
    monkeypatch.setitem(sys.modules, "readers", room)
    *lines, last = code.strip().splitlines()
    exec("\n".join([*lines, f"made = {last}"]), room.__dict__)  # noqa: S102  (the page's own code)
    yield room.made
    room.made.close()


def test_it_is_short_and_needs_public_names_only(code):
    assert len([line for line in code.splitlines() if line.strip()]) <= 25
    assert not re.findall(r"(?<!\w)_\w+|\._\w+", code)
    assert '"kind"' not in code


def test_it_works(made):
    assert isinstance(made, Instrument)
    assert made.sentences.startswith("Caught 30%: 72 lost per 1000")
    assert made.as_code() == "readers.ReaderSettings(caught=0.3)"
    assert set(made.controls) == {"harm", "reader"}
    assert made.controls["harm"].description == "harm of one event"
    made.controls["reader"].value = "person"
    assert made.sentences.startswith("Caught 30%: 130 lost")
    made.stage.at = 90
    assert made.settings.caught == 0.9
    made.load("readers.ReaderSettings(caught=0.5, harm=10.0)")
    assert made.sentences.startswith("Caught 50%: 7 lost")
    made.undo()
    assert made.settings.reader == "person"
    with pytest.raises(ValueError, match="harm goes from 1 to 1000"):
        made.load("readers.ReaderSettings(harm=0.5)")
    with pytest.raises(ValueError, match="reader cannot be 'persom'; did you mean person"):
        made.load("readers.ReaderSettings(reader='persom')")
