"""Plain data read from YAML 1.2 at one door: bounded, nothing executed, the line of every path remembered.

Files come from strangers.  So the door reads events, not objects: nothing is executed, sizes and depth are bounded before
anything is built, and aliases, tags, duplicate names, nulls and numbers that are not finite are problems, not features.
Whatever the file holds, `parse` returns a `Tree` (with its problems) or raises `InvalidFile`.
"""

from __future__ import annotations

import errno
import math
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from .text import INVISIBLE, printable, shown, suggest

MAX_BYTES = 512 * 1024
MAX_DEPTH = 16
MAX_NODES = 50_000
MAX_FOUND = 300  # problems looked for; a file with more is not read further
MAX_PROBLEMS = 50  # of them shown
MAX_WORDS = 300  # characters of a rule and of a fix that are shown

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
        parts = [part for part in (stands, printable(self.rule, MAX_WORDS)) if part]
        where = f"line {self.line}: " if self.line else ""
        return where + ": ".join(parts) + (f"; {printable(self.fix, MAX_WORDS)}" if self.fix else "")


class InvalidFile(ValueError):
    """All that is wrong with one file.  `problems` holds every `Problem`; `str()` is one line for each."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.name = name
        self.problems = tuple(problems)
        super().__init__(name, self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{printable(self.name, MAX_WORDS)}: {count} problem{'s' if count != 1 else ''}"
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


# --- reading ----------------------------------------------------------------------------------------------------------


def read_text(path: object, limit: int = MAX_BYTES, fix: str = "keep data out of the scenario") -> str:
    """The text of a regular UTF-8 file of at most `limit` bytes; anything else is an `InvalidFile` (too large: with `fix`)."""
    name = str(path)
    with opened(given_path(path)) as stream:
        raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise InvalidFile(name, [Problem((), f"it is larger than {limit // 1024} kB", fix)])
    if _is_wide(raw[:2000]):
        rule = "it is text in UTF-16 or UTF-32, not in UTF-8"
        raise InvalidFile(name, [Problem((), rule, "save it as UTF-8: the encoding is chosen where a file is saved")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidFile(name, [Problem((), "it is not UTF-8 text", "save it as UTF-8", line=line)]) from None


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A stream from a regular file, opened without waiting and then looked at: nothing can be swapped in between."""
    try:
        with open(path, "rb", opener=_at_once) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise InvalidFile(str(path), [Problem((), "this is not a regular file")])
            yield stream
    except FileNotFoundError:
        raise InvalidFile(str(path), [Problem((), "there is no such file")]) from None
    except IsADirectoryError:
        raise InvalidFile(str(path), [Problem((), "this is not a regular file")]) from None
    except OSError as error:
        raise InvalidFile(str(path), [Problem((), f"it cannot be opened ({error.strerror})")]) from None


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for whoever would write into a pipe, and without becoming a terminal's process."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _is_wide(start: bytes) -> bool:
    """Whether bytes look like text in UTF-16 or UTF-32, with or without a mark: every other byte of it is mostly 0."""
    halves = (start[::2], start[1::2])
    zeros = max(half.count(0) * 2 > len(half) for half in halves) and any(0 < byte < 128 for byte in start)
    return start[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(start) > 3 and zeros)


def given_path(path: object) -> Path:
    """A path that somebody gave; `InvalidFile` for what no file can be called: nothing, no text, a NUL, half a character."""
    try:
        text = os.fspath(path)  # type: ignore[call-overload]
        usable = isinstance(text, str) and text != "" and b"\0" not in os.fsencode(text)
    except (TypeError, UnicodeEncodeError):
        usable = False
    if not usable:
        raise InvalidFile(printable(repr(path), 60), [Problem((), "this is no path", "give the path of a file as text")])
    return Path(text)


# --- writing ----------------------------------------------------------------------------------------------------------


