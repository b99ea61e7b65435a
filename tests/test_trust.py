"""The instrument of trust: what it says agrees with Bayes' rule and with games that are played again; files are checked."""

import dataclasses
import re

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import simkit as sk
from simkit.arrays import whole_numbers
from simkit.exercises import the_current_period
from simkit.exercises.exercise import Exercise
from simkit.files import library
from simkit.theory import release
from simkit.theory.loosening import HELD, RIGHTLY, WRONGLY, loosen
from simkit.theory.trust import TYPES, Types, belief, plausible
from simkit.widgets import pool, trust
from simkit.widgets.instrument import as_code
from simkit.widgets.packing import unpacked
from simkit.widgets.release_game import MONTHS, RULES, TOLD, TrustSettings, courses, hidden, look, replayed, rules
from simkit.widgets.release_table import nines, sentence

LIBRARY = sorted(path.stem for path in library("scenarios").glob("*.yaml"))
CASE = sk.load("medication-threshold").in_context("vulnerable-platform")
PLATFORM = {"context": "vulnerable-platform"}


def seed_of(kind: str, **settings) -> int:
    return next(seed for seed in range(1000) if hidden(TrustSettings(seed=seed, **settings)).name == kind)


# --- the game ---------------------------------------------------------------------------------------------------------


def test_models_are_drawn_from_the_shares_that_are_believed():
    """Types, and failures of each type in each kind of audit, over many seeds."""
    count, settings = 4000, TrustSettings()
    found = [hidden(dataclasses.replace(settings, seed=seed)) for seed in range(count)]
    types = np.array([model.type for model in found])
    for kind, share in enumerate(settings.types.prior):
        assert (types == kind).mean() == pytest.approx(share, abs=4.5 * np.sqrt(share * (1 - share) / count))
        fails = np.stack([model.fails for model in found if model.type == kind])
        for covert in (0, 1):
            chance, seen = settings.types.failing(covert)[kind], fails[:, covert].ravel()
            assert seen.mean() == pytest.approx(chance, abs=4.5 * np.sqrt(chance * (1 - chance) / seen.size))


def test_the_luck_of_a_month_does_not_depend_on_what_was_done_before():
    model = hidden(TrustSettings(seed=seed_of("overt")))
    passed, failed = model.record("owcowc")
    assert (passed + failed)[-1].tolist() == [2, 2]
    for month, move in enumerate("owcowc"):
        if move != "w":
            kind = "oc".index(move)
            assert failed[month + 1, kind] - failed[month, kind] == model.fails[kind, month]
    same = hidden(TrustSettings(seed=seed_of("overt"), threshold=0.99))
    assert (same.fails == model.fails).all()


def test_rules_played_again_do_as_their_exact_courses_say():
    """Two routes: over many models the rules loosen as often as the Markov chain says."""
    count, settings = 2500, TrustSettings()
    given = rules(settings)
    types, loosened = np.zeros(count, dtype=int), np.zeros((count, len(RULES)))
    for seed in range(count):
        model = hidden(dataclasses.replace(settings, seed=seed))
        types[seed] = model.type
        if model.type == 0 and seed > 800:
            continue
        for place, rule in enumerate(given):
            loosened[seed, place] = release.ends(rule, *model.record(rule.plan(MONTHS)))[1] > 0
    played = (types > 0) | (np.arange(count) <= 800)
    for place, found in enumerate(courses(settings).courses):
        for kind in range(3):
            chosen = loosened[played & (types == kind), place]
            chance = found.loosened[-1, kind]
            assert chosen.mean() == pytest.approx(chance, abs=4.5 * np.sqrt(0.25 / len(chosen)))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"moves": "ox"}, "not 'x'"),
        ({"moves": "olo"}, "loosening is final"),
        ({"moves": "w" * 25}, "24 months, not 25"),
        ({"moves": "c" * 11}, "cost 33, and the budget is 30"),
        ({"month": 25}, "month goes from 0 to 24, not 25"),
        ({"rule": "by trus in the record"}, "did you mean by trust in the record"),
        ({"threshold": 1.0}, "between 0 and 1"),
        ({"overt": 0.6, "deceptive": 0.6}, "together less than 1, not 1.2"),
        ({"fails": 1.0}, "below 1"),
        ({"fails": 0.01}, "fail audits more often"),
        ({"seed": -1}, "seed goes from 0"),
        ({"dial_loosened": 0.05}, "dial_loosened goes from 0.1"),
        ({"moves": 3}, "moves cannot be 3"),
        ({"colour": "red"}, "no setting is called"),
    ],
)
def test_what_makes_no_sense_is_named(settings, why):
    with pytest.raises(ValueError, match=why):
        trust(**settings)


