"""Two engines, one integral: probabilities of a total read off its Laplace transform Φ(s) = E e^{−sS} along a hyperbola.

    P(S ≤ x) = (1/2πi) ∫ e^{sx} Φ(s) ds/s = Re Σ_k weights_k · e^{s_k x} Φ(s_k)

* **contour** (few events): the path leans into the left half plane and e^{sx} dies geometrically (Weideman & Trefethen 2007,
  "Parabolic and hyperbolic contours for computing the Bromwich integral").  It integrates 1 − Φ, so small tails keep digits.
* **series** (many events): the path is nearly the tilted vertical line s = a (1 + i·sinh τ), on which Φ itself dies like a
  Gaussian; everything is centred at the mean, so that N = 10^12 costs no digits.

The crossing a is picked from a geometric grid near the saddle point of a·x + log Φ(a) − log a.  The trapezoid's error falls
from e^{−c} to e^{−2c} when the step is halved, so the rule with every second node tells the error of the whole one.

All this serves distributions that are smooth, and only those: `smoothed` computes the others, and says which they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Bools, Floats, Ints
from .contours import AXIS, LADDER, WITNESSES, Path, crossing, index_of, on_path
from .distribution import Compound
from .transforms import Complexes, exp, expm1

#: A path ends where its terms are smaller than the largest by this factor.
CUT = 1e-19
#: Beyond this exponent a transform's value is an overflow, not a number.
CEILING = 600.0
#: Work goes block by block of about so many nodes, which a processor's nearest memory holds.
TOGETHER = 4000
#: An uncentred tail is read from 1 − Φ up to so many events: its small values keep their digits.
FEW_EVENTS = 60.0
#: Log of what may come back beyond a path's end, as a part of the integral.
NOTHING = -25.0
#: A distribution begins where log P(S ≤ x) is under this.
BEGINNING = -36.0
#: Those of few events start at the first rung, from so many events on at the second; those of many at the first series.
SEVERAL, SERIES = 20.0, 2
#: Spread (sd / mean) of the narrowest severity up to which few events start at the last path, the last but one, ….
#: The wider a path opens, the sooner its two halves agree by luck on a distribution that is nearly one of atoms.
NARROW = (0.2, 0.3, 0.45, 0.45, 0.7)
#: A path with this step or a smaller one tells a tail under this from none as well as any other does.
DONE_STEP, NOISE = 0.08, 3e-12


def _blocks(rows: int, nodes: int) -> Iterator[slice]:
    """Slices that cover the rows."""
    size = max(TOGETHER // nodes, 1)
    return (slice(start, start + size) for start in range(0, rows, size))


# --- where paths cross ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Scales:
    """Neighbouring crossings of the grid (J,), by their index, and log E e^{−aS} there, (B, J)."""

    index: Ints
    exponents: Floats

    @cached_property
    def crossings(self) -> Floats:
        """Where paths may cross the axis, (J,), 1/harm unit."""
        return crossing(self.index)

    @cached_property
    def _lifted(self) -> Floats:
        return self.exponents - np.log(self.crossings)

    @cached_property
    def beginning(self) -> Floats:
        """Sizes (B,) of which Chernoff's bound says that no total is smaller: P(S ≤ x) ≤ E e^{−a(S − x)} for every a > 0."""
        return np.maximum(((BEGINNING - self.exponents) / self.crossings).max(1), 0.0)

    def take(self, rows: Ints) -> Scales:
        """The grid with some of the distributions."""
        return self if len(rows) == len(self.exponents) else Scales(self.index, self.exponents[rows])

    def pick(self, x: Floats, few: Bools) -> tuple[Ints, Floats]:
        """For each distribution the crossing for P(S ≤ x), and log of Chernoff's bound on it (B,); `few` has few events."""
        grown = x[:, None] * self.crossings
        saddle = (self._lifted + grown).argmin(1)
        grown += self.exponents
        bound = grown.min(1)
        rows = np.flatnonzero((bound < -2) & ~few)
        saddle[rows] = np.minimum(saddle[rows], (grown[rows] < -2).argmax(1))
        return saddle, bound


def scales_of(compound: Compound, low: float, high: float) -> Scales:
    """The grid for totals between two sizes, in harm units."""
    index = index_of(low, high)
    parts: Any = [on_path(sv, AXIS, index, centred=False).real[:, 0] for sv in compound.severities]
    s: Any = np.broadcast_to(crossing(index), (len(compound), len(index)))  # real: then all of it is, and quick
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        exponents: Any = compound.exponent(s, parts, centred=False)
    return Scales(index, np.nan_to_num(exponents, nan=np.inf, posinf=np.inf, neginf=-np.inf))


