"""The exact law of total harm: anchors A3 and A4, independent routes, laws that hold for every case, and what is refused."""

import json
from pathlib import Path

import mixes
import numpy as np
import pytest
from oracles import vasicek
from scipy import special, stats
from worlds import random_case, random_policy

import simkit as sk
from simkit.aggregate import Disagreement, NegativeBinomial, Poisson, Total, smoothed, transforms
from simkit.aggregate.distribution import Compound
from simkit.aggregate.inversion import LADDER, by_other_engine
from simkit.aggregate.lattice import bracket, on_lattice, span_of, windows
from simkit.aggregate.quantiles import Mixtures
from simkit.case import from_arrays
from simkit.population import worlds_from
from simkit.severity import Gamma, Lognormal, Pareto, Point, SeverityLevel, SeverityTable

ROWS = json.loads((Path(__file__).parent / "reference" / "aggregate.json").read_text(encoding="utf-8"))["anchors"]
MANY = 1e12
"""So many users with so small a chance that the count is Poisson to 1e-10."""


def anchor(name):
    return ROWS[name]["value"]


def close(value, expected, rel=1e-6):
    return value == pytest.approx(expected, rel=rel)


def table(values, chances):
    chances = np.array(chances) / np.sum(chances)
    return SeverityTable(
        kind="table", levels=tuple(SeverityLevel(value=float(v), chance=float(c)) for v, c in zip(values, chances, strict=True))
    )


def lognormal(median=1.0, sigma=1.0):
    return Lognormal(kind="lognormal", median=median, sigma=sigma)


def one_law(severity, chance, users, **how):
    """The total of users who bring an event with this chance each."""
    case = from_arrays([1.0], [[1.0]], [[0, 0]], harmful=[True], harm_chance=[[0, chance]], severity=severity)
    return sk.total(case, sk.policy.constant(case, "response-1"), users, **how)


def compound_poisson(severity, rate):
    return one_law(severity, 1.0, Poisson(rate))


def chance_of(law, size, width=0.5):
    return law.tail(size - width) - law.tail(size)


SMOOTH = [
    lognormal(15.0, 1.4),
    lognormal(1.0, 0.5),
    lognormal(1.0, 3.0),
    Gamma(kind="gamma", average=2.0, shape=0.4),
    Gamma(kind="gamma", average=1.0, shape=6.0),
    Pareto(kind="pareto", smallest=1.0, tail=2.5),
    Pareto(kind="pareto", smallest=2.0, tail=1.0),
    Pareto(kind="pareto", smallest=1.0, tail=0.7),
]
NAMES = [f"{s.kind}-{getattr(s, 'sigma', getattr(s, 'shape', getattr(s, 'tail', '')))}" for s in SMOOTH]


# --- anchors ----------------------------------------------------------------------------------------------------------


def panjer(p, a, b, masses, count):
    """Panjer (1981): the compound law of the (a, b, 0) class on 0 … count − 1; p = P(N = 0) where masses[0] = 0."""
    masses = np.append(masses, np.zeros(max(0, count - len(masses))))[:count]
    found = np.zeros(count)
    found[0] = p
    for s in range(1, count):
        k = np.arange(1, s + 1)
        found[s] = ((a + b * k / s) * masses[1 : s + 1] * found[s - 1 :: -1][:s]).sum() / (1 - a * masses[0])
    return found


def dental():
    """Loss Models example 9.5: a mixture over the number of claims, each of which is certain."""
    severity = table(range(1, 11), [0.15, 0.2, 0.25, 0.125, 0.075, 0.05, 0.05, 0.05, 0.025, 0.025])
    counts = np.arange(9.0)
    laws = Compound((severity,), np.ones((9, 1, 1)), counts[:, None])
    chance = np.array([0.05, 0.10, 0.15, 0.20, 0.25, 0.15, 0.06, 0.03, 0.01])
    base = one_law(severity, 1.0, 1)
    return Total(base.case, base.policy, np.array(1.0), "harm", Mixtures(laws, chance), ())


def test_a3_1_to_4_group_dental():
    law = dental()
    assert close([law.mean, law.variance, 25 * law.mean, 25 * law.sd], anchor("A3.1"))
    found = [law.chance_of_none, *(chance_of(law, s) for s in range(1, 8))]
    assert close([float(x) for x in found], anchor("A3.2"))
    assert close([25 * float(law.excess(float(d))) for d in range(8)], anchor("A3.3"))
    pairs = [(law.quantile(p), law.shortfall(p)) for p in (0.95, 0.99)]
    assert close(np.ravel(pairs), anchor("A3.4"))


def test_a3_5_and_7_compound_poisson():
    assert close(chance_of(compound_poisson(table([1, 5, 10], [0.8, 0.16, 0.04]), 5), 6), anchor("A3.5")[0])
    law = compound_poisson(table([1, 2, 3, 4], [0.4, 0.3, 0.2, 0.1]), 3)
    assert close(1 - law.tail(3), anchor("A3.7")[0])


def test_a3_6_sum_of_compound_poissons():
    law = compound_poisson(table([1, 2, 3], [1.9, 0.8, 0.3]), 3)
    chances = [law.chance_of_none, *(chance_of(law, s) for s in (1, 2, 3, 4))]
    assert close([chances[2], *(np.exp(3) * c for c in chances)], anchor("A3.6"))


class Levy:
    """A stable severity of index 1/2, scale 1: Grübel & Hermesmeier's example."""

    kind, mean, mean_square = "levy", np.inf, np.inf

    def above(self, x):
        with np.errstate(divide="ignore"):
            return special.erf(np.sqrt(0.5 / np.maximum(x, 0)))


def test_a3_10_to_12_gruebel_hermesmeier():
    """Tilted and padded, the FFT is Panjer's recursion; with neither it wraps round, by a factor of 2000 at x = 1."""
    at, k = [1, 10, 100, 1000], np.arange(1024)
    levy, n = Levy(), np.arange(1, 200)
    below = lambda x: 1 - levy.above(x)  # noqa: E731
    shares = stats.poisson(20).pmf(n)
    true = [(shares * (below((x + 0.5) / n**2) - below((x - 0.5) / n**2))).sum() for x in at]
    masses = below(k + 0.5) - np.append(0, below(k[1:] - 0.5))
    recursion = panjer(np.exp(-20 * (1 - masses[0])), 0, 20, masses, 1024)
    grid = on_lattice(Compound((levy,), np.full((1, 1, 1), 20 / MANY), np.full((1, 1), MANY)), 1.0, 1024)
    plain = np.fft.ifft(np.exp(20 * (np.fft.fft(masses) - 1))).real
    assert close(true, anchor("A3.10"))
    assert close(recursion[at], anchor("A3.11"))
    assert close(np.diff(grid.below[0], prepend=0)[at], anchor("A3.11"))
    assert close(plain[at], anchor("A3.12"))


def test_a3_14_embrechts_frei():
    law = compound_poisson(Gamma(kind="gamma", average=1.0, shape=1.0), 50)
    assert close(law.quantile(np.array([0.999, 0.999999])), anchor("A3.14"))


def test_a3_15_and_16_group_life():
    benefits = np.array([15, 16, 20, 28, 31, 18, 26, 24, 60, 14, 17, 19, 30, 55.0])
    q = np.array([149, 142, 128, 122, 123, 353, 394, 484, 2182, 50, 50, 54, 103, 479]) / 1e5
    laws = Compound(tuple(Point(kind="point", value=b) for b in benefits), np.diag(q)[None], np.ones((1, 14)))
    mean, variance = anchor("A3.15")
    assert 1000 * laws.mean[0] == pytest.approx(mean, abs=0.01)
    assert close(1e6 * laws.variance[0], variance)
    assert close(on_lattice(laws, 1.0, 512).tail(1.45 * laws.mean[0])[0], anchor("A3.16")[2])


