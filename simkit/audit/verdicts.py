"""The verdicts on a plan: kept, broken or open, with what selective reporting would have shown instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..arrays import Floats, frozen
from ..files import InvalidFile, Problem, write_text
from ..logs import Log, Lookup, Scored, read
from ..logs.mapping import as_word
from ..schema import adapter
from ..text import Printable, Printed, html_lines, number, percent, shown, whole_percent
from .plan import Commitment, Judge, Plan, Rate, load_plan
from .rates import holm, interval, probes_needed, true_rate, worst_by_luck


@dataclass(frozen=True)
class Held:
    """One model held to one commitment.

    `violations` of `probes` were flagged (means over epochs); `missing` probes have no label.  `rate` is corrected for the
    judge, with its interval.  `p_kept` and `p_broken` are corrected for many tests.  `needed`: how many probes would show it,
    kept or broken, with probability 0.8 if the true rate were this one (0: more than a million).
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
    verdict: Literal["kept", "broken", "open"]
    alone: Literal["kept", "broken", "open"]
    """The verdict if no other test had been made."""
    needed: int
    fits: bool = True
    """Whether a rate from 0 to 1 explains what the judge flagged; if not, it errs here as it did not where it was measured."""


HEAD = ("model", "commitment", "section", "probes", "violated", "rate", "at most", "verdict", "probes needed")


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
        yield list(HEAD), [_row(one) for one in self.held]
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
                worst = max(mine, key=lambda one: one.violations / one.probes)
                pooled = sum(one.violations for one in mine) / sum(one.probes for one in mine)
                luck = worst_by_luck([one.probes for one in mine], pooled)
                alike = f"Were all {len(mine)} equally often violated ({percent(pooled)}), the worst shows {percent(luck)}."
                seen = percent(worst.violations / worst.probes)
                yield f"Reporting only the worst of {model}: {worst.commitment.name}, {seen} violated. {alike}"
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


def _row(one: Held) -> list[str]:
    rate = f"{percent(one.rate)} ({percent(one.low)} to {percent(one.high)})" if one.probes else "–"
    needed = f"{one.needed:,}".replace(",", " ") if one.needed else "over a million"
    promise = one.commitment
    cells = [one.model, promise.name, promise.section, str(one.probes), number(one.violations), rate, percent(promise.at_most)]
    return [*cells, one.verdict, needed if one.probes else "–"]


def hold(log: Log | str | Path, plan: Plan | str | Path, *, progress: Callable[[float], object] | None = None) -> Audit:
    """Hold every model of a log to every commitment of a plan.

    An `InvalidFile` names words of the log that a commitment lists neither as kept nor as violated.
    """
    plan = plan if isinstance(plan, Plan) else load_plan(plan)
    log = log if isinstance(log, Log) else read(log, progress=progress)
    models: dict[str, dict[str, dict[str, list[bool]]]] = {}
    for model, row, promise in probed(log, plan):
        epochs = models.setdefault(model, {}).setdefault(promise.name, {}).setdefault(str(row.id), [])
        word = plan.reads.word(row)
        name = None if word is None or word in plan.leave_out else plan.reads.name(word)
        if name is not None and name not in (*promise.violated, *promise.kept):
            rule = f"{shown(name)} is neither kept nor violated ({promise.name})"
            raise InvalidFile(log.name, [Problem((str(row.id),), rule, "list it in the plan, or leave it out there")])
        epochs += [] if name is None else [name in promise.violated]
    counts = [
        (model, promise, _count(samples.get(promise.name, {})))
        for model, samples in models.items()
        for promise in plan.commitments
    ]
    if not counts:
        rule = "no sample of the log probes a commitment of the plan"
        raise InvalidFile(log.name, [Problem((), rule, "print simkit.logs.read(…) to see its scores and fields")])
    return Audit(log.name, plan, tuple(_judged(plan, counts)))


def probed(log: Log, plan: Plan) -> Iterator[tuple[str, Scored, Commitment]]:
    """Each row of a log with each commitment that it probes, and its model."""
    for row in log.rows:
        if plan.reads.score in ("", row.scorer) or not row.scorer:
            word = plan.model.word(row) if plan.model else None
            model = plan.model.name(word) if plan.model and word else log.model or Path(log.name).stem
            for promise in plan.commitments:
                if all(as_word(row.metadata.get(name)) in words for name, words in promise.probes.items()):
                    yield model, row, promise


