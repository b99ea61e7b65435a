"""What training makes of a written policy: pushed towards a reward, learned from demonstrations, held to the rules."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import brute_force, random_case, random_policy

import simkit as sk
from simkit import learning
from simkit.theory import training

RULES = sk.spec.load("general-assistant")


def written(name: str):
    case = replace(sk.load(name), question=None)
    return case, sk.spec.compile(RULES, case)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_pressure_raises_the_score_that_it_pushes_on(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    start = learning.slipping(case, random_policy(case, rng), 0.3)
    reward = rng.normal(size=start.answer.shape)
    made = learning.trained(case, start, reward, pressure=[0, 0.3, 1, 3, 10, 100])
    score, distance = learning.scored(case, made, reward), learning.moved(case, start, made)
    assert (np.diff(score) >= -1e-12).all()
    assert (np.diff(distance) >= -1e-12).all()
    np.testing.assert_allclose(made[0].answer, start.answer, atol=1e-15)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_raters_who_see_what_counts_train_what_counts(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    start = learning.slipping(case, random_policy(case, rng), 1.0)
    made = learning.trained(case, start, learning.rated(case), pressure=[0, 0.3, 1, 3, 10, 1e6])
    net = sk.expect(case, made).net
    assert (np.diff(net) >= -1e-9).all()
    fenced = replace(case, forbidden=np.zeros(len(case.responses), dtype=bool))
    assert net[-1] == pytest.approx(float(sk.expect(case, sk.policy.bayes(fenced)).net), abs=1e-4)


def test_what_is_rated_is_the_mean_over_senders():
    case = random_case(np.random.default_rng(3))
    policy = random_policy(case, np.random.default_rng(4))
    mean = brute_force(case, policy, case.value(case.harm_weight))
    assert float(learning.scored(case, policy, learning.rated(case))) == pytest.approx(mean)
    assert learning.rated(case, harm_weight=0) == pytest.approx(case.population.posterior @ case.help)


def test_the_batch_is_labelled_and_goes_everywhere():
    case, policy = written("companion")
    start, reward = learning.slipping(case, policy), learning.rated(case.in_context("rating-now"))
    made = learning.trained(case, start, reward, pressure=[0, 1, 100])
    assert made.axis.name == "pressure"
    assert made.axis.unit == "nats per help unit"
    assert made.labels[1] == "trained, pressure 1 nats per help unit"
    assert sk.dots(case, made).count.shape[0] == 3
    agrees = case.response("agree")
    given = made.answer[..., agrees] @ case.population.signal_chance
    assert given[0] == pytest.approx(0.02)
    assert given[-1] > 0.99, "raters who see only the smile train agreement"
    one = learning.trained(case, start, reward, pressure=1)
    np.testing.assert_array_equal(one.answer, made[1].answer)
    assert one.axis is None


def test_the_score_rises_while_people_get_more_and_then_less():
    case, policy = written("medication-threshold")
    start = learning.slipping(case, policy)
    reward = learning.rated(case) + 0.27 * (np.array(case.responses) == "full-bare")
    made = learning.trained(case, start, reward, pressure=[0, 5, 300])
    score, net = learning.scored(case, made, reward), sk.expect(case, made).net
    assert score[0] < score[1] < score[2]
    assert net[1] > net[0] > net[2]


def test_best_of_n_and_quantilizers_row_by_row():
    case, policy = written("persona")
    start, reward = learning.slipping(case, policy), learning.rated(case, harm_weight=0)
    best, top = learning.best_of(case, start, reward, tries=[1, 16]), learning.quantilizer(case, start, reward, top=[1, 0.1])
    for k in range(len(start.answer)):
        np.testing.assert_allclose(best.answer[1, k], training.best_of_n(start.answer[k], reward[k], 16))
        np.testing.assert_allclose(top.answer[1, k], training.quantilized(start.answer[k], reward[k], 0.1))
    for made in (best, top):
        np.testing.assert_allclose(made.answer[0], start.answer, atol=1e-12)
    assert (learning.moved(case, start, best) <= training.best_of_n_divergence([1, 16]) + 1e-12).all()


def test_training_never_reaches_what_crosses_a_hard_constraint():
    case, policy = written("bright-line")
    start = learning.slipping(case, policy, 1.0)
    made = learning.trained(case, start, 10.0 * np.ones_like(start.answer) * case.crosses, pressure=[0, 1000])
    assert case.crosses.any()
    assert made.answer[..., case.crosses].max() == 0


# --- demonstrations ---------------------------------------------------------------------------------------------------


def test_imitation_follows_the_nearest_and_reading_the_rule():
    case, policy = written("persona")
    seen = ["plain+light", "in-play+light"]
    made = learning.imitating(case, policy, seen, reads=[0, 0.5, 1])
    assert made.axis.name == "reads the rule"
    names, stay = case.population.signal_names, case.response("stay-in-role")
    heavy = names.index("in-play+heavy")
    assert made.answer[:, heavy, stay].tolist() == [1, 0.5, 0], "shown: stay in the role; written: leave it where it hurts"
    np.testing.assert_allclose(made[2].answer, policy.answer)
    on = learning.compliance(case, policy, made, seen)
    off = learning.compliance(case, policy, made, ["in-play+heavy"])
    np.testing.assert_allclose(on, 1)
    np.testing.assert_allclose(off, [0, 0.5, 1])
    shifted = case.in_context("companion-app")
    assert learning.compliance(shifted, policy, made)[0] < learning.compliance(case, policy, made)[0] < 1
    assert policy.on("in-play+heavy").removed[0].response == "stay-in-role"


def test_of_several_nearest_signals_each_counts_the_same():
    case, policy = written("persona")
    seen = ["plain+heavy", "in-play+light"]
    made = learning.imitating(case, policy, seen, reads=0)
    at = [case.population.signal_names.index(name) for name in seen]
    both = policy.answer[at].mean(0)
    for name in ("plain+light", "in-play+heavy"):
        np.testing.assert_allclose(made.answer[case.population.signal_names.index(name)], both)


def test_compliance_is_that_of_the_spec_for_what_the_spec_made():
    for name in ("persona", "childrens-platform", "medication-threshold", "household-cleaners"):
        case, policy = written(name)
        assert learning.compliance(case, policy, policy) == pytest.approx(1)
        anything = learning.slipping(case, policy, 1.0)
        left = [len(ruling.left) for ruling in policy.rulings]
        expected = case.population.signal_chance @ np.array(left) / len(case.responses)
        assert learning.compliance(case, policy, anything) == pytest.approx(expected)


# --- what makes no sense ----------------------------------------------------------------------------------------------


def test_what_makes_no_sense_is_named():
    case, policy = written("persona")
    asked = sk.load("medication-threshold")
    asks = sk.spec.compile(RULES, asked)
    start = learning.slipping(case, policy)
    reward = learning.rated(case)
    wrong = [
        (lambda: learning.slipping(case, policy, 0), "above 0, not 0"),
        (lambda: learning.slipping(asked, asks), r"asks a question.*replace\(case, question=None\)"),
        (lambda: learning.trained(case, sk.policy.stack([policy, policy]), reward, pressure=1), "starts from one policy"),
        (lambda: learning.trained(case, start, reward[:, :2], pressure=1), r"reward has shape \(4, 2\)"),
        (lambda: learning.trained(case, start, np.inf * reward, pressure=1), "reward is finite"),
        (lambda: learning.trained(case, start, reward, pressure=-1), "pressure must be at least 0"),
        (lambda: learning.trained(asked, start, reward, pressure=1), "made for other signals|has a table of shape"),
        (lambda: learning.imitating(case, policy, [], reads=0), "name one signal at least"),
        (lambda: learning.imitating(case, policy, ["plain+lihgt"], reads=0), "did you mean plain.light"),
        (lambda: learning.imitating(case, policy, ["plain+light"], reads=2), "reads must be a number from 0 to 1"),
        (lambda: learning.compliance(case, policy, policy, ["plain+lihgt"]), "did you mean plain.light"),
    ]
    for call, says in wrong:
        with pytest.raises(ValueError, match=says):
            call()
