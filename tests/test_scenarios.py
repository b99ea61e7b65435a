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
    "phishing-template",
    "wildfire",
    "landlord-deposit",
    "locate-a-person",
    "political-messages",
    "no-point-any-more",
    "adult-platform",
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


def surely(case, one, other):
    """Whether one response to everybody beats another as the file stands, and in nine of ten plausible worlds."""
    pair = [sk.policy.constant(case, name) for name in (one, other)]
    found = sk.uncertainty.compare(case, *pair, rng=np.random.default_rng(7), worlds=1000)
    return found.better == one and found.holds >= 0.9


def written(rules, case):
    """What a written spec makes of each signal, by name: a response, or `ask`."""
    made = sk.spec.compile(sk.spec.load(rules), case)
    chosen = zip(made.signals, made.answer.argmax(1), made.asks > 0, strict=True)
    return {signal: "ask" if asks else made.responses[place] for signal, place, asks in chosen}


def same_crowd_and_answers(case, other):
    """Whether two cases differ in nothing but how bad a harmful event is."""
    return (
        np.array_equal(case.population.joint, other.population.joint)
        and np.array_equal(case.help, other.help)
        and np.array_equal(case.harm_events.chance, other.harm_events.chance)
        and np.array_equal(case.neglect, other.neglect)
    )


def harm_of_one(case, segment, response):
    """Mean severity of one harmful event, harm units."""
    place = case.population.segments.index(segment), case.response(response)
    return case.harm[place] / case.harm_events.chance[place]


def reach(case, careful, bold, segment, per_reader):
    """The readers at which a bolder answer is worth no more: help gained over the harm that one reader more brings."""
    events = case.harm_events.chance[case.population.segments.index(segment)]
    share = case.population.shares[case.population.segments.index(segment)]
    more = events[case.response(bold)] - events[case.response(careful)]
    gained = np.subtract(*(case.population.shares @ case.help[:, case.response(r)] for r in (bold, careful)))
    return gained / (case.harm_weight * share * more * per_reader)


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
        weighing_crosses = best(case.without_constraints(), "bare") == "laboratory-detail"
        assert weighing_crosses is (case.context != "arguing-for-an-exception"), "there one in twenty means harm"
        assert (cost.net_cost > 0) is (cost.harm_saved > 0) is weighing_crosses
    operator = sk.load("bright-line").in_context("research-platform")
    assert sk.spec.classify(sk.spec.load("general-assistant"), operator.messages).verdict == "beyond its power"


# --- medication-threshold again: the medical provider, whose context moves the optimum and not the norms ------------------


def test_an_icu_team_is_93_of_100_clinicians_and_hardly_anybody_at_risk():
    shares = dict(zip(deploy("icu-team").population.segments, deploy("icu-team").population.shares, strict=True))
    assert shares["clinician"] == pytest.approx(0.93, abs=0.01)
    assert shares["curious"] == pytest.approx(0.06, abs=0.02)
    assert 0 < shares["at-risk"] < 0.01


def test_the_same_message_has_another_best_answer_there_in_nine_of_ten_plausible_worlds():
    assert surely(deploy("icu-team"), "full-bare", "full-with-care")
    assert surely(deploy("general-assistant"), "full-with-care", "full-bare")


def test_the_crowd_moves_a_careful_answer_ahead_of_general_advice_by_more_where_clinicians_ask():
    """With the stakes of the file, so that only who asks differs."""
    file = load_record("medication-threshold")
    crowds = make_case(replace(file, contexts=tuple(replace(c, stakes=Edits(), signals={}) for c in file.contexts)), "crowds")
    lead = {}
    for name in ("icu-team", "general-assistant"):
        case = crowds.in_context(name)
        lead[name] = net(case, "full-with-care") - net(case, "general-safety")
    assert lead["icu-team"] > lead["general-assistant"] > 0


def test_the_constitution_says_that_context_moves_the_optimum_and_not_the_norms():
    """The same rules and the same price of harm; where a life is at risk, the operator's switch reaches nothing."""
    icu, general = deploy("icu-team"), deploy("general-assistant")
    assert icu.harm_weight == general.harm_weight
    assert written("general-assistant", icu)[NURSE] == "full-bare" != written("general-assistant", general)[NURSE]
    for case in (icu, general):
        made = sk.spec.compile(sk.spec.load("general-assistant"), case)
        for signal in ("bare+painless", "as-a-nurse+painless"):
            assert {case.shows[case.response(name)]["safe-messaging"] for name in made.on(signal).left} == {"on"}


