"""What to answer on each signal: constant, threshold, declining, table, bayes, observed, blend, override, asking.

A policy says, for each signal, the probability of each response: `answer (…, K, R)`.  With a clarifying question it also has
`after (…, K, J, R)`: on signal k it asks with probability 1 − Σ_r answer[k, r], and on reply j it then gives the response r.
Leading axes are a batch; a batch made along one parameter carries it as its `axis`.

Hard constraints are filters, never weights: every policy that is *made* here uses allowed responses only (`case.allowed`);
`observed` records what was done, allowed or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Bools, Floats, contract, frozen
from .case import Case
from .files import suggest
from .text import html_lines, html_table, percent, text_table

__all__ = [
    "JEFFREYS",
    "Axis",
    "Policy",
    "asking",
    "bayes",
    "blend",
    "by_state",
    "candidates",
    "constant",
    "declining",
    "from_array",
    "observed",
    "override",
    "plausible",
    "stack",
    "table",
    "threshold",
]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


@dataclass(frozen=True, eq=False)
class Axis:
    """What a batch of policies runs along: a name, one value for each policy (numbers or texts), and the unit of numbers.

    A ValueError if a number is not finite or there are no values.
    """

    name: str
    values: tuple[float, ...] | tuple[str, ...]
    unit: str = ""

    def __post_init__(self) -> None:
        values = tuple(str(v) if isinstance(v, str) else float(v) for v in self.values)
        object.__setattr__(self, "values", values)
        if not values or len({type(value) for value in values}) > 1:
            raise ValueError(f"the axis {self.name} needs values: all numbers, or all texts")
        if not self.named and not np.isfinite(values).all():
            raise ValueError(f"the numbers of the axis {self.name} are finite")

    @property
    def named(self) -> bool:
        """Whether the values are texts, not numbers."""
        return isinstance(self.values[0], str)

    @property
    def labels(self) -> tuple[str, ...]:
        """Each value in words."""
        if self.named:
            return tuple(map(str, self.values))
        return tuple(f"{value:.6g}{' ' * bool(self.unit)}{self.unit}" for value in self.values)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Policy:
    """A checked policy, or a batch of them: the currency of every reading and every instrument.

    Shapes: answer (…, K, R), after (…, K, J, R) or None.  A policy that differs by state has `states` and one more axis:
    answer (…, Z, K, R).  `counts` (…, K, R) is the evidence behind observed policies.  A batch of N policies (N, K, R) may
    carry an `axis`: what it runs along, with a value for each policy.  A ValueError says what is no policy.
    """

    answer: Floats
    name: str = "policy"
    after: Floats | None = None
    axis: Axis | None = None
    states: tuple[str, ...] = ()
    counts: Floats | None = None
    signals: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "answer", frozen(self.answer))
        if self.answer.ndim < 2:
            raise ValueError(f"a policy is a table (signals, responses), not an array of shape {self.answer.shape}")
        if self.after is not None:
            object.__setattr__(self, "after", frozen(self.after))
        if self.after is not None and self.after.shape[:-2] != self.answer.shape[:-1]:
            lead = np.broadcast_shapes(self.after.shape[:-2], self.answer.shape[:-1])
            object.__setattr__(self, "answer", frozen(np.broadcast_to(self.answer, (*lead, self.answer.shape[-1]))))
            object.__setattr__(self, "after", frozen(np.broadcast_to(self.after, (*lead, *self.after.shape[-2:]))))
        if self.states and (self.answer.ndim < 3 or self.answer.shape[-3] != len(self.states)):
            raise ValueError(f"a policy that differs by state needs one table per state: answer ({len(self.states)}, K, R)")
        if self.axis is not None and self.batch != (len(self.axis.values),):
            raise ValueError(f"the axis {self.axis.name} has {len(self.axis.values)} values for a batch of {self.batch}")
        if self.states and self.after is not None:
            raise ValueError("a policy that differs by state cannot ask: give each state's policy its own evaluation")
        final = self.answer if self.after is None else self.answer[..., None, :] + self.after
        if not (
            np.isfinite(final).all() and self.answer.min() >= -1e-12 and (self.after is None or self.after.min() >= -1e-12)
        ):
            raise ValueError("the probabilities of a policy are finite and never negative")
        totals = final.sum(-1)
        if (np.abs(totals - 1) > 1e-9).any():
            worst = totals.ravel()[np.abs(totals - 1).argmax()]
            raise ValueError(f"on each signal (and reply) the probabilities of a policy add up to 1, not to {worst:g}")

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each policy of the batch; of a single policy, its name."""
        if not self.batch:
            return (self.name,)
        if self.axis is None:
            return tuple(f"{self.name} {i}" for i in range(int(np.prod(self.batch))))
        if self.axis.named:
            return self.axis.labels
        return tuple(f"{self.name}, {self.axis.name} {label}" for label in self.axis.labels)

    @property
    def batch(self) -> tuple[int, ...]:
        """The shape of the batch; () for one policy."""
        return self.answer.shape[: -3 if self.states else -2]

    @property
    def asks(self) -> Floats:
        """The chance that the question is asked, (…, K)."""
        return frozen(1 - self.answer.sum(-1)) if self.after is not None else frozen(np.zeros(self.answer.shape[:-1]))

    def __getitem__(self, index: int | slice) -> Policy:
        """One policy of a batch, or a slice of it."""
        if not self.batch:
            raise TypeError(f"{self.name} is one policy, not a batch")
        one = not isinstance(index, slice)
        return replace(
            self,
            name=self.labels[index] if one and len(self.batch) == 1 else self.name,  # type: ignore[arg-type]
            answer=self.answer[index],
            after=None if self.after is None else self.after[index],
            axis=None if one or self.axis is None else replace(self.axis, values=self.axis.values[index]),  # type: ignore[arg-type]
            counts=None if self.counts is None else self.counts[index],
        )

    def __iter__(self) -> Iterator[Policy]:
        """The policies of a batch, one by one."""
        if not self.batch:
            raise TypeError(f"{self.name} is one policy, not a batch")
        return (self[i] for i in range(self.batch[0]))

    def in_state(self, state: str) -> Policy:
        """What a policy that differs by state does in one of them; any other policy is the same in all."""
        if not self.states:
            return self
        return replace(self, answer=self.answer[..., self.states.index(state), :, :], states=())

    def _table(self) -> tuple[list[str], list[list[str]]]:
        signals = self.signals or tuple(f"signal {k}" for k in range(self.answer.shape[-2]))
        responses = self.responses or tuple(f"response {r}" for r in range(self.answer.shape[-1]))
        asks = self.after is not None
        rows = [
            [signal, *(percent(float(x)) for x in row), *([percent(float(ask))] if asks else [])]
            for signal, row, ask in zip(signals, self.answer, self.asks, strict=True)
        ]
        return ["signal", *responses, *(["asks first"] if asks else [])], rows

    def __repr__(self) -> str:
        if self.batch or self.states:
            along = f" along {self.axis.name}" if self.axis else ""
            return f"<{'Policies' if self.batch else 'Policy'} {self.name}{along}: answer {self.answer.shape}>"
        return f"policy {self.name}\n" + text_table(*self._table())

    def _repr_html_(self) -> str:
        if self.batch or self.states:
            return html_lines(repr(self), [])
        return html_table(*self._table(), f"policy {self.name}")


