"""A page without a kernel: what its file holds, that strangers' text stays text, the numbers, undo and redo."""

import base64
import csv
import gzip
import hashlib
import io
import json
import re

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

from simkit import widgets
from simkit.widgets import Instrument, Options, Settings, Table, panels
from simkit.widgets.drawing import figure, thumbnail
from simkit.widgets.numbers import as_csv, rows
from simkit.widgets.stage import HERE, script

HOSTILE = '</script><img src=x onerror="hacked()"> <!-- & “quotes”'


@pytest.fixture(scope="module")
def explore():
    made = widgets.explore("medication-threshold", declined=12)
    yield made
    made.close()


def state_of(text: str) -> dict:
    return json.loads(gzip.decompress(base64.b64decode(re.search(r'id="state">([^<]*)<', text)[1])))


def tagged(text: str, tag: str) -> str:
    return re.search(rf"<{tag}[^>]*>(.*?)</{tag.split()[0]}>", text, re.S)[1]


def test_a_page_is_one_file_that_allows_itself_only(explore, tmp_path):
    path = explore.save(tmp_path / "page.html")
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]
    text = path.read_text(encoding="utf-8")
    assert len(text) < 1.5e6
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", 'script type="module"'):
        found = base64.b64encode(hashlib.sha256(tagged(text, tag).encode()).digest()).decode()
        assert f"'sha256-{found}'" in policy, tag
    outside = re.sub(r"http://www\.w3\.org/2000/svg", "", text)  # a name, not an address
    assert not re.search(r"https?://|<link|<img|@import|url\((?!#)", outside)


def test_a_page_is_the_same_whenever_it_is_written(explore):
    assert explore.page().html() == explore.page().html()


def test_it_says_what_is_fixed_and_its_code_is_that_of_the_instrument(explore):
    text = explore.page().html()
    assert "Fixed on this page (8)" in text
    assert "<dt>share of at-risk</dt><dd>0.05</dd>" in text
    line = state_of(text)["line"]
    assert line == {
        "opener": "simkit.widgets.explore",
        "source": "'medication-threshold'",
        "words": [[name, "declined=12" if name == "declined" else ""] for name, _ in line["words"]],
    }
    assert str(explore.page().line) == explore.as_code()
    (choice,) = state_of(text)["choices"]
    assert (choice["setting"], choice["values"][12], choice["code"][12], choice["code"][0]) == (
        "declined",
        "12",
        "declined=12",
        "",
    )


def hostile_table(_: Settings) -> Table:
    legend = [panels.entry(HOSTILE, 0)]
    picture = panels.icons(HOSTILE, [[3], [4]], legend)
    return Table(slider=Options("unfolded", [False, True], HOSTILE), panels=[picture], sentences=[HOSTILE] * 2, notes=["=1+1"])


def test_the_text_of_strangers_never_becomes_markup():
    made = Instrument(hostile_table, Settings(), opener="here.open", source="'x'")
    text = made.page().html()
    made.close()
    assert text.count("</script") == 2
    assert "<img" not in text
    assert "&lt;/script&gt;&lt;img" in text


def test_rows_hold_what_is_chosen_the_legend_and_what_is_said(explore):
    found = explore.rows()
    assert len(found) == 1001
    assert found[12]["declined"] == 12
    assert found[12]["refusal, with the reason"] == 12
    assert found[12]["sentence"].startswith("Declining the 12 riskiest turns away")
    assert found[12]["help units per 1000"] == pytest.approx(float(explore.view.gain[12]), rel=1e-6)
    assert {tuple(row) for row in found} == {tuple(found[0])}
    read = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert read[12]["refusal, with the reason"] == "12.0"


