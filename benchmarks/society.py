"""How fast is the equilibrium of a society: a million people, beside a plain loop over a networkx graph, in one run.

python benchmarks/society.py [--people 1000000]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse

from simkit.theory.society import WITHIN, equilibrium, listening

NEIGHBOURS, GAMMA, ALPHA, VIEW = 10, 0.3, 0.2, 0.5
LOOP = 20_000
"""People in the society that the loop is given; its time grows in proportion."""


def random_table(people: int, rng: np.random.Generator) -> sparse.csr_array:
    """Everybody hears ten others, drawn at random."""
    heard = rng.integers(0, people, people * NEIGHBOURS)
    start = np.arange(0, people * NEIGHBOURS + 1, NEIGHBOURS)
    table = sparse.csr_array((np.ones(len(heard)), heard, start), shape=(people, people))
    table.sum_duplicates()
    return table


def by_a_loop(graph: nx.DiGraph, own: np.ndarray) -> np.ndarray:
    """The same iteration, person by person."""
    x = {person: own[person] for person in graph}
    heard = {person: ([*graph[person]], np.array([graph[person][n]["weight"] for n in graph[person]])) for person in graph}
    rest = 1 - GAMMA - ALPHA
    while True:
        after = {
            i: GAMMA * own[i] + ALPHA * VIEW + rest * float(w @ np.array([x[n] for n in who])) / w.sum()
            for i, (who, w) in heard.items()
        }
        moved = max(abs(after[i] - x[i]) for i in after)
        x = after
        if moved * rest <= WITHIN * (1 - rest):
            return np.array([x[i] for i in range(len(x))])


def timed(do: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came out."""
    start = time.perf_counter()
    found = do()
    return time.perf_counter() - start, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    people = parser.parse_args().people
    rng = np.random.default_rng(1)
    small = random_table(LOOP, rng)
    graph, own = nx.from_scipy_sparse_array(small, create_using=nx.DiGraph), rng.uniform(-1, 1, LOOP)
    loop, other = timed(lambda: by_a_loop(graph, own))
    ours, found = timed(lambda: equilibrium(listening(small), own, gamma=GAMMA, alpha=ALPHA, assistant=VIEW))
    print(f"{LOOP:>9} people: loop {loop:.2f} s, simkit {ours:.3f} s, ratio {loop / ours:.0f}; ", end="")
    print(f"largest difference {np.abs(other - found).max():.1e}")
    for count in (2000, people):
        table, own = random_table(count, rng), rng.uniform(-1, 1, count)
        read, weights = timed(lambda table=table: listening(table))
        solve, _ = timed(lambda w=weights, s=own: equilibrium(w, s, gamma=GAMMA, alpha=ALPHA, assistant=VIEW))
        print(f"{count:>9} people, {table.nnz} edges: weights {read:.3f} s, equilibrium {solve:.3f} s")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
