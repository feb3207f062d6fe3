"""fairmark's `json_schema`: is the answer JSON of the right shape, and how many of its fields are right?

Without a `reference`: 1 when the document is valid under the schema (draft 2020-12), else 0 with the path of an error.
With one: the share of the reference's fields that the document has right, and 0 when the schema doesn't allow it.

The document is the text where that is JSON, else what json_text.py finds in it: a fenced block, or the only JSON there.
A field is whatever isn't an object or a list (or is an empty one), by its path; its value is to be the same, where 1
and 1.0 are, and 1, "1" and true aren't. Lists are compared place by place, and each item too many counts as one more
field that is wrong; fields of objects beyond the reference's count neither way.
"""

import importlib.util
import json
import math
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from .errors import ModelFault, Ungradable
from .from_item import ItemTemplate, json_value, of_the_item
from .grader import Shared, Tools
from .json_text import TooLarge, canonical, document, size
from .sample import Sample, kind
from .schema import complaint, path, patterns, validator, weight
from .template import Template
from .types import Case, Item, Verdict
from .workers import OverLimit, WorkerLost

LONGEST_SCHEMA = 20_000
"""Characters of an item's schema, which is read while others wait: 3 to 7 ms for that many, its patterns apart."""
MOST_PATTERNS = 20
"""Patterns of an item's schema: 0.03 ms each as a rule, 7 at the worst."""
LARGEST_IN_PLACE = 100
"""Values of a schema that is applied in place; explaining what is invalid costs their square."""
STEPS_IN_PLACE = 100_000
"""Weight of a schema times characters of the document: under a millisecond."""
MOST_STEPS = 200_000_000
"""The same for a document at all, patterns apart: 4 s at the worst."""
FIELDS_IN_PLACE = 500
"""Values of a reference that is compared in place: 0.9 ms."""
VALUES_IN_PLACE = 5_000
"""Values of a document that is compared in place, most of them too many for the reference's lists: 0.9 ms."""
CPU_SECONDS = 10.0

_MISSING = object()
Path = tuple[str | int, ...]


def _schema_or_template(value: Any) -> Any:
    """Told apart here, since a union's errors name each of its members."""
    if value is None or isinstance(value, dict | Template):
        return value
    if not isinstance(value, str):
        raise ValueError(f"expected a schema or a template, got {kind(value)}")
    return of_the_item(Template(value))


