"""The off-switch game: why an agent that is unsure what is good lets itself be switched off, and when it does not.

An agent R considers an act whose good U it does not know.  It may **act** (worth E U), switch itself **off** (worth 0) or
**defer**: propose the act to an overseer H, who knows U and allows the act with probability π(U).  Then (Hadfield-Menell,
Dragan, Abbeel & Russell 2017, The Off-Switch Game, arXiv 1611.08219)

    value of deferring      E[π(U)·U]
    incentive to defer  Δ = E[π(U)·U] − max(E U, 0) = min( E[−U·(1 − π(U))], E[U·π(U)] ).

With P = E max(U, 0) and M = E max(−U, 0) the overseers are

    Rational       π = 1 if U ≥ 0                Δ = min(P, M) ≥ 0, and > 0 if U may have either sign       (Theorem 1)
    Boltzmann      π = 1/(1 + e^(−U/β))          U ~ N(μ, σ²): Δ ≥ 0 iff β ≤ β* = σ²/(2|μ|)
    Noisy          sees U + N(0, τ²)             U ~ N(μ, σ²), k² = σ² + τ²: Δ = μΦ(μ/k) + (σ²/k)φ(μ/k) − max(μ, 0)
    Fallible       right with probability p      Δ = pP − (1 − p)M − max(P − M, 0) ≥ 0 iff p ≥ p* = max(P, M)/(P + M)
    Coin           π = p whatever U              Δ ≤ 0

A belief without spread never gains by deferring (Corollary 1).  **β is a temperature**: 0 is rational, infinity a coin toss
(many programs use 1/β).  `Fallible` is Wängberg et al. 2017 (arXiv 1708.03871).

For U ~ N(μ, σ²), z = |μ|/σ, all is in closed form but the Boltzmann overseer, who takes one integral (derived here).  Because
u·π(u) = u·e^(u/2β) / (2 cosh(u/2β)), and times the normal density only the odd part of the exponential is left,

    Δ/σ = e^(−z²/2) ∫₀^∞ t φ(t) sinh(t(s/2 − z)) / cosh(ts/2) dt,   s = σ/β.

The integrand has one sign, that of s/2 − z, which is the boundary β*.  In words: defer if what you expect to gain is less than
half of your variance divided by the overseer's noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import erfcx, expit, ndtr

from ..arguments import guard
from ..arrays import Floats
from ..text import number
from .inputs import Numbers, amount, at_least, check_fields, distribution, probability, quotient, real

# --- overseers ---------------------------------------------------------------------------------------------------------


class Overseer(Protocol):
    """Anyone who allows an act of good u with probability π(u)."""

    def allows(self, u: Numbers) -> Floats:
        """π(u), the probability that an act of good `u` is allowed."""
        ...


@dataclass(frozen=True)
class Rational:
    """Allows exactly what does good: π(u) = 1 if u ≥ 0."""

    def allows(self, u: Numbers) -> Floats:
        """π(u)."""
        return np.where(np.greater_equal(u, 0), 1.0, 0.0)[()]


@dataclass(frozen=True, eq=False, kw_only=True)
class Boltzmann:
    """Errs the more, the less is at stake: π(u) = 1/(1 + e^(−u/β)), `temperature` β ≥ 0 in the units of U."""

    temperature: Numbers

    def __post_init__(self) -> None:
        check_fields(self, at_least, "temperature", low=0, why=" (a temperature, not its inverse)")

    def allows(self, u: Numbers) -> Floats:
        """π(u)."""
        return expit(quotient(u, self.temperature))


@dataclass(frozen=True, eq=False, kw_only=True)
class Noisy:
    """Sees U + N(0, τ²) and allows what looks good: π(u) = Φ(u/τ), `noise` τ ≥ 0 in the units of U."""

    noise: Numbers

    def __post_init__(self) -> None:
        check_fields(self, at_least, "noise", low=0, why=" (a standard deviation)")

    def allows(self, u: Numbers) -> Floats:
        """π(u)."""
        return ndtr(quotient(u, self.noise))


@dataclass(frozen=True, eq=False, kw_only=True)
class Fallible:
    """Decides rightly with probability `right`, whatever is at stake."""

    right: Numbers

    def __post_init__(self) -> None:
        check_fields(self, probability, "right")

    def allows(self, u: Numbers) -> Floats:
        """π(u)."""
        return np.where(np.greater_equal(u, 0), self.right, 1 - self.right)[()]


@dataclass(frozen=True, eq=False, kw_only=True)
class Coin:
    """Allows with probability `allow`, without looking."""

    allow: Numbers

    def __post_init__(self) -> None:
        check_fields(self, probability, "allow")

    def allows(self, u: Numbers) -> Floats:
        """π(u)."""
        return np.broadcast_arrays(self.allow, u)[0] + 0.0


# --- beliefs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class Normal:
    """U ~ N(mean, sd²); `sd` ≥ 0.  Arrays broadcast with each other and with the overseer's."""

    mean: Numbers
    sd: Numbers

    def __post_init__(self) -> None:
        check_fields(self, real, "mean")
        check_fields(self, amount, "sd", why=" (a standard deviation)")

    @property
    def _stakes(self) -> tuple[Floats, Floats]:
        """min(P, M) = σL(|μ|/σ), what perfect information is worth (Raiffa & Schlaifer 1961), and max(P, M)."""
        less = self.sd * linear_loss(quotient(np.abs(self.mean), self.sd))
        return less, less + np.abs(self.mean)

    def _incentive(self, human: Overseer) -> Floats:
        size, (less, more) = np.abs(self.mean), self._stakes
        match human:
            case Rational():
                return less
            case Boltzmann():
                return _boltzmann(size, self.sd, human.temperature)
            case Noisy():
                k = np.hypot(self.sd, human.noise)
                x = quotient(size, k)
                return density(x) * (self.sd * quotient(self.sd, k) - size * _mills(x))
            case Fallible():
                return human.right * less - (1 - human.right) * more
            case Coin():
                lost = np.where(self.mean > 0, np.subtract(1, human.allow), human.allow) * -size
                return np.broadcast_to(lost, np.broadcast_shapes(lost.shape, np.shape(less)))
        raise TypeError(f"human: Normal knows no closed form for {type(human).__name__}: give a Discrete belief")


