"""What the library's scenarios must show: directions that the published documents state, derived from the model.

No number here was read off the model. A test fails if a file is edited so that it no longer says what its sources say.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simkit as sk
from simkit.scenario import Edits, load_record, make_case

FILES = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))
MINE = (
    "medication-threshold",
    "household-cleaners",
    "lock-picking",
    "santa",
    "bright-line",
    "confidential-prompt",
    "companion",
    "childrens-platform",
    "persona",
)
REFUSALS = ("refuse", "refuse-with-reason")
BARE, NURSE = "bare+plain", "as-a-nurse+plain"


def everywhere(case):
    """The case by itself and in each of its contexts."""
    return [case, *map(case.in_context, case.contexts)]


def best(case, signal, **keywords):
    """What the best policy does on a signal: a response, or `ask`."""
    policy = sk.policy.bayes(case, **keywords)
    k = policy.signals.index(signal)
    return "ask" if policy.asks[k] > 0 else policy.responses[policy.answer[k].argmax()]


def kind(case, response):
    return case.kinds[case.response(response)]


def answers(case, signal):
    return kind(case, best(case, signal)) == "answer"


def shows_care(case, signal):
    return case.shows[case.response(best(case, signal))].get("safe-messaging") == "on"


def net(case, response):
    return float(sk.expect(case, sk.policy.constant(case, response)).net)


def gain_on(case, signal, response, reference):
    """Net gain of one response over another per sender of this signal."""
    one, other = (sk.policy.constant(case, name) for name in (response, reference))
    return sk.evaluate.gain(case, other, one)[case.population.signal_names.index(signal)]


def flip(case, one, other, segment):
    """The shares of a segment at which two constant policies are worth the same."""
    pair = [sk.policy.constant(case, name) for name in (one, other)]
    (found,) = [
        f for f in sk.uncertainty.break_evens(case, *pair, harm_weight=case.harm_weight) if f.of == f"share of {segment}"
    ]
    return found.breaks_even_at


# --- every file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_loads_and_its_shares_add_up_to_1_everywhere(path):
    for case in everywhere(sk.load(path)):
        assert case.population.base_share.sum() == pytest.approx(1, abs=1e-9)
        assert case.population.in_states.sum(1) == pytest.approx(1, abs=1e-9)
        assert case.population.joint.sum() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_segment_and_response_reads_as_plain_english(path):
    """No dashes of slugs, and no two alike."""
    case = sk.load(path)
    for labels in (case.segment_labels, case.response_labels):
        assert all(
            re.fullmatch(r"[a-z][a-z ,]{2,39}|grown-up", label) or "-up" in label or "self-" in label for label in labels
        )
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", MINE)
def test_an_anchored_share_says_whom_its_source_counted_instead(name):
    shares = [segment.share for segment in load_record(name).segments]
    assert all(share.note for share in shares if share.basis == "anchored")
    assert all(share.low < share.value < share.high for share in shares)


@pytest.mark.parametrize("name", MINE)
def test_the_best_policy_is_worth_more_than_any_one_response_to_everybody(name):
    for case in everywhere(sk.load(name)):
        value = float(sk.expect(case, sk.policy.bayes(case)).net)
        assert all(value >= net(case, r) - 1e-12 for r, fine in zip(case.responses, case.allowed, strict=True) if fine)


# --- medication-threshold: Anthropic's constitution, "Understanding existing deployment contexts" ----------------------

DEPLOYMENTS = ("icu-team", "no-system-prompt", "general-assistant", "coding-bot", "vulnerable-platform")


def deploy(name):
    return sk.load("medication-threshold").in_context(name)


def willingness(case, full, refusal):
    """Net gain of a full answer over a refusal in each deployment, in the order that the constitution states."""
    return [net(case.in_context(name), full) - net(case.in_context(name), refusal) for name in DEPLOYMENTS]


def in_the_stated_order(gains):
    icu, none, general, coding, vulnerable = gains
    return icu > none >= general > coding > vulnerable


@pytest.mark.parametrize("refusal", ["refuse", "refuse-with-reason"])
@pytest.mark.parametrize("full", ["full-with-care", "full-bare"])
def test_the_constitution_says_in_which_order_five_deployments_are_willing(full, refusal):
    assert in_the_stated_order(willingness(sk.load("medication-threshold"), full, refusal))


@pytest.mark.parametrize("full", ["full-with-care", "full-bare"])
def test_the_order_holds_from_half_to_four_times_the_weight_of_harm(full):
    case = sk.load("medication-threshold")
    for weight in case.harm_weight * np.array([0.5, 1, 2, 4]):
        assert in_the_stated_order(willingness(replace(case, harm_weight=float(weight)), full, "refuse-with-reason"))


@pytest.mark.parametrize("full", ["full-with-care", "full-bare"])
def test_who_asks_gives_the_order_even_without_what_is_at_stake(full):
    """The edits of stakes and signals move the answers; the order is already in the crowds."""
    file = load_record("medication-threshold")
    plain = tuple(replace(context, stakes=Edits(), signals={}) for context in file.contexts)
    crowds = make_case(replace(file, contexts=plain), "crowds")
    assert in_the_stated_order(willingness(crowds, full, "refuse-with-reason"))


def test_the_order_breaks_if_the_crowds_of_two_deployments_are_swapped():
    """Negative control: who asks matters, so the test above can fail."""
    file = load_record("medication-threshold")
    crowd = {context.name: context.multiply for context in file.contexts}
    crowd["icu-team"], crowd["vulnerable-platform"] = crowd["vulnerable-platform"], crowd["icu-team"]
    contexts = tuple(replace(context, multiply=crowd[context.name]) for context in file.contexts)
    swapped = make_case(replace(file, contexts=contexts), "swapped")
    for full in ("full-with-care", "full-bare"):
        assert not in_the_stated_order(willingness(swapped, full, "refuse-with-reason"))


def test_the_constitution_says_that_an_icu_team_gets_the_full_answer():
    assert answers(deploy("icu-team"), BARE)
    assert answers(deploy("icu-team"), NURSE)


def test_the_constitution_says_that_medical_providers_may_do_without_safe_messaging():
    """Instructable behaviours: a default that an operator may turn off; elsewhere the care is worth its line."""
    assert not shows_care(deploy("icu-team"), BARE)
    assert shows_care(deploy("general-assistant"), BARE)


def test_the_constitution_says_that_without_a_system_prompt_it_shares_clearly_with_care():
    assert best(deploy("no-system-prompt"), BARE) == "full-with-care"
    assert answers(deploy("no-system-prompt"), NURSE)


def test_the_constitution_says_that_a_general_assistant_helps_with_safety_messaging():
    for signal in (BARE, NURSE):
        assert answers(deploy("general-assistant"), signal)
        assert shows_care(deploy("general-assistant"), signal)


def test_the_constitution_says_that_a_coding_assistant_hesitates_and_points_elsewhere():
    for signal in (BARE, NURSE):
        chosen = best(deploy("coding-bot"), signal)
        assert kind(deploy("coding-bot"), chosen) in ("partial", "refuse-with-reason")
        assert deploy("coding-bot").shows[deploy("coding-bot").response(chosen)]["safe-messaging"] == "on"


def test_the_constitution_says_that_it_likely_declines_among_vulnerable_people():
    for signal in (BARE, NURSE):
        case = deploy("vulnerable-platform")
        assert kind(case, best(case, signal)) in REFUSALS


def test_refusing_has_victims():
    """The constitution says that unhelpfulness is never trivially safe."""
    case = sk.load("medication-threshold")
    refused, told = (sk.expect(case, sk.policy.constant(case, r)) for r in ("refuse", "full-with-care"))
    assert refused.neglect > told.neglect
    assert refused.loss > told.loss
    assert (case.neglect[~case.population.harmful, case.response("refuse")][:2] > 0).all()


def test_no_plausible_share_at_risk_turns_a_careful_answer_into_a_refusal():
    case = sk.load("medication-threshold")
    (turn,) = flip(case, "full-with-care", "refuse-with-reason", "at-risk")
    assert turn > case.population.high[case.population.segments.index("at-risk")]


def test_painless_is_evidence_that_turns_the_answer():
    case = sk.load("medication-threshold")
    risk = dict(zip(case.population.signal_names, case.population.risk, strict=True))
    assert risk["bare+painless"] > risk[BARE]
    assert best(case, "bare+painless") == "refuse-with-reason"


def test_a_cheap_claim_is_worth_less_where_it_is_borrowed_more_often():
    lift = {}
    for name in ("icu-team", "vulnerable-platform"):
        case = deploy(name)
        k = case.population.signal_names.index(NURSE)
        lift[name] = case.population.risk[k] / case.population.shares[case.population.harmful].sum()
    assert lift["icu-team"] < 1 < lift["vulnerable-platform"]


def test_a_question_loses_its_worth_once_people_have_learned_what_to_reply():
    case = deploy("vulnerable-platform")
    asking = sk.policy.bayes(case)
    assert asking.asks.max() > 0
    worth = [float(sk.expect(case.with_learning(x), asking).net) for x in (0, 0.5, 1)]
    assert worth[0] > worth[1] > worth[2]


def test_a_shared_shock_raises_the_risk_of_everybody_on_the_same_day():
    case = sk.load("medication-threshold")
    usual, shock = (case.in_state(state) for state in case.population.states)
    assert (shock.population.risk > usual.population.risk).all()


# --- household-cleaners: Anthropic's constitution, "The role of intentions and context" --------------------------------


def test_the_constitution_says_to_tell_what_not_to_combine():
    for case in everywhere(sk.load("household-cleaners")):
        assert best(case, "plain") == "what-not-to-mix"


def test_asking_for_steps_raises_the_odds_of_ill_intent_five_to_tenfold():
    population = sk.load("household-cleaners").in_state("usual").population
    odds = [p / (1 - p) for p in (population.shares[population.harmful].sum(), population.risk[1])]
    assert population.signal_names[1] == "step-by-step"
    assert 5 <= odds[1] / odds[0] <= 10


def test_the_constitution_says_that_asking_for_steps_deserves_more_hesitation():
    for case in everywhere(sk.load("household-cleaners")):
        plain, steps = case.population.risk
        assert steps > plain
        for answer in ("what-not-to-mix", "step-by-step-recipe"):
            assert gain_on(case, "step-by-step", answer, "refuse") < gain_on(case, "plain", answer, "refuse")


def test_the_recipe_is_never_best():
    """Nor is it if harm weighs a quarter of what the file says, or fifty times as much."""
    for case in everywhere(sk.load("household-cleaners")):
        chosen = sk.policy.bayes(case, harm_weight=case.harm_weight * np.geomspace(0.25, 50, 41))
        assert not chosen.answer[..., case.response("step-by-step-recipe")].any()


def test_a_refusal_without_a_bright_line_is_weighed():
    """The constitution's hard constraint is about mass casualties: nothing in this file reaches it."""
    case = sk.load("household-cleaners")
    assert not case.crosses.any()
    assert sk.pareto.price_of_constraints(case) == 0


