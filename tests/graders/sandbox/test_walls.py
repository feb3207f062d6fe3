"""What confines a program: in namespaces and out of them, as root and as an ordinary user."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fairmark_graders.sandbox import Sandbox, SandboxUnavailable

pytestmark = pytest.mark.anyio

ATTEMPT = """
import errno
try:
    {what}
    print("done")
except OSError as error:
    print(errno.errorcode[error.errno])
"""


async def attempt(sandbox: Sandbox, what: str) -> str:
    outcome = await sandbox.program(ATTEMPT.format(what=what))
    assert outcome.status == "finished", outcome
    return outcome.stdout.decode().strip()


async def test_a_program_runs_in_every_world(anywhere: Sandbox) -> None:
    outcome = await anywhere.program("import wave; print(input()[::-1])", b"stressed\n")
    assert (outcome.status, outcome.stdout, outcome.stderr) == ("finished", b"desserts\n", b"")


REFUSALS = {"EPERM", "EACCES", "ENOENT", "EROFS"}
FORBIDDEN = [
    "open('/etc/passwd')",
    "open('/proc/self/environ')",
    "open('/proc/1/environ')",
    "__import__('os').listdir('/')",
    "__import__('os').listdir('/tmp')",
    "open('/dev/shm/left', 'w')",
    "open('/tmp/left', 'w')",
    "__import__('socket').socket()",
    "__import__('socket').create_connection(('127.0.0.1', 80))",
    "__import__('socket').socketpair(type=__import__('socket').SOCK_DGRAM)",
    "__import__('os').fork()",
    "__import__('subprocess').run(['/bin/true'])",
    "__import__('os').execv('/bin/true', ['true'])",
    "__import__('os').kill(__import__('os').getppid(), 9)",
    "__import__('os').kill(-1, 9)",
    "__import__('os').kill(__import__('os').getpid(), 9)",
    "__import__('os').memfd_create('kept')",
    "__import__('os').setpriority(0, 0, 0)",
    "__import__('os').sched_setaffinity(0, [0])",
    "__import__('os').mkfifo('pipe')",
    "__import__('os').chroot('.')",
    "__import__('fcntl').fcntl(0, 8, 1)",
    "__import__('os').setuid(0)",
    "__import__('os').mkdir('/lib/left')",
]


async def test_what_no_program_may_do(anywhere: Sandbox) -> None:
    answers = {what: await attempt(anywhere, what) for what in FORBIDDEN}
    assert {what: answer for what, answer in answers.items() if answer not in REFUSALS} == {}


LIMITS = """
import resource
for kind in ({kinds}):
    soft, hard = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (hard + 1, hard + 1))
        print("raised")
    except (ValueError, OSError):
        pass
"""


async def test_a_program_cannot_raise_its_limits(anywhere: Sandbox) -> None:
    kinds = "resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE"
    assert (await anywhere.program(LIMITS.format(kinds=kinds))).stdout == b""


RAW = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall({number}, *{arguments}), ctypes.get_errno())
"""


@pytest.mark.parametrize(
    ("number", "arguments"),
    [
        (272, [0x10000000]),  # unshare
        (165, [0, 0, 0, 0, 0]),  # mount
        (101, [0, 0, 0, 0]),  # ptrace
        (310, [1, 0, 0, 0, 0, 0]),  # process_vm_readv
        (321, [0, 0, 0]),  # bpf
        (425, [1, 0]),  # io_uring_setup
        (250, [0, 0, 0, 0, 0]),  # keyctl
        (298, [0, 0, -1, -1, 0]),  # perf_event_open
        (323, [0]),  # userfaultfd
        (434, [1, 0]),  # pidfd_open
        (157, [1, 9, 0, 0, 0]),  # prctl, parent death signal
        (302, [1, 7, 0, 0]),  # prlimit64, another's limits
        (56, [0x10000000 | 0x11, 0, 0, 0, 0]),  # clone, new user namespace
        (56, [17, 0, 0, 0, 0]),  # clone, a process
        (56, [0x14F00, 0, 0, 0, 0]),  # clone, a thread whose end is waited for
        (58, []),  # vfork
        (29, [0, 4096, 0]),  # shmget
        (76, [0, 0]),  # truncate
        (257, [-100, 0, 0o1000, 0]),  # openat, to read and to truncate
    ],
)
async def test_system_calls_that_are_refused(sandbox: Sandbox, number: int, arguments: list[int]) -> None:
    outcome = await sandbox.program(RAW.format(number=number, arguments=arguments))
    assert outcome.stdout == b"-1 1\n"


