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

__all__ = ["Occurrences", "occurrences", "users_until"]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__


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
    users: float | None = None,
    *,
    of: Literal["harm", "neglect"] = "harm",
    mix: Literal["drawn", "fixed"] = "drawn",
) -> Occurrences:
    """The exact count of events among N senders who share a state.

    `drawn` senders are independent draws from the population (binomial).  `fixed` is a crowd of N · share[s] senders from
    each segment, in whole numbers (Poisson-binomial): the same mean, a smaller variance, a larger chance of at least one.
    `users` are the case's, if none are given.  A ValueError if there are fewer than none, or `of` or `mix` is another word.
    """
    users = float(case.users if users is None else users)
    if not users >= 0 or of not in ("harm", "neglect") or mix not in ("drawn", "fixed"):
        raise ValueError(f"users ≥ 0, of harm or neglect, mix drawn or fixed are needed, not {users:g}, {of!r}, {mix!r}")
    chance = case.population.state_chance
    rates, counts = _event_rates(case, policy, of), users * case.population.in_states
    rate = (rates * case.population.in_states).sum(-1)
    if mix == "drawn":
        mean, variance = users * rate, users * rate * (1 - rate)
        silent = _log_none(users, rate)
    else:
        crowd = whole(counts)
        mean, variance = (crowd * rates).sum(-1), (crowd * rates * (1 - rates)).sum(-1)
        silent = _log_none(crowd, rates).sum(-1)
    total = mean @ chance
    return Occurrences(
        users=users,
        mean=total,
        variance=variance @ chance + ((mean - total[..., None]) ** 2) @ chance,
        chance_of_any=np.maximum(-(np.expm1(silent) @ chance), 0.0),
    )


def whole(counts: Floats) -> Floats:
    """Counts (Z, S) as whole senders with the same total in each state: the largest rests are rounded up."""
    crowd = np.floor(counts + 1e-9)
    for state, (row, exact) in enumerate(zip(crowd, counts, strict=True)):
        missing = round(float(exact.sum() - row.sum()))
        crowd[state, np.argsort(row - exact, kind="stable")[:missing]] += 1
    return crowd


def _log_none(counts: Floats | float, rates: Floats) -> Floats:
    """log (1 − rate)^count, in which 0 senders bring nothing even at a rate of 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(counts) > 0, counts * np.log1p(-rates), 0.0)


def _event_rates(case: Case, policy: Policy, of: Literal["harm", "neglect"]) -> Floats:
    """P(event | a sender of segment s, in state z), (…, Z, S)."""
    fits(case, policy)
    chance = (case.harms if of == "harm" else case.neglects).chance
    states = [policy.in_state(state) for state in case.population.states]
    return np.stack([(per_sender(case, one, chance) * case.population.signals).sum(-1) for one in states], -2)


def users_until(case: Case, policy: Policy, chance: float = 0.5, *, of: Literal["harm", "neglect"] = "harm") -> int:
    """The smallest number of senders among whom at least one event happens with this chance (at most 10^15)."""
    if policy.batch or not 0 < chance < 1:
        raise ValueError("users_until takes one policy and a chance between 0 and 1")
    low, high = 0, 1
    while occurrences(case, policy, high, of=of).chance_of_any < chance:
        if high == 10**15:
            raise ValueError(f"even among 10^15 senders the chance stays under {chance:g}")
        low, high = high, min(2 * high, 10**15)
    while high - low > 1:
        middle = (low + high) // 2
        enough = occurrences(case, policy, middle, of=of).chance_of_any >= chance
        low, high = (low, middle) if enough else (middle, high)
    return high
