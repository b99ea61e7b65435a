"""Formal models, one subject a file, in the notation of one source each: pure functions that broadcast over their parameters.

off_switch   why an agent that is unsure what is good lets itself be switched off, and when it does not
delegation   how much discretion to give an agent that wants a little too much: neither none nor all
dial         how far own judgement should go against instructions: neither end is best
obedience    what becomes of obedience as an agent learns what its principals want
insurance    deferring or acting, with good or bad values: a premium, and what it covers
control      what holds if the model means harm: audits, monitors, what they cost
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

__all__ = ["control", "delegation", "dial", "insurance", "obedience", "off_switch"]


def __getattr__(name: str) -> ModuleType:
    """Import a theory when it is first used."""
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
