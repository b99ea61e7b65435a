"""Sweeps: labels, identical results for every executor, nothing lost; the library swept; judgements as parameters."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
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
from simkit.studies.grid import dimensions
from simkit.studies.points import Study

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
    chunks = [study.evaluate(a, b) for a, b in pairwise(cuts)]
    whole = sweeping._dataset(study, [study.evaluate(0, study.size)])
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


def test_shapes_that_differ_are_named():
    study = Study(sweeps.other_shapes, dimensions({"a": [1.0, 2.0], "b": [1.0]}))
    together = study.evaluate(0, 2)
    assert "every point returns the same fields and shapes" in together.failures[1]
    with pytest.raises(ValueError, match="every point returns the same fields and shapes"):
        sweeping._dataset(study, [study.evaluate(0, 1), study.evaluate(1, 2)])


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
