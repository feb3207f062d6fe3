"""`python -m fairmark_service`: the service on uvicorn and uvloop, and what it prints when it is up."""

import os
import socket
import sys
from typing import NoReturn

import uvicorn
from pydantic import ValidationError

from fairmark_graders import FairmarkError

from . import logs
from .app import create_app
from .http import BoundedHead
from .settings import Settings

STOP_SECONDS = 6
"""What requests in flight get to finish in; with what follows, the whole stop takes under ten."""
KEEP_ALIVE_SECONDS = 75
"""Longer than a trainer thinks between two batches on one connection."""


class Server(uvicorn.Server):
    """A server that says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, address: str, guarded: bool) -> None:
        super().__init__(config)
        self._banner = banner(address, guarded)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._banner, flush=True)


def banner(address: str, guarded: bool) -> str:
    """What a person sees: the address, the docs, and a line to try."""
    key = " -H 'Authorization: Bearer '$FAIRMARK_KEY" if guarded else ""
    body = '{"grader": "exact", "samples": [{"sample": "42", "item": {"reference_answer": "42"}}]}'
    return (
        f"\n  fairmark   {address}\n  docs       {address}/docs\n\n"
        f"  curl {address}/v1/grade -H 'Content-Type: application/json'{key} \\\n    -d '{body}'\n"
    )


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        settings = Settings(_cli_parse_args=True)
        logs.set_up(settings.log_level)
        app = create_app(settings)
        listener = listen(settings.host, settings.port)
    except ValidationError as error:  # a ValueError too, so it comes first
        refuse(error)
    except (FairmarkError, OSError, ValueError) as error:
        sys.exit(f"fairmark serve: {error}")
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHead,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=4096,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    Server(config, address(listener), settings.guarded).run([listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, so that it is known before anything starts. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise OSError(f"can't listen on {host} port {port}: {os.strerror(error.errno or 0)}") from None
    return listener


def address(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def refuse(error: ValidationError) -> NoReturn:
    """Say which setting is wrong, and end."""
    for problem in error.errors(include_url=False):
        name = "-".join(map(str, problem["loc"])).replace("_", "-")
        print(
            f"fairmark serve: {f'--{name}: ' if name else ''}{problem['msg'].removeprefix('Value error, ')}",
            file=sys.stderr,
        )
    sys.exit(2)


if __name__ == "__main__":
    main()
