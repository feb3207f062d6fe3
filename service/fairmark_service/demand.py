"""How much of a processor a thread asks for."""

import time


def demand() -> float:
    """Seconds that this thread has computed or waited for a processor; where the system tells of no waits, computed.

    One among others on a core is full though it computes two seconds of three. The system doesn't know of waits for
    Python's lock.
    """
    try:
        with open("/proc/thread-self/schedstat", "rb") as file:  # proc_schedstat: nanoseconds run, waited; slices
            computed, waited, _ = map(int, file.read().split())
        return (computed + waited) / 1e9
    except (OSError, ValueError):
        return time.thread_time()