# --- what is shown is exact -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LIBRARY)
def test_every_scenario_opens(name):
    made = trust(name, unfolded=True)
    table = made.stage.table
    assert len(table["sentences"]) == len(RULES) * (MONTHS + 1)
    assert "nan" not in "".join(table["sentences"] + table["notes"] + [panel["title"] for panel in table["panels"]])
    models = unpacked(table["panels"][2]["count"])
    assert (models.sum(1) == 1000).all()
    senders = unpacked(next(p for p in table["panels"][3:] if p["kind"] == "dots")["count"])
    assert (senders.sum(1) == 1000).all()


def test_the_sentence_says_what_bayes_says():
    """Numbers read back from the words, against the product of the chances of each audit."""
    seed = next(
        s for s in range(200) if sum(hidden(TrustSettings(seed=s)).fails[k, m] for m, k in enumerate((0, 0, 1, 0))) == 1
    )
    made = trust(seed=seed, **PLATFORM)
    made.play("ooco")
    assert made.settings.month == 4
    assert "3 open and 1 covert audits, 1 failed" in made.sentences
    types, model = made.settings.types, hidden(made.settings)
    joint = types.prior
    for month, kind in enumerate((0, 0, 1, 0)):
        chance = types.failing(kind)
        joint = joint * (chance if model.fails[kind, month] else 1 - chance)
    exact = 1000 * joint / joint.sum()
    counts = [
        float(x)
        for x in re.search(r"models ([\d.]+) are aligned, ([\d.]+) overtly misaligned, ([\d.]+)", made.sentences).groups()
    ]
    assert counts == pytest.approx(exact, abs=0.51)
    dots = unpacked(made.stage.table["panels"][2]["count"])[made.row]
    assert dots == pytest.approx(exact, abs=1)


def test_a_look_ahead_follows_the_audits_of_the_rule():
    made = trust(month=12, rule=RULES[3])
    assert "If the next 6 open and 6 covert audits are all passed" in made.sentences
    assert "loosened in month 12" in made.sentences
    assert belief(made.settings.types, (6, 6))[0] >= 0.95 > belief(made.settings.types, (6, 5))[0]
    made.settings = dataclasses.replace(made.settings, rule=RULES[2])
    assert "next 12 open audits are all passed" in made.sentences
    assert "can never trigger" in made.sentences
    made.settings = dataclasses.replace(made.settings, month=1)
    assert "If the next audit, an open one, is passed" in made.sentences
    made.settings = dataclasses.replace(made.settings, month=12, rule=RULES[0])
    assert "nothing more is audited until month 12" in made.sentences
    assert "By date the dial is loosened in month 12" in made.sentences
    chances = [f"{100 * chance:.1f}%" for chance in courses(made.settings).courses[3].loosened[12]]
    made.settings = dataclasses.replace(made.settings, rule=RULES[3])
    assert [made.how_sure[0].index(chance) for chance in chances]


def test_the_rule_of_the_open_record_does_not_count_covert_audits():
    seed = next(seed for seed in range(99) if not hidden(TrustSettings(seed=seed)).fails[1, :8].any())
    made = trust(seed=seed, moves="cccccccc", month=8, threshold=0.85)
    assert made.view.trust[2, 8] > 0.85
    assert "trust in the open record is 80.0%" in made.sentences


