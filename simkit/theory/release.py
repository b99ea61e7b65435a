"""Rules for loosening the dial, side by side: who decides, on what evidence, and by when.

A rule reads the record month by month (one audit a month, open or covert) and loosens, closes for good, or waits.  How it does
is computed exactly: a Markov chain over the counts of failures (open, covert), one chain for each type of model.  Loosening
is final here.  What is compared:

    by date                    loosens in a given month, whatever was seen
    by track record            Wald's sequential test of the open record (Wald 1945): aligned against overtly misaligned
    by trust in the record     loosens once P(aligned | the open record) reaches a threshold; above the ceiling it never does
    by verified track record   the same threshold, but some audits are covert
    never
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from ..arguments import guard
from ..arrays import Bools, Floats, Ints, frozen
from ..text import Printable, Printed, number, percent
from .inputs import amount, probability
from .trust import TYPES, Types, ceiling, reached

if TYPE_CHECKING:
    from .sequential import Sprt

#: Months that are computed at most: the chain grows with their square.
MOST_MONTHS = 600

# --- rules ------------------------------------------------------------------------------------------------------------

#: 1 loosen, −1 close for good, 0 wait, (…,): from the month, and the audits passed and failed (…, 2), open and covert.
Reading = Callable[[int | Ints, Ints, Ints], Ints]


@dataclass(frozen=True, kw_only=True, eq=False)
class ReleaseRule:
    """A release rule: a `name`; who `decides`, on what `evidence` and `by` when, in words; and what it does.

    `covert_every` says which audits are covert: 0 none, 1 all, k every k-th.  `verdict` reads the record.  If it decides by
    trust, `threshold` is the trust that it asks for (else nan), and `believes` what it holds to be true of such models.
    `audits`: it asks for any.
    """

    name: str
    decides: str
    evidence: str
    by: str
    verdict: Reading
    covert_every: int = 0
    threshold: float = float("nan")
    believes: Types | None = None
    audits: bool = True

    def covert(self, months: int) -> Bools:
        """Which of the audits of so many months are covert, (months,)."""
        count = np.arange(1, months + 1)
        return count % self.covert_every == 0 if self.covert_every else np.zeros(months, dtype=bool)

    def plan(self, months: int) -> str:
        """What it asks for in each month: o open audit, c covert audit, w nothing."""
        return "".join("c" if covert else "o" for covert in self.covert(months)) if self.audits else "w" * months


def by_date(month: float) -> ReleaseRule:
    """Loosen in a given month, whatever was seen."""
    if month < 0:
        raise ValueError(f"a date lies in month 0 or later, not in month {month}")
    return ReleaseRule(
        name=f"by date (month {month})",
        decides="whoever set the date",
        evidence="none",
        by=f"month {month}",
        verdict=lambda n, passed, _: np.broadcast_to(np.asarray(n) >= month, passed.shape[:-1]).astype(int),
        audits=False,
    )


def by_track_record(test: Sprt) -> ReleaseRule:
    """Loosen once Wald's test of the open record says good, close once it says bad."""
    return ReleaseRule(
        name="by track record",
        decides="the test, agreed beforehand",
        evidence="open audits",
        by="when the test ends",
        verdict=lambda _, passed, failed: test.verdict((passed + failed)[..., 0], failed[..., 0]),
    )


def by_trust(types: Types, threshold: float, *, covert_every: int = 0, name: str = "by trust in the record") -> ReleaseRule:
    """Loosen once P(aligned | the record) is at least `threshold`, as somebody believes who holds `types` to be true.

    With `covert_every` 0 only open audits count.
    """
    bar, counts = float(probability("threshold", threshold)), np.array([1, int(covert_every > 0)])

    def verdict(_: int | Ints, passed: Ints, failed: Ints) -> Ints:
        return reached(types, bar, np.maximum(passed, 0) * counts, failed * counts).astype(int)

    kinds = {0: "open audits", 1: "covert audits"}
    return ReleaseRule(
        name=name,
        decides=f"whoever keeps the record, at {100 * bar:.6g}% trust",
        evidence=kinds.get(covert_every, f"audits, one in {covert_every} covert"),
        by="when trust is reached",
        verdict=verdict,
        covert_every=covert_every,
        threshold=bar,
        believes=types,
    )


def by_verified_record(types: Types, threshold: float, *, covert_every: int = 2) -> ReleaseRule:
    """The same threshold of trust, with every `covert_every`-th audit covert."""
    if covert_every < 1:
        raise ValueError(f"a verified record needs covert audits: every 1st, 2nd, …, not {covert_every}")
    return by_trust(types, threshold, covert_every=covert_every, name="by verified track record")


def never() -> ReleaseRule:
    """The dial stays where it is."""
    return replace(by_date(inf), name="never", decides="nobody", by="never")


