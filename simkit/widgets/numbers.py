"""The numbers of an instrument as rows: what is chosen, what the pictures show of it, and what is said."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from ..arrays import Floats
from .packing import unpacked
from .panels import Panel
from .stage import Table


def rows(table: Table) -> list[dict[str, Any]]:
    """A row for each choice of slider and buttons: `pandas.DataFrame(rows(table))`.

    It holds the settings that they move; the numbers of each legend, cell and bar, and where the points of a chart are, named
    as the picture names them; `sentence` and `note`.
    """
    columns: dict[str, Floats] = {}
    for panel in filter(None, table.panels):
        for name, values in _columns(panel, table.rows):
            columns[_free(name, panel["title"], columns)] = values
    moved = [*table.toggles, *([table.slider] if table.slider else [])]
    chosen = product(*(each.values for each in moved))
    names = [each.setting for each in moved]
    return [
        dict(zip(names, values, strict=True))
        | {name: float(f"{column[i]:.7g}") for name, column in columns.items()}
        | {"sentence": table.sentences[i], "note": table.notes[i]}
        for i, values in enumerate(chosen)
    ]


def _columns(panel: Panel, count: int) -> Iterator[tuple[str, Floats]]:
    """What a picture says in numbers, each with a name and a value for every row of the table."""
    if "legendValues" in panel:
        values = unpacked(panel["legendValues"], count)
        yield from ((entry["label"], values[:, i]) for i, entry in enumerate(panel["legend"]))
    elif panel["kind"] == "mosaic" and "numbers" in panel:
        cells = product((name for name, *_ in panel["rows"]), (name for name, *_ in panel["columns"]))
        yield from ((f"{row} × {column}", unpacked(panel["numbers"], count)[:, i]) for i, (row, column) in enumerate(cells))
    elif panel["kind"] == "strip":
        parts, place = len(panel["legend"]), np.arange(count)
        amounts = unpacked(panel["amounts"], count).reshape(count, parts, -1)
        yield from ((each["label"], amounts[place, i, place % amounts.shape[-1]]) for i, each in enumerate(panel["legend"]))
    elif panel["kind"] == "chart":
        yield from _marks(panel, count)


def _marks(panel: Panel, count: int) -> Iterator[tuple[str, Floats]]:
    """The lengths of a chart's bars, and where a point is that moves."""
    marks, x = panel["marks"], panel["x"]
    y = panel.get("y") or panel["ys"][0]
    bars = [mark for mark in marks if mark["kind"] == "bars"]
    if panel.get("categories") and len(bars) == 1:
        lengths = unpacked(bars[0]["to"], count) - unpacked(bars[0]["from"], count)
        yield from ((name, lengths[:, i]) for i, (_, name) in enumerate(y["ticks"]))
    for mark in marks:
        if mark["kind"] == "points" and mark["y"]["columns"] == 1:
            places = [(each, unpacked(mark[of], count)[:, 0]) for of, each in (("x", x), ("y", y))]
            if any(len(np.unique(place)) > 1 for _, place in places):
                yield from ((each["label"], 10.0**at if each.get("log") else at) for each, at in places if each["label"])


def _free(name: str, title: str, taken: dict[str, Any]) -> str:
    """A name that no other column has: with the picture's title if another has it, and with a number if that, too."""
    for tried in (name, f"{title}: {name}"):
        if tried not in taken:
            return tried
    return next(tried for i in range(2, len(taken) + 3) if (tried := f"{title}: {name} ({i})") not in taken)


def as_csv(found: Sequence[dict[str, Any]]) -> str:
    """Rows as CSV; a text that a spreadsheet would take for a formula is kept a text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(found[0]), lineterminator="\n")
    writer.writerow({name: _inert(name) for name in found[0]})
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in found)
    return out.getvalue()


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t" and value else value
