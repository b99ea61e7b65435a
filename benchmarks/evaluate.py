"""How fast are exact means, beside a plain NumPy draw of every user?  One table, ratios from one run.

    python benchmarks/evaluate.py

Case: 12 segments × 8 signals × 7 responses.  The peer draws 10^6 users with NumPy and averages what happens to them: it is
what one would write first, and its answer carries a standard error of about 1/1000 of the spread; `expect` is exact.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

import simkit as sk
from simkit.case import Case, from_arrays
from simkit.policy import Policy

SEGMENTS, SIGNALS, RESPONSES, USERS = 12, 8, 7, 10**6


def make_case(rng: np.random.Generator) -> Case:
    return from_arrays(
        rng.dirichlet(np.ones(SEGMENTS)),
        rng.dirichlet(np.ones(SIGNALS), SEGMENTS),
        rng.random((SEGMENTS, RESPONSES)),
        harmful=np.arange(SEGMENTS) > 8,
        harm_chance=rng.random((SEGMENTS, RESPONSES)) * 0.3,
        neglect_chance=rng.random((SEGMENTS, RESPONSES)) * 0.3,
    )


def make_policies(rng: np.random.Generator, count: int) -> Policy:
    return Policy(name="random", answer=rng.dirichlet(np.ones(RESPONSES), (count, SIGNALS)))


def exact(case: Case, policies: Policy) -> np.ndarray:
    outcome = sk.expect(case, policies)
    return np.stack([outcome.help, outcome.harm, outcome.neglect, outcome.by_segment.help[..., 0]])


def plain_numpy(case: Case, policy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw every user: segment, signal, response, event."""
    shares, signals = case.population.shares, case.population.signals
    segment = rng.choice(SEGMENTS, USERS, p=shares)
    signal = (np.cumsum(signals, 1)[segment] < rng.random((USERS, 1))).sum(1).clip(max=SIGNALS - 1)
    response = (np.cumsum(policy, 1)[signal] < rng.random((USERS, 1))).sum(1).clip(max=RESPONSES - 1)
    luck, harm = rng.random(USERS), case.harm_events.chance[segment, response]
    neglect = case.neglect_events.chance[segment, response]
    harmed, neglected = luck < harm, (luck >= harm) & (luck < harm + neglect)
    return np.array([case.help[segment, response].mean(), harmed.mean(), neglected.mean()])


def milliseconds(function: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median and 95% point."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times)), float(np.quantile(times, 0.95))


def peak_megabytes(function: Callable[[], object]) -> float:
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def import_milliseconds(statement: str, repeats: int = 7) -> float:
    """Whole-process time of a statement less that of a bare interpreter."""

    def run(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return 1000 * (time.perf_counter() - start)

    return float(np.median([run(statement) - run("pass") for _ in range(repeats)]))


def main() -> None:
    rng = np.random.default_rng(0)
    case, few, many = make_case(rng), make_policies(rng, 20), make_policies(rng, 1000)
    rows = [row(f"expect, {batch.batch[0]} policies", lambda batch=batch: exact(case, batch), 300) for batch in (few, many)]
    rows.append(row(f"plain NumPy, 1 policy, {USERS:,} users", lambda: plain_numpy(case, few.answer[0], rng), 5))
    print(f"{'':40}{'median ms':>11}{'95% ms':>9}{'peak MB':>9}{'ms a policy':>13}{'ratio':>10}")
    base = rows[0][1] / 20
    for (name, median, high, memory), count in zip(rows, (20, 1000, 1), strict=True):
        print(f"{name:40}{median:11.4f}{high:9.4f}{memory:9.2f}{median / count:13.5f}{median / count / base:10.1f}")
    gap = np.abs(plain_numpy(case, few.answer[0], rng) - exact(case, few)[:3, 0])
    print(f"plain NumPy is off by {gap.max():.1e} (the largest of help, harm, neglect); expect is exact.")
    load = "import simkit as sk; sk.load('santa')"
    print(f"import simkit: {import_milliseconds('import simkit'):.0f} ms; and load a case: {import_milliseconds(load):.0f} ms")


def row(name: str, function: Callable[[], object], repeats: int) -> tuple[str, float, float, float]:
    return name, *milliseconds(function, repeats), peak_megabytes(function)


if __name__ == "__main__":
    main()
