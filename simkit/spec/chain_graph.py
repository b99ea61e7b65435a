"""Principals, rules, protections and behaviours as a directed graph, and the path of one decision highlighted in it.

Nodes are called `level:user`, `principal:tool`, `behaviour:x`, `rule:y`, `protection:x`, `grant:0`, `message:0`.  They carry
`kind`, `label`, `level` (0 none … 5 root: the layer to draw them in) and `source`; edges carry `kind`, from cause to effect.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..messages import LEVELS, Message, rank
from .authority import author, authorities
from .rules import Rules
from .trace import Decision, deciders

if TYPE_CHECKING:
    import networkx as nx


def graph(rules: Rules) -> nx.DiGraph[str]:
    """The graph of a spec: who outranks whom, who may change what, which rules bind what, what refers to what."""
    import networkx as nx

    made = nx.DiGraph(name=rules.name)
    for level in LEVELS:
        made.add_node(f"level:{level}", kind="level", label=level, level=rank(level), source="chain of command")
    for above, below in itertools.pairwise(LEVELS):
        made.add_edge(f"level:{above}", f"level:{below}", kind="outranks")
    _principals(made, rules)
    for ready in rules.behaviours.values():
        b = ready.behaviour
        node = f"behaviour:{b.name}"
        _node(made, node, "behaviour", b.name, ready.authority, b.source, default=b.default, hard=b.hard)
        made.add_edge(f"level:{b.authority}", node, kind="may change" if b.authority != "root" else "fixes")
        if b.protection is not None:
            label = f"at least {b.protection.floor}"
            _node(made, f"protection:{b.name}", "protection", label, rank("root"), b.protection.source)
            made.add_edge(f"protection:{b.name}", node, kind="protects")
        made.add_edges_from(((node, f"behaviour:{other}") for other in b.see), kind="refers to")
    for rule in rules.spec.rules:
        _node(made, f"rule:{rule.name}", "rule", rule.name, rank(rule.authority), rule.source, when=rule.when)
        made.add_edge(f"rule:{rule.name}", f"behaviour:{rule.behaviour}", kind="binds")
    return made


def _node(made: Any, node: str, kind: str, label: str, level: int, source: str, **more: Any) -> None:
    made.add_node(node, kind=kind, label=label, level=level, source=source, **more)


def _principals(made: Any, rules: Rules) -> None:
    for principal in rules.spec.principals:
        node = f"principal:{principal.name}"
        _node(made, node, "principal", principal.name, rank(principal.level), principal.source)
        made.add_edge(f"level:{principal.level}", node, kind="speaks for")
    for number, grant in enumerate(rules.spec.grants):
        node = f"grant:{number}"
        _node(made, node, "grant", f"up to {grant.up_to}", rank(grant.by), grant.source)
        to = f"level:{grant.to}" if grant.to in LEVELS else f"principal:{grant.to}"
        made.add_edge(f"level:{grant.by}", node, kind="may lend")
        made.add_edge(node, to, kind="trusts")


def highlighted(rules: Rules, messages: Sequence[Message], decision: Decision) -> nx.DiGraph[str]:
    """The graph with the messages of a decision, and its path highlighted.

    Every node and edge has `highlighted` (it had a part in the result) and `did` (the deed of its step; empty if it did not
    speak); the step that gave the value has `decides`.
    """
    made = graph(rules)
    target = f"behaviour:{decision.behaviour}"
    authority = authorities(rules, messages)[0]
    for number, message in enumerate(messages):
        node = f"message:{number}"
        label = f"message {number + 1} ({author(message)})"
        _node(made, node, "message", label, authority[number].rank, message.says or "the conversation")
        speaker = f"principal:{author(message)}"
        speaker = speaker if speaker in made else f"level:{message.level}"
        made.add_edge(speaker, node, kind="says")
    for part in (made.nodes, made.edges):
        for key in part:
            part[key].update(highlighted=False, did="", decides=False)
    for number, step in enumerate(decision.steps):
        _light(made, step.node, target, step.did, highlighted_=step.highlighted, decides=number == deciders(decision.steps)[-1])
    made.nodes[target].update(highlighted=True, value=decision.value or "inaction")
    return made


def _light(made: Any, node: str, target: str, did: str, *, highlighted_: bool, decides: bool) -> None:
    """Mark a step: its node, its edge to the behaviour, and the edge from whoever speaks."""
    if node != target:
        made.nodes[node].update(did=did, highlighted=highlighted_, decides=decides)
        if not made.has_edge(node, target):
            made.add_edge(node, target, kind="speaks about")
        made.edges[node, target].update(did=did, highlighted=highlighted_, decides=decides)
    for before in list(made.predecessors(node)):
        kind = made.edges[before, node]["kind"]
        if kind in ("says", "speaks for", "may change", "fixes") and (node != target or decides):
            made.edges[before, node].update(highlighted=highlighted_, did=did, decides=decides)
            made.nodes[before].update(highlighted=made.nodes[before]["highlighted"] or highlighted_)
