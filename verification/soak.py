"""Random events on every instrument: no exception, flat memory, and in the end what a fresh instrument shows.

    python verification/soak.py [EVENTS] [NAME …]             10 000 events on each instrument, if nothing is said
    python verification/soak.py --pages [EVENTS] [NAME …]     500 events on each instrument's page in Chromium

An event sets a control, the slider, a button, or undoes or redoes.  Said are the events, the seconds, the memory held after
the first and the second half, and the models that `close()` leaves.  A page without a kernel must write nothing to the console,
and the link of where it ends must open it there.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
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
    "argument": lambda **given: widgets.argument(**given),
    "opinions": lambda **given: widgets.opinions(**given),
    "pressure": lambda **given: widgets.pressure("medication-threshold", **given),
    "tidy": lambda **given: widgets.tidy(**given),
}
#: So many random events on slider, buttons, More, Undo and Redo of a page, and what is seen in the end.
EVENTS = """async ([count, seed]) => {
    let state = seed + 1;
    const any = (many) => { state = (state * 48271) % 2147483647; return state % many; };
    const pick = (where) => {
        const all = [...document.querySelectorAll(where)].filter((each) => each.offsetParent && !each.disabled);
        return all[any(all.length || 1)];
    };
    for (let i = 0; i < count; i++) {
        const slider = pick(".simkit-travel input");
        if (slider && any(10) < 6) {
            slider.value = any(Number(slider.max) + 1);
            slider.dispatchEvent(new Event("input"));
            if (any(2)) slider.dispatchEvent(new Event("change"));
        } else pick(".simkit-toggle input, .simkit-end, .simkit-more, .simkit-tools > button")?.click();
        await new Promise((done) => setTimeout(done, any(20) ? 4 : 300));
    }
    await new Promise((done) => setTimeout(done, 500));
}"""
SEEN = """() => {
    const pictures = [...document.querySelectorAll("figure > canvas")].map((each) => each.hidden || each.toDataURL());
    const said = [...document.querySelectorAll("li, p, output")].map((each) => each.innerText);
    return JSON.stringify([document.querySelector(".simkit-stage").dataset.drawn, said, pictures]);
}"""


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


def soak_page(context: Any, name: str, folder: Path, events: int, seed: int = 0) -> None:
    """Random events on an instrument's page; an AssertionError if it complains, or if its link opens something else."""
    made, wrong = OPEN[name](), []  # type: ignore[var-annotated]
    page, fresh = context.new_page(), context.new_page()
    for each in (page, fresh):
        each.on("pageerror", lambda error: wrong.append(str(error)))
        each.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.goto(made.save(folder / f"{name}.html").as_uri())
    page.wait_for_selector(".simkit-stage[data-drawn]")
    page.evaluate(EVENTS, [events, seed])
    fresh.goto(page.url)
    fresh.wait_for_selector(".simkit-stage[data-drawn]")
    fresh.wait_for_timeout(300)
    assert fresh.evaluate(SEEN) == page.evaluate(SEEN), f"{name}: {page.url}"
    assert not wrong, f"{name}: {wrong}"
    for each in (page, fresh, made):
        each.close()


def soak_pages(names: list[str], events: int) -> None:
    """Soak the page of each instrument and say how it went."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from browser.pages import browser

    with tempfile.TemporaryDirectory(prefix="soak-") as folder, browser() as context:
        for name in names:
            start = time.perf_counter()
            soak_page(context, name, Path(folder), events)
            print(
                f"page of {name}: {events} events in {time.perf_counter() - start:.0f} s; its link opens the same", flush=True
            )


def main() -> None:
    """Soak each instrument and say how it went."""
    given = [word for word in sys.argv[1:] if word != "--pages"]
    pages = "--pages" in sys.argv
    events = int(given.pop(0)) if given and given[0].isdecimal() else 500 if pages else 10_000
    if pages:
        soak_pages(given or list(OPEN), events)
        return
    tracemalloc.start()
    for name in given or OPEN:
        start = time.perf_counter()
        first, second, left = soak(name, events)
        spent, grown = time.perf_counter() - start, (second - first) / 1e6
        print(
            f"{name}: {events} events in {spent:.0f} s; {first / 1e6:.1f} MB, then {grown:+.1f} MB; {left} models left",
            flush=True,
        )


if __name__ == "__main__":
    main()
