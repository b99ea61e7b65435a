"""The instrument of the dial without a browser: every row is what policies evaluated one by one say."""

import re
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import simkit as sk
from simkit.dial import optimum
from simkit.dial.deployment import POSITIONS
from simkit.dial.losses import bad_size
from simkit.dial.optimum import reached, spot
from simkit.widgets import corrigibility, corrigibility_words, dial
from simkit.widgets.corrigibility_numbers import EXPECTED, WORLDS, DialSettings, look, offers
from simkit.widgets.instrument import from_code
from simkit.widgets.packing import unpacked
from simkit.widgets.stage import sent

ONE = {"context": "vulnerable-platform"}
MEANS = ("help", "harm", "neglect", "loss", "net", "departs", "mistaken")


@pytest.fixture(scope="module")
def made():
    return dial("medication-threshold", unfolded=True, **ONE)


def row_of(made, operator, model, position, objects=False):
    known = offers(made.part.found)
    way = [known["operator"].index(operator), known["model"].index(model), objects, position]
    return int(np.ravel_multi_index(way, (len(known["operator"]), len(known["model"]), 2, len(POSITIONS))))


def panel(made, title):
    """The picture of this title, or of this kind."""
    return next(each for each in made.stage.table["panels"] if title in (each["title"], each["kind"]))


def lines(made, title, row):
    """What a list says in a row."""
    here = panel(made, title)
    return [here["words"][i] for i in unpacked(here["lines"], len(made.stage.table["sentences"]))[row] if i >= 0]


@pytest.mark.parametrize("name", ["medication-threshold", "household-cleaners", "lock-picking", "santa", "xstest"])
def test_every_context_of_the_library_opens(name):
    case = sk.load(name)
    for context in ("", *case.contexts):
        table = dial(case, context=context, unfolded=True, users=1000).stage.table
        assert len(table["sentences"]) == len(table["notes"]) == 2 * 4 * 7 * 101
        assert (unpacked(table["panels"][-1]["count"]).sum(1) == 1000).all()
        said = {*table["sentences"], *table["notes"], *(word for each in table["panels"] for word in each.get("words", []))}
        assert not re.search(r"\bnan\b|–|None", " ".join(said))
        for note in set(table["notes"]):
            assert len(note.split()) <= 25, note
            assert len(re.findall(r"[\d.,]*\d", note)) <= 3, note
        for each in (each for each in table["panels"] if each["kind"] == "chart"):
            assert len(each["ys"]) * each["every"] == len(table["sentences"])


