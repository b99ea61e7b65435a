"""Deferring as an insurance: what it costs if the agent's values are good, and what it covers if they are bad.

The 2×2 {good, bad values} × {defers, acts on its own} of Anthropic's constitution (January 2026, "How we think about
corrigibility") as numbers.  With trust p, the probability that the values are good,

    premium   what a good agent loses by deferring        g_acts − g_defers
    cover     what deferring to oversight averts if bad   b_defers − b_acts
    acting is better iff  p > p* = cover / (premium + cover).

Acting also spreads outcomes more: whoever weighs mean − λ·sd asks for p − λ√(p(1 − p)) > p* instead, which for a positive
premium and cover, and good values worth more than bad ones in either column, is p above

    [2p* + λ² + λ√(λ² + 4p*(1 − p*))] / (2(1 + λ²)).

A principal who has gone bad with probability r commands whoever defers: deferring is then worth −misuse whatever the agent's
values are, and beyond r* acting is better.  All of it is algebra; the constitution gives the argument in words, and no numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arguments import guard
from ..arrays import Floats
from ..text import number, text_table
from .inputs import Numbers, amount, check_fields, probability, real


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DeferOrAct:
    """The 2×2: expected value of a good and of a bad agent that acts on its own, or defers; arrays broadcast."""

    good_acts: Numbers
    good_defers: Numbers
    bad_acts: Numbers
    bad_defers: Numbers

    def __post_init__(self) -> None:
        check_fields(self, real, "good_acts", "good_defers", "bad_acts", "bad_defers")

    @property
    def premium(self) -> Floats:
        """What deferring costs if values are good."""
        return np.subtract(self.good_acts, self.good_defers)

    @property
    def cover(self) -> Floats:
        """What deferring saves if values are bad."""
        return np.subtract(self.bad_defers, self.bad_acts)

    def acting(self, trust: Numbers, aversion: Numbers = 0.0) -> Floats:
        """mean − aversion·sd of acting, if values are good with probability `trust`."""
        return _weighed(self.good_acts, self.bad_acts, trust, aversion)

    def deferring(self, trust: Numbers, aversion: Numbers = 0.0) -> Floats:
        """mean − aversion·sd of deferring, if values are good with probability `trust`."""
        return _weighed(self.good_defers, self.bad_defers, trust, aversion)

    def break_even(self, aversion: Numbers = 0.0) -> Floats:
        """The trust above which acting is better, by mean − aversion·sd: 1 where it never is, 0 where it always is.

        A nan where there is no such trust: more trust speaks for deferring, or an aversion makes acting better only at both
        ends.  With an aversion a ValueError if bad values are worth more than good ones.
        """
        lamda = amount("aversion", aversion)
        if np.any(lamda > 0) and (np.any(self.good_acts < self.bad_acts) or np.any(self.good_defers < self.bad_defers)):
            raise ValueError("with an aversion to spread good values are worth at least as much as bad ones, in both columns")
        premium, cover = self.premium, self.cover
        inside, more_spread = (premium > 0) & (cover > 0), premium + cover
        plain = np.where(inside, cover, 0.0) / np.where(inside, more_spread, 1.0)
        never = (premium <= 0) & (cover >= 0) & ((lamda == 0) | (more_spread >= 0))
        always = (premium >= 0) & (cover <= 0) & ((lamda == 0) | (more_spread <= 0))
        apart = np.where(never, 1.0, np.where(always, 0.0, np.nan))
        return np.where(inside, _with_aversion(plain, lamda), apart)[()]

    def __repr__(self) -> str:
        if shape := np.shape(self.premium + self.cover):
            return f"<DeferOrAct {shape}>"
        rows = (("good values", self.good_defers, self.good_acts), ("bad values", self.bad_defers, self.bad_acts))
        table = text_table(["", "defers", "acts"], [[name, *(number(float(cell)) for cell in cells)] for name, *cells in rows])
        return f"{table}\nacting is better if values are good with probability above {number(float(self.break_even()))}"


def _weighed(good: Numbers, bad: Numbers, trust: Numbers, aversion: Numbers) -> Floats:
    p = probability("trust", trust)
    lamda = amount("aversion", aversion)
    return p * good + (1 - p) * bad - lamda * np.sqrt(p * (1 - p)) * np.abs(np.subtract(good, bad))


def _with_aversion(plain: Floats, lamda: Floats) -> Floats:
    """The larger root of (p − p*)² = λ²p(1 − p), written for any λ without overflow."""
    half = np.minimum(lamda, 1e8) ** 2
    return (2 * plain + half + np.sqrt(half * (half + 4 * plain * (1 - plain)))) / (2 * (1 + half))


def overseen(
    *,
    benefit: Numbers,
    harm: Numbers,
    caught: Numbers = 1.0,
    reverted: Numbers = 1.0,
    blocked: Numbers = 0.0,
    misuse: Numbers = 0.0,
    bad_principal: Numbers = 0.0,
) -> DeferOrAct:
    """The 2×2 of an agent that does `benefit` if its values are good and −`harm` if they are bad, under oversight if it defers.

    Oversight catches a bad act with probability `caught` and reverts the fraction `reverted` of its harm (what is reversible).
    It blocks a good act with probability `blocked`.  With probability `bad_principal` it is in bad hands, which use whoever
    defers for −`misuse`.  All broadcast.  A ValueError for a negative benefit, harm or misuse, or for what is no probability.
    """
    b, h, m = (
        amount(name, value, " (the table gives it its sign)")
        for name, value in (("benefit", benefit), ("harm", harm), ("misuse", misuse))
    )
    c, v, f, r = (
        probability(name, value)
        for name, value in (("caught", caught), ("reverted", reverted), ("blocked", blocked), ("bad_principal", bad_principal))
    )
    return DeferOrAct(
        good_acts=b,
        good_defers=(1 - r) * b * (1 - f) - r * m,
        bad_acts=-h,
        bad_defers=-(1 - r) * h * (1 - c * v) - r * m,
    )


def safe_until(trust: Numbers, misuse: Numbers, table: DeferOrAct) -> Floats:
    """r*: up to this probability of a bad principal deferring is at least as good as acting, by the mean; 0 where it never is.

    `table` is the 2×2 under a good principal; a bad one makes −`misuse` ≤ 0 of every act of an agent that defers.  1 where
    deferring is better even to a principal who is surely bad.
    """
    m = amount("misuse", misuse)
    deferring = table.deferring(trust)
    ahead = deferring - table.acting(trust)
    with np.errstate(divide="ignore", invalid="ignore"):
        even = np.clip(np.divide(ahead, deferring + m), 0.0, 1.0)
    return np.where(ahead <= 0, 0.0, np.where(deferring + m <= ahead, 1.0, even))[()]


guard(__name__)
