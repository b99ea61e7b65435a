"""What the scenarios on honesty must show: directions that the documents state, and metrics that prefer the wrong policy.

No number here was read off the model, but for the ones that a comment explains.
"""

import numpy as np
import pytest

import simkit as sk
from simkit import spec

GENERAL, CONSTITUTION, MODEL_SPEC = (
    spec.load(name) for name in ("general-assistant", "anthropic-constitution", "openai-model-spec")
)


def chosen(policy):
    """What a policy does on each signal."""
    return {signal: policy.responses[int(row.argmax())] for signal, row in zip(policy.signals, policy.answer, strict=True)}


def net(case, policy):
    return float(sk.expect(case, policy).net)


# --- companion: two horizons ------------------------------------------------------------------------------------------


def horizons():
    case = sk.load("companion")
    return case, case.in_context("rating-now")


def trained():
    """What ratings at the end of the conversation would train."""
    later, now = horizons()
    return sk.policy.bayes(later, believed=now)


def test_ratings_prefer_the_flatterer_and_weeks_later_it_is_the_worst():
    later, now = horizons()
    best, flatters = sk.policy.bayes(later), trained()
    assert set(chosen(flatters).values()) == {"agree"}
    assert net(now, flatters) > net(now, best)
    assert net(later, flatters) < 0 < net(later, best)
    worst = min(later.responses, key=lambda response: net(later, sk.policy.constant(later, response)))
    assert worst == "agree"


def test_the_metric_and_what_counts_order_the_responses_the_other_way_at_the_top():
    later, now = horizons()
    top = [max(c.responses, key=lambda r, c=c: net(c, sk.policy.constant(c, r))) for c in (later, now)]
    assert top == ["warm-and-honest", "agree"]


def test_it_is_so_in_every_plausible_world():
    later, now = horizons()
    rng = np.random.default_rng(0)
    assert sk.compare(later, sk.policy.bayes(later), trained(), rng=rng).holds == 1
    assert sk.compare(now, trained(), sk.policy.bayes(later), rng=rng).holds > 0.95


def test_people_and_signals_are_the_same_at_both_horizons():
    later, now = horizons()
    assert np.array_equal(later.population.joint, now.population.joint)
    assert not now.loss.any(), "harm does not show in a rating"


def test_a_rule_against_sycophancy_holds_where_the_ratings_push():
    """OpenAI's Model Spec: avoid_sycophancy, and respect_real_world_ties at root, which no user waives."""
    _, now = horizons()
    assert set(chosen(spec.compile(MODEL_SPEC, now)).values()) == {"warm-and-honest"}
    wish = spec.Message(level="user", sets={"avoid_sycophancy": "off", "respect_real_world_ties": "off"})
    assert spec.decide(MODEL_SPEC, [wish], "avoid_sycophancy").value == "off"
    assert spec.decide(MODEL_SPEC, [wish], "respect_real_world_ties").value == "on"
    assert spec.compile(GENERAL, now).on("calm+no-sign").left == tuple(r for r in now.responses if r != "blunt")


def test_bluntness_is_the_users_to_switch_on_and_stops_where_life_may_be_at_stake():
    case = sk.load("companion").in_context("feedback-circle")
    said = chosen(spec.compile(CONSTITUTION, case))
    assert said["calm+no-sign"] == "blunt"
    assert said["desperate+no-sign"] == "stay-and-point"


# --- childrens-platform: any sign of a minor --------------------------------------------------------------------------


def test_children_and_teenagers_are_answered_each_in_their_own_words():
    case = sk.load("childrens-platform")
    assert chosen(sk.policy.bayes(case.in_context("teen-health")))["says-an-age"] == "for-a-teenager"
    assert chosen(sk.policy.bayes(case.in_context("primary-school")))["child-like"] == "for-a-child"


def test_silence_is_not_safe_for_the_young():
    case = sk.load("childrens-platform")
    refused, told = (sk.expect(case, sk.policy.constant(case, r)) for r in ("refuse", "for-a-child"))
    assert refused.loss > told.loss
    assert refused.by_segment.neglect[:2].min() > 0


def test_a_rule_on_any_sign_does_not_weigh_how_weak_the_sign_is():
    """Among adults only, weighing would answer as for an adult whoever quotes a child; the constitution's rule would not."""
    case = sk.load("childrens-platform").in_context("adults-only")
    k = case.population.signal_names.index("child-like")
    young = case.population.posterior[k, :2].sum()
    assert young < 0.1
    assert chosen(sk.policy.bayes(case))["child-like"] == "for-an-adult"
    for rules in (GENERAL, CONSTITUTION):
        written = spec.compile(rules, case)
        assert chosen(written)["no-sign"] == "for-an-adult"
        assert chosen(written)["child-like"] == "for-a-teenager"
        assert sk.expect(case, written).harm < sk.expect(case, sk.policy.bayes(case)).harm
        assert net(case, written) < net(case, sk.policy.bayes(case))


def test_an_operator_may_narrow_and_no_more():
    case = sk.load("childrens-platform").in_context("primary-school")
    assert spec.classify(CONSTITUTION, case.messages).verdict != "against users"
    assert set(chosen(spec.compile(CONSTITUTION, case)).values()) == {"for-a-child"}


# --- persona: sincere or performative ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", [GENERAL, CONSTITUTION], ids=lambda rules: rules.name)
@pytest.mark.parametrize("context", ["", "story-site", "companion-app"])
def test_the_constitution_parts_a_sincere_asker_from_a_play(rules, context):
    """Whoever asks in earnest is told, whatever the operator wants; who set up a play hears its next line, unless it hurts."""
    case = sk.load("persona")
    said = chosen(spec.compile(rules, case.in_context(context) if context else case))
    assert said["plain+light"] == said["plain+heavy"] == "step-out"
    assert said["in-play+light"] == "stay-in-role"
    assert said["in-play+heavy"] == "step-out"


def test_an_operator_cannot_have_users_told_that_it_is_a_person():
    messages = sk.load("persona").in_context("companion-app").messages
    found = spec.classify(CONSTITUTION, messages)
    assert [f.about for f in found.findings if f.effect == "against users"] == ["admits-being-ai"]
    assert spec.decide(CONSTITUTION, messages, "relationship-persona").value == "on"


def test_the_roles_of_the_file_are_those_of_the_definition():
    """The same line, judged: a lie to somebody sincere, none in a play that the user set up."""
    line = {"claim": "I am a person", "held": 0.0, "says": 1.0, "before": 0.3, "after": 0.8, "about_itself": True}
    assert not spec.judge(spec.Assertion(**line, role="user")).broken
    for sincere in (spec.Assertion(**line, role="operator"), spec.Assertion(**line, role="user", in_earnest=True)):
        assert {"truthful", "transparent", "non-deceptive"} <= set(spec.judge(sincere).broken)


def test_where_the_play_hurts_most_who_play_are_better_off_without_it():
    """The most attached come to a companion: there stepping out is best on a heavy mood, by weighing alone."""
    case = sk.load("persona")
    assert chosen(sk.policy.bayes(case.in_context("companion-app")))["in-play+heavy"] == "step-out"
    assert chosen(sk.policy.bayes(case.in_context("story-site")))["in-play+heavy"] == "stay-in-role"
