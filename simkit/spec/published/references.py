"""Who cites whom in a Model Spec: the graph of cross-references, measured with networkx.

An edge a → b says that section a refers to section b.  In-degree counts who refers to a section, PageRank (Brin and Page
1998, damping 0.85) weighs each by how often it is referred to itself, betweenness (Freeman 1977) is the share of shortest
paths that lead through a section, and a strongly connected component is a circle of sections that need each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ...text import Printable, Printed, number
from .records import ModelSpec

if TYPE_CHECKING:
    from networkx import DiGraph

MAX_ROWS = 20


class Cited(NamedTuple):
    """One section in the graph: shares are from 0 to 1."""

    id: str
    authority: str | None
    cited_by: int
    cites: int
    pagerank: float
    betweenness: float


@dataclass(frozen=True, eq=False, repr=False)
class Measures(Printed):
    """Every section's measures, the highest PageRank first, and the circles of sections that refer to each other."""

    release: str
    rows: tuple[Cited, ...]
    circles: tuple[tuple[str, ...], ...]
    alone: tuple[str, ...]

    def _parts(self) -> list[Printable]:
        rest = len(self.rows) - MAX_ROWS
        rows = [[r.id, r.authority or "-", str(r.cited_by), str(r.cites), number(r[4]), number(r[5])] for r in self.rows]
        lines = [
            *([f"… and {rest} more sections"] if rest > 0 else []),
            *(f"A circle of {len(circle)}: {', '.join(circle)}." for circle in self.circles),
            f"{len(self.alone)} sections refer to none and none refers to them.",
        ]
        head = ("section", "level", "cited by", "cites", "PageRank", "betweenness")
        return [f"Cross-references of {self.release}", *lines, (head, rows[:MAX_ROWS])]


def citations(spec: ModelSpec) -> DiGraph[str]:
    """The sections and their cross-references: an edge from the section that refers to the one referred to.

    Nodes carry `label`, `authority`, `depth` and `parent`; the order is that of the document.
    """
    from networkx import DiGraph

    found: DiGraph[str] = DiGraph(name=f"Model Spec {spec.release}")
    for section in spec.sections:
        attributes = {name: getattr(section, name) for name in ("label", "authority", "depth", "parent")}
        found.add_node(section.id, **attributes)
    found.add_edges_from(spec.edges)
    return found


def measures(spec: ModelSpec) -> Measures:
    """In-degree, out-degree, PageRank and betweenness of every section, and the circles (components of more than one)."""
    import networkx as nx

    found = citations(spec)
    rank, between = nx.pagerank(found), nx.betweenness_centrality(found)
    rows = [
        Cited(s.id, s.authority, found.in_degree(s.id), found.out_degree(s.id), rank[s.id], between[s.id])
        for s in spec.sections
    ]
    place = {section.id: i for i, section in enumerate(spec.sections)}
    circles = [tuple(sorted(c, key=place.__getitem__)) for c in nx.strongly_connected_components(found) if len(c) > 1]
    return Measures(
        release=spec.release,
        rows=tuple(sorted(rows, key=lambda row: (-row.pagerank, place[row.id]))),
        circles=tuple(sorted(circles, key=lambda circle: (-len(circle), place[circle[0]]))),
        alone=tuple(section.id for section in spec.sections if not found.degree(section.id)),
    )


def depends_on(spec: ModelSpec, name: str) -> tuple[str, ...]:
    """The sections that refer to `name`, directly or through others, in the order of the document.

    What would have to be read again if that section changed.  A KeyError if no section has this id.
    """
    import networkx as nx

    found = nx.ancestors(citations(spec), spec[name].id)
    return tuple(section.id for section in spec.sections if section.id in found)


def neighbourhood(spec: ModelSpec, names: Iterable[str]) -> ModelSpec:
    """The release cut down to some sections, the references from and to them, and the sections at the other ends.

    Take it again with the ids of its sections, and it grows by one step.  A KeyError if no section has one of the ids.
    """
    chosen = {spec[name].id for name in names}
    edges = tuple(edge for edge in spec.edges if chosen & set(edge))
    kept = chosen.union(*edges)
    return replace(spec, sections=tuple(section for section in spec.sections if section.id in kept), edges=edges)
