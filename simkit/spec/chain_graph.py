"""Principals, rules, protections and behaviours as a directed graph, the path of one decision highlighted in it, its picture.

Nodes are called `level:user`, `principal:tool`, `behaviour:x`, `rule:y`, `protection:x`, `grant:0`, `message:0`, `default:x`.
They carry `kind`, `label` (what it says), `level` (0 none … 5 root) and `source`; edges carry `kind`, from cause to effect.

The picture has a band for each level of authority, from the top down.  In that of a whole spec a behaviour stands in the band
of whoever may change it: first those that something binds, each beside it, so that no two arrows can cross, then the others.
References between behaviours are in the graph and not in the picture.  The path of one decision has whatever spoke in the band
of its own level, with what it did, and leads to the one behaviour.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from ..arguments import guard
from ..messages import LEVELS, Message, rank
from .authority import author, authorities
from .authority import level as level_of
from .published.records import LEVEL_COLOURS
from .rules import Rules
from .trace import Decision, deciders

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes


def graph(rules: Rules) -> nx.DiGraph[str]:
    """The graph of a spec: who outranks whom, who may change what, which rules bind what, what refers to what."""
    import networkx as nx

    made = nx.DiGraph(name=rules.name)
    for level in LEVELS:
        _node(made, f"level:{level}", level, level, "chain of command")
    made.add_edges_from((tuple(f"level:{level}" for level in pair) for pair in itertools.pairwise(LEVELS)), kind="outranks")
    for principal in rules.spec.principals:
        _node(made, f"principal:{principal.name}", principal.name, principal.level, principal.source)
        made.add_edge(f"level:{principal.level}", f"principal:{principal.name}", kind="speaks for")
    for number, grant in enumerate(rules.spec.grants):
        _node(made, f"grant:{number}", f"trusts {grant.to} up to {grant.up_to}", grant.by, grant.source)
        made.add_edge(f"level:{grant.by}", f"grant:{number}", kind="may lend")
        made.add_edge(f"grant:{number}", f"{'level' if grant.to in LEVELS else 'principal'}:{grant.to}", kind="trusts")
    for ready in rules.behaviours.values():
        b, node = ready.behaviour, f"behaviour:{ready.name}"
        _node(made, node, f"{b.name}: {b.default}", b.authority, b.source, default=b.default, hard=b.hard)
        made.add_edge(f"level:{b.authority}", node, kind="may change" if b.authority != "root" else "fixes")
        made.add_edges_from(((node, f"behaviour:{other}") for other in b.see), kind="refers to")
        if b.protection is not None:
            says = f"{b.name} at least {b.protection.floor}, waived by {b.protection.waiver}"
            _node(made, f"protection:{b.name}", says, "root", b.protection.source)
            made.add_edge(f"protection:{b.name}", node, kind="protects")
        for rule in ready.rules:
            when = f" when {' and '.join(rule.when)}" if rule.when else ""
            says = f"{rule.name}: {b.name} {ready.shown(*ready.required(rule))}{when}"
            _node(made, f"rule:{rule.name}", says, rule.authority, rule.source, when=rule.when)
            made.add_edge(f"rule:{rule.name}", node, kind="binds")
    return made


def _node(made: Any, node: str, label: str, level: str, source: str, **more: Any) -> None:
    made.add_node(node, kind=node.partition(":")[0], label=label, level=rank(level), source=source, **more)


def highlighted(rules: Rules, messages: Sequence[Message], decision: Decision) -> nx.DiGraph[str]:
    """The graph with the messages of a decision and its default, and its path highlighted.

    Every node and edge has `highlighted` (it had a part in the result) and `did` (the deed of its step; empty if it did not
    speak); nodes that spoke have `effect`, in words, and the step that gave the value has `decides`.
    """
    made, target = graph(rules), f"behaviour:{decision.behaviour}"
    found = authorities(rules, messages)[0]
    for number, (message, each) in enumerate(zip(messages, found, strict=True)):
        node, speaker = f"message:{number}", f"principal:{author(message)}"
        _node(made, node, f"message {number + 1} ({author(message)})", "none", message.says or "the conversation")
        made.nodes[node]["level"] = each.rank
        made.add_edge(speaker if speaker in made else f"level:{message.level}", node, kind="says")
    first = decision.steps[0]
    _node(made, f"default:{decision.behaviour}", f"default {first.wants}", first.level, first.source)
    made.add_edge(f"level:{first.level}", f"default:{decision.behaviour}", kind="says")
    for part in (made.nodes, made.edges):
        for key in part:
            part[key].update(highlighted=False, did="", decides=False)
    last = deciders(decision.steps)[-1]
    for number, step in enumerate(decision.steps):
        node = step.node if step.node != target else f"default:{decision.behaviour}"
        wants = f" wants {step.wants}" if step.node.startswith("message:") else ""
        if not any(made.predecessors(node)):  # a rule or a protection: the spec itself speaks
            made.add_edge(f"level:{step.level}", node, kind="says", highlighted=False)
        part = {"highlighted": step.highlighted, "did": step.did, "decides": number == last}
        made.nodes[node].update(part, effect=step.effect, label=made.nodes[node]["label"] + wants)
        made.add_edge(node, target, **{"kind": "speaks about", **made.edges.get((node, target), {}), **part})
        _mark_speakers(made, node, part)
    made.nodes[target].update(highlighted=True, value=decision.value or "inaction")
    made.nodes[target]["label"] = f"{decision.behaviour}: {decision.value or 'inaction'}"
    return made


def _mark_speakers(made: Any, node: str, part: dict[str, Any]) -> None:
    """Mark the edges that lead from a level to a node that spoke, by way of a principal or straight."""
    for before in list(made.predecessors(node)):
        if made.edges[before, node]["kind"] in ("says", "speaks for"):
            made.edges[before, node].update(part)
            made.nodes[before]["highlighted"] |= part["highlighted"]
            if not made.nodes[before]["did"] and not before.startswith("level:"):
                made.nodes[before]["did"] = part["did"]
                _mark_speakers(made, before, part)


# --- the picture ------------------------------------------------------------------------------------------------------

#: Where the four columns of a path begin and end, in inches of a picture of 10: level, who speaks, what it says, result.
PATH = ((0.05, 0.95), (1.2, 2.5), (2.75, 7.55), (8.0, 9.95))
#: The column of each kind of node that speaks in a path.
COLUMNS = {"level": 0, "principal": 1, "message": 2, "rule": 2, "protection": 2, "default": 2, "behaviour": 3}
#: The same of a whole spec: level, what binds, behaviour; and three columns for what nothing binds.
WHOLE = ((0.05, 0.95), (1.2, 5.95), (6.45, 9.95))
GRID = ((1.2, 4.02), (4.17, 6.98), (7.13, 9.95))

#: Left, right and row of a frame.
Frame = tuple[float, float, float]


def draw_chain(graph: nx.DiGraph[str], ax: Axes | None = None) -> Axes:
    """Draw the graph of a spec, or the path of one decision that `highlighted` marked in it.

    The colour of a frame is the level of authority; a heavy line decided, a dotted one had no effect.  A figure of its own is
    10 inches wide and as high as its rows need.
    """
    from matplotlib import rcParams

    from ..plots import new_axes

    if not hasattr(graph, "nodes"):
        raise TypeError(f"graph must be the graph of a spec, such as graph(rules), not {type(graph).__name__}")
    result = next((about["label"] for _, about in graph.nodes(data=True) if "value" in about), "")
    seen = graph.subgraph(visible(graph))
    frames, bands = layout(seen)
    high, end = 0.62 if result else 0.25, bands["none"][1]
    ax = new_axes(ax, (10, high * (end + 0.2) + 0.75))
    ax.set(xlim=(0, 10), ylim=(end + 0.1, -0.55 / high))
    ax.set_axis_off()
    for place, (name, (top, bottom)) in enumerate(bands.items()):
        if place % 2 == 0:
            ax.axhspan(top - 0.5, bottom - 0.5, color=rcParams["text.color"], alpha=0.05, lw=0, zorder=0)
        _box(ax, frames[f"level:{name}"], seen.nodes[f"level:{name}"], bool(result), (bottom - top) / 2 - 0.07)
    for node in seen:
        if not node.startswith("level:"):
            _box(ax, frames[node], seen.nodes[node], bool(result), 0.43 if result else 0.39)
    for edge, points in routes(frames, arrows(seen)).items():
        _arrow(ax, points, seen.edges[edge], bool(result))
    what = (
        f"{result.replace(':', ' is')}; the heavy line is what decided it"
        if result
        else "who may change what, and what binds it"
    )
    ax.set_title(f"{graph.graph.get('name', 'A spec')}: {what}", loc="left", size=10, parse_math=False)
    key = "bands: the lowest level that may change it; arrows: what binds it; italics: who speaks, and whom they trust"
    key = "from left to right: the level, who speaks, what it says and does, the result" if result else key
    ax.text(0.05, -0.5 / high, key, size=8, style="italic", va="center")
    return ax


def visible(graph: nx.DiGraph[str]) -> list[str]:
    """All nodes; in a graph with a highlighted path the levels, and what spoke about its behaviour."""
    nodes = dict(graph.nodes(data=True))
    if not any("value" in about for about in nodes.values()):
        return list(nodes)
    return [node for node, about in nodes.items() if about["kind"] == "level" or "value" in about or about["did"]]


def arrows(graph: nx.DiGraph[str]) -> list[tuple[str, str]]:
    """The edges that are drawn: of a whole spec what binds, of a path also who says it."""
    kinds = ("binds", "protects", "speaks about", "says", "speaks for")
    path = any("value" in about for _, about in graph.nodes(data=True))
    return [(a, b) for a, b, about in graph.edges(data=True) if about["kind"] in (kinds if path else kinds[:2])]


def layout(graph: nx.DiGraph[str]) -> tuple[dict[str, Frame], dict[str, tuple[float, float]]]:
    """The frame of each node, and the band of each level: its first row, and the first of the next."""
    nodes, frames, bands, top = dict(graph.nodes(data=True)), dict[str, Frame](), dict[str, tuple[float, float]](), 0.0
    result = next((node for node, about in nodes.items() if "value" in about), "")
    for name in LEVELS:
        here = [node for node, about in nodes.items() if about["level"] == rank(name) and about["kind"] != "level"]
        place = _path_band if result else _whole_band
        bottom = max(top + (1 if here or not result else 0.55), place(graph, here, top, frames))
        frames[f"level:{name}"] = (*PATH[0], (top + bottom - 1) / 2)
        bands[name], top = (top, bottom), bottom + 0.35
    if result:
        frames[result] = (*PATH[3], next(frames[a][2] for a in graph.predecessors(result) if graph.edges[a, result]["decides"]))
    return frames, bands


def _path_band(graph: nx.DiGraph[str], here: Sequence[str], row: float, frames: dict[str, Frame]) -> float:
    """Put what spoke at one level below each other, each principal beside the first thing that it said; the next row."""
    for node in (node for node in here if COLUMNS[graph.nodes[node]["kind"]] == 2):
        for speaker in (s for s in graph.predecessors(node) if s.startswith("principal:")):
            frames.setdefault(speaker, (*PATH[1], row))
        frames[node] = (*PATH[2], row)
        row += 1
    return row


def _whole_band(graph: nx.DiGraph[str], here: Sequence[str], row: float, frames: dict[str, Frame]) -> float:
    """Put who speaks at one level first, then what something binds beside it, then what nothing binds; the next row."""
    binding = {
        node: [b for b in graph.predecessors(node) if (b, node) in arrows(graph)] for node in here if "behaviour:" in node
    }
    speakers = [node for node in here if node.startswith(("principal:", "grant:"))]
    row = _in_grid(speakers, row, frames)
    for node, binds in ((node, binds) for node, binds in binding.items() if binds):
        frames |= {b: (*WHOLE[1], row + i) for i, b in enumerate(binds)}
        frames[node] = (*WHOLE[2], row + (len(binds) - 1) / 2)
        row += len(binds)
    return _in_grid([node for node, binds in binding.items() if not binds], row, frames)


def _in_grid(nodes: Sequence[str], row: float, frames: dict[str, Frame]) -> float:
    """Put nodes in three columns; the next row."""
    frames |= {node: (*GRID[i % 3], row + i // 3) for i, node in enumerate(nodes)}
    return row - (-len(nodes) // 3)


def routes(frames: dict[str, Frame], edges: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Both ends of every arrow, at the edges of two frames; those to one frame arrive in the order in which they come."""
    edges = sorted(edges, key=lambda edge: frames[edge[0]][2])
    found = {}
    for a, b in edges:
        (_, right, y0), (left, _, y1) = frames[a], frames[b]
        same = [other for other in edges if other[1] == b]
        arrives = y1 + 0.22 * (same.index((a, b)) - (len(same) - 1) / 2)
        found[a, b] = [(right, y1), (left, y1)] if a.startswith("level:") else [(right, y0), (left, arrives)]
    return found


