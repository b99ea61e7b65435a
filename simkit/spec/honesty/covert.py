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

from ...arrays import Floats, frozen
from ...case import Case, Events
from ...population import Share, draw_interval
from ...text import html_lines, html_table, number, percent, text_table, whole_percent
from ..compiler import WrittenPolicy
from ..rules import Rules
from .covert_model import BARE, Model, Worlds, model


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

    `policies` say what is heard in each deployment, `suspicion` (K, R) is P(hostile | signal, response), nan where nobody hears
    it.  `help` is what those who ask gain where there are instructions.
    """

    rules: str
    policies: Mapping[str, WrittenPolicy]
    suspicion: Floats
    help: float
    covert: float
    """Harm to the users of hostile operators."""
    leaks: float
    """All harm in other deployments: what decent operators lose."""
    lied_to: float
    """The chance of being told that there are no instructions where there are some."""

    @property
    def harm(self) -> float:
        """covert + leaks."""
        return self.covert + self.leaks

    def heard(self, deployment: str) -> str:
        """What is heard in a deployment, on one signal or another."""
        policy = self.policies[deployment]
        return ", ".join(dict.fromkeys(policy.responses[int(row.argmax())] for row in policy.answer))


@dataclass(frozen=True, eq=False, repr=False)
class Channels:
    """Several specs on the same users and operators, side by side."""

    case: Case
    rules: tuple[Rules, ...]
    operators: Mapping[str, Share]
    trusting: Share
    model: Model

    @cached_property
    def rows(self) -> tuple[Channel, ...]:
        """One channel for each spec, at the stated values."""
        return tuple(_channel(self, spec) for spec in range(len(self.rules)))

    def __getitem__(self, name: str) -> Channel:
        """The channel of one spec; a ValueError if there is none of that name."""
        return self.rows[self._place(name)]

    def hostile(self, name: str) -> tuple[Case, WrittenPolicy]:
        """The hostile deployment under one spec, as a case and a policy: `sk.dots(*found.hostile(name))`.

        The case has the harms that remain once users infer what they can; where that depends on the signal, the mean over
        those who hear a response.
        """
        channel, there = self[name], self.model.deployed[self.model.hostile]
        policy = channel.policies[self.model.hostile]
        remains = self.model.doubt.remains(np.array([self.trusting.value]), np.nan_to_num(channel.suspicion)[None])[0]
        weight = there.population.joint[:, :, None] * policy.answer
        heard = weight.sum(1)
        mean = np.divide((weight * remains).sum(1), heard, out=np.ones_like(heard), where=heard > 0)
        events = Events(chance=frozen(there.harm_events.chance * mean), severity=there.harm_events.severity)
        return replace(there, harm_events=events), policy

    def compare(self, better: str, worse: str, *, rng: np.random.Generator, worlds: int = 2000) -> ChannelVerdict:
        """Whether one spec brings less harm than another, how surely, and what would turn it.

        Worlds differ in the shares of users, of operators and of the trusting, drawn from their intervals; stakes do not.
        """
        pair = self._place(better), self._place(worse)
        first, second = (self.rows[place] for place in pair)
        leaks, covert = first.leaks - second.leaks, second.covert - first.covert
        return ChannelVerdict(
            better=first.rules,
            worse=second.rules,
            gain=second.harm - first.harm,
            draws=frozen(_gain(self.model, pair, _drawn(self, rng, worlds))),
            hostile=self.operators[self.model.hostile],
            hostile_at=_turns(self, pair),
            leak_factor=covert / leaks if leaks and covert / leaks > 0 else np.nan,
        )

    def _place(self, name: str) -> int:
        names = [rules.name for rules in self.rules]
        if name not in names:
            raise ValueError(f"no spec here is called {name!r}; there are {', '.join(names)}")
        return names.index(name)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        head = ["spec", "with a decent secret", "with a hidden goal", "told a lie", "help", "covert harm", "leaks", "all harm"]
        *_, decent, hostile = self.model.names
        rows = []
        for row in self.rows:
            numbers = [number(1000 * value) for value in (row.help, row.covert, row.leaks, row.harm)]
            rows.append([row.rules, row.heard(decent), row.heard(hostile), number(1000 * row.lied_to), *numbers])
        return head, rows

    @property
    def _note(self) -> str:
        hostile, trusting = self.operators[self.model.hostile].value, self.trusting.value
        who = f"{percent(hostile)} of operators have a hidden goal, {percent(trusting)} of users take words at face value"
        return f"Per 1000 conversations in which somebody asks; {who}"

    def __repr__(self) -> str:
        return self._note + "\n" + text_table(*self._table())

    def _repr_html_(self) -> str:
        return html_lines(self._note, []) + html_table(*self._table())


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ChannelVerdict:
    """Whether one spec brings less harm than another: as stated, in plausible worlds, and what turns it."""

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
    """How many times as dear all leaks would have to be; nan if no factor turns it."""

    @property
    def holds(self) -> float:
        """The fraction of plausible worlds in which it is true."""
        return float((self.draws > 0).mean())

    def lines(self) -> list[str]:
        """The conclusion in words, and what turns it."""
        if not (self.gain or self.draws.any()):
            return [f"{self.better} and {self.worse} bring the same harm."]
        side = "less" if self.gain >= 0 else "more"
        first = f"{self.better} brings {number(1000 * abs(self.gain))} harm units per 1000 conversations {side}"
        holds = f"{whole_percent(self.holds)} of {len(self.draws)} plausible worlds (stakes as stated)"
        first += f" than {self.worse}, and less in {holds}."
        stated = f"({percent(self.hostile.value)}, {percent(self.hostile.low)} to {percent(self.hostile.high)})"
        turns = " and ".join(percent(share) for share in self.hostile_at)
        lines = [first, f"the share of hostile operators {stated} {f'turns it at {turns}' if turns else 'never turns it'}"]
        return lines + [f"factor on all leaks (1) turns it at {number(self.leak_factor)}"] * (not np.isnan(self.leak_factor))

    def __repr__(self) -> str:
        return "\n  ".join(self.lines())

    def _repr_html_(self) -> str:
        first, *rest = self.lines()
        return html_lines(first, rest)


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
    return Channels(case, rules, operators, trusting, model(case, rules, names))


def with_hostile(operators: Mapping[str, Share], share: float) -> dict[str, Share]:
    """The operators if this share were hostile (the last); the others keep their proportions, and intervals move along."""
    if not 0 <= share <= 1:
        raise ValueError(f"a share is a number from 0 to 1, not {share:g}")
    moved = _shares(operators, np.array([share]))[0]
    return {name: _moved(old, float(value)) for (name, old), value in zip(operators.items(), moved, strict=True)}


# --- worlds -----------------------------------------------------------------------------------------------------------


def _channel(found: Channels, spec: int) -> Channel:
    """One spec at the stated values."""
    own, world = found.model, _stated(found, np.array([found.operators[found.model.hostile].value]))
    heard, version = own.exposures(spec, world), found.rules[spec].spec.version
    name = found.rules[spec].name
    return Channel(
        rules=name if version in name else f"{name} {version}",
        policies=own.policies[spec],
        suspicion=frozen(own.suspicion(spec, world.share)[0]),
        help=sum(float((table * own.deployed[name].help).sum()) for name, table in heard.items()),
        covert=float(own.covert(spec, world)[0]),
        leaks=float(own.leaks(spec, world)[0]),
        lied_to=sum(float(table.sum(0) @ own.denial) for table in heard.values()),
    )


def _stated(found: Channels, hostile: Floats) -> Worlds:
    """The stated values, but for the share of hostile operators (n,)."""
    count, base = len(hostile), found.case.population.base_share
    trusting = np.full(count, found.trusting.value)
    return found.model.worlds(np.tile(base, (count, 1)), _shares(found.operators, hostile), trusting)


def _drawn(found: Channels, rng: np.random.Generator, count: int) -> Worlds:
    """Plausible worlds: users, operators and trust, each from its interval."""
    people = found.case.population
    base = draw_interval(people.base_share, people.low, people.high, rng=rng, size=count)
    share = draw_interval(*_columns(found.operators.values()), rng=rng, size=count)
    trusting = np.minimum(draw_interval(*_columns([found.trusting]), rng=rng, size=count)[:, 0], 1.0)
    return found.model.worlds(base, share / share.sum(1, keepdims=True), trusting)


def _gain(own: Model, pair: tuple[int, int], worlds: Worlds) -> Floats:
    """How much less harm the first of two specs brings, (n,)."""
    return own.harm(pair[1], worlds) - own.harm(pair[0], worlds)


def _turns(found: Channels, pair: tuple[int, int]) -> tuple[float, ...]:
    """The shares of hostile operators at which two specs bring the same harm."""
    from scipy.optimize import brentq

    def gain(hostile: Floats) -> Floats:
        return _gain(found.model, pair, _stated(found, hostile))

    grid = np.unique(np.concatenate([np.geomspace(1e-8, 1, 400), np.linspace(0, 1, 201)]))
    values = gain(grid)
    values[np.abs(values) <= 1e-12 * np.abs(values).max()] = 0.0
    cells = np.flatnonzero(values[:-1] * values[1:] < 0)
    return tuple(float(brentq(lambda x: gain(np.array([x]))[0], grid[i], grid[i + 1], xtol=1e-15)) for i in cells)


def _columns(shares: Iterable[Share]) -> Floats:
    """Value, low and high of each share, (3, D)."""
    return np.array([(share.value, share.low, share.high) for share in shares]).T


def _shares(operators: Mapping[str, Share], hostile: Floats) -> Floats:
    """Shares of operators (n, D) if the last had these (n,), the others in proportion."""
    value = np.array([operator.value for operator in operators.values()])
    others, total = value[:-1], value[:-1].sum()
    others = others / total if total > 0 else np.full(len(others), 1 / len(others))
    return np.concatenate([(1 - hostile)[:, None] * others, hostile[:, None]], 1)


def _moved(old: Share, value: float) -> Share:
    """A share with another value; its interval keeps its proportions."""
    scale = value / old.value if old.value > 0 else 0.0
    low, high = (old.low * scale, min(old.high * scale, 1.0)) if scale else (value, value)
    return replace(old, value=value, low=low, high=high)
