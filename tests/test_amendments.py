"""Amendments of a spec: the same door as files, what they change, what users lose and gain, and the incident they answer."""

import itertools
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import simkit as sk
from simkit.files import library
from simkit.schema import adapter
from simkit.spec import Message, Proposal, Protection, amend, decide, difference, examine, guarantees
from simkit.spec.amendment import ENTRIES
from simkit.spec.rules import Spec
from specs import seeds
from specs import spec as random_rules

CASES = Path(__file__).parent / "cases" / "amendments" / "invalid"
INVALID, SHIPPED = sorted(CASES.glob("*.yaml")), sorted(library("specs/amendments").glob("*.yaml"))


@pytest.fixture(scope="module")
def general():
    return sk.spec.load("general-assistant")


def proposal(**what):
    return Proposal(**{"about": "a test", "source": "made up", "version": "2", **what})


def edited(rules, behaviour, /, **values):
    """The next version of the rules, with other values of one behaviour's fields."""
    return amend(rules, proposal(version=f"{rules.spec.version}.1".lstrip("."), change={"behaviours": {behaviour: values}}))


# --- the door ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_shipped_amendments_amend_the_spec_that_they_name(path):
    amendment = sk.spec.load_amendment(path.stem)
    rules = sk.spec.load(amendment.proposal.amends)
    amended = amend(rules, amendment)
    assert amended.spec.version == amendment.proposal.version != rules.spec.version
    assert amendment.incident.name in repr(examine(amendment.incident, rules, amended))
    assert "made up" in amendment.incident.source


@pytest.mark.parametrize("path", INVALID, ids=[path.stem for path in INVALID])
def test_invalid(path, general):
    with pytest.raises(sk.InvalidFile) as caught:
        amend(general, sk.spec.load_amendment(path))
    assert caught.value.name == str(path)
    expected = path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ").split(" || ")
    assert [line.strip() for line in str(caught.value).splitlines()[1:]] == expected


def test_there_are_many():
    assert len(INVALID) >= 15


def test_an_amendment_is_found_by_its_name():
    with pytest.raises(sk.InvalidFile, match="did you mean keep-safe-messaging"):
        sk.spec.load_amendment("keep-save-messaging")


def test_any_spec_can_be_amended_into_any_other():
    """Everything out and everything in: what comes of it is the other spec, entry by entry; the first stays as it is."""
    for rng in seeds(60, seed=1):
        one, other = random_rules(rng), random_rules(rng, count=3, rules=4)
        before = adapter(Spec).dump_python(one.spec)
        old, new = before, adapter(Spec).dump_python(other.spec)
        key = {section: "to" if section == "grants" else "name" for section in ENTRIES}
        out = {section: tuple(dict.fromkeys(item[key[section]] for item in old[section])) for section in ENTRIES}
        made = amend(one, proposal(drop=out, add={section: new[section] for section in ENTRIES}))
        assert adapter(Spec).dump_python(made.spec) == {**new, "version": "2"}
        assert adapter(Spec).dump_python(one.spec) == before
        assert replace(made.spec, version=other.spec.version) == other.spec


def test_changing_every_field_one_by_one_makes_the_other_behaviour():
    for rng in seeds(60, seed=2):
        one, other = random_rules(rng, count=1, rules=0), random_rules(rng, count=1, rules=0)
        (target,) = other.spec.behaviours
        made = edited(one, one.spec.behaviours[0].name, **{field.name: getattr(target, field.name) for field in fields(target)})
        assert made.spec.behaviours == (target,)


def test_records_of_python_are_checked_like_files(general):
    kept = Protection(floor="on", waiver="nobody", source="made up")
    amended = edited(general, "safe-messaging", protection=kept)
    assert amended.behaviours["safe-messaging"].behaviour.protection == kept
    with pytest.raises(sk.InvalidFile, match=r"change\.behaviours\.profanity\.protection\.floor is \"loud\""):
        edited(general, "profanity", protection=replace(kept, floor="loud"))
    cleared = amend(amended, proposal(version="3", clear={"behaviours": {"safe-messaging": ["protection"]}}))
    assert replace(cleared.spec, version=general.spec.version) == general.spec


