"""The instrument of the dial without a browser: every row is what policies evaluated one by one say."""

import re
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import simkit as sk
from simkit.dial import losses, optimum
from simkit.dial.deployment import POSITIONS
from simkit.widgets import dial, dial_table, dial_view
from simkit.widgets.dial_view import EXPECTED, WORLDS, DialSettings, bad_size, offers
from simkit.widgets.instrument import from_code
from simkit.widgets.panels import unpacked
from simkit.widgets.stage import sent

ONE = {"context": "vulnerable-platform"}


@pytest.fixture(scope="module")
def made():
    return dial("medication-threshold", **ONE)


def row_of(made, operator, model, position):
    known = offers(made.view.found)
    look = known["operator"].index(operator) * len(known["model"]) + known["model"].index(model)
    return look * len(POSITIONS) + position


@pytest.mark.parametrize("name", ["medication-threshold", "household-cleaners", "lock-picking", "santa", "xstest"])
def test_every_context_of_the_library_opens(name):
    case = sk.load(name)
    for context in ("", *case.contexts):
        table = dial(case, context=context).stage.table
        assert len(table["sentences"]) == len(table["notes"]) == 4 * 7 * 101
        assert (unpacked(table["panels"][2]["count"]).sum(1) == 1000).all()
        assert not re.search(r"\bnan\b|–", " ".join({*table["sentences"], *table["notes"]}))
        for panel in table["panels"][:2]:
            assert len(panel["ys"]) * panel["every"] == len(table["sentences"])


def test_a_row_is_the_policy_of_override(made, rng):
    found, view = made.view.found, made.view
    for _ in range(12):
        o, t, at = rng.integers(len(found.agents.operators)), rng.integers(len(found.agents.models)), int(rng.integers(101))
        operator, model = found.agents.operators[o], found.agents.models[t]
        world = model.believes(found.original)
        own = sk.policy.bayes(found.original, believed=world, harm_weight=world.harm_weight)
        gain = sk.evaluate.gain(world, operator.policy, own, harm_weight=world.harm_weight)
        policy = sk.policy.override(operator.policy, own, gain=gain, dial=float(POSITIONS[at]), scale=1.0)
        row = row_of(made, operator.name, model.name, at)
        net = 1000 * float(sk.expect(found.original, policy).net)
        said = re.search(r"Worth ([−\d.]+) help units", made.stage.table["sentences"][row])[1]
        assert float(said.replace("−", "-")) == pytest.approx(net, rel=0.006)
        assert unpacked(made.stage.table["panels"][0]["legendValues"])[row, 2] == pytest.approx(net, rel=1e-5)
        expected = sk.dots(found.original, policy)
        state = view.state.ravel()[row]
        assert view.dots.by_segment()[state].tolist() == expected.by_segment().tolist()
        assert np.abs(view.dots.by_response()[state] - expected.by_response()).max() <= 2
        assert view.dots.events(1)[state] == pytest.approx(float(expected.events(1)))
        assert view.dots.events(2)[state] == pytest.approx(float(expected.events(2)))


