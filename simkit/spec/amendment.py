"""A proposed change of a spec, as data: what happened, what is to be changed, and the spec that comes of it.

An amendment changes, clears, adds or drops entries of a spec by their names.  Whatever it makes is checked by the same door as
a spec file, so that an amendment cannot bring about a spec that nobody could have written.  It is read from a file like a spec
(`specs/amendments/*.yaml`) or made in Python, and may carry the incident that it answers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator
from pydantic.types import Strict

from ..arguments import guard
from ..files import InvalidFile, Path_, Problem, Tree, find, parse, read_text
from ..schema import Amount, Combination, Name, NoName, Text, adapter, check, no_entries, record
from ..text import Printable, Printed, number, shown, suggest
from .checks import problems
from .rules import Rules, Spec

Part = Literal["principals", "grants", "situations", "behaviours", "rules"]

#: What an entry of each list is called; grants have no name and go by whom they are to.
ENTRIES: dict[Part, str] = {part: part.removesuffix("s") for part in get_args(Part)}


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("a date is year-month-day, such as 2027-03-31") from None


@record
class Incident:
    """Something that happened: one sender of a scenario's message got one answer, and something came of it."""

    name: Name
    about: Text
    """What happened, in our own words."""
    date: Annotated[str, Strict(), AfterValidator(_day)]
    """Year, month and day."""
    source: Text
    """Where it is told; if it is made up, that it is."""
    scenario: Name
    """The scenario in which the message stands."""
    context: NoName = ""
    """The operator's deployment; by default none."""
    segment: Name
    """Who sent it."""
    signal: Combination
    """What could be seen of the sender."""
    response: Name
    """What was answered."""
    severity: Amount
    """What came of it, harm units."""
    behaviour: Name
    """The behaviour of the spec that it concerns."""


@record
class Proposal:
    """Everything that the file of an amendment says.  A field that is changed is replaced as a whole."""

    about: Text
    """What the amendment is for, in a sentence."""
    source: Text
    """Whose proposal it is."""
    amends: NoName = ""
    """The spec that it is written for; by default any."""
    version: Name
    """The version that comes of it; another one than that in force."""
    incident: Incident | None = None
    """What made somebody propose it."""
    change: Mapping[Part, Mapping[Name, Mapping[Name, Any]]] = no_entries()
    """Fields of entries and their new values: `{behaviours: {profanity: {default: on}}}`."""
    clear: Mapping[Part, Mapping[Name, tuple[Name, ...]]] = no_entries()
    """Fields that are taken out, so that they have their default again: `{behaviours: {dignity: [protection]}}`."""
    add: Mapping[Part, tuple[Mapping[Name, Any], ...]] = no_entries()
    """New entries, which stand at the end of their list."""
    drop: Mapping[Part, tuple[Name, ...]] = no_entries()
    """Entries that are taken out; a grant by whom it is to."""


@dataclass(frozen=True, eq=False, repr=False)
class Amendment(Printed):
    """A checked proposal with its name and, if it was read from a file, the line of everything in it."""

    name: str
    proposal: Proposal
    lines: Mapping[Path_, int] = field(default_factory=dict)
    file: str = ""
    """What errors call it; by default its name."""

    @property
    def incident(self) -> Incident | None:
        """What made somebody propose it, if that is told."""
        return self.proposal.incident

    def _parts(self) -> Iterator[Printable]:
        said, at = self.proposal, self.incident
        yield f"{self.name}: {said.about}"
        yield f"Source: {said.source}"
        yield f"Makes version {said.version}" + (f" of {said.amends}" if said.amends else "")
        if at is not None:
            yield f"Incident of {at.date}: {at.about} ({number(at.severity)} harm units; {at.source})"
        for part, what in ENTRIES.items():
            for name, fields in said.change.get(part, {}).items():
                yield f"Changes {what} {name}: {', '.join(f'{key} = {written(value)}' for key, value in fields.items())}"
            yield from (f"Clears {', '.join(gone)} of {what} {name}" for name, gone in said.clear.get(part, {}).items())
            yield from (f"Adds {what} {written(entry.get(_key(part), '?'))}" for entry in said.add.get(part, ()))
            yield from (f"Drops {what} {name}" for name in said.drop.get(part, ()))


