"""What a program may use, and what becomes of one that takes more."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fairmark_graders.sandbox import Limits, Sandbox

pytestmark = pytest.mark.anyio

SHORT = Limits(seconds=0.4)


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "10 ** 10 ** 7",
        "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
        "import signal\nfor n in (1, 2, 3, 14, 15, 24, 27): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        "while True:\n try: 1 / 0\n except BaseException: pass",
        "import threading\ndef spin():\n while True: pass\nthreading.Thread(target=spin).start()",
        "import atexit\n@atexit.register\ndef spin():\n while True: pass",
    ],
    ids=["loop", "power", "pattern", "ignores signals", "catches all", "thread", "at exit"],
)  # fmt: skip
async def test_what_computes_without_end_is_over_its_time(sandbox: Sandbox, source: str) -> None:
    outcome = await sandbox.program(source, limits=SHORT)
    assert (outcome.status, outcome.exit_code, outcome.signal) == ("time_limit", None, None)
    assert 0.4 <= outcome.seconds < 1.9


@pytest.mark.parametrize(
    "source",
    [
        "import time; time.sleep(60)",
        "import threading; threading.Event().wait()",
        "import os; os.read(os.pipe()[0], 1)",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "import asyncio; asyncio.run(asyncio.sleep(60))",
    ],
    ids=["sleep", "lock", "pipe", "stops itself", "event loop"],
)
async def test_what_sleeps_without_end_is_over_its_time(anywhere: Sandbox, source: str) -> None:
    began = time.monotonic()
    outcome = await anywhere.program(source, limits=SHORT)
    assert (outcome.status, outcome.seconds < 0.4) == ("time_limit", True)
    assert time.monotonic() - began < 10


ENDS_ITS_FIRST_THREAD = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(1e6,)).start()
ctypes.CDLL(None).syscall(60, 0)
"""
SLEEPS_AFTER_MANY_WAITED_AT_ONCE = """
import hashlib, threading, time
data, go = bytes(1 << 16), threading.Event()
def work():
    go.wait()
    while time.process_time() < 0.3: hashlib.sha512(data).digest()
    time.sleep(1e6)
for _ in range(40): threading.Thread(target=work).start()
go.set()
"""
IS_BLOCKED_BY_THE_KERNEL = """
import ctypes
libc = ctypes.CDLL(None)
while True: libc.syscall(324, 1, 0, 0)
"""


@pytest.mark.parametrize(
    "source",
    [ENDS_ITS_FIRST_THREAD, SLEEPS_AFTER_MANY_WAITED_AT_ONCE, IS_BLOCKED_BY_THE_KERNEL],
    ids=["without its first thread", "waited much", "membarrier"],
)
async def test_nobody_looks_starved_by_sleeping_oddly(sandbox: Sandbox, source: str) -> None:
    began = time.monotonic()
    outcome = await sandbox.program(source, limits=Limits(seconds=0.4, memory_bytes=8 << 30))
    assert outcome.status == "time_limit"
    assert time.monotonic() - began < 20


async def test_half_its_time_asleep_and_busy_is_within_the_limit(sandbox: Sandbox) -> None:
    source = "import time\ntime.sleep(0.25)\nend = time.process_time() + 0.25\nwhile time.process_time() < end: pass"
    assert (await sandbox.program(source, limits=Limits(seconds=1.0))).status == "finished"


@pytest.mark.parametrize(
    "source",
    [
        "x = bytearray(1 << 30)",
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "x = [0]\nwhile True: x += x",
        "import sys, functools\nsys.setrecursionlimit(10 ** 9)\nf = functools.cache(lambda n: f(n + 1))\nf(0)",
    ],
    ids=["at once", "by and by", "doubling", "recursion"],
)
async def test_what_asks_for_more_memory_than_there_is(sandbox: Sandbox, source: str) -> None:
    outcome = await sandbox.program(source, limits=Limits(seconds=20, memory_bytes=64 << 20))
    assert (outcome.status, outcome.exit_code) == ("memory_limit", None)
    assert outcome.memory_bytes < 200 << 20


async def test_a_program_that_closes_everything_first_sees_nothing_of_the_loop_around_it(sandbox: Sandbox) -> None:
    source = "import os; os.close(4); x = bytearray(1 << 40)"
    outcome = await sandbox.program(source)
    assert (outcome.status, outcome.stderr) == ("error", b"")


