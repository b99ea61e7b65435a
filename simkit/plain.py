"""Reading plain data without trusting it: what can be read is read, what is malformed is passed over."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from typing import Any, TypeGuard

from .files import Path_

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

#: Names that may be used; None where what declares them is itself broken, so that every name may be one.
Names = Collection[str] | None


def is_number(value: Any) -> TypeGuard[float]:
    """A finite number, and not a truth."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_chance(value: Any) -> TypeGuard[float]:
    """A number from 0 to 1."""
    return is_number(value) and 0 <= value <= 1


def table(value: Any, *steps: str) -> dict[str, Any]:
    """The mapping at `steps` below `value`, or an empty one."""
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(data: Any, key: str) -> list[tuple[int, dict[str, Any]]]:
    """The mappings in the list `data[key]`, with their positions."""
    value = data.get(key) if isinstance(data, dict) else None
    return [(i, item) for i, item in enumerate(value) if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def names(data: Any, key: str) -> list[str]:
    """The names of the mappings in the list `data[key]`, but for malformed ones."""
    return texts([item.get("name") for _, item in items(data, key)])


def texts(value: Any) -> list[str]:
    """The names in a list, but for malformed ones."""
    return [item for item in value if isinstance(item, str) and NAME.fullmatch(item)] if isinstance(value, list | tuple) else []


def listed(value: Any, path: Path_) -> list[tuple[Path_, Any]]:
    """The entries of a list, each with its path."""
    return [((*path, i), item) for i, item in enumerate(value)] if isinstance(value, list | tuple) else []


def whole(found: Sequence[str], value: Any) -> Names:
    """`found` as a set in its order, if these are all that the list `value` holds; else None, for who knows."""
    good = dict.fromkeys(found)
    return good if value is None or (isinstance(value, list | tuple) and len(good) == len(value)) else None


def known(data: Any, key: str) -> Names:
    """The names of the list `data[key]`; None if one of them is malformed or stands twice."""
    return whole(names(data, key), data.get(key))


def known_values(signal: dict[str, Any]) -> Names:
    """The values of a signal; None if there are none, or if one of them is malformed or stands twice."""
    return whole(texts(signal.get("values")), signal.get("values")) or None
