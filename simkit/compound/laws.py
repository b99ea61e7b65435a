"""The law of a total as its parts: how many users, the chance of each event, its severity; exact moments and exact chances.

A user brings at most one event, of severity m with chance w[m], so S = Σ X_i over N independent users is compound binomial:

    E e^{−sS} = (1 + Σ_m w[m] ψ_m(s))^N      E S = N Σ w·E Y      Var S = N (Σ w·E Y² − (Σ w·E Y)²)
    P(S = 0) = (1 − Σ w)^N                   P(any event > x) = 1 − (1 − Σ w·P(Y > x))^N

A fixed composition has N_g users in each group g: sums over g of the same.  A shared gamma shock of mean 1 and variance v makes
the number of events negative binomial: E e^{−sS} = (1 − v · N Σ w ψ)^{−1/v}.  Source: Klugman, Panjer & Willmot, *Loss
Models*, ch. 6–9; Panjer & Willmot (1992), *Insurance Risk Models*, for gamma mixing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
from .paths import Line, Path, on_path
from .transforms import Complexes, log1p, log1p_rest, smooth

#: sd / mean of a severity under which the lumps of few events stand apart; and up to which its transform dies out soon.
NARROW, DYING = 0.2, 0.5


@dataclass(frozen=True, eq=False)
class Laws:
    """B laws of a total: weights (B, G, M) = P(event of severity m | a user of group g), users (B, G)."""

    severities: tuple[Severity, ...]
    weights: Floats
    users: Floats
    shock: float = 0.0
    """Variance of the shared gamma shock that multiplies the number of events; 0 for independent users."""

    def __len__(self) -> int:
        return len(self.weights)

    def take(self, rows: Ints | Bools | slice) -> Laws:
        """Some of the laws."""
        return Laws(self.severities, self.weights[rows], self.users[rows], self.shock)

    @cached_property
    def rates(self) -> Floats:
        """Expected number of events of each severity, (B, M)."""
        return (self.users[..., None] * self.weights).sum(1)

    @cached_property
    def events(self) -> Floats:
        """Expected number of events N·q, (B,)."""
        return self.rates.sum(-1)

    @cached_property
    def smooth(self) -> Bools:
        """Whether every severity that can happen has a density, (B,)."""
        atoms = np.array([not smooth(severity) for severity in self.severities], dtype=bool)
        return np.logical_not((self.rates[:, atoms] > 0).any(-1))

    @property
    def least(self) -> list[float]:
        """The smallest size of each severity, (M,), harm units."""
        return [_least(severity) for severity in self.severities]

    @cached_property
    def edge(self) -> Floats:
        """The smallest size of an event that can happen, (B,), harm units."""
        return np.where(self.rates > 0, np.array(self.least), np.inf).min(-1)

    @cached_property
    def single(self) -> Floats:
        """P(exactly one event, and of severity m), (B, M)."""
        if self.shock:
            return self.rates * np.exp(-(1 / self.shock + 1) * np.log1p(self.shock * self.events))[:, None]
        quiet = np.log1p(-np.minimum(self.weights.sum(-1), 1 - 1e-16))
        others = (self.users * quiet).sum(-1, keepdims=True) - quiet
        return (np.where(self.users > 0, self.users * np.exp(others), 0.0)[..., None] * self.weights).sum(1)

    def _single_below(self, x: Floats) -> Floats:
        """P(exactly one event, of size x (B,) at most), (B,)."""
        above = np.stack([severity.above(x) for severity in self.severities], -1)
        return (self.single * (1 - above)).sum(-1)

    def near_edge(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        """P(S > x), the density and E (S − x)⁺ for x (B,) < 2 · edge: there S ≤ x takes no event, or a single one."""
        points, weights = np.polynomial.legendre.leggauss(32)
        start = np.minimum(self.edge, x)
        below = np.zeros(len(x))
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            below += weight * (x - start) * self._single_below(start + (x - start) * point)
        slope = (self._single_below(x * (1 + 1e-6)) - self._single_below(x * (1 - 1e-6))) / (2e-6 * x)
        none = np.exp(self.log_none)
        return -np.expm1(self.log_none) - self._single_below(x), slope, self.mean - x + x * none + below

    @property
    def lattice(self) -> bool:
        """Whether no severity has a density."""
        return not any(smooth(severity) for severity in self.severities)

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
        turned = self.rates @ np.minimum(self.spreads**2, 0.05)
        return self.smooth & (self.narrowest < NARROW) & (turned < np.where(self.dying, 2.0, 1.2))

    @cached_property
    def dying(self) -> Bools:
        """Whether all transforms die out soon on a vertical line, (B,); a Pareto's does not: it begins with a step."""
        slow = (self.spreads > DYING) | [isinstance(severity, Pareto) for severity in self.severities]
        return np.logical_not((self.rates[:, slow] > 0).any(-1))

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
        values = np.array([severity.mean for severity in self.severities])
        one = self.weights @ np.where(np.isfinite(values), values, 0.0)
        squares = self._means("mean_square")
        if self.shock:
            return np.where(
                np.isfinite(squares), squares + self.shock * np.where(np.isfinite(squares), self.mean, 0.0) ** 2, np.inf
            )
        return np.maximum(squares - (self.users * one**2).sum(-1), 0.0)

    @cached_property
    def log_none(self) -> Floats:
        """log P(S = 0), (B,)."""
        return self._log_survive(self.weights.sum(-1))

    def log_none_over(self, size: ArrayLike) -> Floats:
        """log P(no event is larger than `size`), (B,); size (B,) or one for all."""
        sizes = np.broadcast_to(np.asarray(size, dtype=float), (len(self),))
        above = np.stack([severity.above(sizes) for severity in self.severities], -1)
        return self._log_survive((self.weights * above[:, None, :]).sum(-1))

    def _log_survive(self, chance: Floats) -> Floats:
        """log P(no user brings an event that has this chance (B, G) for one user)."""
        if self.shock:
            return -np.log1p(self.shock * (self.users * chance).sum(-1)) / self.shock
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.users > 0, self.users * np.log1p(-np.minimum(chance, 1.0)), 0.0).sum(-1)

    @cached_property
    def centre(self) -> Floats:
        """The part of the mean that is finite, (B,): where centred transforms are centred."""
        values = np.array([severity.mean for severity in self.severities])
        return self.rates @ np.where(np.isfinite(values), values, 0.0)

    def transforms(self, path: Path | Line, index: Ints, *, centred: bool) -> list[Complexes]:
        """ψ, or χ if `centred`, of each severity at s = crossing[index] · nodes of the path: M arrays (len(index), K)."""
        return [on_path(severity, path, index, centred=centred) for severity in self.severities]

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
        if not self.shock:
            if centred:
                mixed += log1p_rest(mixed - s * self._drift[:, g, None])
            else:
                mixed = log1p(mixed)
        mixed *= self.users[:, g, None]
        return mixed

    @cached_property
    def _drift(self) -> Floats:
        """The finite part of the mean of what a user of each group brings, (B, G), harm units."""
        return self.weights @ np.array([sv.mean if np.isfinite(sv.mean) else 0.0 for sv in self.severities])


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


