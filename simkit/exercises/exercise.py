"""One exercise: a question, a judge that says what is wrong with an answer, and hints from gentle to plain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from numbers import Real
from typing import Any

import numpy as np

#: What is wrong with an answer; empty if it is right.
Judge = Callable[[Any], str]


class Form(str):
    """What is wrong with the form of an answer, not with the answer: it uses up no hint."""

    __slots__ = ()


@dataclass(frozen=True)
class Verdict:
    """What became of an answer: whether it is right, what is to be said of it, and perhaps a hint."""

    right: bool
    says: str
    hint: str = ""

    def __repr__(self) -> str:
        return f"{'Right' if self.right else 'Not yet'}. {self.says}" + (f"\nHint: {self.hint}" if self.hint else "")

    def _repr_html_(self) -> str:
        mark, colour = ("✓ Right.", "#1a7f37") if self.right else ("✗ Not yet.", "#b35900")
        hint = f"<div style='margin-top:4px'><b>Hint:</b> {escape(self.hint)}</div>" if self.hint else ""
        head = f"<div role='status' style='border-left:4px solid {colour};padding:4px 12px'>"
        return f"{head}<b>{mark}</b> {escape(self.says)}{hint}</div>"


class Exercise:
    """A question that checks its answers.  `hints` go from gentle to plain; each wrong answer brings the next one."""

    def __init__(self, asks: str, judge: Judge, *, right: str, hints: tuple[str, ...]) -> None:
        self.asks, self.right, self.hints = asks, right, hints
        self._judge = judge
        self._wrong: list[Any] = []

    def check(self, answer: Any) -> Verdict:
        """Judge an answer.  None is no answer yet; the same wrong answer twice brings no new hint."""
        if answer is None:
            return Verdict(False, "Replace None by your answer.")
        wrong = self._judge(answer)
        if not wrong:
            return Verdict(True, self.right)
        if isinstance(wrong, Form):
            return Verdict(False, wrong)
        if repr(answer) not in self._wrong:
            self._wrong.append(repr(answer))
        return Verdict(False, wrong, self.hints[min(len(self._wrong), len(self.hints)) - 1] if self.hints else "")

    def __repr__(self) -> str:
        return f"<Exercise: {self.asks}>"


def near(
    expected: Callable[[], float],
    *,
    within: float,
    low: float,
    high: float,
    mistakes: Mapping[str, Callable[[], float]] | None = None,
    of_100: bool = False,
) -> Judge:
    """A judge of numbers: right within `within` of what is expected, relative to it.

    `mistakes` are numbers that people give for a known reason: what is said, and the number.  `of_100` says that the question
    asks for a percentage, so that a fraction is told from a wrong number.
    """

    def judge(answer: Any) -> str:
        if isinstance(answer, np.ndarray | list | tuple) and np.size(answer) == 1:
            answer = np.asarray(answer).item()
        if isinstance(answer, bool) or not isinstance(answer, Real | np.number | Decimal):
            return Form(f"A number is needed, not {type(answer).__name__}.")
        given, value = float(answer), expected()
        if not low <= given <= high:
            return Form(f"The answer lies between {low:g} and {high:g}, not at {given:g}.")
        if of_100 and abs(100 * given - value) <= within * abs(value):
            return Form(f"That is a fraction. The question asks for a number of 100: {100 * given:g} would be right.")
        if abs(given - value) <= within * abs(value):
            return ""
        for says, mistake in (mistakes or {}).items():
            if abs(given - mistake()) <= 0.5 * within * abs(mistake()):
                return says
        return f"{given:g} is too {'large' if given > value else 'small'}."

    return judge


def checker(exercises: tuple[Exercise, ...]) -> Callable[[int, Any], Verdict]:
    """`check(number, answer)` for the exercises of a notebook, counted from 1."""

    def check(number: int, answer: Any) -> Verdict:
        """Judge the answer to an exercise, counted from 1.  A ValueError if there is none of that number."""
        if number not in range(1, len(exercises) + 1):
            raise ValueError(f"there are exercises 1 to {len(exercises)}, not {number!r}")
        return exercises[number - 1].check(answer)

    return check
