"""The numbers of the dial's instrument: a pure function from a case and settings.

Positions are seen for the agents as expected and for each operator and each model looked at alone, each with and without
objection; worlds are drawn with a fixed seed.  What a control does not change is kept: a trust, a safeguard or the number of
users moves one part only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product
from math import inf
from typing import Annotated, Any

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..case import Case
from ..dial.agents import Agents, usual_agents
from ..dial.deployment import POSITIONS, Deployment, Safeguards, deploy
from ..dial.losses import bad_size, tails
from ..dial.optimum import Verdict, best_position, reached, verdict, worth
from ..dial.overrides import DialCurve, Outlook, along
from ..dial_plots import mosaic_order
from ..icon_array import Dots, dots
from .chosen_policies import in_context
from .controls import Range
from .instrument import Settings
from .stage import Options

WORLDS = 1000
EXPECTED = "as expected"
PARTS = tuple(k / 20 for k in range(21))
TRUSTS = (*PARTS[:-1], 0.99, 1.0)
TIMES = (1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20.0)
SPREADS = (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2.0)


@dataclass(frozen=True, kw_only=True)
class DialSettings(Settings):
    """The choices of `dial`.  Trusts are the probabilities that the operator is legitimate and that the model is good
    (None: as the agents have it).

    `position` is where the dial stands; `objects` lets the assistant decline at any position what it believes to be worse than
    declining by more than `scale`; `operator` and `model` name one of them to look at alone; `aversion` is what spread (the sd
    over the model, and the principal if it is shared) counts beside the mean.
    """

    position: Annotated[float, Range(0, 1)] = 0.5
    operator: str = EXPECTED
    model: str = EXPECTED
    context: str = ""
    trust_in_operator: Annotated[float | None, Range(0, 1, TRUSTS, ".0%"), "trust in the operator"] = None
    trust_in_model: Annotated[float | None, Range(0, 1, TRUSTS, ".0%"), "trust in the model"] = None
    verification: Annotated[float, Range(-inf, inf, PARTS, ".0%")] = 0.0
    irreversibility: Annotated[float, Range(-inf, inf, TIMES), "irreversibility ×"] = 1.0
    oversight: Annotated[float, Range(-inf, inf, PARTS, ".0%")] = 0.0
    users: Annotated[int, Range(1, 10**10)] = 1_000_000
    shared_principal: bool = False
    aversion: Annotated[float, Range(-inf, inf, SPREADS), "spread counts"] = 0.0
    objects: bool = False
    scale: Annotated[float, Range(-inf, inf, (0.05, 0.1, 0.2, 0.5, 1, 2, 5.0)), "scale (gain at ½)"] = 1.0

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
class Way:
    """A way to look at the agents of a part: probabilities of operators (O,) and of models (T,); who is looked at `alone`."""

    part: Part
    alone: str
    operators: Floats
    models: Floats

    def seen(self, curve: DialCurve) -> DialCurve:
        """A curve of the part with these probabilities."""
        return replace(curve, probability=np.outer(self.operators, self.models))

    @cached_property
    def outlook(self) -> Outlook:
        """Means along the dial, (D,)."""
        return self.seen(self.part.curve).expected()

    @cached_property
    def badly(self) -> Floats:
        """P(it goes badly), (2, D): mostly because an order is obeyed, and because of the model's own judgement."""
        return self.seen(self.part.curve).badly_off

    @cached_property
    def top(self) -> float:
        """The largest net value at any position, between those of the slider too."""
        return float(self.seen(along(self.part.found, self.part.found.on_step)).expected().net.max())


