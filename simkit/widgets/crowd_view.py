"""What the instrument of a whole population shows for each number of senders: a pure function from a case and settings.

Senders N from 1 to 8 billion: for each the exact law of the total harm under three policies, with the range over plausible
worlds, and the chance of each front page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Floats, frozen, weigh
from ..case import Case
from ..evaluate import per_sender
from ..event_counts import FrontPages, front_pages
from ..files import suggest
from ..icon_array import dots
from ..policy import Policy, stack
from ..population import Worlds, draw_worlds
from ..text import number, people, percent, whole_percent
from ..totals import total
from ..uncertainty import break_even_shares
from . import panels
from .against import harmful_senders, now_and_base
from .choices import Choices
from .explore_settings import BEST, named, responses_of
from .explore_settings import Settings as Explored
from .explore_view import heading
from .panels import line, log_axis, packed
from .stage import table

#: Numbers of senders: 1, 2, 5, 10, … and everybody on Earth.
USERS = np.array(
    [*(m * 10**power for power in range(10) for m in (1, 2, 5) if (m, power) != (5, 9)), 8 * 10**9], dtype=np.int64
)
#: One world in so many exceeds the points of a curve.
ONE_IN = np.array([2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 10_000])
#: The numbers of senders once for each of these: all levels are then found in one search, four times as quick as one by one.
EACH = np.broadcast_to(USERS, (len(ONE_IN), len(USERS)))
THOUSANDTH = int(np.flatnonzero(ONE_IN == 1000)[0])
MODES = ("independent", "shared state", "shared state and rate")
WORLDS = 1000


@dataclass(frozen=True, kw_only=True)
class CrowdSettings(Choices):
    """The choices of `crowd`.  `users` is where the slider stands; `share` is what all senders of a world have in common.

    `policy` and `compare` are names of policies of the case (empty: the best answer and the best refusal to everybody);
    `page_harm` and `page_neglect` are the sizes of one event that make a front page, in harm units.
    """

    users: int = 1000
    policy: str = ""
    compare: str = ""
    context: str = ""
    share: str = MODES[0]
    page_harm: float = 300.0
    page_neglect: float = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.users <= USERS[-1]:
            raise ValueError(f"users are from 1 to {USERS[-1]}, not {self.users}")
        if self.share not in MODES:
            raise ValueError(f"senders share nothing that is called {self.share!r}; {suggest(self.share, MODES)}")


@dataclass(frozen=True, eq=False)
class CrowdView:
    """Laws of F crowds under P policies: sizes (L, F, P) that one world in `ONE_IN` exceeds, means, chances of any harm.

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


def independent(case: Case) -> Case:
    """The same case if every sender lived in a world of its own: the states are mixed into the shares."""
    people = case.population
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(people.base_share > 0, people.shares / people.base_share, 1.0)
    mixed = replace(
        people,
        base_share=people.shares,
        low=people.low * scale,
        high=people.high * scale,
        states=("mixed",),
        state_chance=frozen([1.0]),
        odds=frozen(np.ones(len(people.base_share))),
        multiply=frozen(np.ones((1, len(people.base_share)))),
    )
    return replace(case, population=mixed)


def look(case: Case, settings: CrowdSettings) -> CrowdView:
    """Evaluate what the settings ask for.  A ValueError names a setting that the case does not have."""
    if settings.context and settings.context != case.context:
        case = case.in_context(settings.context)
    below, above = responses_of(case, Explored())
    first = settings.policy or below
    second = settings.compare or (above if above != first else below)
    if first == second:
        raise ValueError(f"compare cannot be {second!r}, the policy itself; choose another one to compare it with")
    chosen = dict.fromkeys((first, second, BEST))
    made = [named(case, name, None) for name in chosen]
    policies = stack(made)
    given = independent(case) if settings.share == MODES[0] else case
    worlds = draw_worlds(given.population, np.random.default_rng(0), WORLDS)
    harm, loss = (_means(given, policies[:2], worlds, of) for of in (given.harm, given.loss))
    spread = float(np.var(harm[0]) / np.mean(harm[0]) ** 2) if harm[0].mean() > 0 else 0.0
    shock = spread if settings.share == MODES[2] else 0.0
    found = total(given, policies, EACH, shock=shock)
    order = np.argsort(harm[0])
    ends = order[[int(0.05 * WORLDS), int(0.95 * WORLDS)]]
    range_ = total(given, policies[0], EACH, worlds=_some(worlds, ends), shock=shock)
    levels = (1 - 1 / ONE_IN)[:, None, None]
    band = range_.quantile(levels)
    return CrowdView(
        case=case,
        policies=policies,
        sizes=found.quantile(levels),
        mean=found.mean[0],
        some=1 - found.chance_of_none[0],
        low=band[..., 0],
        high=band[..., 1],
        pages=front_pages(given, policies, USERS, harm=settings.page_harm, neglect=settings.page_neglect, shock=shock),
        less=float((loss[0] < loss[1]).mean()),
        turn=_turn(case, *made[:2]),
    )


