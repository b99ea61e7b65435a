"""simkit: an answer is a policy over everyone who sends those words.

The rooms, in the order in which the data flows:

    files         one door for YAML: bounded, nothing executed, every line remembered
    schema        checked records: every error at once, with file, line, path, value, likely fix
    messages      who says what to the assistant, with which authority, and what that is meant to set
    severity      how bad one harmful event is
    population    who sends this message: segments, shares with intervals, signals, posterior
    case          one ambiguous request as arrays and names
    scenario      the same request as a file says it (scenario_rules: what no single field can see)
    policy        single policies, batches labelled by an axis, and every way to make one
    evaluate      what then happens, exactly: exposure, expect
    monte_carlo   the same by drawing senders
    icon_array    1000 senders as dots: who they are, what they get, what comes of it
    event_counts  how many events a crowd of N senders brings; the two front pages
    pareto        which policies are worth having: frontier, regret, value of information
    uncertainty   plausible worlds, worst cases, break-even values: how sure a conclusion is
    aggregate     the distribution of the total harm of N users
    dial          the corrigibility–autonomy dial on a population: agents, deployment, optimum, correlated, overrides
    spec          the written spec: decide with a trace, compile to a policy, amend; published Model Specs compared
    report        a comparison of policies that people can read
    logs          real behaviour: a log becomes rows, rows become counts of a scenario
    audit         hold a spec to its word: commitments, a plan, verdicts with intervals
    theory        formal models beside the chain, one paper's notation a file
    tasks         tasks as graphs: steps, permissions, what cannot be undone; ways to do them as a batch
    learning      what training makes of a written policy: pushed by an evaluator, or learned from demonstrations
    plots         results -> Axes; dial_plots those of the dial
    widgets       instruments for notebooks: a settings record, a pure function, a picture
    jupyter       JupyterLab on the notebooks

    >>> import simkit as sk
    >>> case = sk.load("medication-threshold")
    >>> sk.expect(case, sk.policy.bayes(case))
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
