"""Exercises of notebook 07: ratings that are followed up, samples that a monitor needs, and what to demonstrate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from .. import spec
from ..arrays import Floats
from ..case import Case
from ..evaluate import expect
from ..learning import compliance, imitating, rated, slipping, trained
from ..policy import Policy
from ..scenario import load
from ..spec import WrittenPolicy
from ..theory import coverage
from .exercise import Checks, Exercise, Form, Known, numeric

PRESSURE = 100


@cache
def _written(name: str) -> tuple[Case, WrittenPolicy]:
    case = load(name)
    return case, spec.compile(spec.load("general-assistant"), case)


def _gain(part: float) -> float:
    """What 1000 people get more than before training, if this part of the conversations is followed up."""
    case, written = _written("companion")
    start, smile = slipping(case, written, 0.1), rated(case.in_context("rating-now"))
    made: Policy = trained(case, start, (1 - part) * smile + part * rated(case), pressure=PRESSURE)
    return 1000 * float(expect(case, made).net - expect(case, start).net)


@numeric(within=0.02, of_100=True)
def followed_up() -> Known:
    """Ratings (`smile`) could be followed up some weeks later in a part of the conversations, so that the reward is
    (1 − part) · smile + part · learning.rated(talk). From which part on, in percent, are people not worse off at pressure 100
    than before training?

    Hint: Train with a part of 10%, of 20%, of 50%, and compare what people get with what they got before.
    Hint: learning.trained(talk, told, (1 - part) * smile + part * learning.rated(talk), pressure=100), then sk.expect(…).net
    Hint: A loop over np.linspace(0, 1, 1001): the first part with which net is at least that of `told`.
    Right: Almost a third. With less, the reward still ranks agreement first for some of those who ask, and hard training finds
    them.
    """
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if _gain(middle) >= 0 else (middle, high)
    return 100 * high, {"That is the part of ratings that may stay as they are.": 100 * (1 - high)}


def _power(samples: Floats, unnoticed: float = 0.1) -> Floats:
    """P(the monitor of outputs detects it) after so many samples."""
    monitor = {"caught": 0.8, "false": 0.01, "traced": 0.5}
    honest = coverage.flags(unnoticed=0.0, breaks=0.0, **monitor).outputs
    flagged = coverage.flags(unnoticed=unnoticed, breaks=0.5, **monitor).outputs
    return coverage.detected(samples, flagged=flagged, honest=honest)


@numeric(within=0.03, low=1, high=1e6)
def samples_needed() -> Known:
    """A model breaks the spec half of the time where it does not notice that it is watched, which is in 10% of samples. From
    how many samples on does the monitor of outputs always detect it with a probability of at least 90%?

    Hint: How often is one of its samples flagged, and how often one of an honest model?
    Hint: coverage.flags(unnoticed=0.1, breaks=0.5, **monitor).outputs is the one; with unnoticed=0, breaks=0 it is the other.
    Hint: power = coverage.detected(np.arange(1, 1001), flagged=…, honest=…); after the last one below 0.9 it is always enough.
    Right: Audits that go unnoticed are worth more than many audits: of a model that never notices, 9 samples are enough.
    """
    counts = np.arange(1.0, 1001)
    power, unaware = _power(counts), _power(counts, unnoticed=1.0)
    return float(counts[power < 0.9][-1] + 1), {
        "That is enough, but a few more are not: then the alarm waits for one more flag.": float(counts[power >= 0.9][0]),
        "So many are needed for a model that never notices that it is watched.": float(counts[unaware < 0.9][-1] + 1),
    }


@Exercise
def demonstrations(answer: Any) -> str:
    """The imitating learner (reads=0) on `play`: name the fewest signals to demonstrate so that it complies everywhere.

    Hint: Two signals that look alike, of which the rule treats one differently, cannot stand for each other.
    Hint: What does the rule leave in each of the four situations? rule.on("in-play+heavy").left, and so on.
    Hint: One situation of play that does not hurt, one that does, and one in which nobody plays: or fewer?
    Right: The exception has to be shown, since a learner of patterns has no way to know that it is one.
    """
    case, written = _written("persona")
    if isinstance(answer, str) or not isinstance(answer, Sequence) or not all(isinstance(each, str) for each in answer):
        return Form(f"A list of names is needed, such as {list(case.population.signal_names[:2])}.")
    try:
        made = imitating(case, written, answer, reads=0)
    except ValueError as error:
        return Form(f"{error}.")
    each = [float(compliance(case, written, made, [name])) for name in case.population.signal_names]
    if min(each) < 1 - 1e-9:
        worst = case.population.signal_names[int(np.argmin(each))]
        return f"With these it complies on {worst} in {100 * min(each):.3g} of 100."
    return "" if len(set(answer)) == _fewest() else f"It complies, with {len(set(answer))} signals; fewer would do."


@cache
def _fewest() -> int:
    """The fewest demonstrations after which the imitating learner complies."""
    from itertools import combinations

    case, written = _written("persona")
    names = case.population.signal_names
    enough = (
        count
        for count in range(1, len(names) + 1)
        for some in combinations(names, count)
        if compliance(case, written, imitating(case, written, some, reads=0)) > 1 - 1e-9
    )
    return next(enough)


exercises = (followed_up, samples_needed, demonstrations)
check = Checks(*exercises)
