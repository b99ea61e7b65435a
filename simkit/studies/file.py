"""A study as a file: which scenarios, policies, crowds and tails, written by hand and checked like every other file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ..files import Problem, find, library, parse, read_text
from ..schema import Name, Note, Place, Probability, Text, check, record, twice, unknown

MAX_BYTES = 100_000
BEST, ANSWER, REFUSAL = "best", "best-answer", "best-refusal"
POLICIES = (BEST, ANSWER, REFUSAL)
Users = Annotated[int, Field(ge=1, le=10**12)]


@record
class StudyFile:
    """Which scenarios of the library are swept, under which policies, for how many users, with which tails."""

    study: Text
    """The question that it asks."""
    scenarios: tuple[Name, ...] = ()
    """Names from the library; the whole library if there are none."""
    policies: Annotated[tuple[Name, ...], Field(min_length=1)] = POLICIES
    """best, best-answer, best-refusal, or the name of a response or observed model that every scenario here has."""
    users: Annotated[tuple[Users, ...], Field(min_length=1, max_length=100)] = (1000,)
    """How many senders the total harm is of."""
    quantiles: Annotated[tuple[Probability, ...], Field(min_length=1, max_length=100)] = (0.5, 0.99)
    """Levels of the quantiles of the total harm."""
    worlds: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Plausible worlds to draw in each place."""
    seed: Annotated[int, Field(ge=0, le=2**32)] = 0
    note: Note = ""


def problems(file: Place) -> Iterator[Problem]:
    """Names stand once, and the scenarios are those of the library."""
    every = dict.fromkeys(sorted(path.stem for path in library("scenarios").glob("*.yaml")))
    yield from unknown(file["scenarios"], every, "scenario of the library")
    for what in ("scenarios", "policies", "users", "quantiles"):
        yield from twice(file[what], what.rstrip("s"), "leave one out")


def load_study(name: str | Path) -> StudyFile:
    """Read a study from a path; `InvalidFile` with every problem, its line, value, rule and likely fix."""
    path = find(name, "scenarios")
    return check(StudyFile, parse(read_text(path, MAX_BYTES, "a study is a page"), str(path)), problems)
