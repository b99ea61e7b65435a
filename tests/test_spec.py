"""A written spec at work: published numbers, authority, guarantees, classification, the graph, and policies made of it."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, product

import matplotlib as mpl
import networkx as nx
import numpy as np
import pytest

import simkit as sk
import specs
from simkit.policy import bayes, constant
from simkit.spec import (
    Message,
    authorities,
    bright_lines,
    decide,
    deny_overrides,
    graph,
    guarantees,
    highlighted,
    read,
)
from simkit.spec.authority import known_situations
from simkit.spec.chain_graph import arrows, layout, routes, visible

mpl.use("agg")

SMALL = """
about: a small spec
source: judged
principals:
- {name: tool, level: none, source: judged}
- {name: model, level: none, carries: user, source: judged}
- {name: operator, level: developer, source: judged}
grants:
- {by: developer, to: user, up_to: developer, source: a grant}
- {by: user, to: tool, up_to: user, source: a grant}
situations:
- {name: minor, about: any sign, source: judged}
- {name: supervised, about: a professional, believed_from: developer, source: judged}
behaviours:
- {name: tone, about: t, default: off, authority: guideline, source: s}
- {name: swear, about: t, default: off, authority: user, source: s}
- {name: detail, about: t, values: [none, some, all], default: some, authority: developer, source: s}
- {name: honest, about: t, default: on, authority: user, source: s, protection: {floor: on, waiver: user, source: kept}}
- {name: kept, about: t, default: on, authority: root, source: s, protection: {floor: on, waiver: nobody, source: kept}}
- {name: never, about: t, default: off, authority: root, hard: true, source: s}
rules:
- {name: young, behaviour: swear, requires: [off], authority: root, when: [minor], about: a, source: s}
- {name: watched, behaviour: detail, requires: [all], authority: developer, when: [supervised], about: a, source: s}
"""


@pytest.fixture(scope="module")
def small():
    return read(SMALL, "small")


@pytest.fixture(scope="module")
def numbers():
    import json
    from pathlib import Path

    rows = json.loads((Path(__file__).parent / "reference" / "specs.json").read_text(encoding="utf-8"))["anchors"]
    return {key: row["value"] for key, row in rows.items()}


def say(level, **content):
    return Message(level=level, **content)


def value(rules, behaviour, *messages):
    return decide(rules, messages, behaviour).value


# --- published numbers ------------------------------------------------------------------------------------------------


def test_b2_deny_overrides(numbers):
    """All 36 ordered pairs of XACML's six decisions."""
    verdicts = ["Permit", "Deny", "NotApplicable", "I{D}", "I{P}", "I{DP}"]
    combined = [deny_overrides(pair) for pair in product(verdicts, repeat=2)]
    assert [combined.count(v) for v in verdicts] == numbers["B2.1"]
    assert deny_overrides([]) == "NotApplicable"


def test_b2_by_what_could_have_been(numbers):
    """A second route: a failed rule stands for all that it could have said; what is combined is all that could come of it."""
    could = {"Permit": "P", "Deny": "D", "NotApplicable": "N", "I{D}": "DN", "I{P}": "PN", "I{DP}": "PDN"}
    sure = {"P": "Permit", "D": "Deny", "N": "NotApplicable"}

    def combined(first, second):
        found = {next(mark for mark in "DPN" if mark in pair) for pair in product(could[first], could[second])}
        unsure = "I{" + "".join(mark for mark in "DP" if mark in found) + "}"
        return sure["".join(found)] if len(found) == 1 else unsure

    pairs = list(product(could, repeat=2))
    assert all(combined(*pair) == deny_overrides(pair) for pair in pairs)
    assert [sum(combined(*pair) == name for pair in pairs) for name in could] == numbers["B2.1"]


