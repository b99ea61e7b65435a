"""`trust(case)`: an instrument on time.  A model is audited month by month; its type stays hidden until the end.

Finished games can be saved, and the games of a class pooled.  A file holds the line of code that opens the game, nothing of what
came of it: the game is played again when it is read, so that a table cannot disagree with its games.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..case import Case
from ..files import InvalidFile, Problem, read_text
from ..text import Printable, Printed, number
from .chosen_policies import opened
from .controls import context_menu
from .instrument import Instrument, as_code, from_code, from_dict
from .release_game import RULES, TrustSettings, courses, hidden, replayed, revealed
from .release_table import release_table

MOST_FILES, MOST_BYTES = 1000, 10_000
OPENER = "simkit.widgets.trust"


def trust(case: Case | str = "medication-threshold", **settings: Any) -> Trust:
    """Open the instrument: a hidden model, a timeline of trust, and what a wrong release does to the senders of a case.

    `case` is a case, or a scenario's name or path; `settings` are those of `TrustSettings`.  First view: trust month by month,
    and buttons that audit, wait, loosen and reveal (or, without a game, the release rules).  `More` unfolds 1000 models with
    the same record, what each rule does to models that nobody has seen, the 1000 senders, and every assumption.
    """
    found, source = opened(case)
    return Trust(found, from_dict(TrustSettings, settings), source)


class Trust(Instrument[TrustSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown, `save_game` a finished one for the class."""

    def __init__(self, case: Case, settings: TrustSettings, source: str = "case") -> None:
        by_hand = dict.fromkeys(("revealed", "game", "seed", "dial_now"))  # by buttons, and in code
        super().__init__(
            partial(release_table, case),
            settings,
            opener=OPENER,
            source=source,
            controls={**by_hand, "context": context_menu(case)},
        )

    def play(self, moves: str) -> None:
        """Make moves, a letter each: o open audit, c covert audit, w wait, l loosen.  What is not possible is said below."""
        for move in moves:
            self.attempt(partial(TrustSettings.after, move=move))

    def reveal(self) -> str:
        """End the game and say what the model was."""
        self.settings = revealed(self.settings)
        return self.table.sentences[0]

    def save_game(self, path: str | Path) -> Path:
        """Save a finished game as a small text file, for the games of a class.  A ValueError if it is not finished."""
        return save(self.settings, path)


# --- finished games ---------------------------------------------------------------------------------------------------


def save(settings: TrustSettings, path: str | Path) -> Path:
    """Save a finished game as the line of code that opens it.  A ValueError if the type is not revealed yet."""
    target = Path(path)
    target.write_text(as_code(_game(settings), OPENER) + "\n", encoding="utf-8")
    return target


def read(path: str | Path) -> TrustSettings:
    """The game of one file; the line in it is read, never run.  `InvalidFile` says what is wrong and the likely fix."""
    place = Path(path)
    text = read_text(place, MOST_BYTES, "a saved game is one line of code")
    try:
        return _game(from_code(text, TrustSettings, OPENER))
    except ValueError as error:
        raise InvalidFile(str(place), [Problem((), str(error), "save the game again")]) from None


def _game(settings: TrustSettings) -> TrustSettings:
    """What was believed and done in a finished game, without what was only looked at."""
    if not settings.revealed:
        raise ValueError("this game is not finished: reveal the type first")
    usual = TrustSettings()
    return replace(settings, unfolded=False, month=usual.month, rule=usual.rule, game=True)


@dataclass(frozen=True, eq=False, repr=False)
class Pool(Printed):
    """The games of a class.  `runs` are those that could be read; `refused` are files and why, in one line each."""

    runs: tuple[TrustSettings, ...]
    refused: tuple[tuple[str, str], ...] = ()

    def rows(self) -> list[list[str]]:
        """For each rule and for the class: how many models it loosened rightly and wrongly, and what was to be expected."""
        types = [hidden(run).type for run in self.runs]
        played = [replayed(run) for run in self.runs]
        loosened = [("the class", [run.loosened for run in self.runs], float("nan"))]
        for place, name in enumerate(RULES):
            chances = [float(courses(run).courses[place].loosened[-1, kind]) for run, kind in zip(self.runs, types, strict=True)]
            wanted = sum(chance for chance, kind in zip(chances, types, strict=True) if kind)
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
        yield from (f"Not counted: {name}: {why}" for name, why in self.refused)


HEAD = ("who decides", "loosened wrongly", "expected", "held back rightly", "loosened rightly", "held back for nothing")


def pool(folder: str | Path) -> Pool:
    """The games that are saved as `*.txt` in a folder, each model counted once for each way it was played.

    A file that cannot be read is named with the reason, and the others are counted.  A ValueError if there is no such folder,
    no file in it, or more than 1000.
    """
    place = Path(folder)
    if not place.is_dir():
        raise ValueError(f"{str(place)!r} is no folder; give the folder into which the games were saved")
    paths = sorted(place.glob("*.txt"))
    if not 1 <= len(paths) <= MOST_FILES:
        raise ValueError(f"{str(place)!r} holds {len(paths)} files *.txt; 1 to {MOST_FILES} games can be pooled")
    runs: dict[TrustSettings, str] = {}
    refused: list[tuple[str, str]] = []
    for path in paths:
        try:
            run = read(path)
        except InvalidFile as error:
            refused.append((path.name, str(error.problems[0])))
            continue
        if run in runs:
            refused.append((path.name, f"the same game as {runs[run]}"))
        runs.setdefault(run, path.name)
    return Pool(tuple(runs), tuple(refused))
