"""Where a law of a total reaches a level: the size x with P(S > x) = 1 − p, for thousands of laws at once.

The search starts from what is known without inversion: the p-quantile of the largest event (never above that of the total),
and the mean and spread of events truncated there.  Then Newton's method on the log-odds of P(S > x) against log x, in which
Gaussian and power-law tails are both nearly straight, kept between bounds.  Nodes of a reading serve all x nearby.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Bools, Floats, Ints
from .inversion import Reading, Scales, first_rung, read, scales_of
from .lattice import span_of
from .laws import Laws
from .transforms import smooth
from .verified import verify_chances

__all__ = ["Mixtures", "NoConvergence"]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


#: A reading's nodes serve x as long as the path's crossing times the distance is at most this.
REACH = 0.4
#: Relative precision of a quantile.
PRECISION = 1e-11
#: Up to so many expected events the chance of none is large enough to check an inversion with.
CHECKED_EVENTS = 30.0
ROUNDS = 60
#: Relative deviation of a chance that is rounding.
FLAT = 1e-10


class NoConvergence(ArithmeticError):
    """A search for a quantile did not end; the message says which law and what to do."""


@dataclass(frozen=True, eq=False)
class Mixtures:
    """B mixtures of Z laws each (one law per state): `laws` has B·Z rows, state by state; chance (Z,)."""

    laws: Laws
    chance: Floats

    def __len__(self) -> int:
        return len(self.laws) // len(self.chance)

    def mixed(self, values: Floats) -> Floats:
        """The mixture of (B·Z,) chances or means, (B,); nothing has weight 0."""
        rows = values.reshape(-1, len(self.chance))
        return rows[:, 0] if len(self.chance) == 1 else np.where(self.chance > 0, self.chance * rows, 0.0).sum(1)

    def spread(self, x: Floats) -> Floats:
        """x (B,) for every state, (B·Z,)."""
        return np.repeat(x, len(self.chance))

    def take(self, rows: Ints | Bools) -> Mixtures:
        """Some of the mixtures."""
        index = np.arange(len(self.laws)).reshape(len(self), -1)[rows].ravel()
        return Mixtures(self.laws.take(index), self.chance)

    @cached_property
    def none(self) -> Floats:
        """P(S = 0), (B,)."""
        return self.mixed(np.exp(self.laws.log_none))

    @cached_property
    def some(self) -> Floats:
        """P(S > 0), (B,), without cancellation."""
        return self.mixed(-np.expm1(self.laws.log_none))

    @cached_property
    def span(self) -> float:
        """If every total is a multiple of some size, that size in harm units, else 0."""
        used = np.atleast_1d((self.laws.rates > 0).any(0))
        severities = tuple(severity for severity, is_used in zip(self.laws.severities, used, strict=True) if is_used)
        return 0.0 if any(smooth(severity) for severity in severities) else span_of(severities)

    def whole(self, x: Floats) -> Floats:
        """x rounded down to a multiple of the span: no total lies between."""
        return np.floor(x / self.span * (1 + 1e-13) + 1e-9) * self.span if self.span else x

    # What is known without inversion: sizes (J,), and the expected number of events above each, (B·Z, J).

    @cached_property
    def sizes(self) -> Floats:
        """A geometric grid from sizes that nearly every event exceeds to sizes that none will, (J,), harm units."""
        decades = 10.0 ** np.arange(-100, 141)
        above = np.stack([severity.above(decades) for severity in self.laws.severities])
        most = self.laws.rates.max(0)
        above = above[most > 0] if (most > 0).any() else above
        low = decades[max(int((above.min(0) > 0.999).sum()) - 1, 0)]
        expected = (most[most > 0] @ above) if (most > 0).any() else above[0]
        high = decades[min(int((expected > 1e-13).sum()), len(decades) - 1)]
        return np.geomspace(low, high, 8 * round(np.log10(high / low)) + 1)

    @cached_property
    def above(self) -> Floats:
        """Expected number of events above each of the sizes, (B·Z, J)."""
        return self.laws.rates @ np.stack([severity.above(self.sizes) for severity in self.laws.severities])

    @cached_property
    def scales(self) -> Scales:
        """The grid of crossings, checked on a few laws."""
        few = max(float(self.laws.events.min(initial=np.inf)), 1.0)
        low, high = self.sizes[0] * 1e-2 * (np.sqrt(few) if np.isfinite(few) else 1.0), self.sizes[-1]
        grids = scales_of(self.laws, low, 100 * float(np.max(self.laws.centre, initial=0.0)) + 100 * high)
        served = np.flatnonzero(self.laws.smooth & (self.laws.events > 0) & (self.laws.events < CHECKED_EVENTS))
        if len(served):
            verify_chances(self.laws, float(self.sizes[0]), grids, served[:: max(len(served) // 3, 1)])
        return grids

    def guess(self, level: Floats) -> Floats:
        """A first guess of each law's quantile at `level` (B·Z,), harm units."""
        from scipy.special import ndtri

        above, sizes = self.above, self.sizes
        rarest = np.maximum((above >= -np.log(np.clip(level, 1e-12, 1 - 1e-16))[:, None]).sum(1) - 1, 0)
        largest = np.where(above[:, 0] >= -np.log(np.clip(level, 1e-12, 1 - 1e-16)), sizes[rarest], 0.0)
        step = np.diff(sizes)
        parts = (above[:, 1:] + above[:, :-1]) / 2 * step
        squares = (above[:, 1:] * sizes[1:] + above[:, :-1] * sizes[:-1]) * step
        rows, inner = np.arange(len(above)), np.maximum(rarest - 1, 0)
        below = np.cumsum(parts, 1)
        beyond = below[:, -1] - below[rows, inner]
        finite = np.isfinite(self.laws.mean)
        mean = np.where(finite, np.maximum(self.laws.centre - beyond, 0.0), below[rows, inner])
        return np.maximum(largest, mean + ndtri(level) * np.sqrt(np.cumsum(squares, 1)[rows, inner]))

    # --- readings ---

    def read(self, x: Floats, start: Ints | None = None, floor: Floats | float = 1e-6) -> Reading:
        """Read every law at the x (B,) of its mixture; chances below `floor` (B·Z,) need not be resolved further."""
        first = first_rung(self.laws) if start is None else start
        return read(self.laws, self.spread(x), self.scales, start=first, floor=floor, lattice=self.span)

    def quantile(self, level: Floats) -> tuple[Floats, Floats]:
        """The smallest x with P(S ≤ x) ≥ level (B,), and the estimated error of that chance.

        It is 0 up to P(S = 0) and ∞ at level 1.  On a lattice, chances are interpolated between its points, then rounded up.
        """
        answer, error = np.where(level >= 1, np.where(self.some > 0, np.inf, 0.0), 0.0), np.zeros(len(self))
        rows = np.flatnonzero((level > self.none) & (level < 1) & (self.some > 0))
        if len(rows):
            whole = len(rows) == len(self)
            answer[rows], error[rows] = (self if whole else self.take(rows))._search(level[rows])
            if self.span:
                answer[rows] = np.ceil(answer[rows] / self.span * (1 - 1e-13) - 1e-7) * self.span
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
        open_rows, start = np.arange(len(self)), first_rung(self.laws).reshape(len(self), -1)
        for _ in range(ROUNDS):
            part = self if len(open_rows) == len(self) else self.take(open_rows)
            if part is not self:
                part.__dict__["scales"] = self.scales.take(_states(open_rows, len(self.chance)))
            reading = part.read(x[open_rows], start[open_rows].ravel(), self.spread(least[open_rows]))
            start[open_rows] = reading.rung.reshape(len(open_rows), -1)
            x[open_rows], done = part._newton(reading, x[open_rows], level[open_rows], state, open_rows)
            error[open_rows] = part.mixed(reading.error)
            open_rows = open_rows[~done]
            if not len(open_rows):
                return x, error
        raise NoConvergence(
            f"no quantile was found for law {open_rows[0]} of {len(self)} at level {level[open_rows[0]]:g}: "
            "take a level farther from 1 and from the chance of none, or read the tail at sizes of your choice"
        )

    def _newton(self, reading: Reading, x: Floats, level: Floats, bounds: _Bounds, rows: Ints) -> tuple[Floats, Bools]:
        """Newton's steps as far as the nodes of a reading serve, (b,), and whether each search is done."""
        origin, near = x, np.full(len(x), True)
        scale = reading.scale.reshape(len(x), -1).max(1)
        done = np.full(len(x), False)
        for _ in range(5):
            tails, densities = reading.tail_and_density(self.spread(x))
            tail, density = self.mixed(tails), self.mixed(densities)
            bounds.narrow(rows, x, tail > 1 - level, near)
            step = _log_odds_step(tail, density, self.some, level, x)
            new = bounds.inside(rows, x, x * np.exp(np.clip(step, -2.0, 2.0)))
            settled = (np.abs(new - x) <= PRECISION * x) | _flat(tail - (1 - level), x * density, np.minimum(1 - level, level))
            done |= near & settled
            x = np.where(near & ~done | (near & settled), new, x)
            near = near & ~done & (scale * np.abs(x - origin) <= REACH)
            if not near.any():
                break
        return x, done


def _states(rows: Ints, states: int) -> Ints:
    return (rows[:, None] * states + np.arange(states)).ravel()


def _flat(miss: Floats, slope: Floats, chance: Floats) -> Bools:
    """Whether a whole stretch of sizes has the chance that is wanted: between the totals of two states there may be none."""
    close = FLAT * chance
    return (np.abs(miss) <= close) & (slope <= 1e3 * close)


def _log_odds_step(tail: Floats, density: Floats, some: Floats, level: Floats, x: Floats) -> Floats:
    """Newton's step in log x for log(P(S > x) / P(0 < S ≤ x)), (B,)."""
    tail = np.clip(tail, 1e-300, None)
    inner = np.maximum(some - tail, 1e-17 * some)
    want = 1 - level
    gap = np.log(tail / inner) - np.log(want / np.maximum(some - want, 1e-300))
    with np.errstate(over="ignore"):
        slope = x * density * (1 / tail + 1 / inner)
    # Where nothing but rounding is left of a chance, only the direction is known.
    known = np.isfinite(slope) & (slope > 0) & (np.minimum(tail, inner) > 1e-13 * some)
    return np.where(known, gap / np.where(known, slope, 1.0), np.where(gap >= 0, np.inf, -np.inf))


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