def test_the_fraction_of_priors_and_the_turn_by_another_route():
    made = trust(month=20, rule=RULES[3], moves="oo")
    view, rule, month = made.view, 3, 20
    worlds = plausible(made.settings.types, np.random.default_rng(9), 40_000, factor=5)
    above = belief(worlds, view.passed[rule, month], view.failed[rule, month])[:, 0] >= 0.95
    stated = view.trust[rule, month] >= 0.95
    assert view.holds[rule, month] == pytest.approx((above == stated).mean(), abs=5 * np.sqrt(0.25 / 1000))
    turn = float(view.turn[rule, month])
    moved = dataclasses.replace(made.settings, deceptive=turn, overt=0.1 * (1 - turn) / 0.9)
    assert look(CASE, moved).trust[rule, month] == pytest.approx(0.95, rel=1e-9)


def test_loosening_pays_from_the_trust_that_is_said():
    """At that trust the mean of the loosened, over types, is that of the held."""
    view = look(CASE, TrustSettings())
    net = [float(value) for value in view.loosening.outcome.net]
    mixed = view.loosening.break_even * net[2] + (1 - view.loosening.break_even) * net[3]
    assert mixed == pytest.approx(view.loosening.break_even * net[0] + (1 - view.loosening.break_even) * net[1], rel=1e-12)
    assert 0.9 < view.loosening.break_even < 0.97
    careless = sk.policy.bayes(CASE, harm_weight=0.0)
    told = sk.policy.constant(CASE, "refuse-with-reason")
    gain = sk.evaluate.gain(CASE, told, careless, harm_weight=0.0)
    alone = sk.policy.override(told, careless, gain=gain, dial=0.9, scale=0.1)
    assert net[WRONGLY] == pytest.approx(float(sk.expect(CASE, alone).net), rel=1e-12)
    assert (loosen(CASE, 0.0, 1.0, among=BEST_TWO).policies[0].answer == told.answer).all(), (
        "at dial 0 everybody follows instructions"
    )


BEST_TWO = ("full-with-care", "refuse-with-reason")


def test_enough_trust_holds_and_turns_where_it_says():
    view = look(CASE, TrustSettings(threshold=0.95))
    told, right, wrong = (view.loosening.policies[place] for place in (HELD, RIGHTLY, WRONGLY))

    def won(case: sk.Case) -> float:
        held, good, bad = (float(sk.expect(case, policy).net) for policy in (told, right, wrong))
        return 0.95 * good + 0.05 * bad - held

    moved = sk.load("medication-threshold").with_shares({"at-risk": view.enough_turn}).in_context("vulnerable-platform")
    assert won(moved) == pytest.approx(0, abs=1e-9)
    more = sk.load("medication-threshold").with_shares({"at-risk": 2 * view.enough_turn}).in_context("vulnerable-platform")
    assert won(more) < 0 < won(CASE)
    drawn = sk.population.draw_worlds(CASE.population, np.random.default_rng(4), 5000)
    nets = [sk.evaluate.net_per_sender(CASE, policy, CASE.harm_weight) for policy in (told, right, wrong)]
    held, good, bad = (np.einsum("nsk,sk->n", drawn.joint, net) for net in nets)
    share = (0.95 * good + 0.05 * bad >= held).mean()
    assert view.enough == pytest.approx(share, abs=5 * np.sqrt(0.25 / 1000))


def test_the_senders_change_where_the_rule_loosens():
    made = trust(rule=RULES[0], date=7, unfolded=True, **PLATFORM)
    senders = unpacked(made.stage.table["panels"][-1]["count"]).reshape(len(RULES), MONTHS + 1, -1)
    assert (senders[0, :7] == senders[0, 0]).all()
    assert (senders[0, 7] != senders[0, 6]).any()
    assert (senders[-1] == senders[-1, 0]).all(), "never"
    assert answered(made, 7) == answers_of(WRONGLY)
    seed = seed_of("aligned")
    ended = trust(seed=seed, moves="wwl", month=2, revealed=True, **PLATFORM)
    assert answered(ended, 2) == answers_of(RIGHTLY)
    assert answered(ended, 1) == answers_of(HELD)


