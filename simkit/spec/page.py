"""What a page shows of a file of Markdown, and what it hides: sections, paragraphs in sentences, code, links.

HTML elements that hide what stands in them stay open from block to block.  Nothing is run or fetched.  What is hidden, in
whatever way, and what is only half written (a block of code without its end) is listed: nothing is lost in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, NoReturn

from markdown_it.token import Token

from ..files import InvalidFile, Problem
from ..text import printable
from .markdown import HTML, blocks, closed, pieces, split, uncovered

MAX_BYTES = 512 * 1024  # few such files have more than 30 kB
MAX_LINES = 20_000
MAX_FOUND = 5000  # headings
MAX_HIDDEN = 1000  # places that are remembered
MAX_TEXT = 2000  # characters of a title, or of a command
MAX_COMMANDS = 50  # of one block
LESS = "keep what assistants need, and link the rest"

Part = list[tuple[int, str]]  # lines with their numbers


class Heading(NamedTuple):
    """One heading: its line (from 1), its depth, and the titles from the top of the file down to its own."""

    line: int
    depth: int
    path: tuple[str, ...]


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
        return f"line {self.line}: {self.what}" + (f": “{printable(self.text, 72)}”" if self.text else "")


class Block(NamedTuple):
    """A block as a page shows it: `paragraph`, `heading`, `head` or `row` (of a table), and its line from 1.

    `parts` are the lines that are shown, cut where HTML begins a paragraph; of a table a part for each cell.  `around` are the
    lists and quotations that it stands in (`list` or `quote`, and a number); `first` says whether it opens an item of a list,
    `leads` whether a list follows.
    """

    kind: str
    line: int
    parts: list[Part]
    around: tuple[tuple[str, int], ...] = ()
    first: bool = False
    leads: bool = False

    @property
    def text(self) -> str:
        """All that is shown, on one line; a bar between cells."""
        words = (" ".join(" ".join(text for _, text in part).split()) for part in self.parts)
        return (" | " if self.kind in ("head", "row") else " ").join(words).strip()


# --- what is no Markdown ----------------------------------------------------------------------------------------------

_TOP = re.compile(r"([a-z]+):(?:\s|$)")
#: Names at the left margin that give a YAML file away, and what reads it.
_OTHERS = {
    ("about", "behaviours"): ("this is a spec file", "read it with simkit.spec.load"),
    ("request", "segments"): ("this is a scenario file", "read it with simkit.load"),
    ("meanings",): ("this is a file of meanings", "read it with simkit.spec.load_meanings"),
}


def no_markdown(text: str) -> tuple[str, str, int]:
    """Why a text is too large or no Markdown, the likely fix, and the line; an empty rule if it may be Markdown."""
    start, fix = text.lstrip("\ufeff \t\r\n")[:200].lower(), "give a Markdown file such as AGENTS.md"
    if len(text) > MAX_BYTES:
        return f"it is larger than {MAX_BYTES // 1024} kB", LESS, 0
    if "\0" in text:
        return "this is no text: the character U+0000 stands here", fix, text.count("\n", 0, text.index("\0")) + 1
    if start.startswith(("<!doctype", "<html", "<?xml")):
        return "this is HTML or XML, not Markdown", fix, 1
    if start.startswith("{") and text.rstrip().endswith("}"):
        return "this is JSON, not Markdown", fix, 1
    rows = split(text)
    first = next((row for row in rows if row.strip() and not row.startswith("#")), "")
    names = {top[1] for row in rows if (top := _TOP.match(row))} if _TOP.match(first) else set[str]()
    return next(((*said, 1) for wanted, said in _OTHERS.items() if names.issuperset(wanted)), ("", "", 1))


# --- what hides -------------------------------------------------------------------------------------------------------

_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:font-size|opacity)\s*:\s*0(?!\.?\d*[1-9])|color\s*:\s*transparent",
    re.I,
)
_UNSHOWN = frozenset(("template", "script", "style", "head", "title", "datalist", "noscript"))
_NO_END = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_NO_END.split())
_AMID_TEXT = "a abbr b bdi bdo cite code del em font i ins kbd mark q s small span strong sub sup u var"
_PHRASING = frozenset(_AMID_TEXT.split())
#: What is said of each way to hide words.
_WAYS = {
    "comment": "a comment",
    "title": "the title of a link",
    "html": "HTML that a page does not show",
    "struck": "words that are struck out say nothing",
    "cell": "a cell that a page does not show",
    "open comment": "a comment that is never closed hides the rest of the file",
    "open html": "HTML that is never closed hides the rest of the file",
    "open code": "a block of code that is never closed: the rest of the file is in it",
    "open code inside": "a block of code that is never closed: it ends with what it stands in",
}
COMMENT, TITLE = _WAYS["comment"], _WAYS["title"]


class Page:
    """What a page shows of a file: `read` gives its blocks, and fills `sections`, `code`, `links`, `hidden` and `front`."""

    def __init__(self, name: str = "<text>") -> None:
        self.name, self.front = name, ""
        self.sections: list[Heading] = []
        self.above: list[Heading] = []  # the open section and those that it stands in
        self.code: list[Code] = []
        self.links: list[Link] = []
        self.hidden: list[Suspicious] = []
        self.inside: list[str] = []  # the element that hides, and those that are open in it
        self._since = self._line = 0
        self._seen: list[str] = []

    def read(self, text: str) -> Iterator[Block]:
        """The blocks that a page shows, one after the other; `InvalidFile` if the file is too long or too deep."""
        lines = split(text)
        if len(lines) > MAX_LINES:
            self.stop(MAX_LINES + 1, f"it has more than {MAX_LINES} lines", LESS)
        rows = [self._clean(line, number) for number, line in enumerate(lines, 1)]
        front = re.match(r"---[ \t]*\n((?:.*\n){0,200}?)(?:---|\.\.\.)[ \t]*(?:\n|$)", "\n".join(rows[:202]))
        if front:
            self.front = front[1].removesuffix("\n")
            rows[: front[0].count("\n")] = [""] * front[0].count("\n")
        tokens, defined, left = blocks(rows)
        if left is not None:
            self.stop(left + 1, "what stands here is nested too deeply to be read", "take some lists or quotations apart")
        yield from self._blocks(tokens, rows)
        for name, target, title, line in defined:
            nowhere = target in ("#", "") or name == "//"
            self._hide(line + 1, "comment" if nowhere else "title", title)
            self.links += [] if nowhere else [Link(name.lower(), target, line + 1)]
        if self.inside:
            self._hide(self._since, "open html", always=True)
        self.links.sort(key=lambda link: link.line)

    def _blocks(self, tokens: list[Token], rows: Sequence[str]) -> Iterator[Block]:
        kinds = ["", "", *(token.type for token in tokens), "", ""]  # that of token n at n + 2
        around: list[tuple[str, int]] = []
        cells: list[Token] = []
        for n, token in enumerate(tokens):
            made: Block | None = None
            if token.type.endswith(("list_open", "blockquote_open")):
                around.append(("quote" if token.type == "blockquote_open" else "list", n))
            elif token.type.endswith(("list_close", "blockquote_close")):
                around.pop()
            elif token.type == "inline" and kinds[n + 1] in ("th_open", "td_open"):
                cells.append(token)
            elif token.type == "tr_close":
                made, cells = self._row(cells, "head" if kinds[n + 3] == "thead_close" else "row", rows), []
            elif token.type in ("fence", "code_block"):
                self._code(token, len(rows))
            elif token.type == "inline" and kinds[n + 1] == "heading_open" and not around:
                made = self._heading(self._block("heading", token), int(tokens[n - 1].tag[1:]), token.content)
            elif token.type in ("inline", "html_block"):
                leads = token.type == "inline" and kinds[n + 4].endswith("list_open")
                made = self._block("paragraph", token)._replace(first=kinds[n] == "list_item_open", leads=leads)
                if made.first and (box := re.match(r"\[[ xX]\]\s+", token.content)):
                    line, words = made.parts[0][0]
                    made.parts[0][0] = (line, words.removeprefix(box[0]))
            if made:
                self.links += [link for part in made.parts for line, text in part for link in _links(text, line)]
                yield made._replace(around=tuple(around))

    def _clean(self, line: str, number: int) -> str:
        """A line without its invisible characters, which are listed."""
        found = uncovered(line)
        if found.what:
            self.hidden.append(Suspicious(number, found.what, found.spelt))
        return found.text

    def _block(self, kind: str, token: Token) -> Block:
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            return Block(kind, line, self.shown([("html", re.sub(r"\n(?=\s*[-*+•] )", "\n\x1f", token.content))], line))
        found = list(pieces(token))
        if kind == "paragraph" and any(what == "struck" for what, _ in found):
            self._hide(line, "struck", token.content)
        return Block(kind, line, self.shown(found, line))

    def _heading(self, block: Block, depth: int, content: str) -> Block | None:
        """A heading opens a section under the nearest one above with fewer marks, if there is something to see of it."""
        title = block.text[:MAX_TEXT]
        if len(self.sections) >= MAX_FOUND:
            self.stop(block.line, f"it has more than {MAX_FOUND} headings", "give a file of instructions")
        if self.inside or (content.strip() and not title):
            return None
        self.above = [found for found in self.above if found.depth < depth]
        self.sections.append(Heading(block.line, depth, (*(found.path[-1] for found in self.above[-6:]), title)))
        self.above.append(self.sections[-1])
        return block

    def _row(self, cells: list[Token], kind: str, rows: Sequence[str]) -> Block:
        """A row of a table; what stands to the right of its last column is not shown."""
        made = [self._block("cell", cell) for cell in cells]
        more = re.split(r"(?<!\\)\|", rows[made[0].line - 1].lstrip(" >").strip().strip("|"))[len(cells) :]
        self._hide(made[0].line, "cell", " | ".join(more).strip(), always=bool(more))
        return Block(kind, made[0].line, [[(cell.line, cell.text)] for cell in made])

    def _code(self, token: Token, last: int) -> None:
        """A block of code is counted; typed is every line of a shell's block but comments, or each with a prompt."""
        line, end = (token.map[0] + 1, token.map[1]) if token.map else (0, 0)
        if self.inside:
            return self._hide(line, "html", token.content)
        if token.type == "fence" and not closed(token):
            self._hide(line, "open code" if end >= last else "open code inside", always=True)
        info, lines = token.info.split(), token.content.split("\n")[:-1]
        language = "indented" if token.type != "fence" else info[0].strip("{}.").lower()[:40] if info else ""
        typed = [line.strip() for line in lines] if language in _SHELLS | _SESSIONS else []
        said = [row for row in typed if row.startswith("$ ") or (language in _SHELLS and row and not row.startswith("#"))]
        commands = tuple(row.removeprefix("$ ")[:MAX_TEXT] for row in said[:MAX_COMMANDS])
        return self.code.append(Code(line, language, len(lines), commands))

    def _hide(self, line: int, way: str, text: str = "", *, always: bool = False) -> None:
        bare = " ".join(text.split())
        if (bare or always) and len(self.hidden) < MAX_HIDDEN:
            self.hidden.append(Suspicious(line, _WAYS[way], bare))

    def shown(self, parts: Iterable[tuple[str, str]], line: int) -> list[list[tuple[int, str]]]:
        """The lines that are shown of a block that begins on `line`, cut where HTML begins a paragraph."""
        self._seen, self._line = [], line
        for kind, raw in parts:
            if kind == "text" and not self.inside:
                self._seen.append(raw)
                self._line += raw.count("\n")
                continue
            at = 0
            for match in HTML.finditer(raw) if kind == "html" else ():
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
        if self.inside:
            self._hide(self._line + len(text[: len(text) - len(text.lstrip())].split("\n")) - 1, "html", text)
        self._seen.append("\n" * text.count("\n") if self.inside or struck else text)
        self._line += text.count("\n")

    def _mark(self, match: re.Match[str]) -> None:
        tag = (match["tag"] or "").lower()
        self._hide(self._line, "comment", match["comment"] or "")
        if match["comment"] and not match[0].endswith("-->"):
            self._hide(self._line, "open comment", always=True)
        if match["end"]:
            last = next((n for n in reversed(range(len(self.inside))) if self.inside[n] == tag), len(self.inside))
            self.inside = self.inside[:last]
        elif tag and tag not in _VOID and (self.inside or _hides(tag, match["attributes"])):
            self._since = self._since if self.inside else self._line
            self.inside.append(tag)
        self._seen.append("" if not tag or tag in _PHRASING else "\x1f")
        self._seen.append("\n" * match[0].count("\n"))
        self._line += match[0].count("\n")

    def stop(self, line: int, rule: str, fix: str) -> NoReturn:
        """A problem after which nothing is read."""
        raise InvalidFile(self.name, [Problem((), rule, fix, line=line)])


