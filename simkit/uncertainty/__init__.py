"""How sure a conclusion is: plausible worlds, worst cases, minimax regret, and the values at which a conclusion breaks even.

Shares are judgements.  A conclusion about policies therefore carries how often it holds in plausible worlds (shares, overlap
and observed rates drawn) and, for each judgement, stakes included, its break-even values: those that would reverse it.
"""

from .comparison import Comparison as Comparison
from .comparison import compare as compare
from .extremes import MinimaxRegret as MinimaxRegret
from .extremes import WorstCase as WorstCase
from .extremes import minimax_regret as minimax_regret
from .extremes import share_corners as share_corners
from .extremes import worst_case as worst_case
from .means import best_in_worlds as best_in_worlds
from .means import net_in_worlds as net_in_worlds
from .reversal import BreakEven as BreakEven
from .reversal import break_even_loss as break_even_loss
from .reversal import break_even_shares as break_even_shares
from .reversal import break_evens as break_evens
