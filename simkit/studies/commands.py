"""`simkit sweep`."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..terminal import say, say_table, stop, told
from ..text import number

if TYPE_CHECKING:
    import xarray as xr


def register(app: typer.Typer) -> None:
    """Give the command to an application."""
    app.command("sweep", epilog="Example:  simkit sweep study.yaml --workers 2 --table study.csv")(sweep_study)


def sweep_study(
    study: Annotated[Path, typer.Argument(help="A study file: docs/study-files.md.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="NetCDF to write.", show_default="STUDY.nc")] = None,
    table: Annotated[Path | None, typer.Option("--table", help="A table to write beside it, .csv.")] = None,
    store: Annotated[
        Path | None, typer.Option("--store", help="Where finished points are kept.", show_default="STUDY.sweep")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-j", min=0, max=512, help="Other processes; 0: this one.")] = 0,
) -> None:
    """Sweep scenarios, contexts, policies and plausible worlds, with tails.  Called again, it goes on where it stopped."""
    from .file import load_study
    from .library import scenarios

    target, kept = out or study.with_suffix(".nc"), store or study.with_suffix(".sweep")
    with told():
        asked = load_study(study)
    with told(writing=kept), ProcessPoolExecutor(workers) if workers else nullcontext() as pool:
        try:
            found = scenarios(
                asked.scenarios or None,
                policies=asked.policies,
                users=asked.users,
                quantiles=asked.quantiles,
                worlds=asked.worlds,
                executor=pool,
                store=kept,
                seed=asked.seed,
            )
        except (ImportError, RuntimeError) as error:
            stop(error)
    with told(writing=target):
        _save(found.assign_attrs(study=asked.study), target)
    if table:
        with told(writing=table):
            _save_table(found, table)
    _show(found)
    say(f"\nWrote {target}{f' and {table}' if table else ''}. Finished points are in {kept}.")
    if found.attrs["failed"]:
        stop(f"Some points failed and are missing:\n{found.attrs['failed']}", 1)


def _save(found: xr.Dataset, path: Path) -> None:
    from ..files import written

    with written(path) as stream:
        stream.write(bytes(found.to_netcdf(engine="h5netcdf")))


def _save_table(found: xr.Dataset, path: Path) -> None:
    from ..files import write_text

    scalars = [name for name, field in found.items() if set(field.dims) <= {"place", "policy", "users"}]
    write_text(path, found[scalars].to_dataframe().to_csv())


def _show(found: xr.Dataset) -> None:
    """The best policy of each place, its lead, and the last quantile of its total for the most users."""
    rows = []
    for place in found["place"].to_numpy():
        here = found.sel(place=place).isel(users=-1)
        order = (-here["net"].to_numpy()).argsort(kind="stable")
        best, lead = str(here["policy"].to_numpy()[order[0]]), here["net"].to_numpy()[order[:2]]
        tail = float(here["total_harm"].isel(policy=int(order[0]), quantile=-1))
        rows.append([str(place), best, number(float(lead[0])), number(float(lead[0] - lead[-1])), number(tail)])
    users, level = int(found["users"][-1]), float(found["quantile"][-1])
    say_table(["place", "best policy", "net per 1000", "lead", f"{level:g} quantile, {users} users"], rows)
