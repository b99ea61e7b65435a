"""What is chosen in an instrument: plain values that can be copied as a line of code and read back without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ..files import suggest

MAX_CODE = 5000
#: What a value of each annotation may be.
KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "float | None": (int, float, type(None)),
}
C = TypeVar("C", bound="Choices")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The choices of an instrument: fields with defaults, of plain types.  A ValueError names a value of another type."""

    unfolded: bool = False
    """Whether the controls below `More` are shown."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value, wanted = getattr(self, field.name), KINDS[str(field.type)]
            if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
                raise ValueError(f"{field.name} cannot be {value!r}")


def as_code(function: str, source: str, choices: Choices) -> str:
    """The line of Python that opens an instrument with these choices; what is as usual is left out."""
    usual = type(choices)()
    chosen = {field.name: getattr(choices, field.name) for field in fields(choices)}
    words = [f"{name}={value!r}" for name, value in chosen.items() if value != getattr(usual, name)]
    return f"simkit.widgets.{function}({', '.join([source, *words])})"


def from_code(text: str, kind: type[C], function: str = "", source: str = "") -> C:
    """The choices in a line that `as_code` wrote.  It is read, never run; a ValueError says what cannot be read.

    A line of another instrument than `function`, or about another case than `source`, is refused.
    """
    if len(text) > MAX_CODE:
        raise ValueError(f"settings are one line of at most {MAX_CODE} characters, not {len(text)}")
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("this is no line of settings; copy one, such as simkit.widgets.explore(case, declined=12)") from None
    if not isinstance(call, ast.Call):
        raise ValueError("settings are written as a call, such as simkit.widgets.explore(case, declined=12)")
    if function:
        _belongs(call, function, source)
    values: dict[str, Any] = {}
    for keyword in call.keywords:
        try:
            values[str(keyword.arg)] = ast.literal_eval(keyword.value)
        except ValueError:
            raise ValueError(f"{keyword.arg} needs a plain value: a number, a text in quotes, True, False or None") from None
    return chosen(kind, values)


def _belongs(call: ast.Call, function: str, source: str) -> None:
    """A ValueError if a call opens another instrument, or names another case or spec; a variable may be any of them."""
    opens = ast.unparse(call.func).rpartition(".")[2]
    if opens != function:
        raise ValueError(f"this line opens {opens}, not {function}: run it in a cell of its own")
    for given, here in zip(call.args, ast.parse(f"f({source})", mode="eval").body.args, strict=False):  # type: ignore[attr-defined]
        names = [each.value for each in (given, here) if isinstance(each, ast.Constant)]
        if len(set(names)) == 2:
            raise ValueError(f"this line is about {names[0]!r}, not {names[1]!r}: run it in a cell of its own")


def chosen(kind: type[C], values: dict[str, Any]) -> C:
    """Choices from names and values; a ValueError suggests a name for one that is unknown."""
    known = [field.name for field in fields(kind)]
    for name in values:
        if name not in known:
            raise ValueError(f"no setting is called {name!r}; {suggest(name, known)}")
    return kind(**values)
