"""Nodes in place: where the paths of many laws cross the axis, and the transforms of those laws on them, ready to be summed.

    P(S ≤ x) = Re Σ_k weights_k · e^{s_k x} Φ(s_k)

On a hyperbola, of few events 1 − Φ is summed, so that small tails keep their digits; of many, Φ about the mean.  On a straight
line Φ less P(S = 0) is, from where the law begins: of narrow severities that dies, however many lumps the law has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Bools, Floats, Ints
from .laws import Laws
from .paths import AXIS, STEP, Line, Path, crossing, extended, index_of
from .transforms import Complexes, exp, expm1, smooth

#: A path ends where its terms are smaller than the largest by this factor.
CUT = 1e-19
#: Beyond this exponent a transform's value is an overflow, not a number.
CEILING = 600.0
#: Work goes block by block of about so many nodes, which a processor's nearest memory holds.
TOGETHER = 4000
#: An uncentred tail is read from 1 − Φ up to so many events: its small values keep their digits.
FEW_EVENTS = 60.0
#: Nodes of a line are left out where log |Φ| of every law is less than this.
DEAD = -50.0
#: A law begins where log P(S ≤ x) is under this.
BEGINNING = -36.0


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
        """The grid with some of the laws."""
        return self if len(rows) == len(self.exponents) else Scales(self.index, self.exponents[rows])

    def pick(self, x: Floats, few: Bools) -> tuple[Ints, Floats]:
        """For each law the crossing for P(S ≤ x), and log of Chernoff's bound on it (B,); `few` has laws of few events."""
        grown = x[:, None] * self.crossings
        saddle = (self._lifted + grown).argmin(1)
        grown += self.exponents
        bound = grown.min(1)
        rows = np.flatnonzero((bound < -2) & ~few)
        saddle[rows] = np.minimum(saddle[rows], (grown[rows] < -2).argmax(1))
        return saddle, bound


def scales_of(laws: Laws, low: float, high: float) -> Scales:
    """The grid for totals between two sizes, in harm units."""
    index = index_of(low, high)
    parts: Any = [part.real[:, 0] for part in laws.transforms(AXIS, index, centred=False)]
    s: Any = np.broadcast_to(crossing(index), (len(laws), len(index)))  # real: then all of it is, and quick
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        exponents: Any = laws.exponent(s, parts, centred=False)
    return Scales(index, np.nan_to_num(exponents, nan=np.inf, posinf=np.inf, neginf=-np.inf))


# --- nodes in place ---------------------------------------------------------------------------------------------------


class Chances(NamedTuple):
    """What is read at sizes x, (B,) each: P(S > x), the density and its two derivatives, and the chance's estimated error."""

    tail: Floats
    density: Floats
    slope: Floats
    bend: Floats
    error: Floats


@dataclass(frozen=True, eq=False)
class Placed:
    """Nodes s (B, K) in place for B laws, with weights · values of the transform: chances at any x near `at`."""

    inside: bool
    """Whether the terms add up to P(S ≤ x), or else to P(S > x)."""
    nodes: Complexes
    """s/scale, (K,)."""
    sums: Floats
    """What turns terms into chances, derivatives and gaps (`Path.sums`), (2K, 5)."""
    scale: Floats
    at: Floats
    centre: Floats
    terms: Complexes
    mean: Floats
    sunk: Bools
    """Where Chernoff's bound says that P(S ≤ x) is nothing, (B,)."""
    lost: Bools
    """Where the path does not serve the law, (B,)."""
    none: Floats
    """P(S = 0), where the terms leave it out, less what they have in excess, (B,)."""
    beyond: Floats
    """What the terms beyond the last may add up to at `at`, (B,), if that can be told."""
    folded: Floats
    """What E (x − S)⁺ has in excess, besides what `none` takes back, (B,), harm units."""

    def _nodes(self, rows: slice) -> Complexes:
        nodes: Complexes = self.scale[rows, None] * self.nodes
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
                sums[rows] = grown.view(float) @ self.sums
                error[rows] = self._error(np.abs(grown), np.abs(sums[rows, 4]))
            error += self.beyond * np.exp(np.minimum(self.scale * (x - self.at), CEILING))
            sign = np.where(self.sunk, 0.0, 1.0 if self.inside else -1.0)
            derivatives = [sign * sums[:, j] * self.scale**j for j in (1, 2, 3)]
        tail = np.where(self.sunk, 1.0, 1 - self.none - sums[:, 0] if self.inside else sums[:, 0])
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
        above = (
            (self.mean - self.centre) + value - (x - self.centre) + self.none * x - self.folded
            if self.inside
            else self.mean - value
        )
        return np.where(self.sunk, self.mean - x, above)

    def take(self, rows: Bools) -> Placed:
        """The nodes of some of the laws."""
        arrays = ("scale", "at", "centre", "terms", "mean", "sunk", "lost", "none", "beyond", "folded")
        return replace(self, **{name: getattr(self, name)[rows] for name in arrays})


