"""Points of a grid evaluated in chunks: each with its own random numbers, none lost because another failed."""

from __future__ import annotations

import inspect
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .grid import Dimension, fields


@dataclass
class Chunk:
    """What a run of points returned: which points, their fields stacked, what failed and why, and how long it took."""

    points: list[int] = field(default_factory=list)
    values: dict[str, np.ndarray] = field(default_factory=dict)
    axes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0


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
        return int(np.prod(self.shape))

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

    def evaluate(self, start: int, stop: int) -> Chunk:
        """Evaluate the points from `start` to `stop`; the random numbers of a point follow from its number and the seed."""
        began, found = time.perf_counter(), Chunk()
        names, columns, draws = [each.name for each in self.dimensions], [each.values for each in self.dimensions], self.draws
        places = np.transpose(np.unravel_index(range(start, stop), self.shape)).tolist()
        kept: list[Any] = []
        for point, place in zip(range(start, stop), places, strict=True):
            given = {name: column[i] for name, column, i in zip(names, columns, place, strict=True)}
            if draws:
                given["rng"] = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(point,)))
            try:
                result = self.function(**given)
                if type(result) is not float or (kept and type(kept[0]) is not float):
                    result = fields(result)
                    _same(kept[0] if kept else result, result)
            except Exception:  # a point that fails is kept as what it is, and the others go on
                found.failures[point] = traceback.format_exc(limit=-8)
                continue
            found.points.append(point)
            kept.append(result)
        _stack(found, kept)
        found.seconds = time.perf_counter() - began
        return found


def _stack(found: Chunk, kept: list[Any]) -> None:
    """The fields of all points, each as one array; plain floats are the most common result, and the quickest."""
    if kept and all(type(result) is float for result in kept):
        found.axes, found.values = {"value": ()}, {"value": np.array(kept)}
        return
    every = [fields(result) if type(result) is float else result for result in kept]
    for name in every[0] if every else ():
        found.axes[name] = every[0][name][0]
        found.values[name] = np.stack([each[name][1] for each in every])


def _same(first: Any, result: Any) -> None:
    """A ValueError if a point returns other fields or shapes than the first."""
    if (now := _form(result)) != (form := _form(first)):
        raise ValueError(f"every point returns the same fields and shapes: {form} at first, here {now}")


def _form(result: Any) -> dict[str, tuple[int, ...]]:
    return {"value": ()} if type(result) is float else {name: array.shape for name, (_, array) in result.items()}
