"""uvicorn's HTTP protocol, with a bound on what a caller may send before anybody knows who it is, and a softer end.

uvicorn bounds the heads of requests for h11 alone; with httptools one header without end would fill the memory. When it
stops, it closes every connection on which it has no request yet, be it that one is just on its way.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""The most of a request's line and headers, to within one read of the socket."""
LAST_SECONDS = 0.5
"""How long a connection without a request stays open when the service stops, for what is on its way."""


class BoundedHead(HttpToolsProtocol):
    """Answers 431 and hangs up when a request's head grows too long; answers what is on its way when it is to stop."""

    head_bytes = 0
    in_head = True
    stopping = False

    def data_received(self, data: bytes) -> None:
        self.head_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_headers_complete(self) -> None:
        self.in_head = False
        super().on_headers_complete()
        if self.stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self.in_head, self.head_bytes = True, 0
        super().on_message_complete()

    def shutdown(self) -> None:
        """Take one more request at most."""
        self.stopping = True
        if self._idle:
            self.loop.call_later(LAST_SECONDS, self._end)
        else:
            super().shutdown()

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _end(self) -> None:
        if self._idle:
            self.transport.close()
