"""Random mixtures of severities, and routes to the distribution of their total that share nothing with the engines.

An event's size is a mixture of points, tables and densities; the number of events comes from drawn, fixed or shocked users
in one to three states.  Each route answers in bounds on P(S > x): sums over counts (exact), severities rounded down and up on
a lattice (certified), or Monte Carlo (five standard errors).
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import special, stats

from simkit.arrays import whole_numbers as whole
from simkit.case import Case, Events, from_arrays
from simkit.policy import Policy
from simkit.severity import Gamma, Lognormal, Pareto, Point, SeverityLevel, SeverityTable

ODD = np.array([np.pi, np.e, 1.0, 0.5, 0.00123, 1e-5, np.sqrt(2), 7.0, 1000.0, 0.1])


@dataclass(frozen=True, eq=False)
class Mix:
    """A case and a policy, and the same by hand: weights (Z, G, M) and users (Z, G) of states with their `chance` (Z,)."""

    case: Case
    policy: Policy
    users: float
    how: dict
    severities: tuple
    weights: np.ndarray
    counts: np.ndarray
    chance: np.ndarray

    @property
    def shock(self) -> float:
        return self.how.get("shock", 0.0)

    @property
    def rates(self) -> np.ndarray:
        """Expected number of events of each severity, (Z, M)."""
        return (self.weights * self.counts[..., None]).sum(1)


def random_severity(rng, atoms_only=False):
    size = float(rng.choice(ODD) if rng.random() < 0.6 else 10 ** rng.uniform(-3, 3))
    kind = rng.choice(["point", "table"] if atoms_only else ["point", "table", "lognormal", "lognormal", "gamma", "pareto"])
    if kind == "point":
        return Point(kind="point", value=size)
    if kind == "table":
        values = size * (rng.choice([1, 2, 5, 0.5, 40], 2, replace=False) if rng.random() < 0.5 else rng.uniform(0.05, 20, 2))
        share = float(rng.choice([0.5, 0.03, 0.3]))
        return SeverityTable(
            kind="table",
            levels=(
                SeverityLevel(value=float(values[0]), chance=1 - share),
                SeverityLevel(value=float(values[1]), chance=share),
            ),
        )
    if kind == "lognormal":
        sigma = float(rng.choice([1e-6, 1e-4, 1e-3, 0.01, 0.05, 0.2]) if rng.random() < 0.4 else rng.uniform(0.2, 3))
        return Lognormal(kind="lognormal", median=size, sigma=sigma)
    if kind == "gamma":
        return Gamma(kind="gamma", average=size, shape=float(10 ** rng.uniform(-1, 3)))
    return Pareto(kind="pareto", smallest=size, tail=float(rng.uniform(0.6, 4)))


def make(case_severities, answers, segment_rates, share, multiply, chance, users, **how):
    """A mix from probabilities: answers (M,) of an event of each severity, times a rate for each of S segments."""
    count, segments = len(case_severities), len(share)
    helps, harm = np.zeros((segments, count + 1)), np.outer(segment_rates, np.append(0.0, np.ones(count)))
    case = from_arrays(share, np.ones((segments, 1)), helps, harmful=[False] * (segments - 1) + [True], harm_chance=harm)
    numbers = np.broadcast_to(np.append(-1, np.arange(count)), harm.shape).copy()
    people = replace(
        case.population,
        states=tuple(f"state-{z}" for z in range(len(chance))),
        state_chance=np.array(chance),
        multiply=np.array(multiply, dtype=float),
    )
    case = replace(
        case, severities=tuple(case_severities), harm_events=Events(chance=harm, severity=numbers), population=people
    )
    policy = Policy(name="mix", answer=np.append(1 - np.sum(answers), answers)[None])
    shares = np.asarray(multiply) * np.asarray(share)
    shares = shares / shares.sum(1, keepdims=True)
    each = np.outer(segment_rates, answers)
    if how.get("mix") == "fixed":
        weights, counts = np.broadcast_to(each, (len(chance), *each.shape)), whole(users * shares)
    else:
        weights, counts = (shares @ each)[:, None], np.full((len(chance), 1), float(users))
    return Mix(case, policy, float(users), how, tuple(case_severities), weights, counts, np.array(chance))


def random_mix(seed, atoms_only=False):
    rng = np.random.default_rng([2026, seed])
    count = int(rng.integers(1, 6))
    severities = [random_severity(rng, atoms_only) for _ in range(count)]
    events = 10 ** rng.uniform(-3, 7)
    q = min(10 ** rng.uniform(-4, -0.3), 0.5)
    users = max(int(np.ceil(events / q)), 1)
    answers = rng.dirichlet(np.full(count, rng.choice([0.3, 1.0, 5.0]))) * min(events / users, 0.6)
    states = int(rng.choice([1, 1, 2, 3]))
    chance = [1.0] if states == 1 else [0.9, 0.1] if states == 2 else [0.85, 0.1, 0.05]
    multiply = np.vstack([np.ones((1, 2)), 10 ** rng.uniform(-1, 1, (states - 1, 2))])
    how = [{}, {}, {"mix": "fixed"}, {"shock": float(rng.choice([0.05, 0.5]))}][rng.integers(4)]
    return make(severities, answers, np.array([1.0, 0.2]), np.array([0.9, 0.1]), multiply, chance, users, **how)


# --- sums over counts ---------------------------------------------------------------------------------------------------


def atoms_of(severity):
    """Sizes and their probabilities; none if the severity has a density."""
    if isinstance(severity, Point):
        return [(severity.value, 1.0)]
    return [(lv.value, lv.chance) for lv in severity.levels if lv.chance > 0] if isinstance(severity, SeverityTable) else None


def by_counts(mix, most=1_000_000):
    """x -> P(S > x), exact, where only points and tables happen: sums over the counts of all sizes but the last; or None."""
    states = []
    for z, chance in enumerate(mix.chance):
        if mix.weights.shape[1] > 1:
            return None
        sizes, rates = [], []
        for severity, weight in zip(mix.severities, mix.weights[z, 0], strict=True):
            if weight > 0 and atoms_of(severity) is None:
                return None
            for value, share in atoms_of(severity) if weight > 0 else []:
                sizes.append(value)
                rates.append(weight * share)
        if not sizes:
            return None
        order = np.argsort(rates)
        sizes, rates = np.array(sizes)[order], np.array(rates)[order]
        made = _counts(sizes, rates, float(mix.counts[z, 0]), mix.shock, most)
        if made is None:
            return None
        states.append((chance, *made))

    def tail(x, strict=True):
        if not np.isfinite(x):
            return 0.0
        found = 0.0
        for chance, mass, total, more in states:
            k = (x - total) * (1 / more[0])
            k = np.floor(k + 1e-9 * np.maximum(np.abs(k), 1)) if strict else np.ceil(k - 1e-9 * np.maximum(np.abs(k), 1)) - 1
            found += chance * float((mass * more[1](np.maximum(k, -1), np.arange(len(mass)))).sum())
        return found

    return tail


def _counts(sizes, rates, users, shock, most):
    """Masses and totals of the rarer sizes' counts, and (the last size, P(its count > k | the others))."""
    lead = rates[:-1]
    spread = [int(users * q + 8 * np.sqrt(users * q * (1 + shock * users * q)) + 30 + 40 * shock * users * q) for q in lead]
    low = [0 if shock else max(int(users * q - 8 * np.sqrt(users * q) - 30), 0) for q in lead]
    ranges = [np.arange(a, min(b, users) + 1) if not shock else np.arange(a, b + 1) for a, b in zip(low, spread, strict=True)]
    if np.prod([float(len(r)) for r in ranges]) > most:
        return None
    grid = np.stack([g.ravel() for g in np.meshgrid(*ranges, indexing="ij")]) if len(lead) else np.zeros((0, 1))
    n = grid.sum(0)
    totals = sizes[:-1] @ grid if len(lead) else np.zeros(1)
    if shock:  # a gamma mixture of Poissons: negative multinomial
        r, odds = 1 / shock, shock * users
        log = special.gammaln(r + n) - special.gammaln(r) - (r + n) * np.log1p(odds * lead.sum())
        log = log + (grid * np.log(odds * lead)[:, None]).sum(0) - special.gammaln(grid + 1).sum(0)
        p = odds * rates[-1] / (1 + odds * (lead.sum() + rates[-1]))
        return np.exp(log), totals, (sizes[-1], lambda k, i: np.where(k < 0, 1.0, stats.nbinom.sf(k, r + n[i], 1 - p)))
    kept = n <= users
    grid, totals, n = grid[:, kept], totals[kept], n[kept]
    left, used, log = np.full(len(n), users), 0.0, np.zeros(len(n))
    for q, row in zip(lead, grid, strict=True):
        log += stats.binom.logpmf(row, left, q / (1 - used)) if len(lead) else 0
        left, used = left - row, used + q
    p = min(rates[-1] / (1 - used), 1.0)
    return np.exp(log), totals, (sizes[-1], lambda k, i: np.where(k < 0, 1.0, stats.binom.sf(k, users - n[i], p)))


