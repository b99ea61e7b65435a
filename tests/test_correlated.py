"""Copies of one model err together: the dial as an ordinary case and policy, against its curve, simulation and totals."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import random_case, random_policy

import simkit as sk
from simkit.dial import deployment, losses
from simkit.dial.agents import Operator, usual_agents
from simkit.dial.deployment import POSITIONS, Safeguards, deploy
from simkit.dial.optimum import best_position
from simkit.dial.overrides import along, departures

GUARDED = Safeguards(verification=0.3, irreversibility=4.0, oversight=0.25)


@pytest.fixture(scope="module")
def found():
    return deploy(sk.load("medication-threshold").in_context("vulnerable-platform"))


# --- the world of copies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("safeguards", [deployment.NONE, GUARDED])
def test_the_curve_is_what_expect_finds_in_the_world_of_copies(found, safeguards, shared):
    found = found.with_options(safeguards=safeguards, shared_principal=shared)
    outcome, expected = sk.expect(found.case, found.policy(POSITIONS)), along(found).expected()
    for of in ("help", "harm", "neglect", "net"):
        assert np.allclose(getattr(outcome, of), getattr(expected, of), rtol=0, atol=1e-13)
    at_cuts = sk.expect(found.case, found.policy(found.cuts)).net
    assert np.allclose(at_cuts, along(found, found.cuts).expected().net, rtol=0, atol=1e-13)
    averaged = found.mean_policy(POSITIONS)
    operators, models = np.eye(3)[[0, 2, 1]], np.eye(6)[[5, 0, 2]]
    each = found.mean_policy([0.2, 0.5, 0.9], operators=operators, models=models)
    for at, row, operator, model in zip((0.2, 0.5, 0.9), each.answer, operators, models, strict=True):
        alone = found.mean_policy(at, operators=operator, models=model)
        assert np.allclose(row, alone.answer, rtol=0, atol=1e-15)
    assert np.allclose(sk.expect(found.case, averaged).net, expected.net, rtol=0, atol=1e-13)


def obeying(case, rng):
    """A random policy that breaks no hard constraint."""
    answer = np.where(case.crosses, 0.0, random_policy(case, rng).answer)
    return sk.Policy(name="random", answer=answer / answer.sum(-1, keepdims=True))


@pytest.mark.parametrize("seed", range(12))
def test_random_cases_and_agents(seed):
    """Any case, any randomised instruction, any mistaken belief: sums, copies and the best position agree."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, signals=4)
    usual = usual_agents(case, trust_in_model=0.5)
    told = (Operator(name=f"operator {i}", policy=obeying(case, rng), chance=0.5, legitimate=i == 0) for i in range(2))
    safeguards = Safeguards(verification=rng.random(), irreversibility=1 + rng.random() / 100, oversight=rng.random())
    told = replace(usual, operators=tuple(told))
    found = deploy(case, told, objection=0.2 if seed % 2 else None, scale=0.3, safeguards=safeguards)
    dials = np.unique(np.append(rng.random(30), [0.0, 1.0, *found.cuts]))
    curve = along(found, dials)
    outcome = sk.expect(found.case, found.policy(dials))
    for of in ("help", "harm", "neglect", "net"):
        assert np.allclose(getattr(outcome, of), getattr(curve.expected(), of), rtol=0, atol=1e-12)
    assert curve.each.regret.min() >= -1e-12
    assert min(curve.each.obeyed.min(), curve.each.judged.min()) >= -1e-12
    assert np.allclose(curve.each.obeyed + curve.each.judged, curve.each.regret, rtol=0, atol=1e-12)
    best = best_position(found)
    assert float(best.worth) == pytest.approx(float(outcome.net.max()), abs=1e-12)


def test_simulated_senders_bear_witness(found):
    found = found.with_options(safeguards=GUARDED)
    drawn = sk.simulate(found.case, found.policy(0.6), users=50, runs=20_000, rng=np.random.default_rng(1))
    expected = along(found, [0.6]).expected()
    for of in ("harm", "neglect"):
        per_user = getattr(drawn, of) / 50
        assert per_user.mean() == pytest.approx(float(getattr(expected, of)[0]), abs=4 * per_user.std() / np.sqrt(20_000))
    loss = drawn.harm + drawn.neglect
    size = float(np.quantile(loss, 0.9))
    chance = float(sk.total(found.case, found.policy(0.6), 50, of="loss").tail(size))
    assert (loss > size).mean() == pytest.approx(chance, abs=4 * np.sqrt(0.1 * 0.9 / 20_000))


