"""Spec files: each valid one loads and fits the schema; each invalid one ends in the message that its first line holds."""

from pathlib import Path

import pytest
from fuzzing import fuzzer
from jsonschema import Draft202012Validator

import simkit as sk
from simkit.files import library, parse
from simkit.schema import json_schema
from simkit.spec import Spec

ROOT = Path(__file__).parent.parent
CASES = ROOT / "tests" / "cases" / "specs"
VALID, INVALID = (sorted((CASES / kind).glob("*.yaml")) for kind in ("valid", "invalid"))
SHIPPED = sorted(library("specs").glob("*.yaml"))


def names(paths):
    return [path.stem for path in paths]


def found(path):
    """The problem lines that reading a file gives, without the line that counts them."""
    with pytest.raises(sk.InvalidFile) as caught:
        sk.spec.load(path)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.mark.parametrize("path", [*VALID, *SHIPPED], ids=names([*VALID, *SHIPPED]))
def test_valid(path):
    rules = sk.spec.load(path)
    assert len(sk.spec.decide_all(rules, [])) == len(rules.spec.behaviours)
    assert all(name in repr(rules) for name in rules.behaviours)
    Draft202012Validator(json_schema(Spec)).validate(parse(path.read_text(encoding="utf-8")).data)


@pytest.mark.parametrize("path", INVALID, ids=names(INVALID))
def test_invalid(path):
    expected = path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ").split(" || ")
    assert found(path) == expected


def test_there_are_many():
    assert len(VALID) >= 2
    assert len(INVALID) >= 40


def test_a_changed_message_is_seen(tmp_path):
    """Negative control."""
    path = tmp_path / "wrong.yaml"
    text = (CASES / "invalid" / "situation-unknown.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("miner", "mino"), encoding="utf-8")
    assert found(path) != text.split("\n", 1)[0].removeprefix("# ").split(" || ")


def test_a_spec_is_found_by_its_name():
    assert sk.spec.load("general-assistant").name == "general-assistant"
    with pytest.raises(sk.InvalidFile, match="did you mean general-assistant"):
        sk.spec.load("general-asistant")


def test_html_in_a_file_is_shown_as_text():
    text = (CASES / "valid" / "full.yaml").read_text(encoding="utf-8").replace("a small spec", "<script>alert(1)</script>")
    text = text.replace("source: judged", 'source: "<b>judged</b>"')
    rules = sk.spec.read(text)
    said = [sk.spec.Message(level="developer", says="<i>off</i>", sets={"honest": "off"})]
    shown = [rules, sk.spec.decide(rules, said, "honest"), sk.spec.guarantees(rules), sk.spec.classify(rules, said)]
    for thing in shown:
        assert "<script" not in thing._repr_html_()
        assert "<b>judged" not in thing._repr_html_()
        assert "<i>" not in thing._repr_html_()


def test_three_thousand_mutated_specs(capsys):
    """Each loads and decides, or ends in the error."""
    done = fuzzer().fuzz(3000, 1, "specs")
    with capsys.disabled():
        print(f" [fuzz: {done.loaded} loaded, {done.refused} refused, slowest {done.slowest:.2f} s] ", end="")
    assert done.loaded > 50
    assert done.refused > 1000


def test_the_fuzzer_sees_another_exception(monkeypatch):
    """Negative control."""
    module = fuzzer()
    monkeypatch.setattr(module.sk.spec, "load", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        module.fuzz(2, 0, "specs")