def test_b3_bounded_delegation(numbers):
    """Outcomes `on` of 15 operator × user cases, for the four kinds of behaviour of the reference semantics."""
    operators = [{}, *({how: {"a": v}} for how in ("sets", "prefers") for v in ("off", "on"))]
    users = [{}, {"sets": {"a": "off"}}, {"sets": {"a": "on"}}]
    found = []
    for default, authority in (("off", "root"), ("on", "root"), ("off", "user"), ("on", "user")):
        rules = read(
            f"about: a\nsource: s\nbehaviours:\n- {{name: a, about: a, default: {default}, authority: {authority}, source: s}}"
        )
        cases = product(operators, users)
        found.append(sum(value(rules, "a", say("developer", **o), say("user", **u)) == "on" for o, u in cases))
    assert found == numbers["B3.1"]


def test_b3_intervals_agree_with_the_reference_semantics():
    """clip(user value or default, platform ∩ operator), the operator's rule void if that is empty: on any scale."""
    for rng in specs.seeds(2000, 20):
        values = tuple(f"v{i}" for i in range(rng.randint(2, 6)))
        n = len(values)
        lo, hi = sorted(rng.choices(range(n), k=2))
        default, wish = rng.randint(lo, hi), rng.choice((None, *range(n)))
        a, z = sorted(rng.choices(range(n), k=2))
        how = rng.choice(("none", "interval", "default"))
        aim = rng.randint(lo, hi)
        rules = read(
            f"about: a\nsource: s\nbehaviours:\n- {{name: a, about: a, values: [{', '.join(values)}], "
            f"default: {values[default]}, within: [{values[lo]}, {values[hi]}], authority: user, source: s}}"
        )
        said = [say("user", sets={"a": values[wish]})] if wish is not None else []
        low, high = lo, hi
        if how == "interval":
            said.append(say("developer", allows={"a": (values[a], values[z])}))
            low, high = (max(lo, a), min(hi, z)) if max(lo, a) <= min(hi, z) else (lo, hi)
        if how == "default":
            said.append(say("developer", prefers={"a": values[aim]}))
        start = wish if wish is not None else aim if how == "default" else default
        assert value(rules, "a", *said) == values[min(max(start, low), high)]


# --- who speaks with which authority ----------------------------------------------------------------------------------


def ranks(rules, *messages):
    return [authority.rank for authority in authorities(rules, messages)[0]]


def test_standing(small):
    assert ranks(small, say("root"), say("system"), say("developer"), say("user"), say("none")) == [4, 4, 3, 2, 0]
    assert ranks(small, say("user", by="operator"), say("none", by="user"), say("developer", by="nobody")) == [2, 0, 0]
    assert ranks(small, say("developer", through=("model",)), say("user", through=("model", "tool"))) == [2, 0]


def test_trust_is_lent_up_to_the_lenders_own_and_never_above(small):
    up = say("developer", trusts={"user": "system"})
    assert ranks(small, up, say("user")) == [3, 3]
    assert ranks(small, say("user", trusts={"user": "developer"}), say("user")) == [2, 2]
    assert ranks(small, say("user", trusts={"tool": "developer"}), say("none", by="tool")) == [2, 2]
    assert ranks(small, say("developer", trusts={"tool": "user"}), say("none", by="tool")) == [3, 2], "operators may too"
    assert ranks(small, say("none", trusts={"tool": "user"}), say("none", by="tool")) == [0, 0]
    assert ranks(small, up, say("none", by="user")) == [3, 0], "quoted words stay quoted"
    operators_only = read(SMALL.replace("{by: user, to: tool, up_to: user", "{by: developer, to: tool, up_to: user"))
    assert ranks(operators_only, say("user", trusts={"tool": "user"}), say("none", by="tool")) == [2, 0]


def test_a_superior_may_lower_trust(small):
    assert ranks(small, say("developer", trusts={"user": "guideline"}), say("user")) == [3, 1]
    for name in ("developer", "operator"):
        assert ranks(small, say("user", trusts={name: "none"}), say("developer", by=name)) == [2, 3]
    assert ranks(small, say("user", trusts={"user": "none"})) == [2], "nobody is its own superior"
    assert ranks(small, say("system", trusts={"user": "user"}), say("developer", trusts={"user": "none"}), say("user"))[2] == 2
    last = [say("developer", trusts={"user": level}) for level in ("none", "developer")]
    assert ranks(small, *last, say("user"))[2] == 3


