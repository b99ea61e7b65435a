"""A stage: pictures, one slider and one sentence, drawn in the browser from a table that was sent once.

All that the slider can show is computed beforehand and lies in the browser, so a drag asks nobody: it is as smooth over a slow
line as on one's own machine.  The kernel is asked only when the table itself must change.  Every instrument stands on one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from ..plots import SENDERS, SENDERS_ON_DARK
from ..text import suggest
from .packing import pointed
from .panels import Panel

HERE = Path(__file__).parent
SCRIPTS = ("marks.js", "mosaic.js", "path.js", "picture.js", "stage.js")


def script() -> str:
    """The text of the JavaScript module that draws a stage: it exports `render({model, el})` and needs no Jupyter."""
    return "".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)


def style() -> str:
    """The text of the style sheet of a stage."""
    return (HERE / "stage.css").read_text(encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Options:
    """What the slider, or a row of buttons, may choose: the values of a setting, and a text for each.

    `setting` is the field of the settings record that it moves; `first`: buttons are shown before the stage unfolds.
    """

    setting: str
    values: Sequence[Any]
    label: str = ""
    texts: Sequence[str] = ()
    first: bool = True

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"{self.setting} needs at least one value")
        object.__setattr__(self, "texts", [str(text) for text in self.texts or self.values])
        if len(self.texts) != len(self.values):
            raise ValueError(f"{self.setting} has {len(self.values)} values and {len(self.texts)} texts")

    def only(self, place: int) -> Options:
        """The same with one value."""
        return replace(self, values=self.values[place : place + 1], texts=self.texts[place : place + 1])

    def place(self, value: Any) -> int:
        """Where a value stands; of numbers the nearest.  A ValueError suggests a text for one that there is not."""
        values = list(self.values)
        if value in values:
            return values.index(value)
        if isinstance(value, str) or isinstance(values[0], str):
            raise ValueError(f"{self.setting} cannot be {value!r}; {suggest(str(value), map(str, values))}")
        return int(np.abs(np.asarray(values, dtype=float) - value).argmin())


@dataclass(frozen=True, eq=False)
class Action:
    """A button above the picture that takes settings to others; `does` may raise a ValueError that says why not.

    It can be pressed if it is `enabled`, and is not seen while it is `hidden`.
    """

    label: str
    does: Callable[[Any], Any]
    tip: str = ""
    enabled: bool = True
    hidden: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """All that an instrument shows: what the slider and the buttons choose, and for each choice a sentence and pictures.

    A row is a choice of everything: the slider's position counts fastest, the first row of buttons slowest.  `sentences` and
    `notes` have one text for each row; a panel has rows of numbers (see `panels`), or is None if it comes later.  A ValueError
    unless there is a sentence and a note for every row.

    `ends`, two lines for each row, stand on buttons beside the slider that go to its ends.

    `view` is what all this was made from, for whoever goes on in code.  `stands_for` says what settings that were left empty
    stand for, `idle` which controls have no effect now, `actions` are buttons above the picture, `status` a text beside them.
    """

    panels: Sequence[Panel | None]
    sentences: Sequence[str]
    notes: Sequence[str] = ("",)
    ends: Sequence[str] = ()
    slider: Options | None = None
    toggles: Sequence[Options] = ()
    view: Any = None
    stands_for: Mapping[str, Any] = field(default_factory=dict)
    idle: Collection[str] = ()
    actions: Sequence[Action] = ()
    status: str = ""

    def __post_init__(self) -> None:
        if len(self.notes) == 1:
            object.__setattr__(self, "notes", [self.notes[0]] * self.rows)
        if not self.rows == len(self.sentences) == len(self.notes):
            counts = f"{self.rows} rows, {len(self.sentences)} sentences, {len(self.notes)} notes"
            raise ValueError(f"one of each is needed: {counts}")

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each row of buttons has, and the slider."""
        return (*(len(each.values) for each in self.toggles), len(self.slider.values) if self.slider else 1)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return math.prod(self.sizes)

    @property
    def moved(self) -> tuple[str, ...]:
        """The settings that the browser moves by itself."""
        return tuple(each.setting for each in (*self.toggles, *([self.slider] if self.slider else [])))

    def place(self, settings: Any) -> tuple[int, list[int]]:
        """Where settings put the slider, and what they press in each row of buttons."""
        at, *pressed = (
            each.place(_given(settings, each.setting, self.stands_for)) if each else 0 for each in (self.slider, *self.toggles)
        )
        return at, pressed

    def chosen(self, at: int, pressed: Sequence[int]) -> dict[str, Any]:
        """The settings that a place of the slider and of the buttons stands for."""
        values = {each.setting: each.values[i] for each, i in zip(self.toggles, pressed, strict=True)}
        return values | ({self.slider.setting: self.slider.values[at]} if self.slider else {})

    def row(self, at: int, pressed: Sequence[int]) -> int:
        """The number of a row."""
        return int(np.ravel_multi_index((*pressed, at), self.sizes))

    def marked(self, on: str, value: float) -> dict[str, Any]:
        """Where a value is marked, as `Stage.guess` takes it.  A ValueError if there is no such place."""
        first = next(panel for panel in self.panels if panel and panel["first"])
        if on == "y" and first["kind"] == "chart":
            return {"y": float(value)}
        if self.slider and on == self.slider.setting:
            return {"at": self.slider.place(value)}
        if on:
            raise ValueError(f"a guess is marked on the slider ({self.slider and self.slider.setting}) or on y, not on {on!r}")
        return {}

    def sent(self) -> dict[str, Any]:
        """The table as a stage takes it."""
        slider = self.slider or Options("", [""])
        return {
            "slider": {"label": slider.label, "texts": list(slider.texts)},
            "toggles": [{"label": t.label, "options": list(t.texts), "first": t.first} for t in self.toggles],
            "sentences": list(self.sentences),
            "notes": list(self.notes),
            **({"ends": list(self.ends)} if self.ends else {}),
            "panels": list(self.panels),
            "light": list(SENDERS),
            "dark": list(SENDERS_ON_DARK),
        }

    def peek(self) -> dict[str, Any]:
        """What goes first: as a stage takes it, of a table that has the chosen row only."""
        return {name: value for name, value in self.sent().items() if name in TEXTS or name == "panels"}


