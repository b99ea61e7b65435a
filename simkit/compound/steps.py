"""The exact laws of thousands of totals that come in steps: all severities are points or tables, multiples of one span.

The law modulo a window comes from one fast Fourier transform of the window's length, and a window that holds all but e^−36 of
a law holds the law: nothing is padded, tilted or rounded.  Where the window begins and ends follows from Chernoff's bound,

    P(S ≥ b) ≤ E e^{t(S − b)},    P(S ≤ a) ≤ E e^{−t(S − a)}    for every t > 0,

solved for a and b on a grid of t.  Laws with windows of similar length share their frequencies, hence the transforms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Floats, Ints
from ..severity import Point, Severity
from .lattice import span_of
from .laws import Laws
from .transforms import Complexes, exp, expm1

#: log of the chance that lies outside of a window, on either side.
OUTSIDE = -36.0
#: Frequencies at which log |Φ| of every law of a group is less than this are left out.
DEAD = -45.0
#: With one frequency alive of so many, sums over those are quicker than a fast Fourier transform of all.
FEW = 20
#: Groups of laws are worked on so many numbers at a time.
TOGETHER = 2**17
#: t · largest severity, from distributions that are nearly normal to those of a single rare event.
GRID = np.geomspace(1e-7, 80.0, 120)
#: Up to here E e^{−tY} is not lost in rounding beside 1.
LOWEST = 18.0


@dataclass(frozen=True, eq=False)
class Steps:
    """P(S ≤ (first + k) · span) of B laws, `below` (B, L) for k = 0 … L − 1; below the window it is 0, beyond it 1."""

    span: float
    first: Ints
    below: Floats

    @property
    def count(self) -> int:
        """The length of the window, L."""
        return self.below.shape[1]

    def at(self, step: Ints) -> Floats:
        """P(S ≤ step · span), (B,), for whole steps (B,)."""
        k = step - self.first
        inside = self.below[np.arange(len(k)), k.clip(0, self.count - 1)]
        return np.where(k < 0, 0.0, np.where(k < self.count, inside, 1.0))

    def shortage(self, step: Ints) -> Floats:
        """E (step · span − S)⁺, (B,), harm units: span · Σ P(S ≤ k · span) over k < step."""
        k = np.arange(self.count) + self.first[:, None]
        inside = np.where(k < step[:, None], self.below, 0.0).sum(1)
        return self.span * (inside + np.maximum(step - k[:, -1] - 1, 0))


def windows(laws: Laws, span: float) -> tuple[Ints, Ints]:
    """The first and the last multiple of the span, (B,) each, between which nearly all of each law lies."""
    atoms = [_atoms(severity) for severity in laws.severities]
    largest = max(float(value[-1]) for value, _ in atoms)
    ends = []
    for t in (GRID / largest, -GRID[GRID < LOWEST] / largest):
        parts = [(np.expm1(np.multiply.outer(t, value)) @ chance)[None] for value, chance in atoms]
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            grown = laws.exponent(np.ones((len(laws), len(t))), parts, centred=False)
            ends.append(np.fmin.reduce((np.where(np.isfinite(grown), grown, np.nan) - OUTSIDE) / np.abs(t), axis=1))
    most = np.where(laws.shock > 0, np.inf, laws.users.sum(1) * largest)
    last = np.ceil(np.minimum(ends[0], most) / span * (1 + 1e-12) + 1e-6)
    return np.maximum(np.floor(-ends[1] / span), 0).astype(int), last.astype(int)


@dataclass(frozen=True, eq=False)
class Waves:
    """The same, of laws of which few frequencies are alive: the transform about `first`, (B, A), at turns (A,) of `count`."""

    span: float
    first: Ints
    count: int
    turns: Ints
    values: Complexes

    @cached_property
    def _turned(self) -> Complexes:
        """2 / (count · (e^{iθ} − 1)), (A,), as every turn has its mirror image but the middle one; 0 for θ = 0."""
        both = np.where(2 * self.turns == self.count, 1.0, 2.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            turned = both / (self.count * np.expm1(2j * np.pi / self.count * self.turns))
        return np.where(self.turns > 0, turned, 0.0)

    def _rotated(self, k: Ints) -> Complexes:
        """e^{iθk} − 1, (B, A)."""
        turned = np.multiply.outer(k, self.turns) % self.count
        return expm1(2j * np.pi / self.count * turned)

    def at(self, step: Ints) -> Floats:
        """P(S ≤ step · span), (B,), for whole steps (B,)."""
        k = (step - self.first + 1).clip(0, self.count)
        return k / self.count + (self.values * self._rotated(k) * self._turned).real.sum(1)

    def shortage(self, step: Ints) -> Floats:
        """E (step · span − S)⁺, (B,), harm units."""
        n = (step - self.first).clip(0, self.count)
        once = np.exp(2j * np.pi / self.count * self.turns)
        with np.errstate(divide="ignore", invalid="ignore"):
            again = np.where(self.turns > 0, once / (once - 1), 0.0)
        summed = (again * self._rotated(n) - n[:, None]) * self._turned
        inside = n * (n + 1) / 2 / self.count + (self.values * summed).real.sum(1)
        return self.span * (inside + np.maximum(step - self.first - self.count, 0))


def steps_of(laws: Laws, states: int) -> Iterator[tuple[Ints, Steps | Waves]]:
    """Groups of mixtures of `states` laws each, (b,), with their laws (b · states, L)."""
    span = span_of(laws.severities)
    first, last = windows(laws, span)
    size = round_up((last - first + 1).reshape(-1, states).max(1))
    for count in np.unique(size).tolist():
        group = np.flatnonzero(size == count)
        rows = (group[:, None] * states + np.arange(states)).ravel()
        parts, alive = frequencies(laws.take(rows), span, count)
        few = len(alive) * FEW < count
        work = len(group) * states * (len(alive) if few else count)
        for part in np.array_split(group, min(len(group), -(-work // TOGETHER))):
            rows = (part[:, None] * states + np.arange(states)).ravel()
            values = _transform(laws.take(rows), parts, alive, first[rows], count)
            yield part, (Waves if few else _summed)(span, first[rows], count, alive, values)


def round_up(length: Ints) -> Ints:
    """The next 2^n or 3 · 2^n, at least 8."""
    power = 2 ** np.ceil(np.log2(np.maximum(length, 8))).astype(int)
    return np.where(length <= power // 4 * 3, power // 4 * 3, power)


def _atoms(severity: Severity) -> tuple[Floats, Floats]:
    """Sizes, smallest first, and their chances."""
    if isinstance(severity, Point):
        return np.array([severity.value]), np.ones(1)
    levels = sorted((level.value, level.chance) for level in getattr(severity, "levels", ()) if level.chance > 0)
    return np.array([value for value, _ in levels]), np.array([chance for _, chance in levels])


def frequencies(laws: Laws, span: float, count: int) -> tuple[list[Complexes], Ints]:
    """ψ of each severity at θ = 2π · turn / count, and the turns (A,) at which some of the laws is alive.

    |1 + Σ w ψ|² ≤ 1 + 2 (1 − Σ w) Σ w Re ψ, so that log |Φ| is at most what the smallest rates make of it.
    """
    roots, turns, parts = np.exp(-2j * np.pi / count * np.arange(count)), np.arange(count // 2 + 1), []
    for value, chance in map(_atoms, laws.severities):
        whole = np.rint(value / span).astype(int)
        parts.append(np.sum([c * (roots[turns * v % count] - 1) for v, c in zip(whole, chance, strict=True)], axis=0))
    quiet = 1 - laws.weights.sum(2, keepdims=True)
    rates = (laws.users[..., None] * quiet * laws.weights).sum(1).min(0)
    alive = np.full(len(turns), True) if laws.shock else rates @ np.stack(parts).real > DEAD
    return [part[alive] for part in parts], turns[alive]


def _transform(laws: Laws, parts: list[Complexes], turns: Ints, first: Ints, count: int) -> Complexes:
    """E e^{−iθ(S/span − first)}, (B, A)."""
    shape = (len(laws), len(turns))
    exponent = laws.exponent(np.zeros(shape, dtype=complex), [np.broadcast_to(part, shape) for part in parts], centred=False)
    exponent.imag += 2 * np.pi / count * (np.multiply.outer(first, turns) % count)
    return exp(exponent)


def _summed(span: float, first: Ints, count: int, turns: Ints, values: Complexes) -> Steps:
    """The law by a fast Fourier transform."""
    spectrum = np.zeros((len(values), count // 2 + 1), dtype=complex)
    spectrum[:, turns] = values
    chances = np.fft.irfft(spectrum, count)
    return Steps(span, first, np.cumsum(np.maximum(chances, 0.0, out=chances), 1, out=chances))


# --- readings ---------------------------------------------------------------------------------------------------------


def chances_by_steps(laws: Laws, chance: Floats, sizes: Floats) -> Floats:
    """P(S ≤ x), (B, J), of mixtures of laws (B · Z) with the chances (Z,), at sizes x (B, J) in harm units."""
    found = np.empty(sizes.shape)
    for rows, steps in steps_of(laws, len(chance)):
        for j in range(sizes.shape[1]):
            step = np.repeat(_floor(sizes[rows, j] / steps.span), len(chance))
            found[rows, j] = steps.at(step).reshape(-1, len(chance)) @ chance
    return found


def quantiles_by_steps(laws: Laws, chance: Floats, level: Floats) -> Floats:
    """The smallest x with P(S ≤ x) ≥ level (B,), harm units, by bisection of the steps."""
    found = np.empty(len(level))
    for rows, steps in steps_of(laws, len(chance)):
        first = steps.first.reshape(len(rows), -1)
        low, high = first.min(1) - 1, first.max(1) + steps.count - 1
        while (high - low > 1).any():
            middle = (low + high) // 2
            reached = steps.at(np.repeat(middle, len(chance))).reshape(len(rows), -1) @ chance >= level[rows] - 1e-14
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        found[rows] = high * steps.span
    return found


def excess_by_steps(laws: Laws, chance: Floats, size: Floats) -> Floats:
    """E (S − x)⁺ at x (B,), harm units: E S − x + E (x − S)⁺."""
    found = np.empty(len(size))
    for rows, steps in steps_of(laws, len(chance)):
        x = np.repeat(size[rows], len(chance))
        whole = _floor(x / steps.span)
        short = steps.shortage(whole) + (x - whole * steps.span) * steps.at(whole)
        index = (rows[:, None] * len(chance) + np.arange(len(chance))).ravel()
        found[rows] = (laws.mean[index] - x + short).reshape(len(rows), -1) @ chance
    return found


def _floor(ratio: Floats) -> Ints:
    """A size in spans, rounded down; a multiple of the span stays what it is."""
    return np.floor(ratio * (1 + 1e-12) + 1e-12).astype(int)
