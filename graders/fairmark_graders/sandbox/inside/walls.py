"""The walls around a program: what is prepared once in the zygote, and what a child does before it runs anything."""

import contextlib
import os
import platform
import resource
import shutil
import socket
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from . import kernel, landlock, namespaces, seccomp, threads

_PRIVATE = "/home/program"
"""Mounted anew when it was touched; Landlock's rule is on the directory above, which stays."""
_PRIVATE_BYTES = 64 << 20
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache")
_FIRST_USER, _USERS = 60578, 606
"""Numbers that belong to nobody (systemd's table of users calls them unused): one for each zygote, since the kernel
counts threads by user."""
_THREADS_OF_OWN_USER, _THREADS_OF_SHARED_USER = 128, 4096
"""A user that others use too (a pod's, on all of its node) may have many threads already."""
_OPEN_FILES = 64
_OPEN_FILES_OF_SETTLED = 256
"""Children put theirs above 100 on their way."""
_LANDLOCK_OF_SIGNALS = 6
_NICER = 10
"""The service stays responsive, and limits are processor time."""
_SPARE_SECONDS = 2


class Unavailable(Exception):
    """No sandbox can stand here; the message is a sentence for a person."""


class Walls:
    """What confines the children of one zygote."""

    def __init__(self) -> None:
        """Enter the namespaces there are; the first child is then the first process in them. Raises `Unavailable`."""
        if sys.platform != "linux" or platform.machine() != kernel.MACHINE:
            raise Unavailable(f"programs run confined on Linux on x86-64 only, and this is {_here()}")
        self._proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._to_guard, self._to_zygote = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._settled = False
        self._user = _own_user()
        self._landlock = landlock.version()
        self.namespaces, self.missing = namespaces.enter()
        self.descriptors: list[int] = []
        """What a child needs until it is confined."""
        self._check()
        self.private = _PRIVATE if self._mounted else _directory(self._user)

    def _check(self) -> None:
        if not self._landlock:
            self.missing["landlock"] = "this kernel has none, or has it switched off"
            if not self._mounted:
                raise Unavailable(f"nothing here keeps a program from files: no Landlock, and {self.missing['mount']}")
        if not self._mounted:
            self.missing["private directory"] = "read-only, since without a mount namespace nothing bounds its size"
        if not self._owned:
            self.missing["user"] = f"programs share the service's: {_THREADS_OF_SHARED_USER} threads of it at most"

    def build(self) -> None:
        """In the zygote: a root with libraries alone, or else a directory of its own, and the filters."""
        self._to_zygote.close()
        readable = list(_libraries())
        if self._mounted:
            namespaces.build_root(readable, self.private, self._owner, _PRIVATE_BYTES)
        os.chdir(self.private)
        if self._landlock:
            readable += namespaces.DEVICES
            writable = [os.devnull, *([os.path.dirname(self.private)] if self._mounted else [])]
            self.descriptors = [landlock.ruleset(self._landlock, [*readable, self.private], writable)]
        self._filter = seccomp.prepare()
        self._memory = os.open("self/statm", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        os.close(self._proc)

    @property
    def _mounted(self) -> bool:
        return "mount" in self.namespaces

    @property
    def _owner(self) -> int:
        return os.geteuid() if self._user is None else self._user

    @property
    def _owned(self) -> bool:
        """Whether the kernel counts the threads of this sandbox apart: by its user, or by its user namespace."""
        return self._user is not None or bool(self.namespaces and os.geteuid())

    def measure(self) -> None:
        """In the zygote, with everything imported: what a child has in memory before it runs anything."""
        self._address_space = _address_space(self._memory)

    def look(self, pidfds: Sequence[int]) -> threads.Seen:
        """In the zygote: what the threads of these processes do."""
        return threads.ask(self._to_guard, pidfds)

    def look_for(self, zygote: int) -> None:
        """In the guard, until this zygote (a pidfd) has ended: look at threads for it, since it sees no /proc."""
        self._to_guard.close()
        threads.answer(self._to_zygote, self._proc, zygote)

    def remove_private_directory(self) -> None:
        """In the guard, at the end."""
        if not self._mounted:
            shutil.rmtree(self.private, ignore_errors=True)

    def report(self) -> dict[str, Any]:
        """What stands, and what doesn't with the reason."""
        return {
            "seccomp": True,
            "landlock": self._landlock,
            "namespaces": self.namespaces,
            "missing": self.missing,
            "python": platform.python_version(),
        }

    def change_user(self, parent: int) -> None:
        """In a child: become the user that owns the private directory and nothing else, if this is root."""
        os.nice(_NICER)
        if self._user is not None:
            _become(self._user)
        kernel.die_with(parent)

    def settle(self, memory: int) -> None:
        """In a zygote that is about to import what nobody trusts: give up all but forking, for good.

        Its children confine themselves as ever. Raises `Unavailable` or `OSError`.
        """
        if "pid" not in self.namespaces and self._landlock < _LANDLOCK_OF_SIGNALS:
            raise Unavailable("nothing here keeps a grader from signalling others: no pid namespace, no Landlock 6")
        if self._user is not None:
            _become(self._user)
        kernel.die_with(0 if "pid" in self.namespaces else os.getppid())
        self._user, self._settled = None, True
        for kind, limit in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, _OPEN_FILES_OF_SETTLED),
            (resource.RLIMIT_FSIZE, _PRIVATE_BYTES),
            (resource.RLIMIT_NPROC, _THREADS_OF_OWN_USER if self._owned else _THREADS_OF_SHARED_USER),
        ):
            resource.setrlimit(kind, (limit, limit))
        imports = self._address_space + memory
        resource.setrlimit(resource.RLIMIT_AS, (imports, imports + memory))  # a child has as much again
        self._shut_in(seccomp.prepare(forks=True))
        self.descriptors = []

    def confine(self, seconds: float, memory: int, file_bytes: int) -> None:
        """In a child: nothing can be undone after this, by any program. Raises `OSError`."""
        self._limit(seconds, memory, file_bytes)
        self._shut_in(self._filter)

    def _shut_in(self, calls: bytes) -> None:
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        for rules in self.descriptors:
            landlock.restrict(rules)
            os.close(rules)
        seccomp.install(calls)

    def _limit(self, seconds: float, memory: int, file_bytes: int) -> None:
        """The clocks of the zygote come first; processor time here is a second net."""
        for kind, limit in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, _OPEN_FILES),
            (resource.RLIMIT_CPU, int(seconds) + 1 + _SPARE_SECONDS),
            (resource.RLIMIT_AS, self._address_space + memory),
            (resource.RLIMIT_FSIZE, file_bytes),
            (resource.RLIMIT_NPROC, _THREADS_OF_OWN_USER if self._owned else _THREADS_OF_SHARED_USER),
        ):
            resource.setrlimit(kind, (limit, limit))

    def empty_private_directory(self) -> None:
        """In the zygote, when every process of a run is dead: leave nothing of it."""
        with os.scandir(self.private) as entries:  # its time of change is too coarse before Linux 6.13
            if not any(entries):
                return
        if self._mounted and not self._settled:
            namespaces.unmount(self.private)
            namespaces.mount_private(self.private, self._owner, _PRIVATE_BYTES)
            os.chdir(self.private)
        else:
            for entry in os.scandir(self.private):
                shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)


