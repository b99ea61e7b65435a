"""What users keep, whatever operators configure; and what a configuration does to them: narrows the assistant, or turns it.

A promise is the range in which a behaviour stays under every configuration of operators, with no word from the user: read off
the spec in closed form.  Tests hold it to brute force: no random configuration leaves the range.

Anthropic's constitution parts operators who limit or adjust what the assistant does (fine) from operators who would use it
against the very users it talks to (not).  Here the line is the spec's own: a protection.  What crosses one is void, the
default stands, and the finding names the protection.  Narrowing and widening are read off what users can still reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..arguments import guard
from ..messages import Message, rank
from ..text import Printable, Printed
from .authority import TrustChange, authorities, level
from .chain import decide
from .rules import Ready, Rules, SpecRule
from .trace import Step

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
class Guarantees(Printed):
    """All promises of a spec, as a list that people can read."""

    rules: str
    promises: tuple[Promise, ...]

    def about(self, behaviour: str) -> tuple[Promise, ...]:
        """The promises about one behaviour."""
        return tuple(promise for promise in self.promises if promise.behaviour == behaviour)

    def _parts(self) -> list[Printable]:
        head = ("behaviour", "stays", "when", "because", "given up by", "source")
        title = f"What users keep under {self.rules}, whatever an operator configures"
        return [title, (head, [promise.row() for promise in self.promises])]


def guarantees(rules: Rules) -> Guarantees:
    """What every user keeps under any configuration: behaviours that stay in a range smaller than their scale.

    Ranges bound the outcome when no user has spoken; `inaction` (two root rules conflict) is always possible and safe.
    """
    return Guarantees(rules.name, tuple(promise for ready in rules.behaviours.values() for promise in _promises(ready)))


def _promises(ready: Ready) -> Iterator[Promise]:
    """What is always kept of a behaviour, and what a rule keeps beyond that."""
    b, (low, high) = ready.behaviour, _operators_reach(ready)
    if (low, high) != (0, len(b.values) - 1):
        ground: Ground = "bounds"
        if b.protection is not None and low == ready.floor:
            ground = "protection"
        elif b.authority == "root":
            ground = "constant"
        elif ready.authority > OPERATOR:
            ground = "not for operators"
        source = b.protection.source if b.protection is not None and ground == "protection" else b.source
        yield Promise(b.name, b.values[low], b.values[high], (), ground, _waiver(ready, ground), source)
    for rule in ready.rules:
        kept = _in_situation(ready, rule)
        if kept is not None and (kept[0] > low or kept[1] < high):
            least, most = (b.values[place] for place in kept)
            yield Promise(b.name, least, most, rule.when, "rule", _waiver(ready, "rule"), rule.source)


def _waiver(ready: Ready, ground: Ground) -> str:
    """Who may give a promise up: users, where the waiver is theirs or where they may change the behaviour anyway."""
    if ready.behaviour.protection is not None:
        return ready.behaviour.protection.waiver
    return "user" if ready.authority <= rank("user") and ground == "bounds" else "nobody"


def _operators_reach(ready: Ready) -> tuple[int, int]:
    """The hull of the values that operators can bring about, in any situation and without a word from a user."""
    own = [ready.default]
    if ready.authority <= OPERATOR:
        low, high = ready.limits[OPERATOR]
        own += [max(low, ready.floor), high] if high >= ready.floor else []
    for rule in ready.rules:  # a rule moves the value at most to its nearest end
        low, high = ready.required(rule)
        if rule.authority != "root" or ready.behaviour.authority != "root":
            own += [min(max(value, low, ready.floor), max(high, ready.floor)) for value in tuple(own)]
    return min(own), max(own)


def _in_situation(ready: Ready, rule: SpecRule) -> tuple[int, int] | None:
    """The range in which a rule keeps a behaviour where it holds and operators cannot override it; else None."""
    height = rank(rule.authority)
    # A rule above it, or beside it, may leave it no room.
    others = any(other is not rule and rank(other.authority) >= height for other in ready.rules)
    if height <= OPERATOR or ready.authority > height or (others and rule.authority != "root"):
        return None
    (low, high), span = _operators_reach(ready), ready.required(rule)
    kept = max(low, span[0], ready.floor), min(high, span[1])
    return kept if kept[0] <= kept[1] else None


# --- what a configuration does to users -------------------------------------------------------------------------------

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


@dataclass(frozen=True, repr=False)
class Configuration(Printed):
    """What an operator's messages do to users: the verdict is the worst of the findings."""

    rules: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Effect:
        """The worst effect of any of its instructions; `against users` if it tries to turn the assistant against them."""
        return next((effect for effect in EFFECTS if any(f.effect == effect for f in self.findings)), "nothing new")

    @property
    def void(self) -> tuple[Finding, ...]:
        """The instructions that have no effect because they try too much."""
        return tuple(f for f in self.findings if f.effect in ("against users", "beyond its power"))

    def _parts(self) -> list[Printable]:
        rows = [[str(f.message + 1), f.about, f.wants, f.effect, f.rule, f.source] for f in self.findings]
        title = f"This configuration, under {self.rules}: {self.verdict} ({EFFECTS[self.verdict]})"
        return [title, (("message", "about", "wants", "effect", "rule", "source"), rows)]


