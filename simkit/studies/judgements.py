"""The judgements behind a conclusion as the parameters of a plain function, and which of them make a policy fail.

Packages for sensitivity analysis and for adaptive sampling take a function of numbers.  `NetGain` is one: the net gain of a
policy over another as a function of shares, overlap and harm weight, one world at a time or many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats, frozen
from ..case import Case
from ..policy import Policy
from ..population import NORMAL_95, worlds_from
from ..text import Printable, Printed, number, place_of, whole_percent
from ..uncertainty.means import gaps_by_state, lead_in_worlds

#: The harm weight is a judgement, too: it may be so many times larger or smaller.
FACTOR = 3.0
Bounds = tuple[float, float]
#: A leaf: conditions, the fraction of its worlds that fail, the fraction of all worlds that it holds.
Leaf = tuple[tuple[str, ...], float, float]


@dataclass(frozen=True, eq=False)
class NetGain:
    """The net gain of `policy` over `reference` per sender (help units), a function of the judgements of a case.

    `names` are the parameters: the base share of each segment (they are rescaled to add up to 1), `overlap` where the case has
    one, and `harm_weight`.  `value`, `low` and `high` (P,) are the file's; the harm weight goes from a third to three times.
    """

    case: Case
    policy: Policy
    reference: Policy
    names: tuple[str, ...]
    value: Floats
    low: Floats
    high: Floats

    def __call__(self, **given: float) -> float:
        """The net gain with some judgements changed, the others as in the file; a ValueError suggests a name."""
        row = self.value.copy()
        for name, number_ in given.items():
            row[place_of(name, self.names, "judgement")] = number_
        return float(self.over(row[None])[0])

    def over(self, rows: ArrayLike) -> Floats:
        """The net gain for each row of judgements, (n, P) → (n,)."""
        table = np.asarray(rows, dtype=float)
        if table.ndim != 2 or table.shape[1] != len(self.names) or not np.isfinite(table).all() or (table < 0).any():
            raise ValueError(f"rows are finite numbers from 0 up, (n, {len(self.names)}): {', '.join(self.names)}")
        count = len(self.case.segments)
        if not (table[:, :count].sum(1) > 0).all():
            raise ValueError("the shares of a row must not all be 0")
        shares = table[:, :count] / table[:, :count].sum(1, keepdims=True)
        worlds = worlds_from(self.case.population, shares, np.minimum(table[:, count], 1) if "overlap" in self.names else None)
        return lead_in_worlds(self.case, self._help, worlds) - table[:, -1] * lead_in_worlds(self.case, self._loss, worlds)

    @cached_property
    def _help(self) -> Floats:
        return gaps_by_state(self.case, self.policy, self.reference, 0.0)

    @cached_property
    def _loss(self) -> Floats:
        return self._help - gaps_by_state(self.case, self.policy, self.reference, 1.0)

    @property
    def problem(self) -> dict[str, Any]:
        """The parameters as SALib takes them: `names`, `bounds`, `num_vars`."""
        return {"num_vars": len(self.names), "names": list(self.names), "bounds": np.stack([self.low, self.high], 1).tolist()}

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """Judgements drawn from their intervals (log-normal, 5% below `low` and above `high`), (count, P)."""
        z = rng.standard_normal((count, len(self.names)))
        with np.errstate(divide="ignore", invalid="ignore"):
            below, above = np.log(self.value / self.low) / NORMAL_95, np.log(self.high / self.value) / NORMAL_95
            drawn = self.value * np.exp(np.where(z < 0, below, above) * z)
        return np.where(self.value > 0, drawn, 0.0)


def as_function(case: Case, policy: Policy, reference: Policy) -> NetGain:
    """The net gain of one policy over another as a plain function of the judgements of a case.

    A ValueError if a policy is a batch, or if some harm has no finite mean.
    """
    if policy.batch or reference.batch:
        raise ValueError("one policy and one reference are compared: take one of the batch, such as policies[0]")
    if case.infinite_mean:
        raise ValueError(f"some harm of {case.name} has no finite mean, so there is no net gain")
    people, weight = case.population, case.harm_weight
    mixes = people.overlap[2] > 0
    names = (*people.segments, *(["overlap"] if mixes else []), "harm_weight")
    ends = [people.base_share, people.low, people.high]
    factors = (1.0, 1 / FACTOR, FACTOR)
    value, low, high = (
        frozen([*share, *([people.overlap[i]] if mixes else []), weight * factors[i]]) for i, share in enumerate(ends)
    )
    return NetGain(case, policy, reference, names, value, low, high)


# --- which judgements make a policy fail ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class FailureTree(Printed):
    """Where a policy is worth less than its reference: the leaves of a small tree, the worst first.

    `leaves` are (conditions, fraction of worlds that fail there, fraction of all worlds that lie there).
    """

    title: str
    leaves: tuple[Leaf, ...]
    fails: float
    """The fraction of all worlds in which the policy fails."""

    def _parts(self) -> Iterator[Printable]:
        yield f"{self.title}: worth less in {whole_percent(self.fails)} of plausible worlds."
        rows = [[" and ".join(said) or "always", whole_percent(bad), whole_percent(part)] for said, bad, part in self.leaves]
        yield ["where", "fails in", "of all worlds"], rows


def failure_tree(gain: NetGain, *, rng: np.random.Generator, worlds: int = 4000, depth: int = 3) -> FailureTree:
    """Which judgements make a policy fail: a decision tree of at most `depth` questions, on drawn worlds.

    Fitted by scikit-learn (Breiman and others 1984), with at least 2% of the worlds in each leaf.  Needs the extra `sweep`.
    """
    from sklearn.tree import DecisionTreeClassifier

    rows = gain.draw(rng, worlds)
    fails = gain.over(rows) < 0
    title = f"{gain.policy.name} beside {gain.reference.name}"
    if fails.all() or not fails.any():
        return FailureTree(title, (((), float(fails.mean()), 1.0),), float(fails.mean()))
    fitted = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=max(worlds // 50, 1), random_state=0).fit(rows, fails)
    found = sorted(_leaves(fitted.tree_, gain.names, 0, {}), key=lambda leaf: -leaf[1])
    return FailureTree(title, tuple(found), float(fails.mean()))


def _leaves(tree: Any, names: tuple[str, ...], node: int, within: Mapping[str, Bounds]) -> Iterator[Leaf]:
    left, right = int(tree.children_left[node]), int(tree.children_right[node])
    if left == right:
        counts = tree.value[node][0]
        said = tuple(_said(name, *bounds) for name, bounds in within.items())
        yield said, float(counts[1] / counts.sum()), float(tree.n_node_samples[node] / tree.n_node_samples[0])
        return
    name, at = names[tree.feature[node]], float(tree.threshold[node])
    low, high = within.get(name, (-np.inf, np.inf))
    yield from _leaves(tree, names, left, {**within, name: (low, min(high, at))})
    yield from _leaves(tree, names, right, {**within, name: (max(low, at), high)})


def _said(name: str, low: float, high: float) -> str:
    if np.isinf(low):
        return f"{name} ≤ {number(high)}"
    return f"{name} > {number(low)}" if np.isinf(high) else f"{number(low)} < {name} ≤ {number(high)}"
