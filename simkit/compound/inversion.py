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

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Literal

import numpy as np

from ..arrays import Bools, Floats, Ints
from .laws import Laws
from .transforms import Complexes

__all__ = ["LADDER", "Path", "Placed", "Reading", "Rung", "Scales", "place", "read", "witness"]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


#: Neighbouring crossings differ by a factor of e^STEP.
STEP = 0.5
#: A path ends where its terms are smaller than the largest by this factor.
CUT = 1e-19
#: Beyond this exponent a transform's value is an overflow, not a number.
CEILING = 600.0


@dataclass(frozen=True)
class Path:
    """A hyperbola: half of its opening angle beyond the vertical, step and end of τ."""

    angle: float
    step: float
    end: float

    @cached_property
    def nodes(self) -> Complexes:
        """s/a at τ = 0, step, …, (K,), and at six more points straight above the last; the lower half is the mirror image."""
        tau = np.arange(0, self.end, self.step)
        shape = 1 + 1j * np.sinh(tau) * math.cos(self.angle) - np.cosh(tau) * math.sin(self.angle)
        above = shape[-1].real + 1j * shape[-1].imag * np.array([1.3, 1.7, 2.3, 3.5, 6.0, 12.0])
        return np.asarray(np.append(shape, above) / (1 - math.sin(self.angle)), dtype=complex)

    @cached_property
    def weights(self) -> Complexes:
        """(step/π) · ds/dτ / (i·s), (K,): Re Σ weights · e^{sx} Φ(s) is P(S ≤ x)."""
        tau = np.arange(0, self.end, self.step)
        slope = 1j * np.cosh(tau) * math.cos(self.angle) - np.sinh(tau) * math.sin(self.angle)
        slope = slope / (1j * (1 - math.sin(self.angle)))
        weights = np.asarray(self.step / math.pi * slope / self.nodes[: len(tau)], dtype=complex)
        weights[0] /= 2
        return weights


@dataclass(frozen=True)
class Rung:
    """An engine with one of its paths; a law that a rung cannot serve goes to the next."""

    engine: Literal["contour", "series"]
    path: Path


#: From the quickest to the most patient; a law starts at the first whose number of events is not exceeded.
LADDER = (
    Rung("contour", Path(0.9, 0.14, 3.0)),
    Rung("contour", Path(0.6, 0.12, 3.8)),
    Rung("series", Path(0.5, 0.125, 4.4)),
    Rung("series", Path(0.35, 0.08, 5.0)),
    Rung("series", Path(0.15, 0.03, 6.4)),
    Rung("series", Path(0.05, 0.01, 7.6)),
)
MOST_EVENTS = (8.0, 30.0)
#: Spread (sd / mean) of the narrowest severity up to which a law of few events starts at the last rung, the last but one, ….
NARROW = (0.15, 0.45, 0.7, 0.7, 0.7)
#: The second opinion on each rung of the ladder: the other engine, with another path.
WITNESSES = (
    (Rung("series", Path(0.35, 0.08, 5.0)), Rung("series", Path(0.15, 0.03, 6.4))),
    (Rung("contour", Path(0.4, 0.08, 4.8)), Rung("contour", Path(0.08, 0.014, 7.0))),
)
#: A path with this step or a smaller one tells a tail under this from none as well as any other does.
DONE_STEP, NOISE = 0.08, 3e-12
#: An uncentred tail is read from 1 − Φ up to so many events: its small values keep their digits.
FEW_EVENTS = 60.0


# --- where paths cross ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Scales:
    """A geometric grid of crossings (J,) and log E e^{−aS} there, (B, J)."""

    crossings: Floats
    exponents: Floats

    def take(self, rows: Ints) -> Scales:
        """The grid with some of the laws."""
        return self if len(rows) == len(self.exponents) else Scales(self.crossings, self.exponents[rows])

    def pick(self, x: Floats) -> tuple[Ints, Floats]:
        """For each law the crossing for P(S ≤ x), and log of Chernoff's bound on it (B,)."""
        rise = self.exponents + self.crossings * x[:, None]
        saddle = (rise - np.log(self.crossings)).argmin(1)
        sunk = rise < -2
        first = np.where(sunk.any(1), sunk.argmax(1), rise.shape[1])
        return np.minimum(saddle, first), rise.min(1)


def scales_of(laws: Laws, low: float, high: float) -> Scales:
    """The grid for totals between two sizes, in harm units."""
    first, last = math.floor(-math.log(high) / STEP), math.ceil(-math.log(low) / STEP)
    crossings = np.exp(STEP * np.arange(first, last + 1))
    parts: Any = laws.transforms(crossings, np.ones(1, dtype=complex), centred=False).real[..., 0]
    s: Any = np.broadcast_to(crossings, (len(laws), len(crossings)))  # real: then all of it is, and quick
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        exponents: Any = laws.exponent(s, parts[:, None, :], centred=False)
    return Scales(crossings, np.nan_to_num(exponents, nan=np.inf, posinf=np.inf, neginf=-np.inf))


