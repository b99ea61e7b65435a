"""The written spec: who may set which behaviour, what holds in the end and why; and what published Model Specs say.

rules           the checked record of a spec file; load, read (checks: what no single field can see)
standing        who speaks with which authority
chain           decide: what a behaviour is after everybody has spoken (traces: the decision and its steps)
promises        guarantees: what every user keeps under any configuration
configurations  classify: does an operator narrow the assistant, or turn it against users
policies        compile: a spec and a case make an ordinary policy (combining: several rules, one verdict)
priority        three ways to put goals in order      profiles   specs side by side
graphs          principals, rules and behaviours as a directed graph, with the path of a decision lit (chain_map: its picture)

model_spec      read a release of the Model Spec: sections, cross-references, examples with verdicts, footnotes, commentary
release_facts   ids, levels, cross-references and counts of three releases, which ship with simkit
changes         two releases side by side: renames apart from changes of meaning
references      who cites whom: the graph and its measures      section_map   a picture of it

>>> from simkit import spec
>>> rules = spec.load("general-assistant")
>>> spec.decide(rules, [spec.Message(level="developer", sets={"safe-messaging": "off"})], "safe-messaging")
>>> spec.compare(spec.facts("2025-02-12"), spec.facts("2025-12-18"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..messages import LEVELS, Message
    from .chain import decide, decide_all
    from .chain_map import draw_chain
    from .changes import Changes, compare
    from .combining import deny_overrides, permit_overrides
    from .configurations import Configuration, classify
    from .graphs import graph, lit
    from .model_spec import read_model_spec, read_model_spec_text
    from .model_spec_records import ModelSpec
    from .policies import Ruling, WrittenPolicy, compile, lines  # noqa: A004
    from .priority import holistic, ladder, weighted
    from .profiles import SideBySide, side_by_side
    from .promises import Guarantees, guarantees
    from .references import citations, depends_on, measures
    from .release_facts import facts, facts_text, releases
    from .rules import Behaviour, Grant, Principal, Protection, Rule, Rules, Situation, Spec, load, read
    from .section_map import draw
    from .standing import standings
    from .traces import Decision, Step

_NAMES = {
    "Behaviour": "rules",
    "Changes": "changes",
    "Configuration": "configurations",
    "Decision": "traces",
    "Grant": "rules",
    "Guarantees": "promises",
    "LEVELS": "..messages",
    "Message": "..messages",
    "ModelSpec": "model_spec_records",
    "Principal": "rules",
    "Protection": "rules",
    "Rule": "rules",
    "Rules": "rules",
    "Ruling": "policies",
    "SideBySide": "profiles",
    "Situation": "rules",
    "Spec": "rules",
    "Step": "traces",
    "WrittenPolicy": "policies",
    "citations": "references",
    "classify": "configurations",
    "compare": "changes",
    "compile": "policies",
    "decide": "chain",
    "decide_all": "chain",
    "deny_overrides": "combining",
    "depends_on": "references",
    "draw": "section_map",
    "draw_chain": "chain_map",
    "facts": "release_facts",
    "facts_text": "release_facts",
    "graph": "graphs",
    "guarantees": "promises",
    "holistic": "priority",
    "ladder": "priority",
    "lines": "policies",
    "lit": "graphs",
    "load": "rules",
    "measures": "references",
    "permit_overrides": "combining",
    "read": "rules",
    "read_model_spec": "model_spec",
    "read_model_spec_text": "model_spec",
    "releases": "release_facts",
    "side_by_side": "profiles",
    "standings": "standing",
    "weighted": "priority",
}

__all__ = [
    "LEVELS",
    "Behaviour",
    "Changes",
    "Configuration",
    "Decision",
    "Grant",
    "Guarantees",
    "Message",
    "ModelSpec",
    "Principal",
    "Protection",
    "Rule",
    "Rules",
    "Ruling",
    "SideBySide",
    "Situation",
    "Spec",
    "Step",
    "WrittenPolicy",
    "citations",
    "classify",
    "compare",
    "compile",
    "decide",
    "decide_all",
    "deny_overrides",
    "depends_on",
    "draw",
    "draw_chain",
    "facts",
    "facts_text",
    "graph",
    "guarantees",
    "holistic",
    "ladder",
    "lines",
    "lit",
    "load",
    "measures",
    "permit_overrides",
    "read",
    "read_model_spec",
    "read_model_spec_text",
    "releases",
    "side_by_side",
    "standings",
    "weighted",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _NAMES:
        room = _NAMES[name]
        found = getattr(import_module(room if room.startswith("..") else f".{room}", __name__), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
