"""No link inside the project is dead: README, docs, notebooks, and what lies beside them."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+(?:\([^()]*\))?[^()\s]*)\)|(?:href|src)=\"([^\"]+)\"")
FOLDERS = ("docs", "binder", "notebooks")

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="docs/ lies beside the tests in a clone and in the sdist")


def texts():
    """Every page for readers and its text without code."""
    for path in [*ROOT.glob("*.md"), *(found for folder in FOLDERS for found in (ROOT / folder).rglob("*.[mi][dp]*"))]:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            text = "\n\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")
        yield path, re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def anchors(path):
    """The names under which the headings of a page can be linked to, as GitHub and JupyterLab make them."""
    text = dict(texts())[path]
    heads = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {
        name for head in heads for name in (re.sub(r"[^\w\- ]", "", head).replace(" ", "-").lower(), head.replace(" ", "-"))
    }


def dead(path, text):
    """The links of a page that lead nowhere inside the project."""
    for link in (first or second for first, second in LINK.findall(text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and target.suffix in (".md", ".ipynb") and anchor not in anchors(target)):
            yield link


def test_no_link_is_dead():
    pages = dict(texts())
    assert sum(len(LINK.findall(text)) for text in pages.values()) > 50, "links are not found"
    assert {str(path.relative_to(ROOT)): links for path, text in pages.items() if (links := list(dead(path, text)))} == {}


def test_a_dead_link_is_seen():
    """Negative control."""
    text = "[a](docs/nothing.md) [b](docs/pages.md) [c](https://example.org/x) "
    text += "[d](docs/pages.md#a-whole-site) [e](docs/pages.md#none)"
    assert list(dead(ROOT / "README.md", text)) == ["docs/nothing.md", "docs/pages.md#none"]
