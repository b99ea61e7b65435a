"""The report, its pictures and how things describe themselves."""

import json

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from worlds import choice, random_case

import simkit as sk
from simkit.population import draw_worlds
from simkit.text import html_table, number, percent, text_table, whole_percent

NAMES = ["xstest", "medication-threshold", "household-cleaners", "lock-picking", "santa"]


def report(name="xstest", worlds=200, seed=0):
    return sk.report.summarize(sk.load(name), rng=np.random.default_rng(seed), worlds=worlds)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_the_exact_outcomes(name):
    found = report(name)
    for row, policy in zip(found.rows, found.policies, strict=True):
        outcome = sk.expect(found.case, policy)
        for key in ("help", "harm", "neglect", "over_caution", "over_compliance"):
            assert getattr(row, key) == pytest.approx(float(getattr(outcome, key)))
        assert row.net.value == pytest.approx(float(outcome.net))
        assert row.regret == pytest.approx(float(sk.regret(found.case, policy)))
        assert row.net.low <= row.net.high
    assert found.rows[-1].policy == "best"
    assert found.rows[-1].regret == pytest.approx(0)
    assert sum(row.best_in for row in found.rows) >= 1 - 1e-9


def test_ranges_and_ranks_are_those_of_the_worlds():
    """One uncertain share q: answering is worth (1 − q) − 9q, refusing 0, so both are functions of the drawn q alone."""
    case = choice(0.05, 1, 9, (0.01, 0.25))
    found = sk.report.summarize(case, rng=np.random.default_rng(0), worlds=5000)
    refuse, answer, best = found.rows
    q = draw_worlds(case.population, np.random.default_rng(0), 5000).shares[:, 1]
    net = 1 - 10 * q
    assert [answer.net.low, answer.net.high] == pytest.approx(np.quantile(net, [0.05, 0.95]).tolist(), abs=0.02)
    assert answer.best_in == best.best_in == pytest.approx((net >= 0).mean())
    assert refuse.best_in == pytest.approx((net <= 0).mean())
    (conclusion,) = found.conclusions
    assert (conclusion.better, conclusion.worse) == ("response-1", "response-0")


def test_the_conclusion_is_about_the_two_best_models():
    found = report("xstest")
    nets = {row.policy: row.net.value for row in found.rows if row.policy in found.case.observed}
    first, second = sorted(nets, key=nets.get, reverse=True)[:2]
    assert (found.conclusions[0].better, found.conclusions[0].worse) == (first, second)


def test_a_report_of_arrays_needs_no_file():
    case = random_case(np.random.default_rng(2))
    found = sk.report.summarize(case, rng=np.random.default_rng(0), worlds=50)
    assert found.system_layers == ()
    assert str(found).startswith("from arrays")


def test_every_conclusion_says_how_surely_it_holds_and_what_turns_it():
    for name in NAMES:
        for conclusion in report(name).conclusions:
            assert f"{conclusion.holds:.0%} of 200 plausible worlds" in str(conclusion)
            assert {"harm weight", "factor on all harm", "factor on all neglect"} <= {
                flip.of for flip in conclusion.break_evens
            }
            shares = {flip.of for flip in conclusion.break_evens if flip.of.startswith("share of")}
            assert len(shares) >= min(1, len(sk.load(name).segments) - 1)


def test_a_report_is_json():
    data = json.loads(json.dumps(report("santa").data(), allow_nan=False))
    assert data["policies"][0]["under_refusal"]["value"] is None, "nobody is harmful: the rate does not exist"
    assert sk.report.jsonable({"x": [np.inf, np.float64(1.5), -np.inf]}) == {"x": ["inf", 1.5, "-inf"]}


def test_the_price_of_a_bright_line_is_said_where_there_is_one():
    santa = report("santa")
    assert any("hard constraints cost" in sentence for sentence in santa.sentences())
    price = santa.price_of_constraints
    assert price.value == pytest.approx(sk.pareto.price_of_constraints(santa.case))
    assert 0 <= price.low <= price.value <= price.high
    assert not any("hard constraints cost" in sentence for sentence in report("xstest").sentences())


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_axes_with_units_and_every_policy(name):
    found = report(name)
    ax = sk.plots.frontier(found)
    assert isinstance(ax, Axes)
    assert "harm units" in ax.get_xlabel()
    assert "help units" in ax.get_ylabel()
    labels = ax.get_legend_handles_labels()[1]
    assert set(labels) >= {row.policy for row in found.rows}
    assert sk.plots.frontier(found, ax) is ax
    figure = sk.plots.overview(found)
    assert len(figure.axes) == (2 if name == "xstest" else 1)
    figure.canvas.draw()


