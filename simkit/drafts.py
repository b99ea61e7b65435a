"""A file that is being written: plain data beside its JSON Schema, which says what may stand where.

Nothing here knows what a scenario is.  A form shows `entries`, changes the data with `put`, `added`, `renamed`, `copied` and
`removed`, and writes it with `as_yaml`; `schema.check` says what is wrong with it.  No function changes its argument.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from .files import MAX_BYTES, InvalidFile, Path_, Problem, plain_value

Schema = dict[str, Any]
#: A list or a mapping with more fields than this is a menu of what is inside, and not all of it at once.
MANY = 36
SHARED = "simkit-scenario-"


@dataclass(frozen=True)
class Entry:
    """One line of a form: where it is, what it is, and what stands there.

    `kind` is text, long, number, truth, choice or names (a list of texts); head (what follows is inside) or inside (a menu).
    """

    path: Path_
    kind: str
    value: Any = None
    about: str = ""
    needed: bool = False
    choices: tuple[str, ...] = ()


# --- the schema -------------------------------------------------------------------------------------------------------


def node_at(schema: Schema, data: Any, path: Path_ = ()) -> Schema:
    """What may stand at a place, where the data decides which kind of record it is."""
    node = _resolved(schema, schema, data)
    for step in path:
        data = value_at(data, (step,)) if isinstance(data, dict | list) else None
        node = _resolved(schema, _inside(node, step), data)
    return node


def _inside(node: Schema, step: str | int) -> Schema:
    if isinstance(step, int):
        return node.get("items", {})
    patterns = [*node.get("patternProperties", {}).values(), node.get("additionalProperties"), None]
    found = node.get("properties", {}).get(step, patterns[0])
    return found if isinstance(found, dict) else {}


def _resolved(schema: Schema, node: Schema, data: Any) -> Schema:
    """A node without references; of several kinds the one that the data names, else the first."""
    if "$ref" in node:
        rest = {name: value for name, value in node.items() if name != "$ref"}
        return _resolved(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[-1]] | rest, data)
    kinds = [each for each in node.get("oneOf") or node.get("anyOf") or [] if each.get("type") != "null"]
    if not kinds:
        return node
    about = node.get("discriminator", {"propertyName": "", "mapping": {}})
    named = data.get(about["propertyName"]) if isinstance(data, dict) else None
    chosen = {"$ref": about["mapping"][named]} if named in about["mapping"] else kinds[0]
    found = _resolved(schema, chosen, data)
    if not about["mapping"]:
        return found
    choice = {"type": "string", "enum": list(about["mapping"])}
    return found | {"properties": found["properties"] | {about["propertyName"]: choice}}


def value_at(place: Any, path: Path_) -> Any:
    """What stands at a place; None if nothing does."""
    data: Any = place
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        else:
            data = data[step] if isinstance(data, list) and isinstance(step, int) and step < len(data) else None
    return data


def _is_block(node: Schema) -> bool:
    """Whether a place holds more places; a list of texts is one line."""
    return node.get("type") == "object" or (node.get("type") == "array" and node["items"].get("type") != "string")


def blank(schema: Schema, node: Schema) -> Any:
    """The least that may stand at a place: what a record needs, with empty values to be filled in."""
    node = _resolved(schema, node, None)
    if "properties" in node:
        return {name: blank(schema, node["properties"][name]) for name in node.get("required", [])}
    if "const" in node or "enum" in node:
        return node.get("const") or node["enum"][0]
    if node.get("type") == "array":
        return [blank(schema, node["items"]) for _ in range(node.get("minItems", 0))] if _is_block(node) else []
    return {"object": {}, "boolean": False, "number": 0, "integer": 0}.get(node.get("type", ""), "")


# --- what a form shows ------------------------------------------------------------------------------------------------


def entries(schema: Schema, data: Any, path: Path_ = ()) -> list[Entry]:
    """The lines of a form for what stands at a place, and for the values that may be filled in."""
    value, node = value_at(data, path) or {}, node_at(schema, data, path)
    steps: list[str | int] = [*range(len(value))] if isinstance(value, list) else [*value]
    for name, each in node.get("properties", {}).items():
        if name not in steps and not _is_block(_resolved(schema, each, None)):
            steps.append(name)
    return [line for step in steps for line in _lines(schema, data, (*path, step))]


def _lines(schema: Schema, data: Any, path: Path_) -> Iterator[Entry]:
    node, outer, value = node_at(schema, data, path), node_at(schema, data, path[:-1]), value_at(data, path)
    needed, about = path[-1] in outer.get("required", [path[-1]]), node.get("description", "")
    if isinstance(value, dict | list) and _is_block(node):
        inner = [] if isinstance(value, list) else entries(schema, data, path)
        many = isinstance(value, list) or len(inner) > MANY or "oneOf" in _inside(node, "")
        yield Entry(path, "inside" if many else "head", value, about, needed)
        yield from () if many else inner
        return
    choices = tuple(node.get("enum", [node["const"]] if "const" in node else []))
    kinds = {"number": "number", "integer": "number", "boolean": "truth", "array": "names"}
    kind = kinds.get(node.get("type", ""), "long" if node.get("maxLength", 0) > 1000 else "text")
    yield Entry(path, "choice" if choices else kind, value, about, needed, choices)


def blocks(schema: Schema, data: Any, path: Path_ = ()) -> list[Path_]:
    """The places in the form for a place into which more can be put: itself, and the blocks that it shows."""
    return [path, *(each.path for each in entries(schema, data, path) if each.kind in ("head", "inside"))]


def addable(schema: Schema, data: Any, path: Path_) -> list[str]:
    """The blocks that a record may still take; an empty name if names are free, or for one more in a list."""
    node, value = node_at(schema, data, path), value_at(data, path)
    if "properties" not in node:
        return [""]
    each = ((name, _resolved(schema, inside, None)) for name, inside in node["properties"].items())
    return [name for name, inside in each if name not in value and _is_block(inside)]


def removable(schema: Schema, data: Any, path: Path_) -> list[str | int]:
    """What can be taken out of a block: entries with free names, entries of a list, blocks that a record does not need."""
    node, value = node_at(schema, data, path), value_at(data, path)
    if isinstance(value, list):
        return list(range(len(value)))
    needed = node.get("required", [])
    return [
        name
        for name, held in value.items()
        if "properties" not in node or (name not in needed and isinstance(held, dict | list))
    ]


def doors(schema: Schema, data: Any, path: Path_) -> list[Path_]:
    """The places that a menu opens: a record itself, or each entry of a list or of free names."""
    held = value_at(data, path)
    steps = range(len(held)) if isinstance(held, list) else held
    return [path] if "properties" in node_at(schema, data, path) else [(*path, step) for step in steps]


def home(schema: Schema, data: Any, path: Path_) -> Path_:
    """The place whose form shows a path, or what is nearest to it."""
    here: Path_ = ()
    while True:
        menus = [
            each.path for each in entries(schema, data, here) if each.kind == "inside" and each.path == path[: len(each.path)]
        ]
        inside = next((door for menu in menus for door in doors(schema, data, menu) if door == path[: len(door)]), None)
        if inside is None or inside == here:
            return here
        here = inside


def title(data: Any, path: Path_) -> str:
    """What a place is called: the name of its record if it is one of a list."""
    held = value_at(data, path)
    step = path[-1] if path else "scenario"
    named = held.get("name") if isinstance(held, dict) and isinstance(step, int) else None
    return str(named or (step + 1 if isinstance(step, int) else step))


# --- changes ----------------------------------------------------------------------------------------------------------


def typed(text: str, kind: str) -> Any:
    """What a text in a field stands for: as in a file, a number if it is one."""
    if kind == "names":
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind == "truth":
        return text == "true"
    found = plain_value(text.strip()) if kind == "number" else text
    return found if isinstance(found, int | float) and not isinstance(found, bool) else text


def put(schema: Schema, data: Any, path: Path_, value: Any) -> Any:
    """The data with a value at a place; one that is empty is left out where nothing is needed.

    A record of another kind keeps what the new kind knows and gets what it needs; another name is written everywhere.
    """
    made, node = deepcopy(data), node_at(schema, data, path[:-1])
    before, holder = value_at(data, path), value_at(made, path[:-1])
    if value in ("", []) and path[-1] not in node.get("required", [path[-1]]):
        holder.pop(path[-1], None)
        return made
    holder[path[-1]] = value
    if path[-1] == "name" and before and value:
        return _renamed(schema, made, lambda name: [value if name == before else name])
    new = node_at(schema, made, path[:-1])
    if new.get("properties", {}).keys() != node.get("properties", {}).keys():
        kept = {name: held for name, held in holder.items() if name in new["properties"]}
        needed = {name: blank(schema, new["properties"][name]) for name in new["required"]}
        value_at(made, path[:-2])[path[-2]] = needed | kept
    return made


def added(schema: Schema, data: Any, path: Path_, name: str) -> Any:
    """The data with one more entry: a block of a record, a free name, or a list's next entry.

    A next entry that has a name is a copy of the last, and stands wherever that one stood: with its stakes and signals.
    """
    made, node = deepcopy(data), node_at(schema, data, path)
    holder = value_at(made, path)
    if isinstance(holder, dict):
        inside = _inside(node, name)
        holder.setdefault(name, blank(schema, inside))
        return made
    last = holder[-1] if holder else None
    if not isinstance(last, dict) or "name" not in last:
        holder.append(blank(schema, node["items"]) | ({"name": name} if name else {}))
        return made
    holder.append(deepcopy(last) | {"name": name})
    holder[-1].pop("label", None)
    return _renamed(schema, made, lambda known: [known, name] if known == last["name"] else [known], keys=True)


def removed(schema: Schema, data: Any, path: Path_) -> Any:
    """The data without a place; a name that goes with it goes everywhere."""
    made, held = deepcopy(data), value_at(data, path)
    del value_at(made, path[:-1])[path[-1]]
    gone = held.get("name") if isinstance(held, dict) and isinstance(path[-1], int) else None
    return _renamed(schema, made, lambda name: [] if name == gone else [name]) if gone else made


def _renamed(schema: Schema, data: Any, change: Callable[[str], list[str]], keys: bool = False) -> Any:
    """Every free name, and with `keys` only those that stand for something, as what a function makes of it."""

    def walk(node: Schema, held: Any) -> Any:
        node = _resolved(schema, node, held)
        if isinstance(held, dict):
            free = "properties" not in node
            return {k: walk(_inside(node, name), x) for name, x in held.items() for k in (change(name) if free else [name])}
        if isinstance(held, list) and not _is_block(node):
            return held if keys else [k for name in held for k in change(name)]
        if isinstance(held, list):
            return [walk(_inside(node, place), x) for place, x in enumerate(held)]
        new = change(held) if isinstance(held, str) and "pattern" in node and not keys else [held]
        return new[0] if len(new) == 1 else held

    return walk(schema, data)


# --- as text ----------------------------------------------------------------------------------------------------------

PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9 _./()'+?!;-]*[A-Za-z0-9_./()'+?!;-])?")


def as_yaml(data: Any) -> str:
    """Plain data as YAML 1.2, as a person would write it; `files.parse` reads the same data from it."""
    return "\n".join(_block(data)) + "\n" if isinstance(data, dict | list) and data else _flow(data) + "\n"


def _block(data: Any) -> list[str]:
    pairs = data.items() if isinstance(data, dict) else (("", each) for each in data)
    lines: list[str] = []
    for key, held in pairs:
        start, flow = f"{_flow(key)}:" if isinstance(data, dict) else "-", _flow(held)
        nested = isinstance(held, dict | list) and any(isinstance(x, dict | list) and x for x in _values(held))
        if not (isinstance(held, dict | list) and held) or (not nested and len(flow) <= 100):
            lines.append(f"{start} {flow}")
        elif isinstance(data, list):
            lines += [("- " if i == 0 else "  ") + line for i, line in enumerate(_block(held))]
        else:
            lines += [start, *(line if isinstance(held, list) else f"  {line}" for line in _block(held))]
    return lines


def _values(held: Any) -> Any:
    return held.values() if isinstance(held, dict) else held


def _flow(held: Any) -> str:
    if isinstance(held, dict):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(each)}" for name, each in held.items()) + "}"
    if isinstance(held, list):
        return "[" + ", ".join(map(_flow, held)) + "]"
    if isinstance(held, str) and PLAIN.fullmatch(held) and plain_value(held) == held:
        return held
    return json.dumps(held, ensure_ascii=False)


def shared(data: Any) -> str:
    """The data as one short text, which `unshared` reads."""
    return SHARED + urlsafe_b64encode(zlib.compress(json.dumps(data).encode(), 9)).decode()


def unshared(text: str) -> Any:
    """The data in a text that `shared` wrote.  An `InvalidFile` if it is damaged or too large."""
    try:
        packed = zlib.decompressobj()
        content = packed.decompress(urlsafe_b64decode(text.strip().removeprefix(SHARED)), MAX_BYTES)
        if not packed.eof:
            raise ValueError
        return json.loads(content)
    except (ValueError, zlib.error, RecursionError):
        raise InvalidFile("the shared scenario", [Problem((), "this text is cut or damaged", "copy it again, whole")]) from None
