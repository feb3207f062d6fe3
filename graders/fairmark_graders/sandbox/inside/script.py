"""Mode `script`: a program as `__main__`, as `python main.py` would run it.

job: {"source": text, "fetch": [path, …]}; stdin and files are in place. The result is what lies under the paths to be
fetched when the program has ended, as JSON: {path: base64}.
"""

import base64
import contextlib
import json
import linecache
import os
import sys
import traceback
import types
from collections.abc import Iterable, Iterator
from typing import Any

from .ending import end

_NAME = "main.py"
_FAILED = 1
_UNWRITTEN = 120
"""As Python ends where it can't write out what is buffered."""


def run(job: dict[str, Any], result_fd: int, progress_fd: int) -> int:
    """The exit code that Python would have ended with. Raises `MemoryError`."""
    directory = os.getcwd()
    sys.argv = [_NAME]
    sys.path.insert(0, directory)
    code = _executed(job["source"])
    if not end():
        code = _UNWRITTEN
    if job["fetch"]:
        os.chdir(directory)
        os.write(result_fd, json.dumps(dict(_fetched(job["fetch"]))).encode())
    return code


def _executed(source: str) -> int:
    module = types.ModuleType("__main__")
    module.__file__ = _NAME
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules["__main__"] = module
    linecache.cache[_NAME] = len(source), None, source.splitlines(keepends=True), _NAME
    try:
        exec(compile(source, _NAME, "exec", dont_inherit=True), module.__dict__)
    except MemoryError:
        raise
    except SystemExit as request:
        return _asked(request.code)
    except BaseException as error:
        _show(error)
        return _FAILED
    return 0


def _asked(code: Any) -> int:
    """What `sys.exit` takes: a number, nothing, or something to print."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return _FAILED


def _show(error: BaseException) -> None:
    """As Python would, without the frame of ours that ran the program."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    if sys.excepthook is sys.__excepthook__:
        traceback.print_exception(type(error), error, frames)
    else:
        sys.excepthook(type(error), error, frames)


def _fetched(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What can be read of what the caller asked for; the rest the program didn't make."""
    for path in paths:
        with contextlib.suppress(OSError), open(path, "rb") as file:
            yield path, base64.b64encode(file.read()).decode()
