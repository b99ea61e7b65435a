"""Solutions of notebook 10.  Each is what a student could have written."""

import numpy as np

from simkit.theory import society

# 1. Only the weight of people's own views counts for the differences between them.
first = 100 * 0.4**2 / 0.6**2

# 2. n / (1 + (n − 1)·ρ)
second = 1e6 / (1 + (1e6 - 1) * 0.1)

# 3. The largest probability of copying at which nine of ten votes come out right.
rho = np.linspace(0, 1, 10_001)
third = 100 * rho[society.jury_right(101, 0.6, rho) >= 0.9].max()

answers = (first, second, third)
