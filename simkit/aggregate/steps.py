"""The part of a total in which nothing but points and tables happens: exact, as a list of sizes and of P(S ≤ size).

Two ways to the list; neither rounds a size.

* **Sums over counts**: of few events, every combination of counts is one total with one probability (multinomial, or negative
  multinomial under a gamma shock).  The sizes need have no common divisor.
* **One fast Fourier transform** where all sizes are multiples of a span (`lattice.on_window`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import Floats, Ints
from .distribution import Compound
from .lattice import SAME, atoms, on_window, span_of, windows

#: The most sizes of a list: by counts, and of a lattice; and the log probability under which a count is left out.
COUNTED, LONGEST, RARE = 2**18, 2**20, -40.0


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


def steps_of(compound: Compound) -> Steps:
    """The steps of one compound distribution."""
    quiet, log_factor = without_densities(compound)
    factor = math.exp(log_factor)
    none = not len(quiet.severities) or not quiet.events[0] > 0 or factor < 1e-16
    nothing = Steps(np.zeros(1), np.exp(compound.log_none), complete=none)
    if none:
        return nothing
    span = span_of(quiet.severities)
    if span:
        first, last = (int(end[0]) for end in windows(quiet, span))
        if 0 <= last - first < LONGEST:
            masses = on_window(quiet, span, first, last - first + 1)
            return Steps(np.arange(first, first + len(masses), dtype=float) * span, factor * masses, complete=True)
    listed = _by_counts(quiet)
    return nothing if listed is None else Steps(listed[0], factor * listed[1], complete=True)


def without_densities(compound: Compound) -> tuple[Compound, float]:
    """One distribution given that no event has a density, and the log of that probability.

    Of a user who brings no such event every other event is likelier by 1/(1 − Σ w); under a gamma shock v the rates fall to
    rate/(1 + v · Λ), Λ the expected number of densities.
    """
    lost = compound.weights[..., compound.dense].sum(-1)
    kept = ~compound.dense & (compound.rates[0] > 0)
    severities = tuple(severity for severity, keep in zip(compound.severities, kept, strict=True) if keep)
    if compound.poisson:
        log, factor = float(compound.log_silent(lost)[0]), 1 / (1 + compound.shock * (compound.users * lost).sum())
    else:
        log, factor = float(compound.log_silent(lost)[0]), 1 / np.maximum(1 - lost, 1e-300)[..., None]
    return compound.with_parts(severities, compound.weights[..., kept] * factor), log


# --- by counts --------------------------------------------------------------------------------------------------------


def _by_counts(compound: Compound) -> tuple[Floats, Floats] | None:
    """All totals and their probabilities, from the counts of every size in every group; None if there are too many."""
    total, log = np.zeros(1), np.zeros(1)
    for users, weights in zip(compound.users[0].tolist(), compound.weights[0].tolist(), strict=True):
        seen, used = np.zeros(len(total), dtype=int), 0.0
        for severity, weight in zip(compound.severities, weights, strict=True):
            for value, share in zip(*atoms(severity), strict=True) if weight * users > 0 else ():
                before, which = np.unique(seen, return_inverse=True)
                count = _likely(compound, users * weight * share, int(before[-1]), len(total))
                if count is None:
                    return None
                new = log[:, None] + _log_masses(compound, count, users, weight * share, before[:, None], used)[which]
                kept = new > RARE
                total, seen, log = (total[:, None] + count * value)[kept], (seen[:, None] + count)[kept], new[kept]
                used += weight * share
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


def _likely(compound: Compound, mean: float, seen: int, listed: int) -> Ints | None:
    """Counts that are not too rare, if up to `seen` events came before; None if, with those listed, there are too many."""
    wide = 9 * np.sqrt(mean) + 40 + 40 * compound.shock * mean
    first, last = 0 if compound.shock else max(int(mean - wide), 0), int(mean + wide + 40 * compound.shock * seen)
    return None if listed * (last - first) > 8 * COUNTED else np.arange(first, last + 1)


def _log_masses(compound: Compound, count: Ints, users: float, chance: float, seen: Ints, used: float) -> Floats:
    """log P(so many events of one size | so many, `seen` (J, 1), of the sizes before, whose probability was `used`), (J, K).

    Neighbouring counts k − 1 and k have the ratio a + b/k (the (a, b, 0) class; Panjer 1981), and all add up to 1.
    """
    k, left = count[1:], users - seen
    if compound.shock:  # negative multinomial: 1/v + seen successes are left
        odds = compound.shock * users * chance / (1 + compound.shock * users * used)
        ratio = odds / (1 + odds) * (1 / compound.shock + seen + k - 1) / k
    elif compound.poisson:
        ratio = users * chance / k + 0.0 * seen
    else:
        w = min(chance / max(1 - used, 1e-300), 1 - 1e-16)
        ratio = w / (1 - w) * np.maximum(left + 1 - k, 0) / k
    with np.errstate(divide="ignore"):
        log = np.concatenate([np.zeros((len(seen), 1)), np.log(ratio)], 1).cumsum(1)
    log -= log.max(1, keepdims=True)
    log -= np.log(np.exp(log).sum(1, keepdims=True))
    return log if compound.poisson else np.where(count <= left, log, -np.inf)
