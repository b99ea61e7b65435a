"""Where the dial should stand: the best position, how surely, and what would turn it.

Between two departures nothing changes, so a best position is a step of the staircase: an interval, found exactly.  A middle
position beats both ends iff believed gains are informative: iff, walking down the list of departures, the good ones come first.

    worth(step) = E net − aversion · sd     sd over the model that all users share, and the principal if it is shared

The sd is what the cast leaves among endlessly many users; the states of the case are averaged over (`copies.total_loss` has
both, for N users).  Preferring less variance at some cost in expectation is a position of Anthropic's constitution (January
2026); the form mean − aversion · sd is the common one (Markowitz 1952).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Bools, Floats
from ..population import draw_worlds
from ..text import html_lines, whole_percent
from .deployment import NONE, Changes, Deployment, Safeguards

#: Worths that differ by less than this part of the largest are the same.
SAME = 1e-12


# --- what a step is worth ---------------------------------------------------------------------------------------------


def worth(
    found: Deployment,
    *,
    trust_in_operator: ArrayLike | None = None,
    trust_in_model: ArrayLike | None = None,
    safeguards: Safeguards = NONE,
    aversion: float = 0.0,
    shared_principal: bool = False,
) -> Floats:
    """Worth of each step of the staircase, (…, M + 1), help units per request: E net − aversion · sd.

    Trusts and safeguards broadcast against each other, (…).
    """
    averse = _aversion(aversion)
    p, q = found.agents.operator_chances(trust_in_operator), found.agents.model_chances(trust_in_model)
    return _worth(found, found.stated, p, q, safeguards, averse, shared_principal)


def _aversion(aversion: float) -> float:
    if not 0 <= aversion < np.inf:
        raise ValueError(f"an aversion to spread is a finite number, never negative, not {aversion}")
    return float(aversion)


def _gains(found: Deployment, changes: Changes, safeguards: Safeguards) -> tuple[Floats, Floats]:
    """Net value of following each operator (…, O), and what each departure adds to it (…, O, T, K)."""
    base, change, added = changes
    weight = np.array([1.0, -found.harm_weight, -found.harm_weight])
    plain, extra = (np.einsum("v,...votk->...otk", weight[-values.shape[-4] :], values) for values in (change, added))
    happens, over = (np.asarray(x)[..., None, None, None] for x in (safeguards.happens, safeguards.times - 1))
    return np.einsum("v,...vo->...o", weight, base), happens * (plain + over * extra)


def _worth(
    found: Deployment, changes: Changes, p: Floats, q: Floats, safeguards: Safeguards, aversion: float, shared_principal: bool
) -> Floats:
    """Mean less aversion times sd of net values over operators p (…, O) and models q (…, T), of each step (…, M + 1)."""
    start, gains = _gains(found, changes, safeguards)
    steps = found.on_steps.reshape(-1, found.on_steps.shape[-1])
    if not aversion:  # only means are needed: operators and models are mixed first
        mixed = p[..., :, None, None] * q[..., None, :, None] * gains
        return (p * start).sum(-1)[..., None] + mixed.reshape(*mixed.shape[:-3], -1) @ steps
    nets = start[..., None, None] + (gains[..., None, :] @ found.on_steps)[..., 0, :]
    by_model = _over_operators(p, nets)
    mean = _over_models(q, by_model)
    square = _over_models(q, _over_operators(p, nets**2) if shared_principal else by_model**2)
    return mean - aversion * np.sqrt(np.maximum(square - mean**2, 0.0))


def _over_operators(p: Floats, values: Floats) -> Floats:
    """Σ_o p[…, o] · values[…, o, t, m], (…, T, M + 1); leading axes broadcast."""
    mixed = p[..., None, :] @ values.reshape(*values.shape[:-2], -1)
    return mixed[..., 0, :].reshape(*mixed.shape[:-2], *values.shape[-2:])


def _over_models(q: Floats, values: Floats) -> Floats:
    """Σ_t q[…, t] · values[…, t, m], (…, M + 1); leading axes broadcast."""
    return (q[..., None, :] @ values)[..., 0, :]


def net_at(
    found: Deployment,
    dial: ArrayLike,
    *,
    trust_in_operator: ArrayLike | None = None,
    trust_in_model: ArrayLike | None = None,
    safeguards: Safeguards = NONE,
) -> Floats:
    """Expected net value per request, (…, D): trusts and safeguards (…) broadcast, each at all positions (D,)."""
    found.departing(dial)
    step = np.searchsorted(found.cuts, np.ravel(dial), side="left")
    steps = worth(found, trust_in_operator=trust_in_operator, trust_in_model=trust_in_model, safeguards=safeguards)
    return steps[..., step]


# --- the best position ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class Optimum:
    """The best positions, above `low` up to and with `high` (from and with 0, if low is 0), and what they are worth, (…,).

    Of steps that are worth the same it is the most corrigible one.  `corrigible` and `autonomous` are worths at the ends.
    """

    low: Floats
    high: Floats
    worth: Floats
    corrigible: Floats
    autonomous: Floats

    @property
    def margin(self) -> Floats:
        """What the best position is worth over the better end, help units per request, ≥ 0."""
        return self.worth - np.maximum(self.corrigible, self.autonomous)

    @property
    def inside(self) -> Bools:
        """Whether some position between the ends is strictly better than both."""
        return np.asarray(self.margin > SAME * np.maximum(np.abs(self.worth), np.abs(self.worth - self.margin)))


def _best(found: Deployment, worths: Floats) -> Optimum:
    edges = np.concatenate([[0.0], found.cuts, [1.0]])
    top = worths.max(-1, keepdims=True)
    step = (worths >= top - SAME * np.abs(worths).max(-1, keepdims=True)).argmax(-1)
    return Optimum(
        low=edges[step],
        high=edges[step + 1],
        worth=top[..., 0],
        corrigible=worths[..., 0],
        autonomous=worths[..., -1],
    )


def best_position(
    found: Deployment,
    *,
    trust_in_operator: ArrayLike | None = None,
    trust_in_model: ArrayLike | None = None,
    safeguards: Safeguards = NONE,
    aversion: float = 0.0,
    shared_principal: bool = False,
) -> Optimum:
    """Where the dial is best, exactly; trusts and safeguards broadcast, (…,).

    Verification as it is here holds right and wrong departures alike: it makes the curve flatter and moves no optimum.
    """
    worths = worth(
        found,
        trust_in_operator=trust_in_operator,
        trust_in_model=trust_in_model,
        safeguards=safeguards,
        aversion=aversion,
        shared_principal=shared_principal,
    )
    return _best(found, worths)


# --- how surely, and what turns it ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Plausible:
    """The best positions in n plausible worlds: `low`, `high` (n,) and whether the best lies `inside` both ends (n,)."""

    low: Floats
    high: Floats
    inside: Bools

    @property
    def holds(self) -> float:
        """The fraction of plausible worlds in which a position between the ends beats both."""
        return float(self.inside.mean())

    @property
    def place(self) -> Floats:
        """The best position of each world, (n,): the last of its best positions, 0 if they begin there."""
        return np.where(self.low > 0, self.high, 0.0)

    @property
    def range(self) -> tuple[float, float]:
        """Where the best position lies in 90% of the worlds."""
        low, high = np.quantile(self.place, [0.05, 0.95])
        return float(low), float(high)

    def __repr__(self) -> str:
        low, high = self.range
        first = f"In {whole_percent(self.holds)} of {len(self.inside)} plausible worlds a position between the ends beats both"
        return f"{first} (stakes and beliefs as stated); in 90% of them the best lies between {low:.2f} and {high:.2f}."

    def _repr_html_(self) -> str:
        return html_lines(repr(self), [])


def in_plausible_worlds(
    found: Deployment,
    *,
    rng: np.random.Generator,
    worlds: int = 1000,
    safeguards: Safeguards = NONE,
    aversion: float = 0.0,
    shared_principal: bool = False,
) -> Plausible:
    """The best position in plausible worlds: shares and overlap drawn from the file's intervals, chances of the cast from its
    evidence.

    Instructions and beliefs stay as they are at the stated shares: who instructs and who judges does not know which world is
    true.
    """
    averse, drawn = _aversion(aversion), draw_worlds(found.case.population, rng, worlds)
    p, q = found.agents.draw(rng, worlds)
    changes = found.change_in(drawn.joint)
    best = _best(found, _worth(found, changes, p, q, safeguards, averse, shared_principal))
    return Plausible(low=best.low, high=best.high, inside=best.inside)


def spot(low: float, high: float) -> str:
    """A position above `low` and up to `high`, the last that as few digits as possible can tell: 0.63, or 0.4975."""
    for digits in range(2, 17):
        place = np.floor(high * 10**digits + 1e-9) / 10**digits
        if low < place <= high:
            return f"{place:.{digits}f}"
    return repr(float(high))


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A trust at which the best position jumps, and the best positions (`low` to `high`) beyond it."""

    trust: float
    low: float
    high: float

    @property
    def where(self) -> str:
        """The best positions in words."""
        return (
            "fully corrigible" if self.low == 0 else "fully autonomous" if self.high == 1 else f"at {spot(self.low, self.high)}"
        )


