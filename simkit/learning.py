"""What training makes of a written policy: pushed towards what an evaluator rewards, or learned from demonstrations.

A spec says what is meant (`spec.compile`); a trained model does what it does.  Each function here gives a batch of policies
along an axis, so that every reading and every instrument shows the distance between the two.

* **Pushed**: `slipping` is a model that was told the written policy and keeps to it most of the time; `rated` is what an
  evaluator gives, who may believe in another case; `trained`, `best_of` and `quantilizer` push the one towards the other.
* **Shown**: `imitating` learns from demonstrations on some signals, by the nearest one or by reading the rule; `compliance`
  says how often a policy does what the written rules leave.

Hard constraints are filters outside of the model: whatever training rewards, it does not reach what crosses one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from .arguments import guard
from .arrays import Floats, checked
from .case import Case
from .evaluate import fits
from .policy import Axis, Policy, blend, from_array
from .spec import WrittenPolicy
from .text import place_of
from .theory import training
from .theory.inputs import amount, positive, probability, real

# --- pushed -----------------------------------------------------------------------------------------------------------


def slipping(case: Case, policy: Policy, slips: float = 0.1) -> Policy:
    """A model that was told a policy: it keeps to it, and with probability `slips` gives any response, each as likely.

    Responses that cross a hard constraint are never given.  A ValueError unless 0 < slips ≤ 1, or if the policy asks.
    """
    if not 0 < slips <= 1:
        raise ValueError(f"slips is a probability above 0, not {slips:g}: training moves only what happens now and then")
    _single(case, policy)
    anything = ~case.crosses / (~case.crosses).sum()
    return from_array(case, (1 - slips) * policy.answer + slips * anything, name=f"{policy.name}, before training")


def rated(believed: Case, *, harm_weight: float | None = None) -> Floats:
    """What an evaluator gives for each response to each signal, (K, R), help units: the net value that it believes in.

    `believed` is the case as the evaluator sees it: another context's stakes, a population in which some are missing, no harm
    (`harm_weight=0`).  A bonus or an error is added to the array.
    """
    return believed.population.posterior @ believed.value(believed.weight(harm_weight))


def trained(case: Case, start: Policy, reward: ArrayLike, *, pressure: ArrayLike) -> Policy:
    """The policy that training makes of `start`: on each signal start · exp(pressure · reward), see `training.tilted`.

    For its evaluator it is the best of all that are as near to the start.  `reward` (K, R) is in help units, so the unit of
    `pressure` is nats per help unit; an array of them makes a batch.
    """
    return _pushed(case, start, reward, training.tilted, amount("pressure", pressure), "pressure", "nats per help unit")


def best_of(case: Case, start: Policy, reward: ArrayLike, *, tries: ArrayLike) -> Policy:
    """The policy that gives the best of so many tries, as the evaluator rates them; an array makes a batch."""
    return _pushed(case, start, reward, training.best_of_n, amount("tries", tries, low=1), "best of", "tries")


def quantilizer(case: Case, start: Policy, reward: ArrayLike, *, top: ArrayLike) -> Policy:
    """The policy that draws from the best rated part `top` of what `start` does (Taylor 2016); an array makes a batch."""
    return _pushed(
        case, start, reward, training.quantilized, probability("top", positive("top", top)), "top part", "of the start"
    )


def _pushed(
    case: Case, start: Policy, reward: ArrayLike, how: Callable[..., Floats], given: Floats, name: str, unit: str
) -> Policy:
    """`how` pushes each signal's row of `start` towards the reward, by so much."""
    _single(case, start)
    score = checked("reward", reward, {"signals": len(start.answer), "responses": len(case.responses)})
    axis = Axis(name, tuple(given.tolist()), unit) if given.ndim == 1 else None
    return from_array(case, how(start.answer, score, given[..., None]), name="trained", axis=axis)


def _single(case: Case, policy: Policy) -> None:
    """A ValueError unless a policy is one of this case, without a question and the same in every state."""
    fits(case, policy)
    if policy.batch or policy.states:
        raise ValueError(f"training starts from one policy; {policy.name} is a batch, or differs by state")
    if policy.after is not None:
        raise ValueError(
            f"{policy.name} asks a question, which is not trained here: make it for dataclasses.replace(case, question=None)"
        )


def scored(case: Case, policy: Policy, reward: ArrayLike) -> Floats:
    """The mean reward of a policy, or of each of a batch, per sender of a case, (…,): what the evaluator measures."""
    fits(case, policy)
    return (policy.answer * real("reward", reward)).sum(-1) @ case.population.signal_chance


def moved(case: Case, start: Policy, policy: Policy) -> Floats:
    """The divergence of a policy, or of each of a batch, from `start`, in nats per sender of a case, (…,)."""
    return training.divergence(policy.answer, start.answer) @ case.population.signal_chance


# --- shown ------------------------------------------------------------------------------------------------------------


def imitating(case: Case, written: Policy, seen: Sequence[str], *, reads: ArrayLike) -> Policy:
    """A policy learned from demonstrations of a written one on the signals `seen`; an array of `reads` makes a batch.

    With probability `reads` it reads the rule, and does what is written on the signal at hand (deliberating); else it does what
    was shown on the nearest signal, of which the fewest parts differ, each of several with equal probability (matching
    patterns).  A ValueError if no signal was seen, or one that the case does not have.
    """
    _single(case, written)
    names, shown = case.population.signal_names, _places(case, seen)
    if not shown:
        raise ValueError(f"name one signal at least that was demonstrated: {', '.join(names)}")
    parts = np.array([name.split("+") for name in names])
    apart = (parts[:, None] != parts[shown]).sum(-1)
    near = (apart == apart.min(1, keepdims=True)).astype(float)
    pattern = from_array(case, near / near.sum(1, keepdims=True) @ written.answer[shown], name="imitating")
    made = blend(pattern, written, probability("reads", reads))
    return replace(made, name="imitating", axis=made.axis and replace(made.axis, name="reads the rule"))


def _places(case: Case, signals: Sequence[str]) -> list[int]:
    """Where signals stand; a ValueError suggests a name."""
    return [place_of(name, case.population.signal_names, f"signal of {case.name}") for name in signals]


def compliance(case: Case, written: WrittenPolicy, policy: Policy, signals: Sequence[str] = ()) -> Floats:
    """P(the response is one that the written rules leave | one of these signals), (…,), as they come in this case.

    Without `signals` all count.  nan if nobody sends any of them.
    """
    fits(case, policy)
    left = np.array([[name in ruling.left for name in case.responses] for ruling in written.rulings])
    some = np.zeros(len(left))
    some[_places(case, signals or case.population.signal_names)] = 1
    chance = case.population.signal_chance * some
    with np.errstate(invalid="ignore"):
        return (policy.answer * left).sum(-1) @ chance / chance.sum()


guard(__name__)
