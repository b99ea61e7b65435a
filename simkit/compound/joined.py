"""Totals in which points or tables and severities with a density occur together, read as sums over the totals of the atoms.

    P(S > x) = P(T > x) + Σ_{y ≤ x} P(T = y) · P(D > x − y)        (`atoms` says why, and what is summed)

Nothing is rounded.  Chances of D come from paths, for many sizes at once.  Of long lattices not every y is needed: far below
x both factors are smooth, and every second, fourth, … multiple serves, blended over an octave.  The sum over every second of
those that were used tells the error, and is refined until that is small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..severity import Pareto
from .atoms import Atoms, Unserved, apart
from .inversion import first_rung, read
from .lattice import span_of
from .laws import Laws
from .placed import Scales, scales_of
from .quantiles import Mixtures
from .tabled import Tabled, tabled
from .transforms import smooth

#: So many multiples of the span are summed one by one; of more, at least so many in each octave below x.
ALL, OCTAVE, FINEST = 256, 48, 1536
#: Chances are read for so many sizes at a time.
BLOCK = 3000
#: A mass of the atoms that is left out; the chance of an event so small that it is as good as none; a jump that is seen.
NOTHING, TINY, JUMP = 1e-18, 1e-12, 1e-13
#: Beside a chance, what has a mass under this need not be resolved as well.
SMALL = 1e-3
#: Precision of a quantile's chance and of its size, relative; and rounds of its search.
CLOSE, PRECISION, ROUNDS = 1e-10, 1e-13, 120
#: So many totals of the atoms, for all laws of densities, may stand beside a Pareto, whose chances are not tabulated.
AT_ONCE = 20000
#: The error of thinning that is accepted before it is refined.
THINNED = 1e-11


class Sums(NamedTuple):
    """What is read of mixtures at sizes x, (B,) each: P(S > x), the density, the jump at x, the error of the chance."""

    tail: Floats
    density: Floats
    jump: Floats
    error: Floats


@dataclass(frozen=True, eq=False)
class Joined:
    """B mixtures of Z laws, taken apart: `atoms` of each law (B·Z), and their laws of densities, one after the other."""

    mixtures: Mixtures
    span: float
    atoms: tuple[Atoms, ...]
    densities: Laws
    first: Ints
    """Where the densities of each law begin, (B·Z + 1,)."""
    kept: dict[str, Tabled] = field(default_factory=dict)

    # --- what the densities are like ---

    @cached_property
    def _none(self) -> Floats:
        return np.exp(self.densities.log_none)

    @cached_property
    def _low(self) -> float:
        """A size that no event is smaller than, nearly, harm units."""
        lows = [_smallest(severity) for severity, some in zip(self.densities.severities, self._used, strict=True) if some]
        return max(min(lows, default=1.0), 1e-200)

    @property
    def _used(self) -> Bools:
        return np.asarray((self.densities.rates > 0).any(0))

    @cached_property
    def _scales(self) -> Scales:
        laws, sizes = self.densities, Mixtures(self.densities, np.ones(1)).sizes
        high = 100 * (float(np.max(laws.centre, initial=0.0)) + float(sizes[-1]))
        return scales_of(laws, self._low, high)

    @cached_property
    def _rungs(self) -> Ints:
        return first_rung(self.densities)

    @cached_property
    def _finest(self) -> Floats:
        """The distance over which chances of D and T are smooth, (B·Z,), harm units, whatever the size."""
        laws = self.mixtures.laws
        spans, widths = np.full(len(laws), np.inf), []
        for severity, spread in zip(laws.severities, laws.spreads, strict=True):
            narrow = smooth(severity) and spread < 0.5
            widths.append(spread * severity.mean / 3 if narrow else np.inf)
        spans = np.where(laws.rates > 0, np.array(widths), np.inf).min(1)
        rows = self.first[:-1]
        events, spread = self.densities.events[rows], np.sqrt(self.densities.variance[rows])
        spans = np.where(events > 1, np.minimum(spans, spread / 3), spans)
        own = np.sqrt(np.maximum([_variance(atoms) for atoms in self.atoms], 0.0)) * self.span
        return np.minimum(spans, own / 2)

    # --- sums ---

    def _points(self, law: int, x: float, octave: int) -> tuple[Ints, Floats, Floats]:
        """Multiples of the span up to x that are summed, their weights, and those of every second."""
        atoms, top = self.atoms[law], int(_floor(x / self.span))
        highest = min(top, atoms.last)
        count = highest - atoms.first + 1
        if count <= max(ALL, 4 * octave):
            k = np.arange(atoms.first, max(highest + 1, atoms.first))
            return k, np.ones(len(k)), np.ones(len(k))
        least = max(4.0 * severity_edge(self.densities, self.first[law]) / self.span, 2.0 * octave)
        found = []
        stride, near = 1, 0.0
        most = max(int(self._finest[law] * OCTAVE / octave / self.span), 1)
        while near < top - atoms.first + 1:
            last = 2 * stride > most or stride * 2 * least > 2 * (top - atoms.first + 1)
            far = np.inf if last else stride * least
            begin = max(top - (2 * far if np.isfinite(far) else np.inf), atoms.first)
            start = int(-(-begin // stride) * stride)
            k = np.arange(start, min(int(top - near), highest) + 1, stride)
            weight = stride * (1 - _blend(top - k, far)) * _blend(top - k, near)
            half = np.where(k // stride % 2 == 0, 2 * weight, 0.0) if stride > 1 else weight
            found.append((k, weight, half))
            if last:
                break
            stride, near = 2 * stride, far
        k, weight, half = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return k, weight, half

    def _rows(self, mixtures: Ints) -> Ints:
        states = len(self.mixtures.chance)
        return (mixtures[:, None] * states + np.arange(states)).ravel()

    def sums(self, mixtures: Ints, x: Floats, least: Floats | float = 1e-6) -> Sums:
        """Chances of some mixtures (b,) at x (b,) > 0; a chance below `least` is resolved as well as it would be there."""
        least, open_rows = np.broadcast_to(least, x.shape), np.arange(len(x))
        found = np.zeros((4, len(x)))
        while True:
            octave = self.resolution[mixtures[open_rows]]
            made, thinned = self._summed(mixtures[open_rows], x[open_rows], least[open_rows], octave)
            found[:, open_rows] = made
            chance = np.minimum(made.tail, 1 - made.tail)
            rough = (thinned > THINNED + CLOSE * np.maximum(chance, least[open_rows])) & (octave < FINEST)
            open_rows = open_rows[rough]
            if not len(open_rows):
                return Sums(*found)
            self.resolution[mixtures[open_rows]] *= 2

    @cached_property
    def resolution(self) -> Ints:
        """Multiples of the span in each octave that each mixture was found to need, (B,)."""
        return np.full(len(self.mixtures), OCTAVE)

    def _summed(self, mixtures: Ints, x: Floats, least: Floats, octave: Ints) -> tuple[Sums, Floats]:
        """The sums, and what thinning costs, (b,)."""
        states, chance = len(self.mixtures.chance), self.mixtures.chance
        owner, node, away, weight, half = [], [], [], [], []
        tail, error, jump = np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x))
        for law in self._rows(mixtures).tolist():
            row, state = np.searchsorted(mixtures, law // states), law % states
            if not chance[state] > 0:
                continue
            atoms, begin, end = self.atoms[law], self.first[law], self.first[law + 1]
            k, every, second = self._points(law, float(x[row]), int(octave[row]))
            masses = chance[state] * atoms.masses[:, k - atoms.first]
            kept = np.abs(masses * every).max(0, initial=0.0) > NOTHING
            k, masses = k[kept], masses[:, kept]
            count = masses.size
            tail[row] += chance[state] * atoms.over(int(_floor(x[row] / self.span)))
            error[row] += chance[state] * atoms.error
            owner.append(np.full(count, row))
            node.append(np.repeat(np.arange(begin, end), len(k)))
            away.append(np.tile(x[row] - k * self.span, end - begin))
            weight.append((masses * every[kept]).ravel())
            half.append((masses * second[kept]).ravel())
            here = np.rint(x[row] / self.span)
            if abs(here * self.span - x[row]) <= 1e-9 * self.span and atoms.first <= here <= atoms.last:
                jump[row] += chance[state] * float(atoms.masses[:, int(here) - atoms.first] @ self._none[begin:end])
        rows, nodes, t, w, h = (np.concatenate(parts) for parts in (owner, node, away, weight, half))
        over, slope, lost = self._read(
            nodes, t, np.minimum(least[rows] * np.maximum(1.0, SMALL / np.maximum(np.abs(w), NOTHING)), 1.0)
        )

        def total(values: Floats) -> Floats:
            return np.bincount(rows, values, len(x)).astype(float)

        summed = total(w * over)
        gap = np.abs(summed - total(h * over))
        thinned = np.minimum(gap, 10 * gap**1.5)
        rounding = 4e-16 * total(np.abs(w)) + 2e-16
        return (
            Sums(
                tail + summed,
                np.maximum(total(w * slope), 0.0),
                np.maximum(jump, 0.0),
                error + total(np.abs(w) * lost) + thinned + rounding,
            ),
            thinned,
        )

    def _read(self, nodes: Ints, t: Floats, least: Floats) -> tuple[Floats, Floats, Floats]:
        """P(D > t), its density and error, for laws of densities (n,) at t (n,)."""
        over = np.where(self.densities.events[nodes] > 0, -np.expm1(self.densities.log_none[nodes]), 0.0)
        slope, lost = np.zeros(len(t)), np.zeros(len(t))
        rows = np.flatnonzero((t > self._low) & (self.densities.events[nodes] > 0))
        if self.even and len(rows):
            table = self._table(float(t.max()))
            over[rows], slope[rows], lost[rows] = table.at(self._places[nodes[rows]], t[rows])
            return over, slope, lost
        for start in range(0, len(rows), BLOCK):
            some = rows[start : start + BLOCK]
            over[some], slope[some], lost[some] = self._read_block(nodes[some], t[some], least[some])
        return over, slope, np.minimum(lost, 1.0)

    @cached_property
    def even(self) -> bool:
        """Whether chances of D are smooth in log size: no density begins with a step."""
        return not any(isinstance(severity, Pareto) for severity in np.array(self.densities.severities, object)[self._used])

    @cached_property
    def _places(self) -> Ints:
        """Where each law of densities is in the table, (J,)."""
        return np.cumsum(self.densities.events > 0) - 1

    def _table(self, high: float) -> Tabled:
        if "table" not in self.kept or self.kept["table"].end < np.log(high):
            rows = np.flatnonzero(self.densities.events > 0)
            made = tabled(self.densities.take(rows), self._scales.take(rows), self._low, 2 * high)
            self.kept["table"] = made
        return self.kept["table"]

    def _read_block(self, nodes: Ints, t: Floats, least: Floats) -> tuple[Floats, Floats, Floats]:
        laws, scales = self.densities.take(nodes), self._scales.take(nodes)
        reading = read(laws, t, scales, start=self._rungs[nodes], floor=least)
        chances = reading.chances(t)
        return chances.tail, chances.density, reading.error

    # --- readings ---

    def quantile(self, mixtures: Ints, level: Floats) -> tuple[Floats, Floats]:
        """The smallest x with P(S ≤ x) ≥ level (b,) of some mixtures (b,), harm units, and the error of that chance.

        Levels are less than 1 and above P(S = 0).
        """
        part = self.mixtures if len(mixtures) == len(self.mixtures) else self.mixtures.take(mixtures)
        x, some, none = part.start(level), part.some, part.none
        low, high = np.zeros(len(x)), np.full(len(x), np.inf)
        error, rows, width = np.zeros(len(x)), np.arange(len(x)), np.full(len(x), np.inf)
        atom = np.zeros(len(x), dtype=bool)
        want, least = 1 - level, np.minimum(1 - level, level - none)
        for attempt in range(ROUNDS):
            at = self.sums(mixtures[rows], x[rows], least[rows])
            error[rows] = at.error
            here, w = x[rows], want[rows]
            over = at.tail > w
            reached = ~over & (at.tail + at.jump > w) & (at.jump > JUMP)
            done = reached | (np.abs(at.tail - w) <= CLOSE * least[rows])
            low[rows], high[rows] = np.where(over, here, low[rows]), np.where(over, high[rows], here)
            done |= np.isfinite(high[rows]) & (high[rows] - low[rows] <= PRECISION * high[rows])
            x[rows] = np.where(done & ~reached & ~over, high[rows], here)
            new = self._next(some[rows], here, at, w, low[rows], high[rows])
            stuck = (attempt % 3 == 2) & (high[rows] - low[rows] > 0.3 * width[rows])
            new = np.where(stuck, (low[rows] + high[rows]) / 2, new)
            if attempt % 3 == 2:
                width[rows] = high[rows] - low[rows]
            # A single multiple of the span between the bounds is tried: the law may jump there.
            only = _floor(np.where(np.isfinite(high[rows]), high[rows], 0.0) / self.span) * self.span
            single = (only > low[rows]) & (only < high[rows]) & (only - self.span <= low[rows])
            new = np.where(single & ~atom[rows], only, new)
            atom[rows] |= single
            x[rows[~done]] = new[~done]
            rows = rows[~done]
            if not len(rows):
                return x, error
        error[rows] = np.inf
        return x, error

    def _next(self, some: Floats, x: Floats, at: Sums, want: Floats, low: Floats, high: Floats) -> Floats:
        """A step of Newton's method in the log-odds against log size, or of bisection where it leaves the bounds."""
        tail, inner = np.maximum(at.tail, 1e-300), np.maximum(some - at.tail, 1e-300)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slope = x * (at.density + at.jump / self.span) * (1 / tail + 1 / inner)
            gap = np.log(tail / inner) - np.log(want / np.maximum(some - want, 1e-300))
            new = x * np.exp(np.clip(gap / slope, -1.0, 1.0))
        middle = np.where(np.isfinite(high), (low + np.where(np.isfinite(high), high, 0.0)) / 2, 2 * x)
        return np.where((new > low) & (new < high), new, middle)

    def excess(self, x: Floats) -> tuple[Floats, Floats]:
        """E (S − x)⁺ at x (B,) > 0, harm units, and the error of the chances that it is made of."""
        found, error = np.zeros(len(x)), np.zeros(len(x))
        states = len(self.mixtures.chance)
        for law, atoms in enumerate(self.atoms):
            row, chance = law // states, self.mixtures.chance[law % states]
            if chance > 0:
                value, lost = self._excess_of(law, atoms, float(x[row]))
                found[row] += chance * value
                error[row] += chance * lost
        return found, error

    def _excess_of(self, law: int, atoms: Atoms, x: float) -> tuple[float, float]:
        nodes = np.arange(self.first[law], self.first[law + 1])
        mean = self.densities.mean[nodes]
        top = int(_floor(x / self.span))
        beyond = np.arange(max(top + 1, atoms.first), atoms.last + 1)
        masses = atoms.masses[:, beyond - atoms.first]
        above = float((masses * (beyond * self.span - x + mean[:, None])).sum()) if len(beyond) else 0.0
        k, weight, _ = self._points(law, x, 2 * OCTAVE)
        masses = atoms.masses[:, k - atoms.first] * weight
        t = np.tile(x - k * self.span, len(nodes))
        each = np.repeat(nodes, len(k))
        value, lost = mean.repeat(len(k)) - t * (1 - self._none[each]), np.zeros(len(t))
        rows = np.flatnonzero((t > self._low) & (self.densities.events[each] > 0))
        value[self.densities.events[each] == 0] = 0.0
        for start in range(0, len(rows), BLOCK):
            some = rows[start : start + BLOCK]
            laws, scales = self.densities.take(each[some]), self._scales.take(each[some])
            reading = read(laws, t[some], scales, start=self._rungs[each[some]])
            value[some], lost[some] = reading.excess(), np.minimum(reading.error, 1.0)
        return above + float(masses.ravel() @ value), atoms.error + float(np.abs(masses.ravel()) @ lost)


