"""One ambiguous request: who asks, what may be answered, what is at stake, operator contexts, states; load.

A scenario file is read into the records below; `load` returns the `Case` that they make, ready to be evaluated.  The rules
that no single field can see are in `scenario_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
from pydantic import Field

from .arrays import Floats, frozen, frozen_bools
from .case import Case, InContext, Question
from .case import Events as EventArrays
from .files import find, parse, read_text
from .messages import Message
from .population import Population, Segment, Share, Signal
from .scenario_rules import ResponseKind, problems
from .schema import (
    Amount,
    Combination,
    Count,
    Name,
    NoName,
    Note,
    Number,
    Positive,
    Probability,
    Text,
    check,
    no_entries,
    obey,
    record,
)
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
    kind: ResponseKind
    """`refuse` and `refuse-with-reason` count as refusals; `partial` and `answer` as answers; `act` does something."""
    about: Note = ""
    shows: Mapping[Name, Name] = no_entries()
    """Behaviours that a written spec may speak about, and how this response sets them: `{safe-messaging: on}`."""
    crosses: tuple[Name, ...] = ()
    """The constraints that this response would break."""


@record
class Event:
    """A harmful event: its chance per request and the name of its severity."""

    chance: Probability
    severity: Name


V = TypeVar("V")
Rows = dict[str, dict[str, V]]
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
    signals: Mapping[Name, Mapping[Name, Mapping[Name, Probability]]] = no_entries()
    """Signal rows that are different here: `<segment>.<signal>.<value>`."""
    stakes: Edits = Field(default_factory=Edits)
    forbid: tuple[Name, ...] = ()
    """Responses that the operator rules out."""
    messages: tuple[Message, ...] = ()


@record
class State:
    """A shared shock: all senders of a day live in the same state."""

    name: Name
    chance: Probability
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
        obey(problems, self)


def load(name: str | Path) -> Case:
    """The case that a scenario file describes: a name from the library (`"santa"`) or a path.

    Raises `InvalidFile` with every problem of the file, each with its line, path, value, rule and likely fix.
    """
    path = find(name, "scenarios")
    return read(read_text(path), str(path))


def read(text: str, name: str = "<text>") -> Case:
    """The case that the text of a scenario file describes; `name` is what errors call it."""
    return make_case(check(Scenario, parse(text, name), problems), Path(name).stem)


def load_record(name: str | Path) -> Scenario:
    """Everything that a scenario file says, with every source and note; errors as `load`."""
    path = find(name, "scenarios")
    return check(Scenario, parse(read_text(path), str(path)), problems)


# --- from the record to its arrays -------------------------------------------------------------------------------------


def make_case(scenario: Scenario, name: str) -> Case:
    """The case that a checked scenario makes, with all of its contexts."""
    severities = list(scenario.severities)
    responses = tuple(response.name for response in scenario.responses)
    segments = tuple(segment.name for segment in scenario.segments)
    population = _population(scenario)
    return Case(
        name=name,
        request=scenario.request,
        population=population,
        responses=responses,
        kinds=tuple(response.kind for response in scenario.responses),
        help=frozen([[scenario.stakes.help[s][r] for r in responses] for s in segments]),
        harm_events=_events(scenario.stakes.harm, segments, responses, severities),
        neglect_events=_events(scenario.stakes.neglect, segments, responses, severities),
        severities=tuple(scenario.severities.values()),
        crosses=frozen_bools([bool(response.crosses) for response in scenario.responses]),
        forbidden=frozen_bools(np.zeros(len(responses))),
        question=_question(scenario, segments),
        observed={o.name: _table(o.counts, population.signal_names, responses) for o in scenario.observed},
        harm_weight=scenario.harm_weight,
        users=scenario.users,
        about=scenario.about,
        units=scenario.units,
        carried=_carried(scenario),
        same_weights=tuple((o.name, o.same_weights_as) for o in scenario.observed if o.same_weights_as),
        contexts={context.name: _in_context(scenario, context) for context in scenario.contexts},
        shows=tuple(response.shows for response in scenario.responses),
        constraints=tuple(response.crosses for response in scenario.responses),
    )


def _in_context(scenario: Scenario, context: Context) -> InContext:
    """The arrays that a context replaces: its edits written over the file's rows."""
    stakes, edits, severities = scenario.stakes, context.stakes, list(scenario.severities)
    responses = tuple(response.name for response in scenario.responses)
    segments = tuple(segment.name for segment in scenario.segments)
    help_ = _overlaid(stakes.help, edits.help, segments)
    harm, neglect = (_overlaid(stakes.harm, edits.harm, segments), _overlaid(stakes.neglect, edits.neglect, segments))
    return InContext(
        odds=_weights(context.multiply, segments),
        base_signals=_signal_rows(scenario, context.signals),
        help=frozen([[help_[s][r] for r in responses] for s in segments]),
        harm_events=_events(harm, segments, responses, severities),
        neglect_events=_events(neglect, segments, responses, severities),
        forbidden=frozen_bools([name in context.forbid for name in responses]),
        messages=context.messages,
    )


def _overlaid(rows: Mapping[str, Mapping[str, V]], new: Mapping[str, Mapping[str, V]], names: Iterable[str]) -> Rows[V]:
    return {name: {**rows.get(name, {}), **new.get(name, {})} for name in names}


def _population(record: Scenario) -> Population:
    segments = record.segments
    names = [segment.name for segment in segments]
    share = np.array([segment.share.value for segment in segments])
    states = [(state.name, state.chance, state.multiply) for state in record.states] or [("usual", 1.0, {})]
    chance = np.array([chance for _, chance, _ in states])
    return Population(
        segments=tuple(names),
        harmful=np.array([segment.harmful for segment in segments]),
        base_share=frozen(share / share.sum()),
        low=frozen([segment.share.low / share.sum() for segment in segments]),
        high=frozen([min(segment.share.high / share.sum(), 1.0) for segment in segments]),
        base_signals=_signal_rows(record, {}),
        signal_names=tuple("+".join(parts) for parts in product(*(signal.values for signal in record.signals))),
        overlap=(record.overlap.value, record.overlap.low, record.overlap.high),
        states=tuple(name for name, _, _ in states),
        state_chance=frozen(chance / chance.sum()),
        multiply=frozen([_weights(multiply, names) for _, _, multiply in states]),
    )


def _carried(record: Scenario) -> tuple[tuple[Message, ...], ...]:
    """The messages that each signal combination carries, in the order of the arrays."""
    own = {value: message for signal in record.signals for value, message in signal.carries.items()}
    combined = product(*(signal.values for signal in record.signals))
    return tuple(tuple(own[value] for value in values if value in own) for values in combined)


def _weights(multiply: Mapping[str, float], names: Iterable[str]) -> Floats:
    return frozen([multiply.get(name, 1.0) for name in names])


def _signal_rows(record: Scenario, changed: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Floats:
    """Independent signals combine: the probability of a combination is the product over the signals, (S, K)."""
    rows = []
    for segment in record.segments:
        row = np.ones(1)
        said = {**segment.signals, **changed.get(segment.name, {})}
        for signal in record.signals:
            chances = np.array([said[signal.name].get(value, 0.0) for value in signal.values])
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
