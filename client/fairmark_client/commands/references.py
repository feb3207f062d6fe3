"""Where the right answer stands in an item, for commands that hold it against the grader; exits with 2 for no field."""

from fairmark_graders import AnyGrader
from fairmark_graders.template import Variable

from ..checks import reference as naming
from ..errors import DataError
from .console import fail


def reference(grader: AnyGrader, field: str | None) -> Variable:
    """The item's field with the right answer; exits with 2 when it isn't clear which that is."""
    try:
        return naming.reference(grader, field)
    except DataError as error:
        fail(error)


def lone_reference(grader: AnyGrader, field: str | None) -> Variable | None:
    """The field named by --reference, else what the grader's own `reference` is; of a multi, what every part's is."""
    try:
        return naming.lone_reference(grader, field)
    except DataError as error:
        fail(error)
