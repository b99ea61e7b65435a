"""Compound distributions as their parts: how many users, the probability of each event, its severity; exact moments.

A user brings at most one event, of severity m with probability w[m]; S = Σ X_i over N independent users is compound binomial:

    E e^{−sS} = (1 + Σ_m w[m] ψ_m(s))^N      E S = N Σ w·E Y      Var S = N (Σ w·E Y² − (Σ w·E Y)²)
    P(S = 0) = (1 − Σ w)^N                   P(any event > x) = 1 − (1 − Σ w·P(Y > x))^N

A fixed composition has N_g users in each group g: sums over g of the same.  With a Poisson number of users E e^{−sS} =
exp(N Σ w ψ); a shared gamma shock of mean 1 and variance v makes the number of events negative binomial, E e^{−sS} =
(1 − v · N Σ w ψ)^{−1/v}.  Source: Klugman, Panjer & Willmot, *Loss Models*, ch. 6–9; Panjer & Willmot (1992), *Insurance Risk
Models*, for gamma mixing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import Bools, Floats, Ints, whole_numbers
from ..case import Case
from ..evaluate import fits
from ..policy import Policy
from ..population import Worlds
from ..severity import Pareto, Point, Severity, SeverityTable
from .transforms import log1p, log1p_rest

#: sd / mean of a severity under which the lumps of few events stand apart; and up to which its transform dies out soon.
NARROW, DYING = 0.2, 0.5


@dataclass(frozen=True, eq=False)
class Compound:
    """B compound distributions: weights (B, G, M) = P(event of severity m | a user of group g), users (B, G)."""

    severities: tuple[Severity, ...]
    weights: Floats
    users: Floats
    shock: float = 0.0
    """Variance of the shared gamma shock that multiplies the number of events; 0 for independent users."""
    counted: Literal["binomial", "poisson"] = "binomial"
    """How events are counted when there is no shock; with a shock the count is negative binomial."""

    def __len__(self) -> int:
        return len(self.weights)

    def take(self, rows: Ints | Bools | slice) -> Compound:
        """Some of the distributions."""
        return replace(self, weights=self.weights[rows], users=self.users[rows])

    def with_parts(self, severities: tuple[Severity, ...], weights: Floats) -> Compound:
        """The same users with other severities, weights (B, G, M)."""
        return replace(self, severities=severities, weights=weights)

    @property
    def poisson(self) -> bool:
        """Whether a user may bring several events: the count is Poisson, or a gamma mixture of Poissons."""
        return self.shock > 0 or self.counted == "poisson"

    @cached_property
    def rates(self) -> Floats:
        """Expected number of events of each severity, (B, M)."""
        return (self.users[..., None] * self.weights).sum(1)

    @cached_property
    def events(self) -> Floats:
        """Expected number of events N·q, (B,)."""
        return self.rates.sum(-1)

    @cached_property
    def dense(self) -> Bools:
        """Which severities have a density, (M,)."""
        return np.array([smooth(severity) for severity in self.severities], dtype=bool)

    @cached_property
    def smooth(self) -> Bools:
        """Whether every severity that can happen has a density, (B,)."""
        return np.logical_not((self.rates[:, ~self.dense] > 0).any(-1))

    @cached_property
    def least(self) -> Floats:
        """The smallest size of each severity, (M,), harm units."""
        return np.array([_least(severity) for severity in self.severities])

    @cached_property
    def edge(self) -> Floats:
        """The smallest size of an event that can happen, (B,), harm units."""
        return np.where(self.rates > 0, self.least, np.inf).min(-1)

    @cached_property
    def spreads(self) -> Floats:
        """sd / mean of each severity, (M,)."""
        return np.array([_spread(severity) for severity in self.severities])

    @cached_property
    def narrowest(self) -> Floats:
        """sd / mean of the narrowest severity that can happen, (B,); ∞ if none can."""
        return np.where(self.rates > 0, self.spreads, np.inf).min(-1)

    @cached_property
    def lumpy(self) -> Bools:
        """Whether severities are so narrow that events can be counted from the total, (B,).

        Then |Φ| comes back on a vertical line, to about exp(−2π² Σ rate · spread²).
        """
        slow = (self.spreads > DYING) | [isinstance(severity, Pareto) for severity in self.severities]
        dying = np.logical_not((self.rates[:, slow] > 0).any(-1))
        turned = self.rates @ np.minimum(self.spreads**2, 0.05)
        return (self.narrowest < NARROW) & (turned < np.where(dying, 2.0, 1.2))

    # --- moments ---

    def _means(self, name: str) -> Floats:
        """Σ_m rate · (mean or mean square) of a severity, (B,), infinite where somebody meets an infinite one."""
        values = np.array([getattr(severity, name) for severity in self.severities], dtype=float)
        finite = self.rates @ np.where(np.isfinite(values), values, 0.0)
        return np.where((self.rates[:, ~np.isfinite(values)] > 0).any(-1), np.inf, finite)

    @cached_property
    def mean(self) -> Floats:
        """E S, (B,), harm units."""
        return self._means("mean")

    @cached_property
    def variance(self) -> Floats:
        """Var S, (B,), harm units²."""
        squares = self._means("mean_square")
        if self.poisson:
            return np.where(np.isfinite(squares), squares + self.shock * self.centre**2, np.inf)
        return np.maximum(squares - (self.users * self._drift**2).sum(-1), 0.0)

    @cached_property
    def centre(self) -> Floats:
        """The part of the mean that is finite, (B,): where centred transforms are centred."""
        return (self.users * self._drift).sum(-1)

    @cached_property
    def _drift(self) -> Floats:
        """The finite part of the mean of what a user of each group brings, (B, G), harm units."""
        return self.weights @ np.array([sv.mean if np.isfinite(sv.mean) else 0.0 for sv in self.severities])

    @cached_property
    def log_none(self) -> Floats:
        """log P(S = 0), (B,)."""
        return self.log_silent(self.weights.sum(-1))

    def log_none_over(self, size: ArrayLike) -> Floats:
        """log P(no event is larger than `size`), (B,); size (B,) or one for all."""
        sizes = np.broadcast_to(np.asarray(size, dtype=float), (len(self),))
        above = np.stack([severity.above(sizes) for severity in self.severities], -1)
        return self.log_silent((self.weights * above[:, None, :]).sum(-1))

    def log_silent(self, chance: Floats) -> Floats:
        """log P(no user brings an event that has this probability (B, G) for one user)."""
        if self.poisson:
            expected = (self.users * chance).sum(-1)
            return -np.log1p(self.shock * expected) / self.shock if self.shock else -expected
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.users > 0, self.users * np.log1p(-np.minimum(chance, 1.0)), 0.0).sum(-1)

    # --- the transform ---

    def exponent(self, s: Any, parts: Sequence[Any], *, centred: bool) -> Any:
        """log E e^{−sS}, or log E e^{−s(S − centre)}, (B, K) at s (B, K), from M parts (B, K) = ψ or χ of each severity.

        Centred: N (log(1 + ψ) − ψ) + N Σ w·χ, which keeps its digits for N up to 10^12.  Real parts make a real exponent.
        """
        total = self._of_group(0, s, parts, centred=centred)
        for g in range(1, self.users.shape[1]):
            total += self._of_group(g, s, parts, centred=centred)
        if self.shock and centred:
            return total - log1p_rest(-self.shock * (total - s * self.centre[:, None])) / self.shock
        return -log1p(-self.shock * total) / self.shock if self.shock else total

    def _of_group(self, g: int, s: Any, parts: Sequence[Any], *, centred: bool) -> Any:
        weight = self.weights[:, g, :, None]
        mixed = weight[:, 0] * parts[0]
        for m in range(1, len(parts)):
            mixed += weight[:, m] * parts[m]
        if not self.poisson:
            mixed = mixed + log1p_rest(mixed - s * self._drift[:, g, None]) if centred else log1p(mixed)
        mixed *= self.users[:, g, None]
        return mixed

    # --- no event, or one ---

    def near_edge(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """P(S > x), the density and E (S − x)⁺ for x (B,) < 2 · edge: there S ≤ x takes no event, or a single one."""
        slope = (self._single_below(x * (1 + 1e-6)) - self._single_below(x * (1 - 1e-6))) / (2e-6 * x)
        short = self._single * np.stack([x - severity.limited_mean(x) for severity in self.severities], -1)  # E (x − Y)⁺
        excess = self.mean - x + x * np.exp(self.log_none) + short.sum(-1)
        return -np.expm1(self.log_none) - self._single_below(x), slope, excess

    def _single_below(self, x: Floats) -> Floats:
        """P(exactly one event, of size x (B,) at most), (B,)."""
        above = np.stack([severity.above(x) for severity in self.severities], -1)
        return (self._single * (1 - above)).sum(-1)

    @cached_property
    def _single(self) -> Floats:
        """P(exactly one event, and of severity m), (B, M)."""
        if self.poisson:
            grown = np.log1p(self.shock * self.events)
            return self.rates * np.exp(self.log_none - grown)[:, None]
        quiet = np.log1p(-np.minimum(self.weights.sum(-1), 1 - 1e-16))
        others = (self.users * quiet).sum(-1, keepdims=True) - quiet
        return (np.where(self.users > 0, self.users * np.exp(others), 0.0)[..., None] * self.weights).sum(1)


def smooth(severity: Severity) -> bool:
    """Whether a severity has a density: no single size has a probability of its own."""
    return not isinstance(severity, Point | SeverityTable)


def _spread(severity: Severity) -> float:
    """sd / mean."""
    return math.sqrt(max(severity.mean_square / severity.mean**2 - 1, 0.0)) if math.isfinite(severity.mean_square) else math.inf


def _least(severity: Severity) -> float:
    match severity:
        case Pareto():
            return severity.smallest
        case Point():
            return severity.value
        case SeverityTable():
            return min(level.value for level in severity.levels if level.chance > 0)
    return 0.0


# --- how many users ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Poisson:
    """A Poisson number of users, by its mean; events are then Poisson as well.  A ValueError unless 0 ≤ mean ≤ 10^15."""

    mean: float

    def __post_init__(self) -> None:
        if not 0 <= self.mean <= 1e15:
            raise ValueError(f"a Poisson number of users has a mean from 0 to 10^15, not {self.mean}")


@dataclass(frozen=True)
class NegativeBinomial:
    """A negative binomial number of users, by mean and variance; events are then negative binomial as well.

    A ValueError unless 0 < mean ≤ 10^15 and the variance is finite and larger than the mean.
    """

    mean: float
    variance: float

    def __post_init__(self) -> None:
        if not (0 < self.mean <= 1e15 and self.mean < self.variance < math.inf):
            raise ValueError(
                f"a negative binomial has a mean from 0 to 10^15 and a larger variance, not {self.mean} and {self.variance}; "
                "with the same variance it is Poisson"
            )

    @property
    def shock(self) -> float:
        """The variance of the gamma variable of mean 1 that multiplies a Poisson's mean, (variance − mean) / mean²."""
        return (self.variance - self.mean) / self.mean**2


