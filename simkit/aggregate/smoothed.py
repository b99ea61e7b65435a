"""Totals that are not smooth: points, tables and narrow severities, each number with a bound on its error.

    S = steps + rest        P(S ≤ x) = P(S ≤ x, no event has a density) + P(S ≤ x, some event has one)

The steps are a list and exact (`steps`).  The rest is read from Φ less the transform of the steps along evenly spaced nodes,
s = a + 2πik/T: a Fourier series returns P(S ≤ x) plus a sum of e^{−aTj} P(S ≤ x + j·T), j = 1, 2, … (Abate & Whitt 1992, "The
Fourier-series method for inverting transforms of probability distributions").

A transform of narrow severities dies at last.  One with points that could not be listed, or with a density that begins
steeply, does not die within any number of nodes.  Then S + w·Z is computed instead, with Z from −1 to 1 independent of S, of
Kaiser's density, whose transform is nothing beyond the last node.  Since |Z| ≤ 1,

    P(S ≤ x − w) ≤ P(S + w·Z ≤ x) ≤ P(S ≤ x + w),

whatever S is and however many events there are: w is a bound on the error of a size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..severity import Severity
from .distribution import Compound, smooth
from .quantiles import Mixtures
from .steps import Steps, steps_of
from .transforms import Complexes, exp, psi

#: With so many expected events that have a density, no step is seen.
BLURRED = 28.0


class Mode(NamedTuple):
    """How a series is laid out: half the logarithm of what damps x + T, and how many times the room up to x the period T is."""

    damping: float
    reach: float


#: For transforms that die, for those that are made to, and for a second opinion on either.
DYING, SMOOTHED, OTHER = Mode(14.0, 4.0), Mode(8.0, 1.1), Mode(10.0, 1.6)
#: Neighbouring periods differ by a factor of e^STEP; one that is so many times too long still serves.
STEP, REUSED = 0.25, 1.7
#: The most nodes; nodes that are worked on together; and the least that a period gets.
MOST, TOGETHER, LEAST = 2**17, 2**13, 2**9
#: The most that the logarithm of a coefficient may be.
LARGEST = 5.0
#: What is left out beyond the last node, and a transform that has died: under its rounding.
NOTHING, DEAD = 1e-13, 3e-13
#: Kaiser's parameter: Z's transform at the last node is e^−KAISER; and the relative w that needs no more nodes.
KAISER, FINE = 32.0, 1e-6
#: Half the number of points that an interpolation uses, and its Kaiser parameter.
HALF, SHARP = 8, 34.0


def kinked(mixtures: Mixtures) -> Bools:
    """Mixtures that are not smooth, (B,): with steps that no density blurs, or with lumps that stand apart."""
    compound = mixtures.compound
    none_dense = compound.with_parts(compound.severities, compound.weights * compound.dense).log_none
    steps = ~compound.smooth & (compound.events > 0) & (none_dense > -BLURRED)
    return np.asarray(((steps | compound.lumpy).reshape(len(mixtures), -1) & (mixtures.chance > 0)).any(1))


# --- transforms on a line ---------------------------------------------------------------------------------------------


def _period(index: int) -> float:
    return math.exp(STEP * index)


@lru_cache(maxsize=512)
def _on_line(severity: Severity, index: int, damping: float, block: int) -> Complexes:
    """ψ at the nodes of a block, s = (2·damping + 2πik)/T; nothing but −1 once the transform of a density has died."""
    if block and smooth(severity) and not np.abs(1 + _on_line(severity, index, damping, block - 1)[-1]) > DEAD:
        return np.full(TOGETHER, -1.0 + 0j)
    shape: Complexes = np.asarray(
        1 + 1j * math.pi / damping * np.arange(block * TOGETHER, (block + 1) * TOGETHER), dtype=complex
    )
    found = psi(severity, np.array([2 * damping / _period(index)]), shape)[0]
    found.setflags(write=False)
    return found


def _kaiser(square: Any, sharp: float) -> Any:
    """The transform of Kaiser's density on (−1, 1), E e^{−zZ} = sinh √(β² + z²) / √(β² + z²) over its value at 0, from z²."""
    root = np.sqrt(sharp**2 + square)
    grown = np.exp(root - sharp)
    return (grown - math.exp(-2 * sharp) / grown) / root * (sharp / -math.expm1(-2 * sharp))


