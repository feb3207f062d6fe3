"""`fairmark check endpoint`: what a platform would find at the URL of an endpoint grader."""

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from .. import environment
from ..checks.endpoint import CHECKS, PLATFORM_SECONDS, EndpointCheck, Load, Problem, latencies
from ..checks.rollouts import Rollout, of_prepared, of_row
from ..data.prepared import Prepared, Side
from ..errors import DataError
from . import streams
from .console import bad, fail, out, printable
from .rows import Broken, Items

ROWS = 1000
"""Rows that are sent in turns; more say nothing new about an endpoint."""
MADE_UP = 20
"""Rows, where none are given."""
LATE_SECONDS = 0.05
"""As much as many an endpoint takes to answer."""
_NAMED = 5
"""Problems that are named for each check."""
_VARIABLE = re.compile(r"env:([A-Za-z_]\w*)")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class Options(NamedTuple):
    """What the command line asks for."""

    url: str
    data: str | None
    side: Side
    reference: str
    headers: Sequence[str]
    rate: float
    seconds: float
    requests: int | None
    timeout: float


def check(options: Options) -> None:
    """Send what a platform sends; exits with 1 when something is wrong with what comes back."""
    local = _address(options.url)
    headers = dict(_header(header) for header in options.headers)
    try:
        rows = _rows(options)
    except (DataError, OSError) as error:
        fail(error if isinstance(error, DataError) else f"{error.filename}: {error.strerror}")
    made_up = options.data is None
    load = Load(options.rate, options.requests or max(1, round(options.rate * options.seconds)), options.timeout)
    shown = str(httpx.URL(options.url).copy_with(query=None))  # Azure's functions have their key in the query
    run = Run(shown, EndpointCheck(options.url, rows, load, headers, made_up=made_up), load)
    streams.run(run.check, None, run.show)
    run.show()
    if made_up:
        _warn("the rows were made up, and right answers not looked for: --data sends your own")
    if local:
        _warn("the platforms call https alone; this is http, for a trial on this machine")
    if run.fails:
        raise typer.Exit(1)


class Run:
    """One endpoint, and what is printed of it."""

    def __init__(self, url: str, check: EndpointCheck, load: Load) -> None:
        self._url, self._check, self._load = url, check, load

    async def check(self, files: ExitStack) -> None:
        """Send everything, with a bar while the load lasts."""
        with streams.progress() as progress:
            task = progress.add_task("rollouts", total=self._load.rollouts)
            await self._check.run(self._tell, lambda: progress.advance(task))

    @property
    def fails(self) -> bool:
        """Whether anything is wrong with the endpoint."""
        return any(map(self._check.fails, CHECKS))

    def show(self) -> None:
        """Print what was found."""
        found = self._check
        out.print(Text(f"{printable(self._url)} · {self._load.rate:g} a second", "bold"), soft_wrap=True)
        table = Table(box=box.ROUNDED, border_style="dim", header_style="bold")
        table.add_column("check")
        table.add_column("made", justify="right")
        table.add_column("failed", justify="right")
        for name, words in CHECKS.items():
            if found.made[name]:
                style = "bold red" if found.fails(name) else "green"
                table.add_row(words, f"{found.made[name]:,}", Text(f"{found.failed[name]:,}", style))
        out.print(table)
        times = ", ".join(f"{name} {value:.3g}" for name, value in latencies(found.seconds).items())
        out.print(f"milliseconds a try: {times or 'none was answered'}", soft_wrap=True)
        out.print("tries by status: " + ", ".join(f"{n:,} × {status}" for status, n in found.statuses.most_common()))
        if found.rate is not None:
            out.print(f"answered: {found.rate:.1f} rollouts a second, of {self._load.rate:g}")
        if found.right is not None and found.wrong is not None:
            out.print(f"scores: {found.right:.3g} for right answers, {found.wrong:.3g} for those of other rows")
        if found.late > LATE_SECONDS:
            _warn(f"rollouts left {found.late:.2g} s late: this machine can't send so many, and times hold the wait")
        if found.seconds and max(found.seconds) > PLATFORM_SECONDS / 10:
            _warn(f"a try took {max(found.seconds):.0f} s; Azure gives up after {PLATFORM_SECONDS:g}, and bills them")

    def _tell(self, problem: Problem) -> None:
        failed = self._check.failed[problem.check]
        where = self._url if problem.line is None else f"row {problem.line}"
        if failed <= _NAMED:
            bad(where, problem.said)
        elif failed == _NAMED + 1:
            bad(self._url, f"more that fail '{CHECKS[problem.check]}' are counted, not shown")


def _warn(message: str) -> None:
    out.print(Text.assemble(("! ", "bold yellow"), printable(message)), soft_wrap=True)


def _address(url: str) -> bool:
    """Whether the endpoint is on this machine under http; exits with 2 for what no platform could call."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        fail(f"URL: expected https://host/path, got {url!r}")
    if parsed.userinfo:
        fail("URL: holds a user or a password; expected the key in a variable, by --header 'Authorization: env:NAME'")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        fail(f"URL: expected https://host/path, got {url!r}")
    local = parsed.host in ("localhost", "::1") or parsed.host.startswith("127.")
    if parsed.scheme == "http" and not local:
        fail(f"URL: expected https, got {url!r}: the platforms call nothing else, and headers would go in the clear")
    return parsed.scheme == "http"


def _header(header: str) -> tuple[str, str]:
    """A header with the value of its variable; exits with 2 where there is none."""
    name, colon, value = (part.strip() for part in header.partition(":"))
    if not colon or not _HEADER.fullmatch(name):
        fail("--header: expected 'NAME: env:VARIABLE'")
    if not (variables := _VARIABLE.findall(value)):
        fail(f"--header {name}: expected env:VARIABLE in it, so that no key stands on the command line")
    values = {variable: environment.text(variable) for variable in variables}
    if missing := [variable for variable, found in values.items() if not found]:
        fail(f"--header {name}: the environment variable {missing[0]} is not set")
    made = _VARIABLE.sub(lambda found: values[found[1]] or "", value)
    if not (made.isascii() and made.isprintable()):
        fail(f"--header {name}: expected printable ASCII characters in {', '.join(variables)}")
    return name, made


def _rows(options: Options) -> list[Rollout]:
    """The first rows, or some that are made up, as rollouts. Raises `DataError` or `OSError`."""
    if options.data is None:
        return [of_row(n, _made_up(n, options.reference), options.reference) for n in range(1, MADE_UP + 1)]
    folder = Path(options.data)
    if not folder.is_dir():
        return _read(folder, lambda line, row: of_row(line, row, options.reference))
    response_format = Prepared.open(folder).manifest.response_format
    return _read(folder / f"{options.side}.jsonl", lambda line, row: of_prepared(line, row, response_format))


def _made_up(number: int, field: str) -> dict[str, Any]:
    return {"question": f"What is {number} + {number}?", field: str(2 * number)}


def _read(path: Path, rollout: Callable[[int, dict[str, Any]], Rollout]) -> list[Rollout]:
    found = []
    with path.open("rb") as lines:
        for row in islice(Items(lines), ROWS):
            if isinstance(row, Broken):
                raise DataError(f"{path}: line {row.line}: {row.reason}")
            try:
                found.append(rollout(row.line, row.item))
            except DataError as error:
                raise DataError(f"{path}: line {row.line}: {error}") from None
    if not found:
        raise DataError(f"{path} has no rows")
    return found
