"""The impact of an amendment: the amended spec beside the one in force, on every case that somebody brings.

Both specs are compiled for each case in its context, so that all that a rule does is seen in who gets which answer and what
comes of it.  A case in which answers change says who gains and who loses, in which fraction of plausible worlds the amended
spec is better, and its nearest break-even value.  Cases are not added up: nobody knows how many senders each of them stands
for.  Instead the impact says which mix of the best and the worst case would make the amendment worth it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, log
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats, frozen
from ..case import Case
from ..evaluate import Outcome, expect
from ..files import place_of
from ..policy import bayes
from ..text import Printable, Printed, number, percent
from ..uncertainty import BreakEven, Comparison, compare
from .compiler import WrittenPolicy, compile  # noqa: A004
from .priority import Choose
from .promises import classify
from .rules import Rules
from .versions import SpecDifference, difference, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERYBODY = "everybody"


@dataclass(frozen=True, eq=False)
class CaseImpact:
    """One case under both specs: answers, outcomes, who gains and who loses, and how surely."""

    name: str
    """What it is called: its context where that is enough, else its title."""
    case: Case
    before: Outcome
    after: Outcome
    moved: Mapping[tuple[str, str], float]
    """The share of all senders who get another answer, by the answers before and after."""
    operator: tuple[str, str]
    """What the operator's configuration does to users, under each spec."""
    comparison: Comparison

    @property
    def gain(self) -> float:
        """Net value that the amended spec adds, help units per request."""
        return float(self.after.net - self.before.net)

    @cached_property
    def nets(self) -> Floats:
        """What each segment contributes to net value before and after, (2, S), help units per request; adds up to the net."""
        weight = self.before.harm_weight
        means = [outcome.by_segment for outcome in (self.before, self.after)]
        return frozen(np.stack([m.share * (m.help - weight * (m.harm + m.neglect)) for m in means]))

    @property
    def gains(self) -> Floats:
        """The change of that, (S,): whoever gains by the amendment is above 0, whoever loses below."""
        return self.nets[1] - self.nets[0]

    @property
    def draws(self) -> Floats:
        """Net value that the amended spec adds in each plausible world, (n,), help units per request."""
        return self.comparison.draws * (1.0 if self.comparison.better == self.after.policy.name else -1.0)

    @property
    def better_in(self) -> float:
        """The fraction of plausible worlds in which the amended spec is better; nan if no answer changes."""
        return float((self.draws > 0).mean()) if self.moved else float("nan")

    @property
    def break_even(self) -> BreakEven | None:
        """The judgement that has to move least to reach its break-even value, in odds or as a factor; None if none does."""
        return min((found for found in self.comparison.break_evens if found.breaks_even_at), key=_distance, default=None)

    def row(self) -> list[str]:
        """case, answers that change, help, harm, neglect, over- and under-refusal, net gained, better in, first break-even."""
        old, new = self.before, self.after
        amounts = [_arrow(number, 1000 * getattr(old, n), 1000 * getattr(new, n)) for n in ("help", "harm", "neglect")]
        rates = [_arrow(percent, getattr(old, n), getattr(new, n)) for n in ("over_refusal", "under_refusal")]
        at = self.break_even
        first = f"{at.of} {' or '.join(map(number, at.breaks_even_at))}" if at else "nothing"
        sure = [_signed(1000 * self.gain), percent(self.better_in), first] if self.moved else ["0", "–", "–"]
        return [self.name, f"{1000 * sum(self.moved.values()):.0f}", *amounts, *rates, *sure]

    def sentences(self) -> Iterator[str]:
        """What the amendment does here, in words that can be read aloud."""
        said = "; ".join(f"{_of_1000(share)} move from {b} to {a}" for (b, a), share in self.moved.items())
        yield f"{self.name}: of 1000 senders, {said}." if said else f"{self.name}: no answer changes."
        if self.operator[0] != self.operator[1]:
            yield f"What its operator asks for counted as “{self.operator[0]}” and would count as “{self.operator[1]}”."
        if said:
            yield f"Gains: {self._who(1)}. Loses: {self._who(-1)}. (Help units per 1000 senders.)"
            ahead = f"{'ahead' if self.gain > 0 else 'behind'} by {number(abs(1000 * self.gain))} help units per 1000 senders"
            sure = f"better in {percent(self.better_in)} of {len(self.draws)} plausible worlds (stakes as stated)"
            yield f"In all the amended spec is {ahead}, and {sure}. {_reversal(self.break_even)}"

    def _who(self, sign: int) -> str:
        """The segments that gain, or that lose, the most first; what is rounding beside the largest change is none."""
        gains = sign * self.gains
        order = [s for s in np.argsort(-gains, kind="stable") if gains[s] > 1e-12 * np.abs(gains).max()]
        return ", ".join(f"{self.case.segments[s]} {_signed(1000 * float(self.gains[s]))}" for s in order) or "nobody"


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
    """What an amended spec does beside the one in force, case by case.  `sentences()` can be read aloud."""

    difference: SpecDifference
    cases: tuple[CaseImpact, ...]

    def of(self, name: str) -> CaseImpact:
        """One case by its name here or its title, or a ValueError that suggests a name."""
        titles = [each.case.title for each in self.cases]
        return self.cases[titles.index(name) if name in titles else place_of(name, [each.name for each in self.cases], "case")]

    @property
    def mix(self) -> Mix | None:
        """Which mix of the case that gains most and the one that loses most would be worth it; None without one of them."""
        moved = [each for each in self.cases if each.moved]
        best, worst = (pick(moved, key=lambda each: each.gain, default=None) for pick in (max, min))
        if best is None or worst is None or not worst.gain < 0 < best.gain:
            return None
        low, high = np.quantile(_even_share(best.draws, worst.draws), [0.05, 0.95])
        share = float(_even_share(np.array([best.gain]), np.array([worst.gain]))[0])
        return Mix(best.name, worst.name, share, float(low), float(high))

    def sentences(self) -> list[str]:
        """The impact in words: what users keep, what happens in each case, and at which mix they are even."""
        return [*self.difference.sentences(), *self._in_cases()]

    def _in_cases(self) -> Iterator[str]:
        for each in self.cases:
            yield from each.sentences() if each.moved else ()
        better, worse = (sum(sign * each.gain > 0 and bool(each.moved) for each in self.cases) for sign in (1, -1))
        if len(self.cases) > 1:
            still = f"makes no difference in {len(self.cases) - better - worse}"
            yield f"Of {len(self.cases)} cases it is better in {better}, worse in {worse}, and {still}."
        if self.mix:
            yield str(self.mix)

    def _parts(self) -> list[Printable]:
        weights = dict.fromkeys(number(each.before.harm_weight) for each in self.cases)
        note = "Before → after. Amounts per 1000 senders; net is help less harm and neglect, one harm unit outweighing "
        note += f"{', '.join(weights)} help units. Better in: plausible worlds, stakes as stated."
        head = ["case", "answers changed, of 1000", "help", "harm", "neglect", "over-refusal", "under-refusal", "net gained"]
        table = ([*head, "better in", "first break-even"], [each.row() for each in self.cases])
        title = f"What comes of {self.difference.after} beside {self.difference.before}"
        return [title, self.difference, table, note, *self._in_cases()]


