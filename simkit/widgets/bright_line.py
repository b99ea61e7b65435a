"""`argument(case)`: somebody argues for an exception.  What a strong argument says about them, and what each policy does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, get_args

import numpy as np

from ..arrays import Floats
from ..case import Case
from ..evaluate import expect
from ..icon_array import Dots, dots
from ..plots import segment_colours
from ..policy import Axis, Policy, constant, stack
from ..text import percent, whole_percent
from ..theory.persuasion import Argued, argue, bending, wary
from ..uncertainty import Comparison, compare
from . import panels
from .chosen_policies import in_context, opened
from .controls import Range
from .instrument import Instrument, Settings, from_dict
from .panels import INK, Panel, axis, curve, points
from .stage import Options, Table
from .wording import harmful_senders, heading, surely

Answer = Literal["gives in to it", "takes it for a warning", "hard line"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
#: The context of a scenario in which senders argue; it is opened if there is one.
ARGUING = "arguing-for-an-exception"
WORLDS = 400


@dataclass(frozen=True, kw_only=True)
class ArgumentSettings(Settings):
    """What is chosen in the instrument."""

    strength: Annotated[float, Range(0, 1)] = 0.99
    """The part of honest arguments that the one in hand beats."""
    policy: Answer = "gives in to it"
    tries: Annotated[int, Range(1, 1000), "tries of a manipulator"] = 100
    mimic: Annotated[float, Range(0, 1), "manipulators who imitate"] = 0.0
    context: str = ""


@dataclass(frozen=True, eq=False)
class ArgumentView:
    """A case with arguments, its policies in a batch (answer by answer, along the strengths), and what they do."""

    argued: Argued
    policies: Policy
    line: Policy
    dots: Dots
    imitated: Floats
    """The fraction of manipulators from which on the hard line is better if they imitate, for each policy; nan if never."""


def argument(case: Case | str = "bright-line", **settings: Any) -> Instrument[ArgumentSettings]:
    """Open the instrument: senders who argue for an exception, by the strength of their arguments.

    `case` is a case, or a scenario's name or path; `settings` are those of `ArgumentSettings`.  First view: the probability of
    manipulation at each strength, and 1000 senders under a policy that gives in, is wary, or does not listen.
    """
    found, source = opened(case)
    usual = {"context": ARGUING} if ARGUING in found.contexts and not found.context else {}
    chosen = from_dict(ArgumentSettings, usual | settings)
    return Instrument(partial(argument_table, found), chosen, opener="simkit.widgets.argument", source=source)


def look(case: Case, settings: ArgumentSettings) -> ArgumentView:
    """Evaluate every policy on a case."""
    here = in_context(case, settings.context)
    argued, honest, copied = (argue(here, tries=settings.tries, mimic=m) for m in (settings.mimic, 0.0, 1.0))
    policies, line = _policies(argued)
    alone, imitated = (expect(each.case, policies).net - expect(each.case, line).net for each in (honest, copied))
    with np.errstate(divide="ignore", invalid="ignore"):  # net value is linear in the fraction that imitates
        share = np.where((alone > 0) & (imitated < 0), alone / (alone - imitated), np.nan)
    return ArgumentView(argued, policies, line, dots(argued.case, policies), share)


def _policies(argued: Argued) -> tuple[Policy, Policy]:
    """A batch of those that give in from each strength on, of those that are wary from there on, and the hard line."""
    case = argued.case
    worth = (case.population.shares * ~case.population.harmful) @ case.help
    allowed = [constant(case, name) for name, fine in zip(case.responses, case.allowed, strict=True) if fine]
    line = max(allowed, key=lambda policy: float(expect(case, policy).net))
    give = max(set(case.responses) - {line.name}, key=lambda name: float(worth[case.response(name)]))
    sorts = [make(argued, give=give, keep=line.name)[:-1] for make in (bending, wary)]
    every = [*sorts[0], *sorts[1], *[line] * len(argued.ratio)]
    names = tuple(f"{answer}, {low:g}" for answer in ANSWERS for low in argued.grades[:-1])
    return stack(every, Axis("policy", names)), line


# --- what is shown ----------------------------------------------------------------------------------------------------


def argument_table(case: Case, settings: ArgumentSettings) -> Table:
    """A row for each answer and strength: who gets what, and the probability of manipulation."""
    view = look(case, settings)
    leads = compare(view.argued.case, view.policies, view.line, rng=np.random.default_rng(7), worlds=WORLDS)
    _, more = surely(view.argued.case, leads, "the hard line")
    lows = view.argued.grades[:-1].tolist()
    return Table(
        slider=Options("strength", lows, "The argument in hand is", [_strength(low) for low in lows]),
        toggles=[Options("policy", ANSWERS, "The policy")],
        sentences=sentences(view),
        notes=notes(view, leads, settings.tries),
        panels=[
            _manipulation(view),
            panels.dots(view.dots, heading(view.argued.case), first=False, beside=True),
            panels.sure([[*lines, said] for lines, said in zip(more, _imitation(view), strict=True)]),
        ],
        view=view,
        stands_for={"context": case.context},
    )


def _strength(low: float) -> str:
    return f"stronger than {100 * low:g} of 100" if low else "among the weakest"


def sentences(view: ArgumentView) -> list[str]:
    """What the strength says, and how many of each kind get through."""
    case, given = view.argued.case, np.asarray(view.dots.response) != view.argued.case.response(view.line.name)
    harmful = case.population.harmful[view.dots.segment]
    through = [view.dots.count[:, given & kind].sum(1) for kind in (harmful, ~harmful)]
    all_ = [int(view.dots.count[0, kind].sum()) for kind in (harmful, ~harmful)]
    chance = np.tile(view.argued.manipulation, len(ANSWERS))
    prior, who = percent(view.argued.prior), harmful_senders(case)
    return [
        f"Of those with such an argument {percent(p) if p > 1e-6 else 'almost none'} mean harm; of all who argue, {prior}. "
        f"The policy lets {bad} of {all_[0]} {who} and {fine} of {all_[1]} others through."
        for p, bad, fine in zip(chance, *through, strict=True)
    ]


def notes(view: ArgumentView, leads: Comparison, tries: int) -> list[str]:
    """The caveat: how surely the policy is better or worse than the hard line, and what would reverse it."""
    search = f"Manipulators try {tries} arguments and send the strongest." if tries > 1 else "Nobody searches for arguments."
    said = []
    for gain, often, share in zip(leads.gain.tolist(), leads.holds.tolist(), view.imitated.tolist(), strict=True):
        worth = f"Worth {'more' if gain > 0 else 'less'} than the hard line in {whole_percent(often)} of plausible worlds"
        turns = f"Not if {'more' if gain > 0 else 'fewer'} than {percent(share)} of manipulators imitate honest people."
        last = search if np.isnan(share) else turns
        said.append(
            f"{worth}. {last}"
            if gain
            else "Nobody gets through, whatever they say: no malicious sender, and nobody with a good reason."
        )
    return said


def _imitation(view: ArgumentView) -> list[str]:
    return [
        "Imitation does not change which is better."
        if np.isnan(share)
        else f"If {percent(share)} imitated honest people, the hard line would be as good."
        for share in view.imitated.tolist()
    ]


def _manipulation(view: ArgumentView) -> Panel:
    """The probability of manipulation along the grades, with a point where the argument stands."""
    rows, chance = np.arange(len(view.argued.ratio)), view.argued.manipulation
    harmful = segment_colours(view.argued.case)[int(view.argued.case.population.harmful.argmax())]
    shown = {0: "weakest", 5: "50", 9: "90", 12: "99", 15: "99.9"}
    return panels.chart(
        "How likely is manipulation, if the argument is this strong?",
        [
            curve([rows[0], rows[-1]], [view.argued.prior] * 2, colour=INK, width=1, dash=[4, 4]),
            curve(rows, chance, colour=harmful, width=2),
            points(rows[:, None], chance[:, None], colour=harmful),
        ],
        x=axis(0, rows[-1], "stronger than so many of 100 honest arguments", ticks=shown),
        y=axis(0, 1, "", ticks={0: "0%", 0.5: "50%", 1: "100%"}),
        alt="The probability of manipulation by the strength of the argument; dashed: before the argument is heard.",
        first=True,
        wide=660,
    )
