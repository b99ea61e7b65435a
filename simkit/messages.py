"""Messages with authority: who says what to the assistant, at which level, and which behaviours that is meant to set.

The levels, from the highest: root, system, developer, user, guideline, none.  They are those of OpenAI's Model Spec (chain of
command); its developer is what Anthropic's constitution calls an operator.  `none` is what has no authority at all: quoted
text, the output of a tool, and what the model or its subagents write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field

from .schema import Name, NoName, Note, Truth, no_entries, record

Level = Literal["root", "system", "developer", "user", "guideline", "none"]

#: The levels of authority, the highest first.
LEVELS: tuple[Level, ...] = get_args(Level)

#: One value of a behaviour, or the lowest and the highest of several.
Span = Annotated[tuple[Name, ...], Field(min_length=1, max_length=2)]


def rank(level: str) -> int:
    """How high a level stands: 5 for root, 0 for none."""
    return LEVELS[::-1].index(level)


@record
class Message:
    """What somebody says to the assistant, in our own words, and what it is meant to do to behaviours."""

    level: Level
    """The level of authority at which it arrives: the role of the message in the conversation."""
    says: Note = ""
    by: NoName = ""
    """The principal who wrote it, where that is another one than the role says."""
    through: tuple[Name, ...] = ()
    """The principals who passed it on, in order.  Nobody gains authority by passing a message on."""
    implied: Truth = False
    """Whether the wish is implied by the situation, not stated."""
    sets: Mapping[Name, Name] = no_entries()
    """Behaviours that this fixes, for itself and for all levels below: `{safe-messaging: off}`."""
    allows: Mapping[Name, Span] = no_entries()
    """Behaviours that lower levels may choose within a range: `{profanity: [off, on]}`."""
    prefers: Mapping[Name, Name] = no_entries()
    """Behaviours to which this gives another default, which lower levels may still change as before."""
    trusts: Mapping[Name, Level] = no_entries()
    """Principals to which this lends a level of authority, up to the speaker's own: `{user: developer}`, `{tool: user}`."""
    tells: tuple[Name, ...] = ()
    """Situations that it lets the assistant know of, and that rules may speak about: `[minor]`."""
