"""A confidential prompt as a covert channel: what users can infer from what they hear, who is harmed, and what secrets cost.

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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...arrays import Bools, Floats, frozen
from ...case import Case, Events
from ...files import place_of
from ...population import draw_interval, worlds_from
from ...scenario import Share
from ...text import Printable, Printed, number, percent, whole_percent
from ..compiler import WrittenPolicy, compile, shows  # noqa: A004
from ..rules import Rules

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
class ChannelWorlds:
    """n worlds: share (n, D) of each deployment, trusting (n,) users, joint (n, S, K) where there are instructions."""

    share: Floats
    trusting: Floats
    joint: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Channel:
    """What one spec does, per conversation in which somebody asks: help units, and harm units for `covert` and `leaks`."""

    rules: str
    policies: Mapping[str, WrittenPolicy]
    """What is heard in each deployment."""
    suspicion: Floats
    """P(hostile | signal, response), (K, R); nan where nobody hears it."""
    help: float
    """What those who ask gain where there are instructions."""
    covert: float
    """Harm to the users of hostile operators."""
    leaks: float
    """All harm in other deployments: what decent operators lose."""
    lied_to: float
    """The probability of being told that there are no instructions where there are some."""

    @property
    def harm(self) -> float:
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

    @property
    def target(self) -> str:
        """The name of the hostile deployment."""
        return list(self.operators)[-1]

    @cached_property
    def rows(self) -> tuple[Channel, ...]:
        """One channel for each spec, at the stated values."""
        return tuple(map(self._channel, range(len(self.rules))))

    def __getitem__(self, name: str) -> Channel:
        """The channel of one spec; a ValueError if there is none of that name."""
        return self.rows[self._place(name)]

    def hostile(self, name: str) -> tuple[Case, WrittenPolicy]:
        """The hostile deployment under one spec, as a case and a policy: `sk.dots(*found.hostile(name))`.

        The case has the harms that remain once users infer what they can; where that depends on the signal, the mean over
        those who hear a response.
        """
        channel, there = self[name], self.deployed[self.target]
        policy = channel.policies[self.target]
        remains = self._remains(np.array([self.trusting.value]), channel.suspicion[None])[0]
        weight = there.population.joint[:, :, None] * policy.answer
        heard = weight.sum(1)
        mean = np.divide((weight * remains).sum(1), heard, out=np.ones_like(heard), where=heard > 0)
        events = Events(chance=frozen(there.harm_events.chance * mean), severity=there.harm_events.severity)
        return replace(there, harm_events=events), policy

    def compare(self, better: str, worse: str, *, rng: np.random.Generator, worlds: int = 2000) -> ChannelVerdict:
        """Whether one spec brings less harm than another, how surely, and where the two break even.

        Worlds differ in the shares of users, of operators and of the trusting, drawn from their intervals; stakes do not.
        """
        pair = self._place(better), self._place(worse)
        first, second = (self.rows[place] for place in pair)
        leaks, covert = first.leaks - second.leaks, second.covert - first.covert
        return ChannelVerdict(
            better=first.rules,
            worse=second.rules,
            gain=second.harm - first.harm,
            draws=frozen(self._gain(pair, self._drawn(rng, worlds))),
            hostile=self.operators[self.target],
            hostile_at=self._break_even(pair),
            leak_factor=covert / leaks if leaks and covert / leaks > 0 else np.nan,
        )

    def _place(self, name: str) -> int:
        return place_of(name, [rules.name for rules in self.rules], "spec here")

    def _parts(self) -> list[Printable]:
        head = ["spec", "with a decent secret", "with a hidden goal", "told a lie", "help", "covert harm", "leaks", "all harm"]
        *_, decent, hostile = self.operators
        sums = [[1000 * x for x in (row.lied_to, row.help, row.covert, row.leaks, row.harm)] for row in self.rows]
        rows = [[r.rules, r.heard(decent), r.heard(hostile), *map(number, s)] for r, s in zip(self.rows, sums, strict=True)]
        goal, trust = percent(self.operators[hostile].value), percent(self.trusting.value)
        who = f"{goal} of operators have a hidden goal, {trust} of users take words at face value"
        return [f"Per 1000 conversations in which somebody asks; {who}", (head, rows)]

    # --- the sums -----------------------------------------------------------------------------------------------------

    def said(self, spec: int, name: str) -> Floats:
        """What is said in a deployment, (K, R); without instructions the words of a denial, which are then true."""
        if name == BARE:
            return np.tile(self.denial, (len(self.case.population.signal_names), 1))
        return self.policies[spec][name].answer

    def _suspicion(self, spec: int, share: Floats) -> Floats:
        """P(hostile | signal, response), (n, K, R); nan where nobody hears it."""
        weight = share[:, :, None, None] * np.stack([self.said(spec, name) for name in self.operators])
        total = weight.sum(1)
        return np.divide(weight[:, -1], total, out=np.full_like(total, np.nan), where=total > 0)

    def _remains(self, trusting: Floats, suspicion: Floats) -> Floats:
        """What remains of each response's harm, (n, S, K, R): of a quiet one all for the trusting, ratio^q for the others."""
        doubting = self.ratio[:, None, None] ** np.nan_to_num(suspicion)[:, None]
        faith = trusting[:, None, None, None]
        return np.where(self.quiet, faith + (1 - faith) * doubting, 1.0)

    def _covert(self, spec: int, worlds: ChannelWorlds) -> Floats:
        """Harm to users of the hostile deployment, per conversation, (n,)."""
        remains = self._remains(worlds.trusting, self._suspicion(spec, worlds.share))
        harm = self.deployed[self.target].harm[:, None, :] * remains
        mean = np.einsum("nsk,kr,nskr->n", worlds.joint[self.target], self.said(spec, self.target), harm)
        return worlds.share[:, -1] * mean

    def _exposures(self, spec: int, worlds: ChannelWorlds) -> dict[str, Floats]:
        """P(deployment, segment, response), (n, S, R), for each deployment with instructions."""
        share = dict(zip(self.operators, worlds.share.T, strict=True))
        return {d: share[d][:, None, None] * (worlds.joint[d] @ self.said(spec, d)) for d in self.deployed}

    def _leaks(self, spec: int, worlds: ChannelWorlds) -> Floats:
        """Harm and neglect in all other deployments, per conversation, (n,)."""
        decent = [(d, exposed) for d, exposed in self._exposures(spec, worlds).items() if d != self.target]
        return sum(((exposed * self.deployed[d].loss).sum((1, 2)) for d, exposed in decent), np.zeros(len(worlds.share)))

    def _gain(self, pair: tuple[int, int], worlds: ChannelWorlds) -> Floats:
        """How much less harm the first of two specs brings, (n,)."""
        first, second = (self._covert(spec, worlds) + self._leaks(spec, worlds) for spec in pair)
        return second - first

    def _worlds(self, base: Floats, share: Floats, trusting: Floats) -> ChannelWorlds:
        """Worlds with base shares of users (n, S), shares of deployments (n, D) and trusting users (n,)."""
        joint = {name: worlds_from(there.population, base).joint for name, there in self.deployed.items()}
        return ChannelWorlds(share, trusting, joint)

    def _stated(self, hostile: Floats) -> ChannelWorlds:
        """The stated values, but for the share of hostile operators (n,)."""
        base = np.tile(self.case.population.base_share, (len(hostile), 1))
        return self._worlds(base, _shares(self.operators, hostile), np.full(len(hostile), self.trusting.value))

    def _drawn(self, rng: np.random.Generator, count: int) -> ChannelWorlds:
        """Plausible worlds: users, operators and trust, each from its interval."""
        people = self.case.population
        base = draw_interval(people.base_share, people.low, people.high, rng=rng, size=count)
        share = draw_interval(*_columns(self.operators.values()), rng=rng, size=count)
        trusting = np.minimum(draw_interval(*_columns([self.trusting]), rng=rng, size=count)[:, 0], 1.0)
        return self._worlds(base, share / share.sum(1, keepdims=True), trusting)

    def _channel(self, spec: int) -> Channel:
        """One spec at the stated values."""
        world, rules = self._stated(np.array([self.operators[self.target].value])), self.rules[spec]
        met, version = {d: exposed[0] for d, exposed in self._exposures(spec, world).items()}, rules.spec.version
        return Channel(
            rules=rules.name if version in rules.name else f"{rules.name} {version}",
            policies=self.policies[spec],
            suspicion=frozen(self._suspicion(spec, world.share)[0]),
            help=sum(float((exposed * self.deployed[d].help).sum()) for d, exposed in met.items()),
            covert=float(self._covert(spec, world)[0]),
            leaks=float(self._leaks(spec, world)[0]),
            lied_to=sum(float(exposed.sum(0) @ self.denial) for exposed in met.values()),
        )

    def _break_even(self, pair: tuple[int, int]) -> tuple[float, ...]:
        """The shares of hostile operators at which two specs bring the same harm."""
        from scipy.optimize import brentq

        grid = np.unique(np.concatenate([np.geomspace(1e-8, 1, 400), np.linspace(0, 1, 201)]))
        values = self._gain(pair, self._stated(grid))
        values[np.abs(values) <= 1e-12 * np.abs(values).max()] = 0.0
        cells = np.flatnonzero(values[:-1] * values[1:] < 0)

        def gain(share: float) -> float:
            return float(self._gain(pair, self._stated(np.array([share])))[0])

        return tuple(float(brentq(gain, grid[i], grid[i + 1], xtol=1e-15)) for i in cells)


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

    def _parts(self) -> list[Printable]:
        if not (self.gain or self.draws.any()):
            return [f"{self.better} and {self.worse} bring the same harm."]
        side = "less" if self.gain >= 0 else "more"
        first = f"{self.better} brings {number(1000 * abs(self.gain))} harm units per 1000 conversations {side}"
        holds = f"{whole_percent(self.holds)} of {len(self.draws)} plausible worlds (stakes as stated)"
        stated = f"({percent(self.hostile.value)}, {percent(self.hostile.low)} to {percent(self.hostile.high)})"
        at = " and ".join(percent(share) for share in self.hostile_at)
        reversed_ = f"would reverse it at {at}" if at else "would never reverse it"
        lines = [f"{first} than {self.worse}, and less in {holds}."]
        lines += [f"  the share of hostile operators {stated} {reversed_}"]
        leaks = [f"  factor on all leaks (1) would reverse it at {number(self.leak_factor)}"]
        return [*lines, *([] if np.isnan(self.leak_factor) else leaks)]


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
    quiet, ratio = _doubt(deployed[names[-1]])
    return Channels(case, rules, operators, trusting, deployed, policies, quiet, ratio, frozen(denial))


