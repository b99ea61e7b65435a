"""How fast is the dial on a population: means, tails, surfaces, plausible worlds, and the whole table of the instrument.

python benchmarks/dial.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import time
from collections.abc import Callable

import numpy as np

import simkit as sk
from simkit.dial.correlated import bad_worlds
from simkit.dial.deployment import POSITIONS, along, deploy
from simkit.dial.optimum import best_position, in_plausible_worlds, net_at

TIMES = 20


def median(do: Callable[[], object]) -> float:
    """Median wall time, ms."""
    found = []
    for _ in range(TIMES):
        start = time.perf_counter()
        do()
        found.append(1000 * (time.perf_counter() - start))
    return statistics.median(found)


def main() -> None:
    case = sk.load("medication-threshold").in_context("vulnerable-platform")
    found, trust = deploy(case), np.linspace(0, 1, 101)
    assert along(found).expected().net.max() <= best_position(found).worth + 1e-12
    rows: dict[str, Callable[[], object]] = {
        "a deployment and its first curve": lambda: along(deploy(case)),
        "means at 101 positions, 3 operators × 6 models": lambda: along(found),
        "best position, exactly": lambda: best_position(found),
        "surface: 101 trusts × 101 positions": lambda: net_at(found, POSITIONS, trust_in_model=trust),
        "bad worlds at 101 positions, 10^6 users": lambda: bad_worlds(found, 0.02, 10**6),
        "the same, one principal for all": lambda: bad_worlds(found, 0.02, 10**6, shared_principal=True),
        "best positions of 1000 plausible worlds": lambda: in_plausible_worlds(found, rng=np.random.default_rng(0)),
    }
    print(f"{found!r}\n\n{'ms':>8}")
    for name, do in rows.items():
        print(f"{median(do):8.2f}  {name}")


if __name__ == "__main__":
    main()
