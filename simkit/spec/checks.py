"""What no single field of a spec file can see: names that must match, values that must stand on their scale.

Each rule is a generator over places, as in `scenario_rules`: one run finds every problem, and one slip is one problem.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..files import Problem
from ..messages import LEVELS, rank
from ..schema import Names, Place, all_problems, known, too_many, twice, unknown
from ..text import shown

#: The lists whose entries have names: what an entry is called, and how many there may be.
NAMED = {
    "principals": ("principal", 100),
    "situations": ("situation", 200),
    "behaviours": ("behaviour", 500),
    "rules": ("rule", 1000),
}


def problems(file: Place) -> Iterator[Problem]:
    """Every cross-field problem of a spec; only its size if it is too large."""
    return all_problems(file, RULES, too_many(file, {**NAMED, "grants": ("grant", 100)}, "split the file"))


def unique_names(file: Place) -> Iterator[Problem]:
    """Names stand once; the values of a behaviour as well."""
    for key, (what, _) in NAMED.items():
        yield from twice((entry["name"] for entry in file[key]), what, "rename one")
    for behaviour in file["behaviours"]:
        yield from twice(behaviour["values"], "value", "take one out")


def principals(file: Place) -> Iterator[Problem]:
    """A principal that is called like a level has it; grants are about known principals and do not exceed the lender."""
    for principal in file["principals"]:
        name, level = principal["name"].value, principal["level"]
        if name in LEVELS and level.value is not None and name != level.value:
            yield level.wrong(f"a principal called {name} has that level", "rename it")
        if level.value == "root":
            fix = "write system, which is the highest that a message has"
            yield level.wrong("nobody speaks at root: that is the spec itself", fix)
    declared = known(file["principals"])
    good = None if declared is None else dict.fromkeys([*declared, *LEVELS[1:]])
    for grant in file["grants"]:
        by, up_to = grant["by"], grant["up_to"]
        yield from unknown(stated(grant["to"]), good, "principal")
        if by.value is not None and rank(by.value) < rank("user"):
            yield by.wrong(f"{by.value} has no authority to lend", "write user, developer or system")
        elif by.value is not None and up_to.value is not None and rank(up_to.value) > rank(by.value):
            yield up_to.wrong(f"{by.value} cannot lend more than it has", f"write {by.value} or a lower level")


def stated(place: Place) -> list[Place]:
    """The place, if something sound stands there."""
    return [place] if place.value is not None else []


def scale(behaviour: Place) -> Names:
    """The values of a behaviour in order; None if they are themselves broken."""
    good = known(behaviour["values"]) if behaviour["values"].given else ("off", "on")
    return good if good is not None and len(good) > 1 else None


def place_on(values: Names, name: str | None) -> int | None:
    """Where a value stands on its scale, if it does."""
    return list(values).index(name) if values is not None and name is not None and name in values else None


def ends(values: Names, span: Place) -> tuple[int, int] | None:
    """The places of a span's ends, if both stand on the scale and rise; all of the scale if the span is empty."""
    if values is None or span.path in span.faults:
        return None
    if not len(span):
        return 0, len(values) - 1
    low, high = place_on(values, span[0].value), place_on(values, span[len(span) - 1].value)
    return (low, high) if low is not None and high is not None and low <= high else None


def on_scale(values: Names, span: Place, name: str | None) -> Iterator[Problem]:
    """The ends of a span are values of the behaviour, and rise."""
    yield from unknown(span, values, f"value of {shown(name, quote=False)}")
    if len(span) == 2:
        low, high = place_on(values, span[0].value), place_on(values, span[1].value)
        if low is not None and high is not None and low > high:
            yield span.wrong("the lower value stands first", f"write [{span[1].value}, {span[0].value}]")


def behaviours(file: Place) -> Iterator[Problem]:
    """Defaults, bounds, limits and floors stand on the scale, and the default lies within them."""
    declared = known(file["behaviours"])
    for behaviour in file["behaviours"]:
        values, name, authority = scale(behaviour), behaviour["name"].value, behaviour["authority"]
        yield from unknown(stated(behaviour["default"]), values, f"value of {shown(name, quote=False)}")
        yield from on_scale(values, behaviour["within"], name)
        yield from default_within(behaviour, values)
        yield from limits(behaviour, values)
        yield from protection(behaviour, values)
        if behaviour["hard"].value is True and authority.value not in (None, "root"):
            fix = "make the authority root, or take hard out"
            yield behaviour["hard"].wrong(f"a filter that messages of {authority.value} could lift is none", fix)
        if authority.value == "none":
            yield authority.wrong("what has no authority changes nothing", "write guideline")
        yield from unknown(behaviour["see"], declared, "behaviour")


