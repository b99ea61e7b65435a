"""Exercises of notebook 02: when a front page is due, what independence hides, and what a simulation costs."""

from __future__ import annotations

from functools import cache

from ..event_counts import front_pages
from ..policy import constant
from ..scenario import load
from ..totals import total
from ..widgets.crowd_view import independent
from ..widgets.race import worlds_needed
from .exercise import Exercise, checker, near

PAGE = 300.0


@cache
def _even_odds() -> float:
    """The number of senders from which a front page about harm is more likely than not."""
    case = load("medication-threshold")
    policy, low, high = constant(case, "full-with-care"), 1, 10**10
    while high - low > 1:
        middle = (low + high) // 2
        likely = front_pages(case, policy, middle, harm=PAGE, neglect=PAGE).harm >= 0.5
        low, high = (low, middle) if likely else (middle, high)
    return float(high)


@cache
def _factor(shared: bool) -> float:
    """How many times its mean the total of 8 billion exceeds in one world of a thousand."""
    case = load("medication-threshold")
    law = total(case if shared else independent(case), constant(case, "full-with-care"), 8 * 10**9)
    return float(law.quantile(0.999) / law.mean)


exercises = (
    Exercise(
        "From how many senders on is a front page about harm (one harm larger than 300 harm units) more likely "
        "than not, if everybody "
        "gets full-with-care?",
        near(
            _even_odds,
            within=0.2,
            low=1,
            high=1e10,
            mistakes={
                "That is one over the chance that one sender makes the page. By then the chance that nobody did is still "
                "(1 − 1/N)^N, about 37%: even odds come earlier.": lambda: _even_odds() / 0.6931,
            },
        ),
        right="About 1.3 in a million for one sender, and even odds after 560 000 of them. How soon that is "
        "depends only on how "
        "many ask.",
        hints=(
            "In the instrument, unfold More and find where the solid line of full-with-care crosses one half.",
            "The chance that nobody of N makes the page is (1 − p)^N, with p for N = 1. For which N is it one half?",
            "sk.event_counts.front_pages(case, policy, N, harm=300, neglect=300).harm "
            "for a few N between 100 thousand and a million",
        ),
    ),
    Exercise(
        "All 8 billion people ask, everybody gets full-with-care, and all share whichever state their world is "
        "in. Which multiple "
        "of the mean does the total harm exceed in one world of a thousand?",
        near(
            lambda: _factor(True),
            within=0.03,
            low=0,
            high=1000,
            mistakes={
                "That is so if worlds do not differ in their state: every sender in a state of their own, or all in the usual "
                "one. Here all of a world read the same news.": lambda: _factor(False),
                "That is how many percent more than the mean. The question is how many times the mean.": lambda: (
                    100 * (_factor(True) - 1)
                ),
            },
        ),
        right="Independence averages out; what all share does not, however many they are.",
        hints=(
            "Choose the mode shared state (not shared state and rate), and move the slider to the end.",
            "total(…).quantile(0.999) / total(…).mean, with the case as it is.",
            'sk.total(case, sk.policy.constant(case, "full-with-care"), 8_000_000_000) has .quantile and .mean',
        ),
    ),
    Exercise(
        "How many worlds must be simulated to know a chance of one in a thousand with a relative standard error of 1%?",
        near(
            lambda: worlds_needed(0.001),
            within=0.02,
            low=1,
            high=1e12,
            mistakes={
                "So many worlds show the event ten times on average, and a count of ten is known only to "
                "within about a third.": lambda: 1e4
            },
        ),
        right="Ten million worlds of N senders each, for one number about one policy. The exact law takes milliseconds.",
        hints=(
            "How often must the event be seen so that its count has a standard deviation of 1%?",
            "The count of n worlds is binomial with mean n·p and standard deviation √(n·p·(1 − p)).",
            "√(n·p·(1 − p)) / (n·p) = 0.01; solve for n.",
        ),
    ),
)

check = checker(exercises)
