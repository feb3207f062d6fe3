"""Which files a program may touch, by Landlock: libraries to read, its own directory, and nothing else.

The kernel walks up from whatever is opened, so links and descriptors lead nowhere. From ABI 4 it refuses TCP, from 6
signals and abstract sockets out of the sandbox; seccomp refuses all of that too.
"""

import contextlib
import os
import struct
from collections.abc import Iterable

from . import kernel

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION, _BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIRECTORY, _REMOVE_DIRECTORY, _REMOVE_FILE = (1 << n for n in range(6))
_MAKE_DIRECTORY, _MAKE_FILE, _MAKE_LINK, _REFER, _TRUNCATE = 1 << 7, 1 << 8, 1 << 12, 1 << 13, 1 << 14
_READ = _READ_FILE | _READ_DIRECTORY
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_WRITE = (
    (_READ | _WRITE_FILE | _TRUNCATE | _MAKE_FILE | _MAKE_DIRECTORY | _MAKE_LINK)
    | (_REMOVE_FILE | _REMOVE_DIRECTORY | _REFER)
)  # fmt: skip
_TCP = 0b11
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11


def version() -> int:
    """The ABI of this kernel; 0 where it has none, or has it switched off."""
    try:
        return kernel.call(_CREATE, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def ruleset(abi: int, readable: Iterable[str], writable: Iterable[str]) -> int:
    """A descriptor of the rules, to confine any number of processes with. Raises `OSError`."""
    handled = struct.pack("=QQQ", _files(abi), _TCP, _SIGNALS_AND_ABSTRACT_SOCKETS)
    known = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = kernel.call(_CREATE, handled, known, 0)
    for path in readable:
        _allow(rules, path, _READ)
    for path in writable:
        _allow(rules, path, _WRITE & _files(abi))
    return rules


def restrict(rules: int) -> None:
    """Confine this process for good; needs no_new_privs. Raises `OSError`."""
    kernel.call(_RESTRICT, rules, 0)


def _files(abi: int) -> int:
    """Every right on files that this ABI knows: 13 at first, then to refer, to truncate, to ask devices."""
    return (1 << (13 + sum(abi >= later for later in (2, 3, 5)))) - 1


def _allow(rules: int, path: str, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not os.path.isdir(path):
                rights &= _OF_FILES
            kernel.call(_ADD_RULE, rules, _BENEATH, struct.pack("=Qi", rights, beneath), 0)
        finally:
            os.close(beneath)
