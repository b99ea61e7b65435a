"""How many events a crowd of N senders brings: exact mean, variance and probability of at least one.

Senders of one run share its state.  Source: Binomial and Poisson-binomial counts, and total variance (Klugman,
Panjer & Willmot, *Loss Models*, ch. 6 and 9).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .arguments import guard
from .arrays import Floats, Ints, weigh, whole_numbers
from .case import Case
from .evaluate import fits, per_sender
from .policy import Policy


@dataclass(frozen=True, eq=False)
class EventCounts:
    """How often an event happens among `users` senders: mean and variance of the count, probability of at least one; (…,)."""

    users: float
    mean: Floats
    variance: Floats
    chance_of_any: Floats


def count_events(
    case: Case,
    policy: Policy,
    users: float | None = None,
    *,
    of: Literal["harm", "neglect"] = "harm",
    mix: Literal["drawn", "fixed"] = "drawn",
) -> EventCounts:
    """The exact count of events among N senders who share a state.

    `drawn` senders are independent draws from the population (binomial).  `fixed` is a crowd of N · share[s] senders from
    each segment, in whole numbers (Poisson-binomial): the same mean, a smaller variance, a larger probability of at least one.
    `users` are the case's, if none are given.  A ValueError if there are fewer than none, or `of` or `mix` is another word.
    """
    users = float(case.users if users is None else users)
    if not 0 <= users < np.inf:
        raise ValueError(f"users ≥ 0 are needed, a finite number of them, not {users:g}")
    probability = case.population.state_chance
    rates, counts = _event_rates(case, policy, of), users * case.population.in_states
    rate = (rates * case.population.in_states).sum(-1)
    if mix == "drawn":
        mean, variance = users * rate, users * rate * (1 - rate)
        silent = _log_none(users, rate)
    else:
        crowd = whole_numbers(counts)
        mean, variance = (crowd * rates).sum(-1), (crowd * rates * (1 - rates)).sum(-1)
        silent = _log_none(crowd, rates).sum(-1)
    total = weigh(probability, mean, axis=-1)
    return EventCounts(
        users=users,
        mean=total,
        variance=weigh(probability, variance + (mean - total[..., None]) ** 2, axis=-1),
        chance_of_any=np.maximum(-weigh(probability, np.expm1(silent), axis=-1), 0.0),
    )


def _log_none(counts: Floats | float, rates: Floats) -> Floats:
    """log (1 − rate)^count, in which 0 senders bring nothing even at a rate of 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(counts) > 0, counts * np.log1p(-rates), 0.0)


def _event_rates(case: Case, policy: Policy, of: str, *, above: float | None = None) -> Floats:
    """P(event, larger than `above` if given | a sender of segment s, in state z), (…, Z, S)."""
    fits(case, policy)
    events = case.harm_events if of == "harm" else case.neglect_events
    probability = events.chance
    if above is not None:  # the last place is that of no event
        probability = probability * np.array([*(severity.above(above) for severity in case.severities), 0.0])[events.severity]
    states = [policy.in_state(state) for state in case.population.states]
    return np.stack([(per_sender(case, one, probability) * case.population.signals).sum(-1) for one in states], -2)


def users_until(case: Case, policy: Policy, chance: float = 0.5, *, of: Literal["harm", "neglect"] = "harm") -> Ints:
    """The smallest number of senders, (…,), among whom at least one event happens with this probability (at most 10^15)."""
    if not 0 < chance < 1:
        raise ValueError(f"chance is a probability between 0 and 1, not {chance:g}")
    if policy.batch:
        return np.array([users_until(case, one, chance, of=of) for one in policy])
    numbers = range(10**15 + 1)
    enough = bisect_left(numbers, chance, key=lambda users: float(count_events(case, policy, users, of=of).chance_of_any))
    if enough == len(numbers):
        raise ValueError(f"even among 10^15 senders the probability stays under {chance:g}")
    return np.asarray(enough)[()]


# --- the two front pages ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FrontPages:
    """The dual newspaper test among `users` senders, (…,): would a reporter on harmful, or on paternalistic, AI find a story?

    Probabilities that at least one harm, at least one neglect, both, or either is larger than the front-page size.
    """

    users: Floats
    harm: Floats
    neglect: Floats
    both: Floats
    either: Floats


def front_pages(
    case: Case, policy: Policy, users: ArrayLike | None = None, *, harm: float, neglect: float, shock: float = 0.0
) -> FrontPages:
    """The probability of each front page; an event makes it if it is larger than `harm` or `neglect`, in harm units.

    `users` may be an array (U,): the result is then (U, …).  Exact: P(none) = (1 − p)^N, mixed over the states that all
    senders share.  `shock` is the variance of a gamma variable with mean 1 that multiplies how often things go wrong in a whole
    run, as in `total`.  The test is that of Anthropic's constitution (January 2026).  A ValueError if a size, a number
    or the shock is negative.
    """
    counts = np.asarray(case.users if users is None else users, dtype=float)
    if not (harm >= 0 and neglect >= 0 and 0 <= shock < np.inf and (counts >= 0).all()):
        raise ValueError("sizes (harm, neglect), numbers of users and a shock are never negative, and a shock is finite")
    sizes = {"harm": harm, "neglect": neglect}
    shares = case.population.in_states
    a, b = ((_event_rates(case, policy, of, above=size) * shares).sum(-1) for of, size in sizes.items())
    many = counts.reshape(*counts.shape, *(1,) * a.ndim)
    probability = case.population.state_chance
    silent = [_log_none(many, rate) for rate in (a, b, a + b)]
    if shock:  # log E exp(−G·x) of a gamma G
        silent = [-np.log1p(-shock * log) / shock for log in silent]
    found_a, found_b, either = (np.maximum(-weigh(probability, np.expm1(log), axis=-1), 0.0) for log in silent)
    # P(both) = P(a)·P(b) + P(neither) − P(no a)·P(no b): the last two differ little, and are subtracted as logarithms.
    apart = silent[0] + silent[1]
    with np.errstate(invalid="ignore"):
        linked = np.where(np.isfinite(apart), np.exp(apart) * np.expm1(np.where(np.isfinite(apart), silent[2] - apart, 0)), 0)
    both = np.maximum(weigh(probability, np.expm1(silent[0]) * np.expm1(silent[1]) + linked, axis=-1), 0.0)
    both = np.where(many[..., 0] > 1, both, 0.0)  # one sender brings at most one event
    return FrontPages(counts, found_a, found_b, both, either)


guard(__name__)
