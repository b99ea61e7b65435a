"""Logs beside Inspect's own reader, and a large one: the same rows, in little memory.

    python verification/inspect_logs.py FOLDER --inspect /path/to/python     every .eval and .json log, made ones among them
    python verification/inspect_logs.py --gigabytes 1                        a log of that size as .json, .eval and .csv

`--inspect` is a Python that has inspect-ai (0.3.285 was used); simkit itself does not need it.  Rows are compared by id, epoch,
scorer, value, answer, metadata and error.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

THEIRS = """
import json, sys
from inspect_ai.log import read_eval_log
for path in sys.argv[1:]:
    rows = []
    for sample in read_eval_log(path).samples or []:
        error = sample.error.message if sample.error else ""
        for name, score in (sample.scores or {"": None}).items():
            value, answer = (score.value, score.answer) if score else (None, None)
            rows.append([sample.id, sample.epoch, name, value, answer, sample.metadata, error])
    print(json.dumps(rows))
"""
MAKE = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.solver import solver, generate

@scorer(metrics=[mean()])
def kinds():
    values = [1, 0.5, "C", "I", "P", "N", True, False, {"a": 1, "b": 0.5}, [1, 0]]
    async def score(state, target):
        return Score(value=values[int(state.metadata["k"]) % len(values)], answer="x", metadata={"m": 1})
    return score

@solver
def fails():
    async def solve(state, generate):
        if state.metadata["k"] == 3:
            raise ValueError("made to fail")
        return state
    return solve

def model():
    usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    def output():
        while True:
            made = ModelOutput.from_content("mockllm", "ok")
            made.usage = usage
            yield made
    return get_model("mockllm/model", custom_outputs=output())

samples = [Sample(id=k if k % 2 else f"text {k}", input=f"prompt {k}", target="ok", metadata={"k": k}) for k in range(10)]
for form in ("eval", "json"):
    for epochs in (1, 3):
        eval(Task(dataset=samples, solver=[fails(), generate()], scorer=kinds()), model=model(), epochs=epochs,
             log_dir=sys.argv[1], log_format=form, fail_on_error=False, display="none")
    eval(Task(dataset=samples, solver=[fails(), generate()], scorer=kinds()), model=model(), log_dir=sys.argv[1],
         log_format=form, fail_on_error=True, display="none")
"""
READ = """
import resource, sys, time
from simkit import logs
begun = time.perf_counter()
rows = logs.read(sys.argv[1]).rows
print(len(rows), time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def run(python: str, code: str, *words: str) -> str:
    return subprocess.run([python, "-c", code, *words], capture_output=True, text=True, check=True).stdout


def same(a: object, b: object) -> bool:
    """Equal, where nan is equal to itself and 1 is not true."""
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def compare(folder: Path, python: str) -> int:
    """Every log of a folder and those that are made, by both readers; how many differ."""
    from simkit import logs

    with tempfile.TemporaryDirectory() as made:
        run(python, MAKE, made)
        paths = [p for where in (folder, Path(made)) for p in sorted(where.iterdir()) if p.suffix in (".eval", ".json")]
        theirs = run(python, THEIRS, *map(str, paths)).splitlines()
        wrong = 0
        for path, line in zip(paths, theirs, strict=True):
            begun = time.perf_counter()
            rows = logs.read(path).rows
            taken = time.perf_counter() - begun
            mine = [[r.id, r.epoch, r.scorer, r.value, r.answer, dict(r.metadata), r.error] for r in rows]
            key = [sorted(map(json.dumps, each)) for each in (mine, json.loads(line))]
            equal = len(key[0]) == len(key[1]) and all(same(json.loads(a), json.loads(b)) for a, b in zip(*key, strict=True))
            wrong += not equal
            print(f"{'same ' if equal else 'OTHER'} {len(mine):5} rows {1000 * taken:7.1f} ms  {path.name}")
    return wrong


def large(gigabytes: float) -> None:
    """Write a log of this size in three forms, and read each in a process of its own."""
    text = "x" * 10_000
    count = int(gigabytes * 1e9 / 10_300)

    def sample(i: int) -> str:
        scores = {"a": {"value": "C", "answer": "yes"}, "b": {"value": i % 7 / 7, "answer": None}}
        return json.dumps({"id": i, "epoch": 1, "input": text, "scores": scores, "metadata": {"type": f"t{i % 18}", "k": i}})

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"large{end}" for end in (".json", ".eval", ".csv")]
        with paths[0].open("w") as stream:
            stream.write('{"version": 2, "eval": {}, "samples": [')
            for i in range(count):
                stream.write(("," if i else "") + sample(i))
            stream.write("]}")
        with zipfile.ZipFile(paths[1], "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("header.json", '{"eval": {}}')
            for i in range(count):
                archive.writestr(f"samples/{i}_epoch_1.json", sample(i))
        with paths[2].open("w") as stream:
            stream.write("id,type,text\n")
            for i in range(count):
                stream.write(f"{i},t{i % 18},{text}\n")
        for path in paths:
            keep = READ.replace("sys.argv[1])", "sys.argv[1], keep=['type'])") if path.suffix == ".csv" else READ
            rows, seconds, megabytes = map(float, run(sys.executable, keep, str(path)).split())
            size = path.stat().st_size / 1e9
            print(f"{path.suffix:5} {size:.2f} GB, {rows:.0f} rows: {seconds:.1f} s, {megabytes:.0f} MB at most")
            path.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--inspect", default=sys.executable)
    parser.add_argument("--gigabytes", type=float, default=0.0)
    given = parser.parse_args()
    if given.gigabytes:
        large(given.gigabytes)
    return compare(given.folder, given.inspect) if given.folder else 0


if __name__ == "__main__":
    sys.exit(main())
