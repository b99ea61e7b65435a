"""Names, numbers and tables as short text: for terminals, and for notebooks as HTML in which everything is escaped.

Free text comes from files that strangers wrote.  It becomes HTML here, and only here, and what nobody sees in it is escaped.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice
from typing import Any

Rows = Sequence[Sequence[str]]
MAX_COMPARED = 100  # names that a near miss is looked for among: comparing is slow

# --- characters that nobody sees --------------------------------------------------------------------------------------

_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls but tab and line feed
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u206f\u2800\u3164\ufeff\uffa0"  # zero width, blank letters
    "\u061c\u200e\u200f\u2028-\u202e\ufff0-\ufffb"  # direction of text, ends of lines, annotations
    "\ud800-\uf8ff\ufffe\uffff\U000e0000-\U0010ffff"  # halves of characters, private use, tags (U+E0000–E007F)
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # layout of hieroglyphs, shorthand and music
)
#: Joiners and variation selectors are invisible too, but for one beside what it joins or after what it varies (Persian, emoji).
_AFTER_NOTHING = (
    f"(?<![^\x00-\x7f{_HIDDEN}])[\u200c\u200d](?![^\x00-\x7f\u200c\u200d\ufe00-\ufe0f{_HIDDEN}])[\u200c\u200d\ufe00-\ufe0f]*"
    f"|(?<![^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\x7f{_HIDDEN}])[\ufe00-\ufe0f][\u200c\u200d\ufe00-\ufe0f]*"
    "|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f][\u200c\u200d\ufe00-\ufe0f]*|(?<=[\u200c\u200d])[\u200c\u200d\ufe00-\ufe0f]+"
)
#: What a reader does not see of a text, or what moves what is seen: the one definition, for all that is read and shown.
INVISIBLE = re.compile(f"[{_HIDDEN}]|{_AFTER_NOTHING}")


def visible(text: str) -> str:
    """The text with an escape for each invisible character."""
    if text.isascii() and text.isprintable():
        return text
    return INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def bare(text: str) -> str:
    """The text without its invisible characters, and without those that are so once others are gone."""
    while INVISIBLE.search(text):
        text = INVISIBLE.sub("", text)
    return text


def printable(text: str, length: int) -> str:
    """`text` on one line, cut to `length` characters, with an escape for each that is invisible."""
    start = visible(text[: length + 1]).replace("\n", "\\n").replace("\t", "\\t")
    return start if len(start) <= length else start[: length - 1] + "…"


def shown(value: Any, *, quote: bool = True) -> str:
    """`value` as one short printable piece of text: no control characters, at most 60 characters."""
    short = value[:61] if isinstance(value, str) else value
    return printable(short if isinstance(value, str) and not quote else json.dumps(short, ensure_ascii=False, default=str), 60)


# --- names ------------------------------------------------------------------------------------------------------------


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is probably a slip for, if there is one."""
    return next(iter(difflib.get_close_matches(name[:60], list(islice(known, MAX_COMPARED)), n=1, cutoff=0.6)), None)


def suggest(name: str, known: Iterable[str]) -> str:
    """`did you mean …?` for a near miss, else the names that would do."""
    names = list(islice(known, MAX_COMPARED))
    meant = near(name, names) if isinstance(name, str) else None
    if meant is not None:
        return f"did you mean {shown(meant, quote=False)}?"
    first = ", ".join(shown(other, quote=False) for other in names[:12])
    return f"known: {first}{', …' if len(names) > 12 else ''}" if names else "none is declared"


def place_of(name: str, names: Sequence[str], what: str) -> int:
    """Where a name stands among `names`, or a ValueError that says what is called so and suggests a name."""
    if not isinstance(name, str) or name not in names:
        raise ValueError(f"no {what} is called {printable(repr(name), 80)}; {suggest(name, names)}")
    return names.index(name)


# --- tables -----------------------------------------------------------------------------------------------------------


#: What an amount starts with: a digit, a sign, a dash for what does not exist, infinity.
AMOUNT = re.compile(r"[-+−–~<>±]?\s*[0-9∞]|–$|$")


def numeric(column: Iterable[str]) -> bool:
    """Whether a column holds numbers, which stand to the right; words stand to the left."""
    return all(AMOUNT.match(cell) for cell in column)


