"""The yardstick: an ASGI application that parses the body with orjson and answers a constant, and nothing else.

`python -m loadtests.bare PORT` serves it under the very settings the service gives uvicorn.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvicorn

ANSWER = b'{"score":1.0}'
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))],
}
_BODY = {"type": "http.response.body", "body": ANSWER}


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer any request, once its body is parsed."""
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    if body:
        orjson.loads(body)
    await send(_START)
    await send(_BODY)


def main(port: int) -> None:
    """Serve on loopback until SIGTERM."""
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=4096,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
