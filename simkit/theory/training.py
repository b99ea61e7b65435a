"""What becomes of a measured score, and of what it measures, when training pushes on the score.

The **base** is what a model does before, the **reward** what an evaluator gives, the **gold** value what people get.

* *One answer out of R*: three ways to push on a reward, each a new distribution over the answers.  Training that is held near
  the base by its divergence ends exactly at base · exp(pressure · reward); the best of n draws is kept; a quantilizer (Taylor
  2016) draws from the top part of the base only.
* *Scores on a line*: the reward is gold plus an error.  The more is selected, the more of the score is error; if the error has
  heavy tails, in the end all of it is (Gao, Schulman & Hilton 2022; Kwa, Thomas & Garriga-Alonso 2024).
* *Demonstrations and reasons*: what was shown moves belief between two written reasons only where these differ.

Divergences are Kullback–Leibler divergences in nats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtri, rel_entr, stdtr, xlogy

from ..arguments import guard
from ..arrays import Floats
from .inputs import amount, at_least, distribution, positive, probability, real

# --- one answer out of R ----------------------------------------------------------------------------------------------


def tilted(base: ArrayLike, reward: ArrayLike, pressure: ArrayLike) -> Floats:
    """The distribution (…, R) of highest mean reward − divergence / pressure: base · exp(pressure · reward), normalised.

    The closed form of training with a penalty on the divergence (Korbak, Perez & Buckley 2022).  The unit of `pressure` (…,)
    is nats per unit of reward; at 0 nothing moves.  An answer that the base never gives is never given.
    """
    start, push = distribution("base", base), amount("pressure", pressure)
    with np.errstate(divide="ignore"):
        weight = np.log(start) + push[..., None] * _fitting(start, reward)
    odds = np.exp(weight - weight.max(-1, keepdims=True))
    return odds / odds.sum(-1, keepdims=True)


def best_of_n(base: ArrayLike, reward: ArrayLike, n: ArrayLike) -> Floats:
    """The answer with the highest reward of n draws from the base, (…, R): P(i) = F(i)ⁿ − F(i−)ⁿ.

    F(i) is the probability of a draw with at most the reward of i.  Answers with the same reward share it as the base does.
    """
    start, tries = distribution("base", base), amount("n", n, low=1)[..., None]
    less, more, level = _levels(start, reward)
    with np.errstate(divide="ignore", invalid="ignore"):  # each logarithm from the side that has its digits; F(i−) may be 0
        upto = np.where(more < 0.5, np.log1p(-np.minimum(more, 1.0)), np.log(less + level))
        below = np.where(more + level < 0.5, np.log1p(-np.minimum(more + level, 1.0)), np.log(less))
        chance = np.where(level > 0, np.exp(tries * upto) * -np.expm1(tries * (below - upto)), 0.0)
    chance = _per(start, level) * chance
    return chance / chance.sum(-1, keepdims=True)


def quantilized(base: ArrayLike, reward: ArrayLike, top: ArrayLike) -> Floats:
    """A draw from the part `top` of the base that has the highest reward, (…, R) (Taylor 2016).

    Nothing is more than 1/top times as likely as before, so what costs c on average under the base costs at most c/top,
    whatever the evaluator does not see.
    """
    start, part = distribution("base", base), probability("top", positive("top", top))[..., None]
    _, above, level = _levels(start, reward)
    return _per(start, level) * np.clip(part - above, 0.0, level) / part


def _levels(base: Floats, reward: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Probability of a draw with less reward, of one with more, and of one with the same, for each answer, (…, R)."""
    score = _fitting(base, reward)
    beside, here = score[..., None, :], score[..., :, None]
    less, more, same = ((each * base[..., None, :]).sum(-1) for each in (beside < here, beside > here, beside == here))
    return less, more, same


def _fitting(base: Floats, reward: ArrayLike) -> Floats:
    score = real("reward", reward)
    if not score.ndim or score.shape[-1] != base.shape[-1]:
        raise ValueError(f"reward (…, R) {score.shape} must be of the answers of base (…, R) {base.shape}")
    return score


def _per(base: Floats, level: Floats) -> Floats:
    return np.divide(base, level, out=np.zeros(np.broadcast_shapes(base.shape, level.shape)), where=level > 0)


def divergence(trained: ArrayLike, base: ArrayLike) -> Floats:
    """How far a distribution has moved from its base, Σ p log(p / base), (…,), nats; infinite for what the base never does."""
    parts = rel_entr(distribution("trained", trained), distribution("base", base))
    return np.maximum(parts.sum(-1), 0.0)


def best_of_n_divergence(n: ArrayLike) -> Floats:
    """log n − (n − 1)/n nats: the divergence of the best of n if no two scores are equal, (…,); else at most so much.

    Gao, Schulman & Hilton (2022); that it is a bound only: Beirami and others (2024).
    """
    tries = amount("n", n, low=1)
    return np.log(tries) - (tries - 1) / tries


# --- scores on a line -------------------------------------------------------------------------------------------------


