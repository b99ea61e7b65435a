"""How policies are made, bent and filtered."""

import dataclasses

import numpy as np
import pytest
from worlds import random_case, random_policy

import simkit as sk
from simkit.arrays import frozen
from simkit.policy import Policy

SEEDS = range(10)
seeds = pytest.mark.parametrize("seed", SEEDS)


def claims():
    """A case with two signals seen together (claim × tone), a filter on the last response, and a question."""
    return sk.scenario.read(CLAIMS, "claims")


CLAIMS = """
request: Is this safe?
about: two signals, a bright line and a question
signals:
- {name: claim, values: [bare, nurse]}
- {name: tone, values: [plain, dark]}
segments:
- name: good
  harmful: false
  share: {value: 0.9, low: 0.8, high: 0.95, basis: judged, source: a test}
  signals: {claim: {bare: 0.7, nurse: 0.3}, tone: {plain: 0.99, dark: 0.01}}
  replies: {me: 0.8, other: 0.2}
- name: bad
  harmful: true
  share: {value: 0.1, low: 0.01, high: 0.2, basis: judged, source: a test}
  signals: {claim: {bare: 0.9, nurse: 0.1}, tone: {plain: 0.6, dark: 0.4}}
  replies: {me: 0.1, other: 0.9}
  learns_from: good
constraints:
- {name: line, about: a bright line, source: a test}
responses:
- {name: refuse, kind: refuse}
- {name: answer, kind: answer}
- {name: worse, kind: answer, crosses: [line]}
severities: {hurt: {kind: point, value: 4}}
stakes:
  help:
    good: {refuse: 0, answer: 1, worse: 2}
    bad: {refuse: 0, answer: 0, worse: 0}
  harm:
    bad: {answer: {chance: 0.5, severity: hurt}, worse: {chance: 1, severity: hurt}}
question: {asks: For whom?, cost: 0.01, replies: [me, other], source: a test}
contexts:
- {name: ward, source: a test, multiply: {good: 40}}
- {name: strict, source: a test, forbid: [answer]}
"""


def test_signals_that_are_independent_combine():
    population = claims().population
    assert population.signal_names == ("bare+plain", "bare+dark", "nurse+plain", "nurse+dark")
    assert population.signals[0] == pytest.approx([0.7 * 0.99, 0.7 * 0.01, 0.3 * 0.99, 0.3 * 0.01])
    odds = 0.1 * 0.1 * 0.4 / (0.9 * 0.3 * 0.01)
    assert population.risk[3] == pytest.approx(odds / (1 + odds))


def test_a_context_multiplies_odds():
    here, there = claims().population, claims().in_context("ward").population
    assert there.shares == pytest.approx([36 / 36.1, 0.1 / 36.1])
    ratio = (there.risk / (1 - there.risk)) / (here.risk / (1 - here.risk))
    assert ratio == pytest.approx(1 / 40)


def test_constant_answers_everybody_alike():
    assert sk.policy.constant(claims(), "answer").answer.tolist() == [[0, 1, 0]] * 4


def test_the_filter_speaks_before_any_weight():
    case = claims()
    for make in (
        lambda: sk.policy.constant(case, "worse"),
        lambda: sk.policy.threshold(case, risk=0.5, below="worse", above="refuse"),
        lambda: sk.policy.table(case, {}, otherwise="worse"),
        lambda: sk.policy.asking(
            case, ["bare"], {"me": "worse", "other": "refuse"}, otherwise=sk.policy.constant(case, "refuse")
        ),
    ):
        with pytest.raises(ValueError, match="crosses a hard constraint"):
            make()
    assert not sk.policy.bayes(case, harm_weight=0).answer[:, 2].any()
    assert sk.policy.constant(case.without_constraints(), "worse").answer[0, 2] == 1
    with pytest.raises(ValueError, match="ruled out by the operator of strict"):
        sk.policy.constant(case.in_context("strict"), "answer")
    assert {p.name for p in sk.policy.candidates(case.in_context("strict"))} == {"refuse", "best"}


def test_an_unknown_response_suggests_a_name():
    with pytest.raises(ValueError, match="did you mean answer"):
        sk.policy.constant(claims(), "anwser")


