"""A picture of a Model Spec: every section on its own line, ordered by level, and an arc for every cross-reference.

Arcs stand to the left of the names, so that none crosses a word; they lead from the section that refers to the one
referred to, which gives the colour.  Dots grow with how often a section is referred to.
"""

from __future__ import annotations

from collections import Counter
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from .records import LEVELS, ModelSpec, Section, bare

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Petroff's colours (2021), which any colour vision tells apart; each group also has its place and its name.
COLOURS = {
    "root": "#e42536",
    "platform": "#e42536",
    "system": "#f89c20",
    "developer": "#964a8b",
    "user": "#5790fc",
    "guideline": "#7a21dd",
    "-": "#9c9ca1",
}
#: The same on a dark page, where the dark ones are lighter.
ON_DARK = {**COLOURS, "root": "#f0525f", "platform": "#f0525f", "developer": "#e38ad5", "guideline": "#9a74ff"}
#: Sections without a level: what they hold comes last, because nothing is inherited from them.
NONE = "-"


def draw(spec: ModelSpec, ax: Axes | None = None, focus: str | None = None) -> Axes:
    """Every section and every cross-reference of a release, ordered by level.

    With `focus` (a section's id) only what refers to it or is referred to by it stands out; a KeyError if there is no such
    section.  The figure of its own is 12.8 inches wide and 14 high for 80 sections: readable at 1280 pixels.
    """
    from ...plots import new_axes

    near = _near(spec, focus)
    groups = _groups(spec)
    rows = _rows(groups)
    end = max(rows.values(), default=0.0) + 1
    ax = new_axes(ax, (12.8, max(3.0, 0.16 * (end + 2))))
    colours = palette()
    for source, target in spec.edges:
        strong = focus is None or focus in (source, target)
        _arc(ax, rows[source], rows[target], colours[spec[target].authority or NONE], strong)
    cited = Counter(target for _, target in spec.edges)
    for level, sections in groups.items():
        _heading(ax, rows[sections[0].id], level, len(sections), colours[level])
        for section in sections:
            _name(ax, rows[section.id], section, colours[level], cited[section.id], section.id not in near)
    ax.set(xlim=(-1.0, 0.78), ylim=(end, -0.6))
    ax.set_axis_off()
    ax.set_title(_title(spec, focus), loc="left", size=10, parse_math=False)
    return ax


def _near(spec: ModelSpec, focus: str | None) -> set[str]:
    """The sections that stand out: all, or `focus` and those that it shares a cross-reference with."""
    if focus is None:
        return set(spec.by_id)
    return {spec[focus].id, *(name for edge in spec.edges if focus in edge for name in edge)}


def _title(spec: ModelSpec, focus: str | None) -> str:
    what = f"{len(spec.edges)} cross-references" if focus is None else f"the cross-references of {spec[focus].label}"
    how = "An arc leads to the section that is referred to, and has its colour; · n: referred to by n sections."
    return f"Model Spec {spec.release}: {len(spec.sections)} sections by level of authority, and {what}.\n{how}"


def _groups(spec: ModelSpec) -> dict[str, list[Section]]:
    """Sections by level, the highest first, those without one last; inside a level in the order of the document."""
    found = {level: [s for s in spec.sections if (s.authority or NONE) == level] for level in (*LEVELS, NONE)}
    return {level: sections for level, sections in found.items() if sections}


def _rows(groups: dict[str, list[Section]]) -> dict[str, float]:
    """The line of each section, counted from 0, with room for the name of each level."""
    rows, at = {}, -0.9
    for sections in groups.values():
        at += 1.9
        for section in sections:
            rows[section.id] = at
            at += 1
    return rows


def palette() -> dict[str, str]:
    """The colours of the levels on the page as it is now: light words stand on a dark one."""
    from matplotlib import rcParams
    from matplotlib.colors import to_rgb

    return ON_DARK if sum(to_rgb(rcParams["text.color"])) > 1.5 else COLOURS


def _arc(ax: Axes, start: float, end: float, colour: str, strong: bool) -> None:
    """Half an ellipse to the left of the names, wider the farther it leads, with an arrow at its end."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    reach = -0.08 - 1.2 * (abs(end - start) / 90) ** 0.7
    path = Path([(-0.012, start), (reach, start), (reach, end), (-0.012, end)], [Path.MOVETO, *[Path.CURVE4] * 3])
    style: dict[str, Any] = {"lw": 1.1, "alpha": 0.8} if strong else {"lw": 0.6, "alpha": 0.13}
    ax.add_patch(FancyArrowPatch(path=path, arrowstyle="-|>,head_length=4,head_width=2", color=colour, **style))


def _heading(ax: Axes, row: float, level: str, count: int, colour: str) -> None:
    from matplotlib import rcParams

    words = "without a level" if level == NONE else level
    ax.text(0.03, row - 1.15, f"{words} ({count})", va="center", size=11, weight="bold", color=rcParams["text.color"])
    ax.plot([0.0, 0.78], [row - 0.6, row - 0.6], color=colour, lw=1.2)


def _name(ax: Axes, row: float, section: Section, colour: str, cited: int, faint: bool) -> None:
    from matplotlib import rcParams

    seen = 0.5 if faint else 1
    paper = rcParams["axes.facecolor"]
    ax.plot([0], [row], "o", ms=4 + 1.1 * min(cited, 8), color=colour, mec=paper, mew=0.8, alpha=seen, zorder=3)
    said = shorten(bare(section.label), 68, placeholder=" …") + (f"  ·  {cited}" if cited else "")
    ax.text(0.03, row, said, va="center", size=9.5, color=rcParams["text.color"], alpha=seen, parse_math=False)
