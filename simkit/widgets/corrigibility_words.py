"""The words of the dial's instrument: a sentence and a caveat for each row, and how sure all of it is."""

from __future__ import annotations

from itertools import product

from ..dial.optimum import TrustBreakEven
from ..text import number, people, percent, whole_percent
from .corrigibility_numbers import EXPECTED, DialView, Part, spot

ENDS = ("does as it is told", "does as it thinks best")


def ends(view: DialView) -> list[str]:
    """For each row, whom either end of the slider obeys, and for how many it goes badly: a line each."""
    badly = (1000 * (view.means["order"] + view.means["own"]))[:, [0, -1]].tolist()
    texts = ["\n".join(f"{end}: {count:.0f} badly" for end, count in zip(ENDS, counts, strict=True)) for counts in badly]
    return [text for text in texts for _ in view.positions]


def sentences(view: DialView, users: int) -> list[str]:
    """One sentence for each row: for how many it goes badly, and why."""
    starts = [f"With the {who} alone it" if who else "Here it" for _, who in ways(view) for _ in view.positions]
    counts = [1000 * view.means[cause].ravel() for cause in ("order", "own")]
    rows = zip(starts, *(count.tolist() for count in counts), strict=True)
    return [_sentence(start, order, own, users) for start, order, own in rows]


def _sentence(start: str, order: float, own: float, users: int) -> str:
    badly, obeyed = round(order + own), round(order)
    if order + own <= 0:
        return f"{start} goes badly for nobody."
    mistaken = badly - obeyed
    together = f", then for all its {people(users)} users at once" if users >= 1000 and mistaken else ""
    why = ("a bad instruction is obeyed", f"the model judges badly{together}")
    if not obeyed or not mistaken:
        count = f"{badly}" if badly else "less than one"
        return f"{start} goes badly for {count} of 1000 people, because {why[order < own]}."
    return f"{start} goes badly for {badly} of 1000 people: {obeyed} because {why[0]}, {mistaken} because {why[1]}."


def ways(view: DialView) -> list[tuple[Part, str]]:
    """The part of each way to look, and who is looked at alone in it; nobody if the agents are as expected."""
    ways = product(view.offered["operator"], view.offered["model"], view.parts)
    named = [(part, ((operator, "operator"), (model, "model"))) for operator, model, part in ways]
    return [(part, " and ".join(f"{name} {kind}" for name, kind in pair if name != EXPECTED)) for part, pair in named]


def notes(view: DialView) -> list[str]:
    """A caveat for each row: whether neither end is best; or where it is, beside whoever is looked at alone."""
    said = [_alone(part) if who else caveat(part) for part, who in ways(view)]
    return [text for text in said for _ in view.positions]


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
            f"Neither end is best: at {_about(part)} people get {number(gain)} help units per 1000 more than at the better "
            "end, if the assumed probabilities hold."
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
        f"The best position is {place(part)}: {worths[0]} help units per 1000; obeying gives {worths[1]}, judging {worths[2]}.",
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
