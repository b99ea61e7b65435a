"""Frontier, best policies and information, held against a linear program and against laws."""

import dataclasses

import numpy as np
import pytest
from oracles import value_of_shares
from scipy.optimize import linprog
from worlds import choice, random_case, random_policy

import simkit as sk
from simkit.population import draw_worlds

SEEDS = range(20)
both = pytest.mark.parametrize("question", [False, True])
seeds = pytest.mark.parametrize("seed", SEEDS)


class Program:
    """The choice of a randomised policy as a linear program over answer (K, R) and, after a question, after (K, J, R).

    Built from shares, signals and replies alone: it shares no code with the frontier.
    """

    def __init__(self, case):
        p, reply = case.population, None if case.question is None else case.question.reply
        keys, allowed = len(p.signal_names), np.flatnonzero(case.allowed)
        columns, rows = [], []
        for k in range(keys):
            for r in allowed:
                columns.append(
                    [sum(p.shares[s] * p.signals[s, k] * x[s, r] for s in range(len(p.shares))) for x in (case.help, case.loss)]
                )
                rows.append((k, None))
        for k in range(keys if reply is not None else 0):
            for j in range(reply.shape[1]):
                for r in allowed:
                    seen = [p.shares[s] * p.signals[s, k] * reply[s, j] for s in range(len(p.shares))]
                    cost = sum(p.shares[s] * p.signals[s, k] * case.question.cost[s] for s in range(len(p.shares)))
                    help_, loss = (sum(w * x[s, r] for s, w in enumerate(seen)) for x in (case.help, case.loss))
                    columns.append([help_ - (cost if j == 0 else 0), loss])
                    rows.append((k, j))
        self.help, self.loss = np.array(columns).T
        replies = 0 if reply is None else reply.shape[1]
        equations = [(k, j) for k in range(keys) for j in range(max(replies, 1))]
        self.sums = np.array([[float(row == (k, None) or row == (k, j)) for row in rows] for k, j in equations])

    def best(self, score, budget=None):
        bound = {} if budget is None else {"A_ub": self.loss[None], "b_ub": [budget]}
        found = linprog(-score, A_eq=self.sums, b_eq=np.ones(len(self.sums)), bounds=(0, None), method="highs", **bound)
        assert found.success, found.message
        return -found.fun


@both
@seeds
def test_frontier_equals_a_linear_program(seed, question):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=question)
    edge, program = sk.frontier(case), Program(case)
    assert edge.loss[0] == pytest.approx(-program.best(-program.loss), abs=1e-9)
    assert edge.help[-1] == pytest.approx(program.best(program.help), abs=1e-9)
    for budget in np.linspace(edge.loss[0], edge.loss[-1] * 1.1 + 1e-6, 7):
        assert np.interp(budget, edge.loss, edge.help) == pytest.approx(program.best(program.help, budget + 1e-12), abs=1e-7)


@both
@seeds
def test_bayes_equals_a_linear_program(seed, question):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=question)
    program = Program(case)
    for weight in (0.0, 0.3, case.harm_weight, 20.0):
        best = sk.expect(case, sk.policy.bayes(case, harm_weight=weight), weight).net
        assert best == pytest.approx(program.best(program.help - weight * program.loss), abs=1e-9)


@both
@seeds
def test_corners_are_what_their_policies_bring(seed, question):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=question)
    edge = sk.frontier(case)
    outcome = sk.expect(case, edge.policies)
    assert outcome.help == pytest.approx(edge.help)
    assert outcome.loss == pytest.approx(edge.loss)
    assert np.all(np.diff(edge.loss) > 0)
    assert np.all(np.diff(edge.help) > 0)
    assert np.all(np.diff(np.diff(edge.help) / np.diff(edge.loss)) <= 1e-9)
    assert not edge.policies.answer[..., ~case.allowed].any()


@both
@seeds
def test_the_policy_at_a_budget_spends_it(seed, question):
    case = random_case(np.random.default_rng(seed), question=question)
    edge = sk.frontier(case)
    for share in (0, 0.3, 0.77, 1):
        budget = edge.loss[0] + share * (edge.loss[-1] - edge.loss[0])
        outcome = sk.expect(case, edge.at(budget))
        assert outcome.loss == pytest.approx(budget)
        assert outcome.help == pytest.approx(np.interp(budget, edge.loss, edge.help))


