r"""fairmark's `regex`: 1 when a pattern is found in the text, or when what one of its groups found is the reference.

Patterns are RE2's (https://github.com/google/re2/wiki/Syntax), which takes time linear in the text for any pattern. It
has no back-references and no look-around, and a pattern it can't run is refused when the grader is loaded. What differs
from Python's `re`: `\d`, `\w`, `\s` and `\b` are ASCII (`\pN` and `\pL` aren't), the end of the text is `\z` and not
`\Z`, a count is at most 1,000. Nothing is translated. docs/structure.md has the rest.

A variable that is the whole pattern holds a pattern; one among other characters stands for its own characters, so that
`^{{ item.answer }}$` finds the answer `3.5` and not `3x5`.
"""

import importlib.util
from collections.abc import Callable
from functools import cached_property, lru_cache, partial
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from .errors import ModelFault, Ungradable
from .from_item import ItemTemplate, text
from .grader import Shared, Tools
from .sample import Sample
from .template import Template
from .types import Case, Item, Verdict
from .workers import OverLimit, WorkerLost

LONGEST_PATTERN = 10_000
"""Characters of a pattern, read once: 1 to 30 ms, 600 ms for the worst that is then refused."""
LONGEST_OF_ITEM = 1_000
"""Characters of a pattern that stands in the item, which is read while others wait: 0.5 to 10 ms, 60 at the worst."""
LARGEST_PROGRAM = 5_000
"""Instructions of RE2's program for a pattern: `\\pL` is 1,200, a list of 300 words 1,100."""
MEMORY = 1 << 20
"""Bytes for a pattern's program and its automaton. RE2's wrapper keeps the last 128 patterns: 128 MiB at the most."""
STEPS_IN_PLACE = 200_000
"""Bytes of the text times instructions: 0.9 to 1.6 ms where RE2 has to fall back on simulating all states at once, a
thousandth where it hasn't, which is nearly always."""
MOST_STEPS = 500_000_000
"""The same for a text at all: 4 s at the worst."""
CPU_SECONDS = 10.0

Mode = Literal["search", "fullmatch"]
Found = tuple[bool, str | None]
"""Whether the pattern matched, and what the group that was asked for found."""


def _number_or_name(group: Any) -> Any:
    if group is None or isinstance(group, str) or (type(group) is int and group >= 0):
        return group
    raise ValueError("expected the number or the name of a group")


