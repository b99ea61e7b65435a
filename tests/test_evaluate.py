"""The three readings of one table agree: sums, a brute-force loop, and senders drawn one by one."""

import dataclasses

import numpy as np
import pytest
from worlds import brute_force, choice, random_case, random_policy

import simkit as sk
from simkit.arrays import frozen
from simkit.case import Events, from_arrays
from simkit.severity import Lognormal, Pareto, Point

SEEDS = range(25)


@pytest.mark.parametrize("question", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_exposure_is_a_distribution(seed, question):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=question)
    weight = sk.exposure(case, random_policy(case, rng, (3,)))
    assert weight.min() >= 0
    assert weight.sum((1, 2)) == pytest.approx(1)
    assert weight.sum(2) == pytest.approx(np.tile(case.population.shares, (3, 1)))


@pytest.mark.parametrize("question", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_expect_equals_a_loop_over_everybody(seed, question):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=question)
    policy = random_policy(case, rng)
    outcome = sk.expect(case, policy)
    cost = (case.population.joint.T @ case.question.cost) @ policy.asks if question else 0.0
    assert outcome.help == pytest.approx(brute_force(case, policy, case.help) - cost)
    assert outcome.harm == pytest.approx(brute_force(case, policy, case.harm))
    assert outcome.neglect == pytest.approx(brute_force(case, policy, case.neglect))
    assert outcome.net == pytest.approx(outcome.help - case.harm_weight * (outcome.harm + outcome.neglect))


@pytest.mark.parametrize("question", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_segments_and_contributions_add_up_to_the_totals(seed, question):
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=question)
    outcome = sk.expect(case, random_policy(case, rng, (2,)))
    parts, table = outcome.by_segment, outcome.contributions
    for name in ("help", "harm", "neglect"):
        total = getattr(outcome, name)
        asked = table.asking.sum(-1) if name == "help" else 0
        assert getattr(parts, name) @ parts.share == pytest.approx(total)
        assert getattr(table, name).sum((-1, -2)) - asked == pytest.approx(total)
    assert table.net.sum((-1, -2)) - table.asking.sum(-1) == pytest.approx(outcome.net)


def four_errors(case, policy, rng):
    """Differences between a simulation and the exact means, in standard errors: help, harm, neglect."""
    outcome, seen = sk.expect(case, policy), sk.simulate(case, policy, users=400, runs=200, rng=rng)
    names = ("help", "harm", "neglect")
    gaps = [(float(seen.mean(n) - getattr(outcome, n)), float(seen.standard_error(n))) for n in names]
    return [abs(gap) / error if error > 0 else float(abs(gap) > 1e-12) * 99 for gap, error in gaps]


