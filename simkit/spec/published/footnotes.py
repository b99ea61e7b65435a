"""The prompts that the footnote marks of a Model Spec stand for: `read_examples(release, folder)`.

A release marks places with four characters (`[^ab12]`) and does not define them.  The file `examples/ab12.md` beside it, if
there is one, begins with `Examples for [^ab12] in SECTION TITLE:` and holds titled examples, as the release itself does.
Files go missing, marks go away, and titles of sections change while the files keep the old ones: all of that is listed.

Source of the form: github.com/openai/model_spec, CC0 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ...files import InvalidFile, Problem, read_text, shown
from ...text import html_lines
from .reader import Walk
from .records import Example, ModelSpec

MAX_BYTES = 512 * 1024
MAX_FILES = 1000

_NAME = re.compile(r"[a-z0-9]{4}\.md")
_HEAD = re.compile(r"Examples for \[\^([a-z0-9]{4})\] in (.{1,300}):[ \t]*")


@dataclass(frozen=True)
class FootnoteFile:
    """One file of examples: its mark, the title of the section as the file says it, and the examples."""

    id: str
    title: str
    examples: tuple[Example, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class FootnoteExamples:
    """The examples of a release's footnote marks; `files` stand in the order of their names."""

    release: str
    files: tuple[FootnoteFile, ...]
    missing: tuple[str, ...]
    """Marks of the release without a file, in the order of the release."""
    unreferenced: tuple[str, ...]
    """Files without a mark in the release."""
    stale: tuple[tuple[str, str, str], ...]
    """Mark, the title that its file says, and the title that its section has: where these differ."""
    others: tuple[str, ...]
    """Markdown files in the folder that are named like no mark; they are not read."""
    warnings: tuple[str, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, FootnoteFile]:
        """Files by their mark."""
        return {file.id: file for file in self.files}

    def __getitem__(self, name: str) -> tuple[Example, ...]:
        """The examples of a mark; a KeyError if it has no file."""
        return self.by_id[name].examples

    def lines(self) -> list[str]:
        """What was found, in a few lines."""
        count = sum(len(file.examples) for file in self.files)
        old = ", ".join(f"{name} (“{shown(said, quote=False)}”)" for name, said, _ in self.stale)
        return [
            f"{len(self.files)} files with {count} examples.",
            f"Marks without a file: {', '.join(self.missing) or 'none'}.",
            f"Files without a mark: {', '.join(self.unreferenced) or 'none'}.",
            f"Titles that the section no longer has: {old or 'none'}.",
            *([f"Not read: {', '.join(shown(name, quote=False) for name in self.others[:10])}."] if self.others else []),
            *(f"{said}." for said in self.warnings[:20]),
        ]

    def __repr__(self) -> str:
        return "\n".join([self._title(), *self.lines()])

    def _repr_html_(self) -> str:
        return html_lines(self._title(), self.lines())

    def _title(self) -> str:
        return f"Examples of the footnotes of {shown(self.release, quote=False) or 'a release'}"


def read_examples(release: ModelSpec, folder: str | Path) -> FootnoteExamples:
    """The examples that the footnote marks of a release stand for, from the folder that holds `ab12.md` and the like.

    `release` is what `read_model_spec` gives, or `facts` (whose marks are not known: then no file is missing or stale, and
    none is without a mark).  `InvalidFile` if there is no such folder, or with the line and the likely fix if one of its files
    breaks the grammar.
    """
    place = Path(folder)
    try:
        paths = sorted(place.glob("*.md"))[: MAX_FILES + 1] if place.is_dir() else None
    except OSError:
        paths = None
    if paths is None:
        raise InvalidFile(str(folder), [Problem((), "there is no such folder", "give the folder examples of a release")])
    if len(paths) > MAX_FILES:
        rule = f"it holds more than {MAX_FILES} files"
        raise InvalidFile(str(folder), [Problem((), rule, "give the folder examples of a release")])
    section = {note.id: note.section for note in reversed(release.footnotes)}
    files = tuple(_read(path, section.get(path.stem, "")) for path in paths if _NAME.fullmatch(path.name))
    known = {file.id for file in files}
    return FootnoteExamples(
        release=release.release,
        files=files,
        missing=tuple(dict.fromkeys(note.id for note in release.footnotes if note.id not in known)),
        unreferenced=tuple(file.id for file in files if file.id not in section and release.complete),
        stale=_stale(release, files, section),
        others=tuple(path.name for path in paths if not _NAME.fullmatch(path.name)),
        warnings=tuple(f"{file.id}.md, line {said}" for file in files for said in file.warnings),
    )


def _read(path: Path, section: str) -> FootnoteFile:
    """One file; its examples belong to the section that carries the mark."""
    lines = read_text(path, MAX_BYTES, "give a file of examples of a release").replace("\r\n", "\n").split("\n")
    head = _HEAD.fullmatch(lines[0])
    if head is None:
        rule, fix = f"this is no file of examples: {shown(lines[0])}", "begin with: Examples for [^ab12] in SECTION TITLE:"
        raise InvalidFile(str(path), [Problem((), rule, fix, line=1)])
    walk = Walk(str(path))
    walk.before = True  # no heading opens a section here
    walk.over(["", *lines[1:]])
    if walk.problems:
        raise InvalidFile(str(path), walk.problems)
    if walk.sections:
        rule = "a file of examples has no sections"
        raise InvalidFile(str(path), [Problem((), rule, "read a release with read_model_spec", line=walk.sections[0].line)])
    odd = [(1, f"it says that it is for [^{head[1]}]")] if head[1] != path.stem else []
    odd += [(len(lines), "it holds no example")] if not walk.examples else []
    warnings = tuple(f"{line}: {said}" for line, said in sorted([*odd, *walk.warnings]))
    examples = tuple(replace(example, section=section) for example in walk.examples)
    return FootnoteFile(path.stem, " ".join(head[2].split()), examples, warnings)


def _stale(release: ModelSpec, files: tuple[FootnoteFile, ...], section: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """Where a file says another title than the section of its mark has."""
    titles = {file.id: release[section[file.id]].title for file in files if section.get(file.id)}
    pairs = [(file.id, file.title, titles.get(file.id)) for file in files]
    return tuple((name, said, " ".join(now.split())) for name, said, now in pairs if now and _words(said) != _words(now))


def _words(title: str) -> list[str]:
    return title.replace("’", "'").split()