def gold_best_of_n(distance: ArrayLike, alpha: ArrayLike, beta: ArrayLike) -> Floats:
    """d (α − β d): the gold score at distance d = √divergence under best-of-n, (…,) (Gao, Schulman & Hilton 2022).

    It is highest at α/2β, with α²/4β.  α and β are fitted to a model and an evaluator: the paper plots them, there is no table.
    """
    d = amount("distance", distance)
    return d * (real("alpha", alpha) - real("beta", beta) * d)


def gold_reinforced(distance: ArrayLike, alpha: ArrayLike, beta: ArrayLike, iterations: ArrayLike = 1) -> Floats:
    """d (α − β log(d/k)): the same under reinforcement learning, in k rounds with a new evaluator each, (…,).

    It is highest at exp(α/β − 1) · k, with β times that (Gao, Schulman & Hilton 2022).
    """
    d, rounds = amount("distance", distance), amount("iterations", iterations, low=1)
    return d * real("alpha", alpha) - real("beta", beta) * (xlogy(d, d) - d * np.log(rounds))


#: Where integrals over a standard normal are summed.  The trapezoid rule converges geometrically on it.
LINE = np.linspace(-12, 38, 8193)


def expected_best(n: ArrayLike) -> Floats:
    """The expected highest of n standard normal scores, (…,): ∫ z n φ(z) Φ(z)ⁿ⁻¹ dz."""
    tries = amount("n", n, low=1)[..., None]
    density = tries * np.exp(_log_normal(LINE) + (tries - 1) * log_ndtr(LINE))
    return np.trapezoid(LINE * density, LINE)


def _log_normal(z: Floats) -> Floats:
    return -(z**2) / 2 - np.log(2 * np.pi) / 2


def part_that_is_gold(gold_sd: ArrayLike, error_sd: ArrayLike) -> Floats:
    """How much of a high score is gold, (…,): Var gold / (Var gold + Var error), both normal (regressional Goodhart).

    The best of n has a score of √(Var gold + Var error) · `expected_best(n)`, and this part of it is gold
    (Gao, Schulman & Hilton 2022, section 4.2).
    """
    gold, error = positive("gold_sd", gold_sd) ** 2, amount("error_sd", error_sd) ** 2
    return gold / (gold + error)


def gold_beyond(threshold: ArrayLike, *, error_sd: float = 1.0, tail: float = np.inf) -> Floats:
    """E[gold | gold + error > threshold], (…,): gold is standard normal, the error Student's t with `tail` degrees of freedom.

    The error has standard deviation `error_sd` (0.1 or more); an infinite `tail` is the normal distribution.  With a normal
    error, gold grows with the threshold; with any finite tail it returns to 0, and all of the score is error (catastrophic
    Goodhart: Kwa, Thomas & Garriga-Alonso 2024).  Exact to 1e-9 up to a threshold of 100.
    """
    bar = amount("threshold", threshold, low=-100)[..., None]
    if bar.max() > 100:
        raise ValueError(f"threshold must be at most 100, not {bar.max():g}")
    scale = amount("error_sd", error_sd, low=0.1) / (
        1 if np.isinf(at_least("tail", tail, 2.001)) else np.sqrt(tail / (tail - 2))
    )
    gold = np.linspace(-12, np.maximum(bar[..., 0], 0) + 12, 16385, axis=-1)
    short = (gold - bar) / scale
    weight = _log_normal(gold) + (log_ndtr(short) if np.isinf(tail) else np.log(stdtr(tail, short)))
    share = np.exp(weight - weight.max(-1, keepdims=True))
    return (gold * share).sum(-1) / share.sum(-1)


def quantilized_mean(top: ArrayLike) -> Floats:
    """The mean of the part `top` with the highest of standard normal scores, (…,): φ(z)/top, where z cuts it off."""
    part = probability("top", positive("top", top))
    with np.errstate(invalid="ignore"):
        return np.exp(_log_normal(ndtri(part))) / part


# --- demonstrations and reasons ---------------------------------------------------------------------------------------


def belief_in_reasons(prior: ArrayLike, reasons: ArrayLike, shown: ArrayLike) -> Floats:
    """P(reason | what was shown), (…, H): prior (…, H), what each reason does (H, K, R), and demonstrations counted (K, R).

    Bayes' rule.  Where the reasons do the same, demonstrations say nothing about them, however many there are: then what is
    believed is what was read before.  What no reason would have done leaves nan.
    """
    start, does = distribution("prior", prior), distribution("reasons", reasons)
    if does.ndim != 3 or start.shape[-1] != len(does) or np.shape(shown) != does.shape[1:]:
        raise ValueError(
            f"reasons (H, K, R) {does.shape} must fit prior (…, H) {start.shape} and shown (K, R) {np.shape(shown)}"
        )
    fit = xlogy(amount("shown", shown), does).sum((-1, -2))
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.log(start) + fit
        odds = np.exp(weight - weight.max(-1, keepdims=True))
        return odds / odds.sum(-1, keepdims=True)


guard(__name__)
