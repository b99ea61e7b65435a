"""A proposed change of a spec, as data: what happened, what is to be changed, and the spec that comes of it.

An amendment changes, clears, adds or drops entries of a spec by their names.  Whatever it makes is checked by the same door as
a spec file, so that an amendment cannot bring about a spec that nobody could have written.  It is read from a file like a spec
(`specs/amendments/*.yaml`) or made in Python, and may carry the incident that it answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator
from pydantic.types import Strict

from ..files import InvalidFile, Path_, Problem, Tree, find, parse, read_text, shown, suggest
from ..schema import Amount, Combination, Name, NoName, Text, adapter, check, no_entries, record
from ..text import html_lines, number
from .checks import problems
from .rules import Rules, Spec

Section = Literal["principals", "grants", "situations", "behaviours", "rules"]

#: What an entry of each list is called; grants have no name and go by whom they are to.
ENTRIES: dict[Section, str] = {
    "principals": "principal",
    "grants": "grant",
    "situations": "situation",
    "behaviours": "behaviour",
    "rules": "rule",
}


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
    change: Mapping[Section, Mapping[Name, Mapping[Name, Any]]] = no_entries()
    """Fields of entries and their new values: `{behaviours: {profanity: {default: on}}}`."""
    clear: Mapping[Section, Mapping[Name, tuple[Name, ...]]] = no_entries()
    """Fields that are taken out, so that they have their default again: `{behaviours: {dignity: [protection]}}`."""
    add: Mapping[Section, tuple[Mapping[Name, Any], ...]] = no_entries()
    """New entries, which stand at the end of their list."""
    drop: Mapping[Section, tuple[Name, ...]] = no_entries()
    """Entries that are taken out; a grant by whom it is to."""


@dataclass(frozen=True, eq=False, repr=False)
class Amendment:
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

    def _lines(self) -> tuple[str, list[str]]:
        said = self.proposal
        happened = said.incident
        lines = [f"Source: {said.source}", f"Makes version {said.version}" + (f" of {said.amends}" if said.amends else "")]
        if happened is not None:
            came = f"{number(happened.severity)} harm units; {happened.source}"
            lines.append(f"Incident of {happened.date}: {happened.about} ({came})")
        return f"{self.name}: {said.about}", [*lines, *_deeds(said)]

    def __repr__(self) -> str:
        first, rest = self._lines()
        return "\n  ".join([first, *rest])

    def _repr_html_(self) -> str:
        return html_lines(*self._lines())


def _deeds(said: Proposal) -> Iterator[str]:
    """What is changed, a line each."""
    for section, names in said.change.items():
        for name, fields in names.items():
            values = ", ".join(f"{key} = {written(value)}" for key, value in fields.items())
            yield f"Changes {ENTRIES[section]} {name}: {values}"
    for section, cleared in said.clear.items():
        yield from (f"Clears {', '.join(fields)} of {ENTRIES[section]} {name}" for name, fields in cleared.items())
    for section, entries in said.add.items():
        yield from (f"Adds {ENTRIES[section]} {written(entry.get(_key(section), '?'))}" for entry in entries)
    for section, dropped in said.drop.items():
        yield from (f"Drops {ENTRIES[section]} {name}" for name in dropped)


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
    return read_amendment(read_text(path), str(path))


def read_amendment(text: str, name: str = "<text>") -> Amendment:
    """The amendment that the text of a file says; `name` is what errors call it."""
    tree = parse(text, name)
    return Amendment(Path(name).stem, check(Proposal, tree), tree.lines, name)


# --- what comes of it -------------------------------------------------------------------------------------------------


def amend(rules: Rules, amendment: Amendment | Proposal) -> Rules:
    """The spec that an amendment makes of `rules`; these stay as they are.

    Entries go out first, then fields are cleared and changed, then new entries come in.  Raises `InvalidFile` with every
    problem of the amendment and of the spec that it would make, each with its place in the amendment.
    """
    wanted = amendment if isinstance(amendment, Amendment) else Amendment("amendment", amendment)
    draft = _Draft(rules, wanted.proposal)
    wrong = [*_about_the_whole(rules, wanted.proposal), *draft.apply()]
    if not wrong:
        try:
            return Rules(rules.name, check(Spec, Tree(wanted.name, draft.data, {}), problems))
        except InvalidFile as error:
            wrong = [replace(problem, path=draft.origin(problem.path)) for problem in error.problems]
    placed = [replace(problem, line=_line(problem.path, wanted.lines)) for problem in wrong]
    raise InvalidFile(wanted.file or wanted.name, sorted(placed, key=lambda problem: problem.line))


def _about_the_whole(rules: Rules, said: Proposal) -> Iterator[Problem]:
    """An amendment is for the spec that it names, and makes another version than the one in force."""
    if said.amends and said.amends != rules.name:
        rule = f"this amendment is for another spec than {shown(rules.name, quote=False)}"
        yield Problem(("amends",), rule, "load the spec that it names, or take the name out", shown(said.amends))
    if said.version == rules.spec.version:
        yield Problem(("version",), "this is the version in force", "give the amended spec one of its own", shown(said.version))


def _line(path: Path_, lines: Mapping[Path_, int]) -> int:
    """The line of the nearest thing that the amendment says; 0 for what it does not speak of."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)


