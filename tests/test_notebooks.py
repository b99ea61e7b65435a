"""Every notebook runs from a fresh kernel, is stored without outputs, and its exercises tell right from wrong."""

import json
import runpy
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("ipywidgets", reason="instruments need the extra `lab`")
nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra `lab`")

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.py"))


def exercises_of(solution: Path):
    """The exercises that belong to a notebook: 01-thousand-users has simkit.exercises.thousand_users."""
    return import_module(f"simkit.exercises.{solution.stem.partition('-')[2].replace('-', '_')}")


def test_there_are_notebooks():
    assert [path.stem[:3] for path in NOTEBOOKS][:2] == ["00-", "01-"]
    assert SOLUTIONS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_a_fresh_kernel(path, tmp_path):
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("application/vnd.jupyter.widget-view+json" in out.get("data", {}) for out in outputs), "an instrument is shown"
    assert not [out for out in outputs if out.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_stored_without_outputs(path):
    book = json.loads(path.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert set(book["metadata"]) <= {"kernelspec", "language_info"}
    nbformat.validate(nbformat.from_dict(book))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    import re

    for cell in nbformat.read(path, as_version=4).cells:
        for target in re.findall(r"\]\(([^)]+)\)", cell.source) if cell.cell_type == "markdown" else ():
            assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_reference_solutions_pass(path):
    room = exercises_of(path)
    answers = runpy.run_path(str(path))["answers"]
    assert len(answers) == len(room.exercises) >= 3
    for number, answer in enumerate(answers, start=1):
        assert room.check(number, answer).right, (number, answer)


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_are_not_in_the_notebook(path):
    book = nbformat.read(ROOT / "notebooks" / f"{path.stem}.ipynb", as_version=4)
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    assert code.count("answer = None") == len(exercises_of(path).exercises)
