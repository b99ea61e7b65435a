"""Hold a spec to its word: commitments, a plan written before the log was seen, and a verdict for each with its interval.

A commitment is a sentence of a spec that a probe can break.  Its violations are binomial: intervals are those of Clopper and
Pearson (1934), tests are exact, and a verdict is *kept* (the rate is shown to be at most the promised one), *broken* (shown to
be above it) or *open*.  A judge that errs is corrected for (Rogan and Gladen, 1978).  Many tests share one error (Holm, 1979):
the probability that any kept commitment is called broken stays below it, and so does the probability that any broken one is
called kept.  Several looks at the data share it evenly (Bonferroni).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from .arrays import Floats
from .files import InvalidFile, Problem, find, given_path, parse, read_text, write_text
from .logs import Log, Lookup, Scored, read
from .logs.mapping import as_word, model_of, nothing_found
from .schema import Count, Name, NoName, Note, Place, Probability, Text, adapter, check, obey, record, twice
from .spec import facts
from .text import Printable, Printed, html_lines, number, percent, shown, suggest, whole_percent
from .theory.sampling import acceptance as acceptance
from .theory.sampling import holm as holm
from .theory.sampling import interval as interval
from .theory.sampling import probes_needed as probes_needed
from .theory.sampling import true_rate as true_rate
from .theory.sampling import worst_by_luck as worst_by_luck

# --- the plan ---------------------------------------------------------------------------------------------------------


@record
class Rate:
    """A probability that was measured, with its interval."""

    value: Probability
    low: Probability
    high: Probability

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError("low, value and high should rise")


@record
class Judge:
    """How well whoever labels tells a violation: P(flagged | violated) and P(not flagged | kept)."""

    sensitivity: Rate
    specificity: Rate
    source: Note = ""


@record
class Commitment:
    """What a section of a spec promises, which samples probe it, and which words of the log are a violation."""

    name: Name
    section: Name
    says: Text
    at_most: Annotated[Probability, Field(gt=0, lt=1)]
    """The rate of violations up to which it counts as kept."""
    probes: dict[Text, tuple[Text, ...]]
    """Fields of metadata and the words that they have in a probe; all must fit."""
    violated: tuple[Text, ...]
    kept: tuple[Text, ...]
    judge: Judge | None = None
    """How well the judge tells a violation of this commitment, if that was measured; else it is the plan's."""


@record
class Plan:
    """What will be tested, and how: written and published before the log is seen."""

    about: Text
    registered: Text
    release: NoName = ""
    """The release of the Model Spec whose sections are meant, if it is one: their ids are then checked."""
    error: Annotated[Probability, Field(gt=0, lt=0.5)] = 0.05
    correction: Literal["holm", "bonferroni", "none"] = "holm"
    looks: Annotated[Count, Field(ge=1, le=1000)] = 1
    """How often the data are looked at, this look included."""
    reads: Lookup
    """Where the log says what came of a probe."""
    model: Lookup | None = None
    judge: Judge | None = None
    leave_out: tuple[Text, ...] = ()
    commitments: Annotated[tuple[Commitment, ...], Field(min_length=1, max_length=300)]

    def __post_init__(self) -> None:
        obey(_problems, self)

    @property
    def fingerprint(self) -> str:
        """The start of the SHA-256 of what the plan says: whoever publishes it can show that it came first."""
        return hashlib.sha256(adapter(Plan).dump_json(self)).hexdigest()[:16]


def load_plan(path: str | Path) -> Plan:
    """A plan from a file, or of the library by its name; an `InvalidFile` with every problem."""
    place = find(given_path(path) if "." in str(path) else str(path), "audits")
    return check(Plan, parse(read_text(place), str(place)), _problems)


def _problems(plan: Place) -> Iterator[Problem]:
    yield from twice((each["name"] for each in plan["commitments"]), "commitment", "rename one")
    try:
        sections = facts(plan["release"].value).by_id if plan["release"].value else None
    except InvalidFile as error:
        sections = None
        yield replace(error.problems[0], path=plan["release"].path)
    for each in plan["commitments"]:
        if sections is not None and each["section"].value not in (None, *sections):
            yield each["section"].wrong("the release has no such section", suggest(str(each["section"].value), sections))
        for both in sorted({one.value for one in each["violated"]} & {one.value for one in each["kept"] if one.value}):
            yield each["kept"].wrong(f"{shown(both)} cannot be both kept and violated", "take it out of one list")
    for judge in (plan["judge"], *(each["judge"] for each in plan["commitments"])):
        lows = [judge[name]["low"].value for name in ("sensitivity", "specificity")]
        if None not in lows and sum(lows) <= 1:
            yield judge.wrong(
                "the low ends should add up to more than 1", "a judge that may be no better than luck shows nothing"
            )


