"""simkit: the exact law; alone, or at the head of a batch of policies."""

from __future__ import annotations

from typing import Any

import numpy as np
from protocol import computed, read_task

import simkit as sk


def main(task: Any) -> None:
    case = sk.load(task["case"]).in_state("usual")
    policy, keys, kinds = sk.policy.constant(case, task["policy"]), len(case.population.signal_names), len(case.responses)
    if task["policies"] > 1:
        others = np.random.default_rng(0).dirichlet(np.full(kinds, 0.5), (task["policies"] - 1, keys))
        policy = sk.Policy(name="batch", answer=np.concatenate([policy.answer[None], others]))
    computed(
        "simkit",
        task,
        {
            "mean": lambda: float(np.ravel(sk.total(case, policy, task["users"]).mean)[0]),
            "quantile": lambda: float(np.ravel(sk.total(case, policy, task["users"]).quantile(task["level"]))[0]),
        },
    )


main(read_task())
