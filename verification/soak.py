"""Random events on every instrument: no exception, flat memory, and in the end what a fresh instrument shows.

    python verification/soak.py [EVENTS] [NAME …]        10 000 events on each of five instruments, if nothing is said

An event sets a control, the slider, a button, or undoes or redoes.  Said are the events, the seconds, the memory held after
the first and the second half, and the models that `close()` leaves.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from ipywidgets.widgets import widget

from simkit import widgets

OPEN: dict[str, Callable[..., Any]] = {
    "explore": lambda **given: widgets.explore("medication-threshold", **given),
    "crowd": lambda **given: widgets.crowd("medication-threshold", **given),
    "dial": lambda **given: widgets.dial("medication-threshold", **given),
    "chain": lambda **given: widgets.chain(**given),
    "trust": lambda **given: widgets.trust("medication-threshold", **given),
    "releases": lambda **given: widgets.releases(**given),
    "references": lambda **given: widgets.references(**given),
}


def event(made: Any, rng: np.random.Generator) -> None:
    """One random thing that a reader may do."""
    what = rng.choice(["control", "slider", "button", "action", "undo", "redo"], p=[0.15, 0.4, 0.2, 0.1, 0.1, 0.05])
    table = made.table
    if what == "control" and made.controls:
        control = made.controls[str(rng.choice(list(made.controls)))]
        if not control.disabled:
            control.index = int(rng.integers(len(control.options)))
    elif what == "slider" and table.slider:
        made.stage.at = int(rng.integers(len(table.slider.values)))
    elif what == "button" and table.toggles:
        made.stage.pressed = [int(rng.integers(len(each.values))) for each in table.toggles]
    elif what == "action" and table.actions:
        made.act(int(rng.integers(len(table.actions))))
    elif what in ("undo", "redo"):
        getattr(made, what)()


def soak(name: str, events: int, seed: int = 0) -> tuple[int, int, int]:
    """Bytes that are held after each half of the events, and the models left in the end; an AssertionError otherwise."""
    rng, before, held = np.random.default_rng(seed), set(widget._instances), []
    made = OPEN[name]()
    for _ in range(2):
        for _ in range(events // 2):
            event(made, rng)
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0)
    fresh = OPEN[name](**asdict(made.settings))
    assert fresh.sentences == made.sentences, name
    assert fresh.stage.table == made.stage.table, name
    assert (fresh.stage.at, fresh.stage.pressed) == (made.stage.at, made.stage.pressed), name
    for each in (made, fresh):
        each.close()
    return held[0], held[1], len(set(widget._instances) - before)


def main() -> None:
    """Soak each instrument and say how it went."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    tracemalloc.start()
    for name in sys.argv[2:] or OPEN:
        start = time.perf_counter()
        first, second, left = soak(name, events)
        spent, grown = time.perf_counter() - start, (second - first) / 1e6
        print(
            f"{name}: {events} events in {spent:.0f} s; {first / 1e6:.1f} MB, then {grown:+.1f} MB; {left} models left",
            flush=True,
        )


if __name__ == "__main__":
    main()
