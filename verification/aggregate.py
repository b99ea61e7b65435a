"""Do the distributions of totals hold what they claim?

    python verification/aggregate.py [--mixes 2000] [--first 0] [--cases 40] [--worlds 20000]

* **Random mixes** (`tests/mixes.py`): one to five severities (points without a common divisor, tables, lognormals with a sigma
  from 1e-6 to 3, gammas, Paretos with and without a mean), 1e-3 to 1e7 expected events, one to three states, drawn, fixed and
  shocked counts.  Quantiles at 50%, 90% and 99% with their claimed errors are held against sums over counts (exact), severities
  rounded down and up (certified) or Monte Carlo (five standard errors).  Wrong is where the claim is too small.
* **Simulated worlds** of whole cases: the number of worlds that exceed an exact quantile is binomial with a known mean: one
  z-score each.  A Kolmogorov–Smirnov test compares them with N(0, 1).  Negative control: quantiles that are 3% too large.

Exit code 1 if any of these fails.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import mixes
from worlds import random_case, random_policy

import simkit as sk
from simkit.aggregate import Disagreement
from simkit.case import Case
from simkit.severity import Gamma, Lognormal, Pareto, Severity, SeverityLevel, SeverityTable

LEVELS = (0.5, 0.9, 0.99)


def random_severity(rng: np.random.Generator) -> Severity:
    kinds: list[Severity] = [
        Lognormal(kind="lognormal", median=1.0, sigma=float(rng.uniform(0.2, 2.5))),
        Gamma(kind="gamma", average=1.0, shape=float(rng.uniform(0.2, 8))),
        Pareto(kind="pareto", smallest=1.0, tail=float(rng.uniform(0.6, 4))),
        SeverityTable(
            kind="table",
            levels=(
                SeverityLevel(value=0.5, chance=0.6),
                SeverityLevel(value=2.0, chance=0.3),
                SeverityLevel(value=15.0, chance=0.1),
            ),
        ),
    ]
    return kinds[rng.integers(len(kinds))]


def make(seed: int) -> tuple[Case, sk.Policy, int]:
    rng = np.random.default_rng([11, seed])
    case = replace(random_case(rng, question=bool(seed % 2)), severities=(random_severity(rng),))
    if seed % 3 == 0:
        people = case.population
        multiply = np.vstack([np.ones(len(people.base_share)), rng.lognormal(0, 1, len(people.base_share))])
        people = replace(people, states=("usual", "other"), state_chance=np.array([0.8, 0.2]), multiply=multiply)
        case = replace(case, population=people)
    return case, random_policy(case, rng), int(rng.choice([1, 5, 40, 200]))


def scores(seed: int, worlds: int, wrong: float) -> list[float]:
    case, policy, users = make(seed)
    law = sk.total(case, policy, users)
    seen = sk.simulate(case, policy, users, runs=worlds, rng=np.random.default_rng([12, seed])).harm
    found = []
    for level in LEVELS:
        size = float(law.quantile(level))
        chance = float(law.tail(size))
        if size > 0 and 5 < chance * worlds < worlds - 5:
            hits = (seen > wrong * size * (1 + 1e-9)).mean()
            found.append((hits - chance) / np.sqrt(chance * (1 - chance) / worlds))
    return found


def battery(first: int, count: int) -> int:
    """Print how random mixes fare; the number of claims that are too small."""
    routes: Counter[str] = Counter()
    wrong, refused = [], []
    for seed in range(first, first + count):
        mix = mixes.random_mix(seed, atoms_only=seed % 3 == 0)
        try:
            law = sk.total(mix.case, mix.policy, mix.users, **mix.how)
            route, factor, where = mixes.judge(mix, law, rng=np.random.default_rng([13, seed]))
        except Disagreement as error:
            refused.append((seed, str(error)))
            continue
        routes[route] += 1
        if factor > 1:
            wrong.append((seed, route, factor, where))
    print(f"{count} random mixes: {dict(routes)}; {len(wrong)} claims too small, {len(refused)} refused")
    for row in wrong + refused:
        print("  ", *row)
    return len(wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixes", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="the first mix, to run them in parts")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--worlds", type=int, default=20000)
    asked = parser.parse_args()
    found = {w: np.concatenate([scores(seed, asked.worlds, w) for seed in range(asked.cases)]) for w in (1.0, 1.03)}
    for wrong, z in found.items():
        p = stats.kstest(z, "norm").pvalue
        spread = f"mean {z.mean():+.3f}, sd {z.std():.3f}, max |z| {abs(z).max():.2f}"
        print(f"quantiles × {wrong}: {len(z)} z-scores, {spread}, KS p = {p:.3g}")
    right, control = (stats.kstest(z, "norm").pvalue for z in found.values())
    too_small = battery(asked.first, asked.mixes)
    return int(not (len(found[1.0]) >= 50 and right > 1e-3 and control < 1e-3 and too_small == 0))


if __name__ == "__main__":
    sys.exit(main())
