"""Exercises of notebook 11: arguments as evidence, attempts that add up, and where a line is worth its price."""

from __future__ import annotations

import math

from ..theory.persuasion import break_even_exception, likelihood_ratio, posterior
from .exercise import Checks, Known, numeric


@numeric(within=0.01, high=100, of_100=True)
def strong_argument() -> Known:
    """One sender in 100 manipulates. Manipulators try 50 arguments and send the strongest; everybody else sends the one they
    have. An argument comes that beats 99 of 100 honest ones. In how many percent of such cases is it manipulation?

    Hint: How much likelier is an argument of this strength from somebody who had 50 tries than from somebody who had one?
    Hint: The likelihood ratio is n·F^(n−1) with n = 50 and F = 0.99. Posterior odds are prior odds times this ratio.
    Hint: from simkit.theory import persuasion; persuasion.posterior(0.01, persuasion.likelihood_ratio(0.99, 50))
    Right: About 30 times as likely, and still less than one in four: the prior was small. With a prior of one in 20 it would
    be most of them.
    """
    ratio = float(likelihood_ratio(0.99, 50))
    value = 100 * float(posterior(0.01, ratio))
    return value, {
        "That is prior times ratio. Odds are multiplied, not probabilities: divide by odds + 1.": float(100 * 0.01 * ratio),
        "That is the prior. The argument has not been heard yet.": 1.0,
    }


@numeric(within=0.02, low=1, high=1e9)
def attempts() -> Known:
    """A careful judge lets a wrong request through once in 10,000. Requests can be tried again, with new words. After how many
    attempts has it been more likely than not that one got through?

    Hint: The probability that none of K attempts gets through is (1 − f)^K.
    Hint: Solve (1 − f)^K = 1/2 for K.
    Hint: K = ln 2 / −ln(1 − f), with f = 0.0001; persuasion.breach(0.0001, K) should be 0.5
    Right: Some 7,000 attempts, a few minutes for a machine. A rule that does not listen gets no worse with attempts.
    """
    value = math.log(2) / -math.log1p(-1e-4)
    return value, {"That is one over the error. By then the probability is already 63%.": 1e4}


@numeric(within=0.01, high=100, of_100=True)
def worth_of_a_line() -> Known:
    """A wrong exception costs 1000 times what a justified one is worth. Judging case by case, a wrong request is accepted a
    tenth as often as a justified one. How many percent of the requests must be justified before judging beats a hard line?

    Hint: Write down what judging gains from justified requests, and what it loses to the others, for a fraction j.
    Hint: Judging gains j·V and loses (1 − j)·r·L, with L = 1000·V and r = 0.1. Where are they equal?
    Hint: persuasion.break_even_exception(1, 1000, 0.1)
    Right: More than 99 of 100. A line is not for doubtful cases; it is for those in which nearly every reason to cross it is
    a bad one.
    """
    value = 100 * float(break_even_exception(1, 1000, 0.1))
    alike = "That is for a judge who accepts wrong and justified requests alike. This one accepts wrong ones a tenth as often."
    return value, {
        alike: 100 * float(break_even_exception(1, 1000, 1)),
        "That is r = 0.01.": 100 * float(break_even_exception(1, 1000, 0.01)),
    }


exercises = (strong_argument, attempts, worth_of_a_line)
check = Checks(*exercises)