def test_points_of_the_picture_are_the_rows():
    found = report()
    ax = sk.plots.frontier(found)
    points = {line.get_label(): line.get_xydata()[0] for line in ax.get_lines() if len(line.get_xydata()) == 1}
    for row in found.rows:
        assert points[row.policy] == pytest.approx([1000 * (row.harm + row.neglect), 1000 * row.help])


def test_labels_of_the_picture_stay_inside_it():
    figure = sk.plots.overview(report())
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, box = canvas.get_renderer(), figure.bbox
    texts = [text for ax in figure.axes for text in (ax.xaxis.label, ax.yaxis.label, ax._left_title)]
    texts += [*figure.legends[0].get_texts(), figure._suptitle]
    for text in texts:
        extent = text.get_window_extent(renderer)
        assert extent.x0 >= box.x0 - 1, text.get_text()
        assert extent.x1 <= box.x1 + 1, text.get_text()
        assert extent.y0 >= box.y0 - 1, text.get_text()
        assert extent.y1 <= box.y1 + 1, text.get_text()


def test_every_printed_number_by_hand():
    """q = 0.1, answering helps 1 or harms 5; 1000 senders: help 900, harm 500, net 400 at weight 1."""
    case = choice(0.1, 1, 5)
    found = sk.summarize(case, rng=np.random.default_rng(0), worlds=100)
    cells = {row[0]: row for row in found.table()}
    assert cells["response-1"] == [
        "response-1", "900", "500", "0", "400 (400…400)", "0.0%", "100.0%", "100.0%", "0", "500", "0", "100.0%",
    ]  # fmt: skip
    assert cells["response-0"][1:] == ["0", "0", "0", "0 (0…0)", "100.0%", "0.0%", "0.0%", "900", "0", "400", "0.0%"]
    outcome = sk.expect(case, sk.policy.constant(case, "response-1"))
    shown = repr(outcome).splitlines()[2].split()
    assert shown == ["response-1", "0.9", "0.5", "0", "0.4", "0.0%", "100.0%", "0", "0.5"]
    row = {"help": 0.9, "harm": 0.5, "neglect": 0, "net": 0.4, "over-refusal": 0, "under-refusal": 1}
    row |= {"over-caution": 0, "over-compliance": 0.5}
    (record,) = outcome.rows()
    assert record.pop("policy") == "response-1"
    assert record == pytest.approx(row)
    assert next(x for x in repr(case).splitlines() if x.startswith("segment-1")).split() == [
        "segment-1",
        "(harmful)",
        "10.0%",
        "10.0%",
        "(10.0%",
        "to",
        "10.0%)",
        "0",
        "/",
        "0",
        "0",
        "/",
        "5",
    ]
    small = sk.summarize(case.with_shares({"segment-1": 0.001}), rng=np.random.default_rng(0), worlds=100, users=10)
    assert small.rows[1].any_harm == pytest.approx(1 - 0.999**10)


def test_a_system_layer_by_hand():
    layer = next(
        x
        for x in sk.report.system_layers(sk.load("xstest"), rng=np.random.default_rng(0))
        if x.policy == "mistral-safety-prompt"
    )
    case = sk.load("xstest")
    with_, without = (sk.expect(case, sk.policy.observed(case, name)) for name in ("mistral-safety-prompt", "mistral"))
    for name in ("over_refusal", "under_refusal", "help", "harm", "neglect", "net"):
        change = getattr(layer, name)
        assert change.value == pytest.approx(float(getattr(with_, name) - getattr(without, name)))
        assert change.low < change.value < change.high
    said = str(layer)
    assert f"help {number(1000 * layer.help.value)} (" in said
    assert f"neglect +{number(1000 * layer.neglect.value)} (" in said


def test_rates_have_the_interval_of_the_counts():
    """gpt-4 as labelled: 16 of 250 refused, 25 prompts of each type: a stratified binomial, near enough normal."""
    found = sk.summarize(sk.load("xstest").with_overlap(0), rng=np.random.default_rng(0))
    rate, p = found.rows[0].over_refusal, found.policies[0].answer[:10, 2]
    spread = 1.96 * np.sqrt((p * (1 - p) / 26).sum()) / 10
    assert rate.value == pytest.approx(0.064)
    assert [rate.low, rate.high] == pytest.approx([0.064 - spread, 0.064 + spread], abs=0.006)


