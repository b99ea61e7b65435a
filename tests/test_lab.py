"""`simkit lab`: which notebook is opened and where, and a real server that says so, serves, and ends with its kernels."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

import simkit
from simkit.__main__ import app, notebooks
from simkit.jupyter import lab

BARE = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
NAMES = ["00-start-here", "01-first-question", "02-second-question"]
SIGNALS = os.name == "posix"


def call(*words: str):
    return CliRunner().invoke(app, ["lab", *words], env={"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"})


def shelf(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / f"{name}.ipynb").write_text(BARE, encoding="utf-8")
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty current folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Path:
    """Notebooks as a wheel has them: somewhere else."""
    folder = shelf(tmp_path / "site-packages" / "notebooks")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "one.svg").write_text("<svg/>", encoding="utf-8")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "old.ipynb").write_text(BARE, encoding="utf-8")
    monkeypatch.setattr(lab, "library", lambda _: folder)
    return folder


@pytest.fixture
def served(monkeypatch) -> list[tuple[Path, dict]]:
    """What would have been served, without a server."""
    found: list[tuple[Path, dict]] = []
    monkeypatch.setattr(lab, "check", lambda port: None)  # noqa: ARG005
    monkeypatch.setattr(lab, "serve", lambda path, announce, **how: found.append((path, how)))  # noqa: ARG005
    return found


# --- which notebook, and where ----------------------------------------------------------------------------------------


def test_a_clone_is_opened_in_place(here, served):
    shelf(here / "notebooks")
    for words, stem in [((), NAMES[0]), (("01",), NAMES[1]), ((NAMES[2],), NAMES[2]), ((f"{NAMES[2]}.ipynb",), NAMES[2])]:
        assert call(*words).exit_code == 0
        assert served.pop()[0] == Path("notebooks") / f"{stem}.ipynb"
    assert [path.name for path in here.iterdir()] == ["notebooks"], "nothing is copied"


def test_copies_are_made_once_and_never_overwritten(here, installed, served):
    first = call("--no-browser", "--port", "9999")
    assert "Copied 4 files to simkit-notebooks." in first.output
    assert served == [(Path("simkit-notebooks") / "00-start-here.ipynb", {"port": 9999, "browser": False})]
    copies = here / "simkit-notebooks"
    assert sorted(path.name for path in copies.iterdir()) == [*(f"{name}.ipynb" for name in NAMES), "pictures"]
    (copies / f"{NAMES[1]}.ipynb").write_text("mine", encoding="utf-8")
    (copies / f"{NAMES[2]}.ipynb").unlink()
    again = call("01")
    assert "Copied 1 file to simkit-notebooks; 3 that were there are kept." in again.output
    assert (copies / f"{NAMES[1]}.ipynb").read_text(encoding="utf-8") == "mine"
    assert (installed / f"{NAMES[1]}.ipynb").read_text(encoding="utf-8") == BARE
    assert "The notebooks are in simkit-notebooks; 4 that were there are kept." in call("01").output


@pytest.mark.skipif(not SIGNALS, reason="needs a limit on the size of files")
def test_half_a_copy_never_passes_for_a_notebook(here, installed):
    limits = "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from pathlib import Path; "
    limits += "resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16)); from simkit.jupyter import lab; "
    code = f"{limits} lab.copy(Path({str(installed)!r}), Path({str(here / 'copies')!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert "CannotOpen" in done.stderr
    assert "File too large" in done.stderr
    assert not list(here.rglob("*.ipynb")), "a disk that is full leaves nothing"
    assert "Copied 4 files" in lab.copy(installed, here / "copies")
    assert {path.read_text(encoding="utf-8") for path in here.rglob("*.ipynb")} == {BARE}
    assert not list(here.rglob("*.part"))


def test_copies_go_where_somebody_wants_them(here, installed, served):  # noqa: ARG001
    shelf(here / "notebooks")  # --dest means copies, in a clone too
    assert call("01", "--dest", "deep/er").exit_code == 0
    assert served == [(Path("deep/er") / f"{NAMES[1]}.ipynb", {"port": 0, "browser": True})]
    (here / "file").write_text("", encoding="utf-8")
    refused = call("--dest", "file")
    assert refused.exit_code == 2
    assert "choose another folder with --dest" in refused.output
    assert (here / "file").read_text(encoding="utf-8") == ""


def test_any_notebook_by_its_path(here, installed, served):  # noqa: ARG001
    for path in (here / "mine.ipynb", here.parent / "other.ipynb"):
        path.write_text(BARE, encoding="utf-8")
    for text in ("mine.ipynb", "./mine.ipynb", str(here.parent / "other.ipynb")):
        assert call(text).exit_code == 0
        assert served.pop()[0] == Path(text)
    assert [path.name for path in here.iterdir()] == ["mine.ipynb"], "nothing is copied"


def test_what_cannot_be_opened_says_why_and_what_can(here, installed, served):  # noqa: ARG001
    (here / "notes.txt").write_text("", encoding="utf-8")
    (here / "mine.ipynb").write_text(BARE, encoding="utf-8")
    for words, message in {
        ("03",): f"no notebook is called '03': There are: {', '.join(NAMES)}",
        ("02-secnd-question",): "did you mean 02-second-question? There are: 00-",
        ("0",): f"0 is the beginning of 3 notebooks: {', '.join(NAMES)}; write more",
        ("",): "no notebook is called ''",
        ("no/such.ipynb",): "there is no file no/such.ipynb: check the path, or use a name: 00-start-here",
        ("notes.txt",): "notes.txt is not a notebook",
        ("mine.ipynb", "--dest", "x"): "leave --dest out",
        ("--port", "65536"): "65535",
    }.items():
        done = call(*words)
        assert done.exit_code == 2, words
        assert message in re.sub(r"[\s│]+", " ", done.output), words
    assert not served
    assert not (here / "simkit-notebooks").exists(), "nothing is copied for a call that makes no sense"


def test_tab_completion(here, installed):  # noqa: ARG001
    assert notebooks("") == NAMES
    assert notebooks("01") == [NAMES[1]]
    (shelf(here / "notebooks") / "99-mine.ipynb").write_text(BARE, encoding="utf-8")
    assert notebooks("9") == ["99-mine"]


def test_without_jupyterlab_it_says_what_to_install(here, installed, monkeypatch):  # noqa: ARG001
    monkeypatch.setattr(lab, "find_spec", lambda name: None if name == "jupyterlab" else object())
    done = call()
    assert done.exit_code == 2
    assert done.output.strip() == 'simkit lab needs jupyterlab: pip install "policy-simkit[lab]"'
    assert list(here.iterdir()) == []


def test_a_port_that_is_taken_is_refused(monkeypatch):
    monkeypatch.setattr(lab, "NEEDED", ())
    with socket.socket() as taken:
        taken.bind((lab.HOST, 0))
        taken.listen()
        with pytest.raises(lab.CannotOpen, match=r"port \d+ cannot be used .*: leave --port out"):
            lab.check(taken.getsockname()[1])
    lab.check(0)


def test_the_folder_that_is_served(here):
    assert lab._root(Path("notebooks/a.ipynb")) == (here.resolve(), "notebooks/a.ipynb")
    assert lab._root(here.parent / "a.ipynb") == (here.parent.resolve(), "a.ipynb")
    assert lab._root(Path(".hidden/a.ipynb")) == (here.resolve() / ".hidden", "a.ipynb"), "Jupyter hides hidden folders"


def test_a_text_browser_is_no_window(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(lab.webbrowser, "get", lambda: object())
    assert not lab.has_window()
    monkeypatch.setenv("DISPLAY", ":0")
    assert lab.has_window()

    def none() -> None:
        raise lab.webbrowser.Error

    monkeypatch.setattr(lab.webbrowser, "get", none)
    assert not lab.has_window()


def test_an_interrupt_while_jupyterlab_is_loaded_is_no_accident(here, monkeypatch):  # noqa: ARG001
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lab, "NEEDED", ())
    monkeypatch.setattr(lab, "_labapp", interrupted)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    lab.serve(Path("a.ipynb"), print)
    assert os.environ["JUPYTER_CONFIG_PATH"] == os.pathsep.join(["theirs", str(lab.SETTINGS)])


# --- a real server ----------------------------------------------------------------------------------------------------

real = pytest.mark.skipif(
    not SIGNALS or any(find_spec(name) is None for name in lab.NEEDED),
    reason="needs JupyterLab (pip install policy-simkit[lab]) and POSIX signals",
)


class Running:
    """`simkit lab` in its own process, with its own Jupyter folders."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.private = folder.parent / "jupyter"
        kinds = {f"JUPYTER_{kind}_DIR": str(self.private / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
        unset = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "JUPYTER_CONFIG_PATH", "JUPYTER_TOKEN", "JUPYTER_PORT")
        env = {key: value for key, value in os.environ.items() if key not in unset}
        env |= kinds | {"PYTHONPATH": str(Path(simkit.__file__).parent.parent), "IPYTHONDIR": str(self.private / "ipython")}
        self.log = (folder.parent / "log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "simkit", "lab", *words],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )
        self.said = []
        for line in self.process.stdout or ():
            self.said.append(line)
            if line.startswith("Ctrl-C"):  # the last line; what a buffer has taken with it, `communicate` would not see
                break
        self.address = next((line[len("JupyterLab: ") :].strip() for line in self.said if line.startswith("JupyterLab: ")), "")
        self.root = self.address.partition("lab/tree/")[0]
        files = (self.private / "runtime").glob("jpserver-*.json")  # what `jupyter server list` reads
        self.token = next((json.loads(path.read_text(encoding="utf-8"))["token"] for path in files), "")

    def get(self, path: str, token: str | None = None, data: bytes | None = None):
        headers = {"Authorization": f"token {self.token if token is None else token}"}
        with urllib.request.urlopen(urllib.request.Request(self.root + path, data, headers), timeout=30) as answer:  # noqa: S310
            return json.load(answer) if "json" in answer.headers["Content-Type"] else answer.read().decode()

    def interrupt(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=30)
        return self.process.returncode, rest

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        self.log.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server beside a user whose configuration has a word in where pages are, and none in who may see them."""
    folder = tmp_path_factory.mktemp("lab") / "clone"
    shelf(folder / "notebooks")
    config = folder.parent / "jupyter" / "config"
    config.mkdir(parents=True)
    wishes = {"ip": "0.0.0.0", "token": "", "open_browser": True, "base_url": "/mine/", "root_dir": "/"}  # noqa: S104
    (config / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": wishes}), encoding="utf-8")
    settings = config / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab Dark"}', encoding="utf-8")
    server = Running(folder)
    yield server
    server.kill()


@real
def test_the_address_stands_alone_on_one_line(running):
    assert re.fullmatch(
        r"JupyterLab: http://127\.0\.0\.1:\d+/mine/lab/tree/notebooks/00-start-here\.ipynb\n", running.said[-3]
    ), running.said


@real
def test_no_log_holds_the_token(running):
    running.log.flush()
    assert len(running.token) == 48
    assert running.token not in "".join(running.said) + Path(running.log.name).read_text(encoding="utf-8")


def test_a_terminal_is_told_the_token(monkeypatch, capsys):
    monkeypatch.setattr(simkit.__main__.out, "_force_terminal", True)
    simkit.__main__._announce("http://127.0.0.1:8888/lab/tree/a.ipynb?token=0f")
    assert "a.ipynb?token=0f" in capsys.readouterr().out


@real
def test_the_notebook_is_served_to_who_has_the_token(running):
    assert running.get("api/status")["kernels"] == 0
    assert running.get("api/contents/notebooks/00-start-here.ipynb")["content"]["nbformat"] == 4
    assert "<title>JupyterLab</title>" in running.get(running.address.removeprefix(running.root))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        running.get("api/status", token="wrong")  # noqa: S106


@real
def test_it_listens_on_this_machine_only(running):
    psutil = pytest.importorskip("psutil")
    listening = [at.laddr for at in psutil.Process(running.process.pid).net_connections("inet") if at.status == "LISTEN"]
    assert {at.ip for at in listening} == {"127.0.0.1"}


@real
def test_no_news_and_no_updates_but_the_users_settings(running):
    found = running.get("lab/api/settings/@jupyterlab/apputils-extension:notification")["schema"]["properties"]
    assert (found["fetchNews"]["default"], found["checkForUpdates"]["default"]) == ("false", False)
    theme = running.get("lab/api/settings/@jupyterlab/apputils-extension:themes")["settings"]
    assert theme == {"theme": "JupyterLab Dark"}


@real
def test_an_interrupt_ends_it_with_its_kernels(running):
    """The last one of this server."""
    psutil = pytest.importorskip("psutil")
    kernel = running.get("api/kernels", data=b"{}")["id"]
    runtime = running.private / "runtime"
    assert list(runtime.glob(f"kernel-{kernel}.json"))
    ours = psutil.Process(running.process.pid).children(recursive=True)
    assert ours
    assert running.interrupt() == (0, "JupyterLab and its kernels have ended.\n")
    assert not [process for process in ours if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert not list(runtime.glob("*.json")), "connection files are gone too"