#: Texts that a table has one of for each row.
TEXTS = ("sentences", "notes", "ends")


def _given(settings: Any, name: str, stands_for: Mapping[str, Any]) -> Any:
    value = getattr(settings, name)
    return stands_for[name] if value in ("", None) and name in stands_for else value


def sent(table: dict[str, Any], _: Any = None) -> dict[str, Any]:
    """A table as it goes to the browser: sentences and notes that many rows share go once."""
    return table | {name: pointed(table[name]) for name in TEXTS if name in table}


class Stage(anywidget.AnyWidget):
    """The picture, the slider and the sentence.  `at` is where the slider rests, `pressed` what each row of buttons shows."""

    _esm = script() + (HERE / "jupyter.js").read_text(encoding="utf-8")
    _css = style()
    table = traitlets.Dict().tag(sync=True, to_json=sent)
    at = traitlets.Int(0).tag(sync=True)
    pressed = traitlets.List(traitlets.Int()).tag(sync=True)
    unfolded = traitlets.Bool(False).tag(sync=True)
    name = traitlets.Unicode("").tag(sync=True)
    """How the files that the browser saves are called."""
    offers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """Which questions of the browser are answered: numbers, page, code."""
    peek = traitlets.Dict().tag(sync=True, to_json=sent)
    """The next table where the slider stands, one row of it: shown until the whole table arrives.

    A panel that takes long is None in it, or left out at the end: the last one stays, and fades if the whole is long in coming.
    """

    guess = traitlets.Dict().tag(sync=True)
    """What was predicted: `text` stands above the picture; `at` marks a place of the slider, `y` a height of its chart."""

    @traitlets.validate("at", "pressed")
    def _possible(self, proposal: Any) -> Any:
        """A place that the table has; a ValueError leaves slider and buttons where they were."""
        value, table = proposal["value"], self.table
        if table:
            slider = proposal["trait"].name == "at"
            most = [len(table["slider"]["texts"])] if slider else [len(each["options"]) for each in table["toggles"]]
            given = [value] if slider else value
            if len(given) != len(most) or not all(0 <= place < many for place, many in zip(given, most, strict=True)):
                raise ValueError(f"{proposal['trait'].name} cannot be {value}: places go from 0 to below {most}")
        return value

    def show(self, table: Table, at: int = 0, pressed: Sequence[int] = ()) -> None:
        """Put up a table and move slider and buttons; all of it arrives in the browser together."""
        with self.hold_sync():
            self.table, self.at, self.pressed = table.sent(), at, list(pressed)