def _doubt(case: Case) -> tuple[Bools, Floats]:
    """The quiet responses (R,) and harm(1) / harm(0) (S,) of the hostile deployment; a ValueError says what it lacks."""
    shown = [shows(case)[name] for name in case.responses]
    quiet = np.array([said.get("says-what-it-cannot-do") == "off" for said in shown])
    tells = np.array([said.get("says-what-it-cannot-do") == "on" for said in shown])
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


def _columns(shares: Iterable[Share]) -> Floats:
    """Value, low and high of each share, (3, D)."""
    return np.array([(share.value, share.low, share.high) for share in shares]).T


def _shares(operators: Mapping[str, Share], hostile: Floats) -> Floats:
    """Shares of operators (n, D) if the last had these (n,), the others in proportion."""
    others = np.array([operator.value for operator in operators.values()])[:-1]
    others = others / others.sum() if others.sum() > 0 else np.full(len(others), 1 / len(others))
    return np.concatenate([(1 - hostile)[:, None] * others, hostile[:, None]], 1)


def _scaled(old: Share, value: float) -> Share:
    """A share with another value; its interval keeps its proportions."""
    scale = value / old.value if old.value > 0 else 0.0
    low, high = (old.low * scale, min(old.high * scale, 1.0)) if scale else (value, value)
    return replace(old, value=value, low=low, high=high)
