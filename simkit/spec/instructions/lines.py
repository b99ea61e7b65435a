"""Single lines of Markdown: where code and tables begin and end, which commands stand in code, sentences, links."""

from __future__ import annotations

import re
from itertools import pairwise

from .records import Link

MAX_TEXT = 2000  # characters of one sentence, or of one command
MAX_COMMANDS = 50  # of one block

FENCE = re.compile(r"\s*(`{3,}|~{3,})[ \t]*([^\s`]*)")
_END = re.compile(r"[.!?][)\"'”’*_`]*\s+(?=[\"'“‘*_`(\[]*[A-Z0-9])")
_SHORT = ("e.g.", "i.e.", "etc.", "vs.", "cf.", "no.", "approx.")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\(\s*<?([^()\s<>]{1,500})")
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"'`|]{1,500}")
_SHELLS = frozenset(("sh", "bash", "shell", "zsh", "fish", "powershell", "ps1", "pwsh", "cmd", "bat", "terminal"))
_SESSIONS = frozenset(("", "console", "shell-session", "text", "plaintext"))


def closes(line: str, mark: str) -> bool:
    """A line of the opening mark's character, at least as many, closes a block; the other character does not."""
    bare = line.strip(" \t")
    return len(bare) >= len(mark) and not bare.strip(mark[0])


def heads_table(text: str, lines: list[str], number: int) -> bool:
    """Whether a table begins here: a row, and below it a line of dashes and bars."""
    below = lines[number + 1].strip() if number + 1 < len(lines) else ""
    return "|" in text and "|" in below and "-" in below and not below.strip("|-: \t")


def commands(language: str, lines: list[str]) -> tuple[str, ...]:
    """What would be typed: every line of a shell's block but comments, or the lines with a prompt; nothing is run."""
    typed = [line.strip() for line in lines]
    if language in _SHELLS:
        typed = [line.removeprefix("$ ") for line in typed if line and not line.startswith("#")]
    elif language in _SESSIONS:
        typed = [line.removeprefix("$ ") for line in typed if line.startswith("$ ")]
    else:
        typed = []
    return tuple(line[:MAX_TEXT] for line in typed[:MAX_COMMANDS])


def sentences(pieces: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The sentences of a block, each with the line on which it begins."""
    text, starts = " ".join(piece for _, piece in pieces), []
    for line, piece in pieces:
        starts += [line] * (len(piece) + 1)
    ends = (match.end() for match in _END.finditer(text))
    cuts = [0, *(end for end in ends if not text[max(end - 20, 0) : end].rstrip().lower().endswith(_SHORT)), len(text)]
    spans = [(a, b) for a, b in pairwise(cuts) if text[a:b].strip()]
    return [(starts[a], text[a:b].strip()) for a, b in spans]


def links(text: str, line: int) -> list[Link]:
    """The links, images and bare addresses of a line.  Where they lead is text: nothing is fetched."""
    if "](" not in text and "://" not in text:
        return []
    pairs = _LINK.findall(text)
    known = {target for _, target in pairs}
    bare = (at.rstrip(".,;:!?*_") for at in _ADDRESS.findall(text))
    found = [Link(text=said, target=target, line=line) for said, target in pairs]
    return found + [Link(text="", target=at, line=line) for at in bare if at not in known]
