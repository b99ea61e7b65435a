"""How likely a bad loss is along the dial: the total harm and neglect of N users who share one model.

At any position its distribution is `total(deployment.case, deployment.policy(dial), users, of="loss")`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..aggregate import total
from ..aggregate.quantiles import Mixtures
from ..arguments import guard
from ..arrays import Floats
from .deployment import POSITIONS, Deployment

#: How many times the loss of following every instruction a world must have to be called bad.
BAD = 2.0


def bad_size(found: Deployment) -> float:
    """The loss per user, harm units, above which a world is called bad: so many times that of following every instruction."""
    return BAD * float(found.agents.operator_probabilities() @ found.means[1:, :, 0].sum((0, -1)))


def bad_worlds(deployment: Deployment, per_user: float, users: float, *, dial: ArrayLike = POSITIONS) -> Floats:
    """P(the loss of N users comes to more than `per_user` harm units each) at each position, (D,)."""
    agents, given = deployment.agents, tails(deployment, per_user, users, dial=dial) @ deployment.agents.model_probabilities()
    return given @ agents.operator_probabilities() if deployment.shared_principal else given


def tails(deployment: Deployment, per_user: float, users: float, *, dial: ArrayLike = POSITIONS) -> Floats:
    """The same given the model, (D, T), or given operator and model if the principal is shared, (D, O, T).

    A distribution that stands at many positions is computed once.
    """
    steps, step = np.unique(deployment.step(dial), return_inverse=True)
    found = total(deployment.case, deployment.policy(deployment.on_step[steps]), users, of="loss")
    weights = found.mixtures.compound.weights
    _, first, which = np.unique(weights.reshape(len(weights), -1), axis=0, return_index=True, return_inverse=True)
    alone = Mixtures(found.mixtures.compound.take(first), np.ones(1))
    single = replace(found, mixtures=alone, shape=(len(first),)).tail(per_user * users)
    who = deployment.at.shape[0 if deployment.shared_principal else 1 : 2]
    in_states = single[which.ravel()].reshape(len(steps), *who, -1)
    return (in_states @ deployment.original.population.state_chance)[step.ravel()]


guard(__name__)
