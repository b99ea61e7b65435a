"""The dial in a real browser: what is above the fold, slider, thumbnails and buttons together, and two instruments on one page
that do not touch each other."""

from __future__ import annotations

import pytest

from .pages import Notebook, browser, needed, served, write_notebook
from .test_stage import written

needed()

import simkit as sk
from simkit.widgets.corrigibility import dial_table
from simkit.widgets.corrigibility_numbers import DialSettings

STAGE = ".simkit-stage"
#: Bad worlds take as long as they do where a lattice serves them.
SLOWLY = """
import time
from simkit import widgets
from simkit.widgets import corrigibility_numbers
def slowly(*given, tails=corrigibility_numbers._tails):
    time.sleep(0.6)
    return tails(*given)
corrigibility_numbers._tails = slowly
"""
OPENED = "widgets.dial('medication-threshold', context='vulnerable-platform', position=0.0)"
#: Rows of the table: operator, model, objection, position.
OBJECTS, CARELESS, CONTRARY = 101, 2 * 7 * 2 * 101, 6 * 2 * 101


@pytest.fixture(scope="module")
def table():
    return dial_table(sk.load("medication-threshold"), None, DialSettings(context="vulnerable-platform"))


# --- the first view, without Jupyter ----------------------------------------------------------------------------------


@pytest.fixture(params=[(1280, 720), (390, 844)], ids=["screen", "phone"])
def page(request, tmp_path, table):
    (tmp_path / "dial.html").write_text(written(table).replace("pressed: [0]", "pressed: [0, 0, 0]"), encoding="utf-8")
    with browser(*request.param) as context:
        made = context.new_page()
        made.errors = []
        made.on("pageerror", lambda error: made.errors.append(str(error)))
        made.goto((tmp_path / "dial.html").as_uri())
        drawn(made, 0)
        yield made


def drawn(page, row: int) -> None:
    page.wait_for_function(f"() => document.querySelector('{STAGE}').dataset.drawn === '{row}'")


def test_the_first_view_is_above_the_fold(page, table):
    """One picture, the slider under it, one button, one sentence and one caveat, at every end and at the best position."""
    size = page.viewport_size
    for row in (0, 63, 100, OBJECTS):
        objects, at = divmod(row, 101)
        page.evaluate(f"() => {{ model.set('at', {at}); model.set('pressed', [0, 0, {objects}]); }}")
        drawn(page, row)
        places = [page.locator(name).bounding_box() for name in (".simkit-mosaic canvas", ".simkit-slider", ".simkit-toggles")]
        places += [page.locator(name).bounding_box() for name in (".simkit-sentence", ".simkit-note")]
        bottoms = [place["y"] + place["height"] for place in places]
        assert bottoms == sorted(bottoms)
        assert bottoms[-1] <= size["height"]
        assert all(place["x"] + place["width"] <= size["width"] for place in places)
        assert page.locator(".simkit-sentence").inner_text() == table.sentences[row]
        assert page.locator(".simkit-note").inner_text() == table.notes[row]
        assert table.sentences[row] in page.locator(".simkit-mosaic canvas").get_attribute("aria-label")
    assert page.get_by_role("radio").filter(visible=True).count() == 2, "May it decline?"
    assert page.errors == []


