"""Results -> Axes: every function takes a thing and an optional Axes, draws, and returns the Axes.

Colours are five of Petroff's six (2021) and black, told apart with any colour vision; shapes say the same again.  Lines and
words take the colour of the style in force, so that a dark style stays readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import fill, shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from .case import REFUSALS
from .dial.deployment import POSITIONS
from .dial.optimum import best_position
from .dial.overrides import along
from .text import number, percent, tally

if TYPE_CHECKING:
    from .case import Case
    from .dial.deployment import Deployment
    from .evaluate import Outcome
    from .icon_array import Dots
    from .report import Report
    from .totals import Total


COLOURS = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#7a21dd", "#222222")
#: Who sends the message: Petroff's six, of which the red is for harmful segments.  On a dark page the dark ones are lighter.
SENDERS = ("#5790fc", "#f89c20", "#964a8b", "#9c9ca1", "#7a21dd", "#e42536")
SENDERS_ON_DARK = ("#5790fc", "#f89c20", "#e38ad5", "#9c9ca1", "#8f5cff", "#f0525f")
HARMFUL = 5
EDGE: dict[str, Any] = {"color": "0.5", "zorder": 1}
DOT: dict[str, Any] = {"ls": "", "ms": 9, "mec": "white", "mew": 0.8, "zorder": 3, "clip_on": False}
#: The best policy is a ring, because it often lies on another one.
RING: dict[str, Any] = {
    "ls": "",
    "marker": "o",
    "ms": 15,
    "mfc": "none",
    "mec": "#222222",
    "mew": 1.4,
    "zorder": 2,
    "clip_on": False,
}
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")


def new_axes(ax: Axes | None, size: tuple[float, float] = (6.4, 4.4)) -> Axes:
    """The Axes given, or one of a new figure (of pyplot's, so that a notebook cell shows it)."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def finished(ax: Axes, given: Axes | None) -> Axes:
    """The Axes, with a legend if the figure is its own."""
    if given is None:
        ax.legend(frameon=False, fontsize=8)
    return ax


def sender_colours() -> tuple[str, ...]:
    """`SENDERS`, or the lighter ones where words are light, so that the page is dark."""
    from matplotlib.colors import to_rgb

    return SENDERS_ON_DARK if sum(to_rgb(rcParams["text.color"])) > 1.5 else SENDERS


def segment_colours(case: Case) -> list[int]:
    """A number in `SENDERS` for each segment: red for harmful ones, the others in turn."""
    others = iter([i for i in range(len(SENDERS)) if i != HARMFUL] * len(case.segments))
    return [HARMFUL if harmful else next(others) for harmful in case.population.harmful]


def shape(kind: str) -> str:
    """How a dot shows what was answered: full, half (a partial answer) or open (a refusal)."""
    return "open" if kind in REFUSALS else "half" if kind == "partial" else "full"


#: Matplotlib's names for those shapes, and for what came of it.
FILLS: dict[str, Any] = {"full": "full", "half": "left", "open": "none"}
EVENT_MARKS = {1: ("x", "harm of an answer"), 2: ("^", "harm of not answering")}


def dots(found: Dots, ax: Axes | None = None) -> Axes:
    """Every sender as a dot: coloured by segment, shaped by what was answered, marked by what came of it."""
    given, ax = ax, new_axes(ax, (7.2, 5.2))
    case, colours, rows = found.case, segment_colours(found.case), -(-found.senders // 40)
    places = np.split(np.arange(found.senders), np.cumsum(found.count)[:-1])
    for s, r, event, place in zip(found.segment, found.response, found.event, places, strict=True):
        if len(place):
            x, y, fill = place // rows, place % rows, FILLS[shape(case.kinds[r])]
            ax.plot(x, y, "o", ms=6.5, color=SENDERS[colours[s]], fillstyle=fill, markerfacecoloralt="none", mew=1.3)
            if event:
                ax.plot(x, y, EVENT_MARKS[event][0], ms=7, mew=2, color=rcParams["text.color"], zorder=3)
    ax.set(xlim=(-0.7, (found.senders - 1) // rows + 0.7), ylim=(rows - 0.3, -0.7), aspect="equal")
    ax.set_axis_off()
    ax.legend(handles=_dot_legend(found), loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, frameon=False, fontsize=8)
    return finished(ax, ax if given is None else given)


def _dot_legend(found: Dots) -> list[Line2D]:
    """Who, what was answered and what came of it, each with its number."""
    case, colours, ink = found.case, segment_colours(found.case), rcParams["text.color"]
    who = [(n, name, SENDERS[c], "o", "full") for n, name, c in zip(found.by_segment(), case.segments, colours, strict=True)]
    answered = zip(found.by_response(), case.responses, case.kinds, strict=True)
    what = [(n, name, ink, "o", FILLS[shape(kind)]) for n, name, kind in answered]
    crowd, many = found.counted_in
    came = [
        (float(found.events(event, crowd)), f"{name}, {many}:", ink, mark, "full")
        for event, (mark, name) in EVENT_MARKS.items()
    ]
    return [
        Line2D([], [], ls="", marker=mark, color=colour, fillstyle=fill, markerfacecoloralt="none", label=f"{name} {tally(n)}")
        for n, name, colour, mark, fill in who + [w for w in what if w[0]] + came
    ]


def by_segment(outcome: Outcome, ax: Axes | None = None) -> Axes:
    """Help (to the right) and harm weighed in help units (to the left) that each segment brings, per 1000 senders."""
    given, ax = ax, new_axes(ax)
    found, weight = outcome.by_segment, outcome.harm_weight
    names = [*found.segments, "everybody"]
    columns = {"help": found.help, "harm of an answer": -weight * found.harm, "harm of not answering": -weight * found.neglect}
    start = np.zeros(len(names))
    for (name, each), style in zip(columns.items(), SIDES, strict=True):
        width = 1000 * np.append(each * found.share, (each * found.share).sum())
        ax.barh(names, width, left=np.where(width < 0, start, 0), label=name, height=0.62, **style)
        start = start + np.minimum(width, 0)
    ax.axvline(0, color=rcParams["text.color"], lw=0.8)
    ax.invert_yaxis()
    ax.set_xlabel(f"per 1000 senders, in help units (one harm unit outweighs {number(weight)})")
    return finished(ax, given)


def exceedance(found: Total, ax: Axes | None = None) -> Axes:
    """How likely is more than so much harm: a curve for each policy of one crowd, on two logarithmic axes.

    A ValueError if the total is of several crowds or worlds.
    """
    if found.users.ndim or found.world_axis is not None:
        raise ValueError("one crowd is drawn: give one number of users, and pool worlds")
    given, ax = ax, new_axes(ax)
    chance = np.geomspace(0.5, 1e-4, 30)
    sizes = found.quantile(1 - chance.reshape(-1, *(1,) * len(found.shape))).reshape(len(chance), -1)
    for i, name in enumerate(found.policy.labels):
        seen = sizes[:, i] > 0
        ax.plot(sizes[seen, i], chance[seen], color=SENDERS[LINES[i % 4]], ls=DASHES[i % 4], lw=2, label=name)
    ax.set(xscale="log", yscale="log", ylim=(1e-4, 1))
    ax.set_xlabel(f"total {found.of} of {found.users:,.0f} senders (harm units)")
    ax.set_ylabel("chance of more")
    return finished(ax, given)


LINES, DASHES = (0, 1, 4, 2), ("-", "--", ":", "-.")


def along_dial(deployment: Deployment, ax: Axes | None = None) -> Axes:
    """Net value per 1000 senders along the dial, beside that of a blend: instruction or own judgement by a toss of a coin.

    The blend is a straight line, so its best position is an end.
    """
    given, ax = ax, new_axes(ax)
    best, curve = best_position(deployment), along(deployment).expected()
    blend = along(replace(deployment, objection=None), [0.0, 1.0]).expected()
    ax.plot([0, 1], 1000 * blend.net, "--", lw=1.5, label="a blend: own judgement with this probability", **EDGE)
    ax.step(
        POSITIONS, 1000 * curve.net, color=SENDERS[0], lw=2, where="pre", label="the dial: own judgement where it gains enough"
    )
    ring = RING | {"mec": rcParams["text.color"]}
    ax.plot(best.place, 1000 * best.worth, label="best position", **ring)
    ax.axhline(
        1000 * deployment.best.sum(), color=rcParams["text.color"], ls=":", lw=1, label="the best that any policy can do"
    )
    ax.set_xlabel("from fully corrigible (0) to fully autonomous (1)")
    ax.set_ylabel("net value per 1000 senders (help units)")
    return finished(ax, given)


#: Help, harm of an answer, harm of not answering.
SIDES: tuple[dict[str, Any], ...] = (
    {"color": SENDERS[0]},
    {"color": SENDERS[HARMFUL]},
    {"color": "none", "edgecolor": SENDERS[HARMFUL], "hatch": "///"},
)


def tradeoff(report: Report, ax: Axes | None = None) -> Axes:
    """Help against loss (harm + neglect) per 1000 senders: the frontier of all policies, and the policies compared."""
    given, ax = ax, new_axes(ax)
    edge, free = report.frontier, report.frontier_without_constraints
    if report.case.crosses.any():
        ax.plot(1000 * free.loss, 1000 * free.help, "--", lw=1.2, label="the same without hard constraints", **EDGE)
    best = "the best that any policy can do with these signals"
    ax.plot(1000 * edge.loss, 1000 * edge.help, "-", lw=1.5, label=best, **EDGE)
    _mark(ax, report, {row.policy: (1000 * (row.harm + row.neglect), 1000 * row.help) for row in report.rows})
    ax.set_xlabel("harm + neglect per 1000 senders (harm units)")
    ax.set_ylabel("help per 1000 senders (help units)")
    ax.margins(0.08)
    return finished(ax, given)


def refusals(report: Report, ax: Axes | None = None) -> Axes:
    """Harmful senders not refused against harmless senders refused, with the 95% intervals that the counts leave open.

    Only observed models are shown if there are any: a response to everybody sits in a corner.
    """
    given, ax = ax, new_axes(ax)
    colours = _colours(report)
    seen = {row.policy: row for row in report.rows if row.policy in report.case.observed or not report.case.observed}
    for name, row in seen.items():
        x, y = row.over_refusal, row.under_refusal
        bars = [[[100 * (r.value - r.low)], [100 * (r.high - r.value)]] for r in (x, y)]
        ax.errorbar(
            100 * x.value,
            100 * y.value,
            xerr=bars[0],
            yerr=bars[1],
            color=colours[name],
            lw=1.2,
            capsize=3,
            zorder=4,
            fmt="none",
        )
    _mark(ax, report, {name: (100 * row.over_refusal.value, 100 * row.under_refusal.value) for name, row in seen.items()})
    ax.set_xlabel("harmless senders refused")
    ax.set_ylabel("harmful senders not refused")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))
    ax.margins(0.08)
    ax.set_xlim(left=min(0, ax.get_xlim()[0]))
    return finished(ax, given)


def overview(report: Report) -> Figure:
    """What `simkit run --figure` saves: the trade-off, and beside it the refusals of real models if there are any."""
    rated = any(row.policy in report.case.observed for row in report.rows)
    figure = Figure(figsize=(11, 5.4) if rated else (7, 5.4), layout="constrained")
    *left, right = figure.subplots(1, 2, squeeze=False)[0] if rated else [figure.add_subplot()]
    for ax in left:
        overlap = report.case.population.overlap[0]
        judged = f", at an overlap of {percent(overlap)}" if overlap else ", as labelled"
        refusals(report, ax).set_title(f"Two ways to be wrong{judged}", loc="left", fontsize=10)
    tradeoff(report, right).set_title("What comes of it", loc="left", fontsize=10)
    handles, labels = right.get_legend_handles_labels()
    if report.system_layers:
        handles.append(Line2D([], [], color="0.35", marker=r"$\rightarrow$", ms=14, lw=0))
        labels.append("safety system prompt added")
    figure.legend(handles, labels, loc="outside lower center", ncols=4 if rated else 3, frameon=False, fontsize=9)
    heading = fill(shorten(report.heading, 180, placeholder=" …"), 110 if rated else 68)
    figure.suptitle(heading, fontsize=11, ha="left", x=0.01, parse_math=False)
    return figure


def save(figure: Figure, path: Path, title: str) -> None:
    """Save a figure as svg, png or pdf with its title inside; the same figure always gives the same file."""
    dated = {".svg": "Date", ".pdf": "CreationDate"}.get(path.suffix)
    with rc_context({"svg.hashsalt": "simkit"}):
        figure.savefig(path, dpi=150, metadata={"Title": title, **({dated: None} if dated else {})})


def _colours(report: Report) -> dict[str, str]:
    """A colour for each policy: grey for one response to everybody where real models are shown."""
    names = [row.policy for row in report.rows]
    plain = {name for name in names if report.case.observed and name in report.case.responses}
    palette = iter(COLOURS * len(names))
    return {name: "0.55" if name in plain else next(palette) for name in names}


def _mark(ax: Axes, report: Report, points: Mapping[str, tuple[float, float]]) -> None:
    """A marker for each policy, and arrows from weights without a safety system prompt to the same weights with it."""
    colours = _colours(report)
    for i, row in enumerate(report.rows):
        if row.policy in points:
            style = RING if row.policy == "best" else {"color": colours[row.policy], "marker": MARKERS[i % len(MARKERS)], **DOT}
            ax.plot(*points[row.policy], label=row.policy, **style)
    for layer in report.system_layers:
        if layer.policy in points and layer.without in points:
            arrow = {
                "arrowstyle": "->",
                "color": "0.35",
                "lw": 1.2,
                "shrinkA": 7,
                "shrinkB": 7,
                "connectionstyle": "arc3,rad=0.15",
            }
            ax.annotate("", xy=points[layer.policy], xytext=points[layer.without], arrowprops=arrow, zorder=2)