# --- lock-picking: the constitution's locksmiths, facilitated against direct -------------------------------------------


def test_the_constitution_says_that_some_tasks_are_fine_even_if_most_mean_ill():
    (turn,) = flip(sk.load("lock-picking"), "full-answer", "refuse-with-reason", "burglar")
    assert turn > 0.5


def test_answering_stays_best_if_half_of_the_senders_are_burglars():
    case = sk.load("lock-picking").with_shares({"burglar": 0.5})
    for signal in case.population.signal_names:
        assert best(case, signal) == "full-answer"


def test_enough_burglars_would_turn_it():
    """Negative control of the test above."""
    (turn,) = flip(sk.load("lock-picking"), "full-answer", "refuse-with-reason", "burglar")
    above = sk.load("lock-picking").with_shares({"burglar": (1 + turn) / 2})
    assert net(above, "full-answer") < net(above, "refuse-with-reason")


def test_where_somebody_with_a_key_is_near_pointing_there_beats_teaching():
    """The same words and nearly the same crowd: what is at stake moves the best answer too."""
    case = sk.load("lock-picking").in_context("landlord-helpdesk")
    assert kind(case, best(case, "a-lock")) == "refuse-with-reason"


# --- santa: honesty as a filter ---------------------------------------------------------------------------------------


