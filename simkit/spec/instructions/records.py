"""What a plain file of project instructions holds, as frozen records: sections, instructions, code, links, what is hidden.

Whatever a file says, its text is shown as text: invisible characters are taken out and reported, HTML is escaped.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from ...files import printable
from ...text import html_lines, html_table, text_table
from .cues import Kind

#: Where a sentence stands.  What is quoted has no authority; the columns of a table may change what a row says.
Place = Literal["paragraph", "list", "heading", "table", "quote"]
MAX_ROWS = 60
WIDTH = 72


@dataclass(frozen=True, kw_only=True)
class Heading:
    """One heading; `path` holds the titles from the top of the file down to its own; lines count from 1."""

    depth: int
    line: int
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

    Sentences are neither reworded nor understood; `kind` is what the table of cue words in `cues` says.
    """

    text: str
    """On one line, without invisible characters, at most 2000 characters."""
    file: str
    """The name of its file."""
    line: int
    """The line on which it begins, from 1."""
    section: tuple[str, ...]
    """The titles of the headings above it, from the top."""
    kind: Kind
    cue: str
    """The words that say so; two of them if they contradict each other (`unclear`); empty for information."""
    condition: str = ""
    """The clauses that limit it, its own and those of the words that lead to it: `if the customer asks`."""
    leads: tuple[str, ...] = ()
    """The words that lead to it, such as `Never:` above a list."""
    place: Place = "paragraph"
    scope: str = ""
    """The folder for which its file speaks, below the root; empty for all."""
    cut: bool = False
    """Whether the text was longer."""

    @property
    def where(self) -> str:
        """File and line: `AGENTS.md, line 12`."""
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, kw_only=True)
class Code:
    """A block of code: its opening line, its language, how many lines it has, and the commands in it.  Nothing is run."""

    line: int
    language: str
    lines: int
    commands: tuple[str, ...] = ()
    """Of blocks in a shell's language, or with a prompt, what would be typed: text, at most 50 lines."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link or an image: its words, where it leads (text: nothing is fetched), its line."""

    text: str
    target: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Suspicious:
    """Something that whoever reads the file as a page does not see, or that claims more authority than a file has."""

    line: int
    what: str
    text: str = ""

    @property
    def said(self) -> str:
        """It in one line of text."""
        return f"Suspicious, line {self.line}: {self.what}" + (f": “{shown(self.text)}”" if self.text else "")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InstructionFile:
    """A plain file of instructions, such as an AGENTS.md.

    `instructions` holds every sentence in the order of the file, information included; `front` is the text between two lines
    `---` at the beginning, which instructs nobody.  What `suspicious` lists is no instruction.
    """

    name: str
    sha256: str
    scope: str = ""
    """The folder for which it speaks, below the root; empty for all."""
    sections: tuple[Heading, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    code: tuple[Code, ...] = ()
    links: tuple[Link, ...] = ()
    suspicious: tuple[Suspicious, ...] = ()
    front: str = field(default="")

    @property
    def kinds(self) -> dict[Kind, int]:
        """How many sentences there are of each kind."""
        return dict(Counter(instruction.kind for instruction in self.instructions))

    def lines(self) -> list[str]:
        """What the file holds, in a few lines."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.kinds.items()) or "none"
        commands = sum(len(block.commands) for block in self.code)
        blocks = f"{counted(len(self.code), 'block')} of code with {counted(commands, 'command')}"
        return [
            *([f"It speaks for the folder {shown(self.scope)}."] if self.scope else []),
            *(["What stands between --- and --- at its beginning instructs nobody."] if self.front else []),
            f"{counted(len(self.sections), 'section')}; sentences by kind: {kinds}.",
            f"{blocks}, {counted(len(self.links), 'link')}; nothing was run or fetched.",
            *(found.said for found in self.suspicious[:20]),
            *([f"… and {len(self.suspicious) - 20} more suspicious places."] if len(self.suspicious) > 20 else []),
        ]

    def _table(self) -> tuple[tuple[str, ...], list[list[str]], list[str]]:
        """Head and rows of what is no information, and how many more there are."""
        said = [i for i in self.instructions if i.kind != "information"]
        rows = [[shown(i.text), i.kind, i.cue, shown(i.condition), str(i.line)] for i in said[:MAX_ROWS]]
        more = [f"… and {len(said) - MAX_ROWS} more instructions"] if len(said) > MAX_ROWS else []
        return ("instruction", "kind", "cue", "condition", "line"), rows, more

    def __repr__(self) -> str:
        head, rows, more = self._table()
        title = f"Instructions of {printable(self.name, 300)}"
        return "\n".join([title, *self.lines(), *([text_table(head, rows)] if rows else []), *more])

    def _repr_html_(self) -> str:
        head, rows, more = self._table()
        title = f"Instructions of {printable(self.name, 300)}"
        return html_lines(title, [*self.lines(), *more]) + (html_table(head, rows) if rows else "")


def counted(count: int, name: str) -> str:
    """`1 link`, `2 links`."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def shown(text: str) -> str:
    """`text` on one line, cut to the width of a table, with an escape for each invisible character."""
    return printable(text, WIDTH)