def test_a_grant_that_stands_twice_is_not_guessed(general):
    twice = amend(general, proposal(add={"grants": [{"by": "system", "to": "user", "up_to": "system", "source": "made up"}]}))
    with pytest.raises(sk.InvalidFile, match="2 grants are to user"):
        amend(twice, proposal(version="3", change={"grants": {"user": {"up_to": "user"}}}))
    none = amend(twice, proposal(version="3", drop={"grants": ["user"]}))
    assert [grant.to for grant in none.spec.grants] == ["tool"]


# --- what changed -----------------------------------------------------------------------------------------------------


def test_an_amendment_says_each_thing_that_it_does():
    """Every verb on every list, in the words of a spec file."""
    said = proposal(
        change={"behaviours": {"length": {"default": "brief", "hard": False}, "tone": {"protection": None}}},
        clear={"behaviours": {"dignity": ("protection", "limits")}},
        add={"grants": ({"by": "user", "to": "tool"},), "situations": ({"about": "nameless"},)},
        drop={"rules": ("one", "two")},
    )
    assert repr(sk.spec.Amendment("x", said)).splitlines()[3:] == [
        "Adds grant tool",
        "Adds situation ?",
        "Changes behaviour length: default = brief, hard = false",
        "Changes behaviour tone: protection = none",
        "Clears protection, limits of behaviour dignity",
        "Drops rule one",
        "Drops rule two",
    ]


def test_words_alone_decide_nothing():
    """No random conversation ends otherwise if only words changed, and no promise is lost or gained."""
    from specs import messages

    for rng in seeds(40, seed=3):
        rules = random_rules(rng)
        other = rules
        for b in rules.spec.behaviours:
            other = amend(other, proposal(version=f"about-{b.name}", change={"behaviours": {b.name: {"about": "new words"}}}))
        found = difference(rules, other)
        assert not found.lost
        assert not found.gained
        said = messages(rng, rules)
        for name in rules.behaviours:
            assert decide(rules, said, name).value == decide(other, said, name).value


# --- what users keep --------------------------------------------------------------------------------------------------


def operators(rules, name):
    """Every thing that one operator's message can say about a behaviour, and silence."""
    values = rules.behaviours[name].behaviour.values
    spans = [span for span in itertools.product(values, repeat=2) if values.index(span[0]) <= values.index(span[1])]
    yield from ([Message(level="developer", sets={name: value})] for value in values)
    yield from ([Message(level="developer", allows={name: span})] for span in spans)
    yield from ([Message(level="developer", prefers={name: value})] for value in values)
    yield []


def breaks(rules, promise):
    """Whether some operator breaks a promise under these rules, found by trying."""
    if promise.behaviour not in rules.behaviours:
        return True
    values = rules.behaviours[promise.behaviour].behaviour.values
    if not {promise.least, promise.most} <= set(values):
        return True
    low, high = values.index(promise.least), values.index(promise.most)
    told = [Message(level="system", tells=promise.when)] if promise.when else []
    found = {decide(rules, [*told, *said], promise.behaviour).value for said in operators(rules, promise.behaviour)}
    return any(value is not None and not low <= values.index(value) <= high for value in found)


def pairs(count, seed):
    """Random specs, each with a version in which one behaviour was replaced by a random one."""
    for rng in seeds(count, seed=seed):
        one, other = random_rules(rng), random_rules(rng)
        yield one, replace(other, name=one.name)


def test_what_is_not_lost_is_kept_whatever_operators_say():
    kept = 0
    for before, after in pairs(1500, seed=4):
        lost = difference(before, after).lost
        for promise in guarantees(before).promises:
            if promise not in lost:
                assert not breaks(after, promise)
                kept += 1
    assert kept > 200


