"""Bounds on processor time, which a busy machine stretches less than it does the clock's."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cpu_at_most(seconds: float) -> Iterator[None]:
    """Fails when this process takes more CPU seconds for the block, in whichever thread.

    No garbage is collected meanwhile: that looks through all that the run has imported and kept, 0.9 s late in it.
    """
    gc.disable()
    began = time.process_time()
    try:
        yield
    finally:
        took = time.process_time() - began
        gc.enable()
    assert took < seconds
