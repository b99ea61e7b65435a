"""The exact laws of thousands of totals that come in steps: all severities are points or tables, multiples of one span.

The law modulo a window comes from one fast Fourier transform of the window's length, and a window that holds all but e^−36 of
a law holds the law: nothing is padded, tilted or rounded.  Where the window begins and ends follows from Chernoff's bound,

    P(S ≥ b) ≤ E e^{t(S − b)},    P(S ≤ a) ≤ E e^{−t(S − a)}    for every t > 0,

solved for a and b on a grid of t.  Laws with windows of similar length share their frequencies, hence the transforms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..arrays import Floats, Ints
from ..severity import Point, Severity
from .lattice import span_of
from .laws import Laws
from .transforms import exp

__all__ = ["Steps", "chances_by_steps", "excess_by_steps", "quantiles_by_steps", "steps_of", "windows"]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


#: log of the chance that lies outside of a window, on either side.
OUTSIDE = -36.0
#: Frequencies at which log |Φ| of every law of a group is less than this are left out.
DEAD = -45.0
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

    def at(self, step: Ints) -> Floats:
        """P(S ≤ step · span), (B,), for whole steps (B,)."""
        k = step - self.first
        inside = self.below[np.arange(len(k)), k.clip(0, self.below.shape[1] - 1)]
        return np.where(k < 0, 0.0, np.where(k < self.below.shape[1], inside, 1.0))

    def shortage(self, step: Ints) -> Floats:
        """E (step · span − S)⁺, (B,), harm units: span · Σ P(S ≤ k · span) over k < step."""
        k = np.arange(self.below.shape[1]) + self.first[:, None]
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


def steps_of(laws: Laws, states: int) -> Iterator[tuple[Ints, Steps]]:
    """Groups of mixtures of `states` laws each, (b,), with their laws (b · states, L)."""
    span = span_of(laws.severities)
    first, last = windows(laws, span)
    length = (last - first + 1).reshape(-1, states).max(1)
    size = _round_up(length)
    for count in np.unique(size).tolist():
        group = np.flatnonzero(size == count)
        for part in np.array_split(group, min(len(group), -(-len(group) * states * count // TOGETHER))):
            rows = (part[:, None] * states + np.arange(states)).ravel()
            yield part, Steps(span, first[rows], _below(laws.take(rows), span, first[rows], count))


def _round_up(length: Ints) -> Ints:
    """The next 2^n or 3 · 2^n, at least 8."""
    power = 2 ** np.ceil(np.log2(np.maximum(length, 8))).astype(int)
    return np.where(length <= power // 4 * 3, power // 4 * 3, power)


def _atoms(severity: Severity) -> tuple[Floats, Floats]:
    """Sizes, smallest first, and their chances."""
    if isinstance(severity, Point):
        return np.array([severity.value]), np.ones(1)
    levels = sorted((level.value, level.chance) for level in getattr(severity, "levels", ()) if level.chance > 0)
    return np.array([value for value, _ in levels]), np.array([chance for _, chance in levels])


def _below(laws: Laws, span: float, first: Ints, count: int) -> Floats:
    """P(S ≤ (first + k) · span), (B, count)."""
    turns = np.arange(count // 2 + 1)
    roots = np.exp(-2j * np.pi / count * np.arange(count))
    parts = []
    for value, chance in map(_atoms, laws.severities):
        whole = np.rint(value / span).astype(int)
        parts.append((roots[np.multiply.outer(turns, whole) % count] - 1) @ chance)
    alive = np.flatnonzero(_sizes(laws, np.stack(parts).real).max(0) > DEAD)
    shape = (len(laws), len(alive))
    chosen = [np.broadcast_to(part[alive], shape) for part in parts]
    spectrum = np.zeros((len(laws), len(turns)), dtype=complex)
    exponent = laws.exponent(np.zeros(shape, dtype=complex), chosen, centred=False)
    spectrum[:, alive] = exp(exponent) * roots[-(first[:, None] * alive) % count]
    chances = np.fft.irfft(spectrum, count)
    return np.cumsum(np.maximum(chances, 0.0, out=chances), 1, out=chances)


def _sizes(laws: Laws, parts: Floats) -> Floats:
    """A bound on log |Φ|, (B, J), from Re ψ (M, J): |1 + Σ w ψ|² ≤ 1 + 2 (1 − Σ w) Σ w Re ψ."""
    if laws.shock:
        return np.zeros((len(laws), parts.shape[1]))
    quiet = 1 - laws.weights.sum(2, keepdims=True)
    return (laws.users[..., None] * quiet * laws.weights).sum(1) @ parts


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
        low, high = first.min(1) - 1, first.max(1) + steps.below.shape[1] - 1
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
