"""waitress around the application, with limits of our own: its defaults stall behind four streams and take bodies of any size."""

from __future__ import annotations

import json
import logging
import socket
import threading
from typing import Any

from bridge_server.app import PIECE_BYTES, make_app
from bridge_server.services import MOST_LONG_POLLS, MOST_STREAMS, Services
from engine.errors import RefusedError

__all__ = ["BridgeServer", "listening_socket"]

CALL_THREADS = 12
"""Threads beside those that streams and waiting agents can hold (chosen: calls take milliseconds)."""

CONNECTIONS = 1000
"""Open connections; waitress stops taking new ones beyond."""

HEADER_BYTES = 32 * 1024
IDLE_S = 120

_LOG = logging.getLogger(__name__)


def listening_socket(host: str, port: int) -> socket.socket:
    """Bound and ready. Raises `RefusedError` where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: nobody may listen beside us
        found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as cause:
        found.close()
        hint = "Choose another with --port, or stop the program that holds it."
        raise RefusedError("port_taken", f"Port {port} on {host} cannot be used: {cause.strerror or cause}.", hint) from cause
    return found


class BridgeServer:
    """Answers from `start` to `stop`, in threads of its own."""

    def __init__(self, services: Services, listening: socket.socket) -> None:
        from waitress.server import create_server

        # What waitress does not know about itself: errors that it finds before the application is asked have our shape.
        self._services = services
        self._server: Any = create_server(
            make_app(services),
            sockets=[listening],
            threads=MOST_STREAMS + MOST_LONG_POLLS + CALL_THREADS,
            connection_limit=CONNECTIONS,
            backlog=512,
            channel_timeout=IDLE_S,
            cleanup_interval=10,
            max_request_body_size=PIECE_BYTES,
            max_request_header_size=HEADER_BYTES,
            inbuf_overflow=2**20,
            asyncore_use_poll=True,
            ident=None,
            expose_tracebacks=False,
        )
        self._server.channel_class = _channel_class()
        self._thread = threading.Thread(target=self._run, name="bridge", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            self._server.run()
        except OSError:
            if not self._services.stopping.is_set():  # closing the sockets ends the loop like this
                _LOG.exception("the server stopped")

    def stop(self) -> None:
        """Lets streams end, then closes."""
        self._services.stopping.set()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=3)
        self._server.close()


def _channel_class() -> type:
    from waitress.channel import HTTPChannel
    from waitress.task import ErrorTask

    class JsonErrorTask(ErrorTask):  # type: ignore[misc]
        """What waitress itself refuses (too large, malformed), in our shape."""

        def execute(self) -> None:
            error = self.request.error
            code = {413: "too_large", 431: "headers_too_large"}.get(error.code, "malformed_http")
            hint = "Send large files in pieces to /v1/uploads." if error.code == 413 else ""
            body = {"error": {"code": code, "message": f"{error.reason}.", "hint": hint, "details": {}}}
            text = json.dumps(body).encode()
            self.status = f"{error.code} {error.reason}"
            self.response_headers += [("Content-Type", "application/json"), ("Content-Length", str(len(text))), ("Connection", "close")]
            self.content_length = len(text)
            self.set_close_on_finish()
            self.write(text)

    class JsonChannel(HTTPChannel):  # type: ignore[misc]
        error_task_class = JsonErrorTask

    return JsonChannel