def test_threshold_cuts_at_the_risk_and_takes_a_batch():
    case = claims()
    risks = np.sort(case.population.risk)
    cuts = np.array([0.0, *(risks[:-1] + np.diff(risks) / 2), 1.0])
    batch = sk.policy.threshold(case, risk=cuts, below="answer", above="refuse")
    assert batch.answer.shape == (5, 4, 3)
    assert batch.answer[:, :, 1].sum(1).tolist() == [0, 1, 2, 3, 4]
    on = sk.policy.threshold(case, risk=risks[1], below="answer", above="refuse")
    assert on.answer[:, 1].sum() == 1, "a risk that equals the threshold is above it"


def test_the_first_rule_that_matches_speaks():
    case = claims()
    rules = {("nurse", "dark"): "refuse", "nurse": {"answer": 0.75, "refuse": 0.25}, "dark": "refuse"}
    table = sk.policy.table(case, rules, otherwise="answer")
    assert table.answer[:, 1].tolist() == [1, 0, 0.75, 0]
    assert sk.policy.table(case, {"nurse+dark": "refuse"}, otherwise="answer").answer[:, 1].tolist() == [1, 1, 1, 0]
    with pytest.raises(ValueError, match="did you mean nurse"):
        sk.policy.table(case, {"nurze": "answer"}, otherwise="refuse")
    with pytest.raises(ValueError, match="add up to 1"):
        sk.policy.table(case, {"nurse": {"answer": 0.75}}, otherwise="refuse")


@seeds
def test_a_mistaken_world_never_beats_the_true_one(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=True, segments=3, signals=3)
    other = dataclasses.replace(
        case, population=dataclasses.replace(case.population, base_share=frozen(rng.dirichlet(np.ones(3))))
    )
    mistaken = sk.policy.bayes(case, believed=other)
    assert sk.regret(case, mistaken) >= -1e-12
    assert np.array_equal(sk.policy.bayes(case, believed=case).answer, sk.policy.bayes(case).answer)
    assert np.array_equal(mistaken.answer, sk.policy.bayes(other).answer)


def test_a_batch_of_harm_weights_is_one_call():
    case = random_case(np.random.default_rng(3), question=True)
    weights = np.array([0.0, 0.5, 2.0, 9.0])
    batch = sk.policy.bayes(case, harm_weight=weights)
    for i, weight in enumerate(weights):
        one = sk.policy.bayes(case, harm_weight=weight)
        assert np.array_equal(batch[i].answer, one.answer)
        assert np.array_equal(batch[i].after, one.after)


def test_observed_counts_are_rates_and_remember_their_evidence():
    case = claims()
    counts = np.array([[0, 25, 0], [5, 20, 0], [25, 0, 0], [1, 0, 0]])
    seen = sk.policy.observed(case, counts)
    assert seen.answer[1].tolist() == [0.2, 0.8, 0]
    assert np.array_equal(seen.counts, counts)
    smooth = sk.policy.observed(case, counts, smoothing=0.5)
    assert smooth.answer[0] == pytest.approx(np.array([0.125, 25.125, 0.125]) / 25.375)
    with pytest.raises(ValueError, match="nothing was observed on nurse\\+dark"):
        sk.policy.observed(case, counts * [[1], [1], [1], [0]])
    with pytest.raises(ValueError, match="shape"):
        sk.policy.observed(case, counts[:2])
    with pytest.raises(ValueError, match="never negative"):
        sk.policy.observed(case, -counts)


def test_what_counts_leave_open_is_jeffreys_for_the_pooled_table():
    """0 of 4 × 25: the posterior of the pooled rate is close to Beta(½, 100½), as if the table had one row."""
    from scipy.stats import beta

    case = claims()
    seen = sk.policy.observed(case, np.tile([25, 0, 0], (4, 1)))
    draws = sk.policy.plausible(seen, np.random.default_rng(0), 40_000).answer[..., 1].mean(1)
    expected = beta(0.5, 101.0)
    assert draws.mean() == pytest.approx(expected.mean(), rel=0.03)
    assert np.quantile(draws, [0.5, 0.975]) == pytest.approx(expected.ppf([0.5, 0.975]), rel=0.06)


