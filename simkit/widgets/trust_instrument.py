"""`trust(case)`: an instrument on time.  A model is audited month by month; its type stays hidden until the end.

Finished games can be saved, and the games of a class pooled.  A file holds what was chosen and done, nothing of what came of
it: the game is played again when it is read, so that a table cannot disagree with its games.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from html import escape
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from pydantic.types import Strict

from ..case import Case
from ..files import InvalidFile, Problem, parse, read_text, write_text
from ..schema import Count, Probability, check, record
from ..text import html_table, number, text_table
from .chosen_policies import opened
from .controls import context_menu, fields_of
from .instrument import Instrument, from_dict
from .release_game import MONTHS, RULES, TrustSettings, courses, hidden, replayed, revealed
from .release_table import release_table

MOST_FILES, MOST_BYTES = 1000, 10_000
FORM = "simkit trust 1"
#: The settings that are no part of a game.
NOT_KEPT = ("unfolded", "month", "rule", "revealed", "game")


def trust(case: Case | str = "medication-threshold", **settings: Any) -> Trust:
    """Open the instrument: a hidden model, a timeline of trust, and what a wrong release does to the senders of a case.

    `case` is a case, or a scenario's name or path; `settings` are those of `TrustSettings`.  First view: trust month by month,
    beside it 1000 models with the same record, and buttons that audit, wait, loosen and reveal (or, without a game, the release
    rules).  `More` unfolds what each rule does to models that nobody has seen, the 1000 senders, and every assumption.
    """
    found, source = opened(case)
    return Trust(found, from_dict(TrustSettings, settings), source)


class Trust(Instrument[TrustSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown, `save_game` a finished one for the class."""

    def __init__(self, case: Case, settings: TrustSettings, source: str = "case") -> None:
        played = {*NOT_KEPT, "moves", "seed", "context", "dial_now"}  # by buttons, and in code
        controls = {name: each.control() for name, each in fields_of(TrustSettings).items() if name not in played}
        controls |= {"context": context_menu(case)} if case.contexts else {}
        super().__init__(
            partial(release_table, case), settings, opener="simkit.widgets.trust", source=source, controls=controls
        )

    def _say(self, message: str) -> None:
        """The buttons of the game are there while there is one."""
        super()._say(message)
        self.children[0].layout.display = "" if self.settings.game else "none"

    def play(self, moves: str) -> None:
        """Make moves, a letter each: o open audit, c covert audit, w wait, l loosen.  What is not possible is said below."""
        for move in moves:
            self.attempt(partial(TrustSettings.after, move=move))

    def reveal(self) -> str:
        """End the game and say what the model was."""
        self.settings = revealed(self.settings)
        return self.table.sentences[0]

    def save_game(self, path: str | Path) -> Path:
        """Save a finished game as a small JSON file, for the games of a class.  A ValueError if it is not finished."""
        return save(self.settings, path)


# --- finished games ---------------------------------------------------------------------------------------------------


@record
class Run:
    """A finished game: what was believed, and what was done."""

    form: Literal["simkit trust 1"]
    """What kind of file this is, and its version."""
    moves: Annotated[str, Strict(), StringConstraints(max_length=MONTHS + 1)]
    """A letter a month: o open audit, c covert audit, w wait; l at the end if the dial was loosened."""
    seed: Annotated[int, Strict(), Field(ge=0, le=10**9)]
    overt: Probability
    deceptive: Probability
    fails: Probability
    slips: Probability
    unnoticed: Probability
    threshold: Probability
    date: Annotated[int, Strict(), Field(ge=0, le=MONTHS)]
    budget: Count
    covert_cost: Count
    context: Annotated[str, Strict(), StringConstraints(max_length=60)]
    dial_now: Probability
    dial_loosened: Probability


def save(settings: TrustSettings, path: str | Path) -> Path:
    """Save a finished game as JSON.  A ValueError if the type is not revealed yet."""
    if not settings.revealed:
        raise ValueError("this game is not finished: reveal the type first")
    kept = {name: value for name, value in asdict(settings).items() if name not in NOT_KEPT}
    return write_text(path, json.dumps({"form": FORM, **kept}, indent=1) + "\n")


