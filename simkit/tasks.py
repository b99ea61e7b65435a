"""Tasks as graphs: steps that wait for each other, what each may touch, and what becomes of the items under each way to act.

A **task** is what an agent makes of a request: steps with the permission that each needs, who does it, the probability that
it can be undone, and, for all that may have been meant, the probability that a step is wanted.  A **manner** is a way to go
about it: act, ask, show a list, archive instead of delete, do without the permission to delete.  `ways` runs a task in several
manners and gives a labelled batch for an ordinary case, whose senders differ in what they meant.  An item is acted on unless
the agent asks about it and the person says no, which takes a person who reads the question (`theory.agency.reading`).

An answer that is wrong is read and corrected.  An act that is wrong is undone with a probability, else it is a loss for good.
A subagent has no more authority than the one that it works for, and what a tool returns has none: after OpenAI's Model Spec
(control_side_effects, scope_of_autonomy, ignore_untrusted_data) and Anthropic's constitution (January 2026); the model is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from .arrays import Bools, Floats, frozen, frozen_bools
from .case import Case, Events
from .files import Problem, find, parse, read_text
from .messages import Message
from .policy import Axis, Policy, constant, stack
from .schema import Name, NoName, Place, Probability, Text, check, known, no_entries, obey, record, twice, unknown
from .spec.chain import decide
from .spec.rules import Rules
from .spec.trace import Decision
from .text import Printable, Printed, number, percent
from .theory.agency import reading

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes


@record
class Actor:
    """Who does steps: the agent itself, or a subagent of it."""

    name: Name
    under: NoName = ""
    """The actor that it works for; empty for the agent itself."""
    may: tuple[Name, ...]
    """The permissions that it was given or asks for; it has those of them that the one above it has."""


@record
class TaskStep:
    """One step: something that is done to some items, all alike."""

    name: Name
    about: Text
    by: Name
    """The actor that does it."""
    needs: Name
    """The permission without which it is not done, nor anything that waits for it."""
    after: tuple[Name, ...] = ()
    """The steps that it waits for; they stand before it."""
    items: Annotated[tuple[Name, ...], Field(max_length=40)] = ()
    undo: Probability = 1.0
    """The probability that an item can be brought back.  Below 1 the step is *final*."""
    archived: Probability = 1.0
    """How much of the work is done if an item is moved to an archive instead, from which it always comes back."""
    wanted: Mapping[Name, Probability] = no_entries()
    """For each meaning the probability that the person wants it done to an item; 0 where left out."""
    returns: tuple[Message, ...] = ()
    """What a tool gives back at this step: text that may hold instructions, and has no authority."""


@record
class Task:
    """Everything that a task file says: what may have been meant, who acts, and the steps."""

    about: Text
    source: Text
    """Whose judgement the numbers are."""
    meanings: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)]
    """What may have been meant by the request: the segments of the scenario."""
    confirms: Name
    """The behaviour of a written spec that says whether the agent asks before it does what is final."""
    actors: Annotated[tuple[Actor, ...], Field(min_length=1, max_length=20)]
    steps: Annotated[tuple[TaskStep, ...], Field(min_length=1, max_length=100)]

    def __post_init__(self) -> None:
        obey(problems, self)


def problems(file: Place) -> Iterator[Problem]:
    """Every cross-field problem of a task file: names stand once, are known, and stand before what refers to them."""
    for what in ("actor", "step"):
        yield from twice((entry["name"] for entry in file[f"{what}s"]), what, "rename one")
    yield from twice((item for step in file["steps"] for item in step["items"]), "item", "rename one")
    given = {name.value: None for actor in file["actors"] for name in actor["may"] if name.value is not None}
    actors, meanings = known(file["actors"]), known(file["meanings"])
    for step in file["steps"]:
        yield from unknown([step["by"]], actors, "actor")
        yield from unknown([step["needs"]], given, "permission of an actor")
        yield from unknown(step["wanted"], meanings, "meaning")
    for what, refers in (("step", "after"), ("actor", "under")):
        before: dict[str, None] = {}
        for entry in file[f"{what}s"]:
            place = entry[refers]
            yield from unknown(place if what == "step" else [place] * bool(place.value), before, f"{what} above")
            before |= {entry["name"].value: None} if entry["name"].value else {}


def load(name: str | Path) -> Task:
    """The task of a file: a name from the library (`scenarios/tasks`) or a path; `InvalidFile` with every problem."""
    path = find(name, "scenarios/tasks")
    return check(Task, parse(read_text(path), str(path)), problems)


def authority(task: Task) -> dict[str, frozenset[str]]:
    """The permissions of each actor: those that it was given, and never more than the one has that it works for."""
    found: dict[str, frozenset[str]] = {}
    for actor in task.actors:
        own = frozenset(actor.may)
        found[actor.name] = own & found[actor.under] if actor.under else own
    return found


def graph(task: Task) -> nx.DiGraph[str]:
    """The steps as a directed graph, an edge from each to those that wait for it.

    Nodes carry their `step`, whether it is `final`, and whether it `runs`: its actor has the permission, and all that it waits
    for runs.
    """
    import networkx as nx

    made, may = nx.DiGraph(), authority(task)
    for step in task.steps:
        runs = step.needs in may[step.by] and all(made.nodes[name]["runs"] for name in step.after)
        made.add_node(step.name, step=step, final=step.undo < 1, runs=runs)
        made.add_edges_from((name, step.name) for name in step.after)
    return made


def running(task: Task) -> list[TaskStep]:
    """The steps that are done, in order: those that wait stand after those that they wait for."""
    return [about["step"] for _, about in graph(task).nodes(data=True) if about["runs"]]


class Instructed(NamedTuple):
    """The manner that a written spec asks for, and the decision with its trace."""

    manner: Manner
    decision: Decision


def instructed(task: Task, rules: Rules, said: Sequence[Message] = ()) -> Instructed:
    """Whether the agent asks before what is final: the spec decides, after what was `said` and what tools returned."""
    heard = [*said, *(message for step in running(task) for message in step.returns)]
    decision = decide(rules, heard, task.confirms)
    return Instructed(ACT if decision.value == "off" else ASK_FINAL, decision)


@dataclass(frozen=True, kw_only=True)
class Manner:
    """A way to go about a task: `asks` is about how many items it asks, the least sure first, or `only_final` ones.

    With `lists` it asks about all of them at once: one interruption.  With `archives` it moves to an archive what it would
    delete.  With `least` it does without the permissions that only final steps need, and leaves these steps to the person.
    """

    name: str
    label: str
    asks: float = 0
    only_final: bool = False
    lists: bool = False
    archives: bool = False
    least: bool = False


ACT = Manner(name="act", label="act at once")
ASK_FINAL = Manner(name="ask-before-deleting", label="ask before deleting", asks=np.inf, only_final=True)
MANNERS = (
    ACT,
    Manner(name="dry-run", label="show a list first", asks=np.inf, lists=True),
    ASK_FINAL,
    Manner(name="archive", label="archive instead of delete", archives=True),
    Manner(name="least-permission", label="do without deleting", least=True),
)


@dataclass(frozen=True, kw_only=True)
class Oversight:
    """What asking costs and how the person tires: all of it assumed.

    `half_life` requests halve the attention, `floor` is what stays of it; an `interruption` and the `repair` of an item that is
    put back cost help units (1: all that was wanted is done).
    """

    half_life: float = 8.0
    floor: float = 0.0
    interruption: float = 0.01
    repair: float = 0.02


@dataclass(frozen=True, eq=False, kw_only=True)
class Handled:
    """What a manner does with I items, (I,) each; `wanted` (M, I) is the probability that each is, given what was meant.

    `request` is the number of the question about an item (0: none), `read` the probability that it is read; `done` is how much
    of the work is done if the item is wanted; `mistaken` the probability that it is acted on if not, `undo` that this is put
    right.
    """

    items: tuple[str, ...]
    wanted: Floats
    final: Bools
    request: Floats
    read: Floats
    done: Floats
    mistaken: Floats
    undo: Floats


def handled(task: Task, manner: Manner, shares: Mapping[str, float], oversight: Oversight) -> Handled:
    """What a manner does with the items, if the agent believes that each meaning has the probability in `shares`."""
    steps = [(step, item) for step in running(task) for item in step.items]
    wanted = np.array([[step.wanted.get(name, 0.0) for step, _ in steps] for name in shares])
    undo, archived = (np.array([getattr(step, name) for step, _ in steps]) for name in ("undo", "archived"))
    final, sure = undo < 1, np.array(list(shares.values())) @ wanted
    open_to = final | (not manner.only_final)
    first = np.argsort(np.where(open_to, sure, np.inf), kind="stable")[: int(min(manner.asks, open_to.sum()))]
    asked = np.isin(np.arange(len(steps)), first)
    request = np.cumsum(asked) * asked.astype(float)
    read = reading(np.maximum(request, 1), oversight.half_life, oversight.floor)
    kept, acts = final & manner.archives, np.where(final & manner.least, 0.0, 1.0)
    return Handled(
        items=tuple(item for _, item in steps),
        wanted=wanted,
        final=final,
        request=request,
        read=read,
        done=acts * np.where(kept, archived, 1.0),
        mistaken=acts * np.where(asked, 1 - read, 1.0),
        undo=np.where(kept, 1.0, undo),
    )


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Ways(Printed):
    """A task done in W manners: the case that they make, the batch of policies, and for each of M meanings what comes of it.

    `work` (M, W) is the part of the wanted work that is done, `interruptions` (W,) how often the person is asked, `restored`
    and `lost` (M, W) how many unwanted items are put back, and how many are gone for good.
    """

    case: Case
    policies: Policy
    work: Floats
    interruptions: Floats
    restored: Floats
    lost: Floats

    def _parts(self) -> Iterator[Printable]:
        yield f"{self.case.name}: {len(self.policies.labels)} ways to do it, over all who ask"
        share, lost = self.case.population.shares, self.case.harm_events.chance[:, 1:]
        shown = [(percent, self.work), (number, self.restored), (number, self.lost), (percent, lost)]
        columns = [[form(float(x)) for x in share @ values] for form, values in shown]
        rows = zip(self.case.response_labels[1:], [f"{n:g}" for n in self.interruptions], *columns, strict=True)
        yield ("way", "interruptions", "work done", "put back", "lost for good", "any lost"), list(rows)


def ways(
    case: Case, task: Task, manners: Iterable[Manner] = MANNERS, *, oversight: Oversight | None = None, axis: Axis | None = None
) -> Ways:
    """Do a task in several manners: a case with a response for each, and a batch of policies that gives one to everybody.

    Who asks, how bad a loss is, and the first response (to decline) are those of `case`.  The batch runs along `axis`, else
    along the manners.  A ValueError if the case is not about the meanings of the task.
    """
    if set(case.segments) != set(task.meanings):
        raise ValueError(f"the task may mean {', '.join(task.meanings)}; {case.name} has {', '.join(case.segments)}")
    chosen, costs = list(manners), oversight or Oversight()
    shares = dict(zip(case.segments, case.population.shares.tolist(), strict=True))
    made = [handled(task, manner, shares, costs) for manner in chosen]
    asked = np.array([min(e.request.max(initial=0), 1 if m.lists else np.inf) for e, m in zip(made, chosen, strict=True)])
    wanted = np.stack([each.wanted for each in made], axis=1)  # (M, W, I), as all that follows
    done, mistaken, undo = (np.stack([getattr(each, name) for each in made]) for name in ("done", "mistaken", "undo"))
    gone = (1 - wanted) * mistaken * (1 - undo)
    work = (wanted * done).sum(-1) / np.maximum(wanted.sum(-1), 1e-300)
    restored = ((1 - wanted) * mistaken * undo).sum(-1)
    help_ = work - costs.interruption * asked - costs.repair * restored
    whole = _case(case, chosen, help_, 1 - np.prod(1 - gone, axis=-1))
    along = axis or Axis("way", tuple(manner.name for manner in chosen))
    return Ways(
        case=whole,
        policies=stack([constant(whole, manner.name) for manner in chosen], along),
        work=frozen(work),
        interruptions=frozen(asked),
        restored=frozen(restored),
        lost=frozen(gone.sum(-1)),
    )


def _case(case: Case, manners: Sequence[Manner], help_: Floats, lost: Floats) -> Case:
    """The case with its first response and one for each manner: help (M, W), and the probability of a loss (M, W)."""

    def beside(first: Events, chance: Floats, severity: int) -> Events:
        numbers = np.hstack([first.severity[:, :1], np.full(chance.shape, severity)])
        return Events(chance=frozen(np.hstack([first.chance[:, :1], chance])), severity=numbers)

    none: Any = dict.fromkeys(("crosses", "forbidden", "ruled_out"), frozen_bools([False] * (len(manners) + 1)))
    return replace(
        case,
        responses=(case.responses[0], *(manner.name for manner in manners)),
        kinds=(case.kinds[0], *("partial" if manner.archives or manner.least else "act" for manner in manners)),
        labels={**case.labels, **{manner.name: manner.label for manner in manners}},
        help=frozen(np.hstack([case.help[:, :1], help_])),
        harm_events=beside(case.harm_events, lost, int(case.harm_events.severity.max())),
        neglect_events=beside(case.neglect_events, 0 * lost, -1),
        **none | {"shows": (), "constraints": (), "contexts": {}, "observed": {}},
    )


def draw(task: Task, ax: Axes | None = None) -> Axes:
    """Draw the graph: from left to right, blue what can be undone, red what is final, dotted what nobody may do."""
    import networkx as nx
    from matplotlib import rcParams

    from .plots import HARMFUL, new_axes, sender_colours

    made, ink, colours = graph(task), rcParams["text.color"], sender_colours()
    columns = list(nx.topological_generations(made))
    ax = new_axes(ax, (2.6 * len(columns), 0.9 + 0.85 * max(map(len, columns))))
    places = {name: (x, -i + (len(column) - 1) / 2) for x, column in enumerate(columns) for i, name in enumerate(column)}
    boxes = {}
    for name, (x, y) in places.items():
        about = made.nodes[name]
        step, colour = about["step"], (colours[HARMFUL] if about["final"] else colours[0]) if about["runs"] else "0.5"
        count = f"{len(step.items)} items, " if step.items else ""
        words = f"{name}\n{count}{step.by}: {step.needs}" + ("" if about["runs"] else ", not allowed")
        frame = {"boxstyle": "round,pad=0.4", "fc": "none", "ec": colour, "lw": 1.8, "ls": "-" if about["runs"] else ":"}
        boxes[name] = ax.text(x, y, words, ha="center", va="center", size=8.5, color=ink, bbox=frame, parse_math=False)
    for first, then in made.edges:
        ends = {"patchA": boxes[first].get_bbox_patch(), "patchB": boxes[then].get_bbox_patch(), "shrinkA": 0, "shrinkB": 1}
        ax.annotate("", places[then], places[first], arrowprops={"arrowstyle": "->", "color": "0.5", **ends})
    high = (max(map(len, columns)) - 1) / 2
    ax.set(xlim=(-0.55, len(columns) - 0.45), ylim=(-high - 0.5, high + 0.5))
    ax.set_axis_off()
    ax.set_title("blue: can be undone; red: final; dotted: not allowed", loc="left", size=9)
    return ax