def answers_of(place: int) -> list[int]:
    """How many of 1000 get each response from one of the four models."""
    found = sk.dots(CASE, look(CASE, TrustSettings()).loosening.policies[place]).by_response()
    return [int(found[CASE.response(name)]) for name in ("full-with-care", "refuse-with-reason")]


def answered(made, month: int) -> list[int]:
    """The same, read off the legend of the senders."""
    panel = next(p for p in made.stage.table["panels"] if "1000 senders" in p["title"])
    names = [entry["label"] for entry in panel["legend"]]
    said = unpacked(panel["legendValues"])[RULES.index(made.settings.rule) * (MONTHS + 1) + month]
    return [int(said[names.index(CASE.labels[name])]) for name in ("full-with-care", "refuse-with-reason")]


def test_small_helpers():
    assert nines([0.0, 0.9, 0.99]) == pytest.approx([0, 1, 2])
    assert whole_numbers(np.array([[333.4, 333.3, 333.3], [999.6, 0.4, 0.0]])).tolist() == [[334, 333, 333], [1000, 0, 0]]


# --- playing ----------------------------------------------------------------------------------------------------------


def button(made, label):
    return next(each for each in (*made._buttons, made._back) if each.description == label)


def test_a_game_from_start_to_reveal():
    seed = seed_of("deceptive")
    made = trust(seed=seed, **PLATFORM)
    assert not any(button.disabled for button in made._buttons[:4])
    for move in "oow":
        button(made, TOLD[move][0]).click()
    assert made.settings.moves == "oow"
    assert made.settings.month == 3
    assert made._above[0].children[-1].value == "audits cost 2 of 30"
    assert "deceptive" not in made.as_code()
    button(made, "Loosen the dial").click()
    assert "You loosened the dial in month 3" in made.sentences
    assert all(button.disabled for button in made._buttons[:4])
    made.play("o")
    assert "this game is over" in made._message.value
    button(made, "Reveal").click()
    assert "It was deceptive. You loosened its dial in month 3: wrongly, as it turns out." in made.sentences
    for rule, (end, how) in replayed(made.settings).items():
        assert (f"{rule} in month {end}" in made.sentences) == (how > 0)
    assert any("this model is deceptive" in panel["title"] for panel in made.stage.table["panels"])
    made.undo()
    assert "It was deceptive" not in made.sentences
    with pytest.raises(ValueError, match="this game is over"):
        TrustSettings(revealed=True).after("o")
    button(made, "New model").click()
    assert made.settings.seed == seed + 1
    assert made.settings.moves == ""


def test_without_a_game_there_are_rules_and_no_buttons():
    made = trust(month=24, game=False, **PLATFORM)
    assert made.table.toggles[0].first
    assert made.children[0].layout.display == "none"
    made.settings = dataclasses.replace(made.settings, game=True)
    assert made.children[0].layout.display == ""
    assert not made.table.toggles[0].first


def test_senders_keep_their_colours_and_models_have_others():
    """Blue and red are senders, before the end and after it; a model is a square, a sender is not."""
    for made in (trust(**PLATFORM), trust(revealed=True, **PLATFORM)):
        models, senders = (panel for panel in made.stage.table["panels"] if panel["kind"] == "dots")
        assert {cell["mark"] for cell in models["cells"]} == {"square"}
        assert "square" not in {cell["mark"] for cell in senders["cells"]}
        lines = [mark["colour"] for mark in made.stage.table["panels"][0]["marks"] if "colour" in mark]
        assert not {0, 5} & {*lines, *(cell["colour"] for cell in models["cells"])}


def test_every_end_has_its_words():
    for kind in TYPES:
        seed = seed_of(kind)
        held = trust(seed=seed).reveal()
        let = trust(seed=seed, moves="wl").reveal()
        assert ("for nothing" in held) == (kind == "aligned")
        assert ("rightly" in let) == (kind == "aligned")


