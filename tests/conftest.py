"""What every test may ask for."""

import json
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers that are the same in every run and different in every test."""
    return np.random.default_rng(list(request.node.nodeid.encode()))


@pytest.fixture(scope="session")
def anchors() -> dict:
    """Published and recomputed numbers, by their id: `anchors["A1.1"]`."""
    rows = json.loads((Path(__file__).parent / "reference" / "populations.json").read_text(encoding="utf-8"))["anchors"]
    return {key: row["value"] for key, row in rows.items()}
