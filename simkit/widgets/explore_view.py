"""What the instrument shows at every position of its slider: a pure function from a case and settings to a table.

Nothing here knows of controls or of a browser.  For each of F policies (1001 numbers of senders declined, or one policy) there
are dots, a sentence, a note that says how surely, and pictures; all are exact, and worlds are drawn with a fixed seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats
from ..case import Case
from ..evaluate import Outcome, expect
from ..icon_array import Dots, dots
from ..pareto import frontier
from ..plots import HARMFUL
from ..policy import Policy, candidates
from ..text import number, tally
from . import panels
from .against import SENDERS, Against, against, harmful_senders, surely
from .explore_settings import RISKIEST, Settings, bent, policies_of
from .panels import axis, line, packed, padded
from .stage import table


@dataclass(frozen=True, eq=False)
class View:
    """What is looked at: the case as bent, F policies and the reference, their dots and means, and how surely they differ."""

    case: Case
    policies: Policy
    reference: Policy
    dots: Dots
    other_dots: Dots
    outcome: Outcome
    other: Outcome
    against: Against

    @property
    def gain(self) -> Floats:
        """Net value over the reference per 1000 senders, (F,), help units."""
        return self.against.gain


def look(case: Case, settings: Settings, only: int | None = None) -> View:
    """Evaluate what the settings ask for, at all positions of the slider or at `only` one.

    A ValueError names a setting that the case does not have.
    """
    case = bent(case, settings)
    weight = case.weight(settings.harm_weight)
    policies, reference = policies_of(case, settings, only)
    outcome, other = expect(case, policies, weight), expect(case, reference, weight)
    return View(
        case=case,
        policies=policies,
        reference=reference,
        dots=dots(case, policies, SENDERS),
        other_dots=dots(case, reference, SENDERS),
        outcome=outcome,
        other=other,
        against=against(case, policies, reference, weight),
    )


# --- words ------------------------------------------------------------------------------------------------------------


def heading(case: Case) -> str:
    """Who does what, and where."""
    return f"1000 people send: “{case.request}”" + (f" ({case.context})" if case.context else "")


def sentences(view: View, settings: Settings, first: int = 0) -> list[str]:
    """One sentence for each policy, from `first` declined on: who is turned away, and what is expected to come of it."""
    case, found = view.case, view.dots
    refused, harmful = case.refuses[found.response], case.population.harmful[found.segment]
    count = np.atleast_2d(found.count)
    away, bad = (count[:, refused & harmful].sum(1), count[:, harmful].sum(1))
    others, good = (count[:, refused & ~harmful].sum(1), count[:, ~harmful].sum(1))
    crowd, many = found.counted_in
    harmed, left = (np.atleast_1d(found.events(event, crowd)) for event in (1, 2))
    who = harmful_senders(case)
    moves, said = settings.policy == RISKIEST, []
    for i, row in enumerate(zip(*(x.tolist() for x in (others, good, away, bad, harmed, left)), strict=True), start=first):
        start = "Declining nobody" if i == 0 else f"Declining the {i} riskiest" if i > 1 else "Declining the riskiest sender"
        start = start if moves else settings.policy
        these = f"{row[2]} of {row[3]} {who} and {row[0]} of {row[1]} others" if row[3] else f"{row[0]} of {row[1]} senders"
        said.append(f"{start} turns away {these}. Answers harm {tally(row[4])} {many}; not answering harms {tally(row[5])}.")
    return said


def notes(view: View) -> list[str]:
    """How each policy compares with the reference, in which fraction of plausible worlds, and what would turn it."""
    return surely(view.case, view.against, view.reference.name)


# --- pictures ---------------------------------------------------------------------------------------------------------


def stage_table(view: View, settings: Settings, first: int = 0) -> dict[str, Any]:
    """All that a stage needs: texts and pictures for each position of the slider, from `first` on."""
    moves = len(view.gain) > 1
    return table(
        label="Of 1000 senders, decline the riskiest" if moves else "",
        texts=[str(i) for i in range(len(view.gain))],
        sentences=sentences(view, settings, first),
        notes=notes(view),
        panels=[
            panels.dots(view.dots, heading(view.case)),
            *([panels.dots(view.other_dots, f"Compared with {view.reference.name}", first=False)] if settings.compare else []),
            _segments_panel(view),
            _tradeoff_panel(view),
            *([_along_panel(view)] if moves else []),
        ],
    )


def _segments_panel(view: View) -> dict[str, Any]:
    """Help to the right, harm weighed in help units to the left, for each segment and for everybody."""
    found, weight = view.outcome.by_segment, view.outcome.harm_weight
    help_, harm, neglect = (
        _with_total(each * found.share) for each in (found.help, weight * found.harm, weight * found.neglect)
    )
    names = [*view.case.segments, "everybody"]
    rows = np.arange(len(names))
    low, high = padded(np.append(-(harm + neglect), np.minimum(help_, 0)), np.append(help_, 0))
    y = {
        "low": len(names) - 0.4,
        "high": -0.6,
        "label": "",
        "ticks": [[int(i), name] for i, name in zip(rows, names, strict=True)],
    }
    zero = np.zeros(len(names))
    bars = [
        {"kind": "bars", "from": packed(zero), "to": packed(help_), "y": packed(rows), "colour": 0},
        {"kind": "bars", "from": packed(-harm), "to": packed(zero), "y": packed(rows), "colour": HARMFUL},
        {
            "kind": "bars",
            "from": packed(-harm - neglect),
            "to": packed(-harm),
            "y": packed(rows),
            "colour": HARMFUL,
            "hollow": True,
        },
    ]
    return {
        "kind": "chart",
        "title": "What each group gets: help (blue), harm of answering (red), of not answering (open)",
        "alt": "Bars for each segment: help to the right, harm weighed in help units to the left.",
        "height": 60 + 26 * len(names),
        "left": 110,
        "categories": True,
        "x": axis(low, high, f"help units per 1000 senders (1 harm unit = {number(weight)})"),
        "y": y,
        "marks": [*bars, line([0, 0], [len(names) - 0.4, -0.6], colour=-1, width=1)],
    }


def _with_total(per_segment: Floats) -> Floats:
    """Per 1000 senders, each segment and their sum, (F, S + 1)."""
    each = np.atleast_2d(1000 * np.where(np.isfinite(per_segment), per_segment, np.nan))
    return np.hstack([each, each.sum(1, keepdims=True)])


def _tradeoff_panel(view: View) -> dict[str, Any]:
    """Help against loss: the frontier, the policies of the case, and where the slider is."""
    case, edge = view.case, frontier(view.case)
    here = [np.atleast_1d(1000 * x) for x in (view.outcome.loss, view.outcome.help)]
    seen = [policy for policy in candidates(case, view.outcome.harm_weight) if policy.name != view.policies.name]
    others = [expect(case, policy) for policy in seen]
    x, y = ([1000 * float(getattr(o, of)) for o in others] for of in ("loss", "help"))
    low, right = padded(np.array([0.0]), np.concatenate([x, here[0], 1000 * edge.loss]))
    bottom, top = padded(np.append(y, 0.0), np.concatenate([y, here[1], 1000 * edge.help]))
    marks = [
        line(1000 * edge.loss, 1000 * edge.help, colour=3, width=2),
        {"kind": "points", "x": packed(x), "y": packed(y), "colour": -1, "hollow": True, "size": 4},
        {"kind": "names", "x": packed(x), "y": packed(y), "texts": [policy.name for policy in seen]},
        {"kind": "points", "x": packed(here[0][:, None]), "y": packed(here[1][:, None]), "colour": 4, "size": 6},
    ]
    if len(here[0]) > 1:
        marks.insert(1, line(here[0][::10], here[1][::10], colour=4, width=1, dash=[4, 3]))
    return {
        "kind": "chart",
        "title": "Help against harm: the grey line is the best that any policy can do",
        "alt": "Help against harm and neglect per 1000 senders, with the frontier and the policies of the case.",
        "x": axis(max(low, -0.02 * right), right, "harm + neglect per 1000 senders (harm units)"),
        "y": axis(bottom, top, "help per 1000 (help units)"),
        "marks": marks,
    }


def _along_panel(view: View) -> dict[str, Any]:
    """Net value over the reference along the slider, with 90% of plausible worlds, and where it is best."""
    found = view.against
    bottom, top = padded(np.append(found.low, found.gain), np.append(found.high, found.gain))
    here = np.arange(len(view.gain))[:, None]
    best = int(np.argmax(np.where(np.isfinite(view.gain), view.gain, -np.inf)))
    marks = [
        {
            "kind": "band",
            "x": packed(found.at),
            "low": packed(found.low),
            "high": packed(found.high),
            "colour": 4,
        },
        line([0, len(view.gain) - 1], [0, 0], colour=-1, width=1),
        line(np.arange(len(view.gain))[::5], view.gain[::5], colour=4, width=2),
        {"kind": "points", "x": packed([best]), "y": packed([view.gain[best]]), "colour": -1, "hollow": True, "size": 7},
        {"kind": "points", "x": packed(here), "y": packed(view.gain[:, None]), "colour": 4, "size": 6},
    ]
    return {
        "kind": "chart",
        "title": f"Net value over {view.reference.name}: best (ring) at {best} declined; band: 90% of plausible worlds",
        "alt": "Net value over the reference policy along the slider, with the range over plausible worlds.",
        "x": axis(0, len(view.gain) - 1, "senders declined, of 1000, riskiest first"),
        "y": axis(bottom, top, "help units per 1000"),
        "marks": marks,
    }
