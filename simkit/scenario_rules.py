"""What no single field of a scenario file can see: names that must match, sums that must be 1, tables that must be whole.

Each rule is a generator over places.  What a field check refuses is not there for it, so that one run finds every problem,
also in a file that is broken elsewhere.  One slip should be one problem: where a list of names is itself broken, no other name
is said to be unknown, and a misspelt name is not also missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice, product
from operator import mul

from .case import REFUSALS
from .files import Problem
from .schema import Names, Place, all_problems, known, too_many, twice, unknown
from .text import near, shown

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
EVENTS = ("harm", "neglect")


def problems(file: Place) -> Iterator[Problem]:
    """Every cross-field problem of a scenario; only its size if it is too large."""
    return all_problems(file, RULES, too_large(file))


# --- what many rules say ----------------------------------------------------------------------------------------------


def left_out(mapping: Place, wanted: Iterable[str]) -> list[str]:
    """The wanted names that a mapping lacks, but for those that a misspelt name in it stands for."""
    stands = [str(entry.path[-1]) for entry in mapping]
    wanted = dict.fromkeys(() if "<<" in stands else wanted)  # what a merge key would bring is not missing
    meant = {near(name, wanted) for name in islice((name for name in stands if name not in wanted), 20)}
    return [name for name in wanted if name not in stands and name not in meant]


def adds_up(probabilities: Iterable[tuple[str, float | None]], at: Place, what: str) -> Iterator[Problem]:
    """Probabilities with their names should add up to 1, unless one of them is itself broken."""
    pairs = list(probabilities)
    values = [value for _, value in pairs if value is not None]
    total = math.fsum(values)
    if len(values) < len(pairs) or abs(total - 1) <= TOLERANCE:
        return
    rest = round(values[-1] + 1 - total, 9) if values else -1
    fix = f"if the others are right, {shown(pairs[-1][0], quote=False)} is {rest:.6g}" if 0 <= rest <= 1 else ""
    otherwise = "divide each by their sum" if total else "say how often each occurs"
    yield Problem(at.path, f"{what} should add up to 1, not to {total:.6g}", fix or otherwise)


def row(place: Place) -> list[tuple[str, float | None]]:
    """The entries of a mapping of numbers."""
    return [(str(entry.path[-1]), entry.value) for entry in place]


def values_of(signal: Place) -> Names:
    """The values of a signal, if it has any and none of them is broken."""
    return known(signal["values"]) or None


def cells(table: Place) -> list[Place]:
    """The entries of a table `<segment>.<response>`."""
    return [entry for line in table for entry in line]


def refuses(response: Place) -> bool:
    """Whether a response is a refusal."""
    return response["kind"].value in REFUSALS


# --- the rules --------------------------------------------------------------------------------------------------------


def too_large(file: Place) -> Iterator[Problem]:
    """Tables stay small enough to be written out: a small file must not ask for all of the memory."""
    yield from too_many(file, NAMED, "put the smallest together")
    count = math.prod(max(1, len(signal["values"])) for signal in file["signals"])
    if count > MAX_COMBINATIONS:
        yield Problem(("signals",), f"the signals combine into more than {MAX_COMBINATIONS} cases", "leave out the weakest")
    elif count * len(file["segments"]) * len(file["responses"]) > MAX_CELLS:
        rule = f"segments × signal combinations × responses are more than {MAX_CELLS} cells"
        yield Problem(("signals",), rule, "leave out the weakest signal")


def unique_names(file: Place) -> Iterator[Problem]:
    """Names, signal values and replies stand once."""
    for key, (what, _) in NAMED.items():
        yield from twice((entry["name"] for entry in file[key]), what, "rename one")
    values = (value for signal in file["signals"] for value in signal["values"])
    yield from twice(values, "signal value", "values are unique in a file")
    yield from twice(file["question"]["replies"], "reply", "take one out")


def shares(file: Place) -> Iterator[Problem]:
    """Shares add up to 1 and lie in their intervals."""
    for segment in file["segments"]:
        yield from interval(segment["share"])
    values = [(segment["name"].value, segment["share"]["value"].value) for segment in file["segments"]]
    if values:
        yield from adds_up(values, file["segments"], "the shares")
    yield from interval(file["overlap"])


def interval(share: Place) -> Iterator[Problem]:
    """low ≤ value ≤ high, and a positive value has a positive low."""
    low, value, high = (share[key].value for key in ("low", "value", "high"))
    if low is None or value is None or high is None:
        return
    if not low <= value <= high:
        rule = f"low, value, high should rise, not {low:g}, {value:g}, {high:g}"
        yield Problem(share.path, rule, "swap low and high" if high < low else "widen the interval or move the value")
    elif value > 0 and low == 0:
        yield share["low"].wrong("the low end of a positive share is positive", f"write {value / 100 or value:g} or smaller")


def signal_rows(file: Place) -> Iterator[Problem]:
    """Every segment says how often it sends each value of each signal."""
    signals = known(file["signals"])
    for segment in file["segments"]:
        rows = segment["signals"]
        yield from unknown(rows, signals, "signal")
        if rows.value is not None:
            for name in left_out(rows, signals or ()):
                yield Problem(rows.path, f"the signal {name} has no row", "say how often each value occurs")
        yield from rows_of_values(file, rows)


def rows_of_values(file: Place, rows: Place) -> Iterator[Problem]:
    """The rows of one segment: known values, adding up to 1."""
    for signal in file["signals"]:
        name, values = signal["name"].value, values_of(signal)
        if name is not None and (said := rows[name]).value is not None:
            yield from unknown(said, values, f"value of the signal {name}")
            if len(said) or values is not None:
                yield from adds_up(row(said), said, "the probabilities")


def carried(file: Place) -> Iterator[Problem]:
    """A message comes with a value of its signal."""
    for signal in file["signals"]:
        yield from unknown(signal["carries"], values_of(signal), "value of this signal")


def responses(file: Place) -> Iterator[Problem]:
    """One response is a refusal; refusals cross no constraint; constraints are declared."""
    kinds = [response["kind"].value for response in file["responses"]]
    if kinds and all(kind is not None and kind not in REFUSALS for kind in kinds):
        rule = "one response must be a refusal: it is what is left when nothing else is allowed"
        yield Problem(("responses",), rule, "add one of kind refuse or refuse-with-reason")
    for response in file["responses"]:
        crosses = response["crosses"]
        yield from unknown(crosses, known(file["constraints"]), "constraint")
        if len(crosses) and refuses(response):
            yield crosses.wrong("a refusal crosses no constraint", "give it another kind or take this out")


def stakes(file: Place) -> Iterator[Problem]:
    """Help is whole; harm and neglect are at most one event, in the file and in each of its contexts."""
    base = file["stakes"]
    if base["help"].value is not None:
        yield from whole_help(file, base["help"])
    for edits in (base, *(context["stakes"] for context in file["contexts"])):
        yield from stakes_tables(file, edits)
        yield from one_event(base, edits)


def whole_help(file: Place, helps: Place) -> Iterator[Problem]:
    """The help of every response for every segment is there."""
    segments, answers = ([name for entry in file[key] if (name := entry["name"].value)] for key in ("segments", "responses"))
    for segment in left_out(helps, segments):
        yield Problem(helps.path, f"the help of each response for {segment} is missing", "write 0 if it helps nobody")
    for line in (helps[segment] for segment in dict.fromkeys(segments)):
        missing = left_out(line, answers) if line.value is not None else []
        if missing:
            rule = f"the help of {', '.join(missing)} for {line.name} is missing"
            yield Problem(line.path, rule, "write 0 if it helps nobody")


def stakes_tables(file: Place, tables: Place) -> Iterator[Problem]:
    """Tables of stakes name segments, responses and severities of the file."""
    severities = None if file["severities"].path in file.faults else file["severities"].value or {}
    segments, answers = known(file["segments"]), known(file["responses"])
    for kind in ("help", *EVENTS):
        yield from unknown(tables[kind], segments, "segment")
        yield from unknown(cells(tables[kind]), answers, "response")
        yield from unknown((cell["severity"] for cell in cells(tables[kind]) if cell["severity"].value), severities, "severity")


def one_event(base: Place, edits: Place) -> Iterator[Problem]:
    """Where `edits` changes harm or neglect, the two are at most one event."""
    for segment, response in dict.fromkeys(cell.path[-2:] for kind in EVENTS for cell in cells(edits[kind])):
        changed = {kind: edits[kind][segment][response] for kind in EVENTS}
        events = [event if event.given else base[kind][segment][response] for kind, event in changed.items()]
        probabilities = [event["chance"].value if event.given else 0.0 for event in events]
        if None not in probabilities and sum(probabilities) > 1 + 1e-12:
            rule = f"harm and neglect are at most one event, so probabilities up to 1, not {sum(probabilities):g}"
            place = changed["neglect"] if changed["neglect"].given else changed["harm"]
            yield Problem(place.path, rule, "make one of them smaller")


def question(file: Place) -> Iterator[Problem]:
    """Every segment replies, or there is no question."""
    asked = file["question"]
    if asked.path in file.faults:
        return
    for segment in file["segments"]:
        said = segment["replies"]
        if asked.value and not said.value and said.path not in file.faults:
            fix = f"one probability each for {', '.join(reply.value for reply in asked['replies'] if reply.value)}"
            yield Problem(segment.path, "the replies to the question are missing", fix)
        elif said.value and not asked.value:
            yield Problem(said.path, "there is no question to reply to", "add a question, or take the replies out")
        elif said.value:
            yield from unknown(said, known(asked["replies"]), "reply")
            yield from adds_up(row(said), said, "the probabilities")
        yield from unknown([segment["learns_from"]] if segment["learns_from"].value else (), known(file["segments"]), "segment")


def contexts(file: Place) -> Iterator[Problem]:
    """Contexts: what they forbid, and who then sends which signals."""
    refusals = {response["name"].value for response in file["responses"] if refuses(response)}
    for context in file["contexts"]:
        yield from unknown(context["forbid"], known(file["responses"]), "response")
        if refusals and refusals <= {name.value for name in context["forbid"]}:
            yield Problem(context["forbid"].path, "an operator cannot rule out every refusal", "leave one")
        yield from unknown(context["signals"], known(file["segments"]), "segment")
        for rows in context["signals"]:
            yield from unknown(rows, known(file["signals"]), "signal")
            yield from rows_of_values(file, rows)


def reweighing(file: Place) -> Iterator[Problem]:
    """Contexts and states multiply segments of the file, and states add up to 1."""
    for item in (*file["contexts"], *file["states"]):
        yield from unknown(item["multiply"], known(file["segments"]), "segment")
    states = [(state["name"].value, state["chance"].value) for state in file["states"]]
    if states:
        yield from adds_up(states, file["states"], "the probabilities")


def somebody_left(file: Place) -> Iterator[Problem]:
    """In every context, in every state, some segment with a positive share keeps a positive weight."""
    base = {segment["name"].value: segment["share"]["value"].value for segment in file["segments"]}
    if None in base or None in base.values() or not any(base.values()):
        return
    states = [odds(state, base) for state in file["states"]]
    for item in (*file["contexts"], *file["states"]):
        left = [share * weight for share, weight in zip(base.values(), odds(item, base), strict=True)]
        in_states = states if item.path[0] == "contexts" else []
        if not any(left) or not all(any(map(mul, left, state)) for state in in_states):
            yield Problem((*item.path, "multiply"), "nobody is left to send the message", "leave one segment a weight above 0")


def odds(item: Place, segments: Iterable[str]) -> list[float]:
    """The odds weight that a context or a state gives each segment."""
    weights = [item["multiply"][segment].value for segment in segments]
    return [1.0 if weight is None else float(weight) for weight in weights]


def observed(file: Place) -> Iterator[Problem]:
    """Counts name signals and responses of the file, and no signal is without any."""
    signals = combinations(file)
    for model in file["observed"]:
        counts, path = model["counts"], model["counts"].path
        yield from unknown(counts, signals, "signal")
        for signal in left_out(counts, signals or ()) if counts.value is not None else ():
            yield Problem(path, f"nothing was observed on the signal {signal}", "give its counts")
        for line in counts:
            if line.value is not None and all(count == 0 for _, count in row(line)):
                yield Problem(line.path, "nothing was observed on this signal", "give its counts")
            yield from unknown(line, known(file["responses"]), "response")
        same, others = model["same_weights_as"], known(file["observed"])
        if same.value and others is not None:
            yield from unknown([same], [name for name in others if name != model["name"].value], "other observed model")


def combinations(file: Place) -> Names:
    """The names of the signal combinations, in the order of the arrays; None where signals are broken."""
    values = [values_of(signal) for signal in file["signals"]]
    if not values or known(file["signals"]) is None:
        return None
    return dict.fromkeys("+".join(parts) for parts in product(*(names or () for names in values))) if all(values) else None


RULES = (unique_names, shares, signal_rows, carried, responses, stakes, question, contexts, reweighing, somebody_left, observed)
