"""Checked records: every error at once, with line, path, value, rule and likely fix, in this project's words.

Records are frozen pydantic dataclasses: unknown names are forbidden, numbers are not guessed from text, and
`dataclasses.replace` checks again.  `check` turns a parsed tree into a record or raises `InvalidFile` with all problems:
those of single fields and those of the record's own rules, which see all of the data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, wraps
from itertools import chain, islice
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass
from pydantic.types import Strict

from .files import MAX_FOUND, InvalidFile, Path_, Problem, Tree
from .text import near, shown, suggest

T = TypeVar("T")
Scalar = str | int | float

Name = Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=60)]
NoName = Annotated[str, Strict(), StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*)?$", max_length=60)]
Label = Annotated[str, Strict(), StringConstraints(max_length=60)]
Combination = Annotated[str, Strict(), StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=400)]
Text = Annotated[str, Strict(), StringConstraints(min_length=1, max_length=4000)]
Note = Annotated[str, Strict(), StringConstraints(max_length=4000)]
Truth = Annotated[bool, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False, ge=-1e15, le=1e15)]
Amount = Annotated[float, Strict(), Field(allow_inf_nan=False, ge=0, le=1e15)]
Positive = Annotated[float, Strict(), Field(allow_inf_nan=False, gt=0, le=1e15)]
Probability = Annotated[float, Strict(), Field(allow_inf_nan=False, ge=0, le=1)]
Count = Annotated[int, Strict(), Field(ge=0, le=10**12)]


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(kind: type[T]) -> type[T]:
    """Decorator of every record that a file can hold: frozen, unknown names forbidden, documented by its own docstrings.

    Made in Python it refuses what a file may not hold in the same words: a ValueError with all that is wrong.
    """
    settings = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    made: Any = pydantic_dataclass(frozen=True, kw_only=True, config=settings)(kind)
    make = made.__init__

    @wraps(make)
    def refusing(self: Any, *given: Any, **named: Any) -> None:
        try:
            make(self, *given, **named)
        except ValidationError as error:
            own = [each["msg"].removeprefix("Value error, ") for each in error.errors() if each["type"] == "value_error"]
            found = [f"{kind.__name__}: {problem}" for problem in field_problems(made, _faults(error, named))]
            raise ValueError("\n".join(found or own)) from None

    made.__init__ = refusing
    return made


def no_entries() -> Any:
    """The default of a mapping that a file may leave out."""
    return Field(default_factory=dict)


#: A record's cross-field rules: the place of its data in, problems (without lines) out.
Check = Callable[["Place"], Iterable[Problem]]


def check(kind: type[T], tree: Tree, rules: Check | None = None) -> T:
    """The record of class `kind` that `tree` describes, or `InvalidFile` with *all* its problems."""
    problems, found = list(tree.problems), None
    try:
        found = adapter(kind).validate_python(tree.data)  # type: ignore[arg-type]
    except ValidationError as error:  # a record's own rules have run by then only if its fields are right
        faults = _faults(error, tree.data)
        problems += field_problems(kind, faults[:MAX_FOUND])
        broken = frozenset(path for path, entry in faults if entry["type"] != "too_short")  # what is there is sound
        problems += rules(Place(tree.data, faults=broken)) if rules is not None else ()
    if problems or found is None:
        raise InvalidFile(tree.name, _in_order(problems, tree.lines))
    return found


def obey(rules: Check, whole: Any) -> None:
    """A ValueError with all that the cross-field rules of a record find wrong with it."""
    wrong = list(rules(Place(adapter(type(whole)).dump_python(whole))))  # type: ignore[arg-type]
    if wrong:
        raise ValueError("\n".join(map(str, wrong)))


@cache
def adapter(kind: type[T]) -> TypeAdapter[T]:
    """Checks plain data against a record, and turns a record into plain data."""
    return TypeAdapter(kind)


@cache
def json_schema(kind: type) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a record, for editors that complete and check while one types."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **adapter(kind).json_schema()}


def _faults(error: ValidationError, data: Any) -> list[tuple[Path_, Any]]:
    """Each of pydantic's field errors with the place in the file that it is about."""
    found = []
    for entry in error.errors(include_url=False):
        own = not entry["loc"] and entry["type"] == "value_error"  # the cross-field rules: `check` runs them, with paths
        enough = entry["type"] == "too_short" and len(entry["input"]) >= entry["ctx"]["min_length"]  # but some are wrong
        if not own and not enough:
            found.append((_data_path(entry["loc"], data, missing=entry["type"] == "missing"), entry))
    return found


def field_problems(kind: type, faults: list[tuple[Path_, Any]]) -> Iterator[Problem]:
    """Each of pydantic's field errors as a `Problem` in this project's words."""
    strange = [path for path, entry in faults if entry["type"] == "unexpected_keyword_argument"]
    meant = {(*path[:-1], near(str(path[-1]), fields_at(json_schema(kind), path[:-1]))) for path in strange}
    for path, entry in faults:
        missing = entry["type"] == "missing"
        if missing and path in meant:
            continue  # it stands there, misspelt
        rule, fix = _said(kind, path, entry)
        yield Problem(path, rule, fix, shown(entry["input"]) if isinstance(entry["input"], Scalar) and not missing else "")