def test_nobody_who_asks_about_santa_means_ill():
    case = sk.load("santa")
    assert (case.population.risk == 0).all()
    assert np.isnan(sk.expect(case, sk.policy.bayes(case)).under_refusal)


def test_the_constitution_says_not_even_a_white_lie():
    """A filter: no weight of harm and no operator brings the lie back."""
    for case in everywhere(sk.load("santa")):
        lie = case.response("say-yes")
        for policy in (sk.policy.bayes(case, harm_weight=np.geomspace(0.01, 1000, 41)), sk.frontier(case).policies):
            assert not policy.answer[..., lie].any()
            assert policy.after is None or not policy.after[..., lie].any()


def test_without_the_filter_a_child_in_december_would_be_told_a_kind_lie():
    free = sk.load("santa").without_constraints()
    assert best(free, "child-like+december") == "say-yes"
    assert best(free, "adult-like+december") != "say-yes"


def test_a_bright_line_has_a_price_and_it_is_highest_among_children():
    price = {case.context: sk.pareto.price_of_constraints(case) for case in everywhere(sk.load("santa"))}
    assert price["childrens-platform"] > price["general-assistant"] > price["ed-tech"] >= 0


def test_the_price_vanishes_once_lost_trust_weighs_enough():
    case = sk.load("santa")
    prices = [sk.pareto.price_of_constraints(case, case.harm_weight * x) for x in (1, 10)]
    assert prices[0] > 0 == prices[1]


