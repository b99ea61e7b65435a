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
from .exercise import Checks, Exercise, Form, Known, numeric


@cache
def _deployed(trust_in_operator: float = 0.9) -> Deployment:
    case = load("medication-threshold").in_context("vulnerable-platform")
    return deploy(case, usual_agents(case, trust_in_operator=trust_in_operator))


@numeric(within=0.02, of_100=True)
def good_values() -> Known:
    """Operators are worse than thought: legitimate with a probability of 70% only. From which probability of good values on, in
    percent, is full autonomy worth more than full corrigibility?

    Hint: Two by two again, for another deployment.
    Hint: deploy(case, agents) puts agents to work; sk.dial.agents.usual_agents(case, trust_in_operator=0.7) makes them.
    Hint: 100 * sk.dial.overrides.two_by_two(the deployment).break_even
    Right: The worse the principals, the less is lost by acting: the same argument needs less faith in the model.
    """
    at_70, at_90 = (100 * two_by_two(_deployed(trust)).break_even for trust in (0.7, 0.9))
    return at_70, {
        "That is the table above, in which 90% of operators are legitimate.": at_90,
        "That is the probability of other values at which both are worth the same.": 100 - at_70,
    }


@numeric(within=0.02, low=1, high=100)
def irreversibility() -> Known:
    """Suppose that the harm that departures add stays more often, because nobody was ready to undo it. From which factor
    (irreversibility) on is the best position below one half?

    Hint: Move irreversibility under More, and watch the ring.
    Hint: sk.dial.deployment.Safeguards takes an array of factors, and sk.dial.optimum.best_position answers for each.
    Hint: best_position(deployment.with_options(safeguards=Safeguards(irreversibility=np.linspace(1, 3, 1001)))).high
    Right: It need not even count twice: what departures add in harm comes mostly of the few contrary models.
    """
    factors = np.linspace(1, 3, 1001)
    best = best_position(_deployed().with_options(safeguards=Safeguards(irreversibility=factors)))
    return float(factors[np.argmax(best.high < 0.5)]), {}


@numeric(within=0.02, high=1000)
def fewest_bad_worlds() -> Known:
    """One principal stands behind all deployments of a model with a million users. Of 1000 worlds, how many are bad (more than
    twice the loss of following all instructions) at the position where the fewest are?

    Hint: In the instrument choose one operator for all, and look for the lowest place of the second curve.
    Hint: sk.dial.losses.bad_worlds gives a probability for 101 positions; the size is twice the loss per user at 0.
    Hint: 1000 * sk.dial.losses.bad_worlds(deployment.with_options(shared_principal=True), size, 1_000_000).min()
    Right: At the corrigible end a bad principal is obeyed everywhere, at the other a bad model acts everywhere.
    """
    start = along(_deployed(), [0.0]).expected()
    size = 2 * float(start.harm[0] + start.neglect[0])
    bad = 1000 * bad_worlds(_deployed().with_options(shared_principal=True), size, 1_000_000)
    return float(bad.min()), {
        "So many are bad at the corrigible end, where a bad principal is obeyed.": float(bad[0]),
        "So many are bad at the autonomous end, where a bad model is free.": float(bad[-1]),
        "That is a fraction of worlds; the question is how many of 1000.": float(bad.min()) / 1000,
    }


@Exercise
def corrigible_is_best(answer: Any) -> str:
    """Make agents with whom full corrigibility is best although the model is good with a probability of at least one half.
    Leave the operators as they are.

    Hint: Which of the models does most harm where it departs from a good instruction?
    Hint: dataclasses.replace(deployment.agents, models=(…)) with two models: one good, one of your choice.
    Hint: sk.dial.agents.Model(name="contrary", believes=sk.dial.agents.contrary, chance=0.5) beside a good one like it.
    Right: Trust alone does not place the dial: it matters what the others would do, and how surely.
    """
    if not isinstance(answer, Agents):
        what = "sk.dial.agents.Agents, or those of a deployment changed by dataclasses.replace"
        return Form(f"Agents are needed ({what}), not {type(answer).__name__}.")
    if abs(answer.trust_in_operator - 0.9) > 0.005:
        return f"Leave trust in the operator at 90%; here it is {answer.trust_in_operator:.0%}."
    if answer.trust_in_model < 0.5:
        return f"The model is to be good with a probability of at least one half; here it is {answer.trust_in_model:.0%}."
    best = best_position(deploy(_deployed().original, answer))
    return f"With these agents the best position is {float(best.high):.2f}." if float(best.low) > 0 else ""


exercises = (good_values, irreversibility, fewest_bad_worlds, corrigible_is_best)
check = Checks(*exercises)
