"""Laws with steps, and those that no path resolves: where a lattice serves them, which one, and what is read from it.

Where only points and tables can happen, and all are multiples of one span, the law is exact and found for all at once.
With densities beside them it is a sum over the totals of the atoms (`joined`).  Only where neither serves, for points without
a common span and for lumps that a Pareto blurs, severities are rounded to a lattice, one law after the other; the error
says what it costs.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Bools, Floats, Ints
from .atoms import Unserved, parts_of
from .joined import Joined, join, joinable
from .lattice import MOST, Stepped, span_of, stepped
from .laws import Laws
from .quantiles import Mixtures
from .steps import chances_by_steps, excess_by_steps, quantiles_by_steps
from .transforms import smooth
from .verified import Disagreement

#: Up to so many expected events, a law with points or tables is computed on their lattice.
LATTICE_EVENTS = 2e4
#: Multiples of a span that a window may hold; and a number of events from which on so fine a lattice has no steps to be seen.
LONGEST, MANY = 2**22, 100.0
#: Estimated error of a chance from which on another way is tried.
UNSERVED = 1e-7
#: With so many expected events that have a density, no step is seen, and paths are tried first.
BLURRED = 28.0
#: Rounding of an exact lattice, as a chance.
ROUNDING = 1e-13


def tails_on_lattice(mixtures: Mixtures, x: Floats) -> tuple[Floats, Floats, Floats]:
    """P(S > x), its density over the last hundredth of x and its estimated error, at x (B,) > 0."""
    tail, density, error = np.empty(len(x)), np.empty(len(x)), np.full(len(x), ROUNDING)
    pure, joint, rounded = _kinds(mixtures)
    if len(pure):
        sizes = np.stack([x, 0.99 * x], 1)[pure]
        below = chances_by_steps(_atoms_of(mixtures.take(pure)), mixtures.chance, sizes)
        tail[pure], density[pure] = 1 - below[:, 0], (below[:, 0] - below[:, 1]) / (0.01 * x[pure])
    for rows, joined in joint:
        tail[rows], density[rows], _, error[rows] = joined.sums(np.arange(len(rows)), x[rows])
        rounded = np.append(rounded, _rough(mixtures, rows, error))
    for row in rounded.tolist():
        here, before = _grid(mixtures, row, x[row]).below(np.array([x[row], 0.99 * x[row]]))
        tail[row], density[row] = 1 - here, (here - before) / (0.01 * x[row])
        error[row] = ROUNDING + _coarser(mixtures, row, x[row], here)
    return tail, density, error


def quantiles_on_lattice(mixtures: Mixtures, level: Floats) -> tuple[Floats, Floats]:
    """The smallest x with P(S ≤ x) ≥ level (B,), harm units, and the estimated error of that chance."""
    found, error = np.where(level >= 1, np.inf, 0.0), np.full(len(level), ROUNDING)
    some = (level < 1) & (level > mixtures.none * (1 + 1e-14))
    pure, joint, rounded = _kinds(mixtures)
    pure = pure[some[pure]]
    if len(pure):
        found[pure] = quantiles_by_steps(_atoms_of(mixtures.take(pure)), mixtures.chance, level[pure])
    for rows, joined in joint:
        asked = np.flatnonzero(some[rows])
        if not len(asked):
            continue
        found[rows[asked]], error[rows[asked]] = joined.quantile(asked, level[rows[asked]])
        rounded = np.append(rounded, _rough(mixtures, rows[asked], error))
    for row in rounded[some[rounded]].tolist():
        found[row] = _quantile(mixtures, row, level[row])
        if found[row] > 0:
            error[row] = ROUNDING + _coarser(mixtures, row, found[row], float(level[row]))
    return found, error


def excess_on_lattice(mixtures: Mixtures, x: Floats) -> tuple[Floats, Floats]:
    """E (S − x)⁺ at x (B,) > 0, harm units, and the estimated error of the chances behind it."""
    found, error = np.empty(len(x)), np.full(len(x), ROUNDING)
    pure, joint, rounded = _kinds(mixtures)
    if len(pure):
        found[pure] = excess_by_steps(_atoms_of(mixtures.take(pure)), mixtures.chance, x[pure])
    for rows, joined in joint:
        found[rows], error[rows] = joined.excess(x[rows])
        rounded = np.append(rounded, _rough(mixtures, rows, error))
    for row in rounded.tolist():
        grid = _grid(mixtures, row, x[row])
        found[row] = grid.excess(float(x[row]))
        error[row] = ROUNDING + _coarser(mixtures, row, x[row], float(grid.below(np.array([x[row]]))[0]))
    return found, error


def stepping(mixtures: Mixtures) -> Bools:
    """Mixtures that a lattice serves, (B,): with atoms, and neither so fine nor so blurred that no step is seen."""
    laws, states = mixtures.laws, len(mixtures.chance)
    if laws.smooth.all():
        return np.zeros(len(mixtures), dtype=bool)
    steps = (~laws.smooth & (laws.events > 0)).reshape(-1, states).any(1)
    events, pure = laws.events.reshape(-1, states), in_steps(mixtures)
    few = np.where(pure, events.min(1), events.max(1)) <= LATTICE_EVENTS
    fine = _atoms_only(mixtures) & ~pure & (events.min(1) > MANY)
    dense = laws.rates[:, [smooth(severity) for severity in laws.severities]].sum(1)
    blurred = dense.reshape(-1, states)[:, mixtures.chance > 0].min(1) > BLURRED
    return steps & (few | joinable(mixtures)) & ~fine & ~blurred


def _rough(mixtures: Mixtures, rows: Ints, error: Floats) -> Ints:
    """Rows that were taken apart with too large an error, and that a rounded lattice may serve better: of a few Paretos."""
    events = mixtures.laws.events.reshape(len(mixtures), -1).max(1)
    return rows[~(error[rows] <= UNSERVED) & (events[rows] <= LATTICE_EVENTS)]


def _kinds(mixtures: Mixtures) -> tuple[Ints, list[tuple[Ints, Joined]], Ints]:
    """Rows of steps alone; rows with densities beside them, taken apart; and those that only a rounded lattice serves."""
    if "kinds" not in mixtures.__dict__:
        pure, both = in_steps(mixtures), joinable(mixtures)
        joint: list[tuple[Ints, Joined]] = []
        unserved = np.flatnonzero(~pure & ~both).tolist()
        for rows in [np.flatnonzero(both)] if both.any() else []:
            try:
                joint.append((rows, join(mixtures.take(rows))))
            except Unserved:
                for row in rows:
                    try:
                        joint.append((np.array([row]), join(mixtures.take(np.array([row])))))
                    except Unserved:
                        unserved.append(int(row))
        mixtures.__dict__["kinds"] = np.flatnonzero(pure), joint, np.array(unserved, dtype=int)
    found: tuple[Ints, list[tuple[Ints, Joined]], Ints] = mixtures.__dict__["kinds"]
    return found


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
    return parts_of(mixtures.laws)[0]


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