def _become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _here() -> str:
    return f"{platform.system()} on {platform.machine()}"


def _own_user() -> int | None:
    """A user for programs alone, where this process is root and may become another and still end it."""
    if os.geteuid() or not kernel.has_capabilities(kernel.CAP_SETUID, kernel.CAP_SETGID, kernel.CAP_KILL):
        return None
    return _FIRST_USER + os.getpid() % _USERS


def _directory(user: int | None) -> str:
    """Without a mount namespace: a directory in what is writable, of memory if may be."""
    for place in ("/dev/shm", None):
        with contextlib.suppress(OSError):
            path = tempfile.mkdtemp(prefix="fairmark-", dir=place)
            if user is not None:
                os.chown(path, user, user)
            return path
    raise Unavailable("there is no directory for programs to run in: neither /dev/shm nor /tmp can be written to")


def _libraries() -> Iterator[str]:
    """Where the interpreter and what it loads are; a program may read all of it."""
    yield from filter(os.path.isdir, sys.path)
    yield from (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.path.join(sys.base_prefix, "lib"))
    yield os.path.join(sys.prefix, "share", "nltk_data")
    yield from _SYSTEM


def _address_space(statm: int) -> int:
    return int(os.pread(statm, 4096, 0).split()[0]) * resource.getpagesize()
