"""A rule-change hearing: an amended spec beside the one in force, on every case that somebody brings.

Both specs are compiled for each case in its context, so that all that a rule does is seen in who gets which answer and what
comes of it.  A case in which answers change says who gains and who loses, in which fraction of plausible worlds the amended
spec is better, and the value that would turn that.  Cases are not added up: nobody knows how many senders each of them
stands for.  Instead the hearing says which mix of the best and the worst case would make the amendment worth it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, log

import numpy as np

from ..arrays import Floats, frozen
from ..case import Case
from ..evaluate import Outcome, expect
from ..files import suggest
from ..policy import bayes
from ..text import html_lines, html_table, number, percent, text_table
from ..uncertainty import BreakEven, Comparison, compare
from .compiler import Choose, WrittenPolicy, compile  # noqa: A004
from .configurations import classify
from .rules import Rules
from .versions import SpecDifference, difference, label


@dataclass(frozen=True)
class Switched:
    """A signal on which the two specs answer differently."""

    signal: str
    share: float
    """The share of all senders who send it."""
    before: str
    after: str


@dataclass(frozen=True, eq=False, repr=False)
class CaseImpact:
    """One case under both specs: answers, outcomes, who gains and who loses, and how surely."""

    name: str
    """What it is called: its context where that is enough, else its title."""
    case: Case
    before: Outcome
    after: Outcome
    switched: tuple[Switched, ...]
    decided: tuple[str, ...]
    """Behaviours about which the specs decide differently on some signal."""
    operator: tuple[str, str]
    """What the operator's configuration does to users, under each spec."""
    comparison: Comparison

    @property
    def changes(self) -> bool:
        """Whether anybody gets another answer."""
        return bool(self.switched)

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

    @cached_property
    def draws(self) -> Floats:
        """Net value that the amended spec adds in each plausible world, (n,), help units per request."""
        return self.comparison.draws * (1.0 if self.comparison.better == self.after.policy.name else -1.0)

    @property
    def better_in(self) -> float:
        """The fraction of plausible worlds in which the amended spec is better; nan if no answer changes."""
        return float((self.draws > 0).mean()) if self.changes else float("nan")

    @property
    def turn(self) -> BreakEven | None:
        """The judgement that has to move least to turn the conclusion, in odds or as a factor; None if none does."""
        turning = [flip for flip in self.comparison.break_evens if flip.breaks_even_at]
        return min(turning, key=_distance, default=None)

    def row(self) -> list[str]:
        """case, answers that change, help, harm, neglect, over- and under-refusal, net gained, better in, turned by."""
        moved = f"{1000 * sum(s.share for s in self.switched):.0f}"
        amounts = [_arrow(number, 1000 * b, 1000 * a) for b, a in self._pairs("help", "harm", "neglect")]
        rates = [_arrow(percent, b, a) for b, a in self._pairs("over_refusal", "under_refusal")]
        sure = [signed(1000 * self.gain), percent(self.better_in), _turning(self.turn)] if self.changes else ["0", "–", "–"]
        return [self.name, moved, *amounts, *rates, *sure]

    def _pairs(self, *of: str) -> list[tuple[float, float]]:
        return [(float(getattr(self.before, name)), float(getattr(self.after, name))) for name in of]

    def segment_rows(self) -> list[list[str]]:
        """segment, share, net before, net after, change: per 1000 senders of the message."""
        shares, (before, after) = self.case.population.shares, 1000 * self.nets
        rows = zip(self.case.segments, shares, before, after, strict=True)
        return [[name, percent(float(p)), number(float(b)), number(float(a)), signed(float(a - b))] for name, p, b, a in rows]

    def sentences(self) -> list[str]:
        """What the amendment does here, in words that can be read aloud."""
        lines = [self._first()]
        if self.operator[0] != self.operator[1]:
            lines.append(f"What its operator asks for counted as “{self.operator[0]}” and would count as “{self.operator[1]}”.")
        if not self.changes:
            return lines
        gained, lost = self._who(1), self._who(-1)
        lines.append(f"Gains: {gained or 'nobody'}. Loses: {lost or 'nobody'}. (Help units per 1000 senders.)")
        ahead = f"{'ahead' if self.gain > 0 else 'behind'} by {number(abs(1000 * self.gain))} help units per 1000 senders"
        sure = f"better in {percent(self.better_in)} of {len(self.draws)} plausible worlds (stakes as stated)"
        return [*lines, f"In all the amended spec is {ahead}, and {sure}. {_would_turn(self.turn)}"]

    def _first(self) -> str:
        if self.changes:
            moves: dict[tuple[str, str], float] = {}
            for s in self.switched:
                moves[s.before, s.after] = moves.get((s.before, s.after), 0.0) + s.share
            said = "; ".join(f"{_thousandths(share)} move from {b} to {a}" for (b, a), share in moves.items())
            return f"{self.name}: of 1000 senders, {said}."
        also = f", though {', '.join(self.decided)} is decided differently" if self.decided else ""
        return f"{self.name}: no answer changes{also}."

    def _who(self, sign: int) -> str:
        """The segments that gain, or that lose, the most first."""
        order = np.argsort(-sign * self.gains, kind="stable")
        # What is rounding beside the largest change is none.
        return ", ".join(
            f"{self.case.segments[s]} {signed(1000 * float(self.gains[s]))}"
            for s in order
            if sign * self.gains[s] > 1e-12 * np.abs(self.gains).max()
        )


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
class Impact:
    """What an amended spec does beside the one in force, case by case.  `sentences()` can be read aloud."""

    before: Rules
    after: Rules
    difference: SpecDifference
    heard: tuple[CaseImpact, ...]

    _segment_head = ("case", "segment", "share", "net before", "net after", "change")

    def of(self, name: str) -> CaseImpact:
        """One case by its name here or its title, or a ValueError that suggests a name."""
        found = [heard for heard in self.heard if name in (heard.name, heard.case.title)]
        if not found:
            known = suggest(name, [heard.name for heard in self.heard])
            raise ValueError(f"no case of this hearing is called {name!r}; {known}")
        return found[0]

    @property
    def mix(self) -> Mix | None:
        """Which mix of the case that gains most and the one that loses most would be worth it; None without one of them."""
        moved = [heard for heard in self.heard if heard.changes]
        best, worst = (pick(moved, key=lambda h: h.gain, default=None) for pick in (max, min))
        if best is None or worst is None or not worst.gain < 0 < best.gain:
            return None
        low, high = np.quantile(_break_even(best.draws, worst.draws), [0.05, 0.95])
        share = float(_break_even(np.array([best.gain]), np.array([worst.gain]))[0])
        return Mix(best.name, worst.name, share, float(low), float(high))

    def sentences(self) -> list[str]:
        """The hearing in words: what users keep, what happens in each case, and what the choice turns on."""
        return [*self.difference.sentences(), *self._told()]

    def _told(self) -> list[str]:
        """What happens in each case, and what the choice turns on."""
        counts = [sum(sign * h.gain > 0 and h.changes for h in self.heard) for sign in (1, -1)]
        still = len(self.heard) - sum(counts)
        total = (
            f"Of {len(self.heard)} cases it is better in {counts[0]}, worse in {counts[1]}, and makes no difference in {still}."
        )
        told = [line for heard in self.heard if heard.changes or heard.decided for line in heard.sentences()]
        return [*told, *[total] * (len(self.heard) > 1), *([str(self.mix)] if self.mix else [])]

    def _note(self) -> str:
        weights = dict.fromkeys(number(heard.before.harm_weight) for heard in self.heard)
        return (
            "Before → after. Amounts per 1000 senders; net is help less harm and neglect, one harm unit outweighing "
            f"{', '.join(weights)} help units. Better in: plausible worlds, stakes as stated."
        )

    def _segments(self) -> list[list[str]]:
        return [[heard.name, *row] for heard in self.heard if heard.changes for row in heard.segment_rows()]

    def __repr__(self) -> str:
        parts = [repr(self.difference), text_table(HEAD, [heard.row() for heard in self.heard]), self._note()]
        parts += [text_table(self._segment_head, self._segments())] if self._segments() else []
        return "\n\n".join([*parts, "\n".join(self.sentences())])

    def _repr_html_(self) -> str:
        table = html_table(HEAD, [heard.row() for heard in self.heard], self._note())
        people = html_table(self._segment_head, self._segments()) if self._segments() else ""
        return self.difference._repr_html_() + html_lines("What comes of it", self._told()) + table + people


