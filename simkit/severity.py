"""How bad one harmful event is, in harm units: point, lognormal, gamma, pareto, table.

Each kind has a mean and a mean square (infinite for a Pareto with tail <= 1 and <= 2), the probability of more than x, the mean
of what is cut off at x, and draws.  Parameters are the ones that people can judge: medians, means, smallest values.  Source
of the forms: Klugman, Panjer & Willmot, *Loss Models*, appendix A.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from .arrays import Floats
from .schema import Note, Positive, Probability, record


def _normal_below(z: Floats) -> Floats:
    """P(a standard normal ≤ z), (…,), to rounding in both tails; without SciPy, whose import takes longer than a total."""
    found = [0.5 * math.erfc(-each / math.sqrt(2)) for each in np.ravel(z).tolist()]
    return np.array(found).reshape(np.shape(z))


@record
class OneEvent:
    """What every kind of severity has in common; `moment(order)` is E severity^order."""

    about: Note = ""
    """What such an event is."""

    @property
    def mean(self) -> float:
        """Mean severity of one event, harm units."""
        return self.moment(1)

    @property
    def mean_square(self) -> float:
        """Mean of the squared severity of one event, harm units²."""
        return self.moment(2)

    def moment(self, order: int) -> float:
        """E severity^order, harm units^order."""
        raise NotImplementedError


@record
class Point(OneEvent):
    """Always the same severity."""

    kind: Literal["point"]
    value: Positive
    """Severity of every event, harm units."""

    def moment(self, order: int) -> float:
        """E severity^order, harm units^order."""
        return self.value**order

    def above(self, x: ArrayLike) -> Floats:
        """P(severity > x) for sizes x ≥ 0 in harm units, (…,)."""
        return np.where(np.asarray(x, dtype=float) < self.value, 1.0, 0.0)

    def limited_mean(self, x: ArrayLike) -> Floats:
        """E min(severity, x) for sizes x ≥ 0 in harm units, (…,), harm units."""
        return np.minimum(np.asarray(x, dtype=float), self.value)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:  # noqa: ARG002
        """Severities of `size` events, harm units."""
        return np.full(size, self.value)


@record
class Lognormal(OneEvent):
    """Log-severity is normal: most events are small, a few are very large."""

    kind: Literal["lognormal"]
    median: Positive
    """Half of the events are worse, harm units."""
    sigma: Annotated[Positive, Field(le=6)]
    """Standard deviation of log-severity; 1 spreads 90% of events over a factor of about 27."""

    def moment(self, order: int) -> float:
        """E severity^order, harm units^order."""
        return self.median**order * math.exp(order**2 * self.sigma**2 / 2)

    def above(self, x: ArrayLike) -> Floats:
        """P(severity > x) for sizes x ≥ 0 in harm units, (…,)."""
        with np.errstate(divide="ignore"):
            return _normal_below(np.log(self.median / np.maximum(x, 0.0)) / self.sigma)

    def limited_mean(self, x: ArrayLike) -> Floats:
        """E min(severity, x) for sizes x ≥ 0 in harm units, (…,), harm units."""
        size = np.asarray(x, dtype=float)
        with np.errstate(divide="ignore"):
            inside = _normal_below(np.log(size / self.median) / self.sigma - self.sigma)
        return self.mean * inside + size * self.above(size)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Severities of `size` events, harm units."""
        return self.median * np.exp(self.sigma * rng.standard_normal(size))


@record
class Gamma(OneEvent):
    """A light tail: severities of the order of the mean."""

    kind: Literal["gamma"]
    average: Positive
    """Mean severity, harm units."""
    shape: Positive
    """1 is exponential; larger is more regular."""

    def moment(self, order: int) -> float:
        """E severity^order, harm units^order."""
        return self.average**order * math.prod(1 + i / self.shape for i in range(order))

    def above(self, x: ArrayLike) -> Floats:
        """P(severity > x) for sizes x ≥ 0 in harm units, (…,)."""
        from scipy.special import gammaincc

        return gammaincc(self.shape, np.maximum(x, 0.0) * (self.shape / self.average))

    def limited_mean(self, x: ArrayLike) -> Floats:
        """E min(severity, x) for sizes x ≥ 0 in harm units, (…,), harm units."""
        from scipy.special import gammainc

        size = np.asarray(x, dtype=float)
        return self.average * gammainc(self.shape + 1, size * (self.shape / self.average)) + size * self.above(size)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Severities of `size` events, harm units."""
        return rng.gamma(self.shape, self.average / self.shape, size)


@record
class Pareto(OneEvent):
    """A power-law tail: P(severity > x) = (smallest / x)^tail.  The mean is infinite when tail <= 1."""

    kind: Literal["pareto"]
    smallest: Positive
    """Smallest severity, harm units."""
    tail: Positive
    """Tail exponent; smaller is heavier."""

    def moment(self, order: int) -> float:
        """E severity^order, harm units^order; infinite from the order of the tail on."""
        return self.smallest**order * self.tail / (self.tail - order) if self.tail > order else math.inf

    def above(self, x: ArrayLike) -> Floats:
        """P(severity > x) for sizes x ≥ 0 in harm units, (…,)."""
        return (self.smallest / np.maximum(x, self.smallest)) ** self.tail

    def limited_mean(self, x: ArrayLike) -> Floats:
        """E min(severity, x) for sizes x ≥ 0 in harm units, (…,), harm units."""
        size = np.asarray(x, dtype=float)
        grown = np.log(np.maximum(size, self.smallest) / self.smallest)
        rest = grown if self.tail == 1 else -np.expm1((1 - self.tail) * grown) / (self.tail - 1)
        return np.minimum(size, self.smallest) + self.smallest * rest

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Severities of `size` events, harm units."""
        return self.smallest * (1 + rng.pareto(self.tail, size))


@record
class SeverityLevel:
    """One row of a severity table."""

    value: Positive
    """Severity, harm units."""
    chance: Probability


@record
class SeverityTable(OneEvent):
    """A few named levels of severity with their probabilities."""

    kind: Literal["table"]
    levels: Annotated[tuple[SeverityLevel, ...], Field(min_length=1)]
    """Severities and their probabilities; the probabilities add up to 1."""

    def __post_init__(self) -> None:
        total = math.fsum(level.chance for level in self.levels)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the probabilities of a severity table add up to 1, not {total:.9g}")

    def moment(self, order: int) -> float:
        """E severity^order, harm units^order."""
        return math.fsum(level.value**order * level.chance for level in self.levels)

    def above(self, x: ArrayLike) -> Floats:
        """P(severity > x) for sizes x ≥ 0 in harm units, (…,)."""
        size = np.asarray(x, dtype=float)
        return np.sum([level.chance * (size < level.value) for level in self.levels], axis=0, dtype=float)

    def limited_mean(self, x: ArrayLike) -> Floats:
        """E min(severity, x) for sizes x ≥ 0 in harm units, (…,), harm units."""
        size = np.asarray(x, dtype=float)
        return np.sum([level.chance * np.minimum(size, level.value) for level in self.levels], axis=0, dtype=float)

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        """Severities of `size` events, harm units."""
        chances = np.array([level.chance for level in self.levels])
        values = np.array([level.value for level in self.levels], dtype=float)
        return rng.choice(values, size, p=chances / chances.sum())


Severity = Annotated[Point | Lognormal | Gamma | Pareto | SeverityTable, Field(discriminator="kind")]
