"""A TCP line that is long and narrow: everything arrives later, and not faster than so many megabits a second."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
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
    try:
        with suppress(ConnectionError):
            while True:
                due, data = await line.get()
                await asyncio.sleep(max(0.0, due - clock()))
                if not data:
                    break
                writer.write(data)
                await writer.drain()
    finally:
        reading.cancel()
        writer.close()


@contextmanager
def slow_line(port: int, seconds: float = 0.040, megabits: float = 20) -> Iterator[int]:
    """A port that leads to `port` of this machine through such a line; the delay is that of each way."""
    loop = asyncio.new_event_loop()
    opened: asyncio.Future[int] = loop.create_future()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", port)
        ways = ((reader, there[1]), (there[0], writer))
        await asyncio.gather(*(_carry(*way, seconds, megabits * 1e6 / 8) for way in ways), return_exceptions=True)

    async def serve() -> None:
        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        opened.set_result(server.sockets[0].getsockname()[1])

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not opened.done():
        thread.join(0.01)
    try:
        yield opened.result()
    finally:

        def end() -> None:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.call_later(0.05, loop.stop)

        loop.call_soon_threadsafe(end)
        thread.join(5)
        loop.close()
