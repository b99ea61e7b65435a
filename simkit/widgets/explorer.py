"""`explore(case, policies)`: a thousand senders as dots, one slider along a batch of policies, one sentence.

The default batch declines the riskiest senders, 0 to 1000 of them.  All that is shown is exact; plausible worlds are drawn
with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import ipywidgets
import numpy as np

from ..arrays import Floats
from ..case import Case
from ..evaluate import Outcome, expect
from ..icon_array import Dots, dots
from ..pareto import frontier
from ..plots import HARMFUL
from ..policy import Policy, candidates, declining
from ..text import number, tally
from ..uncertainty import Comparison, compare
from . import panels
from .chosen_policies import best_responses, in_context, labelled, named, opened
from .controls import Range, context_menu, menu, policy_menu, round_steps, steps
from .instrument import Instrument, Settings, from_dict
from .panels import INK, Mark, Panel, axis, curve, padded, points, stretches
from .stage import Options, Table
from .wording import SENDERS, called, harmful_name, harmful_senders, heading, surely

RISKIEST = "the riskiest declined"


@dataclass(frozen=True, kw_only=True)
class ExplorerSettings(Settings):
    """The choices of `explore`.  Empty or None stands for what the case says.

    `at` is the value of the axis where the slider stands, if policies are given.  If they are not, `policy` is `the riskiest
    declined` (the slider says how many: `declined`), or the name of a policy of the case, and `answer` and `decline` are the
    two responses.  `compare` is the policy that it is measured against (empty: `answer` to everybody); `harmful` is the base
    share of all harmful senders.
    """

    policy: str = RISKIEST
    declined: Annotated[int, Range(0, 1000)] = 0
    at: float | str | None = None
    answer: str = ""
    decline: str = ""
    context: str = ""
    state: str = ""
    harmful: float | None = None
    overlap: float | None = None
    harm_weight: float | None = None
    compare: str = ""


def explore(case: Case | str, policies: Policy | Sequence[Policy] | None = None, **settings: Any) -> Explorer:
    """Open the instrument on a case, or on a scenario's name or path; `settings` are those of `ExplorerSettings`.

    First view: 1000 senders as dots, a slider along the axis of a batch of `policies`, and what they do.  A single policy is
    shown as it is; several single ones become a batch.  Without policies the slider declines the riskiest senders.  `More`
    unfolds the context, shares and weights, a comparison, and pictures of help and harm.  A ValueError names a setting that
    makes no sense.
    """
    found, source = opened(case)
    return Explorer(found, from_dict(ExplorerSettings, settings), source, None if policies is None else labelled(policies))


class Explorer(Instrument[ExplorerSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown; go on in code from `case` and `policy`."""

    def __init__(self, case: Case, settings: ExplorerSettings, source: str = "case", policies: Policy | None = None) -> None:
        super().__init__(
            partial(explorer_table, case, policies),
            settings,
            opener="simkit.widgets.explore",
            source=source if policies is None else f"{source}, policies",
            controls=_controls(case, policies is None),
            peek=partial(_chosen_row, case, policies),
        )

    @property
    def case(self) -> Case:
        """The case in the chosen context and state, with the chosen shares."""
        return self.view.case

    @property
    def policy(self) -> Policy:
        """The policy where the slider stands."""
        return self.view.policies[self.stage.at] if self.view.policies.batch else self.view.policies


def _controls(case: Case, default: bool) -> dict[str, ipywidgets.Widget | None]:
    """A control for each setting that the case has, with what may be chosen; the first three for the default policies only."""
    people, known = case.population, [policy.name for policy in candidates(case)]
    allowed = [(n, r) for n, r, ok in zip(case.responses, case.refuses, case.allowed, strict=True) if ok]
    refusals = [name for name, refuses in allowed if refuses]
    answers = [name for name, refuses in allowed if not refuses] or refusals
    states = [("all, as they come", ""), *zip(people.states, people.states, strict=True)]
    some, overlap = people.base_share[people.harmful].sum(), np.append(0.0, round_steps(1e-3, 0.5))
    return {
        "policy": policy_menu("policy", case, [RISKIEST, *known]) if default else None,
        "declined": None,
        "answer": policy_menu("answered with", case, answers) if default else None,
        "decline": policy_menu("declined with", case, refusals) if default else None,
        "context": context_menu(case),
        "state": menu("state of the world", states) if len(people.states) > 1 else None,
        "harmful": steps(f"share of {harmful_name(case)}", round_steps(1e-4, 0.9), ".3g") if 0 < some < 1 else None,
        "overlap": steps("overlap", overlap, ".3g") if people.overlap[2] > 0 else None,
        "harm_weight": steps("harm weight", round_steps(0.1, 1000)),
        "compare": policy_menu("compared with", case, known),
    }


