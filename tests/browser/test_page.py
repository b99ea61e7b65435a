"""Pages without a kernel in a real browser: drawn, moved, linked to, in frames, on a phone; nothing is asked of anybody."""

from __future__ import annotations

import csv
import re
from functools import partial
from xml.etree import ElementTree

import pytest

from .pages import browser, needed

needed()

from simkit import widgets

OPEN = {
    "explore": partial(widgets.explore, "medication-threshold", declined=12),
    "crowd": partial(widgets.crowd, "medication-threshold"),
    "dial": partial(widgets.dial, "medication-threshold", context="vulnerable-platform"),
    "chain": widgets.chain,
    "trust": widgets.trust,
    "pressure": partial(widgets.pressure, "medication-threshold"),
    "probes": partial(widgets.probes, "xstest"),
    "releases": widgets.releases,
    "references": widgets.references,
}
DRAWN = "() => document.querySelector('.simkit-stage')?.dataset.drawn !== undefined"


@pytest.fixture(scope="module")
def instruments():
    made = {name: each() for name, each in OPEN.items()}
    yield made
    for each in made.values():
        each.close()


@pytest.fixture(scope="module")
def folder(instruments, tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    for name, made in instruments.items():
        made.save(root / f"{name}.html")
    return root


@pytest.fixture(scope="module")
def chromium():
    with browser(1280, 720, accept_downloads=True) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context


@pytest.fixture
def show(chromium, folder):
    """Open a page of the folder; when the test ends nothing was asked of anybody and nothing was complained of."""
    opened = []

    def shown(name: str, fragment: str = "", width: int = 1280, height: int = 720):
        page = chromium.new_page()
        page.asked, page.wrong = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("console", lambda said: page.wrong.append(said.text) if said.type == "error" else None)
        page.set_viewport_size({"width": width, "height": height})
        page.goto((folder / f"{name}.html").as_uri() + fragment)
        page.wait_for_function(DRAWN)
        opened.append(page)
        return page

    yield shown
    for page in opened:
        assert [url for url in page.asked if not re.match("file:|blob:", url)] == []
        assert page.wrong == []
        page.close()


def said(page) -> str:
    return page.locator(".simkit-sentence").first.inner_text()


def until(page, text: str) -> None:
    page.wait_for_function("text => document.querySelector('.simkit-sentence').innerText === text", arg=text)


def stands(page, fragment: str) -> None:
    page.wait_for_function("text => decodeURIComponent(location.hash) === text", arg=fragment)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", OPEN)
def test_it_is_drawn(show, instruments, name, width):
    page = show(name, width=width, height=844 if width == 390 else 720)
    assert said(page) == instruments[name].table.sentences[instruments[name].row]
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    inked = page.evaluate(
        """() => Array.from(document.querySelectorAll('figure > canvas')).filter((c) => !c.hidden).map((c) =>
            c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((value) => value))"""
    )
    assert inked
    assert all(inked)
    paint = page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint < 1000


def test_the_slider_moves_by_keyboard_and_pointer(show, instruments):
    page, sentences = show("explore"), instruments["explore"].table.sentences
    slider = page.locator("input[type=range]")
    slider.press("ArrowRight")
    until(page, sentences[13])
    stands(page, "#declined=13")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    place = int(slider.input_value())
    assert 490 < place < 510
    until(page, sentences[place])
    page.keyboard.press("Control+z")
    until(page, sentences[13])
    page.get_by_role("button", name="Undo").click()
    until(page, sentences[12])
    assert page.get_by_role("button", name="Undo").is_disabled()
    slider.focus()
    page.keyboard.press("Control+Shift+Z")
    until(page, sentences[13])
    page.get_by_role("button", name="Redo").click()
    until(page, sentences[place])


def test_a_link_opens_it_where_it_was(show, instruments):
    chain = instruments["chain"]
    page = show("chain")
    page.get_by_role("radio", name="coding-bot").check()
    page.get_by_role("button", name="More").click()
    page.get_by_role("radio", name="asks for off").check()
    page.wait_for_function("() => location.hash.includes('more=1')")
    page.get_by_role("button", name="Copy link").click()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link == page.url
    again = show("chain", "#" + link.partition("#")[2])
    assert said(again) == said(page)
    assert again.get_by_role("radio", name="coding-bot").is_checked()
    assert again.locator("figure").count() == page.locator("figure").count() > 2
    again.get_by_role("button", name="Copy code").click()
    again.wait_for_function("() => document.querySelector('.simkit-out output').textContent === 'Copied.'")
    chain.load(again.evaluate("() => navigator.clipboard.readText()"))
    assert chain.table.sentences[chain.row] == said(again)
    again.evaluate("() => { location.hash = '#operator=icu-team'; }")
    again.wait_for_function("() => document.querySelector('.simkit-sentence').innerText.includes('icu-team')")


@pytest.mark.parametrize(
    "fragment", ["#declined=-5", "#declined=1e99", "#declined=NaN", "#declined=<b>&x=%", "#%%%", "#more=2"]
)
def test_a_broken_link_opens_it_all_the_same(show, fragment):
    assert said(show("explore", fragment)).startswith("Declining")


def test_frames_plain_and_sandboxed(folder, show):
    frames = "".join(
        f"<iframe {how} src='explore.html#declined=40' width=700 height=600></iframe>"
        for how in ("", "sandbox='allow-scripts'")
    )
    listen = "<script>heights = []; onmessage = (e) => heights.push(e.data)</script>"
    (folder / "frames.html").write_text(f"<!doctype html>{listen}<i class='simkit-stage' data-drawn='0'></i>{frames}")
    page = show("frames")
    for i in range(2):
        frame = page.frame_locator("iframe").nth(i)
        frame.locator("input[type=range]").press("ArrowRight")
        frame.locator(".simkit-sentence", has_text="Declining the 41 riskiest").wait_for()
    page.wait_for_function("() => heights.some((each) => each.simkit === 'height' && each.height > 300)")


def test_pictures_and_numbers_are_saved(show, instruments, tmp_path):
    page = show("chain")
    page.get_by_role("button", name="More").click()  # the thousand senders
    found = {}
    for label in ("PNG", "SVG", "CSV"):
        with page.expect_download() as saved:
            page.get_by_role("button", name=label, exact=True).click()
        assert saved.value.suggested_filename == f"chain-medication-threshold-general-assistant.{label.lower()}"
        saved.value.save_as(tmp_path / label)
        found[label] = (tmp_path / label).read_bytes()
    assert found["PNG"].startswith(b"\x89PNG")
    table = instruments["chain"].table
    read = list(csv.DictReader(found["CSV"].decode().splitlines()))
    assert [row["sentence"] for row in read] == list(table.sentences)
    svg = ElementTree.fromstring(found["SVG"])  # noqa: S314  (made here)
    assert len(svg.findall(".//{*}path")) > 1000, "a path for each dot"
    assert "clinician 930" in {text.text for text in svg.findall(".//{*}text")}


def test_light_dark_and_a_live_change(show):
    page = show("explore")
    corner = "() => getComputedStyle(document.documentElement).backgroundColor"
    ink = "() => Array.from(document.querySelectorAll('li canvas')[6].getContext('2d').getImageData(8, 3, 1, 1).data)"
    light = (page.evaluate(corner), page.evaluate(ink))
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(200)
    dark = (page.evaluate(corner), page.evaluate(ink))
    assert light[0] != dark[0]
    assert light[1] != dark[1]


def test_only_what_a_page_can_do_is_there(show):
    page = show("trust")
    assert page.get_by_role("button").all_inner_texts()[-5:] == ["PNG", "SVG", "CSV", "Copy code", "Copy link"]
    assert page.get_by_role("button", name="Open audit").count() == 0
    page.locator("summary", has_text="Fixed on this page").click()
    assert "misaligned fails" in page.locator("dl").inner_text()
