"""The dial on a population: closed sums against policies evaluated one by one, against simulation, and against laws."""

from dataclasses import replace

import numpy as np
import pytest

import simkit as sk
from simkit.case import from_arrays
from simkit.dial import deployment, optimum, overrides
from simkit.dial.agents import Agents, Model, Operator, blind, contrary, heedless, naive, paranoid, truth, usual_agents
from simkit.dial.deployment import POSITIONS, Safeguards, deploy
from simkit.dial.overrides import along
from simkit.evaluate import net_per_sender
from simkit.population import draw_worlds
from simkit.text import number

CASES = [
    ("medication-threshold", "vulnerable-platform"),
    ("medication-threshold", ""),
    ("household-cleaners", "prank-community"),
    ("santa", "childrens-platform"),
]
GUARDED = Safeguards(verification=0.3, irreversibility=4.0, oversight=0.25)


def opened(name="medication-threshold", context="vulnerable-platform", **chosen):
    case = sk.load(name)
    return deploy(case.in_context(context) if context else case, **chosen)


@pytest.fixture(scope="module")
def found():
    return opened()


def one_by_one(found, dial):
    """Outcomes (O, T) at a position, by `policy.override` and `expect` alone."""
    rows = []
    for operator in found.agents.operators:
        row = []
        for model in found.agents.models:
            world = model.believes(found.original)
            own = sk.policy.bayes(found.original, believed=world, harm_weight=world.harm_weight)
            gain = sk.evaluate.gain(world, operator.policy, own, harm_weight=world.harm_weight)
            bent = sk.policy.override(operator.policy, own, gain=gain, dial=dial, scale=found.scale)
            row.append(sk.expect(found.original, bent))
        rows.append(row)
    return rows


# --- two routes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "context"), CASES)
def test_the_curve_is_that_of_override_evaluated_policy_by_policy(name, context):
    found = opened(name, context)
    curve = along(found)
    for position in (0, 13, 50, 64, 100):
        for o, row in enumerate(one_by_one(found, POSITIONS[position])):
            for t, outcome in enumerate(row):
                for of in ("help", "harm", "neglect", "net"):
                    here = getattr(curve.each, of)[o, t, position]
                    assert here == pytest.approx(float(getattr(outcome, of)), abs=1e-12), (of, o, t, position)


def test_by_hand():
    """One signal, a harmless and a harmful segment; every number below is worked out on paper."""
    case = from_arrays([0.8, 0.2], np.ones((2, 1)), [[0, 1], [0, 0]], harmful=[False, True], harm_chance=[[0, 0], [0, 0.5]])
    case = replace(case, harm_weight=10.0)  # refusing: 0.  Answering: 0.8 · 1 − 10 · 0.2 · 0.5 = −0.2
    agents = Agents(
        operators=(Operator(name="answers", policy=sk.policy.constant(case, "response-1"), chance=1.0, legitimate=True),),
        models=(
            Model(name="good", believes=truth, chance=0.75, good=True),
            Model(name="heedless", believes=heedless, chance=0.25),
        ),
    )
    found = deploy(case, agents, scale=0.3)
    assert found.gain[0, :, 0] == pytest.approx([0.2, 0.0])  # the heedless one believes 0.8 − 0.1 of answering, and agrees
    assert found.at[0, 0, 0] == pytest.approx(0.6)
    net = along(found, [0.0, 0.59, 0.61, 1.0]).expected().net
    assert net == pytest.approx([-0.2, -0.2, -0.05, -0.05])
    best = optimum.best_position(found)
    assert (float(best.low), float(best.high)) == pytest.approx((0.6, 1.0))
    assert not best.inside
    assert along(found, [1.0]).expected().departs == pytest.approx([0.75])
    table = overrides.two_by_two(found)
    assert table.nets == pytest.approx(np.array([[-0.2, 0.0], [-0.2, -0.2]]))
    assert table.break_even == 0


# --- laws -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "context"), CASES)
def test_at_the_ends_somebody_else_decides(name, context):
    found = opened(name, context)
    curve = along(found, [0.0, 1.0])
    for o, operator in enumerate(found.agents.operators):
        assert np.allclose(curve.each.net[o, :, 0], sk.expect(found.original, operator.policy).net)
        assert not curve.each.departs[o, :, 0].any()
        for t in range(len(found.agents.models)):
            assert curve.each.net[o, t, 1] == pytest.approx(float(sk.expect(found.original, found.own[t]).net), abs=1e-12)


