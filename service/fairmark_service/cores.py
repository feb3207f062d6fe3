"""How many processors this process may use."""

import os


def cores() -> int:
    """Those it may run on: by affinity, where the system knows that."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
