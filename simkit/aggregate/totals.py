"""The exact distribution of the total harm of N users: mean, spread, quantiles, tails, shortfalls; from one user on.

Given the state that they share, users are independent draws from the population.  **Independence makes billions look safe**:
their total hardly varies.  What does not average out is what they share: `states` (a jailbreak spreads), a `shock` to how often
things go wrong, shares that nobody knows (`worlds`).  `distribution` says how.

Shapes: users (U…), worlds (n,) if given and policies (…) make the batch, in this order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import Bools, Floats
from ..case import Case
from ..policy import Policy
from ..population import Worlds
from ..text import number
from .cards import card, text
from .contours import LADDER
from .distribution import NARROW, NegativeBinomial, Poisson, compound_of
from .inversion import by_other_engine
from .lattice import bracket
from .moments import Checked, Disagreement, verify
from .quantiles import Mixtures
from .smoothed import Kinked, kinked, kinked_of

#: A tail below this, or below its own error, is reported as below the floor: quadratures round at about this probability.
FLOOR = 1e-14
#: An estimated error of a probability above which a path's number is not used; and the most that a tail is set to 0 for.
UNSERVED, SMALL = 1e-8, 1e-8
#: An excess over a size, as a part of it, that is lost in rounding: it is the difference of numbers as large as the size.
LOST = 1e-11
#: A relative error of a size above which nothing is returned.
COARSE = 1e-4
#: Up to so many expected events a bracket is a second opinion; and so many distributions that are not smooth are kept.
LATTICE_EVENTS, KEPT = 2000.0, 256


@dataclass(frozen=True, eq=False, repr=False)
class Total:
    """The distribution of the total of `users` senders under each policy; the batch is users, worlds, policies.

    Every method broadcasts its argument against the batch: for J sizes of each give x of shape (J, 1, …).
    """

    case: Case
    policy: Policy
    users: Floats
    of: str
    mixtures: Mixtures
    shape: tuple[int, ...]
    shock: float = 0.0
    world_axis: int | None = None

    # --- exact ---

    @cached_property
    def mean(self) -> Floats:
        """E S, harm units; infinite if a severity that can happen has no finite mean."""
        return self._shaped(self.mixtures.mixed(self.mixtures.compound.mean))

    @cached_property
    def variance(self) -> Floats:
        """Var S, harm units²: within states, and between their means."""
        compound, mixed = self.mixtures.compound, self.mixtures.mixed
        mean = self.mixtures.spread(mixed(compound.mean))
        with np.errstate(invalid="ignore"):
            apart = np.where(np.isfinite(mean), (compound.mean - mean) ** 2, np.inf)
        return self._shaped(mixed(compound.variance + apart))

    @property
    def sd(self) -> Floats:
        """Standard deviation of S, harm units."""
        return np.sqrt(self.variance)

    @cached_property
    def chance_of_none(self) -> Floats:
        """P(S = 0): nobody comes to harm."""
        return self._shaped(self.mixtures.none)

    def any_event_over(self, size: ArrayLike) -> Floats:
        """P(at least one single event is larger than `size`, harm units), exact."""
        return self._each(_sizes(size), self._any_over)

    def _any_over(self, x: Floats) -> Floats:
        return self.mixtures.mixed(-np.expm1(self.mixtures.compound.log_none_over(self.mixtures.spread(x)))) + 0.0  # no −0

    # --- by inversion ---

    def tail(self, size: ArrayLike) -> Floats:
        """P(S > size), size in harm units; 0 where it is lost in rounding (see `below_floor`)."""
        return self._each(_sizes(size), lambda x: self._read(x)[0])

    def below_floor(self, size: ArrayLike) -> Bools:
        """Where P(S > size) is too small to be told from 0, below about 1e-12: read it as "less than the floor"."""
        return self.tail(size) <= FLOOR

    def quantile(self, level: ArrayLike) -> Floats:
        """The smallest x with P(S ≤ x) ≥ level, harm units; at level 1 the largest possible total.

        A ValueError unless 0 ≤ level ≤ 1.
        """
        return self._each(_levels(level), lambda p: self._quantile(p)[0])

    def shortfall(self, level: ArrayLike) -> Floats:
        """Mean of the worst 1 − level of worlds, quantile + E (S − quantile)⁺ / (1 − level), harm units: coherent at atoms.

        Source: Rockafellar & Uryasev (2002), "Conditional value-at-risk for general loss distributions".
        """
        levels = np.broadcast_to(_levels(level), np.broadcast_shapes(np.shape(level), self.shape))
        size = self.quantile(levels)
        with np.errstate(divide="ignore", invalid="ignore"):
            beyond = self.excess(np.where(np.isfinite(size), size, 0.0)) / (1 - levels)
            found = np.where(levels < 1, size + beyond, size)
        return np.where(levels == 0, self.mean, np.where(np.isfinite(self.mean), found, np.inf))

    def excess(self, size: ArrayLike) -> Floats:
        """E (S − size)⁺, harm units: what an insurer of everything above `size` would pay on average."""
        return self._each(_sizes(size), self._excess)

    # --- evidence ---

    def check(self, level: float = 0.999) -> Checked:
        """The probability of exceeding the quantile at `level`, by two engines, with its error."""
        size, tail, error, engine, off = self._evidence(level)
        second, other = (self._shaped(column) for column in self._second(size.ravel(), engine.ravel()))
        return Checked(size, tail, error, engine, second, other, second - tail, off)

    def size_error(self, level: float) -> Floats:
        """A bound on the relative error of the quantile at `level`."""
        return self._evidence(level)[-1]

    @property
    def bound(self) -> Floats:
        """Relative error of the 99.9% quantile."""
        return self.size_error(0.999)

    @property
    def engine(self) -> NDArray[np.str_]:
        """The engine that computes each distribution at its 99.9% quantile: exact, contour, series or smoothed."""
        return self._evidence(0.999)[3]

    def _evidence(self, level: float) -> tuple[Any, ...]:
        """Quantile, its tail, the tail's error, the engine, and the size's relative error, of the batch's shape each."""
        size, off = self._quantile(np.full(len(self.mixtures), float(_levels(level))))
        tail, error, engine, density = self._read(size)
        with np.errstate(divide="ignore", invalid="ignore"):
            smooth = np.where((size > 0) & (error > 0) & (density > 0), error / (size * density), 0.0)
        return tuple(self._shaped(column) for column in (size, tail, error, engine, np.maximum(off, smooth)))

    def pooled(self, weights: ArrayLike | None = None) -> Total:
        """One world drawn from the `worlds` that were given (with weights (n,), else alike): shares as a shared uncertainty."""
        if self.world_axis is None:
            raise ValueError("only a total with worlds can be pooled: total(…, worlds=population.draw_worlds(…))")
        states, axis = len(self.mixtures.chance), self.world_axis
        count = self.shape[axis]
        weight = np.full(count, 1 / count) if weights is None else np.asarray(weights, dtype=float)
        if weight.shape != (count,) or not ((weight >= 0) & (weight < np.inf)).all() or not weight.sum() > 0:
            raise ValueError(f"weights are {count} numbers from 0 up, one for each world, not {weight}")
        index = np.moveaxis(np.arange(len(self.mixtures.compound)).reshape(*self.shape, states), axis, -2)
        chance = np.multiply.outer(weight / weight.sum(), self.mixtures.chance).ravel()
        mixtures = Mixtures(self.mixtures.compound.take(index.ravel()), chance)
        shape = (*self.shape[:axis], *self.shape[axis + 1 :])
        return replace(self, mixtures=mixtures, shape=shape, world_axis=None)

    # --- how ---

    def _shaped(self, values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(self.shape)

    def _each(self, argument: Floats, function: Callable[[Floats], Floats]) -> Floats:
        """function((B,)) for each slice of an argument that is broadcast against the batch."""
        lead = argument.shape[: max(argument.ndim - len(self.shape), 0)]
        shape = (*lead, *self.shape)
        try:
            argument = np.broadcast_to(argument, shape)
        except ValueError as error:
            message = f"an argument of shape {argument.shape} does not fit the batch {self.shape}: give it axes in front"
            raise ValueError(message) from error
        rows = np.broadcast_to(argument, shape).reshape(-1, len(self.mixtures))
        return np.stack([function(np.array(row)) for row in rows]).reshape(shape)

    @cached_property
    def _kinked(self) -> Bools:
        """Mixtures that are not smooth, (B,)."""
        return kinked(self.mixtures)

    @cached_property
    def _made(self) -> dict[int, Kinked]:
        return {}

    def _kinked_at(self, row: int) -> Kinked:
        """One mixture that no path resolves; kept, since what was computed of it serves the next question."""
        if row not in self._made:
            if len(self._made) >= KEPT:
                self._made.clear()
            self._made[row] = kinked_of(self.mixtures, row)
        return self._made[row]

    def _read(self, x: Floats) -> tuple[Floats, Floats, NDArray[np.str_], Floats]:
        """Tail, its error, the engine and the density at x (B,)."""
        tail, error, density = np.where(x < 0, 1.0, self.mixtures.some), np.zeros(len(x)), np.zeros(len(x))
        engine = np.full(len(x), "exact", dtype="<U8")
        tail[np.isposinf(x)] = 0.0
        asked = (x > 0) & np.isfinite(x) & (self.mixtures.some > 0)
        rows = np.flatnonzero(asked & ~self._kinked)
        left = np.flatnonzero(asked & self._kinked)
        if len(rows):
            part = self.mixtures.take(rows)
            reading = part.read(x[rows])
            found = reading.chances(part.spread(x[rows]))
            tail[rows], density[rows], error[rows] = (part.mixed(v) for v in (found.tail, found.density, reading.error))
            engine[rows] = np.array([rung.engine for rung in LADDER])[reading.rung.reshape(len(rows), -1).min(1)]
            plain = (part.spread(x[rows]) < 2 * part.compound.edge).reshape(len(rows), -1).all(1)
            engine[rows[plain]] = "exact"
            left = np.append(left, rows[~(error[rows] <= UNSERVED)])
        for row in left.tolist():
            one = self._kinked_at(row)
            tail[row], error[row] = one.tail(float(x[row]))
            engine[row] = "exact" if one.listed else "smoothed"
            self._trusted(0.0, tail[row])
        return np.where(tail <= np.maximum(FLOOR, np.minimum(error, SMALL)), 0.0, tail).clip(0.0, 1.0), error, engine, density

    def _trusted(self, off: float, chance: float) -> None:
        """Refuse sizes that are off by more than `COARSE`, and sums that are no probabilities."""
        if not (off <= COARSE and -1e-6 < chance < 1 + 1e-6):
            raise Disagreement(
                f"no engine resolves {self.policy.name} among {number(float(np.max(self.users)))} users: a size may be off by "
                f"{number(100 * off)}%, a probability comes out as {number(chance)}; ask for a level farther from 1, or for "
                "severities whose sizes differ by fewer orders of magnitude"
            )

    def _second(self, x: Floats, engine: NDArray[np.str_]) -> tuple[Floats, NDArray[np.str_]]:
        """The tails by another engine that does not share what the first one takes for granted, and its name, (B,)."""
        second, other = self._read(x)[0], np.full(len(x), "exact", dtype="<U8")
        inverted = (engine == "contour") | (engine == "series")
        compound = self.mixtures.compound
        wide = (compound.smooth & (compound.narrowest >= NARROW)).reshape(len(engine), -1).all(1)
        rows = np.flatnonzero(inverted & wide)  # there is nothing but densities, none of them narrow: smooth for certain
        if len(rows):
            part = self.mixtures.take(rows)
            seen, _ = by_other_engine(part.compound, part.spread(x[rows]), part.scales, part.read(x[rows]))
            second[rows] = part.mixed(seen)
            other[rows] = np.where(engine[rows] == "contour", "series", "contour")
        few = compound.events.reshape(len(engine), -1).max(1) <= LATTICE_EVENTS
        kinked_rows = self._kinked & (x > 0) & np.isfinite(x) & (self.mixtures.some > 0)
        for row in np.flatnonzero(kinked_rows | (inverted & ~wide) | np.isnan(second)).tolist():
            if few[row]:
                part = self.mixtures.take(np.array([row]))
                ends = bracket(part.compound, float(x[row])).tail(float(x[row]))
                second[row], other[row] = float(part.chance @ (ends[0] + ends[1])) / 2, "bracket"
            else:
                second[row], other[row] = kinked_of(self.mixtures, row, other=True).tail(float(x[row]))[0], "smoothed"
        return second, other

    def _quantile(self, level: Floats) -> tuple[Floats, Floats]:
        """Quantiles at level (B,), and bounds on the relative error of those that are not smooth."""
        answer, off, left = np.zeros(len(level)), np.zeros(len(level)), self._kinked.copy()
        rows = np.flatnonzero(~left)
        if len(rows):
            part = self.mixtures.take(rows)
            answer[rows], error = part.quantile(level[rows])
            left[rows[~(error <= UNSERVED)]] = True
        some = (level > self.mixtures.none * (1 + 1e-14)) & (level < 1) & (self.mixtures.some > 0)
        answer[left] = 0.0
        for row in np.flatnonzero(left & some).tolist():
            guess = float(self.mixtures.take(np.array([row])).start(level[row : row + 1])[0])
            answer[row], off[row] = self._kinked_at(row).quantile(float(level[row]), 1.2 * guess)
            self._trusted(off[row], 0.0)
        return np.where((level >= 1) & (self.mixtures.some > 0), self.mixtures.largest, answer), off

    def _excess(self, x: Floats) -> Floats:
        mean = self.mixtures.mixed(self.mixtures.compound.mean)
        found = np.where(np.isposinf(x), 0.0, mean - np.where(np.isposinf(x), 0.0, np.minimum(x, 0.0)))
        asked = (x > 0) & np.isfinite(x) & (self.mixtures.some > 0) & np.isfinite(mean)
        rows, left = np.flatnonzero(asked & ~self._kinked), np.flatnonzero(asked & self._kinked)
        if len(rows):
            part = self.mixtures.take(rows)
            reading = part.read(x[rows])
            found[rows] = part.mixed(reading.excess())
            left = np.append(left, rows[~(part.mixed(reading.error) <= UNSERVED)])
        for row in left.tolist():
            found[row] = mean[row] - x[row] + self._kinked_at(row).shortage(float(x[row]))
        found = np.where(found > LOST * np.abs(np.where(np.isfinite(x), x, 0.0)), found, 0.0)
        return np.where(np.isfinite(mean), found, np.where(np.isposinf(x), 0.0, np.inf))

    # --- words ---

    def __repr__(self) -> str:
        return text(self)

    def _repr_html_(self) -> str:
        return card(self)


def total(
    case: Case,
    policy: Policy,
    users: ArrayLike | Poisson | NegativeBinomial | None = None,
    *,
    of: Literal["harm", "neglect", "loss"] = "harm",
    mix: Literal["drawn", "fixed"] = "drawn",
    worlds: Worlds | None = None,
    shock: float = 0.0,
) -> Total:
    """The exact distribution of the total harm (neglect, or both as `loss`) of N users under a policy, or a batch of them.

    `users` are whole numbers from 0 to 10^15 (the case's, if none are given), an array for a batch; or their distribution,
    `aggregate.Poisson(mean)` or `aggregate.NegativeBinomial(mean, variance)`.  All users of a world share its
    state, drawn once.  `mix="fixed"` has N · share[s] users of each segment instead of N independent draws.  `worlds` (from
    `population.draw_worlds`) adds an axis of plausible shares.  `shock` is the variance of a gamma variable with mean 1 that
    multiplies the number of events of a whole world: the count is then negative binomial.

    A ValueError says which argument is out of range; a `Disagreement` that exact moments and transforms do not agree.
    """
    if of not in ("harm", "neglect", "loss") or mix not in ("drawn", "fixed") or not 0 <= shock <= 1e6:
        raise ValueError(f"of harm, neglect or loss, mix drawn or fixed, a shock ≥ 0 are needed, not {of!r}, {mix!r}, {shock}")
    counted: Literal["binomial", "poisson"] = "binomial"
    if isinstance(users, Poisson | NegativeBinomial):
        if shock or mix == "fixed":
            raise ValueError("a number of users that is itself random takes neither a shock nor a fixed mix")
        counted, shock = "poisson", users.shock if isinstance(users, NegativeBinomial) else 0.0
        counts = np.asarray(users.mean, dtype=float)
    else:
        counts = np.asarray(case.users if users is None else users, dtype=float)
        if not ((counts >= 0) & (counts <= 1e15) & (counts == np.floor(counts))).all():
            raise ValueError(f"users are whole numbers from 0 to 10^15, not {counts}")
    compound, shape = compound_of(case, policy, counts, of=of, mix=mix, worlds=worlds, shock=shock, counted=counted)
    verify(compound)
    axis = None if worlds is None else counts.ndim
    return Total(case, policy, counts, of, Mixtures(compound, case.population.state_chance), shape[:-1], shock, axis)


def _levels(level: ArrayLike) -> Floats:
    levels = np.asarray(level, dtype=float)
    if not ((levels >= 0) & (levels <= 1)).all():
        raise ValueError(f"a level is a probability from 0 to 1, not {levels}")
    return levels


def _sizes(size: ArrayLike) -> Floats:
    sizes = np.asarray(size, dtype=float)
    if np.isnan(sizes).any():
        raise ValueError(f"a size is a number of harm units, not {sizes}")
    return sizes
