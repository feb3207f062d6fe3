"""Where the right answer stands in an item, as the grader or a person names it."""

from fairmark_graders import AnyGrader
from fairmark_graders.template import Template, Variable

from ..errors import DataError


def reference(grader: AnyGrader, field: str | None = None) -> Variable:
    """The item's field with the right answer. Raises `DataError` when it isn't clear which that is."""
    found = lone_reference(grader, field)
    if found is None:
        raise DataError(
            "--reference: name the item's field with the right answer; the grader doesn't say it in one path"
        )
    return found


def lone_reference(grader: AnyGrader, field: str | None = None) -> Variable | None:
    """The named field, else what the grader's own `reference` is; of a multi, what every part's is.

    Raises `DataError` for a name that is no field.
    """
    if field is not None:
        return _named(field)
    templates = [getattr(leaf, "reference", None) for leaf in grader.leaves()]
    found = {_lone(template) for template in templates if isinstance(template, Template)}
    return found.pop() if len(found) == 1 else None


def _named(field: str) -> Variable:
    try:
        found = _lone(Template(f"{{{{ item.{field} }}}}"))
    except ValueError:
        found = None
    if found is None:
        raise DataError(f"--reference: expected a field of the item, such as answer or answers[0].text, got {field!r}")
    return found


def _lone(template: Template) -> Variable | None:
    """The variable of the item that a template is, and nothing else."""
    (part, *more) = template.parts or ("",)
    return part if isinstance(part, Variable) and part.namespace == "item" and not more else None
