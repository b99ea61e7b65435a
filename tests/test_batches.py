"""A batch says of each of its members what the member says alone, to the last bit, whatever its axis is."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import random_case, random_policy

import simkit as sk
from simkit.arrays import frozen
from simkit.policy import Axis, Policy
from simkit.population import draw_interval
from simkit.severity import Pareto

PROPERTY = settings(deadline=None, max_examples=40)
#: What an axis may look like: unsorted numbers, texts, one member, many.
AXES = {
    "unsorted": Axis("risk", (0.5, -1.0, 3.0, 0.25), "per request"),
    "texts": Axis("model", ("zebra", "aardvark", "Ω")),
    "one": Axis("dial", (0.5,)),
    "many": Axis("dial", tuple(np.linspace(0, 1, 33))),
}
KINDS = ("answers", "asks", "by state", "a pareto")


def drawn(seed: int, axis: Axis, kind: str) -> tuple[sk.Case, Policy]:
    """A random case and a batch of random policies along an axis."""
    rng = np.random.default_rng(seed)
    case = random_case(rng, question=kind == "asks")
    if kind == "a pareto":
        case = dataclasses.replace(case, severities=(Pareto(kind="pareto", smallest=1.0, tail=0.9),))
    batch = random_policy(case, rng, (len(axis.values),))
    if kind == "by state":
        odds = frozen(rng.uniform(0.1, 5, (2, len(case.segments))))
        people = {"states": ("a", "b"), "state_chance": frozen([0.7, 0.3]), "multiply": odds}
        case = dataclasses.replace(case, population=dataclasses.replace(case.population, **people))
        tables = np.stack([random_policy(case, rng, batch.batch).answer for _ in "ab"], axis=-3)
        batch = Policy(name="random", answer=tables, states=("a", "b"))
    if kind == "answers" and len(axis.values) > 1:  # a policy that uses no response twice in a row, and one of whole numbers
        sure = np.zeros_like(batch.answer)
        sure[..., 0] = 1
        batch = Policy(name="random", answer=np.where(np.arange(len(sure))[:, None, None] % 2, sure, batch.answer))
    return case, dataclasses.replace(batch, axis=axis)


batches = given(seed=st.integers(0, 10**6), axis=st.sampled_from(sorted(AXES)), kind=st.sampled_from(KINDS))


def same(whole, members) -> bool:
    """Whether the parts of an array are the members' numbers, to the last bit."""
    return all(np.array_equal(part, one, equal_nan=True) for part, one in zip(whole, members, strict=True))


OUTCOME = ("help", "harm", "neglect", "net", "exposure", "over_refusal", "under_refusal", "over_caution", "over_compliance")


@batches
@PROPERTY
def test_expect_and_exposure(seed, axis, kind):
    case, batch = drawn(seed, AXES[axis], kind)
    whole, members = sk.expect(case, batch), [sk.expect(case, one) for one in batch]
    for name in OUTCOME:
        assert same(getattr(whole, name), [getattr(one, name) for one in members]), name
    for name in ("help", "harm", "neglect", "asking"):
        assert same(getattr(whole.by_segment, name), [getattr(one.by_segment, name) for one in members]), name
    for name in ("help", "harm", "neglect", "net", "weight"):
        assert same(getattr(whole.contributions, name), [getattr(one.contributions, name) for one in members]), name
    assert same(sk.exposure(case, batch), [sk.exposure(case, one) for one in batch])


@batches
@PROPERTY
def test_regret_gain_and_dots(seed, axis, kind):
    case, batch = drawn(seed, AXES[axis], kind)
    assert same(sk.regret(case, batch), [sk.regret(case, one) for one in batch])
    if kind != "a pareto":
        gains = sk.evaluate.gain(case, batch[0], batch)
        assert same(gains, [sk.evaluate.gain(case, batch[0], one) for one in batch])
    whole, members = sk.dots(case, batch, 100), [sk.dots(case, one, 100) for one in batch]
    for name in ("count", "expected"):
        assert same(getattr(whole, name), [getattr(one, name) for one in members])
    for name in ("by_segment", "by_response", "by_event"):
        assert same(getattr(whole, name)(), [getattr(one, name)() for one in members])


