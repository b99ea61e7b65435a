"""Renew `binder/requirements.txt` from pyproject.toml: `python binder/renew.py`.  A test says when it is time."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
EXTRAS = ("lab", "logs")
BASE = ("ipywidgets", "jupyterlab")  # in the base image of repo2docker
HEAD = """\
# What simkit needs and Binder's base image does not have (it has jupyterlab and ipywidgets).  No path of this repository:
# so the layer is built once and kept when only notebooks change.  simkit itself is installed by postBuild.
# Written by `python binder/renew.py`.
"""


def wanted() -> list[str]:
    """The requirements of simkit and of the extras that notebooks use, without the base image's."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines, extras = list(project["dependencies"]), list(EXTRAS)
    for extra in extras:  # grows: an extra may ask for others
        for line in project["optional-dependencies"][extra]:
            inner = re.fullmatch(r"policy-simkit\[(.+)\]", line)
            (extras.extend(inner[1].split(",")) if inner else lines.append(line))
    return sorted(line for line in lines if not line.startswith(BASE))


if __name__ == "__main__":
    (HERE / "requirements.txt").write_text(HEAD + "\n".join(wanted()) + "\n", encoding="utf-8")
