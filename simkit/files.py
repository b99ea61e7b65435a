"""A checked record read from YAML 1.2: every error at once, with file, line, path, value and likely fix.

Files come from strangers.  So the door reads events, not objects: nothing is executed, sizes and depth are bounded before
anything is built, and aliases, tags, duplicate names, nulls and numbers that are not finite are problems, not features.
Whatever the file holds, `read` returns a checked record or raises `InvalidFile` with all that is wrong.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic.types import Strict
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MAX_BYTES = 512 * 1024
MAX_DEPTH = 16
MAX_NODES = 50_000
MAX_PROBLEMS = 50  # shown; the rest are counted

Path_ = tuple[str | int, ...]
T = TypeVar("T")

Name = Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
NoName = Annotated[str, Strict(), StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", max_length=60)]
Combination = Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=400)]
Text = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=4000)]
Note = Annotated[str, Strict(), StringConstraints(max_length=4000)]
Truth = Annotated[bool, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Amount = Annotated[float, Strict(), Field(allow_inf_nan=False, ge=0, le=1e15)]
Positive = Annotated[float, Strict(), Field(allow_inf_nan=False, gt=0, le=1e15)]
Chance = Annotated[float, Strict(), Field(allow_inf_nan=False, ge=0, le=1)]
Count = Annotated[int, Strict(), Field(ge=0, le=10**12)]

#: Decorator of every record that a file can hold: frozen, unknown names forbidden, documented by its own docstrings.
record = pydantic_dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))


def no_entries() -> Any:
    """The default of a mapping that a file may leave out."""
    return Field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file: where it is, what stands there, the rule it breaks and the likely fix."""

    path: Path_
    rule: str
    fix: str = ""
    value: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = dotted(self.path)
        stands = f"{place} is {self.value}" if place and self.value else place
        parts = [part for part in (stands, self.rule) if part]
        where = f"line {self.line}: " if self.line else ""
        return where + ": ".join(parts) + (f"; {self.fix}" if self.fix else "")


class InvalidFile(ValueError):
    """All that is wrong with one file.  `problems` holds every `Problem`; `str()` is one line for each."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__(name, self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{self.name}: {count} problem{'s' if count != 1 else ''}"
        lines = [f"  {problem}" for problem in self.problems[:MAX_PROBLEMS]]
        hidden = [f"  … and {count - MAX_PROBLEMS} more"] if count > MAX_PROBLEMS else []
        return "\n".join([head, *lines, *hidden])


@dataclass(frozen=True)
class Tree:
    """A parsed document: plain data, the line of every path, and what was already wrong with it."""

    name: str
    data: Any
    lines: Mapping[Path_, int]
    problems: tuple[Problem, ...] = ()


def dotted(path: Path_) -> str:
    """`("segments", 2, "share")` -> `segments[2].share`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step, quote=False)}" for step in path)
    return text.removeprefix(".")


def shown(value: Any, *, quote: bool = True) -> str:
    """`value` as one short printable piece of text: no control characters, at most 60 characters."""
    text = value if isinstance(value, str) and not quote else json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(char if is_plain(char) and char != "\n" else f"\\x{ord(char):02x}" for char in text)
    return text if len(text) <= 60 else text[:57] + "…"


def is_plain(char: str) -> bool:
    """Printable, a line break, a tab or a joiner: no control, surrogate, private or direction-changing character."""
    return char in "\n\t\u200c\u200d" or unicodedata.category(char) not in ("Cc", "Cs", "Cf", "Co")


def suggest(name: str, known: Iterable[str]) -> str:
    """`did you mean …?` for a near miss, else the names that would do."""
    names = list(known)
    near = difflib.get_close_matches(name[:60], names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}" if names else "none is declared"


# --- from text to a tree ----------------------------------------------------------------------------------------------


