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
    """Each exercise stands once, without its answer, in the notebook or in the one that goes further."""
    books = [other for other in NOTEBOOKS if other.stem in (path.stem, f"further-{path.stem}")]
    asked = [cell for book in books for cell in sources(book, "code") if "exercises.check(" in cell]
    assert all("answer = None" in cell for cell in asked)
    assert len(asked) == len(exercises_of(path).exercises)


#: The parts of a lesson, in this order.  A notebook that goes further needs a question and sources.
PARTS = ("**The question.**", "widgets.predict(", "## Exercises", "## What is known, and what is assumed", "## Sources")


def sources(path: Path, kind: str) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def misplaced(text: str, parts=PARTS) -> list[str]:
    """The parts that are missing, or stand before the part that should come first."""
    places = [text.find(part) for part in parts]
    return [part for part, here, before in zip(parts, places, [-1, *places], strict=False) if here <= before]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_takes_an_hour(path):
    assert sum(len(cell.split()) for cell in sources(path, "markdown")) <= 1500


@pytest.mark.parametrize("path", NOTEBOOKS[1:], ids=lambda path: path.stem)
def test_parts_come_in_order(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    assert not misplaced(text, (PARTS[0], PARTS[-1]) if path.stem.startswith("further-") else PARTS)


def test_a_missing_or_misplaced_part_is_seen():
    assert not misplaced("abc", "abc")
    assert misplaced("ac", "abc") == ["b"]
    assert misplaced("acb", "abc") == ["c"]


@pytest.mark.parametrize("path", NOTEBOOKS[1:], ids=lambda path: path.stem)
def test_nothing_is_revealed_before_the_prediction(path):
    """The first instrument of a lesson is a prediction, and its code is folded."""
    shown = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code" and "widgets." in cell.source]
    if not path.stem.startswith("further-"):
        assert "widgets.predict(" in shown[0].source
    for cell in shown:
        assert "widgets.predict(" not in cell.source or cell.metadata["jupyter"]["source_hidden"]
