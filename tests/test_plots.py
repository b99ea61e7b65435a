"""Pictures: every function draws on the Axes it is given, or on its own, in a light and in a dark style."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgb

import simkit as sk
from simkit import dial_plots, plots

mpl.use("agg")


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def things():
    case = sk.load("medication-threshold")
    rule = sk.policy.declining(case, 0.3, below="full-with-care", above="refuse-with-reason")
    report = sk.summarize(case, rng=np.random.default_rng(0), worlds=50)
    return {
        plots.dots: sk.dots(case, rule),
        plots.by_segment: sk.expect(case, rule),
        plots.frontier: report,
        dial_plots.along_dial: sk.dial.deployment.deploy(case.in_context("vulnerable-platform")),
        plots.refusals: report,
    }


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_each_draws_on_the_axes_it_is_given_or_on_its_own(style):
    with pyplot.style.context(style):
        for draw, thing in things().items():
            ax = pyplot.subplots()[1]
            assert draw(thing, ax) is ax
            own = draw(thing)
            assert own.figure is not ax.figure
            assert own.get_legend() is not None
            own.figure.canvas.draw()


def test_dots_on_the_picture_are_the_dots_counted():
    case = sk.load("xstest")
    found = sk.dots(case, sk.policy.observed(case, "llama-2-safety-prompt"))
    ax = plots.dots(found)
    drawn = [line for line in ax.lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in drawn) == 1000
    open_ = sum(len(line.get_xdata()) for line in drawn if line.get_fillstyle() == "none")
    assert open_ == found.by_response()[case.response("full-refusal")]
    marks = {mark: sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() == mark) for mark in "x^"}
    assert [marks["x"], marks["^"]] == found.by_event()[1:].tolist()
    places = {(x, y) for line in drawn for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)}
    assert len(places) == 1000, "no dot covers another"


def test_bars_add_up_to_everybody():
    case = sk.load("medication-threshold")
    outcome = sk.expect(case, sk.policy.constant(case, "refuse"), 20.0)
    ax = plots.by_segment(outcome)
    widths = np.array([bar.get_width() for bar in ax.patches]).reshape(3, len(case.segments) + 1)
    np.testing.assert_allclose(widths[:, :-1].sum(1), widths[:, -1], atol=1e-9)
    assert widths[:, -1].sum() == pytest.approx(1000 * float(outcome.net))


def test_harmful_senders_are_red_and_colours_differ():
    case = sk.load("medication-threshold")
    colours = plots.segment_colours(case)
    assert [c == plots.HARMFUL for c in colours] == case.population.harmful.tolist()
    for palette in (plots.SENDERS, plots.SENDERS_ON_DARK):
        assert len(set(palette)) == len(plots.SENDERS)
        rgb = np.array([to_rgb(colour) for colour in palette])
        apart = np.linalg.norm(rgb[:, None] - rgb, axis=-1) + np.eye(len(rgb))
        assert apart.min() > 0.25


def test_a_batch_is_drawn_along_its_axis_or_refused():
    case = sk.load("medication-threshold")
    values = [0.5, 0.0, 1.0]
    family = sk.policy.declining(case, values, below="full-with-care", above="refuse-with-reason")
    outcome = sk.expect(case, family)
    ax = plots.by_segment(outcome)
    line = next(line for line in ax.get_lines() if line.get_label() == "everybody")
    assert line.get_xdata().tolist() == sorted(values)
    assert line.get_ydata() == pytest.approx(1000 * outcome.net[np.argsort(values)])
    assert "declined" in ax.get_xlabel()
    by_name = plots.by_segment(sk.expect(case, sk.policy.stack(list(family))))
    by_name.figure.canvas.draw()
    with pytest.raises(ValueError, match="without an axis"):
        plots.by_segment(sk.expect(case, sk.Policy(answer=family.answer)))
    with pytest.raises(ValueError, match="of one policy"):
        plots.dots(sk.dots(case, family))


def test_names_are_drawn_as_they_are():
    case = sk.load("medication-threshold")
    tables = [policy.answer for policy in sk.policy.candidates(case) if policy.after is None]
    policies = [sk.policy.from_array(case, table, name=f"$x_{i}^ and _{i}") for i, table in enumerate(tables)]
    policies.append(sk.policy.from_array(case, policies[0].answer, name="_hidden"))
    report = sk.summarize(case, policies, rng=np.random.default_rng(0), worlds=20)
    figure = plots.overview(report)
    figure.canvas.draw()
    assert {text.get_text().strip() for text in figure.legends[0].get_texts()} >= {policy.name for policy in policies}
    ax = plots.frontier(report)
    ax.figure.canvas.draw()


def test_dials_of_all_places_begin_with_those_at_which_neither_end_is_best():
    case = sk.load("medication-threshold")
    found = dial_plots.dials([sk.dial.deploy(each) for each in (case, case.in_context("vulnerable-platform"))])
    first, second = found.axes[:2]
    assert [ax.get_title().split("\n")[1] for ax in (first, second)] == ["vulnerable-platform", "–"]
    assert [ax.spines["top"].get_visible() for ax in (first, second)] == [True, False]
    assert first.get_title(loc="center")
    lost = first.collections[1].get_paths()[0].vertices[:, 1].max()
    assert lost == pytest.approx(
        1000 * float(sk.dial.along(sk.dial.deploy(case.in_context("vulnerable-platform"))).expected().regret.max())
    )