def text_table(head: Sequence[str], rows: Rows) -> str:
    """Columns in plain text: words to the left, numbers to the right, the first always to the left."""
    whole = [list(map(visible, row)) for row in (head, *rows)]
    widths = [max(len(row[i]) for row in whole) for i in range(len(head))]
    right = [i > 0 and numeric(row[i] for row in rows) for i in range(len(head))]
    lines = [[x.rjust(w) if r else x.ljust(w) for x, w, r in zip(line, widths, right, strict=True)] for line in whole]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def fitted_table(head: Sequence[str], rows: Rows, width: int) -> str:
    """The same in at most `width` characters: columns that find no room go below, beside the first one again."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    blocks: list[list[int]] = [[]]
    for i in range(1, len(head)):
        if blocks[-1] and sum(widths[k] + 2 for k in (*blocks[-1], i)) + widths[0] > width:
            blocks.append([])
        blocks[-1].append(i)
    parts = [[0, *block] for block in blocks]
    return "\n\n".join(text_table([head[i] for i in part], [[row[i] for i in part] for row in rows]) for part in parts)


def markup(text: str) -> str:
    """A text as HTML: its signs and its invisible characters escaped."""
    return escape(visible(text))


def html_table(head: Sequence[str], rows: Rows, caption: str = "") -> str:
    """The same as an HTML table in which every cell is escaped."""
    right = [i > 0 and numeric(row[i] for row in rows) for i in range(len(head))]
    sides = [f" style='text-align:{'right' if r else 'left'}'" for r in right]
    top = "".join(f"<th{side}>{markup(cell)}</th>" for cell, side in zip(head, sides, strict=True))
    lines = ["".join(f"<td{side}>{markup(cell)}</td>" for cell, side in zip(row, sides, strict=True)) for row in rows]
    title = f"<caption style='text-align:left'>{markup(caption)}</caption>" if caption else ""
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>{title}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


#: Characters in plain ASCII, for a terminal that has no other; what is not here loses its accent or is spelt out.
ASCII = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "×": "x", "·": "*", "…": "...", "→": "->", "←": "<-", "±": "+/-", "∞": "inf"}
    | {"≤": "<=", "≥": ">=", "≈": "~", "√": "sqrt ", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "½": "1/2"}
)


def encodable(text: str, encoding: str) -> str:
    """The text in characters that an encoding has: a minus stays a minus, never a question mark."""
    return "".join(_spelt(char, encoding) for char in text)


def _spelt(char: str, encoding: str) -> str:
    try:
        char.encode(encoding)
        return char
    except UnicodeEncodeError:
        bare = unicodedata.normalize("NFKD", char.translate(ASCII)).encode("ascii", "ignore").decode()
        return bare or char.encode("ascii", "backslashreplace").decode()


def number(value: float) -> str:
    """Three significant digits; a dash for what does not exist."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{value:.0f}" if 1000 <= size < 1e6 else f"{value:.3g}" if size == 0 or 1e-4 <= size < 1000 else f"{value:.2e}"
    return text.replace("-", "−")


def span(low: float, high: float) -> str:
    """A range, in three significant digits."""
    return "…".join(number(float(f"{end:.3g}")) for end in (low, high))


def tally(count: float) -> str:
    """An expected number of people or events: whole from 10 up, three digits below."""
    return f"{count:.0f}" if count >= 10 else number(count)


def people(count: float) -> str:
    """A number of people in words: 2 000, 5 million, 8 billion."""
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if count >= size:
            return f"{count / size:.4g} {name}"
    return f"{count:,.0f}".replace(",", " ")


def percent(value: float) -> str:
    """A share or a rate in percent; a dash for what does not exist.  What is less than all is shown as less."""
    if math.isnan(value):
        return "–"
    if 1e-9 < 1 - value <= 0.0005:
        return f"{100 - float(f'{100 * (1 - value):.2g}'):.12g}%"
    return f"{100 * value:.1f}%" if value >= 0.0005 or value == 0 else f"{100 * value:.2g}%"


def whole_percent(value: float) -> str:
    """A fraction of worlds in whole percent; 0% and 100% are said only of none and of all."""
    return f"{value:.0%}" if value in (0, 1) or 0.005 < value < 0.995 else percent(value)


def html_lines(title: str, lines: Iterable[str]) -> str:
    """A title and paragraphs as HTML, escaped."""
    return f"<b>{markup(title)}</b>" + "".join(f"<p>{markup(line)}</p>" for line in lines)


class Printed:
    """A result that prints itself: its title, paragraphs and tables, plain in a terminal and as escaped HTML in a notebook."""

    _between = "\n"

    def _parts(self) -> Iterable[Printable]:
        """The title first, then paragraphs, tables (head, rows; left out without rows) and other results."""
        raise NotImplementedError

    def _said(self) -> Iterator[Printable]:
        return (part for part in self._parts() if not isinstance(part, tuple) or part[1])

    def __repr__(self) -> str:
        return self._between.join(text_table(*part) if isinstance(part, tuple) else visible(str(part)) for part in self._said())

    def _repr_html_(self) -> str:
        title, *rest = map(_html, self._said())
        return title.replace("<p>", "<b>", 1).replace("</p>", "</b>", 1) + "".join(rest)


#: A paragraph, a table, or a result with its own HTML.
Printable = str | tuple[Sequence[str], Rows] | Printed


def _html(part: Printable) -> str:
    if isinstance(part, Printed):
        return f"<div>{part._repr_html_()}</div>"
    return html_table(*part) if isinstance(part, tuple) else f"<p>{markup(part)}</p>" if part else ""
