"""The marks of a chart, and the entries of a legend: what `marks.js` draws between two axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from .packing import packed

Mark = dict[str, Any]
#: Colours by number: 0 to 5 are `plots.SENDERS`, INK is that of the text.
INK = -1


def curve(x: ArrayLike, y: ArrayLike, *, every: int = 1, **style: Any) -> Mark:
    """A line through points (F, n).  Style: colour, width, dash; `every`: so many rows of the table share a row of y."""
    return {"kind": "line", "x": packed(x), "y": packed(y, every=every), **style}


def band(x: Any, low: ArrayLike, high: ArrayLike, *, colour: int) -> Mark:
    """The area between two curves (F, n)."""
    return {"kind": "band", "x": packed(x), "low": packed(low), "high": packed(high), "colour": colour}


def ribbon(low: ArrayLike, high: ArrayLike, y: ArrayLike, *, colour: int) -> Mark:
    """The area between two steep curves: from `low` to `high` at each height y, (F, n)."""
    return {"kind": "ribbon", "low": packed(low), "high": packed(high), "y": packed(y), "colour": colour}


def points(x: Any, y: Any, *, colour: int = INK, size: float = 6, hollow: bool = False, shade: ArrayLike | None = None) -> Mark:
    """Points (F, n); where a number is nan there is none.  `shade` (F, n) colours each from −1 (red) to 1 (blue)."""
    shades = {} if shade is None else {"shade": packed(shade)}
    return {"kind": "points", "x": packed(x), "y": packed(y), "colour": colour, "size": size, "hollow": hollow, **shades}


def labels(x: ArrayLike, y: ArrayLike, texts: Sequence[str]) -> Mark:
    """Texts beside points (F, n), moved apart where they would meet."""
    return {"kind": "names", "x": packed(x), "y": packed(y), "texts": list(texts)}


def stretches(start: ArrayLike, end: ArrayLike, y: ArrayLike, **style: Any) -> Mark:
    """Horizontal bars from `start` to `end` at heights y, (F, n).  Style: colour or colours (n), thick, hollow."""
    return {"kind": "bars", "from": packed(start), "to": packed(end), "y": packed(y), **style}


def entry(label: str, colour: int, mark: str = "full", event: int = 0) -> dict[str, Any]:
    """A line of a legend: what a colour and a mark mean."""
    return {"label": label, "colour": colour, "mark": mark, "event": event}
