"""One ambiguous request: who asks, what may be answered, what is at stake, operator contexts, states; load.

A scenario file is read into the records below; `load` returns the `Case` that they make, ready to be evaluated.  The rules
that no single field can see are in `scenario_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import numpy as np
from pydantic import Field

from .arrays import Floats, frozen, frozen_bools
from .case import Case, Events, InContext, ResponseKind
from .files import find, parse, read_text
from .messages import Message
from .population import Population, Question
from .scenario_rules import problems
from .schema import (
    Amount,
    Combination,
    Count,
    Label,
    Name,
    NoName,
    Note,
    Number,
    Positive,
    Probability,
    Text,
    Truth,
    check,
    no_entries,
    obey,
    record,
)
from .severity import Severity


@record
class Share:
    """A judged or anchored probability with the interval that a reasonable person would defend."""

    value: Probability
    low: Probability
    """5% of belief lies below."""
    high: Probability
    """5% of belief lies above."""
    basis: Literal["judged", "anchored"]
    """`anchored` if a published figure supports it, else `judged`."""
    source: Text
    """Whose figure or whose judgement this is."""
    note: Note = ""
    """Selection: how those who were counted differ from those who send this message."""


@record
class Signal:
    """One thing that the assistant can see about the sender.  Signals are independent given the segment."""

    name: Name
    values: Annotated[tuple[Name, ...], Field(min_length=1)]
    """What it may read; unique over all signals of the file."""
    about: Note = ""
    carries: Mapping[Name, Message] = no_entries()
    """The message that comes with a value, for a written spec to judge: `as-a-nurse: {level: user, tells: [clinician]}`."""


@record
class Segment:
    """One kind of sender."""

    name: Name
    label: Label = ""
    """What people call it, if not by its name."""
    harmful: Truth
    """Whether this sender means harm or would come to harm by an answer."""
    share: Share
    signals: Mapping[Name, Mapping[Name, Probability]]
    """For every signal, the probability of each of its values; each row adds up to 1."""
    replies: Mapping[Name, Probability] = no_entries()
    """The probability of each reply to the clarifying question, if the file has one."""
    learns_from: NoName = ""
    """The segment whose replies (to the clarifying question) this one imitates once it has learned which reply helps."""
    about: Note = ""


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
    label: Label = ""
    """What people call it, if not by its name."""
    kind: ResponseKind
    """`refuse` and `refuse-with-reason` count as refusals; `partial` and `answer` as answers; `act` does something."""
    about: Note = ""
    shows: Mapping[Name, Name] = no_entries()
    """Behaviours that a written spec may speak about, and how this response sets them: `{safe-messaging: on}`."""
    crosses: tuple[Name, ...] = ()
    """The constraints that this response would break."""


@record
class HarmfulEvent:
    """A harmful event: its probability per request and the name of its severity."""

    chance: Probability
    severity: Name


V = TypeVar("V")
W = TypeVar("W")
Cells = Mapping[Name, Mapping[Name, V]]


@record
class Stakes:
    """What each response does for each segment: `help.<segment>.<response>`, and two kinds of harmful event."""

    help: Cells[Number]
    """Expected help per request, help units; every segment and response."""
    harm: Cells[HarmfulEvent] = no_entries()
    """Events that answering brings about.  What is left out cannot happen."""
    neglect: Cells[HarmfulEvent] = no_entries()
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

    help: Cells[Number] = no_entries()
    harm: Cells[HarmfulEvent] = no_entries()
    neglect: Cells[HarmfulEvent] = no_entries()


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
    """How many senders the probability of any harm is about."""
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
    return make_case(load_record(name), find(name, "scenarios").stem)


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
    file = _in_context(scenario, Context(name="file", source="a context that changes nothing"))
    population = _population(scenario, file.base_signals)
    responses = tuple(response.name for response in scenario.responses)
    return Case(
        name=name,
        request=scenario.request,
        population=population,
        responses=responses,
        kinds=tuple(response.kind for response in scenario.responses),
        help=file.help,
        harm_events=file.harm_events,
        neglect_events=file.neglect_events,
        severities=tuple(scenario.severities.values()),
        crosses=frozen_bools([bool(response.crosses) for response in scenario.responses]),
        forbidden=file.forbidden,
        question=_question(scenario, population.segments),
        observed={o.name: frozen(_table(o.counts, population.signal_names, responses, 0)) for o in scenario.observed},
        harm_weight=scenario.harm_weight,
        users=scenario.users,
        about=scenario.about,
        units=scenario.units,
        carried=_carried(scenario),
        same_weights=tuple((o.name, o.same_weights_as) for o in scenario.observed if o.same_weights_as),
        contexts={context.name: _in_context(scenario, context) for context in scenario.contexts},
        shows=tuple(response.shows for response in scenario.responses),
        constraints=tuple(response.crosses for response in scenario.responses),
        labels=_labels(scenario.responses),
    )


def _in_context(scenario: Scenario, context: Context) -> InContext:
    """The arrays in a context: its edits written over the file's rows."""
    responses = tuple(response.name for response in scenario.responses)
    segments = tuple(segment.name for segment in scenario.segments)
    stakes, edits, severities = scenario.stakes, context.stakes, list(scenario.severities)
    return InContext(
        odds=_weights(context.multiply, segments),
        base_signals=_signal_rows(scenario, context.signals),
        help=frozen(_table(stakes.help, segments, responses, 0.0, edits.help)),
        harm_events=_events(_table(stakes.harm, segments, responses, None, edits.harm), severities),
        neglect_events=_events(_table(stakes.neglect, segments, responses, None, edits.neglect), severities),
        forbidden=frozen_bools([name in context.forbid for name in responses]),
        messages=context.messages,
    )


