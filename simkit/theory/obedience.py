"""Obedience: a robot that learns what its principal wants obeys less and less, and is the more useful for it.

From Milli, Hadfield-Menell, Dragan & Russell 2017, Should Robots be Obedient? (arXiv 1705.09990).  Whatever the principal
orders, a robot that maximises its posterior mean gains an **advantage** A = E[R(robot) − R(order)] ≥ 0 over blind obedience,
and a robot that always obeys has A = 0.  Obedience is therefore no measure of usefulness.

`learn`: any finite world, one order.  `follow`: two actions, each order right with chance p independently of the others; the
robot takes what most orders so far asked for, and obeys the latest in a tie.  Then (derived here) with X ~ Binomial(n, p)

    value       V_n = P(X > n/2) + P(X = n/2)/2            rises to 1
    obedience   O_n = P(the latest order agrees with it)   falls to p
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from ..arrays import Floats
from ..text import number, percent
from .inputs import Numbers, chance, chances, real


@dataclass(frozen=True, eq=False, kw_only=True)
class Following:
    """The chance that the robot acts rightly, that it obeys the latest order, and what it gains over obeying; all (…)."""

    value: Floats
    obedience: Floats
    advantage: Floats


def follow(right: Numbers, orders: Numbers) -> Following:
    """A robot that takes what most of its `orders` so far asked for, each right with chance `right`; shapes broadcast.

    What the robot believes of `right` changes nothing as long as it is above 1/2.  `orders` are whole numbers from 1 up, of any
    size.  A ValueError otherwise.
    """
    p, n = chance("right", right), np.asarray(orders, dtype=float)
    if not (np.all(n >= 1) and np.all(n == np.floor(n)) and np.isfinite(n).all()):
        raise ValueError(f"orders must be a whole number from 1 up, not {orders}")
    gained = np.where(n <= 2, 0.0, _majority(p, n) - p)
    before = np.ceil(n / 2) - 1  # so many of the earlier orders must agree with the latest one
    agrees = p * _at_least(before, n - 1, p) + (1 - p) * _at_least(before, n - 1, 1 - p)
    return Following(value=(p + gained)[()], obedience=agrees[()], advantage=gained[()])


def _majority(p: Floats, n: Floats) -> Floats:
    """P(X > n/2) + P(X = n/2)/2: an even number of orders is worth as much as one order less."""
    odd = n - (n % 2 == 0)
    return _at_least((odd + 1) / 2, odd, p)


def _at_least(k: Floats, n: Floats, p: Floats) -> Floats:
    """P(X ≥ k) for X ~ Binomial(n, p), as an incomplete beta function."""
    return np.where(k <= 0, 1.0, betainc(np.maximum(k, 1), np.maximum(n - k + 1, 1), p))


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Learning:
    """One order in a finite world: what robot (O,) does after each order, its value, the order's, and how often it obeys."""

    robot: np.ndarray
    value: float
    obeying: float
    obedience: float

    @property
    def advantage(self) -> float:
        """A = E[R(robot) − R(order)] ≥ 0."""
        return self.value - self.obeying

    def __repr__(self) -> str:
        shown = [number(value) for value in (self.value, self.obeying, self.advantage)]
        return "robot {}, blind obedience {}: advantage {}, obeys {} of orders".format(*shown, percent(self.obedience))


def learn(rewards: ArrayLike, prior: ArrayLike, orders: ArrayLike) -> Learning:
    """A robot that hears one order, learns from it, and takes the action of the largest posterior mean.

    `rewards` (T, A) is what action a is worth if the principal is of type t, `prior` (T,) the chance of each type, `orders`
    (T, A) the chance that type t orders action a.  In a tie the robot obeys.  A ValueError if shapes or chances do not fit.
    """
    worth, types, says = real("rewards", rewards), chances("prior", prior), chances("orders", orders)
    if worth.ndim != 2 or worth.shape != says.shape or types.shape != worth.shape[:1]:
        shapes = f"{worth.shape}, {says.shape} and {types.shape}"
        raise ValueError(f"rewards and orders are tables of types x actions, prior has one number a type, not {shapes}")
    joint = types[:, None] * says  # (T, O): of this type, and orders this
    means = joint.T @ worth  # (O, A): posterior means times the chance of the order
    obey = np.diagonal(means)
    robot = np.where(means.max(1) > obey + 1e-12 * np.abs(means).max(1), means.argmax(1), np.arange(len(obey)))
    return Learning(
        robot=robot,
        value=float(means[np.arange(len(obey)), robot].sum()),
        obeying=float(obey.sum()),
        obedience=float(joint.sum(0)[robot == np.arange(len(obey))].sum()),
    )