def _data_path(loc: Path_, data: Any, *, missing: bool) -> Path_:
    """`loc` without the steps that pydantic adds for unions: they name a class, not a place in the file."""
    path: list[str | int] = []
    for number, step in enumerate(loc):
        inside = (isinstance(data, dict) and step in data) or (isinstance(data, list) and isinstance(step, int))
        if inside:
            data = data[step]
        elif number < len(loc) - 1 or not missing:
            continue
        path.append(step)
    return tuple(path)


def _not_a_number(entry: Any) -> tuple[str, str]:
    value = entry["input"].strip() if isinstance(entry["input"], str) else ""
    try:
        number = float(value.removesuffix("%").replace(",", ".", 1))
    except ValueError:
        return "it should be a number", ""
    if value.endswith("%") and math.isfinite(number):
        return "it should be a number", f"write {number / 100:g}"
    return "it should be a number", "write it without quotes" if "," not in value else f"write {number:g}, with a point"


def _too_large(entry: Any) -> tuple[str, str]:
    limit, value = entry["ctx"]["le"], entry["input"]
    fix = f"if {value:g}% is meant, write {value / 100:g}" if limit == 1 and 2 <= value <= 100 else ""
    return f"it should be at most {limit:g}", fix


def _bad_name(entry: Any) -> tuple[str, str]:
    good = re.sub(r"[^A-Za-z0-9._-]+", "-", re.sub(r"<[^>]*>", "", str(entry["input"]))).strip("-._")
    return "a name is letters, digits, dots, dashes and underscores", f"write {good[:60]}" if good else ""


def _not_whole(entry: Any) -> tuple[str, str]:
    value = entry["input"]
    return "it should be a whole number", f"write {value:.0f}" if isinstance(value, float) and value.is_integer() else ""


def _not_a_truth(entry: Any) -> tuple[str, str]:
    truth = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(entry["input"]).lower())
    return "it should be true or false", f"write {truth}" if truth else ""


def _not_one_of(entry: Any) -> tuple[str, str]:
    known = re.findall(r"'([^']*)'", entry["ctx"]["expected"])
    near = suggest(str(entry["input"]), known)
    return f"it should be one of {', '.join(known)}", near if near.startswith("did") else ""


def _bad_kind(entry: Any) -> tuple[str, str]:
    kinds = [kind.strip(" '") for kind in entry["ctx"]["expected_tags"].split(",")]
    return f"no kind is called {shown(entry['ctx']['tag'])}", suggest(str(entry["ctx"]["tag"]), kinds)


#: Pydantic's error types: a rule and a fix, or a function that finds them.
_WORDS: dict[str, tuple[str, str] | Callable[[Any], tuple[str, str]]] = {
    "missing": ("this name is missing", "add it"),
    "float_type": _not_a_number,
    "float_parsing": _not_a_number,
    "int_type": _not_whole,
    "bool_type": _not_a_truth,
    "literal_error": _not_one_of,
    "string_type": lambda entry: ("it should be text", "put it in quotes" if isinstance(entry["input"], Scalar) else ""),
    "dict_type": ("it should be a block of names and values", ""),
    "tuple_type": ("it should be a list", ""),
    "less_than_equal": _too_large,
    "greater_than_equal": lambda entry: (f"it should be at least {entry['ctx']['ge']:g}", ""),
    "greater_than": lambda entry: (f"it should be more than {entry['ctx']['gt']:g}", ""),
    "string_pattern_mismatch": _bad_name,
    "string_too_short": ("it should not be empty", ""),
    "too_short": lambda entry: (f"too few stand here: at least {entry['ctx']['min_length']}", "add what is missing"),
    "too_long": lambda entry: (f"too many stand here: at most {entry['ctx']['max_length']}", "take some out"),
    "union_tag_invalid": _bad_kind,
    "union_tag_not_found": ("its kind is missing", "add kind: point, lognormal, gamma, pareto or table"),
}