def test_the_keyboard_alone_moves_everything(page, table):
    """From the first thumbnail on: Enter, the slider's keys, the other thumbnail, the button for objection, More."""
    page.keyboard.press("Tab")
    assert "does as it is told" in page.evaluate("() => document.activeElement.textContent")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    drawn(page, 1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    drawn(page, 100)
    assert "160 badly" in page.evaluate("() => document.activeElement.textContent")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    drawn(page, OBJECTS + 100)
    assert page.locator(".simkit-sentence").inner_text() == table.sentences[OBJECTS + 100]
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "How sure is this?"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.simkit-more').getAttribute('aria-expanded') === 'true'")
    assert page.get_by_role("radio").filter(visible=True).count() == 2 + 4 + 7
    assert page.errors == []


def test_the_line_under_the_slider_is_where_its_thumb_is(page):
    """The strip runs along the slider's travel: at the ends its line is half a thumb from the ends of the slider."""
    bar, strip = (page.locator(name).bounding_box() for name in (".simkit-travel input", ".simkit-strip canvas"))
    assert abs(bar["x"] - strip["x"]) <= 1
    assert abs(bar["width"] - strip["width"]) <= 1
    assert strip["y"] >= bar["y"] + bar["height"] - 1


# --- in JupyterLab ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    root = tmp_path_factory.mktemp("dial")
    write_notebook(root / "dial.ipynb", SLOWLY, OPENED, f"second = {OPENED}\nsecond")
    with served(root) as server, browser() as context:
        made = Notebook(context, server, "dial.ipynb")
        made.run()
        made.until(f"() => document.querySelectorAll('{STAGE} figure canvas').length >= 4")
        yield made


def test_slider_and_buttons_choose_a_row(book, table):
    stage = book.page.locator(STAGE).first
    mosaic = f"{STAGE} .simkit-mosaic canvas"
    before = book.pixels(mosaic)
    stage.get_by_role("radio", name="at any position", exact=True).check()
    stage.locator("input[type=range]").press("End")
    row = OBJECTS + 100
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '{row}'")
    assert stage.locator(".simkit-sentence").inner_text() == table.sentences[row]
    assert stage.locator(".simkit-note").inner_text() == table.notes[row]
    assert book.pixels(mosaic) != before
    stage.get_by_role("button", name="does as it is told").click()
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '{OBJECTS}'")
    stage.get_by_role("radio", name="only as the dial says", exact=True).check()
    stage.get_by_role("button", name="does as it thinks best").click()
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '100'")
    assert stage.locator(".simkit-sentence").inner_text() == table.sentences[100]
    assert book.errors == []


def test_two_instruments_do_not_press_each_others_buttons(book):
    pressed = """() => [...document.querySelectorAll('.simkit-toggle input')].filter(input => input.checked).length"""
    assert book.page.evaluate(pressed) == 6
    book.page.get_by_role("button", name="More").nth(1).click()
    book.page.locator(STAGE).nth(1).get_by_role("radio", name="careless", exact=True).check()
    book.until(f"() => document.querySelectorAll('{STAGE}')[1].dataset.drawn === '{CARELESS}'")
    assert book.page.evaluate(pressed) == 6


def test_a_picture_that_takes_long_fades_until_it_comes(book):
    """Means and dots of the new choice are there while bad worlds are not; these are never shown under another's title."""
    stage, late = book.page.locator(STAGE).first, f"() => document.querySelectorAll('{STAGE} .simkit-late').length"
    book.page.get_by_role("button", name="More").first.click()
    stage.get_by_role("radio", name="contrary", exact=True).check()
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '{CONTRARY + 100}'")
    book.until(f"() => document.querySelector('{STAGE} .simkit-spoken').textContent.includes('contrary')")  # the kernel knows
    said = stage.locator(".simkit-chart ul").first
    before = said.inner_text()
    control = book.page.get_by_label("verification").first
    control.wait_for()  # bad worlds are computed when the stage unfolds, and the controls come with them
    control.focus()
    book.page.keyboard.press("ArrowRight")
    book.until(f"({late})() === 1")
    assert said.inner_text() != before
    assert "Bad worlds" in stage.locator(".simkit-late figcaption").inner_text()
    chosen = DialSettings(context="vulnerable-platform", model="contrary", position=1.0, verification=0.05)
    shown = dial_table(sk.load("medication-threshold"), None, chosen, only=True)
    assert stage.locator(".simkit-sentence").inner_text() == shown.sentences[100]
    book.until(f"({late})() === 0")
    assert stage.locator(".simkit-sentence").inner_text() == shown.sentences[100]
    assert book.errors == []