@pytest.mark.parametrize(("name", "context"), CASES)
def test_who_sees_the_truth_never_does_worse_with_more_autonomy(name, context):
    found = opened(name, context)
    good = along(found).each.net[:, 0]
    assert (np.diff(good) >= -1e-12).all()
    assert along(found).each.mistaken[:, 0].max() == 0
    assert good[:, -1] == pytest.approx(found.best.sum(), abs=1e-12)


@pytest.mark.parametrize("safeguards", [deployment.NONE, GUARDED])
def test_nobody_beats_the_best_policy(found, safeguards):
    assert along(found.with_options(safeguards=safeguards)).each.regret.min() >= -1e-12


def test_what_is_always_held_changes_nothing(found):
    each = along(found.with_options(safeguards=Safeguards(verification=1.0))).each
    assert np.allclose(each.net, each.net[..., :1])
    assert not each.departs.any()


def test_verification_flattens_and_moves_no_optimum(found):
    held = np.array([0.0, 0.5, 0.9])
    best = optimum.best_position(found.with_options(safeguards=Safeguards(verification=held)))
    assert np.ptp(best.high) == 0
    rise = best.worth - best.corrigible
    assert rise == pytest.approx(rise[0] * (1 - held))


def test_irreversible_harm_moves_the_optimum_down_and_oversight_back(found):
    best = optimum.best_position(found.with_options(safeguards=Safeguards(irreversibility=np.array([1.0, 2, 4, 20, 200]))))
    assert (np.diff(best.high) <= 0).all()
    assert best.high[-1] < best.high[0]
    assert (np.diff(best.worth) <= 1e-15).all()
    watched = Safeguards(irreversibility=200.0, oversight=np.array([0.0, 0.5, 1.0]))
    seen = optimum.best_position(found.with_options(safeguards=watched))
    assert (np.diff(seen.worth) >= -1e-15).all()
    assert seen.worth[-1] == pytest.approx(float(best.worth[0]))


def test_a_blend_is_best_at_an_end_and_the_dial_is_not(found):
    weights = np.linspace(0, 1, 21)
    ends = found.mean_policy([0.0, 1.0])
    lines = sk.expect(found.case, sk.policy.blend(ends[0], ends[1], weights))
    curve = along(found, weights).expected()
    assert np.allclose(np.diff(lines.net, 2), 0)
    assert lines.net[[0, -1]] == pytest.approx(curve.net[[0, -1]])
    assert lines.net.argmax() in (0, 20)
    assert 0 < curve.net.argmax() < 20
    own, told = found.own[1], found.agents.operators[1].policy
    mixed = sk.policy.blend(told, own, 0.3)
    alone = deploy(
        found.original,
        Agents(
            operators=(replace(found.agents.operators[1], chance=1.0),), models=(replace(found.agents.models[1], chance=1.0),)
        ),
    )
    net = along(alone, [0.0, 1.0]).expected().net
    assert float(sk.expect(found.original, mixed).net) == pytest.approx(float(0.7 * net[0] + 0.3 * net[1]))


def test_objection_declines_at_dial_0_and_only_declines(found):
    objects = opened(objection=1.0)
    before, after = along(found, [0.0]), along(objects, [0.0])
    assert after.each.net[1, 0, 0] > before.each.net[1, 0, 0]  # a careless operator, a good model
    answer = objects.mean_policy(0.0).answer
    names = objects.case.responses
    used = [name for name, given in zip(names, answer.max(0) > 0, strict=True) if given and "instead of" in name]
    assert used
    assert all(name.startswith("refuse") for name in used)
    assert along(objects, [1.0]).each.net == pytest.approx(along(found, [1.0]).each.net)