@seeds
def test_no_policy_lies_above_the_frontier(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=True).without_constraints()
    edge = sk.frontier(case)
    outcome = sk.expect(case, random_policy(case, rng, (200,)))
    assert np.all(outcome.help <= np.interp(outcome.loss, edge.loss, edge.help) + 1e-9)
    assert np.all(outcome.loss >= edge.loss[0] - 1e-12)


@seeds
def test_every_best_policy_is_a_corner(seed):
    case = random_case(np.random.default_rng(seed))
    edge = sk.frontier(case)
    for weight in (0.1, 1.0, 10.0):
        assert sk.expect(case, sk.policy.bayes(case, harm_weight=weight), weight).net == pytest.approx(edge.net(weight))


@seeds
def test_regret_is_never_negative_and_zero_at_the_best(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=True).without_constraints()
    assert np.all(sk.regret(case, random_policy(case, rng, (50,))) >= -1e-12)
    assert sk.regret(case, sk.policy.bayes(case)) == pytest.approx(0)


@seeds
def test_scaling_help_and_harm_together_leaves_every_choice_unchanged(seed):
    """Law M6."""
    case = random_case(np.random.default_rng(seed), question=True)
    question = dataclasses.replace(case.question, cost=case.question.cost * 8)
    severities = tuple(dataclasses.replace(severity, average=severity.average * 8) for severity in case.severities)
    scaled = dataclasses.replace(case, help=case.help * 8, severities=severities, question=question)
    for name in ("answer", "after"):
        assert np.array_equal(getattr(sk.policy.bayes(scaled), name), getattr(sk.policy.bayes(case), name))
        corners = [getattr(sk.frontier(c).policies, name) for c in (case, scaled)]
        assert np.array_equal(*corners)


@seeds
def test_information_is_worth_something_and_at_most_knowing_the_sender(seed):
    """Law M21."""
    case = random_case(np.random.default_rng(seed), question=True)
    worth = sk.pareto.information(case)
    assert worth.nothing <= worth.signals + 1e-12
    assert worth.signals <= worth.question + 1e-12
    assert worth.question <= worth.sender + 1e-12
    free = dataclasses.replace(case, question=dataclasses.replace(case.question, cost=0 * case.question.cost))
    assert sk.pareto.information(free).value_of_question >= worth.value_of_question - 1e-12


@seeds
def test_knowing_the_shares_is_worth_between_nothing_and_knowing_the_sender(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    worlds = draw_worlds(case.population, rng, 300)
    value = value_of_shares(case, worlds)
    assert value >= -1e-12
    known = np.einsum("ns,s->n", worlds.shares, np.where(case.allowed, case.value(case.harm_weight), -np.inf).max(1)).mean()
    blind = np.where(case.allowed, worlds.joint.mean(0).T @ case.value(case.harm_weight), -np.inf).max(1).sum()
    assert value <= known - blind + 1e-9


def test_the_price_of_a_bright_line_is_read_off_two_frontiers():
    case = dataclasses.replace(choice(0.1, 1, 2), crosses=np.array([False, True]))
    assert sk.frontier(case).help.tolist() == [0]
    assert sk.frontier(case.without_constraints()).help[-1] == pytest.approx(0.9)
    assert sk.pareto.price_of_constraints(case) == pytest.approx(0.9 - 0.2)
    assert sk.pareto.price_of_constraints(case, harm_weight=10.0) == pytest.approx(0)


@both
@seeds
def test_the_frontier_holds_its_own_corners(seed, question):
    """A budget that is a corner's own loss, however it was rounded, buys that corner."""
    case = random_case(np.random.default_rng(seed), question=question)
    edge = sk.frontier(case)
    for i, corner in enumerate(sk.expect(case, edge.policies).loss):
        for loss in (corner, np.nextafter(corner, -1), np.nextafter(corner, 9)):
            assert np.interp(loss, edge.loss, edge.help) == pytest.approx(edge.help[i], abs=1e-9)
            assert sk.expect(case, edge.at(loss)).help == pytest.approx(edge.help[i], abs=1e-9)


def test_no_budget_below_the_smallest_loss():
    edge = sk.frontier(random_case(np.random.default_rng(0)))
    with pytest.raises(ValueError, match="no policy has a loss below"):
        edge.at(edge.loss[0] - 1e-3)
