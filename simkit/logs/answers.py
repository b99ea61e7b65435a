"""What models answered, in the names of a scenario: counts, rates, differences on the same samples, agreement of raters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import Floats, Ints, frozen
from ..case import Case
from ..evaluate import expect
from ..files import InvalidFile, Problem
from ..policy import JEFFREYS, Policy, observed
from ..text import Printable, Printed, number, percent, shown, suggest
from .mapping import LogMap, Lookup, load_map
from .reader import Log, Scored, read


@dataclass(frozen=True, eq=False, repr=False)
class Answers(Printed):
    """What one model answered to n samples.

    signal (n,) and segment (n,; −1: not said) are places in the case; answered (n, R) is the fraction of a sample's epochs that
    ended in each response.  `silent` samples have no answer: an error, no score, or a word that is left out.
    """

    case: Case
    name: str
    ids: tuple[str, ...]
    signal: Ints
    segment: Ints
    answered: Floats
    silent: int = 0

    @property
    def counts(self) -> Floats:
        """Samples on each signal that ended in each response, (K, R); a sample counts once, however many epochs it has."""
        return frozen(np.eye(len(self.case.population.signal_names))[:, self.signal] @ self.answered)

    def policy(self) -> Policy:
        """The model as an observed policy of the case; Jeffreys' prior speaks only where a signal was never seen."""
        counts = self.counts
        return observed(self.case, counts, name=self.name, smoothing=0.0 if (counts.sum(1) > 0).all() else JEFFREYS)

    def refused(self, harmful: bool) -> float:
        """The fraction refused of the samples that the log takes for harmful senders, or for others; nan if there are none."""
        senders = (self.segment >= 0) & (self.case.population.harmful[self.segment] == harmful)
        return float(self.answered[senders][:, self.case.refuses].sum(1).mean()) if senders.any() else float("nan")

    def _parts(self) -> Iterator[Printable]:
        counts, names = self.counts, self.case.population.signal_names
        silent = f"; {self.silent} more have no answer" if self.silent else ""
        yield f"{self.name}: {len(self.ids)} samples of {self.case.name}{silent}"
        rows = [[name, *map(number, row)] for name, row in zip(names, counts, strict=True) if row.any()]
        yield ["signal", *self.case.responses], rows
        yield from self.notes()

    def notes(self) -> Iterator[str]:
        """What a count does not say: signals that no sample speaks of, and the log's own rates beside the population's."""
        names, counts = self.case.population.signal_names, self.counts
        unseen = [name for name, row in zip(names, counts, strict=True) if not row.any()]
        if unseen:
            yield f"No sample speaks of {', '.join(unseen[:9])}{', …' * (len(unseen) > 9)}: there the answer is a guess."
        if (self.segment >= 0).any():
            here = expect(self.case, self.policy())
            rates = (self.refused(False), 1 - self.refused(True), float(here.over_refusal), float(here.under_refusal))
            said = "Over- and under-refusal: {} and {} in the log, {} and {} among the senders of {}."
            yield said.format(*map(percent, rates), self.case.name)


def answers(
    log: Log | str | Path,
    mapping: str | Path,
    *,
    edit: Callable[[Case], Case] | None = None,
    progress: Callable[[float], object] | None = None,
) -> tuple[Answers, ...]:
    """What each model of a log answered, by a mapping file; `edit` may change its case: a context, other shares.

    An `InvalidFile` names words that the mapping does not know, with how often they stand in the log.
    """
    rules, case = load_map(mapping)
    case = edit(case) if edit else case
    log = log if isinstance(log, Log) else read(log, keep=rules.fields, progress=progress)
    models: dict[str, dict[str, _Sample]] = {}
    wrong: Counter[tuple[str, str, str]] = Counter()
    for row in log.rows:
        model = models.setdefault(_model(rules, log, row), {})
        sample = model.setdefault(str(row.id), _Sample())
        sample.take(rules, case, row, wrong)
    twice = [name for model in models.values() for name, one in model.items() if one.twice]
    problems = [_unknown(case, *said, count) for said, count in wrong.items()]
    if twice:
        rule = f"{len(twice)} samples are answered twice in one epoch ({shown(twice[0])} the first of them)"
        problems.append(Problem((), rule, "say under `model` what tells the models of this log apart"))
    if not problems and not any(one.answers for model in models.values() for one in model.values()):
        rule = "no sample of the log has an answer where the mapping looks for one"
        problems.append(Problem((), rule, "print simkit.logs.read(…) to see its scores and fields"))
    if problems:
        raise InvalidFile(log.name, problems)
    return tuple(_gathered(case, name, model) for name, model in models.items() if name not in rules.leave_out)


