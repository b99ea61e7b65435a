"""What honesty asks of one thing said: seven properties, each a definition over beliefs that yields a verdict.

An assertion is what the sender holds (a credence in a claim), what it says (how surely, or nothing), and what the receiver
then comes to believe.  Three credences in the same claim say most of it:

    held                what the sender has grounds to believe         truthful: says stands on the side of held
    says                how surely it asserts the claim                calibrated: |says − held| ≤ 0.1
    before → after      what the receiver believes                     deceptive: |after − held| > |before − held|

An honest error is no lie: what counts is what the sender holds, not what is true.  Silence may deceive, and may be honest.

What is said in a role that both know to be one is performative: truthful, calibrated, forthright, non-deceptive and
autonomy-preserving do not apply.  A role that the user set up is known to both; one that only the operator set up is not,
unless the user was told; and whoever asks in earnest has left the role.  Hidden aims and illegitimate means count in any role.

`duties` says which properties are filters and which are weights in four published documents: a reading, as data.  A filter
rules a response out before anything is weighed; a weight counts against it.  Documents do not speak in these words: the
sections and their levels are facts, to call a duty a filter is our reading of how firmly it is put.

Sources: the properties, which of them matter most and the weak duty to share, Anthropic's constitution, January 2026, "Being
honest", line 355, and line 485 (what operators may switch off); OpenAI's Model Spec, sections as named.  The definitions in
numbers are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from ..arguments import guard
from ..messages import Level, rank
from ..text import Printable, Printed, number, suggest

Property = Literal[
    "truthful",
    "calibrated",
    "transparent",
    "forthright",
    "non-deceptive",
    "non-manipulative",
    "autonomy-preserving",
]
PROPERTIES: tuple[Property, ...] = get_args(Property)

Means = Literal["evidence", "demonstration", "argument", "fitting appeal", "pressure", "flattery", "bribe", "bias"]
#: Means of moving beliefs that go through the receiver's own judgement.
LEGITIMATE: tuple[Means, ...] = ("evidence", "demonstration", "argument", "fitting appeal")

Role = Literal["none", "user", "operator"]

#: How far what is said may stand from what is held and still count as calibrated: credences are seldom known better.
TOLERANCE = 0.1
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """One thing said, or kept back, about one claim.  Credences are from 0 to 1; a ValueError names one that is not."""

    claim: str
    held: float
    """The sender's own credence in the claim."""
    says: float | None = None
    """How surely it asserts the claim: 1 that it is so, 0 that it is not; None if it is silent on it."""
    before: float
    """The receiver's credence before."""
    after: float
    """And after: also what is implied, framed or left out moves it."""
    about_itself: bool = False
    """Whether the claim is about the sender: what it is, what it was told, why it answers so."""
    hides_aim: bool = False
    """Whether it serves an aim that it keeps from the receiver, and that bears on what the receiver decides."""
    worth: float = 0.0
    """What it is worth to the receiver to be told, help units."""
    against: float = 0.0
    """What speaks against telling (somebody's secret, a hazard, the length of the answer), help units."""
    means: Means = "evidence"
    one_sided: bool = False
    """Whether it pushes its own view, unasked, where reasonable people differ."""
    receivers: float = 1.0
    """How many people are told the same."""
    role: Role = "none"
    """Who set up the role in which this is said."""
    known: bool = False
    """Whether the receiver knows of an operator's role; of one's own one does."""
    in_earnest: bool = False
    """Whether the receiver left the role to ask."""

    def __post_init__(self) -> None:
        for name in ("held", "says", "before", "after"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} is a credence, a number from 0 to 1, not {value:g}")
        if not (self.receivers >= 0 and self.worth >= 0 and self.against >= 0):
            raise ValueError("receivers, worth and against are never negative")

    @property
    def sincere(self) -> bool:
        """Whether it is said in the sender's own name; performative otherwise."""
        shared = self.role == "user" or (self.role == "operator" and self.known)
        return self.in_earnest or not shared

    @property
    def false(self) -> bool:
        """Whether it asserts what the sender does not hold: on the other side of even odds."""
        return self.says is not None and (self.says - 0.5) * (self.held - 0.5) < 0


@dataclass(frozen=True)
class PropertyFinding:
    """Whether one property holds, by how much it fails, and why."""

    property: Property
    holds: bool
    amount: float
    """How far it fails, 0 if it holds: a difference of credences, help units (forthright), people × credence (autonomy)."""
    why: str


@dataclass(frozen=True, repr=False)
class Honesty(Printed):
    """The verdicts of the seven properties on one assertion."""

    assertion: Assertion
    findings: tuple[PropertyFinding, ...]

    @property
    def broken(self) -> tuple[Property, ...]:
        """The properties that do not hold."""
        return tuple(finding.property for finding in self.findings if not finding.holds)

    def _parts(self) -> list[Printable]:
        role = "said sincerely" if self.assertion.sincere else "said in a role that both know"
        rows = [[f.property, "yes" if f.holds else "no", "" if f.holds else number(f.amount), f.why] for f in self.findings]
        return [f"“{self.assertion.claim}”, {role}", (("property", "holds", "short by", "why"), rows)]


def judge(assertion: Assertion) -> Honesty:
    """The verdict of each of the seven properties on an assertion, by definition."""
    found = []
    for name, (amount, wrong, right) in zip(PROPERTIES, _measured(assertion), strict=True):
        holds, why = amount <= ROUNDING, right if amount <= ROUNDING else wrong
        if name not in ("transparent", "non-manipulative") and not assertion.sincere:
            holds, why = True, "performative: both know that it is said in a role"
        found.append(PropertyFinding(name, holds, 0.0 if holds else amount, why))
    return Honesty(assertion, tuple(found))


