"""The corrigibility–autonomy dial on a population: when does a model act on its own judgement, and what comes of it?

At dial 0 the assistant does what its principals say, legitimate, careless or malicious.  At dial 1 it does what its own
judgement says, good or mistaken.  Between them it departs from an instruction on signal k iff its **believed** gain is large
enough:

    departs on k  ⟺  gain[k] > scale · (1 − dial) / dial  ⟺  dial > scale / (gain[k] + scale)

So the dial walks down the list of all departures in the order of their believed gain, largest first, and a curve along it is a
staircase of at most O·T·K steps.  What each step is truly worth is another matter: whether a middle position beats both ends
depends on whether believed gains tell good departures from bad ones.

    W(dial) = Σ_o Σ_t chance_o · chance_t · W of policy.override(instructed_o, own_t, gain_ot, dial)

Operators are independent between requests; a model's mistake is shared by all of its users: one draw of the model a world.
The dial is an idea of Anthropic's constitution (January 2026, "How we think about corrigibility"); this form of it is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Bools, Floats, contract, frozen, frozen_bools, weigh
from ..case import Case
from ..evaluate import fits, per_sender
from ..policy import Policy, bayes, stack
from ..text import html_table, number, percent, text_table
from .agents import Agents, Model, Operator, usual_agents

#: What following each operator gives, what departures change in it, and the harm that they add (`Deployment.change_in`).
Changes = tuple[Floats, Floats, Floats]
#: The positions at which curves are drawn.
POSITIONS = frozen(np.linspace(0, 1, 101))


@dataclass(frozen=True, eq=False, kw_only=True)
class Safeguards:
    """What stands behind a departure; numbers, or arrays that broadcast.  A ValueError says which number is out of range."""

    verification: ArrayLike = 0.0
    """The chance that a departure, right or wrong, is held before it happens; the instruction is then followed."""
    irreversibility: ArrayLike = 1.0
    """How many times as often the harm stays that a departure adds, ≥ 1: it was done against somebody's word, so nobody stood
    ready to undo it."""
    oversight: ArrayLike = 0.0
    """The chance that somebody does notice a departure in time to undo what could have been undone."""

    def __post_init__(self) -> None:
        for name, low, high in (("verification", 0, 1), ("oversight", 0, 1), ("irreversibility", 1, np.inf)):
            given = np.asarray(getattr(self, name), dtype=float)
            if not ((given >= low) & (given <= high) & np.isfinite(given)).all():
                what = "a chance from 0 to 1" if high == 1 else "a finite number from 1 on"
                raise ValueError(f"{name} is {what}, not {given}")

    @property
    def happens(self) -> Floats:
        """The chance that a departure happens, (…,)."""
        return 1 - np.asarray(self.verification, dtype=float)

    @property
    def times(self) -> Floats:
        """How many times the added harm counts, (…,): 1 + (irreversibility − 1) · (1 − oversight)."""
        over = np.asarray(self.irreversibility, dtype=float) - 1
        return 1 + over * (1 - np.asarray(self.oversight, dtype=float))

    @property
    def numbers(self) -> tuple[float, float]:
        """`happens` and `times` as numbers.  A ValueError if they are arrays."""
        if np.ndim(self.happens) or np.ndim(self.times):
            raise ValueError("one number for each safeguard is needed here; `optimum` takes arrays of them")
        return float(self.happens), float(self.times)


#: Nobody checks anything, and added harm is harm like any other.
NONE = Safeguards()


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Deployment:
    """A case and a agents: what each operator instructs, what each model would do instead, and what that is believed and truly
    worth.

    O operators, T models, K signals.  `scale` is the believed gain (help units per sender) that is enough at dial ½.
    `objection` is a believed gain from which the assistant declines what it is told at any position, dial 0 included (None: it
    never does): a departure whose own answer is a refusal is conscientious objection, which a corrigible assistant may do.
    """

    case: Case
    """The truth, without the clarifying question: the assistant answers at once."""
    agents: Agents
    harm_weight: float
    scale: float = 1.0
    objection: float | None = None

    @property
    def operators(self) -> tuple[Operator, ...]:
        """Who may instruct."""
        return self.agents.operators

    @property
    def models(self) -> tuple[Model, ...]:
        """Who may judge."""
        return self.agents.models

    @cached_property
    def believed(self) -> tuple[Case, ...]:
        """The case that each model has in mind, (T)."""
        return tuple(model.believes(self.case) for model in self.models)

    @cached_property
    def instructed(self) -> Policy:
        """What each operator instructs: a batch, answer (O, K, R)."""
        return stack([operator.policy for operator in self.operators])

    @cached_property
    def own(self) -> Policy:
        """What each model would do: the best policy for the case that it believes in; a batch, answer (T, K, R)."""
        return stack([bayes(self.case, believed=world, harm_weight=world.harm_weight) for world in self.believed])

    @cached_property
    def gain(self) -> Floats:
        """Believed gain of own judgement per sender of each signal, (O, T, K), help units; 0 where both would do the same."""
        found = np.stack([self._believed_gain(t, world) for t, world in enumerate(self.believed)], axis=1)
        same = (np.abs(self.instructed.answer[:, None] - self.own.answer) <= 1e-12).all(-1)
        return frozen(np.where(same, 0.0, found))

    def _believed_gain(self, t: int, world: Case) -> Floats:
        """(O, K) for one model; what is rounding beside the stakes is 0."""
        value = world.value(world.harm_weight)
        more = contract(self.own.answer[t], value.T) - contract(self.instructed.answer, value.T)  # (O, K, S)
        rows = weigh(world.population.posterior, more, axis=-1)
        return np.where(np.abs(rows) > 1e-12 * np.abs(value).max(), rows, 0.0)

    @cached_property
    def at(self) -> Floats:
        """The position beyond which each departure happens, (O, T, K): scale / (gain + scale); ∞ if never, −1 if always."""
        believed = self.gain
        place = np.where(believed > 0, self.scale / (np.maximum(believed, 0) + self.scale), np.inf)
        if self.objection is None:
            return frozen(place)
        declines = self.own.answer[:, :, self.case.refuses].sum(-1) > 0.5
        more = declines & ~(self.instructed.answer[:, None][..., self.case.refuses].sum(-1) > 1 - 1e-12)
        return frozen(np.where(more & (believed > self.objection), -1.0, place))

    @cached_property
    def cuts(self) -> Floats:
        """The positions at which something changes, rising, (M,): M + 1 steps, the first of them at dial 0."""
        return frozen(np.unique(self.at[(self.at > 0) & (self.at < 1)]))

    def departing(self, dial: ArrayLike) -> Bools:
        """Whether each departure happens at each position, (O, T, K, D)."""
        positions = np.asarray(dial, dtype=float)
        if not ((positions >= 0) & (positions <= 1)).all():
            raise ValueError(f"the dial goes from 0 (fully corrigible) to 1 (fully autonomous), not {positions}")
        return np.asarray(self.at[..., None] < positions.ravel())

    @cached_property
    def on_step(self) -> Floats:
        """A position on each step of the staircase, (M + 1,): 0, then the last position of each."""
        return frozen(np.concatenate([[0.0], self.cuts[1:], [1.0]]) if len(self.cuts) else [0.0])

    @cached_property
    def on_steps(self) -> Floats:
        """Which departures happen on each step, (O, T, K, M + 1), as 0 and 1."""
        return self.departing(self.on_step).astype(float)

    # --- what a departure changes, exactly ---

    @cached_property
    def values(self) -> Floats:
        """Help, harm and neglect of each response to each segment, (3, S, R)."""
        return np.stack([self.case.help, self.case.harm, self.case.neglect])

    @cached_property
    def base(self) -> Floats:
        """Help, harm and neglect of following each operator, per sender of a segment with a signal, (3, O, S, K)."""
        return np.stack([per_sender(self.case, self.instructed, values) for values in self.values])

    @cached_property
    def change(self) -> Floats:
        """What a departure changes in help, harm and neglect, per sender of a segment with a signal, (3, O, T, S, K)."""
        own = np.stack([per_sender(self.case, self.own, values) for values in self.values])
        return own[:, None] - self.base[:, :, None]

    @cached_property
    def added(self) -> Floats:
        """The harm and the neglect that a departure adds, answer for answer, (2, O, T, S, K), ≥ 0: (own − instructed)⁺."""
        more = np.maximum(self.values[1:, :, None, :] - self.values[1:, :, :, None], 0.0)  # (2, S, instructed, own)
        given = np.einsum("okq,vsqr->vokrs", self.instructed.answer, more)
        return np.einsum("vokrs,tkr->votsk", given, self.own.answer, optimize=True)

    def change_in(self, joint: Floats) -> Changes:
        """base (…, 3, O), change (…, 3, O, T, K) and added (…, 2, O, T, K) per request if segments and signals have chances
        (…, S, K)."""
        shape = joint.shape[:-2]
        base = joint.reshape(*shape, -1) @ self.base.reshape(-1, joint.shape[-2] * joint.shape[-1]).T
        by_signal = np.moveaxis(joint, -1, 0)  # (K, …, S)
        change, added = (_per_request(by_signal, values) for values in (self.change, self.added))
        return base.reshape(*shape, *self.base.shape[:2]), change, added

    @cached_property
    def stated(self) -> Changes:
        """base (3, O), change (3, O, T, K) and added (2, O, T, K) per request at the stated shares."""
        return self.change_in(self.case.population.joint)

    @cached_property
    def best(self) -> float:
        """Net value of the best policy, which neither operator nor model can beat, help units per request."""
        found = bayes(self.case, harm_weight=self.harm_weight)
        nets = per_sender(self.case, found, self.case.value(self.harm_weight))
        return float((nets * self.case.population.joint).sum())

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """The agents: what each would give to most senders if it alone decided, and what that would be worth."""
        rows = [*self._rows("operator", self.operators, self.instructed), *self._rows("model", self.models, self.own)]
        return ["who", "chance", "alone, gives most senders", "worth per 1000"], rows

    def _rows(self, kind: str, members: Sequence[Operator | Model], policies: Policy) -> list[list[str]]:
        people = self.case.population
        nets = (per_sender(self.case, policies, self.case.value(self.harm_weight)) * people.joint).sum((-1, -2))
        mostly = (people.signal_chance[:, None] * policies.answer).sum(1).argmax(1)
        return [
            [f"{kind}: {member.name}", percent(member.chance), self.case.responses[given], number(1000 * float(net))]
            for member, net, given in zip(members, nets, mostly, strict=True)
        ]

    def _note(self) -> str:
        return f"{self.case.title}: what each of the cast would do, and what it would be worth in help units"

    def __repr__(self) -> str:
        return f"{self._note()}\n{text_table(*self._table())}"

    def _repr_html_(self) -> str:
        return html_table(*self._table(), self._note())


def _per_request(by_signal: Floats, values: Floats) -> Floats:
    """Σ_s joint[…, s, k] · values[v, o, t, s, k], (…, v, o, t, k)."""
    lead, count = values.shape[:3], values.shape[-1]
    rows = np.stack([by_signal[k] @ values[..., k].reshape(-1, values.shape[3]).T for k in range(count)], axis=-1)
    return rows.reshape(*by_signal.shape[1:-1], *lead, count)


def deploy(
    case: Case,
    agents: Agents | None = None,
    *,
    harm_weight: float | None = None,
    scale: float = 1.0,
    objection: float | None = None,
) -> Deployment:
    """Put a cast (the usual one, if none is given) to work on a case.

    The clarifying question is left out.  What the operator of the context forbids is an instruction: operators of the usual
    cast keep to it, own judgement may depart from it.  Hard constraints bind both.  A ValueError if an operator's policy
    breaks one, is a batch, asks, differs by state or was made for another case, if a belief has other signals or responses, or
    if a harm has no finite mean: gains are means.
    """
    weight = float(case.weight(harm_weight))
    told = replace(case, question=None, harm_weight=weight)
    true = replace(told, forbidden=frozen_bools(np.zeros_like(case.forbidden)))
    agents = agents or usual_agents(told)
    if true.infinite_mean:
        raise ValueError(f"gains are means: a severity of {case.name} has no finite mean, so there is no dial over it")
    if not (0 < scale < np.inf and (objection is None or objection >= 0)):
        raise ValueError(f"the scale is positive and finite, an objection never negative, not {scale:g} and {objection}")
    for operator in agents.operators:
        policy = operator.policy
        if policy.batch or policy.states or policy.after is not None:
            raise ValueError(f"{operator.name} needs one policy that answers at once and is the same in all states")
        fits(true, policy)
        if (policy.answer[:, true.crosses] > 0).any():
            raise ValueError(f"{operator.name} instructs what crosses a hard constraint of {case.name}: no position allows it")
    return Deployment(case=true, agents=agents, harm_weight=weight, scale=scale, objection=objection)


# --- along the dial ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class Outlook:
    """Means per request, (…,): help (help units), harm and neglect (harm units), net and regret (help units), shares of
    senders.

    `departs` is the share of senders for whom the instruction is not followed, `mistaken` the share for whom that departure is
    a loss on average over those who send their signal.
    """

    help: Floats
    harm: Floats
    neglect: Floats
    net: Floats
    regret: Floats
    departs: Floats
    mistaken: Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """Outlooks along the dial for each operator and each model: arrays (O, T, D); `dial` (D,), `chance` (O, T)."""

    dial: Floats
    each: Outlook
    chance: Floats
    operators: tuple[str, ...]
    models: tuple[str, ...]

    def expected(self, operator: str | None = None, model: str | None = None) -> Outlook:
        """The outlook (D,) with one operator, one model, or both; over whatever is not named by its chances.  A ValueError if
        unknown."""
        rows = self._row(operator, self.operators, self.chance.sum(1)), self._row(model, self.models, self.chance.sum(0))
        weight = np.outer(*rows).ravel()
        parts = {name: weight @ values.reshape(len(weight), -1) for name, values in vars(self.each).items()}
        return Outlook(**parts)

    @staticmethod
    def _row(name: str | None, names: tuple[str, ...], chance: Floats) -> Floats:
        if name is None:
            return chance
        if name not in names:
            raise ValueError(f"nobody in the cast is called {name!r}; there are {', '.join(names)}")
        return np.eye(len(names))[names.index(name)]


def along(found: Deployment, dial: ArrayLike = POSITIONS, *, safeguards: Safeguards = NONE) -> Curve:
    """Exact means along the dial, for each operator and model.  Positions (D,); safeguards are numbers here.

    Only the steps of the staircase are computed, then looked up.
    """
    positions = np.atleast_1d(np.asarray(dial, dtype=float))
    found.departing(positions)
    step = np.searchsorted(found.cuts, positions, side="left")
    each = outlook(found, found.on_steps, safeguards)
    picked = Outlook(**{name: values[..., step] for name, values in vars(each).items()})
    chance = np.outer(found.agents.operator_chances(), found.agents.model_chances())
    names = tuple(o.name for o in found.operators), tuple(m.name for m in found.models)
    return Curve(dial=positions, each=picked, chance=chance, operators=names[0], models=names[1])


def outlook(found: Deployment, taken: Floats, safeguards: Safeguards = NONE) -> Outlook:
    """Means of each operator and model if the departures `taken` (O, T, K, F), as 0 and 1, happen: arrays (O, T, F)."""
    base, change, added = found.stated
    happens, times = safeguards.numbers
    change = np.concatenate([change[:1], change[1:] + (times - 1) * added])
    help_, harm, neglect = base[:, :, None, None] + happens * (change[..., None, :] @ taken)[..., 0, :]
    net = help_ - found.harm_weight * (harm + neglect)
    gains = change[0] - found.harm_weight * (change[1] + change[2])
    sent = happens * found.case.population.signal_chance
    return Outlook(
        help=help_,
        harm=harm,
        neglect=neglect,
        net=net,
        regret=found.best - net,
        departs=(sent @ taken),
        mistaken=(np.where(gains < 0, sent, 0.0)[..., None, :] @ taken)[..., 0, :],
    )
