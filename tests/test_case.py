"""A case in its contexts and states, bent by a reader, and the population behind it."""

import dataclasses
import pickle
import re

import numpy as np
import pytest
from worlds import choice, random_case

import simkit as sk
from simkit.arrays import frozen
from simkit.case import from_arrays
from simkit.population import draw_worlds, worlds_from

SEEDS = range(10)


def test_what_was_bent_stays_bent_in_a_context():
    """The order of bending and of entering a context does not matter."""
    plain = sk.load("medication-threshold")
    state = plain.population.states[-1]
    bend = {
        "with_shares": ({"at-risk": 0.2},),
        "with_overlap": (0.1,),
        "with_learning": (0.5,),
        "in_state": (state,),
        "without_constraints": (),
    }
    for how, values in bend.items():
        first = getattr(plain, how)(*values).in_context("coding-bot")
        after = getattr(plain.in_context("coding-bot"), how)(*values)
        assert first.population.joint == pytest.approx(after.population.joint), how
        assert first.question.reply == pytest.approx(after.question.reply), how
        assert first.state == after.state
        assert not np.allclose(first.population.joint, plain.in_context("coding-bot").population.joint) or how in (
            "with_learning",
            "without_constraints",
        )


def test_the_filter_stays_lifted_in_a_context():
    case = sk.load("santa")
    assert case.in_context("childrens-platform").crosses.any()
    assert not case.without_constraints().in_context("childrens-platform").crosses.any()


def test_a_context_of_a_context_is_the_second_one():
    case = sk.load("medication-threshold")
    there = case.in_context("icu-team").in_context("coding-bot")
    assert there.population.shares == pytest.approx(case.in_context("coding-bot").population.shares)


def test_a_case_from_arrays_has_no_contexts():
    with pytest.raises(ValueError, match="it has no contexts"):
        choice(0.1, 1, 1).in_context("anywhere")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_moved_share_leaves_the_others_in_proportion(seed):
    case = random_case(np.random.default_rng(seed), segments=4)
    moved = case.with_shares({"segment-2": 0.37}).population
    assert moved.base_share[2] == pytest.approx(0.37)
    assert moved.base_share.sum() == pytest.approx(1)
    assert moved.base_share[[0, 1, 3]] / moved.base_share[0] == pytest.approx(
        case.population.base_share[[0, 1, 3]] / case.population.base_share[0]
    )
    ratio = case.population.high / case.population.base_share
    assert moved.high == pytest.approx(np.minimum(moved.base_share * ratio, 1)), "intervals keep their ratio to the value"


def test_moving_a_share_to_where_it_is_changes_nothing():
    """Also where another segment has share 0 and an interval above it."""
    ends = [0.8, 0.05, 0.0], [0.95, 0.15, 0.05]
    case = from_arrays([0.9, 0.1, 0], np.ones((3, 1)), np.zeros((3, 2)), harmful=[0, 1, 1], harm_chance=0.0, interval=ends)
    same = case.with_shares({"segment-0": 0.9}).population
    for name in ("base_share", "low", "high"):
        assert getattr(same, name) == pytest.approx(getattr(case.population, name))


def test_a_share_of_zero_can_be_raised_and_a_sole_sender_cannot_step_aside():
    case = choice(0.0, 1, 1)
    raised = case.with_shares({"segment-1": 0.3}).population
    assert raised.base_share.tolist() == pytest.approx([0.7, 0.3])
    assert raised.low[1] == raised.high[1] == 0.3
    alone = from_arrays([1.0], [[1.0]], [[0, 1]], harmful=False, harm_chance=0.0)
    with pytest.raises(ValueError, match="nobody is left"):
        alone.with_shares({"segment-0": 0.5})
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="from 0 to 1"):
            case.with_shares({"segment-1": wrong})
        with pytest.raises(ValueError, match="from 0 to 1"):
            case.with_overlap(wrong)


