"""The Jupyter server extension: the socket of a kernel's websocket does not wait for acknowledgements."""

import asyncio
import json
import logging
import socket
import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from simkit.jupyter import server

ROOT = Path(__file__).parent.parent


class Connection:
    """Stands in for Jupyter's kernel connection."""

    log = logging.getLogger("test")

    def __init__(self, handler):
        self.websocket_handler = handler

    def connect(self):
        return "connected"


def load(connection: object) -> tuple[object, list[str]]:
    said: list[str] = []
    log = SimpleNamespace(info=lambda text, *values: said.append(text % values))
    app = SimpleNamespace(web_app=SimpleNamespace(settings={server._SETTING: connection}), log=log)
    server._load_jupyter_server_extension(app)
    return app.web_app.settings[server._SETTING], said


def test_a_connection_asks_for_no_delay_and_still_connects():
    asked = []
    found, said = load(Connection)
    assert issubclass(found, Connection)
    assert found(SimpleNamespace(set_nodelay=asked.append)).connect() == "connected"
    assert asked == [True]
    assert said == ["simkit: TCP_NODELAY on kernel websockets"]


def test_a_failure_never_costs_the_kernel():
    assert server.without_delay(Connection)(SimpleNamespace()).connect() == "connected"


def test_a_server_without_that_setting_is_left_alone():
    found, said = load(None)
    assert found is None
    assert "stay as they are" in said[0]


def test_the_option_is_set_on_a_real_websocket():
    """With tornado, which Jupyter serves with; a plain connection is the negative control."""
    web = pytest.importorskip("tornado.web", reason="tornado comes with jupyterlab: pip install policy-simkit[lab]")
    websocket = import_module("tornado.websocket")
    netutil, httpserver = import_module("tornado.netutil"), import_module("tornado.httpserver")

    def nodelay(connection: type) -> bool:
        seen = []

        class Handler(websocket.WebSocketHandler):
            def open(self):
                connection(self).connect()
                stream = self.ws_connection.stream
                seen.append(bool(stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
                self.close()

        async def once():
            (listening, *_) = sockets = netutil.bind_sockets(0, "127.0.0.1")
            serving = httpserver.HTTPServer(web.Application([("/", Handler)]))
            serving.add_sockets(sockets)
            client = await websocket.websocket_connect(f"ws://127.0.0.1:{listening.getsockname()[1]}/")
            assert await client.read_message() is None  # closed by the handler
            serving.stop()

        asyncio.run(once())
        return seen[0]

    assert nodelay(server.without_delay(Connection))
    assert not nodelay(Connection)


def test_the_wheel_turns_it_on():
    """The file that travels names a module that says it is an extension."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    (source,) = [path for path, goal in data["shared-data"].items() if goal.startswith("etc/jupyter/jupyter_server_config.d/")]
    wanted = json.loads((ROOT / source).read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
    assert wanted == {point["module"]: True for point in server._jupyter_server_extension_points()}