Rules = Mapping[str | tuple[str, ...], str | Mapping[str, float]]

#: Pseudo-observations per response over a whole table of counts: Jeffreys' prior for the pooled table, spread over signals.
JEFFREYS = 0.5


def _policy(
    case: Case,
    name: str,
    answer: Floats,
    *,
    after: Floats | None = None,
    counts: Floats | None = None,
    axis: Axis | None = None,
) -> Policy:
    return Policy(
        name=name,
        axis=axis,
        answer=answer,
        after=after,
        counts=counts,
        signals=case.population.signal_names,
        responses=case.responses,
    )


def _along(name: str, values: Floats, unit: str = "") -> Axis | None:
    """The axis that an array of values makes of a batch; None unless it has one dimension."""
    return Axis(name, tuple(values.tolist()), unit) if values.ndim == 1 else None


def from_array(case: Case, array: ArrayLike, *, name: str = "mine", axis: Axis | None = None) -> Policy:
    """Anybody's table of probabilities, (K, R), or a batch of tables (N, K, R), as a policy for this case.

    Rows are signals, columns responses, in the case's order.  A ValueError says which shape is needed or which row does not
    add up to 1.
    """
    given = np.asarray(array, dtype=float)
    needed = (len(case.population.signal_names), len(case.responses))
    if given.shape[-2:] != needed:
        raise ValueError(
            f"a table of shape {given.shape} is no policy of {case.name}: (signals, responses) = {needed} is needed"
        )
    return _policy(case, name, frozen(given), axis=axis)