def test_a3_18_and_19_four_segments():
    rates = [[0, q] for q in (0.0002, 0.0001, 0.001, 0.04)]
    severity = table([1, 5, 50], [0.7, 0.2, 0.1])
    case = from_arrays(
        [0.4, 0.25, 0.3, 0.05], np.ones((4, 1)), np.zeros((4, 2)), harmful=[0, 0, 0, 1], harm_chance=rates, severity=severity
    )
    law = sk.total(case, sk.policy.constant(case, "response-1"), 1000)
    assert close([float(x) for x in (law.mean, law.sd, law.chance_of_none)], anchor("A3.18"))
    assert close(np.ravel([(law.quantile(p), law.shortfall(p)) for p in (0.95, 0.99)]), anchor("A3.19"))


def test_a4_1_vasicek():
    assert close(vasicek(0.01, [0.2, 0.2, 0.05], [0.99, 0.999, 0.999]), anchor("A4.1"))


@pytest.mark.parametrize(("correlation", "index"), [(0.0, 0), (0.01, 1), (0.1, 2)])
def test_a4_2_exchangeable_users(correlation, index):
    """Beta-binomial: worlds are the nodes of a Gauss–Jacobi quadrature over the share of harmful senders."""
    case = from_arrays([0.99, 0.01], np.ones((2, 1)), np.zeros((2, 2)), harmful=[0, 1], harm_chance=[[0, 0], [0, 1]])
    answer = sk.policy.constant(case, "response-1")
    if correlation == 0:
        assert close(sk.total(case, answer, 1000).sd, anchor("A4.2")[index])
        return
    spread = 1 / correlation - 1
    nodes, weights = special.roots_jacobi(40, 0.99 * spread - 1, 0.01 * spread - 1)
    q = (1 + nodes) / 2
    law = sk.total(case, answer, 1000, worlds=worlds_from(case.population, np.stack([1 - q, q], 1))).pooled(weights)
    assert close([law.mean, law.sd], [10.0, anchor("A4.2")[index]])


def test_a_wrong_number_is_seen():
    """Negative control of the comparator."""
    assert not close(np.array(anchor("A3.14")) * (1 + 1e-5), anchor("A3.14"))


# --- independent routes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", SMOOTH, ids=NAMES)
def test_one_user(severity):
    """With one user the total is one event, or none."""
    law = one_law(severity, 0.3, 1)
    x = np.array([0.5, 2.0, 7.0, 300.0]) * getattr(severity, "smallest", 1.0)
    assert law.tail(x) == pytest.approx(0.3 * severity.above(x), rel=1e-6, abs=1e-11)
    assert law.any_event_over(x) == pytest.approx(0.3 * severity.above(x), rel=1e-9)
    assert severity.above(law.quantile(0.9)) == pytest.approx(1 / 3, rel=1e-7)


@pytest.mark.parametrize(("users", "chance"), [(3, 0.4), (1000, 1e-3), (1000, 0.03), (10**4, 0.5), (10**9, 1e-4)])
def test_gamma_severities_add_up_in_closed_form(users, chance):
    severity = Gamma(kind="gamma", average=2.0, shape=1.5)
    law = one_law(severity, chance, users)
    middle, spread = users * chance, 12 * np.sqrt(users * chance) + 40
    n = np.arange(max(0, int(middle - spread)), min(users, int(middle + spread)) + 1)
    shares = stats.binom(users, chance).pmf(n)
    x = law.quantile(np.array([0.9, 0.99, 0.9999]))
    x = x[x > 0]
    tails = [(shares[n > 0] * special.gammaincc(1.5 * n[n > 0], y * 1.5 / 2)).sum() for y in x]
    assert law.tail(x) == pytest.approx(tails, rel=1e-6 if users < 1e8 else 2e-5)  # SciPy's binomial has lost digits there
    slope = np.array([(shares[n > 0] * stats.gamma(1.5 * n[n > 0], scale=2 / 1.5).sf(y * (1 + 1e-6))).sum() for y in x]) - tails
    assert (np.abs(slope) < 1e-3 * np.array(tails)).all()


@pytest.mark.parametrize("severity", SMOOTH, ids=NAMES)
@pytest.mark.parametrize("events", [0.05, 3.0, 45.0])
def test_inside_the_certified_bracket(severity, events):
    law = one_law(severity, events / 1000, 1000)
    for level in (0.5, 0.99, 0.999):
        x = float(law.quantile(level))
        if x > 0:
            ends = bracket(law.mixtures.compound, 1.5 * x)
            inside = zip((ends.low, ends.high), (-1e-11, 1e-11), strict=True)
            low, high = (grid.span * (grid.below[0] >= level + side).argmax() for grid, side in inside)
            assert low <= x <= high
            below, above = ends.tail(x)
            assert below[0] <= law.tail(x) <= above[0]
            assert not below[0] <= 1.02 * law.tail(x) + 0.02 <= above[0], "negative control: the bracket is tight"


@pytest.mark.parametrize("severity", SMOOTH, ids=NAMES)
@pytest.mark.parametrize("users", [10, 10**3, 10**5, 8 * 10**9, 10**12])
def test_two_engines_agree(severity, users):
    case = from_arrays([1.0], [[1.0]], [[0, 0]], harmful=[True], harm_chance=[[0, 0.03]], severity=severity)
    answers = np.linspace(0.01, 1, 7)
    policies = sk.Policy(name="some", answer=np.stack([1 - answers, answers], -1)[:, None, :])
    found = sk.total(case, policies, users).check(0.999)
    some = found.size > 0
    assert (np.abs(found.difference[some]) < 1e-9).all()
    assert found.tail[some] == pytest.approx(0.001, rel=1e-7)
    inverted = some & (found.engine != "exact")
    assert (found.engine[inverted] != found.second_engine[inverted]).all()