class _Sample:
    """One sample of one model while its rows come in."""

    def __init__(self) -> None:
        self.signal = self.segment = -1
        self.answers: dict[int, int] = {}
        self.twice = False

    def take(self, rules: LogMap, case: Case, row: Scored, wrong: Counter[tuple[str, str, str]]) -> None:
        def place(what: str, look: Lookup | None, names: Sequence[str]) -> int:
            word = look.word(row) if look else None
            if look is None or word is None or word in rules.leave_out:
                return -1
            name = look.name(word)
            if name not in names:
                wrong[what, word, name] += 1
                return -1
            return names.index(name)

        signal = place("signal", rules.signal, case.population.signal_names)
        segment = place("segment", rules.segment, case.segments)
        answer = place("response", rules.response, case.responses)
        self.signal, self.segment = max(self.signal, signal), max(self.segment, segment)
        if answer >= 0:
            self.twice |= row.epoch in self.answers
            self.answers[row.epoch] = answer


def _model(rules: LogMap, log: Log, row: Scored) -> str:
    word = rules.model.word(row) if rules.model else None
    return rules.model.name(word) if rules.model and word else log.model or Path(log.name).stem


def _unknown(case: Case, what: str, word: str, name: str, count: int) -> Problem:
    known = {"signal": case.population.signal_names, "segment": case.segments, "response": case.responses}[what]
    rule = f"no {what} of {case.name} is called so ({count} row{'s' * (count > 1)} of the log)"
    return Problem((what,), rule, f"list it under {what}.values or leave_out; {suggest(name, known)}", shown(word))


def _gathered(case: Case, name: str, samples: dict[str, _Sample]) -> Answers:
    good = {key: one for key, one in samples.items() if one.answers and one.signal >= 0}
    table = np.zeros((len(good), len(case.responses)))
    for place, one in enumerate(good.values()):
        for answer in one.answers.values():
            table[place, answer] += 1 / len(one.answers)
    signal, segment = (np.array([getattr(one, what) for one in good.values()], dtype=int) for what in ("signal", "segment"))
    return Answers(case, name, tuple(good), signal, segment, frozen(table), len(samples) - len(good))


# --- two models on the same samples -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, repr=False)
class Difference(Printed):
    """Two models on the same n samples, each array (R,): rates, their difference with a 95% interval, McNemar's exact p.

    `gained` and `lost` count the samples on which only the second, or only the first, gave the response (more often).
    """

    first: Answers
    second: Answers
    samples: int
    rates: tuple[Floats, Floats]
    difference: Floats
    low: Floats
    high: Floats
    gained: Ints
    lost: Ints
    p: Floats

    def _parts(self) -> Iterator[Printable]:
        yield f"{self.second.name} against {self.first.name} on the same {self.samples} samples"
        head = ["response", self.first.name, self.second.name, "difference (95%)", "gained", "lost", "p"]
        cells = zip(*self.rates, self.difference, self.low, self.high, self.gained, self.lost, self.p, strict=True)
        yield (
            head,
            [
                [name, percent(a), percent(b), _points(d, low, high), str(up), str(down), number(p)]
                for name, (a, b, d, low, high, up, down, p) in zip(self.first.case.responses, cells, strict=True)
            ],
        )


def _points(middle: float, low: float, high: float) -> str:
    """A difference of rates with its interval, in percentage points."""
    return f"{number(100 * middle)} ({number(100 * low)} to {number(100 * high)}) points"