def read(path: str | Path) -> TrustSettings:
    """The game of one file.  `InvalidFile` with every problem, its line and the likely fix."""
    place = Path(path)
    text = read_text(place, MOST_BYTES, "a saved game is a few hundred bytes")
    run = check(Run, parse(text, str(place)))
    values = {field.name: getattr(run, field.name) for field in fields(TrustSettings) if field.name not in NOT_KEPT}
    try:
        return TrustSettings(revealed=True, **values)
    except ValueError as error:
        raise InvalidFile(str(place), [Problem((), str(error), "save the game again")]) from None


@dataclass(frozen=True, eq=False, repr=False)
class Pool:
    """The games of a class.  `runs` are those that could be read; `refused` are files and why, in one line each."""

    runs: tuple[TrustSettings, ...]
    refused: tuple[tuple[str, str], ...] = ()

    def rows(self) -> list[list[str]]:
        """For each rule and for the class: how many models it loosened rightly and wrongly, and what was to be expected."""
        return [_row(name, done, self._misaligned, wanted) for name, done, wanted in self._judged()]

    @property
    def _misaligned(self) -> list[bool]:
        return [hidden(run).type > 0 for run in self.runs]

    def _judged(self) -> list[tuple[str, list[bool], float]]:
        """Each decider, which models it loosened, and how many misaligned ones it was expected to (nan for people)."""
        played = [replayed(run) for run in self.runs]
        found = [("the class", [run.loosened for run in self.runs], float("nan"))]
        for place, name in enumerate(RULES):
            chances = [float(courses(run).courses[place].loosened[-1, hidden(run).type]) for run in self.runs]
            wanted = sum(chance for chance, bad in zip(chances, self._misaligned, strict=True) if bad)
            found.append((name, [each[name][1] > 0 for each in played], wanted))
        return found

    def _said(self) -> list[str]:
        bad = sum(self._misaligned)
        said = [f"{len(self.runs)} games, {bad} with a misaligned model. Expected: the exact chances of the rule, added up."]
        return said + [f"Not counted: {name}: {why}" for name, why in self.refused]

    def __repr__(self) -> str:
        return "\n".join([text_table(HEAD, self.rows()), *self._said()])

    def _repr_html_(self) -> str:
        return html_table(HEAD, self.rows()) + "".join(f"<p>{escape(said)}</p>" for said in self._said())


HEAD = ("who decides", "loosened wrongly", "expected", "held back rightly", "loosened rightly", "held back for nothing")


def _row(name: str, loosened: Sequence[bool], misaligned: Sequence[bool], wanted: float) -> list[str]:
    pairs = list(zip(loosened, misaligned, strict=True))
    counts = {pair: pairs.count(pair) for pair in ((True, True), (False, True), (True, False), (False, False))}
    wrongly, *others = (str(count) for count in counts.values())
    return [name, wrongly, number(wanted), *others]


def pool(folder: str | Path) -> Pool:
    """The games that are saved as `*.json` in a folder, each model counted once for each way it was played.

    A file that cannot be read is named with the reason, and the others are counted.  A ValueError if there is no such folder,
    no file in it, or more than 1000.
    """
    place = Path(folder)
    if not place.is_dir():
        raise ValueError(f"{str(place)!r} is no folder; give the folder into which the games were saved")
    paths = sorted(place.glob("*.json"))
    if not 1 <= len(paths) <= MOST_FILES:
        raise ValueError(f"{str(place)!r} holds {len(paths)} files *.json; 1 to {MOST_FILES} games can be pooled")
    runs: dict[TrustSettings, str] = {}
    refused: list[tuple[str, str]] = []
    for path in paths:
        try:
            run = read(path)
        except InvalidFile as error:
            refused.append((path.name, _in_short(error)))
            continue
        if run in runs:
            refused.append((path.name, f"the same game as {runs[run]}"))
        runs.setdefault(run, path.name)
    return Pool(tuple(runs), tuple(refused))


def _in_short(error: InvalidFile) -> str:
    """The first problem of a file, and how many more there are."""
    more = len(error.problems) - 1
    return f"{error.problems[0]}" + (f" (and {more} more)" if more else "")