def _means(case: Case, policies: Policy, worlds: Worlds, values: Floats) -> Floats:
    """Mean of values (S, R) per sender in each world, for each policy, (P, n)."""
    return np.stack([weigh(worlds.joint, each) for each in per_sender(case, policies, values)])


def _some(worlds: Worlds, rows: Any) -> Worlds:
    return Worlds(*(getattr(worlds, name)[rows] for name in ("shares", "overlap", "joint", "in_states", "signals")))


def _turn(case: Case, first: Policy, second: Policy) -> float:
    """Where two policies bring as much harm and neglect: the turning share if nothing helped (and asking cost nothing)."""
    free = case.question and replace(case.question, cost=frozen(np.zeros_like(case.question.cost)))
    helpless = replace(case, help=frozen(np.zeros_like(case.help)), question=free)
    return float(break_even_shares(helpless, first, second, harm_weight=1.0)[0])


# --- words ------------------------------------------------------------------------------------------------------------


def sentences(view: CrowdView) -> list[str]:
    """One sentence for each number of senders: the mean, and what one world in a thousand exceeds."""
    name, said = view.policies.labels[0], []
    for count, mean, size in zip(USERS, view.mean[:, 0], view.sizes[THOUSANDTH, :, 0], strict=True):
        start = f"Among {people(count)} sender{'s' * int(count > 1)} {name} brings {amount(float(mean))} harm units on average"
        if mean == 0:
            said.append(f"Among {people(count)} sender{'s' * int(count > 1)} {name} harms nobody by an answer.")
        elif size > 0:
            times = size / mean
            more = f"{number(float(times))} times that" if times >= 2 else f"{100 * (times - 1):.2g}% more than that"
            said.append(f"{start}; one world in a thousand exceeds {amount(float(size))}, {more}.")
        else:
            said.append(f"{start}; in at least 999 worlds of a thousand nobody is harmed.")
    return said


def notes(view: CrowdView, settings: CrowdSettings) -> list[str]:
    """What is assumed to be shared, the two front pages, and how surely the first policy brings less than the second."""
    first, second = view.policies.labels[0], view.policies.labels[1]
    who, now = harmful_senders(view.case), now_and_base(view.case)
    word, share = ("less", view.less) if view.less >= 0.5 else ("more", 1 - view.less)
    order = f"{first} brings {word} harm and neglect than {second} in {whole_percent(share)} of plausible worlds"
    turns = f"; it turns where {percent(view.turn)} are {who}{now}" if np.isfinite(view.turn) else ""
    said = []
    for harm, neglect in zip(view.pages.harm[:, 0], view.pages.neglect[:, 0], strict=True):
        pages = (
            f"Front page about harm (over {number(settings.page_harm)}): {chance(harm)}; about neglect "
            f"(over {number(settings.page_neglect)}): {chance(neglect)}."
        )
        said.append(f"{pages} {ASSUMED[settings.share]} {order}{turns}.")
    return said


def amount(value: float) -> str:
    """An amount in words if it is large, else with three digits."""
    return people(float(f"{value:.3g}")) if value >= 10_000 else number(value)


def chance(value: float) -> str:
    """A chance in words that do not round to certainty."""
    if value > 0.9995:
        return "nearly certain"
    return percent(float(value)) if value >= 1e-6 else "less than one in a million" if value > 0 else "never"


#: What is said of each mode.
ASSUMED = {
    MODES[0]: "Here every sender is independent of the others, which makes the total of a large crowd look certain.",
    MODES[1]: "Here all senders of a world share its state.",
    MODES[2]: "Here all senders of a world share its state and a rate that is as uncertain as the shares.",
}


