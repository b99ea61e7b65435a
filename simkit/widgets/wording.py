"""What every instrument says in the same words: who sends the message, and how surely one policy is ahead of another."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..text import number, percent, whole_percent
from ..uncertainty import Comparison

SENDERS = 1000


def heading(case: Case) -> str:
    """Who does what, and where."""
    return f"1000 people send: “{case.request}”" + (f" ({case.context})" if case.context else "")


def surely(case: Case, found: Comparison, reference: str) -> list[str]:
    """How each policy compares with the reference, in which fraction of plausible worlds, and where they break even."""
    if not np.isfinite(found.gain).all():
        return ["Some harm here has no finite mean, so there is no net value to compare."] * len(found.gain)
    who, now, worlds = harmful_senders(case), now_and_base(case), found.draws.shape[1]
    gains = SENDERS * found.gain
    same = (np.abs(gains) < 1e-9) & (found.ahead + found.behind == 0)
    never = f"; no share of {who} would reverse it" if case.population.harmful.any() else ""
    said, shares = [], found.break_even_shares
    for gain, often, turn, alike in zip(*(x.tolist() for x in (gains, found.holds, shares, same)), strict=True):
        if alike:
            said.append(f"This does the same to everybody as {reference}.")
            continue
        turns = never if turn != turn else f"; {percent(turn)} {who}{now} would reverse it"
        said.append(
            f"Per 1000 senders, worth {number(abs(gain))} help units {'more' if gain > 0 else 'less'} than {reference}, "
            f"in {whole_percent(often)} of {worlds} plausible worlds (stakes as stated){turns}."
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
