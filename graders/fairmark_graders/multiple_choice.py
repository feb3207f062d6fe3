"""fairmark's `multiple_choice`: 1 when the text chooses the option that the reference names, else 0.

choices/ says what counts as choosing. A text that names two choices side by side has chosen neither, unless several
are right (`several`): then it has to name all of those and no other.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from .choices import MOST, Mode, Options, Unclear, chosen, folded, known, unknown
from .errors import ModelFault, Ungradable
from .from_item import ItemTemplate
from .grader import Comparison, Inline
from .sample import Sample, kind, parsed
from .template_value import value
from .types import Case, Item, Verdict

LONGEST_OPTIONS = 20_000
"""Characters of all options together."""

_LINE = re.compile(r"\s*\(?(?P<label>\w{1,3})[).:：、．]\s*(?P<text>\S.*)")

Templates = Annotated[
    tuple[ItemTemplate, ...],
    BeforeValidator(lambda given: [given] if isinstance(given, str) else given),
    Field(min_length=1, max_length=MOST),
]


class MultipleChoice(Comparison, Inline):
    """Look in `input` for the choice that `reference` names by its label, its text or its place."""

    type: Literal["multiple_choice"]
    options: Templates | None = None
    """One template: a list of texts, an object of labels and texts, or lines such as `A) Paris`. Several: a text each.

    Without them, letters are choices and the texts of the options aren't known.
    """
    mode: Mode = "anywhere"
    """What counts as choosing: nothing but a choice, what is marked as the answer, or a choice anywhere."""
    several: bool = False
    """Whether several choices may be right at once."""
    count_from: Literal[0, 1] | None = None
    """What the first option is called by a reference that is a number; None where such a number is a label."""

    def read(self, sample: Sample, item: Item) -> Case:
        try:
            case = super().read(sample, item)
        except ModelFault:
            self._question(self.reference.render(sample, item), sample, item)
            raise
        options, right = self._question(case.reference, sample, item)
        try:
            places = chosen(case.answer, options, self.mode, several=self.several)
        except Unclear as error:
            raise ModelFault(str(error)) from None
        if len(places) > 1 and not self.several:
            raise ModelFault(f"the text names several choices: {options.named(places)}")
        return Case(options.named(places), options.named(right))

    def judge(self, case: Case) -> Verdict:
        return Verdict(float(case.answer == case.reference), rule=f"multiple_choice.{self.mode}")

    def _question(self, reference: str, sample: Sample, item: Item) -> tuple[Options, frozenset[int]]:
        """What there is to choose from, and what is right. Raises `Ungradable`."""
        options = None if self.options is None else self._options(sample, item)
        try:
            options, right = _right(reference, options, self.count_from, self.several)
        except Unclear:
            raise _unreadable(reference, "no label and no text of an option") from None
        if len(right) > 1 and not self.several:
            raise _unreadable(reference, f"{options.named(right)}, which is more than one; `several` takes that")
        return options, right

    def _options(self, sample: Sample, item: Item) -> Options:
        assert self.options is not None
        values = [value(template, sample, item) for template in self.options]
        labels, texts = _listed(values[0] if len(values) == 1 else values)
        if not 1 < len(labels) <= MOST or sum(map(len, texts)) > LONGEST_OPTIONS:
            raise Ungradable(
                f"there are {len(labels)} options; expected 2 to {MOST}, of {LONGEST_OPTIONS:,} characters in all",
                repeatable=True,
            )
        if len(set(map(str.casefold, labels))) < len(labels):
            raise Ungradable(f"the labels {', '.join(labels)} aren't all different", repeatable=True)
        return known(tuple(labels), tuple(texts))


@lru_cache(maxsize=1024)
def _right(
    reference: str, options: Options | None, count_from: int | None, several: bool
) -> tuple[Options, frozenset[int]]:
    """The options and which of them a reference names. Raises `Unclear` or `Ungradable`."""
    listed = parsed(reference) if several else None
    if isinstance(listed, list) and all(isinstance(member, str) for member in listed):
        reference = ", ".join(listed)
    number = int(reference) if reference.strip().isdecimal() and len(reference) < 4 else None
    if options is None:
        return _right_letter(reference, number, 1 if count_from is None else count_from, several)
    if number is not None and count_from is not None:
        return options, _place(number - count_from, options, reference)
    if number is not None and not options.has_label(reference):
        if texts := options.of_text(reference):
            return options, texts
        raise _unreadable(reference, "no label and no option's text; `count_from` says where its places begin")
    return options, chosen(reference, options, "strict", several=several)


def _right_letter(reference: str, number: int | None, count_from: int, several: bool) -> tuple[Options, frozenset[int]]:
    """The same where the options aren't known: a number or letters, else the text of the only one that is."""
    if number is not None:
        options = unknown(max(0, number - count_from), numbered=True)
        return options, _place(number - count_from, options, reference)
    try:
        right = chosen(reference, unknown(MOST - 1), "strict", several=several)
    except Unclear:
        if not reference.strip():
            raise
        return Options([], [reference]), frozenset({0})
    return unknown(max(right)), right


def _place(place: int, options: Options, reference: str) -> frozenset[int]:
    if not 0 <= place < min(MOST, len(options.labels)):
        raise _unreadable(reference, "the place of no option")
    return frozenset({place})


def _unreadable(reference: str, found: str) -> Ungradable:
    return Ungradable(f"the reference {reference[:80]!r} is {found}", repeatable=True)


def _listed(options: Any) -> tuple[list[str], list[str]]:
    """Labels and texts of what an item holds as its options."""
    if isinstance(options, str):
        found = parsed(options)
        options = found if isinstance(found, list | Mapping) else _lines(options)
    if isinstance(options, Mapping) and options.keys() >= {"label", "text"} and isinstance(options["text"], list):
        pairs = list(zip(map(_text, options["label"]), map(_text, options["text"]), strict=False))
    elif isinstance(options, Mapping):
        pairs = [(label, _text(text)) for label, text in options.items()]
    elif isinstance(options, list):
        pairs = [_pair(place, option) for place, option in enumerate(options[: MOST + 1])]
    else:
        raise Ungradable(f"the options are {kind(options)}; expected a list or an object", repeatable=True)
    return [label for label, _ in pairs], [text for _, text in pairs]


def _pair(place: int, option: Any) -> tuple[str, str]:
    """A member of a list: a text, or an object of a label and a text, called that or key and value."""
    if isinstance(option, Mapping):
        label, text = option.get("label", option.get("key")), option.get("text", option.get("value"))
        return _text(label), _text(text)
    return chr(65 + place), _text(option)


def _text(option: Any) -> str:
    if isinstance(option, str):
        return option
    if isinstance(option, int | float):
        return str(option)
    raise Ungradable(f"an option is {kind(option)}; expected a text", repeatable=True)


def _lines(text: str) -> dict[str, str]:
    """Labels and texts of lines such as `A) Paris`."""
    found = [_LINE.fullmatch(folded(line)) for line in text.strip().splitlines()[: MOST + 1]]
    if not all(found):
        raise Ungradable("the options are a text; expected a list, an object or lines such as 'A) …'", repeatable=True)
    return {line["label"]: line["text"] for line in found if line}
