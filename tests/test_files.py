"""The door: what YAML means here, where things stand, and that no file gets through it in another way."""

import os
import pickle
import time
from pathlib import Path

import pytest
from fuzzing import fuzzer
from hypothesis import given
from hypothesis import strategies as st

import simkit as sk
from simkit.files import MAX_BYTES, MAX_NODES, Problem, dotted, find, given_path, parse, read_text, write_text, written
from simkit.scenario import Scenario, read
from simkit.scenario_rules import problems
from simkit.schema import check
from simkit.text import INVISIBLE, bare, printable, shown, suggest, visible

ROOT = Path(__file__).parent.parent
MINIMAL = (ROOT / "tests" / "cases" / "valid" / "minimal.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("1", 1),
        ("-7", -7),
        ("007", 7),
        ("1e-5", 1e-5),
        ("1.", 1.0),
        (".5", 0.5),
        ("+2.5E3", 2500.0),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("12:30", "12:30"),
        ("1.2.3", "1.2.3"),
        ('"1"', "1"),
        ("'true'", "true"),
        ("99999999999999999999", 1e20),
        ("[a, 1]", ["a", 1]),
        ("{a: {b: c}}", {"a": {"b": "c"}}),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text, value):
    found = parse(f"x: {text}").data["x"]
    assert found == value
    assert type(found) is type(value)


def test_every_path_has_its_line():
    tree = parse("a: 1\nb:\n- c: 2\n  d:\n    e: [3,\n  4]\n")
    assert [tree.lines[path] for path in [("a",), ("b",), ("b", 0), ("b", 0, "c"), ("b", 0, "d", "e", 1)]] == [1, 2, 3, 3, 6]


def message(text: str) -> str:
    with pytest.raises(sk.InvalidFile) as caught:
        read(text)
    return str(caught.value)


