"""How many events a crowd of N senders brings: exact mean, variance and chance of at least one.

Senders of one world share its state.  Source: Binomial and Poisson-binomial counts, and the law of total variance (Klugman,
Panjer & Willmot, *Loss Models*, ch. 6 and 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .arrays import Floats
from .case import Case
from .evaluate import fits, per_sender
from .policy import Policy


@dataclass(frozen=True, eq=False)
class Occurrences:
    """How often an event happens among `users` senders: mean and variance of the count, chance of at least one; (…,)."""

    users: float
    mean: Floats
    variance: Floats
    chance_of_any: Floats


def occurrences(
    case: Case,
    policy: Policy,
    users: float = 1000,
    *,
    of: Literal["harm", "neglect"] = "harm",
    mix: Literal["drawn", "fixed"] = "drawn",
) -> Occurrences:
    """The exact count of events among N senders who share a state.

    `drawn` senders are independent draws from the population (binomial); `fixed` is a crowd of exactly N · share[s] from
    each segment (Poisson-binomial): the same mean, a smaller variance, a larger chance of at least one.
    """
    chance = case.population.state_chance
    rates, counts = _event_rates(case, policy, of), users * case.population.in_states
    rate = (rates * case.population.in_states).sum(-1)
    if mix == "drawn":
        mean, variance = users * rate, users * rate * (1 - rate)
        silent = users * np.log1p(-np.minimum(rate, 1 - 1e-300))
        silent = np.where(rate < 1, silent, -np.inf)
    else:
        mean, variance = (counts * rates).sum(-1), (counts * rates * (1 - rates)).sum(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            silent = np.where(counts > 0, counts * np.log1p(-rates), 0.0).sum(-1)
    total = mean @ chance
    return Occurrences(
        users=users,
        mean=total,
        variance=variance @ chance + ((mean - total[..., None]) ** 2) @ chance,
        chance_of_any=np.maximum(-(np.expm1(silent) @ chance), 0.0),
    )


def _event_rates(case: Case, policy: Policy, of: Literal["harm", "neglect"]) -> Floats:
    """P(event | a sender of segment s, in state z), (…, Z, S)."""
    fits(case, policy)
    chance = (case.harms if of == "harm" else case.neglects).chance
    signals = case.population.signals
    if policy.states:
        rows = [policy.answer[..., policy.states.index(state), :, :] for state in case.population.states]
        return np.stack([np.einsum("sk,...kr,sr->...s", signals, row, chance) for row in rows], -2)
    rates = (per_sender(case, policy, chance) * signals).sum(-1)
    return np.broadcast_to(rates[..., None, :], (*rates.shape[:-1], len(case.population.states), rates.shape[-1]))


def users_until(case: Case, policy: Policy, chance: float = 0.5, *, of: Literal["harm", "neglect"] = "harm") -> int:
    """The smallest number of senders among whom at least one event happens with this chance (at most 10^15)."""
    low, high = 0, 1
    while occurrences(case, policy, high, of=of).chance_of_any < chance:
        low, high = high, 2 * high
        if high > 10**15:
            raise ValueError(f"even among 10^15 senders the chance stays under {chance:g}")
    while high - low > 1:
        middle = (low + high) // 2
        enough = occurrences(case, policy, middle, of=of).chance_of_any >= chance
        low, high = (low, middle) if enough else (middle, high)
    return high
