"""Strangers' files: thousands of mutated scenarios or specs load or end in `InvalidFile`; no other exception, no hang.

    python verification/fuzz_files.py [--files 50000] [--seed 0] [--kind specs]

Two kinds of mutation over the valid cases of `tests/cases/valid`: of the text (bytes, lines, tokens, indentation, splices)
and of the plain data (any node deleted, renamed or replaced).  Reports how many files loaded, how many were refused and the
slowest one.  Ends at the first other exception, after saving the offending file.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import simkit as sk
from simkit.files import MAX_BYTES, is_plain, parse

LIMIT = 10.0  # seconds for one file; most take milliseconds
CASES = Path(__file__).parent.parent / "tests" / "cases"
VALID = {"scenarios": CASES / "valid", "specs": CASES / "specs" / "valid"}

TOKENS = r"""
null ~ .nan .inf -.inf 1e400 1e-400 -1 0 1 2 0.5 99999999999999999999999999 0x10 1_000 2026-01-01 true false yes off on
"" '' "0.5" 10% &a *a &a[*a] !!python/object/apply:os.system !!binary !x << ? - : , [ ] { } # | > |- " ' @ ` % %YAML --- ...
[[[[[[[[[[[[[[[[[[[[ {a:{b:{c:{d:{e:{f:{g:1}}}}}}}} <script>alert(1)</script> "\x1b[31m" "\u202e" "\ud800" "\0" é 中 \
refuse answer good bad root user none [off,on] [on]
"""
NODES: list[Any] = [None, "", "x", "<b>", "0.5", 0, 1, -1, 2, 0.5, 1e300, 10**30, float("nan"), float("inf"), True, False]
NODES += [[], {}, [[]], {"name": "good"}, {"value": 0.5}, ["bare", "bare"], {"bare": 1}, {"": 1}, [1, "a", None]]
NODES += ["good", "refuse", "a+b", "x" * 5000]


@dataclass(frozen=True)
class Count:
    """How many mutated files loaded, how many were refused, and the slowest, in seconds."""

    loaded: int
    refused: int
    slowest: float


def texts(kind: str) -> list[str]:
    """The valid cases, from which every mutation starts."""
    return [path.read_text(encoding="utf-8") for path in sorted(VALID[kind].glob("*.yaml"))]


def mutated(sources: list[str], count: int, seed: int) -> Iterator[bytes]:
    """`count` mutated files, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311
    for number in range(count):
        if number % 2:
            yield mutated_data(rng, rng.choice(sources)).encode("utf-8", "surrogatepass")
            continue
        raw = rng.choice(sources).encode()
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            raw = rng.choice(TEXT_MUTATIONS)(rng, raw, sources)
        yield raw[: 2 * MAX_BYTES]


def change_byte(rng: random.Random, raw: bytes, _: list[str]) -> bytes:
    at = rng.randrange(len(raw) + 1)
    return raw[:at] + bytes([rng.randrange(256)]) + raw[at + rng.randrange(2) :]


def change_line(rng: random.Random, raw: bytes, _: list[str]) -> bytes:
    lines = raw.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(4)
    if how == 0:
        del lines[i]
    elif how == 1:
        lines.insert(j, lines[i])
    elif how == 2:
        lines[i], lines[j] = lines[j], lines[i]
    else:
        lines[i] = rng.choice((b" ", b"\t", b"  ", b"- ")) + lines[i]
    return b"\n".join(lines)


def change_token(rng: random.Random, raw: bytes, _: list[str]) -> bytes:
    words = raw.split(b" ")
    words[rng.randrange(len(words))] = rng.choice([*TOKENS.split(), "\t", "\u200b", "\ufeff"]).encode()
    return b" ".join(words)


def splice(rng: random.Random, raw: bytes, sources: list[str]) -> bytes:
    other = rng.choice(sources).encode()
    return raw[: rng.randrange(len(raw) + 1)] + other[rng.randrange(len(other)) :]


def repeat(rng: random.Random, raw: bytes, _: list[str]) -> bytes:
    at, end = sorted(rng.randrange(len(raw) + 1) for _ in range(2))
    return raw[:at] + raw[at:end][:40] * rng.choice((2, 10, 300)) + raw[end:]


TEXT_MUTATIONS = (change_byte, change_line, change_line, change_token, change_token, splice, repeat)


def mutated_data(rng: random.Random, source: str) -> str:
    """The source's plain data with one to three nodes deleted, replaced or renamed, as JSON (which is YAML)."""
    data = copy.deepcopy(parse(source).data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        holders = list(collections(data))
        holder = rng.choice(holders)
        if not holder:
            continue
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        how = rng.randrange(4)
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, dict):
            holder[rng.choice(("extra", "name", "value", "bad", "<i>", ""))] = holder.pop(key)
        elif how == 2:
            holder[key] = copy.deepcopy(rng.choice(holders))
        else:
            holder[key] = copy.deepcopy(rng.choice(NODES))
    return json.dumps(data, ensure_ascii=False)


def collections(data: Any) -> Iterator[Any]:
    """Every mapping and list of plain data, itself included."""
    if isinstance(data, dict | list):
        yield data
        for item in data.values() if isinstance(data, dict) else data:
            yield from collections(item)


def attempt(raw: bytes, folder: Path, use: Callable[[Path], None]) -> bool:
    """Whether the file loads and can be used."""
    path = folder / "stranger.yaml"
    path.write_bytes(raw)
    try:
        use(path)
    except sk.InvalidFile as error:
        shown = str(error)
        if not error.problems or len(shown) > 100_000 or not all(map(is_plain, shown)):
            raise AssertionError(f"an error that says nothing, too much, or control characters: {shown[:200]!r}") from error
        return False
    return True


def use_scenario(path: Path) -> None:
    """A scenario that loads describes itself and is a population."""
    case = sk.load(path)
    if abs(case.population.shares.sum() - 1) > 1e-9 or not repr(case) or "<script" in case._repr_html_():
        raise AssertionError("a case that is no population, or that shows a file's HTML")
    for context in case.contexts:
        case.in_context(context)


def use_spec(path: Path) -> None:
    """A spec that loads describes itself, promises, draws itself and decides after every single message."""
    rules = sk.spec.load(path)
    shown = rules._repr_html_() + sk.spec.guarantees(rules)._repr_html_()
    situations = tuple(rules.situations)
    sk.spec.graph(rules)
    for behaviour in rules.spec.behaviours:
        for value in behaviour.values:
            said = [sk.spec.Message(level="developer", sets={behaviour.name: value}, tells=situations)]
            shown += sk.spec.decide(rules, said, behaviour.name)._repr_html_()
            sk.spec.classify(rules, said)
    if "<script" in shown:
        raise AssertionError("a spec that shows a file's HTML")


USES = {"scenarios": use_scenario, "specs": use_spec}


def fuzz(count: int, seed: int, kind: str = "scenarios") -> Count:
    """Try `count` mutated files; the first that ends in another exception is saved and raised."""
    loaded, slowest = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for raw in mutated(texts(kind), count, seed):
            start = time.perf_counter()
            try:
                loaded += attempt(raw, Path(folder), USES[kind])
                if time.perf_counter() - start > LIMIT:
                    raise AssertionError(f"a file took more than {LIMIT:g} s")
            except Exception:
                kept = Path(tempfile.mkstemp(suffix=".yaml")[1])
                kept.write_bytes(raw)
                print(f"the offending file is kept as {kept}", file=sys.stderr)
                raise
            slowest = max(slowest, time.perf_counter() - start)
    return Count(loaded, count - loaded, slowest)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=list(USES), default="scenarios")
    given = parser.parse_args()
    found = fuzz(given.files, given.seed, given.kind)
    print(f"{found.loaded} files loaded, {found.refused} refused, no other exception; slowest {found.slowest:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
