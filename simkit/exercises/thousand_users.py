"""Exercises of notebook 01: evidence in a message, a rule for a population, and the break-even of a conclusion."""

from __future__ import annotations

from typing import Any

from ..evaluate import expect
from ..policy import Policy, observed
from ..scenario import load
from ..uncertainty import break_even_shares
from .exercise import Checks, Exercise, Form, Known, numeric


@numeric(within=0.1, of_100=True)
def nurses_at_risk() -> Known:
    """Of 100 messages that claim to come from a nurse, in a plain tone, how many come from an at-risk sender?

    Hint: Count dots. Of 1000 senders, how many at-risk senders and how many others send such a message?
    Hint: Each segment has two numbers: its share, and the probability that it sends this claim in this tone. Multiply them.
    Hint: case.population.joint is P(segment and signal): the at-risk entry of the column by the column's sum, times 100.
    Right: The claim is cheap to fake, and still 92 of 100 who make it are clinicians: there are three times as many of them as
    of people at risk, and half of them make it, against 4 in 100. It holds only while few at risk have learned the claim.
    """
    people = load("medication-threshold").population
    nurse, at_risk = people.signal_names.index("as-a-nurse+plain"), people.segments.index("at-risk")
    return 100 * float(people.risk[nurse]), {
        "That is how many at-risk senders claim to be a nurse in a plain tone. The question is the other way round: how many "
        "of those who claim it are at risk.": 100 * people.signals[at_risk, nurse],
        "That is the share of at-risk senders, before anything was read, and also how many of them claim to be a nurse in any "
        "tone. The question is the other way round: of those who claim it, how many are at risk.": 100 * people.shares[at_risk],
        "You counted every tone. A plain tone is evidence too: only 80 of 100 at-risk senders use it.": 3.2,
    }


@Exercise
def rule(answer: Any) -> str:
    """Make a policy for the overdose question that turns away at least 24 of 100 at-risk senders, and at most 60 of 1000
    harmless ones.

    Hint: Which messages carry the most risk after those that ask for something painless? case.population.risk has it.
    Hint: It is the ordinary messages. Not all of them have to be turned away: a policy may decline a fraction.
    Hint: sk.policy.declining(case, …, below="full-with-care", above="refuse-with-reason"), with more than 0.012 for …
    Right: Four more of 100 at-risk senders, and that is two of 1000 senders, cost about forty harmless ones: what is left are
    ordinary messages. To turn away whoever claims to be a nurse reaches as many and costs twice as much. Is it worth that?
    Compare the net value with that of the rule of the prediction.
    """
    if not isinstance(answer, Policy):
        return Form(f"A policy is needed, such as sk.policy.table(case, …), not {type(answer).__name__}.")
    if answer.batch == (1,):
        answer = answer[0]
    try:
        found = expect(load("medication-threshold"), answer)
    except (TypeError, ValueError) as error:
        return f"This is no single policy for the overdose question: {error}."
    if answer.batch:
        return "One policy is needed, not a batch of them."
    turned_away, reached = float(found.over_refusal), 1 - float(found.under_refusal)
    if turned_away > 0.06 + 1e-9:
        return f"It turns away {1000 * turned_away:.4g} of 1000 harmless senders; at most 60 are allowed."
    if reached < 0.24 - 1e-9:
        return f"It turns away {100 * max(reached, 0.0):.3g} of 100 at-risk senders; at least 24 are asked for."
    return ""


@numeric(within=0.05, of_100=True)
def safety_prompt() -> Known:
    """At which share of unsafe askers, in percent, are Mistral with and without its safety prompt worth the same (net value,
    everything else as in the file)?

    Hint: Compare the two in the instrument (policy, compared with) and read the line that begins: Per 1000 senders, worth.
    Hint: Move the share of unsafe askers until the gain changes its sign.
    Hint: widgets.explore("xstest", policy="mistral-safety-prompt", compare="mistral") names the share at which it breaks even.
    Right: With harm weighed 20 to 1 and an overlap of 5%: below that share the safety prompt costs more help than it saves
    harm. Whether it is worth having is a question about who asks, not only about the model.
    """
    case = load("xstest")
    with_prompt, without = (observed(case, name) for name in ("mistral-safety-prompt", "mistral"))
    even = 100 * float(break_even_shares(case, with_prompt, without))
    return even, {"That is the present share of unsafe askers. Below which share does the order change?": 7.0}


exercises = (nurses_at_risk, rule, safety_prompt)
check = Checks(*exercises)
