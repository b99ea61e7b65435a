"""Sweeps: labels, identical results for every executor, nothing lost; the library swept; judgements as parameters."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import sweeps
from hypothesis import given, settings
from hypothesis import strategies as st

import simkit as sk
from simkit import studies
from simkit.studies import sweeping
from simkit.studies.digests import digest
from simkit.studies.grid import dimensions
from simkit.studies.points import Chunk, Study
from simkit.studies.store import Store

xr = pytest.importorskip("xarray", reason="sweeps need the extra `sweep`")
pytest.importorskip("h5netcdf", reason="sweeps need the extra `sweep`")

GRID = {"a": [0.0, 1.0, 2.0, 3.0, 4.0], "b": [1.0, 10.0]}


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def case():
    return sk.load("medication-threshold")


# --- labels ---


def test_every_value_stands_where_its_parameters_say():
    found = studies.sweep(sweeps.product, GRID)
    assert found["value"].dims == ("a", "b")
    for a in GRID["a"]:
        for b in GRID["b"]:
            assert float(found["value"].sel(a=a, b=b)) == a * b
    assert found.attrs["simkit"] == sk.__version__
    assert found.attrs["function"].endswith("sweeps.product")
    assert found.attrs["failed"] == ""


def test_fields_of_dataclasses_arrays_and_texts():
    found = studies.sweep(sweeps.both, GRID)
    assert set(found) == {"product", "row"}
    assert found["row"].dims == ("a", "b", "row_0")
    assert found["row"].sel(a=3, b=1).to_numpy().tolist() == [0, 3]
    text = studies.sweep(sweeps.drawn, GRID)
    assert text["draws"].dims == ("a", "b", "draw")
    assert str(text["name"].sel(a=4, b=1).to_numpy()) == "4"


def test_a_batch_of_policies_is_a_dimension_with_its_coordinate(case):
    batch = sk.policy.declining(case, [0, 0.5, 1], below="full-with-care", above="refuse-with-reason")
    found = studies.sweep(partial(net, case), {"policy": batch, "weight": [1.0, 20.0]})
    assert found["policy"].to_numpy().tolist() == [0, 0.5, 1]
    assert found["policy"].attrs["units"] == "of senders"
    assert np.allclose(found["value"].sel(weight=20), sk.expect(case, batch, 20.0).net, rtol=1e-14)
    contexts = studies.sweep(best, {"case": [case, case.in_context("icu-team")]})
    assert contexts["case"].to_numpy().tolist() == [case.title, case.in_context("icu-team").title]


def net(case, policy, weight):
    return float(sk.expect(case, policy, weight).net)


def best(case):
    return float(sk.expect(case, sk.policy.bayes(case)).net)


# --- identical ---


@pytest.mark.parametrize("made", ["none", "threads", "processes"])
def test_identical_for_every_executor(made, processes):
    plain = studies.sweep(sweeps.drawn, GRID)
    with ThreadPoolExecutor(3) as threads:
        pool = {"none": None, "threads": threads, "processes": processes}[made]
        assert studies.sweep(sweeps.drawn, GRID, executor=pool).identical(plain)
    assert not studies.sweep(sweeps.drawn, GRID, seed=1).identical(plain)


@given(st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_identical_for_every_size_of_chunks(first, second):
    """Chunks of `first` and `second` points in turn, in any order of arrival."""
    study = Study(sweeps.drawn, dimensions(GRID))
    cuts = sorted({0, study.size, *np.cumsum([first, second] * 10).clip(max=study.size).tolist()})
    chunks = [chunk for a, b in pairwise(cuts) for chunk in study.evaluate(a, b)]
    whole = sweeping._dataset(study, study.evaluate(0, study.size))
    assert sweeping._dataset(study, chunks[::-1]).identical(whole)


def test_identical_on_dask():
    distributed = pytest.importorskip("distributed", reason="needs the extra `dask`")
    how = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**how) as cluster, distributed.Client(cluster) as client:
        client.run(lambda path: sys.path.insert(0, path), str(Path(__file__).parent))
        assert studies.sweep(sweeps.drawn, GRID, executor=client).identical(studies.sweep(sweeps.drawn, GRID))


# --- nothing is lost ---


def test_a_store_goes_on_where_it_stopped(tmp_path):
    plain = studies.sweep(sweeps.drawn, GRID)
    studies.sweep(sweeps.drawn, GRID, store=tmp_path / "s")
    parts = sorted((tmp_path / "s").glob("points-*.nc"))
    parts[1].unlink()
    (tmp_path / "s" / ".half.part").write_bytes(b"half")
    study = Study(sweeps.drawn, dimensions(GRID))
    computed = []
    evaluate = Study.evaluate

    def counted(self, start, stop):
        computed.extend(range(start, stop))
        return evaluate(self, start, stop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Study, "evaluate", counted)
        again = studies.sweep(sweeps.drawn, GRID, store=tmp_path / "s")
    assert again.identical(plain)
    assert 0 < len(computed) < study.size
    assert not list((tmp_path / "s").glob("*.part"))


def test_what_failed_is_kept_with_its_parameters(tmp_path):
    found = studies.sweep(sweeps.fails_at_three, GRID, store=tmp_path / "s")
    assert np.isnan(found["value"].sel(a=3)).all()
    assert found["value"].isel(a=[0, 1, 2, 4]).notnull().all()
    assert "a=3.0, b=10.0" in found.attrs["failed"]
    assert "ZeroDivisionError: three, 10" in found.attrs["failed"]
    assert studies.sweep(sweeps.fails_at_three, GRID, store=tmp_path / "s").identical(found)
    with pytest.raises(
        RuntimeError, match=r"(?s)every point failed; the first, a=0.0, b=1.0:.*ZeroDivisionError: always, 0, 1"
    ):
        studies.sweep(sweeps.fails_always, GRID)


def test_another_study_is_refused(tmp_path):
    store = tmp_path / "s"
    studies.sweep(sweeps.product, GRID, store=store)
    with pytest.raises(ValueError, match=r"its function is .*product.*, not .*drawn"):
        studies.sweep(sweeps.drawn, GRID, store=store)
    with pytest.raises(ValueError, match="its grid differs in b"):
        studies.sweep(sweeps.product, GRID | {"b": [1.0, 11.0]}, store=store)
    with pytest.raises(ValueError, match="its seed is 0, not 3"):
        studies.sweep(sweeps.product, GRID, store=store, seed=3)
    about = json.loads((store / "study.json").read_text())
    (store / "study.json").write_text(json.dumps(about | {"version": "0.0.1"}))
    with pytest.raises(ValueError, match=r"its version is '0.0.1'"):
        studies.sweep(sweeps.product, GRID, store=store)
    (store / "study.json").write_text(json.dumps(about | {"source": "other"}))
    with pytest.raises(ValueError, match="product was changed since"):
        studies.sweep(sweeps.product, GRID, store=store)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(ValueError, match="other things in it"):
        studies.sweep(sweeps.product, GRID, store=tmp_path / "mine")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "mine"


def test_partial_arguments_are_part_of_the_study(case, tmp_path):
    other = case.in_context("icu-team")
    batch = sk.policy.declining(case, [0, 1], below="full-with-care", above="refuse-with-reason")
    studies.sweep(partial(net, case), {"policy": batch, "weight": [1.0]}, store=tmp_path / "s")
    with pytest.raises(ValueError, match="was changed since"):
        studies.sweep(partial(net, other), {"policy": batch, "weight": [1.0]}, store=tmp_path / "s")


def test_a_damaged_part_is_named(tmp_path):
    studies.sweep(sweeps.product, GRID, store=tmp_path / "s")
    part = next((tmp_path / "s").glob("points-*.nc"))
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"cannot be read .*delete it"):
        studies.sweep(sweeps.product, GRID, store=tmp_path / "s")


def test_a_worker_that_dies_loses_nothing_that_was_finished(tmp_path):
    grid = {"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0]}
    with ProcessPoolExecutor(1) as pool, pytest.raises(BrokenProcessPool):
        studies.sweep(sweeps.dies_at_three, grid, executor=pool, store=tmp_path / "s")
    assert list((tmp_path / "s").glob("points-*.nc"))


RUN = """
import sys; sys.path[:0] = {paths!r}
import sweeps; from simkit import studies
studies.sweep(sweeps.slow, {{"a": list(map(float, range(60))), "b": [1.0]}}, store={store!r})
"""


def test_killed_and_called_again(tmp_path):
    paths = [str(Path(__file__).parent), str(Path(sk.__file__).parents[1])]
    code = RUN.format(paths=paths, store=str(tmp_path / "s"))
    for _ in range(2):
        run = subprocess.Popen([sys.executable, "-c", code])  # noqa: S603
        until = time.monotonic() + 20
        while time.monotonic() < until and len(list((tmp_path / "s").glob("points-*.nc"))) < 2 and run.poll() is None:
            time.sleep(0.01)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    grid = {"a": list(map(float, range(60))), "b": [1.0]}
    assert studies.sweep(sweeps.slow, grid, store=tmp_path / "s").identical(studies.sweep(sweeps.slow, grid))


# --- bad input ---


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ({}, "a grid is a mapping"),
        ({"a": 3, "b": [1]}, "a needs several values"),
        ({"a": "text", "b": [1]}, "a needs several values"),
        ({"a": [], "b": [1]}, "a has no values"),
        ({"a": [1, 1], "b": [1]}, "cannot be told apart"),
    ],
)
def test_bad_grids_are_named(grid, says):
    with pytest.raises(ValueError, match=says):
        studies.sweep(sweeps.product, grid)


def test_bad_executors_and_results_are_named():
    with pytest.raises(ValueError, match="Executor or a Dask client, not int"):
        studies.sweep(sweeps.product, GRID, executor=3)
    with pytest.raises(RuntimeError, match="a point returns numbers, texts, arrays"):
        studies.sweep(best_object, {"a": [1]})


def best_object(a):
    return {"of": object(), "at": a}


@pytest.mark.parametrize("cuts", [(0, 5), (0, 1, 5), (0, 2, 5), (0, 1, 2, 3, 4, 5)])
@pytest.mark.parametrize("odd", [[], np.ones(2), "text", {"value": 1.0, "more": 2}, ("other", np.ones(1))])
def test_results_of_another_form_than_the_first_are_named_whatever_the_chunks(cuts, odd):
    every = [np.ones(1), np.zeros(1), odd, np.ones(1, bool), odd]
    study = Study(lambda i: every[i], dimensions({"i": range(5)}))
    found = sweeping._dataset(study, [chunk for a, b in pairwise(cuts) for chunk in study.evaluate(a, b)])
    assert found["value"].isnull().all("value_0").to_numpy().tolist() == [False, False, True, False, True]
    assert found.attrs["failed"].count("every point returns the same fields and shapes: value (1,) at first") == 2


def test_numbers_of_several_kinds_have_one_type_whatever_the_chunks():
    every = [True, np.int8(3), np.float32(0.5), 2**53 + 1, np.float64(1.5), np.uint8(7), 2]
    for cuts in ((0, 7), (0, 1, 7), (0, 3, 4, 7), range(8)):
        study = Study(lambda i: every[i], dimensions({"i": range(7)}))
        found = sweeping._dataset(study, [chunk for a, b in pairwise(cuts) for chunk in study.evaluate(a, b)])
        assert found["value"].dtype == float
        assert found["value"].to_numpy().tolist() == [1, 3, 0.5, 2.0**53, 1.5, 7, 2]


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"a": 1.0}, "the field 'a' has the name of a parameter or an axis"),
        ({"x": ("x", np.zeros(2))}, "the field 'x' has the name of a parameter or an axis"),
        ({"x": ("a", np.zeros(2))}, "the axis 'a' has the name of a parameter"),
        ({"x": (("d", "d"), np.zeros((2, 2)))}, "x has two axes named d"),
        ({"x": ("d", np.zeros(2)), "y": ("d", np.zeros(3))}, "the axis 'd' has several lengths: 2, 3"),
        ({}, "at least one field"),
        ("nul\0inside", "no file keeps it"),
        ("\ud800", "no file keeps it"),
        (1j, "a point returns numbers, texts, arrays"),
        (10**400, "a point returns numbers, texts, arrays"),
    ],
)
def test_results_that_no_dataset_holds_are_named(result, says):
    with pytest.raises(RuntimeError, match=says):
        studies.sweep(lambda a: result if a else 0, {"a": [1, 2]})


def test_a_store_keeps_fields_of_any_name_and_texts_of_any_length(tmp_path):
    def some(i):
        return {"point": i, "x/y": np.zeros((0, 2)), "text": "é" * 10**5 if i > 1 else "", "value.value_0": True}

    grid = {"i": [1, 2]}
    first = studies.sweep(some, grid, store=tmp_path / "s")
    assert studies.sweep(some, grid, store=tmp_path / "s").identical(first)
    assert studies.sweep(some, grid).identical(first)
    assert {name: each.dtype for name, each in first.items()} == {
        name: each.dtype for name, each in studies.sweep(some, grid, store=tmp_path / "s").items()
    }


def test_parts_that_overlap_or_lie_outside(tmp_path):
    plain = studies.sweep(sweeps.drawn, GRID, store=tmp_path / "s")
    kept = Store(tmp_path / "s", Study(sweeps.drawn, dimensions(GRID)))
    for chunk in kept.study.evaluate(2, 7):
        kept.add(chunk)
    once = Chunk(failures={3: "a failure that did not come again"})
    kept.add(once)
    assert studies.sweep(sweeps.drawn, GRID, store=tmp_path / "s").identical(plain)
    kept.add(Chunk(failures={99: "outside"}))
    with pytest.raises(ValueError, match="points of a study of 10 are 0 to 9"):
        studies.sweep(sweeps.drawn, GRID, store=tmp_path / "s")


def test_two_at_once_on_one_store(tmp_path):
    plain = studies.sweep(sweeps.slow, {"a": list(map(float, range(30))), "b": [1.0]})
    with ThreadPoolExecutor(3) as several:
        every = [
            several.submit(studies.sweep, sweeps.slow, {"a": list(map(float, range(30))), "b": [1.0]}, store=tmp_path / "s")
            for _ in range(3)
        ]
        assert all(each.result().identical(plain) for each in every)


def test_a_store_of_nobody_knows_what(tmp_path):
    (tmp_path / "s").mkdir()
    for text in ("{", "[]", "\xff"):
        (tmp_path / "s" / "study.json").write_text(text)
        with pytest.raises(ValueError, match="does not say which study this is"):
            studies.sweep(sweeps.product, GRID, store=tmp_path / "s")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="store is a folder"):
        studies.sweep(sweeps.product, GRID, store=tmp_path / "file")


class Scaled:
    def __init__(self, by):
        self.by = by

    def __call__(self, a):
        return self.by * a

    def method(self, a):
        return self.by * a


def scaled(by):
    def inner(a):
        return by * a

    return inner


def defaulted(by):
    def inner(a, by=by):
        return by * a

    return inner


def long_array(by):
    return partial(np.interp, xp=np.arange(5000), fp=np.where(np.arange(5000) == 2500, by, 0))


@pytest.mark.parametrize(
    "make",
    [
        scaled,
        defaulted,
        long_array,
        Scaled,
        lambda by: Scaled(by).method,
        lambda by: partial(partial(scaled, by)),
        lambda by: scaled(scaled(by)),
        lambda by: [np.sin, np.cos][by - 1],
        lambda by: cache(scaled(by)),
        lambda by: (lambda a: a + 1, lambda a: a + 2)[by - 1],
        lambda by: partial(scaled(1), b={"x": [by, np.float32(by)]}),
    ],
)
def test_a_function_is_the_same_only_with_all_that_it_holds(make):
    assert digest(make(1)) == digest(make(1))
    assert digest(make(1)) != digest(make(2))


def test_constants_and_helpers_of_a_module_belong_to_a_function():
    def made(weight, helper):
        room = {"__name__": "room"}
        text = f"WEIGHT = {weight}\ndef helper(a): return {helper}\ndef study(a): return WEIGHT * helper(a) + study.x"
        exec(text, room)  # noqa: S102
        return digest(room["study"])

    assert made(1, "a") == made(1, "a")
    assert len({made(1, "a"), made(2, "a"), made(1, "2 * a")}) == 3


def test_cases_and_policies_are_the_same_only_with_all_numbers(case):
    weight = sk.case.Case.harm_weight
    assert digest(case) == digest(sk.load("medication-threshold")) != digest(replace(case, harm_weight=weight + 1))
    batch = sk.policy.declining(case, [0, 1], below="full-with-care", above="refuse-with-reason")
    dims = [dimensions({"p": each})[0].digest for each in (batch, replace(batch, states=()))]
    assert dims[0] == dims[1]
    by_state = [
        sk.policy.by_state(case, dict.fromkeys(case.population.states, sk.policy.constant(case, name)))
        for name in ("full-with-care", "refuse-with-reason")
    ]
    assert digest(by_state[0]) != digest(by_state[1])


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"function": 3}, "function is something to call"),
        ({"grid": {"rng": [1]}}, "rng is no parameter"),
        ({"grid": {1: [1]}}, "grid"),
        ({"grid": {"a": (x for x in [1])}}, "a needs several values, such as a list of them"),
        ({"grid": {"a": b"ab"}}, "a needs several values"),
        ({"grid": {"a": np.array(1)}}, "a needs several values"),
        ({"grid": {"a": [np.nan, np.nan]}}, "cannot be told apart"),
        ({"seed": None}, "seed"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"store": ""}, "no path"),
        ({"store": "a\0b"}, "no path"),
    ],
)
def test_bad_arguments_are_named(how, says):
    with pytest.raises((ValueError, TypeError), match=says):
        studies.sweep(**{"function": lambda a: a, "grid": {"a": [1.0]}, **how})


# --- the library ---


def test_the_library_is_swept_as_one_would_by_hand(case):
    found = studies.scenarios(["medication-threshold"], users=[1000], worlds=20, quantiles=[0.9], progress=False)
    here = found.sel(place="medication-threshold/icu-team", policy="best", users=1000)
    other = case.in_context("icu-team")
    policy = sk.policy.bayes(other)
    assert float(here["net"]) == pytest.approx(1000 * float(sk.expect(other, policy).net), rel=1e-12)
    assert float(here["total_harm"].sel(quantile=0.9)) == pytest.approx(float(sk.total(other, policy, 1000).quantile(0.9)))
    assert found["context"].sel(place="medication-threshold/icu-team").item() == "icu-team"
    assert (found["net"].sel(policy="best") >= found["net"].max("policy") - 1e-9).all()


def test_the_command_and_its_files(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from simkit.__main__ import app

    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text("study: What turns round?\nscenarios: [santa]\nworlds: 10\n")
    done = CliRunner().invoke(app, ["sweep", "study.yaml", "--table", "study.csv"])
    assert done.exit_code == 0, done.output
    assert xr.open_dataset("study.nc", engine="h5netcdf").attrs["study"] == "What turns round?"
    assert Path("study.csv").read_text().startswith("place,policy,users,help")
    Path("study.yaml").write_text("study: x\nscenarios: [snata]\nusers: [-3]\n")
    wrong = CliRunner().invoke(app, ["sweep", "study.yaml"])
    assert wrong.exit_code == 1
    assert "did you mean santa?" in wrong.output
    assert "users[0] is -3" in wrong.output


# --- judgements ---


def test_net_gain_is_what_expect_says(case):
    careful, refuse = (sk.policy.constant(case, name) for name in ("full-with-care", "refuse-with-reason"))
    gain = studies.as_function(case, careful, refuse)
    assert gain() == pytest.approx(float(sk.expect(case, careful).net - sk.expect(case, refuse).net), rel=1e-12)
    heavy = float(sk.expect(case, careful, 50.0).net - sk.expect(case, refuse, 50.0).net)
    assert gain(harm_weight=50.0) == pytest.approx(heavy, rel=1e-12)
    moved = case.with_shares({"at-risk": 0.3})
    shares = dict(zip(case.segments, moved.population.base_share, strict=True))
    assert gain(**shares) == pytest.approx(float(sk.expect(moved, careful).net - sk.expect(moved, refuse).net), rel=1e-12)
    with pytest.raises(ValueError, match="did you mean at-risk"):
        gain(**{"at-rusk": 0.1})
    with pytest.raises(ValueError, match="finite numbers from 0 up"):
        gain.over([[1.0]])


def test_salib_takes_it_as_it_is(case):
    sobol = pytest.importorskip("SALib.analyze.sobol")
    from SALib.sample.sobol import sample

    gain = studies.as_function(case, *(sk.policy.constant(case, name) for name in ("full-with-care", "refuse-with-reason")))
    rows = sample(gain.problem, 256, seed=1)
    found = sobol.analyze(gain.problem, gain.over(rows), seed=1)
    first = dict(zip(gain.names, found["ST"], strict=True))
    assert max(first, key=first.get) in ("at-risk", "harm_weight")


def test_adaptive_takes_it_as_it_is(case):
    adaptive = pytest.importorskip("adaptive")
    gain = studies.as_function(case, *(sk.policy.constant(case, name) for name in ("full-with-care", "refuse-with-reason")))
    learner = adaptive.Learner1D(lambda weight: gain(harm_weight=weight), bounds=(1.0, 2000.0))
    adaptive.runner.simple(learner, npoints_goal=12)
    assert learner.npoints >= 12


def test_a_tree_finds_the_judgement_that_decides(case, rng):
    pytest.importorskip("sklearn", reason="needs the extra `sweep`")
    gain = studies.as_function(
        case.in_context("vulnerable-platform"), *(sk.policy.constant(case, n) for n in ("full-with-care", "refuse-with-reason"))
    )
    tree = studies.failure_tree(gain, rng=rng)
    rows = gain.draw(np.random.default_rng(5), 4000)
    assert tree.fails == pytest.approx(float((gain.over(rows) < 0).mean()), abs=0.05)
    assert sum(part for _, _, part in tree.leaves) == pytest.approx(1)
    assert sum(bad * part for _, bad, part in tree.leaves) == pytest.approx(tree.fails)
    worst, best_leaf = tree.leaves[0], tree.leaves[-1]
    assert worst[1] > best_leaf[1]
    assert any("at-risk" in said or "harm_weight" in said for said in worst[0])


def test_the_ema_workbench_takes_it_as_it_is(case):
    workbench = pytest.importorskip("ema_workbench", reason="only where it is installed")
    gain = studies.as_function(case, *(sk.policy.constant(case, name) for name in ("full-with-care", "refuse-with-reason")))
    model = workbench.Model(
        "gain", function=lambda **given: {"gain": gain(**{n.replace("_", "-"): v for n, v in given.items()})}
    )
    bounds = zip(gain.names[:-1], gain.low, gain.high, strict=False)
    model.uncertainties = [workbench.RealParameter(name.replace("-", "_"), low, high) for name, low, high in bounds]
    model.outcomes = [workbench.ScalarOutcome("gain")]
    experiments, outcomes = workbench.perform_experiments(model, scenarios=20)
    rows = np.column_stack([*(experiments[name.replace("-", "_")] for name in gain.names[:-1]), np.full(20, gain.value[-1])])
    assert np.allclose(outcomes["gain"], gain.over(rows), rtol=1e-12)
