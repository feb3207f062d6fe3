"""The queues of sockets that listen, as Linux tells of them: who has connected and isn't accepted yet."""

_LISTENS = "0A"


def queued(port: int) -> int:
    """Connections that wait on this port, of IPv4, for all sockets that share it."""
    waiting = 0
    with open("/proc/net/tcp") as table:
        next(table)
        for line in table:
            _, address, _, state, queues, *_ = line.split(maxsplit=5)
            if state != _LISTENS:  # those that listen come first; after them come the crowd's, twenty thousand
                break
            if address.endswith(f":{port:04X}"):
                waiting += int(queues.partition(":")[2], 16)
    return waiting