def test_dirichlet_draws_have_the_moments_of_the_counts():
    case = claims()
    counts = np.array([[3, 7, 0], [10, 10, 5], [1, 1, 1], [50, 0, 0]])
    draws = sk.policy.plausible(sk.policy.observed(case, counts), np.random.default_rng(0), 60_000, smoothing=1.0).answer
    alpha = counts + 0.25
    total = alpha.sum(1, keepdims=True)
    assert draws.mean(0) == pytest.approx(alpha / total, abs=3e-3)
    assert draws.var(0) == pytest.approx(alpha * (total - alpha) / total**2 / (total + 1), rel=0.1, abs=1e-5)


def test_a_certain_policy_leaves_nothing_open():
    certain = sk.policy.constant(claims(), "answer")
    assert sk.policy.plausible(certain, np.random.default_rng(0), 5) is certain


def test_evidence_survives_stacking_and_picking():
    case = sk.load("xstest")
    pair = [sk.policy.observed(case, name) for name in ("gpt-4", "mistral")]
    batch = sk.policy.stack(pair)
    assert np.array_equal(batch[1].counts, pair[1].counts)
    draws = [sk.policy.plausible(p, np.random.default_rng(0), 4).answer for p in (batch[0], pair[0])]
    assert np.array_equal(*draws)
    assert sk.policy.plausible(batch, np.random.default_rng(0), 4).answer.shape == (4, 2, 18, 3)


def test_a_batch_has_a_name_for_each_of_its_policies():
    case = claims()
    batch = sk.policy.threshold(case, risk=[0.1, 0.5, 0.9], below="answer", above="refuse")
    assert [row["policy"] for row in sk.expect(case, batch).rows()] == list(batch.labels)
    assert len(set(batch.labels)) == 3
    assert len(repr(sk.simulate(case, batch, 5, runs=2, rng=np.random.default_rng(0))).splitlines()) == 5
    with pytest.raises(ValueError, match="not an array of shape"):
        Policy(name="mine", answer=[1.0])


@pytest.mark.parametrize(
    ("make", "name", "values"),
    [
        (lambda case: sk.policy.threshold(case, risk=[0.1, 0.5], below="answer", above="refuse"), "risk", (0.1, 0.5)),
        (lambda case: sk.policy.declining(case, [0, 0.5], below="answer", above="refuse"), "declined", (0.0, 0.5)),
        (lambda case: sk.policy.bayes(case, harm_weight=[1, 2]), "harm weight", (1.0, 2.0)),
        (lambda case: sk.policy.blend(*two(case), [0, 1]), "weight", (0.0, 1.0)),
        (lambda case: sk.policy.override(*two(case), gain=1.0, dial=[0, 1], scale=1), "dial", (0.0, 1.0)),
        (lambda case: sk.policy.stack(two(case)), "policy", ("answer", "refuse")),
    ],
)
def test_a_batch_knows_what_it_runs_along(make, name, values):
    batch = make(claims())
    assert (batch.axis.name, batch.axis.values) == (name, values)
    assert batch[1].axis is None
    assert batch[1].name == batch.labels[1] == list(batch)[1].name
    assert batch[:1].axis.values == values[:1]
    with pytest.raises(ValueError, match="3 values for a batch"):
        dataclasses.replace(batch, axis=sk.policy.Axis("wrong", (1, 2, 3)))


def two(case):
    return [sk.policy.constant(case, name) for name in ("answer", "refuse")]


def test_a_batch_that_asks_has_one_shape():
    case = claims()
    cuts = sk.policy.threshold(case, risk=[0.05, 0.5], below="answer", above="refuse")
    asks = sk.policy.asking(case, ["bare"], {"me": "answer", "other": "refuse"}, otherwise=cuts)
    assert asks.answer.shape[:-1] == asks.after.shape[:-2] == (2, 4)
    whole = sk.expect(case, asks)
    for i in range(2):
        one = sk.expect(case, asks[i])
        assert one.net == pytest.approx(whole.net[i])
        assert one.exposure == pytest.approx(whole.exposure[i])


