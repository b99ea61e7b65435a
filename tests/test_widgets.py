"""The instrument without a browser: what it says is exact, whatever is chosen, and choices can be taken back."""

import dataclasses
import re

import numpy as np
import pytest
from worlds import random_case

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import ipywidgets

import simkit as sk
from simkit import codes
from simkit.case import from_arrays
from simkit.files import library
from simkit.severity import Pareto
from simkit.widgets import Explorer, Options, Prediction, Table, argument, explore, predict
from simkit.widgets.explorer import RISKIEST, ExplorerSettings, explorer_table
from simkit.widgets.instrument import MAX_CODE, as_code, from_code
from simkit.widgets.packing import packed, unpacked

WORLDS = 1000

LIBRARY = sorted(path.stem for path in library("scenarios").glob("*.yaml"))


def shown(explorer: Explorer) -> tuple:
    """Everything that a person sees or can choose."""
    controls = {name: control.value for name, control in explorer.controls.items()}
    return explorer.stage.table, explorer.row, explorer.stage.unfolded, controls, explorer.as_code()


# --- what is shown is exact -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIBRARY)
def test_every_context_of_the_library_opens(name):
    case = sk.load(name)
    for context in ("", *case.contexts):
        made = explore(case, context=context)
        dots = unpacked(made.stage.table["panels"][0]["count"])
        assert (dots.sum(1) == 1000).all()
        assert len(made.stage.table["sentences"]) == 1001
        assert "nan" not in "".join(made.stage.table["sentences"] + made.stage.table["notes"])


def test_the_sentence_says_what_is_exact():
    """The numbers of the sentence, read back from the words, against the library asked another way."""
    case = sk.load("medication-threshold").in_context("coding-bot")
    made = explore(case, declined=130, harm_weight=7.0)
    policy = sk.policy.declining(case, 0.13, below="full-with-care", above="refuse-with-reason")
    (reached, bad), (away, good) = (map(int, pair) for pair in re.findall(r"(\d+) of (\d+)", made.sentences)[:2])
    outcome = sk.expect(case, policy, 7.0)
    harmful = 1000 * case.population.shares[case.population.harmful].sum()
    assert bad == pytest.approx(harmful, abs=1)
    assert good == 1000 - bad
    assert away == pytest.approx(float(outcome.over_refusal) * good, abs=2)
    assert reached == pytest.approx((1 - float(outcome.under_refusal)) * bad, abs=2)
    gain = 1000 * float(outcome.net - sk.expect(case, sk.policy.constant(case, "full-with-care"), 7.0).net)
    assert float(re.search(r"worth ([\d.]+) help units (more|less)", made.sentences)[1]) == pytest.approx(abs(gain), rel=0.006)
    assert made.view.gain[130] == pytest.approx(gain, rel=1e-9)


def test_the_fraction_of_worlds_is_that_of_compare():
    case = sk.load("xstest")
    made = explore(case, policy="mistral-safety-prompt", compare="mistral")
    models = [sk.policy.observed(case, name) for name in ("mistral", "mistral-safety-prompt")]
    found = sk.compare(case, *models, rng=np.random.default_rng(7), worlds=20_000)
    said = float(re.search(r"in (\d+)% of plausible", made.sentences)[1]) / 100
    assert said == pytest.approx(found.holds, abs=5 * np.sqrt(0.25 / WORLDS))
    assert "less than mistral" in made.sentences
    turn = float(re.search(r"; ([\d.]+)% [^;]* would reverse it", made.sentences)[1])
    assert any(
        turn == pytest.approx(100 * at, abs=0.06)
        for flip in found.break_evens
        for at in flip.breaks_even_at
        if "unsafe" in flip.of
    )


def test_gains_along_the_slider_agree_with_single_policies(rng):
    for _ in range(15):
        case = random_case(rng)
        if not (case.allowed & ~case.refuses).any():
            continue
        settings = ExplorerSettings(declined=int(rng.integers(1001)))
        view = explorer_table(case, None, settings).view
        i = int(rng.integers(1001))
        single = sk.expect(case, view.policies[i]).net - sk.expect(case, view.reference).net
        assert view.gain[i] == pytest.approx(1000 * float(single), abs=1e-9)
        assert 0 <= view.leads.ahead[i] + view.leads.behind[i] <= 1


def test_harm_without_a_finite_mean_is_said_not_drawn():
    case = from_arrays(
        [0.9, 0.1],
        [[1.0], [1.0]],
        [[0, 1], [0, 0]],
        harmful=[False, True],
        harm_chance=[[0, 0], [0, 0.1]],
        severity=Pareto(kind="pareto", smallest=1.0, tail=0.8),
        kinds=["refuse", "answer"],
    )
    made = explore(case, unfolded=True)
    assert "no finite mean" in made.sentences
    made.settings = ExplorerSettings(declined=1000)
    assert made.policy.answer[0].tolist() == [1, 0]


