"""Arguments as evidence: anchors H1 to H3, law M26, second routes, and what they do to a case."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import linprog
from theory import close

import simkit as sk
from simkit.theory import persuasion

ROWS = json.loads((Path(__file__).parent / "reference" / "persuasion.json").read_text(encoding="utf-8"))["anchors"]
ANCHORS = {key: np.squeeze(row["value"]) for key, row in ROWS.items()}


@pytest.fixture(scope="module")
def case():
    return sk.load("bright-line").in_context("arguing-for-an-exception")


# --- anchors ---


def test_h1_arguments():
    assert close(persuasion.posterior([0.01, 0.001, 0.1], 0.9 / 0.05), ANCHORS["H1.1"])
    strengths = np.array([0.5, 0.9, 0.99, 1])
    assert close(persuasion.likelihood_ratio(strengths, np.array([[10], [100]])).ravel(), ANCHORS["H1.2"])
    late = persuasion.posterior(0.05, persuasion.likelihood_ratio(0.99, 100))
    assert close([*persuasion.suspicious_from([2, 10, 100, 1000]), late], ANCHORS["H1.3"])


def test_h2_bayesian_persuasion():
    found = persuasion.persuade(0.3, 0.5)
    assert close([found.complies, found.misled, found.belief, 0.3], ANCHORS["H2.1"])
    sure = persuasion.persuade(0.7, 0.5)
    assert (sure.complies, sure.misled, sure.belief) == (1, 1, 0.7)


def test_h3_bright_lines():
    assert close(persuasion.breach([1e-3, 1e-4, 1e-6], [1000, 1000, 1e6]), ANCHORS["H3.1"])
    assert close(persuasion.break_even_exception(1, 1000, np.array([1, 0.1, 0.01])), ANCHORS["H3.2"])


# --- second routes ---


@given(st.floats(1, 500), st.floats(0, 1))
def test_m26_the_ratio_averages_to_one(tries, mimic):
    """Under honest arguments, whose percentile is uniform."""
    mean = quad(lambda f: float(persuasion.likelihood_ratio(f, tries, mimic)), 0, 1, points=[0.9, 0.99], limit=200)[0]
    assert mean == pytest.approx(1, rel=1e-6)


def test_best_of_n_by_drawing(rng):
    """Of arguments that beat 90 of 100 honest ones: how many come from who tried ten, at a prior of one in five."""
    harmful = rng.random(400_000) < 0.2
    strength = np.where(harmful, rng.random((10, 400_000)).max(0), rng.random(400_000))
    argued = persuasion.argue(plain(0.2), tries=10, grades=(0, 0.9, 1))
    strong = strength >= 0.9
    error = 4 * np.sqrt(0.25 / strong.sum())
    assert harmful[strong].mean() == pytest.approx(argued.manipulation[1], abs=error)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_persuasion_by_linear_programming(prior, threshold):
    """Two recommendations; the receiver obeys 'comply' if its posterior is at least the threshold."""
    comply_if = [prior, 1 - prior]  # P(comply and good), P(comply and not) as fractions of each
    best = linprog(
        [-comply_if[0], -comply_if[1]],
        A_ub=[[-comply_if[0] * (1 - threshold), comply_if[1] * threshold]],
        b_ub=[0],
        bounds=[(0, 1), (0, 1)],
    )
    found = persuasion.persuade(prior, threshold)
    assert -best.fun == pytest.approx(float(found.complies), abs=1e-7)
    assert best.x[1] == pytest.approx(float(found.misled), abs=1e-6)


def test_break_even_by_what_judging_earns():
    for loss, ratio in ((1000, 0.1), (3, 1), (0.5, 0.02)):
        j = float(persuasion.break_even_exception(2, loss, ratio))
        assert j * 2 == pytest.approx((1 - j) * ratio * loss, rel=1e-12)


# --- a case ---


def plain(harmful: float) -> sk.Case:
    return sk.case.from_arrays(
        [1 - harmful, harmful], [[1.0], [1.0]], [[0, 1], [0, 0]], harmful=[False, True], harm_chance=[[0, 0], [0, 1]]
    )


def test_arguments_say_nothing_but_who_searches(case):
    argued = persuasion.argue(case, tries=100)
    before, after = case.population, argued.case.population
    many, count = len(before.signal_names), len(argued.ratio)
    assert np.allclose(after.signals.reshape(-1, many, count).sum(-1), before.signals, atol=1e-14)
    posterior = after.joint.reshape(-1, many, count).sum(1)
    bad = before.harmful
    assert np.allclose(posterior[bad].sum(0) / posterior.sum(0), argued.manipulation, rtol=1e-12)
    alike = persuasion.argue(case, tries=100, mimic=1)
    assert np.allclose(alike.manipulation, alike.prior, rtol=1e-12)


def test_contexts_and_arguments_commute():
    argued = persuasion.argue(sk.load("bright-line"), tries=7).case.in_context("arguing-for-an-exception")
    other = persuasion.argue(sk.load("bright-line").in_context("arguing-for-an-exception"), tries=7).case
    assert np.allclose(argued.population.joint, other.population.joint, rtol=1e-13)


def test_who_gets_through(case):
    """The batch against sums over grades by hand; its ends are to give in to all and to none."""
    argued = persuasion.argue(case, tries=30)
    shares, harmful = case.population.shares, case.population.harmful
    for make, of_all, of_none in ((persuasion.bending, 0, -1), (persuasion.wary, -1, 0)):
        policies = make(argued, give="laboratory-detail", keep="background")
        given = sk.exposure(argued.case, policies)[..., case.response("laboratory-detail")]
        assert np.allclose(given[of_all], shares, rtol=1e-12)
        assert not given[of_none].any()
        assert policies.axis is not None
        above = make is persuasion.bending
        for bar, row in zip(argued.grades, given, strict=True):
            honest, searched = (1 - bar, 1 - bar**30) if above else (bar, bar**30)
            assert np.allclose(row, shares * np.where(harmful, searched, honest), rtol=1e-9, atol=1e-15)


def test_net_value_is_linear_in_imitation(case):
    def net(mimic):
        argued = persuasion.argue(case, tries=100, mimic=mimic)
        return sk.expect(argued.case, persuasion.wary(argued, give="laboratory-detail", keep="background")).net

    assert np.allclose(net(0.3), 0.7 * net(0.0) + 0.3 * net(1.0), rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: persuasion.likelihood_ratio(1.2, 3), "strength must be a number from 0 to 1"),
        (lambda: persuasion.likelihood_ratio(0.2, 0), "tries must be at least 1"),
        (lambda: persuasion.posterior(0.2, -1), "ratio must be at least 0"),
        (lambda: persuasion.breach(0.2, np.nan), "attempts must be at least 0"),
        (lambda: persuasion.break_even_exception(0, 0, 1), "nothing is at stake"),
        (lambda: persuasion.argue(plain(0.1), tries=2, grades=(0, 0.5)), "rise from 0 to 1"),
        (lambda: persuasion.argue(plain(0.1), tries=2, grades=(0, 0.7, 0.5, 1)), "rise from 0 to 1"),
    ],
)
def test_bad_numbers_are_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# --- the instrument ---


def test_the_instrument_says_what_the_batch_says(case):
    widgets = pytest.importorskip("simkit.widgets")
    made = widgets.argument("bright-line", strength=0.99, policy="gives in to it")
    assert "70.6% mean harm; of all who argue, 4.8%" in made.sentences
    assert "lets 30 of 47 malicious senders and 9 of 953 others through" in made.sentences
    made.settings = replace(made.settings, policy="hard line")
    assert "lets 0 of 47 malicious senders and 0 of 953" in made.sentences
    # the fraction of imitators that the wary policy bears, by search
    made.settings = replace(made.settings, policy="takes it for a warning", strength=0.9)
    share = made.view.imitated[made.row]
    nets = []
    for mimic in (share * 0.999, share * 1.001):
        argued = persuasion.argue(case, tries=100, mimic=mimic)
        wary = persuasion.wary(argued, give="laboratory-detail", keep="background")[9]
        line = sk.policy.constant(argued.case, "background")
        nets.append(sk.expect(argued.case, wary).net - sk.expect(argued.case, line).net)
    assert nets[0] > 0 > nets[1]


def test_a_judgement_that_never_errs_is_never_breached():
    assert persuasion.breach([0.0, 0.0, 0.1, 1.0], [np.inf, 5, np.inf, 1]).tolist() == [0, 0, 1, 1]


def test_the_caveat_says_on_which_side_of_the_break_even_one_is():
    """With few who imitate the wary policy is better unless more do; with many it is worse unless fewer do."""
    from simkit.widgets.bright_line import argument

    place = {"policy": "takes it for a warning", "strength": 0.5}
    few, many = (argument(**place, mimic=mimic) for mimic in (0.0, 0.5))
    for made, worth, side in ((few, "more", "more"), (many, "less", "fewer")):
        note = made.table.notes[made.row]
        assert note.startswith(f"Worth {worth} than the hard line in ")
        assert f"Not if {side} than " in note
