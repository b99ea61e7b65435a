"""Solutions of notebook 03.  Each is what a student could have written."""

import numpy as np

import simkit as sk
from simkit import spec
from simkit.spec.confidential_prompts import OPERATORS

rules = spec.load("general-assistant")

# 1. An order that crosses a protection is void as a whole; the user may have the default.
said = [
    spec.Message(level="developer", sets={"system-prompt": "denies"}),
    spec.Message(level="user", sets={"system-prompt": "reveals"}),
]
first = spec.decide(rules, said, "system-prompt").value

# 2. The user lends a tool the user's own authority; without that its output has none.
second = [
    spec.Message(level="user", trusts={"tool": "user"}),
    spec.Message(level="user", by="tool", sets={"length": "brief"}),
]

# 3. The share at which the conclusion breaks even.
free = sk.load("bright-line").without_constraints()
pair = sk.policy.constant(free, "background"), sk.policy.constant(free, "laboratory-detail")
found = sk.compare(free, *pair, rng=np.random.default_rng(0))
third = 1e6 * next(each.breaks_even_at[0] for each in found.break_evens if each.of == "share of malicious")

# 4. At no hostile operators the lie costs nothing, at 3% it costs more than all leaks: halve the interval between.
secret = sk.load("confidential-prompt")
documents = spec.load("model-spec-2025-02-12"), spec.load("anthropic-constitution")
low, high = 0.0, 0.03
for _ in range(30):
    middle = (low + high) / 2
    february, constitution = spec.channels(secret, *documents, operators=spec.with_hostile(OPERATORS, middle)).rows
    low, high = (middle, high) if february.harm < constitution.harm else (low, middle)
fourth = 1000 * high

answers = (first, second, third, fourth)
