"""Exercises of notebook 12: judgements that decide, what a sweep costs, and a value that reverses a conclusion."""

from __future__ import annotations

from ..policy import constant
from ..scenario import load
from ..uncertainty import break_evens
from .exercise import Checks, Known, numeric

PLACE = ("medication-threshold", "vulnerable-platform")


@numeric(within=0.03, high=100, of_100=True)
def reversing_share() -> Known:
    """On the platform for vulnerable people, full-with-care and refuse-with-reason are compared as answers to everybody. At
    which base share of at-risk senders (in percent, before the context) are they worth the same?

    Hint: It is a break-even value. sk.uncertainty.break_evens lists them for two policies.
    Hint: Look for the one that is called "share of at-risk before the context".
    Hint: 100 * next(b for b in sk.uncertainty.break_evens(case, a, b) if "at-risk" in b.of).breaks_even_at[0]
    Right: Below the 5% that the file says, and inside its interval. So this conclusion is open, and this share decides it.
    """
    case = load(PLACE[0]).in_context(PLACE[1])
    policies = [constant(case, name) for name in ("full-with-care", "refuse-with-reason")]
    (found,) = (each for each in break_evens(case, *policies) if each.of.startswith("share of at-risk"))
    known = "That is the share that the file says, not the one that reverses."
    return 100 * found.breaks_even_at[0], {known: 100 * found.value}


@numeric(within=0.01, low=1, high=1e12)
def points_of_a_grid() -> Known:
    """You sweep 46 places, 3 policies, 5 numbers of users and 20 harm weights. How many points are that?

    Hint: A grid holds every combination.
    Hint: Multiply the numbers of values.
    Hint: 46 * 3 * 5 * 20
    Right: Four dimensions, and already more than ten thousand points. That is why points go in chunks, and why what is finished
    is kept.
    """
    return 46 * 3 * 5 * 20, {"Every combination is a point: multiply, do not add.": 46 + 3 + 5 + 20}


@numeric(within=0.02, low=1, high=1e6)
def sampled_worlds() -> Known:
    """A policy is ahead in 35% of the worlds that were drawn. How many worlds must be drawn to know this fraction with a
    standard error of 1 percentage point?

    Hint: Each world is a draw that comes out one way or the other.
    Hint: The standard error of a fraction p in n draws is √(p·(1 − p)/n).
    Hint: Solve √(0.35 · 0.65 / n) = 0.01 for n.
    Right: About two thousand, which simkit draws by default. A fraction of 35% needs no more digits than that.
    """
    relative = "That is for a relative error of 1%. A percentage point is asked for."
    return 0.35 * 0.65 / 0.01**2, {relative: 0.65 / (0.35 * 0.01**2)}


exercises = (reversing_share, points_of_a_grid, sampled_worlds)
check = Checks(*exercises)
