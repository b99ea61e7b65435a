"""simkit on the command line: check, show, run, trace, lab, page, site, sweep, new, schema.  It reads, calls and prints."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import log_commands
from .publish.commands import register
from .studies.commands import register as register_sweep
from .terminal import complain, out, progress, say, say_json, say_result, stop, told
from .text import number, percent

if TYPE_CHECKING:
    from .case import Case
    from .files import InvalidFile
    from .policy import Policy
    from .report import Report
    from .spec import Rules


def _version(asked: bool) -> None:
    if asked:
        from . import __version__

        print(f"simkit {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="simkit",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
#: Where the library's files are.
FOLDERS = ("scenarios", "scenarios/tasks", "specs", "specs/amendments", "audits")
CONTEXT = typer.Option("--context", "-c", help="An operator context of the file.")


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """What an assistant's answers do to everyone who sends the same words.

    Exit codes: 0 all is well; 1 a file has problems; 2 the command line makes no sense.
    """


def _stems(folder: str, incomplete: str) -> list[str]:
    from .files import library

    return sorted(path.stem for path in library(folder).glob(f"{incomplete}*.yaml"))


def names(incomplete: str) -> list[str]:
    """The scenarios of the library, for tab completion."""
    return _stems("scenarios", incomplete)


Scenario = Annotated[str, typer.Argument(help="A name from the library, or a path.", autocompletion=names)]


@app.command(epilog="Example:  simkit check my-request.yaml  |  simkit check  (the whole library)")
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files of any kind; else all of the library.")] = None,
    as_json: Json = False,
) -> None:
    """Check files of all kinds (AGENTS.md and Model Specs too) and say what is wrong, with line, rule and likely fix."""
    from .files import InvalidFile, library
    from .kinds import notes, read_any

    found: list[InvalidFile] = []
    paths = files or [path for folder in FOLDERS for path in sorted(library(folder).glob("*.yaml"))]
    for path in paths:
        try:
            read = read_any(path if files is None or path.suffix or path.is_file() else str(path))
            for note in notes(path, read) if not as_json else ():
                complain(note, style="yellow")
        except InvalidFile as error:
            found.append(error)
    if as_json:
        say_json({"checked": len(paths), "problems": [line for wrong in found for line in _records(wrong)]})
    else:
        for wrong in found:
            complain(wrong)
        out.print(f"{len(paths)} file{'' if len(paths) == 1 else 's'} checked, {len(found)} with problems.")
    raise typer.Exit(1 if found else 0)


def _records(error: InvalidFile) -> list[dict[str, str | int]]:
    from .files import dotted

    return [
        {"file": error.name, "line": p.line, "path": dotted(p.path), "value": p.value, "rule": p.rule, "fix": p.fix}
        for p in error.problems
    ]


@app.command(epilog="Example:  simkit show medication-threshold --context icu-team")
def show(scenario: Scenario, context: Annotated[str, CONTEXT] = "", as_json: Json = False) -> None:
    """Show what a scenario file says: who asks, what may be answered, what is at stake."""
    case = _load(scenario, context)
    if as_json and context:
        stop("--json prints the whole file, contexts included: leave --context out")
    if as_json:
        from .scenario import Scenario as Record
        from .scenario import load_record
        from .schema import adapter

        say_json(adapter(Record).dump_python(load_record(scenario), mode="json"))
    else:
        say_result(case)
        _print_sources(case, scenario)


@app.command(epilog="Example:  simkit run xstest --policy mine.csv --share unsafe-asker=0.2 --figure xstest.svg")
def run(
    scenario: Annotated[
        str, typer.Argument(help="A name from the library, or a path; with --map a log.", autocompletion=names)
    ] = "xstest",
    mapping: Annotated[Path | None, typer.Option("--map", help="How a log is read as answers: see docs/log-files.md.")] = None,
    context: Annotated[str, CONTEXT] = "",
    state: Annotated[str, typer.Option("--state", help="One state of the file, for certain.")] = "",
    harm_weight: Annotated[float | None, typer.Option("--harm-weight", "-w", min=0, help="Help units per harm unit.")] = None,
    share: Annotated[list[str] | None, typer.Option("--share", help="SEGMENT=SHARE; the others fill the rest.")] = None,
    overlap: Annotated[
        float | None, typer.Option("--overlap", min=0, max=1, help="Senders of the other kind's signals.")
    ] = None,
    policy: Annotated[
        list[Path] | None, typer.Option("--policy", help="A table of a policy, .csv or .json; repeatable.")
    ] = None,
    users: Annotated[int | None, typer.Option("--users", min=1, help="Senders for the probability of any harm.")] = None,
    worlds: Annotated[int, typer.Option("--worlds", min=10, max=100_000, help="Plausible worlds to draw.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the plausible worlds.")] = 0,
    figure: Annotated[Path | None, typer.Option("--figure", "-f", help="Save the picture (svg, png or pdf).")] = None,
    as_json: Json = False,
) -> None:
    """Compare the policies of a scenario: observed models, every response to everybody, your own (--policy), and the best."""
    import numpy as np

    from .report import summarize

    if figure is not None and figure.suffix not in (".svg", ".png", ".pdf"):
        stop(f"a figure is saved as .svg, .png or .pdf, not as {figure.suffix or 'a name without an ending'}")
    if harm_weight is not None and not math.isfinite(harm_weight):
        stop("a harm weight is finite")

    def edit(case: Case) -> Case:
        return _edited(case.in_context(context) if context else case, state, share or [], overlap)

    with told():
        seen = log_commands.models_of(Path(scenario), mapping, edit) if mapping else ()
        case = seen[0].case if seen else edit(_load(scenario))
    with progress("drawing plausible worlds"):
        policies = _policies(case, policy or [], harm_weight)
        policies = [*(one.policy() for one in seen), *(one for one in policies if not seen or one.counts is None)]
        found = summarize(case, policies, harm_weight, rng=np.random.default_rng(seed), worlds=worlds, users=users)
    if figure is not None:
        _save(found, figure)
    if as_json:
        say_json(found.data() | ({"log": log_commands.data_beside(seen, users)} if seen else {}))
    else:
        say_result(found)
        log_commands.say_beside(seen, users)


def notebooks(incomplete: str) -> list[str]:
    """The notebooks, for tab completion."""
    from .jupyter.lab import names

    return [name for name in names() if name.startswith(incomplete)]


@app.command(epilog="Example:  simkit lab  |  simkit lab 01 --no-browser")
def lab(
    notebook: Annotated[
        str, typer.Argument(help="A name, its beginning, or a path.", autocompletion=notebooks)
    ] = "00-start-here",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: the first free one from 8888.")] = 0,
    dest: Annotated[Path | None, typer.Option("--dest", help="The folder for copies.", show_default="simkit-notebooks")] = None,
) -> None:
    """Open JupyterLab on a notebook, and serve it until Ctrl-C.

    In a clone notebooks are opened where they are; else they are copied, and a file that is there is never overwritten.
    """
    from .jupyter.lab import check, prepare, serve

    with told():
        check(port)  # before anything is copied
        path, done = prepare(notebook, dest)
        if done:
            say(done, soft_wrap=True)
        serve(path, _announce, port=port, browser=not no_browser)
    out.print("JupyterLab and its kernels have ended.")


def _announce(address: str) -> None:
    """A line with nothing but the address behind its label; its token is shown in a terminal only, never written into a log."""
    seen = out.is_terminal
    print(f"JupyterLab: {address if seen else address.partition('?token=')[0]}", flush=True)
    out.print("Ctrl-C ends it." if seen else "The token is not written here: jupyter server list shows it.\nCtrl-C ends it.")


def specs(incomplete: str) -> list[str]:
    """The specs of the library, for tab completion."""
    return _stems("specs", incomplete)


Level = Annotated[list[str] | None, typer.Option(help="BEHAVIOUR=VALUE; may stand several times.")]


@app.command(epilog="Example:  simkit trace general-assistant system-prompt --developer system-prompt=denies")
def trace(
    spec: Annotated[str, typer.Argument(help="A name from the library, or a path.", autocompletion=specs)],
    behaviour: Annotated[str, typer.Argument(help="The behaviour to decide; left out: all of the spec.")] = "",
    system: Level = None,
    developer: Level = None,
    user: Level = None,
    quoted: Level = None,
    tells: Annotated[list[str] | None, typer.Option(help="A situation that the user's message tells of.")] = None,
) -> None:
    """Decide a behaviour of a written spec after some messages; show a Model Spec, a section of it, or an AGENTS.md."""
    from .kinds import document
    from .spec import Message, decide, load

    with told():
        shown = document(spec, behaviour)
        rules = None if shown else load(spec)
    if rules is None or not behaviour:
        print(shown or rules)
        return
    said = {"system": system, "developer": developer, "user": user, "none": quoted}
    with told():
        messages = [
            Message(level=level, sets=dict([_setting(rules, item)]))  # type: ignore[arg-type]
            for level, items in said.items()
            for item in items or []
        ]
        messages += [Message(level="user", tells=tuple(tells))] if tells else []
        print(decide(rules, messages, behaviour).text)


def _setting(rules: Rules, item: str) -> tuple[str, str]:
    """A behaviour and its value from BEHAVIOUR=VALUE, or a ValueError."""
    from .text import suggest

    name, _, value = item.partition("=")
    known = rules.behaviour(name).places
    if value not in known:
        raise ValueError(f"{name} has no value {value!r}; {suggest(value, known)}")
    return name, value


register(app)
log_commands.register(app)
register_sweep(app)


@app.command(epilog="Example:  simkit new my-request.yaml && simkit check my-request.yaml")
def new(path: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")]) -> None:
    """Write a small commented scenario to start from."""
    from .files import library, write_text

    with told(writing=path):
        try:
            write_text(path, (library("scenarios") / "template" / "new.yaml").read_text(encoding="utf-8"), new=True)
        except FileExistsError:
            stop(f"{path} exists already: choose another name")
    say(f"Wrote {path}. Edit it, then: simkit check {path}", soft_wrap=True)


@app.command(epilog="Example:  simkit schema > scenario.schema.json")
def schema(spec: Annotated[bool, typer.Option("--spec", help="Of spec files instead.")] = False) -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check while one types."""
    from .scenario import Scenario
    from .schema import json_schema
    from .spec import Spec

    print(json.dumps(json_schema(Spec if spec else Scenario), indent=2))


