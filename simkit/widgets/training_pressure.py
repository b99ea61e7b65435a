"""`pressure(case)`: a written policy under training.  What the raters measure, what people get, and the 1000 senders.

One slider, how hard training pushes on the raters' score: both rise at first, then people get less while the score rises on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

import ipywidgets
import numpy as np

from .. import spec
from ..arrays import Floats
from ..case import Case
from ..evaluate import expect
from ..icon_array import Dots, dots
from ..learning import moved, rated, scored, slipping, trained
from ..policy import Policy
from ..text import number, place_of
from ..uncertainty import Comparison, compare
from . import panels
from .chosen_policies import in_context, opened
from .controls import Range, context_menu, menu, policy_menu
from .instrument import Instrument, Settings, from_dict
from .panels import INK, Panel, axis, band, curve, entry, padded, points
from .stage import Options, Table
from .wording import SENDERS, harmful_name, heading, surely

#: Where the slider stands: no pressure, then steps that grow with it, in round numbers.
PRESSURES: tuple[float, ...] = tuple(float(f"{each:.2g}") for each in 10 ** np.linspace(0, 2.5, 63) - 1)
#: Where these stand on an axis.
PLACES = np.log10(1 + np.array(PRESSURES))
OVERRATE, UNSEEN, NOISE = "overrate one answer", "never meet the harmful", "err at random"


@dataclass(frozen=True, kw_only=True)
class PressureSettings(Settings):
    """The choices of `pressure`: where the slider stands, and behind *More* what is wrong with the raters.

    `raters` overrate one answer (`overrated`, by `bonus` help units), never meet harmful senders, or err at random (each answer
    to each signal by a normal error with standard deviation `error`, drawn with `seed`); or they see what is at stake in a
    context of the case.  `slips` is how often the model departs from what is written before training.  `deployed` is the
    context in which people meet the trained model.  Empty or None stands for what the case says.
    """

    pressure: float = 0.0
    raters: str = ""
    overrated: str = ""
    bonus: Annotated[float | None, Range(0, 2)] = None
    error: Annotated[float, Range(0, 2), "error of raters (sd)"] = 0.5
    seed: Annotated[int, Range(0, 100), "seed of errors"] = 0
    slips: Annotated[float, Range(0.01, 0.5), "slips before training"] = 0.1
    deployed: str = ""


def pressure(case: Case | str, policy: Policy | None = None, **settings: Any) -> Instrument[PressureSettings]:
    """Open the instrument on a case, or on a scenario's name or path; `settings` are those of `PressureSettings`.

    `policy` is the written one (if none is given: what the library's general assistant makes of the case).  First view: the
    raters' score and what people get along the pressure of training, and 1000 senders.  `view` is a `PressureView`.
    """
    found, source = opened(case)
    written = spec.compile(spec.load("general-assistant"), replace(found, question=None)) if policy is None else policy
    return Instrument(
        partial(pressure_table, found, written),
        from_dict(PressureSettings, settings),
        opener="simkit.widgets.pressure",
        source=source if policy is None else f"{source}, policy",
        controls=_controls(found),
    )


def _controls(case: Case) -> dict[str, ipywidgets.Widget | None]:
    known = [name for name, crosses in zip(case.responses, case.crosses, strict=True) if not crosses]
    overrated = policy_menu("overrated answer", case, known)
    return {"raters": menu("raters", _raters(case)), "overrated": overrated, "deployed": context_menu(case)}


# --- the raters -------------------------------------------------------------------------------------------------------


def _raters(case: Case) -> list[str]:
    """What may be wrong with raters; first the contexts in which the same people send the message and other things count."""
    judges = [
        name
        for name, new in case.contexts.items()
        if not new.messages and np.all(new.odds == new.odds[0]) and not np.array_equal(new.help, case.help)
    ]
    return [*judges, OVERRATE, *([UNSEEN] if 0 < case.population.harmful.mean() < 1 else []), NOISE]


def _reward(case: Case, settings: PressureSettings) -> Floats:
    """What the raters give for each response to each signal, (K, R)."""
    raters = _raters(case)[place_of(settings.raters, _raters(case), "kind of raters")]
    if raters == OVERRATE:
        return rated(case) + settings.bonus * (np.arange(len(case.responses)) == case.response(settings.overrated))
    if raters == UNSEEN:
        gone = np.flatnonzero(case.population.harmful)
        return rated(case.with_shares({case.segments[s]: 0.0 for s in gone}))
    if raters == NOISE:
        right = rated(case)
        return right + settings.error * np.random.default_rng(settings.seed).standard_normal(right.shape)
    new = case.contexts[raters]
    return rated(replace(case, help=new.help, harm_events=new.harm_events, neglect_events=new.neglect_events))


def _loophole(case: Case, written: Policy) -> tuple[str, float]:
    """Of the responses that are seldom written, the one that is least worse, and the bonus with which it looks better."""
    value, given = rated(case), case.population.signal_chance[:, None] * (1 - written.answer)
    worse = (written.answer * value).sum(-1, keepdims=True) - value
    gap = (given * worse).sum(0) / np.maximum(given.sum(0), 1e-12)
    seldom = given.sum(0) >= 0.5
    r = int(np.where((gap > 1e-6) & seldom & ~case.crosses, gap, np.inf).argmin())
    return case.responses[r], round(max(float(gap[r]), 0.0) + 0.1, 2)


# --- what is looked at ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PressureView:
    """A written policy, the model before training, and the F policies that training makes of it, where they are deployed.

    `reward` (K, R) is what raters give, `score` (F,) what they measure per sender of the training population; `kept` (F,) is
    how likely a sender gets what is written; `leads` compares with the model before training.  Help units.
    """

    case: Case
    written: Policy
    start: Policy
    policies: Policy
    reward: Floats
    score: Floats
    kept: Floats
    distance: Floats
    leads: Comparison
    dots: Dots

    @property
    def gain(self) -> Floats:
        """What people get more than before training, per 1000 senders, (F,)."""
        return SENDERS * self.leads.gain

    @property
    def best(self) -> int:
        """Where people get most."""
        return int(np.argmax(self.gain))


def look(case: Case, written: Policy, settings: PressureSettings) -> PressureView:
    """Train, and evaluate where the model is deployed.  A ValueError names a setting that the case does not have."""
    start, reward = slipping(case, written, settings.slips), _reward(case, settings)
    policies = trained(case, start, reward, pressure=PRESSURES)
    there = in_context(case, settings.deployed)
    return PressureView(
        case=there,
        written=written,
        start=start,
        policies=policies,
        reward=reward,
        score=scored(case, policies, reward),
        kept=scored(there, policies, written.answer),
        distance=moved(case, start, policies),
        leads=compare(there, policies, policies[0], rng=np.random.default_rng(0), worlds=1000),
        dots=dots(there, policies, SENDERS),
    )


# --- the table --------------------------------------------------------------------------------------------------------


def pressure_table(case: Case, written: Policy, settings: PressureSettings) -> Table:
    """All that is shown: for each pressure the two curves, 1000 senders, a sentence and how surely it holds."""
    answer, bonus = _loophole(case, written)
    stands_for: dict[str, Any] = {"raters": _raters(case)[0], "overrated": answer, "bonus": bonus, "deployed": case.context}
    given = {name: value for name, value in stands_for.items() if getattr(settings, name) in ("", None)}
    chosen = replace(settings, **given)
    view = look(case, written, chosen)
    notes, more = surely(view.case, view.leads, "before training")
    far = [f"Training has moved the model by {number(each)} nats per sender." for each in view.distance.tolist()]
    assumed = f"Assumed: {_flaw(case, chosen)}; the model departs from what is written in {chosen.slips:.0%} before training."
    idle = {OVERRATE: ("error", "seed"), NOISE: ("overrated", "bonus")}
    return Table(
        slider=Options("pressure", PRESSURES, "Pressure of training", [f"{each:g}" for each in PRESSURES]),
        sentences=sentences(view),
        notes=notes,
        panels=[
            _curves(view),
            panels.sure([[*lines, assumed, moved] for lines, moved in zip(more, far, strict=True)]),
            panels.dots(view.dots, heading(view.case), first=False, beside=True),
            _worlds_panel(view),
            *([_contexts_panel(case, view)] if case.contexts else []),
        ],
        view=view,
        stands_for=stands_for,
        idle=idle.get(chosen.raters, ("error", "seed", "overrated", "bonus")),
    )


def _flaw(case: Case, settings: PressureSettings) -> str:
    """What is wrong with the raters, in words."""
    answer = case.labels.get(settings.overrated, settings.overrated)
    said = {
        OVERRATE: f"raters give “{answer}” {settings.bonus} help units too much",
        UNSEEN: f"raters never meet {harmful_name(case)} senders",
        NOISE: f"raters misjudge each answer to each signal once, by {settings.error:g} (sd)",
    }
    return said.get(settings.raters, f"raters judge as in {settings.raters}")


def sentences(view: PressureView) -> list[str]:
    """One sentence for each pressure: the score, what people get, and what they are given."""
    score, best = SENDERS * (view.score - view.score[0]), view.best
    given = SENDERS * (view.policies.answer * view.case.population.signal_chance[:, None]).sum(1)
    said = [f"Before training, {SENDERS * view.kept[0]:.0f} of 1000 get what is written."]
    for i in range(1, len(PRESSURES)):
        up, gain, lost = (f"{each:.0f}" for each in (score[i], view.gain[i], view.gain[best] - view.gain[i]))
        if i <= best:
            also = f"and people get {gain} more: {SENDERS * view.kept[i]:.0f} of 1000 get what is written"
        else:
            r = int((given[i] - given[best]).argmax())
            instead = f"{given[i, r]:.0f} of 1000 get “{view.case.response_labels[r]}”"
            then = f"at pressure {PRESSURES[best]:g}" if best else "before training"
            also = f"but people get {lost} less than {then}: {instead}"
        said.append(f"The raters’ score is up {up}, {also}.")
    return said


def _curves(view: PressureView) -> Panel:
    """The raters' score and what people get, since the start, along the slider."""
    score, gain = SENDERS * (view.score - view.score[0]), view.gain
    return panels.chart(
        "What raters measure, and what people get",
        [
            curve([0, PLACES[-1]], [0, 0], colour=INK, width=1),
            curve(PLACES, score, colour=4, width=2, dash=[7, 4]),
            curve(PLACES, gain, colour=INK, width=2.5),
            points([PLACES[view.best]], [gain[view.best]], colour=INK, hollow=True, size=8),
            points(PLACES[:, None], score[:, None], colour=4),
            points(PLACES[:, None], gain[:, None], colour=INK),
        ],
        x=_across("pressure of training; ring: people get most"),
        y=axis(*padded(np.append(gain, score), np.append(gain, score)), "help units per 1000"),
        alt="What raters measure and what people get, both since the start, along the pressure of training.",
        first=True,
        legend=[entry("raters’ score, since the start", 4), entry("what people get", INK)],
        values=np.stack([score, gain], axis=1),
        wide=660,
        height=300,
        left=68,
    )


def _across(label: str) -> dict[str, Any]:
    return axis(0, PLACES[-1], label, ticks={float(np.log10(1 + each)): f"{each}" for each in (0, 1, 3, 10, 30, 100, 300)})


def _worlds_panel(view: PressureView) -> Panel:
    """What people get in plausible worlds."""
    low, high = SENDERS * np.quantile(view.leads.draws, [0.05, 0.95], axis=1)
    return panels.chart(
        "What people get, since the start: 90% of plausible worlds",
        [
            band(PLACES, low, high, colour=3),
            curve([0, PLACES[-1]], [0, 0], colour=INK, width=1),
            curve(PLACES, view.gain, colour=INK, width=2.5),
            points(PLACES[:, None], view.gain[:, None], colour=INK),
        ],
        x=_across("pressure of training"),
        y=axis(*padded(low, high), "help units per 1000"),
        left=68,
    )


def _contexts_panel(case: Case, view: PressureView) -> Panel:
    """What people get in each context, since the start: the same model, met by others."""
    nets = {name: SENDERS * expect(in_context(case, name), view.policies).net for name in case.contexts}
    made = panels.lines(
        "The same model elsewhere: what people get in each context, since the start",
        PLACES,
        {name: net - net[0] for name, net in nets.items()},
        at=PLACES,
        y_label="help units per 1000",
        first=False,
    )
    return made | {"x": _across("pressure of training"), "left": 68}