def default_within(behaviour: Place, values: Names) -> Iterator[Problem]:
    """The default lies within the bounds and not below the floor."""
    default, bounds = behaviour["default"], ends(values, behaviour["within"])
    at, floor = place_on(values, default.value), place_on(values, behaviour["protection"]["floor"].value)
    if at is not None and bounds is not None and not bounds[0] <= at <= bounds[1]:
        yield default.wrong("the default lies outside of `within`", "widen it")
    elif at is not None and floor is not None and at < floor:
        yield default.wrong("the default lies below the protection's floor", "values stand from less to more protecting")


def limits(behaviour: Place, values: Names) -> Iterator[Problem]:
    """Limits rise, are of levels that may speak, and no level may choose more than those above it."""
    bounds, above, authority = ends(values, behaviour["within"]), "within", behaviour["authority"].value
    for level in LEVELS:
        limit = behaviour["limits"][level]
        if not limit.given:
            continue
        yield from on_scale(values, limit, behaviour["name"].value)
        own = ends(values, limit)
        if authority is not None and (rank(level) < rank(authority) or authority == "root"):
            rule = f"{level} may not change this: its authority is {authority}"
            yield limit.wrong(rule, "take it out, or lower the authority")
        elif own is not None and bounds is not None and not (bounds[0] <= own[0] and own[1] <= bounds[1]):
            yield limit.wrong(f"{level} may not choose more than {above}", "make the range smaller")
        else:
            bounds, above = own or bounds, level


def protection(behaviour: Place, values: Names) -> Iterator[Problem]:
    """A floor is a value that rules something out."""
    floor, waiver = behaviour["protection"]["floor"], behaviour["protection"]["waiver"]
    yield from unknown(stated(floor), values, f"value of {shown(behaviour['name'].value, quote=False)}")
    if behaviour["authority"].value == "root" and waiver.value == "user":
        yield waiver.wrong("no message overrides root, a waiver neither", "write waiver: nobody, or lower the authority")
    if place_on(values, floor.value) == 0:
        yield floor.wrong("the lowest value protects nobody", "values stand from less to more protecting")


def rules(file: Place) -> Iterator[Problem]:
    """Rules speak about known behaviours and situations, within their bounds, and not below the behaviour's own level."""
    behaviours, situations = known(file["behaviours"]), known(file["situations"])
    names = [behaviour["name"].value for behaviour in file["behaviours"]]
    for rule in file["rules"]:
        about = rule["behaviour"].value
        yield from unknown(stated(rule["behaviour"]), behaviours, "behaviour")
        yield from unknown(rule["when"], situations, "situation")
        if about is not None and names.count(about) == 1:
            yield from rule_fits(rule, file["behaviours"][names.index(about)])


def rule_fits(rule: Place, behaviour: Place) -> Iterator[Problem]:
    """What a rule requires is possible, and its level can bring it about."""
    values, required = scale(behaviour), rule["requires"]
    yield from on_scale(values, required, behaviour["name"].value)
    bounds, wanted = ends(values, behaviour["within"]), ends(values, required) if len(required) else None
    floor = place_on(values, behaviour["protection"]["floor"].value) or 0
    if bounds is not None and wanted is not None:
        if not (bounds[0] <= wanted[0] and wanted[1] <= bounds[1]):
            yield required.wrong("this lies outside of the behaviour's `within`", "make the range smaller")
        elif wanted[1] < floor:
            yield required.wrong("this lies below the protection's floor", "a rule cannot remove a protection")
    own, wants = behaviour["authority"].value, rule["authority"]
    if own is not None and wants.value is not None and rank(wants.value) < rank(own):
        yield wants.wrong(f"a rule about this behaviour has at least its authority, {own}", f"write {own}")


RULES = (unique_names, principals, behaviours, rules)
