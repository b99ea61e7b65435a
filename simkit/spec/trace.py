"""A decision that can be read and audited step by step: who spoke, at which level, what it did, what overrode it and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from ..text import Printable, Printed

Deed = Literal["stands", "sets", "bounds", "prefers", "waives", "nears", "narrows", "void", "superseded", "overridden", "stops"]

#: What each deed means, for readers.
DEEDS: dict[str, str] = {
    "stands": "is what holds if nothing else does",
    "sets": "sets the value",
    "bounds": "bounds what may be chosen",
    "prefers": "gives another default",
    "waives": "waives a protection that is its own",
    "nears": "gets as near as it may",
    "narrows": "bounds what levels below may choose",
    "void": "has no effect",
    "superseded": "is replaced by a later message of its level",
    "overridden": "is overridden",
    "stops": "conflicts with another root rule",
}


@dataclass(frozen=True)
class Step:
    """One rule or message that spoke about a behaviour."""

    who: str
    """`default`, `protection`, a rule's name, or `message 3 (user)`; messages are counted from 1."""
    level: str
    source: str
    wants: str
    """The value or the range that it asks for."""
    did: Deed
    value: str
    """The value right after this step."""
    why: str
    node: str
    """Where it stands in the graph: `rule:name`, `protection:behaviour`, `behaviour:name`, `message:0`."""
    later: str = ""
    """Who changed the value after it, if somebody did."""

    @property
    def highlighted(self) -> bool:
        """Whether it had a part in the result."""
        return self.did not in ("void", "superseded", "overridden")

    @property
    def effect(self) -> str:
        """What it did, why, and who overrode it, in words."""
        reason = f" ({self.why})" if self.why else ""
        return DEEDS[self.did] + reason + (f"; then overridden by {self.later}" if self.later else "")

    def __str__(self) -> str:
        return f"[{self.level}] {self.who} wants {self.wants}: {self.effect}; now {self.value}. Source: {self.source}"


@dataclass(frozen=True, repr=False)
class Decision(Printed):
    """What the rules say about one behaviour after some messages: its value, and the trace."""

    rules: str
    """The name of the spec."""
    behaviour: str
    value: str | None
    """The value; None for inaction, where two root rules conflict."""
    hard: bool
    """Whether responses that break it are filtered out before anything is weighed."""
    steps: tuple[Step, ...]

    @property
    def inaction(self) -> bool:
        """Whether two root rules conflict, so that nothing is done."""
        return self.value is None

    @property
    def decided_by(self) -> Step:
        """The last step that gave the value, or that stopped it."""
        return self.steps[deciders(self.steps)[-1]]

    @property
    def title(self) -> str:
        """The result in a line."""
        return f"{self.behaviour}: {self.value or 'inaction'} ({self.rules}; {self.decided_by.who})"

    @property
    def text(self) -> str:
        """The whole trace as plain text, one step a line."""
        return "\n".join([self.title, *(f"  {number}. {step}" for number, step in enumerate(self.steps, 1))])

    def _parts(self) -> list[Printable]:
        head = ("level", "who speaks", "wants", "effect", "value then", "source")
        return [self.title, (head, [[s.level, s.who, s.wants, s.effect, s.value, s.source] for s in self.steps])]

    def __repr__(self) -> str:
        return self.text


def deciders(steps: Sequence[Step]) -> list[int]:
    """The steps that gave the value, in order: the default, and each that said it or changed it.  The last one holds."""
    found, value = [0], steps[0].value
    for number, step in enumerate(steps[1:], 1):
        if step.did in ("sets", "prefers", "waives", "nears", "stops") or (step.highlighted and step.value != value):
            found.append(number)
        value = step.value if step.highlighted else value
    return found


def overruled(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps with a word, where the value was changed later, about who did it."""
    gave, out = deciders(steps), list(steps)
    for now, then in pairwise(gave):
        if steps[then].did == "stops" or steps[then].value != steps[now].value:
            out[now] = replace(steps[now], later=steps[then].who)
    return tuple(out)
