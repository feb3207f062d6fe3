"""What a caller is told when a request is refused: one envelope, OpenAI's, on every route.

    {"error": {"message": …, "type": …, "param": …, "code": …}}

`param` names the field, `type` says whose turn it is: `invalid_request_error` for the caller to mend the request,
`rate_limit_error` and `server_error` for it to come again. A sample that can't be graded is no refusal; it is data, in
a 200.
"""

from collections.abc import Iterable

import orjson

from fairmark_graders import InvalidGrader

Headers = Iterable[tuple[bytes, bytes]]


class Refusal(Exception):
    """A request that is answered with an error; raised anywhere below the handler, which sends it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after = status, code, retry_after
        self.message, self.param = whole(message), None if param is None else whole(param)

    def body(self) -> bytes:
        """The envelope as JSON."""
        error = {"message": self.message, "type": _kind(self.status), "param": self.param, "code": self.code}
        return orjson.dumps({"error": error})

    def headers(self) -> Headers:
        """What goes out beside the body: when to come back."""
        return [(b"retry-after", b"%d" % self.retry_after)] if self.retry_after is not None else []


def _kind(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"


def whole(text: str) -> str:
    """The text with a question mark for each half of a surrogate pair: a refusal may quote what it refuses."""
    return text.encode("utf-8", "replace").decode()


class Overloaded(Refusal):
    """There is no room for the work; nothing of it was begun."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(503, message, code="overloaded", retry_after=retry_after)


class MethodRefused(Refusal):
    """A protocol's path asked with another method than POST."""

    def __init__(self) -> None:
        super().__init__(405, "expected POST", code="method_not_allowed")

    def headers(self) -> Headers:
        return [(b"allow", b"POST")]


def refused_grader(error: InvalidGrader, field: str) -> Refusal:
    """The refusal of a grader that came inside a request, under `field`."""
    first = error.problems[0].field
    param = f"{field}.{first}" if first else field
    return Refusal(422, f"{field}: {error}", param=param, code="invalid_grader")
