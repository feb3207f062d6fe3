"""System calls that Python has no function for; the numbers are those of x86-64."""

import ctypes
import os
import signal

MACHINE = "x86_64"

CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN = 5, 6, 7, 21
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38

_PRCTL, _CAPSET, _CLOSE_RANGE = 157, 126, 436
_CAPABILITIES_V3 = 0x20080522
_SYSCALL = ctypes.CDLL(None, use_errno=True).syscall
_SYSCALL.restype = ctypes.c_long


def call(number: int, *arguments: int | bytes | None | ctypes.Array[ctypes.c_char]) -> int:
    """What the kernel answers. Raises `OSError`."""
    answer: int = _SYSCALL(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def prctl(option: int, value: int = 0) -> None:
    """Set a property of this process. Raises `OSError`."""
    call(_PRCTL, option, value, 0, 0, 0)


def close_from(first: int) -> None:
    """Close every descriptor from there on; `os.closerange` may take them one by one."""
    call(_CLOSE_RANGE, first, 0xFFFFFFFF, 0)


def die_with(parent: int, signal_number: int = signal.SIGKILL) -> None:
    """Have the kernel end this process when its parent ends; to be said again after a change of user.

    `parent` is 0 for the first process of a pid namespace, whose parent has no number there.
    """
    prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        os._exit(1)


def drop_capabilities() -> None:
    """Give up every privilege; for good under no_new_privs, whatever the bounding set is."""
    header = ctypes.create_string_buffer(_CAPABILITIES_V3.to_bytes(4, "little") + bytes(4), 8)
    call(_CAPSET, header, ctypes.create_string_buffer(24))


def has_capabilities(*numbers: int) -> bool:
    """Whether this process may use them all."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        held = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    return all(held >> number & 1 for number in numbers)
