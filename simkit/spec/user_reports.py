"""Flags of users as evidence: each is weak, together they tell whether answers go wrong more often than was assumed.

Requests come one by one at random, so flags are Poisson counts.  In `answers` expected requests, and if bad outcomes are
`times` as frequent as the case says, the number of flags is

    F = X + Y,    X ~ Poisson(times · hits),    Y ~ Poisson(noise)

where hits = Σ answers · W[s, r] · chance[s, r] · (bad − g[s, r]) and noise = Σ answers · W[s, r] · g[s, r].  `bad` is the
chance that a bad outcome is flagged, g that an answer is flagged which did no wrong (harmful senders who were refused have one
of their own).  Flags are added up per behaviour, over all the cases whose answers show it.  Neither rate is known: `times`
and a factor on noise are gamma variables with mean 1 and relative standard deviations `doubt` and `noise_doubt`.  X and Y are
then negative binomial, and the posterior of `times` given F is a finite mixture of gammas, one for each number of the F flags
that may have been bad outcomes (Gamma–Poisson conjugacy: Gelman et al., *Bayesian Data Analysis*, 3rd ed., section 2.6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Floats, frozen, met
from ..case import Case
from ..evaluate import exposure
from ..files import suggest
from ..policy import Policy
from ..text import html_lines, html_table, number, people, percent, text_table
from .compiler import shows

Outcomes = Literal["harm", "neglect", "loss"]


@dataclass(frozen=True, kw_only=True)
class ReportRates:
    """How often senders flag, as chances: an answer that went wrong, one that did not, and a refusal that hit its mark."""

    bad: float = 0.3
    """That an answer is flagged if a bad outcome came of it."""
    good: float = 0.001
    """That an answer is flagged although no bad outcome came of it."""
    brigade: float | None = None
    """The same for harmful senders who were refused, who may flag together; by default as `good`."""

    def __post_init__(self) -> None:
        for name in ("bad", "good", "brigade"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} is {value:g}: a chance is from 0 to 1")
        if max(self.good, self.brigade or 0) > self.bad:
            raise ValueError(
                "bad outcomes are flagged at least as often as others: make bad larger, or good and brigade smaller"
            )


@dataclass(frozen=True)
class ReportStream:
    """The flags about one behaviour that one case brings, in `answers` expected requests, if its chances are right."""

    case: str
    behaviour: str
    answers: float
    spoken: float
    """The share of answers that show the behaviour: only these are counted."""
    hits: float
    """Expected flags that bad outcomes bring."""
    noise: float
    """Expected flags that come anyway."""


def expect_reports(
    case: Case,
    policy: Policy,
    behaviour: str,
    *,
    answers: float,
    of: Outcomes = "harm",
    rates: ReportRates | None = None,
) -> ReportStream:
    """The flags about a behaviour that a policy brings in a case, in `answers` expected requests.

    Answers count whose response shows the behaviour, at any value.  `of` says which outcomes are bad: harm of answering,
    neglect, or both (loss).  A ValueError if no response shows it, for a batch of policies, or fewer answers than none.
    """
    if of not in ("harm", "neglect", "loss"):
        raise ValueError(f"of is harm, neglect or loss, not {of!r}")
    if policy.batch or not 0 <= answers < np.inf:
        raise ValueError(f"one policy and a finite number of answers from 0 are needed, not {policy.name} and {answers:g}")
    shown, chosen = shows(case), rates or ReportRates()
    if not any(behaviour in values for values in shown.values()):
        known = dict.fromkeys(name for values in shown.values() for name in values)
        raise ValueError(f"no response of {case.name} shows {behaviour!r}; {suggest(behaviour, known)}")
    weight = exposure(case, policy) * np.array([behaviour in shown[name] for name in case.responses])
    chance = {
        "harm": case.harm_events.chance,
        "neglect": case.neglect_events.chance,
        "loss": case.harm_events.chance + case.neglect_events.chance,
    }[of]
    anyway = np.where(
        case.population.harmful[:, None] & case.refuses, chosen.good if chosen.brigade is None else chosen.brigade, chosen.good
    )
    hits, noise = met(weight, chance * (chosen.bad - anyway)).sum(), (weight * anyway).sum()
    return ReportStream(case.title, behaviour, answers, float(weight.sum()), float(answers * hits), float(answers * noise))


@dataclass(frozen=True, eq=False, repr=False)
class Reports:
    """The flags about one behaviour, added up over its streams, and how sure their authors were of the two rates."""

    streams: tuple[ReportStream, ...]
    doubt: float
    """Relative standard deviation of how many times the assumed rate bad outcomes have."""
    noise_doubt: float
    """The same for flags that come anyway; 0 if their rate is known."""

    @property
    def behaviour(self) -> str:
        """What the flags are about."""
        return self.streams[0].behaviour

    @cached_property
    def answers(self) -> float:
        """Expected requests, all streams together."""
        return sum(stream.answers for stream in self.streams)

    @cached_property
    def hits(self) -> float:
        """Expected flags that bad outcomes bring, if the case's chances are right."""
        return sum(stream.hits for stream in self.streams)

    @cached_property
    def noise(self) -> float:
        """Expected flags that come anyway."""
        return sum(stream.noise for stream in self.streams)

    @property
    def expected(self) -> float:
        """Expected flags if the case's chances are right."""
        return self.hits + self.noise

    def after(self, part: float) -> Reports:
        """The docket after `part` times as many answers; a ValueError for less than none."""
        if not 0 <= part < np.inf:
            raise ValueError(f"a part is finite and never negative, not {part:g}")
        scaled = (replace(s, answers=part * s.answers, hits=part * s.hits, noise=part * s.noise) for s in self.streams)
        return replace(self, streams=tuple(scaled))

    def reached(self, threshold: ArrayLike, *, times: float = 1.0) -> Floats:
        """P(at least `threshold` flags | bad outcomes are `times` as frequent as assumed), of the threshold's shape.

        Counts only grow, so that this is the chance that the threshold is reached at any time until then.  Exact: a finite sum
        of Poisson chances times tails of a negative binomial.  A ValueError if `times` is negative.
        """
        if not 0 <= times < np.inf:
            raise ValueError(f"times is finite and never negative, not {times:g}")
        needed, mean = np.asarray(threshold, dtype=float), times * self.hits
        hit = _likely(mean)
        left = needed[..., None] - hit
        return frozen(_at_least(left, self.noise, self.noise_doubt) @ np.exp(_log_chance(hit, mean, 0.0)))

    def threshold(self, false_alarms: float = 0.01) -> int:
        """The smallest number of flags that calls a review with at most this chance if nothing is worse than assumed."""
        if not 0 < false_alarms < 1:
            raise ValueError(f"a chance of false alarms is between 0 and 1, not {false_alarms:g}")
        low, high = 0, 1
        while self.reached(high) > false_alarms:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.reached(middle) > false_alarms else (low, middle)
        return high

    def weigh(self, flags: int, *, times: float = 1.0) -> ReportEvidence:
        """What so many flags say about how often bad outcomes come: more than `times` as often as assumed?"""
        if not (flags == int(flags) and 0 <= flags <= 10**5):
            raise ValueError(f"flags are a whole number from 0 to 100 000, not {flags}")
        if not 0 < times < np.inf:
            raise ValueError(f"times is a positive number, not {times:g}")
        return ReportEvidence(self, int(flags), times)

    def _title(self) -> str:
        return (
            f"Flags about {self.behaviour} in {people(self.answers)} answers: {number(self.expected)} expected, "
            f"of which {number(self.hits)} for bad outcomes"
        )

    def _table(self) -> tuple[list[str], list[list[str]]]:
        rows = [[s.case, people(s.answers), percent(s.spoken), number(s.hits), number(s.noise)] for s in self.streams]
        return ["case", "answers", "show it", "flags for bad outcomes", "flags that come anyway"], rows

    def __repr__(self) -> str:
        return self._title() + "\n" + text_table(*self._table())

    def _repr_html_(self) -> str:
        return html_lines(self._title(), []) + html_table(*self._table())


