"""Finished points on disk: a folder of NetCDF files, each written beside its place and moved there when it is whole.

One file holds a run of points, so that a single rename makes it part of the store: a kill, a full disk or an interrupt leaves
whole files only, and the same call goes on with what is missing.  (A Zarr array is many files, and no rename covers them all.)
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..files import written
from .points import Chunk, Study

ABOUT = "study.json"
FORM = "simkit sweep 1"


def identity(study: Study) -> dict[str, Any]:
    """What makes a study this one: form, version, function and its source, seed, and a digest of each dimension."""
    from .. import __version__

    function: Any = study.function
    while hasattr(function, "func"):  # functools.partial
        function = function.func
    name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__name__)}"
    try:
        source = inspect.getsource(function if hasattr(function, "__code__") else type(function))
    except (OSError, TypeError):
        source = ""
    bound = (
        repr([getattr(study.function, part, None) for part in ("args", "keywords")]) if study.function is not function else ""
    )
    return {
        "form": FORM,
        "version": __version__,
        "function": name,
        "source": hashlib.sha256((source + bound).encode()).hexdigest(),
        "seed": study.seed,
        "grid": {each.name: [len(each.values), each.digest] for each in study.dimensions},
    }


class Store:
    """A folder that belongs to one study.  A ValueError if it belongs to another one, or holds something else."""

    def __init__(self, folder: str | Path, study: Study) -> None:
        self.folder, self.study = Path(folder), study
        about, mine = self.folder / ABOUT, identity(study)
        if about.exists():
            theirs = json.loads(about.read_text(encoding="utf-8"))
            other = [name for name in mine if theirs.get(name) != mine[name]]
            if other:
                raise ValueError(
                    f"{self.folder} holds another study: {_differs(theirs, mine, other[0])}. Give another folder, or delete it"
                )
        elif self.folder.exists() and any(self.folder.iterdir()):
            raise ValueError(f"{self.folder} is a folder with other things in it: give an empty one, or a new name")
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            _put(about, json.dumps(mine, indent=1).encode())
        for left in self.folder.glob("*.part"):
            left.unlink()

    def chunks(self) -> list[Chunk]:
        """All that is there.  A ValueError names a file that cannot be read."""
        return [_read(path) for path in sorted(self.folder.glob("points-*.nc"))]

    def add(self, chunk: Chunk) -> None:
        """Keep a chunk.  An OSError if it cannot be written; what was there before stays."""
        every = [*chunk.points, *chunk.failures]
        _put(self.folder / f"points-{min(every):012d}-{max(every) + 1:012d}.nc", _packed(chunk))


def _differs(theirs: dict[str, Any], mine: dict[str, Any], name: str) -> str:
    if name == "grid":
        names = {*theirs.get("grid", {}), *mine["grid"]}
        return "its grid differs in " + ", ".join(
            sorted(n for n in names if theirs.get("grid", {}).get(n) != mine["grid"].get(n))
        )
    if name == "source":
        return f"{mine['function']} was changed since"
    return f"its {name} is {theirs.get(name)!r}, not {mine[name]!r}"


def _put(path: Path, data: bytes) -> None:
    """Write a file beside its place, make sure that it is on the disk, and move it there."""
    with written(path) as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _packed(chunk: Chunk) -> bytes:
    import xarray as xr

    axes = {name: ("point", *(f"{name}.{axis}" for axis in chunk.axes[name])) for name in chunk.values}
    held = xr.Dataset(
        {name: (axes[name], array) for name, array in chunk.values.items()},
        {"point": np.array(chunk.points, dtype=np.int64)},
        {"axes": json.dumps(chunk.axes), "failures": json.dumps(chunk.failures)},
    )
    return bytes(held.to_netcdf(engine="h5netcdf"))


def _read(path: Path) -> Chunk:
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="h5netcdf") as held:
            values = {str(name): array.to_numpy() for name, array in held.data_vars.items()}
            axes = {name: tuple(each) for name, each in json.loads(held.attrs["axes"]).items()}
            failures = {int(point): said for point, said in json.loads(held.attrs["failures"]).items()}
            points = held["point"].to_numpy().tolist()
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path} cannot be read ({error}): delete it, and its points are computed again") from None
    strings = {name: array.astype(str) if array.dtype.kind == "O" else array for name, array in values.items()}
    return Chunk(points, strings, axes, failures)
