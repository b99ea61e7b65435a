"""A policy, or a batch of them that knows what it runs along; policies stacked, mixed and told apart by state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import guard
from ..arrays import Floats, checked, frozen, real_numbers, settle
from ..case import Case
from ..text import Printable, Printed, percent


@dataclass(frozen=True, eq=False)
class Axis:
    """What a batch of policies runs along: a name, one value for each policy (numbers or texts), and the unit of numbers.

    A ValueError if a number is not finite or there are no values.
    """

    name: str
    values: tuple[float, ...] | tuple[str, ...]
    unit: str = ""

    def __post_init__(self) -> None:
        named = [isinstance(value, str) for value in self.values]
        if any(named) != all(named) or not named:
            raise ValueError(f"the axis {self.name} needs values: all numbers, or all texts")
        numbers = () if all(named) else checked("values", self.values, {"policies": len(named)})
        settle(self, values=tuple(map(str, self.values) if all(named) else map(float, numbers)))

    @property
    def named(self) -> bool:
        """Whether the values are texts, not numbers."""
        return isinstance(self.values[0], str)

    @property
    def labels(self) -> tuple[str, ...]:
        """Each value in words."""
        return tuple(v if isinstance(v, str) else f"{v:.6g} {self.unit}".rstrip() for v in self.values)

    def __str__(self) -> str:
        if self.named:
            return f"{self.name}: {', '.join(self.labels[:12])}{', …' * (len(self.values) > 12)}"
        low, high = np.min(self.values), np.max(self.values)
        return f"{self.name}, {len(self.values)} values from {low:.6g} to {high:.6g} {self.unit}".rstrip()


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Policy(Printed):
    """A checked policy, or a batch of them: the currency of every reading and every instrument.

    Shapes: answer (…, K, R), after (…, K, J, R) or None.  A policy that differs by state has `states` and one more axis:
    answer (…, Z, K, R).  `counts` (…, K, R) is the evidence behind observed policies.  A batch of N policies (N, K, R) may
    carry an `axis`: what it runs along, with a value for each policy.  `kind` says how a policy was made where a report cares.
    A ValueError says what is no policy.
    """

    answer: Floats
    name: str = "policy"
    after: Floats | None = None
    axis: Axis | None = None
    states: tuple[str, ...] = ()
    counts: Floats | None = None
    signals: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    kind: Literal["", "constant", "best"] = ""

    def __post_init__(self) -> None:
        given = {
            name: table
            for name in ("answer", "after", "counts")
            if (table := getattr(self, name)) is not None or name == "answer"
        }
        settle(self, **{name: frozen(real_numbers(name, table, nan=True)) for name, table in given.items()})
        if self.answer.ndim < 2:
            raise ValueError(f"a policy is a table (signals, responses), not an array of shape {self.answer.shape}")
        if self.counts is not None and not (np.isfinite(self.counts) & (self.counts >= 0)).all():
            raise ValueError("the counts behind a policy are finite and never negative")
        if self.after is not None:
            if self.after.ndim < 3 or (self.after.shape[-1], self.after.shape[-3]) != self.answer.shape[:-3:-1]:
                raise ValueError(f"after is a table (signals, replies, responses), not an array of shape {self.after.shape}")
            lead, replied = self.answer.shape[:-1], np.shape(self.after)
            lead = np.broadcast_shapes(replied[:-2], lead)
            settle(self, answer=frozen(np.broadcast_to(self.answer, (*lead, self.answer.shape[-1]))))
            settle(self, after=frozen(np.broadcast_to(self.after, (*lead, *replied[-2:]))))
        if self.states and (self.answer.ndim < 3 or self.answer.shape[-3] != len(self.states)):
            raise ValueError(f"a policy that differs by state needs one table per state: answer ({len(self.states)}, K, R)")
        if self.axis is not None and self.batch != (len(self.axis.values),):
            raise ValueError(f"the axis {self.axis.name} has {len(self.axis.values)} values for a batch of {self.batch}")
        if self.states and self.after is not None:
            raise ValueError("a policy that differs by state cannot ask: give each state's policy its own evaluation")
        tables = [self.answer] if self.after is None else [self.answer, self.after]
        if not all(np.isfinite(table).all() and table.min() >= -1e-12 for table in tables):
            raise ValueError("the probabilities of a policy are finite and never negative")
        final = self.answer if self.after is None else self.answer[..., None, :] + self.after
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
        """The probability that the question is asked, (…, K)."""
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

    def as_batch(self) -> Policy:
        """The policy as a batch of one; a batch as it is."""
        if self.batch:
            return self
        after, counts = (None if table is None else table[None] for table in (self.after, self.counts))
        return replace(self, answer=self.answer[None], after=after, counts=counts, axis=Axis("policy", (self.name,)))

    def in_state(self, state: str) -> Policy:
        """What a policy that differs by state does in one of them; any other policy is the same in all."""
        if not self.states:
            return self
        return replace(self, answer=self.answer[..., self.states.index(state), :, :], states=())

    def _parts(self) -> Iterator[Printable]:
        if self.batch or self.states:
            by = f", by state: {', '.join(self.states)}" if self.states else ""
            along = f" along {self.axis}" if self.axis else f" of shape {self.batch}" if self.batch else ""
            yield f"<{'batch of policies' if self.batch else 'policy'} {self.name}{along}{by}>"
            return
        yield f"policy {self.name}"
        signals = self.signals or [f"signal {k}" for k in range(self.answer.shape[-2])]
        responses = self.responses or [f"response {r}" for r in range(self.answer.shape[-1])]
        head, table = ["signal", *responses], self.answer
        if self.after is not None:
            head, table = [*head, "asks first"], np.column_stack([self.answer, self.asks])
        yield head, [[signal, *map(percent, row)] for signal, row in zip(signals, table, strict=True)]


def along(name: str, values: Floats, unit: str = "") -> Axis | None:
    """The axis that an array of values makes of a batch; None unless it has one dimension."""
    return Axis(name, tuple(values.tolist()), unit) if values.ndim == 1 else None


def stack(policies: Sequence[Policy], axis: Axis | None = None) -> Policy:
    """Single policies as one batch, along `axis` or, if none is given, along their names.

    Counts are kept if all of them were observed; mixed with others they are taken as certain.
    """
    if not policies:
        raise ValueError("policies is empty: a batch needs at least one")
    if any(policy.batch or policy.states for policy in policies):
        raise ValueError("only single policies can be stacked")
    asks = [policy.after for policy in policies if policy.after is not None]
    after = np.stack([np.zeros_like(asks[0]) if p.after is None else p.after for p in policies]) if asks else None
    counts = [policy.counts for policy in policies if policy.counts is not None]
    names = tuple(policy.name for policy in policies)
    return Policy(
        name=", ".join(names) if len(names) < 12 else f"{len(names)} policies",
        answer=np.stack([policy.answer for policy in policies]),
        after=after,
        axis=axis or Axis("policy", names),
        counts=np.stack(counts) if len(counts) == len(policies) else None,
        signals=next((p.signals for p in policies if p.signals), ()),
        responses=next((p.responses for p in policies if p.responses), ()),
    )


def singles(policies: Policy | Iterable[Policy]) -> list[Policy]:
    """The policies one by one: of one policy, of a batch, or of several of either."""
    if isinstance(policies, Policy):
        return [one for part in policies for one in singles(part)] if policies.batch else [policies]
    return [one for policy in policies for one in singles(policy)]


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


def blend(a: Policy, b: Policy, weight: ArrayLike) -> Policy:
    """Follow `b` with probability `weight`, else `a`: means are straight lines in the weight, so an end is always best.

    An array of weights makes a batch.
    """
    share = real_numbers("weight", weight)
    if not ((share >= 0) & (share <= 1)).all():
        raise ValueError(f"weight is a probability from 0 to 1, not {share}")
    return _mixed(a, b, share[..., None], f"blend of {a.name} and {b.name}", along("weight", share))


def override(instructed: Policy, own: Policy, *, gain: ArrayLike, dial: ArrayLike, scale: float) -> Policy:
    """The dial: own judgement departs from instructions on signal k iff gain[k] > scale · (1 − dial) / dial.

    `gain` (K,) is the believed net gain of own judgement over instructions, per sender of the signal (help units, see
    `evaluate.gain`); `scale` is the gain that is enough at dial ½ (help units).  At dial 0 never; at dial 1 wherever the gain
    is positive.  An array of dials makes a batch.  The dial: Anthropic's constitution (January 2026), on corrigibility; this
    form of it is ours.
    """
    position, gains = np.asarray(dial, dtype=float), np.asarray(gain, dtype=float)
    if gains.shape[-1:] not in ((), (1,), instructed.answer.shape[-2:-1]):
        raise ValueError(f"gain has shape {gains.shape}; one for each of {instructed.answer.shape[-2]} signals is needed")
    if not ((position >= 0) & (position <= 1)).all() or not scale > 0:
        raise ValueError(f"the dial goes from 0 to 1 and the scale is positive, not {position} and {scale:g}")
    with np.errstate(divide="ignore"):
        bar = scale * (1 - position) / position
    departs = (gains > bar[..., None]).astype(float)
    name = f"override of {instructed.name} and {own.name}"
    return _mixed(instructed, own, departs, name, along("dial", position))


def _mixed(a: Policy, b: Policy, share: Floats, name: str, axis: Axis | None) -> Policy:
    """On signal k follow `b` with probability share[..., k], else `a`; one that never asks is mixed in as asking never."""
    if a.states or b.states:
        raise ValueError("policies that differ by state are combined state by state")
    if a.answer.shape[-2:] != b.answer.shape[-2:]:
        raise ValueError(f"{a.name} and {b.name} do not speak of the same signals and responses")
    part, after = share[..., None], None
    if a.after is not None or b.after is not None:
        first, second = (0.0 if policy.after is None else policy.after for policy in (a, b))
        after = np.asarray((1 - part[..., None]) * first + part[..., None] * second)
    answer = (1 - part) * a.answer + part * b.answer
    signals, responses = a.signals or b.signals, a.responses or b.responses
    axis = axis if answer.ndim == 3 else None
    return Policy(name=name, answer=answer, after=after, axis=axis, signals=signals, responses=responses)


guard(__name__)
