"""Tables and numbers as short text: for terminals, and for notebooks as HTML in which everything is escaped.

Free text comes from files that strangers wrote.  It becomes HTML here, and only here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

Rows = Sequence[Sequence[str]]


def text_table(head: Sequence[str], rows: Rows) -> str:
    """Columns in plain text: the first to the left, the others to the right."""
    whole = [list(head), *map(list, rows)]
    widths = [max(len(row[i]) for row in whole) for i in range(len(head))]
    lines = [
        [cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(r, widths, strict=True))] for r in whole
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def html_table(head: Sequence[str], rows: Rows, caption: str = "") -> str:
    """The same as an HTML table in which every cell is escaped."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    title = f"<caption style='text-align:left'>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def number(value: float) -> str:
    """Three significant digits; a dash for what does not exist."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{value:.0f}" if 1000 <= size < 1e6 else f"{value:.3g}" if size == 0 or 1e-4 <= size < 1000 else f"{value:.2e}"
    return text.replace("-", "−")


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

    def _parts(self) -> Iterable[Printable]:
        """The title first, then paragraphs, tables (head, rows) and other results."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return "\n".join(text_table(*part) if isinstance(part, tuple) else str(part) for part in self._parts())

    def _repr_html_(self) -> str:
        title, *rest = map(_html, self._parts())
        return title.replace("<p>", "<b>", 1).replace("</p>", "</b>", 1) + "".join(rest)


#: A paragraph, a table, or a result with its own HTML.
Printable = str | tuple[Sequence[str], Rows] | Printed


def _html(part: Printable) -> str:
    if isinstance(part, Printed):
        return part._repr_html_()
    return f"<p>{escape(part)}</p>" if isinstance(part, str) else html_table(*part)


class Shown:
    """A result that shows itself by `_parts`: a title, lines, and the head and rows of a table that may be empty."""

    def _parts(self) -> tuple[str, Sequence[str], Sequence[str], Rows]:
        raise NotImplementedError

    def __repr__(self) -> str:
        title, lines, head, rows = self._parts()
        return "\n".join([title, *lines, *([text_table(head, rows)] if rows else [])])

    def _repr_html_(self) -> str:
        title, lines, head, rows = self._parts()
        return html_lines(title, lines) + (html_table(head, rows) if rows else "")
