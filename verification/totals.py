"""Do the exact laws of totals and simulated worlds agree?  The z-scores should look standard normal.

    python verification/totals.py [--cases 40] [--worlds 20000]

Over random cases (every kind of severity, questions, states, few users and many) the chance that a simulated world's total
exceeds the exact quantile at 50%, 90% and 99% is a binomial proportion with a known mean: one z-score each.  A
Kolmogorov–Smirnov test compares them with N(0, 1).  Negative control: the same with quantiles that are 3% too large.  Then
every law is held against its certified bracket.  Exit code 1 if any of these fails.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from worlds import random_case, random_policy

import simkit as sk
from simkit.case import Case
from simkit.compound.lattice import bracket
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


def brackets(count: int) -> tuple[int, int]:
    """How many quantiles were tested against their bracket, and how many lie outside."""
    tested = outside = 0
    for seed in range(count):
        case, policy, users = make(seed)
        for state in case.population.states:
            law = sk.total(case.in_state(state), policy, users)
            for level in LEVELS:
                size = float(law.quantile(level))
                if size > 0:
                    low, high = bracket(law.mixtures.laws, 1.2 * size).quantile(level)
                    tested, outside = tested + 1, outside + int(not low[0] - 1e-9 <= size <= high[0] + 1e-9)
    return tested, outside


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--worlds", type=int, default=20000)
    asked = parser.parse_args()
    found = {w: np.concatenate([scores(seed, asked.worlds, w) for seed in range(asked.cases)]) for w in (1.0, 1.03)}
    for wrong, z in found.items():
        p = stats.kstest(z, "norm").pvalue
        spread = f"mean {z.mean():+.3f}, sd {z.std():.3f}, max |z| {abs(z).max():.2f}"
        print(f"quantiles × {wrong}: {len(z)} z-scores, {spread}, KS p = {p:.3g}")
    right, control = (stats.kstest(z, "norm").pvalue for z in found.values())
    tested, outside = brackets(asked.cases)
    print(f"{tested} quantiles against their certified brackets: {outside} outside")
    return int(not (len(found[1.0]) >= 50 and right > 1e-3 and control < 1e-3 and outside == 0))


if __name__ == "__main__":
    sys.exit(main())