class JsonSchema(Shared):
    """Validate the JSON in `input` with a schema, compare its fields with a `reference`, or both."""

    type: Literal["json_schema"]
    input: Template = Template("{{ sample.output_text }}")
    json_schema: Annotated[dict[str, Any] | ItemTemplate | None, BeforeValidator(_schema_or_template)] = None
    """The schema, or the template of one in the item: an object, or its JSON as text."""
    reference: ItemTemplate | None = None
    """The template of the object in the item whose fields count."""

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if self.json_schema is None and self.reference is None:
            raise ValueError("json_schema: missing; expected a schema, unless there is a reference")
        if importlib.util.find_spec("jsonschema_rs") is None:
            raise ValueError("type: 'json_schema' needs jsonschema-rs; install fairmark[patterns]")
        if self._constant is not None:
            try:
                validator(self._constant)
            except ValueError as error:
                raise ValueError(f"json_schema: {error}") from None
        return self

    def libraries(self) -> tuple[str, ...]:
        return ("jsonschema-rs",)

    def read(self, sample: Sample, item: Item) -> Case:
        schema = self._schema(sample, item)
        reference = None if self.reference is None else json_value(self.reference, sample, item, "the reference")
        answer = self._answer(sample, item)
        if answer is None:
            raise ModelFault("the text holds no JSON, or several pieces and none of them fenced as ```json")
        try:
            size(answer)
        except TooLarge as error:
            raise ModelFault(f"the JSON is {error}", "limit") from None
        return Case(answer, [schema, reference])

    def quick(self, case: Case) -> Verdict | None:
        schema, reference = case.reference
        there, length = size(case.answer)
        if reference is not None and (size(reference).values > FIELDS_IN_PLACE or there > VALUES_IN_PLACE):
            return None
        if schema is not None:
            values, instructions = weight(schema)
            if MOST_STEPS < values * length < math.inf:
                raise ModelFault(f"the JSON is too long for its schema: {values * length:,} steps", "limit")
            if values > LARGEST_IN_PLACE or (values + instructions) * length > STEPS_IN_PLACE:
                return None
        return graded(schema, reference, case.answer)

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        try:
            return await tools.workers.run(graded, *case.reference, case.answer, cpu_seconds=CPU_SECONDS)
        except OverLimit as error:
            raise ModelFault(f"validating the JSON {error}", "limit", repeatable=False) from None
        except WorkerLost as error:
            raise Ungradable(str(error)) from None

    @cached_property
    def _constant(self) -> str | None:
        """The schema of the configuration, as JSON."""
        return json.dumps(self.json_schema) if isinstance(self.json_schema, dict) else None

    def _schema(self, sample: Sample, item: Item) -> str | None:
        """The schema for one item. Raises `Ungradable` where that is none."""
        if not isinstance(self.json_schema, Template):
            return self._constant
        value = json_value(self.json_schema, sample, item, "the schema")
        schema = json.dumps(value)
        try:
            if len(schema) > LONGEST_SCHEMA:
                raise ValueError(f"over {LONGEST_SCHEMA:,} characters long")
            if (count := patterns(value)) > MOST_PATTERNS:
                raise ValueError(f"expected at most {MOST_PATTERNS} patterns, got {count}")
            validator(schema)
        except ValueError as error:
            raise Ungradable(f"the schema '{self.json_schema.source}': {error}", repeatable=True) from None
        return schema

    def _answer(self, sample: Sample, item: Item) -> Any:
        if self.fairmark.thinking is not None:
            sample = self.fairmark.thinking.strip(sample, item)
        if self.input.field("sample") == "output_text" and (sent := sample.get("output_json")) is not None:
            return sent
        return document(self.input.render(sample, item))


def graded(schema: str | None, reference: Any, document: Any) -> Verdict:
    """The verdict on a document; without a schema every document is valid."""
    wrong = None if schema is None else complaint(schema, document)
    if wrong is not None:
        return Verdict(0.0, reason=wrong, rule="json_schema.valid")
    return Verdict(1.0, rule="json_schema.valid") if reference is None else _compared(reference, document)


def _compared(reference: Any, document: Any) -> Verdict:
    """The share of fields that are right, with the path of the first that isn't."""
    right, wrong = 0, list[Path]()
    left: list[tuple[Path, Any, Any]] = [((), reference, document)]
    while left:
        place, wanted, found = left.pop()
        if wanted and isinstance(wanted, dict):
            inner = found if isinstance(found, dict) else {}
            left += [((*place, name), wanted[name], inner.get(name, _MISSING)) for name in reversed(wanted)]
        elif wanted and isinstance(wanted, list):
            items = found if isinstance(found, list) else []
            wrong += [(*place, i) for i in range(len(wanted), len(items))]
            left += [
                ((*place, i), wanted[i], items[i] if i < len(items) else _MISSING) for i in reversed(range(len(wanted)))
            ]
        elif _same(wanted, found):
            right += 1
        else:
            wrong.append(place)
    if not wrong:
        return Verdict(1.0, rule="json_schema.fields")
    reason = f"{len(wrong)} of {right + len(wrong)} fields are wrong, such as {path(wrong[0])}"
    return Verdict(right / (right + len(wrong)), reason=reason, rule="json_schema.fields")


def _same(wanted: Any, found: Any) -> bool:
    """Whether a field is right; nothing of a large value that stands where a field should is looked at."""
    large = bool(found) and isinstance(found, dict | list)
    return not large and canonical(wanted) == canonical(found)
