"""Totals that are not smooth: points, tables and narrow severities, each number with a bound on its error.

    S = steps + rest        P(S ≤ x) = P(S ≤ x, no event has a density) + P(S ≤ x, some event has one)

The steps are a list and exact (`steps`).  The rest is read from Φ less the transform of the steps along evenly spaced nodes,
s = a + 2πik/T: a Fourier series returns P(S ≤ x) plus a sum of e^{−aTj} P(S ≤ x + j·T), j = 1, 2, … (Abate & Whitt 1992, "The
Fourier-series method for inverting transforms of probability distributions").

A transform of narrow severities dies at last.  One with points that could not be listed, or with a density that begins
steeply, does not die within any number of nodes.  Then S + w·Z is computed instead, with Z from −1 to 1 independent of S, of
Kaiser's density, whose transform is nothing beyond the last node.  Since |Z| ≤ 1,

    P(S ≤ x − w) ≤ P(S + w·Z ≤ x) ≤ P(S ≤ x + w),

whatever S is and however many events there are: w is a bound on the error of a size.  Where all steps are listed the rest has a
density, and Z's symmetry makes the error of the order of w²: (4 F_w − F_2w)/3 loses that as well, and F_w − F_2w, the largest
of those at x and at x ± w, measures what is left.  Both bounds hold; the tighter one is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Bools, Floats, Ints
from .distribution import Compound
from .fourier import FIRST, KAISER, STEP, Series, counted, nodes_at, on_line, period, size_at
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
DYING, SMOOTHED, OTHER = Mode(14.0, 4.0), Mode(11.0, 1.6), Mode(13.0, 2.3)
#: A period that is so many times too long still serves.
REUSED = 1.5
#: Nodes: what is tried first, next and last; and the most until a transform dies.
NODES, LONGEST = (2**13, 2**15, 2**18), 2**17
#: A probability, and a size's relative error, that needs no more nodes.
FINE, AIM = 1e-9, 3e-5
#: The most that the logarithm of a coefficient may be, and what is left out beyond the last node.
LARGEST, NOTHING = 5.0, 1e-13
#: Rounding of a sum of probabilities, and how near a level is reached.
ROUNDING, SLACK = 1e-14, 1.1e-9
#: Sections of a search, its relative precision, and the relative errors of a size that are told apart.
SECTIONS, PRECISION, OFF = 64, 1e-13, 10.0 ** np.arange(-12, -1.9, 0.5)


def kinked(mixtures: Mixtures) -> Bools:
    """Mixtures that are not smooth, (B,): with steps that no density blurs, or with lumps that stand apart."""
    compound = mixtures.compound
    none_dense = compound.with_parts(compound.severities, compound.weights * compound.dense).log_none
    steps = ~compound.smooth & (compound.events > 0) & (none_dense > -BLURRED)
    return np.asarray(((steps | compound.lumpy).reshape(len(mixtures), -1) & (mixtures.chance > 0)).any(1))


@dataclass(frozen=True, eq=False)
class Part:
    """One compound distribution: its steps, and the series of the rest for the sizes that were asked."""

    compound: Compound
    start: float
    steps: Steps
    modes: tuple[Mode, ...] = (DYING, SMOOTHED)
    made: dict[tuple[Mode, int, int], Series | None] = field(default_factory=dict)

    def below(self, x: Floats, top: float, nodes: int) -> Floats:
        """P(S ≤ x), for sizes x of any shape up to `top`."""
        rest = self.series(top, nodes)
        return self.steps.at(x) + (0.0 if rest is None else rest.below(x, rest.best))

    def ends(self, x: Floats, top: float, nodes: int) -> Floats:
        """Bounds on it, (2, …)."""
        rest = self.series(top, nodes)
        return self.steps.at(x) + (np.zeros((2, *x.shape)) if rest is None else rest.ends(x))

    def width(self, top: float, nodes: int) -> float:
        """The error of a size that a rest with steps has, harm units."""
        rest = self.series(top, nodes)
        return 0.0 if rest is None or rest.listed else rest.width

    def shortage(self, x: Floats, top: float, nodes: int) -> Floats:
        """E (x − S)⁺."""
        rest = self.series(top, nodes)
        return self.steps.shortage(x) + (0.0 if rest is None else rest.shortage(x))

    @property
    def listed(self) -> bool:
        """Whether all is steps: no event has a density."""
        return self.steps.complete and not (self.compound.rates[0] * self.compound.dense).any()

    def series(self, top: float, nodes: int) -> Series | None:
        """The series of the rest that serves sizes up to `top`; None if there is no rest, or none as small."""
        mass = max(1 - float(self.steps.below[-1]), 0.0)
        if mass < 1e-15 or top <= self.start or self.listed:
            return None
        tried = (self._series(mode, top, mass, nodes) for mode in self.modes)
        return next((found for found in tried if found is not None), None)

    def _series(self, mode: Mode, top: float, mass: float, nodes: int) -> Series | None:
        least = mode.reach * max(top - self.start, 1e-12 * top)
        for (other, _, many), one in self.made.items():
            if (other, many) == (mode, nodes) and one is not None and least <= one.period <= REUSED * least:
                return one
        key = mode, math.ceil(math.log(least) / STEP), nodes
        if key not in self.made:
            index = key[1]
            while self._log_damped(2 * mode.damping / period(index)) > LARGEST:  # so strongly damped, what lies before counts
                index += 1
            self.made[key] = self._made(mode, index, mass, nodes)
        return self.made[key]

    def _made(self, mode: Mode, index: int, mass: float, nodes: int) -> Series | None:
        """None where a transform has to die and does not."""
        width = 0.0
        if mode is DYING:
            if not (self.steps.complete and self._beyond(mode, index, LONGEST) < NOTHING):
                return None
            nodes = next(2**n for n in range(9, 18) if self._beyond(mode, index, 2**n) < NOTHING)
        else:
            width = KAISER * period(index) / (2 * math.pi * nodes)
        mean = float(self.compound.mean[0]) - float(self.steps.masses @ self.steps.sizes)
        coefficients = self._coefficients(mode, index, nodes)
        return Series(self.start, period(index), mode.damping, width, mass, mean, coefficients, self.steps.complete)

    def _log_damped(self, a: float) -> float:
        """log E e^{−a(S − start)}: the largest of the coefficients."""
        parts = [psi(severity, np.array([a]), np.ones(1, dtype=complex)).real for severity in self.compound.severities]
        with np.errstate(divide="ignore"):
            return float(self.compound.exponent(np.ones((1, 1)), parts, centred=False)[0, 0]) + a * self.start

    def _coefficients(self, mode: Mode, index: int, nodes: int) -> Complexes:
        """(Φ − steps) · e^{s·start} at the nodes."""
        found = []
        for piece in range(1 + int(math.log2(nodes / FIRST))):
            s = nodes_at(index, mode.damping, counted(piece))[None]
            parts = [on_line(sv, index, mode.damping, piece)[None] for sv in self.compound.severities]
            found.append(exp(self.compound.exponent(s, parts, centred=False) + s * self.start)[0])
            found[-1] -= self._stepped(s, parts)
        return np.concatenate(found)

    def _stepped(self, s: Complexes, parts: list[Complexes]) -> Complexes:
        """The transform of the steps: of those listed, or of no event alone."""
        if len(self.steps.sizes) == 1:
            return exp(s[0] * self.start + self.compound.log_none) if self.compound.log_none[0] > -700 else np.zeros_like(s[0])
        dead = [np.full_like(part, -1.0) if dense else part for part, dense in zip(parts, self.compound.dense, strict=True)]
        with np.errstate(divide="ignore", invalid="ignore"):
            log = self.compound.exponent(s, dead, centred=False) + s * self.start
        return np.where(log.real[0] > -700, exp(np.where(log.real > -700, log, 0))[0], 0.0)

    def _beyond(self, mode: Mode, index: int, node: int) -> float:
        """A bound on what comes after a node: |Φ − steps| is at most what it is if densities only shrink from here on."""
        a, dense = 2 * mode.damping / period(index), self.compound.dense
        sizes = [
            size_at(sv, index, mode.damping, int(node) if d else 0)
            for sv, d in zip(self.compound.severities, dense, strict=True)
        ]
        logs = []
        for each in (sizes, np.where(dense, 0.0, sizes)):
            with np.errstate(divide="ignore"):
                exponent = self.compound.exponent(np.ones((1, 1)), [np.full((1, 1), z - 1) for z in each], centred=False)
            logs.append(min(float(exponent[0, 0]) + a * self.start + 2 * mode.damping / mode.reach, 700.0))
        return math.exp(logs[0]) - math.exp(logs[1])


@dataclass(frozen=True, eq=False)
class Kinked:
    """One mixture of parts with the probabilities of their states, (Z,)."""

    chance: Floats
    parts: tuple[Part, ...]
    nodes: tuple[int, ...]

    def _sum(self, function: Callable[[Part], Any]) -> Floats:
        return np.asarray(sum(chance * function(part) for chance, part in zip(self.chance, self.parts, strict=True)))

    def below(self, x: Floats, top: float, nodes: int) -> Floats:
        """P(S ≤ x), for sizes of any shape up to `top`."""
        return self._sum(lambda part: part.below(x, top, nodes))

    def ends(self, x: Floats, top: float, nodes: int) -> Floats:
        """Bounds on it, (2, …)."""
        return self._sum(lambda part: part.ends(x, top, nodes))

    @property
    def listed(self) -> bool:
        """Whether all is steps: then nothing is read from a series."""
        return all(part.listed for part in self.parts)

    def _enough(self, x: float) -> tuple[int, float, float]:
        """So many nodes serve for P(S ≤ x), and the bounds on it."""
        for nodes in self.nodes:
            low, high = self.ends(np.array(x), x, nodes).tolist()
            rough = max((part.width(x, nodes) for part in self.parts), default=0.0)
            if high - low <= max(FINE, 1e-8 * min(low, 1 - high)) or 0 < rough <= AIM * x:
                break
        return nodes, low, high

    def tail(self, x: float) -> tuple[float, float]:
        """P(S > x), and a bound on its error."""
        nodes, low, high = self._enough(x)
        here = float(self.below(np.array(x), x, nodes))
        return 1 - here, max(here - low, high - here)

    def shortage(self, x: float) -> float:
        """E (x − S)⁺, harm units."""
        nodes, *_ = self._enough(x)
        return float(self._sum(lambda part: part.shortage(np.array(x), x, nodes)))

    def quantile(self, level: float, guess: float) -> tuple[float, float]:
        """The smallest x with P(S ≤ x) ≥ level, harm units, and a bound on its relative error."""
        for nodes in self.nodes:
            found = self._search(level, guess, nodes)
            off = 0.0 if self.listed else self._off(found, level, nodes)
            if off <= AIM:
                break
        return found, off

    def _search(self, level: float, guess: float, nodes: int) -> float:
        low, high = 0.0, guess
        for _ in range(1100):
            if self.below(np.array(high), high, nodes) >= level - ROUNDING:
                break
            low, high = high, 2 * high
        while high - low > PRECISION * high:
            x = np.append(low + (high - low) * np.arange(1, SECTIONS) / SECTIONS, high)
            reached = self.below(x, high, nodes) >= level - ROUNDING
            first = int(reached.argmax()) if reached.any() else SECTIONS - 1
            low, high = float(x[first - 1]) if first else low, float(x[first])
        steps = np.concatenate([part.steps.between(low * (1 - PRECISION), high) for part in self.parts])
        return float(steps[steps > 0].min()) if (steps > 0).any() else high

    def _off(self, x: float, level: float, nodes: int) -> float:
        """The least of the relative errors at which the bounds agree that the level is not reached before, and is after."""
        (after, _), (_, before) = (self.ends(x * (1 + side * OFF), x * 1.02, nodes) for side in (1, -1))
        sure = (after >= level - SLACK) & (before <= level + SLACK)
        return float(OFF[sure.argmax()]) if sure.any() else math.inf


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
    return Kinked(mixtures.chance[states], tuple(parts), NODES[1:2] if other else NODES)
