"""What an agent may believe about the good U of an act, and what deferring to each overseer then adds, in closed form.

The game that these serve is in `off_switch`.  With U ~ N(μ, σ²), z = |μ|/σ and, for a Boltzmann overseer of temperature β,
s = σ/β, the geometric series of 1/(1 + e^(−st)) gives (derived here), with G(y) = L(y)/φ(y) = 1 − y·Φ(−y)/φ(y),

    Δ/σ = φ(z) Σ_(k≥0) (−1)^k [ G(z + ks) − G((k+1)s − z) ].

The terms are moments of a measure of one sign, so that after the first, n terms summed by the method of Cohen, Rodriguez
Villegas and Zagier (2000, algorithm 1) are wrong by a relative 2/(3 + √8)^n at most.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr, spence

from ..arrays import Floats
from .inputs import Numbers, amount, chances, real
from .normal import density, linear_loss, loss_ratio, mills, plain_loss_ratio, quotient
from .overseers import Boltzmann, Coin, Fallible, Noisy, Overseer, Rational

#: Terms of the alternating sum, and what they leave out at most, relatively.
TERMS = 18
TRUNCATION = 2 / (3 + math.sqrt(8)) ** (TERMS - 1)

#: Δ as a difference of two numbers ≥ 0, which says how much of it is rounding.
Parts = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False, kw_only=True)
class Normal:
    """U ~ N(mean, sd²); `sd` ≥ 0.  Arrays broadcast with each other and with the overseer's."""

    mean: Numbers
    sd: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", real("mean", self.mean))
        object.__setattr__(self, "sd", amount("sd", self.sd, " (a standard deviation)"))

    @property
    def cancels(self) -> Floats:
        """By what factor rounding grows in the differences below."""
        return 1 + np.minimum(quotient(np.abs(self.mean), self.sd), 40.0) ** 2

    def signed_parts(self) -> Parts:
        """P = E max(U, 0) and M = E max(−U, 0)."""
        small = self._rational()
        return np.maximum(self.mean, 0) + small, np.maximum(np.negative(self.mean), 0) + small

    def incentive(self, human: Overseer) -> Parts:
        """Two numbers whose difference is Δ."""
        match human:
            case Noisy():
                return self._noisy(human.noise)
            case Boltzmann():
                return self._boltzmann(human.temperature)
        return _by_signed_parts(self, human)

    def _rational(self) -> Floats:
        """min(P, M) = σ L(|μ|/σ): what perfect information is worth (Raiffa & Schlaifer 1961)."""
        return self.sd * linear_loss(quotient(np.abs(self.mean), self.sd))

    def _noisy(self, noise: Numbers) -> Parts:
        """k φ(x) [G(x) − τ²/k²] with x = |μ|/k."""
        k = np.hypot(self.sd, noise)
        x = quotient(np.abs(self.mean), k)
        return k * density(x) * loss_ratio(x), noise * density(x) * quotient(noise, k)

    def _boltzmann(self, temperature: Numbers) -> Parts:
        size = np.abs(self.mean)
        z, s = quotient(size, self.sd), np.minimum(quotient(self.sd, temperature), 1e100)
        sure = z > 1e100
        gained, lost = _alternating(np.where(sure, 0.0, z), s)
        nothing_known = size * expit(-quotient(size, temperature))
        return np.where(sure, 0.0, self.sd * gained), np.where(sure, nothing_known, self.sd * lost)


@dataclass(frozen=True, eq=False, kw_only=True)
class Uniform:
    """U is uniform from `low` to `high`, low < high."""

    low: Numbers
    high: Numbers
    cancels = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", real("low", self.low))
        object.__setattr__(self, "high", real("high", self.high))
        if not np.all(np.less(self.low, self.high)):
            raise ValueError(f"low must be less than high, not {self.low} and {self.high}; a sure value is a Discrete belief")

    @property
    def mean(self) -> Floats:
        """E U."""
        return np.add(self.low, self.high) / 2

    def signed_parts(self) -> Parts:
        """P = E max(U, 0) and M = E max(−U, 0)."""
        above, below = (self._mean_over(*part) for part in self._signed())
        return above, below

    def incentive(self, human: Overseer) -> Parts:
        """Two numbers whose difference is Δ: the gain from a rational overseer, and what this one's errors cost."""
        match human:
            case Boltzmann():
                return self._less(human.temperature, _boltzmann_error, _boltzmann_tail)
            case Noisy():
                return self._less(human.noise, _noisy_error, _noisy_tail)
        return _by_signed_parts(self, human)

    def _signed(self) -> tuple[tuple[Floats, Floats], ...]:
        """Where U is good, and where it is bad: sizes |U| from and to."""
        low, high = self.low, self.high
        return (np.maximum(low, 0), np.maximum(high, 0)), (np.maximum(np.negative(high), 0), np.maximum(np.negative(low), 0))

    def _mean_over(self, start: Floats, end: Floats) -> Floats:
        """∫ u du from start to end, divided by the width of the belief."""
        return (end - start) / np.subtract(self.high, self.low) * ((start + end) / 2)

    def _less(self, width: Numbers, error: Integrand, tail: Integrand) -> Parts:
        """∫ |u| P(error at u) du, divided by the width of the belief, beside min(P, M)."""
        scale = np.clip(width, 1e-100, 1e100)
        cost = sum(_integral(error, tail, start / scale, end / scale) for start, end in self._signed())
        return np.minimum(*self.signed_parts()), scale / np.subtract(self.high, self.low) * scale * cost


Integrand = Callable[[Floats], Floats]
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(14)


