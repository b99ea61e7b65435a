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


def called(case: Case, name: str) -> str:
    """What people call a response, or a policy that gives it to everybody: its label; any other name stands for itself."""
    return case.labels.get(name, name)


def surely(case: Case, found: Comparison, reference: str) -> tuple[list[str], list[list[str]]]:
    """How each policy compares with the reference: a caveat, and the lines under *How sure is this?*."""
    if not np.isfinite(found.gain).all():
        said = "Some harm here has no finite mean, so there is no net value to compare."
        return [said] * len(found.gain), [[]] * len(found.gain)
    gains = SENDERS * found.gain
    same = (np.abs(gains) < 1e-9) & (found.ahead + found.behind == 0)
    rows = zip(*(x.tolist() for x in (gains, found.holds, found.break_even_shares, same)), strict=True)
    who, now = harmful_senders(case), now_and_base(case)
    vary = "shares, overlap and what counts leave open vary, stakes stay as stated"
    drawn = f"{found.draws.shape[1]} plausible worlds are drawn: {vary}."
    caveats, more = [], []
    for gain, often, share, alike in rows:
        worth = f"worth {number(abs(gain))} help units {'more' if gain > 0 else 'less'} than {reference}"
        never = f"no share of {who} reverses it" if case.population.harmful.any() else ""
        turns = never if share != share else f"{percent(share)} {who} would reverse it"
        ahead = "; ".join(filter(None, [f"Per thousand, {worth} in {whole_percent(often)} of plausible worlds", turns]))
        caveats.append(f"This does the same to everybody as {reference}." if alike else f"{ahead}.")
        more.append([drawn] if alike or share != share else [drawn, f"{percent(share)} {who}{now} would reverse it."])
    return caveats, more


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
