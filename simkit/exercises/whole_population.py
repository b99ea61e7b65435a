"""Exercises of notebook 02: when a front page is due, what independence hides, and what Monte Carlo costs."""

from __future__ import annotations

import numpy as np

from ..aggregate import total
from ..event_counts import front_pages
from ..policy import constant
from ..scenario import load
from .exercise import Checks, Known, numeric


@numeric(within=0.2, low=1, high=10000000000.0)
def even_odds() -> Known:
    """From how many senders on is a front page about harm (one harm larger than 300 harm units) more likely than not, if
    everybody gets full-with-care?

    Hint: In the instrument, unfold More and find where the solid line of full-with-care crosses one half.
    Hint: The probability that nobody of N makes the page is (1 − p)^N, with p for N = 1. For which N is it one half?
    Hint: sk.event_counts.front_pages(case, policy, N, harm=300, neglect=300).harm, for N from 100 thousand to a million
    Right: About 1.3 in a million for one sender, and even odds after 560 000 of them. How soon that is depends only on how many
    ask.
    """
    case, users = load("medication-threshold"), np.geomspace(1e3, 1e9, 6001)
    pages = front_pages(case, constant(case, "full-with-care"), users, harm=300, neglect=300)
    even = float(users[np.argmax(pages.harm >= 0.5)])
    early = (
        "That is one over the probability that one sender makes the page. By then the probability that nobody did is still "
        "(1 − 1/N)^N, about 37%: even odds come earlier."
    )
    return even, {early: even / np.log(2)}


@numeric(within=0.03, high=1000)
def largest_total() -> Known:
    """All 8 billion people ask, everybody gets full-with-care, and all share whichever state their world is in. Which multiple
    of the mean does the total harm exceed in one run of a thousand?

    Hint: Choose the mode shared state (not shared state and rate), and move the slider to the end.
    Hint: total(…).quantile(0.999) / total(…).mean, with the case as it is.
    Hint: sk.total(case, sk.policy.constant(case, "full-with-care"), 8_000_000_000) has .quantile and .mean
    Right: Independence averages out; what all share does not, however many they are.
    """
    case = load("medication-threshold")
    found = [total(each, constant(case, "full-with-care"), 8 * 10**9) for each in (case, case.with_independent_senders())]
    shared, alone = (float(each.quantile(0.999) / each.mean) for each in found)
    return shared, {
        "That is so if runs do not differ in their state: every sender in a state of their own, or all in the usual one. Here "
        "all of a run read the same news.": alone,
        "That is how many percent more than the mean. The question is how many times the mean.": 100 * (shared - 1),
    }


@numeric(within=0.02, low=1, high=1000000000000.0)
def runs_needed() -> Known:
    """How many runs must be simulated to know a probability of one in a thousand with a relative standard error of 1%?

    Hint: How often must the event be seen so that its count has a standard deviation of 1%?
    Hint: The count in n runs is binomial with mean n·p and standard deviation √(n·p·(1 − p)).
    Hint: √(n·p·(1 − p)) / (n·p) = 0.01; solve for n.
    Right: Ten million runs of N senders each, for one number about one policy. The exact distribution takes milliseconds.
    """
    ten = "So many runs show the event ten times on average, and a count of ten is known only to within about a third."
    return (1 - 0.001) / (0.001 * 0.01**2), {ten: 1e4}


exercises = (even_odds, largest_total, runs_needed)
check = Checks(*exercises)
