"""Specs side by side: where several agree, what users keep from one version to the next, what two say to an incident.

Promises are lost or gained as `guarantees` reads them off both specs.  An incident is looked at under both: if the spec in
force had ruled the answer out, the assistant did not follow it, and an amendment mends nothing; if both leave the answer, the
amendment does not meet the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..arguments import guard
from ..case import Case
from ..evaluate import exposure
from ..scenario import load
from ..text import Printable, Printed, number, place_of
from .amendment import Incident
from .compiler import WrittenPolicy, compile  # noqa: A004
from .promises import Promise, guarantees
from .rules import Behaviour, Rules
from .trace import Decision


@dataclass(frozen=True, repr=False)
class SpecComparison(Printed):
    """Behaviours that several specs speak about, one row each; behaviours are the same if they have the same concept."""

    names: tuple[str, ...]
    """The specs."""
    cells: dict[str, tuple[Behaviour | None, ...]]
    """Concept -> what each spec says; None where it is silent."""

    @property
    def agree(self) -> tuple[str, ...]:
        """Where all that speak say the same: values, default, who may change it, hard, floor and waiver."""
        return tuple(name for name, row in self.cells.items() if len({_key(b) for b in row if b is not None}) == 1)

    @property
    def differ(self) -> tuple[str, ...]:
        """Where those that speak say different things."""
        return tuple(name for name in self.cells if name not in self.agree)

    def _parts(self) -> Iterator[Printable]:
        yield f"{len(self.agree)} agree, {len(self.differ)} differ"
        rows = [[name, *map(_said, row), "" if name in self.agree else "differ"] for name, row in self.cells.items()]
        yield ["behaviour", *self.names, ""], rows


def compare_specs(*rules: Rules, least: int = 2) -> SpecComparison:
    """What several specs say about the behaviours that at least `least` of them speak about, in the order of the first."""
    spoken = [{b.concept or b.name: b for b in each.spec.behaviours} for each in rules]
    cells = {name: tuple(each.get(name) for each in spoken) for name in dict.fromkeys(name for each in spoken for name in each)}
    enough = {name: row for name, row in cells.items() if sum(b is not None for b in row) >= least}
    return SpecComparison(tuple(each.name for each in rules), enough)


def _key(b: Behaviour) -> tuple[object, ...]:
    return (b.values, b.default, b.authority, b.hard, b.protection and (b.protection.floor, b.protection.waiver))


def _said(b: Behaviour | None) -> str:
    if b is None:
        return "–"
    kept = f", kept at {b.protection.floor}" if b.protection else ""
    waived = " unless the user waives it" if b.protection and b.protection.waiver == "user" else ""
    return f"{b.default} ({b.authority}{', hard' if b.hard else ''}{kept}{waived})"


# --- what users keep --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class SpecDifference(Printed):
    """What users lose and gain by a newer version of a spec."""

    before: str
    after: str
    lost: tuple[Promise, ...]
    """Promises of the older version that the newer one does not keep."""
    gained: tuple[Promise, ...]
    """Promises of the newer version that the older one did not make."""

    def _parts(self) -> Iterator[Printable]:
        yield f"From {self.before} to {self.after} users gain {len(self.gained)} and lose {len(self.lost)} guarantees."
        kept = [[which, *p.row()] for which, found in (("lost", self.lost), ("gained", self.gained)) for p in found]
        yield ("", "behaviour", "stays", "when", "because", "given up by", "source"), kept


def difference(before: Rules, after: Rules) -> SpecDifference:
    """What users lose and gain by `after` beside `before`: two versions of one spec, promise by promise.

    A promise is kept if the newer spec makes one that is at least as narrow, in as many situations, and as hard to give up.
    """
    old, new = (guarantees(rules).promises for rules in (before, after))
    return SpecDifference(
        *version_names(before, after),
        lost=tuple(p for p in old if not any(_covers(q, p, after) for q in new)),
        gained=tuple(p for p in new if not any(_covers(q, p, before) for q in old)),
    )


def version_names(before: Rules, after: Rules) -> tuple[str, str]:
    """How two versions of a spec are told apart: `general-assistant 1` and `general-assistant 2`, or in words."""
    first = f"{before.name} {before.spec.version or '(the spec in force)'}"
    second = f"{after.name} {after.spec.version or '(the amended spec)'}"
    return (first, second) if first != second else (f"{first}, before", f"{second}, after")


def _covers(promise: Promise, other: Promise, rules: Rules) -> bool:
    """Whether one promise, made by `rules`, keeps at least what another one does; a value off its scale is not kept."""
    if promise.behaviour != other.behaviour or not set(promise.when) <= set(other.when):
        return False
    places = rules.behaviours[promise.behaviour].places
    ends = [places.get(value, -1) for value in (other.least, promise.least, promise.most, other.most)]
    return -1 not in ends and ends == sorted(ends) and promise.waiver in (other.waiver, "nobody")


# --- what happened ----------------------------------------------------------------------------------------------------

#: What failed, by whether the spec in force and the amended one leave the answer.
FINDINGS: dict[tuple[bool, bool], tuple[str, str]] = {
    (True, False): ("met", "The spec in force left this answer, and the amended one rules it out."),
    (True, True): ("not met", "Both leave this answer: the amendment does not meet the incident."),
    (False, False): ("ruled out already", "The spec in force ruled this answer out already: the assistant did not follow it."),
    (False, True): ("ruled out no longer", "The spec in force ruled this answer out, and the amended one leaves it."),
}


@dataclass(frozen=True, eq=False, repr=False)
class Examination(Printed):
    """An incident under two versions of a spec: what each leaves to answer, and what it decides about the behaviour."""

    incident: Incident
    case: Case
    policies: tuple[WrittenPolicy, ...]
    """What the spec in force and the amended one make of the case."""
    names: tuple[str, str]
    """How the two versions are called."""

    @property
    def _leave(self) -> tuple[bool, bool]:
        then, now = (self.incident.response in policy.on(self.incident.signal).left for policy in self.policies)
        return then, now

    @property
    def finding(self) -> str:
        """What failed: `met`, `not met`, `ruled out already` or `ruled out no longer`."""
        return FINDINGS[self._leave][0]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What each version decides about the behaviour on this signal, with its trace."""
        return tuple(policy.on(self.incident.signal).decisions[self.incident.behaviour] for policy in self.policies)

    @property
    def expected(self) -> tuple[float, ...]:
        """Bad outcomes for this segment in a million senders of the message, whatever they are answered, under each version."""
        s, bad = self.case.segments.index(self.incident.segment), self.case.harm_events.chance + self.case.neglect_events.chance
        return tuple(1e6 * float(exposure(self.case, policy)[s] @ bad[s]) for policy in self.policies)

    def _parts(self) -> Iterator[Printable]:
        at, (first, second) = self.incident, self.expected
        then, now = (f"{n} leaves {', '.join(p.on(at.signal).left)}" for n, p in zip(self.names, self.policies, strict=True))
        yield f"{at.name}, {at.date} ({at.source}): {at.about}"
        yield FINDINGS[self._leave][1]
        yield f"On {at.signal} in {self.case.title}, {then}; {now}."
        yield f"Bad outcomes for {at.segment} in a million senders: {number(first)} expected before, {number(second)} after."
        yield from self.decisions


def examine(incident: Incident, before: Rules, after: Rules) -> Examination:
    """An incident under the spec in force and under the amended one, in its scenario and context.

    A ValueError suggests a name if the case has no such segment, signal or response, or one of the specs no such behaviour.
    """
    whole = load(incident.scenario)
    here = whole.in_context(incident.context) if incident.context else whole
    place_of(incident.segment, here.segments, f"segment of {here.name}")
    here.response(incident.response)
    for rules in (before, after):
        rules.behaviour(incident.behaviour)
    found = Examination(incident, here, tuple(compile(rules, here) for rules in (before, after)), version_names(before, after))
    found.policies[0].on(incident.signal)
    return found


guard(__name__)
