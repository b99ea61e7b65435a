"""Read a published Model Spec: `read_model_spec(path)` -> sections, cross-references, examples, footnotes, commentary.

The grammar is that of openai/model_spec (five releases of 2025).  The document is walked line by line: fenced blocks first,
because headings inside them are code; then headings, commentary, example titles and prose.  Nothing is executed, no
expression can backtrack over a long line, and what breaks the grammar ends in `InvalidFile` with every problem at once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, NoReturn

from ...files import MAX_FOUND, InvalidFile, Problem, near, read_text, shown, suggest
from .examples import read_block
from .records import LEVELS, Commentary, Example, Footnote, ModelSpec, Ref, Section, tally

MAX_BYTES = 2 * 1024 * 1024  # eight times the longest release
MAX_WARNINGS = 100
MAX_SECTIONS = 1000
MAX_ATTRIBUTES = 8  # of one heading

_FENCE = re.compile(r"(~{3,}|`{3,})[ \t]*([^\s`]*)")
_HASHES = re.compile(r"(#{1,6})[ \t]")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
#: Control characters, and those that change the direction of text: none belongs into a document, all disturb a terminal.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
#: What may stand before a heading without being seen, so that it would be taken for prose.
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"
_REF = re.compile(r"\[([^\[\]\n]{1,300})\]\(#([A-Za-z0-9_-]{1,100})\)")
_FOOTNOTE = re.compile(r"\[\^([a-z0-9]{4})\]")
_META = re.compile(r'!!![ \t]*([a-z]+)(?:[ \t]+"([^"]*)")?')
_EXAMPLE = "**Example**:"
_ATTRIBUTES = ("authority", "tags")


def read_model_spec(path: str | Path) -> ModelSpec:
    """A release of OpenAI's Model Spec from its Markdown file (UTF-8, at most 2 MB).

    The release is named by the date in the file's name, or else by the file's name.  `InvalidFile` with line, value, rule
    and likely fix if the file cannot be opened, is no text, is no Model Spec or breaks its grammar (a block that is never
    closed or is no XML, an id that stands twice, an unknown level …); what is merely odd is listed in `warnings`.

    Source of the grammar: github.com/openai/model_spec, CC0 1.0.
    """
    place = Path(path)
    text = read_text(place, MAX_BYTES, "the longest release has 270 kB: is this a Model Spec?")
    dated = re.search(r"\d{4}-\d{2}-\d{2}", place.name)
    return read_model_spec_text(text, str(place), dated[0] if dated else place.stem)


def read_model_spec_text(text: str, name: str = "<text>", release: str = "") -> ModelSpec:
    """The same from text; `name` is what errors call it.

    `InvalidFile` as for `read_model_spec`.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    walk = Walk(name)
    walk.read(
        text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    )  # not splitlines: it also breaks at characters that belong to the text
    if walk.problems:
        raise InvalidFile(name, sorted(walk.problems, key=lambda problem: problem.line))
    return walk.spec(release, digest)


class _Block(NamedTuple):
    """A fenced block: its opening line (from 1), what it says it holds, and its lines."""

    line: int
    kind: str
    lines: list[str]


