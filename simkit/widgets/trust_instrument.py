"""`trust(case)`: an instrument on time.  A model is audited month by month; its type stays hidden until the end.

The finished games of a class can be pooled.  A game is the line of code that opens it, which holds nothing of what came of it:
it is played again when it is read, so that a table cannot disagree with its games.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any

import ipywidgets

from ..case import Case
from ..codes import Game, session_mark, write
from ..text import Printable, Printed, number
from .chosen_policies import opened
from .controls import context_menu
from .instrument import Instrument, from_code, from_dict
from .release_game import RULES, TrustSettings, courses, hidden, replayed, revealed
from .release_table import release_table

OPENER = "simkit.widgets.trust"
UNFINISHED = "this game is not finished: reveal the type first"


def trust(case: Case | str = "medication-threshold", **settings: Any) -> Trust:
    """Open the instrument: a hidden model, a timeline of trust, and what a wrong release does to the senders of a case.

    `case` is a case, or a scenario's name or path; `settings` are those of `TrustSettings`.  First view: trust month by month,
    and buttons that audit, wait, loosen and reveal (or, without a game, the release rules).  `More` unfolds 1000 models with
    the same record, what each rule does to models that nobody has seen, the 1000 senders, and every assumption.
    """
    found, source = opened(case)
    return Trust(found, from_dict(TrustSettings, settings), source)


class Trust(Instrument[TrustSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown."""

    def __init__(self, case: Case, settings: TrustSettings, source: str = "case") -> None:
        by_hand = dict.fromkeys(("revealed", "game", "seed", "dial_now"))  # by buttons, and in code
        super().__init__(
            partial(release_table, case),
            settings,
            opener=OPENER,
            source=source,
            controls={**by_hand, "context": context_menu(case)},
        )
        keep = ipywidgets.Button(description="Save the game", icon="floppy-o", tooltip="A code of this game to hand in")
        self._name = ipywidgets.Text(placeholder="nickname, may stay empty", tooltip="nickname", layout={"width": "14em"})
        self._kept = ipywidgets.HTML()
        keep.on_click(lambda _: self._keep())
        if settings.game:
            wrap = {"flex_flow": "row wrap"}
            self.children: Any = [*self.children, ipywidgets.HBox([keep, self._name, self._kept], layout=wrap)]

    def code(self, nickname: str = "") -> str:
        """The code of this game (see `codes`), for the classroom.  A ValueError if it is not finished."""
        if not self.settings.revealed:
            raise ValueError(UNFINISHED)
        return write(Game(mark=session_mark(), nickname=nickname, line=self.as_code()))

    def _keep(self) -> None:
        try:
            self._kept.value = f"To hand in: <code style='overflow-wrap:anywhere'>{self.code(self._name.value)}</code>"
        except ValueError as error:
            self._kept.value = escape(str(error))

    def play(self, moves: str) -> None:
        """Make moves, a letter each: o open audit, c covert audit, w wait, l loosen.  What is not possible is said below."""
        for move in moves:
            self.attempt(partial(TrustSettings.after, move=move))

    def reveal(self) -> str:
        """End the game and say what the model was."""
        self.settings = revealed(self.settings)
        return self.table.sentences[0]


# --- the games of a class ---------------------------------------------------------------------------------------------

HEAD = ("who decides", "loosened wrongly", "expected", "held back rightly", "loosened rightly", "held back for nothing")


@dataclass(frozen=True, eq=False, repr=False)
class Pool(Printed):
    """The games of a class.  `runs` are those that could be read; `refused` are the others, and why, in one line each."""

    runs: tuple[TrustSettings, ...]
    refused: tuple[str, ...] = ()

    def rows(self) -> list[list[str]]:
        """For each rule and for the class: how many models it loosened rightly and wrongly, and what was to be expected."""
        types = [hidden(run).type for run in self.runs]
        played = [replayed(run) for run in self.runs]
        loosened = [("the class", [run.loosened for run in self.runs], float("nan"))]
        for place, name in enumerate(RULES):
            chances = [courses(run).courses[place].loosened[-1, kind] for run, kind in zip(self.runs, types, strict=True)]
            wanted = sum(float(chance) for chance, kind in zip(chances, types, strict=True) if kind)
            loosened.append((name, [each[name][1] > 0 for each in played], wanted))
        rows = []
        for name, done, wanted in loosened:
            pairs = [(end, kind > 0) for end, kind in zip(done, types, strict=True)]
            counts = [str(pairs.count(pair)) for pair in ((True, True), (False, True), (True, False), (False, False))]
            rows.append([name, counts[0], number(wanted), *counts[1:]])
        return rows

    def _parts(self) -> Iterable[Printable]:
        bad = sum(hidden(run).type > 0 for run in self.runs)
        yield f"{len(self.runs)} games, {bad} with a misaligned model"
        yield HEAD, self.rows()
        yield "Expected: the exact probabilities of the rule, added up."
        yield from (f"Not counted: {why}" for why in self.refused)


def pool(lines: Iterable[str]) -> Pool:
    """The finished games of a class, each from the line of code that opens it (`as_code`, or the button *Copy code*).

    A line is read, never run, and the game is played again.  One that cannot be read, is not finished, or was counted already
    is named with the reason.
    """
    runs: dict[TrustSettings, int] = {}
    refused: list[str] = []
    for place, line in enumerate(lines, 1):
        try:
            run = from_code(line, TrustSettings, OPENER)
            if not run.revealed:
                raise ValueError(UNFINISHED)
        except ValueError as error:
            refused.append(f"line {place}: {error}")
            continue
        game = replace(run, unfolded=False, month=0, rule=TrustSettings().rule, game=True)  # without what was only looked at
        if game in runs:
            refused.append(f"line {place}: the same game as line {runs[game]}")
        runs.setdefault(game, place)
    return Pool(tuple(runs), tuple(refused))
