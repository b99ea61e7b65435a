"""Drive JupyterLab or Voilà in headless Chromium: serve a folder, open a notebook, move controls, look at pixels.

Servers have their own configuration, port and token, and end with their kernels.  Nothing is asked of other hosts.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def needed(*also: str) -> None:
    """Skip a module of tests, with the reason, where browser or servers are missing; not if SIMKIT_BROWSER=required."""
    import pytest

    if os.environ.get("SIMKIT_BROWSER") == "required":
        return
    for module in ("playwright", "jupyterlab", "anywidget", *also):
        pytest.importorskip(module, reason="browser tests need the extra `test`")
    if CHROMIUM is None:
        pytest.skip("browser tests need Chromium (Debian: apt-get install chromium)", allow_module_level=True)


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def served(root: Path, kind: str = "lab", python: str = sys.executable, options: tuple[str, ...] = ()) -> Iterator[Server]:
    """A private JupyterLab ("lab") or Voilà ("voila") over a folder."""
    with tempfile.TemporaryDirectory(prefix="served-") as own:
        server = Server(kind, free_port(), secrets.token_hex(16))
        with (Path(own) / "log").open("w+") as log:
            words = [python, "-m", *server.command(root), *options]
            process = subprocess.Popen(  # noqa: S603
                words, env=_environment(Path(own)), stdout=log, stderr=subprocess.STDOUT, cwd=root, start_new_session=True
            )
            try:
                server.wait(process, Path(own) / "log")
                yield server
            finally:
                _end(process)


def _environment(own: Path) -> dict[str, str]:
    """The user's own settings stay out, and the question about news does not cover the page."""
    quiet = own / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    news = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    (quiet / "notification.jupyterlab-settings").write_text(json.dumps(news))
    places = {f"JUPYTER_{name}_DIR": str(own / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    places |= {"JUPYTERLAB_SETTINGS_DIR": str(own / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces")}
    return os.environ | places | {"IPYTHONDIR": str(own / "ipython"), "PYTHONUNBUFFERED": "1"}


def _end(process: subprocess.Popen[Any]) -> None:
    """End the server and its kernels: they are one group."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, how)
            process.wait(10)


class Server:
    def __init__(self, kind: str, port: int, token: str) -> None:
        self.kind, self.port, self.token = kind, port, token

    def command(self, root: Path) -> list[str]:
        common = ["--no-browser", f"--port={self.port}"]
        if self.kind == "voila":
            return ["voila", str(root), *common, "--show_tracebacks=True", f"--token={self.token}"]
        return [
            "jupyterlab",
            *common,
            "--ip=127.0.0.1",
            "--allow-root",
            "--expose-app-in-browser",
            "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.root_dir={root}",
            "--LabApp.extension_manager=readonly",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]

    def url(self, path: str = "", port: int | None = None) -> str:
        mark = "&" if "?" in path else "?"
        return f"http://127.0.0.1:{port or self.port}/{path}{mark}token={self.token}"

    def wait(self, process: subprocess.Popen[Any], log: Path) -> None:
        deadline = time.time() + 60
        while time.time() < deadline and process.poll() is None:
            with suppress(OSError), urllib.request.urlopen(self.url("api/status" if self.kind == "lab" else ""), timeout=1):  # noqa: S310
                return
            time.sleep(0.1)
        raise RuntimeError(f"the {self.kind} server did not start:\n{log.read_text()[-3000:]}")


@contextmanager
def browser(width: int = 1280, height: int = 900, **context: Any) -> Iterator[Any]:
    """A browser context of this size; make pages from it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)
        try:
            yield chromium.new_context(viewport={"width": width, "height": height}, **context)
        finally:
            chromium.close()


class Notebook:
    """A notebook in JupyterLab (one page each), or its page under Voilà."""

    def __init__(self, context: Any, server: Server, path: str, port: int | None = None) -> None:
        self.page, self.errors = context.new_page(), []
        self.page.set_default_timeout(60_000)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.accept())
        if server.kind == "voila":
            self.page.goto(server.url(f"voila/render/{path}", port))
            return
        self.page.goto(server.url(f"doc/tree/{path}?reset", port))
        for attempt in range(3):  # JupyterLab may load itself once more, which ends whatever runs in the page
            try:
                self._ready()
                return
            except Exception as error:
                if attempt == 2 or "context was destroyed" not in str(error):
                    raise

    def _ready(self) -> None:
        """Wait until the kernel is up, and attach all cells."""
        self.page.wait_for_function("() => window.jupyterapp !== undefined")
        self.page.evaluate("() => window.jupyterapp.restored")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
        self.page.evaluate(
            """async () => {
                const panel = window.jupyterapp.shell.currentWidget;
                await panel.context.ready; await panel.sessionContext.ready;
                await panel.sessionContext.session.kernel.info;
                panel.content.notebookConfig = {...panel.content.notebookConfig, windowingMode: 'none'};
            }"""
        )

    def run(self) -> None:
        """Run every cell; an AssertionError if one ends in an error."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        cells = self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets.map(
                   cell => cell.outputArea ? cell.outputArea.model.toJSON() : [])"""
        )
        wrong = [out for cell in cells for out in cell if out.get("output_type") == "error"]
        assert not wrong, wrong[0]["evalue"]

    def theme(self, name: str) -> None:
        self.page.evaluate("name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name)
        self.page.wait_for_function(f"() => document.body.dataset.jpThemeName === '{name}'")

    def pixels(self, where: str) -> str:
        """What an element looks like, as a hash; a picture that is being replaced is looked at again."""
        for attempt in range(3):
            try:
                return hashlib.sha256(self.page.locator(where).first.screenshot()).hexdigest()
            except Exception as error:
                if attempt == 2 or "not visible" not in str(error):
                    raise
        raise AssertionError("unreachable")

    def until(self, script: str, argument: Any = None, timeout: float = 15_000) -> None:
        self.page.wait_for_function(script, arg=argument, timeout=timeout)


def write_notebook(path: Path, *cells: str, kernel: Mapping[str, str] | None = None) -> Path:
    """A notebook of code cells."""
    import nbformat

    spec = kernel or {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(metadata={"kernelspec": dict(spec)}, cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(book, path)
    return path