# --- nodes in place ---------------------------------------------------------------------------------------------------


class Chances(NamedTuple):
    """What is read at sizes x, (B,) each: P(S > x), the density and its two derivatives, and the probability's error."""

    tail: Floats
    density: Floats
    slope: Floats
    bend: Floats
    error: Floats


@dataclass(frozen=True, eq=False)
class Placed:
    """Nodes s (B, K) in place for B distributions, with weights · values of Φ: probabilities at any x near `at`."""

    inside: bool
    """Whether the terms add up to P(S ≤ x), or else to P(S > x)."""
    path: Path
    scale: Floats
    at: Floats
    centre: Floats
    terms: Complexes
    mean: Floats
    sunk: Bools
    """Where Chernoff's bound says that P(S ≤ x) is nothing, (B,)."""
    lost: Bools
    """Where the path does not serve the distribution, (B,)."""

    def _nodes(self, rows: slice) -> Complexes:
        nodes: Complexes = self.scale[rows, None] * self.path.nodes[: self.terms.shape[1]]
        return nodes

    def _grown(self, x: Floats, rows: slice) -> Complexes:
        # The part of e^{sx} that would overflow is in `terms`: they were scaled for `at`.
        away = (x - self.at)[rows]
        if not away.any():
            return self.terms[rows]
        grown = exp(self._nodes(rows) * away[:, None])
        grown *= self.terms[rows]
        return grown

    def chances(self, x: Floats) -> Chances:
        """Probability, density and its derivatives, and error at x, (B,), x > 0."""
        sums, error = np.empty((len(x), 5)), np.empty(len(x))
        with np.errstate(over="ignore", invalid="ignore"):
            for rows in _blocks(*self.terms.shape):
                grown = self._grown(x, rows)
                sums[rows] = grown.view(float) @ self.path.sums
                error[rows] = self._error(np.abs(grown), np.abs(sums[rows, 4]))
            sign = np.where(self.sunk, 0.0, 1.0 if self.inside else -1.0)
            derivatives = [sign * sums[:, j] * self.scale**j for j in (1, 2, 3)]
            tail = np.where(self.sunk, 1.0, 1 - sums[:, 0] if self.inside else sums[:, 0])
        error = np.where(self.sunk, 1e-16, np.where(np.isfinite(error) & ~self.lost, error, np.inf))
        return Chances(tail, derivatives[0], derivatives[1], derivatives[2], error)

    def _error(self, size: Floats, gap: Floats) -> Floats:
        """Discretisation, truncation and rounding, from the terms' sizes (b, K) and the gap to every second node (b,)."""
        largest = np.maximum(size.max(1), 1e-300)
        rounding = 4e-16 * size.sum(1) + (2e-16 if self.inside else 0.0)
        return np.minimum(gap, 2 * gap**2 / largest) + size[:, -1] + rounding

    def excess(self, x: Floats) -> Floats:
        """E (S − x)⁺, (B,), harm units; from ∫ e^{sx} Φ(s) ds/s² = E (x − S)⁺."""
        value = np.empty(len(x))
        with np.errstate(over="ignore", invalid="ignore"):
            for rows in _blocks(*self.terms.shape):
                value[rows] = (self._grown(x, rows) / self._nodes(rows)).real.sum(1)
            above = (self.mean - self.centre) + value - (x - self.centre) if self.inside else self.mean - value
        return np.where(self.sunk, self.mean - x, above)

    def take(self, rows: Bools) -> Placed:
        """The nodes of some of the distributions."""
        arrays = ("scale", "at", "centre", "terms", "mean", "sunk", "lost")
        return replace(self, **{name: getattr(self, name)[rows] for name in arrays})


