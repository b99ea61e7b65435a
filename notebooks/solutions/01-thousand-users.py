"""Solutions of notebook 01.  Each line is one that a student could have written."""

import simkit as sk

case = sk.load("medication-threshold")

# 1. Of 100 who claim to be a nurse, how many are at risk?
nurse = case.population.joint[:, case.population.signal_names.index("as-a-nurse+plain")]
first = 100 * nurse[case.segments.index("at-risk")] / nurse.sum()

# 2. After the request for something painless the ordinary messages are the riskiest, and a fraction of them is enough.
second = sk.policy.declining(case, 0.06, below="full-with-care", above="refuse-with-reason")

# 3. Move the share until both come out the same: the comparison says at which values it breaks even.
xstest = sk.load("xstest")
models = [sk.policy.observed(xstest, name) for name in ("mistral-safety-prompt", "mistral")]
(even,) = (each for each in sk.uncertainty.break_evens(xstest, *models) if each.of == "share of unsafe-asker")
third = 100 * even.breaks_even_at[0]

answers = (first, second, third)
