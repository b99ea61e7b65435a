"""Wald's sequential test of a failure rate (Wald 1945), with its exact operating characteristic.

p₁ (good) is tested against p₂ (bad), with error chances α (closing for a good model) and β (loosening for a bad one).  After n
audits: loosen if failures ≤ s n − h₁, close if failures ≥ s n + h₂, else go on, with

    k = ln[p₂(1 − p₁) / (p₁(1 − p₂))]    h₁ = ln((1 − α)/β)/k    h₂ = ln((1 − β)/α)/k    s = ln((1 − p₁)/(1 − p₂))/k.

The true error chances and the mean length are found by dynamic programming over the count of failures; Wald's formulas
overlook that a record oversteps the boundaries, which makes them conservative.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import xlog1py, xlogy

from ..arrays import Floats, Ints
from .inputs import chance


@dataclass(frozen=True, kw_only=True)
class Sprt:
    """Wald's sequential probability ratio test of two failure rates: `good` (loosen) against `bad` (close).

    `alpha` is the chance to close for a good model, `beta` to loosen for a bad one, both as wished; `operating` finds what
    they are.  A ValueError unless 0 ≤ good < bad < 1 and the errors are positive and add up to less than 1.
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
    def lines(self) -> tuple[float, float, float, float]:
        """Wald's k, h₁, h₂, s: the two boundaries as straight lines.  A ValueError if good models never fail: use `verdict`."""
        if not self.good:
            raise ValueError("the boundaries are no lines if a good model never fails: one failure closes; ask `verdict`")
        k = log(self.bad * (1 - self.good) / (self.good * (1 - self.bad)))
        loosen, close = self._edges
        return k, -loosen / k, close / k, log((1 - self.good) / (1 - self.bad)) / k

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

    def wald_audits(self) -> tuple[float, float]:
        """Wald's approximate mean number of audits for a good and for a bad model (his identity, without overstepping)."""
        loosen, close = self._edges
        failed = inf if not self.good else log(self.bad / self.good)
        passed = log((1 - self.bad) / (1 - self.good))
        drift = [(rate * failed if rate else 0.0) + (1 - rate) * passed for rate in (self.good, self.bad)]
        ends = [self.alpha * close + (1 - self.alpha) * loosen, (1 - self.beta) * close + self.beta * loosen]
        return ends[0] / drift[0], ends[1] / drift[1]


@dataclass(frozen=True, eq=False)
class Operating:
    """What a test does to models of given failure rates, (…,): chances to be loosened and closed, mean number of audits.

    `undecided` is what is left after the most audits (0 without a limit, to rounding).
    """

    loosened: Floats
    closed: Floats
    audits: Floats

    @property
    def undecided(self) -> Floats:
        """The chance that no verdict falls."""
        return np.maximum(1 - self.loosened - self.closed, 0.0)


#: A test without a limit ends when so little is undecided.
LEFT = 1e-15
#: A test without a limit must end within so many audits.
ENDS_WITHIN = 100_000


def operating(test: Sprt, rate: ArrayLike, *, most: int | None = None) -> Operating:
    """The exact operating characteristic and mean length of a test for failure rates, (…,): dynamic programming over failures.

    `most` truncates it after so many audits, with no verdict.  A ValueError if a test without a limit does not end within
    100 000 audits.
    """
    rates = chance("rate", rate)
    p = rates.reshape(-1, 1)
    alive, ends, audits = np.ones((len(p), 1)), np.zeros((2, len(p))), np.zeros(len(p))
    for n in range(1, (ENDS_WITHIN if most is None else most) + 1):
        audits += alive.sum(1)
        alive = stepped(alive, p)
        verdict = test.verdict(n, np.arange(alive.shape[1]))
        ends += [alive[:, verdict > 0].sum(1), alive[:, verdict < 0].sum(1)]
        alive = alive * (verdict == 0)
        alive = alive[:, : int(np.flatnonzero(alive.any(0)).max(initial=-1)) + 1]
        if alive.sum(1).max(initial=0.0) < LEFT:
            break
    else:
        if most is None:
            raise ValueError("the test did not end within 100 000 audits; give `most`, or rates further apart")
    shape = rates.shape
    return Operating(ends[0].reshape(shape), ends[1].reshape(shape), audits.reshape(shape))


def stepped(alive: Floats, p: Floats) -> Floats:
    """One more audit: mass over failures (…, F), to (…, F + 1)."""
    still = np.pad(alive * (1 - p), [(0, 0)] * (alive.ndim - 1) + [(0, 1)])
    still[..., 1:] += alive * p
    return still
