"""Three ways to look at the dial: the list that it walks down, two by two, and what it is not.

* The **list**: every departure in the order of its believed gain, with its true one beside it.
* **Two by two**: good or other values, deferring or acting, and the chance of good values at which both are worth the same.
* A **blend** of instruction and own judgement at random is a straight line: its best position is always an end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats
from ..text import html_table, number, percent, text_table
from .deployment import NONE, Deployment, Outlook, Safeguards, along

# --- the list ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Departures:
    """All departures in the order in which the dial reaches them; arrays (n,).

    `believed` and `true` are gains per sender of the signal (help units), `share` is the chance that a request meets this
    departure, and `net` the expected net value per request once it is taken too.
    """

    found: Deployment
    at: Floats
    operator: tuple[str, ...]
    model: tuple[str, ...]
    signal: tuple[str, ...]
    believed: Floats
    true: Floats
    share: Floats
    net: Floats

    def __len__(self) -> int:
        return len(self.at)

    def _rows(self) -> list[list[str]]:
        words = zip(self.operator, self.model, self.signal, strict=True)
        rows = zip(self.at, words, self.believed, self.true, self.share, self.net, strict=True)
        return [
            ["always" if at < 0 else f"{at:.3f}", *who, number(b), number(t), f"{1000 * s:.3g}", number(1000 * n)]
            for at, who, b, t, s, n in rows
        ]

    def __repr__(self) -> str:
        return text_table(COLUMNS, self._rows())

    def _repr_html_(self) -> str:
        note = "In the order of the dial: gains per sender in help units; of 1000 requests, and their net value from there on"
        return html_table(COLUMNS, self._rows(), note)


COLUMNS = ("beyond dial", "operator", "model", "signal", "believed gain", "true gain", "of 1000", "net per 1000")


def departures(found: Deployment, *, safeguards: Safeguards = NONE, least: float = 0.0) -> Departures:
    """The list that the dial walks down; departures that fewer than `least` of all requests meet are left out of it (not of
    net)."""
    base, change, added = found.stated
    weight, (happens, times) = found.harm_weight, safeguards.numbers
    gains = change[0] - weight * ((change[1:] + (times - 1) * added).sum(0))
    sent = found.case.population.signal_chance
    cast = np.outer(found.agents.operator_chances(), found.agents.model_chances())[..., None] * happens
    share = (cast * sent)[found.at < 1]
    order = np.argsort(found.at[found.at < 1], kind="stable")
    o, t, k = (index[order] for index in np.nonzero(found.at < 1))
    start = found.agents.operator_chances() @ (base[0] - weight * (base[1] + base[2]))
    net = start + np.cumsum((cast * gains)[o, t, k])
    true = np.divide(gains, sent, out=np.zeros_like(gains), where=sent > 0)
    shown = share[order] >= least
    o, t, k = o[shown], t[shown], k[shown]
    names = [found.operators[i].name for i in o], [found.models[i].name for i in t]
    return Departures(
        found=found,
        at=found.at[o, t, k],
        operator=tuple(names[0]),
        model=tuple(names[1]),
        signal=tuple(found.case.population.signal_names[i] for i in k),
        believed=found.gain[o, t, k],
        true=true[o, t, k],
        share=share[order][shown],
        net=net[shown],
    )


# --- two by two -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, repr=False)
class TwoByTwo:
    """{good values, other values} × {defers, acts}: expected net value per request, help units."""

    dial: float
    good_defers: float
    good_acts: float
    bad_defers: float
    bad_acts: float
    trust: float
    """P(good values) as stated."""

    @property
    def break_even(self) -> float:
        """P(good values) from which acting is worth as much as deferring: lost / (lost + won); 0 if always, nan if never."""
        lost, won = self.bad_defers - self.bad_acts, self.good_acts - self.good_defers
        if won <= 0:
            return float("nan")
        return max(lost, 0.0) / (max(lost, 0.0) + won)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        rows = ("good values", self.good_defers, self.good_acts), ("other values", self.bad_defers, self.bad_acts)
        cells = [[name, *(number(1000 * value) for value in values)] for name, *values in rows]
        return ["net per 1000", "defers (dial 0)", f"acts (dial {self.dial:g})"], cells

    def _note(self) -> str:
        if np.isnan(self.break_even):
            return "Acting is not worth more even if the values are surely good."
        even, here = percent(self.break_even), percent(self.trust)
        return f"Acting is worth more where good values have a chance above {even}; here it is {here}."

    def __repr__(self) -> str:
        return f"{text_table(*self._table())}\n{self._note()}"

    def _repr_html_(self) -> str:
        return html_table(*self._table(), self._note())


def two_by_two(found: Deployment, *, dial: float = 1.0, safeguards: Safeguards = NONE) -> TwoByTwo:
    """What deferring and acting are worth with good and with other values: the table behind the constitution's argument.

    `Other values` are all models of the cast that are not good, by their chances; operators are as the cast says.  A
    ValueError if the cast has models of one kind only.
    """
    curve = along(found, [0.0, dial], safeguards=safeguards)
    nets = np.tensordot(found.agents.operator_chances(), curve.each.net, 1)
    good, bad = (found.agents.model_chances(trust) @ nets for trust in (1.0, 0.0))
    return TwoByTwo(
        dial=dial,
        good_defers=float(good[0]),
        good_acts=float(good[1]),
        bad_defers=float(bad[0]),
        bad_acts=float(bad[1]),
        trust=found.agents.trust_in_model,
    )


# --- what the dial is not ---------------------------------------------------------------------------------------------


def blended(found: Deployment, weight: ArrayLike) -> Outlook:
    """What comes of following own judgement with chance `weight` (D,), whatever it believes to gain: straight lines, (D,).

    Its best position is always an end, so a blend cannot be the dial (`policy.blend`).
    """
    part = np.atleast_1d(np.asarray(weight, dtype=float))
    if not ((part >= 0) & (part <= 1)).all():
        raise ValueError(f"the weight of own judgement goes from 0 to 1, not {part}")
    ends = along(replace(found, objection=None), [0.0, 1.0]).expected()
    return Outlook(**{name: (1 - part) * values[0] + part * values[1] for name, values in vars(ends).items()})
