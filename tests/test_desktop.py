"""The instrument on a desktop: one person's files and the averages, and what would reverse a conclusion, by two routes."""

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import simkit as sk
from simkit import tasks
from simkit.widgets import tidy
from simkit.widgets.desktop import FATES, WAYS, DesktopSettings, fates, look
from simkit.widgets.packing import unpacked

CASE, TASK = sk.load("clean-up-my-desktop"), tasks.load("clean-up-my-desktop")
COUNT = 25


@pytest.fixture(scope="module")
def made():
    return tidy()


def test_each_file_has_one_fate_and_at_most_one_question(made):
    found, each = look(CASE, TASK, DesktopSettings())
    came = fates(found.case.population.shares, each, 18)
    assert came.shape == (len(WAYS) * COUNT, len(FATES), 24)
    assert (came[:, :5].sum(1) == 1).all()
    assert (came[:, 5:].sum((1, 2)) == found.interruptions[:-1]).all()
    assert (came[2 * COUNT :, 4] == 0).all(), "what is archived is never gone"
    legend = made.table.panels[0]["legendValues"]
    assert (unpacked(legend, made.table.rows) == came.sum(-1)).all()


def test_persons_on_average_lose_what_the_sentence_says(made):
    found, each = look(CASE, TASK, DesktopSettings())
    rows = [0, 4, 24, COUNT + 8]
    lost = np.array([fates(CASE.population.shares, [each[r] for r in rows], p)[:, 4].sum(-1) for p in range(3000)])
    mean = (CASE.population.shares @ found.lost)[rows]
    assert (abs(lost.mean(0) - mean) < 4 * lost.std(0) / np.sqrt(len(lost))).all()
    assert all(f"is {m:.2f}." in made.table.sentences[r] for r, m in zip(rows, mean, strict=True))


def test_the_shares_that_reverse_it_are_those_of_the_library(made):
    for row in (4, 24, COUNT + 12):
        view = made.view
        pair = [sk.policy.constant(view.case, view.case.responses[1 + row]), sk.policy.constant(view.case, "act")]
        found = {one.of: one.breaks_even_at for one in sk.uncertainty.break_evens(view.case, *pair)}
        said = made.table.panels[1]["words"][unpacked(made.table.panels[1]["lines"], made.table.rows)[row][0]]
        for name, label in zip(CASE.segments, CASE.segment_labels, strict=True):
            at = found[f"share of {name}"]
            assert (f"“{label}”" in said) == bool(at)
            if at:
                assert f"“{label}” {sk.text.percent(at[0])}" in said


def test_the_cost_of_a_question_that_reverses_it(made):
    """At the cost that the caveat names both are worth the same: the caveat of a dearer question says the opposite."""
    assert "Worth more" in made.table.notes[4]
    assert "cost 10.9%" in made.table.notes[4]
    for cost, word in ((0.108, "more"), (0.1095, "less")):
        found, _ = look(CASE, TASK, DesktopSettings(question=min(cost, 0.1)))
        net = sk.expect(found.case, found.policies).net + 4 * (min(cost, 0.1) - cost) * np.eye(len(found.policies.labels))[4]
        assert (net[4] > net[-1]) == (word == "more")


def test_the_first_view_teaches():
    view = tidy().view
    lost = (CASE.population.shares @ view.lost)[:-1].reshape(3, COUNT)
    assert lost[0].argmin() == 4
    assert lost[1].argmin() == 8
    assert (lost[2] == 0).all()
    assert (lost[0] >= lost[1] - 1e-12).all()


def test_a_backup_turns_it_round():
    asked = tidy(questions=24, backup=True)
    assert "Worth less than acting at once" in asked.sentences
    assert "whatever a question costs" in asked.sentences or "equal if" in asked.sentences


def test_what_makes_no_sense_is_said():
    with pytest.raises(ValueError, match=r"no such name in scenarios/tasks/"):
        tidy("santa")
    with pytest.raises(ValueError, match="way cannot be"):
        tidy(way="never")


def test_it_is_a_page_and_a_figure(tmp_path, made):
    path = made.save(tmp_path / "tidy.html")
    assert "<title>The desktop of one person" in path.read_text(encoding="utf-8")
    assert made.figure(dark=True).axes
    assert made.as_code() == "simkit.widgets.tidy('clean-up-my-desktop')"
