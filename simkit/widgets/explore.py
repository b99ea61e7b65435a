"""`explore(case)`: the first instrument.  A thousand senders as dots, one slider, one sentence; more unfolds when asked for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.figure import Figure

from .. import plots
from ..arrays import Floats
from ..case import Case
from ..evaluate import expect
from ..frequencies import dots
from ..policy import Policy, candidates
from ..scenario import load
from .settings import RISKIEST, Settings, as_code, from_code, responses_of
from .stage import Stage
from .views import SENDERS, View, harmful_name, look, stage_table

__all__ = ["Explorer", "explore"]


def explore(case: Case | str, **settings: Any) -> Explorer:
    """Open the instrument on a case, or on a scenario's name or path; `settings` are those of `Settings`.

    First view: 1000 senders as dots, a slider that declines the riskiest of them, and what that does.  `More` unfolds the
    policy, the context, shares and weights, a comparison, and pictures of help and harm.  A ValueError names a setting that
    makes no sense.
    """
    source = "case" if isinstance(case, Case) else repr(case)
    return Explorer(case if isinstance(case, Case) else load(case), source, Settings(**settings))


class Explorer(ipywidgets.VBox):  # type: ignore[misc]
    """The instrument: set `settings` to choose, read `view` for all that is shown; go on in code from `case` and `policy`."""

    def __init__(self, case: Case, source: str, settings: Settings) -> None:
        self._given, self._source = case, source
        self._past: list[Settings] = []
        self._quiet = True
        self._stage = Stage()
        self._controls = _controls(case)
        self._more = ipywidgets.ToggleButton(
            description="More", icon="sliders", tooltip="Policy, context, shares, weights, comparison"
        )
        self._back = ipywidgets.Button(description="Undo", icon="undo", tooltip="Take back the last choice")
        self._message = ipywidgets.Label()
        self._code = ipywidgets.Text(
            description="as code", continuous_update=False, style=STYLE, layout=ipywidgets.Layout(width="99%")
        )
        self._fold = ipywidgets.VBox([ipywidgets.Box(list(self._controls.values()), layout=WRAP), self._code])
        super().__init__([self._stage, ipywidgets.HBox([self._more, self._back, self._message]), self._fold])
        self._settings = settings
        self._show(settings)
        self._say("")
        for name, control in self._controls.items():
            control.observe(lambda change, name=name: self._choose(name, change["new"]), "value")
        self._more.observe(lambda change: self._choose("unfolded", change["new"]), "value")
        self._stage.observe(lambda change: self._rested(change["new"]), "position")
        self._code.observe(lambda change: self._typed(change["new"]), "value")
        self._back.on_click(lambda _: self.undo())

    # --- what is chosen ---

    @property
    def settings(self) -> Settings:
        """What is chosen.  Set it to choose something else; a ValueError leaves everything as it was."""
        return self._settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        before = self._settings
        self._put(settings)
        self._past = [*self._past[-99:], before]

    def undo(self) -> None:
        """Take back the last choice, of up to a hundred."""
        if self._past:
            *self._past, before = self._past
            self._put(before)

    def as_code(self) -> str:
        """The line of Python that opens the instrument as it stands."""
        return as_code(self._source, self._settings)

    def load(self, code: str) -> None:
        """Choose what a line of `as_code` says.  It is read, never run; a ValueError says what cannot be read."""
        self.settings = from_code(code)

    # --- what it gives ---

    @property
    def view(self) -> View:
        """All that is shown, for each position of the slider."""
        return self._view

    @property
    def case(self) -> Case:
        """The case in the chosen context and state, with the chosen shares."""
        return self._view.case

    @property
    def policy(self) -> Policy:
        """The policy where the slider stands."""
        return self._view.policies[self._settings.declined] if self._view.policies.batch else self._view.policies

    @property
    def sentences(self) -> str:
        """What is said below the picture."""
        table, at = self._stage.table, self._stage.position
        return f"{table['sentences'][at]} {table['notes'][at]}"

    def figure(self) -> Figure:
        """What is seen, as a matplotlib figure: the dots, and beside them what each segment gets."""
        figure = Figure(figsize=(12, 5.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        plots.dots(dots(self.case, self.policy, SENDERS), left)
        plots.by_segment(expect(self.case, self.policy, self._settings.harm_weight), right)
        right.legend(frameon=False, fontsize=8, loc="lower right")
        figure.suptitle(self.sentences, fontsize=10, ha="left", x=0.01, wrap=True, parse_math=False)
        return figure

    # --- from a choice to a picture ---

    def _put(self, settings: Settings) -> None:
        """Evaluate settings and show them everywhere.  If they make no sense, a ValueError, and nothing has changed."""
        if replace(self._settings, declined=0, unfolded=False) != replace(settings, declined=0, unfolded=False):
            self._show(settings)
        self._settings = settings
        self._say("")

    def _show(self, settings: Settings) -> None:
        self._view = look(self._given, settings)
        self._stage.show(stage_table(self._view, settings), settings.declined)

    def _say(self, message: str) -> None:
        """Let every control show what is chosen, and say what went wrong, if something did."""
        self._quiet = True
        chosen, case = self._settings, self._view.case
        below, above = responses_of(case, chosen)
        shown = {
            "policy": chosen.policy,
            "answer": below,
            "decline": above,
            "context": chosen.context or self._given.context,
            "state": chosen.state,
            "harmful": float(case.population.share[case.population.harmful].sum()),
            "overlap": case.population.overlap[0],
            "harm_weight": case.weight(chosen.harm_weight),
            "compare": chosen.compare or below,
        }
        for name, control in self._controls.items():
            _set(control, shown[name])
        for name in ("answer", "decline"):
            self._controls[name].disabled = chosen.policy != RISKIEST
        self._stage.position = chosen.declined if self._view.policies.batch else 0
        self._stage.unfolded = self._more.value = chosen.unfolded
        self._fold.layout.display = "" if chosen.unfolded else "none"
        self._back.disabled = not self._past
        self._code.value, self._message.value = self.as_code(), message
        self._quiet = False

    def _choose(self, name: str, value: Any) -> None:
        if not self._quiet:
            self._try(replace, self._settings, **{name: float(f"{value:.4g}") if isinstance(value, float) else value})

    def _typed(self, code: str) -> None:
        if not self._quiet:
            self._try(from_code, code)

    def _try(self, make: Any, *args: Any, **changes: Any) -> None:
        try:
            self.settings = make(*args, **changes)
            self._back.disabled = False
        except ValueError as error:
            self._say(str(error))

    def _rested(self, position: int) -> None:
        """The slider rests: remember where.  The picture is there already."""
        if not self._quiet and self._view.policies.batch:
            self._settings = replace(self._settings, declined=position)
            self._say("")


def _set(control: ipywidgets.Widget, value: Any) -> None:
    """Let a control show a value; a slider of steps gets one more step for a value between two."""
    if isinstance(control, ipywidgets.SelectionSlider) and value not in [option for _, option in control.options]:
        control.options = sorted([*control.options, (format(value, ".4g"), value)], key=lambda option: option[1])
    control.value = value


def round_steps(low: float, high: float) -> Floats:
    """Round numbers from low to high, about 5% to 10% apart: steps for a slider over several powers of ten."""
    mantissas = [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2, 2.2, 2.5, 2.8, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)))
    values = np.array([float(f"{m}e{power}") for power in powers for m in mantissas] + [high])
    return np.unique(values[(values >= low) & (values <= high)])


STYLE = {"description_width": "11em"}
WRAP = ipywidgets.Layout(flex_flow="row wrap", width="100%")
EACH = ipywidgets.Layout(width="26em")


def _controls(case: Case) -> dict[str, ipywidgets.Widget]:
    """A control for each setting that the case has, with what may be chosen."""

    def menu(label: str, options: Any) -> ipywidgets.Dropdown:
        return ipywidgets.Dropdown(description=label, options=options, style=STYLE, layout=EACH)

    def steps(label: str, values: Floats, form: str) -> ipywidgets.SelectionSlider:
        options = [(format(value, form), value) for value in values.tolist()]
        return ipywidgets.SelectionSlider(description=label, options=options, style=STYLE, layout=EACH, continuous_update=True)

    people = case.population
    known = [policy.name for policy in candidates(case)]
    answers, refusals = (
        [n for n, r, ok in zip(case.responses, case.refuses, case.allowed, strict=True) if ok and r == is_]
        for is_ in (False, True)
    )
    made = {
        "policy": menu("policy", [RISKIEST, *known]),
        "answer": menu("answered with", answers or refusals),
        "decline": menu("declined with", refusals),
        "context": menu(
            "context",
            [(case.context or "as the file says", case.context), *[(c, c) for c in case.contexts if c != case.context]],
        ),
        "state": menu("state of the world", [("all, as they come", ""), *[(state, state) for state in people.states]]),
        "harmful": steps(f"share of {harmful_name(case)}", round_steps(1e-4, 0.9), ".3g"),
        "overlap": steps("overlap", np.append(0.0, round_steps(1e-3, 0.5)), ".3g"),
        "harm_weight": steps("harm weight", round_steps(0.1, 1000), ".4g"),
        "compare": menu("compared with", known),
    }
    absent = {
        "context": not case.contexts,
        "state": len(people.states) < 2,
        "harmful": not 0 < people.share[people.harmful].sum() < 1,
        "overlap": not people.overlap[2] > 0,
    }
    return {name: control for name, control in made.items() if not absent.get(name)}
