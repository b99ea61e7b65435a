"""Exercises of notebook 04: count levels, follow references, tell a rename from a change of meaning, weigh an amendment."""

from __future__ import annotations

import numpy as np

from ..scenario import load
from ..spec import amend, assess_impact, compare, depends_on, facts, load_amendment
from ..spec import load as load_spec
from .exercise import Checks, Known, numeric


@numeric(within=0.03)
def root() -> Known:
    """Of 100 sections of the release of December 2025 that have a level, how many are root?

    Hint: facts.sections is a tuple; each section has .authority, which is None where there is no level.
    Hint: Count the sections whose .authority is 'root', and those whose .authority is not None.
    Hint: sum(s.authority == 'root' for s in sections) / sum(s.authority is not None for s in sections), times 100
    Right: More than a third of what has a level cannot be overridden by anybody in the conversation.
    """
    every = [section.authority for section in facts("2025-12-18").sections]
    levels = [level for level in every if level]
    of_all = "That is of all sections. Many only hold others, or explain, and have no level: leave them out."
    return 100 * levels.count("root") / len(levels), {of_all: 100 * levels.count("root") / len(every)}


@numeric(within=0.001, high=1000)
def dependents() -> Known:
    """From how many sections does a path of references lead to chain_of_command, in the same release?

    Hint: Whoever cites a section that cites it depends on it too.
    Hint: spec.depends_on(facts, id) follows the references for you.
    Hint: len(spec.depends_on(facts, 'chain_of_command'))
    Right: To change what one section says is to change what all of these mean.
    """
    release = facts("2025-12-18")
    cited = {ref.source for ref in release.refs if ref.target == "chain_of_command"}
    direct = "So many cite it directly. Those that cite one of these depend on it as well."
    return len(depends_on(release, "chain_of_command")), {direct: len(cited)}


@numeric(within=0.001, high=1000)
def changed_levels() -> Known:
    """Between February and December 2025, of how many sections did the level change its meaning, apart from its name?

    Hint: compare(old, new) sets renames apart.
    Hint: Look at .level_changed of the comparison.
    Hint: len(spec.compare(spec.facts('2025-02-12'), spec.facts('2025-12-18')).level_changed)
    Right: Twenty sections have another word, and three another rank. A difference of words is not yet a change of rules.
    """
    words = "So many have another word for their level. Most of them kept their rank: platform became root."
    return len(compare(facts("2025-02-12"), facts("2025-12-18")).level_changed), {words: 20.0}


def _mix(harm_weight: float) -> float:
    """Of 100 senders in intensive care and on the site of the incident, how many have to come to the site."""
    rules, case = load_spec("general-assistant"), load("medication-threshold")
    cases = [case.in_context(name) for name in ("icu-team", "malicious-operator")]
    amended = amend(rules, load_amendment("keep-safe-messaging"))
    found = assess_impact(rules, amended, cases, rng=np.random.default_rng(0), worlds=1, harm_weight=harm_weight)
    return 100 * found.mix.share if found.mix else float("nan")


@numeric(within=0.01, of_100=True)
def amendment() -> Known:
    """One harm unit outweighs only 5 help units. How many of 100 senders in icu-team and malicious-operator have to come to the
    second before the amendment is worth it?

    Hint: spec.assess_impact takes harm_weight.
    Hint: The last sentence of spec.assess_impact names the mix; .mix.share is the number.
    Hint: 100 * spec.assess_impact(rules, amended, products, rng=np.random.default_rng(0), harm_weight=5).mix.share
    Right: 57 instead of 40: what a harm is worth is not among the facts. The analysis says how far two judges are apart.
    """
    mix = _mix(5)
    return mix, {
        "That is with one harm unit outweighing 20 help units.": _mix(20),
        "So many may come to intensive care at most. The question asks for the other ones.": 100 - mix,
    }


exercises = (root, dependents, changed_levels, amendment)
check = Checks(*exercises)
