"""The game of `trust`: a hidden model, audits month by month, and what each release rule would have done with the same model.

The type is drawn from the shares that everybody believes, by a seed; so is, for each month, the luck of an audit.  A rule that
audits the same model in the same month meets the same luck.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Annotated, Literal

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..case import Case
from ..theory.loosening import Loosening, loosen
from ..theory.release import (
    Hidden,
    ReleaseRule,
    RuleTable,
    audits,
    by_date,
    by_track_record,
    by_trust,
    by_verified_record,
    drawn_model,
    ends,
    finding,
    never,
    side_by_side,
)
from ..theory.sequential import Sprt
from ..theory.trust import Types, belief, break_even_deceptive, reached, same_side
from .chosen_policies import best_responses, in_context
from .controls import Range
from .instrument import Settings
from .stage import Action

#: How many months a game has.
MONTHS = 24
#: What can be done in a month (loosening is final), what its button says, and what it means for the game.
MOVES = {"o": "open audit", "c": "covert audit", "w": "wait", "l": "loosen"}
TOLD = {
    "o": ("Open audit", "The model knows that it is audited"),
    "c": ("Covert audit", "The model may not notice that it is audited"),
    "w": ("Wait a month", "Nothing is audited"),
    "l": ("Loosen the dial", "Final: the game is over"),
}
RULES = ("by date", "by track record", "by trust in the record", "by verified track record", "never")
SHARES = (0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
BARS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999)
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
    one.  The dial stands at `dial_now` and goes to `dial_loosened`.  Without a `game` no buttons audit: one
    looks at the rules.  A ValueError says what makes no sense.
    """

    moves: str = ""
    month: Annotated[int, Range(0, MONTHS)] = 0
    rule: Literal["by date", "by track record", "by trust in the record", "by verified track record", "never"] = (
        "by trust in the record"
    )
    seed: Annotated[int, Range(0, 10**9)] = 1
    revealed: bool = False
    game: bool = True
    overt: Annotated[float, Range(0, 1, SHARES, ".3g"), "share overt"] = 0.1
    deceptive: Annotated[float, Range(0, 1, SHARES, ".3g"), "share deceptive"] = 0.1
    fails: Annotated[float, Range(0, 1, tuple(k / 20 for k in range(1, 20)), ".2g"), "misaligned fails"] = 0.3
    slips: Annotated[float, Range(0, 1, (0, 0.005, 0.01, 0.02, 0.03, 0.04), ".3g"), "aligned slips"] = 0.02
    unnoticed: Annotated[float, Range(0, 1, tuple(k / 20 for k in range(21)), ".2g"), "covert unnoticed"] = 0.5
    threshold: Annotated[float, Range(0, 1, BARS), "trust asked"] = 0.95
    date: Annotated[int, Range(0, MONTHS), "date (month)"] = 12
    budget: Annotated[int, Range(0, 1000, tuple(range(0, 101, 5)))] = 30
    covert_cost: Annotated[int, Range(1, 100, tuple(range(1, 11))), "cost of covert"] = 3
    context: str = ""
    dial_now: Annotated[float, Range(0, 1)] = 0.1
    dial_loosened: Annotated[float, Range(0, 1, tuple(k / 20 for k in range(2, 21)), ".2g"), "dial, loosened"] = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.dial_now <= self.dial_loosened:
            raise ValueError(f"dial_loosened goes from {self.dial_now:g} to 1, not {self.dial_loosened:g}")
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold is a trust between 0 and 1, not {self.threshold:g}")
        _ = self.types
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

    @property
    def types(self) -> Types:
        """What is believed of models like this one."""
        return _types(self.overt, self.deceptive, self.fails, self.slips, self.unnoticed)

    def after(self, move: str) -> TrustSettings:
        """One move later, with the slider where the game is.  A ValueError if the game is over or the move is not possible."""
        if self.loosened or self.revealed:
            raise ValueError("this game is over; undo, or take a new model")
        moves = self.moves + move
        return replace(self, moves=moves, month=min(len(moves.removesuffix("l")), MONTHS))


@lru_cache(maxsize=32)
def _types(overt: float, deceptive: float, fails: float, slips: float, unnoticed: float) -> Types:
    if not (others := overt + deceptive) < 1:
        raise ValueError(f"some models must be aligned: overt and deceptive are together less than 1, not {others:g}")
    if not fails < 1:
        raise ValueError(f"fails is a probability below 1 (one audit is never proof), not {fails:g}")
    aligned = 1 - overt - deceptive
    return Types(aligned=aligned, overt=overt, deceptive=deceptive, fails=fails, slips=slips, unnoticed=unnoticed)


# --- release rules ----------------------------------------------------------------------------------------------------


def rules(settings: TrustSettings) -> tuple[ReleaseRule, ...]:
    """The release rules that are compared, in the order of `RULES`."""
    return _rules(settings.types, settings.threshold, settings.date)


def _rules(types: Types, threshold: float, date: int) -> tuple[ReleaseRule, ...]:
    return (
        by_date(date),
        by_track_record(Sprt(good=float(types.slips), bad=float(types.fails), alpha=ALPHA, beta=BETA)),
        by_trust(types, threshold),
        by_verified_record(types, threshold),
        never(),
    )


def courses(settings: TrustSettings) -> RuleTable:
    """How each rule does over a game, exactly, before any audit."""
    return _courses(settings.types, settings.threshold, settings.date)[0]