# --- what is looked at ------------------------------------------------------------------------------------------------


def edited(case: Case, settings: ExplorerSettings) -> Case:
    """The case in the chosen context and state, with the chosen shares.  A ValueError if it has none of that name."""
    case = in_context(case, settings.context)
    if settings.state:
        case = case.in_state(settings.state)
    if settings.harmful is not None:
        harmful = case.population.harmful
        share = case.population.base_share[harmful]
        if not share.sum() > 0:
            raise ValueError(f"{case.name} has no harmful senders whose share could be moved")
        names = [case.segments[s] for s in np.flatnonzero(harmful)]
        case = case.with_shares(dict(zip(names, (settings.harmful * share / share.sum()).tolist(), strict=True)))
    return case if settings.overlap is None else case.with_overlap(settings.overlap)


def default_family(case: Case, settings: ExplorerSettings, declined: Sequence[int] = range(1001)) -> Policy:
    """What is shown where no policies are given: the riskiest senders declined, or a policy of the case by its name."""
    if settings.policy != RISKIEST:
        return named(case, settings.policy, settings.harm_weight)
    best = best_responses(case, settings.harm_weight)
    parts = np.array([n / 1000 for n in declined])
    return declining(case, parts, below=settings.answer or best[0], above=settings.decline or best[1])


@dataclass(frozen=True, eq=False)
class ExplorerView:
    """What is looked at: the case as edited, F policies and the reference, their dots and means, and how surely they differ."""

    case: Case
    policies: Policy
    reference: Policy
    dots: Dots
    outcome: Outcome
    leads: Comparison

    @property
    def gain(self) -> Floats:
        """Net value over the reference per 1000 senders, (F,), help units."""
        return SENDERS * self.leads.gain


def look(case: Case, policies: Policy, settings: ExplorerSettings) -> ExplorerView:
    """Evaluate policies in a case that is edited already.  A ValueError names a setting that the case does not have."""
    weight = case.weight(settings.harm_weight)
    below = settings.answer or best_responses(case, settings.harm_weight)[0]
    reference = named(case, settings.compare or below, settings.harm_weight)
    return ExplorerView(
        case=case,
        policies=policies,
        reference=reference,
        dots=dots(case, policies, SENDERS),
        outcome=expect(case, policies, weight),
        leads=compare(case, policies.as_batch(), reference, rng=np.random.default_rng(0), worlds=1000, harm_weight=weight),
    )


# --- the table --------------------------------------------------------------------------------------------------------


def explorer_table(case: Case, policies: Policy | None, settings: ExplorerSettings, *, only: bool = False) -> Table:
    """All that is shown: for every policy of the batch, or for the chosen one `only`, dots, a sentence, how surely it is ahead,
    and pictures."""
    case, slider = edited(case, settings), _slider(policies, settings)
    if only and slider:
        chosen = settings.declined if policies is None else settings.at
        place = 0 if chosen is None else slider.place(chosen)
        slider, policies = slider.only(place), policies and policies[place : place + 1]
    made = default_family(case, settings, slider.values if slider else ()) if policies is None else policies
    return _table(look(case, made, settings), settings, slider)


def _chosen_row(case: Case, policies: Policy | None, settings: ExplorerSettings) -> Table | None:
    """The row where the slider stands; None if there are no others."""
    return explorer_table(case, policies, settings, only=True) if _slider(policies, settings) else None


