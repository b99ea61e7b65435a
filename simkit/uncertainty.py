"""How sure a conclusion is: plausible worlds, worst cases, minimax regret, and the values at which a conclusion breaks even.

Shares are judgements.  A conclusion about policies therefore carries how often it holds in plausible worlds (shares, overlap
and observed rates drawn) and, for each judgement, stakes included, its break-even values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

from .arrays import Floats, contract, frozen, weigh
from .case import Case
from .evaluate import expect, net_per_sender
from .pareto import best_score
from .policy import Policy, plausible
from .population import Worlds, draw_worlds, shares_from, worlds_from
from .text import html_lines, number, whole_percent


@dataclass(frozen=True)
class BreakEven:
    """The values of one judgement at which the conclusion turns (none: it never does), beside its value and interval."""

    of: str
    value: float
    breaks_even_at: tuple[float, ...]
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        if not self.breaks_even_at:
            return f"{self.of} ({number(self.value)}) never turns it"
        turns = " and ".join(number(x) for x in self.breaks_even_at)
        inside = any(self.low <= x <= self.high for x in self.breaks_even_at)
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
    break_evens: tuple[BreakEven, ...]

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
        never = [flip.of for flip in self.break_evens if not flip.breaks_even_at]
        turns = [str(flip) for flip in self.break_evens if flip.breaks_even_at]
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
    return Comparison(a.name, b.name, gain, frozen(first - second), break_evens(case, a, b, harm_weight=weight))


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


@dataclass(frozen=True, eq=False)
class Leads:
    """By how much each of F policies is ahead of a reference in net value, per request (help units).

    `gain` (F,) is the lead as the case stands, `draws` (F, n) that in plausible worlds; `break_even` (F,) is the share of
    harmful senders nearest to the present one at which the two are worth the same (nan: none, see `break_even_shares`).
    """

    gain: Floats
    draws: Floats
    break_even: Floats

    @property
    def ahead(self) -> Floats:
        """The fraction of plausible worlds in which the policy is worth more than the reference, (F,)."""
        return (self.draws > 0).mean(1)

    @property
    def behind(self) -> Floats:
        """The fraction of plausible worlds in which it is worth less, (F,)."""
        return (self.draws < 0).mean(1)


def leads(
    case: Case,
    policies: Policy,
    reference: Policy,
    *,
    rng: np.random.Generator,
    worlds: int = 1000,
    harm_weight: float | None = None,
) -> Leads:
    """Compare one policy, or each of a batch along one axis, with a reference.

    All meet the same plausible worlds; where counts leave a policy open, the same random numbers draw each of the batch.
    """
    weight = case.weight(harm_weight)
    with np.errstate(invalid="ignore"):  # ∞ − ∞, where harm has no finite mean, is nan
        first, second = (net_per_sender(case, each, weight) for each in (policies, reference))
        gap = (first - second).reshape(-1, first.shape[-2] * first.shape[-1])
        gain = (gap * case.population.joint.ravel()).sum(-1)
        drawn = draw_worlds(case.population, rng, worlds)
        if policies.counts is None and reference.counts is None:
            draws = contract(gap, drawn.joint.reshape(worlds, -1).T)
        elif policies.counts is None:
            its = net_in_worlds(case, plausible(reference, rng, worlds), drawn, harm_weight=weight)
            draws = contract(first.reshape(gap.shape), drawn.joint.reshape(worlds, -1).T) - its
        else:
            pairs = [plausible_pair(p, reference, deepcopy(rng), worlds) for p in (policies if policies.batch else [policies])]
            nets = [[net_in_worlds(case, p, drawn, harm_weight=weight) for p in pair] for pair in pairs]
            draws = np.stack([mine - its for mine, its in nets])
    return Leads(gain, draws, break_even_shares(case, policies, reference, harm_weight=weight))


def break_evens(case: Case, a: Policy, b: Policy, *, harm_weight: float | None = None) -> tuple[BreakEven, ...]:
    """For each share, for the overlap and for the harm weight: the values at which a and b are worth the same."""
    weight = case.weight(harm_weight)
    gap = net_per_sender(case, a, weight) - net_per_sender(case, b, weight)
    return tuple(_flips(case, a, b, gap, weight))


def _flips(case: Case, a: Policy, b: Policy, gap: Floats, harm_weight: float) -> Iterator[BreakEven]:
    population = case.population
    fine = np.geomspace(1e-12, 1, 512)
    grid = np.unique(np.concatenate([np.linspace(0, 1, 513), fine, 1 - fine]))
    finite = bool(np.isfinite(gap).all())

    def in_worlds(share: Floats, overlap: Floats) -> Floats:
        return np.einsum("nsk,sk->n", worlds_from(population, share, overlap).joint, gap)

    before = " before the context" if case.context else ""
    for s, name in _movable(case) if finite else ():

        def along_share(x: Floats, s: int = s) -> Floats:
            return in_worlds(_moved(population.base_share, s, x), np.full(len(x), population.overlap[0]))

        ends = float(population.low[s]), float(population.high[s])
        yield BreakEven(f"share of {name}{before}", float(population.base_share[s]), _roots(along_share, grid), *ends)
    if finite and population.overlap[2] > 0:

        def along_overlap(x: Floats) -> Floats:
            return in_worlds(np.tile(population.base_share, (len(x), 1)), x)

        yield BreakEven("overlap", population.overlap[0], _roots(along_overlap, grid), *population.overlap[1:])
    yield from _stakes_flips(case, a, b, harm_weight)


def _stakes_flips(case: Case, a: Policy, b: Policy, harm_weight: float) -> Iterator[BreakEven]:
    """Net gain is linear in the harm weight, in a factor on all harm and in one on all neglect: each turns it at most once."""
    first, second = expect(case, a), expect(case, b)
    help_, harm, neglect = (float(getattr(first, of) - getattr(second, of)) for of in ("help", "harm", "neglect"))
    yield BreakEven("harm weight", harm_weight, _positive(help_, harm + neglect))
    if harm_weight > 0:
        yield BreakEven("factor on all harm", 1.0, _positive(help_ / harm_weight - neglect, harm))
        yield BreakEven("factor on all neglect", 1.0, _positive(help_ / harm_weight - harm, neglect))


def _positive(over: float, under: float) -> tuple[float, ...]:
    """over / under, if that is a positive number."""
    return (over / under,) if under and math.isfinite(over) and math.isfinite(under) and over / under > 0 else ()


def _movable(case: Case) -> list[tuple[int, str]]:
    """The segments whose shares can be moved; of two, the smaller one, as the other is the rest."""
    numbered = list(enumerate(case.population.segments))
    if len(numbered) == 2:
        return [numbered[int(case.population.base_share.argmin())]]
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


def break_even_shares(case: Case, policies: Policy, reference: Policy, *, harm_weight: float | None = None) -> Floats:
    """For each policy of a batch (F,): the share of harmful senders at which it and the reference are worth the same.

    The share is the base share of all harmful segments together, of several the one nearest to the present; nan if no share
    turns it.  Policies stay as they are while the share moves, and harmful segments keep their proportions, as others do.
    """
    population, weight = case.population, case.weight(harm_weight)
    with np.errstate(invalid="ignore"):
        gap = net_per_sender(case, policies, weight) - net_per_sender(case, reference, weight)
    per_segment = np.atleast_2d(weigh(population.signals, gap, axis=-1))
    bad, now = population.harmful, float(population.base_share[population.harmful].sum())
    if not (0 < now < 1 and np.isfinite(per_segment).all()):
        return np.full(len(per_segment), np.nan)
    base = np.stack([np.where(kind, population.base_share, 0.0) / share for kind, share in ((~bad, 1 - now), (bad, now))])

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


def break_even_loss(case: Case, first: Policy, second: Policy) -> float:
    """The share of harmful senders at which two policies bring as much harm and neglect; nan if there is none."""
    free = case.question and replace(case.question, cost=np.zeros_like(case.question.cost))
    helpless = replace(case, help=frozen(np.zeros_like(case.help)), question=free)
    return float(break_even_shares(helpless, first, second, harm_weight=1.0)[0])


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


Loss = Literal["harm", "neglect", "loss"]

# --- worst cases and minimax regret -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class WorstCase:
    """The largest expected value over a set of populations, per request, and the shares (S,) that give it."""

    value: float
    shares: Floats


def worst_case(case: Case, policy: Policy, *, of: Loss = "loss") -> WorstCase:
    """The worst expected harm, neglect or loss over all shares inside their intervals (as in the file).

    A context multiplies odds, so the objective is a ratio of linear functions: Dinkelbach's (1967) iteration on the
    fractional knapsack.  With several states, take one: `case.in_state(…)`.
    """
    weights, per_segment = _one_state(case), _segment_means(case, policy, of)
    low, high = case.population.low, case.population.high
    best = float(case.population.shares @ per_segment)
    for _ in range(100):
        base = _knapsack(weights * (per_segment - best), low, high)
        shares = base * weights / (base @ weights)
        value = float(shares @ per_segment)
        if value <= best + 1e-15 * abs(best):
            break
        best = value
    return WorstCase(best, frozen(shares))


def _one_state(case: Case) -> Floats:
    if len(case.population.states) > 1:
        raise ValueError(f"shares have a worst case in one state: take case.in_state({case.population.states[0]!r})")
    return case.population.weights[0]


def _segment_means(case: Case, policy: Policy, of: Loss) -> Floats:
    if policy.batch:
        raise ValueError("a worst case belongs to one policy: take one of the batch")
    outcome = expect(case, policy).by_segment
    means = {"harm": outcome.harm, "neglect": outcome.neglect, "loss": outcome.harm + outcome.neglect}
    if of not in means:
        raise ValueError(f"of= is one of {', '.join(means)}, not {of!r}")
    if not np.isfinite(means[of]).all():
        raise ValueError("a worst case needs finite harm: a severity has no finite mean")
    return means[of]


def _knapsack(value: Floats, low: Floats, high: Floats) -> Floats:
    """The share vector in the box that adds up to 1 and maximises a linear value: fill the best segments first."""
    if low.sum() > 1 + 1e-9 or high.sum() < 1 - 1e-9:
        raise ValueError("no shares inside these intervals add up to 1: widen them")
    share, room = low.copy(), 1 - low.sum()
    for s in np.argsort(-value):
        step = min(high[s] - low[s], room)
        share[s] += step
        room -= step
    return share


@dataclass(frozen=True, eq=False)
class MinimaxRegret:
    """The policy whose largest regret over the intervals is smallest, and that regret, help units per request."""

    policy: Policy
    regret: float


def minimax_regret(case: Case, harm_weight: float | None = None) -> MinimaxRegret:
    """The randomised policy with the smallest worst regret over all shares inside their intervals (Manski 2007).

    Regret is a maximum of linear functions over a linear function of the shares, so its worst case is at a corner of the
    share polytope; a linear program over the corners is grown until no corner is violated.  The question is left out.
    """
    weight = case.weight(harm_weight)
    value = case.value(weight)[:, case.allowed]
    if not np.isfinite(value).all():
        raise ValueError("regret needs finite harm: a severity has no finite mean")
    _one_state(case)
    joint = worlds_from(case.population, share_corners(case)).joint
    score = np.einsum("nsk,sr->nkr", joint, value)
    unit = float((score.max(2) - score.min(2)).max()) or 1.0
    score = (score - score.max(2, keepdims=True)) / unit
    best = np.zeros(len(score))
    used = [int(np.argmin(score.sum((1, 2))))]
    while True:
        answer, bound = _smallest_regret(score[used], best[used])
        regrets = best - np.einsum("nkr,kr->n", score, answer)
        worst = int(regrets.argmax())
        if regrets[worst] <= bound + 1e-12 or worst in used:
            break
        used.append(worst)
    whole = np.zeros((len(answer), len(case.responses)))
    whole[:, case.allowed] = answer / answer.sum(1, keepdims=True)
    signals, responses = case.population.signal_names, case.responses
    made = Policy(name="minimax regret", answer=whole, signals=signals, responses=responses)
    return MinimaxRegret(made, unit * float(regrets.max()))


def _smallest_regret(score: Floats, best: Floats) -> tuple[Floats, float]:
    """Minimise z subject to best[n] − Σ score[n]·answer ≤ z, rows of answer adding up to 1."""
    from scipy.optimize import linprog

    count, signals, responses = score.shape
    rows = np.concatenate([-score.reshape(count, -1), -np.ones((count, 1))], 1)
    sums = np.concatenate([np.kron(np.eye(signals), np.ones(responses)), np.zeros((signals, 1))], 1)
    cost = np.append(np.zeros(signals * responses), 1.0)
    bounds = [(0, None)] * (signals * responses) + [(None, None)]
    found = linprog(cost, rows, -best, sums, np.ones(signals), bounds=bounds, method="highs")
    if not found.success:
        raise RuntimeError(f"the linear program of minimax regret failed: {found.message}")
    return np.clip(found.x[:-1].reshape(signals, responses), 0, 1), float(found.x[-1])


def share_corners(case: Case) -> Floats:
    """The corners (n, S) of the shares inside their intervals that add up to 1: all but one share at an end."""
    low, high = case.population.low, case.population.high
    count = len(low)
    if count > 14:
        raise ValueError(f"corners are listed for at most 14 segments, not {count}")
    ends = np.array(list(product((0, 1), repeat=count - 1)))
    corners = []
    for free in range(count):
        others = np.delete(np.arange(count), free)
        share = np.empty((len(ends), count))
        share[:, others] = np.where(ends, high[others], low[others])
        share[:, free] = 1 - share[:, others].sum(1)
        corners.append(share[(share[:, free] >= low[free] - 1e-12) & (share[:, free] <= high[free] + 1e-12)])
    found = _distinct(np.concatenate(corners).clip(0, 1))
    if not len(found):
        raise ValueError("no shares inside these intervals add up to 1: widen them")
    return found


def _distinct(corners: Floats) -> Floats:
    """Rows that differ by more than rounding."""
    with np.errstate(divide="ignore"):
        digits = 10 ** (12 - np.ceil(np.log10(np.where(corners > 0, corners, 1))))
    return corners[np.unique(np.round(corners * digits) / digits, axis=0, return_index=True)[1]]