def place(laws: Laws, x: Floats, path: Path, scales: Scales, *, centred: bool, lattice: float = 0.0) -> Placed:
    """Put nodes in place for the chances of B laws at x (B,), x > 0.

    With a `lattice` span h every total is a multiple of h, and 1/s becomes h/(1 − e^{−sh}), which is exact for it.
    """
    centre = laws.centre if centred else np.zeros(len(laws))
    few = laws.events < FEW_EVENTS
    inside = centred or bool(lattice) or float(laws.events.max(initial=0.0)) > FEW_EVENTS
    picked, bound = scales.pick(x, few)
    used, where = np.unique(picked, return_inverse=True)
    tables = laws.transforms(path, scales.index[used], centred=centred)
    scale, count = scales.crossings[picked], len(path.weights)
    nodes = path.nodes if few.any() else path.nodes[:count]
    terms, lost = np.empty((len(x), count), dtype=complex), np.zeros(len(x), dtype=bool)
    for rows in _blocks(len(x), len(nodes)):
        parts = [table[where[rows], : len(nodes)] for table in tables]
        if not centred:  # an event that is larger than x for certain counts as infinite: E e^{−sY} is 0, not e^{−s·smallest}
            for part, least in zip(parts, laws.least, strict=True):
                part[x[rows] < least] = -1.0
        s, some = scale[rows, None] * nodes, laws if len(nodes) * len(x) <= TOGETHER else laws.take(rows)
        with np.errstate(over="ignore", invalid="ignore"):
            exponent = some.exponent(s, parts, centred=centred)
            if len(nodes) > count:
                lost[rows] = few[rows] & _alive_above(s[:, count - 1 :], x[rows], centre[rows], exponent[:, count - 1 :])
                s, exponent = s[:, :count], exponent[:, :count]
            travel = s * (x - centre)[rows, None]
            terms[rows] = _terms(travel, exponent, inside=inside) * _weights(path, s, lattice)
            lost[rows] |= _returning(some, s[:, -1:], x[rows], [part[:, count - 1 : count] for part in parts], centred, lattice)
        lost[rows] |= _cut(terms[rows])
    zero = np.zeros(len(x))
    return Placed(
        inside, path.nodes[:count], path.sums, scale, x, centre, terms, laws.mean, bound < -60, lost, zero, zero, zero
    )


