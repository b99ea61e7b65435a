"""Read a plain file of project instructions, an AGENTS.md: `read_instructions(path)` -> sentences, code, what is hidden.

Such a file has no schema: it is Markdown that people write for assistants.  What a page shows of it is cut into sentences,
and each gets its kind from a table of cue words (`cues`), with the words that lead to it (`Never:` above a list).  Nothing is
run, fetched or included, and nothing is understood: what a sentence means for a behaviour, a reader says (`meanings`).

Form of the file: agents.md.  That such a file has no authority of its own, but may be lent some by whoever points at it:
OpenAI's Model Spec (2025-12-18), section ignore_untrusted_data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from ...files import InvalidFile, Problem, given_path, read_text
from ...text import shown
from ..markdown import Page, blocks, closed, pieces, split, uncovered
from .cues import VERBS, condition, cue, led, title_cue, tongue
from .records import Code, Heading, Instruction, InstructionFile, Link, Place, Suspicious

MAX_BYTES = 512 * 1024  # few such files have more than 30 kB
MAX_LINES = 20_000
MAX_FOLDERS = 100
MAX_FOUND = 5000  # sentences, and headings
MAX_TEXT = 2000  # characters of one sentence, or of one command
MAX_LEADS = 5
MAX_SUSPICIOUS = 200
MAX_FRONT = 200  # lines
MAX_COMMANDS = 50  # of one block
_LESS = "keep what assistants need, and link the rest"

_END = re.compile(r"[.!?][)\"'”’*_`]*\s+(?=[\"'“‘*_`(\[]*[A-Z0-9])|[。！？]")
_SHORT = ("e.g.", "i.e.", "etc.", "vs.", "cf.", "no.", "approx.")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\(\s*<?([^()\s<>]{1,500})|(https?://[^\s<>()\[\]\"'`|]{1,500})")
_SHELLS = frozenset(("sh", "bash", "shell", "zsh", "fish", "powershell", "ps1", "pwsh", "cmd", "bat", "terminal"))
_SESSIONS = frozenset(("", "console", "shell-session", "text", "plaintext"))
_CLAIMS = re.compile(
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|supersede)s?\b.{0,60}?\b(?:previous|prior|above|earlier|preceding|"
    r"system|developer|all|other|any|your|these|existing)\b.{0,40}?\b(?:instructions?|rules?|prompts?|messages?|guidelines?|"
    r"polic(?:y|ies)|restrictions?)\b|\bthis (?:file|document) (?:overrides|supersedes|outranks)\b",
    re.I,
)
#: Words at the left margin that give another kind of file away, and what reads it.
_OTHERS = (
    ({"about", "behaviours"}, "this is a spec file", "read it with simkit.spec.load"),
    ({"request", "segments"}, "this is a scenario file", "read it with simkit.load"),
    ({"meanings"}, "this is a file of meanings", "read it with simkit.spec.load_meanings"),
)


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
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    _check(text, name)
    walk = _Walk(name, scope)
    walk.read(split(text))
    return InstructionFile(
        name=name,
        sha256=digest,
        scope=scope,
        sections=tuple(walk.sections),
        instructions=walk.instructions(),
        code=tuple(walk.code),
        links=tuple(sorted(walk.links, key=lambda link: link.line)),
        suspicious=walk.suspicious(),
        front=walk.front,
    )


def instructions_for(path: str | Path, root: str | Path, name: str = "AGENTS.md") -> tuple[InstructionFile, ...]:
    """The files called `name` that speak for `path` (a file or a folder), from the folder `root` down: the nearest comes last.

    Each carries the folder that it speaks for as `scope`.  As messages in this order the nearest wins, because at one level the
    last word holds.  `InvalidFile` if `path` is not below `root`, or if a file leads out of it; no file at all is no error.
    """
    try:
        top, place = given_path(root).resolve(), given_path(path).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a circle of links, a null byte, half a character
        if isinstance(error, InvalidFile):
            raise
        raise InvalidFile(str(path), [Problem((), "this path leads nowhere", "give the path of a file or a folder")]) from None
    if not place.is_relative_to(top):
        raise InvalidFile(str(path), [Problem((), f"it is not below {shown(str(root))}", "give the folder of the project")])
    steps = place.relative_to(top).parts[:MAX_FOLDERS]
    folders = [top.joinpath(*steps[:n]) for n in range(len(steps) + 1)]
    return tuple(_within(folder / name, top) for folder in folders if (folder / name).is_file())


def _within(path: Path, top: Path) -> InstructionFile:
    """A file below `top`, called by its place there."""
    inside = path.relative_to(top)
    if not path.resolve().is_relative_to(top):
        raise InvalidFile(str(path), [Problem((), "it leads out of the project", "put a file there instead of a link")])
    return _read(path, inside.as_posix(), inside.parent.as_posix() if inside.parent.parts else "")


def _read(path: Path, name: str, scope: str) -> InstructionFile:
    if path.suffix.lower() in (".yaml", ".yml"):
        fix = "a spec is read by simkit.spec.load, a scenario by simkit.load"
        raise InvalidFile(name, [Problem((), "this is a YAML file, not Markdown", fix)])
    return read_instructions_text(read_text(path, MAX_BYTES, _LESS), name, scope)


def _check(text: str, name: str) -> None:
    """What is too large or no text, or gives itself away as another kind of file, is refused before it is walked."""
    start, line = text.lstrip("\ufeff \t\r\n")[:200].lower(), text.count("\n", 0, max(text.find("\0"), 0)) + 1
    rule, fix = "", "give a Markdown file such as AGENTS.md"
    if len(text) > MAX_BYTES:
        rule, fix, line = f"it is larger than {MAX_BYTES // 1024} kB", _LESS, 0
    elif "\0" in text:
        rule = "this is no text: the character U+0000 stands here"
    elif start.startswith(("<!doctype", "<html", "<?xml")):
        rule, line = "this is HTML or XML, not Markdown", 1
    elif start.startswith("{") and text.rstrip().endswith("}"):
        rule, line = "this is JSON, not Markdown", 1
    if rule:
        raise InvalidFile(name, [Problem((), rule, fix, line=line)])


class _Walk:
    """One pass over the blocks, with the headings and lists that are open; each block's lines are shown, cut and said."""

    def __init__(self, name: str, scope: str) -> None:
        self.name, self.scope = name, scope
        self.found: list[Instruction] = []
        self.sections: list[Heading] = []
        self.code: list[Code] = []
        self.links: list[Link] = []
        self.odd: list[Suspicious] = []
        self.page = Page()
        self.front = ""
        self.tops: set[str] = set()
        self.above: list[Heading] = []
        self.frames: list[str | None] = []  # open lists with the words that lead to them; a quotation is None
        self.lead = ""

    def read(self, lines: list[str]) -> None:
        """Walk over all blocks."""
        if len(lines) > MAX_LINES:
            self.stop(MAX_LINES + 1, f"it has more than {MAX_FOUND} sentences, on more than {MAX_LINES} lines", _LESS)
        rows = self.front_matter([self.clean(line, number) for number, line in enumerate(lines, 1)])
        tokens, defined, left = blocks(rows)
        if left is not None:
            self.stop(
                left + 1, "what stands here is nested too deeply to be read", "take some of the lists or quotations apart"
            )
        kinds = ["", *(token.type for token in tokens), "", ""]
        cells: list[Any] = []
        for n, token in enumerate(tokens):
            line = token.map[0] + 1 if token.map else 0
            if token.type.endswith("list_open"):
                self.frames.append(self.lead)
                self.lead = ""
            elif token.type == "blockquote_open":
                self.frames.append(None)
            elif token.type.endswith(("list_close", "blockquote_close")):
                self.frames.pop()
            elif token.type == "tr_open":
                cells = []
            elif token.type == "inline" and kinds[n] in ("th_open", "td_open"):
                cells.append(token)
            elif token.type == "tr_close":
                self.row(cells, head=kinds[n + 2] == "thead_close", raw=rows[cells[0].map[0]])
            elif token.type == "inline" and kinds[n] == "heading_open" and token.level == 1:
                self.heading(int(tokens[n - 1].tag[1:]), token, line)
            elif token.type in ("inline", "html_block"):
                inside = "list" if kinds[n - 1] == "list_item_open" else "paragraph"
                self.paragraph(token, line, inside, leads=kinds[n + 3].endswith("list_open") and token.type == "inline")
            elif token.type in ("fence", "code_block"):
                self.block(token, line, len(rows))
        self.end(defined)

    def end(self, defined: Sequence[Any]) -> None:
        """What is known only when the file is over."""
        for name, target, title, line in defined:
            if target in ("#", "") or name == "//" or cue(title).kind != "information":
                self.suspect(line + 1, _comment(title), title)
            else:
                self.links.append(Link(name.lower(), target, line + 1))
        for line, kind, text in self.page.hidden:
            self.suspect(line, "HTML that a page does not show" if kind == "html" else _comment(text), text)
            if kind == "open comment":
                self.suspect(line, "a comment that is never closed hides the rest of the file")
        if self.page.inside:
            self.suspect(self.page.since, "HTML that is never closed hides the rest of the file")
        for wanted, rule, fix in _OTHERS:
            if wanted <= self.tops:
                self.stop(1, rule, fix)

    def front_matter(self, lines: list[str]) -> list[str]:
        """The lines without the block between `---` and `---` at the beginning, if there is one."""
        if lines[0].rstrip() != "---":
            return lines
        end = next((n for n, line in enumerate(lines[1:MAX_FRONT], 1) if line.rstrip() in ("---", "...")), 0)
        self.front = "\n".join(lines[1:end])
        return [""] * (end + 1) + lines[end + 1 :] if end else lines

    def clean(self, text: str, line: int) -> str:
        """A line without its invisible characters, which are reported."""
        bare = uncovered(text)
        if bare.what:
            self.suspect(line, bare.what, bare.spelt)
        return bare.text

    # --- blocks -------------------------------------------------------------------------------------------------------

    def block(self, token: Any, line: int, last: int) -> None:
        """A block of code is counted, and its commands are listed."""
        language = token.info.split()[0].strip("{}.").lower()[:40] if token.info.strip() else ""
        language = language if token.type == "fence" else "indented"
        if self.page.inside:
            self.page.hidden.append((line, "html", token.content[:MAX_TEXT]))
            return
        if token.type == "fence" and not closed(token):
            rest = "the rest of the file is in it" if token.map[1] >= last else "it ends with what it stands in"
            self.suspect(line, f"a block of code that is never closed: {rest}")
        inside = token.content.split("\n")[:-1]
        self.code.append(Code(line, language, len(inside), _commands(language, inside)))

    def row(self, cells: list[Any], *, head: bool, raw: str) -> None:
        """A row of a table is one sentence; of its head, only a cell that says what to do."""
        line = cells[0].map[0] + 1
        more = re.split(r"(?<!\\)\|", raw.lstrip(" >").strip().strip("|"))[len(cells) :]
        if more:
            self.suspect(line, "a cell that a page does not show", " | ".join(more).strip())
        if head:
            for cell in cells:
                self.title(self.text(cell, line), line, "table")
            return
        words = " | ".join(self.text(cell, line) for cell in cells)
        if words.strip(" |"):
            self.say(line, words, "table")

    def text(self, token: Any, line: int) -> str:
        """What a page shows of an inline token, on one line; its links are noted."""
        rows = [row for part in self.page.shown(pieces(token), line) for row in part]
        for number, text in rows:
            self.links += _links(text, number)
        return " ".join(" ".join(text for _, text in rows).split())

    def heading(self, depth: int, token: Any, line: int) -> None:
        """A heading opens a section under the nearest one above with fewer marks."""
        title = self.text(token, line)[:MAX_TEXT]
        if "{#" in title and "authority=" in title:
            self.stop(line, "this is a release of the Model Spec", "read it with simkit.spec.read_model_spec")
        if len(self.sections) >= MAX_FOUND:
            self.stop(line, f"it has more than {MAX_FOUND} headings", "give a file of instructions")
        if self.page.inside or (token.content.strip() and not title):
            return
        self.above = [found for found in self.above if found.depth < depth]
        path = (*(found.title for found in self.above[-6:]), title)
        self.title(title, line, "heading")
        self.sections.append(Heading(line, depth, path))
        self.above.append(self.sections[-1])

    def title(self, title: str, line: int, place: Place) -> None:
        """A title is said if it tells what to do: not a mere cue for what stands below it, nor one by its verb."""
        if title_cue(title).kind == "information" and cue(title).words not in ("", *VERBS):
            self.say(line, title, place, led_to=False)

    def paragraph(self, token: Any, line: int, inside: Any, *, leads: bool) -> None:
        """A paragraph, or the text of a block of HTML, in sentences; its last one may lead to the list that follows."""
        place: Place = "quote" if None in self.frames else inside
        if token.type == "html_block":
            groups = self.page.shown([("html", re.sub(r"\n(?=\s*[-*+•] )", "\n\x1f", token.content))], line)
        else:
            groups = self.page.shown(pieces(token), line)
            if any(kind == "struck" for kind, _ in pieces(token)):
                self.suspect(line, "words that are struck out say nothing", " ".join(token.content.split()))
        if not self.frames:
            self.tops |= {top for row in token.content.split("\n") for top in re.findall(r"^([a-z]+):(?:\s|$)", row)}
        if place == "list" and re.match(r"\[[ xX]\]\s", token.content):
            groups[0][0] = (groups[0][0][0], re.sub(r"^\s*\[[ xX]\]\s+", "", groups[0][0][1]))
        self.links += [link for group in groups for number, text in group for link in _links(text, number)]
        found = [sentence for group in groups for sentence in _sentences(group)]
        if leads and found and found[-1][1].rstrip("*_ ").endswith(":"):
            number, self.lead = found.pop()
            self.doubt(number, self.lead)
        for number, text in found:
            self.say(number, text, place)

    def leads(self) -> tuple[str, ...]:
        """The words that lead to what comes now: a title that is a mere cue, and lines above lists that end with a colon."""
        title = self.above[-1].title if self.above and None not in self.frames else ""
        first = [title] if title and title_cue(title).kind != "information" else []
        outer = len(self.frames) - self.frames[::-1].index(None) if None in self.frames else 0
        return tuple([*first, *(text for text in self.frames[outer:] if text)][-MAX_LEADS:])

    # --- sentences ----------------------------------------------------------------------------------------------------

    def say(self, line: int, text: str, place: Place, *, led_to: bool = True) -> None:
        """A sentence becomes a record with its kind and its conditions."""
        whole = " ".join(text.split())
        if not whole:
            return
        if len(self.found) >= MAX_FOUND:
            self.stop(line, f"it has more than {MAX_FOUND} sentences", _LESS)
        self.doubt(line, whole)
        leads = self.leads() if led_to else ()
        kind, words = led(whole[:MAX_TEXT], leads)
        self.found.append(
            Instruction(
                text=whole if len(whole) <= MAX_TEXT else whole[: MAX_TEXT - 1] + "…",
                file=self.name,
                line=line,
                section=self.above[-1].path if self.above else (),
                kind=kind,
                cue=words,
                condition="; ".join(limit for limit in map(condition, (*leads, whole[:MAX_TEXT])) if limit),
                leads=leads,
                place=place,
                scope=self.scope,
                cut=len(whole) > MAX_TEXT,
            )
        )

    def instructions(self) -> tuple[Instruction, ...]:
        """All sentences; those in a language of which no cue word is known are unclear, and so is the rest of such a file."""
        tongues = [tongue(said.text) for said in self.found]
        english = sum(t > 0 or said.cue != "" for t, said in zip(tongues, self.found, strict=True) if t >= 0)
        most = tongues.count(-1) > english
        unclear = [t < 0 or (most and not said.cue and t == 0) for t, said in zip(tongues, self.found, strict=True)]
        return tuple(replace(s, kind="unclear", cue="") if u else s for s, u in zip(self.found, unclear, strict=True))

    def doubt(self, line: int, text: str) -> None:
        """Words that claim authority are reported; they stay what they are, a sentence of this file."""
        if _CLAIMS.search(text[:MAX_TEXT]):
            self.suspect(line, "it claims more authority than a file has", text)

    def suspect(self, line: int, what: str, text: str = "") -> None:
        """Note something suspicious."""
        self.odd.append(Suspicious(line, what, text[:300]))

    def suspicious(self) -> tuple[Suspicious, ...]:
        """All that is suspicious, in the order of the file; of very many the first."""
        found = sorted(self.odd, key=lambda one: one.line)
        more = [Suspicious(s.line, "more from here on is not listed") for s in found[MAX_SUSPICIOUS:][:1]]
        return (*found[:MAX_SUSPICIOUS], *more)

    def stop(self, line: int, rule: str, fix: str) -> NoReturn:
        """A problem after which nothing is read."""
        raise InvalidFile(self.name, [Problem((), rule, fix, line=line)])


