"""What the instrument of the dial finds at each of its 101 positions: a pure function from a case and settings.

Positions are seen for the agents as expected and for each operator and each model looked at alone; worlds are drawn with a
fixed seed.  What a control does not change is kept: a trust, a safeguard or the number of users moves one part only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ..arrays import Floats, Ints
from ..case import Case
from ..dial.agents import Agents, usual_agents
from ..dial.deployment import POSITIONS, Deployment, Safeguards, deploy
from ..dial.losses import tails
from ..dial.optimum import Verdict, verdict, worth
from ..dial.overrides import along
from ..icon_array import Dots, dots
from .instrument import Settings
from .stage import Options

WORLDS = 1000
EXPECTED = "as expected"
#: How many times the loss of following every instruction a world must have to be called bad.
BAD = 2.0
#: In whom one may trust, and the means that are shown.
WHOM = ("model", "operator")
MEANS = ("help", "harm", "neglect", "net", "departs", "mistaken")


@dataclass(frozen=True, kw_only=True)
class DialSettings(Settings):
    """The choices of `dial`.  Trusts are the probabilities that the operator is legitimate and that the model is good
    (None: as the agents have it).

    `position` is where the dial stands; `operator` and `model` name one of them to look at alone; `aversion` is what spread
    (the sd over the model, and the principal if it is shared) counts beside the mean; `objects` lets the assistant decline at
    any position what it believes to be worse than declining by more than `scale`.
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
class DialView:
    """All that is shown.  C ways to look at the agents, D positions, F states.

    `offered` are the agents that may be looked at alone, and `looks` the probabilities of operators (C, O) and of models
    (C, T) in each way to look; operators count slowest.  `means` are (C, D) each, per request: help, loss, net, departs,
    mistaken; `tops` (C,) the largest net at any position, between those of the slider too; `worths` (D,) are net less what
    spread counts, `bad` (C, D) probabilities of a bad world (None: not asked for).

    Between two departures nothing changes: `state` (C, D) numbers what is seen, `first` (2, F) are a look and a position at
    which each state is seen, and `dots` are those of the F states.
    """

    found: Deployment
    offered: dict[str, tuple[str, ...]]
    looks: tuple[Floats, Floats]
    means: dict[str, Floats]
    tops: Floats
    bad: Floats | None
    sure: Verdict
    state: Ints
    first: Ints
    dots: Dots

    @property
    def worths(self) -> Floats:
        """Worth at each position, (D,)."""
        return worth(self.found)[self.found.step(POSITIONS)]

    @property
    def expected(self) -> bool:
        """Whether the first way to look is at the agents as expected."""
        return all(names[0] == EXPECTED for names in self.offered.values())

    def of_states(self, values: Floats) -> Floats:
        """The values (C, D) of each state, (F,)."""
        return values[tuple(self.first)]


def look(case: Case, settings: DialSettings, agents: Agents | None = None, *, only: bool = False) -> DialView:
    """Evaluate what the settings ask for, with the usual agents if none is given.

    With `only`, for the chosen way to look alone and without bad worlds, which may take long.  A ValueError names a setting
    that makes no sense.
    """
    found = _with_options(_deployed(case, agents, _only(settings, *CAST, "trust_in_model")), settings)
    offered = offers(found)
    for name, known in offered.items():
        Options(name, known).place(getattr(settings, name))
    if only:
        offered = {name: (getattr(settings, name),) for name in offered}
    looks, curve = _looks(found, offered), along(found)
    means = {name: _seen(looks, getattr(curve.each, name)) for name in MEANS}
    state, first = _states(found, looks)
    return DialView(
        found=found,
        offered=offered,
        looks=looks,
        means=means | {"loss": means["harm"] + means["neglect"]},
        tops=_seen(looks, along(found, found.on_step).each.net).max(-1),
        bad=None if only else _bad(_deployed(case, agents, _only(settings, *CAST)), looks, settings),
        sure=_verdict(case, agents, _only(settings, *CAST, "trust_in_model", *SAFEGUARDS, "aversion", "shared_principal")),
        state=state,
        first=first,
        dots=_dots(found, looks, first),
    )