# --- helpers ----------------------------------------------------------------------------------------------------------


def _load(scenario: str, context: str = "") -> Case:
    from .files import InvalidFile
    from .kinds import named
    from .scenario import load

    with told():
        try:
            case = load(scenario)
        except InvalidFile as error:
            raise named(scenario, error) from None
        return case.in_context(context) if context else case


def _policies(case: Case, files: list[Path], harm_weight: float | None) -> list[Policy]:
    """The candidates of a case, and beside them the policies in files."""
    from .policy import candidates, read

    *usual, best = candidates(case, harm_weight)
    with told():
        return [*usual, *(read(case, path) for path in files), best]


def _edited(case: Case, state: str, shares: list[str], overlap: float | None) -> Case:
    with told():
        case = case.in_state(state) if state else case
        pairs = [(item.partition("=")[0], _number(item)) for item in shares]
        case = case.with_shares(dict(pairs)) if pairs else case
        return case if overlap is None else case.with_overlap(overlap)


def _number(item: str) -> float:
    try:
        return float(item.partition("=")[2])
    except ValueError:
        raise ValueError(f"--share takes SEGMENT=SHARE, such as caregiver=0.2, not {item!r}") from None


def _save(found: Report, path: Path) -> None:
    from .plots import overview, save

    with told(writing=path):
        save(overview(found), path, found.heading)
        complain(f"The picture is in {path}.", style="")


def _print_sources(case: Case, scenario: str) -> None:
    """Where the shares come from, and what signals say."""
    from .scenario import load_record

    say("\nShares and their sources", style="bold")
    for segment in load_record(scenario).segments:
        share = segment.share
        note = f" Note: {share.note.strip()}" if share.note else ""
        value = f"{number(share.value)} ({number(share.low)} to {number(share.high)})"
        say(f"  {segment.name} {value}, {share.basis}: {share.source.strip()}.{note}")
    say("\nProbability of each signal, and the risk that it carries", style="bold")
    people = case.population
    for name, chance, risk in zip(people.signal_names, people.signal_chance, people.risk, strict=True):
        say(f"  {name}: sent by {percent(chance)}, harmful {percent(risk)}")


def main() -> None:
    """The entry point of the `simkit` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app()


if __name__ == "__main__":
    main()