def joinable(mixtures: Mixtures) -> Bools:
    """Mixtures in which both kinds of severities happen, in one state or in two, and the atoms have a span, (B,)."""
    laws = mixtures.laws
    dense = np.array([smooth(severity) for severity in laws.severities], dtype=bool)
    states = len(mixtures.chance)
    both = [(laws.rates[:, kind] > 0).any(1).reshape(-1, states).any(1) for kind in (dense, ~dense)]
    return np.asarray(both[0] & both[1] & bool(span_of(laws.severities)), dtype=bool)


def join(mixtures: Mixtures) -> Joined:
    """Take mixtures apart.  An `Unserved` says why that cannot be done."""
    span = span_of(mixtures.laws.severities)
    found = sorted(apart(mixtures.laws, span), key=lambda made: made[0])
    parts = [densities for _, _, densities in found]
    first = np.cumsum([0, *(len(part) for part in parts)])
    weights, users = np.concatenate([part.weights for part in parts]), np.concatenate([part.users for part in parts])
    densities = Laws(parts[0].severities, weights, users, mixtures.laws.shock)
    joined = Joined(mixtures, span, tuple(atoms for _, atoms, _ in found), densities, first)
    if not joined.even and sum(len(atoms.masses) * min(atoms.masses.shape[1], 10 * ALL) for atoms in joined.atoms) > AT_ONCE:
        raise Unserved("too many totals of points and tables beside a Pareto")
    return joined