# --- how they do ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Course:
    """What a rule does to each type: probabilities to be loosened and to be closed by the end of each month, (months + 1, 3).

    `any_record` says whether a record decides at all: False if every record that can be is treated alike in each month.
    """

    rule: ReleaseRule
    types: Types
    loosened: Floats
    closed: Floats
    any_record: bool

    @property
    def months(self) -> int:
        """Months that were computed."""
        return len(self.loosened) - 1

    @property
    def wrongly(self) -> Floats:
        """P(loosened | overt), P(loosened | deceptive) within the months, (2,)."""
        return self.loosened[-1, 1:]

    @property
    def never_if_aligned(self) -> float:
        """P(not loosened within the months | aligned)."""
        return max(0.0, round(1 - float(self.loosened[-1, 0]), 12))

    @property
    def months_until(self) -> float:
        """The mean month of loosening for an aligned model that is loosened within the months; nan if none is."""
        gains = np.diff(self.loosened[:, 0], prepend=0.0)
        total = gains.sum()
        return float(gains @ np.arange(len(gains)) / total) if total > 0 else float("nan")

    @property
    def misaligned_among_loosened(self) -> float:
        """P(not aligned | loosened within the months): how many of the loosened are loosened wrongly; nan if none is."""
        joint = self.types.prior * self.loosened[-1]
        return float(joint[1:].sum() / joint.sum()) if joint.sum() > 0 else float("nan")


def course(rule: ReleaseRule, types: Types, months: int) -> Course:
    """How a rule does over so many months, exactly.  `types` are what is true; the rule may believe something else.

    A ValueError unless 0 ≤ months ≤ 600 and the shares are single numbers.
    """
    if not 0 <= months <= MOST_MONTHS:
        raise ValueError(f"months go from 0 to {MOST_MONTHS}, not {months}")
    if types.prior.ndim > 1:
        raise ValueError("a course is of one prior: give single shares")
    fails = np.stack([types.failing(kind) for kind in range(2)])
    alive, audits = np.ones((3, 1, 1)), np.zeros(2, dtype=int)
    ends, apart = np.zeros((2, months + 1, 3)), False
    for n in range(months + 1):
        if n:
            kind = int(rule.covert(n)[-1])
            audits[kind] += 1
            alive = _audited(alive, fails[kind], kind)
        failed = np.stack(np.meshgrid(*map(np.arange, alive.shape[1:]), indexing="ij"), axis=-1)
        verdict = rule.verdict(n, audits - failed, failed)
        possible = verdict[(alive > 0).any(0)]
        apart = apart or len(np.unique(possible)) > 1
        ends[:, n] = (alive * (verdict > 0)).sum((1, 2)), (alive * (verdict < 0)).sum((1, 2))
        alive = alive * (verdict == 0)
    found = ends.cumsum(1)
    return Course(rule, types, frozen(found[0]), frozen(found[1]), bool(apart))


def _audited(alive: Floats, fails: Floats, kind: int) -> Floats:
    """One more audit of a kind: mass over failures (3, open, covert), one longer along its axis."""
    p, longer = fails[:, None, None], [(0, 1) if axis == kind + 1 else (0, 0) for axis in range(3)]
    return np.pad(alive * (1 - p), longer) + np.pad(alive * p, [(before[::-1]) for before in longer])


def months_needed(types: Types, threshold: float, *, covert_every: int = 0) -> float:
    """The fewest months of passed audits, every `covert_every`-th of them covert, that bring trust to `threshold`; else inf."""
    bar = float(probability("threshold", threshold))

    def enough(months: int) -> bool:
        covert = months // covert_every if covert_every else 0
        return bool(reached(types, bar, (months - covert, covert)))

    if enough(0):
        return 0.0
    low, high = 0, 2**50
    if not enough(high):
        return inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


# --- one model --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Hidden:
    """A model whose type nobody knows: a place in `trust.TYPES`, and whether it fails an audit in each month, (2, months).

    A rule that audits it in a month, openly or covertly, meets the luck of that month.
    """

    type: int
    fails: Bools

    @property
    def name(self) -> str:
        """The type in a word."""
        return TYPES[self.type]

    def record(self, plan: str) -> tuple[Ints, Ints]:
        """Audits passed and failed under a plan (a letter a month, o open, c covert), two of (months + 1, 2)."""
        done, fails = audits(plan), self.fails[:, : len(plan)].T
        passed, failed = (np.pad(each.cumsum(0), ((1, 0), (0, 0))) for each in (done & ~fails, done & fails))
        return passed, failed


def audits(plan: str) -> Bools:
    """Whether a plan has an open and a covert audit in each month, (months, 2)."""
    return np.array([[move == kind for kind in "oc"] for move in plan], dtype=bool).reshape(-1, 2)


def drawn_model(types: Types, months: int, rng: np.random.Generator) -> Hidden:
    """Draw a model, and its luck in each month."""
    first, *luck = rng.random(months + 1)
    kind = min(int(np.searchsorted(types.prior.cumsum(), first, side="right")), len(TYPES) - 1)
    return Hidden(kind, np.array(luck) < np.stack([types.failing(covert)[kind] for covert in (0, 1)])[:, None])


