"""Every copy of a model errs together: departures as responses of a case, and agents as states of its world.

With both, a position of the dial is an ordinary policy for an ordinary case (`Deployment.case`, `Deployment.policy`).

* **A departure is a response of its own**: the model's answer instead of the instructed one.  It helps as that answer does;
  the harm that it adds counts as often as the safeguards say.
* **The model is part of the state of the world**: one draw for all users, independent of the case's own states.  Operators
  differ from request to request, unless the principal is shared too (a developer for all deployments): then it is part of the
  state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..arguments import guard
from ..arrays import Floats, Ints, frozen, frozen_bools
from ..case import Case, Events


def with_departures(case: Case, pairs: Ints, times: float) -> Case:
    """The case with a response more for each pair (instructed, own) of answers, (P, 2): R + P responses.

    The harm that a departure adds counts `times` as often.  A ValueError if some would become more than certain.
    """
    gives = np.append(np.arange(len(case.responses)), pairs[:, 1])
    harms = _events(case.harm_events, case.harm, pairs, times)
    neglects = _events(case.neglect_events, case.neglect, pairs, times)
    if (harms.chance + neglects.chance).max() > 1 + 1e-12:
        raise ValueError(
            f"with irreversibility some harm of a departure, counted {times:g} times, would be more than certain: "
            "a smaller factor, or more oversight, keeps it a probability"
        )
    each_gives: dict[str, Any] = {
        **{name: frozen_bools(getattr(case, name)[gives]) for name in ("crosses", "forbidden", "ruled_out")},
        **{name: tuple(each[r] for r in gives) for name in ("shows", "constraints") if (each := getattr(case, name))},
    }
    return replace(
        case,
        responses=(*case.responses, *(f"{case.responses[r]} instead of {case.responses[q]}" for q, r in pairs)),
        kinds=tuple(case.kinds[r] for r in gives),
        help=frozen(case.help[:, gives]),
        harm_events=harms,
        neglect_events=neglects,
        observed={},
        same_weights=(),
        contexts={},
        **each_gives,
    )


def _events(events: Events, means: Floats, pairs: Ints, times: float) -> Events:
    """Events of the case and of its departures; what a departure adds counts `times` as often."""
    instead, own = means[:, pairs[:, 0]], means[:, pairs[:, 1]]
    part = np.divide(np.maximum(own - instead, 0.0), own, out=np.zeros_like(own), where=own > 0)
    probability = events.chance[:, pairs[:, 1]] * (1 + (times - 1) * part)
    severity = np.hstack([events.severity, events.severity[:, pairs[:, 1]]])
    return Events(chance=frozen(np.hstack([events.chance, probability])), severity=severity)


def with_agents(case: Case, names: Sequence[str], probabilities: Floats) -> Case:
    """The case whose state says, beside its own, which agent all users share: named and with these probabilities, (A,)."""
    people = case.population
    states = tuple(f"{name}, {state}" for name in names for state in people.states)
    probability = frozen(np.outer(probabilities, people.state_chance).ravel())
    multiply = np.tile(people.multiply, (len(names), 1))
    return replace(case, population=replace(people, states=states, state_chance=probability, multiply=multiply))


guard(__name__)
