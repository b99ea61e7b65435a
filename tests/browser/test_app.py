"""`simkit app` in a real browser: a menu with pictures, an instrument opens from a card, its slider moves, no code is shown."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest

from .pages import browser, free_port, needed

needed("voila")

STAGE = ".simkit-stage"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    port = free_port()
    command = [sys.executable, "-m", "simkit", "app", "--no-browser", f"--port={port}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path_factory.mktemp("app"))  # noqa: S603
    with closing(server.stdout):
        first = server.stdout.readline()
        yield first.split()[-1]
        server.terminate()
        assert server.wait(60) == 0


def test_from_the_menu_to_a_moved_slider(address):
    with browser() as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        card = page.locator("a[href='pages/explore-medication-threshold.html']")
        page.wait_for_function("image => image.complete && image.naturalWidth > 100", arg=card.locator("img").element_handle())
        card.click()
        sentence = page.locator(f"{STAGE} .simkit-sentence").first
        sentence.wait_for()
        assert "Declining the 40 riskiest" in sentence.inner_text()
        slider = page.locator(f"{STAGE} input[type=range]").first
        slider.focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "() => document.querySelector('.simkit-sentence').innerText.includes('Declining the 43 riskiest')"
        )
        assert page.locator(".jp-CodeMirrorEditor, .jp-InputArea, .cm-editor").count() == 0
        assert errors == []


def test_nothing_else_is_served(address):
    with browser() as context:
        page = context.new_page()
        for path in (
            "api/kernels",
            "voila/tree",
            "voila/files/explore-santa.ipynb",
            "voila/api/contents/",
            "pages/nothing.png",
        ):
            assert page.goto(address + path).status == 404, path
