"""How fast is the exact law of total harm, beside plain NumPy simulation?  One table, ratios from one run.

    python benchmarks/total.py

Case: the lognormal harms of `medication-threshold`, in its usual state.  The peer draws the count of events of each world (a
binomial number) and adds up lognormal severities: the quickest simulation that NumPy allows, not one user at a time.  Its 99.9%
quantile is read from as many worlds as bring its standard error to 1%; that number of worlds is worked out from the exact
density.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from collections.abc import Callable

import numpy as np

import simkit as sk

LEVEL, ACCURACY = 0.999, 0.01


def milliseconds(function: Callable[[], object], repeats: int = 7) -> tuple[float, float]:
    """Median and best."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times)), min(times)


def simulate(chance: float, median: float, sigma: float, users: int, worlds: int, rng: np.random.Generator) -> float:
    counts = rng.binomial(users, chance, worlds)
    ends = np.cumsum(counts)
    sizes = median * np.exp(sigma * rng.standard_normal(ends[-1]))
    sums = np.append(0.0, np.cumsum(sizes))[np.append(0, ends)]
    return float(np.quantile(np.diff(sums), LEVEL))


def main() -> None:
    rng = np.random.default_rng(0)
    case = sk.load("medication-threshold").in_state("usual")
    keys, kinds = len(case.population.signal_names), len(case.responses)
    many = sk.Policy(names=("random",), answer=rng.dirichlet(np.full(kinds, 0.5), (1000, keys)))
    print(f"{'task':58}{'median ms':>11}{'best ms':>9}")
    for users in (1, 1000, 10**5, 10**7, 8 * 10**9, 10**12):
        times = milliseconds(lambda users=users: sk.total(case, many, users).quantile(LEVEL))
        print(f"{f'99.9% quantile, 1000 policies, {users:.0e} users':58}{times[0]:11.1f}{times[1]:9.1f}")
    shares = np.linspace(0.001, 0.2, 101)
    worlds = sk.population.worlds_from(
        case.population,
        np.stack([sk.population.with_shares(case.population, {case.segments[-1]: share}).share for share in shares]),
    )
    dial = np.linspace(0, 1, 101)[:, None, None]
    answers = (1 - dial) * sk.policy.constant(case, "general-safety").answer + dial * sk.policy.constant(
        case, "full-bare"
    ).answer
    dials = sk.Policy(names=("dial",), answer=answers)
    for users in (1000, 10**5, 8 * 10**9):

        def grid(users: int = users) -> object:
            law = sk.total(case, dials, users, worlds=worlds)
            return law.mean, law.sd, law.chance_of_none, law.tail(1.2 * law.mean + 1)

        times = milliseconds(grid, 3)
        print(f"{f'101 × 101 dial × share, mean, sd, none, tail, {users:.0e} users':58}{times[0]:11.1f}{times[1]:9.1f}")
    print(
        f"\n{'at 1% accuracy on the 99.9% quantile, one policy':50}{'exact ms':>10}{'worlds':>10}{'NumPy ms':>11}{'ratio':>9}"
    )
    one = sk.policy.constant(case, "full-bare")
    severity = case.severities[0]
    for users in (1000, 10**5):
        law = sk.total(case, one, users)
        size = float(law.quantile(LEVEL))
        density = float(law.tail(size * 0.999) - law.tail(size * 1.001)) / (0.002 * size)
        needed = int(LEVEL * (1 - LEVEL) / (density * ACCURACY * size) ** 2)
        chance = float(law.mixtures.laws.events[0]) / users
        exact = milliseconds(lambda users=users: sk.total(case, many, users).quantile(LEVEL))[0] / 1000
        alone = milliseconds(lambda users=users: sk.total(case, one, users).quantile(LEVEL))[0]
        start = time.perf_counter()
        simulate(chance, severity.median, severity.sigma, users, min(needed, 2_000_000), rng)
        plain = 1000 * (time.perf_counter() - start) * max(needed / 2_000_000, 1)
        for name, spent in (("on its own", alone), ("in a batch of 1000", exact)):
            print(f"{f'{users:.0e} users, exact {name}':50}{spent:10.3f}{needed:10d}{plain:11.1f}{plain / spent:9.0f}")


if __name__ == "__main__":
    main()
