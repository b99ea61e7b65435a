"""What a reader of a page does not see: invisible characters, comments, and words that claim more authority than a file has.

Zero-width characters, characters that change the direction of text, invisible tags and selectors (Unicode 15, categories Cc,
Cf and a few others) may carry instructions that only a machine reads.  They are taken out and reported.
"""

from __future__ import annotations

import re

from .cues import cue

#: Invisible characters; joiners between Latin letters, and selectors in a row.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
    "|[\ufe00-\ufe0f]{2,}|(?<=[!-~])[\u200c\u200d]+(?=[!-~])"
)
_BREAKS = re.compile("[\x0b-\x1f\x85\u2028\u2029]")
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|<[a-z]+[^<>]{0,200}\shidden\b", re.I)
_CLAIMS = re.compile(
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|supersede)s?\b.{0,60}?\b(?:previous|prior|above|earlier|preceding|"
    r"system|developer|all|other|any|your|these|existing)\b.{0,40}?\b(?:instructions?|rules?|prompts?|messages?|guidelines?|"
    r"polic(?:y|ies)|restrictions?)\b|\bthis (?:file|document) (?:overrides|supersedes|outranks)\b",
    re.I,
)


def uncovered(text: str) -> tuple[str, str, str]:
    """A line without its invisible characters, what they were (empty if there were none), and the words that tags spell."""
    if text.isascii() and text.isprintable():
        return text, _unseen(text), ""
    found = [char for match in _INVISIBLE.findall(text) for char in match]
    if not found:
        return text, _unseen(text), ""
    names = sorted({f"U+{ord(char):04X}" for char in found})
    count = "an invisible character" if len(found) == 1 else f"{len(found)} invisible characters"
    what = f"{count} ({', '.join(names[:4])}{', …' if len(names) > 4 else ''})"
    what += ", which change the direction of text" if _DIRECTION.search(text) else ""
    spelt = "".join(chr(ord(char) - 0xE0000) for run in _TAGS.findall(text) for char in run)
    return _INVISIBLE.sub("", _BREAKS.sub(" ", text)), what, spelt


def _unseen(text: str) -> str:
    return "HTML that a page does not show" if "<" in text and _UNSEEN.search(text) else ""


def claims(text: str) -> bool:
    """Whether words try to undo instructions of others: they have the authority of their file, and no more."""
    return _CLAIMS.search(text) is not None


def concealed(text: str) -> str:
    """What a comment is: one that says nothing to do, or an instruction."""
    return "a comment, which a page does not show" if cue(text[:2000]).kind == "information" else "an instruction in a comment"


class Comments:
    """Takes `<!-- … -->` out of the lines that are given in their order, and keeps what stood in them, with lines."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str, str]] = []
        self.last = 0
        """The last line that closes a comment: one that opens later, amid text, is text."""
        self.open: list[str] | None = None
        self.line = 0

    def visible(self, text: str, line: int) -> str:
        """What is left of a line."""
        shown, at = [], 0
        while at < len(text):
            if self.open is not None:
                end = text.find("-->", at)
                self.open.append(text[at : end if end >= 0 else len(text)])
                at = end + 3 if end >= 0 else len(text)
                if end >= 0:
                    self.close()
                continue
            start = self.opens(text, at, line)
            shown.append(text[at:start])
            at = start
            if start < len(text):
                self.open, self.line, at = [], line, start + 4
        return "".join(shown)

    def opens(self, text: str, at: int, line: int) -> int:
        """Where the next comment opens, outside inline code; the length of the text if none does."""
        start, ticks, counted = text.find("<!--", at), 0, at
        margin, closing = len(text) - len(text.lstrip()), text.rfind("-->")
        while start >= 0 and (start < closing or line < self.last or start == margin):
            ticks, counted = ticks + text.count("`", counted, start), start
            if ticks % 2 == 0:
                return start
            start = text.find("<!--", start + 4)
        return len(text)

    def close(self) -> None:
        """The comment that is open is over."""
        said = " ".join(" ".join(self.open or []).split())
        if said:
            self.found.append((self.line, concealed(said), said))
        self.open = None

    def end(self) -> None:
        """The file is over: a comment that is still open hides the rest of it."""
        if self.open is not None:
            self.close()
            self.found.append((self.line, "a comment that is never closed hides the rest of the file", ""))
