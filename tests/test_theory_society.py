"""A society with one assistant: anchors G1 to G8, laws M23 to M25, second routes, and what policies do to it."""

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from theory import close

import simkit as sk
from simkit.theory import society
from simkit.theory.society import Sway

ROWS = json.loads((Path(__file__).parent / "reference" / "society.json").read_text(encoding="utf-8"))["anchors"]
ANCHORS = {key: np.squeeze(row["value"]) for key, row in ROWS.items()}
EXPERIMENT = np.array([[0.22, 0.12, 0.36, 0.3], [0.147, 0.215, 0.344, 0.294], [0, 0, 1, 0], [0.09, 0.178, 0.446, 0.286]])
LISTENS = np.array([0.78, 0.785, 0, 0.714])


def everybody(count: int) -> nx.Graph:
    """All listen to all, themselves included."""
    graph = nx.complete_graph(count)
    graph.add_edges_from((i, i) for i in graph)
    return graph


# --- anchors ---


def test_g1_influence():
    assert close(society.influence(society.listening([[0.5, 0.5], [0.25, 0.75]])), ANCHORS["G1.1"])
    assert close(society.influence(society.listening([[0, 0.5, 0.5], [1, 0, 0], [0, 1, 0]])), ANCHORS["G1.2"])


def test_g2_the_experiment_of_four():
    weights = society.listening(EXPERIMENT)
    assert close(society.equilibrium(weights, [25, 25, 75, 85], gamma=1 - LISTENS), ANCHORS["G2.1"])
    total = society.equilibrium(weights, np.eye(4), gamma=1 - LISTENS).T  # column j: only person j has a prior of 1
    assert close(total[[0, 3]].ravel(), ANCHORS["G2.2"])


def test_g3_common_assistant():
    own, found = np.linspace(-1, 1, 21), []
    for gamma, alpha in ((0.6, 0), (0.4, 0.2), (0.6, 0.2)):
        x = society.equilibrium(society.listening(everybody(21)), own, gamma=gamma, alpha=alpha, assistant=0.5)
        form = society.common_assistant(own.mean(), gamma=gamma, alpha=alpha, assistant=0.5)
        assert x.mean() == pytest.approx(float(form.mean), abs=1e-9)
        assert x.var() / own.var() == pytest.approx(float(form.kept), rel=1e-8)
        found += [form.kept, form.mean]
    assert found == pytest.approx(ANCHORS["G3.1"], rel=1e-6, abs=1e-12)
    assert close(society.gap_kept(0.9, gamma=np.array([0.3, 0.3, 0.2]), alpha=np.array([0, 0.2, 0.1])), ANCHORS["G3.2"])


def test_gap_between_communities_on_a_network():
    """Two communities of 30: weight w on the mean of one's own, 1 − w on that of the other."""
    w, half = 0.8, 30
    block = np.kron([[w, 1 - w], [1 - w, w]], np.full((half, half), 1 / half))
    own = np.repeat([-1.0, 1.0], half)
    x = society.equilibrium(society.listening(block), own, gamma=0.3, alpha=0.2, assistant=0.4)
    gap = x[half:].mean() - x[:half].mean()
    assert gap / 2 == pytest.approx(float(society.gap_kept(w, gamma=0.3, alpha=0.2)), rel=1e-8)


def test_g4_zealots():
    found = [society.zealot_share(100, *pair) for pair in ((1, 1), (2, 1), (5, 5))]
    assert close(np.ravel(found), ANCHORS["G4.1"])


def test_g5_monoculture():
    found = society.monoculture(0.30, 0.35)
    welfare = [found.welfare[0, 0], found.welfare[0, 1], found.welfare[1, 1]]
    assert close([*welfare, found.first[0, 0], found.first[1, 0], found.first[0, 1], found.first[1, 1]], ANCHORS["G5.1"])
    assert (found.first[0] > found.first[1]).all(), "the common ranking dominates"
    assert found.welfare[0, 0] < found.welfare[1, 1], "and yet both lose"


