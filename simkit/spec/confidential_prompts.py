"""An operator's confidential prompt under several specs: what users hear and can infer, who is harmed, what secrets cost.

Operators set up D deployments in proportion to shares: some give no instructions, some open ones, some keep a decent secret,
and a few, the hostile, pursue a goal against the user.  Under each written spec the assistant says something when users ask
(`compile` in every deployment's context).  Who hears response r on signal k knows by Bayes

    q[k, r] = P(hostile | k, r) = share[hostile] · A_hostile[k, r] / Σ_d share[d] · A_d[k, r]

and looks elsewhere if that costs less than q · L, L being what there is to lose.  Costs differ between people, exponentially
with mean c, so a fraction e^{−q L / c} still follows advice that steers them quietly.  The case gives both ends: the harm of a
quiet response if nobody doubts it (q = 0), and if people know that something is left out (q = 1).  Between them

    harm(q) = harm(0) · (harm(1) / harm(0))^q

for users who reason; the trusting take words at face value, q = 0.  A response that says what it leaves out misleads nobody:
the case's harm stands, whatever is inferred.  Covert harm, and what leaks cost decent operators, are then finite sums over
deployments, segments, signals and responses.

Assumed: users know how common each kind of operator is and what the spec grants it; the same people ask everywhere; operators
ask for all the cover that they want and are granted, and do not choose whether to be hostile.  The model is ours; that users
read what is said in the light of who would say it is Bayesian persuasion's and cheap talk's (Crawford & Sobel 1982).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..arguments import guard
from ..arrays import Bools, Floats, frozen
from ..case import Case, Events
from ..population import draw_interval, worlds_from
from ..scenario import Share
from ..text import Printable, Printed, number, percent, place_of, whole_percent
from .compiler import WrittenPolicy, compile, shows  # noqa: A004
from .rules import Rules

#: The deployment without instructions: nothing to keep, so that it says truthfully that it has none.
BARE = "no-instructions"


def _judged(value: float, low: float, high: float, note: str) -> Share:
    source = "simkit's judgement; no published figure was found"
    return Share(value=value, low=low, high=high, basis="judged", source=source, note=note)


#: Of the conversations in which somebody asks for the instructions: whose deployment it is, the hostile one last.
OPERATORS: Mapping[str, Share] = {
    BARE: _judged(0.35, 0.15, 0.60, "consumer apps without an operator"),
    "no-secret": _judged(0.15, 0.05, 0.30, "anybody may read what they say"),
    "trade-secret": _judged(0.47, 0.25, 0.70, "most products that firms build"),
    "hidden-goal": _judged(0.03, 0.003, 0.12, "who asks has often noticed something: a larger share than of all deployments"),
}

#: Of all users, those who take the assistant's words at face value.
TRUSTING = _judged(0.7, 0.4, 0.95, "few know what a system prompt is, fewer what a spec grants")


@dataclass(frozen=True, eq=False)
class Channel:
    """What one spec does, per conversation in which somebody asks: help units, and harm units for `covert` and `leaks`.

    In n worlds the numbers are arrays, (n,).
    """

    rules: str
    policies: Mapping[str, WrittenPolicy]
    """What is heard in each deployment."""
    suspicion: Floats
    """P(hostile | signal, response), (K, R); nan where nobody hears it."""
    remains: Floats
    """What is left of the hostile deployment's harm once users infer what they can, (S, K, R)."""
    help: Floats
    """What those who ask gain where there are instructions."""
    covert: Floats
    """Harm to the users of hostile operators."""
    leaks: Floats
    """All harm in other deployments: what decent operators lose."""
    lied_to: Floats
    """The probability of being told that there are no instructions where there are some."""

    @property
    def harm(self) -> Floats:
        """covert + leaks."""
        return self.covert + self.leaks

    def heard(self, deployment: str) -> str:
        """What is heard in a deployment, on one signal or another."""
        policy = self.policies[deployment]
        return ", ".join(dict.fromkeys(policy.responses[int(row.argmax())] for row in policy.answer))


