"""Programs as Python would run them, and what happens to the processes that do."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.processes import children, descendants, gone, started
from tests.waiting import wait_until

from fairmark_graders.sandbox import Limits, Outcome, Sandbox, SandboxUnavailable

pytestmark = pytest.mark.anyio


async def output(sandbox: Sandbox, source: str, stdin: bytes = b"") -> str:
    outcome = await sandbox.program(source, stdin, limits=Limits(seconds=10))
    assert (outcome.status, outcome.stderr) == ("finished", b""), outcome
    return outcome.stdout.decode()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("print(input() + input())", "ab"),
        ("import sys; print(sys.stdin.read().split())", "['a', 'b']"),
        ("import sys; print(sys.stdin.buffer.read())", "b'a\\nb\\n'"),
        ("print(open(0).read().split())", "['a', 'b']"),
        ("import os; print(os.read(0, 100))", "b'a\\nb\\n'"),
        ("import sys; print(sys.argv, __name__, __file__)", "['main.py'] __main__ main.py"),
        ("if __name__ == '__main__': print('main')", "main"),
        ("import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)", "True"),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n x: int\nprint(P(3))", "P(x=3)"),
        ("import inspect\ndef f(): return 1\nprint(inspect.getsource(f))", "def f(): return 1\n"),
        ("import threading\nthreading.Timer(0.05, print, ['late']).start()\nprint('first')", "first\nlate"),
        ("import atexit; atexit.register(print, 'last'); print('first')", "first\nlast"),
        ("import asyncio\nasync def f(): await asyncio.sleep(0.01); return 7\nprint(asyncio.run(f()))", "7"),
        ("import sys; sys.setrecursionlimit(10**6)\ndef f(n): return n and 1 + f(n - 1)\nprint(f(10**5))", "100000"),
        (
            "import functools, sys\nsys.setrecursionlimit(10**6)\n"
            "@functools.cache\ndef f(n): return n and 1 + f(n - 1)\nprint(f(10**5))",
            "100000",
        ),
        (
            "import sys, threading\nsys.setrecursionlimit(10**6); threading.stack_size(1 << 27)\n"
            "t = threading.Thread(target=lambda: print('deep')); t.start(); t.join()",
            "deep",
        ),
        ("import resource; resource.setrlimit(resource.RLIMIT_STACK, (-1, -1)); print('fine')", "fine"),
        ("import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'x'); print(f.tell())", "1"),
        ("import shutil\nopen('a', 'w').write('x'); shutil.copy2('a', 'b'); print(open('b').read())", "x"),
        ("import sqlite3; print(sqlite3.connect(':memory:').execute('select 6 * 7').fetchone()[0])", "42"),
        ("import zoneinfo; print(zoneinfo.ZoneInfo('Europe/Paris'))", "Europe/Paris"),
        ("import gc; print(gc.isenabled())", "True"),
        ("print('é ✓ 😀')", "é ✓ 😀"),
        ("print(hash('a') == hash('a'), sorted({'b', 'a'}))", "True ['a', 'b']"),
        ("import random; print(0 <= random.random() < 1)", "True"),
        ("from concurrent.futures import ThreadPoolExecutor\nprint(*ThreadPoolExecutor(8).map(abs, [-1, -2]))", "1 2"),
        ("from signal import *\nsignal(SIGALRM, lambda *_: print('rang')); setitimer(0, 0.01); pause()", "rang"),
        ("import sys; print('inside' in sys.modules)", "False"),
    ],
)  # fmt: skip
async def test_a_program_runs_as_python_would_run_it(sandbox: Sandbox, source: str, expected: str) -> None:
    assert (await output(sandbox, source, b"a\nb\n")).rstrip("\n") == expected.rstrip("\n")


ENDS = [
    ("pass", 0, b""),
    ("import sys; sys.exit()", 0, b""),
    ("exit(3)", 3, b""),
    ("quit()", 0, b""),
    ("raise SystemExit(257)", 1, b""),
    ("import sys; sys.exit('no')", 1, b"no\n"),
    ("import os; os._exit(4)", 4, b""),
    ("1 / 0", 1, b"ZeroDivisionError: division by zero\n"),
    ("raise KeyError('k')", 1, b"KeyError: 'k'\n"),
    ("assert 1 == 2, 'unequal'", 1, b"AssertionError: unequal\n"),
    ("def f(:", 1, b"SyntaxError: invalid syntax\n"),
    ("import sys\nsys.excepthook = lambda *_: print('mine', file=sys.stderr)\n1 / 0", 1, b"mine\n"),
    ("import nowhere", 1, b"ModuleNotFoundError: No module named 'nowhere'\n"),
]


@pytest.mark.parametrize(("source", "code", "last"), ENDS)
async def test_a_program_ends_with_pythons_exit_code_and_last_words(
    sandbox: Sandbox, source: str, code: int, last: bytes
) -> None:
    outcome = await sandbox.program(source)
    assert (outcome.status, outcome.exit_code) == ("error" if code else "finished", code)
    assert outcome.stderr.splitlines(keepends=True)[-1:] == ([last] if last else [])


@pytest.fixture
def real(tmp_path: Path) -> "subprocess.CompletedProcess[bytes]":
    """What Python makes of a program that fails."""
    (tmp_path / "main.py").write_text(FAILING)
    command = [sys.executable, "-I", "main.py"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)


FAILING = "def f(x):\n    return 1 / x\n\n\nprint(f(2))\nf(0)\n"


async def test_a_traceback_is_pythons_to_the_letter(
    sandbox: Sandbox, real: "subprocess.CompletedProcess[bytes]", tmp_path: Path
) -> None:
    outcome = await sandbox.program(FAILING)
    assert outcome.stderr.decode() == real.stderr.decode().replace(f"{tmp_path}/", "")
    assert outcome.stdout == real.stdout


async def test_files_lie_in_the_directory_that_modules_are_imported_from(anywhere: Sandbox) -> None:
    files = {"helper.py": b"def double(x): return 2 * x", "data/in.txt": b"21"}
    outcome = await anywhere.program(
        "import helper; print(helper.double(int(open('data/in.txt').read())))", files=files
    )
    assert outcome.stdout == b"42\n"


async def test_a_program_may_have_an_interpreter_of_its_own(python_in: Callable[[str], Path | None]) -> None:
    sandbox = Sandbox(size=1, python=Path("/usr/bin/python3"))
    try:
        assert (await output(sandbox, "import sys; print(sys.prefix)")).strip() == "/usr"
    finally:
        await sandbox.close()


async def test_nothing_of_one_run_is_visible_to_the_next(anywhere: Sandbox) -> None:
    secret = "x = 's3cret'; import builtins; builtins.left = x; import os; os.environ['LEFT'] = x; open('left', 'w')"
    await anywhere.program(secret, b"s3cret")
    source = "import builtins, os; print(hasattr(builtins, 'left'), 'LEFT' in os.environ, os.listdir(), input())"
    assert (await anywhere.program(source, b"clean\n")).stdout == b"False False [] clean\n"


SCAN = """
import ctypes
needle = bytes([115, 51, 99, 114, 51, 116]) * 4
libc = ctypes.CDLL(None)
libc.memmem.restype = ctypes.c_void_p
import sys
own = id(needle) + bytes.__basicsize__ - 1
base = id(object()) & ~0xFFFFF
found = 0
for start in range(base - (8 << 20), base + (8 << 20), 4096):
    if libc.msync(ctypes.c_void_p(start), 4096, 1) == 0:
        at = libc.memmem(ctypes.c_void_p(start), ctypes.c_size_t(4096), needle, ctypes.c_size_t(len(needle)))
        found += at not in (None, own)
