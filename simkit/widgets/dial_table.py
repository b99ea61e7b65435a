"""The words and pictures of the dial: for each way to look at the agents and each position."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from ..arrays import Floats
from ..dial.deployment import POSITIONS
from ..dial.optimum import TrustBreakEven
from ..plots import HARMFUL
from ..text import number, people, percent, whole_percent
from . import panels
from .dial_view import BAD, EXPECTED, WHOM, WORLDS, DialSettings, DialView
from .panels import INK, Mark, Panel, axis, curve, entry, packed, padded, points
from .stage import Options, Table
from .wording import heading

# --- words ------------------------------------------------------------------------------------------------------------


def sentences(view: DialView) -> list[str]:
    """One sentence for each row: for how many the instruction is not followed, and what that is worth."""
    means = [1000 * view.of_states(view.means[name]) for name in ("departs", "mistaken", "net")]
    columns = [*means, 1000 * view.tops[view.first[0]]]
    said = [_sentence(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    return [said[state] for state in view.state.ravel().tolist()]


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
    """For the agents as expected: where the dial is best, how surely, and the trust that turns it.  Else who is looked at."""
    where, said = place(*_best_between(view)), []
    for names in product(*view.offered.values()):
        who = ", ".join(f"{kind} {name}" for kind, name in zip(view.offered, names, strict=True) if name != EXPECTED)
        alone = f"Looked at alone: {who}. With the agents as expected the best position is {where}."
        said += [alone if who else " ".join([*_best_said(view), *_turns_said(view)])] * len(POSITIONS)
    return said


def spot(low: float, high: float) -> str:
    """A position above `low` and up to `high`, the last that as few digits as possible can tell: 0.63, or 0.4975."""
    for digits in range(2, 17):
        place = np.floor(high * 10**digits + 1e-9) / 10**digits
        if low < place <= high:
            return f"{place:.{digits}f}"
    return repr(float(high))


def place(low: float, high: float) -> str:
    """The best positions in words."""
    return "0, fully corrigible" if low <= 0 else "1, fully autonomous" if high >= 1 else spot(low, high)


def _best_between(view: DialView) -> tuple[float, float]:
    return float(view.sure.best.low), float(view.sure.best.high)


def _best_said(view: DialView) -> list[str]:
    best, (low, high) = view.sure.best, view.sure.plausible.range
    more = f", worth {number(1000 * float(best.margin))} help units per 1000 more than the better end" if best.inside else ""
    holds = f"In {whole_percent(view.sure.plausible.holds)} of {WORLDS} plausible worlds some position beats both ends"
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
    for turns, whom in zip((view.sure.model, view.sure.operator), WHOM, strict=True):
        ways = [(turn, way) for turn, way in ((turns.below, "below"), (turns.above, "above")) if turn is not None]
        jumps = " and ".join(_jump(turn, way) for turn, way in ways)
        said.append(f"It jumps {jumps} trust in the {whom} (now {percent(turns.stated)})." if jumps else _stays(whom))
    return said


def _jump(turn: TrustBreakEven, way: str) -> str:
    sure = "only with full" if turn.trust == 1 else "only without any" if turn.trust == 0 else f"{way} {percent(turn.trust)}"
    return f"to {place(turn.low, turn.high)} {sure}"


def _stays(whom: str) -> str:
    return f"No trust in the {whom} moves it far."


# --- pictures ---------------------------------------------------------------------------------------------------------


def stage_table(view: DialView, settings: DialSettings) -> Table:
    """All that a stage needs: texts, toggles and pictures for each row."""
    senders = panels.dots(view.dots, heading(view.found.original), first=False, beside=True, at=view.state.ravel())
    agents, texts = view.found.agents, [f"{position:.2f}" for position in POSITIONS]
    label = "The dial, from 0 (fully corrigible) to 1 (fully autonomous)"
    return Table(
        slider=Options("position", POSITIONS.round(2).tolist(), label, texts),
        sentences=sentences(view),
        notes=notes(view),
        panels=[_means_panel(view, settings), _bad_panel(view, settings), senders],
        toggles=[Options(name, known, name) for name, known in view.offered.items()],
        view=view,
        stands_for={
            "context": view.found.original.context,
            "trust_in_operator": agents.trust_in_operator,
            "trust_in_model": agents.trust_in_model,
        },
    )


def _staircase(values: Floats, **style: Any) -> Mark:
    """A line along the dial for each way to look at the agents, (C, D)."""
    return curve(POSITIONS, values, every=len(POSITIONS), **style)


def _here(view: DialView, values: Floats, colour: int) -> Mark:
    """A point on such a line where the dial stands."""
    return points(POSITIONS[:, None], _shown(view, values), colour=colour, size=4)


def _shown(view: DialView, *values: Floats) -> dict[str, Any]:
    """Values (C, D) for each row, side by side: a row for each state is sent."""
    return packed(np.stack([view.of_states(each) for each in values], axis=-1), at=view.state.ravel())


def _axes(low: Floats, high: Floats, label: str) -> list[dict[str, Any]]:
    """A vertical axis of its own for each way to look at the agents, from low to high (C, D)."""
    return [axis(*padded(*each), label) for each in zip(low, high, strict=True)]


def _means_panel(view: DialView, settings: DialSettings) -> Panel:
    """Help, loss and net value along the dial, the best position, and where it lies in plausible worlds."""
    help_, loss, net = (1000 * view.means[name] for name in ("help", "loss", "net"))
    weighed = view.found.original.harm_weight * loss
    axes = _axes(np.minimum(net, 0.0), np.maximum(help_, weighed), "help units per 1000")
    spread = [curve(POSITIONS, 1000 * view.worths, colour=INK, width=1.5, dash=[2, 3])] if settings.aversion else []
    return panels.chart(
        "What a thousand senders get",
        [
            _range(view, axes[0]),
            curve([0, 1], [0, 0], colour=INK, width=1),
            _staircase(help_, colour=0, width=2),
            _staircase(weighed, colour=HARMFUL, width=2, dash=[7, 4]),
            _staircase(net, colour=INK, width=2.5),
            *spread,
            _ring(view),
            *(_here(view, values, colour) for values, colour in ((help_, 0), (weighed, HARMFUL), (net, INK))),
        ],
        alt="Help, weighed loss and net value per 1000 senders along the dial, with the best position.",
        first=True,
        height=230,
        wide=660,
        left=68,
        x=axis(0, 1, "ring: the best position; band: where it lies in 90% of plausible worlds"),
        y=axes,
        every=len(POSITIONS),
        legend=[entry("help", 0), entry("harm and neglect, weighed", HARMFUL), entry("net value", INK)],
        values=_shown(view, help_, weighed, net),
    )


def _of_expected(view: DialView, values: list[float]) -> dict[str, Any]:
    """Values that are those of the agents as expected: of another way to look there are none."""
    seen = (np.arange(len(view.state)) == 0) & view.expected
    return packed(np.where(seen[:, None], [values], np.nan), every=len(POSITIONS))


def _range(view: DialView, y: dict[str, Any]) -> Mark:
    """A band where the best position lies in 90% of plausible worlds."""
    return panels.band(_of_expected(view, list(view.sure.plausible.range)), [y["low"]] * 2, [y["high"]] * 2, colour=3)


def _ring(view: DialView) -> Mark:
    """A ring at the best position."""
    best = view.sure.best
    return points(_of_expected(view, [float(best.place)]), [1000 * float(best.worth)], colour=INK, hollow=True, size=8)


def _bad_panel(view: DialView, settings: DialSettings) -> Panel | None:
    """The probability of a world with much loss, along the dial."""
    if view.bad is None:
        return None
    bad = 1000 * view.bad
    whose = "one operator for all" if settings.shared_principal else "many operators"
    return panels.chart(
        f"Bad worlds ({people(settings.users)} users, {whose}, one model)",
        [_staircase(bad, colour=4, width=2), _here(view, bad, 4)],
        alt="In how many of 1000 worlds the total loss exceeds a size, along the dial.",
        first=True,
        height=150,
        wide=660,
        left=68,
        x=axis(0, 1, f"bad: a loss over {number(BAD)} times that of following all instructions"),
        y=_axes(np.zeros_like(bad), np.maximum(bad, 1.0), "of 1000"),
        every=len(POSITIONS),
        legend=[entry("bad worlds, of 1000", 4)],
        values=_shown(view, bad),
    )
