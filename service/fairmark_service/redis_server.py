"""A Redis or Valkey: where it is and how to get in. The only module that imports its library.

What is kept there is for others to say: `cache` keeps verdicts, `quotas` what was taken of the day.
"""

import contextlib
import ssl
from pathlib import Path
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_PATIENCE = 1.0
"""Seconds to connect, with TLS and password, and to write: nobody waits for either."""


class RedisServer(NamedTuple):
    """Where a Redis is and how to get in.

    The URL is `redis://`, `rediss://` (TLS) or `unix://`; a password in it is percent-encoded, and goes before
    `password`. `ca` holds the certificates that a TLS server is held against, or else the system's do.
    """

    url: str
    password: str | None = None
    ca: Path | None = None

    def connect(self) -> Redis:
        """A client that tries everything once and leaves the deadlines to its callers. Raises `ValueError`.

        redis-py's ten retries may add up to 5 s. Its own deadline takes a third of a pipeline's time, and under Python
        3.11 is a `wait_for`, which may swallow the cancellation of its task. RESP2 spares the HELLO that proxies and
        Redis 5 refuse; nothing of RESP3 is used.
        """
        tls: dict[str, Any] = {"ssl_ca_certs": str(self._readable(self.ca))} if self.ca else {}
        try:
            return Redis.from_url(
                self.url,
                password=self.password,
                **tls,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=None,
                socket_connect_timeout=CONNECT_PATIENCE,
            )
        except ValueError:
            # Without the cause: it may quote a piece of the password.
            raise ValueError(
                "redis: expected a URL with redis://, rediss:// or unix://, the password percent-encoded"
            ) from None

    def _readable(self, ca: Path) -> Path:
        """The certificates, found sound now rather than missed at every connection. Raises `ValueError`."""
        if not self.url.startswith("rediss://"):
            raise ValueError("redis-ca: expected a rediss:// URL in redis; no other has certificates")
        try:
            ssl.create_default_context(cafile=ca)
        except OSError as error:  # ssl's own errors too
            raise ValueError(f"redis-ca: expected certificates in PEM in {ca}: {error.strerror}") from None
        return ca


def address(client: Redis) -> str:
    """Where a client connects to, for the log: no URL, which may hold the password."""
    where = client.connection_pool.connection_kwargs
    return where.get("path") or f"{where.get('host', 'localhost')}:{where.get('port', 6379)}"


async def hang_up(client: Redis) -> None:
    """Give up connections on which an answer may still come, to be taken for that to another question."""
    with contextlib.suppress(Exception):
        await client.connection_pool.disconnect(inuse_connections=False)
