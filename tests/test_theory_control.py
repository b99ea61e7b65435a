"""Control: anchors C10, each formula by sums, dynamic programming, integrals or draws, and what cannot be."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import binom, norm, poisson
from theory import close, reference

from simkit.theory import control

ANCHORS = reference()


# --- upfront auditing ---


def test_c10_1_and_2_upfront_auditing():
    found = control.audit_upfront(0.02, 5000, 0.53)
    assert close([found.attack_rate, found.attempts, found.safety], ANCHORS["C10.1"])
    assert close(control.audit_upfront([0.005, 0.10, 0.30], 5000, 0.53).safety, ANCHORS["C10.2"])


def test_red_wins_as_a_sum_over_attacks():
    """Failed attacks are found too: w belongs to the part that goes out unseen, and to that part only."""
    share, outputs, works = 0.1, 200, 0.53
    seen, unseen = round(share * outputs), round((1 - share) * outputs)
    for rate in (0.0, 0.01, 0.1, 1.0):
        none_seen = binom.pmf(0, seen, rate)
        attacks = np.arange(unseen + 1)
        one_works = (binom.pmf(attacks, unseen, rate) * (1 - (1 - works) ** attacks)).sum()
        assert control.red_wins_upfront(rate, share, outputs, works) == pytest.approx(none_seen * one_works, rel=1e-10)
    wrong = binom.pmf(0, seen, 0.01 * works) * (1 - binom.pmf(0, unseen, 0.01 * works))
    assert control.red_wins_upfront(0.01, share, outputs, works) != pytest.approx(wrong, rel=0.05)


def test_red_wins_by_draws(rng):
    worlds, outputs, share, works, rate = 40_000, 100, 0.1, 0.53, 0.03
    attacks = rng.random((worlds, outputs)) < rate
    succeed = attacks & (rng.random((worlds, outputs)) < works)
    wins = ~attacks[:, :10].any(1) & succeed[:, 10:].any(1)
    assert abs(wins.mean() - control.red_wins_upfront(rate, share, outputs, works)) < 4 * wins.std() / np.sqrt(worlds)


def test_the_best_rate_of_attack_by_search(rng):
    """The formula is for rare attacks: exact as N grows, and never better than the best."""
    for _ in range(100):
        share, works, outputs = rng.uniform(0.01, 0.9), rng.uniform(0.05, 1), 10 ** rng.uniform(3, 6)
        found = control.audit_upfront(share, outputs, works)
        best = minimize_scalar(
            lambda p: -float(control.red_wins_upfront(p, share, outputs, works)),  # noqa: B023
            bounds=(0, min(1, 20 * found.attack_rate)),
            method="bounded",
            options={"xatol": 1e-9 * found.attack_rate},
        )
        assert 1 - found.safety <= -best.fun + 1e-12
        assert 1 - found.safety == pytest.approx(-best.fun, rel=30 / outputs)


def test_upfront_auditing_does_not_scale():
    """A fixed share of audits is worth the same among a thousand outputs and among a trillion."""
    found = control.audit_upfront(0.02, np.array([1e3, 1e6, 1e12, 1e18]), 0.53)
    assert found.attempts == pytest.approx(found.attempts[0], rel=1e-9)
    limit = 1 - np.exp(-0.02 * found.attempts[0]) * -np.expm1(-0.98 * 0.53 * found.attempts[0])
    assert found.safety[1:] == pytest.approx(limit, rel=1e-4)
    assert np.ptp(found.safety[2:]) < 1e-9


def test_upfront_extremes():
    nothing, everything = control.audit_upfront([0, 1], 1000, 0.5).safety
    assert [nothing, everything] == pytest.approx([0, 1], abs=1e-12)
    assert control.audit_upfront(0, 1, 0.3).safety == pytest.approx(0.7)
    assert control.audit_upfront(0.3, 100, 0).safety == 1
    safety = control.audit_upfront(np.linspace(0, 1, 201), 5000, np.linspace(0, 1, 51)[:, None]).safety
    assert np.isfinite(safety).all()
    assert (np.diff(safety, axis=1) >= -1e-12).all()
    assert (np.diff(safety, axis=0) <= 1e-12).all()
    assert "safety 15.2%; red attacks about 6.34 times" in repr(control.audit_upfront(0.02, 5000, 0.53))
    assert repr(control.audit_upfront([0.005, 0.1], 5000, 0.53)) == "<Upfront (2,): safety at least 5.2%>"


# --- monitoring ---


def test_c10_3_trusted_monitoring():
    table = control.PUBLISHED
    decisive = table.deployed / (table.deployed + table.caught)
    safety = control.monitored(table.caught, table.deployed), control.monitored(table.caught, table.deployed, 20)
    assert close([table.caught, table.false_alarms, decisive, *safety], ANCHORS["C10.3"])


def test_monitoring_by_dynamic_programming(rng):
    for _ in range(100):
        caught, deployed, _ = rng.dirichlet([1, 1, 1])
        alive, won, safety = 1.0, 0.0, []
        for _ in range(40):
            safety.append(1 - won)
            won, alive = won + alive * deployed, alive * (1 - caught - deployed)
        assert control.monitored(caught, deployed, np.arange(40)) == pytest.approx(safety, rel=1e-10)
        assert control.monitored(caught, deployed) == pytest.approx(caught / (caught + deployed), rel=1e-12)


def test_monitoring_extremes():
    assert control.monitored(0, 0) == 1
    assert control.monitored(0, 0, 5) == 1
    assert control.monitored(0.3, 0) == 1
    assert control.monitored(0, 1e-300, 1e299) == pytest.approx(np.exp(-0.1), rel=1e-9)
    assert control.monitored(0.4, 0.6, 3) == pytest.approx(0.4)
    rates = np.linspace(0, 0.5, 11)
    assert control.monitored(rates[:, None], rates, 7).shape == (11, 11)
    with pytest.raises(ValueError, match=r"the probabilities add up to 1.2, more than 1"):
        control.monitored(0.6, 0.6)


# --- monitors ---


def test_c10_4_gaussian_monitor():
    monitor = control.monitor_through(0.02, 0.338)
    assert close([monitor.separation, monitor.area], ANCHORS["C10.4"])
    assert monitor.catches(0.02) == pytest.approx(0.338, rel=1e-12)


def test_equal_areas_catch_differently(rng):
    """The area by quadrature and by draws; and two monitors of one area that differ where it matters."""
    for separation, spread in [(1.6358, 1.0), (2.5, 2.0), (0.5, 0.4)]:
        monitor = control.Monitor(separation=separation, spread=spread)
        assert quad(lambda a, m=monitor: float(m.catches(a)), 0, 1, points=[0.01, 0.1])[0] == pytest.approx(
            monitor.area, abs=1e-6
        )
        attacks, innocents = separation + spread * rng.normal(size=10**5), rng.normal(size=10**5)
        above = attacks > innocents
        assert abs(above.mean() - monitor.area) < 4 * above.std() / np.sqrt(above.size)
        caught = attacks > norm.isf(0.02)
        assert abs(caught.mean() - monitor.catches(0.02)) < 4 * max(caught.std(), 1e-3) / np.sqrt(caught.size)
    narrow = control.Monitor(separation=1.6358)
    wide = control.Monitor(separation=1.6358 * np.hypot(1, 3) / np.sqrt(2), spread=3.0)
    assert narrow.area == pytest.approx(wide.area, rel=1e-12)
    assert wide.catches(0.02) > 1.5 * narrow.catches(0.02)
    assert narrow.catches([0, 1]).tolist() == [0, 1]


# --- control tax ---


def test_c10_6_control_tax():
    assert close(control.control_tax(np.array([2, 6, np.inf]), 0.53, 0.338), ANCHORS["C10.6"])


def test_control_tax_by_integral_sum_and_draws(rng):
    for _ in range(100):
        lam, works, caught = rng.exponential(3), *rng.random(2)
        rate = lam * works + lam * (1 - works) * caught

        def density(s, lam=lam, works=works, caught=caught, rate=rate):
            return lam * works * (1 - caught) * np.exp(-rate * s)

        integral = quad(density, 0, 1, epsrel=1e-12)[0]
        assert control.control_tax(lam, works, caught) == pytest.approx(integral, rel=1e-9)
        attacks = np.arange(200)
        ends = works + (1 - works) * caught
        series = (poisson.pmf(attacks, lam) * works * (1 - caught) / ends * (1 - (1 - ends) ** attacks)).sum()
        assert control.control_tax(lam, works, caught) == pytest.approx(series, rel=1e-9)
    wins, worlds = 0, 20_000
    for count in rng.poisson(3.0, worlds):
        for _ in range(count):
            works, caught = rng.random(2) < (0.53, 0.338)
            if works or caught:
                wins += works and not caught
                break
    expected = control.control_tax(3.0, 0.53, 0.338)
    assert abs(wins / worlds - expected) < 4 * np.sqrt(expected * (1 - expected) / worlds)


def test_control_tax_extremes():
    rates = np.linspace(0, 1, 21)
    surface = control.control_tax(np.array([0, 1e-300, 1, 1e300, np.inf])[:, None, None], rates[:, None], rates)
    assert np.isfinite(surface).all()
    assert ((surface >= 0) & (surface <= 1)).all()
    assert (surface[0] == 0).all()
    assert (np.diff(surface, axis=0) >= -1e-15).all()
    assert (np.diff(surface, axis=2) <= 1e-15).all()
    assert control.control_tax(np.inf, 0, 0) == 0
    assert control.control_tax(1e-12, 0.5, 0.5) == pytest.approx(0.25e-12, rel=1e-9)


# --- published protocols ---


def test_c10_5_efficient_protocols():
    assert len(control.PROTOCOLS) == 15
    found = control.efficient()
    assert [len(found), sum(one.name == "trusted editing" for one in found)] == ANCHORS["C10.5"]
    listed = [(one.name, one.deferred) for one in found]
    assert listed[:3] == [("upfront auditing", 0), ("trusted monitoring", 50), ("untrusted monitoring", 20)]
    assert [deferred for _, deferred in listed[3:]] == [5, 10, 20, 50]


def test_efficient_is_what_no_sweep_of_prices_can_leave_out():
    """Every protocol that is best at some price of usefulness is efficient; twins both stay."""
    for price in np.linspace(0.01, 100, 500):
        best = max(control.PROTOCOLS, key=lambda one: one.safety + price * one.usefulness)
        assert best in control.efficient()
    twins = (control.PROTOCOLS[1], replace(control.PROTOCOLS[1], name="twin"))
    assert control.efficient(twins) == twins


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            lambda: control.audit_upfront(2, 100, 0.5),
            "share must be a number from 0 to 1 .a percentage is divided by 100., not 2",
        ),
        (lambda: control.audit_upfront(0.02, 0, 0.5), "outputs must be at least 1, not 0"),
        (lambda: control.monitored(0.1, 0.1, -1), "attempts must be at least 0, not -1"),
        (lambda: control.control_tax(-1, 0.5, 0.5), "attempts must be at least 0"),
        (lambda: control.Monitor(separation=1, spread=0), "spread must be a standard deviation above 0, not 0"),
        (lambda: replace(control.PUBLISHED, working_audited=-1), "working_audited must be a whole number from 0 up, not -1"),
        (
            lambda: replace(control.PUBLISHED, innocent_audited=0, innocent_passed=0),
            "at least one attack and one innocent output",
        ),
    ],
)
def test_what_cannot_be_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
