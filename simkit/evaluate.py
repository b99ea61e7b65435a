"""What then happens, exactly: exposure, expect.

Everything is read off one table, W[s, r] = Σ_k share[s] · signal[s, k] · (answer[k, r] + Σ_j reply[s, j] · after[k, j, r]):
the probability that a request comes from segment s and ends in response r.  It is linear in shares and policy, so means are
sums.  Each policy of a batch is summed in the same order as alone, so that its numbers are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .arguments import guard
from .arrays import Bools, Floats, contract, frozen, met, weigh
from .case import Case
from .policy import Policy
from .text import Printable, Printed, number, percent


def exposure(case: Case, policy: Policy) -> Floats:
    """W (…, S, R): the probability that a request comes from segment s and ends in response r.  Adds up to 1."""
    fits(case, policy)
    people = case.population
    if policy.states:
        joint = (people.state_chance[:, None] * people.in_states)[:, :, None] * people.signals
        return frozen(sum(joint[z] @ policy.in_state(state).answer for z, state in enumerate(people.states)))
    table = people.joint @ policy.answer
    if policy.after is not None:
        table = table + case.asked_joint @ policy.after.reshape(*policy.batch, -1, len(case.responses))
    return frozen(table)


def per_sender(case: Case, policy: Policy, values: Floats) -> Floats:
    """Mean of `values (S, R)` for a sender of segment s with signal k, (…, S, K); without the cost of asking.

    Exposure sums over signals and holds the shares, so these readings need the mean per sender: what one signal brings
    (`gain`), other shares than the case's (plausible worlds, break-evens), rates of events in each state, and the means of a
    segment that nobody belongs to at these shares.  A policy that differs by state is averaged over the states in which the
    segment sends.
    """
    fits(case, policy)
    if policy.states:
        parts = [per_sender(case, policy.in_state(state), values) for state in case.population.states]
        return np.asarray(sum(met(odds, part) for odds, part in zip(_state_odds(case), parts, strict=True)))
    means = np.swapaxes(contract(policy.answer, values.T), -1, -2)
    if policy.after is not None and case.question is not None:
        informed, reply = contract(policy.after, values.T), case.question.reply.T
        means = means + np.swapaxes(weigh(reply, informed, axis=-2), -1, -2)
    return means


def _state_odds(case: Case) -> Floats:
    """P(state z | segment s), (Z, S, 1); that of everybody for a segment to which nobody belongs."""
    probability, shares = case.population.state_chance[:, None], case.population.shares
    joint = probability * case.population.in_states
    return np.divide(joint, shares, out=np.broadcast_to(probability, joint.shape).copy(), where=shares > 0)[..., None]


def net_per_sender(case: Case, policy: Policy, harm_weight: float) -> Floats:
    """Net value for a sender of segment s with signal k, after the cost of asking, (…, S, K), help units."""
    net = per_sender(case, policy, case.value(harm_weight))
    if policy.after is None or case.question is None:
        return net
    return net - case.question.cost[:, None] * policy.asks[..., None, :]


def lead(case: Case, policy: Policy, reference: Policy, harm_weight: float) -> Floats:
    """Net value of a policy less that of a reference, per sender of segment s with signal k, (…, S, K), help units.

    Where both do the same it is 0, infinite or not; where both are infinite and differ it is nan.
    """
    with np.errstate(invalid="ignore"):
        gap = net_per_sender(case, policy, harm_weight) - net_per_sender(case, reference, harm_weight)
    asks = policy.after is not None or reference.after is not None
    if not case.infinite_mean or asks or policy.states or reference.states:
        return gap
    return np.where((policy.answer == reference.answer).all(-1)[..., None, :], 0.0, gap)


def gain(case: Case, instructed: Policy, own: Policy, *, harm_weight: float | None = None) -> Floats:
    """Net gain of `own` over `instructed` per sender of each signal, (…, K), help units, as `case` (a belief) sees it.

    A ValueError where it is undefined: on a signal on which both bring infinite harm, and not the same.
    """
    gap = lead(case, own, instructed, case.weight(harm_weight))
    gains = weigh(case.population.posterior, np.swapaxes(gap, -1, -2), axis=-1)
    if np.isnan(gains).any():
        raise ValueError(f"the gain of {own.name} over {instructed.name} is undefined: both bring harm without a finite mean")
    return gains


def fits(case: Case, policy: Policy) -> None:
    """Raise a ValueError if the policy was made for other signals, responses, replies or states."""
    needed = (len(case.population.signal_names), len(case.responses))
    if policy.answer.shape[-2:] != needed:
        raise ValueError(f"{policy.name} has a table of shape {policy.answer.shape[-2:]}; {case.name} needs {needed}")
    replies = len(case.question.replies) if case.question else 0
    if policy.after is not None and policy.after.shape[-2] != replies:
        raise ValueError(f"{policy.name} expects {policy.after.shape[-2]} replies to a question; {case.name} has {replies}")
    known = {"signals": case.population.signal_names, "responses": case.responses}
    for what, names in known.items():
        if getattr(policy, what) not in ((), names):
            raise ValueError(f"{policy.name} was made for other {what} than those of {case.name}")
    if policy.states and not set(case.population.states) <= set(policy.states):
        raise ValueError(f"{policy.name} does not say what it does in every state of {case.name}")


# --- expect -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class BySegment(Printed):
    """Means per sender of each segment, (…, S): help (after the cost of asking), harm, neglect, and that cost.

    Weighted by `share` they add up to the outcome's totals.
    """

    segments: tuple[str, ...]
    share: Floats
    help: Floats
    harm: Floats
    neglect: Floats
    asking: Floats

    def _parts(self) -> Iterator[Printable]:
        if self.help.ndim > 1:
            yield f"<BySegment {self.help.shape}>"
        else:
            table = zip(self.segments, self.share, self.help, self.harm, self.neglect, strict=True)
            rows = [[name, percent(share), *map(number, means)] for name, share, *means in table]
            yield ["segment", "share", "help", "harm", "neglect"], rows


@dataclass(frozen=True, eq=False, repr=False)
class Contributions(Printed):
    """Where each unit comes from: per segment and response, (…, S, R), adding up to the totals; asking is (…, S)."""

    segments: tuple[str, ...]
    responses: tuple[str, ...]
    weight: Floats
    help: Floats
    harm: Floats
    neglect: Floats
    asking: Floats
    harm_weight: float

    @property
    def net(self) -> Floats:
        """Net value per cell; the cost of asking stands beside it."""
        return frozen(self.help - (self.harm_weight * (self.harm + self.neglect) if self.harm_weight else 0.0))

    def _parts(self) -> Iterator[Printable]:
        if self.weight.ndim > 2:
            yield f"<Contributions {self.weight.shape}>"
            return
        net, columns = self.net, (self.help, self.harm, self.neglect, self.net)
        cells = sorted(zip(*np.nonzero(self.weight), strict=True), key=lambda cell: -abs(net[cell]))
        names = [f"{self.segments[s]} → {self.responses[r]}" for s, r in cells]
        rows = [[n, percent(self.weight[at]), *(number(x[at]) for x in columns)] for n, at in zip(names, cells, strict=True)]
        asked = zip(self.segments, -self.asking, strict=True)
        rows += [[f"{name}: being asked", "", number(cost), "0", "0", number(cost)] for name, cost in asked if cost < 0]
        yield ["who → what", "of requests", "help", "harm", "neglect", "net"], rows


@dataclass(frozen=True, eq=False, repr=False)
class Outcome(Printed):
    """What a policy (or a batch) brings, per request, in expectation over everybody who sends the message."""

    case: Case
    policy: Policy
    harm_weight: float
    help: Floats
    """Expected help per request, after the cost of asking, (…,), help units."""
    harm: Floats
    """Expected harm of answering per request, (…,), harm units."""
    neglect: Floats
    """Expected harm of refusing or answering poorly per request, (…,), harm units."""
    by_segment: BySegment

    @property
    def loss(self) -> Floats:
        """harm + neglect, harm units."""
        return self.harm + self.neglect

    @property
    def net(self) -> Floats:
        """help − harm_weight · loss, help units."""
        return self.help - self.harm_weight * self.loss if self.harm_weight else self.help + 0.0

    @cached_property
    def exposure(self) -> Floats:
        """W (…, S, R), see `exposure`."""
        return exposure(self.case, self.policy)

    @property
    def over_refusal(self) -> Floats:
        """P(refused | not harmful); nan if everybody is harmful."""
        return self._rate(~self.case.population.harmful, self.case.refuses)

    @property
    def under_refusal(self) -> Floats:
        """P(not refused | harmful); nan if nobody is."""
        return self._rate(self.case.population.harmful, ~self.case.refuses)

    def _rate(self, who: Bools, what: Bools) -> Floats:
        total = self.case.population.shares[who].sum()
        hit = who @ (self.exposure @ what)[..., None]
        return hit[..., 0] / total if total > 0 else np.full(hit.shape[:-1], np.nan)

    @cached_property
    def _shortfall(self) -> tuple[Floats, Floats]:
        """Net value lost in each cell against the segment's best allowed response (S, R): by caution, by compliance.

        The loss is help lost and neglect added (caution) plus harm added (compliance); where one of them is a gain, the other
        is less by it, so that both are ≥ 0 and add up to the loss.
        """
        case, weight = self.case, self.harm_weight
        value = case.value(weight)
        best = np.where(case.allowed, value, -np.inf).argmax(1)[:, None]
        with np.errstate(invalid="ignore"):
            lost = np.fmax(np.take_along_axis(value, best, 1) - value, 0.0)  # ∞ − ∞ is 0
            harm = weight * (case.harm - np.take_along_axis(case.harm, best, 1)) if weight else np.zeros_like(value)
            by_harm = np.minimum(np.fmax(harm, 0.0), lost)
            return np.fmax(lost - by_harm, 0.0), by_harm

    @property
    def over_caution(self) -> Floats:
        """Net value lost per request by holding back: less help or more neglect than the best response to the sender."""
        return weigh(self.exposure, self._shortfall[0])

    @property
    def over_compliance(self) -> Floats:
        """Net value lost per request by giving too much: more harm than the best response to the sender."""
        return weigh(self.exposure, self._shortfall[1])

    @cached_property
    def contributions(self) -> Contributions:
        """The table that explains where each unit of help, harm and neglect comes from."""
        case, weight = self.case, self.exposure
        help_, harm, neglect = (met(weight, values) for values in (case.help, case.harm, case.neglect))
        asking = self.by_segment.asking * self.by_segment.share
        segments, responses = case.population.segments, case.responses
        return Contributions(segments, responses, weight, help_, harm, neglect, asking, self.harm_weight)

    def rows(self) -> list[dict[str, float | str]]:
        """Records, one a policy, for `pandas.DataFrame(outcome.rows())`; the axis of a batch is a column of its own name."""
        places = {self.policy.axis.name: self.policy.axis.values} if self.policy.axis else {}
        columns: dict[str, Sequence[float | str]] = {"policy": self.policy.labels, **places, **self._columns()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _columns(self) -> dict[str, list[float]]:
        return {name: np.ravel(getattr(self, name.replace("-", "_"))).tolist() for name in COLUMNS}

    def _parts(self) -> Iterator[Printable]:
        """Each policy by its name or, in a batch with an axis, by its value there."""
        yield f"{self.case.name}, per request, one harm unit outweighing {number(self.harm_weight)} help units"
        axis, shown = self.policy.axis, [map(percent if name in RATES else number, x) for name, x in self._columns().items()]
        labels = self.policy.labels if axis is None else axis.labels
        yield [axis.name if axis else "policy", *COLUMNS], [list(row) for row in zip(labels, *shown, strict=True)]


#: What an outcome shows of each policy.
COLUMNS = ("help", "harm", "neglect", "net", "over-refusal", "under-refusal", "over-caution", "over-compliance")
RATES = ("over-refusal", "under-refusal")


def expect(case: Case, policy: Policy, harm_weight: float | None = None) -> Outcome:
    """Exact means of a policy, or of each of a batch, over everybody who sends the message.

    `harm_weight` is how many help units one harm unit outweighs (the file's, if it is not given).
    """
    fits(case, policy)
    people, means = case.population, _means_in_states(case, policy) if policy.states else _means(case, policy)
    asking = np.zeros((*policy.batch, len(people.segments)))
    if policy.after is not None and case.question is not None:
        asking = (people.signals @ policy.asks[..., None])[..., 0] * case.question.cost
    help_, harm, neglect = np.moveaxis(means, -2, 0)
    by_segment = BySegment(people.segments, people.shares, help_[..., :-1], harm[..., :-1], neglect[..., :-1], asking)
    weight = float(case.weight(harm_weight))
    return Outcome(case, policy, weight, help_[..., -1], harm[..., -1], neglect[..., -1], by_segment)


def _means(case: Case, policy: Policy) -> Floats:
    """Help (after the cost of asking), harm and neglect per sender of each segment and of everybody, (…, 3, S + 1)."""
    means = _in_blocks(policy.answer, case.gains)
    if policy.after is not None:
        means = means + _in_blocks(policy.after, case.gains_after)
    means = means.reshape(*policy.batch, 3, -1)
    if case.infinite_mean:
        given = exposure(case, policy) > 0
        for row, values in ((1, case.harm), (2, case.neglect)):
            endless = (given & np.isinf(values)).any(-1)
            means[..., row, :-1][endless] = np.inf
            means[..., row, -1][endless.any(-1)] = np.inf
    return means


#: Policies of a batch that are multiplied at once.
BLOCK = 8


def _in_blocks(tables: Floats, gains: Floats) -> Floats:
    """Each policy's table times `gains`, (N, V): products of one shape, so that no sum depends on the size of the batch."""
    flat = tables.reshape(-1, len(gains))
    rest = -len(flat) % BLOCK
    whole = np.concatenate([flat, np.zeros((rest, len(gains)))]) if rest else flat
    return (whole.reshape(-1, BLOCK, len(gains)) @ gains).reshape(len(whole), -1)[: len(flat)]


def _means_in_states(case: Case, policy: Policy) -> Floats:
    """The same for a policy that differs by state."""
    people, stakes = case.population, (case.help, case.harm, case.neglect)
    each = np.stack([weigh(people.signals, per_sender(case, policy, values), axis=-1) for values in stakes], -2)
    return np.concatenate([each, weigh(people.shares, each, axis=-1)[..., None]], -1)


guard(__name__)
