"""The axes of a chart: from where to where, and what is written beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..text import number


def axis(
    low: float, high: float, label: str = "", *, ticks: Mapping[float, str] | Mapping[int, str] | None = None
) -> dict[str, Any]:
    """An axis from low to high, with round ticks unless they are given: where, and what is written there."""
    if ticks is None:
        from matplotlib.ticker import MaxNLocator

        round_ = [float(tick) for tick in MaxNLocator(5).tick_values(low, high) if low <= tick <= high]
        ticks = {tick: f"{tick:g}".replace("-", "−") for tick in round_}
    return {"low": low, "high": high, "label": label, "ticks": [[float(tick), text] for tick, text in ticks.items()]}


def log_axis(low: float, high: float, label: str) -> dict[str, Any]:
    """An axis over powers of ten; what stands on it is given as its logarithm to base 10."""
    ends = [float(np.log10(low)), float(np.log10(high))]
    powers = range(int(np.ceil(ends[0] - 1e-9)), int(np.floor(ends[1] + 1e-9)) + 1)
    step = max(1, round(len(powers) / 6))
    shown = {float(p): number(10.0**p) if -3 <= p < 6 else f"1e{p}" for p in powers if p % step == 0}
    return axis(ends[0], ends[1], label, ticks=shown) | {"log": True}


def name_axis(names: Sequence[str]) -> dict[str, Any]:
    """A vertical axis with a name at 0, 1, 2, … from the top down."""
    return axis(len(names) - 0.4, -0.6, ticks=dict(enumerate(names)))


def padded(low: ArrayLike, high: ArrayLike, part: float = 0.04) -> tuple[float, float]:
    """The range that holds 0 and all finite values, and a little more."""
    ends = [np.asarray(x, dtype=float) for x in (low, high)]
    bottom, top = (float(pick(x[np.isfinite(x)], initial=0.0)) for pick, x in zip((np.min, np.max), ends, strict=True))
    pad = part * ((top - bottom) or 1.0)
    return bottom - pad, top + pad
