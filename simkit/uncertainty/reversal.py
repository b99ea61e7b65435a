"""The values of shares, overlap and stakes that would reverse a conclusion: where two policies are worth the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..arguments import guard
from ..arrays import Floats, frozen, weigh
from ..case import Case
from ..evaluate import expect
from ..policy import Policy
from ..population import shares_from, states_from, worlds_from
from ..text import number
from .means import gaps_by_state, lead_in_worlds


@dataclass(frozen=True)
class BreakEven:
    """The values of one judgement that would reverse a conclusion (none: nothing would), beside its value and interval."""

    of: str
    value: float
    breaks_even_at: tuple[float, ...]
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        if not self.breaks_even_at:
            return f"{self.of} ({number(self.value)}) would never reverse it"
        said = f"{self.of} ({number(self.value)}) would reverse it at {' and '.join(map(number, self.breaks_even_at))}"
        inside = any(self.low <= x <= self.high for x in self.breaks_even_at)
        interval = f", {'inside' if inside else 'outside'} {number(self.low)} to {number(self.high)}"
        return said + interval * (self.high > self.low)


def break_evens(case: Case, a: Policy, b: Policy, *, harm_weight: float | None = None) -> tuple[BreakEven, ...]:
    """For each share, for the overlap and for the stakes: the values at which two policies are worth the same."""
    weight = case.weight(harm_weight)
    gaps = gaps_by_state(case, a, b, weight)
    judged = _of_shares(case, gaps) if np.isfinite(gaps).all() else ()
    return (*judged, *_of_stakes(case, a, b, weight))


def _of_shares(case: Case, gaps: Floats) -> Iterator[BreakEven]:
    population = case.population
    fine = np.geomspace(1e-12, 1, 512)
    grid = np.unique(np.concatenate([np.linspace(0, 1, 513), fine, 1 - fine]))
    before = " before the context" if case.context else ""

    share = population.base_share

    def along_share(s: int, x: Floats) -> Floats:
        return lead_in_worlds(case, gaps, worlds_from(population, _moved(share, s, x)))

    def along_overlap(x: Floats) -> Floats:
        return lead_in_worlds(case, gaps, worlds_from(population, np.tile(share, (len(x), 1)), x))

    for s in _movable(share):
        found = _roots(partial(along_share, s), grid)
        judged = float(share[s]), found, float(population.low[s]), float(population.high[s])
        yield BreakEven(f"share of {population.segments[s]}{before}", *judged)
    if population.overlap[2] > 0:
        yield BreakEven("overlap", population.overlap[0], _roots(along_overlap, grid), *population.overlap[1:])


def _of_stakes(case: Case, a: Policy, b: Policy, harm_weight: float) -> Iterator[BreakEven]:
    """Net gain is linear in the harm weight, in a factor on all harm and in one on all neglect: each has at most one value."""
    first, second = expect(case, a), expect(case, b)
    with np.errstate(invalid="ignore"):
        help_, harm, neglect = (float(getattr(first, of) - getattr(second, of)) for of in ("help", "harm", "neglect"))
    yield BreakEven("harm weight", harm_weight, _positive(help_, harm + neglect))
    if harm_weight > 0:
        yield BreakEven("factor on all harm", 1.0, _positive(help_ / harm_weight - neglect, harm))
        yield BreakEven("factor on all neglect", 1.0, _positive(help_ / harm_weight - harm, neglect))


def _positive(over: float, under: float) -> tuple[float, ...]:
    """over / under, if that is a positive number."""
    return (over / under,) if under and math.isfinite(over) and math.isfinite(under) and over / under > 0 else ()


def _movable(share: Floats) -> Sequence[int]:
    """The segments whose shares can be moved; of two, the smaller one, as the other is the rest."""
    return [int(share.argmin())] if len(share) == 2 else range(len(share) if len(share) > 2 else 0)


def _moved(share: Floats, s: int, x: Floats) -> Floats:
    """Base shares (n, S) in which segment s has share x (n,) and the others keep their proportions."""
    rest = np.delete(share, s)
    rest = rest / rest.sum() if rest.sum() > 0 else np.full(len(rest), 1 / len(rest))
    return np.insert((1 - x[:, None]) * rest, s, x, axis=1)


def _roots(function: Callable[[Floats], Floats], grid: Floats) -> tuple[float, ...]:
    """Where a function of an array changes sign on a grid, each refined by bisection."""
    values = function(grid)
    sign = np.sign(_unrounded(values))
    crossings = np.flatnonzero(sign[:-1] * sign[1:] < 0)
    low, high = grid[crossings], grid[crossings + 1]
    for _ in range(60 if len(crossings) else 0):
        middle = (low + high) / 2
        same = np.sign(function(middle)) == sign[crossings]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    touches = [float(grid[i]) for i in np.flatnonzero(sign == 0) if 0 < i < len(grid) - 1 and sign[i - 1] * sign[i + 1] < 0]
    return tuple(sorted([*map(float, high), *touches]))


def break_even_shares(case: Case, policies: Policy, reference: Policy, *, harm_weight: float | None = None) -> Floats:
    """For each policy (…,): the share of harmful senders at which it and the reference are worth the same.

    The share is the base share of all harmful segments together, of several the one nearest to the present; nan if no share
    would reverse it.  Policies stay as they are while the share moves, and harmful segments keep their proportions, as others
    do.
    """
    population, gaps = case.population, gaps_by_state(case, policies, reference, case.weight(harm_weight))
    per_segment = weigh(population.signals, gaps, axis=-1).reshape(int(np.prod(policies.batch)), -1)
    bad, now = population.harmful, float(population.base_share[population.harmful].sum())
    found = np.full(len(per_segment), np.nan)
    if not (0 < now < 1 and np.isfinite(per_segment).all()):
        return found.reshape(policies.batch)
    base = np.stack([np.where(kind, population.base_share, 0.0) / share for kind, share in ((~bad, 1 - now), (bad, now))])

    def senders(x: Floats) -> Floats:
        """Shares at each share x of harmful senders, (n, S), or in each state, (n, Z·S)."""
        moved = np.stack([1 - x, x], axis=-1) @ base
        if gaps.shape[-3] == 1:
            return shares_from(population, moved)
        in_states = population.state_chance[:, None] * states_from(population, moved)
        return in_states.reshape(len(x), per_segment.shape[1])

    grid = np.unique(np.concatenate([np.linspace(0, 1, 65), np.geomspace(1e-9, 1, 33), [now]]))
    values = _unrounded((senders(grid) @ per_segment[..., None])[..., 0])
    crosses = values[:, :-1] * values[:, 1:] < 0
    cell = np.where(crosses, np.maximum(grid[:-1] - now, now - grid[1:]), np.inf).argmin(1)
    row, some = np.arange(len(values)), crosses.any(1)
    ends = np.stack([grid[cell], values[row, cell], grid[cell + 1], values[row, cell + 1]])[:, some]
    found[some] = _false_position(lambda x: (senders(x) * per_segment[some]).sum(1), *ends)
    return found.reshape(policies.batch)


def break_even_loss(case: Case, first: Policy, second: Policy) -> float:
    """The share of harmful senders at which two policies bring as much harm and neglect; nan if there is none."""
    free = case.question and replace(case.question, cost=np.zeros_like(case.question.cost))
    helpless = replace(case, help=frozen(np.zeros_like(case.help)), question=free)
    return float(break_even_shares(helpless, first, second, harm_weight=1.0))


def _false_position(function: Callable[[Floats], Floats], a: Floats, at_a: Floats, b: Floats, at_b: Floats) -> Floats:
    """Where a nearly straight function is 0 between a and b, where its signs differ: the Illinois method, a few steps."""
    for _ in range(8):
        x = np.where(at_a == at_b, a, (a * at_b - b * at_a) / np.where(at_a == at_b, 1, at_b - at_a))
        y = function(x)
        across = y * at_b < 0
        a, at_a = np.where(across, b, a), np.where(across, at_b, at_a / 2)
        b, at_b = x, y
    return b


def _unrounded(values: Floats) -> Floats:
    """Values (…, n), of which those that are rounding beside the largest of their row are 0."""
    return np.where(np.abs(values) <= 1e-12 * np.abs(values).max(-1, keepdims=True), 0.0, values)


guard(__name__)