# --- severities rounded down and up -------------------------------------------------------------------------------------


def by_lattice(mix, end, points=2**17):
    """x -> (low, high) of P(S > x) for x up to `end`: severities rounded down and up to multiples, padded and tilted FFT."""
    h, pad = end / (points - 2), 2
    grids = []
    for up in (0.0, 1.0):
        k = np.arange(points + 1)
        tilt = np.exp(-20.0 / (pad * points) * np.arange(points))
        spectra = []
        for severity in mix.severities:
            atoms = atoms_of(severity)
            if atoms is None:
                above = severity.above(np.maximum(k - up, 0) * h)
                masses = above[:-1] - above[1:]
            else:
                masses = np.zeros(points)
                for value, share in atoms:
                    i = value / h
                    i = int(np.ceil(i - 1e-9) if up else np.floor(i + 1e-9))
                    if i < points:
                        masses[i] += share
            spectra.append(np.fft.rfft(masses * tilt, pad * points) - 1)
        below = np.zeros(points)
        for chance, weights, counts in zip(mix.chance, mix.weights, mix.counts, strict=True):
            if mix.shock:
                log = (
                    -np.log(1 - mix.shock * sum(counts[0] * w * s for w, s in zip(weights[0], spectra, strict=True)))
                    / mix.shock
                )
            else:
                log = sum(
                    c * np.log1p(sum(w * s for w, s in zip(row, spectra, strict=True)))
                    for c, row in zip(counts, weights, strict=True)
                )
            masses = np.fft.irfft(np.exp(log), pad * points)[:points] / tilt
            below += chance * np.cumsum(np.maximum(masses, 0))
        grids.append(below)

    def tail(x):
        k = min(int(np.floor(x / h * (1 + 1e-12) + 1e-9)), points - 1)
        return max(1 - grids[0][k] - 1e-8, 0.0), min(1 - grids[1][k] + 1e-8, 1.0)

    return tail