def _hides(tag: str, attributes: str) -> bool:
    """Whether an element hides what stands in it."""
    bare = re.sub(r"\"[^\"]*\"|'[^']*'", " ", attributes)
    styled = re.sub(r"/\*.*?\*/", "", attributes)
    return (
        tag in _UNSHOWN or re.search(r"(?:^|[\s/])hidden(?![\w-])", bare, re.I) is not None or _HIDES.search(styled) is not None
    )


# --- words ------------------------------------------------------------------------------------------------------------

_END = re.compile(r"[.!?][)\"'”’*_`]*\s+(?=[\"'“‘*_`(\[]*[A-Z0-9])|[。！？]")
_SHORT = ("e.g.", "i.e.", "etc.", "vs.", "cf.", "no.", "approx.")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\(\s*<?([^()\s<>]{1,500})|(https?://[^\s<>()\[\]\"'`|]{1,500})")
_SHELLS = frozenset(("sh", "bash", "shell", "zsh", "fish", "powershell", "ps1", "pwsh", "cmd", "bat", "terminal"))
_SESSIONS = frozenset(("", "console", "shell-session", "text", "plaintext"))


def sentences(part: Part) -> Part:
    """The sentences of a paragraph, each on one line and with the number of the line on which it begins."""
    text, starts = " ".join(piece.strip() for _, piece in part), []
    for line, piece in part:
        starts += [line] * (len(piece.strip()) + 1)
    ends = (match.end() for match in _END.finditer(text))
    cuts = [0, *(end for end in ends if not text[max(end - 20, 0) : end].rstrip().lower().endswith(_SHORT)), len(text)]
    spans = [(a + len(text[a:b]) - len(text[a:b].lstrip()), b) for a, b in pairwise(cuts) if text[a:b].strip()]
    return [(starts[a], " ".join(text[a:b].split())) for a, b in spans]


def _links(text: str, line: int) -> list[Link]:
    """The links, images and bare addresses of a line.  Where they lead is text: nothing is fetched."""
    found = _LINK.findall(text) if "](" in text or "://" in text else []
    return [Link(said, target or bare.rstrip(".,;:!?*_"), line) for said, target, bare in found]
