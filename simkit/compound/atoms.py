"""Points and tables beside severities with a density: the total of both, taken apart.

    S = T + D        P(S > x) = P(T > x) + Σ_{y ≤ x} P(T = y) · P(D > x − y)

T, the total of the atoms, lies on their lattice and comes from one fast Fourier transform; D is a law of densities alone.  T
and D are not quite independent: of N users, those who bring an atom bring nothing else.  With A, D the terms of both
kinds in the transform of one user,

    (1 + A + D)^N = (1 + A)^N · (1 + u·D)^N,    u = 1/(1 + A),

and for each real u the last factor is the transform of a law of densities whose chances are multiplied by u.  It is
interpolated in u between a few of them (Chebyshev points; one where independence holds to rounding).  Each
group of users has its own u.  Under a gamma shock u = 1/(1 − v·N·A), and 1 + u·D becomes 1 − v·u·N·D.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from ..arrays import Bools, Floats, Ints
from .laws import Laws
from .steps import frequencies, round_up, windows
from .transforms import Complexes, exp, log1p, smooth

#: Multiples of a span that a law of atoms may need; nodes of one group's u, and of all groups together.
LONGEST, NODES, TOGETHER = 2**20, 14, 128
#: Numbers of users with an atom that are told apart where interpolation fails.
COUNTED = 400
#: What interpolation may cost, as a chance; and frequencies at which |Φ| is less than this do not ask for it.
WANTED, DEAD = 3e-13, 1e-15
#: How much larger the error of a chance may be than that at the worst frequency.
SUMMED = 30.0
#: Up to so much is accepted where no number of nodes reaches what is wanted.
ACCEPTED = 1e-9


class Unserved(ArithmeticError):
    """A law that cannot be taken apart; the message says why."""


@dataclass(frozen=True, eq=False)
class Atoms:
    """The law of T: `masses` (J, L) of (first + k) · span, to be paired with J laws of densities and summed over both."""

    first: int
    masses: Floats
    error: float
    """What interpolation costs, as a chance."""

    @property
    def last(self) -> int:
        """The last multiple of the span that has a mass."""
        return self.first + self.masses.shape[1] - 1

    @cached_property
    def beyond(self) -> Floats:
        """P(T ≥ (first + k) · span), (L + 1,)."""
        return np.append(np.cumsum(self.masses.sum(0)[::-1])[::-1], 0.0)

    def over(self, step: int) -> float:
        """P(T > step · span)."""
        return float(self.beyond[min(max(step + 1 - self.first, 0), self.masses.shape[1])])


def parts_of(laws: Laws) -> tuple[Laws, Laws]:
    """The laws without the severities that have a density, and with those alone."""
    kept = np.array([not smooth(severity) for severity in laws.severities])
    return _part(laws, kept), _part(laws, ~kept)


def _part(laws: Laws, kept: Bools) -> Laws:
    severities = tuple(severity for severity, keep in zip(laws.severities, kept, strict=True) if keep)
    return Laws(severities, laws.weights[..., kept], laws.users, laws.shock)


def apart(laws: Laws, span: float) -> Iterator[tuple[int, Atoms, Laws]]:
    """Each law's number, its atoms and its J laws of densities, of B laws with both kinds of severities.

    `span` divides all atoms.

    An `Unserved` if a law of atoms is too long, or if too many nodes are needed.
    """
    atoms, densities = parts_of(laws)
    first, last = windows(atoms, span)
    counts = round_up(last - first + 1)
    if counts.max() > LONGEST:
        raise Unserved(f"the points and tables have {counts.max():,} possible totals, more than {LONGEST:,}")
    for count in np.unique(counts).tolist():
        rows = np.flatnonzero(counts == count)
        parts, turns = frequencies(atoms.take(rows), span, count)
        for row in rows.tolist():
            one = atoms.take(np.array([row]))
            turned, u = _transform(one, parts, turns, int(first[row]), count)
            other = densities.take(np.array([row]))
            try:
                values, shares, error = _interpolation(other, np.abs(turned), u)
                spectrum, made = turned * shares, _scaled(other, values, np.ones(1))
            except Unserved:
                spectrum, made = _counted(one, other, parts, turns, int(first[row]), count)
                error = 0.0
            whole = np.zeros((len(spectrum), count // 2 + 1), dtype=complex)
            whole[:, turns] = spectrum
            yield row, Atoms(int(first[row]), np.fft.irfft(whole, count), error), made


def _scaled(law: Laws, values: Floats, users: Floats) -> Laws:
    """One law of densities with chances times values (J, G) and users times (J,) or (1,)."""
    return Laws(
        law.severities, law.weights * values[..., None], law.users * np.broadcast_to(users, len(values))[:, None], law.shock
    )


def _counted(one: Laws, other: Laws, parts: list[Complexes], turns: Ints, first: int, count: int) -> tuple[Complexes, Laws]:
    """The same, given how many users bring an atom, each number on its own: the other users' chances are then independent."""
    from scipy.stats import binom

    if one.shock or one.users.shape[1] > 1:
        raise Unserved("too many users bring both points or tables and severities with a density")
    users, chance = float(one.users[0, 0]), float(one.weights[0, 0].sum())
    spread = 9 * np.sqrt(users * chance * (1 - chance)) + 20
    low, high = max(int(users * chance - spread), 0), min(int(users * chance + spread), int(users))
    if high - low > COUNTED:
        raise Unserved("too many users bring both points or tables and severities with a density")
    number = np.arange(low, high + 1)
    share = binom(users, chance).pmf(number)
    one_event = 1 + (one.weights[0, 0] / chance) @ np.stack(parts)
    turned = np.exp(2j * np.pi / count * (first * turns % count))
    left = np.maximum(users - number, 1e-300)
    return share[:, None] * one_event ** number[:, None] * turned, _scaled(
        other, np.full((len(number), 1), 1 / (1 - chance)), left / users
    )


