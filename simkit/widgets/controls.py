"""Controls that ask the kernel: menus, and sliders whose steps are exact values; made from the fields of a settings record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import ipywidgets
import numpy as np

from ..arrays import Floats, Ints
from ..case import Case
from ..text import people, suggest

#: Keywords of every control.  Dictionaries, so that each makes a model of its own, which ends with it.
LOOK: dict[str, Any] = {"style": {"description_width": "11em"}, "layout": {"width": "26em"}}


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may be, from low to high: `Annotated[float, Range(0, 1)]`.

    `steps` are those that its control offers (else a hundred of equal distance, or whole numbers), `form` how they are written.
    """

    low: float
    high: float
    steps: tuple[float, ...] = ()
    form: str = ".4g"

    def check(self, name: str, value: float) -> None:
        """A ValueError unless a value lies inside."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{name} goes from {_end(self.low)} to {_end(self.high)}, not {value}")

    def offered(self, whole: bool) -> Floats | Ints:
        """The values that a control offers."""
        if self.steps:
            return np.array(self.steps)
        if whole:
            return np.unique(np.linspace(self.low, self.high, min(int(self.high - self.low) + 1, 101)).round().astype(int))
        return np.linspace(self.low, self.high, 101)


def _end(value: float) -> str:
    return people(value) if abs(value) >= 1e6 else f"{value:g}"


@dataclass(frozen=True)
class Field:
    """A field of a settings record: what it may hold, its range or choices if it has any, and what its control is called."""

    name: str
    types: tuple[type, ...]
    range: Range | None = None
    choices: tuple[Any, ...] = ()
    label: str = ""

    def check(self, value: Any) -> None:
        """A ValueError that names a value of another type, outside the range, or none of the choices."""
        if isinstance(value, int) and value.bit_length() > 1000:
            raise ValueError(f"{self.name} is a number below 1e300, and this one has about {value.bit_length() // 3} digits")
        if not isinstance(value, self.types) or (isinstance(value, bool) and bool not in self.types):
            raise ValueError(f"{self.name} cannot be {value!r}")
        if self.choices and value not in self.choices:
            raise ValueError(f"{self.name} cannot be {value!r}; {suggest(str(value), map(str, self.choices))}")
        if self.range and isinstance(value, int | float):
            self.range.check(self.name, value)

    def control(self) -> ipywidgets.Widget | None:
        """A menu, or a slider of steps; None if the field does not say what may be chosen."""
        if self.choices:
            return menu(self.label, self.choices)
        if self.types == (bool,):
            return menu(self.label, [("no", False), ("yes", True)])
        if self.range:
            return steps(self.label, self.range.offered(float not in self.types), self.range.form)
        return None


def fields_of(kind: Any) -> Mapping[str, Field]:
    """The fields of a settings record by name.  A TypeError if one is of another type than text, number, truth or a choice."""
    return _fields_of(kind)


@cache
def _fields_of(kind: Any) -> Mapping[str, Field]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: _field(field.name, hints[field.name]) for field in fields(kind)}


def _field(name: str, hint: Any) -> Field:
    kind, *extra = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    limits = next((each for each in extra if isinstance(each, Range)), None)
    label = next((each for each in extra if isinstance(each, str)), name.replace("_", " "))
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        return Field(name, tuple({type(each) for each in choices}), choices=choices, label=label)
    types = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if not set(types) <= {str, bool, int, float, type(None)}:
        raise TypeError(f"the setting {name} is a text, a number, a truth or a Literal, not {hint}")
    return Field(name, (*types, int) if float in types else tuple(types), limits, label=label)


# --- the controls -----------------------------------------------------------------------------------------------------


def menu(label: str, options: Iterable[Any]) -> ipywidgets.Dropdown:
    """A menu of texts, or of (text, value) pairs."""
    return ipywidgets.Dropdown(description=label, tooltip=label, options=list(options), **LOOK)


def steps(label: str, values: Sequence[float] | Floats | Ints, form: str = ".4g") -> ipywidgets.SelectionSlider:
    """A slider over given values.  One on a scale of its own would round the value it is given, and so change a choice."""
    options = [(format(value, form), value) for value in np.asarray(values).tolist()]
    return ipywidgets.SelectionSlider(description=label, tooltip=label, options=options, **LOOK)


def policy_menu(label: str, case: Case, names: Iterable[str]) -> ipywidgets.Dropdown:
    """A menu of policies or responses by what people call them; the values are their names."""
    return menu(label, [(case.labels.get(name, name), name) for name in dict.fromkeys(names)])


def context_menu(case: Case) -> ipywidgets.Dropdown | None:
    """The operator contexts of a case, if it has any; the first is the one it is in."""
    others = [(name, name) for name in case.contexts if name != case.context]
    return menu("context", [(case.context or "as the file says", case.context), *others]) if case.contexts else None


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


class Box(ipywidgets.VBox):  # type: ignore[misc]
    """A column of widgets that ends with all that it holds: `close()` leaves no model alive."""

    def close(self) -> None:
        """Close the box, everything in it, and the layouts and styles of all of these."""
        for each in _inside(self):
            if each is not self:
                each.close()
        super().close()


def _inside(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    """A widget, those that it holds, and their layouts and styles."""
    own = [getattr(widget, name, None) for name in ("layout", "style")]
    parts = [each for child in getattr(widget, "children", ()) for each in _inside(child)]
    return [*parts, *(each for each in own if isinstance(each, ipywidgets.Widget)), widget]
