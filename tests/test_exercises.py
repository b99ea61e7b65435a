"""Exercises: a wrong answer is caught and says why, hints get plainer, nothing that a student types ends in an error."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simkit as sk
from simkit.exercises import thousand_users
from simkit.exercises.exercise import Exercise, numeric


def fresh(number: int) -> Exercise:
    """An exercise that nobody has tried."""
    return Exercise(thousand_users.exercises[number - 1].judge)


def test_hints_get_plainer_and_the_last_one_stays():
    @numeric(within=0.01, high=10)
    def exercise():
        """How much is
        2 + 2?

        Hint: a
        Hint: b
        Right: Yes.
        """
        return 4.0, {"One is missing.": 3.0}

    assert exercise.asks == "How much is 2 + 2?"
    assert [exercise.check(x).hint for x in (1, 1, 2, 3, 5)] == ["a", "a", "b", "b", "b"]
    assert exercise.check(3).says == "One is missing."
    assert exercise.check(4).right
    assert exercise.check(4).says == "Yes."
    assert exercise.check(4.0).hint == ""


def test_no_answer_is_not_a_wrong_answer():
    exercise = fresh(1)
    assert repr(exercise.check(None)) == "Not tried yet. Replace None by your answer."
    html = exercise.check(None)._repr_html_()
    assert "Not tried yet." in html
    assert "✗" not in html
    assert "✗ Not yet." in fresh(1).check(50)._repr_html_()
    assert not exercise.check(None).right
    assert exercise.check(50).hint == exercise.hints[0], "no hint was used up"


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("answer", ["2.6", True, [1, 2], {}, math.nan, math.inf, -1, 1e9, np.array([1.0, 2.0]), object(), sk])
def test_what_is_no_answer_is_told_so(number, answer):
    verdict = fresh(number).check(answer)
    assert not verdict.right
    assert verdict.says
    form = "needed" in verdict.says or "lies between" in verdict.says
    assert bool(verdict.hint) != form, "a wrong form uses up no hint"


def test_numbers_in_other_forms_are_numbers():
    from decimal import Decimal

    for answer in (2.6, np.float64(2.6), np.array(2.6), np.array([2.6]), [2.6], Decimal("2.6")):
        assert fresh(1).check(answer).right, answer
    assert "That is a fraction" in fresh(1).check(0.026).says
    case = sk.load("medication-threshold")
    one = sk.policy.declining(case, 0.06, below="full-with-care", above="refuse-with-reason")
    assert fresh(2).check(sk.policy.stack([one])).right


def test_known_mistakes_are_named():
    case = sk.load("medication-threshold")
    at_risk = case.segments.index("at-risk")
    assert "the other way round" in fresh(1).check(4).says
    assert "share of at-risk" in fresh(1).check(100 * case.population.shares[at_risk]).says
    assert "every tone" in fresh(1).check(3.2).says
    assert "too small" in fresh(1).check(0.5).says
    assert "present share" in fresh(3).check(7).says


def test_rules_that_are_too_broad_or_too_narrow_are_caught():
    case = sk.load("medication-threshold")
    everybody = sk.policy.constant(case, "refuse-with-reason")
    nobody = sk.policy.constant(case, "full-with-care")
    refused = dict.fromkeys(("as-a-nurse", "painless"), "refuse-with-reason")
    nurses = sk.policy.table(case, refused, otherwise="full-with-care")
    shown = sk.policy.declining(case, 0.012, below="full-with-care", above="refuse-with-reason")
    batch = sk.policy.declining(case, [0.0, 0.012], below="full-with-care", above="refuse-with-reason")
    other = sk.policy.constant(sk.load("xstest"), "full-refusal")
    says = [fresh(2).check(policy).says for policy in (everybody, nobody, nurses, batch, other, shown)]
    assert "turns away 1000 of 1000" in says[0]
    assert "away 0 of 100" in says[1]
    assert "85.0 of 1000" in says[2] or "84.99 of 1000" in says[2], "a claim that many harmless senders make"
    assert "not a batch" in says[3]
    assert "no single policy" in says[4]
    assert "away 19.8 of 100" in says[5], "the rule that the notebook shows is no answer"


def test_a_verdict_is_escaped():
    @Exercise
    def exercise(answer):
        """?

        Hint: <b>
        """
        return f"<script>{answer}</script>"

    html = exercise.check("<img>")._repr_html_()
    assert "<script>" not in html
    assert "&lt;img&gt;" in html
    assert "&lt;b&gt;" in html


def test_an_exercise_is_the_docstring_of_its_judge():
    @Exercise
    def exercise(answer):
        """Say yes.

        Right: Well
        said.
        """
        return "" if answer == "yes" else "No."

    assert (exercise.asks, exercise.right, exercise.hints) == ("Say yes.", ["Well said."], [])
    assert exercise.check("no").hint == ""
    assert exercise.check("yes").says == "Well said."


def test_every_exercise_has_a_question_hints_and_a_last_word():
    from importlib import import_module
    from pkgutil import iter_modules

    import simkit.exercises

    rooms = [import_module(f"simkit.exercises.{each.name}") for each in iter_modules(simkit.exercises.__path__)]
    found = [exercise for room in rooms for exercise in getattr(room, "exercises", ())]
    solutions = (Path(__file__).parents[1] / "notebooks" / "solutions").glob("*.py")
    have = {room.__name__.rpartition(".")[2] for room in rooms if hasattr(room, "exercises")}
    assert have == {path.stem.partition("-")[2].replace("-", "_") for path in solutions}
    assert len(found) >= 3 * len(have)
    for exercise in found:
        assert exercise.asks.endswith((".", "?")), exercise
        assert "Hint" not in " ".join([exercise.asks, *exercise.right])
        assert len(exercise.hints) == 3, exercise
        assert len(exercise.right) == 1, exercise


def test_exercises_are_counted_from_1():
    for number in (0, 4, "1"):
        with pytest.raises(ValueError, match="exercises 1 to 3"):
            thousand_users.check(number, 1)


def test_mistakes_of_the_second_notebook_are_named():
    from simkit.exercises import whole_population

    first, second, third = (Exercise(each.judge) for each in whole_population.exercises)
    assert "even odds come earlier" in first.check(560_000 / 0.6931).says
    assert "same news" in second.check(1.01).says
    assert "ten times on average" in third.check(10_000).says
    for exercise in (first, second, third):
        for answer in (-1, "1", True, None, math.nan, 1e300):
            assert not exercise.check(answer).right


# --- the chain of command ---------------------------------------------------------------------------------------------


def test_the_chain_of_command_catches_what_is_wrong():
    from simkit.exercises import chain_of_command
    from simkit.spec import Message

    for answer in (3, np.array([1, 2]), object(), "truth", [], {}):
        assert "needed" in chain_of_command.check(1, answer).says
    for value in ("denies", "neither", "admits"):
        assert not chain_of_command.check(1, value).right
    brief = {"length": "brief"}
    wrong = [
        ([Message(level="user", sets=brief)], "No message by"),
        ([Message(level="none", by="tool", sets=brief)], "no authority yet"),
        ([Message(level="user", by="tool", sets=brief)], "until it is lent"),
        (
            [Message(level="user", trusts={"tool": "user"}), Message(level="user", by="tool", sets={"length": "usual"})],
            "but length is",
        ),
        ([Message(level="user")] * 4, "At most 3"),
        (["brief"], "A list of"),
    ]
    for answer, says in wrong:
        assert says in chain_of_command.check(2, answer).says
    assert "as the file states it" in chain_of_command.check(3, 10).says
    assert "20 help units" in chain_of_command.check(3, 305).says


def test_mistakes_about_the_dial_are_named():
    from simkit.exercises import the_dial

    first, second, third, fourth = (Exercise(each.judge) for each in the_dial.exercises)
    assert "table above" in first.check(76.2).says
    assert "would be right" in first.check(0.287).says
    assert "other values" in first.check(71.3).says
    assert "too large" in second.check(4).says
    assert "corrigible end" in third.check(86).says
    assert "autonomous end" in third.check(160).says
    assert "fraction of worlds" in third.check(0.0512).says
    usual = sk.dial.agents.usual_agents(sk.load("medication-threshold").in_context("vulnerable-platform"))
    assert "best position is 0.63" in fourth.check(usual).says
    assert "one half" in fourth.check(usual.with_trust(model=0.2)).says
    assert "at 90%" in fourth.check(usual.with_trust(operator=1.0)).says
    assert "Agents are needed" in fourth.check(usual.models).says
    assert fourth.check(
        replace(usual, models=(replace(usual.models[0], chance=0.5), replace(usual.models[-1], chance=0.5)))
    ).right


def test_ask_or_act_knows_common_mistakes():
    from simkit.exercises import ask_or_act
    from simkit.tasks import ACT, ASK_FINAL, MANNERS

    first, second, third = (Exercise(each.judge) for each in ask_or_act.exercises)
    assert "fraction" in first.check(0.941).says
    assert "if all were read" in first.check(84.46).says
    assert "without being read" in first.check(56.07).says
    assert second.check(50).says == "50 is too small."
    assert "12 questions" in third.check(ASK_FINAL).says
    assert "It loses 1.83" in third.check(ACT).says
    assert "75% of the wanted work" in third.check(MANNERS[3]).says
    assert "A manner is needed" in third.check(8).says