def permitted(case: Case, response: str) -> int:
    """Where an allowed response stands; a ValueError that names the filter if it is not allowed."""
    index = case.response(response)
    if case.crosses[index]:
        raise ValueError(f"{response} crosses a hard constraint of {case.name}: no policy may choose it")
    if case.forbidden[index]:
        raise ValueError(f"{response} is ruled out by the operator of {case.context}")
    if case.ruled_out[index]:
        raise ValueError(f"{response} is ruled out by the written spec")
    return index


def constant(case: Case, response: str) -> Policy:
    """The same response to everybody."""
    return _policy(case, response, np.tile(_one(case, response), (len(case.population.signal_names), 1)))


def _one(case: Case, response: str) -> Floats:
    return np.eye(len(case.responses))[permitted(case, response)]


def threshold(case: Case, *, risk: ArrayLike, below: str, above: str) -> Policy:
    """`below` where P(harmful | signal) is under `risk`, else `above`.  An array of risks makes a batch, (…, K, R)."""
    cut = np.asarray(risk, dtype=float)
    low = (case.population.risk < cut[..., None])[..., None]
    answer = np.where(low, _one(case, below), _one(case, above))
    name = f"{below} below risk {cut:g}" if cut.ndim == 0 else f"{below} below a risk, else {above}"
    return _policy(case, name, answer, axis=_along("risk", cut))


def declining(case: Case, fraction: ArrayLike, *, below: str, above: str) -> Policy:
    """`above` to the riskiest `fraction` of all senders, `below` to the others; an array of fractions makes a batch.

    Signals are taken in the order of P(harmful | signal), highest first; those of equal risk in the same proportion.  No
    other way to give `above` to so many reaches more harmful senders (Neyman & Pearson 1933).  A ValueError unless the
    fraction lies between 0 and 1.
    """
    part = np.asarray(fraction, dtype=float)
    if not ((part >= 0) & (part <= 1)).all():
        raise ValueError(f"a fraction of senders is a number from 0 to 1, not {part}")
    chance, level = case.population.signal_chance, np.unique(-case.population.risk.round(12), return_inverse=True)[1]
    mass = np.bincount(level, chance)
    riskier = np.cumsum(mass) - mass
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = (part[..., None] - riskier) / mass
    declined = np.where(part[..., None] >= 1, 1.0, np.clip(np.nan_to_num(reached), 0.0, 1.0))[..., level, None]
    answer = (1 - declined) * _one(case, below) + declined * _one(case, above)
    name = f"{above} to the riskiest {percent(float(part))}" if part.ndim == 0 else f"{above} to the riskiest"
    return _policy(case, name, answer, axis=_along("declined", part, "of senders"))