@dataclass(frozen=True, eq=False)
class DialView:
    """All that is shown.  C ways to look, D positions, F states.

    `order` is that of operators and of models in the mosaic.  `offered` are operators, models and objection that may be chosen,
    and a way to look is a choice of each; objection counts fastest.  `parts` are one for each objection; `bad` (C, D) are
    probabilities of a bad world (None: not asked for).

    Between two departures nothing changes: `state` (C, D) numbers what is seen, `first` (2, F) are a way and a position at
    which each state is seen, and `dots` are those of the F states; `own` says which cells of them are departures, and which of
    these leave their sender worse off than the instruction would have.
    """

    positions: Floats
    order: tuple[Ints, Ints]
    offered: dict[str, tuple[Any, ...]]
    parts: tuple[Part, ...]
    ways: tuple[Way, ...]
    bad: Floats | None
    state: Ints
    first: Ints
    dots: Dots
    own: tuple[Bools, Bools]

    def means(self, name: str) -> Floats:
        """A mean of each way to look, by its name in `Outlook`, or their loss, (C, D)."""
        if name == "loss":
            return self.means("harm") + self.means("neglect")
        return np.stack([getattr(way.outlook, name) for way in self.ways])

    def of_states(self, values: Floats) -> Floats:
        """The values (C, D) of each state, (F,)."""
        return values[tuple(self.first)]


#: What a deployment depends on beside the trust in the model, and what stands behind a departure.
AGENTS = ("context", "trust_in_operator", "scale", "objects")
SAFEGUARDS = ("verification", "irreversibility", "oversight")


def look(case: Case, settings: DialSettings, agents: Agents | None = None, *, only: bool = False) -> DialView:
    """Evaluate what the settings ask for, with the usual agents if none is given.

    With `only`, for the chosen way to look alone.  Bad worlds, which may take long, are computed for an unfolded instrument,
    and not with `only`.  A ValueError names a setting that makes no sense.
    """
    both = [replace(settings, objects=objects) for objects in (False, True)]
    founds = [_with_options(_deployed(case, agents, _only(each, *AGENTS, "trust_in_model")), settings) for each in both]
    positions = reached([best_position(found) for found in founds])
    offered: dict[str, tuple[Any, ...]] = {**offers(founds[0]), "objects": (False, True)}
    for name, known in offered.items():
        Options(name, known).place(getattr(settings, name))
    if only:
        offered = {name: (getattr(settings, name),) for name in offered}
    kept = (*AGENTS, "trust_in_model", *SAFEGUARDS, "aversion", "shared_principal")
    parts = tuple(
        Part(found, along(found, positions), _verdict(case, agents, _only(each, *kept)))
        for each, found in zip(both, founds, strict=True)
        if each.objects in offered["objects"]
    )
    ways = _ways(parts, offered)
    state, first = _states(ways, positions)
    shown = _dots(parts, ways, first, positions)
    return DialView(
        positions=positions,
        order=mosaic_order(founds[0]),
        offered=offered,
        parts=parts,
        ways=ways,
        bad=_bad(case, agents, settings, ways, positions) if settings.unfolded and not only else None,
        state=state,
        first=first,
        dots=replace(shown, case=parts[0].found.original, response=parts[0].found.gives[shown.response]),
        own=_own(parts[0].found, shown),
    )


def _only(settings: DialSettings, *names: str) -> DialSettings:
    """The settings with nothing chosen but these: what is kept for them holds whatever else is chosen."""
    return DialSettings(**{name: getattr(settings, name) for name in names})


@lru_cache(maxsize=16)
def _deployed(case: Case, agents: Agents | None, settings: DialSettings) -> Deployment:
    true = replace(in_context(case, settings.context), question=None)
    agents = (agents or usual_agents(true)).with_trust(operator=settings.trust_in_operator, model=settings.trust_in_model)
    return deploy(true, agents, scale=settings.scale, objection=settings.scale if settings.objects else None)


def _with_options(found: Deployment, settings: DialSettings) -> Deployment:
    return found.with_options(
        safeguards=settings.safeguards, shared_principal=settings.shared_principal, aversion=settings.aversion
    )


@lru_cache(maxsize=16)
def _verdict(case: Case, agents: Agents | None, settings: DialSettings) -> Verdict:
    found = _deployed(case, agents, _only(settings, *AGENTS, "trust_in_model"))
    return verdict(_with_options(found, settings), rng=np.random.default_rng(0), worlds=WORLDS)


def offers(found: Deployment) -> dict[str, tuple[str, ...]]:
    """What may be looked at: the agents as expected, or one of them alone."""
    return {
        "operator": (EXPECTED, *(operator.name for operator in found.agents.operators)),
        "model": (EXPECTED, *(model.name for model in found.agents.models)),
    }


