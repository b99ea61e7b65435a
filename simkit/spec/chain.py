"""The chain of command: what a behaviour is after everybody has spoken, and why.

Levels speak from the highest down, and each moves the value only within what those above have left open:

    bounds ← within ∩ root rules           value ← default               (disjoint root rules: inaction)
    for each level from system to guideline:
        the last message of the level that is not void (an explicit one before an implied one):
            bounds ← bounds ∩ what it sets or allows           value ← nearest in bounds, not below the protection's floor
        rules of the level, if no message of this level or above has spoken: the same

* An instruction of an operator (or higher) that has no value in common with the bounds and the floor is *void*: it is
  ignored and what held before stands.  A user's wish is taken as far as it may go.
* A message below the behaviour's authority changes nothing, unless a higher one has *allowed* a range: within it lower levels
  choose as freely as that one could.
* The floor of a protection binds everybody; only a user, explicitly, goes below it, and only where the waiver says so.

Sources: bounded delegation as in XACML-like policy languages and reference semantics R1 of this project; levels, recency,
explicit against implicit override, no authority of quoted text, inaction between root rules: OpenAI's Model Spec; layered
permissions and what operators cannot remove: Anthropic's constitution (January 2026).  `docs/spec-files.md` says what we chose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..arguments import guard
from ..messages import Message, rank
from .authority import HIGHEST, LENDS, Authority, authorities, known_situations, level
from .rules import Ready, Rules, SpecRule
from .trace import Decision, Deed, Step, overruled


def decide(rules: Rules, messages: Sequence[Message], behaviour: str) -> Decision:
    """What `rules` say about a behaviour after `messages`, in the order in which these were sent.

    A ValueError suggests a name if the spec has no such behaviour.  Messages about unknown behaviours, and values that a
    behaviour does not have, are no error: the first are not about this, the second are void.
    """
    return _decide(rules, messages, rules.behaviour(behaviour), *_heard(rules, messages))


def decide_all(rules: Rules, messages: Sequence[Message], behaviours: Iterable[str] | None = None) -> dict[str, Decision]:
    """What `rules` say about every behaviour after `messages`, in the order of the file; or about those that are named."""
    heard = _heard(rules, messages)
    names = rules.behaviours if behaviours is None else behaviours
    return {name: _decide(rules, messages, rules.behaviour(name), *heard) for name in names}


def _heard(rules: Rules, messages: Sequence[Message]) -> tuple[tuple[Authority, ...], dict[str, int]]:
    authority = authorities(rules, messages)[0]
    return authority, known_situations(rules, messages, authority)


@dataclass
class _State:
    """What is decided so far about one behaviour: places on its scale, and the trace."""

    ready: Ready
    low: int
    high: int
    value: int
    granted: bool = False
    """Whether a level above has allowed a range."""
    binder: str = ""
    """What bounds the choice most: a rule or a message."""
    spoken: str = ""
    """The message that spoke last: rules of its level or below are overridden."""
    steps: list[Step] = field(default_factory=list)

    def note(self, who: str, at: str, source: str, wants: str, did: Deed, why: str, node: str) -> None:
        value = self.ready.behaviour.values[self.value]
        self.steps.append(Step(who, at, source, wants, did, value, why, node))

    def near(self, low: int, high: int) -> None:
        """Keep the value within low to high."""
        self.value = min(max(self.value, low), high)


def _decide(
    rules: Rules, messages: Sequence[Message], ready: Ready, authority: Sequence[Authority], known: Mapping[str, int]
) -> Decision:
    state = _State(ready, ready.low, ready.high, ready.default)
    _open(state)
    speaking = [rule for rule in ready.rules if all(situation in known for situation in rule.when)]
    stopped = _root(state, [rule for rule in speaking if rule.authority == "root"], known)
    if not stopped:
        about = _about(state, messages, authority)
        for height in range(HIGHEST, 0, -1):
            _messages(state, height, [entry for entry in about if entry.authority.rank == height])
            for rule in speaking:
                if rank(rule.authority) == height:
                    _rule(state, rule, known)
    behaviour = ready.behaviour
    value = None if stopped else behaviour.values[state.value]
    return Decision(rules.name, behaviour.name, value, behaviour.hard, overruled(state.steps))


# --- the spec itself --------------------------------------------------------------------------------------------------


def _open(state: _State) -> None:
    """The default, the bounds and the protection, which hold before anybody speaks."""
    b, ready = state.ready.behaviour, state.ready
    why = "no message overrides root" if b.authority == "root" else f"messages of {b.authority} or above may change it"
    if b.within:
        why += f", within {ready.shown(ready.low, ready.high)}"
    state.note("default", b.authority, b.source, b.default, "stands", why, f"behaviour:{b.name}")
    if b.protection is not None:
        who = "only the user may waive it" if b.protection.waiver == "user" else "nobody may waive it"
        wants = f"at least {b.protection.floor}"
        state.note("protection", "root", b.protection.source, wants, "narrows", who, f"protection:{b.name}")


def _root(state: _State, rules: list[SpecRule], known: Mapping[str, int]) -> bool:
    """Root rules bound everything; whether two of them conflict.  A default of authority root is one of them."""
    ready = state.ready
    low, high = (ready.default, ready.default) if ready.behaviour.authority == "root" else (state.low, state.high)
    low = max(low, ready.floor) if ready.behaviour.protection and ready.behaviour.protection.waiver == "nobody" else low
    for rule in rules:
        span = ready.required(rule)
        if max(low, span[0], ready.floor) > min(high, span[1]):
            why = "what root rules require cannot all be done: inaction"
            _note_rule(state, rule, "stops", why, known)
            return True
        low, high = max(low, span[0]), min(high, span[1])
        state.near(max(low, ready.floor), high)
        state.binder = rule.name
        _note_rule(state, rule, "bounds", "", known)
    state.low, state.high = low, high
    return False


def _rule(state: _State, rule: SpecRule, known: Mapping[str, int]) -> None:
    """A rule below root: overridden by messages of its level or above, else it binds the levels below."""
    span = state.ready.required(rule)
    low, high = max(state.low, span[0]), min(state.high, span[1])
    if state.spoken:
        _note_rule(state, rule, "overridden", f"{state.spoken} has spoken at its level or above", known)
    elif max(low, state.ready.floor) > high:
        _note_rule(state, rule, "void", "what stands above leaves it no room", known)
    else:
        state.low, state.high, state.binder = low, high, rule.name
        state.near(max(low, state.ready.floor), high)
        _note_rule(state, rule, "bounds", "", known)


def _note_rule(state: _State, rule: SpecRule, did: Deed, why: str, known: Mapping[str, int]) -> None:
    heard = "; ".join(f"message {known[name] + 1} tells of {name}" for name in rule.when)
    reason = "; ".join(part for part in (heard, why) if part)
    state.note(rule.name, rule.authority, rule.source, " to ".join(rule.requires), did, reason, f"rule:{rule.name}")


# --- messages ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wish:
    """What one message asks of the behaviour: a span, or a default, or both; places on the scale."""

    number: int
    message: Message
    authority: Authority
    wants: str
    span: tuple[int, int] | None
    default: int | None
    known: bool
    """Whether the values that it names are values of the behaviour."""

    @property
    def who(self) -> str:
        return f"message {self.number + 1} ({self.authority.author})"


def _about(state: _State, messages: Sequence[Message], authority: Sequence[Authority]) -> list[_Wish]:
    """What the messages ask of this behaviour; those without authority are void at once."""
    name, wishes = state.ready.name, []
    for number, message in enumerate(messages):
        if name in message.sets or name in message.allows or name in message.prefers:
            wish = _wish(state.ready, number, message, authority[number])
            if wish.authority.rank > 0:
                wishes.append(wish)
            else:
                why = wish.authority.why or "quoted text, tools and the model itself have no authority"
                _note_wish(state, wish, "void", why)
    return wishes


def _wish(ready: Ready, number: int, message: Message, authority: Authority) -> _Wish:
    """`sets` goes before `allows` and `prefers`, which may stand together."""
    name = ready.name
    fixed, choice, preferred = message.sets.get(name), message.allows.get(name), message.prefers.get(name)
    names = (fixed,) if fixed is not None else choice
    span = ready.span(tuple(names)) if names else None
    default = ready.places.get(preferred) if preferred is not None and fixed is None else None
    known = (names is None or span is not None) and (preferred is None or preferred in ready.places)
    wants = " to ".join(names) if names else ""
    wants += (" with default " if wants else "default ") + preferred if preferred is not None and fixed is None else ""
    return _Wish(number, message, authority, wants, span, default, known)


def _note_wish(state: _State, wish: _Wish, did: Deed, why: str) -> None:
    said = "; ".join(part for part in (why, wish.authority.why if wish.authority.rank > 0 else "") if part)
    source = wish.message.says or "the conversation"
    at = level(wish.authority.rank)
    state.note(wish.who, at, source, wish.wants, did, said, f"message:{wish.number}")


def _messages(state: _State, height: int, wishes: list[_Wish]) -> None:
    """Of the messages of one level, the last that is not void speaks; an explicit one before an implied one."""
    before = len(state.steps)
    speaker: _Wish | None = None
    for wish in sorted(wishes, key=lambda wish: (not wish.message.implied, wish.number), reverse=True):
        if speaker is None:
            why = _obstacle(state, wish, height)
            if why:
                _note_wish(state, wish, "void", why)
            else:
                _speak(state, wish, height)
                speaker = wish
        else:
            why = "it is explicit" if wish.message.implied and not speaker.message.implied else "it came later"
            _note_wish(state, wish, "superseded", f"{speaker.who} speaks at the same level and {why}")
    if speaker is not None:
        state.spoken = speaker.who
    state.granted = state.granted or _grants(speaker, height, state)
    # The trace tells the story in the order in which things were said; values are those after the level has spoken.
    now = state.ready.behaviour.values[state.value]
    spoken = sorted(state.steps[before:], key=lambda step: int(step.node.partition(":")[2]))
    state.steps[before:] = [replace(step, value=now) for step in spoken]


def _grants(speaker: _Wish | None, height: int, state: _State) -> bool:
    """Whether lower levels may now choose as freely as this one: it has allowed a range, and could choose itself."""
    if speaker is None or speaker.span is None or height < state.ready.authority:
        return False
    return speaker.span[0] < speaker.span[1]


def _room(state: _State, wish: _Wish, height: int) -> tuple[int, int]:
    """The lowest and the highest value that a message could bring about."""
    low, high = _limit(state, wish, height)
    return (low, high) if _waives(state, wish) else (max(low, state.ready.floor), high)


def _granted(state: _State, height: int) -> bool:
    """Whether a level above lets this one choose freely within the bounds."""
    return state.granted and height >= LENDS


def _limit(state: _State, wish: _Wish, height: int) -> tuple[int, int]:
    """The bounds, and the limits of the level where they bind; not below, for a user who waives."""
    low, high = (state.low, state.high) if _granted(state, height) else state.ready.limits[height]
    return state.low if _waives(state, wish) else max(state.low, low), min(state.high, high)


def _waives(state: _State, wish: _Wish) -> bool:
    """Whether the floor does not bind this wish: its own user asks, explicitly, and the waiver is the user's."""
    protection = state.ready.behaviour.protection
    return protection is not None and protection.waiver == "user" and wish.authority.is_user and not wish.message.implied


