"""binder/ asks for what simkit needs, and for nothing that would break the build; verification/binder.sh rehearses it."""

import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
BASE = {"ipywidgets", "jupyterlab"}  # of the lab extra: in the base image of repo2docker

pytestmark = pytest.mark.skipif(
    not (ROOT / "binder").is_dir(), reason="binder/ lies beside the tests in a clone and in the sdist"
)


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / "binder" / name).read_text(encoding="utf-8")


def asked(*extras: str) -> list[str]:
    """The requirements of the project with extras, and with the extras that they ask for."""
    groups = project()["optional-dependencies"]
    lines = [line for extra in extras for line in groups[extra]]
    inner = {name for line in lines if Requirement(line).name == "policy-simkit" for name in Requirement(line).extras}
    rest = asked(*inner) if inner else project()["dependencies"]
    return [*rest, *(line for line in lines if Requirement(line).name != "policy-simkit")]


def test_requirements_are_those_of_the_project_without_the_base_image():
    """`python binder/renew.py` writes them."""
    lines = [line for line in text("requirements.txt").splitlines() if line and not line.startswith("#")]
    assert sorted(lines) == sorted(line for line in asked("lab", "logs") if Requirement(line).name not in BASE)
    for line in lines:
        assert not Requirement(line).url, f"{line}: a path or an address cannot be cached"
        assert "==" not in line, f"{line}: lower bounds only"


def test_the_python_is_one_that_simkit_runs_on():
    version = re.fullmatch(r"python-(3\.\d+)\n", text("runtime.txt"))
    assert version, "python-3.N, or Binder takes its own default"
    assert SpecifierSet(project()["requires-python"]).contains(version[1])
    assert f"Programming Language :: Python :: {version[1]}" in project()["classifiers"]


def test_post_build_stops_at_the_first_problem_and_installs_simkit_alone():
    script = text("postBuild")
    assert "\nset -euo pipefail\n" in script
    assert "pip install --quiet --no-cache-dir --no-deps .\n" in script
    assert "pip check\n" in script
    assert not re.search(r"curl|wget|https?:|git ", script), "nothing is downloaded from elsewhere"
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK) or os.name != "posix"


def test_files_that_post_build_copies_are_there():
    (source,) = re.findall(r"^cp (\S+) ", text("postBuild"), re.MULTILINE)
    (settings,) = json.loads((ROOT / source).read_text(encoding="utf-8")).values()
    assert settings == {"fetchNews": "false", "checkForUpdates": False}