@lru_cache(maxsize=32)
def _cut_off(count: int, damping: float) -> Complexes:
    """The transform of w·Z at so many nodes, of which the last is where it has become nothing."""
    nodes = (damping / math.pi + 1j * np.arange(count)) * (KAISER / count)
    return np.asarray(_kaiser(nodes**2, KAISER), dtype=complex)


@lru_cache(maxsize=32)
def _sharpened(count: int) -> Floats:
    """What takes the blur of an interpolation between 4 · count points or more away beforehand."""
    turned = 2 * np.pi * np.arange(count) * HALF / _length(count)
    return np.asarray(1 / _kaiser(-(turned**2), SHARP), dtype=float)


def _length(count: int) -> int:
    return 2 ** int(np.ceil(np.log2(4 * count)))


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
    tables: dict[int, Floats] = field(default_factory=dict)

    def _table(self, power: int) -> Floats:
        """The sum of coefficients / s^power at L points, ready to be interpolated."""
        if power not in self.tables:
            count = len(self.coefficients)
            length = _length(count)
            k = np.arange(count)
            s = (2 * self.damping + 2j * np.pi * k) / self.period
            self.tables[power] = np.fft.irfft(self.coefficients * _sharpened(count) / s**power, length) * (length / self.period)
        return self.tables[power]

    def _read(self, x: Floats, power: int) -> Floats:
        """The series at x, any shape: interpolation by Kaiser's density (Potts, Steidl & Tasche 2001)."""
        from scipy.special import i0

        table = self._table(power)
        length = len(table)
        place = (x - self.start) / self.period * length
        j = np.floor(place)[..., None] + np.arange(1 - HALF, HALF + 1)
        away = np.clip((place[..., None] - j) / HALF, -1, 1)
        weight = i0(SHARP * np.sqrt(1 - away**2)) * (SHARP / (2 * math.sinh(SHARP) * HALF))
        grown = np.exp(2 * self.damping * (x - self.start) / self.period)
        return grown * (weight * table[j.astype(int) % length]).sum(-1)

    @property
    def _folded(self) -> float:
        """Σ_j e^{−2·damping·j}: the sum's other terms, as P(S ≤ x + T) is nearly all of the mass."""
        return 1 / math.expm1(2 * self.damping)

    def below(self, x: Floats) -> Floats:
        """P(rest ≤ x), at sizes up to the end of the period."""
        inside = x > self.start - self.width
        read = self._read(np.where(inside, x, self.start), 1) - self._folded * self.mass
        return np.where(inside, read.clip(0.0, self.mass), 0.0)

    def shortage(self, x: Floats) -> Floats:
        """E (x − rest)⁺."""
        inside = x > self.start - self.width
        x = np.where(inside, x, self.start)
        beyond = self._folded * (self.mass * (x + self.period) - self.mean) if math.isfinite(self.mean) else 0.0
        return np.where(inside, np.maximum(self._read(x, 2) - beyond, 0.0), 0.0)


