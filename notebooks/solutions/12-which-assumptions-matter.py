"""Solutions of notebook 12.  Each is what a student could have written."""

import simkit as sk

# 1. The break-even of a share.
case = sk.load("medication-threshold").in_context("vulnerable-platform")
careful, refuse = (sk.policy.constant(case, name) for name in ("full-with-care", "refuse-with-reason"))
(share,) = (each for each in sk.uncertainty.break_evens(case, careful, refuse) if "at-risk" in each.of)
first = 100 * share.breaks_even_at[0]

# 2. Every combination.
second = 46 * 3 * 5 * 20

# 3. √(p·(1 − p)/n) = 0.01
third = 0.35 * (1 - 0.35) / 0.01**2

answers = (first, second, third)