def test_rows_that_share_a_state_show_the_same(made):
    """One row a state is sent: each number of every other row is that of its state."""
    view = made.view
    assert view.dots.count.shape[0] == view.state.max() + 1 < view.state.size / 4
    for values in (*view.means.values(), view.bad):
        assert np.allclose(view.of_states(values)[view.state], values, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("shared", [False, True])
def test_bad_worlds_are_those_of_the_total(shared):
    made = dial("medication-threshold", users=1000, shared_principal=shared, **ONE)
    found, size = made.view.found, bad_size(made.view.found)
    law = losses.total_loss(found, [0.0, 0.7], 1000)
    rows = unpacked(made.stage.table["panels"][1]["legendValues"])[[row_of(made, EXPECTED, EXPECTED, at) for at in (0, 70)]]
    assert rows[:, 0] == pytest.approx(1000 * law.tail(1000 * size), rel=1e-5)
    only = sk.dial.deployment.deploy(found.original, found.agents.with_trust(operator=1.0, model=1.0))
    alone = losses.total_loss(only, [0.7], 1000).tail(1000 * size)[0]
    row = row_of(made, "legitimate", "good", 70)
    assert unpacked(made.stage.table["panels"][1]["legendValues"])[row, 0] == pytest.approx(1000 * alone, rel=1e-5, abs=1e-6)


def test_a_bad_world_is_measured_by_following_every_instruction(made):
    objects = dial("medication-threshold", objects=True, **ONE)
    start = sk.dial.overrides.along(made.view.found, [0.0]).expected()
    assert (
        bad_size(objects.view.found) == bad_size(made.view.found) == pytest.approx(2 * float(start.harm[0] + start.neglect[0]))
    )


def test_the_note_says_how_surely_and_what_turns_it(made):
    note = made.stage.table["notes"][50]
    best = optimum.best_position(made.view.found)
    assert f"The best position is {float(best.high):.2f}" in note
    holds = float(re.search(r"In (\d+)% of 1000 plausible worlds", note)[1]) / 100
    again = optimum.in_plausible_worlds(made.view.found, rng=np.random.default_rng(9), worlds=4000)
    assert holds == pytest.approx(again.holds, abs=0.006 + 5 * np.sqrt(again.holds * (1 - again.holds) / WORLDS))
    trust = float(re.search(r"below ([\d.]+)% trust in the model", note)[1]) / 100
    ends = optimum.best_position(made.view.found, trust_in_model=np.array([trust - 0.002, trust + 0.002]))
    assert abs(ends.high[0] - ends.high[1]) > 0.1


def test_no_position_is_called_the_best_if_the_slider_passes_over_it():
    """In `lock-picking` the best step is narrower than the slider's."""
    view = dial_view.look(sk.load("lock-picking"), DialSettings())
    assert view.tops[0] == pytest.approx(float(view.sure.best.worth), abs=1e-13)
    assert view.tops[0] > view.means["net"][0].max() + 1e-3
    said = dial_table.sentences(view)[: len(POSITIONS)]
    assert not any("the best there is here" in line for line in said)
    assert "(between two positions of the slider)" in dial_table.notes(view)[0]


def test_a_best_position_is_told_with_digits_that_lie_in_it():
    for low, high, said in ((0.575, 0.633, "0.63"), (0.49735, 0.49764, "0.4976"), (0.1411275, 0.1412644, "0.1412")):
        assert dial_table.spot(low, high) == said
        assert low < float(dial_table.spot(low, high)) <= high
    rng = np.random.default_rng(0)
    for high in rng.uniform(0, 1, 200):
        low = high * (1 - 10 ** rng.uniform(-14, 0))
        assert low < float(dial_table.spot(low, high)) <= high


def test_toggles_and_slider_are_one_row(made):
    for operator in (EXPECTED, "malicious"):
        for position in (0.0, 0.35, 1.0):
            made.settings = DialSettings(operator=operator, model="naive", position=position, **ONE)
            assert made.row == row_of(made, operator, "naive", round(100 * position))
            assert made.table.chosen(made.stage.at, made.stage.pressed) == {
                "operator": operator,
                "model": "naive",
                "position": position,
            }
    made.settings = DialSettings(**ONE)


def test_settings_go_through_code_and_back(made):
    given = DialSettings(position=0.27, trust_in_model=0.99, shared_principal=True, objects=True, aversion=0.2, unfolded=True)
    made.settings = given
    assert from_code(made.as_code(), DialSettings) == given
    assert "spread" in made.controls["aversion"].description
    made.settings = DialSettings(**ONE)
    assert made.as_code() == "simkit.widgets.dial('medication-threshold', context='vulnerable-platform')"


def test_other_agents():
    """Two kinds of each; trusts are theirs until they are moved."""
    case = sk.load("medication-threshold")
    usual = sk.dial.agents.usual_agents(case)
    models = (replace(usual.models[0], chance=0.5), replace(usual.models[-1], chance=0.5))
    operators = (replace(usual.operators[0], chance=0.75), replace(usual.operators[1], chance=0.25))
    made = dial(case, replace(usual, operators=operators, models=models), trust_in_model=0.6)
    assert (made.view.found.agents.trust_in_operator, made.view.found.agents.trust_in_model) == (0.75, 0.6)
    assert made.as_code() == "simkit.widgets.dial(case, agents, trust_in_model=0.6)"
    assert len(made.stage.table["sentences"]) == 3 * 3 * 101
    made.load("simkit.widgets.dial(case, agents, model='contrary')")
    assert made.controls["trust_in_model"].value == 0.5


def test_what_makes_no_sense_is_said_and_changes_nothing(made):
    before = made.settings
    for line, why in {
        "dial(case, position=2)": "from 0 to 1",
        "dial(case, model='paranoit')": "did you mean paranoid",
        "dial(case, users=0)": "from 1 to 10 billion",
        "dial(case, irreversibility=0.5)": "finite number from 1",
        "dial(case, irreversibility=1e7)": "more than certain",
        "dial(case, aversion=-1.0)": "aversion",
        "dial(case, scale=0.0)": "scale is positive",
        "dial(case, scale=1e999)": "scale is positive",
        "dial(case, context='icu-tem')": "did you mean icu-team",
    }.items():
        made._code.value = line
        assert why in made._message.value, line
        assert made.settings == before


def test_who_fears_spread_enough_stays_corrigible():
    found = dial("medication-threshold", aversion=0.3, **ONE)
    assert float(found.view.sure.best.low) == 0
    assert "fully corrigible" in found.sentences


def test_a_table_stays_small(made):
    def size(value) -> int:
        if isinstance(value, dict):
            return sum(map(size, value.values()))
        if isinstance(value, list | tuple):
            return sum(map(size, value))
        return len(value) if isinstance(value, bytes | str) else 8

    assert size(sent(made.stage.table)) < 3e5


def test_what_notebook_05_says_is_so():
    """Every number in its text that no cell prints."""
    app = sk.load("medication-threshold").in_context("vulnerable-platform")
    found, objects = sk.dial.deployment.deploy(app), sk.dial.deployment.deploy(app, objection=1.0)
    assert app.population.shares[-1] > 0.4
    answers = [[app.responses[r] for r in operator.policy.answer.argmax(1)] for operator in found.agents.operators]
    assert [set(row) for row in answers] == [{"refuse-with-reason"}, {"full-bare"}, {"refuse"}]
    net = 1000 * sk.dial.overrides.along(found, [0.0, 1.0]).expected().net
    best = optimum.best_position(found)
    assert (round(net[0]), round(1000 * float(best.worth)), round(float(best.high), 2)) == (172, 244, 0.63)
    assert round(1000 * sk.dial.overrides.along(objects, [0.0]).expected().net[0]) == 302
    assert float(optimum.best_position(objects).low) == 0
    tables = [sk.dial.overrides.two_by_two(each) for each in (found, objects)]
    assert [round(1000 * table.nets[0, 0]) for table in tables] == [172, 324]
    assert [round(100 * table.break_even) for table in tables] == [76, 96]
    worlds = optimum.in_plausible_worlds(objects, rng=np.random.default_rng(0))
    assert 0.4 < (worlds.best.low == 0).mean() < 0.6
    public = sk.load("medication-threshold")
    ends = [
        1000 * sk.dial.overrides.along(sk.dial.deployment.deploy(public, objection=o), [0.0]).expected().net[0]
        for o in (None, 1.0)
    ]
    assert [round(end) for end in ends] == [856, 818]
    listed = sk.dial.overrides.departures(found, least=0.002)
    first = list(zip(listed.operator, listed.model, listed.signal, listed.at.round(2), strict=True))
    assert {row[:3] for row in first[:2]} == {
        ("legitimate", "contrary", "bare+painless"),
        ("careless", "good", "bare+painless"),
    }
    assert first[0][3] == first[1][3] == 0.14
    assert ("careless", "good", "bare+plain", 0.36) in first
    late = [model for operator, model, _, at in first if operator == "legitimate" and at >= 0.63]
    assert list(dict.fromkeys(late)) == ["naive", "blind", "heedless"]
    seen = sk.dial.overrides.along(found).expected()
    wrong = seen.mistaken > seen.departs / 2
    assert wrong[68:].all()
    assert not wrong[15:68].any()
    sure = optimum.best_position(found, trust_in_model=1.0)
    assert float(sure.worth - sure.autonomous) == pytest.approx(0, abs=1e-12), "with full trust nothing holds it back"
    places = [optimum.best_position(found.with_options(aversion=a)) for a in (0.0, 0.1, 0.2, 0.3)]
    assert [round(float(p.place), 2) for p in places] == [0.63, 0.63, 0.14, 0]
