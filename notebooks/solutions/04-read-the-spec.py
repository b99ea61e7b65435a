"""Solutions of notebook 04.  Each is what a student could have written."""

import numpy as np

import simkit as sk
from simkit import spec

facts = spec.facts("2025-12-18")

# 1. Sections without a level are no rules of their own.
levels = [section.authority for section in facts.sections if section.authority is not None]
first = 100 * levels.count("root") / len(levels)

# 2. References of references count.
second = len(spec.depends_on(facts, "chain_of_command"))

# 3. What is left when renames are set apart.
third = len(spec.compare(spec.facts("2025-02-12"), facts).level_changed)

# 4. Another judge of what a harm is worth needs another mix.
rules, case = spec.load("general-assistant"), sk.load("medication-threshold")
amended = spec.amend(rules, spec.load_amendment("keep-safe-messaging"))
products = [case.in_context(name) for name in case.contexts]
fourth = 100 * spec.assess_impact(rules, amended, products, rng=np.random.default_rng(0), harm_weight=5).mix.share

answers = (first, second, third, fourth)