@dataclass(frozen=True, eq=False, kw_only=True)
class Discrete:
    """U takes a few `values` (…, J) with `chances` (…, J) that add up to 1; any overseer with a method `allows` will do."""

    values: Floats
    chances: Floats

    def __post_init__(self) -> None:
        check_fields(self, lambda *given: np.atleast_1d(real(*given)), "values")
        check_fields(self, distribution, "chances")
        if self.values.shape[-1] != self.chances.shape[-1]:
            raise ValueError(f"each value needs a chance: {self.values.shape[-1]} values, {self.chances.shape[-1]} chances")

    @property
    def mean(self) -> Floats:
        """E U."""
        return (self.values * self.chances).sum(-1)

    @property
    def _stakes(self) -> tuple[Floats, Floats]:
        good, bad = ((np.maximum(sign * self.values, 0) * self.chances).sum(-1) for sign in (1, -1))
        return np.minimum(good, bad), np.maximum(good, bad)

    def _incentive(self, human: Overseer) -> Floats:
        """The gain from a rational overseer, less what this one's errors cost; an overseer's arrays lie before the values."""
        u, weight = np.moveaxis(self.values, -1, 0), np.moveaxis(self.chances, -1, 0)
        batch = np.broadcast_shapes(u.shape[1:], weight.shape[1:], *(np.shape(value) for value in vars(human).values()))
        u, weight = (part.reshape(len(part), *[1] * (len(batch) - part.ndim + 1), *part.shape[1:]) for part in (u, weight))
        allowed = human.allows(u)
        return self._stakes[0] - (weight * np.abs(u) * np.where(u >= 0, 1 - allowed, allowed)).sum(0)


Belief = Normal | Discrete

