"""JupyterLab on the notebooks: which one is meant, where it can be edited, and a server for it until Ctrl-C.

In a clone notebooks are opened where they lie; from an installed wheel they are copied once and never overwritten.  The
server is Jupyter's own, in this process, with the user's own Jupyter configuration.  It listens on this machine only.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..files import library, written
from ..text import suggest

START = "00-start-here"
COPIES = "simkit-notebooks"  # the folder for copies, in the current one
HOST = "127.0.0.1"
NEEDED = ("jupyterlab", "ipywidgets", "anywidget")
SETTINGS = Path(__file__).parent  # labconfig/: no pop-up that asks for news, no look for updates


class CannotOpen(ValueError):
    """Why JupyterLab is not opened: the value, the rule and the likely fix."""


def in_place() -> Path | None:
    """The notebooks of the current folder: of a clone, or copies made before."""
    return next((folder for folder in (Path("notebooks"), Path()) if (folder / f"{START}.ipynb").is_file()), None)


def names(folder: Path | None = None) -> list[str]:
    """The names under which the notebooks of a folder can be opened; if none is given, those that are found."""
    return sorted(path.stem for path in (folder or in_place() or library("notebooks")).glob("*.ipynb"))


def prepare(notebook: str = START, dest: Path | None = None) -> tuple[Path, str]:
    """The file to open, and a sentence on what was copied for it ("" if nothing had to be).

    `notebook` is a path, a name or the beginning of one; `dest` the folder for copies.  Raises `CannotOpen`.
    """
    if Path(notebook).name != notebook or Path(notebook).is_file():
        return _file(Path(notebook), dest), ""
    here = in_place() if dest is None else None
    source = here or library("notebooks")
    file = f"{pick(notebook.removesuffix('.ipynb'), names(source))}.ipynb"
    if here:
        return here / file, ""
    dest = Path(COPIES) if dest is None else dest
    return dest / file, copy(source, dest)


def _file(path: Path, dest: Path | None) -> Path:
    if dest is not None:
        raise CannotOpen(f"--dest is the folder for copies of simkit's notebooks, and {path} is a file: leave --dest out")
    if path.suffix != ".ipynb":
        raise CannotOpen(f"{path} is not a notebook: its name does not end in .ipynb")
    if not path.is_file():
        raise CannotOpen(f"there is no file {path}: check the path, or use a name: {', '.join(names())}")
    return path


def pick(name: str, known: Iterable[str]) -> str:
    """The one known name that is `name` or begins with it."""
    known = sorted(known)
    if not known:
        raise CannotOpen("this simkit came without notebooks: install it again")
    found = [name] if name in known else [other for other in known if name and other.startswith(name)]
    if len(found) == 1:
        return found[0]
    every = ", ".join(found or known)
    if found:
        raise CannotOpen(f"{name} is the beginning of {len(found)} notebooks: {every}; write more of the name")
    meant = suggest(name, known)
    raise CannotOpen(f"no notebook is called {name!r}: {f'{meant} ' if meant.startswith('did') else ''}There are: {every}")


def copy(source: Path, dest: Path) -> str:
    """Copy the files of `source` that `dest` does not have, and say so; what is there stays as it is."""
    files = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
    files = [path for path in files if not any(part.startswith((".", "__")) for part in path.parts)]  # left behind by tools
    new = [path for path in files if not os.path.lexists(dest / path)]
    try:
        for path in new:
            (dest / path).parent.mkdir(parents=True, exist_ok=True)
            with written(dest / path, new=True) as copied:
                copied.write((source / path).read_bytes())
    except OSError as error:
        raise CannotOpen(f"{dest} cannot be written ({error.strerror}): choose another folder with --dest") from None
    did = f"Copied {len(new)} file{'s' * (len(new) != 1)} to {dest}" if new else f"The notebooks are in {dest}"
    kept = len(files) - len(new)
    return did + (f"; {kept} that {'were' if kept != 1 else 'was'} there {'are' if kept != 1 else 'is'} kept." if kept else ".")


def check(port: int = 0) -> None:
    """Raise `CannotOpen` if a package is missing or the port that somebody asked for is taken."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise CannotOpen(f'simkit lab needs {", ".join(missing)}: pip install "policy-simkit[lab]"')
    with socket.socket() as probe:
        if os.name == "posix":  # as Jupyter binds; on Windows the option means something else
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotOpen(f"port {port} cannot be used ({error.strerror}): leave --port out, or choose another") from None


def serve(notebook: Path, announce: Callable[[str], object], *, port: int = 0, browser: bool = True) -> None:
    """Serve JupyterLab until Ctrl-C; then its kernels end and this returns.

    `announce` is called with the full address, token included, when the server listens.  `port` 0 is the first free one
    from 8888.  A browser opens if `browser` and if there is a display to show it on.  Raises `CannotOpen`.
    """
    check(port)
    root, inside = _root(notebook)
    token = secrets.token_hex(24)
    folders = [os.environ.get("JUPYTER_CONFIG_PATH"), str(SETTINGS)]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, folders))
    page = f"lab/tree/{quote(inside)}"
    try:
        server = _labapp().initialize_server(argv=_options(root, page, token, port))
        server.open_browser = server.open_browser and browser and (bool(server.browser) or has_window())
        _end_on_interrupt(server)
        # After the callback that makes the server listen: callbacks run in order.
        server.io_loop.add_callback(announce, f"{server.connection_url.rstrip('/')}/{page}?token={token}")
        server.start()
    except KeyboardInterrupt:  # Ctrl-C before it serves, or twice
        return


def _labapp() -> Any:
    """Jupyter's class, imported in a thread because that begins at the bottom of a stack.

    Its imports recurse deeply.  Below a command line's calls CPython 3.11 then takes and returns the same piece of its stack
    at a hundred thousand calls: 6 s instead of 2 s until the page is there.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(import_module, "jupyterlab.labapp").result().LabApp


def _root(notebook: Path) -> tuple[Path, str]:
    """The folder to serve and the notebook in it: the current one, unless Jupyter would not show the notebook there."""
    path, root = notebook.resolve(), Path.cwd()
    inside = path.relative_to(root).parts if path.is_relative_to(root) else ()
    if not inside or any(part.startswith(".") for part in inside):
        return path.parent, path.name
    return root, "/".join(inside)


def _options(root: Path, page: str, token: str, port: int) -> list[str]:
    """What must be so, whatever the user's configuration says; all else is left to it."""
    options = {
        "ServerApp.ip": HOST,
        "IdentityProvider.token": token,
        "ServerApp.root_dir": root,
        "LabApp.default_url": f"/{page}",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "Application.log_level": "ERROR",  # or the address is lost among warnings that a notebook is not signed
    }
    if port:
        options |= {"ServerApp.port": port, "ServerApp.port_retries": 0}
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in containers; Jupyter refuses otherwise
        options["ServerApp.allow_root"] = True
    return [f"--{name}={value}" for name, value in options.items()]


def _end_on_interrupt(server: Any) -> None:
    """Ctrl-C ends server and kernels without a question; the second Ctrl-C does not wait for kernels.

    Jupyter's own handler asks, and is there only when standard input is a terminal; without it kernels are left behind.
    """

    def end(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        server.stop(from_signal=True)

    signal.signal(signal.SIGINT, end)


def has_window() -> bool:
    """Whether a browser can open a window.  Text browsers do not count: they would take the terminal over."""
    always = sys.platform in ("win32", "cygwin", "darwin")
    if always or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")):
        with contextlib.suppress(webbrowser.Error):
            return bool(webbrowser.get())
    return False
