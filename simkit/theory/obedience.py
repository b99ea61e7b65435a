"""Obedience: a robot that learns what its principal wants obeys less and less, and is the more useful for it.

From Milli, Hadfield-Menell, Dragan & Russell 2017, Should Robots be Obedient? (arXiv 1705.09990).  Whatever the principal
orders, a robot that maximises its posterior mean gains an **advantage** A = E[R(robot) − R(order)] ≥ 0 over blind obedience,
and a robot that always obeys has A = 0.  Obedience is therefore no measure of usefulness.

The smallest example has two actions, and each order is right with probability p independently of the others.  The robot takes
what most orders so far asked for, and obeys the latest in a tie.  Then (derived here) with X ~ Binomial(n, p)

    value       V_n = P(X > n/2) + P(X = n/2)/2            rises to 1
    obedience   O_n = P(the latest order agrees with it)   falls to p
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc

from ..arguments import guard
from ..arrays import Floats
from .inputs import Numbers, probability


@dataclass(frozen=True, eq=False, kw_only=True)
class Following:
    """The probability that the robot acts rightly, that it obeys the latest order, and what it gains over obeying; all (…)."""

    value: Floats
    obedience: Floats
    advantage: Floats


def follow(right: Numbers, orders: Numbers) -> Following:
    """A robot that takes what most of its `orders` so far asked for, each right with probability `right`; shapes broadcast.

    What the robot believes of `right` changes nothing as long as it is above 1/2.  `orders` are whole numbers from 1 up, of any
    size.  A ValueError otherwise.
    """
    p, n = probability("right", right), np.asarray(orders, dtype=float)
    if not (np.all(n >= 1) and np.all(n == np.floor(n)) and np.isfinite(n).all()):
        raise ValueError(f"orders must be a whole number from 1 up, not {orders}")
    odd = n - (n % 2 == 0)  # an even number of orders is worth as much as one order less
    gained = np.where(odd == 1, 0.0, _at_least((odd + 1) / 2, odd, p) - p)
    before = np.ceil(n / 2) - 1  # so many of the earlier orders must agree with the latest one
    agrees = p * _at_least(before, n - 1, p) + (1 - p) * _at_least(before, n - 1, 1 - p)
    return Following(value=(p + gained)[()], obedience=agrees[()], advantage=gained[()])


def _at_least(k: Floats, n: Floats, p: Floats) -> Floats:
    """P(X ≥ k) for X ~ Binomial(n, p), as an incomplete beta function."""
    return np.where(k <= 0, 1.0, betainc(np.maximum(k, 1), np.maximum(n - k + 1, 1), p))


guard(__name__)