async def test_a_call_of_another_architecture_ends_the_program(sandbox: Sandbox) -> None:
    code = "b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3'"  # mov eax, 20; int 0x80; ret
    source = (
        f"import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\nm.write({code})\n"
        "ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()"
    )
    outcome = await sandbox.program(source)
    assert (outcome.status, outcome.signal) == ("signalled", 31)


async def test_a_program_of_root_is_not_root(sandbox: Sandbox) -> None:
    assert int((await sandbox.program("import os; print(os.getuid())")).stdout) != 0


async def test_a_program_sees_nothing_of_the_services_environment(
    anywhere: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_API_KEY", "not-a-real-key")
    names = (await anywhere.program("import os; print(*os.environ)")).stdout.split()
    assert set(names) <= {
        *(
            b"LC_ALL",
            b"LC_CTYPE",
            b"TZ",
            b"PATH",
            b"HOME",
            b"PYTHONHASHSEED",
            b"PYTHONUTF8",
            b"LD_LIBRARY_PATH",
            b"PWD",
        ),
        *(b"OMP_NUM_THREADS", b"OPENBLAS_NUM_THREADS", b"MKL_NUM_THREADS", b"NUMEXPR_NUM_THREADS"),
    }


async def test_a_program_holds_five_descriptors_of_its_run_and_no_other(anywhere: Sandbox) -> None:
    source = """
import os
for fd in range(1100):
    try:
        os.fstat(fd)
        print(fd)
    except OSError:
        pass
"""
    assert (await anywhere.program(source)).stdout.split() == [b"0", b"1", b"2", b"3", b"4", b"5"]


async def test_with_namespaces_a_program_may_write_in_its_directory_and_leaves_nothing(sandbox: Sandbox) -> None:
    mess = """
import os
for name in ("a", "a/b"):
    os.mkdir(name)
os.symlink("/etc", "a/link")
open("a/b/file", "w").write("left")
os.chmod("a", 0)
print(os.listdir("a"))
"""
    assert (await sandbox.program(mess)).status == "finished"
    assert (await sandbox.program("import os; print(os.listdir())")).stdout == b"[]\n"


async def test_without_namespaces_a_program_may_read_its_files_and_write_none(
    python_in: Callable[[str], Path | None],
) -> None:
    sandbox = Sandbox(size=1, python=python_in("pod"))
    try:
        files = {"data/in.txt": b"given"}
        assert (await sandbox.program("print(open('data/in.txt').read())", files=files)).stdout == b"given\n"
        assert await attempt(sandbox, "open('data/in.txt', 'w')") in REFUSALS
        assert (await sandbox.program("import os; print(os.listdir())")).stdout == b"[]\n"
    finally:
        await sandbox.close()


async def test_a_file_that_would_lead_out_of_the_directory_is_refused(anywhere: Sandbox) -> None:
    outcome = await anywhere.program("", files={"../../tmp/left": b""})
    assert outcome.status == "sandbox_error"
    assert b"leads out" in outcome.stderr


async def test_what_is_missing_is_reported_with_the_reason(python_in: Callable[[str], Path | None]) -> None:
    sandbox = Sandbox(size=1, python=python_in("pod"))
    try:
        await sandbox.start()
        report = sandbox.report()
        assert report["namespaces"] == []
        assert report["seccomp"]
        assert report["missing"].keys() == {"mount", "pid", "net", "ipc", "uts", "private directory", "user"}
        assert "not permitted" in report["missing"]["net"]
    finally:
        await sandbox.close()


async def test_missing_walls_can_be_refused(python_in: Callable[[str], Path | None]) -> None:
    sandbox = Sandbox(size=1, python=python_in("pod"), missing="refuse")
    try:
        with pytest.raises(SandboxUnavailable, match="all are asked for: mount: "):
            await sandbox.start()
        outcome = await sandbox.program("print(1)")
        assert (outcome.status, outcome.stdout) == ("sandbox_error", b"")
    finally:
        await sandbox.close()


async def test_another_architecture_is_refused_in_words(tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text('#!/bin/sh\nexec setarch linux32 /usr/bin/python3 "$@"\n')
    script.chmod(0o755)
    sandbox = Sandbox(size=1, python=script)
    try:
        with pytest.raises(SandboxUnavailable, match="Linux on x86-64 only, and this is Linux on i686"):
            await sandbox.start()
        assert "x86-64" in sandbox.report()["unavailable"]
    finally:
        await sandbox.close()


async def test_an_interpreter_that_is_none_is_reported(tmp_path: Path) -> None:
    sandbox = Sandbox(size=1, python=Path("/bin/false"))
    try:
        with pytest.raises(SandboxUnavailable):
            await sandbox.start()
    finally:
        await sandbox.close()
