"""Case files: each valid one loads and fits the schema; each invalid one ends in the message that its first line holds."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import simkit as sk
from simkit.files import parse
from simkit.scenario import Scenario
from simkit.schema import json_schema

CASES = Path(__file__).parent / "cases"
VALID, INVALID = (sorted((CASES / kind).glob("*.yaml")) for kind in ("valid", "invalid"))


def names(paths):
    return [path.stem for path in paths]


def expected(path):
    """The problem lines that a file's first line holds."""
    first = path.read_bytes().split(b"\n", 1)[0].decode()
    return first.removeprefix("# ").split(" || ")


def found(path):
    """The problem lines that reading a file gives, without the line that counts them."""
    with pytest.raises(sk.InvalidFile) as caught:
        sk.load(path)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.mark.parametrize("path", VALID, ids=names(VALID))
def test_valid(path):
    case = sk.load(path)
    assert case.population.joint.sum() == pytest.approx(1)
    for context in case.contexts:
        assert case.in_context(context).population.joint.sum() == pytest.approx(1)
    sk.frontier(case)


@pytest.mark.parametrize("path", VALID, ids=names(VALID))
def test_valid_files_fit_the_schema(path):
    Draft202012Validator(json_schema(Scenario)).validate(parse(path.read_text(encoding="utf-8")).data)


@pytest.mark.parametrize("path", INVALID, ids=names(INVALID))
def test_invalid(path):
    assert found(path) == expected(path)


def test_there_are_many_and_every_message_names_a_rule():
    assert len(VALID) >= 8
    assert len(INVALID) >= 80
    assert all(len(line) > 15 for path in INVALID for line in expected(path))


def test_a_broken_list_of_names_makes_no_noise_further_down():
    """One slip is one problem: rules see only what the fields accept."""
    text = (CASES / "valid" / "contexts.yaml").read_text(encoding="utf-8")
    with pytest.raises(sk.InvalidFile) as caught:
        sk.scenario.read(text.replace("segments:", "segmnts:", 1))
    assert {problem.path for problem in caught.value.problems} == {("segmnts",)}


def test_a_changed_message_is_seen(tmp_path):
    """Negative control of the comparison."""
    path = tmp_path / "wrong.yaml"
    text = (CASES / "invalid" / "shares-sum.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("0.15", "0.16", 1), encoding="utf-8")
    assert found(path) != expected(path)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        found(VALID[0])


def test_the_schema_sees_what_a_field_can_see():
    """Editors mark the same faults: unknown and missing names, wrong types, numbers out of range."""
    schema = Draft202012Validator(json_schema(Scenario))
    for name in ("field-unknown", "field-missing", "truth-is-yes", "negative-chance", "kind-unknown", "severity-kind-unknown"):
        text = (CASES / "invalid" / f"{name}.yaml").read_text(encoding="utf-8")
        assert not schema.is_valid(parse(text).data), name
