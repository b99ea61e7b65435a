"""Controls of the instruments: those that the browser answers by itself, and those that ask the kernel.

python benchmarks/controls.py [--keys N] [--slow]     # this part of latency.py alone: 4 minutes
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
from browser.pages import Notebook, Server, browser, served  # noqa: E402
from measuring import CONTROL_HEAD, METER, Row, new_row, opened, press, print_row  # noqa: E402
from slow_line import slow_line  # noqa: E402

#: What in the browser answers by itself: rows of the table are there already.
AT_ONCE = {"slider": ".simkit-slider input", "toggle": ".simkit-toggle input:checked"}
IN_BROWSER = {"chain": ("toggle",), "dial": ("slider", "toggle")}
#: What asks the kernel, by instrument; `simkit` is `explore`.
CONTROLS = {
    "simkit": {"harm weight": "slider", "share of at-risk": "slider", "context": "menu", "answered with": "menu"},
    "chain": {"behaviour": "menu"},
    "dial": {"trust in the model": "slider", "verification": "slider", "users of one model": "menu"},
    "trust": {"Open audit": "button"},
    "crowd": {"senders share": "menu"},
}
KEYS = {"slider": ("ArrowLeft", "ArrowRight"), "menu": ("ArrowUp", "ArrowDown"), "button": ("Enter", "Enter")}


def focus(page: Any, label: str, kind: str) -> None:
    if kind == "button":
        page.get_by_role("button", name=label).first.focus()
        return
    row = page.locator(".widget-hslider" if kind == "slider" else ".widget-dropdown").filter(has_text=label)
    row.locator("[role=slider], select").first.focus()


def kernel_controls(book: Notebook, rows: dict[str, Row], kinds: dict[str, str], keys: int) -> None:
    """Unfold, then move each control to and fro; what a button does is undone in between."""
    page = book.page
    page.get_by_role("button", name="More").click()
    page.locator(".simkit-side canvas").first.wait_for()
    time.sleep(1)
    page.evaluate(METER, {"kind": "stage", "positions": None})
    for label, row in rows.items():
        kind = kinds[label]
        for i in range(keys):
            back = kind == "button" and i % 2
            focus(page, "Undo" if back else label, kind)
            press(page, row, KEYS[kind][i % 2 == 0], 1500)


def at_once(context: Any, server: Server, root: Path, name: str, line: str, port: int | None, keys: int) -> list[Row]:
    """Arrow keys on slider and first toggle of an instrument: rows of the table that are in the browser already."""
    found = []
    with opened(context, server, root, name, port) as book:
        book.page.evaluate(METER, {"kind": "stage", "positions": None})
        for part in IN_BROWSER[name]:
            row = new_row(f"{part} of {name}", line)
            book.page.locator(AT_ONCE[part]).first.focus()
            for _ in range(keys):
                press(book.page, row, "ArrowRight", 1500)
            print_row(row, None)
            found.append(row)
    return found


def kernel_rows(
    context: Any, server: Server, root: Path, line: str, port: int | None, keys: int, name: str = "simkit"
) -> list[Row]:
    """The controls of an instrument that ask the kernel, and of `explore` all of them together."""
    kinds = CONTROLS[name]
    rows = {label: new_row(label if name == "simkit" else f"{name}: {label}", line) for label in kinds}
    with opened(context, server, root, name, port) as book:
        kernel_controls(book, rows, kinds, keys)
    for row in rows.values():
        print_row(row, None)
    if name != "simkit":
        return list(rows.values())
    every = Row("all of these", line, os.getloadavg()[0], float(np.mean([row.busy for row in rows.values()])))
    every.seen, every.painted = ([t for r in rows.values() for t in getattr(r, name)] for name in ("seen", "painted"))
    print_row(every, None)
    return [*rows.values(), every]


def instruments(context: Any, server: Server, root: Path, line: str, port: int | None, keys: int) -> list[Row]:
    """Everything of one line: what is there at once, and what the kernel is asked for."""
    found = kernel_rows(context, server, root, line, port, keys)
    for name in IN_BROWSER:
        found += at_once(context, server, root, name, line, port, keys)
    for name in CONTROLS:
        if name != "simkit":
            found += kernel_rows(context, server, root, line, port, keys, name)
    return found


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
                focus(page, *chance.choice(list(CONTROLS["simkit"].items())))
                page.keyboard.press(chance.choice(["ArrowUp", "ArrowDown"]))
                time.sleep(0.12)
            time.sleep(1)
            used.append(megabytes())
        assert not book.errors, book.errors
    return {"changes": changes, "kernel": [k for k, _ in used], "javascript": [j for _, j in used]}


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--keys", type=int, default=24, help="key presses for each control")
    options.add_argument("--slow", action="store_true", help="over a line that is 40 ms longer each way, too")
    chosen = options.parse_args()
    print(CONTROL_HEAD)
    with tempfile.TemporaryDirectory(prefix="controls-") as folder, browser() as context, served(Path(folder)) as server:
        instruments(context, server, Path(folder), "local", None, chosen.keys)
        if chosen.slow:
            with slow_line(server.port) as slow:
                instruments(context, server, Path(folder), "slow", slow, chosen.keys)


if __name__ == "__main__":
    main()
