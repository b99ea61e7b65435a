"""What models answered, in the names of a scenario: counts, rates, differences on the same samples, agreement of raters."""

from __future__ import annotations

import math
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
from .mapping import Lookup, load_map, model_of, nothing_found
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


#: What the rows of a sample say: of a signal, a segment and a response, the place in the case for each epoch.
Sample = dict[str, dict[int, int]]


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
    known = {"signal": case.population.signal_names, "segment": case.segments, "response": case.responses}
    looks = [(what, getattr(rules, what), names) for what, names in known.items() if getattr(rules, what)]
    models: dict[str, dict[str, Sample]] = {}
    strange: Counter[tuple[str, str, str]] = Counter()
    again: dict[tuple[str, str], None] = {}
    for row in log.rows:
        model, name = model_of(log, row, rules.model), str(row.id)
        sample = models.setdefault(model, {}).setdefault(name, {what: {} for what in known})
        for what, look, names in looks:
            said = look.called(row, rules.leave_out)
            if said is not None and said not in names:
                strange[what, str(look.word(row)), said] += 1
            elif said is not None:
                again |= {(model, name): None} if what == "response" and row.epoch in sample[what] else {}
                sample[what][row.epoch] = names.index(said)
    problems = [_unknown(case, what, known[what], word, name, many) for (what, word, name), many in strange.items()]
    if again:
        rule = f"{len(again)} samples are answered twice in one epoch ({shown(next(iter(again))[1])} the first of them)"
        problems.append(Problem((), rule, "say under `model` what tells the models of this log apart"))
    if problems:
        raise InvalidFile(log.name, problems)
    if not any(sample["response"] for model in models.values() for sample in model.values()):
        raise nothing_found(log, "no sample of the log has an answer where the mapping looks for one")
    return tuple(_gathered(case, name, model) for name, model in models.items() if name not in rules.leave_out)


def _unknown(case: Case, what: str, known: Sequence[str], word: str, name: str, many: int) -> Problem:
    rule = f"no {what} of {case.name} is called so ({many} row{'s' * (many > 1)} of the log)"
    return Problem((what,), rule, f"list it under {what}.values or leave_out; {suggest(name, known)}", shown(word))


def _gathered(case: Case, name: str, samples: dict[str, Sample]) -> Answers:
    good = {key: one for key, one in samples.items() if one["response"] and one["signal"]}
    each = np.eye(len(case.responses))
    table = np.array([each[list(one["response"].values())].mean(0) for one in good.values()]).reshape(-1, len(each))
    signal, segment = (
        np.array([max(one[what].values(), default=-1) for one in good.values()], dtype=int) for what in ("signal", "segment")
    )
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

    Two raters: Cohen (1960); more: Fleiss (1971).  The interval is by the delta method (Fleiss, Cohen and Everitt 1969).
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
    labels = [each for row in rows if None not in (each := [rater.word(row) for rater in raters])]
    if len(raters) < 2 or not labels:
        raise ValueError("agreement is between two raters or more, and needs an answer that all of them labelled")
    place = {word: i for i, word in enumerate(dict.fromkeys(word for each in labels for word in each))}
    votes = np.eye(len(place))[[[place[word] for word in each] for each in labels]]  # (n, raters, words)
    (n, m, _), same = votes.shape, votes.all(1).any(-1)
    alike = ((votes.sum(1) ** 2).sum(-1) - m) / (m * (m - 1))
    used = votes.mean(0)  # how often each rater says each word; agreement by luck is of second degree in it, with this slope
    slope = used[::-1] if m == 2 else 2 / m * used.mean(0)
    luck = float((used * slope).sum() / 2)
    if luck == 1:
        return Agreement(n, 1.0, 1.0, 1.0, 1.0)
    kappa = float((alike.mean() - luck) / (1 - luck))
    half = 1.959964 * float(np.std(alike - (1 - kappa) * (votes * slope).sum((1, 2)))) / (1 - luck) / math.sqrt(n)
    return Agreement(n, float(same.mean()), kappa, kappa - half, min(1.0, kappa + half))
