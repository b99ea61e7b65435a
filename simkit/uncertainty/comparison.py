"""Which of two policies is ahead, or each of a batch beside a reference: by how much, how surely, and what would reverse it."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..arguments import guard
from ..arrays import Floats, frozen
from ..case import Case
from ..evaluate import expect
from ..policy import Policy, plausible
from ..population import Worlds, draw_worlds
from ..text import Printed, number, whole_percent
from .means import gaps_by_state, lead_in_worlds, net_in_worlds
from .reversal import BreakEven, break_even_shares, break_evens


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Printed):
    """Whether a policy, or each of a batch, is ahead of a reference in net value, how surely, and what would reverse it.

    `gain` (…,) is the net gain of the policy over the reference per request (help units) as the case stands; `draws` (…, n)
    are the gains in plausible worlds, in which shares, overlap and observed rates vary and the stakes do not.
    `comparison[i]` is one policy of a batch.
    """

    case: Case
    policy: Policy
    reference: Policy
    harm_weight: float
    gain: Floats
    draws: Floats

    @property
    def better(self) -> str:
        """The name of the policy that is ahead, of two."""
        return (self._one if self.gain >= 0 else self.reference).name

    @property
    def worse(self) -> str:
        """The name of the policy that is behind, of two."""
        return (self.reference if self.gain >= 0 else self._one).name

    @property
    def _one(self) -> Policy:
        if self.policy.batch:
            raise ValueError(f"{self.policy.name} is a batch of policies: take one of the comparison, comparison[i]")
        return self.policy

    @property
    def ahead(self) -> Floats:
        """The fraction of plausible worlds in which the policy is worth more than the reference, (…,)."""
        return np.count_nonzero(self.draws > 0, axis=-1) / self.draws.shape[-1]

    @property
    def behind(self) -> Floats:
        """The fraction of plausible worlds in which it is worth less, (…,)."""
        return np.count_nonzero(self.draws < 0, axis=-1) / self.draws.shape[-1]

    @property
    def holds(self) -> Floats:
        """The fraction of plausible worlds in which what is ahead stays ahead, (…,)."""
        return np.where(np.asarray(self.gain) >= 0, self.ahead, self.behind)[()]

    @property
    def standard_error(self) -> Floats:
        """The standard error of `holds`, (…,): worlds are drawn."""
        return np.sqrt(self.holds * (1 - self.holds) / self.draws.shape[-1])

    @cached_property
    def break_evens(self) -> tuple[BreakEven, ...]:
        """The break-even values of each judgement, for one policy and its reference."""
        return break_evens(self.case, self._one, self.reference, harm_weight=self.harm_weight)

    @cached_property
    def break_even_shares(self) -> Floats:
        """The share of harmful senders that would reverse it, (…,), see the function of this name."""
        return break_even_shares(self.case, self.policy, self.reference, harm_weight=self.harm_weight)

    def __getitem__(self, index: int) -> Comparison:
        """One policy of the batch beside the reference."""
        return replace(self, policy=self.policy[index], gain=self.gain[index], draws=self.draws[index])

    def lines(self) -> list[str]:
        """The conclusion in words, and a line for each value that would reverse it; for a batch, a line a policy."""
        if self.policy.batch:
            members = (self[i] for i in range(len(self.gain)))
            return [f"Each beside {self.reference.name}:", *(one._verdict() + one._share() for one in members)]
        if math.isnan(self.gain) or (self.gain == 0 and not self.draws.any()):
            return [self._verdict()]
        never = [judged.of for judged in self.break_evens if not judged.breaks_even_at]
        found = [str(judged) for judged in self.break_evens if judged.breaks_even_at]
        return [self._verdict(), *found, *([f"no value of these would reverse it: {', '.join(never)}"] if never else [])]

    def _verdict(self) -> str:
        if self.gain == 0 and not self.draws.any():
            return f"{self.better} and {self.worse} make no difference."
        if math.isnan(self.gain):
            both = f"{self._one.name} or {self.reference.name}"
            return f"Which is ahead, {both}, is undefined: both bring harm without a finite mean."
        first = f"{self.better} is ahead of {self.worse} by {number(1000 * abs(float(self.gain)))} help units per 1000 senders"
        often = f"{whole_percent(float(self.holds))} of {len(self.draws)} plausible worlds (stakes as stated)"
        return f"{first}, and in {often}{': an open question' if 0.2 < self.holds < 0.8 else ''}."

    def _share(self) -> str:
        share = float(self.break_even_shares)
        return "" if math.isnan(share) else f" A share of harmful senders of {number(share)} would reverse it."

    _between = "\n  "

    def _parts(self) -> list[str]:
        return self.lines()


def compare(
    case: Case,
    policy: Policy,
    reference: Policy | None = None,
    *,
    rng: np.random.Generator,
    worlds: int = 2000,
    harm_weight: float | None = None,
) -> Comparison:
    """Which policy is better, in which fraction of plausible worlds, and the values that would reverse it.

    Two single policies are told with the better one first.  Each policy of a batch is compared with the reference or, if none
    is given, with the one of them that is best as the case stands.  Worlds differ in shares and overlap (drawn from the
    file's intervals) and, for observed policies, in what the counts leave open; all policies meet the same worlds.  A
    ValueError if the reference is a batch, or there is nothing to compare with.
    """
    if reference is None and not policy.batch:
        raise ValueError(f"{policy.name} is one policy: say with which reference it is compared")
    if (reference is not None and reference.batch) or len(policy.batch) > 1:
        raise ValueError("compare takes one policy, or a batch with one axis, and one policy as the reference")
    weight = case.weight(harm_weight)
    nets = expect(case, policy, weight).net
    if reference is None:
        reference = policy[int(np.argmax(nets))]
    with np.errstate(invalid="ignore"):
        gain = nets - expect(case, reference, weight).net
    if not policy.batch and gain < 0:
        policy, reference, gain = reference, policy, -gain
    drawn = draw_worlds(case.population, rng, worlds)
    if policy.batch and (policy.counts is not None or reference.counts is not None):  # each with the luck it has alone
        pairs = [
            ((one, reference), 1) if ahead else ((reference, one), -1) for one, ahead in zip(policy, gain >= 0, strict=True)
        ]
        draws = np.stack([sign * _leads(case, *pair, drawn, weight, deepcopy(rng)) for pair, sign in pairs])
    else:
        draws = _leads(case, policy, reference, drawn, weight, rng)
    return Comparison(case, policy, reference, weight, gain, frozen(draws))


def _leads(case: Case, policy: Policy, reference: Policy, drawn: Worlds, weight: float, rng: np.random.Generator) -> Floats:
    """Net gain over the reference in each world, (…, n); what the counts of a single policy leave open is drawn."""
    if policy.counts is None and reference.counts is None:
        return lead_in_worlds(case, gaps_by_state(case, policy, reference, weight), drawn)
    first = plausible(policy, rng, len(drawn))
    if reference.counts is not None and policy.counts is not None and np.array_equal(policy.counts, reference.counts):
        return np.zeros(len(drawn))  # the same evidence is drawn once
    second = plausible(reference, rng, len(drawn))
    return np.subtract(*(net_in_worlds(case, one, drawn, harm_weight=weight) for one in (first, second)))


guard(__name__)
