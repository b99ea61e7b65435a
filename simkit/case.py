"""A scenario ready to be evaluated: the arrays of one ambiguous request, in one context, in one state or all of them.

S segments, K signal combinations, R responses, J replies to the clarifying question.  Help is per request (help units);
`harm` and `neglect` are expected harm units per request: chance of the event times its mean severity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .files import suggest
from .population import Floats, Population, frozen, with_overlap, with_share
from .scenario_rules import REFUSALS, edited
from .severity import Point, Severity

if TYPE_CHECKING:
    from .scenario import Context, Scenario

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """A clarifying question: cost (S,) in help units; reply (S, J) = P(reply j | segment s)."""

    asks: str
    replies: tuple[str, ...]
    cost: Floats
    reply: Floats
    learned_reply: Floats
    """What each segment would reply once it had learned which reply helps it, (S, J)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Events:
    """One kind of event: chance (S, R) per request, and for each cell the number of its severity (−1: none)."""

    chance: Floats
    severity: NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Case:
    """One ambiguous request, ready to be evaluated.  Nothing changes a case: `in_context` and the rest return new ones."""

    name: str
    request: str
    population: Population
    responses: tuple[str, ...]
    kinds: tuple[str, ...]
    help: Floats
    """Expected help per request, (S, R), help units."""
    harms: Events
    neglects: Events
    severities: tuple[Severity, ...]
    crosses: Bools
    """Whether a response breaks a hard constraint, (R,)."""
    forbidden: Bools
    """Whether the operator rules a response out, (R,)."""
    question: Question | None = None
    observed: Mapping[str, Floats] = field(default_factory=dict)
    """Counts (K, R) of what real models did, by model."""
    harm_weight: float = 1.0
    users: int = 1000
    context: str = ""
    state: str = ""
    bends: tuple[tuple[str, tuple[str | float, ...]], ...] = ()
    """What was changed since the file: the methods that were called, with their values."""
    scenario: Scenario | None = None

    def __post_init__(self) -> None:
        count, responses = len(self.population.segments), len(self.responses)
        for name, array in {"help": self.help, "harm": self.harms.chance, "neglect": self.neglects.chance}.items():
            if array.shape != (count, responses):
                raise ValueError(f"{name} has shape {array.shape}; (segments, responses) = {(count, responses)} is needed")
        if not (self.allowed & self.refuses).any():
            raise ValueError("one refusal must be allowed: it is what is left when nothing else is")

    @cached_property
    def harm(self) -> Floats:
        """Expected harm of answering per request, (S, R), harm units; infinite where a severity has no finite mean."""
        return self._expected(self.harms)

    @cached_property
    def neglect(self) -> Floats:
        """Expected harm of refusing or answering poorly per request, (S, R), harm units."""
        return self._expected(self.neglects)

    @cached_property
    def loss(self) -> Floats:
        """harm + neglect, (S, R): one harm unit is one harm unit, whichever way it comes."""
        return frozen(self.harm + self.neglect)

    def _expected(self, events: Events) -> Floats:
        means = np.array([severity.mean for severity in self.severities] + [0.0])
        with np.errstate(invalid="ignore"):
            return frozen(np.where(events.chance > 0, events.chance * means[events.severity], 0.0))

    @cached_property
    def refuses(self) -> Bools:
        """Whether a response is a refusal, (R,)."""
        return np.array([kind in REFUSALS for kind in self.kinds])

    @property
    def allowed(self) -> Bools:
        """The filter: responses that cross no hard constraint and that the operator has not ruled out, (R,)."""
        return ~(self.crosses | self.forbidden)

    def value(self, harm_weight: ArrayLike) -> Floats:
        """Net value of each response to each segment, (…, S, R): help − harm_weight · (harm + neglect), help units."""
        weight = np.asarray(harm_weight, dtype=float)[..., None, None]
        with np.errstate(invalid="ignore"):
            return frozen(self.help - np.where(weight > 0, weight * self.loss, 0.0))

    def response(self, name: str) -> int:
        """Where a response stands, or a ValueError that suggests a name."""
        if name not in self.responses:
            raise ValueError(f"no response of {self.name} is called {name!r}; {suggest(name, self.responses)}")
        return self.responses.index(name)

    def in_context(self, name: str) -> Case:
        """The same request in an operator's deployment: who then asks, what is allowed, what is at stake.

        What was bent before (a share, the overlap, a state, …) stays bent.
        """
        record = self._record()
        known = {context.name: context for context in record.contexts}
        if name not in known:
            raise ValueError(f"no context of {self.name} is called {name!r}; {suggest(name, known)}")
        case = ready(record, self.name, known[name])
        for how, values in self.bends:
            case = getattr(case, how)(*values)
        return case

    def _bent(self, how: str, *values: str | float, **changes: object) -> Case:
        return replace(self, bends=(*self.bends, (how, values)), **changes)  # type: ignore[arg-type]

    def in_state(self, name: str) -> Case:
        """The same request in one state, for certain."""
        population = self.population
        if name not in population.states:
            raise ValueError(f"no state of {self.name} is called {name!r}; {suggest(name, population.states)}")
        row = population.multiply[[population.states.index(name)]]
        single = replace(population, states=(name,), state_chance=frozen([1.0]), multiply=row)
        return self._bent("in_state", name, population=single, state=name)

    def with_share(self, segment: str, share: float) -> Case:
        """The same request if this segment's share (as in the file) were `share`; the others fill the rest."""
        return self._bent("with_share", segment, share, population=with_share(self.population, segment, share))

    def with_overlap(self, overlap: float) -> Case:
        """The same request if a fraction `overlap` of each segment sent the signals of the other kind."""
        return self._bent("with_overlap", overlap, population=with_overlap(self.population, overlap))

    def with_learning(self, fraction: float) -> Case:
        """The same request once a fraction of the senders have learned which reply to the question helps them.

        A fixed policy then loses.  The best policy may gain again: it can read the imitation as a signal of its own.
        """
        if self.question is None:
            raise ValueError(f"{self.name} has no clarifying question")
        if not 0 <= fraction <= 1:
            raise ValueError(f"a fraction is a number from 0 to 1, not {fraction:g}")
        reply = (1 - fraction) * self.question.reply + fraction * self.question.learned_reply
        return self._bent("with_learning", fraction, question=replace(self.question, reply=frozen(reply)))

    def without_constraints(self) -> Case:
        """The same request if no hard constraint applied: what a bright line costs is read off the difference."""
        return self._bent("without_constraints", crosses=np.zeros_like(self.crosses))

    def _record(self) -> Scenario:
        if self.scenario is None:
            raise ValueError(f"{self.name} was built from arrays: it has no contexts")
        return self.scenario

    # One linear map per case makes every mean a matrix product.

    @cached_property
    def gains(self) -> Floats:
        """Help, harm and neglect per sender of a segment, for each response on each signal: (K·R, 3·S).

        answer.reshape(-1, K·R) @ gains is help, harm and neglect of each segment.  Infinite entries are set to 0 here and
        counted by `endless`.
        """
        return self._map(self.population.signals)

    @cached_property
    def gains_after(self) -> Floats:
        """The same after a question: (K·J·R, 3·S)."""
        return self._map(self.asked_signals)

    @cached_property
    def asked_signals(self) -> Floats:
        """P(signal k and reply j | segment s), (S, K·J)."""
        if self.question is None:
            raise ValueError(f"{self.name} has no clarifying question")
        pairs = self.population.signals[:, :, None] * self.question.reply[:, None, :]
        return frozen(pairs.reshape(len(pairs), -1))

    def _map(self, seen: Floats) -> Floats:
        stakes = np.stack([self.help, self.harm, self.neglect])
        stakes = np.where(np.isfinite(stakes), stakes, 0.0)
        return frozen(np.einsum("sk,vsr->krvs", seen, stakes).reshape(seen.shape[1] * len(self.responses), -1))

    @cached_property
    def endless(self) -> bool:
        """Whether some harm has no finite mean."""
        return not np.isfinite(self.loss).all()

    def __repr__(self) -> str:
        from .cards import text_card

        return text_card(self)

    def _repr_html_(self) -> str:
        from .cards import html_card

        return html_card(self)


