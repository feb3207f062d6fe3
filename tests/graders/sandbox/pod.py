"""Runs a command with less than root has: `python pod.py WORLD UID COMMAND…`.

WORLD is `user` (no capabilities) or `pod`: no new privileges besides, and a filter that answers EPERM to whatever makes
or enters a namespace or mounts, as the default profile of container runtimes does.
"""

import ctypes
import os
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NO_NEW_PRIVS, SECCOMP, DROP_BOUND = 38, 22, 24
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
NAMESPACES = 0x7E020000
CLONE, CLONE3 = 56, 435
REFUSED = {
    "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "fsopen": 430,
    "open_tree": 428, "move_mount": 429, "mount_setattr": 442, "bpf": 321, "ptrace": 101, "keyctl": 250,
}  # fmt: skip


def program() -> bytes:
    code = [(LOAD, 0, 0, 0)]
    for number in REFUSED.values():
        code += [(EQUAL, 0, 1, number), (RETURN, 0, 0, EPERM)]
    code += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, ENOSYS)]
    code += [(EQUAL, 0, 3, CLONE), (LOAD, 0, 0, 16), (ANY_BIT, 0, 1, NAMESPACES), (RETURN, 0, 0, EPERM)]
    return b"".join(struct.pack("=HBBI", *line) for line in [*code, (RETURN, 0, 0, ALLOW)])


def become(user: int) -> None:
    for capability in range(41):
        LIBC.prctl(DROP_BOUND, capability, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    header = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0), 8)
    assert LIBC.capset(header, ctypes.create_string_buffer(24)) == 0  # root keeps them through a change to itself


def forbid_namespaces() -> None:
    code = program()
    lines = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(lines)), 16)
    assert LIBC.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert LIBC.prctl(SECCOMP, 2, header, 0, 0) == 0


if __name__ == "__main__":
    world, user, *command = sys.argv[1:]
    become(int(user))
    if world == "pod":
        forbid_namespaces()
    os.execv(command[0], command)
