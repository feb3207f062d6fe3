"""OpenAI's fine-tuning API as a provider of jobs; Azure's is the same under another address and key."""

import logging
import os
from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import islice, takewhile
from typing import Any, ClassVar

import httpx

from ...address import Address
from ...data.prepared import Prepared
from ...errors import JobRefused
from ..job import FINAL, Checkpoint, Event, Job, Spec, Status
from ..provider import Look
from . import graders, reports, rules, shutdown, templates
from .connection import PAGE, Connection, Refusal, Reply
from .uploads import uploaded

WOUND_DOWN = "training_not_available"
SCANNED_JOBS = 1000
"""The newest jobs of a project that are looked through for ours where the service can't filter them."""
CLOCKS_SECONDS = 3600
"""By how much the service's clock may be behind ours."""

log = logging.getLogger("fairmark")


class OpenAI:
    """Jobs on OpenAI, or on a service that is compatible with it, under `options.base_url`."""

    name: ClassVar[str] = "OpenAI"
    key_variable: ClassVar[str] = "OPENAI_API_KEY"

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}
        self._handed: dict[str, dict[str, float]] = {}
        """By job: the events that were handed over, and when they happened."""

    def check(self, spec: Spec) -> None:
        rules.check(spec)
        if spec.method == "rft":
            self._check_grader(spec)
        self._connection(spec)
        for warning in self._warnings(spec):
            log.warning("%s. The same data trains here with: %s", warning, rules.local_command(spec))

    def create(self, job: Job) -> str:
        connection = self._connection(job.spec)
        find = partial(_find, connection, job)
        return find() or connection.once(partial(self._create, connection, job.spec, self._body(connection, job)), find)

    def look(self, job: Job) -> Look:
        return self._connection(job.spec).read(reports.look, self._ask(job, "retrieve"))

    def events(self, job: Job, known: int) -> Iterator[Event]:
        handed = self._handed.setdefault(job.id, {})
        since = max(handed.values(), default=0.0) if known >= len(handed) else 0.0
        fresh = self._newest_events(job, since)
        handed.update((event.key, event.at) for event in fresh)
        yield from fresh

    def _newest_events(self, job: Job, since: float) -> list[Event]:
        """Those that aren't older, oldest first; the newest are listed first, or else all must be read."""
        connection = self._connection(job.spec)
        call = connection.client.fine_tuning.jobs.with_raw_response.list_events

        def listed() -> Iterator[Event]:
            replies = connection.pages(lambda after: partial(call, _place(job), limit=PAGE, after=after))
            return (connection.read(reports.event, reply) for reply in replies)

        found = list(takewhile(lambda event: event.at >= since, listed())) or list(listed())
        found.reverse()
        return sorted(found, key=lambda event: event.at)

    def checkpoints(self, job: Job) -> list[Checkpoint]:
        connection = self._connection(job.spec)
        listed = connection.client.fine_tuning.jobs.checkpoints.with_raw_response.list
        replies = connection.pages(lambda after: partial(listed, _place(job), limit=PAGE, after=after))
        found = [connection.read(reports.checkpoint, reply) for reply in replies]
        return sorted(found, key=lambda checkpoint: checkpoint.step)

    def pause(self, job: Job) -> None:
        self._tell(job, "pause", ("pausing", "paused"))

    def resume(self, job: Job) -> None:
        self._tell(job, "resume", ("queued", "running"))

    def cancel(self, job: Job) -> None:
        self._tell(job, "cancel", ("cancelled",))

    def _tell(self, job: Job, order: str, obeyed: tuple[Status, ...]) -> None:
        """Give an order; one that was obeyed already is refused by the service, and is none the worse for it."""
        try:
            self._ask(job, order)
        except Refusal as refusal:
            found = self.look(job)
            if found.status in obeyed:
                return
            state = f"it is over ({found.said})" if found.status in FINAL else f"it is {found.said}"
            raise JobRefused(f"{job.id}: can't {order}, {state}. {refusal}") from None

    def _ask(self, job: Job, call: str) -> Reply:
        connection = self._connection(job.spec)
        jobs = connection.client.fine_tuning.jobs.with_raw_response
        return connection.ask(partial(getattr(jobs, call), _place(job)))

    def _create(self, connection: Connection, spec: Spec, body: dict[str, Any]) -> str:
        create = connection.unrepeated.fine_tuning.jobs.with_raw_response.create
        try:
            return connection.made(partial(create, **body))
        except Refusal as refusal:
            if refusal.code != WOUND_DOWN:
                raise
            raise JobRefused(
                f"{self.name} takes no new training jobs from this organization any more, so trying again won't help. "
                f"The same data trains here with: {rules.local_command(spec)}. It said: {refusal}"
            ) from None

    def _body(self, connection: Connection, job: Job) -> dict[str, Any]:
        """What is sent, once the service finds the grader valid and has the files."""
        spec = job.spec
        method = self._method(connection, spec)
        sides = {"training_file": rules.file(spec, "train"), "validation_file": rules.file(spec, "validation")}
        return {
            "model": spec.model,
            "method": method,
            "seed": spec.seed,
            "metadata": {**spec.options.get("metadata", {}), rules.MARK: job.id},
            **{name: spec.options[name] for name in ("suffix",) if name in spec.options},
            **{name: uploaded(connection, path) for name, path in sides.items() if path},
        }

    def _method(self, connection: Connection, spec: Spec) -> dict[str, Any]:
        if spec.method == "sft":
            return {"type": "supervised", "supervised": {"hyperparameters": spec.hyperparameters}}
        named = self._grader(spec)
        connection.hide(*graders.secrets(named))
        grader = graders.filled(named)
        _validate(connection, grader)
        settings: dict[str, Any] = {"grader": grader, "hyperparameters": spec.hyperparameters}
        if (response_format := Prepared.open(spec.data).manifest.response_format) is not None:
            settings["response_format"] = response_format
        return {"type": "reinforcement", "reinforcement": settings}

    def _check_grader(self, spec: Spec) -> None:
        grader = self._grader(spec)
        graders.secrets(grader)
        templates.check(grader, spec)

    def _grader(self, spec: Spec) -> graders.Configuration:
        return graders.to_send(spec, near=self._address(spec).local)

    def _connection(self, spec: Spec) -> Connection:
        identity = spec.model_dump_json()
        if identity not in self._connections:
            self._connections[identity] = Connection(self.name, self._key(spec), self._address(spec).url)
        return self._connections[identity]

    def _key(self, spec: Spec) -> str:
        variable = spec.options.get("key_env", self.key_variable)
        key = os.environ.get(variable, "").strip()
        if not key:
            raise JobRefused(f"{self.name} wants a key: set the environment variable {variable}")
        if not (key.isascii() and key.isprintable()):
            raise JobRefused(f"{variable}: expected printable ASCII characters")
        return key

    def _address(self, spec: Spec) -> Address:
        url = spec.options.get("base_url") or self._usual_address()
        try:
            address = Address(url, None)
            good = "@" not in url and (url.startswith("https://") or address.local)
        except httpx.InvalidURL:
            good = False
        if not good:
            raise JobRefused("options.base_url: expected https://host/path, without a user or a password")
        return address

    def _usual_address(self) -> str:
        return os.environ.get("OPENAI_BASE_URL", "").strip() or "https://api.openai.com/v1"

    def _warnings(self, spec: Spec) -> Iterator[str]:
        """Only of the place itself: a compatible service has dates of its own."""
        if httpx.URL(self._address(spec).url).host == "api.openai.com":
            yield from shutdown.openai(spec.model, date.today())