def test_a_row_is_the_policy_of_override(made, rng):
    found, view = made.part.found, made.view
    for _ in range(12):
        o, t, at = rng.integers(len(found.agents.operators)), rng.integers(len(found.agents.models)), int(rng.integers(101))
        operator, model = found.agents.operators[o], found.agents.models[t]
        world = model.believes(found.original)
        own = sk.policy.bayes(found.original, believed=world, harm_weight=world.harm_weight)
        gain = sk.evaluate.gain(world, operator.policy, own, harm_weight=world.harm_weight)
        policy = sk.policy.override(operator.policy, own, gain=gain, dial=float(POSITIONS[at]), scale=1.0)
        row = row_of(made, operator.name, model.name, at)
        net = 1000 * float(sk.expect(found.original, policy).net)
        said = re.search(r"Worth ([−\d.]+) help units", lines(made, "Who departs here", row)[0])[1]
        assert float(said.replace("−", "-")) == pytest.approx(net, rel=0.006)
        assert unpacked(panel(made, "What a thousand senders get")["legendValues"])[row, 2] == pytest.approx(net, rel=1e-5)
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
    for values in (*map(view.means, MEANS), view.bad):
        assert np.allclose(view.of_states(values)[view.state], values, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("shared", [False, True])
def test_bad_worlds_are_those_of_the_total(shared):
    made = dial("medication-threshold", users=1000, shared_principal=shared, unfolded=True, **ONE)
    found, size = made.part.found, bad_size(made.part.found)
    law = sk.total(found.case, found.policy([0.0, 0.7]), 1000, of="loss")
    rows = unpacked(panel(made, made.stage.table["panels"][4]["title"])["legendValues"])[
        [row_of(made, EXPECTED, EXPECTED, at) for at in (0, 70)]
    ]
    assert rows[:, 0] == pytest.approx(1000 * law.tail(1000 * size), rel=1e-5)
    only = sk.dial.deployment.deploy(found.original, found.agents.with_trust(operator=1.0, model=1.0))
    alone = sk.total(only.case, only.policy([0.7]), 1000, of="loss").tail(1000 * size)[0]
    row = row_of(made, "legitimate", "good", 70)
    assert unpacked(panel(made, made.stage.table["panels"][4]["title"])["legendValues"])[row, 0] == pytest.approx(
        1000 * alone, rel=1e-5, abs=1e-6
    )


def test_a_bad_world_is_measured_by_following_every_instruction(made):
    objects = dial("medication-threshold", objects=True, **ONE)
    start = sk.dial.overrides.along(made.part.found, [0.0]).expected()
    assert (
        bad_size(objects.part.found) == bad_size(made.part.found) == pytest.approx(2 * float(start.harm[0] + start.neglect[0]))
    )


def test_the_note_says_how_surely_and_what_turns_it(made):
    note = " ".join(lines(made, "How sure is this?", 50))
    best = optimum.best_position(made.part.found)
    assert f"The best position is {float(best.high):.2f}" in note
    assert f"at about {float(best.high):.2f}" in made.stage.table["notes"][50]
    holds = float(re.search(r"beats both in (\d+)% of them", note)[1]) / 100
    again = optimum.in_plausible_worlds(made.part.found, rng=np.random.default_rng(9), worlds=4000)
    assert holds == pytest.approx(again.holds, abs=0.006 + 5 * np.sqrt(again.holds * (1 - again.holds) / WORLDS))
    trust = float(re.search(r"below ([\d.]+)% trust in the model", note)[1]) / 100
    ends = optimum.best_position(made.part.found, trust_in_model=np.array([trust - 0.002, trust + 0.002]))
    assert abs(ends.high[0] - ends.high[1]) > 0.1


def test_the_slider_reaches_the_best_position():
    """In `lock-picking` the best step is narrower than a hundredth: the nearest position moves there."""
    view = look(sk.load("lock-picking"), DialSettings())
    best = view.parts[0].sure.best
    assert not ((best.low < POSITIONS) & (best.high >= POSITIONS)).any()
    assert view.ways[0].top == pytest.approx(float(best.worth), abs=1e-13)
    assert view.means("net")[0].max() == pytest.approx(float(best.worth), abs=1e-13)
    assert view.parts[0].here.tolist() == [view.means("net")[0].argmax()] == [50]
    assert best.low < view.positions[50] <= best.high
    assert (np.diff(view.positions) > 0).all()
    assert "between two positions" not in " ".join(corrigibility_words.how_sure(view.parts[0]))


def test_a_best_position_that_the_slider_passes_over_is_called_so(monkeypatch):
    monkeypatch.setattr("simkit.widgets.corrigibility_numbers.reached", lambda _: POSITIONS)
    view = look(sk.load("lock-picking"), DialSettings())
    assert view.means("net")[0].max() < view.ways[0].top - 1e-3
    said = " ".join(corrigibility_words.departures(view))
    assert "the best there is here" not in said.split("Everybody")[0]
    assert "(between two positions of the slider)" in corrigibility_words.how_sure(view.parts[0])[0]
    assert unpacked(corrigibility._strip_panel(view)["best"])[0].tolist() == [-1, -1]
    assert np.isnan(unpacked(corrigibility._ring(view)["x"])[0]).all()


def test_one_place_of_the_slider_serves_one_best_position():
    made = sk.dial.deployment.deploy(sk.load("lock-picking"))
    best = optimum.best_position(made)
    positions = reached([best, replace(best, low=best.low - 0.002, high=best.low - 0.001)])
    assert best.low < positions[50] <= best.high


def test_a_best_position_is_told_with_digits_that_lie_in_it():
    for low, high, said in ((0.575, 0.633, "0.63"), (0.49735, 0.49764, "0.4976"), (0.1411275, 0.1412644, "0.1412")):
        assert spot(low, high) == said
        assert low < float(spot(low, high)) <= high
    rng = np.random.default_rng(0)
    for high in rng.uniform(0, 1, 200):
        low = high * (1 - 10 ** rng.uniform(-14, 0))
        assert low < float(spot(low, high)) <= high


def test_toggles_and_slider_are_one_row(made):
    for operator in (EXPECTED, "malicious"):
        for position in (0.0, 0.35, 1.0):
            made.settings = DialSettings(operator=operator, model="naive", position=position, unfolded=True, **ONE)
            assert made.row == row_of(made, operator, "naive", round(100 * position))
            assert made.table.chosen(made.stage.at, made.stage.pressed) == {
                "objects": False,
                "operator": operator,
                "model": "naive",
                "position": position,
            }
    made.settings = DialSettings(unfolded=True, **ONE)


def test_settings_go_through_code_and_back(made):
    given = DialSettings(position=0.27, trust_in_model=0.99, shared_principal=True, objects=True, aversion=0.2, unfolded=True)
    made.settings = given
    assert from_code(made.as_code(), DialSettings) == given
    assert "spread" in made.controls["aversion"].description
    made.settings = DialSettings(unfolded=True, **ONE)
    assert made.as_code() == "simkit.widgets.dial('medication-threshold', unfolded=True, context='vulnerable-platform')"


def test_other_agents():
    """Two kinds of each; trusts are theirs until they are moved."""
    case = sk.load("medication-threshold")
    usual = sk.dial.agents.usual_agents(case)
    models = (replace(usual.models[0], chance=0.5), replace(usual.models[-1], chance=0.5))
    operators = (replace(usual.operators[0], chance=0.75), replace(usual.operators[1], chance=0.25))
    made = dial(case, replace(usual, operators=operators, models=models), trust_in_model=0.6)
    assert (made.part.found.agents.trust_in_operator, made.part.found.agents.trust_in_model) == (0.75, 0.6)
    assert made.as_code() == "simkit.widgets.dial(case, agents, trust_in_model=0.6)"
    assert len(made.stage.table["sentences"]) == 2 * 3 * 3 * 101
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
    assert float(found.part.sure.best.low) == 0
    assert "Doing as it is told is best here" in found.sentences


def test_a_table_stays_small(made):
    def size(value) -> int:
        if isinstance(value, dict):
            return sum(map(size, value.values()))
        if isinstance(value, list | tuple):
            return sum(map(size, value))
        return len(value) if isinstance(value, bytes | str) else 8

    assert size(sent(made.stage.table)) < 4e5


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


# --- the mosaic -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objects", [False, True])
def test_a_cell_is_an_operator_with_a_model(made, objects):
    """Numbers, hatching and colour of each cell are those of the two looked at alone."""
    seen, (o, t) = panel(made, "mosaic"), made.view.order
    found = made.view.parts[objects].found
    for position in (0, 37, 63, 100):
        row = objects * len(POSITIONS) + position
        net = 1000 * sk.dial.overrides.along(found, made.view.positions[[position]]).each.net[o][:, t, 0].ravel()
        assert unpacked(seen["numbers"])[row] == pytest.approx(net, rel=1e-5)
        best = 1000 * float(found.best.sum())
        assert (unpacked(seen["flagged"])[row] == (net < best / 2)).all()
        assert ((unpacked(seen["colour"])[row] < 0) == (net < best / 2)).all()
    assert [row[0] for row in seen["rows"]] == ["legitimate", "malicious", "careless"]
    assert [column[0] for column in seen["columns"]][::5] == ["good", "contrary"]
    assert seen["rows"][0][1:] == pytest.approx([0.9, 0.9**0.5])


def test_who_is_not_looked_at_is_faint(made):
    faint = unpacked(panel(made, "mosaic")["faint"], len(made.stage.table["sentences"]))
    assert not faint[row_of(made, EXPECTED, EXPECTED, 3)].any()
    one = faint[row_of(made, "careless", "good", 3, objects=True)].reshape(3, 6)
    assert one.sum() == 17
    assert not one[2, 0]


def test_causes_add_up_to_what_is_lost(made):
    """The strip is the regret; its lowest point is marked as the best, and the sentence counts who is badly off."""
    for objects, part in enumerate(made.view.parts):
        amounts = unpacked(panel(made, "strip")["amounts"])[objects].reshape(2, -1)
        net = 1000 * sk.dial.overrides.along(part.found, made.view.positions).expected().net
        assert amounts.sum(0) == pytest.approx(1000 * float(part.found.best.sum()) - net, rel=1e-4)
        low, high = unpacked(panel(made, "strip")["best"])[objects]
        assert low <= amounts.sum(0).argmin() <= high
    said = made.stage.table["sentences"]
    assert said[0] == "Here it goes badly for 100 of 1000 people, because a bad instruction is obeyed."
    assert "for 52 of 1000 people: 11 because a bad instruction is obeyed, 41 because the model judges badly" in said[63]
    assert "160 of 1000" in said[100]
    assert made.stage.table["ends"][50].split("\n") == ["does as it is told: 100 badly", "does as it thinks best: 160 badly"]


def test_whole_columns_fail_together_where_users_are_many(made):
    assert "then for all its 1 million users at once" in made.stage.table["sentences"][63]
    assert "at once" not in made.stage.table["sentences"][0], "operators differ from one deployment to the next"
    few = dial("medication-threshold", users=1, **ONE)
    assert "at once" not in " ".join(few.stage.table["sentences"])


def test_an_end_that_is_best_is_called_so_with_its_reason():
    for name, context, said in (
        ("household-cleaners", "", "Thinking for itself is best here"),
        ("santa", "childrens-platform", "Doing as it is told is best here"),
        ("medication-threshold", "", "models see no more: little is gained"),
        ("companion", "", "Neither end is best"),
    ):
        note = dial(name, context=context).stage.table["notes"][0]
        assert said in note, name
        nets = 1000 * sk.dial.overrides.along(look(sk.load(name), DialSettings(context=context)).parts[0].found).expected().net
        assert ("is best here" in note) == (nets.max() <= max(nets[0], nets[-1]) + 1e-9)


def test_colours_hold_for_the_colour_blind():
    """Causes, and good beside bad: apart by 25 and more in CIELAB as each kind of colour blindness sees them (Machado 2009)."""
    seen = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    }
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])

    def lab(colour: str, kind: str) -> np.ndarray:
        rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        xyz = to_xyz @ np.clip(np.array(seen[kind]) @ linear, 0, 1) / [0.9505, 1, 1.089]
        x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])

    pairs = [
        ("#f89c20", "#7a21dd"),
        ("#f89c20", "#8f5cff"),
        ("#6394d2", "#c8202a"),
        ("#6394d2", "#d5666b"),
        ("#2b5a97", "#c8202a"),
    ]
    for one, other in pairs:
        for kind in seen:
            assert np.linalg.norm(lab(one, kind) - lab(other, kind)) > 25, (one, other, kind)


def test_a_figure_of_what_is_seen():
    mosaic, strip = dial("medication-threshold", **ONE).figure().axes
    assert len(mosaic.patches) == 18
    assert len(strip.collections) == 2
    assert strip.get_legend().get_texts()[0].get_text().startswith("lost per 1000 to bad instructions")