#: What a deployment depends on beside the trust in the model, and what stands behind a departure.
CAST = ("context", "trust_in_operator", "scale", "objects")
SAFEGUARDS = ("verification", "irreversibility", "oversight")


def _only(settings: DialSettings, *names: str) -> DialSettings:
    """The settings with nothing chosen but these: what is kept for them holds whatever else is chosen."""
    return DialSettings(**{name: getattr(settings, name) for name in names})


@lru_cache(maxsize=8)
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


@lru_cache(maxsize=8)
def _verdict(case: Case, agents: Agents | None, settings: DialSettings) -> Verdict:
    found = _deployed(case, agents, _only(settings, *CAST, "trust_in_model"))
    return verdict(_with_options(found, settings), rng=np.random.default_rng(0), worlds=WORLDS)


def offers(found: Deployment) -> dict[str, tuple[str, ...]]:
    """What the toggles offer: the agents as expected, or one of it alone."""
    return {
        "operator": (EXPECTED, *(operator.name for operator in found.agents.operators)),
        "model": (EXPECTED, *(model.name for model in found.agents.models)),
    }


def _looks(found: Deployment, offered: dict[str, tuple[str, ...]]) -> tuple[Floats, Floats]:
    """Chances of operators and models in each way to look at the agents: operators count slowest."""
    operators, models = (
        np.vstack([chances, np.eye(len(chances))])[[known.index(name) for name in names]]
        for chances, known, names in zip(
            (found.agents.operator_probabilities(), found.agents.model_probabilities()),
            offers(found).values(),
            offered.values(),
            strict=True,
        )
    )
    return np.repeat(operators, len(models), axis=0), np.tile(models, (len(operators), 1))


def _seen(looks: tuple[Floats, Floats], values: Floats) -> Floats:
    """Means (C, D) of values (O, T, D)."""
    weight = (looks[0][:, :, None] * looks[1][:, None, :]).reshape(len(looks[0]), -1, 1)
    return (weight * values.reshape(weight.shape[1], -1)).sum(1)  # a row is the same whatever stands beside it


def _states(found: Deployment, looks: tuple[Floats, Floats]) -> tuple[Ints, Ints]:
    """The number of each way to look and position, (C, D), and the first way and position of each number, (2, F)."""
    state, first, count = [], [], 0
    for way, (p, q) in enumerate(zip(*looks, strict=True)):
        cuts = np.unique(found.at[p > 0][:, q > 0])  # those that count here
        _, at, number = np.unique(np.searchsorted(cuts, POSITIONS), return_index=True, return_inverse=True)
        state.append(count + number)
        first.append(np.stack([np.full(len(at), way), at]))
        count += len(at)
    return np.stack(state), np.concatenate(first, axis=1)


def bad_size(found: Deployment) -> float:
    """The loss per user, harm units, above which a world is called bad: so many times that of following every instruction."""
    return BAD * float(found.agents.operator_probabilities() @ found.means[1:, :, 0].sum((0, -1)))


def _bad(found: Deployment, looks: tuple[Floats, Floats], settings: DialSettings) -> Floats:
    """The probability of a bad world, (C, D).  An operator that is looked at alone is everywhere; else as the settings say."""
    stands = _only(settings, *SAFEGUARDS, "users")
    chances = _seen(looks, np.moveaxis(_tails(found, replace(stands, shared_principal=True)), 0, -1))
    if not settings.shared_principal:
        models = len(found.agents.models) + 1  # the first rows: operators as expected
        chances[:models] = looks[1][:models] @ _tails(found, stands).T
    return chances


@lru_cache(maxsize=8)
def _tails(found: Deployment, settings: DialSettings) -> Floats:
    """P(bad world) given the model, (D, T), or operator and model, (D, O, T): no trust in the model moves it."""
    return tails(_with_options(found, settings), bad_size(found), settings.users)


def _dots(found: Deployment, looks: tuple[Floats, Floats], first: Ints) -> Dots:
    """The thousand senders of each state; a departure counts as the answer that it gives."""
    way, at = first
    operators, models = (probabilities[way] for probabilities in looks)
    counted = dots(found.case, found.mean_policy(POSITIONS[at], operators=operators, models=models))
    return replace(counted, case=found.original, response=found.gives[counted.response])
