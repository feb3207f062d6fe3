"""The ASGI application: protocols are served here, raw; whatever isn't one goes on to FastAPI."""

import asyncio
import itertools
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .catalog import Catalog
from .door import Door
from .errors import Headers, MethodRefused, Overloaded, Refusal
from .intake import Gone, Message, Receive
from .metrics import Metrics
from .protocols.protocol import Call, Handler

log = logging.getLogger("fairmark.http")

Scope = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN = ("/healthz", "/readyz", "/v1/ping", "/health")
"""What needs no key: a probe has none."""
_HUNG_UP = 499
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,100}")


class _Route(NamedTuple):
    pattern: re.Pattern[str]
    handler: Handler


class Gateway:
    """Routes, lets in, answers, counts and logs."""

    def __init__(self, handlers: Sequence[Handler], rest: ASGI, door: Door, catalog: Catalog, metrics: Metrics) -> None:
        self._rest, self._door, self._catalog, self._metrics = rest, door, catalog, metrics
        self._exact = {handler.protocol.path: handler for handler in handlers if "{" not in handler.protocol.path}
        self._templated = [_Route(h.protocol.pattern, h) for h in handlers if "{" in h.protocol.path]
        self._prefix = secrets.token_hex(4).encode()
        self._count = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        path = scope["path"]
        handler, grader = self._exact.get(path), ""
        if handler is None:
            handler, grader = self._match(path)
        if handler is None:
            await self._pass_on(scope, receive, send)
        else:
            await self._serve(handler, grader, scope, receive, send)

    def _match(self, path: str) -> tuple[Handler | None, str]:
        for route in self._templated:
            if found := route.pattern.fullmatch(path):
                return route.handler, found["grader"]
        return None, ""

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if scope["path"] not in OPEN:
            try:
                self._door.admit(headers, posts=False)
            except Refusal as refusal:
                await _answer(send, refusal.status, refusal.body(), refusal.headers(), self._request_id(headers))
                return
        await self._rest(scope, receive, send)

    async def _serve(self, handler: Handler, grader: str, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        request_id = self._request_id(headers)
        status = 200
        extra: Headers = ()
        call = Call(self._catalog.snapshot, self._catalog.inline, grader)
        self._metrics.arrived()
        try:
            posts = scope["method"] == "POST"
            call.key = self._door.admit(headers, posts)
            if not posts:
                raise MethodRefused()
            body = await handler(call, headers, receive)
        except Refusal as refusal:
            status = handler.protocol.status_of(refusal)
            body, extra = refusal.body(), refusal.headers()
            level = logging.WARNING if status >= 500 else logging.INFO
            log.log(level, "refused: %s", refusal.message, extra=_about(handler, status, request_id, call))
        except asyncio.CancelledError:  # the service stops, and this took longer than it waits
            stopping = Overloaded("the service is stopping")
            status, body, extra = handler.protocol.status_of(stopping), stopping.body(), stopping.headers()
        except Gone:
            status, body = _HUNG_UP, b""
        except Exception:
            status = 500
            log.exception("request failed", extra=_about(handler, status, request_id, call))
            body = Refusal(500, "the service failed; its log says how", code="internal_error").body()
        finally:
            self._metrics.answered(handler.protocol.path, call.key, status, time.perf_counter() - call.began)
        if status != _HUNG_UP:
            await _answer(send, status, body, extra, request_id)
        if log.isEnabledFor(logging.DEBUG):
            log.debug("answered", extra=_about(handler, status, request_id, call))

    def _request_id(self, headers: Mapping[bytes, bytes]) -> bytes:
        """The caller's own id of the request, else one of ours."""
        given = headers.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given
        return b"%b-%x" % (self._prefix, next(self._count))


async def _answer(send: Send, status: int, body: bytes, extra: Headers, request_id: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _about(handler: Handler, status: int, request_id: bytes, call: Call) -> dict[str, Any]:
    """What the log says of a request."""
    return {
        "route": handler.protocol.path,
        "status": status,
        "key": call.key,
        "request_id": request_id.decode(),
        "trace_id": call.trace[:200] if isinstance(call.trace, str) else None,
        "seconds": round(time.perf_counter() - call.began, 6),
    }
