"""A comparison of policies that people can read: outcomes, plausible ranges, conclusions with what would reverse them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .arrays import Floats
from .case import Case
from .evaluate import Outcome, expect
from .event_counts import count_events
from .pareto import Frontier, Information, frontier, information, price_of_constraints
from .policy import Policy, bayes, candidates, observed, plausible, singles, stack
from .population import Worlds, draw_worlds
from .text import html_lines, html_table, number, percent, span, text_table
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
class Range:
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
    net: Range
    over_refusal: Range
    under_refusal: Range
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
    over_refusal: Range
    under_refusal: Range
    help: Range
    harm: Range
    neglect: Range
    net: Range

    def __str__(self) -> str:
        rates = [("over-refusal", self.over_refusal), ("under-refusal", self.under_refusal)]
        moves = [f"{name} {_signed(100, x)} points" for name, x in rates]
        amounts = [("help", self.help), ("harm", self.harm), ("neglect", self.neglect), ("net", self.net)]
        means = [f"{name} {_signed(1000, x)}" for name, x in amounts]
        return f"System prompt of {self.policy}: {', '.join(moves)}; per 1000 senders {', '.join(means)}."


def _signed(scale: float, change: Range) -> str:
    """A change with its interval, each with its sign."""
    value, *ends = (("+" if x > 0 else "") + number(float(f"{scale * x:.3g}")) for x in (change.value, change.low, change.high))
    return f"{value} ({ends[0]}…{ends[1]})"


@dataclass(frozen=True, eq=False, repr=False)
class Report:
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
    price_of_constraints: Range
    worst_loss: WorstCase | None
    minimax: MinimaxRegret | None

    def __str__(self) -> str:
        return "\n\n".join([self.heading, text_table(HEAD, self.table()), self.note, *self.sentences()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_lines(self.heading, []) + html_table(HEAD, self.table(), self.note) + html_lines("", self.sentences())

    @property
    def heading(self) -> str:
        """What was compared."""
        return f"{self.case.title}: “{self.case.request}”"

    @property
    def note(self) -> str:
        """What the columns mean."""
        counted = " (with 95% of what the counts leave open)" if self.case.observed else ""
        lines = [
            *([self.case.units] if self.case.units else []),
            f"Amounts are per 1000 senders; one harm unit outweighs {_units(self.harm_weight)}.",
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
        found = [*self._as_labelled(), *map(str, self.system_layers), *map(str, self.conclusions), self._worth()]
        return [*found, *self._price(), *self._robust()]

    def _price(self) -> list[str]:
        price = self.price_of_constraints
        if not self.case.crosses.any():
            return []
        ends = f"{span(1000 * price.low, 1000 * price.high)} in 90% of plausible worlds"
        return [f"The hard constraints cost {number(1000 * price.value)} help units per 1000 senders ({ends})."]

    def _robust(self) -> list[str]:
        if self.worst_loss is None or self.minimax is None or not self.conclusions:
            return []
        loss, behind = number(1000 * self.worst_loss.value), number(1000 * self.minimax.regret)
        first = f"Over all shares inside their intervals {self.conclusions[0].better} loses at most {loss} harm units"
        return [f"{first}, and the policy of minimax regret is at most {behind} help units behind the best, per 1000 senders."]

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

    def _worth(self) -> str:
        worth = self.information
        asking = f", asking {number(1000 * worth.value_of_question)}" if self.case.question else ""
        return (
            f"Worth per 1000 senders, at these shares: reading the signals {number(1000 * worth.value_of_signals)}"
            f"{asking}, knowing who asks {number(1000 * worth.value_of_knowing_the_sender)} help units."
        )

    def data(self) -> dict[str, Any]:
        """Everything as plain data that JSON can hold: what does not exist is null, what is infinite is "inf"."""
        conclusions = [
            {
                "better": c.better,
                "worse": c.worse,
                "gain": float(c.gain),
                "holds": float(c.holds),
                "standard_error": float(c.standard_error),
                "break_evens": [asdict(judged) for judged in c.break_evens],
            }
            for c in self.conclusions
        ]
        whole = {
            "case": self.case.name,
            "context": self.case.context,
            "state": self.case.state,
            "request": self.case.request,
            "changed": self.case.edits,
            "per": "request; help in help units, harm and neglect in harm units",
            "harm_weight": self.harm_weight,
            "users": self.users,
            "worlds": self.worlds,
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


def _units(weight: float) -> str:
    return f"{number(weight)} help unit{'' if weight == 1 else 's'}"


def _rate(rate: Range) -> str:
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
    many = case.users if users is None else users
    drawn = draw_worlds(case.population, rng, worlds)
    possible = [plausible(policy, rng, worlds) for policy in chosen]
    nets = np.stack([np.broadcast_to(net_in_worlds(case, policy, drawn, harm_weight=weight), worlds) for policy in possible])
    best_in = (nets >= nets.max(0)).mean(1)
    best = float(expect(case, bayes(case, harm_weight=weight), weight).net)
    rows = [
        _row(expect(case, policy, weight), open_, net, best=best, best_in=float(often), users=many)
        for policy, open_, net, often in zip(chosen, possible, nets, best_in, strict=True)
    ]
    conclusions = tuple(_conclusions(case, chosen, weight, rng, worlds))
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


def _price(case: Case, drawn: Worlds, weight: float) -> Range:
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


def _row(found: Outcome, possible: Policy, nets: Floats, *, best: float, best_in: float, users: int) -> Row:
    case, policy = found.case, found.policy
    if policy.counts is None:
        rates = [Range(float(x), float(x), float(x)) for x in (found.over_refusal, found.under_refusal)]
    else:
        spread = expect(case, possible, found.harm_weight)
        rates = [_range(found.over_refusal, spread.over_refusal), _range(found.under_refusal, spread.under_refusal)]
    return Row(
        policy=policy.name,
        help=float(found.help),
        harm=float(found.harm),
        neglect=float(found.neglect),
        net=_range(found.net, nets, 0.9),
        over_refusal=rates[0],
        under_refusal=rates[1],
        over_caution=float(found.over_caution),
        over_compliance=float(found.over_compliance),
        regret=best - float(found.net),
        best_in=best_in,
        any_harm=float(count_events(case, policy, users).chance_of_any),
    )


def _range(value: Floats, draws: Floats, mass: float = 0.95) -> Range:
    low, high = np.quantile(draws, [(1 - mass) / 2, (1 + mass) / 2], method="inverted_cdf")
    return Range(float(value), min(float(low), float(value)), max(float(high), float(value)))


def _conclusions(case: Case, policies: list[Policy], weight: float, rng: np.random.Generator, worlds: int) -> list[Comparison]:
    """What an argument would be about: the two best rivals; the best answer and the best refusal; what signals add.

    Rivals are the observed models and whatever was made by hand if several models were observed, else all policies but the
    best.  Up to three that were made by hand are compared with the one that is ahead, wherever they stand.
    """
    made = [policy for policy in policies if not policy.kind and policy.counts is None]
    counted = [policy for policy in policies if policy.counts is not None]
    best = [policy for policy in policies if policy.kind == "best"]
    rivals = [*counted, *made] if len(counted) > 1 else [policy for policy in policies if policy.kind != "best"]
    ranked = sorted(rivals, key=lambda policy: -float(expect(case, policy, weight).net))
    pairs = [tuple(ranked[:2])] if len(ranked) > 1 else []
    for refuses in (False, True):
        kind = [p for p in ranked if p.kind == "constant" and case.refuses[p.answer[0].argmax()] == refuses]
        if kind and kind[0] is not ranked[0] and (ranked[0], kind[0]) not in pairs:
            pairs.append((ranked[0], kind[0]))
    pairs += [(ranked[0], one) for one in made[:3] if one is not ranked[0] and (ranked[0], one) not in pairs]
    pairs += [(best[0], ranked[0])] if best and ranked and not _alike(case, best[0], ranked[0], weight) else []
    return [compare(case, a, b, harm_weight=weight, rng=rng, worlds=worlds) for a, b in pairs]


def _alike(case: Case, a: Policy, b: Policy, weight: float) -> bool:
    first, second = (float(expect(case, policy, weight).net) for policy in (a, b))
    return first == second or abs(first - second) <= 1e-9 * max(abs(first), abs(second))


def system_layers(
    case: Case, harm_weight: float | None = None, *, rng: np.random.Generator, draws: int = 2000
) -> list[SystemLayer]:
    """The effect of each system prompt in the file: observed models that are the same weights with and without it."""
    return [_system_layer(case, (with_, without), case.weight(harm_weight), rng, draws) for with_, without in case.same_weights]


def _system_layer(case: Case, pair: tuple[str, str], weight: float, rng: np.random.Generator, draws: int) -> SystemLayer:
    policies = [observed(case, name) for name in pair]
    seen = [expect(case, policy, weight) for policy in policies]
    open_ = [expect(case, plausible(policy, rng, draws), weight) for policy in policies]

    def change(of: str) -> Range:
        here, there = (getattr(outcome, of) for outcome in seen)
        drawn, base = (getattr(outcome, of) for outcome in open_)
        return _range(here - there, drawn - base)

    columns = ("over_refusal", "under_refusal", "help", "harm", "neglect", "net")
    return SystemLayer(*pair, *(change(of) for of in columns))
