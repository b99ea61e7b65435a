"""Solutions of notebook 06.  Each is what a student could have written."""

from simkit.theory import release, trust

types = trust.Types(aligned=0.8, overt=0.1, deceptive=0.1, fails=0.3, slips=0.02, unnoticed=0.5)

# 1. The overt ones are gone; the others pass alike.
first = 100 * types.deceptive / (types.aligned + types.deceptive)

# 2. The first month in which trust after that many covert audits is enough.
second = next(n for n in range(1, 100) if trust.belief(types, (0, n))[0] >= 0.95)

# 3. Every audit covert, and a higher threshold.
third = release.by_verified_record(types, 0.985, covert_every=1)

answers = (first, second, third)