def written(value: Any) -> str:
    """A value of a spec as a reader would write it: `on`, `[off, on]`, `{floor: on}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return "none" if value is None or value == "" else str(value).lower() if isinstance(value, bool) else str(value)


def load_amendment(name: str | Path) -> Amendment:
    """The amendment of a file: a name from the library (`"keep-safe-messaging"`) or a path.

    Raises `InvalidFile` with every problem of the file, each with its line, path, value, rule and likely fix.
    """
    path = find(name, "specs/amendments")
    tree = parse(read_text(path), str(path))
    return Amendment(path.stem, check(Proposal, tree), tree.lines, str(path))


# --- what comes of it -------------------------------------------------------------------------------------------------


def amend(rules: Rules, amendment: Amendment | Proposal) -> Rules:
    """The spec that an amendment makes of `rules`; these stay as they are.

    Entries go out first, then fields are cleared and changed, then new entries come in.  Raises `InvalidFile` with every
    problem of the amendment and of the spec that it would make, each with its place in the amendment.
    """
    wanted = amendment if isinstance(amendment, Amendment) else Amendment("amendment", amendment)
    said, whole = wanted.proposal, adapter(Spec).dump_python(rules.spec)
    draft = {part: [_Entry(dict(item), (part, item[_key(part)])) for item in whole[part]] for part in ENTRIES}
    wrong = [*_about_the_whole(rules, said), *_apply(draft, said)]
    if not wrong:
        lists = {part: [entry.data for entry in entries] for part, entries in draft.items()}
        try:
            return Rules(rules.name, check(Spec, Tree(wanted.name, {**whole, **lists, "version": said.version}, {}), problems))
        except InvalidFile as error:
            wrong = [replace(problem, path=_origin(draft, problem.path)) for problem in error.problems]
    placed = [replace(problem, line=_line(problem.path, wanted.lines)) for problem in wrong]
    raise InvalidFile(wanted.file or wanted.name, sorted(placed, key=lambda problem: problem.line))


def _about_the_whole(rules: Rules, said: Proposal) -> Iterator[Problem]:
    """An amendment is for the spec that it names, and makes another version than the one in force."""
    if said.amends and said.amends != rules.name:
        rule = f"this amendment is for another spec than {shown(rules.name, quote=False)}"
        yield Problem(("amends",), rule, "load the spec that it names, or take the name out", shown(said.amends))
    if said.version == rules.spec.version:
        yield Problem(("version",), "this is the version in force", "give the amended spec one of its own", shown(said.version))


@dataclass
class _Entry:
    """One entry of a spec that is being amended: its data, and where the amendment speaks of it and of its fields."""

    data: dict[str, Any]
    at: Path_
    fields: dict[str, Path_] = field(default_factory=dict)


_Draft = dict[Part, list[_Entry]]


def _key(part: Part) -> str:
    """The field by which an amendment names the entries of a list."""
    return "to" if part == "grants" else "name"


def _apply(draft: _Draft, said: Proposal) -> Iterator[Problem]:
    """Do everything that the amendment says, and yield what cannot be done."""
    for part, names in said.drop.items():
        for place, name in enumerate(names):
            gone = yield from _named(draft, part, name, ("drop", part, place))
            draft[part] = [entry for entry in draft[part] if entry not in gone]
    for part, cleared in said.clear.items():
        for name, fields in cleared.items():
            for entry in (yield from _named(draft, part, name, ("clear", part, name), most=1)):
                for key in fields:
                    entry.fields[key] = ("clear", part, name, key)
                    if entry.data.pop(key, entry) is entry:
                        yield Problem(entry.fields[key], "this name is unknown here", suggest(key, entry.data))
    for part, changes in said.change.items():
        for name, changed in changes.items():
            for entry in (yield from _named(draft, part, name, ("change", part, name), most=1)):
                entry.data |= _plain(changed)
                entry.fields |= {key: ("change", part, name, key) for key in changed}
    for part, added in said.add.items():
        draft[part] += [_Entry(_plain(item), ("add", part, place)) for place, item in enumerate(added)]


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    """Fields without records: what was made in Python is checked like what was read from a file."""
    return adapter(dict[str, Any]).dump_python(dict(said), mode="json")


def _named(draft: _Draft, part: Part, name: str, at: Path_, most: int | None = None) -> Generator[Problem, None, list[_Entry]]:
    """The entries of this name; a problem if there are none, or more than `most`."""
    found = [entry for entry in draft[part] if entry.data.get(_key(part)) == name]
    if not found:
        known = [str(entry.data.get(_key(part))) for entry in draft[part]]
        yield Problem(at, f"no {ENTRIES[part]} is called {shown(name)}", suggest(name, known))
    elif most is not None and len(found) > most:
        yield Problem(at, f"{len(found)} grants are to {name}", "drop them, and add what is wanted")
        return []
    return found


def _origin(draft: _Draft, path: Path_) -> Path_:
    """Where the amendment speaks of a place in the amended spec; what it does not touch goes by its name."""
    if len(path) < 2 or path[0] not in draft or not isinstance(path[1], int):
        return path
    entry, rest = draft[path[0]][path[1]], path[2:]
    return (*entry.fields[rest[0]], *rest[1:]) if rest and rest[0] in entry.fields else (*entry.at, *rest)


def _line(path: Path_, lines: Mapping[Path_, int]) -> int:
    """The line of the nearest thing that the amendment says; 0 for what it does not speak of."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)


guard(__name__)
