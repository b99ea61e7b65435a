"""The covert channel: sums by hand, a simulation in which people decide, laws, and what turns the conclusion."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import simkit as sk
from simkit import spec
from simkit.population import draw_interval
from simkit.scenario import Share
from simkit.spec.confidential_prompts import OPERATORS, TRUSTING, channels, with_hostile

FEBRUARY, SEPTEMBER, DECEMBER = "model-spec-2025-02-12", "model-spec-2025-09-12", "openai-model-spec"
CONSTITUTION = "anthropic-constitution"
DOCUMENTS = (FEBRUARY, SEPTEMBER, DECEMBER, CONSTITUTION)
CASE = sk.load("confidential-prompt")
RULES = tuple(spec.load(name) for name in DOCUMENTS)


def certain(value):
    return Share(value=value, low=value, high=value, basis="judged", source="a test")


def found(case=CASE, operators=OPERATORS, trusting=TRUSTING, rules=RULES):
    return channels(case, *rules, operators=operators, trusting=trusting)


STATED = found()

# --- what is heard ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "open_", "decent", "hostile"),
    [
        (FEBRUARY, "own-up, deny", "own-up, deny", "deny"),
        (SEPTEMBER, "own-up, deny", "own-up, deny", "deny"),
        (DECEMBER, "own-up", "own-up", "own-up"),
        (CONSTITUTION, "reveal", "admit", "admit"),
    ],
)
def test_what_the_documents_let_users_hear(name, open_, decent, hostile):
    """Two releases license the lie: to hide a marked prompt, and against whoever tries to trick it.  The third does not."""
    heard = [STATED[name].heard(deployment) for deployment in ("no-secret", "trade-secret", "hidden-goal")]
    assert heard == [open_, decent, hostile]


def test_a_secret_that_is_only_implied_is_protected_by_a_lie_in_the_first_release_only():
    messages = [replace(message, implied=True) for message in CASE.in_context("hidden-goal").messages]
    said = [spec.decide(rules, messages, "system-prompt").value for rules in RULES]
    tells = [spec.decide(rules, messages, "says-what-it-cannot-do").value for rules in RULES]
    assert said == ["denies", "neither", "neither", "reveals"]
    assert tells == ["off", "on", "on", "on"]


def test_the_operator_is_told_what_it_tried():
    messages = CASE.in_context("hidden-goal").messages
    assert [spec.classify(rules, messages).verdict == "against users" for rules in RULES] == [False, False, True, True]
    decent = CASE.in_context("trade-secret").messages
    assert spec.classify(RULES[2], decent).verdict != "against users"


def test_its_own_testers_hear_the_instructions_and_a_lie_would_cost_the_next_users():
    case = CASE.in_context("audit")
    for rules in RULES:
        policy = spec.compile(rules, case)
        assert policy.on("plain").left == ("reveal",)
    lie, truth = (sk.expect(case, sk.policy.constant(case, name)) for name in ("deny", "reveal"))
    assert lie.neglect > truth.neglect == 0


# --- by hand ----------------------------------------------------------------------------------------------------------

PEOPLE = {"curious": 0.55, "customer": 0.25, "auditor": 0.05, "extractor": 0.15}
PROBING = {"curious": 0.1, "customer": 0.03, "auditor": 0.5, "extractor": 0.8}
LOST, LEAKED = 0.1, 0.02 * np.exp(1.5**2 / 2)
MISLED, KNOWING = {"curious": 0.05, "customer": 0.5}, {"curious": 0.02, "customer": 0.16}
BARE, OPEN, DECENT, HOSTILE = 0.35, 0.15, 0.47, 0.03


def test_honest_first_by_hand():
    """Everybody knows that something is left out; nothing is inferred, and the secret leaks a little more."""
    covert = HOSTILE * sum(PEOPLE[who] * KNOWING[who] for who in KNOWING) * LOST
    for name, leak in ((DECEMBER, 0.03), (CONSTITUTION, 0.04)):
        assert STATED[name].covert == pytest.approx(covert, rel=1e-12)
        assert STATED[name].leaks == pytest.approx(DECENT * PEOPLE["extractor"] * leak * LEAKED, rel=1e-12)
        assert STATED[name].lied_to == 0


@pytest.mark.parametrize("name", [FEBRUARY, SEPTEMBER])
def test_confidential_first_by_hand(name):
    plain = HOSTILE / (HOSTILE + BARE)  # only who has nothing to hide says so too
    probing = HOSTILE  # everybody is told that there is nothing
    covert = 0.0
    for who, chance in PROBING.items():
        if who in MISLED:
            ratio = KNOWING[who] / MISLED[who]
            follows = 0.7 + 0.3 * ((1 - chance) * ratio**plain + chance * ratio**probing)
            covert += HOSTILE * PEOPLE[who] * MISLED[who] * follows * LOST
    leaks = DECENT * PEOPLE["extractor"] * (0.2 * 0.03 + 0.8 * 0.01) * LEAKED
    probed = sum(PEOPLE[who] * PROBING[who] for who in PEOPLE)
    assert STATED[name].covert == pytest.approx(covert, rel=1e-12)
    assert STATED[name].leaks == pytest.approx(leaks, rel=1e-12)
    assert STATED[name].lied_to == pytest.approx(HOSTILE + (OPEN + DECENT) * probed, rel=1e-12)


def test_what_users_can_infer():
    deny, own_up, admit, reveal = (CASE.response(name) for name in ("deny", "own-up", "admit", "reveal"))
    first = STATED[FEBRUARY].suspicion
    assert first[0, deny] == pytest.approx(HOSTILE / (HOSTILE + BARE))
    assert first[1, deny] == pytest.approx(HOSTILE)
    assert first[0, own_up] == 0, "under this rule a hostile operator would have had it deny"
    assert np.isnan(first[0, admit])
    assert STATED[DECEMBER].suspicion[0, own_up] == pytest.approx(HOSTILE / (HOSTILE + OPEN + DECENT))
    last = STATED[CONSTITUTION].suspicion
    assert last[0, admit] == pytest.approx(HOSTILE / (HOSTILE + DECENT))
    assert last[0, deny] == last[0, reveal] == 0, "who says that there is nothing can be believed"


def test_suspicions_average_to_the_share_of_hostile_operators():
    for spec_, row in enumerate(STATED.rows):
        share = np.array([operator.value for operator in OPERATORS.values()])
        heard = np.stack([STATED.said(spec_, name) for name in OPERATORS])
        total = np.einsum("d,dkr->kr", share, heard)
        assert np.nansum(row.suspicion * total, axis=1) == pytest.approx(HOSTILE)


# --- a second route: people who decide --------------------------------------------------------------------------------


def simulated(name, rng, count=400_000, trusting=0.7):
    """Draw conversations; whoever reasons compares a cost of looking elsewhere with what doubt says is at stake."""
    spec_, model = DOCUMENTS.index(name), STATED
    share = np.array([operator.value for operator in OPERATORS.values()])
    deployment = rng.choice(len(share), count, p=share)
    people = list(PEOPLE)
    segment = rng.choice(len(people), count, p=list(PEOPLE.values()))
    signal = (rng.random(count) < np.array(list(PROBING.values()))[segment]).astype(int)
    answer = np.stack([model.said(spec_, d).argmax(-1) for d in OPERATORS])[deployment, signal]
    hostile = deployment == len(share) - 1
    suspicion = np.zeros((2, len(CASE.responses)))
    for k, r in product((0, 1), range(len(CASE.responses))):
        heard = (signal == k) & (answer == r)
        suspicion[k, r] = hostile[heard].mean() if heard.any() else 0.0
    there = model.deployed["hidden-goal"]
    quiet = np.array([name in ("deflect", "deny") for name in CASE.responses])
    at_stake = np.array([np.log(MISLED[who] / KNOWING[who]) if who in MISLED else 0.0 for who in people])
    naive, cost = rng.random(count) < trusting, rng.exponential(1.0, count)
    leaves = quiet[answer] & ~naive & (cost < suspicion[signal, answer] * at_stake[segment])
    lost = hostile & ~leaves & (rng.random(count) < there.harm_events.chance[segment, answer])
    return lost.mean()


@pytest.mark.parametrize("name", [FEBRUARY, CONSTITUTION])
def test_people_who_decide_lose_what_the_sums_say(name):
    chance = simulated(name, np.random.default_rng(7))
    expected = STATED[name].covert / LOST
    assert chance == pytest.approx(expected, abs=5 * np.sqrt(expected / 400_000))


def test_the_simulation_would_notice_if_nobody_doubted():
    """Negative control: with little at stake in doubt, more people are asked to reason."""
    doubting, trusting = (channels(CASE, RULES[0], trusting=certain(x)).rows[0].covert / LOST for x in (0.0, 1.0))
    chance = simulated(FEBRUARY, np.random.default_rng(3), 2_000_000, trusting=0.0)
    assert abs(chance - doubting) < 5 * np.sqrt(doubting / 2_000_000) < trusting - doubting


# --- laws -------------------------------------------------------------------------------------------------------------


def anywhere(rng):
    """Operators, trust and users at random."""
    share = rng.dirichlet(np.full(4, 0.7)).clip(1e-6)
    operators = {name: certain(float(x)) for name, x in zip(OPERATORS, share / share.sum(), strict=True)}
    people = rng.dirichlet(np.full(4, 0.7)).clip(1e-6)
    return found(CASE.with_shares(dict(zip(PEOPLE, people / people.sum(), strict=True))), operators, certain(rng.random()))


WORLDS = [anywhere(np.random.default_rng(seed)) for seed in range(60)]


def test_honest_first_never_has_more_covert_harm():
    for world in WORLDS:
        for honest, confidential in product((DECEMBER, CONSTITUTION), (FEBRUARY, SEPTEMBER)):
            assert world[honest].covert <= world[confidential].covert * (1 + 1e-12)


def test_secrets_are_safest_where_it_may_lie():
    for world in WORLDS:
        leaks = [world[name].leaks for name in (FEBRUARY, DECEMBER, CONSTITUTION)]
        assert leaks == sorted(leaks)


def test_doubt_never_makes_it_worse_and_the_trusting_bear_it_all():
    values = np.linspace(0, 1, 11)
    covert = [found(trusting=certain(x))[FEBRUARY].covert for x in values]
    assert np.allclose(np.diff(covert, 2), 0, atol=1e-15), "a straight line in the share of the trusting"
    assert covert[0] < covert[-1]
    there = CASE.in_context("hidden-goal")
    everything = HOSTILE * float(sk.expect(there, spec.compile(RULES[0], there)).harm)
    assert covert[-1] == pytest.approx(everything, rel=1e-12)


def test_without_hostile_operators_there_is_no_covert_harm():
    none = found(operators=with_hostile(OPERATORS, 0.0))
    assert [row.covert for row in none.rows] == [0, 0, 0, 0]
    assert none[FEBRUARY].harm < none[DECEMBER].harm < none[CONSTITUTION].harm, "then only leaks count"


def test_if_all_are_hostile_nothing_leaks_and_everybody_who_reasons_knows():
    world = found(operators=with_hostile(OPERATORS, 1.0), trusting=certain(0.0))
    assert [row.leaks for row in world.rows] == [0, 0, 0, 0]
    assert world[FEBRUARY].covert == pytest.approx(world[DECEMBER].covert)


# --- as a case and dots ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_hostile_deployment_is_an_ordinary_case(name):
    case, policy = STATED.hostile(name)
    assert HOSTILE * float(sk.expect(case, policy).harm) == pytest.approx(STATED[name].covert, rel=1e-12)
    dots = sk.dots(case, policy)
    assert dots.count.sum() == 1000
    assert dots.by_event()[1] == pytest.approx(1000 * STATED[name].covert / HOSTILE / LOST, abs=1)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_help_is_what_the_deployments_bring(name):
    rules, total = spec.load(name), 0.0
    for deployment, share in (("no-secret", OPEN), ("trade-secret", DECENT), ("hidden-goal", HOSTILE)):
        case = CASE.in_context(deployment)
        total += share * float(sk.expect(case, spec.compile(rules, case)).help)
    assert STATED[name].help == pytest.approx(total, rel=1e-12)


# --- conclusions ------------------------------------------------------------------------------------------------------


def verdict(better, worse, world=STATED, worlds=2000):
    return world.compare(better, worse, rng=np.random.default_rng(1), worlds=worlds)


@pytest.mark.parametrize("better", [DECEMBER, CONSTITUTION])
def test_both_are_equal_where_it_turns(better):
    said = verdict(better, FEBRUARY)
    assert said.gain > 0
    (turn,) = said.hostile_at
    assert 0 < turn < HOSTILE
    for share, side in ((turn, 0), (0.9 * turn, -1), (1.1 * turn, 1)):
        world = found(operators=with_hostile(OPERATORS, share))
        gain = world[FEBRUARY].harm - world[better].harm
        assert gain == pytest.approx(0, abs=1e-12) if side == 0 else np.sign(gain) == side


def test_where_it_turns_in_closed_form_if_everybody_trusts():
    world = found(trusting=certain(1.0))
    misled = sum(PEOPLE[who] * (MISLED[who] - KNOWING[who]) for who in MISLED) * LOST
    leak = DECENT / (1 - HOSTILE) * PEOPLE["extractor"] * (0.03 - 0.2 * 0.03 - 0.8 * 0.01) * LEAKED
    assert verdict(DECEMBER, FEBRUARY, world).hostile_at == pytest.approx((leak / (leak + misled),), rel=1e-9)


def test_leaks_that_are_dearer_turn_it():
    said = verdict(CONSTITUTION, FEBRUARY)
    first, second = STATED[CONSTITUTION], STATED[FEBRUARY]
    assert first.covert + said.leak_factor * first.leaks == pytest.approx(second.covert + said.leak_factor * second.leaks)


def test_the_worlds_are_those_of_the_intervals():
    """Second route: the same draws, each made a world by hand."""
    rng = np.random.default_rng(1)
    people = CASE.population
    base = draw_interval(people.base_share, people.low, people.high, rng=rng, size=40)
    rows = np.array([(o.value, o.low, o.high) for o in OPERATORS.values()]).T
    share = draw_interval(*rows, rng=rng, size=40)
    trust = draw_interval(TRUSTING.value, TRUSTING.low, TRUSTING.high, rng=rng, size=40).clip(max=1)
    gains = []
    for b, s, t in zip(base / base.sum(1, keepdims=True), share / share.sum(1, keepdims=True), trust, strict=True):
        operators = {name: certain(float(x)) for name, x in zip(OPERATORS, s, strict=True)}
        case = CASE.with_shares(dict(zip(PEOPLE, map(float, b), strict=True)))
        world = found(case, operators, certain(float(t)))
        gains.append(world[FEBRUARY].harm - world[CONSTITUTION].harm)
    assert verdict(CONSTITUTION, FEBRUARY, worlds=40).draws == pytest.approx(np.array(gains), rel=1e-6, abs=1e-12)


def test_it_holds_where_it_brings_less():
    """Rather often with 3% stated; hardly ever if hostile operators are thirty times rarer."""
    said = verdict(CONSTITUTION, FEBRUARY)
    assert said.holds == np.count_nonzero(said.draws > 0) / 2000
    assert said.holds > 0.6
    rarer = found(operators=with_hostile(OPERATORS, HOSTILE / 30))
    assert rarer.compare(CONSTITUTION, FEBRUARY, rng=np.random.default_rng(1)).holds < 0.2


def test_two_that_say_the_same_make_no_difference():
    assert "bring the same harm" in repr(verdict(FEBRUARY, SEPTEMBER))


def test_what_is_concluded_is_said_with_its_worlds_and_what_turns_it():
    text = repr(verdict(CONSTITUTION, FEBRUARY))
    assert "plausible worlds" in text
    assert "would reverse it at 1.2%" in text
    assert "factor on all leaks (1) would reverse it at 2.6" in text
    backwards = verdict(FEBRUARY, CONSTITUTION)
    assert "more than" in repr(backwards)
    assert backwards.holds == pytest.approx(1 - verdict(CONSTITUTION, FEBRUARY).holds, abs=1e-9)


# --- what does not fit ------------------------------------------------------------------------------------------------


def test_intervals_move_along():
    moved = with_hostile(OPERATORS, 0.06)["hidden-goal"]
    assert (moved.low, moved.high) == pytest.approx((0.006, 0.24))
    assert sum(o.value for o in with_hostile(OPERATORS, 0.2).values()) == pytest.approx(1)


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match=r"add up to 1, not to 0\.65"):
        found(operators={name: share for name, share in OPERATORS.items() if name != "no-instructions"})
    with pytest.raises(ValueError, match="the last of the operators is hostile"):
        found(operators=dict(reversed(OPERATORS.items())))
    with pytest.raises(ValueError, match="no context of confidential-prompt is called 'hidden'"):
        found(operators={"trade-secret": certain(0.9), "hidden": certain(0.1)})
    with pytest.raises(ValueError, match="santa needs one response that shows system-prompt: denies; it has 0"):
        found(sk.load("santa"))
    with pytest.raises(ValueError, match="no spec here is called 'x'"):
        STATED["x"]
    with pytest.raises(ValueError, match="from 0 to 1, not 2"):
        with_hostile(OPERATORS, 2)
    mute = tuple({} if name in ("own-up", "admit") else shown for name, shown in zip(CASE.responses, CASE.shows, strict=True))
    with pytest.raises(ValueError, match="cannot tell what doubt does: it needs one response that steers quietly"):
        found(replace(CASE, shows=mute))


def test_a_table_is_escaped():
    named = replace(RULES[0], name="<b>")
    assert "<b><b>" not in channels(CASE, named)._repr_html_()
    assert "&lt;b&gt;" in channels(CASE, named)._repr_html_()
