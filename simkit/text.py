"""Tables and numbers as short text: for terminals, and for notebooks as HTML in which everything is escaped.

Free text comes from files that strangers wrote.  It becomes HTML here, and only here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from html import escape

Rows = Sequence[Sequence[str]]


#: What an amount starts with: a digit, a sign, a dash for what does not exist, infinity.
AMOUNT = re.compile(r"[-+−–~<>±]?\s*[0-9∞]|–$|$")


def numeric(column: Iterable[str]) -> bool:
    """Whether a column holds numbers, which stand to the right; words stand to the left."""
    return all(AMOUNT.match(cell) for cell in column)


def text_table(head: Sequence[str], rows: Rows) -> str:
    """Columns in plain text: words to the left, numbers to the right, the first always to the left."""
    whole = [list(head), *map(list, rows)]
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


def html_table(head: Sequence[str], rows: Rows, caption: str = "") -> str:
    """The same as an HTML table in which every cell is escaped."""
    right = [i > 0 and numeric(row[i] for row in rows) for i in range(len(head))]
    sides = [f" style='text-align:{'right' if r else 'left'}'" for r in right]
    top = "".join(f"<th{side}>{escape(cell)}</th>" for cell, side in zip(head, sides, strict=True))
    lines = ["".join(f"<td{side}>{escape(cell)}</td>" for cell, side in zip(row, sides, strict=True)) for row in rows]
    title = f"<caption style='text-align:left'>{escape(caption)}</caption>" if caption else ""
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
    return f"<b>{escape(title)}</b>" + "".join(f"<p>{escape(line)}</p>" for line in lines)


class Printed:
    """A result that prints itself: its title, paragraphs and tables, plain in a terminal and as escaped HTML in a notebook."""

    _between = "\n"

    def _parts(self) -> Iterable[Printable]:
        """The title first, then paragraphs, tables (head, rows; left out without rows) and other results."""
        raise NotImplementedError

    def _said(self) -> Iterator[Printable]:
        return (part for part in self._parts() if not isinstance(part, tuple) or part[1])

    def __repr__(self) -> str:
        return self._between.join(text_table(*part) if isinstance(part, tuple) else str(part) for part in self._said())

    def _repr_html_(self) -> str:
        title, *rest = map(_html, self._said())
        return title.replace("<p>", "<b>", 1).replace("</p>", "</b>", 1) + "".join(rest)


#: A paragraph, a table, or a result with its own HTML.
Printable = str | tuple[Sequence[str], Rows] | Printed


def _html(part: Printable) -> str:
    if isinstance(part, Printed):
        return f"<div>{part._repr_html_()}</div>"
    return html_table(*part) if isinstance(part, tuple) else f"<p>{escape(part)}</p>" if part else ""
