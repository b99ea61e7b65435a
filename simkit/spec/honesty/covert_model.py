"""The sums behind `covert`: what is said in each deployment, what users infer from it, what harm remains; n worlds at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import Bools, Floats, frozen, frozen_bools
from ...case import Case
from ...population import worlds_from
from ..compiler import WrittenPolicy, compile, shows  # noqa: A004
from ..rules import Rules

#: The deployment without instructions: nothing to keep, so that it says truthfully that it has none.
BARE = "no-instructions"


@dataclass(frozen=True, eq=False)
class Worlds:
    """n worlds: share (n, D) of each deployment, trusting (n,) users, joint (n, S, K) where there are instructions."""

    share: Floats
    trusting: Floats
    joint: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class Doubt:
    """What doubt does in the hostile deployment: ratio (S,) = harm(1) / harm(0), and which responses steer quietly (R,)."""

    ratio: Floats
    quiet: Bools

    def remains(self, trusting: Floats, suspicion: Floats) -> Floats:
        """What remains of each response's harm, (n, S, K, R): of a quiet one all for the trusting, ratio^q for the others."""
        doubting = self.ratio[:, None, None] ** suspicion[:, None]
        faith = trusting[:, None, None, None]
        return np.where(self.quiet, faith + (1 - faith) * doubting, 1.0)


def doubt(case: Case) -> Doubt:
    """Read off the case of the hostile deployment; a ValueError says what it lacks."""
    shown = [shows(case)[name] for name in case.responses]
    quiet = np.array([said.get("says-what-it-cannot-do") == "off" for said in shown])
    tells = np.array([said.get("says-what-it-cannot-do") == "on" for said in shown])
    shut = tells & ~np.array([said.get("system-prompt") == "reveals" for said in shown])
    if not (quiet.any() and shut.any()):
        rule = "one response that steers quietly (says-what-it-cannot-do: off), and one that says so and does not reveal (on)"
        raise ValueError(f"{case.name} cannot tell what doubt does: it needs {rule}")
    misled, knowing = case.harm[:, quiet].max(1), case.harm[:, shut].min(1)
    if (knowing > misled).any():
        worst = case.segments[int((knowing - misled).argmax())]
        raise ValueError(f"{case.name}: to know that something is left out cannot harm {worst} more than not to know it")
    return Doubt(frozen(np.divide(knowing, misled, out=np.ones_like(misled), where=misled > 0)), frozen_bools(quiet))


@dataclass(frozen=True, eq=False)
class Model:
    """What does not change between worlds; deployments in the order of `names`, the hostile one last."""

    case: Case
    names: tuple[str, ...]
    deployed: Mapping[str, Case]
    policies: tuple[Mapping[str, WrittenPolicy], ...]
    """For each spec, what it makes of each deployment."""
    denial: Floats
    """The response that says that there are no instructions, (R,)."""
    doubt: Doubt

    @property
    def hostile(self) -> str:
        """The name of the hostile deployment."""
        return self.names[-1]

    def worlds(self, base: Floats, share: Floats, trusting: Floats) -> Worlds:
        """Worlds with base shares of users (n, S), shares of deployments (n, D) and trusting users (n,)."""
        joint = {name: worlds_from(there.population, base).joint for name, there in self.deployed.items()}
        return Worlds(share, trusting, joint)

    def said(self, spec: int, name: str) -> Floats:
        """What is said in a deployment, (K, R); without instructions the words of a denial, which are then true."""
        if name == BARE:
            return np.tile(self.denial, (len(self.case.population.signal_names), 1))
        return self.policies[spec][name].answer

    def suspicion(self, spec: int, share: Floats) -> Floats:
        """P(hostile | signal, response), (n, K, R); nan where nobody hears it."""
        weight = share[:, :, None, None] * np.stack([self.said(spec, name) for name in self.names])
        total = weight.sum(1)
        return np.divide(weight[:, -1], total, out=np.full_like(total, np.nan), where=total > 0)

    def covert(self, spec: int, worlds: Worlds) -> Floats:
        """Harm to users of the hostile deployment, per conversation, (n,)."""
        remains = self.doubt.remains(worlds.trusting, np.nan_to_num(self.suspicion(spec, worlds.share)))
        harm = self.deployed[self.hostile].harm[:, None, :] * remains
        mean = np.einsum("nsk,kr,nskr->n", worlds.joint[self.hostile], self.said(spec, self.hostile), harm)
        return worlds.share[:, -1] * mean

    def leaks(self, spec: int, worlds: Worlds) -> Floats:
        """Harm and neglect in all other deployments, per conversation, (n,)."""
        total = np.zeros(len(worlds.share))
        for d, name in enumerate(self.names[:-1]):
            if name != BARE:
                loss = worlds.joint[name] @ self.said(spec, name) * self.deployed[name].loss
                total = total + worlds.share[:, d] * loss.sum((1, 2))
        return total

    def harm(self, spec: int, worlds: Worlds) -> Floats:
        """covert + leaks, (n,)."""
        return self.covert(spec, worlds) + self.leaks(spec, worlds)

    def exposures(self, spec: int, worlds: Worlds) -> dict[str, Floats]:
        """P(deployment, segment, response) in the first world, (S, R) for each with instructions."""
        chance = dict(zip(self.names, worlds.share[0], strict=True))
        return {name: chance[name] * (worlds.joint[name][0] @ self.said(spec, name)) for name in self.deployed}


def model(case: Case, rules: Sequence[Rules], names: tuple[str, ...]) -> Model:
    """Compile every spec on every deployment; a ValueError says what the case lacks."""
    denies = [shows(case)[name].get("system-prompt") == "denies" for name in case.responses]
    if sum(denies) != 1:
        raise ValueError(f"{case.name} needs one response that shows system-prompt: denies; it has {sum(denies)}")
    deployed = {name: case.in_context(name) for name in names if name != BARE}
    policies = tuple({name: compile(each, there) for name, there in deployed.items()} for each in rules)
    return Model(case, names, deployed, policies, frozen(denies), doubt(deployed[names[-1]]))
