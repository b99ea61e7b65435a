"""Whatever a public function is given: simkit's own error that names the argument, or a right answer.

The table is generated: every public function and checked record of the rooms below, every argument, every bad value.
"""

import importlib
import inspect
import math
import types
import warnings
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

import simkit as sk
from simkit.theory import off_switch, persuasion, release, sequential, society, trust
from simkit.theory.dial import SignalTypes

ROOMS = "case population evaluate event_counts icon_array monte_carlo pareto report severity scenario files policy.batch "
ROOMS += "policy.made policy.file uncertainty.comparison uncertainty.extremes uncertainty.means uncertainty.reversal "
ROOMS += "dial.agents dial.deployment dial.losses dial.optimum dial.overrides theory.control theory.delegation theory.dial "
ROOMS += "theory.insurance theory.loosening theory.obedience theory.off_switch theory.release theory.sequential theory.trust "
ROOMS += "theory.persuasion theory.society theory.agency theory.training theory.coverage learning"
BAD = {
    "nan": math.nan,
    "inf": math.inf,
    "−1": -1,
    "2.0": 2.0,
    "empty text": "",
    "None": None,
    "a text": "no such name",
    "NUL": "a\0b",
    "wrong shape": np.ones((2, 3, 5)),
    "nothing": [],
    "objects": np.array([object(), None]),
    "10^400": 10**400,
    "complex": 1j,
    "truths": np.array([True, False]),
    "nan in an array": [0.5, math.nan],
}

