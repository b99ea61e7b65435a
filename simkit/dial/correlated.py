"""Every copy of a model errs together: a position of the dial as an ordinary case and an ordinary policy.

All that simkit knows of a case and a policy then holds for the dial as well: dots, exposures, simulation, totals.

* **A departure is a response of its own**: the model's answer instead of the instructed one.  It helps as that answer does;
  the harm that it adds counts as often as the safeguards say.
* **The model is part of the state of the world**: one draw for all users, independent of the case's own states.  Operators
  differ from request to request, unless the principal is shared too (a developer for all deployments): then it is part of the
  state.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import Bools, Floats, Ints, frozen, frozen_bools
from ..case import Case, Events
from ..compound.laws import Laws, laws_of
from ..compound.quantiles import Mixtures
from ..policy import Axis, Policy
from ..totals import Total
from .deployment import NONE, POSITIONS, Deployment, Safeguards

# --- the case ---------------------------------------------------------------------------------------------------------


def with_departures(found: Deployment, safeguards: Safeguards = NONE) -> Case:
    """The case with a response more for each answer that a model gives instead of an instructed one: R + P responses.

    A ValueError if the harm that departures add would become more than certain.
    """
    case, pairs = found.case, _pairs(found)
    instead, own = pairs.T if len(pairs) else np.zeros((2, 0), dtype=np.int64)
    harms, neglects = (
        _more(events, means, instead, own, safeguards.numbers[1])
        for events, means in ((case.harm_events, case.harm), (case.neglect_events, case.neglect))
    )
    if (harms.chance + neglects.chance).max() > 1 + 1e-12:
        raise ValueError(
            f"with irreversibility {safeguards.irreversibility} some harm of a departure would be more than certain: "
            "a smaller factor, or more oversight, keeps it a chance"
        )
    names = (f"{case.responses[r]} instead of {case.responses[q]}" for q, r in pairs)
    return replace(
        case,
        responses=(*case.responses, *names),
        kinds=(*case.kinds, *(case.kinds[r] for r in own)),
        help=frozen(np.hstack([case.help, case.help[:, own]])),
        harm_events=harms,
        neglect_events=neglects,
        crosses=_again(case.crosses, own),
        forbidden=_again(case.forbidden, own),
        ruled_out=_again(case.ruled_out, own),
        observed={},
    )


def answers_given(found: Deployment) -> Ints:
    """Which answer of the case each response of `with_departures` gives, (R + P,)."""
    return np.append(np.arange(len(found.case.responses)), _pairs(found)[:, 1]).astype(np.int64)


def _again(filtered: Bools, own: Ints) -> Bools:
    """A departure is filtered as the answer that it gives."""
    return frozen_bools(np.append(filtered, filtered[own]))


def _pairs(found: Deployment) -> Ints:
    """The pairs (instructed, own) of answers that departures can be, (P, 2)."""
    given = (found.instructed.answer > 0)[:, None, :, :, None] & (found.own.answer > 0)[None, :, :, None, :]
    return np.argwhere((given & (found.at < 1)[..., None, None]).any((0, 1, 2)))


def _more(events: Events, means: Floats, instead: Ints, own: Ints, times: float) -> Events:
    """Events of the case and of its departures: of these, what they add counts `times` as often."""
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(means[:, own] > 0, 1 - means[:, instead] / means[:, own], 0.0)
    chance = events.chance[:, own] * (1 + (times - 1) * np.maximum(part, 0.0))
    return Events(
        chance=frozen(np.hstack([events.chance, chance])), severity=np.hstack([events.severity, events.severity[:, own]])
    )


def world(found: Deployment, safeguards: Safeguards = NONE, *, shared_principal: bool = False) -> Case:
    """The case with departures, whose states are the cast's: model and state, or operator, model and state."""
    case, chances = with_departures(found, safeguards), found.agents.model_chances()
    names = [model.name for model in found.models]
    if shared_principal:
        chances = np.outer(found.agents.operator_chances(), chances).ravel()
        names = [f"{operator.name}, {name}" for operator in found.operators for name in names]
    people = case.population
    states = tuple(f"{name}, {state}" for name in names for state in people.states)
    chance = np.outer(chances, people.state_chance).ravel()
    multiply = np.tile(people.multiply, (len(names), 1))
    return replace(case, population=replace(people, states=states, state_chance=frozen(chance), multiply=frozen(multiply)))


# --- the policy -------------------------------------------------------------------------------------------------------


def _answers(found: Deployment, dial: Floats, safeguards: Safeguards) -> Floats:
    """What happens with each operator and model at each position: (D, O, T, K, R + P)."""
    pairs, happens = _pairs(found), safeguards.numbers[0]
    instructed, own = found.instructed.answer[:, None], found.own.answer[None]
    departures = instructed[..., pairs[:, 0]] * own[..., pairs[:, 1]]
    stays, goes = (
        np.zeros(departures.shape),
        (1 - happens) * np.broadcast_to(instructed, (*found.at.shape, instructed.shape[-1])),
    )
    follow = np.concatenate([np.broadcast_to(instructed, goes.shape), stays], axis=-1)
    depart = np.concatenate([goes, happens * departures], axis=-1)
    departs = np.moveaxis(found.departing(dial), -1, 0)[..., None]
    return np.where(departs, depart, follow)