# --- what the losses come from ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("safeguards", [deployment.NONE, replace(GUARDED, irreversibility=1.02)])
@pytest.mark.parametrize(("name", "context"), CASES)
def test_bad_orders_and_bad_judgement_cause_the_whole_regret(name, context, safeguards):
    """Signal by signal, by policies alone: what is followed loses best − instructed, what departs best − own."""
    found = opened(name, context, safeguards=safeguards, objection=1.0)
    curve, each = along(found), along(found).each
    assert np.allclose(each.obeyed + each.judged, each.regret, rtol=0, atol=1e-14)
    assert min(each.obeyed.min(), each.judged.min()) >= -1e-14
    case, people = found.case, found.case.population
    best = (found.original.value(found.original.harm_weight).T @ people.joint)[found.original.allowed].max(0)  # (K,)
    for position in (0, 30, 64, 100):
        for o in range(len(found.agents.operators)):
            for t in range(len(found.agents.models)):
                chosen = np.eye(len(found.agents.operators))[o], np.eye(len(found.agents.models))[t]
                answer = found.mean_policy(POSITIONS[position], operators=chosen[0], models=chosen[1]).answer
                given = answer * (case.value(found.original.harm_weight).T @ people.joint).T
                departs = np.arange(answer.shape[1]) >= len(found.original.responses)
                obeyed = (answer[:, ~departs].sum(1) * best - given[:, ~departs].sum(1)).sum()
                assert each.obeyed[o, t, position] == pytest.approx(obeyed, abs=1e-12)
    assert np.allclose(curve.expected().regret, curve.best - curve.expected().net, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "context", "badly", "worths"),
    [
        ("medication-threshold", "vulnerable-platform", (100, 52, 160), (172, 244, 200)),
        ("companion", "", (100, 40, 40), (595, 637, 622)),
        ("medication-threshold", "", (33, 40, 40), (856, 858, 858)),
        ("household-cleaners", "", (33, 40, 40), (871, 885, 885)),
        ("lock-picking", "", (33, 33, 40), (945, 945, 938)),
    ],
)
def test_how_many_of_a_thousand_are_badly_off(name, context, badly, worths):
    """At 0, at the best of the slider's positions, and at 1; half of the best possible is the mark, cell by cell."""
    curve = along(opened(name, context))
    net = curve.expected().net
    places = [0, int(net.argmax()), 100]
    by_order, by_judgement = (1000 * part[places] for part in curve.badly_off)
    assert tuple(np.round(by_order + by_judgement)) == badly
    assert tuple(np.round(1000 * net[places])) == worths
    assert by_judgement[0] == 0
    cells = [(o, t) for o in range(3) for t in range(6)]
    again = [1000 * sum(curve.probability[c] for c in cells if curve.each.net[c][at] < curve.best / 2) for at in places]
    assert by_order + by_judgement == pytest.approx(again)


# --- where it is best -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "context"), CASES)
def test_no_position_beats_the_best_one(name, context):
    found = opened(name, context)
    best = optimum.best_position(found)
    inside = found.cuts + 1e-9 * (1 - found.cuts)
    nets = along(found, np.concatenate([POSITIONS, inside, found.cuts])).expected().net
    assert nets.max() == pytest.approx(float(best.worth), abs=1e-13)
    middle = float(best.low + best.high) / 2
    assert along(found, [middle]).expected().net[0] == pytest.approx(float(best.worth), abs=1e-13)
    assert bool(best.inside) == (float(best.worth) > 1e-12 + max(along(found, [0.0, 1.0]).expected().net))


def test_trusts_broadcast_to_surfaces(found):
    q, p = np.linspace(0, 1, 5)[:, None], np.array([0.2, 0.9, 1.0])
    surface = optimum.worth(found, trust_in_model=q, trust_in_operator=p)[..., found.step(POSITIONS)]
    assert surface.shape == (5, 3, 101)
    again = deploy(found.original, found.agents.with_trust(operator=0.9, model=0.75))
    assert surface[3, 1] == pytest.approx(along(again).expected().net)
    best = optimum.best_position(found, trust_in_model=q, trust_in_operator=p)
    assert best.worth[3, 1] == pytest.approx(float(optimum.best_position(again).worth))