def _table(
    rows: Cells[V], across: Iterable[str], along: Sequence[str], nothing: W, edits: Cells[V] | None = None
) -> list[list[V | W]]:
    """The entries of cells in the order of the arrays, with some of them edited, and `nothing` where none stands."""
    merged = ({**rows.get(name, {}), **(edits or {}).get(name, {})} for name in across)
    return [[row.get(column, nothing) for column in along] for row in merged]


def _events(table: list[list[HarmfulEvent | None]], severities: list[str]) -> Events:
    return Events(
        chance=frozen([[event.chance if event else 0.0 for event in row] for row in table]),
        severity=np.array([[severities.index(event.severity) if event else -1 for event in row] for row in table]),
    )


def _population(scenario: Scenario, base_signals: Floats) -> Population:
    names = [segment.name for segment in scenario.segments]
    value, low, high = (np.array([getattr(s.share, end) for s in scenario.segments]) for end in ("value", "low", "high"))
    states = scenario.states or (State(name="usual", chance=1.0),)
    chance = np.array([state.chance for state in states])
    return Population(
        segments=tuple(names),
        harmful=frozen_bools([segment.harmful for segment in scenario.segments]),
        base_share=frozen(value / value.sum()),
        low=frozen(low / value.sum()),
        high=frozen(np.minimum(high / value.sum(), 1.0)),
        base_signals=base_signals,
        signal_names=tuple("+".join(values) for values in _combinations(scenario)),
        overlap=(scenario.overlap.value, scenario.overlap.low, scenario.overlap.high),
        states=tuple(state.name for state in states),
        state_chance=frozen(chance / chance.sum()),
        multiply=frozen([_weights(state.multiply, names) for state in states]),
        labels=_labels(scenario.segments),
    )


def _labels(entries: Iterable[Segment | Response]) -> dict[str, str]:
    return {entry.name: entry.label for entry in entries if entry.label}


def _combinations(scenario: Scenario) -> Iterable[tuple[str, ...]]:
    """The values of each signal combination, in the order of the arrays."""
    return product(*(signal.values for signal in scenario.signals))


def _carried(scenario: Scenario) -> tuple[tuple[Message, ...], ...]:
    """The messages that each signal combination carries."""
    own = {value: message for signal in scenario.signals for value, message in signal.carries.items()}
    return tuple(tuple(own[value] for value in values if value in own) for values in _combinations(scenario))


def _weights(multiply: Mapping[str, float], names: Iterable[str]) -> Floats:
    return frozen([multiply.get(name, 1.0) for name in names])


def _signal_rows(scenario: Scenario, changed: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Floats:
    """Independent signals combine: the probability of a combination is the product over the signals, (S, K)."""
    rows = []
    for segment in scenario.segments:
        row = np.ones(1)
        said = {**segment.signals, **changed.get(segment.name, {})}
        for signal in scenario.signals:
            values = np.array([said[signal.name].get(value, 0.0) for value in signal.values])
            row = np.outer(row, values / values.sum()).ravel()
        rows.append(row)
    return frozen(rows)


def _question(scenario: Scenario, segments: tuple[str, ...]) -> Question | None:
    asked = scenario.question
    if asked is None:
        return None
    reply = np.array(_table({s.name: s.replies for s in scenario.segments}, segments, asked.replies, 0.0))
    reply /= reply.sum(1, keepdims=True)
    teacher = [segments.index(s.learns_from or s.name) for s in scenario.segments]
    cost = frozen(np.full(len(segments), asked.cost))
    return Question(asks=asked.asks, replies=asked.replies, cost=cost, reply=reply, learned_reply=reply[teacher])
