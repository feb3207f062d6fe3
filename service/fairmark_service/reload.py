"""Files that may change while the service runs: seen by polling, which also works on ConfigMaps and network mounts.

kubelet swaps the link of a whole directory, which inotify doesn't report for the files behind it.
"""

import asyncio
import logging
import stat
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 1.0

Signature = tuple[int, int, int, int]

log = logging.getLogger("fairmark.reload")


def signature(path: Path) -> Signature | None:
    """What differs when the file behind a path does, links followed; None when there is no regular file.

    The change time is in it for a file that is made readable, or copied over with its old modification time.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):  # a pipe can be read once only: a second read would wait for a writer
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


async def poll(reload: Callable[[], object]) -> None:
    """Calls `reload` in a thread about every second, until cancelled."""
    while True:
        await asyncio.sleep(POLL_SECONDS)
        try:
            await asyncio.to_thread(reload)
        except Exception:  # a watch that ends would leave old files in force without a word
            log.exception("a reload failed; what was loaded before stays")
