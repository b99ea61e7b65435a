"""The questions that notebooks ask before they reveal anything, read off the notebooks without running them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

from ..codes import question_mark
from ..files import library


@dataclass(frozen=True)
class Question:
    """A prediction that is asked for: `name` is `01.2` for the second of notebook 01; the guess lies from `low` to `high`."""

    name: str
    asks: str
    low: int
    high: int
    unit: str = ""


#: What `predict` takes if it is not said.
USUAL = (("low", 0), ("high", 100), ("unit", ""))


@cache
def library_questions() -> dict[str, Question]:
    """The questions of all notebooks, by the marks that codes carry."""
    made: dict[str, Question] = {}
    for path in sorted(library("notebooks").glob("*.ipynb")):
        for number, call in enumerate(_predictions(path), 1):
            asks, named = _text(call.args[0]), {each.arg: each.value for each in call.keywords}
            low, high, unit = (ast.literal_eval(named.get(name, ast.Constant(usual))) for name, usual in USUAL)
            made[question_mark(asks.replace("…", ""))] = Question(f"{_short(path.stem)}.{number}", asks, low, high, unit)
    return made


@cache
def library_notebooks() -> dict[str, str]:
    """The names of all notebooks, by the names of their exercises: `thousand-users` is of `01-thousand-users`."""
    return {path.stem.partition("-")[2]: path.stem for path in sorted(library("notebooks").glob("*.ipynb"))}


def _short(notebook: str) -> str:
    """`01` of `01-thousand-users`, `further-03` of `further-03-chain-of-command`."""
    return "-".join(takewhile(lambda part: part.isdigit() or part == "further", notebook.split("-")))


def _predictions(path: Path) -> Iterator[ast.Call]:
    """The calls of `predict` in a notebook, in order."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "predict(" in source:
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "widgets.predict":
                    yield node


def _text(node: ast.expr) -> str:
    """A text in the code; what is computed inside it is three dots."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