class Regex(Shared):
    """Look for `pattern` in `input`; with a `reference`, compare what a group found with it."""

    type: Literal["regex"]
    input: Template
    pattern: ItemTemplate
    match: Mode = "search"
    """Whether the pattern is looked for anywhere (the first place counts), or is to match the whole text."""
    reference: ItemTemplate | None = None
    group: Annotated[int | str | None, BeforeValidator(_number_or_name)] = None
    """The group, by number or name, whose text is to equal the reference; the whole match by default."""
    ignore_case: bool = False
    """Whether case doesn't count, neither in the pattern nor in the reference."""

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if importlib.util.find_spec("re2") is None:
            raise ValueError("type: 'regex' needs RE2; install fairmark[patterns]")
        if self.group is not None and self.reference is None:
            raise ValueError("group: there is no reference to compare it with")
        if not self.pattern.namespaces:
            try:
                self._check(self.pattern.source)
            except ValueError as error:
                raise ValueError(f"pattern: {error}") from None
        return self

    def libraries(self) -> tuple[str, ...]:
        return ("google-re2",)

    def read(self, sample: Sample, item: Item) -> Case:
        pattern = self._pattern(sample, item)
        reference = text(self.reference, sample, item, "the reference") if self.reference else None
        if self.fairmark.thinking is not None:
            sample = self.fairmark.thinking.strip(sample, item)
        return Case(self.input.render(sample, item), [pattern, reference])

    def quick(self, case: Case) -> Verdict | None:
        steps = self._steps(case)
        if steps > MOST_STEPS:
            return ModelFault(f"the text is too long for this pattern: {steps:,} steps", "limit").verdict
        return self._verdict(find(*self._task(case)), case) if steps <= STEPS_IN_PLACE else None

    async def judge(self, case: Case, tools: Tools) -> Verdict:
        try:
            found = await tools.workers.run(find, *self._task(case), cpu_seconds=CPU_SECONDS)
        except OverLimit as error:
            raise ModelFault(f"looking for the pattern {error}", "limit", repeatable=False) from None
        except WorkerLost as error:
            raise Ungradable(str(error)) from None
        return self._verdict(found, case)

    def _verdict(self, found: Found, case: Case) -> Verdict:
        (matched, group), (_, reference) = found, case.reference
        if not matched:
            where = "nowhere in the text" if self.match == "search" else "not the whole text"
            return Verdict(0.0, reason=f"the pattern matches {where}", rule=f"regex.{self.match}")
        if reference is None or self._same(group, reference):
            return Verdict(1.0, rule=f"regex.{self.match}")
        what = "matched nothing" if group is None else f"is {group[:100]!r}"
        return Verdict(0.0, reason=f"group {self.group or 0} {what}", rule=f"regex.{self.match}")

    def _same(self, group: str | None, reference: str) -> bool:
        if self.ignore_case and group is not None:
            return group.casefold() == reference.casefold()
        return group == reference

    def _task(self, case: Case) -> tuple[Any, ...]:
        pattern, reference = case.reference
        group = None if reference is None else self.group or 0
        return pattern, self.ignore_case, self.match, group, case.answer

    def _steps(self, case: Case) -> int:
        size: int = _compiled(case.reference[0], self.ignore_case).programsize
        return size * len(case.answer if case.answer.isascii() else case.answer.encode("utf-8", "replace"))

    def _pattern(self, sample: Sample, item: Item) -> str:
        """The pattern for one item. Raises `Ungradable` when RE2 can't run it."""
        if not self.pattern.namespaces:
            return self.pattern.source
        try:
            pattern = "".join(part if isinstance(part, str) else part(sample, item) for part in self._parts)
            self._check(pattern)
        except ValueError as error:
            raise Ungradable(f"the pattern '{self.pattern.source}': {error}", repeatable=True) from None
        return pattern

    @cached_property
    def _parts(self) -> list[str | Callable[[Sample, Item], str]]:
        """The text of the pattern, and what gives the value of each variable."""
        parts = self.pattern.parts
        if len(parts) == 1:
            return [partial(text, self.pattern, what="the pattern")]
        return [part if isinstance(part, str) else partial(_quoted, Template(f"{{{{ {part} }}}}")) for part in parts]

    def _check(self, pattern: str) -> None:
        longest = LONGEST_OF_ITEM if self.pattern.namespaces else LONGEST_PATTERN
        if not 0 < len(pattern) <= longest:
            raise ValueError(f"expected 1 to {longest:,} characters, got {len(pattern):,}")
        compiled = _compiled(pattern, self.ignore_case)
        if compiled.programsize > LARGEST_PROGRAM:
            raise ValueError(f"expected at most {LARGEST_PROGRAM:,} instructions, got {compiled.programsize:,}")
        if isinstance(self.group, str) and self.group not in compiled.groupindex:
            raise ValueError(f"has no group called '{self.group}'")
        if isinstance(self.group, int) and self.group > compiled.groups:
            raise ValueError(f"has {compiled.groups} groups, and no group {self.group}")


def _quoted(template: Template, sample: Sample, item: Item) -> str:
    import re2

    value = text(template, sample, item, "the pattern")
    if not value:
        raise ValueError(f"{template.source} is empty, which every text holds")
    quoted: str = re2.escape(value)
    return quoted


def find(pattern: str, ignore_case: bool, mode: Mode, group: int | str | None, answer: str) -> Found:
    """Where a pattern first matches, and what a group found there. Half a surrogate pair counts as `?`."""
    match = getattr(_compiled(pattern, ignore_case), mode)(answer.encode("utf-8", "replace"))
    if match is None:
        return False, None
    found = None if group is None else match[group]
    return True, None if found is None else found.decode(errors="replace")


def _compiled(pattern: str, ignore_case: bool) -> Any:
    """RE2's pattern. A ValueError says in RE2's words what it can't run, and where."""
    read = _read(pattern, ignore_case)
    if isinstance(read, str):
        raise ValueError(read)
    return read


@lru_cache(128)
def _read(pattern: str, ignore_case: bool) -> Any:
    """RE2's pattern, or why it can't be run: a bad pattern comes with every sample of its item, too."""
    import re2

    options = re2.Options()
    options.log_errors, options.max_mem, options.case_sensitive = False, MEMORY, not ignore_case
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        return _complaint(error.args[0].decode(errors="replace"), pattern)
    except UnicodeEncodeError:
        return "expected Unicode text, got a lone surrogate"


def _complaint(message: str, pattern: str) -> str:
    """RE2 names the piece it can't run and not its place, which is told where it stands there once."""
    piece = message.partition(": ")[2]
    place = f" at character {pattern.index(piece) + 1}" if piece and pattern.count(piece) == 1 else ""
    return f"RE2 can't run it: {message}{place}"
