"""`simkit audit`, and what `simkit run LOG --map MAP` needs: reading a log with a bar, and what it says beside a comparison."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .terminal import bar, complain, say, say_json, say_result, told

if TYPE_CHECKING:
    from .aggregate import Total
    from .case import Case
    from .logs import Answers


def register(app: typer.Typer) -> None:
    """Give the command to an application."""
    app.command(epilog="Example:  simkit audit run.eval --plan plan.yaml --out audit.html")(audit)


def audit(
    log: Annotated[Path, typer.Argument(help="An Inspect log (.eval, .json), a label table (.csv), or JSON lines.")],
    plan: Annotated[Path, typer.Option("--plan", help="The plan: commitments, probes, error.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Also write the report, .html or .json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Hold the models of a log to the commitments of a plan: kept, broken or open, with intervals and probes needed."""
    from .audit import hold

    with told(), bar(f"reading {log.name}", log) as progress:
        found = hold(log, plan, progress=progress)
    if as_json:
        say_json(found.data())
    else:
        say_result(found)
    if out is not None:
        with told(writing=out):
            complain(f"The report is in {found.write(out)}.", style="")


def models_of(log: Path, mapping: Path, edit: Callable[[Case], Case]) -> tuple[Answers, ...]:
    """What the models of a log answered, by a mapping file."""
    from .logs import answers

    with told(), bar(f"reading {log.name}", log) as progress:
        return answers(log, mapping, edit=edit, progress=progress)


def total_of(seen: tuple[Answers, ...], users: int | None) -> Total:
    """The total harm that the senders of the case get from each model."""
    from .aggregate import total
    from .policy import stack

    case = seen[0].case
    return total(case, stack([one.policy() for one in seen]), users=case.users if users is None else users)


def say_beside(seen: tuple[Answers, ...], users: int | None) -> None:
    """Say what a comparison leaves out: the log's own rates, and the distribution of the total harm."""
    for one in seen:
        for note in one.notes():
            say(f"\n{one.name}. {note}")
    if seen:
        say(f"\n{total_of(seen, users)!r}", soft_wrap=True)


def data_beside(seen: tuple[Answers, ...], users: int | None) -> list[dict[str, Any]]:
    """The same for machines."""
    from .report import jsonable

    found = total_of(seen, users)
    columns = {"mean": found.mean, "sd": found.sd} | {f"{level:g}": found.quantile(level) for level in (0.5, 0.99, 0.999)}
    return [
        {"policy": one.name, "samples": len(one.ids), "silent": one.silent}
        | {"total_harm": jsonable({name: float(values[i]) for name, values in columns.items()})}
        for i, one in enumerate(seen)
    ]
