"""A scenario ready to be evaluated: the arrays of one ambiguous request, in one context, in one state or all of them.

S segments, K signal combinations, R responses, J replies to the clarifying question.  Help is per request (help units);
`harm` and `neglect` are expected harm units per request: chance of the event times its mean severity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Bools, Floats, Ints, frozen, frozen_bools
from .files import suggest
from .messages import Message
from .population import Population, with_overlap, with_shares
from .scenario_rules import KINDS, REFUSALS
from .severity import Point, Severity
from .tables import html_lines, html_table, number, percent, text_table

W = TypeVar("W", float, ArrayLike)


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
    severity: Ints

    def __post_init__(self) -> None:
        self.severity.setflags(write=False)


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
    ruled_out: Bools = field(default_factory=lambda: frozen_bools([]))
    """Whether a written spec rules a response out, (R,); by default none."""
    question: Question | None = None
    observed: Mapping[str, Floats] = field(default_factory=dict)
    """Counts (K, R) of what real models did, by model."""
    harm_weight: float = 1.0
    users: int = 1000
    context: str = ""
    state: str = ""
    bends: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """What was changed since the file: the methods that were called, with their values."""
    about: str = ""
    units: str = ""
    messages: tuple[Message, ...] = ()
    """What the operator of the context says."""
    carried: tuple[tuple[Message, ...], ...] = ()
    """The messages that come with each signal combination, (K) tuples; none if empty."""
    same_weights: tuple[tuple[str, str], ...] = ()
    """Pairs of observed models that differ by a system prompt only: with it, without it."""
    contexts: tuple[str, ...] = ()
    deploy: Callable[[Any, str, str], Case] | None = None
    """Makes the case of a context, from the file's record, the case's name and the context's."""
    scenario: Any = None
    """The record of the file (`simkit.scenario.Scenario`), with every source and note."""

    def __post_init__(self) -> None:
        count, responses = len(self.population.segments), len(self.responses)
        for name, array in {"help": self.help, "harm": self.harms.chance, "neglect": self.neglects.chance}.items():
            if array.shape != (count, responses):
                raise ValueError(f"{name} has shape {array.shape}; (segments, responses) = {(count, responses)} is needed")
        if not np.isfinite(self.help).all():
            raise ValueError("help is finite")
        chances = self.harms.chance, self.neglects.chance
        if min(chance.min() for chance in chances) < 0 or (chances[0] + chances[1]).max() > 1 + 1e-12:
            raise ValueError("harm and neglect are at most one event: chances are never negative and add up to at most 1")
        if not set(self.kinds) <= set(KINDS):
            raise ValueError(f"a response is one of {', '.join(KINDS)}, not {', '.join(set(self.kinds) - set(KINDS))}")
        if self.question is not None and not np.allclose(self.question.reply.sum(1), 1, rtol=0, atol=1e-9):
            raise ValueError("the replies of each segment add up to 1")
        if self.ruled_out.size == 0:
            object.__setattr__(self, "ruled_out", frozen_bools(np.zeros(responses)))
        if not self.allowed.any():
            raise ValueError("a written spec leaves one response: if nothing else, a refusal")
        if not (~(self.crosses | self.forbidden) & self.refuses).any():
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
        return frozen_bools([kind in REFUSALS for kind in self.kinds])

    @property
    def allowed(self) -> Bools:
        """The filter: responses that cross no hard constraint and that neither operator nor spec has ruled out, (R,)."""
        return ~(self.crosses | self.forbidden | self.ruled_out)

    def value(self, harm_weight: ArrayLike) -> Floats:
        """Net value of each response to each segment, (…, S, R): help − harm_weight · (harm + neglect), help units."""
        weight = np.asarray(harm_weight, dtype=float)[..., None, None]
        with np.errstate(invalid="ignore"):
            return frozen(self.help - np.where(weight > 0, weight * self.loss, 0.0))

    def weight(self, harm_weight: W | None) -> W | float:
        """The harm weight to use: the one given, or the file's.  A ValueError unless it is finite and not negative."""
        if harm_weight is None:
            return self.harm_weight
        given = np.asarray(harm_weight, dtype=float)
        if not (np.isfinite(given).all() and given.min() >= 0):
            raise ValueError(f"a harm weight is finite and never negative, not {harm_weight}")
        return harm_weight

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of the segments."""
        return self.population.segments

    def response(self, name: str) -> int:
        """Where a response stands, or a ValueError that suggests a name."""
        if name not in self.responses:
            raise ValueError(f"no response of {self.name} is called {name!r}; {suggest(name, self.responses)}")
        return self.responses.index(name)

    def in_context(self, name: str) -> Case:
        """The same request in an operator's deployment: who then asks, what is allowed, what is at stake.

        What was bent before (a share, the overlap, a state, …) stays bent.
        """
        if self.deploy is None:
            raise ValueError(f"{self.name} was built from arrays: it has no contexts")
        case = self.deploy(self.scenario, self.name, name)
        for how, values in self.bends:
            case = getattr(case, how)(*values)
        return case

    def _bent(self, how: str, *values: object, **changes: object) -> Case:
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
        """The same request if this segment's share (before a context) were `share`; the others fill the rest."""
        return self.with_shares({segment: share})

    def with_shares(self, shares: Mapping[str, float]) -> Case:
        """The same request if these segments' shares (before a context) were these; the others fill the rest."""
        return self._bent("with_shares", dict(shares), population=with_shares(self.population, shares))

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
        return self._bent("without_constraints", crosses=frozen_bools(np.zeros_like(self.crosses)))

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

    @cached_property
    def asked_joint(self) -> Floats:
        """P(segment s, signal k and reply j), (S, K·J)."""
        return frozen(self.population.shares[:, None] * self.asked_signals)

    def _map(self, seen: Floats) -> Floats:
        stakes = np.stack([self.help, self.harm, self.neglect])
        stakes = np.where(np.isfinite(stakes), stakes, 0.0)
        return frozen(np.einsum("sk,vsr->krvs", seen, stakes).reshape(seen.shape[1] * len(self.responses), -1))

    @cached_property
    def endless(self) -> bool:
        """Whether some harm has no finite mean."""
        return not np.isfinite(self.loss).all()

    @property
    def title(self) -> str:
        """The name, with the context and what was changed since the file."""
        said = [f"context {self.context}"] if self.context else []
        for how, values in self.bends:
            if how == "with_shares":
                said += [f"{segment}={share:g}" for segment, share in values[0].items()]
            else:
                said.append(" ".join([BENDS[how], *map(str, values)]))
        return ", ".join([self.name, *said])

    def _lines(self) -> list[str]:
        """The case in words."""
        said = [f"{message.level}: {message.says}" for message in self.messages if message.says]
        lines = [f"{self.title}: “{self.request}”", *(text for text in (self.about, self.units) if text)]
        for who, out in (
            ("Constraints rule", self.crosses),
            ("The operator rules", self.forbidden),
            ("The spec rules", self.ruled_out),
        ):
            if out.any():
                lines.append(f"{who} out: {', '.join(name for name, no in zip(self.responses, out, strict=True) if no)}.")
        if self.question is not None:
            lines.append(f"It may ask: “{self.question.asks}”")
        lines += [f"Says {line}" for line in said]
        if self.contexts and not self.context:
            lines.append(f"Contexts: {', '.join(self.contexts)}.")
        return lines

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """Who asks, and what each response does to them."""
        people, rows = self.population, []
        for s, name in enumerate(people.segments):
            share, low, high = (percent(float(x[s])) for x in (people.share, people.low, people.high))
            cells = [f"{number(h)} / {number(x)}" for h, x in zip(self.help[s], self.loss[s], strict=True)]
            kind = " (harmful)" if people.harmful[s] else ""
            rows.append([name + kind, percent(float(people.shares[s])), f"{share} ({low} to {high})", *cells])
        return ["segment", "share", "base (90% of belief)", *self.responses], rows

    def __repr__(self) -> str:
        return "\n".join([*self._lines(), "", text_table(*self._table()), "", CELLS])

    def _repr_html_(self) -> str:
        first, *rest = self._lines()
        return html_lines(first, rest) + html_table(*self._table(), CELLS)