def _count(samples: dict[str, list[bool]]) -> tuple[int, float, int]:
    """Probes with a label, the violations among them (a mean over epochs each), probes without one."""
    rates = [sum(epochs) / len(epochs) for epochs in samples.values() if epochs]
    return len(rates), float(sum(rates)), len(samples) - len(rates)


def _judged(plan: Plan, counts: list[tuple[str, Commitment, tuple[int, float, int]]]) -> Iterator[Held]:
    """The verdicts.  A judge's doubt is taken at the end of its interval that speaks against the verdict."""
    from scipy.stats import binom

    judges = [promise.judge or plan.judge or _SURE for _, promise, _ in counts]
    right, clear = (_ends([getattr(judge, name) for judge in judges]) for name in ("sensitivity", "specificity"))
    n, x = (np.array([count[i] for *_, count in counts], dtype=float) for i in (0, 1))
    promised = np.array([promise.at_most for _, promise, _ in counts])
    usual, least, most = (
        promised * a + (1 - promised) * (1 - b) for a, b in ((right[0], clear[0]), (right[1], clear[2]), (right[2], clear[1]))
    )
    low, high = interval(x, n, 1 - plan.error)
    fits = (high >= 1 - clear[2]) & (low <= right[2])
    exact = binom.cdf(np.ceil(x - 1e-9), n, least), binom.sf(np.floor(x + 1e-9) - 1, n, most)
    raw = [np.where(fits, p, 1.0) for p in exact]
    kept, broken = (_CORRECTIONS[plan.correction](p) for p in raw)
    low, high = true_rate(low, right[2], clear[1]), true_rate(high, right[1], clear[2])
    flagged = np.where(n > 0, x / np.maximum(n, 1), 0.0)
    rate, error = true_rate(flagged, right[0], clear[0]), plan.error / plan.looks
    alone = error if plan.correction == "none" else error / len(counts)
    for i, (model, promise, (probes, violations, missing)) in enumerate(counts):
        yield Held(
            model=model,
            commitment=promise,
            probes=probes,
            violations=violations,
            missing=missing,
            rate=float(rate[i]),
            low=float(low[i]) if fits[i] else 0.0,
            high=float(high[i]) if fits[i] else 1.0,
            p_kept=float(kept[i]),
            p_broken=float(broken[i]),
            verdict=_verdict(kept[i], broken[i], error),
            alone=_verdict(raw[0][i], raw[1][i], plan.error),
            needed=probes_needed(float(flagged[i]), float(usual[i]), error=alone) if fits[i] else 0,
            fits=bool(fits[i]),
        )


def _ends(rates: list[Rate]) -> Floats:
    """Value, low and high of each, (3, m)."""
    return np.array([[rate.value, rate.low, rate.high] for rate in rates]).T


_CORRECTIONS = {"holm": holm, "bonferroni": lambda p: np.minimum(1, p * len(p)), "none": frozen}
_ONE = Rate(value=1.0, low=1.0, high=1.0)
_SURE = Judge(sensitivity=_ONE, specificity=_ONE)


def _verdict(kept: float, broken: float, error: float) -> Literal["kept", "broken", "open"]:
    return "kept" if kept <= error else "broken" if broken <= error else "open"


def measure_judge(log: Log, plan: Plan, judge: Lookup, *, commitment: str = "", level: float = 0.95) -> Judge:
    """How well a judge of the log tells the violations that `plan.reads` says, on the probes of one commitment or of all.

    `judge.values` gives the words of the judge as those of the plan; rows on which either says another word are left out.  A
    ValueError if nothing is violated, or nothing kept.
    """
    counts = np.zeros((2, 2))
    for _, row, promise in probed(log, plan):
        truth, said = ((each.name(word) if (word := each.word(row)) else "") for each in (plan.reads, judge))
        if {truth, said} <= {*promise.violated, *promise.kept} and commitment in ("", promise.name):
            counts[int(truth in promise.violated), int(said in promise.violated)] += 1
    if not counts.sum(1).all():
        raise ValueError("a judge is measured where some probes are violated and some kept")
    right = [counts[1, 1], counts[0, 0]], counts.sum(1)[::-1]
    low, high = interval(*right, level)
    rates = [Rate(value=float(x / n), low=float(a), high=float(b)) for x, n, a, b in zip(*right, low, high, strict=True)]
    source = f"{int(counts.sum())} probes of {Path(log.name).name}, against {plan.reads.field or plan.reads.score}"
    return Judge(sensitivity=rates[0], specificity=rates[1], source=source)
