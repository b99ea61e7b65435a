"""Files of all kinds, told by their content: a command reads what it can, and says of the rest what would read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from . import audit, logs, scenario, spec, tasks
from .files import InvalidFile, Problem, find, library, parse, read_text
from .studies.file import load_study
from .text import printable, suggest

MAX_BYTES = 2 * 1024 * 1024  # a release of the Model Spec has a quarter of a megabyte
#: A heading with an id, as only releases of the Model Spec have them.
_RELEASE = re.compile(r"(?:^|[\r\n]) {0,3}#{1,6}[ \t][^\r\n]*\{#[\w-]+[^{}\r\n]*\}[ \t]*(?=[\r\n]|$)")


class FileKind(NamedTuple):
    """What a file is, and what reads it."""

    name: str
    reader: str


SCENARIO = FileKind("a scenario", "simkit run, or simkit.load")
SPEC = FileKind("a written spec", "simkit trace, or simkit.spec.load")
TASK = FileKind("a task", "simkit check, or simkit.tasks.load")
AMENDMENT = FileKind("an amendment of a spec", "simkit check, or simkit.spec.load_amendment")
MEANINGS = FileKind("a file of meanings", "simkit check, or simkit.spec.load_meanings")
RELEASE = FileKind("a release of the Model Spec", "simkit trace, or simkit.spec.read_model_spec")
INSTRUCTIONS = FileKind("a plain text, such as a file of instructions", "simkit trace, or simkit.spec.read_instructions")
PLAN = FileKind("a plan of an audit", "simkit audit LOG --plan FILE, or simkit.audit.load_plan")
MAPPING = FileKind("a mapping of a log", "simkit run LOG --map FILE, or simkit.logs.load_map")
LOG = FileKind("a log of Inspect", "simkit run FILE --map MAP, or simkit.logs.read")
TABLE = FileKind("a table", "simkit run SCENARIO --policy FILE, if it holds a policy")
STUDY = FileKind("a study", "simkit sweep, or simkit.studies.load_study")
NOTEBOOK = FileKind("a notebook", "simkit lab")
YAML = FileKind("YAML or JSON with other names than simkit's files have", "nothing here")

#: A name at the top of a file, and the kind that has it; the first that is there decides.
_NAMES = {
    "commitments": PLAN,
    "response": MAPPING,
    "eval": LOG,
    "behaviours": SPEC,
    "steps": TASK,
    "change": AMENDMENT,
    "clear": AMENDMENT,
    "add": AMENDMENT,
    "drop": AMENDMENT,
    "meanings": MEANINGS,
    "study": STUDY,
    "segments": SCENARIO,
    "request": SCENARIO,
    "nbformat": NOTEBOOK,
}


def recognize(path: Path) -> FileKind:
    """The kind of a file; `InvalidFile` if it cannot be opened or is no text."""
    ends = path.suffix.lower()
    if ends == ".eval":
        return LOG
    text = read_text(path, MAX_BYTES, "simkit reads smaller files")
    if ends in (".csv", ".tsv"):
        return TABLE
    if ends == ".ipynb":
        return NOTEBOOK
    if ends not in (".yaml", ".yml", ".json") and _RELEASE.search(text):
        return RELEASE
    try:
        data = parse(text).data if ends not in (".md", ".markdown") else None
    except InvalidFile:
        data = {} if ends in (".yaml", ".yml", ".json") else None
    if not isinstance(data, dict | list):
        return INSTRUCTIONS
    return next((kind for name, kind in _NAMES.items() if isinstance(data, dict) and name in data), YAML)


def read_any(name: Path | str) -> object:
    """What a file holds, or one of the library by its name; `InvalidFile` with every problem, or what reads such a file."""
    path = find(name, "specs" if (library("specs") / f"{name}.yaml").is_file() else "scenarios")
    kind = recognize(path)
    if kind in (TABLE, NOTEBOOK):
        raise _other(path, kind)
    readers = {
        SPEC: spec.load,
        TASK: tasks.load,
        AMENDMENT: spec.load_amendment,
        PLAN: audit.load_plan,
        MAPPING: logs.load_map,
        LOG: logs.read,
        MEANINGS: spec.load_meanings,
        STUDY: load_study,
        RELEASE: spec.read_model_spec,
        INSTRUCTIONS: spec.read_instructions,
    }
    return readers.get(kind, scenario.load)(path)


def _other(path: Path, kind: FileKind) -> InvalidFile:
    """What is said of a file that something does not read: what it is, and what would read it."""
    return InvalidFile(str(path), [Problem((), f"this is {kind.name}", f"read it with {kind.reader}")])


def named(name: str, error: InvalidFile) -> InvalidFile:
    """What is wrong with a scenario, or, if an existing file is none, what it is and what would read it."""
    path = Path(name)
    try:
        kind = recognize(path) if path.is_file() else SCENARIO
    except InvalidFile as other:
        return other
    return error if kind in (SCENARIO, YAML) else _other(path, kind)


def notes(path: Path, read: object) -> list[str]:
    """What a page of a file would hide, a line each: no problem of the file, but worth a look."""
    found = getattr(read, "suspicious", ())
    return [f"{path}: suspicious: {printable(one if isinstance(one, str) else one.said, 300)}" for one in found]


def document(name: str, section: str) -> str:
    """A file of instructions, a Model Spec or one section of it, as text; empty if the file is neither.

    A ValueError says what is wrong with `section`.
    """
    path = Path(name)
    if not path.is_file() or recognize(path) not in (RELEASE, INSTRUCTIONS):
        return ""
    read = read_any(path)
    if not section:
        return repr(read)
    if not isinstance(read, spec.ModelSpec):
        raise ValueError("a file of instructions decides nothing by itself: leave the behaviour out")
    if section not in read.by_id:
        raise ValueError(f"the release has no section {section!r}; {suggest(section, read.by_id)}")
    edges = [f"{a} → {b}" for a, b in read.edges if section in (a, b)]
    return "\n".join([f"{section}: {read[section].authority or 'no level'}", *edges])
