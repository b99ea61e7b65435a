"""In the environment that Binder would have: does the launch address answer, does every notebook run, in how much memory?

    python verification/binder_server.py          (run by verification/binder.sh; any environment with the lab extra will do)

The server is started as Binder starts it, in the current folder.  Memory is the proportional set size of the server and all its
kernels together, after each kernel has run its notebook and with `OPEN` of them open at once.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.metadata import requires, version
from pathlib import Path

import psutil
from jupyter_client import BlockingKernelClient
from packaging.requirements import Requirement

START = "notebooks/00-start-here.ipynb"
OPEN = 3  # notebooks that a reader may leave open
LIMIT = 1000  # MB: what mybinder.org guarantees is 1 GB
PATIENCE = 300  # seconds for one cell
TOKEN = secrets.token_hex(16)


def main() -> int:
    for requirement in map(Requirement, requires("policy-simkit") or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": "lab"}):
            assert requirement.specifier.contains(version(requirement.name)), f"{requirement}: {version(requirement.name)}"
    with tempfile.TemporaryDirectory() as runtime:
        env = {**os.environ, "JUPYTER_RUNTIME_DIR": runtime, "JUPYTER_TOKEN": TOKEN}
        with (Path(runtime) / "log").open("w+", encoding="utf-8") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"], env=env, stderr=log
            )
            try:
                most = visit(server, Path(runtime))
                log.seek(0)
                assert "simkit: TCP_NODELAY" in log.read(), "the server extension is not on"
            finally:
                server.terminate()
                server.wait(30)
    print(f"memory: {most} MB at most, {LIMIT} MB allowed")
    return 0 if most < LIMIT else 1


def visit(server: subprocess.Popen[bytes], runtime: Path) -> int:
    """Open the launch address and the notebooks; the most memory seen, in MB."""
    root = address(server, runtime)
    call(f"{root}lab/tree/{START}")
    settings = call(f"{root}lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert json.loads(settings)["schema"]["properties"]["fetchNews"]["default"] == "false", "the pop-up for news is back"
    print(f"server: lab/tree/{START} answers, no pop-up; {memory(server)} MB")
    found, kernels = [memory(server)], []
    for path in sorted(Path("notebooks").glob("*.ipynb")):
        kernels.append(json.loads(call(f"{root}api/kernels", b"{}"))["id"])
        began = time.perf_counter()
        run(path, runtime / f"kernel-{kernels[-1]}.json")
        found.append(memory(server))
        print(f"{path}: {time.perf_counter() - began:.1f} s; {found[-1]} MB with {len(kernels)} open")
        if len(kernels) == OPEN:
            call(f"{root}api/kernels/{kernels.pop(0)}", method="DELETE")
    assert len(found) > 1, "there are no notebooks"
    return max(found)


def address(server: subprocess.Popen[bytes], runtime: Path) -> str:
    """Where the server answers, as it says itself."""
    for _ in range(600):
        for path in runtime.glob("jpserver-*.json"):
            return json.loads(path.read_text(encoding="utf-8"))["url"]
        assert server.poll() is None, (runtime / "log").read_text(encoding="utf-8")
        time.sleep(0.1)
    raise TimeoutError("the server did not start within a minute")


def call(url: str, data: bytes | None = None, method: str | None = None) -> str:
    request = urllib.request.Request(url, data, {"Authorization": f"token {TOKEN}"}, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return answer.read().decode()


def run(path: Path, connection: Path) -> None:
    """Every code cell of a notebook, in a kernel of the server."""
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            reply = client.execute_interactive("".join(cell["source"]), output_hook=lambda _: None, timeout=PATIENCE)
            assert reply["content"]["status"] == "ok", (
                path.name,
                reply["content"].get("ename"),
                reply["content"].get("evalue"),
            )
    client.stop_channels()


def memory(server: subprocess.Popen[bytes]) -> int:
    """Server and kernels, shared pages counted once."""
    parent = psutil.Process(server.pid)
    return sum(process.memory_full_info().pss for process in [parent, *parent.children(recursive=True)]) // 2**20


if __name__ == "__main__":
    raise SystemExit(main())
