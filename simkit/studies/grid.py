"""A grid of named parameters: its dimensions, its points, and what each point returned, as arrays."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..policy import Policy
from ..text import printable
from .digests import digest

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
        return digest(self.values)


def dimensions(grid: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """The dimensions of a grid.  A value is a sequence of numbers, texts or named things, or a batch of policies with an axis.

    A ValueError names a parameter without values, or one whose values cannot be told apart.
    """
    if not isinstance(grid, Mapping) or not grid or not all(isinstance(name, str) for name in grid):
        raise ValueError('a grid is a mapping of names to values, such as {"users": [10, 1000]}')
    if "rng" in grid:
        raise ValueError("rng is no parameter of a grid: every point gets random numbers of its own (seed)")
    return tuple(_dimension(name, given) for name, given in grid.items())


def _dimension(name: str, given: Any) -> Dimension:
    single = isinstance(given, str | bytes) or getattr(given, "ndim", 1) == 0
    if single or not isinstance(given, Sequence | np.ndarray | Policy):
        raise ValueError(f"{name} needs several values, such as a list of them, not {printable(repr(given), 60)}")
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
    if len(np.unique(labels)) < len(labels):
        raise ValueError(f"the values of {name} cannot be told apart by their names: {', '.join(map(str, labels[:5]))}")
    return Dimension(name, values, labels, unit)


def fields(result: Any) -> dict[str, Field]:
    """What a point returned, as named fields: those of a mapping or dataclass; anything else is the field `value`.

    An array's axes are named after its field; a pair (axes, array) names them itself, as xarray does.  Of a dataclass, fields
    that are no numbers, texts or arrays are left out.  A TypeError says what cannot be kept.
    """
    if isinstance(result, float | int | str | np.generic):
        return {"value": _field("value", result)}
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
    return axes, _of_few_kinds(name, array)


#: Letters that no file keeps: NUL, and halves of one.
NOT_KEPT = frozenset("\0").union(map(chr, range(0xD800, 0xE000)))
#: The types in which results are kept: any order of chunks makes the same common type of them.
FEW = (np.bool_, np.int64, np.uint64, np.float32, np.float64)


def _of_few_kinds(name: str, array: np.ndarray) -> np.ndarray:
    """The same numbers in one of `FEW` types, or the same texts.  A ValueError for a text that no file keeps."""
    kind = array.dtype.kind
    if kind in "US":
        array = array.astype(str)
        if any(set(text) & NOT_KEPT for text in array.ravel().tolist()):
            raise ValueError(f"{name} is a text with NUL, or with half a character: no file keeps it")
    elif array.dtype not in FEW:
        array = array.astype(np.int64 if kind in "iu" else np.float64)
    return array


def check_names(given: Mapping[str, Field], parameters: Iterable[str]) -> None:
    """A ValueError unless the fields of a result, their axes and the parameters of a grid can stand in one Dataset."""
    if not given:
        raise ValueError("a point returns at least one field")
    sizes: dict[str, set[int]] = {}
    for name, (axes, array) in given.items():
        if twice := [axis for axis, count in Counter(axes).items() if count > 1]:
            raise ValueError(f"{name} has two axes named {twice[0]}")
        for axis, size in zip(axes, array.shape, strict=True):
            sizes.setdefault(axis, set()).add(size)
    for kind, names in (("field", list(given)), ("axis", list(sizes))):
        if both := set(names) & {*parameters, *(sizes if kind == "field" else ())}:
            raise ValueError(f"the {kind} {min(both)!r} has the name of a parameter or an axis: give it another one")
    if uneven := [axis for axis, found in sizes.items() if len(found) > 1]:
        raise ValueError(f"the axis {uneven[0]!r} has several lengths: {', '.join(map(str, sorted(sizes[uneven[0]])))}")
