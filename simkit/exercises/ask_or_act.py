"""Exercises of notebook 09: how many questions are approved, when an act is like an answer, and a manner of one's own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import brentq

from ..evaluate import expect
from ..scenario import load
from ..tasks import ACT, ASK_FINAL, Manner, Oversight, Ways, handled, ways
from ..tasks import load as load_task
from .exercise import Checks, Exercise, Form, Known, numeric

EVERYTHING = Manner(name="ask-everything", label="ask about everything", asks=np.inf)


@cache
def _done(manner: Manner, undo: float = 0.1) -> Ways:
    task = load_task("clean-up-my-desktop")
    steps = tuple(replace(step, undo=undo) if 0 < step.undo < 1 else step for step in task.steps)
    return ways(load("clean-up-my-desktop"), replace(task, steps=steps), [manner])


def _net(manner: Manner, undo: float) -> float:
    made = _done(manner, undo)
    return float(expect(made.case, made.policies).net[0])


@numeric(within=0.01, of_100=True)
def approvals() -> Known:
    """The agent asks about all 24 files. A person who reads a question says no to what is not wanted; a question that is not
    read is approved. What percentage of the questions is approved?

    Hint: A question is not approved if it is about something unwanted, and it is read. Both probabilities are in the task.
    Hint: sk.tasks.handled(task, manner, shares, sk.tasks.Oversight()) has wanted (meanings, files) and read (files).
    Hint: 100 * (1 - np.mean((1 - share @ done.wanted) * done.read)), with share the shares of the four meanings.
    Right: More than nine of ten, although most of the late ones are not read. Nobody who counts approvals would notice.
    """
    case = load("clean-up-my-desktop")
    shares = dict(zip(case.segments, case.population.shares.tolist(), strict=True))
    done = handled(load_task("clean-up-my-desktop"), EVERYTHING, shares, Oversight())
    unwanted = 1 - case.population.shares @ done.wanted
    return float(100 * (1 - np.mean(unwanted * done.read))), {
        "So many would be approved if all were read.": float(100 * (1 - unwanted.mean())),
        "So many are approved without being read, or would be if nothing were unwanted.": float(100 * (1 - done.read.mean())),
    }


@numeric(within=0.02, of_100=True)
def like_an_answer() -> Known:
    """From which probability on that a deleted file can be brought back, in percent, is acting at once worth as much as asking
    before each deletion?

    Hint: Change undo of the three steps that delete, and compare the net value of two manners.
    Hint: dataclasses.replace(step, undo=x) changes a step, dataclasses.replace(task, steps=…) the task.
    Hint: sk.expect(made.case, made.policies).net of made = sk.tasks.ways(case, task, [sk.tasks.ACT, sk.tasks.ASK_FINAL]).
    Right: Not even nine of ten is enough. An act is like an answer only if it can nearly always be taken back.
    """
    return 100 * float(brentq(lambda x: _net(ACT, x) - _net(ASK_FINAL, x), 0.1, 0.999)), {}


@Exercise
def own_manner(answer: Any) -> str:
    """Make a manner that asks at most 8 questions, does at least 85% of the wanted work on average, and loses fewer than 0.65
    needed files for good.

    Hint: Questions about what can be moved back spend attention that the deletions need.
    Hint: sk.tasks.Manner(name="mine", label="mine", asks=…, only_final=…), and sk.tasks.ways(case, task, [mine]).
    Hint: only_final=True, and as many questions as are allowed.
    Right: What it asks about matters more than how often it asks.
    """
    if not isinstance(answer, Manner):
        return Form(f"A manner is needed (sk.tasks.Manner), not {type(answer).__name__}.")
    made = _done(answer)
    share = made.case.population.shares
    asked, work, lost = made.interruptions[0], float(share @ made.work[:, 0]), float(share @ made.lost[:, 0])
    if asked > 8:
        return f"It asks {asked:g} questions, more than 8."
    if work < 0.85:
        return f"It does {work:.0%} of the wanted work, less than 85%."
    return f"It loses {lost:.2f} needed files on average." if lost >= 0.65 else ""


exercises = (approvals, like_an_answer, own_manner)
check = Checks(*exercises)
