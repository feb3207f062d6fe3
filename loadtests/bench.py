"""What every shape gets: the two servers, how long to measure, and rounds in which the servers take turns."""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from .driver import Load, Request, ask, closed
from .servers import Server

WARM_SECONDS = 0.3


class Bench(NamedTuple):
    """The service and the bare application, both up, and the length of a run."""

    service: Server
    bare: Server
    rounds: int
    seconds: float
    """Of one load in one round."""

    async def turns(self, requests: list[Request], connections: int) -> AsyncIterator[tuple[Load, Load]]:
        """Loads of the service and of the bare application, in turns: what else the machine does hits both."""
        for server in (self.service, self.bare):
            await closed(server, requests, connections, WARM_SECONDS)
        for _ in range(self.rounds):
            ours = await closed(self.service, requests, connections, self.seconds)
            yield ours.answered(), (await closed(self.bare, requests, connections, self.seconds)).answered()

    async def expect(self, request: Request, part: bytes) -> None:
        """Make sure that the service does what is to be timed."""
        answer = await ask(self.service, request)
        if part not in answer:
            raise SystemExit(f"expected {part!r} in the answer, got {answer[:500]!r}")


def each(loads: Sequence[Load]) -> list[float]:
    """Microseconds of server CPU time per request, of each load."""
    return [load.cpu_each * 1e6 for load in loads]
