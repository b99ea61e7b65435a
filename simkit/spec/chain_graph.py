"""Principals, rules, protections and behaviours as a directed graph, and the path of one decision highlighted in it.

Nodes are called `level:user`, `principal:tool`, `behaviour:x`, `rule:y`, `protection:x`, `grant:0`, `message:0`, `default:x`.
They carry `kind`, `label` (what it says), `level` (0 none … 5 root) and `source`; edges carry `kind`, from cause to effect.
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
