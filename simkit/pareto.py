"""Which policies are worth having: frontier, regret, the price of a bright line, the value of information.

Per signal (and, after a question, per reply) a choice of response is a point (loss, help); randomising gives their convex
hull, and signals add: so the efficient frontier over *all* randomised policies is the Minkowski sum of the hulls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .arguments import guard
from .arrays import Bools, Floats, Ints, contract, frozen
from .case import Case
from .evaluate import expect
from .policy import Axis, Policy, bayes, blend
from .population import Question

# --- the frontier -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Frontier:
    """The efficient frontier: corners (n,) in loss (harm + neglect, rising) and help (rising), and a policy at each.

    Between two corners the policies are blends of their two neighbours: the frontier is concave and piecewise linear.
    """

    case: Case
    loss: Floats
    help: Floats
    policies: Policy

    def at(self, loss: float) -> Policy:
        """The policy that buys the most help for a loss budget: at most one signal is answered at random."""
        if not loss >= self.loss[0] - 1e-12 * np.abs(self.loss).max():  # less rounding
            raise ValueError(f"no policy has a loss below {self.loss[0]:g}")
        loss = max(loss, float(self.loss[0]))
        index = int(np.clip(np.searchsorted(self.loss, loss, side="right") - 1, 0, max(len(self.loss) - 2, 0)))
        last = min(index + 1, len(self.loss) - 1)
        step = self.loss[last] - self.loss[index]
        share = min((loss - self.loss[index]) / step, 1.0) if step > 0 else 0.0
        return replace(blend(self.policies[index], self.policies[last], share), name=f"frontier at loss {loss:.3g}")

    def net(self, harm_weight: float) -> float:
        """The best net value that any policy reaches at this harm weight, help units."""
        return float((self.help - harm_weight * self.loss).max())

    def __repr__(self) -> str:
        ends = f"loss {self.loss[0]:.4g} to {self.loss[-1]:.4g}, help {self.help[0]:.4g} to {self.help[-1]:.4g}"
        return f"<Frontier of {self.case.name}: {len(self.loss)} corners, {ends}>"


@dataclass(frozen=True, eq=False)
class _Chain:
    """The efficient corners of one signal: loss and help (n,) rising, and the tables that give them."""

    loss: Floats
    help: Floats
    answer: Floats
    after: Floats | None


def frontier(case: Case) -> Frontier:
    """The exact frontier over all randomised policies that the filter allows, with the question if there is one."""
    chains = [_signal_chain(case, k) for k in range(len(case.population.signal_names))]
    loss, help_, places = _minkowski([(chain.loss, chain.help) for chain in chains])
    answer = np.stack([chain.answer[i] for chain, i in zip(chains, places.T, strict=True)], axis=1)
    afters = [chain.after[i] for chain, i in zip(chains, places.T, strict=True) if chain.after is not None]
    policies = Policy(
        name="frontier",
        axis=Axis("loss", tuple(loss.tolist()), "harm units per request"),
        answer=answer,
        after=np.stack(afters, axis=1) if afters else None,
        signals=case.population.signal_names,
        responses=case.responses,
    )
    return Frontier(case, frozen(loss), frozen(help_), policies)


def _minkowski(chains: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats, Ints]:
    """The corners of a sum of concave chains: loss and help (n,), and where each chain stands there (n, chains).

    The edges of all chains are taken in the order of their slopes.
    """
    edges = [(np.diff(help_) / np.diff(loss), np.full(len(loss) - 1, k)) for k, (loss, help_) in enumerate(chains)]
    order = np.argsort(-np.concatenate([slopes for slopes, _ in edges]), kind="stable")
    owner = np.concatenate([owners for _, owners in edges])[order].astype(int)
    places = np.concatenate([np.zeros((1, len(chains)), int), np.cumsum(np.eye(len(chains), dtype=int)[owner], axis=0)])
    loss, help_ = (sum(chain[axis][place] for chain, place in zip(chains, places.T, strict=True)) for axis in (0, 1))
    return np.asarray(loss), np.asarray(help_), places


def _signal_chain(case: Case, k: int) -> _Chain:
    """The efficient corners of signal k: answering at once, or asking and answering each reply."""
    joint, responses, allowed = case.population.joint[:, k], len(case.responses), np.flatnonzero(case.allowed)
    loss, help_, answer = *_points(case, joint), np.eye(responses)[allowed]
    if case.question is None:
        keep = _efficient(loss, help_)
        return _Chain(loss[keep], help_[keep], answer[keep], None)
    asked_loss, asked_help, after = _asked_chain(case, case.question, joint)
    loss, help_ = np.concatenate([loss, asked_loss]), np.concatenate([help_, asked_help])
    answer = np.concatenate([answer, np.zeros((len(after), responses))])
    after = np.concatenate([np.zeros((len(allowed), *after.shape[1:])), after])
    keep = _efficient(loss, help_)
    return _Chain(loss[keep], help_[keep], answer[keep], after[keep])


def _points(case: Case, joint: Floats) -> tuple[Floats, Floats]:
    """Loss and help of each allowed response to the senders that `joint (S,)` weighs."""
    return contract(joint, case.loss)[case.allowed], (joint @ case.help)[case.allowed]


def _asked_chain(case: Case, question: Question, joint: Floats) -> tuple[Floats, Floats, Floats]:
    """Corners (n,) of asking on one signal: the Minkowski sum over replies, less the cost; and their tables (n, J, R)."""
    points = [_points(case, joint * reply) for reply in question.reply.T]
    keeps = [_efficient(*point) for point in points]
    loss, help_, places = _minkowski([(x[keep], y[keep]) for (x, y), keep in zip(points, keeps, strict=True)])
    chosen = [np.flatnonzero(case.allowed)[keep][place] for keep, place in zip(keeps, places.T, strict=True)]
    return loss, help_ - float(joint @ question.cost), np.eye(len(case.responses))[np.stack(chosen, axis=1)]


#: Two sums of a few products that differ by less than this fraction are the same number.
ROUNDING = 1e-14


def _efficient(loss: Floats, help_: Floats) -> Ints:
    """The points on the upper left of the convex hull, loss and help both rising by more than rounding."""
    finite = np.flatnonzero(np.isfinite(loss))
    hull: list[int] = []
    for i in finite[np.lexsort((-help_[finite], loss[finite]))]:
        if hull and help_[i] <= help_[hull[-1]] + ROUNDING * (abs(help_[i]) + abs(help_[hull[-1]])):
            continue
        while hull and (
            loss[i] <= loss[hull[-1]] + ROUNDING * (abs(loss[i]) + abs(loss[hull[-1]]))
            or (len(hull) > 1 and _bends_down(loss, help_, hull[-2], hull[-1], i))
        ):
            hull.pop()
        hull.append(int(i))
    return np.array(hull or [int(np.argmin(loss))])


def _bends_down(loss: Floats, help_: Floats, a: int, b: int, c: int) -> bool:
    """Whether b lies on or under the line from a to c."""
    return bool((help_[b] - help_[a]) * (loss[c] - loss[a]) <= (help_[c] - help_[a]) * (loss[b] - loss[a]))


def regret(case: Case, policy: Policy, harm_weight: float | None = None) -> Floats:
    """What the policy gives away against the best policy that the filter allows, (…,), help units per request.

    Never negative, except that an observed policy may cross a hard constraint and gain by it: the bright line has its price.
    It is nan where the best policy has an infinite loss too.
    """
    weight = case.weight(harm_weight)
    with np.errstate(invalid="ignore"):
        return expect(case, bayes(case, harm_weight=weight), weight).net - expect(case, policy, weight).net


def price_of_constraints(case: Case, harm_weight: float | None = None) -> float:
    """Net value per request that the hard constraints cost, help units, ≥ 0: the best without them less the best with."""
    free = case.without_constraints()
    return float(regret(free, bayes(case, harm_weight=harm_weight), harm_weight))


# --- information ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Information:
    """The best net value per request with more and more information, help units: each is at least the one before.

    `nothing`: one response for everybody; `signals`: the message as it is; `question`: and the clarifying question, asked
    where it pays; `sender`: knowing the segment.  (Raiffa & Schlaifer 1961: value of sample and of perfect information.)
    """

    nothing: float
    signals: float
    question: float
    sender: float

    @property
    def value_of_signals(self) -> float:
        """Value of reading the message at all."""
        return _worth(self.signals, self.nothing)

    @property
    def value_of_question(self) -> float:
        """Value of being able to ask, after its cost."""
        return _worth(self.question, self.signals)

    @property
    def value_of_knowing_the_sender(self) -> float:
        """Expected value of perfect information about the sender, over the signals alone."""
        return _worth(self.sender, self.signals)


def _worth(informed: float, blind: float) -> float:
    """What information adds; rounding is not worth anything."""
    gain = informed - blind
    return gain if gain > 1e-12 * max(abs(informed), abs(blind)) else 0.0


def information(case: Case, harm_weight: float | None = None) -> Information:
    """What it is worth to see the signals, to ask, and to know who is asking."""
    weight = case.weight(harm_weight)
    value = np.where(case.allowed, case.value(weight), -np.inf)
    signals = float(best_score(contract(case.population.joint.T, case.value(weight)), case.allowed).sum())
    return Information(
        nothing=float(best_score(contract(case.population.shares, case.value(weight)), case.allowed)),
        signals=signals,
        question=float(expect(case, bayes(case, harm_weight=weight), weight).net) if case.question else signals,
        sender=float(contract(case.population.shares, value.max(1))),
    )


def best_score(score: Floats, allowed: Bools) -> Floats:
    """The best score (…,) over the allowed responses of `score` (…, R)."""
    return np.where(allowed, score, -np.inf).max(-1)


guard(__name__)
