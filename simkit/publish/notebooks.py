"""The notebooks, run and written as HTML: instruments as pages in frames, everything else as a notebook shows it.

A prediction shows its question, and its answer behind a fold.  Any other widget is named, and said to need a notebook.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from html import escape
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from ..files import library, write_text
from ..widgets.instrument import Instrument

NEEDED = ("nbclient", "nbconvert", "nbformat", "ipykernel")
#: Seconds that a cell may take.
LONGEST = 600
STYLE = Path(__file__).parent / "site.css"
#: Gives each frame the room that its page asks for.
LISTEN = """addEventListener("message", ({ data, source }) => {
  if (data?.simkit !== "height" || !(data.height > 0)) return;
  const frames = Array.from(document.querySelectorAll("iframe"));
  frames.filter((frame) => frame.contentWindow === source).forEach((frame) => { frame.style.height = `${data.height + 4}px`; });
});"""
#: Runs in the notebook's kernel before the first cell.
PREPARE = "from simkit.publish.notebooks import frames; frames(get_ipython(), {folder!r}, {name!r}); del frames"


def render(folder: Path, say: Callable[[str], object] = str) -> list[tuple[str, str]]:
    """Run every notebook and write it as a page; their names and titles.

    A ModuleNotFoundError says what is not installed; an error in a cell is raised as it is.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(f'rendering notebooks needs {", ".join(missing)}: pip install "policy-simkit[lab]"')
    folder.mkdir(parents=True)
    paths = sorted(library("notebooks").glob("*.ipynb"))
    found = []
    for place, path in enumerate(paths, start=1):
        say(f"notebook {place} of {len(paths)}: {path.stem}")
        found.append((path.stem, render_one(path, folder)))
    return found


def render_one(path: Path, folder: Path) -> str:
    """Run one notebook and write it into a folder, its instruments beside it; its title."""
    nbformat: Any = import_module("nbformat")
    book = executed(nbformat.read(path, as_version=4), path.stem, folder)
    title = next(re.findall(r"^# (.+)$", cell.source, re.M)[0] for cell in book.cells if re.search(r"^# .", cell.source, re.M))
    write_text(folder / f"{path.stem}.html", as_html(book, title))
    return title


def executed(book: Any, name: str, folder: Path) -> Any:
    """The notebook after it was run in a folder of its own, with links that lead to the pages of the site."""
    nbformat: Any = import_module("nbformat")
    client: Any = import_module("nbclient").NotebookClient
    first = nbformat.v4.new_code_cell(PREPARE.format(folder=str(folder.absolute()), name=name))
    book.cells.insert(0, first)
    with tempfile.TemporaryDirectory() as empty:
        client(book, timeout=LONGEST, store_widget_state=False, resources={"metadata": {"path": empty}}).execute()
    del book.cells[0]
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\(([\w-]+)\.ipynb\)", r"](\1.html)", cell.source)
        elif cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "folded"]
    return book


def as_html(book: Any, title: str) -> str:
    """A notebook that was run as a page; the code of folded cells is left out, as in a notebook."""
    nbconvert: Any = import_module("nbconvert")
    formatter: Any = import_module("pygments.formatters").HtmlFormatter
    exporter = nbconvert.HTMLExporter(template_name="basic", exclude_anchor_links=True)
    folded = nbconvert.preprocessors.TagRemovePreprocessor(remove_input_tags={"folded"})
    exporter.register_preprocessor(folded, enabled=True)
    body, _ = exporter.from_notebook_node(book)
    light, dark = (formatter(style=style).get_style_defs(".highlight") for style in ("default", "monokai"))
    style = f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n{STYLE.read_text(encoding='utf-8')}"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<style>{style}</style><script>{LISTEN}</script></head><body class="book">'
        f'<p><a href="../index.html">All instruments</a></p>{body}</body></html>\n'
    )


# --- in the notebook's kernel -----------------------------------------------------------------------------------------


def frames(shell: Any, folder: str, name: str) -> None:
    """Let a kernel show every instrument as a page in a frame, written into a folder; other widgets are named."""
    import ipywidgets

    number = count(1)

    def framed(instrument: Instrument[Any]) -> str:
        file = f"{name}-{next(number)}.html"
        page = instrument.page()
        write_text(Path(folder) / file, page.html())
        return f'<iframe src="{file}" title="{escape(page.title)}" loading="lazy"></iframe>'

    def shown(widget: Any, **_: Any) -> dict[str, str]:
        return {"text/html": framed(widget) if isinstance(widget, Instrument) else _stands_for(widget, framed)}

    shell.display_formatter.mimebundle_formatter.for_type(ipywidgets.Widget, shown)


def _stands_for(widget: Any, framed: Callable[[Instrument[Any]], str]) -> str:
    """A prediction's question, its answer behind a fold; any other widget's kind, and that it needs a notebook."""
    from ..widgets.prediction import Prediction

    if not isinstance(widget, Prediction):
        return f'<p class="ask">({escape(type(widget).__name__.lower())}) <em>This runs in the notebook itself.</em></p>'
    picture = framed(widget.reveal) if isinstance(widget.reveal, Instrument) else ""
    answer = f"<p>It is {escape(widget.answer)}. {escape(widget.says)}</p>{picture}"
    folded = f"<details><summary>I have written my number down: show the answer</summary>{answer}</details>"
    return f'<div class="ask"><p>{escape(widget.asks)}</p>{folded}</div>'
