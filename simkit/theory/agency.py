"""Ask or act: what a check is worth, when to wait, how often to check in, and overseers who tire.

**Ask or act.**  An act is wrong with probability q.  It gains B if right and loses L if wrong; asking costs c.  With a perfect
answer, asking beats acting iff q·L > c.  If the good of the act is U ~ N(μ, σ²), a check is worth s·𝓛(|μ|/s), where
𝓛(z) = φ(z) − z·Φ(−z) and s = σ²/√(σ² + τ²) for an answer with noise τ (Raiffa & Schlaifer 1961).

**Mixed initiative** (Horvitz 1999).  Doing nothing, a dialog and the act each have a utility if the person wants the act and
one if not.  Each is a line in p = P(wanted); the best is the upper envelope of the three.

**Waiting.**  Who acts for good cannot use what is learnt later.  Option value = worth of waiting and then choosing − worth of
acting now (Dixit & Pindyck 1994, chapter 2); quasi-option value = worth of waiting with and without learning (Arrow & Fisher
1974; Henry 1974).  Under a geometric Brownian motion one acts only once the value is β/(β − 1) times the cost.

**Irreversible failure.**  A step gains r; with probability h it fails for good and loses L.  Asking costs c a step and never
fails.  Future steps are discounted by γ:  V_act = (r − hL)/(1 − γ(1 − h)),  V_ask = (r − c)/(1 − γ).  They are equal at
c* = h[L(1 − γ) + γr]/(1 − γ + γh), which exceeds the myopic hL exactly if r > hL.

**Checking in.**  A check costs c steps of work; at each step a slip of probability h wastes what follows until the next check.
Near √(2c/h) steps are best (Young 1974; Daly 2006); the exact best interval is found here.

**Side effects** (Krakovna and others 2019): how much less can be reached than if nothing had been done.

**Overseers tire.**  The k-th request of a task is read with probability f + (1 − f)·2^(−(k − 1)/m), else it is approved.  If
requests come in an order that has nothing to do with their risk, the k riskiest of which asking is about are caught with the
*mean* of that: so the number caught can fall as more is asked.  This form is ours.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import lambertw, ndtr

from ..arguments import guard
from ..arrays import Floats, Ints
from .inputs import Numbers, amount, at_least, distribution, positive, probability, quotient, real

if TYPE_CHECKING:
    import networkx as nx


class Rounded:
    """A result of numbers or arrays that prints each with four digits."""

    def __repr__(self) -> str:
        shown = (f"{name} {np.round(value, 4)}" for name, value in vars(self).items())
        return f"<{type(self).__name__}: {', '.join(shown)}>"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AskOrAct(Rounded):
    """What acting, asking first and leaving it are worth, and the probability of error above which asking beats acting."""

    act: Floats
    ask: Floats
    leave: Floats
    threshold: Floats


def ask_or_act(error: Numbers, *, gain: Numbers, loss: Numbers, cost: Numbers) -> AskOrAct:
    """Act, ask first or leave it, with an act that is wrong with probability `error` and an answer that is never wrong, (…)."""
    q, b = probability("error", error), amount("gain", gain)
    lost, c = positive("loss", loss), amount("cost", cost)
    right = (1 - q) * b
    return AskOrAct(act=right - q * lost, ask=right - c, leave=0 * (right - c), threshold=np.minimum(c / lost, 1.0))


def check_value(mean: Numbers, sd: Numbers, noise: Numbers = 0.0) -> Floats:
    """What an answer is worth before one acts or leaves it, if the good of the act is N(mean, sd²), (…); ask iff it costs less.

    `noise` is the standard deviation of the error of the answer: 0 for a perfect one, inf for none.
    """
    mu, sigma, tau = real("mean", mean), positive("sd", sd), at_least("noise", noise, 0)
    spread = sigma * (sigma / np.hypot(sigma, tau))
    z = np.minimum(quotient(np.abs(mu), spread), 38.0)  # beyond, the value is below the smallest number
    return (spread * np.maximum(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) - z * ndtr(-z), 0.0))[()]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DialogBand(Rounded):
    """Thresholds in P(wanted): ask from `ask_from` on, act from `act_from` on; `without_dialog` where one cannot ask.

    If a dialog is never best, the first two are `without_dialog`.
    """

    ask_from: Floats
    act_from: Floats
    without_dialog: Floats


def dialog_band(act: tuple[Numbers, Numbers], ask: tuple[Numbers, Numbers], leave: tuple[Numbers, Numbers]) -> DialogBand:
    """Where three lines meet: the utilities of each choice, if the person wants the act and if not, (…).

    A ValueError unless acting depends most on what is wanted, and leaving it least (Horvitz 1999, figure 3).
    """
    given = {"act": act, "ask": ask, "leave": leave}
    for name, pair in given.items():
        if len(pair) != 2:
            raise ValueError(f"{name} is a pair: its utility if the person wants the act, and if not")
    lines = [[real(name, u) for u in pair] for name, pair in given.items()]
    slopes = [wanted - unwanted for wanted, unwanted in lines]
    if not (np.all(slopes[0] > slopes[1]) and np.all(slopes[1] > slopes[2])):
        raise ValueError("utilities differ most between wanted and unwanted for act, less for ask, least for leave")

    def crossing(i: int, j: int) -> Floats:
        return np.clip((lines[j][1] - lines[i][1]) / (slopes[i] - slopes[j]), 0.0, 1.0)

    low, high, none = crossing(1, 2), crossing(0, 1), crossing(0, 2)
    return DialogBand(
        ask_from=np.where(low < high, low, none)[()], act_from=np.where(low < high, high, none)[()], without_dialog=none[()]
    )


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Waiting(Rounded):
    """What it is worth to act now, to wait and choose without news (`blind`), and to wait and choose with it (`informed`)."""

    now: Floats
    blind: Floats
    informed: Floats

    @property
    def option_value(self) -> Floats:
        """What waiting with news is worth beyond acting now; negative if acting now is better."""
        return self.informed - self.now

    @property
    def quasi_option_value(self) -> Floats:
        """What the news is worth to those who wait; never negative."""
        return self.informed - self.blind


def waiting(now: Numbers, later: ArrayLike, chance: ArrayLike, *, discount: Numbers = 1.0) -> Waiting:
    """Act now for `now`, or wait: `later` (…, A, n) is the worth of each of A choices in each of n cases that are then known.

    `chance` (…, n) are the probabilities of the cases, `discount` what the wait leaves of a worth.
    """
    worth, p, kept = real("later", later), distribution("chance", chance), probability("discount", discount)
    if worth.ndim < 2 or not worth.shape[-2] or worth.shape[-1] != p.shape[-1]:
        raise ValueError(f"later (…, A, n) is the worth of A choices in the n cases of chance, not {worth.shape} for {p.shape}")
    return Waiting(
        now=real("now", now),
        blind=(kept * (worth * p[..., None, :]).sum(-1).max(-1))[()],
        informed=(kept * (worth.max(-2) * p).sum(-1))[()],
    )


def hurdle(interest: Numbers, payout: Numbers, sd: Numbers) -> Floats:
    """How many times its cost an irreversible act must be worth before one does it, (…).

    The value moves as a geometric Brownian motion: `sd` per √year, `payout` what waiting forgoes a year, `interest` a year.
    Dixit & Pindyck (1994), chapter 5, section 2.
    """
    r, d, variance = positive("interest", interest), positive("payout", payout), positive("sd", sd) ** 2
    drift = (r - d) / variance - 0.5
    whole = np.sqrt(drift**2 + 2 * r / variance)
    root = np.where(drift > 0, 2 * r / variance / (whole + np.abs(drift)), whole - drift)  # no difference of large numbers
    return (root / (root - 1))[()]


# --- irreversible failure ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Irreversible(Rounded):
    """Worth of always acting and of always asking, and the cost of asking at which they are equal: in truth, and myopically."""

    act: Floats
    ask: Floats
    break_even: Floats
    myopic: Floats


def irreversible(*, reward: Numbers, hazard: Numbers, loss: Numbers, discount: Numbers, cost: Numbers = 0.0) -> Irreversible:
    """Closed form for a step that may fail for good, (…).  A ValueError unless 0 ≤ discount < 1."""
    r, h, lost = real("reward", reward), probability("hazard", hazard), amount("loss", loss)
    g, c = probability("discount", discount), amount("cost", cost)
    if np.any(g == 1):
        raise ValueError("discount must be below 1: without it every future is worth infinitely much")
    return Irreversible(
        act=(r - h * lost) / (1 - g * (1 - h)),
        ask=(r - c) / (1 - g),
        break_even=h * (lost * (1 - g) + g * r) / (1 - g + g * h),
        myopic=h * lost,
    )


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Solved(Rounded):
    """The best worth of each state, (S,), and the best action in it, (S,)."""

    worth: Floats
    action: Ints


def solve(rewards: ArrayLike, moves: ArrayLike, discount: float) -> Solved:
    """The best policy of a finite Markov decision process, exactly: policy iteration, each policy by a linear system.

    `rewards` (A, S) of an action in a state, `moves` (A, S, S) where it leads; nothing is approximated, so irreversible states
    need no special care.  Howard (1960).
    """
    gains, leads = real("rewards", rewards), distribution("moves", moves)
    kept = float(probability("discount", discount))
    if gains.ndim != 2 or not gains.size or leads.shape != (*gains.shape, gains.shape[1]) or kept == 1:
        raise ValueError(f"rewards (A, S), moves (A, S, S) and a discount below 1 are needed: not {gains.shape}, {leads.shape}")
    states = np.arange(gains.shape[1])
    action = gains.argmax(0)
    while True:
        worth = np.linalg.solve(np.eye(len(states)) - kept * leads[action, states], gains[action, states])
        value = gains + kept * leads @ worth
        better = value.argmax(0)
        better = np.where(value[better, states] > value[action, states] + 1e-12 * (1 + np.abs(worth)), better, action)
        if (better == action).all():
            return Solved(worth=worth, action=action)
        action = better


# --- checking in, and side effects ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CheckIn(Rounded):
    """Steps between two checks: by the square-root rule, exactly (inf: never check), and what is lost a step at the latter."""

    rule: Floats
    interval: Floats
    cost: Floats


def check_in(cost: Numbers, hazard: Numbers) -> CheckIn:
    """How often to check in: a check costs `cost` steps, at each step a slip of probability `hazard` wastes the rest, (…)."""
    c, h = positive("cost", cost), positive("hazard", probability("hazard", hazard))
    kept = (1 - h) / h  # good steps before a slip, if nobody checks
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = -np.log1p(-h)
        best = _waste(-np.log1p(-c / kept)) / rate  # where more steps gain as much as they waste
    found = np.where(c < kept, best, np.inf)
    down, up = np.maximum(np.floor(found), 1), np.maximum(np.ceil(found), 1)
    interval = np.where(lost_per_step(up, c, h) < lost_per_step(down, c, h), up, down)
    return CheckIn(rule=np.sqrt(2 * c / h), interval=interval[()], cost=lost_per_step(interval, c, h)[()])


def _waste(level: Floats) -> Floats:
    """The u ≥ 0 with u − log(1 + u) = level: −1 − W₋₁(−exp(−1 − level)), by its series where that has no digits left."""
    root = np.sqrt(2 * level)
    return np.where(root < 1e-3, root + root**2 / 3 + root**3 / 36, -1 - lambertw(-np.exp(-1 - level), -1).real)


def lost_per_step(interval: Numbers, cost: Numbers, hazard: Numbers) -> Floats:
    """Checks and wasted steps per step, with a check every `interval` steps, (…); 1 if one never checks."""
    steps, c = at_least("interval", interval, 1), amount("cost", cost)
    h = positive("hazard", probability("hazard", hazard))
    with np.errstate(divide="ignore", invalid="ignore"):
        good = (1 - h) * -np.expm1(steps * np.log1p(-h)) / h
        return np.where(np.isinf(steps), 1.0, (c + steps - good) / steps)


def side_effect(graph: nx.DiGraph[Hashable], baseline: Hashable, now: Hashable, *, discount: float = 1.0) -> float:
    """Relative reachability: how much less can be reached from `now` than from `baseline`, averaged over all states, 0 to 1.

    A state at distance d counts discount^d as reached.  Krakovna and others (2019), equation 2.  A ValueError for a state that
    is not there.
    """
    import networkx as nx

    kept = float(probability("discount", discount))
    if missing := {baseline, now} - set(graph):
        raise ValueError(f"the graph has no state {missing.pop()!r}")
    before, after = (nx.single_source_shortest_path_length(graph, state) for state in (baseline, now))

    def reach(distances: dict[Hashable, int], state: Hashable) -> float:
        return kept ** distances[state] if state in distances else 0.0

    return float(np.mean([max(reach(before, state) - reach(after, state), 0.0) for state in graph]))


# --- overseers --------------------------------------------------------------------------------------------------------


def reading(request: Numbers, half_life: Numbers, floor: Numbers = 0.0) -> Floats:
    """The probability that the overseer reads the k-th request of a task, k = 1, 2, …, (…); else it is approved unread.

    `half_life` is the number of requests after which attention has halved on its way to `floor`; inf: nobody tires.
    """
    k, m = amount("request", request, low=1), at_least("half_life", half_life, 1e-9)
    least = probability("floor", floor)
    return least + (1 - least) * np.exp2(-(k - 1) / m)


def caught(risks: ArrayLike, half_life: Numbers, floor: Numbers = 0.0) -> Floats:
    """How many unwanted acts are caught by asking about the 0, 1, …, n riskiest of n, (n + 1,).

    `risks` (n,) are the probabilities that each is unwanted.  Requests come in an order that has nothing to do with the risk.
    """
    q = np.sort(np.atleast_1d(probability("risks", risks)))[::-1]
    if q.ndim != 1 or not q.size or np.ndim(half_life) or np.ndim(floor):
        raise ValueError("risks are those of one request or more, (n,), with one half_life and one floor")
    asked = np.arange(1.0, len(q) + 1)
    read: Floats = np.cumsum(reading(asked, half_life, floor)) / asked
    return np.append(0.0, np.cumsum(q) * read)


def approved(risks: ArrayLike, half_life: Numbers, floor: Numbers = 0.0) -> float:
    """The fraction of requests that is approved if all of `risks` (n,) are asked about: the wanted, and the unread."""
    return float(1 - caught(risks, half_life, floor)[-1] / np.size(risks))


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A published test of a guard that approves or stops actions: the fraction of bad ones it missed, of which population."""

    missed: float
    low: float
    high: float
    population: str
    source: str


#: One kind of guard on two populations.  Both are 95% intervals; the first is Wilson's for 9 of 52, computed by us.
GUARDS = (
    Guard(
        missed=9 / 52,
        low=0.094,
        high=0.297,
        population="52 overeager actions of real use",
        source="Anthropic, Claude Code auto mode, 25 March 2026 (read on third-party pages)",
    ),
    Guard(
        missed=0.81,
        low=0.738,
        high=0.874,
        population="253 state-changing actions in 128 tasks made to be ambiguous",
        source="Ji, Li, Jiang, Gao and Wang, arXiv 2604.04978, 2026 (abstract read)",
    ),
)


def missed_in_all(never_seen: Numbers, missed_if_seen: Numbers) -> Floats:
    """What a guard misses in all, (…): what never reaches it, and of the rest what it lets pass."""
    outside = probability("never_seen", never_seen)
    return outside + (1 - outside) * probability("missed_if_seen", missed_if_seen)


guard(__name__)