@pytest.mark.parametrize("shared", [False, True])
def test_spread_is_that_of_the_mixture(found, shared):
    nets = along(found, [0.7]).each.net[..., 0]
    p, q = found.agents.operator_probabilities(), found.agents.model_probabilities()
    rng = np.random.default_rng(3)
    o, t = rng.choice(len(p), 200_000, p=p), rng.choice(len(q), 200_000, p=q)
    drawn = nets[o, t] if shared else (p @ nets)[t]
    step = int(np.searchsorted(found.cuts, 0.7))
    mean = optimum.worth(found)[step]
    sd = mean - optimum.worth(found.with_options(aversion=1.0, shared_principal=shared))[step]
    assert mean == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(200_000))
    assert sd == pytest.approx(drawn.std(), rel=0.02)


@pytest.mark.parametrize("count", [1, 3, 6, 7])
@pytest.mark.parametrize("shared", [False, True])
def test_arrays_are_one_by_one_whatever_their_length(found, count, shared):
    """Also where there are as many trusts, safeguards or worlds as models (6) or operators (3)."""
    trust, found = np.linspace(0.1, 0.9, count), found.with_options(aversion=0.3, shared_principal=shared)
    for name in ("trust_in_operator", "trust_in_model"):
        alone = [optimum.worth(found, **{name: one}) for one in trust]
        np.testing.assert_allclose(optimum.worth(found, **{name: trust}), alone, rtol=0, atol=1e-14)
    guarded = optimum.worth(found.with_options(safeguards=Safeguards(irreversibility=1 + trust)))
    alone = [optimum.worth(found.with_options(safeguards=Safeguards(irreversibility=1 + one))) for one in trust]
    np.testing.assert_allclose(guarded, alone, rtol=0, atol=1e-14)
    assert optimum.in_plausible_worlds(found, rng=np.random.default_rng(1), worlds=count).best.low.shape == (count,)


def test_the_range_reaches_the_end_where_that_is_best():
    """In `bright-line` full autonomy is best, as stated and in most plausible worlds."""
    found = opened("bright-line", "")
    plausible = optimum.in_plausible_worlds(found, rng=np.random.default_rng(0), worlds=300)
    assert float(optimum.best_position(found).high) == 1
    assert plausible.range[1] == 1
    best = plausible.best
    at_an_end = (best.low == 0) | (best.high == 1)
    np.testing.assert_array_equal(best.place[at_an_end], np.where(best.low == 0, 0.0, 1.0)[at_an_end])


def test_plausible_worlds_one_by_one(found):
    """Each world again: its own shares and agents, the same instructions and beliefs, positions by brute force."""
    plausible = optimum.in_plausible_worlds(found, rng=np.random.default_rng(5), worlds=12).best
    rng = np.random.default_rng(5)
    worlds, (p, q) = draw_worlds(found.original.population, rng, 12), found.agents.draw(rng, 12)
    dials = np.unique(np.concatenate([[0.0, 1.0], found.cuts, (found.cuts[1:] + found.cuts[:-1]) / 2]))
    for n in range(12):
        net = np.zeros(len(dials))
        for o, operator in enumerate(found.agents.operators):
            for t in range(len(found.agents.models)):
                bent = sk.policy.override(operator.policy, found.own[t], gain=found.gain[o, t], dial=dials, scale=found.scale)
                value = net_per_sender(found.original, bent, found.original.harm_weight)
                net += p[n, o] * q[n, t] * (value * worlds.joint[n]).sum((-1, -2))
        best = dials[net >= net.max() - 1e-13]
        assert plausible.low[n] <= best.min() <= plausible.high[n] + 1e-12
        assert plausible.inside[n] == (net.max() > max(net[0], net[-1]) + 1e-12)


@pytest.mark.parametrize("of", ["model", "operator"])
def test_at_the_break_even_trust_the_best_position_jumps(found, of):
    trusts = optimum.break_even_trust(found, of)
    key = f"trust_in_{of}"
    assert trusts.below is not None
    at, beyond = (optimum.best_position(found, **{key: trusts.below.trust + nudge}) for nudge in (1e-6, -1e-6))
    here = optimum.best_position(found)
    assert (float(at.low), float(at.high)) == (float(here.low), float(here.high)) or abs(at.high - here.high) < 0.1
    assert abs(float(beyond.high) - float(at.high)) > 0.1
    assert trusts.below.trust < trusts.stated