def test_a_policy_of_another_case_is_refused():
    other = sk.load("lock-picking")
    with pytest.raises(ValueError, match="made for other signals"):
        sk.expect(sk.load("household-cleaners"), sk.policy.bayes(other))
    with pytest.raises(ValueError, match="believed world has other"):
        sk.policy.bayes(other, believed=sk.load("household-cleaners"))
    with pytest.raises(TypeError, match="case must be a Case"):
        sk.expect(sk.policy.bayes(other), other)


def test_ties_go_to_the_response_that_stands_first():
    from worlds import choice

    even = choice(0.5, 1, 1)
    assert sk.policy.bayes(even).answer.tolist() == [[1, 0]]


def test_surely_harmful_is_a_risk_of_exactly_one():
    for seed in range(50):
        case = random_case(np.random.default_rng(seed))
        sure = dataclasses.replace(case, population=dataclasses.replace(case.population, harmful=np.ones(len(case.help), bool)))
        assert (sure.population.risk == 1).all()


def test_blending_draws_straight_lines():
    case = random_case(np.random.default_rng(8), question=True)
    a, b = (random_policy(case, np.random.default_rng(seed)) for seed in (1, 2))
    line = sk.expect(case, sk.policy.blend(a, b, np.linspace(0, 1, 5)))
    ends = [sk.expect(case, policy) for policy in (a, b)]
    for name in ("help", "harm", "neglect", "net"):
        expected = np.linspace(getattr(ends[0], name), getattr(ends[1], name), 5)
        assert getattr(line, name) == pytest.approx(expected)


@seeds
def test_override_departs_where_the_believed_gain_clears_the_bar(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng, signals=4)
    instructed, own = random_policy(case, rng), sk.policy.bayes(case)
    gain = sk.evaluate.gain(case, instructed, own)
    dials = np.linspace(0, 1, 11)
    bent = sk.policy.override(instructed, own, gain=gain, dial=dials, scale=0.3)
    for i, dial in enumerate(dials):
        departs = gain > (np.inf if dial == 0 else 0.3 * (1 - dial) / dial)
        assert np.array_equal(bent.answer[i], np.where(departs[:, None], own.answer, instructed.answer))
    assert np.array_equal(bent.answer[0], instructed.answer)
    nets = sk.expect(case, bent).net
    assert np.all(np.diff(nets) >= -1e-12), "with a true belief, more autonomy never does worse"


def test_a_gain_that_is_just_the_bar_is_not_enough():
    """At dial ½ the bar is the scale itself: what equals it stays as instructed, here and at 1 with a gain of 0."""
    case = claims()
    instructed, own = (sk.policy.constant(case, name) for name in ("refuse", "answer"))
    gain = np.full(len(case.population.signal_names), 0.25)
    bent = sk.policy.override(instructed, own, gain=gain, dial=np.array([0.5, 0.5000001]), scale=0.25)
    assert np.array_equal(bent.answer[0], instructed.answer)
    assert np.array_equal(bent.answer[1], own.answer)
    assert np.array_equal(sk.policy.override(instructed, own, gain=0 * gain, dial=1.0, scale=0.25).answer, instructed.answer)


@seeds
def test_the_gains_of_all_signals_add_up_to_the_gain(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=True)
    a, b = random_policy(case, rng), random_policy(case, rng)
    gain = sk.evaluate.gain(case, a, b)
    assert gain @ case.population.signal_chance == pytest.approx(sk.expect(case, b).net - sk.expect(case, a).net)


def test_asking_answers_each_reply():
    case = claims()
    refuse = sk.policy.constant(case, "refuse")
    asks = sk.policy.asking(case, ["bare"], {"me": "answer", "other": "refuse"}, otherwise=refuse)
    assert asks.asks.tolist() == [1, 1, 0, 0]
    outcome = sk.expect(case, asks)
    bare = 0.9 * 0.7 + 0.1 * 0.9
    assert outcome.help == pytest.approx(0.9 * 0.7 * 0.8 - 0.01 * bare)
    assert outcome.harm == pytest.approx(0.1 * 0.9 * 0.1 * 2)
    with pytest.raises(ValueError, match="each reply"):
        sk.policy.asking(case, ["bare"], {"me": "answer"}, otherwise=refuse)


