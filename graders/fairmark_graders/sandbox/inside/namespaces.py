"""Namespaces of the sandbox's own: no network, no other processes, and a root with nothing in it but libraries.

Entered once, by the zygote's guard. Root needs no user namespace; an ordinary user does, and there keeps its number.
"""

import os
from collections.abc import Iterable

from . import kernel

USER = 0x10000000
KINDS = {"mount": 0x00020000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x08000000, "uts": 0x04000000}

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")

_MOUNT, _UMOUNT, _PIVOT_ROOT, _UNSHARE, _MOUNT_SETATTR = 165, 166, 155, 272, 442
_NOSUID, _NODEV, _NOEXEC, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_DETACH = 2
_AT_RECURSIVE = 0x8000
_ATTRIBUTE_READ_ONLY, _ATTRIBUTE_NOSUID = 1, 2
_STAGE = "/tmp"
"""Any directory that is sure to be there; what is in it shows again below the old root."""
_OLD = "/.old"


def enter() -> tuple[list[str], dict[str, str]]:
    """The kinds that this process, or for pids its next child, now has of its own, and why it hasn't the others."""
    entered: list[str] = []
    missing: dict[str, str] = {}
    if refused := _may_not():
        return [], dict.fromkeys(KINDS, refused)
    for kind, flag in KINDS.items():
        try:
            kernel.call(_UNSHARE, flag)
            entered.append(kind)
        except OSError as error:
            missing[kind] = f"unshare: {error.strerror}"
    return entered, missing


def build_root(readable: Iterable[str], private: str, owner: int, private_bytes: int) -> None:
    """Make a new root of read-only views of these paths and an empty directory, and leave the old. Raises `OSError`."""
    views = _views((*readable, *DEVICES))
    kernel.call(_MOUNT, b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
    _mount_tmpfs(_STAGE, "mode=0755,size=1m")
    os.mkdir(_STAGE + _OLD)
    kernel.call(_PIVOT_ROOT, _STAGE.encode(), (_STAGE + _OLD).encode())
    os.chdir("/")
    for path, source in views:
        _bind(_OLD + source, path)
    kernel.call(_UMOUNT, _OLD.encode(), _DETACH)
    os.rmdir(_OLD)
    os.makedirs(private)
    _protect("/", 0)
    mount_private(private, owner, private_bytes)


def mount_private(path: str, owner: int, size: int) -> None:
    """An empty directory of bounded size for a program to write to. Raises `OSError`."""
    _mount_tmpfs(path, f"mode=0700,uid={owner},gid={owner},size={size},nr_inodes=4096")


def unmount(path: str) -> None:
    """Drop what is mounted there, whatever is in it. Raises `OSError`."""
    kernel.call(_UMOUNT, path.encode(), _DETACH)


def _may_not() -> str | None:
    """Why no namespace can be had; enters a user namespace on the way where that is what it takes."""
    if not os.geteuid():
        return None if kernel.has_capabilities(kernel.CAP_SYS_ADMIN) else "root without CAP_SYS_ADMIN"
    user, group = os.geteuid(), os.getegid()
    try:
        kernel.call(_UNSHARE, USER)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    except OSError as error:
        return f"no user namespace: {error.strerror}"
    return None


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _views(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Where each path is to show and what really is there, without those that lie in another."""
    views: list[tuple[str, str]] = []
    for path in sorted(filter(os.path.exists, set(paths))):
        source = os.path.realpath(path)
        if not any(path.startswith(f"{p}/") and source.startswith(f"{s}/") for p, s in views):
            views.append((path, source))
    return views


def _bind(source: str, path: str) -> None:
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
    kernel.call(_MOUNT, source.encode(), path.encode(), None, _BIND | _RECURSIVE, None)
    _protect(path, _AT_RECURSIVE)


def _protect(path: str, flags: int) -> None:
    attributes = (_ATTRIBUTE_READ_ONLY | _ATTRIBUTE_NOSUID).to_bytes(8, "little") + bytes(24)
    kernel.call(_MOUNT_SETATTR, -100, path.encode(), flags, attributes, len(attributes))


def _mount_tmpfs(path: str, options: str) -> None:
    flags = _NOSUID | _NODEV | _NOEXEC
    kernel.call(_MOUNT, b"tmpfs", path.encode(), b"tmpfs", flags, options.encode())
