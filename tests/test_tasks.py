"""Tasks as graphs: authority, what each manner does (by enumeration and by draws), the library's task, and its picture."""

import itertools
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simkit as sk
from simkit import spec, tasks
from simkit.files import InvalidFile, parse
from simkit.messages import Message
from simkit.policy import Axis
from simkit.schema import check
from simkit.tasks import Actor, Manner, Oversight, Task, TaskStep

TASK = tasks.load("clean-up-my-desktop")
CASE = sk.load("clean-up-my-desktop")
EVERYTHING = Manner(name="ask-everything", label="ask about everything", asks=np.inf)
RULES = spec.load("desktop-agent")
NAMES = ("look", "move", "delete", "administer")


def small(undo=0.2, items=2):
    """Two steps of a few items, the second of which is final."""
    ends = [("move", 1.0, 0.9), ("delete", undo, 0.6)]
    names = itertools.count()
    steps = tuple(
        TaskStep(
            name=what, about="x", by="agent", needs=what, items=tuple(f"f{next(names)}" for _ in range(items)), undo=back,
            archived=0.5, wanted={"tidy": p, "archive": p / 2, "clear": 1.0, "wipe": 0.3},
        )
        for what, back, p in ends
    )  # fmt: skip
    return replace(TASK, actors=(Actor(name="agent", may=("move", "delete")),), steps=steps)


# --- authority --------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(-1, 5), st.sets(st.sampled_from(NAMES))), min_size=1, max_size=6))
def test_a_subagent_has_no_more_authority_than_its_parent(chain):
    actors = tuple(
        Actor(name=f"a{i}", under="" if min(up, i - 1) < 0 else f"a{min(up, i - 1)}", may=tuple(sorted(may)))
        for i, (up, may) in enumerate(chain)
    )
    given_all = Actor(name="all", may=NAMES)
    task = replace(TASK, actors=(given_all, *actors), steps=tuple(replace(step, by="all") for step in TASK.steps))
    found = tasks.authority(task)
    for actor in actors:
        above, own = actor, set(NAMES)
        while above:  # the second route: a permission is there if everybody on the way up has it
            own &= set(above.may)
            above = next((each for each in actors if each.name == above.under), None)
        assert found[actor.name] == own
        assert not actor.under or found[actor.name] <= found[actor.under]


def test_what_is_not_allowed_is_not_done_nor_what_waits_for_it():
    nodes = tasks.graph(TASK).nodes
    assert [name for name in nodes if not nodes[name]["runs"]] == ["empty-backups"]
    agent, cleaner = TASK.actors
    without = replace(TASK, actors=(replace(agent, may=("move", "delete")), replace(cleaner, may=("look", "administer"))))
    assert tasks.running(without) == [], "everything waits for a look"


def test_a_subagent_gains_by_its_parent_only():
    agent, cleaner = TASK.actors
    assert "administer" in cleaner.may
    assert "administer" not in tasks.authority(TASK)["cleaner"]
    more = replace(TASK, actors=(replace(agent, may=(*agent.may, "administer")), cleaner))
    assert {step.name for step in tasks.running(more)} - {step.name for step in tasks.running(TASK)} == {"empty-backups"}


# --- injected instructions --------------------------------------------------------------------------------------------


def test_a_tool_s_output_has_no_say_and_the_trace_shows_why():
    manner, decision = tasks.instructed(TASK, RULES)
    assert manner is tasks.ASK_FINAL
    assert decision.value == "on"
    default, heard = decision.steps
    assert "(tool)" in heard.who
    assert (heard.level, heard.wants, heard.value) == ("none", "off", "on")
    assert "no authority" in decision.text
    assert decision.decided_by == default


def test_a_user_may_say_so_and_may_give_a_tool_the_say():
    """Negative control: the same words do something if somebody with authority says or lends it."""
    wish = Message(level="user", sets={"confirms-deletion": "off"})
    assert tasks.instructed(TASK, RULES, [wish]).manner is tasks.ACT
    assert tasks.instructed(TASK, RULES, [Message(level="user", trusts={"tool": "user"})]).manner is tasks.ACT
    assert tasks.instructed(TASK, RULES, [replace(wish, level="none", by="subagent")]).manner is tasks.ASK_FINAL


@settings(deadline=None)
@given(st.lists(st.sampled_from(["off", "on"]), max_size=4), st.sampled_from(["tool", "subagent", "", "stranger"]))
def test_nothing_without_authority_changes_the_manner(values, by):
    said = [Message(level="none", by=by, sets={"confirms-deletion": value}) for value in values]
    assert tasks.instructed(TASK, RULES, said).decision.value == "on"


# --- what becomes of the items ----------------------------------------------------------------------------------------


