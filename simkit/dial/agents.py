"""Who stands behind an answer: operators, who instruct, and models, who judge; each kind with a probability.

An **operator** is what it instructs: a policy.  A **model** is what it believes: a function from the true case to the case that
it has in mind.  Its own judgement is then the best policy for that case.  Trust is a probability: that the operator is
legitimate, that the model is good.  Nobody has measured these.  Those of `usual_agents` are assumptions, there to be moved.

Operators, and that an assistant should weigh how its own values may have gone wrong: Anthropic's constitution (January 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import guard
from ..arrays import Bools, Floats, frozen
from ..case import Case
from ..policy import Policy, bayes, constant
from ..text import place_of

#: From the true case to the case that a model has in mind.
Belief = Callable[[Case], Case]
#: How far from the truth a mistaken belief lies, if nothing else is said: ten times, an order of magnitude.  An assumption.
TIMES = 10.0


# --- beliefs ----------------------------------------------------------------------------------------------------------


def truth(case: Case) -> Case:
    """Sees the case as it is."""
    return case


def paranoid(case: Case, times: float = TIMES) -> Case:
    """Believes the odds of every harmful segment `times` as large."""
    return _with_odds(case, times)


def naive(case: Case, times: float = TIMES) -> Case:
    """Believes the odds of every harmful segment smaller by `times`."""
    return _with_odds(case, 1 / _positive(times))


def heedless(case: Case, times: float = TIMES) -> Case:
    """Counts every harm and every neglect for less, by `times`: wrong values rather than wrong facts."""
    return replace(case, harm_weight=case.harm_weight / _positive(times))


def contrary(case: Case) -> Case:
    """Wants the opposite: what is worth something to the senders counts against it, help, harm and neglect alike."""
    return _harmless_to(case, np.ones(len(case.segments), dtype=bool), -case.value(case.harm_weight))


def blind(case: Case, segment: str = "") -> Case:
    """Leaves a segment out of account: neither its help nor its harm counts.

    If none is named, it is the harmful segment with the largest share (of a case without any, the smallest segment).
    """
    people = case.population
    share = np.where(people.harmful, people.shares, -1.0) if people.harmful.any() else -people.shares
    left_out = np.arange(len(case.segments)) == (place_of(segment, people.segments, "segment") if segment else share.argmax())
    return _harmless_to(case, left_out, np.where(left_out[:, None], 0.0, case.help))


def _positive(times: float) -> float:
    if not 0 < times < np.inf:
        raise ValueError(f"times: odds are multiplied by a positive number, not by {times:g}")
    return times


def _with_odds(case: Case, times: float) -> Case:
    people = case.population
    odds = people.odds * np.where(people.harmful, _positive(times), 1.0)
    return replace(case, population=replace(people, odds=frozen(odds)))


def _harmless_to(case: Case, segments: Bools, help_: Floats) -> Case:
    """The case with other help, in which some segments (S,) meet neither harm nor neglect."""
    harms, neglects = (
        replace(events, chance=frozen(np.where(segments[:, None], 0.0, events.chance)))
        for events in (case.harm_events, case.neglect_events)
    )
    return replace(case, help=frozen(help_), harm_events=harms, neglect_events=neglects)


# --- agents -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class Operator:
    """One kind of operator: the policy that it instructs, and the probability of meeting it."""

    name: str
    policy: Policy
    chance: float
    legitimate: bool = False
    """Whether meeting this one is what trust in the operator means."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """One kind of model: what it believes of a case, and the probability that the model at hand is of this kind."""

    name: str
    believes: Belief
    chance: float
    good: bool = False
    """Whether being this one is what trust in the model means."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Agents:
    """O kinds of operator and T kinds of model, whose probabilities each add up to 1.

    `evidence` says how sure these are: as sure as after that many operators and that many models were seen.  A ValueError says
    which probability or name makes no sense.
    """

    operators: tuple[Operator, ...]
    models: tuple[Model, ...]
    evidence: float = 10.0

    def __post_init__(self) -> None:
        for what, members in (("operators", self.operators), ("models", self.models)):
            probabilities, names = [member.chance for member in members], [member.name for member in members]
            if not members or min(probabilities) < 0 or abs(sum(probabilities) - 1) > 1e-9:
                raise ValueError(f"the probabilities of {what} are never negative and add up to 1, not {probabilities}")
            if len(set(names)) != len(names):
                raise ValueError(f"two {what} have the same name: {', '.join(names)}")
        if not self.evidence > 0:
            raise ValueError(f"evidence is a positive number of observations, not {self.evidence:g}")

    @property
    def trust_in_operator(self) -> float:
        """P(the operator is legitimate)."""
        return float(sum(operator.chance for operator in self.operators if operator.legitimate))

    @property
    def trust_in_model(self) -> float:
        """P(the model is good)."""
        return float(sum(model.chance for model in self.models if model.good))

    def operator_probabilities(self, trust: ArrayLike | None = None) -> Floats:
        """The probability of each operator, (…, O), if P(legitimate) is `trust` (…): as stated, if none is given.

        Proportions stay within the legitimate ones, and within the others.  A ValueError if a trust is no probability, or would
        need somebody who is not there.
        """
        return _probabilities(self.operators, "operator", "legitimate", trust)

    def model_probabilities(self, trust: ArrayLike | None = None) -> Floats:
        """The probability of each model, (…, T), if P(good) is `trust` (…): as `operator_probabilities`."""
        return _probabilities(self.models, "model", "good", trust)

    def with_trust(self, *, operator: float | None = None, model: float | None = None) -> Agents:
        """The same agents with another P(legitimate) and another P(good)."""
        operators, models = self.operator_probabilities(operator), self.model_probabilities(model)
        return replace(
            self,
            operators=tuple(replace(who, chance=float(p)) for who, p in zip(self.operators, operators, strict=True)),
            models=tuple(replace(who, chance=float(q)) for who, q in zip(self.models, models, strict=True)),
        )

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
        """Plausible probabilities of operators (count, O) and of models (count, T): Dirichlet draws that weigh `evidence`
        observations."""
        stated = self.operator_probabilities(), self.model_probabilities()
        operators, models = (rng.dirichlet(np.maximum(self.evidence * each, 1e-12), count) for each in stated)
        return operators, models