MAKERS = [
    widgets.chain,
    widgets.trust,
    widgets.releases,
    widgets.references,
    lambda: widgets.crowd("xstest"),
    lambda: widgets.dial("persona"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_every_instrument_has_rows_that_a_frame_takes(make):
    made = make()
    found = made.rows()
    made.close()
    assert len(found) == made.table.rows
    assert len({tuple(row) for row in found}) == 1
    assert [row["sentence"] for row in found] == list(made.table.sentences)
    moved = [tuple(row[name] for name in made.table.moved) for row in found]
    assert len(set(moved)) == len(found)


def test_a_cell_is_no_formula():
    found = rows(hostile_table(Settings()))
    assert found[0]["note"] == "=1+1"
    assert "'=1+1" in as_csv(found)


def test_bars_cells_and_points_on_a_logarithmic_axis_are_numbers():
    across = np.array([[10.0], [100.0]])
    point = panels.points(np.log10(across), across, colour=0)
    chart = panels.chart("a", [point], x=panels.log_axis(1, 1000, "size"), y=panels.axis(0, 100, "height"))
    cells = panels.mosaic("m", np.zeros((1, 1, 1)), rows={"r": 1.0}, columns={"c": 1.0}, numbers=np.array([[[3.0]], [[4.0]]]))
    made = [panels.bars("b", {"one": [1, 2], "two": [3, 4]}), panels.bars("d", {"one": [5, 6]}), chart, cells]
    found = rows(Table(slider=Options("x", [0, 1]), panels=made, sentences=["", ""]))
    places = {"size": pytest.approx(100), "height": 100, "r × c": 4, "sentence": "", "note": ""}
    assert found[1] == {"x": 1, "one": 2, "two": 4, "d: one": 6} | places


def test_slider_and_buttons_are_undone_and_redone():
    made = widgets.chain()
    first = made.settings
    made.stage.pressed = [1, *made.stage.pressed[1:]]
    second = made.settings
    made.controls["behaviour"].value = made.controls["behaviour"].options[1]
    third = made.settings
    assert len({first, second, third}) == 3
    made.undo()
    assert made.settings == second
    made.undo()
    assert (made.settings.operator, made._back.disabled, made._again.disabled) == (first.operator, True, False)
    assert made.stage.pressed[0] == 0
    made.redo()
    assert (made.settings, made.stage.pressed[0]) == (second, 1)
    made.redo()
    assert (made.settings, made._again.disabled) == (third, True)
    made.redo()
    made.undo()
    made.stage.pressed = [2, *made.stage.pressed[1:]]
    assert made._again.disabled, "a new choice ends what could be redone"
    made.close()


def test_the_browser_asks_the_kernel():
    made = widgets.chain()
    sent = []
    made.stage.send = sent.append
    made.stage.pressed = [1, *made.stage.pressed[1:]]
    for what in ("code", "numbers", "page", "undo", "anything"):
        made._asked({"ask": what})
    code, numbers, page = sent
    assert code == {"answers": "code", "text": code["text"]}
    assert code["text"].startswith("simkit.widgets.chain(")
    assert numbers["text"] == as_csv(made.rows())
    assert page["text"].startswith("<!DOCTYPE html>")
    assert made.stage.pressed[0] == 0
    made.close()


@pytest.mark.parametrize("make", MAKERS)
def test_every_instrument_has_a_figure_that_follows_the_theme(make, tmp_path):
    made = make()
    for unfolded in (False, True):
        made.stage.unfolded = unfolded
        light, dark = made.figure(), made.figure(dark=True)
        assert [figure.get_facecolor()[0] > 0.5 for figure in (light, dark)] == [True, False]
        light.savefig(tmp_path / "light.svg")
        text = (tmp_path / "light.svg").read_text()
        assert all(word in text for word in made.table.sentences[made.row].split()[:3])
    assert len(light.axes) == len([panel for panel in made.table.panels if panel and not panel.get("fold")])
    made.close()


def test_a_figure_shows_the_row_where_the_slider_stands():
    legend = [panels.entry("well", 0), panels.entry("badly", 5)]
    picture = panels.icons("People", [[3, 1], [0, 4]], legend, columns=2)
    table = Table(slider=Options("x", [0, 1]), panels=[picture], sentences=["first", "second"])
    for row, seen in ((0, [3, 1]), (1, [4])):
        (ax,) = figure(table, row).axes
        assert [len(line.get_xdata()) for line in ax.lines] == seen
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"well {3 - 3 * row}", f"badly {1 + 3 * row}"]
    assert thumbnail(table, 0).axes[0].get_legend() is None
    assert table.panels[0]["legend"] == legend, "a thumbnail leaves the table as it is"


def test_the_parts_of_the_script_share_no_name():
    """They are one module in the browser, where a name that is there twice stops everything."""
    names = re.findall(
        r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)",
        script() + (HERE / "page.js").read_text(encoding="utf-8"),
        re.M,
    )
    assert len(names) > 40
    assert sorted(names) == sorted(set(names))