@dataclass(frozen=True, kw_only=True)
class Turns:
    """The stated trust, and the next one `below` and `above` it at which the best position jumps (None: it never does)."""

    stated: float
    below: Turn | None
    above: Turn | None


#: The best position jumps if it moves farther than this, or to an end, or away from one.
JUMP = 0.1
#: A trust at which it jumps is found to this.
FINEST = 1e-13


def break_even_trust(
    found: Deployment,
    of: str = "model",
    *,
    safeguards: Safeguards = NONE,
    aversion: float = 0.0,
    shared_principal: bool = False,
) -> Turns:
    """The trust in the `model`, or in the `operator`, at which the best position jumps.  A ValueError if `of` is another
    word."""
    if of not in ("model", "operator"):
        raise ValueError(f"trust is in the model or in the operator, not in {of!r}")
    good = [m.good for m in found.models] if of == "model" else [o.legitimate for o in found.operators]
    stated = found.agents.trust_in_model if of == "model" else found.agents.trust_in_operator

    def best(trust: Floats) -> Optimum:
        model, operator = (trust, None) if of == "model" else (None, trust)
        return best_position(
            found,
            trust_in_model=model,
            trust_in_operator=operator,
            safeguards=safeguards,
            aversion=aversion,
            shared_principal=shared_principal,
        )

    if all(good) or not any(good):
        return Turns(stated=stated, below=None, above=None)
    return Turns(stated=stated, below=_turn(best, stated, 0.0), above=_turn(best, stated, 1.0))


def _turn(best: Callable[[Floats], Optimum], start: float, end: float) -> Turn | None:
    """The jump nearest to start on the way to end: by finer and finer grids."""
    grid = np.linspace(start, end, 401)
    here = best(grid)
    low, high = float(here.low[0]), float(here.high[0])
    jumps = _jumps(here, low, high)
    if not jumps.any():
        return None
    while True:
        first = int(jumps.argmax())
        near, far = grid[first - 1], float(grid[first])
        if abs(far - near) <= FINEST:
            break
        grid = np.linspace(near, far, 41)
        jumps = _jumps(best(grid), low, high)
        jumps[[0, -1]] = False, True  # whatever rounding says
    far = end if abs(far - end) < 1e-9 else far
    beyond = best(np.array([far]))
    return Turn(trust=far, low=float(beyond.low[0]), high=float(beyond.high[0]))


def _jumps(best: Optimum, low: float, high: float) -> Bools:
    """Whether the best positions are another kind of place than low to high."""
    changed = ((best.low == 0) != (low == 0)) | ((best.high == 1) != (high == 1))
    return np.asarray(changed | (np.maximum(best.low - high, low - best.high) > JUMP))