def place_on_line(laws: Laws, x: Floats, line: Line, scales: Scales) -> Placed:
    """Put nodes in place on a straight line, for B laws without atoms but that of no event, at x (B,), x > 0.

    The sum over evenly spaced nodes returns P(S ≤ x) and a sum of e^{−2·damping·j} P(S ≤ x + j · period), j = 1, 2, …
    (Abate & Whitt 1992, "The Fourier-series method for inverting transforms of probability distributions").  Beyond the last
    node |Φ − P(S = 0)| is at most what it would be if no severity's transform turned, only shrank.
    """
    start = scales.beginning
    room = np.maximum(x - start, 1e-9 * x)
    index = np.floor(np.log(line.damping / 2 / room) / STEP).astype(int)
    used, where = np.unique(index, return_inverse=True)
    tables = extended(laws.transforms(line, used, centred=False))
    scale, none = crossing(index), np.where(start > 0, 0.0, np.exp(laws.log_none))
    folded = 1 / np.expm1(2 * line.damping)  # Σ_j e^{−2·damping·j}: the sum's other terms, as P(S ≤ x + period) is nearly 1
    alive = _alive(laws, tables, where)
    living = tables[..., alive]
    nodes, weights = line.nodes[alive], line.weights[alive]
    terms = np.empty((len(x), len(nodes)), dtype=complex)
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in _blocks(*terms.shape):
            s, some = scale[rows, None] * nodes, laws if len(x) == 1 else laws.take(rows)
            exponent = some.exponent(s, list(living[:, where[rows]]), centred=False)
            exponent += s * start[rows, None]
            terms[rows] = (exp(exponent) - none[rows, None]) * exp(s * room[rows, None]) * weights
    shrunk = laws.exponent(np.ones((len(x), 1)), list(np.abs(1 + tables[:, where, -1:]) - 1), centred=False)[:, 0]
    beyond = np.exp(np.minimum(scale * x, CEILING)) * (np.exp(shrunk) - np.exp(laws.log_none)) / np.pi
    lost = np.zeros(len(x), dtype=bool)
    excess = folded * ((1 - none) * 2 * line.damping / scale - laws.mean)
    none = none - (1 - none) * folded
    sums = line.sums[np.stack([2 * alive, 2 * alive + 1], 1).ravel()]
    return Placed(True, nodes, sums, scale, x, 0 * x, terms, laws.mean, x <= start, lost, none, beyond, excess)


def _alive(laws: Laws, tables: Complexes, where: Ints) -> Ints:
    """Nodes of a line at which Φ of some law is not dead, (A,), from ψ of severities at their nodes (M, U, K).

    |1 + Σ w ψ(s)| ≤ |1 + Σ w ψ(a)| · exp((1 − Σ w) Σ w Re (ψ(s) − ψ(a))), s = a + iω; where no event has a chance, Φ stays.
    """
    if laws.shock:
        return np.arange(tables.shape[2])
    quiet = 1 - laws.weights.sum(2, keepdims=True)
    rates = (laws.users[..., None] * quiet * laws.weights).sum(1)
    fewest = np.stack([rates[where == u].min(0) for u in range(tables.shape[1])])
    shrunk = np.einsum("um,muk->uk", fewest, tables.real - tables.real[..., :1])
    return np.flatnonzero((shrunk > DEAD).any(0))


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


def _weights(path: Path, s: Complexes, lattice: float) -> Complexes:
    if not lattice:
        return path.weights
    return path.weights * (s * lattice / -np.expm1(-s * lattice))


def _alive_above(s: Complexes, x: Floats, centre: Floats, exponent: Complexes) -> Bools:
    """Whether e^{sx} Φ(s) may not be dead straight above the end of the path, (B,): then the path leans too far for the law.

    A path that ends where the integrand is dead may be continued upwards to infinity, if it stays dead there.  With narrow
    severities, a law is nearly one of atoms, and its transform does not die on vertical lines.  The phase of Φ turns as its
    size grows, so its logarithm's imaginary part counts as size.
    """
    phi = exponent - s * centre[:, None] if centre.any() else exponent
    size = s.real * x[:, None] + np.maximum(phi.real + np.abs(phi.imag), 0.0)
    return np.logical_not(size.max(1) < -25)


def _returning(laws: Laws, s: Complexes, x: Floats, parts: list[Complexes], centred: bool, lattice: float) -> Bools:
    """Whether atoms may bring Φ back straight above the end s (b, 1) of a path, though densities are there, (b,).

    The transform of an atom only turns on a vertical line and those of densities shrink: |Φ| is at most what it would be if all
    sizes came together as they are at the end.
    """
    if lattice or laws.smooth.all():
        return np.zeros(len(x), dtype=bool)
    means = [severity.mean if centred and np.isfinite(severity.mean) else 0.0 for severity in laws.severities]
    sizes = [np.abs(1 + part - s * mean) - 1 for part, mean in zip(parts, means, strict=True)]
    bound = laws.exponent(np.ones((len(x), 1)), sizes, centred=False)[:, 0] + s[:, 0].real * x
    some = [smooth(severity) for severity in laws.severities]
    return ~laws.smooth & (laws.rates[:, some] > 0).any(-1) & ~(bound < -25)


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