def table(case: Case, rules: Rules, *, otherwise: str | Mapping[str, float], name: str = "rule table") -> Policy:
    """Rules in order: the first whose signal values are all present speaks, else `otherwise`.

    A key is a signal value or a tuple of them; a value is a response or a mapping of responses to chances.
    """
    wanted = [(_known_parts(case, key), _mix(case, mix)) for key, mix in rules.items()]
    last = _mix(case, otherwise)
    rows = []
    for signal in case.population.signal_names:
        present = set(signal.split("+"))
        rows.append(next((mix for key, mix in wanted if key <= present), last))
    return _policy(case, name, frozen(rows))


def _known_parts(case: Case, key: str | tuple[str, ...]) -> set[str]:
    """The signal values that a key names, or a ValueError that suggests a name."""
    values = {part for signal in case.population.signal_names for part in signal.split("+")}
    parts = {part for item in ((key,) if isinstance(key, str) else key) for part in item.split("+")}
    for part in parts - values:
        raise ValueError(f"no signal of {case.name} reads {part!r}; {suggest(part, values)}")
    return parts


def _mix(case: Case, mix: str | Mapping[str, float]) -> Floats:
    if isinstance(mix, str):
        return _one(case, mix)
    return frozen(sum(chance * _one(case, response) for response, chance in mix.items()))


def bayes(case: Case, *, harm_weight: ArrayLike | None = None, believed: Case | None = None) -> Policy:
    """The best allowed response on each signal: argmax of help − harm_weight · (harm + neglect).

    `believed` is the world that the decision maker has in mind (its shares, signals, stakes); the filter is the real
    case's.  An array of weights makes a batch, (…, K, R).  If there is a clarifying question, it is asked where that is
    strictly better.  Ties go to the response that stands first.  Source: Elkan (2001), "The foundations of cost-sensitive
    learning"; Raiffa & Schlaifer (1961) for the question.
    """
    world, weight = (
        believed or case,
        np.asarray(case.harm_weight if harm_weight is None else case.weight(harm_weight), dtype=float),
    )
    if (world.population.signal_names, world.responses) != (case.population.signal_names, case.responses):
        raise ValueError(f"the believed world has other signals or responses than {case.name}")
    value, axis = world.value(weight), _along("harm weight", weight)
    answer, best = _argmax(contract(world.population.joint.T, value), case.allowed)
    name = "best" if believed is None else "best for a believed world"
    if world.question is None or case.question is None:
        return _policy(case, name, answer, axis=axis)
    after, told = _argmax(contract(world.asked_joint.T, value), case.allowed)
    split = (*best.shape, len(world.question.replies))
    informed = told.reshape(split).sum(-1) - world.question.cost @ world.population.joint
    slack = np.where(np.isfinite(best), 1e-15 * np.abs(best), 0.0)
    ask = (informed > best + slack)[..., None]
    return _policy(case, name, np.where(ask, 0.0, answer), after=after.reshape(*split, -1) * ask[..., None], axis=axis)


def _argmax(score: Floats, allowed: Bools) -> tuple[Floats, Floats]:
    """One-hot choice (…, K, R) and its score (…, K) among the allowed responses."""
    masked = np.where(allowed, score, -np.inf)
    best = np.where(np.isneginf(masked).all(-1), allowed.argmax(), masked.argmax(-1))
    return np.eye(score.shape[-1])[best], np.take_along_axis(masked, best[..., None], -1)[..., 0]