def test_the_verdict_says_whether_neither_end_is_best():
    """On the app a middle position gains, for the public hardly; with household cleaners an end is best."""
    read = {
        place: optimum.verdict(opened(*place), rng=np.random.default_rng(0), worlds=300)
        for place in (("medication-threshold", "vulnerable-platform"), ("medication-threshold", ""), ("household-cleaners", ""))
    }
    app, public, cleaners = read.values()
    assert app.best.inside
    assert not app.flat
    assert 1000 * float(app.best.margin) == pytest.approx(43.86, abs=0.01)
    assert app.possible == pytest.approx(opened().best.sum())
    assert public.best.inside
    assert public.flat
    assert not cleaners.best.inside
    assert cleaners.flat
    for each in read.values():
        low, middle, high = each.plausible.gains
        assert 0 <= low <= middle <= high
        assert each.plausible.holds == each.plausible.best.inside.mean()
    assert app.plausible.holds > 0.9 > app.stands  # some position beats both ends; which one is not known
    found = opened()
    worlds = optimum.in_plausible_worlds(found, rng=np.random.default_rng(0), worlds=300).worths
    step = found.step(app.best.place)[0]
    assert app.stands == np.mean([row[step] > max(row[0], row[-1]) for row in worlds])
    assert (app.model, app.operator) == tuple(optimum.break_even_trust(found, of) for of in ("model", "operator"))


def test_break_even_is_where_acting_and_deferring_are_worth_the_same(found):
    table = overrides.two_by_two(found)
    assert 0 < table.break_even < 1
    ends = optimum.worth(found, trust_in_model=table.break_even)[[0, -1]]
    assert ends[0] == pytest.approx(ends[1])
    (good_defers, good_acts), (bad_defers, bad_acts) = table.nets.tolist()
    assert good_acts > good_defers == bad_defers > bad_acts


def test_the_list_adds_up_to_the_curve(found):
    listed = overrides.departures(found.with_options(safeguards=GUARDED))
    ends = along(found.with_options(safeguards=GUARDED), [0.0, 1.0]).expected()
    assert listed.net[-1] == pytest.approx(ends.net[1])
    assert (np.diff(listed.at) >= 0).all()
    assert (np.diff(listed.believed) <= 1e-12).all()
    assert listed.share.sum() == pytest.approx(ends.departs[1])
    plain = overrides.departures(found)
    assert ends.net[0] + plain.share @ plain.true == pytest.approx(along(found, [1.0]).expected().net[0])
    assert "careless" in repr(listed)
    assert "<table" in listed._repr_html_()


# --- what makes no sense ----------------------------------------------------------------------------------------------


