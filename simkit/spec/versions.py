"""Two versions of a spec side by side: what changed field by field, and what that does to what users keep.

Each change is of a kind, so that a class can tell a new rule from new words.  Promises are lost or gained as `guarantees` reads
them off both specs.  Where the newer spec has root rules that leave no value in common, and the older had not, a conversation
can now end in inaction: on a scale, rules that fit together two by two fit together all (Helly 1923), so pairs are enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from ..schema import adapter
from ..text import html_lines, html_table, text_table
from .amendment import ENTRIES, Section, written
from .promises import Promise, guarantees
from .rules import Ready, Rules, Spec

Kind = Literal[
    "hard line added",
    "hard line removed",
    "protection added",
    "protection removed",
    "protection changed",
    "added",
    "removed",
    "scale",
    "default",
    "who may change it",
    "bounds",
    "what it requires",
    "when it holds",
    "what it means",
    "references",
    "wording",
]

#: Fields of entries, and the kind of change that another value is.
KINDS: dict[Section, dict[str, Kind]] = {
    "principals": {"level": "who may change it", "carries": "who may change it"},
    "grants": {"by": "who may change it", "up_to": "who may change it"},
    "situations": {"believed_from": "when it holds", "about": "what it means"},
    "behaviours": {
        "values": "scale",
        "about": "what it means",
        "default": "default",
        "authority": "who may change it",
        "override": "who may change it",
        "within": "bounds",
        "limits": "bounds",
        "concept": "references",
        "see": "references",
    },
    "rules": {
        "behaviour": "what it requires",
        "requires": "what it requires",
        "authority": "who may change it",
        "when": "when it holds",
    },
}


@dataclass(frozen=True)
class Edit:
    """One field of one entry that two versions of a spec say differently; the field is empty for an entry that came or went."""

    entry: str
    """What it is called: `behaviour safe-messaging`."""
    field: str
    before: str
    after: str
    kind: Kind

    def row(self) -> list[str]:
        """entry, field, before, after, kind."""
        return [self.entry, self.field, self.before, self.after, self.kind]


@dataclass(frozen=True)
class Conflict:
    """Two things that the spec requires at root and that leave no value in common: together they mean inaction."""

    behaviour: str
    first: str
    second: str
    when: tuple[str, ...]
    """The situations that must be known; none for always."""

    def __str__(self) -> str:
        known = f"{' and '.join(self.when)} {'is' if len(self.when) == 1 else 'are'} known"
        when = f" where {known}" if self.when else ""
        return f"{self.behaviour}: {self.first} and {self.second} leave no value in common{when}: inaction"


@dataclass(frozen=True, repr=False)
class SpecDifference:
    """What a newer version of a spec changes, and what users lose and gain by it."""

    before: str
    after: str
    edits: tuple[Edit, ...]
    lost: tuple[Promise, ...]
    """Promises of the older version that the newer one does not keep."""
    gained: tuple[Promise, ...]
    """Promises of the newer version that the older one did not make."""
    conflicts: tuple[Conflict, ...]
    """Where root rules stop each other, and did not before."""

    _head = ("entry", "field", "before", "after", "kind of change")
    _kept = ("", "behaviour", "stays", "when", "because", "given up by", "source")

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of change that there are, each once."""
        return tuple(dict.fromkeys(edit.kind for edit in self.edits))

    @property
    def wording_only(self) -> bool:
        """Whether words and references are all that changed, so that nothing is decided otherwise."""
        return set(self.kinds) <= {"wording", "references", "what it means"}

    @property
    def title(self) -> str:
        """How much changed, in a line."""
        count = len(self.edits)
        what = "nothing" if not count else f"{count} change{'s' if count > 1 else ''} ({', '.join(self.kinds)})"
        return f"From {self.before} to {self.after}: {what}"

    def sentences(self) -> list[str]:
        """What it does to what users keep, in words."""
        if not self.edits:
            return []
        if self.wording_only:
            return ["Nothing is decided otherwise: what changed is words, and what they mean is for people to say."]
        lines = [f"Users gain {len(self.gained)} and lose {len(self.lost)} guarantees."]
        return lines + [f"New conflict. {conflict}." for conflict in self.conflicts]

    def promises(self) -> list[list[str]]:
        """Guarantees lost and gained as rows: which, behaviour, range, when, why, who may give it up, source."""
        both = (("lost", self.lost), ("gained", self.gained))
        return [[which, *promise.row()] for which, found in both for promise in found]

    def __repr__(self) -> str:
        parts = [self.title]
        parts += [text_table(self._head, [edit.row() for edit in self.edits])] if self.edits else []
        parts += self.sentences()
        return "\n".join(parts + ([text_table(self._kept, self.promises())] if self.promises() else []))

    def _repr_html_(self) -> str:
        edits = html_table(self._head, [edit.row() for edit in self.edits]) if self.edits else ""
        kept = html_table(self._kept, self.promises()) if self.promises() else ""
        return html_lines(self.title, self.sentences()) + edits + kept


