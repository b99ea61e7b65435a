"""Where the dial should stand: the best position, how surely, and the trust at which it would be another.

Between two departures nothing changes, so a best position is a step of the staircase: an interval, found exactly.  A middle
position beats both ends iff believed gains are informative: iff, walking down the list of departures, the good ones come first.

    worth(step) = E net − aversion · sd     sd over the model that all users share, and the principal if it is shared

The sd is what the agents leave among infinitely many users; the states of the case are averaged over (`total` of loss has
both, for N users).  Preferring less variance at some cost in expectation is a position of Anthropic's constitution (January
2026); the form mean − aversion · sd is the common one (Markowitz 1952).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import guard
from ..arrays import Bools, Floats
from ..population import draw_worlds
from ..text import whole_percent
from .deployment import POSITIONS, Deployment

#: Worths that differ by less than this part of the largest are the same.
SAME = 1e-12


# --- what a step is worth ---------------------------------------------------------------------------------------------


def worth(
    deployment: Deployment, *, trust_in_operator: ArrayLike | None = None, trust_in_model: ArrayLike | None = None
) -> Floats:
    """Worth of each step of the staircase, (…, M + 1), help units per request: E net − aversion · sd.

    Trusts, and safeguards that are arrays, broadcast against each other, (…).
    """
    agents = deployment.agents
    p, q = agents.operator_probabilities(trust_in_operator), agents.model_probabilities(trust_in_model)
    return _worth(deployment, deployment.net, p, q)


def _worth(deployment: Deployment, net: Floats, p: Floats, q: Floats) -> Floats:
    """Mean less aversion times sd of net values over operators p (…, O) and models q (…, T), of each step (…, M + 1)."""
    guards, taken, models = deployment.safeguards, deployment.taken, len(deployment.agents.models)
    happens, over = (x[..., None, None, None] for x in (guards.happens, guards.times - 1))
    start, gains = net[..., 0, :].sum(-1), happens * (net[..., 1 : models + 1, :] + over * net[..., models + 1 :, :])
    if not deployment.aversion:  # only means are needed: operators and models are mixed first
        mixed = p[..., :, None, None] * q[..., None, :, None] * gains
        steps = mixed.reshape(*mixed.shape[:-3], -1) @ taken.reshape(-1, taken.shape[-1])
        return (p * start).sum(-1)[..., None] + steps
    nets = start[..., None, None] + (gains[..., None, :] @ taken)[..., 0, :]
    by_model = np.einsum("...o,...otm->...tm", p, nets)
    squares = np.einsum("...o,...otm->...tm", p, nets**2) if deployment.shared_principal else by_model**2
    mean, square = (np.einsum("...t,...tm->...m", q, values) for values in (by_model, squares))
    return mean - deployment.aversion * np.sqrt(np.maximum(square - mean**2, 0.0))


# --- the best position ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class Optimum:
    """The best positions, above `low` up to and with `high` (from and with 0, if low is 0), and what they are worth, (…,).

    Of steps that are worth the same it is the most corrigible one.  `corrigible` and `autonomous` are worths at the ends; all
    worths are help units per request.
    """

    low: Floats
    high: Floats
    worth: Floats
    corrigible: Floats
    autonomous: Floats

    @property
    def place(self) -> Floats:
        """One best position, (…,): the last of them, 0 if they begin there."""
        return np.where(self.low > 0, self.high, 0.0)

    @property
    def margin(self) -> Floats:
        """What the best position is worth over the better end, ≥ 0."""
        return self.worth - np.maximum(self.corrigible, self.autonomous)

    @property
    def inside(self) -> Bools:
        """Whether some position between the ends is strictly better than both."""
        return np.asarray(self.margin > SAME * np.maximum(np.abs(self.worth), np.abs(self.worth - self.margin)))


def best_position(
    deployment: Deployment, *, trust_in_operator: ArrayLike | None = None, trust_in_model: ArrayLike | None = None
) -> Optimum:
    """Where the dial is best, exactly; trusts, and safeguards that are arrays, broadcast, (…,).

    Verification as it is here holds right and wrong departures alike: it makes the curve flatter and moves no optimum.
    """
    return _best(deployment, worth(deployment, trust_in_operator=trust_in_operator, trust_in_model=trust_in_model))


def _best(deployment: Deployment, worths: Floats) -> Optimum:
    edges = np.concatenate([[0.0], deployment.cuts, [1.0]])
    top = worths.max(-1, keepdims=True)
    step = (worths >= top - SAME * np.abs(worths).max(-1, keepdims=True)).argmax(-1)
    return Optimum(
        low=edges[step],
        high=edges[step + 1],
        worth=top[..., 0],
        corrigible=worths[..., 0],
        autonomous=worths[..., -1],
    )


def reached(bests: list[Optimum]) -> Floats:
    """The positions of the slider, (D,): hundredths, but the nearest one moves to a best position that lies between two."""
    made = POSITIONS.copy()
    for best in bests:
        low, high = float(best.low), float(best.high)
        at = int(np.clip(round(100 * high), 1, len(made) - 2))
        if low > 0 and not ((made > low) & (made <= high)).any() and made[at] == POSITIONS[at]:
            made[at] = float(spot(low, high))
    return made


def spot(low: float, high: float) -> str:
    """A position above `low` and up to `high`, the last that as few digits as possible can tell: 0.63, or 0.4975."""
    for digits in range(2, 17):
        place = np.floor(high * 10**digits + 1e-9) / 10**digits
        if low < place <= high:
            return f"{place:.{digits}f}"
    return repr(float(high))


# --- how surely -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Plausible:
    """The best positions in n plausible worlds, and there the worths of all steps as stated, (n, M + 1), help units."""

    best: Optimum
    worths: Floats

    @property
    def holds(self) -> float:
        """The fraction of plausible worlds in which a position between the ends beats both."""
        return float(self.best.inside.mean())

    @property
    def range(self) -> tuple[float, ...]:
        """Where the best position lies in 90% of the worlds: from, to."""
        return tuple(np.quantile(self.best.place, [0.05, 0.95]).tolist())

    @property
    def gains(self) -> tuple[float, ...]:
        """What the best position of each world gains over its better end, help units per request: 5%, 50%, 95% quantile."""
        return tuple(np.quantile(self.best.margin, [0.05, 0.5, 0.95]).tolist())

    def __repr__(self) -> str:
        low, high = self.range
        first = f"In {whole_percent(self.holds)} of {len(self.worths)} plausible worlds a position between the ends beats both"
        return f"{first} (stakes and beliefs as stated); in 90% of them the best lies between {low:.2f} and {high:.2f}."


def in_plausible_worlds(deployment: Deployment, *, rng: np.random.Generator, worlds: int = 1000) -> Plausible:
    """The best position in plausible worlds: shares and overlap drawn from the file's intervals, probabilities of the agents
    from their evidence.

    Instructions and beliefs stay as they are at the stated shares: who instructs and who judges does not know which world is
    true.
    """
    drawn = draw_worlds(deployment.original.population, rng, worlds)
    p, q = deployment.agents.draw(rng, worlds)
    worths = _worth(deployment, deployment.net_in(drawn.joint), p, q)
    return Plausible(best=_best(deployment, worths), worths=worths)


# --- the trust at which it would be another ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class TrustBreakEven:
    """A trust at which the best position jumps, and the best positions (`low` to `high`) beyond it."""

    trust: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class TrustRange:
    """The stated trust, and the next one `below` and `above` it at which the best position jumps (None: it never does)."""

    stated: float
    below: TrustBreakEven | None
    above: TrustBreakEven | None


#: The best position jumps if it moves farther than this, or to an end, or away from one.
JUMP = 0.1
#: A trust at which it jumps is found to this, by grids of as many points: the first one, and finer ones.
FINEST, FIRST, FINER = 1e-13, 401, 41


def break_even_trust(deployment: Deployment, of: Literal["model", "operator"] = "model") -> TrustRange:
    """The trust in the `model`, or in the `operator`, at which the best position jumps."""
    agents = deployment.agents
    trusted = [m.good for m in agents.models] if of == "model" else [o.legitimate for o in agents.operators]
    stated = getattr(agents, f"trust_in_{of}")
    if all(trusted) or not any(trusted):
        return TrustRange(stated=stated, below=None, above=None)

    def best(trust: Floats) -> Optimum:
        return best_position(deployment, **{f"trust_in_{of}": trust})

    return TrustRange(stated=stated, below=_jump(best, stated, 0.0), above=_jump(best, stated, 1.0))


def _jump(best: Callable[[Floats], Optimum], start: float, end: float) -> TrustBreakEven | None:
    """The jump nearest to start on the way to end: by finer and finer grids."""
    near, far, count, home = start, end, FIRST, best(np.array([start]))
    while abs(far - near) > FINEST:
        grid = np.linspace(near, far, count)
        jumped = _far(best(grid), home)
        if count == FIRST and not jumped.any():
            return None
        first = int(jumped.argmax()) or count - 1  # whatever rounding says, the last one of a finer grid has jumped
        near, far, count = float(grid[first - 1]), float(grid[first]), FINER
    trust = end if abs(far - end) < 1e-9 else far
    beyond = best(np.array([trust]))
    return TrustBreakEven(trust=trust, low=float(beyond.low[0]), high=float(beyond.high[0]))


def _far(best: Optimum, home: Optimum) -> Bools:
    """Whether the best positions are another kind of place than home: at, or away from, an end, or far off."""
    changed = ((best.low == 0) != (home.low == 0)) | ((best.high == 1) != (home.high == 1))
    return np.asarray(changed | (np.maximum(best.low - home.high, home.low - best.high) > JUMP))


# --- is it inside? ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class Verdict:
    """Whether neither end is best, by how much, and how far that is known."""

    best: Optimum
    """The best positions, what they gain over the better end (`margin`), and whether that is anything (`inside`)."""
    possible: float
    """Net value of the best policy, help units per request."""
    plausible: Plausible
    """The same in plausible worlds: in how many something is gained (`holds`), how much (`gains`), and where (`range`)."""
    stands: float
    """The fraction of plausible worlds in which the position that is best as stated beats both ends; if it is an end, in which
    the other end does not beat it."""
    model: TrustRange
    operator: TrustRange
    """The trusts at which the best position jumps."""

    @property
    def flat(self) -> bool:
        """Whether hardly anything is gained between the ends, as far as is known.

        In 95% of plausible worlds it is less than 1% of the best possible.
        """
        return self.plausible.gains[-1] < 0.01 * abs(self.possible)


def verdict(deployment: Deployment, *, rng: np.random.Generator, worlds: int = 1000) -> Verdict:
    """Where the dial is best, what that gains over the ends, in how many plausible worlds, and up to which trust."""
    best, plausible = best_position(deployment), in_plausible_worlds(deployment, rng=rng, worlds=worlds)
    here = plausible.worths[:, deployment.step(best.place)[0]]
    ends = plausible.worths[:, [0, -1]].max(-1)
    return Verdict(
        best=best,
        possible=float(deployment.best.sum()),
        plausible=plausible,
        stands=float((here > ends if best.inside else here >= ends).mean()),
        model=break_even_trust(deployment, "model"),
        operator=break_even_trust(deployment, "operator"),
    )


guard(__name__)
