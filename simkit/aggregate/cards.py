"""A total in words, for people: a small table, a sentence for each distribution, and what they assume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..text import html_lines, html_table, number, people, percent, text_table

if TYPE_CHECKING:
    from .totals import Total

#: Levels of the quantiles that a total shows, its columns, and the most rows.
LEVELS = (0.5, 0.99, 0.999)
COLUMNS = ("policy", "mean", "sd", "no event", "median", "99%", "99.9%", "mean of worst 1%")
MOST = 24


def text(found: Total) -> str:
    """The total as a text table."""
    cut = "" if np.prod(found.shape) <= MOST else f"\n… and {int(np.prod(found.shape)) - MOST} more"
    return f"{_head(found)}\n{text_table(COLUMNS, _rows(found))}{cut}\n{_assumes(found)}"


def card(found: Total) -> str:
    """The total as HTML: sentences, and the same table."""
    rows = _rows(found)
    lines = [_sentence(*row) for row in rows[:6]]
    return html_lines(_head(found), [*lines, _assumes(found)]) + html_table(COLUMNS, rows)


def _rows(found: Total) -> list[list[str]]:
    numbers = (found.mean, found.sd, *(found.quantile(p) for p in LEVELS), found.shortfall(0.99))
    shown = list(np.ndindex(found.shape))[:MOST]
    return [
        [_name(found, i), *(number(float(v[i])) for v in numbers[:2]), percent(float(found.chance_of_none[i]))]
        + [number(float(v[i])) for v in numbers[2:]]
        for i in shown
    ]


def _name(found: Total, index: tuple[int, ...]) -> str:
    lead = found.users.ndim
    said = [f"{people(float(found.users[index[:lead]]))} users"] if lead else []
    rest = index[lead:]
    if found.world_axis is not None:
        said, rest = [*said, f"world {rest[0]}"], rest[1:]
    place = int(np.ravel_multi_index(rest, found.policy.batch)) if found.policy.batch else 0
    return ", ".join([found.policy.labels[place], *said])


def _head(found: Total) -> str:
    ends = (people(float(found.users.min())), people(float(found.users.max())))
    many = " to ".join(ends if found.users.ndim else ends[:1])
    return f"{found.case.title}: total {found.of} of {many} senders, harm units"


def _assumes(found: Total) -> str:
    states = found.case.population.states
    shared = [f"the state of the world ({', '.join(states)})"] if len(states) > 1 else []
    shared += [f"a gamma shock of variance {number(found.shock)} to how often things go wrong"] if found.shock else []
    if not shared:
        return "Senders are taken as independent, so their total hardly varies; what they all share would make it vary more."
    return f"Senders share {' and '.join(shared)}; given that, they are taken as independent."


def _sentence(name: str, mean: str, _: str, none: str, median: str, high: str, __: str, worst: str) -> str:
    return (
        f"{name}: on average {mean}. In one world of two it stays at or under {median}; in one of a hundred it exceeds "
        f"{high}, and the worst hundredth averages {worst}. With probability {none} nothing happens at all."
    )