def test_g6_g7_g8():
    assert close(society.effective_opinions(1000, np.array([0, 0.01, 0.1, 0.5])), ANCHORS["G6.1"])
    assert close(society.variance_kept(np.array([10, 100, 500]), 100), ANCHORS["G7.1"])
    assert close(society.jury_right(101, 0.6, np.array([0, 0.2, 1])), ANCHORS["G8.1"])


# --- laws ---


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_m23_opinions_lie_among_the_priors(count, seed):
    rng = np.random.default_rng(seed)
    weights, own = society.listening(rng.random((count, count)) * (rng.random((count, count)) < 0.6)), rng.normal(size=count)
    gamma = rng.uniform(0.05, 1, count)
    x = society.equilibrium(weights, own, gamma=gamma)
    assert own.min() - 1e-9 <= x.min()
    assert x.max() <= own.max() + 1e-9
    one_side = np.abs(own)  # an assistant below them all draws everybody down
    before = society.equilibrium(weights, one_side, gamma=gamma * 0.5)
    after = society.equilibrium(weights, one_side, gamma=gamma * 0.5, alpha=0.3, assistant=0.0)
    assert (after <= before + 1e-9).all()


@given(st.floats(0.05, 0.9), st.floats(0, 1), st.floats(-3, 3), st.integers(2, 40))
def test_m24_the_variance_left_is_gamma_squared(gamma, part, assistant, count):
    own = np.linspace(-1, 2, count)
    alpha = part * (1 - gamma)
    x = society.equilibrium(society.listening(everybody(count)), own, gamma=gamma, alpha=alpha, assistant=assistant)
    assert x.var() / own.var() == pytest.approx(gamma**2, rel=1e-6)


@given(st.integers(1, 500), st.floats(0.1, 20), st.floats(0.1, 20))
def test_m25_zealots_are_symmetric(people, ones, zeros):
    (one, sd), (other, same) = society.zealot_share(people, ones, zeros), society.zealot_share(people, zeros, ones)
    assert one == pytest.approx(1 - other, abs=1e-9)
    assert sd == pytest.approx(same, rel=1e-7, abs=1e-12)


# --- second routes ---


def test_equilibrium_by_a_dense_solution(rng):
    graph = nx.barabasi_albert_graph(150, 3, seed=2)
    weights, own = society.listening(graph), rng.normal(size=150)
    gamma, alpha = rng.uniform(0.02, 0.5, (3, 150)), rng.uniform(0, 0.5, (3, 150))
    found = society.equilibrium(weights, own, gamma=gamma, alpha=alpha, assistant=0.7)
    for g, a, x in zip(gamma, alpha, found, strict=True):
        exact = np.linalg.solve(np.eye(150) - (1 - g - a)[:, None] * weights.toarray(), g * own + a * 0.7)
        assert np.allclose(x, exact, atol=2e-10)


def test_zealots_by_their_birth_and_death():
    """The chain of the number of people with opinion 1: its stationary distribution by detailed balance."""
    n, ones, zeros = 60, 2.0, 3.0
    k = np.arange(n)
    up, down = (n - k) * (k + ones), (k + 1) * (n - k - 1 + zeros)
    likely = np.concatenate([[1.0], np.cumprod(up / down)])
    likely /= likely.sum()
    share = np.arange(n + 1) / n
    mean = likely @ share
    assert society.zealot_share(n, ones, zeros) == pytest.approx((mean, np.sqrt(likely @ (share - mean) ** 2)), rel=1e-9)


