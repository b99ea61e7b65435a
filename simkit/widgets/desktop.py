"""`tidy(case)`: an agent tidies a desktop.  How often should it ask?  Every file is a mark, with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal, get_args

import numpy as np

from ..arrays import Floats
from ..case import Case
from ..icon_array import dots
from ..plots import HARMFUL
from ..tasks import ACT, Handled, Manner, Oversight, Task, Ways, handled, load, running, ways
from ..text import percent, whole_percent
from ..uncertainty import Comparison, compare
from . import panels
from .axes import axis
from .chosen_policies import in_context, opened
from .controls import Range
from .instrument import Instrument, Settings, from_dict
from .panels import INK, Panel, entry, labels, points
from .stage import Options, Table

Way = Literal["about anything", "about deletions", "about anything, and archives"]
WAYS: tuple[Way, ...] = get_args(Way)
#: Files in a row, plausible worlds, and the probability that a deleted file comes back if there is a backup.
COLUMNS, WORLDS, BACKUP = 4, 1000, 0.98
#: What became of a file, and then of the question about it: words, colour, size, whether it is a ring.
FATES = (
    ("moved, as wanted", 0, 4.5, False),
    ("deleted or archived, as wanted", 3, 4.5, False),
    ("kept: the person said no", 4, 4.5, False),
    ("not wanted, and put back", 2, 4.5, True),
    ("needed, and gone for good", HARMFUL, 6, False),
    ("asked, and read", INK, 8, True),
    ("asked, and waved through", 1, 8, True),
)


@dataclass(frozen=True, kw_only=True)
class DesktopSettings(Settings):
    """The choices of `tidy`: how many `questions` it may ask, and about what; `person` is the one whose desktop is seen."""

    questions: Annotated[int, Range(0, 100)] = 0
    way: Way = "about anything"
    half_life: Annotated[float, Range(1, 64, (1, 2, 4, 6, 8, 12, 16, 24, 32, 64)), "attention halves in"] = 8.0
    question: Annotated[float, Range(0, 0.1), "cost of a question"] = 0.01
    backup: Annotated[bool, "deleted files come back"] = False
    person: Annotated[int, Range(0, 99), "whose desktop"] = 18
    context: str = ""


def tidy(case: Case | str = "clean-up-my-desktop", task: Task | None = None, **settings: Any) -> Instrument[DesktopSettings]:
    """Open the instrument on a case (or a scenario's name or path) and its task; `settings` are those of `DesktopSettings`.

    First view: the files of one person, what came of each, and how many questions the agent may ask; buttons say about what.
    `More` unfolds how many files are lost along the slider, and the 1000 senders.  A ValueError if the case has no task.
    """
    found, source = opened(case)
    table = partial(desktop_table, found, task or load(found.name))
    return Instrument(table, from_dict(DesktopSettings, settings), opener="simkit.widgets.tidy", source=source)


def look(case: Case, task: Task, settings: DesktopSettings) -> tuple[Ways, list[Handled]]:
    """The task done in each way with 0 to I questions, way by way, and at last at once; and what each does with I files."""
    here, costs = in_context(case, settings.context), Oversight(half_life=settings.half_life, interruption=settings.question)
    if settings.backup:
        task = replace(task, steps=tuple(replace(step, undo=max(step.undo, BACKUP)) for step in task.steps))
    asks = range(sum(len(step.items) for step in running(task)) + 1)
    manners = [
        Manner(name=f"{n}-{w}", label=f"{n} questions {way}", asks=n, only_final=w == 1, archives=w == 2)
        for w, way in enumerate(WAYS)
        for n in asks
    ]
    shares = dict(zip(here.segments, here.population.shares.tolist(), strict=True))
    return ways(here, task, [*manners, ACT], oversight=costs), [handled(task, manner, shares, costs) for manner in manners]


def fates(shares: Floats, each: list[Handled], person: int) -> Floats:
    """Which of `FATES` is true of each file of one person, (P, 7, I), as 0 or 1; the same luck in every row."""
    rng, count = np.random.default_rng(person), len(each[0].items)
    wanted = each[0].wanted[rng.choice(len(shares), p=shares)] > rng.random(count)
    luck, rows = rng.random((2, count)), []
    for now in each:
        asked, read = now.request > 0, luck[0] < now.read
        heard, wrong, back = asked & read, ~wanted & ~(asked & read), luck[1] < now.undo
        came = (wanted & ~now.final, wanted & now.final, heard & ~wanted, wrong & back, wrong & ~back)
        rows.append((*came, heard, asked & ~read))
    return np.array(rows, dtype=float)


def desktop_table(case: Case, task: Task, settings: DesktopSettings) -> Table:
    """A row for each way and number of questions."""
    found, each = look(case, task, settings)
    leads = compare(found.case, found.policies[:-1], found.policies[-1], rng=np.random.default_rng(0), worlds=WORLDS)
    came, many = fates(found.case.population.shares, each, settings.person), np.arange(len(each) // len(WAYS))
    lost, at = found.case.population.shares @ found.lost[:, :-1], np.tile(many, len(WAYS))
    along: dict[str, Floats] = dict(zip(WAYS, lost.reshape(len(WAYS), -1), strict=True))
    return Table(
        slider=Options("questions", many.tolist(), "How many questions it may ask"),
        toggles=[Options("way", WAYS, "It asks")],
        sentences=[_sentence(*row) for row in zip(found.interruptions, came.sum(-1), lost, strict=False)],
        notes=_notes(leads, found.interruptions[:-1], settings.question),
        panels=[
            _desktop(task, each[0].items, came),
            panels.sure(_how_sure(found.case, settings.half_life)),
            panels.lines("Needed files that are gone for good, on average", many, along, at=at, first=False),
            panels.dots(dots(found.case, found.policies[:-1]), "Everybody who sends these words", first=False),
        ],
        view=found,
        stands_for={"context": case.context},
    )


def _sentence(asked: float, came: Floats, lost: float) -> str:
    start = f"Of {asked:g} question{'s' * int(asked != 1)} {came[5]:g} are read." if asked else "It asks nothing."
    files = f"{came[4]:g} needed file{'s' * int(came[4] != 1)}"
    return f"{start} This person loses {files} for good; on average over all who send these words it is {lost:.2f}."


def _notes(leads: Comparison, asked: Floats, cost: float) -> list[str]:
    """The caveat: how surely each is better or worse than acting at once, and the cost of a question that turns it round."""
    said = []
    turning = cost + leads.gain / np.maximum(asked, 1e-9)
    for gain, holds, turn in zip(*(each.tolist() for each in (leads.gain, leads.holds, turning)), strict=True):
        worth = f"Worth {'more' if gain > 0 else 'less'} than acting at once in {whole_percent(holds)} of plausible worlds"
        turns = f"equal if a question cost {percent(turn)} of the work" if 0 < turn < 1e3 else "whatever a question costs"
        said.append(f"{worth}; {turns}." if abs(gain) > 1e-12 else "This is acting at once, with which all else is compared.")
    return said


def _how_sure(case: Case, half_life: float) -> list[list[str]]:
    """The share of each segment at which acting at once is worth as much, while the others keep their proportions."""
    worth, share = case.value(case.harm_weight), case.population.shares[:, None]
    gain = worth[:, 1:-1] - worth[:, -1:]
    rest = (share.T @ gain - share * gain) / (1 - share)
    turns = np.divide(rest, rest - gain, out=np.zeros_like(gain), where=rest != gain)
    drawn = f"{WORLDS} plausible worlds: who asks varies; the task and the stakes stay as stated, all judged."
    tires = f"That attention halves in {half_life:g} questions is assumed; 93% approvals (one product, 2026) do not show it."
    rows = []
    for column in turns.T.tolist():
        named = [f"“{name}” {percent(x)}" for name, x in zip(case.segment_labels, column, strict=True) if 0 < x < 1]
        rows.append([f"Equal at a share of {', of '.join(named)}." if named else "No share reverses it.", drawn, tires])
    return rows


def _desktop(task: Task, names: Sequence[str], came: Floats) -> Panel:
    """The files in rows of four, step by step, each with what came of it."""
    ticks, x, y = {}, np.zeros(0), np.zeros(0)
    for step in (step for step in running(task) if step.items):
        row = np.arange(len(step.items)) // COLUMNS + y.max(initial=-1) + 1
        x, y, ticks[row.mean()] = np.append(x, np.arange(len(row)) % COLUMNS), np.append(y, row), step.name.replace("-", " ")
    seen = zip(np.where(came > 0, x, np.nan).swapaxes(0, 1), FATES, strict=True)
    return panels.chart(
        "The desktop of one person who sends these words",
        [*(points(xs, y, colour=c, size=size, hollow=ring) for xs, (_, c, size, ring) in seen), labels(x, y, names)],
        x=axis(-0.2, COLUMNS - 0.2, ticks={}),
        y=axis(y.max() + 0.5, -0.5, ticks=ticks),
        alt="Each file, coloured by what came of it; a ring is a question about it.",
        first=True,
        legend=[entry(words, colour, "open" if ring else "full") for words, colour, _, ring in FATES],
        values=came.sum(-1),
        height=42 * int(y.max()) + 66,
        wide=660,
        left=92,
        categories=True,
    )
