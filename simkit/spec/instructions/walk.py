"""The walk over a plain Markdown file: comments and code first, then headings, tables, lists, quotes and paragraphs.

Each line belongs to one block; a block is cut into sentences when it is over.  What leads to a sentence (`Never:` above a
list, a title that is nothing but a cue) is kept with it, because it decides what the sentence says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from ...files import InvalidFile, Problem
from .concealed import Comments, claims, concealed, uncovered
from .cues import VERBS, condition, cue, led, title_cue
from .lines import FENCE, MAX_TEXT, closes, commands, heads_table, links, sentences
from .records import Code, Heading, Instruction, Link, Place, Suspicious

MAX_FOUND = 5000  # sentences, and headings
MAX_LEADS = 5
MAX_SUSPICIOUS = 200
MAX_FRONT = 200  # lines

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_ITEM = re.compile(r"(\s*)(?:[-*+•]|\d{1,9}[.)])(?:\s+(?:\[[ xX]\]\s+)?|$)")
_RULE = re.compile(r"\s{0,3}(?:-[ \t]*){3,}|\s{0,3}(?:\*[ \t]*){3,}|\s{0,3}(?:_[ \t]*){3,}")
_QUOTE = re.compile(r"(?:\s*>)+ ?")
_STRUCK = re.compile(r"~~[^~]+~~")
_DEFINED = re.compile(r" {0,3}\[([^\[\]]{1,300})\]:\s*<?([^\s<>]{0,500})>?(.*)")
_TOP = re.compile(r"([a-z]+):(?:\s|$)")

#: Words at the left margin that give another kind of file away, and what reads it.
_OTHERS = (
    ({"about", "behaviours"}, "this is a spec file", "read it with simkit.spec.load"),
    ({"request", "segments"}, "this is a scenario file", "read it with simkit.load"),
    ({"meanings"}, "this is a file of meanings", "read it with simkit.spec.load_meanings"),
)


@dataclass
class _Block:
    """Lines that belong together: where they stand, how far they are indented, and the words that lead to them."""

    place: Place
    indent: int
    leads: tuple[str, ...]
    pieces: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class _Pending:
    """A sentence that ends with a colon: it leads to the list that follows, or else it is a sentence like others."""

    line: int
    text: str
    block: _Block


class Walk:
    """One pass over the lines, with the headings, the lists, the comment and the block that are open."""

    def __init__(self, name: str, scope: str) -> None:
        self.name, self.scope = name, scope
        self.found: list[Instruction] = []
        self.sections: list[Heading] = []
        self.above: list[Heading] = []
        self.code: list[Code] = []
        self.links: list[Link] = []
        self.odd: list[Suspicious] = []
        self.comments = Comments()
        self.front = ""
        self.tops: set[str] = set()
        self.items: list[tuple[int, str]] = []  # open lists: indent, and the words that lead to what stands deeper
        self.block: _Block | None = None
        self.pending: _Pending | None = None
        self.blank = True  # the line before is blank

    def read(self, lines: list[str]) -> None:
        """Walk over all lines."""
        self.comments.last = max((n for n, line in enumerate(lines, 1) if "-->" in line), default=0)
        number = self.front_matter(lines)
        while number < len(lines):
            text = self.comments.visible(self.clean(lines[number], number + 1), number + 1)
            fence = FENCE.match(text)
            if fence and not (fence[1][0] == "`" and "`" in text[fence.end(1) :]):
                number = self.fenced(lines, number, fence[1], fence[2])
            elif heads_table(text, lines, number):
                number = self.table(text, lines, number)
            else:
                self.line(text, number + 1, hidden=not text.strip() and bool(lines[number].strip()))
                number += 1
        self.flush()
        self.settle()
        self.comments.end()
        for wanted, rule, fix in _OTHERS:
            if wanted <= self.tops:
                self.stop(1, rule, fix)

    def front_matter(self, lines: list[str]) -> int:
        """The number of the first line after the block between `---` and `---` at the beginning, if there is one."""
        if lines[0].rstrip() != "---":
            return 0
        end = next((n for n, line in enumerate(lines[1:MAX_FRONT], 1) if line.rstrip() in ("---", "...")), 0)
        self.front = "\n".join(self.clean(line, n) for n, line in enumerate(lines[1:end], 2))
        return end + 1 if end else 0

    def clean(self, text: str, line: int) -> str:
        """A line without its invisible characters, which are reported, and with blanks for tabs."""
        bare, what, spelt = uncovered(text)
        if what:
            self.suspect(line, what, spelt)
        return bare.expandtabs(4)

    def suspect(self, line: int, what: str, text: str = "") -> None:
        """Note something suspicious; of very many the first are kept."""
        if len(self.odd) < MAX_SUSPICIOUS:
            self.odd.append(Suspicious(line=line, what=what, text=text[:300]))
        elif len(self.odd) == MAX_SUSPICIOUS:
            self.odd.append(Suspicious(line=line, what="more from here on is not listed"))

    def suspicious(self) -> list[Suspicious]:
        """All that is suspicious, in the order of the file."""
        for line, what, text in self.comments.found:
            self.suspect(line, what, text)
        return sorted(self.odd, key=lambda found: found.line)

    # --- blocks -------------------------------------------------------------------------------------------------------

    def fenced(self, lines: list[str], number: int, mark: str, language: str) -> int:
        """A block of code from its opening line on; the number of the line after it.  One never closed ends with the file."""
        self.flush()
        self.settle()
        end = number + 1
        inside: list[str] = []
        while end < len(lines) and not closes(lines[end], mark):
            inside.append(self.clean(lines[end], end + 1))
            end += 1
        if end == len(lines):
            self.suspect(number + 1, "a block of code that is never closed: the rest of the file is in it")
        self.add_code(number + 1, language.strip("{}.").lower()[:40], inside)
        return end + 1

    def add_code(self, line: int, language: str, inside: list[str]) -> None:
        """A block of code is counted, and its commands are listed."""
        self.code.append(Code(line=line, language=language, lines=len(inside), commands=commands(language, inside)))

    def table(self, head: str, lines: list[str], number: int) -> int:
        """The rows of a table, each as one sentence; the number of the line after it."""
        self.end_lists()
        self.find_links(head, number + 1)
        end = number + 2
        while end < len(lines) and "|" in lines[end]:
            row = self.comments.visible(self.clean(lines[end], end + 1), end + 1)
            cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
            self.find_links(row, end + 1)
            if any(cells):
                self.say(end + 1, " | ".join(cells), _Block("table", -1, self.leads()))
            end += 1
        return end

    def line(self, text: str, line: int, *, hidden: bool) -> None:
        """A line outside code and tables."""
        indent = len(text) - len(text.lstrip())
        heading, quote, item = _HEADING.match(text), _QUOTE.match(text), _ITEM.match(text)
        if not text.strip() or hidden:
            self.flush()
        elif self.block is None and not self.items and indent >= 4 and self.blank:
            self.indented(text, line)
        elif heading:
            self.heading(len(heading[1]), text[heading.end() :], line)
        elif self.underlined(text):
            self.flush_as_heading(1 if "=" in text else 2)
        elif _RULE.fullmatch(text):
            self.end_lists()
        elif quote:
            self.quoted(line, text[quote.end() :])
        elif item:
            self.item(len(item[1]), line, text[item.end() :])
        else:
            self.paragraph(indent, line, text)
        self.blank = not text.strip() or (self.blank and self.block is None)

    def indented(self, text: str, line: int) -> None:
        """A line of an indented block of code."""
        self.settle()
        last = self.code[-1] if self.code else None
        if last and last.language == "indented" and last.line + last.lines == line:
            self.code[-1] = Code(line=last.line, language="indented", lines=last.lines + 1, commands=last.commands)
        else:
            self.add_code(line, "indented", [text])

    def quoted(self, line: int, text: str) -> None:
        """A line of a quotation; an entry of a list in it is a sentence of its own."""
        mark = _ITEM.match(text) or _HEADING.match(text)
        if mark:
            self.flush()
        self.add("quote", -1, line, text[mark.end() :] if mark else text)

    def heading(self, depth: int, text: str, line: int) -> None:
        """A heading opens a section under the nearest one above with fewer marks."""
        self.end_lists()
        title = " ".join(text.strip().rstrip("#").split())[:MAX_TEXT]
        if "{#" in title and "authority=" in title:
            self.stop(line, "this is a release of the Model Spec", "read it with simkit.spec.read_model_spec")
        self.above = [found for found in self.above if found.depth < depth]
        path = (*(found.title for found in self.above[-6:]), title)
        if len(self.sections) >= MAX_FOUND:
            self.stop(line, f"it has more than {MAX_FOUND} headings", "give a file of instructions")
        self.find_links(text, line)
        if title_cue(title).kind == "information" and cue(title).words not in ("", *VERBS):
            self.say(line, title, _Block("heading", 0, ()))
        self.sections.append(Heading(depth=depth, line=line, path=path))
        self.above.append(self.sections[-1])

    def underlined(self, text: str) -> bool:
        """Whether a line of `===` or `---` makes a heading of the paragraph above it."""
        bare = text.strip()
        under = bool(bare) and (not bare.strip("=") or not bare.strip("-"))
        return under and self.block is not None and self.block.place == "paragraph" and not self.items

    def flush_as_heading(self, depth: int) -> None:
        """The open paragraph turns out to be a heading."""
        block, self.block = self.block, None
        if block is not None:
            self.heading(depth, " ".join(text for _, text in block.pieces), block.pieces[0][0])

    def item(self, indent: int, line: int, text: str) -> None:
        """An entry of a list; what leads to it stands above it or is the entry that it belongs to."""
        self.flush()
        self.items = [open_ for open_ in self.items if open_[0] < indent]
        before, self.pending = self.pending, None
        if before is not None and before.block.indent < indent and before.block.place in ("paragraph", "list"):
            self.doubt(before.line, before.text)
            self.items = [
                *(open_ for open_ in self.items if open_[0] < before.block.indent),
                (before.block.indent, before.text),
            ]
        elif before is not None:
            self.say(before.line, before.text, before.block)
        self.add("list", indent, line, text)
        self.items.append((indent, ""))

    def paragraph(self, indent: int, line: int, text: str) -> None:
        """A line of text: it goes on with the block above it, or opens a paragraph, in a list if it is indented."""
        top, defined = _TOP.match(text), _DEFINED.fullmatch(text)
        if top:
            self.tops.add(top[1])
        if defined and self.block is None:
            self.defined(defined, line)
        elif self.block is not None:
            self.add(self.block.place, self.block.indent, line, text)
        else:
            self.items = [open_ for open_ in self.items if open_[0] < indent - 1]
            self.add("paragraph", indent - 1, line, text)

    def defined(self, match: re.Match[str], line: int) -> None:
        """`[name]: address` defines a link; with `#` for an address it is a way to hide a comment."""
        if match[2] in ("#", "") or match[1] == "//":
            self.suspect(line, concealed(match[3]), match[3].strip(" \"'()"))
        else:
            self.links.append(Link(text=match[1], target=match[2], line=line))

    def add(self, place: Place, indent: int, line: int, text: str) -> None:
        """A line of a block; another block before it is closed."""
        if self.block is None or self.block.place != place or self.block.indent != indent:
            self.flush()
            if place != "list":
                self.settle()
            self.block = _Block(place, indent, self.leads() if place != "quote" else ())
        self.block.pieces.append((line, text.strip()))
        self.find_links(text, line)

    def leads(self) -> tuple[str, ...]:
        """The words that lead to what comes now: a title that is nothing but a cue, and open lines that end with a colon."""
        title = self.above[-1].title if self.above else ""
        first = (title,) if title and title_cue(title).kind != "information" else ()
        return (*first, *(text for _, text in self.items if text))[-MAX_LEADS:]

    def end_lists(self) -> None:
        """Whatever is open is over; nothing leads to what follows."""
        self.flush()
        self.settle()
        self.items = []

    # --- sentences ----------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """The open block is over: its sentences are said; one that ends with a colon waits for what it leads to."""
        block, self.block = self.block, None
        if block is None:
            return
        for line, text in sentences(block.pieces):
            self.settle()
            if text.rstrip("*_ ").endswith(":") and block.place in ("paragraph", "list"):
                self.pending = _Pending(line, text, block)
            else:
                self.say(line, text, block)

    def settle(self) -> None:
        """A sentence that waited for a list that did not come is said."""
        pending, self.pending = self.pending, None
        if pending is not None:
            self.say(pending.line, pending.text, pending.block)

    def say(self, line: int, text: str, block: _Block) -> None:
        """A sentence becomes a record with its kind and its conditions."""
        whole = " ".join(_STRUCK.sub(" ", text).split())
        if whole != " ".join(text.split()):
            self.suspect(line, "words that are struck out say nothing", text)
        if not whole:
            return
        if len(self.found) >= MAX_FOUND:
            self.stop(line, f"it has more than {MAX_FOUND} sentences", "keep what assistants need, and link the rest")
        self.doubt(line, whole)
        kind, words = led(whole[:MAX_TEXT], block.leads)
        limits = [limit for limit in map(condition, (*block.leads, whole[:MAX_TEXT])) if limit]
        self.found.append(
            Instruction(
                text=whole if len(whole) <= MAX_TEXT else whole[: MAX_TEXT - 1] + "…",
                file=self.name,
                line=line,
                section=self.above[-1].path if self.above else (),
                kind=kind,
                cue=words,
                condition="; ".join(limits),
                leads=block.leads,
                place=block.place,
                scope=self.scope,
                cut=len(whole) > MAX_TEXT,
            )
        )

    def doubt(self, line: int, text: str) -> None:
        """Words that claim authority are reported; they stay what they are, a sentence of this file."""
        if claims(text[:MAX_TEXT]):
            self.suspect(line, "it claims more authority than a file has", text)

    def find_links(self, text: str, line: int) -> None:
        """The links, images and bare addresses of a line."""
        self.links += links(text, line)

    def stop(self, line: int, rule: str, fix: str) -> NoReturn:
        """A problem after which nothing is read."""
        raise InvalidFile(self.name, [Problem((), rule, fix, line=line)])
