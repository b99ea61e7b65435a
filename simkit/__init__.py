"""simkit: an answer is a policy over everyone who sends those words.

The rooms, in the order in which the data flows:

    arrays, plain, tables   small things below all rooms
    files        plain data read from YAML at one door: bounded, nothing executed, every line remembered
    records      checked records: every error at once, with file, line, path, value, likely fix
    messages     who says what to the assistant, with which authority, and what that is meant to set
    severity     how bad one harmful event is
    population   who sends this message: segments, shares with intervals, signals
    case         one ambiguous request as arrays, in a context, in a state
    scenario     the same request as a file says it (scenario_rules: what no single field can see)
    answers      what a policy is: for each signal, the chance of each response
    policy       what to answer on each signal: the ways to make a policy
    evaluate     what then happens, exactly: exposure, expect
    simulation   the witness: senders drawn one by one
    frequencies  1000 senders as dots: who they are, what they get, what comes of it
    crowds       how many events a crowd of N senders brings; the two front pages
    totals       the exact law of the total harm of N users (compound: how it is computed)
    cast         who instructs and who judges: operators and models, each with a chance
    autonomy     the corrigibility–autonomy dial: when a model departs from its instructions, and what comes of it
    copies       every copy of a model errs together: the dial as an ordinary case and policy; its totals
    optimum      where the dial should stand, how surely, and what would turn it
    dispositions the list that the dial walks down, two by two, and why a blend is not the dial
    tradeoff     which policies are worth having: frontier, regret, information
    robust       what holds when the shares are wrong: worst cases, minimax regret
    conclusions  does one policy beat another: in which fraction of plausible worlds, and what would flip it
    report       a comparison of policies that people can read
    spec         the written spec: decide with a trace, compile to a policy, hear an amendment; published Model Specs compared
    theory       formal models beside the chain: off_switch, delegation, dial, obedience, insurance, control,
                 trust, sequential, release
    plots        results -> Axes
    widgets      instruments for notebooks: controls, a pure function, a picture
    lab          JupyterLab on the notebooks (server: what makes its sliders quick)

    >>> import simkit as sk
    >>> case = sk.load("medication-threshold")
    >>> sk.expect(case, sk.policy.bayes(case))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        autonomy,
        cast,
        conclusions,
        copies,
        crowds,
        dispositions,
        evaluate,
        files,
        frequencies,
        messages,
        optimum,
        plots,
        policy,
        population,
        records,
        report,
        robust,
        scenario,
        severity,
        simulation,
        spec,
        theory,
        totals,
        tradeoff,
        widgets,
    )
    from .case import Case
    from .conclusions import compare
    from .evaluate import expect, exposure
    from .files import InvalidFile
    from .frequencies import dots
    from .policy import Policy
    from .report import summarize
    from .scenario import load
    from .simulation import simulate
    from .totals import Total, total
    from .tradeoff import frontier, regret

__version__ = "0.1.0"

_ROOMS = (
    "autonomy",
    "case",
    "cast",
    "conclusions",
    "copies",
    "crowds",
    "dispositions",
    "evaluate",
    "files",
    "frequencies",
    "messages",
    "optimum",
    "plots",
    "policy",
    "population",
    "records",
    "report",
    "robust",
    "scenario",
    "severity",
    "simulation",
    "spec",
    "theory",
    "totals",
    "tradeoff",
    "widgets",
)
_NAMES = {
    "Case": "case",
    "InvalidFile": "files",
    "Policy": "policy",
    "Total": "totals",
    "compare": "conclusions",
    "dots": "frequencies",
    "expect": "evaluate",
    "exposure": "evaluate",
    "frontier": "tradeoff",
    "load": "scenario",
    "regret": "tradeoff",
    "simulate": "simulation",
    "summarize": "report",
    "total": "totals",
}

__all__ = [
    "Case",
    "InvalidFile",
    "Policy",
    "Total",
    "autonomy",
    "case",
    "cast",
    "compare",
    "conclusions",
    "copies",
    "crowds",
    "dispositions",
    "dots",
    "evaluate",
    "expect",
    "exposure",
    "files",
    "frequencies",
    "frontier",
    "load",
    "messages",
    "optimum",
    "plots",
    "policy",
    "population",
    "records",
    "regret",
    "report",
    "robust",
    "scenario",
    "severity",
    "simulate",
    "simulation",
    "spec",
    "summarize",
    "theory",
    "total",
    "totals",
    "tradeoff",
    "widgets",
]


def __getattr__(name: str) -> Any:
    """Import a room or a public name when it is first used, so that `import simkit` costs nothing."""
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _NAMES:
        found = getattr(import_module(f".{_NAMES[name]}", __name__), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
