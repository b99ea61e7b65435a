"""Who sends this message: segments, shares with intervals, signals, replies; posterior; draws of plausible worlds.

A population is a share for each of S segments and, for each segment, a probability for each of K signal combinations: what the
assistant can see.  Contexts and states multiply the odds of segments; Bayes does the rest.

    in_states[z, s] ∝ share[s] · multiply[z, s]           joint[s, k] = Σ_z chance[z] · in_states[z, s] · signal[s, k]
    posterior[k, s] = joint[s, k] / Σ_s joint[s, k]       risk[k] = Σ_{s harmful} posterior[k, s]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from .arguments import guard
from .arrays import Bools, Floats, checked, frozen, frozen_bools, real_numbers, settle, spread
from .text import place_of

#: `low` and `high` of a share bound the central 90% of belief; this is the 95% point of the standard normal.
NORMAL_95 = 1.6448536269514722


@dataclass(frozen=True, eq=False, kw_only=True)
class Population:
    """S segments that send one message, in Z states, as arrays.

    Shapes: harmful (S,), base_share, low, high (S,), base_signals (S, K), odds (S,), state_chance (Z,), multiply (Z, S).  Base
    shares and signals are the file's; `shares` and `signals` are in force after the context's odds, states and overlap.
    """

    segments: tuple[str, ...]
    harmful: Bools
    base_share: Floats
    low: Floats
    high: Floats
    base_signals: Floats
    signal_names: tuple[str, ...]
    overlap: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Value, low and high of the fraction of each segment that sends the signals of the other kind."""
    mix: Floats = field(default_factory=lambda: frozen([]))
    """The shares of the file, which weigh the segments of a kind where overlap mixes them, (S,); `base_share` if not given."""
    states: tuple[str, ...] = ("usual",)
    odds: Floats = field(default_factory=lambda: frozen([]))
    """What the context multiplies each base share by, (S,); 1 if not given."""
    state_chance: Floats = field(default_factory=lambda: frozen([1.0]))
    multiply: Floats = field(default_factory=lambda: frozen([]))
    """What each state multiplies each share by, (Z, S); 1 if not given."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What people call a segment, by its name; what is left out goes by its name."""

    def __post_init__(self) -> None:
        count, states, ones = {"segments": len(self.segments)}, {"states": len(self.states)}, np.ones((1, len(self.segments)))
        table = {**count, "signals": len(self.signal_names)}
        settle(
            self,
            base_share=checked("base_share", self.base_share, count, low=0, whole=True),
            low=checked("low", self.low, count, low=0, high=1),
            high=checked("high", self.high, count, low=0, high=1),
            harmful=frozen_bools(checked("harmful", self.harmful, count)),
            base_signals=checked("base_signals", self.base_signals, table, low=0, whole=True),
            mix=checked("mix", self.mix if len(self.mix) else self.base_share, count, low=0),
            odds=checked("odds", self.odds if len(self.odds) else ones[0], count, low=0),
            state_chance=checked("state_chance", self.state_chance, states, low=0, whole=True),
            multiply=checked("multiply", self.multiply if len(self.multiply) else ones, {**states, **count}, low=0),
        )
        checked("overlap", self.overlap, {"value, low, high": 3}, low=0, high=1)
        if not (self.low <= self.high).all():
            raise ValueError("the low end of a share lies above its high end")

    @cached_property
    def weights(self) -> Floats:
        """What context and state multiply each base share by, (Z, S)."""
        return frozen(self.odds * self.multiply)

    @cached_property
    def in_states(self) -> Floats:
        """Shares in each state, (Z, S)."""
        weights = self.base_share * self.weights
        totals = weights.sum(1, keepdims=True)
        if not (totals > 0).all():
            raise ValueError("a context or state multiplies every segment to zero: nobody is left to send the message")
        return frozen(weights / totals)

    @cached_property
    def shares(self) -> Floats:
        """Shares in force: the mixture over states, (S,)."""
        return frozen(self.state_chance @ self.in_states)

    @cached_property
    def other_kind(self) -> Floats:
        """The mean signal row of the senders of the other kind (harmful or not), (S, K); one's own row if there are none.

        Senders count as in the file (`mix`), so that means stay linear in a share that moves.
        """
        rows = self.base_signals.copy()
        for kind in (True, False):
            others = self.harmful != kind
            if self.mix[others].sum() > 0:
                rows[self.harmful == kind] = self.mix[others] @ self.base_signals[others] / self.mix[others].sum()
        return frozen(rows)

    @cached_property
    def signals(self) -> Floats:
        """P(signal k | segment s) in force: (1 − overlap) of a segment's own row and overlap of the other kind's, (S, K)."""
        return frozen((1 - self.overlap[0]) * self.base_signals + self.overlap[0] * self.other_kind)

    @cached_property
    def joint(self) -> Floats:
        """P(segment s and signal k), (S, K); adds up to 1."""
        return frozen(self.shares[:, None] * self.signals)

    @cached_property
    def signal_chance(self) -> Floats:
        """P(signal k), (K,)."""
        return frozen(self.joint.sum(0))

    @cached_property
    def posterior(self) -> Floats:
        """P(segment s | signal k), (K, S).  A signal that nobody sends tells nothing: its row is `shares`."""
        probability = self.signal_chance[:, None]
        rows = np.divide(self.joint.T, probability, out=np.tile(self.shares, (len(probability), 1)), where=probability > 0)
        return frozen(rows)

    @cached_property
    def risk(self) -> Floats:
        """P(harmful | signal k), (K,): exactly 0 or 1 where only one kind sends it."""
        harmful, harmless = self.posterior[:, self.harmful].sum(1), self.posterior[:, ~self.harmful].sum(1)
        return frozen(harmful / (harmful + harmless))

    def __repr__(self) -> str:
        parts = ", ".join(f"{name} {share:.3g}" for name, share in zip(self.segments, self.shares, strict=True))
        return f"<Population: {parts}; {len(self.signal_names)} signals>"


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """A clarifying question: cost (S,) in help units; reply (S, J) = P(reply j | segment s)."""

    asks: str
    replies: tuple[str, ...]
    cost: Floats
    reply: Floats
    learned_reply: Floats
    """What each segment would reply once it had learned which reply helps it, (S, J)."""

    def __post_init__(self) -> None:
        segments = {"segments": len(self.cost)}
        settle(self, cost=checked("cost", self.cost, segments, low=0))
        for name in ("reply", "learned_reply"):
            what, shape = f"{name} (the replies of each segment)", {**segments, "replies": len(self.replies)}
            settle(self, **{name: checked(what, getattr(self, name), shape, low=0, whole=True)})