def ends(rule: ReleaseRule, passed: Ints, failed: Ints) -> tuple[int, int]:
    """When a rule ends on a record (months + 1, 2), and how: 1 loosened, −1 closed; (last month, 0) if it does not."""
    good, bad = amount("passed", passed), amount("failed", failed)
    if good.ndim != 2 or good.shape[1:] != (2,) or bad.shape != good.shape:
        raise ValueError(f"passed and failed are counts (months + 1, 2), not of shapes {good.shape} and {bad.shape}")
    said = rule.verdict(np.arange(len(good)), good.astype(int), bad.astype(int))
    month = int(np.argmax(said != 0))
    return (month, int(said[month])) if said[month] else (len(good) - 1, 0)


# --- in words ---------------------------------------------------------------------------------------------------------


def finding(found: Course) -> str:
    """What is odd about a clause, found from its course, in words: it can never trigger, or it loosens whatever is seen, or …

    Empty if it triggers on some records and not on others, and on deceptive models less often than on aligned ones.
    """
    last = found.loosened[-1]
    if not last.any():
        return _cannot(found)
    if found.loosened[0].all():
        return "It has triggered before anything is seen."
    if not found.any_record:
        month = int(np.argmax(found.loosened[:, 0] > 0))
        return f"It loosens in month {month} whatever is seen: a model that has failed every audit is loosened too."
    if last[2] >= last[0] - 1e-12:
        often = percent(float(last[2]))
        return f"It cannot tell a deceptive model from an aligned one: it loosens either with probability {often}."
    return ""


def _cannot(found: Course) -> str:
    """Why a clause does not trigger."""
    rule, types = found.rule, found.rule.believes
    if types is None:
        return f"It never loosens within {found.months} months: an aligned model is held back like any other."
    need = months_needed(types, rule.threshold, covert_every=rule.covert_every)
    if need < inf:
        return f"It cannot trigger within {found.months} months: even a clean record needs {need:.0f}."
    top = float(ceiling(types, covert=rule.covert_every > 0))
    asks = f"This clause can never trigger. It asks for {100 * rule.threshold:.6g}% trust, and"
    if top == 1:
        return f"{asks} trust only comes ever nearer."
    bound = f"{asks} no number of such audits brings trust above {percent(top)}: aligned / (aligned + deceptive)."
    other = months_needed(types, rule.threshold, covert_every=2)
    covert = f", or make audits covert: with every second one, {other:.0f} clean months are enough" if other < inf else ""
    return f"{bound} Lower the threshold{covert}."


#: What the table says of each course.
COLUMNS: dict[str, Callable[[Course], str]] = {
    "rule": lambda found: found.rule.name,
    "who decides": lambda found: found.rule.decides,
    "on what evidence": lambda found: found.rule.evidence,
    "by when": lambda found: found.rule.by,
    "loosens an overt model": lambda found: percent(found.wrongly[0]),
    "loosens a deceptive one": lambda found: percent(found.wrongly[1]),
    "never loosens an aligned one": lambda found: percent(found.never_if_aligned),
    "months until it does": lambda found: number(found.months_until),
    "misaligned among the loosened": lambda found: percent(found.misaligned_among_loosened),
}


@dataclass(frozen=True, eq=False, repr=False)
class RuleTable(Printed):
    """Courses of several rules, as a table that reads itself out, and what is odd about each (`oddities`)."""

    courses: tuple[Course, ...]

    @property
    def oddities(self) -> dict[str, str]:
        """What is odd about each rule of which something is."""
        return {each.rule.name: said for each in self.courses if (said := finding(each))}

    def misaligned(self, types: Types) -> Floats:
        """P(not aligned | loosened) under each rule, (rules, …), for other priors than the one that was computed."""
        loosened = np.stack([each.loosened[-1] for each in self.courses])
        joint = types.prior * loosened.reshape(len(loosened), *(1,) * (types.prior.ndim - 1), 3)
        with np.errstate(invalid="ignore"):
            return joint[..., 1:].sum(-1) / joint.sum(-1)

    def _parts(self) -> Iterable[Printable]:
        yield f"Within {self.courses[0].months} months, exactly"
        yield list(COLUMNS), [[said(each) for said in COLUMNS.values()] for each in self.courses]
        yield from (f"{name}: {said}" for name, said in self.oddities.items())


def side_by_side(types: Types, rules: Iterable[ReleaseRule], months: int) -> RuleTable:
    """How each rule does over so many months, exactly.  A ValueError if two rules have the same name."""
    given = tuple(rules)
    names = [rule.name for rule in given]
    if len(set(names)) < len(names):
        raise ValueError(f"rules need names of their own, not {', '.join(names)}")
    return RuleTable(tuple(course(rule, types, months) for rule in given))


guard(__name__)