def place(compound: Compound, x: Floats, path: Path, scales: Scales, *, centred: bool) -> Placed:
    """Put nodes in place for the probabilities of B distributions at x (B,), x > 0."""
    centre = compound.centre if centred else np.zeros(len(compound))
    few = compound.events < FEW_EVENTS
    inside = centred or float(compound.events.max(initial=0.0)) > FEW_EVENTS
    picked, bound = scales.pick(x, few)
    used, where = np.unique(picked, return_inverse=True)
    tables = [on_path(severity, path, scales.index[used], centred=centred) for severity in compound.severities]
    scale, count = scales.crossings[picked], len(path.weights)
    nodes = path.nodes if few.any() else path.nodes[:count]
    terms, lost = np.empty((len(x), count), dtype=complex), np.zeros(len(x), dtype=bool)
    for rows in _blocks(len(x), len(nodes)):
        parts = [table[where[rows], : len(nodes)] for table in tables]
        if not centred:  # an event that is larger than x for certain counts as infinite: E e^{−sY} is 0, not e^{−s·smallest}
            for part, least in zip(parts, compound.least, strict=True):
                part[x[rows] < least] = -1.0
        s, some = scale[rows, None] * nodes, compound if len(nodes) * len(x) <= TOGETHER else compound.take(rows)
        with np.errstate(over="ignore", invalid="ignore"):
            exponent = some.exponent(s, parts, centred=centred)
            if len(nodes) > count:
                lost[rows] = few[rows] & _alive_above(s[:, count - 1 :], x[rows], centre[rows], exponent[:, count - 1 :])
                s, exponent = s[:, :count], exponent[:, :count]
            travel = s * (x - centre)[rows, None]
            terms[rows] = _terms(travel, exponent, inside=inside) * path.weights
            lost[rows] |= _returning(some, s[:, -1:], x[rows], [part[:, count - 1 : count] for part in parts], centred)
        lost[rows] |= _cut(terms[rows])
    return Placed(inside, path, scale, x, centre, terms, compound.mean, bound < -60, lost)


def _terms(travel: Complexes, exponent: Complexes, *, inside: bool) -> Complexes:
    """e^{sx} Φ(s), or e^{sx} (1 − Φ(s)), (b, K)."""
    if inside:
        travel += exponent
        np.minimum(travel.real, CEILING, out=travel.real)
        return exp(travel)
    terms = exp(travel)
    np.negative(terms, out=terms)
    terms *= expm1(exponent)
    return terms


def _alive_above(s: Complexes, x: Floats, centre: Floats, exponent: Complexes) -> Bools:
    """Whether e^{sx} Φ(s) may not be dead straight above the end of the path, (B,): then the path leans too far.

    A path that ends where the integrand is dead may be continued upwards to infinity, if it stays dead there.  With narrow
    severities, a distribution is nearly one of atoms, and its transform does not die on vertical lines.  The phase of Φ turns
    as its size grows, so its logarithm's imaginary part counts as size.
    """
    phi = exponent - s * centre[:, None] if centre.any() else exponent
    size = s.real * x[:, None] + np.maximum(phi.real + np.abs(phi.imag), 0.0)
    return np.logical_not(size.max(1) < NOTHING)


def _returning(compound: Compound, s: Complexes, x: Floats, parts: list[Complexes], centred: bool) -> Bools:
    """Whether atoms may bring Φ back straight above the end s (b, 1) of a path, though densities are there, (b,).

    The transform of an atom only turns on a vertical line and those of densities shrink: |Φ| is at most what it would be if all
    sizes came together as they are at the end.
    """
    if compound.smooth.all():
        return np.zeros(len(x), dtype=bool)
    means = [severity.mean if centred and np.isfinite(severity.mean) else 0.0 for severity in compound.severities]
    sizes = [np.abs(1 + part - s * mean) - 1 for part, mean in zip(parts, means, strict=True)]
    bound = compound.exponent(np.ones((len(x), 1)), sizes, centred=False)[:, 0] + s[:, 0].real * x
    return ~compound.smooth & ~(bound < NOTHING)


def _cut(terms: Complexes) -> Bools:
    """Nothing more is added once the terms have died: further out a transform may grow again, off the true path.

    Whether they overflowed before they died, (B,).
    """
    size = np.abs(terms)
    alive = (size > CUT * size[:, :1]) & (size < np.inf)
    some = np.flatnonzero(~alive.all(1))
    first = alive[some].argmin(1)
    last = size[some, np.maximum(first - 1, 0)]
    broken = np.zeros(len(size), dtype=bool)
    broken[some] = ~np.isfinite(size[some, first]) & ((first == 0) | (last > 1e-13 * size[some, 0]))
    terms[some] = np.where(np.arange(size.shape[1]) < first[:, None], terms[some], 0.0)
    return broken


