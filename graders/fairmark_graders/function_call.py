"""The worker's side of `function`: find the operator's code, import it, call it, and keep what it prints.

Every grader's tasks share the workers, so a function's own packages come last on the path: they add what fairmark
lacks and replace nothing that another grader relies on.
"""

import asyncio
import contextlib
import hashlib
import importlib
import inspect
import io
import math
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .types import Verdict

PRINTS = 10_000
"""Characters kept of what a function prints, and as many of its traceback."""
_REASON = 300
_NO_COLUMNS = ("prompt", "prompts", "completion", "completions", "completion_ids")
"""What TRL, too, doesn't hand on as columns."""

Fields = Mapping[str, Any]


class Source(NamedTuple):
    """The code behind a module's name: all of its outermost package, or its one file."""

    module: Path
    files: tuple[Path, ...]
    digest: str
    """A hash of the files' names and contents; the same on every machine that has the same code."""


class Target(NamedTuple):
    """A function by name, and which code it means."""

    module: str
    name: str
    packages: str | None
    digest: str


class ImportFailed(Exception):
    """The operator's code can't be imported, or what is there can't be called; the message says why."""


def find(module: str, packages: Path | None) -> Source | None:
    """Where a module's source lies, without importing anything; None when there is no such file."""
    inner = Path(*module.split("."))
    for directory in map(Path, [*sys.path, *([str(packages)] if packages else [])]):
        for file in (directory / inner / "__init__.py", directory / inner.with_suffix(".py")):
            if file.is_file():
                return _source(file, directory / inner.parts[0])
    return None


def _source(module: Path, root: Path) -> Source:
    files = sorted(_visible(root)) if module.is_relative_to(root) else [module]
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(root.parent)} {len(content)}\n".encode() + content)
    return Source(module, tuple(files), digest.hexdigest()[:16])


def _visible(root: Path) -> Iterator[Path]:
    """The code of a package; hidden directories hold another copy of it where a ConfigMap is mounted."""
    for file in root.rglob("*.py"):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(root).parts):
            yield file


_path = tuple(sys.path)
_loaded: dict[str, Target] = {}
"""The target that each outermost module was last imported for; not in here is what other graders have imported."""


class Loaded:
    """A function that is imported as it is unpickled: a worker's clock starts after that, cold or warm."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __reduce__(self) -> tuple[Callable[[Target], Any], tuple[Target]]:
        return load, (self._target,)


def load(target: Target) -> Callable[..., Any]:
    """The function itself, of the code that is meant. Raises `ImportFailed`, and nothing of the operator's."""
    _only_own_packages(target.packages)
    root = target.module.partition(".")[0]
    before = _loaded.get(root)
    if before and (before.packages, before.digest) != (target.packages, target.digest):
        _forget(root)
    if root not in sys.modules:
        _loaded[root] = target
    try:
        return _imported(target)
    except (ImportFailed, MemoryError):
        raise
    except BaseException as error:
        if root in _loaded:
            _forget(root)
        raise ImportFailed(f"{target.module}:{target.name} can't be imported: {_told(error)}") from None


def _imported(target: Target) -> Callable[..., Any]:
    if target.module not in sys.modules:
        sys.dont_write_bytecode = True  # the operator's folder stays as it is
        importlib.invalidate_caches()
    with _theirs(_Printed()):
        function = getattr(importlib.import_module(target.module), target.name)
    if not callable(function):
        raise ImportFailed(f"{target.module}:{target.name} is {_shown(function)}, no function")
    return function  # type: ignore[no-any-return]


@contextlib.contextmanager
def _theirs(printed: "_Printed") -> Iterator[None]:
    """Around the operator's code. A fork of it ends here: it would answer a second time, for the next task's sample."""
    worker = os.getpid()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            yield
    finally:
        if os.getpid() != worker:
            os._exit(0)


def _only_own_packages(packages: str | None) -> None:
    others = {target.packages for target in _loaded.values()} - {*_path, packages}
    sys.path[:] = [entry for entry in sys.path if entry not in others]
    if packages and packages not in sys.path:
        sys.path.append(packages)


