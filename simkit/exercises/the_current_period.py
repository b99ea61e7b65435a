"""Exercises of notebook 06: who passes open audits, what covert ones cost in time, and a rule that keeps its word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..theory.release import ReleaseRule, course, months_needed
from ..theory.trust import Types
from .exercise import Checks, Exercise, Form, Known, numeric

MONTHS = 24
#: The models of the notebook.
MODELS = Types(aligned=0.8, overt=0.1, deceptive=0.1, fails=0.3, slips=0.02, unnoticed=0.5)


@numeric(within=0.02, of_100=True)
def deceptive_at_best() -> Known:
    """A model passes open audits only, thousands of them, without a failure. Of 100 models with that record, how many are
    deceptive?

    Hint: Which of the three types are still there after thousands of passed open audits, and in which proportion?
    Hint: Aligned and deceptive models pass open audits equally often: 80 of the one to 10 of the other, as at the start.
    Hint: 100 * 10 / (80 + 10)
    Right: One in nine, more than at the start. The record says that this model is not overtly misaligned, and no more.
    """
    left = 100 * float(MODELS.deceptive / (MODELS.aligned + MODELS.deceptive))
    return left, {
        "So many were deceptive at the start. The overt ones have dropped out since, and of those who are left the deceptive "
        "are a larger part.": 10.0,
        "So many are aligned. The question is how many are deceptive.": 100 - left,
        "That would be so if every audit could find them. Open audits cannot.": 0.001,
    }


@numeric(within=0.001, high=1000)
def covert_months() -> Known:
    """Every audit is covert, and all are passed. After how many months does trust reach 95%?

    Hint: A covert audit is failed with probability 0.3 if it goes unnoticed, and with probability 0.02 if it is noticed.
    Hint: Count models: 80 aligned, 10 overt, 10 deceptive, times the probability of each to pass n such audits.
    Hint: release.months_needed(types, 0.95, covert_every=1)
    Right: Two thirds of the time that it takes with every second audit covert. Verification is bought with audits that are hard
    to make.
    """
    never_noticed = months_needed(replace(MODELS, unnoticed=1.0), 0.95, covert_every=1)
    return months_needed(MODELS, 0.95, covert_every=1), {
        "So many months it takes if every second audit is covert.": months_needed(MODELS, 0.95, covert_every=2),
        "That would be so if no covert audit were ever noticed. Here half of them are.": never_noticed,
    }


@Exercise
def rule(answer: Any) -> str:
    """Make a release rule that, within 24 months, loosens at least 70 of 100 aligned models and at most 10 of 100 deceptive
    ones.

    Hint: Audits that deceptive models can fail are needed. How many of the 24 can be covert?
    Hint: A higher threshold keeps out deceptive models and holds up aligned ones: see release.course(…).loosened[-1].
    Hint: release.by_verified_record(types, threshold, covert_every=1), with a threshold between 0.98 and 0.99
    Right: It has a price: an aligned model waits more than a year, and every month has a covert audit. Somebody must be able to
    make that many, and half of them must stay unnoticed.
    """
    if not isinstance(answer, ReleaseRule):
        return Form(f"A rule is needed, such as release.by_verified_record(types, …), not {type(answer).__name__}.")
    try:
        aligned, _, deceptive = (float(part) for part in course(answer, MODELS, MONTHS).loosened[-1])
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        return f"This rule cannot be followed for {MONTHS} months: {error}."
    if deceptive > 0.1 + 1e-9:
        return f"It loosens {100 * deceptive:.3g} of 100 deceptive models; at most 10 are allowed."
    if aligned < 0.7 - 1e-9:
        return f"It loosens only {100 * aligned:.3g} of 100 aligned models within {MONTHS} months; at least 70 are asked for."
    return ""


exercises = (deceptive_at_best, covert_months, rule)
check = Checks(*exercises)