@batches
@PROPERTY
def test_event_counts_and_front_pages(seed, axis, kind):
    case, batch = drawn(seed, AXES[axis], kind)
    for mix in ("drawn", "fixed"):
        whole = sk.event_counts.count_events(case, batch, 50, mix=mix)
        members = [sk.event_counts.count_events(case, one, 50, mix=mix) for one in batch]
        for name in ("mean", "variance", "chance_of_any"):
            assert same(getattr(whole, name), [getattr(one, name) for one in members]), (mix, name)
    if kind in ("answers", "asks"):
        until = sk.event_counts.users_until(case, batch, 0.5, of="neglect")
        assert same(until, [sk.event_counts.users_until(case, one, 0.5, of="neglect") for one in batch])
    pages = sk.event_counts.front_pages(case, batch, 1000, harm=1.0, neglect=2.0)
    for i, one in enumerate(batch):
        alone = sk.event_counts.front_pages(case, one, 1000, harm=1.0, neglect=2.0)
        for name in ("harm", "neglect", "both", "either"):
            assert getattr(pages, name)[i] == getattr(alone, name), name


@batches
@settings(deadline=None, max_examples=10)
def test_senders_drawn(seed, axis, kind):
    """With common random numbers every policy meets the same senders, alone or in a batch."""
    case, batch = drawn(seed, AXES[axis], kind)
    whole = sk.simulate(case, batch, 20, runs=5, rng=np.random.default_rng(seed))
    for i, one in enumerate(batch):
        alone = sk.simulate(case, one, 20, runs=5, rng=np.random.default_rng(seed))
        assert np.array_equal(whole.help[i], alone.help)
        assert np.array_equal(whole.harm[i], alone.harm)
    assert len(repr(whole).splitlines()) == 2 + len(AXES[axis].values)


@given(seed=st.integers(0, 10**6), axis=st.sampled_from(sorted(AXES)), kind=st.sampled_from(("answers", "asks", "by state")))
@settings(deadline=None, max_examples=12)
def test_total(seed, axis, kind):
    case, batch = drawn(seed, AXES[axis], kind)
    whole, members = sk.total(case, batch, 1000), [sk.total(case, one, 1000) for one in batch]
    for name in ("mean", "sd"):
        assert getattr(whole, name) == pytest.approx(np.array([getattr(one, name) for one in members]), rel=1e-13), name


@batches
@PROPERTY
def test_rows_have_a_column_of_the_axis(seed, axis, kind):
    case, batch = drawn(seed, AXES[axis], kind)
    rows = sk.expect(case, batch).rows()
    assert [row[batch.axis.name] for row in rows] == list(batch.axis.values)
    assert [row["policy"] for row in rows] == list(batch.labels)
    for row, one in zip(rows, batch, strict=True):
        assert row["net"] == pytest.approx(float(sk.expect(case, one).net), nan_ok=True, rel=0, abs=0)


@pytest.mark.parametrize("axis", sorted(AXES))
def test_what_describes_a_batch_names_its_axis(axis):
    case, batch = drawn(1, AXES[axis], "answers")
    name = batch.axis.name
    assert name in repr(batch)
    assert name in batch._repr_html_()
    assert name in repr(sk.dots(case, batch))
    assert repr(sk.expect(case, batch)).splitlines()[1].startswith(name)
    assert [line.split("  ")[0] for line in repr(sk.expect(case, batch)).splitlines()[2:]] == list(batch.axis.labels)


def test_two_policies_are_never_the_same_number_by_accident():
    """Negative control: the comparison of this file sees a difference in the last bit."""
    assert not same([np.array(1.0)], [np.nextafter(1.0, 2)])


