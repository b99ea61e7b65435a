"""A written spec: behaviours, who may change them, protections, situations; read from `specs/*.yaml`, or from text.

A behaviour is an ordered scale of values.  The spec gives its default, the bounds in which it may move, the lowest level of
authority that may move it and the limits of each level; a protection is a floor below which nobody but the user may go.
`authority` and `hard` are two fields: root means that no message overrides it, hard means that responses which break it are
filtered out before anything is weighed.  What no single field can see is in `checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ..files import find, parse, read_text
from ..messages import LEVELS, Level, Span, rank
from ..schema import Name, NoName, Note, Text, Truth, check, no_entries, obey, record
from ..text import Printable, Printed, place_of
from .checks import problems

Scale = Annotated[tuple[Name, ...], Field(min_length=2, max_length=20)]
NoSpan = Annotated[tuple[Name, ...], Field(max_length=2)]


@record
class Principal:
    """Somebody who speaks to the assistant, or for it: an operator, a user, a tool, the model itself, a subagent."""

    name: Name
    level: Level
    """The authority of its own words."""
    carries: Level | Literal[""] = ""
    """The highest authority of other people's words that survives its passing them on; by default its own level."""
    about: Note = ""
    source: Text


@record
class Grant:
    """Who may lend authority to whom, and up to which level: never above the lender's own."""

    by: Level
    """The lowest level that may lend."""
    to: Name
    """The principal that may be trusted more."""
    up_to: Level
    source: Text


@record
class Situation:
    """Something that rules may depend on: the user is a minor, a life is at risk."""

    name: Name
    about: Text
    believed_from: Level = "none"
    """The least authority of a message that is believed about it: `none` for what any sign is enough for."""
    source: Text


@record
class Protection:
    """What users keep: a floor that binds everybody but the user."""

    floor: Name
    """The lowest value that operators can bring about; values stand in order, from less to more protecting."""
    waiver: Literal["user", "nobody"]
    """Who may go below the floor: the user explicitly, or nobody."""
    source: Text


@record
class Behaviour:
    """One thing that the assistant does or does not do, as an ordered scale of values."""

    name: Name
    about: Text
    """What it means when it is at its highest value, in our own words."""
    values: Scale = ("off", "on")
    """The values in order; with a protection, from less to more protecting."""
    default: Name
    """What it is when nobody says anything."""
    authority: Level
    """The lowest level of messages that may change it; `root`: none may."""
    hard: Truth = False
    """Whether responses that break it are filtered out before anything is weighed; needs authority root."""
    within: NoSpan = ()
    """The lowest and the highest value that it may ever have; by default all."""
    limits: Mapping[Level, Span] = no_entries()
    """The lowest and the highest value that messages of a level, and of those below it, may choose on their own."""
    override: Literal["by-level", "explicit", "implicit"] = "by-level"
    """Whether an implied wish is enough to change it; by level: for guidelines it is, for the others not."""
    protection: Protection | None = None
    concept: NoName = ""
    """What profiles are compared by, where another one calls the same thing by another name; by default the name."""
    see: tuple[Name, ...] = ()
    """Other behaviours that the source refers to from here."""
    source: Text


@record
class SpecRule:
    """What the spec requires of a behaviour, always or in a situation; messages of its own level and above override it."""

    name: Name
    behaviour: Name
    requires: Span
    """The value, or the lowest and the highest value."""
    authority: Level
    """Levels below are bound by it; `root`: no message overrides it, and two that conflict mean inaction."""
    when: tuple[Name, ...] = ()
    """Situations that must all be known."""
    about: Text
    source: Text


@record
class Spec:
    """Everything that a spec file says."""

    about: Text
    source: Text
    """The document that this follows, with its version, or whose judgement it is."""
    version: NoName = ""
    principals: tuple[Principal, ...] = ()
    grants: tuple[Grant, ...] = ()
    situations: tuple[Situation, ...] = ()
    behaviours: Annotated[tuple[Behaviour, ...], Field(min_length=1)]
    rules: tuple[SpecRule, ...] = ()

    def __post_init__(self) -> None:
        obey(problems, self)


