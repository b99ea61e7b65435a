"""One exercise: a question, a judge that says what is wrong with an answer, and hints from gentle to plain.

An exercise is written as one function.  Its docstring is what students read: the question, then paragraphs that begin with
`Hint:`, from gentle to plain, and with `Right:`, said of a right answer.  Under `Exercise` the function says what is wrong with
an answer; under `numeric` it computes the right number, and wrong ones that people give for a known reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from html import escape
from numbers import Real
from typing import Any

import numpy as np

from ..codes import Results, session_mark, sign, write

#: What is wrong with an answer; empty if it is right.
Judge = Callable[[Any], str]
#: The right number, and known mistakes: what is to be said, and the number that gives them away.
Known = tuple[float, Mapping[str, float]]
#: Mark, word and colour of an answer that is right, that is wrong, and of none.
MARKS = {True: ("✓ ", "Right", "#1a7f37"), False: ("✗ ", "Not yet", "#b35900"), None: ("", "Not tried yet", "#59636e")}


class Form(str):
    """What is wrong with the form of an answer, not with the answer: it uses up no hint."""

    __slots__ = ()


@dataclass(frozen=True)
class Feedback:
    """What became of an answer: whether it is right (None: not tried yet), what is to be said of it, and perhaps a hint."""

    right: bool | None
    says: str
    hint: str = ""
    code: str = ""
    """All that is solved in this notebook, to hand in (see `codes`)."""

    def __repr__(self) -> str:
        return f"{MARKS[self.right][1]}. {self.says}" + (f"\nHint: {self.hint}" if self.hint else "")

    def _repr_html_(self) -> str:
        mark, word, colour = MARKS[self.right]
        hint = f"<div style='margin-top:4px'><b>Hint:</b> {escape(self.hint)}</div>" if self.hint else ""
        code = f"<div><small>To hand in: <code>{escape(self.code)}</code></small></div>" if self.code else ""
        head = f"<div role='status' style='border-left:4px solid {colour};padding:4px 12px'>"
        return f"{head}<b>{mark}{word}.</b> {escape(self.says)}{hint}{code}</div>"


class Exercise:
    """A question that checks its answers, made of its `judge`.  Each wrong answer brings the next hint."""

    def __init__(self, judge: Judge) -> None:
        asks, *parts = re.split(r"^ *(?=Hint: |Right: )", judge.__doc__ or "", flags=re.MULTILINE)
        said = [" ".join(part.split()).partition(": ") for part in parts]
        self.judge, self.asks = judge, " ".join(asks.split())
        self.hints, self.right = ([text for kind, _, text in said if kind == which] for which in ("Hint", "Right"))
        self.room = judge.__module__.rpartition(".")[2]
        self.solved = False
        self._wrong: list[str] = []

    @property
    def wrong(self) -> int:
        """How many different wrong answers were tried."""
        return len(self._wrong)

    def check(self, answer: Any) -> Feedback:
        """Judge an answer.  None is no answer yet; the same wrong answer twice brings no new hint."""
        if answer is None:
            return Feedback(None, "Replace None by your answer.")
        wrong = self.judge(answer)
        self.solved = self.solved or not wrong
        if not wrong or isinstance(wrong, Form):
            return Feedback(not wrong, wrong or " ".join(self.right))
        if repr(answer) not in self._wrong:
            self._wrong.append(repr(answer))
        return Feedback(False, wrong, self.hints[min(len(self._wrong), len(self.hints)) - 1] if self.hints else "")

    def __repr__(self) -> str:
        return f"<Exercise: {self.asks}>"


def numeric(
    *, within: float, low: float = 0, high: float = 100, of_100: bool = False
) -> Callable[[Callable[[], Known]], Exercise]:
    """Make an exercise of a function that computes the right number and known mistakes.

    An answer is right within `within` of the number, relative to it.  `of_100` says that the question asks for a percentage, so
    that a fraction is told from a wrong number.
    """

    def made(compute: Callable[[], Known]) -> Exercise:
        numbers = cache(compute)

        def judge(answer: Any) -> str:
            if isinstance(answer, np.ndarray | list | tuple) and np.size(answer) == 1:
                answer = np.asarray(answer).item()
            if isinstance(answer, bool) or not isinstance(answer, Real | np.number | Decimal):
                return Form(f"A number is needed, not {type(answer).__name__}.")
            given, (value, mistakes) = float(answer), numbers()
            if not low <= given <= high:
                return Form(f"The answer lies between {low:g} and {high:g}, not at {given:g}.")
            if of_100 and abs(100 * given - value) <= within * abs(value):
                return Form(f"That is a fraction. The question asks for a number of 100: {100 * given:g} would be right.")
            if abs(given - value) <= within * abs(value):
                return ""
            known = (says for says, wrong in mistakes.items() if abs(given - wrong) <= 0.5 * within * abs(wrong))
            return next(known, f"{given:g} is too {'large' if given > value else 'small'}.")

        judge.__doc__, judge.__module__ = compute.__doc__, compute.__module__
        return Exercise(judge)

    return made


class Checks:
    """`check(number, answer)` for the exercises of a notebook, counted from 1; `check.hand_in()` says how far one came."""

    def __init__(self, *exercises: Exercise) -> None:
        self.exercises = exercises

    def __call__(self, number: int, answer: Any) -> Feedback:
        """Judge the answer to an exercise, counted from 1.  A ValueError if there is none of that number."""
        if number not in range(1, len(self.exercises) + 1):
            raise ValueError(f"there are exercises 1 to {len(self.exercises)}, not {number!r}")
        found = self.exercises[number - 1].check(answer)
        return replace(found, code=self.hand_in()) if found.right else found

    def hand_in(self, nickname: str = "", word: str = "") -> str:
        """The code of what is solved so far; signed if there is a class word, which the teacher gives."""
        parts = self.exercises
        results = Results(
            notebook=parts[0].room.replace("_", "-"),
            solved=tuple(each.solved for each in parts),
            wrong=tuple(each.wrong for each in parts),
            mark=session_mark(),
            nickname=nickname,
        )
        return write(sign(results, word))
