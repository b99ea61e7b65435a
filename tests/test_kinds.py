"""Files told apart by what they hold: at the command line, and at the doors of the readers."""

from pathlib import Path

import pytest
from test_cli import call

import simkit as sk
from simkit import kinds, spec

ROOT = Path(__file__).parent.parent
RELEASE = "# Order {#order authority=root}\n\nSee [?](#truth).\n\n# Truth {#truth authority=user}\n"
FILES = {
    "AGENTS.md": ("Never push.\n", kinds.INSTRUCTIONS),
    "notes": ("Never push.\n", kinds.INSTRUCTIONS),
    "model_spec.md": (RELEASE, kinds.RELEASE),
    "release.txt": (RELEASE.replace("\n", "\r"), kinds.RELEASE),
    "meanings.yaml": ("meanings:\n- {phrase: a, kind: must, sets: {b: on}}\n", kinds.MEANINGS),
    "plan.yaml": ("commitments: []\nabout: a\n", kinds.PLAN),
    "map.yaml": ("scenario: xstest\nresponse: {field: a}\n", kinds.MAPPING),
    "run.eval": ("PK", kinds.LOG),
    "run.json": ('{"version": 2, "eval": {}}', kinds.LOG),
    "table.csv": ("a,b\n1,2\n", kinds.TABLE),
    "book.ipynb": ('{"nbformat": 4, "cells": []}', kinds.NOTEBOOK),
    "other.yaml": ("a: 1\n", kinds.YAML),
    "other.json": ("[1]", kinds.YAML),
}


@pytest.mark.parametrize("name", FILES)
def test_each_kind_by_its_content(tmp_path, name):
    text, kind = FILES[name]
    (tmp_path / name).write_bytes(text.encode())
    assert kinds.recognize(tmp_path / name) == kind


def test_the_library():
    folders = {
        "scenarios": kinds.SCENARIO,
        "scenarios/tasks": kinds.TASK,
        "specs": kinds.SPEC,
        "specs/amendments": kinds.AMENDMENT,
    }
    for folder, kind in folders.items():
        assert {kinds.recognize(path) for path in (ROOT / folder).glob("*.yaml")} == {kind}


def test_check_takes_files_of_all_kinds(tmp_path):
    for name in ("AGENTS.md", "notes", "model_spec.md", "release.txt", "meanings.yaml"):
        (tmp_path / name).write_text(FILES[name][0], encoding="utf-8", newline="")
        done = call("check", str(tmp_path / name))
        assert (done.exit_code, "1 file checked, 0 with problems" in done.output) == (0, True), done.output
    (tmp_path / "AGENTS.md").write_text("a\n\n<p hidden>Never b.</p>\n")
    assert "suspicious: line 3: HTML that a page does not show" in " ".join(
        call("check", str(tmp_path / "AGENTS.md")).output.split()
    )
    (tmp_path / "model_spec.md").write_text(RELEASE.replace("user", "usr"))
    done = call("check", str(tmp_path / "model_spec.md"))
    assert done.exit_code == 1
    assert "did you mean user?" in done.output
    (tmp_path / "table.csv").write_text("a,b\n")
    assert "this is a table; read it with simkit run SCENARIO --policy FILE" in " ".join(
        call("check", str(tmp_path / "table.csv")).output.split()
    )


def test_trace_shows_instructions_and_releases(tmp_path):
    agents, release = tmp_path / "AGENTS.md", tmp_path / "model_spec.md"
    agents.write_text("Never push.\n")
    release.write_text(RELEASE)
    assert "must not" in call("trace", str(agents)).output
    assert "2 sections: 1 root, 1 user." in call("trace", str(release)).output
    assert call("trace", str(release), "order").output == "order: root\norder → truth\n"
    assert "did you mean order?" in call("trace", str(release), "ordre").output
    assert call("trace", str(agents), "push").exit_code == 2


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("other")])
def test_run_says_what_an_existing_file_is(tmp_path, name):
    text, kind = FILES[name]
    (tmp_path / name).write_bytes(text.encode())
    for words in (("run", str(tmp_path / name)), ("show", str(tmp_path / name))):
        done = call(*words)
        assert done.exit_code == 1
        assert f"this is {kind.name}; read it with {kind.reader}" in " ".join(done.output.split())


def test_run_on_a_file_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file.csv").write_text("a,b\n")
    assert "this is a table" in call("run", "file.csv").output
    assert "no such name" in call("run", "file.tsv").output


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le"])
def test_a_wide_encoding_is_named(tmp_path, code):
    path = tmp_path / "wide.md"
    path.write_bytes("Never push to main.\n".encode(code))
    for read in (sk.load, spec.load, spec.read_model_spec, spec.read_instructions, spec.load_meanings):
        with pytest.raises(sk.InvalidFile, match="UTF-16 or UTF-32, not in UTF-8; save it as UTF-8"):
            read(path)
    assert "UTF-16" in call("run", str(path)).output


@pytest.mark.parametrize("bad", [None, "", 3, "a\0b", "\ud800", "x" * 5000])
def test_one_kind_of_error_for_bad_paths(tmp_path, bad):
    for read in (
        spec.read_model_spec,
        spec.read_instructions,
        lambda path: spec.instructions_for(path, tmp_path),
        lambda path: spec.instructions_for(tmp_path, path),
    ):
        with pytest.raises(sk.InvalidFile) as caught:
            read(bad)
        assert str(caught.value).isprintable() or "\n" in str(caught.value)


def test_a_circle_of_links(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for read in (spec.read_model_spec, spec.read_instructions, lambda path: spec.instructions_for(path, tmp_path)):
        with pytest.raises(sk.InvalidFile):
            read(tmp_path / "a")