@pytest.mark.parametrize("question", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_simulation_agrees_within_four_standard_errors(seed, question):
    rng = np.random.default_rng(1000 + seed)
    case = random_case(rng, question=question)
    assert max(four_errors(case, random_policy(case, rng), rng)) < 4


def test_a_wrong_expectation_is_caught():
    """Negative control: the same comparison sees a harm that is wrong by a tenth, and a question that costs nothing."""
    rng = np.random.default_rng(5)
    case = random_case(rng, question=True)
    policy = random_policy(case, rng)
    seen = sk.simulate(case, policy, users=4000, runs=400, rng=rng)
    for name, wrong in (("harm", 1.1), ("neglect", 0.9)):
        gap = seen.mean(name) - wrong * getattr(sk.expect(case, policy), name)
        assert abs(gap) > 4 * seen.standard_error(name)
    free = dataclasses.replace(case, question=dataclasses.replace(case.question, cost=frozen(np.zeros(len(case.help)))))
    assert abs(seen.mean("help") - sk.expect(free, policy).help) > 4 * seen.standard_error("help")


def test_states_are_shared_by_all_senders_of_a_world():
    rng = np.random.default_rng(0)
    case = with_states(choice(0.1, 1, 5))
    answer = sk.policy.constant(case, "response-1")
    assert max(four_errors(case, answer, rng)) < 4
    exact, seen = sk.event_counts.count_events(case, answer, 400), sk.simulate(case, answer, 400, runs=4000, rng=rng)
    counts = seen.harm / 5
    assert counts.mean() == pytest.approx(exact.mean, abs=4 * counts.std() / 63)
    assert counts.var() == pytest.approx(exact.variance, rel=0.15)
    calm = sk.event_counts.count_events(case.in_state("calm"), answer, 400)
    assert exact.variance > 5 * calm.variance


def with_states(case):
    """The same case in two states: in the second a harmful sender is ten times as likely (odds)."""
    shocked = dataclasses.replace(
        case.population,
        states=("calm", "shock"),
        state_chance=frozen([0.9, 0.1]),
        multiply=frozen([[1, 1], [1, 10]]),
    )
    return dataclasses.replace(case, population=shocked)


def test_the_mixture_over_states_is_the_mean_of_the_states():
    case = with_states(choice(0.1, 1, 5))
    answer = sk.policy.constant(case, "response-1")
    parts = [sk.expect(case.in_state(name), answer).harm for name in ("calm", "shock")]
    assert sk.expect(case, answer).harm == pytest.approx(0.9 * parts[0] + 0.1 * parts[1])
    shock = 10 * 0.1 / (10 * 0.1 + 0.9)
    assert parts[1] == pytest.approx(5 * shock)


def test_a_policy_may_differ_by_state():
    rng = np.random.default_rng(3)
    case = with_states(choice(0.1, 1, 5))
    refuse, answer = (sk.policy.constant(case, name) for name in case.responses)
    mixed = sk.policy.by_state(case, {"calm": answer, "shock": refuse})
    assert sk.expect(case, mixed).harm == pytest.approx(0.9 * sk.expect(case.in_state("calm"), answer).harm)
    assert sk.expect(case.in_state("shock"), mixed).harm == 0
    other = sk.policy.by_state(case, {"calm": refuse, "shock": answer})
    assert sk.expect(case, other).harm == pytest.approx(0.1 * sk.expect(case.in_state("shock"), answer).harm)
    alike = sk.policy.by_state(case, {"calm": answer, "shock": answer})
    assert sk.exposure(case, alike) == pytest.approx(sk.exposure(case, answer))
    assert sk.expect(case, alike).by_segment.help == pytest.approx(sk.expect(case, answer).by_segment.help)
    assert sk.event_counts.count_events(case, mixed, 100).mean == pytest.approx(100 * sk.expect(case, mixed).harm / 5)
    assert max(four_errors(case, mixed, rng)) < 4


def test_common_random_numbers_sharpen_differences():
    case = choice(0.3, 1, 5)
    pair = sk.policy.stack(
        [sk.policy.constant(case, "response-1"), sk.policy.threshold(case, risk=1, below="response-1", above="response-0")]
    )
    same = sk.simulate(case, pair, runs=50, rng=np.random.default_rng(0))
    rng = np.random.default_rng(0)
    apart = [sk.simulate(case, policy, runs=50, rng=rng) for policy in pair]
    assert np.all(same.help[0] == same.help[1])
    assert np.all(same.harm[0] == same.harm[1])
    assert (apart[0].help - apart[1].help).std() > 0


def test_differences_are_sharper_with_common_numbers():
    case = choice(0.3, 1, 5)
    refuse, answer = (sk.policy.constant(case, name) for name in case.responses)
    pair = sk.policy.stack([answer, sk.policy.blend(answer, refuse, 0.1)])
    rng = np.random.default_rng(0)
    same = sk.simulate(case, pair, runs=300, rng=np.random.default_rng(0)).harm
    apart = [sk.simulate(case, policy, runs=300, rng=rng).harm for policy in pair]
    assert (same[0] - same[1]).std() < 0.6 * (apart[0] - apart[1]).std()


def test_senders_drawn_one_by_one_are_refused_as_often_as_the_table_says():
    rng = np.random.default_rng(9)
    case = random_case(rng, question=True)
    policy = random_policy(case, rng)
    sent = sk.monte_carlo.draw_senders(case, policy, 200_000, rng=rng)
    seen = np.zeros((len(case.segments), len(case.responses)))
    np.add.at(seen, (sent.segment, sent.response), 1 / len(sent.segment))
    assert seen == pytest.approx(sk.exposure(case, policy), abs=5e-3)
    outcome, refused, harmful = sk.expect(case, policy), case.refuses[sent.response], case.population.harmful[sent.segment]
    assert refused[~harmful].mean() == pytest.approx(float(outcome.over_refusal), abs=0.01)
    assert (~refused)[harmful].mean() == pytest.approx(float(outcome.under_refusal), abs=0.01)


def test_neglect_is_counted_too():
    case = sk.load("medication-threshold").in_state("usual")
    refuse = sk.policy.constant(case, "refuse")
    rate = (sk.exposure(case, refuse) * case.neglect_events.chance).sum()
    assert sk.event_counts.count_events(case, refuse, 100, of="neglect").mean == pytest.approx(100 * rate)
    assert sk.event_counts.count_events(case, refuse).users == case.users


def test_simulation_is_a_function_of_its_generator():
    case = random_case(np.random.default_rng(1))
    policy = random_policy(case, np.random.default_rng(2))
    first, again, other = (sk.simulate(case, policy, runs=5, rng=np.random.default_rng(seed)).harm for seed in (0, 0, 7))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_blocks_do_not_change_a_world():
    """A world that spans several blocks of senders has the same size."""
    case = choice(0.5, 1, 5)
    seen = sk.simulate(case, sk.policy.constant(case, "response-1"), users=600_000, runs=2, rng=np.random.default_rng(0))
    assert seen.help + seen.harm / 5 == pytest.approx(600_000)


@pytest.mark.parametrize("seed", SEEDS)
def test_fixed_crowds_vary_less_than_drawn_ones(seed):
    """Law M8; and they are more likely to see at least one event (Jensen)."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, segments=4)
    people = frozen(rng.multinomial(50, np.ones(4) / 4) / 50)
    case = dataclasses.replace(case, population=dataclasses.replace(case.population, base_share=people))
    policy = random_policy(case, rng)
    drawn, fixed = (sk.event_counts.count_events(case, policy, 50, mix=mix) for mix in ("drawn", "fixed"))
    assert fixed.mean == pytest.approx(drawn.mean)
    assert fixed.variance <= drawn.variance + 1e-12
    assert fixed.chance_of_any >= drawn.chance_of_any - 1e-12


def test_a_fixed_crowd_is_made_of_whole_senders():
    """Ten senders of whom half a one is harmful: the crowd is rounded, and stays possible."""
    case = choice(0.05, 1, 1)
    answer = sk.policy.constant(case, "response-1")
    for users in (1, 7, 10, 33):
        found = sk.event_counts.count_events(case, answer, users, mix="fixed")
        assert found.mean == round(float(found.mean))
        assert found.chance_of_any <= found.mean
    uneven = choice(0.38, 1, 1)  # 10 senders: 6.2 harmless and 3.8 harmful, so 6 and 4
    assert sk.event_counts.count_events(uneven, sk.policy.constant(uneven, "response-1"), 10, mix="fixed").mean == 4
    with pytest.raises(ValueError, match="users ≥ 0"):
        sk.event_counts.count_events(case, answer, -1)
    with pytest.raises(ValueError, match="harm or neglect"):
        sk.event_counts.count_events(case, answer, of="loss")


def test_crowds_at_their_ends():
    sure = choice(1.0, 1, 1)
    answer = sk.policy.constant(sure, "response-1")
    assert sk.event_counts.count_events(sure, answer, 0).chance_of_any == 0
    assert sk.event_counts.count_events(sure, answer, 1).chance_of_any == 1
    rare = choice(np.log(2) / 8e14, 1, 1)
    assert sk.event_counts.users_until(rare, sk.policy.constant(rare, "response-1")) == pytest.approx(8e14, rel=1e-9)
    never = choice(1e-17, 1, 1)
    with pytest.raises(ValueError, match=r"even among 10\^15"):
        sk.event_counts.users_until(never, sk.policy.constant(never, "response-1"))
    for chance in (0, 1, float("nan"), -1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            sk.event_counts.users_until(sure, answer, chance)


@pytest.mark.parametrize("seed", SEEDS)
def test_splitting_a_segment_into_halves_changes_nothing(seed):
    """Law M7, also where signals overlap."""
    rng = np.random.default_rng(seed)
    case = random_case(rng).with_overlap(0.15)
    policy = random_policy(case, rng)
    twice = split(case)
    for name in ("help", "harm", "neglect", "net", "over_refusal", "under_refusal", "over_caution", "over_compliance"):
        assert getattr(sk.expect(twice, policy), name) == pytest.approx(getattr(sk.expect(case, policy), name), nan_ok=True)
    assert np.array_equal(sk.policy.bayes(twice).answer, sk.policy.bayes(case).answer)
    assert sk.frontier(twice).help == pytest.approx(sk.frontier(case).help)


def split(case):
    """The case with its first segment as two identical halves."""
    twice = [0, *range(len(case.help))]
    half = np.ones(len(twice))
    half[:2] = 0.5
    p = case.population
    population = dataclasses.replace(
        p,
        segments=("half", *p.segments),
        harmful=p.harmful[twice],
        base_share=p.base_share[twice] * half,
        low=p.low[twice],
        high=p.high[twice],
        odds=p.odds[twice],
        base_signals=p.base_signals[twice],
        multiply=p.multiply[:, twice],
        mix=p.mix[twice] * half,
    )
    events = [Events(chance=e.chance[twice], severity=e.severity[twice]) for e in (case.harm_events, case.neglect_events)]
    return dataclasses.replace(
        case, population=population, help=case.help[twice], harm_events=events[0], neglect_events=events[1]
    )


def test_over_and_under_refusal_are_reported_side_by_side():
    case = choice(0.25, 1, 5)
    half = sk.policy.blend(*(sk.policy.constant(case, name) for name in case.responses), 0.4)
    outcome = sk.expect(case, half)
    assert outcome.over_refusal == pytest.approx(0.6)
    assert outcome.under_refusal == pytest.approx(0.4)
    assert outcome.over_caution == pytest.approx(0.75 * 0.6)
    assert outcome.over_compliance == pytest.approx(0.25 * 0.4 * 5)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_two_complaints_are_the_regret_against_knowing_the_sender(seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng).without_constraints()
    outcome = sk.expect(case, random_policy(case, rng))
    assert outcome.over_caution + outcome.over_compliance == pytest.approx(sk.pareto.information(case).sender - outcome.net)


def test_rates_of_nobody_are_not_a_number():
    case = from_arrays([1.0], [[1.0]], [[0, 1]], harmful=[False], harm_chance=0.0)
    outcome = sk.expect(case, sk.policy.constant(case, "response-1"))
    assert np.isnan(outcome.under_refusal)
    assert outcome.over_refusal == 0


def test_a_severity_without_a_mean_gives_an_infinite_harm_only_where_it_is_met():
    case = choice(0.25, 1, 5)
    heavy = dataclasses.replace(case, severities=(Pareto(kind="pareto", smallest=1.0, tail=0.9),))
    refuse, answer = (sk.policy.constant(heavy, name) for name in heavy.responses)
    outcome = sk.expect(heavy, sk.policy.stack([refuse, answer]))
    assert outcome.harm.tolist() == [0, np.inf]
    assert outcome.net.tolist() == [0, -np.inf]
    assert outcome.over_compliance.tolist() == [0, np.inf]
    assert outcome.over_caution.tolist() == [0.75, 0]
    assert outcome.contributions.harm[1].tolist() == [[0, 0], [0, np.inf]]
    assert sk.policy.bayes(heavy).answer.tolist() == [[1, 0]]
    assert sk.policy.bayes(heavy, harm_weight=0).answer.tolist() == [[0, 1]]
    assert sk.expect(heavy, answer, 0.0).net == pytest.approx(0.75)
    assert sk.frontier(heavy).loss.tolist() == [0]


@pytest.mark.parametrize(
    "severity", [Point(kind="point", value=2.0), Lognormal(kind="lognormal", median=1.0, sigma=0.5)], ids=["point", "lognormal"]
)
def test_drawn_senders_meet_what_the_case_says(severity):
    rng = np.random.default_rng(4)
    case = dataclasses.replace(choice(0.3, 1, 1), severities=(severity,))
    sent = sk.monte_carlo.draw_senders(case, sk.policy.constant(case, "response-1"), 20_000, rng=rng)
    assert (sent.segment == 1).mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(sent.event == 1, sent.segment == 1)
    assert sent.size[sent.event == 1].mean() == pytest.approx(severity.mean, rel=0.05)
    assert sent.size[sent.event == 0].max() == 0


def test_harm_and_neglect_have_their_own_severities():
    """The overdose question has several; means and draws agree on which is which."""
    rng = np.random.default_rng(6)
    case = sk.load("medication-threshold")
    sent = sk.monte_carlo.draw_senders(case, sk.policy.constant(case, "general-safety"), 300_000, rng=rng)
    outcome = sk.expect(case, sk.policy.constant(case, "general-safety"))
    for event, mean in ((1, outcome.harm), (2, outcome.neglect)):
        sizes = np.where(sent.event == event, sent.size, 0.0)
        assert sizes.mean() == pytest.approx(float(mean), abs=4 * sizes.std() / np.sqrt(len(sizes)))
    kinds = case.harm_events.severity[sent.segment, sent.response], case.neglect_events.severity[sent.segment, sent.response]
    assert {case.severities[k].about for k in np.unique(kinds[0][sent.event == 1])} != {
        case.severities[k].about for k in np.unique(kinds[1][sent.event == 2])
    }


def test_a_question_avoids_a_harm_without_a_mean():
    """Harm of answering the harmful, neglect of refusing the harmless, both infinite; asking tells them apart for 0.01."""
    heavy = Pareto(kind="pareto", smallest=1.0, tail=0.9)
    case = from_arrays(
        [0.5, 0.5],
        [[1.0], [1.0]],
        [[0, 1], [0, 1]],
        harmful=[False, True],
        harm_chance=[[0, 0], [0, 0.5]],
        neglect_chance=[[0.5, 0], [0, 0]],
        severity=heavy,
        reply=[[1, 0], [0, 1]],
        cost=0.01,
    )
    best = sk.policy.bayes(case)
    assert best.asks.tolist() == [1]
    assert sk.expect(case, best).net == pytest.approx(0.49)
    assert sk.pareto.information(case).question == pytest.approx(0.49)
    with pytest.raises(ValueError, match="finite harm"):
        sk.uncertainty.worst_case(case, sk.policy.constant(case, "response-1"))


def test_a_policy_for_another_case_is_refused():
    with pytest.raises(ValueError, match="needs"):
        sk.expect(choice(0.1, 1, 1), random_policy(random_case(np.random.default_rng(0), signals=3), np.random.default_rng(0)))


def test_what_two_infinite_means_differ_by_is_undefined():
    heavy = sk.severity.Pareto(kind="pareto", smallest=1.0, tail=0.9)
    chances = [[0, 0, 0.1], [0, 0.5, 0.2]]
    signal, helps = [[0.5, 0.5], [0.2, 0.8]], [[0, 1, 1], [0, 0, 0]]
    case = sk.case.from_arrays([0.9, 0.1], signal, helps, harmful=[0, 1], harm_chance=chances, severity=heavy)
    none, a, b = (sk.policy.constant(case, f"response-{i}") for i in range(3))
    assert sk.evaluate.gain(case, a, a).tolist() == [0, 0]
    assert np.isneginf(sk.evaluate.gain(case, none, a)).all()
    with pytest.raises(ValueError, match="undefined: both bring harm"):
        sk.evaluate.gain(case, a, b)
    found = sk.compare(case, a, b, rng=np.random.default_rng(0))
    assert repr(found) == "Which is ahead, response-1 or response-2, is undefined: both bring harm without a finite mean."
    pages = sk.event_counts.front_pages(case, none, [0, 1, 1e12], harm=1, neglect=1, shock=0.1)
    assert not np.isnan([pages.harm, pages.neglect, pages.both, pages.either]).any()
    assert sk.event_counts.count_events(case, a).variance == pytest.approx(47.5)
