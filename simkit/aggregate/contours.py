"""The hyperbolas along which transforms are inverted, and the transforms of severities on them, each computed once.

    s = a (1 + i·sinh τ · cos α − cosh τ · sin α)/(1 − sin α),  τ = 0, step, 2·step, …

A transform depends on its severity and on s only: not on the policy, the shares or the number of users.  All paths cross the
real axis at points a of one geometric grid, so that a scenario's transforms are tabulated where a first law needs them, and
every other law of that scenario reads the table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np

from ..arrays import Floats, Ints
from ..severity import Severity
from .transforms import Complexes, chi, psi

#: Neighbouring crossings differ by a factor of e^STEP.
STEP = 0.5
#: So many neighbouring crossings are tabulated together; and so many of these tables are kept.
TOGETHER, KEPT = 8, 512
#: Heights, in units of that of a path's last node, of more nodes straight above it.
ABOVE = (1.3, 1.7, 2.3, 3.5, 6.0, 12.0)


@dataclass(frozen=True)
class Path:
    """A hyperbola: half of its opening angle beyond the vertical, step and end of τ."""

    angle: float
    step: float
    end: float
    above: tuple[float, ...] = ABOVE

    @cached_property
    def nodes(self) -> Complexes:
        """s/a at τ = 0, step, …, (K,), and at `above` the last; the lower half is the mirror image."""
        tau = np.arange(0, self.end, self.step)
        shape = 1 + 1j * np.sinh(tau) * math.cos(self.angle) - np.cosh(tau) * math.sin(self.angle)
        above = shape[-1].real + 1j * shape[-1].imag * np.array(self.above)
        return np.asarray(np.append(shape, above) / (1 - math.sin(self.angle)), dtype=complex)

    @cached_property
    def weights(self) -> Complexes:
        """(step/π) · ds/dτ / (i·s), (K,): Re Σ weights · e^{sx} Φ(s) is P(S ≤ x)."""
        tau = np.arange(0, self.end, self.step)
        slope = 1j * np.cosh(tau) * math.cos(self.angle) - np.sinh(tau) * math.sin(self.angle)
        slope = slope / (1j * (1 - math.sin(self.angle)))
        weights = np.asarray(self.step / math.pi * slope / self.nodes[: len(tau)], dtype=complex)
        weights[0] /= 2
        return weights

    @cached_property
    def sums(self) -> Floats:
        """(2K, 5): terms seen as real and imaginary parts, times this, are Re Σ terms · (s/a)^j, j = 0 … 3, and the rule's gap.

        The gap is the sum less twice that of every second node.
        """
        return _sums(self.nodes[: len(self.weights)])


def _sums(nodes: Complexes) -> Floats:
    powers = nodes[:, None] ** np.arange(4)
    gap = np.where(np.arange(len(nodes)) % 2, 1.0, -1.0)[:, None]
    columns = np.concatenate([powers, gap + 0j], 1)
    return np.stack([columns.real, -columns.imag], 1).reshape(-1, columns.shape[1])


@dataclass(frozen=True)
class Rung:
    """An engine with one of its paths; a law that a rung cannot serve goes to the next."""

    engine: Literal["contour", "series"]
    path: Path


#: From the quickest to the most patient; `first_rung` says where a law starts.
LADDER = (
    Rung("contour", Path(0.9, 0.14, 3.6)),
    Rung("contour", Path(0.6, 0.1, 4.4)),
    Rung("series", Path(0.5, 0.125, 4.4)),
    Rung("series", Path(0.35, 0.07, 5.0)),
    Rung("series", Path(0.15, 0.03, 6.4)),
    Rung("series", Path(0.05, 0.01, 7.6)),
)
#: The second opinion on each rung of the ladder: the other engine, with another path.
WITNESSES: tuple[tuple[tuple[Literal["contour", "series"], Path], ...], ...] = (
    (("series", Path(0.35, 0.08, 5.0)), ("series", Path(0.15, 0.03, 6.4))),
    (("contour", Path(0.4, 0.08, 4.8)), ("contour", Path(0.08, 0.014, 7.0))),
)
#: No path at all: only where paths cross the axis.
AXIS = Path(0.0, 1.0, 0.5, ())


def crossing(index: Ints) -> Floats:
    """The crossings of the grid, in 1/harm unit."""
    return np.exp(STEP * index)


def index_of(low: float, high: float) -> Ints:
    """Where on the grid the crossings for sizes between two ends lie, (J,), sizes in harm units."""
    return np.arange(math.floor(-math.log(high) / STEP), math.ceil(-math.log(low) / STEP) + 1)


def on_path(severity: Severity, path: Path, index: Ints, *, centred: bool) -> Complexes:
    """ψ, or χ if `centred`, of a severity at s = crossing[index] · nodes of the path, (len(index), K)."""
    group = index // TOGETHER
    found = sorted(set(group.tolist()))
    tables = [_table(severity, path, at, centred) for at in found]
    table = tables[0] if len(tables) == 1 else np.concatenate(tables)
    return table[np.searchsorted(found, group) * TOGETHER + index % TOGETHER]


@lru_cache(maxsize=KEPT)
def _table(severity: Severity, path: Path, group: int, centred: bool) -> Complexes:
    scale = crossing(np.arange(group * TOGETHER, (group + 1) * TOGETHER))
    with np.errstate(over="ignore", invalid="ignore"):  # far into the left half plane, where no term counts
        table = (chi if centred else psi)(severity, scale, path.nodes)
    table.setflags(write=False)
    return table