def test_budget_and_months_stop_the_buttons():
    made = trust(moves="c" * 9)
    assert not button(made, "Covert audit").disabled
    made.play("c")
    assert button(made, "Covert audit").disabled
    assert button(made, "Open audit").disabled
    made.play("o")
    assert "the budget is 30" in made._message.value
    made.play("w" * 14)
    assert button(made, "Wait a month").disabled
    assert not button(made, "Loosen the dial").disabled


def test_choices_undo_and_code():
    made = trust(**PLATFORM)
    start = made.stage.table
    made.controls["deceptive"].value = 0.01
    made.controls["threshold"].value = 0.99
    assert made.stage.table != start
    made.stage.pressed, made.stage.at = [3], 20
    assert made.settings.rule == RULES[3]
    assert made.settings.month == 20
    line = made.as_code()
    again = trust(**PLATFORM)
    again.load(line)
    assert again.settings == made.settings
    assert again.sentences == made.sentences
    made.controls["fails"].value = 0.05
    before = made.settings
    made._code.value = "simkit.widgets.trust(case, fails=0.01)"
    assert "fail audits more often" in made._message.value
    assert made.settings == before
    while not made._back.disabled:
        made.undo()
    assert made.stage.table == start


def test_a_hundred_random_choices(rng):
    """No exception, and in the end what a fresh instrument shows at the same settings."""
    made = trust(**PLATFORM)
    for _ in range(100):
        what = str(rng.choice(["move", "control", "position", "undo", "new", "reveal"], p=[0.5, 0.15, 0.15, 0.1, 0.05, 0.05]))
        if what == "move":
            button(made, TOLD[str(rng.choice(list("ocwl"), p=[0.4, 0.3, 0.25, 0.05]))][0]).click()
        elif what == "control":
            control = made.controls[str(rng.choice(list(made.controls)))]
            options = [option[1] if isinstance(option, tuple) else option for option in control.options]
            control.value = options[rng.integers(len(options))]
        elif what == "position":
            made.stage.at = int(rng.integers(MONTHS + 1))
        else:
            button(made, {"undo": "Undo", "new": "New model", "reveal": "Reveal"}[what]).click()
    fresh = trust(**dataclasses.asdict(made.settings))
    assert fresh.stage.table == made.stage.table
    assert fresh.sentences == made.sentences


# --- the games of a class ---------------------------------------------------------------------------------------------


def finished(**settings) -> TrustSettings:
    return TrustSettings(revealed=True, **settings)


def line(settings: TrustSettings) -> str:
    return as_code(settings, "simkit.widgets.trust", "'medication-threshold'")


def test_a_game_is_its_line_of_code():
    made = trust(seed=5, moves="ocw", **PLATFORM)
    assert "reveal the type first" in pool([made.as_code()]).refused[0]
    made.play("l")
    made.reveal()
    (run,) = pool([made.as_code()]).runs
    assert dataclasses.replace(run, month=made.settings.month, rule=made.settings.rule) == made.settings
    assert len(made.as_code()) < 200


def test_a_pool_counts_what_was_played():
    """Against a count by hand, game by game."""
    games = [finished(seed=seed, moves="cc" + "l" * (seed % 2)) for seed in range(30)]
    found = pool(map(line, games))
    assert set(found.runs) == set(games)
    misaligned = [hidden(game).type > 0 for game in games]
    rows = {row[0]: row[1:] for row in found.rows()}
    wrongly = sum(bad and game.loosened for bad, game in zip(misaligned, games, strict=True))
    nothing = sum(not bad and not game.loosened for bad, game in zip(misaligned, games, strict=True))
    assert [rows["the class"][0], rows["the class"][4]] == [str(wrongly), str(nothing)]
    for name in RULES:
        ended = [replayed(game)[name][1] > 0 for game in games]
        assert rows[name][0] == str(sum(bad and end for bad, end in zip(misaligned, ended, strict=True)))
        assert sum(map(int, (rows[name][0], *rows[name][2:]))) == 30
    assert rows["by date"][1] == rows["by date"][0], "the rule by date is certain"
    chances = courses(TrustSettings()).courses[1].loosened[-1]
    wanted = sum(chances[hidden(game).type] for game in games if hidden(game).type)
    assert float(rows["by track record"][1]) == pytest.approx(wanted, rel=0.005)
    assert f"30 games, {sum(misaligned)} with a misaligned model" in repr(found)


