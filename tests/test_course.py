"""The course: one glossary, plans and commands that work, links that lead somewhere, slides that hold live instruments."""

import csv
import importlib.util
import re
from pathlib import Path

import pytest

from simkit import audit, logs

DOCS = Path(__file__).parents[1] / "docs"
COURSE = DOCS / "course"
EXPERIMENT = COURSE / "experiment"


def glossary() -> str:
    """The words and symbols of docs/notation.md as a page of their own: `python tests/test_course.py` writes it."""
    notation = (DOCS / "notation.md").read_text(encoding="utf-8")
    words = notation[notation.index("## Words") : notation.index("**Harm and neglect**")]
    about = "A copy of two parts of [notation](../notation.md), which also says what each number means."
    return f"# Glossary\n\n{about}\n\n{words.strip()}\n"


def test_there_is_one_glossary():
    assert (COURSE / "glossary.md").read_text(encoding="utf-8") == glossary(), "run: python tests/test_course.py"


def test_every_term_has_a_synonym_or_a_source():
    rows = [line.split("|")[1:-1] for line in glossary().splitlines() if re.match(r"\| (?!term|symbol|---)", line)]
    assert len(rows) > 60
    assert all(len(row) == 4 and any(cell.strip() not in ("", "–") for cell in row[2:]) for row in rows)
    terms = [row[0].strip() for row in rows]
    assert len(set(terms)) == len(terms)


@pytest.mark.parametrize("page", sorted(COURSE.glob("*.md")), ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def labelled(path: Path, fill) -> Path:
    """The sheet of the experiment with labels filled in."""
    lines = [line for line in (EXPERIMENT / "labels.csv").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = [{**row, **dict.fromkeys(("rater_1", "rater_2", "final"), fill(row))} for row in csv.DictReader(lines)]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path


def test_the_experiment_runs(tmp_path):
    sheet = labelled(tmp_path / "labels.csv", lambda row: "full_compliance" if row["label"] == "safe" else "full_refusal")
    held = audit.hold(logs.read(sheet), audit.load_plan(EXPERIMENT / "plan.yaml")).held
    assert [(one.probes, one.verdict) for one in held] == [(15, "kept")] * 4
    found = logs.answers(logs.read(sheet), EXPERIMENT / "map.yaml")
    assert [one.name for one in found] == ["plain", "instructed"]
    assert [one.counts.sum() for one in found] == [30, 30]


def test_an_experiment_that_refuses_everything_breaks_one_commitment(tmp_path):
    sheet = labelled(tmp_path / "labels.csv", lambda _: "full_refusal")
    held = audit.hold(logs.read(sheet), audit.load_plan(EXPERIMENT / "plan.yaml")).held
    assert [one.verdict for one in held] == ["broken", "kept"] * 2


def test_empty_labels_are_an_error():
    with pytest.raises(ValueError, match="neither kept nor violated"):
        audit.hold(logs.read(EXPERIMENT / "labels.csv"), audit.load_plan(EXPERIMENT / "plan.yaml"))


def test_slides_hold_live_instruments():
    pytest.importorskip("ipywidgets", reason="instruments need the extra `lab`")
    spec = importlib.util.spec_from_file_location("slides", COURSE / "slides.py")
    slides = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(slides)
    text = slides.build()
    assert text.count("<iframe") == text.count("Content-Security-Policy") == len(slides.SLIDES)
    assert text.count("</script>") == 1  # a page inside must not end the script that holds it
    assert len(text) < 2_000_000


if __name__ == "__main__":
    (COURSE / "glossary.md").write_text(glossary(), encoding="utf-8")
