"""Markdown as blocks that know their lines: one reader for releases of the Model Spec and for instruction files.

CommonMark 0.31 by markdown-it-py, with GitHub's tables and struck-out words.  No HTML is made: `outline` tells fences and
headings, `blocks` all tokens.  Whatever a parser might pass over is looked for in `unread`, so that nothing is lost in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from ..text import INVISIBLE, bare

MAX_DEPTH = 100  # of lists and quotations; a list takes two

_BREAKS = re.compile("[\x0b-\x1f\x85\u2028\u2029]")
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def split(text: str) -> list[str]:
    """The lines of a text, whatever ends them (LF, CR LF or, in a file without LF, CR), without a byte order mark."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return (text if "\n" in text else text.replace("\r", "\n")).split("\n")


@cache
def _parser(whole: bool) -> MarkdownIt:
    """The parser of a whole file, or of fences and headings only."""
    parser = MarkdownIt("zero", {"maxNesting": MAX_DEPTH, "html": True}).enable(["code", "fence", "heading"])
    parser.disable(["inline", "text_join"])
    if not whole:
        return parser
    parser.enable(["blockquote", "hr", "html_block", "lheading", "list", "reference", "table"])
    parser.inline.ruler.at("text", _text)
    parser.inline.ruler.push("html", _html, {"alt": []})
    return parser.enable(["backticks", "escape", "strikethrough"])


TEXT = re.compile(r"[^<\\`~]+")


def _text(state: StateInline, silent: bool) -> bool:
    """Text up to the next character that another rule may take."""
    match = TEXT.match(state.src, state.pos)
    if match and not silent:
        state.append_pending(match[0])
    state.pos = match.end() if match else state.pos
    return match is not None


def _html(state: StateInline, silent: bool) -> bool:
    """A tag or a comment amid text (CommonMark 0.31, 6.6), in linear time, which the rule of the parser does not take."""
    if state.src[state.pos] != "<" or (state.src.startswith("<!--", state.pos) and _last(state.src) < state.pos + 4):
        return False
    match = HTML.match(state.src, state.pos)
    if match and not silent:
        state.push("html_inline", "", 0).content = match[0]
    state.pos = match.end() if match else state.pos
    return match is not None


@lru_cache(maxsize=1)
def _last(text: str) -> int:
    """Where the last comment of a text may end."""
    return text.rfind("-->")


def outline(lines: Iterable[str]) -> dict[int, Token]:
    """The fences and headings that stand in no list and no quotation, by the line (from 0) on which each begins.

    A heading's `content` is its words.
    """
    tokens = _parser(False).parse("\n".join(lines).replace("\r", " ") + "\n")
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            token.content = inside.content
    return {token.map[0]: token for token in tokens if token.map and token.type in ("fence", "heading_open")}


class Definition(NamedTuple):
    """`[name]: address "title"`, which a page does not show: the name in capitals, and its line from 0."""

    name: str
    target: str
    title: str
    line: int


def blocks(lines: Iterable[str]) -> tuple[list[Token], list[Definition], int | None]:
    """All tokens of a file, its link definitions, and the first line (from 0) with words that is in none of them.

    The content of inline tokens is taken apart by `pieces`.
    """
    rows = list(lines)
    known: dict[str, Any] = {}
    tokens = _parser(True).parse("\n".join(rows) + "\n", known)
    found = [*known.get("references", {}).items(), *((one["label"], one) for one in known.get("duplicate_refs", ()))]
    read = {n for token in tokens if token.map and token.type in _LEAVES for n in range(*token.map)}
    read |= {n for _, entry in found for n in range(*entry["map"])}
    left = next((n for n, row in enumerate(rows) if n not in read and any(map(str.isalnum, row))), None)
    defined = [Definition(name, one["href"], one["title"], one["map"][0]) for name, one in found]
    return tokens, sorted(defined, key=lambda one: one.line), left


_LEAVES = ("inline", "fence", "code_block", "html_block", "tr_open", "hr")


def closed(fence: Token) -> bool:
    """Whether a fenced block has a line that closes it."""
    first, end = fence.map or (0, 0)
    return end - first == fence.content.count("\n") + 2


HTML = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)"
    r"|<(?P<end>/?)(?P<tag>[a-z][a-z0-9-]*)(?P<attributes>(?:\"[^\"]*\"|'[^']*'|[^\"'<>])*)>",
    re.I | re.S,
)


def pieces(inline: Token) -> Iterator[tuple[str, str]]:
    """The content of an inline token in its pieces: what each is (`text`, `html` or `struck`), and how it is written."""
    at, kind = 0, "text"
    if TEXT.fullmatch(inline.content):
        yield "text", inline.content
        return
    parser = _parser(True)
    for child in parser.inline.parse(inline.content, parser, {}, []):
        size, mark = len(child.content), len(child.markup)
        if child.type == "code_inline":
            size += 2 * mark
            size += 0 if inline.content[at + size - mark : at + size] == child.markup else 2  # a blank on each side
        elif child.type in ("text_special", "s_open", "s_close"):
            size = mark
        kind = "struck" if child.type == "s_open" else kind
        yield "html" if child.type == "html_inline" else kind, inline.content[at : at + size]
        kind = "text" if child.type == "s_close" else kind
        at += size


# --- invisible characters ---------------------------------------------------------------------------------------------


class Bare(NamedTuple):
    """A line without its invisible characters, what they were (empty: there were none), and the words that tags spell."""

    text: str
    what: str = ""
    spelt: str = ""


def uncovered(text: str) -> Bare:
    """Take the invisible characters out of a line: zero width, direction, tags, private use … (see `text.INVISIBLE`)."""
    if text.isascii() and text.isprintable():
        return Bare(text)
    gone = "".join(INVISIBLE.findall(text))
    if not gone:
        return Bare(text)
    names = sorted({f"U+{ord(char):04X}" for char in gone})
    count = "an invisible character" if len(gone) == 1 else f"{len(gone)} invisible characters"
    what = f"{count} ({', '.join(names[:4])}{', …' if len(names) > 4 else ''})"
    what += ", which change the direction of text" if _DIRECTION & set(gone) else ""
    spelt = "".join(chr(ord(char) - 0xE0000) for char in gone if 0xE0020 <= ord(char) <= 0xE007E)
    return Bare(bare(_BREAKS.sub(" ", text)), what, spelt)
