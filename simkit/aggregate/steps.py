"""The part of a total in which nothing but points and tables happens: exact, as a list of sizes and of P(S ≤ size).

Two ways to the list; neither rounds a size.

* **Sums over counts**: of few events, every combination of counts is one total with one probability (multinomial, or negative
  multinomial under a gamma shock).  The sizes need have no common divisor.
* **One fast Fourier transform** where all sizes are multiples of a span: the distribution modulo a window comes from one FFT of
  the window's length, and a window that holds all but e^−36 of a distribution holds the distribution.  The window ends where
  Chernoff's bound says, P(S ≥ b) ≤ E e^{t(S − b)} and P(S ≤ a) ≤ E e^{−t(S − a)} for every t > 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..severity import Point, Severity
from .distribution import Compound, smooth
from .transforms import Complexes, exp

#: log of the probability that lies outside of a window, on either side.
OUTSIDE = -36.0
#: The most sizes of a list: by counts, and of a lattice; and the log probability under which a count is left out.
COUNTED, LONGEST, RARE = 2**18, 2**20, -40.0
#: t · largest severity, from distributions that are nearly normal to those of a single rare event.
GRID = np.geomspace(1e-7, 80.0, 120)
#: Up to here E e^{−tY} is not lost in rounding beside 1.
LOWEST = 18.0
#: The most multiples of a span that one size may be.
FINEST = 2**40
#: Two sizes are one where they differ by less than this, relatively: sums of sizes round.
SAME = 1e-12


@dataclass(frozen=True, eq=False)
class Steps:
    """P(S ≤ size and no event has a density) at sizes (L,), ascending; `complete` unless only S = 0 could be listed."""

    sizes: Floats
    masses: Floats
    complete: bool

    @cached_property
    def below(self) -> Floats:
        """P(S ≤ size), (L + 1,), from the size before the first."""
        return np.append(0.0, np.cumsum(self.masses))

    @cached_property
    def _weighted(self) -> Floats:
        return np.append(0.0, np.cumsum(self.masses * self.sizes))

    def at(self, x: Floats) -> Floats:
        """P(S ≤ x), for x of any shape."""
        return self.below[np.searchsorted(self.sizes, x * (1 + SAME), "right")]

    def shortage(self, x: Floats) -> Floats:
        """E (x − S)⁺ where no event has a density, harm units."""
        count = np.searchsorted(self.sizes, x * (1 + SAME), "right")
        return np.maximum(x * self.below[count] - self._weighted[count], 0.0)

    def between(self, low: float, high: float) -> Floats:
        """The sizes in (low, high] at which there is a step, (j,)."""
        first, last = np.searchsorted(self.sizes, np.array([low, high * (1 + SAME)]), "right")
        return self.sizes[first:last][self.masses[first:last] > 0]


def span_of(severities: tuple[Severity, ...]) -> float:
    """The largest span of which every size of the points and tables is a multiple, harm units; 0 if there is none."""
    sizes = [value for severity in severities for value in atoms(severity)[0].tolist()]
    if not sizes:
        return 0.0
    unit = 2.0 ** np.floor(np.log2(min(sizes)))
    parts = [Fraction(size).limit_denominator(10**4) for size in sizes]
    if any(abs(float(part) - size) > SAME * size for part, size in zip(parts, sizes, strict=True)):
        parts = [Fraction(size / unit).limit_denominator(10**4) * Fraction(unit) for size in sizes]
    if any(abs(float(part) - size) > SAME * size for part, size in zip(parts, sizes, strict=True)):
        return 0.0
    bottom = lcm(*(part.denominator for part in parts))
    span = gcd(*(int(part * bottom) for part in parts)) / bottom
    return span if max(sizes) <= FINEST * span else 0.0


def atoms(severity: Severity) -> tuple[Floats, Floats]:
    """Sizes of a point or a table, smallest first, and their probabilities; none of a severity with a density."""
    if isinstance(severity, Point):
        return np.array([severity.value]), np.ones(1)
    levels = sorted((level.value, level.chance) for level in getattr(severity, "levels", ()) if level.chance > 0)
    return np.array([value for value, _ in levels]), np.array([chance for _, chance in levels])


def steps_of(compound: Compound) -> Steps:
    """The steps of one compound distribution."""
    quiet, log_factor = without_densities(compound)
    factor = float(np.exp(log_factor))
    none = not len(quiet.severities) or not quiet.events[0] > 0 or factor < 1e-16
    nothing = Steps(np.zeros(1), np.exp(compound.log_none), none)
    if none:
        return nothing
    span, listed = span_of(quiet.severities), None
    if span:
        first, last = windows(quiet, span)
        length = int(last[0] - first[0]) + 1
        if 0 < length <= LONGEST:
            return Steps((first[0] + np.arange(length)) * span, factor * _on_lattice(quiet, span, first, length), True)
    listed = _by_counts(quiet)
    return nothing if listed is None else Steps(listed[0], factor * listed[1], True)


def without_densities(compound: Compound) -> tuple[Compound, float]:
    """One distribution given that no event has a density, and the log of that probability.

    Of a user who brings no such event every other event is likelier by 1/(1 − Σ w); under a gamma shock v the rates fall to
    rate/(1 + v · Λ), Λ the expected number of densities.
    """
    rates = compound.rates[0]
    kept = np.array([not smooth(severity) for severity in compound.severities]) & (rates > 0)
    dense = np.array([smooth(severity) for severity in compound.severities])
    severities = tuple(severity for severity, keep in zip(compound.severities, kept, strict=True) if keep)
    lost = compound.weights[..., dense].sum(-1)
    if compound.poisson:
        expected = float((compound.users * lost).sum())
        grown = 1 + compound.shock * expected
        log = -np.log(grown) / compound.shock if compound.shock else -expected
        return compound.with_parts(severities, compound.weights[..., kept] / grown), float(log)
    quiet = np.maximum(1 - lost, 1e-300)
    return compound.with_parts(severities, compound.weights[..., kept] / quiet[..., None]), float(
        np.where(compound.users > 0, compound.users * np.log(quiet), 0.0).sum()
    )


# --- on a lattice -----------------------------------------------------------------------------------------------------


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


def _on_lattice(compound: Compound, span: float, first: Ints, length: int) -> Floats:
    """Probabilities of the multiples of the span from `first` on, (length,)."""
    power = 2 ** int(np.ceil(np.log2(max(length, 8))))
    count = power // 4 * 3 if length <= power // 4 * 3 else power
    roots, turns, parts = np.exp(-2j * np.pi / count * np.arange(count)), np.arange(count // 2 + 1), []
    for value, chance in map(atoms, compound.severities):
        whole = np.rint(value / span).astype(int)
        part: Complexes = sum(c * (roots[turns * v % count] - 1) for v, c in zip(whole, chance, strict=True))
        parts.append(part[None])
    exponent = compound.exponent(np.zeros((1, len(turns)), dtype=complex), parts, centred=False)
    exponent.imag += 2 * np.pi / count * (first[0] * turns % count)
    return np.maximum(np.fft.irfft(exp(exponent)[0], count)[:length], 0.0)


# --- by counts --------------------------------------------------------------------------------------------------------


def _by_counts(compound: Compound) -> tuple[Floats, Floats] | None:
    """All totals and their probabilities, from the counts of every size in every group; None if there are too many."""
    total, log = np.zeros(1), np.zeros(1)
    for g, users in enumerate(compound.users[0].tolist()):
        seen, used = np.zeros(len(total), dtype=int), 0.0
        for severity, weight in zip(compound.severities, compound.weights[0, g].tolist(), strict=True):
            for value, chance in zip(*atoms(severity), strict=True) if weight * users > 0 else ():
                before, which = np.unique(seen, return_inverse=True)
                count = _likely(compound, users, weight * chance, used, before[[0, -1]])
                if count is None or len(total) * len(count) > 8 * COUNTED:
                    return None
                new = log[:, None] + _log_mass(compound, count, users, weight * chance, before[:, None], used)[which]
                kept = new > RARE
                total, seen, log = (total[:, None] + count * value)[kept], (seen[:, None] + count)[kept], new[kept]
                used += weight * chance
                if len(total) > COUNTED:
                    return None
        total, log = _merged(total, log)
    return total, np.exp(log)


def _merged(total: Floats, log: Floats) -> tuple[Floats, Floats]:
    """Totals in ascending order, and log probabilities; equal totals are one."""
    order = np.argsort(total)
    total, mass = total[order], np.exp(log[order])
    first = np.flatnonzero(np.append(True, np.diff(total) > SAME * total[1:]))
    return total[first], np.log(np.add.reduceat(mass, first))


def _likely(compound: Compound, users: float, chance: float, used: float, seen: Ints) -> Ints | None:
    """Counts that are not too rare, given the fewest and the most events seen before; None if there are too many."""
    mean = users * chance
    wide = 9 * np.sqrt(mean) + 40 + 40 * compound.shock * mean
    if wide > COUNTED:
        return None
    count = np.arange(max(0 if compound.shock else int(mean - wide), 0), int(mean + wide + 40 * compound.shock * seen[1]) + 1)
    ends = _log_mass(compound, count, users, chance, seen[:, None], used)
    return count[ends.max(0) > RARE]


def _log_mass(compound: Compound, count: Ints, users: float, chance: float, seen: Ints, used: float) -> Floats:
    """log P(so many events of one size | so many, `seen`, of the sizes before), whose probability was `used`, (J, K)."""
    w = chance if compound.poisson else min(chance / max(1 - used, 1e-300), 1.0)
    if compound.shock:  # negative multinomial: 1/v + seen successes are left
        rest, odds = 1 / compound.shock + seen, compound.shock * users * w / (1 + compound.shock * users * used)
        return np.log(rest / (rest + count)) + log_binomial(rest, rest + count, 1 / (1 + odds))
    if compound.poisson:
        k, mean = np.maximum(count, 1), users * w
        found = -_stirling(k) - _deviance(k - mean, mean) - 0.5 * np.log(2 * np.pi * k)
        return np.where(count == 0, -mean, found) + 0 * seen
    return log_binomial(count, users - seen, w)


def log_binomial(k: Any, n: Any, p: float) -> Floats:
    """log of the binomial probability n! / (k! (n − k)!) · p^k (1 − p)^{n−k}, without cancellation for large n.

    Source: Loader (2000), "Fast and accurate computation of binomial probabilities".
    """
    inner, left = (k > 0) & (k < n), np.maximum(n - k, 0)
    a, b, off = np.where(inner, k, 1.0), np.where(inner, left, 1.0), np.where(inner, k - n * p, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _stirling(a + b) - _stirling(a) - _stirling(b) - _deviance(off, a - off) - _deviance(-off, b + off)
        found = found + 0.5 * np.log((a + b) / (2 * np.pi * a * b))
        ends = np.where(n > 0, np.where(k == 0, n * np.log1p(-p), n * np.log(p)), 0.0)
    return np.where(k > n, -np.inf, np.where(inner, found, ends))


def _deviance(off: Floats, mean: Floats | float) -> Floats:
    """x log(x / mean) + mean − x at x = mean + off."""
    e = off / mean
    return mean * ((1 + e) * np.log1p(e) - e)


def _stirling(k: Floats | Ints) -> Floats:
    """log k! less Stirling's formula, (k + ½) log k − k + ½ log 2π."""
    from scipy.special import gammaln

    large = np.maximum(k, 16.0)
    series = (1 / 12 - (1 / 360 - 1 / 1260 / large**2) / large**2) / large
    return np.where(k >= 16, series, gammaln(k + 1.0) - (k + 0.5) * np.log(k) + k - 0.5 * np.log(2 * np.pi))
