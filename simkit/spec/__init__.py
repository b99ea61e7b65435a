"""The written spec: who may set which behaviour, what holds in the end and why; how it changes; what published ones say.

rules           the checked record of a spec file; load, read (checks: what no single field can see)
standing        who speaks with which authority
chain           decide: what a behaviour is after everybody has spoken (traces: the decision and its steps)
promises        guarantees: what every user keeps under any configuration
configurations  classify: does an operator narrow the assistant, or turn it against users
policies        compile: a spec and a case make an ordinary policy (combining: several rules, one verdict)
priority        three ways to put goals in order      profiles   specs side by side
graphs          principals, rules and behaviours as a directed graph, the path of a decision lit (chain_map: a picture)

amending        a spec changes: amend (a proposal as data), difference (what it changes), inquire (the incident), docket (flags
                of users added up), hearing (who gains and who loses)
honesty         judge: seven properties of what is said; duties: which of them bind where; channels: a confidential prompt used
                against users, in numbers
published       read_model_spec: a release as records; facts of three releases, which ship with simkit; compare: renames apart
                from changes of meaning; measures, draw: who cites whom
instructions    read_instructions: a plain file such as AGENTS.md; as_messages: what it means for a spec

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
    from .amending.amendments import Amendment, Incident, Proposal, amend, load_amendment, read_amendment
    from .amending.differences import SpecDifference, difference
    from .amending.flags import Docket, Habits, Stream, Suspicion, docket, stream
    from .amending.hearings import Hearing, hearing
    from .amending.incidents import Inquiry, inquire
    from .amending.pictures import review_chances, winners
    from .chain import decide, decide_all
    from .chain_map import draw_chain
    from .combining import deny_overrides, permit_overrides
    from .configurations import Configuration, classify
    from .graphs import graph, lit
    from .honesty.covert import Channel, Channels, ChannelVerdict, channels, with_hostile
    from .honesty.duties import Duties, Duty, duties
    from .honesty.properties import Assertion, Honesty, judge
    from .instructions.meanings import Heard, Meaning, as_messages, load_meanings, read_meanings
    from .instructions.reader import instructions_for, read_instructions, read_instructions_text
    from .instructions.records import Instruction, InstructionFile
    from .policies import Ruling, WrittenPolicy, compile, lines  # noqa: A004
    from .priority import holistic, ladder, weighted
    from .profiles import SideBySide, side_by_side
    from .promises import Guarantees, guarantees
    from .published.changes import Changes, compare
    from .published.footnotes import FootnoteExamples, read_examples
    from .published.reader import read_model_spec, read_model_spec_text
    from .published.records import ModelSpec
    from .published.references import citations, depends_on, measures
    from .published.release_facts import facts, facts_text, releases
    from .published.section_map import draw
    from .rules import Behaviour, Grant, Principal, Protection, Rule, Rules, Situation, Spec, load, read
    from .standing import standings
    from .traces import Decision, Step

_NAMES = {
    "Amendment": "amending.amendments",
    "Assertion": "honesty.properties",
    "Behaviour": "rules",
    "Changes": "published.changes",
    "Channel": "honesty.covert",
    "ChannelVerdict": "honesty.covert",
    "Channels": "honesty.covert",
    "Configuration": "configurations",
    "Decision": "traces",
    "Docket": "amending.flags",
    "Duties": "honesty.duties",
    "Duty": "honesty.duties",
    "FootnoteExamples": "published.footnotes",
    "Grant": "rules",
    "Guarantees": "promises",
    "Habits": "amending.flags",
    "Heard": "instructions.meanings",
    "Hearing": "amending.hearings",
    "Honesty": "honesty.properties",
    "Incident": "amending.amendments",
    "Inquiry": "amending.incidents",
    "Instruction": "instructions.records",
    "InstructionFile": "instructions.records",
    "LEVELS": "..messages",
    "Meaning": "instructions.meanings",
    "Message": "..messages",
    "ModelSpec": "published.records",
    "Principal": "rules",
    "Proposal": "amending.amendments",
    "Protection": "rules",
    "Rule": "rules",
    "Rules": "rules",
    "Ruling": "policies",
    "SideBySide": "profiles",
    "Situation": "rules",
    "Spec": "rules",
    "SpecDifference": "amending.differences",
    "Step": "traces",
    "Stream": "amending.flags",
    "Suspicion": "amending.flags",
    "WrittenPolicy": "policies",
    "amend": "amending.amendments",
    "as_messages": "instructions.meanings",
    "channels": "honesty.covert",
    "citations": "published.references",
    "classify": "configurations",
    "compare": "published.changes",
    "compile": "policies",
    "decide": "chain",
    "decide_all": "chain",
    "deny_overrides": "combining",
    "depends_on": "published.references",
    "difference": "amending.differences",
    "docket": "amending.flags",
    "draw": "published.section_map",
    "draw_chain": "chain_map",
    "duties": "honesty.duties",
    "facts": "published.release_facts",
    "facts_text": "published.release_facts",
    "graph": "graphs",
    "guarantees": "promises",
    "hearing": "amending.hearings",
    "holistic": "priority",
    "inquire": "amending.incidents",
    "instructions_for": "instructions.reader",
    "judge": "honesty.properties",
    "ladder": "priority",
    "lines": "policies",
    "lit": "graphs",
    "load": "rules",
    "load_amendment": "amending.amendments",
    "load_meanings": "instructions.meanings",
    "measures": "published.references",
    "permit_overrides": "combining",
    "read": "rules",
    "read_amendment": "amending.amendments",
    "read_examples": "published.footnotes",
    "read_instructions": "instructions.reader",
    "read_instructions_text": "instructions.reader",
    "read_meanings": "instructions.meanings",
    "read_model_spec": "published.reader",
    "read_model_spec_text": "published.reader",
    "releases": "published.release_facts",
    "review_chances": "amending.pictures",
    "side_by_side": "profiles",
    "standings": "standing",
    "stream": "amending.flags",
    "weighted": "priority",
    "winners": "amending.pictures",
    "with_hostile": "honesty.covert",
}

__all__ = [
    "LEVELS",
    "Amendment",
    "Assertion",
    "Behaviour",
    "Changes",
    "Channel",
    "ChannelVerdict",
    "Channels",
    "Configuration",
    "Decision",
    "Docket",
    "Duties",
    "Duty",
    "FootnoteExamples",
    "Grant",
    "Guarantees",
    "Habits",
    "Heard",
    "Hearing",
    "Honesty",
    "Incident",
    "Inquiry",
    "Instruction",
    "InstructionFile",
    "Meaning",
    "Message",
    "ModelSpec",
    "Principal",
    "Proposal",
    "Protection",
    "Rule",
    "Rules",
    "Ruling",
    "SideBySide",
    "Situation",
    "Spec",
    "SpecDifference",
    "Step",
    "Stream",
    "Suspicion",
    "WrittenPolicy",
    "amend",
    "as_messages",
    "channels",
    "citations",
    "classify",
    "compare",
    "compile",
    "decide",
    "decide_all",
    "deny_overrides",
    "depends_on",
    "difference",
    "docket",
    "draw",
    "draw_chain",
    "duties",
    "facts",
    "facts_text",
    "graph",
    "guarantees",
    "hearing",
    "holistic",
    "inquire",
    "instructions_for",
    "judge",
    "ladder",
    "lines",
    "lit",
    "load",
    "load_amendment",
    "load_meanings",
    "measures",
    "permit_overrides",
    "read",
    "read_amendment",
    "read_examples",
    "read_instructions",
    "read_instructions_text",
    "read_meanings",
    "read_model_spec",
    "read_model_spec_text",
    "releases",
    "review_chances",
    "side_by_side",
    "standings",
    "stream",
    "weighted",
    "winners",
    "with_hostile",
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