@contextmanager
def written(path: object, *, new: bool = False) -> Iterator[BinaryIO]:
    """A stream into a file beside `path`, which is moved there when it is whole: what is there is never half a file.

    With `new` a FileExistsError if something is there, be it a link that leads nowhere.  Devices and pipes are never replaced.
    """
    place = given_path(path)
    if place.exists() and not place.is_file():
        raise OSError(errno.EEXIST, "it is there and is no file", str(place))
    beside = place.with_name(f".{place.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as stream:
            yield stream
        if new:
            _linked(beside, place)
        else:
            beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)


def _linked(beside: Path, place: Path) -> None:
    """Give a whole file its name, if nothing has that name yet."""
    try:
        os.link(beside, place)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: take the name first
        place.touch(exist_ok=False)
        beside.replace(place)


def write_text(path: object, text: str, *, new: bool = False) -> Path:
    """Write a UTF-8 file as `written` does; its path."""
    with written(path, new=new) as stream:
        stream.write(text.encode())
    return given_path(path)


# --- from text to a tree ----------------------------------------------------------------------------------------------


def parse(text: str, name: str = "<text>") -> Tree:
    """Parse one YAML 1.2 document (core schema) into plain data, keeping the line of every path.

    Problems that leave a tree to look at are collected in it; a syntax error, too many nodes or too deep a nesting end in
    `InvalidFile` at once, because nothing after them can be trusted.
    """
    if len(text) > MAX_BYTES:
        raise InvalidFile(name, [Problem((), f"it is larger than {MAX_BYTES // 1024} kB")])
    builder = _Builder(name)
    for event in _events(text, name):
        builder.take(event)
    if not builder.root:
        raise InvalidFile(name, [Problem((), "the file is empty")])
    return Tree(name, builder.root[0], builder.lines, tuple(builder.problems))


def _events(text: str, name: str) -> Iterator[Any]:
    """The parser's events; whatever it stumbles over is an `InvalidFile`."""
    line = 0
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            line = event.start_mark.line + 1
            yield event
    except MarkedYAMLError as error:
        raise InvalidFile(name, [_not_yaml(error)]) from None
    except YAMLError as error:  # the reader's own: a character that no YAML file may hold
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        rule = f"the control character U+{getattr(error, 'character', 0):04X} stands here"
        raise InvalidFile(name, [Problem((), rule, "take it out", line=line)]) from None
    except Exception:  # the parser's own faults: no list of them would be complete
        fix = "look for an escape or a mark that YAML does not know"
        raise InvalidFile(name, [Problem((), "this is not YAML from here on", fix, line=line)]) from None


#: What the parser says, in part, and the likely fix.
_FIXES = {
    "mapping values are not allowed": "put text that holds a colon and a space in quotes, or check the indentation",
    "could not find expected ':'": "put a colon and a space after the name",
    "'\\t'": "indent with spaces, not with tabs",
    "scanning a quoted scalar": "close the quotes",
    "expected <block end>": "check the indentation",
    "expected ',' or": "close the bracket, or put a comma between entries",
    "cannot start any token": "put the text in quotes",
}


def _not_yaml(error: MarkedYAMLError) -> Problem:
    what = ", ".join(str(part) for part in (error.context, error.problem) if part)
    # What is never closed is noticed at the end of the file: the place to look at is where it began.
    late = "end of stream" in what or "could not find expected ':'" in what
    mark = (error.context_mark if late else None) or error.problem_mark or error.context_mark
    fix = next((fix for said, fix in _FIXES.items() if said in what), "")
    return Problem((), f"this is not YAML ({what})", fix, line=mark.line + 1 if mark else 0)


