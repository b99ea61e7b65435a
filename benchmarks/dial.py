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
from simkit.dial.deployment import POSITIONS, deploy
from simkit.dial.losses import bad_worlds
from simkit.dial.optimum import best_position, in_plausible_worlds, worth
from simkit.dial.overrides import along

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
    deployment, trust = deploy(case), np.linspace(0, 1, 101)
    shared = deployment.with_options(shared_principal=True)
    assert along(deployment).expected().net.max() <= best_position(deployment).worth + 1e-12
    rows: dict[str, Callable[[], object]] = {
        "a deployment and its first curve": lambda: along(deploy(case)),
        "means at 101 positions, 3 operators × 6 models": lambda: along(deployment),
        "best position, exactly": lambda: best_position(deployment),
        "surface: 101 trusts × 101 positions": lambda: worth(deployment, trust_in_model=trust)[:, deployment.step(POSITIONS)],
        "bad worlds at 101 positions, 10^6 users": lambda: bad_worlds(deployment, 0.02, 10**6),
        "the same, one principal for all": lambda: bad_worlds(shared, 0.02, 10**6),
        "best positions of 1000 plausible worlds": lambda: in_plausible_worlds(deployment, rng=np.random.default_rng(0)),
    }
    print(f"{deployment!r}\n\n{'ms':>8}")
    for name, do in rows.items():
        print(f"{median(do):8.2f}  {name}")


if __name__ == "__main__":
    main()
