"""Solutions of notebook 05.  Each is what a student could have written."""

from dataclasses import replace

import numpy as np

import simkit as sk

case = sk.load("medication-threshold").in_context("vulnerable-platform")
found = sk.dial.deployment.deploy(case)

# 1. The same table for another cast.
worse = sk.dial.deployment.deploy(case, sk.dial.agents.usual_agents(case, trust_in_operator=0.7))
first = 100 * sk.dial.overrides.two_by_two(worse).break_even

# 2. The first factor of a fine grid at which the best position lies below one half.
factors = np.linspace(1, 3, 2001)
best = sk.dial.optimum.best_position(found, safeguards=sk.dial.deployment.Safeguards(irreversibility=factors))
second = factors[(best.high < 0.5).argmax()]

# 3. Twice the loss per user of following all instructions, and the position where the fewest worlds exceed it.
start = sk.dial.deployment.along(found, [0.0]).expected()
size = 2 * float(start.harm[0] + start.neglect[0])
third = 1000 * sk.dial.correlated.bad_worlds(found, size, 1_000_000, shared_principal=True).min()

# 4. A coin toss between a good model and one that wants the opposite.
models = (
    sk.dial.agents.Model(name="good", believes=sk.dial.agents.truth, chance=0.5, good=True),
    sk.dial.agents.Model(name="contrary", believes=sk.dial.agents.contrary, chance=0.5),
)
fourth = replace(found.agents, models=models)

answers = (first, second, third, fourth)
