"""Pictures for a stage: panels, the charts' marks and axes, each made by a public constructor.

A number that the slider moves comes as rows: one row of an array for each row of the table.  An array with a single row holds
for all of them.  `first` panels are seen at once, the others when the stage unfolds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats
from ..case import Case
from ..icon_array import Dots
from ..plots import EVENT_MARKS, segment_colours, shape
from ..text import number
from .axes import axis as axis
from .axes import log_axis as log_axis
from .axes import name_axis as name_axis
from .axes import padded as padded
from .marks import INK as INK
from .marks import Mark as Mark
from .marks import band as band
from .marks import curve as curve
from .marks import entry as entry
from .marks import labels as labels
from .marks import points as points
from .marks import ribbon as ribbon
from .marks import stretches as stretches
from .packing import indexed, packed, told

#: What the browser draws: plain values and packed arrays.  Made here and in `marks.js` alone.
Panel = dict[str, Any]
SHAPES = ("full", "half", "open")
#: What stands under the fold of the stage.
SURE = "How sure is this?"

# --- panels -----------------------------------------------------------------------------------------------------------


def chart(
    title: str,
    marks: Sequence[Mark],
    *,
    x: dict[str, Any],
    y: dict[str, Any] | Sequence[dict[str, Any]],
    alt: str = "",
    first: bool = False,
    every: int = 1,
    legend: Sequence[dict[str, Any]] = (),
    values: Any = None,
    **layout: Any,
) -> Panel:
    """Marks between two axes; of several vertical axes `every` so many rows of the table share one.

    `legend` are entries, `values` (F, entries) their numbers.  Layout: height, wide, left (pixels), categories (no grid lines
    across).
    """
    axes: Panel = {"x": x, "y": y} if isinstance(y, dict) else {"x": x, "ys": list(y), "every": every}
    if legend:
        axes |= {"legend": list(legend), "legendValues": packed(told(values))}
    return {"kind": "chart", "title": title, "alt": alt or title, "first": first, "marks": list(marks), **axes, **layout}


def lines(
    title: str,
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    at: ArrayLike | None = None,
    x_label: str = "",
    y_label: str = "",
    first: bool = True,
    alt: str = "",
) -> Panel:
    """Named curves over x (n,): values (n,), the same everywhere, or (F, n), a row for each row of the table.

    `at` (F,) is where on x each row of the table stands: there is a point on each curve, and the legend says its height.
    """
    across = np.asarray(x, dtype=float)
    heights = {name: np.atleast_2d(np.asarray(values, dtype=float)) for name, values in curves.items()}
    marks = [curve(across, rows, colour=_colour(i), width=2) for i, rows in enumerate(heights.values())]
    legend = [entry(name, _colour(i)) for i, name in enumerate(heights)]
    values = None
    if at is not None:
        here = np.asarray(at, dtype=float)
        values = np.stack([_interpolated(here, across, rows) for rows in heights.values()], axis=1)
        marks += [points(here[:, None], values[:, [i]], colour=_colour(i)) for i in range(len(heights))]
    every = np.concatenate([rows.ravel() for rows in heights.values()])
    return chart(
        title,
        marks,
        x=axis(float(across.min()), float(across.max()), x_label),
        y=axis(*padded(every, every), y_label),
        alt=alt,
        first=first,
        legend=legend if values is not None else (),
        values=values,
        wide=660,
    )


def _interpolated(at: Floats, x: Floats, rows: Floats) -> Floats:
    shared = len(rows) == 1
    return np.array([np.interp(place, x, rows[0 if shared else i]) for i, place in enumerate(at)])


def _colour(place: int) -> int:
    return (0, 1, 4, 2, 3)[place % 5]


def bars(
    title: str,
    values: Mapping[str, ArrayLike],
    *,
    label: str = "",
    first: bool = True,
    alt: str = "",
    colours: Sequence[int] | None = None,
) -> Panel:
    """A horizontal bar from 0 for each name: a number, or (F,) numbers, one for each row of the table."""
    ends = np.stack(np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, dtype=float)) for v in values.values())), axis=1)
    names, rows = list(values), np.arange(len(values))
    used = list(colours) if colours else [0] * len(names)
    return chart(
        title,
        [stretches(np.zeros(len(names)), ends, rows, colours=used), curve([0, 0], [len(names) - 0.4, -0.6], colour=INK)],
        x=axis(*padded(ends, ends), label),
        y=name_axis(names),
        alt=alt,
        first=first,
        left=110,
        height=60 + 26 * len(names),
        categories=True,
    )


def mosaic(
    title: str,
    colour: ArrayLike,
    *,
    rows: Mapping[str, float],
    columns: Mapping[str, float],
    heights: ArrayLike | None = None,
    widths: ArrayLike | None = None,
    numbers: ArrayLike | None = None,
    flagged: ArrayLike | None = None,
    faint: ArrayLike | None = None,
    every: int = 1,
    sides: tuple[str, str] = ("", ""),
    key: str = "",
    unit: str = "",
    first: bool = True,
    alt: str = "",
    height: int = 300,
) -> Panel:
    """A rectangle divided in rows × columns, one of which is seen for each row of the table.

    `rows` and `columns` are names with their probabilities, which are printed; `heights` (R,) and `widths` (C,) are in any
    unit, else the square roots of these; `sides` say what rows and columns are.  `colour` (F, R, C) goes from −1 (red) to
    1 (blue), `numbers` (F, R, C) are printed where they fit, their `unit` in the alternative text, `flagged` (F, R, C) cells
    are hatched; `faint` ones fade, in a row for `every` so many rows of the table.  `key` says how all this is read.
    A ValueError if the shapes do not agree.
    """
    scale = np.asarray(colour, dtype=float)
    scale = scale[None] if scale.ndim == 2 else scale
    shape_ = (len(rows), len(columns))
    given = {"numbers": numbers, "flagged": flagged}
    cells = {name: np.asarray(v, dtype=float).reshape(-1, *shape_) for name, v in given.items() if v is not None}
    if scale.shape[1:] != shape_:
        raise ValueError(
            f"a mosaic of {shape_[0]} × {shape_[1]} needs colours (F, {shape_[0]}, {shape_[1]}), not {scale.shape}"
        )
    sizes = [
        np.sqrt(list(names.values())) if size is None else np.asarray(size, dtype=float)
        for names, size in ((rows, heights), (columns, widths))
    ]
    return {
        "kind": "mosaic",
        "title": title,
        "alt": alt or f"{title}{f' ({unit})' if unit else ''}.",
        "first": first,
        "height": height,
        "sides": list(sides),
        "key": key,
        **({} if faint is None else {"faint": packed(np.asarray(faint).reshape(-1, scale[0].size), "int16", every=every)}),
        "rows": [[name, float(share), float(size)] for (name, share), size in zip(rows.items(), sizes[0], strict=True)],
        "columns": [[name, float(share), float(size)] for (name, share), size in zip(columns.items(), sizes[1], strict=True)],
        "colour": packed(scale.reshape(len(scale), -1)),
        **{name: packed(values.reshape(len(values), -1)) for name, values in cells.items()},
    }


def strip(parts: Mapping[str, int], amounts: ArrayLike, *, best: Sequence[Sequence[int]], alt: str) -> Panel:
    """Amounts (F, P, D) of P named parts, each in a colour, that add up along the D positions of the slider, and under it.

    `best` (F, 2) are the first and the last of the best positions, −1 if the slider passes over them.
    """
    values = np.asarray(amounts, dtype=float)
    top = float(values.sum(1).max())
    return {
        "kind": "strip",
        "title": "",
        "alt": alt,
        "tip": f"{alt} The strip is as high as the most that is lost: {number(top)} help units per 1000 people.",
        "first": True,
        "under": True,
        "height": 40,
        "amounts": packed(values.reshape(len(values), -1), every=values.shape[-1]),
        "top": top,
        "best": packed(best, "int16", every=values.shape[-1]),
        "legend": [entry(name, colour) for name, colour in parts.items()],
    }


def text(
    title: str,
    rows: Sequence[Sequence[str]],
    *,
    first: bool = False,
    alt: str = "",
    every: int = 1,
    at: ArrayLike | None = None,
) -> Panel:
    """A numbered list of lines for each row of the table, or for `every` so many (one list: the same for all).

    `at` (P,) says which list each of P rows of the table shows.
    """
    longest = max(map(len, rows), default=0)
    full = [[*row, *[None] * (longest - len(row))] for row in rows]
    return {
        "kind": "steps",
        "title": title,
        "alt": alt or title,
        "first": first,
        **indexed({"lines": full}, every=every, at=at),
    }


def sure(rows: Sequence[Sequence[str]], every: int = 1) -> Panel:
    """What stands behind the fold *How sure is this?*: lines for each row of the table, or for `every` so many."""
    return text(SURE, rows, every=every) | {"fold": True}


def path(
    title: str,
    slots: Sequence[tuple[str, str]],
    *,
    state: ArrayLike,
    said: Sequence[Sequence[str]],
    did: Sequence[Sequence[str]],
    value: Sequence[Sequence[str]],
    result: Sequence[str],
    about: str,
) -> Panel:
    """How a decision came about: boxes from the highest level down, what was said in each, and the value after it.

    `slots` are (level, what it says if nobody speaks there); `state` (F, slots) is 0 silent, 1 had a part, 2 decides, 3 had no
    effect; `said`, `did`, `value` (F, slots) are texts, `result` (F,) is the value in the end, of what it is `about`.
    """
    return {
        "kind": "path",
        "first": True,
        "title": title,
        "alt": "Who spoke at which level of authority, from the highest down, and the value after each.",
        "slots": [{"level": level, "faint": faint} for level, faint in slots],
        "state": packed(state, "int16"),
        **indexed({"said": said, "did": did, "value": value, "result": [[text] for text in result]}),
        "about": about,
    }


def network(
    title: str,
    places: ArrayLike,
    edges: ArrayLike,
    shade: ArrayLike,
    *,
    key: str = "",
    size: float = 6,
    first: bool = True,
    alt: str = "",
    **more: Any,
) -> Panel:
    """People at `places` (N, 2), with lines between pairs of them, `edges` (E, 2).

    `shade` (F, N) colours them from −1 (red) to 1 (blue), `key` says what that means.  Layout and legend as in `chart`.
    """
    x, y = np.asarray(places, dtype=float).T
    pairs = np.asarray(edges, dtype=int).ravel()
    ends = [(low - 0.04 * (high - low), high + 0.04 * (high - low)) for low, high in ((x.min(), x.max()), (y.min(), y.max()))]
    marks: list[Mark] = [{"kind": "links", "x": packed(x[pairs]), "y": packed(y[pairs])}] if len(pairs) else []
    marks.append(points(x, y, size=size, shade=shade))
    bare = axis(*ends[0], key, ticks={}), axis(*ends[1], ticks={})
    return chart(title, marks, x=bare[0], y=bare[1], first=first, alt=alt or f"{title}.", left=20, **more)


def icons(
    title: str,
    count: ArrayLike,
    legend: Sequence[dict[str, Any]],
    *,
    values: ArrayLike | None = None,
    columns: int = 40,
    first: bool = True,
    alt: str = "",
) -> Panel:
    """An icon array of counts (F, C), whole numbers, with an entry of the legend for each of C kinds."""
    return {
        "kind": "dots",
        "first": first,
        "title": title,
        "alt": alt or title,
        "columns": columns,
        "cells": [{name: each[name] for name in ("colour", "mark", "event")} for each in legend],
        "count": packed(count, "int16"),
        "legend": list(legend),
        "legendValues": packed(told(count if values is None else values)),
    }


def response_marks(case: Case) -> list[str]:
    """How a dot shows each response: full, half or open by its kind, and of one kind the second and third marked apart."""
    shapes = [shape(kind) for kind in case.kinds]
    before = [shapes[:r].count(each) for r, each in enumerate(shapes)]
    return [each + ("", "2", "3")[min(many, 2)] for each, many in zip(shapes, before, strict=True)]


def dots(
    found: Dots,
    title: str,
    *,
    first: bool = True,
    beside: bool = False,
    at: ArrayLike | None = None,
    own: tuple[ArrayLike, ArrayLike] | None = None,
) -> Panel:
    """Every sender as a dot, for each policy of a batch, with a legend that counts them.

    `beside`: seen at once, but beside the other pictures.  `at` (P,) says which policy each of P rows of the table shows; else
    there is one policy for each.  `own` are two truths for each cell: whether own judgement departed from an instruction there
    (a halo), and whether that left the sender worse off (a cross, which then does not stand for an event).
    """
    case, (crowd, many) = found.case, found.counted_in
    colours, shapes = segment_colours(case), response_marks(case)
    count = np.atleast_2d(found.count)
    shown = slice(None) if at is None else np.unique(at)
    used = np.flatnonzero(count[shown].any(0))
    halo, cross = (np.zeros(len(found.event), dtype=bool), found.event) if own is None else map(np.asarray, own)
    cells = [
        entry("", colours[found.segment[c]], shapes[found.response[c]], int(cross[c])) | {"halo": bool(halo[c])} for c in used
    ]
    by_segment, by_response = np.atleast_2d(found.by_segment()), np.atleast_2d(found.by_response())
    who = np.argsort(case.population.harmful, kind="stable")
    given = np.argsort([SHAPES.index(shape(kind)) for kind in case.kinds], kind="stable")
    given = given[np.any(by_response[shown][:, given], axis=0)]
    legend = [entry(case.segment_labels[s], colours[s]) for s in who]
    legend += [entry(case.response_labels[r], INK, shapes[r]) for r in given]
    events = [np.atleast_1d(found.events(e, crowd))[:, None] for e in EVENT_MARKS]
    legend += [entry(f"{EVENT_MARKS[e][1]}, {many}", 3, "none" if own else "open", 0 if own else e) for e in EVENT_MARKS]
    if own:
        legend += [entry("not as instructed", 3) | {"halo": True}, entry("worse for this sender", 3, event=1) | {"halo": True}]
        events += [(count @ (halo * (marked > 0))).astype(float)[:, None] for marked in (halo, cross)]
    return {
        "kind": "dots",
        "first": first,
        "beside": beside,
        "title": title,
        "alt": "1000 dots, one for each sender, coloured by kind of sender.",
        "cells": cells,
        "count": packed(count[:, used], "int16", at=at),
        "legend": legend,
        "legendValues": packed(told(np.hstack([by_segment[:, who], by_response[:, given], *events])), at=at),
    }
