"""`sweep(function, grid)`: any function of named parameters over a grid, in this process, in others or on a cluster.

Results do not depend on who computes them: the random numbers of a point follow from the seed and its number, and the order in
which chunks arrive is forgotten.  Chunks grow until one takes about a quarter of a second, so that small points do not drown in
overhead.  Larger than one machine: give the client of a Dask cluster, which schedules, retries and balances.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import guard
from .grid import dimensions
from .points import Chunk, Study
from .store import Store, called

if TYPE_CHECKING:
    import xarray as xr

#: Seconds that a chunk should take, and the most points in one.
TARGET, MOST = 0.25, 100_000
#: Seconds after which a progress bar is shown.
PATIENCE = 1.0


def sweep(
    function: Callable[..., Any],
    grid: Mapping[str, Any],
    *,
    executor: Any = None,
    store: str | Path | None = None,
    progress: bool = True,
    seed: int = 0,
) -> xr.Dataset:
    """Evaluate `function` at every point of a grid, and give a labelled Dataset with a dimension for each parameter.

    `grid` maps names of the function's parameters to their values: numbers, texts, named things such as cases, or a batch of
    policies with an axis.  The function returns a number, text or array, or a mapping or dataclass of these; if it takes `rng`,
    it gets random numbers of its own (from `seed` and the number of the point).  `executor` is None (this thread), any
    `concurrent.futures.Executor`, or a Dask client; whoever made it closes it.  `store` is a folder: finished points stay
    there, and the same call goes on where it stopped.  A call is the same if its grid, seed and function are: its source, what
    it holds, and the constants and functions of its module that it uses, not what it reads elsewhere.

    Points that fail are missing (nan), with parameters and traceback in the attribute `failed`, and so are those that return
    other fields or shapes than the first; if all fail, a RuntimeError shows the first.  A ValueError for a grid that makes no
    sense, or the store of another study.  Needs the extra `sweep`.
    """
    if not callable(function):
        raise ValueError(f"function is something to call with the parameters of the grid, not {type(function).__name__}")
    study = Study(function, dimensions(grid), seed)
    kept = Store(store, study) if store is not None else None
    chunks = kept.chunks() if kept else []
    done = np.zeros(study.size, dtype=bool)
    for chunk in chunks:
        done[chunk.every] = True
    with _bar(study.size, int(done.sum()), progress) as tell:
        for chunk in _computed(study, np.flatnonzero(~done), *_pool(executor)):
            if kept:
                kept.add(chunk)
            chunks.append(chunk)
            tell(len(chunk.every))
    return _dataset(study, chunks)


# --- who computes -----------------------------------------------------------------------------------------------------


class _Here(Executor):
    """This thread: what is submitted is done at once."""

    def submit(self, do: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(do(*given, **named))
        return done


def _pool(executor: Any) -> tuple[Executor, int]:
    """An executor, and how many chunks it may have at once."""
    if executor is None:
        return _Here(), 1
    if hasattr(executor, "get_executor"):  # a Dask client
        return executor.get_executor(), 2 * max(sum(executor.ncores().values()), 1)
    if not isinstance(executor, Executor):
        raise ValueError(f"executor is None, a concurrent.futures.Executor or a Dask client, not {type(executor).__name__}")
    return executor, 2 * (getattr(executor, "_max_workers", None) or os.cpu_count() or 1)


def _computed(study: Study, missing: np.ndarray, pool: Executor, most: int) -> Iterator[Chunk]:
    """Chunks as they are finished; each is a run of points that follow each other."""
    size, runs = 1, _runs(missing)
    pending: set[Future[list[Chunk]]] = set()
    start, stop = next(runs, (0, 0))
    try:
        while start < stop or pending:
            while start < stop and len(pending) < most:
                end = min(start + size, stop)
                pending.add(pool.submit(study.evaluate, start, end))
                start, stop = (end, stop) if end < stop else next(runs, (0, 0))
            ready, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in ready:
                chunks = _finished(future)
                size = _next_size(size, chunks)
                yield from chunks
    finally:
        for future in pending:
            future.cancel()


def _finished(future: Future[list[Chunk]]) -> list[Chunk]:
    try:
        return future.result()
    except (BrokenExecutor, pickle.PicklingError, AttributeError) as error:
        hint = "with a store, the same call goes on with what is missing"
        if not isinstance(error, BrokenExecutor):
            hint = "other processes need a function that can be imported: define it in a module, not as a lambda"
        error.add_note(f"simkit.sweep: {hint}")
        raise


def _runs(missing: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and last + 1 of each run of numbers that follow each other."""
    if len(missing):
        for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
            yield int(run[0]), int(run[-1]) + 1


