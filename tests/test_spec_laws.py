"""The laws of the chain of command (L1–L9), over random specs and random messages, and over every shipped profile."""

from dataclasses import replace
from itertools import product

import pytest

import specs
from simkit.files import library
from simkit.messages import Message, rank
from simkit.spec.chain import decide
from simkit.spec.rules import Rules, load

CASES = 3000
SHIPPED = sorted(path.stem for path in library("specs").glob("*.yaml"))


def worlds(count=CASES, seed=0, most=6, **settings):
    """Random rules, random messages, one behaviour."""
    for rng in specs.seeds(count, seed):
        rules = specs.spec(rng)
        yield rng, rules, specs.messages(rng, rules, most, **settings), rng.choice(rules.spec.behaviours)


def shipped(count=300, seed=0, **settings):
    """The same over the profiles that travel with the package."""
    loaded = [load(name) for name in SHIPPED]
    for rng in specs.seeds(count * bool(loaded), seed):
        rules = rng.choice(loaded)
        yield rng, rules, specs.messages(rng, rules, **settings), rng.choice(rules.spec.behaviours)


def both(seed, **settings):
    yield from worlds(seed=seed, **settings)
    yield from shipped(seed=seed, **settings)


def value(rules, messages, behaviour):
    return decide(rules, messages, behaviour.name).value


def place(behaviour, found):
    return behaviour.values.index(found)


def with_behaviour(rules, changed):
    new = tuple(changed if b.name == changed.name else b for b in rules.spec.behaviours)
    return Rules(rules.name, replace(rules.spec, behaviours=new))


def wishes(behaviour, level="user"):
    """Nothing, and every value that somebody can wish for."""
    return [[], *([Message(level=level, sets={behaviour.name: v})] for v in behaviour.values)]


def instructions(behaviour, level="developer"):
    """Nothing, and every fixed value, range, default, and range with a default."""
    name, values = behaviour.name, behaviour.values
    spans = [(a, b) for i, a in enumerate(values) for b in values[i:]]
    yield []
    yield from ([Message(level=level, sets={name: v})] for v in values)
    yield from ([Message(level=level, allows={name: s})] for s in spans)
    yield from ([Message(level=level, prefers={name: v})] for v in values)
    yield from ([Message(level=level, allows={name: s}, prefers={name: v})] for s, v in product(spans, values))


def test_l1_bounded():
    """The outcome lies within what the platform permits, whatever anybody says."""
    for rng, rules, said, b in both(1):
        within = b.within or b.values
        for wish in ([], rng.choice(wishes(b))):
            found = value(rules, [*said, *wish], b)
            assert found is None or place(b, within[0]) <= place(b, found) <= place(b, within[-1])


def test_l2_monotone_in_what_the_platform_permits():
    """Enlarging the platform's bounds removes no outcome that operators and users together can reach."""
    seen = 0
    for rng, rules, _, b in worlds(400, seed=2, most=0):
        if not b.within or b.limits:
            continue
        low, high = place(b, b.within[0]), place(b, b.within[-1])
        wider = replace(b, within=(b.values[rng.randint(0, low)], b.values[rng.randint(high, len(b.values) - 1)]))
        larger = with_behaviour(rules, wider)
        said = list(product(instructions(b), wishes(b)))
        before = {value(rules, [*o, *u], b) for o, u in said}
        after = {value(larger, [*o, *u], b) for o, u in said}
        assert before <= after, (b, wider)
        seen += wider.within != b.within
    assert seen > 30


def test_l2_monotone_in_what_an_operator_allows():
    """Enlarging an operator's rule that is not void removes no outcome that users can reach."""
    seen = 0
    for rng, rules, _, b in worlds(3000, seed=3, most=0):
        low, high = sorted(rng.choices(range(len(b.values)), k=2))
        wide = rng.randint(0, low), rng.randint(high, len(b.values) - 1)
        reached = []
        for a, z in ((low, high), wide):
            said = Message(level="developer", allows={b.name: (b.values[a], b.values[z])})
            found = [decide(rules, [said, *u], b.name) for u in wishes(b)]
            reached.append({decision.value for decision in found})
            if any(step.did == "void" for step in found[0].steps if step.node == "message:0"):
                break
        else:
            assert reached[0] <= reached[1], (b, rules.spec.rules, (low, high), wide)
            seen += reached[0] != reached[1]
    assert seen > 100


def test_l3_idempotent():
    """Repeating an instruction changes nothing."""
    for rng, rules, said, b in both(4):
        if said:
            i = rng.randrange(len(said))
            again = [*said[: i + 1], said[i], *said[i + 1 :]]
            assert value(rules, again, b) == value(rules, said, b), (b, said, i)


def test_l4_no_weaponisation():
    """A protection binds everybody but the user, whoever says what; and the user too where nobody may waive it."""
    seen = 0
    for rng, rules, said, b in both(5):
        if b.protection is None:
            continue
        if b.protection.waiver == "user":
            said = [m for m in said if not (m.level == "user" and m.by == "")]
            said += specs.messages(rng, rules, levels=("system", "developer", "none"))
        found = value(rules, said, b)
        seen += 1
        assert found is None or place(b, found) >= place(b, b.protection.floor), (b, said)
    assert seen > 500


def test_only_the_user_may_waive():
    """And the user can: below the floor where the waiver says so, unless somebody above fixed the behaviour."""
    waived = 0
    for _, rules, _, b in worlds(seed=6, most=0):
        if b.protection is None or rules.spec.rules or b.authority == "root":
            continue
        lowest = (b.within or b.values)[0]
        asked = Message(level="user", sets={b.name: lowest})
        floor = place(b, b.protection.floor)
        found = place(b, value(rules, [asked], b))
        if b.protection.waiver == "user" and place(b, lowest) < floor:
            assert found == place(b, lowest)
            waived += 1
        else:
            assert found >= floor
        for blocked in ({"implied": True}, {"through": ("tool",)}, {"level": "none"}, {"by": "tool"}):
            assert place(b, value(rules, [replace(asked, **blocked)], b)) >= floor
    assert waived > 50


