"""`explore(case)`: the first instrument.  A thousand senders as dots, one slider, one sentence; more unfolds when asked for."""

from __future__ import annotations

from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from .. import plots
from ..case import Case
from ..evaluate import expect
from ..icon_array import dots
from ..policy import Policy, candidates
from ..scenario import load
from .against import SENDERS, harmful_name
from .choices import chosen
from .controls import menu, round_steps, steps
from .explore_settings import RISKIEST, Settings, responses_of
from .explore_view import View, look, stage_table
from .instrument import Instrument, peeked


def explore(case: Case | str, **settings: Any) -> Explorer:
    """Open the instrument on a case, or on a scenario's name or path; `settings` are those of `Settings`.

    First view: 1000 senders as dots, a slider that declines the riskiest of them, and what that does.  `More` unfolds the
    policy, the context, shares and weights, a comparison, and pictures of help and harm.  A ValueError names a setting that
    makes no sense.
    """
    source = "case" if isinstance(case, Case) else repr(case)
    return Explorer(case if isinstance(case, Case) else load(case), source, chosen(Settings, settings))


class Explorer(Instrument[Settings, View]):
    """The instrument: set `settings` to choose, read `view` for all that is shown; go on in code from `case` and `policy`."""

    opened_by, slider = "explore", "declined"

    def __init__(self, case: Case, source: str, settings: Settings) -> None:
        self._given = case
        super().__init__(source, settings, _controls(case))

    @property
    def case(self) -> Case:
        """The case in the chosen context and state, with the chosen shares."""
        return self._view.case

    @property
    def policy(self) -> Policy:
        """The policy where the slider stands."""
        return self._view.policies[self._settings.declined] if self._view.policies.batch else self._view.policies

    def figure(self) -> Figure:
        """What is seen, as a matplotlib figure: the dots, and beside them what each segment gets."""
        figure = Figure(figsize=(12, 5.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        plots.dots(dots(self.case, self.policy, SENDERS), left)
        plots.by_segment(expect(self.case, self.policy, self._settings.harm_weight), right)
        right.legend(frameon=False, fontsize=8, loc="lower right")
        figure.suptitle(self.sentences, fontsize=10, ha="left", x=0.01, wrap=True, parse_math=False)
        return figure

    def _look(self, settings: Settings) -> View:
        return look(self._given, settings)

    def _table(self, view: View, settings: Settings) -> dict[str, Any]:
        return stage_table(view, settings)

    def _peek(self, settings: Settings) -> dict[str, Any]:
        if settings.policy != RISKIEST:
            return {}
        row = stage_table(look(self._given, settings, only=settings.declined), settings, first=settings.declined)
        return peeked(row)

    def _shown(self) -> dict[str, Any]:
        chosen, case = self._settings, self._view.case
        below, above = responses_of(case, chosen)
        for name in ("answer", "decline"):
            self._controls[name].disabled = chosen.policy != RISKIEST
        return {
            "policy": chosen.policy,
            "answer": below,
            "decline": above,
            "context": chosen.context or self._given.context,
            "state": chosen.state,
            "harmful": float(case.population.base_share[case.population.harmful].sum()),
            "overlap": case.population.overlap[0],
            "harm_weight": case.weight(chosen.harm_weight),
            "compare": chosen.compare or below,
        }


def _controls(case: Case) -> dict[str, ipywidgets.Widget]:
    """A control for each setting that the case has, with what may be chosen."""
    people = case.population
    known = [policy.name for policy in candidates(case)]
    answers, refusals = (
        [n for n, r, ok in zip(case.responses, case.refuses, case.allowed, strict=True) if ok and r == is_]
        for is_ in (False, True)
    )
    made = {
        "policy": menu("policy", [RISKIEST, *known]),
        "answer": menu("answered with", answers or refusals),
        "decline": menu("declined with", refusals),
        "context": context_menu(case),
        "state": menu("state of the world", [("all, as they come", ""), *[(state, state) for state in people.states]]),
        "harmful": steps(f"share of {harmful_name(case)}", round_steps(1e-4, 0.9), ".3g"),
        "overlap": steps("overlap", np.append(0.0, round_steps(1e-3, 0.5)), ".3g"),
        "harm_weight": steps("harm weight", round_steps(0.1, 1000)),
        "compare": menu("compared with", known),
    }
    absent = {
        "context": not case.contexts,
        "state": len(people.states) < 2,
        "harmful": not 0 < people.base_share[people.harmful].sum() < 1,
        "overlap": not people.overlap[2] > 0,
    }
    return {name: control for name, control in made.items() if not absent.get(name)}


def context_menu(case: Case) -> ipywidgets.Dropdown:
    """The operator contexts of a case; the first is the one it is in."""
    others = [(name, name) for name in case.contexts if name != case.context]
    return menu("context", [(case.context or "as the file says", case.context), *others])
