"""Do the exact means and the drawn senders agree over many random cases?  The z-scores should look standard normal.

    python verification/agreement.py [--cases 400]

Prints the distribution of z over random cases and policies (with questions, filters, neglect), a Kolmogorov–Smirnov test
against N(0, 1), and a negative control: the same with a harm that is wrong by 2%.  Exit code 1 if either fails.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from worlds import random_case, random_policy

import simkit as sk


def scores(seed: int, wrong: float) -> list[float]:
    """z of help, harm and neglect for one random case; harm is multiplied by `wrong`."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=bool(seed % 2))
    policy = random_policy(case, rng)
    outcome, seen = sk.expect(case, policy), sk.simulate(case, policy, users=500, runs=400, rng=rng)
    factors = {"help": 1.0, "harm": wrong, "neglect": 1.0}
    errors = {name: float(seen.standard_error(name)) for name in factors}
    return [float(seen.mean(n) - f * getattr(outcome, n)) / errors[n] for n, f in factors.items() if errors[n] > 0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=400)
    count = parser.parse_args().cases
    found = {wrong: np.concatenate([scores(seed, wrong) for seed in range(count)]) for wrong in (1.0, 1.02)}
    for wrong, z in found.items():
        p = stats.kstest(z, "norm").pvalue
        spread = f"mean {z.mean():+.3f}, sd {z.std():.3f}, max |z| {abs(z).max():.2f}"
        print(f"harm × {wrong}: {len(z)} z-scores, {spread}, KS p = {p:.3g}")
    right, control = (stats.kstest(z, "norm").pvalue for z in found.values())
    return int(not (right > 1e-3 and control < 1e-3))


if __name__ == "__main__":
    sys.exit(main())
