"""Reference numbers of the theories of dial and control, and how close is close."""

import json
from pathlib import Path

import pytest


def reference() -> dict:
    """Published and recomputed numbers, by their id."""
    path = Path(__file__).parent / "reference" / "theory_dial.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["anchors"]
    return {key: row["value"] if len(row["value"]) > 1 else row["value"][0] for key, row in rows.items()}


def close(value, expected, rel=1e-6):
    return value == pytest.approx(expected, rel=rel)