@pytest.mark.parametrize("shape", [26, 100, 400, 2500, 1e5])
@pytest.mark.parametrize(("users", "chance"), [(3, 0.4), (2000, 0.004), (2000, 0.1), (20000, 0.05)])
def test_narrow_severities_are_lumps(shape, users, chance):
    """So narrow that events can be counted: a sum over their number.  (With 1000 events a leaning path misses the lumps.)"""
    law = one_law(Gamma(kind="gamma", average=1.0, shape=shape), chance, users)
    n = np.arange(1, min(users, int(users * chance + 15 * np.sqrt(users * chance) + 30)) + 1)
    shares = stats.binom(users, chance).pmf(n)
    x = law.quantile(np.array([0.5, 0.9, 0.999, 0.99999]))
    tails = np.array([(shares * special.gammaincc(shape * n, y * shape)).sum() for y in x])
    assert tails == pytest.approx([0.5, 0.1, 0.001, 0.00001], rel=2e-8)
    away = x * (1 + 0.2 / np.sqrt(shape))
    tails = np.array([(shares * special.gammaincc(shape * n, y * shape)).sum() for y in away])
    assert law.tail(away) == pytest.approx(tails, rel=1e-7, abs=1e-11)
    excess = [
        (shares * (n * special.gammaincc(shape * n + 1, y * shape) - y * special.gammaincc(shape * n, y * shape))).sum()
        for y in x
    ]
    assert law.excess(x) == pytest.approx(excess, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("sigma", [0.2, 0.1, 0.05, 0.02, 0.01])
@pytest.mark.parametrize(("users", "chance"), [(3, 0.4), (2000, 0.004), (2000, 0.06)])
def test_narrow_lognormals_by_a_transform_of_their_density(sigma, users, chance):
    """Spectral: the density on a grid that resolves it, one FFT, the law's own Fourier series integrated exactly."""
    law = one_law(lognormal(1.0, sigma), chance, users)
    count, period = 2**17, 3 * users * chance + 80.0
    y = np.arange(1, count) * period / count
    density = np.append(0.0, np.exp(-(np.log(y) ** 2) / (2 * sigma**2)) / (y * sigma * np.sqrt(2 * np.pi)) * period / count)
    none = (1 - chance) ** users
    some = np.exp(users * np.log1p(chance * (np.fft.rfft(density) - 1))) - none
    turns = 2 * np.pi / period * np.arange(1, len(some))
    for x in law.quantile(np.array([0.6, 0.99, 0.999])):
        below = none + some[0].real * x / period
        below += 2 / period * (some[1:] * (np.exp(1j * turns * x) - 1) / (1j * turns)).real.sum()
        assert law.tail(x) == pytest.approx(1 - below, rel=1e-8)


def test_a_rounded_lattice_is_as_long_as_the_quantile():
    """One for the total's likely size is too coarse for a quantile far below it: a state with few events."""
    severities = (lognormal(0.97, 0.32), Point(kind="point", value=10.0))
    laws = Compound(severities, np.array([[[0.9, 2e-5]], [[2e-4, 1e-4]]]), np.array([[10000.0], [10000.0]]))
    base = one_law(lognormal(), 0.1, 10)
    law = Total(base.case, base.policy, np.array(1.0), "harm", Mixtures(laws, np.array([0.9, 0.1])), ())
    for level in (0.02, 0.05, 0.09):
        assert law.tail(law.quantile(level)) == pytest.approx(1 - level, abs=1e-5)


@pytest.mark.parametrize("nodes", [512, 2048, 2**14])
def test_a_size_is_never_off_by_more_than_its_bound(nodes, monkeypatch):
    """Points without a common divisor, and a density that begins steeply: the exact answer is a sum over both counts."""
    monkeypatch.setattr(smoothed, "NODES", (nodes,))
    users, point, dense, value, shape, average = 40, 0.2, 0.1, np.pi, 0.4, 2.0
    law = mixed(
        (Point(kind="point", value=value), Gamma(kind="gamma", average=average, shape=shape)), [[[point, dense]]], [[users]]
    )
    one = smoothed.kinked_of(law.mixtures, 0)
    off = []
    for level in (0.5, 0.8, 0.97):
        x, bound = one.quantile(level, 10.0)
        low, high = (point_and_gamma(users, point, dense, value, shape, average, x * (1 + side * bound)) for side in (-1, 1))
        assert high - 1e-9 <= 1 - level <= low + 1e-9
        off.append(bound)
    assert 1e-8 < max(off) < 40 / nodes, "negative control: so few nodes are not exact"


def test_a_narrow_severity_beside_one_that_never_dies():
    """Lumps that a Pareto blurs, but only in some worlds, against one world after the other: counts of lumps and of Paretos."""
    law = mixed((lognormal(1.0, 0.01), Pareto(kind="pareto", smallest=1.0, tail=3.0)), [[[0.05, 5e-5]]], [[20000.0]])
    assert law.engine == "smoothed"
    lumps = one_law(lognormal(1.0, 0.01), 0.05 / (1 - 5e-5), 20000)
    x, y = 1040.3, np.geomspace(1, 200, 4001)
    exact, mass = 0.0, stats.binom(20000, 5e-5).pmf(np.arange(8))
    steps = np.diff(1 - y**-3.0)
    for count in range(2):
        middle = np.sqrt(y[:-1] * y[1:])
        exact += mass[count] * (float(lumps.tail(x)) if not count else (steps * lumps.tail(np.array(x - middle))).sum())
    assert float(law.tail(x)) == pytest.approx(exact, abs=mass[2:].sum())
    assert law.quantile(0.9) == pytest.approx(law.quantile(0.9 + 1e-6), rel=1e-3)


STEPPED = [
    Point(kind="point", value=3.0),
    table([0.5, 2, 15], [0.6, 0.3, 0.1]),
    table([1, 0.5], [0.9999, 0.0001]),
    table([0.07, 1, 33.3], [0.6, 0.3, 0.1]),
]


@pytest.mark.parametrize("severity", STEPPED, ids=["point", "table", "seldom-half", "fine"])
@pytest.mark.parametrize(("users", "shock"), [(1, 0.0), (30, 0.0), (2000, 0.0), (60000, 0.0), (30, 0.3)])
def test_a_batch_of_laws_in_steps(severity, users, shock):
    """All at once by windows, each as the padded and tilted lattice has it."""
    q = np.array([0.003, 0.02, 0.3])
    case = from_arrays([1.0], [[1.0]], [[0, 0]], harmful=[True], harm_chance=[[0, 1.0]], severity=severity)
    policies = sk.Policy(name="some", answer=np.stack([1 - q, q], -1)[:, None, :])
    law = sk.total(case, policies, users, shock=shock)
    alone = [sk.total(case, policies[i], users, shock=shock) for i in range(3)]
    for level in (0.3, 0.99):
        x = law.quantile(level)
        assert x == pytest.approx([float(one.quantile(level)) for one in alone], rel=1e-12)
        assert law.tail(x) == pytest.approx([float(one.tail(x[i])) for i, one in enumerate(alone)], rel=1e-9, abs=1e-12)
        span = span_of((severity,))
        for i in np.flatnonzero((x > 0) & (x / span < 3e4)):
            grid = on_lattice(law.mixtures.compound.take(np.array([i])), span, 2 ** int(np.log2(x[i] / span + 4) + 1))
            assert law.tail(x)[i] == pytest.approx(grid.tail(x[i])[0], abs=2e-12)
            assert law.tail(x - span)[i] == pytest.approx(grid.tail(x[i] - span)[0], abs=2e-12)
            assert grid.tail(x[i])[0] <= 1 - level + 1e-12 < grid.tail(x[i] - span)[0] + 1e-12


@pytest.mark.parametrize(("users", "chance"), [(1000, 0.003), (60000, 0.02), (10**6, 0.05)])
def test_excess_of_steps_is_that_of_a_binomial(users, chance):
    law, exact = one_law(Point(kind="point", value=2.0), chance, users), stats.binom(users, chance)
    for level in (0.3, 0.99, 0.9999):
        x = float(law.quantile(level))
        assert x == 2 * exact.ppf(level)
        beyond = 2 * exact.sf(np.arange(x / 2, x / 2 + 2000)).sum()
        assert law.excess(x) == pytest.approx(beyond, rel=1e-6)
        assert law.excess(x + 0.5) == pytest.approx(beyond - 0.5 * exact.sf(x / 2), rel=1e-6)


def test_windows_hold_their_laws():
    laws = Compound((table([1, 4], [0.8, 0.2]),), np.array([[[1e-4]], [[0.01]], [[0.9]], [[1.0]]]), np.full((4, 1), 3000.0))
    first, last = windows(laws, 1.0)
    grid = on_lattice(laws, 1.0, 2**14).below
    rows = np.arange(4)
    assert (grid[rows, np.maximum(first - 1, 0)] * (first > 0) < 1e-11).all()
    assert (1 - grid[rows, last] < 1e-11).all()
    assert (last - first < np.array([60, 200, 1600, 1600])).all(), "and not much more"


def test_a_lattice_too_fine_is_not_rounded_unseen():
    """Steps of 0.01 in a total of 65,000: the law is nearly normal."""
    law = one_law(STEPPED[3], 0.3, 60000)
    ends = law.quantile(np.array([0.15865525393145707, 0.8413447460685429]))
    assert ends[1] - ends[0] == pytest.approx(2 * law.sd, rel=1e-3)
    assert law.quantile(0.5) == pytest.approx(law.mean, rel=1e-3)


def test_exponentials_by_tangents():
    rng = np.random.default_rng(3)
    for size in (1e-9, 1e-3, 1.0, 20.0):
        z = size * (rng.normal(size=4000) + 1j * rng.normal(size=4000) * 30)
        assert np.abs(transforms.exp(z) / np.exp(z) - 1).max() < 3e-15
        assert np.abs(transforms.expm1(z) / np.expm1(z) - 1).max() < 3e-15


def test_panjer_is_the_lattice_engine():
    """M11: the binomial's recursion, the negative binomial's, and both engines' lattices."""
    masses, q, users = np.array([0, 0.5, 0.3, 0.2]), 0.02, 300
    severity = table([1, 2, 3], masses[1:])
    a = -q / (1 - q)
    law = one_law(severity, q, users)
    recursion = panjer((1 - q) ** users, a, -(users + 1) * a, masses, 60)
    assert 1 - law.tail(np.arange(60.0)) == pytest.approx(np.cumsum(recursion), rel=1e-9)
    shock = 0.4  # r = 1/v, β = v · rate
    mixed = one_law(severity, q, users, shock=shock)
    r, beta = 1 / shock, shock * q * users
    recursion = panjer((1 + beta) ** -r, beta / (1 + beta), (r - 1) * beta / (1 + beta), masses, 60)
    assert 1 - mixed.tail(np.arange(60.0)) == pytest.approx(np.cumsum(recursion), rel=1e-9)


def test_many_points_are_a_lattice():
    """A count of 2.4 million events: steps are seen, and quantiles are whole."""
    law = one_law(Point(kind="point", value=1.0), 0.3, 8_000_000)
    assert law.engine == "exact"
    exact = stats.binom(8_000_000, 0.3)
    assert law.quantile(np.array([0.5, 0.999])).tolist() == exact.ppf([0.5, 0.999]).tolist()
    assert law.tail(np.array([2.4e6, 2_404_000.5])) == pytest.approx(exact.sf([2.4e6, 2_404_000.5]), rel=1e-6)


def test_a_gamma_shock_is_a_mixture_over_worlds():
    """Gauss–Laguerre over the shock, each world compound Poisson."""
    severity, rate, shock = lognormal(1.0, 1.0), 20.0, 0.5
    nodes, weights = special.roots_genlaguerre(60, 1 / shock - 1)
    laws = Compound((severity,), (rate * nodes * shock / MANY)[:, None, None], np.full((60, 1), MANY))
    worlds = Mixtures(laws, weights / weights.sum())
    law = one_law(severity, rate / MANY, MANY, shock=shock)
    x = law.quantile(np.array([0.5, 0.99, 0.999]))
    for size, tail in zip(x, law.tail(x), strict=True):
        reading = worlds.read(np.array([size]))
        assert worlds.mixed(reading.chances(np.full(60, size)).tail)[0] == pytest.approx(float(tail), rel=1e-6)
    assert close(law.variance, rate * severity.mean_square + shock * (rate * severity.mean) ** 2)


def test_atoms_and_densities_together():
    """A table and a lognormal in one law: between the certified ends, and right where only the atoms speak."""
    case = sk.load("household-cleaners")
    law = sk.total(case, sk.policy.constant(case, "step-by-step-recipe"), 1000)
    found = law.check(0.99)
    assert found.engine == "smoothed"
    assert abs(found.difference) < 1e-4
    small = sk.total(case.in_state("usual"), sk.policy.constant(case, "step-by-step-recipe"), 1)
    sizes = np.array([0.05, 0.1, 0.5, 1.0, 3.0, 40.0])
    assert small.tail(sizes) == pytest.approx(small.any_event_over(sizes), rel=1e-6, abs=1e-12)


# --- laws that hold for every case ------------------------------------------------------------------------------------

SEEDS = range(6)


def world(seed, users=400, **how):
    rng = np.random.default_rng([7, seed])
    case = random_case(rng, question=bool(seed % 2))
    policy = random_policy(case, rng, (3,))
    return case, policy, sk.total(case, policy, users, **how)


@pytest.mark.parametrize("seed", SEEDS)
def test_m9_mean_and_variance(seed):
    """Means are those of `expect`; the curve's area is the mean, its first moment the variance."""
    case, policy, law = world(seed)
    assert close(law.mean, 400 * sk.expect(case, policy).harm, 1e-9)
    neglect = sk.total(case, policy, 400, of="neglect")
    assert close(neglect.mean, 400 * sk.expect(case, policy).neglect, 1e-9)
    points, weights = np.polynomial.legendre.leggauss(60)
    end = law.mean + 12 * law.sd + 10
    x = (points[:, None] + 1) / 2 * end
    tails, scale = law.tail(x), weights[:, None] * end / 2
    assert close((tails * scale).sum(0), law.mean, 1e-5)
    assert close((2 * x * tails * scale).sum(0) - law.mean**2, law.variance, 1e-3)
    assert not close((tails * scale).sum(0) * 1.001, law.mean, 1e-5), "negative control"


@pytest.mark.parametrize("seed", SEEDS)
def test_m10_quantile_shortfall_maximum(seed):
    _, _, law = world(seed, 50)
    levels = np.array([0.0, 0.3, 0.9, 0.99, 0.999])[:, None]
    size, worst = law.quantile(levels), law.shortfall(levels)
    assert (worst >= size * (1 - 1e-12)).all()
    assert (np.diff(size, axis=0) >= -1e-9).all()
    assert (np.diff(worst, axis=0) >= -1e-9).all()
    assert close(worst[0], law.mean, 1e-9)
    assert law.quantile(0.0).tolist() == [0, 0, 0]


@pytest.mark.parametrize("seed", SEEDS)
def test_more_users_more_harm(seed):
    case, policy, _ = world(seed)
    law = sk.total(case, policy, np.array([1, 3, 30, 300, 10**4, 10**7]))
    assert law.quantile(0.99).shape == (6, 3)
    assert (np.diff(law.quantile(0.99), axis=0) >= 0).all()
    assert (np.diff(law.tail(5.0), axis=0) >= -1e-12).all()
    assert (np.diff(law.chance_of_none, axis=0) <= 0).all()


@pytest.mark.parametrize("severity", SMOOTH, ids=NAMES)
def test_scale_equivariance(severity):
    scaled = {"lognormal": ("median",), "gamma": ("average",), "pareto": ("smallest",)}[severity.kind]
    from dataclasses import replace

    larger = replace(severity, **{name: 1000 * getattr(severity, name) for name in scaled})
    for users in (50, 10**8):
        small, big = (one_law(s, 0.05, users) for s in (severity, larger))
        assert close(big.quantile([0.97, 0.999]), 1000 * small.quantile([0.97, 0.999]), 1e-7)


@pytest.mark.parametrize("mix", ["drawn", "fixed"])
def test_m7_splitting_a_segment_changes_nothing(mix):
    severity, rate = lognormal(2.0, 1.2), np.array([[0, 0.1], [0, 0.02]])
    two = from_arrays([0.5, 0.5], np.ones((2, 1)), np.zeros((2, 2)), harmful=[1, 0], harm_chance=rate, severity=severity)
    four = from_arrays(
        [0.25] * 4, np.ones((4, 1)), np.zeros((4, 2)), harmful=[1, 1, 0, 0], harm_chance=rate[[0, 0, 1, 1]], severity=severity
    )
    a, b = (sk.total(case, sk.policy.constant(case, "response-1"), 400, mix=mix) for case in (two, four))
    assert close(a.quantile([0.5, 0.99]), b.quantile([0.5, 0.99]), 1e-9)


def test_m8_fixed_composition():
    """Fixed: the same mean, a smaller variance, a law that is the convolution of its groups."""
    severity, rates = table([1, 2, 5], [0.5, 0.3, 0.2]), [[0, 0.4], [0, 0.01]]
    case = from_arrays([0.3, 0.7], np.ones((2, 1)), np.zeros((2, 2)), harmful=[1, 0], harm_chance=rates, severity=severity)
    answer = sk.policy.constant(case, "response-1")
    drawn, fixed = (sk.total(case, answer, 100, mix=mix) for mix in ("drawn", "fixed"))
    assert close(drawn.mean, fixed.mean, 1e-12)
    assert fixed.variance < drawn.variance
    assert fixed.chance_of_none < drawn.chance_of_none
    groups = [one_law(severity, q, n) for q, n in ((0.4, 30), (0.01, 70))]
    sizes = np.arange(300.0)
    masses = [np.diff(1 - g.tail(sizes), prepend=0) for g in groups]
    added = np.cumsum(np.convolve(*masses)[:300])
    assert 1 - fixed.tail(sizes) == pytest.approx(added, abs=1e-10)


def test_additivity_over_independent_groups():
    """Smooth severities: the total of both groups is the numerical convolution of each one's law."""
    severity = Gamma(kind="gamma", average=1.0, shape=2.0)
    laws = Compound((severity,), np.array([[[0.3], [0.05]]]), np.array([[20.0, 100.0]]))
    whole = Mixtures(laws, np.ones(1))
    x = whole.quantile(np.array([0.99]))[0]
    first, second = (one_law(severity, q, n) for q, n in ((0.3, 20), (0.05, 100)))
    points, weights = np.polynomial.legendre.leggauss(80)
    y = (points + 1) / 2 * x[0]
    density = Mixtures(first.mixtures.compound, np.ones(1))
    slope = np.array([density.read(np.array([v])).chances(np.array([v])).density[0] for v in y])
    inside = first.chance_of_none * second.tail(x[0]) + (weights * x[0] / 2 * slope * second.tail(x[0] - y)).sum()
    assert inside + first.tail(x[0]) == pytest.approx(0.01, rel=1e-6)


def test_states_are_a_mixture():
    case = sk.load("medication-threshold")
    policy = sk.policy.constant(case, "full-with-care")
    whole = sk.total(case, policy, 8e9)
    parts = [sk.total(case.in_state(state), policy, 8e9) for state in case.population.states]
    chance = case.population.state_chance
    x = whole.quantile(np.array([0.5, 0.99, 0.999]))
    assert whole.tail(x) == pytest.approx(sum(c * part.tail(x) for c, part in zip(chance, parts, strict=True)), rel=1e-6)
    assert close(whole.mean, 8e9 * sk.expect(case, policy).harm, 1e-9)
    usual = sk.total(case.in_state("usual"), policy, 8e9)
    assert usual.quantile(0.999) < 1.02 * usual.mean, "independence makes billions look safe"
    assert whole.quantile(0.999) > 2 * whole.mean, "what is shared does not average out"


def test_batches_are_one_by_one(rng):
    """Users, worlds and policies in one call, each law as on its own."""
    case = sk.load("medication-threshold")
    policies = sk.policy.stack([sk.policy.constant(case, r) for r in ("general-safety", "full-bare")])
    worlds = sk.population.draw_worlds(case.population, rng, 3)
    law = sk.total(case, policies, np.array([100, 10**6]), worlds=worlds)
    assert law.mean.shape == law.quantile(0.99).shape == (2, 3, 2)
    moved = worlds_from(case.population, case.population.base_share[None])
    same = sk.total(case, policies[1], 10**6, worlds=moved)
    assert close(same.quantile(0.999)[0], sk.total(case, policies[1], 10**6).quantile(0.999), 1e-9)
    pooled = law.pooled()
    x = pooled.quantile(0.99)
    assert pooled.tail(x) == pytest.approx(law.tail(x[:, None, :]).mean(1), rel=1e-6, abs=1e-9)
    with pytest.raises(ValueError, match="worlds"):
        pooled.pooled()


def test_policies_that_differ_by_state():
    case = sk.load("medication-threshold")
    kinds = [sk.policy.constant(case, r) for r in ("general-safety", "full-bare")]
    mixed = sk.policy.by_state(case, dict(zip(case.population.states, kinds, strict=True)))
    parts = [sk.total(case.in_state(s), k, 1000) for s, k in zip(case.population.states, kinds, strict=True)]
    expected = sum(c * p.tail(50.0) for c, p in zip(case.population.state_chance, parts, strict=True))
    assert sk.total(case, mixed, 1000).tail(50.0) == pytest.approx(expected, rel=1e-6)


# --- edges ------------------------------------------------------------------------------------------------------------


def test_nothing_can_happen():
    for law in (one_law(lognormal(), 0.0, 1000), one_law(lognormal(), 0.3, 0)):
        assert (law.mean, law.sd, law.chance_of_none) == (0, 0, 1)
        assert law.quantile(np.array([0.5, 1.0])).tolist() == [0, 0]
        assert law.tail(np.array([0.0, 1.0])).tolist() == [0, 0]
        assert law.shortfall(0.99) == 0
        assert law.engine == "exact"


def test_certain_harm():
    law = one_law(Point(kind="point", value=3.0), 1.0, 40)
    assert (law.mean, law.sd, law.chance_of_none) == (120, 0, 0)
    assert law.quantile(np.array([0.01, 0.5, 0.999])).tolist() == [120, 120, 120]
    assert law.tail(np.array([119.0, 120.0])) == pytest.approx([1, 0], abs=1e-12)
    smooth = one_law(Gamma(kind="gamma", average=1.0, shape=1.0), 1.0, 40)
    assert close(smooth.quantile(0.99), stats.gamma(40).ppf(0.99), 1e-9)


def test_infinite_means_are_said():
    law = one_law(Pareto(kind="pareto", smallest=1.0, tail=0.9), 0.1, 10**6)
    assert np.isinf([law.mean, law.sd, law.shortfall(0.5), law.excess(1.0)]).all()
    assert np.isfinite(law.quantile(0.999))


def test_tails_below_the_floor():
    law = one_law(lognormal(1.0, 0.5), 0.2, 10**6)
    far = law.mean + 50 * law.sd
    assert law.tail(far) == 0
    assert law.below_floor(far)
    assert not law.below_floor(law.quantile(0.999999))
    assert law.tail(law.mean / 2) == 1


def test_shortfall_is_coherent_at_atoms():
    """Trap T4: the mean beyond the quantile is wrong where the quantile is an atom."""
    law = one_law(Point(kind="point", value=1.0), 0.05, 1)
    assert law.quantile(0.9) == 0
    assert law.shortfall(0.9) == pytest.approx(0.5, rel=1e-12)


def test_front_pages():
    case = sk.load("medication-threshold")
    answer = sk.policy.constant(case, "general-safety")
    users = np.array([1, 2, 1000, 10**6, 8 * 10**9])
    found = sk.event_counts.front_pages(case, answer, users, harm=1000, neglect=20)
    for of, size, chance in (("harm", 1000, found.harm), ("neglect", 20, found.neglect)):
        exact = [sk.total(case, answer, n, of=of).any_event_over(size) for n in users]
        assert chance == pytest.approx([float(x) for x in exact], rel=1e-9)
    assert found.both[0] == 0, "one sender brings at most one event"
    assert found.either == pytest.approx(found.harm + found.neglect - found.both, rel=1e-9)
    assert (np.diff(found.both) > 0).all()
    rates = [sk.event_counts.front_pages(case.in_state(s), answer, 1, harm=1000, neglect=20) for s in case.population.states]
    pair = [2 * float(r.harm * r.neglect) for r in rates]
    assert found.both[1] == pytest.approx(case.population.state_chance @ pair, rel=1e-6)


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ({"users": -1}, "users"),
        ({"users": 2.5}, "users"),
        ({"users": np.nan}, "users"),
        ({"users": 10, "of": "help"}, "of harm"),
        ({"users": 10, "mix": "other"}, "mix"),
        ({"users": 10, "shock": -1}, "shock"),
    ],
)
def test_what_is_refused(how, match):
    case = sk.load("santa")
    with pytest.raises(ValueError, match=match):
        sk.total(case, sk.policy.constant(case, "spoil"), **how)


