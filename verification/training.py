"""Do the exact numbers on training and coverage agree with drawn ones?  Each z-score should look standard normal.

    python verification/training.py [--runs 20000]

Draws best-of-n, selection beyond a threshold (normal and heavy-tailed errors), Bayes on reasons, kinds of failure (Good–Turing,
kinds found, kinds that more testing finds), search step by step, and a monitor's flags sample by sample, and holds each against
the formula.  Negative control: formulas that are wrong by 3%.  Exit code 1 if a z is beyond 4.5, or if the
control is not seen.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import numpy as np
from scipy import stats

from simkit.theory import coverage, training

Check = tuple[str, np.ndarray, float]


def best_of_n(rng: np.random.Generator, runs: int) -> Iterator[Check]:
    base, reward = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.0, 1.0, 1.0, 2.0])
    draws = rng.choice(4, size=(runs, 5), p=base)
    kept = draws[np.arange(runs), reward[draws].argmax(1)]
    for i, chance in enumerate(training.best_of_n(base, reward, 5)):
        yield f"best of 5 is answer {i}", kept == i, chance
    for n in (3, 30):
        yield f"best of {n} normal scores", rng.standard_normal((runs, n)).max(1), float(training.expected_best(n))


def beyond(rng: np.random.Generator, runs: int) -> Iterator[Check]:
    for tail in (np.inf, 3.0):
        gold = rng.standard_normal(40 * runs)
        normal = np.isinf(tail)
        error = rng.standard_normal(len(gold)) if normal else rng.standard_t(tail, len(gold)) * np.sqrt((tail - 2) / tail)
        for bar in (1.0, 3.0):
            yield f"gold beyond {bar}, tail {tail}", gold[gold + error > bar], float(training.gold_beyond(bar, tail=tail))


def reasons(rng: np.random.Generator, runs: int) -> Iterator[Check]:
    prior, does = np.array([0.7, 0.3]), np.array([[[0.9, 0.1], [0.8, 0.2]], [[0.9, 0.1], [0.4, 0.6]]])
    which = rng.choice(2, size=5 * runs, p=prior)
    first = (rng.random((len(which), 2)) < does[which, 0, :1]).sum(1)
    second = rng.random(len(which)) < does[which, 1, 0]
    for taken in (True, False):
        counts = [[2, 0], [int(taken), int(not taken)]]
        these = which[(first == 2) & (second == taken)] == 0
        yield f"reason, shown {counts}", these, float(training.belief_in_reasons(prior, does, counts)[0])


def kinds(rng: np.random.Generator, runs: int) -> Iterator[Check]:
    rates = 1 / np.arange(1, 31)
    rates /= rates.sum()
    seen = rng.multinomial(40, rates, size=runs)
    yield "kinds found", (seen > 0).sum(1), float(coverage.expected_found(rates, 40))
    yield "rate of the unseen", (rates * (seen == 0)).sum(1), float(coverage.expected_unseen(rates, 40))
    yield "Good–Turing", (seen == 1).sum(1) / 40, float(coverage.expected_unseen(rates, 39))
    poisson = rng.poisson(40 * rates, size=(runs, 30))
    more = rng.poisson(20 * rates, size=(runs, 30))
    told = [coverage.new_kinds(np.bincount(row, minlength=30)[1:], 0.5).expected for row in poisson[: runs // 4]]
    yield "Good–Toulmin", np.array(told) - ((poisson == 0) & (more > 0)).sum(1)[: runs // 4], 0.0


def search(rng: np.random.Generator, runs: int) -> Iterator[Check]:
    tries = rng.integers(1, 7, size=(runs, 4)).sum(1)
    for count in (8, 14, 20):
        yield (
            f"found step by step within {count}",
            tries <= count,
            float(coverage.found_within(count, steps=4, choices=6).adaptive),
        )


def monitor(rng: np.random.Generator, runs: int) -> Iterator[Check]:
    given = {"caught": 0.8, "false": 0.02, "traced": 0.5}
    rates = coverage.flags(unnoticed=0.2, breaks=0.5, voiced=0.05, **given)
    honest = coverage.flags(unnoticed=0, breaks=0, **given)
    n = 60
    noticed = rng.random((runs, n)) >= 0.2
    broken = ~noticed & (rng.random((runs, n)) < 0.5)
    output = rng.random((runs, n)) < np.where(broken, 0.8, 0.02)
    trace = (rng.random((runs, n)) < np.where(broken, 0.5, 0.02)) | (noticed & (rng.random((runs, n)) < 0.05))
    for name, flagged in (("outputs", output), ("reasoning", trace), ("both", output | trace)):
        rate, usual = float(getattr(rates, name)), float(getattr(honest, name))
        yield f"flags by {name}", flagged.mean(1), rate
        alarm = next(count for count in range(n + 2) if stats.binom.sf(count - 1, n, usual) <= 0.05)
        yield f"detected by {name}", flagged.sum(1) >= alarm, float(coverage.detected(n, flagged=rate, honest=usual))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20_000)
    runs, rng = parser.parse_args().runs, np.random.default_rng(15)
    worst, control = 0.0, 0.0
    for part in (best_of_n, beyond, reasons, kinds, search, monitor):
        for name, drawn, exact in part(rng, runs):
            error = drawn.std() / np.sqrt(len(drawn))
            z = (drawn.mean() - exact) / error
            worst, control = max(worst, abs(z)), max(control, abs(drawn.mean() - 1.03 * exact) / error)
            print(f"{name:36} exact {exact:9.5f}  drawn {drawn.mean():9.5f} ± {error:.5f}  z {z:+.2f}")
    print(f"largest |z| {worst:.2f}; of formulas that are wrong by 3%: {control:.1f}")
    return int(worst > 4.5 or control < 6)


if __name__ == "__main__":
    sys.exit(main())
