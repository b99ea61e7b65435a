"""A stage: pictures, one slider and one sentence, drawn in the browser from a table that was sent once.

All that the slider can show is computed beforehand and lies in the browser, so a drag asks nobody: it is as smooth over a slow
line as on one's own machine.  The kernel is asked only when the table itself must change.  Every instrument stands on one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..plots import SENDERS, SENDERS_ON_DARK
from .panels import pointed

HERE = Path(__file__).parent


def sent(table: dict[str, Any], _: Any = None) -> dict[str, Any]:
    """A table as it goes to the browser: sentences and notes that many rows share go once."""
    return table | {name: pointed(table[name]) for name in ("sentences", "notes") if name in table}


class Stage(anywidget.AnyWidget):
    """The picture, the slider and the sentence.  `position` is where slider and toggles rest: a row of the table."""

    _esm = "".join((HERE / name).read_text(encoding="utf-8") for name in ("marks.js", "path.js", "stage.js"))
    _css = HERE / "stage.css"
    table = traitlets.Dict().tag(sync=True, to_json=sent)
    position = traitlets.Int(0).tag(sync=True)
    unfolded = traitlets.Bool(False).tag(sync=True)
    peek = traitlets.Dict().tag(sync=True, to_json=sent)
    """The next table where the slider stands, one row of it: shown until the whole table arrives.

    A panel that takes long is None in it, or left out at the end: the last one stays, and fades if the whole is long in coming.
    """

    def show(self, table: dict[str, Any], position: int | None = None) -> None:
        """Put up a table (see `table`), and perhaps move the slider; both arrive in the browser together."""
        last = len(table["sentences"]) - 1
        with self.hold_sync():
            self.table = table
            self.position = min(self.position if position is None else position, last)


def table(
    *,
    label: str,
    texts: Sequence[str],
    sentences: Sequence[str],
    notes: Sequence[str],
    panels: Sequence[dict[str, Any] | None],
    toggles: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """What a stage shows: a read-out for each of F positions of the slider; a sentence, a note and pictures for each row.

    Without `toggles` there are F rows.  Each of these (see `toggle`) multiplies them by its options: a row is counted with the
    first toggle slowest and the slider fastest.  A ValueError unless there is a sentence and a note for every row.
    """
    rows = len(texts) * math.prod(len(each["options"]) for each in toggles)
    if not 1 <= rows == len(sentences) == len(notes):
        raise ValueError(f"one of each is needed: {rows} rows, {len(sentences)} sentences, {len(notes)} notes")
    return {
        "slider": {"label": label, "texts": list(texts)},
        "toggles": list(toggles),
        "sentences": list(sentences),
        "notes": list(notes),
        "panels": list(panels),
        "light": list(SENDERS),
        "dark": list(SENDERS_ON_DARK),
    }


def toggle(label: str, options: Sequence[str], *, first: bool = True) -> dict[str, Any]:
    """Buttons of which one is pressed, drawn in the browser; `first`: shown before the stage unfolds."""
    return {"label": label, "options": list(options), "first": first}
