"""Monte Carlo: senders drawn one by one, and what happened to them.

Nothing here uses the exposure or the means of `evaluate`: a sender has a state, a segment, a signal, an answer, an event and
its size, each picked by a uniform number.  Means over many runs must agree with `expect` within their standard errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import guard
from .arrays import Floats, Ints
from .case import Case
from .evaluate import fits
from .policy import Policy
from .text import Printable, Printed, number

Amount = Literal["help", "harm", "neglect"]
AMOUNTS: tuple[Amount, ...] = ("help", "harm", "neglect")


@dataclass(frozen=True, eq=False)
class Senders:
    """Senders drawn one by one, (N,): segment, signal, response, event (0 none, 1 harm, 2 neglect), its size, asked."""

    segment: Ints
    signal: Ints
    response: Ints
    event: Ints
    size: Floats
    asked: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Printed):
    """Totals of simulated runs, (…, runs): help (after the cost of asking), harm and neglect of `users` senders each."""

    names: tuple[str, ...]
    users: int
    help: Floats
    harm: Floats
    neglect: Floats

    def mean(self, of: Amount = "harm") -> Floats:
        """Mean per request, (…,)."""
        return getattr(self, of).mean(-1) / self.users

    def standard_error(self, of: Amount = "harm") -> Floats:
        """Standard error of that mean over runs, (…,); nan for a single run."""
        totals: Floats = getattr(self, of)
        count = totals.shape[-1]
        return totals.std(-1, ddof=1) / np.sqrt(count) / self.users if count > 1 else np.full(totals.shape[:-1], np.nan)

    def _parts(self) -> Iterator[Printable]:
        yield f"{self.help.shape[-1]} runs of {self.users} senders; means per request ± standard error"
        pairs = [zip(np.atleast_1d(self.mean(of)), np.atleast_1d(self.standard_error(of)), strict=True) for of in AMOUNTS]
        columns = [[f"{number(mean)} ± {number(error)}" for mean, error in column] for column in pairs]
        yield ["policy", *AMOUNTS], [list(row) for row in zip(self.names, *columns, strict=True)]


def simulate(case: Case, policy: Policy, users: int = 1000, *, runs: int = 100, rng: np.random.Generator) -> Simulation:
    """Draw `runs` runs of `users` senders each and add up what happens to them.

    All policies of a batch meet the same senders with the same luck (common random numbers), so that their differences are
    sharper than each of them.
    """
    fits(case, policy)
    if len(policy.batch) > 1:
        raise ValueError("simulate takes one policy or a batch with one axis")
    policies = list(policy.as_batch())
    totals = np.zeros((3, len(policies), runs))
    states = np.asarray(rng.choice(len(case.population.states), runs, p=case.population.state_chance))
    block = max(1, 2_000_000 // max(8, len(case.population.signal_names)))
    for start in range(0, users * runs, block):
        run = np.arange(start, min(start + block, users * runs)) // users
        luck = _Luck.draw(case, rng, len(run))
        for p, one in enumerate(policies):
            sent = meet(case, one, states[run], luck)
            cost = case.question.cost[sent.segment] * sent.asked if case.question else 0.0
            amounts = (
                case.help[sent.segment, sent.response] - cost,
                *(np.where(sent.event == e, sent.size, 0.0) for e in (1, 2)),
            )
            for row, amount in enumerate(amounts):
                totals[row, p] += np.bincount(run, amount, runs)
    return Simulation(policy.labels, users, *totals.reshape(3, *policy.batch, runs))


@dataclass(frozen=True, eq=False)
class _Luck:
    """The random numbers of N senders: uniforms (6, N) and a size for each severity (M, N)."""

    uniform: Floats
    sizes: Floats

    @staticmethod
    def draw(case: Case, rng: np.random.Generator, count: int) -> _Luck:
        sizes = [severity.draw(rng, count) for severity in case.severities]
        return _Luck(rng.random((6, count)), np.array([*sizes, np.zeros(count)]))


def draw_senders(case: Case, policy: Policy, users: int, *, rng: np.random.Generator) -> Senders:
    """Draw the senders of one run, one by one."""
    fits(case, policy)
    state = rng.choice(len(case.population.states), p=case.population.state_chance)
    return meet(case, policy, np.full(users, state), _Luck.draw(case, rng, users))


def meet(case: Case, policy: Policy, state: Ints, luck: _Luck) -> Senders:
    """What happens to senders with this luck, in these states (N,), under one policy."""
    population, (who, what, how, said, then, fate) = case.population, luck.uniform
    segment = _pick(population.in_states[state], who)
    signal = _pick(population.signals[segment], what)
    places = np.array([policy.states.index(name) for name in population.states if policy.states], dtype=int)
    answer = policy.answer[places[state], signal] if policy.states else policy.answer[signal]
    response = _pick(np.concatenate([answer, np.maximum(1 - answer.sum(1, keepdims=True), 0)], 1), how)
    asked = (response == answer.shape[1]) if policy.after is not None else np.zeros(len(segment), dtype=bool)
    if policy.after is not None and case.question is not None and asked.any():
        reply = _pick(case.question.reply[segment[asked]], said[asked])
        response[asked] = _pick(policy.after[signal[asked], reply], then[asked])
    response = np.minimum(response, answer.shape[1] - 1)
    harm, neglect = (events.chance[segment, response] for events in (case.harm_events, case.neglect_events))
    event = np.where(fate < harm, 1, np.where(fate < harm + neglect, 2, 0))
    kind = np.where(event == 1, case.harm_events.severity[segment, response], case.neglect_events.severity[segment, response])
    size = np.where(event > 0, luck.sizes[kind, np.arange(len(kind))], 0.0)
    return Senders(segment, signal, response, event, size, asked)


def _pick(weights: ArrayLike, uniform: Floats) -> Ints:
    """For each row of weights (N, C) the index that a uniform draw picks."""
    edges = np.cumsum(weights, axis=1)
    return (edges[:, :-1] <= uniform[:, None] * edges[:, -1:]).sum(1)


def runs_needed(probability: float, error: float = 0.01) -> float:
    """How many runs know a probability p to within a relative standard error: (1 − p) / (p · error²); ∞ for p = 0."""
    if not (0 <= probability <= 1 and 0 < error < float("inf")):
        raise ValueError(f"a probability from 0 to 1 and an error above 0 are needed, not {probability:g} and {error:g}")
    return (1 - probability) / (probability * error**2) if probability > 0 else float("inf")


guard(__name__)
