"""`releases()`: two releases of the Model Spec side by side, who may change how many sections in each, and which ones moved.

The picture joins every section of the left release to the same section of the right one: ribbons as wide as the sections are
many, outlined where a section got another level.  The facts that ship are enough for it; a release of your own joins them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..spec.published.changes import Changes, compare
from ..spec.published.records import ModelSpec
from ..spec.published.release_facts import shelf
from ..text import printable
from . import panels
from .instrument import Instrument, Settings, from_dict
from .panels import INK, Mark, Panel
from .stage import Options, Table

#: What a section may be on each side, from the top of the picture down, and its colour.
PLACES = {"root": 5, "system": 1, "developer": 2, "user": 0, "guideline": 4, "no level": 3, "not there": INK}
#: Room between two levels, in sections.
GAP = 3.0
NOTE = (
    "Counted in the published files. That platform is another name for root is a judgement: most of its sections got that word."
)


@dataclass(frozen=True, kw_only=True)
class ReleaseSettings(Settings):
    """The choices of `releases`: which release stands on the left, and which on the right; empty: the oldest, the newest."""

    left: str = ""
    right: str = ""


def releases(release: ModelSpec | str = "", **settings: Any) -> Instrument[ReleaseSettings]:
    """Open the instrument on the releases whose facts ship; `settings` are those of `ReleaseSettings`.

    `release` is the one on the right: a release that ships by its name, or one of your own as a record or a path, which then
    can be chosen, too.  First view: the sections by level on both sides, a slider for the right one, buttons for the left one.
    `More` unfolds the list of changes.  `view` has a `Changes` for each row.  `InvalidFile` if a file cannot be read.
    """
    known, right, source = shelf(release)
    table = release_table(known, right)
    return Instrument(lambda _: table, from_dict(ReleaseSettings, settings), opener="simkit.widgets.releases", source=source)


def release_table(known: Mapping[str, ModelSpec], right: str) -> Table:
    """All that is shown: for every pair of releases the picture, the sentence and the list of changes."""
    names = list(known)
    pairs = [(known[old], known[new]) for old in names for new in names]
    found = [compare(*pair) for pair in pairs]
    return Table(
        toggles=[Options("left", names, "On the left")],
        slider=Options("right", names, "On the right"),
        sentences=[_sentence(each) for each in found],
        notes=[NOTE],
        panels=[
            _picture(pairs, found),
            panels.sure([_sure(old, each) for (old, _), each in zip(pairs, found, strict=True)]),
            panels.text("What changed", [_listed(each) for each in found], alt="Renames, then changes of meaning."),
        ],
        stands_for={"left": names[0], "right": right},
        view=tuple(found),
    )


# --- words ------------------------------------------------------------------------------------------------------------


def _sentence(changes: Changes) -> str:
    return changes.sentence if changes.old != changes.new else f"Both sides show the release {printable(changes.new, 40)}."


def _listed(changes: Changes) -> list[str]:
    rows = [f"{kind} ({count}): {words}" for kind, count, words in changes.rows() if count != "0"]
    return rows or ["Nothing."]


def _sure(old: ModelSpec, changes: Changes) -> list[str]:
    """What is counted, what is judged, and where each judgement would turn."""
    lines = ["Sections, levels and references are counted, not estimated; there are no plausible worlds to draw."]
    for was, now, count in changes.level_names:
        of = sum(section.authority == was for section in old.sections)
        lines.append(f"{was} → {now} counts as a new name: {count} of its {of} sections got it. At half of them it would not.")
    for was, now, agrees in changes.renamed:
        lines.append(f"{was} → {now} counts as one section: {agrees:.0%} of it agrees, and 50% are asked for.")
    return lines


# --- picture ----------------------------------------------------------------------------------------------------------


def _picture(pairs: list[tuple[ModelSpec, ModelSpec]], found: list[Changes]) -> Panel:
    counts = np.stack([flows(*pair, each) for pair, each in zip(pairs, found, strict=True)])
    left, right = np.stack([_tops(each) for each in counts]), np.stack([_tops(each.T).T for each in counts])
    end = float(counts.sum((1, 2)).max() + GAP * len(PLACES))
    across = np.linspace(0, 1, 25)
    ease = across**2 * (3 - 2 * across)
    high = np.where(counts > 0, left, np.nan)[..., None] * (1 - ease) + right[..., None] * ease  # (F, left, right, 25)
    low = high + counts[..., None]
    marks: list[Mark] = []
    for i, j in zip(*np.nonzero(counts.any(0)), strict=True):
        colour = list(PLACES.values())[j]
        marks += [panels.band(across, high[:, i, j], low[:, i, j], colour=colour)] * (1 if i == j else 2)
        edges = (high, low) if i != j else ()
        marks += [panels.curve(across, edge[:, i, j], colour=colour, width=1) for edge in edges]
    marks += [*_posts(0, left[:, :, 0], counts.sum(2)), *_posts(1, right[:, 0], counts.sum(1))]
    (old, new), rows = zip(*pairs, strict=True), range(len(found))
    ticks = [_names(old[f], "to come", left[f, :, 0], counts[f].sum(1)) for f in rows]
    names = [_names(new[f], "gone", right[f, 0], counts[f].sum(0)) for f in rows]
    texts = [text for each in names for text in each.values()]
    of = np.repeat(rows, [len(each) for each in names])
    heights = np.where(of == np.array(rows)[:, None], [y for each in names for y in each], -1000.0)
    marks.append(panels.labels(np.ones(len(texts)), heights, texts))  # in other rows off the picture
    return panels.chart(
        "Sections by who may change them, in two releases",
        marks,
        x=panels.axis(-0.02, 1.6, ticks={}),
        y=[panels.axis(end, -6, ticks=each) for each in ticks],
        alt="Sections by level of authority in both releases; ribbons join what is the same section.",
        first=True,
        wide=660,
        left=100,
        height=380,
        categories=True,
    )


def flows(old: ModelSpec, new: ModelSpec, changes: Changes) -> Ints:
    """How many sections stand at each place of `PLACES` in the old release and in the new one, (7, 7)."""
    was = {name.new: name.old for name in changes.renamed}
    pairs = [(_place(old, was.get(s.id, s.id)), _place(new, s.id)) for s in new.sections]
    pairs += [(_place(old, name), _place(new, name)) for name in changes.removed]
    counts = np.zeros((len(PLACES), len(PLACES)), dtype=int)
    np.add.at(counts, tuple(np.array(pairs).T), 1)
    return counts


def _place(spec: ModelSpec, name: str) -> int:
    section = spec.by_id.get(name)
    level = "not there" if section is None else section.authority or "no level"
    return list(PLACES).index("root" if level == "platform" else level)


def _tops(counts: Ints) -> Floats:
    """Where each flow begins on its side, (places, others): places one below the other, and in each the flows."""
    sums = counts.sum(1)
    sizes = sums + GAP * (sums > 0)
    return (np.cumsum(sizes) - sizes)[:, None] + np.cumsum(counts, axis=1) - counts


def _posts(x: float, tops: Floats, sums: Ints) -> list[Mark]:
    """An upright bar for each level."""
    ends = np.where(sums[..., None] > 0, np.stack([tops, tops + sums], axis=-1), np.nan)
    return [panels.curve([x, x], ends[:, i], colour=colour, width=7) for i, colour in enumerate(PLACES.values())]


def _names(spec: ModelSpec, absent: str, tops: Floats, sums: Ints) -> dict[float, str]:
    """The name of a release, and what stands below it: where, and the level with its number of sections."""
    top = "platform" if any(section.authority == "platform" for section in spec.sections) else "root"
    names = (top, *list(PLACES)[1:-1], absent)
    shown = {float(y + n / 2): f"{name} {n}" for name, y, n in zip(names, tops, sums, strict=True) if n}
    return {-4.0: printable(spec.release, 20)} | shown
