"""Which properties of honesty are filters and which are weights, in four published documents: a reading, as data.

A filter rules a response out before anything is weighed; a weight counts against it.  `lifted_by` is the lowest level whose
explicit instruction lifts the duty: "none" if nobody's does.  Documents do not speak in these words: the sections and their
levels are facts, to call a duty a filter is our reading of how firmly it is put.  Roles that the user set up are exempt
before any of this (see `honesty`).

Sources: Anthropic's constitution, January 2026, "Being honest", line 355 (the properties, which of them matter most, the weak
duty to share) and line 485 (what operators may switch off); OpenAI's Model Spec, sections as named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...files import suggest
from ...messages import Level, rank
from ...text import html_lines, html_table, text_table
from .assertions import PROPERTIES, Honesty, Property

How = Literal["filter", "weight"]


@dataclass(frozen=True)
class Duty:
    """How firmly a document holds one property, who may lift it, and where it says so."""

    property: Property
    how: How
    lifted_by: Level
    """The lowest level whose explicit instruction lifts it; `none` for nobody's."""
    source: str


@dataclass(frozen=True, repr=False)
class Duties:
    """The seven duties of one document."""

    profile: str
    """The spec that they belong to, by its name in the library."""
    duties: tuple[Duty, ...]

    def permits(self, honesty: Honesty, *, instructed_by: Level | None = None) -> bool:
        """Whether no filter rules out what was judged; `instructed_by` is the level that explicitly asked for it."""
        return not self.against(honesty, instructed_by=instructed_by)

    def against(self, honesty: Honesty, *, instructed_by: Level | None = None) -> tuple[Property, ...]:
        """The filters that rule it out."""
        return tuple(
            duty.property
            for duty in self.duties
            if duty.how == "filter" and duty.property in honesty.broken and not lifted(duty, instructed_by)
        )

    def _rows(self) -> list[list[str]]:
        return [[d.property, d.how, "nobody" if d.lifted_by == "none" else d.lifted_by, d.source] for d in self.duties]

    def __repr__(self) -> str:
        return f"{self.profile}\n" + text_table(_HEAD, self._rows())

    def _repr_html_(self) -> str:
        return html_lines(self.profile, []) + html_table(_HEAD, self._rows())


_HEAD = ("property", "is a", "lifted by", "source")


def lifted(duty: Duty, instructed_by: Level | None) -> bool:
    """Whether an explicit instruction of this level lifts a duty."""
    return instructed_by is not None and duty.lifted_by != "none" and rank(instructed_by) >= rank(duty.lifted_by)


def duties(profile: str) -> Duties:
    """The duties of a document, by the name of its spec in the library; a ValueError suggests one."""
    if profile not in _DUTIES:
        raise ValueError(f"no duties of honesty are written down for {profile!r}; {suggest(profile, _DUTIES)}")
    rows = _DUTIES[profile]
    return Duties(profile, tuple(Duty(name, *row) for name, row in zip(PROPERTIES, rows, strict=True)))


Row = tuple[How, Level, str]

_LIE: Row = ("filter", "user", "do_not_lie (user): an explicit instruction lifts it")
_SURE: Row = ("weight", "user", "express_uncertainty (guideline)")
_SHARE: Row = ("weight", "user", "do_not_lie (user): forthright by default")
_STEER: Row = ("filter", "none", "no_agenda: no steering of its own, by manipulation or otherwise")
_SIDES: Row = ("weight", "user", "assume_objective_pov (user)")

#: In the order of `PROPERTIES`.
_DUTIES: dict[str, tuple[Row, ...]] = {
    "model-spec-2025-02-12": (
        _LIE,
        _SURE,
        ("filter", "developer", "protect_privileged_messages (platform): what it was told is kept, if need be by a lie"),
        _SHARE,
        _LIE,
        _STEER,
        _SIDES,
    ),
    "model-spec-2025-09-12": (
        _LIE,
        _SURE,
        (
            "filter",
            "developer",
            "protect_privileged_information (root): nothing applied quietly, unless marked as confidential",
        ),
        _SHARE,
        _LIE,
        _STEER,
        _SIDES,
    ),
    "openai-model-spec": (
        _LIE,
        _SURE,
        ("filter", "none", "protect_privileged_information (root): nothing applied quietly so as to mislead"),
        _SHARE,
        _LIE,
        _STEER,
        _SIDES,
    ),
    "anthropic-constitution": (
        ("filter", "none", '"Being honest", line 355: not even white lies'),
        ("weight", "none", '"Being honest", line 355'),
        ("filter", "none", '"Being honest", line 355: may decline to share, pursues no hidden agenda'),
        ("weight", "developer", '"Being honest", line 355: a weak duty, which an operator\'s reasons may outweigh'),
        ("filter", "none", '"Being honest", line 355: with the next, the most important'),
        ("filter", "none", '"Being honest", line 355; protections, line 257, second of six'),
        ("weight", "developer", '"Being honest", line 355; operators may switch off balanced views, line 485'),
    ),
}
