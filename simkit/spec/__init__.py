"""A written spec: who may set which behaviour, what holds in the end, and why.

rules           the checked record of a spec file; load, read (checks: what no single field can see)
standing        who speaks with which authority
chain           decide: what a behaviour is after everybody has spoken (traces: the decision and its steps)
promises        guarantees: what every user keeps under any configuration
configurations  classify: does an operator narrow the assistant, or turn it against users
policies        compile: a spec and a case make an ordinary policy (combining: several rules, one verdict)
graphs          principals, rules and behaviours as a directed graph, with the path of a decision lit

>>> rules = sk.spec.load("general-assistant")
>>> sk.spec.decide(rules, [sk.spec.Message(level="developer", sets={"safe-messaging": "off"})], "safe-messaging")
"""

from ..messages import LEVELS, Message
from .chain import decide, decide_all
from .combining import deny_overrides, permit_overrides
from .configurations import Configuration, classify
from .graphs import graph, lit
from .policies import Ruling, WrittenPolicy, compile, lines  # noqa: A004
from .priority import holistic, ladder, weighted
from .profiles import SideBySide, side_by_side
from .promises import Guarantees, guarantees
from .rules import Behaviour, Grant, Principal, Protection, Rule, Rules, Situation, Spec, load, read
from .standing import standings
from .traces import Decision, Step

__all__ = [
    "LEVELS",
    "Behaviour",
    "Configuration",
    "Decision",
    "Grant",
    "Guarantees",
    "Message",
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
    "classify",
    "compile",
    "decide",
    "decide_all",
    "deny_overrides",
    "graph",
    "guarantees",
    "holistic",
    "ladder",
    "lines",
    "lit",
    "load",
    "permit_overrides",
    "read",
    "side_by_side",
    "standings",
    "weighted",
]


def __dir__() -> list[str]:
    """What tab completion offers."""
    return __all__