def test_the_constitution_says_that_not_to_tell_is_not_to_deceive():
    """Small children are sent to their family, pupils get the truth, and neither is lied to."""
    small, pupils = (sk.load("santa").in_context(name) for name in ("childrens-platform", "ed-tech"))
    assert best(small, "child-like+december") == "deflect-to-parent"
    assert all(best(pupils, signal) == "truthful-gentle" for signal in pupils.population.signal_names)


# --- bright-line: a filter against a tiny chance of a catastrophe -------------------------------------------------------


def test_weighing_alone_would_cross_the_line_and_an_open_share_decides_it():
    """The share at which weighing would agree with the line lies inside its interval: nobody knows."""
    free = sk.load("bright-line").without_constraints()
    assert best(free, "bare") == "laboratory-detail"
    (turn,) = flip(free, "laboratory-detail", "background", "malicious")
    malicious = load_record("bright-line").segments[-1].share
    assert malicious.low < turn < malicious.high
    gained = np.array([0.25, 0.05, -0.3]) @ free.population.base_share[:3]
    mean = 1.2 / 0.2 * 100_000
    assert turn == pytest.approx(gained / (20 * 0.001 * mean), rel=1e-4), "help gained = weight x share x chance x mean"


def test_no_operator_and_no_claim_moves_the_line():
    for case in everywhere(sk.load("bright-line")):
        assert all(best(case, signal) == "background" for signal in case.population.signal_names)
        made = sk.spec.compile(sk.spec.load("general-assistant"), case)
        assert made.answer[:, case.response("background")].tolist() == [1.0, 1.0]
        cost = sk.spec.bright_lines(sk.spec.load("general-assistant"), case)
        assert cost.lines == ("mass-casualty-uplift",)
        assert cost.net_cost > 0
        assert cost.harm_saved > 0
    operator = sk.load("bright-line").in_context("research-platform")
    assert sk.spec.classify(sk.spec.load("general-assistant"), operator.messages).verdict == "beyond its power"
