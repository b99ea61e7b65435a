"""`trust(case)`: an instrument on time.  A model is audited month by month; its type stays hidden until the end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from ..arrays import Floats
from ..case import Case
from ..scenario import load
from .controls import context_menu, steps
from .instrument import Instrument, from_dict
from .stage import Action, Table
from .trust_game import MONTHS, MOVES, TrustSettings
from .trust_runs import save
from .trust_table import stage_table
from .trust_view import look


def trust(case: Case | str = "medication-threshold", **settings: Any) -> Trust:
    """Open the instrument: a hidden model, a timeline of trust, and what a wrong release does to the senders of a case.

    `case` is a case, or a scenario's name or path; `settings` are those of `TrustSettings`.  First view: trust month by month,
    1000 models with the same record, the release rules, and buttons that audit, wait, loosen and reveal.  `More` unfolds what
    each rule does to models that nobody has seen, the 1000 senders, and every assumption.
    """
    source = "case" if isinstance(case, Case) else repr(case)
    return Trust(case if isinstance(case, Case) else load(case), from_dict(TrustSettings, settings), source)


#: What the buttons say, and what they mean for the game.
TOLD = {
    "o": ("Open audit", "The model knows that it is audited"),
    "c": ("Covert audit", "The model may not notice that it is audited"),
    "w": ("Wait a month", "Nothing is audited"),
    "l": ("Loosen the dial", "Final: the game is over"),
}


class Trust(Instrument[TrustSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown, `save` a finished game for the class."""

    def __init__(self, case: Case, settings: TrustSettings, source: str = "case") -> None:
        super().__init__(
            partial(trust_table, case), settings, opener="simkit.widgets.trust", source=source, controls=_controls(case)
        )

    def play(self, moves: str) -> None:
        """Make moves, a letter each: o open audit, c covert audit, w wait, l loosen.  What is not possible is said below."""
        for move in moves:
            self.attempt(partial(_after, move=move))

    def reveal(self) -> str:
        """End the game and say what the model was."""
        self.settings = _revealed(self.settings)
        return self.table.sentences[0]

    def save(self, path: str | Path) -> Path:
        """Save a finished game as a small JSON file, for the games of a class.  A ValueError if it is not finished."""
        return save(self.settings, path)


def trust_table(case: Case, settings: TrustSettings) -> Table:
    """All that is shown: a row for each rule and month, and the buttons of the game."""
    over = settings.loosened or settings.revealed
    moves = [
        Action(says, partial(_after, move=move), tip, not over and _possible(settings, move))
        for move, (says, tip) in TOLD.items()
    ]
    ends = [
        Action("Reveal", _revealed, "Show the hidden type: the game is over", not settings.revealed),
        Action("New model", _fresh, "The model of the next seed"),
    ]
    made = stage_table(look(case, settings))
    return replace(made, actions=[*moves, *ends], status=f"audits cost {settings.spent} of {settings.budget}")


def _after(settings: TrustSettings, move: str) -> TrustSettings:
    return settings.after(move)


def _revealed(settings: TrustSettings) -> TrustSettings:
    return replace(settings, revealed=True)


def _possible(settings: TrustSettings, move: str) -> bool:
    """Whether a move fits into the months and the budget."""
    price = {"o": 1, "c": settings.covert_cost}.get(move, 0)
    return move in MOVES and (move == "l" or settings.now < MONTHS) and settings.spent + price <= settings.budget


def _fresh(settings: TrustSettings) -> TrustSettings:
    """The next model, not yet audited."""
    return replace(settings, moves="", month=0, revealed=False, seed=(settings.seed + 1) % (10**9 + 1))


def _controls(case: Case) -> dict[str, ipywidgets.Widget]:
    made = {
        "overt": steps("share overt", SHARES, ".3g"),
        "deceptive": steps("share deceptive", SHARES, ".3g"),
        "fails": steps("misaligned fails", np.arange(1, 20) / 20, ".2g"),
        "slips": steps("aligned slips", np.array([0, 0.005, 0.01, 0.02, 0.03, 0.04]), ".3g"),
        "unnoticed": steps("covert unnoticed", np.arange(21) / 20, ".2g"),
        "threshold": steps("trust asked", BARS, ".4g"),
        "date": steps("date (month)", np.arange(MONTHS + 1)),
        "budget": steps("budget", np.arange(0, 101, 5)),
        "covert_cost": steps("cost of covert", np.arange(1, 11)),
        "dial_loosened": steps("dial, loosened", np.arange(2, 21) / 20, ".2g"),
        "context": context_menu(case),
    }
    return {name: control for name, control in made.items() if case.contexts or name != "context"}


SHARES: Floats = np.array([0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4])
BARS: Floats = np.array([0.5, 0.6, 0.7, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995, 0.999])