def test_levels_and_shapes_are_checked():
    law = one_law(lognormal(), 0.1, 10)
    with pytest.raises(ValueError, match="level"):
        law.quantile(1.5)
    case = sk.load("santa")
    batch = sk.total(case, sk.policy.stack([sk.policy.constant(case, "spoil")] * 2), 10)
    with pytest.raises(ValueError, match="batch"):
        batch.tail(np.array([1.0, 2.0, 3.0]))


def test_a_wrong_transform_is_a_disagreement(monkeypatch):
    """The hard self-checks see a transform that is wrong by a millionth, and an inversion that is."""
    from simkit.aggregate import inversion, moments, transforms

    right = transforms.psi
    with monkeypatch.context() as patch:
        patch.setattr(moments, "psi", lambda *args: right(*args) * (1 + 1e-6))
        with pytest.raises(Disagreement, match="mean"):
            one_law(lognormal(), 0.1, 10)
    place = inversion.place
    with monkeypatch.context() as patch:

        def off(*args, **how):
            placed = place(*args, **how)
            placed.terms[:] *= 1.001
            return placed

        patch.setattr(inversion, "place", off)
        with pytest.raises(Disagreement, match="do not use"):
            one_law(lognormal(), 0.1, 10).quantile(0.9)


def test_the_card_is_escaped_and_says_what_it_assumes():
    case = from_arrays(
        [1.0], [[1.0]], [[0, 0]], harmful=[True], harm_chance=[[0, 0.1]], severity=lognormal(), name="<script>alert(1)</script>"
    )
    law = sk.total(case, sk.policy.constant(case, "response-1"), 1000)
    card = law._repr_html_()
    assert "<script>" not in card
    assert "independent" in card
    assert "In one world of two" in card
    assert "response-1" in repr(law)
    shared = sk.load("medication-threshold")
    assert "after-a-publicised-suicide" in repr(sk.total(shared, sk.policy.constant(shared, "full-bare"), 10))


