"""What public functions are given: checked at one door, so that what makes no sense is refused with the argument and the rule.

`guard(__name__)` at the end of a room makes each of its public functions, and each of its records that checks itself, refuse
arguments of another kind than their annotations state.  What is of the right kind and out of range they refuse themselves.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from functools import partial, wraps
from itertools import chain, cycle
from numbers import Real
from typing import Any, Literal, get_args, get_origin

import numpy as np
from numpy.typing import NDArray

from .text import printable, suggest

Floats = NDArray[np.float64]
#: Makes what a function uses of what it is given, or raises an error that names the argument.
Check = Callable[[str, Any], Any]


def real_numbers(name: str, value: Any, *, nan: bool = False) -> Floats:
    """`value` as a float array of any shape; a ValueError that names the argument for what is no number (nan unless `nan`)."""
    array = None
    try:
        given = np.asarray(value)
        if given.dtype.kind in "biuf" or (given.dtype.kind == "O" and all(isinstance(one, Real) for one in given.ravel())):
            array = given.astype(float)
    except (TypeError, ValueError, OverflowError):  # a ragged list, an integer beyond all floats, …
        pass
    if array is None or (not nan and np.isnan(array).any()):
        raise ValueError(f"{name} must be a number or an array of numbers, not {_said(value)}")
    return array


def _said(value: Any) -> str:
    return printable(repr(value) if not isinstance(value, int) or abs(value) < 10**20 else "an integer beyond 10^20", 60)


def _float(name: str, value: Any) -> Any:
    if real_numbers(name, value, nan=True).ndim:
        raise ValueError(f"{name} must be one number, not {_said(value)}")
    return value


def _int(name: str, value: Any) -> int:
    number = float(_float(name, value))
    if not (number.is_integer() and number >= 0):  # whatever is counted: users, runs, worlds, months
        raise ValueError(f"{name} must be a whole number from 0 up, not {_said(value)}")
    return int(value)


def _array(name: str, value: Any) -> Any:
    if not real_numbers(name, value, nan=True).size:  # nan is refused by the rule of whoever uses it
        raise ValueError(f"{name} must hold at least one number")
    return value


def _one_of(words: tuple[Any, ...]) -> Check:
    def check(name: str, value: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            near = suggest(value, words) if isinstance(value, str) else ""
            hint = f"; {near}" if near.startswith("did") else ""
            known = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
            raise ValueError(f"{name} must be {known}, not {_said(value)}{hint}")
        return value

    return check


def _like(kinds: tuple[Any, ...]) -> Check:
    """A value of one of some kinds: classes, unions of them, collections of them, mappings from names."""

    def check(name: str, value: Any) -> Any:
        if isinstance(value, Iterator):
            value = tuple(value)
        if not any(map(partial(_fits, value), kinds)):
            wanted = " or ".join(f"a {kind.__name__}" if isinstance(kind, type) else str(kind) for kind in kinds)
            raise TypeError(f"{name} must be {re.sub(r'(collections.abc|simkit)[.](.*[.])?', '', wanted)}, not {_said(value)}")
        return value

    return check


def _fits(value: Any, kind: Any) -> bool:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(isinstance(key, str | tuple) for key in value)
    if origin in (Iterable, Sequence, tuple):
        some = isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
        told = isinstance(inside[0], type) and inside[0] is not float
        return some and not (told and any(not isinstance(one, inside[0]) for one in value))
    return isinstance(value, kind)


_NUMBERS: dict[str, Check] = {"float": _float, "int": _int, "ArrayLike": _array, "Numbers": _array}
#: What has a door of its own (paths: `files`), or is whatever it is.
_FREE = {"Path", "bool", "object", "ArrayLike", "Numbers", "Floats", "Ints", "Bools", "Any", "Reading", "Overseer"}


def _check(stated: str, names: dict[str, Any]) -> Check | None:
    """How an argument with this annotation is checked; None if it is not."""
    parts = [part for part in re.split(r" \| (?![^\[]*\])", stated) if part != "None"]
    check = _NUMBERS.get(parts[0]) if len(parts) == 1 else None
    if check is None and not _FREE.intersection(parts):
        try:
            kinds = tuple(eval(part, names) for part in parts)  # noqa: S307 (our own annotations)
        except NameError:  # a name that is there for type checkers only
            return None
        if get_origin(kinds[0]) is Literal:
            check = _one_of(get_args(kinds[0]))
        elif all(_is_kind(kind) for kind in kinds):
            check = _like(kinds)
    if check is None or stated == parts[0]:
        return check
    return (lambda name, value: None if value is None else check(name, value)) if " | None" in stated else check


def _is_kind(kind: Any) -> bool:
    """Whether values can be told to be of a kind: not of protocols and calls."""
    whole = get_origin(kind) in (Mapping, Iterable, Sequence, tuple) or isinstance(kind, types.UnionType)
    return whole or (isinstance(kind, type) and not hasattr(kind, "_is_protocol") and get_origin(kind) is None)


def _at_once(stated: str, names: dict[str, Any], check: Check | None) -> tuple[type, ...]:
    """The classes of whose values nothing else is asked: most calls are let through by these alone."""
    if check is None:
        return (object,)
    parts = stated.split(" | ")
    if any(part in ("int", "Literal") or "[" in part for part in parts):
        return ()
    found = [float if part in _NUMBERS else type(None) if part == "None" else eval(part, names) for part in parts]  # noqa: S307
    return tuple(kind for kind in found if isinstance(kind, type))


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which first checks its arguments by their annotations (read at the first call)."""
    parameters = inspect.signature(function).parameters
    names = list(parameters)
    several = [name for name, each in parameters.items() if each.kind is each.VAR_POSITIONAL]
    in_order = names[: names.index(several[0])] if several else names
    checks: dict[str, Check] = {}
    plain: dict[str, tuple[type, ...]] = {}
    first: list[tuple[type, ...]] = []

    @wraps(function)
    def checking(*given: Any, **named: Any) -> Any:
        if not checks:
            stated = {name: str(hint) for name, hint in function.__annotations__.items()}
            found = {name: _check(stated.get(name, "Any"), function.__globals__) for name in names}
            plain.update({n: _at_once(stated.get(n, "Any"), function.__globals__, check) for n, check in found.items()})
            first.extend(plain[name] for name in in_order)
            checks.update({name: check or (lambda _, value: value) for name, check in found.items()})
        at_once = len(given) <= len(first) and all(map(isinstance, given, first))
        if at_once and all(isinstance(value, plain.get(name, ())) for name, value in named.items()):
            return function(*given, **named)
        used = [checks[name](name, value) for name, value in zip(chain(in_order, cycle(several)), given, strict=False)]
        more = {name: checks[name](name, value) if name in checks else value for name, value in named.items()}
        try:
            return function(*used, *given[len(used) :], **more)
        except ValueError as error:
            if re.match("operands could not be broadcast|shape mismatch", str(error)):
                shapes = _shapes([*zip(in_order, used, strict=False), *more.items()])
                raise ValueError(f"arrays must have shapes that fit together, not {shapes}") from error
            raise

    return checking


def _shapes(given: Iterable[tuple[str, Any]]) -> str:
    """The shapes of those arguments that are arrays."""
    shapes = {name: np.shape(value) for name, value in given if isinstance(value, int | float | list | tuple | np.ndarray)}
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items())


def guard(module: str) -> None:
    """Make every public function of a module, and every dataclass with a `__post_init__`, check the kinds of its arguments."""
    room = vars(sys.modules[module])
    for name, found in list(room.items()):
        if name.startswith("_") or getattr(found, "__module__", "") != module:
            continue
        if isinstance(found, types.FunctionType):
            room[name] = _guarded(found)
        elif isinstance(found, type) and is_dataclass(found) and "__post_init__" in vars(found):
            setattr(found, "__init__", _guarded(found.__init__))  # noqa: B010 (mypy has no other way)