def observed(case: Case, counts: ArrayLike | str, *, smoothing: float = 0.0, name: str = "observed") -> Policy:
    """What a model was seen to do: counts (K, R), or the name of an observed model of the file.

    `smoothing` adds pseudo-observations, that many per response over the whole table, spread evenly over the signals (0.5
    is Jeffreys' prior for the pooled table).  The counts stay with the policy: `plausible` draws from what they leave open.
    """
    if isinstance(counts, str):
        if counts not in case.observed:
            raise ValueError(f"no observed model of {case.name} is called {counts!r}; {suggest(counts, case.observed)}")
        name, counts = counts, case.observed[counts]
    seen = np.asarray(counts, dtype=float)
    shape = (len(case.population.signal_names), len(case.responses))
    if seen.shape != shape:
        raise ValueError(f"counts have shape {seen.shape}; (signals, responses) = {shape} is needed")
    if not (np.isfinite(seen).all() and seen.min() >= 0 and smoothing >= 0):
        raise ValueError("counts and smoothing are finite and never negative")
    spread = seen + smoothing / len(seen)
    if not (spread.sum(1) > 0).all():
        empty = case.population.signal_names[int(spread.sum(1).argmin())]
        raise ValueError(f"nothing was observed on {empty}: give counts, or smoothing above 0")
    return _policy(case, name, spread / spread.sum(1, keepdims=True), counts=frozen(seen))


def plausible(policy: Policy, rng: np.random.Generator, count: int, *, smoothing: float = JEFFREYS) -> Policy:
    """`count` policies that the evidence leaves open, (count, K, R): Dirichlet draws around an observed policy's counts.

    A policy that was not observed is certain, and is returned as it is.
    """
    if policy.counts is None:
        return policy
    shape = policy.counts + smoothing / policy.counts.shape[-2]
    size = (count, *shape.shape)
    with np.errstate(divide="ignore"):  # log of a gamma variate with a small shape, without underflow
        logs = np.log(rng.standard_gamma(shape + 1, size)) + np.log(1 - rng.random(size)) / np.maximum(shape, 1e-300)
    weights = np.exp(logs - logs.max(-1, keepdims=True))
    return Policy(
        name=policy.name,
        answer=weights / weights.sum(-1, keepdims=True),
        signals=policy.signals,
        responses=policy.responses,
    )


def asking(case: Case, ask: str | Iterable[str], then: Mapping[str, str], *, otherwise: Policy) -> Policy:
    """Ask the clarifying question on some signals, answer each reply as `then` says; elsewhere follow `otherwise`."""
    if case.question is None:
        raise ValueError(f"{case.name} has no clarifying question")
    if set(then) != set(case.question.replies):
        raise ValueError(f"say what follows each reply: {', '.join(case.question.replies)}")
    wanted = [_known_parts(case, signal) for signal in ([ask] if isinstance(ask, str) else ask)]
    asked = np.array([any(key <= set(signal.split("+")) for key in wanted) for signal in case.population.signal_names])
    rows = np.stack([_one(case, then[reply]) for reply in case.question.replies])
    before = np.zeros((*asked.shape, *rows.shape)) if otherwise.after is None else otherwise.after
    answer = np.where(asked[:, None], 0.0, otherwise.answer)
    return _policy(case, "ask", answer, after=np.where(asked[:, None, None], rows, before))


def _both(a: Policy, b: Policy) -> tuple[Floats, Floats, Floats | None, Floats | None]:
    """The tables of two policies, with a table of zeros for one that never asks if the other does."""
    if a.states or b.states:
        raise ValueError("policies that differ by state are combined state by state")
    if a.answer.shape[-2:] != b.answer.shape[-2:]:
        raise ValueError(f"{a.name} and {b.name} do not speak of the same signals and responses")
    first, second = a.after, b.after
    if first is None and second is not None:
        first = np.zeros_like(second)
    if second is None and first is not None:
        second = np.zeros_like(first)
    return a.answer, b.answer, first, second


def blend(a: Policy, b: Policy, weight: ArrayLike) -> Policy:
    """Follow `b` with chance `weight`, else `a`: its means are straight lines in the weight, so an end is always best."""
    given = np.asarray(weight, dtype=float)
    share = given[..., None, None]
    first, second, after_a, after_b = _both(a, b)
    answer = (1 - share) * first + share * second
    after = None if after_a is None or after_b is None else (1 - share[..., None]) * after_a + share[..., None] * after_b
    return _combined(a, b, f"blend of {a.name} and {b.name}", answer, after, _along("weight", given))


