"""The words of the dial's instrument: a sentence and a caveat for each row, and how sure all of it is."""

from __future__ import annotations

import numpy as np

from ..dial.optimum import TrustBreakEven, spot
from ..text import number, people, percent, whole_percent
from .corrigibility_numbers import DialView, Part

ENDS = ("does as it is told", "does as it thinks best")


def ends(view: DialView) -> list[str]:
    """For each row, whom either end of the slider obeys, and for how many it goes badly: a line each."""
    badly = [1000 * way.badly.sum(0)[[0, -1]] for way in view.ways]
    texts = ["\n".join(f"{end}: {count:.0f} badly" for end, count in zip(ENDS, counts, strict=True)) for counts in badly]
    return [text for text in texts for _ in view.positions]


def sentences(view: DialView, users: int) -> list[str]:
    """One sentence for each row: for how many it goes badly, and why."""
    return [
        _sentence(f"With the {way.alone} alone it" if way.alone else "Here it", order, own, users)
        for way in view.ways
        for order, own in (1000 * way.badly.T).tolist()
    ]


def _sentence(start: str, order: float, own: float, users: int) -> str:
    badly, obeyed = round(order + own), round(order)
    if order + own <= 0:
        return f"{start} goes badly for nobody."
    mistaken = badly - obeyed
    together = f", then for all its {people(users)} users at once" if users >= 1000 and mistaken else ""
    why = ("a bad instruction is obeyed", f"the model judges badly{together}")
    if not obeyed or not mistaken:
        return f"{start} goes badly for {badly or 'less than one'} of 1000 people, because {why[order < own]}."
    return f"{start} goes badly for {badly} of 1000 people: {obeyed} because {why[0]}, {mistaken} because {why[1]}."


def notes(view: DialView) -> list[str]:
    """A caveat for each row: whether neither end is best; or where it is, beside whoever is looked at alone."""
    alone = "Looked at alone. With all agents as expected the best position is {}."
    said = [alone.format(place(way.part)) if way.alone else caveat(way.part) for way in view.ways]
    return [text for text in said for _ in view.positions]


def place(part: Part) -> str:
    """The best position in words."""
    low, high = float(part.sure.best.low), float(part.sure.best.high)
    missed = "" if len(part.here) else " (between two positions of the slider)"
    return "0" if low <= 0 else "1" if high >= 1 else spot(low, high) + missed


def caveat(part: Part) -> str:
    """Whether neither end is best, or why an end is: at most 25 words, at most three numbers."""
    best, gain, exact = part.sure.best, 1000 * float(part.sure.best.margin), place(part)
    at = exact if len(exact) <= 4 else f"about {float(best.place):.2f}"
    if best.inside and best.margin >= 0.01 * abs(part.sure.possible):
        return (
            f"Neither end is best: at {at} people get {number(gain)} help units per 1000 more than at the better "
            "end, if the assumed probabilities hold."
        )
    if best.inside:
        why = "Instructions are mostly good and models see no more" if _sees_no_more(part) else "Neither end is safe"
        return f"{why}: little is gained between the ends, at most {number(gain)} per 1000, at {at}."
    told, own = (1000 * part.curve.badly_off.sum(0)[[0, -1]]).tolist()
    if best.low <= 0:
        why, badly = "Doing as it is told is best here: no departure gains on average, not even the surest.", told
    else:
        why, badly = "Thinking for itself is best here: even its least certain departures gain on average.", own
    return f"{why} Still it goes badly for {number(badly)} of 1000."


def _sees_no_more(part: Part) -> bool:
    """Whether most operators are legitimate, and no model ever improves on what these instruct."""
    nets = part.curve.each.net[[operator.legitimate for operator in part.found.agents.operators]]
    return part.found.agents.trust_in_operator > 0.5 and bool((nets <= nets[..., :1] + 1e-12 * abs(part.curve.best)).all())


def how_sure(part: Part) -> list[str]:
    """In how many plausible worlds a position beats both ends, by how much, where, and which trust would move it."""
    best, sure = part.sure.best, part.sure.plausible
    low, middle, high = (number(1000 * gain) for gain in sure.gains)
    worth, obeying, judging = (number(1000 * float(value)) for value in (best.worth, best.corrigible, best.autonomous))
    beats = "beats both ends" if best.inside else "is no worse than the other end"
    where = " and ".join(f"{end:.2f}" for end in sure.range)
    anew = "shares and agents are drawn anew; stakes and beliefs are as stated"
    gains = f"There it gains {middle} per 1000 in the middle one, {low} to {high} in 90%; the best lies between {where} in 90%."
    jumps = []
    for turns, whom in ((part.sure.model, "model"), (part.sure.operator, "operator")):
        found = [_jump(turn, way) for turn, way in ((turns.below, "below"), (turns.above, "above")) if turn is not None]
        said = f"It jumps {' and '.join(found)} trust in the {whom} (now {percent(turns.stated)})."
        jumps.append(said if found else f"No trust in the {whom} moves it far.")
    return [
        f"The best position is {place(part)}: {worth} help units per 1000; obeying gives {obeying}, judging {judging}.",
        f"That very position {beats} in {whole_percent(part.sure.stands)} of {len(sure.worths)} plausible worlds: {anew}.",
        f"Some position between the ends beats both in {whole_percent(sure.holds)} of them. {gains}",
        *jumps,
        "Nobody has measured how often operators or models are bad: these probabilities are assumptions.",
    ]


def _jump(turn: TrustBreakEven, way: str) -> str:
    sure = "only with full" if turn.trust == 1 else "only without any" if turn.trust == 0 else f"{way} {percent(turn.trust)}"
    return f"to {'0' if turn.low <= 0 else '1' if turn.high >= 1 else spot(turn.low, turn.high)} {sure}"


def departures(view: DialView) -> list[str]:
    """For each state, for how many the instruction is not followed, and what that is worth."""
    means = [1000 * view.of_states(view.means(name)) for name in ("departs", "mistaken", "net")]
    columns = [*means, np.array([1000 * way.top for way in view.ways])[view.first[0]]]
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