def _arrow(ax: Axes, points: list[tuple[float, float]], about: dict[str, Any], path: bool) -> None:
    """An arrow from cause to effect: heavy if it decided, dotted if it had no effect."""
    from matplotlib import rcParams

    from ..plots import sender_colours

    on, decides = about.get("highlighted") or not path, about.get("decides")
    colour = sender_colours()[LEVEL_COLOURS["user"]] if on else rcParams["text.color"]
    style: dict[str, Any] = {"color": colour, "ls": "-" if on else ":"}
    style |= {"lw": 2.8 if decides else 1.2, "shrinkA": 0, "shrinkB": 0, "arrowstyle": "-|>,head_length=4,head_width=2"}
    ax.annotate("", points[1], points[0], arrowprops={**style, "mutation_scale": 1}, zorder=1)


def _box(ax: Axes, frame: Frame, about: dict[str, Any], path: bool, half: float) -> None:
    """A frame in the colour of its level with what the node says, and in a path what it did."""
    from matplotlib import rcParams
    from matplotlib.patches import Rectangle

    from ..plots import sender_colours

    (x, right, y), kind, ink, page = frame, about["kind"], rcParams["text.color"], rcParams["axes.facecolor"]
    faint, strong = path and not about.get("highlighted"), bool(about.get("decides") or "value" in about)
    full, colour = (
        kind == "level" and not faint,
        sender_colours()[LEVEL_COLOURS.get(level_of(about["level"]), LEVEL_COLOURS["-"])],
    )
    style: dict[str, Any] = {"facecolor": colour if full else page, "edgecolor": colour, "ls": ":" if faint else "-"}
    ax.add_patch(Rectangle((x, y - half), right - x, 2 * half, lw=2.4 if strong else 1.1, zorder=2, **style))
    told = wrap(about["effect"], int((right - x) / 0.057), max_lines=2, placeholder=" …") if "effect" in about else []
    words: dict[str, Any] = {"va": "center", "parse_math": False, "alpha": 0.75 if faint else 1, "zorder": 3}
    words |= {"weight": "bold" if strong or kind == "level" else "normal", "color": page if full else ink}
    size = min(8.5, 8.5 * (right - x) / (0.071 * len(about["label"]) + 0.14))  # nothing is cut short
    italic = "italic" if kind in ("principal", "grant") else "normal"
    ax.text(x + 0.07, y - 0.12 * len(told), about["label"], size=size, style=italic, **words)
    if told:
        ax.text(x + 0.07, y + 0.16, "\n".join(told), size=7.5, **{**words, "weight": "normal"})


guard(__name__)