#: The columns of a hearing.
HEAD = (
    "case",
    "answers changed, of 1000",
    "help",
    "harm",
    "neglect",
    "over-refusal",
    "under-refusal",
    "net gained",
    "better in",
    "turned first by",
)


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
    """Hear an amended spec beside the one in force, on cases in their contexts.

    `choose` answers within what each spec leaves, as in `compile`.  Contexts of one scenario see the same random numbers and so
    share their plausible worlds; those of another scenario are independent of them.  A TypeError for a single case, a
    ValueError for none or for one heard twice.
    """
    if isinstance(cases, Case):
        raise TypeError("a hearing takes a list of cases: write [case]")
    titles = [case.title for case in cases]
    if not titles or len(set(titles)) < len(titles):
        raise ValueError(f"a hearing takes at least one case, and each once, not {', '.join(titles) or 'none'}")
    seeds = {name: int(rng.integers(2**63)) for name in dict.fromkeys(case.name for case in cases)}
    names = label(before, "the spec in force"), label(after, "the amended spec")
    names = names if names[0] != names[1] else (f"{names[0]}, before", f"{names[1]}, after")
    called = _called(cases)

    def hear(case: Case) -> CaseImpact:
        then, now = (
            replace(compile(rules, case, choose=choose), name=name) for rules, name in zip((before, after), names, strict=True)
        )
        return CaseImpact(
            name=called[case.title],
            case=case,
            before=expect(case, then, harm_weight),
            after=expect(case, now, harm_weight),
            switched=tuple(_switched(case, then, now)),
            decided=_decided(then, now),
            operator=(classify(before, case.messages).verdict, classify(after, case.messages).verdict),
            comparison=compare(
                case, now, then, rng=np.random.default_rng(seeds[case.name]), worlds=worlds, harm_weight=harm_weight
            ),
        )

    return Impact(before, after, difference(before, after), tuple(map(hear, cases)))


