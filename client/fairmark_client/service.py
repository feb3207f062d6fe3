"""Calls to a fairmark service: one core, for code that is async and for code that isn't.

All requests of a process run on one event loop in a thread of its own, so that `grade` works under any caller (a
trainer's thread, a notebook whose loop is running), `agrade` on any loop, and all clients share the open connections.
A forked child makes its own.

A batch goes out in requests of at most 128 samples or 4 MB, at most eight at a time. What may pass (no connection, a
connection that broke or stalled, 429, 502, 503, 504) is tried again until the deadline, with jitter, not before the
service's Retry-After; grading is idempotent, and work the service has begun is there when it is asked again. The quota
of a day that is used up is not waited for.
"""

import asyncio
import json
import logging
import os
import random
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from functools import cache
from itertools import count
from typing import Any, NamedTuple, NotRequired, Self, TypedDict, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError, model_validator

from fairmark_graders import Outcome

from . import environment, private_service, url_file
from .address import Address, checked
from .errors import BrokenAnswer, Refused, Unreachable
from .url_file import UrlFile

MAX_SAMPLES = 128
MAX_BYTES = 4_000_000
MAX_REQUESTS = 8
TIMEOUT_SECONDS = 300.0
"""Long enough for a service that restarts, short of the 1,800 s after which NCCL's watchdog ends a run."""
ATTEMPT_SECONDS = 120.0
CONNECT_SECONDS = 5.0
SPREAD_SECONDS = 2.5
"""How far apart, at most, those come again who were told the same time: none waits much longer than it was told."""
WORTH_RETRYING = {429, 502, 503, 504}
OUT_OF_QUOTA = "quota_exceeded"
"""The service's code for a 429 that lasts until midnight."""

Grader = str | dict[str, Any]
"""A name in the service's catalog, or a grader's configuration."""

T = TypeVar("T")
log = logging.getLogger("fairmark")


class Row(TypedDict):
    """One sample on the wire: what the model said, and the dataset row it answers."""

    sample: Any
    item: NotRequired[dict[str, Any]]
    grader: NotRequired[Grader]
    group: NotRequired[str]


class Result(BaseModel):
    """What the service says of one sample."""

    model_config = ConfigDict(frozen=True)

    score: FiniteFloat | None
    """Normally 0 to 1; `None` when it could not be graded."""
    outcome: Outcome
    """`graded`, `ungradable`, `invalid` or `grader_error`."""
    reason: str | None = None
    sub_scores: dict[str, FiniteFloat | None] = {}
    cached: bool = False
    version: str | None = None
    explain: dict[str, Any] | None = None
    """How the verdict came about, where it was asked for."""

    @model_validator(mode="after")
    def _graded_has_a_score(self) -> Self:
        if self.outcome == "graded" and self.score is None:
            raise ValueError("expected a score for what is graded, got null")
        return self


class _Answer(BaseModel):
    results: list[Result]


class _Pool(NamedTuple):
    http: httpx.AsyncClient
    slots: asyncio.Semaphore