# --- from arrays ------------------------------------------------------------------------------------------------------


def from_arrays(
    share: ArrayLike,
    signal: ArrayLike,
    help: ArrayLike,  # noqa: A002
    *,
    harmful: ArrayLike,
    harm_chance: ArrayLike,
    neglect_chance: ArrayLike = 0.0,
    severity: Severity | None = None,
    kinds: Iterable[str] | None = None,
    interval: tuple[ArrayLike, ArrayLike] | None = None,
    reply: ArrayLike | None = None,
    cost: ArrayLike = 0.0,
    crosses: ArrayLike = False,
    harm_weight: float = 1.0,
    name: str = "from arrays",
) -> Case:
    """A case without a file: share (S,), signal (S, K), help (S, R), chances of harm and neglect (S, R).

    Every event has the same severity (point 1 if none is given).  The first response is the refusal, unless `kinds` (R,)
    says otherwise.  `interval` is low and high of the shares, (S,) each; `reply` (S, J) and `cost` (S,) make a question.
    """
    helps, rows = frozen(np.atleast_2d(help)), np.atleast_2d(np.asarray(signal, dtype=float))
    count, responses = helps.shape
    low, high = interval if interval is not None else (share, share)
    return Case(
        name=name,
        request=name,
        population=Population(
            segments=tuple(f"segment-{s}" for s in range(count)),
            harmful=np.broadcast_to(np.asarray(harmful, dtype=bool), count),
            share=frozen(share),
            low=frozen(low),
            high=frozen(high),
            own=frozen(rows),
            signal_names=tuple(f"signal-{k}" for k in range(rows.shape[1])),
        ),
        responses=tuple(f"response-{r}" for r in range(responses)),
        kinds=tuple(kinds) if kinds is not None else ("refuse", *["answer"] * (responses - 1)),
        help=helps,
        harms=_same_events(harm_chance, helps.shape),
        neglects=_same_events(neglect_chance, helps.shape),
        severities=(severity or Point(kind="point", value=1.0),),
        crosses=np.broadcast_to(np.asarray(crosses, dtype=bool), responses),
        forbidden=np.zeros(responses, dtype=bool),
        question=None if reply is None else _plain_question(frozen(reply), cost),
        harm_weight=harm_weight,
    )


