"""A written spec and a case make an ordinary policy, with its trace for every signal.

On each signal the spec hears the operator's messages of the active context and the message that the signal carries, and
decides every behaviour.  Then, in this order: responses that cross a hard constraint go (the case's bright lines, and what
contradicts a hard behaviour), then those that contradict any other decision; `choose` picks among the rest.  If none is left,
the answer is a refusal that says what it cannot do.  Where two root rules conflict about a behaviour (inaction), of the
responses that show it refusals only are left.

Several decisions become one by XACML's deny-overrides, in which an error is never read as permission: a rule permits, denies,
does not apply, or fails, and a failure is remembered with what the rule could have said: I{P}, I{D} or I{DP}.  Source: OASIS,
eXtensible Access Control Markup Language (XACML) 3.0, Appendix C.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..arguments import guard
from ..arrays import Bools, Floats, frozen_bools
from ..case import Case
from ..evaluate import expect
from ..messages import Message
from ..policy import Policy, bayes, stack
from ..text import Printable, Printed, number, place_of, suggest
from .chain import decide_all
from .priority import Choose
from .rules import Rules
from .trace import Decision

Combined = Literal["Permit", "Deny", "NotApplicable", "I{D}", "I{P}", "I{DP}"]


@dataclass(frozen=True)
class Removed:
    """One response that a signal rules out, and why."""

    response: str
    hard: bool
    """Whether a bright line rules it out, before anything is weighed."""
    why: str
    behaviour: str
    """The decision that it contradicts; empty for the case's own constraints and the operator's prohibitions."""


@dataclass(frozen=True, repr=False)
class Ruling(Printed):
    """What the spec says on one signal: the decisions, what they rule out and what is left."""

    signal: str
    messages: tuple[Message, ...]
    decisions: dict[str, Decision]
    removed: tuple[Removed, ...]
    left: tuple[str, ...]
    """The responses among which `choose` picks, or the one refusal if nothing else is left."""
    kept: tuple[str, ...]
    """Refusals that the operator forbids in vain: without them a protection would leave none."""
    fallback: bool
    """Whether nothing was left, so that the answer is a refusal that says what it cannot do."""

    @property
    def spoke(self) -> tuple[Decision, ...]:
        """The decisions that ruled something out."""
        names = dict.fromkeys(removed.behaviour for removed in self.removed if removed.behaviour)
        return tuple(self.decisions[name] for name in names)

    def _parts(self) -> Iterable[Printable]:
        yield f"{self.signal}: left {', '.join(self.left)}"
        if self.fallback:
            yield "  nothing was left: a refusal that says what it cannot do"
        yield from (f"  kept: {name} (the operator forbids it; a protection of the user keeps it)" for name in self.kept)
        yield from (f"  out: {r.response} ({'hard; ' if r.hard else ''}{r.why})" for r in self.removed)
        yield from self.spoke


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class WrittenPolicy(Policy):
    """An ordinary policy that a written spec made, with its ruling on every signal.  A part of a batch has no rulings."""

    rules: str
    rulings: tuple[Ruling, ...]
    """One for each signal combination, (K)."""

    def on(self, signal: str) -> Ruling:
        """The ruling on a signal, or a ValueError that suggests a name."""
        return self.rulings[place_of(signal, self.signals, "signal")]


def compile(rules: Rules, case: Case, *, choose: Choose = bayes) -> WrittenPolicy:  # noqa: A001
    """The policy that `rules` and `choose` make of a case in its active context.

    `choose` takes a case and returns a policy (`sk.policy.bayes`, or a function of your own): it is called once for each set
    of responses that is left, with a case in which only these are allowed, and its choice on the signals that have this set
    is kept.  A ValueError says so if it picks what was ruled out, or if a response shows a value that a behaviour lacks.
    """
    check_shows(rules, case)
    rulings = _rulings(rules, case)
    made = _chosen(case, rules.name, _masks(case, rulings), choose)
    return WrittenPolicy(
        name=rules.name,
        answer=made.answer,
        after=made.after,
        signals=made.signals,
        responses=made.responses,
        rules=rules.name,
        rulings=rulings,
    )


def compile_each(rules: Rules, case: Case, said: Sequence[Sequence[Message]]) -> Policy:
    """The policies that `rules` make of a case if more is said: a batch, one for each of B lists of messages, without rulings.

    The messages come after those of the active context, and `policy.bayes` chooses.  Behaviours that no response shows move no
    policy, so they are not decided; of what is left, each set of responses is chosen among once.
    """
    check_shows(rules, case)
    shown = {name for each in shows(case).values() for name in each}
    names = [name for name in rules.behaviours if name in shown]
    masks = [_masks(case, _rulings(rules, case, more, names)) for more in said]
    chosen = {mask.tobytes(): mask for mask in masks}
    policies = {key: _chosen(case, rules.name, mask, bayes) for key, mask in chosen.items()}
    return stack([policies[mask.tobytes()] for mask in masks])


def _masks(case: Case, rulings: Iterable[Ruling]) -> Bools:
    """The responses that are left on each signal, (K, R)."""
    return np.array([[name in ruling.left for name in case.responses] for ruling in rulings])


def shows(case: Case) -> dict[str, dict[str, str]]:
    """What each response shows: behaviours and their values; nothing for a case that was built from arrays."""
    return {name: dict(shown) for name, shown in zip(case.responses, case.shows or [{}] * len(case.responses), strict=True)}


def check_shows(rules: Rules, case: Case) -> None:
    """A response shows values that the spec's behaviours have, or a ValueError; of other behaviours the spec is silent."""
    for response, shown in shows(case).items():
        for name, value in shown.items():
            ready = rules.behaviours.get(name)
            if ready is not None and value not in ready.places:
                fix = suggest(value, ready.places)
                raise ValueError(f"{case.name}: {response} shows {name}: {value}, which {rules.name} does not know; {fix}")