class Client:
    """One service, for use from any thread and after a fork; there is nothing to close.

    url              of the service, or file:F for one that writes F; else FAIRMARK_URL, else a private one is started
    key              sent as a bearer token; else the one in F, else FAIRMARK_KEY
    timeout_seconds  for one request with all its retries; else FAIRMARK_TIMEOUT_SECONDS, else 300
    """

    def __init__(self, url: str | None = None, key: str | None = None, *, timeout_seconds: float | None = None) -> None:
        found = _source(url, key)
        self._fixed = found if isinstance(found, Address) else None
        self._file = found if isinstance(found, UrlFile) else None
        self._address = self._fixed
        self._timeout = _timeout(timeout_seconds)

    def grade(
        self,
        grader: Grader,
        samples: Sequence[Any],
        items: Sequence[dict[str, Any]] | None = None,
        *,
        run: str | None = None,
        step: int | None = None,
        explain: bool = False,
    ) -> list[Result]:
        """One result for each sample, in order.

        A sample is a text, chat messages or OpenAI's sample object; `items` holds its dataset rows, one for each.
        Raises a `ServiceError` when the service can't be reached, refuses, or isn't one.
        """
        return self.grade_rows(_rows(samples, items), grader, run=run, step=step, explain=explain)

    async def agrade(
        self,
        grader: Grader,
        samples: Sequence[Any],
        items: Sequence[dict[str, Any]] | None = None,
        *,
        run: str | None = None,
        step: int | None = None,
        explain: bool = False,
    ) -> list[Result]:
        """The same for async code."""
        return await self.agrade_rows(_rows(samples, items), grader, run=run, step=step, explain=explain)

    def grade_rows(self, rows: Sequence[Row], grader: Grader | None = None, **fields: Any) -> list[Result]:
        """One result for each row; `fields` are the request's own: run, step, explain."""
        return _wait(self._grade(rows, {"grader": grader, **fields}))

    async def agrade_rows(self, rows: Sequence[Row], grader: Grader | None = None, **fields: Any) -> list[Result]:
        """The same for async code."""
        return await asyncio.wrap_future(submit(self._grade(rows, {"grader": grader, **fields})))

    def address(self) -> Address:
        """Where the service is; one whose file isn't there yet is waited for, a private one started."""
        return self._address or _wait(self._find(self._timeout))

    @property
    def proxied(self) -> bool:
        """Whether a proxy from the environment is asked; it rarely knows the way to a node of the same cluster."""
        return self._fixed is not None and not self._fixed.local

    async def _grade(self, rows: Sequence[Row], fields: dict[str, Any]) -> list[Result]:
        calls = [asyncio.create_task(self._call(body, count)) for body, count in _bodies(rows, fields)]
        try:
            return [result for results in await asyncio.gather(*calls) for result in results]
        finally:
            for call in calls:
                call.cancel()

    async def _call(self, body: bytes, count: int) -> list[Result]:
        pool = _pool(os.getpid(), self.proxied)
        async with pool.slots:
            response = await self._answer(pool.http, body)
        return _results(response, count, self._said(str(response.url)))

    async def _answer(self, http: httpx.AsyncClient, body: bytes) -> httpx.Response:
        """The first answer that another try wouldn't change."""
        began = time.monotonic()
        deadline = began + self._timeout
        for attempt in count():
            address = self._address or await self._find(deadline - time.monotonic())
            pause = min(5.0, 0.1 * 2 ** min(attempt, 6))
            try:
                response = await self._post(http, address, body, min(ATTEMPT_SECONDS, deadline - time.monotonic()))
            except (httpx.TransportError, TimeoutError) as error:
                failure = str(error) or type(error).__name__
                self._address = self._fixed  # any other may have been started again elsewhere
            else:
                if not _worth_retrying(response) and not self._moved(response, address):
                    return response
                failure = f"{response.status_code} {_message(response)}"
                pause = max(pause, _retry_after(response))
            pause += random.uniform(0.0, min(pause / 2, SPREAD_SECONDS))
            if time.monotonic() + pause > deadline:
                tries = "1 try" if attempt == 0 else f"{attempt + 1} tries"
                spent = f"{time.monotonic() - began:.3g} s and {tries} ({self._timeout:g} s allowed)"
                raise Unreachable(f"{self._said(address.url)}: no result after {spent}; last: {failure}")
            level = logging.DEBUG if attempt else logging.WARNING
            log.log(level, "%s: %s; trying again", self._said(address.url), failure)
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _post(self, http: httpx.AsyncClient, address: Address, body: bytes, seconds: float) -> httpx.Response:
        headers = {"content-type": "application/json"}
        if address.key:
            headers["authorization"] = f"Bearer {address.key}"
        timeout = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        async with asyncio.timeout(seconds):
            return await http.post(f"{address.url}/v1/grade", content=body, headers=headers, timeout=timeout)

    async def _find(self, seconds: float) -> Address:
        self._address = await (self._file.address(seconds) if self._file else _private_address())
        return self._address

    def _moved(self, response: httpx.Response, address: Address) -> bool:
        """Whether the service has left, and who refuses the request is somebody else who listens there now."""
        if response.status_code == 200 or self._file is None or self._file.read() == address:
            return False
        self._address = None
        return True

    def _said(self, url: str) -> str:
        """A URL as errors name it: with the file that it is from."""
        return f"{url} ({self._file.url})" if self._file else url


def grade(
    grader: Grader, samples: Sequence[Any], items: Sequence[dict[str, Any]] | None = None, **fields: Any
) -> list[Result]:
    """`Client.grade` on the service that the environment names."""
    return _default(*_environment()).grade(grader, samples, items, **fields)


async def agrade(
    grader: Grader, samples: Sequence[Any], items: Sequence[dict[str, Any]] | None = None, **fields: Any
) -> list[Result]:
    """`Client.agrade` on the service that the environment names."""
    return await _default(*_environment()).agrade(grader, samples, items, **fields)


@cache
def _default(*environment: str | None) -> Client:
    return Client()


def _environment() -> list[str | None]:
    return [environment.text(name) for name in ("FAIRMARK_URL", "FAIRMARK_KEY", "FAIRMARK_TIMEOUT_SECONDS")]


def _rows(samples: Sequence[Any], items: Sequence[dict[str, Any]] | None) -> list[Row]:
    if items is None:
        return [{"sample": sample} for sample in samples]
    if len(items) != len(samples):
        raise ValueError(f"items: expected one for each of the {len(samples)} samples, got {len(items)}")
    return [{"sample": sample, "item": item} for sample, item in zip(samples, items, strict=True)]


