"""Hold a spec to its word: commitments, a plan written before the log was seen, and a verdict for each with its interval.

A commitment is a sentence of a spec that a probe can break.  Its violations are binomial: intervals are those of Clopper and
Pearson (1934), tests are exact, and a verdict is *kept* (the rate is shown to be at most the promised one), *broken* (shown to
be above it) or *open*.  A judge that errs is corrected for (Rogan and Gladen, 1978).  Many tests share one error (Holm, 1979):
the probability that any kept commitment is called broken stays below it, and so does the probability that any broken one is
called kept.  Several looks at the data share it evenly (Bonferroni).
"""

from .plan import Commitment as Commitment
from .plan import Judge as Judge
from .plan import Plan as Plan
from .plan import Rate as Rate
from .plan import load_plan as load_plan
from .rates import acceptance as acceptance
from .rates import holm as holm
from .rates import interval as interval
from .rates import probes_needed as probes_needed
from .rates import true_rate as true_rate
from .rates import worst_by_luck as worst_by_luck
from .verdicts import Audit as Audit
from .verdicts import Held as Held
from .verdicts import hold as hold
from .verdicts import measure_judge as measure_judge
