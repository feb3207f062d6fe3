"""A running service, as the commands see it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from .. import environment, service
from ..errors import ServiceError
from .catalog import load, names_file
from .console import fail
from .rows import Result, Row

_LOOK_SECONDS = 10.0
"""For a page of the catalog. Grades wait longer: the service may be busy, or on its way up again."""


class Remote:
    """Grades on a service; rows go out as they are, and the service says which of them are none."""

    batches = service.MAX_REQUESTS

    def __init__(self, grader: str, url: str | None, key_env: str | None, explain: bool) -> None:
        self._client = find(url, key_env)
        self._explain = explain
        self._grader: service.Grader
        if names_file(grader):
            self._grader, version = load(grader).model_dump(mode="json", exclude_unset=True), grader
            look(self._client, "/v1/graders", "graders")
        else:
            self._grader = grader
            version = look(self._client, f"/v1/graders/{quote(grader, safe='')}", "version")["version"]
        self.url = self._client.address().url
        self.where = f"{version} on {self.url}"

    async def grade(self, rows: Sequence[Row]) -> list[Result]:
        wire: list[service.Row] = [{"sample": row.sample, "item": row.item} for row in rows]
        results = await self._client.agrade_rows(wire, self._grader, explain=self._explain)
        return [result.model_dump(exclude=None if self._explain else {"explain"}) for result in results]


def find(url: str | None, key_env: str | None) -> service.Client:
    """The service at --url, else at FAIRMARK_URL, found; its key is in the variable that --key-env names."""
    key = environment.text(key_env) if key_env else None
    if key_env and not key:
        fail(f"--key-env: the environment variable {key_env} is not set")
    url_from = "FAIRMARK_URL" if url is None else "--url"
    named = environment.text("FAIRMARK_URL") or "" if url is None else url
    try:
        client = service.Client(*service.source(named, key, url_from, key_env or "FAIRMARK_KEY"))
        client.address()
    except (ServiceError, ValueError) as error:
        fail(error)
    return client


def look(client: service.Client, path: str, *fields: str) -> dict[str, Any]:
    """What the service answers to a GET; exits with 2 when that isn't an object with these fields."""
    url, key = client.address()
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx.Client(trust_env=client.proxied, timeout=_LOOK_SECONDS) as http:
            answer = http.get(url + path, headers=headers)
    except httpx.HTTPError as error:
        fail(f"no service at {url}: {error}")
    try:
        body = answer.json()
        if answer.status_code == 200 and isinstance(body, dict) and body.keys() >= set(fields):
            return body
        fail(f"{url}: {body['error']['message']}")
    except (ValueError, LookupError, TypeError):
        fail(f"what answers at {url} is no fairmark service ({answer.status_code} on {path})")
