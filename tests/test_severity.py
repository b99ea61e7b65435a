"""Each severity's mean and draws against an independent route: SciPy's distributions."""

import numpy as np
import pytest
from scipy import stats

from simkit.severity import Gamma, Lognormal, Pareto, Point, SeverityLevel, SeverityTable

KINDS = {
    "lognormal": (Lognormal(kind="lognormal", median=3.0, sigma=0.8), stats.lognorm(0.8, scale=3.0)),
    "gamma": (Gamma(kind="gamma", average=2.0, shape=0.7), stats.gamma(0.7, scale=2.0 / 0.7)),
    "pareto": (Pareto(kind="pareto", smallest=1.5, tail=3.5), stats.pareto(3.5, scale=1.5)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_mean_and_draws_are_those_of_the_distribution(kind):
    severity, reference = KINDS[kind]
    assert severity.mean == pytest.approx(reference.mean())
    draws = severity.draw(np.random.default_rng(0), 20_000)
    assert stats.kstest(draws, reference.cdf).pvalue > 1e-3


def test_a_wrong_distribution_is_seen():
    """Negative control."""
    draws = KINDS["gamma"][0].draw(np.random.default_rng(0), 20_000)
    assert stats.kstest(draws, KINDS["lognormal"][1].cdf).pvalue < 1e-6


def test_point_and_table():
    assert Point(kind="point", value=2.5).mean == 2.5
    table = SeverityTable(
        kind="table",
        levels=(SeverityLevel(value=1, chance=0.7), SeverityLevel(value=5, chance=0.2), SeverityLevel(value=50, chance=0.1)),
    )
    assert table.mean == pytest.approx(6.7)
    draws = table.draw(np.random.default_rng(0), 50_000)
    assert [(draws == x).mean() for x in (1, 5, 50)] == pytest.approx([0.7, 0.2, 0.1], abs=0.01)


def test_a_pareto_with_a_heavy_tail_has_no_finite_mean():
    assert Pareto(kind="pareto", smallest=1.0, tail=1.0).mean == np.inf


@pytest.mark.parametrize("wrong", [{"median": 0}, {"median": 1, "sigma": -1}, {"median": float("nan"), "sigma": 1}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=r"Lognormal: (median|sigma) is (0|-1|NaN): it should be"):
        Lognormal(kind="lognormal", **{"sigma": 1.0, **wrong})
    with pytest.raises(ValueError, match="add up to 1"):
        SeverityTable(kind="table", levels=(SeverityLevel(value=1, chance=0.7),))
