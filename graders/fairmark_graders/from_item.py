"""What a grader takes from the item alone: if the model could choose its own reference, it would."""

from typing import Annotated, Any

from pydantic import AfterValidator

from .errors import Ungradable
from .json_text import TooLarge, size
from .sample import Sample, kind, parsed
from .template import Template
from .template_value import value
from .types import Item


def of_the_item(template: Template) -> Template:
    """The template itself, or a ValueError where it takes anything from the sample."""
    if "sample" in template.namespaces:
        raise ValueError("expected variables of the item only, since the model decides what the sample holds")
    return template


ItemTemplate = Annotated[Template, AfterValidator(of_the_item)]
"""A template without `{{ sample.… }}`."""


def text(template: Template, sample: Sample, item: Item, what: str) -> str:
    """The text of an item's template. Raises `Ungradable` where that is a list or an object, which nobody means."""
    found = value(template, sample, item)
    if isinstance(found, dict | list):
        raise Ungradable(f"{what} '{template.source}': expected a text, got {kind(found)}", repeatable=True)
    return template.render(sample, item)


def json_value(template: Template, sample: Sample, item: Item, what: str) -> Any:
    """The JSON value of an item's template, be it there as a value or as text. Raises `Ungradable` when it is none."""
    found = value(template, sample, item)
    if isinstance(found, str):
        found = parsed(found)
    if found is None:
        raise Ungradable(f"{what} '{template.source}' isn't JSON", repeatable=True)
    try:
        size(found)
    except TooLarge as error:
        raise Ungradable(f"{what} is {error}", repeatable=True) from None
    return found
