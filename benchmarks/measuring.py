"""What every measurement of latency does: open a page, press a key, wait for its pixels, and say how long that took."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
from browser.pages import Notebook, Server, write_notebook  # noqa: E402
from peers import CELLS  # noqa: E402

METER = (HERE / "meter.js").read_text(encoding="utf-8")
#: The instruments of which slider, toggles and controls are measured, beside the pictures of `peers`.
INSTRUMENTS = {
    "chain": "import simkit as sk\nsk.widgets.chain()",
    "crowd": "import simkit as sk\nsk.widgets.crowd('medication-threshold')",
    "dial": "import simkit as sk\nsk.widgets.dial('medication-threshold', context='vulnerable-platform')",
    "trust": "import simkit as sk\nsk.widgets.trust('medication-threshold', context='vulnerable-platform')",
}
PICTURES = {
    "crowd": ".simkit-chart canvas",
    "simkit": ".simkit-dots canvas",
    "interact": "img",
    "ipympl": ".jupyter-matplotlib canvas >> visible=true",
    "plotly": ".gtitle",
}


@dataclass
class Row:
    """What one technique did on one line; times in ms."""

    name: str
    line: str
    load: float
    busy: float
    seen: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)
    missed: int = 0
    drag_latency: list[float] = field(default_factory=list)
    frames_a_second: float = float("nan")
    moves_a_second: float = float("nan")
    arrived: str = ""
    reading: float = float("nan")
    disagreed: int = 0


def point(times: Sequence[float], q: float) -> float:
    return float(np.quantile(times, q)) if len(times) else float("nan")


def new_row(name: str, line: str) -> Row:
    """A row with the load of the machine now, and the part of it that is busy while nothing is asked of us."""
    import psutil

    return Row(name, line, os.getloadavg()[0], psutil.cpu_percent(interval=1))


@contextmanager
def opened(context: Any, server: Server, root: Path, name: str, port: int | None = None) -> Iterator[Notebook]:
    """A page in which the cell of this name has run and its picture is there."""
    write_notebook(root / f"{name}.ipynb", {**CELLS, **INSTRUMENTS}[name])
    book = Notebook(context, server, f"{name}.ipynb", port)
    try:
        book.run()
        book.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.widgets.forEach(c => { c.inputHidden = true; })"
        )
        book.page.locator(PICTURES.get(name, PICTURES["simkit"])).first.wait_for()
        time.sleep(1.5)
        yield book
    finally:
        book.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        book.page.close()


def press(page: Any, row: Row, key: str, patience: float = 3000) -> None:
    """One key press; waits for its picture, and a little longer, so that nothing is under way at the next."""
    before = page.evaluate("() => meter.asks.length")
    page.keyboard.press(key)
    times = page.evaluate("([before, patience]) => meter.answer(before, patience)", [before, patience])
    if times is None:
        row.missed += 1
    else:
        row.seen.append(times[0])
        row.painted.append(times[1])
    time.sleep(random.uniform(0.15, 0.4))  # noqa: S311


PICTURE_HEAD = """
                slider to pixels, ms                         drag for 3 s             reading  not   load  other
picture    line    seen  painted  95%  × simkit  frames/s  latency  95%  last  moves/s    ms  shown   avg  CPU %"""
CONTROL_HEAD = """
                         event to pixels, ms          not  load  other
other control      line     seen  painted  95%      shown   avg  CPU %"""


def print_row(row: Row, base: Row | None) -> None:
    """A line of the table; `base` is simkit's row on this line, None for a kernel control."""
    middle, high = point(row.painted, 0.5), point(row.painted, 0.95)
    times = f"{point(row.seen, 0.5):8.0f}{middle:9.0f}{high:5.0f}"
    about = f"{row.missed:7}{row.load:6.1f}{row.busy:7.0f}"
    if base is None:
        print(f"{row.name:18} {row.line:5}{times}{'':4}{about}", flush=True)
        return
    drag = f"{row.frames_a_second:10.0f}{point(row.drag_latency, 0.5):9.0f}{point(row.drag_latency, 0.95):5.0f}{row.arrived:>6}"
    print(
        f"{row.name:10} {row.line:5}{times}{middle / point(base.painted, 0.5):10.1f}{drag}{row.moves_a_second:9.0f}"
        f"{row.reading:6.1f}{about}",
        flush=True,
    )
