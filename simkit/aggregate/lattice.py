"""Totals on a lattice of sizes, by one fast Fourier transform: exact for points and tables, a certified bracket for all else.

Severities are put on multiples of a span h, the transform of one user is raised to the number of users, and the probabilities
of every total come back at once.

* **A window** (`on_window`): where all sizes are multiples of h nothing is rounded.  The distribution modulo a window comes
  from one transform of the window's length, and a window that holds all but e^−36 of a distribution holds the distribution.  It
  ends where Chernoff's bound says, P(S ≥ b) ≤ E e^{t(S − b)} and P(S ≤ a) ≤ E e^{−t(S − a)} for every t > 0.
* **A bracket** (`bracket`): rounded down, every severity is at most what it was, and so is the total; rounded up, at least: the
  truth lies between.  Sizes beyond the grid are left out, so that probabilities below its end are exact; zero padding and an
  exponential tilt keep sums beyond the end from wrapping round (Grübel & Hermesmeier 1999, "Computation of compound
  distributions I"; without them small probabilities are wrong by a factor of a thousand).  Nothing here knows a transform of a
  severity or where one dies, only P(Y > x): it is the second route.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from typing import Literal

import numpy as np

from ..arrays import Floats, Ints
from ..severity import Point, Severity
from .distribution import Compound
from .transforms import Complexes, exp

Rounding = Literal["down", "nearest", "up"]

#: log of the probability that lies outside of a window, on either side; and of a transform's values that are left out.
OUTSIDE, DEAD = -36.0, -46.0
#: t · largest severity, from distributions that are nearly normal to those of a single rare event.
GRID = np.geomspace(1e-7, 80.0, 120)
#: Up to here E e^{−tY} is not lost in rounding beside 1.
LOWEST = 18.0
#: The most multiples of a span that one size may be.
FINEST = 2**40
#: Two sizes are one where they differ by less than this, relatively: sums of sizes round.
SAME = 1e-12
#: Grids are padded to so many times their length, and tilted: sums beyond the padded grid come back smaller by e^−tilt, and
#: rounding grows by e^(tilt / pad) at most.  Exact lattices get more of both than severities that are rounded anyway.
EXACT, ROUNDED = (4, 30.0), (2, 18.0)
#: Points of a bracket's grids: what severities with a density get, and the most that a lattice of atoms may need.
POINTS, MOST = 2**14, 2**21


def atoms(severity: Severity) -> tuple[Floats, Floats]:
    """Sizes of a point or a table, smallest first, and their probabilities; none of a severity with a density."""
    if isinstance(severity, Point):
        return np.array([severity.value]), np.ones(1)
    levels = sorted((level.value, level.chance) for level in getattr(severity, "levels", ()) if level.chance > 0)
    return np.array([value for value, _ in levels]), np.array([chance for _, chance in levels])


@lru_cache(maxsize=64)
def span_of(severities: tuple[Severity, ...]) -> float:
    """The largest span of which every size of the points and tables is a multiple, harm units; 0 if there is none."""
    sizes = [value for severity in severities for value in atoms(severity)[0].tolist()]
    if not sizes:
        return 0.0
    unit = Fraction(2.0 ** np.floor(np.log2(min(sizes))))
    for scale in (Fraction(1), unit):
        parts = [Fraction(size / float(scale)).limit_denominator(10**4) * scale for size in sizes]
        if all(abs(float(part) - size) <= SAME * size for part, size in zip(parts, sizes, strict=True)):
            bottom = lcm(*(part.denominator for part in parts))
            span = gcd(*(int(part * bottom) for part in parts)) / bottom
            return span if max(sizes) <= FINEST * span else 0.0
    return 0.0


# --- nothing rounded --------------------------------------------------------------------------------------------------


def windows(compound: Compound, span: float) -> tuple[Ints, Ints]:
    """The first and the last multiple of the span, (B,) each, between which nearly all of each distribution lies."""
    parts_of = [atoms(severity) for severity in compound.severities]
    largest = max(float(value[-1]) for value, _ in parts_of)
    ends = []
    for t in (GRID / largest, -GRID[GRID < LOWEST] / largest):
        parts = [(np.expm1(np.multiply.outer(t, value)) @ chance)[None] for value, chance in parts_of]
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            grown = compound.exponent(np.ones((len(compound), len(t))), parts, centred=False)
            ends.append(np.fmin.reduce((np.where(np.isfinite(grown), grown, np.nan) - OUTSIDE) / np.abs(t), axis=1))
    most = np.where(compound.poisson, np.inf, compound.users.sum(1) * largest)
    last = np.ceil(np.minimum(ends[0], most) / span * (1 + 1e-12) + 1e-6)
    return np.maximum(np.floor(-ends[1] / span), 0).astype(int), np.minimum(last, 2.0**60).astype(int)


def on_window(compound: Compound, span: float, first: int, length: int) -> Floats:
    """Probabilities of so many multiples of the span from the `first` on, (length,), of one distribution of atoms."""
    power = 2 ** int(np.ceil(np.log2(max(length, 8))))
    count = power // 4 * 3 if length <= power // 4 * 3 else power
    parts = [_turned(severity, span, count) for severity in compound.severities]
    mixed = np.tensordot(compound.weights[0], parts, 1)  # (G, K)
    # |1 + z| ≤ e^{Re z + |z|²/2}, |e^z| = e^{Re z}: where the transform is nothing for certain, it is not computed.
    size = mixed.real if compound.poisson else mixed.real + (mixed.real**2 + mixed.imag**2) / 2
    bound = compound.users[0] @ size
    alive = np.flatnonzero((-np.log1p(-compound.shock * bound) / compound.shock if compound.shock else bound) > DEAD)
    exponent = compound.exponent(np.zeros((1, len(alive)), complex), [part[None, alive] for part in parts], centred=False)
    exponent.imag += 2 * np.pi / count * (first * alive % count)
    spectrum = np.zeros(count // 2 + 1, dtype=complex)
    spectrum[alive] = exp(exponent)[0]
    return np.maximum(np.fft.irfft(spectrum, count)[:length], 0.0)


@lru_cache(maxsize=8)
def _turned(severity: Severity, span: float, count: int) -> Complexes:
    """Σ chance · (e^{−2πi·kv/count} − 1) over sizes of v spans, k = 0 … count/2."""
    roots, turns, (values, chances) = np.exp(-2j * np.pi / count * np.arange(count)), np.arange(count // 2 + 1), atoms(severity)
    whole = np.rint(values / span).astype(int)
    return np.asarray(sum(c * (roots[turns * v % count] - 1) for v, c in zip(whole, chances, strict=True)), dtype=complex)


# --- rounded ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Grid:
    """P(S ≤ k·span) for k = 0 … L−1, (B, L), of B distributions; what is missing from 1 lies beyond the grid."""

    span: float
    below: Floats

    def tail(self, x: float) -> Floats:
        """P(S > x), (B,); nothing is known beyond the grid: there it is the probability of being beyond."""
        k = min(int(np.floor(x / self.span * (1 + SAME) + 1e-12)), self.below.shape[1] - 1)
        return 1 - self.below[:, k]


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
    """Probabilities of the multiples of `span` once a severity is rounded, (L,); sizes beyond the grid are left out."""
    sizes, chances = atoms(severity)
    if not len(sizes):
        shift = {"down": 0.0, "nearest": -0.5, "up": -1.0}[rounding]
        return -np.diff(severity.above(np.maximum((np.arange(points + 1) + shift) * span, 0.0)))
    ratio, whole = sizes / span, np.rint(sizes / span)
    kept = (rounding == "nearest") | (np.abs(ratio - whole) < 1e-9 * np.maximum(whole, 1))  # a multiple stays what it is
    index = np.where(kept, whole, np.floor(ratio) if rounding == "down" else np.ceil(ratio))
    masses: Floats = np.bincount(index[index < points].astype(int), chances[index < points], points).astype(float)
    return masses


@dataclass(frozen=True, eq=False)
class Bracket:
    """Two grids between which the truth lies: rounded down (too small) and rounded up (too large)."""

    low: Grid
    high: Grid
    noise: float = 1e-11
    """Rounding of the transforms, as a probability."""

    def tail(self, x: float) -> tuple[Floats, Floats]:
        """Bounds on P(S > x), (B,) each, for x inside the grid."""
        end = self.low.span * (self.low.below.shape[1] - 1)
        if not 0 <= x <= end:
            raise ValueError(f"the bracket goes from 0 to {end:g} harm units, not to {x:g}")
        return np.maximum(self.low.tail(x) - self.noise, 0.0), np.minimum(self.high.tail(x) + self.noise, 1.0)


def bracket(compound: Compound, end: float, points: int = POINTS) -> Bracket:
    """Certified bounds on B totals up to the size `end`, harm units; `points` decide how tight.

    A lattice of atoms is used as it is where it fits.  A ValueError if `end` or `points` is not positive.
    """
    if not (end > 0 and points > 1):
        raise ValueError(f"a positive end and at least 2 points are needed, not {end:g} and {points}")
    span = span_of(compound.severities)
    if not span or end / span > MOST:
        span = end / (points - 2)
    elif compound.dense.any():
        span /= max(int(span * (points - 3) / end), 1)
    count = 2 ** int(np.ceil(np.log2(end / span + 2)))
    return Bracket(on_lattice(compound, span, count, "down"), on_lattice(compound, span, count, "up"))
