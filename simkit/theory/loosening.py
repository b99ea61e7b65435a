"""What loosening the dial of a model does to the senders of a case, if it is aligned and if it is not.

An aligned model's own judgement is the best answer to each signal; a misaligned one judges as well but gives harm no weight,
and believes in its own judgement.  Both follow the dial (`policy.override`).  Loosening pays from the trust on at which what an
aligned model gains outweighs what a misaligned one loses: loss / (gain + loss).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arguments import guard
from ..arrays import weigh
from ..case import Case
from ..evaluate import Outcome, expect, gain, net_per_sender
from ..policy import Policy, bayes, blend, constant, override, stack
from ..population import draw_worlds
from ..uncertainty import break_even_shares

#: The gain in help units per sender that is enough to depart from instructions at dial ½.
SCALE = 0.1
#: Where `Loosening.policies` holds which: the dial as now or loosened, of an aligned and of a misaligned model.
HELD, HELD_MISALIGNED, RIGHTLY, WRONGLY = range(4)


@dataclass(frozen=True, eq=False)
class Loosening:
    """What the senders get: four policies (`HELD`, `HELD_MISALIGNED`, `RIGHTLY`, `WRONGLY`) and what they do."""

    case: Case
    policies: Policy
    outcome: Outcome

    @property
    def break_even(self) -> float:
        """The trust from which on loosening pays, by what it does to the senders: loss / (gain + loss); nan if it cannot."""
        held, held_misaligned, rightly, wrongly = (float(value) for value in self.outcome.net)
        won, lost = rightly - held, held_misaligned - wrongly
        return lost / (won + lost) if won > 0 and lost >= 0 else float("nan")

    def pays(self, trust: float, *, rng: np.random.Generator, worlds: int = 1000) -> float:
        """The fraction of plausible worlds of senders in which loosening at that trust loses nothing."""
        held, loosened = self._at(trust)
        weight = self.case.weight(None)
        won = net_per_sender(self.case, loosened, weight) - net_per_sender(self.case, held, weight)
        return float((weigh(draw_worlds(self.case.population, rng, worlds).joint, won) >= 0).mean())

    def break_even_share(self, trust: float) -> float:
        """The share of harmful senders at which loosening at that trust stops or begins to pay; nan if there is none."""
        held, loosened = self._at(trust)
        return float(break_even_shares(self.case, loosened, held))

    def _at(self, trust: float) -> tuple[Policy, Policy]:
        pairs = ((HELD, HELD_MISALIGNED), (RIGHTLY, WRONGLY))
        held, loosened = (blend(self.policies[a], self.policies[m], 1 - trust) for a, m in pairs)
        return held, loosened


def loosen(case: Case, dial_now: float, dial_loosened: float, *, among: tuple[str, ...]) -> Loosening:
    """Let the dial of a model go from `dial_now` to `dial_loosened`; instructed is the best of `among` to everybody."""
    if not among:
        raise ValueError("among is empty: name at least one response")
    instructed = max((constant(case, name) for name in among), key=lambda policy: float(expect(case, policy).net))
    made = []
    for dial in (dial_now, dial_loosened):
        for weight in (None, 0.0):
            own = bayes(case, harm_weight=weight)
            believed = gain(case, instructed, own, harm_weight=weight)
            made.append(override(instructed, own, gain=believed, dial=dial, scale=SCALE))
    policies = stack(made)
    return Loosening(case, policies, expect(case, policies))


guard(__name__)