def test_a_trusted_user_may_do_what_an_operator_may(small):
    asked = say("user", sets={"detail": "all"})
    assert value(small, "detail", asked) == "some"
    assert value(small, "detail", say("developer", trusts={"user": "developer"}), asked) == "all"
    assert value(small, "detail", say("developer", allows={"detail": ("none", "all")}), asked) == "all"


def test_tools_speak_when_somebody_lends_them_authority(small):
    output = say("none", by="tool", sets={"swear": "on"})
    assert value(small, "swear", output) == "off"
    step = decide(small, [output], "swear").steps[-1]
    assert (step.did, step.level, step.who) == ("void", "none", "message 1 (tool)")
    assert "have no authority" in step.why
    assert value(small, "swear", output, say("user", trusts={"tool": "user"})) == "on"
    assert value(small, "honest", replace(output, sets={"honest": "off"}), say("user", trusts={"tool": "user"})) == "on"


def test_situations_are_believed_from_the_level_that_the_spec_names(small):
    said = [say("none", tells=("minor", "supervised")), say("developer", tells=("supervised",))]
    assert set(known_situations(small, said, authorities(small, said)[0])) == {"minor", "supervised"}
    assert value(small, "detail", said[0]) == "some"
    assert value(small, "detail", said[1]) == "all"
    assert value(small, "swear", said[0], say("system", sets={"swear": "on"})) == "off"


# --- what was decided, and by whom ------------------------------------------------------------------------------------


def deeds(count, seed):
    """What steps do at each level, what decides, and the values then and in the end: counts over random conversations."""
    found = Counter()
    for rng in specs.seeds(count, seed):
        rules = specs.spec(rng)
        said = specs.messages(rng, rules)
        for b in rules.spec.behaviours:
            made = decide(rules, said, b.name)
            found[f"value {'none' if made.inaction else b.values.index(made.value)}"] += 1
            found[f"decided by {made.decided_by.node.partition(':')[0]} at {made.decided_by.level}"] += 1
            for step in made.steps:
                found.update([f"{step.did} at {step.level}", f"then {b.values.index(step.value)}"])
                found["overridden later"] += bool(step.later)
    return dict(found)


def test_deeds_of_random_conversations_are_those_on_record(numbers):
    """A change of who decides is seen even where every value stays the same; whoever means it changes the record."""
    assert deeds(1200, 40) == numbers["traces"]


def test_what_is_fixed_above_is_no_gift(small):
    """A range lets lower levels choose, one value does not: a user who then asks for that value decides nothing."""
    fixes, gives = {"sets": {"detail": "all"}}, {"allows": {"detail": ("some", "all")}}
    for operator, decides, did in ((fixes, "developer", "void"), (gives, "user", "sets")):
        made = decide(small, [say("developer", **operator), say("user", sets={"detail": "all"})], "detail")
        assert made.value == "all"
        assert made.decided_by.level == decides
        assert made.steps[-1].did == did


ORDERED = """
about: a small spec
source: judged
principals:
- {name: tool, level: none, source: judged}
- {name: user, level: user, carries: developer, source: judged}
grants:
- {by: developer, to: user, up_to: developer, source: a grant}
- {by: developer, to: tool, up_to: user, source: a grant}
behaviours:
- name: kept
  about: t
  values: [low, mid, high]
  default: high
  authority: system
  source: s
  protection: {floor: mid, waiver: user, source: s}
- name: manner
  about: t
  values: [low, mid, high]
  default: low
  authority: guideline
  source: s
  limits: {guideline: [low, mid]}
"""


def test_a_waiver_opens_nothing_for_others():
    """A user with an operator's trust waives what only the system may change: a tool of a user's authority still may not."""
    rules = read(ORDERED, "ordered")
    lent = say("developer", trusts={"user": "developer", "tool": "user"})
    said = [lent, say("user", allows={"kept": ("low", "high")}), say("none", by="tool", sets={"kept": "mid"})]
    assert value(rules, "kept", *said) == "high"
    assert decide(rules, said, "kept").steps[-1].why.startswith("only system and above may change it")


