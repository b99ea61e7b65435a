"""What a stage shows as a Matplotlib figure, drawn from the same numbers: for papers, slides and pages without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from ..plots import EVENT_MARKS, SENDERS, SENDERS_ON_DARK
from ..text import tally
from .panels import Mark, Panel
from .stage import Table

INK = {False: "#111111", True: "#f0f0f0"}
PAPER = {False: "#ffffff", True: "#111111"}
#: Pixels of a stage in an inch of a figure, and how wide a figure and a thumbnail are.
PIXELS, WIDTH, SMALL = 90, 660, 430
#: The shapes of `marks.js` for matplotlib.
SHAPES: dict[str, dict[str, Any]] = {
    "full": {"fillstyle": "full"},
    "full2": {"fillstyle": "none", "mew": 2.4},
    "full3": {"marker": "h", "fillstyle": "full"},
    "half": {"fillstyle": "left"},
    "half2": {"fillstyle": "bottom"},
    "half3": {"fillstyle": "right"},
    "open": {"fillstyle": "none"},
    "open2": {"marker": r"$\odot$", "mew": 0.4},
    "open3": {"marker": r"$\ominus$", "mew": 0.4},
    "square": {"marker": "s", "fillstyle": "full"},
}


def figure(table: Table, row: int, *, dark: bool = False, unfolded: bool = False) -> Figure:
    """The pictures of one row of a table, one below the other, and its sentence."""
    shown = [
        panel
        for panel in table.panels
        if panel and not panel.get("fold") and (panel["first"] or panel.get("beside") or unfolded)
    ]
    return _figure(shown, row, fill(f"{table.sentences[row]} {table.notes[row]}".strip(), 100), dark)


def thumbnail(table: Table, row: int, *, dark: bool = False) -> Figure:
    """The first picture alone, without words around it."""
    first = next(panel for panel in table.panels if panel and panel["first"] and panel["kind"] in DRAW)
    return _figure([{**first, "title": "", "legend": ()}], row, "", dark, WIDTH if first["kind"] == "path" else SMALL)


def _figure(shown: Sequence[Panel], row: int, said: str, dark: bool, wide: float = WIDTH) -> Figure:
    import matplotlib.pyplot  # noqa: F401  (lets notebooks show figures)

    drawn = [panel for panel in shown if panel["kind"] in DRAW]
    ink = INK[dark]
    style: dict[Any, Any] = {
        "text.color": ink,
        "axes.labelcolor": ink,
        "xtick.color": ink,
        "ytick.color": ink,
        "axes.edgecolor": "none",
    }
    with rc_context(style | {"font.size": 9, "axes.titlesize": 10, "axes.titleweight": "bold", "axes.titlelocation": "left"}):
        heights = [wide / WIDTH * _height(panel, row) for panel in drawn]
        below = 0.2 * (said.count("\n") + 1) if said else 0.0
        tall = sum(heights) / PIXELS + below + 0.2
        made = Figure(figsize=(wide / PIXELS, tall), layout="constrained", facecolor=PAPER[dark])
        made.get_layout_engine().set(rect=(0, below / tall, 1, 1 - below / tall))  # type: ignore[union-attr, call-arg]
        for ax, panel in zip(made.subplots(len(drawn), height_ratios=heights, squeeze=False)[:, 0], drawn, strict=True):
            ax.set_facecolor("none")
            ax.set_title(fill(panel["title"], 80), parse_math=False)
            DRAW[panel["kind"]](ax, panel, row, dark)
            if panel.get("legend"):
                _legend(ax, panel, row, dark)
        made.text(0.01, 0.08 / tall, said, va="bottom", parse_math=False)
    return made


def _row(packed: dict[str, Any], at: int) -> Any:
    """The numbers that a row of the table shows."""
    rows = np.frombuffer(packed["data"], packed["type"]).reshape(-1, packed["columns"])
    place = int(_row(packed["at"], at)[0]) if "at" in packed else at // packed["every"]
    return rows[place % len(rows)]


def _height(panel: Panel, row: int) -> float:
    """Pixels of a picture, with its title and its legend."""
    columns = panel.get("columns", 40)
    if panel["kind"] == "dots":
        own = WIDTH / columns * -(-_row(panel["count"], row).sum() // columns)
    elif panel["kind"] == "path":
        own = 42 * len(panel["slots"]) + 40
    else:
        own = 18 * len(_lines(panel, row)) + 10 if panel["kind"] == "steps" else panel.get("height", 240)
    return float(own) + 30 + (20 * -(-len(panel["legend"]) // _across(panel)) + 8 if panel.get("legend") else 0)


def _across(panel: Panel) -> int:
    """How many entries of a legend stand side by side: three, or fewer if their words are too long for that."""
    sizes = [len(each["label"]) + 6 for each in panel["legend"]]

    def wide(columns: int) -> int:
        tall = -(-len(sizes) // columns)
        return sum(max(sizes[i : i + tall]) for i in range(0, len(sizes), tall))

    return next((columns for columns in (3, 2) if wide(columns) <= 95), 1)


def _colours(dark: bool) -> Sequence[str]:
    """Colours by number; the last is that of the text."""
    return (*(SENDERS_ON_DARK if dark else SENDERS), INK[dark])


def _legend(ax: Axes, panel: Panel, row: int, dark: bool) -> None:
    """What colours and marks mean, each with its number, below the picture."""
    values = _row(panel["legendValues"], row) if "legendValues" in panel else [np.nan] * len(panel["legend"])
    if panel["kind"] == "strip":
        values = _amounts(panel, row)[:, row % _amounts(panel, row).shape[1]]
    handles = []
    for entry, value in zip(panel["legend"], values, strict=True):
        mark = {"marker": EVENT_MARKS[entry["event"]][0]} if entry["event"] else SHAPES.get(entry["mark"], SHAPES["open"])
        colour = INK[dark] if entry["event"] else _colours(dark)[entry["colour"]]
        label = entry["label"] if np.isnan(value) else f"{entry['label']} {tally(value)}"
        style: dict[str, Any] = {"marker": "o", "color": colour, "markerfacecoloralt": "none", "ls": ""}
        handles.append(Line2D([], [], label=label, **(style | mark)))
    down = -0.02 if panel["kind"] != "chart" else -0.16 * 240 / panel.get("height", 240)
    options: dict[str, Any] = {
        "ncols": _across(panel),
        "frameon": False,
        "fontsize": 8,
        "handletextpad": 0.2,
        "columnspacing": 1.2,
    }
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, down), **options)


# --- pictures ---------------------------------------------------------------------------------------------------------


def _dots(ax: Axes, panel: Panel, row: int, dark: bool) -> None:
    """Dots in columns from the top down, each kind in one stroke."""
    counts, columns = _row(panel["count"], row), panel.get("columns", 40)
    tall = max(1, -(-int(counts.sum()) // columns))
    size = 5.2 * 40 / columns
    ends = list(accumulate(map(int, counts)))
    for cell, count, end in zip(panel["cells"], counts, ends, strict=True):
        if not count:
            continue
        place, colour = np.arange(end - int(count), end), _colours(dark)[cell["colour"]]
        x, y = place // tall, place % tall
        style: dict[str, Any] = {"marker": "o", "mew": 1.1, "markerfacecoloralt": "none", "ls": ""}
        ax.plot(x, y, ms=size, color=colour, **(style | SHAPES[cell["mark"]]))
        if cell["event"]:
            ax.plot(x, y, EVENT_MARKS[cell["event"]][0], ms=size, mew=1.6, color=INK[dark], ls="")
    ax.set(xlim=(-0.7, columns - 0.3), ylim=(tall - 0.3, -0.7), aspect="equal", anchor="NW")
    ax.set_axis_off()


def _chart(ax: Axes, panel: Panel, row: int, dark: bool) -> None:
    x = panel["x"]
    y = panel["ys"][row // panel["every"] % len(panel["ys"])] if "ys" in panel else panel["y"]
    ax.set(xlim=(x["low"], x["high"]), ylim=(y["low"], y["high"]))
    ax.set_xticks([at for at, _ in x["ticks"]], [text for _, text in x["ticks"]], parse_math=False)
    ax.set_yticks([at for at, _ in y["ticks"]], [text for _, text in y["ticks"]], parse_math=False)
    ax.set_xlabel(x["label"], parse_math=False)
    ax.set_ylabel(y["label"], parse_math=False)
    ax.tick_params(length=0)
    ax.grid(True, axis="x" if panel.get("categories") else "both", color=INK[dark], alpha=0.15, lw=0.8)
    for mark in panel["marks"]:
        MARKS[mark["kind"]](ax, mark, row, dark)


def _mosaic(ax: Axes, panel: Panel, row: int, dark: bool) -> None:
    """Cells in rows and columns: blue is good, red is bad, hatched is flagged."""
    downs, acrosses = (_parts(panel[name]) for name in ("rows", "columns"))
    shape = (len(downs), len(acrosses))
    colour = _row(panel["colour"], row).reshape(shape)
    numbers, flagged = (_row(panel[name], row).reshape(shape) if name in panel else None for name in ("numbers", "flagged"))
    for (r, c), value in np.ndenumerate(colour):
        (top, tall), (left, wide) = downs[r], acrosses[c]
        tone = _tone(float(value), dark)
        hatch = "////" if flagged is not None and flagged[r, c] else None
        light = np.dot(tone, (0.3, 0.6, 0.1)) >= 0.55
        box = Rectangle((left, top), wide, tall, fc=tone, ec="0.45" if light else "0.85", lw=0, hatch=hatch)
        ax.add_patch(box)
        if numbers is not None and np.isfinite(numbers[r, c]) and wide > 0.07 and tall > 0.06:
            number: dict[str, Any] = {
                "color": "#111111" if light else "white",
                "ha": "center",
                "va": "center",
                "weight": "bold",
            }
            ax.text(left + wide / 2, top + tall / 2, tally(float(numbers[r, c])).replace("-", "−"), **number)
    said = [[f"{name}\n{100 * share:.2g}%" for name, share, _ in panel[of]] for of in ("rows", "columns")]
    ax.set_yticks([at + size / 2 for at, size in downs], said[0], parse_math=False)
    ax.set_xticks([at + size / 2 for at, size in acrosses], said[1], parse_math=False, fontsize=7)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.set(xlim=(0, 1), ylim=(1, 0))


def _parts(parts: Sequence[tuple[str, float, float]], gap: float = 0.006) -> list[tuple[float, float]]:
    """Where parts of given sizes begin and how long they are, from 0 to 1."""
    sizes = np.array([size for *_, size in parts])
    lengths = sizes / sizes.sum() * (1 - gap * (len(sizes) - 1))
    starts = np.append(0.0, np.cumsum(lengths + gap)[:-1])
    return list(zip(starts.tolist(), lengths.tolist(), strict=True))


def _tone(value: float, dark: bool) -> tuple[float, ...]:
    """The colour of a value from −1 (bad) to 1 (good), as in `marks.js`."""
    neutral = (44, 44, 46) if dark else (244, 243, 240)
    pole, strength = ((200, 32, 42), 0.25 + 0.75 * np.sqrt(-value)) if value < 0 else ((43, 108, 196), 0.12 + 0.6 * value)
    return tuple(float(np.clip(a + (b - a) * strength, 0, 255)) / 255 for a, b in zip(neutral, pole, strict=True))


def _strip(ax: Axes, panel: Panel, row: int, dark: bool) -> None:
    """Amounts that add up along the slider, with a line where it stands and a bar where it is best."""
    amounts, (low, high) = _amounts(panel, row), _row(panel["best"], row)
    positions = np.arange(amounts.shape[1])
    ax.stackplot(positions, amounts, colors=[_colours(dark)[entry["colour"]] for entry in panel["legend"]], step="mid", lw=0)
    ax.axvline(row % len(positions), color=INK[dark], lw=1.5)
    if low >= 0:
        ax.plot([low - 0.5, high + 0.5], [0, 0], color=INK[dark], lw=5, clip_on=False, solid_capstyle="butt")
    ax.set(xlim=(0, len(positions) - 1), ylim=(0, panel["top"] or 1), xticks=[], yticks=[])


def _amounts(panel: Panel, row: int) -> Any:
    return _row(panel["amounts"], row).reshape(len(panel["legend"]), -1)


def _path(ax: Axes, panel: Panel, row: int, dark: bool) -> None:
    """Boxes from the highest level down, and the value after each."""
    state, said, did, value = (_row(panel[name], row) for name in ("state", "said", "did", "value"))
    words, blue, ink = panel["words"], _colours(dark)[0], INK[dark]
    deciding = np.flatnonzero(state == 2)
    for i, slot in enumerate(panel["slots"]):
        spoke, decides = state[i] in (1, 2), state[i] == 2
        if not i or panel["slots"][i - 1]["level"] != slot["level"]:
            ax.text(0, i, slot["level"], weight="bold", va="center", parse_math=False)
        edge = blue if spoke else "0.6"
        box = Rectangle((0.15, i - 0.4), 0.62, 0.8, fc="none", ec=edge, lw=2 if decides else 1, ls="-" if spoke else "--")
        ax.add_patch(box)
        text = slot["faint"] if state[i] == 0 else f"{words[said[i]]}\n{words[did[i]]}"
        ax.text(0.165, i, text, va="center", fontsize=8, color=ink if state[i] else "0.55", clip_on=True, parse_math=False)
        if spoke:
            ax.plot([0.77, 0.88], [i, i], color=blue, lw=2 if decides else 1, zorder=0)
            _chip(ax, i, words[value[i]], decides, dark)
    last = len(panel["slots"]) - 0.3
    if len(deciding):
        ax.plot([0.88, 0.88], [deciding[0], last], color=blue, lw=2, zorder=0)
    _chip(ax, last, words[_row(panel["result"], row)[0]], True, dark)
    ax.text(0.76, last, panel["about"], weight="bold", ha="right", va="center", parse_math=False)
    ax.set(xlim=(0, 1), ylim=(last + 0.5, -0.5))
    ax.set_axis_off()


def _chip(ax: Axes, y: float, text: str, filled: bool, dark: bool) -> None:
    blue, paper = _colours(dark)[0], PAPER[dark]
    box = {"boxstyle": "round,pad=0.35,rounding_size=0.8", "fc": blue if filled else paper, "ec": blue}
    colour = paper if filled else INK[dark]
    ax.text(0.88, y, text, ha="center", va="center", fontsize=8, color=colour, bbox=box, parse_math=False)


def _lines(panel: Panel, row: int) -> list[str]:
    """A numbered list, in lines that fit."""
    said = [panel["words"][i] for i in _row(panel["lines"], row) if i >= 0]
    return [line for n, text in enumerate(said, 1) for line in fill(f"{n}. {text}", 104, subsequent_indent="   ").split("\n")]


def _steps(ax: Axes, panel: Panel, row: int, _: bool) -> None:
    ax.text(0, 1, "\n".join(_lines(panel, row)), va="top", transform=ax.transAxes, fontsize=8, parse_math=False)
    ax.set_axis_off()


DRAW: dict[str, Callable[[Axes, Panel, int, bool], None]] = {
    "dots": _dots,
    "chart": _chart,
    "mosaic": _mosaic,
    "path": _path,
    "steps": _steps,
    "strip": _strip,
}


# --- marks of a chart -------------------------------------------------------------------------------------------------


def _line(ax: Axes, mark: Mark, row: int, dark: bool) -> None:
    dash = (0, [*mark["dash"]]) if mark.get("dash") else "-"
    style = {"color": _colours(dark)[mark["colour"]], "lw": mark.get("width", 1.5), "ls": dash}
    ax.plot(_row(mark["x"], row), _row(mark["y"], row), **style)


def _band(ax: Axes, mark: Mark, row: int, dark: bool) -> None:
    sides = (_row(mark[name], row) for name in ("x", "low", "high"))
    ax.fill_between(*sides, color=_colours(dark)[mark["colour"]], alpha=0.2, lw=0)


def _ribbon(ax: Axes, mark: Mark, row: int, dark: bool) -> None:
    sides = (_row(mark[name], row) for name in ("y", "low", "high"))
    ax.fill_betweenx(*sides, color=_colours(dark)[mark["colour"]], alpha=0.2, lw=0)


def _points(ax: Axes, mark: Mark, row: int, dark: bool) -> None:
    x, y = _row(mark["x"], row), _row(mark["y"], row)
    if "shade" in mark:
        tones = [_tone(float(value), dark) for value in _row(mark["shade"], row)]
        ax.scatter(x, y, (1.4 * mark.get("size", 5)) ** 2, tones, edgecolors=INK[dark], linewidths=0.4, zorder=3)
        return
    for i, colour in enumerate(mark.get("colours") or [mark["colour"]] * len(x)):
        shade = _colours(dark)[colour]
        style = {"ms": 1.4 * mark.get("size", 5), "mfc": "none" if mark.get("hollow") else shade, "mec": shade, "mew": 1.5}
        ax.plot(x[i : i + 1], y[i : i + 1], "o", zorder=3, **style)


def _links(ax: Axes, mark: Mark, row: int, dark: bool) -> None:
    ends = (_row(mark[name], row).reshape(-1, 2).T for name in ("x", "y"))
    ax.plot(*ends, color=INK[dark], alpha=0.15, lw=0.8, zorder=1)


def _names(ax: Axes, mark: Mark, row: int, _: bool) -> None:
    low, high = ax.get_xlim()
    for text, x, y in zip(mark["texts"], _row(mark["x"], row), _row(mark["y"], row), strict=True):
        left = (x - low) / (high - low) > 0.75
        place: dict[str, Any] = {"xytext": (-6, 0) if left else (6, 0), "ha": "right" if left else "left"}
        ax.annotate(text, (x, y), textcoords="offset points", va="center", fontsize=8, parse_math=False, **place)


def _bars(ax: Axes, mark: Mark, row: int, dark: bool) -> None:
    start, end, y = (_row(mark[name], row) for name in ("from", "to", "y"))
    shades = [_colours(dark)[c] for c in mark.get("colours") or [mark["colour"]] * len(y)]
    look: dict[str, Any] = {"fc": "none", "ec": shades, "lw": 1.3} if mark.get("hollow") else {"color": shades}
    ax.barh(y, end - start, left=start, height=0.5, **look)


MARKS: dict[str, Callable[[Axes, Mark, int, bool], None]] = {
    "line": _line,
    "band": _band,
    "ribbon": _ribbon,
    "points": _points,
    "links": _links,
    "names": _names,
    "bars": _bars,
}
