"""Mesa: every user is an agent that acts once in each world.  The agents are made once: a world is one step of the model."""

from __future__ import annotations

from typing import Any

import mesa
import numpy as np
from protocol import read_task, simulated


class User(mesa.Agent):
    def ask(self) -> None:
        """Python's own random numbers: for one agent at a time they are the quickest that Mesa offers."""
        model, rng = self.model, self.random
        segment = rng.choices(model.segments, cum_weights=model.share)[0]
        signal = rng.choices(model.signals, cum_weights=model.signal_of[segment])[0]
        response = rng.choices(model.responses, cum_weights=model.answer_to[signal])[0]
        if rng.random() < model.harm[segment][response]:
            model.total += model.median * np.exp(rng.gauss(0, model.sigma))


class World(mesa.Model):
    def __init__(self, task: Any) -> None:
        super().__init__(seed=3)
        self.share, self.harm = np.cumsum(task["share"]).tolist(), task["harm"]
        self.signal_of, self.answer_to = (np.cumsum(task[name], 1).tolist() for name in ("signals", "answer"))
        self.segments, self.signals = range(len(self.share)), range(len(self.answer_to))
        self.responses = range(len(self.answer_to[0]))
        self.median, self.sigma, self.total = task["median"], task["sigma"], 0.0
        User.create_agents(self, task["users"])

    def step(self) -> None:
        self.total = 0.0
        self.agents.do("ask")


def main(task: Any) -> None:
    world = World(task)

    def draw(worlds: int) -> np.ndarray:
        totals = []
        for _ in range(worlds):
            world.step()
            totals.append(world.total)
        return np.array(totals)

    simulated("mesa", task, draw, 1)


main(read_task())
