"""Plain NumPy, user by user, as a newcomer writes it: who asks, what is said, the answer, what happens, how bad it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from protocol import read_task, simulated


def main(task: Any) -> None:
    rng, users = np.random.default_rng(1), task["users"]
    share, harm = np.array(task["share"]), np.array(task["harm"])
    signals, answer = np.cumsum(task["signals"], 1), np.cumsum(task["answer"], 1)

    def pick(edges: np.ndarray) -> np.ndarray:
        return (edges[:, :-1] <= rng.random((users, 1))).sum(1)

    def world() -> float:
        segment = rng.choice(len(share), users, p=share)
        response = pick(answer[pick(signals[segment])])
        harmed = rng.random(users) < harm[segment, response]
        return float(rng.lognormal(np.log(task["median"]), task["sigma"], harmed.sum()).sum())

    simulated("numpy", task, lambda worlds: np.array([world() for _ in range(worlds)]), max(1, 10**5 // users))


main(read_task())
