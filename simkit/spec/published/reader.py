"""Read a published Model Spec: `read_model_spec(path)` -> sections, cross-references, examples, footnotes, commentary.

The grammar is that of openai/model_spec (five releases of 2025).  CommonMark tells fences and headings, because headings in
fenced blocks are code; every other line is commentary, the title of an example, or prose.  Nothing is executed, no expression
can backtrack over a long line, and what breaks the grammar ends in `InvalidFile` with every problem at once.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ...files import MAX_FOUND, InvalidFile, Problem, given_path, read_text
from ...text import near, shown, suggest
from ..markdown import closed, outline, split, uncovered
from .examples import read_block
from .records import LEVELS, Commentary, Example, Footnote, ModelSpec, Ref, Section, tally

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_BYTES = 2 * 1024 * 1024  # eight times the longest release
MAX_LINES = 200_000  # forty times as many
MAX_WARNINGS = 100
MAX_SECTIONS = 1000
MAX_ATTRIBUTES = 8  # of one heading

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
#: Control characters, and those that change the direction of text: none belongs into a document, all disturb a terminal.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_REF = re.compile(r"\[([^\[\]\n]{1,300})\]\(#([A-Za-z0-9_-]{1,100})\)")
_FOOTNOTE = re.compile(r"\[\^([a-z0-9]{4})\]")
_META = re.compile(r'!!![ \t]*([a-z]+)(?:[ \t]+"([^"]*)")?')
_EXAMPLE = "**Example**:"
_ATTRIBUTES = ("authority", "tags")
OTHER = "give the file model_spec.md of a release of 2025-02-12 or later; for an AGENTS.md there is read_instructions"


def read_model_spec(path: str | Path) -> ModelSpec:
    """A release of OpenAI's Model Spec from its Markdown file (UTF-8, at most 2 MB).

    The release is named by the date in the file's name, or else by the file's name.  `InvalidFile` with line, value, rule
    and likely fix if the file cannot be opened, is no text, is no Model Spec or breaks its grammar (a block that is never
    closed or is no XML, an id that stands twice, an unknown level …); what is merely odd is listed in `warnings`.

    Source of the grammar: github.com/openai/model_spec, CC0 1.0.
    """
    place = given_path(path)
    text = read_text(place, MAX_BYTES, "the longest release has 270 kB: is this a Model Spec?")
    dated = re.search(r"\d{4}-\d{2}-\d{2}", place.name)
    return read_model_spec_text(text, str(place), dated[0] if dated else place.stem)


def read_model_spec_text(text: str, name: str = "<text>", release: str = "") -> ModelSpec:
    """The same from text; `name` is what errors call it.

    `InvalidFile` as for `read_model_spec`.
    """
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    walk = _Walk(name)
    walk.read(split(text))
    return walk.spec(release, digest)


class _Walk:
    """One pass over the lines, with the section, the commentary and the example title that are open."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.warnings: list[tuple[int, str]] = []
        self.suspicious: list[str] = []
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
        """Walk over all lines of a release; what is wrong is collected and raised."""
        if len(lines) > MAX_LINES:
            self.stop(MAX_LINES + 1, f"it has more than {MAX_LINES} lines", OTHER)
        if not any("{#" in line and re.match(r" {0,3}#{1,6}[ \t]", line) for line in lines):
            self.stop(1, "no heading carries an {#id}: this is no Model Spec", OTHER)
        self.characters(lines)
        tokens, number = outline(lines), 0
        while number < len(lines):
            token = tokens.get(number)
            if token is None:
                self.line(lines[number], number + 1)
            elif token.type == "fence":
                self.fence(token, lines, number)
            else:
                self.heading(token, lines[number], number + 1)
            number = token.map[1] if token and token.map else number + 1
        self.close_title(len(lines))
        self.close_meta()
        if self.problems:
            raise InvalidFile(self.name, sorted(self.problems, key=lambda problem: problem.line))
        if not any(section.authority for section in self.sections):
            self.stop(1, "no section has an authority: this is no Model Spec", OTHER)

    def characters(self, lines: list[str]) -> None:
        """No control character stands in a document: it would reach terminals.  What is merely invisible is listed."""
        for number, text in enumerate(lines, 1):
            found = None if text.isascii() and text.isprintable() else _CONTROL.search(text)
            if found:
                self.wrong(number, f"the invisible character U+{ord(found[0]):04X} stands here", "take it out")
            elif (
                not text.isascii() and len(self.suspicious) < MAX_WARNINGS and (odd := uncovered(text.replace("\t", " "))).what
            ):
                self.suspicious.append(f"line {number}: {odd.what}" + (f": “{odd.spelt}”" if odd.spelt else ""))

    def fence(self, token: Token, lines: list[str], number: int) -> None:
        """A block of code is passed over; one of XML is the example of the title before it."""
        self.close_meta()
        kind, opening = (token.info.split() or [""])[0], shown(lines[number])
        inside = lines[number + 1 : number + 1 + token.content.count("\n")]
        again = re.compile(rf"{token.markup}{token.markup[0]}*[ \t]*[^\s`]")
        nested = next((n for n, line in enumerate(inside, number + 2) if again.match(line)), 0) if kind.lower() == "xml" else 0
        if nested:
            rule = f"this block is not closed before the next one opens on line {nested}: {opening}"
            self.wrong(number + 1, rule, f"close it with a line {token.markup}")
            self.title = None
        elif not closed(token):
            self.stop(number + 1, f"this block is never closed: {opening}", f"close it with a line {token.markup}")
        elif kind.lower() != "xml":
            self.warnings.append((number + 1, f"a block that is no example: '{shown(kind, quote=False)}'"))
        elif self.title is None:
            self.wrong(number + 1, "this example has no title", f"write a line `{_EXAMPLE} …` before it")
        else:
            self.example(self.title, inside, number + 2)

    def example(self, title: tuple[str, int], lines: list[str], first: int) -> None:
        """The block of XML that belongs to a title."""
        found = read_block(lines, first)
        self.warnings += found.warnings
        for number, text in enumerate(lines, first):
            self.find_refs(text, number, "example")
        self.examples.append(Example(self.here, *title, tuple(found.messages)))
        self.title = None
        for problem in found.problems:
            self.wrong(problem.line, problem.rule, problem.fix)

    def line(self, text: str, line: int) -> None:
        """A line outside blocks: of commentary, an example's title, or prose."""
        if self.meta is not None and (text.startswith(("    ", "\t")) or not text.strip()):
            self.meta.append(text[4:] if text.startswith("    ") else text.lstrip("\t"))
            self.marks(text, line, "meta")
            return
        self.close_meta()
        if "{#" in text and uncovered(text.replace("\t", " ")).text.lstrip().startswith("#"):
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

    def heading(self, token: Token, text: str, line: int) -> None:
        """A heading opens a section; its parent is the nearest heading above with fewer marks."""
        self.close_meta()
        self.close_title(line)
        depth, (title, mark, rest) = len(token.markup), token.content.rpartition("{#")
        if not mark or not rest.endswith("}"):
            self.wrong(line, f"this heading has no {{#id}}: {shown(text)}", "end it with {#id authority=level}")
            return
        name, *pairs = rest[:-1].split() or [""]
        if not _ID.fullmatch(name):
            self.wrong(line, f"an id is letters, digits and underscores, and this is {shown(name)}", "write {#an_id}")
            return
        if name in self.lines_of:
            rule = f"the id {name} stands twice (first on line {self.lines_of[name]})"
            self.wrong(line, rule, "give each section its own")
            return
        found, title = self.attributes(pairs, line), title.strip(" \t")
        tags = tuple(tag for tag in found.get("tags", "").split(",") if tag)
        self.above = [section for section in self.above if section.depth < depth]
        self.lines_of[name] = line
        if len(self.sections) >= MAX_SECTIONS:
            self.stop(line, f"it has more than {MAX_SECTIONS} sections", OTHER)
        self.sections.append(Section(name, title, depth, line, self.here or None, found.get("authority"), tags))
        self.above.append(self.sections[-1])
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
            warnings=tuple(f"{line}: {said}" for line, said in sorted(self.warnings)[:MAX_WARNINGS]),
            suspicious=tuple(self.suspicious),
        )
        return replace(found, tally={"release": release, **tally(found)})
