"""Points of a grid evaluated in chunks: each with its own random numbers, none lost because another failed."""

from __future__ import annotations

import inspect
import math
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .grid import Dimension, Field, check_names, fields

#: What kind of result a point gave: for each field its name, its axes, its shape, and whether it is a text.
Form = tuple[tuple[str, tuple[str, ...], tuple[int, ...], bool], ...]
#: Points, and the values of each of their fields.
_Kept = tuple[list[int], dict[str, list[Any]]]
NUMBER: Form = (("value", (), (), False),)


@dataclass
class Chunk:
    """What points with results of one form returned: which, their fields stacked, what failed and why, how long it took."""

    points: list[int] = field(default_factory=list)
    values: dict[str, np.ndarray] = field(default_factory=dict)
    axes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def every(self) -> list[int]:
        """The points that it is about, those that failed last."""
        return [*self.points, *self.failures]

    @property
    def form(self) -> dict[str, tuple[Any, ...]]:
        """The fields: whether they are texts, their axes and shapes."""
        return {name: (self.axes[name], each.shape[1:], each.dtype.kind == "U") for name, each in self.values.items()}


@dataclass(frozen=True)
class Study:
    """A function of named parameters over a grid; `seed` starts the random numbers of functions that take `rng`."""

    function: Callable[..., Any]
    dimensions: tuple[Dimension, ...]
    seed: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each dimension has."""
        return tuple(len(each.values) for each in self.dimensions)

    @property
    def size(self) -> int:
        """How many points there are."""
        return math.prod(self.shape)

    @property
    def draws(self) -> bool:
        """Whether the function takes random numbers."""
        try:
            return "rng" in inspect.signature(self.function).parameters
        except (TypeError, ValueError):
            return False

    def parameters(self, point: int) -> dict[str, Any]:
        """What the function is given at a point."""
        places = np.unravel_index(point, self.shape)
        return {each.name: each.values[place] for each, place in zip(self.dimensions, places, strict=True)}

    def said(self, point: int) -> str:
        """A point in words."""
        places = np.unravel_index(point, self.shape)
        return ", ".join(f"{each.name}={each.labels[place]}" for each, place in zip(self.dimensions, places, strict=True))

    def evaluate(self, start: int, stop: int) -> list[Chunk]:
        """Evaluate the points from `start` to `stop`; the random numbers of a point follow from its number and the seed.

        One chunk for each form of result, what failed in the last: which form is right is seen only once all points are there.
        """
        began, failures, kept = time.perf_counter(), {}, dict[Form, _Kept]()
        names, columns, draws = [each.name for each in self.dimensions], [each.values for each in self.dimensions], self.draws
        places = np.transpose(np.unravel_index(range(start, stop), self.shape)).tolist()
        for point, place in zip(range(start, stop), places, strict=True):
            given = {name: column[i] for name, column, i in zip(names, columns, place, strict=True)}
            if draws:
                given["rng"] = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(point,)))
            try:
                result = self.function(**given)
                made: dict[str, Any] = {"value": ((), result)} if type(result) is float else fields(result)
                form = NUMBER if type(result) is float else _form(made)
                if form not in kept:
                    check_names({name: (axes, np.asarray(value)) for name, (axes, value) in made.items()}, names)
                    kept[form] = [], {name: [] for name in made}
            except Exception:  # a point that fails is kept as what it is, and the others go on
                failures[point] = traceback.format_exc(limit=-8)
                continue
            kept[form][0].append(point)
            for name, (_, value) in made.items():
                kept[form][1][name].append(value)
        found = [
            Chunk(points, {name: _column(each) for name, each in values.items()}, {name: axes for name, axes, *_ in form})
            for form, (points, values) in kept.items()
        ] or [Chunk()]
        found[-1].failures, found[-1].seconds = failures, time.perf_counter() - began
        return found


def _form(made: dict[str, Field]) -> Form:
    return tuple((name, axes, value.shape, value.dtype.kind == "U") for name, (axes, value) in made.items())


def _column(values: list[Any]) -> np.ndarray:
    """One field of some points as an array; plain floats are the most common result, and the quickest."""
    if all(type(each) is float for each in values):
        return np.array(values)
    return np.stack(list(map(np.asarray, values)))
