"""Calls to a model's server, tried again while that may help, and not sooner than the server asks."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx

from .. import environment
from ..address import Address
from ..errors import DataError, ModelError

TIMEOUT_SECONDS = 300.0
"""For one answer: 10,000 tokens at 35 a second."""
CONNECT_SECONDS = 5.0
TRIES = 7
LONGEST_PAUSE_SECONDS = 60.0
"""Limits are counted by the minute; a server that asks for more time is out of quota."""
_WORTH_RETRYING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_OUT_OF_QUOTA = "insufficient_quota"
"""OpenAI's code for a 429 that no waiting ends."""


class RefusedCall(ModelError):
    """The server answers with an error that another try wouldn't change."""


class Server:
    """Where a model's server is, the key it wants, and how long one answer may take."""

    def __init__(self, url: str, key_env: str | None, timeout_seconds: float) -> None:
        """Raises `DataError` for what is no address, or a key that isn't there."""
        self.url = _checked(url)
        self.timeout_seconds = timeout_seconds
        self._key = _key(key_env)

    def public(self, text: str) -> str:
        """What the server says, without the key that it may repeat."""
        return text.replace(self._key, "***") if self._key else text

    @asynccontextmanager
    async def calls(self) -> AsyncIterator["Calls"]:
        """Connections that are closed afterwards."""
        headers = {"authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = httpx.Timeout(self.timeout_seconds, connect=min(CONNECT_SECONDS, self.timeout_seconds))
        # A proxy from the environment rarely knows the way to this machine.
        proxied = not Address(self.url, None).local
        async with httpx.AsyncClient(headers=headers, timeout=timeout, trust_env=proxied) as http:
            yield Calls(self, http)


class Calls:
    """Open connections to a server."""

    def __init__(self, server: Server, http: httpx.AsyncClient) -> None:
        self._server, self._http = server, http
        self.failed: ModelError | None = None
        """What has failed for good, if anything: what is on its way may finish, and nothing is tried again."""

    async def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """The first good answer. Raises `ModelError` with the status and the server's words when none comes."""
        url = self._server.url + path
        for attempt in range(TRIES):
            pause = min(0.5 * 2**attempt, LONGEST_PAUSE_SECONDS)
            try:
                async with asyncio.timeout(self._server.timeout_seconds):
                    response = await self._http.request(method, url, json=body)
            except (httpx.TransportError, TimeoutError) as error:
                failure = _named(error, self._server.timeout_seconds)
            else:
                if response.is_success:
                    return response
                failure = f"{response.status_code} {_message(response, self._server.public(response.text))}"
                pause = max(pause, _retry_after(response))
                if not _worth_retrying(response) or pause > LONGEST_PAUSE_SECONDS:
                    raise RefusedCall(f"{url} answers {failure}")
            if attempt < TRIES - 1 and not self.failed:
                await asyncio.sleep(pause * random.uniform(1.0, 1.5))
            if self.failed:
                break
        raise ModelError(f"{url}: no answer after {attempt + 1} {'try' if attempt == 0 else 'tries'}; last: {failure}")


def _checked(url: str) -> str:
    """The address that paths are put behind; a key in it would be shown in errors."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise DataError(f"{url}: expected http(s)://host/v1") from None
    if parsed.userinfo or parsed.query:
        raise DataError("the endpoint's URL holds a user, a password or a query; expected the key in a variable")
    if not parsed.host or parsed.path.rstrip("/") == "":
        raise DataError(f"{url}: expected http(s)://host/v1")
    return url.rstrip("/").removesuffix("/chat/completions")


def _key(variable: str | None) -> str | None:
    key = environment.text(variable or "OPENAI_API_KEY")
    if variable and not key:
        raise DataError(f"key_env: the environment variable {variable} is not set")
    if key and not (key.isascii() and key.isprintable()):
        raise DataError(f"{variable or 'OPENAI_API_KEY'}: expected printable ASCII characters")
    return key


def _worth_retrying(response: httpx.Response) -> bool:
    if _OUT_OF_QUOTA in response.text:
        return False
    return response.is_server_error or response.status_code in _WORTH_RETRYING


def _named(error: Exception, seconds: float) -> str:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return f"nothing within {seconds:g} s"
    return str(error) or type(error).__name__


def _message(response: httpx.Response, text: str) -> str:
    """What the body says: OpenAI's error.message, FastAPI's detail, or its beginning."""
    try:
        body = json.loads(text)
        error = body.get("error") or body.get("message") or body["detail"]
        return str(error["message"] if isinstance(error, dict) else error)[:500]
    except (ValueError, LookupError, TypeError, AttributeError):
        return text[:500].strip() or response.reason_phrase


def _retry_after(response: httpx.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("retry-after", 0)))
    except ValueError:  # an HTTP date, which only proxies send
        return 0.0