def test_beliefs_are_what_they_say():
    case = sk.load("medication-threshold")
    odds = case.population.in_states[0, -1] / (1 - case.population.in_states[0, -1])
    for believes, times in ((paranoid, 10), (naive, 0.1)):
        share = believes(case).population.in_states[0, -1]
        assert share / (1 - share) == pytest.approx(times * odds)
    assert heedless(case).harm_weight == pytest.approx(2.0)
    assert not blind(case).help[-1].any()
    assert not blind(case, "patient").value(20.0)[0].any()
    assert np.allclose(contrary(case).value(7.0), -case.value(case.harm_weight))
    worst = sk.policy.bayes(case, believed=replace(contrary(case), question=None))
    free = replace(case, question=None)
    nets = [float(sk.expect(free, sk.policy.constant(case, name)).net) for name in case.responses]
    assert float(sk.expect(free, worst).net) <= min(nets) + 1e-12


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda f: along(f, [1.2]), "dial goes from 0"),
        (lambda _: Safeguards(verification=1.5), "verification is a probability"),
        (lambda _: Safeguards(irreversibility=0.5), "finite number from 1"),
        (lambda f: along(f.with_options(safeguards=Safeguards(verification=[0.1, 0.2]))), "one number for each safeguard"),
        (lambda f: deploy(f.original, scale=0.0), "scale is positive"),
        (lambda f: deploy(f.original, replace(f.agents, operators=f.agents.operators[1:])), "add up to 1"),
        (lambda f: replace(f.agents, evidence=0.0), "evidence is a positive"),
        (lambda f: replace(f.agents, models=(*f.agents.models, replace(f.agents.models[1], chance=0.0))), "same name"),
        (lambda f: f.agents.with_trust(model=1.5), "from 0 to 1"),
        (
            lambda f: Agents(operators=f.agents.operators, models=(replace(f.agents.models[0], chance=1.0),)).with_trust(
                model=0.5
            ),
            "one side",
        ),
        (lambda f: optimum.break_even_trust(f, "weather"), "must be model or operator, not 'weather'"),
        (lambda f: f.with_options(aversion=-1.0), "aversion"),
        (lambda f: sk.total(f.case, f.policy(0.5), 1.5, of="loss"), "whole numbers"),
        (lambda f: f.with_options(safeguards=Safeguards(irreversibility=1e6)).case, "more than certain"),
        (lambda f: paranoid(f.original, 0.0), "positive number"),
    ],
)
def test_what_makes_no_sense_is_said(found, wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong(found)


def test_a_deployment_shows_what_each_would_do_alone(found):
    shown = repr(found)
    for row, policy in (("careless", found.agents.operators[1].policy), ("naive", found.own[2])):
        net = number(1000 * float(sk.expect(found.original, policy).net))
        assert next(line for line in shown.splitlines() if row in line).endswith(net)
    assert "<table" in found._repr_html_()


def test_options_keep_what_does_not_depend_on_them(found):
    """Made anew or changed: the same numbers, and the case follows what was changed."""
    options = {"safeguards": GUARDED, "shared_principal": True, "aversion": 0.2}
    assert found.case is found.case
    changed, anew = found.with_options(**options), replace(found, **options)
    assert changed.taken is found.taken
    assert changed.case is not found.case
    assert changed.case.population.states == anew.case.population.states
    assert np.array_equal(changed.case.harm, anew.case.harm)
    assert not np.array_equal(changed.case.harm, found.case.harm)
    assert np.array_equal(optimum.worth(changed), optimum.worth(anew))
    back = changed.with_options(safeguards=deployment.NONE, shared_principal=False, aversion=0.0)
    assert np.array_equal(optimum.worth(back), optimum.worth(found))


def test_a_policy_that_asks_is_not_an_instruction_here():
    case = sk.load("medication-threshold")
    asks = sk.policy.bayes(case)
    agents = usual_agents(case)
    with pytest.raises(ValueError, match="answers at once"):
        deploy(case, replace(agents, operators=(replace(agents.operators[0], policy=asks), *agents.operators[1:])))


def test_what_an_operator_forbids_is_an_instruction():
    """The malicious operator of the file forbids the refusal that says who can help; the good model would give it."""
    case = sk.load("medication-threshold").in_context("malicious-operator")
    found, banned = deploy(case), case.response("refuse-with-reason")
    assert case.forbidden[banned]
    assert not found.instructed.answer[..., banned].any()
    assert found.own.answer[0, :, banned].any()


def test_hard_constraints_bind_operators_too():
    case = from_arrays([1.0], [[1.0]], [[0, 1, 2]], harmful=[False], harm_chance=0.0, crosses=[False, False, True])
    free = case.without_constraints()
    agents = usual_agents(case)
    wicked = replace(agents.operators[0], policy=sk.policy.constant(free, "response-2"))
    with pytest.raises(ValueError, match="crosses a hard constraint"):
        deploy(case, replace(agents, operators=(wicked, *agents.operators[1:])))
    assert not deploy(case).own.answer[..., 2].any()


def test_an_operator_may_speak_through_a_written_spec():
    """The malicious operator of the file under a spec: its users are still told what the assistant cannot do."""
    case = replace(sk.load("medication-threshold"), question=None)
    wicked = replace(case.in_context("malicious-operator"), question=None)
    compiled = sk.spec.compile(sk.spec.load("general-assistant"), wicked)
    agents = usual_agents(case)
    ruled = replace(agents, operators=(*agents.operators[:2], replace(agents.operators[2], policy=compiled)))
    bare, protected = (along(deploy(case, each), [0.0]).each.net[2, 0, 0] for each in (agents, ruled))
    assert protected == pytest.approx(float(sk.expect(case, compiled).net))
    assert protected > bare


def test_a_dial_needs_means():
    case = sk.load("medication-threshold")
    infinite_mean = sk.severity.Pareto(kind="pareto", smallest=1.0, tail=0.9)
    with pytest.raises(ValueError, match="no finite mean"):
        deploy(replace(case, severities=(infinite_mean, *case.severities[1:])))
