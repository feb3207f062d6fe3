"""What a template stands for, where a list or an object says more than its JSON."""

from typing import Any

from .sample import Sample
from .template import Template, Variable
from .types import Item


def value(template: Template, sample: Sample, item: Item) -> Any:
    """The value itself where the template is one variable and nothing else, its text where it is more.

    Raises what `Template.render` raises.
    """
    lone = template.parts[0] if len(template.parts) == 1 else None
    found = lone.find(sample, item) if isinstance(lone, Variable) else None
    return template.render(sample, item) if found is None else found
