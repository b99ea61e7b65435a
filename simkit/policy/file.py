"""A policy as a small table in a file: .csv for a spreadsheet, .json for a program.

    signal,refuse,answer             {"name": "careful", "answer": {"bare": {"refuse": 0.4, "answer": 0.6}, …}}
    bare,0.4,0.6
    …

A response that is left out has probability 0; every signal has a row.  Several policies are a column `policy` in the .csv
and a list in the .json.  Files come from strangers: sizes are bounded and nothing is executed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..arguments import guard
from ..case import Case
from ..files import InvalidFile, Path_, Problem, Tree, given_path, parse, plain_value, read_text, write_text
from ..scenario_rules import adds_up, left_out, row
from ..schema import Place, Probability, Text, check, record, twice, unknown
from ..text import shown, suggest
from .batch import Axis, Policy
from .made import from_array

Rows = dict[str, dict[str, Probability]]


@record
class Tabled:
    """One policy: `answer.<signal>.<response>` is a probability."""

    name: Text = "mine"
    answer: Rows


@record
class PolicyFile:
    """The policies of a file."""

    policies: Annotated[tuple[Tabled, ...], Field(min_length=1, max_length=1000)]


def read(case: Case, path: str | Path) -> Policy:
    """The policy that a small table in a .csv or .json file describes; several make a batch along their names.

    A table says how probable each response (column) is on each signal (row).  An `InvalidFile` names every problem of the file
    with its line, value, rule and likely fix.
    """
    path, signals, responses = given_path(path), case.population.signal_names, case.responses
    text = read_text(path, fix="a policy is a small table")
    tree = _from_csv(text, path, responses) if path.suffix.lower() == ".csv" else _from_json(text, path)

    def rules(file: Place) -> Iterator[Problem]:
        return _problems(file, signals, responses)

    check(PolicyFile, tree, rules)
    found = check(PolicyFile, replace(tree, problems=tuple(rules(Place(tree.data))))).policies
    tables = [[[one.answer[s].get(r, 0.0) for r in responses] for s in signals] for one in found]
    if len(found) == 1:
        return from_array(case, tables[0], name=found[0].name)
    return from_array(case, tables, name=path.stem, axis=Axis("policy", tuple(one.name for one in found)))


def write(policy: Policy, path: str | Path) -> None:
    """Write a policy, or a batch of them, as a table: .csv, else .json; `read` gives it back to the last bit.

    A ValueError if it asks, differs by state or does not know the names of its signals and responses.
    """
    if policy.after is not None or policy.states or not (policy.signals and policy.responses):
        raise ValueError(f"{policy.name} is no table: it asks, differs by state or has no names of signals and responses")
    path, tables = given_path(path), policy.answer.reshape(len(policy.labels), *policy.answer.shape[-2:]).tolist()
    if path.suffix.lower() == ".csv":
        text = StringIO()
        rows = [
            [name, signal, *row]
            for name, table in zip(policy.labels, tables, strict=True)
            for signal, row in zip(policy.signals, table, strict=True)
        ]
        csv.writer(text, lineterminator="\n").writerows([["policy", "signal", *policy.responses], *rows])
        write_text(path, text.getvalue())
    else:
        named = [[dict(zip(policy.responses, row, strict=True)) for row in table] for table in tables]
        answers = [dict(zip(policy.signals, rows, strict=True)) for rows in named]
        data = [{"name": name, "answer": answer} for name, answer in zip(policy.labels, answers, strict=True)]
        write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def _problems(file: Place, signals: Sequence[str], responses: Sequence[str]) -> Iterator[Problem]:
    """Names that must be the case's, and rows that must add up to 1."""
    yield from twice((policy["name"] for policy in file["policies"]), "policy", "rename one")
    for answer in (policy["answer"] for policy in file["policies"] if policy["answer"].value is not None):
        yield from unknown(answer, signals, "signal of this case")
        missing = left_out(answer, signals)
        if missing:
            names = ", ".join(missing[:9]) + ", …" * (len(missing) > 9)
            yield Problem(answer.path, f"there is no row for {names}", "add what is missing")
        for line in answer:
            # A name that stands over a number is asked for by its path: `unknown` would read a text as a name.
            yield from unknown((Place(None, entry.path) for entry in line), responses, "response of this case")
            yield from adds_up(row(line), line, "the probabilities of a signal")


def _from_json(text: str, path: Path) -> Tree:
    """One policy, or a list of them; JSON is read by the door of YAML, of which it is a part."""
    tree = parse(text, str(path))
    many = isinstance(tree.data, list)
    steps: Path_ = ("policies",) if many else ("policies", 0)
    data = [{"name": path.stem, **item} if isinstance(item, dict) else item for item in (tree.data if many else [tree.data])]
    problems = tuple(replace(problem, path=(*steps, *problem.path)) if problem.path else problem for problem in tree.problems)
    return Tree(tree.name, {"policies": data}, {(*steps, *place): line for place, line in tree.lines.items()}, problems)


def _from_csv(text: str, path: Path, responses: Sequence[str]) -> Tree:
    """Rows with the columns `signal`, perhaps `policy`, and one for each response."""
    first = text.partition("\n")[0]
    reader = csv.reader(StringIO(text), delimiter=";" if ";" in first else ",")
    policies: dict[str, dict[str, Any]] = {}
    lines: dict[Path_, int] = {}
    problems: list[Problem] = []
    try:
        head = [cell.strip() for cell in next(reader, [])]
        problems += _head_problems(head, responses)
        for cells in () if problems else reader:
            if len(cells) > len(head):
                rule = f"{len(cells)} cells stand in a table of {len(head)} columns"
                fix = "take some out, or separate columns by ; where a comma is a decimal point"
                problems.append(Problem((), rule, fix, line=reader.line_num))
            said = {name: plain_value(cell.strip()) for name, cell in zip(head, cells, strict=False) if cell.strip()}
            if said:
                name, signal = (str(said.pop(column, "")) for column in ("policy", "signal"))
                answer = policies.setdefault(name or path.stem, {})
                place = ("policies", list(policies).index(name or path.stem), "answer", signal)
                if signal in answer:
                    problems.append(Problem(place, "this signal has a row already", "take one out", line=reader.line_num))
                answer[signal] = said
                lines |= {place[:end]: reader.line_num for end in range(2, 5) if place[:end] not in lines}
    except csv.Error as error:
        problems.append(Problem((), f"this is not a table ({error})", line=reader.line_num))
    if problems:
        raise InvalidFile(str(path), problems)
    return Tree(str(path), {"policies": [{"name": n, "answer": answer} for n, answer in policies.items()]}, lines)


def _head_problems(head: list[str], responses: Sequence[str]) -> Iterator[Problem]:
    """The first line names a column of signals, and beside it responses and perhaps policies."""
    if "signal" not in head:
        yield Problem((), "the first line has no column `signal`", "write signal above the names of the signals", line=1)
        return
    for i, name in enumerate(head):
        if name in head[:i]:
            yield Problem((), f"two columns are called {shown(name)}", "rename one", line=1)
        elif name not in ("signal", "policy", *responses):
            yield Problem((), f"no response of this case is called {shown(name)}", suggest(name, responses), line=1)


guard(__name__)
