"""`references()`: who cites whom in a release of the Model Spec, one section at a time, growing from there.

Each section near the chosen one has its own line, so that no arc crosses a word: above it what leads to it, below it the rest.
An arc leads to the section that is referred to, and has the colour of that one's level.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from ..arrays import Floats
from ..spec.published.records import ModelSpec, Section
from ..spec.published.references import depends_on, neighbourhood
from ..spec.published.release_facts import shelf
from ..text import printable
from . import panels
from .controls import Range
from .instrument import Instrument, Settings, from_dict
from .panels import Mark, Panel
from .release_changes import PLACES
from .stage import Options, Table

STEPS = {1: "its own references", 2: "and those of its neighbours"}
FEWEST = 7  # lines of the picture
NOTE = "Counted in the published file. A reference says that one section needs another, not which of them prevails."

SURE = [
    "References are counted, not estimated: text, commentary and examples alike, two between the same sections once.",
    "Whether a section depends on another in practice is not counted: that is for its readers to say.",
]


@dataclass(frozen=True, kw_only=True)
class ReferenceSettings(Settings):
    """The choices of `references`: the section (empty: the one that most others cite), and how many `steps` around it."""

    section: str = ""
    steps: Annotated[int, Range(1, 2)] = 1


def references(release: ModelSpec | str = "", **settings: Any) -> Instrument[ReferenceSettings]:
    """Open the instrument on a release: one that ships by its name (empty: the newest), a record or a path.

    `settings` are those of `ReferenceSettings`.  First view: a section and all that cite it or are cited by it, a slider over
    the sections, and buttons that let the picture grow by one step.  `view` has the cut of the release for each row.
    """
    known, name, source = shelf(release)
    table = reference_table(known[name])
    return Instrument(
        lambda _: table, from_dict(ReferenceSettings, settings), opener="simkit.widgets.references", source=source
    )


def reference_table(release: ModelSpec) -> Table:
    """All that is shown: for each section with a reference, and one step or two, what stands around it."""
    ids = [section.id for section in release.sections if any(section.id in edge for edge in release.edges)]
    if not ids:
        raise ValueError("no section of this release refers to another: there is nothing to draw")
    near = [neighbourhood(release, [name]) for name in ids]
    cuts = [*near, *(neighbourhood(release, cut.by_id) for cut in near)]
    cited = Counter(target for _, target in release.edges)
    return Table(
        toggles=[Options("steps", list(STEPS), "Around it", list(STEPS.values()))],
        slider=Options("section", ids, "Section", [_words(release[name]) for name in ids]),
        sentences=[_sentence(release, name, cited[name]) for name in ids] * 2,
        notes=[NOTE],
        panels=[_picture(release, ids * 2, cuts), panels.sure([SURE])],
        stands_for={"section": cited.most_common(1)[0][0]},
        view=tuple(cuts),
    )


def _sentence(release: ModelSpec, name: str, cited: int) -> str:
    section, cites = release[name], sum(source == name for source, _ in release.edges)
    return f"“{_words(section)}” ({_level(section)}) is cited by {cited} section{'' if cited == 1 else 's'} and cites {cites}."


def _words(section: Section) -> str:
    return printable(section.label, 44)


# --- picture ----------------------------------------------------------------------------------------------------------


def _picture(release: ModelSpec, names: list[str], cuts: list[ModelSpec]) -> Panel:
    orders = [_ordered(cut, name) for name, cut in zip(names, cuts, strict=True)]
    lines = [{section.id: n for n, section in enumerate(order)} for order in orders]
    marks: list[Mark] = []
    for level, colour in list(PLACES.items())[:-1]:
        ends = [
            [(at[a], at[b]) for a, b in cut.edges if _level(release[b]) == level] for at, cut in zip(lines, cuts, strict=True)
        ]
        for slot in range(max(map(len, ends))):
            marks.append(panels.curve(*_arcs([each[slot] if slot < len(each) else None for each in ends]), colour=colour))
        dots = [[float(n) if _level(section) == level else np.nan for n, section in enumerate(order)] for order in orders]
        marks.append(panels.points(np.zeros(max(map(len, dots))), _filled(dots), colour=colour))
    return panels.chart(
        "A section and what it shares a reference with",
        marks,
        x=panels.axis(-0.03, 1, ticks={}),
        y=[_axis(order, name) for order, name in zip(orders, names, strict=True)],
        alt="Sections on lines of their own, and arcs from each to those that it refers to.",
        first=True,
        legend=[panels.entry(level, colour) for level, colour in list(PLACES.items())[:-1]],
        values=[[sum(_level(s) == level for s in order) for level in list(PLACES)[:-1]] for order in orders],
        wide=660,
        left=250,
        height=400,
        categories=True,
    )


def _ordered(cut: ModelSpec, name: str) -> list[Section]:
    """What leads to a section, the section, and then all others, in the order of the document."""
    above = set(depends_on(cut, name)) - {name}
    return sorted(cut.sections, key=lambda section: (section.id not in above) + (section.id not in {*above, name}))


def _axis(order: list[Section], name: str) -> dict[str, Any]:
    """A line for each section; the chosen one is marked."""
    shown = {n: ("▸ " if section.id == name else "") + _words(section) for n, section in enumerate(order)}
    return panels.axis(max(len(order), FEWEST) - 0.4, -0.6, ticks=shown)


def _level(section: Section) -> str:
    return {"platform": "root", None: "no level"}.get(section.authority, section.authority or "")


def _arcs(ends: list[tuple[int, int] | None]) -> tuple[Floats, Floats]:
    """Half an ellipse for each pair of lines, (F, 11) twice, a little beside the dots; the nearer the lines, the flatter."""
    pairs = np.array([each or (np.nan, np.nan) for each in ends])
    turn = np.linspace(0, np.pi, 11)
    middle, half = pairs.mean(1)[:, None], np.diff(pairs, axis=1) / 2
    reach = np.where(half > 0, 0.9, 0.8) * np.abs(half / 13) ** 0.5  # of two that refer to each other both are seen
    return 0.03 + reach * np.sin(turn), middle - half * np.cos(turn)


def _filled(rows: list[list[float]]) -> Floats:
    """Rows of one length, the short ones filled with nan."""
    longest = max(map(len, rows))
    return np.array([[*row, *[np.nan] * (longest - len(row))] for row in rows])
