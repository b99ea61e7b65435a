"""The command line as a person or a script uses it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from log_files import LABELS, MAP, PLAN
from typer.testing import CliRunner

import simkit as sk
from simkit.__main__ import FOLDERS, app
from simkit.files import library

RUNNER = CliRunner()


def call(*words: str):
    return RUNNER.invoke(app, list(words), env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})


def test_the_main_job_shows_the_five_models():
    done = call("run", "--worlds", "200")
    assert done.exit_code == 0
    for name in ("gpt-4", "llama-2-safety-prompt", "mistral-safety-prompt", "best", "plausible worlds", "System prompt of"):
        assert name in done.output


def test_run_for_machines_is_json_and_repeats_itself():
    first, again, other = (call("run", "xstest", "--json", "--worlds", "100", "--seed", seed) for seed in ("3", "3", "4"))
    data = json.loads(first.stdout)
    assert [row["policy"] for row in data["policies"]][:2] == ["gpt-4", "llama-2"]
    assert first.stdout == again.stdout != other.stdout
    exact = sk.expect(sk.load("xstest"), sk.policy.observed(sk.load("xstest"), "gpt-4"))
    assert data["policies"][0]["help"] == pytest.approx(float(exact.help))
    assert data["policies"][0]["over_refusal"]["value"] == pytest.approx(float(exact.over_refusal))


def test_run_takes_what_a_reader_wants_to_move():
    data = json.loads(
        call(
            "run", "--json", "--worlds", "50", "--share", "unsafe-asker=0.3", "--overlap", "0", "-w", "5", "--users", "10"
        ).stdout
    )
    case = sk.load("xstest").with_shares({"unsafe-asker": 0.3}).with_overlap(0)
    assert data["harm_weight"] == 5
    assert data["users"] == 10
    assert data["policies"][3]["net"]["value"] == pytest.approx(
        float(sk.expect(case, sk.policy.observed(case, "mistral"), 5.0).net)
    )


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_a_picture_on_request(tmp_path, ending):
    path = tmp_path / f"picture.{ending}"
    assert call("run", "santa", "--worlds", "20", "--figure", str(path)).exit_code == 0
    assert path.stat().st_size > 5000
    again = tmp_path / f"again.{ending}"
    call("run", "santa", "--worlds", "20", "--figure", str(again))
    assert again.read_bytes() == path.read_bytes()


def test_what_makes_no_sense_ends_with_code_2(tmp_path):
    calls = {
        ("run", "xstest", "--share", "unsafe-asker"): "SEGMENT=SHARE",
        ("run", "xstest", "--share", "unsafe=0.2"): "no segment is called",
        ("run", "xstest", "--share", "unsafe-asker=2"): "from 0 to 1",
        ("run", "medication-threshold", "--context", "icu-tem"): "did you mean icu-team",
        ("run", "xstest", "--state", "shock"): "no state",
        ("run", "santa", "--figure", str(tmp_path / "x.doc")): ".svg, .png or .pdf",
        ("run", "santa", "--worlds", "20", "--figure", str(tmp_path / "none" / "x.svg")): "cannot be written",
        ("run", "santa", "--worlds", "1"): "10",
        ("nonsense",): "No such command",
    }
    for words, message in calls.items():
        done = call(*words)
        assert done.exit_code == 2, words
        assert message in re.sub(r"\s+", " ", done.output), words


def test_a_file_with_problems_ends_with_code_1(tmp_path):
    path = tmp_path / "wrong.yaml"
    call("new", str(path))
    path.write_text(path.read_text(encoding="utf-8").replace("value: 0.05", "value: 0.15"), encoding="utf-8")
    for words in (("check", str(path)), ("show", str(path)), ("run", str(path))):
        done = call(*words)
        assert done.exit_code == 1
        assert "add up to 1, not to 1.1" in done.output
    problems = json.loads(call("check", str(path), "--json").stdout)["problems"]
    assert {problem["path"] for problem in problems} == {"segments", "segments[1].share"}
    assert all(problem["line"] > 1 for problem in problems)


def test_check_reads_the_whole_library():
    done = call("check")
    assert done.exit_code == 0
    count = sum(1 for room in FOLDERS for _ in library(room).glob("*.yaml"))
    assert re.search(rf"\b{count} files checked, 0 with problems", done.output)
    assert call("check", "santa", "general-assistant").exit_code == 0


def test_check_knows_a_spec_by_what_it_holds():
    cases = Path(__file__).parent / "cases" / "specs"
    assert call("check", str(cases / "valid" / "full.yaml")).exit_code == 0
    done = call("check", str(cases / "invalid" / "situation-unknown.yaml"))
    assert done.exit_code == 1
    assert "did you mean minor" in done.output


def test_trace_tells_the_story_of_a_decision():
    done = call("trace", "general-assistant", "system-prompt", "--developer", "system-prompt=denies", "--user", "profanity=on")
    assert done.exit_code == 0
    assert "system-prompt: reveals (general-assistant; default)" in done.output
    assert "it crosses a protection of the user (at least admits" in done.output
    told = call("trace", "general-assistant", "safe-messaging", "--developer", "safe-messaging=off", "--tells", "risk-to-life")
    assert "safe-messaging: on (general-assistant; default)" in told.output
    assert "as safe-messaging-at-risk-to-life says" in told.output
    quoted = call("trace", "general-assistant", "profanity", "--quoted", "profanity=on", "--system", "length=brief")
    assert "profanity: off (general-assistant; default)" in quoted.output
    assert "minors-in-sexual-content" in call("trace", "anthropic-constitution").output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("general-asistant",), 1, "did you mean general-assistant"),
        (("general-assistant", "dignty"), 2, "did you mean dignity"),
        (("general-assistant", "dignity", "--user", "dignity"), 2, "has no value"),
        (("general-assistant", "dignity", "--user", "dignty=off"), 2, "did you mean dignity"),
    ],
)
def test_trace_says_what_makes_no_sense(words, code, said):
    done = call("trace", *words)
    assert done.exit_code == code
    assert said in done.output


def test_an_unknown_name_suggests_one():
    done = call("show", "medication-treshold")
    assert done.exit_code == 1
    assert "did you mean medication-threshold" in done.output


def test_new_writes_a_file_that_is_fine_and_never_overwrites(tmp_path):
    path = tmp_path / "mine.yaml"
    assert call("new", str(path)).exit_code == 0
    assert call("check", str(path)).exit_code == 0
    assert call("run", str(path), "--worlds", "20").exit_code == 0
    before = path.read_text(encoding="utf-8")
    assert call("new", str(path)).exit_code == 2
    assert path.read_text(encoding="utf-8") == before
    assert call("new", str(tmp_path / "no" / "folder.yaml")).exit_code == 2


def test_the_schema_is_a_schema():
    schema = json.loads(call("schema").stdout)
    Draft202012Validator.check_schema(schema)
    assert "request" in schema["required"]
    spec = json.loads(call("schema", "--spec").stdout)
    Draft202012Validator.check_schema(spec)
    assert "behaviours" in spec["required"]


def test_show_says_what_the_file_says():
    done = call("show", "medication-threshold", "--context", "icu-team")
    assert "acetaminophen" in done.output
    assert "context icu-team" in done.output
    assert json.loads(call("show", "santa", "--json").stdout)["request"] == sk.load("santa").request


def test_free_text_of_a_file_is_shown_as_text(tmp_path):
    """Console markup and HTML in a stranger's file stay text."""
    path = tmp_path / "odd.yaml"
    call("new", str(path))
    odd = "[bold]Is this[/bold] <script>alert(1)</script> $x^2$ [/red]?"
    text = path.read_text(encoding="utf-8").replace("request: The words that every sender sends", f"request: '{odd}'")
    path.write_text(text, encoding="utf-8")
    assert odd in call("show", str(path)).output
    assert odd in re.sub(r"\s+", " ", call("run", str(path), "--worlds", "20", "-f", str(tmp_path / "x.svg")).output)
    html = sk.load(path)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def in_a_terminal(encoding: str, columns: int, *words: str) -> str:
    """What the command prints where a terminal has this encoding and width."""
    env = os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run([sys.executable, "-m", "simkit", *words], capture_output=True, check=True, env=env)  # noqa: S603
    return done.stdout.decode(encoding)


