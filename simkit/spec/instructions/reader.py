"""Read a plain file of project instructions, an AGENTS.md: `read_instructions(path)` -> sentences, code, what is hidden.

Such a file has no schema: it is Markdown that people write for assistants.  What a page shows of it (`page`) is cut into
sentences; cue words give each its kind (`cues`), with the words that lead to it (`Never:` above a list).  Nothing is
understood: what a sentence means for a behaviour, a reader says (`meanings`).

Form of the file: agents.md.  That such a file has no authority of its own, but may be lent some by whoever points at it:
OpenAI's Model Spec (2025-12-18), section ignore_untrusted_data.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...files import InvalidFile, Problem, given_path, read_text
from ...text import Printable, Printed, printable, shown
from ..page import (
    COMMENT,
    LESS,
    MAX_BYTES,
    MAX_FOUND,
    MAX_TEXT,
    TITLE,
    Block,
    Code,
    Heading,
    Link,
    Page,
    Suspicious,
    no_markdown,
    sentences,
)
from .cues import NO_CUE, VERBS, Kind, condition, cue, led, title_cue, tongue

MAX_FOLDERS = 100
MAX_SUSPICIOUS = 200
MAX_ROWS = 60
#: Where a sentence stands.  What is quoted has no authority; the columns of a table may change what a row says.
Place = Literal["paragraph", "list", "heading", "table", "quote"]
_CLAIMS = re.compile(
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|supersede)s?\b.{0,60}?\b(?:previous|prior|above|earlier|preceding|"
    r"system|developer|all|other|any|your|these|existing)\b.{0,40}?\b(?:instructions?|rules?|prompts?|messages?|guidelines?|"
    r"polic(?:y|ies)|restrictions?)\b|\bthis (?:file|document) (?:overrides|supersedes|outranks)\b",
    re.I,
)


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One sentence of the file, and what it is: an instruction, or information if no cue word makes it one.

    `text` is what a page shows, at most 2000 characters (`cut`: there were more); `section` the titles above it.  `cue` are the
    words that make its `kind`; of an `unclear` one two that contradict each other, or none where no cue word of its language is
    known.  `condition` holds the clauses that limit it, `leads` the words that lead to it (`Never:` above a list).
    """

    text: str
    file: str
    line: int
    section: tuple[str, ...]
    kind: Kind
    cue: str
    condition: str = ""
    leads: tuple[str, ...] = ()
    place: Place = "paragraph"
    scope: str = ""
    cut: bool = False

    @property
    def where(self) -> str:
        """File and line: `AGENTS.md, line 12`."""
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InstructionFile(Printed):
    """A plain file of instructions, such as an AGENTS.md; `scope` is the folder for which it speaks, empty for all.

    `instructions` holds every sentence in the order of the file, information included; `front` is the text between two lines
    `---` at the beginning, which instructs nobody.  What `suspicious` lists is no instruction.
    """

    name: str
    sha256: str
    scope: str
    sections: tuple[Heading, ...]
    instructions: tuple[Instruction, ...]
    code: tuple[Code, ...]
    links: tuple[Link, ...]
    suspicious: tuple[Suspicious, ...]
    front: str

    def _parts(self) -> list[Printable]:
        said = [each for each in self.instructions if each.kind != "information"]
        kinds = [f"{n} {kind}" for kind, n in Counter(each.kind for each in self.instructions).items()]
        foreign = sum(each.kind == "unclear" and not each.cue for each in said)
        typed = counted(sum(len(each.commands) for each in self.code), "command")
        code = f"{counted(len(self.code), 'block')} of code with {typed}"
        lines = [
            f"It speaks for the folder {short(self.scope)}." if self.scope else "",
            "What stands between --- and --- at its beginning instructs nobody." if self.front else "",
            f"{counted(len(self.sections), 'section')}; sentences by kind: {', '.join(kinds) or 'none'}.",
            f"{counted(foreign, 'sentence')} in a language of which no cue word is known." if foreign else "",
            f"{code}, {counted(len(self.links), 'link')}; nothing was run or fetched.",
            *(f"Suspicious, {found.said}" for found in self.suspicious[:20]),
            f"… and {len(self.suspicious) - 20} more suspicious places." if len(self.suspicious) > 20 else "",
            f"… and {len(said) - MAX_ROWS} more instructions" if len(said) > MAX_ROWS else "",
        ]
        rows = [[short(i.text), i.kind, i.cue, short(i.condition), str(i.line)] for i in said[:MAX_ROWS]]
        head = ("instruction", "kind", "cue", "condition", "line")
        return [f"Instructions of {printable(self.name, 300)}", *filter(None, lines), (head, rows)]


