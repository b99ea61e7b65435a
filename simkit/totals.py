"""The exact law of the total harm of N users: mean, spread, quantiles, tails, shortfalls; one to 10^12 users, in milliseconds.

Given the state that they share, users are independent draws from the population.  **Independence makes billions look safe**:
their total hardly varies.  What does not average out is what they share: `states` (a jailbreak spreads), a `shock` to how often
things go wrong, shares that nobody knows (`worlds`).  `compound` says how.

Shapes: users (U…), worlds (n,) if given and policies (…) make the batch, in this order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import Bools, Floats, Ints
from .case import Case
from .compound.inversion import witness
from .compound.joined import joinable
from .compound.lattice import bracket
from .compound.laws import laws_of
from .compound.paths import LADDER
from .compound.quantiles import Mixtures
from .compound.stepping import LATTICE_EVENTS, excess_on_lattice, in_steps, quantiles_on_lattice, stepping, tails_on_lattice
from .compound.verified import Checked, Curve, Disagreement, verify
from .policy import Policy
from .population import Worlds
from .text import html_lines, html_table, number, people, percent, text_table

#: A tail below this, or below its own estimated error, is reported as below the floor: quadratures round at about this chance.
FLOOR = 1e-14
#: An estimated error of a chance above which an engine's number is not used.
UNSERVED = 1e-8
#: Estimated errors that a `Disagreement` is raised for: more than the first, and more than the second times the chance.
ROUGH, ROUGHLY = 1e-7, 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class Total:
    """The law of the total of `users` senders under each policy; the batch is users, worlds, policies.

    Every method broadcasts its argument against the batch: for J sizes of each law give x of shape (J, 1, …).
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
        return self._shaped(self.mixtures.mixed(self.mixtures.laws.mean))

    @cached_property
    def variance(self) -> Floats:
        """Var S, harm units²: within states, and between their means."""
        laws, mixed = self.mixtures.laws, self.mixtures.mixed
        mean = self.mixtures.spread(mixed(laws.mean))
        with np.errstate(invalid="ignore"):
            apart = np.where(np.isfinite(mean), (laws.mean - mean) ** 2, np.inf)
        return self._shaped(mixed(laws.variance + apart))

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
        return self._each(np.asarray(size, dtype=float), self._any_over)

    def _any_over(self, x: Floats) -> Floats:
        return self.mixtures.mixed(-np.expm1(self.mixtures.laws.log_none_over(self.mixtures.spread(x))))

    # --- by inversion ---

    def tail(self, size: ArrayLike) -> Floats:
        """P(S > size), size in harm units; 0 where it is lost in rounding (see `below_floor`)."""
        return self._each(np.asarray(size, dtype=float), lambda x: self._read(x)[0])

    def below_floor(self, size: ArrayLike) -> Bools:
        """Where P(S > size) is too small to be told from 0, below about 1e-12: read it as "less than the floor"."""
        return self.tail(size) <= FLOOR

    def quantile(self, level: ArrayLike) -> Floats:
        """The smallest x with P(S ≤ x) ≥ level, harm units.  A ValueError unless 0 ≤ level ≤ 1."""
        levels = np.asarray(level, dtype=float)
        if not ((levels >= 0) & (levels <= 1)).all():
            raise ValueError(f"a level is a chance from 0 to 1, not {levels}")
        return self._each(levels, self._quantile)

    def shortfall(self, level: ArrayLike) -> Floats:
        """Mean of the worst 1 − level of worlds, quantile + E (S − quantile)⁺ / (1 − level), harm units: coherent at atoms.

        Source: Rockafellar & Uryasev (2002), "Conditional value-at-risk for general loss distributions".
        """
        levels = np.broadcast_to(np.asarray(level, dtype=float), np.broadcast_shapes(np.shape(level), self.shape))
        size = self.quantile(levels)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.where(levels < 1, size + self.excess(np.where(np.isfinite(size), size, 0.0)) / (1 - levels), np.inf)
        return np.where(levels == 0, self.mean, np.where(np.isfinite(self.mean), found, np.inf))

    def excess(self, size: ArrayLike) -> Floats:
        """E (S − size)⁺, harm units: what an insurer of everything above `size` would pay on average."""
        return self._each(np.asarray(size, dtype=float), self._excess)

    def curve(self, points: int = 60, *, lowest: float = 0.5, rarest: float = 1e-4) -> Curve:
        """P(S > x) on a grid of sizes for each law, from its quantile at `lowest` to the one that `rarest` of worlds exceed."""
        high = self.quantile(1 - rarest)
        low = np.maximum(self.quantile(lowest), np.where(high > 0, high * 1e-4, 1e-4))
        step = np.linspace(0, 1, points).reshape(-1, *(1,) * len(self.shape))
        sizes = low * (np.maximum(high, low) / low) ** step
        return Curve(sizes, self.tail(sizes), self._each(sizes, lambda x: self._read(x)[1]))

    # --- evidence ---

    def check(self, level: float = 0.999) -> Checked:
        """The chance of exceeding the quantile at `level`, by two engines."""
        return self.check_at(self.quantile(level))

    def check_at(self, size: ArrayLike) -> Checked:
        """P(S > size) by two engines, with the estimated error."""
        x = np.broadcast_to(np.asarray(size, dtype=float), self.shape).ravel()
        tail, error, engine, density = self._read(x)
        second, other = self._second(x, engine)
        with np.errstate(divide="ignore", invalid="ignore"):
            size_error = np.where(x > 0, np.where(error > 0, error / (x * density), 0.0), 0.0)
        columns = (x, tail, error, engine, second, other, second - tail, size_error)
        return Checked(*(self._shaped(column) for column in columns))

    @cached_property
    def _usual(self) -> Checked:
        return self.check()

    @property
    def bound(self) -> Floats:
        """Estimated relative error of the 99.9% quantile."""
        return self._usual.size_error

    @property
    def engine(self) -> NDArray[np.str_]:
        """The engine that computes each law at its 99.9% quantile: exact, contour, series or lattice."""
        return self._usual.engine

    def pooled(self, weights: ArrayLike | None = None) -> Total:
        """One world drawn from the `worlds` that were given (with weights (n,), else alike): shares as a shared uncertainty."""
        if self.world_axis is None:
            raise ValueError("only a total with worlds can be pooled: total(…, worlds=population.draw_worlds(…))")
        states, axis = len(self.mixtures.chance), self.world_axis
        count = self.shape[axis]
        weight = np.full(count, 1 / count) if weights is None else np.asarray(weights, dtype=float) / np.sum(weights)
        index = np.moveaxis(np.arange(len(self.mixtures.laws)).reshape(*self.shape, states), axis, -2)
        chance = np.multiply.outer(weight, self.mixtures.chance).ravel()
        mixtures = Mixtures(self.mixtures.laws.take(index.ravel()), chance)
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
    def _on_lattice(self) -> Bools:
        """Mixtures that are computed on the lattice of their atoms, (B,)."""
        return stepping(self.mixtures)

    def _split(self) -> tuple[Ints, Ints]:
        return np.flatnonzero(~self._on_lattice), np.flatnonzero(self._on_lattice)

    def _read(self, x: Floats) -> tuple[Floats, Floats, NDArray[np.str_], Floats]:
        """Tail, its estimated error, the engine and the density at x (B,)."""
        tail, error, density = np.ones(len(x)), np.zeros(len(x)), np.zeros(len(x))
        engine = np.full(len(x), "exact", dtype="<U8")
        smooth, lattice = self._split()
        x = self.mixtures.whole(x)
        tail[x == 0] = self.mixtures.some[x == 0]
        smooth = smooth[(x[smooth] > 0) & np.isfinite(x[smooth]) & (self.mixtures.some[smooth] > 0)]
        tail[~(np.isfinite(x) & (self.mixtures.some > 0)) & (x >= 0)] = 0.0
        if len(smooth):
            part = self.mixtures if len(smooth) == len(x) else self.mixtures.take(smooth)
            reading = part.read(x[smooth])
            found, slope = reading.tail_and_density(part.spread(x[smooth]))
            tail[smooth], density[smooth], error[smooth] = part.mixed(found), part.mixed(slope), part.mixed(reading.error)
            engine[smooth] = np.array([rung.engine for rung in LADDER])[reading.rung.reshape(len(smooth), -1).min(1)]
            plain = (part.spread(x[smooth]) < 2 * part.laws.edge).reshape(len(smooth), -1).all(1)
            engine[smooth[plain]] = "exact"
            lattice = np.append(lattice, self._unserved(smooth, error[smooth]))
        rows = lattice[(x[lattice] > 0) & np.isfinite(x[lattice])]
        if len(rows):
            tail[rows], density[rows], error[rows] = tails_on_lattice(self._part(rows), x[rows])
            engine[rows] = "lattice"
            self._trusted(error[rows], np.minimum(tail[rows], 1 - tail[rows]))
        return np.where(tail <= np.maximum(FLOOR, error), 0.0, tail), error, engine, density

    def _unserved(self, rows: Ints, error: Floats) -> Ints:
        """The rows whose error is too large to be used: the lattice serves them if there are few events."""
        wrong = rows[~(error <= UNSERVED)]
        events = self.mixtures.laws.events.reshape(len(self.mixtures), -1).max(1)
        if (events[wrong] > LATTICE_EVENTS).any() and (~joinable(self.mixtures))[wrong].any():
            raise Disagreement(
                f"no engine resolves {self.policy.name} among {number(float(self.users.max()))} users: the two halves of a "
                f"quadrature differ by {number(float(np.max(error)))}; ask for sizes nearer to the bulk, or for fewer users"
            )
        return wrong

    def _part(self, rows: Ints) -> Mixtures:
        """Some of the mixtures, kept: what was computed of them serves the next question."""
        key = rows.tobytes()
        if key not in self._parts:
            self._parts.clear()
            self._parts[key] = self.mixtures if len(rows) == len(self.mixtures) else self.mixtures.take(rows)
        return self._parts[key]

    @cached_property
    def _parts(self) -> dict[bytes, Mixtures]:
        return {}

    def _trusted(self, error: Floats, chance: Floats) -> None:
        """Refuse chances whose estimated error is too large to be used: lattices that had to be rounded too coarsely."""
        wrong = ~(error <= np.maximum(ROUGH, ROUGHLY * chance))
        if wrong.any():
            raise Disagreement(
                f"no engine resolves {self.policy.name} among {number(float(self.users.max()))} users: a chance of "
                f"{number(float(chance[wrong][0]))} may be wrong by {number(float(error[wrong][0]))}; give points and tables "
                "sizes with a common divisor, widen severities that hardly vary, or ask for fewer users"
            )

    def _second(self, x: Floats, engine: NDArray[np.str_]) -> tuple[Floats, NDArray[np.str_]]:
        """The tails by another engine, and its name, (B,)."""
        second, other = self._read(x)[0], np.full(len(x), "exact", dtype="<U8")
        rows = np.flatnonzero((engine == "contour") | (engine == "series"))
        if len(rows):
            part = self.mixtures.take(rows)
            sizes = part.whole(x[rows])
            seen = witness(part.laws, part.spread(sizes), part.scales, part.read(sizes), part.span)
            second[rows] = part.mixed(seen[0])
            other[rows] = np.where(engine[rows] == "contour", "series", "contour")
        few = self.mixtures.laws.events.reshape(len(engine), -1).max(1) <= LATTICE_EVENTS
        for row in np.flatnonzero((engine == "lattice") | (np.isnan(second) & few)):
            part = self.mixtures.take(np.array([row]))
            ends = bracket(part.laws, float(x[row])).tail(float(x[row]))
            second[row], other[row] = float(part.chance @ (ends[0] + ends[1])) / 2, "bracket"
        return second, other

    def _quantile(self, level: Floats) -> Floats:
        answer = np.zeros(len(level))
        smooth, lattice = self._split()
        if len(smooth):
            part = self.mixtures if not len(lattice) else self.mixtures.take(smooth)
            answer[smooth], error = part.quantile(level[smooth])
            lattice = np.append(lattice, self._unserved(smooth, error))
        if len(lattice):
            answer[lattice], error = quantiles_on_lattice(self._part(lattice), level[lattice])
            self._trusted(error, np.minimum(level[lattice], 1 - level[lattice]))
        return answer

    def _excess(self, x: Floats) -> Floats:
        mean = self.mixtures.mixed(self.mixtures.laws.mean)
        found = np.where(x > 0, 0.0, mean)
        stepped = self._on_lattice | in_steps(self.mixtures)
        smooth, lattice = np.flatnonzero(~stepped), np.flatnonzero(stepped)
        smooth = smooth[(x[smooth] > 0) & (self.mixtures.some[smooth] > 0)]
        if len(smooth):
            part = self.mixtures if len(smooth) == len(x) else self.mixtures.take(smooth)
            reading = part.read(x[smooth])
            found[smooth] = part.mixed(reading.excess())
            lattice = np.append(lattice, self._unserved(smooth, part.mixed(reading.error)))
        rows = lattice[x[lattice] > 0]
        if len(rows):
            found[rows], error = excess_on_lattice(self._part(rows), x[rows])
            self._trusted(error, np.ones(len(rows)))
        return np.where(np.isfinite(mean), np.maximum(found, 0.0), np.inf)

    # --- words ---

    def _rows(self) -> list[list[str]]:
        flat = [np.ravel(v) for v in (self.mean, self.sd, self.chance_of_none, *(self.quantile(p) for p in LEVELS))]
        tail = np.ravel(self.shortfall(0.99))
        names = [self._name(i) for i in np.ndindex(self.shape)]
        shown = range(len(names)) if len(names) <= 24 else range(24)
        return [
            [names[i], number(float(flat[0][i])), number(float(flat[1][i])), percent(float(flat[2][i]))]
            + [number(float(values[i])) for values in (*flat[3:], tail)]
            for i in shown
        ]

    def _name(self, index: tuple[int, ...]) -> str:
        lead = self.users.ndim
        said = [f"{people(float(self.users[index[:lead]]))} users"] if lead else []
        rest = index[lead:]
        if self.world_axis is not None:
            said, rest = [*said, f"world {rest[0]}"], rest[1:]
        place = int(np.ravel_multi_index(rest, self.policy.batch)) if self.policy.batch else 0
        return ", ".join([self.policy.labels[place], *said])

    def _head(self) -> str:
        ends = (people(float(self.users.min())), people(float(self.users.max())))
        many = " to ".join(ends if self.users.ndim else ends[:1])
        return f"{self.case.title}: total {self.of} of {many} senders, harm units"

    def _assumes(self) -> str:
        states = len(self.case.population.states)
        shared = [f"the state of the world ({', '.join(self.case.population.states)})"] if states > 1 else []
        shared += [f"a gamma shock of variance {number(self.shock)} to how often things go wrong"] if self.shock else []
        if not shared:
            return (
                "Senders are taken as independent, so their total hardly varies; what they all share would make it vary more."
            )
        return f"Senders share {' and '.join(shared)}; given that, they are taken as independent."

    def __repr__(self) -> str:
        rows = self._rows()
        cut = "" if np.prod(self.shape) <= 24 else f"\n… and {int(np.prod(self.shape)) - 24} more"
        return f"{self._head()}\n{text_table(COLUMNS, rows)}{cut}\n{self._assumes()}"

    def _repr_html_(self) -> str:
        lines = [self._sentence(row) for row in self._rows()[:6]]
        return html_lines(self._head(), [*lines, self._assumes()]) + html_table(COLUMNS, self._rows())

    def _sentence(self, row: list[str]) -> str:
        name, mean, _, none, median, high, _, worst = row
        return (
            f"{name}: on average {mean}. In one world of two it stays at or under {median}; in one of a hundred it exceeds "
            f"{high}, and the worst hundredth averages {worst}. With chance {none} nothing happens at all."
        )


