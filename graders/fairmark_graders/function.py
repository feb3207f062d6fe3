"""fairmark's `function`: the operator's own Python decides, in a worker process that can be killed.

    style fairmark  fn(sample, item) -> float
    style trl       fn(prompts=[…], completions=[…], **columns) -> [float], called with one sample

Trusted code only: a worker is no sandbox. A service calls what its setting `functions` names, from its catalog alone
and never from a request. Nothing is imported in the process that holds the grader.

The failure rule of a user's own grader: what raises, crashes, returns no finite number or passes its limit scores 0
with the outcome `grader_error`; None is no score, and a worker that is killed gives none either. docs/function.md has
the rest.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from .errors import InvalidGrader, ModelFault, Problem, Ungradable
from .function_call import ImportFailed, Loaded, Source, Target, call, complaint, failed, find
from .grader import Fresh, Settings, Tools
from .sample import Sample
from .thinking import Thinking
from .types import Case, Item, Verdict
from .workers import Crashed, OverLimit, WorkerLost

_FIELDS = ("output_text", "output_json", "output_tools", "choices", "finish_reason", "completion_tokens")
_NAME = r"[A-Za-z_]\w*"
_FUNCTION = re.compile(rf"{_NAME}(\.{_NAME})*:{_NAME}")


class Whole(Settings):
    """Settings under which a function sees the thinking, unless they say how it is told from the answer."""

    thinking: Thinking | None = None


class Function(Fresh):
    """Call `function`, a module and a name in it, for each sample."""

    type: Literal["function"]
    function: str
    """`package.module:function`."""
    style: Literal["fairmark", "trl"] = "fairmark"
    packages: Path | None = None
    """A directory that ends the worker's path: the module itself, and what it needs that fairmark hasn't."""
    cpu_seconds: float = Field(10.0, gt=0, le=600)
    """Processor time for one sample, imports not counted."""
    fairmark: Whole = Whole()

    @field_validator("function")
    @classmethod
    def _named(cls, function: str) -> str:
        """Names and nothing else, since this is what will be imported."""
        if not _FUNCTION.fullmatch(function):
            raise ValueError("expected package.module:name, such as rewards.short:fn")
        return function

    @field_validator("packages")
    @classmethod
    def _absolute(cls, packages: Path | None, info: ValidationInfo) -> Path | None:
        """A file's relative path starts where the file lies. Nothing is looked up: a request may have sent it."""
        directory = (info.context or {}).get("directory")
        if packages is None or packages.is_absolute():
            return packages
        if directory is None:
            raise ValueError("expected an absolute path")
        return Path(directory).absolute() / packages

    @property
    def module(self) -> str:
        """The dotted name of the module."""
        return self.function.partition(":")[0]

    @cached_property
    def source(self) -> Source:
        """The code as it is now. Raises `InvalidGrader` when there is none."""
        try:
            found = find(self.module, self.packages)
        except OSError as error:
            raise InvalidGrader([Problem("function", f"{error.filename} can't be read: {error.strerror}")]) from None
        if found is None:
            where = f"in {self.packages} or on the path" if self.packages else "on the path"
            raise InvalidGrader([Problem("function", f"no file of a module {self.module!r} {where}")])
        if self.packages and not found.module.is_relative_to(self.packages):
            raise InvalidGrader([Problem("function", f"{self.module!r} is {found.module}, not in {self.packages}")])
        return found

    def decides(self) -> dict[str, Any]:
        """The code counts, and not where it lies, so that replicas agree."""
        decides = super().decides()
        del decides["configuration"]["packages"]
        return decides | {"source": self.source.digest}

    def read(self, sample: Sample, item: Item) -> Case:
        if self.fairmark.thinking is not None:
            sample = self.fairmark.thinking.strip(sample, item)
            if sample.unfinished:
                raise ModelFault("the text is thinking that never ends")
        return Case({**sample.fields, **{name: sample.get(name) for name in _FIELDS}}, dict(item))

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        try:
            return await tools.workers.run(call, self._loaded, self.style, *case, cpu_seconds=self.cpu_seconds)
        except OverLimit as error:
            return failed(f"the function {error}")
        except Crashed as error:
            return failed(f"the function ended its process: {error.end}")
        except (ImportFailed, WorkerLost) as error:
            raise Ungradable(str(error)) from None

    async def check(self, tools: Tools) -> None:
        """Import the function in a worker. Raises `InvalidGrader` when that fails or its parameters don't fit."""
        try:
            problem = await tools.workers.run(complaint, self._loaded, self.style, cpu_seconds=self.cpu_seconds)
        except OverLimit as error:
            problem = f"importing it {error}"
        except WorkerLost as error:
            problem = f"while it was imported {error}"
        except ImportFailed as error:
            problem = str(error)
        if problem:
            raise InvalidGrader([Problem("function", problem)])

    @property
    def _loaded(self) -> Loaded:
        module, _, name = self.function.partition(":")
        return Loaded(Target(module, name, str(self.packages) if self.packages else None, self.source.digest))
