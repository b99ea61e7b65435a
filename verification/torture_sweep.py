"""Does a sweep survive everything?  Killed at random moments, a worker killed, a full disk: the end is bit-identical each time.

    python verification/torture_sweep.py [--kills 50]

Exit code 1 if one run ends otherwise than an undisturbed one.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE.parent)]
import sweeps  # noqa: E402

from simkit import studies  # noqa: E402

GRID = {"a": [float(a) for a in range(100)], "b": [1.0, 2.0]}
RUN = f"""
import sys; sys.path[:0] = {sys.path[:2]!r}
import sweeps; from simkit import studies
studies.sweep(sweeps.slow, {GRID!r}, store=sys.argv[1])
"""


def killed(store: Path, kills: int, rng: random.Random) -> int:
    """Kill the run at random moments until it has been killed so often or has ended; how often it was."""
    for done in range(kills):
        run = subprocess.Popen([sys.executable, "-c", RUN, str(store)])
        try:
            run.wait(rng.uniform(0.05, 2.5))
        except subprocess.TimeoutExpired:
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
            continue
        return done
    return kills


def full_disk(store: Path) -> None:
    """No file may be larger than 4 kB: every part fails to be written."""

    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    run = subprocess.run([sys.executable, "-c", RUN, str(store)], preexec_fn=small, capture_output=True, text=True)
    print("full disk:", (run.stderr.strip().splitlines() or ["nothing was said"])[-1])


def worker_killed(store: Path) -> None:
    """Kill one of two workers while they work."""
    with ProcessPoolExecutor(2) as pool:
        pool.submit(time.sleep, 0).result()
        victim = next(iter(pool._processes))
        subprocess.Popen(["sh", "-c", f"sleep 0.6; kill -9 {victim}"])
        try:
            studies.sweep(sweeps.slow, GRID, executor=pool, store=store)
            print("worker killed: the run had ended before")
        except BrokenProcessPool as error:
            print("worker killed:", type(error).__name__, *getattr(error, "__notes__", []))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    kills, rng = parser.parse_args().kills, random.Random(1)  # noqa: S311
    plain, wrong, times = studies.sweep(sweeps.slow, GRID), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(10_000):
            store = Path(folder) / f"run-{number}"
            if number == 0:
                full_disk(store)
            if number == 1:
                worker_killed(store)
            times += killed(store, kills - times, rng)
            same = studies.sweep(sweeps.slow, GRID, store=store).identical(plain)
            wrong += not same
            if times >= kills and number > 1:
                break
    print(f"{times} kills in {number + 1} runs: {wrong} ended otherwise than an undisturbed run")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
