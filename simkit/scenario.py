"""One ambiguous request: who asks, what may be answered, what is at stake, operator contexts, states; load.

A scenario file is read into the records below; `load` returns the `Case` that they make, ready to be evaluated.  The rules
that no single field can see are in `scenario_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from .arrays import Floats, frozen, frozen_bools
from .case import Case, Question
from .case import Events as EventArrays
from .files import find, parse, read_text, suggest
from .messages import Message
from .population import Population, Segment, Share, Signal
from .records import (
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
    no_entries,
    record,
)
from .scenario_rules import Kind, edited, problems
from .severity import Severity


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
    units: Note = ""
    """What one help unit and one harm unit are."""
    users: Annotated[Count, Field(ge=1)] = 1000
    """How many senders the chance of any harm is about."""
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


# --- from the record to its arrays -------------------------------------------------------------------------------------


def ready(scenario: Scenario, name: str, context: Context | None = None) -> Case:
    """The case that a checked scenario makes, in a context if one is given."""
    record = _edited(scenario, context) if context else scenario
    severities = list(record.severities)
    responses = tuple(response.name for response in record.responses)
    segments = tuple(segment.name for segment in record.segments)
    population = _population(record, context)
    return Case(
        name=name,
        request=record.request,
        population=population,
        responses=responses,
        kinds=tuple(response.kind for response in record.responses),
        help=frozen([[record.stakes.help[s][r] for r in responses] for s in segments]),
        harms=_events(record.stakes.harm, segments, responses, severities),
        neglects=_events(record.stakes.neglect, segments, responses, severities),
        severities=tuple(record.severities.values()),
        crosses=frozen_bools([bool(response.crosses) for response in record.responses]),
        forbidden=frozen_bools([bool(context and response.name in context.forbid) for response in record.responses]),
        question=_question(record, segments),
        observed={o.name: _table(o.counts, population.signal_names, responses) for o in record.observed},
        harm_weight=record.harm_weight,
        users=record.users,
        context=context.name if context else "",
        about=record.about,
        units=record.units,
        messages=context.messages if context else (),
        carried=_carried(record),
        same_weights=tuple((o.name, o.same_weights_as) for o in record.observed if o.same_weights_as),
        contexts=tuple(context.name for context in record.contexts),
        deploy=_deploy,
        scenario=scenario,
    )


def _deploy(scenario: Scenario, name: str, context: str) -> Case:
    known = {context.name: context for context in scenario.contexts}
    if context not in known:
        raise ValueError(f"no context of {name} is called {context!r}; {suggest(context, known)}")
    return ready(scenario, name, known[context])


def _edited(scenario: Scenario, context: Context) -> Scenario:
    """The scenario with a context's edits of signals and stakes written in, checked again."""
    data = adapter(Scenario).dump_python(scenario)
    return adapter(Scenario).validate_python(edited(data, adapter(Context).dump_python(context)))


def _population(record: Scenario, context: Context | None) -> Population:
    segments = record.segments
    names = [segment.name for segment in segments]
    share = np.array([segment.share.value for segment in segments])
    states = [(state.name, state.chance, state.multiply) for state in record.states] or [("usual", 1.0, {})]
    chance = np.array([chance for _, chance, _ in states])
    within = _weights(context.multiply if context else {}, names)
    return Population(
        segments=tuple(names),
        harmful=np.array([segment.harmful for segment in segments]),
        share=frozen(share / share.sum()),
        low=frozen([segment.share.low / share.sum() for segment in segments]),
        high=frozen([min(segment.share.high / share.sum(), 1.0) for segment in segments]),
        own=_signal_rows(record),
        signal_names=tuple("+".join(parts) for parts in product(*(signal.values for signal in record.signals))),
        overlap=(record.overlap.value, record.overlap.low, record.overlap.high),
        states=tuple(name for name, _, _ in states),
        state_chance=frozen(chance / chance.sum()),
        multiply=frozen([within * _weights(multiply, names) for _, _, multiply in states]),
    )


def _carried(record: Scenario) -> tuple[tuple[Message, ...], ...]:
    """The messages that each signal combination carries, in the order of the arrays."""
    own = {value: message for signal in record.signals for value, message in signal.carries.items()}
    combined = product(*(signal.values for signal in record.signals))
    return tuple(tuple(own[value] for value in values if value in own) for values in combined)


def _weights(multiply: Mapping[str, float], names: Iterable[str]) -> Floats:
    return frozen([multiply.get(name, 1.0) for name in names])


def _signal_rows(record: Scenario) -> Floats:
    """Independent signals combine: the chance of a combination is the product over the signals, (S, K)."""
    rows = []
    for segment in record.segments:
        row = np.ones(1)
        for signal in record.signals:
            chances = np.array([segment.signals[signal.name].get(value, 0.0) for value in signal.values])
            row = np.outer(row, chances / chances.sum()).ravel()
        rows.append(row)
    return frozen(rows)


def _events(rows: Events, segments: Sequence[str], responses: Sequence[str], severities: list[str]) -> EventArrays:
    chance = np.zeros((len(segments), len(responses)))
    number = np.full(chance.shape, -1)
    for (s, segment), (r, response) in product(enumerate(segments), enumerate(responses)):
        event = rows.get(segment, {}).get(response)
        if event is not None:
            chance[s, r], number[s, r] = event.chance, severities.index(event.severity)
    return EventArrays(chance=frozen(chance), severity=number)


def _question(record: Scenario, segments: tuple[str, ...]) -> Question | None:
    if record.question is None:
        return None
    reply = _table({s.name: s.replies for s in record.segments}, segments, record.question.replies)
    reply = reply / reply.sum(1, keepdims=True)
    teacher = [segments.index(s.learns_from or s.name) for s in record.segments]
    return Question(
        asks=record.question.asks,
        replies=record.question.replies,
        cost=frozen(np.full(len(segments), record.question.cost)),
        reply=frozen(reply),
        learned_reply=frozen(reply[teacher]),
    )


def _table(rows: Mapping[str, Mapping[str, float]], across: Iterable[str], along: Iterable[str]) -> Floats:
    along = list(along)
    return frozen([[rows[name].get(column, 0.0) for column in along] for name in across])
