"""Two engines, one integral: chances of a total read off its Laplace transform Φ(s) = E e^{−sS} along a hyperbola.

    P(S ≤ x) = (1/2πi) ∫ e^{sx} Φ(s) ds/s,  s = a (1 + i·sinh τ · cos α − cosh τ · sin α)/(1 − sin α),  trapezoid in τ

* **contour** (few events): α is large, the path leans into the left half plane and e^{sx} dies geometrically (Weideman &
  Trefethen 2007, "Parabolic and hyperbolic contours for computing the Bromwich integral").  It integrates 1 − Φ, so small
  tails keep their digits.
* **series** (many events): the path is nearly the tilted vertical line s = a (1 + i·sinh τ), on which Φ itself dies like a
  Gaussian; everything is centred at the mean, so that N = 10^12 costs no digits.

The crossing a is picked from a geometric grid near the saddle point of a·x + log Φ(a) − log a.  Laws share the grid, hence the
transforms of their severities.  The trapezoid rule's error falls from e^{−c} to e^{−2c} when the step is halved, so the
rule with every second node tells the error of the whole one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Floats, Ints
from .laws import Laws
from .paths import LADDER, WITNESSES, Line
from .placed import FEW_EVENTS, Chances, Placed, Scales, place, place_on_line

#: Laws of few events start at the first rung, from so many events on at the second; those of many at the first series; those
#: in which lumps stand apart go to the line.
SEVERAL, SERIES, LINE = 20.0, 2, 6
#: Spread (sd / mean) of the narrowest severity up to which a law of few events starts at the last path, the last but one, ….
#: The wider a path opens, the sooner its two halves agree by luck on a law that is nearly one of atoms.
NARROW = (0.2, 0.3, 0.45, 0.45, 0.7)
#: Spread up to which no leaning path is to be trusted.
NARROWEST = 0.045
#: A path with this step or a smaller one tells a tail under this from none as well as any other does.
DONE_STEP, NOISE = 0.08, 3e-12


@dataclass(frozen=True, eq=False)
class Reading:
    """Chances of B laws near the x (B,) where they were read, each by the first rung of the ladder that serves it."""

    at: Floats
    error: Floats
    """Estimated error of P(S > x), (B,)."""
    rung: Ints
    scale: Floats
    groups: tuple[tuple[Ints, Placed], ...]
    laws: Laws
    """For sizes under twice the smallest event, where chances are exact."""

    def chances(self, x: Floats) -> Chances:
        """Probability, density and its derivatives (nan where chances are exact), and error at x, (B,)."""
        if len(self.groups) == 1 and len(self.groups[0][0]) == len(x):
            found = self.groups[0][1].chances(x)
        else:
            columns = np.zeros((5, len(x)))
            columns[0] = -np.expm1(self.laws.log_none)
            for rows, placed in self.groups:
                columns[:, rows] = placed.chances(x[rows])
            found = Chances(*columns)
        found = found._replace(tail=found.tail.clip(0.0, 1.0), density=np.maximum(found.density, 0.0))
        exact = np.flatnonzero(x < 2 * self.laws.edge)
        if len(exact):
            found.tail[exact], found.density[exact], _ = self.laws.take(exact).near_edge(x[exact])
            found.slope[exact] = found.bend[exact] = np.nan
        return found

    def tail_and_density(self, x: Floats) -> tuple[Floats, Floats]:
        """P(S > x) and the density at x, (B,)."""
        found = self.chances(x)
        return found.tail, found.density

    def excess(self) -> Floats:
        """E (S − x)⁺ at the x of the reading, (B,), harm units."""
        found = np.full(len(self.at), np.nan)
        for rows, placed in self.groups:
            found[rows] = placed.excess(self.at[rows])
        exact = np.flatnonzero(self.at < 2 * self.laws.edge)
        if len(exact):
            found[exact] = self.laws.take(exact).near_edge(self.at[exact])[2]
        return found


def first_rung(laws: Laws) -> Ints:
    """The rung at which each law starts, (B,): a few narrow severities need a path that hardly leans."""
    narrow = LINE - 1 - np.searchsorted(NARROW, laws.narrowest)
    first = np.where(laws.events < FEW_EVENTS, np.maximum(narrow, laws.events > SEVERAL), SERIES)
    leaning = (laws.events < FEW_EVENTS) & (laws.narrowest > NARROWEST)
    return np.where(laws.lumpy & laws.dying & ~leaning, LINE, first)


def read(
    laws: Laws,
    x: Floats,
    scales: Scales,
    *,
    start: Ints,
    tolerance: float = 2e-8,
    floor: Floats | float = 1e-6,
    lattice: float = 0.0,
) -> Reading:
    """Read B laws at x (B,): up the ladder until the estimated error is small beside the tail and what is below.

    A chance below `floor`, (B,) or one for all, is as small as it.
    """
    least, served = np.broadcast_to(floor, x.shape), x >= 2 * laws.edge
    error, rung, scale = np.zeros(len(x)), np.array(start), np.full(len(x), 1e300)
    groups: list[tuple[Ints, Placed]] = []
    resolved, unseen = laws.lumpy & laws.dying, laws.lumpy & ~laws.dying
    many = laws.events >= FEW_EVENTS  # then a series is centred; of few events every digit is in 1 − Φ
    for level, step in enumerate(LADDER):
        reached = np.flatnonzero(served & (rung == level))
        if not len(reached):
            continue
        series = many[reached] & (step.engine == "series")
        for rows, centred in ((reached[~series], False), (reached[series], True)):
            if not len(rows):
                continue
            part = laws if len(rows) == len(x) else laws.take(rows)
            path, grid = step.path, scales.take(rows)
            if isinstance(path, Line):
                placed = place_on_line(part, x[rows], path, grid)
            else:
                placed = place(part, x[rows], path, grid, centred=centred, lattice=lattice)
            tail, *_, found = placed.chances(x[rows])
            found[unseen[rows] & centred] = np.inf  # lumps that no leaning path sees
            fine = found <= tolerance * np.maximum(np.minimum(tail, 1 - tail), least[rows]) + 1e-15
            fine |= (step.path.step <= DONE_STEP) & (tail + found < NOISE)
            if level >= LINE - 1:  # where nothing is left to climb to, the error says what is wrong
                fine |= ~resolved[rows] | (level == LINE)
            error[rows], scale[rows] = found, placed.scale
            rung[rows[~fine]] += 2 if level == SERIES - 1 else 1  # the first series serves many events only
            groups.append((rows, placed) if fine.all() else (rows[fine], placed.take(fine)))
    return Reading(x, error, rung, scale, tuple(groups), laws)


def witness(laws: Laws, x: Floats, scales: Scales, reading: Reading, lattice: float = 0.0) -> tuple[Floats, Floats]:
    """The same tails by the engine that did not make the reading, and its estimated error, (B,); nan if it cannot tell."""
    exact = x < 2 * laws.edge
    tail, error = np.where(exact, reading.tail_and_density(x)[0], np.nan), np.where(exact, 0.0, np.inf)
    by_series = reading.rung >= SERIES
    narrow = (laws.narrowest < NARROW[-1]) & (laws.events < FEW_EVENTS)
    for kind in (False, True):
        for engine, path in WITNESSES[kind]:
            rows = np.flatnonzero((by_series == kind) & ~(error < 1e-10) & (~narrow | (path is WITNESSES[kind][-1][1])))
            if len(rows):
                part, grid = laws.take(rows), scales.take(rows)
                placed = place(part, x[rows], path, grid, centred=engine == "series", lattice=lattice)
                found = placed.chances(x[rows])
                tail[rows], error[rows] = found.tail, found.error
    seen = (error < 1e-6) & ~(laws.lumpy & (laws.events >= FEW_EVENTS))
    return np.where(seen, tail, np.nan), error
