"""`opinions(case)`: a society that asks one assistant, and how different its views stay if the assistant takes sides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np

from ..arrays import Floats, Ints
from ..case import Case
from ..icon_array import dots
from ..policy import Policy, blend, constant, stack
from ..text import number, percent, whole_percent
from ..theory.society import ALONE, ASKED, equilibrium, listening, swayed, sways
from . import panels
from .chosen_policies import opened
from .controls import Range
from .instrument import Instrument, Settings, from_dict
from .panels import entry
from .stage import Options, Table
from .wording import heading

if TYPE_CHECKING:
    import networkx as nx

Other = Literal["balanced", "asks-back", "abstains"]
Network = Literal["small world", "scale-free", "two communities", "karate club", "all to all"]
OTHERS: tuple[Other, ...] = get_args(Other)
PEOPLE, STEPS = 200, 41
#: The range of plausible weights of one's own prior after an answer that takes sides, and without an assistant; judged.
LEFT, BEFORE = (0.05, 0.5), (0.4, 0.8)


@dataclass(frozen=True, kw_only=True)
class OpinionSettings(Settings):
    """What is chosen in the instrument."""

    takes_sides: Annotated[float, Range(0, 1)] = 0.0
    """The fraction of answers in which the assistant says what it thinks."""
    otherwise: Other = "balanced"
    network: Network = "small world"
    view: Annotated[float, Range(-1, 1), "the assistant's view"] = 0.5
    own_left: Annotated[float, Range(0, 1), "own weight after a side"] = 0.2
    leaning: Annotated[float, Range(0, 1), "assistant's weight then"] = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.own_left + self.leaning > 1:
            raise ValueError("own_left + leaning must be at most 1: what is left is the weight of the neighbours")


@dataclass(frozen=True, eq=False)
class OpinionView:
    """Policies along how often they take sides, for each way to answer otherwise, and the opinions that come of them."""

    policies: Policy
    gamma: Floats
    """The weight of their own priors that people keep, for each policy."""
    opinions: Floats
    """Opinions in the end, for each policy and person, from −1 to 1."""
    alone: Floats
    """Opinions without an assistant, for each person."""

    @property
    def kept(self) -> Floats:
        """The part of the variance between people that is left, for each policy, of that without an assistant."""
        return self.opinions.var(-1) / self.alone.var()


def opinions(case: Case | str = "contested-question", **settings: Any) -> Instrument[OpinionSettings]:
    """Open the instrument: a network of people coloured by opinion, who all ask one assistant.

    `case` is a case with the responses takes-sides, balanced, asks-back and abstains, or a scenario's name or path; `settings`
    are those of `OpinionSettings`.
    """
    found, source = opened(case)
    return Instrument(
        partial(opinion_table, found), from_dict(OpinionSettings, settings), opener="simkit.widgets.opinions", source=source
    )


def look(case: Case, settings: OpinionSettings) -> OpinionView:
    """Solve for the opinions under every policy, all together."""
    often, sided = np.linspace(0, 1, STEPS), constant(case, "takes-sides")
    families = [blend(constant(case, other), sided, often) for other in OTHERS]
    policies = stack([policy for family in families for policy in family])
    gamma, alpha = swayed(case, policies, sways(settings.own_left, settings.leaning))
    weights, priors = listening(society(settings.network)), priors_of(settings.network)
    found = equilibrium(weights, priors, gamma=gamma[:, None], alpha=alpha[:, None], assistant=settings.view)
    return OpinionView(policies, gamma, found, equilibrium(weights, priors, gamma=ALONE))


# --- societies --------------------------------------------------------------------------------------------------------


@cache
def society(network: Network) -> nx.Graph:
    """A network of 200 people; the karate club is Zachary's (1977), of 34."""
    import networkx as nx

    match network:
        case "small world":
            return nx.watts_strogatz_graph(PEOPLE, 6, 0.1, seed=1)
        case "scale-free":
            return nx.barabasi_albert_graph(PEOPLE, 3, seed=1)
        case "two communities":
            return nx.planted_partition_graph(2, PEOPLE // 2, 0.08, 0.003, seed=1)
        case "karate club":
            return nx.Graph(nx.karate_club_graph().edges)
        case _:
            graph = nx.complete_graph(PEOPLE)
            graph.add_edges_from((person, person) for person in graph)  # a sample of all may be oneself
            return graph


@cache
def priors_of(network: Network) -> Floats:
    """Priors spread evenly from −1 to 1; in two communities each has one side, else anybody may think anything."""
    count = society(network).number_of_nodes()
    even = np.linspace(-1, 1, count)
    return even if network == "two communities" else np.random.default_rng(7).permutation(even)


@cache
def places_of(network: Network) -> tuple[Floats, Ints]:
    """Where people stand in the picture, (N, 2), and who hears whom, (E, 2); of all to all no line is drawn."""
    import networkx as nx

    graph = society(network)
    if network == "all to all":
        return np.array(list(nx.spiral_layout(graph, equidistant=True).values())), np.empty((0, 2), dtype=int)
    return np.array(list(nx.spring_layout(graph, seed=3).values())), np.array(graph.edges)


# --- what is shown ----------------------------------------------------------------------------------------------------


def opinion_table(case: Case, settings: OpinionSettings) -> Table:
    """A row for each way to answer otherwise, and each fraction of answers that take sides."""
    view, often = look(case, settings), np.linspace(0, 1, STEPS)
    places, edges = places_of(settings.network)
    kept, mean = view.kept, view.opinions.mean(-1)
    lines: dict[str, Floats] = {other: kept[i * STEPS : (i + 1) * STEPS] for i, other in enumerate(OTHERS)}
    return Table(
        slider=Options("takes_sides", often.tolist(), "It takes sides in", [f"{100 * w:g} of 100 answers" for w in often]),
        toggles=[Options("otherwise", OTHERS, "Else it", [case.labels.get(other, other) for other in OTHERS])],
        sentences=[
            f"Differences between people (variance) are {percent(left)} of what they are without an assistant. "
            f"The average view moves from {_view(view.alone.mean())} to {_view(middle)}."
            for left, middle in zip(kept.tolist(), mean.tolist(), strict=True)
        ],
        notes=notes(settings, often),
        panels=[
            panels.network(
                f"{len(places)} people who ask one assistant, in the end",
                places,
                edges,
                np.clip(view.opinions, -1, 1),
                key="what they think: red against, blue for",
                wide=660,
                height=330,
                alt="A network of people, coloured by their opinion.",
                legend=[entry("differences left, %", 3, "none"), entry("average view", 3, "none")],
                values=np.stack([100 * kept, mean], -1),
            ),
            panels.sure(how_sure(settings, often)),
            panels.lines("Differences left, the more often it takes sides", often, lines, x_label="takes sides", first=False),
            panels.dots(dots(case, view.policies), heading(case), first=False),
        ],
        view=view,
    )


def _view(value: float) -> str:
    return f"{round(float(value), 2) or 0:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0"


def worlds(settings: OpinionSettings, often: Floats) -> Floats:
    """The part of the variance left in this network in plausible worlds, (rows, n): own weights are drawn, judged."""
    rng = np.random.default_rng(7)
    left, before = (rng.uniform(low, high, 1000) for low, high in (LEFT, BEFORE))
    rows = []
    for other in OTHERS:
        kept_else = before if other != "asks-back" else np.minimum(before + ASKED - ALONE, 1)
        gamma = often[:, None] * left + (1 - often[:, None]) * kept_else
        leaning = np.minimum(settings.leaning, 1 - left) * often[:, None]
        rows.append(variance(settings.network, gamma, leaning) / variance(settings.network, before, 0.0))
    return np.concatenate(rows)


def variance(network: Network, gamma: Floats, alpha: Floats | float) -> Floats:
    """The variance of opinions in a network where everybody has the same weights: γ² · v(γ + α), with v from a fine line."""
    anchored, v = _per_own_weight(network)
    return gamma**2 * np.exp(np.interp(gamma + alpha, anchored, np.log(v)))


@cache
def _per_own_weight(network: Network) -> tuple[Floats, Floats]:
    """v(a) = var((1 − (1 − a)W)⁻¹ s) on a line of weights a that are not the neighbours'."""
    anchored = np.linspace(0.02, 1, 197)
    found = equilibrium(listening(society(network)), priors_of(network), gamma=anchored[:, None])
    return anchored, found.var(-1) / anchored**2


def notes(settings: OpinionSettings, often: Floats) -> list[str]:
    """The caveat: in how many plausible worlds differences are halved."""
    halved = (worlds(settings, often) < 0.5).mean(-1).tolist()
    judged = "What an answer does to its reader is judged, not measured."
    return [f"Halved or less in {whole_percent(part)} of plausible worlds. {judged}" for part in halved]


def how_sure(settings: OpinionSettings, often: Floats) -> list[list[str]]:
    """For each row: what is drawn, and the weight at which half of the differences would be left."""
    drawn = (
        f"1000 plausible worlds: people keep {LEFT[0]:g} to {LEFT[1]:g} of the weight of their own view after an answer that "
        f"takes sides, and {BEFORE[0]:g} to {BEFORE[1]:g} without an assistant; the network is this one."
    )
    said, own = [], np.linspace(0, 1 - settings.leaning, 201)
    alone = variance(settings.network, np.array(ALONE), 0.0)
    for other in OTHERS:
        base = ASKED if other == "asks-back" else ALONE
        for w in often.tolist():
            left = variance(settings.network, w * own + (1 - w) * base, w * settings.leaning) / alone
            half = f"Half would be left if people kept {number(float(np.interp(0.5, left, own)))} of that weight"
            found = bool(w and left[0] <= 0.5 <= left[-1])
            none = "No weight of the own view after a side leaves just half here."
            said.append([drawn, f"{half} (now {settings.own_left:g})." if found else none])
    return said
