"""The values of a JSON text one after the other, from a stream of which never more is held than one value needs."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
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

    def more(self) -> bool:
        """Read on, as much as is held already, so that a large value is looked at a few times only; False at the end."""
        self.passed, self.text, self.at = self.line, self.text[self.at :], 0
        raw = self.stream.read(max(CHUNK, len(self.text)))
        try:
            self.text += self.to_text(raw, not raw)
        except UnicodeDecodeError:
            raise NotJson("it is not UTF-8 text", self.line) from None
        self.done += len(raw)
        self.progress(self.done)
        return bool(raw)

    def peek(self) -> str:
        """The next character after blanks; "" at the end."""
        while True:
            self.at = _BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text) or not self.more():
                return self.text[self.at : self.at + 1]

    def take(self, char: str) -> bool:
        """Whether the next character is this one, which then is passed."""
        found = self.peek() == char
        self.at += found
        return found

    def need(self, char: str) -> None:
        """Pass this character, or stop."""
        if not self.take(char):
            self.stop(f"this is not JSON (a {char} is missing)")

    def stop(self, said: str, *, large: bool = False) -> NoReturn:
        """End with what is wrong on this line."""
        raise NotJson(said, self.line, large=large)

    def value(self) -> Any:
        """The next value."""
        self.peek()
        while True:
            start = self.at
            try:
                found, end = self.decode(self.text, start)
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
            if self.text[end - 1] in '"]}' or _DIGITS.match(self.text, end).end() < len(self.text):  # type: ignore[union-attr]
                self.at = end
                return found
            if not self.more():  # a number that the text ends with is whole
                self.at += end - start
                return found

    def items(self, close: str) -> Iterator[Any]:
        """The values of a list that has begun, up to `close`; with "", all up to the end of the text."""
        for number in range(2**60):
            if self.take(close) if close else not self.peek():
                return
            if close and number:
                self.need(",")
            yield self.value()

    def names(self) -> Iterator[str]:
        """The names of an object that has begun; whoever asks takes the value of each."""
        for number in range(2**60):
            if self.take("}"):
                return
            if number:
                self.need(",")
            name = self.value()
            self.need(":")
            yield str(name)
