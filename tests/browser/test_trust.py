"""The instrument of trust in a real browser: buttons that audit, rules, the slider, the end; two of them on one page."""

from __future__ import annotations

import pytest

from .pages import Notebook, browser, needed, served, write_notebook

needed()

import simkit as sk
from simkit.widgets.release_game import MONTHS, RULES, TrustSettings, hidden, look
from simkit.widgets.release_table import SHORT, sentence

STAGE = ".simkit-stage"
SEED = next(seed for seed in range(99) if hidden(TrustSettings(seed=seed)).name == "deceptive")
GIVEN = {"context": "vulnerable-platform", "seed": SEED}
OPEN = f"from simkit import widgets\nwidgets.trust(context='vulnerable-platform', seed={SEED})"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    root = tmp_path_factory.mktemp("books")
    write_notebook(root / "trust.ipynb", OPEN, OPEN.replace("seed=", "rule='by date', seed="))
    with served(root) as server, browser() as context:
        opened = Notebook(context, server, "trust.ipynb")
        opened.run()
        opened.page.wait_for_selector(f"{STAGE} canvas")
        yield opened


def expected(rule: int, month: int, **settings) -> str:
    view = look(sk.load("medication-threshold"), TrustSettings(**GIVEN, **settings))
    return sentence(view, rule, month)


def says(book: Notebook, text: str) -> None:
    book.until(f"text => document.querySelector('{STAGE} .simkit-sentence').innerText === text", text)


def pressed(book: Notebook) -> list[str]:
    return book.page.evaluate(
        "() => [...document.querySelectorAll('.simkit-stage input[type=radio]:checked')].map(x => x.parentNode.innerText)"
    )


def test_a_game_in_the_browser(book):
    page = book.page
    says(book, expected(2, 0))
    assert pressed(book) == [SHORT[2], SHORT[0]], "each instrument shows its own rule"
    for i, name in enumerate(("Open audit", "Covert audit", "Wait a month"), start=1):
        page.get_by_role("button", name=name).first.click()
        says(book, expected(2, i, moves="ocw"[:i]))
    page.get_by_role("button", name="More").first.click()
    page.get_by_label(SHORT[3]).first.check()
    says(book, expected(3, 3, moves="ocw"))
    assert pressed(book) == [SHORT[3], SHORT[0]]
    before = book.pixels(f"{STAGE} canvas")
    page.locator(f"{STAGE} input[type=range]").first.press("End")
    says(book, expected(3, MONTHS, moves="ocw"))
    assert book.pixels(f"{STAGE} canvas") != before
    page.get_by_role("button", name="Loosen the dial").first.click()
    says(book, expected(3, 3, moves="ocwl"))
    page.get_by_role("button", name="Reveal").first.click()
    book.until(f"() => document.querySelector('{STAGE} .simkit-sentence').innerText.startsWith('It was deceptive. You')")
    page.get_by_role("button", name="Undo").first.click()
    says(book, expected(3, 3, moves="ocwl"))
    assert book.errors == []
    assert RULES[3].startswith("by verified")


@pytest.mark.parametrize("width", [1280, 900])
def test_nothing_is_cut_or_covers_another(book, width):
    page = book.page
    page.set_viewport_size({"width": width, "height": 1600})
    if page.locator(f"{STAGE} figure").count() < 5:
        page.get_by_role("button", name="More").first.click()
    page.wait_for_function(f"() => document.querySelector('{STAGE}').querySelectorAll('figure').length === 5")
    page.wait_for_timeout(400)
    right, parts = page.evaluate(
        """() => {
            const stage = document.querySelector('.simkit-stage');
            const what = 'figcaption, canvas[role=img], li, .simkit-slider, .simkit-toggle, .simkit-sentence, .simkit-note';
            const seen = [...stage.querySelectorAll(what)].filter(part => part.checkVisibility());
            const list = seen.map(part => { const b = part.getBoundingClientRect();
                const name = part.className || part.tagName;
                return [name, b.left, b.top, b.right, b.bottom, part.scrollWidth - part.clientWidth]; });
            return [stage.parentElement.getBoundingClientRect().right, list];
        }"""
    )
    assert len(parts) > 20
    for name, x0, _, x1, _, hidden_ in parts:
        assert x0 < x1 <= right + 1, (name, x1, right)
        assert hidden_ <= 1, (name, "is cut")
    for i, (name, x0, y0, x1, y1, _) in enumerate(parts):
        for other, u0, v0, u1, v1, _ in parts[i + 1 :]:
            assert min(x1, u1) - max(x0, u0) < 2 or min(y1, v1) - max(y0, v0) < 2, (name, other)
