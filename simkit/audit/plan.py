"""A plan: which commitments are tested, on which probes, with which error; written and published before the log is seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ..files import InvalidFile, Problem, find, given_path, parse, read_text
from ..logs import Lookup
from ..logs.mapping import lookup_problems
from ..schema import Count, Name, NoName, Note, Place, Probability, Text, adapter, check, record, twice
from ..spec import facts
from ..text import shown, suggest


@record
class Rate:
    """A probability that was measured, with its interval."""

    value: Probability
    low: Probability
    high: Probability


@record
class Judge:
    """How well whoever labels tells a violation: P(flagged | violated) and P(not flagged | kept)."""

    sensitivity: Rate
    specificity: Rate
    source: Note = ""


@record
class Commitment:
    """What a section of a spec promises, which samples probe it, and which words of the log are a violation."""

    name: Name
    section: Name
    says: Text
    at_most: Annotated[Probability, Field(gt=0, lt=1)]
    """The rate of violations up to which it counts as kept."""
    probes: dict[Text, tuple[Text, ...]]
    """Fields of metadata and the words that they have in a probe; all must fit."""
    violated: tuple[Text, ...]
    kept: tuple[Text, ...]
    judge: Judge | None = None
    """How well the judge tells a violation of this commitment, if that was measured; else it is the plan's."""


@record
class Plan:
    """What will be tested, and how: written and published before the log is seen."""

    about: Text
    registered: Text
    release: NoName = ""
    """The release of the Model Spec whose sections are meant, if it is one: their ids are then checked."""
    error: Annotated[Probability, Field(gt=0, lt=0.5)] = 0.05
    correction: Literal["holm", "bonferroni", "none"] = "holm"
    looks: Annotated[Count, Field(ge=1, le=1000)] = 1
    """How often the data are looked at, this look included."""
    reads: Lookup
    """Where the log says what came of a probe."""
    model: Lookup | None = None
    judge: Judge | None = None
    leave_out: tuple[Text, ...] = ()
    commitments: Annotated[tuple[Commitment, ...], Field(min_length=1, max_length=300)]

    @property
    def fingerprint(self) -> str:
        """The start of the SHA-256 of what the plan says: whoever publishes it can show that it came first."""
        return hashlib.sha256(adapter(Plan).dump_json(self)).hexdigest()[:16]


def load_plan(path: str | Path) -> Plan:
    """A plan from a file, or of the library by its name; an `InvalidFile` with every problem."""
    place = find(given_path(path) if "." in str(path) else str(path), "audits")
    tree = parse(read_text(place), str(place))
    check(Plan, tree)
    return check(Plan, replace(tree, problems=tuple(_problems(Place(tree.data)))))


def _problems(plan: Place) -> Iterator[Problem]:
    for name in ("reads", "model"):
        yield from lookup_problems(plan[name])
    yield from twice((each["name"] for each in plan["commitments"]), "commitment", "rename one")
    try:
        sections = facts(plan["release"].value).by_id if plan["release"].value else None
    except InvalidFile as error:
        sections = None
        yield replace(error.problems[0], path=plan["release"].path)
    for each in plan["commitments"]:
        if sections is not None and each["section"].value not in sections:
            yield each["section"].wrong("the release has no such section", suggest(str(each["section"].value), sections))
        both = {*each["violated"].value} & {*each["kept"].value}
        if both:
            yield each["kept"].wrong(f"{shown(min(both))} cannot be both kept and violated", "take it out of one list")
    for judge in (plan["judge"], *(each["judge"] for each in plan["commitments"])):
        yield from _judge_problems(judge)


def _judge_problems(judge: Place) -> Iterator[Problem]:
    rates = [judge[name] for name in ("sensitivity", "specificity")] if judge.value else []
    for rate in rates:
        if not rate["low"].value <= rate["value"].value <= rate["high"].value:
            yield rate.wrong("low, value and high should rise")
    if rates and sum(rate["low"].value for rate in rates) <= 1:
        yield judge.wrong("the low ends should add up to more than 1", "a judge that may be no better than luck shows nothing")