def by_enumeration(task, manner, cost, meaning, shares):
    """Work, restored, lost, P(any lost): over all ways in which items are wanted, questions read, and mistakes undone."""
    steps = [(step, item) for step in task.steps for item in step.items]
    believed = [sum(shares[m] * step.wanted.get(m, 0) for m in shares) for step, _ in steps]
    open_to = [i for i, (step, _) in enumerate(steps) if step.undo < 1 or not manner.only_final]
    asked = sorted(sorted(open_to, key=lambda i: (believed[i], i))[: int(min(manner.asks, len(open_to)))])
    total = np.zeros(3)
    none = 1.0
    wanted_work = sum(step.wanted.get(meaning, 0) for step, _ in steps)
    for i, (step, _) in enumerate(steps):
        lost_here = 0.0
        for wanted, read, undone in itertools.product((True, False), repeat=3):
            p_wanted, final = step.wanted.get(meaning, 0), step.undo < 1
            attention = cost.floor + (1 - cost.floor) * 0.5 ** (asked.index(i) / cost.half_life) if i in asked else 0.0
            back = 1.0 if manner.archives and final else step.undo
            chance = np.prod([p if yes else 1 - p for p, yes in ((p_wanted, wanted), (attention, read), (back, undone))])
            if (manner.least and final) or (not wanted and read):
                continue
            if wanted:
                total[0] += chance * (step.archived if manner.archives and final else 1) / wanted_work
            else:
                total[1 if undone else 2] += chance
                lost_here += 0 if undone else chance
        none *= 1 - lost_here
    return *total, 1 - none, (min(1, len(asked)) if manner.lists else len(asked))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 6), st.booleans(), st.booleans(), st.booleans(), st.booleans(),
    st.floats(0.5, 9), st.floats(0, 1), st.floats(0, 0.99),
)  # fmt: skip
def test_a_manner_by_enumeration(asks, only_final, lists, archives, least, half_life, floor, undo):
    manner = Manner(name="m", label="m", asks=asks, only_final=only_final, lists=lists, archives=archives, least=least)
    cost, task = Oversight(half_life=half_life, floor=floor), small(undo)
    found = tasks.ways(CASE, task, [manner], oversight=cost)
    shares = dict(zip(CASE.segments, CASE.population.shares, strict=True))
    for m, meaning in enumerate(CASE.segments):
        work, restored, lost, some, asked = by_enumeration(task, manner, cost, meaning, shares)
        assert [found.work[m, 0], found.restored[m, 0], found.lost[m, 0]] == pytest.approx([work, restored, lost], abs=1e-12)
        assert found.interruptions[0] == asked
        assert found.case.harm_events.chance[m, 1] == pytest.approx(some, abs=1e-12)
        assert found.case.help[m, 1] == pytest.approx(work - 0.01 * asked - 0.02 * restored, abs=1e-12)


def test_the_desktop_by_draws(rng):
    """A second route for the library's task, asking about everything: people who read, or do not."""
    shares = dict(zip(CASE.segments, CASE.population.shares.tolist(), strict=True))
    each, runs = tasks.handled(TASK, EVERYTHING, shares, Oversight()), 20_000
    meaning = rng.choice(4, size=runs, p=list(shares.values()))
    unwanted = rng.random((runs, 24)) > each.wanted[meaning]
    gone = unwanted & (rng.random((runs, 24)) > each.read) & (rng.random((runs, 24)) > each.undo)
    found = tasks.ways(CASE, TASK, [EVERYTHING])
    mean = CASE.population.shares @ found.lost[:, 0]
    assert abs(gone.sum(1).mean() - mean) < 4 * gone.sum(1).std() / np.sqrt(runs)
    some = CASE.population.shares @ found.case.harm_events.chance[:, 1]
    assert abs(gone.any(1).mean() - some) < 4 * np.sqrt(some * (1 - some) / runs)


@given(st.floats(0.5, 50), st.integers(0, 24))
def test_where_nobody_tires_another_question_never_loses_more(half_life, asks):
    def lost(many, tires):
        manner = Manner(name="m", label="m", asks=many)
        return float(CASE.population.shares @ tasks.ways(CASE, TASK, [manner], oversight=Oversight(half_life=tires)).lost[:, 0])

    assert lost(asks + 1, np.inf) <= lost(asks, np.inf) + 1e-12
    assert lost(asks, half_life) >= lost(asks, np.inf) - 1e-12


def test_asking_more_often_protects_less():
    """The teaching point: four questions about what is doubtful and final, or twenty-four about everything."""
    along = tasks.ways(CASE, TASK, [Manner(name=f"q{n}", label=f"q{n}", asks=n) for n in range(25)])
    lost = CASE.population.shares @ along.lost
    assert lost.argmin() == 4
    assert lost[24] > 1.8 * lost[4]
    assert lost[24] < lost[0]


# --- the scenario -----------------------------------------------------------------------------------------------------


def backed_up(task=TASK):
    return replace(task, steps=tuple(replace(step, undo=0.98) if step.undo == 0.1 else step for step in task.steps))


