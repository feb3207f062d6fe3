"""A small server of OpenAI's chat completions: real HTTP, answers that a test can work out."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

KEY = "example-key-of-the-model"


class ModelServer:
    """Answers every prompt with its last message and the seed; what `troubles` holds is answered first."""

    def __init__(self) -> None:
        self.models = ["little"]
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.troubles: list[Response] = []
        self.held = threading.Event()
        self.held.set()
        """While it is not set, no answer comes."""
        self.url = ""

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/v1/models")(self._models)
        app.post("/v1/chat/completions")(self._complete)
        return app

    def _models(self) -> Any:
        return {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}

    async def _complete(self, request: Request) -> Any:
        body = await request.json()
        self.bodies.append(body)
        self.keys.add(request.headers.get("authorization", ""))
        await asyncio.to_thread(self.held.wait)
        return self.troubles.pop(0) if self.troubles else completion(self.text(body))

    def text(self, body: dict[str, Any]) -> str:
        return f"{body['messages'][-1]['content']} {body['seed']}"


def completion(text: str | None, finish_reason: str = "stop", **message: Any) -> JSONResponse:
    """An answer as OpenAI gives it; one token a word."""
    return JSONResponse(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, **message},
                    "finish_reason": finish_reason,
                }
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": len((text or "").split()), "total_tokens": 0},
        }
    )


def trouble(status: int, message: str, code: str | None = None, **headers: str) -> JSONResponse:
    """An error as OpenAI puts it."""
    error = {"message": message, "type": "error", "param": None, "code": code}
    return JSONResponse({"error": error}, status, {name.replace("_", "-"): value for name, value in headers.items()})


@contextmanager
def running() -> Iterator[ModelServer]:
    """The server on a free port of loopback."""
    model = ModelServer()
    server = uvicorn.Server(uvicorn.Config(model.app(), port=0, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        model.url = f"http://127.0.0.1:{port}/v1"
        yield model
    finally:
        model.held.set()
        server.should_exit = True
        thread.join(10)
