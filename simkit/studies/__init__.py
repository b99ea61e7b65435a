"""Studies: sweeps of any function over a grid, the whole library of scenarios, and which judgements decide."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