print(found)
"""
"""Looks without copying, which would leave more to be found; what it looks for doesn't count."""


async def test_no_byte_of_a_job_stays_in_the_zygotes_memory(sandbox: Sandbox) -> None:
    await sandbox.program(f"x = {'s3cr3t' * 4!r}", b"s3cr3t" * 4)
    own = (await sandbox.program(f"x = {'s3cr3t' * 4!r}\n" + SCAN)).stdout
    assert int(own) > 0  # the scan sees what is there
    assert (await sandbox.program(SCAN)).stdout == b"0\n"


def family() -> list[int]:
    """The sandbox's processes: its guards, and all below them."""
    return [*started(), *(below for guard in started() for below in descendants(guard))]


async def running(sandbox: Sandbox, source: str = "while True: pass") -> "asyncio.Task[Outcome]":
    """A run that has begun."""
    await sandbox.start()
    task = asyncio.ensure_future(sandbox.program(source, limits=Limits(seconds=60)))
    await wait_until(lambda: len(family()) == 3, 20)  # guard, zygote, program
    return task


async def test_a_run_whose_zygote_is_killed_is_begun_anew(sandbox: Sandbox) -> None:
    task = await running(sandbox, "import time; time.sleep(1); print('done')")
    os.kill(family()[1], signal.SIGKILL)
    outcome = await task
    assert (outcome.status, outcome.stdout) == ("finished", b"done\n")


