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
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
from browser.pages import Notebook, Server, browser, served  # noqa: E402
from controls import instruments, kernel_rows, memory  # noqa: E402
from measuring import CONTROL_HEAD, METER, PICTURE_HEAD, Row, new_row, opened, point, press, print_row  # noqa: E402
from peers import CELLS, positions  # noqa: E402
from slow_line import slow_line  # noqa: E402

METHOD = """\
t0 is the time stamp of the key or pointer event.  "seen": the first frame at the end of which the new picture can be read from
its pixels; "painted": the next frame begins (up to 17 ms later than the eye; targets are held against it).  Median and 95%.
Drag: 60 mouse moves a second for 3 s; pictures that differ from the one before count, latency is from the newest event that
asked for them.  "last": drags after which the picture shows where the slider stands.  Controls: from a key to other pixels on
any canvas.  "slow": 40 ms more each way, 20 Mbit/s; "stock": without simkit's server extension, which all others have."""

HANDLES = {name: ".simkit-slider input" if name == "simkit" else ".noUi-handle" for name in CELLS}


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
                kernel += instruments(context, server, root, line, port, 8 if quick else 24)
            used = memory(context, server, root, 60 if quick else 300)
        with started(root, False) as server:
            kernel += kernel_rows(context, server, root, "stock", None, 8 if quick else 24)
    rows_of = {"pictures": [asdict(row) for row in rows], "kernel": [asdict(row) for row in kernel]}
    return {"versions": versions(), **rows_of, "memory": used, "skipped": skipped}


def started(root: Path, nodelay: bool) -> AbstractContextManager[Server]:
    """A server with simkit's extension (TCP_NODELAY), or a stock one."""
    return served(root, options=(f"--ServerApp.jpserver_extensions={{'simkit.jupyter.server': {nodelay}}}",))


def versions() -> dict[str, str]:
    names = ("policy-simkit", "jupyterlab", "ipywidgets", "anywidget", "matplotlib", "ipympl", "plotly", "playwright")
    return {"python": platform.python_version()} | {name: version(name) for name in names if not missing(name)}


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
        elif row["name"].startswith(("slider of ", "toggle of ")):
            middle, high = (point(row["painted"], q) for q in (0.5, 0.95))
            print(f"{row['name']}, {row['line']}: median {middle:.0f} ms (at most 45), 95% {high:.0f} (60)")
        elif ": " in row["name"]:
            print(f"{row['name']}, {row['line']}: median {point(row['painted'], 0.5):.0f} ms (locally at most 80)")
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
