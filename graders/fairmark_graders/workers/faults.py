"""What becomes of a task that doesn't end by itself."""


class OverLimit(Exception):
    """The task is to blame: it used more processor or memory than allowed, or slept."""


class WorkerLost(Exception):
    """The task isn't to blame: its worker is gone, could not start, or got no processor."""
