"""The system calls of a program, by a filter in the kernel: what isn't listed is refused with EPERM.

A program computes, prints, reads what it was given, and uses threads. It has no processes, sockets, signals to others,
limits, priorities, keys, tracing or mounts. The numbers are those of x86-64; another architecture's calls end the
process. Where a refusal would break honest programs, the answer is one they can live with: `chmod` and its like succeed
and do nothing, extended attributes aren't supported, the stack's limit can be "raised" (it is high already).
"""

import ctypes
import errno
import os
import signal
import struct
from collections.abc import Iterable, Sequence

from . import kernel

_READ_AND_WRITE = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "pread64": 17, "pwrite64": 18, "readv": 19,
    "writev": 20, "pipe": 22, "select": 23, "dup": 32, "dup2": 33, "flock": 73, "fsync": 74, "fdatasync": 75,
    "ftruncate": 77, "fstatfs": 138, "fadvise64": 221, "epoll_create": 213, "epoll_wait": 232, "epoll_ctl": 233,
    "pselect6": 270, "ppoll": 271, "epoll_pwait": 281, "eventfd2": 290, "epoll_create1": 291, "dup3": 292,
    "pipe2": 293, "preadv": 295, "pwritev": 296, "preadv2": 327, "pwritev2": 328, "close_range": 436,
}  # fmt: skip
_PATHS = {
    "stat": 4, "lstat": 6, "access": 21, "getdents": 78, "getcwd": 79, "chdir": 80, "fchdir": 81, "rename": 82,
    "mkdir": 83, "rmdir": 84, "creat": 85, "unlink": 87, "symlink": 88, "readlink": 89, "umask": 95, "statfs": 137,
    "getdents64": 217, "mkdirat": 258, "newfstatat": 262, "unlinkat": 263, "renameat": 264, "symlinkat": 266,
    "readlinkat": 267, "faccessat": 269, "renameat2": 316, "statx": 332, "faccessat2": 439,
}  # fmt: skip
_MEMORY = {"mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "mremap": 25, "msync": 26, "madvise": 28}
_TIME = {
    "pause": 34, "nanosleep": 35, "getitimer": 36, "alarm": 37, "setitimer": 38, "gettimeofday": 96, "times": 100,
    "time": 201, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230,
}  # fmt: skip
_ITSELF = {
    "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sched_yield": 24, "getpid": 39, "exit": 60,
    "uname": 63, "getrlimit": 97, "getrusage": 98, "sysinfo": 99, "getuid": 102, "getgid": 104, "geteuid": 107,
    "getegid": 108, "getppid": 110, "getpgrp": 111, "getgroups": 115, "getresuid": 118, "getresgid": 120,
    "getpgid": 121, "getsid": 124, "rt_sigpending": 127, "rt_sigtimedwait": 128, "rt_sigsuspend": 130,
    "sigaltstack": 131, "getpriority": 140, "sched_getparam": 143, "sched_getscheduler": 145,
    "sched_get_priority_max": 146, "sched_get_priority_min": 147, "gettid": 186, "futex": 202,
    "sched_getaffinity": 204, "set_tid_address": 218, "restart_syscall": 219, "exit_group": 231,
    "set_robust_list": 273, "getcpu": 309, "getrandom": 318, "membarrier": 324, "rseq": 334,
}  # fmt: skip
_PAIRS = {"sendto": 44, "recvfrom": 45, "shutdown": 48, "getsockname": 51, "getpeername": 52, "getsockopt": 55}
"""What asyncio does with the pair of sockets that wakes it; `socket` and `connect` are refused, so none leads out."""

_DONE = {
    "chmod": 90, "fchmod": 91, "utime": 132, "utimes": 235, "futimesat": 261, "fchmodat": 268, "utimensat": 280,
    "fchmodat2": 452,
}  # fmt: skip
_UNSUPPORTED = {"clone3": 435, "openat2": 437}
"""With ENOSYS libc falls back on calls whose flags a filter can see."""
_EXTENDED_ATTRIBUTES = range(188, 200)

_OF_CHILDREN = {
    "sendmsg": 46, "recvmsg": 47, "wait4": 61, "kill": 62, "setsid": 112, "capset": 126, "prctl": 157, "waitid": 247,
    "seccomp": 317, "memfd_create": 319, "pidfd_send_signal": 424, "pidfd_open": 434, "landlock_restrict_self": 446,
}  # fmt: skip

_OPEN, _OPENAT, _IOCTL, _SOCKETPAIR, _CLONE, _KILL, _FCNTL, _PRCTL, _TGKILL, _PRLIMIT, _SETPRIORITY = (
    2, 257, 16, 53, 56, 62, 72, 157, 234, 302, 141,
)  # fmt: skip

_TERMINAL_GET, _BYTES_READY, _NON_BLOCKING, _NO_CLOSE_ON_EXEC, _CLOSE_ON_EXEC = 0x5401, 0x541B, 0x5421, 0x5450, 0x5451
_DUPLICATES_FLAGS_AND_LOCKS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032, 1034)
"""Not F_SETOWN: it would have the kernel send signals to any process of the same user."""
_SET_NAME = 15
_STACK = 3
_AF_UNIX, _SOCK_STREAM, _SOCKET_FLAGS = 1, 1, 0o2004000
_ACCESS_MODE_AND_TRUNCATE, _TRUNCATE = 0o1003, 0o1000
_THREAD, _WAITING, _NAMESPACES = 0x00010000, 0x00004000, 0x7E020000
"""One that begins a thread waiting for its end can't be woken, and seems no sleeper."""

