"""The `~~~xml` blocks of a Model Spec -> messages, with every verdict column and the section that it names.

A block is well-formed XML once wrapped in a root element.  The wrapping also shuts the door on document types: inside an
element none may stand, so no entity can be declared and nothing outside is ever fetched.  The parser is expat itself,
because it tells lines; depth is bounded here and size by the door that read the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from ...files import MAX_FOUND, Problem
from ...text import near, shown
from .records import ROLES, VERDICTS, Turn

MAX_DEPTH = 20
MAX_MESSAGES = 500  # in one block; the longest published one has eleven
MAX_ELEMENTS = 4 * MAX_MESSAGES

_TEXT, _COMMENT = "#text", "#comment"
_VERDICT = re.compile(r"([A-Z]+)(?:\[#([^\]\s]*)\])?(?:[:,]\s*(.*))?", re.DOTALL)


@dataclass
class Block:
    """What one block holds: its messages, what was odd about it (with lines), and what was wrong."""

    messages: list[Turn] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, line: int, rule: str, fix: str) -> None:
        """Note a problem; at `MAX_FOUND` of them the block is not read further."""
        self.problems.append(Problem((), rule, fix, line=line))
        if len(self.problems) >= MAX_FOUND:
            raise _Enough


class _Node:
    """An element, a run of text or a comment: what it is, its line, and the elements and the text in it."""

    __slots__ = ("attributes", "items", "line", "tag", "text")

    def __init__(self, tag: str, line: int, attributes: dict[str, str]) -> None:
        self.tag, self.line, self.attributes = tag, line, attributes
        self.items: list[_Node] = []
        self.text: list[str] = []

    def words(self) -> str:
        """All text in it but that of settings and comments."""
        return "".join([*self.text, *(item.words() for item in self.items if item.tag not in (_COMMENT, "settings"))])


class _Enough(Exception):
    """Raised out of a block: nothing after it would be read."""


class _Full(Exception):
    """Raised out of the parser: the block holds more than is looked at."""


def read_block(lines: list[str], first: int) -> Block:
    """The messages of a block whose first line is line `first` of the file."""
    found, stack = Block(), [_Node("", first, {})]
    try:
        full = _parse(found, stack, lines, first)
        _messages(found, stack[0].items[0])
        if full:
            found.wrong(first, f"an example of more than {MAX_ELEMENTS} elements", "split it")
    except expat.ExpatError as error:
        found.problems.append(_not_xml(error, lines, first))
    except _Enough:
        pass  # it noted why
    return found


def _parse(found: Block, stack: list[_Node], lines: list[str], first: int) -> bool:
    """Put the elements of a block, each with its line, into the first of `stack`; whether there are too many."""
    parser, count = expat.ParserCreate(), [0]
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        node = _Node(tag, first + parser.CurrentLineNumber - 1, attributes)
        count[0] += 1
        if len(stack) > MAX_DEPTH + 1:
            found.wrong(node.line, f"elements are nested deeper than {MAX_DEPTH}", "close them")
            raise _Enough
        if count[0] > MAX_ELEMENTS:
            raise _Full
        stack[-1].items.append(node)
        stack.append(node)

    def leaf(tag: str, text: str) -> None:
        inside = stack[-1].items
        if tag == _COMMENT and len(inside) > 1:
            return  # only one that opens a message says something
        if not inside or inside[-1].tag != tag:
            inside.append(_Node(tag, first + parser.CurrentLineNumber - 1 - text.count("\n") * (tag == _TEXT), {}))
        inside[-1].text.append(text)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = lambda text: leaf(_TEXT, text)
    parser.CommentHandler = lambda text: leaf(_COMMENT, text)
    try:
        # The root opens on the block's first line, so that expat's lines are the block's.
        parser.Parse(("<block>" + "\n".join(lines) + "\n</block>").encode("utf-8", "replace"), True)
    except _Full:
        return True
    return False


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


def _messages(found: Block, root: _Node) -> None:
    """Read the messages of a block, those of its comparisons too; text between them is odd."""
    count = 0
    for node in _elements(found, root):
        if node.tag == "comparison":
            for inner in _elements(found, node):
                _message(found, inner, count)
            count += 1
        else:
            _message(found, node, None)


def _elements(found: Block, parent: _Node) -> Iterator[_Node]:
    """The elements of a parent; text between them is said where it begins."""
    for node in parent.items:
        if node.tag not in (_TEXT, _COMMENT):
            yield node
        elif node.tag == _TEXT and not (whole := "".join(node.text)).isspace():
            # Asterisks between messages are left over from Markdown (2025-02-12 has three); other text is worth a word.
            rows = list(enumerate(whole.split("\n"), node.line))
            first = next((line for line, row in rows if row.strip().strip("*")), 0)
            said = "\n".join(row for line, row in rows if line >= first and (row.strip().strip("*") or not row.strip()))
            if first:
                found.warnings.append((first, f"text outside a message: {_quoted(said.strip())}"))


def _message(found: Block, node: _Node, comparison: int | None) -> None:
    """One message.  A slip for a known role is a problem; a later release may know roles that this reader does not."""
    name = shown(node.tag, quote=False)
    meant = near(node.tag, (*ROLES, "comparison")) if node.tag not in ROLES else None
    if meant:
        found.wrong(node.line, f"no message is called {name}", f"did you mean {meant}?")
    elif node.tag not in ROLES:
        found.warnings.append((node.line, f"a message of a role that is not known: '{name}'"))
    if comparison is not None and node.tag != "assistant":
        found.warnings.append((node.line, f"a message in a comparison that is no answer: '{name}'"))
    if len(found.messages) >= MAX_MESSAGES:
        found.wrong(node.line, f"an example of more than {MAX_MESSAGES} messages", "split it")
        raise _Enough
    verdict, violates, note = _verdict(found, node) if node.tag == "assistant" else (None, None, "")
    untrusted = tuple(inner.words().strip("\n ") for inner in _inside(node, "untrusted"))
    rows = [row.partition(":") for inner in _inside(node, "settings") for row in inner.words().split("\n") if ":" in row]
    settings = {key.strip(): value.strip() for key, _, value in rows}
    text = node.words().strip("\n ")
    found.messages.append(
        Turn(node.tag, text, node.line, node.attributes, comparison, verdict, violates, note, untrusted, settings)
    )


def _verdict(found: Block, node: _Node) -> tuple[str | None, str | None, str]:
    """The comment that opens an answer is its verdict; any other says nothing to a reader."""
    first = next((item for item in node.items if item.tag != _TEXT or "".join(item.text).strip()), None)
    if first is None or first.tag != _COMMENT:
        return None, None, ""
    said = first.text[0].strip()
    match = _VERDICT.fullmatch(said)
    if match is None or match[1] not in VERDICTS:
        found.warnings.append((first.line, f"a comment that is no verdict: {_quoted(said)}"))
        return None, None, ""
    return match[1], match[2], (match[3] or "").strip()


def _inside(node: _Node, tag: str) -> Iterator[_Node]:
    """The elements of this name at any depth of a message."""
    for item in node.items:
        if item.tag == tag:
            yield item
        yield from _inside(item, tag)


def _quoted(text: str) -> str:
    """Text between straight quotes on one line: `'[...]'`."""
    return f"'{shown(text, quote=False)}'"