async def test_a_program_killed_from_outside_is_not_to_blame(sandbox: Sandbox) -> None:
    task = await running(sandbox)
    os.kill(family()[2], signal.SIGKILL)
    assert (await task).status == "sandbox_error"


async def test_no_process_survives_close(sandbox: Sandbox) -> None:
    task = await running(sandbox)
    pids = family()
    await sandbox.close()
    assert all(gone(pid) for pid in pids)
    assert (await task).status == "sandbox_error"


async def test_a_caller_cancelled_in_the_queue_leaves_no_trace(sandbox: Sandbox) -> None:
    task = asyncio.ensure_future(sandbox.program("import time; time.sleep(0.5); print(1)"))
    queued = asyncio.ensure_future(sandbox.program("print(2)"))
    await asyncio.sleep(0.1)
    queued.cancel()
    assert (await task).stdout == b"1\n"
    assert (await sandbox.program("print(3)")).stdout == b"3\n"


async def test_a_caller_cancelled_later_ends_its_run_and_leaves_its_place_to_the_next(sandbox: Sandbox) -> None:
    task = await running(sandbox)
    pids = family()
    task.cancel()
    async with asyncio.timeout(20):
        assert (await sandbox.program("print(3)")).stdout == b"3\n"
    assert all(gone(pid) for pid in pids)


async def test_a_caller_cancelled_twice_leaves_no_descriptor(sandbox: Sandbox) -> None:
    await sandbox.program("")
    before = len(os.listdir("/proc/self/fd"))
    task = await running(sandbox)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await sandbox.program("")
    assert len(os.listdir("/proc/self/fd")) == before


async def test_zygotes_killed_while_idle_cost_no_run(anyio_backend: object) -> None:
    sandbox = Sandbox(size=4)
    try:
        await asyncio.gather(*(sandbox.program("import time; time.sleep(0.5)") for _ in range(4)))
        zygotes = [pid for guard in started() for pid in children(guard)]
        for pid in zygotes:
            os.kill(pid, signal.SIGKILL)
        assert len(zygotes) == 4
        assert (await sandbox.program("print(1)")).stdout == b"1\n"
    finally:
        await sandbox.close()


async def test_closing_ends_a_sandbox_that_is_starting(sandbox: Sandbox) -> None:
    starting = asyncio.ensure_future(sandbox.start())
    await wait_until(lambda: bool(family()))
    await sandbox.close()
    assert not family()
    with pytest.raises(SandboxUnavailable):
        await starting


async def test_an_interpreter_that_is_not_there_is_reported() -> None:
    sandbox = Sandbox(size=1, python=Path("/nowhere/python"))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SandboxUnavailable, match="No such file or directory: '/nowhere/python'"):
        await sandbox.start()
    assert (await sandbox.program("print(1)")).status == "sandbox_error"
    assert len(os.listdir("/proc/self/fd")) == before


async def test_runs_go_on_side_by_side() -> None:
    sandbox = Sandbox(size=3)
    try:
        outcomes = await asyncio.gather(*(sandbox.program(f"print({n})") for n in range(30)))
        assert [int(outcome.stdout) for outcome in outcomes] == list(range(30))
        assert len(family()) <= 6
    finally:
        await sandbox.close()


SERVICE = """
import asyncio, sys
from pathlib import Path
from fairmark_graders.sandbox import Limits, Sandbox

async def main():
    sandbox = Sandbox(2, python=Path(sys.argv[1]) if sys.argv[1:] else None)
    await sandbox.start()
    sources = "while True: pass", "import time; time.sleep(60)"
    await asyncio.gather(*(sandbox.program(source, limits=Limits(60)) for source in sources))

asyncio.run(main())
"""


@pytest.mark.parametrize("world", ["own", "user", "pod"])
def test_no_process_survives_a_service_that_is_killed(
    world: str, python_in: Callable[[str], Path | None], wait_until: Callable[..., None]
) -> None:
    python = python_in(world)
    with subprocess.Popen([sys.executable, "-c", SERVICE, *([str(python)] if python else [])]) as service:
        try:
            wait_until(lambda: len(directories(descendants(service.pid))) == 6)  # two of guard, zygote, program
            found = directories(descendants(service.pid))
        finally:
            service.kill()
    wait_until(lambda: all(map(gone, found)))
    wait_until(lambda: not any("fairmark-" in path and Path(path).exists() for path in found.values()))


def directories(pids: Iterable[int]) -> dict[int, str]:
    """Where processes are; on the way to their program some end that were just listed."""
    found = {}
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            found[pid] = os.readlink(f"/proc/{pid}/cwd")
    return found
