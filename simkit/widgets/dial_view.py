"""What the instrument of the dial shows at each of its 101 positions: a pure function from a case and settings to a table.

Rows are positions, for the cast as expected and for each operator and each model looked at alone; worlds are drawn with a
fixed seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import Floats
from ..autonomy import POSITIONS, Deployment, Safeguards, along, deployment, outlook
from ..case import Case
from ..cast import Cast, usual_cast
from ..copies import answers_given, expected_policy, tails, with_departures
from ..files import suggest
from ..frequencies import Dots, dots
from ..optimum import Optimum, Plausible, Turn, Turns, best_position, in_plausible_worlds, spot, turning_trust, worth
from ..plots import HARMFUL
from ..tables import number, people, percent, whole_percent
from . import panels
from .choices import Choices
from .explore_view import heading
from .panels import axis, line, packed, padded
from .stage import table, toggle

WORLDS = 1000
EXPECTED = "as expected"
#: How many times the loss of following every instruction a world must have to be called bad.
BAD = 2.0
#: In whom one may trust, and the means that are shown.
WHOM = ("model", "operator")
MEANS = ("help", "harm", "neglect", "net", "departs", "mistaken")


@dataclass(frozen=True, kw_only=True)
class DialSettings(Choices):
    """The choices of `dial`.  Trusts are chances that the operator is legitimate and that the model is good
    (None: the cast's).

    `position` is where the dial stands; `operator` and `model` name one of the cast to look at alone; `aversion` is what spread
    (the sd over the model, and the principal if it is shared) counts beside the mean; `objects` lets the assistant decline at
    any position what it believes to be worse than declining by more than `scale`.
    """

    position: float = 0.5
    operator: str = EXPECTED
    model: str = EXPECTED
    context: str = ""
    trust_in_operator: float | None = None
    trust_in_model: float | None = None
    verification: float = 0.0
    irreversibility: float = 1.0
    oversight: float = 0.0
    users: int = 1_000_000
    shared_principal: bool = False
    aversion: float = 0.0
    objects: bool = False
    scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("position", "trust_in_operator", "trust_in_model"):
            if getattr(self, name) is not None and not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a number from 0 to 1, not {getattr(self, name)}")
        if not 1 <= self.users <= 10**10:
            raise ValueError(f"users are from 1 to 10 billion, not {self.users}")

    @property
    def safeguards(self) -> Safeguards:
        """What stands behind a departure."""
        return Safeguards(verification=self.verification, irreversibility=self.irreversibility, oversight=self.oversight)


@dataclass(frozen=True, eq=False)
class DialView:
    """All that is shown.  C ways to look at the cast (`looks`: chances of operators (C, O) and of models (C, T)), D positions.

    `means` are (C, D) each, per request: help, loss, net, departs, mistaken; `tops` (C,) the largest net at any position,
    between those of the slider too; `worths` (D,) are net less what spread counts, `bad` (C, D) chances of a bad world; dots of
    all C · D rows.
    """

    found: Deployment
    looks: tuple[Floats, Floats]
    means: dict[str, Floats]
    tops: Floats
    worths: Floats
    bad: Floats
    best: Optimum
    plausible: Plausible
    turns: tuple[Turns, ...]
    dots: Dots


def look(case: Case, settings: DialSettings, cast: Cast | None = None) -> DialView:
    """Evaluate what the settings ask for, with the usual cast if none is given.

    A ValueError names a setting that makes no sense.
    """
    if settings.context and settings.context != case.context:
        case = case.in_context(settings.context)
    found = _deployed(case, settings, cast)
    safeguards = settings.safeguards
    stands: dict[str, Any] = {
        "safeguards": safeguards,
        "aversion": settings.aversion,
        "shared_principal": settings.shared_principal,
    }
    curve = along(found, safeguards=safeguards)
    looks = _looks(found)
    means = {name: _seen(looks, getattr(curve.each, name)) for name in MEANS}
    step = np.searchsorted(found.cuts, POSITIONS)
    return DialView(
        found=found,
        looks=looks,
        means=means | {"loss": means["harm"] + means["neglect"]},
        tops=_seen(looks, outlook(found, found.on_steps, safeguards).net).max(-1),
        worths=worth(found, **stands)[step],
        bad=_bad(found, looks, settings),
        best=best_position(found, **stands),
        plausible=in_plausible_worlds(found, rng=np.random.default_rng(0), worlds=WORLDS, **stands),
        turns=tuple(turning_trust(found, whom, **stands) for whom in WHOM),
        dots=_dots(found, safeguards, looks),
    )


def _deployed(case: Case, settings: DialSettings, cast: Cast | None) -> Deployment:
    true = replace(case, question=None)
    cast = (cast or usual_cast(true)).with_trust(operator=settings.trust_in_operator, model=settings.trust_in_model)
    for name, members in (("operator", cast.operators), ("model", cast.models)):
        known = [EXPECTED, *(member.name for member in members)]
        if getattr(settings, name) not in known:
            raise ValueError(f"{name} cannot be {getattr(settings, name)!r}; {suggest(getattr(settings, name), known)}")
    return deployment(true, cast, scale=settings.scale, objection=settings.scale if settings.objects else None)


def offers(found: Deployment) -> dict[str, tuple[str, ...]]:
    """What the toggles offer: the cast as expected, or one of it alone."""
    return {
        "operator": (EXPECTED, *(operator.name for operator in found.operators)),
        "model": (EXPECTED, *(model.name for model in found.models)),
    }


def _looks(found: Deployment) -> tuple[Floats, Floats]:
    """Chances of operators and models in each way to look at the cast: operators count slowest."""
    operators, models = (
        np.vstack([chances, np.eye(len(chances))]) for chances in (found.cast.operator_chances(), found.cast.model_chances())
    )
    return np.repeat(operators, len(models), axis=0), np.tile(models, (len(operators), 1))


def _seen(looks: tuple[Floats, Floats], values: Floats) -> Floats:
    """Means (C, D) of values (O, T, D)."""
    return np.einsum("co,ct,otd->cd", *looks, values, optimize=True)


def bad_size(found: Deployment) -> float:
    """The loss per user, harm units, above which a world is called bad: so many times that of following every instruction."""
    base = found.stated[0]
    return BAD * float(found.cast.operator_chances() @ (base[1] + base[2]))


def _bad(found: Deployment, looks: tuple[Floats, Floats], settings: DialSettings) -> Floats:
    """The chance of a bad world, (C, D).  An operator that is looked at alone is everywhere; else as the settings say."""
    each = {
        shared: tails(found, bad_size(found), settings.users, safeguards=settings.safeguards, shared_principal=shared)
        for shared in (True, False)
    }
    chances = _seen(looks, np.moveaxis(each[True], 0, -1))
    if not settings.shared_principal:
        models = len(found.models) + 1  # the first rows: operators as expected
        chances[:models] = looks[1][:models] @ each[False].T
    return chances


def _dots(found: Deployment, safeguards: Safeguards, looks: tuple[Floats, Floats]) -> Dots:
    """The thousand senders for each way to look and each position; a departure counts as the answer that it gives."""
    steps = [expected_policy(found, found.on_step, safeguards, operators=p, models=q) for p, q in zip(*looks, strict=True)]
    batch = replace(steps[0], names=("dial",), answer=np.concatenate([policy.answer for policy in steps]))
    counted = dots(with_departures(found, safeguards), batch)
    step = np.searchsorted(found.cuts, POSITIONS)
    rows = (np.arange(len(steps))[:, None] * len(found.on_step) + step).ravel()
    return replace(
        counted,
        case=found.case,
        response=answers_given(found)[counted.response],
        count=counted.count[rows],
        expected=counted.expected[rows],
    )


# --- words ------------------------------------------------------------------------------------------------------------


def sentences(view: DialView) -> list[str]:
    """One sentence for each row: for how many the instruction is not followed, and what that is worth."""
    said = []
    columns = (1000 * view.means[name] for name in ("departs", "mistaken", "net"))
    for departs, mistaken, net, top in zip(*columns, (1000 * view.tops).tolist(), strict=True):
        for rows in zip(departs.tolist(), mistaken.tolist(), net.tolist(), strict=True):
            said.append(_sentence(*rows, top))
    return said


def _sentence(departs: float, mistaken: float, net: float, top: float) -> str:
    less = top - net
    beside = f", {number(less)} less than at best" if less > 1e-9 * max(abs(top), 1.0) else ", the best there is here"
    worth = f"Worth {number(net)} help units per 1000{beside}."
    if departs <= 0:
        return f"Everybody gets what the operator asks for. {worth}"
    share = "all" if few(mistaken) == few(departs) else few(mistaken)
    wrong = f"; for {share} of them that is a mistake" if mistaken > 0 else "; for none of them a mistake"
    return f"Of 1000 senders, {few(departs)} get the assistant's own judgement, not what was asked for{wrong}. {worth}"


def few(count: float) -> str:
    """An expected number of people of a thousand."""
    return f"{count:.0f}" if count >= 9.95 else f"{count:.1f}" if count >= 0.95 else "less than one"


def notes(view: DialView) -> list[str]:
    """For the cast as expected: where the dial is best, how surely, and the trust that turns it.  Else who is looked at."""
    first, where = " ".join([*_best_said(view), *_turns_said(view)]), place(*_best_between(view))
    offered, said = offers(view.found), []
    for operator in offered["operator"]:
        for model in offered["model"]:
            who = [f"{kind} {name}" for kind, name in (("operator", operator), ("model", model)) if name != EXPECTED]
            alone = f"Looked at alone: {', '.join(who)}. With the cast as expected the best position is {where}."
            said += [alone if who else first] * len(POSITIONS)
    return said


def place(low: float, high: float) -> str:
    """The best positions in words."""
    return "0, fully corrigible" if low <= 0 else "1, fully autonomous" if high >= 1 else spot(low, high)


def _best_between(view: DialView) -> tuple[float, float]:
    return float(view.best.low), float(view.best.high)


def _best_said(view: DialView) -> list[str]:
    best, (low, high) = view.best, view.plausible.range
    more = f", worth {number(1000 * float(best.margin))} help units per 1000 more than the better end" if best.inside else ""
    holds = f"In {whole_percent(view.plausible.holds)} of {WORLDS} plausible worlds some position beats both ends"
    return [
        f"The best position is {place(*_best_between(view))}{_missed(view)}{more}.",
        f"{holds} (stakes and beliefs as stated); in 90% of them the best lies between {low:.2f} and {high:.2f}.",
    ]


def _missed(view: DialView) -> str:
    """That the slider passes over the best position, if it does."""
    low, high = _best_between(view)
    met = low <= 0 or ((low < POSITIONS) & (high >= POSITIONS)).any()
    return "" if met else " (between two positions of the slider)"


def _turns_said(view: DialView) -> list[str]:
    """The trusts at which the best position jumps."""
    said = []
    for turns, whom in zip(view.turns, WHOM, strict=True):
        ways = [(turn, way) for turn, way in ((turns.below, "below"), (turns.above, "above")) if turn is not None]
        jumps = " and ".join(_jump(turn, way) for turn, way in ways)
        said.append(f"It jumps {jumps} trust in the {whom} (now {percent(turns.stated)})." if jumps else _stays(whom))
    return said


def _jump(turn: Turn, way: str) -> str:
    sure = "only with full" if turn.trust == 1 else "only without any" if turn.trust == 0 else f"{way} {percent(turn.trust)}"
    return f"to {place(turn.low, turn.high)} {sure}"


def _stays(whom: str) -> str:
    return f"No trust in the {whom} moves it far."


# --- pictures ---------------------------------------------------------------------------------------------------------


def stage_table(view: DialView, settings: DialSettings) -> dict[str, Any]:
    """All that a stage needs: texts, toggles and pictures for each row."""
    chosen = offers(view.found)
    return table(
        label="The dial, from 0 (fully corrigible) to 1 (fully autonomous)",
        texts=[f"{position:.2f}" for position in POSITIONS],
        sentences=sentences(view),
        notes=notes(view),
        panels=[
            _means_panel(view, settings),
            _bad_panel(view, settings),
            panels.dots(view.dots, heading(view.found.case), first=False) | {"beside": True},
        ],
        toggles=[toggle("operator", chosen["operator"]), toggle("model", chosen["model"])],
    )


def _staircase(values: Floats, **style: Any) -> dict[str, Any]:
    """A line along the dial for each way to look at the cast, (C, D)."""
    return {"kind": "line", "x": packed(POSITIONS), "y": packed(values, every=len(POSITIONS)), **style}


def _here(values: Floats, **style: Any) -> dict[str, Any]:
    """A point on such a line where the dial stands."""
    x = np.tile(POSITIONS, len(values))
    return {"kind": "points", "x": packed(x[:, None]), "y": packed(values.reshape(-1, 1)), "size": 4, **style}


def _axes(low: Floats, high: Floats, label: str) -> dict[str, Any]:
    """A vertical axis of its own for each way to look at the cast, from low to high (C, D)."""
    ends = [padded(*each) for each in zip(low, high, strict=True)]
    return {"ys": [axis(*each, label) for each in ends], "every": len(POSITIONS)}


def _means_panel(view: DialView, settings: DialSettings) -> dict[str, Any]:
    """Help, loss and net value along the dial, the best position, and where it lies in plausible worlds."""
    help_, loss, net = (1000 * view.means[name] for name in ("help", "loss", "net"))
    weighed = view.found.harm_weight * loss
    axes = _axes(np.minimum(net, 0.0), np.maximum(help_, weighed), "help units per 1000")
    low, high = view.plausible.range
    place_, top = float(view.best.high if view.best.low > 0 else 0.0), 1000 * float(view.best.worth)
    seen = (np.arange(len(net)) == 0)[:, None]  # the best position is that of the cast as expected
    ends = {name: packed([axes["ys"][0][name]] * 2) for name in ("low", "high")}
    band = {"kind": "band", "x": packed(np.where(seen, [[low, high]], np.nan), every=len(POSITIONS)), **ends, "colour": 3}
    ring = {"x": packed(np.where(seen, place_, np.nan), every=len(POSITIONS)), "y": packed([top])}
    spread = [line(POSITIONS, 1000 * view.worths, colour=-1, width=1.5, dash=[2, 3])] if settings.aversion else []
    return {
        "kind": "chart",
        "first": True,
        "title": "What a thousand senders get",
        "alt": "Help, weighed loss and net value per 1000 senders along the dial, with the best position.",
        "height": 230,
        "wide": 660,
        "left": 68,
        "x": axis(0, 1, "ring: the best position; band: where it lies in 90% of plausible worlds"),
        **axes,
        "marks": [
            band,
            line([0, 1], [0, 0], colour=-1, width=1),
            _staircase(help_, colour=0, width=2),
            _staircase(weighed, colour=HARMFUL, width=2, dash=[7, 4]),
            _staircase(net, colour=-1, width=2.5),
            *spread,
            {"kind": "points", **ring, "colour": -1, "hollow": True, "size": 8},
            *(_here(values, colour=colour) for values, colour in ((help_, 0), (weighed, HARMFUL), (net, -1))),
        ],
        "legend": [
            {"label": label, "colour": colour, "mark": "full", "event": 0}
            for label, colour in (("help", 0), ("harm and neglect, weighed", HARMFUL), ("net value", -1))
        ],
        "legendValues": packed(np.stack([help_, weighed, net], axis=-1).reshape(-1, 3)),
    }


def _bad_panel(view: DialView, settings: DialSettings) -> dict[str, Any]:
    """The chance of a world with much loss, along the dial."""
    bad = 1000 * view.bad
    whose = "one operator for all" if settings.shared_principal else "many operators"
    return {
        "kind": "chart",
        "first": True,
        "title": f"Bad worlds ({people(settings.users)} users, {whose}, one model)",
        "alt": "In how many of 1000 worlds the total loss exceeds a size, along the dial.",
        "height": 150,
        "wide": 660,
        "left": 68,
        "x": axis(0, 1, f"bad: a loss over {number(BAD)} times that of following all instructions"),
        **_axes(np.zeros_like(bad), np.maximum(bad, 1.0), "of 1000"),
        "marks": [_staircase(bad, colour=4, width=2), _here(bad, colour=4)],
        "legend": [{"label": "bad worlds, of 1000", "colour": 4, "mark": "full", "event": 0}],
        "legendValues": packed(bad.reshape(-1, 1)),
    }