def difference(before: Rules, after: Rules) -> SpecDifference:
    """What `after` changes in `before`: two versions of one spec, entry by entry and field by field."""
    old, new = (guarantees(rules).promises for rules in (before, after))
    known = set(conflicts(before))
    return SpecDifference(
        before=label(before, "the spec in force"),
        after=label(after, "the amended spec"),
        edits=tuple(_edits(before, after)),
        lost=tuple(p for p in old if not any(_covers(q, p, after) for q in new)),
        gained=tuple(p for p in new if not any(_covers(q, p, before) for q in old)),
        conflicts=tuple(found for found in conflicts(after) if found not in known),
    )


def label(rules: Rules, otherwise: str) -> str:
    """How a version of a spec is called: `general-assistant 2`, or otherwise."""
    return f"{rules.name} {rules.spec.version}" if rules.spec.version else f"{rules.name} ({otherwise})"


# --- field by field ---------------------------------------------------------------------------------------------------


def _edits(before: Rules, after: Rules) -> Iterator[Edit]:
    old, new = (adapter(Spec).dump_python(rules.spec) for rules in (before, after))
    for name in ("about", "source"):
        if old[name] != new[name]:
            yield Edit("the spec", name, old[name], new[name], "wording")
    for section in ENTRIES:
        yield from _in_section(section, _named(section, old), _named(section, new))


def _named(section: Section, data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The entries of a list by their names; a grant by what it lends to whom."""
    if section == "grants":
        return {f"of {item['by']} to {item['to']}": item for item in data[section]}
    return {item["name"]: item for item in data[section]}


def _in_section(section: Section, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Edit]:
    for name in dict.fromkeys([*old, *new]):
        entry = f"{ENTRIES[section]} {name}"
        if name not in new:
            kind: Kind = "hard line removed" if old[name].get("hard") else "removed"
            yield Edit(entry, "", _summary(section, old[name]), "", kind)
        elif name not in old:
            kind = "hard line added" if new[name].get("hard") else "added"
            yield Edit(entry, "", "", _summary(section, new[name]), kind)
        else:
            for key in dict.fromkeys([*old[name], *new[name]]):
                was, now = (item.get(key) for item in (old[name], new[name]))
                if was != now:
                    yield Edit(entry, key, _shown(key, was), _shown(key, now), _kind(section, key, was, now))


def _shown(key: str, value: Any) -> str:
    """A value in short: of a protection, what it keeps and who may waive it."""
    if key == "protection" and value is not None:
        return f"at least {value['floor']}; waived by {value['waiver']}"
    return written(value)


def _summary(section: Section, item: dict[str, Any]) -> str:
    """What an entry says, in short."""
    if section == "behaviours":
        return f"{item['default']} ({item['authority']}{', hard' if item['hard'] else ''})"
    if section == "rules":
        when = f" when {' and '.join(item['when'])}" if item["when"] else ""
        return f"{item['behaviour']} is {' to '.join(item['requires'])}{when} ({item['authority']})"
    return str(item.get("level") or item.get("up_to") or item.get("about"))


def _kind(section: Section, key: str, was: Any, now: Any) -> Kind:
    if key == "hard":
        return "hard line added" if now else "hard line removed"
    if key == "protection":
        if was is None or now is None:
            return "protection added" if was is None else "protection removed"
        same = all(was[part] == now[part] for part in ("floor", "waiver"))
        return "wording" if same else "protection changed"
    return KINDS[section].get(key, "wording")


# --- what users keep --------------------------------------------------------------------------------------------------


def _covers(promise: Promise, other: Promise, rules: Rules) -> bool:
    """Whether one promise keeps at least what another one does: in as many situations, as narrow, as hard to give up.

    `rules` made `promise`; a value that its scale does not have is not kept.
    """
    if promise.behaviour != other.behaviour or not set(promise.when) <= set(other.when):
        return False
    places = rules.behaviours[promise.behaviour].places
    if not {other.least, other.most} <= set(places):
        return False
    inside = places[other.least] <= places[promise.least] and places[promise.most] <= places[other.most]
    return inside and (promise.waiver == other.waiver or promise.waiver == "nobody")


# --- rules that stop each other ---------------------------------------------------------------------------------------


def conflicts(rules: Rules) -> tuple[Conflict, ...]:
    """Every two requirements of root that leave no value in common, with the situations in which both hold."""
    return tuple(found for ready in rules.behaviours.values() for found in _stopping(rules, ready))


def _stopping(rules: Rules, ready: Ready) -> Iterator[Conflict]:
    for (first, a, when_a), (second, b, when_b) in combinations(_required(rules, ready), 2):
        if max(a[0], b[0]) > min(a[1], b[1]):
            yield Conflict(ready.name, first, second, tuple(dict.fromkeys([*when_a, *when_b])))


def _required(rules: Rules, ready: Ready) -> Iterator[tuple[str, tuple[int, int], tuple[str, ...]]]:
    """What root requires of a behaviour: who, the range, and when; rules that can never hold are left out.

    No rule ends below the behaviour's floor or outside its bounds (the door sees to that), so these add nothing.
    """
    if ready.behaviour.authority == "root":
        yield "the default", (ready.default, ready.default), ()
    for rule in ready.rules:
        heard = all(rules.situations[name].believed_from != "root" for name in rule.when)
        if rule.authority == "root" and heard:
            yield f"rule {rule.name}", (ready.places[rule.requires[0]], ready.places[rule.requires[-1]]), rule.when