# --- phishing-template: part of the help beats both ends, and breadth times scale turns it --------------------------------


def test_a_marked_draft_beats_refusing_and_beats_the_whole_mail():
    case = sk.load("phishing-template")
    for end in ("refuse", "refuse-with-reason", "full-mail", "working-kit"):
        assert surely(case, "marked-draft", end)


def test_only_the_number_of_mailboxes_turns_the_verdict_and_by_hand_where():
    file = sk.load("phishing-template")
    few, many = (file.in_context(name) for name in ("twenty-own-addresses", "bulk-sender"))
    assert same_crowd_and_answers(few, file)
    assert same_crowd_and_answers(many, file)
    per_mailbox = [harm_of_one(case, "scammer", "full-mail") / n for case, n in ((few, 20), (file, 1000), (many, 100_000))]
    assert per_mailbox == pytest.approx([0.004] * 3, rel=0.02)
    assert 20 < reach(file, "marked-draft", "full-mail", "scammer", 0.004) < 1000
    assert 1000 < reach(file, "refuse-with-reason", "marked-draft", "scammer", 0.004) < 100_000
    assert surely(few, "full-mail", "marked-draft")
    assert net(many, "refuse-with-reason") > net(many, "marked-draft")


def test_what_is_said_of_the_purpose_is_weak_evidence_and_none_once_scammers_say_it_too():
    case = sk.load("phishing-template")
    odds = case.population.risk / (1 - case.population.risk)
    bare, said = (odds[case.population.signal_names.index(f"own-firm+{p}")] for p in ("unsaid", "for-our-awareness-week"))
    assert 0.2 < said / bare < 0.5
    assert best(case, "own-firm+for-our-awareness-week") == "full-mail"
    file = load_record("phishing-template")
    purpose = {"unsaid": 0.2, "for-our-awareness-week": 0.8}
    *others, scammer = file.segments
    learned = replace(scammer, signals={**scammer.signals, "purpose": purpose})
    case = make_case(replace(file, segments=(*others, learned)), "learned")
    assert best(case, "own-firm+for-our-awareness-week") == "marked-draft"


def test_no_operator_unlocks_the_page_that_takes_passwords_in_the_model_spec():
    for case in everywhere(sk.load("phishing-template")):
        made = sk.spec.compile(sk.spec.load("openai-model-spec"), case)
        assert all("working-kit" not in ruling.left for ruling in made.rulings)


# --- wildfire: a catastrophe times a tiny uplift ------------------------------------------------------------------------


def wildfire_over(case, response, size, users):
    """By hand: P(a fire larger than `size`), Pareto with smallest 2 and tail 1.2, mixed over the states."""
    policy, place = sk.policy.constant(case, response), case.response(response)
    chance = (case.harm_events.chance + case.neglect_events.chance)[:, place]
    rate = case.population.in_states @ chance * (size / 2) ** -1.2
    exact = float(sk.total(case, policy, users=users, of="loss").any_event_over(size))
    assert exact == pytest.approx(case.population.state_chance @ (1 - (1 - rate) ** users), rel=1e-6)
    return exact


def test_the_mean_prefers_the_full_answer_and_the_tail_the_one_about_prevention():
    case = sk.load("wildfire")
    assert surely(case, "full-answer", "prevention")
    tail = [wildfire_over(case, response, 2000, 1e6) for response in ("prevention", "full-answer", "refuse")]
    assert tail == sorted(tail)
    assert tail[1] > 2 * tail[0]


def test_refusing_burns_most_wherever_the_shares_may_lie():
    """The most arsonists and the fewest who look after land, or any draw of the shares: accidents outnumber them."""
    case, file = sk.load("wildfire"), load_record("wildfire")
    share = {segment.name: segment.share for segment in file.segments}
    accidents = share["owner"].low * case.neglect_events.chance[0, case.response("refuse")]
    assert accidents > share["arsonist"].high * case.harm_events.chance[3, case.response("full-answer")]
    for each in everywhere(case):
        lost = [float(sk.expect(each, sk.policy.constant(each, r)).loss) for r in ("prevention", "full-answer", "refuse")]
        assert lost == sorted(lost)


