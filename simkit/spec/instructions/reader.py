"""Read a plain file of project instructions, an AGENTS.md: `read_instructions(path)` -> sentences, code, what is hidden.

Such a file has no schema: it is Markdown that people write for assistants.  The text is cut into sentences
(`instruction_walk`), and each gets its kind from a table of cue words (`cues`), with the words that lead to it (`Never:`
above a list).  Nothing is run, fetched or included, and nothing is understood: what a sentence means for a behaviour, a
reader says (`meanings`).

Form of the file: agents.md.  That such a file has no authority of its own, but may be lent some by whoever points at it:
OpenAI's Model Spec (2025-12-18), section ignore_untrusted_data.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...files import InvalidFile, Problem, read_text, shown
from .records import InstructionFile
from .walk import Walk

MAX_BYTES = 512 * 1024  # few such files have more than 30 kB
MAX_FOLDERS = 100


def read_instructions(path: str | Path) -> InstructionFile:
    """The instructions of a plain Markdown file (UTF-8, at most 512 kB).

    `InvalidFile` with the likely fix if the file cannot be opened, is too large or no text, or is another kind of file: a
    release of the Model Spec, a spec or a scenario of simkit, JSON, HTML.  Any Markdown can be read; what is hidden from a
    reader of the page is listed in `suspicious`.
    """
    return _read(Path(path), str(path), "")


def read_instructions_text(text: str, name: str = "<text>", scope: str = "") -> InstructionFile:
    """The same from text; `name` is what messages and errors call it, `scope` the folder for which it speaks.

    `InvalidFile` as for `read_instructions`.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    _check(text, name)
    walk = Walk(name, scope)
    walk.read(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return InstructionFile(
        name=name,
        sha256=digest,
        scope=scope,
        sections=tuple(walk.sections),
        instructions=tuple(walk.found),
        code=tuple(walk.code),
        links=tuple(walk.links),
        suspicious=tuple(walk.suspicious()),
        front=walk.front,
    )


def instructions_for(path: str | Path, root: str | Path, name: str = "AGENTS.md") -> tuple[InstructionFile, ...]:
    """The files called `name` that speak for `path` (a file or a folder), from the folder `root` down: the nearest comes last.

    Each carries the folder that it speaks for as `scope`.  As messages in this order the nearest wins, because at one level the
    last word holds.  `InvalidFile` if `path` is not below `root`, or if a file leads out of it; no file at all is no error.
    """
    top, place = Path(root).resolve(), Path(path).resolve()
    if not place.is_relative_to(top):
        raise InvalidFile(str(path), [Problem((), f"it is not below {shown(str(root))}", "give the folder of the project")])
    steps = place.relative_to(top).parts[:MAX_FOLDERS]
    folders = [top.joinpath(*steps[:n]) for n in range(len(steps) + 1)]
    return tuple(_within(folder / name, top) for folder in folders if (folder / name).is_file())


def _within(path: Path, top: Path) -> InstructionFile:
    """A file below `top`, called by its place there."""
    inside = path.relative_to(top)
    if not path.resolve().is_relative_to(top):
        raise InvalidFile(str(path), [Problem((), "it leads out of the project", "put a file there instead of a link")])
    return _read(path, inside.as_posix(), inside.parent.as_posix() if inside.parent.parts else "")


def _read(path: Path, name: str, scope: str) -> InstructionFile:
    if path.suffix.lower() in (".yaml", ".yml"):
        fix = "a spec is read by simkit.spec.load, a scenario by simkit.load"
        raise InvalidFile(name, [Problem((), "this is a YAML file, not Markdown", fix)])
    return read_instructions_text(read_text(path, MAX_BYTES, "keep what assistants need, and link the rest"), name, scope)


def _check(text: str, name: str) -> None:
    """What is too large or no text, or gives itself away as another kind of file, is refused before it is walked."""
    start, line = text.lstrip("\ufeff \t\r\n")[:200].lower(), text.count("\n", 0, max(text.find("\0"), 0)) + 1
    rule, fix = "", "give a Markdown file such as AGENTS.md"
    if len(text) > MAX_BYTES:
        rule, fix, line = f"it is larger than {MAX_BYTES // 1024} kB", "keep what assistants need, and link the rest", 0
    elif "\0" in text:
        rule = "this is no text: the character U+0000 stands here"
    elif start.startswith(("<!doctype", "<html", "<?xml")):
        rule, line = "this is HTML or XML, not Markdown", 1
    elif start.startswith("{") and text.rstrip().endswith("}"):
        rule, line = "this is JSON, not Markdown", 1
    if rule:
        raise InvalidFile(name, [Problem((), rule, fix, line=line)])
