"""Numbers and texts as a stage takes them: rows of packed numbers, and texts that each go once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def packed(
    rows: ArrayLike | dict[str, Any], kind: str = "float32", *, every: int = 1, at: ArrayLike | None = None
) -> dict[str, Any]:
    """Numbers for the browser: (F, n), a row for each row of the table, or for `every` so many; or one row (n,) for all.

    Fewer rows than the table has are used again from the first on.  `at` (P,) says for each of P rows of the table which row of
    numbers it shows: for rows that many positions share.  What is packed already stays as it is.
    """
    if isinstance(rows, dict):
        return rows
    array = np.atleast_2d(np.asarray(rows)).astype(kind)
    made = {"data": array.tobytes(), "type": kind, "columns": array.shape[1], "every": every}
    return made if at is None else made | {"at": packed(np.reshape(at, (-1, 1)), "int16")}


def told(values: Any) -> Any:
    """Numbers for a legend: what is less than a billionth of the largest is nothing.  What is packed already stays as it is."""
    if isinstance(values, dict):
        return values
    sizes = np.abs(np.asarray(values, dtype=float))
    return np.where(sizes < 1e-9 * np.max(sizes, initial=0.0, where=np.isfinite(sizes)), 0.0, values)


def unpacked(given: dict[str, Any], positions: int | None = None) -> np.ndarray:
    """The rows of `packed` as the browser reads them, one for each of so many positions (None: as many as were given)."""
    rows = np.frombuffer(given["data"], given["type"]).reshape(-1, given["columns"])
    if positions is None:
        return rows if "at" not in given else rows[unpacked(given["at"])[:, 0]]
    at = unpacked(given["at"], positions)[:, 0] if "at" in given else np.arange(positions) // given["every"]
    return rows[at % len(rows)]


def pointed(texts: Sequence[str]) -> dict[str, Any]:
    """Texts (P,), one for each row of the table, for the browser: each is sent once and pointed to."""
    words = list(dict.fromkeys(texts))
    place = {word: i for i, word in enumerate(words)}
    at = np.array([place[text] for text in texts])
    every = math.gcd(len(at), *(np.flatnonzero(np.diff(at)) + 1).tolist())  # so many rows always share a text
    return {"words": words, "at": packed(at[::every, None], "int16" if len(words) < 2**15 else "int32", every=every)}


def indexed(tables: Mapping[str, Sequence[Sequence[str | None]]], **shared: Any) -> dict[str, Any]:
    """Tables of texts (F, n) as indices into one list of words, −1 where there is none."""
    words = list(dict.fromkeys(text for rows in tables.values() for row in rows for text in row if text is not None))
    place: dict[str | None, int] = {None: -1} | {word: i for i, word in enumerate(words)}
    indices = {n: packed([[place[text] for text in row] for row in rows], "int16", **shared) for n, rows in tables.items()}
    return {"words": words, **indices}
