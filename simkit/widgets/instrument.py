"""Instruments: a settings record, a pure function from settings to a table, and nothing else.

`Instrument(table, Settings(...))` gives the stage, a control for each field that the slider and the buttons do not move, undo,
and the settings as a line of code.  See `docs/write-an-instrument.md`.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import ipywidgets

from ..files import write_text
from ..text import suggest
from . import numbers
from .controls import Box, fields_of, show
from .packing import unpacked
from .page import Line, Page
from .stage import Action, Stage, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_CODE = 5000
#: Seconds in which the thread that sends gets its turn: it would have to wait for each switch, five milliseconds and more.
TURN = 0.002
S = TypeVar("S", bound="Settings")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is chosen in an instrument: fields with defaults, of plain types.  Derive a frozen dataclass from it.

    A field is a text, a number, a truth or a `Literal`; `Annotated[float, Range(0, 1), "label"]` says what may be chosen.  A
    ValueError names a value that makes no sense.
    """

    unfolded: bool = False
    """Whether what lies behind *More* is shown."""

    def __post_init__(self) -> None:
        for name, field in fields_of(type(self)).items():
            field.check(getattr(self, name))


def from_dict(kind: type[S], values: Mapping[str, Any]) -> S:
    """Settings from names and values, the inverse of `dataclasses.asdict`; a ValueError suggests a name for an unknown one."""
    known = fields_of(kind)
    for name in values:
        if name not in known:
            raise ValueError(f"no setting is called {name!r}; {suggest(name, known)}")
    return kind(**values)


def as_code(settings: Settings, opener: str = "", source: str = "") -> str:
    """The line of Python that makes these settings, or calls `opener` with them; what is as usual is left out."""
    return str(line_of(settings, opener, source))


def line_of(settings: Settings, opener: str = "", source: str = "") -> Line:
    """The same line in its parts."""
    usual = asdict(type(settings)())
    words = {name: f"{name}={value!r}" if value != usual[name] else "" for name, value in asdict(settings).items()}
    return Line(opener or place_of(type(settings)), source, words)


def place_of(thing: Any) -> str:
    """Where a class or function is found: its module and name; the name alone in a notebook."""
    return thing.__qualname__ if thing.__module__ == "__main__" else f"{thing.__module__}.{thing.__qualname__}"


def from_code(text: str, kind: type[S], opener: str = "", source: str = "") -> S:
    """The settings in a line that `as_code` wrote.  It is read, never run; a ValueError says what cannot be read.

    A line that calls something else than `opener`, or about another case than `source`, is refused.
    """
    if len(text) > MAX_CODE:
        raise ValueError(f"settings are one line of at most {MAX_CODE} characters, not {len(text)}")
    example = f"such as {opener or place_of(kind)}({source})"
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"this is no line of settings; copy one, {example}") from None
    if not isinstance(call, ast.Call):
        raise ValueError(f"settings are written as a call, {example}")
    if opener:
        _belongs(call, opener.rpartition(".")[2], source)
    values: dict[str, Any] = {}
    for keyword in call.keywords:
        try:
            values[str(keyword.arg)] = ast.literal_eval(keyword.value)
        except ValueError:
            raise ValueError(f"{keyword.arg} needs a plain value: a number, a text in quotes, True, False or None") from None
    return from_dict(kind, values)


def _belongs(call: ast.Call, opener: str, source: str) -> None:
    """A ValueError if a call opens another instrument, or names another case or spec; a variable may be any of them."""
    opens = ast.unparse(call.func).rpartition(".")[2]
    if opens != opener:
        raise ValueError(f"this line opens {opens}, not {opener}: run it in a cell of its own")
    for given, here in zip(call.args, ast.parse(f"f({source})", mode="eval").body.args, strict=False):  # type: ignore[attr-defined]
        names = [each.value for each in (given, here) if isinstance(each, ast.Constant)]
        if len(set(names)) == 2:
            raise ValueError(f"this line is about {names[0]!r}, not {names[1]!r}: run it in a cell of its own")


