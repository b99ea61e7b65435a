"""The numbers of the dial's instrument: a pure function from a case and settings.

Positions are seen for the agents as expected and for each operator and each model looked at alone, each with and without
objection; worlds are drawn with a fixed seed.  What a control does not change is kept: a trust, a safeguard or the number of
users moves one part only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..case import Case
from ..dial.agents import Agents, usual_agents
from ..dial.deployment import POSITIONS, Deployment, Safeguards, deploy
from ..dial.losses import tails
from ..dial.optimum import Optimum, Verdict, best_position, verdict, worth
from ..dial.overrides import DialCurve, along
from ..dial_plots import mosaic_order
from ..icon_array import Dots, dots
from .instrument import Settings
from .stage import Options

WORLDS = 1000
EXPECTED = "as expected"
#: How many times the loss of following every instruction a world must have to be called bad.
BAD = 2.0
#: Means along the dial that are shown.
MEANS = ("help", "harm", "neglect", "net", "departs", "mistaken")


@dataclass(frozen=True, kw_only=True)
class DialSettings(Settings):
    """The choices of `dial`.  Trusts are the probabilities that the operator is legitimate and that the model is good
    (None: as the agents have it).

    `position` is where the dial stands; `objects` lets the assistant decline at any position what it believes to be worse than
    declining by more than `scale`; `operator` and `model` name one of them to look at alone; `aversion` is what spread (the sd
    over the model, and the principal if it is shared) counts beside the mean.
    """

    position: float = 0.5
    operator: str = EXPECTED
    model: str = EXPECTED
    context: str = ""
    trust_in_operator: float | None = None
    trust_in_model: float | None = None
    verification: float = 0.0
    irreversibility: float = 1.0
    oversight: float = 0.0
    users: int = 1_000_000
    shared_principal: bool = False
    aversion: float = 0.0
    objects: bool = False
    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("position", "trust_in_operator", "trust_in_model"):
            if getattr(self, name) is not None and not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a number from 0 to 1, not {getattr(self, name)}")
        if not 1 <= self.users <= 10**10:
            raise ValueError(f"users are from 1 to 10 billion, not {self.users}")

    @property
    def safeguards(self) -> Safeguards:
        """What stands behind a departure."""
        return Safeguards(verification=self.verification, irreversibility=self.irreversibility, oversight=self.oversight)


@dataclass(frozen=True, eq=False)
class Part:
    """What is found without objection, or with it: the deployment, its curve (O, T, D), and where the dial is best."""

    found: Deployment
    curve: DialCurve
    sure: Verdict

    @property
    def here(self) -> Ints:
        """The places of the slider that are best, rising; none if it passes over them."""
        best = self.sure.best
        return np.flatnonzero((self.curve.dial <= best.high) & ((self.curve.dial > best.low) | (best.low <= 0)))

    @property
    def worths(self) -> Floats:
        """Worth at each position, (D,): net less what spread counts."""
        return worth(self.found)[self.found.step(self.curve.dial)]


@dataclass(frozen=True, eq=False)
class DialView:
    """All that is shown.  C ways to look, D positions, F states.

    `order` is that of operators and of models in the mosaic.  `offered` are objection, operators and models that may be chosen,
    and a way to look is a choice of each; objection counts fastest.  `parts` are one for each objection, and `looks` the
    probabilities of operators (C', O) and of models (C', T) in each way to look at them.  `means` are (C, D) each, per request:
    help, loss, net, departs, mistaken, and the probabilities that it goes badly, by `order` or by `own` judgement; `tops` (C,)
    the largest net at any position, between those of the slider too; `bad` (C, D) are probabilities of a bad world (None: not
    asked for).

    Between two departures nothing changes: `state` (C, D) numbers what is seen, `first` (2, F) are a look and a position at
    which each state is seen, and `dots` are those of the F states; `own` says which cells of them are departures, and which of
    these leave their sender worse off than the instruction would have.
    """

    positions: Floats
    order: tuple[Ints, Ints]
    offered: dict[str, tuple[Any, ...]]
    parts: tuple[Part, ...]
    looks: tuple[Floats, Floats]
    means: dict[str, Floats]
    tops: Floats
    bad: Floats | None
    state: Ints
    first: Ints
    dots: Dots
    own: tuple[Bools, Bools]

    def of_states(self, values: Floats) -> Floats:
        """The values (C, D) of each state, (F,)."""
        return values[tuple(self.first)]


#: What a deployment depends on beside the trust in the model, and what stands behind a departure.
CAST = ("context", "trust_in_operator", "scale", "objects")
SAFEGUARDS = ("verification", "irreversibility", "oversight")


def look(case: Case, settings: DialSettings, agents: Agents | None = None, *, only: bool = False) -> DialView:
    """Evaluate what the settings ask for, with the usual agents if none is given.

    With `only`, for the chosen way to look alone and without bad worlds, which may take long.  A ValueError names a setting
    that makes no sense.
    """
    both = [replace(settings, objects=objects) for objects in (False, True)]
    founds = [_with_options(_deployed(case, agents, _only(each, *CAST, "trust_in_model")), settings) for each in both]
    positions = reached([best_position(found) for found in founds])
    offered: dict[str, tuple[Any, ...]] = {**offers(founds[0]), "objects": (False, True)}
    for name, known in offered.items():
        Options(name, known).place(getattr(settings, name))
    if only:
        offered = {name: (getattr(settings, name),) for name in offered}
    looks = _looks(founds[0], offered)
    kept = (*CAST, "trust_in_model", *SAFEGUARDS, "aversion", "shared_principal")
    shown = [(each, found) for each, found in zip(both, founds, strict=True) if each.objects in offered["objects"]]
    parts = [Part(found, along(found, positions), _verdict(case, agents, _only(each, *kept))) for each, found in shown]
    bad = [] if only else [_bad(_deployed(case, agents, _only(each, *CAST)), looks, each, positions) for each in both]
    states = [_states(part.found, looks, positions) for part in parts]
    count = [_dots(part.found, looks, first, positions) for part, (_, first) in zip(parts, states, strict=True)]
    starts = np.cumsum([0, *(len(each.count) for each in count)])
    return DialView(
        positions=positions,
        order=mosaic_order(founds[0]),
        offered=offered,
        parts=tuple(parts),
        looks=looks,
        means=_means([part.curve for part in parts], looks),
        tops=_woven([_seen(looks, along(found, found.on_step).each.net).max(-1) for _, found in shown]),
        bad=_woven(bad) if bad else None,
        state=_woven([state + start for (state, _), start in zip(states, starts, strict=False)]),
        first=np.concatenate([np.stack([way * len(parts) + i, at]) for i, (_, (way, at)) in enumerate(states)], axis=1),
        dots=_given(parts[0].found, count),
        own=_own(parts[0].found, count[0]),
    )


def _woven(parts: list[Floats] | list[Ints]) -> Any:
    """Values (C', …) of each part in the order of the rows: parts count faster than ways to look at the agents."""
    return np.stack(parts, axis=1).reshape(-1, *parts[0].shape[1:])


def reached(bests: list[Optimum]) -> Floats:
    """The positions of the slider, (D,): hundredths, but the nearest one moves to a best position that lies between two."""
    made = POSITIONS.copy()
    for best in bests:
        low, high = float(best.low), float(best.high)
        at = int(np.clip(round(100 * high), 1, len(made) - 2))
        if low > 0 and not ((made > low) & (made <= high)).any() and made[at] == POSITIONS[at]:
            made[at] = float(spot(low, high))
    return made


def spot(low: float, high: float) -> str:
    """A position above `low` and up to `high`, the last that as few digits as possible can tell: 0.63, or 0.4975."""
    for digits in range(2, 17):
        place = np.floor(high * 10**digits + 1e-9) / 10**digits
        if low < place <= high:
            return f"{place:.{digits}f}"
    return repr(float(high))


def _only(settings: DialSettings, *names: str) -> DialSettings:
    """The settings with nothing chosen but these: what is kept for them holds whatever else is chosen."""
    return DialSettings(**{name: getattr(settings, name) for name in names})


@lru_cache(maxsize=16)
def _deployed(case: Case, agents: Agents | None, settings: DialSettings) -> Deployment:
    if settings.context and settings.context != case.context:
        case = case.in_context(settings.context)
    true = replace(case, question=None)
    agents = (agents or usual_agents(true)).with_trust(operator=settings.trust_in_operator, model=settings.trust_in_model)
    return deploy(true, agents, scale=settings.scale, objection=settings.scale if settings.objects else None)


def _with_options(found: Deployment, settings: DialSettings) -> Deployment:
    return found.with_options(
        safeguards=settings.safeguards, shared_principal=settings.shared_principal, aversion=settings.aversion
    )


@lru_cache(maxsize=16)
def _verdict(case: Case, agents: Agents | None, settings: DialSettings) -> Verdict:
    found = _deployed(case, agents, _only(settings, *CAST, "trust_in_model"))
    return verdict(_with_options(found, settings), rng=np.random.default_rng(0), worlds=WORLDS)


def offers(found: Deployment) -> dict[str, tuple[str, ...]]:
    """What may be looked at: the agents as expected, or one of them alone."""
    return {
        "operator": (EXPECTED, *(operator.name for operator in found.agents.operators)),
        "model": (EXPECTED, *(model.name for model in found.agents.models)),
    }


def _looks(found: Deployment, offered: dict[str, tuple[Any, ...]]) -> tuple[Floats, Floats]:
    """Probabilities of operators and models in each way to look at the agents: operators count slowest."""
    stated = {"operator": found.agents.operator_probabilities(), "model": found.agents.model_probabilities()}
    operators, models = (
        np.vstack([stated[kind], np.eye(len(stated[kind]))])[[known.index(name) for name in offered[kind]]]
        for kind, known in offers(found).items()
    )
    return np.repeat(operators, len(models), axis=0), np.tile(models, (len(operators), 1))


def _seen(looks: tuple[Floats, Floats], values: Floats | Bools) -> Floats:
    """Means (C, D) of values (O, T, D)."""
    weight = (looks[0][:, :, None] * looks[1][:, None, :]).reshape(len(looks[0]), -1, 1)
    return (weight * values.reshape(weight.shape[1], -1)).sum(1)  # a row is the same whatever stands beside it


def _means(curves: list[DialCurve], looks: tuple[Floats, Floats]) -> dict[str, Floats]:
    """Means of every way to look, (C, D)."""
    values = [{name: getattr(curve.each, name) for name in MEANS} | _badly(curve) for curve in curves]
    means = {name: _woven([_seen(looks, each[name]) for each in values]) for name in values[0]}
    return means | {"loss": means["harm"] + means["neglect"]}


def _badly(curve: DialCurve) -> dict[str, Bools]:
    """Where it goes badly mostly because an order is obeyed, and where because of the model's own judgement, (O, T, D)."""
    orders = curve.each.obeyed >= curve.each.judged
    return {"order": curve.badly & orders, "own": curve.badly & ~orders}


def _states(found: Deployment, looks: tuple[Floats, Floats], positions: Floats) -> tuple[Ints, Ints]:
    """The number of each way to look and position, (C, D), and the first way and position of each number, (2, F)."""
    state, first, count = [], [], 0
    for way, (p, q) in enumerate(zip(*looks, strict=True)):
        cuts = np.unique(found.at[p > 0][:, q > 0])  # those that count here
        _, at, number = np.unique(np.searchsorted(cuts, positions), return_index=True, return_inverse=True)
        state.append(count + number)
        first.append(np.stack([np.full(len(at), way), at]))
        count += len(at)
    return np.stack(state), np.concatenate(first, axis=1)


def bad_size(found: Deployment) -> float:
    """The loss per user, harm units, above which a world is called bad: so many times that of following every instruction."""
    return BAD * float(found.agents.operator_probabilities() @ found.means[1:, :, 0].sum((0, -1)))


def _bad(found: Deployment, looks: tuple[Floats, Floats], settings: DialSettings, positions: Floats) -> Floats:
    """The probability of a bad world, (C, D).  An operator that is looked at alone is everywhere; else as the settings say."""
    stands = _only(settings, *SAFEGUARDS, "users")
    chances = _seen(looks, np.moveaxis(_tails_at(found, replace(stands, shared_principal=True), positions), 0, -1))
    if not settings.shared_principal:
        models = len(found.agents.models) + 1  # the first rows: operators as expected
        chances[:models] = looks[1][:models] @ _tails_at(found, stands, positions).T
    return chances


def _tails_at(found: Deployment, settings: DialSettings, positions: Floats) -> Floats:
    made, moved = _tails(found, settings).copy(), positions != POSITIONS
    if moved.any():
        made[moved] = tails(_with_options(found, settings), bad_size(found), settings.users, dial=positions[moved])
    return made


@lru_cache(maxsize=16)
def _tails(found: Deployment, settings: DialSettings) -> Floats:
    """P(bad world) given the model, (D, T), or operator and model, (D, O, T): no trust in the model moves it."""
    return tails(_with_options(found, settings), bad_size(found), settings.users)


def _dots(found: Deployment, looks: tuple[Floats, Floats], first: Ints, positions: Floats) -> Dots:
    """The thousand senders of each state; departures are responses of their own."""
    way, at = first
    operators, models = (probabilities[way] for probabilities in looks)
    return dots(found.case, found.mean_policy(positions[at], operators=operators, models=models))


def _given(found: Deployment, counted: list[Dots]) -> Dots:
    """The dots of all parts, in which a departure counts as the answer that it gives."""
    return replace(
        counted[0],
        case=found.original,
        response=found.gives[counted[0].response],
        count=np.concatenate([each.count for each in counted]),
        expected=np.concatenate([each.expected for each in counted]),
    )


def _own(found: Deployment, dots: Dots) -> tuple[Bools, Bools]:
    """Which cells are departures, and which leave their sender worse off than the instruction would have."""
    value = found.case.value(found.original.harm_weight)
    departs = dots.response >= len(found.original.responses)
    return departs, value[dots.segment, dots.response] < value[dots.segment, found.instead[dots.response]]
