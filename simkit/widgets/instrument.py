"""What every instrument has: a stage, controls that unfold, choices as code, undo.

An instrument says what its choices give (`_look`), how that is shown (`_table`), and what its controls then show (`_shown`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import ipywidgets
import numpy as np

from .choices import Choices, as_code, from_code
from .controls import STYLE, WRAP, show
from .stage import Stage

#: Seconds in which the thread that sends gets its turn: it would have to wait for each switch, five milliseconds and more.
TURN = 0.002
C = TypeVar("C", bound=Choices)
V = TypeVar("V")


def peeked(table: dict[str, Any]) -> dict[str, Any]:
    """What of a table is a peek."""
    return {name: table[name] for name in ("panels", "sentences", "notes")}


class Instrument(ipywidgets.VBox, Generic[C, V]):  # type: ignore[misc]
    """The stage, and below it what unfolds.  `settings` are chosen, `view` is what they give."""

    #: The function that opens it, and the settings that the browser moves by itself: that of the slider, those of the toggles.
    opened_by = ""
    slider = ""
    toggles: tuple[str, ...] = ()

    def __init__(self, source: str, settings: C, controls: dict[str, ipywidgets.Widget]) -> None:
        self._source, self._controls = source, controls
        self._past: list[C] = []
        self._quiet = True
        self._stage = Stage()
        self._more = ipywidgets.ToggleButton(description="More", icon="sliders", tooltip="Unfold what else can be chosen")
        self._back = ipywidgets.Button(description="Undo", icon="undo", tooltip="Take back the last choice")
        self._message = ipywidgets.Label().add_class("simkit-message")
        wide = ipywidgets.Layout(width="99%")
        self._code = ipywidgets.Text(description="as code", continuous_update=False, style=STYLE, layout=wide)
        self._fold = ipywidgets.VBox([ipywidgets.Box(list(controls.values()), layout=WRAP), self._code])
        super().__init__([self._stage, ipywidgets.HBox([self._more, self._back, self._message]), self._fold])
        self._settings = settings
        self._show(settings)
        self._say("")
        for name, control in controls.items():
            control.observe(lambda change, name=name: self._choose(name, change["new"]), "value")
        self._more.observe(lambda change: self._choose("unfolded", change["new"]), "value")
        self._stage.observe(lambda change: self._rested(change["new"]), "position")
        self._code.observe(lambda change: self._typed(change["new"]), "value")
        self._back.on_click(lambda _: self.undo())

    # --- what an instrument says of itself ---

    def _look(self, settings: C) -> V:
        """What settings give; a ValueError if they make no sense."""
        raise NotImplementedError

    def _table(self, view: V, settings: C) -> dict[str, Any]:
        """All that the stage shows."""
        raise NotImplementedError

    def _peek(self, settings: C) -> dict[str, Any]:  # noqa: ARG002
        """One row of the table, where the slider stands, if that is much quicker than the whole; else nothing."""
        return {}

    def _shown(self) -> dict[str, Any]:
        """What each control shows."""
        raise NotImplementedError

    def _position(self, settings: C) -> int:
        """Where the slider stands."""
        return int(getattr(settings, self.slider)) if self.slider else 0

    def _at(self, position: int) -> Any:
        """The value that the slider stands for."""
        return position

    def _offers(self, toggle: str) -> Sequence[Any]:
        """The values of a toggle's setting, one for each of its buttons."""
        raise NotImplementedError

    # --- what is chosen ---

    @property
    def settings(self) -> C:
        """What is chosen.  Set it to choose something else; a ValueError leaves everything as it was."""
        return self._settings

    @settings.setter
    def settings(self, settings: C) -> None:
        before = self._settings
        self._put(settings)
        self._past = [*self._past[-99:], before]
        self._back.disabled = False

    def undo(self) -> None:
        """Take back the last choice, of up to a hundred."""
        if self._past:
            *self._past, before = self._past
            self._put(before)

    def as_code(self) -> str:
        """The line of Python that opens the instrument as it stands."""
        return as_code(self.opened_by, self._source, self._settings)

    def load(self, code: str) -> None:
        """Choose what a line of `as_code` says.  It is read, never run; a ValueError says what cannot be read."""
        self.settings = from_code(code, type(self._settings), self.opened_by, self._source)

    @property
    def view(self) -> V:
        """All that is shown, for each position of the slider."""
        return self._view

    @property
    def sentences(self) -> str:
        """What is said below the picture."""
        table, at = self._stage.table, self._stage.position
        return f"{table['sentences'][at]} {table['notes'][at]}"

    # --- from a choice to a picture ---

    def _put(self, settings: C) -> None:
        """Evaluate settings and show them everywhere.  If they make no sense, a ValueError, and nothing has changed."""
        usual = type(settings)()
        apart = {name: getattr(usual, name) for name in ("unfolded", self.slider, *self.toggles) if name}
        if replace(self._settings, **apart) != replace(settings, **apart):
            self._show(settings)
        self._settings = settings
        self._say("")

    def _show(self, settings: C) -> None:
        if self._stage.table:
            self._stage.peek = self._peek(settings)  # on its way at once, while the whole is computed
            time.sleep(TURN)
        try:
            view = self._look(settings)
            table = self._table(view, settings)
        except Exception:
            self._stage.peek = {}  # what is not to be is not shown either
            raise
        self._view = view
        self._stage.show(table, self._row(settings, table))
        time.sleep(TURN)

    def _row(self, settings: C, table: dict[str, Any]) -> int:
        """The row of a table that settings choose: the slider counts fastest, the first toggle slowest."""
        positions = len(table["slider"]["texts"])
        at = min(self._position(settings), positions - 1)
        pressed = [list(self._offers(name)).index(getattr(settings, name)) for name in self.toggles]
        return int(np.ravel_multi_index([*pressed, at], [*(len(each["options"]) for each in table["toggles"]), positions]))

    def _chosen(self, row: int) -> dict[str, Any]:
        """The settings that a row of the table stands for."""
        table = self._stage.table
        sizes = [*(len(each["options"]) for each in table["toggles"]), len(table["slider"]["texts"])]
        *pressed, at = np.unravel_index(row, sizes)
        values = {name: self._offers(name)[int(place)] for name, place in zip(self.toggles, pressed, strict=True)}
        return values | ({self.slider: self._at(int(at))} if self.slider and sizes[-1] > 1 else {})

    def _say(self, message: str) -> None:
        """Let every control show what is chosen, and say what went wrong, if something did."""
        self._quiet = True
        for name, value in self._shown().items():
            if name in self._controls:
                show(self._controls[name], value)
        self._stage.position = self._row(self._settings, self._stage.table)
        self._stage.unfolded = self._more.value = self._settings.unfolded
        self._fold.layout.display = "" if self._settings.unfolded else "none"
        self._back.disabled = not self._past
        self._code.value, self._message.value = self.as_code(), message
        self._quiet = False

    def _choose(self, name: str, value: Any) -> None:
        if not self._quiet:
            self._try(replace, self._settings, **{name: float(f"{value:.4g}") if isinstance(value, float) else value})

    def _typed(self, code: str) -> None:
        if not self._quiet:
            self._try(from_code, code, type(self._settings), self.opened_by, self._source)

    def _try(self, make: Any, *args: Any, **changes: Any) -> None:
        try:
            self.settings = make(*args, **changes)
        except ValueError as error:
            self._say(str(error))

    def _rested(self, row: int) -> None:
        """Slider and toggles rest: remember where.  The picture is there already."""
        if not self._quiet and len(self._stage.table["sentences"]) > 1:
            self._settings = replace(self._settings, **self._chosen(row))
            self._say("")
