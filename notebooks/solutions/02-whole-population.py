"""Solutions of notebook 02.  Each is what a student could have written."""

import simkit as sk

case = sk.load("medication-threshold")
policy = sk.policy.constant(case, "full-with-care")

# 1. Even odds: one percent fewer senders again and again, until the probability is no longer above one half.
first = 8_000_000_000
while sk.event_counts.front_pages(case, policy, first, harm=300, neglect=300).harm > 0.5:
    first = first * 99 // 100

# 2. One run in a thousand, in means.
harm = sk.total(case, policy, 8_000_000_000)
second = harm.quantile(0.999) / harm.mean

# 3. √(n·p·(1 − p)) / (n·p) = 0.01
third = (1 - 0.001) / (0.001 * 0.01**2)

answers = (first, second, third)
