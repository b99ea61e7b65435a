"""Saying something in a terminal: in its width, in the characters that it has, the free text of files as text."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from .text import Printed, Rows, encodable, fitted_table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
#: Bytes from which on reading takes a moment.
LARGE = 20_000_000


def say(text: str = "", **style: Any) -> None:
    """A paragraph, wrapped at the width of the terminal."""
    out.print(escape(encodable(text, out.encoding)), **style)


def complain(problem: Exception | str, style: str = "red") -> None:
    """What is wrong, or where something went: beside the output."""
    err.print(escape(encodable(str(problem), err.encoding)), style=style, soft_wrap=True)


def say_table(head: Sequence[str], rows: Rows) -> None:
    """A table in the width of the terminal, in several blocks if need be: names are not cut."""
    head, *rows = [[encodable(cell, out.encoding) for cell in row] for row in (head, *rows)]
    out.print(escape(fitted_table(head, rows, out.width)), soft_wrap=True)


def say_result(found: Printed) -> None:
    """A result: its title in bold, paragraphs and tables."""
    for i, part in enumerate(found._parts()):
        out.print(end=found._between[1:] if i else "")
        if isinstance(part, tuple):
            say_table(*part)
        else:
            say(str(part), style="" if i else "bold")


def stop(problem: Exception | str, code: int = 2) -> NoReturn:
    """Say what is wrong, and end the command."""
    complain(problem)
    raise typer.Exit(code) from None


@contextmanager
def told(writing: object = "") -> Iterator[None]:
    """A block in which what is wrong with a file (exit code 1), a word (2) or what is written (2) ends the command."""
    from .files import InvalidFile

    try:
        yield
    except InvalidFile as error:
        stop(error, 1)
    except ValueError as error:
        stop(error)
    except OSError as error:
        stop(f"{writing} cannot be written: {error.strerror}")


def say_json(value: Any) -> None:
    """Plain data for machines; characters that the terminal lacks are escaped."""
    print(json.dumps(value, indent=2, ensure_ascii="utf" not in (sys.stdout.encoding or "").lower(), allow_nan=False))


@contextmanager
def bar(what: str, path: Path) -> Iterator[Callable[[float], object]]:
    """A bar for reading a large file, where somebody looks on; it is told which fraction is done."""
    if not (err.is_terminal and path.is_file() and path.stat().st_size > LARGE):
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(console=err, transient=True) as shown:
        task = shown.add_task(escape(encodable(what, err.encoding)), total=1.0)
        yield lambda done: shown.update(task, completed=done)


def progress(what: str) -> AbstractContextManager[Any]:
    """A line that says what takes a moment, where somebody looks on."""
    return err.status(what) if err.is_terminal else nullcontext()
