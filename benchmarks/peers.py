"""Notebook cells that show 1000 dots and a slider, by simkit's first instrument and by its peers."""

from __future__ import annotations

from typing import Any

import numpy as np

import simkit as sk
from simkit.plots import SENDERS
from simkit.widgets.explorer import ExplorerSettings, default_family

CASE = "medication-threshold"
COMMON = f"""
import ipywidgets as W, numpy as np, simkit as sk
from dataclasses import replace
from simkit.widgets.explorer import ExplorerSettings, default_family
case = sk.load({CASE!r})
every = sk.dots(case, default_family(case, ExplorerSettings()))
def at(i): return replace(every, count=every.count[i], expected=every.expected[i])
def barcode(figure, i):
    bits = np.array([[0, 1, *map(int, format(i, '010b'))]])
    figure.figimage(np.kron(bits, np.ones((8, 8))), 0, 512, cmap='gray', vmin=0, vmax=1)
slider = W.IntSlider(0, 0, 1000, description='declined', layout=W.Layout(width='720px'))
"""
CELLS = {
    "simkit": f"import simkit as sk\nsk.widgets.explore({CASE!r})",
    "interact": COMMON
    + """
%matplotlib inline
%config InlineBackend.print_figure_kwargs = {'bbox_inches': None}
import matplotlib.pyplot as plt
def draw(declined):
    figure, ax = plt.subplots(figsize=(7.2, 5.2), dpi=100, layout='constrained')
    sk.plots.dots(at(declined), ax)
    barcode(figure, declined)
    plt.show()
W.interact(draw, declined=slider);
""",
    "ipympl": COMMON
    + """
%matplotlib widget
import matplotlib.pyplot as plt
with plt.ioff():
    figure, ax = plt.subplots(figsize=(7.2, 5.2), dpi=100, layout='constrained')
figure.canvas.header_visible = False
def draw(declined):
    ax.clear()
    figure.images.clear()
    sk.plots.dots(at(declined), ax)
    barcode(figure, declined)
draw(0)
slider.observe(lambda change: (draw(change['new']), figure.canvas.draw()), 'value')
W.VBox([slider, figure.canvas])
""",
    "plotly": COMMON
    + """
import plotly.graph_objects as go
from simkit.plots import SENDERS, segment_colours
def symbol_of(r, e): return 'x' if e == 1 else 'triangle-up' if e else 'circle-open' if case.refuses[r] else 'circle'
cells = [(SENDERS[segment_colours(case)[s]], symbol_of(r, e))
         for s, r, e in zip(every.segment, every.response, every.event)]
place = np.arange(1000)
def look(i): return (list(each) for each in zip(*(cell for cell, n in zip(cells, every.count[i]) for _ in range(n))))
colour, symbol = look(0)
figure = go.FigureWidget(go.Scatter(x=place // 25, y=-(place % 25), mode='markers',
                                    marker={'size': 12, 'color': colour, 'symbol': symbol}))
figure.update_layout(width=720, height=520, title_text='0 declined', showlegend=False)
def draw(declined):
    with figure.batch_update():
        figure.data[0].marker.color, figure.data[0].marker.symbol = look(declined)
        figure.layout.title.text = f'{declined} declined'
slider.observe(lambda change: draw(change['new']), 'value')
W.VBox([slider, figure])
""",
}


def positions() -> dict[str, Any]:
    """Which colours at the centres of the dots belong to which position; positions with the same picture count as the first."""
    case = sk.load(CASE)
    found = sk.dots(case, default_family(case, ExplorerSettings()))
    assert "partial" not in {case.kinds[r] for r in found.response[found.count.any(0)]}, "half a dot has no centre to read"
    colours = [*dict.fromkeys(SENDERS), "empty", "marked"]
    of_segment = np.array(sk.plots.segment_colours(case))[found.segment]
    kind = np.where(found.event > 0, len(SENDERS) + 1, np.where(case.refuses[found.response], len(SENDERS), of_segment))
    counts = found.count @ np.eye(len(colours), dtype=int)[kind]
    shown: dict[str, int] = {}
    same = [shown.setdefault(" ".join(map(str, row)), i) for i, row in enumerate(counts.tolist())]
    return {"colours": dict.fromkeys(colours, 1), "shown": shown, "same": same}