def _same_events(chance: ArrayLike, shape: tuple[int, ...]) -> Events:
    return Events(chance=frozen(np.broadcast_to(np.asarray(chance, dtype=float), shape)), severity=np.zeros(shape, dtype=int))


def _plain_question(reply: Floats, cost: ArrayLike) -> Question:
    replies = tuple(f"reply-{j}" for j in range(reply.shape[1]))
    costs = frozen(np.broadcast_to(np.asarray(cost, dtype=float), len(reply)))
    return Question(asks="a question", replies=replies, cost=costs, reply=reply, learned_reply=reply)


# --- from the record --------------------------------------------------------------------------------------------------


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
        crosses=np.array([bool(response.crosses) for response in record.responses]),
        forbidden=np.array([bool(context and response.name in context.forbid) for response in record.responses]),
        question=_question(record, segments),
        observed={o.name: _table(o.counts, population.signal_names, responses) for o in record.observed},
        harm_weight=record.harm_weight,
        users=record.users,
        context=context.name if context else "",
        scenario=scenario,
    )


def _edited(scenario: Scenario, context: Context) -> Scenario:
    """The scenario with a context's edits of signals and stakes written in, checked again."""
    from .files import adapter

    kind = adapter(type(scenario))
    data = kind.dump_python(scenario)
    edits = adapter(type(context)).dump_python(context)
    return kind.validate_python(edited(data, edits))


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
        low=frozen([segment.share.low for segment in segments]),
        high=frozen([segment.share.high for segment in segments]),
        own=_signal_rows(record),
        signal_names=tuple("+".join(parts) for parts in product(*(signal.values for signal in record.signals))),
        overlap=(record.overlap.value, record.overlap.low, record.overlap.high),
        states=tuple(name for name, _, _ in states),
        state_chance=frozen(chance / chance.sum()),
        multiply=frozen([within * _weights(multiply, names) for _, _, multiply in states]),
    )


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


def _events(rows: Mapping[str, Mapping[str, Any]], segments: Any, responses: Any, severities: list[str]) -> Events:
    chance = np.zeros((len(segments), len(responses)))
    number = np.full(chance.shape, -1)
    for (s, segment), (r, response) in product(enumerate(segments), enumerate(responses)):
        event = rows.get(segment, {}).get(response)
        if event is not None:
            chance[s, r], number[s, r] = event.chance, severities.index(event.severity)
    return Events(chance=frozen(chance), severity=number)


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
