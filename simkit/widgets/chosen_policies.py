"""The policies that instruments show: those that are given, those of a case by name, and the best to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..case import Case
from ..policy import Axis, Policy, bayes, candidates, constant, stack
from ..scenario import load
from ..text import suggest

BEST = "best"


def opened(case: Case | str) -> tuple[Case, str]:
    """A case, or that of a scenario's name or path; and what a line of code calls it."""
    return (case, "case") if isinstance(case, Case) else (load(case), repr(case))


def in_context(case: Case, name: str) -> Case:
    """The case in a context, if one is named that it is not in already."""
    return case.in_context(name) if name and name != case.context else case


def labelled(policies: Policy | Sequence[Policy]) -> Policy:
    """One policy, or a batch along one axis; single policies are stacked, and a batch without an axis is numbered.

    A ValueError if a batch runs along more than one axis.
    """
    made = policies if isinstance(policies, Policy) else stack(list(policies))
    if len(made.batch) > 1:
        raise ValueError(f"a batch along one axis can be shown; {made.name} has the shape {made.batch}: take a part of it")
    return made if made.axis or not made.batch else replace(made, axis=Axis("policy", made.labels))


def best_responses(case: Case, harm_weight: float | None = None) -> tuple[str, str]:
    """The best allowed answer and the best refusal to everybody; the other kind where there is none."""
    worth = case.population.shares @ case.value(case.weight(harm_weight))
    chosen = []
    for refusal in (False, True):
        able = [r for r in range(len(case.responses)) if case.allowed[r] and case.refuses[r] == refusal]
        chosen.append(case.responses[max(able or [int(case.allowed.argmax())], key=lambda r: float(worth[r]))])
    return chosen[0], chosen[1]


def named(case: Case, name: str, harm_weight: float | None) -> Policy:
    """A policy of the case by its name: an observed model, a response to everybody, or the best."""
    if name == BEST:
        return bayes(case, harm_weight=harm_weight)
    if name in case.responses:
        return constant(case, name)
    known = {policy.name: policy for policy in candidates(case, harm_weight)}
    if name not in known:
        raise ValueError(f"no policy of {case.name} is called {name!r}; {suggest(name, known)}")
    return known[name]