# --- from a case ------------------------------------------------------------------------------------------------------


def compound_of(
    case: Case,
    policy: Policy,
    users: Floats,
    *,
    of: Literal["harm", "neglect", "loss"],
    mix: Literal["drawn", "fixed"],
    worlds: Worlds | None,
    shock: float,
    counted: Literal["binomial", "poisson"] = "binomial",
) -> tuple[Compound, tuple[int, ...]]:
    """The distributions for each number of users, world, policy and state; and the shape (…, Z) of that batch."""
    fits(case, policy)
    severities, chances = _kinds(case, of)
    population = case.population
    in_states = population.in_states[None] if worlds is None else worlds.in_states
    signals = population.signals[None] if worlds is None else worlds.signals
    states = [_segment_rates(case, policy.in_state(state), chances, signals) for state in population.states]
    rates = np.stack(states, 2)  # (n, P, Z, S, M)
    if mix == "fixed":
        counts = np.stack([whole_numbers(number * rows) for number in users.ravel() for rows in in_states])
        counts = counts.reshape(users.size, len(in_states), 1, *in_states.shape[1:])
    else:
        rates = (in_states[:, None, :, :, None] * rates).sum(-2, keepdims=True)
        counts = users.reshape(-1, 1, 1, 1, 1)
    full = (users.size, *rates.shape[:3])
    shape = (*users.shape, *(() if worlds is None else (len(worlds),)), *policy.batch, len(population.states))
    flat_rates = np.broadcast_to(rates, (*full, *rates.shape[3:])).reshape(-1, *rates.shape[3:])
    flat_counts = np.broadcast_to(counts, (*full, rates.shape[3])).reshape(-1, rates.shape[3])
    if (shock or counted == "poisson") and flat_counts.shape[1] > 1:  # then events of all groups are counted together
        number = np.maximum(flat_counts.sum(1, keepdims=True), 1.0)
        flat_rates, flat_counts = ((flat_counts[..., None] * flat_rates).sum(1) / number)[:, None], number
    return Compound(severities, flat_rates, flat_counts, shock, counted), shape


