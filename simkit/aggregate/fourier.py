"""A Fourier series of a total: its transform at evenly spaced nodes, read at any size, with a bound on the error.

    s = a + 2πik/T,  k = 0, 1, …        (L nodes; a·T = 2 · damping)

Transforms of severities on such a line are computed once and kept.  Along it they are smooth in log k, those of narrow
severities once e^{−s · size} is taken out: then a few nodes tell all others, to rounding (`smoothed` says what for).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..severity import Severity
from .transforms import Complexes, psi

#: Neighbouring periods differ by a factor of e^STEP.
STEP = 0.125
#: Nodes in the first piece of a line, and how many pieces of a line are kept.
FIRST, KEPT = 2**6, 7
#: The most that an interpolated transform may be off, and where it is compared, as a part of the piece's length in log k.
EXACT, BETWEEN = 2e-14, np.array([0.004, 0.16, 0.34, 0.51, 0.68, 0.84, 0.995]) * math.log(2)
#: A transform that has died: under its rounding.
DEAD = 3e-13
#: Kaiser's parameter: Z's transform at the last node is e^−KAISER.
KAISER = 26.0
#: Half the number of points that an interpolation uses, and how sharp its window is.
HALF, SHARP = 8, 36.0
#: Rounding of a series that died, and of one that is smoothed.
NOISE, ROUGH = 1e-12, 1e-9


def period(index: int) -> float:
    """A period of the grid, harm units."""
    return math.exp(STEP * index)


def nodes_at(index: int, damping: float, k: Floats | Ints) -> Complexes:
    """s = (2 · damping + 2πik)/T at nodes k, 1/harm unit."""
    return np.asarray((2 * damping + 2j * math.pi * k) / period(index), dtype=complex)


def counted(piece: int) -> Ints:
    """The numbers k of a piece's nodes: the first ones, then as many again, then twice as many, …."""
    return np.arange(FIRST * 2 ** (piece - 1) if piece else 0, FIRST * 2**piece)


def on_line(severity: Severity, index: int, damping: float, piece: int) -> Complexes:
    """ψ at the nodes of a piece; of long ones nothing is kept."""
    return (_piece if piece <= KEPT else _piece.__wrapped__)(severity, index, damping, piece)


def _at(severity: Severity, index: int, damping: float, k: Floats | Ints) -> Complexes:
    return psi(severity, np.array([2 * damping / period(index)]), np.asarray(1 + 1j * math.pi / damping * k, dtype=complex))[0]