@given(seed=st.integers(0, 10**6), axis=st.sampled_from(sorted(AXES)), kind=st.sampled_from(("answers", "asks", "by state")))
@settings(deadline=None, max_examples=25)
def test_compare(seed, axis, kind):
    """The same worlds for all, so the same draws; of two that are told the better one first, the sign is turned."""
    case, batch = drawn(seed, AXES[axis], kind)
    reference = batch[0]

    def rng():
        return np.random.default_rng(seed)

    whole = sk.compare(case, batch, reference, rng=rng(), worlds=30)
    assert same(whole.break_even_shares, [sk.uncertainty.break_even_shares(case, one, reference) for one in batch])
    for i, one in enumerate(batch):
        alone = sk.compare(case, one, reference, rng=rng(), worlds=30)
        sign = 1 if whole.gain[i] >= 0 else -1
        assert alone.gain == sign * whole.gain[i]
        assert np.array_equal(alone.draws, sign * whole.draws[i])
        assert (alone.holds, alone.better, alone.worse) == (whole[i].holds, whole[i].better, whole[i].worse)
        assert alone.holds == whole.holds[i]
    assert len(whole.lines()) == 1 + len(AXES[axis].values)
    best = sk.compare(case, batch, rng=rng(), worlds=30)
    assert best.gain.max() == 0, "all of a batch are compared with its best"


def test_what_counts_leave_open_is_drawn_for_a_member_as_for_it_alone():
    case = sk.load("xstest")
    models = [sk.policy.observed(case, name) for name in ("gpt-4", "mistral", "llama-2")]
    whole = sk.compare(case, sk.policy.stack(models), models[0], rng=np.random.default_rng(3), worlds=50)
    for i in (1, 2):
        alone = sk.compare(case, models[i], models[0], rng=np.random.default_rng(3), worlds=50)
        assert np.array_equal(np.abs(alone.draws), np.abs(whole.draws[i]))
    assert not whole.draws[0].any(), "the same evidence is drawn once"


@pytest.mark.parametrize("seed", range(5))
def test_what_differs_by_state_is_weighed_by_state(seed):
    """A second route: each world as a case of its own, whose exact means are taken."""
    case, batch = drawn(seed, AXES["texts"], "by state")
    found = sk.compare(case, batch, batch[0], rng=np.random.default_rng(seed), worlds=4)
    base = draw_interval(
        *(getattr(case.population, x) for x in ("base_share", "low", "high")), rng=np.random.default_rng(seed), size=4
    )
    for n, share in enumerate(base / base.sum(1, keepdims=True)):
        there = dataclasses.replace(case, population=dataclasses.replace(case.population, base_share=frozen(share)))
        nets = sk.expect(there, batch).net
        assert found.draws[:, n] == pytest.approx(nets - nets[0], abs=1e-12)
    share = found.break_even_shares[1]
    if np.isfinite(share):
        bad, people = case.population.harmful, case.population
        moved = np.where(bad, people.base_share / people.base_share[bad].sum() * share, 0)
        moved += np.where(bad, 0, people.base_share / people.base_share[~bad].sum() * (1 - share))
        there = dataclasses.replace(case, population=dataclasses.replace(people, base_share=frozen(moved)))
        nets = sk.expect(there, batch).net
        assert nets[1] == pytest.approx(nets[0], abs=1e-8)
    gains = sk.evaluate.gain(case, batch[0], batch)
    nets = sk.expect(case, batch).net
    assert gains @ case.population.signal_chance == pytest.approx(nets - nets[0])


def test_what_compare_cannot_do_says_so():
    case, batch = drawn(1, AXES["texts"], "answers")
    with pytest.raises(ValueError, match="with which reference"):
        sk.compare(case, batch[0], rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="one policy as the reference"):
        sk.compare(case, batch, batch, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="take one of the comparison"):
        _ = sk.compare(case, batch, rng=np.random.default_rng(0), worlds=5).break_evens
