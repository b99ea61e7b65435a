"""Solutions of notebook 07.  Each is what a student could have written."""

import numpy as np

import simkit as sk
from simkit import learning
from simkit.theory import coverage

rules = sk.spec.load("general-assistant")
talk = sk.load("companion")
told = learning.slipping(talk, sk.spec.compile(rules, talk), 0.1)
smile = learning.rated(talk.in_context("rating-now"))

# 1. Train with ever more of what comes later in the reward, until people are not worse off than before.
base, first = sk.expect(talk, told).net, None
for part in np.linspace(0, 1, 1001):
    reward = (1 - part) * smile + part * learning.rated(talk)
    if sk.expect(talk, learning.trained(talk, told, reward, pressure=100)).net >= base:
        first = 100 * part
        break

# 2. The last number of samples that is not enough, and one more.
monitor = {"caught": 0.8, "false": 0.01, "traced": 0.5}
watched = coverage.flags(unnoticed=0.1, breaks=0.5, **monitor).outputs
honest = coverage.flags(unnoticed=0, breaks=0, **monitor).outputs
samples = np.arange(1, 1001)
second = samples[coverage.detected(samples, flagged=watched, honest=honest) < 0.9][-1] + 1

# 3. The exception, what it is an exception to, and nobody playing.
third = ["plain+light", "in-play+light", "in-play+heavy"]

answers = (first, second, third)