def _bodies(rows: Sequence[Row], fields: dict[str, Any]) -> Iterator[tuple[bytes, int]]:
    """The bodies that carry all the rows, each with the number of its rows."""
    head = json.dumps({name: value for name, value in fields.items() if value is not None})[:-1]
    head += ', "samples": [' if len(head) > 1 else '"samples": ['
    texts: list[str] = []
    size = 0
    for text in map(_json, count(), rows):
        if texts and (len(texts) == MAX_SAMPLES or size + len(text) > MAX_BYTES):
            yield f"{head}{','.join(texts)}]}}".encode(), len(texts)
            texts, size = [], 0
        texts.append(text)
        size += len(text)
    if texts:
        yield f"{head}{','.join(texts)}]}}".encode(), len(texts)


def _json(place: int, row: Row) -> str:
    try:
        return json.dumps(row)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"samples[{place}]: expected a sample and an item that JSON can carry: {error}") from None


def _results(response: httpx.Response, count: int, url: str) -> list[Result]:
    if response.status_code != 200:
        raise Refused(f"{url} answers {response.status_code}: {_message(response)}", response.status_code)
    try:
        results = _Answer.model_validate_json(response.content).results
    except ValidationError as error:
        raise BrokenAnswer(f"{url} doesn't answer like fairmark: {error.errors()[0]['msg']}") from None
    if len(results) != count:
        raise BrokenAnswer(f"{url} answers {len(results)} results for {count} samples")
    return results


def _message(response: httpx.Response) -> str:
    return _error(response, "message") or response.text[:500] or response.reason_phrase


def _error(response: httpx.Response, field: str) -> str:
    """What the envelope of a refusal says in a field; nothing where it isn't fairmark's."""
    try:
        return str(response.json()["error"][field])
    except (ValueError, LookupError, TypeError):
        return ""


def _worth_retrying(response: httpx.Response) -> bool:
    return response.status_code in WORTH_RETRYING and _error(response, "code") != OUT_OF_QUOTA


def _retry_after(response: httpx.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("retry-after", 0)))
    except ValueError:  # an HTTP date, which only proxies send
        return 0.0


def _source(url: str | None, key: str | None) -> Address | UrlFile | None:
    """What the arguments say, or else the environment; None where neither names a service."""
    url_from, key_from = "url" if url else "FAIRMARK_URL", "key" if key else "FAIRMARK_KEY"
    url = url or environment.text("FAIRMARK_URL")
    return source(url, key, url_from, key_from) if url else None


def source(url: str, key: str | None, url_from: str, key_from: str) -> Address | UrlFile:
    """The service of a URL, whose key is in FAIRMARK_KEY unless one is given. Raises `ServiceError`."""
    file = url_file.named(url, key, url_from)
    return file or checked(url, key or environment.text("FAIRMARK_KEY"), url_from, key_from)


def _timeout(given: float | None) -> float:
    name, seconds = "timeout_seconds", given
    if seconds is None:
        name, seconds = "FAIRMARK_TIMEOUT_SECONDS", environment.number("FAIRMARK_TIMEOUT_SECONDS", TIMEOUT_SECONDS)
    if not seconds > 0:
        raise ValueError(f"{name}: expected a number above 0, got {seconds:g}")
    return seconds


def _wait(work: Coroutine[Any, Any, T]) -> T:
    future = submit(work)
    try:
        return future.result()
    except BaseException:  # Ctrl-C, too: what nobody waits for any more needn't go on
        future.cancel()
        raise


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Begin work on the loop of this process's requests; cancelling the future cancels it."""
    return asyncio.run_coroutine_threadsafe(work, _loop(os.getpid()))


_searches: dict[int, Future[Address]] = {}


async def _private_address() -> Address:
    """Where the private service is; whoever asks while it is looked for or started waits for the same search."""
    pid = os.getpid()
    search = _searches.get(pid)
    if search is None:
        search = _searches[pid] = Future()
        search.set_running_or_notify_cancel()  # so that one call that is given up doesn't take the others along
        search.add_done_callback(lambda _: _searches.pop(pid))
        # The thread of an executor would be waited for at exit, and a start may take minutes.
        threading.Thread(target=_search, args=[search], name="fairmark-search", daemon=True).start()
    return await asyncio.wrap_future(search)


def _search(search: Future[Address]) -> None:
    try:
        search.set_result(private_service.address())
    except BaseException as error:
        search.set_exception(error)


@cache
def _pool(pid: int, proxied: bool) -> _Pool:
    """The connections of this process; called on its loop, which they belong to."""
    limits = httpx.Limits(max_connections=MAX_REQUESTS, keepalive_expiry=300)
    return _Pool(httpx.AsyncClient(limits=limits, trust_env=proxied), asyncio.Semaphore(MAX_REQUESTS))


_loops: dict[int, asyncio.AbstractEventLoop] = {}


def _loop(pid: int) -> asyncio.AbstractEventLoop:
    """The loop of this process; a forked child has another pid, and the parent's loop doesn't run there."""
    if pid in _loops:
        return _loops[pid]
    made = asyncio.new_event_loop()
    kept = _loops.setdefault(pid, made)  # another thread may have been first; a lock might be forked while it is held
    if kept is made:
        threading.Thread(target=made.run_forever, name="fairmark", daemon=True).start()
    else:
        made.close()
    return kept
