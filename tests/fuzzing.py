"""The mutation code of `verification/fuzz_files.py`, for the short runs in the tests."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def fuzzer():
    """The mutation code, which lives with the long run."""
    spec = importlib.util.spec_from_file_location("fuzz_files", ROOT / "verification" / "fuzz_files.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_files"] = module
    spec.loader.exec_module(module)
    return module
