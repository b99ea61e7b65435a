"""Every scenario in every context under every policy: means, tails, and how surely a policy is ahead."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..aggregate import total
from ..case import Case
from ..evaluate import expect
from ..files import library
from ..policy import Policy, bayes, candidates, constant
from ..population import draw_worlds
from ..scenario import load
from ..uncertainty import net_in_worlds
from ..widgets.chosen_policies import best_responses
from .file import ANSWER, BEST, POLICIES, REFUSAL
from .sweeping import sweep

if TYPE_CHECKING:
    import xarray as xr


def scenarios(
    names: Sequence[str] | None = None,
    *,
    policies: Sequence[str] = POLICIES,
    users: Sequence[float] = (1000,),
    quantiles: Sequence[float] = (0.5, 0.99),
    worlds: int = 200,
    executor: Any = None,
    store: str | Path | None = None,
    progress: bool = True,
    seed: int = 0,
) -> xr.Dataset:
    """Sweep scenarios and all their contexts: a Dataset along `place` (scenario and context), `policy` and `users`.

    `names` are scenarios of the library or paths (None: the whole library), `policies` are best, best-answer, best-refusal, or
    the name of a response or an observed model that every scenario has.  Fields per 1000 senders: help, harm, neglect, net;
    rates of over- and under-refusal; `net_in_worlds` along `worlds` plausible worlds; and the `quantiles` of the total harm of
    so many users, nan where no distribution is certain enough.  The rest is as in `sweep`.
    """
    every = list(names) if names is not None else sorted(path.stem for path in library("scenarios").glob("*.yaml"))
    places = [f"{name}/{context}".rstrip("/") for name in every for context in ("", *_case(name).contexts)]
    levels = tuple(float(level) for level in quantiles)
    found = sweep(
        partial(outcome, quantiles=levels, worlds=worlds),
        {"place": places, "policy": list(policies), "users": list(users)},
        executor=executor,
        store=store,
        progress=progress,
        seed=seed,
    )
    split = [place.partition("/")[::2] if place.partition("/")[0] in every else (place, "") for place in places]
    about = {"scenario": ("place", [name for name, _ in split]), "context": ("place", [context for _, context in split])}
    return found.assign_coords(about | {"quantile": ("quantile", list(levels))})


@cache
def _case(name: str) -> Case:
    return load(name)


def outcome(place: str, policy: str, users: float, quantiles: Sequence[float], worlds: int) -> dict[str, Any]:
    """What one policy does in one place; worlds are the same for all policies there."""
    name, _, context = place.partition("/")
    case = _case(name).in_context(context) if context else _case(name)
    made, weight = named(case, policy), case.harm_weight
    found = expect(case, made)
    drawn = draw_worlds(case.population, np.random.default_rng(7), worlds)
    means = {field: 1000 * float(getattr(found, field)) for field in ("help", "harm", "neglect", "net")}
    rates = {field: float(getattr(found, field)) for field in ("over_refusal", "under_refusal")}
    tails = _quantiles(case, made, users, quantiles)
    nets = 1000 * net_in_worlds(case, made, drawn, harm_weight=weight)
    return {**means, **rates, "net_in_worlds": ("world", nets), "total_harm": ("quantile", tails)}


def _quantiles(case: Case, policy: Policy, users: float, levels: Sequence[float]) -> np.ndarray:
    try:
        return np.asarray(total(case, policy, int(users)).quantile(np.array(levels)), dtype=float)
    except ArithmeticError:  # the distribution is not certain enough, and says so
        return np.full(len(levels), np.nan)


def named(case: Case, name: str) -> Policy:
    """A policy of a case by its name; a ValueError names those that there are."""
    every = candidates(case)
    for which, response in zip((ANSWER, REFUSAL), best_responses(case), strict=True):
        if name == which:
            return constant(case, response)
    if name == BEST:
        return bayes(case)
    found = [policy for policy in every if policy.name == name]
    if not found:
        raise ValueError(f"{case.title} has no policy {name!r}: {', '.join([*POLICIES, *(p.name for p in every)])}")
    return found[0]