def counted(count: int, name: str) -> str:
    """`1 link`, `2 links`."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def short(text: str) -> str:
    """`text` on one line, cut to the width of a table, with an escape for each invisible character."""
    return printable(text, 72)


def read_instructions(path: str | Path) -> InstructionFile:
    """The instructions of a plain Markdown file (UTF-8, at most 512 kB).

    `InvalidFile` with the likely fix if the file cannot be opened, is too large or no text, or is another kind of file: a
    release of the Model Spec, a spec or a scenario of simkit, JSON, HTML.  Any Markdown can be read; what is hidden from a
    reader of the page is listed in `suspicious`.
    """
    return _read(given_path(path), str(path), "")


def read_instructions_text(text: str, name: str = "<text>", scope: str = "") -> InstructionFile:
    """The same from text; `name` is what messages and errors call it, `scope` the folder for which it speaks.

    `InvalidFile` as for `read_instructions`.
    """
    rule, fix, line = no_markdown(text)
    if rule:
        raise InvalidFile(name, [Problem((), rule, fix, line=line)])
    return _Walk(name, scope).read(text)


def instructions_for(path: str | Path, root: str | Path, name: str = "AGENTS.md") -> tuple[InstructionFile, ...]:
    """The files called `name` that speak for `path` (a file or a folder), from the folder `root` down: the nearest comes last.

    Each carries the folder that it speaks for as `scope`.  As messages in this order the nearest wins, because at one level the
    last word holds.  `InvalidFile` if `path` is not below `root`, or if a file leads out of it; no file at all is no error.
    """
    top, place = _resolved(root), _resolved(path)
    if not place.is_relative_to(top):
        raise InvalidFile(str(path), [Problem((), f"it is not below {shown(str(root))}", "give the folder of the project")])
    steps = place.relative_to(top).parts[:MAX_FOLDERS]
    files = (top.joinpath(*steps[:n], given_path(name)) for n in range(len(steps) + 1))
    return tuple(_within(file, top) for file in files if _resolved(file).is_file())


def _resolved(path: str | Path) -> Path:
    """Where a path leads in the end; an `InvalidFile` for a circle of links and for a name that is too long."""
    try:
        found = given_path(path).resolve()
        found.exists()
    except (OSError, RuntimeError):
        raise InvalidFile(str(path), [Problem((), "this path leads nowhere", "give the path of a file or a folder")]) from None
    return found


def _within(path: Path, top: Path) -> InstructionFile:
    """A file below `top`, called by its place there."""
    if not path.resolve().is_relative_to(top):
        raise InvalidFile(str(path), [Problem((), "it leads out of the project", "put a file there instead of a link")])
    inside = path.relative_to(top)
    return _read(path, inside.as_posix(), inside.parent.as_posix() if inside.parent.parts else "")


def _read(path: Path, name: str, scope: str) -> InstructionFile:
    if path.suffix.lower() in (".yaml", ".yml"):
        fix = "a spec is read by simkit.spec.load, a scenario by simkit.load"
        raise InvalidFile(name, [Problem((), "this is a YAML file, not Markdown", fix)])
    return read_instructions_text(read_text(path, MAX_BYTES, LESS), name, scope)


class _Walk:
    """One pass over the blocks that a page shows, with the words that lead to lists."""

    def __init__(self, name: str, scope: str) -> None:
        self.page, self.scope = Page(name), scope
        self.found: list[Instruction] = []
        self.odd: list[Suspicious] = []
        self.lead = ""  # words that lead to the list that follows
        self.leads: dict[int, str] = {}  # those of each list

    def read(self, text: str) -> InstructionFile:
        """Walk over all blocks."""
        for block in self.page.read(text):
            self.block(block)
        page = self.page
        odd = sorted([*self.odd, *filter(None, map(_judged, page.hidden))], key=lambda one: one.line)
        more = [Suspicious(one.line, "more from here on is not listed") for one in odd[MAX_SUSPICIOUS:][:1]]
        return InstructionFile(
            name=page.name,
            sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            scope=self.scope,
            sections=tuple(page.sections),
            instructions=_by_language(self.found),
            code=tuple(page.code),
            links=tuple(page.links),
            suspicious=(*odd[:MAX_SUSPICIOUS], *more),
            front=page.front,
        )

    def block(self, block: Block) -> None:
        """A block becomes sentences; a title one only if it tells what to do by other words than a verb at its beginning."""
        for _, number in block.around:
            if number not in self.leads:
                self.leads[number], self.lead = self.lead, ""
        self.lead = ""
        if block.kind == "paragraph":
            self.paragraph(block)
        elif block.kind == "row" and block.text.strip(" |"):
            self.say(block.line, block.text, "table", self.leading(block))
        if block.kind == "heading" and "{#" in block.text and "authority=" in block.text:
            fix = "read it with simkit.spec.read_model_spec"
            self.page.stop(block.line, "this is a release of the Model Spec", fix)
        titles = block.parts if block.kind == "head" else [[(block.line, block.text)]] if block.kind == "heading" else []
        for [(line, title)] in titles:
            if title_cue(title) == NO_CUE and cue(title).words not in ("", *VERBS):
                self.say(line, title, "table" if block.kind == "head" else "heading")

    def paragraph(self, block: Block) -> None:
        """A paragraph in sentences; its last one may lead to the list that follows."""
        quoted = any(kind == "quote" for kind, _ in block.around)
        place: Place = "quote" if quoted else "list" if block.first else "paragraph"
        found, leads = [sentence for part in block.parts for sentence in sentences(part)], self.leading(block)
        if block.leads and found and found[-1][1].rstrip("*_ ").endswith(":"):
            line, self.lead = found.pop()
            self.doubt(line, self.lead)
        for line, text in found:
            self.say(line, text, place, leads)

    def leading(self, block: Block) -> tuple[str, ...]:
        """The words that lead to a block: a title that is a mere cue, and lines above lists; into a quotation none leads."""
        outer = max((n for n, (kind, _) in enumerate(block.around, 1) if kind == "quote"), default=0)
        title = self.page.above[-1].path[-1] if self.page.above and not outer else ""
        lists = [self.leads[number] for _, number in block.around[outer:] if self.leads[number]]
        return (*([title] if title_cue(title) != NO_CUE else []), *lists)[-5:]

    def say(self, line: int, whole: str, place: Place, leads: tuple[str, ...] = ()) -> None:
        """A sentence becomes a record with its kind and its conditions."""
        if len(self.found) >= MAX_FOUND:
            self.page.stop(line, f"it has more than {MAX_FOUND} sentences", LESS)
        self.doubt(line, whole)
        text, cut = whole[:MAX_TEXT], len(whole) > MAX_TEXT
        kind, words = led(text, leads)
        section = self.page.above[-1].path if self.page.above else ()
        self.found.append(
            Instruction(
                text=text[:-1] + "…" if cut else text,
                file=self.page.name,
                line=line,
                section=section[:-1] if place == "heading" else section,
                kind=kind,
                cue=words,
                condition="; ".join(filter(None, map(condition, (*leads, text)))),
                leads=leads,
                place=place,
                scope=self.scope,
                cut=cut,
            )
        )

    def doubt(self, line: int, text: str) -> None:
        """Words that claim authority are reported; they stay what they are, a sentence of this file."""
        if _CLAIMS.search(text[:MAX_TEXT]):
            self.odd.append(Suspicious(line, "it claims more authority than a file has", text[:300]))


def _judged(found: Suspicious) -> Suspicious | None:
    """Something hidden, with what it is if it is a comment; none if it is the title of a link that tells nobody what to do."""
    instructs = found.what in (COMMENT, TITLE) and cue(found.text[:MAX_TEXT]).kind != "information"
    if found.what == TITLE and not instructs:
        return None
    way = "an instruction in a comment" if instructs else f"{COMMENT}, which a page does not show"
    return Suspicious(found.line, way if found.what in (COMMENT, TITLE) else found.what, found.text[:300])


def _by_language(found: list[Instruction]) -> tuple[Instruction, ...]:
    """All sentences; those in a language of which no cue word is known are unclear, and so is the rest of such a file."""
    tongues = [tongue(said.text) for said in found]
    most = tongues.count(-1) > sum(t > 0 or (t == 0 and said.cue != "") for t, said in zip(tongues, found, strict=True))
    unclear = [t < 0 or (most and not said.cue and t == 0) for t, said in zip(tongues, found, strict=True)]
    return tuple(replace(s, kind="unclear", cue="") if u else s for s, u in zip(found, unclear, strict=True))
