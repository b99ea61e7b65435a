"""Pictures for a stage, as plain data: dots, and charts of lines, points and bars, for each position of the slider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats
from ..icon_array import Dots
from ..plots import EVENT_MARKS, segment_colours, shape
from ..text import number


def packed(rows: ArrayLike, kind: str = "float32", *, every: int = 1, at: ArrayLike | None = None) -> dict[str, Any]:
    """Numbers for the browser: (F, n), a row for each position, or for `every` so many; or one row (n,) for all of them.

    Fewer rows than positions are used again from the first on.  `at` (P,) says for each of P positions which row it shows:
    for rows that many positions share.
    """
    array = np.atleast_2d(np.asarray(rows)).astype(kind)
    made = {"data": array.tobytes(), "type": kind, "columns": array.shape[1], "every": every}
    return made if at is None else made | {"at": packed(np.reshape(at, (-1, 1)), "int16")}


def unpacked(given: dict[str, Any], positions: int | None = None) -> np.ndarray:
    """The rows of `packed` as the browser reads them, one for each of so many positions (None: as many as were given)."""
    rows = np.frombuffer(given["data"], given["type"]).reshape(-1, given["columns"])
    if positions is None:
        return rows if "at" not in given else rows[unpacked(given["at"])[:, 0]]
    at = unpacked(given["at"], positions)[:, 0] if "at" in given else np.arange(positions) // given["every"]
    return rows[at % len(rows)]


def axis(low: float, high: float, label: str) -> dict[str, Any]:
    """An axis from low to high with round ticks."""
    from matplotlib.ticker import MaxNLocator

    ticks = [float(tick) for tick in MaxNLocator(5).tick_values(low, high) if low <= tick <= high]
    return {"low": low, "high": high, "label": label, "ticks": [[tick, f"{tick:g}".replace("-", "−")] for tick in ticks]}


def log_axis(low: float, high: float, label: str) -> dict[str, Any]:
    """An axis over powers of ten; what stands on it is given as its logarithm to base 10."""
    ends = [float(np.log10(low)), float(np.log10(high))]
    powers = range(int(np.ceil(ends[0] - 1e-9)), int(np.floor(ends[1] + 1e-9)) + 1)
    step = max(1, round(len(powers) / 6))
    ticks = [[float(power), number(10.0**power) if -3 <= power < 6 else f"1e{power}"] for power in powers if power % step == 0]
    return {"low": ends[0], "high": ends[1], "label": label, "ticks": ticks}


def padded(low: Floats, high: Floats, part: float = 0.04) -> tuple[float, float]:
    """The range that holds all finite values, and a little more."""
    bottom, top = (float(pick(x[np.isfinite(x)], initial=0.0)) for pick, x in ((np.min, low), (np.max, high)))
    pad = part * ((top - bottom) or 1.0)
    return bottom - pad, top + pad


def pointed(texts: Sequence[str]) -> dict[str, Any]:
    """Texts (P,), one for each position, for the browser: each is sent once and pointed to."""
    words = list(dict.fromkeys(texts))
    place = {word: i for i, word in enumerate(words)}
    return {"words": words, "at": packed([[place[text]] for text in texts], "int16" if len(words) < 2**15 else "int32")}


def line(x: ArrayLike, y: ArrayLike, **style: Any) -> dict[str, Any]:
    """A line through points: rows (F, n), or one row for all positions."""
    return {"kind": "line", "x": packed(x), "y": packed(y), **style}


def dots(found: Dots, title: str, *, first: bool = True, at: ArrayLike | None = None) -> dict[str, Any]:
    """Every sender as a dot, for each policy of a batch, with a legend that counts them.

    `at` (P,) says which policy each of P positions shows; else there is one policy for each.
    """
    case = found.case
    colours, shapes = segment_colours(case), [shape(kind) for kind in case.kinds]
    count = np.atleast_2d(found.count)
    used = np.flatnonzero(count.any(0))
    cells = [
        {"colour": colours[found.segment[c]], "mark": shapes[found.response[c]], "event": int(found.event[c])} for c in used
    ]
    order = sorted(range(len(case.segments)), key=lambda s: bool(case.population.harmful[s]))
    by_segment, by_response = np.atleast_2d(found.by_segment()), np.atleast_2d(found.by_response())
    given = [r for r in np.argsort([SHAPES.index(s) for s in shapes], kind="stable") if by_response[:, r].any()]
    legend = [{"label": case.segments[s], "colour": colours[s], "mark": "full", "event": 0} for s in order]
    legend += [{"label": case.responses[r], "colour": -1, "mark": shapes[r], "event": 0} for r in given]
    crowd, many = found.counted_in
    legend += [{"label": f"{EVENT_MARKS[e][1]}, {many}", "colour": 3, "mark": "open", "event": e} for e in EVENT_MARKS]
    values = [
        by_segment[:, order],
        by_response[:, given],
        *(np.atleast_1d(found.events(e, crowd))[:, None] for e in EVENT_MARKS),
    ]
    return {
        "kind": "dots",
        "first": first,
        "title": title,
        "alt": "1000 dots, one for each sender, coloured by kind of sender.",
        "cells": cells,
        "count": packed(count[:, used], "int16", at=at),
        "legend": legend,
        "legendValues": packed(np.hstack(values), at=at),
    }


SHAPES = ("full", "half", "open")
