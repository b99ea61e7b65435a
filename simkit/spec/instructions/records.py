"""What a plain file of project instructions holds: sentences, sections, code, links, and what a page would not show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ...text import Printable, Printed, printable
from .cues import Kind

#: Where a sentence stands.  What is quoted has no authority; the columns of a table may change what a row says.
Place = Literal["paragraph", "list", "heading", "table", "quote"]
MAX_ROWS = 60


class Heading(NamedTuple):
    """One heading: its line (from 1), its depth, and the titles from the top of the file down to its own."""

    line: int
    depth: int
    path: tuple[str, ...]

    @property
    def title(self) -> str:
        """Its own title."""
        return self.path[-1]

    @property
    def parent(self) -> str:
        """The title of the heading that it stands under; empty at the top."""
        return self.path[-2] if len(self.path) > 1 else ""


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


class Code(NamedTuple):
    """A block of code: its opening line, its language, how many lines it has, and the commands in it: text, never run."""

    line: int
    language: str
    lines: int
    commands: tuple[str, ...] = ()


class Link(NamedTuple):
    """A link or an image: its words, where it leads (text: nothing is fetched), its line."""

    text: str
    target: str
    line: int


class Suspicious(NamedTuple):
    """Something that whoever reads the file as a page does not see, or that claims more authority than a file has."""

    line: int
    what: str
    text: str = ""

    @property
    def said(self) -> str:
        """It in one line: where it stands, what it is, and the words."""
        return f"line {self.line}: {self.what}" + (f": “{shown(self.text)}”" if self.text else "")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InstructionFile(Printed):
    """A plain file of instructions, such as an AGENTS.md; `scope` is the folder for which it speaks, empty for all.

    `instructions` holds every sentence in the order of the file, information included; `front` is the text between two lines
    `---` at the beginning, which instructs nobody.  What `suspicious` lists is no instruction.
    """

    name: str
    sha256: str
    scope: str = ""
    sections: tuple[Heading, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    code: tuple[Code, ...] = ()
    links: tuple[Link, ...] = ()
    suspicious: tuple[Suspicious, ...] = ()
    front: str = ""

    def lines(self) -> list[str]:
        """What the file holds, in a few lines."""
        kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(said.kind for said in self.instructions).items())
        foreign = sum(said.kind == "unclear" and not said.cue for said in self.instructions)
        blocks = (
            f"{counted(len(self.code), 'block')} of code with {counted(sum(len(c.commands) for c in self.code), 'command')}"
        )
        return [
            *([f"It speaks for the folder {shown(self.scope)}."] if self.scope else []),
            *(["What stands between --- and --- at its beginning instructs nobody."] if self.front else []),
            f"{counted(len(self.sections), 'section')}; sentences by kind: {kinds or 'none'}.",
            *([f"{counted(foreign, 'sentence')} in a language of which no cue word is known."] if foreign else []),
            f"{blocks}, {counted(len(self.links), 'link')}; nothing was run or fetched.",
            *(f"Suspicious, {found.said}" for found in self.suspicious[:20]),
            *([f"… and {len(self.suspicious) - 20} more suspicious places."] if len(self.suspicious) > 20 else []),
        ]

    def _parts(self) -> list[Printable]:
        said = [i for i in self.instructions if i.kind != "information"]
        rows = [[shown(i.text), i.kind, i.cue, shown(i.condition), str(i.line)] for i in said[:MAX_ROWS]]
        more = [f"… and {len(said) - MAX_ROWS} more instructions"] if len(said) > MAX_ROWS else []
        head = ("instruction", "kind", "cue", "condition", "line")
        return [f"Instructions of {printable(self.name, 300)}", *self.lines(), *more, (head, rows)]


def counted(count: int, name: str) -> str:
    """`1 link`, `2 links`."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def shown(text: str) -> str:
    """`text` on one line, cut to the width of a table, with an escape for each invisible character."""
    return printable(text, 72)
