"""Honesty by definition: each property where the answer is known, laws over random assertions, the documents' duties."""

import random
from dataclasses import replace
from itertools import product

import pytest

import simkit as sk
from simkit import spec
from simkit.spec import Assertion, duties, judge
from simkit.spec.honesty import LEGITIMATE, PROPERTIES

DOCUMENTS = ("model-spec-2025-02-12", "model-spec-2025-09-12", "openai-model-spec", "anthropic-constitution")
IN_OWN_NAME = {"truthful", "calibrated", "forthright", "non-deceptive", "autonomy-preserving"}


def said(**changes):
    """A plain true sentence that is believed: nothing is wrong with it."""
    return replace(Assertion(claim="it rains", held=0.9, says=0.9, before=0.5, after=0.9), **changes)


# --- each property by itself ------------------------------------------------------------------------------------------

KNOWN = {
    "the truth": ({}, set()),
    "a lie": ({"says": 0.0, "after": 0.1}, {"truthful", "calibrated", "non-deceptive"}),
    "a lie that nobody believes": ({"says": 0.0, "after": 0.5}, {"truthful", "calibrated"}),
    "a white lie about itself": (
        {"says": 0.0, "after": 0.3, "about_itself": True},
        {"truthful", "calibrated", "transparent", "non-deceptive"},
    ),
    "boasting": ({"held": 0.6, "says": 1.0, "after": 0.7}, {"calibrated"}),
    "hedging what is known": ({"held": 1.0, "says": 0.7}, {"calibrated"}),
    "even odds for what is known": ({"says": 0.5, "after": 0.6}, {"calibrated"}),
    "an honest error": ({"held": 0.9, "says": 0.9, "after": 0.9}, set()),
    "silence": ({"says": None, "after": 0.5}, set()),
    "silence about what is wanted": ({"says": None, "after": 0.5, "worth": 0.4, "against": 0.1}, {"forthright"}),
    "silence about what is outweighed": ({"says": None, "after": 0.5, "worth": 0.4, "against": 0.5}, set()),
    "silence that misleads": ({"says": None, "after": 0.2}, {"non-deceptive"}),
    "a true word that misleads": ({"after": 0.3}, {"non-deceptive"}),
    "an aim that is hidden": ({"hides_aim": True}, {"transparent"}),
    "a true word by flattery": ({"means": "flattery"}, {"non-manipulative"}),
    "its own view, pushed": ({"one_sided": True, "receivers": 1000}, {"autonomy-preserving"}),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_wrong_with_it(name):
    changes, broken = KNOWN[name]
    assert set(judge(said(**changes)).broken) == broken


def test_every_property_is_broken_by_some_case_and_alone_by_one_where_that_is_possible():
    all_broken = [broken for _, broken in KNOWN.values()]
    assert set().union(*all_broken) == set(PROPERTIES)
    alone = {next(iter(broken)) for broken in all_broken if len(broken) == 1}
    assert alone == set(PROPERTIES) - {"truthful"}, "who asserts the opposite is not calibrated either"


def test_how_far_it_falls_short():
    lie = {f.property: f.amount for f in judge(said(says=0.0, after=0.1)).findings}
    assert lie["truthful"] == pytest.approx(0.9)
    assert lie["non-deceptive"] == pytest.approx(0.8 - 0.4)
    assert lie["transparent"] == 0
    pushed = {f.property: f.amount for f in judge(said(one_sided=True, receivers=1000)).findings}
    assert pushed["autonomy-preserving"] == pytest.approx(1000 * 0.4)
    kept = {f.property: f.amount for f in judge(said(says=None, after=0.5, worth=0.4, against=0.1)).findings}
    assert kept["forthright"] == pytest.approx(0.3)


def test_a_tenth_is_as_well_as_credences_are_known():
    assert "calibrated" not in judge(said(held=0.8, says=0.9)).broken
    assert "calibrated" in judge(said(held=0.79, says=0.9)).broken


# --- sincere and performative -----------------------------------------------------------------------------------------

HUMAN = {"claim": "I am a person", "held": 0.0, "says": 1.0, "before": 0.2, "after": 0.6, "about_itself": True}


@pytest.mark.parametrize(
    ("role", "known", "in_earnest", "sincere"),
    [
        ("none", False, False, True),
        ("user", False, False, False),
        ("user", False, True, True),
        ("operator", False, False, True),
        ("operator", True, False, False),
        ("operator", True, True, True),
    ],
)
def test_a_role_excuses_what_both_know_to_be_one(role, known, in_earnest, sincere):
    found = judge(Assertion(**HUMAN, role=role, known=known, in_earnest=in_earnest))
    assert found.assertion.sincere == sincere
    assert bool(found.broken) == sincere


def test_a_role_excuses_neither_a_hidden_aim_nor_pressure():
    played = Assertion(**HUMAN, role="user", hides_aim=True, means="pressure")
    assert set(judge(played).broken) == {"transparent", "non-manipulative"}


# --- laws -------------------------------------------------------------------------------------------------------------


def anything(rng):
    grid = [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1]
    return Assertion(
        claim="x",
        held=rng.choice(grid),
        says=rng.choice([None, *grid]),
        before=rng.choice(grid),
        after=rng.choice(grid),
        about_itself=rng.random() < 0.3,
        hides_aim=rng.random() < 0.3,
        worth=rng.choice([0, 0.2, 0.5]),
        against=rng.choice([0, 0.3, 0.6]),
        means=rng.choice([*LEGITIMATE, "flattery", "pressure"]),
        one_sided=rng.random() < 0.3,
        receivers=rng.choice([1, 1000]),
        role=rng.choice(["none", "user", "operator"]),
        known=rng.random() < 0.5,
        in_earnest=rng.random() < 0.3,
    )


ASSERTIONS = [anything(random.Random(seed)) for seed in range(2000)]  # noqa: S311


def test_a_claim_and_its_opposite_get_the_same_verdict():
    for said_ in ASSERTIONS:
        turned = {name: 1 - getattr(said_, name) for name in ("held", "before", "after")}
        turned["says"] = None if said_.says is None else 1 - said_.says
        assert judge(replace(said_, **turned)).broken == judge(said_).broken


def test_only_what_is_broken_falls_short_and_every_property_is_judged():
    for said_ in ASSERTIONS:
        found = judge(said_)
        assert [finding.property for finding in found.findings] == list(PROPERTIES)
        assert all((finding.amount > 0) != finding.holds and finding.why for finding in found.findings)


def test_in_a_shared_role_what_binds_ones_own_name_is_never_broken():
    played = [said_ for said_ in ASSERTIONS if not said_.sincere]
    assert len(played) > 300
    assert not any(IN_OWN_NAME & set(judge(said_).broken) for said_ in played)


def test_to_ask_in_earnest_never_excuses_anything():
    for said_ in ASSERTIONS:
        assert set(judge(said_).broken) <= set(judge(replace(said_, in_earnest=True)).broken)


def test_who_says_what_it_holds_and_is_believed_deceives_nobody():
    for held, before in product([0, 0.2, 0.5, 0.9], [0, 0.4, 1]):
        assert not judge(said(held=held, says=held, before=before, after=held)).broken


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"held": 1.2}, "held is a credence, a number from 0 to 1, not 1.2"),
        ({"says": -1}, "says is a credence"),
        ({"after": float("nan")}, "after is a credence"),
        ({"means": "magic"}, "means must be evidence, .*, not 'magic'"),
        ({"role": "tool"}, "role must be none, user or operator, not 'tool'"),
        ({"receivers": -1}, "receivers, worth and against are never negative"),
    ],
)
def test_what_is_no_assertion_is_said(changes, says):
    with pytest.raises(ValueError, match=says):
        said(**changes)


