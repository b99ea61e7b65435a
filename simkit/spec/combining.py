"""Several rules, one verdict: the combining algorithms of XACML, in which an error is never read as permission.

A rule permits, denies, does not apply, or fails.  A failure is remembered with what the rule could have said: I{P}, I{D} or
I{DP}.  Source: OASIS, eXtensible Access Control Markup Language (XACML) 3.0, Appendix C.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Verdict = Literal["Permit", "Deny", "NotApplicable", "I{D}", "I{P}", "I{DP}"]

_SWAPPED: dict[Verdict, Verdict] = {
    "Permit": "Deny",
    "Deny": "Permit",
    "NotApplicable": "NotApplicable",
    "I{D}": "I{P}",
    "I{P}": "I{D}",
    "I{DP}": "I{DP}",
}


def deny_overrides(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict from many, in which a denial wins, and a rule that failed might have denied (Appendix C.2)."""
    found = set(verdicts)
    if "Deny" in found:
        return "Deny"
    if "I{DP}" in found or ("I{D}" in found and found & {"I{P}", "Permit"}):
        return "I{DP}"
    order: tuple[Verdict, ...] = ("I{D}", "Permit", "I{P}")
    return next((verdict for verdict in order if verdict in found), "NotApplicable")


def permit_overrides(verdicts: Iterable[Verdict]) -> Verdict:
    """The same with Permit and Deny exchanged (Appendix C.4)."""
    return _SWAPPED[deny_overrides(_SWAPPED[verdict] for verdict in verdicts)]