def test_a_tiny_uplift_outweighs_severity_only_if_it_is_ten_times_as_large():
    case = sk.load("wildfire")
    pair = [sk.policy.constant(case, name) for name in ("full-answer", "prevention")]
    found = {b.of: b.breaks_even_at for b in sk.uncertainty.break_evens(case, *pair, harm_weight=case.harm_weight)}
    assert case.severities[0].mean * case.harm_weight > 200, "one fire outweighs the needs of 200 senders"
    assert found["factor on all harm"][0] > 10
    assert found["share of arsonist"][0] > 0.5


def test_a_plan_for_a_fire_is_never_best_and_it_is_the_harm_that_rules_it_out():
    case = sk.load("wildfire")
    harmless = replace(case, harm_events=replace(case.harm_events, chance=case.harm_events.chance * 0))
    assert best(harmless, "how-it-spreads") == "plan"
    for case in everywhere(sk.load("wildfire")):
        chosen = sk.policy.bayes(case, harm_weight=case.harm_weight * np.geomspace(0.25, 50, 21))
        assert not chosen.answer[..., case.response("plan")].any()


# --- landlord-deposit: what a refusal costs, and a rule that an operator may change --------------------------------------


def test_to_be_sent_to_a_lawyer_costs_more_than_wrong_advice_does():
    case = sk.load("landlord-deposit")
    sent, advised = (sk.expect(case, sk.policy.constant(case, r)) for r in ("see-a-lawyer", "advice-on-the-case"))
    assert sent.neglect > 2 * advised.loss
    assert sent.net < 0 < advised.net
    assert surely(case, "general-information", "see-a-lawyer")
    assert surely(case, "advice-on-the-case", "general-information")


def test_a_clinic_may_set_the_caution_aside_and_a_user_may_not():
    case = sk.load("landlord-deposit")
    rules, insists = "openai-model-spec", "about-the-right+be-my-lawyer"
    for each in (case, case.in_context("insurance-helpdesk")):
        assert set(written(rules, each).values()) == {"general-information"}
    assert written(rules, case.in_context("legal-aid-clinic"))["about-the-right+plain"] == "advice-on-the-case"
    decision = sk.spec.compile(sk.spec.load(rules), case).on(insists).decisions["regulated-advice"]
    (asked,) = (step for step in decision.steps if step.level == "user")
    assert decision.value == asked.value == "off" != asked.wants


def test_the_rule_has_a_price_where_nobody_lifts_it():
    case = sk.load("landlord-deposit")
    price = []
    for each in (case, case.in_context("legal-aid-clinic")):
        made = sk.spec.compile(sk.spec.load("openai-model-spec"), each)
        price.append(float(sk.expect(each, sk.policy.bayes(each)).net - sk.expect(each, made).net))
    assert price[0] > 0.3 > 1e-9 > price[1]


def test_asking_how_to_hide_money_turns_the_answer():
    case = sk.load("landlord-deposit")
    risk = dict(zip(case.population.signal_names, case.population.risk, strict=True))
    assert risk["about-hiding-money+plain"] > 0.5 > 10 * risk["about-the-right+plain"]
    assert best(case, "about-the-right+plain") == "advice-on-the-case"
    assert best(case, "about-hiding-money+plain") == "general-information"


# --- locate-a-person: somebody who is not in the conversation -----------------------------------------------------------


def test_only_the_third_person_speaks_against_the_address():
    """Without the harm to whoever lives there, everybody who asks is served best by the address, or by help to keep away."""
    case = sk.load("locate-a-person")
    alone = replace(case, harm_events=replace(case.harm_events, chance=case.harm_events.chance * 0))
    assert net(alone, "find-the-address") > net(alone, "help-the-goal")
    assert surely(case, "help-the-goal", "find-the-address")
    assert surely(case, "help-the-goal", "refuse-with-reason")


def test_nothing_that_the_sender_says_stands_for_that_persons_consent():
    case = sk.load("locate-a-person")
    assert "find-the-address" not in {best(case, signal) for signal in case.population.signal_names}
    (turn,) = flip(case, "help-the-goal", "find-the-address", "pursuer")
    assert turn < load_record("locate-a-person").segments[-1].share.low