def _called(cases: Sequence[Case]) -> dict[str, str]:
    """What each case is called, by its title: by its context alone if all are contexts of one scenario as its file has it."""
    contexts = [case.context for case in cases]
    plain = len({case.name for case in cases}) == 1 and all(contexts) and len(set(contexts)) == len(contexts)
    plain = plain and not any(case.edits for case in cases)
    return {case.title: case.context if plain else case.title for case in cases}


def _switched(case: Case, before: WrittenPolicy, after: WrittenPolicy) -> list[Switched]:
    """The signals that somebody sends and on which the two policies answer differently."""
    sent = case.population.joint.sum(0)
    out = []
    for k, signal in enumerate(case.population.signal_names):
        first, second = _given(before, k), _given(after, k)
        if sent[k] > 0 and first != second:
            out.append(Switched(signal, float(sent[k]), first, second))
    return out


def _given(policy: WrittenPolicy, k: int) -> str:
    """What a policy answers on a signal: a response, several with their chances, or a question and what follows it."""
    table = policy.answer[k] if policy.after is None else np.vstack([policy.answer[k], policy.after[k]])
    rows = [_row(policy, row) for row in np.atleast_2d(table)]
    if policy.after is None or policy.after[k].max() <= 0:
        return rows[0]
    return "; ".join([part for part in rows[:1] if part] + [f"asks, then {' | '.join(rows[1:])}"])


def _row(policy: WrittenPolicy, row: Floats) -> str:
    some = [(name, float(chance)) for name, chance in zip(policy.responses, row, strict=True) if chance > 1e-9]
    return some[0][0] if len(some) == 1 and some[0][1] > 1 - 1e-9 else ", ".join(f"{n} {percent(c)}" for n, c in some)


def _decided(before: WrittenPolicy, after: WrittenPolicy) -> tuple[str, ...]:
    """Behaviours of both specs that are decided differently on some signal."""
    pairs = [(a.decisions, b.decisions) for a, b in zip(before.rulings, after.rulings, strict=True)]
    moved = [name for old, new in pairs for name in old if name in new and old[name].value != new[name].value]
    return tuple(dict.fromkeys(moved))


def _break_even(gains: Floats, loses: Floats) -> Floats:
    """The share x of the first case at which x · gains + (1 − x) · loses is 0.

    It is 1 where the first does not gain, and 0 where the second does not lose.
    """
    up, down = np.maximum(gains, 0), np.maximum(-loses, 0)
    whole = up + down
    return np.where(down == 0, 0.0, np.where(up == 0, 1.0, down / np.where(whole > 0, whole, 1)))


def _distance(flip: BreakEven) -> float:
    """How far a judgement has to move: in log odds for shares and the overlap, as a log factor for the others."""
    inside = flip.of.startswith("share of") or flip.of == "overlap"

    def scale(x: float) -> float:
        return log(x) - (log(1 - x) if inside else 0)

    ends = (0.0, 1.0 if inside else inf)
    if not ends[0] < flip.value < ends[1]:
        return inf
    return min((abs(scale(x) - scale(flip.value)) for x in flip.breaks_even_at if ends[0] < x < ends[1]), default=inf)


def _turning(flip: BreakEven | None) -> str:
    return f"{flip.of} {' or '.join(number(x) for x in flip.breaks_even_at)}" if flip else "nothing"


def _would_turn(flip: BreakEven | None) -> str:
    """What would turn a conclusion first, in a sentence."""
    if flip is None:
        return "No single share, and no weight of harm, would turn that."
    plausible = f" (plausible: {number(flip.low)} to {number(flip.high)})" if flip.high > flip.low else ""
    at = " or ".join(number(x) for x in flip.breaks_even_at)
    return f"What would turn that first: {flip.of} at {at} instead of {number(flip.value)}{plausible}."


def _arrow(show: Callable[[float], str], before: float, after: float) -> str:
    first, second = show(before), show(after)
    return first if first == second else f"{first} → {second}"


def _thousandths(share: float) -> str:
    return f"{1000 * share:.0f}" if share >= 0.0005 else number(1000 * share)


def signed(value: float) -> str:
    """A change with its sign, three digits."""
    return ("+" if value > 0 else "") + number(value)
