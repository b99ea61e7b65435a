"""Cases that the tests share: the textbook's two-segment choice, and random cases with everything in them."""

import numpy as np

from simkit.case import Case, from_arrays
from simkit.policy import Policy
from simkit.severity import Gamma, Point


def choice(q: float, benefit: float, harm: float, interval: tuple[float, float] | None = None) -> Case:
    """Answer or refuse: a harmful sender with chance q; answering helps by `benefit` or harms by `harm` (anchors A1, A5)."""
    low, high = interval or (q, q)
    return from_arrays(
        [1 - q, q],
        [[1.0], [1.0]],
        [[0, benefit], [0, 0]],
        harmful=[False, True],
        harm_chance=[[0, 0], [0, 1]],
        severity=Point(kind="point", value=float(harm)),
        interval=([1 - high, low], [1 - low, high]),
    )


def random_case(rng: np.random.Generator, *, question: bool = False, segments: int = 0, signals: int = 0) -> Case:
    """A random case: 2–6 segments, 1–5 signals, 2–5 responses, some of which cross a constraint; harm, neglect, a severity."""
    count, keys, responses = segments or rng.integers(2, 7), signals or rng.integers(1, 6), rng.integers(2, 6)
    share = rng.dirichlet(np.ones(count))
    harm = rng.random((count, responses)) * rng.random((count, 1)) * 0.5
    harm[:, 0] = 0
    crosses = np.append(False, rng.random(responses - 1) < 0.2)
    return from_arrays(
        share,
        rng.dirichlet(np.full(keys, 0.7), count),
        rng.normal(0.5, 1, (count, responses)),
        harmful=np.arange(count) >= rng.integers(1, count),
        harm_chance=harm,
        neglect_chance=rng.random((count, responses)) * 0.3,
        severity=Gamma(kind="gamma", average=float(rng.uniform(0.5, 4)), shape=2.0),
        interval=(share * 0.5, np.minimum(share * 2, 1)),
        reply=rng.dirichlet(np.ones(3), count) if question else None,
        cost=rng.random(count) * 0.05,
        crosses=crosses,
        harm_weight=float(rng.uniform(0.2, 3)),
    )


def random_policy(case: Case, rng: np.random.Generator, batch: tuple[int, ...] = ()) -> Policy:
    """A random policy over all responses, allowed or not; it asks if the case has a question."""
    keys, responses = len(case.population.signal_names), len(case.responses)
    if case.question is None:
        return Policy(name="random", answer=rng.dirichlet(np.ones(responses), (*batch, keys)))
    whole = rng.dirichlet(np.ones(responses + 1), (*batch, keys))
    after = rng.dirichlet(np.ones(responses), (*batch, keys, len(case.question.replies)))
    return Policy(name="random", answer=whole[..., :-1], after=after * whole[..., -1, None, None])


def brute_force(case: Case, policy: Policy, values: np.ndarray) -> float:
    """Σ over every sender, signal, reply and response, one at a time: the slow route to a mean, without the cost of asking."""
    total, population = 0.0, case.population
    for s, share in enumerate(population.shares):
        for k, seen in enumerate(population.signals[s]):
            for r, value in enumerate(values[s]):
                total += share * seen * policy.answer[k, r] * value
                if policy.after is not None:
                    for j, reply in enumerate(case.question.reply[s]):
                        total += share * seen * reply * policy.after[k, j, r] * value
    return total