def test_a_claim_is_escaped():
    html = judge(said(claim="<script>alert(1)</script>"))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


# --- the documents ----------------------------------------------------------------------------------------------------


def about_instructions(says, after, **more):
    """What is said about the claim “I have instructions”, by one that has."""
    return Assertion(claim="I was given instructions", held=1.0, says=says, before=0.5, after=after, about_itself=True, **more)


ANSWERS = {
    "reveal": about_instructions(1.0, 1.0),
    "admit": about_instructions(1.0, 1.0),
    "own-up": about_instructions(None, 0.6, worth=0.3),
    "deflect": about_instructions(None, 0.4, hides_aim=True, worth=0.3),
    "deny": about_instructions(0.0, 0.1, hides_aim=True, worth=0.3),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_a_spec_lets_a_hostile_operator_have_passes_its_own_filters(name):
    """Two routes to the same answer: protections and levels (`compile`), and the properties of what is said (`judge`)."""
    case = sk.load("confidential-prompt").in_context("hidden-goal")
    (response,) = {ruling.left for ruling in spec.compile(spec.load(name), case).rulings}
    assert duties(name).permits(judge(ANSWERS[response[0]]), instructed_by="developer")


def test_what_an_instruction_lifts():
    permitted = {
        name: [r for r, a in ANSWERS.items() if duties(name).permits(judge(a), instructed_by="developer")] for name in DOCUMENTS
    }
    assert permitted["model-spec-2025-02-12"] == permitted["model-spec-2025-09-12"] == list(ANSWERS)
    assert permitted["openai-model-spec"] == permitted["anthropic-constitution"] == ["reveal", "admit", "own-up"]
    for name in DOCUMENTS:
        assert not duties(name).permits(judge(ANSWERS["deny"])), "nobody asked for the lie"
        assert not duties(name).permits(judge(said(means="pressure")), instructed_by="system")


def test_a_weak_duty_rules_nothing_out():
    """Anthropic's constitution: a weak duty to share, a stronger one not to deceive."""
    weak, strong = judge(said(says=None, after=0.5, worth=1)), judge(said(says=None, after=0.2))
    assert weak.broken == ("forthright",)
    assert duties("anthropic-constitution").permits(weak)
    assert duties("anthropic-constitution").against(strong, instructed_by="system") == ("non-deceptive",)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_property_has_a_duty_with_a_source(name):
    found = duties(name)
    assert [duty.property for duty in found.duties] == list(PROPERTIES)
    assert all(duty.source for duty in found.duties)
    assert found.profile in repr(found)


@pytest.mark.parametrize(("name", "release"), list(zip(DOCUMENTS[:3], spec.releases(), strict=True)))
def test_duties_name_sections_of_their_release_at_their_level(name, release):
    sections = {section.id: section.authority for section in spec.facts(release).sections}
    for duty in duties(name).duties:
        section, _, rest = duty.source.partition(":")
        section, _, level = section.partition(" (")
        assert section in sections, section
        assert not level or level.rstrip(")") == sections[section]
        assert rest or level


def test_an_unknown_document_is_said():
    with pytest.raises(ValueError, match=r"for 'anthropic'; known: .*, anthropic-constitution"):
        duties("anthropic")


@pytest.mark.parametrize(("name", "release"), list(zip(DOCUMENTS[:2], spec.releases()[:2], strict=True)))
def test_the_specs_of_earlier_releases_name_lines_of_their_sections(name, release):
    lines = {section.id: section.line for section in spec.facts(release).sections}
    entries = [*spec.load(name).spec.behaviours, *spec.load(name).spec.rules, *spec.load(name).spec.situations]
    for entry in entries:
        section, _, rest = entry.source.partition(", line ")
        assert lines[section] == int(rest.split()[0].rstrip(";")), entry.source
