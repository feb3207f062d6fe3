"""Worker processes: what a task may do to itself, and never to another."""

import asyncio
import contextlib
import ctypes
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.processes import children, gone, started, state
from tests.waiting import wait_until

from fairmark_graders.workers import Crashed, OverLimit, WorkerLost, Workers, child, on_slow
from fairmark_graders.workers.clock import Limit

pytestmark = pytest.mark.anyio

ENDLESS = "while True: pass"
BURN = """
import time
end = time.process_time() + {seconds}
while time.process_time() < end: pass
"""


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(size=2)
    yield made
    await made.close()


@pytest.fixture
async def worker() -> AsyncIterator[Workers]:
    made = Workers(size=1)
    yield made
    await made.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that children import from, too."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def cpu(pid: int) -> float:
    return time.clock_gettime((~pid << 3) | 2)


async def give_up(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def family() -> list[int]:
    """All workers there are."""
    return [pid for zygote in started() for pid in children(zygote)]


def stopped() -> list[int]:
    """The workers that stand still."""
    return [pid for pid in family() if state(pid) == "T"]


def priorities() -> set[int]:
    return {os.getpriority(os.PRIO_PROCESS, pid) for pid in family()}


async def test_a_task_returns_what_its_function_returns(workers: Workers) -> None:
    assert await workers.run(divmod, 17, 5, cpu_seconds=5) == (3, 2)


async def test_a_task_larger_than_a_socket_buffer_goes_both_ways(workers: Workers) -> None:
    text = "é" * 3_000_000
    assert await workers.run(str.upper, text, cpu_seconds=5) == text.upper()


async def test_an_exception_reaches_the_caller_as_itself(workers: Workers) -> None:
    with pytest.raises(ValueError, match="invalid literal for int"):
        await workers.run(int, "x", cpu_seconds=5)


async def test_an_exception_that_cannot_travel_keeps_its_name_and_message(workers: Workers) -> None:
    with pytest.raises(RuntimeError, match="Odd: no way"):
        await workers.run(exec, "class Odd(Exception): pass\nraise Odd('no way')", cpu_seconds=5)


async def test_a_task_that_exits_politely_does_not_end_its_caller(workers: Workers) -> None:
    with pytest.raises(RuntimeError, match="SystemExit: 2"):
        await workers.run(sys.exit, 2, cpu_seconds=5)


async def test_a_function_that_cannot_be_imported_is_named(workers: Workers) -> None:
    with pytest.raises((AttributeError, TypeError), match="lambda"):
        await workers.run(lambda: 1, cpu_seconds=5)


async def test_an_endless_loop_is_killed_at_its_limit_and_to_blame(workers: Workers) -> None:
    await workers.start()
    began = time.monotonic()
    with pytest.raises(OverLimit, match="0.3 s of processor time"):
        await workers.run(exec, ENDLESS, cpu_seconds=0.3)
    assert 0.3 <= time.monotonic() - began < 10  # the upper bound is for a crowded machine


async def test_a_loop_that_ignores_signals_and_exceptions_is_killed(workers: Workers) -> None:
    stubborn = (
        "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True:\n try: 1/0\n except: pass"
    )
    with pytest.raises(OverLimit):
        await workers.run(exec, stubborn, cpu_seconds=0.3)


async def test_a_sleeper_is_to_blame(workers: Workers) -> None:
    with pytest.raises(OverLimit, match="slept"):
        await workers.run(time.sleep, 600, cpu_seconds=0.1)


async def test_a_short_sleep_costs_no_processor_time(workers: Workers) -> None:
    assert await workers.run(eval, "__import__('time').sleep(0.5) or 7", cpu_seconds=0.3) == 7


async def test_a_memory_bomb_is_to_blame(workers: Workers) -> None:
    with pytest.raises(OverLimit, match="MiB of memory"):
        await workers.run(exec, "x = []\nwhile True: x.append(bytearray(1 << 24))", cpu_seconds=30)


async def test_a_worker_that_ran_out_of_memory_is_replaced(worker: Workers) -> None:
    pid = await worker.run(os.getpid, cpu_seconds=5)
    with pytest.raises(OverLimit, match="MiB of memory"):
        await worker.run(bytearray, 1 << 31, cpu_seconds=5)
    assert await worker.run(os.getpid, cpu_seconds=5) != pid


async def test_arguments_too_deep_to_be_handed_over_are_to_blame(worker: Workers) -> None:
    with pytest.raises(OverLimit, match="nest too deeply"):
        await worker.run(len, json.loads("[" * 900 + "]" * 900), cpu_seconds=5)


async def test_a_crash_loses_its_own_task_alone(workers: Workers) -> None:
    async with asyncio.TaskGroup() as group:
        neighbour = group.create_task(workers.run(eval, "__import__('time').sleep(0.5) or 7", cpu_seconds=5))
        with pytest.raises(WorkerLost, match="exit status 3"):
            await workers.run(os._exit, 3, cpu_seconds=5)
    assert neighbour.result() == 7


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("import os; os._exit(0)", "exit status 0"),
        ("import ctypes; ctypes.string_at(0)", "signal 11 (Segmentation fault)"),
        ("import os; os.abort()", "signal 6 (Aborted)"),
    ],
)
async def test_a_crash_is_told_from_a_kill(worker: Workers, code: str, end: str) -> None:
    with pytest.raises(Crashed) as crashed:
        await worker.run(exec, code, cpu_seconds=5)
    assert crashed.value.end == end


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_what_others_send_is_no_crash(worker: Workers, sent: signal.Signals) -> None:
    unhandled = "import signal; signal.signal(2, signal.SIG_DFL)\n"
    task = asyncio.ensure_future(worker.run(exec, f"{unhandled}{ENDLESS}", cpu_seconds=60))
    await wait_until(lambda: 10 in priorities(), 20)
    (slow,) = [pid for pid in family() if os.getpriority(os.PRIO_PROCESS, pid) == 10]
    os.kill(slow, sent)
    with pytest.raises(WorkerLost, match=f"signal {sent:d} ") as lost:
        await task
    assert not isinstance(lost.value, Crashed)


