"""A model behind an OpenAI-compatible endpoint: POST /chat/completions, a few requests at a time.

After the first request that fails for good no other begins; those on their way are waited for, since they are paid for.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, Field, ValidationError

from ..data.prepared import item
from ..errors import ModelError
from ..service import submit
from .calls import TIMEOUT_SECONDS, Calls, RefusedCall, Server
from .output import Decoding, Output
from .samples import Draw
from .source import Source

REQUESTS = 16
"""At a time: few enough for the limits of a hosted model, enough to keep a server on one card busy."""

Answer = TypeVar("Answer", bound=BaseModel)


class _Message(BaseModel):
    content: str | None = None
    tool_calls: list[dict[str, Any]] | None = None

    @property
    def sample(self) -> Any:
        """The text, or the whole message where it calls tools."""
        if not self.tool_calls:
            return self.content or ""
        return [{"role": "assistant", **self.model_dump()}]


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    completion_tokens: int | None = None


class _Completion(BaseModel):
    """What is read of an answer."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


class Endpoint(Source):
    """One model behind OpenAI's chat completions, which vLLM, SGLang, Ollama and others serve as well."""

    def __init__(
        self, url: str, model: str | None = None, key_env: str | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Asks the endpoint for its models when none is named. Raises `DataError` or `ModelError`."""
        self._server = Server(url, key_env, timeout_seconds)
        self.address = self._server.url
        self._limit = "max_tokens"
        self.name = model or submit(self._only_model()).result()

    def outputs(self, draws: Sequence[Draw], decoding: Decoding) -> Iterator[Output]:
        """Each as its answer comes: a text, or the chat message where that calls tools."""
        finished: SimpleQueue[Output | None] = SimpleQueue()
        work = submit(self._all(draws, decoding, finished.put))
        work.add_done_callback(lambda _: finished.put(None))
        try:
            while output := finished.get():
                yield output
            work.result()
        finally:  # after Ctrl-C nobody waits for the rest
            work.cancel()

    async def _all(self, draws: Sequence[Draw], decoding: Decoding, finish: Callable[[Output], None]) -> None:
        waiting = iter(draws)
        async with self._server.calls() as calls:
            workers = [self._work(calls, waiting, decoding, finish) for _ in range(min(REQUESTS, len(draws)))]
            await asyncio.gather(*workers)
        if calls.failed:
            raise calls.failed

    async def _work(
        self, calls: Calls, waiting: Iterator[Draw], decoding: Decoding, finish: Callable[[Output], None]
    ) -> None:
        """Draws one after the other, until there are none or one has failed, here or beside."""
        for draw in waiting:
            try:
                finish(await self._output(calls, draw, decoding))
            except ModelError as error:
                calls.failed = calls.failed or ModelError(f"row {draw.place}, seed {draw.seed}: {error}")
            if calls.failed:
                break

    async def _output(self, calls: Calls, draw: Draw, decoding: Decoding) -> Output:
        began = time.perf_counter()
        completion = _read(_Completion, await self._answer(calls, draw, decoding))
        choice = completion.choices[0]
        return Output(
            sample=choice.message.sample,
            item=item(draw.row),
            row=draw.place,
            seed=draw.seed,
            model=self.name,
            decoding=decoding,
            completion_tokens=completion.usage.completion_tokens if completion.usage else None,
            truncated=choice.finish_reason == "length" if choice.finish_reason else None,
            seconds=round(time.perf_counter() - began, 3),
        )

    async def _answer(self, calls: Calls, draw: Draw, decoding: Decoding) -> httpx.Response:
        limit = self._limit
        try:
            return await calls.send("POST", "/chat/completions", self._body(draw, decoding, limit))
        except RefusedCall as refused:
            # OpenAI's reasoning models take the limit under its new name alone, many servers under the old one alone.
            if limit == "max_completion_tokens" or "max_completion_tokens" not in str(refused):
                raise
            self._limit = "max_completion_tokens"
            return await self._answer(calls, draw, decoding)

    def _body(self, draw: Draw, decoding: Decoding, limit: str) -> dict[str, Any]:
        body = {
            "model": self.name,
            "messages": draw.row["prompt"],
            "temperature": decoding.temperature,
            "top_p": decoding.top_p,
            limit: decoding.max_tokens,
            "seed": draw.seed,
            "tools": draw.row.get("tools"),
            "response_format": decoding.response_format,
        }
        return {name: value for name, value in body.items() if value is not None}

    async def _only_model(self) -> str:
        async with self._server.calls() as calls:
            found = [model.id for model in _read(_Models, await calls.send("GET", "/models")).data]
        if len(found) != 1:
            some = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
            raise ModelError(f"{self._server.url} has {len(found)} models, name one of them: {some}")
        return found[0]


def _read(kind: type[Answer], response: httpx.Response) -> Answer:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "body"
        raise ModelError(f"{response.url} doesn't answer like OpenAI: {field}: {first['msg']}") from None
