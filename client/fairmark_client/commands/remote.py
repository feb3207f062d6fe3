"""A running service, as the commands see it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from .. import environment, service
from .catalog import load, names_file
from .console import fail
from .rows import Result, Row

_LOOK_SECONDS = 10.0
"""For a page of the catalog. Grades wait longer: the service may be busy, or on its way up again."""


class Remote:
    """Grades on a service; rows go out as they are, and the service says which of them are none."""

    batches = service.MAX_REQUESTS

    def __init__(self, grader: str, url: str, key_env: str | None, explain: bool) -> None:
        key = key_from(key_env)
        self._explain = explain
        self._grader: service.Grader
        if names_file(grader):
            self._grader, version = load(grader).model_dump(mode="json", exclude_unset=True), grader
            look(url, key, "/v1/graders", "graders")
        else:
            self._grader = grader
            version = look(url, key, f"/v1/graders/{quote(grader, safe='')}", "version")["version"]
        self.where = f"{version} on {url}"
        self._client = service.Client(url, key)

    async def grade(self, rows: Sequence[Row]) -> list[Result]:
        wire: list[service.Row] = [{"sample": row.sample, "item": row.item} for row in rows]
        results = await self._client.agrade_rows(wire, self._grader, explain=self._explain)
        return [result.model_dump(exclude=None if self._explain else {"explain"}) for result in results]


def key_from(variable: str | None) -> str | None:
    """The key in the environment variable that --key-env names, else in FAIRMARK_KEY."""
    key = environment.text(variable or "FAIRMARK_KEY")
    if variable and not key:
        fail(f"--key-env: the environment variable {variable} is not set")
    if key and not (key.isascii() and key.isprintable()):
        fail("the key: expected printable ASCII characters")
    return key


def look(url: str, key: str | None, path: str, *fields: str) -> dict[str, Any]:
    """What the service answers to a GET; exits with 2 when that isn't an object with these fields."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    # A proxy from the environment rarely knows the way to this machine.
    trust_env = _checked(url).host not in ("127.0.0.1", "::1", "localhost")
    try:
        with httpx.Client(trust_env=trust_env, timeout=_LOOK_SECONDS) as http:
            answer = http.get(url.rstrip("/") + path, headers=headers)
    except httpx.HTTPError as error:
        fail(f"no service at {url}: {error}")
    try:
        body = answer.json()
        if answer.status_code == 200 and isinstance(body, dict) and body.keys() >= set(fields):
            return body
        fail(f"{url}: {body['error']['message']}")
    except (ValueError, LookupError, TypeError):
        fail(f"what answers at {url} is no fairmark service ({answer.status_code} on {path})")


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        fail(f"{url!r} is no URL: {error}")
    if parsed.userinfo:
        fail("the URL holds a password, which would end up in logs; name the key's variable with --key-env")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        fail(f"expected a URL such as http://127.0.0.1:8000, got {url!r}")
    return parsed
