"""The OpenAI SDK, with its answers as plain JSON and its errors in plain words.

What only reads, and what may be done twice, the SDK tries again by itself. What must not be done twice (a file, a job
at $100 an hour) goes through `once`, since the answer to a request that was heard may be lost on the way back.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import openai
from openai._legacy_response import LegacyAPIResponse

from ...errors import JobError, JobRefused

RETRIES = 3
"""About 4 seconds in all, with the SDK's pauses, or what the service asks for."""
SECONDS = 60.0
UPLOAD_SECONDS = 600.0
PAUSES = (0.5, 2.0, 8.0)
"""Seconds before it is looked whether a request was heard after all, and it is made again if not."""
PAGE = 100
REDACTED = "**********"

Reply = dict[str, Any]
Call = Callable[[], LegacyAPIResponse[Any]]
After = str | openai.Omit
T = TypeVar("T")


class Connection:
    """One service under one key. Raises `JobRefused` for what asking again won't change, else `JobError`."""

    def __init__(self, name: str, key: str, base_url: str) -> None:
        self.client = openai.OpenAI(api_key=key, base_url=base_url, timeout=SECONDS, max_retries=RETRIES)
        self.unrepeated = self.client.with_options(max_retries=0)
        self._name, self._secrets = name, {key}

    def hide(self, *secrets: str) -> None:
        """Let these stand in no message: services quote what they were sent."""
        self._secrets.update(secrets)

    def ask(self, call: Call) -> Reply:
        """The answer to one call of the SDK's `with_raw_response`."""
        try:
            return _object(call().http_response.content)
        except openai.APIStatusError as error:
            raise self._refusal(error) from None
        except openai.APIConnectionError as error:
            raise JobError(self._say(f"not reached: {error.__cause__ or error}")) from None
        except ValueError as error:
            raise JobError(self._say(f"{self.client.base_url} doesn't answer as OpenAI's API does: {error}")) from None

    def pages(self, page: Callable[[After], Call]) -> Iterator[Reply]:
        """The members of a list, in the service's order; `page` makes the call for what follows an id."""
        after: After = openai.omit
        while True:
            reply = self.ask(page(after))
            found = [one for one in reply.get("data") or () if isinstance(one, dict)]
            yield from found
            last = found[-1].get("id") if found else None
            if not reply.get("has_more") or last is None or last == after:  # the same page again, without end
                return
            after = last

    def made(self, call: Call) -> str:
        """The id of what a call makes."""
        return self.read(lambda reply: str(reply["id"]), self.ask(call))

    def once(self, make: Callable[[], str], find: Callable[[], str | None]) -> str:
        """What `make` makes, exactly once: what it may have made before its answer was lost is found."""
        for pause in PAUSES:
            try:
                return make()
            except JobRefused:
                raise
            except JobError:
                time.sleep(pause)
                if found := find():
                    return found
        return make()

    def read(self, reading: Callable[[Reply], T], reply: Reply) -> T:
        """A reply as `reading` takes it; what lacks what every reply of the API has is no such reply."""
        try:
            return reading(reply)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise JobError(self._say(f"an answer that can't be read ({type(error).__name__}: {error})")) from None

    def _refusal(self, error: openai.APIStatusError) -> JobError:
        body = error.body if isinstance(error.body, dict) else {}
        message = body.get("message") or error.response.text[:200] or error.response.reason_phrase
        where = f"{body['param']}: " if body.get("param") else ""
        text = self._say(f"{error.status_code} {where}{message}")
        worth_retrying = error.status_code in (408, 409, 429) or error.status_code >= 500
        if worth_retrying and error.code != "insufficient_quota":
            return JobError(text)
        return Refusal(text, error.status_code, error.code)

    def _say(self, message: str) -> str:
        for secret in self._secrets:
            message = message.replace(secret, REDACTED)
        return f"{self._name}: {message}"


class Refusal(JobRefused):
    """The service's own refusal; `status` is HTTP's, `code` the service's word."""

    def __init__(self, message: str, status: int, code: str | None) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def _object(body: bytes) -> Reply:
    found = json.loads(body, parse_constant=lambda name: None)  # NaN, as some services write an empty mean
    if not isinstance(found, dict):
        raise ValueError(f"expected an object, got {type(found).__name__}")
    return found
