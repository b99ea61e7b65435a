"""Saying something in a terminal: in its width, in the characters that it has, the free text of files as text."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console
from rich.markup import escape

from .text import encodable, fitted_table

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def say(text: str = "", **style: Any) -> None:
    """A paragraph, wrapped at the width of the terminal."""
    out.print(escape(encodable(text, out.encoding)), **style)


def complain(problem: Exception | str, style: str = "red") -> None:
    """What is wrong, or where something went: beside the output."""
    err.print(escape(encodable(str(problem), err.encoding)), style=style, soft_wrap=True)


def say_table(head: list[str], rows: list[list[str]]) -> None:
    """A table in the width of the terminal, in several blocks if need be: names are not cut."""
    head, *rows = [[encodable(cell, out.encoding) for cell in row] for row in (head, *rows)]
    out.print(escape(fitted_table(head, rows, out.width)), soft_wrap=True)


def say_json(value: Any) -> None:
    """Plain data for machines; characters that the terminal lacks are escaped."""
    print(json.dumps(value, indent=2, ensure_ascii="utf" not in (sys.stdout.encoding or "").lower(), allow_nan=False))


def progress(what: str) -> AbstractContextManager[Any]:
    """A line that says what takes a moment, where somebody looks on."""
    return err.status(what) if err.is_terminal else nullcontext()