def test_monoculture_by_drawing(rng):
    """Rankings by repeated insertion, hiring in a random order."""
    found, worth, runs = society.monoculture(0.4, 0.6), np.array([3.0, 1.0, 0.0]), 40_000

    def ranked(phi):
        order: list[int] = []
        for i in range(3):
            odds = phi ** np.arange(i + 1)
            order.insert(i - int(rng.choice(i + 1, p=odds / odds.sum())), i)
        return order

    got = np.zeros(2)
    for _ in range(runs):
        common = ranked(0.4)
        own = ranked(0.6)
        firms = [common, own] if rng.random() < 0.5 else [own, common]
        first = firms[0][0]
        second = next(c for c in firms[1] if c != first)
        pay = [worth[first], worth[second]]
        got += pay if firms[0] is common else pay[::-1]
    assert got / runs == pytest.approx([found.first[0, 1], found.first[1, 0]], abs=0.03)


def test_jury_by_drawing(rng):
    votes = np.where(rng.random((40_000, 1)) < 0.3, rng.random((40_000, 1)) < 0.6, rng.random((40_000, 21)) < 0.6)
    assert (votes.sum(1) > 10).mean() == pytest.approx(float(society.jury_right(21, 0.6, 0.3)), abs=0.01)


def test_variance_by_generations(rng):
    drawn = np.ones(4000)
    for _ in range(10):
        drawn = (np.sqrt(drawn)[:, None] * rng.normal(size=(4000, 20))).var(1)
    assert drawn.mean() == pytest.approx(float(society.variance_kept(10, 20)), abs=0.03)


# --- policies ---


def test_a_policy_sways_by_what_its_senders_get():
    case = sk.load("contested-question")
    sways = {name: Sway(0.1 * (i + 1), 0.05 * i) for i, name in enumerate(case.responses)}
    batch = sk.policy.blend(sk.policy.constant(case, "balanced"), sk.policy.constant(case, "takes-sides"), [0, 0.25, 1])
    gamma, alpha = society.swayed(case, batch, sways)
    one, other = sways["balanced"], sways["takes-sides"]
    weight = np.array([0, 0.25, 1])
    assert np.allclose(gamma, (1 - weight) * one.own + weight * other.own)
    assert np.allclose(alpha, (1 - weight) * one.assistant + weight * other.assistant)
    with pytest.raises(ValueError, match="say what 'abstains' does"):
        society.swayed(case, batch, {name: sways[name] for name in case.responses if name != "abstains"})


def test_taking_sides_costs_diversity_and_balance_does_not():
    """The point of the scenario: neither balanced answers nor questions make people think alike."""
    case = sk.load("contested-question")
    from simkit.widgets.common_source import OpinionSettings, look

    for network in ("small world", "scale-free", "two communities", "karate club", "all to all"):
        kept = look(case, OpinionSettings(network=network)).kept.reshape(3, -1)
        assert kept[0, 0] == pytest.approx(1)
        assert kept[1, 0] > 1
        assert (kept[:, -1] < 0.2).all()
        assert (np.diff(kept, axis=1) < 0).all()
    assert float(sk.expect(case, sk.policy.bayes(case)).help) > float(
        sk.expect(case, sk.policy.constant(case, "takes-sides")).help
    )


def test_the_picture_says_what_the_closed_form_says():
    widgets = pytest.importorskip("simkit.widgets")
    made = widgets.opinions(network="all to all", takes_sides=0.5)
    form = society.common_assistant(0.0, gamma=0.4, alpha=0.25, assistant=0.5)
    assert f"{100 * float(form.kept) / 0.36:.1f}%" in made.sentences
    assert f"to +{float(form.mean):.2f}" in made.sentences
    with pytest.raises(ValueError, match="own_left"):
        widgets.opinions(own_left=0.9)


