"""Solutions of notebook 05.  Each is what a student could have written."""

from dataclasses import replace

import numpy as np

import simkit as sk

case = sk.load("medication-threshold").in_context("vulnerable-platform")
deployment = sk.dial.deployment.deploy(case)

# 1. The same table for other agents.
worse = sk.dial.deployment.deploy(case, sk.dial.agents.usual_agents(case, trust_in_operator=0.7))
first = 100 * sk.dial.overrides.two_by_two(worse).break_even

# 2. The first factor of a fine grid at which the best position lies below one half.
factors = np.linspace(1, 3, 2001)
guarded = deployment.with_options(safeguards=sk.dial.deployment.Safeguards(irreversibility=factors))
best = sk.dial.optimum.best_position(guarded)
second = factors[(best.high < 0.5).argmax()]

# 3. Twice the loss per user of following all instructions, and the position where the fewest worlds exceed it.
start = sk.dial.overrides.along(deployment, [0.0]).expected()
size = 2 * float(start.harm[0] + start.neglect[0])
third = 1000 * sk.dial.losses.bad_worlds(deployment.with_options(shared_principal=True), size, 1_000_000).min()

# 4. A coin toss between a good model and one that wants the opposite.
models = (
    sk.dial.agents.Model(name="good", believes=sk.dial.agents.truth, chance=0.5, good=True),
    sk.dial.agents.Model(name="contrary", believes=sk.dial.agents.contrary, chance=0.5),
)
fourth = replace(deployment.agents, models=models)

answers = (first, second, third, fourth)
