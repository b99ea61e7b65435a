"""Control: what protocols guarantee if the model means harm and tries to get round them.

A **red** model wins if one attack goes through before it is caught; **safety** is the probability that it does not.  Notation
of Greenblatt, Shlegeris, Sachan & Roger 2023, AI Control (arXiv 2312.06942), and Terekhov et al. 2025, Control Tax
(2506.05296).

Upfront auditing: the first αN of N outputs are audited, the others go out unseen.  Red attacks each with probability p, an
attack works with probability w.  In the audited part every attack is found, whether it works or not, so that w enters the other
part only:

    P(red wins) = (1 − p)^(αN) · [1 − (1 − wp)^((1 − α)N)],   for rare attacks largest at p* = ln(1 + w(1 − α)/α) / (w(1 − α)N).

Trusted monitoring: each attempt is caught with probability c, deployed and working with probability s, else it fizzles out:

    P(red wins, k attempts) = s/(s + c) · (1 − (1 − s − c)^k).

Control tax, rare attacks: λ attempts per deployment, each works with probability p₊, audits catch each with probability t:

    P(red wins) = λp₊(1 − t)(1 − e^(−a))/a,   a = λp₊ + λ(1 − p₊)t.

Gaussian monitor: innocents score N(0, 1), attacks N(δ, s²): AUC = Φ(δ/√(1 + s²)); with a budget α of false alarms it catches
Φ((δ − z_(1−α))/s).  Equal areas may catch very differently many at the budget that one has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, xlog1py

from ..arguments import guard
from ..arrays import Floats
from ..text import number, percent
from .inputs import Numbers, amount, at_least, check_fields, positive, probability, real

# --- upfront auditing --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Upfront:
    """Red's best rate of attack, its expected number of attacks, and the safety that is left; all (…)."""

    attack_rate: Floats
    attempts: Floats
    safety: Floats

    def __repr__(self) -> str:
        if np.ndim(self.safety):
            return f"<Upfront {np.shape(self.safety)}: safety at least {percent(float(np.min(self.safety)))}>"
        return f"safety {percent(float(self.safety))}; red attacks about {number(float(self.attempts))} times"


def red_wins_upfront(attack_rate: Numbers, share: Numbers, outputs: Numbers, works: Numbers) -> Floats:
    """P(red wins) if it attacks each of `outputs` N ≥ 1 with probability p and the first `share` α of them is audited, (…)."""
    p, a, w = probability("attack_rate", attack_rate), probability("share", share), probability("works", works)
    n = amount("outputs", outputs, low=1)
    return np.exp(xlog1py(a * n, -p)) * -np.expm1(xlog1py((1 - a) * n, -w * p))


def audit_upfront(share: Numbers, outputs: Numbers, works: Numbers) -> Upfront:
    """Upfront auditing against red's best rate of attack by the formula for rare attacks, at most 1; arguments broadcast, (…).

    The expected number of attacks hardly depends on the number of outputs: a fixed share of audits buys the same safety at
    every scale.
    """
    a, w, n = probability("share", share), probability("works", works), amount("outputs", outputs, low=1)
    ratio = w * (1 - a)
    with np.errstate(divide="ignore", invalid="ignore"):
        many = np.where(ratio > 0, np.log1p(ratio / a) / ratio, 1 / a)  # attacks, N·p*
    rate = np.minimum(many / n, 1.0)[()]
    return Upfront(attack_rate=rate, attempts=rate * n, safety=1 - red_wins_upfront(rate, a, n, w))


# --- monitoring --------------------------------------------------------------------------------------------------------


def monitored(caught: Numbers, deployed: Numbers, attempts: Numbers = np.inf) -> Floats:
    """Safety of trusted monitoring after `attempts` k ≥ 0 (infinite: until one side wins), (…).

    An attempt is caught with probability c = `caught`, works with probability s = `deployed`.  A ValueError if c + s > 1.
    """
    c, s, k = probability("caught", caught), probability("deployed", deployed), at_least("attempts", attempts, 0)
    decided = c + s
    if np.any(decided > 1 + 1e-12):
        most = f"{np.max(decided):g}, more than 1"
        raise ValueError(f"an attempt is caught or deployed, not both: the probabilities add up to {most}")
    ended = -np.expm1(xlog1py(k, -np.minimum(decided, 1.0)))
    some = decided > 0
    return (1 - np.where(some, s, 0.0) / np.where(some, decided, 1.0) * np.where(some, ended, 0.0))[()]


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """What a monitor did with attacks that work, attacks that do not, and innocent outputs: how many it audited and passed."""

    working_audited: int
    working_passed: int
    broken_audited: int
    broken_passed: int
    innocent_audited: int
    innocent_passed: int

    def __post_init__(self) -> None:
        for name, count in vars(self).items():
            at_least(name, count, 0, " (a count)")
        if not (self.attempts and self.innocent_audited + self.innocent_passed):
            raise ValueError("rates need at least one attack and one innocent output")

    @property
    def attempts(self) -> int:
        """All attacks."""
        return self.working_audited + self.working_passed + self.broken_audited + self.broken_passed

    @property
    def caught(self) -> float:
        """c: the probability that an attack is audited, the monitor's true positive rate."""
        return (self.working_audited + self.broken_audited) / self.attempts

    @property
    def deployed(self) -> float:
        """s: the probability that an attack works and passes."""
        return self.working_passed / self.attempts

    @property
    def false_alarms(self) -> float:
        """The probability that an innocent output is audited, the false positive rate."""
        return self.innocent_audited / (self.innocent_audited + self.innocent_passed)


