"""Does one policy beat another?  The fraction of plausible worlds in which it does, and the values that would flip it.

Shares are judgements.  A conclusion about policies therefore carries how often it holds in plausible worlds (shares, overlap
and observed rates drawn) and, for each judgement, stakes included, the values at which it turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .arrays import Floats, contract, frozen, weigh
from .case import Case
from .evaluate import expect, net_per_sender
from .policy import Policy, plausible
from .population import Worlds, draw_worlds, shares_from, worlds_from
from .tables import html_lines, number, whole_percent
from .tradeoff import best_score

__all__ = ["Comparison", "Flip", "best_in_worlds", "compare", "flips", "net_in_worlds", "turning_shares"]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


@dataclass(frozen=True)
class Flip:
    """The values of one judgement at which the conclusion turns (none: it never does), beside its value and interval."""

    of: str
    value: float
    flips_at: tuple[float, ...]
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        if not self.flips_at:
            return f"{self.of} ({number(self.value)}) never turns it"
        turns = " and ".join(number(x) for x in self.flips_at)
        inside = any(self.low <= x <= self.high for x in self.flips_at)
        where = (
            f", {'inside' if inside else 'outside'} {number(self.low)} to {number(self.high)}" if self.high > self.low else ""
        )
        return f"{self.of} ({number(self.value)}) turns it at {turns}{where}"


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Whether one policy is ahead of another in net value, how surely, and what would turn it.

    `gain` is the net gain per request (help units) as the case stands; `draws` (n,) are the gains in plausible worlds, in
    which shares, overlap and observed rates vary and the stakes do not; `flips` says which values turn it, stakes included.
    """

    better: str
    worse: str
    gain: float
    draws: Floats
    flips: tuple[Flip, ...]

    @property
    def holds(self) -> float:
        """The fraction of plausible worlds in which the better policy stays better."""
        return float((self.draws > 0).mean())

    @property
    def standard_error(self) -> float:
        """The standard error of `holds`: worlds are drawn."""
        return float(np.sqrt(self.holds * (1 - self.holds) / len(self.draws)))

    def lines(self) -> list[str]:
        """The conclusion in words, and a line for each value that turns it."""
        if self.gain == 0 and not self.draws.any():
            return [f"{self.better} and {self.worse} make no difference."]
        verdict = ": an open question" if 0.2 < self.holds < 0.8 else ""
        first = f"{self.better} is ahead of {self.worse} by {number(1000 * self.gain)} help units per 1000 senders"
        first += f", and in {whole_percent(self.holds)} of {len(self.draws)} plausible worlds (stakes as stated){verdict}."
        never = [flip.of for flip in self.flips if not flip.flips_at]
        turns = [str(flip) for flip in self.flips if flip.flips_at]
        return [first, *turns, *([f"never turned by {', '.join(never)}"] if never else [])]

    def __str__(self) -> str:
        return "\n  ".join(self.lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        first, *rest = self.lines()
        return html_lines(first, rest)


def compare(
    case: Case, a: Policy, b: Policy, *, rng: np.random.Generator, worlds: int = 2000, harm_weight: float | None = None
) -> Comparison:
    """Which of two policies is better, in which fraction of plausible worlds, and the values that flip it.

    Worlds differ in shares and overlap (drawn from the file's intervals) and, for observed policies, in what the counts
    leave open.  A ValueError if a or b is a batch or differs by state.
    """
    if a.batch or b.batch or a.states or b.states:
        raise ValueError("compare takes two single policies that do not differ by state")
    weight = case.weight(harm_weight)
    gain = float(expect(case, a, weight).net - expect(case, b, weight).net)
    if gain < 0:
        a, b, gain = b, a, -gain
    drawn = draw_worlds(case.population, rng, worlds)
    first, second = (net_in_worlds(case, p, drawn, harm_weight=weight) for p in plausible_pair(a, b, rng, worlds))
    return Comparison(a.name, b.name, gain, frozen(first - second), flips(case, a, b, harm_weight=weight))


def best_in_worlds(case: Case, worlds: Worlds, *, harm_weight: float) -> Floats:
    """The best net value that an allowed policy reaches in each world, knowing it but not who asks, (n,)."""
    score = contract(np.swapaxes(worlds.joint, -1, -2), case.value(harm_weight))
    return best_score(score, case.allowed).sum(-1)


def plausible_pair(a: Policy, b: Policy, rng: np.random.Generator, count: int) -> tuple[Policy, Policy]:
    """Plausible versions of two policies; if the same counts are behind both, the same draws."""
    first = plausible(a, rng, count)
    same = a.counts is not None and b.counts is not None and np.array_equal(a.counts, b.counts)
    return first, first if same else plausible(b, rng, count)


def net_in_worlds(case: Case, policies: Policy, worlds: Worlds, *, harm_weight: float) -> Floats:
    """Net value of policy n of a batch in world n, or of one policy in every world, (n,)."""
    value = net_per_sender(case, policies, harm_weight)
    return weigh(worlds.joint, value)


def flips(case: Case, a: Policy, b: Policy, *, harm_weight: float | None = None) -> tuple[Flip, ...]:
    """For each share, for the overlap and for the harm weight: the values at which a and b are worth the same."""
    weight = case.weight(harm_weight)
    gap = net_per_sender(case, a, weight) - net_per_sender(case, b, weight)
    return tuple(_flips(case, a, b, gap, weight))


def _flips(case: Case, a: Policy, b: Policy, gap: Floats, harm_weight: float) -> Iterator[Flip]:
    population = case.population
    fine = np.geomspace(1e-12, 1, 512)
    grid = np.unique(np.concatenate([np.linspace(0, 1, 513), fine, 1 - fine]))
    finite = bool(np.isfinite(gap).all())

    def in_worlds(share: Floats, overlap: Floats) -> Floats:
        return np.einsum("nsk,sk->n", worlds_from(population, share, overlap).joint, gap)

    before = " before the context" if case.context else ""
    for s, name in _movable(case) if finite else ():

        def along_share(x: Floats, s: int = s) -> Floats:
            return in_worlds(_moved(population.share, s, x), np.full(len(x), population.overlap[0]))

        ends = float(population.low[s]), float(population.high[s])
        yield Flip(f"share of {name}{before}", float(population.share[s]), _roots(along_share, grid), *ends)
    if finite and population.overlap[2] > 0:

        def along_overlap(x: Floats) -> Floats:
            return in_worlds(np.tile(population.share, (len(x), 1)), x)

        yield Flip("overlap", population.overlap[0], _roots(along_overlap, grid), *population.overlap[1:])
    yield from _stakes_flips(case, a, b, harm_weight)


def _stakes_flips(case: Case, a: Policy, b: Policy, harm_weight: float) -> Iterator[Flip]:
    """Net gain is linear in the harm weight, in a factor on all harm and in one on all neglect: each turns it at most once."""
    first, second = expect(case, a), expect(case, b)
    help_, harm, neglect = (float(getattr(first, of) - getattr(second, of)) for of in ("help", "harm", "neglect"))
    yield Flip("harm weight", harm_weight, _positive(help_, harm + neglect))
    if harm_weight > 0:
        yield Flip("factor on all harm", 1.0, _positive(help_ / harm_weight - neglect, harm))
        yield Flip("factor on all neglect", 1.0, _positive(help_ / harm_weight - harm, neglect))


def _positive(over: float, under: float) -> tuple[float, ...]:
    """over / under, if that is a positive number."""
    return (over / under,) if under and math.isfinite(over) and math.isfinite(under) and over / under > 0 else ()


def _movable(case: Case) -> list[tuple[int, str]]:
    """The segments whose shares can be moved; of two, the smaller one, as the other is the rest."""
    numbered = list(enumerate(case.population.segments))
    if len(numbered) == 2:
        return [numbered[int(case.population.share.argmin())]]
    return numbered if len(numbered) > 2 else []


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


def turning_shares(case: Case, policies: Policy, reference: Policy, *, harm_weight: float | None = None) -> Floats:
    """For each policy of a batch (F,): the share of harmful senders at which it and the reference are worth the same.

    The share is the base share of all harmful segments together, of several the one nearest to the present; nan if no share
    turns it.  Policies stay as they are while the share moves, and harmful segments keep their proportions, as others do.
    """
    population, weight = case.population, case.weight(harm_weight)
    with np.errstate(invalid="ignore"):
        gap = net_per_sender(case, policies, weight) - net_per_sender(case, reference, weight)
    per_segment = np.atleast_2d(weigh(population.signals, gap, axis=-1))
    bad, now = population.harmful, float(population.share[population.harmful].sum())
    if not (0 < now < 1 and np.isfinite(per_segment).all()):
        return np.full(len(per_segment), np.nan)
    base = np.stack([np.where(kind, population.share, 0.0) / share for kind, share in ((~bad, 1 - now), (bad, now))])

    def gain(x: Floats) -> Floats:
        """Gain of every policy at every share x, (F, n)."""
        return per_segment @ shares_from(population, np.stack([1 - x, x], axis=-1) @ base).T

    grid = np.unique(np.concatenate([np.linspace(0, 1, 65), np.geomspace(1e-9, 1, 33), [now]]))
    values = _unrounded(gain(grid))
    turns = values[:, :-1] * values[:, 1:] < 0
    cell = np.where(turns, np.maximum(grid[:-1] - now, now - grid[1:]), np.inf).argmin(1)
    row = np.arange(len(values))
    found = turns.any(1)
    ends = np.stack([grid[cell], values[row, cell], grid[cell + 1], values[row, cell + 1]])[:, found]

    def one(x: Floats) -> Floats:
        return (shares_from(population, np.stack([1 - x, x], axis=-1) @ base) * per_segment[found]).sum(1)

    turning = np.full(len(values), np.nan)
    turning[found] = _false_position(one, *ends)
    return turning


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