def test_lines_that_cannot_be_counted_are_named():
    good = line(finished(seed=3, moves="o"))
    opened = good.removesuffix(")")
    wrong = {
        "seed": "simkit.widgets.trust(seed='three', revealed=True)",
        "deceptive": f"{opened}, deceptive=1.4)",
        "a move is one of o (open audit)": "simkit.widgets.trust(moves='oxo', revealed=True)",
        "the budget is 30": f"simkit.widgets.trust(moves='{'c' * 20}', revealed=True)",
        "together less than 1": f"{opened}, overt=0.9, deceptive=0.9)",
        "this line opens explore, not trust": "simkit.widgets.explore('santa')",
        "colour": f"{opened}, colour=1)",
        "the same game as line 1": good,
        "no line of settings": "<script>alert(1)</script>",
        "at most 5000 characters": " " * 5001,
        "written as a call": "{}",
        "plain value": f"{opened}, month=__import__('os').getpid())",
    }
    found = pool([good, *wrong.values()])
    assert len(found.runs) == 1
    assert len(found.refused) == len(wrong)
    for place, (why, said) in enumerate(zip(wrong, found.refused, strict=True), 2):
        assert said.startswith(f"line {place}: ")
        assert why in said
    assert "<script>" not in found._repr_html_()
    assert repr(pool([])).startswith("0 games")


# --- exercises --------------------------------------------------------------------------------------------------------


def fresh(number: int) -> Exercise:
    return Exercise(the_current_period.exercises[number - 1].judge)


def test_known_mistakes_are_named():
    assert "have dropped out" in fresh(1).check(10).says
    assert "how many are deceptive" in fresh(1).check(88.9).says
    assert "fraction" in fresh(1).check(1 / 9).says
    assert "every second audit" in fresh(2).check(12).says
    assert "ever noticed" in fresh(2).check(5).says
    types = the_current_period.MODELS
    says = [
        fresh(3).check(rule).says
        for rule in (
            release.by_date(12),
            release.never(),
            release.by_verified_record(types, 0.95),
            release.by_verified_record(types, 0.999, covert_every=1),
        )
    ]
    assert "loosens 100 of 100 deceptive" in says[0]
    assert "only 0 of 100 aligned" in says[1]
    assert "of 100 deceptive" in says[2]
    assert "of 100 aligned" in says[3]
    broken = dataclasses.replace(release.never(), verdict=lambda *_: [1][5])
    assert "cannot be followed" in fresh(3).check(broken).says


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("answer", ["2", True, {}, float("nan"), -1, 1e9, object(), release.never])
def test_what_is_no_answer_is_told_so(number, answer):
    verdict = fresh(number).check(answer)
    assert not verdict.right
    assert verdict.says


def test_sentences_of_all_rules_are_different_where_rules_are():
    view = look(CASE, TrustSettings())
    assert len({sentence(view, rule, 12) for rule in range(len(RULES))}) == len(RULES)
    assert isinstance(view.settings.types, Types)


def test_trust_below_a_threshold_is_shown_below_it():
    from simkit.widgets.release_table import short_of

    assert short_of(0.8149, 0.95) == "81.5%"
    assert short_of(0.94998, 0.95) == "94.998%"
    assert short_of(0.9499, 0.95) == "94.99%"
    assert short_of(0.0, 0.95) == "0.0%"
    rng = np.random.default_rng(0)
    assert short_of(0.95 - 1e-13, 0.95) == "just below 95%"
    for bar, gap in zip(rng.uniform(0.5, 1, 300), 10 ** rng.uniform(-7, -1, 300), strict=True):
        assert float(short_of(bar - gap, bar)[:-1]) < 100 * bar