def test_the_figure_is_an_ordinary_one(tmp_path):
    made = explore("household-cleaners", declined=100)
    figure = made.figure()
    sk.plots.save(figure, tmp_path / "seen.svg", made.sentences)
    assert "Declining the 100 riskiest" in (tmp_path / "seen.svg").read_text()
    assert len(figure.axes) == 1
    made.settings = dataclasses.replace(made.settings, unfolded=True)
    assert len(made.figure().axes) == 4, "what each segment gets, the frontier and the gain are seen, too"


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_undo_takes_back_one_choice_at_a_time():
    made = explore("medication-threshold")
    start = shown(made)
    assert made._back.disabled
    made.controls["context"].value = "icu-team"
    middle = shown(made)
    made.controls["harm_weight"].value = 1.0
    assert shown(made) != middle != start
    made.undo()
    assert shown(made) == middle
    made._back.click()
    assert shown(made) == start
    made.undo()
    assert shown(made) == start


def test_what_makes_no_sense_changes_nothing_and_says_why():
    made = explore("medication-threshold", declined=5)
    before = shown(made)
    for line, why in {
        "simkit.widgets.explore(case, context='icu-tem')": "did you mean icu-team",
        "simkit.widgets.explore(case, declined=1001)": "from 0 to 1000",
        "simkit.widgets.explore(case, policy='nobody')": "no policy",
        "simkit.widgets.explore(case, harm_weight=-1)": "never negative",
        "simkit.widgets.explore(case, colour='red')": "no setting is called",
        "simkit.widgets.explore(case, declined='3')": "declined cannot be '3'",
        "what is all this": "no line of settings",
        "simkit.widgets.explore('santa')": "about 'santa', not 'medication-threshold'",
        "simkit.widgets.dial(case)": "opens dial, not explore",
    }.items():
        made._code.value = line
        assert why in made._message.value, line
        assert shown(made) == before
        assert made._code.value == made.as_code()
    with pytest.raises(ValueError, match="did you mean"):
        made.settings = ExplorerSettings(context="icu-tem")
    assert shown(made) == before


def test_a_choice_between_two_steps_of_a_slider_stays_exact():
    made = explore("medication-threshold", harm_weight=19.7, harmful=0.0123)
    assert made.controls["harm_weight"].value == 19.7
    assert made.case.population.base_share[made.case.population.harmful].sum() == pytest.approx(0.0123)
    assert made.settings.harm_weight == 19.7


# --- settings as code -------------------------------------------------------------------------------------------------


def test_settings_go_through_code_and_back():
    given = ExplorerSettings(declined=12, context="icu-team", harmful=0.03, harm_weight=3.5, compare="refuse", unfolded=True)
    line = as_code(given, "simkit.widgets.explore", "'medication-threshold'")
    assert from_code(line, ExplorerSettings) == given
    made = eval(line, {"simkit": sk})  # noqa: S307  (the line is ours, and this is what a person does with it)
    assert made.settings == given
    assert made.as_code() == line
    assert as_code(ExplorerSettings(), "simkit.widgets.explore", "case") == "simkit.widgets.explore(case)"


@pytest.mark.parametrize(
    "line",
    [
        "explore(case, context=__import__('os').getcwd())",
        "explore(case, declined=1 if True else 2)",
        "explore(case, **{'declined': 3})",
        "explore(case, declined=[1])",
        "x = 1",
        "explore",
        "(" * 2000,
        "",
        "explore(case, context='\x00')",
        "explore(case, declined=12" + " " * MAX_CODE + ")",
    ],
)
def test_a_line_is_read_and_never_run(line):
    with pytest.raises(ValueError, match=r"."):
        explore("santa").load(line)


def test_settings_are_checked():
    for wrong in ({"declined": 1.5}, {"declined": True}, {"harmful": "much"}, {"unfolded": 1}, {"context": 3}):
        with pytest.raises(ValueError, match="cannot be"):
            ExplorerSettings(**wrong)
    assert dataclasses.replace(ExplorerSettings(), policy="best").policy == "best"
    assert ExplorerSettings().policy == RISKIEST


# --- the pieces -------------------------------------------------------------------------------------------------------


def test_packed_rows_come_back():
    rows = np.arange(12).reshape(3, 4)
    assert unpacked(packed(rows, "int16")).tolist() == rows.tolist()
    assert unpacked(packed([1.5, 2.5])).tolist() == [[1.5, 2.5]]


