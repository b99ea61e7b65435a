"""Small things that every room does with arrays: freezing, checking and rounding them, and products in which 0 · ∞ is 0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import Floats as Floats
from .arguments import real_numbers as real_numbers

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def frozen(values: ArrayLike) -> Floats:
    """A read-only float array."""
    array = np.array(values, dtype=float)
    array.setflags(write=False)
    return array


def frozen_bools(values: ArrayLike) -> Bools:
    """A read-only array of truths."""
    array = np.array(values, dtype=bool)
    array.setflags(write=False)
    return array


def checked(
    name: str,
    values: ArrayLike,
    shape: Mapping[str, int],
    *,
    low: float = -math.inf,
    high: float = math.inf,
    whole: bool = False,
) -> Floats:
    """`values` as a read-only float array: finite, from `low` to `high`, of the shape whose axes have these names and lengths.

    With `whole` each row adds up to 1 (within 1e-6).  A ValueError says which argument breaks which rule, where, and by what.
    """
    array, sizes = frozen(real_numbers(name, values, nan=True)), tuple(shape.values())
    if array.shape != sizes:
        raise ValueError(f"{name} has shape {array.shape}; ({', '.join(shape)}) = {sizes} is needed")
    least = f"{name} is never negative" if low == 0 else f"{name} is at least {low:g}"
    rules = {f"{name} is finite": np.isfinite(array), least: array >= low, f"{name} is at most {high:g}": array <= high + 1e-9}
    for rule, kept in rules.items():
        if not kept.all():
            at = np.unravel_index(kept.argmin(), sizes)
            raise ValueError(f"{name}[{', '.join(map(str, at))}] is {array[at]:g}: {rule}")
    if whole and not (kept := abs(array.sum(-1) - 1) <= 1e-6).all():
        row = array.reshape(-1, sizes[-1])[kept.argmin()]
        raise ValueError(f"{name} adds up to {row.sum():.9g}, not to 1" + (f" (row {kept.argmin()})" if kept.ndim else ""))
    return array


def spread(name: str, values: ArrayLike, shape: Mapping[str, int], high: float = math.inf) -> Floats:
    """One value for all, or one for each, from 0 to `high`: checked, in full."""
    given, sizes = real_numbers(name, values, nan=True), tuple(shape.values())
    fits = given.ndim <= len(sizes) and all(n in (1, size) for n, size in zip(given.shape[::-1], sizes[::-1], strict=False))
    return checked(name, np.broadcast_to(given, sizes) if fits else given, shape, low=0, high=high)


def settle(made: Any, **fields: Any) -> None:
    """Set fields of a frozen dataclass while it is being made."""
    for name, value in fields.items():
        object.__setattr__(made, name, value)


def met(weight: Floats, values: Floats) -> Floats:
    """weight · values, in which what nobody meets (weight 0) is 0 whatever it holds."""
    return np.where(weight > 0, weight * np.where(weight > 0, values, 0), 0)


def weigh(weight: Floats, values: Floats, axis: int | tuple[int, ...] = (-1, -2)) -> Floats:
    """Σ weight · values over what somebody meets."""
    return met(weight, values).sum(axis)


def contract(weights: Floats, values: Floats) -> Floats:
    """weights @ values, in which what nobody meets does not count."""
    if np.isfinite(values).all():
        return weights @ values
    total = weights @ np.where(np.isfinite(values), values, 0.0)
    for infinity in (np.inf, -np.inf):
        total = np.where(weights @ (values == infinity).astype(float) > 0, infinity, total)
    return np.where(weights @ np.isnan(values).astype(float) > 0, np.nan, total) if np.isnan(values).any() else total


def whole_numbers(amounts: Floats) -> Floats:
    """Amounts (…, S) in whole numbers that add up as they do: rounded up where most was cut off (Hamilton's method)."""
    down = np.floor(amounts + 1e-9)
    left = np.rint(amounts.sum(-1) - down.sum(-1))
    rank = np.argsort(np.argsort(down - amounts, axis=-1, kind="stable"), axis=-1)
    return down + (rank < left[..., None])
