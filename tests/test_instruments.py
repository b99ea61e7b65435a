"""What every instrument does, without a browser: choose at random, and everything that is shown is what a fresh one shows."""

import dataclasses
import gc
import tracemalloc

import numpy as np
import pytest

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")

import ipywidgets

import simkit as sk
from simkit.widgets import chain, crowd, dial, explore, references, releases, trust
from simkit.widgets.instrument import Instrument
from simkit.widgets.packing import packed, pointed, unpacked
from simkit.widgets.stage import sent

#: Instruments and the cases they open, and how many random choices are made: more memory in the last third is a fault.
HANDS = [
    (explore, "medication-threshold", 120),
    (explore, "xstest", 120),
    (chain, "medication-threshold", 60),
    (dial, "medication-threshold", 60),
    (trust, "medication-threshold", 60),
    (crowd, "medication-threshold", 60),
    (releases, "2025-12-18", 60),
    (references, "2025-12-18", 60),
]


def shown(made: Instrument) -> tuple:
    """Everything that a person sees or can choose."""
    controls = {name: control.value for name, control in made.controls.items()}
    return made.stage.table, made.row, made.stage.unfolded, controls, made.as_code()


def choose_at_random(made: Instrument, rng: np.random.Generator, lines: list[str]) -> None:
    """What a hand does: one control or another, slider and toggles, a button such as Undo, More, or a line of code."""
    buttons = [each for row in made.children if isinstance(row, ipywidgets.HBox) for each in row.children]
    buttons = [each for each in buttons if isinstance(each, ipywidgets.Button)]
    name = str(rng.choice([*made.controls, *["position"] * 3, "button", "more", "code"]))
    if name in made.controls:
        control = made.controls[name]
        options = [option[1] if isinstance(option, tuple) else option for option in control.options]
        control.value = options[rng.integers(len(options))]
    elif name == "position":
        with made.stage.hold_trait_notifications():
            *made.stage.pressed, made.stage.at = (int(rng.integers(size)) for size in made.table.sizes)
    elif name == "button":
        buttons[rng.integers(len(buttons))].click()
    elif name == "more":
        made.stage.unfolded = not made.stage.unfolded
    else:
        lines.append(made.as_code())
        made._code.value = lines[rng.integers(len(lines))]


@pytest.mark.parametrize(("opened", "name", "count"), HANDS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_random_choices_end_where_a_fresh_instrument_is(opened, name, count, rng):
    """No exception, no growth, and in the end what a fresh instrument shows at the same settings."""
    case, lines, used = name if opened in (releases, references) else sk.load(name), [], []
    made = opened(case)
    for part in range(3):  # the first fills what is kept, the second as well, but is counted
        if part == 1:
            tracemalloc.start()
        for _ in range(count // 3):
            choose_at_random(made, rng, lines)
        gc.collect()
        used.append((len(gc.get_objects()), tracemalloc.get_traced_memory()[0]))
    tracemalloc.stop()
    assert used[2][0] < used[1][0] + 2000, "no widget, handler or table piles up"
    assert used[2][1] < used[1][1] + 3e6, "a table is about 0.5 MB"
    fresh = opened(case, **dataclasses.asdict(made.settings))
    for mine, its in zip(shown(made), shown(fresh), strict=True):
        assert mine == its


# --- what is shown first ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"operator": "careless"},
        {"operator": "malicious", "model": "naive"},
        {"aversion": 0.2, "shared_principal": True},
        {"objects": True},
    ],
)
def test_the_dial_shows_first_the_rows_of_the_chosen_look(chosen):
    """All positions of one way to look, in every picture but the one that takes long."""
    made = dial("medication-threshold", context="vulnerable-platform", position=0.4, **chosen)
    peek, table = made._peek(made.settings).peek(), made.stage.table
    start = made.row - 40
    assert peek["sentences"] == table["sentences"][start : start + 101]
    assert peek["notes"] == table["notes"][start : start + 101]
    assert [panel and panel["kind"] for panel in peek["panels"]] == ["mosaic", "strip", "steps", "chart", None, "steps", "dots"]
    rows = len(table["sentences"])
    for mine, its in zip(peek["panels"], table["panels"], strict=True):
        if mine and mine["kind"] == "chart":
            assert np.allclose(unpacked(mine["legendValues"]), unpacked(its["legendValues"])[start : start + 101])
    dots = [unpacked(panel["count"]) for panel in (peek["panels"][-1], table["panels"][-1])]
    assert [sorted(row[row > 0]) for row in dots[0]] == [sorted(row[row > 0]) for row in dots[1][start : start + 101]]
    for mine, its in zip(peek["panels"][3]["marks"], table["panels"][3]["marks"], strict=True):
        for name in mine.keys() & {"x", "y"}:
            here = [unpacked(mark[name], rows)[start : start + 101] for mark in (mine, its)]
            assert np.allclose(*here, equal_nan=True), mine["kind"]
    assert peek["panels"][3]["ys"] == [table["panels"][3]["ys"][start // 101]]
    for name in ("colour", "numbers", "flagged", "faint"):
        here = [unpacked(each["panels"][0][name], rows)[start : start + 101] for each in (peek, table)]
        assert np.allclose(*here), name


def test_what_cannot_be_shown_is_not_shown_first(monkeypatch):
    """The first picture is on its way before the whole fails; then it is taken back."""
    made = explore("medication-threshold")
    before, peeks = shown(made), []
    made.stage.observe(lambda change: peeks.append(change["new"]), "peek")

    def fails(_):
        raise ValueError("no such thing")

    monkeypatch.setattr(made, "_make", fails)
    made.controls["harm_weight"].value = 7.0
    assert [bool(peek) for peek in peeks] == [True, False]
    assert made._message.value == "no such thing"
    assert shown(made) == before


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_rows_that_repeat_are_sent_once():
    rows = packed([[1.0, 2.0], [3.0, 4.0]], at=[0, 1, 1, 0])
    assert len(rows["data"]) == 16
    assert unpacked(rows).tolist() == [[1, 2], [3, 4], [3, 4], [1, 2]]
    assert unpacked(packed([[1], [2]], "int16", every=2), 6).ravel().tolist() == [1, 1, 2, 2, 1, 1]
    assert unpacked(packed([7, 8], "int16"), 3).tolist() == [[7, 8]] * 3
    texts = pointed(["a", "b", "a"])
    assert [texts["words"][i] for i in unpacked(texts["at"])[:, 0]] == ["a", "b", "a"]
    assert texts["words"] == ["a", "b"]
    many = pointed([str(i) for i in range(40_000)])
    assert unpacked(many["at"])[-1, 0] == 39_999


SIZES = [(explore, 6e5), (chain, 6e4), (dial, 4.5e5), (trust, 2e5), (crowd, 5e4), (releases, 1e5), (references, 6.5e5)]


@pytest.mark.parametrize(("opened", "most"), SIZES, ids=[opened.__name__ for opened, _ in SIZES])
def test_tables_stay_small(opened, most):
    """Over a line of 20 megabits a table of 0.5 MB takes 0.2 s, in which nothing else arrives."""

    def size(value) -> int:
        if isinstance(value, dict):
            return sum(map(size, value.values()))
        return sum(map(size, value)) if isinstance(value, list | tuple) else len(value) if isinstance(value, bytes | str) else 8

    source = "2025-12-18" if opened in (releases, references) else "medication-threshold"
    assert size(sent(opened(source).stage.table)) < most