def test_spans():
    points = [Point(kind="point", value=v) for v in (0.1, 1.0, 30.0)]
    assert span_of(tuple(points)) == pytest.approx(0.1, rel=1e-15)
    assert span_of((Point(kind="point", value=np.pi), Point(kind="point", value=1.0))) == 0
    assert span_of((lognormal(),)) == 0


def test_every_rung_is_reached():
    """The ladder has no rung that no law needs."""
    reached = set()
    for severity in (*SMOOTH, *(lognormal(1.0, sigma) for sigma in (0.3, 0.25, 0.05, 0.01))):
        for users in (3, 30, 300, 3000, 10**6):
            law = one_law(severity, 0.05, users)
            x = law.quantile(0.99)
            if x > 0:
                reached |= set(law.mixtures.read(np.array([float(x)])).rung.tolist())
    assert reached == set(range(len(LADDER)))


def test_the_witness_is_another_engine():
    law = one_law(lognormal(), 0.02, 1000)
    x = np.array([float(law.quantile(0.99))])
    reading = law.mixtures.read(x)
    tail, error = by_other_engine(law.mixtures.compound, x, law.mixtures.scales, reading)
    assert tail[0] == pytest.approx(0.01, rel=1e-9)
    assert error[0] < 1e-9


def test_a_level_between_two_states_has_a_quantile():
    """At the chance of a state no total is near: a whole stretch of sizes has that chance, and one of them is returned."""
    case = sk.load("medication-threshold")
    chance = float(case.population.state_chance[0])
    found = sk.total(case, sk.policy.constant(case, "full-with-care"), users=[1e6, 1e8, 8e9])
    size = found.quantile(chance)
    np.testing.assert_allclose(found.tail(size), 1 - chance, rtol=1e-8)
    assert (found.quantile(chance - 0.01) < size).all()
    assert (size <= found.quantile(chance + 0.001)).all()


