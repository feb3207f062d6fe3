"""The server: keys, and what a test does to it: faults, gates, and jobs that hang."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .routes import Call, answer
from .rules import ApiError
from .training import Endpoint, Job, Policy, learning

KEY = "example-openai-key"
START_SECONDS = 30


@dataclass
class Fault:
    """What is answered to the next calls of a kind instead of the truth."""

    method: str
    path: str
    status: int
    times: int
    heard: bool
    """Whether the call is carried out all the same, and only its answer is lost."""
    headers: dict[str, str] = field(default_factory=dict)
    content: str = '{"error": {"message": "The server had an error.", "type": "server_error"}}'

    def response(self) -> Response:
        return Response(self.content, self.status, self.headers, "application/json")


class Gate:
    """A call that is held, so that a test may do something meanwhile."""

    def __init__(self, method: str, path: str) -> None:
        self.method, self.path = method, path
        self.reached, self.opened, self.answered = threading.Event(), threading.Event(), threading.Event()


class StandIn:
    """One account of the platform, under `url` and `KEY`.

    wound_down       no job is taken any more
    hangs_at         the step after which a job reports nothing, and runs for ever
    hold             jobs move on by `advance` only
    policy           what the model says: (row, step, rollout) -> text
    slow_files       how often a file must be looked at until it is processed
    oldest_first     events are listed so, against the documentation
    metadata_filter  what becomes of the filter of a list
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.endpoint = Endpoint()
        self.reset()
        self._server = uvicorn.Server(
            uvicorn.Config(_app(self), host="127.0.0.1", port=0, log_level="error", lifespan="off")
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def reset(self) -> None:
        """Another account, in which nothing has happened yet."""
        self.wound_down = False
        self.hangs_at: int | None = None
        self.hold = False
        self.policy: Policy = learning
        self.slow_files = 0
        self.oldest_first = False
        self.metadata_filter: Literal["honoured", "ignored", "refused"] = "honoured"
        self.endpoint.loses_every = 0
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self.calls: Counter[str] = Counter()
        """Every request that came, as `POST /v1/files`."""
        self.bodies: list[dict[str, Any]] = []
        """What jobs were created with, secrets and all."""
        self._faults: list[Fault] = []
        self._gates: list[Gate] = []

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            assert time.monotonic() < deadline, "the stand-in didn't start"
            time.sleep(0.01)
        return self

    def __exit__(self, *error: object) -> None:
        for gate in self._gates:
            gate.opened.set()
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self.endpoint.close()

    @property
    def url(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/v1"

    def advance(self, moves: int = 1) -> None:
        """Move every job on."""
        with self.lock:
            for job in self.jobs.values():
                for _ in range(moves):
                    job.advance()

    def fail(self, method: str, path: str, status: int, times: int = 1, heard: bool = False, **rest: Any) -> None:
        """Answer the next calls whose path matches with an error."""
        self._faults.append(Fault(method, path, status, times, heard, **rest))

    @contextmanager
    def gate(self, method: str, path: str) -> Iterator[Gate]:
        """Hold calls of a kind; those that came meanwhile are carried out in the end, whether their caller lives."""
        gate = Gate(method, path)
        self._gates.append(gate)
        yield gate
        gate.opened.set()
        assert not gate.reached.is_set() or gate.answered.wait(START_SECONDS)

    def fault_of(self, call: Call) -> Fault | None:
        with self.lock:
            for fault in self._faults:
                if fault.times and fault.method == call.method and re.search(fault.path, call.path):
                    fault.times -= 1
                    return fault
        return None

    def gate_of(self, call: Call) -> Gate | None:
        shut = (gate for gate in self._gates if not gate.opened.is_set() and gate.method == call.method)
        return next((gate for gate in shut if re.search(gate.path, call.path)), None)


def _app(standin: StandIn) -> Starlette:
    app = Starlette()

    async def serve(request: Request) -> Response:
        return await anyio.to_thread.run_sync(_reply, standin, request, await _call(request))

    app.add_route("/{path:path}", serve, methods=["GET", "POST"])
    return app


async def _call(request: Request) -> Call:
    path = re.sub("^(/openai)?/v1", "", request.url.path)
    query = dict(request.query_params)
    if "multipart" not in request.headers.get("content-type", ""):
        body = await request.json() if await request.body() else {}
        return Call(request.method, path, query, body, None)
    async with request.form() as form:
        upload = form["file"]
        assert isinstance(upload, UploadFile)
        return Call(request.method, path, query, dict(form), (upload.filename or "", await upload.read()))


def _reply(standin: StandIn, request: Request, call: Call) -> Response:
    standin.calls[f"{call.method} {re.sub('(ftjob|file)-[0-9a-f]+', '*', call.path)}"] += 1
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    if KEY not in (key, request.headers.get("api-key")):
        error = ApiError(401, f"Incorrect API key provided: {key}.", code="invalid_api_key")
        return JSONResponse(error.body, 401)
    if gate := standin.gate_of(call):
        gate.reached.set()
        gate.opened.wait()
        answered = _answered(standin, call)
        gate.answered.set()
        return answered
    return _answered(standin, call)


def _answered(standin: StandIn, call: Call) -> Response:
    fault = standin.fault_of(call)
    if fault and not fault.heard:
        return fault.response()
    try:
        with standin.lock:
            found = answer(standin, call)
    except ApiError as error:
        return JSONResponse(error.body, error.status)
    return fault.response() if fault else JSONResponse(found)
