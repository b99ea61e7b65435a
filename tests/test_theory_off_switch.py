"""The off-switch game: anchors C1 to C4, laws M1 to M5, and each closed form by quadrature, sums or draws."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, ndtr
from theory import close, reference

from simkit.theory import off_switch
from simkit.theory.off_switch import (
    Boltzmann,
    Coin,
    Discrete,
    Fallible,
    Noisy,
    Normal,
    Rational,
    critical_accuracy,
    critical_temperature,
    play,
)

ANCHORS = reference()
SLOW, FAST = np.array([[0.25], [0.5], [1.0]]), np.array([0.1, 0.5, 1.0])


def by_quadrature(mean, sd, allows):
    """Δ/σ = ∫ t [φ(t + z) P(allows t) − φ(t − z) P(allows −t)] dt, z = |μ|/σ, for overseers who err symmetrically."""
    z = abs(mean) / sd

    def integrand(t):
        return t * (off_switch.density(t + z) * allows(sd * t) - off_switch.density(t - z) * allows(-sd * t))

    pieces = np.unique(np.clip([0, 1e-3, 0.03, 0.3, 1, z - 3, z - 1, z, z + 1, z + 3, z + 14], 0, None))
    return sd * sum(quad(integrand, *piece, epsabs=1e-18, epsrel=1e-11)[0] for piece in itertools.pairwise(pieces))


def uniform(low, high, count=100):
    """A uniform belief, by the middles of cells (exact for rational and fallible overseers if 0 lies on an edge)."""
    middles = low + (np.arange(count) + 0.5) * (high - low) / count
    return Discrete(values=middles, chances=np.full(count, 1 / count))


def a_belief(rng):
    return float(rng.normal(0, 2)), float(np.exp(rng.normal()))


# --- anchors ---


def test_c1_rational_overseer():
    assert close(play(Discrete(values=[-2, 0, 1, 5], chances=[0.3, 0.1, 0.4, 0.2]), Rational()).incentive, ANCHORS["C1.1"])
    game = play(uniform(-40, 60), Rational())
    assert close([game.act, game.off, game.defer, game.incentive], ANCHORS["C1.2"])
    assert close(off_switch.linear_loss(np.arange(0, 3.5, 0.5)), ANCHORS["C1.3"])
    mean, sd = np.array([(0, 1), (0.75, 0.5), (0.75, 1), (-0.25, 0.5), (-0.25, 1), (0.25, 0.25)]).T
    for sign in (1, -1):
        assert close(play(Normal(mean=sign * mean, sd=sd), Rational()).incentive, ANCHORS["C1.4"])


@pytest.mark.parametrize(("mean", "row"), [(-0.25, "C2.1"), (0, "C2.2"), (0.25, "C2.3")])
def test_c2_boltzmann_overseer(mean, row):
    game = play(Normal(mean=mean, sd=SLOW), Boltzmann(temperature=FAST))
    assert game.incentive.shape == (3, 3)
    assert game.incentive.ravel() == pytest.approx(ANCHORS[row], rel=1e-10, abs=1e-15)


def test_c2_4_boundary():
    assert close(critical_temperature(-0.25, SLOW.ravel()), ANCHORS["C2.4"])


def test_c3_noisy_overseer():
    mean, sd, noise = np.array([(0.25, 0.5, 0.5), (0.25, 0.5, 1), (0, 1, 1), (-0.25, 1, 0.5), (0.25, 0.25, 0.25)]).T
    assert close(play(Normal(mean=mean, sd=sd), Noisy(noise=noise)).incentive, ANCHORS["C3.1"])


def test_c4_fallible_overseer():
    beliefs = [uniform(-40, 60), Normal(mean=0.5, sd=1), Normal(mean=0, sd=1)]
    assert close([critical_accuracy(belief) for belief in beliefs], ANCHORS["C4.1"])


def test_a_wrong_number_is_seen():
    """Negative control of the comparator."""
    assert not close(np.multiply(ANCHORS["C1.3"], 1 + 2e-6), ANCHORS["C1.3"])


# --- second routes ---


@pytest.mark.parametrize("overseer", [lambda x: Boltzmann(temperature=x), lambda x: Noisy(noise=x)])
def test_normal_beliefs_by_quadrature(rng, overseer):
    for _ in range(150):
        (mean, sd), width = a_belief(rng), float(np.exp(rng.normal(0, 1.5)))
        human = overseer(width)
        game, expected = play(Normal(mean=mean, sd=sd), human), by_quadrature(mean, sd, human.allows)
        assert game.incentive == pytest.approx(expected, rel=1e-8, abs=1e-15 * sd), (mean, sd, width)
        assert game.defer == pytest.approx(max(mean, 0) + expected, rel=1e-8)


def test_far_from_zero_a_boltzmann_overseer_is_still_right():
    """z = |μ|/σ = 20: the values are of the order of e^(−200), and the boundary is where it was."""
    cut = float(critical_temperature(20.0, 1.0))
    for temperature in (0.5 * cut, 0.9 * cut, 1.1 * cut, 2 * cut):
        game = play(Normal(mean=20.0, sd=1.0), Boltzmann(temperature=temperature))
        assert game.incentive == pytest.approx(by_quadrature(20.0, 1.0, Boltzmann(temperature=temperature).allows), rel=1e-9)
        assert (game.incentive > 0) == (temperature < cut)


@pytest.mark.parametrize(
    "human", [Rational(), Boltzmann(temperature=0.4), Noisy(noise=0.9), Fallible(right=0.7), Coin(allow=0.6)]
)
def test_draws_agree(rng, human):
    """Monte Carlo: acts drawn, each shown to an overseer who allows or not, beside the closed form."""
    for mean, sd in [(-0.3, 1.0), (0.5, 0.6)]:
        u = rng.normal(mean, sd, 200_000)
        gained = np.where(rng.random(u.size) < human.allows(u), u, 0.0)
        assert abs(gained.mean() - play(Normal(mean=mean, sd=sd), human).defer) < 4 * gained.std() / np.sqrt(u.size)


def test_discrete_beliefs_are_the_sum_over_their_values(rng):
    """Both forms of Δ in the paper, for random beliefs and overseers, and for any overseer with a method `allows`."""

    class Cautious:
        def allows(self, u):
            return np.where(np.asarray(u) > 0.5, 0.9, 0.1)

    for human in (Boltzmann(temperature=0.5), Noisy(noise=2.0), Fallible(right=0.6), Rational(), Coin(allow=0.2), Cautious()):
        u, p = rng.normal(0, 2, (500, 6)), rng.dirichlet(np.ones(6), 500)
        game, allowed = play(Discrete(values=u, chances=p), human), human.allows(u)
        rewarded = (p * u * allowed).sum(-1)
        assert game.defer == pytest.approx(rewarded, rel=1e-9, abs=1e-13)
        smaller = np.minimum((-p * u * (1 - allowed)).sum(-1), rewarded)
        assert game.incentive == pytest.approx(smaller, rel=1e-9, abs=1e-13)


def test_stein_decomposition(rng):
    """Δ = σ² E π′(U) − |μ| P(overseer overrules the agent's best guess), another formula of the paper, by quadrature."""
    for _ in range(20):
        (mean, sd), beta = a_belief(rng), float(np.exp(rng.normal()))
        edges = np.unique(np.concatenate([np.linspace(-9, 9, 19) * sd + mean, np.linspace(-30, 30, 31) * beta]))

        def expected(function, mean=mean, sd=sd, edges=edges):
            def integrand(u):
                return function(u) * off_switch.density((u - mean) / sd) / sd

            return sum(quad(integrand, *ends, epsrel=1e-10)[0] for ends in itertools.pairwise(edges))

        slope = expected(lambda u, beta=beta: expit(u / beta) * expit(-u / beta) / beta)
        overruled = expected(lambda u, mean=mean, beta=beta: expit(-np.sign(mean) * u / beta))
        game = play(Normal(mean=mean, sd=sd), Boltzmann(temperature=beta))
        assert game.incentive == pytest.approx(sd**2 * slope - abs(mean) * overruled, rel=1e-8, abs=1e-10)


# --- laws ---


def beliefs(rng, count):
    """Means, standard deviations and noises; |μ|/σ stays below 35, beyond which a rational overseer adds less than 1e-260 σ."""
    mean = rng.normal(0, 2, count)
    return mean, np.maximum(np.exp(rng.normal(0, 1, count)), np.abs(mean) / 35), np.exp(rng.normal(0, 1.5, count))


HUMANS = [lambda _: Rational(), lambda x: Boltzmann(temperature=x), lambda x: Noisy(noise=x)]


@pytest.mark.parametrize("human", HUMANS)
def test_m1_even_and_m2_homogeneous(rng, human):
    mean, sd, width = beliefs(rng, 4000)
    one = play(Normal(mean=mean, sd=sd), human(width)).incentive
    assert play(Normal(mean=-mean, sd=sd), human(width)).incentive == pytest.approx(one, rel=1e-12, abs=1e-300)
    k = np.exp(rng.normal(0, 3, 4000))
    game = play(Normal(mean=k * mean, sd=k * sd), human(k * width))
    assert np.abs(game.incentive - k * one).max() <= 1e-11 * (k * sd).max()
    assert game.incentive == pytest.approx(k * one, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("human", HUMANS[1:])
def test_m3_an_overseer_without_noise_is_rational(rng, human):
    mean, sd, _ = beliefs(rng, 1000)
    belief, rational = Normal(mean=mean, sd=sd), play(Normal(mean=mean, sd=sd), Rational()).incentive
    assert play(belief, human(0.0)).incentive == pytest.approx(rational, rel=1e-11)
    assert play(belief, human(1e-6)).incentive == pytest.approx(rational, rel=1e-5, abs=1e-11)


def test_m4_a_coin_never_helps(rng):
    mean, sd, _ = beliefs(rng, 4000)
    for belief in (Normal(mean=mean, sd=sd), Discrete(values=np.stack([mean - sd, mean + sd], -1), chances=[0.3, 0.7])):
        game = play(belief, Coin(allow=rng.random(4000)))
        assert (game.incentive <= 0).all()
    hot = play(Normal(mean=mean, sd=sd), Boltzmann(temperature=np.inf)).incentive
    assert hot == pytest.approx(-np.abs(mean) / 2, rel=1e-12)


def test_m5_the_boundary_of_a_boltzmann_overseer(rng):
    mean, sd, _ = beliefs(rng, 4000)
    belief, cut = Normal(mean=mean, sd=sd), critical_temperature(mean, sd)
    assert (play(belief, Boltzmann(temperature=cut * 0.999)).incentive > 0).all()
    assert (play(belief, Boltzmann(temperature=cut * 1.001)).incentive < 0).all()
    assert (np.abs(play(belief, Boltzmann(temperature=cut)).incentive) <= 1e-15 * sd).all()
    assert play(Normal(mean=0, sd=1), Boltzmann(temperature=1e6)).incentive > 0
    assert critical_temperature(0, 1) == np.inf


def test_theorem_1_and_corollary_1(rng):
    """A rational overseer never costs anything; a sure agent never gains, whoever oversees it."""
    mean, sd, width = beliefs(rng, 4000)
    assert (play(Normal(mean=mean, sd=sd), Rational()).incentive > 0).all()
    for human in (Boltzmann(temperature=width), Noisy(noise=width), Fallible(right=rng.random(4000)), Rational()):
        sure = play(Normal(mean=mean, sd=0), human)
        assert (sure.incentive <= 0).all()
        wrong = np.where(mean > 0, 1 - human.allows(mean), human.allows(mean))
        assert sure.incentive == pytest.approx(-np.abs(mean) * wrong, rel=1e-10, abs=1e-15)
        almost = play(Normal(mean=mean, sd=1e-9), human)
        assert almost.incentive == pytest.approx(sure.incentive, rel=1e-6, abs=1e-9)


def test_the_boundary_of_accuracy(rng):
    mean, sd, _ = beliefs(rng, 4000)
    belief = Normal(mean=mean, sd=np.maximum(sd, np.abs(mean) / 5))  # beyond, p* can hardly be told from 1
    right = critical_accuracy(belief)
    above, below = (play(belief, Fallible(right=right + step * (1 - right))).incentive for step in (0.001, -0.001))
    assert (above > 0).all()
    assert (below < 0).all()


def test_large_temperatures(rng):
    """Δ ≈ (σ² + μ²)/(4β) − |μ|/2."""
    mean, sd, _ = beliefs(rng, 500)
    game = play(Normal(mean=mean, sd=sd), Boltzmann(temperature=1e5))
    assert game.incentive == pytest.approx((sd**2 + mean**2) / 4e5 - np.abs(mean) / 2, abs=1e-9)


def test_more_doubt_more_deference(rng):
    """Under a rational overseer the incentive grows with σ at the rate φ(μ/σ) and is largest at μ = 0."""
    mean, sd, _ = beliefs(rng, 1000)
    up, down = (play(Normal(mean=mean, sd=sd * (1 + step)), Rational()).incentive for step in (1e-5, -1e-5))
    assert (up - down) / (2e-5 * sd) == pytest.approx(off_switch.density(mean / sd), rel=1e-4, abs=1e-9)
    assert (play(Normal(mean=mean, sd=sd), Rational()).incentive <= sd / np.sqrt(2 * np.pi)).all()


# --- extremes and errors ---


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1.0, 1e100, 1e150])
def test_every_scale(scale):
    game = play(Normal(mean=scale, sd=scale), Boltzmann(temperature=scale))
    assert game.incentive / scale == pytest.approx(play(Normal(mean=1, sd=1), Boltzmann(temperature=1)).incentive, rel=1e-9)
    one = by_quadrature(1, 1, Noisy(noise=1).allows)
    assert play(Normal(mean=scale, sd=scale), Noisy(noise=scale)).incentive / scale == pytest.approx(one, rel=1e-9)


