"""Waiting for a condition on the event loop; off it there is the fixture `wait_until`."""

import asyncio
import time
from collections.abc import Callable


async def wait_until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "the condition did not come to hold"
        await asyncio.sleep(0.005)