def _slider(policies: Policy | None, settings: ExplorerSettings) -> Options | None:
    """How many are declined; or along given policies; None for a single policy."""
    usual = ExplorerSettings()
    for name in ("at",) if policies is None else ("policy", "declined", "answer", "decline"):
        if getattr(settings, name) != getattr(usual, name):
            why = "no policies are given" if policies is None else "policies are given, and the slider runs along them"
            raise ValueError(f"{name} cannot be {getattr(settings, name)!r}: {why}")
    if policies is None:
        label = "Of 1000 senders, decline the riskiest"
        return Options("declined", range(1001), label) if settings.policy == RISKIEST else None
    if (about := policies.axis) is None:
        return None
    label = about.name if about.named else f"{policies.name}: {about.name}"
    return Options("at", about.values, label[:1].upper() + label[1:], about.labels)


def _table(view: ExplorerView, settings: ExplorerSettings, slider: Options | None) -> Table:
    case, people = view.case, view.case.population
    answer, decline = best_responses(case, settings.harm_weight)
    moves, reference = slider is not None and slider.setting == "declined", called(case, view.reference.name)
    caveats, more = surely(case, view.leads, f"“{reference}”" if view.reference.name in case.labels else reference)
    compared = panels.dots(dots(case, view.reference), f"Compared with {reference}", first=False)
    return Table(
        slider=slider,
        sentences=sentences(view, _starts(view, slider)),
        notes=caveats,
        panels=[
            panels.dots(view.dots, heading(case)),
            panels.sure(more),
            *([compared] if settings.compare else []),
            _segments_panel(view),
            _frontier_panel(view),
            *([_gain_panel(view, slider)] if slider and len(view.gain) > 1 else []),
        ],
        view=view,
        stands_for={
            "at": slider.values[0] if slider and not moves else None,
            "answer": settings.answer or answer,
            "decline": decline,
            "context": case.context,
            "harmful": float(people.base_share[people.harmful].sum()),
            "overlap": people.overlap[0],
            "harm_weight": case.weight(settings.harm_weight),
            "compare": settings.answer or answer,
        },
        idle=() if moves else ("answer", "decline"),
    )


def _starts(view: ExplorerView, slider: Options | None) -> list[str]:
    """How the sentence about each policy begins."""
    about = view.policies.axis
    if slider and slider.setting == "declined":
        few = {0: "Declining nobody", 1: "Declining the riskiest sender"}
        return [few.get(i, f"Declining the {i} riskiest") for i in slider.values]
    if about is None:
        return [called(view.case, view.policies.name)]
    return list(about.labels) if about.named else [f"At {about.name} {label} the policy" for label in about.labels]


def sentences(view: ExplorerView, starts: Sequence[str]) -> list[str]:
    """One sentence for each policy: who is turned away, and what is expected to come of it."""
    case, found = view.case, view.dots
    refused, harmful = case.refuses[found.response], case.population.harmful[found.segment]
    count, (crowd, many) = np.atleast_2d(found.count), found.counted_in
    numbers = [count[:, which].sum(1) for which in (refused & ~harmful, ~harmful, refused & harmful, harmful)]
    numbers += [np.atleast_1d(found.events(event, crowd)) for event in (1, 2)]
    who, said = harmful_senders(case), []
    for start, other, fine, caught, wrong, harm, neglect in zip(starts, *(x.tolist() for x in numbers), strict=True):
        these = f"{caught} of {wrong} {who} and {other} of {fine} others" if wrong else f"{other} of {fine} senders"
        said.append(f"{start} turns away {these}. Answers harm {tally(harm)} {many}; not answering harms {tally(neglect)}.")
    return said


# --- pictures ---------------------------------------------------------------------------------------------------------