# --- Monte Carlo --------------------------------------------------------------------------------------------------------


def by_monte_carlo(mix, rng, runs=20000, budget=6e6):
    """Totals of simulated worlds (runs,), sorted.

    Densities of which thousands happen: large events are drawn, the sum of the small is normal (Asmussen & Rosiński 2001).
    """
    totals = np.zeros(runs)
    state = rng.choice(len(mix.chance), runs, p=mix.chance)
    for z in range(len(mix.chance)):
        rows = np.flatnonzero(state == z)
        often = rng.gamma(1 / mix.shock, mix.shock, len(rows)) if mix.shock else np.ones(len(rows))
        for g, users in enumerate(mix.counts[z]):
            weight = mix.weights[z, g]
            if mix.shock:
                drawn = rng.poisson(often[:, None] * users * weight)
            else:
                drawn = rng.multinomial(int(users), np.append(weight, 1 - weight.sum()), len(rows))[:, :-1]
            for m, severity in enumerate(mix.severities):
                if weight[m] > 0 and len(rows):
                    totals[rows] += _sums(severity, drawn[:, m], rng, budget / len(mix.severities))
    return np.sort(totals)


def _sums(severity, count, rng, budget):
    """The sum of so many events (n,) of a severity."""
    atoms = atoms_of(severity)
    if atoms is not None:
        values, shares = (np.array(column) for column in zip(*atoms, strict=True))
        return rng.multinomial(count, shares / shares.sum()) @ values
    if isinstance(severity, Gamma):
        return rng.gamma(severity.shape * np.maximum(count, 1e-300), severity.average / severity.shape) * (count > 0)
    owner = partial(np.repeat, np.arange(len(count)))
    if count.sum() <= budget:
        return np.bincount(owner(count), severity.draw(rng, int(count.sum())), len(count))
    share = budget / count.sum()
    cut = inverse(severity, np.array([share]))[0]
    large = rng.binomial(count, share)
    sizes = inverse(severity, share * rng.random(int(large.sum())))
    p = (np.arange(200_000) + 0.5) / 200_000 * (1 - share) + share  # the small ones, by their levels
    small = np.minimum(inverse(severity, p), cut)
    few = count - large
    return (
        np.bincount(owner(large), sizes, len(count))
        + few * small.mean()
        + np.sqrt(few) * small.std() * rng.normal(size=len(count))
    )


