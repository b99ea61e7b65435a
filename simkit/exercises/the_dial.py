"""Exercises of notebook 05: how sure of good values, how irreversible, how many bad worlds, and agents of one's own."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..dial.agents import Agents, usual_agents
from ..dial.deployment import Deployment, Safeguards, deploy
from ..dial.losses import bad_worlds
from ..dial.optimum import best_position
from ..dial.overrides import along, two_by_two
from ..scenario import load
from .exercise import Exercise, Form, checker, near

USERS = 1_000_000


@cache
def _deployed(trust_in_operator: float = 0.9) -> Deployment:
    case = load("medication-threshold").in_context("vulnerable-platform")
    return deploy(case, usual_agents(case, trust_in_operator=trust_in_operator))


@cache
def _break_even(trust_in_operator: float) -> float:
    """P(good values), in percent, from which full autonomy is worth more than full corrigibility."""
    return 100 * two_by_two(_deployed(trust_in_operator)).break_even


@cache
def _irreversibility() -> float:
    """The irreversibility from which the best position lies below ½."""
    low, high = 1.0, 20.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        best = best_position(_deployed().with_options(safeguards=Safeguards(irreversibility=middle)))
        low, high = (middle, high) if best.high >= 0.5 else (low, middle)
    return high


@cache
def _bad() -> np.ndarray:
    """Bad worlds of 1000 along the dial, if one principal stands behind all deployments."""
    start = along(_deployed(), [0.0]).expected()
    size = 2 * float(start.harm[0] + start.neglect[0])
    return 1000 * bad_worlds(_deployed().with_options(shared_principal=True), size, USERS)


def _judge_agents(answer: Any) -> str:
    if not isinstance(answer, Agents):
        return Form(
            f"Agents are needed (sk.dial.agents.Agents, or those changed by dataclasses.replace), not {type(answer).__name__}."
        )
    if abs(answer.trust_in_operator - 0.9) > 0.005:
        return f"Leave trust in the operator at 90%; here it is {answer.trust_in_operator:.0%}."
    if answer.trust_in_model < 0.5:
        return f"The model is to be good with a probability of at least one half; here it is {answer.trust_in_model:.0%}."
    best = best_position(deploy(_deployed().original, answer))
    if float(best.low) > 0:
        return f"With these agents the best position is {float(best.high):.2f}."
    return ""


exercises = (
    Exercise(
        "Operators are worse than thought: legitimate with a probability of 70% only. From which probability of good values "
        "on, in percent, is full autonomy worth more than full corrigibility?",
        near(
            lambda: _break_even(0.7),
            within=0.02,
            low=0,
            high=100,
            of_100=True,
            mistakes={
                "That is the table above, in which 90% of operators are legitimate.": lambda: _break_even(0.9),
                "That is the probability of other values at which both are worth the same.": lambda: 100 - _break_even(0.7),
            },
        ),
        right="The worse the principals, the less is lost by acting: the same argument needs less faith in the model.",
        hints=(
            "Two by two again, for another deployment.",
            "deploy(case, agents) puts agents to work; sk.dial.agents.usual_agents(case, trust_in_operator=0.7) makes them.",
            "100 * sk.dial.overrides.two_by_two(the deployment).break_even",
        ),
    ),
    Exercise(
        "Suppose that the harm that departures add stays more often, because nobody was ready to undo it. From which factor "
        "(irreversibility) on is the best position below one half?",
        near(_irreversibility, within=0.02, low=1, high=100),
        right="It need not even count twice: what departures add in harm comes mostly of the few contrary models.",
        hints=(
            "Move irreversibility under More, and watch the ring.",
            "sk.dial.deployment.Safeguards takes an array of factors, and sk.dial.optimum.best_position answers for each.",
            "best_position(deployment.with_options(safeguards=Safeguards(irreversibility=np.linspace(1, 3, 1001)))).high",
        ),
    ),
    Exercise(
        "One principal stands behind all deployments of a model with a million users. Of 1000 worlds, how many are "
        "bad (more than twice the loss of following all instructions) at the position where the fewest are?",
        near(
            lambda: float(_bad().min()),
            within=0.02,
            low=0,
            high=1000,
            mistakes={
                "So many are bad at the corrigible end, where a bad principal is obeyed.": lambda: float(_bad()[0]),
                "So many are bad at the autonomous end, where a bad model is free.": lambda: float(_bad()[-1]),
                "That is a fraction of worlds; the question is how many of 1000.": lambda: float(_bad().min()) / 1000,
            },
        ),
        right="At the corrigible end a bad principal is obeyed everywhere, at the other a bad model acts everywhere.",
        hints=(
            "In the instrument choose one operator for all, and look for the lowest place of the second curve.",
            "sk.dial.losses.bad_worlds gives a probability for 101 positions; the size is twice the loss per user at 0.",
            "1000 * sk.dial.losses.bad_worlds(deployment.with_options(shared_principal=True), size, 1_000_000).min()",
        ),
    ),
    Exercise(
        "Make agents with whom full corrigibility is best although the model is good with a probability of at least one "
        "half. Leave the operators as they are.",
        _judge_agents,
        right="Trust alone does not place the dial: it matters what the others would do, and how surely.",
        hints=(
            "Which of the models does most harm where it departs from a good instruction?",
            "dataclasses.replace(deployment.agents, models=(…)) with two models: one good, one of your choice.",
            'sk.dial.agents.Model(name="contrary", believes=sk.dial.agents.contrary, chance=0.5) beside a good one like it.',
        ),
    ),
)

check = checker(exercises)
