"""`simkit app`: the instruments for visitors, by Voilà: a menu of cards, no code, a kernel of its own for each visitor.

A visitor's browser can move controls and nothing else: no code is shown, none can be sent, and no file is served.  A kernel
ends when its page is closed, or some minutes after a visitor has vanished.  Pictures of the menu are
drawn when first asked for.
"""

from __future__ import annotations

import json
import tempfile
from asyncio import get_running_loop
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tornado.web import HTTPError, RequestHandler
from traitlets.config import Config
from voila.app import Voila
from voila.tornado.handler import TornadoVoilaHandler

from ..jupyter.lab import HOST, has_window
from .folder import INSTRUMENTS, Shown, candidates, index, opened, picture

SAYS = "Every picture opens an instrument: move its slider. Nobody else sees what you choose, and it is gone when you leave."
#: Seconds without a sign of a visitor's browser, after which a kernel ends.
VANISHED = 120


def notebook(shown: Shown) -> str:
    """A notebook whose only cell opens one instrument."""
    words = [shown.instrument, shown.scenario, shown.context]
    settings = dict(INSTRUMENTS[shown.instrument].settings)
    code = f"from simkit.publish.folder import opened\nopened(*{words!r}, **{settings!r})"
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "open",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": code,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {"cells": [cell], "metadata": {"kernelspec": kernel, "title": shown.name}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book)


class Menu(RequestHandler):
    """The start page."""

    def initialize(self, menu: str) -> None:
        """Its text."""
        self.menu = menu

    def get(self) -> None:
        """Cards for every instrument and scenario."""
        self.write(self.menu)


class Picture(RequestHandler):
    """The picture on a card, drawn once, by one thread: visitors go first."""

    drawing = ThreadPoolExecutor(1)

    def initialize(self, cards: Mapping[str, Shown]) -> None:
        """What may be drawn."""
        self.cards = cards

    async def get(self, name: str, dark: str) -> None:
        """A PNG, for a light or a dark page."""
        if name not in self.cards:
            raise HTTPError(404)
        self.set_header("Content-Type", "image/png")
        self.set_header("Cache-Control", "max-age=3600")
        self.write(await get_running_loop().run_in_executor(self.drawing, drawn, self.cards[name], bool(dark)))


@cache
def drawn(shown: Shown, dark: bool) -> bytes:
    """The picture of an instrument as it opens."""
    made = opened(shown.instrument, shown.scenario, shown.context, **INSTRUMENTS[shown.instrument].settings)
    try:
        return picture(made, dark)
    finally:
        made.close()


class Card(TornadoVoilaHandler):  # type: ignore[misc] # Voilà has no types
    """An instrument, in a kernel that was started for this visit."""

    async def get(self, name: str) -> None:
        """The page that Voilà makes of a card, with the token that lets it end its kernel when it is left."""
        self.set_cookie("_xsrf", self.xsrf_token, samesite="Strict")
        await super().get(f"{name}.ipynb")


class Server(Voila):  # type: ignore[misc]
    """Voilà with our menu in the place of its own, and nothing that lists or serves files."""

    announce: Callable[[str], object] = print
    cards: Mapping[str, Shown] = MappingProxyType({})

    def init_handlers(self) -> list[Any]:
        """Where what is answered."""
        hidden = ("/voila/tree", "/voila/render", "/voila/files", "/voila/api/contents")
        kept = [each for each in super().init_handlers() if each[0] != "/" and not each[0].startswith(hidden)]
        opens = {"template_paths": self.template_paths, "config": self.config, "voila_configuration": self.voila_configuration}
        name = r"/pages/([\w.-]+?)"
        menu = {"menu": index(list(self.cards.values()), [], SAYS)}
        pictures = (f"{name}(-dark)?\\.png", Picture, {"cards": self.cards})
        return [("/", Menu, menu), pictures, (f"{name}\\.html", Card, opens), *kept]

    def listen(self) -> None:
        """Say where the menu is, as soon as the port is ours, and serve."""
        from tornado.ioloop import IOLoop

        IOLoop.current().add_callback(lambda: self.announce(f"http://{self.ip}:{self.port}/"))
        super().listen()


def serve(announce: Callable[[str], object], *, port: int = 8866, host: str = HOST, browser: bool = True) -> None:
    """Serve the menu until Ctrl-C; `announce` is told its address.  Port 8866, or the first free one after it."""
    settings = Config()
    settings.MappingKernelManager = Config(cull_idle_timeout=VANISHED, cull_interval=VANISHED // 4, cull_connected=False)
    settings.VoilaConfiguration = Config(show_tracebacks=False)
    cards = {shown.name: shown for shown in candidates()}
    with tempfile.TemporaryDirectory(prefix="simkit-app-") as folder:
        for shown in cards.values():
            (Path(folder) / f"{shown.name}.ipynb").write_text(notebook(shown), encoding="utf-8")
        server = Server(config=settings, root_dir=folder, port=port, ip=host, open_browser=browser and has_window())
        server.announce, server.cards, server.log_level = announce, cards, "ERROR"
        server.initialize([])
        server.start()
    Picture.drawing.shutdown(wait=False, cancel_futures=True)
