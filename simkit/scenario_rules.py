"""What no single field of a scenario file can see: names that must match, sums that must be 1, tables that must be whole.

Each rule is a generator over plain data.  It takes what it can read and passes over what is malformed (the field checks
speak of that), so that one run finds every problem, also in a file that is broken elsewhere.  One slip should be one
problem: where a list of names is itself broken, no other name is said to be unknown, and a misspelt name is not also missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain, islice, product
from typing import Any, Literal, get_args

from .files import MAX_FOUND, Path_, Problem, near, shown, suggest
from .plain import Names, is_chance, is_number, items, known, known_values, listed, names, table, texts, whole

TOLERANCE = 1e-6
MAX_COMBINATIONS = 2000
MAX_CELLS = 1_000_000  # segments × signal combinations × responses
#: The lists whose entries have names: what an entry is called, and how many there may be.
NAMED = {
    "signals": ("signal", 20),
    "segments": ("segment", 200),
    "constraints": ("constraint", 100),
    "responses": ("response", 100),
    "contexts": ("context", 100),
    "states": ("state", 50),
    "observed": ("observed model", 100),
}
Kind = Literal["refuse", "refuse-with-reason", "partial", "answer", "act"]
REFUSALS: tuple[Kind, ...] = ("refuse", "refuse-with-reason")
KINDS = get_args(Kind)
EVENTS = ("harm", "neglect")


def problems(data: Any) -> Iterator[Problem]:
    """Every cross-field problem of a scenario, given as plain data; only its size if it is too large."""
    if isinstance(data, dict):
        large = list(too_large(data))
        yield from large or islice(chain.from_iterable(rule(data) for rule in RULES), MAX_FOUND)


# --- what many rules say ----------------------------------------------------------------------------------------------


def combinations(data: Any) -> Names:
    """The names of the signal combinations, in the order of the arrays."""
    values = [known_values(signal) or () for _, signal in items(data, "signals")]
    if not values or known(data, "signals") is None or not all(values):
        return None
    return dict.fromkeys("+".join(parts) for parts in product(*values))


def unknown(name: Any, good: Names, path: Path_, what: str) -> Iterator[Problem]:
    """`name` should be one of the `good` ones, where it is known which these are."""
    if isinstance(name, str) and good is not None and name not in good:
        yield Problem(path, f"no {what} has this name", suggest(name, good), "" if path and path[-1] == name else shown(name))


def unknown_keys(mapping: dict[str, Any], good: Names, path: Path_, what: str) -> Iterator[Problem]:
    """Every name of a mapping should be one of the `good` ones."""
    for name in mapping:
        yield from unknown(name, good, (*path, name), what)


def left_out(mapping: dict[str, Any], wanted: Iterable[str]) -> list[str]:
    """The wanted names that a mapping lacks, but for those that a misspelt name in it stands for."""
    wanted = dict.fromkeys(() if "<<" in mapping else wanted)  # what a merge key would bring is not missing
    strange = islice((name for name in mapping if name not in wanted), 20)
    meant = {near(name, wanted) for name in strange}
    return [name for name in wanted if name not in mapping and name not in meant]


def twice(pairs: Iterable[tuple[Path_, Any]], what: str, fix: str) -> Iterator[Problem]:
    """No two of the texts (each with its path) are the same."""
    seen: set[str] = set()
    for path, text in pairs:
        if isinstance(text, str):
            if text in seen:
                yield Problem(path, f"another {what} has this name", fix, shown(text))
            seen.add(text)


def adds_up(numbers: Iterable[tuple[Any, Any]], path: Path_, what: str) -> Iterator[Problem]:
    """Chances with their labels (all of them chances) should add up to 1."""
    pairs = list(numbers)
    values = [value for _, value in pairs if is_chance(value)]
    total = math.fsum(values)
    if len(values) < len(pairs) or abs(total - 1) <= TOLERANCE:
        return
    rest = round(values[-1] + 1 - total, 9) if values else -1
    fix = f"if the others are right, {shown(pairs[-1][0], quote=False)} is {rest:.6g}" if 0 <= rest <= 1 else ""
    otherwise = "divide each by their sum" if total else "say how often each occurs"
    yield Problem(path, f"{what} should add up to 1, not to {total:.6g}", fix or otherwise)


def cells(base: dict[str, Any], path: Path_) -> Iterator[tuple[str, str, Any, Path_]]:
    """The entries of a table `<segment>.<response>`."""
    for segment, row in base.items():
        for response, entry in row.items() if isinstance(row, dict) else ():
            yield segment, response, entry, (*path, segment, response)


# --- the rules --------------------------------------------------------------------------------------------------------


def too_large(data: Any) -> Iterator[Problem]:
    """Tables stay small enough to be written out: a small file must not ask for all of the memory."""
    for key, (what, most) in NAMED.items():
        count = len(data[key]) if isinstance(data.get(key), list | tuple) else 0
        if count > most:
            rule = f"a file has at most {most} {what}s, not {count}"
            yield Problem((key,), rule, "put the smallest together")
    cases = math.prod(max(1, len(texts(signal.get("values")))) for _, signal in items(data, "signals"))
    if cases > MAX_COMBINATIONS:
        yield Problem(("signals",), f"the signals combine into more than {MAX_COMBINATIONS} cases", "leave out the weakest")
    elif cases * len(items(data, "segments")) * len(items(data, "responses")) > MAX_CELLS:
        rule = f"segments × signal combinations × responses are more than {MAX_CELLS} cells"
        yield Problem(("signals",), rule, "leave out the weakest signal")


def unique_names(data: Any) -> Iterator[Problem]:
    """Names, signal values and replies stand once, also beside the policy that reports call best."""
    for key, (what, _) in NAMED.items():
        yield from twice((((key, i, "name"), item.get("name")) for i, item in items(data, key)), what, "rename one")
    for key in ("responses", "observed"):
        for i, item in items(data, key):
            if item.get("name") == "best":
                yield Problem((key, i, "name"), "reports call the best policy so", "choose another name", '"best"')
    values: list[tuple[Path_, Any]] = []
    for i, signal in items(data, "signals"):
        values += listed(signal.get("values"), ("signals", i, "values"))
        if signal.get("values") in ([], ()):
            yield Problem(("signals", i, "values"), "a signal has a value", "write at least one, such as [bare]")
    yield from twice(values, "signal value", "values are unique in a file")
    yield from twice(listed(table(data, "question").get("replies"), ("question", "replies")), "reply", "take one out")


def shares(data: Any) -> Iterator[Problem]:
    """Shares add up to 1 and lie in their intervals."""
    for i, segment in items(data, "segments"):
        yield from interval(table(segment, "share"), ("segments", i, "share"))
    values = [(segment.get("name"), table(segment, "share").get("value")) for _, segment in items(data, "segments")]
    if values and len(values) == len(data["segments"]):
        yield from adds_up(values, ("segments",), "the shares")
    yield from interval(table(data, "overlap"), ("overlap",))


def interval(share: dict[str, Any], path: Path_) -> Iterator[Problem]:
    """low ≤ value ≤ high, and a positive value has a positive low."""
    ends = [end for end in (share.get(key) for key in ("low", "value", "high")) if is_chance(end)]
    if len(ends) < 3:
        return
    low, value, high = ends
    if not low <= value <= high:
        rule = f"low, value, high should rise, not {low:g}, {value:g}, {high:g}"
        yield Problem(path, rule, "swap low and high" if high < low else "widen the interval or move the value")
    elif value > 0 and low == 0:
        fix = f"write {value / 100 or value:g} or smaller"
        yield Problem((*path, "low"), "the low end of a positive share is positive", fix, "0")


def signal_rows(data: Any) -> Iterator[Problem]:
    """Every segment says how often it sends each value of each signal."""
    for i, segment in items(data, "segments"):
        rows, path = table(segment, "signals"), ("segments", i, "signals")
        yield from unknown_keys(rows, known(data, "signals"), path, "signal")
        if isinstance(segment.get("signals"), dict) and known(data, "signals") is not None:
            for name in left_out(rows, names(data, "signals")):
                yield Problem(path, f"the signal {name} has no row", "say how often each value occurs")
        yield from rows_of_values(data, rows, path)


def rows_of_values(data: Any, rows: dict[str, Any], path: Path_) -> Iterator[Problem]:
    """The rows of one segment: known values, adding up to 1."""
    for _, signal in items(data, "signals"):
        name = signal.get("name")
        row = rows.get(name) if isinstance(name, str) else None
        if isinstance(name, str) and isinstance(row, dict):
            values = known_values(signal)
            yield from unknown_keys(row, values, (*path, name), f"value of the signal {name}")
            if row or values is not None:
                yield from adds_up(row.items(), (*path, name), "the chances")


def carried(data: Any) -> Iterator[Problem]:
    """A message comes with a value of its signal."""
    for i, signal in items(data, "signals"):
        path = ("signals", i, "carries")
        yield from unknown_keys(table(signal, "carries"), known_values(signal), path, "value of this signal")


def responses(data: Any) -> Iterator[Problem]:
    """One response is a refusal; refusals cross no constraint; constraints are declared."""
    kinds = [response.get("kind") for _, response in items(data, "responses")]
    if kinds and all(kind in KINDS and kind not in REFUSALS for kind in kinds):
        rule = "one response must be a refusal: it is what is left when nothing else is allowed"
        yield Problem(("responses",), rule, "add one of kind refuse or refuse-with-reason")
    for i, response in items(data, "responses"):
        crossed = texts(response.get("crosses"))
        for j, name in enumerate(crossed):
            yield from unknown(name, known(data, "constraints"), ("responses", i, "crosses", j), "constraint")
        if crossed and response.get("kind") in REFUSALS:
            fix = "give it another kind or take this out"
            yield Problem(("responses", i, "crosses"), "a refusal crosses no constraint", fix)


def stakes(data: Any) -> Iterator[Problem]:
    """Help is whole; harm and neglect are at most one event, in the file and in each of its contexts."""
    base = table(data, "stakes")
    if isinstance(base.get("help"), dict):
        yield from whole_help(data, base["help"])
    yield from stakes_tables(data, base, ("stakes",))
    yield from one_event({}, base, ("stakes",))
    for i, context in items(data, "contexts"):
        edits, path = table(context, "stakes"), ("contexts", i, "stakes")
        yield from stakes_tables(data, edits, path)
        yield from one_event(base, edits, path)


def whole_help(data: Any, helps: dict[str, Any]) -> Iterator[Problem]:
    """The help of every response for every segment is there."""
    wanted, path = names(data, "responses"), ("stakes", "help")
    rows = [(segment, helps[segment]) for segment in names(data, "segments") if segment in helps]
    for segment in left_out(helps, names(data, "segments")):
        yield Problem(path, f"the help of each response for {segment} is missing", "write 0 if it helps nobody")
    for segment, row in rows:
        missing = left_out(row, wanted) if isinstance(row, dict) else []
        if missing:
            rule = f"the help of {', '.join(missing)} for {segment} is missing"
            yield Problem((*path, segment), rule, "write 0 if it helps nobody")


def stakes_tables(data: Any, stakes: dict[str, Any], path: Path_) -> Iterator[Problem]:
    """Tables of stakes name segments, responses and severities of the file."""
    declared = data.get("severities", {})
    severities = declared if isinstance(declared, dict) else None
    segments, answers = known(data, "segments"), known(data, "responses")
    for kind in ("help", *EVENTS):
        rows = table(stakes, kind)
        yield from unknown_keys(rows, segments, (*path, kind), "segment")
        for _, response, entry, place in cells(rows, (*path, kind)):
            yield from unknown(response, answers, place, "response")
            yield from unknown(table(entry).get("severity"), severities, (*place, "severity"), "severity")


def one_event(base: dict[str, Any], edits: dict[str, Any], path: Path_) -> Iterator[Problem]:
    """Where `edits` changes harm or neglect, the two are at most one event."""
    changed = dict.fromkeys((s, r) for kind in EVENTS for s, r, _, _ in cells(table(edits, kind), ()))
    for segment, response in changed:
        rows = {kind: {**table(base, kind, segment), **table(edits, kind, segment)} for kind in EVENTS}
        chances = [table(row, response).get("chance", 0) for row in rows.values()]
        if all(map(is_chance, chances)) and sum(chances) > 1 + 1e-12:
            kind = next(kind for kind in reversed(EVENTS) if response in table(edits, kind, segment))
            rule = f"harm and neglect are at most one event, so chances up to 1, not {sum(chances):g}"
            yield Problem((*path, kind, segment, response), rule, "make one of them smaller")


def question(data: Any) -> Iterator[Problem]:
    """Every segment replies, or there is no question."""
    asked = data.get("question")
    if asked is not None and not isinstance(asked, dict):
        return
    said = table(data, "question").get("replies")
    replies = whole(texts(said), said)
    for i, segment in items(data, "segments"):
        row, path = segment.get("replies", {}), ("segments", i, "replies")
        if row == {} and asked:
            fix = f"one chance each for {', '.join(texts(said))}"
            yield Problem(("segments", i), "the replies to the question are missing", fix)
        elif row and not asked:
            yield Problem(path, "there is no question to reply to", "add a question, or take the replies out")
        elif row and isinstance(row, dict):
            yield from unknown_keys(row, replies, path, "reply")
            yield from adds_up(row.items(), path, "the chances")
        if segment.get("learns_from"):
            yield from unknown(segment["learns_from"], known(data, "segments"), ("segments", i, "learns_from"), "segment")


def reweighing(data: Any) -> Iterator[Problem]:
    """Contexts and states: whom they multiply, what they forbid, and that somebody is left."""
    for key in ("contexts", "states"):
        for i, item in items(data, key):
            yield from unknown_keys(table(item, "multiply"), known(data, "segments"), (key, i, "multiply"), "segment")
    refusals = {str(response.get("name")) for _, response in items(data, "responses") if response.get("kind") in REFUSALS}
    for i, context in items(data, "contexts"):
        forbidden = texts(context.get("forbid"))
        for j, name in enumerate(forbidden):
            yield from unknown(name, known(data, "responses"), ("contexts", i, "forbid", j), "response")
        if refusals and refusals <= set(forbidden):
            yield Problem(("contexts", i, "forbid"), "an operator cannot rule out every refusal", "leave one")
        yield from unknown_keys(table(context, "signals"), known(data, "segments"), ("contexts", i, "signals"), "segment")
        for segment, rows in table(context, "signals").items():
            path = ("contexts", i, "signals", segment)
            yield from unknown_keys(table(rows), known(data, "signals"), path, "signal")
            yield from rows_of_values(data, table(rows), path)
    states = [(state.get("name"), state.get("chance")) for _, state in items(data, "states")]
    if states and len(states) == len(data["states"]):
        yield from adds_up(states, ("states",), "the chances")
    yield from somebody_left(data)


def somebody_left(data: Any) -> Iterator[Problem]:
    """In every context, in every state, some segment with a positive share keeps a positive weight."""
    values = [(segment.get("name"), table(segment, "share").get("value")) for _, segment in items(data, "segments")]
    base = {name: float(value) for name, value in values if isinstance(name, str) and is_chance(value)}
    if not sum(base.values()) > 0 or len(base) < len(values):
        return
    contexts = [("contexts", i, table(context, "multiply")) for i, context in items(data, "contexts")]
    states = [("states", i, table(state, "multiply")) for i, state in items(data, "states")]
    for key, i, weights in [*contexts, *states]:
        others = [{}, *(other for _, _, other in states)] if key == "contexts" else [{}]
        if not all(any(factor(weights, s) * factor(other, s) * share > 0 for s, share in base.items()) for other in others):
            yield Problem((key, i, "multiply"), "nobody is left to send the message", "leave one segment a weight above 0")


def factor(weights: dict[str, Any], segment: str) -> float:
    """The odds weight that a context or a state gives a segment."""
    value = weights.get(segment, 1)
    return float(value) if is_number(value) else 1.0


def observed(data: Any) -> Iterator[Problem]:
    """Counts name signals and responses of the file, and no signal is without any."""
    signals, answers = combinations(data), known(data, "responses")
    for i, model in items(data, "observed"):
        counts, path = table(model, "counts"), ("observed", i, "counts")
        yield from unknown_keys(counts, signals, path, "signal")
        if isinstance(model.get("counts"), dict):
            for signal in left_out(counts, signals or ()):
                yield Problem(path, f"nothing was observed on the signal {signal}", "give its counts")
        for signal, row in counts.items():
            if isinstance(row, dict) and all(is_number(count) and count == 0 for count in row.values()):
                yield Problem((*path, signal), "nothing was observed on this signal", "give its counts")
        for _, response, _, place in cells(counts, path):
            yield from unknown(response, answers, place, "response")
        if model.get("same_weights_as") and known(data, "observed") is not None:
            others = [name for name in names(data, "observed") if name != model.get("name")]
            path = ("observed", i, "same_weights_as")
            yield from unknown(model["same_weights_as"], others, path, "other observed model")


RULES = (unique_names, shares, signal_rows, carried, responses, stakes, question, reweighing, observed)
