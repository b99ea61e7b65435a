"""Solutions of notebook 11.  Each is what a student could have written."""

from simkit.theory import persuasion

# 1. Bayes in odds, with the likelihood ratio of the best of 50.
odds = 0.01 / 0.99 * 50 * 0.99**49
first = 100 * odds / (1 + odds)

# 2. One attempt more, until it is more likely than not.
second = next(k for k in range(1, 100_000) if persuasion.breach(1e-4, k) > 0.5)

# 3. j·V = (1 − j)·r·L
third = 100 * 0.1 * 1000 / (1 + 0.1 * 1000)

answers = (first, second, third)
