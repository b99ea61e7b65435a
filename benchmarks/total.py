"""How fast is the exact law of total harm, beside what one would use instead?  One table, ratios from one run.

    python benchmarks/total.py [--quick] [--json FILE] [--envs DIR]

Task: `medication-threshold` in its usual state, every sender answered `full-with-care`; the mean and the 99.9% quantile of the
total harm of 10^3 and of 10^5 users, each to 1%.

Every peer (`total_peers/`) is installed from the package index in a virtual environment of its own, under DIR if given, where
a later run finds it, else in a temporary folder.  It runs alone in a process with one thread, gets the case as numbers and
answers in JSON.  simkit and `aggregate` compute both numbers, a Bayesian network (pyAgrum) the mean only.  Simulations, by
NumPy (user by user, or counts of events), by Mesa's agents and by the EMA workbench, draw worlds for some seconds; the time for
1% (one standard error) is **extrapolated** from the time of a world and the number of worlds that this takes, which follows
from the exact variance and from the exact density at the quantile.  (Nobody need simulate this mean: it is a product.)

Times are of the processor, so that other work on the machine counts little (wall times are in the JSON), after imports and
after a first call, which is shown on its own.  Every answer is held against simkit's: computed ones must be within 1%,
simulated ones within 5 standard errors, else the exit code is 1.  Few worlds say little: harms are heavy-tailed, so a mean of
some hundred events can be 3 or 4 standard errors too high by luck, and a slow peer's wrong task can pass.  A peer
that cannot be installed or cannot do the task is listed with the reason.
"""

from __future__ import annotations

import os

os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")})

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import simkit as sk
from simkit.severity import Lognormal

CASE, POLICY, USERS = "medication-threshold", "full-with-care", (10**3, 10**5)
LEVEL, ACCURACY, DEVIATIONS = 0.999, 0.01, 5.0
WHAT = {"mean": "mean", "quantile": "99.9% quantile"}
SCRIPTS = Path(__file__).parent / "total_peers"
MANY = 1000


class Peer(NamedTuple):
    """A name, its script, what to install (nothing for ourselves) and how many policies it is asked for at once."""

    name: str
    script: str
    package: str = ""
    policies: int = 1


PEERS = (
    Peer("simkit, alone", "simkit_exact"),
    Peer(f"simkit, one of {MANY}", "simkit_exact", policies=MANY),
    Peer("aggregate, FFT", "aggregate_fft", "aggregate"),
    Peer("pyAgrum, Bayesian network", "pyagrum_network", "pyagrum"),
    Peer("NumPy, event counts", "numpy_events", "numpy"),
    Peer("NumPy, user by user", "numpy_users", "numpy"),
    Peer("EMA workbench, sweep", "ema_sweep", "ema_workbench"),
    Peer("Mesa, agents", "mesa_agents", "mesa"),
)


# --- the task ---


def make_task(users: int, seconds: float) -> dict[str, Any]:
    """The case as numbers, and what is to be found: the exact values and the worlds that bring a simulation to 1%."""
    case = sk.load(CASE).in_state("usual")
    policy = sk.policy.constant(case, POLICY)
    (kind,) = {int(kind) for kind in case.harm_events.severity[case.harm_events.chance > 0]}
    severity, law = case.severities[kind], sk.total(case, policy, users)
    assert isinstance(severity, Lognormal)
    size = float(law.quantile(LEVEL))
    density = float(law.tail(size * 0.999) - law.tail(size * 1.001)) / (0.002 * size)
    needed = {
        "mean": (float(law.sd) / (ACCURACY * float(law.mean))) ** 2,
        "quantile": LEVEL * (1 - LEVEL) / (density * ACCURACY * size) ** 2,
    }
    return {
        "case": CASE,
        "policy": POLICY,
        "users": users,
        "level": LEVEL,
        "share": case.population.shares.tolist(),
        "signals": case.population.signals.tolist(),
        "answer": policy.answer.tolist(),
        "harm": case.harm_events.chance.tolist(),
        "median": severity.median,
        "sigma": severity.sigma,
        "seconds": seconds,
        "worlds": int(max(needed.values())) + 1,
        "needed": needed,
        "exact": {"mean": float(law.mean), "quantile": size},
    }


# --- the peers ---


class Failed(Exception):
    """A peer that could not be installed or did not answer, with the reason."""


