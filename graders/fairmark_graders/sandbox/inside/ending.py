"""What Python does at the end of a program, in a process that may go on to run the next one."""

import atexit
import sys
import threading


def end() -> bool:
    """Wait for threads, call what asked for it, write out what is buffered; whether all of it could be written."""
    _end_executors()
    while waiting := [thread for thread in threading.enumerate() if _holds_up(thread)]:
        waiting[0].join()
    atexit._run_exitfuncs()
    written = [_flushed(stream) for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)]
    return all(written)


def _end_executors() -> None:
    """Executors that nobody has shut down: their threads wait for work forever, unless they are told."""
    if executors := sys.modules.get("concurrent.futures.thread"):
        executors._python_exit()
        executors._shutdown = False  # type: ignore[attr-defined]


def _holds_up(thread: threading.Thread) -> bool:
    return thread is not threading.current_thread() and not thread.daemon


def _flushed(stream: object) -> bool:
    try:
        stream.flush()  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        pass  # closed or replaced by the program
    except OSError:
        return False
    return True