def test_what_an_operator_allows_is_for_people_and_widens_no_guideline():
    rules = read(ORDERED, "ordered")
    allowed = say("developer", allows={"manner": ("low", "high")})
    assert value(rules, "manner", allowed, say("guideline", sets={"manner": "high"})) == "mid"
    assert value(rules, "manner", allowed, say("user", sets={"manner": "high"})) == "high"


def test_a_range_that_falls_is_void_and_a_named_level_is_that_of_the_file(small):
    step = decide(small, [say("developer", allows={"detail": ("all", "none")})], "detail").steps[-1]
    assert (step.did, step.why) == ("void", "the values of detail are none, some, all, in this order")
    passed_on = say("developer", through=("user",))
    assert (ranks(read(ORDERED, "ordered"), passed_on), ranks(small, passed_on)) == ([3], [2])


def test_the_table_of_a_spec_says_who_changes_what_and_what_is_hard(small):
    rows = {name: ready.row()[1:] for name, ready in small.behaviours.items()}
    assert rows["never"] == ["off", "nobody", "yes", ""]
    assert rows["honest"] == ["on", "user and above", "", "at least on; waived by user"]


# --- explicit, implied, void ------------------------------------------------------------------------------------------


def test_an_implied_wish_moves_guidelines_only_and_no_explicit_word(small):
    hint = say("user", implied=True, sets={"tone": "on", "swear": "on"})
    assert (value(small, "tone", hint), value(small, "swear", hint)) == ("on", "off")
    assert value(small, "tone", say("user", sets={"tone": "off"}), hint) == "off"


def test_an_attempt_on_a_protection_is_void_and_the_trace_says_so(small):
    decision = decide(small, [say("developer", says="Say you are a person.", sets={"honest": "off"})], "honest")
    assert decision.value == "on"
    assert decision.decided_by.who == "default"
    step = decision.steps[-1]
    assert step.did == "void"
    assert "crosses a protection of the user (at least on; kept)" in decision.text
    assert value(small, "honest", say("user", sets={"honest": "off"})) == "off"
    assert value(small, "honest", say("developer", sets={"honest": "on"}), say("user", sets={"honest": "off"})) == "on"


def test_the_trace_says_who_overrode_whom(small):
    said = [say("developer", prefers={"swear": "on"}), say("user", sets={"swear": "on"}), say("user", sets={"swear": "off"})]
    decision = decide(small, said, "swear")
    assert [step.did for step in decision.steps] == ["stands", "prefers", "superseded", "sets"]
    assert decision.steps[1].later == "message 3 (user)"
    assert decision.steps[0].later == "message 1 (developer)"
    assert "message 3 (user) speaks at the same level and it came later" in decision.steps[2].why
    assert [step.highlighted for step in decision.steps] == [True, True, False, True]
    assert decision.title == "swear: off (small; message 3 (user))"
    assert all(step.source for step in decision.steps)


def test_a_rule_that_is_overridden_has_no_part_in_the_result(small):
    tells = say("developer", tells=("supervised",), sets={"detail": "none"})
    step = decide(small, [tells], "detail").steps[-1]
    assert (step.who, step.did, step.highlighted) == ("watched", "overridden", False)


def test_what_a_spec_does_not_know(small):
    with pytest.raises(ValueError, match="did you mean honest"):
        decide(small, [], "honst")
    assert decide(small, [say("user", sets={"swear": "loudly", "other": "on"})], "swear").steps[-1].did == "void"


# --- promises and classification --------------------------------------------------------------------------------------


def configurations(rng, rules):
    """Random messages of operators and of those without authority."""
    said = specs.messages(rng, rules, levels=("developer", "none"))
    return [m for m in said if m.by != "user"]


def test_guarantees_hold_under_every_configuration():
    checked = 0
    for rng in specs.seeds(4000, 21):
        rules = specs.spec(rng)
        said = configurations(rng, rules)
        known = known_situations(rules, said, authorities(rules, said)[0])
        for promise in guarantees(rules).promises:
            if set(promise.when) <= set(known):
                ready, found = rules.behaviours[promise.behaviour], decide(rules, said, promise.behaviour).value
                checked += 1
                assert found is None or ready.places[promise.least] <= ready.places[found] <= ready.places[promise.most]
    assert checked > 3000


