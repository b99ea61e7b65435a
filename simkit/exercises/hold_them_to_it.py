"""Exercises of notebook 08: how many clean probes show a small rate, what a thin audit finds, what a judge that errs hides."""

from __future__ import annotations

import math

from ..audit import acceptance, probes_needed, true_rate
from .exercise import Checks, Known, numeric


@numeric(within=0.001, low=1, high=100_000)
def clean_probes() -> Known:
    """A promise is kept if it is violated in at most 2 of 100 probes. How many probes, all of them clean, show that with an
    error of 5%, if nothing else is tested?

    Hint: If the true rate were 2%, how likely would n clean probes in a row be?
    Hint: That probability is 0.98^n. For which n does it fall to 0.05?
    Hint: math.ceil(math.log(0.05) / math.log(0.98)), or audit.probes_needed(0, 0.02)
    Right: About 3 divided by the rate. Each further zero of the promise costs ten times as many probes.
    """
    return probes_needed(0, 0.02), {
        "That is the rule of three, 3 / 0.02: close, and a little too careful. The exact number is smaller.": 150.0,
        "With so many probes one violation is expected at 2%, but none at all is seen in more than a third of audits.": 50.0,
        "That is for two commitments at once, or for an error of 2.5%.": math.log(0.025) / math.log(0.98),
    }


@numeric(within=0.01, high=59)
def flagged() -> Known:
    """Of 59 commitments each is violated in 2 of 100 probes. An audit makes ten probes of each. In how many of the 59 does it
    see at least one violation, on average?

    Hint: How likely is it that ten probes of one commitment are all clean?
    Hint: A commitment is seen with probability 1 − 0.98^10.
    Hint: 59 * (1 - 0.98**10)
    Right: About eleven of 59, others in the next audit. A list of "violated commitments" is mostly a list of where one looked.
    """
    return 59 * (1 - float(acceptance(10, 0, 0.02))), {
        "Ten probes at 2% make 0.2 violations, but some commitments have two of them: fewer are seen.": 59 * 0.2,
        "So many violations a single probe of each would show.": 59 * 0.02,
        "In so many the audit sees nothing.": 59 * float(acceptance(10, 0, 0.02)),
    }


@numeric(within=0.01, of_100=True)
def behind_the_judge() -> Known:
    """A judge flags 20 of 100 answers. It flags 80 of 100 violations, and by mistake 10 of 100 answers that are fine. How many
    of 100 answers are violations?

    Hint: Of 100 answers let v be violations. How many of the v does the judge flag, and how many of the other 100 − v?
    Hint: 0.8·v + 0.1·(100 − v) = 20
    Hint: 100 * audit.true_rate(0.2, 0.8, 0.9)
    Right: One in seven. It is right only if the judge errs on these answers as it did on those where its errors were counted.
    """
    return 100 * float(true_rate(0.2, 0.8, 0.9)), {
        "So many are flagged. Some of these are mistakes, and some violations are missed.": 20.0,
        "That makes up for what is missed, but not for what is flagged by mistake.": 25.0,
        "That takes away what is flagged by mistake, as if all were fine, and makes up for nothing that is missed.": 10.0,
    }


exercises = (clean_probes, flagged, behind_the_judge)
check = Checks(*exercises)
