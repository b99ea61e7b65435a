"""The chain of command in a real browser: buttons change picture, sentence and dots, and the kernel hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pages import Notebook, browser, needed, served, write_notebook

needed()

import simkit as sk
from simkit.widgets import chain

STAGE = ".simkit-stage"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    root: Path = tmp_path_factory.mktemp("chain")
    write_notebook(root / "a.ipynb", "from simkit import widgets", "shown = widgets.chain()\nshown", "print(shown.as_code())")
    with served(root) as server, browser() as context:
        made = Notebook(context, server, "a.ipynb")
        made.run()
        made.page.wait_for_selector(f"{STAGE} canvas")
        made.page.wait_for_timeout(300)
        yield made


def said(book: Notebook) -> str:
    return " ".join(book.page.locator(f"{STAGE} .{part}").first.inner_text() for part in ("simkit-sentence", "simkit-note"))


def press(book: Notebook, name: str) -> None:
    book.page.get_by_role("radio", name=name, exact=True).first.check()


def test_a_button_changes_picture_dots_and_sentence(book):
    assert said(book) == chain().sentences
    book.page.get_by_role("button", name="More").first.click()  # the thousand senders come with it
    path, dots = (book.pixels(f"{STAGE} {kind} canvas") for kind in (".simkit-path", ".simkit-dots"))
    press(book, "coding-bot")
    press(book, "asks for off")
    book.until("() => document.querySelector('.simkit-sentence').innerText.includes('The user has no effect')")
    assert said(book) == chain(operator="coding-bot", user="asks for off").sentences
    assert book.pixels(f"{STAGE} .simkit-path canvas") != path
    assert book.pixels(f"{STAGE} .simkit-dots canvas") != dots
    assert book.errors == []


def test_arrow_keys_walk_through_the_buttons_and_stay_in_the_instrument(book):
    press(book, "icu-team")
    book.page.keyboard.press("ArrowRight")
    book.until("() => document.querySelector('.simkit-toggle input:checked').parentNode.innerText === 'no-system-prompt'")
    names = list(sk.load("medication-threshold").contexts)
    assert names[1] == "no-system-prompt"
    press(book, "says nothing")
    book.until("() => !document.querySelector('.simkit-sentence').innerText.includes('The user')")
    assert said(book) == chain(operator="no-system-prompt").sentences


def test_the_kernel_knows_what_is_pressed_and_more_unfolds_the_trace(book):
    press(book, "malicious-operator")
    book.page.wait_for_selector(f"{STAGE} .simkit-side .simkit-steps li")
    assert book.page.get_by_role("radiogroup").count() == 4
    book.until("() => document.querySelector('.widget-text input').value.includes(\"operator='malicious-operator'\")")
    menu = book.page.locator(".widget-dropdown select").first
    menu.select_option("admits-being-ai")
    book.until("() => document.querySelector('.simkit-path figcaption').innerText.includes('admits-being-ai')")
    assert "crosses a protection" in said(book)
    assert "crosses a protection" in book.page.locator(f"{STAGE} .simkit-side .simkit-steps ul").inner_text()
    assert book.errors == []


def test_numbers_and_page_come_from_the_kernel_and_keys_undo(book, tmp_path):
    press(book, "asks for on")
    book.page.keyboard.press("Control+z")
    book.until("() => !document.querySelector('.simkit-toggle:nth-child(2) input:checked').parentNode.innerText.includes('on')")
    press(book, "asks for on")
    for label, start in (("CSV", "operator,user"), ("HTML", "<!DOCTYPE html>"), ("SVG", "<svg")):
        with book.page.expect_download() as saved:
            book.page.get_by_role("button", name=label, exact=True).first.click()
        saved.value.save_as(tmp_path / label)
        assert (tmp_path / label).read_text(encoding="utf-8").startswith(start)
    assert book.page.get_by_role("button", name="Copy link").count() == 0
    assert book.errors == []
