"""Instruments: controls, a pure function and a picture.  They need the extra `lab` (ipywidgets, anywidget).

>>> from simkit import widgets
>>> widgets.explore("medication-threshold")
"""

from .chain import Chain, chain
from .crowd import Crowd, crowd
from .dial import Dial, dial
from .explore import Explorer, explore
from .explore_settings import Settings
from .predict import Prediction, predict
from .race import Race, race
from .stage import Stage
from .trust import Trust, trust
from .trust_runs import Pool, pool

__all__ = [
    "Chain",
    "Crowd",
    "Dial",
    "Explorer",
    "Pool",
    "Prediction",
    "Race",
    "Settings",
    "Stage",
    "Trust",
    "chain",
    "crowd",
    "dial",
    "explore",
    "pool",
    "predict",
    "race",
    "trust",
]
