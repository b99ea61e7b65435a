"""How things describe themselves: one short text for terminals, one small table for notebooks.

Free text comes from files that strangers wrote, so everything that goes into HTML is escaped here, and only here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .case import Case
    from .evaluate import Contributions, Outcome
    from .policy import Policy
    from .simulation import Simulation

Rows = Sequence[Sequence[str]]


def text_table(head: Sequence[str], rows: Rows) -> str:
    """Columns in plain text: the first to the left, the others to the right."""
    whole = [list(head), *map(list, rows)]
    widths = [max(len(row[i]) for row in whole) for i in range(len(head))]
    lines = [
        [cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(r, widths, strict=True))] for r in whole
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def html_table(head: Sequence[str], rows: Rows, caption: str = "") -> str:
    """The same as an HTML table in which every cell is escaped."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    title = f"<caption style='text-align:left'>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def number(value: float) -> str:
    """Three significant digits; a dash for what does not exist."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{value:.0f}" if 1000 <= size < 1e6 else f"{value:.3g}" if size == 0 or 1e-4 <= size < 1000 else f"{value:.2e}"
    return text.replace("-", "−")


def percent(value: float) -> str:
    """A share or a rate in percent; a dash for what does not exist."""
    if np.isnan(value):
        return "–"
    return f"{100 * value:.1f}%" if value >= 0.0005 or value == 0 else f"{100 * value:.2g}%"


# --- a case -----------------------------------------------------------------------------------------------------------


def _case_lines(case: Case) -> list[str]:
    place = f" in context {case.context}" if case.context else ""
    state = f", state {case.state}" if case.state else ""
    lines = [f"{case.name}{place}{state}: “{case.request}”"]
    record = case.scenario
    if record is not None:
        lines.append(record.about)
    filtered = [name for name, crosses in zip(case.responses, case.crosses, strict=True) if crosses]
    forbidden = [name for name, out in zip(case.responses, case.forbidden, strict=True) if out]
    if filtered:
        lines.append(f"Constraints rule out: {', '.join(filtered)}.")
    if forbidden:
        lines.append(f"The operator rules out: {', '.join(forbidden)}.")
    if case.question is not None:
        lines.append(f"It may ask: “{case.question.asks}”")
    return lines


def _case_table(case: Case) -> tuple[list[str], list[list[str]]]:
    population = case.population
    head = ["segment", "share", "in the file", *case.responses]
    rows = []
    for s, name in enumerate(population.segments):
        share, low, high = (percent(x[s]) for x in (population.share, population.low, population.high))
        interval = f"{share} ({low} to {high})"
        cells = [f"{number(h)} / {number(x)}" for h, x in zip(case.help[s], case.loss[s], strict=True)]
        rows.append([name + (" (harmful)" if population.harmful[s] else ""), percent(population.shares[s]), interval, *cells])
    return head, rows


CASE_NOTE = "Cells: expected help / harm (of answering or of not answering) per request."


def text_card(case: Case) -> str:
    """A case in words and a small table."""
    contexts = [context.name for context in case.scenario.contexts] if case.scenario else []
    last = [f"Contexts: {', '.join(contexts)}."] if contexts and not case.context else []
    return "\n".join([*_case_lines(case), "", text_table(*_case_table(case)), "", CASE_NOTE, *last])


def html_card(case: Case) -> str:
    """The same for a notebook."""
    first, *rest = _case_lines(case)
    words = "".join(f"<p>{escape(line)}</p>" for line in rest)
    return f"<div><b>{escape(first)}</b>{words}{html_table(*_case_table(case), CASE_NOTE)}</div>"


# --- a policy ---------------------------------------------------------------------------------------------------------


def _policy_table(policy: Policy) -> tuple[list[str], list[list[str]]]:
    signals = policy.signals or tuple(f"signal {k}" for k in range(policy.answer.shape[-2]))
    responses = policy.responses or tuple(f"response {r}" for r in range(policy.answer.shape[-1]))
    asks = policy.after is not None
    rows = []
    for signal, row, ask in zip(signals, policy.answer, policy.asks, strict=True):
        rows.append([signal, *(percent(x) for x in row), *([percent(ask)] if asks else [])])
    return ["signal", *responses, *(["asks first"] if asks else [])], rows


def text_policy(policy: Policy) -> str:
    """A policy as the table of its chances; a batch by its shape."""
    if policy.batch or policy.states:
        return f"<{'Policies' if policy.batch else 'Policy'} {policy.name}: answer {policy.answer.shape}>"
    return f"policy {policy.name}\n" + text_table(*_policy_table(policy))


def html_policy(policy: Policy) -> str:
    """The same for a notebook."""
    if policy.batch or policy.states:
        return f"<code>{escape(text_policy(policy))}</code>"
    return html_table(*_policy_table(policy), f"policy {policy.name}")


# --- outcomes ---------------------------------------------------------------------------------------------------------

OUTCOME_HEAD = ["policy", "help", "harm", "neglect", "net", "over-refusal", "under-refusal", "over-caution", "over-compliance"]


def _outcome_rows(outcome: Outcome) -> list[list[str]]:
    means = [outcome.help, outcome.harm, outcome.neglect, outcome.net]
    rates = [outcome.over_refusal, outcome.under_refusal]
    complaints = [outcome.over_caution, outcome.over_compliance]
    columns = [np.atleast_1d(column).ravel() for column in (*means, *rates, *complaints)]
    count = len(columns[0])
    names = outcome.policy.names if len(outcome.policy.names) == count else [f"{outcome.policy.name} {i}" for i in range(count)]
    shown = [[number(x) for x in c] for c in columns[:4]] + [[percent(x) for x in c] for c in columns[4:6]]
    shown += [[number(x) for x in c] for c in columns[6:]]
    return [list(row) for row in zip(names, *shown, strict=True)]


def _outcome_note(outcome: Outcome) -> str:
    return f"{outcome.case.name}, per request, one harm unit outweighing {number(outcome.harm_weight)} help units"


def text_outcome(outcome: Outcome) -> str:
    """An outcome, one line a policy."""
    return _outcome_note(outcome) + "\n" + text_table(OUTCOME_HEAD, _outcome_rows(outcome))


def html_outcome(outcome: Outcome) -> str:
    """The same for a notebook."""
    return html_table(OUTCOME_HEAD, _outcome_rows(outcome), _outcome_note(outcome))


def text_contributions(table: Contributions) -> str:
    """Where each unit comes from, the largest first; one policy only."""
    if table.weight.ndim > 2:
        return f"<Contributions {table.weight.shape}>"
    cells = [(abs(table.net[s, r]), s, r) for s, r in np.ndindex(*table.weight.shape) if table.weight[s, r] > 0]
    rows = [
        [f"{table.segments[s]} → {table.responses[r]}", percent(float(table.weight[s, r]))]
        + [number(float(x[s, r])) for x in (table.help, table.harm, table.neglect, table.net)]
        for _, s, r in sorted(cells, reverse=True)
    ]
    rows += [
        [f"{name}: being asked", "", number(-cost), "0", "0", number(-cost)]
        for name, cost in zip(table.segments, table.asking, strict=True)
        if cost > 0
    ]
    return text_table(["who → what", "of requests", "help", "harm", "neglect", "net"], rows)


def text_simulation(simulation: Simulation) -> str:
    """Means and standard errors per request."""
    rows = []
    for i, name in enumerate(simulation.names):
        cells = []
        for mean, error in ((simulation.mean(of), simulation.standard_error(of)) for of in ("help", "harm", "neglect")):
            cells.append(f"{number(np.atleast_1d(mean)[i])} ± {number(np.atleast_1d(error)[i])}")
        rows.append([name, *cells])
    head = f"{simulation.help.shape[-1]} worlds of {simulation.users} senders; means per request ± standard error"
    return head + "\n" + text_table(["policy", "help", "harm", "neglect"], rows)
