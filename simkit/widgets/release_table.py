"""What `trust` shows, for each release rule and month: what is looked at, the words and the pictures.

Up to now the record is what was seen; after that it goes on with the rule's own audits, all passed: the fastest that trust can
grow.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ..arrays import Floats, whole_numbers
from ..case import Case
from ..icon_array import dots
from ..text import number, percent, tally, whole_percent
from ..theory.loosening import HELD, HELD_MISALIGNED, RIGHTLY, WRONGLY
from ..theory.trust import TYPES
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
    view = look(case, settings)
    rows = [(rule, month) for rule in range(len(RULES)) for month in range(MONTHS + 1)]
    over = view.settings.revealed
    months = range(MONTHS + 1)
    return Table(
        slider=Options("month", months, "Month", [_read_out(month, view.settings.now) for month in months]),
        sentences=[_revealed(view) if over else sentence(view, *row) for row in rows],
        notes=[caveat(view, *row) for row in rows],
        panels=[
            timeline_panel(view),
            panels.sure([how_sure(view, *row) for row in rows]),
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


def _read_out(month: int, now: int) -> str:
    return f"{month} of {MONTHS}" + (" (now)" if month == now else ", a look ahead" if month > now else "")


# --- words ------------------------------------------------------------------------------------------------------------


def sentence(view: TrustView, rule: int, month: int) -> str:
    """Who such models are, of 1000 with this record, and whether the clause loosens."""
    counts = [tally(round(1000 * float(share), 2)) for share in view.belief[rule, month]]
    who = ", ".join(
        f"{count} are {name}" if i == 0 else f"{count} {name}"
        for i, (count, name) in enumerate(zip(counts, CALLED, strict=True))
    )
    done = f"You loosened the dial in month {view.settings.now}." if view.settings.loosened else _verdict(view, rule, month)
    return f"{_record(view, rule, month)}: of 1000 such models {who}. {done}"


def _record(view: TrustView, rule: int, month: int) -> str:
    """What was seen, or what is supposed to be seen until a month."""
    now = view.settings.now
    if month > now:
        return _ahead(view.plans[rule][now:month], month)
    passed, failed = view.passed[rule, month], view.failed[rule, month]
    if not (passed + failed).any():
        return "Before any audit" if month == 0 else f"After month {month} without an audit"
    kinds = [f"{done} {name}" for done, name in zip(passed + failed, ("open", "covert"), strict=True) if done]
    lost = int(failed.sum())
    total = int((passed + failed).sum())
    how = "passed" if not lost else "failed" if lost == total else f"{lost} failed"
    return f"After {' and '.join(kinds)} audit{'s' * (total > 1)}, {'all ' * (total > 1 and how in ('passed', 'failed'))}{how}"


def _ahead(plan: str, month: int) -> str:
    opened, covert = plan.count("o"), plan.count("c")
    if not opened + covert:
        return f"If nothing more is audited until month {month}"
    if opened + covert == 1:
        return f"If the next audit, {'an open' if opened else 'a covert'} one, is passed"
    kinds = [f"{many} {name}" for many, name in ((opened, "open"), (covert, "covert")) if many]
    return f"If the next {' and '.join(kinds)} audits are all passed"


def _verdict(view: TrustView, rule: int, month: int) -> str:
    """Whether the clause has loosened by a month of this record."""
    end, how = view.ends[rule]
    name = RULES[rule].capitalize() if rule < len(RULES) - 1 else "This clause"
    if how > 0 and end <= month:
        return f"{name} the dial is loosened in month {end}."
    if how < 0 and end <= month:
        return f"{name} the case is closed in month {end}: the dial stays."
    if rule == len(RULES) - 1:
        return "This clause never loosens."
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
    turn, often = float(view.turn[rule, month]), whole_percent(view.holds[rule, month])
    lies = "reaches" if view.above[rule, month] else "stays below"
    turns = f"; {percent(turn)} deceptive would reverse it" if np.isfinite(turn) else ", whatever the deceptive share"
    sure = f"Trust {lies} what is asked in {often} of plausible worlds of models{turns}."
    return f"{odd}. {sure}" if odd else sure


def how_sure(view: TrustView, rule: int, month: int) -> list[str]:
    """The chances of models that nobody has seen, on which side of the threshold trust lies, and what loosening is worth."""
    return [said for said in (_chances(view, rule, month), _sureness(view, rule, month), _worth(view)) if said]


def _chances(view: TrustView, rule: int, month: int) -> str:
    found = view.courses.courses[rule]
    odd = view.odd[rule]
    if not month or (odd and not found.loosened[-1].any()):
        return odd
    if not found.loosened[month].any():
        return f"Of models not yet seen, this clause has loosened none by month {month}. {odd}".strip()
    aligned, overt, deceptive = (percent(float(chance)) for chance in found.loosened[month])
    each = f"{deceptive} of the deceptive, {overt} of the overt and {aligned} of the aligned"
    return f"Of models not yet seen, this clause has loosened {each} by month {month}. {odd}".strip()


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


def _sureness(view: TrustView, rule: int, month: int) -> str:
    """How sure it is on which side of the threshold trust lies, and what would change it."""
    turn = float(view.turn[rule, month])
    turns = f"; {percent(turn)} deceptive models would reverse it (here {bare(view.settings.deceptive)})"
    side = "at or above" if view.above[rule, month] else "below"
    often = f"{whole_percent(view.holds[rule, month])} of plausible worlds of models"
    holds = f"Trust is {side} {bare(view.settings.threshold)} in {often}"
    return f"{holds}{turns if np.isfinite(turn) else ', whatever the share of deceptive models'}."


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
    settings, name = view.settings, CALLED[view.model.type]
    aligned = view.model.type == 0
    if settings.loosened:
        did = f"You loosened its dial in month {settings.now}: {'rightly' if aligned else 'wrongly'}, as it turns out."
    else:
        did = "You held it back: " + ("for nothing" if aligned else "rightly") + ", as it turns out."
    loosened = [f"{rule} in month {end}" for rule, (end, how) in replayed(settings).items() if how > 0]
    others = (
        f"The same model would have been loosened {', '.join(loosened)}." if loosened else "No rule would have loosened it."
    )
    return f"It was {name}. {did} {others}"


# --- pictures ---------------------------------------------------------------------------------------------------------


def nines(trust: Floats | float) -> Floats:
    """Trust on a scale on which 90%, 99% and 99.9% are as far apart: −log₁₀(1 − trust)."""
    return -np.log10(np.maximum(1 - np.asarray(trust, dtype=float), 1e-9))


def timeline_panel(view: TrustView) -> Panel:
    """Trust month by month: what was seen, a look ahead, the threshold and the ceiling."""
    settings = view.settings
    bar, roof = float(nines(settings.threshold)), float(nines(view.ceiling))
    capped = view.ceiling < 1
    top = min(max(bar, roof if capped else 0.0) + 0.45, 6.5)
    names = {f"asked: {bare(settings.threshold)}": bar}
    names |= {f"ceiling of open audits: {percent(view.ceiling)}": roof} if capped else {}
    y = np.minimum(nines(view.trust), top)
    rings, months = _endings(view, y)
    here = np.arange(MONTHS + 1)[:, None]
    marks = [
        curve([0, MONTHS], [bar, bar], colour=INK, width=1.5, dash=[7, 4]),
        *([curve([0, MONTHS], [roof, roof], colour=CEILING, width=2, dash=[2, 3])] if capped else []),
        *_labels(names, top),
        *_paths(y, settings),
        *_audits(view, y),
        points(here, y.reshape(-1, 1), colour=INK, size=3),
        *rings,
    ]
    counts = np.concatenate([view.passed, view.failed], axis=-1).reshape(-1, 4)[:, [0, 2, 1, 3]]
    kinds = ("open passed", "open failed", "covert passed", "covert failed", "rule loosens in month", "you in month")
    looks = ((OPEN, "full"), (OPEN, "open"), (COVERT, "full"), (COVERT, "open"), *((ring, "open") for ring in RINGS))
    return panels.chart(
        "Trust: how sure that this model is aligned (dashed: a look ahead)",
        marks,
        alt="Trust over the months, with the threshold that the clause asks for and the ceiling of open audits.",
        first=True,
        height=205,
        wide=660,
        x=axis(-0.3, MONTHS + 0.3, "month", ticks={m: str(m) for m in range(0, MONTHS + 1, 3)}),
        y=axis(0.0, top, ticks=_ticks(top)),
        legend=[entry(name, *look) for name, look in zip(kinds, looks, strict=True)],
        values=np.concatenate([counts, months], axis=1),
    )


def _ticks(top: float) -> dict[float, str]:
    known = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 0.99999)
    steps = [trust for trust in known if nines(trust) <= top]
    steps = [t for t in steps if t not in (0.95, 0.98)] if top > 1.8 else steps
    return {float(nines(trust)): f"{100 * trust:g}%" for trust in steps}


def _labels(lines: dict[str, float], top: float) -> list[Mark]:
    """Names above their lines, at the right; the lower of two close lines has its name below."""
    high, low = max(lines.values()), min(lines.values())
    shift = {high: 0.055 * top, low: 0.055 * top if high - low > 0.13 * top else -0.06 * top}
    return [panels.labels([MONTHS + 0.3], [y + shift[y]], [text]) for text, y in lines.items()]


def _paths(y: Floats, settings: TrustSettings) -> list[Mark]:
    """The line of trust up to the slider's month: solid up to now, dashed ahead."""
    months = y.shape[1]
    month = np.arange(months)
    stop = np.minimum(month, settings.now)  # of the solid line, at each position of the slider
    seen = np.minimum(month[None, :], stop[:, None])
    ahead = np.clip(month[None, :], stop[:, None], month[:, None])
    found = []
    for where, style in ((seen, {"width": 2.5}), (ahead, {"width": 2, "dash": [4, 4]})):
        height = np.stack([each[where] for each in y]).reshape(-1, months)
        found.append(curve(where, height, colour=OPEN, **style))  # the months are those of every rule
    return found


