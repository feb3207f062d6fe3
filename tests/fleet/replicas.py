"""Replicas on ports of their own, which stay the same when one is killed and started again."""

import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.running import Running
from tests.valkey import free_ports


class Replicas:
    """Several services, as a deployment runs them."""

    def __init__(self, options: Sequence[Sequence[str]]) -> None:
        """One for each line of options."""
        self._options = options
        self.ports = free_ports(len(options))
        with ThreadPoolExecutor() as starting:
            self.running = list(starting.map(self._started, range(len(options))))

    def end(self, place: int, number: int) -> None:
        """Send one the signal, and wait until it is gone."""
        code = self.running[place].stop(number)
        assert code in (0, -number), "".join(self.running[place].log)

    def start(self, place: int) -> None:
        """Start one again where it was."""
        self.running[place] = self._started(place)

    def served(self, place: int) -> float:
        """How many samples one has graded since it was started."""
        return self.running[place].metric('fairmark_samples_total{grader="similarity",outcome="graded"}')

    def in_flight(self) -> float:
        """How many requests are being answered."""
        return sum(running.metric("fairmark_requests_in_flight") for running in self.running)

    def close(self) -> None:
        for running in self.running:
            running.process.send_signal(signal.SIGINT)
        for running in self.running:
            running.stop()

    def _started(self, place: int) -> Running:
        return Running("--port", str(self.ports[place]), *self._options[place])
