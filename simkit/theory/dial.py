"""The dial: how far own judgement should go against instructions, from 0, fully corrigible, to 1, fully autonomous.

The idea of a dial between the two is from Anthropic's constitution (January 2026, "How we think about corrigibility"); the two
models are derived here.  Neither end is best in either, unless one side is without error or without value.

**Two estimates** (`TwoEstimates`).  The action is w·(agent's estimate) + (1 − w)·(human's).  The agent errs with variance
σ_A² + τ², τ the standard deviation of its misalignment, the human with σ_H²; an irreversibility κ ≥ 1 multiplies the agent's
errors.  Then loss(w) = κ w²(σ_A² + τ²) + (1 − w)² σ_H², least at

    w* = σ_H² / (σ_H² + κ(σ_A² + τ²)),   loss* = (1 − w*) σ_H².

**Two signals** (`TwoSignals`).  The good of acting, U ~ N(0, 1), is seen twice: the principal's signal correlates with it by
ρ_H, the agent's by ρ_A, errors independent given U.  Act iff (1 − d)·z_H + d·z_A > 0.  This index correlates with U by

    R(d) = [(1 − d)ρ_H + dρ_A] / √((1 − d)² + d² + 2d(1 − d)ρ_Hρ_A),

and a decision is worth W(d) = [(1 + R) − w(1 − R)] / (2√(2π)), w the weight of harm.  With A = ρ_H(1 − ρ_A²) and
B = ρ_A(1 − ρ_H²) the slope is R′(d) = [(1 − d)B − dA] / D³, D the root above, so that

    leave full corrigibility iff E[ρ_A(1 − ρ_H²)] > 0,   leave full autonomy iff E[ρ_H(1 − ρ_A²)] > 0,

expectations over the types of principals and agents: if both are informative on average and their types independent, neither
end is best.  W rises linearly in R: the weight of harm moves what a decision is worth, never which dial is best.

**Scale**: principals differ from decision to decision and average out; every copy of one agent errs together.  Over many
decisions the spread over the agent's type remains, for two types √(q(1 − q))·|W(d | first) − W(d | second)|.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arguments import guard
from ..arrays import Floats
from ..text import number
from .inputs import Numbers, amount, at_least, check_fields, correlation, distribution, probability, quotient

# --- two estimates -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class TwoEstimates:
    """A human's estimate and an agent's, each with its noise (standard deviations ≥ 0); arrays broadcast."""

    human_noise: Numbers
    agent_noise: Numbers
    misalignment: Numbers = 0.0
    irreversibility: Numbers = 1.0

    def __post_init__(self) -> None:
        check_fields(self, amount, "human_noise", "agent_noise", "misalignment", why=" (a standard deviation)")
        check_fields(self, amount, "irreversibility", why=" (1 is reversible)", low=1)

    @property
    def agent_error(self) -> Floats:
        """√(κ(σ_A² + τ²)): what the agent's errors weigh, as a standard deviation."""
        return np.sqrt(self.irreversibility) * np.hypot(self.agent_noise, self.misalignment)

    def loss(self, weight: Numbers) -> Floats:
        """Expected loss at a weight on the agent's estimate, 0 to 1, (…)."""
        w = probability("weight", weight)
        return (w * self.agent_error) ** 2 + ((1 - w) * self.human_noise) ** 2

    @property
    def best(self) -> Floats:
        """w*, the weight of least loss, (…); 0 if neither ever errs."""
        with np.errstate(over="ignore"):
            odds = quotient(self.agent_error, self.human_noise) ** 2
        return np.where(np.equal(self.human_noise, 0), 0.0, 1 / (1 + odds))[()]


# --- two signals -------------------------------------------------------------------------------------------------------


def index_correlation(dial: Numbers, principal: Numbers, agent: Numbers) -> Floats:
    """R(d), what the index knows of the good of acting; `principal` ρ_H, `agent` ρ_A; shapes broadcast, (…).

    0 where two perfect signals contradict each other and cancel: the index is then always 0.
    """
    d, h, a = probability("dial", dial), correlation("principal", principal), correlation("agent", agent)
    return np.clip(_over((1 - d) * h + d * a, np.sqrt(_index_variance(d, h, a))), -1, 1)[()]