def test_every_reading_takes_the_dial(found):
    """Dots, comparisons and members of the batch: nothing asks where the policy came from."""
    batch = found.policy([0.0, 0.5, 1.0])
    assert (batch.axis.name, batch.axis.values) == ("dial", (0.0, 0.5, 1.0))
    assert found.policy(0.5).axis is None
    counted, alone = sk.dots(found.case, batch), sk.dots(found.case, found.policy(0.5))
    assert counted.by_response()[1].tolist() == alone.by_response().tolist()
    assert sk.dots(found.case, found.mean_policy(0.5)).by_response().tolist() == alone.by_response().tolist()
    assert np.array_equal(batch[1].answer, found.policy(0.5).answer)
    compared = sk.compare(found.case, found.mean_policy(0.6), found.mean_policy(1.0), rng=np.random.default_rng(0))
    gap = along(found, [0.6, 1.0]).expected().net
    assert compared.gain == pytest.approx(gap[0] - gap[1])
    listed = departures(found)
    names = {f"{found.original.responses[r]} instead of" for r in range(len(found.original.responses))}
    assert len(listed.at) > len(found.case.responses) - len(found.original.responses) > 0
    assert all(any(name.startswith(n) for n in names) for name in found.case.responses[len(found.original.responses) :])


# --- totals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_the_total_has_the_mean_of_the_curve_and_the_variance_of_its_parts(found, shared):
    dials, users = np.array([0.0, 0.4, 0.8]), 1000
    found = found.with_options(safeguards=GUARDED, shared_principal=shared)
    law = sk.total(found.case, found.policy(dials), users, of="loss")
    expected = along(found, dials).expected()
    assert law.mean == pytest.approx(users * (expected.harm + expected.neglect), rel=1e-9)
    case, made = found.case, found.policy(dials)
    parts = [sk.total(case, made, users, of=of) for of in ("harm", "neglect")]
    assert law.mean == pytest.approx(parts[0].mean + parts[1].mean)
    rates = [sk.event_counts.count_events(case, made[i], users, of=of).mean for of in ("harm", "neglect") for i in range(3)]
    assert law.mixtures.mixed(law.mixtures.compound.events) == pytest.approx(np.array(rates).reshape(2, 3).sum(0))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("users", [1, 1000, 10**9])
def test_laws_that_are_computed_once_are_those_of_each_position(found, users, shared):
    found = found.with_options(shared_principal=shared)
    chances = losses.bad_worlds(found, 0.05, users)
    some = [0, 14, 37, 60, 64, 100]
    law = sk.total(found.case, found.policy(POSITIONS[some]), users, of="loss")
    assert chances[some] == pytest.approx(law.tail(0.05 * users), abs=1e-12)
    given = losses.tails(found, 0.05, users)
    assert given.shape == (101, 3, 6) if shared else (101, 6)
    mixed = given @ found.agents.model_probabilities()
    assert (mixed @ found.agents.operator_probabilities() if shared else mixed) == pytest.approx(chances, abs=1e-13)


def test_among_very_many_users_a_bad_world_is_a_bad_model_or_a_bad_principal(found):
    ends = along(found, [0.0, 1.0]).each
    loss = (ends.harm + ends.neglect) @ np.eye(2)
    p, q = found.agents.operator_probabilities(), found.agents.model_probabilities()
    size = 2 * float(p @ loss[:, 0, 0])
    usual = found.original.population.state_chance[0]
    for shared in (False, True):
        got = losses.bad_worlds(found.with_options(shared_principal=shared), size, 10**10, dial=[0.0, 1.0])
        worst = p @ (loss[:, 0, 0] > size) if shared else 0.0
        assert got[0] == pytest.approx(float(worst), abs=1 - usual + 1e-6)
        assert got[1] == pytest.approx(float(q @ (loss[0, :, 1] > size)), abs=1 - usual + 1e-6)