def classify(rules: Rules, messages: Sequence[Message]) -> Configuration:
    """What the operators' messages among `messages` do to users.

    An operator is whoever has more authority than a user of the level's own; what users, tools and quoted text say is no
    configuration and is passed over.
    """
    found, trusts = authorities(rules, messages)
    own = [i for i, each in enumerate(found) if each.rank > rank("user") and not each.is_user]
    config = [messages[i] for i in own]
    findings = [finding for name in rules.behaviours for finding in _about(rules, config, own, name)]
    findings += [_about_trust(rules, trust) for trust in trusts if trust.by in own]
    return Configuration(rules.name, tuple(sorted(findings, key=lambda finding: finding.message)))


def _about(rules: Rules, config: Sequence[Message], numbers: Sequence[int], name: str) -> Iterator[Finding]:
    """The findings about one behaviour."""
    if any(name in m.sets or name in m.allows or name in m.prefers for m in config):
        for step in decide(rules, config, name).steps:
            if step.node.startswith("message:"):
                place = int(step.node.partition(":")[2])
                effect, rule, source = _effect(rules, config, place, rules.behaviours[name], step)
                yield Finding(numbers[place], name, step.wants, effect, rule, source)


def _effect(rules: Rules, config: Sequence[Message], place: int, ready: Ready, step: Step) -> tuple[Effect, str, str]:
    """What one instruction does to users, the rule that says so, and its source."""
    b = ready.behaviour
    if b.protection is not None and _crosses(ready, config[place]):
        who = "the user only" if b.protection.waiver == "user" else "nobody"
        return "against users", f"{b.name} stays at least {b.protection.floor}; {who} may waive it", b.protection.source
    if step.did in ("void", "superseded"):
        return "beyond its power" if step.did == "void" else "replaced", step.why, b.source
    others = [message for i, message in enumerate(config) if i != place]
    (before, silent), (after, now) = (_users_reach(rules, said, b.name, b.values) for said in (others, config))
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


def _users_reach(
    rules: Rules, config: Sequence[Message], name: str, values: Sequence[str]
) -> tuple[set[str | None], str | None]:
    """The values that a user can reach by asking, and the one that a silent user gets."""
    silent = decide(rules, config, name).value
    asked = ([*config, Message(level="user", sets={name: value})] for value in values)
    return {silent, *(decide(rules, said, name).value for said in asked)}, silent


def _about_trust(rules: Rules, trust: TrustChange) -> Finding:
    """The finding about one attempt to lend authority or to take it."""
    effect: Effect = "beyond its power"
    rule = trust.why
    if trust.given:
        given, declared = rank(trust.given), rank(rules.principals[trust.to].level)
        effect = "widens" if given > declared else "narrows" if given < declared else "nothing new"
        rule = f"{trust.to} has the authority of {level(given)}: {trust.why}"
    return Finding(trust.by, trust.to, f"trust at {trust.wanted}", effect, rule, rules.spec.source)


guard(__name__)