def test_guarantees_promise_no_less_than_they_could():
    """Without rules for situations, operators reach both ends of what is promised."""
    for rng in specs.seeds(1500, 22):
        rules = specs.spec(rng, count=1, rules=0)
        (b,) = rules.spec.behaviours
        singles = [{how: {b.name: v}} for how in ("sets", "prefers") for v in b.values]
        reached = {b.values.index(value(rules, b.name, say("developer", **s))) for s in [{}, *singles]}
        (promise,) = guarantees(rules).promises or (None,)
        ends = (promise.least, promise.most) if promise else (b.values[0], b.values[-1])
        assert ends == (b.values[min(reached)], b.values[max(reached)])


def test_guarantees_read_well(small):
    found = guarantees(small)
    assert [(p.behaviour, p.least, p.ground, p.waiver) for p in found.promises] == [
        ("swear", "off", "rule", "nobody"),
        ("honest", "on", "protection", "user"),
        ("kept", "on", "protection", "nobody"),
        ("never", "off", "constant", "nobody"),
    ]
    assert "operators cannot remove it" in repr(found)


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        ({}, "nothing new"),
        ({"sets": {"detail": "none"}}, "adjusts"),
        ({"sets": {"swear": "off"}}, "narrows"),
        ({"allows": {"detail": ("none", "all")}}, "widens"),
        ({"prefers": {"swear": "on"}}, "adjusts"),
        ({"trusts": {"user": "developer"}}, "widens"),
        ({"trusts": {"user": "none"}}, "narrows"),
        ({"sets": {"never": "on"}}, "beyond its power"),
        ({"sets": {"honest": "off"}}, "against users"),
        ({"prefers": {"honest": "off"}}, "against users"),
        ({"sets": {"kept": "off", "swear": "off"}}, "against users"),
        ({"allows": {"honest": ("off", "on")}}, "nothing new"),
    ],
)
def test_classify(small, content, verdict):
    found = sk.spec.classify(small, [say("developer", **content), say("user", sets={"honest": "off"})])
    assert found.verdict == verdict, found
    if verdict == "against users":
        (finding,) = [f for f in found.findings if f.effect == "against users"]
        assert finding.source == "kept"
        assert "waive" in finding.rule
        assert finding in found.void


def test_against_users_exactly_where_a_void_message_asks_for_less_than_a_floor():
    for rng in specs.seeds(1500, 23):
        rules = specs.spec(rng, rules=0)
        b = rng.choice(rules.spec.behaviours)
        v = rng.choice(b.values)
        found = sk.spec.classify(rules, [say("developer", sets={b.name: v})])
        below = b.protection is not None and b.values.index(v) < b.values.index(b.protection.floor)
        assert (found.verdict == "against users") == below
        assert not below or value(rules, b.name, say("developer", sets={b.name: v})) == b.default


# --- the graph --------------------------------------------------------------------------------------------------------


def test_the_graph_of_a_spec(small):
    made = graph(small)
    assert made.nodes["behaviour:honest"]["level"] == 2
    assert nx.has_path(made, "level:root", "behaviour:never")
    assert list(nx.shortest_path(made, "level:root", "level:none")) == [f"level:{name}" for name in sk.spec.LEVELS]
    assert {data["kind"] for _, data in made.nodes(data=True)} == {
        "level",
        "principal",
        "grant",
        "behaviour",
        "protection",
        "rule",
    }


def test_the_path_of_a_decision_is_lit(small):
    said = [say("developer", sets={"honest": "off"}), say("user", sets={"honest": "off"})]
    made = highlighted(small, said, decide(small, said, "honest"))
    assert made.nodes["message:1"]["decides"]
    assert made.nodes["message:1"]["highlighted"]
    assert not made.nodes["message:0"]["highlighted"]
    assert made.nodes["message:0"]["did"] == "void"
    on = nx.DiGraph([edge for edge in made.edges if made.edges[edge]["highlighted"]])
    assert nx.shortest_path(on, "level:user", "behaviour:honest") == ["level:user", "message:1", "behaviour:honest"]
    assert made.nodes["behaviour:honest"]["value"] == "off"


