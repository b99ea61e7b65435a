"""Facts of published releases that ship with simkit: ids, levels, parents, cross-references and counts.

The document's sentences do not ship, and neither do its titles: `Section.title` is None there, and `label` says the words
of the id.  Source of the facts: github.com/openai/model_spec (CC0 1.0), counted by `read_model_spec`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...files import InvalidFile, Problem, library, read_text
from ...text import printable, shown, suggest
from .reader import read_model_spec
from .records import ModelSpec, Section

SOURCE = "github.com/openai/model_spec, CC0 1.0, counted by simkit.spec.read_model_spec"
_PREFIX = "model-spec-"


def releases() -> tuple[str, ...]:
    """The releases whose facts ship, the oldest first."""
    return tuple(sorted(path.stem.removeprefix(_PREFIX) for path in _folder().glob(f"{_PREFIX}*.json")))


def facts(release: str | None = None) -> ModelSpec:
    """What ships about one release (the newest, if none is named), as the record that `read_model_spec` gives.

    Sections (without titles and text), edges and the tally are there; examples, footnotes and commentary are only counted.
    `InvalidFile` if no facts of that release ship.
    """
    known = releases()
    name = release if release is not None else known[-1]
    if name not in known:
        rule = f"no facts of the release {shown(name)} ship"
        raise InvalidFile("specs/facts", [Problem((), rule, f"{suggest(name, known)}; read_model_spec reads any release")])
    path = _folder() / f"{_PREFIX}{name}.json"
    try:
        return _from_data(json.loads(read_text(path)))
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InvalidFile):
            raise
        raise InvalidFile(str(path), [Problem((), "these are no facts of a release", "install simkit again")]) from None


def shelf(release: ModelSpec | str = "") -> tuple[dict[str, ModelSpec], str, str]:
    """All releases that ship and one more: by their names, the oldest first; the name of that one; and the code that gives it.

    `release` is a record, the name of one that ships, the path of a file, or empty for the newest.
    """
    found = {name: facts(name) for name in releases()}
    if isinstance(release, str):
        source = repr(release) if release else ""
        given = found.get(release or list(found)[-1]) or read_model_spec(release)
    else:
        given, source = release, "release"
    name = printable(given.release, 40) or "yours"
    return dict(sorted((found | {name: given}).items())), name, source


def facts_text(spec: ModelSpec) -> str:
    """The facts of a release as the text of the file that ships: JSON, one section or cross-reference on a line."""
    head = {"source": SOURCE, "release": spec.release, "sha256": spec.sha256, "tally": dict(spec.tally)}
    sections = [{name: getattr(section, name) for name in _KEPT} for section in spec.sections]
    rows: dict[str, list[Any]] = {"sections": sections, "edges": [list(edge) for edge in spec.edges]}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    lines += [f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, row)) + "\n]" for name, row in rows.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


#: What is kept of a section.
_KEPT = ("id", "depth", "line", "parent", "authority", "tags")


def _from_data(data: dict[str, Any]) -> ModelSpec:
    return ModelSpec(
        release=data["release"],
        sha256=data["sha256"],
        sections=tuple(Section(title=None, **{**row, "tags": tuple(row["tags"])}) for row in data["sections"]),
        edges=tuple((source, target) for source, target in data["edges"]),
        tally=data["tally"],
        warnings=tuple(data["tally"]["warnings"]),
        complete=False,
    )


def _folder() -> Path:
    return library("specs") / "facts"
