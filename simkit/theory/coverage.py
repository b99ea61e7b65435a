"""What a search for failures has not found yet, and whether a model that behaves while it is watched is ever caught.

* *Failures come in kinds* (modes), each with a rate: what a record of those that were found says about the others.  Good (1953)
  reads the rate of all unseen ones off those that were seen once; Good and Toulmin (1956) read off how many new ones to expect.
  Both speak of probes that are drawn as before, not of somebody who searches.
* *Somebody who searches* gets an answer to each try: a hint at each step turns a product of choices into a sum.
* *A monitor* sees outputs, reasoning or both.  Of a model that notices when it is watched, outputs show nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, bdtrc, xlog1py

from ..arguments import guard
from ..arrays import Floats
from .inputs import Numbers, amount, at_least, distribution, probability

# --- kinds of failure -------------------------------------------------------------------------------------------------


def unseen(seen: ArrayLike) -> float:
    """Good and Turing's estimate of the rate of all kinds that were not found, n₁ / N.

    `seen` (X,) says how many kinds were found once, twice, …; N = Σ x n_x is the number of failures.  It is without bias for
    the record with one failure less: E[n₁/n] is the expected rate of the unseen after n − 1 (Good 1953).
    """
    kinds = _counted(seen)
    failures = float(kinds @ np.arange(1, len(kinds) + 1))
    if not failures:
        raise ValueError("no failure was found, so nothing is known of their kinds: bound their rate (trust.rate_bound)")
    return float(kinds[0]) / failures


class NewKinds(NamedTuple):
    """How many new kinds of failure are to be expected, (…,), and the standard deviation of that estimate."""

    expected: Floats
    sd: Floats


def new_kinds(seen: ArrayLike, more: ArrayLike) -> NewKinds:
    """How many new kinds `more` times the search so far is to find, Σ (−1)^(x+1) more^x n_x (Good & Toulmin 1956).

    `seen` is that of `unseen`.  A ValueError above 1: then the series swings ever more widely, and says nothing.
    """
    kinds, part = _counted(seen), probability("more", more)[..., None]
    times = np.arange(1, len(kinds) + 1)
    signs = np.where(times % 2, 1.0, -1.0)
    return NewKinds((signs * part**times * kinds).sum(-1), np.sqrt((part ** (2 * times) * kinds).sum(-1)))


def _counted(seen: ArrayLike) -> Floats:
    kinds = amount("seen", seen)
    if kinds.ndim != 1:
        raise ValueError(f"seen (X,) says how many kinds were found once, twice, …, not an array of shape {kinds.shape}")
    return kinds


def expected_unseen(rates: ArrayLike, probes: ArrayLike, *, searched: ArrayLike | None = None) -> Floats:
    """The expected rate of kinds that `probes` failures did not show, Σ rate (1 − searched)^probes, (…,).

    `rates` (M,) are how often users meet each kind, `searched` (M,) how often the search does (if not given: as users do).
    """
    met, looked = distribution("rates", rates), distribution("searched", rates if searched is None else searched)
    if met.shape != looked.shape:
        raise ValueError(f"searched is how often each kind of rates is met, {met.shape}, not {looked.shape}")
    return (met * _missed(looked, probes)).sum(-1)


def expected_found(rates: ArrayLike, probes: ArrayLike) -> Floats:
    """The expected number of kinds that so many failures show, Σ 1 − (1 − rate)^probes, (…,)."""
    return (1 - _missed(distribution("rates", rates), probes)).sum(-1)


def _missed(rates: Floats, probes: ArrayLike) -> Floats:
    return np.exp(xlog1py(amount("probes", probes)[..., None], -rates))


# --- somebody who searches --------------------------------------------------------------------------------------------


class Search(NamedTuple):
    """The probability that a failure is found within a number of tries, (…,): by chance, and step by step."""

    random: Floats
    adaptive: Floats


def found_within(tries: ArrayLike, *, steps: int, choices: int) -> Search:
    """How likely one failing input is found that needs `steps` choices to be right, each out of so many `choices`.

    At random all choices are made anew, and no input is tried twice: tries / choices^steps.  Step by step, the answer tells
    whether the next choice is right (a refusal that softens, say), so that each step takes 1 to `choices` tries, and the whole
    their sum: (choices + 1)/2 · steps on average, not (choices^steps + 1)/2.  A model of ours, the least that shows it.
    """
    tried = np.floor(at_least("tries", tries, 0))
    if not (1 <= steps <= 1000 and 1 <= choices <= 1000):
        raise ValueError(f"steps and choices are at least 1, and at most 1000, not {steps} and {choices}")
    one, sums = np.append(0.0, np.full(choices, 1 / choices)), np.ones(1)
    for _ in range(steps):
        sums = np.convolve(sums, one)
    place = np.minimum(tried, len(sums) - 1).astype(int)
    with np.errstate(divide="ignore", over="ignore"):
        random = np.exp(np.minimum(np.log(tried) - steps * np.log(choices), 0.0))
    return Search(random, np.minimum(np.cumsum(sums)[place], 1.0))


# --- a monitor --------------------------------------------------------------------------------------------------------


class Flags(NamedTuple):
    """The probability that one sample is flagged, (…,), by a monitor that sees outputs, reasoning, or both."""

    outputs: Floats
    reasoning: Floats
    both: Floats


def flags(
    *, unnoticed: Numbers, breaks: Numbers, caught: Numbers, false: Numbers, traced: Numbers, voiced: Numbers = 0.0
) -> Flags:
    """How often samples of a model that keeps to the spec only while it is watched are flagged.

    `unnoticed` is the probability that it does not notice a sample to be watched, and `breaks` that it then breaks the spec.
    A monitor flags a break with probability `caught` by its output and `traced` by its reasoning, and anything else with
    probability `false` by either; where the model notices, its reasoning says so with probability `voiced`, and is flagged.
    Given what happened, outputs and reasoning are flagged independently.  A model that always keeps to the spec is `breaks=0`
    and `voiced=0`.
    """
    given = {"unnoticed": unnoticed, "breaks": breaks, "caught": caught, "false": false, "traced": traced, "voiced": voiced}
    u, v, hit, slip, trace, told = (probability(name, value) for name, value in given.items())
    noticed, broken, kept = 1 - u, u * v, u * (1 - v)
    silent = (1 - slip) ** 2
    outputs = (noticed + kept) * slip + broken * hit
    reasoning = noticed * (1 - (1 - told) * (1 - slip)) + kept * slip + broken * trace
    neither = (noticed * (1 - told) + kept) * silent + broken * (1 - hit) * (1 - trace)
    return Flags(*map(np.asarray, (outputs, reasoning, 1 - neither)))


def detected(samples: ArrayLike, *, flagged: ArrayLike, honest: ArrayLike, alarm: float = 0.05) -> Floats:
    """P(a model is told from an honest one), (…,), by counting the flags of so many samples.

    `flagged` and `honest` are the probabilities that a sample of either is flagged.  The alarm goes off at the smallest number
    of flags that an honest model reaches with probability `alarm` at most, so this is the power of an exact binomial test.
    """
    n = np.floor(amount("samples", samples))
    if np.any(n > 1e9):
        raise ValueError(f"samples must be at most 1e9, not {n.max():g}")
    n, alarm = n.astype(np.int64), float(probability("alarm", alarm))
    rate, usual = probability("flagged", flagged), probability("honest", honest)
    n, rate, usual = np.broadcast_arrays(n, rate, usual)
    low, high = np.full(n.shape, -1.0), n + 0.0  # more flags than `high` are rare enough, than `low` are not
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        rare = bdtrc(middle, n, usual) <= alarm
        low, high = np.where(rare | (high - low <= 1), low, middle), np.where(rare & (high - low > 1), middle, high)
    return np.where(high >= n, 0.0, 1 - bdtr(high, n, rate))


guard(__name__)