# --- what is left -----------------------------------------------------------------------------------------------------


def _rulings(
    rules: Rules, case: Case, more: Sequence[Message] = (), behaviours: Sequence[str] | None = None
) -> tuple[Ruling, ...]:
    """The ruling on every signal, if `more` is said; signals that carry the same messages share it but for their name."""
    carried = case.carried or tuple(() for _ in case.population.signal_names)
    known: dict[tuple[int, ...], Ruling] = {}
    for own in carried:
        if (key := tuple(map(id, own))) not in known:
            messages = (*case.messages, *more, *own)
            known[key] = _ruling(rules, case, messages, decide_all(rules, messages, behaviours))
    pairs = zip(case.population.signal_names, carried, strict=True)
    return tuple(replace(known[tuple(map(id, own))], signal=signal) for signal, own in pairs)


def _ruling(rules: Rules, case: Case, messages: tuple[Message, ...], decisions: dict[str, Decision]) -> Ruling:
    removed = [found for name in case.responses for found in _against(rules, case, name, decisions)]
    kept = _kept(rules, case, removed)
    removed = [found for found in removed if found.response not in kept]
    gone = {found.response for found in removed}
    left = tuple(name for name in case.responses if name not in gone)
    return Ruling("", messages, decisions, tuple(removed), left or (last_resort(case, removed),), kept, fallback=not left)


def _kept(rules: Rules, case: Case, removed: Sequence[Removed]) -> tuple[str, ...]:
    """Refusals that only the operator forbids, where a protection rules out all others: that prohibition is void."""
    refusals = {name for name, refuses in zip(case.responses, case.refuses, strict=True) if refuses}
    out = [found for found in removed if found.response in refusals]
    if {found.response for found in out} != refusals:
        return ()
    protected = any(found.behaviour and rules.behaviours[found.behaviour].behaviour.protection for found in out)
    return tuple(found.response for found in out if protected and not found.behaviour and not found.hard)


def _against(rules: Rules, case: Case, response: str, decisions: dict[str, Decision]) -> list[Removed]:
    """Why a response is ruled out: bright lines before protections, these before all others."""
    place = case.response(response)
    if case.crosses[place]:
        return [Removed(response, True, f"it crosses {_crossed(case, response)}", "")]
    shown, refuses = shows(case)[response], bool(case.refuses[place])
    verdicts = {name: _verdict(d, shown.get(name), refuses=refuses) for name, d in decisions.items()}
    if deny_overrides(verdicts.values()) in ("Permit", "NotApplicable"):
        return [Removed(response, False, f"the operator of {case.context} rules it out", "")] * bool(case.forbidden[place])
    against = [decisions[name] for name, verdict in verdicts.items() if verdict not in ("Permit", "NotApplicable")]
    decision = min(against, key=lambda d: (not d.hard, rules.behaviours[d.behaviour].behaviour.protection is None))
    stands = f"{decision.behaviour} is {decision.value}" if decision.value else f"{decision.behaviour}: inaction"
    at = decision.decided_by
    return [Removed(response, decision.hard, f"{stands} ({at.level}: {at.who})", decision.behaviour)]


def _crossed(case: Case, response: str) -> str:
    """The bright lines of the case that a response crosses."""
    names = case.constraints[case.response(response)] if case.constraints else ()
    return ", ".join(names) or "a hard constraint of the case"


def _verdict(decision: Decision, shown: str | None, *, refuses: bool) -> Combined:
    """What one decision says about a response that shows a value of its behaviour, or none."""
    if decision.inaction:  # two root rules conflict about what may be done: a refusal does nothing
        return "NotApplicable" if refuses or shown is None else "I{DP}"
    if shown is None:
        return "NotApplicable"
    return "Permit" if shown == decision.value else "Deny"


def deny_overrides(verdicts: Iterable[Combined]) -> Combined:
    """One verdict from many, in which a denial wins, and a rule that failed might have denied (Appendix C.2)."""
    found = set(verdicts)
    if "Deny" in found:
        return "Deny"
    if "I{DP}" in found or ("I{D}" in found and found & {"I{P}", "Permit"}):
        return "I{DP}"
    order: tuple[Combined, ...] = ("I{D}", "Permit", "I{P}")
    return next((verdict for verdict in order if verdict in found), "NotApplicable")


