"""Textbook results that check the library and that nothing in it needs."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

import simkit as sk
from simkit.arrays import Floats, contract, frozen
from simkit.population import Worlds


def vasicek(rate: ArrayLike, correlation: ArrayLike, level: ArrayLike) -> Floats:
    """The fraction of an infinite crowd that brings an event, at a level of confidence: Φ((Φ⁻¹(q) + √ρ Φ⁻¹(p)) / √(1 − ρ)).

    Each sender's luck shares one Gaussian factor with correlation ρ, 0 ≤ ρ < 1; q is the probability for one sender, p the
    level.  However large the crowd, this spread remains.  Source: Vasicek (2002), "The distribution of loan portfolio value".
    """
    rho = np.asarray(correlation, dtype=float)
    return np.asarray(ndtr((ndtri(rate) + np.sqrt(rho) * ndtri(level)) / np.sqrt(1 - rho)))


def worst_case_near(case: sk.Case, policy: sk.Policy, *, radius: float, of: str) -> sk.uncertainty.WorstCase:
    """The worst expected value over all populations Q with KL(Q ‖ shares) ≤ radius (nats).

    sup E_Q h = min_{t>0} t · log E e^{h/t} + t · radius, reached by Q ∝ shares · e^{h/t} (Donsker–Varadhan; Hu & Hong 2013).
    """
    means, shares = getattr(sk.expect(case, policy).by_segment, of), case.population.shares
    present = shares > 0
    top = means[present].max()
    ceiling = -np.log(shares[present & (means == top)].sum())
    if radius == 0 or top == means[present].min():
        return sk.uncertainty.WorstCase(float(shares @ means), shares)
    if radius >= ceiling:
        tilted = np.where(present & (means == top), shares, 0.0)
        return sk.uncertainty.WorstCase(float(top), frozen(tilted / tilted.sum()))

    def tilt(log_rate: float) -> Floats:
        weight = np.where(present, shares * np.exp(np.exp(log_rate) * (means - top) / (top - means[present].min())), 0)
        return weight / weight.sum()

    def excess(log_rate: float) -> float:
        q = tilt(log_rate)[present]
        return float(q @ np.log(np.where(q > 0, q, 1) / shares[present])) - radius

    found = tilt(brentq(excess, -40, 40, xtol=1e-14, rtol=1e-14))
    return sk.uncertainty.WorstCase(float(found @ means), frozen(found))


def value_of_shares(
    case: sk.Case, worlds: Worlds, harm_weight: float | None = None, *, weights: ArrayLike | None = None
) -> float:
    """What it is worth to learn which world is true before choosing a policy, help units per request (EVPI), ≥ 0.

    `weights` (n,) are the worlds' probabilities (equal, if not given).  The question is left out.
    """
    chance = np.full(len(worlds), 1 / len(worlds)) if weights is None else np.asarray(weights, dtype=float)
    value = case.value(case.weight(harm_weight))
    score = contract(np.swapaxes(worlds.joint, -1, -2), value)
    informed = chance @ sk.pareto.best_score(score, case.allowed).sum(1)
    return float(informed - sk.pareto.best_score(np.einsum("n,nkr->kr", chance, score), case.allowed).sum())
