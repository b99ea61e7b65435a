"""A Jupyter server extension: what a slider says leaves at once.

A kernel answers each move of a slider with several small messages.  TCP holds a small one back until the one before it is
acknowledged (Nagle's algorithm), and the other end takes up to 40 ms to acknowledge (delayed ACK).  A stock Jupyter server
leaves that on; here it is turned off (TCP_NODELAY) for the websockets between browser and kernels, and for nothing else.

Installing simkit turns the extension on, through `etc/jupyter/jupyter_server_config.d/simkit.json` in the wheel.  To turn it
off: `jupyter server extension disable simkit.jupyter.server`.
"""

from __future__ import annotations

from typing import Any

_SETTING = "kernel_websocket_connection_class"  # read by Jupyter's handler for each new websocket


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Where Jupyter finds the extension."""
    return [{"module": "simkit.jupyter.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Called once by a starting `jupyter_server.serverapp.ServerApp`."""
    settings = app.web_app.settings
    if settings.get(_SETTING) is None:
        app.log.info("simkit: this Jupyter server has no %s, so sliders stay as they are", _SETTING)
        return
    settings[_SETTING] = without_delay(settings[_SETTING])
    app.log.info("simkit: TCP_NODELAY on kernel websockets")


def without_delay(connection: Any) -> Any:
    """The same class of kernel connections (Jupyter's, a gateway's, a user's), with TCP_NODELAY on each websocket."""

    class NoDelay(connection):  # type: ignore[misc] # known only when a server runs
        """A kernel connection that does not wait for acknowledgements."""

        def connect(self) -> Any:
            try:
                self.websocket_handler.set_nodelay(True)
            except Exception as error:  # a slower slider is no reason to lose the kernel
                self.log.debug("simkit: no TCP_NODELAY: %s", error)
            return super().connect()

    return NoDelay
