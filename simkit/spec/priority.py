"""Three ways to put goals in order: a lexicographic order, a weighted sum, and an order that is holistic.

Each makes a `choose` for `spec.compile`.  On every signal the goals are scored per request, E[score | signal]:

    lexicographic  the best on the first goal; ties go to the second, and so on
    weighted       the best Σ weight · score
    holistic       drop what is worse than the best by more than `slack` on the first goal, then on the second, …;
                   among the rest, the best Σ weight · score

`slack` joins the first two: 0 is a lexicographic order whose survivors are weighed, ∞ is the weighted sum.  In between, a
goal that stands higher dominates where much is at stake for it, and is weighed where little is: more than a
tie-breaker, less than a veto.
Where each breaks: the lexicographic order gives up any amount of help for the least risk; the weighted sum lets enough help
buy any harm; the holistic order depends on what else is on the menu (an option that nobody picks can change who wins).

They answer at once: the clarifying question is left to `policy.bayes`.  Sources: Anthropic's constitution, January 2026,
"Claude's core values", line 109 (safe, ethical, guidelines, helpful; holistic, not lexicographic); OpenAI's Model Spec,
2025-12-18, overview (three goals that can conflict).  The formal versions are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..arguments import guard
from ..arrays import Bools, Floats, contract
from ..case import Case
from ..policy import Policy

#: Goals of a case, the highest first: each a score per segment and response, (S, R), more is better.
Goals = Callable[[Case], Mapping[str, Floats]]
Choose = Callable[[Case], Policy]


def stakes(case: Case) -> dict[str, Floats]:
    """The goals that every case has, safest first: no harm by answering, no harm by not answering, help."""
    return {"safe": -case.harm, "caring": -case.neglect, "helpful": case.help}


def lexicographic(goals: Goals = stakes) -> Choose:
    """Choose by the first goal; only what ties there is decided by the next."""

    def choose(case: Case) -> Policy:
        scores, left = _scores(case, goals)
        for score in scores:
            left = left & _near(score, left, 0.0)
        return _first(case, "lexicographic", left)

    return choose


def weighted(weights: Mapping[str, float], goals: Goals = stakes) -> Choose:
    """Choose by the weighted sum of the goals; a goal without a weight does not count.  A ValueError names an unknown goal."""

    def choose(case: Case) -> Policy:
        scores, left = _scores(case, goals)
        total = _total(scores, weights, list(goals(case)))
        return _first(case, "weighted", left & _near(total, left, 0.0))

    return choose


def holistic(slack: Mapping[str, float], weights: Mapping[str, float], goals: Goals = stakes) -> Choose:
    """Choose by the weighted sum among what is not much worse than the best on any goal, the goals taken in order.

    `slack` says for each goal how much worse is much, in its own units per request; a goal without one rules nothing out.
    """

    def choose(case: Case) -> Policy:
        scores, left = _scores(case, goals)
        names = list(goals(case))
        _known(slack, names)
        for name, score in zip(names, scores, strict=True):
            left = left & _near(score, left, slack.get(name, np.inf))
        total = _total(scores, weights, names)
        return _first(case, "holistic", left & _near(total, left, 0.0))

    return choose


def _scores(case: Case, goals: Goals) -> tuple[list[Floats], Bools]:
    """E[score | signal] of each goal, (K, R), and what is allowed, (K, R)."""
    posterior = case.population.posterior
    scores = [contract(posterior, np.asarray(score, dtype=float)) for score in goals(case).values()]
    return scores, np.broadcast_to(case.allowed, scores[0].shape)


def _near(score: Floats, left: Bools, slack: float) -> Bools:
    """Whether a response is within `slack` of the best that is left, on each signal, (K, R)."""
    best = np.where(left, score, -np.inf).max(1, keepdims=True)
    rounding = 1e-12 * np.maximum(np.abs(np.where(np.isfinite(best), best, 0.0)), 1e-300)
    with np.errstate(invalid="ignore"):
        return (score >= best - slack - rounding) | (score == best)


def _known(given: Mapping[str, float], names: list[str]) -> None:
    for name in given:
        if name not in names:
            raise ValueError(f"no goal is called {name!r}; known: {', '.join(names)}")


def _total(scores: list[Floats], weights: Mapping[str, float], names: list[str]) -> Floats:
    _known(weights, names)
    used = [(weights[name], score) for name, score in zip(names, scores, strict=True) if weights.get(name)]
    return np.asarray(sum((weight * score for weight, score in used), start=np.zeros(scores[0].shape)))


def _first(case: Case, name: str, left: Bools) -> Policy:
    """The first response that is left on each signal."""
    answer = np.eye(len(case.responses))[left.argmax(1)]
    return Policy(name=name, answer=answer, signals=case.population.signal_names, responses=case.responses)


guard(__name__)