def policy(found: Deployment, dial: ArrayLike, safeguards: Safeguards = NONE, *, shared_principal: bool = False) -> Policy:
    """What the assistant does at a position (or at an array of them, (D,)), in every state of `world`: answer (…, Z, K, R +
    P)."""
    positions = np.asarray(dial, dtype=float)
    answers = _answers(found, np.atleast_1d(positions), safeguards)
    if shared_principal:
        answers = answers.reshape(len(answers), -1, *answers.shape[3:])
    else:
        answers = np.tensordot(found.agents.operator_chances(), answers, (0, 1))
    own_states = len(found.case.population.states)
    answers = np.repeat(answers, own_states, axis=1)
    made = world(found, safeguards, shared_principal=shared_principal)
    return _policy(made, positions, answers, made.population.states)


def expected_policy(
    found: Deployment,
    dial: ArrayLike,
    safeguards: Safeguards = NONE,
    *,
    operators: ArrayLike | None = None,
    models: ArrayLike | None = None,
) -> Policy:
    """What the assistant does on average over the cast, as a policy for `with_departures`: answer (…, K, R + P).

    `operators` (…, O) and `models` (…, T) are chances, for all positions or for each of them; the cast's if none are given.
    Its means are exact; of totals it knows nothing, since models are shared.
    """
    positions = np.asarray(dial, dtype=float)
    weights = (found.agents.operator_chances(), operators), (found.agents.model_chances(), models)
    p, q = (np.atleast_2d(stated if given is None else np.asarray(given, dtype=float)) for stated, given in weights)
    answers = _answers(found, np.atleast_1d(positions), safeguards)
    pairs = (p[:, :, None] * q[:, None, :]).reshape(-1, 1, p.shape[-1] * q.shape[-1])
    mixed = (pairs @ answers.reshape(len(answers), pairs.shape[-1], -1)).reshape(len(answers), *answers.shape[3:])
    return _policy(with_departures(found, safeguards), positions, mixed, ())


def _policy(case: Case, positions: Floats, answers: Floats, states: tuple[str, ...]) -> Policy:
    return Policy(
        name="agents as expected" if not states else "agents",
        answer=answers.reshape(*positions.shape, *answers.shape[1:]),
        axis=Axis("dial", tuple(positions.tolist())) if positions.ndim == 1 else None,
        states=states,
        signals=case.population.signal_names,
        responses=case.responses,
    )


# --- totals -----------------------------------------------------------------------------------------------------------


def total_loss(
    found: Deployment,
    dial: ArrayLike,
    users: ArrayLike | None = None,
    *,
    safeguards: Safeguards = NONE,
    shared_principal: bool = False,
) -> Total:
    """The exact law of the total loss (harm and neglect) of N users at a position, or at an array of them.

    One model serves all users of a world.  A user brings at most one event, harm or neglect, so both add up in one compound
    law.
    """
    case = world(found, safeguards, shared_principal=shared_principal)
    made = policy(found, dial, safeguards, shared_principal=shared_principal)
    counts = np.asarray(case.users if users is None else users, dtype=float)
    if not ((counts >= 0) & (counts <= 1e12) & (counts == np.floor(counts))).all():
        raise ValueError(f"users are whole numbers from 0 to 10^12, not {counts}")
    kinds = [laws_of(case, made, counts, of=of, mix="drawn", worlds=None, shock=0.0) for of in ("harm", "neglect")]
    (harm, shape), (neglect, _) = kinds
    both = Laws(harm.severities + neglect.severities, np.concatenate([harm.weights, neglect.weights], -1), harm.users)
    return Total(case, made, counts, "loss", Mixtures(both, case.population.state_chance), shape[:-1])


def bad_worlds(
    found: Deployment,
    per_user: float,
    users: float,
    *,
    dial: ArrayLike = POSITIONS,
    safeguards: Safeguards = NONE,
    shared_principal: bool = False,
) -> Floats:
    """The chance that the loss of N users comes to more than `per_user` harm units each, at each position (D,)."""
    given = tails(found, per_user, users, dial=dial, safeguards=safeguards, shared_principal=shared_principal)
    by_model = given @ found.agents.model_chances()
    return by_model @ found.agents.operator_chances() if shared_principal else by_model


def tails(
    found: Deployment,
    per_user: float,
    users: float,
    *,
    dial: ArrayLike = POSITIONS,
    safeguards: Safeguards = NONE,
    shared_principal: bool = False,
) -> Floats:
    """The same chance given the model, (D, T), or given operator and model if the principal is shared, (D, O, T).

    Laws that stand at many positions are computed once.
    """
    steps, step = np.unique(np.searchsorted(found.cuts, np.ravel(dial), side="left"), return_inverse=True)
    law = total_loss(found, found.on_step[steps], users, safeguards=safeguards, shared_principal=shared_principal)
    weights = law.mixtures.laws.weights
    _, first, which = np.unique(weights.reshape(len(weights), -1), axis=0, return_index=True, return_inverse=True)
    alone = Mixtures(law.mixtures.laws.take(first), np.ones(1))
    single = replace(law, mixtures=alone, shape=(len(first),)).tail(per_user * users)
    who = found.at.shape[:2] if shared_principal else found.at.shape[1:2]
    in_states = single[which.ravel()].reshape(len(steps), *who, -1)
    return (in_states @ found.case.population.state_chance)[step.ravel()]