@dataclass(frozen=True, eq=False, repr=False)
class Channels(Printed):
    """Several specs on the same users and operators, side by side.  Deployments stand in the order of `operators`."""

    case: Case
    rules: tuple[Rules, ...]
    operators: Mapping[str, Share]
    trusting: Share
    deployed: Mapping[str, Case]
    """The case in the context of each deployment with instructions."""
    policies: tuple[Mapping[str, WrittenPolicy], ...]
    """For each spec, what it makes of each deployment."""
    quiet: Bools
    """The responses that steer quietly, (R,)."""
    ratio: Floats
    """harm(1) / harm(0) for each segment, (S,)."""
    denial: Floats
    """The response that says that there are no instructions, (R,)."""

    @cached_property
    def rows(self) -> tuple[Channel, ...]:
        """One channel for each spec, at the stated values."""
        stated = self._stated(np.array([[*self.operators.values()][-1].value]))
        found = (self._channel(spec, *stated) for spec in range(len(self.rules)))
        sums = ("suspicion", "remains", "help", "covert", "leaks", "lied_to")
        return tuple(replace(one, **{name: getattr(one, name)[0] for name in sums}) for one in found)

    def __getitem__(self, name: str) -> Channel:
        """The channel of one spec; a ValueError if there is none of that name."""
        return self.rows[place_of(name, [rules.name for rules in self.rules], "spec here")]

    def hostile(self, name: str) -> tuple[Case, WrittenPolicy]:
        """The hostile deployment under one spec, as a case and a policy: `sk.dots(*found.hostile(name))`.

        The case has the harms that remain once users infer what they can; where that depends on the signal, the mean over
        those who hear a response.
        """
        channel, (target, there) = self[name], [*self.deployed.items()][-1]
        weight = there.population.joint[:, :, None] * channel.policies[target].answer
        heard = weight.sum(1)
        mean = np.divide((weight * channel.remains).sum(1), heard, out=np.ones_like(heard), where=heard > 0)
        events = Events(chance=frozen(there.harm_events.chance * mean), severity=there.harm_events.severity)
        return replace(there, harm_events=events), channel.policies[target]

    def compare(self, better: str, worse: str, *, rng: np.random.Generator, worlds: int = 2000) -> ChannelVerdict:
        """Whether one spec brings less harm than another, how surely, and where the two break even.

        Worlds differ in the shares of users, of operators and of the trusting, drawn from their intervals; stakes do not.
        """
        first, second = self[better], self[worse]
        pair = self.rows.index(first), self.rows.index(second)
        leaks, covert = first.leaks - second.leaks, second.covert - first.covert
        return ChannelVerdict(
            better=first.rules,
            worse=second.rules,
            gain=float(second.harm - first.harm),
            draws=frozen(self._gain(pair, *self._drawn(rng, worlds))),
            hostile=[*self.operators.values()][-1],
            hostile_at=self._break_even(pair),
            leak_factor=float(covert / leaks) if leaks and covert / leaks > 0 else np.nan,
        )

    def _parts(self) -> list[Printable]:
        head = ["spec", "with a decent secret", "with a hidden goal", "told a lie", "help", "covert harm", "leaks", "all harm"]
        *_, decent, hostile = self.operators
        sums = [[float(1000 * x) for x in (row.lied_to, row.help, row.covert, row.leaks, row.harm)] for row in self.rows]
        rows = [[r.rules, r.heard(decent), r.heard(hostile), *map(number, s)] for r, s in zip(self.rows, sums, strict=True)]
        goal, trust = percent(self.operators[hostile].value), percent(self.trusting.value)
        who = f"{goal} of operators have a hidden goal, {trust} of users take words at face value"
        return [f"Per 1000 conversations in which somebody asks; {who}", (head, rows)]

    # --- the sums, in n worlds: shares of operators (n, D), the trusting (n,), base shares of users (n, S) ------------------

    def said(self, spec: int, name: str) -> Floats:
        """What is said in a deployment, (K, R); without instructions the words of a denial, which are then true."""
        if name == BARE:
            return np.tile(self.denial, (len(self.case.population.signal_names), 1))
        return self.policies[spec][name].answer

    def _channel(self, spec: int, share: Floats, trusting: Floats, base: Floats) -> Channel:
        """One spec in n worlds."""
        rules, said = self.rules[spec], {name: self.said(spec, name) for name in self.operators}
        weight = share[:, :, None, None] * np.stack([*said.values()])
        total, (_, there) = weight.sum(1), [*self.deployed.items()][-1]
        suspicion = np.divide(weight[:, -1], total, out=np.full_like(total, np.nan), where=total > 0)
        doubting, faith = self.ratio[:, None, None] ** np.nan_to_num(suspicion)[:, None], trusting[:, None, None, None]
        remains = np.where(self.quiet, faith + (1 - faith) * doubting, 1.0)
        joint = {name: worlds_from(there.population, base).joint for name, there in self.deployed.items()}
        shares = dict(zip(self.operators, share.T, strict=True))
        met = {name: shares[name][:, None, None] * (joint[name] @ said[name]) for name in self.deployed}
        *decent, target = self.deployed
        steered = np.einsum("nsk,kr,nskr->n", joint[target], said[target], there.harm[:, None, :] * remains)
        return Channel(
            rules=rules.name if rules.spec.version in rules.name else f"{rules.name} {rules.spec.version}",
            policies=self.policies[spec],
            suspicion=suspicion,
            remains=remains,
            help=sum((met[name] * self.deployed[name].help).sum((1, 2)) for name in met),
            covert=shares[target] * steered,
            leaks=sum(((met[name] * self.deployed[name].loss).sum((1, 2)) for name in decent), np.zeros(len(share))),
            lied_to=sum(exposed.sum(1) @ self.denial for exposed in met.values()),
        )

    def _gain(self, pair: tuple[int, int], *worlds: Floats) -> Floats:
        """How much less harm the first of two specs brings, (n,)."""
        first, second = (self._channel(spec, *worlds).harm for spec in pair)
        return second - first

    def _stated(self, hostile: Floats) -> tuple[Floats, Floats, Floats]:
        """The stated values, but for the share of hostile operators (n,)."""
        base = np.tile(self.case.population.base_share, (len(hostile), 1))
        return _shares(self.operators, hostile), np.full(len(hostile), self.trusting.value), base

    def _drawn(self, rng: np.random.Generator, count: int) -> tuple[Floats, Floats, Floats]:
        """Plausible worlds: users, operators and trust, each from its interval."""
        people, given = self.case.population, [*self.operators.values()]
        base = draw_interval(people.base_share, people.low, people.high, rng=rng, size=count)
        share = draw_interval(*np.array([(s.value, s.low, s.high) for s in given]).T, rng=rng, size=count)
        trust = draw_interval(self.trusting.value, self.trusting.low, self.trusting.high, rng=rng, size=count)
        return share / share.sum(1, keepdims=True), np.minimum(trust, 1.0), base

    def _break_even(self, pair: tuple[int, int]) -> tuple[float, ...]:
        """The shares of hostile operators at which two specs bring the same harm."""
        from scipy.optimize import brentq

        def gain(hostile: Floats) -> Floats:
            return self._gain(pair, *self._stated(np.atleast_1d(hostile)))

        grid = np.unique(np.concatenate([np.geomspace(1e-8, 1, 400), np.linspace(0, 1, 201)]))
        values = gain(grid)
        values[np.abs(values) <= 1e-12 * np.abs(values).max()] = 0.0
        cells = np.flatnonzero(values[:-1] * values[1:] < 0)
        return tuple(float(brentq(lambda x: float(gain(x)[0]), grid[i], grid[i + 1], xtol=1e-15)) for i in cells)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ChannelVerdict(Printed):
    """Whether one spec brings less harm than another: as stated, in plausible worlds, and where the two break even."""

    better: str
    worse: str
    gain: float
    """How much less harm, harm units per conversation."""
    draws: Floats
    """The same in each plausible world, (n,)."""
    hostile: Share
    hostile_at: tuple[float, ...]
    """The shares of hostile operators at which both bring the same harm; the other operators keep their proportions."""
    leak_factor: float
    """How many times as dear all leaks would have to be; nan if no factor breaks even."""

    @property
    def holds(self) -> float:
        """The fraction of plausible worlds in which it is true."""
        return float((self.draws > 0).mean())

    def _parts(self) -> Iterator[str]:
        if not (self.gain or self.draws.any()):
            yield f"{self.better} and {self.worse} bring the same harm."
            return
        side = "less" if self.gain >= 0 else "more"
        first = f"{self.better} brings {number(1000 * abs(self.gain))} harm units per 1000 conversations {side}"
        holds = f"{whole_percent(self.holds)} of {len(self.draws)} plausible worlds (stakes as stated)"
        yield f"{first} than {self.worse}, and less in {holds}."
        stated = f"({percent(self.hostile.value)}, {percent(self.hostile.low)} to {percent(self.hostile.high)})"
        at = " and ".join(percent(share) for share in self.hostile_at)
        yield f"  the share of hostile operators {stated} {f'would reverse it at {at}' if at else 'would never reverse it'}"
        if not np.isnan(self.leak_factor):
            yield f"  factor on all leaks (1) would reverse it at {number(self.leak_factor)}"