def plain_population(
    share: ArrayLike, signal: ArrayLike, harmful: ArrayLike, interval: tuple[ArrayLike, ArrayLike]
) -> Population:
    """Numbered segments and signals: share (S,), signal (S, K), harmful (S,) or one for all, low and high of the shares."""
    rows, segments = np.atleast_2d(np.asarray(signal, dtype=float)), len(np.atleast_1d(share))
    return Population(
        segments=tuple(f"segment-{s}" for s in range(segments)),
        harmful=frozen_bools(spread("harmful", harmful, {"segments": segments})),
        base_share=checked("share", share, {"segments": segments}, low=0, whole=True),
        low=checked("low", interval[0], {"segments": segments}, low=0, high=1),
        high=checked("high", interval[1], {"segments": segments}, low=0, high=1),
        base_signals=checked("signal", rows, {"segments": segments, "signals": rows.shape[1]}, low=0, whole=True),
        signal_names=tuple(f"signal-{k}" for k in range(rows.shape[1])),
    )


def plain_question(reply: ArrayLike, cost: ArrayLike, segments: int) -> Question:
    """Numbered replies: reply (S, J), and the cost (S,) or one for all."""
    rows = frozen(np.atleast_2d(np.asarray(reply, dtype=float)))
    replies = tuple(f"reply-{j}" for j in range(rows.shape[1]))
    costs = spread("cost", cost, {"segments": segments})
    return Question(asks="a question", replies=replies, cost=costs, reply=rows, learned_reply=rows)


