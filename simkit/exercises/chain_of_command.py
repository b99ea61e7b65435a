"""Exercises of notebook 03: what holds after all have spoken, how authority is lent, where a bright line is worth its cost."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..messages import Message
from ..policy import constant
from ..scenario import load
from ..spec import channels, decide
from ..spec import load as load_rules
from ..uncertainty import break_even_shares
from .exercise import Exercise, Form, checker, near

MOST = 3
FEBRUARY = "model-spec-2025-02-12"


def _value(answer: Any) -> str:
    """What is wrong with a value of system-prompt after the operator's `denies` and the user's `reveals`."""
    rules = load_rules("general-assistant")
    known = rules.behaviours["system-prompt"].behaviour.values
    if not isinstance(answer, str) or answer not in known:
        return Form(f"A value of system-prompt is needed: {', '.join(known)}.")
    said = [
        Message(level="developer", sets={"system-prompt": "denies"}),
        Message(level="user", sets={"system-prompt": "reveals"}),
    ]
    if answer == decide(rules, said, "system-prompt").value:
        return ""
    return {
        "denies": "That would deceive users about something that they could be harmed by. The spec has a floor there.",
        "neither": "The floor is higher than that.",
        "admits": "The order is not cut down to the floor: an order that crosses a protection is void as a whole.",
    }[answer]


def _lent(answer: Any) -> str:
    """What is wrong with messages after which a tool's output should decide `length`."""
    messages = list(answer) if isinstance(answer, list | tuple) else [answer]
    if not all(isinstance(message, Message) for message in messages):
        return Form("A list of spec.Message is needed.")
    if not 1 <= len(messages) <= MOST:
        return Form(f"At most {MOST} messages.")
    decision = decide(load_rules("general-assistant"), messages, "length")
    kind, _, number = decision.decided_by.node.partition(":")
    if kind != "message" or messages[int(number)].by != "tool":
        spoke = [message for message in messages if message.by == "tool" and "length" in message.sets]
        if not spoke:
            return "No message by='tool' sets length."
        if spoke[0].level == "user":
            return "The output stands in the user's place, but its author is a tool: it has no authority until it is lent some."
        return f"length is {decision.value}: {decision.decided_by.who} decides. The output has no authority yet."
    if decision.value != "brief":
        return f"The output decides, but length is {decision.value}."
    return ""


@cache
def _turn() -> float:
    """Malicious senders in a million at which background and detail are worth the same."""
    case = load("bright-line").without_constraints()
    pair = (constant(case, name) for name in ("background", "laboratory-detail"))
    return 1e6 * float(break_even_shares(case, *pair)[0])


@cache
def _even_with_february(name: str) -> float:
    """Of 1000 operators, how many hostile ones make a document and the release of February bring the same harm."""
    found = channels(load("confidential-prompt"), load_rules(name), load_rules(FEBRUARY))
    return 1000 * found.compare(name, FEBRUARY, rng=np.random.default_rng(0), worlds=1).hostile_at[0]


exercises = (
    Exercise(
        "Which value of system-prompt holds after the operator says denies and the user asks for reveals?",
        _value,
        right="The operator's order is void, so the default stands, and the user may ask for it. Had the operator said admits, "
        "that would hold: it is within its power.",
        hints=(
            "Look at the floor of system-prompt in the table of the spec.",
            "An operator's order that crosses a protection is void as a whole: what held before stands.",
            "spec.decide(rules, [spec.Message(level='developer', sets={'system-prompt': 'denies'}), …], 'system-prompt')",
        ),
    ),
    Exercise(
        "Write messages after which a tool's output decides length.",
        _lent,
        right="Authority can be lent by whoever has it, up to its own, and only if the spec has a grant for it. That is why a "
        "page cannot lend itself any.",
        hints=(
            "rules.spec.grants lists who may lend authority to whom.",
            "A user may trust a tool as far as itself: trusts={'tool': 'user'}. The output then arrives at the user's level.",
            "[spec.Message(level='user', trusts={'tool': 'user'}), spec.Message(level='user', by='tool', sets={…})]",
        ),
    ),
    Exercise(
        "In bright-line, at how many malicious senders in a million would weighing agree with the line?",
        near(
            _turn,
            within=0.05,
            low=0,
            high=1e6,
            mistakes={
                "That is the share as the file states it.": lambda: 10.0,
                "One harm unit counts as much as 20 help units here; you count it as one.": lambda: 20 * _turn(),
            },
        ),
        right="About fifteen in a million: half as many again as our best guess, and well inside its interval of one to a "
        "hundred. No count of such senders exists.",
        hints=(
            "sk.compare lists the values at which a conclusion turns.",
            "Look for `share of malicious turns it at`, and read it per million.",
            "Help gained by the detail, per sender, divided by harm weight × chance × mean severity, is that share.",
        ),
    ),
    Exercise(
        "How many of 1000 operators must have a hidden goal before the constitution brings no more harm than the release of "
        "February 2025?",
        near(
            lambda: _even_with_february("anthropic-constitution"),
            within=0.03,
            low=0,
            high=1000,
            mistakes={
                "There the release of December is even with February. The constitution leaks a little more.": (
                    lambda: _even_with_february("openai-model-spec")
                ),
                "That is of 100. The question is about 1000 operators.": (
                    lambda: _even_with_february("anthropic-constitution") / 10
                ),
                "That is how many there are. At which number do both bring the same harm?": lambda: 30.0,
            },
        ),
        right="About one in ninety. Below that, what secrets cost decent operators outweighs what a hidden goal costs users.",
        hints=(
            "spec.channels(case, *documents, operators=…) takes the operators; spec.with_hostile(…, share) moves one of them.",
            "Compare `.harm` of the two at shares between 0.5% and 3%, or let `found.compare(…)` look for you.",
            "1000 * found.compare('anthropic-constitution', 'model-spec-2025-02-12', rng=rng).hostile_at[0]",
        ),
    ),
)

check = checker(exercises)