def test_nothing_overflows():
    mean = np.array([0, 1e-300, 1, 40, 1e8, 1e200])[:, None, None]
    sd = np.array([0, 1e-300, 1e-8, 1, 1e8])[:, None]
    width = np.array([0, 1e-300, 1e-8, 1, 1e8, 1e300, np.inf])
    for human in (Boltzmann(temperature=width), Noisy(noise=np.minimum(width, 1e300))):
        game = play(Normal(mean=mean, sd=sd), human)
        assert np.isfinite(game.incentive).all()
        assert (game.incentive >= -mean / 2 * (1 + 1e-12) - 1e-15 * sd).all()
        assert (game.incentive <= sd / np.sqrt(2 * np.pi) * (1 + 1e-12)).all()
    assert not np.isnan(critical_temperature(mean[1:], sd[1:])).any()
    assert critical_accuracy(Normal(mean=0, sd=0)) == 0.5


def test_linear_loss_keeps_its_digits_in_the_tail():
    """Against Laplace's continued fraction m(z) = 1/(z + 1/(z + 2/(z + 3/(z + …)))), whose terms never cancel."""
    z = np.linspace(6, 37, 200)
    inner = z
    for step in range(200, 1, -1):
        inner = z + step / inner
    ratio = 1 / inner / (z + 1 / inner)  # 1 − z·m(z)
    assert off_switch.linear_loss(z) == pytest.approx(off_switch.density(z) * ratio, rel=2e-13)
    assert off_switch.linear_loss(-30.0) == 30.0
    assert off_switch.linear_loss(np.array([np.inf, -np.inf])).tolist() == [0, np.inf]
    assert off_switch.density(0.3) - 0.3 * ndtr(-0.3) == pytest.approx(off_switch.linear_loss(0.3), rel=1e-14)


