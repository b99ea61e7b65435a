"""`crowd(case, policies)`: from one sender to the whole world, the distribution of the total harm and two front pages.

Senders N from 1 to 8 billion: for each the exact distribution of the total harm under three policies, with the range over
plausible worlds, and the probability of each front page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Annotated, Any, Literal

import numpy as np

from ..aggregate import total
from ..arrays import Floats, weigh
from ..case import Case
from ..evaluate import per_sender
from ..event_counts import FrontPages, front_pages
from ..icon_array import dots
from ..policy import Policy, candidates, stack
from ..population import Worlds, draw_worlds
from ..text import number, people, percent, whole_percent
from ..uncertainty import break_even_loss
from . import panels
from .chosen_policies import BEST, best_responses, in_context, labelled, named, opened
from .controls import Range, context_menu, policy_menu, round_steps
from .instrument import Instrument, Settings, from_dict
from .panels import INK, Mark, Panel, axis, curve, entry, log_axis
from .stage import Options, Table
from .wording import called, harmful_senders, heading, now_and_base

#: Numbers of senders: 1, 2, 5, 10, … and everybody on Earth.
USERS = np.array(
    [*(m * 10**power for power in range(10) for m in (1, 2, 5) if (m, power) != (5, 9)), 8 * 10**9], dtype=np.int64
)
#: One run in so many exceeds the points of a curve.
ONE_IN = np.array([2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 10_000])
THOUSANDTH = int(np.flatnonzero(ONE_IN == 1000)[0])
MODES: tuple[str, ...] = ("independent", "shared state", "shared state and rate")
WORLDS = 1000
EVERYBODY = 8e9


@dataclass(frozen=True, kw_only=True)
class CrowdSettings(Settings):
    """The choices of `crowd`.  `users` is where the slider stands; `share` is what all senders of a run have in common.

    `policy` and `compare` are names of given policies or of policies of the case (empty: the first that is given, else the
    best answer to everybody; and the best refusal); `page_harm` and `page_neglect` are the sizes of one event that make a front
    page, in harm units.
    """

    users: Annotated[int, Range(1, EVERYBODY)] = 1000
    policy: str = ""
    compare: str = ""
    context: str = ""
    share: Annotated[Literal["independent", "shared state", "shared state and rate"], "senders share"] = "independent"
    page_harm: Annotated[float, Range(-inf, inf, tuple(round_steps(1, 10_000))), "harm: front page"] = 300.0
    page_neglect: Annotated[float, Range(-inf, inf, tuple(round_steps(0.01, 10_000))), "neglect: front page"] = 20.0


def crowd(case: Case | str, policies: Policy | Sequence[Policy] | None = None, **settings: Any) -> Instrument[CrowdSettings]:
    """Open the instrument on a case, or on a scenario's name or path; `settings` are those of `CrowdSettings`.

    First view: how likely is more than so much harm, for three policies, and a slider from 1 sender to 8 billion.  Given
    `policies`, one or a batch, can be chosen by name.  `More` unfolds the policies, the context, what the senders of a world
    share, and the two front pages.  `view` of the instrument is a `CrowdView`.
    """
    found, source = opened(case)
    made = None if policies is None else labelled(policies)
    given = () if made is None else tuple(made) if made.batch else (made,)
    known = [policy.name for policy in (*given, *candidates(found))]
    return Instrument(
        partial(crowd_table, found, given),
        from_dict(CrowdSettings, settings),
        opener="simkit.widgets.crowd",
        source=f"{source}, policies" if given else source,
        controls={
            "policy": policy_menu("policy", found, known),
            "compare": policy_menu("compared with", found, known),
            "context": context_menu(found),
        },
    )


def crowd_table(case: Case, given: Sequence[Policy], settings: CrowdSettings) -> Table:
    """All that is shown: texts and pictures for each number of senders."""
    view = look(case, settings, given)
    first, second, *_ = view.policies.labels
    return Table(
        slider=Options("users", USERS.tolist(), "Senders", [people(count) for count in USERS]),
        sentences=sentences(view),
        notes=[ASSUMED[settings.share]],
        panels=[
            _curves(view),
            panels.sure(how_sure(view, settings)),
            _pages(view),
            panels.dots(dots(view.case, view.policies[0]), heading(view.case), first=False),
        ],
        view=view,
        stands_for={"policy": first, "compare": second, "context": view.case.context},
    )


# --- what is looked at ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class CrowdView:
    """Distributions of F crowds under P policies: sizes (L, F, P) that one run in `ONE_IN` exceeds, means, and P(any harm).

    `low` and `high` (L, F) are the same sizes for the first policy in a plausible world with little and with much harm (its
    mean at 5% and 95%); `less` is the fraction of plausible worlds in which the first policy brings less harm and neglect than
    the second, `turn` the share of harmful senders at which that changes (nan: none).
    """

    case: Case
    policies: Policy
    sizes: Floats
    mean: Floats
    some: Floats
    low: Floats
    high: Floats
    pages: FrontPages
    less: float
    turn: float

    @property
    def names(self) -> list[str]:
        """What people call the policies."""
        return [called(self.case, name) for name in self.policies.labels]


def look(case: Case, settings: CrowdSettings, given: Sequence[Policy] = ()) -> CrowdView:
    """Evaluate what the settings ask for, with `given` policies beside those of the case.

    A ValueError names a setting that the case does not have.
    """
    case = in_context(case, settings.context)
    made = _chosen(case, settings, given)
    policies = stack(made)
    here = case.with_independent_senders() if settings.share == MODES[0] else case
    worlds = draw_worlds(here.population, np.random.default_rng(0), WORLDS)
    harm, loss = (
        np.stack([weigh(worlds.joint, each) for each in per_sender(here, policies[:2], of)]) for of in (here.harm, here.loss)
    )
    spread = float(np.var(harm[0]) / np.mean(harm[0]) ** 2) if harm[0].mean() > 0 else 0.0
    shock = spread if settings.share == MODES[2] else 0.0
    # The crowds once for each level: all levels are then found in one search, four times as quick as one by one.
    crowds, levels = np.broadcast_to(USERS, (len(ONE_IN), len(USERS))), (1 - 1 / ONE_IN)[:, None, None]
    found = total(here, policies, crowds, shock=shock)
    ends = np.argsort(harm[0])[[int(0.05 * WORLDS), int(0.95 * WORLDS)]]
    two = Worlds(*(getattr(worlds, name)[ends] for name in ("shares", "overlap", "joint", "in_states", "signals")))
    band = total(here, policies[0], crowds, worlds=two, shock=shock).quantile(levels)
    return CrowdView(
        case=case,
        policies=policies,
        sizes=found.quantile(levels),
        mean=found.mean[0],
        some=1 - found.chance_of_none[0],
        low=band[..., 0],
        high=band[..., 1],
        pages=front_pages(here, policies, USERS, harm=settings.page_harm, neglect=settings.page_neglect, shock=shock),
        less=float((loss[0] < loss[1]).mean()),
        turn=break_even_loss(case, *made[:2]),
    )


def _chosen(case: Case, settings: CrowdSettings, given: Sequence[Policy]) -> list[Policy]:
    """The policy, the one that it is compared with, and the best (if that is another)."""
    below, above = best_responses(case)
    first = settings.policy or (given[0].name if given else below)
    second = settings.compare or (above if above != first else below)
    if first == second:
        raise ValueError(f"compare cannot be {second!r}, the policy itself; choose another one to compare it with")
    own = {policy.name: policy for policy in given}
    return [own.get(name) or named(case, name, None) for name in dict.fromkeys((first, second, BEST))]


# --- words ------------------------------------------------------------------------------------------------------------


def sentences(view: CrowdView) -> list[str]:
    """One sentence for each number of senders: the mean, and what one run in a thousand exceeds."""
    name = view.names[0]
    rows = zip(USERS.tolist(), view.mean[:, 0].tolist(), view.sizes[THOUSANDTH, :, 0].tolist(), strict=True)
    return [f"Among {people(n)} sender{'s' * int(n > 1)} “{name}” {_brings(mean, size)}." for n, mean, size in rows]


def _brings(mean: float, size: float) -> str:
    if mean == 0:
        return "harms nobody by an answer"
    if not size > 0:
        return f"brings {amount(mean)} harm units on average; in at least 999 runs of a thousand nobody is harmed"
    times = size / mean
    more = f"{number(times)} times that" if times >= 2 else f"{100 * (times - 1):.2g}% more than that"
    return f"brings {amount(mean)} harm units on average; one run in a thousand exceeds {amount(size)}, {more}"


def how_sure(view: CrowdView, settings: CrowdSettings) -> list[list[str]]:
    """How surely the first policy brings less than the second, and the two front pages for each number of senders."""
    first, second, *_ = view.names
    word, share = ("less", view.less) if view.less >= 0.5 else ("more", 1 - view.less)
    order = f"“{first}” brings {word} harm and neglect than “{second}” in {whole_percent(share)} of {WORLDS} plausible worlds"
    who, now = harmful_senders(view.case), now_and_base(view.case)
    turns = f"; {percent(view.turn)} {who}{now} would reverse it" if np.isfinite(view.turn) else ""
    sizes = [f"over {number(each)} harm units" for each in (settings.page_harm, settings.page_neglect)]
    pages = zip(view.pages.harm[:, 0].tolist(), view.pages.neglect[:, 0].tolist(), strict=True)
    return [
        [
            f"{order}{turns}.",
            f"A front page about harm ({sizes[0]}): {likely(harm)}; about neglect ({sizes[1]}): {likely(neglect)}.",
        ]
        for harm, neglect in pages
    ]


def amount(value: float) -> str:
    """An amount in words if it is large, else with three digits."""
    return people(float(f"{value:.3g}")) if value >= 10_000 else number(value)


def likely(value: float) -> str:
    """A probability in words that do not round to certainty."""
    if value > 0.9995:
        return "nearly certain"
    return percent(float(value)) if value >= 1e-6 else "less than one in a million" if value > 0 else "never"


#: The caveat of each mode.
ASSUMED = {
    MODES[0]: "Every sender is taken as independent of the others, which makes the total of a large crowd look certain.",
    MODES[1]: "All senders of a run share the state of its world.",
    MODES[2]: "All senders of a run share the state of its world, and a rate that is as uncertain as the shares.",
}


# --- pictures ---------------------------------------------------------------------------------------------------------


def _curves(view: CrowdView) -> Panel:
    """The probability of exceeding a harm per 1000 senders, for each policy, with the range over plausible worlds."""
    per_1000 = 1000 / USERS
    sizes, mean = view.sizes * per_1000[:, None], view.mean[0] * per_1000[0]
    top = 1.5 * float(np.max(sizes, where=np.isfinite(sizes), initial=0.0)) or 1.0
    bottom = float(mean[mean > 0].min()) / 30 if (mean > 0).any() else top / 1000
    marks: list[Mark] = []
    y = np.log10(1 / ONE_IN)
    if np.isfinite(view.low).all() and np.isfinite(view.high).all():
        low, high = (np.log10(np.maximum(each * per_1000, bottom)).T for each in (view.low, view.high))
        marks.append(panels.ribbon(low, high, y, colour=COLOURS[0]))
    for p, (colour, dash) in enumerate(zip(COLOURS[: len(view.names)], DASHES, strict=False)):
        x = np.log10(np.clip(sizes[..., p], bottom, top)).T
        rows = np.minimum(y, np.log10(np.maximum(view.some[:, p], 1e-300))[:, None])
        marks.append(curve(x, np.maximum(rows, Y_END), colour=colour, width=2.5, dash=dash))
    return panels.chart(
        "How likely is more than so much harm? (band: 90% of plausible worlds for the first policy)",
        marks,
        alt="Probability of exceeding a total harm per 1000 senders, a curve for each policy.",
        first=True,
        height=340,
        wide=660,
        left=92,
        x=log_axis(bottom, top, "total harm per 1000 senders (harm units)"),
        y=axis(Y_END, 0.0, ticks={-k: f"1 in {people(10**k)}" for k in range(5)}),
        legend=[entry(f"{name}, mean per 1000", COLOURS[p]) for p, name in enumerate(view.names)],
        values=view.mean * per_1000[:, None],
    )


Y_END = -4.0
COLOURS = (0, 1, 4)
DASHES: tuple[list[int], ...] = ([], [9, 4], [3, 3])


def _pages(view: CrowdView) -> Panel:
    """The dual newspaper test: the probability of each front page over the number of senders."""
    x = np.log10(USERS.astype(float))
    marks = []
    for p in range(len(view.names)):
        marks.append(curve(x, view.pages.harm[:, p], colour=COLOURS[p], width=2))
        marks.append(curve(x, view.pages.neglect[:, p], colour=COLOURS[p], width=2, dash=[5, 4]))
    return panels.chart(
        "Two front pages: harm of an answer (solid), harm of not answering (dashed)",
        [*marks, curve(np.stack([x, x], axis=1), [0.0, 1.0], colour=INK, width=1)],
        alt="Probability of at least one harm, and of at least one neglect, of front-page size, over the number of senders.",
        x=log_axis(1, float(USERS[-1]), "senders"),
        y=axis(-0.02, 1.02, "probability", ticks={k / 4: f"{25 * k}%" if k else "0" for k in range(5)}),
    )