def _forget(root: str) -> None:
    for name in [name for name in sys.modules if name == root or name.startswith(f"{root}.")]:
        del sys.modules[name]


def complaint(function: Callable[..., Any], style: str) -> str | None:
    """What is wrong with a function's parameters; None where they fit or aren't known."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    try:
        if style == "fairmark":
            signature.bind({}, {})
        else:
            signature.bind_partial(prompts=[], completions=[])
    except TypeError:
        wanted = "(sample, item)" if style == "fairmark" else "(prompts, completions, **columns)"
        return f"expected a function of {wanted}, got {signature}"
    return None


def call(function: Callable[..., Any], style: str, sample: Fields, item: Fields) -> Verdict:
    """The verdict of a function on one sample, whatever it does but run out of time or memory."""
    printed = _Printed()
    try:
        with _theirs(printed):
            value = _plain(function, sample, item) if style == "fairmark" else _trl(function, sample, item)
        return _verdict(value, printed)
    except MemoryError:
        raise
    except BaseException as error:
        return failed(f"the function raised {_told(error)}", prints=printed.with_traceback(error))


def failed(reason: str, *, prints: str | None = None) -> Verdict:
    """The verdict where the function is to blame: 0, and counted apart."""
    return Verdict(0.0, "grader_error", reason, "function", "grader_runtime", repeatable=False, prints=prints)


def _plain(function: Callable[..., Any], sample: Fields, item: Fields) -> Any:
    return _finished(function(sample, item))


def _trl(function: Callable[..., Any], sample: Fields, item: Fields) -> Any:
    """As TRL calls it, for one sample: every column is a list of one."""
    columns = {name: [value] for name, value in item.items() if name not in _NO_COLUMNS}
    prompt = item.get("prompt", item.get("prompts"))
    rewards = _finished(function(prompts=[prompt], completions=[_completion(sample, prompt)], **columns))
    try:
        (reward,) = rewards
    except (TypeError, ValueError):
        raise ValueError(f"expected a list of one reward, got {_shown(rewards)}") from None
    return reward


def _completion(sample: Fields, prompt: Any) -> Any:
    """Messages where the trainer had messages: in the sample, or as the prompt; else the text."""
    if sample.get("messages"):
        return sample["messages"]
    text = sample.get("output_text")
    return [{"role": "assistant", "content": text}] if isinstance(prompt, list) else text


def _finished(value: Any) -> Any:
    return asyncio.run(_awaited(value)) if inspect.isawaitable(value) else value


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def _verdict(value: Any, printed: "_Printed") -> Verdict:
    prints = printed.text or None
    if value is None:
        reason = "the function returned None: no score"
        return Verdict(None, "ungradable", reason, "function", repeatable=False, prints=prints)
    score = _number(value)
    if score is None:
        return failed(f"the function returned {_shown(value)}; expected a finite number", prints=prints)
    return Verdict(score, rule="function", repeatable=False, prints=prints)


def _number(value: Any) -> float | None:
    """A finite number of whatever library; a text that looks like one is none."""
    if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
        return None
    score = float(value)
    return score if math.isfinite(score) else None


def _shown(value: Any) -> str:
    text = _utf_8(repr(value))
    return text if len(text) <= 80 else f"{text[:80]}… ({type(value).__name__})"


def _told(error: BaseException) -> str:
    """An exception in one line, whatever its own `__str__` does."""
    return _utf_8(" ".join(" ".join(traceback.format_exception_only(error)).split())[:_REASON])


def _utf_8(text: str) -> str:
    """The text with half surrogate pairs escaped: they can't leave in a response, and would fail its whole batch."""
    return text.encode(errors="backslashreplace").decode()


class _Printed(io.TextIOBase):
    """The first characters of what is written, and no more."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += _utf_8(text[: PRINTS - len(self.text)])
        return len(text)

    def with_traceback(self, error: BaseException) -> str:
        """What was printed, and the end of where it went wrong, less the frames of this file."""
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        lines = traceback.format_exception(type(error), error, frames)
        return self.text + _utf_8("".join(lines)[-PRINTS:])
