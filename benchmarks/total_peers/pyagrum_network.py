"""pyAgrum: a Bayesian network of one user.  The mean of N users follows from it; the law of their total does not."""

from __future__ import annotations

import math
from typing import Any

import pyagrum as gum
from protocol import computed, read_task


def main(task: Any) -> None:
    gum.setNumberOfThreads(1)
    average = task["median"] * math.exp(task["sigma"] ** 2 / 2)

    def mean() -> float:
        net = gum.BayesNet("user")
        sizes = {"segment": len(task["share"]), "signal": len(task["answer"]), "response": len(task["answer"][0]), "harm": 2}
        for name, size in sizes.items():
            net.add(gum.LabelizedVariable(name, name, size))
        for tail, head in (("segment", "signal"), ("signal", "response"), ("segment", "harm"), ("response", "harm")):
            net.addArc(tail, head)
        net.cpt("segment")[:] = task["share"]
        for segment, signals in enumerate(task["signals"]):
            net.cpt("signal")[{"segment": segment}] = signals
            for response, chance in enumerate(task["harm"][segment]):
                net.cpt("harm")[{"segment": segment, "response": response}] = [1 - chance, chance]
        for signal, answer in enumerate(task["answer"]):
            net.cpt("response")[{"signal": signal}] = answer
        inference = gum.LazyPropagation(net)
        inference.makeInference()
        return task["users"] * average * float(inference.posterior("harm")[1])

    reason = "its variables are finite and few: a sum over N users of lognormal sizes is outside the language (means only)"
    computed("pyagrum", task, {"mean": mean}, cannot=reason)


main(read_task())
