"""Instruments: controls, a pure function and a picture.  They need the extra `lab` (ipywidgets, anywidget).

>>> from simkit import widgets
>>> widgets.explore("medication-threshold")
"""

from .explore import Explorer, explore
from .explore_settings import Settings
from .predict import Prediction, predict
from .stage import Stage

__all__ = ["Explorer", "Prediction", "Settings", "Stage", "explore", "predict"]
