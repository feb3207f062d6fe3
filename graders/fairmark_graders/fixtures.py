"""Fixtures: samples a grader's author knows the verdict on, in `NAME.tests.jsonl` beside the grader's own file.

    {"sample": "42", "item": {"reference_answer": "42"}, "score": 1}
    {"sample": "42", "item": {}, "outcome": "ungradable"}

A line expects a `score`, to six decimals (null for none), an `outcome`, or both; a number alone means `graded`. They
are run before a grader is served, in workers of their own, so neither a service's loop nor its workers wait for them.
"""

import asyncio
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, get_args

from .errors import InvalidGrader, InvalidSample, Problem
from .grader import Awaited, Tools, brings_code
from .load import AnyGrader
from .local import grade_with, run
from .sample import RawSample, Sample, kind
from .sandbox import Graders, Sandbox
from .types import Item, Outcome, Verdict
from .workers import Workers

SECONDS = 60.0
"""For all fixtures of one grader, with the start of a worker: a loaded machine gets there too."""
MAX_BYTES = 1_000_000
_FIELDS = {"sample", "item", "score", "outcome"}


class Fixture(NamedTuple):
    """A sample and its item, and what is expected of them."""

    line: int
    sample: RawSample
    item: Item
    expected: dict[str, Any]
    """`score`, `outcome` or both."""


def fixtures_file(grader: Path) -> Path:
    """Where the fixtures of a grader's file are, if it has any."""
    return grader.with_name(f"{grader.stem}.tests.jsonl")


def read_fixtures(path: Path) -> list[Fixture]:
    """The fixtures in one file; none where there is no file. Raises `InvalidGrader`, with every line that is wrong."""
    found, problems = [], []
    for number, line in enumerate(_lines(path), 1):
        try:
            if line.strip():
                found.append(_fixture(number, line))
        except json.JSONDecodeError as error:
            problems.append(_at(path, number, f"expected JSON ({error.msg} at character {error.pos + 1})"))
        except UnicodeDecodeError as error:
            problems.append(_at(path, number, f"expected UTF-8, got the byte 0x{line[error.start]:02x}"))
        except (ValueError, RecursionError, InvalidSample) as error:
            problems.append(_at(path, number, str(error)))
    if problems:
        raise InvalidGrader(problems)
    return found


def try_out(grader: AnyGrader, fixtures: Sequence[Fixture], python: Path | None = None) -> list[Verdict]:
    """The verdict on each fixture; first, what users wrote is loaded. Raises `InvalidGrader` when that can't be done.

    Raises `SandboxUnavailable` where the fixtures are programs, and none can be run here. `python` is the interpreter
    of programs and users' graders. Works from any thread, with or without an event loop.
    """
    if not fixtures and not brings_code(grader):
        return []
    return run(_try_out(grader, fixtures, python))


def complaint(fixture: Fixture, verdict: Verdict) -> str | None:
    """How a verdict differs from what its fixture expects; None where it doesn't."""
    if _meets(verdict, **fixture.expected):
        return None
    expected = _said(fixture.expected.get("score"), fixture.expected.get("outcome"))
    reason = f": {verdict.reason}" if verdict.reason else ""
    return f"expected {expected}, got {_said(verdict.score, verdict.outcome)}{reason}"


def prove(path: Path, grader: AnyGrader, python: Path | None = None) -> None:
    """Hold the grader of a file against the fixtures beside it. Raises `InvalidGrader` with each that fails.

    Raises `SandboxUnavailable` where that can't be told. `python` is the interpreter of programs and users' graders.
    """
    beside = fixtures_file(path)
    fixtures = read_fixtures(beside)
    pairs = zip(fixtures, try_out(grader, fixtures, python), strict=True)
    problems = [_at(beside, f.line, problem) for f, verdict in pairs if (problem := complaint(f, verdict))]
    if problems:
        raise InvalidGrader(problems)


async def _try_out(grader: AnyGrader, fixtures: Sequence[Fixture], python: Path | None) -> list[Verdict]:
    tools, doing = Tools(Workers(1), Sandbox(1, python), Graders(1, python)), "importing its function"
    try:
        async with asyncio.timeout(SECONDS):
            for leaf in grader.leaves():
                if isinstance(leaf, Awaited):
                    await leaf.check(tools)
                    if leaf.runs_in == "sandbox" and not brings_code(leaf):
                        await tools.sandbox.start()
            doing = "grading its fixtures"
            return [await grade_with(tools, grader, Sample(f.sample), f.item) for f in fixtures]
    except TimeoutError:
        raise InvalidGrader([Problem("", f"{doing} takes longer than {SECONDS:g} s")]) from None
    finally:
        await tools.close()


def _lines(path: Path) -> list[bytes]:
    try:
        if not path.is_file():
            return []
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidGrader([Problem("", f"{path.name}: can't be read: {error.strerror}")]) from None
    if len(data) > MAX_BYTES:
        raise InvalidGrader([Problem("", f"{path.name}: expected at most {MAX_BYTES:,} bytes")])
    return data.split(b"\n")


def _fixture(number: int, line: bytes) -> Fixture:
    row = json.loads(line.decode("utf-8-sig"), parse_constant=_no_constant)
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, got {kind(row)}")
    if unknown := row.keys() - _FIELDS:
        raise ValueError(f"{min(unknown)}: unknown field; expected {', '.join(sorted(_FIELDS))}")
    item = row.get("item", {})
    if not isinstance(item, dict):
        raise ValueError(f"item: expected an object, got {kind(item)}")
    sample: Any = row.get("sample")
    Sample(sample)
    return Fixture(number, sample, item, _expected(row))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON; expected a number or null")


def _expected(row: dict[str, Any]) -> dict[str, Any]:
    expected: dict[str, Any] = {name: row[name] for name in ("score", "outcome") if name in row}
    if not expected:
        raise ValueError("expected a score, an outcome or both")
    if type(expected.get("score")) not in (int, float, type(None)):
        raise ValueError(f"score: expected a number or null, got {kind(expected['score'])}")
    if expected.get("outcome", "graded") not in get_args(Outcome):
        raise ValueError(f"outcome: expected one of {', '.join(get_args(Outcome))}")
    return {"outcome": "graded"} | expected if expected.get("score") is not None else expected


def _meets(verdict: Verdict, score: Any = ..., outcome: Outcome | None = None) -> bool:
    if outcome not in (None, verdict.outcome):
        return False
    if score is ... or score is None or verdict.score is None:
        return score is ... or score is verdict.score
    return math.isclose(verdict.score, score, rel_tol=1e-6, abs_tol=1e-6)


def _said(score: float | None, outcome: str | None) -> str:
    """`0.5`, `ungradable`, `0 (grader_error)`."""
    if score is None:
        return outcome or "no score"
    return f"{score:g}" if outcome == "graded" else f"{score:g} ({outcome})"


def _at(path: Path, line: int, problem: str) -> Problem:
    return Problem(f"{path.name}: line {line}", problem)
