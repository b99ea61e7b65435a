"""Delegation, obedience and insurance: anchors B1, C6, C8, laws M14 and M16, and second routes."""

from itertools import pairwise, product

import numpy as np
import pytest
from scipy.integrate import quad
from theory import close, reference

from simkit.theory import delegation, insurance, obedience

ANCHORS = reference()

# --- delegation ---


def test_b1_delegation():
    found = delegation.compare(np.array([0.05, 0.1, 0.2, 0.3]))
    assert close([found.alone[0], *np.stack([found.full, found.capped], -1).ravel()], ANCHORS["B1.1"])
    full_until = 12**-0.5
    assert close([full_until, delegation.compare(0.5).cap], ANCHORS["B1.2"])
    assert close(np.stack([found.messages, found.asked], -1).ravel(), ANCHORS["B1.3"])
    assert delegation.compare(full_until).full == pytest.approx(delegation.ALONE, rel=1e-12)


def test_loss_of_a_cap_by_quadrature_and_search(rng):
    for _ in range(200):
        bias, cap = rng.exponential(0.3), rng.uniform(-0.5, 1.8)
        kinks = [0.0, *np.clip([cap - bias], 0, 1), 1.0]

        def missed(state, bias=bias, cap=cap):
            return (min(state + bias, cap) - state) ** 2

        parts = [quad(missed, *ends)[0] for ends in pairwise(kinks)]
        assert delegation.loss(bias, cap) == pytest.approx(sum(parts), rel=1e-9, abs=1e-13)
    for bias in (0.01, 0.1, 0.3, 0.45, 0.7):
        caps, found = np.linspace(0, 2, 200_001), delegation.compare(bias)
        losses = delegation.loss(bias, caps)
        assert losses.min() == pytest.approx(found.capped, rel=1e-8)
        assert caps[losses.argmin()] == pytest.approx(found.cap, abs=1e-4)


def test_m14_capped_delegation_beats_both_extremes():
    bias = np.linspace(0, 3, 30_001)
    found = delegation.compare(bias)
    assert (found.capped <= np.minimum(found.full, found.alone) * (1 + 1e-12)).all()
    inner = (bias > 1e-4) & (bias < 0.5 - 1e-4)
    assert (found.capped[inner] < np.minimum(found.full, found.alone)[inner]).all()
    assert (found.asked[(bias > 0) & (bias < 0.25)] > found.full[(bias > 0) & (bias < 0.25)]).all()  # Dessein 2002


def test_cheap_talk_by_its_partition():
    """Crawford and Sobel's partition: border i at i/N + 2b·i(i − N); the principal takes the middle of each cell."""
    for bias in (0.001, 0.01, 0.05, 1 / 12, 0.1, 0.2, 0.24999, 0.25, 0.3):
        found = delegation.compare(bias)
        count = max(n for n in range(1, 100) if n == 1 or 2 * n * (n - 1) * bias < 1)
        assert found.messages == count
        borders = np.arange(count + 1) / count + 2 * bias * np.arange(count + 1) * (np.arange(count + 1) - count)
        assert found.asked == pytest.approx((np.diff(borders) ** 3).sum() / 12, rel=1e-9)
    extremes = delegation.compare([0, 1e-300, 1e-20, 1e3])
    assert extremes.messages[[0, 3]].tolist() == [np.inf, 1]
    assert extremes.asked[:3] / [1, 1e-300, 1e-20] == pytest.approx([0, 1 / 3, 1 / 3], rel=1e-6)
    assert "up to the best cap 0.9" in repr(delegation.compare(0.1))


# --- obedience ---


def test_c8_value_rises_while_obedience_falls():
    found = obedience.follow(0.7, np.arange(1, 10, 2))
    assert close(found.value, ANCHORS["C8.1"])
    assert close(found.obedience, ANCHORS["C8.2"])


def test_following_by_every_sequence_of_orders():
    for right, count in product((0.0, 0.3, 0.5, 0.7, 0.95, 1.0), range(1, 11)):
        value = obeys = 0.0
        for orders in product((True, False), repeat=count):
            chance = right ** sum(orders) * (1 - right) ** (count - sum(orders))
            does = orders[-1] if 2 * sum(orders) == count else 2 * sum(orders) > count
            value, obeys = value + chance * does, obeys + chance * (does == orders[-1])
        found = obedience.follow(right, count)
        assert [found.value, found.obedience] == pytest.approx([value, obeys], rel=1e-12, abs=1e-15)


def test_following_for_ever():
    found = obedience.follow(0.7, np.array([1e3, 1e6, 1e12]))
    assert found.value == pytest.approx(1)
    assert found.obedience == pytest.approx(0.7)
    rates = np.linspace(0.5, 1, 51)
    assert (obedience.follow(rates, np.arange(1, 40)[:, None]).advantage >= -1e-15).all()  # M16


# --- insurance ---


def test_c6_a_sign_error_in_the_reward():
    """Carey 2018: with a hard-wired off switch (o1 = a′, o2 = shut down) the robot defers; without one it does as its bug says.

    The bug, of chance 0.1, always takes a, whose true reward is 2 − 52θ; a′ is worth 1.
    """
    worths = {(0, "a"): 2, (1, "a"): -50, (0, "b"): 1, (1, "b"): 1}
    always_a = (worths[0, "a"] + worths[1, "a"]) / 2
    orders = [("a", "b"), ("a", "a"), ("b", "b"), ("b", "a")]
    obeyed = np.array([(worths[0, first] + worths[1, second]) / 2 for first, second in orders])
    carey = insurance.DeferOrAct(good_acts=obeyed, good_defers=1, bad_acts=always_a, bad_defers=0)
    assert close(carey.acting(0.9), ANCHORS["C6.1"])
    assert carey.deferring(0.9)[()] == pytest.approx(ANCHORS["C6.2"])


