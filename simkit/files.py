"""Plain data read from YAML 1.2 at one door: bounded, nothing executed, the line of every path remembered.

Files come from strangers.  So the door reads events, not objects: nothing is executed, sizes and depth are bounded before
anything is built, and aliases, tags, duplicate names, nulls and numbers that are not finite are problems, not features.
Whatever the file holds, `parse` returns a `Tree` (with its problems) or raises `InvalidFile`.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    except InvalidFile:
        raise
    except MarkedYAMLError as error:
        raise InvalidFile(name, [_syntax_problem(error)]) from None
    except YAMLError as error:  # the reader's own: a character that no YAML file may hold
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        raise InvalidFile(name, [Problem((), "a control character stands here", "take it out", line=line)]) from None
    except (ValueError, IndexError, AttributeError, AssertionError, NotImplementedError) as error:  # the parser's own faults
        raise InvalidFile(name, [Problem((), f"this is not YAML ({shown(str(error), quote=False)})")]) from None
    return builder.tree()


#: What the parser says, and what most likely helps.
_SYNTAX_FIXES = {
    "mapping values are not allowed": "put text that holds a colon in quotes",
    "'\\t' that cannot start": "indent with spaces, not with tabs",
    "unexpected end of stream": "close the quote or bracket that this line opens",
    "expected <block end>": "check the indentation",
    "could not find expected ':'": "write a colon and a space after the name",
}


def _syntax_problem(error: MarkedYAMLError) -> Problem:
    """A syntax error with the line where it starts and the likely fix."""
    what = ", ".join(str(part) for part in (error.context, error.problem) if part)
    fix = next((fix for said, fix in _SYNTAX_FIXES.items() if said in what), "")
    unclosed = "end of stream" in what and error.context_mark
    mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
    return Problem((), f"this is not YAML ({shown(what, quote=False)})", fix, line=mark.line + 1 if mark else 0)


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
            self.note(self.place(event, None), "aliases are not allowed", "write the value out", event)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self.open(event, {} if isinstance(event, MappingStartEvent) else [])
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self.stack.pop()
        elif isinstance(event, ScalarEvent):
            self.scalar(event)

    def tree(self) -> Tree:
        if self.documents != 1 or not self.root:
            rule = f"a file holds one document, this one {self.documents}" if self.documents else "the file is empty"
            raise InvalidFile(self.name, [*self.problems, Problem((), rule)])
        return Tree(self.name, self.root[0], self.lines, tuple(self.problems))

    def open(self, event: Any, collection: Any) -> None:
        if self.waits_for_key:
            self.stop(event, "a name must be plain text")
        if len(self.stack) > MAX_DEPTH:
            self.stop(event, f"nesting is deeper than {MAX_DEPTH} levels")
        path = self.place(event, collection)
        self.forbid_marks(event, path)
        self.stack.append((collection, path))

    def scalar(self, event: Any) -> None:
        if self.waits_for_key:
            self.key, self.key_line = event.value, event.start_mark.line + 1
            path = (*self.stack[-1][1], self.key)
            self.check_text(event, path)
        else:
            path = self.place(event, None)
            self.put(path, self.resolve(event, path))
        self.forbid_marks(event, path)

    @property
    def waits_for_key(self) -> bool:
        return isinstance(self.stack[-1][0], dict) and self.key is None

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
            self.note(path, "nothing stands here (null is not allowed)", _null_fix(str(path[-1]) if path else ""), event)
        elif isinstance(value, float) and not math.isfinite(value):
            self.note(path, "a number must be finite", "", event, shown(event.value, quote=False))
        elif isinstance(value, str):
            self.check_text(event, path)
        return value

    def check_text(self, event: Any, path: Path_) -> None:
        bad = next((char for char in event.value if not is_plain(char)), None)
        if bad is not None:
            self.note(path, f"it holds the invisible character U+{ord(bad):04X}", "take it out", event)

    def forbid_marks(self, event: Any, path: Path_) -> None:
        if event.anchor is not None:
            self.note(path, "anchors are not allowed", "write the value out where it is needed", event)
        if event.tag is not None and not (isinstance(event, ScalarEvent) and event.tag == "!"):
            self.note(path, f"tags are not allowed ({shown(str(event.tag), quote=False)})", "take the tag out", event)

    def note(self, path: Path_, rule: str, fix: str, event: Any, value: str = "") -> None:
        line = self.lines.get(path, event.start_mark.line + 1)
        self.problems.append(Problem(path, rule, fix, value, line))

    def stop(self, event: Any, rule: str) -> None:
        raise InvalidFile(self.name, [*self.problems, Problem((), rule, line=event.start_mark.line + 1)])


def _null_fix(name: str) -> str:
    """What most likely helps where a name has no value."""
    if name.isdigit():
        return "if this is a decimal comma, write a point"
    if ":" in name.strip(":"):
        return "put a space after the colon"
    return "write a value or take the name out"


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
        beside = f"did you mean {text}.yaml?" if Path(f"{text}.yaml").is_file() else suggest(text, known)
        raise InvalidFile(shown(text, quote=False), [Problem((), f"no such name in {folder}/", beside)])
    return library(folder) / f"{text}.yaml"