def run(command: list[str], timeout: float, **more: Any) -> str:
    """Standard output of a command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **more)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"no answer within {timeout:.0f} s") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        reasons = [line for line in lines if "error" in line.lower()] or lines
        raise Failed(reasons[-1].strip() if reasons else f"exit code {done.returncode}")
    return done.stdout


def bare_environment() -> dict[str, str]:
    """This process's environment without what would let packages of other environments in."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def install(package: str, envs: Path) -> str:
    """The interpreter of the package's environment, made if it is not there yet."""
    folder = envs / f"peer-{package}"
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.exists():
        print(f"installing {package} …", file=sys.stderr, flush=True)
        run([sys.executable, "-m", "venv", "--clear", str(folder)], 300)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
        run(pip, 1200, env=bare_environment())
        ready.touch()
    return str(python)


def install_all(envs: Path) -> dict[str, str | Failed]:
    """Interpreters, or why there is none."""
    found: dict[str, str | Failed] = {"": sys.executable}
    for package in dict.fromkeys(peer.package for peer in PEERS if peer.package):
        try:
            found[package] = install(package, envs)
        except Failed as failure:
            found[package] = failure
    return found


def ask(peer: Peer, task: dict[str, Any], python: str | Failed) -> dict[str, Any]:
    """The peer's answer, or why there is none."""
    if isinstance(python, Failed):
        return {"cannot": f"not installed: {python}"}
    print(f"{peer.name}, {task['users']:,} users …", file=sys.stderr, flush=True)
    ours = {} if peer.package else {"PYTHONPATH": str(Path(sk.__file__).parent.parent)}
    given = {"input": json.dumps(task | {"policies": peer.policies}), "env": bare_environment() | ours}
    try:
        printed = run([python, str(SCRIPTS / f"{peer.script}.py")], 120 + 20 * task["seconds"], **given)
    except Failed as failure:
        return {"cannot": f"failed: {failure}"}
    answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return answer


# --- the table ---


