"""The off-switch game: why an agent that is unsure what is good lets itself be switched off, and when it does not.

An agent R considers an act whose good U it does not know.  It may **act** (worth E U), switch itself **off** (worth 0) or
**defer**: propose the act to an overseer H, who knows U and allows the act with chance π(U).  Then (Hadfield-Menell, Dragan,
Abbeel & Russell 2017, The Off-Switch Game, arXiv 1611.08219)

    value of deferring      E[π(U)·U]
    incentive to defer  Δ = E[π(U)·U] − max(E U, 0) = min( E[−U·(1 − π(U))], E[U·π(U)] ).

With P = E max(U, 0) and M = E max(−U, 0) the overseers are

    Rational       π = 1 if U ≥ 0                Δ = min(P, M) ≥ 0, and > 0 if U may have either sign       (Theorem 1)
    Boltzmann      π = 1/(1 + e^(−U/β))          U ~ N(μ, σ²): Δ ≥ 0 iff β ≤ β* = σ²/(2|μ|)
    Noisy          sees U + N(0, τ²)             U ~ N(μ, σ²), k² = σ² + τ²: Δ = μΦ(μ/k) + (σ²/k)φ(μ/k) − max(μ, 0)
    Fallible       right with chance p           Δ = pP − (1 − p)M − max(P − M, 0) ≥ 0 iff p ≥ p* = max(P, M)/(P + M)
    Coin           π = p whatever U              Δ ≤ 0

A belief without spread never gains by deferring (Corollary 1).  **β is a temperature**: 0 is rational, infinity a coin toss
(many programs use 1/β).  `Fallible` is Wängberg et al. 2017 (arXiv 1708.03871).

The boundary β* is derived here: u·π(u) = u·e^(u/2β)/(2 cosh(u/2β)), and times the density of N(μ, σ²) the linear term of
the exponent vanishes at β = σ²/(2|μ|), which leaves an odd function.  In words: defer if what you expect to gain is less than
half of your variance divided by the overseer's noise.

A normal belief has closed forms for all five (`beliefs`), a uniform one too; a discrete belief meets any overseer that has a
method `allows(u)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from ..text import number
from .beliefs import TRUNCATION, Belief
from .inputs import Numbers, amount, real
from .normal import loss_ratio, mills, quotient
from .overseers import Overseer

#: Roundings of a difference, relative to what is subtracted.
ROUNDING = 8 * np.finfo(float).eps


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Values:
    """What acting, switching off and deferring are worth, and the incentive to defer Δ; all of shape (…), units of U.

    `error` bounds what summing and rounding may have added to `incentive`.
    """

    act: Floats
    off: Floats
    defer: Floats
    incentive: Floats
    error: Floats

    def __repr__(self) -> str:
        if np.ndim(self.incentive):
            return f"<Values {np.shape(self.incentive)}: deferring pays in {np.mean(self.incentive > 0):.0%} of them>"
        shown = [number(float(value)) for value in (self.act, self.off, self.defer, self.incentive)]
        return "act {}, switch off {}, defer {}: deferring is worth {} more than the best of the others".format(*shown)


def play(belief: Belief, human: Overseer) -> Values:
    """The off-switch game with a belief about the good of the act and an overseer; parameters broadcast.

    A ValueError names a parameter that cannot be; a TypeError an overseer that only a Discrete belief can meet.
    """
    gained, lost = belief.incentive(human)
    gap = np.asarray(gained - lost)
    mean = np.broadcast_to(belief.mean, gap.shape)
    return Values(
        act=mean[()],
        off=np.zeros(gap.shape)[()],
        defer=(np.maximum(mean, 0) + gap)[()],
        incentive=gap[()],
        error=(TRUNCATION * np.abs(gap) + ROUNDING * belief.cancels * (gained + lost))[()],
    )


def critical_temperature(mean: Numbers, sd: Numbers) -> Floats:
    """β* = σ²/(2|μ|): with U ~ N(μ, σ²) a Boltzmann overseer is worth deferring to up to this temperature.

    Infinite for μ = 0.
    """
    size, spread = np.abs(real("mean", mean)), amount("sd", sd)
    with np.errstate(over="ignore"):
        return np.where(size > 0, quotient(spread, 2 * size) * spread, np.inf)[()]


def critical_noise(mean: Numbers, sd: Numbers) -> Floats:
    """τ*: with U ~ N(μ, σ²) a noisy overseer is worth deferring to up to this noise; infinite for μ = 0.

    Δ = 0 where Mills' ratio m(x)/x = σ²/μ² at x = |μ|/k, k² = σ² + τ²; found by Newton's method in logarithms.
    """
    size, spread = np.broadcast_arrays(np.abs(real("mean", mean)), amount("sd", sd))
    inside = (size > 0) & (spread > 0)
    doubt = np.log(np.where(inside, spread, 1.0)) - np.log(np.where(inside, size, 1.0))
    near = np.clip(doubt, -150, 150)  # beyond, τ* is a constant times σ²/|μ|
    x = _where_mills_is(near)
    with np.errstate(over="ignore"):
        noise = np.exp(-2 * near) * np.sqrt(loss_ratio(x)) / x * quotient(spread, size) * spread
    return np.where(inside, noise, np.where(size > 0, 0.0, np.inf))[()]


def _where_mills_is(log_ratio: Floats) -> Floats:
    """The x with m(x)/x = e^(2·log_ratio); the slope in logarithms lies between −2 and −1, so that Newton cannot fail."""
    log_x = -log_ratio
    for _ in range(12):
        x = np.exp(log_x)
        ratio = mills(x)
        log_x = log_x + (np.log(ratio) - log_x - 2 * log_ratio) / (1 + x * loss_ratio(x) / ratio)
    return np.exp(log_x)


def critical_accuracy(belief: Belief) -> Floats:
    """p* = max(P, M)/(P + M): a fallible overseer is worth deferring to if right at least so often.

    1/2 if nothing is at stake.
    """
    good, bad = belief.signed_parts()
    share = quotient(np.minimum(good, bad), np.add(good, bad))
    return np.where(np.add(good, bad) > 0, 1 - share, 0.5)[()]