class Instrument(Box, Generic[S]):
    """The stage, and below it what unfolds.  Set `settings` to choose; read `view` for what the table was made from."""

    def __init__(
        self,
        table: Callable[[S], Table],
        settings: S,
        *,
        opener: Callable[..., Any] | str = "",
        source: str = "",
        controls: Mapping[str, ipywidgets.Widget | None] | None = None,
        peek: Callable[[S], Table | None] | None = None,
        settle: Callable[[S, S | None], S] | None = None,
    ) -> None:
        """Show `table(settings)`.  A ValueError if these settings make no sense.

        `opener` is the function that opens the instrument, and `source` what the line of code gives it before the settings.
        `controls` replace those that the fields of the settings make; None stands for no control.  `peek` gives a table with
        the chosen row only, if that is much quicker than the whole; `settle` completes settings that are asked for, beside
        those that were in force.
        """
        self._make, self._peek, self._settle = table, peek, settle
        self._opener, self._source = opener if isinstance(opener, str) else place_of(opener), source
        self._past: list[S] = []
        self._undone: list[S] = []
        self.stage = Stage(name=_file_name(opener, settings, source), offers=list(ANSWERS))
        self._settings = settle(settings, None) if settle else settings
        self._show(self._settings)
        self.controls = self._made_controls(controls or {})
        self._back = ipywidgets.Button(description="Undo", icon="undo", tooltip="Take back the last choice")
        self._again = ipywidgets.Button(description="Redo", icon="repeat", tooltip="Choose again what was taken back")
        self._message = ipywidgets.Label().add_class("simkit-message")
        wide = {"width": "99%"}
        self._code = ipywidgets.Text(
            description="as code", tooltip="as code", continuous_update=False, style={"description_width": "11em"}, layout=wide
        )
        self._buttons = [
            ipywidgets.Button(description=each.label, tooltip=each.tip, layout={"width": "auto"}) for each in self.table.actions
        ]
        wrap = {"flex_flow": "row wrap", "width": "100%"}
        self._above = [ipywidgets.HBox([*self._buttons, ipywidgets.Label()], layout=wrap)] if self._buttons else []
        self._fold = ipywidgets.VBox([ipywidgets.Box(list(self.controls.values()), layout=wrap), self._code])
        super().__init__([*self._above, self.stage, ipywidgets.HBox([self._back, self._again, self._message]), self._fold])
        self._say("")
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self._choose(name, change["new"]), "value")
        for place, button in enumerate(self._buttons):
            button.on_click(lambda _, place=place: self.act(place))
        self.stage.observe(lambda change: self._choose("unfolded", change["new"]), "unfolded")
        self.stage.observe(lambda _: self._rested(), ["at", "pressed"])
        self._code.observe(lambda change: self._typed(change["new"]), "value")
        self._back.on_click(lambda _: self.undo())
        self._again.on_click(lambda _: self.redo())
        self.stage.on_msg(lambda _, content, __: self._asked(content))

    def _made_controls(self, given: Mapping[str, ipywidgets.Widget | None]) -> dict[str, ipywidgets.Widget]:
        """A control for each field that is given one or says what may be chosen, but for those that the browser moves."""
        moved = {*self.table.moved, "unfolded"}
        fields = {name: field for name, field in fields_of(type(self._settings)).items() if name not in moved}
        made = {name: given[name] if name in given else field.control() for name, field in fields.items()}
        return {name: control for name, control in made.items() if control is not None}

    # --- what is chosen ---

    @property
    def settings(self) -> S:
        """What is chosen.  Set it to choose something else; a ValueError leaves everything as it was."""
        return self._settings

    @settings.setter
    def settings(self, settings: S) -> None:
        before = self._settings
        self._put(settings)
        self._remember(before)

    def undo(self) -> None:
        """Take back the last choice, of up to a hundred: of a control, a button or the slider."""
        self._travel(self._past, self._undone)

    def redo(self) -> None:
        """Choose again what was taken back last."""
        self._travel(self._undone, self._past)

    def _remember(self, before: S) -> None:
        if before != self._settings:
            self._past, self._undone = [*self._past[-99:], before], []
            self._back.disabled, self._again.disabled = False, True

    def _travel(self, there: list[S], back: list[S]) -> None:
        if there:
            back.append(self._settings)
            self._put(there.pop())

    def attempt(self, make: Callable[[S], S]) -> None:
        """Choose what a function of the settings gives; what makes no sense is said below the picture, and changes nothing."""
        try:
            self.settings = make(self._settings)
        except ValueError as error:
            self._say(str(error))

    def act(self, action: str | int) -> None:
        """Press the button above the picture that has this label or place."""
        actions: list[Action] = list(self.table.actions)
        found = actions[action] if isinstance(action, int) else next(each for each in actions if each.label == action)
        self.attempt(found.does)

    def as_code(self) -> str:
        """The line of Python that opens the instrument as it stands."""
        return as_code(self._settings, self._opener, self._source)

    def load(self, code: str) -> None:
        """Choose what a line of `as_code` says.  It is read, never run; a ValueError says what cannot be read."""
        self.settings = from_code(code, type(self._settings), self._opener, self._source)

    @property
    def view(self) -> Any:
        """What the table was made from."""
        return self.table.view

    @property
    def row(self) -> int:
        """The row of the table that is seen."""
        return self.table.row(self.stage.at, self.stage.pressed)

    @property
    def sentences(self) -> str:
        """What is said below the picture."""
        return f"{self.table.sentences[self.row]} {self.table.notes[self.row]}".strip()

    def mark_guess(self, text: str, on: str = "", value: float = 0.0) -> None:
        """Say above the picture what was guessed, and mark it as a value of what it is `on`.

        That is the setting which the slider moves, or "y", the height of the first chart; "" marks nothing.  A ValueError if
        there is no such place.
        """
        self.stage.guess = {"text": text, **self.table.marked(on, value)}

    # --- out of the instrument ---

    def rows(self) -> list[dict[str, Any]]:
        """The numbers that slider and buttons show, a row for each choice: `pandas.DataFrame(instrument.rows())`."""
        return numbers.rows(self._whole())

    def _whole(self) -> Table:
        """The table with all its pictures, those too that are made when the stage unfolds."""
        return self._make(replace(self._settings, unfolded=True)) if None in self.table.panels else self.table

    def figure(self, *, dark: bool = False) -> Figure:
        """What is seen as a Matplotlib figure, the sentence below it; `dark` for a dark page."""
        from .drawing import figure

        return figure(self.table, self.row, dark=dark, unfolded=self.stage.unfolded)

    def page(self) -> Page:
        """The instrument as a page without a kernel, where it stands; `page().html()` is its text."""
        table = self._whole()
        kept = {name: each for name, each in self.controls.items() if name not in self.table.idle}
        return Page(
            name=self.stage.name,
            table=table,
            at=self.stage.at,
            pressed=tuple(self.stage.pressed),
            unfolded=self.stage.unfolded,
            line=line_of(self._settings, self._opener, self._source),
            usual=asdict(type(self._settings)()),
            fixed={each.description: _shown(each) for each in kept.values()},
            numbers=numbers.as_csv(self.rows()),
        )

    def save(self, path: str | Path) -> Path:
        """Write the instrument as one HTML file that needs neither a kernel nor a network, and give its path.

        Slider, buttons and *More* work in it; what only a kernel can change is as it is now, and the page says so.  An OSError
        if the file cannot be written.
        """
        return write_text(path, self.page().html())

    def _asked(self, content: Mapping[str, Any]) -> None:
        """Do or answer what the browser asks for."""
        what = str(content.get("ask"))
        if what in ("undo", "redo"):
            getattr(self, what)()
        elif what in ANSWERS:
            self.stage.send({"answers": what, "text": ANSWERS[what](self)})

    @property
    def how_sure(self) -> list[str]:
        """The lines behind the fold *How sure is this?*."""
        folds = [panel for panel in self.table.panels if panel and panel.get("fold")]
        lines = [(each["words"], unpacked(each["lines"], self.table.rows)[self.row]) for each in folds]
        return [words[i] for words, row in lines for i in row if i >= 0]

    # --- from a choice to a picture ---

    def _put(self, settings: S) -> None:
        """Evaluate settings and show them everywhere.  If they make no sense, a ValueError, and nothing has changed."""
        if self._settle:
            settings = self._settle(settings, self._settings)
        usual = type(settings)()
        moved = {name: getattr(usual, name) for name in ("unfolded", *self.table.moved)}
        later = settings.unfolded and None in self.table.panels
        if later or replace(self._settings, **moved) != replace(settings, **moved):
            self._show(settings)
        else:
            self.table.place(settings)
        self._settings = settings
        self._say("")

    def _show(self, settings: S) -> None:
        """Compute the table and put it up; the chosen row goes first, where that is quick."""
        if self.stage.table and self._peek:
            first = self._peek(settings)
            self.stage.peek = first.peek() if first else {}  # on its way at once, while the whole is computed
            time.sleep(TURN)
        try:
            table = self._make(settings)
            place = table.place(settings)
        except Exception:
            self.stage.peek = {}  # a picture of what fails does not stay
            raise
        self._quiet, self.table = True, table
        self.stage.show(table, *place)
        self._quiet = False
        time.sleep(TURN)

    def _say(self, message: str) -> None:
        """Let every control show what is chosen, and say what went wrong, if something did."""
        self._quiet = True
        for name, control in self.controls.items():
            value = getattr(self._settings, name)
            show(control, self.table.stands_for[name] if value in ("", None) and name in self.table.stands_for else value)
            control.disabled = name in self.table.idle
        self.stage.at, self.stage.pressed = self.table.place(self._settings)
        self.stage.unfolded = self._settings.unfolded
        self._fold.layout.display = "" if self._settings.unfolded else "none"
        for button, action in zip(self._buttons, self.table.actions, strict=True):
            button.disabled, button.layout.display = not action.enabled, "none" if action.hidden else ""
        for row in self._above:
            row.children[-1].value = self.table.status
            row.layout.display = "none" if all(action.hidden for action in self.table.actions) else ""
        self._back.disabled, self._again.disabled = not self._past, not self._undone
        self._code.value, self._message.value = self.as_code(), message
        self._quiet = False

    def _choose(self, name: str, value: Any) -> None:
        if not self._quiet:
            value = float(f"{value:.4g}") if isinstance(value, float) else value
            self.attempt(lambda settings: replace(settings, **{name: value}))

    def _typed(self, code: str) -> None:
        if not self._quiet:
            self.attempt(lambda settings: from_code(code, type(settings), self._opener, self._source))

    def _rested(self) -> None:
        """Slider and buttons rest: remember where.  The picture is there already."""
        if not self._quiet and self.table.moved:
            before = self._settings
            self._settings = replace(before, **self.table.chosen(self.stage.at, self.stage.pressed))
            self._remember(before)
            self._say("")


#: What the browser may ask the kernel for.
ANSWERS: Mapping[str, Callable[[Instrument[Any]], str]] = {
    "numbers": lambda shown: numbers.as_csv(shown.rows()),
    "page": lambda shown: shown.page().html(),
    "code": lambda shown: shown.as_code(),
}


def _file_name(opener: Callable[..., Any] | str, settings: Settings, source: str) -> str:
    """A name for files: what opens the instrument, and the case or spec that its line of code names."""
    opens = opener if isinstance(opener, str) else place_of(opener)
    words = [(opens or type(settings).__name__).rpartition(".")[2], *re.findall(r"'([\w.-]+)'", source)]
    return "-".join(words).lower()


def _shown(control: ipywidgets.Widget) -> str:
    """The text that a control shows for what is chosen."""
    return str(getattr(control, "label", None) or control.value)
