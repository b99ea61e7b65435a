"""Numbers with their evidence, and hard self-checks: transforms against exact moments, inverted chances against exact ones.

A number that disagrees with what is known exactly is never returned; a `Disagreement` says where and what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats, Ints
from ..severity import Pareto, Severity
from .distribution import Compound
from .inversion import Scales, first_rung, read
from .transforms import Complexes, chi, psi

#: Sizes, in harm units, whose squares and products are still numbers.
LEAST, MOST = 1e-100, 1e100
Transform = Callable[[Severity, Floats, Complexes], Complexes]
#: Relative disagreement that is an error.
TOLERANCE = 1e-7


class Disagreement(ArithmeticError):
    """Two ways to the same number differ by more than rounding."""


@dataclass(frozen=True, eq=False)
class Checked:
    """A chance with its evidence, (…,): size (harm units), P(S > size), error, and the same by a second engine.

    `error` estimates the engine's own error, `difference` is second − tail, and `size_error` what the error means for the
    size, as a fraction of it.  The second engine of a lattice law is the middle of its certified bracket.
    """

    size: Floats
    tail: Floats
    error: Floats
    engine: NDArray[np.str_]
    second: Floats
    second_engine: NDArray[np.str_]
    difference: Floats
    size_error: Floats


def verify(compound: Compound) -> None:
    """Compare the transforms near 0 and far out with the exact mean, mean square and total chance of each severity."""
    for severity in compound.severities:
        if not LEAST < typical(severity) < MOST:
            raise ValueError(
                f"sizes are computed from 10^−100 to 10^100 harm units; a {severity.kind} severity of "
                f"{typical(severity):.3g} needs another harm unit"
            )
        for name, found, exact in _moments(severity, psi, chi):
            if not abs(found - exact) <= TOLERANCE * abs(exact):
                raise Disagreement(
                    f"the transform of a {severity.kind} severity gives {name} = {found:.9g}, not {exact:.9g}: its parameters "
                    "are outside of what the transforms resolve; use a table of severities or a smaller spread"
                )


def typical(severity: Severity) -> float:
    """A size of the severity that is finite and easily read, harm units."""
    found = [getattr(severity, name, None) for name in ("value", "median", "average", "smallest")]
    return next((float(size) for size in found if size is not None), severity.mean)


@lru_cache(maxsize=256)
def _moments(severity: Severity, psi: Transform, chi: Transform) -> tuple[tuple[str, float, float], ...]:
    """Moments from the transform at a small s, and exact; only those that a small s resolves."""
    if isinstance(severity, Pareto) and severity.tail < 4:
        return ()
    mean, square = severity.mean, severity.mean_square
    s = np.array([1e-9 / (mean * (square / mean**2) ** 2)])
    one = np.ones(1, dtype=complex)
    first = -psi(severity, s, one).real.item() / s.item()
    second = 2 * chi(severity, s, one).real.item() / s.item() ** 2
    return ("mean", first, mean), ("mean square", second, square)


def verify_chances(compound: Compound, size: float, scales: Scales, rows: Ints) -> None:
    """Read some laws at a size that nearly every event exceeds: P(S > size) is 1 − P(S = 0), and E (S − size)⁺ the mean.

    The bounds are P(0 < S ≤ size) ≤ Σ rate · P(Y ≤ size) and 0 ≤ mean − E (S − size)⁺ ≤ size.
    """
    some = compound.take(rows)
    x = np.full(len(rows), size)
    reading = read(some, x, scales.take(rows), start=first_rung(some), tolerance=1e-6, floor=1.0)
    smaller = sum(some.rates[:, m] * (1 - float(sev.above(size))) for m, sev in enumerate(compound.severities))
    found, exact = reading.chances(x).tail, -np.expm1(some.log_none)
    _agree("P(S > 0)", found, exact, smaller + reading.error + 1e-9)
    finite = np.isfinite(some.mean)
    excess, mean = reading.excess()[finite], some.mean[finite]
    _agree("the mean", excess, mean, size + mean * (1e-9 + reading.error[finite]))


def _agree(what: str, found: Floats, exact: Floats, slack: Floats) -> None:
    wrong = ~(np.abs(found - exact) <= slack)
    if wrong.any():
        at = int(wrong.argmax())
        raise Disagreement(
            f"inversion gives {what} = {found[at]:.12g}, but exactly it is {exact[at]:.12g} (law {at}): do not use these "
            "numbers; report the case, or use simkit.aggregate.lattice.bracket, which certifies its bounds"
        )
