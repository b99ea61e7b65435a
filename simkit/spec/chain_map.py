"""A picture of a spec's graph: a band for each level of authority, from the top down; causes to the left, effects to the right.

The whole spec has a behaviour in the band of whoever may change it, and beside it what binds it, so that no two of these arrows
cross; behaviours that refer to each other stand in an order in which their arcs cross least.  The path of one decision has
whatever spoke in the band of its own level, with what it did, and leads to the one behaviour.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ..messages import LEVELS, rank
from .authority import level
from .published.records import LEVEL_COLOURS

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes

#: The column of each kind of node.
COLUMNS = {"level": 0, "principal": 1, "grant": 1, "message": 2, "rule": 2, "protection": 2, "default": 2, "behaviour": 3}
#: Where columns begin and end, in inches of a picture of 11, and how many letters fit.
ENDS = ((0.05, 0.95), (1.3, 3.15), (3.4, 7.7), (8.3, 10.5))
LETTERS = (12, 29, 70, 34)
HEADS = {
    False: ("level", "who speaks, whom it trusts", "what binds", "behaviour and default"),
    True: ("level", "who speaks", "what it says and does", "result"),
}

Places = dict[str, tuple[int, float]]


def draw_chain(graph: nx.DiGraph[str], ax: Axes | None = None) -> Axes:
    """Draw the graph of a spec, or the path of one decision that `highlighted` marked in it.

    The colour of a frame is the level of authority; a heavy line decided, a dotted one had no effect.  A figure of its own is
    11 inches wide and as high as its rows need.
    """
    from matplotlib import rcParams

    from ..plots import new_axes

    path = is_path(graph)
    shown = graph.subgraph(visible(graph))
    places, bands = layout(shown)
    end = bands["none"][1]
    high = 0.62 if path else 0.245
    ax = new_axes(ax, (11, high * (end + 0.2) + 0.7))
    ax.set(xlim=(0, 11), ylim=(end + 0.1, -0.55 / high))
    ax.set_axis_off()
    ink = rcParams["text.color"]
    for place, (name, (top, bottom)) in enumerate(bands.items()):
        if place % 2 == 0:
            ax.axhspan(top - 0.5, bottom - 0.5, color=ink, alpha=0.05, lw=0, zorder=0)
        _box(ax, places, shown.nodes, f"level:{name}", path, (bottom - top) / 2 - 0.07)
    for node in shown:
        if not node.startswith("level:"):
            _box(ax, places, shown.nodes, node, path, 0.43 if path else 0.4)
    kinds = ("says", "speaks for", "speaks about") if path else ("trusts", "refers to")
    edges = [(a, b) for a, b, about in shown.edges(data=True) if about["kind"] in (*kinds, "binds", "protects")]
    for edge, points in routes(places, edges).items():
        _arrow(ax, points, shown.edges[edge], path)
    for (x, _), head in zip(ENDS, HEADS[path], strict=True):
        ax.text(x, -0.72 if path else -0.9, head, size=8, style="italic", color=ink)
    title = next((f"{about['label'].replace(':', ' is')}" for _, about in shown.nodes(data=True) if "value" in about), "")
    what = f"{title}; the heavy line is what decided it" if path else "who may change what (bands), and what binds it"
    ax.set_title(f"{graph.graph.get('name', 'A spec')}: {what}", loc="left", size=10, parse_math=False)
    return ax


def is_path(graph: nx.DiGraph[str]) -> bool:
    """Whether a decision is highlighted in the graph."""
    return any("value" in about for _, about in graph.nodes(data=True))


def visible(graph: nx.DiGraph[str]) -> list[str]:
    """All nodes; in a graph with a highlighted path the levels, and what spoke about its behaviour."""
    if not is_path(graph):
        return list(graph)
    nodes = graph.nodes(data=True)
    return [node for node, about in nodes if about["kind"] == "level" or "value" in about or about["did"]]


def layout(graph: nx.DiGraph[str]) -> tuple[Places, dict[str, tuple[float, float]]]:
    """Where each node stands (column, row), and the band of each level (its first row, the first of the next)."""
    path, top = is_path(graph), 0.0
    places, bands = Places(), dict[str, tuple[float, float]]()
    order = _ordered(graph)
    for name in LEVELS:
        here = [node for node, about in graph.nodes(data=True) if about["level"] == rank(name)]
        row = {1: top, 2: top, 3: top}
        for node in here if path else ():
            if COLUMNS[graph.nodes[node]["kind"]] == 2:
                for speaker in (s for s in graph.predecessors(node) if s.startswith("principal:") and s not in places):
                    places[speaker] = 1, row[2]
                places[node] = 2, row[2]
                row[2] += 1
        for node in () if path else (node for node in order if node in here):
            binding = [b for b in graph.predecessors(node) if COLUMNS[graph.nodes[b]["kind"]] == 2]
            places |= {b: (2, row[3] + i) for i, b in enumerate(binding)}
            places[node] = 3, row[3] + max(len(binding) - 1, 0) / 2
            row[3] += max(len(binding), 1)
        for node in here:
            if COLUMNS[graph.nodes[node]["kind"]] == 1 and node not in places:
                places[node] = 1, row[1]
                row[1] += 1
        bottom = max(top + (0.55 if path and not here[1:] else 1), *row.values())
        places[f"level:{name}"] = 0, (top + bottom - 1) / 2
        bands[name], top = (top, bottom), bottom + 0.35
    for node in order if path else ():
        deciding = [places[b][1] for b in graph.predecessors(node) if graph.edges[b, node]["decides"]]
        places[node] = 3, deciding[0]
    return places, bands


def _ordered(graph: nx.DiGraph[str]) -> list[str]:
    """The behaviours from the highest level down, within a level so that arcs of reference cross as little as can be found."""
    best = sorted((n for n in graph if n.startswith("behaviour:")), key=lambda n: -graph.nodes[n]["level"])
    arcs = [edge for edge in graph.edges if graph.edges[edge]["kind"] == "refers to"]
    tried = best
    for _ in range(8):
        at = {node: place for place, node in enumerate(tried)}
        near: dict[str, list[int]] = {node: [] for node in tried}
        for one, other in arcs:
            near[one].append(at[other])
            near[other].append(at[one])
        mean = {node: sum(found) / len(found) if found else at[node] for node, found in near.items()}
        tried = sorted(tried, key=lambda node: (-graph.nodes[node]["level"], mean[node]))
        best = min(best, tried, key=lambda order: crossings(order, arcs))
    return best


def crossings(order: Iterable[str], arcs: Iterable[tuple[str, str]]) -> int:
    """How many pairs of arcs beside a column cross if its nodes stand in this order."""
    at = {node: place for place, node in enumerate(order)}
    spans = [sorted((at[one], at[other])) for one, other in arcs]
    return sum(a[0] < b[0] < a[1] < b[1] or b[0] < a[0] < b[1] < a[1] for a, b in combinations(spans, 2))


def routes(places: Places, edges: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """The points of every arrow, from the edge of one frame to the edge of another: 2 a line, 4 a curve, 5 along a gutter."""
    edges = sorted(edges, key=lambda edge: places[edge[0]][1])
    longest = max((abs(places[a][1] - places[b][1]) for a, b in edges if places[a][0] == places[b][0]), default=1.0)
    gutters = iter(ENDS[0][1] + 0.08 + 0.05 * i for i in range(len(edges)))
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for a, b in edges:
        (from_, y0), (to, y1) = places[a], places[b]
        (left, right), start = ENDS[from_], ENDS[to][0]
        if from_ == to:
            out = right + (0.08 + 0.35 * abs(y1 - y0) / longest) * (1 if to == 3 else 0.5)
            found[a, b] = [(right, y0), (out, y0), (out, y1), (right, y1)]
        elif to == 0:
            gutter = next(gutters)
            found[a, b] = [(left, y0), (gutter, y0), (gutter, y1), (gutter, y1), (ENDS[0][1], y1)]
        else:  # arrows to one frame arrive in the order in which they come
            same = [other for other in edges if other[1] == b and places[other[0]][0] == from_]
            spread = 0.22 * (same.index((a, b)) - (len(same) - 1) / 2) if to == 3 else 0.0
            found[a, b] = [(right, y1 if from_ == 0 else y0), (start, y1 + spread)]
    return found


def _arrow(ax: Axes, points: list[tuple[float, float]], about: dict[str, Any], path: bool) -> None:
    """An arrow from cause to effect: heavy if it decided, dotted if it had no effect."""
    from matplotlib import rcParams
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    from ..plots import sender_colours

    on, decides = about.get("highlighted"), about.get("decides")
    codes = [Path.MOVETO, *[Path.CURVE4 if len(points) == 4 else Path.LINETO] * (len(points) - 1)]
    ax.add_patch(
        FancyArrowPatch(
            path=Path(points, codes),
            arrowstyle="-|>,head_length=4,head_width=2",
            shrinkA=0,
            shrinkB=0,
            linestyle=":" if path and not on else "-",
            color=sender_colours()[LEVEL_COLOURS["user"]] if on or not path else rcParams["text.color"],
            lw=2.8 if decides else 1.2 if on else 0.9,
            alpha=1 if on else 0.6 if len(points) == 4 else 0.8,
            zorder=1,
        )
    )


def _box(ax: Axes, places: Places, nodes: Any, node: str, path: bool, half: float) -> None:
    """A frame in the colour of its level with what the node says, and in a path what it did."""
    from matplotlib import rcParams
    from matplotlib.patches import Rectangle

    from ..plots import sender_colours

    about, (column, y) = nodes[node], places[node]
    (x, right), ink = ENDS[column], rcParams["text.color"]
    faint = path and not about.get("highlighted")
    strong = bool(about.get("decides") or "value" in about)
    colour = sender_colours()[LEVEL_COLOURS.get(level(about["level"]), LEVEL_COLOURS["-"])]
    style: dict[str, Any] = {"lw": 2.4 if strong else 1.1, "ls": ":" if faint else "-", "zorder": 2}
    face = colour if column == 0 and not faint else rcParams["axes.facecolor"]
    ax.add_patch(Rectangle((x, y - half), right - x, 2 * half, facecolor=face, edgecolor=colour, **style))
    told = wrap(about["effect"], LETTERS[column] + 12, max_lines=2, placeholder=" …") if "effect" in about else []
    bold = "bold" if strong or column == 0 else "normal"
    words: dict[str, Any] = {"va": "center", "parse_math": False, "alpha": 0.7 if faint else 1, "zorder": 3}
    most = LETTERS[column]
    says = about["label"] if len(about["label"]) <= most else about["label"][: most - 1] + "…"
    on_colour = rcParams["axes.facecolor"] if column == 0 and not faint else ink
    ax.text(x + 0.07, y - 0.12 * len(told), says, size=8, weight=bold, color=on_colour, **words)
    if told:
        ax.text(x + 0.07, y + 0.15, "\n".join(told), size=7, color=ink, **words)