# --- readings ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Reading:
    """Probabilities of B distributions near the x (B,) where they were read, each by the first rung that serves it."""

    at: Floats
    error: Floats
    """Estimated error of P(S > x), (B,)."""
    rung: Ints
    scale: Floats
    groups: tuple[tuple[Ints, Placed], ...]
    compound: Compound
    """For sizes under twice the smallest event, where probabilities are exact."""

    def chances(self, x: Floats) -> Chances:
        """Probability, density and its derivatives (nan where probabilities are exact), and error at x, (B,)."""
        if len(self.groups) == 1 and len(self.groups[0][0]) == len(x):
            found = self.groups[0][1].chances(x)
        else:
            columns = np.zeros((5, len(x)))
            columns[0] = -np.expm1(self.compound.log_none)
            for rows, placed in self.groups:
                columns[:, rows] = placed.chances(x[rows])
            found = Chances(*columns)
        found = found._replace(tail=found.tail.clip(0.0, 1.0), density=np.maximum(found.density, 0.0))
        exact = np.flatnonzero(x < 2 * self.compound.edge)
        if len(exact):
            found.tail[exact], found.density[exact], _ = self.compound.take(exact).near_edge(x[exact])
            found.slope[exact] = found.bend[exact] = np.nan
        return found

    def excess(self) -> Floats:
        """E (S − x)⁺ at the x of the reading, (B,), harm units."""
        found = np.full(len(self.at), np.nan)
        for rows, placed in self.groups:
            found[rows] = placed.excess(self.at[rows])
        exact = np.flatnonzero(self.at < 2 * self.compound.edge)
        if len(exact):
            found[exact] = self.compound.take(exact).near_edge(self.at[exact])[2]
        return found


def first_rung(compound: Compound) -> Ints:
    """The rung at which each distribution starts, (B,): a few narrow severities need a path that hardly leans."""
    narrow = len(LADDER) - 1 - np.searchsorted(NARROW, compound.narrowest)
    return np.where(compound.events < FEW_EVENTS, np.maximum(narrow, compound.events > SEVERAL), SERIES)


def read(
    compound: Compound,
    x: Floats,
    scales: Scales,
    *,
    start: Ints,
    tolerance: float = 2e-8,
    floor: Floats | float = 1e-6,
) -> Reading:
    """Read B distributions at x (B,): up the ladder until the estimated error is small beside the tail and what is below.

    A probability below `floor`, (B,) or one for all, is as small as it.
    """
    least, served = np.broadcast_to(floor, x.shape), x >= 2 * compound.edge
    error, rung, scale = np.zeros(len(x)), np.array(start), np.full(len(x), 1e300)
    groups: list[tuple[Ints, Placed]] = []
    many = compound.events >= FEW_EVENTS  # then a series is centred; of few events every digit is in 1 − Φ
    for level, step in enumerate(LADDER):
        reached = np.flatnonzero(served & (rung == level))
        if not len(reached):
            continue
        series = many[reached] & (step.engine == "series")
        for rows, centred in ((reached[~series], False), (reached[series], True)):
            if not len(rows):
                continue
            part = compound if len(rows) == len(x) else compound.take(rows)
            placed = place(part, x[rows], step.path, scales.take(rows), centred=centred)
            tail, *_, found = placed.chances(x[rows])
            fine = found <= tolerance * np.maximum(np.minimum(tail, 1 - tail), least[rows]) + 1e-15
            fine |= (step.path.step <= DONE_STEP) & (tail + found < NOISE)
            fine |= level == len(LADDER) - 1  # nothing is left to climb to: the error says what is wrong
            error[rows], scale[rows] = found, placed.scale
            rung[rows[~fine]] += 2 if level == SERIES - 1 else 1  # the first series serves many events only
            groups.append((rows, placed) if fine.all() else (rows[fine], placed.take(fine)))
    return Reading(x, error, rung, scale, tuple(groups), compound)


def by_other_engine(compound: Compound, x: Floats, scales: Scales, reading: Reading) -> tuple[Floats, Floats]:
    """The same tails by the engine that did not make the reading, and its estimated error, (B,); nan if it cannot tell."""
    exact = x < 2 * compound.edge
    tail, error = np.where(exact, reading.chances(x).tail, np.nan), np.where(exact, 0.0, np.inf)
    by_series = reading.rung >= SERIES
    narrow = (compound.narrowest < NARROW[-1]) & (compound.events < FEW_EVENTS)
    for kind in (False, True):
        for engine, path in WITNESSES[kind]:
            rows = np.flatnonzero((by_series == kind) & ~(error < 1e-10) & (~narrow | (path is WITNESSES[kind][-1][1])))
            if len(rows):
                part, grid = compound.take(rows), scales.take(rows)
                placed = place(part, x[rows], path, grid, centred=engine == "series")
                found = placed.chances(x[rows])
                tail[rows], error[rows] = found.tail, found.error
    return np.where(error < 1e-6, tail, np.nan), error