def mixed(population: Population) -> Population:
    """The same people in one state, in which shares and their intervals are the mean over context and states."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(population.base_share > 0, population.shares / population.base_share, 1.0)
    moved = _moved(population, population.shares, population.low * scale, population.high * scale)
    return replace(moved, states=("mixed",), state_chance=frozen([1.0]), odds=frozen([]), multiply=frozen([]))


def _moved(population: Population, share: Floats, low: Floats, high: Floats) -> Population:
    return replace(population, base_share=share, low=low, high=np.minimum(high, 1))


def with_shares(population: Population, shares: Mapping[str, float]) -> Population:
    """The population with some base shares set and the others scaled to fill the rest; intervals move along.

    Base shares are the file's own, before a context or a state reweighs them.
    """
    for share in shares.values():
        if not 0 <= share <= 1:
            raise ValueError(f"a share is a number from 0 to 1, not {share:g}")
    fixed = [place_of(name, population.segments, "segment") for name in shares]
    free = np.setdiff1d(np.arange(len(population.base_share)), fixed)
    moved, rest, held = population.base_share.copy(), 1 - sum(shares.values()), population.base_share[free].sum()
    moved[fixed] = list(shares.values())
    if rest < -1e-9 or (rest > 1e-9 and held == 0):
        raise ValueError(f"the shares add up to {moved[fixed].sum():g}; nobody is left to make it 1")
    moved[free] *= max(rest, 0.0) / held if held > 0 else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(population.base_share > 0, moved / population.base_share, rest / held if held > 0 else 0.0)
    raised = (population.base_share == 0) & (moved > 0)
    low, high = (np.where(raised, moved, end * scale) for end in (population.low, population.high))
    return _moved(population, moved, low, high)


def with_overlap(population: Population, overlap: float) -> Population:
    """The population in which a fraction `overlap` of each segment sends the signals of the other kind.

    Its interval moves along: the ratios of low and high to the value stay.
    """
    if not 0 <= overlap <= 1:
        raise ValueError(f"an overlap is a number from 0 to 1, not {overlap:g}")
    value, low, high = population.overlap
    scale = overlap / value if value > 0 else 0.0
    interval = (overlap, low * scale, min(high * scale, 1.0)) if value > 0 else (overlap,) * 3
    return replace(population, overlap=interval)


# --- plausible worlds -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Worlds:
    """n plausible populations: shares (n, S), overlap (n,), and joint (n, S, K) = P(segment and signal) in each.

    Shares in each state are in_states (n, Z, S); P(signal | segment) is signals (n, S, K).
    """

    shares: Floats
    overlap: Floats
    joint: Floats
    in_states: Floats
    signals: Floats

    def __len__(self) -> int:
        return len(self.shares)


def draw_interval(value: ArrayLike, low: ArrayLike, high: ArrayLike, *, rng: np.random.Generator, size: int) -> Floats:
    """Two-piece log-normal draws whose median is `value` and whose 5% and 95% points are `low` and `high`; (size, …).

    A value of 0 stays 0.  A Dirichlet would put a one-in-a-million share at zero; log-normal weights do not.
    """
    given = {name: real_numbers(name, x) for name, x in (("value", value), ("low", low), ("high", high))}
    for name, ends in given.items():
        if not ((ends >= 0) & np.isfinite(ends)).all():
            raise ValueError(f"{name} of an interval is finite and never negative, not {ends}")
    value, low, high = np.broadcast_arrays(*given.values())
    z = rng.standard_normal((size, *value.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = np.log(value / low) / NORMAL_95, np.log(high / value) / NORMAL_95
        drawn = value * np.exp(np.where(z < 0, below, above) * z)
    return np.where(value > 0, drawn, 0.0)


def draw_worlds(population: Population, rng: np.random.Generator, count: int, *, concentration: float | None = None) -> Worlds:
    """Draw `count` plausible worlds: shares from their intervals (or a Dirichlet with this concentration), and overlap.

    Drawn base shares are renormalised, then reweighed by context and states as the file says.
    """
    if concentration is not None and not 0 < concentration < np.inf:
        raise ValueError(f"a concentration is positive and finite, not {concentration:g}")
    if concentration is None:
        base = draw_interval(population.base_share, population.low, population.high, rng=rng, size=count)
    else:
        base = rng.dirichlet(concentration * np.maximum(population.base_share, 1e-300), count)
    overlap = np.minimum(draw_interval(*population.overlap, rng=rng, size=count), 1.0)
    return worlds_from(population, base, overlap)


def worlds_from(population: Population, share: Floats, overlap: ArrayLike | None = None) -> Worlds:
    """The worlds that given base shares (n, S) and overlaps (n,) make, in the population's context and states."""
    in_states, shares = states_from(population, share), shares_from(population, share)
    mixed = spread("overlap", population.overlap[0] if overlap is None else overlap, {"worlds": len(shares)}, high=1.0)
    signals = population.base_signals + mixed[:, None, None] * (population.other_kind - population.base_signals)
    joint = shares[:, :, None] * signals
    return Worlds(frozen(shares), frozen(mixed), frozen(joint), frozen(in_states), frozen(signals))


def states_from(population: Population, share: Floats) -> Floats:
    """Shares in each state (n, Z, S) that base shares (n, S) make in the population's context."""
    rows = real_numbers("share", share)
    if rows.ndim != 2 or rows.shape[1] != len(population.segments):
        raise ValueError(f"share has shape {rows.shape}; (worlds, segments) = (n, {len(population.segments)}) is needed")
    weights = rows[:, None, :] * population.weights
    return weights / weights.sum(2, keepdims=True)


def shares_from(population: Population, share: Floats) -> Floats:
    """Shares in force (n, S) that base shares (n, S) make in the population's context and states."""
    return np.einsum("z,nzs->ns", population.state_chance, states_from(population, share))


guard(__name__)
