"""Mode `calls`: a program's functions, called with plain data; what they return goes out as plain data.

job: {"source": text, "calls": [{"function": name, "args": [plain, …], "kwargs": {name: plain}}, …], "stop": whether to
end at the first call that raises}

Lines of JSON in the result: {"refused": what the program raised} or {"loaded": true}, and of each call {"value": plain}
or {"error": what it raised}, or, of what it returned that isn't plain, {"object": what that is, "truth": …}. A function
that isn't there is looked for in a class `Solution`.
"""

from typing import Any

from . import plain, program

_FAILED = 1


def run(job: dict[str, Any], result_fd: int, progress_fd: int) -> int:
    """The exit code: 0 unless the program is none, or raises. Raises `MemoryError`."""
    try:
        names = program.loaded(job["source"])
    except MemoryError:
        raise
    except BaseException as error:
        program.report(result_fd, {"refused": program.told(error)})
        return _FAILED
    program.report(result_fd, {"loaded": True})
    for call in job["calls"]:
        line = _called(names, call)
        program.report(result_fd, line)
        program.done(progress_fd)
        if "error" in line and job["stop"]:
            break
    return 0


def _called(names: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    function = _function(names, call["function"])
    if function is None:
        return {"error": f"no function {call['function']}"}
    args = [plain.decode(argument) for argument in call["args"]]
    kwargs = {name: plain.decode(argument) for name, argument in call["kwargs"].items()}
    try:
        return _returned(function(*args, **kwargs))
    except MemoryError:
        raise
    except BaseException as error:
        return {"error": program.told(error)}


def _returned(value: Any) -> dict[str, Any]:
    try:
        return {"value": plain.encode(value)}
    except plain.NotPlain as error:
        return {"object": str(error), "truth": bool(value)}


def _function(names: dict[str, Any], name: str) -> Any:
    """What a name stands for, in the program or in a fresh `Solution` as LeetCode has them."""
    if name in names or "Solution" not in names:
        return names.get(name)
    try:
        return getattr(names["Solution"](), name, None)
    except Exception:
        return None