def override(instructed: Policy, own: Policy, *, gain: ArrayLike, dial: ArrayLike, scale: float) -> Policy:
    """The dial: own judgement departs from instructions on signal k iff gain[k] > scale · (1 − dial) / dial.

    `gain` (K,) is the believed net gain of own judgement over instructions, per sender of the signal (help units, see
    `evaluate.gain`); `scale` is the gain that is enough at dial ½ (help units).  At dial 0 never; at dial 1 wherever the gain
    is positive.  An array of dials makes a batch.  The dial: Anthropic's constitution (January 2026), on corrigibility; this
    form of it is ours.
    """
    position = np.asarray(dial, dtype=float)
    if not ((position >= 0) & (position <= 1)).all() or not scale > 0:
        raise ValueError("the dial goes from 0 to 1 and the scale is positive")
    with np.errstate(divide="ignore"):
        bar = scale * (1 - position) / position
    departs = (np.asarray(gain, dtype=float) > bar[..., None])[..., None]
    first, second, after_a, after_b = _both(instructed, own)
    after = None if after_a is None or after_b is None else np.where(departs[..., None], after_b, after_a)
    name = f"override of {instructed.name} and {own.name}"
    return _combined(instructed, own, name, np.where(departs, second, first), after, _along("dial", position))


def _combined(a: Policy, b: Policy, name: str, answer: Floats, after: Floats | None, axis: Axis | None) -> Policy:
    one = axis if answer.ndim == 3 else None
    return Policy(
        name=name, answer=answer, after=after, axis=one, signals=a.signals or b.signals, responses=a.responses or b.responses
    )


def by_state(case: Case, policies: Mapping[str, Policy]) -> Policy:
    """One policy per state: a wrong belief that every copy holds on the same day."""
    states = case.population.states
    if set(policies) != set(states):
        raise ValueError(f"give one policy for each state: {', '.join(states)}")
    if any(policy.after is not None or policy.states for policy in policies.values()):
        raise ValueError("a policy that differs by state cannot ask")
    answer = np.stack([policies[state].answer for state in states], axis=-3)
    name = "; ".join(f"{state}: {policies[state].name}" for state in states)
    return Policy(name=name, answer=answer, states=states, signals=case.population.signal_names, responses=case.responses)


def stack(policies: Sequence[Policy], axis: Axis | None = None) -> Policy:
    """Single policies as one batch, along `axis` or, if none is given, along their names.

    Counts are kept if all of them were observed; mixed with others they are taken as certain.
    """
    if any(policy.batch or policy.states for policy in policies):
        raise ValueError("only single policies can be stacked")
    asks = [policy.after for policy in policies if policy.after is not None]
    after = np.stack([np.zeros_like(asks[0]) if p.after is None else p.after for p in policies]) if asks else None
    counts = [policy.counts for policy in policies if policy.counts is not None]
    return Policy(
        name=", ".join(policy.name for policy in policies) if len(policies) < 12 else f"{len(policies)} policies",
        answer=np.stack([policy.answer for policy in policies]),
        after=after,
        axis=axis or Axis("policy", tuple(policy.name for policy in policies)),
        counts=np.stack(counts) if len(counts) == len(policies) else None,
        signals=next((p.signals for p in policies if p.signals), ()),
        responses=next((p.responses for p in policies if p.responses), ()),
    )


def candidates(case: Case, harm_weight: float | None = None) -> list[Policy]:
    """What one would compare first: the models that were observed, every allowed response to everybody, and the best."""
    seen = [observed(case, name) for name in case.observed]
    fixed = [constant(case, name) for name, fine in zip(case.responses, case.allowed, strict=True) if fine]
    return [*seen, *fixed, bayes(case, harm_weight=harm_weight)]
