"""A stage on a page of its own: no Jupyter, no kernel, any colours; slider, buttons and More are kept apart."""

from __future__ import annotations

import base64
import json

import pytest

from .pages import browser, needed

needed()

import numpy as np

from simkit.widgets import Options, Table, panels
from simkit.widgets.stage import script, sent, style

SHIM = """
const given = TABLE;
const unpack = (value) => value && value.base64 !== undefined
  ? new DataView(Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)).buffer)
  : Array.isArray(value) ? value.map(unpack)
  : value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, unpack(v)])) : value;
const state = { table: unpack(given), at: 0, pressed: [0], unfolded: false, peek: {} };
const heard = {};
const model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; (heard[`change:${name}`] || []).forEach((f) => f()); },
  on: (name, f) => { (heard[name] ||= []).push(f); },
  off: () => {},
  save_changes: () => { window.saved = JSON.stringify([state.at, state.pressed, state.unfolded]); },
};
window.model = model;
stage.render({ model, el: document.getElementById("here") });
"""


def written(table: Table) -> str:
    """A page that shows a table."""

    def plain(value):
        if isinstance(value, bytes):
            return {"base64": base64.b64encode(value).decode()}
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, list | tuple) else value

    code = SHIM.replace("TABLE", json.dumps(plain(sent(table.sent()))))
    module = script().replace("export default { render };", "const stage = { render };") + code
    safe = module.replace("</script", r"<\/script")
    head = f"<meta charset='utf-8'><style>:root {{ --jp-content-font-color1: oklch(0.2 0.02 250) }} {style()}</style>"
    return f"<!doctype html>{head}<div id='here'></div><script type='module'>{safe}</script>"


def mosaic() -> Table:
    bad = np.linspace(-1, 1, 24).reshape(4, 3, 2)
    operators, models = {"legitimate": 0.9, "careless": 0.07, "malicious": 0.03}, {"good": 0.8, "contrary": 0.2}
    picture = panels.mosaic("Who gets what", bad, rows=operators, columns=models, numbers=1000 * bad, flagged=bad < 0)
    legend = [panels.entry("well", 0), panels.entry("badly", 5)]
    dots = panels.icons("People", [[900, 100], [800, 200], [700, 300], [0, 1000]], legend, first=False)
    return Table(
        slider=Options("x", [0.0, 1.0], "The slider"),
        toggles=[Options("who", ["one", "other"], "who")],
        panels=[picture, dots],
        sentences=["a", "b", "c", "d"],
        notes=["note"],
    )


@pytest.fixture
def page(tmp_path):
    (tmp_path / "stage.html").write_text(written(mosaic()), encoding="utf-8")
    with browser() as context:
        made = context.new_page()
        made.errors = []
        made.on("pageerror", lambda error: made.errors.append(str(error)))
        made.set_viewport_size({"width": 900, "height": 700})
        made.goto((tmp_path / "stage.html").as_uri())
        made.wait_for_selector(".simkit-mosaic canvas")
        yield made


def pixel(page, x: float, y: float) -> list[int]:
    """The colour at a part of the mosaic's width and height."""
    return page.evaluate(
        """([x, y]) => { const c = document.querySelector('.simkit-mosaic canvas');
            const at = [Math.floor(x * c.width), Math.floor(y * c.height), 1, 1];
            return Array.from(c.getContext('2d').getImageData(...at).data); }""",
        [x, y],
    )


def test_a_mosaic_without_jupyter(page):
    page.wait_for_function("() => document.querySelector('.simkit-stage').dataset.drawn === '0'")
    red, _, blue, _ = pixel(page, 0.2, 0.2)
    assert red > blue, "the worst cell is red"
    page.locator("input[type=range]").press("End")
    page.get_by_role("radio", name="other").check()
    page.wait_for_function("() => document.querySelector('.simkit-stage').dataset.drawn === '3'")
    red, _, blue, _ = pixel(page, 0.97, 0.97)
    assert blue > red, "the best cell is blue"
    page.wait_for_function("() => window.saved === JSON.stringify([1, [1], false])")
    assert page.locator("canvas[role=img]").count() == 1
    page.get_by_role("button", name="More").click()
    assert page.locator("canvas[role=img]").count() == 2
    assert page.locator(".simkit-sentence").inner_text() == "d"
    assert page.errors == []


def test_it_follows_the_theme_of_the_system(page):
    page.add_style_tag(
        content="@media (prefers-color-scheme: dark) { :root { --jp-content-font-color1: color(srgb 0.9 0.9 0.9) }}"
    )
    before = pixel(page, 0.9, 0.98)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    assert pixel(page, 0.9, 0.98) != before
    assert page.errors == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_mosaic_fits(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.wait_for_timeout(200)
    right = page.evaluate("() => document.querySelector('.simkit-mosaic canvas').getBoundingClientRect().right")
    assert right <= width


def charted() -> Table:
    curve = panels.lines("A line", [0, 1, 2], {"one": [0.0, 1.0, 2.0]}, at=[0.0, 1.0, 2.0])
    return Table(slider=Options("x", [0, 1, 2], "The slider"), panels=[curve], sentences=["a", "b", "c"], notes=["note"])


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("at", "part"), [(0, 0.0), (1, 0.5), (2, 1.0)])
def test_a_guess_stands_under_its_place_of_the_slider(tmp_path, width, at, part):
    """A line above the picture, and a flag whose tip is under the middle of the slider's thumb; nothing sticks out."""
    (tmp_path / "chart.html").write_text(written(charted()), encoding="utf-8")
    with browser(width, 800) as context:
        page = context.new_page()
        page.goto((tmp_path / "chart.html").as_uri())
        page.wait_for_function("() => document.querySelector('.simkit-stage').dataset.drawn === '0'")
        assert page.locator(".simkit-guess, .simkit-flag").filter(visible=True).count() == 0
        picture = page.locator(".simkit-chart > canvas").screenshot()
        page.evaluate(f"() => model.set('guess', {{ text: 'You guessed 1; it is 2.', at: {at}, y: 1 }})")
        flag = page.locator(".simkit-flag span")
        flag.wait_for()
        assert page.locator(".simkit-guess").inner_text() == "You guessed 1; it is 2."
        assert page.locator(".simkit-chart > canvas").screenshot() != picture, "a line at the height of the guess"
        bar, here = page.locator(".simkit-travel input").bounding_box(), flag.bounding_box()
        tip = here["x"] + 5 if part < 0.6 else here["x"] + here["width"] - 5
        assert abs(tip - (bar["x"] + 8 + part * (bar["width"] - 16))) < 3
        assert here["y"] >= bar["y"] + bar["height"] - 5
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