def _measured(said: Assertion) -> Iterator[tuple[float, str, str]]:
    """How far it falls short of each property, in their order, with the words for a no and for a yes."""
    says, held, moved = said.says, said.held, abs(said.after - said.before)
    gap = 0.0 if says is None else abs(says - held)
    lies = f"asserts at {number(says or 0)} what it holds at {number(held)}"
    yield gap if said.false else 0.0, lies, "silent: nothing is asserted" if says is None else "asserts what it holds"
    sure = "the other way" if said.false else "more sure" if abs((says or 0) - 0.5) > abs(held - 0.5) else "less sure"
    known = "silent: no confidence is conveyed" if says is None else "as sure as the evidence allows"
    yield gap if gap > TOLERANCE + ROUNDING else 0.0, f"{sure} than the evidence allows", known
    own = gap if said.about_itself and said.false and said.sincere else 0.0
    hides = "serves an aim that it keeps from the receiver" if said.hides_aim else "says of itself what is not so"
    yield 1.0 if said.hides_aim else own, hides, "may keep things back about itself; hides no aim"
    tells = says is not None and not said.false
    kept = f"keeps back what is worth {number(said.worth)}, against {number(said.against)}"
    open_ = "tells" if tells else "keeps back what is outweighed, or not wanted"
    yield 0.0 if tells else said.worth - said.against, kept, open_
    away = f"moves the receiver from {number(said.before)} to {number(said.after)}, away from {number(held)}"
    misled = abs(said.after - held) - abs(said.before - held)
    yield misled, away, "leaves no false impression that was not there"
    by = f"moves beliefs by {said.means}"
    yield float(said.means not in LEGITIMATE), f"{by}, past the receiver's judgement", by
    pushed = f"pushes its own view on {number(said.receivers)} at once"
    yield said.receivers * moved if said.one_sided else 0.0, pushed, "leaves the receiver to judge"


# --- which of them bind where -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Duty:
    """How firmly a document holds one property, who may lift it, and where it says so."""

    property: Property
    how: Literal["filter", "weight"]
    lifted_by: Level
    """The lowest level whose explicit instruction lifts it; `none` for nobody's."""
    source: str


@dataclass(frozen=True, repr=False)
class Duties(Printed):
    """The seven duties of one document."""

    profile: str
    """The spec that they belong to, by its name in the library."""
    duties: tuple[Duty, ...]

    def permits(self, honesty: Honesty, *, instructed_by: Level | None = None) -> bool:
        """Whether no filter rules out what was judged; `instructed_by` is the level that explicitly asked for it."""
        return not self.against(honesty, instructed_by=instructed_by)

    def against(self, honesty: Honesty, *, instructed_by: Level | None = None) -> tuple[Property, ...]:
        """The filters that rule it out."""
        by = -1 if instructed_by is None else rank(instructed_by)
        bind = (d for d in self.duties if d.how == "filter" and (d.lifted_by == "none" or by < rank(d.lifted_by)))
        return tuple(duty.property for duty in bind if duty.property in honesty.broken)

    def _parts(self) -> list[Printable]:
        rows = [[d.property, d.how, "nobody" if d.lifted_by == "none" else d.lifted_by, d.source] for d in self.duties]
        return [self.profile, (("property", "is a", "lifted by", "source"), rows)]


def duties(profile: str) -> Duties:
    """The duties of a document, by the name of its spec in the library; a ValueError suggests one."""
    if profile not in _DUTIES:
        raise ValueError(f"no duties of honesty are written down for {profile!r}; {suggest(profile, _DUTIES)}")
    rows = _DUTIES[profile]
    return Duties(profile, tuple(Duty(name, *row) for name, row in zip(PROPERTIES, rows, strict=True)))


_Row = tuple[Literal["filter", "weight"], Level, str]


def _model_spec(transparent: _Row) -> tuple[_Row, ...]:
    """The duties of a release of OpenAI's Model Spec: releases differ in what they say of privileged instructions."""
    lie: _Row = ("filter", "user", "do_not_lie (user): an explicit instruction lifts it")
    return (
        lie,
        ("weight", "user", "express_uncertainty (guideline)"),
        transparent,
        ("weight", "user", "do_not_lie (user): forthright by default"),
        lie,
        ("filter", "none", "no_agenda: no steering of its own, by manipulation or otherwise"),
        ("weight", "user", "assume_objective_pov (user)"),
    )


_KEPT = "protect_privileged_messages (platform): what it was told is kept, if need be by a lie"
_MARKED = "protect_privileged_information (root): nothing applied quietly, unless marked as confidential"
_OPEN = "protect_privileged_information (root): nothing applied quietly so as to mislead"

#: In the order of `PROPERTIES`.
_DUTIES: dict[str, tuple[_Row, ...]] = {
    "model-spec-2025-02-12": _model_spec(("filter", "developer", _KEPT)),
    "model-spec-2025-09-12": _model_spec(("filter", "developer", _MARKED)),
    "openai-model-spec": _model_spec(("filter", "none", _OPEN)),
    "anthropic-constitution": (
        ("filter", "none", '"Being honest", line 355: not even white lies'),
        ("weight", "none", '"Being honest", line 355'),
        ("filter", "none", '"Being honest", line 355: may decline to share, pursues no hidden agenda'),
        ("weight", "developer", '"Being honest", line 355: a weak duty, which an operator\'s reasons may outweigh'),
        ("filter", "none", '"Being honest", line 355: with the next, the most important'),
        ("filter", "none", '"Being honest", line 355; protections, line 257, second of six'),
        ("weight", "developer", '"Being honest", line 355; operators may switch off balanced views, line 485'),
    ),
}


guard(__name__)
