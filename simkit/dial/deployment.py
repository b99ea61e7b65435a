"""The corrigibility–autonomy dial on a population: when does a model act on its own judgement?

At dial 0 the assistant does what its principals say, legitimate, careless or malicious.  At dial 1 it does what its own
judgement says, good or mistaken.  Between them it departs from an instruction on signal k iff its **believed** gain is large
enough:

    departs on k  ⟺  gain[k] > scale · (1 − dial) / dial  ⟺  dial > scale / (gain[k] + scale)

So the dial walks down the list of all departures in the order of their believed gain, largest first, and a curve along it is a
staircase of at most O·T·K steps.  What each step is truly worth is another matter: whether a middle position beats both ends
depends on whether believed gains tell good departures from bad ones.

    W(dial) = Σ_o Σ_t probability_o · probability_t · W of policy.override(instructed_o, own_t, gain_ot, dial)

Operators are independent between requests; a model's mistake is shared by all of its users.  `Deployment.case` and
`Deployment.policy` are an ordinary case and an ordinary batch of policies, so every reading of simkit holds for the dial.  The
dial is an idea of Anthropic's constitution (January 2026, "How we think about corrigibility"); this form of it is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import guard
from ..arrays import Floats, Ints, frozen, frozen_bools
from ..case import Case
from ..evaluate import fits, gain, per_sender
from ..policy import Axis, Policy, bayes, stack
from ..text import Printable, Printed, number, percent
from .agents import Agents, Model, Operator, usual_agents
from .correlated import with_agents, with_departures

#: The positions at which curves are drawn.
POSITIONS = frozen(np.linspace(0, 1, 101))


@dataclass(frozen=True, eq=False, kw_only=True)
class Safeguards:
    """What stands behind a departure; numbers, or arrays that broadcast.  A ValueError says which number is out of range."""

    verification: ArrayLike = 0.0
    """P(a departure, right or wrong, is held before it happens); the instruction is then followed."""
    irreversibility: ArrayLike = 1.0
    """How many times as often the harm stays that a departure adds, ≥ 1: it was done against somebody's word, so nobody stood
    ready to undo it."""
    oversight: ArrayLike = 0.0
    """P(somebody does notice a departure in time to undo what could have been undone)."""

    def __post_init__(self) -> None:
        for name, low, high in (("verification", 0, 1), ("oversight", 0, 1), ("irreversibility", 1, np.inf)):
            given = np.asarray(getattr(self, name), dtype=float)
            if not ((given >= low) & (given <= high) & np.isfinite(given)).all():
                needed = "a probability from 0 to 1" if high == 1 else "a finite number from 1 on"
                raise ValueError(f"{name} is {needed}, not {given}")

    @property
    def happens(self) -> Floats:
        """P(a departure happens), (…,)."""
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
class Deployment(Printed):
    """A case and its agents: what each operator instructs, what each model would do instead, what that is believed to gain.

    O operators, T models, K signals.  `deploy` makes one.  A ValueError names the option or the operator that makes no sense.
    """

    original: Case
    """The truth, without the clarifying question: the assistant answers at once."""
    agents: Agents
    scale: float = 1.0
    """The believed gain (help units per sender) that is enough at dial ½."""
    objection: float | None = None
    """A believed gain from which the assistant declines what it is told at any position, dial 0 included (None: it never does).
    A departure whose own answer is a refusal is conscientious objection, which a corrigible assistant may do."""
    safeguards: Safeguards = NONE
    shared_principal: bool = False
    """Whether one operator stands behind all requests, as one model does."""
    aversion: float = 0.0
    """How much the spread (sd of net value over what all users share) counts against its mean, ≥ 0."""

    def __post_init__(self) -> None:
        case = self.original
        if case.infinite_mean:
            raise ValueError(f"gains are means: a severity of {case.name} has no finite mean, so there is no dial over it")
        if not (0 < self.scale < np.inf and (self.objection is None or self.objection >= 0)):
            raise ValueError(
                f"the scale is positive and finite, an objection never negative, not {self.scale:g} and {self.objection}"
            )
        if not 0 <= self.aversion < np.inf:
            raise ValueError(f"an aversion to spread is a finite number, never negative, not {self.aversion}")
        for operator in self.agents.operators:
            policy = operator.policy
            if policy.batch or policy.states or policy.after is not None:
                raise ValueError(f"{operator.name} needs one policy that answers at once and is the same in all states")
            fits(case, policy)
            if (policy.answer[:, case.crosses] > 0).any():
                raise ValueError(
                    f"{operator.name} instructs what crosses a hard constraint of {case.name}: no position allows it"
                )

    def with_options(
        self,
        *,
        safeguards: Safeguards | None = None,
        shared_principal: bool | None = None,
        aversion: float | None = None,
    ) -> Deployment:
        """The same deployment with other options; whatever does not depend on them is not computed again."""
        given = {"safeguards": safeguards, "shared_principal": shared_principal, "aversion": aversion}
        new = replace(self, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        vars(new).update({name: value for name, value in vars(self).items() if name not in {"case", "effects", *vars(new)}})
        return new

    # --- instructions and judgements ---

    @cached_property
    def instructed(self) -> Policy:
        """What each operator instructs: a batch, answer (O, K, R)."""
        return stack([operator.policy for operator in self.agents.operators])

    @cached_property
    def _believed(self) -> list[Case]:
        return [model.believes(self.original) for model in self.agents.models]

    @cached_property
    def own(self) -> Policy:
        """What each model would do: the best policy for the case that it believes in; a batch, answer (T, K, R)."""
        return stack([bayes(self.original, believed=world, harm_weight=world.harm_weight) for world in self._believed])

    @cached_property
    def gain(self) -> Floats:
        """Believed gain of own judgement per sender of each signal, (O, T, K), help units; 0 where both would do the same."""
        believed = zip(self._believed, self.own, strict=True)
        gains = np.stack([gain(world, self.instructed, own) for world, own in believed], axis=1)
        rounding = [1e-12 * np.abs(world.value(world.harm_weight)).max() for world in self._believed]
        same = (np.abs(self.instructed.answer[:, None] - self.own.answer) <= 1e-12).all(-1)
        return frozen(np.where(same | (np.abs(gains) <= np.array(rounding)[:, None]), 0.0, gains))

    # --- the staircase ---

    @cached_property
    def at(self) -> Floats:
        """The position beyond which each departure happens, (O, T, K): scale / (gain + scale); ∞ if never, −1 if always."""
        believed = self.gain
        place = np.where(believed > 0, self.scale / (np.maximum(believed, 0) + self.scale), np.inf)
        if self.objection is None:
            return frozen(place)
        declines = self.own.answer[:, :, self.original.refuses].sum(-1) > 0.5
        more = declines & ~(self.instructed.answer[:, None][..., self.original.refuses].sum(-1) > 1 - 1e-12)
        return frozen(np.where(more & (believed > self.objection), -1.0, place))

    @cached_property
    def cuts(self) -> Floats:
        """The positions at which something changes, rising, (M,): M + 1 steps, the first of them at dial 0."""
        return frozen(np.unique(self.at[(self.at > 0) & (self.at < 1)]))

    @cached_property
    def on_step(self) -> Floats:
        """A position on each step of the staircase, (M + 1,): 0, then the last position of each."""
        return frozen(np.concatenate([[0.0], self.cuts[1:], [1.0]]) if len(self.cuts) else [0.0])

    @cached_property
    def taken(self) -> Floats:
        """Which departures happen on each step, (O, T, K, M + 1), as 0 and 1."""
        return frozen(self.at[..., None] < self.on_step)

    def step(self, dial: ArrayLike) -> Ints:
        """The step on which each position stands, (D,).  A ValueError unless positions go from 0 to 1."""
        positions = np.ravel(np.asarray(dial, dtype=float))
        if not ((positions >= 0) & (positions <= 1)).all():
            raise ValueError(f"the dial goes from 0 (fully corrigible) to 1 (fully autonomous), not {positions}")
        return np.searchsorted(self.cuts, positions, side="left")

    # --- what departures change, exactly ---

    @cached_property
    def _terms(self) -> Floats:
        """Help, harm and neglect per sender of a segment with a signal, (3, O, 1 + 2T, S, K).

        First if the operator is followed, then what each departure changes in them, then the harm and neglect that each adds,
        answer for answer, ≥ 0: (own − instructed)⁺.
        """
        case, told, own = self.original, self.instructed, self.own
        stakes = np.stack([case.help, case.harm, case.neglect])
        followed, decided = (np.stack([per_sender(case, policy, values) for values in stakes]) for policy in (told, own))
        more = np.maximum(stakes[:, :, None, :] - stakes[:, :, :, None], 0.0)  # (3, S, instructed, own)
        more[0] = 0.0  # harm and neglect only
        added = np.einsum("vokrs,tkr->votsk", np.einsum("okq,vsqr->vokrs", told.answer, more), own.answer, optimize=True)
        return np.concatenate([followed[:, :, None], decided[:, None] - followed[:, :, None], added], axis=2)

    @cached_property
    def means(self) -> Floats:
        """Help, harm and neglect per request at the stated shares, on each signal, (3, O, 1 + 2T, K).

        First of following each operator; then what each departure changes in them; then the harm that it adds.
        """
        return (self._terms * self.original.population.joint).sum(-2)

    @cached_property
    def effects(self) -> tuple[Floats, Floats]:
        """Help, harm and neglect of following (3, O, K), and what departures change in them with safeguards (3, O, T, K)."""
        models = len(self.agents.models)
        added = (self.safeguards.numbers[1] - 1) * self.means[:, :, models + 1 :]
        return self.means[:, :, 0], self.means[:, :, 1 : models + 1] + added

    @cached_property
    def net(self) -> Floats:
        """Net value of the same, (O, 1 + 2T, K), help units per request."""
        return self.value(self.means)

    def net_in(self, joint: Floats) -> Floats:
        """The same if segments and signals have probabilities `joint` (…, S, K): (…, O, 1 + 2T, K)."""
        operators, _, _, signals = (nets := self.value(self._terms)).shape
        rows = [joint[..., k] @ nets[..., k].reshape(-1, joint.shape[-2]).T for k in range(signals)]
        return np.stack(rows, axis=-1).reshape(*joint.shape[:-2], operators, -1, signals)

    def value(self, means: Floats) -> Floats:
        """Net value of help, harm and neglect (3, …), help units."""
        return means[0] - self.original.harm_weight * (means[1] + means[2])

    @cached_property
    def best(self) -> Floats:
        """Net value of the best policy on each signal, (K,), help units per request: no operator and no model beats the sum."""
        case = self.original
        nets = per_sender(case, bayes(case), case.value(case.harm_weight))
        return frozen((nets * case.population.joint).sum(0))

    # --- an ordinary case and an ordinary batch of policies ---

    @cached_property
    def case(self) -> Case:
        """The case in which copies err together: R + P responses, and a state for each model (or operator and model).

        Every reading takes it with `policy`.  A ValueError if the harm that departures add would become more than certain.
        """
        probabilities, names = self.agents.model_probabilities(), [model.name for model in self.agents.models]
        if self.shared_principal:
            probabilities = np.outer(self.agents.operator_probabilities(), probabilities).ravel()
            names = [f"{operator.name}, {name}" for operator in self.agents.operators for name in names]
        return with_agents(with_departures(self.original, self._pairs, self.safeguards.numbers[1]), names, probabilities)

    @cached_property
    def _pairs(self) -> Ints:
        """The pairs (instructed, own) of answers that departures can be, (P, 2)."""
        given = (self.instructed.answer > 0)[:, None, :, :, None] & (self.own.answer > 0)[None, :, :, None, :]
        return np.argwhere((given & (self.at < 1)[..., None, None]).any((0, 1, 2)))

    @property
    def gives(self) -> Ints:
        """The answer of the original case that each response of `case` gives, (R + P,)."""
        return np.append(np.arange(len(self.original.responses)), self._pairs[:, 1]).astype(np.int64)

    @property
    def instead(self) -> Ints:
        """The answer that was instructed where each response of `case` is given, (R + P,)."""
        return np.append(np.arange(len(self.original.responses)), self._pairs[:, 0]).astype(np.int64)

    def policy(self, dial: ArrayLike) -> Policy:
        """What the assistant does at a position, or at an array of them (D,), in every state of `case`: (…, Z, K, R + P)."""
        operators, models = self.at.shape[:2]
        mixed = np.eye(operators) if self.shared_principal else self.agents.operator_probabilities()[None]
        who = frozen(np.kron(mixed, np.eye(models)))
        answers = np.repeat(self._answers(dial, who), len(self.original.population.states), axis=1)
        return self._policy("agents", dial, answers, self.case.population.states)

    def mean_policy(self, dial: ArrayLike, *, operators: ArrayLike | None = None, models: ArrayLike | None = None) -> Policy:
        """The same on average over the agents, for readings that take one policy for all states: answer (…, K, R + P).

        `operators` (…, O) and `models` (…, T) are probabilities, for all positions or for each of them; as stated if none are
        given.  Its means are exact; of totals it knows nothing, since models are shared.
        """
        p = np.atleast_2d(np.asarray(self.agents.operator_probabilities() if operators is None else operators, dtype=float))
        q = np.atleast_2d(np.asarray(self.agents.model_probabilities() if models is None else models, dtype=float))
        who = (p[:, :, None] * q[:, None, :]).reshape(-1, 1, self.at.shape[0] * self.at.shape[1])
        return self._policy("agents on average", dial, self._answers(dial, who)[:, 0], ())

    def _answers(self, dial: ArrayLike, who: Floats) -> Floats:
        """What is answered at each position by each mixture `who` (…, A, O · T) of operators and models: (D, A, K, R + P)."""
        happens, (instead, own) = self.safeguards.numbers[0], self._pairs.T
        instructed = np.broadcast_to(self.instructed.answer[:, None], (*self.at.shape, self.instructed.answer.shape[-1]))
        departures = instructed[..., instead] * self.own.answer[..., own]
        follow = np.concatenate([instructed, np.zeros(departures.shape)], axis=-1)
        depart = np.concatenate([(1 - happens) * instructed, happens * departures], axis=-1)
        departs = np.moveaxis(self.taken[..., self.step(dial)], -1, 0)[..., None] > 0
        each = np.where(departs, depart, follow)
        return (who @ each.reshape(len(each), who.shape[-1], -1)).reshape(len(each), -1, *each.shape[3:])

    def _policy(self, name: str, dial: ArrayLike, answers: Floats, states: tuple[str, ...]) -> Policy:
        positions = np.asarray(dial, dtype=float)
        return Policy(
            name=name,
            answer=answers.reshape(*positions.shape, *answers.shape[1:]),
            axis=Axis("dial", tuple(positions.tolist())) if positions.ndim == 1 else None,
            states=states,
            signals=self.case.population.signal_names,
            responses=self.case.responses,
        )

    # --- in words ---

    def _parts(self) -> Iterable[Printable]:
        yield f"{self.original.title}: what each of the agents would do, and what it would be worth in help units"
        operators = self._rows("operator", self.agents.operators, self.instructed)
        models = self._rows("model", self.agents.models, self.own)
        yield ["who", "probability", "alone, gives most senders", "worth per 1000"], [*operators, *models]

    def _rows(self, kind: str, members: Sequence[Operator | Model], policies: Policy) -> list[list[str]]:
        case, people = self.original, self.original.population
        nets = (per_sender(case, policies, case.value(case.harm_weight)) * people.joint).sum((-1, -2))
        mostly = (people.signal_chance[:, None] * policies.answer).sum(1).argmax(1)
        return [
            [f"{kind}: {member.name}", percent(member.chance), case.responses[given], number(1000 * float(net))]
            for member, net, given in zip(members, nets, mostly, strict=True)
        ]


def deploy(
    case: Case,
    agents: Agents | None = None,
    *,
    harm_weight: float | None = None,
    scale: float = 1.0,
    objection: float | None = None,
    safeguards: Safeguards = NONE,
    shared_principal: bool = False,
    aversion: float = 0.0,
) -> Deployment:
    """Put agents (`usual_agents`, if none are given) to work on a case; the options are fields of `Deployment`.

    The clarifying question is left out.  What the operator of the context forbids is an instruction: the usual operators keep
    to it, own judgement may depart from it.  Hard constraints bind both.  A ValueError if an operator's policy breaks one, is a
    batch, asks, differs by state or was made for another case, if a belief has other signals or responses, or if a harm has no
    finite mean: gains are means.
    """
    asked = replace(case, question=None, harm_weight=float(case.weight(harm_weight)))
    return Deployment(
        original=replace(asked, forbidden=frozen_bools(np.zeros_like(case.forbidden))),
        agents=agents or usual_agents(asked),
        scale=scale,
        objection=objection,
        safeguards=safeguards,
        shared_principal=shared_principal,
        aversion=aversion,
    )


guard(__name__)