def last_resort(case: Case, removed: Sequence[Removed]) -> str:
    """The refusal that is given where nothing is left: one that says what it cannot do, if there is one.

    A refusal that contradicts no decision goes first, even one that the operator forbids: users are always told what the
    assistant cannot help with.  (Anthropic's constitution, January 2026, protections that operators cannot remove.)
    """
    contradicts = {r.response for r in removed if r.behaviour}

    def last(r: int) -> tuple[bool, bool, bool]:
        return case.responses[r] in contradicts, case.kinds[r] != "refuse-with-reason", bool(case.forbidden[r])

    return case.responses[min(map(int, np.flatnonzero(case.refuses & ~case.crosses)), key=last)]


# --- the choice -------------------------------------------------------------------------------------------------------


def _chosen(case: Case, name: str, masks: Bools, choose: Choose) -> Policy:
    """The choice on every signal among what is left there, (K, R)."""
    kinds, which = np.unique(masks, axis=0, return_inverse=True)
    made = [_choice(case, mask, choose) for mask in kinds]
    asks = next((policy.after for policy in made if policy.after is not None), None)
    answer = np.array(np.broadcast_to(made[0].answer, np.broadcast_shapes(*(policy.answer.shape for policy in made))))
    after = None if asks is None else np.zeros(answer.shape[:-1] + asks.shape[-2:])
    for kind, policy in enumerate(made):
        at = which.ravel() == kind
        answer[..., at, :] = policy.answer[..., at, :]
        if after is not None and policy.after is not None:
            after[..., at, :, :] = policy.after[..., at, :, :]
        _within(case, kinds[kind], answer[..., at, :], None if after is None else after[..., at, :, :])
    return Policy(name=name, answer=answer, after=after, signals=case.population.signal_names, responses=case.responses)


def _choice(case: Case, mask: Bools, choose: Choose) -> Policy:
    """What `choose` makes of the case if only the responses of `mask` (R,) are left."""
    made = choose(replace(case, forbidden=frozen_bools(case.forbidden & ~mask), ruled_out=frozen_bools(~mask)))
    if made.states or made.answer.shape[-2:] != (len(case.population.signal_names), len(case.responses)):
        raise ValueError(f"choose should return one policy over the signals and responses of {case.name}")
    return made


def _within(case: Case, mask: Bools, answer: Floats, after: Floats | None) -> None:
    used = (answer > 0).any(axis=tuple(range(answer.ndim - 1)))
    if after is not None:
        used = used | (after > 0).any(axis=tuple(range(after.ndim - 1)))
    if (used & ~mask).any():
        name = case.responses[int((used & ~mask).argmax())]
        raise ValueError(f"choose picks {name}, which the spec rules out; it may pick what its case allows")


# --- what a bright line costs and saves -------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class BrightLines(Printed):
    """What the hard lines of a spec cost and save on a case: the same rules and the same choice with and without them.

    All are means per request in the case's units; `saved` may be negative where a line forces a worse answer.
    """

    case: str
    lines: tuple[str, ...]
    """The bright lines that rule something out here."""
    help_lost: float
    harm_saved: float
    net_cost: float
    """Net value given up, help units: what it costs to be unable to weigh."""

    def _parts(self) -> list[Printable]:
        cells = [number(1000 * value) for value in (self.help_lost, self.harm_saved, self.net_cost)]
        title = f"{self.case}: what its bright lines cost and save, per 1000 senders (help and harm units)"
        return [title, (("bright lines", "help lost", "harm saved", "net cost"), [[", ".join(self.lines) or "none", *cells]])]


def bright_lines(rules: Rules, case: Case, *, choose: Choose = bayes) -> BrightLines:
    """What the bright lines (the case's constraints and the spec's hard behaviours) cost and save, with `choose`."""
    drawn, free = compile(rules, case, choose=choose), case.without_constraints()
    softer = _without_hard(rules)
    other = compile(softer, free, choose=choose) if softer is not None else choose(free)
    a, b = expect(case, drawn), expect(case, other)
    hard = (r for ruling in drawn.rulings for r in ruling.removed if r.hard)
    return BrightLines(
        case=case.title,
        lines=tuple(dict.fromkeys(r.behaviour or _crossed(case, r.response) for r in hard)),
        help_lost=float(b.help - a.help),
        harm_saved=float((b.harm + b.neglect) - (a.harm + a.neglect)),
        net_cost=float(b.net - a.net),
    )


def _without_hard(rules: Rules) -> Rules | None:
    """The rules without their hard behaviours and what refers to them; None if nothing else is left."""
    hard = {b.name for b in rules.spec.behaviours if b.hard}
    soft = (b for b in rules.spec.behaviours if not b.hard)
    kept = tuple(replace(b, see=tuple(name for name in b.see if name not in hard)) for b in soft)
    others = tuple(rule for rule in rules.spec.rules if rule.behaviour not in hard)
    return Rules(rules.name, replace(rules.spec, behaviours=kept, rules=others)) if kept else None


guard(__name__)