_X86_64, _X32 = 0xC000003E, 0x40000000
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_SECCOMP, _SET_FILTER = 317, 1

_OWN_PID = 0x7EADBEEF
"""Stands in the prepared filter for the number of the process, which is known after the fork."""

Instruction = tuple[int, int, int, int]


def prepare(forks: bool = False) -> bytes:
    """The filter of a program, but for its own process number; or that of a zygote which runs what nobody trusts.

    Such a zygote may fork, watch and kill its children, and confine them further.
    """
    program = (*_program(), _return(_ERRNO | errno.EPERM))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in (_zygote(program) if forks else program))


def install(prepared: bytes) -> None:
    """Confine this process and its threads for good; needs no_new_privs. Raises `OSError`."""
    code = prepared.replace(struct.pack("=I", _OWN_PID), struct.pack("=I", os.getpid()))
    filter_ = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(filter_))
    kernel.call(_SECCOMP, _SET_FILTER, 0, ctypes.create_string_buffer(header, len(header)))


def _program() -> Iterable[Instruction]:
    yield from _PREAMBLE
    for calls in (_READ_AND_WRITE, _PATHS, _MEMORY, _TIME, _ITSELF, _PAIRS):
        yield from _answered(calls.values(), _ALLOW)
    yield from _answered(_DONE.values(), _ERRNO)
    yield from _answered(_UNSUPPORTED.values(), _ERRNO | errno.ENOSYS)
    yield from _answered(_EXTENDED_ATTRIBUTES, _ERRNO | errno.ENOTSUP)
    for call, rule in _rules().items():
        yield from ((_EQUAL, 0, len(rule), call), *rule)


def _zygote(program: Sequence[Instruction]) -> Iterable[Instruction]:
    """What it may beyond a program, before the program's rules."""
    preamble = len(_PREAMBLE)
    yield from program[:preamble]
    yield from _answered(_OF_CHILDREN.values(), _ALLOW)
    fork = [_argument(0), (_AND, 0, 0, _NAMESPACES), (_EQUAL, 1, 0, 0), _return(_ERRNO | errno.EPERM), _return(_ALLOW)]
    on_itself = _one_of(0, (0,)), _one_of(1, (0,))
    for call, rule in zip((_CLONE, _PRLIMIT, _SETPRIORITY), (fork, *on_itself), strict=True):
        yield from ((_EQUAL, 0, len(rule), call), *rule)
    yield from program[preamble:]