def assess_impact(
    before: Rules,
    after: Rules,
    cases: Sequence[Case],
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
    names = label(before, "the spec in force"), label(after, "the amended spec")
    names = names if names[0] != names[1] else (f"{names[0]}, before", f"{names[1]}, after")
    called = _called(cases)

    def assess(case: Case) -> CaseImpact:
        then, now = (replace(compile(r, case, choose=choose), name=n) for r, n in zip((before, after), names, strict=True))
        seed = np.random.default_rng(seeds[case.name])
        return CaseImpact(
            name=called[case.title],
            case=case,
            before=expect(case, then, harm_weight),
            after=expect(case, now, harm_weight),
            moved=_moved(case, then, now),
            operator=(classify(before, case.messages).verdict, classify(after, case.messages).verdict),
            comparison=compare(case, now, then, rng=seed, worlds=worlds, harm_weight=harm_weight),
        )

    return Impact(difference(before, after), tuple(map(assess, cases)))


def _called(cases: Sequence[Case]) -> dict[str, str]:
    """What each case is called, by its title: by its context alone if all are contexts of one scenario as its file has it."""
    contexts = [case.context for case in cases]
    plain = len({case.name for case in cases}) == 1 and all(contexts) and len(set(contexts)) == len(contexts)
    plain = plain and not any(case.edits for case in cases)
    return {case.title: case.context if plain else case.title for case in cases}


def _moved(case: Case, before: WrittenPolicy, after: WrittenPolicy) -> dict[tuple[str, str], float]:
    """The share of senders on whose signals the two policies answer differently, by what they answer."""
    found: dict[tuple[str, str], float] = {}
    for k, sent in enumerate(case.population.joint.sum(0)):
        pair = _given(before, k), _given(after, k)
        if sent > 0 and pair[0] != pair[1]:
            found[pair] = found.get(pair, 0.0) + float(sent)
    return found


def _given(policy: WrittenPolicy, k: int) -> str:
    """What a policy answers on a signal: a response, several with their probabilities, or a question and what follows it."""
    at_once = _named(policy, policy.answer[k])
    if policy.after is None or policy.after[k].max() <= 0:
        return at_once
    asks = f"asks, then {' | '.join(_named(policy, row) for row in policy.after[k])}"
    return f"{at_once}; {asks}" if at_once else asks


def _named(policy: WrittenPolicy, row: Floats) -> str:
    some = [(name, float(share)) for name, share in zip(policy.responses, row, strict=True) if share > 1e-9]
    return some[0][0] if len(some) == 1 and some[0][1] > 1 - 1e-9 else ", ".join(f"{n} {percent(p)}" for n, p in some)


def _even_share(gains: Floats, loses: Floats) -> Floats:
    """The share x of the first case at which x · gains + (1 − x) · loses is 0; 1 if it does not gain, 0 if nobody loses."""
    up, down = np.maximum(gains, 0), np.maximum(-loses, 0)
    whole = up + down
    return np.where(down == 0, 0.0, np.where(up == 0, 1.0, down / np.where(whole > 0, whole, 1)))


def _distance(found: BreakEven) -> float:
    """How far a judgement has to move: in log odds for shares and the overlap, as a log factor for the others."""
    inside = found.of.startswith("share of") or found.of == "overlap"
    top = 1.0 if inside else inf

    def scale(x: float) -> float:
        return log(x) - (log(1 - x) if inside else 0)

    if not 0 < found.value < top:
        return inf
    return min((abs(scale(x) - scale(found.value)) for x in found.breaks_even_at if 0 < x < top), default=inf)


def _reversal(found: BreakEven | None) -> str:
    """The first break-even value of a conclusion, in a sentence."""
    if found is None:
        return "No single share, and no weight of harm, would reverse that."
    plausible = f" (plausible: {number(found.low)} to {number(found.high)})" if found.high > found.low else ""
    at = " or ".join(map(number, found.breaks_even_at))
    return f"What would reverse that first: {found.of} at {at} instead of {number(found.value)}{plausible}."


def _arrow(show: Callable[[float], str], before: float, after: float) -> str:
    first, second = show(float(before)), show(float(after))
    return first if first == second else f"{first} → {second}"


def _of_1000(share: float) -> str:
    return f"{1000 * share:.0f}" if share >= 0.0005 else number(1000 * share)


def _signed(value: float) -> str:
    """A change with its sign, three digits."""
    return ("+" if value > 0 else "") + number(value)


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
            colour = palette[0 if change >= 0 else HARMFUL]
            style: dict[str, Any] = {"edgecolor": colour, "linewidth": 1.4, "height": 0.62}
            hatch = "////" if change < 0 and not whole else ""
            ax.barh(place, change, color="none" if whole or change < 0 else colour, hatch=hatch, **style)
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
