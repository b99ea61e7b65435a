"""The prompts that the footnote marks of a Model Spec stand for: `read_examples(release, folder)`.

A release marks places with four characters (`[^ab12]`) and does not define them.  The file `examples/ab12.md` beside it, if
there is one, begins with `Examples for [^ab12] in SECTION TITLE:` and holds titled examples, as the release itself does.
Files go missing, marks go away, and titles of sections change while the files keep the old ones: all of that is listed.

Source of the form: github.com/openai/model_spec, CC0 1.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ...files import InvalidFile, Problem, given_path, read_text, shown
from ...text import Printable, Printed
from ..markdown import split
from .reader import Walk
from .records import Example, ModelSpec, bare

MAX_BYTES = 512 * 1024
MAX_FILES = 1000

_NAME = re.compile(r"[a-z0-9]{4}\.md")
_HEAD = re.compile(r"Examples for \[\^([a-z0-9]{4})\] in (.{1,300}):[ \t]*")


class FootnoteFile(NamedTuple):
    """One file of examples: its mark, the title of the section as the file says it, and the examples."""

    id: str
    title: str
    examples: tuple[Example, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class FootnoteExamples(Printed):
    """The examples of a release's footnote marks; `files` stand in the order of their names.

    `missing` are marks of the release without a file, `unreferenced` files without a mark; `stale` tells the mark, the title
    that its file says and the title that its section has, where these differ; `others` are named like no mark and not read.
    """

    release: str
    files: tuple[FootnoteFile, ...]
    missing: tuple[str, ...]
    unreferenced: tuple[str, ...]
    stale: tuple[tuple[str, str, str], ...]
    others: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> tuple[Example, ...]:
        """The examples of a mark; a KeyError if it has no file."""
        return {file.id: file.examples for file in self.files}[name]

    def _parts(self) -> list[Printable]:
        old = ", ".join(f"{name} (“{shown(said, quote=False)}”)" for name, said, _ in self.stale)
        lines = [
            f"{len(self.files)} files with {sum(len(file.examples) for file in self.files)} examples.",
            f"Marks without a file: {', '.join(self.missing) or 'none'}.",
            f"Files without a mark: {', '.join(self.unreferenced) or 'none'}.",
            f"Titles that the section no longer has: {old or 'none'}.",
            *([f"Not read: {', '.join(shown(name, quote=False) for name in self.others[:10])}."] if self.others else []),
            *(f"{said}." for said in self.warnings[:20]),
        ]
        return [f"Examples of the footnotes of {bare(self.release) or 'a release'}", *lines]


def read_examples(release: ModelSpec, folder: str | Path) -> FootnoteExamples:
    """The examples that the footnote marks of a release stand for, from the folder that holds `ab12.md` and the like.

    `release` is what `read_model_spec` gives, or `facts` (whose marks are not known: then no file is missing or stale, and
    none is without a mark).  `InvalidFile` if there is no such folder, or with the line and the likely fix if one of its files
    breaks the grammar.
    """
    place = given_path(folder)
    try:
        paths = sorted(place.glob("*.md"))[: MAX_FILES + 1] if place.is_dir() else None
    except (OSError, RuntimeError):
        paths = None
    if paths is None or len(paths) > MAX_FILES:
        rule = "there is no such folder" if paths is None else f"it holds more than {MAX_FILES} files"
        raise InvalidFile(str(folder), [Problem((), rule, "give the folder examples of a release")])
    section = {note.id: note.section for note in reversed(release.footnotes)}
    files = tuple(_read(path, section.get(path.stem, "")) for path in paths if _NAME.fullmatch(path.name))
    known = {file.id for file in files}
    titles = [(file, release[section[file.id]].title or "") for file in files if section.get(file.id)]
    return FootnoteExamples(
        release=release.release,
        files=files,
        missing=tuple(dict.fromkeys(note.id for note in release.footnotes if note.id not in known)),
        unreferenced=tuple(file.id for file in files if file.id not in section and release.complete),
        stale=tuple((f.id, f.title, " ".join(now.split())) for f, now in titles if now and _words(f.title) != _words(now)),
        others=tuple(path.name for path in paths if not _NAME.fullmatch(path.name)),
        warnings=tuple(f"{file.id}.md, line {said}" for file in files for said in file.warnings),
    )


def _read(path: Path, section: str) -> FootnoteFile:
    """One file; its examples belong to the section that carries the mark."""
    lines = split(read_text(path, MAX_BYTES, "give a file of examples of a release"))
    head = _HEAD.fullmatch(lines[0])
    if head is None:
        rule, fix = f"this is no file of examples: {shown(lines[0])}", "begin with: Examples for [^ab12] in SECTION TITLE:"
        raise InvalidFile(str(path), [Problem((), rule, fix, line=1)])
    walk = Walk(str(path))
    walk.before = True  # no heading opens a section here
    walk.over(["", *lines[1:]])
    if walk.sections:
        rule = "a file of examples has no sections"
        raise InvalidFile(str(path), [Problem((), rule, "read a release with read_model_spec", line=walk.sections[0].line)])
    odd = [(1, f"it says that it is for [^{head[1]}]")] if head[1] != path.stem else []
    odd += [(len(lines), "it holds no example")] if not walk.examples else []
    warnings = tuple(f"{line}: {said}" for line, said in sorted([*odd, *walk.warnings]))
    examples = tuple(replace(example, section=section) for example in walk.examples)
    return FootnoteFile(path.stem, " ".join(head[2].split()), examples, warnings)


def _words(title: str) -> list[str]:
    return title.replace("’", "'").split()