@pytest.mark.parametrize(("context", "task"), [("", TASK), ("hourly-backup", backed_up())])
def test_the_scenario_file_says_what_the_graph_computes(context, task):
    case, found = CASE.in_context(context) if context else CASE, tasks.ways(CASE, task).case
    assert found.responses == case.responses
    assert found.kinds == case.kinds
    assert found.response_labels == case.response_labels
    assert np.abs(found.help - case.help).max() < 5.01e-5
    assert np.abs(found.harm_events.chance - case.harm_events.chance).max() < 5.01e-5


def net(case, way):
    return float(sk.expect(case, sk.policy.constant(case, way)).net)


def test_a_bad_answer_can_be_taken_back_an_act_cannot():
    """The teaching point: acts that can be undone are done at once, others are asked about."""
    final, undone = CASE, CASE.in_context("hourly-backup")
    assert net(undone, "act") > net(undone, "ask-before-deleting")
    assert net(final, "act") < net(final, "ask-before-deleting")
    assert max(final.responses, key=lambda way: net(final, way)) == "archive"
    asked = net(tasks.ways(CASE, TASK, [EVERYTHING]).case, "ask-everything")
    assert asked < net(final, "act") < net(final, "decline"), "worse than nothing"


def test_the_order_of_the_ways_is_no_matter_of_shares():
    gain = sk.compare(CASE, *(sk.policy.constant(CASE, way) for way in ("archive", "act")), rng=np.random.default_rng(1))
    assert gain.better == "archive"
    assert gain.holds > 0.999


def test_before_a_handover_deleting_is_what_people_want():
    case = CASE.in_context("before-the-handover")
    assert net(case, "dry-run") > net(case, "act")
    assert net(case, "act") > 0 > net(CASE, "act")


def test_it_is_an_ordinary_case():
    """A thousand dots, the tail, the dial and any batch of ways."""
    made = tasks.ways(
        CASE, TASK, [Manner(name=f"q{n}", label=f"q {n}", asks=n) for n in (0, 4, 24)], axis=Axis("questions", (0, 4, 24))
    )
    assert sk.dots(made.case, made.policies).count.sum(-1).tolist() == [1000] * 3
    tail = sk.total(made.case, made.policies, users=1_000_000)
    assert tail.mean == pytest.approx(1_000_000 * sk.expect(made.case, made.policies).harm, rel=1e-6)
    assert (tail.quantile(0.999) > tail.mean).all()
    best = sk.dial.optimum.best_position(sk.dial.deploy(CASE))
    assert 0 < best.low <= best.high < 1, "neither end of the dial is safe here"


def test_ways_print_themselves():
    text = repr(tasks.ways(CASE, TASK))
    assert "archive instead of delete" in text
    assert "any lost" in text
    with pytest.raises(ValueError, match="the task may mean tidy"):
        tasks.ways(sk.load("santa"), TASK)


# --- files ------------------------------------------------------------------------------------------------------------

FILE = """
about: a
source: b
meanings: [one]
confirms: c
actors:
- {name: agent, may: [move]}
- {name: sub, under: agent, may: [move]}
steps:
- {name: first, about: x, by: agent, needs: move, items: [a]}
- {name: second, about: x, by: sub, needs: move, after: [first], wanted: {one: 0.5}}
"""


def test_a_small_file_is_read():
    assert [step.name for step in tasks.running(check(Task, parse(FILE), tasks.problems))] == ["first", "second"]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("by: sub", "by: sup", 11, "no actor has this name; did you mean sub?"),
        ("needs: move, items", "needs: mve, items", 10, "no permission of an actor has this name"),
        ("after: [first]", "after: [second]", 11, "no step above has this name"),
        ("under: agent", "under: sub", 8, "no actor above has this name"),
        ("wanted: {one", "wanted: {two", 11, "no meaning has this name"),
        ("name: second", "name: first", 11, "another step has this name"),
        ("items: [a]", "items: [a, a]", 10, "another item has this name"),
        ("one: 0.5", "one: 1.5", 11, "1"),
        ("confirms: c\n", "", 0, "confirms"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(old, new, line, says):
    with pytest.raises(InvalidFile) as error:
        check(Task, parse(FILE.replace(old, new, 1)), tasks.problems)
    (problem,) = error.value.problems
    assert says in str(problem)
    assert line in (0, problem.line)


def test_a_task_made_in_python_is_checked():
    with pytest.raises(ValueError, match="no actor has this name"):
        replace(TASK, steps=(replace(TASK.steps[0], by="nobody"),))


# --- the picture ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_the_graph_draws_itself(style):
    from matplotlib import pyplot

    with pyplot.style.context(style):
        ax = tasks.draw(TASK)
        words = [text.get_text() for text in ax.texts]
        for step in TASK.steps:
            assert sum(text.startswith(step.name + "\n") for text in words) == 1
        assert sum("not allowed" in text for text in words) == 1
        assert len(words) - len(TASK.steps) == nx.number_of_edges(tasks.graph(TASK)), "an arrow for each edge"
        pyplot.close("all")
