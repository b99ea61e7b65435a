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

from ..text import INVISIBLE

MAX_HIDDEN = 1000  # places that are remembered
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


_TEXT = re.compile(r"[^<\\`~]+")


def _text(state: StateInline, silent: bool) -> bool:
    """Text up to the next character that another rule may take."""
    match = _TEXT.match(state.src, state.pos)
    if match and not silent:
        state.append_pending(match[0])
    state.pos = match.end() if match else state.pos
    return match is not None


def _html(state: StateInline, silent: bool) -> bool:
    """A tag or a comment amid text (CommonMark 0.31, 6.6), in linear time, which the rule of the parser does not take."""
    if state.src[state.pos] != "<" or (state.src.startswith("<!--", state.pos) and _last(state.src) < state.pos + 4):
        return False
    match = _HTML.match(state.src, state.pos)
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


# --- what a page shows ------------------------------------------------------------------------------------------------

_HTML = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)"
    r"|<(?P<end>/?)(?P<tag>[a-z][a-z0-9-]*)(?P<attributes>(?:\"[^\"]*\"|'[^']*'|[^\"'<>])*)>",
    re.I | re.S,
)
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:font-size|opacity)\s*:\s*0(?!\.?\d*[1-9])|color\s*:\s*transparent",
    re.I,
)
_UNSHOWN = frozenset(("template", "script", "style", "head", "title", "datalist", "noscript"))
_NO_END = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_NO_END.split())
_AMID_TEXT = "a abbr b bdi bdo cite code del em font i ins kbd mark q s small span strong sub sup u var"
_PHRASING = frozenset(_AMID_TEXT.split())


def pieces(inline: Token) -> Iterator[tuple[str, str]]:
    """The content of an inline token in its pieces: what each is (`text`, `html` or `struck`), and how it is written."""
    at, kind = 0, "text"
    if _TEXT.fullmatch(inline.content):
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


class Page:
    """What a page shows of a file: HTML elements that hide what stands in them stay open from block to block.

    `hidden` holds what is not shown: the line, `comment`, `open comment` or `html`, and the words.
    """

    def __init__(self) -> None:
        self.hidden: list[tuple[int, str, str]] = []
        self.inside: list[str] = []  # the element that hides, and those that are open in it
        self.since = 0
        self._seen: list[str] = []
        self._line = 0

    def shown(self, parts: Iterable[tuple[str, str]], line: int) -> list[list[tuple[int, str]]]:
        """The lines that are shown of a block that begins on `line`, cut where HTML begins a paragraph."""
        self._seen, self._line = [], line
        for kind, raw in parts:
            if kind == "text" and not self.inside:
                self._seen.append(raw)
                self._line += raw.count("\n")
                continue
            at = 0
            for match in _HTML.finditer(raw) if kind == "html" else ():
                self._words(raw[at : match.start()])
                self._mark(match)
                at = match.end()
            self._words(raw[at:], struck=kind == "struck")
        if self.inside and self.inside[0] in _PHRASING | {"p"}:
            self.inside = []  # it ends with its paragraph
        found, at = [], line
        for part in "".join(self._seen).split("\x1f"):
            found.append([(at + n, text) for n, text in enumerate(part.split("\n"))])
            at += part.count("\n")
        return found

    def _words(self, text: str, *, struck: bool = False) -> None:
        bare = " ".join(text.split())
        if self.inside and bare and len(self.hidden) < MAX_HIDDEN:
            self.hidden.append((self._line + len(text[: len(text) - len(text.lstrip())].split("\n")) - 1, "html", bare))
        self._seen.append("\n" * text.count("\n") if self.inside or struck else text)
        self._line += text.count("\n")

    def _mark(self, match: re.Match[str]) -> None:
        tag, said = (match["tag"] or "").lower(), " ".join((match["comment"] or "").split())
        if said and len(self.hidden) < MAX_HIDDEN:
            self.hidden.append((self._line, "comment" if match[0].endswith("-->") else "open comment", said))
        if match["end"]:
            last = next((n for n in reversed(range(len(self.inside))) if self.inside[n] == tag), len(self.inside))
            self.inside = self.inside[:last]
        elif tag and tag not in _VOID and (self.inside or _hides(tag, match["attributes"])):
            self.since = self.since if self.inside else self._line
            self.inside.append(tag)
        self._seen.append("" if not tag or tag in _PHRASING else "\x1f")
        self._seen.append("\n" * match[0].count("\n"))
        self._line += match[0].count("\n")


def _hides(tag: str, attributes: str) -> bool:
    """Whether an element hides what stands in it."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", " ", attributes)
    styled = re.sub(r"/\*.*?\*/", "", attributes)
    return (
        tag in _UNSHOWN or re.search(r"(?:^|[\s/])hidden(?![\w-])", bare, re.I) is not None or _HIDES.search(styled) is not None
    )


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
    return Bare(INVISIBLE.sub("", _BREAKS.sub(" ", text)), what, spelt)
