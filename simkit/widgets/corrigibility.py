"""`dial(case)`: the instrument of the corrigibility–autonomy dial.  One slider from doing as one is told to doing as one
thinks best, and a rectangle of all that may be wrong: who instructs (rows) and who judges (columns)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import dial_plots
from ..arrays import Floats
from ..case import Case
from ..dial.agents import Agents
from ..dial.losses import BAD
from ..plots import HARMFUL
from ..text import number, people
from . import panels
from .chosen_policies import opened
from .controls import context_menu, menu
from .corrigibility_numbers import DialSettings, DialView, Part, look
from .corrigibility_words import departures, ends, how_sure, notes, sentences
from .instrument import Instrument, from_dict
from .packing import packed, told
from .panels import INK, Mark, Panel, axis, curve, entry, padded, points
from .stage import Options, Table
from .wording import heading

USERS = (1, 1000, 1_000_000, 1_000_000_000, 8_000_000_000)


def dial(case: Case | str, agents: Agents | None = None, **settings: Any) -> Dial:
    """Open the instrument on a case, or on a scenario's name or path, with the usual agents or others.

    `settings` are those of `DialSettings`.

    First view: what a thousand people get from each operator with each model, and what is lost, by cause, along the dial.
    `More` unfolds how sure this is, means, bad worlds, the thousand senders, one operator or one model alone, trust in both,
    what stands behind a departure, the number of users and what they share.  A ValueError names a setting that makes no sense.
    """
    found, source = opened(case)
    return Dial(found, source + (", agents" if agents else ""), from_dict(DialSettings, settings), agents)


class Dial(Instrument[DialSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown; `found` is the deployment."""

    def __init__(self, case: Case, source: str, settings: DialSettings, agents: Agents | None = None) -> None:
        super().__init__(
            partial(dial_table, case, agents),
            settings,
            opener="simkit.widgets.dial",
            source=source,
            controls={
                "context": context_menu(case),
                "users": menu("users of one model", [(people(count), count) for count in USERS]),
                "shared_principal": menu("the operator is", [("one of many", False), ("one for all", True)]),
            },
            peek=partial(dial_table, case, agents, only=True),
        )

    @property
    def part(self) -> Part:
        """The deployment, its curve and how sure it is, with objection if that is chosen."""
        return self.view.parts[self.settings.objects]


def dial_table(case: Case, agents: Agents | None, settings: DialSettings, *, only: bool = False) -> Table:
    """All that is shown, or `only` the chosen way to look at the agents."""
    view = look(case, settings, agents, only=only)
    found, rows = view.parts[0].found, len(view.positions)
    # Positions between two hundredths are told as exactly as they must be.
    places = [f"{at:.2f}" if abs(at - round(at, 2)) < 1e-12 else f"{at:g}" for at in view.positions.tolist()]
    objection = ["at any position" if objects else "only as the dial says" for objects in view.offered["objects"]]
    return Table(
        slider=Options("position", view.positions.round(12).tolist(), "The dial", places),
        ends=ends(view),
        sentences=sentences(view, settings.users),
        notes=notes(view),
        panels=[
            _mosaic_panel(view),
            _strip_panel(view),
            panels.sure([how_sure(part) for part in view.parts], every=rows),
            _means_panel(view, settings),
            _bad_panel(view, settings),
            panels.text("Who departs here", [[said] for said in departures(view)], at=view.state.ravel()),
            panels.dots(view.dots, "The same thousand, one by one", first=False, at=view.state.ravel(), own=view.own),
        ],
        toggles=[
            *(Options(name, view.offered[name], f"{name} alone", first=False) for name in ("operator", "model")),
            Options("objects", view.offered["objects"], "May it decline?", objection),
        ],
        view=view,
        stands_for={
            "context": found.original.context,
            "trust_in_operator": found.agents.trust_in_operator,
            "trust_in_model": found.agents.trust_in_model,
        },
    )


# --- the first view ---------------------------------------------------------------------------------------------------


def _mosaic_panel(view: DialView) -> Panel:
    """Who instructs by who judges, in the order of what they do at the ends; those that are not looked at are faint."""
    found, best = view.parts[0].found, view.parts[0].curve.best
    o, t = view.order
    curves = [part.curve for part in view.parts]
    nets, badly = (
        np.concatenate([np.moveaxis(cells, -1, 0)[:, o][:, :, t] for cells in each])
        for each in ([seen.each.net for seen in curves], [seen.badly for seen in curves])
    )
    operators, models = (
        {members[i].name: float(members[i].chance) for i in order}
        for members, order in ((found.agents.operators, o), (found.agents.models, t))
    )
    return panels.mosaic(
        heading(found.original),
        dial_plots.mosaic_tone(nets, best),
        rows=operators,
        columns=models,
        numbers=1000 * nets,
        flagged=badly,
        faint=[np.outer(way.operators[o], way.models[t]) <= 0 for way in view.ways[:: len(view.parts)]],
        every=len(view.parts) * len(view.positions),
        sides=("who instructs", "who judges: the model is …"),
        key=f"Numbers: help units per 1000 people (1: a need fully met), {number(1000 * best)} at best. "
        "Red and hatched: badly, less than half of that. Sizes: square root of the probability.",
        alt="What a thousand people get from each operator (rows) with each model (columns).",
        height=196,
    )


