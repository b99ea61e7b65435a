"""The instrument of a whole population, and the race: what they say agrees with the exact law and with simulation."""

import asyncio
import dataclasses
import re

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

from matplotlib import pyplot

import simkit as sk
from simkit import plots
from simkit.event_counts import front_pages
from simkit.files import library
from simkit.monte_carlo import runs_needed
from simkit.text import people
from simkit.widgets import crowd, race
from simkit.widgets.contest import duration
from simkit.widgets.total_harm import MODES, ONE_IN, THOUSANDTH, USERS, CrowdSettings, likely, look

LIBRARY = sorted(path.stem for path in library("scenarios").glob("*.yaml"))


@pytest.mark.parametrize("name", LIBRARY)
def test_every_scenario_opens(name):
    made = crowd(name, unfolded=True)
    assert len(made.stage.table["sentences"]) == len(USERS)
    assert "nan" not in "".join(made.stage.table["sentences"] + made.stage.table["notes"])
    assert (np.diff(made.view.sizes, axis=0) >= -1e-9).all(), "rarer worlds are worse"
    assert (np.diff(made.view.sizes[THOUSANDTH], axis=0) >= 0).all(), "more senders bring more harm"
    assert (made.view.low <= made.view.high * (1 + 1e-9)).all()


def test_what_is_said_is_what_the_law_says():
    case = sk.load("medication-threshold").in_context("general-assistant")
    made = crowd(case, users=1_000_000, share="shared state", policy="general-safety")
    policy = sk.policy.constant(case, "general-safety")
    law = sk.total(case, policy, 1_000_000)
    mean, size = (
        float(x.replace(" ", ""))
        for x in re.findall(r"brings (\S+) harm.*exceeds ([\d. ]+),", made.sentences.replace(" ", " "))[0]
    )
    assert mean == pytest.approx(float(law.mean), rel=0.006)
    assert size == pytest.approx(float(law.quantile(0.999)), rel=0.006)
    pages = front_pages(case, policy, 1_000_000, harm=300, neglect=20)
    harm, neglect = (likely(float(chance)) for chance in (pages.harm, pages.neglect))
    assert f"(over 300 harm units): {harm}; about neglect (over 20 harm units): {neglect}" in made.how_sure[1]


def test_independent_senders_have_the_same_mean_and_less_spread():
    case = sk.load("medication-threshold")
    alone, policy = case.with_independent_senders(), sk.policy.constant(sk.load("medication-threshold"), "full-with-care")
    for users in (1000, 10**9):
        together, apart = sk.total(case, policy, users), sk.total(alone, policy, users)
        assert float(apart.mean) == pytest.approx(float(together.mean), rel=1e-12)
        assert apart.sd < together.sd
    assert np.allclose(alone.population.signals, case.population.signals)
    worst = {mode: look(case, CrowdSettings(share=mode)).sizes[THOUSANDTH, -1, 0] for mode in MODES}
    assert worst[MODES[0]] < worst[MODES[1]] < worst[MODES[2]]


def test_the_order_of_two_policies_turns_where_it_says():
    case = sk.load("xstest")
    view = look(case, CrowdSettings())
    moved = case.with_shares({"unsafe-asker": view.turn})
    loss = [float(sk.expect(moved, sk.policy.constant(case, name)).loss) for name in view.policies.labels[:2]]
    assert loss[0] == pytest.approx(loss[1], rel=1e-9)
    drawn = sk.population.draw_worlds(case.population, np.random.default_rng(5), 20_000)
    first, second = (sk.evaluate.per_sender(case, view.policies[i], case.loss) for i in (0, 1))
    less = (np.einsum("nsk,sk->n", drawn.joint, first - second) < 0).mean()
    assert view.less == pytest.approx(less, abs=0.05)


