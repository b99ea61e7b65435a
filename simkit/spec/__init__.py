"""The written spec: who may set which behaviour, what holds in the end and why; how it changes; what published ones say.

rules           the checked record of a spec file; load, read (checks: what no single field can see)
authority       who speaks with which authority
chain           decide: what a behaviour is after everybody has spoken (trace: the decision and its steps)
promises        guarantees: what every user keeps; classify: does an operator narrow the assistant, or turn it against users
compiler        compile: a spec and a case make an ordinary policy
priority        three ways to put goals in order
chain_graph     principals, rules and behaviours as a directed graph, a decision highlighted in it, draw_chain

versions        specs side by side: compare_specs; difference: guarantees lost and gained; examine: an incident under two
amendment       amend: a proposal as data
impact          assess_impact: who gains and who loses by an amendment
user_reports    reports of users added up: do answers go wrong more often than was assumed
honesty         judge: seven properties of what is said; duties: which of them bind where
confidential_prompts  channels: a secret prompt used against users, under several specs, in numbers
published       read_model_spec: a release as records; facts of three releases, which ship with simkit; compare: renames apart
                from changes of meaning; measures, neighbourhood: who cites whom
instructions    read_instructions: a plain file such as AGENTS.md; as_messages: what it means for a spec

>>> from simkit import spec
>>> rules = spec.load("general-assistant")
>>> spec.decide(rules, [spec.Message(level="developer", sets={"safe-messaging": "off"})], "safe-messaging")
>>> spec.compare(spec.facts("2025-02-12"), spec.facts("2025-12-18"))
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
