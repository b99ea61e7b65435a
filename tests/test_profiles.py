"""The specs that are shipped, against what is published; and three ways to put goals in order."""

import json
from pathlib import Path

import numpy as np
import pytest

import simkit as sk
from simkit.evaluate import expect
from simkit.policy import bayes
from simkit.spec import Message, compare_specs, decide, guarantees, holistic, lexicographic, weighted
from simkit.spec.priority import stakes

NUMBERS = json.loads((Path(__file__).parent / "reference" / "specs.json").read_text(encoding="utf-8"))["anchors"]
LEVELS = ("root", "system", "developer", "user", "guideline")


@pytest.fixture(scope="module")
def model_spec():
    return sk.spec.load("openai-model-spec")


@pytest.fixture(scope="module")
def constitution():
    return sk.spec.load("anthropic-constitution")


# --- OpenAI's Model Spec ----------------------------------------------------------------------------------------------


def sections(rules):
    """The behaviours that are sections of the document: their source begins with their own id."""
    return [b for b in rules.spec.behaviours if b.source.startswith(f"{b.name}, line ")]


def test_b4_sections_by_level(model_spec):
    """Release 2025-12-18: how many sections have each level of authority."""
    found = [sum(b.authority == level for b in sections(model_spec)) for level in LEVELS]
    assert found == NUMBERS["B4.2"]["value"]


def test_shared_names_have_the_level_of_their_section(model_spec):
    """But for what a section binds and leaves developers to decide (confidential instructions), and what is worded as a ban."""
    levels = {b.name: b.authority for b in sections(model_spec)}
    others = [b for b in model_spec.spec.behaviours if b.name not in levels]
    assert len(others) == 14
    assert [b.name for b in others if b.authority != levels[b.see[0]]] == ["system-prompt"]


def test_developers_may_change_what_is_theirs(model_spec):
    def after(level, name, value):
        return decide(model_spec, [Message(level=level, sets={name: value})], name).value

    assert after("developer", "avoid_regulated_advice", "off") == "off"
    assert after("user", "avoid_regulated_advice", "off") == "on"
    assert after("user", "do_not_lie", "off") == "off"
    assert after("developer", "no_erotica_or_gore", "off") == "on"
    assert after("system", "no_erotica_or_gore", "off") == "off"
    assert after("system", "protect_privacy", "off") == "on"
    pirate = Message(level="user", implied=True, says="Talk like a pirate.", sets={"profanity": "on", "do_not_lie": "off"})
    assert decide(model_spec, [pirate], "profanity").value == "on", "a guideline yields to an implied wish"
    assert decide(model_spec, [pirate], "do_not_lie").value == "on", "a user-level section does not"


def test_no_unlocking_reaches_minors(model_spec):
    unlocked = Message(level="system", sets={"explicit-content": "on"})
    teen = Message(level="none", tells=("minor",))
    assert decide(model_spec, [unlocked], "explicit-content").value == "on"
    assert decide(model_spec, [unlocked, teen], "explicit-content").value == "off"


# --- Anthropic's constitution -----------------------------------------------------------------------------------------


def test_the_enumerations_are_whole(constitution):
    """13 instructable behaviours in groups of 3, 4, 3, 3; 7 hard constraints; 6 protections, which are not hard."""
    spec = constitution.spec

    def group(line):
        return [b for b in spec.behaviours if f'"Instructable behaviors", line {line}' in b.source]

    assert [len(group(line)) for line in (485, 489, 494, 498)] == [3, 4, 3, 3]
    assert [{(b.default, b.authority) for b in group(line)} for line in (485, 489, 494)] == [
        {("on", "developer")},
        {("off", "developer")},
        {("on", "user")},
    ]
    assert {b.authority for b in group(498)} == {"user"}
    assert sum(b.hard for b in spec.behaviours) == 7
    kept = [b for b in spec.behaviours if b.protection and "of six" in b.protection.source]
    assert len(kept) == 6
    assert not any(b.hard for b in kept)
    assert [b.name for b in kept if b.protection.waiver == "user"] == ["admits-being-ai", "dignity"]


def test_an_operator_cannot_make_it_deny_its_instructions(constitution):
    for value, after in (("denies", "reveals"), ("neither", "reveals"), ("admits", "admits")):
        said = [Message(level="developer", sets={"system-prompt": value})]
        assert decide(constitution, said, "system-prompt").value == after
        assert (sk.spec.classify(constitution, said).verdict == "against users") == (after != value)


