"""The second route: the total on a lattice of sizes, by one fast Fourier transform; and a certified bracket.

Severities are put on multiples of a span h, the transform of one user is raised to the number of users, and the probabilities
of every total come back at once.  Sizes beyond the grid are left out, so that probabilities below its end are exact; zero
padding and an exponential tilt keep sums beyond the end from wrapping round (Grübel & Hermesmeier 1999, "Computation of
compound distributions I"; without them small probabilities are wrong by a factor of a thousand).

Rounded down, every severity is at most what it was, and so is the total; rounded up, at least: the truth lies between.  Shared
between the two multiples next to it, every size keeps its mean, and the total its own: closer, without a certificate.  Nothing
here knows a transform of a severity or where one dies, only P(Y > x).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..arrays import Floats
from ..severity import Severity
from .distribution import Compound
from .steps import atoms, span_of

Rounding = Literal["down", "nearest", "up", "shared"]

#: Grids are padded to so many times their length, and tilted: sums beyond the padded grid come back smaller by e^−tilt, and
#: rounding grows by e^(tilt / pad) at most.  Exact lattices get more of both than severities that are rounded anyway.
EXACT, ROUNDED = (4, 30.0), (2, 18.0)
#: Points of a grid: what severities with a density get, and the most that a lattice of atoms may need.
POINTS, MOST = 2**14, 2**21


@dataclass(frozen=True, eq=False)
class Grid:
    """P(S ≤ k·span) for k = 0 … L−1, (B, L), of B distributions; what is missing from 1 lies beyond the grid."""

    span: float
    below: Floats

    def tail(self, x: float) -> Floats:
        """P(S > x), (B,); nothing is known beyond the grid: there it is the probability of being beyond."""
        k = min(int(np.floor(x / self.span * (1 + 1e-12) + 1e-12)), self.below.shape[1] - 1)
        return 1 - self.below[:, k]

    @property
    def end(self) -> float:
        """The largest size of the grid, harm units."""
        return self.span * (self.below.shape[1] - 1)


def on_lattice(compound: Compound, span: float, points: int, rounding: Rounding = "nearest") -> Grid:
    """B totals on the multiples 0 … (points − 1) of `span`; points is best a power of 2."""
    masses = np.stack([_masses(severity, span, points, rounding) for severity in compound.severities])
    pad, strength = ROUNDED if compound.dense.any() else EXACT
    tilt = np.exp(-strength / (pad * points) * np.arange(points))
    spectra = np.fft.rfft(masses * tilt, pad * points)
    parts = np.broadcast_to(spectra[:, None, :] - 1, (len(spectra), len(compound), spectra.shape[1]))
    exponent = compound.exponent(np.zeros(parts.shape[1:], dtype=complex), list(parts), centred=False)
    chances = np.fft.irfft(np.exp(exponent), pad * points)[:, :points] / tilt
    return Grid(span, np.cumsum(np.maximum(chances, 0.0), 1))


def _masses(severity: Severity, span: float, points: int, rounding: Rounding) -> Floats:
    """Probabilities of the multiples of `span` once a severity is rounded, (L,); sizes beyond the grid are left out.

    `shared` shares every size among the two multiples next to it so that its mean stays (Gerber 1982, "On the numerical
    evaluation of the distribution of aggregate claims and its stop-loss premiums"): −span · E min(Y, x) in second differences.
    """
    k = np.arange(points + 1)
    if rounding == "shared":
        steps = np.diff(severity.limited_mean(k * span)) / span
        return np.maximum(-np.diff(steps, prepend=1.0), 0.0)
    masses = np.zeros(points)
    for value, chance in zip(*atoms(severity), strict=True):
        index = _rounded(value / span, rounding)
        if index < points:
            masses[index] += chance
    if masses.any() or len(atoms(severity)[0]):
        return masses
    shift = {"down": 0.0, "nearest": -0.5, "up": -1.0}[rounding]
    above = severity.above(np.maximum((k + shift) * span, 0.0))
    return above[:-1] - above[1:]


def _rounded(ratio: float, rounding: Rounding) -> int:
    """A size in spans as a whole number; a multiple of the span stays what it is."""
    whole = np.rint(ratio)
    if rounding == "nearest" or abs(ratio - whole) < 1e-9 * max(whole, 1):
        return int(whole)
    return int(np.floor(ratio)) if rounding == "down" else int(np.ceil(ratio))


# --- certified ends ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Bracket:
    """Two grids between which the truth lies: rounded down (too small) and rounded up (too large)."""

    low: Grid
    high: Grid
    noise: float = 1e-11
    """Rounding of the transforms, as a probability."""

    def tail(self, x: float) -> tuple[Floats, Floats]:
        """Bounds on P(S > x), (B,) each, for x inside the grid."""
        if not 0 <= x <= self.low.end:
            raise ValueError(f"the bracket goes from 0 to {self.low.end:g} harm units, not to {x:g}")
        return np.maximum(self.low.tail(x) - self.noise, 0.0), np.minimum(self.high.tail(x) + self.noise, 1.0)

    def quantile(self, level: float) -> tuple[Floats, Floats]:
        """Bounds on the quantile, (B,) each, harm units; ∞ above where it lies beyond the grid."""
        found = []
        for grid, slack in ((self.low, -self.noise), (self.high, self.noise)):
            reached = grid.below >= level + slack
            size = np.where(reached.any(1), reached.argmax(1) * grid.span, np.inf)
            found.append(np.where(reached.any(1), size, grid.end) if grid is self.low else size)
        return found[0], found[1]


def bracket(compound: Compound, end: float, points: int = POINTS) -> Bracket:
    """Certified bounds on B totals up to the size `end`, harm units; `points` decide how tight.

    A lattice of atoms is used as it is where it fits.  A ValueError if `end` or `points` is not positive.
    """
    if not (end > 0 and points > 1):
        raise ValueError(f"a positive end and at least 2 points are needed, not {end:g} and {points}")
    span = fitting_span(compound, end, points)
    count = 2 ** int(np.ceil(np.log2(end / span + 2)))
    return Bracket(on_lattice(compound, span, count, "down"), on_lattice(compound, span, count, "up"))


def fitting_span(compound: Compound, end: float, points: int) -> float:
    """A span that divides every atom where possible, with about `points` multiples up to `end`."""
    span = span_of(compound.severities)
    if not span or end / span > MOST:
        return end / (points - 2)
    return span / max(int(span * (points - 3) / end), 1) if compound.dense.any() else span