def worth(dial: Numbers, principal: Numbers, agent: Numbers, harm_weight: Numbers = 1.0) -> Floats:
    """W(d), the expected value of a decision in standard deviations of the good of acting, (…).

    0 where the index is always 0: then nothing is ever done.
    """
    w, known = amount("harm_weight", harm_weight), index_correlation(dial, principal, agent)
    silent = _index_variance(np.asarray(dial, dtype=float), principal, agent) == 0
    return np.where(silent, 0.0, ((1 + known) - w * (1 - known)) / math.sqrt(8 * math.pi))[()]


def _index_variance(d: Floats, h: Numbers, a: Numbers) -> Floats:
    """D² = (1 − d)² + d² + 2d(1 − d)ρ_Hρ_A, without cancellation where the signals contradict each other."""
    return (1 - 2 * d) ** 2 + 2 * d * (1 - d) * (1 + np.multiply(h, a))


def _over(a: Floats, b: Floats) -> Floats:
    """a/b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b))), where=np.greater(b, 0))


@dataclass(frozen=True, eq=False, kw_only=True)
class SignalTypes:
    """Types of a principal or an agent: `correlation` (…, J) of their signal with the good, `chance` (…, J) of each."""

    correlation: Numbers
    chance: Numbers

    def __post_init__(self) -> None:
        check_fields(self, lambda *given: np.atleast_1d(correlation(*given)), "correlation")
        object.__setattr__(self, "chance", distribution("chance of the types", self.chance))
        kinds = [np.shape(given)[-1] for given in (self.correlation, self.chance)]
        if kinds[0] != kinds[1]:
            raise ValueError(f"correlation, chance: each type needs a chance: {kinds[0]} types, {kinds[1]} chances")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Best:
    """The best dial, and what it is worth there: mean and spread over the agent's type; all (…)."""

    dial: Floats
    worth: Floats
    spread: Floats

    def __repr__(self) -> str:
        if np.ndim(self.dial):
            return f"<Best {np.shape(self.dial)}: dial from {np.min(self.dial):.3g} to {np.max(self.dial):.3g}>"
        shown = (number(float(value)) for value in (self.dial, self.worth, self.spread))
        return "dial {}, worth {} ± {} over the agent's type".format(*shown)


#: Steps of the search for the best dial; halvings of the step in which it lies.
GRID, HALVINGS = 128, 38


