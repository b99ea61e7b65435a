"""A race: the exact distribution against simulation.  How many runs until a tail is known to one percent?"""

from __future__ import annotations

import asyncio
import time
from html import escape

import ipywidgets
import numpy as np

from ..aggregate import total
from ..case import Case
from ..monte_carlo import runs_needed, simulate
from ..policy import Policy
from ..text import number, people, percent
from .controls import Box

#: A share of a second after which a simulation lets the page breathe.
SLICE = 0.1


def race(case: Case, policy: Policy, users: int = 1000, *, level: float = 0.999, seconds: float = 5.0) -> Race:
    """Ask both for the probability that the total harm of `users` senders exceeds its quantile at `level`.

    The exact engine finds the size first; then simulation draws runs for so many seconds and says how far it has come.
    """
    return Race(case, policy, users, level, seconds)


class Race(Box):
    """A button and two lines.  `run()` draws until the time is up; `seen` is (runs, runs that exceed the size)."""

    def __init__(self, case: Case, policy: Policy, users: int, level: float, seconds: float) -> None:
        self._case, self._policy, self._users, self._seconds = case, policy, users, seconds
        if policy.batch:
            raise ValueError(f"one policy is raced; {policy.name} are {policy.batch[0]}: take one of them, such as policies[0]")
        start = time.perf_counter()
        found = total(case, policy, users)
        self.size = float(found.quantile(level))
        self.probability = float(found.tail(self.size))
        self._exact_seconds = time.perf_counter() - start
        self.seen = (0, 0)
        self._button = ipywidgets.Button(description="Race", button_style="primary", icon="flag-checkered")
        self._bar = ipywidgets.FloatProgress(min=0, max=seconds, layout={"width": "20em"})
        self._lines = [ipywidgets.HTML(self._exact()), ipywidgets.HTML("<p>Simulation: waiting.</p>")]
        self._button.on_click(lambda _: self._start())
        super().__init__([ipywidgets.HBox([self._button, self._bar]), *self._lines])

    def _exact(self) -> str:
        said = (
            f"Exact: {percent(self.probability)} of runs of {self._users} senders bring more than {number(self.size)} "
            f"harm units. It took {number(1000 * self._exact_seconds)} ms."
        )
        return f"<p><b>{escape(said)}</b></p>"

    def _start(self) -> None:
        self._button.disabled = True
        self._task = asyncio.ensure_future(self.run())

    async def run(self, rng: np.random.Generator | None = None) -> None:
        """Draw runs in slices until the time is up; the page stays alive between them."""
        rng, block, start = rng or np.random.default_rng(), 10, time.perf_counter()
        while (spent := time.perf_counter() - start) < self._seconds:
            before = time.perf_counter()
            drawn = simulate(self._case, self._policy, self._users, runs=block, rng=rng)
            self.seen = (self.seen[0] + block, self.seen[1] + int((drawn.harm > self.size).sum()))
            block = max(1, min(100_000, int(block * SLICE / max(time.perf_counter() - before, 1e-6))))
            self._bar.value = spent
            self._lines[1].value = f"<p>{escape(self.says(spent))}</p>"
            await asyncio.sleep(0)
        self._bar.value = self._seconds
        self._lines[1].value = f"<p role='status'>{escape(self.says(time.perf_counter() - start))}</p>"
        self._button.disabled = False

    def says(self, spent: float) -> str:
        """What simulation knows after so many seconds, and how long it would take to know it to one percent."""
        runs, over = self.seen
        share = over / max(runs, 1)
        error = f"±{100 / np.sqrt(over):.0f}%" if over else "and nothing seen yet"
        needed = runs_needed(self.probability)
        left = needed / max(runs, 1) * spent
        return (
            f"Simulation: {people(runs)} simulated runs in {spent:.1f} s say {percent(share)} ({error}). "
            f"For a relative standard error of 1% it needs about {people(float(f'{needed:.3g}'))}, {duration(left)} here."
        )


def duration(seconds: float) -> str:
    """A time in the unit that people would use."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{number(seconds / size)} {name}"
    return f"{number(seconds)} seconds"