CASE = sk.load("medication-threshold")
POLICY, OTHER = sk.policy.bayes(CASE), sk.policy.constant(CASE, "refuse-with-reason")
DEPLOYMENT = sk.dial.deploy(CASE)
TYPES = trust.Types(aligned=0.8, overt=0.1, deceptive=0.1, fails=0.3)
SIGNALS = SignalTypes(correlation=[0.8, 0.2], chance=[0.5, 0.5])
WORLDS = sk.population.draw_worlds(CASE.population, np.random.default_rng(0), 3)
ONE = sk.load("santa")
PLAIN = sk.policy.constant(CASE, "refuse-with-reason")
PUSHED = {"start": PLAIN, "policy": PLAIN, "reward": np.ones(PLAIN.answer.shape), "believed": CASE}
ARGUED = persuasion.argue(CASE, tries=3)
WEIGHTS = society.listening(np.ones((2, 2)))
SHARES = np.array([0.9, 0.1])
#: A good value for each argument, by its name; `GOOD_FOR` where a name means something else.
# fmt: off
GOOD = {
    "case": CASE,
    "policy": POLICY,
    "reference": OTHER,
    "policies": POLICY,
    "instructed": OTHER,
    "own": POLICY,
    "a": POLICY,
    "b": OTHER,
    "first": POLICY,
    "second": OTHER,
    "otherwise": POLICY,
    "population": CASE.population,
    "deployment": DEPLOYMENT,
    "agents": DEPLOYMENT.agents,
    "types": TYPES,
    "worlds": 30,
    "rng": np.random.default_rng(0),
    "harm_weight": 1.0,
    "below": "full-with-care",
    "above": "refuse-with-reason",
    "risk": 0.1,
    "fraction": 0.2,
    "response": "refuse-with-reason",
    "values": CASE.harm,
    "users": 10,
    "runs": 3,
    "senders": 100,
    "harm": 1.0,
    "neglect": 1.0,
    "probability": 0.1,
    "segment": "caregiver",
    "times": 2.0,
    "dial": 0.5,
    "gain": 1.0,
    "scale": 1.0,
    "weight": 0.5,
    "count": 3,
    "overlap": 0.1,
    "shares": {"caregiver": 0.2},
    "per_user": 1.0,
    "months": 3,
    "threshold": 0.9,
    "month": 2,
    "rule": release.by_date(2),
    "rules": [release.never()],
    "test": sequential.Sprt(good=0.01, bad=0.1),
    "passed": (3, 0),
    "failed": (0, 0),
    "clean": 3,
    "rate": 0.01,
    "within": 0.1,
    "better": 0.5,
    "target": 0.1,
    "believed": 0.05,
    "chance_of_it": 0.5,
    "audits": 3,
    "prior_sd": 1.0,
    "audit_sd": 1.0,
    "human": off_switch.Rational(),
    "belief": off_switch.Normal(mean=0.0, sd=1.0),
    "mean": 0.0,
    "sd": 1.0,
    "u": 0.5,
    "bias": 0.1,
    "cap": 0.5,
    "right": 0.7,
    "orders": 3,
    "good": 0.01,
    "bad": 0.1,
    "benefit": 1.0,
    "misuse": 1.0,
    "share": 0.2,
    "outputs": 10,
    "works": 0.5,
    "attack_rate": 0.1,
    "caught": 0.5,
    "deployed": 0.2,
    "attempts": 3,
    "false_alarms": 0.1,
    "separation": 1.0,
    "human_noise": 1.0,
    "agent_noise": 1.0,
    "principals": SIGNALS,
    "principal": 0.5,
    "agent": 0.5,
    "aversion": 0.1,
    "trust": 0.8,
    "dial_now": 0.2,
    "dial_loosened": 0.8,
    "among": CASE.responses[:1],
    "good_acts": 1.0,
    "good_defers": 0.5,
    "bad_acts": -1.0,
    "bad_defers": 0.0,
    "temperature": 1.0,
    "noise": 1.0,
    "allow": 0.5,
    "aligned": 0.8,
    "overt": 0.1,
    "deceptive": 0.1,
    "fails": 0.3,
    "correlation": 0.5,
    "chance": 0.5,
    "original": DEPLOYMENT.original,
    "value": 1.0,
    "median": 1.0,
    "sigma": 1.0,
    "average": 1.0,
    "shape": 1.0,
    "smallest": 1.0,
    "tail": 1.5,
    "low": 0.1,
    "high": 0.9,
    "size": 3,
    "gaps": np.zeros((1, len(CASE.segments), len(CASE.population.signal_names))),
    "name": "x",
    "array": POLICY.answer,
    "state": "usual",
    "covert_every": 2,
    "answer": POLICY.answer,
    "z": 0.5,
    "outcome": sk.expect(CASE, POLICY),
    "table": None,
    "strength": 0.9,
    "tries": 3,
    "prior": 0.1,
    "ratio": 2.0,
    "error": 0.1,
    "loss": 2.0,
    "argued": ARGUED,
    "give": "full-with-care",
    "keep": "refuse-with-reason",
    "weights": WEIGHTS,
    "gamma": 0.5,
    "alpha": 0.1,
    "assistant": 0.5,
    "inside": 0.9,
    "people": 10,
    "ones": 1.0,
    "zeros": 2.0,
    "copied": 0.1,
    "generations": 3,
    "samples": 10,
    "common": 0.3,
    "cost": 0.5,
    "interest": 0.04,
    "payout": 0.04,
    "reward": 1.0,
    "hazard": 0.1,
    "discount": 0.9,
    "interval": 3,
    "request": 2,
    "half_life": 8.0,
    "risks": [0.1, 0.2],
    "never_seen": 0.1,
    "missed_if_seen": 0.1,
    "base": [0.5, 0.5],
    "pressure": 1.0,
    "n": 3,
    "top": 0.5,
    "trained": [0.5, 0.5],
    "distance": 1.0,
    "beta": 0.1,
    "gold_sd": 1.0,
    "error_sd": 1.0,
    "seen": [3, 2],
    "more": 0.5,
    "rates": [0.5, 0.5],
    "probes": 3,
    "steps": 2,
    "choices": 3,
    "reads": 0.5,
    "unnoticed": 0.5,
    "breaks": 0.5,
    "false": 0.01,
    "traced": 0.5,
    "flagged": 0.5,
    "honest": 0.1,
}
GOOD_FOR = {
    "theory.persuasion.break_even_exception": {"value": 1.0},
    "theory.society.Sway": {"own": 0.5},
    "theory.society.swayed": {"sways": dict.fromkeys(CASE.responses, society.Sway(0.5, 0.1))},
    "theory.society.equilibrium": {"own": [0.0, 1.0]},
    "theory.society.listening": {"graph": np.ones((2, 2))},
    "theory.society.monoculture": {"own": 0.3},
    "theory.agency.ask_or_act": {"gain": 1.0},
    "theory.agency.waiting": {"now": 1.0, "later": [[1.0, 2.0]], "chance": [0.5, 0.5]},
    "theory.agency.dialog_band": {"act": (1.0, -2.0), "ask": (0.7, -0.1), "leave": (0.0, 0.0)},
    "theory.agency.solve": {"rewards": [[1.0]], "moves": [[[1.0]]]},
    "theory.training.tilted": {"reward": [1.0, 0.0]},
    "theory.training.best_of_n": {"reward": [1.0, 0.0]},
    "theory.training.quantilized": {"reward": [1.0, 0.0]},
    "theory.training.gold_beyond": {"threshold": 1.0},
    "theory.training.belief_in_reasons": {"prior": [0.5, 0.5], "reasons": [[[1.0, 0.0]], [[0.5, 0.5]]], "shown": [[1, 0]]},
    "theory.coverage.flags": {"caught": 0.5},
    "learning.imitating": {"written": PLAIN, "seen": CASE.population.signal_names[:1], "reads": 0.5},
    **{
        f"learning.{name}": PUSHED
        for name in ("slipping", "trained", "best_of", "quantilizer", "scored", "moved", "rated")
    },
    "case.from_arrays": {
        "share": SHARES,
        "signal": np.eye(2),
        "help": [[0, 1], [0, 0]],
        "harmful": [0, 1],
        "harm_chance": [[0, 0], [0, 0.5]],
        "harm": None,
    },
    "policy.batch.Axis": {"name": "x", "values": (0.0, 1.0)},
    "policy.batch.stack": {"policies": [POLICY, OTHER]},
    "policy.batch.by_state": {"policies": dict.fromkeys(CASE.population.states, OTHER)},
    "policy.batch.along": {"values": np.zeros(2), "name": "x"},
    "policy.made.table": {
        "rules": {CASE.population.signal_names[0].split("+")[0]: "refuse-with-reason"},
        "otherwise": "refuse-with-reason",
    },
    "policy.made.observed": {"counts": np.ones(POLICY.answer.shape)},
    "population.worlds_from": {"share": WORLDS.shares},
    "population.shares_from": {"share": WORLDS.shares},
    "population.states_from": {"share": WORLDS.shares},
    "population.draw_interval": {"value": 0.5},
    "uncertainty.means.best_in_worlds": {"worlds": WORLDS},
    "uncertainty.means.net_in_worlds": {"worlds": WORLDS},
    "uncertainty.means.lead_in_worlds": {"worlds": WORLDS},
    "theory.insurance.safe_until": {"table": None},
    "theory.trust.next_clean": {"runs": 1},
    "theory.trust.plausible": {},
    "theory.dial.SignalTypes": {"correlation": [0.5], "chance": [1.0]},
    "theory.off_switch.Discrete": {"values": [1.0, -1.0], "chances": [0.5, 0.5]},
    "theory.dial.TwoSignals": {"agents": SIGNALS},
    "theory.control.Confusion": {},
    "policy.batch.Policy": {"answer": OTHER.answer},
    "policy.made.from_array": {"array": OTHER.answer},
    "uncertainty.comparison.compare": {"policy": POLICY, "reference": OTHER},
    "uncertainty.extremes.worst_case": {"case": ONE, "policy": sk.policy.bayes(ONE)},

    "uncertainty.extremes.minimax_regret": {"case": ONE},
    "scenario.Signal": {"name": "x", "values": ("a", "b")},
    "scenario.load": {"name": "santa"},
    "scenario.load_record": {"name": "santa"},
    "severity.SeverityTable": {"levels": (sk.severity.SeverityLevel(value=1.0, chance=1.0),), "kind": "table"},
    "theory.control.efficient": {},
    "theory.release.by_date": {"month": 2},
    "theory.release.ends": {"passed": [[0, 0], [1, 0], [2, 0]], "failed": [[0, 0], [0, 0], [0, 0]]},
    "dial.agents.Agents": {"operators": DEPLOYMENT.agents.operators, "models": DEPLOYMENT.agents.models},
}
KINDS = {"Point": "point", "Lognormal": "lognormal", "Gamma": "gamma", "Pareto": "pareto"}
#: What is made inside, shown only (no numbers in), or tested at its own door: files, pictures, texts.
ELSEWHERE = {
    "policy.file.Tabled",
    "policy.file.PolicyFile",
    "population.Population",
    "population.Question",
    "case.Case",
    "case.Events",
    "monte_carlo.meet",
    "population.plain_population",
    "population.plain_question",
    "theory.off_switch.density",
    "theory.off_switch.linear_loss",
    "theory.release.finding",
    "theory.release.RuleTable",
    "dial.correlated.with_agents",
    "policy.file.write",
    "evaluate.per_sender",
    "theory.control.Confusion",
    "population.mixed",
    "uncertainty.means.lead_in_worlds",
    "policy.batch.along",
    "theory.agency.Rounded",
    "theory.agency.side_effect",
}
#: What an error may call an argument, beside its name: what it names, or what it must agree with.
CALLED = {
    **dict.fromkeys(("below", "above", "otherwise", "give", "keep"), ("response",)),
    "counts": ("observed model",),
    "seen": ("signal",),
    "share": ("segments",),
    "trust_in_operator": ("trust",),
    "trust_in_model": ("trust",),
    "dial_now": ("dial",),
    "dial_loosened": ("dial",),
    "help": ("responses", "segments"),
    "interval": ("low", "high"),
    "crosses": ("refusal",),
    "per_user": ("size",),
    "false_alarms": ("separation",),
    "caught": ("separation",),
    "severity": ("severities",), "answer": ("policy",), "array": ("no policy", "policy add up"),
}
# fmt: on
#: Arguments that anything may be given to: names of things, switches.
FREE = {"name", "unit", "legitimate", "covert", "shared_principal", "about", "ax", "kind"}


