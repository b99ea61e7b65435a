"""The dial in a real browser: slider and buttons together, and two instruments on one page that do not touch each other."""

from __future__ import annotations

import pytest

from .pages import Notebook, browser, needed, served, write_notebook

needed()

import simkit as sk
from simkit.widgets.dial_table import stage_table
from simkit.widgets.dial_view import DialSettings, look

STAGE = ".simkit-stage"
#: Bad worlds take as long as they do where a lattice serves them.
SLOWLY = """
import time
from simkit import widgets
from simkit.widgets import dial_view
def slowly(*given, tails=dial_view._tails):
    time.sleep(0.6)
    return tails(*given)
dial_view._tails = slowly
"""
OPENED = "widgets.dial('medication-threshold', context='vulnerable-platform', position=0.0)"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    root = tmp_path_factory.mktemp("dial")
    write_notebook(root / "dial.ipynb", SLOWLY, OPENED, f"second = {OPENED}\nsecond")
    with served(root) as server, browser() as context:
        made = Notebook(context, server, "dial.ipynb")
        made.run()
        made.until(f"() => document.querySelectorAll('{STAGE} canvas').length >= 6")
        yield made


def test_slider_and_buttons_choose_a_row(book):
    settings = DialSettings(context="vulnerable-platform")
    table = stage_table(look(sk.load("medication-threshold"), settings), settings)
    stage = book.page.locator(STAGE).first
    chart = f"{STAGE} .simkit-chart canvas"
    before = book.pixels(chart)
    stage.get_by_role("radio", name="contrary", exact=True).check()
    stage.locator("input[type=range]").press("End")
    row = 6 * 101 + 100
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '{row}'")
    assert stage.locator(".simkit-sentence").inner_text() == table.sentences[row]
    assert stage.locator(".simkit-note").inner_text() == table.notes[row]
    assert book.pixels(chart) != before
    assert book.errors == []


def test_two_instruments_do_not_press_each_others_buttons(book):
    pressed = """() => [...document.querySelectorAll('.simkit-toggle input')].filter(input => input.checked).length"""
    assert book.page.evaluate(pressed) == 4
    book.page.locator(STAGE).nth(1).get_by_role("radio", name="careless", exact=True).check()
    book.until(f"() => document.querySelectorAll('{STAGE}')[1].dataset.drawn === '{2 * 7 * 101}'")
    assert book.page.evaluate(pressed) == 4


def test_a_picture_that_takes_long_fades_until_it_comes(book):
    """Means and dots of the new choice are there while bad worlds are not; these are never shown under another's title."""
    stage, late = book.page.locator(STAGE).first, f"() => document.querySelectorAll('{STAGE} .simkit-late').length"
    book.page.get_by_role("button", name="More").first.click()
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '{6 * 101 + 100}'")
    before = stage.locator(".simkit-sentence").inner_text()
    book.page.get_by_label("verification").first.focus()
    book.page.keyboard.press("ArrowRight")
    book.until(f"({late})() === 1")
    assert stage.locator(".simkit-sentence").inner_text() != before
    assert "Bad worlds" in stage.locator(".simkit-late figcaption").inner_text()
    chosen = DialSettings(context="vulnerable-platform", model="contrary", position=1.0, verification=0.05)
    table = stage_table(look(sk.load("medication-threshold"), chosen, only=True), chosen)
    assert stage.locator(".simkit-sentence").inner_text() == table.sentences[100]
    book.until(f"({late})() === 0")
    assert stage.locator(".simkit-sentence").inner_text() == table.sentences[100]
    assert book.errors == []