async def test_a_program_that_gets_along_without_the_memory_is_no_failure(sandbox: Sandbox) -> None:
    source = "try: x = bytearray(1 << 30)\nexcept MemoryError: print('fine')"
    outcome = await sandbox.program(source, limits=Limits(memory_bytes=64 << 20))
    assert (outcome.status, outcome.stdout) == ("finished", b"fine\n")


async def test_ten_megabytes_of_output_arrive_to_the_last_byte(sandbox: Sandbox) -> None:
    source = "import sys\nfor n in range(10): sys.stdout.write(chr(97 + n) * (1 << 20))"
    outcome = await sandbox.program(source)
    assert outcome.status == "finished"
    assert outcome.stdout == b"".join(bytes([97 + n]) * (1 << 20) for n in range(10))


@pytest.mark.parametrize(
    "source",
    [
        "print('x' * 1001)",
        "import sys; print('x' * 1001, file=sys.stderr)",
        "while True: print('x')",
        "import os\nwhile True: os.write(2, b'x' * 100)",
        "import os; os.write(3, b'x' * 2000); os.write(3, b'x')",
        "import signal; signal.signal(25, signal.SIG_IGN)\ntry: print('x' * 2000, flush=True)\nexcept OSError: pass",
        "import os; os.ftruncate(1, 5000)",
    ],
    ids=["stdout", "stderr", "endless", "bytes", "result", "ignores the signal", "grows the file"],
)  # fmt: skip
async def test_one_byte_too_many_is_over_the_output_limit(anywhere: Sandbox, source: str) -> None:
    outcome = await anywhere.program(source, limits=Limits(output_bytes=1000))
    assert (outcome.status, outcome.exit_code) == ("output_limit", None)
    assert max(len(outcome.stdout), len(outcome.stderr), len(outcome.result)) <= 1000


async def test_as_many_bytes_as_are_allowed_are_no_failure(sandbox: Sandbox) -> None:
    outcome = await sandbox.program("print('x' * 999)", limits=Limits(output_bytes=1000))
    assert (outcome.status, len(outcome.stdout)) == ("finished", 1000)


async def test_a_file_too_large_is_over_the_output_limit(sandbox: Sandbox) -> None:
    source = "with open('big', 'wb') as file:\n while True: file.write(bytes(1 << 16))"
    assert (await sandbox.program(source, limits=Limits(output_bytes=1 << 20))).status == "output_limit"


async def test_many_files_find_no_more_room(sandbox: Sandbox) -> None:
    source = "for n in range(100):\n with open(str(n), 'wb') as file: file.write(bytes(1 << 20))"
    outcome = await sandbox.program(source)
    assert (outcome.status, b"No space left" in outcome.stderr) == ("error", True)


BOMB = """
import threading, time
threading.stack_size(32768)
started = 0
try:
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        started += 1
except RuntimeError:
    print(started)
"""


@pytest.mark.parametrize("world", ["own", "user"])
async def test_threads_are_bounded(python_in: Callable[[str], Path | None], world: str) -> None:
    sandbox = Sandbox(size=1, python=python_in(world))
    try:
        outcome = await sandbox.program(BOMB)
    finally:
        await sandbox.close()
    assert outcome.status == "finished", outcome
    assert 20 < int(outcome.stdout) < 200


async def test_a_crash_is_told_from_a_failure(sandbox: Sandbox) -> None:
    crashed = await sandbox.program("import ctypes; ctypes.string_at(0)")
    aborted = await sandbox.program("import os; os.abort()")
    assert [(one.status, one.signal) for one in (crashed, aborted)] == [("signalled", 11), ("signalled", 6)]


async def test_no_program_can_make_its_failure_ours(sandbox: Sandbox) -> None:
    source = "import os; os.write(4, b'X'); os.kill(os.getpid(), 9)"
    assert (await sandbox.program(source)).status == "error"


async def test_the_clock_of_a_program_does_not_run_while_it_waits_for_a_place(sandbox: Sandbox) -> None:
    busy = [sandbox.program("while True: pass", limits=SHORT) for _ in range(3)]
    *slow, quick = await asyncio.gather(*busy, sandbox.program("print(1)", limits=SHORT))
    assert ([one.status for one in slow], quick.status) == (["time_limit"] * 3, "finished")