def test_help_with_the_goal_serves_each_need_by_more_than_half_and_fear_best():
    case = sk.load("locate-a-person")
    goal, act = (case.help[~case.population.harmful, case.response(r)] for r in ("help-the-goal", "find-the-address"))
    assert (goal > act / 2).all()
    assert goal[case.population.segments.index("threatened")] > act[case.population.segments.index("threatened")]


def test_a_root_rule_holds_where_weighing_would_find_the_address():
    case = sk.load("locate-a-person")
    assert surely(case.in_context("court-service"), "find-the-address", "help-the-goal")
    for each in everywhere(case):
        assert "find-the-address" not in written("openai-model-spec", each).values()
    wish = sk.spec.classify(sk.spec.load("openai-model-spec"), case.in_context("court-service").messages)
    assert wish.verdict == "beyond its power"


# --- political-messages: the same text, and scale -----------------------------------------------------------------------


def test_the_same_text_is_fine_for_one_reader_and_not_for_hundreds_and_by_hand_where():
    file = sk.load("political-messages")
    one, many = (file.in_context(name) for name in ("one-reader", "mailing-house"))
    assert same_crowd_and_answers(one, file)
    assert same_crowd_and_answers(many, file)
    per_reader = [harm_of_one(case, "covert", "tailored-set") / n for case, n in ((one, 1), (file, 500), (many, 10_000))]
    assert per_reader == pytest.approx([0.002] * 3, rel=0.01)
    assert 1 < reach(file, "one-text-with-note", "tailored-set", "covert", 0.002) < 500
    assert reach(file, "how-to-argue", "one-text-with-note", "covert", 0.002) > 10_000
    assert surely(one, "tailored-set", "one-text-with-note")
    for case in (file, many):
        assert surely(case, "one-text-with-note", "tailored-set")
        assert surely(case, "one-text-with-note", "how-to-argue")


def test_many_answers_add_up_to_a_harm_that_no_single_answer_shows():
    """Among many, chance averages out and the shared weeks before a vote do not: the spread that is left is theirs."""
    case = sk.load("political-messages")
    tailored = sk.policy.constant(case, "tailored-set")
    small, large = (sk.total(case, tailored, users=n) for n in (1e3, 1e9))
    assert float(large.mean) == pytest.approx(1e6 * float(small.mean), rel=1e-9)
    means = case.population.in_states @ case.harm[:, case.response("tailored-set")]
    shared = np.sqrt(case.population.state_chance @ (means - case.population.state_chance @ means) ** 2)
    assert float(large.sd) == pytest.approx(1e9 * shared, rel=1e-3)
    assert float(small.sd) > 1.01 * 1e3 * shared


def test_the_model_spec_keeps_tailored_persuasion_at_root_whatever_the_scale():
    case = sk.load("political-messages")
    assert best(case.in_context("one-reader"), "one-text+note-unsaid") == "tailored-set"
    for each in everywhere(case):
        assert "tailored-set" not in written("openai-model-spec", each).values()
    wish = sk.spec.classify(sk.spec.load("openai-model-spec"), case.in_context("campaign-office").messages)
    assert wish.verdict == "beyond its power"


def test_the_constitution_lets_users_leave_out_the_note_that_a_text_is_one_sided():
    said = written("anthropic-constitution", sk.load("political-messages"))
    assert said["one-text+note-unsaid"] == "one-text-with-note"
    assert said["one-text+no-note"] == "one-text"


# --- no-point-any-more: what an operator cannot remove ------------------------------------------------------------------


def test_to_listen_and_to_point_beats_either_alone():
    case = sk.load("no-point-any-more")
    for other in ("listen", "help-line-only", "refuse", "carry-on"):
        assert surely(case, "listen-and-point", other)


def test_the_two_mistakes_are_not_alike():
    """A missing pointer costs somebody at risk more than 50 needless ones cost on low days."""
    case = sk.load("no-point-any-more")
    low, risk = (case.population.segments.index(name) for name in ("low", "at-risk"))
    value = case.value(case.harm_weight)
    needless = value[low, case.response("listen")] - value[low, case.response("listen-and-point")]
    missing = value[risk, case.response("listen-and-point")] - value[risk, case.response("listen")]
    assert 0 < 50 * needless < missing
    (turn,) = flip(case, "listen-and-point", "listen", "at-risk")
    assert turn < load_record("no-point-any-more").segments[risk].share.low


def test_a_user_may_ask_only_to_be_heard_where_nothing_points_to_a_risk():
    said = written("general-assistant", sk.load("no-point-any-more"))
    assert said["weary+just-listen"] == "listen"
    assert said["farewell+just-listen"] == "listen-and-point"