def test_a_question_loses_its_worth_as_adversaries_learn_to_answer_it():
    case = claims()
    worths = [sk.pareto.information(case.with_learning(x)).value_of_question for x in (0, 0.25, 0.5, 0.75, 1)]
    assert worths[0] > 0.001
    assert np.all(np.diff(worths) <= 1e-12)
    assert worths[-1] == pytest.approx(0)


def test_a_table_that_is_no_policy_is_refused():
    for answer in ([[0.5, 0.4]], [[1.2, -0.2]], [[np.nan, 1]]):
        with pytest.raises(ValueError, match="probabilities of a policy"):
            Policy(name="wrong", answer=np.array(answer))
    with pytest.raises(ValueError, match="add up to 1"):
        Policy(name="wrong", answer=np.array([[0.5, 0.0]]), after=np.array([[[0.5, 0.0], [0.2, 0.2]]]))


def test_policies_cannot_be_changed():
    made = sk.policy.constant(claims(), "answer")
    with pytest.raises(ValueError, match="read-only"):
        made.answer[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "other"


def test_what_a_policy_looks_like():
    case = claims()
    assert "nurse+dark" in repr(sk.policy.bayes(case))
    assert "<table>" in sk.policy.constant(case, "answer")._repr_html_()
    batch = sk.policy.stack(sk.policy.candidates(case))
    assert "refuse, answer, best" in repr(batch)
    assert batch[1].name == "answer"


def test_policies_are_stacked_whether_they_ask_or_not():
    case = claims()
    refuse = sk.policy.constant(case, "refuse")
    asks = sk.policy.asking(case, ["bare"], {"me": "answer", "other": "refuse"}, otherwise=refuse)
    together = sk.expect(case, sk.policy.stack([refuse, asks, sk.policy.constant(case, "answer")]))
    apart = [float(sk.expect(case, p).net) for p in (refuse, asks, sk.policy.constant(case, "answer"))]
    assert together.net == pytest.approx(apart)


def test_policies_differ_by_state_only_in_states_of_the_case():
    case = claims()
    with pytest.raises(ValueError, match="one policy for each state: usual"):
        sk.policy.by_state(case, {"other": sk.policy.constant(case, "answer")})


def test_declining_reaches_the_riskiest_first(rng):
    """As many are declined as asked for, and no other way to decline as many reaches more harmful senders."""
    for _ in range(40):
        case = random_case(rng)
        below, above = case.responses[0], case.responses[0]
        allowed = [name for name, fine in zip(case.responses, case.allowed, strict=True) if fine]
        below = allowed[-1]
        if below == above:
            continue
        fractions = np.append(rng.random(5), [0.0, 1.0])
        weight = sk.exposure(case, sk.policy.declining(case, fractions, below=below, above=above))
        declined = weight[..., case.response(above)]
        np.testing.assert_allclose(declined.sum(-1), fractions, rtol=0, atol=1e-12)
        reached = declined[:, case.population.harmful].sum(1)
        chance = rng.random((200, len(case.population.signal_names)))
        other = chance @ case.population.joint.T
        for fraction, most in zip(fractions, reached, strict=True):
            scaled = other[:, case.population.harmful].sum(1) * fraction / other.sum(1)
            feasible = (chance * (fraction / other.sum(1))[:, None]).max(1) <= 1
            assert (scaled[feasible] <= most + 1e-12).all()


def test_declining_treats_equal_risks_alike():
    case = sk.load("xstest")
    policy = sk.policy.declining(case, 0.05, below="full-compliance", above="full-refusal")
    risky = case.population.risk > 0.5
    declined = policy.answer[:, case.response("full-refusal")]
    assert np.ptp(declined[risky]) < 1e-12
    assert 0 < declined[risky].min() < 1
    assert not declined[~risky].any()
    with pytest.raises(ValueError, match="from 0 to 1"):
        sk.policy.declining(case, [0.5, 1.2], below="full-compliance", above="full-refusal")
