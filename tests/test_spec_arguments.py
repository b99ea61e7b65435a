"""Bad arguments of the written spec's functions: each is refused with the argument's name, never by an error from inside."""

import numpy as np
import pytest

import simkit as sk
from simkit import spec

RULES, CASE = spec.load("general-assistant"), sk.load("medication-threshold")
PROPOSAL = spec.load_amendment("keep-safe-messaging")
DECISION = spec.decide(RULES, [], "length")
REPORTS = spec.Reports([spec.ReportStream("a", "x", 1e3, 1, 20, 100)])
SAID = spec.Assertion(claim="x", held=0.5, before=0.5, after=0.5)

#: Function -> arguments that make sense, by name.
GOOD = {
    "decide": {"rules": RULES, "messages": [], "behaviour": "length"},
    "decide_all": {"rules": RULES, "messages": []},
    "authorities": {"rules": RULES, "messages": []},
    "compile": {"rules": RULES, "case": CASE},
    "bright_lines": {"rules": RULES, "case": CASE},
    "classify": {"rules": RULES, "messages": []},
    "guarantees": {"rules": RULES},
    "graph": {"rules": RULES},
    "highlighted": {"rules": RULES, "messages": [], "decision": DECISION},
    "draw_chain": {"graph": None},
    "amend": {"rules": RULES, "amendment": PROPOSAL},
    "difference": {"before": RULES, "after": RULES},
    "examine": {"incident": PROPOSAL.incident, "before": RULES, "after": RULES},
    "assess_impact": {"before": RULES, "after": RULES, "cases": [CASE], "rng": np.random.default_rng(0)},
    "draw_impact": {"impact": None},
    "expect_reports": {"case": CASE, "policy": sk.policy.bayes(CASE), "behaviour": "safe-messaging", "answers": 1.0},
    "draw_review": {"reports": REPORTS},
    "judge": {"assertion": SAID},
    "duties": {"profile": "openai-model-spec"},
    "channels": {"case": CASE},
    "with_hostile": {"operators": {}, "share": 0.1},
}
BAD = (None, 3.5, "nonsense", object(), [1])
#: What makes sense there.
FINE = {"behaviour": str, "profile": str, "answers": float, "share": float}


@pytest.mark.parametrize(("name", "argument"), [(name, argument) for name, good in GOOD.items() for argument in good])
def test_a_bad_argument_is_refused_by_its_name(name, argument):
    for bad in BAD:
        if not isinstance(bad, FINE.get(argument, ())):
            with pytest.raises((TypeError, ValueError), match=f"^{argument} must be"):
                getattr(spec, name)(**{**GOOD[name], argument: bad})
