"""`fairmark graders import`: graders of OpenAI's and Azure's, as files of a catalog."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import typer
from rich.text import Text

from .. import environment
from ..errors import DataError, JobError
from ..importing.files import Imported, write
from ..importing.source import JOB, OPENAI_URL, graders, read_file, read_job
from .console import bad, fail, out, printable


def import_(source: str, into: Path, name: str | None, base_url: str | None, key_env: str) -> None:
    """Write every grader of the source; exits with 1 when one can't be served, with 2 when none could be had."""
    try:
        found = graders(_read(source, base_url, key_env), Path(source).stem)
        if name is not None and len(found) > 1:
            fail(f"--name: expected one grader, got {len(found)}: {', '.join(each for each, _ in found)}")
        imported = [write(name or each, configuration, into, Path(source).name) for each, configuration in found]
    except (DataError, JobError) as error:
        fail(error)
    for one in imported:
        _show(one)
    served = [one for one in imported if one.supported]
    if served:
        out.print(f"\nNext: fairmark graders test {into}", soft_wrap=True)
    if len(served) < len(imported):
        raise typer.Exit(1)


def _read(source: str, base_url: str | None, key_env: str) -> Any:
    if not JOB.fullmatch(source):
        return read_file(Path(source))
    key = environment.text(key_env)
    if not key:
        fail(f"--key-env: the environment variable {key_env} is not set; reading a job takes the service's key")
    return read_job(source, key, _checked(base_url or OPENAI_URL))


def _checked(base_url: str) -> str:
    """A URL that a key may be sent to."""
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, ValueError):
        fail(f"--base-url: expected https://host/path, got {base_url!r}")
    local = url.host in ("localhost", "::1") or url.host.startswith("127.")
    if url.userinfo or not url.host or url.scheme != "https" and not (url.scheme == "http" and local):
        fail("--base-url: expected https://host/path without a user, such as https://NAME.openai.azure.com/openai/v1/")
    return base_url


def _show(one: Imported) -> None:
    if one.supported:
        out.print(Text.assemble(("✓ ", "bold green"), printable(str(one.path))), soft_wrap=True)
    for problem in one.problems:
        bad(one.path, problem)
    if one.fixtures:
        out.print(Text.assemble(("✓ ", "bold green"), printable(str(one.fixtures))), soft_wrap=True)
    _remarks(one.remarks)


def _remarks(remarks: Sequence[str]) -> None:
    for remark in dict.fromkeys(remarks):
        out.print(Text.assemble(("  ! ", "bold yellow"), printable(remark)), soft_wrap=True)