def test_choices_undo_and_code():
    made = crowd("medication-threshold")
    start = made.stage.table
    made.controls["share"].value = "shared state"
    made.controls["page_harm"].value = 1000.0
    assert made.stage.table != start
    line = made.as_code()
    assert "share='shared state'" in line
    assert dataclasses.asdict(crowd("medication-threshold", **dataclasses.asdict(made.settings)).settings)["page_harm"] == 1000
    made.undo()
    made.undo()
    assert made.stage.table == start
    made.load(line)
    assert made.settings.page_harm == 1000
    made.stage.at = len(USERS) - 1
    assert made.settings.users == USERS[-1]
    assert "8 billion" in made.sentences
    for wrong in ({"users": 0}, {"users": 10**11}, {"share": "nothing"}, {"policy": "nobody"}, {"page_harm": "big"}):
        with pytest.raises(ValueError, match=r"."):
            crowd("medication-threshold", **wrong)


def test_a_policy_is_not_compared_with_itself():
    case = sk.load("medication-threshold")
    made = crowd(case, policy="best")
    assert made.view.policies.labels[:2] == ("best", made.controls["compare"].value)
    before = made.settings
    made.controls["compare"].value = "best"
    assert "choose another one" in made._message.value
    assert made.settings == before
    above = made.controls["compare"].value
    assert crowd(case, policy=above).view.policies.labels[0] == above != crowd(case, policy=above).view.policies.labels[1]


def test_a_shock_spreads_the_front_pages():
    """A gamma of mean 1: the chance of a page is E 1 − exp(−G·Np), here by drawing G."""
    case = sk.load("medication-threshold").in_state("usual")
    policy, users, shock = sk.policy.constant(case, "full-with-care"), 10**6, 0.8
    plain, spread = (front_pages(case, policy, users, harm=300, neglect=20, shock=s) for s in (0.0, shock))
    drawn = np.random.default_rng(3).gamma(1 / shock, shock, 400_000)
    exact = 1 - (1 - float(plain.harm)) ** drawn
    assert float(spread.harm) == pytest.approx(exact.mean(), abs=5 * exact.std() / np.sqrt(len(drawn)))
    assert spread.harm < plain.harm


def test_people_and_chances_in_words():
    assert [people(n) for n in (1, 1000, 2e6, 8e9)] == ["1", "1 000", "2 million", "8 billion"]
    assert [likely(p) for p in (0.0, 1e-9, 0.5, 0.99999, 1.0)] == [
        "never",
        "less than one in a million",
        "50.0%",
        "nearly certain",
        "nearly certain",
    ]
    assert USERS[0] == 1
    assert ONE_IN[THOUSANDTH] == 1000


def test_the_race_ends_and_both_agree():
    case = sk.load("xstest")
    made = race(case, sk.policy.constant(case, "full-compliance"), users=50, level=0.9, seconds=0.6)
    asyncio.run(made.run(np.random.default_rng(1)))
    runs, over = made.seen
    error = np.sqrt(made.probability * (1 - made.probability) / runs)
    assert over / runs == pytest.approx(made.probability, abs=5 * error)
    assert f"{people(runs)} simulated runs" in made._lines[1].value
    assert "e+" not in made._lines[1].value
    assert not made._button.disabled
    assert runs_needed(0.5) == pytest.approx(1e4)
    assert [duration(s) for s in (30, 600, 7200, 10 * 86400)] == ["30 seconds", "10 minutes", "2 hours", "10 days"]


def test_exceedance_is_drawn_where_the_law_is():
    case = sk.load("medication-threshold")
    policies = sk.policy.stack([sk.policy.constant(case, name) for name in ("full-with-care", "refuse-with-reason")])
    law = sk.total(case, policies, 100_000)
    ax = plots.exceedance(law)
    x, y = (np.asarray(values) for values in ax.lines[0].get_data())
    np.testing.assert_allclose(law.tail(x[:, None])[:, 0], y, rtol=1e-6)
    assert len(ax.lines[1].get_xdata()) == 0, "a policy that harms nobody has no curve"
    with pytest.raises(ValueError, match="one crowd"):
        plots.exceedance(sk.total(case, policies, [10, 100]))
    pyplot.close("all")