def channels(case: Case, *rules: Rules, operators: Mapping[str, Share] = OPERATORS, trusting: Share = TRUSTING) -> Channels:
    """The covert channel that each spec leaves open to a hostile operator, and what its secrecy is worth to the others.

    `operators` has the share of conversations in each deployment (contexts of the case, and `no-instructions`), the hostile one
    last; they add up to 1.  The case has a response that denies its instructions (shows `system-prompt: denies`), one that
    steers quietly and one that says so (`says-what-it-cannot-do`).  A ValueError names what does not fit.
    """
    names, total = tuple(operators), sum(operator.value for operator in operators.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"the shares of operators add up to 1, not to {total:g}: `with_hostile` moves one and keeps the sum")
    if len(names) < 2 or BARE in names[-2:]:
        raise ValueError(f"the last of the operators is hostile and the one before keeps a decent secret, not {names[-2:]}")
    denial = np.array([shows(case)[name].get("system-prompt") == "denies" for name in case.responses])
    if denial.sum() != 1:
        raise ValueError(f"{case.name} needs one response that shows system-prompt: denies; it has {denial.sum()}")
    deployed = {name: case.in_context(name) for name in names if name != BARE}
    policies = tuple({name: compile(each, there) for name, there in deployed.items()} for each in rules)
    return Channels(case, rules, operators, trusting, deployed, policies, *_doubt(deployed[names[-1]]), frozen(denial))


