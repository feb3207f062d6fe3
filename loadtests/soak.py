"""`python -m loadtests.soak`: thousands of runs, hostile ones among them, and what they leave behind: nothing.

Every so often a zygote is killed under load; no run may be lost by that. At the end descriptors, processes and memory
are what they were after the first quarter.
"""

import argparse
import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator

from fairmark_graders.sandbox import Limits, Sandbox

from .family import children, family, resident_bytes

_LIMITS = Limits(seconds=0.2, memory_bytes=64 << 20, output_bytes=1 << 20)
_PROGRAMS = {
    "print(input())": "finished",
    "1 / 0": "error",
    "while True: pass": "time_limit",
    "import time; time.sleep(9)": "time_limit",
    "x = bytearray(1 << 30)": "memory_limit",
    "while True: print('x' * 1000)": "output_limit",
    "import os\nwhile True: os.fork()": "error",
    "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(9,)).start()": "time_limit",
    "import os\nfor n in range(99): os.mkdir('d' * 99); os.chdir('d' * 99)": "finished",
    "import os; os.kill(-1, 9)": "error",
    "import ctypes; ctypes.string_at(0)": "signalled",
    "import os\nfor fd in range(6): os.close(fd)": "finished",
}
_HOSTILE = 0.1
_KILLED_EVERY = 500
_CALLERS = 16
_MOST_GROWTH = 16 << 20


def main() -> None:
    """Run, and end with exit code 1 if anything is left or lost."""
    parser = argparse.ArgumentParser("soak")
    parser.add_argument("runs", type=int, nargs="?", default=20_000)
    asyncio.run(soak(parser.parse_args().runs))


async def soak(runs: int) -> None:
    """Raises `AssertionError` for what is left or lost."""
    sandbox = Sandbox()
    try:
        await _run(sandbox, runs // 4)
        before = _descriptors(), resident_bytes(os.getpid())
        await _run(sandbox, runs - runs // 4)
        after = _descriptors(), resident_bytes(os.getpid())
    finally:
        await sandbox.close()
    print(f"descriptors {before[0]} -> {after[0]}, resident {before[1] >> 10} -> {after[1] >> 10} KiB", flush=True)
    assert after[0] <= before[0]
    assert after[1] <= before[1] + _MOST_GROWTH
    assert family(os.getpid()) == [os.getpid()]


async def _run(sandbox: Sandbox, runs: int) -> None:
    chosen, outcomes = iter(_chosen(runs)), Counter[str]()

    async def caller() -> None:
        for number, source in chosen:
            if number % _KILLED_EVERY == _KILLED_EVERY - 1:
                _kill_a_zygote()
            outcome = await sandbox.program(source, b"given\n", limits=_LIMITS)
            assert outcome.status == _PROGRAMS[source], (source, outcome)
            outcomes[outcome.status] += 1

    await asyncio.gather(*(caller() for _ in range(_CALLERS)))
    assert outcomes.total() == runs
    print(dict(outcomes), flush=True)


def _chosen(runs: int) -> Iterator[tuple[int, str]]:
    dice, (honest, *hostile) = random.Random(0), _PROGRAMS
    for number in range(runs):
        yield number, dice.choice(hostile) if dice.random() < _HOSTILE else honest


def _kill_a_zygote() -> None:
    zygotes = [child for guard in children(os.getpid()) for child in children(guard)]
    os.kill(random.choice(zygotes), signal.SIGKILL)


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


if __name__ == "__main__":
    main()
