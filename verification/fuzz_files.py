"""Strangers' files: thousands of mutated files load or end in `InvalidFile`; no other exception, no hang.

    python verification/fuzz_files.py [--files 50000] [--seed 0] [--kind specs]

Two kinds of mutation over the valid cases of `tests/cases/valid`: of the text (bytes, lines, tokens, indentation, splices)
and of the plain data (any node deleted, renamed or replaced).  Reports how many files loaded, how many were refused and the
slowest one.  Ends at the first other exception, after Hypothesis has made the offending file small and it is saved.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

import simkit as sk
from simkit import logs
from simkit.files import MAX_BYTES, parse
from simkit.kinds import read_any
from simkit.text import INVISIBLE

LIMIT = 5.0  # seconds for one file; most take milliseconds
CASES = Path(__file__).parent.parent / "tests" / "cases"
DOCUMENTS = {"instructions": ("instruction_texts", ["TEXT"]), "releases": ("test_model_spec", ["DOCUMENT", "OLD", "NEW"])}
DOCUMENTS["logs"] = ("log_files", ["JSON_LOG", "LINES", "TABLE"])
VALID = {"scenarios": CASES / "valid", "specs": CASES / "specs" / "valid", "audits": CASES.parents[1] / "audits"}

TOKENS = r"""
null ~ .nan .inf -.inf 1e400 1e-400 -1 0 1 2 0.5 99999999999999999999999999 0x10 1_000 2026-01-01 true false yes off on
"" '' "0.5" 10% &a *a &a[*a] !!python/object/apply:os.system !!binary !x << ? - : , [ ] { } # | > |- " ' @ ` % %YAML --- ...
[[[[[[[[[[[[[[[[[[[[ {a:{b:{c:{d:{e:{f:{g:1}}}}}}}} <script>alert(1)</script> "\x1b[31m" "\u202e" "\ud800" "\0" é 中 \
refuse answer good bad root user none [off,on] [on]
"""
NODES: list[Any] = [None, "", "x", "<b>", "0.5", 0, 1, -1, 2, 0.5, 1e300, 10**30, float("nan"), float("inf"), True, False]
NODES += [[], {}, [[]], {"name": "good"}, {"value": 0.5}, ["bare", "bare"], {"bare": 1}, {"": 1}, [1, "a", None]]
NODES += ["good", "refuse", "a+b", "x" * 5000]


#: How Hypothesis hands out values.
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Count:
    """How many mutated files loaded, how many were refused, and the slowest, in seconds."""

    loaded: int
    refused: int
    slowest: float


def texts(kind: str) -> list[str]:
    """The valid cases, from which every mutation starts; of documents, those of the tests."""
    if kind in DOCUMENTS:
        sys.path.insert(0, str(CASES.parent))
        module, names = DOCUMENTS[kind]
        return [getattr(importlib.import_module(module), name) for name in names]
    return [path.read_text(encoding="utf-8") for path in sorted(VALID[kind].glob("*.yaml"))]


def below(draw: Draw, count: int) -> int:
    """A place among `count`."""
    return draw(st.integers(0, count - 1))


@st.composite
def changed_text(draw: Draw, sources: list[str]) -> bytes:
    """A source with one to five mutations of its text."""
    raw = draw(st.sampled_from(sources)).encode()
    for change in draw(st.lists(st.sampled_from(TEXT_MUTATIONS), min_size=1, max_size=5)):
        raw = change(draw, raw, sources)
    return raw[: 2 * MAX_BYTES]


def change_byte(draw: Draw, raw: bytes, _: list[str]) -> bytes:
    at = below(draw, len(raw) + 1)
    return raw[:at] + bytes([below(draw, 256)]) + raw[at + below(draw, 2) :]


def change_line(draw: Draw, raw: bytes, _: list[str]) -> bytes:
    lines = raw.split(b"\n")
    i, j = below(draw, len(lines)), below(draw, len(lines))
    how = draw(st.sampled_from(["delete", "repeat", "swap", "indent"]))
    if how == "delete":
        del lines[i]
    elif how == "repeat":
        lines.insert(j, lines[i])
    elif how == "swap":
        lines[i], lines[j] = lines[j], lines[i]
    else:
        lines[i] = draw(st.sampled_from([b" ", b"\t", b"  ", b"- "])) + lines[i]
    return b"\n".join(lines)


def change_token(draw: Draw, raw: bytes, _: list[str]) -> bytes:
    words = raw.split(b" ")
    words[below(draw, len(words))] = draw(st.sampled_from([*TOKENS.split(), "\t", "\u200b", "\ufeff"])).encode()
    return b" ".join(words)


def splice(draw: Draw, raw: bytes, sources: list[str]) -> bytes:
    other = draw(st.sampled_from(sources)).encode()
    return raw[: below(draw, len(raw) + 1)] + other[below(draw, len(other)) :]


def repeat(draw: Draw, raw: bytes, _: list[str]) -> bytes:
    at, end = sorted(below(draw, len(raw) + 1) for _ in range(2))
    return raw[:at] + raw[at:end][:40] * draw(st.sampled_from([2, 10, 300])) + raw[end:]


TEXT_MUTATIONS = (change_byte, change_line, change_token, splice, repeat)


@st.composite
def changed_data(draw: Draw, sources: list[str]) -> bytes:
    """A source's plain data with one to three nodes deleted, renamed or replaced, as JSON (which is YAML)."""
    data = copy.deepcopy(parse(draw(st.sampled_from(sources))).data)
    for how in draw(st.lists(st.sampled_from(["delete", "rename", "copy", "replace"]), min_size=1, max_size=3)):
        holders = [holder for holder in collections(data) if holder]
        if not holders:
            break
        holder = draw(st.sampled_from(holders))
        key = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else range(len(holder))))
        if how == "delete":
            del holder[key]
        elif how == "rename" and isinstance(holder, dict):
            holder[draw(st.sampled_from(["extra", "name", "value", "bad", "<i>", ""]))] = holder.pop(key)
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(holders if how == "copy" else NODES)))
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")


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
        if not error.problems or len(shown) > 100_000 or INVISIBLE.search(shown):
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


def use_instructions(path: Path) -> None:
    """A file of instructions that loads describes itself, and loses no sentence on the way to messages."""
    file = sk.spec.read_instructions_text(path.read_bytes().decode("utf-8", "surrogateescape"), "AGENTS.md")
    meant = [sk.spec.Meaning(phrase="refund", kind="must", sets={"refunds": "grant"})]
    heard = sk.spec.as_messages(sk.spec.load("acme-support"), file, meant, level="user")
    if len(heard.understood) + len(heard.not_understood) + heard.information != len(file.instructions):
        raise AssertionError("a sentence is lost")
    if INVISIBLE.search(repr(file) + repr(heard) + file._repr_html_()) or "<script" in file._repr_html_():
        raise AssertionError("a file that shows its HTML or invisible characters")


def use_release(path: Path) -> None:
    """A release that loads describes itself and compares with itself without a change."""
    found = sk.spec.read_model_spec(path)
    changes = sk.spec.compare(found, found)
    if any(count != "0" for _, count, _ in changes.rows()) or INVISIBLE.search(repr(found) + found._repr_html_()):
        raise AssertionError("a release that differs from itself, or shows invisible characters")
    sk.spec.measures(found)


def use_audit(path: Path) -> None:
    """A plan or a mapping is told by what it holds, and read."""
    read_any(path)


def use_log(path: Path) -> None:
    """The same bytes as every form of a log; as a member of a zip; and as what damages a zip."""
    from log_files import HEAD, zipped

    raw, refused = path.read_bytes(), []
    sound = zipped({"header.json": HEAD, "samples/1_epoch_1.json": raw[:4000]})
    broken = bytearray(sound)
    for place, byte in enumerate(raw[:8]):
        broken[(byte * 7919 + place * 104729) % len(broken)] ^= 1 << place
    forms = {".json": raw, ".jsonl": raw, ".csv": raw, ".tsv": raw, ".eval": sound, ".zip": bytes(broken)}
    for ends, data in forms.items():
        form = path.with_suffix(ends)
        form.write_bytes(data)
        try:
            repr(logs.read(form))
        except sk.InvalidFile as error:
            refused.append(error)
    if len(refused) == len(forms):
        raise refused[0]


USES = {"scenarios": use_scenario, "specs": use_spec, "instructions": use_instructions, "releases": use_release}
USES |= {"audits": use_audit, "logs": use_log}


def fuzz(count: int, start: int, kind: str = "scenarios") -> Count:
    """Try `count` mutated files; one that ends in another exception is made small, saved and raised."""
    sources, times, loaded = texts(kind), [], []
    with tempfile.TemporaryDirectory() as folder:

        @seed(start)
        @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(changed_text(sources) if kind in DOCUMENTS else st.one_of(changed_text(sources), changed_data(sources)))
        def one(raw: bytes) -> None:
            begun = time.perf_counter()
            loaded.append(attempt(raw, Path(folder), USES[kind]))
            times.append(time.perf_counter() - begun)
            if times[-1] > LIMIT:
                raise AssertionError(f"a file took more than {LIMIT:g} s")

        try:
            one()
        except Exception:
            kept = Path(tempfile.mkstemp(suffix=".yaml")[1])
            kept.write_bytes((Path(folder) / "stranger.yaml").read_bytes())
            print(f"the offending file is kept as {kept}", file=sys.stderr)
            raise
    return Count(sum(loaded), len(loaded) - sum(loaded), max(times))


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