# --- pictures ---------------------------------------------------------------------------------------------------------


def stage_table(view: CrowdView, settings: CrowdSettings) -> dict[str, Any]:
    """All that a stage needs: texts and pictures for each number of senders."""
    return table(
        label="Senders",
        texts=[people(count) for count in USERS],
        sentences=sentences(view),
        notes=notes(view, settings),
        panels=[_curves(view), _pages(view), panels.dots(dots(view.case, view.policies[0]), heading(view.case), first=False)],
    )


def _curves(view: CrowdView) -> dict[str, Any]:
    """The chance of exceeding a harm per 1000 senders, for each policy, with the range over plausible worlds."""
    per_1000 = 1000 / USERS
    sizes = view.sizes * per_1000[:, None]
    positive = sizes[np.isfinite(sizes) & (sizes > 0)]
    top = float(positive.max()) * 1.5 if len(positive) else 1.0
    mean = view.mean[0] * per_1000[0]
    bottom = float(mean[mean > 0].min()) / 30 if (mean > 0).any() else top / 1000
    marks: list[dict[str, Any]] = []
    y = np.log10(1 / ONE_IN)
    if np.isfinite(view.low).all() and np.isfinite(view.high).all():
        marks.append(_range(view, per_1000, bottom, y))
    for p in range(len(view.policies.labels)):
        x = np.log10(np.clip(sizes[..., p], bottom, top)).T
        rows = np.minimum(y, np.log10(np.maximum(view.some[:, p], 1e-300))[:, None])
        marks.append(line(x, np.maximum(rows, Y_END), colour=COLOURS[p], width=2.5, dash=DASHES[p]))
    count = np.stack([view.mean[:, p] * per_1000 for p in range(len(view.policies.labels))], axis=1)
    names = view.policies.labels
    return {
        "kind": "chart",
        "first": True,
        "title": "How likely is more than so much harm? (band: 90% of plausible worlds for the first policy)",
        "alt": "Chance of exceeding a total harm per 1000 senders, a curve for each policy.",
        "height": 340,
        "wide": 660,
        "left": 92,
        "x": log_axis(bottom, top, "total harm per 1000 senders (harm units)"),
        "y": {
            "low": Y_END,
            "high": 0.0,
            "label": "",
            "ticks": [[-k, f"1 in {people(10**k)}"] for k in range(5)],
        },
        "marks": marks,
        "legend": [
            {"label": f"{name}, mean per 1000", "colour": COLOURS[p], "mark": "full", "event": 0}
            for p, name in enumerate(names)
        ],
        "legendValues": packed(count),
    }


Y_END = -4.0
COLOURS = (0, 1, 4)
DASHES: tuple[list[int], ...] = ([], [9, 4], [3, 3])


def _range(view: CrowdView, per_1000: Floats, bottom: float, y: Floats) -> dict[str, Any]:
    """The band between two plausible worlds: a ribbon along the curve, walked down one side and up the other."""
    low, high = (np.log10(np.maximum(each * per_1000, bottom)).T for each in (view.low, view.high))
    return {"kind": "ribbon", "low": packed(low), "high": packed(high), "y": packed(y), "colour": COLOURS[0]}


def _pages(view: CrowdView) -> dict[str, Any]:
    """The dual newspaper test: the chance of each front page over the number of senders."""
    x = np.log10(USERS.astype(float))
    marks = []
    for p in range(len(view.policies.labels)):
        marks.append(line(x, view.pages.harm[:, p], colour=COLOURS[p], width=2))
        marks.append(line(x, view.pages.neglect[:, p], colour=COLOURS[p], width=2, dash=[5, 4]))
    marks.append(line(np.stack([x, x], axis=1), [0.0, 1.0], colour=-1, width=1))
    return {
        "kind": "chart",
        "title": "Two front pages: harm of an answer (solid), harm of not answering (dashed)",
        "alt": "Chance of at least one harm, and of at least one neglect, of front-page size, over the number of senders.",
        "x": log_axis(1, float(USERS[-1]), "senders"),
        "y": {
            "low": -0.02,
            "high": 1.02,
            "label": "chance",
            "ticks": [[0, "0"], [0.25, "25%"], [0.5, "50%"], [0.75, "75%"], [1, "100%"]],
        },
        "marks": marks,
    }
