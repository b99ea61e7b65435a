"""The corrigibility–autonomy dial on a population.

agents       who instructs and who judges: operators and models, each with a probability
correlated   departures as responses, models as states: all copies of one model err together
deployment   a case and its agents; every position of the dial is an ordinary policy
overrides    when a model departs from its instructions, and what comes of it along the dial
losses       the distribution of the loss of N users, and bad runs
optimum      where the dial should stand, how surely, and the break-even trusts
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
