"""From a slider to new pixels: simkit's first instrument beside three peers that show the same picture.  One table, one run.

    python benchmarks/latency.py [--quick] [--json FILE]     # 15 minutes, or 6

Needs the `test` extra and Chromium; ipympl and plotly if they are to be measured.  All run in headless Chromium on a private
JupyterLab, each in its own page, with a slider from 0 to 1000 and the same 1000 dots (peers.py), which the peers have computed
beforehand: `interact` makes a new figure by `plots.dots` at each step, ipympl clears and redraws one, plotly updates one trace.

What a picture shows is read from it, in every frame (meter.js), so that no attribute can pass for a picture: simkit's canvas at
the centre of each of its 1000 dots, whose colours must add up to what `simkit.dots` says of that position; matplotlib's from
black and white squares drawn in the figure; of plotly's only the title's text, so its dots may be later than the table says.
No time is asserted, and a peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
from browser.pages import Notebook, Server, browser, served, write_notebook  # noqa: E402
from peers import CELLS, positions  # noqa: E402
from slow_line import slow_line  # noqa: E402

METER = (HERE / "meter.js").read_text(encoding="utf-8")
METHOD = """\
t0 is the time stamp of the key or pointer event.  "seen": the first frame at the end of which the new picture can be read from
its pixels; "painted": the next frame begins (up to 17 ms later than the eye; targets are held against it).  Median and 95%.
Drag: 60 mouse moves a second for 3 s; pictures that differ from the one before count, latency is from the newest event that
asked for them.  "last": drags after which the picture shows where the slider stands.  Controls: from a key to other pixels on
any canvas.  "slow": 40 ms more each way, 20 Mbit/s; "stock": without simkit's server extension, which all others have."""

