"""What a sweep costs beside a plain loop, and what workers, a store and peers bring.  One run, ratios.

python benchmarks/sweep.py

Peers, where they are installed: joblib, and the EMA workbench (`pip install joblib ema_workbench`).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib.util
import itertools
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import simkit as sk

CASE = sk.load("medication-threshold")
CAREFUL, REFUSE = (sk.policy.constant(CASE, name) for name in ("full-with-care", "refuse-with-reason"))


def tiny(a: float, b: float) -> float:
    return a * b


def busy(a: float, b: float, milliseconds: float = 2.0) -> float:
    """Computes for so long."""
    end, found = time.perf_counter() + milliseconds / 1000, 0.0
    while time.perf_counter() < end:
        found = a * b
    return found


def busy_long(a: float, b: float) -> float:
    return busy(a, b, 100.0)


def exact(users: float, risk: float) -> float:
    """An exact quantile of the total harm of so many users."""
    policy = sk.policy.threshold(CASE, risk=risk, below="full-with-care", above="refuse-with-reason")
    return float(sk.total(CASE, policy, int(users)).quantile(0.99))


def measured(users: float, risk: float) -> dict[str, float]:
    """The same, as the workbench takes it."""
    return {"q": exact(users, risk)}


STUDY = {"users": np.geomspace(100, 1e8, 40).round().tolist(), "risk": np.linspace(0, 0.5, 25).tolist()}


def seconds(do: Callable[[], Any]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def grid(first: int, second: int) -> dict[str, list[float]]:
    return {"a": [float(a) for a in range(first)], "b": [float(b) for b in range(second)]}


def loop(function: Callable[..., float], points: dict[str, list[float]]) -> list[float]:
    return [function(**dict(zip(points, values, strict=True))) for values in itertools.product(*points.values())]


def main() -> None:
    many, count = grid(2000, 100), 200_000
    plain, ours = seconds(lambda: loop(tiny, many)), seconds(lambda: sk.sweep(tiny, many, progress=False))
    print(f"overhead in this thread: {1e6 * (ours - plain) / count:.1f} µs a point (goal 20)")

    short = grid(100, 10)
    alone = seconds(lambda: sk.sweep(busy, short, progress=False))
    with ProcessPoolExecutor(2) as pool:
        pool.submit(busy, 1.0, 1.0).result()
        two = seconds(lambda: sk.sweep(busy, short, executor=pool, progress=False))
    print(f"two workers on points of 2 ms: {alone / two:.2f} times as fast (goal 1.8)")
    with tempfile.TemporaryDirectory() as folder:
        kept = seconds(lambda: sk.sweep(busy, short, store=Path(folder) / "s", progress=False))
    print(f"a store: {100 * (kept / alone - 1):+.1f}% (goal 5%)")

    if importlib.util.find_spec("distributed"):
        import distributed

        how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with distributed.LocalCluster(**how) as cluster, distributed.Client(cluster) as client:
            client.run(lambda: None)
            alone = seconds(lambda: sk.sweep(busy_long, grid(10, 10), progress=False))
            dask = seconds(lambda: sk.sweep(busy_long, grid(10, 10), executor=client, progress=False))
        print(f"Dask with two workers on points of 100 ms: {alone / dask:.2f} times as fast (goal 1.7)")

    size = len(STUDY["users"]) * len(STUDY["risk"])
    print(f"\nThe same study, {size} exact quantiles:")
    with ProcessPoolExecutor(2) as pool:
        pool.submit(exact, 100.0, 0.1).result()
        rows = {"simkit, 2 workers": seconds(lambda: sk.sweep(exact, STUDY, executor=pool, progress=False))}
    rows["simkit, 1 thread"] = seconds(lambda: sk.sweep(exact, STUDY, progress=False))
    rows["plain loop"] = seconds(lambda: loop(exact, STUDY))
    if importlib.util.find_spec("joblib"):
        from joblib import Parallel, delayed

        points = list(itertools.product(*STUDY.values()))
        rows["joblib, 2 workers"] = seconds(lambda: Parallel(2)(delayed(exact)(*point) for point in points))
    if importlib.util.find_spec("ema_workbench"):
        rows["EMA workbench, 2 workers"] = seconds(workbench)
    for name, took in rows.items():
        print(f"  {name:<26} {took:6.2f} s  {1000 * took / size:6.2f} ms a point")
    print("  resume, labels, identical results: simkit has them; a loop and joblib none; the workbench labels.")


def workbench() -> None:
    import logging

    from ema_workbench import Model, MultiprocessingEvaluator, RealParameter, ScalarOutcome, ema_logging

    ema_logging.log_to_stderr(logging.ERROR)
    model = Model("total", function=measured)
    model.uncertainties = [RealParameter("users", 100, 1e8), RealParameter("risk", 0, 0.5)]
    model.outcomes = [ScalarOutcome("q")]
    with MultiprocessingEvaluator(model, n_processes=2) as evaluator:
        evaluator.perform_experiments(scenarios=len(STUDY["users"]) * len(STUDY["risk"]))


if __name__ == "__main__":
    main()
