"""Reports of users as evidence: each is weak, together they tell whether answers go wrong more often than was assumed.

Requests come one by one at random, so reports are Poisson counts.  In `answers` expected requests, and if bad outcomes are
`times` as frequent as the case says, the number of reports is

    F = X + Y,    X ~ Poisson(times · hits),    Y ~ Poisson(noise)

where hits = Σ answers · W[s, r] · chance[s, r] · (bad − g[s, r]) and noise = Σ answers · W[s, r] · g[s, r].  `bad` is the
probability that a bad outcome is reported, g that an answer is which did no wrong (harmful senders who were refused have one of
their own).  Reports add up per behaviour, over all the cases whose answers show it.  Neither rate is known: `times` and a
factor on noise are gamma variables with mean 1 and relative standard deviations `doubt` and `noise_doubt`.  X and Y are then
negative binomial, and the posterior of `times` given F is a finite mixture of gammas, one for each number of the F reports that
may have been bad outcomes (Gamma–Poisson conjugacy: Gelman et al., *Bayesian Data Analysis*, 3rd ed., section 2.6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import guard
from ..arrays import Floats, frozen, met
from ..case import Case
from ..evaluate import exposure
from ..policy import Policy
from ..text import Printable, Printed, number, people, percent, suggest
from .compiler import shows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def _needs(sound: object, rule: str) -> None:
    if not sound:
        raise ValueError(rule)


@dataclass(frozen=True, kw_only=True)
class ReportRates:
    """How likely senders are to report an answer: one that went wrong, one that did not, a refusal that hit its mark."""

    bad: float = 0.3
    """That an answer is reported if a bad outcome came of it."""
    good: float = 0.001
    """That an answer is reported although no bad outcome came of it."""
    brigade: float | None = None
    """The same for harmful senders who were refused, who may report together; by default as `good`."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            _needs(value is None or 0 <= value <= 1, f"{name} is {value}: a probability is from 0 to 1")
        rule = "bad outcomes are reported at least as often as others: make bad larger, or good and brigade smaller"
        _needs(max(self.good, self.brigade or 0) <= self.bad, rule)


@dataclass(frozen=True)
class ReportStream:
    """The reports about one behaviour that one case brings, in `answers` expected requests, if its probabilities are right."""

    case: str
    behaviour: str
    answers: float
    spoken: float
    """The share of answers that show the behaviour: only these are counted."""
    hits: float
    """Expected reports of bad outcomes."""
    noise: float
    """Expected reports that come anyway."""


def expect_reports(
    case: Case, policy: Policy, behaviour: str, *, answers: float, rates: ReportRates | None = None
) -> ReportStream:
    """The reports about a behaviour that a policy brings in a case, in `answers` expected requests.

    Answers count whose response shows the behaviour, at any value; bad outcomes are harms of answering.  A ValueError if no
    response shows it, for a batch of policies, or fewer answers than none.
    """
    fits = not policy.batch and 0 <= answers < np.inf
    _needs(fits, f"one policy and a finite number of answers from 0 are needed, not {policy.name} and {answers:g}")
    shown, rates = shows(case), rates or ReportRates()
    known = dict.fromkeys(name for values in shown.values() for name in values)
    _needs(behaviour in known, f"no response of {case.name} shows {behaviour!r}; {suggest(behaviour, known)}")
    weight = exposure(case, policy) * np.array([behaviour in shown[name] for name in case.responses])
    refused = rates.good if rates.brigade is None else rates.brigade
    anyway = np.where(case.population.harmful[:, None] & case.refuses, refused, rates.good)
    hits, noise = met(weight, case.harm_events.chance * (rates.bad - anyway)).sum(), (weight * anyway).sum()
    return ReportStream(case.title, behaviour, answers, float(weight.sum()), float(answers * hits), float(answers * noise))


