"""Wald's sequential test of a failure rate (Wald 1945).

p₁ (good) is tested against p₂ (bad), with error probabilities α (closing for a good model) and β (loosening for a bad one).
After n audits: loosen if failures ≤ s n − h₁, close if failures ≥ s n + h₂, else go on, with

    k = ln[p₂(1 − p₁) / (p₁(1 − p₂))]    h₁ = ln((1 − α)/β)/k    h₂ = ln((1 − β)/α)/k    s = ln((1 − p₁)/(1 − p₂))/k.

Wald's formulas overlook that a record oversteps the boundaries, which makes them conservative; `release.course` finds what the
test really does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py, xlogy

from ..arguments import guard
from ..arrays import Ints


@dataclass(frozen=True, kw_only=True)
class Sprt:
    """Wald's sequential probability ratio test of two failure rates: `good` (loosen) against `bad` (close).

    `alpha` is the probability to close for a good model, `beta` to loosen for a bad one, both as wished.  A ValueError unless
    0 ≤ good < bad < 1 and the errors are positive and add up to less than 1.
    """

    good: float
    bad: float
    alpha: float = 0.05
    beta: float = 0.10

    def __post_init__(self) -> None:
        if not 0 <= self.good < self.bad < 1:
            raise ValueError(
                f"a good model fails less often than a bad one, 0 ≤ good < bad < 1: not {self.good:g}, {self.bad:g}"
            )
        if not (self.alpha > 0 and self.beta > 0 and self.alpha + self.beta < 1):
            raise ValueError(f"alpha and beta are positive and add up to less than 1: not {self.alpha:g}, {self.beta:g}")

    @property
    def _edges(self) -> tuple[float, float]:
        return log(self.beta / (1 - self.alpha)), log((1 - self.beta) / self.alpha)

    def verdict(self, audits: ArrayLike, failures: ArrayLike) -> Ints:
        """1 loosen, −1 close, 0 go on, after so many audits and failures in any order, (…,).

        A record that lies on a line has reached it.
        """
        bad, count = np.asarray(failures, dtype=float), np.asarray(audits, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            against = xlogy(bad, self.bad) - xlogy(bad, self.good)
            passed = xlog1py(count - bad, -self.bad) - xlog1py(count - bad, -self.good)
            evidence, rounding = against + passed, 1e-14 * np.abs(np.where(np.isfinite(against), against - passed, 0.0))
        loosen, close = (edge * (1 - 1e-14) for edge in self._edges)
        return np.where(evidence <= loosen + rounding, 1, np.where(evidence >= close - rounding, -1, 0))


guard(__name__)