# --- nodes in place ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Placed:
    """Nodes s (B, K) in place for B laws, with weights · values of the transform: chances at any x near `at`."""

    inside: bool
    """Whether the terms add up to P(S ≤ x), or else to P(S > x)."""
    scale: Floats
    at: Floats
    centre: Floats
    s: Complexes
    terms: Complexes
    mean: Floats
    sunk: Bools
    """Where Chernoff's bound says that P(S ≤ x) is nothing, (B,)."""
    lost: Bools
    """Where the path does not serve the law, (B,)."""

    def _grown(self, x: Floats) -> Complexes:
        # The part of e^{sx} that would overflow is in `terms`: they were scaled for `at`.
        with np.errstate(over="ignore", invalid="ignore"):
            return np.exp(self.s * (x - self.at)[:, None]) * self.terms

    def tail_and_density(self, x: Floats) -> tuple[Floats, Floats]:
        """P(S > x) and the density at x, (B,), x > 0."""
        grown = self._grown(x)
        value, slope = grown.real.sum(1), (grown * self.s).real.sum(1)
        tail, density = (1 - value, slope) if self.inside else (value, -slope)
        return np.where(self.sunk, 1.0, tail), np.where(self.sunk, 0.0, density)

    def excess(self, x: Floats) -> Floats:
        """E (S − x)⁺, (B,), harm units; from ∫ e^{sx} Φ(s) ds/s² = E (x − S)⁺."""
        value = (self._grown(x) / self.s).real.sum(1)
        above = (self.mean - self.centre) + value - (x - self.centre) if self.inside else self.mean - value
        return np.where(self.sunk, self.mean - x, above)

    def take(self, rows: Bools) -> Placed:
        """The nodes of some of the laws."""
        floats = {name: getattr(self, name)[rows] for name in ("scale", "at", "centre", "mean")}
        return Placed(self.inside, s=self.s[rows], terms=self.terms[rows], sunk=self.sunk[rows], lost=self.lost[rows], **floats)

    def error(self, x: Floats) -> Floats:
        """Estimated error of the tail at x, (B,): discretisation, truncation and rounding."""
        grown = self._grown(x)
        size = np.abs(grown)
        gap = grown.real.sum(1) - 2 * grown.real[:, ::2].sum(1)
        largest = np.maximum(size.max(1), 1e-300)
        rounding = 4e-16 * size.sum(1) + (2e-16 if self.inside else 0.0)
        with np.errstate(over="ignore"):
            found = np.minimum(np.abs(gap), 2 * gap**2 / largest) + size[:, -1] + rounding
        return np.where(self.sunk, 1e-16, np.where(np.isfinite(found) & ~self.lost, found, np.inf))


def place(laws: Laws, x: Floats, path: Path, scales: Scales, *, centred: bool, lattice: float = 0.0) -> Placed:
    """Put nodes in place for the chances of B laws at x (B,), x > 0.

    With a `lattice` span h every total is a multiple of h, and 1/s becomes h/(1 − e^{−sh}), which is exact for it.
    """
    centre = laws.centre if centred else np.zeros(len(laws))
    inside = centred or bool(lattice) or float(laws.events.max(initial=0.0)) > FEW_EVENTS
    picked, bound = scales.pick(x)
    used, where = np.unique(picked, return_inverse=True)
    parts = laws.transforms(scales.crossings[used], path.nodes, centred=centred)[:, where]
    if not centred:  # an event that is larger than x for certain counts as infinite: E e^{−sY} is 0, not e^{−s·smallest}
        for m, least in enumerate(laws.least):
            parts[m, x < least] = -1.0
    s: Complexes = scales.crossings[picked][:, None] * path.nodes
    with np.errstate(over="ignore", invalid="ignore"):
        exponent = laws.exponent(s, parts, centred=centred)
    travel = s * (x - centre)[:, None]
    count = len(path.weights)
    beyond = slice(count - 1, None)
    lost = _alive_above((s * x[:, None])[:, beyond], (exponent - s * centre[:, None])[:, beyond])
    lost &= laws.events < FEW_EVENTS
    s, exponent, travel = s[:, :count], exponent[:, :count], travel[:, :count]
    weights = np.broadcast_to(path.weights, s.shape)
    if lattice:
        weights = weights * (s * lattice / -np.expm1(-s * lattice))
    with np.errstate(over="ignore", invalid="ignore"):
        if inside:
            exponent += travel
            exponent.real = np.minimum(exponent.real, CEILING)
            terms = weights * np.exp(exponent)
        else:
            terms = weights * np.exp(travel) * -np.expm1(exponent)
    lost |= _cut(terms)
    sunk = bound < -60
    scale = scales.crossings[picked]
    return Placed(inside, scale=scale, at=x, centre=centre, s=s, terms=terms, mean=laws.mean, sunk=sunk, lost=lost)