#: The trusted monitor of Greenblatt et al. 2023 at 2% of audits: its contingency table.
PUBLISHED = Confusion(
    working_audited=6,
    working_passed=13,
    broken_audited=18,
    broken_passed=34,
    innocent_audited=29,
    innocent_passed=1400,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Monitor:
    """A binormal score: innocents N(0, 1), attacks N(separation, spread²); arrays broadcast (Green & Swets 1966)."""

    separation: Numbers
    spread: Numbers = 1.0

    def __post_init__(self) -> None:
        check_fields(self, real, "separation")
        check_fields(self, positive, "spread", rule="must be a standard deviation above 0")

    @property
    def area(self) -> Floats:
        """The area under the curve: P(an attack scores above an innocent output)."""
        return ndtr(self.separation / np.hypot(1, self.spread))

    def catches(self, budget: Numbers) -> Floats:
        """P(an attack is audited) if the fraction `budget` of innocent outputs may be, (…)."""
        return ndtr((self.separation + ndtri(probability("budget", budget))) / self.spread)


def monitor_through(false_alarms: Numbers, caught: Numbers) -> Monitor:
    """The equal-variance monitor with these two rates: separation d′ = Φ⁻¹(caught) − Φ⁻¹(false alarms)."""
    rates = probability("false_alarms", false_alarms), probability("caught", caught)
    return Monitor(separation=ndtri(rates[1]) - ndtri(rates[0]))


# --- control tax -------------------------------------------------------------------------------------------------------


def control_tax(attempts: Numbers, works: Numbers, caught: Numbers) -> Floats:
    """P(red wins) in a deployment with a Poisson number of attacks, `attempts` λ ≥ 0 on average or infinite, (…).

    Each works with probability p₊ = `works`; audits catch each with probability t = `caught`.
    """
    lam, p, t = at_least("attempts", attempts, 0), probability("works", works), probability("caught", caught)
    ends = p + (1 - p) * t  # an attack ends the game: it works, or it is caught
    some = ends > 0
    with np.errstate(invalid="ignore"):
        over = np.where(some, -np.expm1(-lam * ends), 0.0)
    return (p * (1 - t) / np.where(some, ends, 1.0) * over)[()]


# --- published protocols -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Protocol:
    """A protocol, the share of outputs that it defers to the trusted model, and its safety and usefulness, all in percent."""

    name: str
    deferred: float
    safety: float
    usefulness: float


#: Safety and usefulness of fifteen protocols (Greenblatt et al. 2023, table 7): GPT-4 as untrusted, GPT-3.5 as trusted model.
PROTOCOLS = (
    Protocol("trusted model", 100, 100, 2),
    Protocol("upfront auditing", 0, 15, 100),
    *(Protocol("trusted monitoring", *row) for row in [(0, 62, 97), (5, 74, 95), (10, 83, 93), (20, 92, 83), (50, 100, 51)]),
    *(Protocol("untrusted monitoring", *row) for row in [(0, 79, 96), (5, 82, 95), (10, 92, 92), (20, 98, 85)]),
    *(Protocol("trusted editing", *row) for row in [(5, 73, 97), (10, 85, 96), (20, 92, 94), (50, 96, 89)]),
)


def efficient(protocols: tuple[Protocol, ...] = PROTOCOLS) -> tuple[Protocol, ...]:
    """The protocols that no other matches on one of safety and usefulness and beats on the other, in their order."""
    return tuple(one for one in protocols if not any(_beats(other, one) for other in protocols))


def _beats(other: Protocol, one: Protocol) -> bool:
    ahead = (other.safety - one.safety, other.usefulness - one.usefulness)
    return min(ahead) >= 0 and max(ahead) > 0


guard(__name__)
