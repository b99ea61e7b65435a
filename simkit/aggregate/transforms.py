"""Laplace transforms of severities on the cut plane, without cancellation.

    ψ(s) = E e^{−sY} − 1        χ(s) = E e^{−sY} − 1 + s·E Y

The distribution of a total is read off its transform.  Near s = 0, where a crowd of billions is decided, E e^{−sY} is 1 minus
something tiny, so ψ and χ are each computed as *one* integral of e^{−z} − 1, or of e^{−z} − 1 + z, and keep their digits.

* lognormal: turn the Gaussian path, z → t − iβ/σ with β near arg s, so that s·Y is almost real; the trapezoid rule then
  converges geometrically (Trefethen & Weideman 2014, "The exponentially convergent trapezoidal rule").
* pareto: E g(sY) = z^α ∫_z^∞ α w^{−α−1} g(w) dw, z = s · smallest, along the arc from z to |z| and then along the real axis.
* gamma, point, table: closed forms (Klugman, Panjer & Willmot, *Loss Models*, appendix A).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats
from ..severity import Gamma, Lognormal, Pareto, Point, Severity, SeverityTable

Complexes = NDArray[np.complex128]
Kernel = Callable[[Complexes], Complexes]

#: Below this size power series replace differences of nearly equal numbers.
SMALL = 0.1
#: Terms of those series: 0.1^16 is below the rounding of 1.
TERMS = 16
#: From so many numbers on, exponentials by tangents are quicker than NumPy's.
MANY = 500
#: How far, in standard deviations, a lognormal's Gaussian path may be turned: it costs a factor of e^(TURN²/2) in rounding.
TURN = 3.5
#: From this |s · smallest| on, a Pareto's transform is its asymptotic series.
FAR = 60.0


def psi(severity: Severity, scale: Floats, shape: Complexes) -> Complexes:
    """E e^{−sY} − 1 at s = scale · shape, (U, K), on the plane cut along the negative axis.

    scale (U,) > 0 in 1/harm unit stretches one path of nodes, shape (K,) ≠ 0.
    """
    return _transform(severity, scale, shape, centred=False)


def chi(severity: Severity, scale: Floats, shape: Complexes) -> Complexes:
    """E e^{−sY} − 1 + s·E Y, the same; for an infinite mean, which nothing can centre, it is ψ."""
    return _transform(severity, scale, shape, centred=math.isfinite(severity.mean))


def _transform(severity: Severity, scale: Floats, shape: Complexes, *, centred: bool) -> Complexes:
    kernel = exp_rest_of_minus if centred else expm1_of_minus
    s: Complexes = scale[:, None] * shape
    match severity:
        case Point():
            return kernel(_bounded(s * severity.value))
        case SeverityTable():
            return np.sum([level.chance * kernel(_bounded(s * level.value)) for level in severity.levels], axis=0)
        case Gamma():
            return _gamma(severity, s, centred=centred)
        case Lognormal():
            return _lognormal(severity, scale, shape, kernel)
        case Pareto():
            return _pareto(severity, s, kernel, centred=centred)


def _bounded(z: Complexes) -> Complexes:
    """z with a real part of at least −300: e^{−z} is then finite, and still far larger than anything that counts."""
    return _complex(np.maximum(z.real, -300.0), z.imag)


# --- elementary functions that keep their digits ----------------------------------------------------------------------


def exp(z: Complexes) -> Complexes:
    """e^z; of many numbers cos and sin come from one tangent, t = tan(y/2): cos y = (1 − t²)/(1 + t²), sin y = 2t/(1 + t²)."""
    if not np.iscomplexobj(z) or z.size < MANY:
        return np.exp(z)
    half = np.tan(0.5 * z.imag)
    square = half * half
    grown = np.exp(z.real)
    grown /= 1 + square
    half *= 2
    half *= grown
    np.subtract(1, square, out=square)
    square *= grown
    return _complex(square, half)


def expm1(z: Complexes) -> Complexes:
    """e^z − 1, exact to rounding for small z as well: its real part is (e^x − 1) cos y − 2t²/(1 + t²), t = tan(y/2)."""
    if not np.iscomplexobj(z) or z.size < MANY:
        return np.expm1(z)
    half = np.tan(0.5 * z.imag)
    square = half * half
    cosine = 1 / (1 + square)
    grown = np.expm1(z.real)
    half *= 2 * cosine * (grown + 1)
    square *= 2 * cosine
    np.subtract(1, square, out=cosine)
    grown *= cosine
    grown -= square
    return _complex(grown, half)


def log1p(z: Complexes) -> Complexes:
    """log(1 + z), exact to rounding for small z as well (NumPy's complex log1p is not); real for a real z."""
    if not np.iscomplexobj(z):
        with np.errstate(divide="ignore"):
            return np.log1p(np.maximum(z, -1.0))
    x, y = z.real, z.imag
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        size = 0.5 * np.log1p(np.maximum(x * (2 + x) + y * y, -1.0))
        if not np.isfinite(size).all():
            size = np.where(np.isposinf(size) | np.isnan(size), np.log(np.abs(1 + z)), size)
    return _complex(size, np.arctan2(y, 1 + x))


def log1p_rest(z: Complexes) -> Complexes:
    """log(1 + z) − z, without cancellation for small z."""
    return _unless_small(z, lambda w: log1p(w) - w, [(-1) ** (n + 1) / n for n in range(2, TERMS + 2)])


def exp_rest(z: Complexes) -> Complexes:
    """e^z − 1 − z, without cancellation for small z."""
    return _unless_small(z, lambda w: expm1(w) - w, [1 / math.factorial(n) for n in range(2, TERMS)])


def expm1_of_minus(z: Complexes) -> Complexes:
    """e^{−z} − 1."""
    return expm1(-z)


def exp_rest_of_minus(z: Complexes) -> Complexes:
    """e^{−z} − 1 + z."""
    return exp_rest(-z)


def _complex(real: Floats, imaginary: Floats) -> Complexes:
    made = np.empty(real.shape, dtype=complex)
    made.real, made.imag = real, imaginary
    return made


def _unless_small(z: Complexes, direct: Kernel, series: list[float]) -> Complexes:
    """`direct`, but z² · Σ series[n] z^n where |z| is small; no more terms than the largest z needs."""
    size = np.maximum(np.abs(z.real), np.abs(z.imag)) if np.iscomplexobj(z) else np.abs(z)
    largest = float(size.max(initial=0.0))
    if largest < SMALL:
        return _power_series(z, series, largest)
    near = size < SMALL
    values = direct(z)
    if near.any():
        values[near] = _power_series(z[near], series, SMALL)
    return values


def _power_series(z: Complexes, series: list[float], largest: float) -> Complexes:
    needed = min(len(series), 2 + int(37 / -math.log(max(1.5 * largest, 1e-300))))
    value = np.full(z.shape, series[needed - 1], dtype=z.dtype)
    for coefficient in reversed(series[: needed - 1]):
        value *= z
        value += coefficient
    return value * z * z


# --- the kinds --------------------------------------------------------------------------------------------------------


def _gamma(severity: Gamma, s: Complexes, *, centred: bool) -> Complexes:
    """(1 + θs)^{−shape} − 1 (+ shape · θs): with L = −shape · log(1 + θs) it is e^L − 1 − L − shape · (log(1 + θs) − θs)."""
    scaled = s * (severity.average / severity.shape)
    power = -severity.shape * log1p(scaled)
    power.real = np.minimum(power.real, 300.0)
    return exp_rest(power) - severity.shape * log1p_rest(scaled) if centred else expm1(power)


def _lognormal(severity: Lognormal, scale: Floats, shape: Complexes, kernel: Kernel) -> Complexes:
    """∫ kernel(s · median · e^{σz}) φ(z) dz along z = t − iβ/σ."""
    sigma, angle = severity.sigma, np.angle(shape)
    turn = np.clip(angle, -TURN * sigma, TURN * sigma)
    # The less the path could be turned, the more the integrand oscillates.
    turns = float(np.abs(shape).max() * scale.max()) * severity.median * sigma * math.exp(8.5 * sigma)
    slow = float(np.abs(angle - turn).max(initial=0.0)) < 0.8
    step = min(0.35 if slow else min(max(2 * math.pi / (turns + 9.5), 0.06), 0.35), 0.26 / sigma)
    t = np.arange(-8.7, 8.7 + 2 * sigma, step)
    grown, density = np.exp(sigma * t), step / math.sqrt(2 * math.pi) * np.exp(-t * t / 2)
    phase = np.exp(np.multiply.outer(1j * turn / sigma, t)) * density * np.exp(turn**2 / (2 * sigma**2))[:, None]
    turned = shape * np.exp(-1j * turn)
    total = np.empty((len(scale), len(shape)), dtype=complex)
    straight = np.abs(angle) <= TURN * sigma  # then s · Y is real on the turned path
    for some, size in ((straight, turned.real), (~straight, turned)):
        if some.any():
            values = kernel(severity.median * size[some, None, None] * scale[:, None] * grown)  # (K, U, T)
            total[:, some] = _contract(values, phase[some]).T
    return total


def _contract(values: Complexes, phase: Complexes) -> Complexes:
    """Σ_t values[k, u, t] · phase[k, t], by matmul; values may be real."""
    if np.iscomplexobj(values):
        return (values @ phase[:, :, None])[..., 0]
    both = values @ np.stack([phase.real, phase.imag], -1)
    return both[..., 0] + 1j * both[..., 1]


def _pareto(severity: Pareto, s: Complexes, kernel: Kernel, *, centred: bool) -> Complexes:
    z, tail = (s * severity.smallest).reshape(-1), severity.tail
    found = np.empty(z.shape, dtype=complex)
    near, far = np.abs(z) < 0.5, np.abs(z) > FAR
    middle = ~(near | far)
    for some, points in ((middle & (np.abs(z) < 8), 40), (middle & (np.abs(z) >= 8), 96)):
        if some.any():
            found[some] = _pareto_by_arc(z[some], tail, kernel, points, centred=centred)
    if near.any():
        edge = 0.5 * np.exp(1j * np.angle(z[near]))
        scale = np.log(0.5 / np.abs(z[near]))
        rest = np.exp(-tail * scale) * _pareto_by_arc(edge, tail, kernel, 40, centred=centred)
        found[near] = rest + _pareto_series(z[near], tail, scale, centred=centred)
    if far.any():
        found[far] = _pareto_far(z[far], tail) - 1 + (z[far] * tail / (tail - 1) if centred else 0.0)
    return found.reshape(s.shape)


def _pareto_series(z: Complexes, tail: float, scale: Floats, *, centred: bool) -> Complexes:
    """∫_0^V tail · e^{−tail·v} kernel(z e^v) dv, V = `scale`, by the kernel's power series; |z| e^V ≤ ½."""
    total, size, angle = np.zeros(z.shape, dtype=complex), np.abs(z), np.angle(z)
    for n in range(2 if centred else 1, 18):
        gap = n - tail
        if abs(gap) < 1e-8:  # then size^n · V
            grown = size**n * scale
        else:
            rise = np.minimum(gap * scale, 1.0)
            far = (0.5**n * np.exp(-tail * scale) - size**n) / gap
            grown = np.where(np.abs(gap * scale) < 1, size**n * np.expm1(rise) / gap, far)
        total += (-1) ** n / math.factorial(n) * tail * grown * np.exp(1j * n * angle)
    return total


def _pareto_by_arc(z: Complexes, tail: float, kernel: Kernel, count: int, *, centred: bool) -> Complexes:
    """H(z) = e^{i·tail·θ} (H(|z|) − i·tail ∫_0^θ e^{−i·tail·η} kernel(|z| e^{iη}) dη), θ = arg z (Cauchy)."""
    points, weights = np.polynomial.legendre.leggauss(count)
    size, angle = np.abs(z), np.angle(z)
    eta = np.multiply.outer(angle / 2, points + 1)
    arc = (np.exp(-1j * tail * eta) * kernel(size[:, None] * np.exp(1j * eta))) @ weights * (angle / 2)
    # On the real axis to where e^{−w} has died; from there on the kernel is −1 (+ w).
    end = np.log(60 / np.minimum(size, 50.0))
    v = np.multiply.outer(end / 2, points + 1)
    line = (tail * np.exp(-tail * v) * kernel(size[:, None] * np.exp(v))) @ weights * (end / 2)
    beyond = -np.exp(-tail * end) + (size * np.exp((1 - tail) * end) * tail / (tail - 1) if centred else 0.0)
    return np.exp(1j * tail * angle) * (line + beyond - 1j * tail * arc)


def _pareto_far(z: Complexes, tail: float) -> Complexes:
    """E e^{−sY} for large |z|: tail · e^{−z} Σ_j (−1)^j (tail + 1)_j / z^{j+1} (DLMF 8.11.2)."""
    term, total = 1 / z, np.zeros(z.shape, dtype=complex)
    for j in range(14):
        total += term
        term = np.where(np.abs((tail + 1 + j) / z) < 1, -term * (tail + 1 + j) / z, 0.0)
    with np.errstate(over="ignore"):
        return tail * np.exp((-z.real).clip(-700.0, 300.0) - 1j * z.imag) * total
