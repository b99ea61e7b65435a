"""Functions that sweeps of the tests call: other processes import them from here."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np


@dataclass
class Both:
    product: float
    row: np.ndarray
    kept_out: object = None


def product(a, b):
    return a * b


def drawn(a, b, rng):
    return {"mean": a * b + rng.normal(), "draws": ("draw", rng.random(3)), "name": f"{a:g}"}


def both(a, b):
    return Both(a * b, np.arange(2) * a)


def fails_at_three(a, b):
    if a == 3:
        raise ZeroDivisionError(f"three, {b:g}")
    return a + b


def fails_always(a, b):
    raise ZeroDivisionError(f"always, {a:g}, {b:g}")


def other_shapes(a, b):
    return np.full(int(a), b)


def slow(a, b):
    time.sleep(0.02)
    return a * b


def dies_at_three(a, b):
    if a == 3:
        os._exit(1)
    return a * b
