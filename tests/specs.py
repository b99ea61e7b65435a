"""Random specs and messages that the tests of written specs share."""

import random

from simkit.messages import LEVELS, Message, rank
from simkit.spec.rules import Behaviour, Grant, Principal, Protection, Rules, Situation, Spec, SpecRule

S = "random"
SITUATIONS = ("dusk", "rain")
SPEAKERS = LEVELS[1:]


def span(rng, values):
    """A random range on a scale."""
    low, high = sorted(rng.choices(range(len(values)), k=2))
    return (values[low], values[high]) if rng.random() < 0.7 else (values[low],)


def behaviour(rng, name, *, authority=None, protected=None):
    """A random behaviour: 2–5 values, bounds, limits, perhaps a protection."""
    values = ("off", "on") if rng.random() < 0.4 else tuple(f"v{i}" for i in range(rng.randint(2, 5)))
    authority = authority or rng.choice(LEVELS[:-1])
    within = span(rng, values) if rng.random() < 0.3 else (values[0], values[-1])
    low, high = values.index(within[0]), values.index(within[-1])
    protection, floor = None, low
    if (rng.random() < 0.4 if protected is None else protected) and high > 0:
        floor = rng.randint(max(low, 1), high)
        waiver = "nobody" if authority == "root" else rng.choice(("user", "nobody"))
        protection = Protection(floor=values[floor], waiver=waiver, source=S)
    limits = {}
    if authority != "root" and rng.random() < 0.4:
        for level in LEVELS[1:5]:
            if rank(level) >= rank(authority) and rng.random() < 0.6:
                low, high = sorted((rng.randint(low, high), rng.randint(low, high)))
                limits[level] = (values[low], values[high])
    return Behaviour(
        name=name,
        about=S,
        values=values,
        default=values[rng.randint(floor, values.index(within[-1]))],
        authority=authority,
        hard=authority == "root" and rng.random() < 0.3,
        within=within,
        limits=limits,
        override=rng.choice(("by-level", "by-level", "explicit", "implicit")),
        protection=protection,
        source=S,
    )


def rule(rng, number, about, *, authority=None):
    """A random rule about a behaviour, of at least its authority."""
    values, within = about.values, about.within or (about.values[0], about.values[-1])
    low, high = values.index(within[0]), values.index(within[-1])
    floor = values.index(about.protection.floor) if about.protection else low
    top = rng.randint(floor, high)
    return SpecRule(
        name=f"rule-{number}",
        behaviour=about.name,
        requires=(values[rng.randint(low, top)], values[top]),
        authority=authority or rng.choice([level for level in LEVELS[:5] if rank(level) >= rank(about.authority)]),
        when=tuple(name for name in SITUATIONS if rng.random() < 0.4),
        about=S,
        source=S,
    )


def spec(rng, *, count=2, rules=2, **settings):
    """A random spec with principals, grants, situations, behaviours and rules."""
    behaviours = tuple(behaviour(rng, f"b{i}", **settings) for i in range(count))
    made = Spec(
        about=S,
        source=S,
        principals=(
            Principal(name="tool", level="none", source=S),
            Principal(name="model", level="none", carries=rng.choice(("none", "user")), source=S),
            Principal(name="operator", level="developer", source=S),
        ),
        grants=(
            Grant(by="developer", to="user", up_to="developer", source=S),
            Grant(by="user", to="tool", up_to="user", source=S),
        )[: rng.randint(0, 2)],
        situations=tuple(Situation(name=n, about=S, believed_from=rng.choice(("none", "user")), source=S) for n in SITUATIONS),
        behaviours=behaviours,
        rules=tuple(rule(rng, i, rng.choice(behaviours)) for i in range(rng.randint(0, rules))),
    )
    return Rules("random", made)


def message(rng, rules, *, levels=SPEAKERS, trusts=True, **settings):
    """A random message about one behaviour."""
    about = rng.choice(rules.spec.behaviours)
    level, how = rng.choice(levels), rng.randrange(4)
    content = {}
    if how == 0:
        content["sets"] = {about.name: rng.choice(about.values)}
    if how in (1, 2):
        content["allows"] = {about.name: span(rng, about.values)}
    if how in (2, 3):
        content["prefers"] = {about.name: rng.choice(about.values)}
    if level == "none" and rng.random() < 0.5:
        content["by"] = rng.choice(("tool", "model", "user", "operator"))
    if rng.random() < 0.1:
        content["through"] = (rng.choice(("tool", "model", "user", "operator")),)
    if trusts and rng.random() < 0.2:
        content["trusts"] = {rng.choice(("user", "tool", "model", "operator")): rng.choice(LEVELS)}
    if rng.random() < 0.2:
        content["tells"] = (rng.choice(SITUATIONS),)
    content["implied"] = rng.random() < 0.15
    return Message(**{"level": level, **content, **settings})


def messages(rng, rules, most=6, **settings):
    """Random messages."""
    return [message(rng, rules, **settings) for _ in range(rng.randint(0, most))]


def seeds(count, seed=0):
    """Independent random sources."""
    return (random.Random(seed * 1_000_003 + i) for i in range(count))  # noqa: S311