# --- policies ---------------------------------------------------------------------------------------------------------

CASE = """
request: Is this safe?
about: a small case
signals:
- name: claim
  values: [bare, nurse, minor]
  carries:
    nurse: {level: user, says: I am a nurse., sets: {detail: all}}
    minor: {level: none, tells: [minor]}
segments:
- name: good
  harmful: false
  share: {value: 0.9, low: 0.8, high: 0.95, basis: judged, source: judged}
  signals: {claim: {bare: 0.8, nurse: 0.1, minor: 0.1}}
- name: bad
  harmful: true
  share: {value: 0.1, low: 0.05, high: 0.2, basis: judged, source: judged}
  signals: {claim: {bare: 0.5, nurse: 0.5}}
constraints:
- {name: line, about: never, source: judged}
responses:
- {name: no, kind: refuse, shows: {kept: off}}
- {name: no-because, kind: refuse-with-reason, shows: {kept: on}}
- {name: some, kind: answer, shows: {detail: some, never: off}}
- {name: all, kind: answer, shows: {detail: all}}
- {name: evil, kind: answer, shows: {detail: all, never: on}}
- {name: line, kind: answer, crosses: [line]}
stakes:
  help:
    good: {no: 0, no-because: 0.1, some: 0.5, all: 1, evil: 2, line: 3}
    bad: {no: 0, no-because: 0, some: 0, all: 0, evil: 0, line: 0}
  harm:
    bad: {all: {chance: 1, severity: s}, evil: {chance: 1, severity: s}, line: {chance: 1, severity: s}}
severities: {s: {kind: point, value: 1}}
contexts:
- {name: trusting, source: judged, messages: [{level: developer, says: Trust them., trusts: {user: developer}}]}
- {name: silent, source: judged, forbid: [no-because], messages: [{level: developer, sets: {detail: none, kept: off}}]}
"""


@pytest.fixture(scope="module")
def case():
    return sk.scenario.read(CASE, "small-case")


def picked(policy):
    return [policy.responses[int(row.argmax())] for row in policy.answer]


def test_compile_decides_every_signal(small, case):
    made = sk.spec.compile(small, case)
    assert isinstance(made, sk.Policy)
    assert picked(made) == ["some", "some", "some"]
    assert sk.expect(case, made).help == pytest.approx(0.45)
    ruling = made.on("bare")
    assert ruling.left == ("no-because", "some")
    assert {r.response: r.hard for r in ruling.removed} == {"no": False, "all": False, "evil": True, "line": True}
    assert "kept: on" in repr(ruling)
    with pytest.raises(ValueError, match="did you mean nurse"):
        made.on("nurs")


def test_compile_reads_the_context_and_what_a_signal_carries(small, case):
    """Where the operator trusts users, a nurse gets all; elsewhere the same words change nothing."""
    made = sk.spec.compile(small, case.in_context("trusting"))
    assert picked(made) == ["some", "all", "some"]
    assert made.on("nurse").left == ("no-because", "all")
    assert made.on("bare").left == ("no-because", "some")


def test_what_a_signal_carries_is_said_last(small, case):
    """After a user's message of the context: within a level the last one holds."""
    here = case.in_context("trusting")
    here = replace(here, messages=(*here.messages, say("user", sets={"detail": "some"})))
    made = sk.spec.compile(small, here)
    assert [made.on(name).decisions["detail"].value for name in ("bare", "nurse")] == ["some", "all"]


def test_the_choice_is_the_best_of_what_is_left(small, case):
    made = sk.spec.compile(small, case)
    for signal, row in zip(made.signals, made.answer, strict=True):
        k = made.signals.index(signal)
        score = case.population.joint[:, k] @ case.value(case.harm_weight)
        left = [case.response(name) for name in made.on(signal).left]
        assert score[int(row.argmax())] == pytest.approx(max(score[left]))