# --- the game ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Prospects:
    """What acting, switching off and deferring are worth, and the incentive to defer Δ; all of shape (…), units of U."""

    act: Floats
    off: Floats
    defer: Floats
    incentive: Floats

    def __repr__(self) -> str:
        if np.ndim(self.incentive):
            return f"<Prospects {np.shape(self.incentive)}: deferring pays in {np.mean(self.incentive > 0):.0%} of them>"
        shown = [number(float(value)) for value in (self.act, self.off, self.defer, self.incentive)]
        return "act {}, switch off {}, defer {}: deferring is worth {} more than the best of the others".format(*shown)


def play(belief: Belief, human: Overseer) -> Prospects:
    """The off-switch game with a belief about the good of the act and an overseer; parameters broadcast.

    A ValueError names a parameter that cannot be; a TypeError an overseer that only a Discrete belief can meet.
    """
    gap = np.asarray(belief._incentive(human))
    mean = np.broadcast_to(belief.mean, gap.shape)
    defer = np.maximum(mean, 0) + gap
    return Prospects(act=mean[()], off=np.zeros(gap.shape)[()], defer=defer[()], incentive=gap[()])


def critical_temperature(mean: Numbers, sd: Numbers) -> Floats:
    """β* = σ²/(2|μ|): with U ~ N(μ, σ²) a Boltzmann overseer is worth deferring to up to this temperature.

    Infinite for μ = 0.
    """
    size, spread = np.abs(real("mean", mean)), amount("sd", sd)
    with np.errstate(over="ignore"):
        return np.where(size > 0, quotient(spread, 2 * size) * spread, np.inf)[()]


def critical_accuracy(belief: Belief) -> Floats:
    """p* = max(P, M)/(P + M): a fallible overseer is worth deferring to if right at least so often.

    1/2 if nothing is at stake.
    """
    less, more = belief._stakes
    return np.where(more > 0, 1 - quotient(less, less + more), 0.5)[()]


# --- the normal distribution -------------------------------------------------------------------------------------------


def density(z: Numbers) -> Floats:
    """φ(z)."""
    return np.exp(-0.5 * np.square(np.clip(z, -40, 40))) / np.sqrt(2 * np.pi)  # beyond 40 it is 0 anyway


def linear_loss(z: Numbers) -> Floats:
    """L(z) = φ(z) − z·Φ(−z) = E max(Z − z, 0), the unit normal linear loss (Raiffa & Schlaifer 1961, table III)."""
    size = np.minimum(np.abs(z), 1e100)
    return density(size) * (1 - size * _mills(size)) + np.maximum(np.negative(z), 0)


def _mills(z: Floats) -> Floats:
    """Mills' ratio Φ(−z)/φ(z), without underflow for large z."""
    return np.sqrt(np.pi / 2) * erfcx(z / np.sqrt(2))


#: Nodes of the trapezoid rule in x, r = log(1 + e^x): dense at 0, one `STEP` apart from 1 on.  Poles of the integrand lie at
#: |Im x| ≥ π/2 for every s, so that the error is of the order of e^(−π²/STEP).
STEP = 0.3
_X = np.arange(-24, 21, STEP)
_R, _WEIGHTS = np.logaddexp(0, _X), STEP * expit(_X) / np.sqrt(2 * np.pi)


def _boltzmann(size: Floats, sd: Numbers, temperature: Numbers) -> Floats:
    """The integral of the module's text, `size` |μ|; z is 10^10 at most.

    With m = min(s, 2z) and q = z − m it is ± e^(−m(z − m/2)) ∫ t φ(t − q) (1 − e^(−t|s − 2z|)) / (1 + e^(−ts)) dt; t begins at
    0, or, where q is large, 10 before q.
    """
    z = np.minimum(quotient(size, sd), 1e10)
    sd = np.where(z < 1e10, sd, size / 1e10)
    z, s, sd = (part[..., None] for part in np.broadcast_arrays(z, np.minimum(quotient(sd, temperature), 1e100), sd))
    m = np.minimum(s, 2 * z)
    ahead = np.minimum(z - m, 10)
    t = (z - m - ahead) + _R
    bell = t * np.exp(-((_R - ahead) ** 2) / 2 - m * (z - m / 2))
    return (sd * np.sign(s - 2 * z))[..., 0] * ((bell * expit(t * s) * -np.expm1(-t * np.abs(s - 2 * z))) @ _WEIGHTS)


guard(__name__)