#: How a case speaks of what was changed since the file.
BENDS = {
    "in_state": "state",
    "with_overlap": "overlap",
    "with_learning": "learned",
    "without_constraints": "without constraints",
}

#: What the cells of a case's table hold.
CELLS = "Cells: expected help / harm (of answering or of not answering) per request."


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
    A ValueError says which array is no share, chance or table.
    """
    helps, rows = frozen(np.atleast_2d(help)), np.atleast_2d(np.asarray(signal, dtype=float))
    count, responses = len(np.atleast_1d(share)), helps.shape[1]
    low, high = interval if interval is not None else (share, share)
    return Case(
        name=name,
        request=name,
        population=Population(
            segments=tuple(f"segment-{s}" for s in range(count)),
            harmful=frozen_bools(np.broadcast_to(harmful, count)),
            share=frozen(share),
            low=frozen(low),
            high=frozen(high),
            own=frozen(rows),
            signal_names=tuple(f"signal-{k}" for k in range(rows.shape[1])),
        ),
        responses=tuple(f"response-{r}" for r in range(responses)),
        kinds=tuple(kinds) if kinds is not None else ("refuse", *["answer"] * (responses - 1)),
        help=helps,
        harms=_same_events(harm_chance, (count, responses)),
        neglects=_same_events(neglect_chance, (count, responses)),
        severities=(severity or Point(kind="point", value=1.0),),
        crosses=frozen_bools(np.broadcast_to(crosses, responses)),
        forbidden=frozen_bools(np.zeros(responses)),
        question=None if reply is None else _plain_question(frozen(reply), cost),
        harm_weight=harm_weight,
    )


def _same_events(chance: ArrayLike, shape: tuple[int, ...]) -> Events:
    return Events(chance=frozen(np.broadcast_to(np.asarray(chance, dtype=float), shape)), severity=np.zeros(shape, dtype=int))


def _plain_question(reply: Floats, cost: ArrayLike) -> Question:
    replies = tuple(f"reply-{j}" for j in range(reply.shape[1]))
    costs = frozen(np.broadcast_to(np.asarray(cost, dtype=float), len(reply)))
    return Question(asks="a question", replies=replies, cost=costs, reply=reply, learned_reply=reply)