def _said(kind: type, path: Path_, entry: Any) -> tuple[str, str]:
    """The rule that a field error breaks, and the likely fix."""
    if entry["type"] == "unexpected_keyword_argument":
        return "this name is unknown here", suggest(str(path[-1]), fields_at(json_schema(kind), path[:-1]))
    if entry["type"] == "dataclass_type":
        fields = fields_at(json_schema(kind), path)[:6]
        return "it should be a block of names and values", f"such as {{{', '.join(f'{name}: …' for name in fields)}}}"
    said: str = entry["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    words = _WORDS.get(entry["type"], (said[:1].lower() + said[1:], ""))
    return words(entry) if callable(words) else words


def fields_at(schema: dict[str, Any], path: Path_) -> list[str]:
    """The names that may stand at `path`, read off the JSON Schema."""
    nodes = [schema]
    for step in path:
        nodes = [child for node in _resolved(nodes, schema) for child in _children(node, step)]
    found = list(_resolved(nodes, schema))
    needed = [name for node in found for name in node.get("required", [])]
    return [*needed, *(name for node in found for name in node.get("properties", {}) if name not in needed)]


def _resolved(nodes: list[dict[str, Any]], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        choices = node.get("oneOf", node.get("anyOf"))
        yield from _resolved(choices, schema) if choices else [node]


def _children(node: dict[str, Any], step: str | int) -> list[dict[str, Any]]:
    if isinstance(step, int):
        return [node["items"]] if "items" in node else []
    patterns = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    child = node.get("properties", {}).get(step, patterns[0])
    return [child] if isinstance(child, dict) else []


def _in_order(problems: Iterable[Problem], lines: Mapping[Path_, int]) -> list[Problem]:
    """Problems with their lines, in the order of the file; the first that is said of a place is kept."""
    kept: dict[tuple[Path_, int], Problem] = {}
    for problem in problems:
        placed = problem if problem.line else replace(problem, line=_nearest(problem.path, lines))
        kept.setdefault((placed.path, placed.line) if placed.path else ((placed.rule,), placed.line), placed)
    return sorted(kept.values(), key=lambda problem: problem.line)


def _nearest(path: Path_, lines: Mapping[Path_, int]) -> int:
    return next((lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in lines), 1)


# --- what a record's cross-field rules see -----------------------------------------------------------------------------


#: Names that may be used; None where what declares them is itself broken, so that every name may be one.
Names = Collection[str] | None


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a file: what its record's fields accept there (`value`; None if nothing is), and the places below.

    A rule walks from place to place and need not ask what is well formed: what a field refuses is not there.
    """

    value: Any
    path: Path_ = ()
    faults: frozenset[Path_] = frozenset()
    """Where the field checks found something wrong."""

    def __getitem__(self, step: str | int) -> Place:
        path, held = (*self.path, step), None
        if path not in self.faults:
            if isinstance(self.value, dict):
                held = self.value.get(step)
            elif isinstance(self.value, list | tuple) and isinstance(step, int) and step < len(self.value):
                held = self.value[step]
        return Place(held, path, self.faults)

    def __iter__(self) -> Iterator[Place]:
        """The places of a list or a mapping, in order."""
        steps = self.value if isinstance(self.value, dict) else range(len(self))
        return (self[step] for step in steps)

    def __len__(self) -> int:
        return len(self.value) if isinstance(self.value, dict | list | tuple) else 0

    @property
    def name(self) -> str:
        """What stands here if that is a name, else the name under which it stands."""
        return self.value if isinstance(self.value, str) else str(self.path[-1])

    @property
    def given(self) -> bool:
        """Whether something stands here, be it broken."""
        return self.value is not None or self.path in self.faults

    def wrong(self, rule: str, fix: str = "") -> Problem:
        """The problem that this place breaks a rule."""
        return Problem(self.path, rule, fix, shown(self.value) if isinstance(self.value, Scalar) else "")


def known(entries: Place) -> Names:
    """The names in a list (its texts, or the names of its entries); None if one of them is broken or stands twice."""
    found = [entry.value if isinstance(entry.value, str) else entry["name"].value for entry in entries]
    good = dict.fromkeys(name for name in found if name is not None)
    return good if len(good) == len(found) and entries.path not in entries.faults else None


def unknown(places: Iterable[Place], good: Names, what: str) -> Iterator[Problem]:
    """The name at each place (or under which it stands) should be one of the `good` ones, where these are known."""
    for place in places:
        if good is not None and place.name and place.name not in good:
            said = shown(place.value) if isinstance(place.value, str) else ""
            yield Problem(place.path, f"no {what} has this name", suggest(place.name, good), said)


def twice(places: Iterable[Place], what: str, fix: str) -> Iterator[Problem]:
    """No two places hold the same name."""
    seen: set[str] = set()
    for place in places:
        if place.value in seen:
            yield place.wrong(f"another {what} has this name", fix)
        elif place.value is not None:
            seen.add(place.value)


def too_many(whole: Place, limits: Mapping[str, tuple[str, int]], fix: str) -> Iterator[Problem]:
    """A list holds at most so many of what its entries are called."""
    for key, (what, most) in limits.items():
        if len(whole[key]) > most:
            yield Problem((key,), f"a file has at most {most} {what}s, not {len(whole[key])}", fix)


def all_problems(whole: Place, rules: Iterable[Check], large: Iterable[Problem]) -> Iterator[Problem]:
    """What all rules find wrong with a file; only its size if it is too large."""
    return iter(list(large) or islice(chain.from_iterable(rule(whole) for rule in rules), MAX_FOUND))
