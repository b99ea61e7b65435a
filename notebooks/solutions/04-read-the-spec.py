"""Solutions of notebook 04.  Each is what a student could have written."""

from simkit import spec

facts = spec.facts("2025-12-18")

# 1. Sections without a level are no rules of their own.
levels = [section.authority for section in facts.sections if section.authority is not None]
first = 100 * levels.count("root") / len(levels)

# 2. References of references count.
second = len(spec.depends_on(facts, "chain_of_command"))

# 3. What is left when renames are set apart.
third = len(spec.compare(spec.facts("2025-02-12"), facts).level_changed)

answers = (first, second, third)
