"""The impact of an amendment: the amended spec beside the one in force, on every case that somebody brings.

Both specs are compiled for each case in its context: a batch of two policies along `version`, so that all that a rule does is
seen in who gets which answer and what comes of it.  A case in which answers change says who gains and who loses, in which
fraction of plausible worlds the amended spec is better, and the values that would reverse that.  Cases are not added up: nobody
knows how many senders each of them stands for.  Instead the impact says which mix of the best and the worst case would make the
amendment worth it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import guard
from ..arrays import Floats
from ..case import Case
from ..evaluate import Outcome, expect
from ..policy import Axis, Policy, bayes, stack
from ..text import Printable, Printed, number, percent, place_of
from ..uncertainty import Comparison, compare
from .compiler import compile  # noqa: A004
from .priority import Choose
from .promises import classify
from .rules import Rules
from .versions import SpecDifference, difference, version_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERYBODY = "everybody"


@dataclass(frozen=True, eq=False, repr=False)
class CaseImpact(Printed):
    """One case under both versions: answers, outcomes, who gains and who loses, and how surely."""

    name: str
    """What it is called: its context where that is enough, else its title."""
    case: Case
    outcome: Outcome
    """What the two versions bring; `outcome.policy` is the batch of the spec in force and the amended one."""
    moved: Mapping[tuple[str, str], float]
    """The share of all senders who get another answer, by the answers before and after."""
    operator: tuple[str, str]
    """What the operator's configuration does to users, under each version."""
    comparison: Comparison
    """The amended spec beside the one in force; its draws are what it adds in plausible worlds, help units per request."""

    @property
    def gain(self) -> float:
        """Net value that the amended spec adds, help units per request."""
        return float(self.comparison.gain)

    @property
    def better_in(self) -> float:
        """The fraction of plausible worlds in which the amended spec is better; nan if no answer changes."""
        return float(self.comparison.ahead) if self.moved else float("nan")

    @property
    def nets(self) -> Floats:
        """What each segment contributes to net value before and after, (2, S), help units per request; adds up to the net."""
        means = self.outcome.by_segment
        return means.share * (means.help - self.outcome.harm_weight * (means.harm + means.neglect))

    @property
    def gains(self) -> Floats:
        """The change of that, (S,): whoever gains by the amendment is above 0, whoever loses below."""
        return self.nets[1] - self.nets[0]

    def _parts(self) -> Iterator[Printable]:
        said = "; ".join(f"{number(round(1000 * p) or 1000 * p)} move from {b} to {a}" for (b, a), p in self.moved.items())
        yield f"{self.name}: of 1000 senders, {said}." if said else f"{self.name}: no answer changes."
        if self.operator[0] != self.operator[1]:
            yield f"What its operator asks for counted as “{self.operator[0]}” and would count as “{self.operator[1]}”."
        if said:
            yield f"Gains: {self._who(1)}. Loses: {self._who(-1)}. (Help units per 1000 senders.)"
            yield self.outcome
            yield self.comparison

    def _who(self, sign: int) -> str:
        """The segments that gain, or that lose, the most first; what is rounding beside the largest change is none."""
        gains = sign * self.gains
        order = [s for s in np.argsort(-gains, kind="stable") if gains[s] > 1e-12 * np.abs(gains).max()]
        return ", ".join(f"{self.case.segments[s]} {'+' * (sign > 0)}{number(1000 * self.gains[s])}" for s in order) or "nobody"


@dataclass(frozen=True)
class Mix:
    """The mix of the case that gains most and the one that loses most at which an amendment is worth what it costs."""

    gains: str
    loses: str
    share: float
    """The share of their senders that has to come to the first."""
    low: float
    high: float
    """The central 90% of plausible worlds."""

    @property
    def rate(self) -> float:
        """How many senders of the second lose as much as one of the first gains."""
        return (1 - self.share) / self.share if self.share else inf

    def __str__(self) -> str:
        return (
            f"One sender in {self.gains} gains as much as {number(self.rate)} in {self.loses} lose: the amendment is worth it "
            f"if more than {percent(self.share)} of the two come to the first ({percent(self.low)} to {percent(self.high)} in "
            "90% of plausible worlds)."
        )


@dataclass(frozen=True, eq=False, repr=False)
class Impact(Printed):
    """What an amended spec does beside the one in force, case by case."""

    difference: SpecDifference
    cases: tuple[CaseImpact, ...]

    def of(self, name: str) -> CaseImpact:
        """One case by its name here, or a ValueError that suggests a name."""
        return self.cases[place_of(name, [each.name for each in self.cases], "case")]

    @property
    def mix(self) -> Mix | None:
        """Which mix of the case that gains most and the one that loses most would be worth it; None without one of them."""
        moved = sorted((each for each in self.cases if each.moved), key=lambda each: each.gain)
        if not moved or not moved[0].gain < 0 < moved[-1].gain:
            return None
        worst, best = moved[0], moved[-1]
        low, high = np.quantile(_even_share(best.comparison.draws, worst.comparison.draws), [0.05, 0.95])
        return Mix(best.name, worst.name, float(_even_share(best.gain, worst.gain)), float(low), float(high))

    def _parts(self) -> Iterator[Printable]:
        yield f"What comes of {self.difference.after} beside {self.difference.before}"
        yield self.difference
        yield from (each for each in self.cases if each.moved)
        better, worse = (sum(sign * each.gain > 0 and bool(each.moved) for each in self.cases) for sign in (1, -1))
        same = len(self.cases) - better - worse
        yield f"Of {len(self.cases)} cases it is better in {better}, worse in {worse}, and makes no difference in {same}."
        yield str(self.mix or "")


