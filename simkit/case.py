"""One ambiguous request as arrays and names, in one context, in one state or all of them.

S segments, K signal combinations, R responses, J replies to the clarifying question.  Help is per request (help units);
`harm` and `neglect` are expected harm units per request: probability of the event times its mean severity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from typing import Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike

from .arguments import guard
from .arrays import Bools, Floats, Ints, checked, frozen, frozen_bools, real_numbers, settle, spread
from .messages import Message
from .population import Population, Question, mixed, plain_population, plain_question, with_overlap, with_shares
from .severity import Point, Severity
from .text import Printable, Printed, number, percent, place_of, suggest

W = TypeVar("W", bound=ArrayLike)

ResponseKind = Literal["refuse", "refuse-with-reason", "partial", "answer", "act"]
KINDS: tuple[ResponseKind, ...] = get_args(ResponseKind)
REFUSALS: tuple[ResponseKind, ...] = ("refuse", "refuse-with-reason")
CELLS = "Cells: expected help / harm (of answering or of not answering) per request."


@dataclass(frozen=True, eq=False, kw_only=True)
class Events:
    """One kind of event: probability (S, R) per request, and for each cell the number of its severity (−1: none)."""

    chance: Floats
    severity: Ints

    def __post_init__(self) -> None:
        shape = dict(zip(("segments", "responses"), np.shape(self.severity), strict=True))
        settle(self, chance=checked("probability of an event", self.chance, shape, low=0))
        self.severity.setflags(write=False)
        if (self.severity[self.chance > 0] < 0).any():
            raise ValueError("an event that can happen has a severity")


@dataclass(frozen=True, eq=False, kw_only=True)
class InContext:
    """What is different in an operator's deployment: the arrays that replace those of the case (shapes as there)."""

    odds: Floats
    base_signals: Floats
    help: Floats
    harm_events: Events
    neglect_events: Events
    forbidden: Bools
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Case(Printed):
    """One ambiguous request as arrays and names.  Nothing changes a case: `in_context` and the rest return new ones."""

    name: str
    request: str
    population: Population
    responses: tuple[str, ...]
    kinds: tuple[str, ...]
    help: Floats
    """Expected help per request, (S, R), help units."""
    harm_events: Events
    neglect_events: Events
    severities: tuple[Severity, ...]
    crosses: Bools = field(default_factory=lambda: frozen_bools([]))
    """Whether a response breaks a hard constraint, (R,); by default none."""
    forbidden: Bools = field(default_factory=lambda: frozen_bools([]))
    """Whether the operator rules a response out, (R,); by default none."""
    ruled_out: Bools = field(default_factory=lambda: frozen_bools([]))
    """Whether a written spec rules a response out, (R,); by default none."""
    question: Question | None = None
    observed: Mapping[str, Floats] = field(default_factory=dict)
    """Counts (K, R) of what real models did, by model."""
    harm_weight: float = 1.0
    users: int = 1000
    context: str = ""
    state: str = ""
    edits: tuple[str, ...] = ()
    """What was changed since the case was made, in words."""
    about: str = ""
    units: str = ""
    messages: tuple[Message, ...] = ()
    """What the operator of the context says."""
    carried: tuple[tuple[Message, ...], ...] = ()
    """The messages that come with each signal combination, (K) tuples; none if empty."""
    same_weights: tuple[tuple[str, str], ...] = ()
    """Pairs of observed models that differ by a system prompt only: with it, without it."""
    contexts: Mapping[str, InContext] = field(default_factory=dict)
    """The operators' deployments in which the request comes."""
    shows: tuple[Mapping[str, str], ...] = ()
    """The behaviours of a written spec that each response shows, and their values, (R) mappings; none if empty."""
    constraints: tuple[tuple[str, ...], ...] = ()
    """The hard constraints that each response crosses, by name, (R) tuples; unnamed if empty."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What people call a response, by its name; what is left out goes by its name."""

    def __post_init__(self) -> None:
        none = frozen_bools(np.zeros(len(self.responses)))
        settle(self, **{name: none for name in ("crosses", "forbidden", "ruled_out") if not len(getattr(self, name))})
        cells = {"segments": len(self.segments), "responses": len(self.responses)}
        settle(self, help=checked("help", self.help, cells))
        harm, neglect = (checked(f"{n}_events", getattr(self, f"{n}_events").chance, cells) for n in ("harm", "neglect"))
        if (harm + neglect).max() > 1 + 1e-12:
            raise ValueError("harm and neglect are at most one event: probabilities are never negative and add up to at most 1")
        if max(self.harm_events.severity.max(), self.neglect_events.severity.max()) >= len(self.severities):
            raise ValueError(f"the number of a severity is below {len(self.severities)}, as many as there are")
        if not set(self.kinds) <= set(KINDS):
            raise ValueError(f"a response is one of {', '.join(KINDS)}, not {', '.join(set(self.kinds) - set(KINDS))}")
        for name in ("kinds", "crosses", "forbidden", "ruled_out"):
            if len(getattr(self, name)) != len(self.responses):
                rule = f"one for each of {len(self.responses)} responses is needed"
                raise ValueError(f"{name} has {len(getattr(self, name))} entries; {rule}")
        if self.question is not None and len(self.question.cost) != len(self.segments):
            raise ValueError(
                f"reply has {len(self.question.cost)} rows; one for each of {len(self.segments)} segments is needed"
            )
        self.weight(self.harm_weight)
        if not self.allowed.any():
            raise ValueError("a written spec leaves one response: if nothing else, a refusal")
        if not (~(self.crosses | self.forbidden) & self.refuses).any():
            raise ValueError("one refusal must be allowed: it is what is left when nothing else is")

    @cached_property
    def harm(self) -> Floats:
        """Expected harm of answering per request, (S, R), harm units; infinite where a severity has no finite mean."""
        return self._expected(self.harm_events)

    @cached_property
    def neglect(self) -> Floats:
        """Expected harm of refusing or answering poorly per request, (S, R), harm units."""
        return self._expected(self.neglect_events)

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
        return frozen_bools([kind in REFUSALS for kind in self.kinds])

    @property
    def allowed(self) -> Bools:
        """The filter: responses that cross no hard constraint and that neither operator nor spec has ruled out, (R,)."""
        return ~(self.crosses | self.forbidden | self.ruled_out)

    def value(self, harm_weight: ArrayLike) -> Floats:
        """Net value of each response to each segment, (…, S, R): help − harm_weight · (harm + neglect), help units."""
        weight = np.asarray(self.weight(harm_weight), dtype=float)[..., None, None]
        with np.errstate(invalid="ignore"):
            return frozen(self.help - np.where(weight > 0, weight * self.loss, 0.0))

    def weight(self, harm_weight: W | None) -> W | float:
        """The harm weight to use: the one given, or the file's.  A ValueError unless it is finite and not negative."""
        if harm_weight is None:
            return self.harm_weight
        given = real_numbers("harm_weight", harm_weight, nan=True)
        if not (np.isfinite(given) & (given >= 0)).all():
            raise ValueError(f"a harm weight is finite and never negative, not {given}")
        return harm_weight

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of the segments."""
        return self.population.segments

    @property
    def segment_labels(self) -> tuple[str, ...]:
        """What people call each segment, (S,); by default its name."""
        return tuple(self.population.labels.get(name, name) for name in self.segments)

    @property
    def response_labels(self) -> tuple[str, ...]:
        """What people call each response, (R,); by default its name."""
        return tuple(self.labels.get(name, name) for name in self.responses)

    def response(self, name: str) -> int:
        """Where a response stands, or a ValueError that suggests a name."""
        return place_of(name, self.responses, f"response of {self.name}")

    def in_context(self, name: str) -> Case:
        """The same request in an operator's deployment: who then asks, what is allowed, what is at stake.

        What was edited before (a share, the overlap, a state, …) stays edited.
        """
        if name not in self.contexts:
            known = suggest(name, self.contexts) if self.contexts else "it has no contexts"
            raise ValueError(f"no context of {self.name} is called {name!r}; {known}")
        new = self.contexts[name]
        return replace(
            self,
            context=name,
            population=replace(self.population, odds=new.odds, base_signals=new.base_signals),
            **{key: getattr(new, key) for key in ("help", "harm_events", "neglect_events", "forbidden", "messages")},
        )

    def _edited(self, said: str, **changes: Any) -> Case:
        return replace(self, edits=(*self.edits, said), **changes)

    def in_state(self, name: str) -> Case:
        """The same request in one state, for certain."""
        population = self.population
        row = population.multiply[[place_of(name, population.states, f"state of {self.name}")]]
        single = replace(population, states=(name,), state_chance=frozen([1.0]), multiply=row)
        return self._edited(f"state {name}", population=single, state=name)

    def with_independent_senders(self) -> Case:
        """The same request if every sender lived in a world of its own: the states are mixed into the shares."""
        return self._edited("independent senders", population=mixed(self.population))

    def with_shares(self, shares: Mapping[str, float]) -> Case:
        """The same request if these segments' shares (before a context) were these; the others fill the rest."""
        said = ", ".join(f"{segment}={share:g}" for segment, share in shares.items())
        return self._edited(said, population=with_shares(self.population, shares))

    def with_overlap(self, overlap: float) -> Case:
        """The same request if a fraction `overlap` of each segment sent the signals of the other kind."""
        return self._edited(f"overlap {overlap}", population=with_overlap(self.population, overlap))

    def with_learning(self, fraction: float) -> Case:
        """The same request once a fraction of the senders have learned which reply to the question helps them.

        A fixed policy then loses.  The best policy may gain again: it can read the imitation as a signal of its own.
        """
        if self.question is None:
            raise ValueError(f"{self.name} has no clarifying question")
        if not 0 <= fraction <= 1:
            raise ValueError(f"a fraction is a number from 0 to 1, not {fraction:g}")
        reply = (1 - fraction) * self.question.reply + fraction * self.question.learned_reply
        return self._edited(f"learned {fraction}", question=replace(self.question, reply=frozen(reply)))

    def without_constraints(self) -> Case:
        """The same request if no hard constraint applied: what a bright line costs is read off the difference."""
        return self._edited("without constraints", crosses=frozen_bools(np.zeros_like(self.crosses)))

    # One linear map per case makes every mean of `evaluate` a matrix product.

    @cached_property
    def gains(self) -> Floats:
        """Help, harm and neglect of each response on each signal, per sender of each segment and of everybody: (K·R, 3·(S+1)).

        answer.reshape(K·R) @ gains is help of each segment (S) and of everybody (1), then harm, then neglect.  Infinite
        entries are set to 0 here and counted by `infinite_mean`.
        """
        return self._map(self.population.signals, self.help)

    @cached_property
    def gains_after(self) -> Floats:
        """The same after a question, whose cost is taken off the help: (K·J·R, 3·(S+1))."""
        return self._map(self.asked_signals, self.help - self.question.cost[:, None] if self.question else self.help)

    @cached_property
    def asked_signals(self) -> Floats:
        """P(signal k and reply j | segment s), (S, K·J)."""
        if self.question is None:
            raise ValueError(f"{self.name} has no clarifying question")
        pairs = self.population.signals[:, :, None] * self.question.reply[:, None, :]
        return frozen(pairs.reshape(len(pairs), -1))

    @cached_property
    def asked_joint(self) -> Floats:
        """P(segment s, signal k and reply j), (S, K·J)."""
        return frozen(self.population.shares[:, None] * self.asked_signals)

    def _map(self, seen: Floats, help_: Floats) -> Floats:
        stakes = np.stack([help_, self.harm, self.neglect])
        rows = seen[:, :, None] * np.where(np.isfinite(stakes), stakes, 0.0)[:, :, None, :]
        everybody = np.einsum("s,vskr->vkr", self.population.shares, rows)[:, None]
        rows = np.concatenate([rows, everybody], axis=1).reshape(-1, seen.shape[1] * len(self.responses))
        return frozen(np.ascontiguousarray(rows.T))

    @cached_property
    def infinite_mean(self) -> bool:
        """Whether some harm has no finite mean."""
        return not np.isfinite(self.loss).all()

    @property
    def title(self) -> str:
        """The name, with the context and what was changed since the file."""
        return ", ".join([self.name, *([f"context {self.context}"] if self.context else []), *self.edits])

    def _lines(self) -> list[str]:
        """The case in words."""
        filters = {"Constraints rule": self.crosses, "The operator rules": self.forbidden, "The spec rules": self.ruled_out}
        return [
            f"{self.title}: “{self.request}”",
            *filter(None, (self.about, self.units)),
            *(f"{who} out: {', '.join(compress(self.responses, out))}." for who, out in filters.items() if out.any()),
            *([f"It may ask: “{self.question.asks}”"] if self.question else []),
            *(f"Says {message.level}: {message.says}" for message in self.messages if message.says),
            *([f"Contexts: {', '.join(self.contexts)}."] if self.contexts and not self.context else []),
        ]

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """Who asks, and what each response does to them."""
        people, rows = self.population, []
        for s, name in enumerate(people.segments):
            share, low, high = (percent(float(x[s])) for x in (people.base_share, people.low, people.high))
            cells = [f"{number(h)} / {number(x)}" for h, x in zip(self.help[s], self.loss[s], strict=True)]
            kind = " (harmful)" if people.harmful[s] else ""
            rows.append([name + kind, percent(float(people.shares[s])), f"{share} ({low} to {high})", *cells])
        return ["segment", "share", "base (90% of belief)", *self.responses], rows

    def _parts(self) -> list[Printable]:
        return [*self._lines(), "", self._table(), "", CELLS]


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
    """A case without a file: share (S,), signal (S, K), help (S, R), probabilities of harm and neglect (S, R).

    Every event has the same severity (point 1 if none is given).  The first response is the refusal, unless `kinds` (R,)
    says otherwise.  `interval` is low and high of the shares, (S,) each; `reply` (S, J) and `cost` (S,) make a question.
    A ValueError says which array is no share, probability or table.
    """
    helps = np.atleast_2d(np.asarray(help, dtype=float))
    ends = (share, share) if interval is None else tuple(interval)
    if len(ends) != 2:
        raise ValueError(f"interval is low and high, two arrays, not {len(ends)}")
    people, responses = plain_population(share, signal, harmful, ends), helps.shape[1]
    cells = {"segments": len(people.segments), "responses": responses}
    chances = {"harm_chance": harm_chance, "neglect_chance": neglect_chance}
    first = np.zeros(helps.shape, dtype=int)  # every event has the only severity
    harm, neglect = (Events(chance=spread(key, values, cells, 1.0), severity=first) for key, values in chances.items())
    return Case(
        name=name,
        request=name,
        population=people,
        responses=tuple(f"response-{r}" for r in range(responses)),
        kinds=tuple(kinds) if kinds is not None else ("refuse", *["answer"] * (responses - 1)),
        help=frozen(helps),
        harm_events=harm,
        neglect_events=neglect,
        severities=(Point(kind="point", value=1.0) if severity is None else severity,),
        crosses=frozen_bools(spread("crosses", crosses, {"responses": responses})),
        question=None if reply is None else plain_question(reply, cost, len(people.segments)),
        harm_weight=harm_weight,
    )


guard(__name__)