def _alive_above(travel: Complexes, exponent: Complexes) -> Bools:
    """Whether e^{sx} Φ(s) may not be dead straight above the end of the path, (B,): then the path leans too far for the law.

    A path that ends where the integrand is dead may be continued upwards to infinity, if it stays dead there.  With narrow
    severities, a law is nearly one of atoms, and its transform does not die on vertical lines.  The phase of Φ turns as its
    size grows, so its logarithm's imaginary part counts as size.
    """
    size = travel.real + np.maximum(exponent.real + np.abs(exponent.imag), 0.0)
    return np.logical_not(size.max(1) < -25)


def _cut(terms: Complexes) -> Bools:
    """Nothing more is added once the terms have died: further out a transform may grow again, off the true path.

    Whether they overflowed before they died, (B,).
    """
    size = np.abs(terms)
    dead = np.logical_or.accumulate(~((size > CUT * size[:, :1]) & np.isfinite(size)), 1)
    first = np.where(dead.any(1), dead.argmax(1), 0)
    rows = np.arange(len(size))
    broken = dead.any(1) & ~np.isfinite(size[rows, first]) & ((first == 0) | (size[rows, first - 1] > 1e-13 * size[:, 0]))
    terms[dead] = 0.0
    return broken


# --- readings ---------------------------------------------------------------------------------------------------------


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

    def tail_and_density(self, x: Floats) -> tuple[Floats, Floats]:
        """P(S > x) and the density at x, (B,)."""
        tail, density = -np.expm1(self.laws.log_none), np.zeros(len(x))
        for rows, placed in self.groups:
            found, slope = placed.tail_and_density(x[rows])
            tail[rows], density[rows] = np.clip(found, 0.0, 1.0), np.maximum(slope, 0.0)
        exact = np.flatnonzero(x < 2 * self.laws.edge)
        if len(exact):
            tail[exact], density[exact], _ = self.laws.take(exact).near_edge(x[exact])
        return tail, density

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
    narrow = len(LADDER) - 1 - np.searchsorted(NARROW, laws.narrowest)
    return np.where(laws.events < FEW_EVENTS, np.maximum(np.searchsorted(MOST_EVENTS, laws.events), narrow), len(MOST_EVENTS))


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
    least = np.broadcast_to(floor, x.shape)
    error, rung, scale = np.zeros(len(x)), np.array(start), np.full(len(x), 1e300)
    groups: list[tuple[Ints, Placed]] = []
    many = laws.events >= FEW_EVENTS  # then a series is centred; of few events every digit is in 1 − Φ
    for level, centred in product(range(len(LADDER)), (False, True)):
        step = LADDER[level]
        rows = np.flatnonzero((rung == level) & (x >= 2 * laws.edge) & (centred == (many & (step.engine == "series"))))
        if not len(rows):
            continue
        placed = place(laws.take(rows), x[rows], step.path, scales.take(rows), centred=centred, lattice=lattice)
        found, tail = placed.error(x[rows]), placed.tail_and_density(x[rows])[0]
        fine = found <= tolerance * np.maximum(np.minimum(tail, 1 - tail), least[rows]) + 1e-15
        fine |= (step.path.step <= DONE_STEP) & (tail + found < NOISE)
        if level == len(LADDER) - 1:
            fine[:] = True  # nothing is left to climb to: the error says what is wrong
        error[rows], scale[rows] = found, placed.scale
        rung[rows[~fine]] += 1
        groups.append((rows[fine], placed if fine.all() else placed.take(fine)))
    return Reading(x, error, rung, scale, tuple(groups), laws)


def witness(laws: Laws, x: Floats, scales: Scales, reading: Reading, lattice: float = 0.0) -> tuple[Floats, Floats]:
    """The same tails by the engine that did not make the reading, and its estimated error, (B,); nan if it cannot tell."""
    exact = x < 2 * laws.edge
    tail, error = np.where(exact, reading.tail_and_density(x)[0], np.nan), np.where(exact, 0.0, np.inf)
    by_series = reading.rung >= len(MOST_EVENTS)
    narrow = (laws.narrowest < NARROW[-1]) & (laws.events < FEW_EVENTS)
    for kind in (False, True):
        for step in WITNESSES[kind]:
            rows = np.flatnonzero((by_series == kind) & ~(error < 1e-10) & (~narrow | (step is WITNESSES[kind][-1])))
            if len(rows):
                placed = place(
                    laws.take(rows), x[rows], step.path, scales.take(rows), centred=step.engine == "series", lattice=lattice
                )
                tail[rows], error[rows] = placed.tail_and_density(x[rows])[0], placed.error(x[rows])
    return np.where(error < 1e-6, tail, np.nan), error