def assess_impact(
    before: Rules,
    after: Rules,
    cases: Sequence[Case] | Case,
    *,
    rng: np.random.Generator,
    worlds: int = 2000,
    choose: Choose = bayes,
    harm_weight: float | None = None,
) -> Impact:
    """What an amended spec does beside the one in force, on cases in their contexts.

    `choose` answers within what each spec leaves, as in `compile`.  Contexts of one scenario see the same random numbers and so
    share their plausible worlds; those of another scenario are independent of them.  A TypeError for a single case, a
    ValueError for none or for one that is given twice.
    """
    if isinstance(cases, Case):
        raise TypeError("the impact is on a list of cases: write [case]")
    titles = [case.title for case in cases]
    if not titles or len(set(titles)) < len(titles):
        raise ValueError(f"the impact is on at least one case, and each once, not {', '.join(titles) or 'none'}")
    seeds = {name: int(rng.integers(2**63)) for name in dict.fromkeys(case.name for case in cases)}
    one_file = len(seeds) == 1 and all(case.context and not case.edits for case in cases)
    names = version_names(before, after)

    def assess(case: Case) -> CaseImpact:
        made = (compile(rules, case, choose=choose) for rules in (before, after))
        then, now = (replace(policy, name=name) for policy, name in zip(made, names, strict=True))
        seed = np.random.default_rng(seeds[case.name])
        return CaseImpact(
            name=case.context if one_file else case.title,
            case=case,
            outcome=expect(case, stack([then, now], Axis("version", names)), harm_weight),
            moved=_moved(case, then, now),
            operator=(classify(before, case.messages).verdict, classify(after, case.messages).verdict),
            comparison=compare(case, stack([now]), then, rng=seed, worlds=worlds, harm_weight=harm_weight)[0],
        )

    return Impact(difference(before, after), tuple(map(assess, cases)))


def _moved(case: Case, before: Policy, after: Policy) -> dict[tuple[str, str], float]:
    """The share of senders on whose signals the two policies answer differently, by what they answer."""
    found: dict[tuple[str, str], float] = {}
    for k, sent in enumerate(case.population.joint.sum(0)):
        pair = _given(before, k), _given(after, k)
        if sent > 0 and pair[0] != pair[1]:
            found[pair] = found.get(pair, 0.0) + float(sent)
    return found


def _given(policy: Policy, k: int) -> str:
    """What a policy answers on a signal: a response, several with their probabilities, or a question and what follows it."""
    replies = [] if policy.after is None else [_named(policy, row) for row in policy.after[k] if row.max() > 0]
    asks = [f"asks, then {' | '.join(replies)}"] if replies else []
    return "; ".join(part for part in (_named(policy, policy.answer[k]), *asks) if part)


def _named(policy: Policy, row: Floats) -> str:
    some = [(name, float(share)) for name, share in zip(policy.responses, row, strict=True) if share > 1e-9]
    return some[0][0] if len(some) == 1 and some[0][1] > 1 - 1e-9 else ", ".join(f"{n} {percent(p)}" for n, p in some)


def _even_share(gains: Any, loses: Any) -> Floats:
    """The share x of the first case at which x · gains + (1 − x) · loses is 0; 1 if it does not gain, 0 if nobody loses."""
    up, down = np.maximum(gains, 0), np.maximum(-loses, 0)
    return np.where(down == 0, 0.0, np.where(up == 0, 1.0, down / np.where(up + down > 0, up + down, 1)))


def draw_impact(impact: Impact, ax: Axes | None = None) -> Axes:
    """Who gains (to the right) and who loses by an amendment, in each case in which an answer changes.

    Bars are changes of net value in help units per 1000 senders of the message, so that small segments have small bars;
    beside them stands net value before → after.  A ValueError if no answer changes in any case.
    """
    from ..plots import HARMFUL, new_axes, sender_colours

    rows = [row for each in impact.cases if each.moved for row in _bars(each)]
    if not rows:
        raise ValueError("no answer changes in any case: there is nothing to draw")
    ax, palette = new_axes(ax, (8.4, 0.9 + 0.27 * len(rows))), sender_colours()
    side: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "fontsize": 8}
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    for place, ((name, nets), text) in enumerate(zip(rows, ax.get_yticklabels(), strict=True)):
        text.set(parse_math=False, fontweight="bold" if nets is None else "normal")
        if nets is not None:  # gains are full, losses hatched, everybody together an outline
            change, whole = nets[1] - nets[0], name == EVERYBODY
            colour, open_ = palette[0 if change >= 0 else HARMFUL], whole or change < 0
            hatch = "////" if open_ and not whole else ""
            ax.barh(place, change, 0.62, color="none" if open_ else colour, hatch=hatch, edgecolor=colour, linewidth=1.4)
            ax.text(1.01, place, f"{number(nets[0])} → {number(nets[1])}", va="center", **side)
    ax.axvline(0, color=ax.xaxis.label.get_color(), lw=0.8)
    ax.set(ylim=(len(rows) - 0.4, -0.7), xlabel="change of net value, help units per 1000 senders")
    ax.text(1.01, -0.7, "before → after", va="bottom", style="italic", **side)
    ax.set_title(f"Who gains and who loses: {impact.difference.after}", loc="left", fontsize=10, parse_math=False)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def _bars(each: CaseImpact) -> Iterator[tuple[str, tuple[float, float] | None]]:
    """A row for the case's name, one for each segment with its share, one for everybody: name, net before and after."""
    yield each.name, None
    nets = 1000 * np.concatenate([each.nets, each.nets.sum(1, keepdims=True)], 1).T
    names = [f"{name}, {percent(float(p))}" for name, p in zip(each.case.segments, each.case.population.shares, strict=True)]
    yield from ((name, (float(b), float(a))) for name, (b, a) in zip([*names, EVERYBODY], nets, strict=True))


guard(__name__)
