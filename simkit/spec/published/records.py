"""What a Model Spec holds, as frozen records: sections, cross-references, examples, footnotes, commentary.

Source of the form: openai/model_spec (CC0 1.0).  Authority levels and the chain of command are OpenAI's words.  A section
without a level has none: that is neither an error nor `guideline`, and it inherits nothing from its parent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ...text import Printable, Printed, visible

#: Levels of authority from the highest down.  `platform` is the top in releases up to 2025-04-11; from 2025-09-12 on there
#: are `root` and `system` instead.
LEVELS = ("root", "platform", "system", "developer", "user", "guideline")
#: The colour of each level, and of none, as its place in `plots.SENDERS`.
LEVEL_COLOURS = {"root": 5, "platform": 5, "system": 1, "developer": 2, "user": 0, "guideline": 4, "-": 3}
VERDICTS = ("GOOD", "BAD", "OK")
ROLES = ("system", "developer", "user", "assistant", "tool")


@dataclass(frozen=True)
class Section:
    """One heading and the prose below it (`text`: without examples and commentary; not part of the shipped facts).

    `title` and `text` are None where they are not known; `line` counts from 1; `parent` is the id of the heading above it.
    """

    id: str
    title: str | None
    depth: int
    line: int
    parent: str | None
    authority: str | None
    tags: tuple[str, ...] = ()
    text: str | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """The title, or the words of the id where the title is not known."""
        return self.title if self.title is not None else self.id.replace("_", " ")


@dataclass(frozen=True)
class Ref:
    """A cross-reference from the section `source` to the section `target`.

    `where` is `body`, `meta` (commentary), `example` or `example-title`; `text` is None where the target's title is shown.
    """

    source: str
    target: str
    line: int
    where: str
    text: str | None


@dataclass(frozen=True)
class Turn:
    """One message of an example.

    `comparison` counts from 0 within the example; None outside `<comparison>`.  A column has a `verdict` (GOOD, BAD or OK),
    perhaps the section that it `violates`, and a `note`.  `untrusted` holds quoted text without authority (it is also part
    of `text`); `settings` are such as `under_18: true`.
    """

    role: str
    text: str = field(repr=False)
    line: int
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    comparison: int | None = None
    verdict: str | None = None
    violates: str | None = None
    note: str = ""
    untrusted: tuple[str, ...] = field(default=(), repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Example:
    """A titled example.  Titles are unique only together with their section and line (`key`)."""

    section: str
    title: str
    line: int
    messages: tuple[Turn, ...]

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells this example from every other of its release."""
        return self.section, self.title, self.line

    @property
    def columns(self) -> tuple[Turn, ...]:
        """The answers that are compared, in order."""
        return tuple(m for m in self.messages if m.comparison is not None and m.role == "assistant")

    @property
    def comparisons(self) -> tuple[tuple[Turn, ...], ...]:
        """The columns of each comparison."""
        found = dict.fromkeys(column.comparison for column in self.columns)
        return tuple(tuple(column for column in self.columns if column.comparison == n) for n in found)

    @property
    def under_18(self) -> bool:
        """The example carries the U18 badge: its settings say that the user is under 18."""
        return any(message.settings.get("under_18") == "true" for message in self.messages)


@dataclass(frozen=True)
class Footnote:
    """A mark such as `[^ab12]`.  The release does not define it: the file `examples/ab12.md`, if it exists, holds prompts."""

    id: str
    section: str
    line: int
    where: str


@dataclass(frozen=True)
class Commentary:
    """A block that explains and does not instruct the model."""

    section: str
    kind: str
    title: str
    line: int
    text: str = field(repr=False)