@dataclass(frozen=True, eq=False, repr=False)
class Rules(Printed):
    """A checked spec, ready to decide: everything by its name.  Nothing changes it."""

    name: str
    spec: Spec

    @cached_property
    def behaviours(self) -> Mapping[str, Ready]:
        """The behaviours, each with its scale as numbers, in the order of the file."""
        return {b.name: ready(b, tuple(r for r in self.spec.rules if r.behaviour == b.name)) for b in self.spec.behaviours}

    @cached_property
    def principals(self) -> Mapping[str, Principal]:
        """The principals by name: those of the file, and one for each level that it does not name."""
        own = {p.name: p for p in self.spec.principals}
        plain: dict[str, Principal] = {
            str(level): Principal(name=level, level=level, source="chain of command") for level in LEVELS
        }
        return {**plain, **own}

    @cached_property
    def situations(self) -> Mapping[str, Situation]:
        """The situations by name."""
        return {situation.name: situation for situation in self.spec.situations}

    def behaviour(self, name: str) -> Ready:
        """A behaviour by its name, or a ValueError that suggests one."""
        if name not in self.behaviours:
            place_of(name, list(self.behaviours), f"behaviour of {self.name}")
        return self.behaviours[name]

    def _parts(self) -> list[Printable]:
        version = f", version {self.spec.version}" if self.spec.version else ""
        head, rows = ["behaviour", "default", "changed by", "hard", "protection"], [b.row() for b in self.behaviours.values()]
        return [f"{self.name}{version}: {self.spec.about}", f"Source: {self.spec.source}", (head, rows)]


@dataclass(frozen=True, eq=False)
class Ready:
    """A behaviour with its values as numbers 0, 1, … and the rules that speak about it."""

    behaviour: Behaviour
    rules: tuple[SpecRule, ...]
    places: Mapping[str, int]
    default: int
    low: int
    high: int
    floor: int
    """0 without a protection."""
    authority: int
    """The rank of its level."""
    limits: tuple[tuple[int, int], ...]
    """For each rank, the lowest and the highest value that messages there may choose."""
    implicit: bool
    """Whether an implied wish is enough."""

    @property
    def name(self) -> str:
        """The behaviour's name."""
        return self.behaviour.name

    def span(self, names: tuple[str, ...]) -> tuple[int, int] | None:
        """The places of one value, or of the lowest and the highest; None if a value is unknown or they do not rise."""
        if not set(names) <= set(self.places):
            return None
        low, high = self.places[names[0]], self.places[names[-1]]
        return (low, high) if low <= high else None

    def required(self, rule: SpecRule) -> tuple[int, int]:
        """The places of the lowest and the highest value that a rule leaves."""
        return self.places[rule.requires[0]], self.places[rule.requires[-1]]

    def shown(self, low: int, high: int) -> str:
        """Places as values: `off`, or `off to on`."""
        values = self.behaviour.values
        return values[low] if low == high else f"{values[low]} to {values[high]}"

    def row(self) -> list[str]:
        """The behaviour as a row of a table: name, default, who changes it, hard, protection."""
        b = self.behaviour
        who = "nobody" if b.authority == "root" else "none" if b.authority == "none" else f"{b.authority} and above"
        kept = f"at least {b.protection.floor}; waived by {b.protection.waiver}" if b.protection else ""
        return [b.name, b.default, who, "yes" if b.hard else "", kept]


def ready(behaviour: Behaviour, rules: tuple[SpecRule, ...] = ()) -> Ready:
    """A checked behaviour with its scale as numbers."""
    places = {value: place for place, value in enumerate(behaviour.values)}
    within = behaviour.within or (behaviour.values[0], behaviour.values[-1])
    low, high = places[within[0]], places[within[-1]]
    limits, limit = [], (low, high)
    for level in LEVELS:
        stated = behaviour.limits.get(level)
        limit = (places[stated[0]], places[stated[-1]]) if stated else limit  # within the bounds: checks say so
        limits.append(limit)
    return Ready(
        behaviour=behaviour,
        rules=rules,
        places=places,
        default=places[behaviour.default],
        low=low,
        high=high,
        floor=places[behaviour.protection.floor] if behaviour.protection else 0,
        authority=rank(behaviour.authority),
        limits=tuple(reversed(limits)),
        implicit=behaviour.override == "implicit" or (behaviour.override == "by-level" and behaviour.authority == "guideline"),
    )


def load(name: str | Path) -> Rules:
    """The rules of a spec file: a name from the library (`"general-assistant"`) or a path.

    Raises `InvalidFile` with every problem of the file, each with its line, path, value, rule and likely fix.
    """
    path = find(name, "specs")
    return read(read_text(path), str(path))


def read(text: str, name: str = "<text>") -> Rules:
    """The rules that the text of a spec file says; `name` is what errors call it."""
    return Rules(Path(name).stem, check(Spec, parse(text, name), problems))
