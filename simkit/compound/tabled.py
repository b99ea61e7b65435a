"""Chances of many laws of densities at many sizes: read on a grid of log sizes, and interpolated between.

A reading gives a chance and three derivatives, so that the polynomial of degree 7 that agrees with all of them at both ends
of a cell is off by a few times 10^−7 (cell / width)^8 (Hermite's interpolation; Stoer & Bulirsch, *Introduction to Numerical
Analysis*, 2.1.5).  The same from every second point of the grid, which is some hundred times worse, tells the error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats, Ints
from .inversion import first_rung, read
from .laws import Laws
from .placed import Scales

#: Cells in log size: the widest, as a fraction of a law's relative width, and the narrowest.
WIDEST, OF_WIDTH, NARROWEST = 0.1, 0.4, 0.004
#: Readings are made for so many sizes at a time.
BLOCK = 4000
#: An error of every second point that calls for cells of half the width; the same error over this is that of all.
COARSE, GAIN = 2e-8, 64.0


@dataclass(frozen=True, eq=False)
class Cells:
    """P(D > e^τ) of B laws with its derivatives in τ: values (4, B, J) at τ = start + cell · j."""

    start: float
    cell: float
    values: Floats
    error: Floats
    """Estimated error of the chances in each cell, (B, J − 1)."""
    rough: float
    """How far a grid of every second point is off, more than its readings are."""

    def at(self, law: Ints, t: Floats) -> tuple[Floats, Floats, Floats]:
        """P(D > t), the density of D and the chance's error, for laws (n,) at t (n,) from the start to the end."""
        place = (np.log(t) - self.start) / self.cell
        j = np.floor(place).astype(int).clip(0, self.values.shape[2] - 2)
        part = np.clip(place - j, 0.0, 1.0)
        chance, slope = _hermite(self.values[:, law, j], self.values[:, law, j + 1], part, self.cell)
        return chance, np.maximum(-slope / t, 0.0), self.error[law, j]


@dataclass(frozen=True, eq=False)
class Tabled:
    """The same of laws with cells of several widths: `place` (2, B) has the group of each law and its number there."""

    groups: tuple[Cells, ...]
    place: Ints

    @property
    def end(self) -> float:
        """The largest log size."""
        return min(cells.start + cells.cell * (cells.values.shape[2] - 1) for cells in self.groups)

    def at(self, law: Ints, t: Floats) -> tuple[Floats, Floats, Floats]:
        """P(D > t), the density of D and the chance's error, for laws (n,) at t (n,) from the start to the end."""
        if len(self.groups) == 1:
            return self.groups[0].at(law, t)
        found, group = np.empty((3, len(t))), self.place[0, law]
        for number, cells in enumerate(self.groups):
            some = np.flatnonzero(group == number)
            found[:, some] = cells.at(self.place[1, law[some]], t[some])
        return found[0], found[1], found[2]


def tabled(laws: Laws, scales: Scales, low: float, high: float) -> Tabled:
    """Chances of B laws of lognormals and gammas for sizes from `low` to `high`, harm units.

    Laws of few events are smoother and get wider cells; a law's narrow cells begin where it does.
    """
    most = laws.events + 9 * np.sqrt(laws.events) + 1
    width = np.minimum(laws.narrowest, 1.0) / np.sqrt(most)
    halvings = np.ceil(np.log2(WIDEST / np.clip(OF_WIDTH * width, NARROWEST, WIDEST)) - 1e-9).astype(int)
    groups: list[Cells] = []
    place = np.empty((2, len(laws)), dtype=int)
    for halved in np.unique(halvings).tolist():
        rows = np.flatnonzero(halvings == halved)
        place[0, rows], place[1, rows] = len(groups), np.arange(len(rows))
        groups.append(_refined(laws.take(rows), scales.take(rows), np.log(low), np.log(high), WIDEST / 2**halved))
    return Tabled(tuple(groups), place)


def _refined(laws: Laws, scales: Scales, start: float, end: float, cell: float) -> Cells:
    while True:
        made = _cells(laws, scales, start, end, cell)
        if made.rough <= COARSE or cell < 2 * NARROWEST:
            return made
        cell /= 2


def _cells(laws: Laws, scales: Scales, start: float, end: float, cell: float) -> Cells:
    count = 2 * (int((end - start) / cell) // 2) + 3
    size = np.exp(start + cell * np.arange(count))
    values, lost = np.zeros((4, len(laws), count)), np.zeros((len(laws), count))
    values[0] = -np.expm1(laws.log_none)[:, None]
    law, column = np.nonzero(size >= scales.beginning[:, None])  # under which no total is, nearly
    t, rungs = size[column], first_rung(laws)
    for first in range(0, len(t), BLOCK):
        some = slice(first, first + BLOCK)
        reading = read(laws.take(law[some]), t[some], scales.take(law[some]), start=rungs[law[some]], floor=1e-4)
        tail, density, slope, bend, lost[law[some], column[some]] = reading.chances(t[some])
        one, two, three = t[some] * density, t[some] ** 2 * slope, t[some] ** 3 * bend
        values[:, law[some], column[some]] = tail, -one, -one - two, -one - 3 * two - three
    left, right = values[:, :, :-2:2], values[:, :, 2::2]
    gap = np.abs(_hermite(left, right, 0.5, 2 * cell)[0] - values[0, :, 1:-1:2])
    own = np.maximum(np.maximum(lost[:, :-2:2], lost[:, 2::2]), lost[:, 1:-1:2])
    rough = float(np.maximum(gap - 8 * own, 0.0).max())
    return Cells(start, cell, values, np.repeat(gap / GAIN + own, 2, axis=1), rough)


def _hermite(left: Floats, right: Floats, part: Floats | float, cell: float) -> tuple[Floats, Floats]:
    """The value and the slope of the polynomial with the given value and derivatives (4, …) at both ends of a cell."""
    scale = (cell ** np.arange(4) / [1, 1, 2, 6]).reshape(4, *(1,) * (left.ndim - 1))
    a = left * scale  # Taylor's coefficients at the left end, in parts of the cell
    b: NDArray[np.float64] = right * scale
    # What is left of the value and derivatives at the right end once the first four terms are taken away.
    r0 = b[0] - (a[0] + a[1] + a[2] + a[3])
    r1 = b[1] - (a[1] + 2 * a[2] + 3 * a[3])
    r2 = b[2] - (a[2] + 3 * a[3])
    r3 = b[3] - a[3]
    more = (
        35 * r0 - 15 * r1 + 5 * r2 - r3,
        -84 * r0 + 39 * r1 - 14 * r2 + 3 * r3,
        70 * r0 - 34 * r1 + 13 * r2 - 3 * r3,
        -20 * r0 + 10 * r1 - 4 * r2 + r3,
    )
    terms = [a[0], a[1], a[2], a[3], *more]
    value, slope = terms[-1] + np.zeros_like(r0), np.zeros_like(r0)
    for term in reversed(terms[:-1]):
        slope = slope * part + value
        value = value * part + term
    return value, slope / cell
