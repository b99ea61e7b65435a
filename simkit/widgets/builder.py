"""`build()`: a form for a scenario file, made from the JSON Schema; beside it the YAML and the thousand dots, as one edits.

What a form can hold is read off the schema, and what is wrong is said by the checker of files, so that neither can drift.
Comments of a file that is opened are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ipywidgets

from .. import drafts
from ..drafts import SHARED, Entry
from ..files import InvalidFile, Path_, Problem, dotted, find, library, parse, read_text, write_text
from ..scenario import Scenario, read
from ..schema import json_schema
from .controls import Box
from .explorer import ExplorerSettings, explorer_table
from .stage import Stage

NAME = "my-scenario.yaml"
WRAP = {"flex_flow": "row wrap"}
ADD = "Add: a copy of the last entry under this name, with its stakes; or what the chosen block may hold"


def build(source: str | Path = "template", *, schema: Mapping[str, Any] | None = None) -> Builder:
    """Open the form on the small template, a scenario's name or path, or a text that *Share* gave.

    `schema` is the JSON Schema of scenario files, if not another.  An `InvalidFile` if the source is no YAML.
    """
    return Builder(opened_data(source), dict(schema or json_schema(Scenario)))


def opened_data(source: str | Path) -> Any:
    """The plain data of a scenario: of the template, a name, a path, or a shared text."""
    if str(source).strip().startswith(SHARED):
        return drafts.unshared(str(source))
    path = library("scenarios") / "template" / "new.yaml" if source == "template" else find(source, "scenarios")
    return _mapping(parse(read_text(path), str(path)).data, str(path))


def _mapping(data: Any, name: str) -> Any:
    if not isinstance(data, dict):
        raise InvalidFile(name, [Problem((), "it should be a block of names and values")])
    return data


class Builder(Box):
    """The form.  `data` is what stands in it, `yaml` the file that it makes, `problems` what is wrong with that."""

    def __init__(self, data: Any, schema: dict[str, Any]) -> None:
        self._schema, self._quiet = schema, False
        self._keys: list[Any] = []
        self._fields: dict[Path_, tuple[Any, ipywidgets.HTML]] = {}
        self.path: Path_ = ()
        self.problems: tuple[Problem, ...] = ()
        self.stage = Stage(name="scenario")
        self._trail, self._form, self._more = (ipywidgets.VBox() for _ in range(3))
        wide = {"width": "98%"}
        self._yaml = ipywidgets.Textarea(
            continuous_update=False, tooltip="The file; it can be edited here, too", layout=wide | {"height": "340px"}
        )
        self._said, self._links = ipywidgets.HTML(), ipywidgets.HTML(layout=wide)
        self._show = _button("Go to the first problem", lambda: self.go(self.problems[0].path))
        self._open = ipywidgets.Text(placeholder="name, path, or shared text", tooltip="what to open", layout={"width": "20em"})
        self._file = ipywidgets.Text(value=NAME, tooltip="file name", layout={"width": "14em"})
        self._replace = _button("Replace it", lambda: self._save(new=False), hidden=True)
        self._message = ipywidgets.HTML()
        opens = [
            self._open,
            _button("Open", self._opens),
            self._file,
            _button("Save", self._save),
            self._replace,
            self._message,
        ]
        left = ipywidgets.VBox([self._trail, self._form, self._more], layout={"flex": "1 1 320px", "min_width": "0"})
        right = ipywidgets.VBox(
            [self.stage, self._said, self._show, self._yaml, self._links], layout={"flex": "1 1 320px", "min_width": "0"}
        )
        super().__init__([ipywidgets.HBox(opens, layout=WRAP), ipywidgets.HBox([left, right], layout=WRAP)])
        self._yaml.observe(lambda change: self._typed(change["new"]), "value")
        self.data = data

    # --- what stands in it ---

    @property
    def data(self) -> Any:
        """The scenario as plain data.  Set it to edit something else."""
        return self._data

    @data.setter
    def data(self, data: Any) -> None:
        self._data, name = data, Path(self._file.value).stem
        try:
            case = read(self.yaml, name or "scenario")
            self.problems = ()
            self.stage.show(explorer_table(case, None, ExplorerSettings()), self.stage.at)
        except InvalidFile as error:
            self.problems = error.problems
        self._refresh()

    @property
    def yaml(self) -> str:
        """The scenario as the text of a file."""
        return drafts.as_yaml(self._data)

    @property
    def shared(self) -> str:
        """The scenario as one short text that `build` opens again."""
        return drafts.shared(self._data)

    def put(self, path: Path_, value: Any) -> None:
        """Write a value at a place, as the field there does."""
        self.data = drafts.put(self._schema, self._data, path, value)

    def add(self, path: Path_, name: str = "") -> None:
        """Add an entry to a block, and go there.  A named entry of a list is a copy of the last, with its stakes."""
        self.data = drafts.added(self._schema, self._data, path, name)
        step = len(drafts.value_at(self._data, path)) - 1 if isinstance(drafts.value_at(self._data, path), list) else name
        self.go((*path, step, ""))

    def remove(self, path: Path_) -> None:
        """Take out what stands at a place, and its name everywhere else."""
        self.path = () if self.path[: len(path)] == path else self.path
        self.data = drafts.removed(self._schema, self._data, path)

    def go(self, path: Path_) -> None:
        """Show the fields around a place."""
        self.path = drafts.home(self._schema, self._data, path)
        self._refresh()

    def save(self, path: str | Path, *, new: bool = True) -> Path:
        """Write the file; a FileExistsError if something is there and it should be `new`."""
        return write_text(path, self.yaml, new=new)

    # --- what is seen ---

    def _refresh(self) -> None:
        self._quiet = True
        if drafts.value_at(self._data, self.path) is None:
            self.path = ()
        lines = drafts.entries(self._schema, self._data, self.path)
        keys = [(each.path, each.kind, each.choices, _inner(each)) for each in lines]
        if keys != self._keys:
            self._keys = keys
            self._rebuild(lines)
        said = self._words(lines)
        for each in lines:
            field, problem = self._fields[each.path]
            if field is not None:
                _show(field, each)
            problem.value = said.get(each.path, "")
            problem.layout.display = "" if problem.value else "none"
        self._yaml.value = self.yaml
        count = len(self.problems)
        many = "".join(f"<li>{escape(str(problem))}</li>" for problem in self.problems[:8])
        wrong = f"<b>{count} problem{'s' * (count > 1)}</b>; the picture is of the last version without any.<ul>{many}</ul>"
        self._said.value = wrong if count else "<b>✓ This is a scenario.</b>"
        self._show.layout.display = "" if count else "none"
        file = f"download='{escape(self._file.value, quote=True)}' href='data:text/yaml;charset=utf-8,{quote(self.yaml)}'"
        line = f"<details><summary>Share as text</summary><code style='overflow-wrap:anywhere'>{self.shared}</code></details>"
        self._links.value = f"<a style='text-decoration:underline' {file}>Download the file</a>{line}"
        self._quiet = False

    def _words(self, lines: list[Entry]) -> dict[Path_, str]:
        """The problems at the fields that are seen, each at the one that is nearest."""
        said: dict[Path_, str] = {}
        for problem in self.problems:
            near = [each.path for each in lines if each.path == problem.path[: len(each.path)]]
            if near:
                place = max(near, key=len)
                where = dotted(problem.path[len(place) :])
                words = f"{where}: {problem.rule}" if where else problem.rule
                text = escape(words + (f"; {problem.fix}" if problem.fix else ""))
                said[place] = said.get(place, "") + f"<div role='status' style='color:#d55e00'>{text}</div>"
        return said

    def _rebuild(self, lines: list[Entry]) -> None:
        """Make the fields of the place that is shown, and close those that were."""
        for box in (self._trail, self._form, self._more):
            for old in box.children:
                old.close()
        self._fields, rows = {}, []
        for each in lines:
            problem = ipywidgets.HTML(layout={"margin": "0 0 0 9em"})
            field = self._field(each)
            self._fields[each.path] = (field if each.kind not in ("head", "inside") else None, problem)
            rows.append(Box([field, problem], layout={"margin": f"0 0 0 {len(each.path) - len(self.path) - 1}em"}))
        self._form.children = rows
        above = [self.path[:end] for end in range(len(self.path)) if end == 0 or self._is_page(self.path[:end])]
        steps = [_button(f"‹ {drafts.title(self._data, place)}", partial(self._goes, place)) for place in above]
        head = ipywidgets.HTML(f"<b>{escape(drafts.title(self._data, self.path))}</b>")
        self._trail.children = [Box([ipywidgets.HBox([*steps, head], layout=WRAP)])]
        self._more.children = [Box(self._adds())]

    def _is_page(self, path: Path_) -> bool:
        return (
            isinstance(drafts.value_at(self._data, path), dict) and drafts.home(self._schema, self._data, (*path, "")) == path
        )

    def _goes(self, path: Path_) -> None:
        self.path = path
        self._refresh()

    def _field(self, each: Entry) -> Any:
        """The widget of one line of the form."""
        name = drafts.title(self._data, each.path)
        if each.kind == "head":
            return ipywidgets.HTML(f"<b>{escape(name)}</b> <small>{escape(each.about)}</small>")
        if each.kind == "inside":
            inner = drafts.doors(self._schema, self._data, each.path)
            doors = [_button(f"{drafts.title(self._data, place)} ›", partial(self._goes, place)) for place in inner]
            return ipywidgets.HBox([ipywidgets.HTML(f"<b>{escape(name)}</b>"), *doors], layout=WRAP)
        look: dict[str, Any] = {"style": {"description_width": "9em"}, "layout": {"width": "98%"}}
        words = {"description": name, "tooltip": each.about or name}
        if each.kind in ("truth", "choice"):
            options = ["true", "false"] if each.kind == "truth" else each.choices
            field = ipywidgets.Dropdown(options=[*([] if each.needed else [""]), *options], value=None, **words, **look)
        else:
            kind = ipywidgets.Textarea if each.kind == "long" and len(str(each.value or "")) > 60 else ipywidgets.Text
            field = kind(continuous_update=False, placeholder="" if each.needed else "may stay empty", **words, **look)
        field.observe(lambda change: self._edited(each, change["new"]), "value")
        return field

    def _adds(self) -> list[Any]:
        """Two rows: what may be added to what is seen, and what may be taken out."""
        places = drafts.blocks(self._schema, self._data, self.path)
        room = [(place, name) for place in places for name in drafts.addable(self._schema, self._data, place)]
        gone = [(*place, step) for place in places for step in drafts.removable(self._schema, self._data, place)]
        rows = []
        if room:
            what = ipywidgets.Dropdown(
                options=[(self._called((*p, *([n] if n else []))), (p, n)) for p, n in room], tooltip=ADD
            )
            name = ipywidgets.Text(placeholder="its name", tooltip="name of the new entry", layout={"width": "10em"})
            rows.append([_button("Add", lambda: self._try(lambda: self._added(what.value, name.value)), tip=ADD), what, name])
        if gone:
            out = ipywidgets.Dropdown(options=[(self._called(place), place) for place in gone], tooltip="what to remove")
            rows.append([_button("Remove", lambda: self._try(lambda: self.remove(out.value))), out])
        return [ipywidgets.HBox(row, layout=WRAP) for row in rows]

    def _added(self, where: tuple[Path_, str], name: str) -> None:
        path, block = where
        if not block and not name.strip() and isinstance(drafts.value_at(self._data, path), dict):
            raise ValueError("give the new entry a name")
        self.add(path, block or name.strip())

    def _called(self, path: Path_) -> str:
        """A place in words, from what is shown on."""
        steps = [drafts.title(self._data, path[:end]) for end in range(len(self.path) + 1, len(path) + 1)]
        return " › ".join(steps) or drafts.title(self._data, path)

    # --- what a hand does ---

    def _edited(self, each: Entry, text: str | None) -> None:
        if not self._quiet and text is not None:
            self.put(each.path, "" if text == "" else drafts.typed(text, each.kind))

    def _typed(self, text: str) -> None:
        if not self._quiet:
            self._try(lambda: setattr(self, "data", _mapping(parse(text, "the text").data, "the text")))

    def _opens(self) -> None:
        self._try(lambda: setattr(self, "data", opened_data(self._open.value.strip() or "template")))

    def _save(self, *, new: bool = True) -> None:
        """Save under the name in the field; what is there is replaced only by the other button."""
        self._replace.layout.display = "none"
        try:
            self._message.value = f"Saved as {escape(str(self.save(self._file.value, new=new)))}."
        except FileExistsError:
            self._replace.layout.display = ""
            self._message.value = f"{escape(self._file.value)} is there already."
        except (OSError, ValueError) as error:
            self._message.value = escape(str(error))

    def _try(self, does: Callable[[], None]) -> None:
        """Do it, or say why not; nothing has changed then."""
        self._message.value = ""
        try:
            does()
        except ValueError as error:
            self._message.value = escape(str(error))


def _button(label: str, does: Callable[[], None], *, tip: str = "", hidden: bool = False) -> ipywidgets.Button:
    made = ipywidgets.Button(description=label, tooltip=tip or label, layout={"width": "auto"})
    made.layout.display = "none" if hidden else ""
    made.on_click(lambda _: does())
    return made


def _inner(each: Entry) -> tuple[str, ...]:
    """What a menu shows: the names of its entries."""
    held = each.value if each.kind == "inside" else ()
    return tuple(str(x.get("name", "") if isinstance(x, dict) else x) for x in held)


def _show(field: Any, each: Entry) -> None:
    """Let a field show what stands there; a menu that does not know it shows nothing."""
    value = each.value
    text: Any = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else value
    text = str(text).lower() if isinstance(value, bool) else str(text)
    if isinstance(field, ipywidgets.Dropdown):
        text = text if text in field.options else None
    field.value = text
