"""Controls that instruments share: menus, and sliders whose steps are exact values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import ipywidgets
import numpy as np

from ..arrays import Floats, Ints

STYLE = {"description_width": "11em"}
WRAP = ipywidgets.Layout(flex_flow="row wrap", width="100%")
EACH = ipywidgets.Layout(width="26em")


def menu(label: str, options: Sequence[Any]) -> ipywidgets.Dropdown:
    """A menu of texts, or of (text, value) pairs."""
    return ipywidgets.Dropdown(description=label, options=options, style=STYLE, layout=EACH)


def steps(label: str, values: Floats | Ints, form: str = ".4g") -> ipywidgets.SelectionSlider:
    """A slider over given values.  One on a scale of its own would round the value it is given, and so change a choice."""
    options = [(format(value, form), value) for value in values.tolist()]
    return ipywidgets.SelectionSlider(description=label, options=options, style=STYLE, layout=EACH)


def show(control: ipywidgets.Widget, value: Any) -> None:
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
