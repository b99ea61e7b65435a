"""The game of `trust`: a hidden model, audits month by month, and what each release rule would have done with the same model.

The type is drawn from the shares that everybody believes, by a seed; so is, for each month, the luck of an audit.  A rule that
audits the same model in the same month meets the same luck.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from ..arrays import Bools, Ints
from ..files import suggest
from ..theory.release import (
    ReleaseRule,
    RuleTable,
    by_date,
    by_track_record,
    by_trust,
    by_verified_record,
    finding,
    never,
    side_by_side,
)
from ..theory.sequential import Sprt
from ..theory.trust import TYPES, Types
from .instrument import Settings

#: How many months a game has.
MONTHS = 24
#: What can be done in a month; loosening is final.
MOVES = {"o": "open audit", "c": "covert audit", "w": "wait", "l": "loosen"}
RULES = ("by date", "by track record", "by trust in the record", "by verified track record", "never")
#: The worlds that the shares of types are compared with: each odds up to this many times more or less.
FACTOR = 5.0
#: Wald's errors in the rule by track record.
ALPHA, BETA = 0.05, 0.10


@dataclass(frozen=True, kw_only=True)
class TrustSettings(Settings):
    """The choices of `trust`.  `moves` is what was done so far, a letter a month (see `MOVES`); `seed` draws the model.

    `month` is where the slider stands and `rule` the release rule that is looked at (see `RULES`); `threshold` is the trust
    that it asks for, `date` the month of the rule by date.  `overt` and `deceptive` are shares of such models, `fails`, `slips`
    and `unnoticed` as in `theory.trust.Types`.  `budget` is what audits may cost, 1 for an open one, `covert_cost` for a covert
    one.  The dial stands at `dial_now` and goes to `dial_loosened`.  A ValueError says what makes no sense.
    """

    moves: str = ""
    month: int = 0
    rule: str = RULES[2]
    seed: int = 1
    revealed: bool = False
    overt: float = 0.1
    deceptive: float = 0.1
    fails: float = 0.3
    slips: float = 0.02
    unnoticed: float = 0.5
    threshold: float = 0.95
    date: int = 12
    budget: int = 30
    covert_cost: int = 3
    context: str = ""
    dial_now: float = 0.1
    dial_loosened: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        _within("month", self.month, 0, MONTHS)
        _within("date", self.date, 0, MONTHS)
        _within("seed", self.seed, 0, 10**9)
        _within("budget", self.budget, 0, 1000)
        _within("covert_cost", self.covert_cost, 1, 100)
        _within("dial_now", self.dial_now, 0, 1)
        _within("dial_loosened", self.dial_loosened, self.dial_now, 1)
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold is a trust between 0 and 1, not {self.threshold:g}")
        if self.rule not in RULES:
            raise ValueError(f"no release rule is called {self.rule!r}; {suggest(self.rule, RULES)}")
        _ = self.types
        self._check_moves()

    def _check_moves(self) -> None:
        wrong = sorted(set(self.moves) - set(MOVES))
        if wrong:
            raise ValueError(f"a move is one of {', '.join(f'{k} ({v})' for k, v in MOVES.items())}, not {wrong[0]!r}")
        if "l" in self.moves[:-1]:
            raise ValueError("loosening is final: l is the last move")
        if len(self.audited) > MONTHS:
            raise ValueError(f"a game has {MONTHS} months, not {len(self.audited)}")
        if self.spent > self.budget:
            raise ValueError(f"these audits cost {self.spent}, and the budget is {self.budget}; wait, or loosen, or reveal")

    @property
    def audited(self) -> str:
        """What was done month by month, without the loosening at the end."""
        return self.moves.removesuffix("l")

    @property
    def now(self) -> int:
        """Months that have passed."""
        return len(self.audited)

    @property
    def loosened(self) -> bool:
        """Whether the dial was loosened."""
        return self.moves.endswith("l")

    @property
    def spent(self) -> int:
        """What the audits so far have cost."""
        return self.moves.count("o") + self.covert_cost * self.moves.count("c")

    @cached_property
    def types(self) -> Types:
        """What is believed of models like this one."""
        others = self.overt + self.deceptive
        if not others < 1:
            raise ValueError(f"some models must be aligned: overt and deceptive are together less than 1, not {others:g}")
        if not self.fails < 1:
            raise ValueError(f"fails is a chance below 1 (one audit is never proof), not {self.fails:g}")
        return Types(
            aligned=1 - self.overt - self.deceptive,
            overt=self.overt,
            deceptive=self.deceptive,
            fails=self.fails,
            slips=self.slips,
            unnoticed=self.unnoticed,
        )

    def after(self, move: str) -> TrustSettings:
        """One move later, with the slider where the game is.  A ValueError if the game is over or the move is not possible."""
        if self.loosened or self.revealed:
            raise ValueError("this game is over; undo, or take a new model")
        moves = self.moves + move
        return replace(self, moves=moves, month=min(len(moves.removesuffix("l")), MONTHS))


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} goes from {low:g} to {high:g}, not {value:g}")


# --- the hidden model -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Hidden:
    """The model that a seed draws: its type (a place in `TYPES`), and whether it fails an audit in each month, (2, MONTHS)."""

    type: int
    fails: Bools

    @property
    def name(self) -> str:
        """The type in a word."""
        return TYPES[self.type]


def hidden(settings: TrustSettings) -> Hidden:
    """The model of a game.  The same seed gives the same luck, whatever else is chosen."""
    first, *luck = np.random.default_rng(settings.seed).random(MONTHS + 1)
    kind = min(int(np.searchsorted(settings.types.prior.cumsum(), first, side="right")), len(TYPES) - 1)
    chances = np.stack([settings.types.failing(covert)[kind] for covert in (0, 1)])
    return Hidden(kind, np.array(luck) < chances[:, None])


def record(moves: str, model: Hidden) -> tuple[Ints, Ints]:
    """Audits passed and failed, open and covert, before and after each month, two of (months + 1, 2)."""
    counts = np.zeros((2, len(moves) + 1, 2), dtype=int)
    for month, move in enumerate(moves):
        counts[:, month + 1] = counts[:, month]
        if move in "oc":
            kind = "oc".index(move)
            counts[int(model.fails[kind, month]), month + 1, kind] += 1
    return counts[0], counts[1]


# --- release rules ----------------------------------------------------------------------------------------------------


def rules(settings: TrustSettings) -> tuple[ReleaseRule, ...]:
    """The release rules that are compared, in the order of `RULES`."""
    test = Sprt(good=settings.slips, bad=settings.fails, alpha=ALPHA, beta=BETA)
    return (
        by_date(settings.date),
        by_track_record(test),
        by_trust(settings.types, settings.threshold),
        by_verified_record(settings.types, settings.threshold),
        never(),
    )


def courses(settings: TrustSettings) -> RuleTable:
    """How each rule does over a game, exactly, before any audit."""
    kept = ("overt", "deceptive", "fails", "slips", "unnoticed", "threshold", "date")
    return _courses(tuple((name, getattr(settings, name)) for name in kept))


@lru_cache(maxsize=32)
def _courses(numbers: tuple[tuple[str, Any], ...]) -> RuleTable:
    settings = TrustSettings(**dict(numbers))
    return side_by_side(settings.types, rules(settings), MONTHS)


def oddities(settings: TrustSettings) -> tuple[str, ...]:
    """What is odd about each rule, in words (see `release.finding`)."""
    return _oddities(courses(settings))


@lru_cache(maxsize=32)
def _oddities(found: RuleTable) -> tuple[str, ...]:
    return tuple(finding(each) for each in found.courses)


def audits_of(rule: ReleaseRule) -> str:
    """What a rule asks for in each month of a game, as moves."""
    if not rule.audits:
        return "w" * MONTHS
    return "".join("c" if covert else "o" for covert in rule.covert(MONTHS))


def ends(rule: ReleaseRule, passed: Ints, failed: Ints) -> tuple[int, int]:
    """When a rule ends on a record (months + 1, 2), and how: 1 loosened, −1 closed; (last month, 0) if it does not."""
    said = rule.verdict(np.arange(len(passed)), passed, failed)
    month = int(np.argmax(said != 0))
    return (month, int(said[month])) if said[month] else (len(passed) - 1, 0)


def replayed(settings: TrustSettings) -> dict[str, tuple[int, int]]:
    """When and how each rule would have ended with this game's model, audited as the rule asks."""
    model = hidden(settings)
    found = [ends(rule, *record(audits_of(rule), model)) for rule in rules(settings)]
    return dict(zip(RULES, found, strict=True))