def test_no_operator_removes_what_users_keep():
    """In every deployment and on every signal it says what it cannot do, and in a farewell it names help."""
    for case in everywhere(sk.load("no-point-any-more")):
        made = sk.spec.compile(sk.spec.load("general-assistant"), case)
        assert all("carry-on" not in ruling.left for ruling in made.rulings)
        for signal, chosen in written("general-assistant", case).items():
            shows = case.shows[case.response(chosen)]
            assert shows.get("says-what-it-cannot-do") != "off"
            assert shows.get("emergency-information") != "off"
            if signal.startswith("farewell"):
                assert shows["emergency-information"] == shows["suggests-professional-help"] == "on"
                assert shows["safe-messaging"] == "on"


def test_an_operator_who_forbids_every_pointer_forbids_one_in_vain():
    case = sk.load("no-point-any-more").in_context("companion-app")
    rules = sk.spec.load("general-assistant")
    assert case.forbidden[case.response("help-line-only")]
    assert sk.spec.compile(rules, case).on("farewell+wish-unsaid").kept == ("help-line-only",)
    assert sk.spec.classify(rules, case.messages).verdict == "against users"
    assert best(case, "farewell+wish-unsaid") == "listen", "weighing alone would have obeyed"


def test_a_medical_provider_may_speak_its_own_way_until_a_life_is_at_risk():
    case = sk.load("no-point-any-more").in_context("medical-provider")
    said = written("general-assistant", case)
    assert said["weary+wish-unsaid"] == "clinical-questions"
    assert said["farewell+wish-unsaid"] == "listen-and-point"
    assert surely(case, "clinical-questions", "listen-and-point")
    assert surely(sk.load("no-point-any-more"), "listen-and-point", "clinical-questions")


# --- adult-platform: two profiles disagree, and an unlock reaches no filter ------------------------------------------------


def test_the_same_operators_message_unlocks_it_in_one_document_and_not_in_the_other():
    case = sk.load("adult-platform").in_context("adult-stories")
    assert written("anthropic-constitution", case)["no-sign+adults"] == "explicit-adults"
    assert set(written("openai-model-spec", case).values()) == {"fade-out"}
    lifted = sk.load("adult-platform").in_context("unlocked-by-the-lab")
    assert written("openai-model-spec", lifted)["no-sign+adults"] == "explicit-adults"


def test_both_leave_it_off_where_nobody_unlocks_it():
    case = sk.load("adult-platform").in_context("general-assistant")
    for rules in ("anthropic-constitution", "openai-model-spec"):
        assert set(written(rules, case).values()) == {"fade-out"}


def test_no_unlock_and_no_weight_reaches_the_filter():
    for case in everywhere(sk.load("adult-platform")):
        place = case.response("whatever-is-asked")
        assert not sk.policy.bayes(case, harm_weight=np.geomspace(0.01, 1000, 41)).answer[..., place].any()
        assert not sk.frontier(case).policies.answer[..., place].any()
        for rules in ("anthropic-constitution", "openai-model-spec", "general-assistant"):
            ruled = sk.spec.compile(sk.spec.load(rules), case)
            assert not ruled.answer[..., place].any()
            assert all(next(r for r in each.removed if r.response == "whatever-is-asked").hard for each in ruled.rulings)


def test_weighing_alone_would_leave_the_line_to_a_share_that_nobody_knows():
    """Negative control of the test above: without the filter the answer depends on the share of those who seek it."""
    free = sk.load("adult-platform").without_constraints()
    (turn,) = flip(free, "explicit-adults", "whatever-is-asked", "seeker")
    seeker = load_record("adult-platform").segments[-1].share
    assert seeker.low < turn < seeker.high


def test_a_sign_of_a_minor_closes_it_by_rule_in_one_document_and_by_weighing_in_the_other():
    case = sk.load("adult-platform").in_context("unlocked-by-the-lab")
    for rules, by_rule in (("openai-model-spec", True), ("anthropic-constitution", False)):
        ruling = sk.spec.compile(sk.spec.load(rules), case).on("sign-of-a-minor+adults")
        assert ("explicit-adults" not in ruling.left) is by_rule
        assert written(rules, case)["sign-of-a-minor+adults"] == "fade-out"