@pytest.mark.parametrize(
    "copy",
    ["os.system('sleep 30 &')", "os.fork() or os.execlp('sleep', 'sleep', '30')", "os.fork() or time.sleep(30)"],
)
async def test_a_crash_is_noticed_though_a_copy_of_the_process_goes_on(worker: Workers, copy: str) -> None:
    await worker.start()
    code = f"import os, time\nparent = os.getpid()\n{copy}\nos._exit(os.getpid() == parent and 3)"
    async with asyncio.timeout(8):  # it would be taken for starved after 16 s
        with pytest.raises(Crashed, match="exit status 3"):
            await worker.run(exec, code, cpu_seconds=1)


async def test_the_clock_of_a_process_that_is_gone_blames_nobody() -> None:
    process = await asyncio.create_subprocess_exec("sleep", "60")
    limit = Limit(process.pid, 5)
    process.kill()
    await process.wait()
    with pytest.raises(EOFError):
        await limit.outlasts(asyncio.get_running_loop().create_future(), 0.05)


async def test_a_killed_zygote_fails_no_task_that_comes_after(workers: Workers) -> None:
    await workers.start()
    for _ in range(3):
        os.kill(started()[0], signal.SIGKILL)
        assert await workers.run(abs, -3, cpu_seconds=5) == 3


async def test_a_task_whose_zygote_is_killed_is_begun_anew(worker: Workers) -> None:
    await worker.start()
    (zygote,) = started()
    task = asyncio.ensure_future(worker.run(eval, "[sum(range(10**6)) for _ in range(30)][0]", cpu_seconds=20))
    pids = children(zygote)
    begun = {pid: cpu(pid) for pid in pids}
    await wait_until(lambda: any(cpu(pid) > begun[pid] + 0.03 for pid in pids))
    os.kill(zygote, signal.SIGKILL)
    assert await task == 499999500000


