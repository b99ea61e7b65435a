"""`trust(case)`: an instrument on time.  A model is audited month by month; its type stays hidden until the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np

from ..arrays import Floats
from ..case import Case
from ..scenario import load
from .choices import chosen
from .controls import steps
from .explore import context_menu
from .instrument import Instrument
from .trust_game import MONTHS, MOVES, RULES, TrustSettings
from .trust_runs import save
from .trust_table import stage_table
from .trust_view import TrustView, look


def trust(case: Case | str = "medication-threshold", **settings: Any) -> Trust:
    """Open the instrument: a hidden model, a timeline of trust, and what a wrong release does to the senders of a case.

    `case` is a case, or a scenario's name or path; `settings` are those of `TrustSettings`.  First view: trust month by month,
    1000 models with the same record, the release rules, and buttons that audit, wait, loosen and reveal.  `More` unfolds what
    each rule does to models that nobody has seen, the 1000 senders, and every assumption.
    """
    source = "case" if isinstance(case, Case) else repr(case)
    return Trust(case if isinstance(case, Case) else load(case), source, chosen(TrustSettings, settings))


#: What the buttons say, and what they mean for the game.
TOLD = {
    "o": ("Open audit", "The model knows that it is audited"),
    "c": ("Covert audit", "The model may not notice that it is audited"),
    "w": ("Wait a month", "Nothing is audited"),
    "l": ("Loosen the dial", "Final: the game is over"),
}


class Trust(Instrument[TrustSettings, TrustView]):
    """The instrument: set `settings` to choose, read `view` for all that is shown, `save` a finished game for the class."""

    opened_by, slider, toggles = "trust", "month", ("rule",)

    def __init__(self, case: Case, source: str, settings: TrustSettings) -> None:
        self._given = case
        self._moves = {move: ipywidgets.Button(description=says, tooltip=tip) for move, (says, tip) in TOLD.items()}
        self._reveal = ipywidgets.Button(description="Reveal", icon="eye", tooltip="Show the hidden type: the game is over")
        self._new = ipywidgets.Button(description="New model", icon="refresh", tooltip="The model of the next seed")
        self._cost = ipywidgets.Label()
        super().__init__(source, settings, _controls(case))
        row = ipywidgets.Layout(flex_flow="row wrap")
        played = ipywidgets.HBox([*self._moves.values(), self._reveal, self._new, self._cost], layout=row)
        self.children = [played, *self.children]  # type: ignore[has-type]
        for move, button in self._moves.items():
            button.on_click(lambda _, move=move: self.play(move))
        self._reveal.on_click(lambda _: self._try(replace, self._settings, revealed=True))
        self._new.on_click(lambda _: self._try(_fresh, self._settings))

    def play(self, moves: str) -> None:
        """Make moves, a letter each: o open audit, c covert audit, w wait, l loosen.  What is not possible is said below."""
        for move in moves:
            self._try(self._settings.after, move)

    def reveal(self) -> str:
        """End the game and say what the model was."""
        self.settings = replace(self._settings, revealed=True)
        return str(self._stage.table["sentences"][0])

    def save(self, path: str | Path) -> Path:
        """Save a finished game as a small JSON file, for the games of a class.  A ValueError if it is not finished."""
        return save(self._settings, path)

    def _look(self, settings: TrustSettings) -> TrustView:
        return look(self._given, settings)

    def _table(self, view: TrustView, settings: TrustSettings) -> dict[str, Any]:  # noqa: ARG002
        return stage_table(view)

    def _offers(self, toggle: str) -> tuple[str, ...]:  # noqa: ARG002
        return RULES

    def _shown(self) -> dict[str, Any]:
        chosen = self._settings
        self._cost.value = f"audits cost {chosen.spent} of {chosen.budget}"
        over = chosen.loosened or chosen.revealed
        for move, button in self._moves.items():
            button.disabled = over or not _possible(chosen, move)
        self._reveal.disabled = chosen.revealed
        shown = {name: getattr(chosen, name) for name in self._controls}
        return shown | ({"context": chosen.context or self._given.context} if "context" in shown else {})


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