def difference(first: Answers, second: Answers, *, harmful: bool | None = None) -> Difference:
    """How the answers of two models differ on the samples that both answered, or on those of (not) harmful senders.

    Pairing takes out what makes a sample easy or hard.  p is McNemar's exact test (the sign test on samples that differ: 1947);
    the interval is that of Agresti and Min (2005), whose half a sample in each cell keeps it honest where nothing differs.
    A ValueError if no sample is shared.
    """
    from scipy.stats import binom

    place = {name: i for i, name in enumerate(second.ids)}
    pairs = np.array([(i, place[name]) for i, name in enumerate(first.ids) if name in place], dtype=int).reshape(-1, 2)
    if harmful is not None:
        kind = first.segment[pairs[:, 0]]
        pairs = pairs[(kind >= 0) & (first.case.population.harmful[kind] == harmful)]
    if not len(pairs) or first.case.responses != second.case.responses:
        raise ValueError(f"{first.name} and {second.name} share no sample: give answers to the same samples, by one mapping")
    a, b = first.answered[pairs[:, 0]], second.answered[pairs[:, 1]]
    change, n = b - a, len(pairs)
    middle = change.sum(0) / (n + 2)
    half = 1.959964 * np.sqrt((change**2).sum(0) + 1 - change.sum(0) ** 2 / (n + 2)) / (n + 2)
    gained, lost = (change > 1e-12).sum(0), (change < -1e-12).sum(0)
    p = np.minimum(1, 2 * binom.cdf(np.minimum(gained, lost), gained + lost, 0.5))
    shown_rates = (frozen(a.mean(0)), frozen(b.mean(0)))
    return Difference(first, second, n, shown_rates, frozen(change.mean(0)), middle - half, middle + half, gained, lost, p)


# --- raters -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """How often raters gave the same label, and kappa: the part of what luck leaves open on which they agree (with its 95%).

    Two raters: Cohen (1960); more: Fleiss (1971).  The interval is by the jackknife over samples.
    """

    labelled: int
    same: float
    kappa: float
    low: float
    high: float

    def __str__(self) -> str:
        said = f"{self.labelled} answers, {percent(self.same)} labelled alike, kappa {self.kappa:.3f}"
        return f"{said} ({self.low:.3f} to {self.high:.3f})"


def agreement(rows: Iterable[Scored], raters: Sequence[Lookup]) -> Agreement:
    """How well raters agree on the rows that all of them labelled, in the log's own words.

    A ValueError for fewer than two raters, or if no row has a label of each.
    """
    labels = [tuple(rater.word(row) for rater in raters) for row in rows]
    seen = Counter(each for each in labels if None not in each)
    if len(raters) < 2 or not seen:
        raise ValueError("agreement is between two raters or more, and needs an answer that all of them labelled")
    words = sorted({word for each in seen for word in each if word is not None})
    votes = np.array([[word == name for word in each] for each in seen for name in words]).reshape(len(seen), len(words), -1)
    many = np.array(list(seen.values()), dtype=float)
    kappa, n = _kappa(votes, many), int(many.sum())
    without = np.array([_kappa(votes, many - (np.arange(len(many)) == i)) for i in range(len(many))])
    half = 1.959964 * np.sqrt((n - 1) / n * (many * (without - without @ many / n) ** 2).sum())
    same = float(many[votes.all(-1).any(-1)].sum() / n)
    return Agreement(n, same, kappa, kappa - half, min(1.0, kappa + half))


def _kappa(votes: np.ndarray, many: Floats) -> float:
    """Kappa of patterns of votes (P, words, raters), of which there are `many` (P,)."""
    raters, share = votes.shape[-1], many / many.sum()
    per_rater = np.einsum("p,pwr->wr", share, votes)
    counts = votes.sum(-1)
    alike = float(share @ ((counts**2).sum(-1) - raters) / (raters * (raters - 1)))
    by_luck = float(per_rater.prod(-1).sum() if raters == 2 else (per_rater.mean(-1) ** 2).sum())
    return 1.0 if by_luck == 1 else (alike - by_luck) / (1 - by_luck)