@pytest.mark.slow
async def test_kills_and_hang_ups_at_any_moment_cost_no_place_and_blame_nobody(workers: Workers) -> None:
    chance = random.Random(7)
    await workers.start()

    async def killing() -> None:
        while True:
            await asyncio.sleep(chance.random() / 5)
            zygotes = started()
            for pid in chance.choices([pid for zygote in zygotes for pid in children(zygote)] or zygotes, k=1):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid if chance.random() < 0.8 else zygotes[0], signal.SIGKILL)

    async def task(number: int) -> None:
        work = BURN.format(seconds=0.15) if number % 3 else "pass"
        running = asyncio.ensure_future(workers.run(exec, work, cpu_seconds=5))
        if number % 4 == 0:
            await asyncio.sleep(chance.random())
            running.cancel()
        with contextlib.suppress(WorkerLost, asyncio.CancelledError):
            await running

    killer = asyncio.ensure_future(killing())
    await asyncio.gather(*(task(number) for number in range(40)))
    await give_up([killer])
    await workers.settle()
    assert (workers._taken, workers._places._value, workers._lane._running._value) == (0, 2, 1)
    assert await asyncio.gather(*(workers.run(abs, -3, cpu_seconds=5) for _ in range(10))) == [3] * 10


def test_a_zygote_that_cannot_fork_keeps_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("no room for a process")

    monkeypatch.setattr(os, "fork", refuse)
    control, channel = socket.socketpair()
    with control, channel:
        received = os.dup(channel.fileno())
        assert child._done(control, child.FORK, None, [received], 1 << 30) is None
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(received)


async def test_a_worker_killed_from_outside_is_lost_and_not_to_blame(worker: Workers) -> None:
    pid = await worker.run(os.getpid, cpu_seconds=5)
    task = asyncio.ensure_future(worker.run(exec, ENDLESS, cpu_seconds=60))
    begun = cpu(pid)
    await wait_until(lambda: cpu(pid) > begun + 0.03)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkerLost):
        await task


async def test_an_idle_worker_that_died_is_replaced_unseen(worker: Workers) -> None:
    pid = await worker.run(os.getpid, cpu_seconds=5)
    os.kill(pid, signal.SIGKILL)
    await wait_until(lambda: gone(pid))
    assert await worker.run(os.getpid, cpu_seconds=5) != pid


async def test_the_worker_after_a_kill_takes_the_next_task(worker: Workers) -> None:
    with pytest.raises(OverLimit):
        await worker.run(exec, ENDLESS, cpu_seconds=0.1)
    assert await worker.run(abs, -3, cpu_seconds=5) == 3


async def test_a_warm_worker_is_used_again(worker: Workers) -> None:
    assert await worker.run(os.getpid, cpu_seconds=5) == await worker.run(os.getpid, cpu_seconds=5)


async def test_a_cancelled_caller_leaves_its_task_to_its_limit_and_the_worker_to_the_next(worker: Workers) -> None:
    await worker.start()
    task = asyncio.ensure_future(worker.run(exec, ENDLESS, cpu_seconds=0.2))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await worker.run(abs, -3, cpu_seconds=5) == 3


async def test_a_caller_cancelled_in_the_queue_leaves_no_trace(worker: Workers) -> None:
    running = asyncio.ensure_future(worker.run(eval, "__import__('time').sleep(0.3) or 7", cpu_seconds=5))
    queued = asyncio.ensure_future(worker.run(os._exit, 1, cpu_seconds=5))
    await asyncio.sleep(0.05)
    queued.cancel()
    assert await running == 7
    assert await worker.run(abs, -3, cpu_seconds=5) == 3


async def test_a_start_that_was_cancelled_can_be_made_again(worker: Workers) -> None:
    starting = asyncio.ensure_future(worker.start())
    await asyncio.sleep(0.02)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert await worker.run(abs, -3, cpu_seconds=5) == 3


async def test_no_worker_survives_close(workers: Workers) -> None:
    pids = await asyncio.gather(*(workers.run(os.getpid, cpu_seconds=5) for _ in range(2)))
    busy = asyncio.ensure_future(workers.run(exec, ENDLESS, cpu_seconds=60))
    await asyncio.sleep(0.05)
    await workers.close()
    assert all(gone(pid) for pid in pids)
    with pytest.raises(WorkerLost):
        await busy


async def test_close_releases_whoever_waits_for_a_worker(worker: Workers) -> None:
    tasks = [asyncio.ensure_future(worker.run(exec, ENDLESS, cpu_seconds=60)) for _ in range(4)]
    await asyncio.sleep(0.05)
    await worker.close()
    ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
    assert {type(end) for end in ends} == {WorkerLost}


async def test_whoever_gives_up_settling_cancels_no_task(worker: Workers) -> None:
    task = asyncio.ensure_future(worker.run(eval, "__import__('time').sleep(0.5) or 7", cpu_seconds=5))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(worker.settle(), 0.05)
    assert await task == 7