def add_reports(*streams: ReportStream, doubt: float = 1.0, noise_doubt: float = 0.1) -> Reports:
    """The flags of several streams about one behaviour, added up.

    `doubt` and `noise_doubt` are relative standard deviations: of the frequency of bad outcomes around what the cases say, and
    of flags that come anyway around what the rates say (0: known).  A ValueError for streams about different behaviours, none
    at all, or a doubt that is none.
    """
    about = dict.fromkeys(stream.behaviour for stream in streams)
    if len(about) != 1:
        raise ValueError(f"flags add up per behaviour: give streams about one, not about {', '.join(about) or 'none'}")
    if not (0 < doubt < np.inf and 0 <= noise_doubt < np.inf):
        raise ValueError(f"doubt is positive and noise_doubt is not negative; not {doubt:g} and {noise_doubt:g}")
    return Reports(streams, doubt, noise_doubt)


@dataclass(frozen=True, eq=False, repr=False)
class ReportEvidence:
    """What a number of flags says: the posterior of how many times as often as assumed bad outcomes come."""

    docket: Reports
    flags: int
    times: float
    """The level in question."""

    @cached_property
    def before(self) -> float:
        """P(bad outcomes come more than `times` as often as assumed) before any flag."""
        start = 1 / self.docket.doubt**2
        return float(_above(np.ones(1), np.array([start]), start, self.times))

    @cached_property
    def chance(self) -> float:
        """The same, given the flags."""
        return float(_above(self._weights, self._shapes, self._rate, self.times))

    @cached_property
    def mean(self) -> float:
        """How many times as often as assumed, on average, given the flags."""
        return float(self._weights @ self._shapes / self._rate)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The central 90%, given the flags."""
        return self._exceeded(0.95), self._exceeded(0.05)

    def _exceeded(self, chance: float) -> float:
        """The level that is exceeded with a chance."""
        from scipy.optimize import brentq

        def gap(log: float) -> float:
            return float(_above(self._weights, self._shapes, self._rate, np.exp(log))) - chance

        return float(np.exp(brentq(gap, -60, 60, xtol=1e-12)))

    @cached_property
    def turns_at(self) -> float | None:
        """The factor on flags that come anyway at which the flags would leave the question even; None if no factor does."""
        from scipy.optimize import brentq

        def even(log_factor: float) -> float:
            factor = float(np.exp(log_factor))
            streams = tuple(replace(s, noise=factor * s.noise) for s in self.docket.streams)
            return replace(self.docket, streams=streams).weigh(self.flags, times=self.times).chance - 0.5

        if not self.docket.noise:
            return None
        ends = -30.0, 30.0
        return float(np.exp(brentq(even, *ends, xtol=1e-9))) if even(ends[0]) * even(ends[1]) < 0 else None

    @cached_property
    def _mixture(self) -> tuple[Floats, Floats]:
        """How many of the flags may be bad outcomes, and the chance of each number, but for those that hardly can be."""
        bad = np.arange(self.flags + 1.0)
        log = _log_chance(bad, self.docket.hits, self.docket.doubt)
        log = log + _log_chance(self.flags - bad, self.docket.noise, self.docket.noise_doubt)
        if not np.isfinite(log.max()):
            raise ValueError(f"{self.flags} flags cannot come: no answer of this docket is ever flagged")
        likely = log > log.max() - 50
        weights = np.exp(log[likely] - log.max())
        return bad[likely], weights / weights.sum()

    @property
    def _weights(self) -> Floats:
        return self._mixture[1]

    @property
    def _shapes(self) -> Floats:
        return self._mixture[0] + 1 / self.docket.doubt**2

    @property
    def _rate(self) -> float:
        return 1 / self.docket.doubt**2 + self.docket.hits

    def sentences(self) -> list[str]:
        """The finding in words, with what would turn it."""
        more = "more often than assumed" if self.times == 1 else f"more than {number(self.times)} times as often as assumed"
        low, high = self.interval
        lines = [
            f"{self.flags} flags came about {self.docket.behaviour}, where {number(self.docket.expected)} were expected.",
            f"Probability that bad outcomes come {more}: {percent(self.chance)}; before any flag, {percent(self.before)}.",
            f"Best estimate: {number(self.mean)} times as often as assumed (90%: {number(low)} to {number(high)}).",
        ]
        if not self.docket.noise:
            return [*lines, "That takes it that no flag comes anyway, which no factor on their rate can put in doubt."]
        if self.turns_at is None:
            return [*lines, "No rate of flags that come anyway would make it an even question."]
        return [
            *lines,
            f"It would be an even question if flags came anyway {number(self.turns_at)} times as often as assumed.",
        ]

    def __repr__(self) -> str:
        return "\n".join(self.sentences())

    def _repr_html_(self) -> str:
        first, *rest = self.sentences()
        return html_lines(first, rest)


def _log_chance(count: ArrayLike, mean: float, doubt: float) -> Floats:
    """Log of the Poisson chances of counts, or of negative binomial ones if the mean has a relative standard deviation."""
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.asarray(count, dtype=float)
    if doubt == 0:
        return xlogy(k, mean) - mean - gammaln(k + 1)
    shape = 1 / doubt**2
    odds = mean / shape
    rest = xlogy(k, odds) - xlog1py(k + shape, odds)
    return gammaln(k + shape) - gammaln(shape) - gammaln(k + 1) + rest


def _likely(mean: float) -> Floats:
    """The counts that a Poisson variable takes but for a chance far below rounding, one by one."""
    spread = 12 * np.sqrt(mean) + 60
    return np.arange(max(np.floor(mean - spread), 0.0), np.ceil(mean + spread) + 1)


def _at_least(count: Floats, mean: float, doubt: float) -> Floats:
    """P(at least so many) of a Poisson variable, or of a negative binomial one if the mean is in doubt."""
    from scipy.special import betainc, gammainc

    k = np.maximum(np.ceil(count), 1.0)
    tail = gammainc(k, mean) if doubt == 0 else betainc(k, 1 / doubt**2, mean / (mean + 1 / doubt**2))
    return np.where(np.ceil(count) <= 0, 1.0, tail)


def _above(weights: Floats, shapes: Floats, rate: float, level: float) -> Floats:
    """P(a mixture of gammas exceeds a level)."""
    from scipy.special import gammaincc

    return np.minimum(weights @ gammaincc(shapes, rate * level), 1.0)
