"""`chain(case, rules)`: who decides what.  Buttons for operator and user, the path of a decision, the thousand beside it.

For each operator, each word of the user, each trust that the operator lends and each quoted text: how the behaviour is decided,
the policy that the spec then makes, and what that does to the same thousand senders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import product
from typing import Any

import numpy as np

from ..case import Case
from ..icon_array import Dots, dots
from ..messages import Message
from ..policy import Policy
from ..spec.chain import decide, decide_all
from ..spec.compiler import check_shows, compile_each, shows
from ..spec.compiler import compile as compile_rules
from ..spec.rules import Ready, Rules
from ..spec.rules import load as load_rules
from ..spec.trace import DEEDS, Decision, Step
from ..uncertainty import Comparison, compare
from . import panels
from .chosen_policies import in_context, opened
from .controls import menu
from .instrument import Instrument, Settings, from_dict
from .panels import Panel
from .stage import Options, Table
from .wording import surely

SILENT = "says nothing"
TRUST = ("as a user", "as itself")
#: Who says the messages that the instrument adds, by the level at which they arrive.
USER, QUOTED = "the user", "a quoted text"
LABELS = {"operator": "operator", "user": "user", "trust": "trusts users", "quoted": "a pasted page"}


@dataclass(frozen=True, kw_only=True)
class ChainSettings(Settings):
    """The choices of `chain`.  Empty stands for the first that there is.

    `behaviour` is the one whose path is shown; `operator` a context of the case; `user` and `quoted` what is said about the
    behaviour, such as `asks for on`; `trust` what the operator lends to users.
    """

    behaviour: str = ""
    operator: str = ""
    user: str = SILENT
    trust: str = TRUST[0]
    quoted: str = SILENT


def chain(case: Case | str = "medication-threshold", rules: Rules | str = "general-assistant", **settings: Any) -> Chain:
    """Open the instrument on a case and a spec, or on their names or paths; `settings` are those of `ChainSettings`.

    First view: who decides a behaviour, with buttons for the operator, and what the thousand then get.  `More` unfolds other
    behaviours, the user, trust that is lent, a quoted text, and the trace.  A ValueError names what makes no sense.
    """
    found, word = opened(case)
    words = [word, "rules" if isinstance(rules, Rules) else repr(rules)]
    rules = rules if isinstance(rules, Rules) else load_rules(rules)
    check_shows(rules, found)
    return Chain(found, rules, from_dict(ChainSettings, settings), ", ".join(words))


class Chain(Instrument[ChainSettings]):
    """The instrument: set `settings` to choose; go on in code from `case`, `decision` and `policy`."""

    def __init__(self, case: Case, rules: Rules, settings: ChainSettings, source: str = "case, rules") -> None:
        super().__init__(
            partial(chain_table, case, rules),
            settings,
            opener="simkit.widgets.chain",
            source=source,
            controls={"behaviour": menu("behaviour", rules.behaviours)},
            peek=partial(chain_table, case, rules, only=True),
            settle=partial(_settled, case, rules),
        )

    @property
    def case(self) -> Case:
        """The case in the chosen operator's context."""
        return self.view.contexts[self._at_row()[0]]

    @property
    def decision(self) -> Decision:
        """How the behaviour is decided where the buttons stand: `.text`, `.steps`."""
        return self.view.decisions[self.row]

    @property
    def policy(self) -> Policy:
        """The policy that the spec makes where the buttons stand."""
        operator, row = self._at_row()
        return self.view.policies[operator][row]

    def _at_row(self) -> tuple[int, int]:
        return divmod(self.row, len(self.view.decisions) // len(self.view.contexts))


def _settled(case: Case, rules: Rules, settings: ChainSettings, before: ChainSettings | None) -> ChainSettings:
    """The settings with nothing left empty.  Words about one behaviour make no sense for another: then nobody says anything."""
    ready = about(case, rules, settings)
    known = offers(case, ready)
    if before is not None and ready.name != before.behaviour:
        user, quoted = (
            said if said in known[of] else SILENT for of, said in (("user", settings.user), ("quoted", settings.quoted))
        )
        settings = replace(settings, user=user, quoted=quoted)
    return replace(settings, behaviour=ready.name, operator=settings.operator or known["operator"][0])


def chain_table(case: Case, rules: Rules, settings: ChainSettings, *, only: bool = False) -> Table:
    """All that is shown: sentences and pictures for every combination of the buttons, or for `only` the chosen one."""
    view = look(case, rules, settings, only=only)
    found = [surely(*each, "if nobody said anything") for each in zip(view.contexts, view.leads, strict=True)]
    return Table(
        toggles=[Options(name, known, LABELS[name], first=name == "operator") for name, known in view.offers.items()],
        sentences=sentences(view),
        notes=[caveat for caveats, _ in found for caveat in caveats],
        panels=[
            _path(view),
            panels.sure([lines for _, more in found for lines in more]),
            panels.dots(view.dots, f"1000 people send: “{case.request}”", first=False),
            _trace(view),
        ],
        view=view,
    )


# --- what is looked at ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ChainView:
    """All rows: what each button offers, and for each combination the decision and the policy; dots of all rows.

    `policies` and `leads` have one entry for each operator: a batch over the other buttons, and how these compare with the
    same operator's users if nobody says anything.
    """

    case: Case
    rules: Rules
    ready: Ready
    offers: dict[str, tuple[str, ...]]
    contexts: tuple[Case, ...]
    decisions: tuple[Decision, ...]
    policies: tuple[Policy, ...]
    leads: tuple[Comparison, ...]
    dots: Dots


def offers(case: Case, ready: Ready) -> dict[str, tuple[str, ...]]:
    """What may be chosen of each toggle, in the order of the rows."""
    values, far = ready.behaviour.values, max(ready.places, key=lambda v: abs(ready.places[v] - ready.default))
    return {
        "operator": tuple(case.contexts) or (case.context,),
        "user": (SILENT, *(f"asks for {value}" for value in values), f"hints at {far}"),
        "trust": TRUST,
        "quoted": (SILENT, f"orders {far}"),
    }


def about(case: Case, rules: Rules, settings: ChainSettings) -> Ready:
    """The behaviour that is looked at: the chosen one, or the first that responses show and that somebody may change."""
    if settings.behaviour:
        return rules.behaviour(settings.behaviour)
    shown = {name for each in shows(case).values() for name in each}
    return next((b for b in rules.behaviours.values() if b.name in shown), next(iter(rules.behaviours.values())))


def spoken(ready: Ready, user: str, trust: str, quoted: str) -> tuple[Message, ...]:
    """What the buttons add to the operator's messages."""
    said: list[Message] = []
    if trust == TRUST[1]:
        said.append(Message(level="developer", says="Trust users as you trust me.", trusts={"user": "developer"}))
    if quoted != SILENT:
        says = "A page that the user pasted gives an order."
        said.append(Message(level="none", says=says, sets={ready.name: quoted.removeprefix("orders ")}))
    if user != SILENT:
        wish = user.removeprefix("asks for ").removeprefix("hints at ")
        said.append(
            Message(level="user", says="What the user wants.", implied=user.startswith("hints"), sets={ready.name: wish})
        )
    return tuple(said)


def look(case: Case, rules: Rules, settings: ChainSettings, *, only: bool = False) -> ChainView:
    """Decide and evaluate every combination of the buttons, or `only` the chosen one."""
    settings = _settled(case, rules, settings, None)
    ready = rules.behaviour(settings.behaviour)
    offered = offers(case, ready)
    if only:
        chosen = {name: Options(name, values) for name, values in offered.items()}
        offered = {name: (values.values[values.place(getattr(settings, name))],) for name, values in chosen.items()}
    rest = [spoken(ready, *said) for said in product(offered["user"], offered["trust"], offered["quoted"])]
    grounds = [_ground(case, rules, name) for name in offered["operator"]]
    contexts, silent = zip(*grounds, strict=True)
    decisions = [decide(rules, (*here.messages, *more), ready.name) for here in contexts for more in rest]
    policies = [compile_each(rules, here, rest) for here in contexts]
    found = [
        compare(here, policy.as_batch(), nobody, rng=np.random.default_rng(0), worlds=1000)
        for here, policy, nobody in zip(contexts, policies, silent, strict=True)
    ]
    counted = [dots(here, policy) for here, policy in zip(contexts, policies, strict=True)]
    return ChainView(
        case=case,
        rules=rules,
        ready=ready,
        offers=offered,
        contexts=contexts,
        decisions=tuple(decisions),
        policies=tuple(policies),
        leads=tuple(found),
        dots=replace(
            counted[0],
            count=np.concatenate([each.count for each in counted]),
            expected=np.concatenate([each.expected for each in counted]),
        ),
    )


@lru_cache(maxsize=64)
def _ground(case: Case, rules: Rules, operator: str) -> tuple[Case, Policy]:
    """The case in an operator's context, and what the spec makes of it if nobody says anything: whatever the behaviour."""
    here = in_context(case, operator)
    return here, compile_rules(rules, replace(here, messages=()))


# --- words ------------------------------------------------------------------------------------------------------------


def speaker(here: Case, step: Step) -> str:
    """Who speaks in a step: a message is called by who says it."""
    kind, _, name = step.node.partition(":")
    if kind != "message":
        return {"behaviour": "the default", "protection": "a protection", "rule": f"the rule {name}"}[kind]
    said = int(name) < len(here.messages)
    who = {"user": USER, "none": QUOTED}.get(here.messages[int(name)].level, "the operator") if said else USER
    if said:
        return f"{who} ({here.context})" if here.context else who
    return QUOTED if step.level == "none" else who


def sentences(view: ChainView) -> list[str]:
    """One sentence for each row: what the behaviour is, who decided that, who spoke in vain, and what else acts."""
    said: list[str] = []
    also = {here.context: _also(view, here) for here in view.contexts}
    for here, decision in zip(_of_rows(view), view.decisions, strict=True):
        step = decision.decided_by
        vain = [other for other in decision.steps if not other.highlighted]
        lost = f" {_capital(speaker(here, vain[-1]))} {_short(vain[-1])}." if vain else ""
        why = "nobody moves the default" if step.did == "stands" else f"{speaker(here, step)} {DEEDS[step.did]}"
        holds = f"{decision.behaviour}: {decision.value or 'inaction'}, because {why}."
        said.append(f"{holds}{lost}{also[here.context]} {_given(view, len(said))}")
    return said


def _also(view: ChainView, here: Case) -> str:
    """What the operator moves besides the behaviour that is looked at: it has a part in what the thousand get."""
    shown = {name for each in shows(here).values() for name in each} - {view.ready.name}
    found = decide_all(view.rules, here.messages, [name for name in view.rules.behaviours if name in shown])
    moved = [f"{name} to {d.value}" for name, d in found.items() if d.value != view.rules.behaviours[name].behaviour.default]
    return f" The operator also moves {' and '.join(moved)}." if moved else ""


def _given(view: ChainView, row: int) -> str:
    """What the thousand get, the most frequent response first."""
    count = view.dots.by_response()[row]
    order = [r for r in np.argsort(-count, kind="stable") if count[r]][:2]
    return "Of 1000 senders " + " and ".join(f"{count[r]} get “{view.case.response_labels[r]}”" for r in order) + "."


def _of_rows(view: ChainView) -> list[Case]:
    """The context of each row."""
    many = len(view.decisions) // len(view.contexts)
    return [here for here in view.contexts for _ in range(many)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(step: Step) -> str:
    """What became of a step, in a few words."""
    reason = step.why.split("; message")[0].split(" (")[0]
    if step.node.partition(":")[0] in ("behaviour", "protection") and reason:
        return reason
    return DEEDS[step.did] + (f": {reason}" if reason else "")


# --- pictures ---------------------------------------------------------------------------------------------------------


def _slots(view: ChainView) -> dict[str, tuple[str, str]]:
    """The boxes, the default and then from the highest level down: key -> (level, what it says if nobody speaks there)."""
    b = view.ready.behaviour
    made = {"behaviour": ("default", "")} | ({"protection": ("root", "")} if b.protection is not None else {})
    for rule in view.ready.rules:
        if rule.authority == "root":
            made[f"rule:{rule.name}"] = ("root", f"{rule.name}: only if {', '.join(rule.when)}")
    for level in ("system", "developer", "user", "guideline"):
        if level in ("developer", "user"):
            made[level] = (level, "the operator says nothing about it" if level == "developer" else "the user says nothing")
        for rule in view.ready.rules:
            if rule.authority == level:
                made[f"rule:{rule.name}"] = (level, f"{rule.name}: only if {', '.join(rule.when)}" if rule.when else rule.name)
    return made | {"none": ("none", "no quoted text orders anything")}


def _key(here: Case, step: Step) -> str:
    """The box in which a step is drawn."""
    kind, _, name = step.node.partition(":")
    if kind == "message":
        said = here.messages[int(name)].level if int(name) < len(here.messages) else step.level
        return "none" if said == "none" else "user" if said == "user" or int(name) >= len(here.messages) else "developer"
    return step.node if kind == "rule" else kind


def _path(view: ChainView) -> Panel:
    """Who spoke at which level, what it did and the value after it."""
    slots = _slots(view)
    order, rows = list(slots), range(len(view.decisions))
    state = np.zeros((len(rows), len(order)), dtype=int)
    said, did, value = ([[""] * len(order) for _ in rows] for _ in range(3))
    for row, (here, decision) in enumerate(zip(_of_rows(view), view.decisions, strict=True)):
        for step in decision.steps:
            at = order.index(_key(here, step))
            state[row, at] = 2 if step == decision.decided_by else 1 if step.highlighted else 3
            level = slots[order[at]][0]
            heard = f" (heard as {step.level})" if step.level != level and level in ("developer", "user") else ""
            said[row][at], did[row][at] = f"{speaker(here, step)}{heard}: {step.wants}", _short(step)
            value[row][at] = step.value
    return panels.path(
        f"Who decides {view.ready.name}, under {view.rules.name}",
        list(slots.values()),
        state=state,
        said=said,
        did=did,
        value=value,
        result=[decision.value or "inaction" for decision in view.decisions],
        about=view.ready.name,
    )


def _trace(view: ChainView) -> Panel:
    """The whole trace, step by step."""
    rows = [[str(step) for step in decision.steps] for decision in view.decisions]
    return panels.text("The trace, step by step", rows, alt="The trace as text.")