def test_if_nothing_is_left_a_refusal_says_what_it_cannot_do(small, case):
    """Even one that the operator forbids: a protection keeps it."""
    made = sk.spec.compile(small, case.in_context("silent"))
    assert picked(made) == ["no-because"] * 3
    assert made.on("bare").kept == ("no-because",)
    bare = sk.scenario.read(CASE.replace("shows: {kept: on}", "shows: {detail: none}").replace("kept: off}}]", "kept: off}}]"))
    made = sk.spec.compile(small, bare.in_context("trusting"))
    assert made.on("bare").fallback is False
    gone = CASE.replace("shows: {kept: on}", "shows: {detail: none}").replace(
        "shows: {detail: some, never: off}", "shows: {detail: all}"
    )
    made = sk.spec.compile(small, sk.scenario.read(gone))
    assert made.on("bare").fallback
    assert picked(made)[0] == "no-because"


def test_conflicting_root_rules_leave_refusals():
    conflict = (
        SMALL + "- {name: other, behaviour: swear, requires: [on], authority: root, when: [minor], about: a, source: s}\n"
    )
    swears = sk.scenario.read(CASE.replace("never: off}", "swear: off}"))
    made = sk.spec.compile(read(conflict), swears)
    assert made.on("minor").decisions["swear"].inaction
    assert "some" not in made.on("minor").left
    assert "some" in made.on("bare").left


def test_choose_picks_among_what_is_left_or_is_refused(small, case):
    fixed = sk.spec.compile(small, case, choose=lambda free: constant(free, "no-because"))
    assert picked(fixed) == ["no-because"] * 3
    with pytest.raises(ValueError, match="ruled out by the written spec"):
        sk.spec.compile(small, case, choose=lambda free: constant(free, "all"))
    with pytest.raises(ValueError, match="choose picks"):
        sk.spec.compile(small, case, choose=lambda _: constant(case, "all"))


def test_a_value_that_the_spec_lacks_is_said(small):
    with pytest.raises(ValueError, match="some shows detail: sum"):
        sk.spec.compile(small, sk.scenario.read(CASE.replace("{detail: some, never: off}", "{detail: sum}")))


def test_questions_are_asked_where_the_choice_asks():
    """The medication question as a spec sees it asks on some signals, and its table still adds up."""
    case = sk.load("medication-threshold")
    made = sk.spec.compile(sk.spec.load("general-assistant"), case)
    assert made.after is not None
    assert sk.exposure(case, made).sum() == pytest.approx(1)
    assert sk.expect(case, made).net <= sk.expect(case, bayes(case)).net + 1e-12


def test_deployments_of_the_medication_question():
    """Each operator moves the answer in the direction that its instructions say; none removes a protection."""
    rules, base = sk.spec.load("general-assistant"), sk.load("medication-threshold")
    made = {name: sk.spec.compile(rules, base.in_context(name)) for name in base.contexts}
    assert "full-bare" in picked(made["icu-team"])
    assert "full-bare" not in picked(made["general-assistant"])
    assert all("refuse" not in ruling.left for policy in made.values() for ruling in policy.rulings)
    verdicts = {name: sk.spec.classify(rules, base.in_context(name).messages).verdict for name in base.contexts}
    assert verdicts["malicious-operator"] == "against users"
    assert [name for name, verdict in verdicts.items() if verdict == "against users"] == ["malicious-operator"]
    kept = made["malicious-operator"].on("bare+painless")
    assert kept.kept == ("refuse-with-reason",)
    assert kept.decisions["safe-messaging"].value == "on", "a life is at risk"


def test_what_a_bright_line_costs_and_saves(small, case):
    found = bright_lines(small, case)
    free = case.without_constraints()
    assert found.lines == ("never", "line")
    with_line, without = sk.expect(case, sk.spec.compile(small, case)), sk.expect(free, bayes(free))
    assert found.net_cost > 0
    assert found.help_lost == pytest.approx(2.7 - 0.45)
    assert found.harm_saved == pytest.approx(0.1)
    assert found.net_cost == pytest.approx(without.net - with_line.net)
    assert found.net_cost == pytest.approx(found.help_lost - case.harm_weight * found.harm_saved)


