"""Two processes that ask each other over one stream socket, in messages of JSON; either may ask while it is asked."""

import json
import os
from collections.abc import Callable
from typing import Any

_SIZE = 8
_LONGEST = 64 << 20
Message = dict[str, Any]


class Gone(Exception):
    """The other side has ended, or talks nonsense."""


class Link:
    """One end. `answer` gives the reply to a request."""

    def __init__(self, fd: int, answer: Callable[[Message], Message]) -> None:
        self._fd, self._answer = fd, answer

    def ask(self, request: Message) -> Message:
        """The reply to a request; what the other side asks meanwhile is answered. Raises `Gone`."""
        self._send(request)
        while "do" in (message := self._receive()):
            self._send(self._answer(message))
        return message

    def serve(self) -> None:
        """Answer until the other side has ended."""
        while True:
            try:
                request = self._receive()
            except Gone:
                return
            self._send(self._answer(request))

    def _send(self, message: Message) -> None:
        content = json.dumps(message).encode()
        left = memoryview(len(content).to_bytes(_SIZE, "big") + content)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError:
            raise Gone from None

    def _receive(self) -> Message:
        length = int.from_bytes(self._read(_SIZE), "big")
        if length > _LONGEST:
            raise Gone
        try:
            message = json.loads(self._read(length))
        except (ValueError, RecursionError):
            raise Gone from None
        if not isinstance(message, dict):
            raise Gone
        return message

    def _read(self, length: int) -> bytes:
        pieces = []
        while length:
            try:
                piece = os.read(self._fd, min(length, 1 << 20))
            except OSError:
                raise Gone from None
            if not piece:
                raise Gone
            pieces.append(piece)
            length -= len(piece)
        return b"".join(pieces)
