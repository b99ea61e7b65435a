"""A folder of pages for a course site: every instrument on every scenario where it shows something, an index, the notebooks.

Nothing here needs a browser, and nothing in the folder needs a server: it is built beside its place and moved there when whole.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from ..files import InvalidFile, library, write_text
from ..scenario import load, load_record
from ..spec.published.release_facts import SOURCE
from ..spec.published.release_facts import releases as shipped
from ..widgets.bright_line import argument
from ..widgets.command_chain import chain
from ..widgets.common_source import opinions
from ..widgets.corrigibility import dial
from ..widgets.desktop import tidy
from ..widgets.drawing import thumbnail
from ..widgets.explorer import explore
from ..widgets.instrument import Instrument
from ..widgets.probe_count import SHIPPED, probes
from ..widgets.reference_graph import references
from ..widgets.release_changes import releases
from ..widgets.stage import Table
from ..widgets.total_harm import crowd
from ..widgets.training_pressure import pressure
from ..widgets.trust_instrument import trust


@dataclass(frozen=True)
class Kind:
    """A kind of instrument: what opens it, its question, the setting that chooses a context, and where a site opens it.

    `only` are the scenarios, or the releases of the Model Spec, on which a site shows it; all scenarios if there are none.
    """

    opens: Callable[..., Instrument[Any]]
    question: str
    context: str = "context"
    settings: Mapping[str, Any] = field(default_factory=dict)
    only: tuple[str, ...] = ()


#: The release of the Model Spec with which a site opens what reads one.
NEWEST = shipped()[-1]
INSTRUMENTS = {
    "explore": Kind(explore, "Whom to turn away", settings={"declined": 40}),
    "crowd": Kind(crowd, "What a crowd of any size brings", settings={"users": 1_000_000}),
    "chain": Kind(chain, "Whose word counts", "operator"),
    "dial": Kind(dial, "Corrigible or autonomous"),
    "trust": Kind(trust, "When is trust earned", settings={"month": 24}),
    "argument": Kind(argument, "Does a good argument count", only=("bright-line",)),
    "releases": Kind(releases, "What changed for whom", only=(NEWEST,)),
    "references": Kind(references, "Which rule needs which", only=(NEWEST,)),
    "opinions": Kind(opinions, "A million minds, one assistant", "", {"takes_sides": 0.5}, only=("contested-question",)),
    "pressure": Kind(pressure, "What training makes of the spec", "deployed", {"pressure": 100}),
    "probes": Kind(probes, "How many probes a promise takes", "", {"count": 150}, only=tuple(SHIPPED)),
    "tidy": Kind(tidy, "Ask or act", settings={"questions": 4}, only=("clean-up-my-desktop",)),
}
#: The scenario that most instruments open with.
FIRST = "medication-threshold"
STYLE = Path(__file__).parent / "site.css"
#: A site says so in its index: nothing else is ever replaced.
MARK = '<meta name="generator" content="simkit site">'


def opened(instrument: str, scenario: str, context: str = "", **settings: Any) -> Instrument[Any]:
    """An instrument on a scenario, in one of its contexts if one is named.  A ValueError if it makes no sense there."""
    kind = INSTRUMENTS[instrument]
    return kind.opens(scenario, **settings, **({kind.context: context} if context else {}))


@dataclass(frozen=True)
class Shown:
    """A page of a site: which instrument, on which scenario, in which context ("": as the file says)."""

    instrument: str
    scenario: str
    context: str = ""

    @property
    def name(self) -> str:
        """The name of its files."""
        return "-".join(filter(None, (self.instrument, self.scenario, self.context)))


def build(out: Path, *, notebooks: bool = True, say: Callable[[str], object] = str) -> None:
    """Write the whole site, and tell `say` what comes next.

    A FileExistsError if `out` is there and is no site; an OSError if it cannot be written.
    """
    if out.exists() and not is_site(out):
        raise FileExistsError(f"{out} is there and was not written by simkit site: choose another folder")
    beside = out.with_name(f".{out.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "pages").mkdir(parents=True)
    try:
        pages = list(_pages(beside / "pages", say))
        books: list[tuple[str, str]] = []
        if notebooks:
            from .notebooks import render

            books = render(beside / "notebooks", say)
        write_text(beside / "index.html", index(pages, books))
        if out.exists():
            shutil.rmtree(out)
        beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def is_site(folder: Path) -> bool:
    """Whether a folder is empty, or holds a site."""
    start = folder / "index.html"
    return folder.is_dir() and (not any(folder.iterdir()) or (start.is_file() and MARK in start.read_text(encoding="utf-8")))


# --- pages ------------------------------------------------------------------------------------------------------------


def candidates() -> Iterator[Shown]:
    """All that could be shown: every instrument on every scenario, the dial in every context, and the newest release."""
    for path in sorted(library("scenarios").glob("*.yaml"), key=lambda path: (path.stem != FIRST, path.stem)):
        for instrument in (name for name, kind in INSTRUMENTS.items() if path.stem in (kind.only or [path.stem])):
            yield Shown(instrument, path.stem)
            if instrument == "dial":
                yield from (Shown(instrument, path.stem, context) for context in load(path.stem).contexts)
    yield from (Shown(instrument, NEWEST) for instrument, kind in INSTRUMENTS.items() if NEWEST in kind.only)


def _pages(folder: Path, say: Callable[[str], object]) -> Iterator[Shown]:
    """Write a page and two thumbnails for each that shows something which no other page shows."""
    every, seen = list(candidates()), set()
    for place, shown in enumerate(every, start=1):
        say(f"page {place} of {len(every)}: {shown.name}")
        try:
            made = opened(shown.instrument, shown.scenario, shown.context, **INSTRUMENTS[shown.instrument].settings)
        except InvalidFile:
            raise
        except ValueError:
            continue  # this scenario has nothing that the instrument could show
        key = (shown.instrument, _picture(made.table))
        if moves(made.table) and key not in seen:
            seen.add(key)
            made.save(folder / f"{shown.name}.html")
            for suffix, dark in (("", False), ("-dark", True)):
                (folder / f"{shown.name}{suffix}.png").write_bytes(picture(made, dark))
            yield shown
        made.close()


def moves(table: Table) -> bool:
    """Whether anything that is shown in numbers changes when slider and buttons move."""
    panels = [panel for panel in table.panels if panel]
    return table.rows > 1 and len(set(table.sentences)) > 1 and bool(panels)


def _picture(table: Table) -> str:
    """What is drawn first, whatever it is called."""
    first = next(panel for panel in table.panels if panel)
    return repr({name: value for name, value in first.items() if name not in ("title", "alt")})


def picture(made: Instrument[Any], dark: bool) -> bytes:
    """A small PNG of an instrument where it stands."""
    out = io.BytesIO()
    thumbnail(made.table, made.row, dark=dark).savefig(
        out, dpi=80, bbox_inches="tight", pad_inches=0.05, metadata={"Software": None}
    )
    return out.getvalue()


# --- the index --------------------------------------------------------------------------------------------------------


SAYS = "Every picture opens a page that needs nothing but a browser: move its slider."


def index(pages: list[Shown], books: list[tuple[str, str]], says: str = SAYS) -> str:
    """The front page: notebooks first, then a section for each scenario with a card for each instrument."""
    sections = "".join(_section(scenario, pages) for scenario in dict.fromkeys(page.scenario for page in pages))
    listed = "".join(f'<li><a href="notebooks/{escape(name)}.html">{escape(title)}</a></li>' for name, title in books)
    course = f"<section><h2>Notebooks, as they look when run</h2><ol start='0'>{listed}</ol></section>" if books else ""
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>simkit: instruments</title>{MARK}'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body><header><h1>simkit</h1>"
        f"<p>What an assistant's answers do to everyone who sends the same words. {escape(says)}</p></header>"
        f"{course}{sections}</body></html>\n"
    )


def _section(scenario: str, pages: list[Shown]) -> str:
    """The request, and a card for each instrument; other contexts are links below its picture."""
    title, about = _heading(scenario)
    here = [page for page in pages if page.scenario == scenario]
    cards = ""
    for instrument in dict.fromkeys(page.instrument for page in here):
        main, *others = [page for page in here if page.instrument == instrument]
        links = " · ".join(f'<a href="pages/{escape(page.name)}.html">{escape(page.context)}</a>' for page in others)
        question = INSTRUMENTS[instrument].question
        context = f" ({escape(main.context)})" if main.context else ""
        cards += (
            f'<li><a href="pages/{escape(main.name)}.html"><picture>'
            f'<source srcset="pages/{escape(main.name)}-dark.png" media="(prefers-color-scheme: dark)">'
            f'<img src="pages/{escape(main.name)}.png" alt="" loading="lazy"></picture>'
            f"<span><b>{escape(question)}</b>{context} <small>{escape(instrument)}</small></span></a>"
            f"{f'<p>in {links}</p>' if links else ''}</li>"
        )
    return f'<section id="{escape(scenario)}"><h2>{escape(title)}</h2><p>{escape(about)}</p><ul>{cards}</ul></section>'


def _heading(name: str) -> tuple[str, str]:
    """The request of a scenario and what it is about; or the release, and where it comes from."""
    if name in shipped():
        return f"The Model Spec of {name}", SOURCE
    record = load_record(name)
    return f"“{record.request.strip()}”", record.about.strip()
