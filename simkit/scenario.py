"""One ambiguous request: who asks, what may be answered, what is at stake, operator contexts, states; load.

A scenario file is read into the records below; `load` returns the `Case` that they make, ready to be evaluated.  The rules
at the end of the file (`problems`) are the ones that no single field can see; each is a short function over plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from .case import Case, ready
from .files import (
    Amount,
    Chance,
    Combination,
    Count,
    Name,
    NoName,
    Note,
    Number,
    Positive,
    Text,
    adapter,
    check,
    find,
    no_entries,
    parse,
    read_text,
    record,
)
from .population import Segment, Share, Signal
from .scenario_rules import problems
from .severity import Severity

Kind = Literal["refuse", "refuse-with-reason", "partial", "answer", "act"]


@record
class Constraint:
    """A bright line: responses that cross it are filtered out before anything is weighed."""

    name: Name
    about: Text
    source: Text


@record
class Response:
    """One thing that the assistant may do in the end."""

    name: Name
    kind: Kind
    """`refuse` and `refuse-with-reason` count as refusals; `partial` and `answer` as answers; `act` does something."""
    about: Note = ""
    shows: Mapping[Name, Name] = no_entries()
    """Behaviours that a written spec may speak about, and how this response sets them: `{safe-messaging: on}`."""
    crosses: tuple[Name, ...] = ()
    """The constraints that this response would break."""


@record
class Event:
    """A harmful event: its chance per request and the name of its severity."""

    chance: Chance
    severity: Name


Helps = Mapping[Name, Mapping[Name, Number]]
Events = Mapping[Name, Mapping[Name, Event]]


@record
class Stakes:
    """What each response does for each segment: `help.<segment>.<response>`, and two kinds of harmful event."""

    help: Helps
    """Expected help per request, help units; every segment and response."""
    harm: Events = no_entries()
    """Events that answering brings about.  What is left out cannot happen."""
    neglect: Events = no_entries()
    """Events that a refusal or a poor answer brings about."""
    source: Text = "judged"
    """Whose judgement these numbers are, or what supports them."""


@record
class Clarify:
    """A question that the assistant may ask before it answers."""

    asks: Text
    cost: Amount
    """What being asked costs each sender, help units."""
    replies: Annotated[tuple[Name, ...], Field(min_length=2)]
    source: Text


@record
class Message:
    """What an operator or a user says, in our own words."""

    level: Literal["root", "system", "developer", "user", "guideline"]
    says: Text


@record
class Edits:
    """Stakes that a context changes; the rest stays."""

    help: Helps = no_entries()
    harm: Events = no_entries()
    neglect: Events = no_entries()


@record
class Context:
    """An operator's deployment: who then asks, what it says and what it rules out."""

    name: Name
    source: Text
    about: Note = ""
    multiply: Mapping[Name, Amount] = no_entries()
    """Odds weight per segment (1 where left out); shares are renormalised."""
    signals: Mapping[Name, Mapping[Name, Mapping[Name, Chance]]] = no_entries()
    """Signal rows that are different here: `<segment>.<signal>.<value>`."""
    stakes: Edits = Field(default_factory=Edits)
    forbid: tuple[Name, ...] = ()
    """Responses that the operator rules out."""
    messages: tuple[Message, ...] = ()


@record
class State:
    """A shared shock: all senders of a day live in the same state."""

    name: Name
    chance: Chance
    about: Note = ""
    multiply: Mapping[Name, Amount] = no_entries()


@record
class Observed:
    """What a real model did: how often each response was seen on each signal."""

    name: Name
    source: Text
    counts: Mapping[Combination, Mapping[Name, Count]]
    """`<signal>.<response>`; a response that is left out was not seen."""
    about: Note = ""
    same_weights_as: NoName = ""
    """The observed model that differs from this one by its system prompt only."""


NO_OVERLAP = Share(value=0.0, low=0.0, high=0.0, basis="judged", source="by construction")


@record
class Scenario:
    """Everything that a scenario file says."""

    request: Text
    """The words that every sender sends."""
    about: Text
    users: Annotated[Count, Field(ge=1)] = 1000
    """How many senders a picture shows."""
    harm_weight: Positive = 1.0
    """Help units that one harm unit outweighs."""
    signals: Annotated[tuple[Signal, ...], Field(min_length=1)]
    segments: Annotated[tuple[Segment, ...], Field(min_length=1)]
    overlap: Share = NO_OVERLAP
    """The fraction of each segment that sends the signals of the other kind (harmful or not)."""
    constraints: tuple[Constraint, ...] = ()
    responses: Annotated[tuple[Response, ...], Field(min_length=2)]
    severities: Mapping[Name, Severity] = no_entries()
    stakes: Stakes
    question: Clarify | None = None
    contexts: tuple[Context, ...] = ()
    states: tuple[State, ...] = ()
    observed: tuple[Observed, ...] = ()

    def __post_init__(self) -> None:
        wrong = list(problems(adapter(Scenario).dump_python(self)))
        if wrong:
            raise ValueError("\n".join(map(str, wrong)))


def load(name: str | Path) -> Case:
    """The case that a scenario file describes: a name from the library (`"santa"`) or a path.

    Raises `InvalidFile` with every problem of the file, each with its line, path, value, rule and likely fix.
    """
    path = find(name, "scenarios")
    return read(read_text(path), str(path))


def read(text: str, name: str = "<text>") -> Case:
    """The case that the text of a scenario file describes; `name` is what errors call it."""
    return ready(check(Scenario, parse(text, name), problems), Path(name).stem)