def surface():
    for room in ROOMS.split():
        module = importlib.import_module(f"simkit.{room}")
        for name, found in vars(module).items():
            if name.startswith("_") or getattr(found, "__module__", "") != module.__name__ or f"{room}.{name}" in ELSEWHERE:
                continue
            checks = (
                isinstance(found, type)
                and is_dataclass(found)
                and ("__post_init__" in vars(found) or hasattr(found, "__pydantic_fields__"))
            )
            if checks or isinstance(found, types.FunctionType):
                yield f"{room}.{name}", found


def good(name, function):
    """Good values for the arguments that must be given."""
    wanted = {**GOOD, **GOOD_FOR.get(name, {})}
    if name.startswith("severity."):
        wanted["kind"] = KINDS.get(name.split(".")[1], "table")
    if name == "theory.insurance.safe_until":
        from simkit.theory.insurance import DeferOrAct

        wanted["table"] = DeferOrAct(good_acts=1, good_defers=0.5, bad_acts=-1, bad_defers=0)
    given = {}
    for key, parameter in inspect.signature(function).parameters.items():
        if parameter.default is inspect.Parameter.empty or key in GOOD_FOR.get(name, {}):
            if key not in wanted:
                return None
            given[key] = wanted[key]
    return given


def nans(value, depth=0):
    """Whether a result holds a nan."""
    if isinstance(value, float | np.floating | np.ndarray):
        return np.asarray(value).dtype.kind == "f" and bool(np.isnan(value).any())
    if depth < 3 and isinstance(value, tuple | list):
        return any(nans(one, depth + 1) for one in value)
    if depth < 3 and is_dataclass(value) and not isinstance(value, sk.Case):
        return any(nans(getattr(value, field.name, 0), depth + 1) for field in fields(value))
    return False