def _rules() -> dict[int, Sequence[Instruction]]:
    """Calls that depend on an argument. The kernel reads all but pointers as 32 bits, and so does the filter."""
    return {
        _OPEN: _opened(1),
        _OPENAT: _opened(2),
        _FCNTL: _one_of(1, _DUPLICATES_FLAGS_AND_LOCKS),
        _IOCTL: _one_of(
            1, (_TERMINAL_GET, _BYTES_READY, _NON_BLOCKING, _NO_CLOSE_ON_EXEC, _CLOSE_ON_EXEC), errno.ENOTTY
        ),
        _PRCTL: _one_of(0, (_SET_NAME,)),
        _KILL: _own_signal(1),
        _TGKILL: _own_signal(2),
        _CLONE: [
            *(_argument(0), (_AND, 0, 0, _THREAD | _WAITING | _NAMESPACES)),
            *((_EQUAL, 0, 1, _THREAD), _return(_ALLOW), _return(_ERRNO | errno.EPERM)),
        ],
        _SOCKETPAIR: [
            *(_argument(0), (_EQUAL, 0, 3, _AF_UNIX), _argument(1), (_AND, 0, 0, ~_SOCKET_FLAGS & 0xFFFFFFFF)),
            *((_EQUAL, 1, 0, _SOCK_STREAM), _return(_ERRNO | errno.EPERM), _return(_ALLOW)),
        ],
        _PRLIMIT: [
            *(_argument(2), (_EQUAL, 0, 5, 0), _argument_above(2), (_EQUAL, 0, 3, 0)),
            *(_argument(0), (_EQUAL, 0, 1, 0), _return(_ALLOW)),
            *(_argument(1), (_EQUAL, 0, 1, _STACK), _return(_ERRNO), _return(_ERRNO | errno.EPERM)),
        ],
    }


def _answered(calls: Iterable[int], answer: int) -> Iterable[Instruction]:
    for call in calls:
        yield from ((_EQUAL, 0, 1, call), _return(answer))


def _one_of(index: int, values: Sequence[int], otherwise: int = errno.EPERM) -> list[Instruction]:
    return [_argument(index), *_answered(values, _ALLOW), _return(_ERRNO | otherwise)]


def _own_signal(index: int) -> list[Instruction]:
    """To itself (`abort`, `raise`), but for SIGKILL: a run that ended by that was ended by us or by the system."""
    return [
        *(_argument(index), (_EQUAL, 2, 0, signal.SIGKILL), _argument(0)),
        *((_EQUAL, 1, 0, _OWN_PID), _return(_ERRNO | errno.EPERM), _return(_ALLOW)),
    ]


def _opened(index: int) -> list[Instruction]:
    """Opening to read and to truncate at once is refused: Landlock before ABI 3 takes it for reading."""
    return [
        *(_argument(index), (_AND, 0, 0, _ACCESS_MODE_AND_TRUNCATE)),
        *((_EQUAL, 0, 1, _TRUNCATE), _return(_ERRNO | errno.EPERM), _return(_ALLOW)),
    ]


def _argument(index: int) -> Instruction:
    return _load(16 + 8 * index)


def _argument_above(index: int) -> Instruction:
    return _load(20 + 8 * index)


def _load(offset: int) -> Instruction:
    return _LOAD, 0, 0, offset


def _return(answer: int) -> Instruction:
    return _RETURN, 0, 0, answer


_PREAMBLE = (
    *(_load(4), (_EQUAL, 1, 0, _X86_64), _return(_KILL_PROCESS)),
    *(_load(0), (_AT_LEAST, 0, 1, _X32), _return(_KILL_PROCESS)),
)
