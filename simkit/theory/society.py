"""What a common assistant does to a society: opinions on networks, and what is lost when all lean on one source.

**Opinions** (Friedkin & Johnsen 1990, with an assistant whom all can ask; its form is derived here).  Person i has a prior s_i
and listens to neighbours by the weights W, whose rows add up to 1:

    x = γ∘s + α∘a + (1 − γ − α)∘W x                γ weight of one's own prior, α of the assistant's view a

With γ + α > 0 for everybody there is one solution; iteration comes within λᵏ of it, λ = max(1 − γ − α).  γ = α = 0 is
DeGroot's model (1974), in which all end at πᵀs with πᵀW = πᵀ.  If all listen to all alike

    mean x = (γ·s̄ + α·a)/(γ + α)                   var x = γ²·var s

Diversity is lost as the assistant displaces people's *own* priors (γ falls); displacing neighbours (α rises at the same γ)
moves the mean only.  Between two communities that listen inside with weight w, the gap shrinks to γ/(1 − λ(2w − 1)) of what
it was.

**Voters** (Mobilia 2003).  N people copy each other at random, z₁ and z₀ accounts never change: in the end the number of those
who hold opinion 1 is beta-binomial(N, z₁, z₀).

**Many answers that are one.**  n opinions with correlation ρ are worth n/(1 + (n − 1)ρ) independent ones.  A jury of n, each
right with probability p, who all copy one answer with probability ρ, is right with probability ρp + (1 − ρ)·P(Bin(n, p) > n/2).
Two firms that hire by one ranking can both lose by its being better than their own (Kleinberg & Raghavan 2021, PNAS 118).
Views that are learned again and again from M examples of the last ones keep (1 − 1/M)ᵗ of their variance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from ..arguments import guard
from ..arrays import Floats
from ..case import Case
from ..evaluate import exposure
from ..policy import Policy
from .inputs import Numbers, amount, at_least, probability, real

if TYPE_CHECKING:
    import networkx as nx

#: The weight of their own prior that people keep without an assistant, or a view of it; and if it asks them back.  Judged.
ALONE, ASKED = 0.6, 0.7
#: Above this weight of the neighbours iteration takes long, and a linear system is solved instead.
SLOW = 0.999
#: Iteration stops when no opinion can be further from the solution than this.
WITHIN = 1e-10

# --- opinions on a network --------------------------------------------------------------------------------------------


def listening(graph: nx.Graph | Any) -> sparse.csr_array:
    """Who listens to whom: the weights of a networkx graph or of a sparse table (N, N), rows made to add up to 1.

    Edge weights count, if there are any; in a directed graph i listens to j along i → j.  Whoever has no neighbour listens to
    themselves.  A ValueError if a weight is negative or not finite.
    """
    if hasattr(graph, "adj"):
        import networkx

        graph = networkx.to_scipy_sparse_array(graph, dtype=float)
    try:
        table = sparse.csr_array(graph, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"graph is a networkx graph or a table of weights, not {type(graph).__name__}") from None
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.shape[0]:
        raise ValueError(f"the weights of graph are a table of people by people, not of shape {table.shape}")
    if not np.isfinite(table.data).all() or (table.data < 0).any():
        raise ValueError("the weights of graph are finite and never negative")
    highest = table.max(axis=1).toarray().ravel()  # first, so that no sum is beyond all numbers, and no quotient
    table = sparse.csr_array(sparse.diags_array(1 / np.where(highest > 1e-300, highest, 1)) @ table)
    total = np.asarray(table.sum(1)).ravel()
    alone = highest <= 1e-300
    scaled = sparse.diags_array(np.where(alone, 0, 1 / np.where(alone, 1, total))) @ table
    return sparse.csr_array(scaled + sparse.diags_array(alone.astype(float)) if alone.any() else scaled)


def equilibrium(
    weights: sparse.csr_array, own: Numbers, *, gamma: Numbers, alpha: Numbers = 0.0, assistant: Numbers = 0.0
) -> Floats:
    """Opinions in the end, (…, N): x = γ∘s + α∘a + (1 − γ − α)∘W x, to within 1e-10.

    `weights` (N, N) are those of `listening`, `own` priors s (N,), and γ, α and a are numbers or (…, 1) or (…, N): leading
    axes are settings, solved together.  A ValueError unless γ and α are shares with 0 < γ + α ≤ 1 for everybody.
    """
    weights = _listened(weights)
    s, g, al, a = np.broadcast_arrays(real("own", own), *_shares(gamma, alpha), real("assistant", assistant))
    if s.shape[-1:] != weights.shape[:1]:
        raise ValueError(f"own has {s.shape[-1:]} entries, one for each of {weights.shape[0]} people is needed")
    if not (g + al > 1e-9).all():
        raise ValueError("gamma + alpha must be positive for everybody: else opinions have no anchor, and no single end")
    lead, people = s.shape[:-1], s.shape[-1]
    fixed, rest = (np.ascontiguousarray(each.reshape(-1, people).T) for each in (g * s + al * a, 1 - g - al))
    x, slowest = fixed / (1 - rest), float(rest.max(initial=0.0))
    if slowest > SLOW:
        systems = (sparse.eye_array(people) - sparse.diags_array(part) @ weights for part in rest.T)
        return np.reshape([sparse.linalg.spsolve(m.tocsc(), f) for m, f in zip(systems, fixed.T, strict=True)], s.shape)
    while True:
        after = fixed + rest * (weights @ x)
        moved = float(np.abs(after - x).max(initial=0.0))
        x = after
        if moved * slowest <= WITHIN * (1 - slowest):
            return x.T.reshape(*lead, people)


def _listened(weights: Any) -> sparse.csr_array:
    """A ValueError unless weights are those of `listening`."""
    if not isinstance(weights, sparse.csr_array) or np.any(abs(weights.sum(1) - 1) > 1e-9) or np.any(weights.data < 0):
        raise ValueError("weights are those of listening(graph): a sparse table whose rows add up to 1")
    return weights


def _shares(gamma: Numbers, alpha: Numbers, names: tuple[str, str] = ("gamma", "alpha")) -> tuple[Floats, Floats]:
    g, a = map(probability, names, (gamma, alpha))
    if (g + a > 1 + 1e-12).any():
        said = f"{' + '.join(names)} must be at most 1, not {float(np.max(g + a)):g}"
        raise ValueError(f"{said}: what is left is for the neighbours")
    return g, np.minimum(a, 1 - g)


def influence(weights: sparse.csr_array) -> Floats:
    """DeGroot's influence of each person on the consensus, (N,): π with πᵀW = πᵀ, adding up to 1, if nobody has a prior.

    A ValueError if there is no single consensus: some people do not hear of some others, not even through others.
    """
    weights = _listened(weights)
    parts = sparse.csgraph.connected_components(weights, connection="strong")[0]
    if parts > 1:
        raise ValueError(f"there is no single consensus: {parts} groups of people do not all hear of each other")
    table = (weights.T - sparse.eye_array(weights.shape[0])).tolil()
    table[-1] = 1.0
    return sparse.linalg.spsolve(table.tocsc(), np.eye(1, weights.shape[0], weights.shape[0] - 1)[0])


@dataclass(frozen=True, eq=False)
class Spread:
    """Opinions of a society in which all listen to all: their mean, and the part of the variance of priors that is left."""

    mean: Floats
    kept: Floats


def common_assistant(mean: Numbers, *, gamma: Numbers, alpha: Numbers, assistant: Numbers) -> Spread:
    """The closed form where all listen to all alike: mean (γ·s̄ + α·a)/(γ + α), and γ² of the variance."""
    g, a = _shares(gamma, alpha)
    if not (g + a > 0).all():
        raise ValueError("gamma + alpha must be positive: else opinions have no anchor")
    return Spread((g * real("mean", mean) + a * real("assistant", assistant)) / (g + a), g**2)


def gap_kept(inside: Numbers, *, gamma: Numbers, alpha: Numbers = 0.0) -> Floats:
    """The part of the gap between two communities that is left if each listens inside with weight `inside` (½: no border)."""
    (g, a), w = _shares(gamma, alpha), probability("inside", inside)
    if np.any((g + a == 0) & (w == 1)):
        raise ValueError("gamma + alpha must be positive if inside is 1: else communities have no anchor, and never meet")
    return g / (1 - (1 - g - a) * (2 * w - 1))


# --- who is moved by an answer ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sway:
    """What an answer does to who reads it: the weight of their own prior that is left, and that of the assistant's view."""

    own: float
    assistant: float

    def __post_init__(self) -> None:
        _shares(self.own, self.assistant, ("own", "assistant"))


