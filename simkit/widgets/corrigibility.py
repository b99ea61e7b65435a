"""`dial(case)`: the instrument of the corrigibility–autonomy dial.  One slider from doing as one is told to doing as one
thinks best, and a rectangle of all that may be wrong: who instructs (rows) and who judges (columns)."""

from __future__ import annotations

from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from .. import dial_plots
from ..arrays import Floats
from ..case import Case
from ..dial.agents import Agents
from ..plots import HARMFUL
from ..scenario import load
from ..text import number, people
from . import panels
from .controls import context_menu, menu, steps
from .corrigibility_numbers import BAD, DialSettings, DialView, Part, look
from .corrigibility_words import departures, ends, how_sure, notes, sentences, ways
from .instrument import Instrument, from_dict
from .packing import packed
from .panels import INK, Mark, Panel, axis, curve, entry, padded, points
from .stage import Options, Table
from .wording import heading

#: Colours of what is lost, by cause.
CAUSES = {"lost per 1000 to bad instructions": 1, "to the model’s own mistakes": 4}


def dial(case: Case | str, agents: Agents | None = None, **settings: Any) -> Dial:
    """Open the instrument on a case, or on a scenario's name or path, with the usual agents or others.

    `settings` are those of `DialSettings`.

    First view: what a thousand people get from each operator with each model, and what is lost, by cause, along the dial.
    `More` unfolds how sure this is, means, bad worlds, the thousand senders, one operator or one model alone, trust in both,
    what stands behind a departure, the number of users and what they share.  A ValueError names a setting that makes no sense.
    """
    source = ("case" if isinstance(case, Case) else repr(case)) + (", agents" if agents else "")
    return Dial(case if isinstance(case, Case) else load(case), source, from_dict(DialSettings, settings), agents)