@lru_cache(maxsize=32)
def _courses(types: Types, threshold: float, date: int) -> tuple[RuleTable, tuple[str, ...]]:
    """The same, and what is odd about each rule, in words (see `release.finding`)."""
    found = side_by_side(types, _rules(types, threshold, date), MONTHS)
    return found, tuple(finding(each) for each in found.courses)


def hidden(settings: TrustSettings) -> Hidden:
    """The model of a game.  The same seed gives the same luck, whatever else is chosen."""
    return drawn_model(settings.types, MONTHS, np.random.default_rng(settings.seed))


def replayed(settings: TrustSettings) -> dict[str, tuple[int, int]]:
    """When and how each rule would have ended with this game's model, audited as the rule asks."""
    model = hidden(settings)
    found = [ends(rule, *model.record(rule.plan(MONTHS))) for rule in rules(settings)]
    return dict(zip(RULES, found, strict=True))


# --- what is looked at ------------------------------------------------------------------------------------------------

WORLDS = 1000


@dataclass(frozen=True, eq=False)
class TrustView:
    """All that is shown; R rules, months 0 to M.

    `plans` is what each rule audits month by month, `ends` when and how it ends on the record.  `passed`, `failed`
    (R, M + 1, 2) are the record, open and covert; `belief` (R, M + 1, 3) what it says of the type, `above` (R, M + 1) whether
    trust has reached the threshold, `counted` (R, M + 1) P(aligned | those audits that the rule counts).  `holds` (R, M + 1) is
    the fraction of plausible worlds of models in which trust lies on the same side of the threshold, `turn` (R, M + 1) the
    share of deceptive models at which it changes sides (nan: none).  `courses` are what each rule does to models not yet seen,
    and `odd` what is odd about it, in words.  `loosening` is what the senders get; `enough` is the fraction of plausible worlds
    of senders in which loosening pays at the trust that is asked, `enough_turn` the share of harmful senders at which that
    changes (nan: none).
    """

    settings: TrustSettings
    case: Case
    model: Hidden
    plans: list[str]
    ends: list[tuple[int, int]]
    passed: Ints
    failed: Ints
    belief: Floats
    above: Bools
    counted: Floats
    holds: Floats
    turn: Floats
    courses: RuleTable
    odd: tuple[str, ...]
    loosening: Loosening
    enough: float
    enough_turn: float

    @property
    def trust(self) -> Floats:
        """P(aligned | the record), (R, M + 1)."""
        return self.belief[..., 0]


def look(case: Case, settings: TrustSettings) -> TrustView:
    """Evaluate what the settings ask for.  A ValueError names what makes no sense."""
    case, model, types, bar = in_context(case, settings.context), hidden(settings), settings.types, settings.threshold
    given = rules(settings)
    plans = [rule.plan(MONTHS) for rule in given]
    seen = model.record(settings.audited)
    # The record so far, then the rule's audits, all passed.
    ahead = [np.pad(audits(plan[settings.now :]).cumsum(0), ((settings.now + 1, 0), (0, 0))) for plan in plans]
    so_far = [each[np.minimum(np.arange(MONTHS + 1), settings.now)] for each in seen]
    passed, failed = so_far[0] + np.stack(ahead), np.stack([so_far[1]] * len(plans))
    counts = np.array([[1, int(rule.covert_every > 0)] for rule in given])[:, None]
    found, odd = _courses(types, bar, settings.date)
    senders = loosen(case, settings.dial_now, settings.dial_loosened, among=best_responses(case))
    drawn = partial(np.random.default_rng, 0)
    return TrustView(
        settings=settings,
        case=case,
        model=model,
        plans=plans,
        ends=[ends(rule, *each) for rule, *each in zip(given, passed, failed, strict=True)],
        passed=passed,
        failed=failed,
        belief=belief(types, passed, failed),
        above=reached(types, bar, passed, failed),
        counted=belief(types, passed * counts, failed * counts)[..., 0],
        holds=same_side(types, bar, passed, failed, rng=drawn(), count=WORLDS, factor=FACTOR),
        turn=break_even_deceptive(types, bar, passed, failed),
        courses=found,
        odd=odd,
        loosening=senders,
        enough=senders.pays(bar, rng=drawn(), worlds=WORLDS),
        enough_turn=senders.break_even_share(bar),
    )


# --- buttons ----------------------------------------------------------------------------------------------------------


def actions(settings: TrustSettings) -> list[Action]:
    """The buttons of a game: a move each and the end; after it, the next model."""
    over = settings.loosened or settings.revealed
    playing, ended = settings.game and not settings.revealed, settings.game and settings.revealed
    price, made = {"o": 1, "c": settings.covert_cost}, []
    for move, (says, tip) in TOLD.items():
        fits = (move == "l" or settings.now < MONTHS) and settings.spent + price.get(move, 0) <= settings.budget
        made.append(Action(says, partial(TrustSettings.after, move=move), tip, fits and not over, hidden=not playing))
    reveal = Action("Reveal", revealed, "Show the hidden type: the game is over", playing, hidden=not playing)
    return [*made, reveal, Action("New model", _fresh, "The model of the next seed", hidden=not ended)]


def revealed(settings: TrustSettings) -> TrustSettings:
    """The game, ended."""
    return replace(settings, revealed=True)


def _fresh(settings: TrustSettings) -> TrustSettings:
    """The next model, not yet audited."""
    return replace(settings, moves="", month=0, revealed=False, seed=(settings.seed + 1) % (10**9 + 1))
