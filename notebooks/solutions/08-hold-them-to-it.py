"""Reference solutions of notebook 08."""

import math

answers = [
    math.ceil(math.log(0.05) / math.log(0.98)),
    59 * (1 - 0.98**10),
    100 * (0.2 + 0.9 - 1) / (0.8 + 0.9 - 1),
]
