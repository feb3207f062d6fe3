"""The client: sends samples to a fairmark service and hands back what they score.

    from fairmark_client import grade

    grade("exact", ["42", "41"], [{"reference_answer": "42"}] * 2)[1].score  # 0.0

The service is the one at `FAIRMARK_URL`, with the key in `FAIRMARK_KEY`, or with `file:F` the one that writes both to
the file F; without a URL a private one is started on this machine and ends with the programs that use it.
"""

from .errors import (
    AmbiguousColumn,
    BrokenAnswer,
    NoService,
    Refused,
    RewardError,
    ServiceError,
    Ungraded,
    Unreachable,
    VersionChanged,
)
from .service import Client, Grader, Result, Row, agrade, grade

__all__ = [
    "AmbiguousColumn",
    "BrokenAnswer",
    "Client",
    "Grader",
    "NoService",
    "Refused",
    "Result",
    "RewardError",
    "Row",
    "ServiceError",
    "Ungraded",
    "Unreachable",
    "VersionChanged",
    "agrade",
    "grade",
]
