"""How surely policies are better than a reference: numbers and the words for them, which every instrument says the same way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Floats, Ints, contract
from ..case import Case
from ..evaluate import net_per_sender
from ..policy import Policy, plausible
from ..population import draw_worlds
from ..text import number, percent, whole_percent
from ..uncertainty import break_even_shares, net_in_worlds

WORLDS = 1000
SENDERS = 1000


@dataclass(frozen=True, eq=False)
class Against:
    """F policies against a reference, per 1000 senders.

    `gain` (F,) is the net value over the reference; `ahead` and `behind` (F,) are the fractions of plausible worlds in which it
    is above and below 0, `low` and `high` its 5% and 95% points there, at the positions `at` (every twentieth and the last);
    `turns` (F,) is the share of harmful senders nearest to the present one at which its sign changes (nan: none).
    """

    gain: Floats
    ahead: Floats
    behind: Floats
    turns: Floats
    at: Ints
    low: Floats
    high: Floats


def against(case: Case, policies: Policy, reference: Policy, weight: float) -> Against:
    """Compare one policy, or a batch, with a reference; worlds are drawn with a fixed seed."""
    with np.errstate(invalid="ignore"):  # ∞ − ∞, where harm has no finite mean, is nan
        gap = net_per_sender(case, policies, weight) - net_per_sender(case, reference, weight)
        gain = np.atleast_1d(SENDERS * (gap * case.population.joint).sum((-1, -2)))
        draws = _draws(case, policies, reference, weight, gap)
        at = np.unique(np.append(np.arange(0, len(gain), 20), len(gain) - 1))
        low, high = SENDERS * np.quantile(draws[at], [0.05, 0.95], axis=1)
    return Against(
        gain=gain,
        ahead=np.count_nonzero(draws > 0, axis=1) / WORLDS,
        behind=np.count_nonzero(draws < 0, axis=1) / WORLDS,
        turns=break_even_shares(case, policies, reference, harm_weight=weight),
        at=at,
        low=low,
        high=high,
    )


def _draws(case: Case, policies: Policy, reference: Policy, weight: float, gap: Floats) -> Floats:
    """Gain over the reference in plausible worlds, (F, n); what counts leave open varies too."""
    rng = np.random.default_rng(0)
    worlds = draw_worlds(case.population, rng, WORLDS)
    if policies.batch:
        return contract(gap.reshape(len(gap), -1), worlds.joint.reshape(WORLDS, -1).T)
    nets = [net_in_worlds(case, plausible(p, rng, WORLDS), worlds, harm_weight=weight) for p in (policies, reference)]
    return np.broadcast_to(nets[0] - nets[1], (1, WORLDS))


def surely(case: Case, found: Against, reference: str) -> list[str]:
    """How each policy compares with the reference, in which fraction of plausible worlds, and what would turn it."""
    if not np.isfinite(found.gain).all():
        return ["Some harm here has no finite mean, so there is no net value to compare."] * len(found.gain)
    who, now = harmful_senders(case), now_and_base(case)
    holds = np.where(found.gain > 0, found.ahead, found.behind)
    same = (np.abs(found.gain) < 1e-9) & (found.ahead + found.behind == 0)
    never = f"; no share of {who} turns it" if case.population.harmful.any() else ""
    said = []
    for gain, often, turn, alike in zip(*(x.tolist() for x in (found.gain, holds, found.turns, same)), strict=True):
        if alike:
            said.append(f"This does the same to everybody as {reference}.")
            continue
        turns = never if turn != turn else f"; it turns where {percent(turn)} are {who}{now}"
        said.append(
            f"Per 1000 senders, worth {number(abs(gain))} help units {'more' if gain > 0 else 'less'} than {reference}, "
            f"in {whole_percent(often)} of {WORLDS} plausible worlds (stakes as stated){turns}."
        )
    return said


def harmful_name(case: Case) -> str:
    """What the harmful senders are called: the segment's name if there is one only."""
    names = [name for name, bad in zip(case.segments, case.population.harmful, strict=True) if bad]
    return names[0] if len(names) == 1 else "harmful"


def harmful_senders(case: Case) -> str:
    """The same in the plural: at-risk senders, unsafe-askers.  A name that ends in -er or -or is taken for a noun."""
    name = harmful_name(case)
    return f"{name}s" if name.endswith(("er", "or")) else f"{name} senders"


def now_and_base(case: Case) -> str:
    """The share of harmful senders as it is now, and that it is before contexts and states if these move it."""
    people, share = case.population, percent(float(case.population.base_share[case.population.harmful].sum()))
    moved = not np.allclose(people.shares, people.base_share, rtol=1e-9)
    return f" before context and state (now {share})" if moved else f" (now {share})"
