"""What no single field of a spec file can see: names that must match, values that must stand on their scale.

Each rule is a generator over plain data, as in `scenario_rules`: it passes over what is malformed, so that one run finds
every problem, and one slip is one problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from ..files import MAX_FOUND, Path_, Problem, shown
from ..messages import LEVELS, rank
from ..plain import Names, items, known, listed, names, table, texts, whole
from ..scenario_rules import twice, unknown

#: The lists whose entries have names: what an entry is called, and how many there may be.
NAMED = {
    "principals": ("principal", 100),
    "situations": ("situation", 200),
    "behaviours": ("behaviour", 500),
    "rules": ("rule", 1000),
}


def problems(data: Any) -> Iterator[Problem]:
    """Every cross-field problem of a spec, given as plain data; only its size if it is too large."""
    if isinstance(data, dict):
        large = list(too_large(data))
        yield from large or islice(chain.from_iterable(rule(data) for rule in RULES), MAX_FOUND)


def too_large(data: Any) -> Iterator[Problem]:
    """A spec stays small enough to be decided at once."""
    for key, (what, most) in {**NAMED, "grants": ("grant", 100)}.items():
        count = len(data[key]) if isinstance(data.get(key), list | tuple) else 0
        if count > most:
            yield Problem((key,), f"a file has at most {most} {what}s, not {count}", "split the file")


def unique_names(data: Any) -> Iterator[Problem]:
    """Names stand once; the values of a behaviour as well."""
    for key, (what, _) in NAMED.items():
        yield from twice((((key, i, "name"), item.get("name")) for i, item in items(data, key)), what, "rename one")
    for i, item in items(data, "behaviours"):
        yield from twice(listed(item.get("values"), ("behaviours", i, "values")), "value", "take one out")


def principals(data: Any) -> Iterator[Problem]:
    """A principal that is called like a level has it; grants are about known principals and do not exceed the lender."""
    for i, item in items(data, "principals"):
        name, level, path = item.get("name"), item.get("level"), ("principals", i)
        if name in LEVELS and level in LEVELS and name != level:
            yield Problem((*path, "level"), f"a principal called {name} has that level", "rename it", shown(level))
        if level == "root":
            fix = "write system, which is the highest that a message has"
            yield Problem((*path, "level"), "nobody speaks at root: that is the spec itself", fix, '"root"')
    declared = known(data, "principals")
    good = None if declared is None else dict.fromkeys([*declared, *LEVELS[1:]])
    for i, item in items(data, "grants"):
        by, up_to, path = item.get("by"), item.get("up_to"), ("grants", i)
        yield from unknown(item.get("to"), good, (*path, "to"), "principal")
        if by in LEVELS and rank(by) < rank("user"):
            yield Problem((*path, "by"), f"{by} has no authority to lend", "write user, developer or system", shown(by))
        elif by in LEVELS and up_to in LEVELS and rank(up_to) > rank(by):
            rule = f"{by} cannot lend more than it has"
            yield Problem((*path, "up_to"), rule, f"write {by} or a lower level", shown(up_to))


def scale(behaviour: dict[str, Any]) -> Names:
    """The values of a behaviour in order; None if they are themselves broken."""
    values = behaviour.get("values", ("off", "on"))
    good = whole(texts(values), values)
    return good if good is not None and len(good) > 1 else None


def place(values: Names, name: Any) -> int | None:
    """Where a value stands on its scale, if it does."""
    return list(values).index(name) if values is not None and isinstance(name, str) and name in values else None


def ends(values: Names, span: Any) -> tuple[int, int] | None:
    """The places of a span's ends, if both stand on the scale and rise; all of the scale if the span is empty."""
    if values is None or not isinstance(span, list | tuple):
        return None
    if not span:
        return 0, len(values) - 1
    low, high = place(values, span[0]), place(values, span[-1])
    return (low, high) if low is not None and high is not None and low <= high and len(span) <= 2 else None


def on_scale(values: Names, span: Any, path: Path_, name: Any) -> Iterator[Problem]:
    """The ends of a span are values of the behaviour, and rise."""
    for at, value in listed(span, path):
        yield from unknown(value, values, at, f"value of {shown(name, quote=False)}")
    if isinstance(span, list | tuple) and len(span) == 2:
        low, high = place(values, span[0]), place(values, span[1])
        if low is not None and high is not None and low > high:
            yield Problem(path, "the lower value stands first", f"write [{span[1]}, {span[0]}]")