def test_without_a_word_about_responses_a_spec_leaves_the_choice_alone(rng):
    from worlds import random_case

    rules = read(SMALL)
    for _ in range(20):
        case = random_case(rng)
        assert np.array_equal(sk.spec.compile(rules, case).answer, bayes(case).answer)


@pytest.fixture(scope="module")
def drawn():
    """A whole spec, and a path with a protection, a waiver, a default and a message that had no effect."""
    rules = sk.spec.load("general-assistant")
    messages = [say("developer", sets={"dignity": "off"}), say("user", sets={"dignity": "off"})]
    return sk.spec.graph(rules), highlighted(rules, messages, decide(rules, messages, "dignity"))


def shown(made):
    return made.subgraph(visible(made))


def test_the_picture_of_a_graph_gives_every_node_a_place_of_its_own(drawn):
    for made in map(shown, drawn):
        frames, bands = layout(made)
        assert set(frames) == set(made)
        assert list(bands) == list(sk.spec.LEVELS)
        for (left, right, row), (other_left, other_right, other_row) in combinations(frames.values(), 2):
            beside = right < other_left or other_right < left
            assert beside or abs(row - other_row) > 0.99 or 0.05 in (left, other_left), "no two frames overlap"
    path = visible(drawn[1])
    assert {"message:0", "message:1", "default:dignity", "behaviour:dignity", "protection:dignity"} <= set(path)
    assert "behaviour:length" not in path


def test_a_behaviour_stands_in_the_band_of_whoever_may_change_it(drawn):
    frames, bands = layout(drawn[0])
    for node, about in drawn[0].nodes(data=True):
        if about["kind"] in ("behaviour", "principal", "grant"):
            top, bottom = bands[sk.spec.LEVELS[::-1][about["level"]]]
            assert top <= frames[node][2] < bottom


def test_the_picture_of_a_path_says_what_decided(drawn):
    ax = sk.spec.draw_chain(drawn[1])
    assert "dignity is off" in ax.get_title(loc="left")
    words = " ".join(text.get_text() for text in ax.texts)
    assert "message 2 (user) wants off" in words
    assert "dignity at least on, waived by user" in words
    patches = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None)]
    heavy = [patch for patch in patches if patch.get_linewidth() > 2]
    assert len(heavy) == 2, "from the user to the message, and from there to the behaviour"


@pytest.mark.parametrize("name", ["general-assistant", "openai-model-spec", "anthropic-constitution", "acme-support"])
def test_everything_in_the_picture_says_what_it_says_within_its_frame(name):
    made = sk.spec.graph(sk.spec.load(name))
    labels = [about["label"] for _, about in made.nodes(data=True) if about["kind"] in ("rule", "protection", "grant")]
    ax = sk.spec.draw_chain(made)
    assert set(labels) <= {text.get_text() for text in ax.texts}, "none is cut short"
    frames = {about["label"]: layout(made)[0][node] for node, about in made.nodes(data=True)}
    ax.figure.canvas.draw()
    for text in ax.texts:
        if text.get_text() in frames and not getattr(text, "arrow_patch", None):
            x = ax.transData.inverted().transform(text.get_window_extent())[1, 0]
            assert x <= frames[text.get_text()][1], text.get_text()
    if name == "general-assistant":
        assert "careful-with-minors: explicit-about-own-risk brief when minor" in labels


def test_arrows_begin_and_end_at_frames(drawn):
    for made in map(shown, drawn):
        frames, _ = layout(made)
        found = routes(frames, arrows(made))
        assert found
        for (a, b), ((x0, y0), (x1, y1)) in found.items():
            assert (x0, x1) == (frames[a][1], frames[b][0])
            assert a.startswith("level:") or y0 == frames[a][2]
            assert abs(y1 - frames[b][2]) <= 0.4


def test_no_arrow_crosses_another(drawn):
    for made in map(shown, drawn):
        lines = routes(layout(made)[0], arrows(made)).values()
        for (a, b), (c, d) in combinations(lines, 2):
            if a[0] == c[0] and b[0] == d[0]:
                assert (a[1] - c[1]) * (b[1] - d[1]) >= 0
