"""A stage: pictures, one slider and one sentence, drawn in the browser from a table that was sent once.

All that the slider can show is computed beforehand and lies in the browser, so a drag asks nobody: it is as smooth over a slow
line as on one's own machine.  The kernel is asked only when the table itself must change.  Every instrument stands on one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..plots import SENDERS, SENDERS_ON_DARK

HERE = Path(__file__).parent


class Stage(anywidget.AnyWidget):
    """The picture, the slider and the sentence.  `position` is where the slider rests, an index into the table's rows."""

    _esm = "".join((HERE / name).read_text(encoding="utf-8") for name in ("marks.js", "stage.js"))
    _css = HERE / "stage.css"
    table = traitlets.Dict().tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)
    unfolded = traitlets.Bool(False).tag(sync=True)
    peek = traitlets.Dict().tag(sync=True)
    """The next table where the slider stands, one row of it: shown until the whole table arrives."""

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
    panels: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """What a stage shows: for each of F positions of the slider a read-out, a sentence and a note, and pictures of all F.

    A ValueError unless there is one of each for every position.
    """
    if not 1 <= len(texts) == len(sentences) == len(notes):
        raise ValueError(f"one of each is needed: {len(texts)} read-outs, {len(sentences)} sentences, {len(notes)} notes")
    return {
        "slider": {"label": label, "texts": list(texts)},
        "sentences": list(sentences),
        "notes": list(notes),
        "panels": list(panels),
        "light": list(SENDERS),
        "dark": list(SENDERS_ON_DARK),
    }
