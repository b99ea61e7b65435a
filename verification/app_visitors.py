"""Ten visitors at once of `simkit app`: is everybody served, in how much memory, and does nobody see what another one does?

    python verification/app_visitors.py [VISITORS]          (needs the extra `test` and Chromium; about a minute)

Each visitor is a browser context of its own.  All open the first instrument, then each moves the slider to a place of its own;
a kernel answers with a line of code that holds the place.  A visitor who sees another one's place, a page without a sentence,
a message that runs code, or a kernel that outlives its page ends this with an error.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
from playwright.async_api import Page, async_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser.pages import CHROMIUM, FLAGS, free_port

VISITORS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
CARD = "pages/explore-medication-threshold.html"
STAGE = ".simkit-stage"
PATIENCE = 180_000  # ms
RUN = """async ([kernel, code]) => {
  const socket = new WebSocket(`ws://${location.host}/api/kernels/${kernel}/channels?session_id=x`);
  await new Promise((done, wrong) => { socket.onopen = done; socket.onerror = wrong; });
  const heard = [];
  socket.onmessage = ({ data }) => heard.push(typeof data === "string" ? JSON.parse(data).msg_type : "binary");
  const header = { msg_id: "m", msg_type: "execute_request", session: "x", username: "", version: "5.3", date: "" };
  socket.send(JSON.stringify({ header, parent_header: {}, metadata: {}, channel: "shell",
    content: { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false, stop_on_error: true } }));
  await new Promise((done) => setTimeout(done, 3000));
  socket.close();
  return heard.filter((each) => ["execute_reply", "execute_input", "stream", "execute_result"].includes(each));
}"""


def main() -> int:
    port = free_port()
    command = [sys.executable, "-m", "simkit", "app", "--no-browser", f"--port={port}"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        began = time.perf_counter()
        address = server.stdout.readline().split()[-1]
        print(f"server: {address} after {time.perf_counter() - began:.1f} s, {memory(server):.0f} MB")
        asyncio.run(visit(address, server))
    finally:
        server.terminate()
        server.wait(30)
    return 0


async def visit(address: str, server: subprocess.Popen[str]) -> None:
    async with async_playwright() as play:
        chromium = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        contexts = [await chromium.new_context(viewport={"width": 1280, "height": 800}) for _ in range(VISITORS)]
        pages = [await context.new_page() for context in contexts]
        sockets: list[str] = []
        for page in pages:
            page.on("websocket", lambda socket: sockets.append(socket.url))
        empty = memory(server)
        times = await asyncio.gather(*(opened(page, address + CARD) for page in pages))
        print(f"{VISITORS} opened at once: first sentence after {min(times):.1f} to {max(times):.1f} s")
        wanted = [round((i + 1) * 1000 / (VISITORS + 1)) for i in range(VISITORS)]
        before = [await sentence(page) for page in pages]
        began = time.perf_counter()
        codes = await asyncio.gather(*(moved(page, value) for page, value in zip(pages, wanted, strict=True)))
        print(f"all moved at once, kernels answered within {time.perf_counter() - began:.1f} s")
        print(
            f"memory: {(memory(server) - empty) / VISITORS:.0f} MB a visitor, {memory(server):.0f} MB in all, server included"
        )
        after = [await sentence(page) for page in pages]
        assert all(then != now for then, now in zip(before, after, strict=True)), "a slider moved and its sentence did not"
        assert len(set(after)) == len(set(codes)) == VISITORS, "two visitors see the same place"
        kernels = [
            await page.evaluate("() => JSON.parse(document.getElementById('jupyter-config-data').text).kernelId")
            for page in pages
        ]
        assert len(set(kernels)) == VISITORS, "two visitors share a kernel"
        for kernel in kernels[:2]:  # one may be its own, the other is not
            ran = await pages[0].evaluate(RUN, [kernel, "print(1)"])
            assert ran == [], f"a visitor ran code: {ran}"
        await moved(pages[0], 990)
        assert [await sentence(page) for page in pages[1:]] == after[1:], "a visitor's slider moved what another one sees"
        print("every visitor has a kernel, a place and a sentence of its own; code that is sent is not run")
        for page in pages:
            await page.close(run_before_unload=True)
        await asyncio.sleep(10)
        left = len(psutil.Process(server.pid).children(recursive=True))
        print(f"kernels left 10 s after all pages were closed: {left}")
        assert left == 0


async def opened(page: Page, url: str) -> float:
    began = time.perf_counter()
    await page.goto(url, timeout=PATIENCE)
    await page.wait_for_selector(f"{STAGE} .simkit-sentence", timeout=PATIENCE)
    return time.perf_counter() - began


async def sentence(page: Page) -> str:
    return await page.locator(f"{STAGE} .simkit-sentence").first.inner_text()


async def moved(page: Page, value: int) -> str:
    """Move the slider; the place that the kernel knows of, when it has heard."""
    code = page.locator("input[type=text]").first
    old = await code.input_value()
    slider = page.locator(f"{STAGE} input[type=range]").first
    await slider.evaluate(
        "(s, v) => { s.value = v; s.dispatchEvent(new Event('input', {bubbles: true})); "
        "s.dispatchEvent(new Event('change', {bubbles: true})); }",
        value,
    )
    for _ in range(PATIENCE // 100):
        now = await code.input_value()
        if now != old:
            return re.sub(r"\s", "", now)
        await asyncio.sleep(0.1)
    raise TimeoutError(f"no kernel answered for {value}")


def memory(server: subprocess.Popen[str]) -> float:
    """MB of the server and its kernels, shared pages counted once."""
    parent = psutil.Process(server.pid)
    return sum(process.memory_full_info().pss for process in [parent, *parent.children(recursive=True)]) / 2**20


if __name__ == "__main__":
    raise SystemExit(main())
