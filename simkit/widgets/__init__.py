"""Instruments: controls, a pure function and a picture.  They need the extra `lab` (ipywidgets, anywidget).

>>> from simkit import widgets
>>> widgets.explore("medication-threshold")
"""

from .explore import Explorer, explore
from .settings import Settings
from .stage import Stage

__all__ = ["Explorer", "Settings", "Stage", "explore"]
