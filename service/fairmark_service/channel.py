"""The channel between the supervisor and one HTTP process, and what goes over it, in order.

Down go messages of one byte, with a descriptor: a connection to serve, or memory that holds what has changed; and one
without, to drain. A connection that was accepted after a change is therefore served after it. Up goes one message, that
the process is ready or why it can't be. The channel's end, whoever brings it about, tells the other side to finish.
"""

import os
import pickle
import socket
from typing import Any, NamedTuple

CONNECTION, NEWS, DRAIN, READY = b"c", b"n", b"d", b"r"
REASON_BYTES = 64 * 1024


class Message(NamedTuple):
    """What came over the channel; `kind` is empty at its end."""

    kind: bytes
    descriptor: int


def pair() -> tuple[socket.socket, socket.socket]:
    """The supervisor's end and the process's; messages keep their bounds and their order."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(channel: socket.socket, kind: bytes, descriptor: int) -> None:
    """Hand over a copy of the descriptor. Raises `OSError`: the channel is full, or has ended."""
    socket.send_fds(channel, [kind], [descriptor])


def receive(channel: socket.socket) -> Message:
    """The next message. Raises `OSError`: `BlockingIOError` when there is none now, others when it was lost."""
    kind, descriptors, _, _ = socket.recv_fds(channel, 1, 1, socket.MSG_CMSG_CLOEXEC)
    if kind in (CONNECTION, NEWS) and not descriptors:
        raise OSError("a connection was lost: this process has too many open files")
    return Message(kind, descriptors[0] if descriptors else -1)


def pack(news: Any) -> int:
    """A descriptor of memory that holds the news, for whoever is handed it and for nobody else."""
    memory = os.memfd_create("fairmark")
    with open(memory, "wb", closefd=False) as file:
        pickle.dump(news, file)
    return memory


def unpack(memory: int) -> Any:
    """What was packed. All who were handed it share its position, so that isn't used."""
    try:
        return pickle.loads(os.pread(memory, os.fstat(memory).st_size, 0))
    finally:
        os.close(memory)