def behaviours(data: Any) -> Iterator[Problem]:
    """Defaults, bounds, limits and floors stand on the scale, and the default lies within them."""
    for i, item in items(data, "behaviours"):
        values, path, name = scale(item), ("behaviours", i), item.get("name")
        yield from unknown(item.get("default"), values, (*path, "default"), f"value of {shown(name, quote=False)}")
        yield from on_scale(values, item.get("within", ()), (*path, "within"), name)
        yield from default_within(item, values, path)
        yield from limits(item, values, path)
        yield from protection(item, values, path)
        if item.get("hard") is True and item.get("authority") in LEVELS and item["authority"] != "root":
            fix = "make the authority root, or take hard out"
            yield Problem((*path, "hard"), f"a filter that messages of {item['authority']} could lift is none", fix, "true")
        if item.get("authority") == "none":
            yield Problem((*path, "authority"), "what has no authority changes nothing", "write guideline", '"none"')
        for j, other in enumerate(texts(item.get("see"))):
            yield from unknown(other, known(data, "behaviours"), (*path, "see", j), "behaviour")


def default_within(item: dict[str, Any], values: Names, path: Path_) -> Iterator[Problem]:
    """The default lies within the bounds and not below the floor."""
    at, bounds = place(values, item.get("default")), ends(values, item.get("within", ()))
    floor = place(values, table(item, "protection").get("floor"))
    if at is not None and bounds is not None and not bounds[0] <= at <= bounds[1]:
        yield Problem((*path, "default"), "the default lies outside of `within`", "widen it", shown(item["default"]))
    elif at is not None and floor is not None and at < floor:
        rule = "the default lies below the protection's floor"
        yield Problem((*path, "default"), rule, "values stand from less to more protecting", shown(item["default"]))


def limits(item: dict[str, Any], values: Names, path: Path_) -> Iterator[Problem]:
    """Limits rise, are of levels that may speak, and no level may choose more than those above it."""
    bounds, above = ends(values, item.get("within", ())), "within"
    stated = table(item, "limits")
    for level in LEVELS:
        if level not in stated:
            continue
        place_ = (*path, "limits", level)
        yield from on_scale(values, stated[level], place_, item.get("name"))
        own, authority = ends(values, stated[level]), item.get("authority")
        if authority in LEVELS and (rank(level) < rank(authority) or authority == "root"):
            rule = f"{level} may not change this: its authority is {authority}"
            yield Problem(place_, rule, "take it out, or lower the authority")
        elif own is not None and bounds is not None and not (bounds[0] <= own[0] and own[1] <= bounds[1]):
            rule = f"{level} may not choose more than {above}"
            yield Problem(place_, rule, "make the range smaller")
        else:
            bounds, above = own or bounds, level


def protection(item: dict[str, Any], values: Names, path: Path_) -> Iterator[Problem]:
    """A floor is a value that rules something out."""
    floor = table(item, "protection").get("floor")
    place_ = (*path, "protection", "floor")
    yield from unknown(floor, values, place_, f"value of {shown(item.get('name'), quote=False)}")
    if item.get("authority") == "root" and table(item, "protection").get("waiver") == "user":
        fix = "write waiver: nobody, or lower the authority"
        yield Problem((*path, "protection", "waiver"), "no message overrides root, a waiver neither", fix, '"user"')
    if place(values, floor) == 0:
        fix = "values stand from less to more protecting"
        yield Problem(place_, "the lowest value protects nobody", fix, shown(floor))


def rules(data: Any) -> Iterator[Problem]:
    """Rules speak about known behaviours and situations, within their bounds, and not below the behaviour's own level."""
    once = names(data, "behaviours")
    named = {item["name"]: item for _, item in items(data, "behaviours") if once.count(str(item.get("name"))) == 1}
    for i, item in items(data, "rules"):
        path, name = ("rules", i), item.get("behaviour")
        yield from unknown(name, known(data, "behaviours"), (*path, "behaviour"), "behaviour")
        for j, situation in enumerate(texts(item.get("when"))):
            yield from unknown(situation, known(data, "situations"), (*path, "when", j), "situation")
        behaviour = named.get(name) if isinstance(name, str) else None
        if behaviour is not None:
            yield from rule_fits(item, behaviour, path)


def rule_fits(item: dict[str, Any], behaviour: dict[str, Any], path: Path_) -> Iterator[Problem]:
    """What a rule requires is possible, and its level can bring it about."""
    values, required = scale(behaviour), item.get("requires")
    yield from on_scale(values, required, (*path, "requires"), behaviour.get("name"))
    bounds, wanted = ends(values, behaviour.get("within", ())), ends(values, required) if required else None
    floor = place(values, table(behaviour, "protection").get("floor")) or 0
    if bounds is not None and wanted is not None:
        if not (bounds[0] <= wanted[0] and wanted[1] <= bounds[1]):
            yield Problem((*path, "requires"), "this lies outside of the behaviour's `within`", "make the range smaller")
        elif wanted[1] < floor:
            yield Problem((*path, "requires"), "this lies below the protection's floor", "a rule cannot remove a protection")
    own, wants = behaviour.get("authority"), item.get("authority")
    if own in LEVELS and wants in LEVELS and rank(wants) < rank(own):
        rule = f"a rule about this behaviour has at least its authority, {own}"
        yield Problem((*path, "authority"), rule, f"write {own}", shown(wants))


RULES = (unique_names, principals, behaviours, rules)
