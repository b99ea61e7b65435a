"""What every user keeps, whatever an operator configures: read off the spec in closed form.

A promise is the range in which a behaviour stays under every configuration of operators, with no word from the user.  Tests
hold it to brute force: no random configuration leaves the range.  (Anthropic's constitution: what operators cannot remove;
OpenAI's Model Spec: root- and system-level sections.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..messages import rank
from ..text import html_lines, html_table, text_table
from .rules import Ready, Rule, Rules

OPERATOR = rank("developer")

Ground = Literal["constant", "protection", "not for operators", "bounds", "rule"]

#: Why a promise holds, in words.
GROUNDS: dict[Ground, str] = {
    "constant": "no message changes it",
    "protection": "operators cannot remove it",
    "not for operators": "operators may not change it",
    "bounds": "operators may choose this much only",
    "rule": "required in this situation",
}


@dataclass(frozen=True)
class Promise:
    """One behaviour that stays in a range, whatever operators say."""

    behaviour: str
    least: str
    most: str
    when: tuple[str, ...]
    """The situations that must be known; none for always."""
    ground: Ground
    waiver: str
    """`user` if the user may give it up, else `nobody`."""
    source: str

    def row(self) -> list[str]:
        """behaviour, range, when, why, who may give it up, source."""
        kept = self.least if self.least == self.most else f"{self.least} to {self.most}"
        return [self.behaviour, kept, ", ".join(self.when) or "always", GROUNDS[self.ground], self.waiver, self.source]


@dataclass(frozen=True, repr=False)
class Guarantees:
    """All promises of a spec, as a list that people can read."""

    rules: str
    promises: tuple[Promise, ...]

    _head = ("behaviour", "stays", "when", "because", "given up by", "source")

    def about(self, behaviour: str) -> tuple[Promise, ...]:
        """The promises about one behaviour."""
        return tuple(promise for promise in self.promises if promise.behaviour == behaviour)

    def __repr__(self) -> str:
        title = f"What users keep under {self.rules}, whatever an operator configures"
        return title + "\n" + text_table(self._head, [promise.row() for promise in self.promises])

    def _repr_html_(self) -> str:
        title = f"What users keep under {self.rules}, whatever an operator configures"
        return html_lines(title, []) + html_table(self._head, [promise.row() for promise in self.promises])


def guarantees(rules: Rules) -> Guarantees:
    """What every user keeps under any configuration: behaviours that stay in a range smaller than their scale.

    Ranges bound the outcome when no user has spoken; `inaction` (two root rules conflict) is always possible and safe.
    """
    found: list[Promise] = []
    for ready in rules.behaviours.values():
        always = _always(ready)
        found += always
        low, high = _reach(ready)
        for rule in ready.rules:
            kept = _in_situation(ready, rule)
            if kept is not None and (kept[0] > low or kept[1] < high):
                found.append(_promise(ready, kept, rule.when, "rule", rule.source))
    return Guarantees(rules.name, tuple(found))


def _always(ready: Ready) -> list[Promise]:
    low, high = _reach(ready)
    b = ready.behaviour
    if (low, high) == (0, len(b.values) - 1):
        return []
    ground: Ground = "bounds"
    if b.protection is not None and low == ready.floor:
        ground = "protection"
    elif b.authority == "root":
        ground = "constant"
    elif ready.authority > OPERATOR:
        ground = "not for operators"
    source = b.protection.source if b.protection is not None and ground == "protection" else b.source
    return [_promise(ready, (low, high), (), ground, source)]


def _promise(ready: Ready, kept: tuple[int, int], when: tuple[str, ...], ground: Ground, source: str) -> Promise:
    b = ready.behaviour
    return Promise(
        behaviour=b.name,
        least=b.values[kept[0]],
        most=b.values[kept[1]],
        when=when,
        ground=ground,
        waiver=_waiver(ready, ground),
        source=source,
    )


def _waiver(ready: Ready, ground: Ground) -> str:
    """Who may give a promise up: users, where the waiver is theirs or where they may change the behaviour anyway."""
    b = ready.behaviour
    if b.protection is not None:
        return b.protection.waiver
    return "user" if ready.authority <= rank("user") and ground == "bounds" else "nobody"


def _reach(ready: Ready) -> tuple[int, int]:
    """The hull of the values that operators can bring about, in any situation and without a word from a user."""
    own = [ready.default]
    if ready.authority <= OPERATOR:
        low, high = ready.limits[OPERATOR]
        own += [max(low, ready.floor), high] if high >= ready.floor else []
    for rule in ready.rules:  # a rule moves the value at most to its nearest end
        span = ready.places[rule.requires[0]], ready.places[rule.requires[-1]]
        if rule.authority != "root" or ready.behaviour.authority != "root":
            own += [min(max(value, span[0], ready.floor), max(span[1], ready.floor)) for value in tuple(own)]
    return min(own), max(own)


def _in_situation(ready: Ready, rule: Rule) -> tuple[int, int] | None:
    """The range in which a rule keeps a behaviour where it holds and operators cannot override it; else None."""
    if rank(rule.authority) <= OPERATOR:
        return None
    low, high = _reach(ready)
    others = [other for other in ready.rules if other is not rule and rank(other.authority) >= rank(rule.authority)]
    if rule.authority != "root" and others:
        return None  # a rule above it, or beside it, may leave it no room
    if ready.authority > rank(rule.authority):
        return None
    span = ready.places[rule.requires[0]], ready.places[rule.requires[-1]]
    kept = max(low, span[0], ready.floor), min(high, span[1])
    return kept if kept[0] <= kept[1] else None