def _ways(parts: tuple[Part, ...], offered: dict[str, tuple[Any, ...]]) -> tuple[Way, ...]:
    """Every way to look at the agents, in the order of the rows."""
    known, agents, made = offers(parts[0].found), parts[0].found.agents, []
    stated = {"operator": agents.operator_probabilities(), "model": agents.model_probabilities()}
    each = {kind: np.vstack([share, np.eye(len(share))]) for kind, share in stated.items()}
    for operator, model, part in product(offered["operator"], offered["model"], parts):
        chosen = {"operator": operator, "model": model}
        alone = " and ".join(f"{name} {kind}" for kind, name in chosen.items() if name != EXPECTED)
        made.append(Way(part, alone, *(each[kind][known[kind].index(name)] for kind, name in chosen.items())))
    return tuple(made)


def _states(ways: tuple[Way, ...], positions: Floats) -> tuple[Ints, Ints]:
    """The number of what is seen at each way and position, (C, D), and the first way and position of each number, (2, F)."""
    state, first, count = [], [], 0
    for place, way in enumerate(ways):
        cuts = np.unique(way.part.found.at[way.operators > 0][:, way.models > 0])  # those that count here
        _, at, number = np.unique(np.searchsorted(cuts, positions), return_index=True, return_inverse=True)
        state.append(count + number)
        first.append(np.stack([np.full(len(at), place), at]))
        count += len(at)
    return np.stack(state), np.concatenate(first, axis=1)


def _bad(case: Case, agents: Agents | None, settings: DialSettings, ways: tuple[Way, ...], positions: Floats) -> Floats:
    """The probability of a bad world, (C, D).  An operator that is looked at alone is everywhere; else as the settings say.

    Where objection changes no departure, both parts are one.
    """
    asked, founds = _only(settings, *SAFEGUARDS, "users"), list(dict.fromkeys(way.part.found for way in ways))
    bases = [_deployed(case, agents, _only(replace(settings, objects=o), *AGENTS)) for o in (False, True)]
    bases = [bases[0]] * 2 if np.array_equal(bases[0].at, bases[1].at) else bases
    shared, apart = (
        [_tails_at(base, replace(asked, shared_principal=one), positions) for base in bases] for one in (True, False)
    )
    rows = []
    for way in ways:
        part = founds.index(way.part.found)
        many = len(np.flatnonzero(way.operators)) > 1 and not settings.shared_principal
        rows.append((apart[part] if many else way.operators @ shared[part]) @ way.models)
    return np.stack(rows)


def _tails_at(found: Deployment, settings: DialSettings, positions: Floats) -> Floats:
    made, moved = _tails(found, settings).copy(), positions != POSITIONS
    if moved.any():
        made[moved] = tails(_with_options(found, settings), bad_size(found), settings.users, dial=positions[moved])
    return made


@lru_cache(maxsize=16)
def _tails(found: Deployment, settings: DialSettings) -> Floats:
    """P(bad world) given the model, (D, T), or operator and model, (D, O, T): no trust in the model moves it."""
    return tails(_with_options(found, settings), bad_size(found), settings.users)


def _dots(parts: tuple[Part, ...], ways: tuple[Way, ...], first: Ints, positions: Floats) -> Dots:
    """The thousand senders of each state; departures are responses of their own."""
    way, at = first
    counted = []
    for part in parts:
        here = np.flatnonzero([ways[i].part is part for i in way])
        p, q = (np.stack([getattr(ways[i], who) for i in way[here]]) for who in ("operators", "models"))
        counted.append((here, dots(part.found.case, part.found.mean_policy(positions[at[here]], operators=p, models=q))))
    order = np.argsort(np.concatenate([here for here, _ in counted]))
    count, expected = (np.concatenate([getattr(each, name) for _, each in counted])[order] for name in ("count", "expected"))
    return replace(counted[0][1], count=count, expected=expected)


def _own(found: Deployment, shown: Dots) -> tuple[Bools, Bools]:
    """Which cells are departures, and which leave their sender worse off than the instruction would have."""
    value = found.case.value(found.original.harm_weight)
    departs = shown.response >= len(found.original.responses)
    return departs, value[shown.segment, shown.response] < value[shown.segment, found.instead[shown.response]]
