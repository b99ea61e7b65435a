"""Solutions of notebook 09.  Each is what a student could have written."""

from dataclasses import replace

import numpy as np

import simkit as sk

case, task = sk.load("clean-up-my-desktop"), sk.tasks.load("clean-up-my-desktop")
share = case.population.shares

# 1. Approved is what is wanted, and what is not read.
everything = sk.tasks.Manner(name="ask-everything", label="ask about everything", asks=24)
done = sk.tasks.handled(task, everything, dict(zip(case.segments, share, strict=True)), sk.tasks.Oversight())
first = 100 * (1 - np.mean((1 - share @ done.wanted) * done.read))

# 2. Two manners along the probability that a deleted file comes back: the first place where acting is worth as much.
chances = np.linspace(0.1, 0.99, 446)
gains = []
for chance in chances:
    steps = tuple(replace(step, undo=chance) if 0 < step.undo < 1 else step for step in task.steps)
    made = sk.tasks.ways(case, replace(task, steps=steps), [sk.tasks.ACT, sk.tasks.ASK_FINAL])
    gains.append(-np.diff(sk.expect(made.case, made.policies).net)[0])
second = 100 * chances[(np.array(gains) > 0).argmax()]

# 3. Eight questions, all of them about what cannot be undone.
third = sk.tasks.Manner(name="mine", label="mine", asks=8, only_final=True)

answers = (first, second, third)