def _next_size(size: int, chunks: list[Chunk]) -> int:
    """How many points to take next: as many as take a quarter of a second, at most four times as many as before."""
    each = sum(chunk.seconds for chunk in chunks) / max(sum(len(chunk.every) for chunk in chunks), 1)
    return int(np.clip(TARGET / max(each, 1e-9), 1, min(4 * size, MOST)))


@contextmanager
def _bar(total: int, done: int, wanted: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar where somebody looks on and it takes a while: in a terminal, or in a notebook."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console, began, shown = Console(stderr=True), time.perf_counter(), [done]
    bar: Any = None

    def tell(more: int) -> None:
        nonlocal bar
        shown[0] += more
        if bar is None and time.perf_counter() - began > PATIENCE:
            if console.is_jupyter:
                import ipywidgets
                from IPython.display import display

                bar = ipywidgets.IntProgress(max=total, description="points")
                display(bar)  # type: ignore[no-untyped-call]
            else:
                bar = Progress(
                    "points", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
                )
                bar.add_task("points", total=total)
                bar.start()
        if isinstance(bar, Progress):
            bar.update(bar.task_ids[0], completed=shown[0])
        elif bar is not None:
            bar.value = shown[0]

    if not (wanted and (console.is_terminal or console.is_jupyter)):
        yield lambda _: None
        return
    try:
        yield tell
    finally:
        if bar is not None:
            (bar.stop if isinstance(bar, Progress) else bar.close)()


# --- what came out ----------------------------------------------------------------------------------------------------


def _dataset(study: Study, chunks: Iterable[Chunk]) -> xr.Dataset:
    try:
        import xarray as xr
    except ImportError:
        raise ImportError('a sweep gives an xarray Dataset: pip install "policy-simkit[sweep]"') from None
    from .. import __version__

    chunks = sorted(chunks, key=lambda chunk: min(chunk.every))
    failed = {point: said for chunk in chunks for point, said in chunk.failures.items()}
    full = sorted((chunk for chunk in chunks if chunk.points), key=lambda chunk: chunk.points[0])
    if not full:
        raise RuntimeError(f"every point failed; the first, {study.said(min(failed))}:\n{failed[min(failed)]}")
    first = full[0]
    for chunk in full:
        failed |= dict.fromkeys(chunk.points, _odd(chunk, first)) if chunk.form != first.form else {}
    full = [chunk for chunk in full if chunk.form == first.form]
    failed = {point: failed[point] for point in sorted({*failed}.difference(*(chunk.points for chunk in full)))}
    names = [each.name for each in study.dimensions]
    found = {
        name: ((*names, *axes), _together(study, [(chunk.points, chunk.values[name]) for chunk in full], bool(failed)))
        for name, axes in first.axes.items()
    }
    return xr.Dataset(
        found,
        {each.name: (each.name, each.labels, {"units": each.unit} if each.unit else {}) for each in study.dimensions},
        {
            "simkit": __version__,
            "function": called(study.function),
            "seed": study.seed,
            "failed": "\n".join(f"{study.said(point)}\n{said}" for point, said in failed.items()),
        },
    )


def _odd(chunk: Chunk, first: Chunk) -> str:
    """Why a point that returned something else than the first one counts as failed."""
    shapes = [", ".join(f"{name} {array.shape[1:]}" for name, array in each.values.items()) for each in (first, chunk)]
    return f"every point returns the same fields and shapes: {shapes[0]} at first, here {shapes[1]} (or other axes or kinds)\n"


def _together(study: Study, parts: list[tuple[list[int], np.ndarray]], holes: bool) -> np.ndarray:
    """One field of all points, (dimensions, axes): missing points are nan, or an empty text."""
    kind, shape = np.result_type(*(values.dtype for _, values in parts)), parts[0][1].shape[1:]
    if holes and kind.kind in "biu":
        kind = np.dtype(float)
    every = np.full((study.size, *shape), np.nan if kind.kind == "f" else "" if kind.kind == "U" else 0, dtype=kind)
    for points, values in parts:
        every[points] = values
    return every.reshape(*study.shape, *shape)


guard(__name__)
