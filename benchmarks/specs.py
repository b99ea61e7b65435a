"""How long a decision takes, with its whole trace: the longest shipped spec, and the policy that it makes of a case.

python benchmarks/specs.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import time
from collections.abc import Callable

import simkit as sk
from simkit.spec import Message

TIMES = 300


def median(do: Callable[[], object], times: int = TIMES) -> float:
    """Median wall time, ms."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        found.append(1000 * (time.perf_counter() - start))
    return statistics.median(found)


def main() -> None:
    rules, case = sk.spec.load("openai-model-spec"), sk.load("medication-threshold").in_context("icu-team")
    talk = [
        Message(level=level, sets={"length": value}, prefers={"system-prompt": "admits"}, trusts={"tool": "user"})
        for level in ("system", "developer", "user", "none")
        for value in ("brief", "thorough")
    ]
    print(f"{len(rules.behaviours)} behaviours, {len(talk)} messages; medians of {TIMES}, ms")
    print(f"decide             {median(lambda: sk.spec.decide(rules, talk, 'length')):.3f}")
    print(f"decide_all         {median(lambda: sk.spec.decide_all(rules, talk)):.3f}")
    print(f"guarantees         {median(lambda: sk.spec.guarantees(rules)):.3f}")
    print(f"classify           {median(lambda: sk.spec.classify(rules, talk)):.3f}")
    print(f"compile and choose {median(lambda: sk.spec.compile(rules, case)):.3f}")
    print(f"text and HTML      {median(lambda: (d := sk.spec.decide(rules, talk, 'length')).text + d._repr_html_()):.3f}")
    print(f"load the file      {median(lambda: sk.spec.load('openai-model-spec'), 5):.1f}")


if __name__ == "__main__":
    main()
