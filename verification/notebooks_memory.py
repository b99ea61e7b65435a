"""Does every notebook stay within 600 MB, and reach no network?  Runs each in a kernel whose sockets lead nowhere but home.

    python verification/notebooks_memory.py [NAME …]

Prints time and peak memory (resident, kernel only) of each; exit code 1 if one takes more than 600 MB or asks for an address.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
MOST = 600
GUARD = """
import socket as _socket
_connect = _socket.socket.connect
def _at_home(self, address):
    if self.family in (_socket.AF_INET, _socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise PermissionError(f"the notebook asks for {address}")
    return _connect(self, address)
_socket.socket.connect = _at_home
"""
PEAK = "import resource as _r; print(_r.getrusage(_r.RUSAGE_SELF).ru_maxrss)"


def main() -> None:
    names = sys.argv[1:] or [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    large = []
    for name in names:
        book = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        book.cells.insert(0, nbformat.v4.new_code_cell(GUARD))
        book.cells.append(nbformat.v4.new_code_cell(PEAK))
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            NotebookClient(book, timeout=300, resources={"metadata": {"path": folder}}).execute()
        peak = int(book.cells[-1].outputs[0]["text"]) / 1000
        print(f"{name:<32} {time.perf_counter() - began:5.1f} s {peak:6.0f} MB", flush=True)
        large += [name] * (peak > MOST)
    sys.exit(bool(large))


if __name__ == "__main__":
    main()
