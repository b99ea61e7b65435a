"""A TCP line that is long and narrow: everything arrives later, and not faster than so many megabits a second."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float, bytes_a_second: float) -> None:
    """One direction: what was read leaves after its time on the wire and the delay; reading goes on meanwhile."""
    clock = asyncio.get_running_loop().time
    line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=256)

    async def read() -> None:
        free, data = 0.0, b"."
        while data:
            data = b""
            with suppress(ConnectionError):
                data = await reader.read(16384)
            free = max(free, clock()) + len(data) / bytes_a_second
            await line.put((free + seconds, data))

    reading = asyncio.create_task(read())
    with suppress(ConnectionError):
        while True:
            due, data = await line.get()
            await asyncio.sleep(max(0.0, due - clock()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
    reading.cancel()
    writer.close()


@contextmanager
def slow_line(port: int, seconds: float = 0.040, megabits: float = 20) -> Iterator[int]:
    """A port that leads to `port` of this machine through such a line; the delay is that of each way."""
    opened: Future[tuple[int, Callable[[], object]]] = Future()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port)
        ways = ((reader, there[1]), (there[0], writer))
        with suppress(asyncio.CancelledError):  # the end of the line is no error
            await asyncio.gather(*(_carry(*way, seconds, megabits * 1e6 / 8) for way in ways))

    async def serve() -> None:
        server, over, loop = await asyncio.start_server(connect, "127.0.0.1", 0), asyncio.Event(), asyncio.get_running_loop()
        opened.set_result((server.sockets[0].getsockname()[1], lambda: loop.call_soon_threadsafe(over.set)))
        await over.wait()  # then `run` cancels whatever is under way

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    door, close = opened.result(timeout=10)
    try:
        yield door
    finally:
        close()
        thread.join(5)
