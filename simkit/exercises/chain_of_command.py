"""Exercises of notebook 03: what holds after all have spoken, how authority is lent, where a bright line is worth its cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..messages import Message
from ..policy import constant
from ..scenario import load
from ..spec import channels, decide
from ..spec import load as load_rules
from ..uncertainty import break_even_shares
from .exercise import Checks, Exercise, Form, Known, numeric

MOST_MESSAGES = 3


@Exercise
def void_order(answer: Any) -> str:
    """Which value of system-prompt holds after the operator says denies and the user asks for reveals?

    Hint: Look at the floor of system-prompt in the table of the spec.
    Hint: An operator's order that crosses a protection is void as a whole: what held before stands.
    Hint: spec.decide(rules, [spec.Message(level='developer', sets={'system-prompt': 'denies'}), …], 'system-prompt')
    Right: The operator's order is void, so the default stands, and the user may ask for it. Had the operator said admits, that
    would hold: it is within its power.
    """
    rules = load_rules("general-assistant")
    known = rules.behaviours["system-prompt"].behaviour.values
    if not isinstance(answer, str) or answer not in known:
        return Form(f"A value of system-prompt is needed: {', '.join(known)}.")
    operator = Message(level="developer", sets={"system-prompt": "denies"})
    user = Message(level="user", sets={"system-prompt": "reveals"})
    if answer == decide(rules, [operator, user], "system-prompt").value:
        return ""
    return {
        "denies": "That would deceive users about something that they could be harmed by. The spec has a floor there.",
        "neither": "The floor is higher than that.",
        "admits": "The order is not cut down to the floor: an order that crosses a protection is void as a whole.",
    }[answer]


@Exercise
def lent_authority(answer: Any) -> str:
    """Write messages after which a tool's output decides length.

    Hint: rules.spec.grants lists who may lend authority to whom.
    Hint: A user may trust a tool as far as itself: trusts={'tool': 'user'}. The output then arrives at the user's level.
    Hint: [spec.Message(level='user', trusts={'tool': 'user'}), spec.Message(level='user', by='tool', sets={…})]
    Right: Authority can be lent by whoever has it, up to its own, and only if the spec has a grant for it. That is why a page
    cannot lend itself any.
    """
    messages = list(answer) if isinstance(answer, list | tuple) else [answer]
    if not all(isinstance(message, Message) for message in messages):
        return Form("A list of spec.Message is needed.")
    if not 1 <= len(messages) <= MOST_MESSAGES:
        return Form(f"At most {MOST_MESSAGES} messages.")
    decision = decide(load_rules("general-assistant"), messages, "length")
    kind, _, number = decision.decided_by.node.partition(":")
    if kind == "message" and messages[int(number)].by == "tool":
        return "" if decision.value == "brief" else f"The output decides, but length is {decision.value}."
    spoke = [message for message in messages if message.by == "tool" and "length" in message.sets]
    if not spoke:
        return "No message by='tool' sets length."
    if spoke[0].level == "user":
        return "The output stands in the user's place, but its author is a tool: it has no authority until it is lent some."
    return f"length is {decision.value}: {decision.decided_by.who} decides. The output has no authority yet."


@numeric(within=0.05, high=1000000.0)
def bright_line() -> Known:
    """In bright-line, at how many malicious senders in a million would weighing agree with the line?

    Hint: sk.compare lists the values at which a conclusion breaks even.
    Hint: Look for the share of malicious, and read it per million.
    Hint: Help gained by the detail, per sender, divided by harm weight × probability × mean severity, is that share.
    Right: About fifteen in a million: half as many again as our best guess, and well inside its interval of one to a hundred.
    No count of such senders exists.
    """
    case = load("bright-line").without_constraints()
    pair = (constant(case, name) for name in ("background", "laboratory-detail"))
    share = 1e6 * float(break_even_shares(case, *pair))
    return share, {
        "That is the share as the file states it.": 10.0,
        "One harm unit counts as much as 20 help units here; you count it as one.": 20 * share,
    }


@numeric(within=0.03, high=1000)
def hidden_goals() -> Known:
    """How many of 1000 operators must have a hidden goal before the constitution brings no more harm than the release of
    February 2025?

    Hint: spec.channels(case, *documents, operators=…) takes the operators; spec.with_hostile(…, share) moves one of them.
    Hint: Compare `.harm` of the two at shares between 0.5% and 3%, or let `found.compare(…)` look for you.
    Hint: 1000 * found.compare('anthropic-constitution', 'model-spec-2025-02-12', rng=rng).hostile_at[0]
    Right: About one in ninety. Below that, what secrets cost decent operators outweighs what a hidden goal costs users.
    """
    february, names = "model-spec-2025-02-12", ("anthropic-constitution", "openai-model-spec")
    case, rng = load("confidential-prompt"), np.random.default_rng(0)
    found = channels(case, *map(load_rules, (*names, february)))
    constitution, december = (1000 * found.compare(name, february, rng=rng, worlds=1).hostile_at[0] for name in names)
    return constitution, {
        "There the release of December is even with February. The constitution leaks a little more.": december,
        "That is of 100. The question is about 1000 operators.": constitution / 10,
        "That is how many there are. At which number do both bring the same harm?": 30.0,
    }


exercises = (void_order, lent_authority, bright_line, hidden_goals)
check = Checks(*exercises)