def read_text(path: Path) -> str:
    """The text of a regular UTF-8 file of at most `MAX_BYTES`; anything else is an `InvalidFile`."""
    name = str(path)
    if not path.is_file():
        raise InvalidFile(name, [Problem((), "there is no such file" if not path.exists() else "this is not a regular file")])
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidFile(name, [Problem((), f"it cannot be opened ({error.strerror})")]) from None
    if len(raw) > MAX_BYTES:
        raise InvalidFile(name, [Problem((), f"it is larger than {MAX_BYTES // 1024} kB", "keep data out of the scenario")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidFile(name, [Problem((), "it is not UTF-8 text", "save it as UTF-8", line=line)]) from None


def parse(text: str, name: str = "<text>") -> Tree:
    """Parse one YAML 1.2 document (core schema) into plain data, keeping the line of every path.

    Problems that leave a tree to look at are collected in it; a syntax error, too many nodes or too deep a nesting end in
    `InvalidFile` at once, because nothing after them can be trusted.
    """
    if len(text) > MAX_BYTES:
        raise InvalidFile(name, [Problem((), f"it is larger than {MAX_BYTES // 1024} kB")])
    builder = _Builder(name)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(str(part) for part in (error.context, error.problem) if part)
        raise InvalidFile(name, [Problem((), f"this is not YAML ({what})", line=mark.line + 1 if mark else 0)]) from None
    except YAMLError as error:  # the reader's own: a character that no YAML file may hold
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        raise InvalidFile(name, [Problem((), "a control character stands here", "take it out", line=line)]) from None
    except (ValueError, IndexError, AttributeError, AssertionError, NotImplementedError) as error:  # the parser's own faults
        raise InvalidFile(name, [Problem((), f"this is not YAML ({shown(str(error), quote=False)})")]) from None
    return builder.tree()


class _Builder:
    """Builds plain data from parser events with a stack of open collections: no recursion, no aliases, no tags."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: list[Any] = []
        self.stack: list[tuple[Any, Path_]] = [(self.root, ())]
        self.key: str | None = None  # a mapping's key that waits for its value
        self.key_line = 0
        self.lines: dict[Path_, int] = {}
        self.problems: list[Problem] = []
        self.documents = self.nodes = 0

    def take(self, event: Any) -> None:
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
        elif isinstance(event, AliasEvent):
            self.problem(event, "aliases are not allowed", "write the value out")
            self.place(event, None)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self.open(event, {} if isinstance(event, MappingStartEvent) else [])
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self.stack.pop()
        elif isinstance(event, ScalarEvent):
            self.scalar(event)

    def tree(self) -> Tree:
        if self.documents != 1 or not self.root:
            raise InvalidFile(self.name, [Problem((), f"a file holds one document, this one {self.documents}")])
        return Tree(self.name, self.root[0], self.lines, tuple(self.problems))

    def open(self, event: Any, collection: Any) -> None:
        if self.waits_for_key:
            self.stop(event, "a name must be plain text")
        if len(self.stack) > MAX_DEPTH:
            self.stop(event, f"nesting is deeper than {MAX_DEPTH} levels")
        self.forbid_marks(event)
        self.stack.append((collection, self.place(event, collection)))

    def scalar(self, event: Any) -> None:
        self.forbid_marks(event)
        if self.waits_for_key:
            self.key, self.key_line = event.value, event.start_mark.line + 1
            self.check_text(event, self.path_here() + (self.key,))
        else:
            path = self.place(event, None)
            self.put(path, self.resolve(event, path))

    @property
    def waits_for_key(self) -> bool:
        return isinstance(self.stack[-1][0], dict) and self.key is None

    def path_here(self) -> Path_:
        return self.stack[-1][1]

    def place(self, event: Any, value: Any) -> Path_:
        """Put `value` where the next node belongs; the path that it got."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.stop(event, f"it holds more than {MAX_NODES} values")
        holder, base = self.stack[-1]
        if isinstance(holder, dict):
            key, line = str(self.key), self.key_line
            self.key = None
            path = (*base, key)
            if key in holder:
                first = self.lines.get(path, 0)
                rule = f"this name stands twice (first on line {first})"
                self.problems.append(Problem(path, rule, "keep one of them", line=line))
            holder[key] = value
        else:
            line = event.start_mark.line + 1
            path = base if holder is self.root else (*base, len(holder))
            holder.append(value)
        self.lines[path] = line
        return path

    def put(self, path: Path_, value: Any) -> None:
        holder = self.stack[-1][0]
        if isinstance(holder, dict):
            holder[path[-1]] = value
        else:
            holder[-1] = value

    def resolve(self, event: Any, path: Path_) -> Any:
        """The value of a scalar by YAML 1.2's core schema; null and numbers that are not finite are problems."""
        if event.style or not event.implicit[0]:
            self.check_text(event, path)
            return event.value
        value = plain_value(event.value)
        if value is None:
            self.note(path, "", "nothing stands here (null is not allowed)", "write a value or take the name out", event)
        elif isinstance(value, float) and not math.isfinite(value):
            self.note(path, shown(event.value, quote=False), "a number must be finite", "", event)
        elif isinstance(value, str):
            self.check_text(event, path)
        return value

    def check_text(self, event: Any, path: Path_) -> None:
        bad = next((char for char in event.value if not is_plain(char)), None)
        if bad is not None:
            self.note(path, "", f"it holds the invisible character U+{ord(bad):04X}", "take it out", event)

    def forbid_marks(self, event: Any) -> None:
        if event.anchor is not None:
            self.problem(event, "anchors are not allowed", "write the value out where it is needed")
        if event.tag is not None and not (isinstance(event, ScalarEvent) and event.tag == "!"):
            self.problem(event, f"tags are not allowed ({shown(str(event.tag), quote=False)})", "take the tag out")

    def note(self, path: Path_, value: str, rule: str, fix: str, event: Any) -> None:
        self.problems.append(Problem(path, rule, fix, value, event.start_mark.line + 1))

    def problem(self, event: Any, rule: str, fix: str) -> None:
        self.note((), "", rule, fix, event)

    def stop(self, event: Any, rule: str) -> None:
        raise InvalidFile(self.name, [*self.problems, Problem((), rule, line=event.start_mark.line + 1)])


_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def plain_value(text: str) -> Any:
    """A plain scalar by YAML 1.2's core schema (10.3.2), without octal and hexadecimal integers."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _INT.fullmatch(text) and len(text) <= 18:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if text.lower() in (".inf", "+.inf", "-.inf", ".nan"):
        return float(text.replace(".", ""))
    return text


# --- from a tree to a checked record ----------------------------------------------------------------------------------

#: What a record's cross-field rules get, and what they yield: plain data in, problems (without lines) out.
Rules = Callable[[Any], Iterator[Problem]]


def check(kind: type[T], tree: Tree, rules: Rules | None = None) -> T:
    """The record of class `kind` that `tree` describes, or `InvalidFile` with *all* its problems."""
    problems = list(tree.problems)
    found: T | None = None
    try:
        found = adapter(kind).validate_python(tree.data)
    except ValidationError as error:
        problems += field_problems(kind, error, tree.data)
    if rules is not None:
        problems += rules(tree.data)
    if problems or found is None:
        raise InvalidFile(tree.name, _in_order(problems, tree.lines))
    return found


def read(path: str | Path, kind: type[T], rules: Rules | None = None) -> T:
    """Read and check one file."""
    path = Path(path)
    return check(kind, parse(read_text(path), str(path)), rules)


@cache
def adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)


@cache
def json_schema(kind: type) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a record, for editors that complete and check while one types."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **adapter(kind).json_schema()}


def field_problems(kind: type, error: ValidationError, data: Any) -> Iterator[Problem]:
    """Each of pydantic's field errors as a `Problem` in this project's words."""
    for entry in error.errors(include_url=False):
        if not entry["loc"] and entry["type"] == "value_error":
            continue  # the record's own cross-field rules: `check` runs them on the data, with paths
        path = _data_path(entry["loc"], data, missing=entry["type"] == "missing")
        words = _WORDS.get(entry["type"])
        rule, fix = words(kind, path, entry) if words else (_lower(entry["msg"]), "")
        scalar = _is_scalar(entry["input"]) and entry["type"] != "missing"
        yield Problem(path, rule, fix, shown(entry["input"]) if scalar else "")


def _data_path(loc: Path_, data: Any, *, missing: bool) -> Path_:
    """`loc` without the steps that pydantic adds for unions: they name a class, not a place in the file."""
    path: list[str | int] = []
    for number, step in enumerate(loc):
        inside = (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int))
        if inside:
            data = data[step]
        elif number < len(loc) - 1 or not missing:
            continue
        path.append(step)
    return tuple(path)


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ").replace("Input should", "it should")
    return message[:1].lower() + message[1:]


def _unknown(kind: type, path: Path_, entry: Any) -> tuple[str, str]:
    return "this name is unknown here", suggest(str(path[-1]), fields_at(json_schema(kind), path[:-1]))


def _not_a_number(kind: type, path: Path_, entry: Any) -> tuple[str, str]:
    value = entry["input"]
    number = isinstance(value, str) and bool(_FLOAT.fullmatch(value.strip().rstrip("%")))
    if number and value.strip().endswith("%"):
        return "it should be a number", f"write {float(value.strip().rstrip('%')) / 100:g}"
    return "it should be a number", "write it without quotes" if number else ""


def _too_large(kind: type, path: Path_, entry: Any) -> tuple[str, str]:
    limit, value = entry["ctx"]["le"], entry["input"]
    fix = f"if {value:g}% is meant, write {value / 100:g}" if limit == 1 and value <= 100 else ""
    return f"it should be at most {limit:g}", fix


def _bad_name(kind: type, path: Path_, entry: Any) -> tuple[str, str]:
    good = re.sub(r"[^A-Za-z0-9._-]+", "-", str(entry["input"])).strip("-._")
    return "a name is letters, digits, dots, dashes and underscores", f"write {good[:60]}" if good else ""


_WORDS: dict[str, Callable[[type, Path_, Any], tuple[str, str]]] = {
    "missing": lambda kind, path, entry: ("this name is missing", "add it"),
    "unexpected_keyword_argument": _unknown,
    "float_type": _not_a_number,
    "float_parsing": _not_a_number,
    "int_type": lambda kind, path, entry: ("it should be a whole number", ""),
    "bool_type": lambda kind, path, entry: ("it should be true or false", ""),
    "string_type": lambda kind, path, entry: ("it should be text", "put it in quotes" if _is_scalar(entry["input"]) else ""),
    "dataclass_type": lambda kind, path, entry: ("it should be a block of names and values", ""),
    "dict_type": lambda kind, path, entry: ("it should be a block of names and values", ""),
    "tuple_type": lambda kind, path, entry: ("it should be a list", ""),
    "less_than_equal": _too_large,
    "greater_than_equal": lambda kind, path, entry: (f"it should be at least {entry['ctx']['ge']:g}", ""),
    "greater_than": lambda kind, path, entry: (f"it should be more than {entry['ctx']['gt']:g}", ""),
    "string_pattern_mismatch": _bad_name,
    "string_too_short": lambda kind, path, entry: ("it should not be empty", ""),
}


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def fields_at(schema: dict[str, Any], path: Path_) -> list[str]:
    """The names that may stand at `path`, read off the JSON Schema."""
    nodes = [schema]
    for step in path:
        nodes = [child for node in _resolved(nodes, schema) for child in _children(node, step)]
    return [name for node in _resolved(nodes, schema) for name in node.get("properties", {})]


def _resolved(nodes: list[dict[str, Any]], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        choices = node.get("oneOf", node.get("anyOf"))
        yield from _resolved(choices, schema) if choices else [node]


def _children(node: dict[str, Any], step: str | int) -> list[dict[str, Any]]:
    if isinstance(step, int):
        return [node["items"]] if "items" in node else []
    child = node.get("properties", {}).get(step, node.get("additionalProperties"))
    return [child] if isinstance(child, dict) else []


def _in_order(problems: Iterable[Problem], lines: Mapping[Path_, int]) -> list[Problem]:
    """Problems with their lines, in the order of the file; the first that is said of a place is kept."""
    kept: dict[tuple[Path_, int], Problem] = {}
    for problem in problems:
        placed = problem if problem.line else replace(problem, line=_nearest(problem.path, lines))
        kept.setdefault((placed.path, placed.line) if placed.path else ((placed.rule,), placed.line), placed)
    return sorted(kept.values(), key=lambda problem: problem.line)


def _nearest(path: Path_, lines: Mapping[Path_, int]) -> int:
    return next((lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in lines), 1)


# --- the library of files that travel with the package ----------------------------------------------------------------


def library(folder: str) -> Path:
    """Where `scenarios/` or `specs/` are: inside an installed package, or beside it in a clone."""
    inside = Path(__file__).parent / folder
    return inside if inside.is_dir() else Path(__file__).parent.parent / folder


def find(name: str | Path, folder: str) -> Path:
    """A file by path, or by the name that it has in the library."""
    text = str(name)
    if isinstance(name, Path) or "/" in text or "\\" in text or text.endswith((".yaml", ".yml")):
        return Path(name)
    known = sorted(path.stem for path in library(folder).glob("*.yaml"))
    if text not in known:
        raise InvalidFile(shown(text, quote=False), [Problem((), f"no such name in {folder}/", suggest(text, known))])
    return library(folder) / f"{text}.yaml"