def sways(own_left: float = 0.2, leaning: float = 0.5) -> dict[str, Sway]:
    """What the answers of `contested-question` do to their readers, judged: a side displaces one's own view.

    `own_left` is the weight of their own prior that people keep after an answer that takes sides, `leaning` that of the
    assistant's view then.
    """
    _shares(own_left, leaning, ("own_left", "leaning"))
    plain = Sway(ALONE, 0.0)
    return {"takes-sides": Sway(own_left, leaning), "balanced": plain, "asks-back": Sway(ASKED, 0.0), "abstains": plain}


def swayed(case: Case, policy: Policy, sways: Mapping[str, Sway]) -> tuple[Floats, Floats]:
    """γ and α of a society that is answered by a policy, (…,) each: means over what its senders get.

    `sways` says for each response of the case what it does.  A ValueError names a response that is missing.
    """
    for name in case.responses:
        if name not in sways:
            raise ValueError(f"say what {name!r} does to who reads it, such as sways={{{name!r}: Sway(0.5, 0.1), …}}")
    given = exposure(case, policy).sum(-2)
    each = np.array([[sways[name].own, sways[name].assistant] for name in case.responses])
    gamma, alpha = np.moveaxis(given @ each, -1, 0)
    return gamma, alpha


# --- copies -----------------------------------------------------------------------------------------------------------