def _obstacle(state: _State, wish: _Wish, height: int) -> str:
    """Why a message is void, or nothing."""
    ready, b = state.ready, state.ready.behaviour
    if not wish.known:
        return f"the values of {b.name} are {', '.join(b.values)}, in this order"
    if b.authority == "root":
        return "no message overrides root"
    if wish.message.implied and not ready.implicit:
        return "an implied wish is not enough, it must be said"
    lowest = min(place for place in (wish.span[0] if wish.span else None, wish.default) if place is not None)
    may = height >= ready.authority or _granted(state, height) or (_waives(state, wish) and lowest < ready.floor)
    if not may:
        return f"only {b.authority} and above may change it"
    low, high = _room(state, wish, height)
    if low > high:
        return "what stands above leaves it no room"
    if height > LENDS and not _meets(wish, low, high):
        if lowest < ready.floor and b.protection is not None and not _waives(state, wish):
            return f"it crosses a protection of the user (at least {b.protection.floor}; {b.protection.source})"
        return _only(state, low, high)
    return ""


def _only(state: _State, low: int, high: int) -> str:
    """What is left to choose, and who bounds it."""
    by = f", as {state.binder} says" if state.binder else ""
    return f"it may choose {state.ready.shown(low, high)} only{by}"


def _meets(wish: _Wish, low: int, high: int) -> bool:
    """Whether something of what a message asks is possible."""
    if wish.span is not None:
        return wish.span[0] <= high and low <= wish.span[1]
    return wish.default is not None and low <= wish.default <= high