@dataclass(frozen=True, eq=False, kw_only=True)
class TwoSignals:
    """Principals and agents of independent types; `harm_weight` w ≥ 0.  A dial broadcasts against the types' leading axes."""

    principals: SignalTypes
    agents: SignalTypes
    harm_weight: Numbers = 1.0

    def __post_init__(self) -> None:
        check_fields(self, amount, "harm_weight")

    def worth(self, dial: Numbers) -> Floats:
        """E W(d) over both types, (…)."""
        return self._mean(self._by_agent(self._cells(dial)))[()]

    def spread(self, dial: Numbers) -> Floats:
        """Standard deviation over the agent's type: what many decisions of copies of one agent leave, (…)."""
        each = self._by_agent(self._cells(dial))
        return np.sqrt(self._covariance(each, each))[()]

    def spread_of_average(self, dial: Numbers, decisions: Numbers) -> Floats:
        """Standard deviation of the average over N decisions of copies of one agent, each with a principal of its own, (…).

        spread² + (variance of one decision given the agent's type)/N, where
        E[U²; U > 0, index > 0] = 1/4 + [arcsin R + R√(1 − R²)]/2π.
        """
        count, (d, h, a, w) = at_least("decisions", decisions, 1), self._pairs(dial)
        known = index_correlation(d, h, a)
        tilt = (np.arcsin(known) + known * np.sqrt(1 - known**2)) / (2 * math.pi)
        squares = np.where(_index_variance(d, h, a) == 0, 0.0, (0.25 + tilt) + w**2 * (0.25 - tilt))
        one = self._mean(self._by_agent(squares) - self._by_agent(self._cells(dial)) ** 2)
        return np.sqrt(self.spread(dial) ** 2 + one / count)[()]

    def slope(self, dial: Numbers) -> Floats:
        """dE W/dd, (…): at 0 positive iff full corrigibility is worth leaving, at 1 negative iff full autonomy is."""
        return self._mean(self._by_agent(self._slopes(dial)))[()]

    def best(self, aversion: Numbers = 0.0) -> Best:
        """The dial that maximises mean − aversion·spread: the best of a grid, then halving by the slope's sign.

        Of several maxima the most corrigible.
        """
        lamda = amount("aversion", aversion)
        shape = np.broadcast_shapes(lamda.shape, np.shape(self.worth(0.0)))
        grid = np.linspace(0, 1, GRID + 1).reshape(-1, *[1] * len(shape))
        score = np.broadcast_to(self.worth(grid) - (lamda * self.spread(grid) if lamda.any() else 0.0), (GRID + 1, *shape))
        at, most = score.argmax(0), score.max(0)
        low, high = np.maximum(at - 1, 0) / GRID, np.minimum(at + 1, GRID) / GRID
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            rises = self._net_slope(middle, lamda) > 0
            low, high = np.where(rises, middle, low), np.where(rises, high, middle)
        dial = np.where(low == 0, 0.0, high)
        found = self.worth(dial) - lamda * self.spread(dial)
        jumped = found < most - 1e-12 * (1 + np.abs(most))  # where perfect signals contradict, no slope leads to the best
        dial = np.where(jumped, at / GRID, dial)[()]
        return Best(dial=dial, worth=self.worth(dial), spread=self.spread(dial))

    # --- inside ---

    def _pairs(self, dial: Numbers) -> tuple[Floats, Floats, Floats, Floats]:
        """Dial, ρ_H, ρ_A and weight of harm for each pair of types, (…, principals, agents)."""
        d, w = probability("dial", dial)[..., None, None], np.asarray(self.harm_weight)[..., None, None]
        return d, np.asarray(self.principals.correlation)[..., :, None], np.asarray(self.agents.correlation)[..., None, :], w

    def _cells(self, dial: Numbers) -> Floats:
        """W for each pair of types, (…, principals, agents)."""
        return worth(*self._pairs(dial))

    def _slopes(self, dial: Numbers) -> Floats:
        """dW/dd for each pair of types; 0 where the index is always 0."""
        d, h, a, w = self._pairs(dial)
        tilt = (1 - d) * a * (1 - h**2) - d * h * (1 - a**2)
        return (1 + w) / math.sqrt(8 * math.pi) * _over(tilt, _index_variance(d, h, a) ** 1.5)

    def _by_agent(self, cells: Floats) -> Floats:
        """Mean over principals, (…, agents)."""
        return (cells * np.asarray(self.principals.chance)[..., :, None]).sum(-2)

    def _mean(self, each: Floats) -> Floats:
        """Mean over agents, (…)."""
        return (each * self.agents.chance).sum(-1)

    def _covariance(self, a: Floats, b: Floats) -> Floats:
        """½ Σ_ij p_i p_j (a_i − a_j)(b_i − b_j) over agents: exactly 0 where the values are equal."""
        p = np.asarray(self.agents.chance)
        pairs = (a[..., :, None] - a[..., None, :]) * (b[..., :, None] - b[..., None, :])
        return (pairs * (p[..., :, None] * p[..., None, :])).sum((-1, -2)) / 2

    def _net_slope(self, dial: Floats, aversion: Floats) -> Floats:
        """The slope of mean − aversion·spread; to the right where the spread is 0."""
        if not aversion.any():
            return self.slope(dial)
        each, slopes = self._by_agent(self._cells(dial)), self._by_agent(self._slopes(dial))
        spread, moving = (np.sqrt(self._covariance(part, part)) for part in (each, slopes))
        widening = np.where(spread > 0, _over(self._covariance(each, slopes), spread), moving)
        return self._mean(slopes) - aversion * widening


def discounted_trust(trust: Numbers, aversion: Numbers) -> Floats:
    """q − λ√(q(1 − q)), (…): whoever maximises mean − λ·spread acts as if maximising the mean with this trust instead of q.

    That holds for two types of agents, as long as the one of probability q does better.  It may be negative: then no dial
    at which the types differ is worth its spread.
    """
    q = probability("trust", trust)
    return q - amount("aversion", aversion) * np.sqrt(q * (1 - q))


guard(__name__)
