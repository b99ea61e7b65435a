"""Who cites whom in a Model Spec: the graph of cross-references, measured with networkx.

An edge a → b says that section a refers to section b.  In-degree counts who refers to a section, PageRank (Brin and Page
1998, damping 0.85) weighs each by how often it is referred to itself, betweenness (Freeman 1977) is the share of shortest
ways that lead through a section, and a strongly connected component is a circle of sections that need each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...text import html_lines, html_table, number, text_table
from .records import ModelSpec

if TYPE_CHECKING:
    from networkx import DiGraph

HEAD = ("section", "level", "cited by", "cites", "PageRank", "betweenness")


class Cited(NamedTuple):
    """One section in the graph: shares are from 0 to 1."""

    id: str
    authority: str | None
    cited_by: int
    cites: int
    pagerank: float
    betweenness: float


@dataclass(frozen=True, eq=False, repr=False)
class Measures:
    """Every section's measures, the highest PageRank first, and the circles of sections that refer to each other."""

    release: str
    rows: tuple[Cited, ...]
    circles: tuple[tuple[str, ...], ...]
    alone: tuple[str, ...]

    def lines(self) -> list[str]:
        """The circles, and the sections without any cross-reference."""
        circles = [f"A circle of {len(circle)}: {', '.join(circle)}." for circle in self.circles]
        return [*circles, f"{len(self.alone)} sections refer to none and none refers to them."]

    def _table(self) -> list[list[str]]:
        return [[r.id, r.authority or "-", str(r.cited_by), str(r.cites), number(r[4]), number(r[5])] for r in self.rows]

    def __repr__(self) -> str:
        shown, more = self._first()
        return "\n".join([f"Cross-references of {self.release}", text_table(HEAD, shown), *more, *self.lines()])

    def _repr_html_(self) -> str:
        shown, more = self._first()
        return html_table(HEAD, shown, f"Cross-references of {self.release}") + html_lines("", [*more, *self.lines()])

    def _first(self) -> tuple[list[list[str]], list[str]]:
        """The first rows, and how many more there are."""
        rest = len(self.rows) - 20
        return self._table()[:20], [f"… and {rest} more sections"] if rest > 0 else []


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
