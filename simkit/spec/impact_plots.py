"""Two pictures for a rule-change hearing: who gains and who loses, and how soon flags call a review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..plots import DASHES, HARMFUL, LINES, SENDERS, SENDERS_ON_DARK, finished, new_axes
from ..text import number, people, percent
from .impact import CaseImpact, Impact
from .user_reports import Reports

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERYBODY = "everybody"


def draw_impact(hearing: Impact, ax: Axes | None = None) -> Axes:
    """Who gains (to the right) and who loses by an amendment, in each case in which an answer changes.

    Bars are changes of net value in help units per 1000 senders of the message, so that small segments have small bars;
    beside them stands net value before → after.  A ValueError if no answer changes in any case.
    """
    moved = [heard for heard in hearing.heard if heard.changes]
    if not moved:
        raise ValueError("no answer changes in any case of this hearing: there is nothing to draw")
    rows = [row for heard in moved for row in _rows(heard)]
    ax = new_axes(ax, (8.4, 0.9 + 0.27 * len(rows)))
    for place, (name, before, after) in enumerate(rows):
        if name:
            _bar(ax, place, after - before, name == EVERYBODY)
            side = f"{number(before)} → {number(after)}"
            ax.text(1.01, place, side, transform=ax.get_yaxis_transform(), va="center", fontsize=8)
    labels, ink = _labels(moved), ax.xaxis.label.get_color()
    ax.set_yticks(range(len(rows)), labels)
    for label, (name, *_) in zip(ax.get_yticklabels(), rows, strict=True):
        label.set(parse_math=False, fontweight="normal" if name else "bold")
    ax.tick_params(axis="y", length=0)
    ax.axvline(0, color=ink, lw=0.8)
    ax.set_ylim(len(rows) - 0.4, -0.7)
    ax.set_xlabel("change of net value, help units per 1000 senders")
    ax.text(1.01, -0.7, "before → after", transform=ax.get_yaxis_transform(), va="bottom", fontsize=8, style="italic")
    ax.set_title(f"Who gains and who loses: {hearing.difference.after}", loc="left", fontsize=10, parse_math=False)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def _rows(heard: CaseImpact) -> list[tuple[str, float, float]]:
    """A row for the case's name, one for each segment, one for everybody: name, net before, net after."""
    before, after = 1000 * heard.nets
    rows = [(name, float(b), float(a)) for name, b, a in zip(heard.case.segments, before, after, strict=True)]
    return [("", 0.0, 0.0), *rows, (EVERYBODY, float(before.sum()), float(after.sum()))]


def _labels(moved: Sequence[CaseImpact]) -> list[str]:
    """The names of the rows: cases, and segments with their shares."""
    names: list[str] = []
    for heard in moved:
        shares = zip(heard.case.segments, heard.case.population.shares, strict=True)
        names += [heard.name, *(f"{name}, {percent(float(share))}" for name, share in shares), EVERYBODY]
    return names


def _bar(ax: Axes, place: int, change: float, whole: bool) -> None:
    """One bar: gains are full, losses hatched; of everybody only the outline."""
    palette = SENDERS_ON_DARK if _on_dark() else SENDERS
    colour = palette[0] if change >= 0 else palette[HARMFUL]
    hatch = "" if change >= 0 else "////"
    style: dict[str, Any] = {"edgecolor": colour, "linewidth": 1.4, "height": 0.62}
    ax.barh(place, change, color="none" if whole or change < 0 else colour, hatch="" if whole else hatch, **style)


def _on_dark() -> bool:
    """Whether words are light, so that the page is dark."""
    from matplotlib import rcParams
    from matplotlib.colors import to_rgb

    return sum(to_rgb(rcParams["text.color"])) > 1.5


def draw_review(
    docket: Reports, ax: Axes | None = None, *, times: Sequence[float] = (2.0, 5.0, 10.0), false_alarms: float = 0.01
) -> Axes:
    """How likely flags call a review after so many answers, if bad outcomes are `times` as frequent as assumed.

    The threshold grows with the answers, so that a review without need has the chance `false_alarms`.  Thin lines are for flags
    that come anyway at a rate that is known.  A ValueError if the docket is without answers.
    """
    if not docket.expected:
        raise ValueError("no flags are expected in this docket: give its streams answers")
    given, ax = ax, new_axes(ax)
    parts = np.geomspace(0.001, 1, 49)
    palette = SENDERS_ON_DARK if _on_dark() else SENDERS
    for i, often in enumerate(times):
        style: dict[str, Any] = {"color": palette[LINES[i % 4]], "ls": DASHES[i % 4]}
        for each, more in ((docket, {"lw": 2, "label": f"{number(often)} times as often"}), (_known(docket), {"lw": 0.8})):
            chance = [_called(each.after(float(part)), often, false_alarms) for part in parts]
            ax.plot(parts * docket.answers, chance, **style, **more)
    ax.axhline(false_alarms, color="0.5", lw=0.8, ls=":")
    ax.set(xscale="log", ylim=(0, 1.02), xlim=(parts[0] * docket.answers, docket.answers))
    ax.set_xlabel("answers (thin: if the rate of flags that come anyway were known)")
    ax.set_ylabel(f"chance of a review (false alarms {percent(false_alarms)})")
    ax.xaxis.set_major_formatter(lambda value, _: people(value))
    return finished(ax, given)


def _known(docket: Reports) -> Reports:
    return replace(docket, noise_doubt=0.0)


def _called(docket: Reports, times: float, false_alarms: float) -> float:
    return float(docket.reached(docket.threshold(false_alarms), times=times))
