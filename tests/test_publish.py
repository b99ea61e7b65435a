"""Pages on the command line, the folder for a course site, and notebooks that were run."""

import re

import pytest
from typer.testing import CliRunner

pytest.importorskip("anywidget", reason="instruments need the extra `lab`")
pytest.importorskip("nbformat", reason="notebooks need the extra `lab`")

import nbformat

from simkit.__main__ import app
from simkit.publish import folder, notebooks
from simkit.publish.folder import Shown, build, index, opened


def call(*words: str):
    return CliRunner().invoke(app, list(words))


def test_a_page_is_written_where_one_says_so(tmp_path):
    path = tmp_path / "santa.html"
    done = call("page", "santa", "--instrument", "chain", "--context", "ed-tech", "--out", str(path))
    assert done.exit_code == 0, done.output
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [each.name for each in tmp_path.iterdir()] == ["santa.html"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["no-such-scenario"], 1, "no-such-scenario"),
        (["santa", "--context", "ed-teck"], 2, "ed-tech"),
        (["santa", "--instrument", "dail"], 2, "dail"),
        (["santa", "--out", "no-such-folder/a.html"], 2, "cannot be written"),
    ],
)
def test_what_makes_no_page_is_said(words, code, says):
    done = call("page", *words)
    assert done.exit_code == code
    assert says in " ".join(done.output.split())


PAGES = [Shown("trust", "santa"), Shown("trust", "persona"), Shown("chain", "xstest"), Shown("chain", "persona")]


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(folder, "candidates", lambda: iter(PAGES))


@pytest.mark.usefixtures("few")
def test_a_site_holds_each_picture_once_and_its_links_lead_somewhere(tmp_path):
    out, said = tmp_path / "site", []
    build(out, notebooks=False, say=said.append)
    assert said[0] == "page 1 of 4: trust-santa"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["site"]
    pages = {path.stem for path in (out / "pages").glob("*.html")}
    assert pages == {"trust-santa", "chain-xstest", "chain-persona"}, "the same trust is not shown twice"
    text = (out / "index.html").read_text(encoding="utf-8")
    targets = re.findall(r'(?:href|src|srcset)="([^"]+)"', text)
    assert len(targets) == 3 * len(pages)
    assert all((out / target).is_file() for target in targets)
    assert "“Is Santa real?”" in text


@pytest.mark.usefixtures("few")
def test_only_a_site_is_replaced(tmp_path):
    out = tmp_path / "site"
    build(out, notebooks=False)
    (out / "pages" / "old.html").touch()
    build(out, notebooks=False)
    assert not (out / "pages" / "old.html").exists()
    (out / "index.html").write_text("my own page")
    done = call("site", "--out", str(out), "--no-notebooks")
    assert done.exit_code == 2
    assert "was not written by simkit site" in " ".join(done.output.split())
    assert (out / "index.html").read_text() == "my own page"


def test_a_site_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "candidates", lambda: iter([Shown("explore", "no-such-scenario")]))
    with pytest.raises(ValueError, match="no-such-scenario"):
        build(tmp_path / "site", notebooks=False)
    assert list(tmp_path.iterdir()) == []


def test_all_candidates_have_a_scenario_and_a_name_of_their_own():
    every = list(folder.candidates())
    assert len({shown.name for shown in every}) == len(every) > 50
    assert every[0].scenario == "medication-threshold"
    assert {shown.instrument for shown in every} == set(folder.INSTRUMENTS)
    assert Shown("dial", "medication-threshold", "vulnerable-platform") in every


def test_a_release_of_the_model_spec_has_pages_too(tmp_path):
    path = tmp_path / "a.html"
    assert call("page", "2025-09-12", "--instrument", "releases", "--out", str(path)).exit_code == 0
    assert "platform" in opened("releases", "2025-09-12").sentences
    done = call("page", "2025-09-12", "-i", "references", "--context", "x", "--out", str(path))
    assert (done.exit_code, "no setting is called 'context'" in " ".join(done.output.split())) == (2, True)
    shown = Shown("references", folder.NEWEST)
    assert shown in folder.candidates()
    assert f"The Model Spec of {folder.NEWEST}" in index([shown], [])


def test_an_instrument_opens_in_a_context():
    made = opened("chain", "santa", "ed-tech")
    assert made.settings.operator == "ed-tech"
    made.close()
    with pytest.raises(ValueError, match="ed-tech"):
        opened("explore", "santa", "ed-teck")


def test_titles_of_notebooks_are_text():
    text = index([], [("a", "<b>bold</b>")])
    assert "<b>bold" not in text
    assert "&lt;b&gt;bold" in text


def test_a_notebook_that_was_run_shows_pages_and_questions(tmp_path):
    v4 = nbformat.v4
    folded = v4.new_code_cell(
        "from simkit import widgets\nwidgets.predict('How many < 3?', answer=7, high=9, reveal=widgets.trust())"
    )
    folded.metadata["jupyter"] = {"source_hidden": True}
    cells = [
        v4.new_markdown_cell("# The title\n[next](01-a.ipynb)"),
        folded,
        v4.new_code_cell("widgets.chain()"),
        v4.new_code_cell("1 + 1"),
    ]
    book = v4.new_notebook(cells=cells)
    nbformat.write(book, tmp_path / "a.ipynb")
    out = tmp_path / "out"
    out.mkdir()
    assert notebooks.render_one(tmp_path / "a.ipynb", out) == "The title"
    assert sorted(path.name for path in out.iterdir()) == ["a-1.html", "a-2.html", "a.html"]
    text = (out / "a.html").read_text(encoding="utf-8")
    assert 'href="01-a.html"' in text
    assert re.search('<details>.*It is 7.*<iframe [^>]*src="a-1.html" title="Trust.*</details>', text, re.S)
    assert re.search('<iframe [^>]*src="a-2.html" title="Who decides', text)
    assert len(text) < 100_000, "the state of widgets is not stored"
    assert "How many &lt; 3?" in text
    assert "predict" not in text, "the code of a folded cell is not shown"
    assert "chain" in text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)


def test_probes_open_on_an_audit_of_the_library(tmp_path):
    path = tmp_path / "a.html"
    assert call("page", "xstest", "--instrument", "probes", "--out", str(path)).exit_code == 0
    assert "promised in at most 5.0%" in "".join(opened("probes", "xstest").how_sure)
    done = call("page", "santa", "--instrument", "probes", "--out", str(path))
    assert (done.exit_code, "no audit of the library is called 'santa'" in " ".join(done.output.split())) == (2, True)
