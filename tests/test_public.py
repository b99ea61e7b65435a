"""The shape of the house: public names, what an import costs, and which room may look into which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import simkit

ROOT = Path(simkit.__file__).parent

FLOORS = [
    {"arrays", "files", "tables"},
    {"plain", "records"},
    {"severity", "population", "scenario_rules"},
    {"case", "transforms"},
    {"scenario"},
    {"policy"},
    {"evaluate"},
    {"simulation", "crowds", "tradeoff"},
    {"robust", "conclusions", "laws"},
    {"inversion", "lattice"},
    {"verified"},
    {"quantiles"},
    {"totals"},
    {"report"},
    {"plots"},
    {"__main__"},
]


def imports(path: Path) -> set[str]:
    """The rooms that a room imports, at the top or inside functions; imports for type checking only do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            found |= {node.module} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "simkit":
            found |= {node.module.partition(".")[2]} if "." in node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("simkit.")}
    return {name for name in found if (ROOT / f"{name}.py").exists()}


def test_imports_go_down_only():
    floor = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
    rooms = {path.stem: path for path in ROOT.glob("*.py") if path.stem != "__init__"}
    assert set(rooms) == set(floor), "every room has a floor"
    up = [(room, other) for room, path in rooms.items() for other in imports(path) if floor[other] >= floor[room]]
    assert up == []


def test_an_import_that_goes_up_is_seen(tmp_path):
    """Negative control."""
    room = tmp_path / "files.py"
    for line in ("from .policy import Policy", "from . import policy", "import simkit.policy", "from simkit import policy"):
        room.write_text(f"def late():\n    {line}\n")
        assert imports(room) == {"policy"}, line


def test_every_public_name_is_there_and_documented():
    for name in simkit.__all__:
        assert getattr(simkit, name).__doc__, name
    assert set(simkit.__all__) <= set(dir(simkit))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = simkit.nothing


def test_importing_simkit_loads_nothing_heavy():
    heavy = ["numpy", "matplotlib", "pydantic", "scipy", "ipywidgets", "xarray", "typer"]
    code = f"import sys, simkit; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_loading_a_case_loads_neither_matplotlib_nor_scipy():
    code = "import sys, simkit as sk; sk.expect(c := sk.load('xstest'), sk.policy.bayes(c)); "
    code += "print([name for name in ('matplotlib', 'scipy', 'typer', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_modules_are_short():
    long = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.glob("*.py")}
    assert max(long.values()) <= 400, long