def test_refusals_are_drawn_where_they_are():
    found = report()
    ax = sk.plots.refusals(found)
    points = {line.get_label(): line.get_xydata()[0] for line in ax.get_lines() if len(line.get_xydata()) == 1}
    for row in found.rows[:5]:
        assert points[row.policy] == pytest.approx([100 * row.over_refusal.value, 100 * row.under_refusal.value])
    assert ax.get_legend() is not None


def test_what_was_labelled_is_said_without_the_overlap():
    (said,) = report()._as_labelled()
    for rates in ("gpt-4 6.4% and 2.5%", "llama-2-safety-prompt 38.0% and 0.5%", "mistral 0.8% and 76.5%"):
        assert rates in said
    pure = sk.load("xstest").with_overlap(0)
    assert sk.summarize(pure, rng=np.random.default_rng(0), worlds=20)._as_labelled() == []


def test_the_best_answer_meets_the_best_refusal():
    pairs = [(c.better, c.worse) for c in report("medication-threshold").conclusions]
    assert ("full-with-care", "refuse-with-reason") in pairs
    assert pairs[0] == ("full-with-care", "full-bare")
    assert pairs[-1][0] == "best"


def test_the_price_over_worlds_is_recomputed_world_by_world():
    """Each world as a case of its own: the best with and without the bright line."""
    case = sk.load("santa")
    worlds = draw_worlds(case.population, np.random.default_rng(3), 8)
    found = sk.uncertainty.best_in_worlds(case, worlds, harm_weight=20)
    for joint, best in zip(worlds.joint, found, strict=True):
        value = np.where(case.allowed, case.value(20), -np.inf)
        assert best == pytest.approx(
            sum(max(joint[:, k] @ value[:, r] for r in np.flatnonzero(case.allowed)) for k in range(4))
        )


def test_what_holds_over_intervals_is_about_the_policy_that_is_ahead():
    found = report("santa")
    ahead = next(policy for policy in found.policies if policy.name == found.conclusions[0].better)
    assert found.worst_loss.value == pytest.approx(sk.uncertainty.worst_case(found.case, ahead).value)
    assert found.minimax.regret == pytest.approx(sk.uncertainty.minimax_regret(found.case).regret)


def test_an_interval_holds_its_own_value():
    """0 of 25 on the only signal: every draw is above the observed rate, which still belongs to the interval."""
    case = choice(0.1, 1, 5)
    seen = sk.policy.observed(case, [[25, 0]], name="careful")
    rate = sk.summarize(case, [seen], rng=np.random.default_rng(0), worlds=500).rows[0].under_refusal
    assert rate.low == rate.value == 0 < rate.high


def test_numbers_are_short():
    assert [number(x) for x in (0.0, 1234.5, 0.00001, -2.0, np.inf, np.nan)] == ["0", "1234", "1.00e−05", "−2", "∞", "–"]
    assert [percent(x) for x in (0.0, 0.1234, 1e-6, np.nan)] == ["0.0%", "12.3%", "0.0001%", "–"]
    assert [percent(x) for x in (0.999, 0.9997, 0.999949, 1.0)] == ["99.9%", "99.97%", "99.9949%", "100.0%"]
    assert [whole_percent(x) for x in (0.0, 0.002, 0.58, 0.994, 0.998, 1.0)] == ["0%", "0.2%", "58%", "99%", "99.8%", "100%"]


def test_tables_are_aligned_and_escaped():
    assert text_table(["a", "b"], [["long name", "1"], ["x", "22"]]).splitlines()[1:] == ["long name   1", "x          22"]
    assert html_table(["<a>"], [["<b>"]], "<c>").count("&lt;") == 3


def test_things_describe_themselves():
    case = choice(0.1, 1, 5)
    answer = sk.policy.constant(case, "response-1")
    assert "segment-1 (harmful)" in repr(case)
    assert "over-refusal" in repr(sk.expect(case, answer))
    assert "<table>" in sk.expect(case, answer)._repr_html_()
    assert repr(sk.expect(case, answer).by_segment).splitlines()[2].split() == ["segment-1", "10.0%", "0", "5", "0"]
    assert "segment-0 → response-1" in repr(sk.expect(case, answer).contributions)
    assert "runs of 1000 senders" in repr(sk.simulate(case, answer, rng=np.random.default_rng(0)))
    assert "corners" in repr(sk.frontier(case))
    assert "<table>" in report("santa")._repr_html_()
