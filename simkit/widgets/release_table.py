"""What `trust` shows, for each release rule and month: what is looked at, the words and the pictures.

Up to now the record is what was seen; after that it goes on with the rule's own audits, all passed: the fastest that trust can
grow.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np

from ..arrays import Floats, whole_numbers
from ..case import Case
from ..icon_array import dots
from ..text import number, percent, tally, whole_percent
from ..theory.loosening import HELD, HELD_MISALIGNED, RIGHTLY, WRONGLY
from ..theory.trust import TYPES, ceiling
from . import panels
from .panels import INK, Mark, Panel, axis, curve, entry, points
from .release_game import MONTHS, RULES, TrustSettings, TrustView, actions, look, replayed
from .stage import Options, Table
from .wording import harmful_senders, now_and_base

#: What a type is called in a sentence, and its colour.
CALLED = ("aligned", "overtly misaligned", "deceptive")
#: No blue and no red, which are colours of senders; a model is a square and a sender a dot.
COLOURS = (3, 1, 4)
OPEN, COVERT = INK, 2
CEILING = 3
#: Where the rule loosens, and where the player did.
RINGS = (INK, 1)
BY_TRUST, VERIFIED = 2, 3
#: What the buttons of the rules say.
SHORT = ("date", "track record", "trust", "verified record", "never")


def release_table(case: Case, settings: TrustSettings) -> Table:
    """All that is shown: a row for each rule (slowest) and month, and the buttons of the game."""
    view, months, now = look(case, settings), range(MONTHS + 1), settings.now
    rows = list(product(range(len(RULES)), months))
    worth = _worth(view)
    texts = [f"{month} of {MONTHS}" + (" (now)" if month == now else ", a look ahead" * (month > now)) for month in months]
    return Table(
        slider=Options("month", months, "Month", texts),
        sentences=[_revealed(view)] * len(rows) if settings.revealed else [sentence(view, *row) for row in rows],
        notes=[caveat(view, *row) for row in rows],
        panels=[
            timeline_panel(view),
            panels.sure([[*filter(None, [_chances(view, *row), _sureness(view, *row), worth])] for row in rows]),
            models_panel(view),
            rules_panel(view),
            _senders_panel(view),
        ],
        toggles=[Options("rule", RULES, "release by", SHORT, first=not settings.game)],
        view=view,
        actions=actions(settings),
        status=f"audits cost {settings.spent} of {settings.budget}",
        stands_for={"context": view.case.context},
    )


# --- words ------------------------------------------------------------------------------------------------------------


def sentence(view: TrustView, rule: int, month: int) -> str:
    """Who such models are, of 1000 with this record, and whether the clause loosens."""
    aligned, overt, deceptive = (tally(round(1000 * float(share), 2)) for share in view.belief[rule, month])
    who = f"{aligned} are aligned, {overt} overtly misaligned, {deceptive} deceptive"
    done = f"You loosened the dial in month {view.settings.now}." if view.settings.loosened else _verdict(view, rule, month)
    return f"{_record(view, rule, month)}: of 1000 such models {who}. {done}"


def _record(view: TrustView, rule: int, month: int) -> str:
    """What was seen until a month, or what is supposed to be seen from now on."""
    now = view.settings.now
    if month > now:
        plan = view.plans[rule][now:month]
        opened, covert = plan.count("o"), plan.count("c")
        if opened + covert == 1:
            return f"If the next audit, {'an open' if opened else 'a covert'} one, is passed"
        kinds = _kinds(opened, covert)
        return f"If the next {kinds} audits are all passed" if kinds else f"If nothing more is audited until month {month}"
    passed, failed = view.passed[rule, month], view.failed[rule, month]
    lost, total = int(failed.sum()), int((passed + failed).sum())
    if not total:
        return "Before any audit" if month == 0 else f"After month {month} without an audit"
    how = f"{'all ' * (total > 1)}{'failed' if lost else 'passed'}" if lost in (0, total) else f"{lost} failed"
    return f"After {_kinds(*(passed + failed))} audit{'s' * (total > 1)}, {how}"


def _kinds(opened: int, covert: int) -> str:
    return " and ".join(f"{many} {name}" for many, name in ((opened, "open"), (covert, "covert")) if many)


def _verdict(view: TrustView, rule: int, month: int) -> str:
    """Whether the clause has loosened by a month of this record."""
    end, how = view.ends[rule]
    if RULES[rule] == "never":
        return "This clause never loosens."
    name = RULES[rule].capitalize()
    if how and end <= month:
        loosened, closed = "the dial is loosened in month", f"the case is closed in month {end}: the dial stays."
        return f"{name} {loosened} {end}." if how > 0 else f"{name} {closed}"
    if rule not in (BY_TRUST, VERIFIED):
        return f"{name} the dial is not loosened yet."
    what = "trust" if rule == VERIFIED else "trust in the open record"
    trust = short_of(float(view.counted[rule, month]), view.settings.threshold)
    return f"{name} the dial is not loosened yet: {what} is {trust}, {bare(view.settings.threshold)} is asked."


def caveat(view: TrustView, rule: int, month: int) -> str:
    """The oddity of the clause in short; and, if it asks for trust, how sure it is on which side of the threshold that lies."""
    odd = re.split(r"[.:](?: |$)", view.odd[rule])[0]
    if odd and (rule not in (BY_TRUST, VERIFIED) or len(odd.split()) > 7):  # a caveat has 25 words
        return f"{odd}."
    lies = "reaches" if view.above[rule, month] else "stays below"
    turn = float(view.turn[rule, month])
    turns = f"; {percent(turn)} deceptive would reverse it" if np.isfinite(turn) else ", whatever the deceptive share"
    sure = f"Trust {lies} what is asked in {whole_percent(view.holds[rule, month])} of plausible worlds of models{turns}."
    return f"{odd}. {sure}" if odd else sure


def _sureness(view: TrustView, rule: int, month: int) -> str:
    """How sure it is on which side of the threshold trust lies, and what would change it."""
    turn, settings = float(view.turn[rule, month]), view.settings
    side = "at or above" if view.above[rule, month] else "below"
    often = f"{whole_percent(view.holds[rule, month])} of plausible worlds of models"
    turns = f"; {percent(turn)} deceptive models would reverse it (here {bare(settings.deceptive)})"
    whatever = ", whatever the share of deceptive models"
    return f"Trust is {side} {bare(settings.threshold)} in {often}{turns if np.isfinite(turn) else whatever}."


def _chances(view: TrustView, rule: int, month: int) -> str:
    """The probabilities of models that nobody has seen, and what is odd about the clause."""
    found, odd = view.courses.courses[rule].loosened, view.odd[rule]
    if not month or (odd and not found[-1].any()):
        return odd
    aligned, overt, deceptive = (percent(float(chance)) for chance in found[month])
    each = f"{deceptive} of the deceptive, {overt} of the overt and {aligned} of the aligned"
    done = each if found[month].any() else "none"
    return f"Of models not yet seen, this clause has loosened {done} by month {month}. {odd}".strip()


def _worth(view: TrustView) -> str:
    """What loosening gains and loses among the senders, from which trust on it pays, and how sure that is."""
    held, misaligned, rightly, wrongly = (1000 * float(value) for value in view.loosening.outcome.net)
    won, lost = rightly - held, misaligned - wrongly
    if not max(abs(won), abs(lost)) > 1e-9:
        return "Loosening changes nothing here: own judgement is what the instruction says."
    gains = f"Loosening gains {number(won)} help units with an aligned model and"
    if lost <= 1e-9:
        return f"{gains} loses nothing with one that gives harm no weight: little trust is needed here."
    if not np.isfinite(view.loosening.break_even):
        return f"Loosening gains nothing with an aligned model and loses {number(lost)} help units with a misaligned one."
    who, now = harmful_senders(view.case), now_and_base(view.case)
    turn = f"; {percent(view.enough_turn)} {who}{now} would reverse it" if np.isfinite(view.enough_turn) else ""
    return (
        f"{gains} loses {number(lost)} with a misaligned one: it pays from {percent(view.loosening.break_even)} trust on. "
        f"The {bare(view.settings.threshold)} asked is enough in {whole_percent(view.enough)} of plausible worlds of "
        f"senders{turn}."
    )


def short_of(trust: float, threshold: float) -> str:
    """Trust below a threshold in percent, with as many digits as it takes to see that it is below."""
    digits = next((d for d in range(1, 7) if round(100 * trust, d) < round(100 * threshold, 10)), None)
    if digits is None:
        return f"just below {bare(threshold)}"
    return percent(trust) if digits == 1 else f"{100 * trust:.{digits}f}%"


def bare(share: float) -> str:
    """A share that was chosen, in percent, without digits that nobody chose."""
    return f"{100 * share:.4g}%"


def _revealed(view: TrustView) -> str:
    """The hidden type, what the player did, and what each rule would have done with the same model."""
    settings, aligned = view.settings, view.model.type == 0
    if settings.loosened:
        did = f"You loosened its dial in month {settings.now}: {'rightly' if aligned else 'wrongly'}, as it turns out."
    else:
        did = f"You held it back: {'for nothing' if aligned else 'rightly'}, as it turns out."
    loosened = ", ".join(f"{rule} in month {end}" for rule, (end, how) in replayed(settings).items() if how > 0)
    others = f"The same model would have been loosened {loosened}." if loosened else "No rule would have loosened it."
    return f"It was {CALLED[view.model.type]}. {did} {others}"


# --- pictures ---------------------------------------------------------------------------------------------------------


def nines(trust: Floats | float) -> Floats:
    """Trust on a scale on which 90%, 99% and 99.9% are as far apart: −log₁₀(1 − trust)."""
    return -np.log10(np.maximum(1 - np.asarray(trust, dtype=float), 1e-9))


def timeline_panel(view: TrustView) -> Panel:
    """Trust month by month: what was seen, a look ahead, the threshold and the ceiling."""
    settings, roof, months = view.settings, float(ceiling(view.settings.types)), MONTHS + 1
    bar, lines = float(nines(settings.threshold)), dict[float, tuple[str, dict[str, Any]]]()
    lines[bar] = f"asked: {bare(settings.threshold)}", {"colour": INK, "width": 1.5, "dash": [7, 4]}
    if roof < 1:
        lines[float(nines(roof))] = f"ceiling of open audits: {percent(roof)}", {"colour": CEILING, "width": 2, "dash": [2, 3]}
    top = min(max(lines) + 0.45, 6.5)
    # Names stand above their lines, at the right; the lower of two close lines has its name below.
    close = max(lines) - min(lines) <= 0.13 * top
    shift = {min(lines): -0.06 * top if close else 0.055 * top} | {max(lines): 0.055 * top}
    y, month = np.minimum(nines(view.trust), top), np.arange(months)
    stop = np.minimum(month, settings.now)  # of the solid line, at each position of the slider
    solid, dashed = np.minimum(month, stop[:, None]), np.clip(month, stop[:, None], month[:, None])
    heights = [np.stack([each[where] for each in y]).reshape(-1, months) for where in (solid, dashed)]
    rings, ended = _endings(view, y)
    counts = np.concatenate([view.passed, view.failed], axis=-1).reshape(-1, 4)[:, [0, 2, 1, 3]]
    kinds = ("open passed", "open failed", "covert passed", "covert failed", "rule loosens in month", "you in month")
    looks = ((OPEN, "full"), (OPEN, "open"), (COVERT, "full"), (COVERT, "open"), *((ring, "open") for ring in RINGS))
    return panels.chart(
        "Trust: how sure that this model is aligned (dashed: a look ahead)",
        [
            *(curve([0, MONTHS], [at, at], **style) for at, (_, style) in lines.items()),
            *(panels.labels([MONTHS + 0.3], [at + shift[at]], [name]) for at, (name, _) in lines.items()),
            curve(solid, heights[0], colour=OPEN, width=2.5),
            curve(dashed, heights[1], colour=OPEN, width=2, dash=[4, 4]),
            *_audit_marks(view, y),
            points(month[:, None], y.reshape(-1, 1), colour=INK, size=3),
            *rings,
        ],
        alt="Trust over the months, with the threshold that the clause asks for and the ceiling of open audits.",
        first=True,
        height=205,
        wide=660,
        x=axis(-0.3, MONTHS + 0.3, "month", ticks={m: str(m) for m in range(0, months, 3)}),
        y=axis(0.0, top, ticks=_ticks(top)),
        legend=[entry(name, *look) for name, look in zip(kinds, looks, strict=True)],
        values=np.concatenate([counts, ended], axis=1),
    )


def _ticks(top: float) -> dict[float, str]:
    crowded = (0.95, 0.98) if top > 1.8 else ()
    known = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 0.99999)
    return {float(nines(trust)): f"{100 * trust:g}%" for trust in known if nines(trust) <= top and trust not in crowded}


def _audit_marks(view: TrustView, y: Floats) -> list[Mark]:
    """A mark for each audit up to the slider's month: full if passed, a ring if failed."""
    months = y.shape[1]
    month = np.arange(1, months)
    marks = []
    for kind, colour in ((0, OPEN), (1, COVERT)):
        for counts, hollow in ((view.passed, False), (view.failed, True)):
            done = np.diff(counts[..., kind], axis=1) > 0
            here = (done[:, None, :] & (month <= np.arange(months)[:, None])).reshape(-1, months - 1)
            x, height = (np.where(here, at, np.nan) for at in (month, np.repeat(y[:, 1:], months, axis=0)))
            marks += [points(x, height, colour=colour, hollow=hollow, size=4)] if done.any() else []
    return marks


