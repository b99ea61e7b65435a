"""An incident looked at again: what did the spec in force say there, and what would the amended one have said?

Three things can have failed.  If the spec in force had ruled the answer out, the assistant did not follow it, and an amendment
mends nothing.  If both leave the answer, the amendment does not meet the case.  Only if the first leaves it and the second
does not is the amendment about this incident.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..case import Case
from ..evaluate import exposure
from ..files import place_of
from ..scenario import load
from ..text import Printable, Printed, number
from .amendment import Incident
from .compiler import WrittenPolicy, compile  # noqa: A004
from .rules import Rules
from .trace import Decision
from .versions import label

#: What each finding means.
FINDINGS: dict[str, str] = {
    "met": "The spec in force left this answer, and the amended one rules it out.",
    "not met": "Both leave this answer: the amendment does not meet the incident.",
    "ruled out already": "The spec in force ruled this answer out already: the assistant did not follow it.",
    "ruled out no longer": "The spec in force ruled this answer out, and the amended one leaves it.",
}


@dataclass(frozen=True, eq=False, repr=False)
class Examination(Printed):
    """An incident under two versions of a spec: what each leaves to answer, and what it decides about the behaviour."""

    incident: Incident
    case: Case
    policies: tuple[WrittenPolicy, WrittenPolicy]
    """What the spec in force and the amended one make of the case."""
    names: tuple[str, str]
    """How the two versions are called."""

    @property
    def finding(self) -> str:
        """What failed (a key of `FINDINGS`): the rules, or whoever should have followed them."""
        then, now = (self.incident.response in policy.on(self.incident.signal).left for policy in self.policies)
        return ("not met" if now else "met") if then else "ruled out no longer" if now else "ruled out already"

    @property
    def decisions(self) -> tuple[Decision, Decision]:
        """What each version decides about the behaviour on this signal, with its trace."""
        first, second = (policy.on(self.incident.signal).decisions[self.incident.behaviour] for policy in self.policies)
        return first, second

    @property
    def expected(self) -> tuple[float, float]:
        """Bad outcomes for this segment in a million senders of the message, whatever they are answered, under each version."""
        s, chance = (
            self.case.segments.index(self.incident.segment),
            self.case.harm_events.chance + self.case.neglect_events.chance,
        )
        first, second = (1e6 * float(exposure(self.case, policy)[s] @ chance[s]) for policy in self.policies)
        return first, second

    def _parts(self) -> list[Printable]:
        """The incident, what failed, what each version leaves, and how often such a thing is to be expected."""
        at, (first, second) = self.incident, self.expected
        then, now = (", ".join(policy.on(at.signal).left) for policy in self.policies)
        lines = [
            f"{at.name}, {at.date} ({at.source}): {at.about}",
            FINDINGS[self.finding],
            f"On {at.signal} in {self.case.title}, {self.names[0]} leaves {then}; {self.names[1]} leaves {now}.",
            f"Bad outcomes for {at.segment} in a million senders: {number(first)} expected before, {number(second)} after.",
        ]
        return [*lines, *self.decisions]


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
    then, now = (compile(rules, here) for rules in (before, after))
    then.on(incident.signal)
    return Examination(incident, here, (then, now), (label(before, "the spec in force"), label(after, "the amended spec")))
