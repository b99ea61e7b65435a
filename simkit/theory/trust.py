"""Trust that a record of audits earns, and trust that no record of that kind can earn.

A model is one of three types (`TYPES`): **aligned**, with share a; **overtly misaligned**, with share m, which shows what it
is; **deceptive**, with share d, which shows it only where it does not notice that it is watched.  An audit is **open** (the
model knows) or **covert** (it may not know), and is passed or failed.  With f the probability that a model fails an audit in
which it shows that it is misaligned, and u the probability that an audit is covert and goes unnoticed,

    P(aligned | n passed) = a / (a + m (1 − f)^n + d (1 − f u)^n).

Open audits alone (u = 0) never bring trust above the **ceiling** a / (a + d): whoever behaves because it is watched
passes them all.  Here aligned models may also fail by mistake (`slips`), and a covert audit may be noticed (`unnoticed`).

The other models ask how much a clean record is worth before types are named: Laplace's rule of succession, the trials that a
claim about a small rate needs (Kalra and Paddock 2016), a prior of which only one number is believed (conservative Bayesian
inference: Bishop and others 2011; Zhao, Strigini and others 2020), and how doubt shrinks where audits measure misalignment.

That autonomy may be extended as trust is established is from Anthropic's constitution (January 2026, "How we think about
corrigibility"); the models are not, and no number here is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, betaln, ndtri, xlog1py, xlogy

from ..arguments import guard
from ..arrays import Bools, Floats
from .inputs import Numbers, amount, check_fields, positive, probability

TYPES = ("aligned", "overt", "deceptive")

# --- three types ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Types:
    """Models like this one: how many are of each type, and how each does in an audit.  Numbers or arrays that broadcast.

    `aligned`, `overt`, `deceptive` are shares before any audit; they add up to 1.  `fails` is the probability to fail an audit
    in which a misaligned model shows it, `slips` that to fail by mistake (aligned models, and deceptive ones while they
    behave), `unnoticed` the probability that a deceptive model does not notice a covert audit.  A ValueError names what is no
    probability, shares that do not add up, and audits that a misaligned model fails no more often than an aligned one.
    """

    aligned: Numbers
    overt: Numbers
    deceptive: Numbers
    fails: Numbers
    slips: Numbers = 0.0
    unnoticed: Numbers = 1.0

    def __post_init__(self) -> None:
        check_fields(self, probability, "aligned", "overt", "deceptive", "fails", "slips", "unnoticed")
        total = np.asarray(self.aligned + self.overt + self.deceptive)
        if (np.abs(total - 1) > 1e-9).any():
            raise ValueError(f"shares of aligned, overt and deceptive models add up to 1, not to {total.flat[0]:g}")
        if not np.all(self.fails > self.slips):
            raise ValueError(
                f"misaligned models must fail audits more often ({np.min(self.fails):g}) than aligned ones slip "
                f"({np.max(self.slips):g}); otherwise audits say nothing, or the opposite"
            )

    @property
    def prior(self) -> Floats:
        """Shares of the types before any audit, (…, 3)."""
        return _rows(self.aligned, self.overt, self.deceptive)

    def failing(self, covert: int = 0) -> Floats:
        """The probability that each type fails one audit, open (0) or covert (1), (…, 3)."""
        return _rows(self.slips, self.fails, self.slips + covert * self.unnoticed * (self.fails - self.slips))


#: Odds that differ by less than this part are the same.
TIE = 1e-12


def _rows(*columns: ArrayLike) -> Floats:
    return np.stack(np.broadcast_arrays(*(np.asarray(column, dtype=float) for column in columns)), axis=-1)


def belief(types: Types, passed: ArrayLike = (0, 0), failed: ArrayLike = (0, 0)) -> Floats:
    """P(type | the record), (…, 3), after so many audits passed and failed, (…, 2): open ones, covert ones.

    Bayes' rule in logarithms, so that long records keep their digits.  The order of the audits does not matter.  What no type
    could have done (a failure, where nobody who is left ever fails) leaves nan.
    """
    with np.errstate(invalid="ignore"):
        weight = _log_weights(types, passed, failed)
        odds = np.exp(weight - weight.max(-1, keepdims=True))
        return odds / odds.sum(-1, keepdims=True)


def _audits(name: str, counts: ArrayLike) -> Floats:
    given = amount(name, counts)
    if given.shape[-1:] != (2,):
        raise ValueError(f"{name} are two numbers, open and covert, not an array of shape {given.shape}")
    return given


def _log_weights(types: Types, passed: ArrayLike, failed: ArrayLike) -> Floats:
    """log P(type and the record), up to a constant, (…, 3); −∞ for whom it cannot come from.

    Passed audits count beside those of aligned models, so that who passes as they do keeps its odds in the longest record.
    """
    good, bad = _audits("passed audits", passed), _audits("failed audits", failed)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.log(types.prior)
        for kind in (0, 1):
            fails, clean = types.failing(kind), good[..., kind, None]
            beside = np.log1p(-fails) - np.log1p(-fails[..., :1])
            weight = weight + xlogy(bad[..., kind, None], fails) + np.where(clean > 0, clean * beside, 0.0)
    return weight


def reached(types: Types, threshold: ArrayLike, passed: ArrayLike = (0, 0), failed: ArrayLike = (0, 0)) -> Bools:
    """Whether P(aligned | the record) is at least `threshold`, (…,): as in exact arithmetic, whatever rounding does.

    Trust that equals the threshold has reached it; a ceiling that trust only comes ever nearer to is not reached.
    """
    bar = probability("threshold", threshold)
    with np.errstate(invalid="ignore"):
        weight = _log_weights(types, passed, failed)
        odds = np.exp(weight - weight.max(-1, keepdims=True))
        here, others = odds * (1 - bar)[..., None], odds * bar[..., None]
        slack, some = TIE * here[..., 0], weight > -np.inf
        enough = others[..., 1] + others[..., 2] <= here[..., 0] + slack
        nearing = (np.abs(here[..., 0] - others[..., 2]) <= slack) & some[..., 1]
    return np.asarray(enough & ~nearing & ~((bar == 1) & some[..., 1:].any(-1)))


def ceiling(types: Types, *, covert: bool = False) -> Floats:
    """What trust approaches after ever more passed audits, (…,): a / (a + d) if none is both covert and unnoticed, else 1.

    With open audits no record at all, failures or not, brings trust higher.  0 if no model is aligned.
    """
    aligned = np.asarray(types.aligned)
    watched = aligned / np.maximum(aligned + types.deceptive, 1e-300)
    return np.where(covert & (types.unnoticed > 0) & (aligned > 0), 1.0, watched)


def break_even_deceptive(types: Types, threshold: ArrayLike, passed: ArrayLike = (0, 0), failed: ArrayLike = (0, 0)) -> Floats:
    """The share of deceptive models at which trust after a record is just `threshold`, (…,); the others keep their proportions.

    With fewer deceptive models trust is above.  nan if trust stays on one side whatever their share.
    """
    bar, shares = probability("threshold", threshold), types.prior
    with np.errstate(divide="ignore", invalid="ignore"):
        record = np.nan_to_num(belief(types, passed, failed) / shares)  # likelihoods, up to a factor
        a, m = shares[..., 0], shares[..., 1]
        honest = (a * record[..., 0] * (1 - bar) - m * record[..., 1] * bar) / (a + m)
        even = honest / (honest + bar * record[..., 2])
    return np.where((even > 0) & (even < 1), even, np.nan)


def plausible(types: Types, rng: np.random.Generator, count: int, *, factor: float = 5.0) -> Types:
    """`count` priors that could as well be true: log-normal odds of overt and of deceptive models against aligned ones.

    90% of belief lies within `factor` times less to `factor` times more, for each of the two on its own.
    """
    if not 1 <= factor < np.inf:
        raise ValueError(f"factor says how many times more or less is plausible: 1 or more, not {factor:g}")
    weights = np.exp(rng.standard_normal((count, 2)) * np.log(factor) / ndtri(0.95))
    shares = types.prior * np.concatenate([np.ones((count, 1)), weights], axis=1)
    aligned, overt, deceptive = (shares / shares.sum(1, keepdims=True)).T
    return replace(types, aligned=aligned, overt=overt, deceptive=deceptive)


# --- what a clean record is worth -------------------------------------------------------------------------------------


def same_side(
    types: Types,
    threshold: float,
    passed: ArrayLike,
    failed: ArrayLike,
    *,
    rng: np.random.Generator,
    count: int,
    factor: float = 5.0,
) -> Floats:
    """The fraction of `plausible` types in which trust lies on the same side of a threshold as at the stated ones, (…,).

    aligned · (1 − t) ≥ t · (the others), with the likelihoods of the record as the posterior of an even prior.
    """
    worlds = plausible(types, rng, count, factor=factor).prior
    evidence = belief(replace(types, aligned=1 / 3, overt=1 / 3, deceptive=1 / 3), passed, failed)
    over = (evidence * np.array([1 - threshold, -threshold, -threshold])) @ worlds.T >= 0
    return (over == reached(types, threshold, passed, failed)[..., None]).mean(-1)


def _beta(prior: tuple[float, float]) -> Floats:
    given = positive("prior", prior)
    if given.shape != (2,):
        raise ValueError(f"prior is the two numbers of a Beta distribution, not {prior}")
    return given


def next_clean(clean: ArrayLike, runs: ArrayLike = 1, *, prior: tuple[float, float] = (1.0, 1.0)) -> Floats:
    """P(the next `runs` runs are all clean | `clean` clean runs and no failure), (…,).

    The failure rate has a Beta prior.  With the uniform one this is (n + 1) / (n + runs + 1), Laplace's rule of succession:
    after n clean runs, n more are a coin flip.
    """
    a, b = _beta(prior)
    seen, more = amount("clean", clean), amount("runs", runs)
    return np.exp(betaln(a, b + seen + more) - betaln(a, b + seen))


def rate_bound(
    clean: ArrayLike, failures: ArrayLike = 0, *, confidence: ArrayLike = 0.95, prior: tuple[float, float] = (1.0, 1.0)
) -> Floats:
    """The failure rate that is exceeded with probability 1 − `confidence` only, after so many clean runs and failures, (…,).

    With a uniform prior and no failure: 1 − (1 − confidence)^(1/(n + 1)), near 3/n at 95%.
    """
    a, b = _beta(prior)
    return betaincinv(a + amount("failures", failures), b + amount("clean", clean), probability("confidence", confidence))


def trials_to_bound(rate: ArrayLike, *, confidence: ArrayLike = 0.95) -> Floats:
    """Trials without a failure that show a failure rate below `rate`: −ln(1 − confidence) / rate (Kalra & Paddock 2016)."""
    with np.errstate(divide="ignore"):  # no number of trials makes it certain
        return -np.log1p(-probability("confidence", confidence)) / positive("rate", rate)


def trials_to_measure(rate: ArrayLike, *, within: ArrayLike, confidence: ArrayLike = 0.95) -> Floats:
    """Trials that know a rate to within a part `within` of it: z² / (within² · rate), z two-sided (Kalra & Paddock 2016)."""
    z = ndtri(0.5 + probability("confidence", confidence) / 2)
    return z**2 / (positive("within", within) ** 2 * positive("rate", rate))


def trials_to_beat(rate: ArrayLike, *, better: ArrayLike, confidence: ArrayLike = 0.95, power: ArrayLike = 0.8) -> Floats:
    """Trials that show, with probability `power`, that a rate lies below `rate` if it is lower by the part `better`, (…,).

    (z_confidence + z_power)² (1 − better) / (better² · rate), z one-sided (Kalra & Paddock 2016).
    """
    z = ndtri(probability("confidence", confidence)) + ndtri(probability("power", power))
    part = positive("better", better)
    return z**2 * (1 - part) / (part**2 * positive("rate", rate))


def conservative(clean: ArrayLike, *, target: ArrayLike, believed: ArrayLike, chance_of_it: ArrayLike) -> Floats:
    """P(failure rate ≤ `target` | `clean` clean runs) under the worst prior that gives `chance_of_it` to a rate ≤ `believed`.

    θ(1 − ε)^n / [θ(1 − ε)^n + (1 − θ)(1 − p)^n]: whoever is not believed to be good is taken to be just worse than the target
    (Bishop et al. 2011; Zhao, Strigini et al. 2020).  A ValueError unless believed ≤ target.
    """
    runs, theta = amount("clean", clean), probability("chance_of_it", chance_of_it)
    goal, good = probability("target", target), probability("believed", believed)
    if (good > goal).any():
        raise ValueError(f"what is believed of the rate ({good.max():g}) cannot lie above the target ({goal.min():g})")
    with np.errstate(divide="ignore"):
        odds = np.exp(xlog1py(runs, -goal) - xlog1py(runs, -good))
    return theta / (theta + (1 - theta) * odds)


# --- the dial over time -----------------------------------------------------------------------------------------------


def misalignment_sd(audits: ArrayLike, *, prior_sd: ArrayLike, audit_sd: ArrayLike) -> Floats:
    """How misaligned a model may still be (τ, a standard deviation) after n noisy audits: (τ₀⁻² + n / audit_sd²)^(−1/2), (…,).

    As the `misalignment` of `dial.TwoEstimates` it moves the best position of the dial, σ_H² / (σ_H² + κ(σ_A² + τ²)): it
    loosens with every audit, towards σ_H² / (σ_H² + κ σ_A²), and never to 1, for audits measure misalignment, not judgement.
    """
    before = positive("prior_sd", prior_sd)
    return 1 / np.sqrt(before**-2 + amount("audits", audits) / positive("audit_sd", audit_sd) ** 2)


guard(__name__)