class Walk:
    """One pass over the lines, with the section, the commentary and the example title that are open."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.warnings: list[tuple[int, str]] = []
        self.sections: list[Section] = []
        self.lines_of: dict[str, int] = {}
        self.above: list[Section] = []  # the open section and those that it stands in
        self.prose: dict[str, list[str]] = {}
        self.refs: list[Ref] = []
        self.footnotes: list[Footnote] = []
        self.examples: list[Example] = []
        self.metas: list[Commentary] = []
        self.meta: list[str] | None = None  # the lines of the commentary that is open
        self.title: tuple[str, int] | None = None  # an example's title that waits for its block
        self.before = False  # something stands before the first heading

    @property
    def here(self) -> str:
        """The id of the open section; empty before the first one."""
        return self.above[-1].id if self.above else ""

    def read(self, lines: list[str]) -> None:
        """Walk over all lines of a release; what is wrong is collected."""
        if not any("{#" in line and _HASHES.match(line) for line in lines):
            self.stop(1, "no heading carries an {#id}: this is no Model Spec", OTHER)
        self.over(lines)
        if not self.problems and not any(section.authority for section in self.sections):
            self.stop(1, "no section has an authority: this is no Model Spec", OTHER)

    def over(self, lines: list[str]) -> None:
        """Walk over lines, whatever they are of."""
        number = 0
        while number < len(lines):
            opened = _FENCE.match(lines[number])
            self.no_control(lines[number], number + 1)
            if opened and not (opened[1][0] == "`" and "`" in lines[number][opened.end(1) :]):
                number = self.fence(lines, number, opened[1], opened[2])
            else:
                self.line(lines[number], number + 1)
                number += 1
        self.close_title(len(lines))
        self.close_meta()

    def fence(self, lines: list[str], number: int, mark: str, kind: str) -> int:
        """A block from its opening line on; the number of the line after it."""
        self.close_meta()
        end = number + 1
        while end < len(lines) and not _closes(lines[end], mark):
            self.no_control(lines[end], end + 1)
            if kind.lower() == "xml" and _opens(lines[end], mark):
                rule = f"this block is not closed before the next one opens on line {end + 1}: {shown(lines[number])}"
                self.wrong(number + 1, rule, f"close it with a line {mark}")
                return end
            end += 1
        if end == len(lines):
            self.stop(number + 1, f"this block is never closed: {shown(lines[number])}", f"close it with a line {mark}")
        self.block(_Block(number + 1, kind, lines[number + 1 : end]))
        return end + 1

    def block(self, block: _Block) -> None:
        """A block of code is passed over; one of XML belongs to the example title before it."""
        if block.kind.lower() != "xml":
            self.warnings.append((block.line, f"a block that is no example: '{shown(block.kind, quote=False)}'"))
            return
        if self.title is None:
            self.wrong(block.line, "this example has no title", f"write a line `{_EXAMPLE} …` before it")
            return
        found = read_block(block.lines, block.line + 1)
        self.problems += found.problems
        self.warnings += found.warnings
        for offset, text in enumerate(block.lines):
            self.find_refs(text, block.line + 1 + offset, "example")
        self.examples.append(Example(self.here, *self.title, found.messages))
        self.title = None
        if len(self.problems) >= MAX_FOUND:
            raise InvalidFile(self.name, self.problems)

    def line(self, text: str, line: int) -> None:
        """A line outside blocks: of commentary, a heading, an example's title, or prose."""
        if self.meta is not None and (text.startswith(("    ", "\t")) or not text.strip()):
            self.meta.append(text[4:] if text.startswith("    ") else text.lstrip("\t"))
            self.marks(text, line, "meta")
            return
        self.close_meta()
        if _HASHES.match(text):
            self.heading(text, line)
        elif "{#" in text and text.lstrip().lstrip(_UNSEEN).startswith("#"):
            self.wrong(line, f"this is no heading: {shown(text)}", "begin the line with one to six # and a blank")
        elif text.startswith("!!!"):
            self.open_meta(text, line)
        elif text.startswith(_EXAMPLE):
            self.close_title(line)
            self.need_section(line)
            self.title = (text.removeprefix(_EXAMPLE).strip(" \t"), line)
            self.marks(text, line, "example-title")
        elif text.strip():
            self.need_section(line)
            self.prose.setdefault(self.here, []).append(text)
            self.marks(text, line, "body")

    def heading(self, text: str, line: int) -> None:
        """A heading opens a section; its parent is the nearest heading above with fewer marks."""
        self.close_title(line)
        depth = len(text) - len(text.lstrip("#"))
        start, end = text.rfind("{#"), text.rstrip(" \t")
        if start < 0 or not end.endswith("}"):
            self.wrong(line, f"this heading has no {{#id}}: {shown(text)}", "end it with {#id authority=level}")
            return
        name, *pairs = end[start + 2 : -1].split() or [""]
        if not _ID.fullmatch(name):
            self.wrong(line, f"an id is letters, digits and underscores, and this is {shown(name)}", "write {#an_id}")
            return
        if name in self.lines_of:
            rule = f"the id {name} stands twice (first on line {self.lines_of[name]})"
            self.wrong(line, rule, "give each section its own")
            return
        found = self.attributes(pairs, line)
        tags = tuple(tag for tag in found.get("tags", "").split(",") if tag)
        self.above = [section for section in self.above if section.depth < depth]
        title = text[depth:start].strip(" \t")
        section = Section(name, title, depth, line, self.here or None, found.get("authority"), tags)
        self.lines_of[name] = line
        if len(self.sections) >= MAX_SECTIONS:
            self.stop(line, f"it has more than {MAX_SECTIONS} sections", OTHER)
        self.sections.append(section)
        self.above.append(section)
        self.find_refs(title, line, "body")

    def attributes(self, pairs: list[str], line: int) -> dict[str, str]:
        """`authority=root`, `tags=a,b`; what is neither is a problem if it is a slip for one of them, else a warning."""
        found: dict[str, str] = {}
        if len(pairs) > MAX_ATTRIBUTES:
            self.wrong(line, f"a heading has at most {MAX_ATTRIBUTES} attributes", "keep authority and tags")
        for name, _, value in (pair.partition("=") for pair in pairs[:MAX_ATTRIBUTES]):
            meant = near(name, _ATTRIBUTES)
            if name in _ATTRIBUTES and value and name not in found:
                found[name] = value
            elif meant or name in found:
                rule = f"{shown(name, quote=False)} stands twice" if name in found else f"this is no {meant}=value"
                self.wrong(line, f"{rule}: {shown(name + ('=' + value if value else ''))}", f"write {meant}=value once")
            else:
                self.warnings.append((line, f"an attribute that is not known: '{shown(name, quote=False)}'"))
        level = found.get("authority", LEVELS[0])
        if level not in LEVELS:
            self.wrong(line, f"authority is {shown(level)}, and no level is called so", suggest(level, LEVELS))
        return found

    def open_meta(self, text: str, line: int) -> None:
        """`!!! meta "Commentary"` opens a block that lasts while lines are indented."""
        found = _META.fullmatch(text.rstrip(" \t"))
        if found is None:
            self.wrong(line, f"this is no commentary: {shown(text)}", 'write !!! meta "Commentary" and indent what follows')
            return
        self.need_section(line)
        self.meta = []
        self.metas.append(Commentary(self.here, found[1], found[2] or "", line, ""))

    def close_meta(self) -> None:
        """The commentary that is open, if any, gets its text."""
        if self.meta is not None:
            self.metas[-1] = replace(self.metas[-1], text="\n".join(self.meta).strip("\n"))
            self.meta = None

    def close_title(self, line: int) -> None:
        """An example's title that is followed by something else than its block is a problem."""
        if self.title is not None:
            title, at = self.title
            rule = f"no example follows this title before line {line}: {shown(title)}"
            self.wrong(at, rule, "put a block ~~~xml … ~~~ below it")
            self.title = None

    def need_section(self, line: int) -> None:
        """Whatever is said stands in a section: what comes before the first heading is odd, and belongs to none."""
        if not self.above and not self.before:
            self.before = True
            self.warnings.append((line, "text before the first heading belongs to no section"))

    def marks(self, text: str, line: int, where: str) -> None:
        """The cross-references and footnote marks of a line outside blocks."""
        if self.find_refs(text, line, where) < text.count("](#"):
            self.warnings.append((line, f"a cross-reference that cannot be read: '{shown(text, quote=False)}'"))
        self.footnotes += [Footnote(name, self.here, line, where) for name in _FOOTNOTE.findall(text)]

    def find_refs(self, text: str, line: int, where: str) -> int:
        """The cross-references of a line, and how many they are."""
        pairs = _REF.findall(text) if "](#" in text else []
        self.refs += [Ref(self.here, target, line, where, None if said == "?" else said) for said, target in pairs]
        return len(pairs)

    def no_control(self, text: str, line: int) -> None:
        """No control character stands in a document: it would reach terminals with the titles."""
        found = _INVISIBLE.search(text)
        if found:
            self.wrong(line, f"the invisible character U+{ord(found[0]):04X} stands here", "take it out")

    def wrong(self, line: int, rule: str, fix: str) -> None:
        """Note a problem; at `MAX_FOUND` of them the file is not read further."""
        self.problems.append(Problem((), rule, fix, line=line))
        if len(self.problems) >= MAX_FOUND:
            raise InvalidFile(self.name, self.problems)

    def stop(self, line: int, rule: str, fix: str) -> NoReturn:
        """A problem after which nothing can be trusted."""
        raise InvalidFile(self.name, [*self.problems, Problem((), rule, fix, line=line)])

    def spec(self, release: str, digest: str) -> ModelSpec:
        """What was found."""
        known = self.lines_of.keys()
        warnings = [f"{line}: {said}" for line, said in sorted(self.warnings)]
        found = ModelSpec(
            release=release,
            sha256=digest,
            sections=tuple(replace(s, text="\n".join(self.prose.get(s.id, []))) for s in self.sections),
            edges=tuple(sorted({(ref.source, ref.target) for ref in self.refs if {ref.source, ref.target} <= known})),
            tally={},
            refs=tuple(self.refs),
            examples=tuple(self.examples),
            footnotes=tuple(self.footnotes),
            metas=tuple(self.metas),
            warnings=tuple(warnings[:MAX_WARNINGS]),
        )
        return replace(found, tally={"release": release, **tally(found)})


OTHER = "give the file model_spec.md of a release of 2025-02-12 or later; for an AGENTS.md there is read_instructions"


def _opens(line: str, mark: str) -> bool:
    """Whether a line opens a block of the same marks and says what it holds: inside an example, its end was forgotten."""
    found = _FENCE.match(line)
    return found is not None and found[1].startswith(mark) and found[2] != ""


def _closes(line: str, mark: str) -> bool:
    """A line of the opening mark's character, at least as many, closes a block; the other character does not."""
    bare = line.rstrip(" \t")
    return len(bare) >= len(mark) and bare == mark[0] * len(bare)
