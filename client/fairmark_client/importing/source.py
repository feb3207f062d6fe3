"""Where graders are: in a fine-tuning job, in a request or reply of its API, in an eval's testing criteria."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import DataError

Configuration = dict[str, Any]

JOB = re.compile(r"ftjob-[\w-]+")
"""The id of a fine-tuning job."""
OPENAI_URL = "https://api.openai.com/v1"


def read_job(identity: str, key: str, base_url: str = OPENAI_URL) -> Configuration:
    """A job as its service tells of it, by the OpenAI SDK. Raises `DataError` without the SDK, else `JobError`."""
    try:
        from ..jobs.openai.connection import Connection
    except ImportError:
        raise DataError("reading a job takes the OpenAI SDK: pip install 'fairmark[openai]'") from None
    connection = Connection("openai", key, base_url)
    jobs = connection.client.fine_tuning.jobs.with_raw_response
    return connection.ask(lambda: jobs.retrieve(identity))


def read_file(path: Path) -> Any:
    """The JSON of a file. Raises `DataError`."""
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected JSON: {error}") from None


def graders(source: Any, name: str) -> list[tuple[str, Configuration]]:
    """Every grader of a job, a grader or testing criteria, each under its own name, else under `name`.

    Raises `DataError` where there is none, saying what there is instead.
    """
    found = [*_found(source, "")]
    names = [
        _named(configuration, name, place if len(found) > 1 else 0) for place, configuration in enumerate(found, 1)
    ]
    if twice := next((one for one in names if names.count(one) > 1), None):
        raise DataError(f"name: {twice!r} is there twice; expected a name of its own for each grader")
    return list(zip(names, found, strict=True))


def _found(source: Any, where: str) -> Iterator[Configuration]:
    if isinstance(source, list):
        for place, inner in enumerate(source):
            yield from _found(inner, f"{where}[{place}]")
    elif not isinstance(source, dict):
        raise DataError(f"{where or 'source'}: expected a job, a grader or testing criteria, got {_shown(source)}")
    elif isinstance(method := source.get("method"), dict):
        yield _of_method(method)
    elif "testing_criteria" in source:
        yield from _found(source["testing_criteria"], "testing_criteria")
    elif "grader" in source:
        yield from _found(source["grader"], "grader")
    elif isinstance(source.get("type"), str):
        yield source
    else:
        raise DataError(f"{where or 'source'}: expected a job, a grader or testing criteria, got {_shown(source)}")


def _of_method(method: Mapping[str, Any]) -> Configuration:
    grader = (method.get("reinforcement") or {}).get("grader")
    if not isinstance(grader, dict):
        raise DataError(f"method: the job has no grader; its type is {method.get('type')!r}, expected 'reinforcement'")
    return grader


def _named(configuration: Configuration, name: str, place: int) -> str:
    """A name that a catalog takes."""
    own = configuration.get("name")
    found = own if isinstance(own, str) and own.strip() else f"{name}-{place}" if place else name
    found = re.sub(r"[^A-Za-z0-9_.-]+", "_", found).strip("._")[:100] or "grader"
    return f"{found}_" if found == "inline" else found


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