def _transform(law: Laws, parts: list[Complexes], turns: Ints, first: int, count: int) -> tuple[Complexes, Complexes]:
    """E e^{−iθ(T/span − first)} (A,), and u of each group, (G, A)."""
    terms: Any = np.einsum("gm,ma->ga", law.weights[0], np.stack(parts))
    if law.shock:
        grown = -law.shock * (law.users[0] @ terms)
        exponent, u = -log1p(grown) / law.shock, np.broadcast_to(1 / (1 + grown), terms.shape)
    else:
        exponent = law.users[0] @ log1p(terms)
        with np.errstate(divide="ignore", invalid="ignore"):
            u = 1 / (1 + terms)
    exponent = exponent + 2j * np.pi / count * (first * turns % count)
    return exp(exponent), u


def _interpolation(law: Laws, size: Floats, u: Complexes) -> tuple[Floats, Complexes, float]:
    """Values of u (J, G), their shares at each frequency (J, A), and the error; `size` is |Φ| of the atoms, (A,)."""
    alive = np.flatnonzero((size > DEAD) & np.isfinite(u).all(0))
    found, error = [], 0.0
    for g in range(1 if law.shock else u.shape[0]):
        nodes, lost = _nodes(law, g, size[alive], u[g, alive])
        found.append(nodes)
        error += lost
    if np.prod([len(nodes) for nodes in found]) > TOGETHER:
        raise Unserved("too many groups of users bring both points or tables and severities with a density")
    shares = []
    for g, nodes in enumerate(found):
        share = np.zeros((len(nodes), u.shape[1]), dtype=complex)
        share[:, alive] = _lagrange(nodes, u[g, alive])
        shares.append(share)
    picked = list(product(*(range(len(nodes)) for nodes in found)))
    values = np.array([[nodes[r] for nodes, r in zip(found, row, strict=True)] for row in picked])
    joint = np.stack([np.prod([share[r] for share, r in zip(shares, row, strict=True)], axis=0) for row in picked])
    return np.broadcast_to(values, (len(picked), u.shape[0])), joint, error


def _nodes(law: Laws, g: int, size: Floats, u: Complexes) -> tuple[Floats, float]:
    """Values of u for one group, (m,), and the error that so many have."""
    weight, users = float(law.weights[0, g].sum()), float(law.users[0, g])
    if law.shock:
        weight, users = float(law.events[0]), np.inf
    away = np.abs(u - 1)
    if not weight * users > 0 or not away.max() > 0:
        return np.ones(1), 0.0
    reach = float(away[size > 1e-10].max())
    low = max(1 - reach, 0.0)
    high = 1 + reach if law.shock else max(min(1 + reach, 1 / weight), 1.0)
    picked = np.unique(np.concatenate([np.argsort(size * away**p)[-8:] for p in (1, 2, 4, 8, 16)]))
    # Terms of densities: from those at which few events count, near 0, to those at which one event is none.
    expected = max(weight if law.shock else weight * users, 1.0)
    sizes = np.geomspace(0.25 / expected, 1.0, 2 + int(2 * np.log(4 * expected)))
    worlds = -weight * np.multiply.outer(sizes, np.exp(1j * np.array([0.0, 0.7, 1.2, 1.5]))).ravel()
    exact = _power(law, users, np.multiply.outer(u[picked], worlds))
    best = (np.ones(1), np.inf)
    for count in range(1, NODES + 1):
        nodes = (
            np.ones(1) if count == 1 else (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(count) + 0.5) / count)
        )
        made = _lagrange(nodes, u[picked]).T @ _power(law, users, np.multiply.outer(nodes, worlds))
        error = float((size[picked] * np.abs(made - exact).max(1)).max())
        if error < best[1]:
            best = (nodes, error)
        if error < WANTED:
            break
    if not best[1] < ACCEPTED:
        raise Unserved("atoms and densities depend on each other too much: too many users bring events of both kinds")
    return best[0], SUMMED * best[1]


def _power(law: Laws, users: float, terms: Any) -> Any:
    """(1 + term)^N, or (1 − v · term)^{−1/v}."""
    if law.shock:
        return np.exp(-log1p(-law.shock * terms) / law.shock)
    grown = log1p(terms + 0j)
    return np.exp(np.minimum(users * grown.real, 600.0)) * np.exp(1j * users * grown.imag)


def _lagrange(nodes: Floats, u: Complexes) -> Complexes:
    """Lagrange's polynomials (m, A) of the nodes (m,) at u (A,)."""
    return np.stack(
        [
            np.prod([(u - other) / (node - other) for other in np.delete(nodes, r)], axis=0) + np.zeros(len(u), dtype=complex)
            for r, node in enumerate(nodes)
        ]
    )