def severity_edge(laws: Laws, row: int) -> float:
    """Where the densities of a law begin with a step, harm units; 0 if they do not."""
    edge = float(laws.edge[row])
    return edge if np.isfinite(edge) else 0.0


def _smallest(severity: object) -> float:
    """A size under which a severity is with a chance of about `TINY`, harm units."""
    sizes = 10.0 ** np.linspace(-200, 100, 1201)
    below = 1 - severity.above(sizes)  # type: ignore[attr-defined]
    return float(sizes[max(int((below <= TINY).sum()) - 1, 0)])


def _variance(atoms: Atoms) -> float:
    """Of the atoms' total, in spans²."""
    masses, k = atoms.masses.sum(0), np.arange(atoms.masses.shape[1])
    mean = float(masses @ k)
    return float(masses @ (k - mean) ** 2)


def _blend(away: Ints, start: float) -> Floats:
    """0 up to `start` below x, 1 from twice as far on, and smooth between."""
    from scipy.special import erfc

    if start == 0:
        return np.ones(len(away))
    if not np.isfinite(start):
        return np.zeros(len(away))
    with np.errstate(divide="ignore"):
        return 0.5 * erfc(-5.4 * (2 * np.log2(np.maximum(away, 1e-300) / start) - 1))


def _floor(ratio: Floats | float) -> Ints:
    """A size in spans, rounded down; a multiple of the span stays what it is."""
    return np.floor(np.asarray(ratio) * (1 + 1e-12) + 1e-12).astype(int)