THREE = society.listening(sparse.eye_array(3))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: society.equilibrium(THREE, [1, 2, 3], gamma=0), "no single end"),
        (lambda: society.equilibrium(THREE, [1, 2, 3], gamma=0.7, alpha=0.6), "at most 1"),
        (lambda: society.equilibrium(THREE, [1, 2], gamma=0.5), "one for each of 3 people"),
        (lambda: society.equilibrium(THREE, [1, np.nan, 2], gamma=0.5), "own must be a finite number"),
        (lambda: society.listening([[1, -1], [0, 1]]), "never negative"),
        (lambda: society.listening(np.ones((2, 3))), "people by people"),
        (lambda: society.influence(society.listening(np.eye(3))), "no single consensus"),
        (lambda: society.zealot_share(10, 0, 1), "positive"),
        (lambda: society.jury_right(10, 0.6, 0), "odd"),
        (lambda: society.effective_opinions(10, 1.5), "correlation must be a number from 0 to 1"),
        (lambda: Sway(0.7, 0.7), "at most 1"),
    ],
)
def test_bad_numbers_are_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("gamma", [1e-3, 1e-5, 1e-7])
def test_weak_anchors_are_solved_not_iterated(gamma):
    """All end near the mean of what anchors them; the equation itself is the witness."""
    weights = society.listening(np.array([[1.0, 2, 0], [0, 1, 1], [3, 0, 1]]))
    own = np.array([0.0, 1.0, 5.0])
    found = society.equilibrium(weights, own, gamma=[[gamma], [0.5]], alpha=[[gamma], [0.1]], assistant=2.0)
    for x, g, a in zip(found, (gamma, 0.5), (gamma, 0.1), strict=True):
        assert x == pytest.approx(g * own + a * 2.0 + (1 - g - a) * (weights @ x), abs=1e-9)
    drawn = society.influence(weights) @ own / 2 + 1.0
    if gamma < 1e-4:
        assert found[0] == pytest.approx(drawn, abs=100 * gamma)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: society.equilibrium(sparse.csr_array(np.ones((2, 2))), [0, 1], gamma=0.1), "rows add up to 1"),
        (lambda: society.influence(sparse.csr_array(np.ones((2, 2)))), "rows add up to 1"),
        (lambda: society.gap_kept(1.0, gamma=0.0), "never meet"),
        (lambda: society.zealot_share(2.5, 1, 1), "people must be a whole number"),
        (lambda: society.monoculture(0.3, 0.3, (1.0,)), "2 to 6 candidates"),
        (lambda: society.monoculture(0.3, 0.3, (0.0, 1.0)), "best first"),
    ],
)
def test_what_once_gave_nonsense_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_weights_of_any_size_make_shares():
    assert society.listening(np.array([[1e308, 1e308], [1, 0]])).toarray().tolist() == [[0.5, 0.5], [1, 0]]


@pytest.mark.parametrize("network", ["small world", "two communities", "all to all"])
def test_how_sure_the_opinions_are_is_said_of_the_network_that_is_shown(network):
    """The variance at other weights, and the weight at which half is left, are those of solving for the opinions again."""
    import re

    from simkit.widgets import common_source

    chosen = common_source.OpinionSettings(network=network, leaning=0.3)
    case, row = sk.load("contested-question"), common_source.STEPS - 1  # always a side
    found = common_source.look(case, chosen)
    again = common_source.variance(network, found.gamma, 0.3 * np.tile(np.linspace(0, 1, common_source.STEPS), 3))
    assert again == pytest.approx(found.opinions.var(-1), rel=1e-3)
    said = common_source.how_sure(chosen, np.linspace(0, 1, common_source.STEPS))[row][1]
    needed = float(re.search(r"people kept ([0-9.]+) of that weight", said)[1])
    there = common_source.look(case, common_source.OpinionSettings(network=network, leaning=0.3, own_left=needed))
    assert there.kept[row] == pytest.approx(0.5, abs=0.01)


def test_the_sentence_does_not_say_that_differences_fall_where_they_grow():
    from simkit.widgets import opinions

    made = opinions(otherwise="asks-back", takes_sides=0.0)
    assert made.view.kept[made.row] > 1.2
    assert "fall" not in made.table.sentences[made.row]