@dataclass(frozen=True, eq=False, repr=False)
class ModelSpec(Printed):
    """One release.  `edges` are the distinct pairs (source, target) of `refs` between sections, in alphabetical order.

    `tally` counts what the release holds, under the names of `reference.json`; `warnings` is what is odd, `suspicious` which
    lines hold invisible characters, both with lines.  `complete` is False for the facts that ship with simkit: they have
    sections, edges and the tally, and none of the document's text, so that `refs`, `examples`, `footnotes` and `metas` are
    empty there while the tally still counts them.
    """

    release: str
    sha256: str
    sections: tuple[Section, ...]
    edges: tuple[tuple[str, str], ...]
    tally: Mapping[str, Any]
    refs: tuple[Ref, ...] = ()
    examples: tuple[Example, ...] = ()
    footnotes: tuple[Footnote, ...] = ()
    metas: tuple[Commentary, ...] = ()
    warnings: tuple[str, ...] = ()
    suspicious: tuple[str, ...] = ()
    complete: bool = True

    @cached_property
    def by_id(self) -> Mapping[str, Section]:
        """Sections by their id."""
        return {section.id: section for section in self.sections}

    def __getitem__(self, name: str) -> Section:
        """The section with this id; a KeyError if there is none."""
        return self.by_id[name]

    @property
    def columns(self) -> tuple[Turn, ...]:
        """Every answer with a verdict column, in order."""
        return tuple(column for example in self.examples for column in example.columns)

    @property
    def dangling(self) -> tuple[str, ...]:
        """Targets of cross-references that are no section here."""
        return tuple(self.tally["dangling"])

    @property
    def unreferenced(self) -> tuple[str, ...]:
        """Sections that no cross-reference leads to."""
        return tuple(self.tally["unreferenced"])

    def _parts(self) -> list[Printable]:
        tally = self.tally
        levels = [f"{n} {level if level != '-' else 'without a level'}" for level, n in tally["authority"].items()]
        verdicts = ", ".join(f"{n} {verdict}" for verdict, n in tally["verdicts"].items())
        blamed = ", ".join(f"{name} {n}" for name, n in tally["violates"].items()) or "none"
        odd = "; ".join(self.suspicious[:5]) + ("; …" if len(self.suspicious) > 5 else "")
        lines = [
            f"Model Spec {self.release}" + ("" if self.complete else " (facts only: no text, no examples)"),
            f"{tally['sections']} sections: {', '.join(levels)}.",
            f"{tally['refs']} cross-references, {tally['edges']} distinct; {len(self.dangling)} of them lead nowhere.",
            f"{tally['examples']} examples with {tally['columns']} columns: {verdicts}.",
            f"Sections that a column is said to violate: {blamed}.",
            f"{tally['footnotes']} footnote marks, {tally['metas']} blocks of commentary.",
            *(f"Line {said}." for said in self.warnings),
            *([f"Invisible characters stand on {len(self.suspicious)} lines: {odd}."] if odd else []),
        ]
        return [visible(line) for line in lines]


def tally(spec: ModelSpec) -> dict[str, Any]:
    """What a release holds, counted under the names of `reference.json` (all but `release`, which is not a count)."""
    sections, edges, refs, examples = spec.sections, spec.edges, spec.refs, spec.examples
    known, columns = set(spec.by_id), spec.columns
    messages = [message for example in examples for message in example.messages]
    comparisons = [group for example in examples for group in example.comparisons]
    violates = _counted(column.violates for column in columns)
    return {
        "sections": len(sections),
        "depth": _counted(str(section.depth) for section in sections),
        "authority": _counted(section.authority or "-" for section in sections),
        "refs": len(refs),
        "refs_auto": sum(ref.text is None for ref in refs),
        "refs_text": sum(ref.text is not None for ref in refs),
        "refs_where": _counted(ref.where for ref in refs),
        "edges": len(edges),
        "self_edges": sum(a == b for a, b in edges),
        "dangling": sorted({ref.target for ref in refs} - known),
        "unreferenced": sorted(known - {target for _, target in edges}),
        "footnotes": len(spec.footnotes),
        "footnotes_unique": len({note.id for note in spec.footnotes}),
        "footnotes_where": _counted(note.where for note in spec.footnotes),
        "examples": len(examples),
        "with_comparison": sum(bool(example.columns) for example in examples),
        "comparisons": len(comparisons),
        "verdicts": _counted(column.verdict for column in columns),
        "columns": len(columns),
        "columns_unlabelled": sum(column.verdict is None for column in columns),
        "verdict_outside": sum(message.verdict is not None and message.comparison is None for message in messages),
        "violates": violates,
        "violates_dangling": sorted(set(violates) - known),
        "notes": sum(bool(column.note) for column in columns),
        "columns_per_comparison": _counted(str(len(group)) for group in comparisons),
        "roles": _counted(message.role for message in messages),
        "metas": len(spec.metas),
        "warnings": list(spec.warnings),
    }


def _counted(values: Iterable[str | None]) -> dict[str, int]:
    """How often each value stands there, None left out, in the order in which they come."""
    return dict(Counter(value for value in values if value is not None))
