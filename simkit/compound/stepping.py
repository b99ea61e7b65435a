"""Laws with steps, and those that no path resolves: where a lattice serves them, which one, and what is read from it.

Where only points and tables can happen, and all are multiples of one span, the law is exact and found for all at once.  Else
severities with densities are rounded to a lattice, one law after the other.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Bools, Floats
from .lattice import MOST, Stepped, span_of, stepped
from .laws import Laws
from .quantiles import Mixtures
from .steps import chances_by_steps, excess_by_steps, quantiles_by_steps
from .transforms import smooth
from .verified import Disagreement

__all__ = ["LATTICE_EVENTS", "excess_on_lattice", "in_steps", "quantiles_on_lattice", "stepping", "tails_on_lattice"]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


#: Up to so many expected events, a law with points or tables is computed on their lattice.
LATTICE_EVENTS = 2e4
#: Multiples of a span that a window may hold; and a number of events from which on so fine a lattice has no steps to be seen.
LONGEST, MANY = 2**22, 100.0
#: Rounding of an exact lattice, as a chance.
ROUNDING = 1e-13


def tails_on_lattice(mixtures: Mixtures, x: Floats) -> tuple[Floats, Floats, Floats]:
    """P(S > x), its density over the last hundredth of x and its estimated error, at x (B,) > 0."""
    below, error = np.empty((len(x), 2)), np.full(len(x), ROUNDING)
    pure, sizes = in_steps(mixtures), np.stack([x, 0.99 * x], 1)
    if pure.any():
        below[pure] = chances_by_steps(_atoms_of(mixtures.take(pure)), mixtures.chance, sizes[pure])
    for row in np.flatnonzero(~pure).tolist():
        below[row] = _grid(mixtures, row, x[row]).below(sizes[row])
        error[row] += _coarser(mixtures, row, x[row], below[row, 0])
    return 1 - below[:, 0], (below[:, 0] - below[:, 1]) / (0.01 * x), error


def quantiles_on_lattice(mixtures: Mixtures, level: Floats) -> Floats:
    """The smallest x with P(S ≤ x) ≥ level (B,), harm units."""
    found = np.where(level >= 1, np.inf, 0.0)
    some = (level < 1) & (level > mixtures.none * (1 + 1e-14))
    pure = in_steps(mixtures)
    if (some & pure).any():
        part = mixtures.take(some & pure)
        found[some & pure] = quantiles_by_steps(_atoms_of(part), mixtures.chance, level[some & pure])
    for row in np.flatnonzero(some & ~pure).tolist():
        found[row] = _quantile(mixtures, row, level[row])
    return found


def excess_on_lattice(mixtures: Mixtures, x: Floats) -> Floats:
    """E (S − x)⁺ at x (B,) > 0, harm units."""
    found, pure = np.empty(len(x)), in_steps(mixtures)
    if pure.any():
        found[pure] = excess_by_steps(_atoms_of(mixtures.take(pure)), mixtures.chance, x[pure])
    for row in np.flatnonzero(~pure).tolist():
        found[row] = _grid(mixtures, row, x[row]).excess(float(x[row]))
    return found


def stepping(mixtures: Mixtures) -> Bools:
    """Mixtures that a lattice serves: with atoms, few events, and not so fine a lattice that its steps are lost in it, (B,)."""
    laws, states = mixtures.laws, len(mixtures.chance)
    if laws.smooth.all():
        return np.zeros(len(mixtures), dtype=bool)
    steps = (~laws.smooth & (laws.events > 0)).reshape(-1, states).any(1)
    events, pure = laws.events.reshape(-1, states), in_steps(mixtures)
    few = np.where(pure, events.min(1), events.max(1)) <= LATTICE_EVENTS
    return steps & few & ~(_atoms_only(mixtures) & ~pure & (events.min(1) > MANY))


def _atoms_only(mixtures: Mixtures) -> Bools:
    """Mixtures in which only points and tables happen, (B,)."""
    continuous = np.array([smooth(severity) for severity in mixtures.laws.severities])
    return np.asarray((mixtures.laws.rates[:, continuous] == 0).reshape(len(mixtures), -1).all(1))


def in_steps(mixtures: Mixtures) -> Bools:
    """Mixtures in which only points and tables with a common span happen, in a window that is not too long, (B,)."""
    laws = mixtures.laws
    span = 0.0 if laws.smooth.all() else span_of(laws.severities)
    largest = max((severity.mean for severity in laws.severities if not smooth(severity)), default=0.0)
    short = 24 * (np.sqrt(laws.variance) + largest)
    return _atoms_only(mixtures) & np.asarray((short <= span * LONGEST).reshape(len(mixtures), -1).all(1))


def _atoms_of(mixtures: Mixtures) -> Laws:
    """The laws without the severities that have a density."""
    laws = mixtures.laws
    kept = np.array([not smooth(severity) for severity in laws.severities])
    severities = tuple(severity for severity, keep in zip(laws.severities, kept, strict=True) if keep)
    return Laws(severities, laws.weights[..., kept], laws.users, laws.shock)


# --- one at a time ----------------------------------------------------------------------------------------------------


def _grid(mixtures: Mixtures, row: int, end: float) -> Stepped:
    part = mixtures.take(np.array([row]))
    return stepped(part.laws, part.chance, float(end))


def _coarser(mixtures: Mixtures, row: int, x: float, below: float) -> float:
    """How far a lattice twice as wide would be off, a third of it; nothing if nothing is rounded."""
    part = mixtures.take(np.array([row]))
    span = span_of(part.laws.severities)
    if part.laws.lattice and span and x / span <= MOST:
        return 0.0
    return float(abs(stepped(part.laws, part.chance, float(x), points=2**12).below(np.array([x]))[0] - below)) / 3


def _quantile(mixtures: Mixtures, row: int, level: float) -> float:
    """The lattice is as long as the quantile: longer is coarser than need be, shorter has too little of the law."""
    end = float(mixtures.take(np.array([row])).start(np.array([level]))[0])
    for attempt in range(60):
        found = _grid(mixtures, row, end).quantile(float(level))
        if end / (1.1 if attempt < 6 else 2.0) <= found <= end or found == 0:
            return found
        end *= 1.5 if found > end else max(1.02 * found / end, 1e-3)
    raise Disagreement("the lattice engine found no quantile: take a level farther from 1")
