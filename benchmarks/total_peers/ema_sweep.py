"""EMA workbench: an experiment is one world; the parameter that is swept over is its seed, all else is known here."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from protocol import read_task, simulated

warnings.simplefilter("ignore")  # parallel evaluators that are not installed and not used
import ema_workbench as ema  # noqa: E402


def main(task: Any) -> None:
    chance = np.einsum("s,sk,kr,sr", *(np.array(task[name]) for name in ("share", "signals", "answer", "harm")))

    def world(seed: float = 0.0, users: int = 0, chance: float = 0.0) -> dict[str, float]:
        """Event counts, as the expert writes it, so that what is measured is the workbench."""
        rng = np.random.default_rng(int(seed))
        sizes = task["median"] * np.exp(task["sigma"] * rng.standard_normal(rng.binomial(users, chance)))
        return {"total": float(sizes.sum())}

    model = ema.Model("world", function=world)
    model.uncertainties = [ema.RealParameter("seed", 0, 2**53)]
    model.constants = [ema.Constant("users", task["users"]), ema.Constant("chance", float(chance))]
    model.outcomes = [ema.ScalarOutcome("total")]
    np.random.seed(4)  # noqa: NPY002 - the workbench samples from NumPy's global generator

    def draw(worlds: int) -> np.ndarray:
        _, outcomes = ema.perform_experiments(model, scenarios=worlds, uncertainty_sampling=ema.Samplers.MC)
        return outcomes["total"]

    simulated("ema_workbench", task, draw, 2000)


main(read_task())
