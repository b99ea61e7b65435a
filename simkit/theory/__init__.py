"""Formal models, one subject a file, in the notation of one source each: pure functions that broadcast over their parameters.

dial        how far own judgement should go against instructions
control     what holds if the model means harm: audits, monitors, what they cost
sequential  Wald's test of a failure rate, with what it really does
trust       what a record of audits says about a model, and what it can never say
release     rules for loosening the dial, side by side: who decides, on what evidence, by when
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__all__ = ["control", "dial", "release", "sequential", "trust"]


def __getattr__(name: str) -> ModuleType:
    """Import a theory when it is first used."""
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
