"""OpenAI's templates: `{{ item.answer }}`, `{{ sample.output_tools[0].function.name }}`, text around them.

A template is compiled when its grader is loaded; rendering only walks the paths. The namespaces are `item` and
`sample`; a name is anything without spaces, dots, brackets and braces; `[n]` is a list index. `{{` always opens a
variable, a lone `}}` is text.

One rule for what isn't a string: a string stands as it is, everything else as compact JSON with non-ASCII characters
kept (`1.0`, `true`, `["a",1]`, `{"k":1}`). OpenAI documents no rule. `null` counts as missing.
"""

import json
import re
from typing import Any, NamedTuple

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from .errors import ModelFault, Ungradable
from .sample import Sample, kind
from .types import Item

_PATH = re.compile(r"(item|sample)((?:\.[^\s.\[\]{}]+|\[\d{1,9}\])*)")
_STEP = re.compile(r"\.([^\s.\[\]{}]+)|\[(\d+)\]")

MOST_VARIABLES = 100
LONGEST = 250_000
"""Characters of an answer or a reference; what compares one that long still takes about a millisecond."""

Step = str | int


class Variable(NamedTuple):
    """One `{{ … }}`: where to start, and the names and indices to follow."""

    namespace: str
    name: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}" + "".join(
            f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.steps
        )

    def find(self, sample: Sample, item: Item) -> Any:
        """The value at the path, or None where there is none."""
        value = item.get(self.name) if self.namespace == "item" else sample.get(self.name)
        for step in self.steps:
            value = _follow(value, step)
        return value


class Template:
    """A compiled template; equal to another when its source is."""

    __slots__ = ("namespaces", "parts", "source")

    def __init__(self, source: str) -> None:
        """Compile `source`; a ValueError says what is wrong with it."""
        self.source = source
        self.parts = _compile(source)
        self.namespaces = {part.namespace for part in self.parts if isinstance(part, Variable)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Template({self.source!r})"

    @property
    def variables(self) -> list[Variable]:
        """The variables in the order they are looked up: the item's before the sample's."""
        return sorted((p for p in self.parts if isinstance(p, Variable)), key=lambda v: v.namespace)

    def field(self, namespace: str) -> str | None:
        """The field of a namespace that this template is, and nothing else; None when it is more than that."""
        lone = self.parts[0] if len(self.parts) == 1 else None
        return lone.name if isinstance(lone, Variable) and lone.namespace == namespace and not lone.steps else None

    def render(self, sample: Sample, item: Item) -> str:
        """The text for one sample and item.

        Raises `Ungradable` when a variable of the item is missing and `ModelFault` when one of the sample is; the item
        is looked at first, since whether a sample is ungradable may not depend on what the model said.
        """
        found = {variable: _text(variable, sample, item) for variable in self.variables}
        texts = [part if isinstance(part, str) else found[part] for part in self.parts]
        if sum(map(len, texts)) > LONGEST:
            raise too_long(self, "the rendered text")
        return "".join(texts)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(
            _compiled,
            core_schema.is_instance_schema(cls),
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda template: template.source, return_schema=core_schema.str_schema()
            ),
        )


def _compiled(source: Any) -> Any:
    if isinstance(source, Template):
        return source
    if not isinstance(source, str):
        raise ValueError(f"expected a string, got {kind(source)}")
    return Template(source)


def too_long(template: Template, what: str) -> ModelFault | Ungradable:
    """The fault of a text over `LONGEST`: the model's where the sample has a part in it."""
    reason = f"{what} is over {LONGEST:,} characters long"
    return ModelFault(reason, "limit") if "sample" in template.namespaces else Ungradable(reason, repeatable=True)


def _compile(source: str) -> tuple[str | Variable, ...]:
    if source.count("{{") > MOST_VARIABLES:
        raise ValueError(f"expected at most {MOST_VARIABLES} variables, got {source.count('{{')}")
    if not source.isprintable() and source != source.encode("utf-8", "replace").decode():
        raise ValueError("expected Unicode text, got a lone surrogate")
    parts: list[str | Variable] = []
    end = 0
    while (start := source.find("{{", end)) >= 0:
        close = source.find("}}", start)
        if close < 0:
            raise ValueError(f"'{{{{' at character {start} is never closed by '}}}}'")
        parts += [source[end:start], _variable(source[start + 2 : close].strip())]
        end = close + 2
    return tuple(part for part in [*parts, source[end:]] if part != "")


def _variable(path: str) -> Variable:
    match = _PATH.fullmatch(path)
    if not match:
        raise ValueError(_complaint(path))
    steps: list[Step] = [name or int(index) for name, index in _STEP.findall(match[2])]
    if not steps or not isinstance(steps[0], str):
        raise ValueError(f"'{{{{ {path} }}}}' names no field; expected '{match[1]}.' and a name")
    return Variable(match[1], steps[0], tuple(steps[1:]))


def _complaint(path: str) -> str:
    namespace = re.split(r"[.\[\s]", path, maxsplit=1)[0]
    if namespace not in ("item", "sample"):
        return f"unknown namespace '{namespace}' in '{{{{ {path} }}}}'; expected 'item' or 'sample'"
    return f"'{{{{ {path} }}}}' is not a path; expected names and indices, as in 'item.answers[0].text'"


def _follow(value: Any, step: Step) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    return value.get(step) if isinstance(value, dict) else None


def _text(variable: Variable, sample: Sample, item: Item) -> str:
    value = variable.find(sample, item)
    if isinstance(value, str):
        return value
    if value is None:
        raise _missing(variable, sample)
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        kind = ModelFault if variable.namespace == "sample" else Ungradable
        raise kind(f"'{variable}' is nested too deeply", "limit") from None


def _missing(variable: Variable, sample: Sample) -> ModelFault | Ungradable:
    if variable.namespace == "item":
        return Ungradable(f"the item has no '{variable}'", "invalid_variable", repeatable=True)
    if sample.unfinished:
        return ModelFault("the text is thinking that never ends")
    return ModelFault(f"the sample has no '{variable}'", "invalid_variable")
