"""`classroom()`: paste all codes of a class, see its guesses, reveal the answer, and take a table for the gradebook away."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

import ipywidgets

from ..codes import MINDS, Guess, Results, question_mark
from ..files import write_text
from ..text import html_table, tally
from .class_results import ClassResults, gather
from .controls import Box
from .prediction import Prediction
from .questions import Question, library_questions

#: How a dot is filled, by whether a mind changed.
FILLS = {"yes": "fill='#0072b2'", "a little": "fill='#0072b2' fill-opacity='.35'", "no": "fill='none'", MINDS[0]: "fill='none'"}
WIDTH, HEIGHT, LEFT = 660, 210, 30
ACROSS, BASE = WIDTH - 2 * LEFT, HEIGHT - 34


def classroom(*own: Prediction, text: str = "", word: str = "") -> Classroom:
    """Open the classroom.  `text` holds codes, `own` are predictions of your own, `word` is the class word of signed results.

    Codes may stand anywhere in the text, with anything around them; lines of code of finished audit games count as well.
    """
    return Classroom(own, text, word)


class Classroom(Box):
    """A field for codes, and what they say.  `view` is all that was handed in; `text` is what was pasted."""

    def __init__(self, own: tuple[Prediction, ...], text: str, word: str) -> None:
        asked = {question_mark(each.asks): each for each in own}
        mine = {mark: Question(f"own.{i}", each.asks, *each.ends, each.unit) for i, (mark, each) in enumerate(asked.items(), 1)}
        self._questions, self._revealed = library_questions() | mine, set[str]()
        wide, style = {"width": "99%"}, {"description_width": "8em"}
        self._text = ipywidgets.Textarea(
            placeholder="Paste the codes of the class here, with whatever stands around them",
            layout={"width": "99%", "height": "90px"},
        )
        self._word = ipywidgets.Text(value=word, description="class word", tooltip="class word", style=style)
        self._question = ipywidgets.Dropdown(description="question", tooltip="question", style=style, layout={"width": "95%"})
        self._reveal = ipywidgets.Button(description="Reveal", button_style="primary", tooltip="Mark the answer")
        self._picture, self._rest = ipywidgets.HTML(layout=wide), ipywidgets.HTML(layout=wide)
        super().__init__([self._text, self._question, self._picture, self._reveal, self._rest, self._word])
        for each in (self._text, self._word):
            each.observe(lambda _: self._gather(), "value")
        self._question.observe(lambda _: self._draw(), "value")
        self._reveal.on_click(lambda _: self.reveal())
        self._text.value = text
        self._gather()

    @property
    def text(self) -> str:
        """What was pasted.  Set it to read something else."""
        return str(self._text.value)

    @text.setter
    def text(self, text: str) -> None:
        self._text.value = text

    def csv(self) -> str:
        """A row for each student, as the text of a CSV file."""
        return self.view.csv(self._word.value)

    def save(self, path: str | Path) -> Path:
        """Write that file, and give its path; a FileExistsError if something is there."""
        return write_text(path, self.csv(), new=True)

    def reveal(self) -> None:
        """Mark the answer to the question that is shown."""
        self._revealed.add(self._question.value)
        self._draw()

    def _gather(self) -> None:
        self.view, chosen = gather(self.text, self._questions, self._word.value), self._question.value
        marks = sorted(self.view.guesses, key=lambda mark: self.view.questions[mark].name)
        named = [(f"{self.view.questions[mark].name}: {self.view.questions[mark].asks}", mark) for mark in marks]
        self._question.options = named
        if named:
            self._question.value = chosen if chosen in marks else marks[0]
        for each in (self._question, self._reveal):
            each.layout.display = "" if named else "none"
        self._draw()
        self._rest.value = _summary(self.view, self.csv())

    def _draw(self) -> None:
        mark = self._question.value
        self._reveal.disabled = mark in self._revealed
        self._picture.value = picture(self.view, mark, revealed=mark in self._revealed) if mark else ""


# --- the picture ------------------------------------------------------------------------------------------------------


def picture(view: ClassResults, mark: str, *, revealed: bool = False) -> str:
    """The guesses of a question as dots over their scale, the sentence about them, and the answer once it is revealed."""
    asked, guesses, answer = view.questions[mark], [*view.guesses[mark].values()], view.answer(mark)
    values = [each.guess for each in guesses]
    low, high = min(asked.low, *values, values[0]), max(asked.high, *values, values[0])
    span, said = (high - low) or 1, _sentence(values, asked)
    dots = _dots(guesses, low, span)
    if revealed:
        exact, near = (sum(abs(value - answer) <= off for value in values) for off in (0.5, max(span / 10, 0.5)))
        right = f"The answer is {tally(answer)}{_unit(asked)}: {exact} exact, {near} near (within a tenth of the scale)."
        said = f"{said} {right}"
        dots.append(_answer(LEFT + (min(max(answer, low), high) - low) / span * ACROSS))
    return _drawn(dots, low, high, said)


def _dots(guesses: list[Guess], low: int, span: int) -> list[str]:
    """A dot for each guess, above its place on the scale; those whose mind changed at the bottom."""
    columns = min(span, 60)
    column = {each.guess: round((each.guess - low) / span * columns) for each in guesses}
    most = max(Counter(column[each.guess] for each in guesses).values())
    step, height, dots = min(13, ACROSS / columns, (HEIGHT - 60) / most), Counter[int](), []
    for each in sorted(guesses, key=lambda each: MINDS.index(each.mind), reverse=True):
        place = column[each.guess]
        x, y = LEFT + place * ACROSS / columns, BASE - step * (height[place] + 0.5)
        height[place] += 1
        dots.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{0.43 * step:.2f}' {FILLS[each.mind]} stroke='currentColor'/>")
    return dots


def _answer(at: float) -> str:
    return (
        f"<path d='M{at:.1f} 8V{BASE}' stroke='#d55e00' stroke-width='2'/>"
        f"<circle cx='{at:.1f}' cy='{BASE}' r='6' fill='#d55e00'/>"
        f"<text x='{min(max(at, 60), WIDTH - 60):.1f}' y='{HEIGHT - 4}' text-anchor='middle' fill='#d55e00'>answer</text>"
    )


def _drawn(dots: list[str], low: int, high: int, said: str) -> str:
    axis = f"<path d='M{LEFT} {BASE}H{WIDTH - LEFT}' stroke='currentColor'/>"
    ticks = sorted({round(low + (high - low) * part / 4) for part in range(5)})
    ends = "".join(
        f"<text x='{LEFT + (tick - low) / ((high - low) or 1) * ACROSS:.1f}' y='{HEIGHT - 18}' text-anchor='middle' "
        f"fill='currentColor'>{tick}</text>"
        for tick in ticks
    )
    look = "width:100%;max-width:52em;font-size:12px"
    return (
        f"<svg role='img' aria-label='{escape(said, quote=True)}' viewBox='0 0 {WIDTH} {HEIGHT}' style='{look}'>"
        f"{axis}{ends}{''.join(dots)}</svg><p role='status'>{escape(said)}</p>"
        "<small>A ring is a guess; filled: exploring changed that mind, pale: a little.</small>"
    )


def _sentence(values: list[int], asked: Question) -> str:
    count, unit = len(values), _unit(asked)
    if count < 4:
        return f"{asked.asks} {count} guess{'es' * (count > 1)}: {', '.join(map(str, sorted(values)))}{unit}."
    first, _, third = quantiles(values, n=4, method="inclusive")
    return f"{asked.asks} {count} guesses, median {median(values):g}{unit}; half of them from {first:g} to {third:g}."


def _unit(asked: Question) -> str:
    return f" {asked.unit}" if asked.unit else ""


# --- the rest ---------------------------------------------------------------------------------------------------------


def _summary(view: ClassResults, table: str) -> str:
    if not (view.students or view.notes):
        return ""
    parts = [f"<p><b>{len(view.students)} students.</b> {_link(table)}</p>"]
    if view.notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in view.notes)
        parts.append(f"<p><b>{len(view.notes)} to look at</b></p><ul>{items}</ul>")
    for mark in view.guesses:
        minds = view.minds(mark)
        said = [f"{mind}: {escape(', '.join(names))}" for mind, names in minds.items() if names and mind in ("yes", "a little")]
        other = [f"{mind}: {len(names)}" for mind, names in minds.items() if names and mind not in ("yes", "a little")]
        parts.append(f"<p><b>{escape(view.questions[mark].name)}</b> changed their mind? {'; '.join([*said, *other])}</p>")
    for notebook, results in sorted(view.results.items()):
        parts.append(html_table(["exercise", "solved", "wrong tries"], _solved(list(results.values())), notebook))
    if scores := view.scores():
        players = sorted(scores.items(), key=lambda pair: (-pair[1][1], pair[1][0]))
        parts.append(
            html_table(["player", "decided rightly", "games"], [[n, str(r), str(g)] for n, (g, r) in players], "Audit game")
        )
        parts.append(view.pooled()._repr_html_())
    return "".join(parts)


def _solved(results: list[Results]) -> list[list[str]]:
    """For each exercise of a notebook how many solved it, and how many wrong tries there were."""
    rows = []
    for place in range(max(len(each.solved) for each in results)):
        here = [each for each in results if place < len(each.solved)]
        solved, wrong = sum(each.solved[place] for each in here), sum(each.wrong[place] for each in here)
        rows.append([str(place + 1), f"{solved} of {len(here)}", str(wrong)])
    return rows


def _link(table: str) -> str:
    link = f"download='class.csv' href='data:text/csv;charset=utf-8,{quote(table)}'"
    return f"<a style='text-decoration:underline' {link}>Table for the gradebook (CSV)</a>"
