"""The shape of the house: public names, what an import costs, and which room may look into which."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import simkit

ROOT = Path(simkit.__file__).parent

#: The rooms in the order in which the data flows; each imports only what stands before it.
ORDER = [
    "text",
    "arguments",
    "arrays",
    "files",
    "schema",
    "messages",
    "severity",
    "population",
    "case",
    "scenario_rules",
    "scenario",
    "policy",
    "evaluate",
    "monte_carlo",
    "icon_array",
    "event_counts",
    "pareto",
    "uncertainty",
    "aggregate",
    "dial",
    "plots",
    "dial_plots",
    "spec",
    "report",
    "theory",
    "logs",
    "audit",
    "tasks",
    "learning",
    "codes",
    "drafts",
    "widgets",
    "exercises",
    "jupyter",
    "terminal",
    "studies",
    "kinds",
    "publish",
    "log_commands",
    "__main__",
]


def room(path: Path) -> str:
    """The name of a room: `population`, `widgets.stage`; a folder's own file is `widgets`."""
    return ".".join(part for part in path.relative_to(ROOT).with_suffix("").parts if part != "__init__")


def imports(path: Path) -> set[str]:
    """The rooms that a room imports, at the top or inside functions; imports for type checking only do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    inside = path.parent.relative_to(ROOT).parts if path.is_relative_to(ROOT) else ()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".") if node.module else []
            if node.level:
                parts = [*inside[: len(inside) - node.level + 1], *parts]
            elif parts[:1] == ["simkit"]:
                parts = parts[1:]
            else:
                continue
            rooms = {".".join([*parts, alias.name]) for alias in node.names}
            found |= {name for name in rooms if exists(name)} or {".".join(parts)}
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("simkit.")}
    return {name for name in found if name and exists(name)}


def exists(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.with_suffix(".py").exists() or (place / "__init__.py").exists()


def test_imports_go_down_only():
    rooms = {room(path): path for path in ROOT.rglob("*.py") if room(path)}
    floor = {name: ORDER.index(name.partition(".")[0]) for name in rooms}
    wanted = {name: {other for other in imports(path) if other != name} for name, path in rooms.items()}
    assert [(name, other) for name, others in wanted.items() for other in others if floor[other] > floor[name]] == []
    list(TopologicalSorter(wanted).static_order())  # a CycleError names a circle inside one room


def test_an_import_that_goes_up_is_seen(tmp_path):
    """Negative control."""
    path = tmp_path / "files.py"
    for line in ("from .policy import Policy", "from . import policy", "import simkit.policy", "from simkit import policy"):
        path.write_text(f"def late():\n    {line}\n")
        assert imports(path) == {"policy"}, line


def test_every_public_name_is_there_and_documented():
    for name in simkit.__all__:
        assert getattr(simkit, name).__doc__, name
    assert set(simkit.__all__) <= set(dir(simkit))
    with pytest.raises(AttributeError, match="attribute nothing"):
        _ = simkit.nothing


def test_importing_simkit_loads_nothing_heavy():
    heavy = ["numpy", "matplotlib", "pydantic", "scipy", "ipywidgets", "anywidget", "xarray", "typer", "networkx"]
    code = f"import sys, simkit; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_loading_a_case_loads_neither_matplotlib_nor_scipy():
    code = "import sys, simkit as sk; sk.expect(c := sk.load('xstest'), sk.policy.bayes(c)); "
    code += "print([name for name in ('matplotlib', 'scipy', 'typer', 'rich') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_deciding_loads_neither_networkx_nor_matplotlib():
    code = "import sys, simkit as sk; r = sk.spec.load('general-assistant'); sk.spec.decide(r, [], next(iter(r.behaviours))); "
    code += "print([name for name in ('matplotlib', 'scipy', 'networkx', 'typer') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_modules_are_short():
    rooms = [path for path in ROOT.rglob("*.*") if path.suffix in (".py", ".js")]
    long = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in rooms}
    assert max(long.values()) <= 400, long
