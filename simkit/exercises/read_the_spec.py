"""Exercises of notebook 04: count levels, follow references, tell a rename from a change of meaning, hear an amendment."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..scenario import load
from ..spec import amend, assess_impact, compare, depends_on, facts, load_amendment
from ..spec import load as load_spec
from .exercise import Exercise, checker, near


def _share_of_root() -> float:
    levels = [section.authority for section in facts("2025-12-18").sections if section.authority]
    return 100 * levels.count("root") / len(levels)


def _share_of_all() -> float:
    sections = facts("2025-12-18").sections
    return 100 * sum(section.authority == "root" for section in sections) / len(sections)


def _dependents() -> float:
    return float(len(depends_on(facts("2025-12-18"), "chain_of_command")))


def _cited() -> float:
    return float(len({ref.source for ref in facts("2025-12-18").refs if ref.target == "chain_of_command"}))


def _changed() -> float:
    return float(len(compare(facts("2025-02-12"), facts("2025-12-18")).level_changed))


@cache
def _mix(harm_weight: float) -> float:
    """Of 100 senders in intensive care and on the site of the incident, how many have to come to the site."""
    rules, case = load_spec("general-assistant"), load("medication-threshold")
    cases = [case.in_context(name) for name in ("icu-team", "malicious-operator")]
    amended = amend(rules, load_amendment("keep-safe-messaging"))
    found = assess_impact(rules, amended, cases, rng=np.random.default_rng(0), worlds=1, harm_weight=harm_weight)
    return 100 * found.mix.share if found.mix else float("nan")


exercises = (
    Exercise(
        "Of 100 sections of the release of December 2025 that have a level, how many are root?",
        near(
            _share_of_root,
            within=0.03,
            low=0,
            high=100,
            mistakes={
                "That is of all sections. Many only hold others, or explain, and have no level: leave them out.": _share_of_all
            },
        ),
        right="More than a third of what has a level cannot be overridden by anybody in the conversation.",
        hints=(
            "facts.sections is a tuple; each section has .authority, which is None where there is no level.",
            "Count the sections whose .authority is 'root', and those whose .authority is not None.",
            "sum(s.authority == 'root' for s in sections) / sum(s.authority is not None for s in sections), times 100",
        ),
    ),
    Exercise(
        "From how many sections does a path of references lead to chain_of_command, in the same release?",
        near(
            _dependents,
            within=0.001,
            low=0,
            high=1000,
            mistakes={
                "So many cite it directly. Those that cite one of these depend on it as well.": _cited,
            },
        ),
        right="To change what one section says is to change what all of these mean.",
        hints=(
            "Whoever cites a section that cites it depends on it too.",
            "spec.depends_on(facts, id) follows the references for you.",
            "len(spec.depends_on(facts, 'chain_of_command'))",
        ),
    ),
    Exercise(
        "Between February and December 2025, of how many sections did the level change its meaning, apart from its name?",
        near(
            _changed,
            within=0.001,
            low=0,
            high=1000,
            mistakes={
                "So many have another word for their level. Most of them kept their rank: platform became root.": lambda: 20.0
            },
        ),
        right="Twenty sections have another word, and three another rank. A difference of words is not yet a change of rules.",
        hints=(
            "compare(old, new) sets renames apart.",
            "Look at .level_changed of the comparison.",
            "len(spec.compare(spec.facts('2025-02-12'), spec.facts('2025-12-18')).level_changed)",
        ),
    ),
    Exercise(
        "One harm unit outweighs only 5 help units. How many of 100 senders in icu-team and malicious-operator have to come to "
        "the second before the amendment is worth it?",
        near(
            lambda: _mix(5),
            within=0.01,
            low=0,
            high=100,
            of_100=True,
            mistakes={
                "That is with one harm unit outweighing 20 help units.": lambda: _mix(20),
                "So many may come to intensive care at most. The question asks for the other ones.": lambda: 100 - _mix(5),
            },
        ),
        right="57 instead of 40: what a harm is worth is not among the facts. The analysis says how far two judges are apart.",
        hints=(
            "spec.assess_impact takes harm_weight.",
            "The last sentence of spec.assess_impact names the mix; .mix.share is the number.",
            "100 * spec.assess_impact(rules, amended, products, rng=np.random.default_rng(0), harm_weight=5).mix.share",
        ),
    ),
)

check = checker(exercises)