@pytest.mark.parametrize(
    "human", [Rational(), Boltzmann(temperature=0.5), Noisy(noise=0.5), Fallible(right=0.8), Coin(allow=0.5)]
)
def test_shapes_broadcast(human):
    assert play(Normal(mean=0.25, sd=np.ones(7)), human).incentive.shape == (7,)
    assert play(Normal(mean=np.ones((3, 1)), sd=np.ones(7)), human).defer.shape == (3, 7)
    assert play(Discrete(values=np.ones((5, 2)), chances=[0.5, 0.5]), human).act.shape == (5,)
    assert play(Normal(mean=0, sd=1), human).incentive.shape == ()
    many = Boltzmann(temperature=np.ones((4, 1)))
    assert play(Discrete(values=np.ones((5, 2)), chances=[0.5, 0.5]), many).act.shape == (4, 5)


def test_values_speak():
    assert "deferring is worth 8 more" in repr(play(uniform(-40, 60), Rational()))
    assert repr(play(Normal(mean=[-1, 1], sd=1), Rational())) == "<Prospects (2,): deferring pays in 100% of them>"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Normal(mean=0, sd=-1), "sd must be at least 0 .a standard deviation., not -1"),
        (lambda: Normal(mean=np.nan, sd=1), "mean must be a finite number, not nan"),
        (lambda: Boltzmann(temperature=-2), "temperature must be at least 0 .a temperature, not its inverse., not -2"),
        (lambda: Noisy(noise=[1, -3]), "noise must be at least 0 .*not -3"),
        (lambda: Fallible(right=70), "right must be a number from 0 to 1 .a percentage is divided by 100., not 70"),
        (lambda: Coin(allow=-0.1), "allow must be a number from 0 to 1, not -0.1"),
        (lambda: Discrete(values=[1, 2], chances=[0.5, 0.6]), "chances must add up to 1, not 1.1"),
        (lambda: Discrete(values=[1, 2, 3], chances=[0.5, 0.5]), "each value needs a chance: 3 values, 2 chances"),
    ],
)
def test_what_cannot_be_is_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()


def test_an_unknown_overseer_needs_a_discrete_belief():
    class Odd:
        def allows(self, u):
            return np.zeros(np.shape(u))

    with pytest.raises(TypeError, match="Normal knows no closed form for Odd: give a Discrete belief"):
        play(Normal(mean=0, sd=1), Odd())