# --- from a case ------------------------------------------------------------------------------------------------------


def laws_of(
    case: Case,
    policy: Policy,
    users: Floats,
    *,
    of: Literal["harm", "neglect"],
    mix: Literal["drawn", "fixed"],
    worlds: Worlds | None,
    shock: float,
) -> tuple[Laws, tuple[int, ...]]:
    """The laws of a case for each number of users, world, policy and state; and the shape (…, Z) of that batch."""
    fits(case, policy)
    events = case.harm_events if of == "harm" else case.neglect_events
    used = sorted({int(m) for m in events.severity[events.chance > 0]}) or [0]
    chances = np.stack([np.where(events.severity == m, events.chance, 0.0) for m in used])
    population = case.population
    in_states = population.in_states[None] if worlds is None else worlds.in_states
    signals = population.signals[None] if worlds is None else worlds.signals
    lead = (users.shape, () if worlds is None else (len(worlds),), policy.batch)
    states = [_segment_rates(case, policy.in_state(state), chances, signals) for state in population.states]
    rates = np.stack(states, 2)  # (n, P, Z, S, M)
    shares = in_states[:, None, :, :, None]  # (n, 1, Z, S, 1)
    if mix == "fixed":
        counts = np.stack([whole_numbers(number * rows) for number in users.ravel() for rows in in_states])
        counts = counts.reshape(users.size, len(in_states), 1, *in_states.shape[1:])
    else:
        rates = (shares * rates).sum(-2, keepdims=True)
        counts = users.reshape(-1, 1, 1, 1, 1)
    full = (users.size, *rates.shape[:3])
    shape = (*lead[0], *lead[1], *lead[2], len(population.states))
    flat_rates = np.broadcast_to(rates, (*full, *rates.shape[3:])).reshape(-1, *rates.shape[3:])
    flat_counts = np.broadcast_to(counts, (*full, rates.shape[3])).reshape(-1, rates.shape[3])
    return Laws(tuple(case.severities[m] for m in used), flat_rates, flat_counts, shock), shape


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