BOMB = "a: &a [x,x,x,x,x,x,x,x]\n"
BOMB += "".join(f"{b}: &{b} [{','.join(['*' + a] * 8)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))


HOSTILE = {
    "many unknown names": (
        "segments: [{name: a}]\nstakes: {help: {" + ", ".join(f"x{i}: {{}}" for i in range(9000)) + "}}",
        "known: a",
    ),
    "many unknown fields": ("{" + ", ".join(f"requests{i}: 1" for i in range(9000)) + "}", "did you mean request"),
    "alias bomb": (BOMB, "anchors are not allowed"),
    "deep flow": ("[" * 100_000, "nesting is deeper"),
    "deep block": ("- " * 100_000, "nesting is deeper"),
    "deep keys": ("? " * 100_000, "must be plain text"),
    "many values": ("[" + "1," * (MAX_NODES + 5) + "]", "holds more than"),
    "long line": ("request: " + "x " * 200_000, "request"),
    "unterminated quote": ("request: '" + "''" * 100_000, "close the quote"),
    "executes": ("!!python/object/apply:os.system ['true']", "tags are not allowed"),
    "surrogate": ('request: "\\ud800"', "invisible character"),
    "escape": ('request: "\\x1b[2J"', "invisible character U+001B"),
    "null byte": ("request: a\x00b", "control character"),
    "directive": ("%TAG ! tag:example,2000:\n---\n!x request: 1", "tags are not allowed"),
    "yaml 1.1": ("%YAML 1.1\n---\nrequest: off\n", "missing"),
    "huge number": ("request: " + "9" * 100_000, "finite"),
    "nothing": ("", "empty"),
    "only dashes": ("---", "nothing stands here"),
    "no such character": ('request: "\\UFFFFFFFF"', "not YAML"),
    "alias as a name": ("a: &a x\n*a : 1\n", "must be plain text"),
    "line separator": ('request: "a\\u2028b"', "invisible character U+2028"),
    "escape in a name": (MINIMAL.replace("nurse]", '"nur\\x1b[2Jse"]'), "invisible character U+001B"),
    "long name": (MINIMAL.replace("name: claim", f"name: {'x' * 300_000}"), "at most 60 characters"),
    "no values": (MINIMAL.replace("[bare, nurse]", "[]"), "too few stand here"),
    "name that is a list": (MINIMAL.replace("name: good", "name: [good]"), "it should be text"),
}


def entries(key: str, count: int, entry: str) -> str:
    return f"{key}:\n" + "".join(f"- {entry.format(i)}\n" for i in range(count))


VALUES = ", ".join(f"v{i}" for i in range(2000))
#: Half a megabyte that would take minutes if every name were compared with every other.
SLOW = {
    "segments and responses": entries("segments", 9000, "{{name: s{0}}}") + entries("responses", 7000, "{{name: r{0}}}"),
    "signals and segments": entries("signals", 5000, "{{name: n{0}, values: [u{0}]}}")
    + entries("segments", 4000, "{{name: n{0}, signals: {{}}}}"),
    "contexts and states": "segments: [{name: a, share: {value: 1}}]\n"
    + entries("contexts", 9000, "{{name: n{0}}}")
    + entries("states", 9000, "{{name: n{0}}}"),
    "combinations": f"signals: [{{name: c, values: [{VALUES}]}}]\nobserved:\n- name: m\n  counts:\n"
    + "".join(f"    w{i}: {{}}\n" for i in range(12_000)),
    "near misses": entries("segments", 200, "{{name: segment-{0}}}")
    + "stakes:\n  help:\n"
    + "".join(f"    segmnt-{i}: {{}}\n" for i in range(20_000)),
    "unknown names": "".join(f"k{i}: 1\n" for i in range(40_000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_ends_in_the_error(name):
    text, said = HOSTILE[name]
    found = message(text)
    assert said in found
    assert len(found) < 50_000
    assert found.isprintable() or set(found) - set("\n") == {char for char in found if char.isprintable()}


@pytest.mark.parametrize("name", SLOW)
def test_no_file_takes_long(name):
    start = time.perf_counter()
    assert len(message(SLOW[name])) < 50_000
    assert time.perf_counter() - start < 20, "a few seconds, and this machine may be slow"


def test_a_small_file_cannot_ask_for_all_of_the_memory():
    text = f"signals: [{{name: c, values: [{VALUES}]}}]\n"
    text += entries("segments", 50, "{{name: s{0}}}") + entries("responses", 50, "{{name: r{0}}}")
    assert "more than 1000000 cells" in message(text)


def test_a_file_name_is_shown_plainly():
    with pytest.raises(sk.InvalidFile) as caught:
        sk.load("a\x1b[31m/b\nc.yaml")
    assert str(caught.value).startswith("a\\x1b[31m/b\\nc.yaml: 1 problem\n")
    with pytest.raises(sk.InvalidFile, match="cannot be opened"):
        sk.load("a/" + "x" * 5000)
    with pytest.raises(sk.InvalidFile, match="no such name"):
        sk.load("x" * 5000)


def test_a_file_of_100_megabytes_is_not_read(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as stream:
        stream.seek(100 * 1024 * 1024)
        stream.write(b"x")
    with pytest.raises(sk.InvalidFile, match=f"larger than {MAX_BYTES // 1024} kB"):
        sk.load(path)
    with pytest.raises(sk.InvalidFile, match="larger than"):
        parse("x" * (MAX_BYTES + 1))


@pytest.mark.parametrize("path", ["/dev/zero", "/", "no/such/file.yaml"])
def test_what_is_no_file_ends_in_the_error(path):
    with pytest.raises(sk.InvalidFile, match=r"no such file|not a regular file"):
        sk.load(Path(path))


def test_bytes_that_are_not_text(tmp_path):
    path = tmp_path / "bytes.yaml"
    path.write_bytes(b"request: a\nabout: \xff\n")
    with pytest.raises(sk.InvalidFile, match="line 2: it is not UTF-8"):
        sk.load(path)
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert sk.load(path).request == "Is this safe?"
    assert read_text(path).startswith("#")


def test_problems_stand_in_the_order_of_the_file_each_place_once():
    text = (
        MINIMAL.replace("0.95, nurse", "0.9, nurse")
        .replace("answer: 1}", "answr: 1}")
        .replace("about: a small case", "about: 3")
    )
    with pytest.raises(sk.InvalidFile) as caught:
        read(text, "mine.yaml")
    problems = caught.value.problems
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)
    assert len({problem.path for problem in problems}) == len(problems) == 3
    assert str(caught.value).startswith("mine.yaml: 3 problems\n  line 3: about is 3: it should be text")


def test_of_a_thousand_problems_fifty_are_shown():
    found = message("\n".join(f"unknown-{i}: {{}}" for i in range(1000)))
    assert "300 problems" in found
    assert len(found.splitlines()) == 52
    assert found.endswith("more")


def test_the_error_travels():
    error = sk.InvalidFile("mine.yaml", [Problem(("a", 0), "a rule", "a fix", "1", 3)])
    assert str(pickle.loads(pickle.dumps(error))) == str(error) == "mine.yaml: 1 problem\n  line 3: a[0] is 1: a rule; a fix"  # noqa: S301


def test_names_of_the_library_and_paths(tmp_path):
    assert find("santa", "scenarios").name == "santa.yaml"
    assert find("./santa.yaml", "scenarios") == Path("santa.yaml")
    assert find(tmp_path / "x", "scenarios") == tmp_path / "x"
    with pytest.raises(sk.InvalidFile, match="did you mean santa"):
        sk.load("santta")


def test_what_is_shown_is_short_and_plain():
    assert dotted(("segments", 2, "share")) == "segments[2].share"
    assert shown("x" * 100) == '"' + "x" * 58 + "…"
    assert "\x1b" not in shown("\x1b[31m")
    assert "\u202e" not in dotted(("\u202e",))
    assert suggest("anwser", ["answer", "refuse"]) == "did you mean answer?"
    assert suggest("zzz", []) == "none is declared"


def test_records_check_again_when_replaced():
    from dataclasses import FrozenInstanceError, replace

    scenario = check(Scenario, parse(MINIMAL), problems)
    with pytest.raises(ValueError, match="add up to 1"):
        replace(scenario, segments=scenario.segments[:1])
    with pytest.raises(FrozenInstanceError):
        scenario.users = 5
    assert replace(scenario, users=5).users == 5


def test_three_thousand_mutated_files(capsys):
    """Each loads or ends in the error; `verification/fuzz_files.py` runs many more."""
    found = fuzzer().fuzz(3000, 0)
    with capsys.disabled():
        print(f" [fuzz: {found.loaded} loaded, {found.refused} refused, slowest {found.slowest:.2f} s] ", end="")
    assert found.loaded > 50
    assert found.refused > 1000


def test_the_fuzzer_sees_another_exception(monkeypatch):
    """Negative control."""
    module = fuzzer()
    monkeypatch.setattr(module.sk, "load", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        module.fuzz(2, 0)


# --- one door for paths, and one for writing ---------------------------------------------------------------------------

NO_PATHS = [None, "", 3, b"x", ["a"], "a\0b", "half \ud800", float("nan"), {"a": 1}]


@pytest.mark.parametrize("path", NO_PATHS, ids=ascii)
def test_what_is_no_path_is_refused_at_every_door(path):
    case = sk.load("santa")
    for reader in (given_path, read_text, sk.load, sk.policy.read, sk.spec.load, sk.spec.read_model_spec, write_text):
        with pytest.raises(sk.InvalidFile, match="this is no path") as caught:
            reader(*{sk.policy.read: (case, path), write_text: (path, "")}.get(reader, (path,)))
        assert not INVISIBLE.search(str(caught.value))


def test_links_in_a_circle_are_an_error_of_the_file(tmp_path):
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    with pytest.raises(sk.InvalidFile, match="cannot be opened"):
        sk.load(loop)


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path):
    pipe, device = tmp_path / "pipe.yaml", tmp_path / "device.yaml"
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for path in (pipe, device, tmp_path):
        with pytest.raises(sk.InvalidFile, match="not a regular file"):
            read_text(path)


def test_what_is_swapped_in_between_is_seen(tmp_path, monkeypatch):
    """A pipe that takes the place of a file after it was looked at."""
    path = tmp_path / "file.yaml"
    os.mkfifo(path)
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    with pytest.raises(sk.InvalidFile, match="not a regular file"):
        read_text(path)


def test_what_is_written_is_whole_or_not_there(tmp_path):
    path = tmp_path / "file.txt"
    assert write_text(path, "one") == path
    with pytest.raises(TypeError), written(path) as stream:
        stream.writelines([b"half", "no bytes"])
    assert path.read_text() == "one"
    with pytest.raises(FileExistsError):
        write_text(path, "two", new=True)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_text(path, "two", new=True)
    write_text(path, "two")
    assert not path.is_symlink()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is no file"):
        write_text(tmp_path / "pipe", "")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file.txt", "pipe"]


def test_a_new_file_without_hard_links(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    assert write_text(tmp_path / "a", "x", new=True).read_text() == "x"
    with pytest.raises(FileExistsError):
        write_text(tmp_path / "a", "y", new=True)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


# --- invisible characters ----------------------------------------------------------------------------------------------

SEEN = ["می‌خواهم", "❤️‍🔥", "👨‍👩‍👧", "1️⃣", "क्‍ष", "é", "日本", "a\tb\nc"]
UNSEEN = ["\0", "\r", "\x1b", "\x85", "\xad", "\u200b", "\u2028", "\u202e", "\u2067", "\u2800", "\u3164", "\ufeff", "\ue000"]
UNSEEN += [
    "\ud800",
    "\U000e0041",
    "\U000e0100",
    "\U000f0000",
    "a\u200d",
    "a\u200db",
    "a\ufe0f",
    "❤\ufe0f\ufe0f",
    "ب\u200c\u200cب",
]


def test_one_definition_of_what_nobody_sees():
    assert [text for text in SEEN if INVISIBLE.search(text) or visible(text) != text] == []
    assert [text for text in UNSEEN if not INVISIBLE.search(f"x{text}y")] == []


@given(st.text(st.sampled_from("ab1 é🔥ب\u200b\u200c\u200d\ufe0e\ufe0f\xad\U000e0041\ud800"), max_size=12))
def test_an_escaped_text_hides_nothing(text):
    assert not INVISIBLE.search(visible(text))
    assert not INVISIBLE.search(bare(text))
    assert len(printable(text, 5)) <= 5


@pytest.mark.parametrize("char", [c for c in UNSEEN if len(c) == 1 and c not in "\0\x1b\x85\r\ud800"], ids=ascii)
def test_a_file_holds_none_of_them(char):
    assert "invisible character" in message(MINIMAL.replace("request: ", f"request: x{char}", 1))