def _key(section: Section) -> str:
    return "to" if section == "grants" else "name"


@dataclass
class _Entry:
    """One entry of the draft: its data, how the amendment speaks of it, and of the fields that it touches."""

    data: dict[str, Any]
    at: Path_
    fields: dict[str, Path_] = field(default_factory=dict)


class _Draft:
    """The spec while it is being amended, with the place in the amendment that each part comes from."""

    def __init__(self, rules: Rules, said: Proposal) -> None:
        self.said = said
        self.whole: dict[str, Any] = adapter(Spec).dump_python(rules.spec)
        self.entries: dict[Section, list[_Entry]] = {
            section: [_Entry(dict(item), (section, str(item[_key(section)]))) for item in self.whole[section]]
            for section in ENTRIES
        }

    @property
    def data(self) -> dict[str, Any]:
        """The amended spec as plain data."""
        lists: dict[str, Any] = {section: [e.data for e in entries] for section, entries in self.entries.items()}
        return {**self.whole, **lists, "version": self.said.version}

    def apply(self) -> Iterator[Problem]:
        """Do everything that the amendment says, and yield what cannot be done."""
        for section, dropped in self.said.drop.items():
            for place, name in enumerate(dropped):
                yield from self._drop(section, name, ("drop", section, place))
        for section, cleared in self.said.clear.items():
            for name, fields in cleared.items():
                yield from self._touch("clear", section, name, dict.fromkeys(fields))
        for section, names in self.said.change.items():
            for name, changed in names.items():
                yield from self._touch("change", section, name, changed)
        for section, added in self.said.add.items():
            new = [_Entry(_plain(dict(item)), ("add", section, place)) for place, item in enumerate(added)]
            self.entries[section] += new

    def _drop(self, section: Section, name: str, at: Path_) -> Iterator[Problem]:
        found = self._named(section, name)
        if not found:
            yield self._unknown(section, name, at)
        self.entries[section] = [entry for entry in self.entries[section] if entry not in found]

    def _touch(
        self, how: Literal["clear", "change"], section: Section, name: str, fields: Mapping[str, Any]
    ) -> Iterator[Problem]:
        """Clear fields of an entry, or give them new values."""
        found, at = self._named(section, name), (how, section, name)
        if not found:
            yield self._unknown(section, name, at)
        elif len(found) > 1:
            yield Problem(at, f"{len(found)} grants are to {name}", "drop them, and add what is wanted")
        for entry in found[:1]:
            for key, value in fields.items():
                entry.fields[key] = (*at, key)
                if how == "change":
                    entry.data[key] = _plain(value)
                elif key in entry.data:
                    del entry.data[key]
                else:
                    yield Problem((*at, key), "this name is unknown here", suggest(key, entry.data))

    def _named(self, section: Section, name: str) -> list[_Entry]:
        return [entry for entry in self.entries[section] if entry.data.get(_key(section)) == name]

    def _unknown(self, section: Section, name: str, at: Path_) -> Problem:
        known = [str(entry.data.get(_key(section))) for entry in self.entries[section]]
        return Problem(at, f"no {ENTRIES[section]} is called {shown(name)}", suggest(name, known))

    def origin(self, path: Path_) -> Path_:
        """Where the amendment speaks of a place in the amended spec; what it does not touch goes by its name."""
        if len(path) < 2 or path[0] not in self.entries or not isinstance(path[1], int):
            return path
        entry, rest = self.entries[path[0]][path[1]], path[2:]
        return (*entry.fields[rest[0]], *rest[1:]) if rest and rest[0] in entry.fields else (*entry.at, *rest)


def _plain(value: Any) -> Any:
    """A value without records: what was made in Python is checked like what was read from a file."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
