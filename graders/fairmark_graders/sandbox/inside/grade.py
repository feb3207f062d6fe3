"""Mode `grade`: one call of a user's grader, in a fork of the process that has imported it.

`settle` makes a zygote a grader's own: it shuts itself in, and then imports the source, once. The processes it forks
for samples confine themselves further, as any run's do. What is imported sees no sample but the one it is asked about.

job of settle: {"source": text}         result: nothing, or {"refused": why}
job of a call: {"answer": …, "item": …} result: one of

    {"score": number}      {"extracted": JSON}
    {"failed": why, "traceback": text}

An answer is {"sample": …}, of which `extract` makes {"extracted": …} where the grader has one.
"""

import contextlib
import gc
import inspect
import io
import json
import linecache
import math
import os
import resource
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from .child import Limits
from .walls import Unavailable, Walls

_NAME = "grader"
_FILE = "grader.py"
_REASON = 300
_SHOWN = 80
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

Call = Callable[[Any, Any], Any]

_grade: Call
_extract: Call | None = None
_module = types.ModuleType(_NAME)


class Refused(Exception):
    """The source gives no grader; the message says why, and in which line."""


def settle(limits: Limits, descriptors: Sequence[int], walls: Walls) -> dict[str, Any]:
    """Shut this process in and import the source of a job; what became of that, but for its output."""
    stdout, stderr, result, job = descriptors
    source = json.loads(os.pread(job, os.fstat(job).st_size, 0))["source"]
    try:
        walls.settle(limits.memory_bytes)
    except (OSError, Unavailable) as error:
        return {"status": "sandbox_error", "detail": f"a grader can't be shut in here: {error}"}
    with _streams(stdout, stderr):
        refused = _complaint(source, limits.seconds)
    gc.collect()
    gc.freeze()
    walls.measure()
    os.write(result, json.dumps({"refused": refused} if refused else {}).encode())
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "status": "finished",
        "exit_code": 0,
        "seconds": used.ru_utime + used.ru_stime,
        "memory_bytes": used.ru_maxrss << 10,
    }


def run(job: dict[str, Any], result_fd: int, progress_fd: int) -> int:
    """0; what the call came to is in the result."""
    with _streams(1, 2):
        said = _called(job["answer"], job["item"])
    with open(result_fd, "w", closefd=False, encoding="ascii") as file:
        json.dump(said, file)
    return 0


@contextlib.contextmanager
def _streams(stdout: int, stderr: int) -> Iterator[None]:
    """What is printed goes to these descriptors; half a surrogate pair, as models write them, is escaped.

    A fork that the user's code made ends here: it would answer a second time.
    """
    before, process = (sys.stdout, sys.stderr), os.getpid()
    sys.stdout, sys.stderr = _stream(stdout), _stream(stderr)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, ValueError):
                stream.flush()
        if os.getpid() != process:
            os._exit(0)
        sys.stdout, sys.stderr = before


def _stream(fd: int) -> io.TextIOWrapper:
    file = io.FileIO(fd, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(file), encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _complaint(source: str, seconds: float) -> str | None:
    """Import the source; why it is refused, if it is."""
    try:
        with _timer(seconds):
            _import(source)
    except Refused as error:
        return str(error)
    except BaseException as error:
        return _told(error)
    return None


@contextlib.contextmanager
def _timer(seconds: float) -> Iterator[None]:
    """Processor time for what happens inside, unless it is one long call into C; the service has a longer clock."""

    def over(*_: object) -> NoReturn:
        raise Refused(f"importing it takes longer than {seconds:g} s")

    signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)


def _import(source: str) -> None:
    global _grade, _extract
    sys.modules[_NAME] = _module
    linecache.cache[_FILE] = len(source), None, source.splitlines(keepends=True), _FILE
    _module.__file__ = _FILE
    exec(compile(source, _FILE, "exec", dont_inherit=True), _module.__dict__)
    _grade = _checked(getattr(_module, "grade", None))
    _extract = _hook(getattr(_module, "extract", None))


def _checked(grade: Any) -> Call:
    """OpenAI's contract: exactly two positional parameters. Raises `Refused`."""
    if not callable(grade):
        raise Refused("expected a function grade(sample, item)")
    if inspect.iscoroutinefunction(grade):
        raise Refused("expected a plain function grade(sample, item), got an async one")
    with contextlib.suppress(TypeError, ValueError):  # of what is no Python function, nothing may be known
        signature = inspect.signature(grade)
        if [p.kind in _POSITIONAL and p.default is p.empty for p in signature.parameters.values()] != [True, True]:
            raise Refused(f"expected grade(sample, item), two positional parameters; got grade{signature}")
    return grade  # type: ignore[no-any-return]


def _hook(extract: Any) -> Call | None:
    """`extract(sample, item)`, by its parameters' names: graders may have functions of that name for their own use."""
    try:
        named = [*inspect.signature(extract).parameters] == ["sample", "item"]
    except (TypeError, ValueError):
        return None
    return extract if named else None


def _called(answer: dict[str, Any], item: Any) -> dict[str, Any]:
    try:
        if "extracted" in answer:
            extracted = answer["extracted"]
            _module.__dict__["extract"] = lambda sample, item: extracted
            return {"score": _number(_grade(_Unseen(), item))}
        if _extract is not None:
            return {"extracted": _json(_extract(answer["sample"], item))}
        return {"score": _number(_grade(answer["sample"], item))}
    except MemoryError:
        raise
    except BaseException as error:
        return {"failed": _told(error), "traceback": _traced(error)}


class _Unseen(dict[str, Any]):
    """What `grade` gets for a sample where there is an `extract`: its verdict stands for all that agree in it."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise LookupError("where there is an extract, grade sees of the sample what extract(sample, item) returns")

    __getitem__ = __contains__ = __iter__ = __len__ = __eq__ = get = keys = values = items = copy = _refuse
    pop = setdefault = __or__ = __ror__ = __bool__ = _refuse
    __hash__ = None


def _number(value: Any) -> float:
    """A finite number of whatever library. Raises `ValueError`."""
    if hasattr(value, "__float__") or hasattr(value, "__index__"):
        score = float(value)
        if math.isfinite(score):
            return score
    raise ValueError(f"grade returned {_shown(value)}; expected a finite number")


def _json(value: Any) -> Any:
    """What JSON keeps as it is: it will be a key, and what `grade` gets. Raises `ValueError`."""
    try:
        if json.loads(json.dumps(value)) == value:
            return value
    except (TypeError, ValueError, RecursionError):
        pass
    raise ValueError(f"extract returned {_shown(value)}; expected what JSON keeps as it is, lists and no tuples")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({type(value).__name__})"


def _told(error: BaseException) -> str:
    """An exception in one line, with the line of the source it comes from."""
    text = " ".join(" ".join(traceback.format_exception_only(type(error), error)).split())[:_REASON]
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == _FILE]
    return f"line {lines[-1]}: {text}" if lines else text


def _traced(error: BaseException) -> str:
    """Where it went wrong, without the frames of this file; empty where there are no others."""
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if frame.filename != __file__])
    return "".join(told.format()) if told.stack else ""