@pytest.mark.parametrize("seed", SEEDS)
def test_worlds_of_several_states_mix_them(seed):
    """World by world, the joint is what a population with these shares has, states and all."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, segments=3)
    states = dataclasses.replace(
        case.population,
        states=("usual", "shock"),
        state_chance=frozen([0.8, 0.2]),
        multiply=frozen(rng.uniform(0.1, 8, (2, 3))),
    )
    drawn = rng.dirichlet(np.ones(3), 5)
    overlap = rng.random(5)
    worlds = worlds_from(states, drawn, overlap)
    for n, share in enumerate(drawn):
        there = dataclasses.replace(states, base_share=frozen(share), overlap=(overlap[n],) * 3)
        assert worlds.joint[n] == pytest.approx(there.joint)
        assert worlds.shares[n] == pytest.approx(there.shares)


def test_overlap_is_drawn_and_its_interval_moves_along():
    case = sk.load("xstest")
    worlds = draw_worlds(case.population, np.random.default_rng(0), 20_000)
    assert np.quantile(worlds.overlap, [0.05, 0.5, 0.95]) == pytest.approx([0.01, 0.05, 0.20], rel=0.05)
    assert case.with_overlap(0.1).population.overlap == pytest.approx((0.1, 0.02, 0.4))
    assert case.with_overlap(0).population.overlap == (0, 0, 0)


def test_a_dirichlet_has_the_given_concentration():
    case = choice(0.2, 1, 1)
    shares = draw_worlds(case.population, np.random.default_rng(0), 40_000, concentration=30.0).shares[:, 1]
    assert [shares.mean(), shares.var()] == pytest.approx([0.2, 0.2 * 0.8 / 31], rel=0.03)


def test_several_shares_move_together():
    case = sk.load("medication-threshold")
    moved = case.with_shares({"at-risk": 0.2, "curious": 0.3})
    share = dict(zip(case.segments, moved.population.base_share, strict=True))
    assert (share["at-risk"], share["curious"]) == (0.2, 0.3)
    assert share["patient"] / share["caregiver"] == pytest.approx(0.45 / 0.20)
    assert "at-risk=0.2, curious=0.3" in moved.title
    with pytest.raises(ValueError, match=r"add up to 1\.3"):
        case.with_shares({"at-risk": 0.9, "curious": 0.4})


def test_a_million_to_one_share_survives_the_draw():
    case = choice(1e-6, 1, 1, (1e-8, 1e-5))
    worlds = draw_worlds(case.population, np.random.default_rng(0), 1000)
    assert worlds.shares[:, 1].min() > 0
    assert np.median(worlds.shares[:, 1]) == pytest.approx(1e-6, rel=0.3)


def test_posteriors_are_bayes_rule():
    population = sk.load("medication-threshold").population
    by_hand = population.shares * population.signals[:, 4]
    assert population.posterior[4] == pytest.approx(by_hand / by_hand.sum())
    assert population.posterior.sum(1) == pytest.approx(1)


def test_a_signal_that_nobody_sends_tells_nothing():
    case = from_arrays([0.9, 0.1], [[1, 0], [1, 0]], [[0, 1], [0, 0]], harmful=[False, True], harm_chance=0.0)
    assert case.population.posterior[1] == pytest.approx([0.9, 0.1])


def test_arrays_that_are_no_population_are_refused():
    wrong = {
        "share adds up": {"share": [0.5, 0.4]},
        "signal adds up": {"signal": [[0.5, 0.4], [0.5, 0.5]]},
        "never negative": {"share": [1.2, -0.2]},
        "has shape": {"help": [[0, 1]]},
        "help is finite": {"help": [[0, np.nan], [0, 1]]},
    }
    for message, change in wrong.items():
        given = {"share": [0.5, 0.5], "signal": [[0.5, 0.5], [0.5, 0.5]], "help": [[0, 1], [0, 1]], **change}
        with pytest.raises(ValueError, match=message):
            from_arrays(given["share"], given["signal"], given["help"], harmful=[False, True], harm_chance=0.0)
    good = ([1.0], [[1.0]], [[0, 1]])
    for message, change in {
        "at most one event": {"harm_chance": 0.7, "neglect_chance": 0.7},
        "never negative": {"harm_chance": -0.1},
        "a response is one of": {"harm_chance": 0.0, "kinds": ["refuse", "refus"]},
        "replies of each": {"harm_chance": 0.0, "reply": [[0.3, 0.3]]},
        "low end": {"harm_chance": 0.0, "interval": ([1.0], [0.5])},
    }.items():
        with pytest.raises(ValueError, match=message):
            from_arrays(*good, harmful=False, **change)
    with pytest.raises(ValueError, match="one refusal must be allowed"):
        from_arrays([1.0], [[1.0]], [[0, 1]], harmful=False, harm_chance=0.0, kinds=["answer", "answer"])


GOOD = {
    "share": [0.5, 0.5],
    "signal": [[0.5, 0.5], [0.2, 0.8]],
    "help": [[0, 1], [0, 1]],
    "harmful": [0, 1],
    "harm_chance": 0.1,
}
REFUSED = {
    "share[1] is nan: share is finite": {"share": [1, np.nan]},
    "share[1] is -0.5: share is never negative": {"share": [1.5, -0.5]},
    "signal adds up to 1.1, not to 1 (row 1)": {"signal": [[0.5, 0.5], [0.3, 0.8]]},
    "help[1, 0] is inf: help is finite": {"help": [[0, 1], [np.inf, 1]]},
    "harmful has shape (3,); (segments) = (2,) is needed": {"harmful": [0, 1, 1]},
    "harm_chance[0, 1] is -0.1: harm_chance is never negative": {"harm_chance": [[0, -0.1], [0, 0]]},
    "harm_chance[0, 0] is nan: harm_chance is finite": {"harm_chance": np.nan},
    "neglect_chance[1, 0] is 1.5: neglect_chance is at most 1": {"neglect_chance": [[0, 0], [1.5, 0]]},
    "neglect_chance has shape (3,); (segments, responses) = (2, 2) is needed": {"neglect_chance": [0, 0, 0]},
    "harm and neglect are at most one event": {"neglect_chance": 0.95},
    "kinds has 3 entries; one for each of 2 responses is needed": {"kinds": ["refuse", "answer", "answer"]},
    "low[0] is -0.1: low is never negative": {"interval": ([-0.1, 0.2], [0.9, 0.9])},
    "high[1] is 1.2: high is at most 1": {"interval": ([0.1, 0.2], [0.9, 1.2])},
    "reply (the replies of each segment) adds up to 0.9, not to 1 (row 1)": {"reply": [[0.5, 0.5], [0.5, 0.4]]},
    "reply (the replies of each segment) has shape (1, 2); (segments, replies) = (2, 2)": {"reply": [[0.5, 0.5]]},
    "cost[0] is inf: cost is finite": {"reply": [[1, 0], [0, 1]], "cost": np.inf},
    "cost[1] is -1: cost is never negative": {"reply": [[1, 0], [0, 1]], "cost": [0, -1]},
    "a harm weight is finite and never negative, not inf": {"harm_weight": np.inf},
    "a harm weight is finite and never negative, not -1": {"harm_weight": -1.0},
    "crosses has shape (3,); (responses) = (2,) is needed": {"crosses": [False, False, True]},
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_case_from_arrays_names_the_argument_the_place_and_the_rule(said):
    given = {**GOOD, **REFUSED[said]}
    with pytest.raises(ValueError, match=re.escape(said)):
        from_arrays(given.pop("share"), given.pop("signal"), given.pop("help"), **given)


def test_good_arrays_make_a_case():
    """Negative control of the tests above."""
    given = dict(GOOD)
    case = from_arrays(given.pop("share"), given.pop("signal"), given.pop("help"), **given)
    assert case.population.joint.sum() == pytest.approx(1)
    assert case.response_labels == case.responses
    assert case.segment_labels == case.segments


def test_populations_events_and_questions_state_their_domain():
    case = from_arrays([0.5, 0.5], [[1.0], [1.0]], [[0, 1], [0, 1]], harmful=[0, 1], harm_chance=0.1, reply=[[1, 0], [0, 1]])
    for said, change in {
        "odds[1] is inf: odds is finite": {"odds": [1, np.inf]},
        "multiply[0, 0] is -1: multiply is never negative": {"multiply": [[-1, 1]]},
        "state_chance adds up to 0.9, not to 1": {"state_chance": [0.9]},
        "overlap[2] is 2: overlap is at most 1": {"overlap": (0, 0, 2)},
        "mix has shape (3,); (segments) = (2,)": {"mix": [1, 1, 1]},
    }.items():
        with pytest.raises(ValueError, match=re.escape(said)):
            dataclasses.replace(case.population, **change)
    nobody = np.full((2, 2), -1)
    with pytest.raises(ValueError, match="an event that can happen has a severity"):
        dataclasses.replace(case.harm_events, severity=nobody)
    with pytest.raises(ValueError, match="the number of a severity is below 1"):
        dataclasses.replace(case, harm_events=dataclasses.replace(case.harm_events, severity=nobody + 2))
    with pytest.raises(ValueError, match=re.escape("learned_reply (the replies of each segment)[0, 1] is -1")):
        dataclasses.replace(case.question, learned_reply=[[2, -1], [0, 1]])
    half = {name: getattr(case.question, name)[:1] for name in ("cost", "reply", "learned_reply")}
    short = dataclasses.replace(case.question, **half)
    with pytest.raises(ValueError, match="reply has 1 rows; one for each of 2 segments"):
        dataclasses.replace(case, question=short)


def test_people_read_labels_and_code_reads_names():
    case = sk.load("medication-threshold")
    assert case.responses[3] == "full-with-care"
    assert case.response_labels[3] == "full answer, with care"
    assert case.segment_labels[case.segments.index("at-risk")] == "at risk of self-harm"
    assert case.in_context("icu-team").with_shares({"at-risk": 0.1}).response_labels == case.response_labels
    assert case.segment_labels[0] == case.segments[0] == "patient", "what has no label goes by its name"


def test_a_context_that_leaves_nobody_is_refused():
    case = choice(0.5, 1, 1)
    empty = dataclasses.replace(case.population, multiply=frozen([[0, 0]]))
    with pytest.raises(ValueError, match="nobody is left"):
        _ = empty.shares


def test_cases_and_policies_travel():
    """To worker processes, and back."""
    for case in (sk.load("medication-threshold"), choice(0.1, 1, 5)):
        again = pickle.loads(pickle.dumps(case))  # noqa: S301
        best = sk.policy.bayes(again)
        assert np.array_equal(best.answer, sk.policy.bayes(case).answer)
        assert np.array_equal(pickle.loads(pickle.dumps(best)).answer, best.answer)  # noqa: S301


def test_nothing_can_be_changed_in_place():
    case = sk.load("santa")
    arrays = (case.help, case.harm, case.crosses, case.population.shares, case.population.harmful)
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        case.name = "other"
