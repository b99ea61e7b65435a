"""The values of a JSON text one after the other, from a stream of which never more is held than one value needs."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, BinaryIO, NoReturn

CHUNK = 2**20
_BLANK = re.compile(r"[ \t\r\n]*")
_DIGITS = re.compile(r"[-+.eE0-9]*")  # what may still belong to a number


class NotJson(ValueError):
    """What is wrong with a text, on which line (0: not known), and whether it is only a value that is too large."""

    def __init__(self, said: str, line: int = 0, *, large: bool = False) -> None:
        super().__init__(said)
        self.line, self.large = line, large


def json_value(raw: bytes) -> Any:
    """What one JSON text holds, or `NotJson`."""
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotJson(_said(error), getattr(error, "lineno", 0)) from None


def _said(error: Exception) -> str:
    return f"this is not JSON ({getattr(error, 'msg', '') or 'too deep, or a number too long, or no UTF-8'})"


class Values:
    """Reads values, lists and objects off a stream; `NotJson` for anything else, or a value of more than `most` bytes."""

    def __init__(self, stream: BinaryIO, most: int, progress: Callable[[int], object]) -> None:
        self.stream, self.most, self.progress = stream, most, progress
        self.text, self.at, self.passed, self.done = "", 0, 1, 0
        self.decode, self.to_text = json.JSONDecoder().raw_decode, codecs.getincrementaldecoder("utf-8-sig")().decode

    @property
    def line(self) -> int:
        """The line that is being read, from 1."""
        return self.passed + self.text.count("\n", 0, self.at)

    def stop(self, said: str, *, large: bool = False) -> NoReturn:
        """End with what is wrong on this line."""
        raise NotJson(said, self.line, large=large)

    def more(self) -> bool:
        """Read on, as much as is held already, so that a large value is looked at a few times only; False at the end."""
        self.passed, self.text, self.at = self.line, self.text[self.at :], 0
        raw = self.stream.read(max(CHUNK, len(self.text)))
        try:
            self.text += self.to_text(raw, not raw)
        except UnicodeDecodeError:
            self.stop("it is not UTF-8 text")
        self.done += len(raw)
        self.progress(self.done)
        return bool(raw)

    def take(self, char: str, *, needed: bool = False) -> bool:
        """Whether the next character after blanks is this one ("": whether the text ends), which then is passed."""
        while True:
            self.at += len(_BLANK.match(self.text, self.at)[0])  # type: ignore[index]
            if self.at < len(self.text) or not self.more():
                break
        found = self.text[self.at : self.at + 1] == char
        if needed and not found:
            self.stop(f"this is not JSON (a {char} is missing)")
        self.at += found and len(char)
        return found

    def value(self) -> Any:
        """The next value."""
        self.take("")
        while True:
            try:
                found, end = self.decode(self.text, self.at)
            except json.JSONDecodeError as error:
                cut = error.pos > len(self.text) - 16 or error.msg.startswith("Unterminated")
                if cut and len(self.text) - self.at > self.most:
                    self.stop(f"a sample is larger than {self.most >> 20} MB", large=True)
                if not (cut and self.more()):
                    self.at = min(error.pos, len(self.text))
                    self.stop(_said(error))
                continue
            except (ValueError, RecursionError) as error:
                self.stop(_said(error))
            size = end - self.at
            whole = _DIGITS.match(self.text, end).end() < len(self.text)  # type: ignore[union-attr]
            if whole or not self.more():  # a number that ends with what is held may go on, unless nothing comes
                self.at += size
                return found

    def items(self, close: str) -> Iterator[Any]:
        """The values of a list that has begun, up to `close`; with "", all up to the end of the text.

        With "}" the names of an object: whoever asks takes the colon and the value of each.
        """
        for number in count():
            if self.take(close):
                return
            if close and number:
                self.take(",", needed=True)
            yield self.value()