#: The numbers of a text, each with its sign, and the ends of ranges apart.
NUMBER = re.compile(r"[-−+]?[0-9][0-9.]*(?:e[-−+]?[0-9]+)?")


def numbers(text: str) -> list[str]:
    return [found.replace("−", "-").rstrip(".") for found in NUMBER.findall(text.replace("…", " ").replace("...", " "))]


@pytest.mark.parametrize("columns", [200, 80, 60])
@pytest.mark.parametrize(
    "words",
    [
        ("run", "xstest", "--worlds", "20"),
        ("run", "medication-threshold", "--worlds", "20"),
        ("show", "medication-threshold"),
        ("show", "xstest"),
    ],
)
def test_a_terminal_without_a_character_gets_another_and_every_number(words, columns):
    whole = in_a_terminal("utf-8", columns, *words)
    assert "−" in whole or words[0] == "show"
    for encoding in ("ascii", "cp1252"):
        plain = in_a_terminal(encoding, columns, *words)
        assert "?" not in plain.replace(sk.load(words[1]).request, "").replace('?"', "").replace("?”", "")
        if columns == 200:  # in a narrow terminal three dots may need one more block of columns, beside the names again
            assert numbers(plain) == numbers(whole), encoding
        assert set(numbers(plain)) == set(numbers(whole)), encoding
        assert all(len(line) <= columns for line in plain.splitlines())
    assert all(len(line) <= columns for line in whole.splitlines())


def test_json_is_the_same_data_in_every_terminal():
    words = ("run", "santa", "--worlds", "20", "--json")
    assert json.loads(in_a_terminal("ascii", 80, *words)) == json.loads(in_a_terminal("utf-8", 80, *words))


