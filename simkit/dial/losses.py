"""The total loss (harm and neglect) of N users who share one model: its distribution, and bad worlds along the dial."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats
from ..compound.laws import Laws, laws_of
from ..compound.quantiles import Mixtures
from ..totals import Total
from .deployment import POSITIONS, Deployment


def total_loss(deployment: Deployment, dial: ArrayLike, users: ArrayLike | None = None) -> Total:
    """The exact distribution of the total loss of N users at a position, or at an array of them.

    One model serves all users of a world.  A user brings at most one event, harm or neglect, so both add up in one compound
    distribution.  A ValueError unless users are whole numbers from 0 to 10^12.
    """
    case, policy = deployment.case, deployment.policy(dial)
    counts = np.asarray(case.users if users is None else users, dtype=float)
    if not ((counts >= 0) & (counts <= 1e12) & (counts == np.floor(counts))).all():
        raise ValueError(f"users are whole numbers from 0 to 10^12, not {counts}")
    kinds = [laws_of(case, policy, counts, of=of, mix="drawn", worlds=None, shock=0.0) for of in ("harm", "neglect")]
    (harm, shape), (neglect, _) = kinds
    both = Laws(harm.severities + neglect.severities, np.concatenate([harm.weights, neglect.weights], -1), harm.users)
    return Total(case, policy, counts, "loss", Mixtures(both, case.population.state_chance), shape[:-1])


def bad_worlds(deployment: Deployment, per_user: float, users: float, *, dial: ArrayLike = POSITIONS) -> Floats:
    """P(the loss of N users comes to more than `per_user` harm units each) at each position, (D,)."""
    agents, given = deployment.agents, tails(deployment, per_user, users, dial=dial) @ deployment.agents.model_probabilities()
    return given @ agents.operator_probabilities() if deployment.shared_principal else given


def tails(deployment: Deployment, per_user: float, users: float, *, dial: ArrayLike = POSITIONS) -> Floats:
    """The same given the model, (D, T), or given operator and model if the principal is shared, (D, O, T).

    A distribution that stands at many positions is computed once.
    """
    steps, step = np.unique(deployment.step(dial), return_inverse=True)
    total = total_loss(deployment, deployment.on_step[steps], users)
    weights = total.mixtures.laws.weights
    _, first, which = np.unique(weights.reshape(len(weights), -1), axis=0, return_index=True, return_inverse=True)
    alone = Mixtures(total.mixtures.laws.take(first), np.ones(1))
    single = replace(total, mixtures=alone, shape=(len(first),)).tail(per_user * users)
    who = deployment.at.shape[0 if deployment.shared_principal else 1 : 2]
    in_states = single[which.ravel()].reshape(len(steps), *who, -1)
    return (in_states @ deployment.original.population.state_chance)[step.ravel()]
