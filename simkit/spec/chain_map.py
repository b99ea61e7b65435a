"""A picture of a spec's graph: levels from the top down; principals, rules and behaviours each in a column of their own.

A graph from `highlighted` shows only what spoke about one behaviour, with the path that decided it; one from `graph` shows
the whole spec.  Within a level a column is a list, so that no two names meet.
"""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Any

from .authority import level
from .published.section_map import palette

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes

#: The column of each kind of node, from cause to effect.
COLUMNS = {"level": 0, "principal": 1, "message": 1, "grant": 2, "rule": 2, "protection": 2, "behaviour": 3}
#: Where columns stand, as fractions of the width, and how many letters their names have room for.
AT = (0.02, 0.2, 0.46, 0.76)
ROOM = (12, 26, 32, 26)
#: What the place of a node says already: drawn only on a highlighted path.
IMPLIED = ("outranks", "may change", "fixes", "speaks for")
#: About the width of a letter.
LETTER = 0.0078
HEADS = ("level", "who speaks", "rules, protections, grants", "behaviours")


def draw_chain(graph: nx.DiGraph[str], ax: Axes | None = None) -> Axes:
    """Draw the graph of a spec, or the path of one decision that `highlighted` marked in it.

    The figure of its own is 11 inches wide and as high as the longest column needs.
    """
    from matplotlib import rcParams

    from ..plots import new_axes

    shown = graph.subgraph(visible(graph))
    rows = places(shown)
    end = max((row for _, row in rows.values()), default=0.0) + 1.2
    ax = new_axes(ax, (11, max(2.6, 0.22 * (end + 2))))
    colours = palette()
    ax.set(xlim=(0, 1), ylim=(end, -1.8))
    ax.set_axis_off()
    path = any(shown.nodes[node].get("highlighted") for node in shown)
    for source, target, about in shown.edges(data=True):
        _edge(ax, rows, (source, target), about, path, len(_label(shown.nodes[source])))
    for node, about in shown.nodes(data=True):
        _node(ax, rows[node], about, colours, path)
    for x, head in zip(AT, HEADS, strict=True):
        ax.text(x, -1.2, head, size=9, weight="bold", color=rcParams["text.color"])
    ax.set_title(_title(shown, path), loc="left", size=10, parse_math=False)
    return ax


def visible(graph: nx.DiGraph[str]) -> list[str]:
    """All nodes; in a graph with a highlighted path the levels, and what spoke about its behaviour."""
    if not any(about.get("highlighted") for _, about in graph.nodes(data=True)):
        return list(graph)
    return [
        node
        for node, about in graph.nodes(data=True)
        if about["kind"] == "level" or about.get("highlighted") or about.get("did")
    ]


def places(graph: nx.DiGraph[str]) -> dict[str, tuple[float, float]]:
    """Where each node stands: x from 0 to 1, and a row from 0 down; each node of a column has a row of its own."""
    found: dict[str, tuple[float, float]] = {}
    top = 0.0
    for height in range(5, -1, -1):
        columns: list[list[str]] = [[] for _ in AT]
        for node, about in graph.nodes(data=True):
            if about["level"] == height:
                columns[COLUMNS[about["kind"]]].append(node)
        for column, nodes in enumerate(columns):
            found |= {node: (AT[column], top + i) for i, node in enumerate(nodes)}
        top += max(1, *map(len, columns)) + 0.5
    return found


def _title(graph: nx.DiGraph[str], path: bool) -> str:
    if not path:
        return f"{graph.graph.get('name', 'A spec')}: who may change what"
    target = next(about for _, about in graph.nodes(data=True) if "value" in about)
    return f"{graph.graph.get('name', 'A spec')}: {target['label']} is {target['value']}; the heavy line is what decided it"


def _edge(
    ax: Axes, rows: dict[str, tuple[float, float]], edge: tuple[str, str], about: dict[str, Any], path: bool, letters: int
) -> None:
    """An arrow from cause to effect: heavy if it decided, dashed if it had no effect."""
    from matplotlib import rcParams
    from matplotlib.patches import FancyArrowPatch

    highlighted, decides, void = (
        about.get("highlighted"),
        about.get("decides"),
        about.get("did") and not about.get("highlighted"),
    )
    if about["kind"] in IMPLIED and not (highlighted or void):
        return
    (x0, y0), (x1, y1) = rows[edge[0]], rows[edge[1]]
    start = (x0 + (0.02 + LETTER * letters if x0 < x1 else 0.0), y0)
    style: dict[str, Any] = {
        "lw": 2.6 if decides else 1.3 if highlighted else 0.7,
        "alpha": 1 if decides or highlighted else 0.6 if void else 0.35,
    }
    bend = 0.0 if x0 != x1 else -0.35
    colour = palette()["user"] if highlighted or not path else rcParams["text.color"]
    ax.add_patch(
        FancyArrowPatch(
            start,
            (x1 - 0.012, y1),
            arrowstyle="-|>,head_length=4,head_width=2",
            connectionstyle=f"arc3,rad={bend}",
            linestyle=":" if void else "-",
            color=colour,
            zorder=1,
            **style,
        )
    )


def _label(about: dict[str, Any]) -> str:
    """A node's name, and the value of the behaviour that was decided."""
    label = shorten(about["label"], ROOM[COLUMNS[about["kind"]]], placeholder=" …")
    return f"{label}: {about['value']}" if "value" in about else label


def _node(ax: Axes, place: tuple[float, float], about: dict[str, Any], colours: dict[str, str], path: bool) -> None:
    """A dot in the colour of its level, its name, and in a highlighted path what it did."""
    from matplotlib import rcParams

    x, y = place
    kind, label = about["kind"], _label(about)
    faint = path and not about.get("highlighted")
    colour = colours.get(level(about["level"]), colours["-"])
    weight = "bold" if kind == "level" or about.get("decides") or "value" in about else "normal"
    ax.plot([x], [y], "o", ms=6, color=colour, alpha=0.4 if faint else 1, zorder=3)
    ax.text(
        x + 0.012,
        y,
        label,
        va="center",
        size=9,
        weight=weight,
        alpha=0.55 if faint else 1,
        color=rcParams["text.color"],
        parse_math=False,
        bbox={"facecolor": rcParams["axes.facecolor"], "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        zorder=2,
    )
