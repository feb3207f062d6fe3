"""fairmark's `tool_calls`: did the model call the tools the reference calls, with the same arguments?

A call is OpenAI's `{"type": "function", "function": {"name": …, "arguments": …}}` or `{"name": …, "arguments": …}`; the
arguments are an object or its JSON as text, and may be called `parameters`, `args` or `input`. The calls of a sample
are its tool calls where it has any; else those written into its text, as tool_call_text.py reads them.

Two calls are the same when the names are and each argument has the same value: 1 and 1.0 are the same, 1 and "1" or
true aren't; the order of arguments and of keys doesn't count, that of a list does. A reference of no calls asks for
none, whatever `match` is.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any, Literal

from .errors import ModelFault, Ungradable
from .from_item import ItemTemplate, json_value
from .grader import Inline
from .json_text import TooLarge, canonical, size
from .sample import Sample, parsed
from .template import LONGEST
from .tool_call_text import ARGUMENTS, Unreadable, written
from .types import Case, Item, Verdict

MOST_CALLS = 100
"""Calls of a sample or a reference."""
MOST_VALUES = 2_000
"""Values in the arguments of all of them: two such sides are compared in 2 to 3 ms."""

Match = Literal["ordered", "any_order", "subset"]
Call = tuple[str, dict[str, Any]]
"""A tool's name and its arguments."""

_BESIDE_ARGUMENTS = {"name", "type", "id", "call_id", "index", "status"}
"""Keys that a call without arguments may have; another one may hold arguments, which aren't passed over."""


class ToolCalls(Inline):
    """Compare the tool calls of a sample with those of the reference."""

    type: Literal["tool_calls"]
    reference: ItemTemplate
    """The template of a list of calls, or of one, in the item."""
    match: Match = "ordered"
    """`ordered`: the same calls in the same order. `any_order`: the same calls. `subset`: every call of the reference,
    in any order, with others allowed beside them."""
    names_only: bool = False
    """Whether arguments don't count."""
    ignore_arguments: list[str] = []
    """Arguments that don't count, whichever tool they belong to."""
    defaults: dict[str, dict[str, Any]] = {}
    """By tool, the values that arguments have when they are left out."""
    partial_credit: bool = False
    """Whether some right calls count: (matched - extra) / calls of the reference, at least 0; `subset` takes off
    nothing for extra ones, and `ordered` matches the longest run of calls in order, gaps allowed."""

    def read(self, sample: Sample, item: Item) -> Case:
        reference = self._reference(sample, item)
        try:
            return Case(self._called(sample, item), reference)
        except (Unreadable, TooLarge) as error:
            raise ModelFault(str(error), "limit" if isinstance(error, TooLarge) else "sample_parse") from None

    def judge(self, case: Case) -> Verdict:
        made, wanted = [self._comparable(call) for call in case.answer], [self._comparable(c) for c in case.reference]
        matched = _in_order(made, wanted) if self.match == "ordered" else (Counter(made) & Counter(wanted)).total()
        extra = 0 if self.match == "subset" and wanted else len(made) - matched
        rule = f"tool_calls.{self.match}"
        if matched == len(wanted) and not extra:
            return Verdict(1.0, rule=rule)
        score = max(0, matched - extra) / len(wanted) if self.partial_credit and wanted else 0.0
        return Verdict(score, reason=_difference(case, matched, extra), rule=rule)

    def _reference(self, sample: Sample, item: Item) -> list[Call]:
        value = json_value(self.reference, sample, item, "the reference")
        try:
            return _calls(value if isinstance(value, list) else [value])
        except (Unreadable, TooLarge) as error:
            raise Ungradable(f"the reference '{self.reference.source}': {error}", repeatable=True) from None

    def _called(self, sample: Sample, item: Item) -> list[Call]:
        if made := sample.get("output_tools"):
            return _calls(made if isinstance(made, list) else [made])
        if self.fairmark.thinking is not None:
            sample = self.fairmark.thinking.strip(sample, item)
        text = sample.get("output_text")
        if text is None:
            if made == [] and "output_tools" in sample.fields and not sample.unfinished:
                return []
            raise Unreadable("the text is thinking that never ends" if sample.unfinished else "there is no text")
        if len(text) > LONGEST:
            raise TooLarge(f"the text is over {LONGEST:,} characters long")
        return _calls(written(text))

    def _comparable(self, call: Call) -> tuple[str, Hashable]:
        name, arguments = call
        if self.names_only:
            return name, None
        complete = {**self.defaults.get(name, {}), **arguments}
        return name, canonical({key: value for key, value in complete.items() if key not in self.ignore_arguments})


def _calls(values: Sequence[Any]) -> list[Call]:
    """The calls of a list. Raises `Unreadable` or `TooLarge`."""
    if len(values) > MOST_CALLS:
        raise TooLarge(f"there are more than {MOST_CALLS} tool calls")
    try:
        size(values, MOST_VALUES)
        calls = [_call(value, place) for place, value in enumerate(values)]
        size([arguments for _, arguments in calls], MOST_VALUES)
    except TooLarge as error:
        raise TooLarge(f"the tool calls are {error}") from None
    return calls


def _call(value: Any, place: int) -> Call:
    function = value.get("function", value) if isinstance(value, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(name, str):
        raise Unreadable(f"call {place + 1} isn't JSON with the name of a tool")
    keys = [key for key in ARGUMENTS if function.get(key) is not None]
    if len(keys) > 1:
        raise Unreadable(f"call {place + 1}, of '{name[:100]}', has both '{keys[0]}' and '{keys[1]}'")
    if not keys and (unknown := set(function) - _BESIDE_ARGUMENTS - {*ARGUMENTS}):
        raise Unreadable(f"call {place + 1}, of '{name[:100]}', has '{min(unknown)[:100]}' and no arguments")
    given = function[keys[0]] if keys else None
    if given is None or (isinstance(given, str) and given.strip() in ("", "null")):
        return name, {}
    arguments = parsed(given) if isinstance(given, str) else given
    if not isinstance(arguments, dict):
        raise Unreadable(f"call {place + 1}, of '{name[:100]}', has arguments that are no JSON object")
    return name, arguments


def _in_order(made: Sequence[Hashable], wanted: Sequence[Hashable]) -> int:
    """The length of the longest common subsequence.

    Hyyrö 2004, "Bit-parallel LCS-length computation revisited": a bit for each wanted call, a few operations on them
    for each call made.
    """
    places = dict[Hashable, int]()
    for place, call in enumerate(wanted):
        places[call] = places.get(call, 0) | 1 << place
    row = everything = (1 << len(wanted)) - 1
    for call in made:
        hits = row & places.get(call, 0)
        row = (row + hits) | (row - hits)
    return len(wanted) - (row & everything).bit_count()


def _difference(case: Case, matched: int, extra: int) -> str:
    """The counts, and the names on both sides."""
    made, wanted = (", ".join(name[:50] for name, _ in calls[:5]) or "none" for calls in case)
    return f"{matched} of {len(case.reference)} calls match, {extra} extra; called {made}, expected {wanted}"
