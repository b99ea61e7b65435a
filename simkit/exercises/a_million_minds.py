"""Exercises of notebook 10: what an assistant displaces, how many opinions there are, and a jury that copies."""

from __future__ import annotations

from ..theory.society import common_assistant, effective_opinions, jury_right
from .exercise import Checks, Known, numeric


@numeric(within=0.02, low=0, high=100, of_100=True)
def displaced() -> Known:
    """All listen to all. People give their own view the weight 0.6. A new assistant takes a weight of 0.2, all of it from
    people's own view. How many percent of the variance that there was between people are left?

    Hint: Only the weight of one's own view counts for the differences between people. What is it before, and after?
    Hint: The variance is γ² times the variance of the priors, before with γ = 0.6, after with γ = 0.4.
    Hint: 100 * (0.4 / 0.6) ** 2
    Right: More than half of the differences are gone, although the assistant has a fifth of the say. Taken from the neighbours'
    weight instead, it would have cost none.
    """
    parts = [float(common_assistant(0, gamma=g, alpha=0.2, assistant=0).kept) for g in (0.4, 0.6)]
    return 100 * parts[0] / parts[1], {
        "That is the part of the standard deviation. Variance is its square.": 100 * 0.4 / 0.6,
        "That is beside the priors. Compare with what there was before the assistant.": 100 * parts[0],
        "That would be so if the weight came from the neighbours.": 100.0,
    }


@numeric(within=0.02, low=1, high=1e6)
def opinions_left() -> Known:
    """A million people answer a question, and their answers have a correlation of 0.1, since many asked the same assistant. How
    many independent answers are they worth?

    Hint: If the correlation were 1, they would be worth one answer; if it were 0, a million.
    Hint: n / (1 + (n − 1)·ρ), with n = 1,000,000 and ρ = 0.1.
    Hint: from simkit.theory import society; society.effective_opinions(1_000_000, 0.1)
    Right: About ten. Beyond a few dozen people more of them hardly help: what they share does not average out.
    """
    return float(effective_opinions(1e6, 0.1)), {
        "That is n·ρ. Divide n by 1 + (n − 1)·ρ.": 1e5,
        "That would be so at ρ = 0.": 1e6,
    }


@numeric(within=0.05, low=0, high=100, of_100=True)
def copying_jury() -> Known:
    """101 people vote, each right with probability 0.6. With some probability all of them copy one answer of an assistant,
    which is right with probability 0.6 as well. How likely may that be, in percent, if the majority is to be right in 9 of 10
    votes?

    Hint: Without copying the majority is right in 97.9% of votes; if all copy, in 60%. In between it is a straight line.
    Hint: Solve ρ·0.6 + (1 − ρ)·0.979 = 0.9 for ρ.
    Hint: society.jury_right(101, 0.6, rho) for rho from 0 to 1; where is it 0.9?
    Right: About one vote in five. A crowd is wise as long as it does not copy.
    """
    best = float(jury_right(101, 0.6, 0.0))
    value = 100 * (best - 0.9) / (best - 0.6)
    return value, {"That is how often they may be independent. The question asks how often they may copy.": 100 - value}


exercises = (displaced, opinions_left, copying_jury)
check = Checks(*exercises)
