"""uvicorn's HTTP protocol, with a bound on what a caller may send before anybody knows who it is.

uvicorn bounds the heads of requests for h11 alone; with httptools one header without end would fill the memory.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 64 * 1024
"""The most of a request's line and headers, to within one read of the socket."""


class BoundedHead(HttpToolsProtocol):
    """Answers 431 and hangs up when a request's head grows too long."""

    head_bytes = 0
    in_head = True

    def data_received(self, data: bytes) -> None:
        self.head_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_headers_complete(self) -> None:
        self.in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.in_head, self.head_bytes = True, 0
        super().on_message_complete()
