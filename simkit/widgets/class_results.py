"""What a class handed in, put together from a text that holds its codes: who guessed what, who solved what, which games.

Nothing is lost: what is damaged, unknown or said twice is named with its line and with what is wrong.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..codes import MINDS, Code, Found, Game, Guess, Results, find
from .questions import Question, library_notebooks
from .release_game import TrustSettings, hidden
from .trust_instrument import Pool, pool

GAME_LINE = re.compile(r"(?:simkit\.)?widgets\.trust\(.*\)")


@dataclass
class ClassResults:
    """What students handed in: guesses by question and student, results by notebook and student, games by student.

    `students` are in the order in which they appear, `notes` say what is damaged, unknown or not counted, in one line each.
    """

    questions: dict[str, Question]
    students: dict[str | int, str] = field(default_factory=dict)
    guesses: dict[str, dict[str, Guess]] = field(default_factory=dict)
    results: dict[str, dict[str, Results]] = field(default_factory=dict)
    games: dict[str, list[TrustSettings]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def answer(self, question: str) -> float:
        """The answer that most codes of a question carry."""
        return Counter(each.answer for each in self.guesses[question].values()).most_common(1)[0][0]

    def minds(self, question: str) -> dict[str, list[str]]:
        """The students who say that exploring changed their mind, a little, not, or nothing: by `MINDS`."""
        said = self.guesses[question].items()
        return {mind: [name for name, guess in said if guess.mind == mind] for mind in reversed(MINDS)}

    def pooled(self) -> Pool:
        """The games of all students, beside what each release rule would have done."""
        return Pool(tuple(run for runs in self.games.values() for run in runs))

    def scores(self) -> dict[str, tuple[int, int]]:
        """Games of each player, and how many were decided rightly: aligned models loosened, misaligned ones held back."""
        right = {name: sum(run.loosened == (hidden(run).type == 0) for run in runs) for name, runs in self.games.items()}
        return {name: (len(runs), right[name]) for name, runs in self.games.items()}

    def rows(self, word: str = "") -> list[dict[str, Any]]:
        """A row for each student, for a gradebook; with a class word, whether each notebook's results are signed with it."""
        scores, rows = self.scores(), []
        for name in self.students.values():
            row: dict[str, Any] = {"student": name}
            for mark, guesses in sorted(self.guesses.items(), key=lambda pair: self.questions[pair[0]].name):
                asked, given = self.questions[mark].name, guesses.get(name)
                row |= {f"{asked} guess": given.guess if given else "", f"{asked} changed mind": given.mind if given else ""}
            for notebook, results in sorted(self.results.items()):
                row |= _graded(notebook, results.get(name), word)
            if scores:
                row["games"], row["games decided rightly"] = scores.get(name, (0, 0))
            rows.append(row)
        return rows

    def csv(self, word: str = "") -> str:
        """The same rows as the text of a CSV file."""
        rows, out = self.rows(word), io.StringIO()
        writer = csv.DictWriter(out, rows[0] if rows else ["student"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()


def _graded(notebook: str, done: Results | None, word: str) -> dict[str, Any]:
    row = {
        f"{notebook} solved": sum(done.solved) if done else "",
        f"{notebook} of": len(done.solved) if done else "",
        f"{notebook} wrong tries": sum(done.wrong) if done else "",
    }
    return row | ({f"{notebook} signed": (("no", "yes")[done.signed_with(word)] if done else "")} if word else {})


# --- reading ----------------------------------------------------------------------------------------------------------


def gather(text: str, questions: Mapping[str, Question], word: str = "") -> ClassResults:
    """All that a text of pasted codes and lines of games holds, whatever stands around them."""
    made, found = ClassResults(dict(questions)), [*find(text), *_lines(text)]
    named = {each.holds.mark: each.holds.nickname for each in reversed(found) if each.holds and each.holds.nickname}
    for each in sorted(found, key=lambda each: each.line):
        if each.holds is None:
            made.notes.append(f"line {each.line}: {each.wrong} ({_short(each.text)})")
        else:
            name = _student(made.students, each.holds, named.get(each.holds.mark, ""))
            _take(made, name, each.holds, f"line {each.line}", word)
    return made


def _lines(text: str) -> Iterator[Found]:
    """Games that were pasted as a line of code; each line is a player of its own."""
    for number, line in enumerate(text.splitlines(), 1):
        if start := GAME_LINE.search(line):
            yield Found(number, start[0], Game(mark=-number, line=start[0]))


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:14]}…{text[-6:]}"


def _student(students: dict[str | int, str], holds: Code, known: str) -> str:
    """What a student is called: by nickname, else by the nickname of the same session, else by number."""
    name = holds.nickname or known
    number = 1 + sum(isinstance(key, int) for key in students)
    return students.setdefault(name.casefold() or holds.mark, name or f"student {number}")


def _take(made: ClassResults, name: str, holds: Guess | Results | Game, where: str, word: str) -> None:
    if isinstance(holds, Guess):
        _take_guess(made, name, holds, where)
    elif isinstance(holds, Results):
        _take_results(made, name, holds, where, word)
    else:
        found = pool([holds.line])
        new = [run for run in found.runs if run not in made.games.get(name, ())]
        made.notes += [f"{where}: {why.partition(': ')[2]} ({name})" for why in found.refused]
        made.notes += [f"{where}: the same game as before ({name})"] * (len(found.runs) - len(new))
        if new:
            made.games.setdefault(name, []).extend(new)


def _take_guess(made: ClassResults, name: str, guess: Guess, where: str) -> None:
    """The first guess of a student counts; a later code of the same guess says whether it changed a mind."""
    if guess.question not in made.questions:
        made.questions[guess.question] = Question(f"?{guess.question}", "a question that this version does not know", 0, 0)
    asked = made.questions[guess.question]
    if asked.name.startswith("?"):
        made.notes.append(f"{where}: unknown question {guess.question}: the guess {guess.guess} of {name} is kept in the table")
    elif not asked.low <= guess.guess <= asked.high:
        made.notes.append(f"{where}: {name} guessed {guess.guess}, and {asked.name} goes from {asked.low} to {asked.high}")
    guesses = made.guesses.setdefault(guess.question, {})
    before = guesses.setdefault(name, guess)
    if before.guess != guess.guess:
        made.notes.append(f"{where}: {name} had guessed {before.guess} for {asked.name} before; {guess.guess} is not counted")
    elif guess.mind != MINDS[0]:
        guesses[name] = replace(before, mind=guess.mind)
    if guess.answer != (most := made.answer(guess.question)):
        made.notes.append(f"{where}: the answer in the code of {name} is {guess.answer:g}, in others {most:g}")


def _take_results(made: ClassResults, name: str, results: Results, where: str, word: str) -> None:
    """The best of a student's results of a notebook counts, signed before unsigned."""
    notebook = library_notebooks().get(results.notebook)
    if notebook is None:
        made.notes.append(f"{where}: unknown notebook {results.notebook}: the results of {name} are kept in the table")
    if word and results.signature and not results.signed_with(word):
        made.notes.append(f"{where}: signed with another class word, or changed since ({name})")
    kept = made.results.setdefault(notebook or results.notebook, {})
    before = kept.get(name, results)
    kept[name] = max(before, results, key=lambda each: (bool(word) and each.signed_with(word), sum(each.solved)))
