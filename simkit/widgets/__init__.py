"""Instruments: a settings record, a pure function and a picture.  They need the extra `lab` (ipywidgets, anywidget).

>>> from simkit import widgets
>>> widgets.explore("medication-threshold")

`Settings`, `Range`, `Table`, `Options`, `Action`, `Instrument` and `panels` make another one: `docs/write-an-instrument.md`.
"""

from . import panels
from .bright_line import argument
from .builder import Builder, build
from .classroom import Classroom, classroom
from .command_chain import Chain, chain
from .common_source import opinions
from .contest import Race, race
from .controls import Range
from .corrigibility import Dial, dial
from .desktop import tidy
from .explorer import Explorer, explore
from .instrument import Instrument, Settings
from .prediction import Prediction, predict
from .probe_count import probes
from .reference_graph import references
from .release_changes import releases
from .stage import Action, Options, Stage, Table
from .total_harm import crowd
from .training_pressure import pressure
from .trust_instrument import Pool, Trust, pool, trust

__all__ = [
    "Action",
    "Builder",
    "Chain",
    "Classroom",
    "Dial",
    "Explorer",
    "Instrument",
    "Options",
    "Pool",
    "Prediction",
    "Race",
    "Range",
    "Settings",
    "Stage",
    "Table",
    "Trust",
    "argument",
    "build",
    "chain",
    "classroom",
    "crowd",
    "dial",
    "explore",
    "opinions",
    "panels",
    "pool",
    "predict",
    "pressure",
    "probes",
    "race",
    "references",
    "releases",
    "tidy",
    "trust",
]