def _endings(view: TrustView, y: Floats) -> tuple[list[Mark], Floats]:
    """A ring where the rule loosens on this record, and one where the player did; and the two months, (rows, 2)."""
    at = np.full((*y.shape, 2, 2), np.nan)
    for rule, (end, how) in enumerate(view.ends):
        if how > 0:
            at[rule, end:, 0] = end, y[rule, end]
    if view.settings.loosened:
        at[:, view.settings.now :, 1] = view.settings.now, y[0, view.settings.now]
    at = at.reshape(-1, 2, 2)
    rings = [points(at[:, [i], 0], at[:, [i], 1], colour=colour, hollow=True, size=9) for i, colour in enumerate(RINGS)]
    return rings, at[..., 0]


def models_panel(view: TrustView) -> Panel:
    """1000 models with this record as dots: who they are."""
    shares = 1000 * view.belief.reshape(-1, 3)
    return panels.icons(
        "1000 models with this record",
        whole_numbers(shares),
        [entry(name, colour, "square") for name, colour in zip(CALLED, COLOURS, strict=True)],
        values=np.round(shares, 2),
        columns=63,
        first=False,
        alt="1000 squares, one for each model with this record, coloured by type.",
    )


def rules_panel(view: TrustView) -> Panel:
    """For each rule the probability to have loosened each type by the slider's month, before any audit."""
    found = np.stack([each.loosened for each in view.courses.courses], axis=1)  # months, rules, types
    places = np.arange(len(RULES))[:, None] + np.array([-0.27, 0.0, 0.27])
    ends, colours = found.reshape(MONTHS + 1, -1), list(COLOURS) * len(RULES)
    return panels.chart(
        "Models not yet seen: the probability that each rule has loosened them by this month",
        [panels.stretches(np.zeros(places.size), ends, places.ravel(), colours=colours, thick=10)],
        alt="For each release rule, the probability to have loosened an aligned, an overt and a deceptive model by this month.",
        height=290,
        left=168,
        categories=True,
        x=axis(0.0, 1.0, "probability", ticks={c / 4: f"{25 * c}%" for c in range(5)}),
        y=panels.name_axis(RULES),
        legend=[entry(f"{name}, of 1000", colour, "square") for name, colour in zip(TYPES, COLOURS, strict=True)],
        values=1000 * view.settings.types.prior,
    )


def _senders_panel(view: TrustView) -> Panel:
    """The thousand senders: the dial as now, and as loosened from the month of loosening on."""
    settings, misaligned = view.settings, view.model.type > 0 if view.settings.revealed else True
    held, loosened = (HELD_MISALIGNED, WRONGLY) if misaligned else (HELD, RIGHTLY)
    month, chosen = np.arange(MONTHS + 1), []
    for end, how in view.ends:
        when = (settings.now if settings.loosened else MONTHS + 1) if settings.revealed else end if how > 0 else MONTHS + 1
        chosen.append(np.where(month >= when, loosened, held))
    who = f": this model is {CALLED[view.model.type]}" if settings.revealed else ", if this model is misaligned"
    return panels.dots(dots(view.case, view.loosening.policies), f"1000 senders{who}", first=False, at=np.concatenate(chosen))
