"""The channel between the supervisor and one HTTP process, and what goes over it, in order.

Down go messages of one byte with a descriptor: a connection to serve, or memory that holds what has changed. A
connection that was accepted after a change is therefore served after it. Up goes why the process can't be ready, or
each second that it is. The supervisor's end of the channel, closed by it or by its death, tells the process to finish.
Of the process's end the supervisor keeps a copy, from which it takes what a dead process has left there.
"""

import contextlib
import os
import pickle
import socket
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

CONNECTION, NEWS, READY = b"c", b"n", b"r"
REASON_BYTES = 64 * 1024

_DESCRIPTOR = struct.Struct("i")
_ROOM = socket.CMSG_LEN(_DESCRIPTOR.size)


class Message(NamedTuple):
    """What came over the channel; `kind` is empty at its end.

    The descriptor is -1 there, and where it was lost: a process that has too many open files gets none.
    """

    kind: bytes
    descriptor: int


def pair() -> tuple[socket.socket, socket.socket]:
    """The supervisor's end and the process's; messages keep their bounds and their order."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(channel: socket.socket, kind: bytes, descriptor: int) -> None:
    """Hand over a copy of the descriptor. Raises `OSError`: the channel is full, or has ended."""
    channel.sendmsg([kind], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, _DESCRIPTOR.pack(descriptor))])


def receive(channel: socket.socket) -> Message:
    """The next message. Raises `OSError`: `BlockingIOError` when there is none now."""
    kind, descriptors, _, _ = channel.recvmsg(1, _ROOM, socket.MSG_CMSG_CLOEXEC)
    return Message(kind, _DESCRIPTOR.unpack(descriptors[0][2])[0] if descriptors else -1)


def left(channel: socket.socket) -> Iterator[int]:
    """The connections that wait in a channel whose process has ended. Nothing has been read from them."""
    channel.setblocking(False)
    with contextlib.suppress(OSError):
        while (message := receive(channel)).kind:
            if message.kind == CONNECTION and message.descriptor >= 0:
                yield message.descriptor
            elif message.descriptor >= 0:
                os.close(message.descriptor)


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
