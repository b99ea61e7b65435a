"""Closed forms of the normal law that several theories share.

φ, Φ are the density and distribution function of N(0, 1); L(z) = φ(z) − z·Φ(−z) is the unit normal linear loss (Raiffa &
Schlaifer 1961, table III): what a standard normal exceeds z by, on average.  Every function broadcasts.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erfcx, ndtr

from ..arrays import Floats
from .inputs import Numbers

ROOT_2PI = math.sqrt(2 * math.pi)


def density(z: Numbers) -> Floats:
    """φ(z)."""
    return np.exp(-0.5 * np.square(np.clip(z, -40, 40))) / ROOT_2PI  # beyond 40 it is 0 anyway


def mills(z: Numbers) -> Floats:
    """Mills' ratio m(z) = Φ(−z)/φ(z), without underflow for large z."""
    return math.sqrt(math.pi / 2) * erfcx(np.multiply(z, math.sqrt(0.5)))


def loss_ratio(z: Numbers) -> Floats:
    """L(z)/φ(z) = 1 − z·m(z) for z ≥ 0: from 1 down to 1/z²."""
    near = np.minimum(z, 1e100)  # so that infinity gives 0, not a nan
    return 1 - near * mills(near)


def linear_loss(z: Numbers) -> Floats:
    """L(z) = φ(z) − z·Φ(−z) = E max(Z − z, 0), to full relative accuracy in the upper tail as well."""
    size = np.abs(z)
    return density(size) * loss_ratio(size) + np.maximum(np.negative(z), 0)


def quotient(a: Numbers, b: Numbers) -> Floats:
    """a/b for b ≥ 0, in which a/0 is infinite with the sign of a, and 0/0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.divide(a, b)
    return np.where(np.equal(a, 0), 0.0, ratio)[()]


__all__ = ["ROOT_2PI", "density", "linear_loss", "loss_ratio", "mills", "ndtr", "quotient"]
