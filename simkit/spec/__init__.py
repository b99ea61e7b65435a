"""The written spec: what a published Model Spec says, and how releases differ.

model_spec     read a release: sections, cross-references, examples with verdicts, footnotes, commentary
release_facts  ids, levels, cross-references and counts of three releases, which ship with simkit
changes        two releases side by side: renames apart from changes of meaning
references     who cites whom: the graph and its measures
section_map    a picture of it

>>> from simkit import spec
>>> spec.compare(spec.facts("2025-02-12"), spec.facts("2025-12-18"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .changes import Changes, compare
    from .model_spec import read_model_spec, read_model_spec_text
    from .model_spec_records import ModelSpec
    from .references import depends_on, graph, measures
    from .release_facts import facts, facts_text, releases
    from .section_map import draw

_NAMES = {
    "Changes": "changes",
    "ModelSpec": "model_spec_records",
    "compare": "changes",
    "depends_on": "references",
    "draw": "section_map",
    "facts": "release_facts",
    "facts_text": "release_facts",
    "graph": "references",
    "measures": "references",
    "read_model_spec": "model_spec",
    "read_model_spec_text": "model_spec",
    "releases": "release_facts",
}

__all__ = [
    "Changes",
    "ModelSpec",
    "compare",
    "depends_on",
    "draw",
    "facts",
    "facts_text",
    "graph",
    "measures",
    "read_model_spec",
    "read_model_spec_text",
    "releases",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _NAMES:
        found = getattr(import_module(f".{_NAMES[name]}", __name__), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