@pytest.mark.parametrize("seed", [136, 1013, 1175])
def test_mixes_that_were_wrong_once(seed):
    """At the chance of a state the search left the plateau that it stood on (two of them); a factor overflowed."""
    mix = mixes.random_mix(seed, atoms_only=seed % 3 == 0)
    law = sk.total(mix.case, mix.policy, mix.users, **mix.how)
    route, factor, where = mixes.judge(mix, law)
    assert factor <= 1, (route, factor, where)


# --- atoms and densities in one law -----------------------------------------------------------------------------------


def mixed(severities, weights, users, chance=(1.0,), **how):
    """The total of a mixture of laws: weights (Z, G, M), users (Z, G)."""
    laws = Compound(tuple(severities), np.array(weights), np.array(users, dtype=float), **how)
    base = one_law(lognormal(), 0.1, 10)
    return Total(base.case, base.policy, np.array(1.0), "harm", Mixtures(laws, np.array(chance)), ())


def point_and_gamma(users, point, gamma, value, shape, average, x):
    """P(S > x), a sum over both counts: so many points, and given them so many gammas, which add up to a gamma."""
    counts = np.arange(min(users, int(users * point + 12 * np.sqrt(users * point) + 40)) + 1)
    found = 0.0
    for j, chance in zip(counts, stats.binom(users, point).pmf(counts), strict=True):
        rest = min(users - j, int(users * gamma + 12 * np.sqrt(users * gamma) + 40))
        k = np.arange(1, rest + 1)
        beyond = stats.binom(users - j, gamma / (1 - point)).pmf(k) * special.gammaincc(
            k * shape, (x - j * value) * shape / average
        )
        found += chance * (beyond.sum() if x >= j * value else 1.0)
    return found


