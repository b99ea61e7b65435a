"""Where a law of a total reaches a level: the size x with P(S > x) = 1 − p, for thousands of distributions at once.

The search starts from what is known without inversion: the p-quantile of the largest event, and mean, spread and skewness
of the events that are smaller.  Then steps of Householder's method on the log-odds of P(S > x) against log x, in which
Gaussian and power-law tails are both nearly straight, kept between bounds.  Nodes of a reading serve all x nearby, and give
the derivatives of the density as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..severity import Severity
from .distribution import Compound
from .inversion import Chances, Reading, Scales, first_rung, read, scales_of
from .lattice import atoms
from .moments import verify_chances

#: A reading's nodes serve x as long as the path's crossing times the distance is at most this.
REACH = 0.4
#: Relative precision of a quantile.
PRECISION = 1e-11
#: Up to so many expected events the chance of none is large enough to check an inversion with.
CHECKED_EVENTS = 30.0
ROUNDS = 60
#: Relative deviation of a chance that is rounding.
FLAT = 1e-10


#: Sizes of every order of magnitude, harm units.
SIZES = 10.0 ** np.arange(-100, 141)


@lru_cache(maxsize=256)
def _decades(severity: Severity) -> Floats:
    """P(Y > size) for sizes of every order of magnitude."""
    return severity.above(SIZES)


@dataclass(frozen=True, eq=False)
class Mixtures:
    """B mixtures of Z distributions each (one law per state): `distributions` has B·Z rows, state by state; chance (Z,)."""

    compound: Compound
    chance: Floats

    def __len__(self) -> int:
        return len(self.compound) // len(self.chance)

    def mixed(self, values: Floats) -> Floats:
        """The mixture of (B·Z,) chances or means, (B,); nothing has weight 0."""
        rows = values.reshape(-1, len(self.chance))
        return rows[:, 0] if len(self.chance) == 1 else np.where(self.chance > 0, self.chance * rows, 0.0).sum(1)

    def spread(self, x: Floats) -> Floats:
        """x (B,) for every state, (B·Z,)."""
        return np.repeat(x, len(self.chance))

    def take(self, rows: Ints | Bools) -> Mixtures:
        """Some of the mixtures."""
        index = np.arange(len(self.compound)).reshape(len(self), -1)[rows].ravel()
        return Mixtures(self.compound.take(index), self.chance)

    @cached_property
    def none(self) -> Floats:
        """P(S = 0), (B,)."""
        return self.mixed(np.exp(self.compound.log_none))

    @cached_property
    def some(self) -> Floats:
        """P(S > 0), (B,), without cancellation."""
        return self.mixed(-np.expm1(self.compound.log_none))

    @cached_property
    def largest(self) -> Floats:
        """The largest possible total, (B,), harm units: infinite where a density can happen, or any number of events."""
        compound = self.compound
        most = np.array([max(atoms(severity)[0], default=np.inf) for severity in compound.severities])
        each = np.where(compound.weights > 0, most, 0.0).max(-1)
        with np.errstate(invalid="ignore"):
            whole = np.where(compound.users * each > 0, (np.inf if compound.poisson else compound.users) * each, 0.0).sum(-1)
        return np.where(self.chance > 0, whole.reshape(len(self), -1), 0.0).max(1)

    # What is known without inversion: sizes (J,), and the expected number of events above each, (B·Z, J).

    @cached_property
    def sizes(self) -> Floats:
        """A geometric grid from sizes that nearly every event exceeds to sizes that none will, (J,), harm units."""
        above, most = np.stack([_decades(severity) for severity in self.compound.severities]), self.compound.rates.max(0)
        above, most = (above[most > 0], most[most > 0]) if (most > 0).any() else (above, np.ones(len(most)))
        low = SIZES[max(int((above.min(0) > 0.999).sum()) - 1, 0)]
        high = SIZES[min(int((most @ above > 1e-13).sum()), len(SIZES) - 1)]
        return np.asarray(low * 10 ** (np.arange(8 * round(np.log10(high / low)) + 1) / 8))

    @cached_property
    def _exceeded(self) -> Floats:
        """P(Y > size) of each severity, (M, J)."""
        return np.stack([severity.above(self.sizes) for severity in self.compound.severities])

    @cached_property
    def above(self) -> Floats:
        """Expected number of events above each of the sizes, (B·Z, J)."""
        return self.compound.rates @ self._exceeded

    @cached_property
    def _moments(self) -> Floats:
        """E min(Y, size)^p of each severity, p = 1, 2, 3: (3, M, J)."""
        p, sizes, above = np.arange(1, 4)[:, None, None], self.sizes, self._exceeded
        parts = (above[:, 1:] + above[:, :-1]) / 2 * np.diff(sizes**p)
        return np.concatenate([np.broadcast_to(sizes[0] ** p, (3, len(above), 1)), parts], 2).cumsum(2)

    @cached_property
    def scales(self) -> Scales:
        """The grid of crossings, checked on a few distributions."""
        few = max(float(self.compound.events.min(initial=np.inf)), 1.0)
        low, high = self.sizes[0] * 1e-2 * (np.sqrt(few) if np.isfinite(few) else 1.0), self.sizes[-1]
        grids = scales_of(self.compound, low, 100 * float(np.max(self.compound.centre, initial=0.0)) + 100 * high)
        plain = self.compound.smooth & ~self.compound.lumpy
        served = np.flatnonzero(plain & (self.compound.events > 0) & (self.compound.events < CHECKED_EVENTS))
        if len(served):
            verify_chances(self.compound, float(self.sizes[0]), grids, served[:: max(len(served) // 3, 1)])
        return grids

    def guess(self, level: Floats) -> Floats:
        """A first guess of each law's quantile at `level` (B·Z,), harm units.

        The quantile of the largest event plus the mean of the others; or, if it is larger, what mean, spread and skewness of
        the others make of it (Cornish & Fisher 1938, "Moments and cumulants in the specification of distributions").
        """
        level = np.clip(level, 1e-12, 1 - 1e-16)
        rare, rows = -np.log(level), np.arange(len(level))
        place = np.clip((self.above >= rare[:, None]).sum(1) - 1, 0, len(self.sizes) - 2)
        here, next_one = self.above[rows, place], np.maximum(self.above[rows, place + 1], 1e-300)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.clip(np.log(here / rare) / np.log(here / next_one), 0.0, 1.0)
        some = here >= rare
        largest = np.where(
            some, self.sizes[place] * (self.sizes[place + 1] / self.sizes[place]) ** np.where(some, part, 0.0), 0.0
        )
        first, second, third = (
            np.maximum((self.compound.rates * moment[:, place].T).sum(1) - rare * largest**p, 0.0)
            for p, moment in enumerate(self._moments, 1)
        )
        beyond = (self.compound.rates * (self._moments[0, :, -1] - self._moments[0][:, place].T)).sum(1)
        mean = np.where(np.isfinite(self.compound.mean), np.maximum(self.compound.centre - beyond - rare * largest, 0.0), first)
        spread, z = np.sqrt(second), _normal_quantile(level)
        skewness = np.minimum(third / np.maximum(second * spread, 1e-300), 1.5)
        return np.maximum(largest + mean, mean + spread * (z + (z * z - 1) * skewness / 6))

    # --- readings ---

    def read(self, x: Floats, start: Ints | None = None, floor: Floats | float = 1e-6) -> Reading:
        """Read every law at the x (B,) of its mixture; chances below `floor` (B·Z,) need not be resolved further."""
        first = first_rung(self.compound) if start is None else start
        return read(self.compound, self.spread(x), self.scales, start=first, floor=floor)

    def quantile(self, level: Floats) -> tuple[Floats, Floats]:
        """The smallest x with P(S ≤ x) ≥ level (B,), and the estimated error of that chance.

        It is 0 up to P(S = 0) and ∞ at level 1.
        """
        answer, error = np.where(level >= 1, np.where(self.some > 0, np.inf, 0.0), 0.0), np.zeros(len(self))
        rows = np.flatnonzero((level > self.none) & (level < 1) & (self.some > 0))
        if len(rows):
            whole = len(rows) == len(self)
            answer[rows], error[rows] = (self if whole else self.take(rows))._search(level[rows])
        return answer, error

    def start(self, level: Floats) -> Floats:
        """Where to look for the quantiles at `level` (B,) first, harm units."""
        states = self.chance > 0
        inner = 1 - np.minimum((1 - level)[:, None] / np.where(states, self.chance, 1.0), 1.0)
        inner = np.where(states, np.where(inner > 0, inner, 1e-9), 1e-9)
        found = self.guess(inner.ravel()).reshape(inner.shape)
        return np.clip(found.max(1), self.sizes[0], 1e300)

    def _search(self, level: Floats) -> tuple[Floats, Floats]:
        x, state, error = self.start(level), _Bounds.wide(len(self)), np.zeros(len(self))
        least = np.minimum(1 - level, level - self.none)
        open_rows, start = np.arange(len(self)), first_rung(self.compound).reshape(len(self), -1)
        for _ in range(ROUNDS):
            part = self if len(open_rows) == len(self) else self.take(open_rows)
            if part is not self:
                part.__dict__["scales"] = self.scales.take(_states(open_rows, len(self.chance)))
            reading = part.read(x[open_rows], start[open_rows].ravel(), self.spread(least[open_rows]))
            start[open_rows] = reading.rung.reshape(len(open_rows), -1)
            x[open_rows], done, error[open_rows] = part._approach(reading, x[open_rows], level[open_rows], state, open_rows)
            open_rows = open_rows[~done]
            if not len(open_rows):
                return x, error
        error[open_rows] = np.inf  # no path serves them
        return x, error

    def _approach(
        self, reading: Reading, x: Floats, level: Floats, bounds: _Bounds, rows: Ints
    ) -> tuple[Floats, Bools, Floats]:
        """Steps as far as the nodes of a reading serve: x (b,), whether each search is done, and the error of its chance."""
        origin, near = x, np.full(len(x), True)
        scale = reading.scale.reshape(len(x), -1).max(1)
        done, error = np.full(len(x), False), np.zeros(len(x))
        for _ in range(5):
            chances = Chances(*(self.mixed(values) for values in reading.chances(self.spread(x))))
            bounds.narrow(rows, x, chances.tail > 1 - level, near)
            step, settled = _step(chances, self.some, level, x)
            new = bounds.inside(rows, x, x * np.exp(np.clip(step, -2.0, 2.0)))
            settled = (np.abs(new - x) <= PRECISION * x) | (settled & (np.abs(np.log(new / x) - step) <= PRECISION))
            flat = _flat(chances.tail - (1 - level), x * chances.density, np.minimum(1 - level, level))
            new, settled = np.where(flat, x, new), settled | flat
            error = np.where(near, chances.error, error)
            done |= near & settled
            x = np.where(near, new, x)
            near = near & ~done & (scale * np.abs(x - origin) <= REACH)
            if not near.any():
                break
        return x, done, error


def _normal_quantile(level: Floats) -> Floats:
    """The size that a standard normal stays under with these probabilities, (B,), of which few are different."""
    different, which = np.unique(level, return_inverse=True)
    return np.array([NormalDist().inv_cdf(each) for each in different.tolist()])[which]


def _states(rows: Ints, states: int) -> Ints:
    return (rows[:, None] * states + np.arange(states)).ravel()


def _flat(miss: Floats, slope: Floats, chance: Floats) -> Bools:
    """Whether a whole stretch of sizes has the chance that is wanted: between the totals of two states there may be none."""
    close = FLAT * chance
    return (np.abs(miss) <= close) & (slope <= 1e3 * close)


def _step(at: Chances, some: Floats, level: Floats, x: Floats) -> tuple[Floats, Bools]:
    """The step in log x to where log(P(S > x) / P(0 < S ≤ x)) is what is wanted, and whether it ends there to rounding, (B,).

    Householder's method of the third order: the error of a step is of its fourth power, and less than its last term.
    """
    tail = np.clip(at.tail, 1e-300, None)
    inner = np.maximum(some - tail, 1e-17 * some)
    want = 1 - level
    gap = np.log(want / np.maximum(some - want, 1e-300)) - np.log(tail / inner)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # Derivatives of the tail in log x, and those of the log-odds: of log(tail) less log(inner).
        first = -x * at.density
        second = first - x**2 * at.slope
        third = first - 3 * x**2 * at.slope - x**3 * at.bend
        pairs = zip(_of_log(tail, first, second, third), _of_log(inner, -first, -second, -third), strict=True)
        one, two, three = (above - below for above, below in pairs)
        newton = gap / one
        square = -two / (2 * one) * newton
        cube = (two**2 / 2 - one * three / 6) / one**2 * newton**2
        # Where nothing but rounding is left of a chance, only the direction is known.
        known = np.isfinite(newton) & (one < 0) & (np.minimum(tail, inner) > 1e-13 * some)
        higher = known & (np.abs(square) < 0.3) & (np.abs(cube) < 0.1)
        step = np.where(higher, newton * (1 + square + cube), np.where(known, newton, np.where(gap <= 0, np.inf, -np.inf)))
        settled = higher & (np.abs(cube * newton) <= PRECISION) & (np.abs(square) < 0.01)
    return step, settled


def _of_log(value: Floats, first: Floats, second: Floats, third: Floats) -> tuple[Floats, Floats, Floats]:
    """Derivatives of log(value), from those of the value."""
    one, two, three = first / value, second / value, third / value
    return one, two - one**2, three - 3 * one * two + 2 * one**3


@dataclass(frozen=True, eq=False)
class _Bounds:
    """What is known of each quantile: low < x ≤ high, (B,)."""

    low: Floats
    high: Floats

    @staticmethod
    def wide(count: int) -> _Bounds:
        return _Bounds(np.zeros(count), np.full(count, np.inf))

    def narrow(self, rows: Ints, x: Floats, below: Bools, known: Bools) -> None:
        """x (b,) lies below the quantile, or not, where that is known."""
        self.low[rows] = np.where(known & below, np.maximum(self.low[rows], x), self.low[rows])
        self.high[rows] = np.where(known & ~below, np.minimum(self.high[rows], x), self.high[rows])

    def inside(self, rows: Ints, x: Floats, new: Floats) -> Floats:
        """The new x if it lies between the bounds, else a point between them."""
        low, high = self.low[rows], self.high[rows]
        middle = np.where(np.isfinite(high) & (low > 0), np.sqrt(low * np.where(np.isfinite(high), high, 1.0)), new)
        return np.where(((new > low) & (new < high)) | (np.abs(new - x) <= PRECISION * x), new, middle)
