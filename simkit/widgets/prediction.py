"""A prediction is committed before anything is revealed: who has guessed looks harder."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from html import escape
from typing import Any

import ipywidgets

from ..codes import MINDS, Guess, question_mark, session_mark, write
from ..text import tally
from .controls import Box
from .instrument import Instrument


def predict(
    asks: str,
    *,
    answer: float | Callable[[], float],
    high: int,
    low: int = 0,
    unit: str = "",
    reveal: Any = None,
    says: str = "",
    on: str = "",
    at: Callable[[int], float] = float,
) -> Prediction:
    """Ask for a whole number from low to high; once it is committed, show the answer, what it means, and `reveal`.

    `answer` and `reveal` may be functions without arguments: they are called only then, so that nothing gives the answer away.
    `reveal` gives an instrument, or anything else that a notebook shows.  An instrument says the guess above its picture, and
    marks it where it has it: `on` is the setting of its slider or "y", and `at` gives the value there.
    """
    return Prediction(asks, answer, (low, high), unit, reveal, says, (on, at))


class Prediction(Box):
    """A question, an empty field and a button.  `asks` is the question, `committed` what was predicted, None before.

    The guess lies between the `ends`, in a `unit`.  `code` is a word to hand in, `answer` says the right number, `says` what it
    means, and `reveal` is what is shown then.
    """

    def __init__(
        self,
        asks: str,
        answer: float | Callable[[], float],
        ends: tuple[int, int],
        unit: str,
        reveal: Any,
        says: str,
        on: tuple[str, Callable[[int], float]] = ("", float),
    ) -> None:
        self.committed: int | None = None
        self._later: list[tuple[Box, Any]] = []
        self.asks, self.says, self.ends = asks, says, ends
        self._answer, self.unit, self._reveal, self._on = answer, unit, reveal, on
        label = "my prediction"
        style = {"description_width": "8em"}
        self._guess = ipywidgets.Text(description=label, tooltip=label, placeholder="{} to {}".format(*ends), style=style)
        self._button = ipywidgets.Button(
            description="Commit", button_style="primary", tooltip="It cannot be changed then", disabled=True
        )
        self._said = ipywidgets.HTML()
        self._guess.observe(lambda change: setattr(self._button, "disabled", self._read(change["new"]) is None), "value")
        self._button.on_click(lambda _: self.commit(self._guess.value))
        question = ipywidgets.HTML("<b>{}</b> ({} to {})".format(escape(asks), *ends))
        self._form = [question, ipywidgets.HBox([self._guess, self._button]), self._said]
        self._mind = ipywidgets.ToggleButtons(
            options=MINDS[1:], value=None, description="Did exploring change your mind?", style={"description_width": "initial"}
        )
        self._name = ipywidgets.Text(description="nickname", tooltip="nickname", placeholder="may stay empty", style=style)
        self._hands = ipywidgets.HTML()
        for field in (self._mind, self._name):
            field.observe(lambda _: self._hand(), "value")
        last = ipywidgets.HBox([self._name, self._hands], layout={"flex_flow": "row wrap"})
        self._last = ipywidgets.VBox([self._mind, last], layout={"display": "none"})
        super().__init__([*self._form, self._last])

    def _read(self, text: str) -> int | None:
        """The whole number in a text, if it lies between the ends."""
        plain = text.strip().replace("−", "-")
        number = int(plain) if plain.removeprefix("-").isdecimal() and len(plain) < 16 else None
        return number if number is not None and self.ends[0] <= number <= self.ends[1] else None

    @property
    def _unit(self) -> str:
        return f" {self.unit}" if self.unit else ""

    @property
    def code(self) -> str:
        """What was predicted, and whether it changed a mind, as a code (see `codes`); empty before."""
        if self.committed is None:
            return ""
        question, mind = question_mark(self.asks), self._mind.value or MINDS[0]
        name, mark = self._name.value, session_mark()
        return write(Guess(question=question, guess=self.committed, answer=self._right, mind=mind, nickname=name, mark=mark))

    def _hand(self) -> None:
        self._hands.value = f"To hand in: <code>{self.code}</code>"

    @property
    def answer(self) -> str:
        """The right number, with its unit."""
        return f"{tally(self._right)}{self._unit}"

    @cached_property
    def _right(self) -> float:
        return float(_made(self._answer))

    @cached_property
    def reveal(self) -> ipywidgets.Widget | None:
        """What is shown after the commitment, made when it is asked for."""
        return None if self._reveal is None else _shown(_made(self._reveal))

    def commit(self, guess: float | str) -> None:
        """Fix the prediction and reveal the answer.  A second one is not taken, nor what is no number between the ends."""
        number = self._read(str(guess))
        if self.committed is not None or number is None:
            return
        self.committed, self._guess.value = number, str(number)
        self._guess.disabled = self._button.disabled = True
        right = f"You said {tally(number)}{self._unit}; it is {self.answer}."
        said = f"<p role='status'><b>{escape(right)}</b> {escape(self.says)}</p>"
        self._said.value = said + self._picture(number, self._right)
        self._hand()
        self._last.layout.display = ""
        if isinstance(self.reveal, Instrument):
            on, at = self._on
            self.reveal.mark_guess(f"You guessed {tally(number)}{self._unit}; it is {self.answer}.", on, at(number))
        if self.reveal is not None:
            self.children = [*self._form, self.reveal, self._last]
        for box, thing in self._later:
            box.children[0].close()
            box.children = [_shown(_made(thing))]

    def after(self, thing: Any) -> ipywidgets.Widget:
        """A thing, or what a function gives, made and shown once the prediction is committed: for cells further down."""
        if self.committed is not None:
            return Box([_shown(_made(thing))])
        box = Box([ipywidgets.HTML("<i>This is shown when the prediction above is committed.</i>")])
        self._later.append((box, thing))
        return box

    def _picture(self, guess: float, answer: float) -> str:
        """A line from low to high with the guess (a ring) and the answer (full)."""
        low, high = self.ends
        places = [100 * (min(max(each, low), high) - low) / ((high - low) or 1) for each in (guess, answer)]
        looks = ("border:2px solid currentColor", "background:currentColor")
        dots = "".join(
            f"<span style='position:absolute;top:{-6 + i}px;left:calc({place:.2f}% - 7px);width:{10 + 2 * i}px;"
            f"height:{10 + 2 * i}px;border-radius:50%;box-sizing:content-box;{look}'></span>"
            for i, (place, look) in enumerate(zip(places, looks, strict=True))
        )
        line = "position:relative;border-top:2px solid;height:9px;margin:14px 10px 0;max-width:34em"
        said = f"from {low} to {high}; ring: your prediction, full: the answer"
        return f"<div role='img' aria-label='{said}' style='{line}'>{dots}</div><small>{said}</small>"


def _made(thing: Any) -> Any:
    """What a function gives; anything else is itself."""
    return thing() if callable(thing) else thing


def _shown(thing: Any) -> ipywidgets.Widget:
    """A widget that shows a thing as a notebook does."""
    if isinstance(thing, ipywidgets.Widget):
        return thing
    if isinstance(thing, str):
        return ipywidgets.HTML(f"<pre>{escape(thing)}</pre>")
    out = ipywidgets.Output()
    out.append_display_data(thing)
    return out