HANDLES = {name: ".simkit-slider input" if name == "simkit" else ".noUi-handle" for name in CELLS}
PICTURES = {
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


#: The instruments whose toggles are measured, beside the pictures of `peers`.
TOGGLED = {"chain": "import simkit as sk\nsk.widgets.chain()"}


@contextmanager
def opened(context: Any, server: Server, root: Path, name: str, port: int | None = None) -> Iterator[Notebook]:
    """A page in which the cell of this name has run and its picture is there."""
    write_notebook(root / f"{name}.ipynb", {**CELLS, **TOGGLED}[name])
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


def measured(book: Notebook, row: Row, keys: int, drags: Sequence[float]) -> Row:
    """Key presses one by one, each awaited; then drags of so many seconds."""
    page = book.page
    page.evaluate(METER, {"kind": row.name, "positions": positions() if row.name == "simkit" else None})
    page.locator(HANDLES[row.name]).first.focus()
    for i in range(keys):
        press(page, row, "PageUp" if i % 10 == 9 else "ArrowRight")
    row.arrived = dragged(page, row, drags)
    row.reading = point(page.evaluate("() => meter.reads"), 0.5)
    row.disagreed = page.evaluate("() => meter.disagreed")
    return row


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


def dragged(page: Any, row: Row, drags: Sequence[float]) -> str:
    """Drags at 60 moves a second, there and back; the first is timed.  In how many the last position was shown in the end."""
    track = page.locator(".simkit-slider input" if row.name == "simkit" else ".noUi-target").first.bounding_box()
    handle = page.locator(HANDLES[row.name]).first
    handle.press("Home")
    assert page.evaluate("() => meter.arrives()"), "Home was not shown"
    left, right, y = track["x"] + 8, track["x"] + track["width"] - 8, track["y"] + track["height"] / 2
    arrived = 0
    page.mouse.move(left, y)
    for number, seconds in enumerate(drags):
        start, end = (left, right) if number % 2 == 0 else (right, left)
        end = start + (end - start) * min(1, seconds / 2) * (1 - 0.02 * number)
        page.mouse.move(start, y)
        page.mouse.down()
        begin, moves = page.evaluate("() => performance.now()"), round(60 * seconds)
        clock = time.perf_counter()
        for i in range(1, moves + 1):
            move_unawaited(page, start + (end - start) * i / moves, y)
            page.wait_for_timeout(max(0.0, 1000 * (clock + i / 60 - time.perf_counter())))
        took = time.perf_counter() - clock
        stop = page.evaluate("() => performance.now()")
        page.mouse.up()
        arrived += page.evaluate("() => meter.arrives()")
        time.sleep(0.5)
        if number == 0:
            found = page.evaluate("([from, to]) => meter.drag(from, to)", [begin, stop])
            row.drag_latency, row.frames_a_second, row.moves_a_second = found["latency"], found["count"] / took, moves / took
        handle.press("Home" if number % 2 else "End")
        page.evaluate("() => meter.arrives()")
    return f"{arrived}/{len(drags)}"


def move_unawaited(page: Any, x: float, y: float) -> None:
    """A mouse move that does not wait until the page has dealt with it, as real mice do; it leaves at the next call."""
    mouse = page.mouse
    asyncio.ensure_future(mouse._impl_obj.move(x, y, 1), loop=mouse._loop)  # noqa: RUF006


# --- controls that need the kernel ----------------------------------------------------------------------------------------

CONTROLS = {"harm weight": "slider", "share of at-risk": "slider", "context": "menu", "answered with": "menu"}


def focus(page: Any, label: str) -> None:
    row = page.locator(".widget-hslider" if CONTROLS[label] == "slider" else ".widget-dropdown").filter(has_text=label)
    row.locator("[role=slider], select").first.focus()


def kernel_controls(book: Notebook, rows: dict[str, Row], keys: int) -> None:
    """Unfold, then move each control to and fro."""
    page = book.page
    page.get_by_role("button", name="More").click()
    page.locator(".simkit-side canvas").first.wait_for()
    time.sleep(1)
    page.evaluate(METER, {"kind": "stage", "positions": None})
    for label, row in rows.items():
        for i in range(keys):
            focus(page, label)
            forth = i % 2 == 0
            press(
                page,
                row,
                {"slider": ("ArrowLeft", "ArrowRight"), "menu": ("ArrowUp", "ArrowDown")}[CONTROLS[label]][forth],
                1500,
            )


def toggled(context: Any, server: Server, root: Path, name: str, line: str, port: int | None, keys: int) -> Row:
    """Arrow keys on the first toggle of an instrument: rows of the table that are in the browser already."""
    row = new_row(f"toggle of {name}", line)
    with opened(context, server, root, name, port) as book:
        book.page.evaluate(METER, {"kind": "stage", "positions": None})
        book.page.locator(".simkit-toggle input:checked").first.focus()
        for _ in range(keys):
            press(book.page, row, "ArrowRight", 1500)
    print_row(row, None)
    return row


def memory(context: Any, server: Server, root: Path, changes: int) -> dict[str, Any]:
    """Megabytes of the kernel and of the page's JavaScript before and after random changes of those controls."""
    import psutil

    with opened(context, server, root, "simkit") as book:
        page, chance = book.page, random.Random(0)  # noqa: S311
        page.get_by_role("button", name="More").click()
        tools = context.new_cdp_session(page)
        pid = page.evaluate(
            """async () => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const ask = kernel.requestExecute({code: '', user_expressions: {pid: '__import__("os").getpid()'}});
                return Number((await ask.done).content.user_expressions.pid.data['text/plain']);
            }"""
        )

        def megabytes() -> list[float]:
            tools.send("HeapProfiler.collectGarbage")
            return [psutil.Process(pid).memory_info().rss / 1e6, tools.send("Runtime.getHeapUsage")["usedSize"] / 1e6]

        used = []
        for count in (20, changes // 2, changes - changes // 2):  # the first few fill caches
            for _ in range(count):
                focus(page, chance.choice(list(CONTROLS)))
                page.keyboard.press(chance.choice(["ArrowUp", "ArrowDown"]))
                time.sleep(0.12)
            time.sleep(1)
            used.append(megabytes())
        assert not book.errors, book.errors
    return {"changes": changes, "kernel": [k for k, _ in used], "javascript": [j for _, j in used]}


# --- the run --------------------------------------------------------------------------------------------------------------


def missing(name: str) -> str | None:
    """Why a peer cannot be measured, if it cannot."""
    try:
        version({"interact": "ipywidgets", "simkit": "policy-simkit"}.get(name, name))
    except PackageNotFoundError:
        return f"{name} is left out: it is not installed"
    return None


def run(root: Path, quick: bool) -> dict[str, Any]:
    """Everything, in one browser: pictures on a server as simkit sets it up, kernel controls on a stock one too."""
    keys, drags = (12, (3.0, 0.5)) if quick else (50, (3.0, 0.5, 1.0, 0.3, 0.7))
    skipped = [reason for reason in map(missing, CELLS) if reason]
    rows: list[Row] = []
    kernel: list[Row] = []
    with browser() as context:
        with started(root, True) as server, slow_line(server.port) as slow:
            print(PICTURE_HEAD)
            for line, port in (("local", None), ("slow", slow)):
                for name in CELLS:
                    if missing(name):
                        continue
                    row = new_row(name, line)
                    with opened(context, server, root, name, port) as book:
                        rows.append(measured(book, row, keys if port is None else keys // 2, drags))
                    print_row(row, next(r for r in rows if r.line == line))
            print(CONTROL_HEAD)
            for line, port in (("local", None), ("slow", slow)):
                kernel += kernel_rows(context, server, root, line, port, quick)
                kernel += [toggled(context, server, root, name, line, port, keys) for name in TOGGLED]
            used = memory(context, server, root, 60 if quick else 300)
        with started(root, False) as server:
            kernel += kernel_rows(context, server, root, "stock", None, quick)
    rows_of = {"pictures": [asdict(row) for row in rows], "kernel": [asdict(row) for row in kernel]}
    return {"versions": versions(), **rows_of, "memory": used, "skipped": skipped}


def started(root: Path, nodelay: bool) -> AbstractContextManager[Server]:
    """A server with simkit's extension (TCP_NODELAY), or a stock one."""
    return served(root, options=(f"--ServerApp.jpserver_extensions={{'simkit.server': {nodelay}}}",))


def kernel_rows(context: Any, server: Server, root: Path, line: str, port: int | None, quick: bool) -> list[Row]:
    rows = {label: new_row(label, line) for label in CONTROLS}
    with opened(context, server, root, "simkit", port) as book:
        kernel_controls(book, rows, 8 if quick else 24)
    for row in rows.values():
        print_row(row, None)
    every = Row("all of these", line, os.getloadavg()[0], float(np.mean([row.busy for row in rows.values()])))
    every.seen, every.painted = ([t for r in rows.values() for t in getattr(r, name)] for name in ("seen", "painted"))
    print_row(every, None)
    return [*rows.values(), every]


def versions() -> dict[str, str]:
    names = ("policy-simkit", "jupyterlab", "ipywidgets", "anywidget", "matplotlib", "ipympl", "plotly", "playwright")
    return {"python": platform.python_version()} | {name: version(name) for name in names if not missing(name)}


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


def print_verdicts(found: dict[str, Any]) -> None:
    """What the issue asks for, beside what was measured."""
    for line in ("local", "slow"):
        row = next(r for r in found["pictures"] if (r["name"], r["line"]) == ("simkit", line))
        middle, high = (point(row["painted"], q) for q in (0.5, 0.95))
        drag = f"{row['frames_a_second']:.0f} frames/s (at least 20), last position shown {row['arrived']}"
        disagreed = f"pixels and data-drawn disagreed {row['disagreed']} times"
        print(f"first view, {line}: median {middle:.0f} ms (at most 45), 95% {high:.0f} (60), {drag}, {disagreed}")
    for row in found["kernel"]:
        if row["name"] == "all of these":
            print(f"kernel controls, {row['line']}: median {point(row['painted'], 0.5):.0f} ms (locally at most 80)")
        elif row["name"].startswith("toggle"):
            middle, high = (point(row["painted"], q) for q in (0.5, 0.95))
            print(f"{row['name']}, {row['line']}: median {middle:.0f} ms (at most 45), 95% {high:.0f} (60)")
    used = found["memory"]
    for name in ("kernel", "javascript"):
        print(f"{name}: {' → '.join(f'{mb:.0f}' for mb in used[name])} MB, after 20 changes, half and all of {used['changes']}")


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="fewer key presses and drags")
    options.add_argument("--json", type=Path, help="save everything that was measured in this file")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="latency-") as folder:
        found = run(Path(folder), chosen.quick)
    print()
    print_verdicts(found)
    print(*found["skipped"], METHOD, ", ".join(f"{name} {value}" for name, value in found["versions"].items()), sep="\n")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
