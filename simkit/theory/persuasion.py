"""Arguments as evidence: what a strong reason for crossing a line says about who brings it, and why a line may be bright.

**Best of n.**  Honest people send the argument that they have: its percentile F among honest arguments is uniform.  A
manipulator, or a model that searches for a reason of its own, tries n and sends the strongest, with density n·F^(n−1).  The
likelihood ratio of manipulation is therefore (derived here)

    LR(F) = n·F^(n−1)              from about 0 up to n; above 1 from F = n^(−1/(n−1)) on
    posterior odds = prior odds · LR                                                                              (Bayes)

If a fraction m of the manipulators imitates the honest, LR = m + (1 − m)·n·F^(n−1).  They gain by it as long as strength counts
against them, so that in equilibrium m = 1 and LR = 1: strength says nothing, and only the prior is left.

**Bayesian persuasion** (Kamenica & Gentzkow 2011, American Economic Review 101).  Somebody who chooses what is looked into
makes a receiver with prior μ, who complies from belief t > μ on, comply with probability μ/t.  The receiver ends at t exactly.

**A bright line.**  Weighing that accepts wrongly with probability f an attempt fails in K attempts with probability
1 − (1 − f)^K; a rule that does not listen, with 0.  With V the value of a justified exception, L the loss of a wrong one, and r
the probability of a false acceptance over that of a true one, the line is better if exceptions are rarer than j* = rL/(V + rL).

`argue` puts arguments before a case: its signals then carry the grade of an argument, and `bending` and `wary` are batches of
policies along the strength at which they begin, or cease, to give in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arguments import guard
from ..arrays import Floats, frozen
from ..case import Case
from ..policy import Axis, Policy, from_array
from .inputs import Numbers, amount, at_least, probability

#: The borders of the grades of arguments: percentiles among honest ones, finer where few honest ones are.
GRADES = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1)


def likelihood_ratio(strength: Numbers, tries: Numbers, mimic: Numbers = 0.0) -> Floats:
    """How much likelier an argument of percentile `strength` is from a manipulator: m + (1 − m)·n·F^(n−1).

    `tries` n ≥ 1 arguments are searched, `mimic` m is the fraction of manipulators that imitate the honest.  Broadcasts; a
    ValueError names what is out of range.
    """
    f, n, m = probability("strength", strength), amount("tries", tries, low=1), probability("mimic", mimic)
    return m + (1 - m) * n * f ** (n - 1)


def posterior(prior: Numbers, ratio: Numbers) -> Floats:
    """P(manipulation | argument) from the prior and the likelihood ratio ≥ 0 (infinite: it is certain).

    nan where the argument rules out all that the prior allows: 0 of prior 1, infinite of prior 0.
    """
    p, lr = probability("prior", prior), at_least("ratio", ratio, 0)
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(lr) & (p > 0), 1.0, p * lr / (p * lr + 1 - p))[()]


def suspicious_from(tries: Numbers) -> Floats:
    """The percentile above which an argument speaks for manipulation: n^(−1/(n−1)); of one try, none does (1)."""
    n = amount("tries", tries, low=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 1, n ** (-1 / (n - 1)), 1.0)[()]


@dataclass(frozen=True, eq=False)
class Persuasion:
    """The best that somebody can do who chooses what is looked into: arrays of one shape."""

    complies: Floats
    """The probability that the receiver complies, min(1, μ/t)."""
    misled: Floats
    """The probability that the receiver complies although nothing speaks for it: μ(1 − t)/(t(1 − μ))."""
    belief: Floats
    """What a receiver believes who complies: t, or the prior if that is higher."""


def persuade(prior: Numbers, threshold: Numbers) -> Persuasion:
    """Kamenica & Gentzkow's prosecutor: a receiver of belief `prior` complies from `threshold` on."""
    p, t = np.broadcast_arrays(probability("prior", prior), probability("threshold", threshold))
    with np.errstate(divide="ignore", invalid="ignore"):
        complies = np.where(p >= t, 1.0, p / t)
        misled = np.where(p >= t, 1.0, p * (1 - t) / (t * (1 - p)))
    return Persuasion(complies[()], misled[()], np.maximum(p, t)[()])


