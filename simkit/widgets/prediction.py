"""A prediction is committed before anything is revealed: who has guessed looks harder."""

from __future__ import annotations

from html import escape

import ipywidgets

from ..text import tally
from .controls import Box


def predict(
    asks: str,
    *,
    answer: float,
    high: int,
    low: int = 0,
    unit: str = "",
    reveal: ipywidgets.Widget | None = None,
    says: str = "",
) -> Prediction:
    """Ask for a whole number from low to high; once it is committed, show the answer, what it means, and `reveal`."""
    return Prediction(asks, answer, (low, high), unit, reveal, says)


class Prediction(Box):
    """A question, a number and a button.  `asks` is the question, `committed` what was predicted, None before.

    `answer` says the right number, `says` what it means, and `reveal` is what is shown then, or None.
    """

    def __init__(
        self, asks: str, answer: float, ends: tuple[int, int], unit: str, reveal: ipywidgets.Widget | None, says: str
    ) -> None:
        self.asks = asks
        self.committed: float | None = None
        self.answer, self.says, self.reveal = f"{tally(answer)}{f' {unit}' if unit else ''}", says, reveal
        self._unit = unit
        low, high = ends
        wide = {"description_width": "8em"}
        self._guess = ipywidgets.BoundedIntText(value=low, min=low, max=high, description="my prediction", style=wide)
        self._button = ipywidgets.Button(description="Commit", button_style="primary", tooltip="It cannot be changed then")
        self._button.on_click(lambda _: self.commit(self._guess.value))
        self._said = ipywidgets.HTML()
        self._form = [
            ipywidgets.HTML(f"<b>{escape(asks)}</b> ({low} to {high})"),
            ipywidgets.HBox([self._guess, self._button]),
            self._said,
        ]
        super().__init__(self._form)

    def commit(self, guess: float) -> None:
        """Fix the prediction and reveal the answer.  A second prediction is not taken."""
        if self.committed is not None:
            return
        self.committed = self._guess.value = guess
        self._guess.disabled = self._button.disabled = True
        unit = f" {self._unit}" if self._unit else ""
        right = f"You said {tally(guess)}{unit}; it is {self.answer}."
        self._said.value = f"<p role='status'><b>{escape(right)}</b> {escape(self.says)}</p>"
        self.children = [*self._form, *([self.reveal] if self.reveal is not None else [])]
