"""The written spec: who may set which behaviour, what holds in the end and why; and what published Model Specs say.

rules           the checked record of a spec file; load, read (checks: what no single field can see)
standing        who speaks with which authority
chain           decide: what a behaviour is after everybody has spoken (traces: the decision and its steps)
promises        guarantees: what every user keeps under any configuration
configurations  classify: does an operator narrow the assistant, or turn it against users
policies        compile: a spec and a case make an ordinary policy (combining: several rules, one verdict)
priority        three ways to put goals in order      profiles   specs side by side
graphs          principals, rules and behaviours as a directed graph, with the path of a decision lit (chain_map: its picture)

amendments      amend: a proposed change as data, checked by the same door; the incident that it answers
differences     difference: two versions field by field, guarantees lost and gained
incidents       inquire: what did the spec in force say there, and what would the amended one have said?
flags           docket: flags of users, each weak, added up per behaviour
hearings        hearing: both versions on every case, who gains and who loses      hearing_pictures   pictures of it
honesty         judge: seven properties of one thing said      honesty_duties   which of them are filters, per document
covert          channels: a confidential prompt used against users, in numbers

model_spec      read a release of the Model Spec: sections, cross-references, examples with verdicts, footnotes, commentary
model_spec_footnotes  the prompts that its footnote marks stand for, read from the folder beside it
release_facts   ids, levels, cross-references and counts of three releases, which ship with simkit
changes         two releases side by side: renames apart from changes of meaning
references      who cites whom: the graph and its measures      section_map   a picture of it

instructions    read a plain file of project instructions (AGENTS.md): sentences, code, what is hidden (cues, concealed)
meanings        what such sentences mean for the behaviours of a spec: messages, and what was not understood

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
    from .amendments import Amendment, Incident, Proposal, amend, load_amendment, read_amendment
    from .chain import decide, decide_all
    from .chain_map import draw_chain
    from .changes import Changes, compare
    from .combining import deny_overrides, permit_overrides
    from .configurations import Configuration, classify
    from .covert import Channel, Channels, ChannelVerdict, channels, with_hostile
    from .differences import SpecDifference, difference
    from .flags import Docket, Habits, Stream, Suspicion, docket, stream
    from .graphs import graph, lit
    from .hearing_pictures import review_chances, winners
    from .hearings import Hearing, hearing
    from .honesty import Assertion, Honesty, judge
    from .honesty_duties import Duties, Duty, duties
    from .incidents import Inquiry, inquire
    from .instruction_records import Instruction, InstructionFile
    from .instructions import instructions_for, read_instructions, read_instructions_text
    from .meanings import Heard, Meaning, as_messages, load_meanings, read_meanings
    from .model_spec import read_model_spec, read_model_spec_text
    from .model_spec_footnotes import FootnoteExamples, read_examples
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
    "Amendment": "amendments",
    "Assertion": "honesty",
    "Behaviour": "rules",
    "Changes": "changes",
    "Channel": "covert",
    "ChannelVerdict": "covert",
    "Channels": "covert",
    "Configuration": "configurations",
    "Decision": "traces",
    "Docket": "flags",
    "Duties": "honesty_duties",
    "Duty": "honesty_duties",
    "FootnoteExamples": "model_spec_footnotes",
    "Grant": "rules",
    "Guarantees": "promises",
    "Habits": "flags",
    "Heard": "meanings",
    "Hearing": "hearings",
    "Honesty": "honesty",
    "Incident": "amendments",
    "Inquiry": "incidents",
    "Instruction": "instruction_records",
    "InstructionFile": "instruction_records",
    "LEVELS": "..messages",
    "Meaning": "meanings",
    "Message": "..messages",
    "ModelSpec": "model_spec_records",
    "Principal": "rules",
    "Proposal": "amendments",
    "Protection": "rules",
    "Rule": "rules",
    "Rules": "rules",
    "Ruling": "policies",
    "SideBySide": "profiles",
    "Situation": "rules",
    "Spec": "rules",
    "SpecDifference": "differences",
    "Step": "traces",
    "Stream": "flags",
    "Suspicion": "flags",
    "WrittenPolicy": "policies",
    "amend": "amendments",
    "as_messages": "meanings",
    "channels": "covert",
    "citations": "references",
    "classify": "configurations",
    "compare": "changes",
    "compile": "policies",
    "decide": "chain",
    "decide_all": "chain",
    "deny_overrides": "combining",
    "depends_on": "references",
    "difference": "differences",
    "docket": "flags",
    "draw": "section_map",
    "draw_chain": "chain_map",
    "duties": "honesty_duties",
    "facts": "release_facts",
    "facts_text": "release_facts",
    "graph": "graphs",
    "guarantees": "promises",
    "hearing": "hearings",
    "holistic": "priority",
    "inquire": "incidents",
    "instructions_for": "instructions",
    "judge": "honesty",
    "ladder": "priority",
    "lines": "policies",
    "lit": "graphs",
    "load": "rules",
    "load_amendment": "amendments",
    "load_meanings": "meanings",
    "measures": "references",
    "permit_overrides": "combining",
    "read": "rules",
    "read_amendment": "amendments",
    "read_examples": "model_spec_footnotes",
    "read_instructions": "instructions",
    "read_instructions_text": "instructions",
    "read_meanings": "meanings",
    "read_model_spec": "model_spec",
    "read_model_spec_text": "model_spec",
    "releases": "release_facts",
    "review_chances": "hearing_pictures",
    "side_by_side": "profiles",
    "standings": "standing",
    "stream": "flags",
    "weighted": "priority",
    "winners": "hearing_pictures",
    "with_hostile": "covert",
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