def breach(error: Numbers, attempts: Numbers) -> Floats:
    """The probability that one of K attempts gets through a judgement that errs with probability f: 1 − (1 − f)^K."""
    f, k = probability("error", error), at_least("attempts", attempts, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((k == 0) | (f == 0), 0.0, -np.expm1(k * np.log1p(-f)))[()]


def break_even_exception(value: Numbers, loss: Numbers, ratio: Numbers) -> Floats:
    """j* = rL/(V + rL): a line is better than weighing if a justified exception is rarer than this.

    `value` V of a justified exception and `loss` L of a wrong one are in one unit, `ratio` r is P(wrong one accepted) /
    P(justified one accepted).
    """
    v, lost, r = amount("value", value), amount("loss", loss), amount("ratio", ratio)
    if not np.all(v + r * lost > 0):
        raise ValueError("value and ratio · loss must not both be 0: then nothing is at stake")
    return r * lost / (v + r * lost)


# --- arguments before a case ------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Argued:
    """A case whose senders argue: each signal is one of the case's, and the grade of the argument that comes with it."""

    case: Case
    """The case with signals (S, K·G); the grade counts fastest."""
    grades: Floats
    """The borders of the G grades, (G + 1,): percentiles among honest arguments."""
    ratio: Floats
    """The likelihood ratio of manipulation of each grade, (G,)."""

    @property
    def prior(self) -> float:
        """The probability that a sender is harmful before the argument is heard."""
        return float(self.case.population.shares[self.case.population.harmful].sum())

    @property
    def manipulation(self) -> Floats:
        """The probability that a sender is harmful whose argument is of each grade, (G,)."""
        return posterior(self.prior, self.ratio)


def argue(case: Case, *, tries: float, mimic: float = 0.0, grades: tuple[float, ...] = GRADES) -> Argued:
    """Let every sender of a case argue: harmful ones send the best of `tries` arguments, all others the one that they have.

    `mimic` is the fraction of harmful senders that imitate the others.  Arguments say nothing of anything else.  A ValueError
    unless the borders of the grades rise from 0 to 1.
    """
    borders = probability("grades", grades)
    if borders.ndim != 1 or len(borders) < 2 or borders[0] != 0 or borders[-1] != 1 or not (np.diff(borders) > 0).all():
        raise ValueError("the borders of the grades rise from 0 to 1, such as (0, 0.5, 0.9, 1)")
    n, m = amount("tries", tries, low=1), probability("mimic", mimic)
    honest = np.diff(borders)
    searched = m * honest + (1 - m) * np.diff(borders**n)
    people, count = case.population, len(honest)
    strength = np.where(people.harmful[:, None], searched, honest)
    names = tuple(f"{signal}+beats-{low:g}" for signal in people.signal_names for low in 100 * borders[:-1])

    def graded(signals: Floats) -> Floats:
        return frozen((signals[:, :, None] * strength[:, None]).reshape(len(signals), -1))

    contexts = {name: replace(each, base_signals=graded(each.base_signals)) for name, each in case.contexts.items()}
    population = replace(people, base_signals=graded(people.base_signals), signal_names=names)
    heard = tuple(messages for messages in case.carried for _ in range(count))
    said = f"arguments, best of {float(n):g}" + (f", {float(m):g} mimic" if m else "")
    made = replace(case, population=population, contexts=contexts, carried=heard, observed={}, edits=(*case.edits, said))
    return Argued(made, frozen(borders), frozen(searched / honest))


def bending(argued: Argued, *, give: str, keep: str) -> Policy:
    """Policies that give in to strong arguments: `give` from a strength on, `keep` below; the last gives in to none.

    A batch along the G + 1 borders of the grades.  Like `from_array` it records what would be done, allowed or not.
    """
    return _along(argued, give, keep, "gives in from", np.greater_equal.outer(argued.grades[:-1], argued.grades).T)


def wary(argued: Argued, *, give: str, keep: str) -> Policy:
    """Policies that take a strong argument for a warning: `give` below a strength, `keep` from there on.

    A batch along the G + 1 borders of the grades; the first gives in to none.
    """
    return _along(argued, give, keep, "refuses from", np.less.outer(argued.grades[:-1], argued.grades).T)


def _along(argued: Argued, give: str, keep: str, name: str, gives: Floats) -> Policy:
    one = {response: np.eye(len(argued.case.responses))[argued.case.response(response)] for response in (give, keep)}
    repeats = len(argued.case.population.signal_names) // (len(argued.grades) - 1)
    rows = np.where(np.tile(gives, repeats)[..., None], one[give], one[keep])
    return from_array(
        argued.case, rows, name=f"{give} ({name})", axis=Axis(name, tuple(argued.grades.tolist()), "of honest arguments")
    )


guard(__name__)
