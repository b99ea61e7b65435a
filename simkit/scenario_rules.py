"""What no single field of a scenario file can see: names that must match, sums that must be 1, tables that must be whole.

Each rule is a generator over plain data.  It takes what it can read and passes over what is malformed (the field checks
speak of that), so that one run finds every problem, also in a file that is broken elsewhere.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Any, TypeGuard

from .files import Path_, Problem, dotted, shown, suggest

TOLERANCE = 1e-6
MAX_COMBINATIONS = 2000
NAMED = {
    "signals": "signal",
    "segments": "segment",
    "constraints": "constraint",
    "responses": "response",
    "contexts": "context",
    "states": "state",
    "observed": "observed model",
}
REFUSALS = ("refuse", "refuse-with-reason")
KINDS = (*REFUSALS, "partial", "answer", "act")


def problems(data: Any) -> Iterator[Problem]:
    """Every cross-field problem of a scenario, given as plain data."""
    if not isinstance(data, dict):
        return
    found = [problem for rule in RULES for problem in rule(data)]
    yield from found
    if not found:
        yield from edited_contexts(data)


# --- reading plain data without trusting it ---------------------------------------------------------------------------


def table(value: Any, *steps: str) -> dict[str, Any]:
    """The mapping at `steps` below `value`, or an empty one."""
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(data: Any, key: str) -> list[tuple[int, dict[str, Any]]]:
    """The mappings in the list `data[key]`, with their positions."""
    value = data.get(key) if isinstance(data, dict) else None
    return [(i, item) for i, item in enumerate(value) if isinstance(item, dict)] if isinstance(value, list | tuple) else []


class AnyName(list[str]):
    """Names of which not all can be read: what declares them is broken, so every other name may be one of them."""

    def __contains__(self, name: object) -> bool:
        return True


def names(data: Any, key: str) -> list[str]:
    """The names of the mappings in the list `data[key]`, each once."""
    value = table(data).get(key, [])
    found = list(dict.fromkeys(item["name"] for _, item in items(data, key) if is_name(item.get("name"))))
    return found if isinstance(value, list | tuple) and len(found) == len(value) else AnyName(found)


def is_name(name: Any) -> bool:
    """Whether a declared name is one that other parts of the file may use."""
    return isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) is not None


def texts(value: Any) -> list[str]:
    """The texts in a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def is_number(value: Any) -> TypeGuard[float]:
    """A finite number, and not a truth."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def combinations(data: Any) -> list[str]:
    """The names of the signal combinations, in the order of the arrays; none if there would be too many."""
    values = [texts(signal.get("values")) for _, signal in items(data, "signals")]
    if not values or math.prod(map(len, values)) > MAX_COMBINATIONS:
        return []
    return ["+".join(parts) for parts in product(*values)]


# --- what many rules say ----------------------------------------------------------------------------------------------


def unknown(name: str, known: Collection[str], path: Path_, what: str) -> Iterator[Problem]:
    """`name` should be one of `known`."""
    if name not in known:
        yield Problem(path, f"no {what} has this name", suggest(name, known), "" if path and path[-1] == name else shown(name))


def unknown_keys(mapping: dict[str, Any], known: Collection[str], path: Path_, what: str) -> Iterator[Problem]:
    """Every name of a mapping should be one of `known`."""
    for name in mapping:
        yield from unknown(name, known, (*path, name), what)


def adds_up(numbers: Sequence[tuple[str, Any]], path: Path_, what: str) -> Iterator[Problem]:
    """Numbers with their labels (all of them numbers) should add up to 1."""
    values = [number for _, number in numbers if is_number(number)]
    total = math.fsum(values)
    if not values or len(values) < len(numbers) or abs(total - 1) <= TOLERANCE:
        return
    rest = values[-1] + 1 - total
    fix = f"if the others are right, {numbers[-1][0]} is {rest:.6g}" if 0 <= rest <= 1 else "divide each by their sum"
    yield Problem(path, f"{what} should add up to 1, not to {total:.6g}", fix)


def labelled(data: Any, key: str, *steps: str) -> list[tuple[str, Any]]:
    """For each mapping in the list `data[key]` its name and what stands at `steps` in it."""
    return [(shown(item.get("name", i), quote=False), table(item, *steps[:-1]).get(steps[-1])) for i, item in items(data, key)]


def cells(base: dict[str, Any], path: Path_) -> Iterator[tuple[str, str, Any, Path_]]:
    """The entries of a table `<segment>.<response>`."""
    for segment, row in base.items():
        for response, entry in row.items() if isinstance(row, dict) else ():
            yield segment, response, entry, (*path, segment, response)


# --- the rules --------------------------------------------------------------------------------------------------------


def unique_names(data: Any) -> Iterator[Problem]:
    """Names and signal values stand once, and the signals do not combine into too many cases."""
    for key, what in NAMED.items():
        seen: set[str] = set()
        for i, item in items(data, key):
            name = item.get("name")
            if isinstance(name, str):
                if name in seen:
                    yield Problem((key, i, "name"), f"another {what} has this name", "rename one", shown(name))
                seen.add(name)
    values = [value for _, signal in items(data, "signals") for value in texts(signal.get("values"))]
    for value, count in Counter(values).items():
        if count > 1:
            yield Problem(("signals",), f"the signal value {shown(value)} stands {count} times", "values are unique in a file")
    if math.prod(max(1, len(texts(signal.get("values")))) for _, signal in items(data, "signals")) > MAX_COMBINATIONS:
        yield Problem(("signals",), f"the signals combine into more than {MAX_COMBINATIONS} cases", "leave out the weakest")


def shares(data: Any) -> Iterator[Problem]:
    """Shares add up to 1 and lie in their intervals."""
    for i, segment in items(data, "segments"):
        yield from interval(table(segment, "share"), ("segments", i, "share"))
    if not isinstance(names(data, "segments"), AnyName):
        yield from adds_up(labelled(data, "segments", "share", "value"), ("segments",), "the shares")
    yield from interval(table(data, "overlap"), ("overlap",))


def interval(share: dict[str, Any], path: Path_) -> Iterator[Problem]:
    """low ≤ value ≤ high, and a positive value has a positive low."""
    ends = [end for end in (share.get(key) for key in ("low", "value", "high")) if is_number(end)]
    if len(ends) < 3:
        return
    low, value, high = ends
    if not low <= value <= high:
        rule = f"low, value, high should rise, not {low:g}, {value:g}, {high:g}"
        yield Problem(path, rule, "swap low and high" if high < low else "widen the interval or move the value")
    elif value > 0 and low == 0:
        yield Problem((*path, "low"), "the low end of a positive share is positive", f"write {value / 100:g} or smaller", "0")


def signal_rows(data: Any) -> Iterator[Problem]:
    """Every segment says how often it sends each value of each signal."""
    for i, segment in items(data, "segments"):
        rows = table(segment, "signals")
        yield from unknown_keys(rows, names(data, "signals"), ("segments", i, "signals"), "signal")
        for name in names(data, "signals"):
            if not rows.get(name) and isinstance(segment.get("signals"), dict):
                yield Problem(("segments", i, "signals"), f"the signal {name} has no row", "say how often each value occurs")
        yield from rows_of_values(data, rows, ("segments", i, "signals"))


def rows_of_values(data: Any, rows: dict[str, Any], path: Path_) -> Iterator[Problem]:
    """The rows of one segment: known values, adding up to 1."""
    for _, signal in items(data, "signals"):
        name, row = signal.get("name"), table(rows, str(signal.get("name")))
        yield from unknown_keys(row, texts(signal.get("values")), (*path, str(name)), f"value of the signal {name}")
        yield from adds_up(list(row.items()), (*path, str(name)), "the chances")


def responses(data: Any) -> Iterator[Problem]:
    """One response is a refusal; refusals cross no constraint; constraints are declared."""
    kinds = [response.get("kind") for _, response in items(data, "responses")]
    if kinds and all(kind in KINDS and kind not in REFUSALS for kind in kinds):
        yield Problem(("responses",), "one response must be a refusal: it is what is left when nothing else is allowed")
    for i, response in items(data, "responses"):
        crossed = texts(response.get("crosses"))
        for j, name in enumerate(crossed):
            yield from unknown(name, names(data, "constraints"), ("responses", i, "crosses", j), "constraint")
        if crossed and response.get("kind") in REFUSALS:
            yield Problem(
                ("responses", i, "crosses"), "a refusal crosses no constraint", "give it another kind or take this out"
            )


def stakes(data: Any) -> Iterator[Problem]:
    """Help is whole; harm and neglect are at most one event."""
    segments, known = names(data, "segments"), names(data, "responses")
    helps = table(data, "stakes", "help")
    if isinstance(table(data, "stakes").get("help"), dict):
        for segment in segments:
            row = table(helps, segment)
            missing = [name for name in known if name not in row]
            misspelt = any(name not in known for name in row) or (
                segment not in helps and any(x not in segments for x in helps)
            )
            if missing and not misspelt and not isinstance(known, AnyName) and not isinstance(segments, AnyName):
                place = ("stakes", "help", segment) if segment in helps else ("stakes", "help")
                yield Problem(place, f"help of {', '.join(missing)} for {segment} is missing", "write 0 if it helps nobody")
    for kind in ("help", "harm", "neglect"):
        yield from stakes_table(data, table(data, "stakes", kind), ("stakes", kind))
    for segment, response in product(segments, known):
        entries = [table(data, "stakes", kind, segment, response).get("chance", 0) for kind in ("harm", "neglect")]
        if all(is_number(entry) and entry <= 1 for entry in entries) and sum(entries) > 1:
            path = ("stakes", "neglect", segment, response)
            yield Problem(path, f"harm and neglect are at most one event, so chances up to 1, not {sum(entries):g}")


def stakes_table(data: Any, rows: dict[str, Any], path: Path_) -> Iterator[Problem]:
    """A table of stakes names segments, responses and severities of the file."""
    yield from unknown_keys(rows, names(data, "segments"), path, "segment")
    for _, response, entry, place in cells(rows, path):
        yield from unknown(response, names(data, "responses"), place, "response")
        severity = table(entry).get("severity")
        if isinstance(severity, str):
            declared = data.get("severities", {})
            known = list(declared) if isinstance(declared, dict) else AnyName()
            yield from unknown(severity, known, (*place, "severity"), "severity")


def question(data: Any) -> Iterator[Problem]:
    """Every segment replies, or there is no question."""
    replies = texts(table(data, "question").get("replies"))
    asked = isinstance(data.get("question"), dict)
    for i, segment in items(data, "segments"):
        row, path = table(segment, "replies"), ("segments", i, "replies")
        if row and not asked:
            yield Problem(path, "there is no question to reply to", "add a question, or take the replies out")
            continue
        yield from unknown_keys(row, replies, path, "reply")
        yield from adds_up(list(row.items()), path, "the chances")
        if asked and not row:
            yield Problem(
                ("segments", i), "the replies to the question are missing", f"one chance each for {', '.join(replies)}"
            )
        if segment.get("learns_from"):
            known = names(data, "segments")
            yield from unknown(str(segment["learns_from"]), known, ("segments", i, "learns_from"), "segment")


def reweighing(data: Any) -> Iterator[Problem]:
    """Contexts and states: whom they multiply, what they forbid, and that somebody is left."""
    for key in ("contexts", "states"):
        for i, item in items(data, key):
            yield from unknown_keys(table(item, "multiply"), names(data, "segments"), (key, i, "multiply"), "segment")
    refusals = {str(r.get("name")) for _, r in items(data, "responses") if r.get("kind") in REFUSALS}
    for i, context in items(data, "contexts"):
        forbidden = texts(context.get("forbid"))
        for j, name in enumerate(forbidden):
            yield from unknown(name, names(data, "responses"), ("contexts", i, "forbid", j), "response")
        if refusals and refusals <= set(forbidden):
            yield Problem(("contexts", i, "forbid"), "an operator cannot rule out every refusal", "leave one")
        for segment, rows in table(context, "signals").items():
            path = ("contexts", i, "signals", segment)
            yield from unknown(segment, names(data, "segments"), path, "segment")
            yield from unknown_keys(table(rows), names(data, "signals"), path, "signal")
        for kind in ("help", "harm", "neglect"):
            yield from stakes_table(data, table(context, "stakes", kind), ("contexts", i, "stakes", kind))
    yield from adds_up(labelled(data, "states", "chance"), ("states",), "the chances")
    yield from somebody_left(data)


def somebody_left(data: Any) -> Iterator[Problem]:
    """In every context, in every state, some segment with a positive share keeps a positive weight."""
    values = labelled(data, "segments", "share", "value")
    base = {name: float(value) for name, value in values if is_number(value)}
    if not base or len(base) < len(values):
        return
    contexts = [("contexts", i, context) for i, context in items(data, "contexts")]
    states = [("states", i, state) for i, state in items(data, "states")]
    for key, i, item in [*contexts, *states]:
        others = states if key == "contexts" else []
        for other in [{}, *(state for _, _, state in others)]:
            weights = [factor(item, name) * factor(other, name) * share for name, share in base.items()]
            if not sum(weights) > 0:
                yield Problem((key, i, "multiply"), "nobody is left to send the message", "leave one segment a weight above 0")
                break


def factor(item: dict[str, Any], segment: str) -> float:
    """The odds weight that a context or a state gives a segment."""
    value = table(item, "multiply").get(segment, 1)
    return float(value) if is_number(value) else 1.0


def observed(data: Any) -> Iterator[Problem]:
    """Counts name signals and responses of the file, and no signal is without any."""
    known = combinations(data)
    for i, model in items(data, "observed"):
        counts = table(model, "counts")
        path: Path_ = ("observed", i, "counts")
        yield from unknown_keys(counts, known, path, "signal")
        for signal in known:
            if not any(is_number(n) and n > 0 for n in table(counts, signal).values()):
                place = (*path, signal) if signal in counts else path
                yield Problem(place, f"nothing was observed on the signal {signal}", "give its counts")
        for _, response, _, place in cells(counts, path):
            yield from unknown(response, names(data, "responses"), place, "response")
        if model.get("same_weights_as"):
            others = [name for name in names(data, "observed") if name != model.get("name")]
            yield from unknown(
                str(model["same_weights_as"]), others, ("observed", i, "same_weights_as"), "other observed model"
            )


RULES = (unique_names, shares, signal_rows, responses, stakes, question, reweighing, observed)


# --- contexts that edit -----------------------------------------------------------------------------------------------


def edited(data: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """The scenario's plain data with one context's edits of signals and stakes written in."""
    changed = table(context, "signals")
    segments = [
        {**segment, "signals": {**table(segment, "signals"), **table(changed, str(segment.get("name")))}}
        for _, segment in items(data, "segments")
    ]
    new = dict(table(data, "stakes"))
    for kind in ("help", "harm", "neglect"):
        rows = {name: dict(table(row)) for name, row in table(new, kind).items()}
        for segment, row in table(context, "stakes", kind).items():
            rows[segment] = {**rows.get(segment, {}), **table(row)}
        new[kind] = rows
    return {**data, "segments": segments, "stakes": new}


def edited_contexts(data: dict[str, Any]) -> Iterator[Problem]:
    """Signals and stakes must also be whole in each context."""
    for i, context in items(data, "contexts"):
        whole = edited(data, context)
        for rule in (signal_rows, stakes):
            for problem in rule(whole):
                yield Problem(("contexts", i), f"with its edits, {dotted(problem.path)}: {problem.rule}", problem.fix)
