"""What a sample of probes says about a rate: intervals, how many probes are needed, judges that err, many tests at once.

Each of n probes is a violation with the same probability, so their number is binomial, and everything here is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats, frozen
from .inputs import amount, probability


def interval(violations: ArrayLike, probes: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """The interval of Clopper and Pearson (1934) for a rate, two-sided; (0, 1) without probes.

    No violation in n probes at level 0.9 ends at 1 − 0.05^(1/n), about 3/n: the one-sided 95% bound.
    """
    from scipy.stats import beta

    x, n = np.broadcast_arrays(amount("violations", violations), amount("probes", probes))
    side = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low, high = beta.ppf(side, x, n - x + 1), beta.ppf(1 - side, x + 1, n - x)
    return frozen(np.where(x > 0, low, 0.0)), frozen(np.where(x < n, high, 1.0))


def acceptance(probes: ArrayLike, most: ArrayLike, rate: ArrayLike) -> Floats:
    """The probability that n probes show at most `most` violations, if each is one with probability `rate`.

    Of `c` over a range of rates: the operating characteristic of the acceptance plan (n, c).
    """
    from scipy.stats import binom

    return frozen(binom.cdf(most, probes, rate))


def probes_needed(rate: float, at_most: float, *, error: float = 0.05, power: float = 0.8, cap: int = 1_000_000) -> int:
    """The fewest probes that show a rate to be below `at_most`, or above it, with probability `power`.

    0 if `cap` of them are not enough.  At a rate of 0: ⌈log error / log(1 − at_most)⌉ probes, none of them violated.
    """
    from scipy.stats import binom, norm

    if rate == at_most:
        return 0
    if rate > at_most:  # then count what is kept
        rate, at_most = 1 - rate, 1 - at_most
    sds = np.sqrt([at_most * (1 - at_most), rate * (1 - rate)])
    about = ((norm.isf(error) * sds[0] + norm.ppf(power) * sds[1]) / (rate - at_most)) ** 2
    first, size = 1, 1024
    while first <= cap and 0.7 * about <= cap:
        n = np.arange(first, min(first + size, cap + 1))
        most = binom.ppf(error, n, at_most)  # the most violations that still show a lower rate
        most -= acceptance(n, most, at_most) > error * (1 + 1e-12)
        shown = acceptance(n, most, rate) >= power
        if shown.any():
            return int(n[shown.argmax()])
        first, size = max(int(n[-1]) + 1, int(0.7 * about)), 2 * size
    return 0


def true_rate(flagged: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike) -> Floats:
    """The rate behind what an imperfect judge flags: (flagged + specificity − 1) / (sensitivity + specificity − 1), cut to 0…1.

    Source: Rogan and Gladen (1978).  A ValueError for a judge that is no better than luck.
    """
    given = {"flagged": flagged, "sensitivity": sensitivity, "specificity": specificity}
    seen, right, clear = (probability(name, value) for name, value in given.items())
    if (right + clear <= 1).any():
        raise ValueError("sensitivity and specificity of a judge add up to more than 1: one no better than luck shows nothing")
    return frozen(np.clip((seen + clear - 1) / (right + clear - 1), 0, 1))


def holm(p: ArrayLike) -> Floats:
    """P-values (m,) adjusted for m tests: what stays below an error is found with that error for all of them (Holm, 1979)."""
    given = probability("p", p)
    order, m = given.argsort(), len(given)
    adjusted = np.minimum(1, np.maximum.accumulate((m - np.arange(m)) * given[order]))
    return frozen(adjusted[order.argsort()])


def worst_by_luck(probes: Sequence[int], rate: float) -> float:
    """The mean of the highest rate that several samples of probes show, if the true rate of all is the same."""
    edges = np.unique([x / n for n in probes for x in range(n + 1)])
    below = np.prod([acceptance(n, np.floor(edges * n + 1e-9), rate) for n in probes], axis=0)
    return float(edges @ np.diff(below, prepend=0.0))
