"""Who speaks with which authority: roles, authors, those who pass messages on, and trust that is lent.

A message has the authority of its author, at most that of the role in which it arrives, and at most what each principal who
passed it on can carry: so nobody gains authority by passing a message on, and quoted text has none.  Authority can be lent,
by a grant of the spec, up to the lender's own: an operator may trust users as far as itself, and a user may trust a tool.  A
superior may also lower what a principal has.  Sources: OpenAI's Model Spec (chain of command; untrusted text; delegation),
Anthropic's constitution (operators may adjust the trust in users up to their own; principals and subagents).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..arguments import guard
from ..messages import LEVELS as LEVELS
from ..messages import Message as Message
from ..messages import rank
from .rules import Rules

#: No message speaks at root: that is the spec itself.
HIGHEST = rank("system")
#: Below this nothing can be lent, and situations are signs, not claims.
LENDS = rank("user")


def level(rank_: int) -> str:
    """The name of a rank."""
    return LEVELS[len(LEVELS) - 1 - rank_]


@dataclass(frozen=True)
class Authority:
    """The authority of one message, and why."""

    author: str
    """The principal who wrote it."""
    rank: int
    """5 for root down to 0 for none; a message has at most 4 (system)."""
    is_user: bool
    """Whether a user says it, and nobody in between could have changed it."""
    why: str
    """What lowered or raised it; empty if it is what the role says."""


@dataclass(frozen=True)
class TrustChange:
    """One attempt to lend authority or to take it: message `by` (from 0), to whom, which level, and what came of it."""

    by: int
    to: str
    wanted: str
    given: str
    """The level that was given; empty if the attempt is void."""
    why: str


@dataclass
class _Talk:
    """What is known while levels are worked out, from the highest down."""

    rules: Rules
    messages: Sequence[Message]
    lent: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Principal -> rank that it was lent, and the message that did."""
    trusts: list[TrustChange] = field(default_factory=list)


def author(message: Message) -> str:
    """The principal who wrote a message: the one that it names, or else the one of its role."""
    return message.by or message.level


def authorities(rules: Rules, messages: Sequence[Message]) -> tuple[tuple[Authority, ...], tuple[TrustChange, ...]]:
    """The authority of every message, and every attempt to lend it.

    Levels are taken from the highest down.  What a level lends reaches at most that level, so nothing that was settled above
    changes; within a level the last message wins, and what was lent by those who have the level of their own stands.
    """
    talk, done = _Talk(rules, messages), set[int]()
    if any(message.trusts for message in messages):
        for height in range(HIGHEST, LENDS - 1, -1):
            while fresh := [i for i in range(len(messages)) if i not in done and _rank(talk, i) == height]:
                done.update(fresh)
                _lend(talk, fresh, height)
    return tuple(_authority(talk, i) for i in range(len(messages))), tuple(talk.trusts)


def _declared(talk: _Talk, name: str) -> int:
    """The rank that the spec gives a principal; 0 if it knows no such."""
    found = talk.rules.principals.get(name)
    return rank(found.level) if found else 0


def _carries(talk: _Talk, name: str) -> int:
    """The highest rank of other people's words that survives being passed on by a principal."""
    found = talk.rules.principals.get(name)
    return rank(found.carries or found.level) if found else 0


def _rank(talk: _Talk, i: int) -> int:
    """The rank of a message with what was lent so far."""
    message = talk.messages[i]
    role, declared = rank(message.level), _declared(talk, author(message))
    own = talk.lent.get(author(message), (declared, 0))[0]
    own = own if role >= declared else min(own, role)  # words that arrive below their author's level are quoted
    return min([own, HIGHEST, *(_carries(talk, name) for name in message.through)])


def _lend(talk: _Talk, speakers: list[int], height: int) -> None:
    """What the speakers of one level lend: the last of them wins, and what was lent before stands."""
    new: dict[str, tuple[int, int]] = {}
    for i in speakers:
        for name, wanted in talk.messages[i].trusts.items():
            given, why = _given(talk, name, rank(wanted), height)
            talk.trusts.append(TrustChange(i, name, wanted, "" if given is None else level(given), why))
            if given is not None:
                new[name] = (given, i)
    for name, given_by in new.items():
        talk.lent.setdefault(name, given_by)


def _given(talk: _Talk, name: str, wanted: int, height: int) -> tuple[int | None, str]:
    """The rank that an attempt gives, or None if it is void, and why."""
    if name not in talk.rules.principals:
        return None, "no principal has this name"
    if name in talk.lent:
        return None, f"message {talk.lent[name][1] + 1}, of higher authority, has settled this"
    declared = _declared(talk, name)
    if wanted <= declared:
        if declared < height or wanted == declared:
            return wanted, "a superior may lower it" if wanted < declared else "it has this level already"
        return None, f"{level(height)} has no authority over {name}"
    grants = [grant for grant in talk.rules.spec.grants if grant.to == name and rank(grant.by) <= height]
    if not grants:
        return None, f"the spec lets no {level(height)} lend authority to {name}"
    best = max(grants, key=lambda grant: rank(grant.up_to))
    given = min(wanted, rank(best.up_to), height)
    if given <= declared:
        return None, "nobody can lend more than it has"
    return given, f"{best.source}" + ("" if given == wanted else f"; no more than {level(given)} can be lent")


def _authority(talk: _Talk, i: int) -> Authority:
    message, who = talk.messages[i], author(talk.messages[i])
    found, role, declared = _rank(talk, i), rank(message.level), _declared(talk, author(talk.messages[i]))
    why = ""
    if who not in talk.rules.principals:
        why = f"the spec knows no principal called {who}"
    elif found < role and any(_carries(talk, name) == found for name in message.through):
        why = f"passed on by {', '.join(message.through)}: nobody gains authority by passing a message on"
    elif who in talk.lent and found != min(role, declared):
        why = f"message {talk.lent[who][1] + 1} gives {who} the authority of {level(found)}"
    elif found < role:
        why = f"no message speaks at {message.level}" if found == HIGHEST else f"{who} has no more authority"
    return Authority(author=who, rank=found, is_user=_is_user(talk, message), why=why)


def _is_user(talk: _Talk, message: Message) -> bool:
    """Whether the user's own words arrive as such: not quoted, and not through somebody who could change them."""
    who = _declared(talk, author(message)) == LENDS and rank(message.level) >= LENDS
    return who and all(_carries(talk, name) >= LENDS for name in message.through)


def known_situations(rules: Rules, messages: Sequence[Message], authority: Sequence[Authority]) -> dict[str, int]:
    """The situations that the assistant knows of, each with the message that said so first."""
    found: dict[str, int] = {}
    for i, message in enumerate(messages):
        for name in message.tells:
            situation = rules.situations.get(name)
            if situation is not None and authority[i].rank >= rank(situation.believed_from):
                found.setdefault(name, i)
    return found


guard(__name__)