#: Levels of the quantiles that a total shows.
LEVELS = (0.5, 0.99, 0.999)
COLUMNS = ("policy", "mean", "sd", "no event", "median", "99%", "99.9%", "mean of worst 1%")


def total(
    case: Case,
    policy: Policy,
    users: ArrayLike | None = None,
    *,
    of: Literal["harm", "neglect"] = "harm",
    mix: Literal["drawn", "fixed"] = "drawn",
    worlds: Worlds | None = None,
    shock: float = 0.0,
) -> Total:
    """The exact law of the total harm (or neglect) of N users under a policy, or a batch of them.

    `users` are whole numbers from 0 to 10^12 (the case's, if none are given), an array for a batch.  All users of a world
    share its state, drawn once.  `mix="fixed"` has N · share[s] users of each segment instead of N independent draws.
    `worlds` (from `population.draw_worlds`) adds an axis of plausible shares.  `shock` is the variance of a gamma variable with
    mean 1 that multiplies the number of events of a whole world: the count is then negative binomial.

    A ValueError says which argument is out of range; a `Disagreement` that exact moments and transforms do not agree.
    """
    counts = np.asarray(case.users if users is None else users, dtype=float)
    if not ((counts >= 0) & (counts <= 1e15) & (counts == np.floor(counts))).all():
        raise ValueError(f"users are whole numbers from 0 to 10^15, not {counts}")
    if of not in ("harm", "neglect") or mix not in ("drawn", "fixed") or not 0 <= shock <= 1e6:
        raise ValueError(f"of harm or neglect, mix drawn or fixed, a shock ≥ 0 are needed, not {of!r}, {mix!r}, {shock}")
    laws, shape = laws_of(case, policy, counts, of=of, mix=mix, worlds=worlds, shock=shock)
    verify(laws)
    mixtures = Mixtures(laws, case.population.state_chance)
    axis = None if worlds is None else counts.ndim
    return Total(case, policy, counts, of, mixtures, shape[:-1], shock, axis)
