"""Exercises of notebook 04: count levels, follow references, tell a rename from a change of meaning."""

from __future__ import annotations

from ..spec import compare, depends_on, facts
from .exercise import Exercise, checker, near

__all__ = ["check", "exercises"]


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
)

check = checker(exercises)