class Azure(OpenAI):
    """Jobs on Azure AI Foundry: the resource is `options.base_url` or AZURE_OPENAI_ENDPOINT."""

    name = "Azure"
    key_variable = "AZURE_OPENAI_API_KEY"

    def _address(self, spec: Spec) -> Address:
        url = super()._address(spec).url.rstrip("/")
        return Address(url if url.endswith("/openai/v1") else f"{url}/openai/v1", None)

    def _usual_address(self) -> str:
        resource = os.environ.get("AZURE_OPENAI_ENDPOINT", "").strip()
        if not resource:
            raise JobRefused(
                "options.base_url: Azure needs the resource's address, such as https://NAME.openai.azure.com/, here "
                "or in the environment variable AZURE_OPENAI_ENDPOINT"
            )
        return resource

    def _warnings(self, spec: Spec) -> Iterator[str]:
        yield from shutdown.azure(spec.model, date.today())


def _find(connection: Connection, job: Job) -> str | None:
    """The job that carries our mark, by the service's own filter or among the newest."""
    listed = connection.client.fine_tuning.jobs.with_raw_response.list

    def ours(metadata: dict[str, str]) -> Iterator[str]:
        replies = connection.pages(lambda after: partial(listed, limit=PAGE, after=after, metadata=metadata))
        newest = islice(replies, SCANNED_JOBS)
        return (str(reply["id"]) for reply in newest if connection.read(partial(_is, job), reply))

    try:
        found = next(ours({rules.MARK: job.id}), None)
    except Refusal as refusal:
        if refusal.status not in (400, 422):
            raise
        found = None
    return found or next(ours({}), None)


def _is(job: Job, reply: Reply) -> bool:
    """Ids are unique in a ledger, and a project may be used by several: the time tells their jobs apart."""
    marked = (reply.get("metadata") or {}).get(rules.MARK) == job.id
    return bool(marked and reply.get("created_at", job.created_at) >= job.created_at - CLOCKS_SECONDS)


def _validate(connection: Connection, grader: graders.Configuration) -> None:
    """Ask the service whether it takes the grader; one that can't say finds out when the job is created."""
    validate = connection.client.fine_tuning.alpha.graders.with_raw_response.validate
    try:
        connection.ask(partial(validate, grader=grader))  # type: ignore[arg-type]  # typed without endpoint and multi
    except Refusal as refusal:
        if refusal.status not in (404, 405):
            raise


def _place(job: Job) -> str:
    if job.place is None:
        raise JobRefused(f"{job.id}: no service has taken this job yet")
    return job.place