async def test_close_cancels_nobody_though_the_zygote_is_busy(worker: Workers, folder: Path) -> None:
    (folder / "slow_library.py").write_text("import time; time.sleep(10)")
    await worker.start()
    busy = asyncio.ensure_future(worker.run(exec, ENDLESS, cpu_seconds=60))
    learning = asyncio.ensure_future(worker._zygote.learn(["slow_library"]))
    await wait_until(lambda: len(family()) > 2)
    await worker.close()
    with pytest.raises(WorkerLost):
        await busy
    with pytest.raises(EOFError):
        await learning


PARENT = """
import asyncio, os
from fairmark_graders.workers import Workers

async def main():
    workers = Workers(size=2)
    await workers.start()
    first = await workers.run(os.getpid, cpu_seconds=5)
    asyncio.ensure_future(workers.run(exec, "while True: pass", cpu_seconds=60))
    await asyncio.sleep(0.1)
    print(first, await workers.run(os.getpid, cpu_seconds=5), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_no_worker_busy_or_idle_survives_a_parent_that_is_killed(wait_until: Callable[..., None]) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(set(pids)) == 2
        parent.kill()
    wait_until(lambda: all(gone(pid) for pid in pids))


LIMITED = """
import asyncio
from fairmark_graders.workers import Workers

async def main():
    workers = Workers(size=1, memory=1 << 40)
    print(await workers.run(abs, -3, cpu_seconds=5))
    await workers.close()