@lru_cache(maxsize=512)
def _piece(severity: Severity, index: int, damping: float, piece: int) -> Complexes:
    k = counted(piece)
    size = getattr(severity, "median", 0.0) or getattr(severity, "smallest", 0.0)  # none: a closed form is quick
    sizes = (0.0, size) if size * 2 * damping < 30 * period(index) else (0.0,)  # else it is far beyond the period
    for degree, middle in product((32, 96), sizes) if len(k) > 200 and size else ():
        found = _interpolated(severity, index, damping, k, degree, middle)
        if found is not None:
            return found
    return np.concatenate([_at(severity, index, damping, some) for some in np.array_split(k, -(-len(k) // 8192))])


def _interpolated(severity: Severity, index: int, damping: float, k: Ints, degree: int, middle: float) -> Complexes | None:
    """ψ from a polynomial in log k for ψ, or for E e^{−s(Y − middle)}; None if it is not exact to rounding in between."""
    one = float(middle > 0)

    def turned(u: Floats) -> Complexes:
        where = k[0] * np.exp(u)
        return (one + _at(severity, index, damping, where)) * np.exp(middle * nodes_at(index, damping, where))

    fitted = np.polynomial.Chebyshev.interpolate(turned, degree, [0.0, math.log(2)])
    exact, s = turned(BETWEEN), nodes_at(index, damping, k)
    size = min(float(np.abs(exact).max()), 1.0)
    if np.abs(fitted(BETWEEN) - exact).max() > (EXACT + 4e-16 * abs(s[-1]) * middle) * size:  # what e^{s · middle} is off
        return None
    return np.asarray(fitted(np.log(k / k[0])) * np.exp(-middle * s) - one, dtype=complex)


@lru_cache(maxsize=4096)
def size_at(severity: Severity, index: int, damping: float, node: int) -> float:
    """|E e^{−sY}| at one node; 0 once it has died."""
    size = float(np.abs(1 + _at(severity, index, damping, np.array([node])))[0])
    return size if size > DEAD else 0.0


# --- windows ----------------------------------------------------------------------------------------------------------


def _kaiser(square: Any) -> Any:
    """The transform of Kaiser's density on (−1, 1), E e^{−zZ} = sinh √(β² + z²) / √(β² + z²) over its value at 0, from z²."""
    root = np.sqrt(KAISER**2 + square)
    grown = np.exp(root - KAISER)
    return (grown - math.exp(-2 * KAISER) / grown) / root * (KAISER / -math.expm1(-2 * KAISER))


@lru_cache(maxsize=16)
def _cut_off(count: int, damping: float) -> Complexes:
    """The transforms of w·Z and of 2w·Z at so many nodes, (2, count): with this w the first is nothing at the last node."""
    nodes = (damping / math.pi + 1j * np.arange(count)) * (KAISER / count)
    return np.stack([_kaiser(nodes**2), _kaiser(4 * nodes**2) * (np.arange(count) < count / 2)])


def _window(away: Floats) -> Floats:
    """The window of an interpolation, at parts of its half width (Barnett, Magland & af Klinteberg 2019)."""
    found: Floats = np.exp(SHARP * (np.sqrt(np.maximum(1 - away**2, 0.0)) - 1)) * (np.abs(away) < 1)
    return found


@lru_cache(maxsize=16)
def _sharpened(count: int) -> Floats:
    """What takes the blur of the window away beforehand: one over its transform."""
    points, weights = np.polynomial.legendre.leggauss(64)
    mass = weights * _window(points)

    def inverse(turned: Floats) -> Floats:
        return np.asarray(1 / (np.cos(np.multiply.outer(turned, points)) @ mass), dtype=float)

    fitted = np.polynomial.Chebyshev.interpolate(inverse, 40, [0.0, np.pi * HALF / 2])
    return np.asarray(fitted(2 * np.pi * HALF / _length(count) * np.arange(count)), dtype=float)


def _length(count: int) -> int:
    """Points of a table: twice as many as the nodes on both sides."""
    return int(2 ** np.ceil(np.log2(4 * count)))


# --- the series -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Series:
    """e^{−a(x − start)} P(rest ≤ x), and the same of E (x − rest)⁺, on L points of a period."""

    start: float
    period: float
    damping: float
    width: float
    """The w of the smoothing, harm units; 0 if there is none."""
    mass: float
    mean: float
    coefficients: Complexes
    listed: bool
    """Whether the rest has a density: then the error is of the order of w²."""
    tables: dict[tuple[str, int], Floats] = field(default_factory=dict)

    def _table(self, kind: str, power: int) -> Floats:
        """The sum of coefficients / s^power on the points of a table: of S + w·Z, of the best value, or of the gap."""
        if (kind, power) not in self.tables:
            count = len(self.coefficients)
            s = (2 * self.damping + 2j * np.pi * np.arange(count)) / self.period
            spectrum = self.coefficients * _sharpened(count) / s**power
            if self.width:
                once, twice = _cut_off(count, self.damping)
                spectrum *= {"plain": once, "best": (4 * once - twice) / 3, "gap": once - twice}[kind]
            length = _length(count)
            self.tables[kind, power] = np.fft.irfft(spectrum, length) * (length / self.period)
        return self.tables[kind, power]

    def _read(self, x: Floats, kind: str, power: int = 1) -> Floats:
        """The series at x, any shape: interpolation by a window (Potts, Steidl & Tasche 2001)."""
        table = self._table(kind, power)
        length = len(table)
        place = (x - self.start) / self.period * length
        j = np.floor(place)[..., None] + np.arange(1 - HALF, HALF + 1)
        weight = _window((place[..., None] - j) / HALF) / HALF
        grown = np.exp(2 * self.damping * (x - self.start) / self.period)
        return grown * (weight * table[j.astype(int) % length]).sum(-1)

    @property
    def _folded(self) -> float:
        """Σ_j e^{−2·damping·j}: the sum's other terms, as P(S ≤ x + T) is nearly all of the mass."""
        return 1 / math.expm1(2 * self.damping)

    @property
    def best(self) -> str:
        """The table that is nearest to the truth."""
        return "best" if self.width and self.listed else "plain"

    def below(self, x: Floats, kind: str) -> Floats:
        """P(rest ≤ x), at sizes up to the end of the period."""
        inside = x > self.start - self.width
        read = self._read(np.where(inside, x, self.start), kind) - self._folded * self.mass
        return np.where(inside, read.clip(0.0, self.mass), 0.0)

    def ends(self, x: Floats) -> Floats:
        """Bounds on P(rest ≤ x), (2, …)."""
        if not self.width:
            return self.below(x, "plain") + np.multiply.outer(np.array([-NOISE, NOISE]), np.ones_like(x))
        low, high = self.below(x - self.width, "plain") - ROUGH, self.below(x + self.width, "plain") + ROUGH
        if self.listed:
            beside = np.maximum(x + self.width * np.array([-1, 0, 1]).reshape(3, *(1,) * x.ndim), self.start)
            gap, best = np.abs(self._read(beside, "gap")).max(0), self.below(x, "best")
            low, high = np.maximum(low, best - gap - ROUGH / 10), np.minimum(high, best + gap + ROUGH / 10)
        return np.stack([low, high])

    def shortage(self, x: Floats) -> Floats:
        """E (x − rest)⁺."""
        inside = x > self.start - self.width
        x = np.where(inside, x, self.start)
        beyond = self._folded * (self.mass * (x + self.period) - self.mean) if math.isfinite(self.mean) else 0.0
        return np.where(inside, np.maximum(self._read(x, self.best, 2) - beyond, 0.0), 0.0)