def wrong(function, given, key, bad):
    """What is wrong with the answer to a bad value; "" if nothing is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = function(**{**given, key: bad})
    except (ValueError, TypeError) as error:
        trace = error.__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        if "simkit" not in trace.tb_frame.f_code.co_filename:
            return f"raw {type(error).__name__}: {str(error)[:90]}"
        told, names = str(error).replace("_", " "), [key.replace("_", " ").rstrip("s"), *CALLED.get(key, ())]
        said = isinstance(error, sk.InvalidFile) or any(one in told for one in names)
        return "" if said else f"unnamed: {str(error)[:90]}"
    except Exception as error:
        return f"raw {type(error).__name__}: {str(error)[:90]}"
    return "nan comes out" if nans(found) and not nans(function(**given)) else ""


TABLE = [(name, function) for name, function in surface() if good(name, function) is not None]


def test_the_table_holds_nearly_everything():
    missing = sorted(name for name, function in surface() if good(name, function) is None)
    assert len(TABLE) > 130
    assert len(missing) < 30, missing  # records of files, and what takes text: see test_files and test_schema


@pytest.mark.parametrize(("name", "function"), TABLE, ids=[name for name, _ in TABLE])
def test_a_bad_value_is_refused_by_name_or_answered(name, function):
    given = good(name, function)
    function(**given)
    found = {}
    for key in inspect.signature(function).parameters:
        for what, bad in BAD.items():
            if key not in FREE and (said := wrong(function, given, key, bad)):
                found[f"{key} = {what}"] = said
    assert found == {}
