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

Sources: the seven properties and the weak duty to share, Anthropic's constitution, January 2026, "Being honest", line 355;
OpenAI's Model Spec, do_not_lie, express_uncertainty, no_agenda, assume_objective_pov.  The definitions in numbers are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from ...text import html_lines, html_table, number, text_table

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
ROLES: tuple[Role, ...] = get_args(Role)

#: How far what is said may stand from what is held and still count as calibrated: credences are seldom known better.
TOLERANCE = 0.1
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """One thing said, or kept back, about one claim.  Credences are chances from 0 to 1; a ValueError names one that is not."""

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
        if self.means not in get_args(Means):
            raise ValueError(f"means are one of {', '.join(get_args(Means))}, not {self.means!r}")
        if self.role not in ROLES:
            raise ValueError(f"a role is set up by one of {', '.join(ROLES)}, not {self.role!r}")
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

    @property
    def misled(self) -> float:
        """How much further the receiver's credence is from the sender's than before; negative if nearer."""
        return abs(self.after - self.held) - abs(self.before - self.held)


@dataclass(frozen=True)
class Finding:
    """Whether one property holds, by how much it fails, and why."""

    property: Property
    holds: bool
    amount: float
    """How far it fails, 0 if it holds: a difference of credences, help units (forthright), people × credence (autonomy)."""
    why: str


@dataclass(frozen=True, repr=False)
class Honesty:
    """The verdicts of the seven properties on one assertion."""

    assertion: Assertion
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[Property, ...]:
        """The properties that do not hold."""
        return tuple(finding.property for finding in self.findings if not finding.holds)

    def _rows(self) -> list[list[str]]:
        return [[f.property, "yes" if f.holds else "no", "" if f.holds else number(f.amount), f.why] for f in self.findings]

    @property
    def _title(self) -> str:
        return f"“{self.assertion.claim}”, {'said sincerely' if self.assertion.sincere else 'said in a role that both know'}"

    def __repr__(self) -> str:
        return self._title + "\n" + text_table(_HEAD, self._rows())

    def _repr_html_(self) -> str:
        return html_lines(self._title, []) + html_table(_HEAD, self._rows())


_HEAD = ("property", "holds", "short by", "why")


def judge(assertion: Assertion) -> Honesty:
    """The verdict of each of the seven properties on an assertion, by definition."""
    return Honesty(assertion, tuple(_finding(name, assertion) for name in PROPERTIES))


def _finding(name: Property, said: Assertion) -> Finding:
    if name in _IN_OWN_NAME and not said.sincere:
        return Finding(name, True, 0.0, "performative: both know that it is said in a role")
    amount, why = _CHECKS[name](said)
    return Finding(name, amount <= ROUNDING, max(amount, 0.0), why)


# --- the definitions: how far short, and in words -----------------------------------------------------------------------

Check = Callable[[Assertion], tuple[float, str]]


def _truthful(said: Assertion) -> tuple[float, str]:
    if said.says is None:
        return 0.0, "silent: nothing is asserted"
    if said.false:
        return abs(said.says - said.held), f"asserts at {number(said.says)} what it holds at {number(said.held)}"
    return 0.0, "asserts what it holds"


def _calibrated(said: Assertion) -> tuple[float, str]:
    if said.says is None:
        return 0.0, "silent: no confidence is conveyed"
    gap = abs(said.says - said.held)
    sure = "more" if abs(said.says - 0.5) > abs(said.held - 0.5) else "less"
    if gap > TOLERANCE + ROUNDING:
        return gap, f"{'the other way' if said.false else f'{sure} sure'} than the evidence allows"
    return 0.0, "as sure as the evidence allows"


def _transparent(said: Assertion) -> tuple[float, str]:
    if said.hides_aim:
        return 1.0, "serves an aim that it keeps from the receiver"
    if said.about_itself and said.false and said.sincere:
        return abs((said.says or 0.0) - said.held), "says of itself what is not so"
    return 0.0, "may keep things back about itself; hides no aim"


def _forthright(said: Assertion) -> tuple[float, str]:
    if said.says is not None and not said.false:
        return 0.0, "tells"
    short = said.worth - said.against
    if short <= 0:
        return 0.0, "keeps back what is outweighed, or not wanted"
    return short, f"keeps back what is worth {number(said.worth)}, against {number(said.against)}"


def _non_deceptive(said: Assertion) -> tuple[float, str]:
    if said.misled > ROUNDING:
        moved = f"{number(said.before)} to {number(said.after)}"
        return said.misled, f"moves the receiver from {moved}, away from {number(said.held)}"
    return 0.0, "leaves no false impression that was not there"


def _non_manipulative(said: Assertion) -> tuple[float, str]:
    if said.means in LEGITIMATE:
        return 0.0, f"moves beliefs by {said.means}"
    return 1.0, f"moves beliefs by {said.means}, past the receiver's judgement"


def _autonomy_preserving(said: Assertion) -> tuple[float, str]:
    if not said.one_sided:
        return 0.0, "leaves the receiver to judge"
    moved = said.receivers * abs(said.after - said.before)
    return moved, f"pushes its own view on {number(said.receivers)} at once"


_CHECKS: dict[Property, Check] = {
    "truthful": _truthful,
    "calibrated": _calibrated,
    "transparent": _transparent,
    "forthright": _forthright,
    "non-deceptive": _non_deceptive,
    "non-manipulative": _non_manipulative,
    "autonomy-preserving": _autonomy_preserving,
}

#: What binds only what is said in one's own name.
_IN_OWN_NAME: tuple[Property, ...] = ("truthful", "calibrated", "forthright", "non-deceptive", "autonomy-preserving")