class _Builder:
    """Builds plain data from parser events with a stack of open collections: no recursion, no aliases, no tags."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root: list[Any] = []
        self.stack: list[tuple[Any, Path_]] = [(self.root, ())]
        self.key: str | None = None  # a mapping's key that waits for its value
        self.line = 0  # of that key, or else of the event
        self.lines: dict[Path_, int] = {}
        self.problems: list[Problem] = []
        self.documents = self.nodes = 0

    def take(self, event: Any) -> None:
        if self.key is None:
            self.line = event.start_mark.line + 1
        if isinstance(event, events.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.stop(event, "a second document begins here, and a file holds one", "take out the line `---`")
        elif isinstance(event, events.CollectionEndEvent):
            self.stack.pop()
        elif isinstance(event, events.NodeEvent):
            waits_for_key = isinstance(self.stack[-1][0], dict) and self.key is None
            (self.take_key if waits_for_key else self.take_value)(event)

    def take_key(self, event: Any) -> None:
        if not isinstance(event, events.ScalarEvent):
            fix = "write the name out" if isinstance(event, events.AliasEvent) else "write one name, a colon and its value"
            self.stop(event, "a name must be plain text", fix)
        self.key = event.value
        path = (*self.stack[-1][1], self.key)
        self.forbid_marks(event, path)
        self.check_text(event, path)
        if self.key == "<<" and not event.style:
            self.note(path, "merge keys are not allowed", "write the entries out")

    def take_value(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.stop(event, f"it holds more than {MAX_NODES} values")
        holder, base = self.stack[-1]
        step: Any = len(holder) if isinstance(holder, list) else self.key
        path = () if holder is self.root else (*base, step)
        if isinstance(holder, dict) and step in holder:
            self.note(path, f"this name stands twice (first on line {self.lines[path]})", "keep one of them")
        self.lines[path] = self.line
        value = self.value_of(event, path)
        if isinstance(holder, list):
            holder.append(value)
        else:
            holder[step] = value
        self.key = None
        if isinstance(event, events.CollectionStartEvent):
            if len(self.stack) > MAX_DEPTH:
                self.stop(event, f"nesting is deeper than {MAX_DEPTH} levels")
            self.stack.append((value, path))

    def value_of(self, event: Any, path: Path_) -> Any:
        """What a node stands for by YAML 1.2's core schema; null and numbers that are not finite are problems."""
        self.forbid_marks(event, path)
        if isinstance(event, events.AliasEvent):
            return self.note(path, "aliases are not allowed", "write the value out")
        if isinstance(event, events.CollectionStartEvent):
            return {} if isinstance(event, events.MappingStartEvent) else []
        value = event.value if event.style or not event.implicit[0] else plain_value(event.value)
        if value is None:
            self.note(path, "nothing stands here (null is not allowed)", _null_fix(path[-1] if path else ""))
        elif isinstance(value, float) and not math.isfinite(value):
            self.note(path, "a number must be finite", value=shown(event.value, quote=False))
        elif isinstance(value, str):
            self.check_text(event, path)
        return value

    def check_text(self, event: Any, path: Path_) -> None:
        if bad := INVISIBLE.search(event.value):
            self.note(path, f"it holds the invisible character U+{ord(bad[0][0]):04X}", "take it out")

    def forbid_marks(self, event: Any, path: Path_) -> None:
        if isinstance(event, events.AliasEvent):
            return
        if event.anchor is not None:
            self.note(path, "anchors are not allowed", "write the value out where it is needed")
        if event.tag is not None and not (isinstance(event, events.ScalarEvent) and event.tag == "!"):
            self.note(path, f"tags are not allowed ({shown(str(event.tag), quote=False)})", "take the tag out")

    def note(self, path: Path_, rule: str, fix: str = "", value: str = "") -> None:
        self.problems.append(Problem(path, rule, fix, value, self.line))

    def stop(self, event: Any, rule: str, fix: str = "") -> None:
        raise InvalidFile(self.name, [*self.problems, Problem((), rule, fix, line=event.start_mark.line + 1)])


def _null_fix(name: str | int) -> str:
    """What most likely helps where a name has no value."""
    if isinstance(name, str) and name.isdigit():
        return "if this is a decimal comma, write a point"
    if isinstance(name, str) and ":" in name.strip(":"):
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
    text = str(given_path(name))
    if isinstance(name, Path) or "/" in text or "\\" in text or text.endswith((".yaml", ".yml")):
        return Path(name)
    known = sorted(path.stem for path in library(folder).glob("*.yaml"))
    if text not in known:
        beside = Path(f"{text[:100]}.yaml").is_file()  # a longer name would be an error of the system
        fix = f"did you mean {text}.yaml?" if beside else suggest(text, known)
        raise InvalidFile(shown(text, quote=False), [Problem((), f"no such name in {folder}/", fix)])
    return library(folder) / f"{text}.yaml"