def _audits(view: TrustView, y: Floats) -> list[Mark]:
    """A mark for each audit up to the slider's month: full if passed, a ring if failed."""
    months = y.shape[1]
    month = np.arange(1, months)
    shown = month[None, :] <= np.arange(months)[:, None]
    marks = []
    for kind, colour in ((0, OPEN), (1, COVERT)):
        for counts, hollow in ((view.passed, False), (view.failed, True)):
            done = np.diff(counts[..., kind], axis=1) > 0
            if not done.any():
                continue
            here = (done[:, None, :] & shown[None]).reshape(-1, months - 1)
            x = np.where(here, month, np.nan)
            height = np.where(here, np.repeat(y[:, 1:], months, axis=0), np.nan)
            marks.append(points(x, height, colour=colour, hollow=hollow, size=4))
    return marks


def _endings(view: TrustView, y: Floats) -> tuple[list[Mark], Floats]:
    """A ring where the rule loosens on this record, and one where the player did; and the two months, (rows, 2)."""
    at = np.full((*y.shape, 2, 2), np.nan)
    for rule, (end, how) in enumerate(view.ends):
        if how > 0:
            at[rule, end:, 0] = end, y[rule, end]
    if view.settings.loosened:
        now = view.settings.now
        at[:, now:, 1] = now, y[0, now]
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
    ) | {"beside": not view.settings.revealed}


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
    title = f"1000 senders{who}"
    found, rows = dots(view.case, view.loosening.policies), np.concatenate(chosen)
    shown = replace(found, count=found.count[rows], expected=found.expected[rows])
    return panels.dots(shown, title, first=False, beside=settings.revealed)
