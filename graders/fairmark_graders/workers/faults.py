"""What becomes of a task that doesn't end by itself."""


class OverLimit(Exception):
    """The task is to blame: it used more processor or memory than allowed, or slept, or couldn't be handed over."""


class WorkerLost(Exception):
    """The task isn't to blame: its worker is gone, could not start, or got no processor."""


class Interrupted(WorkerLost):
    """The worker was lost before it called the function, or with what it was forked from: another may be tried."""


class Crashed(WorkerLost):
    """The process ended while it ran the function, and nobody killed it.

    Ours to bear where the code is ours; whoever runs somebody else's may blame that.
    """

    def __init__(self, end: str) -> None:
        super().__init__(f"a worker was lost: {end}")
        self.end = end
        """An exit status or a signal, in words."""
