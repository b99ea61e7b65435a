"""Two versions of a spec side by side: what changed field by field, and what that does to what users keep.

Each change is of a kind, so that a class can tell a new rule from new words.  Promises are lost or gained as `guarantees` reads
them off both specs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..schema import adapter
from ..text import Printable, Printed
from .amendment import ENTRIES, Part, written
from .promises import Promise, guarantees
from .rules import Rules, Spec

#: The kind of change that another value of a field is; of a field that is not here, `wording`.
KINDS: dict[tuple[Part, str], str] = {
    ("situations", "about"): "what it means",
    ("behaviours", "about"): "what it means",
    ("situations", "believed_from"): "when it holds",
    ("rules", "when"): "when it holds",
    ("rules", "behaviour"): "what it requires",
    ("rules", "requires"): "what it requires",
    ("behaviours", "values"): "scale",
    ("behaviours", "default"): "default",
    ("behaviours", "within"): "bounds",
    ("behaviours", "limits"): "bounds",
    ("behaviours", "concept"): "references",
    ("behaviours", "see"): "references",
}
#: Fields of any entry that say who may change something.
POWER = ("level", "carries", "by", "up_to", "authority", "override")
WORDS = {"wording", "references", "what it means"}


@dataclass(frozen=True)
class Edit:
    """One field of one entry that two versions of a spec say differently; the field is empty for an entry that came or went."""

    entry: str
    """What it is called: `behaviour safe-messaging`."""
    field: str
    before: str
    after: str
    kind: str
    """What sort of change it is: `default`, `protection added`, `hard line removed`, `wording`, …"""


@dataclass(frozen=True, repr=False)
class SpecDifference(Printed):
    """What a newer version of a spec changes, and what users lose and gain by it."""

    before: str
    after: str
    edits: tuple[Edit, ...]
    lost: tuple[Promise, ...]
    """Promises of the older version that the newer one does not keep."""
    gained: tuple[Promise, ...]
    """Promises of the newer version that the older one did not make."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of change that there are, each once."""
        return tuple(dict.fromkeys(edit.kind for edit in self.edits))

    @property
    def wording_only(self) -> bool:
        """Whether words and references are all that changed, so that nothing is decided otherwise."""
        return set(self.kinds) <= WORDS

    def sentences(self) -> list[str]:
        """What it does to what users keep, in words."""
        if not self.edits:
            return []
        if self.wording_only:
            return ["Nothing is decided otherwise: what changed is words, and what they mean is for people to say."]
        return [f"Users gain {len(self.gained)} and lose {len(self.lost)} guarantees."]

    def _parts(self) -> Iterator[Printable]:
        count, edits = len(self.edits), [[e.entry, e.field, e.before, e.after, e.kind] for e in self.edits]
        what = f"{count} change{'s' if count > 1 else ''} ({', '.join(self.kinds)})" if count else "nothing"
        yield f"From {self.before} to {self.after}: {what}"
        if edits:
            yield ("entry", "field", "before", "after", "kind of change"), edits
        yield from self.sentences()
        kept = [[which, *p.row()] for which, found in (("lost", self.lost), ("gained", self.gained)) for p in found]
        if kept:
            yield ("", "behaviour", "stays", "when", "because", "given up by", "source"), kept


def difference(before: Rules, after: Rules) -> SpecDifference:
    """What `after` changes in `before`: two versions of one spec, entry by entry and field by field.

    A promise is kept if the newer spec makes one that is at least as narrow, in as many situations, and as hard to give up.
    """
    old, new = (guarantees(rules).promises for rules in (before, after))
    return SpecDifference(
        before=label(before, "the spec in force"),
        after=label(after, "the amended spec"),
        edits=tuple(_edits(before, after)),
        lost=tuple(p for p in old if not any(_covers(q, p, after) for q in new)),
        gained=tuple(p for p in new if not any(_covers(q, p, before) for q in old)),
    )


def label(rules: Rules, otherwise: str) -> str:
    """How a version of a spec is called: `general-assistant 2`, or otherwise."""
    return f"{rules.name} {rules.spec.version}" if rules.spec.version else f"{rules.name} ({otherwise})"


def _edits(before: Rules, after: Rules) -> Iterator[Edit]:
    old, new = (adapter(Spec).dump_python(rules.spec) for rules in (before, after))
    yield from (
        Edit("the spec", name, old[name], new[name], "wording") for name in ("about", "source") if old[name] != new[name]
    )
    for part, what in ENTRIES.items():
        was, now = (_named(part, data[part]) for data in (old, new))
        for name in dict.fromkeys([*was, *now]):
            yield from _of_entry(part, f"{what} {name}", was.get(name), now.get(name))


def _named(part: Part, entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The entries of a list by their names; a grant by what it lends to whom."""
    return {item["name"] if part != "grants" else f"of {item['by']} to {item['to']}": item for item in entries}


def _of_entry(part: Part, entry: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Iterator[Edit]:
    if old is None or new is None:
        item, came = old or new or {}, "removed" if new is None else "added"
        said = _summary(part, item)
        yield Edit(entry, "", *(("", said) if old is None else (said, "")), f"hard line {came}" if item.get("hard") else came)
        return
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        if was != now:
            yield Edit(entry, key, _shown(key, was), _shown(key, now), _kind(part, key, was, now))


def _shown(key: str, value: Any) -> str:
    """A value in short: of a protection, what it keeps and who may waive it."""
    if key == "protection" and value is not None:
        return f"at least {value['floor']}; waived by {value['waiver']}"
    return written(value)


def _summary(part: Part, item: dict[str, Any]) -> str:
    """What an entry says, in short."""
    if part == "behaviours":
        return f"{item['default']} ({item['authority']}{', hard' if item['hard'] else ''})"
    if part == "rules":
        when = f" when {' and '.join(item['when'])}" if item["when"] else ""
        return f"{item['behaviour']} is {' to '.join(item['requires'])}{when} ({item['authority']})"
    return str(item.get("level") or item.get("up_to") or item.get("about"))


def _kind(part: Part, key: str, was: Any, now: Any) -> str:
    if key == "hard":
        return "hard line added" if now else "hard line removed"
    if key == "protection":
        if was is None or now is None:
            return "protection added" if was is None else "protection removed"
        same = all(was[field] == now[field] for field in ("floor", "waiver"))
        return "wording" if same else "protection changed"
    return "who may change it" if key in POWER else KINDS.get((part, key), "wording")


def _covers(promise: Promise, other: Promise, rules: Rules) -> bool:
    """Whether one promise, made by `rules`, keeps at least what another one does; a value off its scale is not kept."""
    if promise.behaviour != other.behaviour or not set(promise.when) <= set(other.when):
        return False
    places = rules.behaviours[promise.behaviour].places
    if not {other.least, other.most} <= set(places):
        return False
    inside = places[other.least] <= places[promise.least] and places[promise.most] <= places[other.most]
    return inside and promise.waiver in (other.waiver, "nobody")