# --- what became of it ------------------------------------------------------------------------------------------------

Verdict = Literal["kept", "broken", "open"]


@dataclass(frozen=True)
class Held:
    """One model held to one commitment.

    `violations` of `probes` were flagged (means over epochs); `missing` probes have no label.  `rate` is corrected for the
    judge, with its interval.  `p_kept` and `p_broken` are corrected for many tests; `alone` is the verdict if no other test had
    been made.  `needed`: how many probes would show it, kept or broken, with probability 0.8 if the true rate were this one (0:
    more than a million).  Unless it `fits`, no rate from 0 to 1 explains what the judge flagged: it errs here as it did not
    where it was measured.
    """

    model: str
    commitment: Commitment
    probes: int
    violations: float
    missing: int
    rate: float
    low: float
    high: float
    p_kept: float
    p_broken: float
    verdict: Verdict = "open"
    alone: Verdict = "open"
    needed: int = 0
    fits: bool = True

    @property
    def flagged(self) -> float:
        """The rate at which probes were flagged; 0 without probes."""
        return self.violations / max(self.probes, 1)

    def cells(self) -> list[str]:
        """The row of a table: model, commitment, section, probes, violated, rate, at most, verdict, probes needed."""
        rate = f"{percent(self.rate)} ({percent(self.low)} to {percent(self.high)})" if self.probes else "–"
        needed = f"{self.needed:,}".replace(",", " ") if self.needed else "over a million"
        promise, seen = self.commitment, [str(self.probes), number(self.violations), rate]
        names = [self.model, promise.name, promise.section]
        return [*names, *seen, percent(promise.at_most), self.verdict, needed if self.probes else "–"]


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Printed):
    """What became of a plan.  `str()` and HTML are for people, `data()` for machines; `write` puts either in a file."""

    log: str
    plan: Plan
    held: tuple[Held, ...]

    _between = "\n\n"

    def _parts(self) -> Iterator[Printable]:
        yield f"Audit of {Path(self.log).name}: {len(self.held)} verdicts"
        yield f"{self.plan.about.strip()} Registered: {self.plan.registered.strip()} Fingerprint: {self.plan.fingerprint}."
        head = ["model", "commitment", "section", "probes", "violated", "rate", "at most", "verdict", "probes needed"]
        yield head, [one.cells() for one in self.held]
        yield from self.notes()
        yield from self.selective()

    def notes(self) -> Iterator[str]:
        """What the columns mean, and what the probes cannot say."""
        plan = self.plan
        many = {"holm": "Holm", "bonferroni": "Bonferroni", "none": "nothing"}[plan.correction]
        tests = f"{len(self.held)} tests ({many}) and {plan.looks} look{'s' * (plan.looks > 1)}"
        level = whole_percent(1 - plan.error)
        wrong = f"at most {whole_percent(plan.error)} of such audits call anything broken that is kept"
        yield (
            f"Rates with their {level} interval. Verdicts are corrected for {tests}: {wrong}, and as "
            "many anything kept that is broken. Probes needed: for a verdict in four of five audits, if the rate is as it was "
            "seen."
        )
        if plan.judge:
            ends = [f"{percent(r.low)} to {percent(r.high)}" for r in (plan.judge.sensitivity, plan.judge.specificity)]
            yield (
                f"The judge flags {ends[0]} of what is violated and passes {ends[1]} of what is kept. Rates are corrected for "
                "it, which is right only where it errs as it did where that was measured."
            )
        misfits = [f"{one.commitment.name} of {one.model}" for one in self.held if not one.fits]
        if misfits:
            yield f"No rate explains what the judge flagged for {', '.join(misfits)}: there it errs in another way."
        missing = sum(one.missing for one in self.held)
        if missing:
            yield f"{missing} probes have no label and are left out; were all of them violated, rates would be higher."
        yield "A probe is not a user: these are rates among probes of this log, not among messages that people send."

    def selective(self) -> Iterator[str]:
        """What the same log would have shown if only a part of it were reported."""
        clean = [one for one in self.held if one.probes and not one.violations]
        if clean and len(clean) < len(self.held):
            many = sum(one.probes for one in clean)
            yield f"Reporting only what was never violated ({len(clean)} of {len(self.held)}): no violation in {many} probes."
        for model in dict.fromkeys(one.model for one in self.held):
            mine = [one for one in self.held if one.model == model and one.probes]
            if len(mine) > 1:
                worst, probes = max(mine, key=lambda one: one.flagged), [one.probes for one in mine]
                pooled = sum(one.violations for one in mine) / sum(probes)
                luck = percent(worst_by_luck(probes, pooled))
                shown_worst = (
                    f"Reporting only the worst of {model}: {worst.commitment.name}, {percent(worst.flagged)} violated."
                )
                yield f"{shown_worst} Were all {len(mine)} equally often violated ({percent(pooled)}), the worst shows {luck}."
        found = {verdict: sum(one.alone == verdict != one.verdict for one in self.held) for verdict in ("broken", "kept")}
        yield f"Each test taken alone, {found['broken']} more would be called broken and {found['kept']} more kept."

    def data(self) -> dict[str, Any]:
        """Everything as plain data that JSON can hold."""
        tests = [{**asdict(one), "commitment": one.commitment.name, "section": one.commitment.section} for one in self.held]
        plan = adapter(Plan).dump_python(self.plan, mode="json")
        return {"log": Path(self.log).name, "fingerprint": self.plan.fingerprint, "plan": plan, "tests": tests}

    def html(self) -> str:
        """The report as a page that loads nothing."""
        title = escape(f"Audit of {Path(self.log).name}")
        promises = html_lines("Commitments", (f"{c.name} ({c.section}): {c.says.strip()}" for c in self.plan.commitments))
        return _PAGE.format(title=title, body=self._repr_html_() + promises)

    def write(self, path: str | Path) -> Path:
        """Write the report as .html or .json, beside its place and then moved there; a ValueError for another ending."""
        ends = Path(path).suffix.lower()
        if ends not in (".html", ".json"):
            raise ValueError(f"a report is written as .html or .json, not as {ends or 'a name without an ending'}")
        text = self.html() if ends == ".html" else json.dumps(self.data(), indent=1, ensure_ascii=False, allow_nan=False)
        return write_text(path, text + "\n")


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;display:block;overflow-x:auto}}
td,th{{padding:.2rem .6rem;border-bottom:1px solid #8886}}</style></head>
<body><main>{body}</main></body></html>"""


# --- from a log to verdicts -------------------------------------------------------------------------------------------


def hold(log: Log | str | Path, plan: Plan | str | Path, *, progress: Callable[[float], object] | None = None) -> Audit:
    """Hold every model of a log to every commitment of a plan.

    An `InvalidFile` names words of the log that a commitment lists neither as kept nor as violated.
    """
    plan = plan if isinstance(plan, Plan) else load_plan(plan)
    log = log if isinstance(log, Log) else read(log, progress=progress)
    models: dict[str, dict[str, dict[str, list[bool]]]] = {}
    for model, row, promise in probed(log, plan):
        epochs = models.setdefault(model, {}).setdefault(promise.name, {}).setdefault(str(row.id), [])
        name = plan.reads.called(row, plan.leave_out)
        if name is not None and name not in (*promise.violated, *promise.kept):
            rule = f"{shown(name)} is neither kept nor violated ({promise.name})"
            raise InvalidFile(log.name, [Problem((str(row.id),), rule, "list it in the plan, or leave it out there")])
        epochs += [] if name is None else [name in promise.violated]
    if not models:
        raise nothing_found(log, "no sample of the log probes a commitment of the plan")
    share = plan.error / plan.looks / (1 if plan.correction == "none" else len(models) * len(plan.commitments))
    tests = [
        _alone(plan, share, model, promise, seen.get(promise.name, {}).values())
        for model, seen in models.items()
        for promise in plan.commitments
    ]
    return Audit(log.name, plan, tuple(_together(plan, tests)))


def probed(log: Log, plan: Plan) -> Iterator[tuple[str, Scored, Commitment]]:
    """Each row of a log with each commitment that it probes, and its model."""
    for row in log.rows:
        if plan.reads.score in ("", row.scorer) or not row.scorer:
            for promise in plan.commitments:
                if all(as_word(row.metadata.get(name)) in words for name, words in promise.probes.items()):
                    yield model_of(log, row, plan.model), row, promise


def _alone(plan: Plan, share: float, model: str, promise: Commitment, samples: Collection[list[bool]]) -> Held:
    """One test as if it were the only one; `share` is its part of the error, for the probes that it needs.

    A judge's doubt is taken at the end of its interval that speaks against the verdict.
    """
    from scipy.stats import binom

    rates = [sum(epochs) / len(epochs) for epochs in samples if epochs]
    n, x = len(rates), float(sum(rates))
    judge = promise.judge or plan.judge or _SURE
    right, clear = judge.sensitivity, judge.specificity
    usual, few, many = (right.value, clear.value), (right.low, clear.high), (right.high, clear.low)  # by what they flag
    least, most = (_flagged(promise.at_most, *each) for each in (few, many))
    low, high = interval(x, n, 1 - plan.error)
    held = Held(
        model=model,
        commitment=promise,
        probes=n,
        violations=x,
        missing=len(samples) - n,
        rate=float(true_rate(x / max(n, 1), *usual)),
        low=float(true_rate(low, *many)),
        high=float(true_rate(high, *few)),
        p_kept=float(acceptance(n, math.ceil(x - 1e-9), least)),
        p_broken=float(binom.sf(math.floor(x + 1e-9) - 1, n, most)),
        needed=probes_needed(x / max(n, 1), _flagged(promise.at_most, *usual), error=share),
    )
    if low <= right.high and high >= 1 - clear.high:
        return held
    return replace(held, low=0.0, high=1.0, p_kept=1.0, p_broken=1.0, needed=0, fits=False)


def _flagged(rate: float, right: float, clear: float) -> float:
    """What a judge flags of answers that are violations at a rate."""
    return rate * right + (1 - rate) * (1 - clear)


_ONE = Rate(value=1.0, low=1.0, high=1.0)
_SURE = Judge(sensitivity=_ONE, specificity=_ONE)


_CORRECTIONS: dict[str, Callable[[Floats], Floats]] = {
    "holm": holm,
    "bonferroni": lambda p: np.minimum(1, p * len(p)),
    "none": np.asarray,
}


def _together(plan: Plan, tests: Sequence[Held]) -> Iterator[Held]:
    """The same tests with what they share: p-values corrected for how many there are, and the error for the looks."""
    raw = np.array([[one.p_kept, one.p_broken] for one in tests]).T
    for one, kept, broken in zip(tests, *(_CORRECTIONS[plan.correction](p).tolist() for p in raw), strict=True):
        alone, verdict = _verdict(one.p_kept, one.p_broken, plan.error), _verdict(kept, broken, plan.error / plan.looks)
        yield replace(one, p_kept=kept, p_broken=broken, verdict=verdict, alone=alone)


def _verdict(kept: float, broken: float, error: float) -> Verdict:
    return "kept" if kept <= error else "broken" if broken <= error else "open"


def measure_judge(log: Log, plan: Plan, judge: Lookup, *, commitment: str = "", level: float = 0.95) -> Judge:
    """How well a judge of the log tells the violations that `plan.reads` says, on the probes of one commitment or of all.

    `judge.values` gives the words of the judge as those of the plan; rows on which either says another word are left out.  A
    ValueError if nothing is violated, or nothing kept.
    """
    counts = np.zeros((2, 2))
    for _, row, promise in probed(log, plan):
        truth, said = (each.called(row) for each in (plan.reads, judge))
        if {truth, said} <= {*promise.violated, *promise.kept} and commitment in ("", promise.name):
            counts[int(truth in promise.violated), int(said in promise.violated)] += 1
    if not counts.sum(1).all():
        raise ValueError("a judge is measured where some probes are violated and some kept")
    right = [counts[1, 1], counts[0, 0]], counts.sum(1)[::-1]
    low, high = interval(*right, level)
    rates = [Rate(value=float(x / n), low=float(a), high=float(b)) for x, n, a, b in zip(*right, low, high, strict=True)]
    source = f"{int(counts.sum())} probes of {Path(log.name).name}, against {plan.reads.field or plan.reads.score}"
    return Judge(sensitivity=rates[0], specificity=rates[1], source=source)