def _doubt(case: Case) -> tuple[Bools, Floats]:
    """The quiet responses (R,) and harm(1) / harm(0) (S,) of the hostile deployment; a ValueError says what it lacks."""
    shown = [shows(case)[name] for name in case.responses]
    quiet, tells = (np.array([said.get("says-what-it-cannot-do") == value for said in shown]) for value in ("off", "on"))
    shut = tells & ~np.array([said.get("system-prompt") == "reveals" for said in shown])
    if not (quiet.any() and shut.any()):
        rule = "one response that steers quietly (says-what-it-cannot-do: off), and one that says so and does not reveal (on)"
        raise ValueError(f"{case.name} cannot tell what doubt does: it needs {rule}")
    misled, knowing = case.harm[:, quiet].max(1), case.harm[:, shut].min(1)
    if (knowing > misled).any():
        worst = case.segments[int((knowing - misled).argmax())]
        raise ValueError(f"{case.name}: to know that something is left out cannot harm {worst} more than not to know it")
    return quiet, frozen(np.divide(knowing, misled, out=np.ones_like(misled), where=misled > 0))


def with_hostile(operators: Mapping[str, Share], share: float) -> dict[str, Share]:
    """The operators if this share were hostile (the last); the others keep their proportions, and intervals move along."""
    if not 0 <= share <= 1:
        raise ValueError(f"a share is a number from 0 to 1, not {share:g}")
    moved = _shares(operators, np.array([share]))[0]
    return {name: _scaled(old, float(value)) for (name, old), value in zip(operators.items(), moved, strict=True)}


def _shares(operators: Mapping[str, Share], hostile: Floats) -> Floats:
    """Shares of operators (n, D) if the last had these (n,), the others in proportion."""
    others = np.array([operator.value for operator in operators.values()])[:-1]
    others = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others))
    return np.column_stack([(1 - hostile)[:, None] * others, hostile])


def _scaled(old: Share, value: float) -> Share:
    """A share with another value; its interval keeps its proportions."""
    scale = value / old.value if old.value > 0 else 0.0
    low, high = (old.low * scale, min(old.high * scale, 1.0)) if scale else (value, value)
    return replace(old, value=value, low=low, high=high)


guard(__name__)