asyncio.run(main())
"""


def test_workers_start_under_a_limit_of_memory_that_cannot_be_raised() -> None:
    def limited() -> None:
        ctypes.CDLL(None).prctl(24, 24)  # PR_CAPBSET_DROP, CAP_SYS_RESOURCE: root may raise any limit
        resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))

    command = [sys.executable, "-c", LIMITED]
    run = subprocess.run(command, preexec_fn=limited, capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr) == ("3\n", "")


async def test_a_worker_sees_none_of_its_parents_environment_and_files(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_API_KEY", "not-a-real-key")
    read, write = os.pipe()
    os.set_inheritable(read, True)
    try:
        assert await workers.run(os.getenv, "FAKE_API_KEY", cpu_seconds=5) is None
        with pytest.raises(OSError, match="Bad file descriptor"):
            await workers.run(os.fstat, read, cpu_seconds=5)
    finally:
        os.close(read)
        os.close(write)


def test_workers_serve_a_loop_in_a_background_thread() -> None:
    found: list[int] = []

    async def work() -> None:
        workers = Workers(size=1)
        found.append(await workers.run(abs, -3, cpu_seconds=5))
        await workers.close()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    thread.join(60)
    assert found == [3]


async def test_a_worker_that_cannot_start_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    workers = Workers(size=1)
    try:
        with pytest.raises(WorkerLost, match="could not start"):
            await workers.start()
    finally:
        await workers.close()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_task_that_gets_no_processor_is_not_to_blame(workers: Workers) -> None:
    frozen = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"  # as a machine does to a process that it freezes
    with pytest.raises(WorkerLost, match="no processor"):
        await workers.run(exec, frozen, cpu_seconds=0.1)


async def test_slow_tasks_hold_no_place(workers: Workers) -> None:
    slow = [asyncio.ensure_future(workers.run(exec, ENDLESS, cpu_seconds=20)) for _ in range(2)]
    for _ in range(50):
        assert await workers.run(abs, -3, cpu_seconds=5) == 3
    assert not any(task.done() for task in slow)
    await give_up(slow)


async def test_of_slow_tasks_few_run_at_a_time_and_the_rest_stand_still(workers: Workers) -> None:
    slow = [asyncio.ensure_future(workers.run(exec, ENDLESS, cpu_seconds=20)) for _ in range(3)]
    running = max(1, min(2, len(os.sched_getaffinity(0))) // 2)
    await wait_until(lambda: len(stopped()) == 3 - running, 20)
    assert not any(task.done() for task in slow)
    await give_up(slow)


async def test_a_full_slow_lane_makes_tasks_wait_and_fails_none(worker: Workers) -> None:
    slow = [worker.run(exec, BURN.format(seconds=0.2), cpu_seconds=2) for _ in range(8)]
    assert await asyncio.gather(*slow, worker.run(abs, -3, cpu_seconds=2)) == [None] * 8 + [3]


async def test_waiting_for_a_turn_is_no_sleep(worker: Workers) -> None:
    first = asyncio.ensure_future(worker.run(exec, ENDLESS, cpu_seconds=2))
    await wait_until(lambda: 10 in priorities(), 20)
    await worker.run(exec, BURN.format(seconds=0.08), cpu_seconds=0.2)  # asleep it would have 1.6 s
    with pytest.raises(OverLimit):
        await first


async def test_the_slow_have_lower_priority_and_their_successors_do_not(worker: Workers) -> None:
    priority = "__import__('os').getpriority(0, 0)"
    quick = await worker.run(eval, priority, cpu_seconds=5)
    slow = f"__import__('sys').exit(exec({BURN.format(seconds=1)!r}) or {priority})"
    with pytest.raises(RuntimeError, match=rf"SystemExit: {quick + 10}"):
        await worker.run(eval, slow, cpu_seconds=5)
    assert await worker.run(eval, priority, cpu_seconds=5) == quick


async def test_the_caller_is_told_when_its_task_turns_slow(worker: Workers) -> None:
    told: list[str] = []
    on_slow.set(lambda: told.append("slow"))
    await worker.run(abs, -3, cpu_seconds=5)
    assert told == []
    await worker.run(exec, BURN.format(seconds=1), cpu_seconds=5)
    assert told == ["slow"]


async def test_who_stands_still_does_not_survive_close(worker: Workers) -> None:
    slow = [asyncio.ensure_future(worker.run(exec, ENDLESS, cpu_seconds=20)) for _ in range(4)]
    await wait_until(lambda: len(stopped()) == 3, 20)
    still = stopped()
    await worker.close()
    assert all(gone(pid) for pid in still)
    assert {type(end) for end in await asyncio.gather(*slow, return_exceptions=True)} == {WorkerLost}


async def test_a_worker_is_replaced_after_a_thousand_tasks(worker: Workers) -> None:
    pids = [await worker.run(os.getpid, cpu_seconds=5) for _ in range(1001)]
    assert len(set(pids[:1000])) == 1
    assert pids[1000] != pids[0]


@pytest.mark.parametrize(("mebibytes", "replaced"), [(10, False), (200, True)])
async def test_a_worker_that_has_grown_is_replaced(worker: Workers, mebibytes: int, replaced: bool) -> None:
    pid = await worker.run(os.getpid, cpu_seconds=5)
    await worker.run(exec, f"import sys; sys.kept = b'x' * ({mebibytes} << 20)", cpu_seconds=5)
    assert (await worker.run(os.getpid, cpu_seconds=5) != pid) is replaced


async def test_a_worker_after_a_kill_has_the_libraries_of_its_predecessor(worker: Workers) -> None:
    await worker.run(exec, "import wave", cpu_seconds=5)
    await worker.settle()
    with pytest.raises(OverLimit):
        await worker.run(exec, ENDLESS, cpu_seconds=0.1)
    assert await worker.run(eval, "'wave' in __import__('sys').modules", cpu_seconds=5)


async def test_a_users_own_code_is_not_handed_on(worker: Workers, folder: Path) -> None:
    (folder / "own_code.py").write_text("")
    pid = await worker.run(os.getpid, cpu_seconds=5)
    await worker.run(exec, "import own_code", cpu_seconds=5)
    os.kill(pid, signal.SIGKILL)
    await wait_until(lambda: gone(pid))
    await worker.settle()
    assert not await worker.run(eval, "'own_code' in __import__('sys').modules", cpu_seconds=5)


@pytest.mark.parametrize(
    "code",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=[60]).start()",
        "import os; os._exit(1)",
        "1 +",
    ],
    ids=["starts a thread", "crashes", "isn't Python"],
)
async def test_workers_start_though_a_library_cannot_be_learned(folder: Path, code: str) -> None:
    (folder / "bad_library.py").write_text(code)
    workers = Workers(size=1)
    try:
        await workers.run(exec, "import wave", cpu_seconds=5)
        await workers._zygote.learn(["bad_library"])
        assert await workers.run(abs, -3, cpu_seconds=5) == 3
    finally:
        await workers.close()
