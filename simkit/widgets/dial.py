"""`dial(case)`: the instrument of the corrigibility–autonomy dial.  One slider from doing as one is told to doing as one
thinks best."""

from __future__ import annotations

from functools import partial
from typing import Any

import ipywidgets
import numpy as np

from ..case import Case
from ..dial.agents import Agents
from ..scenario import load
from ..text import people
from .controls import context_menu, menu, steps
from .dial_table import stage_table
from .dial_view import DialSettings, look
from .instrument import Instrument, from_dict
from .stage import Table


def dial(case: Case | str, agents: Agents | None = None, **settings: Any) -> Dial:
    """Open the instrument on a case, or on a scenario's name or path, with the usual agents or others.

    `settings` are those of `DialSettings`.

    First view: help, harm and the probability of a bad world along the dial, the thousand senders, and who is looked at.
    `More` unfolds trust in operator and model, what stands behind a departure, the number of users and what they share.  A
    ValueError names a setting that makes no sense.
    """
    source = ("case" if isinstance(case, Case) else repr(case)) + (", agents" if agents else "")
    return Dial(case if isinstance(case, Case) else load(case), source, from_dict(DialSettings, settings), agents)


class Dial(Instrument[DialSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown; `view.found` is the deployment."""

    def __init__(self, case: Case, source: str, settings: DialSettings, agents: Agents | None = None) -> None:
        super().__init__(
            partial(dial_table, case, agents),
            settings,
            opener="simkit.widgets.dial",
            source=source,
            controls=_controls(case),
            peek=partial(dial_table, case, agents, only=True),
        )


def dial_table(case: Case, agents: Agents | None, settings: DialSettings, *, only: bool = False) -> Table:
    """All that is shown, or `only` the chosen way to look at the agents."""
    return stage_table(look(case, settings, agents, only=only), settings)


def _controls(case: Case) -> dict[str, ipywidgets.Widget]:
    """A control for each setting."""
    chances = np.linspace(0, 1, 21)
    users = [1, 1000, 1_000_000, 1_000_000_000, 8_000_000_000]
    made = {
        "context": context_menu(case),
        "trust_in_operator": steps("trust in the operator", np.sort(np.append(chances, 0.99)), ".0%"),
        "trust_in_model": steps("trust in the model", np.sort(np.append(chances, 0.99)), ".0%"),
        "verification": steps("verification", chances, ".0%"),
        "irreversibility": steps("irreversibility ×", np.array([1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20.0])),
        "oversight": steps("oversight", chances, ".0%"),
        "users": menu("users of one model", [(people(count), count) for count in users]),
        "shared_principal": menu("the operator is", [("one of many", False), ("one for all", True)]),
        "aversion": steps("spread counts", np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2.0])),
        "objects": menu("may it decline?", [("only as the dial says", False), ("at any position", True)]),
        "scale": steps("scale (gain at ½)", np.array([0.05, 0.1, 0.2, 0.5, 1, 2, 5.0])),
    }
    return {name: control for name, control in made.items() if case.contexts or name != "context"}
