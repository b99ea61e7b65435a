"""The classroom and the form for a scenario in JupyterLab: paste, reveal, edit a field, read the file and the dots back."""

import pytest

from .pages import Notebook, browser, needed, served, write_notebook

needed()

from simkit.codes import Guess, write
from simkit.widgets.questions import library_questions


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    root = tmp_path_factory.mktemp("class")
    write_notebook(root / "build.ipynb", "from simkit import widgets\nwidgets.build()")
    write_notebook(root / "class.ipynb", "from simkit import widgets\nwidgets.classroom()")
    with served(root) as lab, browser() as context:
        yield lambda name: Notebook(context, lab, name)


def test_a_class_is_pasted_and_the_answer_revealed(opened):
    book = opened("class.ipynb")
    book.run()
    known = next(mark for mark, each in library_questions().items() if each.name == "01.1")
    codes = [write(Guess(mark=i, question=known, guess=i, answer=1.0)) for i in range(12)]
    field = book.page.get_by_placeholder("Paste the codes of the class here")
    field.fill("\n".join(f"Anna: {code}!" for code in [*codes, codes[3][:20]]))
    field.blur()
    book.until("() => document.querySelectorAll('.jp-OutputArea circle').length === 12")
    assert book.page.get_by_text("line 13: cut").count() == 1
    assert book.page.get_by_text("The answer is").count() == 0
    book.page.get_by_role("button", name="Reveal").click()
    book.until("() => document.body.innerText.includes('The answer is 1 of 12: 1 exact')")
    assert not book.errors


def test_a_field_changes_file_and_dots(opened):
    book = opened("build.ipynb")
    book.run()
    page = book.page
    page.get_by_role("button", name="ordinary ›").click()
    harmful = page.get_by_label("harmful").first
    harmful.wait_for()
    page.get_by_text("950", exact=True).first.wait_for()
    value = page.get_by_label("value").first
    value.fill("0,95")
    value.press("Enter")
    book.until("() => document.body.innerText.includes('write 0.95, with a point')")
    value.fill("0.95")
    value.press("Enter")
    book.until("() => document.body.innerText.includes('This is a scenario')")
    dots = book.pixels(".jp-OutputArea canvas, .jp-OutputArea svg")
    harmful.select_option("true")
    book.until("() => [...document.querySelectorAll('textarea')].some(t => t.value.split('harmful: true').length === 3)")
    for _ in range(20):
        if book.pixels(".jp-OutputArea canvas, .jp-OutputArea svg") != dots:
            break
        page.wait_for_timeout(250)
    assert book.pixels(".jp-OutputArea canvas, .jp-OutputArea svg") != dots
    assert not book.errors