def make_row(peer: Peer, what: str, task: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """One line: times in ms (for simulations, of as many worlds as are needed), the difference to the exact value."""
    row = {"peer": peer.name, "users": task["users"], "what": what, "exact": task["exact"][what], "wrong": False}
    row |= {name: answer.get(name) for name in ("version", "python", "megabytes", "imports")}
    found = answer.get(what)
    if found is None:
        return row | {"cannot": answer["cannot"]}
    row |= {"value": found["value"], "ms": 1000 * found["seconds"], "wall_ms": 1000 * found["wall"]}
    off = None if found["value"] is None else float(found["value"] / task["exact"][what] - 1)
    if "worlds" not in answer:
        return row | {"first_ms": 1000 * found["first"], "off": off, "wrong": off is None or not abs(off) <= ACCURACY}
    needed = task["needed"][what]
    row |= {"ms": row["ms"] * needed, "wall_ms": row["wall_ms"] * needed, "worlds": answer["worlds"], "needed": needed}
    row |= {"extrapolated": needed / answer["worlds"], "off": off}
    if off is not None:
        deviations = off / (ACCURACY * row["extrapolated"] ** 0.5)
        row |= {"standard_errors": deviations, "wrong": not abs(deviations) <= DEVIATIONS}
    return row


def compare(seconds: float, envs: Path) -> list[dict[str, Any]]:
    rows, pythons = [], install_all(envs)
    for users in USERS:
        task = make_task(users, seconds)
        answers = {peer: ask(peer, task, pythons[peer.package]) for peer in PEERS}
        for what in WHAT:
            block = [make_row(peer, what, task, answer) for peer, answer in answers.items()]
            for row in block:
                if row.get("ms") is not None:
                    row["ratios"] = [row["ms"] / own["ms"] if own.get("ms") else None for own in block[:2]]
            rows += block
    return rows


def short(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:.1e}" if abs(value) >= 1e7 else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def show(rows: list[dict[str, Any]]) -> None:
    """One table; a tilde marks a time that is extrapolated to more worlds than were drawn."""
    columns = ("version", "ms", "first ms", "× alone", f"× of {MANY}", "off by", "se", "worlds", "drawn", "peak MB", "imports")
    for start in range(0, len(rows), len(PEERS)):
        block = rows[start : start + len(PEERS)]
        head = f"{WHAT[block[0]['what']]}, {block[0]['users']:,} users: {block[0]['exact']:.6g}"
        print(f"\n{head:44}" + "".join(f"{name:>{14 if name == 'version' else 11}}" for name in columns))
        for row in block:
            line = f"  {row['peer']:42}{row['version'] or '—':>14}"
            if "cannot" in row:
                print(f"{line}  cannot: {row['cannot']}")
                continue
            more = "~" if row.get("extrapolated", 0) > 1 else ""
            off = "too few" if row["off"] is None else f"{row['off']:+.1e}"
            cells = [more + short(row["ms"]), short(row.get("first_ms")), *(short(ratio) for ratio in row["ratios"])]
            cells += [off, short(row.get("standard_errors")), short(row.get("needed")), short(row.get("worlds"))]
            cells += [short(row["megabytes"]), short(row["imports"])]
            print(line + "".join(f"{cell:>11}" for cell in cells) + ("  WRONG" if row["wrong"] else ""))
    print(
        "\nms: processor time at 1% accuracy, ~ if extrapolated to more worlds than were drawn; ×: its ratio to simkit's,"
        f"\none policy alone and one of a batch of {MANY}; off by: relative difference to simkit; se: the same in standard"
        "\nerrors of the worlds drawn (`too few`: no quantile from them); worlds: needed for 1%; peak MB: resident, and after"
        "\nthe imports."
    )


# --- simkit on its own ---


def milliseconds(function: Callable[[], object], repeats: int = 7) -> tuple[float, float]:
    """Median and best."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times)), min(times)


def own_timings(quick: bool) -> list[dict[str, Any]]:
    """A thousand policies, and a grid of policies and shares; wall times."""
    rng, rows = np.random.default_rng(0), []
    case = sk.load(CASE).in_state("usual")
    keys, kinds = len(case.population.signal_names), len(case.responses)
    many = sk.Policy(name="random", answer=rng.dirichlet(np.full(kinds, 0.5), (MANY, keys)))

    def add(task: str, function: Callable[[], object], repeats: int) -> None:
        median, best = milliseconds(function, 1 if quick else repeats)
        print(f"{task:60}{median:11.1f}{best:9.1f}")
        rows.append({"task": task, "median_ms": median, "best_ms": best})

    print(f"{'simkit on its own (wall time)':60}{'median ms':>11}{'best ms':>9}")
    for users in (1, 1000, 10**5, 10**7, 8 * 10**9, 10**12):

        def quantile(users: int = users) -> object:
            return sk.total(case, many, users).quantile(LEVEL)

        add(f"99.9% quantile, {MANY} policies, {users:.0e} users", quantile, 7)
    shares = np.linspace(0.001, 0.2, 101)
    worlds = sk.population.worlds_from(
        case.population,
        np.stack([sk.population.with_shares(case.population, {case.segments[-1]: share}).base_share for share in shares]),
    )
    dial = np.linspace(0, 1, 101)[:, None, None]
    ends = [sk.policy.constant(case, name).answer for name in ("general-safety", "full-bare")]
    dials = sk.Policy(name="dial", answer=(1 - dial) * ends[0] + dial * ends[1])
    for users in (1000, 10**5, 8 * 10**9):

        def grid(users: int = users) -> object:
            law = sk.total(case, dials, users, worlds=worlds)
            return law.mean, law.sd, law.chance_of_none, law.tail(1.2 * law.mean + 1)

        add(f"101 × 101 dial × share, mean, sd, none, tail, {users:.0e} users", grid, 3)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a second for each simulation, not ten")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there too")
    parser.add_argument("--envs", type=Path, metavar="DIR", help="keep the environments of the peers there")
    asked = parser.parse_args()
    load = [os.getloadavg()]
    with tempfile.TemporaryDirectory() as folder:
        rows = compare(1.0 if asked.quick else 10.0, (asked.envs or Path(folder)).absolute())
    load.append(os.getloadavg())
    about = {"python": platform.python_version(), "numpy": np.__version__, "system": platform.system(), "cores": os.cpu_count()}
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    print("machine load over 1, 5, 15 minutes: " + ", then ".join(" ".join(f"{x:.1f}" for x in each) for each in load))
    show(rows)
    print()
    own = own_timings(asked.quick)
    if asked.json:
        report = {"about": about, "load": load, "level": LEVEL, "accuracy": ACCURACY, "peers": rows, "own": own}
        asked.json.write_text(json.dumps(report, indent=1) + "\n")
    wrong = [f"{row['peer']}, {row['what']} of {row['users']:,} users" for row in rows if row["wrong"]]
    print("\nDisagreements with simkit: " + ("; ".join(wrong) or "none"))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