@pytest.mark.parametrize(
    ("users", "point", "gamma", "value", "shape", "average"),
    [
        (3, 0.4, 0.3, 1.0, 1.5, 2.0),
        (30, 0.45, 0.45, 1.0, 1.0, 0.3),
        (40, 0.2, 0.1, 1.0, 0.4, 2.0),
        (2000, 0.03, 0.002, 0.5, 2.0, 3.0),
        (2000, 0.1, 0.1, 0.5, 2.0, 3.0),
        (2000, 0.05, 0.01, 1.0, 40.0, 0.7),
        (1500, 0.3, 0.01, 1.0, 1.0, 5.0),
        (6000, 0.1, 1e-4, 1.0, 2.0, 50.0),
    ],
)
def test_points_and_gammas_are_a_sum_over_counts(users, point, gamma, value, shape, average):
    severities = (Point(kind="point", value=value), Gamma(kind="gamma", average=average, shape=shape))
    law = mixed(severities, [[[point, gamma]]], [[users]])
    for level in (0.5, 0.99, 0.9999):
        x = float(law.quantile(level))
        whole = round(x / value) * value
        x = whole if abs(whole - x) < 1e-9 else x
        exact, before = (point_and_gamma(users, point, gamma, value, shape, average, y) for y in (x, x * (1 - 1e-7)))
        assert exact <= (1 - level) * (1 + 1e-6), "the level is reached"
        assert before >= (1 - level) * (1 - 1e-6), "and not before"
        away = 1.013 * x
        exact = point_and_gamma(users, point, gamma, value, shape, average, away)
        assert law.tail(away) == pytest.approx(exact, rel=1e-6)
        assert law.tail(away) != pytest.approx(exact * (1 + 1e-5), rel=1e-6), "negative control"


def test_thousands_of_events_are_not_rounded_away():
    """4000 small lognormals and a few large points: a lattice as long as the total lost the small ones altogether."""
    severities = (Point(kind="point", value=100.0), lognormal(0.01, 1.0))
    law = mixed(severities, [[[1e-4, 0.2]]], [[20000]])
    assert law.mean == pytest.approx(200 + 40 * np.exp(0.5), rel=1e-12)
    # Given the count of points the rest is a law of lognormals alone: no point is near 65 ± 2.
    counts = stats.binom(20000, 1e-4)
    for j in (0, 1, 4):
        alone = one_law(lognormal(0.01, 1.0), 0.2 / (1 - 1e-4), 20000 - j)
        x = float(alone.quantile(0.9))
        assert law.tail(100 * j + x) == pytest.approx(counts.sf(j) + 0.1 * counts.pmf(j), rel=1e-8)


@pytest.mark.parametrize(("users", "shock"), [(300, 0.0), (4000, 0.0), (4000, 0.3)])
def test_a_table_and_a_lognormal_as_simulated(users, shock):
    rng = np.random.default_rng(users)
    severities, rates, worlds = (
        (table([0.1, 1, 30], [0.9, 0.098, 0.002]), lognormal(4.0, 1.4)),
        np.array([0.02, 0.001]),
        200_000,
    )
    law = mixed(severities, rates[None, None], [[users]], shock=shock)
    often = rng.gamma(1 / shock, shock, worlds) if shock else np.ones(worlds)
    drawn = rng.poisson(often[:, None] * users * rates) if shock else rng.multinomial(users, [*rates, 1 - rates.sum()], worlds)
    totals = np.zeros(worlds)
    for m, severity in enumerate(severities):
        sizes = severity.draw(rng, int(drawn[:, m].sum()))
        totals += np.bincount(np.repeat(np.arange(worlds), drawn[:, m]), sizes, worlds)
    for level in (0.5, 0.9, 0.99):
        x = float(law.quantile(level))
        chance = float(law.tail(x))
        assert abs((totals > x * (1 + 1e-9)).mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / worlds)
        assert law.excess(x) == pytest.approx(np.maximum(totals - x, 0).mean(), rel=0.1)


def test_groups_that_bring_both_kinds():
    """Two groups with the same chances are one; two states with the same law are one."""
    severities = (table([0.5, 2], [0.7, 0.3]), Gamma(kind="gamma", average=2.0, shape=0.7))
    one = mixed(severities, [[[0.05, 0.02]]], [[200]])
    two = mixed(severities, [[[0.05, 0.02], [0.05, 0.02]]] * 2, [[120, 80]] * 2, chance=(0.3, 0.7))
    for level in (0.3, 0.99):
        assert two.quantile(level) == pytest.approx(one.quantile(level), rel=1e-9)
        assert two.excess(one.quantile(level)) == pytest.approx(one.excess(one.quantile(level)), rel=1e-7)


def test_thousands_of_points_without_a_common_divisor():
    """Beside a narrow Pareto so small that the total is that of the points, and a little: sums over counts."""
    severities = (Point(kind="point", value=np.pi), Point(kind="point", value=1.0))
    law = mixed((*severities, Pareto(kind="pareto", smallest=1e-4, tail=9.0)), [[[0.1, 0.1, 1e-4]]], [[10**5]])
    points = mixed(severities, [[[0.1, 0.1]]], [[10**5]])
    for level in (0.5, 0.999):
        x, size = float(law.quantile(level)), float(points.quantile(level))
        assert size < x <= size * (1 + 1e-5) + 1e-2
    assert law.check(0.999).size_error < 1e-4


@pytest.mark.parametrize("severity", [*SMOOTH, *STEPPED], ids=lambda s: s.kind)
def test_limited_means_are_areas(severity):
    """E min(Y, x) = ∫_0^x P(Y > y) dy."""
    for x in (0.3, 2.0, 40.0):
        y = (np.arange(200_000) + 0.5) / 200_000 * x
        assert severity.limited_mean(x) == pytest.approx(severity.above(y).mean() * x, rel=1e-4)


# --- what was wrong once ----------------------------------------------------------------------------------------------


def test_points_without_a_common_divisor_are_no_smooth_law():
    """Their quantiles were wrong by a factor of a thousand, with a claimed error of 1e-15: a sum over both counts."""
    severity = table([0.00123, 0.5], [0.97, 0.03])
    law = one_law(severity, 0.01, 15000)
    rare, common = stats.binom(15000, 0.01 * 0.03), 0.01 * 0.97 / (1 - 0.01 * 0.03)
    for level in (0.5, 0.9, 0.999):
        x, j = float(law.quantile(level)), np.arange(60)
        left = [
            (rare.pmf(j) * stats.binom(15000 - j, common).sf(np.floor((y - 0.5 * j) / 0.00123 + 1e-6))).sum()
            for y in (x, x - 1e-7)
        ]
        assert left[0] <= 1 - level <= left[1]
        assert law.tail(x) == pytest.approx(left[0], rel=1e-9)
    assert law.quantile(0.9) == pytest.approx(3.693, rel=1e-3)


def test_points_without_a_common_divisor_under_a_shock():
    """The count of all is negative binomial, and how many of them are large is binomial."""
    shock, small, large = 0.4, 60 * 0.05, 60 * 0.03
    law = mixed((Point(kind="point", value=1.0), Point(kind="point", value=np.pi)), [[[0.05, 0.03]]], [[60]], shock=shock)
    n = np.arange(200)
    mass = stats.nbinom(1 / shock, 1 / (1 + shock * (small + large))).pmf(n)
    split = stats.binom.pmf(n[None], n[:, None], large / (small + large))
    totals = (n[:, None] - n[None]) + np.pi * n[None]
    for x in (0.5, 3.0, 5.2, 20.0):
        assert law.tail(x) == pytest.approx((mass[:, None] * split)[totals > x].sum(), rel=1e-9)


