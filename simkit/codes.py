"""Codes that a class hands in: a guess, the exercises of a notebook, or an audit game, as one word that survives a chat.

A code is `SIMKIT-` and base32 of length, kind, mark, words and CRC-32.  So one that was cut or changed is told from a good one.
It hides a guess from a glance, and from nothing else: whoever has simkit can read a code, and make one.  A class word signs
results (HMAC-SHA256, RFC 2104, the first 48 bits): whoever made the code knew the word.  That proves neither who it was, nor
that they did the work.  A mark is drawn at random once for each kernel; it joins the codes of one session, and names nobody.
"""

from __future__ import annotations

import hmac
import math
import re
import secrets
import struct
import unicodedata
import zlib
from base64 import b32decode, b32encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

#: Length of the words, kind, mark.  A byte of check sum follows, so that a changed length is not taken for a cut.
HEAD = struct.Struct(">HBI")
#: What was said when asked whether exploring changed the mind; the first if nothing was said.
MINDS = ("not said", "no", "a little", "yes")
BEGIN = r"SIMKIT\s?[-‐‑‒–—−]"
#: The beginning of a code and its letters, up to the next code, if somebody glued them together.
START = re.compile(rf"{BEGIN}((?:(?!{BEGIN})[A-Za-z0-9])*)", re.IGNORECASE)
#: A word that looks like a code which lost its beginning.
HEADLESS = re.compile(r"(?<![A-Za-z0-9-])[A-Z2-7]{24,}(?![A-Za-z0-9])")


@dataclass(frozen=True, kw_only=True)
class Code:
    """What every code carries: the `mark` of a session, and a `nickname` that may be empty."""

    mark: int
    nickname: str = ""


@dataclass(frozen=True, kw_only=True)
class Guess(Code):
    """A committed prediction: the mark of its question, the guess, the answer that was revealed then, and one of `MINDS`."""

    question: str
    guess: int
    answer: float
    mind: str = MINDS[0]


@dataclass(frozen=True, kw_only=True)
class Results(Code):
    """The exercises of a notebook, by the name of its exercises: whether each is solved, and the wrong tries."""

    notebook: str
    solved: tuple[bool, ...]
    wrong: tuple[int, ...]
    signature: str = ""

    def signed_with(self, word: str) -> bool:
        """Whether this was signed with a class word; capitals and spaces at its ends do not count."""
        return hmac.compare_digest(self.signature, _signature(self, word))


@dataclass(frozen=True, kw_only=True)
class Game(Code):
    """An audit game as the line of code that opens it: what was done, not what came of it."""

    line: str


@dataclass(frozen=True)
class Found:
    """A code in a text: the number of its line, the code as it stands there, and what it holds or what is wrong with it."""

    line: int
    text: str
    holds: Guess | Results | Game | None
    wrong: str = ""


@cache
def session_mark() -> int:
    """The mark of this session, drawn once."""
    return secrets.randbits(32)


def question_mark(asks: str) -> str:
    """A mark of a question's words, without its numbers: they may be computed."""
    return f"{zlib.crc32(re.sub(r'[0-9.,]+', '', asks).encode()) % 16**4:04x}"


