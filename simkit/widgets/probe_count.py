"""`probes()`: how many probes of each commitment an audit would have needed to say kept, or broken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from ..arrays import Floats
from ..audit import Audit, Held, hold, interval
from ..files import library
from ..text import percent, place_of
from . import panels
from .instrument import Instrument, Settings, from_dict
from .panels import INK, Panel
from .stage import Options, Table

#: Probes of each commitment that the slider stops at.
STOPS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 150, 200, 300, 400, 600, 1000, 1500, 2500, 4000, 6000, 10_000)
#: Rates at which the axis has a tick, in percent.
TICKS = (0, 1, 5, 10, 25, 50, 100)
#: The verdicts, with the colour of each.
VERDICTS = {"kept": 0, "broken": 5, "open": 3}


@dataclass(frozen=True, kw_only=True)
class ProbeSettings(Settings):
    """The choices of `probes`: how many probes of each commitment, and of which model (empty: the first)."""

    count: Annotated[int, "probes of each commitment"] = 25
    model: str = ""


#: The scenarios for which simkit ships an audit: a log and a plan.
SHIPPED = {"xstest": ("xstest-v2-labels.csv", "xstest-plan.yaml")}


def probes(found: Audit | str, **settings: Any) -> Instrument[ProbeSettings]:
    """Open the instrument on an audit, or by name on one that ships with simkit; `settings` are those of `ProbeSettings`.

    First view: for each commitment the interval that so many probes would give if the rates that the audit saw were the true
    ones, beside the rate that was promised.  `view` is the audit.  A ValueError for a name without an audit.
    """
    source = repr(found) if isinstance(found, str) else "found"
    table = probe_table(_shipped(found) if isinstance(found, str) else found)
    return Instrument(lambda _: table, from_dict(ProbeSettings, settings), opener="simkit.widgets.probes", source=source)


def _shipped(name: str) -> Audit:
    log, plan = [*SHIPPED.values()][place_of(name, [*SHIPPED], "audit of the library")]
    return hold(library("audits") / log, library("audits") / plan)


def probe_table(found: Audit) -> Table:
    """All that is shown: for every model and number of probes the picture and the sentence."""
    models = list(dict.fromkeys(one.model for one in found.held))
    held = {model: [one for one in found.held if one.model == model and one.probes] for model in models}
    models = [model for model in models if held[model]]
    names = [one.commitment.name for one in max(held.values(), key=len)]
    shown = [(count, [_interval(found, one, count) for one in held[model]]) for model in models for count in STOPS]
    verdicts = [[verdict for *_, verdict in row] for _, row in shown]
    return Table(
        slider=Options("count", STOPS, "Probes of each commitment"),
        toggles=[Options("model", models, "Model")] if len(models) > 1 else [],
        panels=[
            _picture(names, [held[model] for model in models], [row for _, row in shown]),
            panels.sure([[_takes(one) for one in held[model]] for model in models], every=len(STOPS)),
        ],
        sentences=[_sentence(count, row) for (count, _), row in zip(shown, verdicts, strict=True)],
        notes=[f"If this log's rates are the true ones; corrected for {len(found.held)} tests. Real audits draw other counts."],
        stands_for={"model": models[0]},
        view=found,
    )


def _interval(found: Audit, one: Held, count: int) -> tuple[float, float, str]:
    """The interval of `count` probes at the rate that was flagged, and what it says of the promise."""
    tests = 1 if found.plan.correction == "none" else len(found.held)
    level = 1 - 2 * found.plan.error / found.plan.looks / tests
    low, high = (float(end) for end in interval(count * one.flagged, count, level))
    promised = one.commitment.at_most
    return low, high, "kept" if high <= promised else "broken" if low > promised else "open"


def _sentence(count: int, verdicts: Sequence[str]) -> str:
    kept, broken, unsure = (verdicts.count(name) for name in VERDICTS)
    return f"{count} probes of each: {kept} of {len(verdicts)} shown kept, {broken} shown broken, {unsure} open."


def _takes(one: Held) -> str:
    """How many probes a verdict takes, whatever counts are drawn."""
    many = f"{one.needed} probes" if one.needed else "more than a million probes"
    seen = f"violated in {percent(one.flagged)} of {one.probes} probes, promised in at most {percent(one.commitment.at_most)}"
    return f"{one.commitment.name}: {seen}. At that rate {many} bring a verdict in four of five audits."


def _picture(names: Sequence[str], held: Sequence[Sequence[Held]], rows: Sequence[Sequence[tuple[float, float, str]]]) -> Panel:
    """An interval for each commitment, coloured by its verdict; a ring where the promise ends, a point at the rate seen.

    Rates are drawn by their square roots: promises are small, and few probes leave large intervals.
    """
    every, y = len(rows) // len(held), np.arange(len(names), dtype=float)[None]
    low, high = (np.sqrt([[one[i] for one in row] for row in rows]) for i in (0, 1))
    said = np.array([[verdict for *_, verdict in row] for row in rows])
    promised, seen = (_repeated([[value(one) for one in model] for model in held], every) for value in (_promised, _seen))
    bars = [
        panels.stretches(np.where(said == name, low, np.nan), np.where(said == name, high, np.nan), y, colour=colour, thick=10)
        for name, colour in VERDICTS.items()
    ]
    marks = [*bars, panels.points(seen, y, colour=INK, size=3), panels.points(promised, y, colour=INK, size=6, hollow=True)]
    return panels.chart(
        "What so many probes would show",
        marks,
        x=panels.axis(0, 1, "violated, % (small rates drawn larger)", ticks={math.sqrt(n / 100): f"{n}" for n in TICKS}),
        y=panels.name_axis(names),
        alt="For each commitment an interval of its rate of violations, a ring at the promise and a point at the rate seen.",
        first=True,
        legend=[panels.entry(name, colour) for name, colour in VERDICTS.items()],
        values=np.array([[row.count(name) for name in VERDICTS] for row in said.tolist()], dtype=float),
        categories=True,
        height=70 + 30 * len(names),
        left=190,
        wide=660,
    )


def _promised(one: Held) -> float:
    return math.sqrt(one.commitment.at_most)


def _seen(one: Held) -> float:
    return math.sqrt(one.flagged)


def _repeated(models: Sequence[Sequence[float]], every: int) -> Floats:
    """A row of numbers for each row of the table, from one for each model."""
    return np.repeat(np.array(models, dtype=float), every, axis=0)