def _comment(text: str) -> str:
    """What a comment is: one that says nothing to do, or an instruction."""
    return "a comment, which a page does not show" if cue(text[:2000]).kind == "information" else "an instruction in a comment"


def _commands(language: str, lines: list[str]) -> tuple[str, ...]:
    """What would be typed: every line of a shell's block but comments, or the lines with a prompt; nothing is run."""
    typed = [line.strip() for line in lines] if language in _SHELLS | _SESSIONS else []
    said = [line for line in typed if line.startswith("$ ") or (language in _SHELLS and line and not line.startswith("#"))]
    return tuple(line.removeprefix("$ ")[:MAX_TEXT] for line in said[:MAX_COMMANDS])


def _sentences(pieces: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The sentences of a block, each with the line on which it begins."""
    text, starts = " ".join(piece.strip() for _, piece in pieces), []
    for line, piece in pieces:
        starts += [line] * (len(piece.strip()) + 1)
    ends = (match.end() for match in _END.finditer(text))
    cuts = [0, *(end for end in ends if not text[max(end - 20, 0) : end].rstrip().lower().endswith(_SHORT)), len(text)]
    spans = [(a + len(text[a:b]) - len(text[a:b].lstrip()), b) for a, b in pairwise(cuts) if text[a:b].strip()]
    return [(starts[a], text[a:b].strip()) for a, b in spans]


def _links(text: str, line: int) -> list[Link]:
    """The links, images and bare addresses of a line.  Where they lead is text: nothing is fetched."""
    found = _LINK.findall(text) if "](" in text or "://" in text else []
    return [Link(said, target or bare.rstrip(".,;:!?*_"), line) for said, target, bare in found]
