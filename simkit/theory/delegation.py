"""Delegation: how much discretion to give an agent that knows more and wants a little too much.

The state θ is uniform on [0, 1] and known to the agent alone.  An action a costs the principal (a − θ)² and the agent
(a − θ − b)²: with a bias b ≥ 0 it always wants b more.  The principal may

    decide alone         take a = 1/2                                      loss 1/12
    delegate fully       the agent takes θ + b                             loss b²
    delegate up to c     the agent takes min(θ + b, c)                     loss ((1 − c)³ + b³)/3 + b²(c − b)  for b ≤ c ≤ 1 + b
    ask, then decide     cheap talk: the agent can say N things            loss 1/(12N²) + b²(N² − 1)/3

The best set of actions to allow is all up to the cap c = 1 − b, with loss b² − (4/3)b³ for b ≤ 1/2: for every 0 < b < 1/2
strictly better than either extreme, and the room above the middle shrinks linearly in the bias (Holmström 1977; Melumad &
Shibano 1991; Alonso & Matouschek 2008).  Full delegation beats deciding alone up to b = 1/√12.  Asking is worse than full
delegation wherever more than one thing can be said (Dessein 2002); N is the largest number with 2N(N − 1)b < 1 (Crawford &
Sobel 1982, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arguments import guard
from ..arrays import Floats
from ..text import number
from .inputs import Numbers, amount, real

#: The principal's loss when deciding alone.
ALONE = 1 / 12


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Delegation:
    """The principal's expected loss under four arrangements, the best cap, and how many things can be said; all (…).

    From b = 1/2 on the best cap is 1/2: the agent always takes it, so that the principal decides alone.
    """

    bias: Floats
    alone: Floats
    full: Floats
    capped: Floats
    cap: Floats
    asked: Floats
    messages: Floats

    def __repr__(self) -> str:
        if np.ndim(self.bias):
            return f"<Delegation: {np.size(self.bias)} biases from {np.min(self.bias):g} to {np.max(self.bias):g}>"
        shown = (self.bias, self.alone, self.full, self.cap, self.capped, self.asked)
        said = "bias {}: loss alone {}, full delegation {}, up to the best cap {} ({}), asking {}"
        return said.format(*(number(float(each)) for each in shown))


def compare(bias: Numbers) -> Delegation:
    """Four arrangements with an agent of bias b ≥ 0, (…); a ValueError for b < 0 (mirror the scale: then a floor is best)."""
    b = amount("bias", bias, " (for an agent that wants too little, mirror the scale)")
    small, count = np.minimum(b, 0.5), _messages(np.maximum(b, 1e-300))
    asked = 1 / (12 * count**2) + ((b * count) ** 2 - b**2) / 3
    return Delegation(
        bias=b[()],
        alone=np.full(b.shape, ALONE)[()],
        full=b**2,
        capped=small**2 * (1 - 4 / 3 * small),
        cap=(1 - small)[()],
        asked=np.where(b > 0, np.where(count > 1, asked, ALONE), 0.0)[()],
        messages=np.where(b > 0, count, np.inf)[()],
    )


def _messages(bias: Floats) -> Floats:
    """The largest N with 2N(N − 1)b < 1."""
    guess = np.floor((1 + np.sqrt(1 + 2 / bias)) / 2)
    return np.where((guess > 1) & (2 * guess * (guess - 1) * bias >= 1), guess - 1, guess)


def loss(bias: Numbers, cap: Numbers) -> Floats:
    """The principal's expected loss if the agent may take any action up to `cap`, (…): exact for every cap.

    A cap up to b leaves no discretion (every action is the cap); one from 1 + b on leaves all.
    """
    b, c = amount("bias", bias), real("cap", cap)
    no_discretion = c**2 - c + 1 / 3
    free = np.clip(c - b, 0, 1)  # the states in which the cap does not bind
    missed = 1 - free - b
    bound = (1 - free) * (b**2 - b * missed + missed**2) / 3
    return np.where(c <= b, no_discretion, free * b**2 + bound)[()]


guard(__name__)
