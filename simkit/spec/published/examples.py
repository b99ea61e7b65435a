"""The `~~~xml` blocks of a Model Spec -> messages, with every verdict column and the section that it names.

A block is well-formed XML once wrapped in a root element.  The wrapping also shuts the door on document types: inside an
element none may stand, so no entity can be declared and nothing outside is ever fetched.  The parser is expat itself,
because it tells lines; depth is bounded here and size by the door that read the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from xml.parsers import expat

from ...files import MAX_FOUND, Problem, near, shown
from .records import ROLES, VERDICTS, Message

MAX_DEPTH = 20
MAX_MESSAGES = 500  # in one block; the longest published one has eleven

_VERDICT = re.compile(r"([A-Z]+)(?:\[#([^\]\s]*)\])?(?:[:,]\s*(.*))?", re.DOTALL)


class Block(NamedTuple):
    """What one block holds: its messages, what was odd about it (with lines), and what was wrong."""

    messages: tuple[Message, ...]
    warnings: tuple[tuple[int, str], ...]
    problems: tuple[Problem, ...]


def read_block(lines: list[str], first: int) -> Block:
    """The messages of a block whose first line is line `first` of the file."""
    reader = _Reader(first)
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: reader.start(tag, attributes, parser.CurrentLineNumber)
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = lambda text: reader.words(text, parser.CurrentLineNumber)
    parser.CommentHandler = lambda text: reader.comment(text, parser.CurrentLineNumber)
    try:
        # The root opens on the block's first line, so that expat's lines are the block's.
        parser.Parse(("<block>" + "\n".join(lines) + "\n</block>").encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        reader.problems.append(_not_xml(error, lines, first))
    except _Enough:
        pass  # it noted why
    return Block(tuple(reader.messages), tuple(reader.warnings), tuple(reader.problems))


def _not_xml(error: expat.ExpatError, lines: list[str], first: int) -> Problem:
    row = min(error.lineno, len(lines)) or 1
    stands = lines[row - 1] if lines else ""
    said = expat.errors.messages.get(error.code, "not well-formed")
    fix = "close every element, and write < as &lt; and & as &amp; in text"
    if any(mark in stands.upper() for mark in ("<!DOCTYPE", "<!ENTITY")):
        fix = "take the document type out: none is allowed, so that no entity can be declared"
    elif error.code == expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]:
        fix = "write the character itself: only &lt; &gt; &amp; &quot; &apos; are known"
    return Problem((), f"this example is not well-formed XML ({said}): {shown(stands)}", fix, line=first + row - 1)


class _Enough(Exception):
    """Raised out of the parser: nothing after it would be read."""


class _Open(NamedTuple):
    """An element that is open: its tag, and what to do with its text when it closes."""

    tag: str
    close: Callable[[str], None]
    text: list[str]


class _Reader:
    """Collects messages from the parser's events with a stack of open elements."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.stack: list[_Open] = []
        self.messages: list[Message] = []
        self.warnings: list[tuple[int, str]] = []
        self.problems: list[Problem] = []
        self.comparisons = 0
        self.stray: list[str] = []  # text outside messages, from line `stray_line` on
        self.stray_line = first
        self.message: dict[str, object] | None = None  # the message that is open
        self.untrusted: list[str] = []
        self.settings: dict[str, str] = {}
        self.unjudged = False  # an answer is open in which nothing stands yet: a comment now is its verdict

    def start(self, tag: str, attributes: dict[str, str], row: int) -> None:
        self.end_stray()
        line = self.first + row - 1
        self.unjudged = False
        if len(self.stack) > MAX_DEPTH:
            self.wrong(line, f"elements are nested deeper than {MAX_DEPTH}", "close them")
            raise _Enough
        close: Callable[[str], None] = self.into_parent
        if self.message is None and self.stack:
            if tag == "comparison" and not self.in_comparison:
                self.comparisons += 1
                close = self.ignore
            else:
                self.check_role(tag, line)
                self.open_message(tag, attributes, line)
                close = self.close_message
        elif tag == "untrusted":
            close = self.close_untrusted
        elif tag == "settings":
            close = self.close_settings
        self.stack.append(_Open(tag, close, []))

    def end(self, _: str) -> None:
        self.end_stray()
        element = self.stack.pop()
        element.close("".join(element.text))

    def words(self, text: str, row: int) -> None:
        if self.message is not None:
            self.unjudged = self.unjudged and not text.strip()
            self.stack[-1].text.append(text)
        elif text.strip().strip("*") or (self.stray and not text.strip()):
            # Asterisks between messages are left over from Markdown (2025-02-12 has three); other text is worth a word.
            self.stray_line = self.stray_line if self.stray else self.first + row - 1
            self.stray.append(text)

    def end_stray(self) -> None:
        """A run of text outside messages is over: it is said where it began."""
        text = "".join(self.stray).strip()
        if text:
            self.warnings.append((self.stray_line, f"text outside a message: {shown_text(text)}"))
        self.stray.clear()

    def comment(self, text: str, row: int) -> None:
        """A comment that opens an assistant's message is its verdict; any other says nothing to a reader."""
        if self.message is None or not self.unjudged:
            return
        self.unjudged = False
        line, found = self.first + row - 1, _VERDICT.fullmatch(text.strip())
        if found is None or found[1] not in VERDICTS:
            self.warnings.append((line, f"a comment that is no verdict: {shown_text(text.strip())}"))
        else:
            self.message |= {"verdict": found[1], "violates": found[2], "note": (found[3] or "").strip()}

    @property
    def in_comparison(self) -> bool:
        return any(element.tag == "comparison" for element in self.stack)

    def check_role(self, tag: str, line: int) -> None:
        """A slip for a known role is a problem; a later release may know roles that this reader does not."""
        if tag not in ROLES:
            meant, name = near(tag, (*ROLES, "comparison")), shown(tag, quote=False)
            if meant:
                self.wrong(line, f"no message is called {name}", f"did you mean {meant}?")
            else:
                self.warnings.append((line, f"a message of a role that is not known: '{name}'"))

    def open_message(self, tag: str, attributes: dict[str, str], line: int) -> None:
        inside = self.comparisons - 1 if self.in_comparison else None
        self.untrusted, self.settings = [], {}
        self.message = {"role": tag, "line": line, "attributes": attributes, "comparison": inside}
        self.unjudged = tag == "assistant"
        if inside is not None and tag != "assistant":
            self.warnings.append((line, f"a message in a comparison that is no answer: '{shown(tag, quote=False)}'"))
        if len(self.messages) >= MAX_MESSAGES:
            self.wrong(line, f"an example of more than {MAX_MESSAGES} messages", "split it")
            raise _Enough

    def close_message(self, text: str) -> None:
        found = {"text": text.strip("\n "), "untrusted": tuple(self.untrusted), "settings": self.settings}
        self.messages.append(Message(**found, **(self.message or {})))  # type: ignore[arg-type]
        self.message = None

    def close_untrusted(self, text: str) -> None:
        self.untrusted.append(text.strip("\n "))
        self.into_parent(text)

    def close_settings(self, text: str) -> None:
        pairs = (line.partition(":") for line in text.split("\n") if ":" in line)
        self.settings |= {name.strip(): value.strip() for name, _, value in pairs}

    def into_parent(self, text: str) -> None:
        if self.stack:
            self.stack[-1].text.append(text)

    def wrong(self, line: int, rule: str, fix: str) -> None:
        self.problems.append(Problem((), rule, fix, line=line))
        if len(self.problems) >= MAX_FOUND:
            raise _Enough

    def ignore(self, text: str) -> None:
        """The text of a comparison was spoken of where it stood."""


def shown_text(text: str) -> str:
    """Text between straight quotes on one line: `'[...]'`."""
    return f"'{shown(text, quote=False)}'"
