"""What is chosen in `explore`, and the case and policies that it stands for."""

from __future__ import annotations

from dataclasses import dataclass

from ..case import Case
from ..files import suggest
from ..policy import Policy, bayes, candidates, constant, declining
from .choices import Choices

RISKIEST = "the riskiest declined"
BEST = "best"


@dataclass(frozen=True, kw_only=True)
class Settings(Choices):
    """The choices of `explore`.  Empty or None stands for what the case says.

    `policy` is `the riskiest declined` (the slider says how many), or the name of a policy of the case; `compare` is the
    policy that it is measured against (empty: `answer` to everybody); `harmful` is the base share of all harmful senders.
    """

    policy: str = RISKIEST
    declined: int = 0
    answer: str = ""
    decline: str = ""
    context: str = ""
    state: str = ""
    harmful: float | None = None
    overlap: float | None = None
    harm_weight: float | None = None
    compare: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.declined <= 1000:
            raise ValueError(f"declined is a number of senders from 0 to 1000, not {self.declined}")


def bent(case: Case, settings: Settings) -> Case:
    """The case in the chosen context and state, with the chosen shares.  A ValueError if it has none of that name."""
    if settings.context and settings.context != case.context:
        case = case.in_context(settings.context)
    if settings.state:
        case = case.in_state(settings.state)
    if settings.harmful is not None:
        share = case.population.base_share[case.population.harmful]
        if not share.sum() > 0:
            raise ValueError(f"{case.name} has no harmful senders whose share could be moved")
        names = [name for name, bad in zip(case.segments, case.population.harmful, strict=True) if bad]
        parts = settings.harmful * share / share.sum()
        case = case.with_shares(dict(zip(names, map(float, parts), strict=True)))
    return case if settings.overlap is None else case.with_overlap(settings.overlap)


def responses_of(case: Case, settings: Settings) -> tuple[str, str]:
    """What is given below and above the line: as chosen, else the best allowed answer and the best refusal to everybody."""
    weight = case.weight(settings.harm_weight)
    worth = case.population.shares @ case.value(weight)
    chosen = []
    for name, refusal in ((settings.answer, False), (settings.decline, True)):
        able = [r for r in range(len(case.responses)) if case.allowed[r] and case.refuses[r] == refusal]
        able = able or [int(case.allowed.argmax())]
        chosen.append(name or case.responses[max(able, key=lambda r: float(worth[r]))])
    return chosen[0], chosen[1]


def policies_of(case: Case, settings: Settings, only: int | None = None) -> tuple[Policy, Policy]:
    """The policy that is looked at (a batch of 1001, one for each number declined or for `only` one; or a single one) and its
    reference.
    """
    below, above = responses_of(case, settings)
    if settings.policy == RISKIEST:
        declined = range(1001) if only is None else [only]
        looked_at = declining(case, [n / 1000 for n in declined], below=below, above=above)
    else:
        looked_at = named(case, settings.policy, settings.harm_weight)
    return looked_at, named(case, settings.compare or below, settings.harm_weight)


def named(case: Case, name: str, harm_weight: float | None) -> Policy:
    """A policy of the case by its name: an observed model, a response to everybody, or the best."""
    if name == BEST:
        return bayes(case, harm_weight=harm_weight)
    if name in case.responses:
        return constant(case, name)
    known = {policy.name: policy for policy in candidates(case, harm_weight)}
    if name not in known:
        raise ValueError(f"no policy of {case.name} is called {name!r}; {suggest(name, [RISKIEST, *known])}")
    return known[name]