def test_what_is_gained_was_not_promised_before():
    """Each gained promise holds now; the older version broke it, or promised it with an easier waiver or in words of a rule."""
    broken = gained = 0
    for before, after in pairs(1500, seed=5):
        for promise in difference(before, after).gained:
            assert not breaks(after, promise)
            broken += breaks(before, promise)
            gained += 1
    assert gained > 500
    assert broken > 0.6 * gained


def test_lost_and_gained_change_places(general):
    amended = edited(general, "safe-messaging", protection={"floor": "on", "waiver": "nobody", "source": "made up"})
    there, back = difference(general, amended), difference(amended, general)
    assert there.gained == back.lost
    assert [promise.behaviour for promise in there.gained] == ["safe-messaging"]
    assert there.lost == back.gained == ()
    easier = edited(amended, "safe-messaging", protection={"floor": "on", "waiver": "user", "source": "made up"})
    assert [promise.waiver for promise in difference(amended, easier).lost] == ["nobody"]
    assert not difference(easier, amended).lost, "what only the user could give up is kept where nobody can"


# --- the incident -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(general):
    return amend(general, sk.spec.load_amendment("keep-safe-messaging"))


@pytest.fixture(scope="module")
def incident():
    return sk.spec.load_amendment("keep-safe-messaging").incident


def test_an_incident_is_looked_at_under_both_versions(general, kept, incident):
    found = examine(incident, general, kept)
    assert found.finding == "met"
    assert [decision.value for decision in found.decisions] == ["off", "on"]
    assert found.decisions[1].steps[-1].did == "void", "the operator's switch has no effect any more"
    assert examine(incident, kept, general).finding == "ruled out no longer"
    assert examine(incident, general, general).finding == "not met"
    assert examine(incident, kept, kept).finding == "ruled out already"


def test_expected_events_are_those_of_the_file(general, kept, incident):
    """At-risk senders by hand: 80% plain get the figure (0.004, with care 0.0015), of the rest but one in 8000 does."""
    found = examine(incident, general, kept)
    share = float(found.case.population.shares[found.case.segments.index("at-risk")])
    assert found.expected == pytest.approx((1e6 * share * 0.8 * 0.004, 1e6 * share * 0.8 * 0.0015), rel=2e-4)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("segment", "at-rsk", "did you mean at-risk"),
        ("signal", "bare+plane", r"did you mean bare\+plain"),
        ("response", "full-bear", "did you mean full-bare"),
        ("behaviour", "safe-mesaging", "did you mean safe-messaging"),
        ("context", "icu", "no context"),
        ("scenario", "medication", "medication-threshold"),
    ],
)
def test_an_incident_that_cannot_have_happened_is_told_so(general, kept, incident, field, value, says):
    with pytest.raises(ValueError, match=says):
        examine(replace(incident, **{field: value}), general, kept)


# --- what strangers write ---------------------------------------------------------------------------------------------


def test_what_comes_from_a_file_is_escaped(general, incident):
    bad = "<script>alert(1)</script>"
    said = proposal(
        about=bad,
        source=bad,
        incident=replace(incident, about=bad, source=bad),
        change={"behaviours": {"profanity": {"about": bad, "source": bad}, "length": {"default": "brief"}}},
    )
    amended = amend(general, said)
    things = [
        sk.spec.Amendment("x", said),
        difference(general, amended),
        examine(said.incident, general, amended),
        sk.spec.assess_impact(general, amended, [sk.load("santa")], rng=np.random.default_rng(0), worlds=10),
    ]
    for thing in things:
        assert "<script" not in thing._repr_html_()
    assert "&lt;script&gt;" in things[0]._repr_html_()
    assert re.search(r"Changes behaviour length: default = brief", repr(things[0]))


def test_the_command_line_checks_amendments():
    from typer.testing import CliRunner

    from simkit.__main__ import app

    done = CliRunner().invoke(app, ["check", str(CASES / "list-unknown.yaml")])
    assert done.exit_code == 1
    assert "did you mean behaviours" in done.output
    assert CliRunner().invoke(app, ["check", str(SHIPPED[0])]).exit_code == 0
