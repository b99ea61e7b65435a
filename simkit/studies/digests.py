"""What tells whether two values are the same, also in another process: a digest of all that they are made of."""

from __future__ import annotations

import copyreg
import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

#: Kinds whose `repr` says all.
PLAIN = (bool, int, float, complex, str, bytes, types.NoneType, range)


def digest(value: Any) -> str:
    """A digest of a value: of numbers, texts, arrays, collections and records by what they hold; of a function by its source,
    its defaults, the values in its closure, and the constants and functions of its module that it uses.
    """
    return hashlib.sha256(b"\n".join(_parts(value, ()))).hexdigest()


def _parts(value: Any, above: tuple[int, ...]) -> Iterator[bytes]:
    kind = type(value)
    if kind in PLAIN or (kind in (tuple, list) and all(type(each) in PLAIN for each in value)):
        yield repr(value).encode(errors="surrogatepass")
        return
    yield f"{kind.__module__}.{kind.__qualname__}".encode()
    if id(value) in above:  # a function that calls itself, a list that holds itself
        return
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind != "O":
        yield f"{value.dtype.str}{value.shape}".encode()
        yield value.tobytes()
        return
    yield b"("
    for each in _inside(value):
        yield from _parts(each, (*above, id(value)))
    yield b")"


def _inside(value: Any) -> list[Any]:
    """What a value is made of."""
    if isinstance(value, np.ndarray):
        return [value.shape, value.tolist()]
    if isinstance(value, Mapping):
        return [list(pair) for pair in value.items()]
    if isinstance(value, Set):
        return sorted(map(digest, value))
    if isinstance(value, tuple | list):
        return list(value)
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, types.MethodType):
        return [value.__func__, value.__self__]
    if isinstance(value, types.FunctionType):
        return _function(value)
    if isinstance(value, type):
        return [value.__module__, value.__qualname__, _source(value)]
    if is_dataclass(value):
        return [type(value), *(getattr(value, each.name) for each in fields(value))]
    return [getattr(value, "__wrapped__", None), *_state(value)]


def _state(value: Any) -> list[Any]:
    """What pickle would keep of any other object; its name alone, if pickle cannot keep it."""
    try:
        kept = value.__reduce_ex__(4)
    except (TypeError, AttributeError, ValueError):
        return [str(getattr(value, "__qualname__", ""))]
    if isinstance(kept, str):
        return [str(getattr(value, "__module__", "")), kept]
    made, args, *more = kept
    how = [] if made in (copyreg.__newobj__, copyreg.__newobj_ex__) else [made.__module__, made.__qualname__]  # type: ignore[attr-defined]
    return [*how, list(args), *(list(each) if isinstance(each, Iterator) else each for each in more)]


def _function(function: types.FunctionType) -> list[Any]:
    room, code = function.__globals__, _code(function.__code__)
    source = _source(function)
    used = {name: room[name] for name in sorted(code[1]) if name in room and _constant(room[name], room)}
    held = [_content(cell) for cell in function.__closure__ or ()]
    exact = code[0] if not source or function.__name__ == "<lambda>" else []  # several lambdas may stand on one line
    name = [function.__module__, function.__qualname__, source]
    return [*name, exact, function.__defaults__, function.__kwdefaults__, held, used]


def _constant(value: Any, room: Mapping[str, Any]) -> bool:
    """Whether a global is a constant, or a function of the same module."""
    return type(value) in (*PLAIN, tuple, frozenset) or (isinstance(value, types.FunctionType) and value.__globals__ is room)


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _code(code: types.CodeType) -> tuple[list[Any], set[str]]:
    """What a function's code does, and the names that it uses, also in functions inside it."""
    names, constants = set(code.co_names), []
    for each in code.co_consts:
        inner, more = _code(each) if isinstance(each, types.CodeType) else (each, set())
        constants.append(inner)
        names |= more
    return [code.co_code, code.co_names, code.co_varnames, constants], names


def _source(of: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(of)
    except (OSError, TypeError):
        return ""
