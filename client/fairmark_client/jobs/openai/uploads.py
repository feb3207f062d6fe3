"""Files for a job, each uploaded once: the name holds the content's hash, so that a file already there is found."""

import time
from functools import partial
from pathlib import Path
from typing import Final

from ...data.prepared import digest
from ...errors import JobError, JobRefused
from .connection import UPLOAD_SECONDS, Connection, Reply

PURPOSE: Final = "fine-tune"
UNUSABLE = ("error", "deleting", "deleted")
PROCESSING_SECONDS = 600.0
POLL_SECONDS = 1.0


def uploaded(connection: Connection, path: Path) -> str:
    """The service's id of the file, once it is processed. Raises `JobRefused` when the service finds it unfit."""
    name = f"fairmark-{digest(path)}.jsonl"
    find = partial(_find, connection, name)
    id = find() or connection.once(partial(_upload, connection, path, name), find)
    deadline = time.monotonic() + PROCESSING_SECONDS
    while not _processed(connection.ask(partial(connection.client.files.with_raw_response.retrieve, id)), path):
        if time.monotonic() > deadline:
            raise JobError(f"{path}: still being processed as {id} after {PROCESSING_SECONDS:.0f} s; try again later")
        time.sleep(POLL_SECONDS)
    return id


def _find(connection: Connection, name: str) -> str | None:
    files = connection.client.files.with_raw_response
    pages = connection.pages(lambda after: partial(files.list, purpose=PURPOSE, after=after))
    usable = (file for file in pages if file.get("filename") == name and file.get("status") not in UNUSABLE)
    return next((str(file["id"]) for file in usable if "id" in file), None)


def _upload(connection: Connection, path: Path, name: str) -> str:
    create = connection.unrepeated.files.with_raw_response.create
    with path.open("rb") as content:
        return connection.made(partial(create, file=(name, content), purpose=PURPOSE, timeout=UPLOAD_SECONDS))


def _processed(file: Reply, path: Path) -> bool:
    if file.get("status") in UNUSABLE:
        raise JobRefused(
            f"{path}: the service calls it unfit for training: {file.get('status_details') or 'no reason'}"
        )
    return file.get("status") == "processed"
