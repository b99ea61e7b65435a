"""Pictures of the dial: deployments -> Axes, as in `plots`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .arrays import Floats, Ints
from .dial.deployment import POSITIONS, Deployment
from .dial.optimum import Optimum, best_position
from .dial.overrides import along
from .plots import EDGE, RING, SENDERS, finished, new_axes, text_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def along_dial(deployment: Deployment, ax: Axes | None = None) -> Axes:
    """Net value per 1000 senders along the dial, beside that of a blend: instruction or own judgement by a toss of a coin.

    The blend is a straight line, so its best position is an end.
    """
    given, ax = ax, new_axes(ax)
    best, curve = best_position(deployment), along(deployment).expected()
    blend = along(replace(deployment, objection=None), [0.0, 1.0]).expected()
    ax.plot([0, 1], 1000 * blend.net, "--", lw=1.5, label="a blend: own judgement with this probability", **EDGE)
    dial, ink = "the dial: own judgement where it gains enough", text_colour()
    ax.step(POSITIONS, 1000 * curve.net, color=SENDERS[0], lw=2, where="pre", label=dial)
    ax.plot(best.place, 1000 * best.worth, label="best position", **RING | {"mec": ink})
    ax.axhline(1000 * deployment.best.sum(), color=ink, ls=":", lw=1, label="the best that any policy can do")
    ax.set(xlabel="from fully corrigible (0) to fully autonomous (1)", ylabel="net value per 1000 senders (help units)")
    return finished(ax, given)


def mosaic_order(deployment: Deployment) -> tuple[Ints, Ints]:
    """The order of operators and of models in a mosaic: by what each is worth where it decides, at 0 and at 1; best first."""
    ends = along(deployment, [0.0, 1.0])
    rows = deployment.agents.model_probabilities() @ ends.each.net[:, :, 0].T
    columns = deployment.agents.operator_probabilities() @ ends.each.net[:, :, 1]
    return np.argsort(-rows, kind="stable"), np.argsort(-columns, kind="stable")


def mosaic_tone(net: Floats, best: float) -> Floats:
    """Colours of net values beside the best possible, from −1 (red) to 1 (blue); neutral where half of it is lost."""
    lost = (best - net) / max(abs(best), 1e-300)
    return np.where(lost <= 0.5, 1 - 2 * lost, -np.minimum((lost - 0.5) / 1.5, 1.0))


def dials(deployments: Iterable[Deployment]) -> Figure:
    """What is lost along the dial for each deployment, by cause: bad instructions obeyed (orange), own mistakes (purple).

    Deployments at which neither end is best, by at least 1% of what is possible, come first and have a frame; a bar marks the
    best positions.
    """
    from matplotlib import pyplot

    found = sorted(((best_position(each), each) for each in deployments), key=lambda pair: -_gained(*pair))
    rows = -(-len(found) // 6)
    figure, axes = pyplot.subplots(rows, 6, figsize=(12, 1.35 * rows), layout="constrained", sharex=True, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (best, deployment) in zip(axes.flat, found, strict=False):
        _strip(ax, deployment, best)
    words = "the dial, from 0 (does as it is told) to 1 (does as it thinks best); up: what is lost, each on a scale of its own"
    figure.supxlabel(words, fontsize=9)
    return figure


def _gained(best: Optimum, deployment: Deployment) -> float:
    """What the best position gains over the better end, as a part of the best possible."""
    return float(best.margin) / max(abs(float(deployment.best.sum())), 1e-300)


def _strip(ax: Axes, deployment: Deployment, best: Optimum) -> None:
    curve, case, gained = along(deployment), deployment.original, _gained(best, deployment)
    lost = 1000 * np.stack([curve.expected().obeyed, curve.expected().judged])
    ax.stackplot(POSITIONS, lost, colors=[SENDERS[1], SENDERS[4]], step="pre")
    ax.plot([best.low, best.high], [0, 0], color=text_colour(), lw=4, solid_capstyle="butt", clip_on=False)
    ax.plot([float(best.place)], [0], "^", color=text_colour(), ms=6, clip_on=False)
    ax.set(xlim=(0, 1), ylim=(0, None), xticks=[], yticks=[])
    ax.set_axis_on()
    ax.spines[:].set_visible(gained >= 0.01)
    weight = "bold" if gained >= 0.01 else "normal"
    ax.set_title(f"{case.name}\n{case.context or '–'}", fontsize=7.5, fontweight=weight)
