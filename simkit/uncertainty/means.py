"""Means in plausible worlds: the shares vary, and with them how much each sender weighs."""

from __future__ import annotations

import numpy as np

from ..arguments import guard
from ..arrays import Floats, contract, weigh
from ..case import Case
from ..evaluate import lead, net_per_sender
from ..pareto import best_score
from ..policy import Policy
from ..population import Worlds


def gaps_by_state(case: Case, policy: Policy, reference: Policy, weight: float) -> Floats:
    """Net lead per sender in each state, (…, Z, S, K); once for all states, (…, 1, S, K), if no policy differs by state."""
    states = case.population.states if policy.states or reference.states else ("",)
    parts = [lead(case, policy.in_state(state), reference.in_state(state), weight) for state in states]
    return np.stack(np.broadcast_arrays(*parts), axis=-3)


def lead_in_worlds(case: Case, gaps: Floats, worlds: Worlds) -> Floats:
    """The mean in each world, (…, n), of what a sender brings per state, segment and signal, (…, Z or 1, S, K)."""
    joint = _joint(case, worlds, gaps.shape[-3]).reshape(len(worlds), -1)
    return contract(joint, gaps.reshape(*gaps.shape[:-3], -1, 1))[..., 0]


def _joint(case: Case, worlds: Worlds, count: int) -> Floats:
    """P(state, segment, signal) in each world, (n, Z, S, K); over all states, (n, 1, S, K), if `count` is 1."""
    if count == 1:
        return worlds.joint[:, None]
    return (case.population.state_chance[:, None] * worlds.in_states)[..., None] * worlds.signals[:, None]


def best_in_worlds(case: Case, worlds: Worlds, *, harm_weight: float) -> Floats:
    """The best net value that an allowed policy reaches in each world, knowing it but not who asks, (n,)."""
    score = contract(np.swapaxes(worlds.joint, -1, -2), case.value(harm_weight))
    return best_score(score, case.allowed).sum(-1)


def net_in_worlds(case: Case, policies: Policy, worlds: Worlds, *, harm_weight: float) -> Floats:
    """Net value of policy n of a batch in world n, or of one policy in every world, (n,)."""
    states = case.population.states if policies.states else ("",)
    nets = np.stack([net_per_sender(case, policies.in_state(state), harm_weight) for state in states], axis=-3)
    return weigh(_joint(case, worlds, len(states)), nets, axis=(-1, -2, -3))


guard(__name__)