def _kinds(case: Case, of: str) -> tuple[tuple[Severity, ...], NDArray[np.float64]]:
    """The severities that can happen, and P(event of severity m | segment, response), (M, S, R)."""
    severities: list[Severity] = []
    chances: list[Floats] = []
    both = {"harm": case.harm_events, "neglect": case.neglect_events}
    for events in both.values() if of == "loss" else [both[of]]:
        for m in sorted({int(m) for m in events.severity[events.chance > 0]}) or [0]:
            severities.append(case.severities[m])
            chances.append(np.where(events.severity == m, events.chance, 0.0))
    return tuple(severities), np.stack(chances)


def _segment_rates(case: Case, policy: Policy, chances: Floats, signals: Floats) -> NDArray[np.float64]:
    """P(event of severity m | a sender of segment s), (n, P, S, M), for n worlds' signals (n, S, K) and P policies."""
    kinds, segments, responses = chances.shape
    table = chances.transpose(2, 1, 0).reshape(responses, -1)  # (R, S·M)
    met = (policy.answer.reshape(-1, responses) @ table).reshape(-1, signals.shape[-1], segments, kinds)
    if policy.after is not None and case.question is not None:
        told = (policy.after.reshape(-1, responses) @ table).reshape(*met.shape[:2], -1, segments, kinds)
        met = met + (told * case.question.reply.T[:, :, None]).sum(2)
    # Σ_k signals[n, s, k] · met[p, k, s, m], one matmul a segment.
    by_segment = [signals[:, s] @ met[:, :, s].transpose(1, 0, 2).reshape(met.shape[1], -1) for s in range(segments)]
    return np.stack([rows.reshape(len(signals), -1, kinds) for rows in by_segment], 2)