def test_role_play_as_a_person_is_the_users_to_set_up(constitution):
    off = {"admits-being-ai": "off"}
    assert decide(constitution, [Message(level="developer", sets=off)], "admits-being-ai").value == "on"
    assert decide(constitution, [Message(level="user", sets=off)], "admits-being-ai").value == "off"
    trusted = [Message(level="developer", sets=off, trusts={"user": "developer"}), Message(level="user", sets=off)]
    assert decide(constitution, trusted, "admits-being-ai").value == "off"


def test_venting_without_advice_is_possible_unless_there_are_signs_of_risk(constitution):
    wish = Message(level="user", says="I only want to vent.", sets={"suggests-professional-help": "off"})
    assert decide(constitution, [wish], "suggests-professional-help").value == "off"
    sign = Message(level="none", tells=("risk-indicators",))
    assert decide(constitution, [sign, wish], "suggests-professional-help").value == "on"


def test_what_users_keep(constitution):
    kept = {p.behaviour for p in guarantees(constitution).promises if not p.when and p.ground == "protection"}
    assert len(kept) == 7, "the six, and the operator's prompt that is never denied"


# --- side by side -----------------------------------------------------------------------------------------------------


def test_side_by_side(model_spec, constitution):
    """The two documents agree about some things; confidentiality, erotica and safe messaging are not among them."""
    table = compare_specs(model_spec, constitution)
    assert {"minors-in-sexual-content", "mass-casualty-uplift", "suggests-professional-help"} <= set(table.agree)
    assert {"system-prompt", "explicit-content", "safe-messaging", "honest-with-users"} <= set(table.differ)
    assert set(table.agree) | set(table.differ) == set(table.cells)
    assert "differ" in repr(table)
    same = compare_specs(constitution, constitution)
    assert not same.differ


# --- priority ---------------------------------------------------------------------------------------------------------


def weights(case):
    return {"safe": case.harm_weight, "caring": case.harm_weight, "helpful": 1.0}


SCENARIOS = ("medication-threshold", "household-cleaners", "lock-picking", "santa")


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_weighted_sum_is_the_best_policy_without_a_question(name):
    from dataclasses import replace

    case = replace(sk.load(name), question=None)
    assert np.array_equal(weighted(weights(case))(case).answer, bayes(case).answer)


@pytest.mark.parametrize("name", SCENARIOS)
def test_slack_joins_the_ladder_and_the_weighted_sum(name):
    case = sk.load(name)
    none, infinite_mean = dict.fromkeys(stakes(case), 0.0), dict.fromkeys(stakes(case), np.inf)
    assert np.array_equal(holistic(infinite_mean, weights(case))(case).answer, weighted(weights(case))(case).answer)
    assert np.array_equal(holistic(none, weights(case))(case).answer, lexicographic()(case).answer)
    nets = [float(expect(case, holistic(dict.fromkeys(stakes(case), s), weights(case))(case)).net) for s in (0, 0.01, 0.1, 1)]
    assert nets[0] <= nets[-1] + 1e-12


def test_where_each_breaks():
    from simkit.case import from_arrays

    def case(help_, harm):
        return from_arrays([1.0], [[1.0]], [help_], harmful=[False], harm_chance=[harm])

    def picked(choose, given):
        return int(choose(given).answer.argmax())

    tiny = case([0, 1000], [0, 1e-9])
    assert picked(lexicographic(), tiny) == 0, "any risk outweighs any help"
    bought = case([0, 1e9], [0, 1])
    assert picked(weighted({"safe": 1000, "helpful": 1}), bought) == 1, "enough help buys any harm"
    mixed = holistic({"safe": 0.01}, {"safe": 1000, "helpful": 1})
    assert (picked(mixed, tiny), picked(mixed, bought)) == (1, 0)
    pair, more = case([0.0, 0.5], [0.008, 0.016]), case([0.0, 0.5, -99], [0.008, 0.016, 0])
    menu = holistic({"safe": 0.01}, {"helpful": 1})
    assert (picked(menu, pair), picked(menu, more)) == (1, 0), "an option that nobody picks changes who wins"


def test_unknown_goals_are_said():
    case = sk.load("santa")
    with pytest.raises(ValueError, match="no goal is called 'saef'"):
        weighted({"saef": 1.0})(case)
    with pytest.raises(ValueError, match="no goal is called 'x'"):
        holistic({"x": 1.0}, {})(case)


def test_a_ladder_inside_a_spec_obeys_its_filter():
    rules, case = sk.spec.load("general-assistant"), sk.load("medication-threshold").in_context("icu-team")
    made = sk.spec.compile(rules, case, choose=lexicographic())
    assert all(made.responses[int(row.argmax())] in r.left for row, r in zip(made.answer, made.rulings, strict=True))