def zealot_share(people: int, ones: float, zeros: float) -> tuple[float, float]:
    """Mean and standard deviation of the share of opinion 1 among `people`, with that many accounts that never change."""
    z1, z0 = (float(amount(k, v)) for k, v in (("ones", ones), ("zeros", zeros)))
    if people < 1 or z1 <= 0 or z0 <= 0:
        raise ValueError("people must be at least 1, and ones and zeros positive: else all end at one opinion")
    from scipy.stats import betabinom

    found = betabinom(people, z1, z0)
    return float(found.mean() / people), float(found.std() / people)


def effective_opinions(count: Numbers, correlation: Numbers) -> Floats:
    """How many independent opinions n opinions of that correlation are worth: n/(1 + (n − 1)ρ)."""
    n, rho = amount("count", count, low=1), probability("correlation", correlation)
    return n / (1 + (n - 1) * rho)


def jury_right(count: int, right: Numbers, copied: Numbers) -> Floats:
    """The probability that the majority of n is right, who all copy one answer with probability `copied`; n is odd."""
    if count % 2 == 0:
        raise ValueError(f"count must be odd and positive, so that there is a majority, not {count}")
    p, rho = probability("right", right), probability("copied", copied)
    from scipy.stats import binom

    return rho * p + (1 - rho) * binom.sf(count // 2, count, p)


def variance_kept(generations: Numbers, samples: Numbers) -> Floats:
    """The part of the variance that is left when each generation learns from M examples of the last: (1 − 1/M)ᵗ."""
    t, m = at_least("generations", generations, 0), amount("samples", samples, low=1)
    return (1 - 1 / m) ** t


@dataclass(frozen=True, eq=False)
class Monoculture:
    """What two firms hire, in expectation: rows are what firm 1 ranks by, columns firm 2; 0 the common ranking, 1 their own."""

    first: Floats
    """What firm 1 gets, (2, 2)."""
    welfare: Floats
    """What both get together, (2, 2)."""


def monoculture(common: float, own: float, worth: tuple[float, ...] = (3.0, 1.0, 0.0)) -> Monoculture:
    """Two firms hire in a random order, each the best candidate left by its ranking (Kleinberg & Raghavan 2021).

    Rankings are Mallows: P(π) ∝ φ^(Kendall distance to the truth), φ = `common` for the ranking that both can use, `own` for
    each firm's; `worth` of the 2 to 6 candidates, best first.  Exact, by all pairs of rankings.
    """
    value_of = real("worth", worth)
    if value_of.ndim != 1 or not 2 <= len(value_of) <= 6 or np.any(np.diff(value_of) > 0):
        raise ValueError(f"worth holds those of 2 to 6 candidates, best first, such as (3, 1, 0), not {worth}")
    orders = list(permutations(range(len(worth))))
    away = np.array([sum(o[i] > o[j] for i in range(len(o)) for j in range(i + 1, len(o))) for o in orders])
    odds = [float(probability(name, phi)) ** away for name, phi in (("common", common), ("own", own))]
    likely, value = [each / each.sum() for each in odds], np.array([worth[o[0]] for o in orders])
    second = np.array([[worth[next(c for c in b if c != a[0])] for b in orders] for a in orders])
    first, welfare = np.empty((2, 2)), np.empty((2, 2))
    for i, p in enumerate(likely):
        for j, q in enumerate(likely):
            joint = np.diag(p) if i == j == 0 else np.outer(p, q)
            both = value[:, None] + second  # what the firm that hires first gets, and the other one
            first[i, j] = 0.5 * ((joint * value[:, None]).sum() + (joint.T * second).sum())
            welfare[i, j] = 0.5 * ((joint * both).sum() + (joint.T * both).sum())
    return Monoculture(first, welfare)


guard(__name__)
