"""Any policy and any batch in the instruments: a batch shows what each of its members shows, bit for bit."""

import gc
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import random_case, random_policy

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

from ipywidgets.widgets import widget

import simkit as sk
from simkit.policy import Axis
from simkit.widgets import chain, crowd, dial, explore, predict, race, trust
from simkit.widgets.explorer import ExplorerSettings, explorer_table
from simkit.widgets.packing import unpacked

CASE = sk.load("medication-threshold")
CUTS = [0.001, 0.01, 0.1]


def seen(table, row: int) -> tuple:
    """Dots by what they mean, and the bars of help and harm, as the browser reads them at a row."""
    dots, bars = table.panels[0], next(panel for panel in table.panels if panel["title"].startswith("What each group gets"))
    counts = unpacked(dots["count"], table.rows)[row].tolist()
    cells = [tuple(cell.values()) for cell in dots["cells"]]
    marks = [
        [unpacked(mark[end], table.rows)[row].tobytes() for end in ("from", "to")] for mark in bars["marks"] if "to" in mark
    ]
    return {cell: n for cell, n in zip(cells, counts, strict=True) if n}, marks


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 6), named=st.booleans(), asks=st.booleans())
def test_a_batch_shows_at_each_position_what_its_member_shows(seed, count, named, asks):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=asks)
    values = tuple(f"name {i}" for i in range(count)) if named else tuple(rng.normal(size=count).tolist())
    batch = sk.policy.stack([random_policy(case, rng) for _ in range(count)], Axis("dial", values))
    chosen = ExplorerSettings(harm_weight=float(rng.uniform(0.1, 5)))
    whole = explorer_table(case, batch, chosen)
    assert whole.slider.values == batch.axis.values
    for i, member in enumerate(batch):
        alone = explorer_table(case, member, chosen)
        assert seen(whole, i) == seen(alone, 0)
        assert whole.notes[i] == alone.notes[0]
        assert whole.view.gain[i] == alone.view.gain[0]
        for event in (1, 2):
            assert whole.view.dots.events(event)[i] == alone.view.dots.events(event)
        said = [table.sentences[row].partition(" turns away ")[2].partition(".")[0] for table, row in ((whole, i), (alone, 0))]
        assert said[0] == said[1]
        assert values[i] in whole.sentences[i] if named else whole.sentences[i].startswith("At dial ")


def test_observed_models_as_a_batch_are_as_sure_as_alone():
    """What counts leave open varies for each member as it does alone."""
    case = sk.load("xstest")
    batch = sk.policy.stack([sk.policy.observed(case, name) for name in list(case.observed)[:3]])
    chosen = ExplorerSettings(compare="mistral")
    whole = explorer_table(case, batch, chosen)
    for i, member in enumerate(batch):
        assert whole.notes[i] == explorer_table(case, member, chosen).notes[0]


def test_a_slider_along_any_axis():
    family = sk.policy.threshold(CASE, risk=np.array(CUTS), below="full-with-care", above="refuse-with-reason")
    made = explore(CASE, family, at=0.01)
    assert made.sentences.startswith("At risk 0.01 the policy turns away ")
    assert made.as_code() == "simkit.widgets.explore(case, policies, at=0.01)"
    assert made.policy.name == family.labels[1]
    made.stage.at = 2
    assert made.settings.at == 0.1
    assert not {"policy", "answer", "decline"} & set(made.controls), "the menu of policies is that of the default call"
    made.controls["context"].value = "icu-team"
    assert made.settings.at == 0.1
    assert made.sentences == explore(CASE, family, at=0.1, context="icu-team").sentences
    for wrong, why in (({"policy": "best"}, "policies are given"), ({"declined": 3}, "policies are given")):
        with pytest.raises(ValueError, match=why):
            explore(CASE, family, **wrong)
    with pytest.raises(ValueError, match="no policies are given"):
        explore(CASE, at=0.1)
    back = sk.policy.threshold(CASE, risk=np.array(CUTS[::-1]), below="full-with-care", above="refuse-with-reason")
    assert explore(CASE, back).stage.table["slider"]["texts"] == ["0.1", "0.01", "0.001"], "in the order given"


def test_a_table_that_a_student_wrote_enters_everything():
    rows = np.full((len(CASE.population.signal_names), len(CASE.responses)), 1 / len(CASE.responses))
    mine = sk.policy.from_array(CASE, rows, name="mine")
    plain = sk.Policy(answer=rows)
    for policy in (mine, plain):
        shown = explore(CASE, policy)
        assert shown.stage.table["slider"]["texts"] == [""], "a single policy has no slider"
        assert shown.sentences.startswith(policy.name)
        assert crowd(CASE, policy).view.policies.labels[0] == policy.name
    assert race(CASE, mine, users=10, seconds=0.1).probability > 0
    two = explore(CASE, [mine, sk.policy.bayes(CASE)], at="best")
    assert two.sentences.startswith("best turns away")
    assert crowd(CASE, two.view.policies, policy="best", compare="mine").view.policies.labels[:2] == ("best", "mine")
    with pytest.raises(ValueError, match="at cannot be 'bets'; did you mean best"):
        explore(CASE, [mine, sk.policy.bayes(CASE)], at="bets")
    with pytest.raises(ValueError, match="one policy is raced"):
        race(CASE, two.view.policies)
    with pytest.raises(ValueError, match="a batch along one axis"):
        explore(CASE, sk.Policy(answer=np.broadcast_to(rows, (2, 3, *rows.shape))))


# --- an end -----------------------------------------------------------------------------------------------------------

OPENED = [explore, chain, crowd, trust, dial]


@pytest.mark.parametrize("opened", OPENED, ids=lambda opened: opened.__name__)
def test_closing_leaves_no_model(opened):
    before = set(widget._instances)
    made = opened("medication-threshold")
    assert len(set(widget._instances) - before) > 10
    made.close()
    assert set(widget._instances) == before


def test_a_prediction_and_a_race_end_too():
    before = set(widget._instances)
    predict("How many?", answer=2, high=12).close()
    race(CASE, sk.policy.bayes(CASE), users=10).close()
    assert set(widget._instances) == before


@pytest.mark.parametrize("opened", [explore, chain, crowd, trust], ids=lambda opened: opened.__name__)
def test_thirty_instruments_leave_memory_flat(opened):
    used = []
    tracemalloc.start()
    for i in range(47):  # bounded caches are full after some thirty
        opened(CASE).close()
        if i in (1, 31, 46):
            gc.collect()
            used.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert used[2] < used[1] + 1e6, used