@dataclass(frozen=True, eq=False, repr=False)
class Reports(Printed):
    """The reports about one behaviour, added up over streams, and how sure their authors were of the two rates.

    A ValueError for streams about different behaviours, for none at all, or for a doubt that is none.
    """

    streams: Sequence[ReportStream]
    doubt: float = 1.0
    """Relative standard deviation of the frequency of bad outcomes around what the cases say."""
    noise_doubt: float = 0.1
    """The same of reports that come anyway, around what the rates say; 0 if their rate is known."""

    def __post_init__(self) -> None:
        about = dict.fromkeys(stream.behaviour for stream in self.streams)
        said = ", ".join(about) or "none"
        _needs(len(about) == 1, f"reports add up per behaviour: give streams about one, not about {said}")
        sound = 0 < self.doubt < np.inf and 0 <= self.noise_doubt < np.inf
        said = f"{self.doubt:g} and {self.noise_doubt:g}"
        _needs(sound, f"doubt is positive and noise_doubt is not negative; not {said}")

    @property
    def behaviour(self) -> str:
        """What the reports are about."""
        return self.streams[0].behaviour

    @property
    def answers(self) -> float:
        """Expected requests, all streams together."""
        return sum(stream.answers for stream in self.streams)

    @cached_property
    def hits(self) -> float:
        """Expected reports of bad outcomes, if the case's probabilities are right."""
        return sum(stream.hits for stream in self.streams)

    @cached_property
    def noise(self) -> float:
        """Expected reports that come anyway."""
        return sum(stream.noise for stream in self.streams)

    @property
    def expected(self) -> float:
        """Expected reports if the case's probabilities are right."""
        return self.hits + self.noise

    def after(self, part: float) -> Reports:
        """The reports after `part` times as many answers; a ValueError for less than none."""
        _needs(0 <= part < np.inf, f"a part is finite and never negative, not {part:g}")
        scaled = (replace(s, answers=part * s.answers, hits=part * s.hits, noise=part * s.noise) for s in self.streams)
        return replace(self, streams=tuple(scaled))

    def reached(self, threshold: ArrayLike, *, times: float = 1.0) -> Floats:
        """P(at least `threshold` reports | bad outcomes are `times` as frequent as assumed), of the threshold's shape.

        Counts only grow, so this is the probability that the threshold is reached at any time until then.  Exact: a finite sum
        of Poisson probabilities times tails of a negative binomial.  A ValueError if `times` is negative.
        """
        _needs(0 <= times < np.inf, f"times is finite and never negative, not {times:g}")
        from scipy.special import gammaln, xlogy

        mean = times * self.hits
        spread = 12 * np.sqrt(mean) + 60  # beyond it Poisson probabilities are far below rounding
        bad = np.arange(max(np.floor(mean - spread), 0.0), np.ceil(mean + spread) + 1)
        left = np.ceil(np.asarray(threshold, dtype=float)[..., None] - bad)
        return frozen(_at_least(left, self.noise, self.noise_doubt) @ np.exp(xlogy(bad, mean) - mean - gammaln(bad + 1)))

    def threshold(self, false_alarms: float = 0.01) -> int:
        """The smallest number of reports that calls a review with at most this probability if nothing is worse than assumed."""
        _needs(0 < false_alarms < 1, f"the probability of a false alarm is between 0 and 1, not {false_alarms:g}")
        low, high = 0, 1
        while self.reached(high) > false_alarms:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.reached(middle) > false_alarms else (low, middle)
        return high

    def weigh(self, count: int, *, times: float = 1.0) -> ReportEvidence:
        """What so many reports say about how often bad outcomes come: more than `times` as often as assumed?"""
        _needs(count == count // 1 and 0 <= count <= 10**5, f"reports are a whole number from 0 to 100 000, not {count}")
        _needs(0 < times < np.inf, f"times is a positive number, not {times:g}")
        weights, shapes, rate = found = _posterior(self, int(count))
        prior = np.ones(1), np.array([1 / self.doubt**2]), 1 / self.doubt**2
        low, high = (_root(partial(_above_less, found, p), 60) for p in (0.95, 0.05))
        mean, interval = float(weights @ shapes / rate), (low or 0.0, high or np.inf)
        return ReportEvidence(self, int(count), times, _above(prior, times), _above(found, times), mean, interval)

    def _parts(self) -> list[Printable]:
        expected = f"{number(self.expected)} expected, of which {number(self.hits)} for bad outcomes"
        rows = [[s.case, people(s.answers), percent(s.spoken), number(s.hits), number(s.noise)] for s in self.streams]
        head = ["case", "answers", "show it", "reports of bad outcomes", "reports that come anyway"]
        return [f"Reports about {self.behaviour} in {people(self.answers)} answers: {expected}", (head, rows)]


@dataclass(frozen=True, eq=False, repr=False)
class ReportEvidence(Printed):
    """What a number of reports says: the posterior of how many times as often as assumed bad outcomes come."""

    reports: Reports
    count: int
    times: float
    """The level in question."""

    before: float
    """P(bad outcomes come more than `times` as often as assumed) before any report."""
    probability: float
    """The same, given the reports."""
    mean: float
    """How many times as often as assumed, on average, given the reports."""
    interval: tuple[float, float]
    """The central 90%, given the reports."""

    @cached_property
    def break_even(self) -> float | None:
        """The factor on reports that come anyway at which they would leave the question even; None if no factor does."""

        found = self.reports
        return (
            _root(lambda factor: _above(_posterior(found, self.count, factor), self.times) - 0.5, 30) if found.noise else None
        )

    def _parts(self) -> list[str]:
        """The finding in words, with what would reverse it."""
        found, (low, high), now = self.reports, self.interval, percent(self.probability)
        more = "more often than assumed" if self.times == 1 else f"more than {number(self.times)} times as often as assumed"
        even = "No rate of reports that come anyway would make it an even question."
        if not found.noise:
            even = "That takes it that no report comes anyway, which no factor on their rate can put in doubt."
        elif self.break_even is not None:
            even = f"It would be an even question if reports came anyway {number(self.break_even)} times as often as assumed."
        return [
            f"{self.count} reports came about {found.behaviour}, where {number(found.expected)} were expected.",
            f"Probability that bad outcomes come {more}: {now}; before any report, {percent(self.before)}.",
            f"Best estimate: {number(self.mean)} times as often as assumed (90%: {number(low)} to {number(high)}).",
            even,
        ]


def draw_review(
    reports: Reports, ax: Axes | None = None, *, times: Sequence[float] = (2.0, 5.0, 10.0), false_alarms: float = 0.01
) -> Axes:
    """How likely reports call a review after so many answers, if bad outcomes are `times` as frequent as assumed.

    The threshold grows with the answers, so that a review without need has the probability `false_alarms`.  Thin lines are for
    reports that come anyway at a known rate.  A ValueError if no reports are expected.
    """
    from ..plots import DASHES, LINES, finished, new_axes, sender_colours

    _needs(reports.expected, "no reports are expected here: give the streams answers")
    given, ax, palette, known = ax, new_axes(ax), sender_colours(), replace(reports, noise_doubt=0.0)
    parts = np.geomspace(0.001, 1, 49)
    for i, often in enumerate(times):
        style: dict[str, Any] = {"color": palette[LINES[i % 4]], "ls": DASHES[i % 4]}
        for each, more in ((reports, {"lw": 2, "label": f"{number(often)} times as often"}), (known, {"lw": 0.8})):
            at = (each.after(float(part)) for part in parts)
            called = [float(there.reached(there.threshold(false_alarms), times=often)) for there in at]
            ax.plot(parts * reports.answers, called, **style, **more)
    ax.axhline(false_alarms, color="0.5", lw=0.8, ls=":")
    ax.set(xscale="log", ylim=(0, 1.02), xlim=(parts[0] * reports.answers, reports.answers))
    ax.set_xlabel("answers (thin: if the rate of reports that come anyway were known)")
    ax.set_ylabel(f"probability of a review (false alarms {percent(false_alarms)})")
    ax.xaxis.set_major_formatter(lambda value, _: people(value))
    return finished(ax, given)


def _at_least(count: Floats, mean: float, doubt: float) -> Floats:
    """P(at least so many) of a count, Poisson or negative binomial, in closed form: `scipy.stats` takes 20 times as long."""
    from scipy.special import betainc, gammainc

    k = np.maximum(count, 1.0)
    tail = gammainc(k, mean) if doubt == 0 else betainc(k, 1 / doubt**2, mean / (mean + 1 / doubt**2))
    return np.where(count <= 0, 1.0, tail)


#: A mixture of gammas: weights, shapes, and the rate that all share.
_Mixture = tuple[Floats, Floats, float]


def _posterior(reports: Reports, count: int, factor: float = 1.0) -> _Mixture:
    """Of `times`, given a count: a part for each number of bad outcomes in it, if `factor` times as many come anyway."""
    from scipy import stats

    def log_count(mean: float, doubt: float, number: Floats) -> Any:
        """log P(number): Poisson, or negative binomial if its mean has a relative standard deviation."""
        shape = 1 / doubt**2 if doubt else np.inf
        return stats.nbinom.logpmf(number, shape, shape / (shape + mean)) if doubt else stats.poisson.logpmf(number, mean)

    bad, shape = np.arange(count + 1.0), 1 / reports.doubt**2
    log = log_count(reports.hits, reports.doubt, bad)
    log = log + log_count(factor * reports.noise, reports.noise_doubt, count - bad)
    _needs(np.isfinite(log.max()), f"{count} reports cannot come: no answer here is ever reported")
    likely = log > log.max() - 50
    weights = np.exp(log[likely] - log.max())
    return weights / weights.sum(), bad[likely] + shape, shape + reports.hits


def _above(mixture: _Mixture, level: float) -> float:
    """P(a mixture of gammas exceeds a level)."""
    from scipy.special import gammaincc

    weights, shapes, rate = mixture
    return min(float(weights @ gammaincc(shapes, rate * level)), 1.0)


def _above_less(mixture: _Mixture, even: float, level: float) -> float:
    """P(a mixture exceeds a level), less `even`."""
    return _above(mixture, level) - even


def _root(function: Callable[[float], float], reach: float) -> float | None:
    """Where a function of a positive number changes its sign, between e^−reach and e^reach; None if it does not."""
    from scipy.optimize import brentq

    def at(log: float) -> float:
        return function(float(np.exp(log)))

    return float(np.exp(brentq(at, -reach, reach, xtol=1e-12))) if at(-reach) * at(reach) < 0 else None


guard(__name__)