def test_l5_void_not_fatal():
    """What has no effect leaves everything as it would be if it had not been said."""
    seen = 0
    for _, rules, said, b in both(7):
        said = [replace(m, trusts={}, tells=()) for m in said]
        decision = decide(rules, said, b.name)
        void = {int(step.node[8:]) for step in decision.steps if step.did == "void" and step.node.startswith("message")}
        seen += bool(void)
        assert value(rules, [m for i, m in enumerate(said) if i not in void], b) == decision.value
    assert seen > 500


def test_l5_an_operator_rule_without_a_value_in_common_is_ignored():
    for _, rules, _, b in worlds(seed=8, most=0):
        low, high = place(b, (b.within or b.values)[0]), place(b, (b.within or b.values)[-1])
        for v in (*b.values[:low], *b.values[high + 1 :]):
            said = [Message(level="developer", sets={b.name: v})]
            assert value(rules, said, b) == value(rules, [], b)
            assert decide(rules, said, b.name).steps[-1].did in ("void", "stops", "bounds", "overridden", "narrows", "stands")


def test_l6_recency():
    """The last explicit message of a level, unless void, makes all earlier ones of it as if they had not been said."""
    for rng, rules, said, b in both(9, trusts=False):
        said = [replace(m, tells=(), implied=False, through=()) for m in said]
        last = specs.message(rng, rules, levels=specs.SPEAKERS[:3], trusts=False, tells=(), implied=False, through=())
        if b.name not in {*last.sets, *last.allows, *last.prefers}:
            continue
        decision = decide(rules, [*said, last], b.name)
        if any(step.did == "void" and step.node == f"message:{len(said)}" for step in decision.steps):
            continue
        others = [m for m in said if m.level != last.level]
        assert value(rules, [*others, last], b) == decision.value, (b, said, last)


def test_l6_a_lower_level_never_supersedes():
    """What a level fixes stays fixed, whatever levels below say afterwards; but a user may waive what is the user's own."""
    seen = 0
    for rng, rules, said, b in both(10, trusts=False):
        level = rng.choice(("system", "developer"))
        fixed = Message(level=level, sets={b.name: rng.choice(b.values)})
        decision = decide(rules, [fixed], b.name)
        if decision.steps[-1].node != "message:0" or decision.steps[-1].did != "sets":
            continue
        below = [replace(m, tells=(), by="") for m in said if rank(m.level) < rank(level)]
        assert value(rules, [*below, fixed, *below], b) == decision.value
        seen += 1
    assert seen > 300


def test_l7_no_authority():
    """What quoted text and tools ask for has no effect, unless somebody lends them authority."""
    seen = 0
    for rng, rules, said, b in both(11, trusts=False):
        quoted = specs.messages(rng, rules, levels=("none",), trusts=False)
        seen += bool(quoted)
        mixed = sorted([*said, *quoted], key=lambda _: rng.random())
        silent = [replace(m, sets={}, allows={}, prefers={}) if m.level == "none" else m for m in mixed]
        assert value(rules, mixed, b) == value(rules, silent, b)
    assert seen > 1000


def test_l8_constants_are_constant():
    """What no message overrides is a function of the situation alone."""
    seen = 0
    for _, rules, said, b in both(12):
        if b.authority == "root":
            silent = [replace(m, sets={}, allows={}, prefers={}) for m in said]
            assert value(rules, said, b) == value(rules, silent, b)
            if not any(r.behaviour == b.name for r in rules.spec.rules):
                assert value(rules, said, b) == b.default
            seen += 1
    assert seen > 300


def test_l9_two_conflicting_root_rules_mean_inaction():
    """Exactly where the ranges that root rules require have no value in common, whatever anybody says."""
    stopped = 0
    for rng, rules, said, b in worlds(seed=13):
        extra = tuple(specs.rule(rng, f"root-{i}", b, authority="root") for i in range(2))
        hard = Rules("random", replace(rules.spec, rules=(*rules.spec.rules, *extra)))
        said = [*said, Message(level="system", tells=("dusk", "rain"))]
        ranges = [r.requires for r in hard.spec.rules if r.behaviour == b.name and r.authority == "root"]
        ranges += [(b.default,)] if b.authority == "root" else []
        ranges += [(b.protection.floor, b.values[-1])] if b.protection else []
        low, high = max(place(b, r[0]) for r in ranges), min(place(b, r[-1]) for r in ranges)
        assert (value(hard, said, b) is None) == (low > high)
        stopped += low > high
    assert stopped > 100


def test_nobody_gains_authority_by_passing_a_message_on():
    """A message that somebody passes on does no more than the same message sent by its author, or by them."""
    for rng, rules, _, b in worlds(seed=14, most=0):
        m = specs.message(rng, rules, trusts=False, tells=(), implied=False, through=())
        who = rng.choice(("tool", "model", "user", "operator"))
        carried = rules.principals[who].carries or rules.principals[who].level
        relayed = replace(m, through=(who,))
        step = [s for s in decide(rules, [relayed], b.name).steps if s.node == "message:0"]
        assert all(rank(s.level) <= min(rank(m.level), rank(carried)) for s in step)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_specs_load_and_decide(name):
    rules = load(name)
    assert all(decide(rules, [], b.name).value == b.default for b in rules.spec.behaviours if not conflicts(rules, b))


def conflicts(rules, b):
    """Whether an unconditional rule moves the default."""
    return any(r.behaviour == b.name and not r.when for r in rules.spec.rules)