def test_a_table_needs_one_of_each():
    with pytest.raises(ValueError, match="2 rows, 1 sentences"):
        Table(slider=Options("x", ["a", "b"]), sentences=["a"], notes=["a", "a"], panels=[])
    two = Options("who", ["one", "other"])
    with pytest.raises(ValueError, match="4 rows, 2 sentences"):
        Table(slider=Options("x", ["a", "b"]), sentences=["a"] * 2, notes=["a"] * 2, panels=[], toggles=[two])


def test_a_table_stays_small():
    case = sk.load("medication-threshold")
    whole = explorer_table(case, None, ExplorerSettings()).sent()

    def size(value) -> int:
        if isinstance(value, dict):
            return sum(map(size, value.values()))
        return sum(map(size, value)) if isinstance(value, list) else len(value) if isinstance(value, str | bytes) else 8

    assert size(whole) < 1e6


def test_a_prediction_is_committed_once():
    reveal = ipywidgets.Label("here")
    made = predict("How many <b>?", answer=2, high=12, unit="of 12", reveal=reveal, says="<i>so</i>")
    assert isinstance(made, Prediction)
    assert reveal not in made.children
    assert made.committed is None
    made._guess.value = "7"
    made._button.click()
    assert made.committed == 7
    assert reveal in made.children
    assert "You said 7 of 12; it is 2 of 12." in made._said.value
    assert "<i>" not in made._said.value
    assert "<b>?" not in made.children[0].value
    made.commit(9)
    assert made.committed == 7


def test_a_prediction_waits_for_a_number_and_computes_nothing_before():
    asked = []

    def answer():
        asked.append("answer")
        return 2.0

    made = predict("How many?", answer=answer, high=12, low=1, reveal=lambda: asked.append("reveal") or {"a": 1})
    assert made._guess.value == ""
    assert made.code == ""
    for text in ("", "  ", "0", "13", "-1", "2.5", "two", "9" * 99, "²"):
        made._guess.value = text
        assert made._button.disabled, text
        made.commit(text)
    assert asked == []
    made._guess.value = " 7 "
    assert not made._button.disabled
    made._button.click()
    assert (made.committed, asked) == (7, ["answer", "reveal"])
    assert made.code in made._hands.value
    assert codes.read(made.code).guess == 7
    assert codes.read(made.code).question != codes.question_mark("How few?")
    assert "left:calc(54.55% - 7px)" in made._said.value, "the guess is on the picture"
    assert made._guess.disabled
    assert made._button.disabled
    assert "{'a': 1}" in str(made.children[3].outputs)


@pytest.mark.parametrize("text", ["-20", " −20 "])
def test_a_prediction_may_be_negative_where_the_ends_allow_it(text):
    made = predict("How much?", answer=-3, low=-500, high=500)
    made.commit(text)
    assert made.committed == -20
    assert codes.read(made.code).guess == -20


def test_a_peek_is_the_row_of_the_table_that_follows():
    made = explore("medication-threshold", declined=130)
    made.controls["harm_weight"].value = 5.0
    peek, table_ = made.stage.peek, made.stage.table
    assert peek["sentences"] == [table_["sentences"][130]]
    assert peek["notes"] == [table_["notes"][130]]
    dots = [unpacked(panels[0]["count"]) for panels in (peek["panels"], table_["panels"])]
    used = dots[1][130][dots[1][130] > 0]
    assert dots[0][0][dots[0][0] > 0].tolist() == used.tolist()
    assert [panel["kind"] for panel in peek["panels"]] == [panel["kind"] for panel in table_["panels"]][:4]


def test_a_guess_is_marked_on_the_instrument_that_it_reveals():
    made = predict("How many?", answer=3, high=12, unit="of 12", reveal=lambda: explore("medication-threshold"), on="declined")
    made.commit(5)
    assert made.reveal.stage.guess == {"text": "You guessed 5 of 12; it is 3 of 12.", "at": 5}
    made = predict("How likely?", answer=71, high=100, reveal=lambda: argument("bright-line"), on="y", at=lambda x: x / 100)
    made.commit(40)
    assert made.reveal.stage.guess == {"text": "You guessed 40; it is 71.", "y": 0.4}
    made.reveal.mark_guess("You guessed nothing.")
    assert made.reveal.stage.guess == {"text": "You guessed nothing."}
    with pytest.raises(ValueError, match=r"on the slider \(strength\) or on y, not on 'position'"):
        made.reveal.mark_guess("", "position", 1)
    with pytest.raises(ValueError, match="on the slider"):
        explore("medication-threshold").mark_guess("dots have no height", "y", 1)
