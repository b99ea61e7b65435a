"""What every peer shares: the task as JSON on stdin, the answer as JSON on stdout, times and memory.  Needs no package.

The task: `users`, `level` of the quantile, `share` (segment), `signals` (segment, signal), `answer` (signal, response),
`harm` (segment, response) the chance of a harm, whose size is lognormal with `median` and `sigma`; `case`, `policy` and the
number of `policies` for simkit; `seconds` to spend, `worlds` that are enough.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

REPEATS = 25


def read_task() -> Any:
    return json.load(sys.stdin)


def reply(package: str, parts: dict[str, Any]) -> None:
    """The answer: the last line of stdout, whatever a package printed before."""
    try:
        number = version(package)
    except PackageNotFoundError:
        number = "of this clone"
    print("\n" + json.dumps({"version": number, "python": sys.version.split()[0], "megabytes": peak()} | parts))


def peak() -> float:
    """Peak resident memory of this process, MB.  Linux also counts the parent's in `ru_maxrss`, so ask /proc there."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def timed(function: Callable[[], Any]) -> tuple[Any, float, float]:
    """What the function returns, its processor and its wall time, seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    found = function()
    return found, time.process_time() - processor, time.perf_counter() - wall


def computed(package: str, task: Any, answers: dict[str, Callable[[], float]], cannot: str = "") -> None:
    """Reply with numbers that need no luck: first call in this process, then the median of many.  Time is per policy."""
    idle, parts, many = peak(), {}, task.get("policies", 1)
    for what, function in answers.items():
        value, first, _ = timed(function)
        runs = [timed(function)[1:] for _ in range(max(2, min(REPEATS, int(task["seconds"] / max(first, 1e-6)))))]
        seconds, wall = (sorted(times)[len(times) // 2] / many for times in zip(*runs, strict=True))
        parts[what] = {"value": value, "seconds": seconds, "wall": wall, "first": first / many}
    reply(package, parts | {"imports": idle, "cannot": cannot})


def simulated(package: str, task: Any, draw: Callable[[int], Any], block: int) -> None:
    """Reply with what was seen in as many worlds as the time allows, `draw(block)` totals at a time."""
    import numpy as np

    idle, spent, clock = peak(), 0.0, 0.0
    totals: list[Any] = []
    draw(1)
    while spent < task["seconds"] and len(totals) * block < task["worlds"]:
        found, processor, wall = timed(lambda: draw(block))
        totals.append(found)
        spent, clock = spent + processor, clock + wall
    seen = np.concatenate(totals)
    each = {"seconds": spent / len(seen), "wall": clock / len(seen)}
    enough = len(seen) * (1 - task["level"]) >= 10
    parts: dict[str, Any] = {"mean": each | {"value": float(seen.mean())}}
    parts["quantile"] = each | {"value": float(np.quantile(seen, task["level"])) if enough else None}
    reply(package, parts | {"worlds": len(seen), "imports": idle})
