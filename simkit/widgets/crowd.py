"""`crowd(case)`: the second instrument.  From one sender to the whole world: the law of the total harm, and two front pages."""

from __future__ import annotations

from typing import Any

import ipywidgets
import numpy as np

from ..case import Case
from ..policy import candidates
from ..scenario import load
from .choices import chosen
from .controls import menu, round_steps, steps
from .crowd_view import MODES, USERS, CrowdSettings, CrowdView, look, stage_table
from .explore import context_menu
from .instrument import Instrument


def crowd(case: Case | str, **settings: Any) -> Crowd:
    """Open the instrument on a case, or on a scenario's name or path; `settings` are those of `CrowdSettings`.

    First view: how likely is more than so much harm, for three policies, and a slider from 1 sender to 8 billion.  `More`
    unfolds the policies, the context, what the senders of a world share, and the two front pages.
    """
    source = "case" if isinstance(case, Case) else repr(case)
    return Crowd(case if isinstance(case, Case) else load(case), source, chosen(CrowdSettings, settings))


class Crowd(Instrument[CrowdSettings, CrowdView]):
    """The instrument: set `settings` to choose, read `view` for all that is shown."""

    opened_by, slider = "crowd", "users"

    def __init__(self, case: Case, source: str, settings: CrowdSettings) -> None:
        self._given = case
        super().__init__(source, settings, _controls(case))

    def _look(self, settings: CrowdSettings) -> CrowdView:
        return look(self._given, settings)

    def _table(self, view: CrowdView, settings: CrowdSettings) -> dict[str, Any]:
        return stage_table(view, settings)

    def _shown(self) -> dict[str, Any]:
        chosen, names = self._settings, self._view.policies.labels
        return {
            "policy": chosen.policy or names[0],
            "compare": chosen.compare or names[1],
            "context": chosen.context or self._given.context,
            "share": chosen.share,
            "page_harm": chosen.page_harm,
            "page_neglect": chosen.page_neglect,
        }

    def _position(self, settings: CrowdSettings) -> int:
        return int(np.abs(np.log(USERS / settings.users)).argmin())

    def _at(self, position: int) -> int:
        return int(USERS[position])


def _controls(case: Case) -> dict[str, ipywidgets.Widget]:
    known = [policy.name for policy in candidates(case)]
    made = {
        "policy": menu("policy", known),
        "compare": menu("compared with", known),
        "context": context_menu(case),
        "share": menu("senders share", list(MODES)),
        "page_harm": steps("harm: front page", round_steps(1, 10_000)),
        "page_neglect": steps("neglect: front page", round_steps(0.01, 10_000)),
    }
    return {name: control for name, control in made.items() if case.contexts or name != "context"}
