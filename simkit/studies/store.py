"""Finished points on disk: a folder of NetCDF files, each written beside its place and moved there when it is whole.

One file holds a run of points, so that a single rename makes it part of the store: a kill, a full disk or an interrupt leaves
whole files only, and the same call goes on with what is missing.  (A Zarr array is many files, and no rename covers them all.)
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..files import given_path, written
from .digests import digest
from .points import Chunk, Study

ABOUT = "study.json"
FORM = "simkit sweep 2"


def called(function: Any) -> str:
    """The full name of a function, without the arguments that `functools.partial` binds."""
    while isinstance(function, partial):
        function = function.func
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__name__)}"


def identity(study: Study) -> dict[str, Any]:
    """What makes a study this one: form, version, function and a digest of it, seed, and a digest of each dimension."""
    from .. import __version__

    return {
        "form": FORM,
        "version": __version__,
        "function": called(study.function),
        "source": digest(study.function),
        "seed": study.seed,
        "grid": {each.name: [len(each.values), each.digest] for each in study.dimensions},
    }


class Store:
    """A folder that belongs to one study.  A ValueError if it belongs to another one, or holds something else."""

    def __init__(self, folder: str | Path, study: Study) -> None:
        self.folder, self.study = given_path(folder), study
        about, mine = self.folder / ABOUT, identity(study)
        if self.folder.exists() and not self.folder.is_dir():
            raise ValueError(f"store is a folder; {self.folder} is a file")
        self.folder.mkdir(parents=True, exist_ok=True)
        if not about.exists():
            if any(not each.name.endswith(".part") for each in self.folder.iterdir() if each != about):
                raise ValueError(f"{self.folder} is a folder with other things in it: give an empty one, or a new name")
            with suppress(FileExistsError):  # somebody else has just begun the same
                _put(about, json.dumps(mine, indent=1).encode(), new=True)
        theirs = _about(about)
        if other := [name for name in mine if theirs.get(name) != mine[name]]:
            raise ValueError(
                f"{self.folder} holds another study: {_differs(theirs, mine, other[0])}. Give another folder, or delete it"
            )
        for left in self.folder.glob("*.part"):
            left.unlink(missing_ok=True)

    def chunks(self) -> list[Chunk]:
        """All that is there.  A ValueError names a file that cannot be read."""
        return [_read(path, self.study.size) for path in sorted(self.folder.glob("points-*.nc"))]

    def add(self, chunk: Chunk) -> None:
        """Keep a chunk.  An OSError if it cannot be written; what was there before stays."""
        _put(self.folder / f"points-{min(chunk.every):012d}-{max(chunk.every) + 1:012d}.nc", _packed(chunk))


def _about(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    except ValueError:
        pass
    raise ValueError(f"{path} does not say which study this is: give another folder, or delete it")


def _differs(theirs: dict[str, Any], mine: dict[str, Any], name: str) -> str:
    if name == "grid":
        names = {*theirs.get("grid", {}), *mine["grid"]}
        return "its grid differs in " + ", ".join(
            sorted(n for n in names if theirs.get("grid", {}).get(n) != mine["grid"].get(n))
        )
    if name == "source":
        return f"{mine['function']} was changed since"
    return f"its {name} is {theirs.get(name)!r}, not {mine[name]!r}"


def _put(path: Path, data: bytes, *, new: bool = False) -> None:
    """Write a file beside its place, make sure that it is on the disk, and move it there."""
    for last in (False, False, True):
        try:
            with written(path, new=new) as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            return
        except FileNotFoundError:  # another process that opened the store took it for a leftover
            if last or not path.parent.exists():
                raise


def _packed(chunk: Chunk) -> bytes:
    """A chunk as NetCDF, with names of our own: those of fields may be what NetCDF does not allow."""
    import xarray as xr

    names = {name: f"field{i}" for i, name in enumerate(chunk.values)}
    held = xr.Dataset(
        {
            names[name]: (("point", *(f"{names[name]}_{i}" for i in range(array.ndim - 1))), array)
            for name, array in chunk.values.items()
        },
        {"point": np.array(chunk.points, dtype=np.int64)},
        {"axes": json.dumps(chunk.axes), "failures": json.dumps(chunk.failures)},
    )
    return bytes(held.to_netcdf(engine="h5netcdf"))


def _read(path: Path, size: int) -> Chunk:
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="h5netcdf") as held:
            axes = {name: tuple(each) for name, each in json.loads(held.attrs["axes"]).items()}
            values = {name: held[f"field{i}"].to_numpy() for i, name in enumerate(axes)}
            failures = {int(point): said for point, said in json.loads(held.attrs["failures"]).items()}
            points = held["point"].to_numpy().tolist()
        if not all(0 <= point < size for point in [*points, *failures]) or not (points or failures):
            raise ValueError(f"points of a study of {size} are 0 to {size - 1}")
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} cannot be read ({error}): delete it, and its points are computed again") from None
    texts = {name: array.astype(str) if array.dtype.kind == "O" else array for name, array in values.items()}
    return Chunk(points, texts, axes, failures)