def _speak(state: _State, wish: _Wish, height: int) -> None:
    """Let a message that is not void move the bounds and the value."""
    ready = state.ready
    low, high = _room(state, wish, height)
    bound = _only(state, low, high)
    if wish.span is not None:
        _narrow(state, wish, height, (low, high))
        low, high = max(low, min(wish.span[0], high)), min(high, max(wish.span[1], low))
    state.near(low, high)
    aim = wish.default
    if aim is not None and (low <= aim <= high or height <= LENDS):
        state.value = min(max(aim, low), high)
    wished = (wish.span[0], wish.span[1]) if wish.span is not None else (aim, aim)
    if state.value < ready.floor:
        _note_wish(state, wish, "waives", "the protection is the user's to waive")
    elif wished[0] is None or wished[1] is None or not wished[0] <= state.value <= wished[1]:
        _note_wish(state, wish, "nears", bound)
    elif aim is not None and state.value != aim:
        _note_wish(state, wish, "narrows", "its default is not among what it may choose")
    elif wish.span is None:
        _note_wish(state, wish, "prefers", "")
    else:
        _note_wish(state, wish, "sets" if wish.span[0] == wish.span[1] else "narrows", _cut(state, wish))


def _narrow(state: _State, wish: _Wish, height: int, room: tuple[int, int]) -> None:
    """Bound the levels below to what the message sets or allows; a user's waiver stays possible within it."""
    if wish.span is None:
        return
    limit = _limit(state, wish, height)
    low, high = max(limit[0], min(wish.span[0], room[1])), min(limit[1], max(wish.span[1], room[0]))
    state.low, state.high, state.binder = low, max(low, high), wish.who


def _cut(state: _State, wish: _Wish) -> str:
    """What a range loses to the bounds or to the floor."""
    ready, protection = state.ready, state.ready.behaviour.protection
    if wish.span is None or wish.span[0] == wish.span[1]:
        return ""
    if wish.span[0] < ready.floor and protection is not None and not _waives(state, wish):
        return f"the protection keeps it at {protection.floor} or above"
    if (state.low, state.high) != wish.span:
        return f"of it, {ready.shown(state.low, state.high)} is left"
    return ""


guard(__name__)
