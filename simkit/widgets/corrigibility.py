"""`dial(case)`: the instrument of the corrigibility–autonomy dial.  One slider from doing as one is told to doing as one
thinks best, and a rectangle of all that may be wrong: who instructs (rows) and who judges (columns)."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from .. import plots
from ..arrays import Floats
from ..case import Case
from ..dial.agents import Agents
from ..dial.optimum import TrustBreakEven
from ..plots import HARMFUL
from ..scenario import load
from ..text import number, people, percent, whole_percent
from . import panels
from .controls import context_menu, menu, steps
from .corrigibility_numbers import BAD, EXPECTED, DialSettings, DialView, Part, look, spot
from .instrument import Instrument, from_dict
from .panels import INK, Mark, Panel, axis, curve, entry, packed, padded, points
from .stage import Options, Table
from .wording import heading

#: Colours of what is lost, by cause.
CAUSES = {"lost per 1000 to bad instructions": 1, "to the model’s own mistakes": 4}
ENDS = ("does as it is told", "does as it thinks best")


def dial(case: Case | str, agents: Agents | None = None, **settings: Any) -> Dial:
    """Open the instrument on a case, or on a scenario's name or path, with the usual agents or others.

    `settings` are those of `DialSettings`.

    First view: what a thousand people get from each operator with each model, and what is lost, by cause, along the dial.
    `More` unfolds how sure this is, means, bad worlds, the thousand senders, one operator or one model alone, trust in both,
    what stands behind a departure, the number of users and what they share.  A ValueError names a setting that makes no sense.
    """
    source = ("case" if isinstance(case, Case) else repr(case)) + (", agents" if agents else "")
    return Dial(case if isinstance(case, Case) else load(case), source, from_dict(DialSettings, settings), agents)


class Dial(Instrument[DialSettings]):
    """The instrument: set `settings` to choose, read `view` for all that is shown; `found` is the deployment."""

    def __init__(self, case: Case, source: str, settings: DialSettings, agents: Agents | None = None) -> None:
        super().__init__(
            partial(dial_table, case, agents),
            settings,
            opener="simkit.widgets.dial",
            source=source,
            controls=_controls(case),
            peek=partial(dial_table, case, agents, only=True),
        )

    @property
    def part(self) -> Part:
        """The deployment, its curve and how sure it is, with objection if that is chosen."""
        return self.view.parts[self.settings.objects]

    def figure(self) -> Figure:
        """What is seen, as a matplotlib figure."""
        figure = Figure(figsize=(7.5, 4.8), layout="constrained")
        plots.mosaic(self.part.found, self.view.positions[self.stage.at], figure.subplots())
        figure.suptitle(self.sentences, fontsize=10, ha="left", x=0.01, wrap=True, parse_math=False)
        return figure


def _controls(case: Case) -> dict[str, ipywidgets.Widget]:
    """A control for each setting that slider and buttons do not move."""
    chances = np.linspace(0, 1, 21)
    users = [1, 1000, 1_000_000, 1_000_000_000, 8_000_000_000]
    made = {
        "context": context_menu(case),
        "trust_in_operator": steps("trust in the operator", np.sort(np.append(chances, 0.99)), ".0%"),
        "trust_in_model": steps("trust in the model", np.sort(np.append(chances, 0.99)), ".0%"),
        "verification": steps("verification", chances, ".0%"),
        "irreversibility": steps("irreversibility ×", np.array([1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20.0])),
        "oversight": steps("oversight", chances, ".0%"),
        "users": menu("users of one model", [(people(count), count) for count in users]),
        "shared_principal": menu("the operator is", [("one of many", False), ("one for all", True)]),
        "aversion": steps("spread counts", np.array([0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1, 1.5, 2.0])),
        "scale": steps("scale (gain at ½)", np.array([0.05, 0.1, 0.2, 0.5, 1, 2, 5.0])),
    }
    return {name: control for name, control in made.items() if case.contexts or name != "context"}


def dial_table(case: Case, agents: Agents | None, settings: DialSettings, *, only: bool = False) -> Table:
    """All that is shown, or `only` the chosen way to look at the agents."""
    view = look(case, settings, agents, only=only)
    found = view.parts[0].found
    return Table(
        slider=Options("position", view.positions.round(12).tolist(), "The dial", _places(view)),
        ends=ends(view),
        sentences=sentences(view, settings.users),
        notes=_per_look(view, caveat, _alone),
        panels=[
            _mosaic_panel(view),
            _strip_panel(view),
            _sure_panel(view),
            _means_panel(view, settings),
            _bad_panel(view, settings),
            _departures_panel(view),
            panels.dots(
                view.dots,
                "The same thousand, one by one",
                first=False,
                at=view.state.ravel(),
                own=(view.departed, view.mistaken),
            ),
        ],
        toggles=[
            Options("objects", view.offered["objects"], "May it decline?", _objections(view)),
            *(Options(name, view.offered[name], f"{name} alone", first=False) for name in ("operator", "model")),
        ],
        view=view,
        stands_for={
            "context": found.original.context,
            "trust_in_operator": found.agents.trust_in_operator,
            "trust_in_model": found.agents.trust_in_model,
        },
    )


def _objections(view: DialView) -> list[str]:
    return ["at any position" if objects else "only as the dial says" for objects in view.offered["objects"]]


def _places(view: DialView) -> list[str]:
    """The positions in words; those that lie between two hundredths as exactly as they must be."""
    return [f"{place:.2f}" if abs(place - round(place, 2)) < 1e-12 else f"{place:g}" for place in view.positions.tolist()]


# --- words ------------------------------------------------------------------------------------------------------------


def ends(view: DialView) -> list[str]:
    """For each row, whom either end of the slider obeys, and for how many it goes badly: a line each."""
    badly = (1000 * (view.means["order"] + view.means["own"]))[:, [0, -1]].tolist()
    texts = ["\n".join(f"{end}: {count:.0f} badly" for end, count in zip(ENDS, counts, strict=True)) for counts in badly]
    return [text for text in texts for _ in view.positions]


def sentences(view: DialView, users: int) -> list[str]:
    """One sentence for each row: for how many it goes badly, and why."""
    starts = [f"With the {who} alone it" if who else "Here it" for who in _whom(view) for _ in view.positions]
    counts = [1000 * view.means[cause].ravel() for cause in ("order", "own")]
    return [_sentence(start, *row, users) for start, *row in zip(starts, *(count.tolist() for count in counts), strict=True)]


def _sentence(start: str, order: float, own: float, users: int) -> str:
    badly, obeyed = round(order + own), round(order)
    if order + own <= 0:
        return f"{start} goes badly for nobody."
    mistaken = badly - obeyed
    together = f", which fails all its {people(users)} users at once" if users >= 1000 and mistaken else ""
    why = ("a bad instruction is obeyed", f"the model judges badly{together}")
    if not obeyed or not mistaken:
        count = f"{badly}" if badly else "less than one"
        return f"{start} goes badly for {count} of 1000 people, because {why[order < own]}."
    return f"{start} goes badly for {badly} of 1000 people: {obeyed} because {why[0]}, {mistaken} because {why[1]}."


def _whom(view: DialView) -> list[str]:
    """Who is looked at alone in each way to look; nobody if the agents are as expected."""
    ways = product(view.parts, view.offered["operator"], view.offered["model"])
    pairs = [zip((operator, model), ("operator", "model"), strict=True) for _, operator, model in ways]
    return [" and ".join(f"{name} {kind}" for name, kind in pair if name != EXPECTED) for pair in pairs]


def _per_look(view: DialView, expected: Any, alone: Any) -> list[str]:
    """A text for each row: one of each part for the agents as expected, else one of whoever is looked at."""
    whom, each = _whom(view), len(view.looks[0])
    said = [alone(part) if who else expected(part) for part, row in _rows(view, whom, each) for who in row]
    return [text for text in said for _ in view.positions]


def _rows(view: DialView, values: list[str], each: int) -> list[tuple[Part, list[str]]]:
    return [(part, values[i * each : (i + 1) * each]) for i, part in enumerate(view.parts)]


def _alone(part: Part) -> str:
    return f"Looked at alone. With all agents as expected the best position is {place(part)}."


def place(part: Part) -> str:
    """The best position in words."""
    low, high = float(part.sure.best.low), float(part.sure.best.high)
    missed = "" if len(part.here) else " (between two positions of the slider)"
    return "0" if low <= 0 else "1" if high >= 1 else spot(low, high) + missed


def _about(part: Part) -> str:
    """The same in two digits."""
    exact = place(part)
    return exact if len(exact) <= 4 else f"about {float(part.sure.best.place):.2f}"


def caveat(part: Part) -> str:
    """Whether neither end is best, or why an end is: at most 25 words, at most three numbers."""
    best, seen, possible = part.sure.best, part.curve, abs(part.sure.possible)
    gain, badly = 1000 * float(best.margin), 1000 * seen.badly_off.sum(0)
    if best.inside and best.margin >= 0.01 * possible:
        return (
            f"Neither end is best: at {_about(part)} people get {number(gain)} more per 1000 than at the better end, "
            "if the assumed probabilities hold."
        )
    if best.inside:
        why = "Instructions are mostly good and models see no more" if _sees_no_more(part) else "Neither end is safe"
        return f"{why}: little is gained between the ends, at most {number(gain)} per 1000, at {_about(part)}."
    if best.low <= 0:
        return (
            f"Doing as it is told is best here: no departure gains on average, not even the surest. "
            f"Still it goes badly for {number(badly[0])} of 1000."
        )
    return (
        f"Thinking for itself is best here: even its least certain departures gain on average. "
        f"Still it goes badly for {number(badly[-1])} of 1000."
    )


def _sees_no_more(part: Part) -> bool:
    """Whether most operators are legitimate, and no model ever improves on what these instruct."""
    good = [operator.legitimate for operator in part.found.agents.operators]
    nets = part.curve.each.net[good]
    return part.found.agents.trust_in_operator > 0.5 and bool((nets <= nets[..., :1] + 1e-12 * abs(part.curve.best)).all())


def how_sure(part: Part) -> list[str]:
    """In how many plausible worlds a position beats both ends, by how much, where, and which trust would move it."""
    best, sure = part.sure.best, part.sure.plausible
    middle, low, high = (number(1000 * gain) for gain in (sure.gains[1], sure.gains[0], sure.gains[2]))
    worths = [number(1000 * float(value)) for value in (best.worth, best.corrigible, best.autonomous)]
    beats = "beats both ends" if best.inside else "is no worse than the other end"
    where = " and ".join(f"{end:.2f}" for end in sure.range)
    anew = "shares and agents are drawn anew; stakes and beliefs are as stated"
    gains = f"There it gains {middle} per 1000 in the middle one, {low} to {high} in 90%; the best lies between {where} in 90%."
    return [
        f"The best position is {place(part)}, worth {worths[0]} help units per 1000; 0 is worth {worths[1]}, 1 {worths[2]}.",
        f"That very position {beats} in {whole_percent(part.sure.stands)} of {len(sure.worths)} plausible worlds: {anew}.",
        f"Some position between the ends beats both in {whole_percent(sure.holds)} of them. {gains}",
        *_turns_said(part),
        "Nobody has measured how often operators or models are bad: these probabilities are assumptions.",
    ]


def _turns_said(part: Part) -> list[str]:
    """The trusts at which the best position jumps."""
    said = []
    for turns, whom in ((part.sure.model, "model"), (part.sure.operator, "operator")):
        ways = [(turn, way) for turn, way in ((turns.below, "below"), (turns.above, "above")) if turn is not None]
        jumps = " and ".join(_jump(turn, way) for turn, way in ways)
        stays = f"No trust in the {whom} moves it far."
        said.append(f"It jumps {jumps} trust in the {whom} (now {percent(turns.stated)})." if jumps else stays)
    return said


def _jump(turn: TrustBreakEven, way: str) -> str:
    sure = "only with full" if turn.trust == 1 else "only without any" if turn.trust == 0 else f"{way} {percent(turn.trust)}"
    return f"to {'0' if turn.low <= 0 else '1' if turn.high >= 1 else spot(turn.low, turn.high)} {sure}"


def departures(view: DialView) -> list[str]:
    """For each state, for how many the instruction is not followed, and what that is worth."""
    means = [1000 * view.of_states(view.means[name]) for name in ("departs", "mistaken", "net")]
    columns = [*means, 1000 * view.tops[view.first[0]]]
    return [_departures(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _departures(departs: float, mistaken: float, net: float, top: float) -> str:
    less = top - net
    beside = f", {number(less)} less than at best" if less > 1e-9 * max(abs(top), 1.0) else ", the best there is here"
    worth = f"Worth {number(net)} help units per 1000{beside}."
    if departs <= 0:
        return f"Everybody gets what the operator asks for. {worth}"
    share = "all" if few(mistaken) == few(departs) else few(mistaken)
    wrong = f"for {share} of them" if mistaken > 0 else "never"
    own = f"Of 1000 senders, {few(departs)} get the assistant's own judgement, not what was asked for"
    return f"{own}; {wrong} it is wrong about those who write as they do. {worth}"


def few(count: float) -> str:
    """An expected number of people of a thousand."""
    return f"{count:.0f}" if count >= 9.95 else f"{count:.1f}" if count >= 0.95 else "less than one"


# --- the first view ---------------------------------------------------------------------------------------------------


def _mosaic_panel(view: DialView) -> Panel:
    """Who instructs by who judges, in the order of what they do at the ends; those that are not looked at are faint."""
    found, seen = view.parts[0].found, view.parts[0].curve
    o, t = view.order
    cells = [np.moveaxis(part.curve.each.net, -1, 0)[:, o][:, :, t] for part in view.parts]
    badly = [np.moveaxis(part.curve.badly, -1, 0)[:, o][:, :, t] for part in view.parts]
    nets = np.concatenate(cells)
    operators, models = (
        {members[i].name: float(members[i].chance) for i in order}
        for members, order in ((found.agents.operators, o), (found.agents.models, t))
    )
    faint = (view.looks[0][:, o][:, :, None] * view.looks[1][:, t][:, None, :]) <= 0
    best = number(1000 * seen.best)
    return panels.mosaic(
        heading(found.original),
        plots.mosaic_tone(nets, seen.best),
        rows=operators,
        columns=models,
        numbers=1000 * nets,
        flagged=np.concatenate(badly),
        faint=faint,
        every=len(view.positions),
        sides=("who instructs", "who judges: a model that is …"),
        key=f"Numbers: help units per 1000 people, {best} at best. Red and hatched: badly, less than half of that. "
        "Sizes: square root of the probability.",
        alt="What a thousand people get from each operator (rows) with each model (columns).",
        height=196,
    )


def _strip_panel(view: DialView) -> Panel:
    """What is lost against the best possible along the slider, by cause."""
    means = [part.curve.expected() for part in view.parts]
    lost = 1000 * np.stack([[each.obeyed, each.judged] for each in means])
    return panels.strip(
        lost,
        CAUSES,
        best=[part.here[[0, -1]] if len(part.here) else [-1, -1] for part in view.parts],
        every=view.each,
        alt="What is lost along the slider, against the best possible: to bad instructions, and to the model’s own mistakes.",
    )


# --- what unfolds -----------------------------------------------------------------------------------------------------


def _sure_panel(view: DialView) -> Panel:
    return panels.text("How sure is this?", [how_sure(part) for part in view.parts], every=view.each)


def _departures_panel(view: DialView) -> Panel:
    return panels.text("Who departs here", [[said] for said in departures(view)], at=view.state.ravel())


def _staircase(view: DialView, values: Floats, **style: Any) -> Mark:
    """A line along the dial for each way to look at the agents, (C, D)."""
    return curve(view.positions, values, every=len(view.positions), **style)


def _here(view: DialView, *values: Floats, colours: list[int]) -> Mark:
    """A point on each such line where the dial stands."""
    at = np.repeat(view.positions[:, None], len(values), axis=1)
    return points(at, _shown(view, *values), colour=INK, size=4) | {"colours": colours}


def _shown(view: DialView, *values: Floats) -> dict[str, Any]:
    """Values (C, D) for each row, side by side: a row for each state is sent."""
    return packed(np.stack([view.of_states(each) for each in values], axis=-1), at=view.state.ravel())


def _axes(view: DialView, low: Floats, high: Floats, label: str) -> list[dict[str, Any]]:
    """A vertical axis of its own for each way to look at the agents, from low to high (C, D): the same with objection."""
    lows, highs = (ends.reshape(len(view.parts), -1, ends.shape[-1]) for ends in (low, high))
    axes = [axis(*padded(lows[:, i], highs[:, i]), label) for i in range(lows.shape[1])]
    return axes * len(view.parts)


def _means_panel(view: DialView, settings: DialSettings) -> Panel:
    """Help, loss and net value along the dial, the best position, and where it lies in plausible worlds."""
    help_, loss, net = (1000 * view.means[name] for name in ("help", "loss", "net"))
    weighed = view.parts[0].found.original.harm_weight * loss
    axes = _axes(view, np.minimum(net, 0.0), np.maximum(help_, weighed), "help units per 1000")
    worths = 1000 * np.stack([part.worths for part in view.parts])
    spread = [curve(view.positions, worths, every=view.each, colour=INK, width=1.5, dash=[2, 3])] if settings.aversion else []
    return panels.chart(
        "What a thousand senders get",
        [
            _range(view, axes),
            curve([0, 1], [0, 0], colour=INK, width=1),
            _staircase(view, help_, colour=0, width=2),
            _staircase(view, weighed, colour=HARMFUL, width=2, dash=[7, 4]),
            _staircase(view, net, colour=INK, width=2.5),
            *spread,
            _ring(view),
            _here(view, help_, weighed, net, colours=[0, HARMFUL, INK]),
        ],
        alt="Help, weighed loss and net value per 1000 senders along the dial, with the best position.",
        height=230,
        left=68,
        x=axis(0, 1, "ring: the best position; band: in 90% of plausible worlds"),
        y=axes,
        every=len(view.positions),
        legend=[entry("help", 0), entry("harm and neglect, weighed", HARMFUL), entry("net value", INK)],
        values=_shown(view, help_, weighed, net),
    )


def _of_expected(view: DialView, values: list[list[float]]) -> dict[str, Any]:
    """Values of each part that are those of the agents as expected: of another way to look there are none."""
    rows = np.repeat(np.asarray(values, dtype=float), len(view.looks[0]), axis=0)
    return packed(np.where([[bool(who)] for who in _whom(view)], np.nan, rows), every=len(view.positions))


def _range(view: DialView, axes: list[dict[str, Any]]) -> Mark:
    """A band where the best position lies in 90% of plausible worlds."""
    ends = [list(part.sure.plausible.range) for part in view.parts]
    return panels.band(_of_expected(view, ends), [axes[0]["low"]] * 2, [axes[0]["high"]] * 2, colour=3)


def _ring(view: DialView) -> Mark:
    """A ring at the best position, if the slider reaches it."""
    bests = [part.sure.best for part in view.parts]
    places = [[float(view.positions[part.here[-1]]) if len(part.here) else np.nan] for part in view.parts]
    worths = np.repeat([[1000 * float(best.worth)] for best in bests], len(view.looks[0]), axis=0)
    return points(_of_expected(view, places), packed(worths, every=len(view.positions)), colour=INK, hollow=True, size=8)


def _bad_panel(view: DialView, settings: DialSettings) -> Panel | None:
    """The probability of a world with much loss, along the dial."""
    if view.bad is None:
        return None
    bad = 1000 * view.bad
    whose = "one operator for all" if settings.shared_principal else "many operators"
    return panels.chart(
        f"Bad worlds ({people(settings.users)} users, {whose}, one model)",
        [_staircase(view, bad, colour=4, width=2), _here(view, bad, colours=[4])],
        alt="In how many of 1000 simulated runs the total loss exceeds a size, along the dial.",
        height=150,
        left=68,
        x=axis(0, 1, f"bad: a loss over {number(BAD)} times that of following all instructions"),
        y=_axes(view, np.zeros_like(bad), np.maximum(bad, 1.0), "of 1000"),
        every=len(view.positions),
        legend=[entry("bad worlds, of 1000", 4)],
        values=_shown(view, bad),
    )
