"""Several specs side by side: where they agree about a behaviour, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass

from ..text import html_lines, html_table, text_table
from .rules import Behaviour, Rules


@dataclass(frozen=True, repr=False)
class SpecComparison:
    """Behaviours that several specs speak about, one row each; behaviours are the same if they have the same concept."""

    names: tuple[str, ...]
    """The specs."""
    cells: dict[str, tuple[Behaviour | None, ...]]
    """Concept -> what each spec says; None where it is silent."""

    @property
    def agree(self) -> tuple[str, ...]:
        """Where all that speak say the same: values, default, who may change it, hard, floor and waiver."""
        return tuple(name for name, row in self.cells.items() if len({_key(b) for b in row if b is not None}) == 1)

    @property
    def differ(self) -> tuple[str, ...]:
        """Where those that speak say different things."""
        return tuple(name for name in self.cells if name not in self.agree)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        rows = [[name, *map(_said, row), "" if name in self.agree else "differ"] for name, row in self.cells.items()]
        return ["behaviour", *self.names, ""], rows

    def __repr__(self) -> str:
        return text_table(*self._table())

    def _repr_html_(self) -> str:
        title = f"{len(self.agree)} agree, {len(self.differ)} differ"
        return html_lines(title, []) + html_table(*self._table())


def compare_specs(*rules: Rules, least: int = 2) -> SpecComparison:
    """What several specs say about the behaviours that at least `least` of them speak about, in the order of the first."""
    spoken = [{b.concept or b.name: b for b in each.spec.behaviours} for each in rules]
    concepts = dict.fromkeys(name for each in spoken for name in each)
    cells = {name: tuple(each.get(name) for each in spoken) for name in concepts}
    enough = {name: row for name, row in cells.items() if sum(b is not None for b in row) >= least}
    return SpecComparison(tuple(each.name for each in rules), enough)


def _key(b: Behaviour) -> tuple[object, ...]:
    floor = (b.protection.floor, b.protection.waiver) if b.protection else ()
    return (b.values, b.default, b.authority, b.hard, floor)


def _said(b: Behaviour | None) -> str:
    if b is None:
        return "–"
    kept = f", kept at {b.protection.floor}" if b.protection else ""
    waived = " unless the user waives it" if b.protection and b.protection.waiver == "user" else ""
    return f"{b.default} ({b.authority}{', hard' if b.hard else ''}{kept}{waived})"
