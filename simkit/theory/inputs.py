"""Numbers that theories are given: made into arrays and checked, with errors that name the value, the rule and a likely fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Bools, Floats, real_numbers

#: What a theory takes and gives: a number, or an array of any shape, which broadcasts with the others.
Numbers = float | Floats


def real(name: str, value: ArrayLike) -> Floats:
    """Finite numbers."""
    array = real_numbers(name, value, nan=True)
    return _checked(name, array, np.isfinite(array), "must be a finite number")


def at_least(name: str, value: ArrayLike, low: float, why: str = "") -> Floats:
    """Numbers from `low` up; infinity is allowed."""
    array = real_numbers(name, value, nan=True)
    return _checked(name, array, array >= low, f"must be at least {low:g}{why}")


def amount(name: str, value: ArrayLike, why: str = "", low: float = 0) -> Floats:
    """Finite numbers from `low` up."""
    return real(name, at_least(name, value, low, why))


def positive(name: str, value: ArrayLike, rule: str = "must be positive") -> Floats:
    """Finite numbers above 0."""
    array = real(name, value)
    return _checked(name, array, array > 0, rule)


def probability(name: str, value: ArrayLike) -> Floats:
    """Probabilities, shares and other numbers from 0 to 1."""
    array = real_numbers(name, value, nan=True)
    fix = " (a percentage is divided by 100)" if (array > 1).any() else ""
    return _checked(name, array, (array >= 0) & (array <= 1), f"must be a number from 0 to 1{fix}")


def correlation(name: str, value: ArrayLike) -> Floats:
    """Numbers from −1 to 1."""
    array = real_numbers(name, value, nan=True)
    return _checked(name, array, np.abs(array) <= 1, "must be a correlation, from −1 to 1")


def distribution(name: str, value: ArrayLike) -> Floats:
    """Probabilities that add up to 1 along the last axis."""
    array = np.atleast_1d(probability(name, value))
    total = array.sum(-1)
    _checked(name, total, np.abs(total - 1) <= 1e-9, "must add up to 1")
    return array


def _checked(name: str, array: Floats, right: Bools, rule: str) -> Floats:
    if not np.all(right):
        wrong = array[~right].flat[0] if array.ndim else array
        raise ValueError(f"{name} {rule}, not {wrong:g}")
    return array


def check_fields(record: Any, check: Callable[..., Floats], *names: str, **how: Any) -> None:
    """Check fields of a frozen dataclass while it is made, and keep them as arrays."""
    for name in names:
        object.__setattr__(record, name, check(name, getattr(record, name), **how))


def quotient(a: Numbers, b: Numbers) -> Floats:
    """a/b for b ≥ 0, in which a/0 is infinite with the sign of a, and 0/0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.divide(a, b)
    return np.where(np.equal(a, 0), 0.0, ratio)[()]