def _segments_panel(view: ExplorerView) -> Panel:
    """Help to the right, harm weighed in help units to the left, for each segment and for everybody, per 1000 senders."""
    found, weight = view.outcome.by_segment, view.outcome.harm_weight
    sides = []
    for per_segment in (found.help, weight * found.harm, weight * found.neglect):
        each = np.atleast_2d(SENDERS * per_segment * found.share)
        each = np.where(np.isfinite(each), each, np.nan)
        sides.append(np.hstack([each, each.sum(1, keepdims=True)]))
    help_, harm, neglect = sides
    names = [*view.case.segment_labels, "everybody"]
    rows, zero = np.arange(len(names)), np.zeros(len(names))
    return panels.chart(
        "What each group gets: help (blue), harm of answering (red), of not answering (open)",
        [
            stretches(zero, help_, rows, colour=0),
            stretches(-harm, zero, rows, colour=HARMFUL),
            stretches(-harm - neglect, -harm, rows, colour=HARMFUL, hollow=True),
            curve([0, 0], [len(names) - 0.4, -0.6], colour=INK, width=1),
        ],
        alt="Bars for each segment: help to the right, harm weighed in help units to the left.",
        x=axis(
            *padded(np.append(-(harm + neglect), np.minimum(help_, 0)), np.append(help_, 0)),
            f"help units per 1000 senders (1 harm unit = {number(weight)})",
        ),
        y=panels.name_axis(names),
        height=60 + 26 * len(names),
        left=150,
        categories=True,
    )


def _frontier_panel(view: ExplorerView) -> Panel:
    """Help against loss: the frontier, the policies of the case, and where the slider is."""
    case, edge = view.case, frontier(view.case)
    here = [np.atleast_1d(SENDERS * each) for each in (view.outcome.loss, view.outcome.help)]
    line = [SENDERS * each for each in (edge.loss, edge.help)]
    seen = [policy for policy in candidates(case, view.outcome.harm_weight) if policy.name != view.policies.name]
    found = [expect(case, policy) for policy in seen]
    x, y = ([SENDERS * float(getattr(each, of)) for each in found] for of in ("loss", "help"))
    right = padded(0.0, np.concatenate([x, here[0], line[0]]))[1]
    marks: list[Mark] = [
        curve(*line, colour=3, width=2),
        points(x, y, colour=INK, hollow=True, size=4),
        panels.labels(x, y, [called(case, policy.name) for policy in seen]),
        points(here[0][:, None], here[1][:, None], colour=4),
    ]
    if len(here[0]) > 1 and view.policies.axis and not view.policies.axis.named:
        some = slice(None, None, 10 if len(here[0]) > 100 else 1)
        marks.insert(1, curve(here[0][some], here[1][some], colour=4, width=1, dash=[4, 3]))
    return panels.chart(
        "Help against harm: the grey line is the best that any policy can do",
        marks,
        alt="Help against harm and neglect per 1000 senders, with the frontier and the policies of the case.",
        x=axis(-0.02 * right, right, "harm + neglect per 1000 senders (harm units)"),
        y=axis(*padded(np.append(y, 0.0), np.concatenate([y, here[1], line[1]])), "help per 1000 (help units)"),
    )


def _gain_panel(view: ExplorerView, slider: Options) -> Panel:
    """Net value over the reference along the slider, with 90% of plausible worlds, and where it is best."""
    count, moves = len(view.gain), slider.setting == "declined"
    some = np.unique(np.append(np.arange(0, count, 20 if count > 100 else 1), count - 1))
    with np.errstate(invalid="ignore"):  # where harm has no finite mean there is nothing to draw
        low, high = SENDERS * np.quantile(view.leads.draws[some], [0.05, 0.95], axis=1)
    here, shown = np.arange(count), np.arange(0, count, 5 if count > 100 else 1)
    best = int(np.argmax(np.where(np.isfinite(view.gain), view.gain, -np.inf)))
    at = f"{best} declined" if moves else slider.texts[best]
    ticks = {int(i): slider.texts[int(i)] for i in np.unique(np.linspace(0, count - 1, min(count, 5)).round())}
    label = "senders declined, of 1000, riskiest first" if moves else slider.label
    return panels.chart(
        f"Net value over {called(view.case, view.reference.name)}: best (ring) at {at}; band: 90% of plausible worlds",
        [
            panels.band(some, low, high, colour=4),
            curve([0, count - 1], [0, 0], colour=INK, width=1),
            curve(here[shown], view.gain[shown], colour=4, width=2),
            points([best], [view.gain[best]], colour=INK, hollow=True, size=7),
            points(here[:, None], view.gain[:, None], colour=4),
        ],
        alt="Net value over the reference policy along the slider, with the range over plausible worlds.",
        x=axis(0, count - 1, label, ticks=None if moves else ticks),
        y=axis(*padded(np.append(low, view.gain), np.append(high, view.gain)), "help units per 1000"),
    )
