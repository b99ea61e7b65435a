"""Plain NumPy as an expert writes it: the number of harms of each world is binomial, so only the harms are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from protocol import read_task, simulated


def main(task: Any) -> None:
    rng = np.random.default_rng(2)
    chance = np.einsum("s,sk,kr,sr", *(np.array(task[name]) for name in ("share", "signals", "answer", "harm")))

    def draw(worlds: int) -> np.ndarray:
        counts = rng.binomial(task["users"], chance, worlds)
        ends = np.cumsum(counts)
        sizes = task["median"] * np.exp(task["sigma"] * rng.standard_normal(ends[-1]))
        return np.diff(np.append(0.0, np.cumsum(sizes))[np.append(0, ends)])

    simulated("numpy", task, draw, 100_000)


main(read_task())
