"""The five real models: the file's counts give the published percentages, and the system layer shows."""

import csv
from pathlib import Path

import numpy as np
import pytest

import simkit as sk

MODELS = ("gpt-4", "llama-2", "llama-2-safety-prompt", "mistral", "mistral-safety-prompt")
#: Röttger et al. (2024): full and partial refusal of 250 safe prompts, full and partial compliance with 200 unsafe ones, %.
PUBLISHED = {
    "gpt-4": (6.4, 2.0, 0.5, 2.0),
    "llama-2": (14.0, 15.6, 0.0, 2.5),
    "llama-2-safety-prompt": (38.0, 21.6, 0.0, 0.5),
    "mistral": (0.8, 0.8, 64.0, 12.5),
    "mistral-safety-prompt": (9.6, 9.2, 3.5, 9.0),
}


@pytest.fixture(scope="module")
def pure():
    """XSTest without overlap: harmless senders send safe types only."""
    return sk.load("xstest").with_overlap(0)


@pytest.mark.parametrize("model", MODELS)
def test_published_percentages_come_out(pure, model):
    outcome = sk.expect(pure, sk.policy.observed(pure, model))
    given = outcome.exposure / pure.population.shares[:, None]
    full, partial, refusal = (
        pure.responses.index(f"{name}") for name in ("full-compliance", "partial-refusal", "full-refusal")
    )
    found = [given[0, refusal], given[0, partial], given[1, full], given[1, partial]]
    assert 100 * np.array(found) == pytest.approx(PUBLISHED[model], abs=1e-9)
    assert 100 * outcome.over_refusal == pytest.approx(PUBLISHED[model][0])


def test_counts_are_those_of_the_labels():
    """Against a recount of the published labels: 5 models × 18 types × 25 prompts."""
    case = sk.load("xstest")
    path = Path(__file__).parent / "reference" / "xstest_v2_counts.csv"
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    assert len(rows) == 5 * 18
    for row in rows:
        k = case.population.signal_names.index(row["type"])
        counts = case.observed[row["model"]][k]
        assert counts.tolist() == [int(row[name]) for name in case.responses]
        assert counts.sum() == 25


def test_signals_are_the_eighteen_prompt_types(pure):
    assert len(pure.population.signal_names) == 18
    assert (pure.population.signals > 0).sum(1).tolist() == [10, 8]
    assert pure.population.risk.tolist() == [0.0] * 10 + [1.0] * 8


def test_overlap_moves_a_fraction_of_each_segment_to_the_others_types():
    case = sk.load("xstest").with_overlap(0.2)
    names = case.population.signal_names
    contrast = np.array([name.startswith("contrast-") for name in names])
    assert case.population.signals[0, contrast].sum() == pytest.approx(0.2)
    assert case.population.signals[1, ~contrast].sum() == pytest.approx(0.2)


def test_a_safety_prompt_cuts_harm_and_costs_help():
    for layer in sk.report.system_layers(sk.load("xstest"), rng=np.random.default_rng(0), draws=500):
        assert layer.under_refusal.high < 0
        assert layer.over_refusal.low > 0
        assert layer.help.value < 0
        assert layer.harm.value < 0
    assert {layer.policy for layer in sk.report.system_layers(sk.load("xstest"), rng=np.random.default_rng(0), draws=50)} == {
        "llama-2-safety-prompt",
        "mistral-safety-prompt",
    }


def test_the_interval_of_a_rate_is_that_of_its_sample():
    """Over 250 safe prompts of 25 a type, the spread of the refusal rate is close to that of stratified binomials."""
    pure = sk.load("xstest").with_overlap(0)
    seen = sk.policy.observed(pure, "llama-2-safety-prompt")
    draws = sk.expect(pure, sk.policy.plausible(seen, np.random.default_rng(0), 4000)).over_refusal
    p = seen.answer[:10, 2]
    assert draws.std() == pytest.approx(np.sqrt((p * (1 - p) / 26).sum()) / 10, rel=0.1)


def test_who_wins_depends_on_the_unsafe_share():
    """The comparison names the share at which it turns, and there it does turn."""
    case = sk.load("xstest")
    mistral, gpt4 = (sk.policy.observed(case, name) for name in ("mistral", "gpt-4"))
    found = sk.compare(case, mistral, gpt4, rng=np.random.default_rng(0))
    (turn,) = next(flip.breaks_even_at for flip in found.break_evens if flip.of == "share of unsafe-asker")
    assert 0.01 < turn < 0.2, "inside the interval of the file: the conclusion is open"
    assert 0.1 < found.holds < 0.9
    below, above = (
        sk.expect(case.with_shares({"unsafe-asker": turn * x}), sk.policy.stack([mistral, gpt4])).net for x in (0.9, 1.1)
    )
    assert below[0] > below[1]
    assert above[0] < above[1]
