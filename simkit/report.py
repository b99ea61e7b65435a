"""A comparison of policies that people can read: outcomes, plausible ranges, conclusions with what would reverse them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .arguments import guard
from .arrays import Floats
from .case import Case
from .evaluate import RATES, Outcome, expect
from .event_counts import count_events
from .pareto import Frontier, Information, frontier, information, price_of_constraints
from .policy import Policy, bayes, candidates, observed, plausible, singles, stack
from .population import Worlds, draw_worlds
from .text import Printable, Printed, number, percent, span
from .uncertainty import (
    Comparison,
    MinimaxRegret,
    WorstCase,
    best_in_worlds,
    compare,
    minimax_regret,
    net_in_worlds,
    worst_case,
)


@dataclass(frozen=True)
class Interval:
    """A number with the interval that evidence or judgement leaves open."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One policy: means per request, rates with their intervals, and how it fares in plausible worlds.

    `net` has the central 90% of plausible worlds; rates have the central 95% of what the counts of an observed model leave
    open, at the shares of the file.  `best_in` is the fraction of worlds in which no other row has a higher net value;
    `any_harm` the probability of at least one harmful event among the report's users.
    """

    policy: str
    help: float
    harm: float
    neglect: float
    net: Interval
    over_refusal: Interval
    under_refusal: Interval
    over_caution: float
    over_compliance: float
    regret: float
    best_in: float
    any_harm: float


@dataclass(frozen=True)
class SystemLayer:
    """What a system prompt did to the same weights: the change in rates and means, with 95% intervals from the counts."""

    policy: str
    without: str
    over_refusal: Interval
    under_refusal: Interval
    help: Interval
    harm: Interval
    neglect: Interval
    net: Interval

    def __str__(self) -> str:
        rates = [f"{name} {_signed(100, getattr(self, name.replace('-', '_')))} points" for name in RATES]
        means = [f"{name} {_signed(1000, getattr(self, name))}" for name in ("help", "harm", "neglect", "net")]
        return f"System prompt of {self.policy}: {', '.join(rates)}; per 1000 senders {', '.join(means)}."


def _signed(scale: float, change: Interval) -> str:
    """A change with its interval, each with its sign."""
    value, *ends = (("+" if x > 0 else "") + number(float(f"{scale * x:.3g}")) for x in (change.value, change.low, change.high))
    return f"{value} ({ends[0]}…{ends[1]})"


@dataclass(frozen=True, eq=False, repr=False)
class Report(Printed):
    """What a comparison found.  `str()` is for people, `data()` for machines."""

    case: Case
    harm_weight: float
    users: int
    worlds: int
    policies: tuple[Policy, ...]
    rows: tuple[Row, ...]
    conclusions: tuple[Comparison, ...]
    system_layers: tuple[SystemLayer, ...]
    frontier: Frontier
    frontier_without_constraints: Frontier
    information: Information
    price_of_constraints: Interval
    worst_loss: WorstCase | None
    minimax: MinimaxRegret | None

    _between = "\n\n"

    def _parts(self) -> list[Printable]:
        return [self.heading, (HEAD, self.table()), self.note, *self.sentences()]

    @property
    def heading(self) -> str:
        """What was compared."""
        return f"{self.case.title}: “{self.case.request}”"

    @property
    def note(self) -> str:
        """What the columns mean."""
        counted = " (with 95% of what the counts leave open)" if self.case.observed else ""
        unit = "help unit" if self.harm_weight == 1 else "help units"
        lines = [
            *([self.case.units] if self.case.units else []),
            f"Amounts are per 1000 senders; one harm unit outweighs {number(self.harm_weight)} {unit}.",
            f"Net: with 90% of {self.worlds} plausible worlds.",
            f"Over-refusal: harmless senders refused; under-refusal: harmful senders not refused{counted}.",
            f"Any harm: probability of at least one harmful event among {self.users} senders.",
            "Over-caution and over-compliance: net value lost by holding back and by giving too much, against the best",
            "response to each sender. Regret: against the best policy. Best in: plausible worlds in which no row is better.",
        ]
        return " ".join(lines)

    def table(self) -> list[list[str]]:
        """The rows as text, in the order of `HEAD`."""
        return [
            [
                row.policy,
                *(number(1000 * x) for x in (row.help, row.harm, row.neglect)),
                f"{number(1000 * row.net.value)} ({span(1000 * row.net.low, 1000 * row.net.high)})",
                _rate(row.over_refusal),
                _rate(row.under_refusal),
                percent(row.any_harm),
                *(number(1000 * x) for x in (row.over_caution, row.over_compliance, row.regret)),
                percent(row.best_in),
            ]
            for row in self.rows
        ]

    def sentences(self) -> list[str]:
        """The conclusions in words, each with how surely it holds and what would reverse it."""
        return [*self._as_labelled(), *map(str, self.system_layers), *map(str, self.conclusions), *self._worth()]

    def _as_labelled(self) -> list[str]:
        """What was observed, before a judged overlap is mixed in."""
        overlap = self.case.population.overlap[0]
        seen = [policy for policy in self.policies if policy.name in self.case.observed]
        if not overlap or not seen:
            return []
        outcome = expect(self.case.with_overlap(0), stack(seen))
        rates = zip(seen, outcome.over_refusal, outcome.under_refusal, strict=True)
        said = ", ".join(f"{policy.name} {percent(over)} and {percent(under)}" for policy, over, under in rates)
        mixed = (
            f"These rates include a judged overlap: {percent(overlap)} of each kind of sender send the other kind's signals."
        )
        return [f"{mixed} Over- and under-refusal as labelled, without it: {said}."]

    def _worth(self) -> Iterator[str]:
        """What information, hard constraints and the shares inside their intervals are worth or cost."""
        worth, price = self.information, self.price_of_constraints
        signals, asking = number(1000 * worth.value_of_signals), number(1000 * worth.value_of_question)
        parts = [f"reading the signals {signals}", *([f"asking {asking}"] if self.case.question else [])]
        knowing = f"knowing who asks {number(1000 * worth.value_of_knowing_the_sender)} help units"
        yield f"Worth per 1000 senders, at these shares: {', '.join([*parts, knowing])}."
        if self.case.crosses.any():
            ends = f"{span(1000 * price.low, 1000 * price.high)} in 90% of plausible worlds"
            yield f"The hard constraints cost {number(1000 * price.value)} help units per 1000 senders ({ends})."
        if self.worst_loss and self.minimax:
            loss, behind = number(1000 * self.worst_loss.value), number(1000 * self.minimax.regret)
            first = f"Over all shares inside their intervals {self.conclusions[0].better} loses at most {loss} harm units"
            yield f"{first}, and the policy of minimax regret is at most {behind} help units behind the best, per 1000 senders."

    def data(self) -> dict[str, Any]:
        """Everything as plain data that JSON can hold: what does not exist is null, what is infinite is "inf"."""
        conclusions = [
            {key: getattr(c, key) for key in ("better", "worse", "gain", "holds", "standard_error")}
            | {"break_evens": [asdict(judged) for judged in c.break_evens]}
            for c in self.conclusions
        ]
        whole = {
            "case": self.case.name,
            **{key: getattr(self.case, key) for key in ("context", "state", "request")},
            "changed": self.case.edits,
            "per": "request; help in help units, harm and neglect in harm units",
            **{key: getattr(self, key) for key in ("harm_weight", "users", "worlds")},
            "policies": [asdict(row) for row in self.rows],
            "conclusions": conclusions,
            "system_layers": [asdict(layer) for layer in self.system_layers],
            "frontier": {"loss": self.frontier.loss.tolist(), "help": self.frontier.help.tolist()},
            "information": asdict(self.information),
            "price_of_constraints": asdict(self.price_of_constraints),
            "worst_loss_of_leader": self.worst_loss.value if self.worst_loss else None,
            "minimax_regret": self.minimax.regret if self.minimax else None,
        }
        return dict(jsonable(whole))


#: The columns of a report.
HEAD = ["policy", "help", "harm", "neglect", "net", "over-refusal", "under-refusal", "any harm"]
HEAD += ["over-caution", "over-compliance", "regret", "best in"]
#: What a system prompt may move.
MOVED = ("over_refusal", "under_refusal", "help", "harm", "neglect", "net")


def _rate(rate: Interval) -> str:
    if math.isnan(rate.value) or rate.high - rate.low < 1e-12:
        return percent(rate.value)
    return f"{percent(rate.value)} ({100 * rate.low:.0f}…{100 * rate.high:.0f}%)"


def jsonable(value: Any) -> Any:
    """Plain data without numbers that JSON has no word for."""
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if math.isfinite(number) else None if math.isnan(number) else str(number)
    return value


def summarize(
    case: Case,
    policies: Policy | Iterable[Policy] | None = None,
    harm_weight: float | None = None,
    *,
    rng: np.random.Generator,
    worlds: int = 2000,
    users: int | None = None,
) -> Report:
    """Compare policies (the case's candidates, if none are given), or those of a batch, and say what can be concluded.

    `worlds` plausible worlds are drawn from the file's intervals and from what the counts of observed models leave open.
    """
    weight = case.weight(harm_weight)
    chosen = _named_apart(singles(policies) if policies is not None else candidates(case, weight))
    if not chosen:
        raise ValueError("policies is empty: a report compares at least one")
    outcomes = [expect(case, policy, weight) for policy in chosen]
    many = case.users if users is None else users
    drawn = draw_worlds(case.population, rng, worlds)
    possible = [plausible(policy, rng, worlds) for policy in chosen]
    nets = np.stack([np.broadcast_to(net_in_worlds(case, policy, drawn, harm_weight=weight), worlds) for policy in possible])
    best, best_in = float(expect(case, bayes(case, harm_weight=weight), weight).net), (nets >= nets.max(0)).mean(1)
    rows = [
        _row(found, open_, net, regret=best - float(found.net), best_in=float(often), users=many)
        for found, open_, net, often in zip(outcomes, possible, nets, best_in, strict=True)
    ]
    pairs = _rivals(outcomes)
    conclusions = tuple(compare(case, a, b, harm_weight=weight, rng=rng, worlds=worlds) for a, b in pairs)
    return Report(
        case=case,
        harm_weight=weight,
        users=many,
        worlds=worlds,
        policies=tuple(chosen),
        rows=tuple(rows),
        conclusions=conclusions,
        system_layers=tuple(system_layers(case, weight, rng=rng, draws=worlds)),
        frontier=frontier(case),
        frontier_without_constraints=frontier(case.without_constraints()),
        information=information(case, weight),
        price_of_constraints=_price(case, drawn, weight),
        **_over_intervals(case, conclusions, weight),
    )


def _named_apart(policies: list[Policy]) -> list[Policy]:
    """The policies, those of a name that stands already with a note: a file may call one what a report calls another."""
    seen: list[str] = []
    for i, policy in enumerate(policies):
        if policy.name in seen:
            note = "the best possible" if policy.kind == "best" else f"policy {i + 1}"
            policies[i] = replace(policy, name=f"{policy.name} ({note})")
        seen.append(policies[i].name)
    return policies


def _price(case: Case, drawn: Worlds, weight: float) -> Interval:
    """What the hard constraints cost, with its range over plausible worlds (in which nothing is asked)."""
    free = case.without_constraints()
    with np.errstate(invalid="ignore"):
        costs = best_in_worlds(free, drawn, harm_weight=weight) - best_in_worlds(case, drawn, harm_weight=weight)
    return _range(np.asarray(price_of_constraints(case, weight)), np.where(costs > 0, costs, 0.0), 0.9)


def _over_intervals(case: Case, found: Sequence[Comparison], weight: float) -> dict[str, Any]:
    """The worst loss of the policy that is ahead, and minimax regret: for one state, finite harm and few segments."""
    simple = len(case.population.states) == 1 and not case.infinite_mean and len(case.population.segments) <= 12
    if not (simple and found):
        return {"worst_loss": None, "minimax": None}
    return {"worst_loss": worst_case(case, found[0].policy), "minimax": minimax_regret(case, weight)}


def _row(found: Outcome, possible: Policy, nets: Floats, *, regret: float, best_in: float, users: int) -> Row:
    spread = found if found.policy.counts is None else expect(found.case, possible, found.harm_weight)
    cells: dict[str, Any] = {
        n: float(getattr(found, n)) for n in ("help", "harm", "neglect", "over_caution", "over_compliance")
    }
    cells |= {name: _range(getattr(found, name), getattr(spread, name)) for name in ("over_refusal", "under_refusal")}
    cells["any_harm"] = float(count_events(found.case, found.policy, users).chance_of_any)
    return Row(policy=found.policy.name, net=_range(found.net, nets, 0.9), regret=regret, best_in=best_in, **cells)


def _range(value: Floats, draws: Floats, mass: float = 0.95) -> Interval:
    low, high = np.quantile(draws, [(1 - mass) / 2, (1 + mass) / 2], method="inverted_cdf")
    return Interval(float(value), min(float(low), float(value)), max(float(high), float(value)))


def _rivals(outcomes: Sequence[Outcome]) -> list[tuple[Policy, Policy]]:
    """What an argument would be about: the two best rivals; the best answer and the best refusal; what signals add.

    Rivals are the observed models and whatever was made by hand if several models were observed, else all policies but the
    best.  Up to three that were made by hand are compared with the one that is ahead, wherever they stand.
    """
    made = [one for one in outcomes if not one.policy.kind and one.policy.counts is None]
    counted = [one for one in outcomes if one.policy.counts is not None]
    best = [one for one in outcomes if one.policy.kind == "best"]
    rivals = [*counted, *made] if len(counted) > 1 else [one for one in outcomes if one.policy.kind != "best"]
    ranked = sorted(rivals, key=lambda one: -float(one.net))
    if not ranked:
        return []
    first = ranked[0]
    fixed = [one for one in ranked if one.policy.kind == "constant"]
    refusing = [first.case.refuses[one.policy.answer[0].argmax()] for one in fixed]
    best_of_kind = [fixed[refusing.index(kind)] for kind in (False, True) if kind in refusing]
    others = dict.fromkeys([*ranked[1:2], *best_of_kind, *made[:3]])
    pairs = [(first.policy, one.policy) for one in others if one is not first]
    gains = [one for one in best[:1] if not math.isclose(one.net, first.net, rel_tol=1e-9)]
    return [*pairs, *((one.policy, first.policy) for one in gains)]


def system_layers(
    case: Case, harm_weight: float | None = None, *, rng: np.random.Generator, draws: int = 2000
) -> list[SystemLayer]:
    """The effect of each system prompt in the file: observed models that are the same weights with and without it."""
    weight, layers = case.weight(harm_weight), []
    for pair in case.same_weights:
        policies = [observed(case, name) for name in pair]
        here, there = (expect(case, policy, weight) for policy in policies)
        drawn, base = (expect(case, plausible(policy, rng, draws), weight) for policy in policies)
        columns = [[getattr(found, of) for found in (here, there, drawn, base)] for of in MOVED]
        layers.append(SystemLayer(*pair, *(_range(a - b, c - d) for a, b, c, d in columns)))
    return layers


guard(__name__)
