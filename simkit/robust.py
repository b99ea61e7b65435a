"""What holds when the shares are wrong: worst cases, minimax regret, and what it is worth to know the shares."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .arrays import Floats, contract, frozen
from .case import Case
from .evaluate import expect
from .policy import Policy
from .population import Worlds, worlds_from
from .tradeoff import best_score

__all__ = [
    "MinimaxRegret",
    "WorstCase",
    "minimax_regret",
    "share_corners",
    "value_of_shares",
    "worst_case",
    "worst_case_near",
]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


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
    return case.population.multiply[0]


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


def worst_case_near(case: Case, policy: Policy, *, radius: float, of: Loss = "loss") -> WorstCase:
    """The worst expected value over all populations Q with KL(Q ‖ shares) ≤ radius (nats).

    sup E_Q h = min_{t>0} t · log E e^{h/t} + t · radius, reached by Q ∝ shares · e^{h/t} (Donsker–Varadhan; Hu & Hong 2013).
    """
    from scipy.optimize import brentq

    means, shares = _segment_means(case, policy, of), case.population.shares
    if not radius >= 0:
        raise ValueError(f"a radius is never negative, not {radius:g}")
    present = shares > 0
    top = means[present].max()
    ceiling = -np.log(shares[present & (means == top)].sum())
    if radius == 0 or top == means[present].min():
        return WorstCase(float(shares @ means), shares)
    if radius >= ceiling:
        tilted = np.where(present & (means == top), shares, 0.0)
        return WorstCase(float(top), frozen(tilted / tilted.sum()))

    def tilt(log_rate: float) -> Floats:
        weight = np.where(present, shares * np.exp(np.exp(log_rate) * (means - top) / (top - means[present].min())), 0)
        return weight / weight.sum()

    def excess(log_rate: float) -> float:
        q = tilt(log_rate)[present]
        return float(q @ np.log(np.where(q > 0, q, 1) / shares[present])) - radius

    found = tilt(brentq(excess, -40, 40, xtol=1e-14, rtol=1e-14))
    return WorstCase(float(found @ means), frozen(found))


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
    made = Policy(names=("minimax regret",), answer=whole, signals=signals, responses=responses)
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


# --- plausible worlds -------------------------------------------------------------------------------------------------


def value_of_shares(case: Case, worlds: Worlds, harm_weight: float | None = None, *, weights: ArrayLike | None = None) -> float:
    """What it is worth to learn which world is true before choosing a policy, help units per request (EVPI), ≥ 0.

    `weights` (n,) are the worlds' probabilities (equal, if not given).  The question is left out.
    """
    chance = np.full(len(worlds), 1 / len(worlds)) if weights is None else np.asarray(weights, dtype=float)
    if not abs(chance.sum() - 1) < 1e-6:
        raise ValueError(f"the worlds' weights add up to 1, not to {chance.sum():g}")
    value = case.value(case.weight(harm_weight))
    score = contract(np.swapaxes(worlds.joint, -1, -2), value)
    informed = chance @ best_score(score, case.allowed).sum(1)
    return float(informed - best_score(np.einsum("n,nkr->kr", chance, score), case.allowed).sum())
