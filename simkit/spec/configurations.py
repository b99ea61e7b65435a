"""What an operator's configuration does to users: narrows or adjusts the assistant, or turns it against them.

Anthropic's constitution parts operators who limit or adjust what the assistant does (fine) from operators who would use it
against the very users it talks to (not).  Here the line is the spec's own: a protection.  What crosses one is void, the
default stands, and the finding names the protection.  Narrowing and widening are read off what users can still reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..messages import Message, rank
from ..text import html_lines, html_table, text_table
from .authority import TrustChange, authorities, level
from .chain import decide
from .rules import Ready, Rules
from .trace import Step

Effect = Literal["against users", "beyond its power", "widens", "narrows", "adjusts", "nothing new", "replaced"]

#: From the worst to the least: a configuration is called by the first that one of its instructions has.
EFFECTS: dict[Effect, str] = {
    "against users": "tries to remove a protection; void, the default stands",
    "beyond its power": "tries what it may not change; void",
    "narrows": "leaves users less to choose",
    "adjusts": "moves what users get without being asked",
    "widens": "lets users choose more",
    "replaced": "a later instruction replaces it",
    "nothing new": "changes nothing",
}


@dataclass(frozen=True)
class Finding:
    """One instruction of a configuration and what it does to users."""

    message: int
    """The message, from 0."""
    about: str
    """The behaviour, or the principal whose trust it changes."""
    wants: str
    effect: Effect
    rule: str
    """The rule that says so, in words."""
    source: str

    def row(self) -> list[str]:
        """message, about, wants, effect, rule, source."""
        return [str(self.message + 1), self.about, self.wants, self.effect, self.rule, self.source]


@dataclass(frozen=True, repr=False)
class Configuration:
    """What an operator's messages do to users: the verdict is the worst of the findings."""

    rules: str
    findings: tuple[Finding, ...]

    _head = ("message", "about", "wants", "effect", "rule", "source")

    @property
    def verdict(self) -> Effect:
        """The worst effect of any of its instructions."""
        return next((effect for effect in EFFECTS if any(f.effect == effect for f in self.findings)), "nothing new")

    @property
    def void(self) -> tuple[Finding, ...]:
        """The instructions that have no effect because they try too much."""
        return tuple(f for f in self.findings if f.effect in ("against users", "beyond its power"))

    @property
    def against_users(self) -> bool:
        """Whether it tries to turn the assistant against its users; all else is a matter of taste and of power."""
        return self.verdict == "against users"

    @property
    def title(self) -> str:
        """The verdict in a line."""
        return f"This configuration, under {self.rules}: {self.verdict} ({EFFECTS[self.verdict]})"

    def __repr__(self) -> str:
        return self.title + "\n" + text_table(self._head, [f.row() for f in self.findings])

    def _repr_html_(self) -> str:
        return html_lines(self.title, []) + html_table(self._head, [f.row() for f in self.findings])


def classify(rules: Rules, messages: Sequence[Message]) -> Configuration:
    """What the operators' messages among `messages` do to users.

    An operator is whoever has more authority than a user of the level's own; what users, tools and quoted text say is no
    configuration and is passed over.
    """
    authority, trusts = authorities(rules, messages)
    own = [i for i, s in enumerate(authority) if s.rank > rank("user") and not s.is_user]
    config = [messages[i] for i in own]
    found = [finding for name in rules.behaviours for finding in _about(rules, config, own, name)]
    found += [_trust(rules, trust) for trust in trusts if trust.by in own]
    return Configuration(rules.name, tuple(sorted(found, key=lambda finding: finding.message)))


def _about(rules: Rules, config: Sequence[Message], numbers: Sequence[int], name: str) -> list[Finding]:
    """The findings about one behaviour."""
    if not any(name in m.sets or name in m.allows or name in m.prefers for m in config):
        return []
    ready, found = rules.behaviours[name], []
    decision = decide(rules, config, name)
    for step in decision.steps:
        if step.node.startswith("message:"):
            place = int(step.node.partition(":")[2])
            effect, rule, source = _effect(rules, config, place, ready, step)
            found.append(Finding(numbers[place], name, step.wants, effect, rule, source))
    return found


def _effect(rules: Rules, config: Sequence[Message], place: int, ready: Ready, step: Step) -> tuple[Effect, str, str]:
    """What one instruction does to users, the rule that says so, and its source."""
    b = ready.behaviour
    if b.protection is not None and _crosses(ready, config[place]):
        who = "the user only" if b.protection.waiver == "user" else "nobody"
        return "against users", f"{b.name} stays at least {b.protection.floor}; {who} may waive it", b.protection.source
    if step.did == "void":
        return "beyond its power", step.why, b.source
    if step.did == "superseded":
        return "replaced", step.why, b.source
    others = [message for i, message in enumerate(config) if i != place]
    (before, silent), (after, now) = (_reach(rules, said, b.name, b.values) for said in (others, config))
    if after < before:
        return "narrows", f"its authority is {b.authority}: operators may limit it", b.source
    if after > before:
        return "widens", f"its authority is {b.authority}: operators may let users choose", b.source
    if silent != now:
        return "adjusts", f"its authority is {b.authority}: operators may set it", b.source
    return "nothing new", "users get what they would get anyway", b.source


def _crosses(ready: Ready, message: Message) -> bool:
    """Whether a message asks for less than a protection's floor.  To let users choose what is theirs to waive does not."""
    b, protection = ready.behaviour, ready.behaviour.protection
    if b.name in message.sets:
        asked = [message.sets[b.name]]
    else:
        ends, end = message.allows.get(b.name, ()), 0 if protection is not None and protection.waiver == "nobody" else -1
        asked = [ends[end]] if ends else []
        asked += [message.prefers[b.name]] if b.name in message.prefers else []
    return any(ready.places[value] < ready.floor for value in asked if value in ready.places)


def _reach(rules: Rules, config: Sequence[Message], name: str, values: Sequence[str]) -> tuple[set[str | None], str | None]:
    """The values that a user can reach by asking, and the one that a silent user gets."""
    silent = decide(rules, config, name).value
    asked = ([*config, Message(level="user", sets={name: value})] for value in values)
    return {silent, *(decide(rules, said, name).value for said in asked)}, silent


def _trust(rules: Rules, trust: TrustChange) -> Finding:
    """The finding about one attempt to lend authority or to take it."""
    wants = f"trust at {trust.wanted}"
    declared = rank(rules.principals[trust.to].level) if trust.to in rules.principals else 0
    source = rules.spec.source
    if not trust.given:
        return Finding(trust.by, trust.to, wants, "beyond its power", trust.why, source)
    given = rank(trust.given)
    effect: Effect = "widens" if given > declared else "narrows" if given < declared else "nothing new"
    rule = f"{trust.to} has the authority of {level(given)}: {trust.why}"
    return Finding(trust.by, trust.to, wants, effect, rule, source)