def inverse(severity, above):
    """The size that is exceeded with probability `above`."""
    if isinstance(severity, Lognormal):
        return severity.median * np.exp(-severity.sigma * special.ndtri(above))
    return severity.smallest * above ** (-1 / severity.tail)


# --- a claim against what is known --------------------------------------------------------------------------------------


def straddle(claim, x, level, over, at_least):
    """How often the claimed relative error fits between x and the nearest size that is right: ≤ 1 is honest.

    `over(x)` is a lower bound on P(S > x), `at_least(x)` an upper bound on P(S ≥ x).
    """
    for factor in (1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0):
        off = factor * claim
        if (
            over(x * (1 + off)) <= (1 - level) * (1 + 1e-7) + 1e-9
            and at_least(x * max(1 - off, 0.0)) >= (1 - level) * (1 - 1e-7) - 1e-9
        ):
            return factor
    return np.inf


def judge(mix, law, levels=(0.5, 0.9, 0.99), rng=None):
    """(route, worst factor by which a quantile's claim falls short, where); quantiles of 0 are held against P(S = 0)."""
    sizes = [float(law.quantile(level)) for level in levels]
    claims = [max(float(law.size_error(level)), 1e-9) for level in levels]
    exact, drawn, route = by_counts(mix), None, "counts"
    worst = (0.0, None)
    events = float(mix.rates.sum(1).max()) * (1 + 10 * mix.shock)
    bracket = None
    if exact is None:
        if events <= 40 and max(sizes) > 0:
            bracket, route = by_lattice(mix, 1.05 * max(sizes)), "bracket"
        else:
            drawn, route = by_monte_carlo(mix, rng or np.random.default_rng(1)), "Monte Carlo"
    for level, x, claim in zip(levels, sizes, claims, strict=True):
        if x == 0:
            continue
        if exact is not None:
            factor = straddle(claim, x, level, exact, partial(exact, strict=False))
        elif bracket is not None:
            factor = straddle(claim, x, level, lambda y: bracket(y)[0], lambda y: bracket(y * (1 - 1e-9))[1])
        else:
            se = 5 * np.sqrt(level * (1 - level) / len(drawn)) + 2 / len(drawn)
            over = lambda y, se=se: 1 - np.searchsorted(drawn, y, "right") / len(drawn) - se  # noqa: E731
            at_least = lambda y, se=se: 1 - np.searchsorted(drawn, y, "left") / len(drawn) + se  # noqa: E731
            factor = straddle(claim, x * (1 + 1e-12), level, over, at_least)
        if factor > worst[0]:
            worst = (factor, (level, x, claim))
    return route, *worst
