"""A mapping file: where a log says which model, segment, signal and response, and what its words are called in a scenario."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..case import Case
from ..files import InvalidFile, Problem, given_path, parse, read_text
from ..scenario import load
from ..schema import Note, Place, Text, check, no_entries, record, unknown
from .reader import Log, Scored


@record
class Lookup:
    """One thing that a log says: a `field` of metadata (a column of a table), or a `part` of a score."""

    field: Note = ""
    """The field of metadata, or the column."""
    score: Note = ""
    """The scorer, if it is said by a score."""
    part: Text = "value"
    """Of a score: `value`, `answer`, or a name inside a value that holds several."""
    values: dict[Text, Text] = no_entries()
    """What each word of the log is called; a word that is not listed stands for itself, with - for _."""

    def __post_init__(self) -> None:
        if bool(self.field) == bool(self.score):
            raise ValueError("it is looked up in one place: give `field: NAME` or `score: SCORER`, not both")

    def word(self, row: Scored) -> str | None:
        """What a row says, in the log's own word; None if it says nothing."""
        if self.field:
            return as_word(row.metadata.get(self.field))
        if row.scorer != self.score:
            return None
        inside = row.value.get(self.part) if isinstance(row.value, dict) else None
        return as_word(row.answer if self.part == "answer" else row.value if self.part == "value" else inside)

    def called(self, row: Scored, leave_out: Collection[str] = ()) -> str | None:
        """What a row says, by the name that its word has here; None if it says nothing, or a word that is left out."""
        word = self.word(row)
        return None if word is None or word in leave_out else self.values.get(word, word.replace("_", "-"))


@record
class LogMap:
    """How a log is read as answers to the request of a scenario."""

    scenario: Text
    about: Note = ""
    model: Lookup | None = None
    """What tells several models of one log apart."""
    segment: Lookup | None = None
    """Whom the log takes for the sender: for its own rates, beside those of the population."""
    signal: Lookup
    response: Lookup
    raters: tuple[Lookup, ...] = ()
    """Who labelled the same answers: for their agreement."""
    leave_out: tuple[Text, ...] = ()
    """Words of the log that are no answer, such as a judge that failed: left out and counted."""

    @property
    def fields(self) -> frozenset[str]:
        """The fields of metadata that are needed for answers: the others need not be kept."""
        return frozenset(each.field for each in (self.model, self.segment, self.signal, self.response) if each)


def as_word(value: Any) -> str | None:
    """A value as a text that a mapping file can name: 1, not 1.0; true, not True; None if there is none."""
    if value is None or isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)


def model_of(log: Log, row: Scored, told: Lookup | None) -> str:
    """Whose row it is: what is `told` by the row itself, else by the log's header, else by the name of its file."""
    return (told.called(row) if told else None) or log.model or Path(log.name).stem


def nothing_found(log: Log, rule: str) -> InvalidFile:
    """The error for a log in which what is looked for does not stand."""
    return InvalidFile(log.name, [Problem((), rule, "print simkit.logs.read(…) to see its scores and fields")])


def load_map(path: str | Path) -> tuple[LogMap, Case]:
    """A mapping file and the case of its scenario: a name of the library, or a path from the file's folder.

    An `InvalidFile` with every problem, names that the scenario does not know among them.
    """
    place = given_path(path)
    tree = parse(read_text(place), str(place))
    whole = Place(tree.data)
    named = whole["scenario"].value
    if not isinstance(named, str) or not named:
        check(LogMap, tree)  # says so
    case = load(place.parent / named if named.endswith((".yaml", ".yml")) else named)
    known = {"segment": case.segments, "signal": case.population.signal_names, "response": case.responses}
    strange = [each for name in known for each in unknown(whole[name]["values"], known[name], f"{name} of {case.name}")]
    return check(LogMap, replace(tree, problems=(*tree.problems, *strange))), case
