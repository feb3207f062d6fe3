"""What kubelets and Prometheus ask on a port of their own, without a key: /healthz, /readyz and /metrics alone.

Whoever serves starts this before it warms up, so that it is seen alive and not ready; reports itself not ready from
SIGTERM on, while it finishes what is in flight on the main port; and stops this last.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from .http import BoundedHead
from .metrics import CONTENT_TYPE

STOP_SECONDS = 1
"""What an answer under way gets to finish in."""


class Probes:
    """A second server in the loop of whoever serves; in the supervisor's, where there are several processes."""

    def __init__(
        self, listener: socket.socket, report: Callable[[], Mapping[str, Any]], expose: Callable[[], bytes]
    ) -> None:
        """`report` is what `/readyz` answers, 200 while its `ready` is true; `expose` what `/metrics` does."""
        self._listener, self._report, self._expose = listener, report, expose
        self._server = _Beside(_configuration(self._app()))
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Answer from now on: what comes before the server is up waits in the listener's backlog."""
        self._listener.listen()
        self._serving = asyncio.create_task(self._server.serve([self._listener]))

    async def stop(self) -> None:
        """Answer no more."""
        if self._serving is not None:
            self._server.should_exit = True
            await self._serving

    def _app(self) -> Router:
        async def healthz(request: Request) -> Response:
            return JSONResponse({"status": "ok"})

        async def readyz(request: Request) -> Response:
            report = self._report()
            return JSONResponse(report, 200 if report["ready"] else 503)

        async def metrics(request: Request) -> Response:
            return Response(self._expose(), media_type=CONTENT_TYPE)

        routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
        return Router(routes, redirect_slashes=False)


class _Beside(uvicorn.Server):
    """A server that leaves the signals to the one it runs beside."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _configuration(app: Router) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        http=BoundedHead,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
