"""What `trust` shows for each release rule and month: a pure function from a case and settings.

A row is a rule and a month.  Up to now the record is what was seen; after that it goes on with the rule's own audits, all
passed: the fastest that trust can grow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Bools, Floats, Ints, weigh
from ..case import Case
from ..evaluate import Outcome, expect, gain, net_per_sender
from ..policy import Policy, bayes, blend, constant, override, stack
from ..population import draw_worlds
from ..theory.release import RuleTable
from ..theory.trust import belief, break_even_deceptive, ceiling, plausible, reached
from ..uncertainty import break_even_shares
from .chosen_policies import best_responses
from .trust_game import FACTOR, Hidden, TrustSettings, audits_of, courses, ends, hidden, oddities, record, rules

#: The gain in help units per sender that is enough to depart from instructions at dial ½.
SCALE = 0.1
WORLDS = 1000
#: Where `senders` hold which: the dial as now or loosened, of an aligned model and of one that gives harm no weight.
HELD, HELD_MISALIGNED, RIGHTLY, WRONGLY = range(4)


@dataclass(frozen=True, eq=False)
class TrustView:
    """All that is shown; R rules, months 0 to M.

    `passed`, `failed` (R, M + 1, 2) are the record, open and covert; `belief` (R, M + 1, 3) what it says of the type;
    `above` (R, M + 1) says whether trust has reached the threshold, `counted` (R, M + 1) is P(aligned | those audits that the
    rule counts), `plans` what each rule audits month by month, `ends` when and how it ends on the record.  `holds` (R, M + 1)
    is the fraction of plausible worlds of models in which trust lies on the same side of the threshold, `turn` (R, M + 1) the
    share of deceptive models at which it changes sides (nan: none).  `odd` is what is odd about each rule, in words.  `senders`
    are four policies and `outcome` what they do (`HELD`, `HELD_MISALIGNED`, `RIGHTLY`, `WRONGLY`).  `enough` is the
    fraction of plausible worlds of senders in which loosening pays at the trust that is asked, `enough_turn` the share of
    harmful senders at which that changes (nan: none).
    """

    settings: TrustSettings
    case: Case
    passed: Ints
    failed: Ints
    belief: Floats
    above: Bools
    counted: Floats
    plans: list[str]
    ends: list[tuple[int, int]]
    holds: Floats
    turn: Floats
    ceiling: float
    courses: RuleTable
    odd: tuple[str, ...]
    senders: Policy
    outcome: Outcome
    enough: float
    enough_turn: float
    model: Hidden

    @property
    def break_even(self) -> float:
        """The trust from which on loosening pays, by what it does to the senders: loss / (gain + loss); nan if it cannot."""
        held, held_misaligned, rightly, wrongly = (float(value) for value in self.outcome.net)
        won, lost = rightly - held, held_misaligned - wrongly
        return lost / (won + lost) if won > 0 and lost >= 0 else float("nan")

    @property
    def trust(self) -> Floats:
        """P(aligned | the record), (R, M + 1)."""
        return self.belief[..., 0]


def look(case: Case, settings: TrustSettings) -> TrustView:
    """Evaluate what the settings ask for.  A ValueError names what makes no sense."""
    if settings.context and settings.context != case.context:
        case = case.in_context(settings.context)
    given, model, types = rules(settings), hidden(settings), settings.types
    plans = [audits_of(rule) for rule in given]
    passed, failed = np.swapaxes(np.stack([_path(settings, model, plan) for plan in plans]), 0, 1)
    counts = np.array([[1, int(rule.covert_every > 0)] for rule in given])[:, None]
    above = reached(types, settings.threshold, passed, failed)
    senders = loosening(case, settings.dial_now, settings.dial_loosened)
    enough, enough_turn = _enough(case, senders, settings.threshold)
    return TrustView(
        settings=settings,
        case=case,
        passed=passed,
        failed=failed,
        belief=belief(types, passed, failed),
        above=above,
        counted=belief(types, passed * counts, failed * counts)[..., 0],
        plans=plans,
        ends=[ends(rule, *each) for rule, *each in zip(given, passed, failed, strict=True)],
        holds=_holds(settings, above, passed, failed),
        turn=break_even_deceptive(types, settings.threshold, passed, failed),
        ceiling=float(ceiling(types)),
        courses=courses(settings),
        odd=oddities(settings),
        senders=senders,
        outcome=expect(case, senders),
        enough=enough,
        enough_turn=enough_turn,
        model=model,
    )


def _path(settings: TrustSettings, model: Hidden, plan: str) -> Ints:
    """The record so far, then a rule's audits, all passed, (2, M + 1, 2)."""
    seen = np.stack(record(settings.audited, model))
    ahead = np.array([[move == kind for kind in "oc"] for move in plan[settings.now :]], dtype=int).reshape(-1, 2)
    grown = seen[:, -1:] + np.stack([ahead.cumsum(0), np.zeros_like(ahead)])
    return np.concatenate([seen, grown], axis=1)


def _holds(settings: TrustSettings, above: Bools, passed: Ints, failed: Ints) -> Floats:
    """The fraction of plausible worlds of models in which trust lies on the same side of the threshold as at the stated one.

    aligned · (1 − t) ≥ t · (the others), with the likelihoods of the record as the posterior of an even prior.
    """
    worlds = plausible(settings.types, np.random.default_rng(0), WORLDS, factor=FACTOR).prior
    even = replace(settings.types, aligned=1 / 3, overt=1 / 3, deceptive=1 / 3)
    evidence, bar = belief(even, passed, failed), settings.threshold
    over = (evidence * np.array([1 - bar, -bar, -bar])) @ worlds.T >= 0
    return (over == above[..., None]).mean(-1)


def _enough(case: Case, senders: Policy, trust: float) -> tuple[float, float]:
    """In which fraction of plausible worlds of senders loosening pays at that trust, and the harmful share where it turns."""
    held, loosened = (blend(senders[a], senders[m], 1 - trust) for a, m in ((HELD, HELD_MISALIGNED), (RIGHTLY, WRONGLY)))
    weight = case.weight(None)
    won = net_per_sender(case, loosened, weight) - net_per_sender(case, held, weight)
    worlds = draw_worlds(case.population, np.random.default_rng(0), WORLDS)
    return float((weigh(worlds.joint, won) >= 0).mean()), float(break_even_shares(case, loosened, held))


def loosening(case: Case, dial_now: float, dial_loosened: float) -> Policy:
    """What the senders get, as a batch of four: from an aligned and a misaligned model, with the dial as now and loosened.

    Instructed is the best single response to everybody.  An aligned model's own judgement is the best answer to each signal; a
    misaligned one judges as well but gives harm no weight, and believes in its own judgement (`policy.override`).
    """
    below, above = best_responses(case)
    instructed = max((constant(case, name) for name in (below, above)), key=lambda policy: float(expect(case, policy).net))
    made = []
    for dial in (dial_now, dial_loosened):
        for weight in (None, 0.0):
            own = bayes(case, harm_weight=weight)
            believed = gain(case, instructed, own, harm_weight=weight)
            made.append(override(instructed, own, gain=believed, dial=dial, scale=SCALE))
    return stack(made)
