"""What kubelets and Prometheus ask on a port of their own, without a key: /healthz, /readyz and /metrics alone.

Whoever serves starts this before it warms up, so that it is seen alive and not ready; reports itself not ready from
SIGTERM on, while it finishes what is in flight on the main port; and stops this last.

It has a thread and an event loop of its own: the main loop comes round late under a burst, to 10,000 new requests after
seconds, and a kubelet would end a pod for being busy.
"""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import uvicorn
import uvloop
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from .http import BoundedHead, Heads, Reading, configuration
from .metrics import CONTENT_TYPE

STOP_SECONDS = 1
"""What an answer under way gets to finish in."""
TURN_SECONDS = 1
"""How often a main loop says that it turns, to the probes beside it or to its supervisor."""
STUCK_SECONDS = 60
"""One that hasn't turned for so long isn't busy, it hangs."""


class Probes:
    """A server beside the one of whoever serves; beside the supervisor's, where there are several processes."""

    def __init__(
        self, listener: socket.socket, report: Callable[[], Mapping[str, Any]], expose: Callable[[], bytes]
    ) -> None:
        """`report` is what `/readyz` answers, 200 while its `ready` is true; `expose` what `/metrics` does.

        Both are called in another thread than the main loop's.
        """
        self._listener, self._report, self._expose = listener, report, expose
        self._server = _Beside(
            configuration(self._app(), _Bounded, lifespan="off", timeout_graceful_shutdown=STOP_SECONDS)
        )
        self._thread = threading.Thread(target=self._serve, name="probes", daemon=True)
        self._main: asyncio.AbstractEventLoop
        self._turned: float
        self._next_turn: asyncio.TimerHandle

    async def start(self) -> None:
        """Answer from now on: what comes before the server is up waits in the listener's backlog."""
        self._listener.listen()
        self._main = asyncio.get_running_loop()
        self._turn()
        self._thread.start()

    async def stop(self) -> None:
        """Answer no more."""
        if self._thread.ident is not None:
            self._server.should_exit = True
            await asyncio.to_thread(self._thread.join)
            self._next_turn.cancel()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._server.serve([self._listener]))

    def _turn(self) -> None:
        self._turned = time.monotonic()
        self._next_turn = self._main.call_later(TURN_SECONDS, self._turn)

    def _app(self) -> Router:
        async def healthz(request: Request) -> Response:
            still = time.monotonic() - self._turned
            if still > STUCK_SECONDS:
                return JSONResponse({"status": f"the event loop has not turned for {still:.0f} s"}, 503)
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


class _Bounded(BoundedHead):
    """What is read in this loop is counted apart: the main one pauses its own connections, from its own thread."""

    reading, heads = Reading(), Heads()
