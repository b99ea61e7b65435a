"""What comes of overriding instructions: along the dial, departure by departure, two by two.

* **Along the dial**: means for each operator and model at each position, and what bad orders and bad judgement lose.
* The **list**: every departure in the order of its believed gain, with its true one beside it.
* **Two by two**: good or other values, deferring or acting, and P(good values) at which both are worth the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import guard
from ..arrays import Bools, Floats, Ints
from ..text import Printable, Printed, number, percent
from .deployment import POSITIONS, Deployment

# --- along the dial ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Outlook:
    """Means per request, (…,): help (help units), harm and neglect (harm units); all values in help units."""

    help: Floats
    harm: Floats
    neglect: Floats
    net: Floats
    regret: Floats
    """What is lost against the best policy: `obeyed` + `judged`."""
    obeyed: Floats
    """The part of the regret that is lost where the instruction is followed: best − instructed, signal by signal."""
    judged: Floats
    """The part that is lost where own judgement departs from it: best − own.  Where both agree, the loss is the order's."""
    departs: Floats
    """The share of senders for whom the instruction is not followed."""
    mistaken: Floats
    """The share for whom that departure is a loss on average over those who send their signal."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DialCurve:
    """Outlooks along the dial for each operator and each model: arrays (O, T, D); `dial` (D,), `probability` (O, T).

    `best` is the net value of the best policy per request, help units.
    """

    dial: Floats
    each: Outlook
    probability: Floats
    best: float

    @property
    def badly(self) -> Bools:
        """Where it goes badly, (O, T, D): more than half of the best possible is lost."""
        return self.each.regret > abs(self.best) / 2

    @property
    def badly_off(self) -> Floats:
        """P(it goes badly), (2, D): where mostly orders that are obeyed lose it, and where mostly own judgement does."""
        orders = self.each.obeyed >= self.each.judged
        return np.stack([np.tensordot(self.probability, self.badly & cause, 2) for cause in (orders, ~orders)])

    def expected(self) -> Outlook:
        """The outlook (D,) over all operators and models."""
        return Outlook(**{name: np.tensordot(self.probability, values, 2) for name, values in vars(self.each).items()})


def along(deployment: Deployment, dial: ArrayLike = POSITIONS) -> DialCurve:
    """Exact means at positions (D,), for each operator and model.  A ValueError if safeguards are arrays.

    They are sums over departures, without a policy; `expect` of `Deployment.case` and `Deployment.policy` says the same.
    """
    positions, agents = np.atleast_1d(np.asarray(dial, dtype=float)), deployment.agents
    return DialCurve(
        dial=positions,
        each=_outlook(deployment, deployment.step(positions)),
        probability=np.outer(agents.operator_probabilities(), agents.model_probabilities()),
        best=float(deployment.best.sum()),
    )


def _outlook(deployment: Deployment, step: Ints) -> Outlook:
    """Means of each operator and model on some steps of the staircase (D,), arrays (O, T, D)."""
    followed, changed = deployment.effects
    lost = deployment.best - deployment.value(followed)  # by each order, (O, K)
    rows = np.empty((6, *changed.shape[1:]))  # what each departure changes, (6, O, T, K)
    rows[:3], rows[3], rows[5] = changed, deployment.original.population.signal_chance, lost[:, None]
    rows[4] = rows[3] * (deployment.value(changed) < 0)
    summed = (rows[..., None, :] @ deployment.taken)[..., 0, :][..., step] * deployment.safeguards.numbers[0]
    means = followed.sum(-1)[:, :, None, None] + summed[:3]
    net = deployment.value(means)
    obeyed, regret = lost.sum(-1)[:, None, None] - summed[5], deployment.best.sum() - net
    judged, departs, mistaken = regret - obeyed, summed[3], summed[4]
    return Outlook(means[0], means[1], means[2], net, regret, obeyed, judged, departs, mistaken)


# --- the list ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Departures(Printed):
    """All departures in the order in which the dial reaches them; arrays (n,).

    `believed` and `true` are gains per sender of the signal (help units), `share` is the probability that a request meets this
    departure, and `net` the expected net value per request once it is taken too.
    """

    at: Floats
    operator: tuple[str, ...]
    model: tuple[str, ...]
    signal: tuple[str, ...]
    believed: Floats
    true: Floats
    share: Floats
    net: Floats

    def _parts(self) -> Iterable[Printable]:
        yield "In the order of the dial: gains per sender in help units; of 1000 requests, and their net value from there on"
        head = ("beyond dial", "operator", "model", "signal", "believed gain", "true gain", "of 1000", "net per 1000")
        rows = zip(*vars(self).values(), strict=True)
        yield (
            head,
            [
                ["always" if at < 0 else f"{at:.3f}", *who, number(b), number(t), f"{1000 * s:.3g}", number(1000 * n)]
                for at, *who, b, t, s, n in rows
            ],
        )


def departures(deployment: Deployment, *, least: float = 0.0) -> Departures:
    """The list that the dial walks down; departures that fewer than `least` of all requests meet are left out of it (not of
    net)."""
    agents, people, happen = deployment.agents, deployment.original.population, deployment.at < 1
    followed, changed = deployment.effects
    gains, sent = deployment.value(changed), people.signal_chance
    met = np.outer(agents.operator_probabilities(), agents.model_probabilities())[..., None] * deployment.safeguards.numbers[0]
    order = np.argsort(deployment.at[happen], kind="stable")
    share, each = (values[happen][order] for values in (met * sent, met * gains))
    net = agents.operator_probabilities() @ deployment.value(followed).sum(-1) + np.cumsum(each)
    true = np.divide(gains, sent, out=np.zeros_like(gains), where=sent > 0)
    shown = share >= least
    o, t, k = (index[order][shown] for index in np.nonzero(happen))
    return Departures(
        at=deployment.at[o, t, k],
        operator=tuple(agents.operators[i].name for i in o),
        model=tuple(agents.models[i].name for i in t),
        signal=tuple(people.signal_names[i] for i in k),
        believed=deployment.gain[o, t, k],
        true=true[o, t, k],
        share=share[shown],
        net=net[shown],
    )


# --- two by two -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TwoByTwo(Printed):
    """{good values, other values} × {defers, acts}: expected net value per request, (2, 2), help units."""

    nets: Floats
    trust: float
    """P(good values) as stated."""

    @property
    def break_even(self) -> float:
        """P(good values) from which acting is worth as much as deferring: lost / (lost + won); 0 if always, nan if never."""
        won, lost = (self.nets[:, 1] - self.nets[:, 0]) * (1, -1)
        return float(max(lost, 0.0) / (max(lost, 0.0) + won)) if won > 0 else float("nan")

    def _parts(self) -> Iterable[Printable]:
        even, here = percent(self.break_even), percent(self.trust)
        if np.isnan(self.break_even):
            yield "Acting is not worth more even if the values are surely good."
        else:
            yield f"Acting is worth more where good values have a probability above {even}; here it is {here}."
        rows = zip(("good values", "other values"), (1000 * self.nets).tolist(), strict=True)
        yield ["net per 1000", "defers (dial 0)", "acts (dial 1)"], [[name, *map(number, values)] for name, values in rows]


def two_by_two(deployment: Deployment) -> TwoByTwo:
    """What deferring and acting are worth with good and with other values: the table behind the constitution's argument.

    `Other values` are all models that are not good, by their probabilities; operators are as stated.  A ValueError if there are
    models of one kind only.
    """
    agents, curve = deployment.agents, along(deployment, [0.0, 1.0])
    nets = np.tensordot(agents.operator_probabilities(), curve.each.net, 1)
    # Differences from one model are averaged, so that what is the same for all stays the same to the last digit.
    return TwoByTwo(nets=nets[0] + agents.model_probabilities([1.0, 0.0]) @ (nets - nets[0]), trust=agents.trust_in_model)


guard(__name__)