def _integral(error: Integrand, tail: Integrand, start: Floats, end: Floats) -> Floats:
    """∫ v P(error at v) dv: over short ranges by Gauss and Legendre's rule, over long ones as a difference of tails."""
    half, middle = (end - start)[..., None] / 2, (start + end)[..., None] / 2
    v = middle + np.minimum(half, 1) * _NODES
    short = (half * error(v) * v * _NODE_WEIGHTS).sum(-1)
    return np.where(end - start <= 2, short, tail(start) - tail(end))


def _boltzmann_error(v: Floats) -> Floats:
    return expit(-v)


def _boltzmann_tail(v: Floats) -> Floats:
    """∫_v^∞ x/(1 + e^x) dx = v·log(1 + e^(−v)) − Li₂(−e^(−v))."""
    near = np.minimum(v, 800.0)
    return near * np.log1p(np.exp(-near)) - spence(1 + np.exp(-near))


def _noisy_error(v: Floats) -> Floats:
    return ndtr(-v)


def _noisy_tail(v: Floats) -> Floats:
    """∫_v^∞ x Φ(−x) dx = [(1 − v²)Φ(−v) + v φ(v)] / 2."""
    near = np.minimum(v, 800.0)
    return density(near) * ((1 - near**2) * mills(near) + near) / 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Discrete:
    """U takes a few `values` (…, J) with `chances` (…, J) that add up to 1."""

    values: Floats
    chances: Floats
    cancels = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.atleast_1d(real("values", self.values)))
        object.__setattr__(self, "chances", np.atleast_1d(chances("chances", self.chances)))
        if self.values.shape[-1] != self.chances.shape[-1]:
            raise ValueError(f"each value needs a chance: {self.values.shape[-1]} values, {self.chances.shape[-1]} chances")

    @property
    def mean(self) -> Floats:
        """E U."""
        return (self.values * self.chances).sum(-1)

    def signed_parts(self) -> Parts:
        """P = E max(U, 0) and M = E max(−U, 0)."""
        above, below = (np.maximum(sign * self.values, 0) * self.chances for sign in (1, -1))
        return above.sum(-1), below.sum(-1)

    def incentive(self, human: Overseer) -> Parts:
        """Two numbers whose difference is Δ: the gain from a rational overseer, and what this one's errors cost."""
        u, weight = np.moveaxis(self.values, -1, 0), np.moveaxis(self.chances, -1, 0)
        batch = np.broadcast_shapes(u.shape[1:], weight.shape[1:], *(np.shape(value) for value in vars(human).values()))
        u = u.reshape(len(u), *[1] * (len(batch) - u.ndim + 1), *u.shape[1:])
        allowed = human.allows(u)
        wrong = np.where(u >= 0, 1 - allowed, allowed)
        cost = np.moveaxis(np.abs(u) * wrong, 0, -1) * self.chances
        return np.minimum(*self.signed_parts()), cost.sum(-1)


Belief = Normal | Uniform | Discrete


def _by_signed_parts(belief: Belief, human: Overseer) -> Parts:
    """Overseers for whom P and M are all that matters."""
    good, bad = belief.signed_parts()
    match human:
        case Rational():
            return np.minimum(good, bad), np.zeros(np.shape(good))
        case Fallible():
            return human.right * np.minimum(good, bad), (1 - human.right) * np.maximum(good, bad)
        case Coin():
            mean = np.broadcast_to(belief.mean, np.shape(good))  # a coin does not ask how large the doubt is
            return np.zeros(mean.shape), np.where(mean > 0, np.subtract(1, human.allow), np.negative(human.allow)) * mean
    raise TypeError(f"{type(belief).__name__} knows no closed form for {type(human).__name__}: give a Discrete belief")


# --- the alternating sum of the Boltzmann overseer ---


def _alternating(z: Floats, s: Floats) -> Parts:
    """The two alternating sums of the module's text, in units of σ."""
    gained, lost = np.zeros(np.broadcast_shapes(z.shape, s.shape)), np.zeros(np.broadcast_shapes(z.shape, s.shape))
    peak = density(z)
    for k, weight in enumerate(_WEIGHTS):
        gained += weight * plain_loss_ratio(z + k * s)
        lost += weight * _tilted_loss((k + 1) * s, z, peak)
    return peak * gained, lost


def _tilted_loss(a: Floats, z: Floats, peak: Floats) -> Floats:
    """∫₀^∞ t φ(t − z) e^(−at) dt = φ(z) G(a − z), which for a < z is e^(a(a − 2z)/2) L(a − z)."""
    y = np.asarray(a - z)
    total, below = np.asarray(peak * plain_loss_ratio(np.abs(y))), np.asarray(y < 0)
    if below.any():
        near, far = (np.broadcast_to(part, y.shape)[below] for part in (a, z))
        total[below] = np.exp(near * (near / 2 - far)) * linear_loss(near - far)
    return total


def _alternating_weights(count: int) -> list[float]:
    """Weights w_k, signs included, such that Σ_(k<count) w_k f(k) ≈ Σ (−1)^k f(k) (Cohen, Rodriguez Villegas & Zagier 2000)."""
    whole = (3 + math.sqrt(8)) ** count
    whole = (whole + 1 / whole) / 2
    weights, b, c = [], -1.0, -whole
    for k in range(count):
        c = b - c
        weights.append(c / whole)
        b *= (k + count) * (k - count) / ((k + 0.5) * (k + 1))
    return weights


_WEIGHTS = [1.0, *(-weight for weight in _alternating_weights(TERMS - 1))]