def plain_nickname(text: str) -> str:
    """A nickname of at most 20 letters, digits and dashes; what else stands there becomes a dash."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", text)).strip("-")[:20].strip("-")


# --- writing ----------------------------------------------------------------------------------------------------------


def write(holds: Guess | Results | Game) -> str:
    """The code of what is handed in."""
    name = plain_nickname(holds.nickname) or "-"
    if isinstance(holds, Guess):
        return _word("p", holds.mark, f"{name} {holds.question} {holds.guess} {holds.answer:.7g} {MINDS.index(holds.mind)}")
    if isinstance(holds, Results):
        return _word("e", holds.mark, f"{name} {_results(holds)} {holds.signature or '-'}")
    return _word("g", holds.mark, f"{name} {holds.line}")


def sign(results: Results, word: str) -> Results:
    """The same results with a signature by a class word; without one if the word is empty."""
    return replace(results, signature=_signature(results, word) if word.strip() else "")


def _results(results: Results) -> str:
    solved = "".join("01"[done] for done in results.solved)
    return f"{results.notebook} {solved} {','.join(map(str, results.wrong))}"


def _signature(results: Results, word: str) -> str:
    said = f"{results.mark} {plain_nickname(results.nickname)} {_results(results)}"
    return hmac.digest(word.strip().casefold().encode(), said.encode(), "sha256")[:6].hex()


def _word(kind: str, mark: int, words: str) -> str:
    content = words.encode()
    head = HEAD.pack(len(content), ord(kind), mark)
    body = head + _check(head)[-1:] + content
    return "SIMKIT-" + b32encode(body + _check(body)).decode().rstrip("=")


def _check(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


# --- reading ----------------------------------------------------------------------------------------------------------


def read(code: str) -> Guess | Results | Game:
    """What a code holds.  A ValueError says what is wrong: cut, changed, or of another kind."""
    start = START.fullmatch(code.strip())
    if not start:
        raise ValueError("this is no code: one begins with SIMKIT- and holds letters and digits only")
    return _read(start[1])


def find(text: str) -> Iterator[Found]:
    """All codes in a text, good and damaged, with whatever stands around them."""
    for number, line in enumerate(text.splitlines(), 1):
        rest = line
        for start in START.finditer(line):
            rest = rest.replace(start[0], " ")
            try:
                yield Found(number, start[0], _read(start[1]))
            except ValueError as error:
                yield Found(number, start[0], None, str(error))
        for word in HEADLESS.findall(rest):
            yield Found(number, word, None, "the beginning is cut off: a code begins with SIMKIT-")


def _read(letters: str) -> Guess | Results | Game:
    upper = letters.upper()
    strange = re.search(r"[^A-Z2-7]", upper)
    data = _bytes(upper[: strange.start()] if strange else upper)
    head, start = data[: HEAD.size], HEAD.size + 1
    sound = len(data) >= start and _check(head)[-1:] == data[HEAD.size : start]
    whole = start + HEAD.unpack(head)[0] + 4 if sound else 0
    if sound and len(data) >= whole and _check(data[: whole - 4]) == data[whole - 4 : whole]:
        _, kind, mark = HEAD.unpack(head)
        return _meaning(chr(kind), mark, data[start : whole - 4].decode())
    if strange:
        raise ValueError(f"wrong check sum: no code holds the character {strange[0]}")
    if len(data) < max(whole, start):
        raise ValueError(f"cut: {len(letters)} of {-(-whole * 8 // 5) or 'some 40'} characters after SIMKIT- are here")
    raise ValueError("wrong check sum: a character was changed")


def _bytes(letters: str) -> bytes:
    """The whole bytes in base32 letters."""
    usable = letters[: len(letters) - (len(letters) % 8 in (1, 3, 6))]
    return b32decode(usable + "=" * (-len(usable) % 8))


def _meaning(kind: str, mark: int, words: str) -> Guess | Results | Game:
    """What the words of a sound code mean; a ValueError if this version does not know."""
    name, _, rest = words.partition(" ")
    who: dict[str, Any] = {"mark": mark, "nickname": plain_nickname(name)}
    try:
        if kind == "g":
            return Game(line=rest, **who)
        parts = rest.split(" ")
        if kind == "p":
            guess, answer = int(parts[1]), float(parts[2])
            if re.fullmatch("[0-9a-f]{4}", parts[0]) and abs(guess) < 1e16 and math.isfinite(answer):
                return Guess(question=parts[0], guess=guess, answer=answer, mind=MINDS[int(parts[3])], **who)
        if kind == "e" and len(tries := tuple(map(int, parts[2].split(",")))) == len(parts[1]):
            solved, signature = tuple(each == "1" for each in parts[1]), parts[3].strip("-")
            return Results(notebook=re.sub(r"[^\w-]", "", parts[0]), solved=solved, wrong=tries, signature=signature, **who)
    except (ValueError, IndexError):
        pass
    raise ValueError("sound, but of a kind that this version of simkit does not know")
