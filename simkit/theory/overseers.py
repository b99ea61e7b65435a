"""Overseers who allow or stop an act: the chance π(u) that each allows one of good u."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit, ndtr

from ..arrays import Floats
from .inputs import Numbers, at_least, chance
from .normal import quotient


class Overseer(Protocol):
    """Anyone who allows an act of good u with chance π(u); `play` takes any overseer if the belief is discrete."""

    def allows(self, u: Numbers) -> Floats:
        """π(u), the chance that an act of good `u` is allowed."""
        ...


@dataclass(frozen=True)
class Rational:
    """Allows exactly what does good: π(u) = 1 if u ≥ 0."""

    def allows(self, u: Numbers) -> Floats:
        """π(u), the chance that an act of good `u` is allowed."""
        return np.where(np.greater_equal(u, 0), 1.0, 0.0)[()]


@dataclass(frozen=True, eq=False, kw_only=True)
class Boltzmann:
    """Errs the more, the less is at stake: π(u) = 1/(1 + e^(−u/β)), `temperature` β ≥ 0 in the units of U."""

    temperature: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "temperature", at_least("temperature", self.temperature, 0, " (a temperature, not its inverse)")
        )

    def allows(self, u: Numbers) -> Floats:
        """π(u), the chance that an act of good `u` is allowed."""
        return expit(quotient(u, self.temperature))


@dataclass(frozen=True, eq=False, kw_only=True)
class Noisy:
    """Sees U + N(0, τ²) and allows what looks good: π(u) = Φ(u/τ), `noise` τ ≥ 0 in the units of U."""

    noise: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(self, "noise", at_least("noise", self.noise, 0, " (a standard deviation)"))

    def allows(self, u: Numbers) -> Floats:
        """π(u), the chance that an act of good `u` is allowed."""
        return ndtr(quotient(u, self.noise))


@dataclass(frozen=True, eq=False, kw_only=True)
class Fallible:
    """Decides rightly with chance `right`, whatever is at stake."""

    right: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(self, "right", chance("right", self.right))

    def allows(self, u: Numbers) -> Floats:
        """π(u), the chance that an act of good `u` is allowed."""
        return np.where(np.greater_equal(u, 0), self.right, 1 - self.right)[()]


@dataclass(frozen=True, eq=False, kw_only=True)
class Coin:
    """Allows with chance `allow`, without looking."""

    allow: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(self, "allow", chance("allow", self.allow))

    def allows(self, u: Numbers) -> Floats:
        """π(u), the chance that an act of good `u` is allowed."""
        return np.broadcast_arrays(self.allow, u)[0] + 0.0
