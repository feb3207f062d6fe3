"""The sandbox's own process: `python -c "… from inside.main import main; main()" CONTROL PARENT`.

    guard     enters the namespaces, waits for all that lives there, looks at its threads, cleans up; ended by SIGTERM
              or the service's death
    zygote    the first process in there: builds the walls, imports, forks a child for each run and watches its clocks
    child     takes its files, confines itself, runs one mode

The service asks over one SEQPACKET socket: JSON beside the descriptors [stdout, stderr, result, job, …]. What a job
holds never gets into the zygote, whose memory every later run can read: the child reads it.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import site
import socket
import sys
import threading
from typing import Any

from . import grade, kernel
from .child import Limits
from .modes import MODES
from .run import Run
from .walls import Unavailable, Walls

_COMMON = """
    abc array ast base64 bisect calendar cmath collections collections.abc contextlib copy csv dataclasses datetime
    decimal enum fractions functools hashlib heapq inspect io itertools json math numbers operator pathlib pprint queue
    random re secrets statistics string struct textwrap threading time traceback types typing unittest uuid warnings
""".split()  # noqa: SIM905 - a list of strings would be a line each
"""What programs tend to import: 60 ms that no run pays."""
_STACK_BYTES = 1 << 30
"""Deep recursion through C functions (`functools.cache`) takes up to a kilobyte a level."""
_THREAD_STACK_BYTES = 8 << 20
_LONGEST = 1 << 16
_MOST_DESCRIPTORS = 8


def main() -> None:
    """The guard, and in its child the zygote."""
    control_fd, parent = int(sys.argv[1]), int(sys.argv[2])
    _raise_stack()
    del sys.path[0]  # where this package lies
    kernel.die_with(parent, signal.SIGTERM)
    control = socket.socket(fileno=control_fd)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))  # until there is somebody to clean up
    try:
        walls = Walls()
    except Unavailable as error:
        _send(control, {"unavailable": str(error)})
        return
    kernel.die_with(parent, signal.SIGTERM)  # a user namespace is a change of user
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    guard = os.getpid()
    zygote = os.fork()
    if not zygote:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
        kernel.die_with(0 if "pid" in walls.namespaces else guard)
        _live(control, walls)
        os._exit(0)
    control.close()
    _guard(zygote, walls)


def _raise_stack() -> None:
    """By starting over: where mappings go, and so how far the stack can grow, is settled at exec."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = _STACK_BYTES if hard == resource.RLIM_INFINITY else min(hard, _STACK_BYTES)
    if soft != wanted:
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
        os.execv(sys.executable, sys.orig_argv)


def _guard(zygote: int, walls: Walls) -> None:
    """Wait until nothing lives in the sandbox; orphans come here, too, and end with the zygote."""
    pidfd = os.pidfd_open(zygote)

    def end(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):  # it may have ended just now
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
    walls.look_for(pidfd)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
            if "pid" not in walls.namespaces:
                _end_orphans()
    walls.remove_private_directory()


def _end_orphans() -> None:
    """Without a pid namespace, what a zygote of a grader has forked would live on."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        for pid in file.read().split():
            os.kill(int(pid), signal.SIGKILL)


def _live(control: socket.socket, walls: Walls) -> None:
    """The zygote's whole life."""
    try:
        walls.build()
    except OSError as error:
        return _send(control, {"unavailable": f"the walls can't be built: {error}"})
    _prepare()
    walls.measure()
    _send(control, walls.report())
    while request := _receive(control):
        mode, limits, descriptors = request
        try:
            if mode == "settle":
                _send(control, grade.settle(limits, descriptors, walls))
            else:
                _send(control, Run(MODES[mode], limits, descriptors, walls).outcome(control))
        finally:
            for fd in descriptors:
                os.close(fd)
        walls.empty_private_directory()


def _prepare() -> None:
    """What every run finds done."""
    for module in _COMMON:
        __import__(module)
    for name in [name for name in sys.modules if name.partition(".")[0] == __package__]:
        del sys.modules[name]  # a program may have an `inside` of its own
    site.setquit()
    site.sethelper()
    threading.stack_size(_THREAD_STACK_BYTES)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    gc.disable()  # a pass in the zygote would find nothing, in a child it would copy every page
    gc.collect()
    gc.freeze()


def _receive(control: socket.socket) -> tuple[str, Limits, list[int]] | None:
    message, descriptors, _, _ = socket.recv_fds(control, _LONGEST, _MOST_DESCRIPTORS)
    if not message:
        return None
    request = json.loads(message)
    return request["mode"], Limits(**request["limits"]), descriptors


def _send(control: socket.socket, message: dict[str, Any]) -> None:
    control.send(json.dumps(message).encode())