def test_a_point_is_its_value_times_a_binomial():
    law, exact = one_law(Point(kind="point", value=0.00123), 0.01, 1000), stats.binom(1000, 0.01)
    levels = np.array([0.001, 0.5, 0.9, 0.99999])
    assert law.quantile(levels) == pytest.approx(0.00123 * exact.ppf(levels), rel=1e-12)
    assert law.tail(0.00123 * np.arange(30)) == pytest.approx(exact.sf(np.arange(30)), rel=1e-10, abs=1e-13)


@pytest.mark.parametrize("seed", range(12))
def test_random_mixes_hold_their_claims(seed):
    """The start of the battery in `verification/`, where it is two thousand."""
    mix = mixes.random_mix(seed, atoms_only=seed % 2 == 0)
    law = sk.total(mix.case, mix.policy, mix.users, **mix.how)
    route, factor, where = mixes.judge(mix, law, levels=(0.5, 0.99))
    assert factor <= 1, (route, factor, where)


def test_the_judge_sees_a_wrong_number():
    """Negative control: the same with sizes that are one part in a thousand too large."""

    class Off:
        def __init__(self, law):
            self.law, self.size_error = law, law.size_error

        def quantile(self, level):
            return 1.001 * self.law.quantile(level)

    mix = mixes.make([table([np.pi, 1.0], [0.5, 0.5])], [0.3], [1.0, 0.2], [0.9, 0.1], [[1, 1]], [1.0], 50)
    law = sk.total(mix.case, mix.policy, mix.users)
    assert mixes.judge(mix, law)[:2] == ("counts", 1.0)
    assert mixes.judge(mix, Off(law))[1] == np.inf


@pytest.mark.parametrize(
    "severities",
    [
        (Point(kind="point", value=np.pi), Point(kind="point", value=1.0)),
        (table([1, 2.5], [0.5, 0.5]), lognormal(1.0, 1.0)),
        (Point(kind="point", value=np.sqrt(2)), Gamma(kind="gamma", average=1.0, shape=0.3)),
    ],
    ids=["points", "table-lognormal", "point-gamma"],
)
@pytest.mark.parametrize("users", [5, 60, 900])
def test_a_quantile_and_its_left_limit_straddle_the_level(severities, users):
    law = mixed(severities, [[[0.05, 0.03]]], [[users]])
    for level in (0.3, 0.9, 0.999):
        x = float(law.quantile(level))
        if x > 0:
            assert law.tail(x) <= 1 - level + 1e-9
            assert law.tail(x * (1 - 1e-11)) >= 1 - level - 1e-9


@pytest.mark.parametrize("sigma", [1e-3, 1e-4, 1e-6])
def test_hardly_varying_severities_are_counted(sigma):
    """1000 events of nearly one size: a quantile is a whole number of them, to a part in ten thousand."""
    law, exact = one_law(lognormal(1.0, sigma), 0.05, 20000), stats.binom(20000, 0.05)
    for level in (0.1, 0.9, 0.999):
        assert law.quantile(level) == pytest.approx(exact.ppf(level), rel=1e-4)
    assert law.check(0.9).size_error < 1e-4


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e-120])
def test_sizes_that_no_float_can_square_are_refused(size):
    for severity in (Point(kind="point", value=size), lognormal(size, 1.0), Gamma(kind="gamma", average=size, shape=1.0)):
        with pytest.raises(ValueError, match="another harm unit"):
            one_law(severity, 0.1, 100)


def test_tiny_and_huge_sizes():
    small, large = (one_law(lognormal(size, 1.0), 0.05, 200) for size in (1e-90, 1e15))
    assert float(large.quantile(0.99)) == pytest.approx(1e105 * float(small.quantile(0.99)), rel=1e-7)


# --- edges of the public numbers --------------------------------------------------------------------------------------


def test_ends():
    law = one_law(table([1, 2.5], [0.5, 0.5]), 0.05, 30)
    assert law.quantile(1.0) == 75
    assert law.shortfall(1.0) == 75
    assert law.quantile(0.0) == 0
    assert law.excess(-3.0) == law.mean + 3
    assert law.excess(np.inf) == law.tail(np.inf) == 0
    assert law.excess(-np.inf) == np.inf
    assert law.tail(-1.0) == law.tail(-np.inf) == 1
    assert one_law(lognormal(), 0.05, 30).quantile(1.0) == np.inf
    assert compound_poisson(Point(kind="point", value=1.0), 3.0).quantile(1.0) == np.inf


@pytest.mark.parametrize("severity", [Gamma(kind="gamma", average=1.0, shape=2.0), STEPPED[1]], ids=["gamma", "table"])
def test_nothing_is_left_far_beyond_all_totals(severity):
    law = one_law(severity, 0.05, 100)
    assert law.excess(1e9) == law.tail(1e9) == 0
    assert law.excess(law.quantile(0.999)) > 0
    assert not np.signbit(law.any_event_over(np.inf))


def test_nothing_is_asked_of_nan():
    law = one_law(lognormal(), 0.05, 30)
    for method in (
        law.tail,
        law.quantile,
        law.shortfall,
        law.excess,
        law.any_event_over,
        law.below_floor,
        law.check,
    ):
        with pytest.raises(ValueError, match="nan"):
            method(np.nan)
    case = sk.load("santa")
    for how in ({"users": np.nan}, {"shock": np.nan}):
        with pytest.raises(ValueError, match="nan"):
            sk.total(case, sk.policy.constant(case, "spoil"), **how)


def test_counts_by_their_names():
    severity = Gamma(kind="gamma", average=1.0, shape=1.0)
    law, n = one_law(severity, 0.1, Poisson(30.0)), np.arange(1, 60)
    x = law.quantile(0.99)
    assert (stats.poisson(3.0).pmf(n) * special.gammaincc(n, x)).sum() == pytest.approx(0.01, rel=1e-7)
    assert close(law.variance, 3.0 * severity.mean_square)
    law = one_law(severity, 1.0, NegativeBinomial(3.0, 7.5))
    x, n = law.quantile(0.99), np.arange(1, 200)
    assert (stats.nbinom(2, 0.4).pmf(n) * special.gammaincc(n, x)).sum() == pytest.approx(0.01, rel=1e-7)
    assert close([law.mean, law.variance], [3.0, 3.0 + 7.5])
    count = one_law(Point(kind="point", value=2.0), 1.0, NegativeBinomial(3.0, 7.5))
    assert count.tail(2.0 * np.arange(20)) == pytest.approx(stats.nbinom(2, 0.4).sf(np.arange(20)), rel=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Poisson(-1.0),
        lambda: Poisson(np.nan),
        lambda: NegativeBinomial(3.0, 3.0),
        lambda: NegativeBinomial(0.0, 3.0),
        lambda: NegativeBinomial(3.0, np.inf),
        lambda: one_law(lognormal(), 0.1, Poisson(3.0), shock=0.1),
        lambda: one_law(lognormal(), 0.1, Poisson(3.0), mix="fixed"),
    ],
)
def test_counts_that_are_none_are_refused(make):
    with pytest.raises(ValueError, match=r"Poisson|negative binomial|number of users"):
        make()


def test_weights_of_worlds_are_checked():
    case = sk.load("santa")
    worlds = sk.population.draw_worlds(case.population, np.random.default_rng(0), 3)
    law = sk.total(case, sk.policy.constant(case, "spoil"), 10, worlds=worlds)
    for weights in ([1, 2], [1, -1, 1], [0, 0, 0], [1, np.nan, 1], [1, np.inf, 1]):
        with pytest.raises(ValueError, match="weights"):
            law.pooled(weights)
