"""The worst that shares inside their intervals can bring, and the policy whose largest regret there is smallest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from ..arguments import guard
from ..arrays import Floats, frozen
from ..case import Case
from ..evaluate import expect
from ..policy import Policy
from ..population import worlds_from

Loss = Literal["harm", "neglect", "loss"]


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


guard(__name__)