class Dial(Instrument[DialSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown; `found` is the deployment."""

    def __init__(self, case: Case, source: str, settings: DialSettings, agents: Agents | None = None) -> None:
        super().__init__(
            partial(dial_table, case, agents),
            settings,
            opener="simkit.widgets.dial",
            source=source,
            controls=_controls(case),
            peek=partial(dial_table, case, agents, only=True),
        )

    @property
    def part(self) -> Part:
        """The deployment, its curve and how sure it is, with objection if that is chosen."""
        return self.view.parts[self.settings.objects]


def _controls(case: Case) -> dict[str, ipywidgets.Widget]:
    """A control for each setting that slider and buttons do not move."""
    chances = np.linspace(0, 1, 21)
    users = [1, 1000, 1_000_000, 1_000_000_000, 8_000_000_000]
    made = {
        "context": context_menu(case),
        "trust_in_operator": steps("trust in the operator", np.sort(np.append(chances, 0.99)), ".0%"),
        "trust_in_model": steps("trust in the model", np.sort(np.append(chances, 0.99)), ".0%"),
        "verification": steps("verification", chances, ".0%"),
        "irreversibility": steps("irreversibility ×", np.array([1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20.0])),
        "oversight": steps("oversight", chances, ".0%"),
        "users": menu("users of one model", [(people(count), count) for count in users]),
        "shared_principal": menu("the operator is", [("one of many", False), ("one for all", True)]),
        "aversion": steps("spread counts", np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2.0])),
        "scale": steps("scale (gain at ½)", np.array([0.05, 0.1, 0.2, 0.5, 1, 2, 5.0])),
    }
    return {name: control for name, control in made.items() if case.contexts or name != "context"}


def dial_table(case: Case, agents: Agents | None, settings: DialSettings, *, only: bool = False) -> Table:
    """All that is shown, or `only` the chosen way to look at the agents."""
    view = look(case, settings, agents, only=only)
    found = view.parts[0].found
    return Table(
        slider=Options("position", view.positions.round(12).tolist(), "The dial", _places(view)),
        ends=ends(view),
        sentences=sentences(view, settings.users),
        notes=notes(view),
        panels=[
            _mosaic_panel(view),
            _strip_panel(view),
            _sure_panel(view),
            _means_panel(view, settings),
            _bad_panel(view, settings),
            _departures_panel(view),
            panels.dots(view.dots, "The same thousand, one by one", first=False, at=view.state.ravel(), own=view.own),
        ],
        toggles=[
            *(Options(name, view.offered[name], f"{name} alone", first=False) for name in ("operator", "model")),
            Options("objects", view.offered["objects"], "May it decline?", _objections(view)),
        ],
        view=view,
        stands_for={
            "context": found.original.context,
            "trust_in_operator": found.agents.trust_in_operator,
            "trust_in_model": found.agents.trust_in_model,
        },
    )


def _objections(view: DialView) -> list[str]:
    return ["at any position" if objects else "only as the dial says" for objects in view.offered["objects"]]


def _places(view: DialView) -> list[str]:
    """The positions in words; those that lie between two hundredths as exactly as they must be."""
    return [f"{place:.2f}" if abs(place - round(place, 2)) < 1e-12 else f"{place:g}" for place in view.positions.tolist()]


# --- the first view ---------------------------------------------------------------------------------------------------


def _mosaic_panel(view: DialView) -> Panel:
    """Who instructs by who judges, in the order of what they do at the ends; those that are not looked at are faint."""
    found, seen = view.parts[0].found, view.parts[0].curve
    o, t = view.order
    cells = [np.moveaxis(part.curve.each.net, -1, 0)[:, o][:, :, t] for part in view.parts]
    badly = [np.moveaxis(part.curve.badly, -1, 0)[:, o][:, :, t] for part in view.parts]
    nets = np.concatenate(cells)
    operators, models = (
        {members[i].name: float(members[i].chance) for i in order}
        for members, order in ((found.agents.operators, o), (found.agents.models, t))
    )
    faint = (view.looks[0][:, o][:, :, None] * view.looks[1][:, t][:, None, :]) <= 0
    best = number(1000 * seen.best)
    return panels.mosaic(
        heading(found.original),
        dial_plots.mosaic_tone(nets, seen.best),
        rows=operators,
        columns=models,
        numbers=1000 * nets,
        flagged=np.concatenate(badly),
        faint=faint,
        every=len(view.parts) * len(view.positions),
        sides=("who instructs", "who judges: the model is …"),
        key=f"Numbers: help units per 1000 people, {best} at best. Red and hatched: badly, less than half of that. "
        "Sizes: square root of the probability.",
        alt="What a thousand people get from each operator (rows) with each model (columns).",
        height=196,
    )


def _strip_panel(view: DialView) -> Panel:
    """What is lost against the best possible along the slider's travel, by cause, for all agents as expected."""
    means, every = [part.curve.expected() for part in view.parts], len(view.positions)
    lost = 1000 * np.stack([[each.obeyed, each.judged] for each in means])
    lost = np.where(np.abs(lost) > 1e-9 * np.abs(lost).max(), lost, 0.0)  # what is rounding is nothing
    best = [part.here[[0, -1]].tolist() if len(part.here) else [-1, -1] for part in view.parts]
    return {
        "kind": "strip",
        "title": "",
        "alt": "What is lost along the slider against the best possible: to bad instructions and to the model’s own mistakes.",
        "first": True,
        "under": True,
        "height": 40,
        "amounts": packed(lost.reshape(len(lost), -1), every=every),
        "top": float(lost.sum(1).max()),
        "best": packed(best, "int16", every=every),
        "legend": [entry(name, colour) for name, colour in CAUSES.items()],
    }


# --- what unfolds -----------------------------------------------------------------------------------------------------


def _sure_panel(view: DialView) -> Panel:
    return panels.sure([how_sure(part) for part in view.parts], every=len(view.positions))


def _departures_panel(view: DialView) -> Panel:
    return panels.text("Who departs here", [[said] for said in departures(view)], at=view.state.ravel())


def _staircase(view: DialView, values: Floats, **style: Any) -> Mark:
    """A line along the dial for each way to look at the agents, (C, D)."""
    return curve(view.positions, values, every=len(view.positions), **style)


def _here(view: DialView, *values: Floats, colours: list[int]) -> Mark:
    """A point on each such line where the dial stands."""
    at = np.repeat(view.positions[:, None], len(values), axis=1)
    return points(at, _shown(view, *values), colour=INK, size=4) | {"colours": colours}


def _shown(view: DialView, *values: Floats) -> dict[str, Any]:
    """Values (C, D) for each row, side by side: a row for each state is sent."""
    return packed(np.stack([view.of_states(each) for each in values], axis=-1), at=view.state.ravel())


def _axes(view: DialView, low: Floats, high: Floats, label: str) -> list[dict[str, Any]]:
    """A vertical axis of its own for each way to look at the agents, from low to high (C, D): the same with objection."""
    lows, highs = (ends.reshape(-1, len(view.parts) * ends.shape[-1]) for ends in (low, high))
    axes = [axis(*padded(*each), label) for each in zip(lows, highs, strict=True)]
    return [each for each in axes for _ in view.parts]


def _means_panel(view: DialView, settings: DialSettings) -> Panel:
    """Help, loss and net value along the dial, the best position, and where it lies in plausible worlds."""
    help_, loss, net = (1000 * view.means[name] for name in ("help", "loss", "net"))
    weighed = view.parts[0].found.original.harm_weight * loss
    axes = _axes(view, np.minimum(net, 0.0), np.maximum(help_, weighed), "help units per 1000")
    worths = 1000 * np.stack([part.worths for part in view.parts])
    style: dict[str, Any] = {"every": len(view.positions), "colour": INK, "width": 1.5, "dash": [2, 3]}
    spread = [curve(view.positions, worths, **style)] if settings.aversion else []
    return panels.chart(
        "What a thousand senders get",
        [
            _range(view, axes),
            curve([0, 1], [0, 0], colour=INK, width=1),
            _staircase(view, help_, colour=0, width=2),
            _staircase(view, weighed, colour=HARMFUL, width=2, dash=[7, 4]),
            _staircase(view, net, colour=INK, width=2.5),
            *spread,
            _ring(view),
            _here(view, help_, weighed, net, colours=[0, HARMFUL, INK]),
        ],
        alt="Help, weighed loss and net value per 1000 senders along the dial, with the best position.",
        height=230,
        left=68,
        x=axis(0, 1, "ring: the best position; band: in 90% of plausible worlds"),
        y=axes,
        every=len(view.positions),
        legend=[entry("help", 0), entry("harm and neglect, weighed", HARMFUL), entry("net value", INK)],
        values=_shown(view, help_, weighed, net),
    )


def _of_expected(view: DialView, values: list[list[float]]) -> dict[str, Any]:
    """Values of each part that are those of the agents as expected: of another way to look there are none."""
    rows = np.tile(np.asarray(values, dtype=float), (len(view.looks[0]), 1))
    return packed(np.where([[bool(who)] for _, who in ways(view)], np.nan, rows), every=len(view.positions))


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
    return panels.chart(
        f"Bad worlds ({people(settings.users)} users, {whose}, one model)",
        [_staircase(view, bad, colour=4, width=2), _here(view, bad, colours=[4])],
        alt="In how many of 1000 simulated runs the total loss exceeds a size, along the dial.",
        height=150,
        left=68,
        x=axis(0, 1, f"bad: a loss over {number(BAD)} times that of following all instructions"),
        y=_axes(view, np.zeros_like(bad), np.maximum(bad, 1.0), "of 1000"),
        every=len(view.positions),
        legend=[entry("bad worlds, of 1000", 4)],
        values=_shown(view, bad),
    )