def random_table(rng, count):
    bad, step, up = rng.normal(-5, 3, count), rng.exponential(2, count), rng.exponential(1, count)
    return insurance.DeferOrAct(bad_acts=bad, bad_defers=bad + step, good_defers=bad + step + 1, good_acts=bad + step + 1 + up)


@pytest.mark.parametrize("aversion", [0.0, 0.5, 3.0])
def test_break_even_is_where_the_columns_meet(rng, aversion):
    table = random_table(rng, 4000)
    turn = table.break_even(aversion)
    at = table.acting(turn, aversion) - table.deferring(turn, aversion)
    assert np.abs(at).max() < 1e-9
    for step, better in ((1e-4, 1), (-1e-4, -1)):
        trust = turn + step * turn * (1 - turn)
        assert (np.sign(table.acting(trust, aversion) - table.deferring(trust, aversion)) == better).all()
    assert (turn >= table.break_even() - 1e-12).all()


def test_variance_against_mean_by_draws(rng):
    table = insurance.overseen(benefit=1.0, harm=20.0, caught=0.9, reverted=0.8, blocked=0.3)
    good = rng.random(200_000) < 0.985
    acting, deferring = np.where(good, 1, -20.0), np.where(good, 0.7, -20 * 0.28)
    assert abs(acting.mean() - table.acting(0.985)) < 4 * acting.std() / np.sqrt(good.size)
    assert table.acting(0.985) > table.deferring(0.985)
    assert table.acting(0.985, 0.5) < table.deferring(0.985, 0.5), "a lower mean is preferred for less spread"
    assert deferring.mean() - 0.5 * deferring.std() == pytest.approx(table.deferring(0.985, 0.5), abs=0.02)


def test_oversight_as_a_tree(rng):
    """Every branch by itself: who is principal, what the agent wants, whether it is caught or blocked."""
    for _ in range(200):
        b, h, m = rng.exponential(1, 3)
        c, v, f, r, p = rng.random(5)
        table = insurance.overseen(benefit=b, harm=h, caught=c, reverted=v, blocked=f, misuse=m, bad_principal=r)
        good = r * -m + (1 - r) * (f * 0 + (1 - f) * b)
        bad = r * -m + (1 - r) * (c * -h * (1 - v) + (1 - c) * -h)
        assert table.deferring(p) == pytest.approx(p * good + (1 - p) * bad, rel=1e-12, abs=1e-14)
        assert table.acting(p) == pytest.approx(p * b - (1 - p) * h, rel=1e-12, abs=1e-14)


def test_a_bad_principal_is_no_safety(rng):
    stakes = {"benefit": 1.0, "harm": rng.exponential(10, 2000), "caught": rng.random(2000), "blocked": rng.random(2000)}
    misuse, trust = rng.exponential(10, 2000), rng.random(2000)
    turn = insurance.safe_until(trust, misuse, insurance.overseen(**stakes))
    assert ((turn >= 0) & (turn <= 1)).all()
    for step, better in ((0.999, 1), (1.001, -1)):
        table = insurance.overseen(**stakes, misuse=misuse, bad_principal=np.clip(turn * step, 0, 1))
        ahead = table.deferring(trust) - table.acting(trust)
        assert (np.sign(ahead) == better)[(turn > 1e-6) & (turn < 1)].all()
    never = turn == 0
    assert (insurance.overseen(**stakes).deferring(trust) <= insurance.overseen(**stakes).acting(trust))[never].all()
    always = insurance.overseen(**stakes, misuse=misuse, bad_principal=1.0)
    assert (always.deferring(trust) >= always.acting(trust) - 1e-9)[turn == 1].all()


def test_break_even_without_a_trade():
    def table(ga, gd, ba, bd):
        return insurance.DeferOrAct(good_acts=ga, good_defers=gd, bad_acts=ba, bad_defers=bd)

    assert table(1, 1, -5, 0).break_even() == 1  # deferring is free
    assert table(2, 1, -5, -5).break_even() == 0  # and covers nothing
    assert table(2, 1, -5, -6).break_even() == 0
    assert np.isnan(table(1, 2, -5, -6).break_even())
    assert table(2, 1, -5, -4).break_even(1e300) == pytest.approx(1)
    assert "above 0.999" in repr(insurance.overseen(benefit=1, harm=999, blocked=1))
    with pytest.raises(ValueError, match="good values are worth at least as much as bad ones"):
        table(1, 0, 2, 3).break_even(0.5)


# --- errors ---


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            lambda: delegation.compare(-0.1),
            "bias must be at least 0 .for an agent that wants too little, mirror the scale., not -0.1",
        ),
        (lambda: obedience.follow(0.7, 2.5), "orders must be a whole number from 1 up, not 2.5"),
        (lambda: insurance.overseen(benefit=1, harm=-3), "harm must be at least 0 .the table gives it its sign., not -3"),
        (
            lambda: insurance.overseen(benefit=1, harm=3, caught=90),
            "caught must be a number from 0 to 1 .a percentage is divided by 100.",
        ),
    ],
)
def test_what_cannot_be_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
