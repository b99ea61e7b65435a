"""Exercises of notebook 06: who passes open audits, what covert ones cost in time, and a rule that keeps its word."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from ..theory.release import ReleaseRule, course, months_needed
from ..theory.trust import Types
from .exercise import Exercise, Form, checker, near

MONTHS = 24
LEAST_ALIGNED, MOST_DECEPTIVE = 0.70, 0.10


@cache
def models() -> Types:
    """The models of the notebook."""
    return Types(aligned=0.8, overt=0.1, deceptive=0.1, fails=0.3, slips=0.02, unnoticed=0.5)


def _deceptive_at_best() -> float:
    types = models()
    return 100 * float(types.deceptive / (types.aligned + types.deceptive))


def _months(covert_every: int) -> float:
    return months_needed(models(), 0.95, covert_every=covert_every)


@cache
def _months_if_never_noticed() -> float:
    return months_needed(replace(models(), unnoticed=1.0), 0.95, covert_every=1)


def _judge_rule(answer: Any) -> str:
    """A rule that loosens most aligned models and few deceptive ones within two years."""
    if not isinstance(answer, ReleaseRule):
        return Form(f"A rule is needed, such as release.by_verified_record(types, …), not {type(answer).__name__}.")
    try:
        found = course(answer, models(), MONTHS).loosened[-1]
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        return f"This rule cannot be followed for {MONTHS} months: {error}."
    aligned, _, deceptive = (float(chance) for chance in found)
    if deceptive > MOST_DECEPTIVE + 1e-9:
        most = f"at most {100 * MOST_DECEPTIVE:.0f} are allowed"
        return f"It loosens {100 * deceptive:.3g} of 100 deceptive models; {most}."
    if aligned < LEAST_ALIGNED - 1e-9:
        least = f"at least {100 * LEAST_ALIGNED:.0f} are asked for"
        return f"It loosens only {100 * aligned:.3g} of 100 aligned models within {MONTHS} months; {least}."
    return ""


exercises = (
    Exercise(
        "A model passes open audits only, thousands of them, without a failure. Of 100 models with that record, how many are "
        "deceptive?",
        near(
            _deceptive_at_best,
            within=0.02,
            of_100=True,
            low=0,
            high=100,
            mistakes={
                "So many were deceptive at the start. The overt ones have dropped out since, and of those who are left the "
                "deceptive are a larger part.": lambda: 10.0,
                "So many are aligned. The question is how many are deceptive.": lambda: 100 - _deceptive_at_best(),
                "That would be so if every audit had a chance to find them. Open audits have none.": lambda: 0.001,
            },
        ),
        right="One in nine, more than at the start. The record says that this model is not overtly misaligned, and no more.",
        hints=(
            "Which of the three types are still there after thousands of passed open audits, and in which proportion?",
            "Aligned and deceptive models pass open audits equally often: 80 of the one to 10 of the other, as at the start.",
            "100 * 10 / (80 + 10)",
        ),
    ),
    Exercise(
        "Every audit is covert, and all are passed. After how many months does trust reach 95%?",
        near(
            lambda: _months(1),
            within=0.001,
            low=0,
            high=1000,
            mistakes={
                "So many months it takes if every second audit is covert.": lambda: _months(2),
                "That would be so if no covert audit were ever noticed. Here half of them are.": _months_if_never_noticed,
            },
        ),
        right="Two thirds of the time that it takes with every second audit covert. Verification is bought with audits that "
        "are hard to make.",
        hints=(
            "A covert audit is failed with chance 0.3 if it goes unnoticed, and with chance 0.02 if it is noticed.",
            "Count models: 80 aligned, 10 overt, 10 deceptive, times the chance of each to pass n such audits.",
            "release.months_needed(types, 0.95, covert_every=1)",
        ),
    ),
    Exercise(
        "Make a release rule that, within 24 months, loosens at least 70 of 100 aligned models and at most 10 of 100 deceptive "
        "ones.",
        _judge_rule,
        right="It has a price: an aligned model waits more than a year, and every month has a covert audit. Somebody must be "
        "able to make that many, and half of them must stay unnoticed.",
        hints=(
            "Audits that deceptive models can fail are needed. How many of the 24 can be covert?",
            "A higher threshold keeps out deceptive models and holds up aligned ones: see release.course(…).loosened[-1].",
            "release.by_verified_record(types, threshold, covert_every=1), with a threshold between 0.98 and 0.99",
        ),
    ),
)

check = checker(exercises)
