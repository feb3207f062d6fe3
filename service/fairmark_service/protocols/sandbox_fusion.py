"""`POST /run_code`: SandboxFusion's, as verl, Tinker, PipelineRL and ROLL call it.

A program's own failure is data, in a 200. What isn't its fault (no room, a sandbox that broke) is answered with 504,
the only status after which verl sends a test again; it would count anything else against the model.
"""

import asyncio
import base64
import binascii
import codecs
from typing import Annotated, Any, Literal

import msgspec

from fairmark_graders import Tools
from fairmark_graders.sandbox import Limits, Outcome
from fairmark_graders.workers import OverLimit, WorkerLost

from ..errors import Refusal
from ..wire import convert
from .protocol import MiB, Running

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]
MOST_MEMORY_MB = 1 << 16
_PIECE = 1 << 15
"""Bytes of output turned into JSON at a time, in a millisecond or two."""
_FETCH_SECONDS = 5.0
_OUT_OF_FILE_SIZE = 25
"""SIGXFSZ: what a program ends with that prints more than it may."""


class RunCode(msgspec.Struct):
    """A program. Unknown keys are let pass: ROLL sends what it expects on stdout, which is nobody's business here."""

    code: str
    language: str
    compile_timeout: Seconds = 10
    run_timeout: Seconds = 10
    """Processor time, or asleep; waiting for a processor doesn't count."""
    memory_limit_MB: Annotated[int, msgspec.Meta(ge=-1, le=MOST_MEMORY_MB)] = -1
    """-1 for the default."""
    stdin: str | None = None
    files: dict[str, str | None] = {}
    """Put beside the program before it starts: base64 by path."""
    fetch_files: list[str] = []
    """To be given back as they are when the program has ended."""


class Ran(msgspec.Struct):
    """How a program ended."""

    status: Literal["Finished", "Error", "TimeLimitExceeded"]
    execution_time: float | None
    return_code: int | None
    stdout: str | None
    stderr: str | None


class RunCodeAnswer(msgspec.Struct):
    """What became of a program."""

    status: Literal["Success", "Failed", "SandboxError"]
    message: str
    compile_result: Ran | None
    run_result: Ran | None
    executor_pod_name: str | None
    files: dict[str, str]


async def _run(body: RunCode, tools: Tools) -> bytes:
    if body.language != "python":
        raise Refusal(422, f"language: only python is run here, got {body.language!r}", param="language")
    outcome = await tools.sandbox.program(
        body.code,
        stdin=(body.stdin or "").encode("utf-8", "surrogatepass"),
        files={_below(path, "files"): _content(path, content) for path, content in body.files.items()},
        fetch=[_below(path, "fetch_files") for path in body.fetch_files],
        limits=_limits(body),
    )
    if outcome.status == "sandbox_error":
        raise Refusal(504, f"the sandbox failed: {outcome.detail}", code="sandbox_error", retry_after=1)
    return msgspec.json.encode(await _answer(outcome, tools if body.fetch_files else None))


def _limits(body: RunCode) -> Limits:
    if body.memory_limit_MB <= 0:
        return Limits(seconds=body.run_timeout)
    return Limits(seconds=body.run_timeout, memory_bytes=body.memory_limit_MB * MiB)


def _below(path: str, field: str) -> str:
    """The path, of a file in the program's own directory. Raises `Refusal` for any other."""
    if path.startswith("/") or ".." in path.split("/") or not path.strip("./") or "\0" in path:
        raise Refusal(422, f"{field}: expected a path below the program's directory, got {path!r}", param=field)
    return path


def _content(path: str, content: str | None) -> bytes:
    try:
        return base64.b64decode(content or "", validate=True)
    except binascii.Error as error:
        raise Refusal(422, f"files[{path!r}]: expected base64: {error}", param="files") from None


async def _answer(outcome: Outcome, tools: Tools | None) -> RunCodeAnswer:
    """The answer; `tools` where files were to be fetched."""
    ran = Ran(
        status="TimeLimitExceeded" if outcome.status == "time_limit" else "Finished",
        execution_time=outcome.seconds,
        return_code=_return_code(outcome),
        stdout=await _text(outcome.stdout),
        stderr=await _text(outcome.stderr),
    )
    status: Literal["Success", "Failed"] = "Success" if outcome.status == "finished" else "Failed"
    return RunCodeAnswer(status, outcome.detail or "", None, ran, None, await _files(outcome, tools))


async def _text(output: bytes) -> Any:
    """As JSON, piece by piece: 10 MB of what has to be escaped would hold the loop for half a second."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pieces = []
    for begin in range(0, len(output), _PIECE):
        end = begin + _PIECE
        pieces.append(msgspec.json.encode(decoder.decode(output[begin:end], end >= len(output)))[1:-1])
        await asyncio.sleep(0)
    return msgspec.Raw(b'"%s"' % b"".join(pieces))


async def _files(outcome: Outcome, tools: Tools | None) -> Any:
    """What was to be fetched, as JSON."""
    if tools is None:
        return {}
    try:
        return msgspec.Raw(await tools.workers.run(_fetched, outcome.result, cpu_seconds=_FETCH_SECONDS))
    except OverLimit:
        return {}  # only what the program wrote over them can take so long
    except WorkerLost as error:
        raise Refusal(504, f"the files can't be read: {error}", code="sandbox_error", retry_after=1) from None


def _fetched(result: bytes) -> bytes:
    """Base64 by path; the program can have written anything there."""
    try:
        return msgspec.json.encode(msgspec.json.decode(result, type=dict[str, str]))
    except msgspec.MsgspecError:
        return b"{}"


def _return_code(outcome: Outcome) -> int | None:
    """The exit code, or a signal as a negative number; None where it was stopped for its time."""
    if outcome.status == "time_limit":
        return None
    if outcome.status == "output_limit":
        return -_OUT_OF_FILE_SIZE
    if outcome.signal is not None:
        return -outcome.signal
    return 1 if outcome.exit_code is None else outcome.exit_code


def _timeouts(body: RunCode) -> float:
    return body.compile_timeout + body.run_timeout


def _salvage(data: Any) -> RunCode:
    """Halves of surrogate pairs are a model's own, in its program; the program fails on them, not the request."""
    return convert(data, RunCode)


RUN_CODE: Running[RunCode] = Running(
    path="/run_code",
    summary="Run a program, as SandboxFusion does",
    request=RunCode,
    answer=RunCodeAnswer,
    run=_run,
    timeouts=_timeouts,
    patience_seconds=8,  # verl waits its timeouts and 10 more
    body_bytes=64 * MiB,
    salvage=_salvage,
    patient=True,  # verl comes again after 1 s and 2 s, then the test has failed; Tinker never does
    overloaded=504,
)