def test_a_policy_of_ones_own_stands_beside_the_others(tmp_path):
    case = sk.load("xstest")
    mine = sk.policy.from_array(case, sk.policy.observed(case, "gpt-4").answer[::-1], name="best")
    sk.policy.write(mine, tmp_path / "mine.csv")
    other = sk.policy.stack([sk.policy.constant(case, name) for name in case.responses[:2]])
    sk.policy.write(other, tmp_path / "two.json")
    files = ("--policy", str(tmp_path / "mine.csv"), "--policy", str(tmp_path / "two.json"))
    data = json.loads(call("run", "xstest", "--worlds", "20", "--json", *files, "-f", str(tmp_path / "x.svg")).stdout)
    names = [row["policy"] for row in data["policies"]]
    assert names[-4] == "best"
    assert names[-1] == "best (the best possible)"
    assert len(set(names)) == len(names) == 12
    row = next(row for row in data["policies"] if row["policy"] == "best")
    assert row["help"] == pytest.approx(float(sk.expect(case, mine).help))
    assert any("best" in (found["better"], found["worse"]) for found in data["conclusions"])
    assert all("break_evens" in found for found in data["conclusions"])
    (tmp_path / "mine.csv").write_text("signal,x\n", encoding="utf-8")
    done = call("run", "xstest", *files)
    assert done.exit_code == 1
    assert 'no response of this case is called "x"' in done.output


def test_a_picture_that_fails_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "x.svg"
    path.write_text("before", encoding="utf-8")

    def fails(*_args, **_more):
        raise OSError(28, "no space is left")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", fails)
    assert call("run", "santa", "--worlds", "20", "--figure", str(path)).exit_code == 2
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_one_file_is_one_file():
    assert "1 file checked, 0 with problems" in call("check", "santa").output


@pytest.mark.parametrize(
    "command", [(), ("check",), ("show",), ("run",), ("trace",), ("audit",), ("lab",), ("new",), ("schema",)]
)
def test_help_has_an_example(command):
    done = call(*command, "--help")
    assert done.exit_code == 0
    assert "Example" in done.output or command == ()


def test_the_readme_is_true():
    """Its Python runs as it stands, and it names every command and every scenario."""
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})  # noqa: S102
    names = [path.stem for path in sk.files.library("scenarios").glob("*.yaml")]
    commands = ("run", "show", "check", "lab", "new", "schema", "trace")
    for word in [*names, *(f"simkit {command}" for command in commands)]:
        assert f"`{word}" in text, word


def test_a_log_is_run_on_a_population():
    """What no evaluation suite does: the aggregate outcome of real models among senders, with its tail."""
    done = call("run", str(LABELS), "--map", str(MAP), "--worlds", "50", "--users", "1000000")
    assert done.exit_code == 0
    words = " ".join(done.output.split())
    assert "gpt-4. Over- and under-refusal: 6.4% and 2.5% in the log, 11.0% and 7.1% among the senders of xstest." in words
    assert "total harm of 1 million senders, harm units" in words
    case = sk.load("xstest")
    data = json.loads(call("run", str(LABELS), "--map", str(MAP), "--worlds", "50", "--json", "--context", "").stdout)
    assert [row["policy"] for row in data["policies"]][:2] == ["gpt-4", "llama-2"]
    mean = float(sk.total(case, sk.policy.observed(case, "mistral"), users=1000).mean)
    assert data["log"][-1] == {"policy": "mistral", "samples": 450, "silent": 0, "total_harm": data["log"][-1]["total_harm"]}
    assert data["log"][-1]["total_harm"]["mean"] == pytest.approx(mean)
    pure = json.loads(call("run", str(LABELS), "--map", str(MAP), "--worlds", "50", "--json", "--overlap", "0").stdout)
    assert pure["policies"][0]["over_refusal"]["value"] == pytest.approx(0.064)


def test_a_log_that_cannot_be_run_says_why(tmp_path):
    assert "no such file" in call("run", "none.eval", "--map", str(MAP)).output
    assert "did you mean" in call("run", str(LABELS), "--map", str(MAP), "--share", "unsafe-askr=0.1").output
    (tmp_path / "map.yaml").write_text("scenario: xstest\n")
    done = call("run", str(LABELS), "--map", str(tmp_path / "map.yaml"))
    assert done.exit_code == 1
    assert "signal: this name is missing" in done.output


def test_an_audit_prints_and_writes_its_report(tmp_path):
    done = call("audit", str(LABELS), "--plan", str(PLAN), "--out", str(tmp_path / "a.html"))
    assert done.exit_code == 0
    assert "30 verdicts" in done.output
    assert "private-stays-private" in (tmp_path / "a.html").read_text(encoding="utf-8")
    data = json.loads(call("audit", str(LABELS), "--plan", str(PLAN), "--json").stdout)
    assert len(data["tests"]) == 30
    assert call("audit", str(LABELS), "--plan", str(PLAN), "--out", str(tmp_path / "a.pdf")).exit_code == 2
    assert call("audit", str(LABELS), "--plan", str(MAP)).exit_code == 1
