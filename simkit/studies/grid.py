"""A grid of named parameters: its dimensions, its points, and what each point returned, as arrays."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..policy import Policy

#: A field of what a point returned: the names of its axes, and its numbers.
Field = tuple[tuple[str, ...], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class Dimension:
    """One parameter: what the function is given, the coordinate that stands for it (numbers or texts), and the unit."""

    name: str
    values: tuple[Any, ...]
    labels: np.ndarray
    unit: str = ""

    @property
    def digest(self) -> str:
        """Tells whether two dimensions hold the same values."""
        return hashlib.sha256("\n".join(map(_mark, self.values)).encode()).hexdigest()


def _mark(value: Any) -> str:
    if isinstance(value, Policy):
        return f"{value.name} {hashlib.sha256(value.answer.tobytes()).hexdigest()}"
    return f"{type(value).__name__} {value}"


def dimensions(grid: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """The dimensions of a grid.  A value is a sequence of numbers, texts or named things, or a batch of policies with an axis.

    A ValueError names a parameter without values, or one whose values cannot be told apart.
    """
    if not isinstance(grid, Mapping) or not grid:
        raise ValueError('a grid is a mapping of names to values, such as {"users": [10, 1000]}')
    return tuple(_dimension(str(name), given) for name, given in grid.items())


def _dimension(name: str, given: Any) -> Dimension:
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray | Policy):
        raise ValueError(f"{name} needs several values, such as [{given!r}]")
    if isinstance(given, Policy):
        batch = given.as_batch()
        values, axis = tuple(batch), batch.axis
        labels, unit = np.array(axis.values if axis else batch.labels), axis.unit if axis else ""
    else:
        values, unit = tuple(each.item() if isinstance(each, np.generic) else each for each in given), ""
        plain = all(isinstance(each, int | float | bool | str) for each in values)
        labels = np.array(values if plain else [str(getattr(each, "title", getattr(each, "name", each))) for each in values])
    if not values:
        raise ValueError(f"{name} has no values")
    if len(set(labels.tolist())) < len(labels):
        raise ValueError(f"the values of {name} cannot be told apart by their names: {', '.join(map(str, labels[:5]))}")
    return Dimension(name, values, labels, unit)


def fields(result: Any) -> dict[str, Field]:
    """What a point returned, as named fields: those of a mapping or dataclass; anything else is the field `value`.

    An array's axes are named after its field; a pair (axes, array) names them itself, as xarray does.  Of a dataclass, fields
    that are no numbers, texts or arrays are left out.  A TypeError says what cannot be kept.
    """
    if isinstance(result, float | int | str | np.generic):
        return {"value": ((), np.asarray(result))}
    if isinstance(result, Mapping) or hasattr(result, "data_vars"):
        return {str(name): _field(str(name), value) for name, value in dict(result).items()}
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        kept = {each.name: getattr(result, each.name) for each in dataclasses.fields(result)}
        return {name: _field(name, value) for name, value in kept.items() if isinstance(value, KEPT)}
    if hasattr(result, "_asdict"):
        return fields(result._asdict())
    return {"value": _field("value", result)}


KEPT = (float, int, str, np.generic, np.ndarray)


def _field(name: str, value: Any) -> Field:
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], tuple | list | str):
        axes = (value[0],) if isinstance(value[0], str) else tuple(value[0])
        array = np.asarray(value[1])
    else:
        array = np.asarray(value)
        axes = tuple(map(str, getattr(value, "dims", [f"{name}_{i}" for i in range(array.ndim)])))
    if array.dtype.kind not in "biufUS" or len(axes) != array.ndim:
        raise TypeError(
            f"{name} is {type(value).__name__}: a point returns numbers, texts, arrays, or a mapping or dataclass of them"
        )
    return axes, array
