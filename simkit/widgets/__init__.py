"""Instruments: a settings record, a pure function and a picture.  They need the extra `lab` (ipywidgets, anywidget).

>>> from simkit import widgets
>>> widgets.explore("medication-threshold")

`Settings`, `Range`, `Table`, `Options`, `Action`, `Instrument` and `panels` make another one: `docs/write-an-instrument.md`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
