"""Results -> Axes: every function takes a thing and an optional Axes, draws, and returns the Axes.

Colours are five of Petroff's six (2021) and black, told apart with any colour vision; shapes say the same again.  Lines and
words take the colour of the style in force, so that a dark style stays readable.  Matplotlib is loaded when something is drawn:
instruments take the colours and marks from here, and open without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import fill, shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from .arguments import guard
from .case import REFUSALS
from .files import written
from .text import number, percent, tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    from .aggregate import Total
    from .case import Case
    from .evaluate import Outcome
    from .icon_array import Dots
    from .report import Report


COLOURS = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#7a21dd", "#222222")
#: Who sends the message: Petroff's six, of which the red is for harmful segments.  On a dark page the dark ones are lighter.
SENDERS = ("#5790fc", "#f89c20", "#964a8b", "#9c9ca1", "#7a21dd", "#e42536")
SENDERS_ON_DARK = ("#5790fc", "#f89c20", "#e38ad5", "#9c9ca1", "#8f5cff", "#f0525f")
HARMFUL = 5
EDGE: dict[str, Any] = {"color": "0.5", "zorder": 1}
DOT: dict[str, Any] = {"ls": "", "ms": 9, "mec": "white", "mew": 0.8, "zorder": 3, "clip_on": False}
#: The best policy is a ring, because it often lies on another one.
RING: dict[str, Any] = DOT | {"marker": "o", "ms": 15, "mfc": "none", "mec": "#222222", "mew": 1.4, "zorder": 2}
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")


def new_axes(ax: Axes | None, size: tuple[float, float] = (6.4, 4.4)) -> Axes:
    """The Axes given, or one of a new figure (of pyplot's, so that a notebook cell shows it)."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=size, layout="constrained")[1]


def finished(ax: Axes, given: Axes | None) -> Axes:
    """The Axes, with a legend if the figure is its own; names are shown as they are, whatever signs they hold."""
    if given is None:
        as_they_are(ax.legend(frameon=False, fontsize=8).get_texts())
    return ax


def text_colour() -> str:
    """The colour of lines and words in the style in force."""
    from matplotlib import rcParams

    return str(rcParams["text.color"])


def as_they_are(texts: Iterable[Text]) -> None:
    """Text that users wrote is no formula: a dollar sign stays one."""
    for text in texts:
        text.set_parse_math(False)


def legend_name(name: str) -> str:
    """A name for a legend, which leaves out those that begin with an underscore."""
    return f" {name}" if name.startswith("_") else name


def sender_colours() -> tuple[str, ...]:
    """`SENDERS`, or the lighter ones where words are light, so that the page is dark."""
    from matplotlib.colors import to_rgb

    return SENDERS_ON_DARK if sum(to_rgb(text_colour())) > 1.5 else SENDERS


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
    """Every sender as a dot: coloured by segment, shaped by what was answered, marked by what came of it.

    A ValueError for a batch: the dots of one policy are a picture.
    """
    if found.count.ndim > 1:
        raise ValueError("a picture of dots is of one policy: count the dots of one of the batch, dots(case, policies[i])")
    ax = new_axes(ax, (7.2, 5.2))
    case, colours, rows = found.case, segment_colours(found.case), -(-found.senders // 40)
    places = np.split(np.arange(found.senders), np.cumsum(found.count)[:-1])
    for s, r, event, place in zip(found.segment, found.response, found.event, places, strict=True):
        if len(place):
            x, y, fill = place // rows, place % rows, FILLS[shape(case.kinds[r])]
            ax.plot(x, y, "o", ms=6.5, color=SENDERS[colours[s]], fillstyle=fill, markerfacecoloralt="none", mew=1.3)
            if event:
                ax.plot(x, y, EVENT_MARKS[event][0], ms=7, mew=2, color=text_colour(), zorder=3)
    ax.set(xlim=(-0.7, (found.senders - 1) // rows + 0.7), ylim=(rows - 0.3, -0.7), aspect="equal")
    ax.set_axis_off()
    below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "ncols": 3, "frameon": False, "fontsize": 8}
    as_they_are(ax.legend(handles=_dot_legend(found), **below).get_texts())
    return ax


def _dot_legend(found: Dots) -> list[Line2D]:
    """Who, what was answered and what came of it, each with its number."""
    from matplotlib.lines import Line2D

    case, colours, ink = found.case, segment_colours(found.case), text_colour()
    who = [(n, name, SENDERS[c], "o", "full") for n, name, c in zip(found.by_segment(), case.segments, colours, strict=True)]
    answered = zip(found.by_response(), case.responses, case.kinds, strict=True)
    what = [(n, name, ink, "o", FILLS[shape(kind)]) for n, name, kind in answered]
    crowd, many = found.counted_in
    marks = [(float(found.events(e, crowd)), name, mark) for e, (mark, name) in EVENT_MARKS.items()]
    came = [(n, f"{name}, {many}:", ink, mark, "full") for n, name, mark in marks]
    shapes = [
        {"label": legend_name(f"{name} {tally(n)}"), "color": colour, "marker": mark, "fillstyle": fill}
        for n, name, colour, mark, fill in who + [w for w in what if w[0]] + came
    ]
    return [Line2D([], [], ls="", markerfacecoloralt="none", **shape) for shape in shapes]


def by_segment(outcome: Outcome, ax: Axes | None = None) -> Axes:
    """Help (to the right) and harm weighed in help units (to the left) that each segment brings, per 1000 senders.

    For a batch with an axis: the net value that each segment brings, a line along the axis.  A ValueError without one.
    """
    if outcome.policy.batch:
        return _segments_along(outcome, ax)
    given, ax = ax, new_axes(ax)
    found, weight = outcome.by_segment, outcome.harm_weight
    names = [*found.segments, "everybody"]
    columns = {"help": found.help, "harm of an answer": -weight * found.harm, "harm of not answering": -weight * found.neglect}
    start = np.zeros(len(names))
    for (name, each), style in zip(columns.items(), SIDES, strict=True):
        width = 1000 * np.append(each * found.share, (each * found.share).sum())
        ax.barh(names, width, left=np.where(width < 0, start, 0), label=name, height=0.62, **style)
        start = start + np.minimum(width, 0)
    ax.axvline(0, color=text_colour(), lw=0.8)
    ax.invert_yaxis()
    as_they_are(ax.get_yticklabels())
    ax.set_xlabel(f"per 1000 senders, in help units (one harm unit outweighs {number(weight)})")
    return finished(ax, given)


def _segments_along(outcome: Outcome, ax: Axes | None) -> Axes:
    """The net value of each segment and of everybody along the axis of a batch."""
    axis, net = outcome.policy.axis, outcome.contributions.net.sum(-1) - outcome.contributions.asking
    if axis is None:
        raise ValueError(f"{outcome.policy.name} is a batch without an axis: give it one, or draw one of its policies")
    given, ax = ax, new_axes(ax)
    order = list(range(len(axis.values))) if axis.named else list(np.argsort(np.asarray(axis.values, dtype=float)))
    places, mark = [axis.values[i] for i in order], "o" if axis.named or len(order) == 1 else ""
    for s, (name, colour) in enumerate(zip(outcome.case.segments, segment_colours(outcome.case), strict=True)):
        ax.plot(places, 1000 * net[order, s], marker=mark, color=SENDERS[colour], lw=1.5, label=legend_name(name))
    ax.plot(places, 1000 * net[order].sum(1), marker=mark, color=text_colour(), lw=2, ls="--", label="everybody")
    ax.set_xlabel(axis.name + (f" ({axis.unit})" if axis.unit else ""), parse_math=False)
    as_they_are(ax.get_xticklabels() if axis.named else ())
    ax.set_ylabel("net value per 1000 senders (help units)")
    return finished(ax, given)


def exceedance(found: Total, ax: Axes | None = None) -> Axes:
    """How likely is more than so much harm: a curve for each policy of one crowd, on two logarithmic axes.

    A ValueError if the total is of several crowds or worlds.
    """
    if found.users.ndim or found.world_axis is not None:
        raise ValueError("one crowd is drawn: give one number of users, and pool worlds")
    given, ax = ax, new_axes(ax)
    probability = np.geomspace(0.5, 1e-4, 30)
    sizes = found.quantile(1 - probability.reshape(-1, *(1,) * len(found.shape))).reshape(len(probability), -1)
    for i, name in enumerate(found.policy.labels):
        seen = sizes[:, i] > 0
        ax.plot(sizes[seen, i], probability[seen], color=SENDERS[LINES[i % 4]], ls=DASHES[i % 4], lw=2, label=legend_name(name))
    ax.set(xscale="log", yscale="log", ylim=(1e-4, 1), ylabel="probability of more")
    ax.set_xlabel(f"total {found.of} of {found.users:,.0f} senders (harm units)")
    return finished(ax, given)


LINES, DASHES = (0, 1, 4, 2), ("-", "--", ":", "-.")


#: Help, harm of an answer, harm of not answering.
SIDES: tuple[dict[str, Any], ...] = (
    {"color": SENDERS[0]},
    {"color": SENDERS[HARMFUL]},
    {"color": "none", "edgecolor": SENDERS[HARMFUL], "hatch": "///"},
)


def frontier(report: Report, ax: Axes | None = None) -> Axes:
    """Help against loss (harm + neglect) per 1000 senders: the frontier of all policies, and the policies compared."""
    given, ax = ax, new_axes(ax)
    edge, free = report.frontier, report.frontier_without_constraints
    if report.case.crosses.any():
        ax.plot(1000 * free.loss, 1000 * free.help, "--", lw=1.2, label="the same without hard constraints", **EDGE)
    best = "the best that any policy can do with these signals"
    ax.plot(1000 * edge.loss, 1000 * edge.help, "-", lw=1.5, label=best, **EDGE)
    _mark(ax, report, [(1000 * (row.harm + row.neglect), 1000 * row.help) for row in report.rows])
    ax.set(xlabel="harm + neglect per 1000 senders (harm units)", ylabel="help per 1000 senders (help units)")
    ax.margins(0.08)
    return finished(ax, given)


def refusals(report: Report, ax: Axes | None = None) -> Axes:
    """Harmful senders not refused against harmless senders refused, with the 95% intervals that the counts leave open.

    Only observed models are shown if there are any: a response to everybody sits in a corner.
    """
    given, ax = ax, new_axes(ax)
    models = [policy.counts is not None for policy in report.policies]
    rates = [(row.over_refusal, row.under_refusal) for row in report.rows]
    points = [
        (100 * x.value, 100 * y.value) if model or not any(models) else None
        for model, (x, y) in zip(models, rates, strict=True)
    ]
    for point, pair, colour in zip(points, rates, _colours(report), strict=True):
        if point:
            x, y = ([[100 * (rate.value - rate.low)], [100 * (rate.high - rate.value)]] for rate in pair)
            ax.errorbar(*point, xerr=x, yerr=y, color=colour, lw=1.2, capsize=3, zorder=4, fmt="none")
    _mark(ax, report, points)
    ax.set(xlabel="harmless senders refused", ylabel="harmful senders not refused")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}%")
    ax.margins(0.08)
    ax.set_xlim(left=min(0, ax.get_xlim()[0]))
    return finished(ax, given)


def overview(report: Report) -> Figure:
    """What `simkit run --figure` saves: the frontier, and beside it the refusals of real models if there are any."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rated = any(policy.counts is not None for policy in report.policies)
    figure = Figure(figsize=(11, 5.4) if rated else (7, 5.4), layout="constrained")
    *left, right = figure.subplots(1, 2, squeeze=False)[0] if rated else [figure.add_subplot()]
    for ax in left:
        overlap = report.case.population.overlap[0]
        judged = f", at an overlap of {percent(overlap)}" if overlap else ", as labelled"
        refusals(report, ax).set_title(f"Two ways to be wrong{judged}", loc="left", fontsize=10)
    frontier(report, right).set_title("What comes of it", loc="left", fontsize=10)
    handles, labels = right.get_legend_handles_labels()
    if report.system_layers:
        handles.append(Line2D([], [], color="0.35", marker=r"$\rightarrow$", ms=14, lw=0))
        labels.append("safety system prompt added")
    below: dict[str, Any] = {"loc": "outside lower center", "ncols": 4 if rated else 3, "frameon": False, "fontsize": 9}
    as_they_are(figure.legend(handles, labels, **below).get_texts())
    heading = fill(shorten(report.heading, 180, placeholder=" …"), 110 if rated else 68)
    figure.suptitle(heading, fontsize=11, ha="left", x=0.01, parse_math=False)
    return figure


def save(figure: Figure, path: Path, title: str) -> None:
    """Save a figure as svg, png or pdf with its title inside; the same figure always gives the same file.

    It is written beside its place and moved there when it is whole.
    """
    from matplotlib import rc_context

    dated = {".svg": "Date", ".pdf": "CreationDate"}.get(path.suffix)
    metadata = {"Title": title, **({dated: None} if dated else {})}
    with written(path) as stream, rc_context({"svg.hashsalt": "simkit"}):
        figure.savefig(stream, format=path.suffix.removeprefix("."), dpi=150, metadata=metadata)


def _colours(report: Report) -> list[str]:
    """A colour for each policy: grey for one response to everybody where real models are shown."""
    palette = iter(COLOURS * len(report.rows))
    rated = any(policy.counts is not None for policy in report.policies)
    return ["0.55" if rated and policy.kind == "constant" else next(palette) for policy in report.policies]


def _mark(ax: Axes, report: Report, points: Sequence[tuple[float, float] | None]) -> None:
    """A marker for each policy, and arrows from weights without a safety system prompt to the same weights with it."""
    places = {policy.name: point for policy, point in zip(report.policies, points, strict=True)}
    for i, (policy, colour, point) in enumerate(zip(report.policies, _colours(report), points, strict=True)):
        if point is not None:
            style = RING if policy.kind == "best" else {"color": colour, "marker": MARKERS[i % len(MARKERS)], **DOT}
            ax.plot(*point, label=legend_name(policy.name), **style)
    for layer in report.system_layers:
        end, start = places.get(layer.policy), places.get(layer.without)
        if end and start:
            bow: dict[str, Any] = {"arrowstyle": "->", "color": "0.35", "lw": 1.2, "connectionstyle": "arc3,rad=0.15"}
            ax.annotate("", xy=end, xytext=start, arrowprops=bow | {"shrinkA": 7, "shrinkB": 7}, zorder=2)


guard(__name__)
