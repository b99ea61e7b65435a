"""Copies of one model err together: the dial as an ordinary case and policy, against its curve, simulation and totals."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import random_case, random_policy

import simkit as sk
from simkit.dial import correlated, deployment
from simkit.dial.agents import Operator, usual_agents
from simkit.dial.deployment import POSITIONS, Safeguards, along, deploy
from simkit.dial.optimum import best_position

GUARDED = Safeguards(verification=0.3, irreversibility=4.0, oversight=0.25)


@pytest.fixture(scope="module")
def found():
    return deploy(sk.load("medication-threshold").in_context("vulnerable-platform"))


# --- the world of copies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("safeguards", [deployment.NONE, GUARDED])
def test_the_curve_is_what_expect_finds_in_the_world_of_copies(found, safeguards, shared):
    case = correlated.world(found, safeguards, shared_principal=shared)
    made = correlated.policy(found, POSITIONS, safeguards, shared_principal=shared)
    outcome, expected = sk.expect(case, made), along(found, safeguards=safeguards).expected()
    for of in ("help", "harm", "neglect", "net"):
        assert np.allclose(getattr(outcome, of), getattr(expected, of), rtol=0, atol=1e-13)
    at_cuts = sk.expect(case, correlated.policy(found, found.cuts, safeguards, shared_principal=shared)).net
    assert np.allclose(at_cuts, along(found, found.cuts, safeguards=safeguards).expected().net, rtol=0, atol=1e-13)
    averaged = correlated.expected_policy(found, POSITIONS, safeguards)
    operators, models = np.eye(3)[[0, 2, 1]], np.eye(6)[[5, 0, 2]]
    each = correlated.expected_policy(found, [0.2, 0.5, 0.9], safeguards, operators=operators, models=models)
    for at, row, operator, model in zip((0.2, 0.5, 0.9), each.answer, operators, models, strict=True):
        alone = correlated.expected_policy(found, at, safeguards, operators=operator, models=model)
        assert np.allclose(row, alone.answer, rtol=0, atol=1e-15)
    assert np.allclose(sk.expect(correlated.with_departures(found, safeguards), averaged).net, expected.net, rtol=0, atol=1e-13)


def obeying(case, rng):
    """A random policy that breaks no hard constraint."""
    answer = np.where(case.crosses, 0.0, random_policy(case, rng).answer)
    return sk.Policy(name="random", answer=answer / answer.sum(-1, keepdims=True))


@pytest.mark.parametrize("seed", range(12))
def test_random_cases_and_casts(seed):
    """Any case, any randomised instruction, any mistaken belief: sums, copies and the best position agree."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, signals=4)
    usual = usual_agents(case, trust_in_model=0.5)
    told = (Operator(name=f"operator {i}", policy=obeying(case, rng), chance=0.5, legitimate=i == 0) for i in range(2))
    found = deploy(case, replace(usual, operators=tuple(told)), objection=0.2 if seed % 2 else None, scale=0.3)
    safeguards = Safeguards(verification=rng.random(), irreversibility=1 + rng.random() / 100, oversight=rng.random())
    dials = np.unique(np.append(rng.random(30), [0.0, 1.0, *found.cuts]))
    curve = along(found, dials, safeguards=safeguards)
    outcome = sk.expect(correlated.world(found, safeguards), correlated.policy(found, dials, safeguards))
    for of in ("help", "harm", "neglect", "net"):
        assert np.allclose(getattr(outcome, of), getattr(curve.expected(), of), rtol=0, atol=1e-12)
    assert curve.each.regret.min() >= -1e-12
    best = best_position(found, safeguards=safeguards)
    assert float(best.worth) == pytest.approx(float(outcome.net.max()), abs=1e-12)


def test_simulated_senders_bear_witness(found):
    case, made = correlated.world(found, GUARDED), correlated.policy(found, 0.6, GUARDED)
    drawn = sk.simulate(case, made, users=50, runs=20_000, rng=np.random.default_rng(1))
    expected = along(found, [0.6], safeguards=GUARDED).expected()
    for of in ("harm", "neglect"):
        per_user = getattr(drawn, of) / 50
        assert per_user.mean() == pytest.approx(float(getattr(expected, of)[0]), abs=4 * per_user.std() / np.sqrt(20_000))
    loss = drawn.harm + drawn.neglect
    size = float(np.quantile(loss, 0.9))
    chance = float(correlated.total_loss(found, 0.6, 50, safeguards=GUARDED).tail(size))
    assert (loss > size).mean() == pytest.approx(chance, abs=4 * np.sqrt(0.1 * 0.9 / 20_000))


# --- totals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_the_total_has_the_mean_of_the_curve_and_the_variance_of_its_parts(found, shared):
    dials, users = np.array([0.0, 0.4, 0.8]), 1000
    law = correlated.total_loss(found, dials, users, safeguards=GUARDED, shared_principal=shared)
    expected = along(found, dials, safeguards=GUARDED).expected()
    assert law.mean == pytest.approx(users * (expected.harm + expected.neglect), rel=1e-9)
    case, made = (
        correlated.world(found, GUARDED, shared_principal=shared),
        correlated.policy(found, dials, GUARDED, shared_principal=shared),
    )
    parts = [sk.total(case, made, users, of=of) for of in ("harm", "neglect")]
    assert law.mean == pytest.approx(parts[0].mean + parts[1].mean)
    rates = [sk.event_counts.count_events(case, made[i], users, of=of).mean for of in ("harm", "neglect") for i in range(3)]
    assert law.mixtures.mixed(law.mixtures.laws.events) == pytest.approx(np.array(rates).reshape(2, 3).sum(0))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("users", [1, 1000, 10**9])
def test_laws_that_are_computed_once_are_those_of_each_position(found, users, shared):
    chances = correlated.bad_worlds(found, 0.05, users, shared_principal=shared)
    some = [0, 14, 37, 60, 64, 100]
    law = correlated.total_loss(found, POSITIONS[some], users, shared_principal=shared)
    assert chances[some] == pytest.approx(law.tail(0.05 * users), abs=1e-12)
    given = correlated.tails(found, 0.05, users, shared_principal=shared)
    assert given.shape == (101, 3, 6) if shared else (101, 6)
    mixed = given @ found.agents.model_chances()
    assert (mixed @ found.agents.operator_chances() if shared else mixed) == pytest.approx(chances, abs=1e-13)


def test_among_very_many_users_a_bad_world_is_a_bad_model_or_a_bad_principal(found):
    ends = along(found, [0.0, 1.0]).each
    loss = (ends.harm + ends.neglect) @ np.eye(2)
    p, q = found.agents.operator_chances(), found.agents.model_chances()
    size = 2 * float(p @ loss[:, 0, 0])
    usual = found.case.population.state_chance[0]
    for shared in (False, True):
        got = correlated.bad_worlds(found, size, 10**10, dial=[0.0, 1.0], shared_principal=shared)
        worst = p @ (loss[:, 0, 0] > size) if shared else 0.0
        assert got[0] == pytest.approx(float(worst), abs=1 - usual + 1e-6)
        assert got[1] == pytest.approx(float(q @ (loss[0, :, 1] > size)), abs=1 - usual + 1e-6)