def _strip_panel(view: DialView) -> Panel:
    """What is lost against the best possible along the slider's travel, by cause, for all agents as expected."""
    means = [part.curve.expected() for part in view.parts]
    lost = 1000 * np.stack([[each.obeyed, each.judged] for each in means])
    return panels.strip(
        {"lost per 1000 to bad instructions": 1, "to the model’s own mistakes": 4},
        told(lost),
        best=[part.here[[0, -1]].tolist() if len(part.here) else [-1, -1] for part in view.parts],
        alt="What is lost along the slider against the best possible: to bad instructions and to the model’s own mistakes.",
    )


# --- what unfolds -----------------------------------------------------------------------------------------------------


def _along(view: DialView, title: str, lines: dict[str, tuple[Floats, int]], **chart: Any) -> Panel:
    """A chart along the dial: named lines (C, D), each in a colour, with a point where the dial stands and its height."""
    every, at = len(view.positions), view.state.ravel()
    here = packed(np.stack([view.of_states(values) for values, _ in lines.values()], axis=-1), at=at)
    places = np.repeat(view.positions[:, None], len(lines), axis=1)
    legend = [entry(name, colour) for name, (_, colour) in lines.items() if name]
    marks = [
        *chart.pop("marks"),
        points(places, here, colour=INK, size=4) | {"colours": [colour for _, colour in lines.values()]},
    ]
    return panels.chart(title, marks, left=68, every=every, legend=legend, values=here, **chart)


def _axes(view: DialView, low: Floats, high: Floats, label: str) -> list[dict[str, Any]]:
    """A vertical axis of its own for each way to look at the agents, from low to high (C, D): the same with objection."""
    lows, highs = (ends.reshape(-1, len(view.parts) * ends.shape[-1]) for ends in (low, high))
    axes = [axis(*padded(*each), label) for each in zip(lows, highs, strict=True)]
    return [each for each in axes for _ in view.parts]


def _means_panel(view: DialView, settings: DialSettings) -> Panel:
    """Help, loss and net value along the dial, the best position, and where it lies in plausible worlds."""
    help_, loss, net = (1000 * view.means(name) for name in ("help", "loss", "net"))
    weighed, every = view.parts[0].found.original.harm_weight * loss, len(view.positions)
    axes = _axes(view, np.minimum(net, 0.0), np.maximum(help_, weighed), "help units per 1000")
    worths = 1000 * np.stack([part.worths for part in view.parts])
    dotted: dict[str, Any] = {"every": every, "colour": INK, "width": 1.5, "dash": [2, 3]}
    return _along(
        view,
        "What a thousand senders get",
        {"help": (help_, 0), "harm and neglect, weighed": (weighed, HARMFUL), "net value": (net, INK)},
        marks=[
            _range(view, axes),
            curve([0, 1], [0, 0], colour=INK, width=1),
            curve(view.positions, help_, every=every, colour=0, width=2),
            curve(view.positions, weighed, every=every, colour=HARMFUL, width=2, dash=[7, 4]),
            curve(view.positions, net, every=every, colour=INK, width=2.5),
            *([curve(view.positions, worths, **dotted)] if settings.aversion else []),
            _ring(view),
        ],
        alt="Help, weighed loss and net value per 1000 senders along the dial, with the best position.",
        height=230,
        x=axis(0, 1, "ring: the best position; band: in 90% of plausible worlds"),
        y=axes,
    )


def _of_expected(view: DialView, values: list[list[float]]) -> dict[str, Any]:
    """Values of each part that are those of the agents as expected: of another way to look there are none."""
    rows = np.tile(np.asarray(values, dtype=float), (len(view.ways) // len(view.parts), 1))
    return packed(np.where([[bool(way.alone)] for way in view.ways], np.nan, rows), every=len(view.positions))


def _range(view: DialView, axes: list[dict[str, Any]]) -> Mark:
    """A band where the best position lies in 90% of plausible worlds."""
    ends = [list(part.sure.plausible.range) for part in view.parts]
    return panels.band(_of_expected(view, ends), [axes[0]["low"]] * 2, [axes[0]["high"]] * 2, colour=3)


def _ring(view: DialView) -> Mark:
    """A ring at the best position, if the slider reaches it."""
    places = [[float(view.positions[part.here[-1]]) if len(part.here) else np.nan] for part in view.parts]
    worths = packed([[1000 * float(part.sure.best.worth)] for part in view.parts], every=len(view.positions))
    return points(_of_expected(view, places), worths, colour=INK, hollow=True, size=8)


def _bad_panel(view: DialView, settings: DialSettings) -> Panel | None:
    """The probability of a world with much loss, along the dial."""
    if view.bad is None:
        return None
    bad = 1000 * view.bad
    whose = "one operator for all" if settings.shared_principal else "many operators"
    return _along(
        view,
        f"Bad worlds ({people(settings.users)} users, {whose}, one model)",
        {"bad worlds, of 1000": (bad, 4)},
        marks=[curve(view.positions, bad, every=len(view.positions), colour=4, width=2)],
        alt="In how many of 1000 simulated runs the total loss exceeds a size, along the dial.",
        height=150,
        x=axis(0, 1, f"bad: a loss over {number(BAD)} times that of following all instructions"),
        y=_axes(view, np.zeros_like(bad), np.maximum(bad, 1.0), "of 1000"),
    )
