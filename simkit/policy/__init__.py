"""What to answer on each signal: a policy, or a batch of policies along an axis, and every way to make one.

A policy says, for each signal, the probability of each response: `answer (…, K, R)`.  With a clarifying question it also has
`after (…, K, J, R)`: on signal k it asks with probability 1 − Σ_r answer[k, r], and on reply j it then gives the response r.
Leading axes are a batch; a batch made along one parameter carries it as its `axis`.
"""

from .batch import Axis as Axis
from .batch import Policy as Policy
from .batch import blend as blend
from .batch import by_state as by_state
from .batch import override as override
from .batch import singles as singles
from .batch import stack as stack
from .file import read as read
from .file import write as write
from .made import JEFFREYS as JEFFREYS
from .made import asking as asking
from .made import bayes as bayes
from .made import candidates as candidates
from .made import constant as constant
from .made import declining as declining
from .made import from_array as from_array
from .made import observed as observed
from .made import plausible as plausible
from .made import table as table
from .made import threshold as threshold
