"""`simkit page`, `simkit site` and `simkit app`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..terminal import err, say, stop, told


class InstrumentKind(StrEnum):
    """The instruments that a page may show."""

    explore = "explore"
    crowd = "crowd"
    dial = "dial"
    chain = "chain"
    trust = "trust"
    argument = "argument"
    releases = "releases"
    references = "references"
    opinions = "opinions"
    pressure = "pressure"
    probes = "probes"
    tidy = "tidy"


def register(app: typer.Typer) -> None:
    """Give the three commands to an application."""
    app.command(epilog="Example:  simkit page medication-threshold --instrument dial --context vulnerable-platform")(page)
    app.command(epilog="Example:  simkit site --out public")(site)
    app.command("app", epilog="Example:  simkit app  |  simkit app --host 0.0.0.0 --no-browser")(menu)


def page(
    scenario: Annotated[str, typer.Argument(help="A name from the library, or a path; of releases and references, a release.")],
    instrument: Annotated[InstrumentKind, typer.Option("--instrument", "-i", help="What to show.")] = InstrumentKind.explore,
    context: Annotated[str, typer.Option("--context", "-c", help="An operator context of the file.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file to write.", show_default="INSTRUMENT-SCENARIO.html")
    ] = None,
) -> None:
    """Write an instrument as one HTML file that needs neither a kernel nor a network: for a course site or a slide."""
    _needs_widgets()
    from .folder import opened

    with told():
        made = opened(instrument.value, scenario, context)
    path = out or Path(f"{made.stage.name}{f'-{context}' if context else ''}.html")
    with told(writing=path):
        made.save(path)
    say(f"Wrote {path} ({path.stat().st_size / 1e3:.0f} kB). Open it in a browser, or show it in an <iframe>.")


def site(
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write; a site that is there is replaced.")],
    notebooks: Annotated[bool, typer.Option(help="Run the notebooks and show them, too: some minutes.")] = True,
) -> None:
    """Write pages of all instruments and scenarios, an index with their pictures, and the notebooks as they look when run."""
    _needs_widgets()
    from .folder import build

    try:
        if err.is_terminal:
            with err.status("") as line:
                build(out, notebooks=notebooks, say=line.update)
        else:
            build(out, notebooks=notebooks, say=lambda text: err.print(text, soft_wrap=True))
    except (FileExistsError, ModuleNotFoundError) as error:
        stop(error)
    except OSError as error:
        stop(f"{out} cannot be written: {error.strerror}")
    files = [path for path in out.rglob("*") if path.is_file()]
    say(f"Wrote {out / 'index.html'} and {len(files) - 1} more files, {sum(p.stat().st_size for p in files) / 1e6:.1f} MB.")


def menu(
    host: Annotated[str, typer.Option("--host", help="0.0.0.0: everybody in the network can visit.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Or the first free one near it.")] = 8866,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Serve the instruments by Voilà until Ctrl-C: a menu of cards, no code, a kernel of its own for each visitor."""
    _needs_widgets("voila")
    from .app import serve

    def announce(address: str) -> None:
        print(f"simkit app: {address}\nCtrl-C ends it.", flush=True)

    serve(announce, port=port, host=host, browser=not no_browser)


def _needs_widgets(*also: str) -> None:
    from importlib.util import find_spec

    missing = [name for name in ("ipywidgets", "anywidget", *also) if find_spec(name) is None]
    if missing:
        stop(f'this needs {", ".join(missing)}: pip install "policy-simkit[lab]"')
