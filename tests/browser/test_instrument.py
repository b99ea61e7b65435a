"""The first instrument in a real browser: JupyterLab and Voilà, slider, sentence and pixels.

Skipped with a reason where there is no Chromium; with SIMKIT_BROWSER=required (as in `.ci/run`) that is a failure.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from .pages import Notebook, browser, needed, served, write_notebook

needed("voila")

import simkit as sk
from simkit.text import number
from simkit.widgets.explorer import ExplorerSettings, explorer_table

ROOT = Path(__file__).parents[2]
STAGE = ".simkit-stage"
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> & “quotes”'


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """The notebooks of the project, and one with an instrument unfolded on a hostile file."""
    root = tmp_path_factory.mktemp("books")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, root)
    template = (ROOT / "scenarios" / "template" / "new.yaml").read_text(encoding="utf-8")
    hostile = re.sub(r"^request: .*$", lambda _: "request: " + json.dumps(HOSTILE), template, flags=re.M)
    (root / "hostile.yaml").write_text(hostile, encoding="utf-8")
    write_notebook(root / "hostile.ipynb", "from simkit import widgets", "widgets.explore('hostile.yaml', unfolded=True)")
    write_notebook(
        root / "instrument.ipynb",
        "from simkit import widgets",
        "shown = widgets.explore('medication-threshold', declined=12)\nshown",
    )
    return root


@pytest.fixture(scope="module")
def lab(books):
    with served(books) as server:
        yield server


@pytest.fixture(scope="module")
def chromium():
    with browser() as context:
        yield context


def said(book: Notebook) -> str:
    return book.page.locator(f"{STAGE} .simkit-sentence").first.inner_text()


def expected(position: int, **settings) -> str:
    return explorer_table(sk.load("medication-threshold"), None, ExplorerSettings(**settings)).sentences[position]


def drag(book: Notebook, part: float) -> None:
    """Drag the first slider to a part of its length, as a hand does."""
    slider = book.page.locator(f"{STAGE} input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    start = box["x"] + 8 + (box["width"] - 16) * int(slider.input_value()) / 1000
    y = box["y"] + box["height"] / 2
    book.page.mouse.move(start, y)
    book.page.mouse.down()
    for i in range(1, 21):
        book.page.mouse.move(start + (box["x"] + box["width"] * part - start) * i / 20, y)
    book.page.mouse.up()


def use_notebook_01(book: Notebook) -> None:
    """Commit a prediction, drag the slider, and see pixels and sentence change together."""
    book.page.wait_for_selector("button:has-text('Commit')")
    book.page.get_by_label("my prediction").first.fill("4")
    book.page.get_by_role("button", name="Commit").first.click()
    book.until("() => document.body.innerText.includes('You said 4 of 12')")
    canvas = f"{STAGE} .simkit-dots canvas"
    book.page.wait_for_selector(canvas)
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '12'")
    assert said(book) == expected(12)
    before = book.pixels(canvas)
    drag(book, 0.5)
    position = int(book.page.locator(f"{STAGE} input[type=range]").first.input_value())
    assert 400 < position < 600
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '{position}'")
    assert said(book) == expected(position)
    assert book.pixels(canvas) != before
    book.page.locator(f"{STAGE} input[type=range]").first.press("Home")
    book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '0'")
    assert said(book) == expected(0)
    assert book.errors == []


def test_notebook_01_in_jupyterlab(lab, chromium):
    book = Notebook(chromium, lab, "01-thousand-users.ipynb")
    book.run()
    use_notebook_01(book)


def test_notebook_01_under_voila(books, chromium):
    with served(books, "voila") as server:
        use_notebook_01(Notebook(chromium, server, "01-thousand-users.ipynb"))


def test_what_leaves_an_instrument_under_voila(books, chromium, tmp_path):
    """Undo takes the slider back; picture, numbers and page are saved, and a link of that page opens it where it says."""
    with served(books, "voila") as server:
        book = Notebook(chromium, server, "instrument.ipynb")
        book.until(f"() => document.querySelector('{STAGE}')?.dataset.drawn === '12'")
        book.page.locator(f"{STAGE} input[type=range]").first.press("End")
        book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '1000'")
        book.until("() => [...document.querySelectorAll('input')].some(box => box.value.includes('declined=1000'))")
        book.page.get_by_role("button", name="Undo").first.click()
        book.until(f"() => document.querySelector('{STAGE}').dataset.drawn === '12'")
        assert said(book) == expected(12)
        for label, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("CSV", b"declined"), ("HTML", b"<!DOCTYPE html>")):
            with book.page.expect_download() as saved:
                book.page.get_by_role("button", name=label, exact=True).first.click()
            saved.value.save_as(tmp_path / f"saved.{label.lower()}")
            assert (tmp_path / f"saved.{label.lower()}").read_bytes().startswith(start), label
        assert book.errors == []
    page = chromium.new_page()
    page.goto(f"{(tmp_path / 'saved.html').as_uri()}#declined=30")
    page.wait_for_function(f"() => document.querySelector('{STAGE}')?.dataset.drawn === '30'")
    assert page.locator(f"{STAGE} .simkit-sentence").inner_text() == expected(30)


@pytest.fixture(scope="module")
def instrument(lab, chromium):
    book = Notebook(chromium, lab, "instrument.ipynb")
    book.run()
    book.page.wait_for_selector(f"{STAGE} canvas")
    return book


def test_controls_that_need_the_kernel(instrument):
    """A context changes picture and sentence, Undo brings both back; the kernel knows where the slider rests."""
    book, canvas = instrument, f"{STAGE} .simkit-dots canvas"
    slider = book.page.get_by_role("slider", name="Of 1000 senders, decline the riskiest").first
    slider.press("ArrowRight")
    book.page.get_by_role("button", name="More").click()
    code = book.page.get_by_label("as code")
    book.until("() => [...document.querySelectorAll('input')].some(box => box.value.includes('declined=13'))")
    before = book.pixels(canvas)
    book.page.get_by_label("context").select_option("vulnerable-platform")
    book.until(
        f"sentence => document.querySelector('{STAGE} .simkit-sentence').innerText === sentence",
        expected(13, context="vulnerable-platform"),
    )
    book.until("() => [...document.querySelectorAll('input')].some(box => box.value.includes('vulnerable-platform'))")
    assert book.pixels(canvas) != before
    book.page.get_by_role("button", name="Undo").click()
    book.until(f"sentence => document.querySelector('{STAGE} .simkit-sentence').innerText === sentence", expected(13))
    assert book.pixels(canvas) == before
    code.fill("simkit.widgets.explore('medication-threshold', declined=100, harm_weight=3, unfolded=True)")
    code.press("Enter")
    book.until(f"sentence => document.querySelector('{STAGE} .simkit-sentence').innerText === sentence", expected(100))
    note = book.page.locator(f"{STAGE} .simkit-note").first.inner_text()
    assert note == explorer_table(sk.load("medication-threshold"), None, ExplorerSettings(harm_weight=3)).notes[100]
    assert book.errors == []


def test_everything_has_a_name(instrument):
    """What a screen reader finds: every slider named, every picture described, the sentence spoken at rest."""
    book = instrument
    book.until("() => document.querySelector('.simkit-spoken').textContent.includes('turns away')")
    names = book.page.evaluate(
        "() => [...document.querySelectorAll('[role=slider]')].map(handle => handle.getAttribute('aria-label') || '')"
    )
    assert names
    assert all(names), names
    alts = book.page.evaluate("() => [...document.querySelectorAll('canvas[role=img]')].map(c => c.getAttribute('aria-label'))")
    assert len(alts) == 4
    assert "1000 dots" in alts[0]
    assert "turns away" in alts[0]


@pytest.mark.parametrize("width", [1280, 900])
def test_nothing_is_cut_or_covers_another(instrument, width):
    book = instrument
    book.page.set_viewport_size({"width": width, "height": 1400})
    book.page.wait_for_timeout(400)
    boxes = book.page.evaluate(
        """() => {
            const stage = document.querySelector('.simkit-stage');
            const what = 'figcaption, canvas[role=img], li, .simkit-slider, .simkit-sentence, .simkit-note';
            const parts = [...stage.querySelectorAll(what)].filter((part) => part.checkVisibility());  // not in a closed fold
            const room = stage.parentElement.getBoundingClientRect();
            const list = parts.map(part => { const b = part.getBoundingClientRect();
                const hidden = part.scrollWidth - part.clientWidth;
                return [part.className || part.tagName, b.left, b.top, b.right, b.bottom, hidden]; });
            return [room.right, list];
        }"""
    )
    right, parts = boxes
    assert len(parts) > 12
    for name, x0, _, x1, _, hidden in parts:
        assert x1 > x0, name
        assert x1 <= right + 1, (name, x1, right)
        assert hidden <= 1, (name, "is cut")
    for i, (name, x0, y0, x1, y1, _) in enumerate(parts):
        for other, u0, v0, u1, v1, _ in parts[i + 1 :]:
            assert min(x1, u1) - max(x0, u0) < 2 or min(y1, v1) - max(y0, v0) < 2, (name, other)


def test_light_and_dark(instrument):
    book, canvas = instrument, f"{STAGE} .simkit-dots canvas"
    light = book.pixels(canvas)
    book.theme("JupyterLab Dark")
    book.page.wait_for_timeout(400)
    contrast = book.page.evaluate(
        """() => {
            const lit = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(v => { v /= 255;
                return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
                return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
            const ink = lit(getComputedStyle(document.querySelector('.simkit-stage')).color);
            const paper = lit(getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor);
            return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        }"""
    )
    assert contrast > 7
    assert book.pixels(canvas) != light, "the dots follow the page"
    book.theme("JupyterLab Light")


def test_what_a_file_says_is_escaped(lab, chromium):
    book = Notebook(chromium, lab, "hostile.ipynb")
    book.run()
    book.page.wait_for_selector(f"{STAGE} canvas")
    book.page.wait_for_timeout(300)
    assert HOSTILE in book.page.locator(f"{STAGE} figcaption").first.inner_text()
    assert book.page.evaluate("() => window.hacked") is None
    assert book.page.locator(f"{STAGE} img").count() == 0


def test_the_browser_writes_numbers_as_the_library_does(chromium):
    page = chromium.new_page()
    source = (ROOT / "simkit" / "widgets" / "marks.js").read_text(encoding="utf-8")
    values = [
        0,
        1,
        9.99,
        10,
        12.345,
        0.5,
        0.00012,
        0.0000999,
        123.4,
        999.4,
        1000,
        1234.6,
        999999,
        1e6,
        1.234e9,
        -3.2,
        -1e-7,
        2.5e-5,
    ]
    found = page.evaluate(
        """async ([source, values]) => {
            const stage = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
            return values.map(stage.number);
        }""",
        [source, values],
    )
    assert found == [number(value) for value in values]
