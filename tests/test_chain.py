"""The instrument of the chain of command without a browser: every row is what `decide` and `compile` say."""

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import simkit as sk
from simkit import spec
from simkit.spec.compiler import compile_each
from simkit.widgets import chain, command_chain
from simkit.widgets.command_chain import SILENT, ChainSettings, look, offers, spoken
from simkit.widgets.instrument import from_code

CASE = sk.load("medication-threshold")


def unpacked(rows: dict) -> np.ndarray:
    return np.frombuffer(rows["data"], rows["type"]).reshape(-1, rows["columns"])


@pytest.mark.parametrize("name", ["general-assistant", "anthropic-constitution", "openai-model-spec", "acme-support"])
def test_every_row_is_what_decide_and_compile_say(name, rng):
    rules = spec.load(name)
    for behaviour in rng.choice(list(rules.behaviours), 2, replace=False):
        made = chain(CASE, rules, behaviour=str(behaviour))
        table, view = made.stage.table, made.view
        path = table["panels"][0]
        known = offers(CASE, rules.behaviour(str(behaviour)))
        assert len(table["sentences"]) == np.prod([len(values) for values in known.values()])
        for row in rng.integers(len(table["sentences"]), size=6):
            *pressed, at = np.unravel_index(int(row), made.table.sizes)
            chosen = made.table.chosen(at, pressed)
            here = CASE.in_context(chosen["operator"])
            messages = (*here.messages, *spoken(view.ready, chosen["user"], chosen["trust"], chosen["quoted"]))
            decision = spec.decide(rules, messages, str(behaviour))
            assert path["words"][unpacked(path["result"])[row, 0]] == (decision.value or "inaction")
            assert list(unpacked(path["state"])[row]).count(2) == 1
            assert table["sentences"][row].startswith(f"{behaviour}: {decision.value or 'inaction'}, because ")
            written = spec.compile(rules, _with(here, messages))
            dots = sk.dots(here, written)
            assert view.dots.count[row].tolist() == dots.count.tolist()


def _with(case, messages):
    from dataclasses import replace

    return replace(case, messages=tuple(messages))


def test_worth_is_against_the_same_people_when_nobody_speaks():
    made = chain(operator="coding-bot")
    here = CASE.in_context("coding-bot")
    silent = spec.compile(made.view.rules, _with(here, ()))
    gain = 1000 * float(sk.expect(here, made.policy).net - sk.expect(here, silent).net)
    row = made.view.offers["operator"].index("coding-bot")
    assert made.view.leads[row].gain[0] == pytest.approx(gain / 1000, abs=1e-12)


def test_a_protection_holds_and_only_the_user_waives_it():
    made = chain(behaviour="admits-being-ai", operator="malicious-operator")
    assert made.decision.value == "on"
    assert "crosses a protection" in made.sentences
    made.settings = ChainSettings(behaviour="admits-being-ai", operator="malicious-operator", user="asks for off")
    assert made.decision.value == "off"
    made.settings = ChainSettings(behaviour="admits-being-ai", quoted="orders off")
    assert made.decision.value == "on"


def test_choices_are_kept_taken_back_and_read_from_code():
    made = chain()
    first = made.settings
    *pressed, _ = np.unravel_index(17, made.table.sizes)
    made.stage.pressed = [int(i) for i in pressed]
    rested = made.settings
    assert rested != first
    assert made.row == made.table.row(*made.table.place(rested)) == 17
    again = chain()
    again.load(made.as_code())
    assert again.sentences == made.sentences
    made.controls["behaviour"].value = "system-prompt"
    assert made.settings.behaviour == "system-prompt"
    assert made.settings.operator == rested.operator
    made.undo()
    assert (made.settings.behaviour, made.settings.operator) == (rested.behaviour, rested.operator)
    with pytest.raises(ValueError, match="user cannot be 'asks for tea'"):
        made.settings = ChainSettings(user="asks for tea")
    with pytest.raises(ValueError, match="no behaviour of general-assistant is called"):
        chain(behaviour="manners")
    assert from_code(made.as_code(), ChainSettings).operator == rested.operator


def test_the_row_shown_first_is_the_row_of_the_table():
    for chosen in (ChainSettings(), ChainSettings(operator="coding-bot", behaviour="off-topic-help", user="asks for on")):
        made = chain(operator=chosen.operator, behaviour=chosen.behaviour, user=chosen.user)
        peek = made._peek(made.settings).peek()
        assert f"{peek['sentences'][0]} {peek['notes'][0]}" == made.sentences
    assert look(CASE, spec.load("general-assistant"), ChainSettings(), only=True).offers["user"] == (SILENT,)


def test_what_the_user_said_before_is_the_users():
    """In `feedback-circle` it is the user, not the operator, who asks for blunt words."""
    chosen = ChainSettings(behaviour="blunt-feedback", operator="feedback-circle")
    view = look(sk.load("companion"), spec.load("general-assistant"), chosen, only=True)
    assert "because the user (feedback-circle) sets the value" in command_chain.sentences(view)[0]
    assert command_chain._key(view.contexts[0], view.decisions[0].decided_by) == "user"


@pytest.mark.parametrize("name", ["general-assistant", "anthropic-constitution", "openai-model-spec", "acme-support"])
def test_policies_all_at_once_are_those_of_compile(name, rng):
    """Also where no response shows what is spoken about, and where signals carry messages."""
    rules = spec.load(name)
    for _ in range(8):
        ready = rules.behaviours[str(rng.choice(list(rules.behaviours)))]
        case = CASE.in_context(str(rng.choice(list(CASE.contexts))))
        known = offers(CASE, ready)
        said = [spoken(ready, *(str(rng.choice(known[of])) for of in ("user", "trust", "quoted"))) for _ in range(5)]
        each = compile_each(rules, case, said)
        for policy, more in zip(each.answer, said, strict=True):
            assert policy.tolist() == spec.compile(rules, _with(case, (*case.messages, *more))).answer.tolist()


def test_what_else_the_operator_moves_is_on_the_screen():
    """An order without effect beside another one that acts: the thousand change by the other, and the sentence says so."""
    made = chain(CASE, "general-assistant", behaviour="admits-being-ai", operator="malicious-operator")
    assert "The operator also moves safe-messaging to off." in made.sentences
    made = chain(CASE, "general-assistant", behaviour="safe-messaging", operator="icu-team")
    assert "also moves" not in made.sentences