def _probabilities(members: Sequence[Operator | Model], kind: str, trusted: str, trust: ArrayLike | None) -> Floats:
    stated, right = (np.array([getattr(member, name) for member in members]) for name in ("chance", trusted))
    if trust is None:
        return stated
    what = f"the {kind} is {trusted}"
    given = np.asarray(trust, dtype=float)[..., None]
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError(f"trust is the probability that {what}, from 0 to 1, not {given[..., 0]}")
    mixed = given * _parts(stated, right) + (1 - given) * _parts(stated, ~right)
    if (np.abs(mixed.sum(-1) - 1) > 1e-9).any():
        raise ValueError(
            f"the agents have only one side: nobody is there for whom it would matter whether the {kind} is {trusted}"
        )
    return mixed


def _parts(stated: Floats, side: Bools) -> Floats:
    """The probabilities of one side as parts of 1, alike if all are 0; nothing if nobody is on it."""
    weights = np.where(side, stated, 0.0) if stated[side].sum() > 0 else side.astype(float)
    return weights / max(weights.sum(), 1e-300)


def usual_agents(case: Case, *, trust_in_operator: float = 0.9, trust_in_model: float = 0.8) -> Agents:
    """Agents to start from.  All of their probabilities are assumptions.

    Operators: a legitimate one knows who asks and instructs what is best for them; a careless one has the answer given that
    does most harm, to everybody; a malicious one the answer that leaves people with least (help less weighed neglect).  Two of
    three who are not legitimate are careless.  Models: a good one sees the truth; the others are paranoid, naive, blind to a
    segment, heedless of harm, or contrary, each with the same probability.
    """
    for name, trust in (("trust_in_operator", trust_in_operator), ("trust_in_model", trust_in_model)):
        if not 0 <= trust <= 1:
            raise ValueError(f"{name} is a probability from 0 to 1, not {trust:g}")
    free = replace(case, question=None)
    sends, allowed = free.population.shares, case.allowed
    harm, left = sends @ case.harm, sends @ (case.help - case.harm_weight * case.neglect)
    careless = case.responses[int(np.where(allowed, harm, -np.inf).argmax())]
    malicious = case.responses[int(np.where(allowed, left, np.inf).argmin())]
    others = 1 - trust_in_operator
    mistakes: tuple[Belief, ...] = (paranoid, naive, blind, heedless, contrary)
    wrong = (1 - trust_in_model) / len(mistakes)
    return Agents(
        operators=(
            Operator(name="legitimate", policy=bayes(free), chance=trust_in_operator, legitimate=True),
            Operator(name="careless", policy=constant(free, careless), chance=others * 2 / 3),
            Operator(name="malicious", policy=constant(free, malicious), chance=others / 3),
        ),
        models=(
            Model(name="good", believes=truth, chance=trust_in_model, good=True),
            *(Model(name=belief.__name__, believes=belief, chance=wrong) for belief in mistakes),
        ),
    )


guard(__name__)