@dataclass(frozen=True, eq=False)
class Part:
    """One compound distribution: its steps, and the series of the rest for the sizes that were asked."""

    compound: Compound
    start: float
    steps: Steps
    modes: tuple[Mode, ...] = (DYING, SMOOTHED)
    made: dict[tuple[Mode, int], Series | None] = field(default_factory=dict)

    def below(self, x: Floats, top: float) -> Floats:
        """P(S ≤ x), for sizes x of any shape up to `top`."""
        found = self.steps.at(x)
        rest = self.series(top)
        return found if rest is None else found + rest.below(x)

    def shortage(self, x: Floats, top: float) -> Floats:
        """E (x − S)⁺."""
        found = self.steps.shortage(x)
        rest = self.series(top)
        return found if rest is None else found + rest.shortage(x)

    @property
    def listed(self) -> bool:
        """Whether all is steps: no event has a density."""
        return self.steps.complete and not (self.compound.rates[0] * self.compound.dense).any()

    def series(self, top: float) -> Series | None:
        """The series of the rest that serves sizes up to `top`; None if there is no rest, or none as small."""
        mass = max(1 - float(self.steps.below[-1]), 0.0)
        if mass < 1e-15 or top <= self.start or self.listed:
            return None
        return next((found for found in (self._series(mode, top, mass) for mode in self.modes) if found is not None), None)

    def _series(self, mode: Mode, top: float, mass: float) -> Series | None:
        least = mode.reach * max(top - self.start, 1e-12 * top)
        for (other, _), one in self.made.items():
            if other is mode and one is not None and least <= one.period <= REUSED * least:
                return one
        asked = index = math.ceil(math.log(least) / STEP)
        if (mode, asked) not in self.made:
            while self._log_damped(2 * mode.damping / _period(index)) > LARGEST:  # so strongly damped, what lies before counts
                index += 1
            period = _period(index)
            wanted = int(KAISER * period / (2 * math.pi * FINE * top))
            coefficients = self._coefficients(mode, index, MOST if mode is DYING else min(max(wanted, LEAST), MOST))
            self.made[mode, asked] = None if coefficients is None else self._finished(mode, period, mass, coefficients)
        return self.made[mode, asked]

    def _log_damped(self, a: float) -> float:
        """log E e^{−a(S − start)}: the largest of the coefficients."""
        parts = [psi(severity, np.array([a]), np.ones(1, dtype=complex)).real for severity in self.compound.severities]
        with np.errstate(divide="ignore"):
            return float(self.compound.exponent(np.ones((1, 1)), parts, centred=False)[0, 0]) + a * self.start

    def _finished(self, mode: Mode, period: float, mass: float, coefficients: Complexes) -> Series:
        width = 0.0
        if mode is not DYING:
            width = KAISER * period / (2 * math.pi * len(coefficients))
            coefficients = coefficients * _cut_off(len(coefficients), mode.damping)
        mean = float(self.compound.mean[0]) - float(self.steps.masses @ self.steps.sizes)
        return Series(self.start, period, mode.damping, width, mass, mean, coefficients)

    def _coefficients(self, mode: Mode, index: int, most: int) -> Complexes | None:
        """(Φ − steps) · e^{s·start} at the nodes; None where they have to die and do not."""
        period, found = _period(index), []
        if mode is DYING and not (self.steps.complete and self._beyond(mode, index, most) < NOTHING):
            return None
        for block in range(-(-most // TOGETHER)):
            count = min(TOGETHER, most - block * TOGETHER)
            s: Any = (2 * mode.damping + 2j * np.pi * (block * TOGETHER + np.arange(count)[None])) / period
            parts = [_on_line(sv, index, mode.damping, block)[None, :count] for sv in self.compound.severities]
            found.append(exp(self.compound.exponent(s, parts, centred=False) + s * self.start)[0])
            found[-1] -= self._stepped(s, parts)
            if mode is DYING and self._beyond(mode, index, block * TOGETHER + count) < NOTHING:
                break
        return np.concatenate(found)

    def _stepped(self, s: Complexes, parts: list[Complexes]) -> Complexes:
        """The transform of the steps: of those listed, or of no event alone."""
        if not self.steps.complete:
            return exp(self.compound.log_none[0] + s[0] * self.start)
        dead = [np.full_like(part, -1.0) if dense else part for part, dense in zip(parts, self.compound.dense, strict=True)]
        with np.errstate(divide="ignore", invalid="ignore"):
            log = self.compound.exponent(s, dead, centred=False) + s * self.start
        return np.where(log.real[0] > -700, exp(np.where(log.real > -700, log, 0))[0], 0.0)

    def _beyond(self, mode: Mode, index: int, node: int) -> float:
        """A bound on what comes after a node: |Φ − steps| is at most what it is if densities only shrink from here on."""
        a, ends, dead = np.array([2 * mode.damping / _period(index)]), [], []
        for severity, dense in zip(self.compound.severities, self.compound.dense, strict=True):
            shape = np.array([1 + 1j * math.pi / mode.damping * node if dense else 1.0 + 0j])
            size = np.abs(1 + psi(severity, a, shape))
            size = np.where(dense & (size < DEAD), 0.0, size) - 1
            ends.append(size)
            dead.append(np.full((1, 1), -1.0) if dense else size)
        with np.errstate(divide="ignore"):
            logs = [self.compound.exponent(np.ones((1, 1)), each, centred=False)[0, 0] for each in (ends, dead)]
        left, stepped = (math.exp(min(log + a[0] * self.start + 2 * mode.damping / mode.reach, 700.0)) for log in logs)
        return left - stepped


@dataclass(frozen=True, eq=False)
class Kinked:
    """One mixture of parts with the probabilities of their states, (Z,)."""

    chance: Floats
    parts: tuple[Part, ...]

    def below(self, x: Floats, top: float) -> Floats:
        """P(S ≤ x), for sizes of any shape up to `top`."""
        return np.sum([c * part.below(x, top) for c, part in zip(self.chance, self.parts, strict=True)], axis=0)

    def width(self, top: float) -> float:
        """A bound on the error of sizes at `top`, harm units."""
        made = [part.series(top) for part in self.parts]
        return max((one.width for one in made if one is not None and one.below(np.array(top)) > 1e-12), default=0.0)

    def tail(self, x: float) -> tuple[float, float, float]:
        """P(S > x), the density (of steps: over the last hundredth of x) and a bound on the probability's error."""
        w = self.width(x)
        h = w if w > 0 else 1e-3 * x
        sizes = x + np.array([0.0, -h, h])
        here, low, high = self.below(sizes, x + h).tolist()
        error = max(here - low, high - here) if w > 0 else 0.0
        return 1 - here, (high - low) / (2 * h), error + (ROUGH if w > 0 else NOISE)

    @property
    def listed(self) -> bool:
        """Whether all is steps: then nothing is read from a series."""
        return all(part.listed for part in self.parts)

    def quantile(self, level: float, guess: float) -> tuple[float, float]:
        """The smallest x with P(S ≤ x) ≥ level, harm units, and a bound on its relative error."""
        low, high = 0.0, guess
        for _ in range(1100):
            if self.below(np.array(high), high) >= level - ROUNDING:
                break
            low, high = high, 2 * high
        while high - low > PRECISION * high:
            x = low + (high - low) * np.arange(1, SECTIONS) / SECTIONS
            reached = np.append(self.below(x, high) >= level - ROUNDING, True)
            first = int(reached.argmax())
            ends = np.concatenate([[low], x, [high]])
            low, high = float(ends[first]), float(ends[first + 1])
        steps = np.concatenate([part.steps.between(low * (1 - PRECISION), high) for part in self.parts])
        found = float(steps[steps > 0].min()) if (steps > 0).any() else high
        return found, self.width(found) / found

    def shortage(self, x: float) -> float:
        """E (x − S)⁺, harm units."""
        return float(np.sum([c * part.shortage(np.array(x), x) for c, part in zip(self.chance, self.parts, strict=True)]))


#: Rounding of a sum of probabilities, of a series that died, and of one that is smoothed.
ROUNDING, NOISE, ROUGH = 1e-14, 1e-12, 1e-9
#: Sections of a search, and its relative precision.
SECTIONS, PRECISION = 64, 1e-13


def kinked_of(mixtures: Mixtures, row: int, *, other: bool = False) -> Kinked:
    """One of the mixtures, to be read at any size; `other` for a second opinion, in which no step is listed."""
    states = np.flatnonzero(mixtures.chance > 0)
    rows: Ints = row * len(mixtures.chance) + states
    starts = mixtures.scales.beginning[rows]
    parts = []
    for number, start in zip(rows.tolist(), starts.tolist(), strict=True):
        one = mixtures.compound.take(slice(number, number + 1))
        none = Steps(np.zeros(1), np.exp(one.log_none), complete=False)
        parts.append(Part(one, start, none, (OTHER,)) if other else Part(one, start, steps_of(one)))
    return Kinked(mixtures.chance[states], tuple(parts))
