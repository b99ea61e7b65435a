"""The third engine: the total on a lattice of sizes, by one fast Fourier transform; and a certified bracket.

Severities are put on multiples of a span h, the transform of one user is raised to the number of users, and the chances of
every total come back at once.  Sizes beyond the grid are left out, so that chances below its end are exact; zero padding and an
exponential tilt keep sums beyond the end from wrapping round (Grübel & Hermesmeier 1999, "Computation of compound distributions
I"; without them small chances are wrong by a factor of a thousand).

Rounded down, every severity is at most what it was, and so is the total; rounded up, at least.  The true chances lie between.
Severities that are multiples of h (points, tables) are not rounded at all: then both ends agree and the law is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import Literal

import numpy as np

from ..arrays import Floats
from ..severity import Point, Severity, SeverityTable
from .laws import Laws
from .transforms import smooth

Rounding = Literal["down", "nearest", "up", "shared"]

#: Grids are padded to so many times their length, and tilted: sums beyond the padded grid come back smaller by e^−tilt, and
#: rounding grows by e^(tilt / pad) at most.  Exact lattices get more of both than severities that are rounded anyway.
EXACT, ROUNDED = (4, 30.0), (2, 18.0)
#: Points of a grid: what severities with a density get, and the most that a lattice of atoms may need.
POINTS, MOST = 2**14, 2**21


def span_of(severities: tuple[Severity, ...]) -> float:
    """The largest span of which every size of the points and tables is a multiple, harm units; 0 if there is none."""
    sizes = [sev.value for sev in severities if isinstance(sev, Point)]
    sizes += [level.value for sev in severities if isinstance(sev, SeverityTable) for level in sev.levels if level.chance > 0]
    if not sizes:
        return 0.0
    parts = [Fraction(size).limit_denominator(10**4) for size in sizes]
    if any(abs(float(part) - size) > 1e-12 * size for part, size in zip(parts, sizes, strict=True)):
        return 0.0
    bottom = lcm(*(part.denominator for part in parts))
    return gcd(*(int(part * bottom) for part in parts)) / bottom


@dataclass(frozen=True, eq=False)
class Grid:
    """P(S ≤ k·span) for k = 0 … L−1, (B, L), of B laws; what is missing from 1 lies beyond the grid."""

    span: float
    below: Floats

    def tail(self, x: float) -> Floats:
        """P(S > x), (B,); nothing is known beyond the grid: there it is the chance of being beyond."""
        k = min(int(np.floor(x / self.span * (1 + 1e-12) + 1e-12)), self.below.shape[1] - 1)
        return 1 - self.below[:, k]

    @property
    def end(self) -> float:
        """The largest size of the grid, harm units."""
        return self.span * (self.below.shape[1] - 1)


def lattice_law(laws: Laws, span: float, points: int, rounding: Rounding = "nearest", *, atoms_only: bool = False) -> Grid:
    """The laws of B totals on the multiples 0 … (points − 1) of `span`; points is best a power of 2.

    With `atoms_only`, the part of the law in which no event has a severity with a density.
    """
    kept = [not (atoms_only and smooth(severity)) for severity in laws.severities]
    masses = np.stack([_masses(sev, span, points, rounding) * keep for sev, keep in zip(laws.severities, kept, strict=True)])
    pad, strength = EXACT if laws.lattice else ROUNDED
    tilt = np.exp(-strength / (pad * points) * np.arange(points))
    spectra = np.fft.rfft(masses * tilt, pad * points)
    shape = np.broadcast_to(spectra[:, None, :] - 1, (len(spectra), len(laws), spectra.shape[1]))
    exponent = laws.exponent(np.zeros(shape.shape[1:], dtype=complex), list(shape), centred=False)
    chances = np.fft.irfft(np.exp(exponent), pad * points)[:, :points] / tilt
    return Grid(span, np.cumsum(np.maximum(chances, 0.0), 1))


def _masses(severity: Severity, span: float, points: int, rounding: Rounding) -> Floats:
    """Chances of the multiples of `span` once a severity is rounded, (L,); sizes beyond the grid are left out.

    `shared` shares every size among the two multiples next to it so that its mean stays (Gerber 1982, "On the numerical
    evaluation of the distribution of aggregate claims and its stop-loss premiums"): −span · E min(Y, x) in second differences.
    """
    k = np.arange(points + 1)
    if rounding == "shared":
        steps = np.diff(severity.limited_mean(k * span)) / span
        return np.maximum(-np.diff(steps, prepend=1.0), 0.0)
    if isinstance(severity, Point | SeverityTable):
        levels = [(severity.value, 1.0)] if isinstance(severity, Point) else [(lv.value, lv.chance) for lv in severity.levels]
        masses = np.zeros(points)
        for value, chance in levels:
            index = _rounded(value / span, rounding)
            if index < points:
                masses[index] += chance
        return masses
    shift = {"down": 0.0, "nearest": -0.5, "up": -1.0}[rounding]
    above = severity.above(np.maximum((k + shift) * span, 0.0))
    return above[:-1] - above[1:]


def _rounded(ratio: float, rounding: Rounding) -> int:
    """A size in spans as a whole number; a multiple of the span stays what it is."""
    whole = round(ratio)
    if rounding == "nearest" or abs(ratio - whole) < 1e-9 * max(whole, 1):
        return whole
    return int(np.floor(ratio)) if rounding == "down" else int(np.ceil(ratio))


@dataclass(frozen=True, eq=False)
class Stepped:
    """The law of one total with steps: P(S ≤ x) = atoms, a step function, and the rest, which is continuous; (L,) each.

    atoms[k] is reached at k·span, rest[k] at (k + ½)·span.
    """

    span: float
    atoms: Floats
    rest: Floats
    mean: float

    def _rest_at(self, x: Floats) -> Floats:
        half = np.append(0.0, (np.arange(len(self.rest)) + 0.5) * self.span)
        return np.interp(x, half, np.append(0.0, self.rest))

    def below(self, x: Floats) -> Floats:
        """P(S ≤ x) for sizes x (J,) on the grid."""
        k = np.floor(x / self.span * (1 + 1e-12) + 1e-12).astype(int).clip(0, len(self.atoms) - 1)
        return np.minimum(self.atoms[k] + self._rest_at(x), 1.0)

    def quantile(self, level: float) -> float:
        """The smallest x with P(S ≤ x) ≥ level, harm units; ∞ if it lies beyond the grid."""
        at = self.span * np.arange(len(self.atoms), dtype=float)
        rest = self._rest_at(at)
        reached = self.atoms + rest >= level - 1e-14
        if not reached.any():
            return float(np.inf)
        k = int(reached.argmax())
        before = self.atoms[k - 1] if k else 0.0
        if k == 0 or before + rest[k] < level:
            return float(at[k])
        rise = rest[k] - rest[k - 1]
        return float(at[k] - self.span * min(max((before + rest[k] - level) / rise, 0.0), 1.0)) if rise > 0 else float(at[k])

    def excess(self, x: float) -> float:
        """E (S − x)⁺, harm units: the mean less x, and E (x − S)⁺ from the grid."""
        at = np.arange(len(self.atoms)) * self.span
        inside = at <= x
        masses = np.diff(self.atoms + self.rest, prepend=0.0)
        return float(self.mean - x + (masses[inside] * (x - at[inside])).sum())


def stepped(laws: Laws, chance: Floats, end: float, points: int = POINTS // 2) -> Stepped:
    """The mixture of Z laws (one a state, with their chances) of a total some of whose severities are points or tables."""
    span = fitting_span(laws.severities, end, points)
    count = 2 ** int(np.ceil(np.log2(end / span + 2)))
    whole = chance @ lattice_law(laws, span, count, "shared").below
    atoms = chance @ lattice_law(laws, span, count, "shared", atoms_only=True).below if not laws.lattice else whole
    return Stepped(span, atoms, np.maximum(whole - atoms, 0.0), float(chance @ laws.mean))


# --- certified ends ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Bracket:
    """Two grids between which the true law lies: rounded down (too small) and rounded up (too large)."""

    low: Grid
    high: Grid
    noise: float = 1e-11
    """Rounding of the transforms, as a chance."""

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


def bracket(laws: Laws, end: float, points: int = POINTS) -> Bracket:
    """Certified bounds on the laws of B totals up to the size `end`, harm units; `points` decide how tight.

    A lattice of atoms is used as it is where it fits.  A ValueError if `end` or `points` is not positive.
    """
    if not (end > 0 and points > 1):
        raise ValueError(f"a positive end and at least 2 points are needed, not {end:g} and {points}")
    span = fitting_span(laws.severities, end, points)
    count = 2 ** int(np.ceil(np.log2(end / span + 2)))
    return Bracket(lattice_law(laws, span, count, "down"), lattice_law(laws, span, count, "up"))


def fitting_span(severities: tuple[Severity, ...], end: float, points: int) -> float:
    """A span that divides every atom where possible, with about `points` multiples up to `end`."""
    atoms = span_of(severities)
    if not atoms or end / atoms > MOST:
        return end / (points - 2)
    if all(isinstance(severity, Point | SeverityTable) for severity in severities):
        return atoms
    return atoms / max(int(atoms * (points - 3) / end), 1)
